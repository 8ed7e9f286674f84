package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// receive stores a group of knocks in one transaction, and so with one flush: it reads
// what the database knows of them, decides one by one, writes what is new, and corrects the
// answers where something was not. The transaction holds the write lock from its beginning,
// so that what was read stays true.
func (d dialect) receive(ctx context.Context, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	conn, err := d.db.Writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	results, err := d.receiveOn(ctx, conn, knocks)
	if err != nil {
		d.db.doors.forget()
	}
	return results, err
}

func (d dialect) receiveOn(ctx context.Context, conn *sql.Conn, knocks []gormstore.PendingDelivery) ([]gormstore.Result, error) {
	id, err := driverConn(conn)
	if err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	g := group{ctx: ctx, tx: tx, knocks: knocks, doors: &d.db.doors}
	now, err := stateOf(ctx, id, tx)
	if err != nil {
		return nil, err
	}
	g.arrive(now)
	if err := g.read(); err != nil {
		return nil, err
	}
	results := g.decide()
	inserted, err := g.write(d.jobs)
	if err == nil && inserted < len(g.fresh) {
		err = g.correct(results)
	}
	if err != nil {
		return nil, err
	}
	// The jobs of pulls, and strays, are changes that are not counted here.
	g.leave(inserted)
	return results, tx.Commit()
}

// group is one transaction of knocks. Its statements are few, each for all knocks: the
// driver compiles a statement anew at each use, which costs more than to run it.
type group struct {
	ctx    context.Context
	tx     *sql.Tx
	knocks []gormstore.PendingDelivery

	*doors
	stored map[event]domain.Delivery

	fresh   []delivery          // to be inserted
	brought []pull              // to be inserted, and to be given jobs
	strays  []domain.DeliveryID // those of fresh that came before the pull they join
}

// queued is the pull that a connection's knocks join. It was queued at a time, in
// microseconds, from which on joined looks for them.
type queued struct {
	pull  uuid.UUID
	since int64
}

// event is what makes two knocks one.
type event struct {
	connection  uuid.UUID
	fingerprint domain.Fingerprint
}

// delivery is a knock that is to be stored, as it is answered.
type delivery struct {
	*gormstore.PendingDelivery
	domain.Delivery
}

// pull is one that a knock brought, since none was queued.
type pull struct {
	*gormstore.PendingDelivery
	gormstore.TokenBinding
}

// decide goes through the knocks as if each came alone, in their order, and remembers what
// it decided for those that follow.
func (g *group) decide() []gormstore.Result {
	results := make([]gormstore.Result, len(g.knocks))
	for i := range g.knocks {
		k := &g.knocks[i]
		gate, ok := g.gateOf(k)
		if !ok {
			results[i] = gormstore.RefusedResult()
			continue
		}
		told := event{gate.Connection, k.Fingerprint}
		if earlier, ok := g.stored[told]; ok {
			results[i] = gate.DuplicateResult(earlier)
			continue
		}
		pull, stray := g.pullFor(gate, k)
		results[i] = gate.StoredResult(*k, pull)
		g.stored[told] = results[i].Delivery
		g.fresh = append(g.fresh, delivery{k, results[i].Delivery})
		if stray {
			g.strays = append(g.strays, results[i].Delivery.ID)
		}
	}
	return results
}

// correct answers the knocks anew whose event was taken for new, and was not.
func (g *group) correct(results []gormstore.Result) error {
	err := g.readStored(func(gormstore.TokenBinding, *gormstore.PendingDelivery) bool { return true })
	if err != nil {
		return err
	}
	for i := range g.knocks {
		k := &g.knocks[i]
		gate, ok := g.gateOf(k)
		if !ok {
			continue
		}
		if first := g.stored[event{gate.Connection, k.Fingerprint}]; first.ID != results[i].Delivery.ID {
			results[i] = gate.DuplicateResult(first)
		}
	}
	return nil
}

// gateOf finds the gate that the knock's token opens.
func (g *group) gateOf(k *gormstore.PendingDelivery) (gormstore.TokenBinding, bool) {
	gate, ok := g.gates[k.Token]
	return gate, ok && gate.Matches(*k)
}

// pullFor is the pull that the knock joins or brings, nil when it wants none, and whether
// it joins as a stray.
func (g *group) pullFor(gate gormstore.TokenBinding, k *gormstore.PendingDelivery) (id uuid.UUID, stray bool) {
	if !gate.WantsPull(*k) {
		return uuid.Nil, false
	}
	at := k.At.UnixMicro()
	if queued, ok := g.queued[gate.Connection]; ok {
		return queued.pull, at < queued.since
	}
	g.queued[gate.Connection] = queued{k.Pull.UUID, at}
	g.brought = append(g.brought, pull{k, gate})
	return k.Pull.UUID, false
}
