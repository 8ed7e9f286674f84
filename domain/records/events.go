package records

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

// Event is an event that a store records in the same atomic change as what the event reports. The store adds the
// tenant, the connection and the time of the change.
type Event struct {
	Type    events.EventType
	Subject string // the id of the resource
}

// OfHealth returns the event that reports a change of a connection's health. It returns nil if the change needs no
// event. No event reports a change to the zero Health, because it is not a recovery: an operator has set a new
// credential or target. No event reports the health of an engine connection.
func OfHealth(before, after domain.Connection) []Event {
	if after.Kind != domain.Aggregator {
		return nil
	}
	needed, needs := before.Health.NeedsReauth, after.Health.NeedsReauth
	switch {
	case needs && !needed:
		return []Event{{events.ConnectionReauthRequired, after.ID.String()}}
	case needed && !needs && after.Health != (domain.Health{}):
		return []Event{{events.ConnectionRecovered, after.ID.String()}}
	}
	return nil
}

// OfSilence returns the event that reports that an expected webhook of a connection is missing. It returns nil if a
// webhook was missing before the change.
func OfSilence(before, after domain.Connection) []Event {
	if !after.Webhook.BecameSilent(before.Webhook) {
		return nil
	}
	return []Event{{events.ConnectionSilent, after.ID.String()}}
}

// OfConsent returns the event that reports that the consent of a connection is expiring or has expired.
func OfConsent(connection domain.ConnectionID) Event {
	return Event{events.ConnectionConsentExpiring, connection.String()}
}

// OfErasure returns the events that report the end of an erasure. An erasure that has failed is not reported.
func OfErasure(e domain.Erasure) []Event {
	if e.Status != domain.ErasureDone {
		return nil
	}
	return []Event{{events.ConnectionErased, e.Connection.String()}}
}

// OfCheckpoint returns the event that reports a new checkpoint of a tenant's audit log.
func OfCheckpoint(tenant domain.TenantID) Event {
	return Event{events.AuditCheckpoint, tenant.String()}
}

// OfCompleteness returns the event that reports a completeness state of an account. ok is false if no event reports
// this state.
func OfCompleteness(account domain.AccountID, state books.CompletenessState) (e Event, ok bool) {
	switch state {
	case books.Drifting:
		return Event{events.AccountDriftingEvent, account.String()}, true
	case books.Complete:
		return Event{events.AccountCompleteEvent, account.String()}, true
	case books.CompletenessUnknown:
	}
	return Event{}, false
}
