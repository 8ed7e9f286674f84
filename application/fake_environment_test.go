package application_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The fakes implement every method of their ports. None of them embeds a nil interface, which would panic
// when called.
var (
	_ ports.Clock       = (*clock)(nil)
	_ ports.Sleeper     = (*clock)(nil)
	_ ports.IDs         = (*ids)(nil)
	_ ports.Entropy     = (*entropy)(nil)
	_ ports.Sealer      = (*fakeSealer)(nil)
	_ ports.EgressGuard = fakeEgressGuard{}
	_ ports.Observer    = (*eventRecorder)(nil)
	_ ports.Tracer      = (*tracer)(nil)
	_ ports.Aggregator  = (*vendor)(nil)
	_ ports.Verifier    = verifier{}
	_ ports.Connector   = connector{}
)

// clock is a Clock that does not move by itself. Now advances the clock by a microsecond, and the other methods advance
// the clock by their argument.
type clock struct {
	now   time.Time
	slept []time.Duration
	wake  func() // if not nil, called by each Sleep
}

func (c *clock) Now() time.Time {
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.wake != nil {
		c.wake()
	}
	c.slept = append(c.slept, d)
	c.pass(d)
	return ctx.Err()
}

// ids generates consecutive ids. It is safe for concurrent use.
type ids struct{ made atomic.Uint64 }

func (i *ids) New() uuid.UUID {
	id := uuid.UUID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint64(id[8:], 0x8000000000000000|i.made.Add(1))
	return id
}

// entropy returns bytes that never repeat, or err if it is set.
type entropy struct {
	drawn byte
	err   error
}

func (e *entropy) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	for i := range p {
		e.drawn++
		p[i] = e.drawn
	}
	return len(p), nil
}

// fakeSealer stores credentials in a map. The sealed form consists of the number of the primary key and a running
// number. The sealed form can be opened only for the tenant and connection for which it was sealed.
type fakeSealer struct {
	held    map[string]domain.Credential
	primary byte
	err     error
	onOpen  func() // if not nil, called by each Open
}

func newFakeSealer() *fakeSealer {
	return &fakeSealer{held: map[string]domain.Credential{}, primary: 1}
}

func (v *fakeSealer) Seal(
	t domain.TenantID, c domain.ConnectionID, credential domain.Credential,
) (domain.Sealed, error) {
	if v.err != nil {
		return nil, v.err
	}
	sealed := domain.Sealed{v.primary, byte(len(v.held))}
	v.held[t.String()+c.String()+string(sealed)] = credential
	return sealed, nil
}

func (v *fakeSealer) Open(t domain.TenantID, c domain.ConnectionID, s domain.Sealed) (domain.Credential, error) {
	if v.onOpen != nil {
		v.onOpen()
	}
	credential, known := v.held[t.String()+c.String()+string(s)]
	if !known {
		return domain.Credential{}, rejected(domain.CredentialUnopened)
	}
	return credential, v.err
}

func (v *fakeSealer) NeedsReseal(s domain.Sealed) bool { return !bytes.HasPrefix(s, []byte{v.primary}) }

// fakeEgressGuard rejects one host and accepts all others.
type fakeEgressGuard struct{}

func (fakeEgressGuard) Check(ctx context.Context, raw string) error {
	if raw == "https://inside.example.test" {
		return rejected(domain.AddressNotAllowed)
	}
	return ctx.Err()
}

// eventRecorder is an Observer that stores the emitted events.
type eventRecorder struct{ all []ports.TelemetryEvent }

func (n *eventRecorder) Emit(_ context.Context, o ports.TelemetryEvent) { n.all = append(n.all, o) }

// eventsOf returns the recorded events of the type T, in the order in which they were emitted.
func eventsOf[T ports.TelemetryEvent](n *eventRecorder) []T {
	var found []T
	for _, o := range n.all {
		if o, ok := o.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

func rejected(code domain.Code) error    { return &domain.Error{Kind: domain.Rejected, Code: code} }
func unavailable(code domain.Code) error { return &domain.Error{Kind: domain.Unavailable, Code: code} }

// SealSubscription seals the secrets of a subscription as if they were the credential of a connection with the same id.
func (v *fakeSealer) SealSubscription(
	t domain.TenantID, id events.SubscriptionID, secrets domain.Credential,
) (domain.Sealed, error) {
	return v.Seal(t, domain.ConnectionID(id), secrets)
}

func (v *fakeSealer) OpenSubscription(
	t domain.TenantID, id events.SubscriptionID, s domain.Sealed,
) (domain.Credential, error) {
	return v.Open(t, domain.ConnectionID(id), s)
}

// SealFile returns the content as it is.
func (v *fakeSealer) SealFile(_ domain.TenantID, _ witness.BankStatementID, content []byte) (domain.Sealed, error) {
	return content, nil
}

func (v *fakeSealer) OpenFile(_ domain.TenantID, _ witness.BankStatementID, s domain.Sealed) ([]byte, error) {
	return s, nil
}
