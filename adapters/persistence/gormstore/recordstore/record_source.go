package recordstore

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// recordSource implements records.PublicationSource for the connection of a pull.
type recordSource struct{ *pageWriter }

// splitPairRow is a row of split_pairs. It contains the external ids of two transaction rows. The vendor has removed
// the old row. The new row must never replace the old row again. If Old is "", the new row must never replace any row.
type splitPairRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Old        string    `gorm:"column:old_external_id"`
	New        string    `gorm:"column:new_external_id"`
}

// TableName returns the name of the table in the schema.
func (splitPairRow) TableName() string { return "split_pairs" }

// view returns the data that was read by the queries at the beginning of the transaction.
func (p *pageWriter) view() records.View {
	return records.View{
		Tenant: domain.TenantID{UUID: p.pull.Tenant}, Connection: domain.ConnectionID{UUID: p.pull.Connection},
		Vendor: domain.Vendor(p.pull.Vendor), Pull: domain.PullID{UUID: p.pull.ID},
		Stored: p.stored, Accounts: p.accountIDs, CoveredTo: p.coveredTo,
		FirstStored: p.firstStored, States: p.states, HasRemoved: p.removed > 0, HasCarriedOver: p.hasCarriedOver,
	}
}

// visit reads the records of the connection that match the condition, and calls add for each of them.
func (p *pageWriter) visit(add func(*records.Record), condition string, args ...any) error {
	return p.visitScope(gormstore.TransactionTable, isStored, ofConnection(p.pull.Connection), add, condition, args...)
}

// isOfConnection returns the SQL condition that a row belongs to a connection, for a statement that selects rows by
// their ids. SQLite would otherwise read all records of the connection.
func isOfConnection(id uuid.UUID) clause.Expr {
	return clause.Expr{SQL: gormstore.EqualUnindexed("connection_id", "?"), Vars: []any{gormstore.UUID(id)}}
}

// ofConnection returns the SQL condition that selects the rows of a connection.
func ofConnection(id uuid.UUID) clause.Expr {
	return clause.Expr{SQL: "connection_id = ?", Vars: []any{gormstore.UUID(id)}}
}

// visitScope is like visit, but for the rows that scope selects, and for the given columns of a table: transactions or
// transaction_versions.
func (p *pageWriter) visitScope(table string, columns func(gormstore.Column) bool, scope clause.Expr,
	add func(*records.Record), condition string, args ...any,
) error {
	q := gormstore.NewQuery(
		"SELECT "+gormstore.SelectedColumns(columns)+" FROM "+table+" WHERE "+scope.SQL,
		scope.Vars...)
	q.Add(" AND "+p.dialect.TenantIs("tenant_id", "?"), gormstore.UUID(p.pull.Tenant))
	q.Add(" AND "+condition, args...)
	row := gormstore.NewTransactionRow()
	return p.tx.Read(q.AsRead(row.TargetsOf(columns), func() error {
		t, err := row.Domain()
		if err == nil {
			add(&records.Record{Transaction: t, Digest: row.Digest})
		}
		return err
	}))
}

// isStored returns true, because every column is stored.
func isStored(gormstore.Column) bool { return true }

// collectIDs returns the records of the connection that match the condition on their ids.
func (p *pageWriter) collectIDs(condition string, args ...any) (all []records.Record, err error) {
	err = p.visitScope(gormstore.TransactionTable, isStored, isOfConnection(p.pull.Connection),
		func(r *records.Record) { all = append(all, *r) }, condition, args...)
	return all, err
}

// collect is like visit, but returns the records.
func (p *pageWriter) collect(condition string, args ...any) (all []records.Record, err error) {
	err = p.visit(func(r *records.Record) { all = append(all, *r) }, condition, args...)
	return all, err
}

// The method time converts a time to a parameter of an SQL statement.
func (p *pageWriter) time(at time.Time) any { return gormstore.At(at).Param(p.tx.Name()) }

// own returns a query that is restricted to the rows of the pull's connection.
func (p *pageWriter) own() *gorm.DB {
	return p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant)
}

// Record implements records.Source. It returns a record of the connection.
func (s recordSource) Record(id domain.TransactionID) (records.Record, error) {
	found, err := s.collectIDs("id = ?", gormstore.UUID(id.UUID))
	return only(found, err)
}

// Version implements records.Source. It returns an earlier version of a record.
func (s recordSource) Version(id domain.TransactionID, version int) (records.Record, error) {
	var found []records.Record
	err := s.visitScope("transaction_versions", gormstore.IsVersioned, ofConnection(s.pull.Connection),
		func(r *records.Record) { found = append(found, *r) },
		"id = ? AND version = ?", gormstore.UUID(id.UUID), version)
	return only(found, err)
}

// only returns the record that a query has found, or the error of the query. Errors: gorm.ErrRecordNotFound if the
// query has found none.
func only(found []records.Record, err error) (records.Record, error) {
	if err == nil && len(found) == 0 {
		err = gorm.ErrRecordNotFound
	}
	if err != nil {
		return records.Record{}, err
	}
	return found[0], nil
}

// Stored implements records.PublicationSource. It returns the records with these external ids.
func (s recordSource) Stored(externalIDs []string) (map[string]records.Stored, error) {
	s.stored = nil
	err := s.tx.Read(s.readStored(s.lease(), externalIDs))
	return s.stored, err
}

// Live implements records.Source. It returns the live records with these external ids.
func (s recordSource) Live(externalIDs []string) (live []records.Record, err error) {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		which := s.dialect.AnyOf("external_id", batch)
		found, err := s.collect(which.SQL+" AND removed_at IS NULL", which.Vars...)
		if err != nil {
			return nil, err
		}
		live = append(live, found...)
	}
	return live, nil
}

// RemovedSince implements records.Source. It returns records that were marked as removed at or after a time.
func (s recordSource) RemovedSince(at time.Time) ([]records.Record, error) {
	return s.collect("removed_at >= ? AND superseded_by IS NULL", s.time(at))
}

// Excluded implements records.Source. It returns the excluded records of the connection.
func (s recordSource) Excluded() ([]records.Record, error) {
	return s.collect("excluded_at IS NOT NULL AND superseded_by IS NULL ORDER BY id")
}

// CarriedOver implements records.Source. It returns carried-over records that are live, or were removed at or after a
// time.
func (s recordSource) CarriedOver(dates domain.Window, removedSince time.Time) ([]records.Record, error) {
	return s.collect(`(removed_at IS NULL OR removed_at >= ?) AND superseded_by IS NULL AND external_id IN
		(SELECT external_id FROM row_states
			WHERE connection_id = ? AND tenant_id = ? AND account_id IS NOT NULL AND date BETWEEN ? AND ?)`,
		s.time(removedSince), gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant),
		string(dates.From), string(dates.To))
}

// Candidates implements records.Source. It returns live records that may replace an old one.
func (s recordSource) Candidates(
	dates domain.Window, firstSeen time.Time,
) (candidates []records.Candidate, err error) {
	modified := map[uuid.UUID]int{} // the indexes of the records with more than one version
	err = s.visit(func(r *records.Record) {
		if r.Version > 1 {
			modified[r.ID.UUID] = len(candidates)
		}
		candidates = append(candidates, records.Candidate{Record: *r, FirstPull: r.Pull})
	}, `removed_at IS NULL AND supersedes = '' AND date BETWEEN ? AND ? AND first_seen_at >= ?
		AND first_seen_at > (SELECT min(finished_at) FROM pulls WHERE connection_id = ? AND `+gormstore.IsSucceeded+`
			AND `+s.dialect.TenantIs("tenant_id", "?")+`)`,
		string(dates.From), string(dates.To), s.time(firstSeen),
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, 0, len(modified))
	for id, i := range modified {
		ids, candidates[i].FirstPull = append(ids, id), domain.PullID{}
	}
	for batch := range slices.Chunk(ids, removalBatch) {
		var versions []struct {
			ID   uuid.UUID
			Pull uuid.NullUUID `gorm:"column:pull_id"`
		}
		err := s.own().Table("transaction_versions").Select("id", "pull_id").
			Where("version = 1 AND id IN ?", batch).Find(&versions).Error
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			candidates[modified[v.ID]].FirstPull.UUID = v.Pull.UUID
		}
	}
	return candidates, nil
}

// Reads implements records.Source. It returns the started pulls in the order of their start, except pulls that ended
// before the given time.
func (s recordSource) Reads(ended time.Time) (reads []domain.PullRead, err error) {
	var rows []gormstore.PullRow
	err = s.own().Select("id", "started_at", "progress").Where("started_at IS NOT NULL").
		Where("("+gormstore.IsEnded+" AND finished_at >= ? OR "+gormstore.IsUnderWay+")", gormstore.At(ended)).
		Order("started_at, id").Find(&rows).Error
	for _, row := range rows {
		read := domain.PullRead{ID: domain.PullID{UUID: row.ID}, StartedAt: row.Started.Time}
		if err := gormstore.DecodeJSON(row.Progress, &read.Progress); err != nil {
			return nil, err
		}
		reads = append(reads, read)
	}
	return reads, err
}

// Never implements records.Source. It returns the pairs of external ids that must not be matched.
func (s recordSource) Never() (map[domain.MatchPair]bool, error) {
	var pairs []splitPairRow
	connections := []uuid.UUID{s.pull.Connection}
	for _, account := range s.moved {
		connections = append(connections, account.Connection.UUID)
	}
	err := s.tx.Where("connection_id IN ? AND tenant_id = ?", connections, s.pull.Tenant).Find(&pairs).Error
	never := make(map[domain.MatchPair]bool, len(pairs))
	for _, pair := range pairs {
		never[domain.MatchPair{Old: pair.Old, New: pair.New}] = true
		never[domain.MatchPair{Old: pair.New, New: pair.Old}] = true
	}
	return never, err
}
