package ports

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Clock tells the time.
type Clock interface {
	// Now is the present, UTC, in whole microseconds: what every store can keep.
	Now() time.Time
}

// Sleeper waits. It is apart from Clock because most who need the time never wait.
type Sleeper interface {
	// Sleep returns nil after d, or the context's error as soon as that ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// IDs makes ids: UUIDv7, ascending within one process.
type IDs interface {
	New() uuid.UUID
}

// Entropy is a cryptographic random source; a short read is a failure.
type Entropy = io.Reader

// Sealer keeps credentials. The binding (tenant and connection) is authenticated with
// the ciphertext: a Sealed moved to another row or tenant does not open.
type Sealer interface {
	// Seal encrypts under the primary key.
	Seal(tenant domain.TenantID, connection domain.ConnectionID, c domain.Credential) (domain.Sealed, error)
	// Open decrypts under any key of the keyset. Errors: Unavailable (credential_unopened)
	// for whatever does not authenticate; nothing more is ever told of why.
	Open(tenant domain.TenantID, connection domain.ConnectionID, s domain.Sealed) (domain.Credential, error)
	// Stale says whether s is sealed under another key than the primary one.
	NeedsReseal(s domain.Sealed) bool
}

// Addresses guards egress before anything is dialled.
type EgressGuard interface {
	// Check refuses a URL whose host is, or resolves to, an address that egress forbids.
	// A name that does not resolve passes: the dial checks again. Errors: Rejected
	// (address_not_allowed).
	Check(ctx context.Context, rawURL string) error
}

// Observer is told what happened; it may count, log or trace it. It must not block.
type Observer interface {
	Emit(ctx context.Context, event Event)
}

// Tracer carries a trace over the gap between a request and the work it queued.
type Tracer interface {
	// Carry writes the context's trace as a W3C traceparent; "" when there is none.
	Carry(ctx context.Context) string
	// Resume begins a span of the given name in the carried trace, or in a new one where
	// carried is "" or malformed. The returned function ends it with how it went.
	Resume(ctx context.Context, carried, name string) (context.Context, func(error))
}

// Observation is one thing that happened: WebhookSeen, PullTried, VendorChecked,
// SealingFailed, Reconciled, Pruned or Fault.
type Event interface{ event() }

type (
	// WebhookSeen: a knock was answered. Outcome is the delivery's status, "duplicate",
	// or "refused".
	WebhookReceived struct {
		Vendor  domain.Vendor
		Outcome string
		// Delivery is zero when the knock was refused.
		Delivery domain.DeliveryID
	}
	// PullTried: one try of a pull ended. State is where the pull stands now.
	PullAttempted struct {
		Pull   domain.Pull
		Took   time.Duration
		Counts domain.Counts // of this try alone
		Err    error
	}
	// VendorChecked: a live test of a connection ended.
	VendorChecked struct {
		Vendor domain.Vendor
		Took   time.Duration
		Err    error
	}
	// SealingFailed: a stored credential did not open, or one could not be sealed.
	SealingFailed struct {
		Connection domain.ConnectionID
		Err        error
	}
	// Reconciled: the safety net asked for pulls.
	ReconcileRequested struct{ Asked int }
	// Pruned: old rows were let go.
	Pruned struct{ Rows int }
	// Audited: an operator changed who may come in, or what is kept.
	Audited struct {
		Tenant domain.TenantID
		Action string // "token.mint", "token.revoke", "connection.create", …
		Object string // the object's id
	}
	// Fault: background work failed in a way nobody is told of otherwise.
	BackgroundError struct {
		Task string
		Err  error
	}
)

func (WebhookReceived) event()    {}
func (PullAttempted) event()      {}
func (VendorChecked) event()      {}
func (SealingFailed) event()      {}
func (ReconcileRequested) event() {}
func (Pruned) event()             {}
func (Audited) event()            {}
func (BackgroundError) event()    {}
