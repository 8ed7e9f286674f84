package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/pgtest"
)

// calledOff ends the time of the statements that hold a text, before they are sent.
type calledOff struct{ part string }

func (c *calledOff) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if c.part == "" || !strings.Contains(q.SQL, c.part) {
		return ctx
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	return over
}

func (*calledOff) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// knock makes a receipt ready as the store does.
func (p *pulling) knock(event string) gormstore.PendingDelivery {
	r := p.receipt(event)
	r.Body = []byte{}
	return gormstore.PendingDelivery{IncomingDelivery: r, Scope: `{"removed":["` + event + `"]}`, Fingerprint: domain.FingerprintOf(r.Event, r.Body)}
}

// A group that joined is stored by its first statement: that the second, which reads what
// its copies repeat, fails is told to those who brought the copies, and to nobody else. A
// group that brings its pull is one transaction, and nothing of it stays.
func TestNoFailureIsToldOfWhatIsStored(t *testing.T) {
	for name, queued := range map[string]bool{"a group that joins": true, "a group that brings its pull": false} {
		t.Run(name, func(t *testing.T) {
			var off calledOff
			dsn := pgtest.DSN(t)
			db := traced(t, dsn, &off)
			other := &pulling{T: t, Store: db.Store(nil)}
			other.token = connectionWithToken(t, other.Store)
			old := other.knock("old")
			if _, err := other.Deliveries().Receive(t.Context(), old.IncomingDelivery); err != nil {
				t.Fatal(err)
			}
			if !queued {
				other.claim(old.Pull)
			}

			off.part = "FROM deliveries d JOIN unnest"
			fresh, again := other.knock("fresh"), other.knock("old")
			results, err := db.Receive(t.Context(), nil, []gormstore.PendingDelivery{again, fresh, again})
			off.part = ""
			if queued && (err != nil || results[0].Err == nil || results[1].Err != nil || results[2].Err == nil) {
				t.Errorf("%+v, %v; want the new event stored, and its copies failed", results, err)
			}
			if !queued && err == nil {
				t.Error("the transaction did not fail")
			}
			got, err := other.Deliveries().Receive(t.Context(), fresh.IncomingDelivery)
			if err != nil || got.Duplicate != queued || got.Delivery.ID != fresh.Delivery {
				t.Errorf("the new event's next try: duplicate %t, error %v; want duplicate %t", got.Duplicate, err, queued)
			}
		})
	}
}
