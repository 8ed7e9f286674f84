package records

import (
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// Event is an event that a store records atomically with the change that it reports. The store adds the tenant, the
// connection and the time of the change.
type Event struct {
	Type    events.EventType
	Subject string // the id of the resource
}

// OfHealth returns the event that reports a change of a connection's health, or no event if the change needs none. It
// also returns the new Connection.Announced: the problems of the connection that events have reported.
//
// A change to the zero Health is not a recovery: an operator has set a new credential or target. The recovery is
// reported when the next check succeeds. No event reports the health of an engine connection.
func OfHealth(before, after domain.Connection) (domain.Announced, []Event) {
	announced := after.Announced
	if after.Kind != domain.Aggregator {
		return announced, nil
	}
	needed, needs := before.Health.NeedsReauth, after.Health.NeedsReauth
	recovered := needed && after.Health != (domain.Health{}) ||
		announced.Reauth && after.Health.Status == domain.Healthy
	switch {
	case needs && !needed:
		announced.Reauth = true
		return announced, []Event{{events.ConnectionReauthRequired, after.ID.String()}}
	case recovered && !needs:
		announced.Reauth = false
		return announced, []Event{{events.ConnectionRecovered, after.ID.String()}}
	}
	return announced, nil
}

// OfPull returns the event that reports the end of a pull. It also returns the new Connection.Announced: the problems
// of the connection that events have reported. Each failed pull is reported, and the first success after it. A pull
// that will be retried is not reported. The success of a pull of a deleted connection is not reported either.
func OfPull(c domain.Connection, pull domain.PullID, end domain.PullState) (domain.Announced, []Event) {
	announced := c.Announced
	switch {
	case end == domain.PullFailed:
		announced.PullFailed = true
		return announced, []Event{{events.PullFailedEvent, pull.String()}}
	case end == domain.PullSucceeded && announced.PullFailed && c.Live():
		announced.PullFailed = false
		return announced, []Event{{events.PullRecoveredEvent, pull.String()}}
	}
	return announced, nil
}

// OfSilence returns the event that reports that an expected webhook of a connection is missing. It returns nil if a
// webhook was missing before the change.
func OfSilence(before, after domain.Connection) []Event {
	if !after.Webhook.BecameSilent(before.Webhook) {
		return nil
	}
	return []Event{{events.ConnectionSilent, after.ID.String()}}
}

// OfStaleness returns the event that reports that a connection has become stale, or current again.
func OfStaleness(connection domain.ConnectionID, stale bool) Event {
	if stale {
		return Event{events.ConnectionStale, connection.String()}
	}
	return Event{events.ConnectionCurrent, connection.String()}
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

// OfBankStatement returns the event that reports a comparison of a bank statement.
func OfBankStatement(id witness.BankStatementID) Event {
	return Event{events.BankStatementCompared, id.String()}
}

// OfBill returns the event that reports a change of a bill of a card. ok is false if callers are not told.
func OfBill(c bills.Change) (e Event, ok bool) {
	if c.Added {
		return Event{events.BillAdded, c.ID.String()}, c.Announced
	}
	return Event{events.BillModified, c.ID.String()}, c.Announced
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
	case books.CompletenessUnknown, books.Unverified, books.NotCovered: // the last two are states of a close only
	}
	return Event{}, false
}
