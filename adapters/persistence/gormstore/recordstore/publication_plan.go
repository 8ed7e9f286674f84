package recordstore

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// publicationPlan states which records the new rows of a publication continue, if the rows still have this state.
type publicationPlan struct {
	plan       *records.PublicationPlan
	state      comparedState
	at         time.Time   // the foreseen time of the publication, which the prepared rows contain
	isPrepared bool        // rows were prepared
	reader     *pageWriter // reads the rows that are prepared
}

// comparedState identifies the stored rows that a plan compares. It differs if one of them has changed.
type comparedState struct {
	records uint64 // a hash of the versions of all records that are live or were removed recently
	count   int    // the number of these records
	// The numbers of other rows, which are only added or deleted.
	staged, quarantined, split, carriedOver, past int
}

// stateSeed makes hashes unpredictable.
var stateSeed = maphash.MakeSeed()

// planPublication compares the new rows of a publication with the stored records. It reads them in a snapshot, so that
// no writer waits. It returns nil if no rows are matched.
func (s pulls) planPublication(
	ctx context.Context, lease domain.Lease, w ports.Publication,
) (*publicationPlan, error) {
	if w.Matching == nil {
		return nil, nil
	}
	w.NewID = func() domain.TransactionID { return domain.TransactionID{} } // new accounts have no records to compare
	b := &publisher{pageWriter: newPageWriter(s.Dialect, ports.PageWrite{NewID: w.NewID, At: w.At}), w: w}
	planned := &publicationPlan{reader: b.pageWriter}
	err := s.readUnderLease(ctx, publishTimeout, lease, b.pageWriter, func() error {
		if err := s.Dialect.JoinByHash(b.tx.DB); err != nil {
			return err
		}
		if err := b.checkTarget(); err != nil {
			return err
		}
		accounts, err := b.accountChanges()
		if err != nil {
			return err
		}
		if planned.at, err = b.foreseenTime(); err != nil {
			return err
		}
		if planned.state, err = b.comparedState(); err != nil {
			return err
		}
		planned.plan, err = records.PlanPublication(
			w, b.publicationView(accounts), recordSource{b.pageWriter}, planned.state.count+planned.state.staged)
		return err
	})
	return planned, err
}

// matches returns the plan for a publication whose accounts are not saved yet. Errors: records.ErrNotCompared if
// something has changed that the plan compares.
func (p *publicationPlan) matches(b *publisher, view records.PublicationView) (*records.PublicationPlan, error) {
	if p == nil {
		return nil, nil
	}
	state, err := b.comparedState()
	if err == nil && (state != p.state || !p.plan.IsFor(view) || p.isPrepared && !b.At.Equal(p.at)) {
		err = records.ErrNotCompared
	}
	return p.plan, err
}

// comparedState reads the state of the rows that a plan compares. It does not read their contents.
func (b *publisher) comparedState() (state comparedState, err error) {
	scope, tenant := b.scope(""), gormstore.UUID(b.pull.Tenant)
	q := gormstore.NewQuery("SELECT id, version FROM transactions WHERE "+scope.SQL, scope.Vars...)
	q.Add(" AND "+b.dialect.TenantIs("tenant_id", "?")+" AND (removed_at IS NULL OR removed_at >= ?)",
		tenant, b.time(b.w.At.Add(-domain.MatchWindow)))
	var version struct {
		id      uuid.UUID
		version int
	}
	err = b.tx.Read(q.AsRead([]any{(*gormstore.UUID)(&version.id), &version.version}, func() error {
		state.records += maphash.Comparable(stateSeed, version)
		state.count++
		return nil
	}))
	if err != nil {
		return comparedState{}, err
	}
	counts, separator := gormstore.NewQuery("SELECT "), ""
	for _, rows := range []struct{ table, which string }{
		{"staged_transactions", "true"}, {"quarantined_rows", "true"}, {"split_pairs", "true"},
		{"row_states", stateMarks[records.MarkCarriedOver].isSet}, {"row_states", stateMarks[records.MarkPast].isSet},
	} {
		counts.Add(separator+"(SELECT count(*) FROM "+rows.table+" WHERE connection_id = ? AND tenant_id = ? AND "+
			rows.which+")", gormstore.UUID(b.pull.Connection), tenant)
		separator = ", "
	}
	err = b.tx.Read(counts.AsRead(
		[]any{&state.staged, &state.quarantined, &state.split, &state.carriedOver, &state.past},
		func() error { return nil }))
	return state, err
}
