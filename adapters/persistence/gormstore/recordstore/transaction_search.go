package recordstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sort"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Bounds of one search.
const (
	searchStreams   = 16   // maximum number of vendor connections whose rows one statement reads
	firstSearchRead = 32   // number of rows per vendor connection in the first read; each further read doubles it
	maxSearchRead   = 512  // maximum number of rows per vendor connection in one read
	maxSearched     = 4096 // a search stops after it has read this many rows
	// maxSearchedText is the number of bytes of texts after which a search stops. It bounds the CPU time of a
	// request, however long the texts of the vendor are.
	maxSearchedText = 1 << 20
	maxTextRead     = 512 << 10 // approximate maximum number of bytes of texts in one read
)

// Search returns the tenant's transactions that match the search, newest first. It merges the transactions of all
// connections by date.
//
// One statement finds the newest row of each connection. Search then reads a few rows at a time, and only from the
// connections that have the newest rows. It compares text and amounts in Go, because the databases fold case and
// store decimals in different ways.
//
// Search uses the index over connection, date and id. An index over tenant, date and id would make the search
// simpler, but would make storing a page about 12 % slower.
func (s ledger) Search(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
	page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	m := &searchMerge{ledger: s, tenant: tenant, search: search, maxRead: maxSearched}
	if search.Reference != "" || !search.Document.IsZero() || !search.ID.IsZero() {
		return m.searchExact(ctx, page)
	}
	after, err := m.startPosition(page.After)
	if err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	found, next, err := m.find(ctx, after, page.Limit)
	if err != nil || len(found) == 0 {
		return domain.Page[domain.Transaction]{Next: next}, err
	}
	return m.complete(ctx, found, next, page)
}

// find returns at most limit rows after the position that match the search, and the position of the last row that it
// examined. The position is zero if there are no more rows.
//
// If the search can use the index, find reads the index instead of the rows. Exception: for a text in one connection,
// it first examines at most firstScan rows.
func (m *searchMerge) find(
	ctx context.Context, after domain.Position, limit int,
) ([]domain.Transaction, domain.Position, error) {
	index, err := m.indexFor(ctx)
	if err != nil {
		return nil, domain.Position{}, err
	}
	if index != nil && (m.search.Amount != nil || m.search.Connection.IsZero()) {
		return m.fromIndex(ctx, index, after, limit)
	}
	if index != nil {
		m.maxRead = firstScan
	}
	if err := m.start(ctx, after); err != nil {
		return nil, domain.Position{}, err
	}
	found, next, err := m.matches(ctx, limit)
	if err != nil || index == nil || next.IsZero() || len(found) >= limit {
		return found, next, err
	}
	further, next, err := m.fromIndex(ctx, index, next, limit-len(found))
	return append(found, further...), next, err
}

// searchMerge is the state of one search: a merge of the rows of several connections.
type searchMerge struct {
	ledger

	tenant  domain.TenantID
	search  domain.TransactionSearch
	streams []*searchStream // the streams that may have rows left, sorted by nextPosition, the latest first
	maxRead int             // the search stops after it has read this many rows
	read    int             // the number of rows read so far
	text    int             // the number of bytes of texts read so far
}

// searchStream contains the rows of one connection, newest first.
type searchStream struct {
	connection uuid.UUID
	// rows contains the rows that were read but not examined yet. Only the members that Matches needs are set.
	rows []domain.Transaction
	// nextPosition is the position of the first row in rows. If rows is empty, it is an upper bound: no further row of
	// the stream is newer.
	nextPosition domain.Position
	after        domain.Position // the position of the last row that was read
	request      int             // how many rows the next read requests
	ended        bool            // there are no more rows after those in rows
}

// newerFirst orders transactions by date, then by id, the latest first.
func newerFirst(x, y domain.Transaction) int { return y.DatePosition().Compare(x.DatePosition()) }

// sortTransactions sorts as slices.SortStableFunc does, which would add 12 KiB of code for the large elements.
func sortTransactions(all []domain.Transaction, compare func(x, y domain.Transaction) int) {
	sort.SliceStable(all, func(i, j int) bool { return compare(all[i], all[j]) < 0 })
}

// startPosition returns the position of the request, or the position before all rows of the last date of the search,
// if that is later in the list. Errors: Invalid on "cursor".
func (m *searchMerge) startPosition(position domain.Position) (domain.Position, error) {
	if _, err := domain.ParseDate(position.Key); err != nil && !position.IsZero() {
		return domain.Position{}, gormstore.InvalidCursor()
	}
	end := domain.Position{Key: cmp.Or(string(m.search.Window.To), "9999-99-99"), ID: uuid.Max}
	if position.IsZero() || position.Compare(end) > 0 {
		position = end
	}
	return position, nil
}

// start creates a stream for each connection that has a row after the position, and finds the first such row.
func (m *searchMerge) start(ctx context.Context, position domain.Position) error {
	q := gormstore.NewQuery(`SELECT c.id, (SELECT t.date || CAST(t.id AS text) FROM transactions t
		WHERE t.connection_id = c.id AND `+
		m.Dialect.TenantIs("t.tenant_id", "c.tenant_id")+` AND (t.date, t.id) < (?, ?) AND t.date >= ?
		ORDER BY t.date DESC, t.id DESC LIMIT 1)
		FROM connections c WHERE c.tenant_id = ? AND c.kind = 'aggregator'`,
		position.Key, gormstore.UUID(position.ID), m.firstDate(), gormstore.UUID(m.tenant.UUID))
	if !m.search.Connection.IsZero() {
		q.Add(" AND c.id = ?", gormstore.UUID(m.search.Connection.UUID))
	}
	if m.search.Among != nil {
		among := m.Dialect.AnyOf("c.id", gormstore.TextsOf(m.search.Among))
		q.Add(" AND "+among.SQL, among.Vars...)
	}
	var connection gormstore.UUID
	var first *string // the date of the first row, followed by its id
	err := m.RowsInOrder(ctx, q.String(), q.Args, []any{&connection, &first}, func() error {
		if first == nil {
			return nil
		}
		const date = len("2006-01-02")
		id, err := uuid.Parse((*first)[date:])
		m.streams = append(m.streams, &searchStream{
			connection: uuid.UUID(connection), nextPosition: domain.Position{Key: (*first)[:date], ID: id},
			after: position, request: firstSearchRead,
		})
		return err
	})
	m.sort()
	return err
}

// firstDate returns the first date of the search, or "0" if the search has no first date. Erased rows have the date
// "". They are therefore always before the first date, so the search does not return them.
func (m *searchMerge) firstDate() string { return cmp.Or(string(m.search.Window.From), "0") }

// sort orders the streams by their next rows.
func (m *searchMerge) sort() {
	slices.SortFunc(m.streams, func(x, y *searchStream) int { return y.nextPosition.Compare(x.nextPosition) })
}

// matches returns at most limit rows that match the search, and the position of the last row that it
// examined. The position is zero if there are no more rows.
func (m *searchMerge) matches(ctx context.Context, limit int) ([]domain.Transaction, domain.Position, error) {
	var found []domain.Transaction
	var last domain.Position
	for len(m.streams) > 0 {
		newest := m.streams[0]
		if len(newest.rows) == 0 {
			if len(found) == limit || m.read >= m.maxRead || m.text >= maxSearchedText {
				return found, last, nil
			}
			if err := m.readMore(ctx); err != nil {
				return nil, last, err
			}
			continue
		}
		row := newest.rows[0]
		if m.search.Matches(row) {
			if len(found) == limit {
				return found, last, nil
			}
			found = append(found, row)
		}
		last = newest.nextPosition
		m.advance()
	}
	return found, domain.Position{}, nil
}

// advance removes the first row of the first stream, and restores the order of the streams. If the stream's next row
// was not read yet, the stream stays first, because that row may be the newest. A stream without further rows is
// removed.
func (m *searchMerge) advance() {
	s, others := m.streams[0], m.streams[1:]
	if s.rows = s.rows[1:]; len(s.rows) == 0 {
		if s.ended {
			m.streams = others
		}
		return
	}
	s.nextPosition = s.rows[0].DatePosition()
	place, _ := slices.BinarySearchFunc(others, s.nextPosition, func(other *searchStream, at domain.Position) int {
		return at.Compare(other.nextPosition)
	})
	copy(m.streams, others[:place])
	m.streams[place] = s
}

// readMore reads more rows with one statement. Each stream contains the rows of one connection. readMore reads the next
// rows of at most searchStreams streams that have no rows in memory, in the order of the streams. It drops the streams
// that have ended.
func (m *searchMerge) readMore(ctx context.Context) error {
	var empty []*searchStream
	for _, s := range m.streams {
		if len(s.rows) == 0 && len(empty) < searchStreams {
			empty = append(empty, s)
		}
	}
	if err := m.readRows(ctx, empty); err != nil {
		return err
	}
	for _, s := range empty {
		sortTransactions(s.rows, newerFirst)
		if n := len(s.rows); n > 0 {
			s.nextPosition, s.after = s.rows[0].DatePosition(), s.rows[n-1].DatePosition()
		}
		s.ended = len(s.rows) < s.request
		s.request = min(2*s.request, maxSearchRead, m.nextRead())
	}
	m.streams = slices.DeleteFunc(m.streams, func(s *searchStream) bool { return s.ended && len(s.rows) == 0 })
	m.sort()
	return nil
}

// nextRead returns how many rows one of searchStreams streams should request, so that a read has about maxTextRead
// bytes. It assumes that the next rows are as long as those read so far.
func (m *searchMerge) nextRead() int {
	average := m.text/max(m.read, 1) + 1
	return max(1, maxTextRead/average/searchStreams)
}

// searchedColumns are the columns that TransactionSearch.Matches needs.
const searchedColumns = `connection_id, id, date, CAST(amount AS text), description, counterparty, removed_at,
	CAST(account_amount AS text), currency, account_currency`

// searchedRow is a scanned row of searchedColumns.
type searchedRow struct {
	domain.Transaction

	accountAmount   decimal.NullDecimal
	accountCurrency string
}

// targets returns the scan targets of searchedColumns.
func (r *searchedRow) targets() []any {
	return gormstore.ScanTargets(
		&r.Connection.UUID, &r.ID.UUID, (*string)(&r.Date), &r.Amount.Amount, &r.Description, &r.Counterparty,
		&r.RemovedAt, &r.accountAmount, &r.Amount.Currency, &r.accountCurrency,
	)
}

// domain returns the transaction with the members that TransactionSearch.Matches needs.
func (r *searchedRow) domain() domain.Transaction {
	t := r.Transaction
	if r.accountAmount.Valid {
		t.AccountMoney = &domain.Money{Amount: r.accountAmount.Decimal, Currency: r.accountCurrency}
	}
	return t
}

// searchedRows returns a SELECT of the next rows of one connection.
func searchedRows(d gormstore.Dialect) string {
	return `SELECT * FROM (SELECT ` + searchedColumns + ` FROM transactions WHERE connection_id = ? AND ` +
		d.TenantIs("tenant_id", "?") + `
	AND (date, id) < (?, ?) AND date >= ? ORDER BY date DESC, id DESC LIMIT ?) AS r`
}

// readRows reads the next rows of at most searchStreams streams with one statement. The text of the statement depends
// on the number of streams, which is rounded up to a power of two. The database therefore prepares only five
// different statements.
func (m *searchMerge) readRows(ctx context.Context, streams []*searchStream) error {
	parts := 1
	for parts < len(streams) {
		parts *= 2
	}
	q, of := gormstore.NewQuery(""), map[uuid.UUID]*searchStream{}
	for i := range parts {
		s := &searchStream{} // a placeholder: it finds no rows, because no connection has the nil UUID
		if i < len(streams) {
			s = streams[i]
			of[s.connection] = s
		}
		if i > 0 {
			q.Add(" UNION ALL ")
		}
		q.Add(
			searchedRows(m.Dialect),
			gormstore.UUID(s.connection),
			gormstore.UUID(m.tenant.UUID),
			s.after.Key,
			gormstore.UUID(s.after.ID),
			m.firstDate(),
			s.request,
		)
	}
	var row searchedRow
	return m.RowsInOrder(ctx, q.String(), q.Args, row.targets(), func() error {
		s := of[row.Connection.UUID]
		s.rows = append(s.rows, row.domain())
		m.read++
		m.text += len(row.Description) + len(row.Counterparty)
		return nil
	})
}

// complete reads all columns of the rows that were found. It omits rows that no longer match the search, because they
// have changed since they were found. If the page is full before the last row, complete omits the rows after it, and
// the next page starts with them.
func (m *searchMerge) complete(
	ctx context.Context, found []domain.Transaction, next domain.Position, request domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	connectionOf := make(map[domain.TransactionID]domain.ConnectionID, len(found))
	for _, t := range found {
		connectionOf[t.ID] = t.Connection
	}
	// The connections are compared below, because SQLite would otherwise read all records of the connections.
	among := m.Dialect.AnyOf(
		"id",
		gormstore.ConvertAll(found, func(t domain.Transaction) string { return t.ID.String() }),
	)
	q := gormstore.NewQuery(selectTransactions+m.Dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(m.tenant.UUID))
	q.Add(" AND "+among.SQL+" ORDER BY date DESC, id DESC", among.Vars...)
	row := gormstore.NewTransactionRow()
	page := domain.PageBuilder[domain.Transaction]{Request: request}
	err := m.Rows(ctx, q.String(), q.Args, row.Targets(), func() error {
		if page.Full() {
			next = page.Items[len(page.Items)-1].DatePosition()
			return gormstore.ErrStop
		}
		t, err := row.Domain()
		if err == nil && t.Connection == connectionOf[t.ID] && m.search.Matches(t) {
			page.Add(t)
		}
		return err
	})
	if err != nil && !errors.Is(err, gormstore.ErrStop) {
		return domain.Page[domain.Transaction]{}, err
	}
	return domain.Page[domain.Transaction]{Items: page.Items, Next: next}, nil
}
