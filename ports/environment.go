package ports

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// Clock returns the current time.
type Clock interface {
	// Now returns the current time in UTC, in whole microseconds, because every store can
	// store that precision.
	Now() time.Time
}

// Sleeper waits. It is separate from Clock because most code that needs the current time
// never waits.
type Sleeper interface {
	// Sleep waits for d and returns nil. If the context ends earlier, it immediately returns the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// IDs generates UUIDv7 ids, which ascend within one process.
type IDs interface {
	New() uuid.UUID
}

// Entropy is a cryptographic random source. Reading fewer bytes than requested is a failure.
type Entropy = io.Reader

// Sealer encrypts and decrypts credentials. Tenant and connection are authenticated together
// with the ciphertext, so a Sealed that was copied to the row of another connection or
// tenant cannot be decrypted.
type Sealer interface {
	// Seal encrypts the credential under the primary key of the keyset.
	Seal(tenant domain.TenantID, connection domain.ConnectionID, c domain.Credential) (domain.Sealed, error)
	// Open decrypts s with any key of the keyset. Errors: Unavailable (credential_unopened) if
	// authentication fails; the error never reveals the reason.
	Open(tenant domain.TenantID, connection domain.ConnectionID, s domain.Sealed) (domain.Credential, error)
	// SealSubscription encrypts the secrets of a subscription. They cannot be opened as a credential.
	SealSubscription(tenant domain.TenantID, subscription events.SubscriptionID,
		secrets domain.Credential) (domain.Sealed, error)
	// OpenSubscription decrypts a result of SealSubscription. Errors: those of Open.
	OpenSubscription(tenant domain.TenantID, subscription events.SubscriptionID,
		s domain.Sealed) (domain.Credential, error)
	// SealFile encrypts the file of a bank statement. It cannot be opened as a credential.
	SealFile(tenant domain.TenantID, statement witness.BankStatementID, content []byte) (domain.Sealed, error)
	// OpenFile decrypts a result of SealFile. Errors: those of Open.
	OpenFile(tenant domain.TenantID, statement witness.BankStatementID, s domain.Sealed) ([]byte, error)
	// NeedsReseal reports whether s is sealed under a key other than the primary one.
	NeedsReseal(s domain.Sealed) bool
}

// EgressGuard checks the addresses of URLs before the service connects to them.
type EgressGuard interface {
	// Check rejects a URL whose host is, or resolves to, an address that the egress rules
	// forbid. It accepts a name that does not resolve, because the dialer checks the address
	// again when it connects. Errors: Rejected (address_not_allowed).
	Check(ctx context.Context, rawURL string) error
}

// Observer receives telemetry events. An implementation may count, log or trace them. It
// must not block.
type Observer interface {
	Emit(ctx context.Context, event TelemetryEvent)
}

// Tracer propagates a trace from a request to the work that the request has queued.
type Tracer interface {
	// Inject returns the trace of ctx as a W3C traceparent; "" if ctx has no trace.
	Inject(ctx context.Context) string
	// StartSpan starts a span with the given name. The span belongs to the trace of the given W3C traceparent. If the
	// traceparent is "" or malformed, the span belongs to a new trace. The returned function ends the span and records
	// its outcome; a nil error means success.
	StartSpan(ctx context.Context, carried, name string) (context.Context, func(error))
}

// TelemetryEvent is something that is counted or logged: WebhookReceived, PullAttempted, VendorChecked, SealingFailed,
// ConnectionRefreshed, ReconcileRequested, ConsentExpiring, WebhookMissed,
// EventAttempted, SubscriptionDisabled, ComparisonLimited, Pruned, Audited,
// CheckpointAnnounced or BackgroundError.
type TelemetryEvent interface{ event() }

type (
	// WebhookReceived reports that the service responded to a webhook request. Outcome is the
	// status of the delivery, "duplicate", or "refused".
	WebhookReceived struct {
		Vendor  domain.Vendor
		Outcome string
		// Delivery is zero when the request was refused.
		Delivery domain.DeliveryID
	}
	// PullAttempted reports that one attempt of a pull ended. Pull.State is the pull's state
	// after the attempt.
	PullAttempted struct {
		Pull   domain.Pull
		Took   time.Duration
		Counts domain.Counts // of this attempt only
		Err    error
	}
	// VendorChecked reports that a live test of a connection ended.
	VendorChecked struct {
		Vendor domain.Vendor
		Took   time.Duration
		Err    error
	}
	// ConnectionRefreshed reports that a vendor has accepted a request to synchronise with the institution.
	ConnectionRefreshed struct {
		Connection domain.ConnectionID
		Vendor     domain.Vendor
	}
	// SealingFailed reports that a stored credential could not be decrypted, or that a
	// credential could not be sealed.
	SealingFailed struct {
		Connection   domain.ConnectionID   // zero for the secrets of a subscription
		Subscription events.SubscriptionID // zero for a credential of a connection
		Err          error
	}
	// ReconcileRequested reports that reconciliation requested pulls. Requested is their number.
	ReconcileRequested struct{ Requested int }
	// ConsentExpiring reports that the state of a connection's consent (domain.Consent.State) has become "expiring" or
	// "expired".
	ConsentExpiring struct {
		Connection domain.ConnectionID
		Vendor     domain.Vendor
		ExpiresAt  time.Time // zero if the vendor has not reported the expiry
	}
	// WebhookMissed reports that the webhook about a synchronisation is missing, and that a pull was therefore started.
	WebhookMissed struct {
		Connection   domain.ConnectionID
		Vendor       domain.Vendor
		Pull         domain.PullID
		BecameSilent bool // whether the connection's state has become domain.WebhookSilent
	}
	// EventAttempted reports that an attempt to send an event of a subscription ended.
	EventAttempted struct {
		Subscription events.SubscriptionID
		Sink         events.SinkKind
		Took         time.Duration
		Err          error
		// Changed reports whether the attempts of the subscription have begun to fail, or to succeed again. It is true
		// at most once a minute for a subscription.
		Changed bool
	}
	// SubscriptionDisabled reports that a subscription was disabled, because one of its events has failed for longer
	// than events.RetryEventsFor.
	SubscriptionDisabled struct {
		Tenant       domain.TenantID
		Subscription events.SubscriptionID
		Reason       domain.Code
	}
	// ComparisonLimited reports that a comparison of rows has exceeded limits, so that some rows are at most possible
	// replacements. CutRows is the number of rows whose texts were cut, and Unjudged the number of old rows that were
	// not compared with all new rows.
	ComparisonLimited struct{ CutRows, Unjudged int }
	// Pruned reports that old rows were deleted. Rows is the number of deleted rows.
	Pruned struct{ Rows int }
	// Audited reports that an operator made a change. The change concerns stored configuration, or access to the
	// service.
	Audited struct {
		Tenant domain.TenantID
		Caller Caller // who made the change, as CallerOf returns it
		Action string // "token.mint", "token.revoke", "connection.create", …
		Object string // the object's id
	}
	// CheckpointAnnounced reports the newest checkpoint of a tenant's audit entries, once a day.
	CheckpointAnnounced struct {
		Tenant     domain.TenantID
		Size       int64
		Checkpoint []byte // the signed note
	}
	// BackgroundError reports that a background task failed. There is no caller to which the
	// error could be returned.
	BackgroundError struct {
		Task string
		Err  error
	}
)

func (WebhookReceived) event()      {}
func (PullAttempted) event()        {}
func (VendorChecked) event()        {}
func (ConnectionRefreshed) event()  {}
func (SealingFailed) event()        {}
func (ReconcileRequested) event()   {}
func (ConsentExpiring) event()      {}
func (WebhookMissed) event()        {}
func (ComparisonLimited) event()    {}
func (Pruned) event()               {}
func (Audited) event()              {}
func (BackgroundError) event()      {}
func (CheckpointAnnounced) event()  {}
func (EventAttempted) event()       {}
func (SubscriptionDisabled) event() {}
