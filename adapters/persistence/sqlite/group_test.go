package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/memory"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TestAGroupIsStoredAsItsKnocksOneByOne holds groups against the model, which takes their
// knocks one after the other: the same answers, rows and jobs, whatever happens in between.
func TestAGroupIsStoredAsItsKnocksOneByOne(t *testing.T) {
	db := opened(t, ":memory:")
	var jobs []domain.PullID
	enqueue := func(_ context.Context, _ *sql.Tx, pulls []uuid.UUID) error {
		for _, id := range pulls {
			jobs = append(jobs, domain.PullID{UUID: id})
		}
		return nil
	}
	store := db.Store(enqueue)
	rapid.Check(t, func(rt *rapid.T) {
		p := &pair{T: rt, ctx: t.Context(), at: epoch, tenant: domain.TenantID{UUID: uuid.New()}}
		jobs = nil
		p.model = memory.New(memory.Options{Kick: func(id domain.PullID) { p.kicked = append(p.kicked, id) }})
		p.store, p.receive = store, func(knocks []gormstore.Knock) ([]gormstore.Result, error) {
			return db.Receive(p.ctx, enqueue, knocks)
		}
		for i := range 2 {
			p.connect(strconv.Itoa(i))
		}
		for range rapid.IntRange(2, 8).Draw(rt, "steps") {
			rapid.SampledFrom([]func(){p.group, p.group, p.work, p.revoke, p.remove}).Draw(rt, "step")()
			p.same("jobs", p.kicked, jobs)
		}
		p.compare()
	})
}

// backend is what both sides are.
type backend interface {
	Connections() ports.Connections
	Tokens() ports.Tokens
	Deliveries() ports.Deliveries
	Pulls() ports.Pulls
}

// pair is a database and its model, to which the same is done.
type pair struct {
	*rapid.T
	ctx          context.Context
	at           time.Time
	tenant       domain.TenantID
	model, store backend
	receive      func([]gormstore.Knock) ([]gormstore.Result, error)
	connections  []domain.Connection
	tokens       []domain.WebhookToken
	kicked       []domain.PullID
}

// both does a thing to either side; the errors must be of one kind.
func (p *pair) both(do func(b backend) error) {
	p.Helper()
	want, got := do(p.model), do(p.store)
	if (want == nil) != (got == nil) {
		p.Fatalf("error %v, the model's is %v", got, want)
	}
}

// same compares what both sides gave.
func (p *pair) same(what string, want, got any) {
	p.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		p.Fatalf("%s (-model +database):\n%s", what, diff)
	}
}

// connect makes a connection with two tokens.
func (p *pair) connect(name string) {
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: p.tenant, Kind: domain.Aggregator, Name: name, Vendor: "pluggy",
		AccountRef: "item", Sealed: domain.Sealed("sealed"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	p.connections = append(p.connections, c)
	p.both(func(b backend) error { return b.Connections().Create(p.ctx, c) })
	for range 2 {
		token := domain.WebhookToken{
			ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
		}
		p.tokens = append(p.tokens, token)
		p.both(func(b backend) error { return b.Tokens().Create(p.ctx, token) })
	}
}

// receipt has few keys, bodies and tokens, so that copies are many; one token is nobody's.
func (p *pair) receipt() ports.Receipt {
	p.at = p.at.Add(time.Millisecond)
	r := ports.Receipt{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Vendor: "pluggy", At: p.at, Trace: "trace-" + p.at.String(),
		Unreadable: rapid.IntRange(0, 9).Draw(p.T, "unreadable") == 0,
		Body:       rapid.SliceOfN(rapid.SampledFrom([]byte("a\x00\xff'")), 0, 2).Draw(p.T, "body"),
	}
	if i := rapid.IntRange(0, len(p.tokens)).Draw(p.T, "token"); i < len(p.tokens) {
		r.Token = p.tokens[i].Hash
	}
	if rapid.IntRange(0, 19).Draw(p.T, "vendor") == 0 {
		r.Vendor = "another"
	}
	if !r.Unreadable {
		r.Event = domain.Event{
			Name: "e", ID: rapid.StringN(0, 2, -1).Draw(p.T, "id"),
			Key:        rapid.SampledFrom([]string{"", "1", "2", "3", "4", "5", "6", "7"}).Draw(p.T, "key"),
			Wanted:     rapid.IntRange(0, 3).Draw(p.T, "wanted") > 0,
			AccountRef: rapid.SampledFrom([]string{"", "item", "item", "another"}).Draw(p.T, "account"),
			Ask:        domain.Ask{Removed: rapid.SliceOfN(rapid.StringN(0, 2, -1), 0, 2).Draw(p.T, "removed")},
		}
	}
	return r
}

// group sends a group that may take several statements.
func (p *pair) group() {
	receipts := make([]ports.Receipt, rapid.IntRange(1, sqlite.InsertBatch+8).Draw(p.T, "knocks"))
	knocks := make([]gormstore.Knock, len(receipts))
	for i := range receipts {
		r := p.receipt()
		ask, err := json.Marshal(r.Event.Ask)
		if err != nil {
			p.Fatal(err)
		}
		receipts[i], knocks[i] = r, gormstore.Knock{Receipt: r, Ask: string(ask), Fingerprint: domain.FingerprintOf(r.Event, r.Body)}
	}
	got, err := p.receive(knocks)
	if err != nil {
		p.Fatal(err)
	}
	for i, r := range receipts {
		want, refused := p.model.Deliveries().Receive(p.ctx, r)
		want.Delivery.Body, want.Delivery.Ask = nil, domain.Ask{} // a copy is answered without
		got[i].Delivery.Body, got[i].Delivery.Ask = nil, domain.Ask{}
		p.same("answer "+strconv.Itoa(i), want, got[i].Received)
		if errors.Is(refused, domain.Unauthenticated) != errors.Is(got[i].Err, domain.Unauthenticated) {
			p.Fatalf("answer %d: error %v, the model's is %v", i, got[i].Err, refused)
		}
	}
}

// work runs each pull that may be claimed, so that copies meet deliveries of every status.
func (p *pair) work() {
	state := rapid.SampledFrom([]domain.PullState{domain.PullSucceeded, domain.PullFailed, domain.PullQueued}).Draw(p.T, "state")
	page, err := p.model.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		p.Fatal(err)
	}
	for _, pull := range page.Items {
		if !pull.FinishedAt.IsZero() {
			continue
		}
		p.at = p.at.Add(time.Hour)
		l := domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Until: p.at.Add(time.Minute)}
		p.both(func(b backend) error {
			if _, err := b.Pulls().Claim(p.ctx, l, p.at); err != nil {
				return err
			}
			return b.Pulls().Finish(p.ctx, l, ports.Outcome{State: state, Attempts: 1, At: p.at, NotBefore: p.at})
		})
	}
}

func (p *pair) revoke() {
	token := rapid.SampledFrom(p.tokens).Draw(p.T, "token")
	p.both(func(b backend) error { return b.Tokens().Revoke(p.ctx, p.tenant, token.ID, p.at) })
}

func (p *pair) remove() {
	c := rapid.SampledFrom(p.connections).Draw(p.T, "connection")
	p.both(func(b backend) error {
		_, err := b.Connections().Update(p.ctx, p.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
			c.DeletedAt = p.at
			return nil
		})
		return err
	})
}

// compare reads every row of both sides.
func (p *pair) compare() {
	rows := func(b backend) (found []any) {
		deliveries, err := b.Deliveries().List(p.ctx, p.tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 1000})
		if err != nil {
			p.Fatal(err)
		}
		for _, d := range deliveries.Items {
			whole, err := b.Deliveries().Get(p.ctx, p.tenant, d.ID)
			if err != nil {
				p.Fatal(err)
			}
			found = append(found, whole)
		}
		pulls, err := b.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 1000})
		if err != nil {
			p.Fatal(err)
		}
		for _, pull := range pulls.Items {
			found = append(found, pull)
		}
		return found
	}
	p.same("rows", rows(p.model), rows(p.store))
}
