package eventlog

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// NewMatcherEntries returns the store of the records that subscriptions send to Matcher.
func NewMatcherEntries(core *gormstore.Core) ports.MatcherEntries { return matcherEntries{core} }

// matcherEntries implements ports.MatcherEntries.
type matcherEntries struct{ *gormstore.Core }

// matcherRow is a row of matcher_entries.
type matcherRow struct {
	Subscription uuid.UUID         `gorm:"column:subscription_id;primaryKey"`
	Record       uuid.UUID         `gorm:"column:transaction_id;primaryKey"`
	Connection   uuid.UUID         `gorm:"column:connection_id"`
	Account      uuid.NullUUID     `gorm:"column:account_id"`
	State        string            `gorm:"column:state"`
	ExternalID   string            `gorm:"column:external_id"`
	Context      string            `gorm:"column:context_id"`
	Source       string            `gorm:"column:source_id"`
	Content      string            `gorm:"column:content"` // JSON; "" in the state none
	MatcherID    string            `gorm:"column:matcher_id"`
	Imports      int               `gorm:"column:imports"`
	LastVersion  int               `gorm:"column:last_version"`
	File         string            `gorm:"column:file"`
	Tries        int               `gorm:"column:tries"`
	MaxRows      int               `gorm:"column:max_rows"`
	Conflict     string            `gorm:"column:conflict"` // JSON; "" if there is none
	Since        gormstore.Instant `gorm:"column:conflict_since"`
	Due          gormstore.Instant `gorm:"column:due_at"`
	Marks        int64             `gorm:"column:marks"`
	Tenant       uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (matcherRow) TableName() string { return "matcher_entries" }

func rowOfMatcherEntry(l ports.SubscriptionLease, e lerianmatcher.Entry) (row matcherRow, err error) {
	row = matcherRow{
		Subscription: l.Subscription.UUID, Tenant: l.Tenant.UUID, Record: e.Record.UUID,
		Connection: e.Connection.UUID, Account: gormstore.Optional(e.Account.UUID), State: string(e.State),
		ExternalID: e.ExternalID, Context: e.Target.Context, Source: e.Target.Source, MatcherID: e.MatcherID,
		Imports: e.Imports, LastVersion: e.LastVersion, File: e.File, Tries: e.Tries, MaxRows: e.MaxRow,
		Due: gormstore.At(e.DueAt), Marks: e.Marks,
	}
	if e.State != lerianmatcher.None {
		if row.Content, err = gormstore.EncodeJSON(e.Content); err != nil {
			return row, err
		}
	}
	if e.Conflict != nil {
		row.Since = gormstore.At(e.Conflict.Since)
		row.Conflict, err = gormstore.EncodeJSON(e.Conflict)
	}
	return row, err
}

func (r matcherRow) domain() (lerianmatcher.Entry, error) {
	e := lerianmatcher.Entry{
		Record: domain.TransactionID{UUID: r.Record}, Connection: domain.ConnectionID{UUID: r.Connection},
		Account: domain.AccountID{UUID: r.Account.UUID}, State: lerianmatcher.State(r.State), ExternalID: r.ExternalID,
		Target: lerianmatcher.Target{Context: r.Context, Source: r.Source}, MatcherID: r.MatcherID, Imports: r.Imports,
		LastVersion: r.LastVersion, File: r.File, Tries: r.Tries, MaxRow: r.MaxRows, DueAt: r.Due.Time, Marks: r.Marks,
	}
	if err := gormstore.DecodeJSON(r.Content, &e.Content); err != nil {
		return e, err
	}
	return e, gormstore.DecodeJSON(r.Conflict, &e.Conflict)
}

func matcherEntriesOf(rows []matcherRow) ([]lerianmatcher.Entry, error) {
	entries := make([]lerianmatcher.Entry, len(rows))
	for i, row := range rows {
		var err error
		if entries[i], err = row.domain(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// matcherEntriesOfLease restricts a query to the entries of the subscription of a lease.
func matcherEntriesOfLease(db *gorm.DB, l ports.SubscriptionLease) *gorm.DB {
	return db.Model(&matcherRow{}).Where("subscription_id = ? AND tenant_id = ?", l.Subscription.UUID, l.Tenant.UUID)
}

// requireLease returns LeaseLost if the lease is no longer valid.
func requireLease(db *gorm.DB, l ports.SubscriptionLease) error {
	_, err := gormstore.First[subscriptionRow](underSubscriptionLease(db, l).Select("id"))
	return replacedNotFound(err, gormstore.LeaseLost())
}

// markExisting is the conflict clause with which Mark changes an entry that is already stored.
var markExisting = clause.OnConflict{
	Columns: gormstore.UniqueColumns("subscription_id", "transaction_id"),
	DoUpdates: clause.Assignments(map[string]any{
		"connection_id": gorm.Expr("excluded.connection_id"),
		"due_at": gorm.Expr(`CASE WHEN matcher_entries.due_at <= excluded.due_at
			THEN matcher_entries.due_at ELSE excluded.due_at END`),
		"marks": gorm.Expr("matcher_entries.marks + 1"),
	}),
}

// replaceEntry is the conflict clause with which Save replaces an entry that it has locked.
var replaceEntry = clause.OnConflict{
	Columns: gormstore.UniqueColumns("subscription_id", "transaction_id"), UpdateAll: true,
}

// Mark implements ports.MatcherEntries. It does not lock the subscription, so that it does not wait for Save. Mark and
// Save change rows in the order of the records' ids, which prevents deadlocks.
func (s matcherEntries) Mark(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	return s.insertMarks(ctx, l, marks, at, markExisting)
}

// MarkUnsent implements ports.MatcherEntries. It skips the entries whose records Matcher has, or may have,
// without a conflict. A conflict may end when the account of the record has a source again.
func (s matcherEntries) MarkUnsent(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
) error {
	unsent := markExisting
	unsent.Where.Exprs = []clause.Expression{gorm.Expr(
		"(matcher_entries.state IN ('none', 'ignored') OR matcher_entries.conflict_since IS NOT NULL)")}
	return s.insertMarks(ctx, l, marks, at, unsent)
}

// insertMarks inserts an entry for the record of each mark. The argument existing is the conflict clause for records
// that have an entry already.
func (s matcherEntries) insertMarks(
	ctx context.Context, l ports.SubscriptionLease, marks []ports.MatcherMark, at time.Time,
	existing clause.OnConflict,
) error {
	marks = domain.Sorted(slices.Values(marks), func(x, y ports.MatcherMark) int {
		return bytes.Compare(x.Record.UUID[:], y.Record.UUID[:])
	})
	rows := make([]matcherRow, len(marks))
	for i, mark := range marks {
		e := lerianmatcher.NewEntry(mark.Record)
		e.Connection, e.DueAt, e.Marks = mark.Connection, at, 1
		rows[i], _ = rowOfMatcherEntry(l, e) // a new entry contains nothing to encode
	}
	return s.Background().Change(ctx, func(tx gormstore.Tx) error {
		if err := requireLease(tx.DB, l); err != nil {
			return err
		}
		return gormstore.CreateAll(tx.Clauses(existing).Session(&gorm.Session{}), rows)
	})
}

// MarkUnmapped implements ports.MatcherEntries. It compares sources as texts, each of which consists of the three ids
// of a source.
func (s matcherEntries) MarkUnmapped(
	ctx context.Context, l ports.SubscriptionLease, sources []ports.MatcherSource, at time.Time,
) error {
	mapped := gormstore.ConvertAll(sources, func(m ports.MatcherSource) string {
		return m.Account.String() + m.Target.Context + m.Target.Source
	})
	condition := s.Dialect.AnyOf("CAST(account_id AS text) || context_id || source_id", mapped)
	return s.Background().Change(ctx, func(tx gormstore.Tx) error {
		if err := requireLease(gormstore.Locked(tx.DB, gormstore.ForUpdate), l); err != nil {
			return err
		}
		return matcherEntriesOfLease(tx.DB, l).Where("state = ?", string(lerianmatcher.Imported)).
			Where("(account_id IS NULL OR NOT ("+condition.SQL+"))", condition.Vars...).
			Updates(map[string]any{
				"due_at": gorm.Expr("CASE WHEN due_at <= ? THEN due_at ELSE ? END", gormstore.At(at),
					gormstore.At(at)),
				"marks": gorm.Expr("marks + 1"),
			}).Error
	})
}

// State implements ports.MatcherEntries. It reads the columns of the subscription.
func (s matcherEntries) State(ctx context.Context, l ports.SubscriptionLease) (state ports.MatcherState, err error) {
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[subscriptionRow](
			underSubscriptionLease(db, l).Select("scanned_sources", "failing_since"))
		state = ports.MatcherState{ScannedSources: row.ScannedSources, FailingSince: row.FailingSince.Time}
		return replacedNotFound(err, gormstore.LeaseLost())
	})
	return state, err
}

// SetState implements ports.MatcherEntries. It changes the row of the subscription with one statement.
func (s matcherEntries) SetState(ctx context.Context, l ports.SubscriptionLease, state ports.MatcherState) error {
	return s.Background().Write(ctx, func(db *gorm.DB) error {
		n, err := gormstore.RowsAffected(underSubscriptionLease(db, l).Updates(map[string]any{
			"scanned_sources": state.ScannedSources, "failing_since": gormstore.At(state.FailingSince),
		}))
		if err == nil && n == 0 {
			err = gormstore.LeaseLost()
		}
		return err
	})
}

// Due implements ports.MatcherEntries. It reads the entries in the order of the index over the due entries.
func (s matcherEntries) Due(
	ctx context.Context, l ports.SubscriptionLease, now time.Time, limit int,
) (due []lerianmatcher.Entry, next time.Time, err error) {
	var rows []matcherRow
	var first gormstore.Instant
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		if err := requireLease(db, l); err != nil {
			return err
		}
		err := matcherEntriesOfLease(db, l).Where("due_at <= ?", gormstore.At(now)).Order("due_at, transaction_id").
			Limit(limit).Find(&rows).Error
		if err != nil || len(rows) > 0 {
			return err
		}
		return matcherEntriesOfLease(db, l).Where("due_at IS NOT NULL").Order("due_at").Limit(1).Select("due_at").
			Scan(&first).Error
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	due, err = matcherEntriesOf(rows)
	return due, first.Time, err
}

// Save implements ports.MatcherEntries. It locks the subscription, which checks the lease, and then the entries that
// still exist.
func (s matcherEntries) Save(
	ctx context.Context, l ports.SubscriptionLease, entries []lerianmatcher.Entry, at time.Time,
) error {
	ids := gormstore.ConvertAll(entries, func(e lerianmatcher.Entry) string { return e.Record.String() })
	return s.Background().Change(ctx, func(tx gormstore.Tx) error {
		locked := gormstore.Locked(tx.DB, gormstore.ForUpdate)
		if err := requireLease(locked, l); err != nil {
			return err
		}
		var existing []matcherRow
		err := gormstore.Locked(matcherEntriesOfLease(tx.DB, l), gormstore.ForUpdate).
			Where(s.Dialect.AnyOf("transaction_id", ids)).Order("transaction_id").
			Select("transaction_id", "connection_id", "due_at", "marks").Find(&existing).Error
		if err != nil {
			return err
		}
		saved, emptied, announced, err := mergeEntries(l, entries, existing)
		if err != nil {
			return err
		}
		err = matcherEntriesOfLease(tx.DB, l).Where(s.Dialect.AnyOf("transaction_id", emptied)).
			Delete(&matcherRow{}).Error
		if err == nil {
			err = gormstore.CreateAll(tx.Clauses(replaceEntry).Session(&gorm.Session{}), saved)
		}
		for i := 0; i < len(announced) && err == nil; i++ {
			origin := gormstore.EventOrigin{Tenant: l.Tenant.UUID, Connection: announced[i].Connection.UUID, At: at}
			err = gormstore.RecordEvents(tx, s.Dialect, origin, records.Event{
				Type: events.MatcherConflict, Subject: events.ConflictSubject(l.Subscription, announced[i].Record),
			})
		}
		return err
	})
}

// mergeEntries returns the rows to store, the records whose entries are to be deleted, and the entries whose conflicts
// are to be announced. existing contains the stored rows, with only the columns that Save reads.
func mergeEntries(l ports.SubscriptionLease, entries []lerianmatcher.Entry, existing []matcherRow) (
	saved []matcherRow, emptied []string, announced []lerianmatcher.Entry, err error,
) {
	byRecord := make(map[uuid.UUID]lerianmatcher.Entry, len(entries))
	for _, e := range entries {
		byRecord[e.Record.UUID] = e
	}
	emptied = []string{}
	for _, stored := range existing {
		e := byRecord[stored.Record]
		switch marked := stored.Marks != e.Marks; {
		case !marked && e.IsEmpty():
			emptied = append(emptied, stored.Record.String())
			continue
		case marked:
			e.DueAt, e.Marks, e.Connection = stored.Due.Time, stored.Marks, domain.ConnectionID{UUID: stored.Connection}
		}
		row, err := rowOfMatcherEntry(l, e)
		if err != nil {
			return nil, nil, nil, err
		}
		saved = append(saved, row)
		if e.Announce {
			announced = append(announced, e)
		}
	}
	return saved, emptied, announced, nil
}

// Taken implements ports.MatcherEntries. It finds the entries in the index over external ids.
func (s matcherEntries) Taken(
	ctx context.Context, l ports.SubscriptionLease, source string, externalIDs []string,
) (map[string]domain.TransactionID, error) {
	var rows []matcherRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		if err := requireLease(db, l); err != nil {
			return err
		}
		return db.Where(`subscription_id IN (SELECT id FROM subscriptions WHERE tenant_id = ?)
			AND tenant_id = ? AND source_id = ?`, l.Tenant.UUID, l.Tenant.UUID, source).
			Where(s.Dialect.AnyOf("external_id", slices.DeleteFunc(slices.Clone(externalIDs), func(id string) bool {
				return id == "" || !gormstore.Storable(id)
			}))).Select("transaction_id", "external_id").Find(&rows).Error
	})
	taken := make(map[string]domain.TransactionID, len(rows))
	for _, row := range rows {
		taken[row.ExternalID] = domain.TransactionID{UUID: row.Record}
	}
	return taken, err
}

// accountsWithConnections is the FROM clause of a SELECT of the accounts that are not removed, with their connections.
const accountsWithConnections = ` FROM accounts a JOIN connections c
	ON c.id = a.connection_id AND c.tenant_id = a.tenant_id WHERE a.tenant_id = ? AND a.removed_at IS NULL`

// isShared is an SQL condition on accountsWithConnections: another connection also has the account, and its records are
// sent through that connection.
var isShared = "(" + ofOtherConnection("external_id", "") + " OR " +
	ofOtherConnection("account_key", " AND NOT "+gormstore.AccountNumbersDiffer("a", "o")) + ")"

// ofOtherConnection returns an SQL condition on accountsWithConnections. It is true if another live connection has an
// account with the same value in the given column. If the account's own connection is live, the other one must be
// older. The value "" matches nothing. further is added to the condition on the accounts a and o.
func ofOtherConnection(column, further string) string {
	return `EXISTS (SELECT 1 FROM accounts o
		JOIN connections other ON other.id = o.connection_id AND other.tenant_id = o.tenant_id
		WHERE o.tenant_id = a.tenant_id AND o.vendor = a.vendor AND o.` + column + " = a." + column + `
			AND a.` + column + " <> '' AND o." + column + " <> ''" + further + ` AND o.removed_at IS NULL
			AND other.id <> c.id AND other.deleted_at IS NULL
			AND (c.deleted_at IS NOT NULL OR (other.created_at, other.id) < (c.created_at, c.id)))`
}

// SharedAccounts implements ports.MatcherEntries. It reads all accounts of the tenant.
func (s matcherEntries) SharedAccounts(
	ctx context.Context, tenant domain.TenantID,
) (map[domain.AccountID]bool, error) {
	shared := map[domain.AccountID]bool{}
	q := gormstore.NewQuery("SELECT a.id"+accountsWithConnections+" AND "+isShared, gormstore.UUID(tenant.UUID))
	var id uuid.UUID
	err := s.Background().Rows(ctx, q.String(), q.Args, []any{(*gormstore.UUID)(&id)}, func() error {
		shared[domain.AccountID{UUID: id}] = true
		return nil
	})
	return shared, err
}

// Unmapped implements ports.MatcherEntries. It reads the accounts in the order of their ids.
func (s matcherEntries) Unmapped(
	ctx context.Context, tenant domain.TenantID, mapped []domain.AccountID, page domain.PageRequest,
) (domain.Page[ports.UnmappedAccount], error) {
	has := s.Dialect.AnyOf(
		"a.id",
		gormstore.ConvertAll(mapped, func(id domain.AccountID) string { return id.String() }),
	)
	q := gormstore.NewQuery("SELECT id, connection_id, type, name, number, currency, shared FROM (SELECT a.id, "+
		"a.connection_id, a.type, a.name, a.number, a.currency, "+isShared+" AS shared, "+has.SQL+" AS mapped",
		has.Vars...)
	q.Add(accountsWithConnections+" AND c.deleted_at IS NULL", gormstore.UUID(tenant.UUID))
	if !page.After.IsZero() {
		q.Add(" AND a.id > ?", gormstore.UUID(page.After.ID))
	}
	q.Add(") AS unmapped WHERE shared OR NOT mapped ORDER BY id")
	var row ports.UnmappedAccount
	columns := gormstore.ScanTargets(&row.Account.UUID, &row.Connection.UUID, &row.Type, &row.Name, &row.Number,
		&row.Currency, &row.Shared)
	return gormstore.Paged(ctx, s.Rows, q, page, columns, func() (ports.UnmappedAccount, error) { return row, nil },
		func(a ports.UnmappedAccount) domain.Position {
			return domain.Position{Key: a.Account.String(), ID: a.Account.UUID}
		})
}

// Conflicts implements ports.MatcherEntries. It scans the index over conflicts backwards, so that the newest conflict
// comes first.
func (s matcherEntries) Conflicts(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
	page domain.PageRequest,
) (found domain.Page[lerianmatcher.Entry], err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		_, err := gormstore.First[subscriptionRow](subscriptionByID(db, tenant, subscription).Select("id"))
		if err != nil {
			return replacedNotFound(err, nil)
		}
		query, err := gormstore.NewestFirst(
			db.Where("subscription_id = ? AND tenant_id = ? AND conflict_since IS NOT NULL", subscription.UUID,
				tenant.UUID), "conflict_since", "transaction_id", page.After)
		if err != nil {
			return err
		}
		var invalid error
		found, err = gormstore.List(query, page, func(row matcherRow) lerianmatcher.Entry {
			e, err := row.domain()
			if err != nil || e.Conflict == nil {
				e.Conflict, invalid = &lerianmatcher.Conflict{Since: row.Since.Time}, err
			}
			return e
		}, func(e lerianmatcher.Entry) domain.Position {
			return domain.Position{Key: domain.TimeKey(e.Conflict.Since), ID: e.Record.UUID}
		})
		if err == nil {
			err = invalid
		}
		return err
	})
	return found, err
}

// Conflict implements ports.MatcherEntries. It finds the entry by its primary key.
func (s matcherEntries) Conflict(ctx context.Context, tenant domain.TenantID, subscription events.SubscriptionID,
	record domain.TransactionID,
) (e lerianmatcher.Entry, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		_, err := gormstore.First[subscriptionRow](subscriptionByID(db, tenant, subscription).Select("id"))
		if err != nil {
			return err
		}
		row, err := gormstore.First[matcherRow](conflictOf(db, tenant, subscription, record))
		if err == nil {
			e, err = row.domain()
		}
		return err
	})
	return e, err
}

// conflictOf restricts a query to the entry of a record, if it has a conflict.
func conflictOf(
	db *gorm.DB, tenant domain.TenantID, subscription events.SubscriptionID, record domain.TransactionID,
) *gorm.DB {
	return db.Model(&matcherRow{}).
		Where("subscription_id = ? AND transaction_id = ? AND tenant_id = ? AND conflict_since IS NOT NULL",
			subscription.UUID, record.UUID, tenant.UUID)
}

// RetryConflict implements ports.MatcherEntries. It finds the entry by its primary key.
func (s matcherEntries) RetryConflict(ctx context.Context, tenant domain.TenantID,
	subscription events.SubscriptionID, record domain.TransactionID, at time.Time, entries ports.AuditEntries,
) error {
	return s.Change(ctx, func(tx gormstore.Tx) error {
		if _, _, err := lockSubscription(tx.DB, tenant, subscription); err != nil {
			return err
		}
		n, err := gormstore.RowsAffected(conflictOf(tx.DB, tenant, subscription, record).
			Updates(map[string]any{"due_at": gormstore.At(at), "marks": gorm.Expr("marks + 1")}))
		if err == nil && n == 0 {
			err = domain.NotFoundError()
		}
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
}
