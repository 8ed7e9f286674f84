package events

import (
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SubscriptionState states whether a subscription sends events. If it does not, the state also states whether an
// operator or failed events have stopped it.
type SubscriptionState string

// The states of subscriptions.
const (
	SubscriptionActive   SubscriptionState = "active"
	SubscriptionPaused   SubscriptionState = "paused"   // an operator has stopped it
	SubscriptionDisabled SubscriptionState = "disabled" // an event has failed for longer than RetryEventsFor
)

// Limits of subscriptions.
const (
	// RetryEventsFor is how long an event is retried before its subscription is disabled.
	RetryEventsFor = 3 * 24 * time.Hour
	// OldSecretFor is how long events are also signed with the old signing secret after its replacement.
	OldSecretFor = 24 * time.Hour
	// MaxSubscriptions is the maximum number of subscriptions of a tenant, including paused and disabled ones.
	MaxSubscriptions = 50
	// maxEventFilters is the maximum number of filters in Subscription.Types.
	maxEventFilters = 32
)

// TooManySubscriptionsError returns the error for a subscription that would exceed MaxSubscriptions.
func TooManySubscriptionsError() *domain.Error {
	return &domain.Error{Kind: domain.Conflict, Code: domain.TooManySubscriptions}
}

// Names of the parts of a subscription's sealed secrets. All other parts are the secrets of the sink's settings.
const (
	PartSigningSecret  = "secret"
	PartPreviousSecret = "previousSecret"
)

// Subscription sends the events of a tenant to a sink.
type Subscription struct {
	ID         SubscriptionID
	Tenant     domain.TenantID
	Name       string
	Types      []EventFilter
	Connection domain.ConnectionID // only events of this connection; zero for all events
	Account    domain.AccountID    // only events of this account; zero for all events
	Sink       SubscriptionSink
	State      SubscriptionState
	Reason     domain.Code // why the subscription is disabled; "" if it is not
	StateSince time.Time   // when State last changed

	// Sealed contains the signing secrets and the secrets of the sink's settings.
	Sealed domain.Sealed
	// PreviousUntil is the time until which the replaced signing secret is used; zero if there is none.
	PreviousUntil time.Time

	// FromStart is set if the subscription begins with the first record. It is used only when the subscription is
	// created.
	FromStart bool
	// LastSequence is the sequence number of the latest event; 0 if there is none. Only the store sets LastSequence.
	LastSequence int64
	// DeliveredTo is a sequence number. All events up to this number were delivered or skipped, or wait for their
	// next attempt. Only the store sets DeliveredTo.
	DeliveredTo int64

	// Epoch increases with each replay, and when the subscription becomes active again. After such a change, the
	// process that sends the events must read the state of the subscription from the store again. Only the store sets
	// Epoch.
	Epoch int64

	// Revision starts at 1 and increases by one with each change by an operator.
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Validate returns one Invalid error for each invalid field, or nil if every field is valid. It does not validate
// the sink.
func (s Subscription) Validate() []*domain.Error {
	errs := domain.CheckText("name", s.Name, domain.MaxName)
	if len(s.Types) == 0 {
		errs = append(errs, domain.FieldError("types", "must not be empty"))
	}
	if len(s.Types) > maxEventFilters {
		errs = append(errs, domain.FieldError("types", fmt.Sprintf("must have at most %d items", maxEventFilters)))
	}
	return append(errs, CheckFilters(s.Types)...)
}

// CheckFilters returns one Invalid error for each filter that matches no type of event. It checks only as many filters
// as a subscription can have.
func CheckFilters(filters []EventFilter) (errs []*domain.Error) {
	for i, filter := range filters[:min(len(filters), maxEventFilters)] {
		if !filter.known() {
			errs = append(errs, domain.FieldError(fmt.Sprintf("types[%d]", i), "is not a type of event"))
		}
	}
	return errs
}

// Wants reports whether the subscription includes events of this type about this connection and this account.
func (s Subscription) Wants(t EventType, connection domain.ConnectionID, account domain.AccountID) bool {
	if !s.Connection.IsZero() && connection != s.Connection || !s.Account.IsZero() && account != s.Account {
		return false
	}
	return slices.ContainsFunc(s.Types, func(f EventFilter) bool { return f.Matches(t) })
}

// SetState changes the state. The reason is stored only if the new state is disabled.
func (s *Subscription) SetState(state SubscriptionState, reason domain.Code, at time.Time) {
	if state != SubscriptionDisabled {
		reason = ""
	}
	if s.State != state || s.Reason != reason {
		s.State, s.Reason, s.StateSince = state, reason, at
	}
}

// BumpRevision increments the revision and sets UpdatedAt.
func (s *Subscription) BumpRevision(at time.Time) {
	s.Revision++
	s.UpdatedAt = at
}

// signingSecretBytes is the number of random bytes in a signing secret. Standard Webhooks recommends 24 to 64.
const signingSecretBytes = 32

// NewSigningSecret returns a random signing secret in the form of Standard Webhooks: "whsec_" and the key in base64.
// Errors: any error of the reader entropy.
func NewSigningSecret(entropy io.Reader) (domain.Secret, error) {
	key := make([]byte, signingSecretBytes)
	if _, err := io.ReadFull(entropy, key); err != nil {
		return domain.Secret{}, err
	}
	return domain.SecretText("whsec_" + base64.StdEncoding.EncodeToString(key)), nil
}

// RotateSigningSecret returns the secrets with newSecret as the signing secret. The former signing secret becomes
// PartPreviousSecret, and is still used for signing.
func RotateSigningSecret(secrets domain.Credential, newSecret domain.Secret) domain.Credential {
	parts := partsOf(secrets, func(string) bool { return true })
	parts[PartPreviousSecret] = parts[PartSigningSecret]
	parts[PartSigningSecret] = newSecret
	return domain.NewCredential(parts)
}

// SinkSecrets returns the secrets of the sink's settings, without the signing secrets.
func SinkSecrets(secrets domain.Credential) domain.Credential {
	return domain.NewCredential(partsOf(secrets, func(name string) bool { return !isSigningPart(name) }))
}

// WithSinkSecrets returns secrets in which the given secrets replace those of the sink's settings. The signing
// secrets stay the same; a sink cannot set them.
func WithSinkSecrets(secrets, sink domain.Credential) domain.Credential {
	parts := partsOf(secrets, isSigningPart)
	maps.Copy(parts, partsOf(sink, func(name string) bool { return !isSigningPart(name) }))
	return domain.NewCredential(parts)
}

func isSigningPart(name string) bool { return name == PartSigningSecret || name == PartPreviousSecret }

// partsOf returns the parts of a credential whose names satisfy keep.
func partsOf(c domain.Credential, keep func(name string) bool) map[string]domain.Secret {
	parts := map[string]domain.Secret{}
	for _, name := range c.Names() {
		if keep(name) {
			parts[name] = c.Part(name)
		}
	}
	return parts
}

// SigningSecrets returns the secrets that are used for signing at the given time, the newest first.
func (s Subscription) SigningSecrets(secrets domain.Credential, now time.Time) []domain.Secret {
	var all []domain.Secret
	if secret := secrets.Part(PartSigningSecret); !secret.IsZero() {
		all = append(all, secret)
	}
	if secret := secrets.Part(PartPreviousSecret); !secret.IsZero() && now.Before(s.PreviousUntil) {
		all = append(all, secret)
	}
	return all
}

// GivesUpAt returns when the service stops retrying an event that has failed since failingSince. The subscription of
// the event is disabled at that time.
func GivesUpAt(failingSince time.Time) time.Time { return failingSince.Add(RetryEventsFor) }

// NotFailed returns the error for a request to skip an event that has not failed.
func NotFailed() *domain.Error { return notSkipped(domain.EventNotFailed) }

// AlreadyDelivered returns the error for a request to skip an event that was delivered or skipped.
func AlreadyDelivered() *domain.Error { return notSkipped(domain.EventDelivered) }

// UnknownEvent returns the error for a request to skip an event that is not stored.
func UnknownEvent() *domain.Error { return notSkipped(domain.EventNotStored) }

func notSkipped(code domain.Code) *domain.Error {
	return &domain.Error{Kind: domain.Conflict, Code: code}
}

// NotStored returns the error for a request to replay the events from a certain event on, if this event is not
// stored.
func NotStored() *domain.Error {
	return domain.FieldError("from", "must be the sequence of a stored event, or the next one")
}
