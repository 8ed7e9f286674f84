package recordstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The table search_index contains the amounts and the folded texts of transactions, and the table day_totals their
// sums by day. IndexTexts fills both tables in the order of the change feed. The table search_progress contains the
// feed position that IndexTexts has reached for each tenant. Searches and sums use the first two tables for the
// transactions up to this position, and read later transactions directly.

const (
	// maxUnindexed is the maximum number of transactions after the position of search_progress that a search examines.
	// If there are more, the search does not use the index.
	maxUnindexed = 4096
	// firstScan is the number of transactions of one connection that a search for text examines before it uses the
	// index. Frequent texts are found this way. The index is slow for them, because the database would sort a large
	// part of all transactions.
	firstScan = 1024
	// newestIndexed and moreIndexed apply to a search for text over all connections. Before it uses the index of
	// texts, the search examines this many of the newest rows of search_index: first newestIndexed rows and then, if
	// the text occurs often in them, moreIndexed rows.
	newestIndexed, moreIndexed = 2048, 8192
	// maxCandidates is the maximum number of transactions that one search reads from the index.
	maxCandidates = 256
	// minIndexedText is the length of the shortest text, in characters, that the index can find.
	minIndexedText = 3
	// indexBatch is the maximum number of transactions that one database transaction adds to the index.
	indexBatch = 1024
	// indexBatchText is the number of characters of texts after which a database transaction adds no further
	// transactions to the index. On SQLite, no other write can begin meanwhile.
	indexBatchText = 16 << 10
	// indexCheckInterval is how long a process caches whether the database has an index of texts.
	indexCheckInterval = time.Minute
)

// indexState is the cached result of hasTextIndex, with the time of the query.
type indexState struct {
	present bool
	checked time.Time
}

// feedPlace is a position in the change feed.
type feedPlace struct {
	tx int64
	id uuid.UUID
}

// IndexTexts indexes the tenants with unindexed transactions in turn, in random order. In each turn, one database
// transaction adds at most indexBatch transactions of a tenant. IndexTexts stops when limit transactions are indexed or
// none is left. With a fixed order, a tenant with many transactions could take every call.
func (s ledger) IndexTexts(ctx context.Context, limit int) (indexed int, err error) {
	for done := -1; err == nil && done != indexed && indexed < limit; {
		done = indexed
		var tenants []uuid.UUID
		tenants, err = s.unindexedTenants(ctx)
		rand.Shuffle(len(tenants), func(i, j int) { tenants[i], tenants[j] = tenants[j], tenants[i] })
		for _, tenant := range tenants {
			if err != nil || indexed >= limit {
				break
			}
			var n int
			n, err = s.indexTenant(ctx, tenant, min(indexBatch, limit-indexed))
			indexed += n
		}
	}
	return indexed, err
}

// unindexedTenants returns some tenants with transactions that are not in the index. CASE makes PostgreSQL look for the
// first such transaction of each tenant. Without CASE, it may read all transactions of all tenants.
func (s ledger) unindexedTenants(ctx context.Context) (tenants []uuid.UUID, err error) {
	visible := s.Dialect.VisibleBefore(gormstore.TenantColumn("o.tenant_id"))
	q := gormstore.NewQuery(`SELECT o.tenant_id FROM (SELECT DISTINCT tenant_id FROM connections) AS o
		LEFT JOIN search_progress p ON p.tenant_id = o.tenant_id
		WHERE CASE WHEN EXISTS (SELECT 1 FROM transactions t WHERE t.tenant_id = o.tenant_id
			AND t.change_tx >= coalesce(p.change_tx, 0)
			AND (p.change_tx IS NULL OR (t.change_tx, t.id) > (p.change_tx, p.transaction_id))
			AND t.change_tx < ` + visible.SQL + `) THEN true END LIMIT 100`)
	var tenant uuid.UUID
	err = s.Background().Rows(ctx, q.String(), q.Args, []any{gormstore.ScanTarget(&tenant)}, func() error {
		tenants = append(tenants, tenant)
		return nil
	})
	return tenants, err
}

// indexedUntil returns a SELECT of the position up to which the tenant's transactions are in the index, with the
// variables that it fills. The position is zero if the index contains none of them.
func indexedUntil(tenant uuid.UUID) (q *gormstore.Query, place *feedPlace, columns []any) {
	place = &feedPlace{}
	q = gormstore.NewQuery("SELECT change_tx, transaction_id FROM search_progress WHERE tenant_id = ?",
		gormstore.UUID(tenant))
	return q, place, gormstore.ScanTargets(&place.tx, &place.id)
}

// indexTenant adds the tenant's next transactions to the index, and returns their number. It returns 0 if another
// process has added some of them in the meantime.
func (s ledger) indexTenant(ctx context.Context, tenant uuid.UUID, limit int) (n int, err error) {
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		if err := s.Dialect.ReadByIndex(tx.DB); err != nil {
			return err
		}
		next, err := s.nextUnindexed(tx, tenant, limit)
		if err != nil || len(next.ids) == 0 {
			return err
		}
		// An erasure waits for these locks. It therefore cannot erase a transaction after its contents were read and
		// before they are committed to the index.
		if err := shareConnections(s.Dialect, tx, tenant, next.connections...); err != nil {
			return err
		}
		if err := gormstore.LockIndex(tx, s.Dialect, tenant); err != nil {
			return err
		}
		rows, err := s.readIndexed(tx, tenant, next.ids)
		if err != nil {
			return err
		}
		change, err := gormstore.PlanIndexed(tx, s.Dialect, tenant, next.ids, rows)
		if err != nil {
			return err
		}
		n = change.N
		if err := advance(tx, tenant, next.before, next.places[n-1]); err != nil {
			return err
		}
		return change.Apply(tx, s.Dialect, tenant)
	})
	if errors.Is(err, errAlreadyIndexed) {
		return 0, nil
	}
	return n, err
}

// unindexed contains the next transactions of a tenant that are not in the index.
type unindexed struct {
	before           feedPlace   // the position of the index
	places           []feedPlace // the positions after each of the transactions
	ids, connections []string    // connections is sorted, without duplicates
}

// nextUnindexed returns at most limit of the tenant's transactions after the position of the index, in the order of the
// change feed, and fewer if their texts are long. It returns no ids if none is left.
func (s ledger) nextUnindexed(tx gormstore.Tx, tenant uuid.UUID, limit int) (next unindexed, err error) {
	q, place, columns := indexedUntil(tenant)
	if err := tx.Read(q.AsRead(columns, func() error { return nil })); err != nil {
		return next, err
	}
	next.before = *place
	q = gormstore.NewQuery("SELECT change_tx, id, connection_id, length(description) + length(counterparty) "+
		"FROM transactions WHERE tenant_id = ?", gormstore.UUID(tenant))
	q.Add(" AND (change_tx, id) > (?, ?) AND change_tx < ", place.tx, gormstore.UUID(place.id))
	q.AddExpr(s.Dialect.VisibleBefore(gormstore.TenantParam(tenant)))
	q.Add(" ORDER BY change_tx, id LIMIT ?", limit)
	var connection uuid.UUID
	var length, text int
	columns = append(gormstore.ScanTargets(&place.tx, &place.id, &connection), &length)
	err = tx.Read(q.AsRead(columns, func() error {
		next.ids, next.places = append(next.ids, place.id.String()), append(next.places, *place)
		next.connections = append(next.connections, connection.String())
		if text += length; text > indexBatchText {
			return gormstore.ErrStop
		}
		return nil
	}))
	if errors.Is(err, gormstore.ErrStop) {
		err = nil
	}
	slices.Sort(next.connections)
	next.connections = slices.Compact(next.connections)
	return next, err
}

// errAlreadyIndexed is returned by advance if another process has changed the position.
var errAlreadyIndexed = errors.New("another process has indexed these transactions")

// advance stores the new position of the index, and locks it until tx ends. Errors: errAlreadyIndexed.
func advance(tx gormstore.Tx, tenant uuid.UUID, before, after feedPlace) error {
	moved := tx.Exec("UPDATE search_progress SET change_tx = ?, transaction_id = ? "+
		"WHERE tenant_id = ? AND change_tx = ? AND transaction_id = ?",
		after.tx, after.id, tenant, before.tx, before.id)
	if before.id == uuid.Nil {
		moved = tx.Exec("INSERT INTO search_progress (change_tx, transaction_id, tenant_id) VALUES (?, ?, ?) "+
			"ON CONFLICT (tenant_id) DO NOTHING", after.tx, after.id, tenant)
	}
	n, err := gormstore.RowsAffected(moved)
	if err == nil && n == 0 {
		err = errAlreadyIndexed
	}
	return err
}

// readIndexed returns the rows of the index for the transactions that are not erased.
func (s ledger) readIndexed(tx gormstore.Tx, tenant uuid.UUID, ids []string) (rows []gormstore.IndexedRow, err error) {
	row := gormstore.NewTransactionRow()
	var counts bool
	var accountAmount decimal.NullDecimal
	columns := gormstore.ScanTargets(
		&row.ID.UUID, &row.Connection.UUID, (*string)(&row.Date), &row.Amount.Amount, &row.Amount.Currency,
		&accountAmount, (*string)(&row.Status), &row.Description, &row.Counterparty,
	)
	among := s.Dialect.AnyOf("id", ids)
	q := gormstore.NewQuery("SELECT id, connection_id, date, CAST(amount AS text), currency, "+
		"CAST(account_amount AS text), status, description, counterparty, "+gormstore.Counts+
		" FROM transactions WHERE erased_at IS NULL AND "+
		s.Dialect.TenantIs("tenant_id", "?"), gormstore.UUID(tenant))
	q.Add(" AND "+among.SQL, among.Vars...)
	err = tx.Read(q.AsRead(append(columns, &counts), func() error {
		indexed := gormstore.IndexedRow{
			Transaction: row.ID.UUID, Connection: row.Connection.UUID, Date: string(row.Date), Tenant: tenant,
			Amount: row.Amount.Amount.Normalize().String(), Currency: row.Amount.Currency, Status: string(row.Status),
			Folded: domain.FoldText(row.Description) + "\n" + domain.FoldText(row.Counterparty),
		}
		if accountAmount.Valid {
			indexed.AccountAmount = accountAmount.Decimal.Normalize().String()
		}
		if !counts {
			indexed.Status = ""
		}
		rows = append(rows, indexed)
		return nil
	}))
	return rows, err
}

// searchIndex contains the data that a search needs in order to use the index.
type searchIndex struct {
	// unindexed contains the transactions after the position of search_progress, by id. Only the members that Matches
	// needs are set.
	unindexed map[domain.TransactionID]domain.Transaction
}

// indexFor returns the data for a search in the index. It returns nil if the search contains neither an amount nor a
// text that the index can find, or if too many transactions are not indexed.
func (m *searchMerge) indexFor(ctx context.Context) (*searchIndex, error) {
	if m.search.Amount == nil {
		if utf8.RuneCountInString(domain.FoldText(m.search.Text)) < minIndexedText {
			return nil, nil
		}
		if present, err := m.hasTextIndex(ctx); err != nil || !present {
			return nil, err
		}
	}
	q, place, columns := indexedUntil(m.tenant.UUID)
	err := m.Rows(ctx, q.String(), q.Args, columns, func() error { return nil })
	if err != nil || place.id == uuid.Nil {
		return nil, err
	}
	index := &searchIndex{unindexed: map[domain.TransactionID]domain.Transaction{}}
	text := 0
	q = gormstore.NewQuery("SELECT "+searchedColumns+" FROM transactions WHERE tenant_id = ?",
		gormstore.UUID(m.tenant.UUID))
	q.Add(
		" AND (change_tx, id) > (?, ?) ORDER BY change_tx, id LIMIT ?",
		place.tx,
		gormstore.UUID(place.id),
		maxUnindexed+1,
	)
	var row searchedRow
	err = m.Rows(ctx, q.String(), q.Args, row.targets(), func() error {
		index.unindexed[row.ID] = row.domain()
		if text += len(row.Description) + len(row.Counterparty); text > maxSearchedText {
			return gormstore.ErrStop
		}
		return nil
	})
	if errors.Is(err, gormstore.ErrStop) || err == nil && len(index.unindexed) > maxUnindexed {
		return nil, nil
	}
	return index, err
}

// hasTextIndex reports whether the database has an index of texts.
func (s ledger) hasTextIndex(ctx context.Context) (bool, error) {
	if state := s.textIndex.Load(); state != nil && time.Since(state.checked) < indexCheckInterval {
		return state.present, nil
	}
	var present bool
	err := s.Rows(ctx, "SELECT "+s.Dialect.HasTextIndex(), nil, []any{&present}, func() error { return nil })
	if err == nil {
		s.textIndex.Store(&indexState{present, time.Now()})
	}
	return present, err
}

// fromIndex returns at most limit transactions after the position that match the search, newest first, and the position
// of the last one that it examined. The position is zero if there are no more transactions.
func (m *searchMerge) fromIndex(
	ctx context.Context, index *searchIndex, after domain.Position, limit int,
) ([]domain.Transaction, domain.Position, error) {
	found, end, err := m.candidates(ctx, after, limit)
	if err != nil {
		return nil, domain.Position{}, err
	}
	found = slices.DeleteFunc(found, func(t domain.Transaction) bool {
		_, changed := index.unindexed[t.ID]
		return changed
	})
	for _, t := range index.unindexed {
		at := t.DatePosition()
		inRange := at.Compare(after) < 0 && (end.IsZero() || at.Compare(end) >= 0)
		if inRange && m.search.Matches(t) {
			found = append(found, t)
		}
	}
	sortTransactions(found, newerFirst)
	if len(found) > limit {
		found = found[:limit]
		end = found[limit-1].DatePosition()
	}
	return found, end, nil
}

// candidates returns the newest transactions after the position that the index finds, and the position of the last one
// that was examined. The position is zero if there are no more.
//
// To find a text by the index of texts, a database reads and sorts all rows that contain it. A text that occurs
// often is found sooner in the newest rows of search_index.
func (m *searchMerge) candidates(
	ctx context.Context, after domain.Position, limit int,
) (found []domain.Transaction, end domain.Position, err error) {
	folded := domain.FoldText(m.search.Text)
	if m.search.Amount == nil && m.search.Connection.IsZero() {
		for _, rows := range []int{newestIndexed, moreIndexed} {
			contains := m.Dialect.TextContains("x.folded", folded)
			found, _, err = m.readIndex(ctx, after, clause.Expr{}, rows, contains)
			if err != nil {
				return nil, end, err
			}
			if n := len(found); n > 0 && n >= limit {
				return found, found[n-1].DatePosition(), nil
			}
			if len(found)*(moreIndexed/newestIndexed) < limit {
				break
			}
		}
	}
	if m.search.Amount == nil {
		return m.readIndex(
			ctx, after, m.Dialect.TextMatch("x", m.tenant.UUID, folded), maxCandidates, clause.Expr{})
	}
	for _, condition := range m.amountConditions() {
		some, last, err := m.readIndex(ctx, after, condition, maxCandidates, clause.Expr{})
		if err != nil {
			return nil, end, err
		}
		if !last.IsZero() && (end.IsZero() || last.Compare(end) > 0) {
			end = last
		}
		found = append(found, some...)
	}
	isFound := map[domain.TransactionID]bool{}
	found = slices.DeleteFunc(found, func(t domain.Transaction) bool {
		repeated := isFound[t.ID] // both amounts of the transaction match
		isFound[t.ID] = true
		// The rows of the other conditions may have gaps after end.
		return repeated || !end.IsZero() && t.DatePosition().Compare(end) < 0
	})
	return found, end, nil
}

// amountConditions returns a condition on the rows of the index for each index that a search for an amount reads. A row
// matches if it satisfies one of them.
func (m *searchMerge) amountConditions() (conditions []clause.Expr) {
	for _, amount := range m.search.Amounts() {
		text := []any{amount.Normalize().String()}
		conditions = append(conditions, clause.Expr{SQL: "x.amount = ?", Vars: text},
			clause.Expr{SQL: "x.account_amount = ? AND x.account_amount <> ''", Vars: text})
	}
	return conditions
}

// readIndex reads at most limit rows of search_index after the position that satisfy the parameter condition, newest
// first. It returns the transactions of the rows that also satisfy the parameter among. last is the position of the
// last row that was read, or zero if fewer than limit rows were read. Both conditions can be empty.
//
// readIndex checks the other conditions of the search against the transactions themselves, except those on the date,
// the amount and the text.
func (m *searchMerge) readIndex(
	ctx context.Context, after domain.Position, condition clause.Expr, limit int, among clause.Expr,
) (found []domain.Transaction, last domain.Position, err error) {
	matches := "t.id IS NOT NULL"
	if m.search.Removed != nil {
		matches += " AND (t.removed_at IS NOT NULL) = " + strconv.FormatBool(*m.search.Removed)
	}
	q := gormstore.NewQuery("SELECT x.connection_id, x.transaction_id, x.date, " + matches + `
		FROM (SELECT x.connection_id, x.transaction_id, x.date, x.folded, x.tenant_id FROM search_index x`)
	tenantIs, read := "x.tenant_id = ?", m.RowsInOrder
	if condition.SQL != "" && m.search.Amount == nil { // the index of texts, and not one in the order of dates
		tenantIs, read = m.Dialect.TenantIs("x.tenant_id", "?"), m.Rows
	}
	q.Add(" WHERE "+tenantIs, gormstore.UUID(m.tenant.UUID))
	q.Add(" AND (x.date, x.transaction_id) < (?, ?) AND x.date >= ?",
		after.Key, gormstore.UUID(after.ID), m.firstDate())
	if condition.SQL != "" {
		q.Add(" AND "+condition.SQL, condition.Vars...)
	}
	if !m.search.Connection.IsZero() {
		q.Add(" AND x.connection_id = ?", gormstore.UUID(m.search.Connection.UUID))
	}
	q.Add(` ORDER BY x.date DESC, x.transaction_id DESC LIMIT ?) AS x
		LEFT JOIN transactions t ON `+m.Dialect.TenantIs("t.tenant_id", "x.tenant_id")+` AND t.id = x.transaction_id
			AND t.connection_id = x.connection_id AND t.date = x.date`, limit)
	if among.SQL != "" {
		q.Add(" WHERE "+among.SQL, among.Vars...)
	}
	q.Add(" ORDER BY x.date DESC, x.transaction_id DESC")
	var t domain.Transaction
	var ok bool
	rows := 0
	columns := append(gormstore.ScanTargets(&t.Connection.UUID, &t.ID.UUID, (*string)(&t.Date)), &ok)
	err = read(ctx, q.String(), q.Args, columns, func() error {
		if rows++; ok {
			found = append(found, t)
		}
		if last = (domain.Position{}); rows == limit {
			last = t.DatePosition()
		}
		return nil
	})
	return found, last, err
}
