package simulation_test

import (
	"context"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// reader follows a tenant's change feed with its own cursor. Sometimes it dies after it has applied a
// page and before it has stored the cursor.
type reader struct {
	sim    *sim
	tenant domain.TenantID
	cursor domain.Position
	mirror map[domain.TransactionID]rowState
	busy   bool

	connections map[domain.TransactionID]domain.ConnectionID // the connections of the transactions in mirror
}

// rowState is the state in which a reader last saw a row.
type rowState struct {
	id       string
	version  int
	revision int
	removed  bool
	attached bool // the row has an account
	replaced bool // the row now belongs to another transaction
	movement string
	former   int // number of former rows
	possibly int // number of records that this one possibly supersedes
}

func rowStateOf(t domain.Transaction) rowState {
	_, number, _ := strings.Cut(t.Description, "revision ")
	revision, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	return rowState{
		t.ExternalID,
		t.Version,
		revision,
		!t.RemovedAt.IsZero(),
		!t.AccountID.IsZero(),
		!t.SupersededBy.IsZero(),
		movementOf(t.Description),
		len(t.Supersedes),
		len(t.PossiblySupersedes),
	}
}

// startRead starts to read the next page, unless the reader is already reading one.
func (r *reader) startRead() {
	if r.busy {
		return
	}
	r.busy = true
	app := r.sim.randomReplica()
	r.sim.spawn("reader", func(ctx context.Context) {
		defer func() { r.busy = false }()
		feed, err := app.Changes(ctx, r.tenant, domain.PageRequest{Limit: 3 + r.sim.rand.IntN(5), After: r.cursor}, 0)
		if r.sim.checkExpectedError("reader", err); err != nil {
			return
		}
		r.applyPage(feed)
		if r.sim.chance(0.9) {
			r.cursor = feed.Next
		}
	})
}

func (r *reader) applyPage(feed domain.FeedPage) {
	if feed.Next.IsZero() {
		r.sim.violated("a page of the feed has no next position")
	}
	for _, t := range feed.Items {
		if t.Tenant != r.tenant {
			r.sim.violated("the feed shows another tenant's row")
		}
		now, before := rowStateOf(t), r.mirror[t.ID]
		r.sim.checkRowOrder(before, now, r.connections[t.ID] != t.Connection)
		r.mirror[t.ID], r.connections[t.ID] = now, t.Connection
		if r.sim.seenVersions[t.ID] == nil {
			r.sim.seenVersions[t.ID] = map[int]rowState{}
		}
		r.sim.seenVersions[t.ID][t.Version] = now
	}
}

// checkRowOrder compares the state of a row with the previous state that the reader saw:
//
//   - The version must not decrease.
//   - A new version must differ from the previous version, except if the row's connection changed (moved).
//   - States with the same version must be equal.
//   - Older content must not come back.
//   - A transaction must always describe the same movement of money.
func (s *sim) checkRowOrder(previous, now rowState, moved bool) {
	switch {
	case previous.version == 0:
		return
	case now.movement != previous.movement:
		s.violated("%s is the movement %s, and was %s", now.id, now.movement, previous.movement)
	case now.version < previous.version:
		s.violated("%s went back from version %d to %d", now.id, previous.version, now.version)
	case now.id == previous.id && now.revision < previous.revision:
		s.violated("%s: older content (%d) over newer (%d)", now.id, now.revision, previous.revision)
	case now.version == previous.version && now != previous:
		s.violated("%s changed within version %d", now.id, now.version)
	case !moved && now.id == previous.id && now.version == previous.version+1 && now.revision == previous.revision &&
		now.removed == previous.removed && now.attached == previous.attached &&
		now.replaced == previous.replaced && now.former == previous.former && now.possibly == previous.possibly:
		s.violated("%s: version %d for no change", now.id, now.version)
	}
}
