package recordstore

import (
	"errors"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// maxChangesSince is the maximum number of changes of a tenant that isAsForeseen examines.
const maxChangesSince = 2000

// foreseenState is the state of the rows that the comparisons of a page use, as foresee has read it.
type foreseenState struct {
	feed   int64 // the end of the change feed, which contains each change of a record
	counts foreseenCounts
	packed map[string]gormstore.PackedObject // the objects of the page's new rows by external id; see packNew
}

// foreseenCounts are the numbers of other rows, which are only added or deleted.
type foreseenCounts struct{ split, quarantined int }

// packNew packs the vendor's objects of the rows of the page that are not stored, so that the transaction need not.
func (p *pageWriter) packNew() map[string]gormstore.PackedObject {
	packed := map[string]gormstore.PackedObject{}
	for i := range p.Transactions {
		row := &p.Transactions[i]
		if _, isStored := p.stored[row.ExternalID]; !isStored {
			packed[row.ExternalID] = gormstore.PackObject(row.Metadata)
		}
	}
	return packed
}

// readForeseen reads the state of the rows in the snapshot of foresee.
func (p *pageWriter) readForeseen() (*foreseenState, error) {
	state := &foreseenState{}
	end := gormstore.NewQueryOf(p.dialect.FeedEnd(p.pull.Tenant))
	if err := p.tx.Read(end.AsRead([]any{&state.feed}, func() error { return nil })); err != nil {
		return nil, err
	}
	return state, p.countForeseen(&state.counts)
}

// countForeseen reads the numbers of rows.
func (p *pageWriter) countForeseen(counts *foreseenCounts) error {
	connection, tenant := gormstore.UUID(p.pull.Connection), gormstore.UUID(p.pull.Tenant)
	q := gormstore.NewQuery(`SELECT
		(SELECT count(*) FROM split_pairs WHERE connection_id = ? AND tenant_id = ?),
		(SELECT count(*) FROM quarantined_rows WHERE connection_id = ? AND tenant_id = ?)`,
		connection, tenant, connection, tenant)
	return p.tx.Read(q.AsRead([]any{&counts.split, &counts.quarantined}, func() error { return nil }))
}

// isAsForeseen reports whether the rows still have the state that foresee has read. It returns false if state is nil,
// or if too many records of the tenant have changed since. The transaction may not have changed any record yet.
func (p *pageWriter) isAsForeseen(state *foreseenState) (bool, error) {
	if state == nil {
		return false, nil
	}
	var present foreseenCounts
	if err := p.countForeseen(&present); err != nil || present != state.counts {
		return false, err
	}
	q := gormstore.NewQuery(
		"SELECT connection_id FROM transactions WHERE tenant_id = ? AND change_tx > ? ORDER BY change_tx LIMIT ?",
		gormstore.UUID(p.pull.Tenant), state.feed, maxChangesSince)
	var connection uuid.UUID
	unchanged, examined := true, 0
	err := p.tx.Read(q.AsRead([]any{gormstore.ScanTarget(&connection)}, func() error {
		if examined++; connection == p.pull.Connection {
			unchanged = false
			return gormstore.ErrStop
		}
		return nil
	}))
	if errors.Is(err, gormstore.ErrStop) {
		err = nil
	}
	return unchanged && examined < maxChangesSince, err
}
