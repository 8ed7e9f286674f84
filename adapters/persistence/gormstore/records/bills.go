package records

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billRow is a row of bills.
type billRow struct {
	ID         uuid.UUID         `gorm:"column:id;primaryKey"`
	Account    uuid.UUID         `gorm:"column:account_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	Key        string            `gorm:"column:bill_key"`
	Due        string            `gorm:"column:due_date"`
	Data       string            `gorm:"column:data"`
	Facts      string            `gorm:"column:facts"`
	BankRead   gormstore.Instant `gorm:"column:bank_read_at"`
	Removed    gormstore.Instant `gorm:"column:removed_at"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (billRow) TableName() string { return "bills" }

// domain returns the row as a bill.
func (r billRow) domain() (bills.Stored, error) {
	s := bills.Stored{
		ID: domain.BillID{UUID: r.ID}, Account: domain.AccountID{UUID: r.Account}, BankReadAt: r.BankRead.Time,
		RemovedAt: r.Removed.Time,
	}
	return s, errors.Join(gormstore.DecodeJSON(r.Data, &s.Data), gormstore.DecodeJSON(r.Facts, &s.Facts))
}

// rowOfBill returns the row of a bill of a connection.
func rowOfBill(s bills.Stored, pull gormstore.PullRow) (row billRow, err error) {
	row = billRow{
		ID: s.ID.UUID, Account: s.Account.UUID, Connection: pull.Connection, Key: s.Key(), Due: string(s.DueDate),
		BankRead: gormstore.At(s.BankReadAt), Removed: gormstore.At(s.RemovedAt), Tenant: pull.Tenant,
	}
	if row.Data, err = gormstore.EncodeJSON(s.Data); err == nil {
		row.Facts, err = gormstore.EncodeJSON(s.Facts)
	}
	return row, err
}

// billListRow is a row of bill_lists.
type billListRow struct {
	Account    uuid.UUID         `gorm:"column:account_id;primaryKey"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	State      string            `gorm:"column:state"`
	Open       string            `gorm:"column:open"`
	Read       gormstore.Instant `gorm:"column:read_at"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (billListRow) TableName() string { return "bill_lists" }

// BillsReadAt reads the time from the lists of the connection's cards.
func (s pulls) BillsReadAt(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
) (readAt time.Time, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		var lists []billListRow
		err := db.Select("read_at").Where("connection_id = ? AND tenant_id = ?", connection.UUID, tenant.UUID).
			Order("read_at").Limit(1).Find(&lists).Error
		if len(lists) > 0 {
			readAt = lists[0].Read.Time
		}
		return err
	})
	return readAt, err
}

// cardAccount contains the columns of a card that its bills need.
type cardAccount struct {
	ID         uuid.UUID         `gorm:"column:id"`
	ExternalID string            `gorm:"column:external_id"`
	Currency   string            `gorm:"column:currency"`
	BankRead   gormstore.Instant `gorm:"column:bank_read_at"`
}

// billWriter stores the bills of the cards of a connection at the end of a pull.
type billWriter struct {
	dialect gormstore.Dialect
	tx      gormstore.Tx
	pull    gormstore.PullRow
	outcome records.Outcome
	events  []records.Event
}

// storeBills stores what a pull has read of the bills, and evaluates the bills of the connection again. It does nothing
// for a connection without bills.
func storeBills(tx gormstore.Tx, d gormstore.Dialect, pull gormstore.PullRow, o records.Outcome) error {
	if o.State != domain.PullSucceeded {
		return nil
	}
	w := billWriter{dialect: d, tx: tx, pull: pull, outcome: o}
	stored, err := w.stored()
	if err != nil || len(stored) == 0 && len(o.Bills) == 0 {
		return err
	}
	var cards []cardAccount
	err = tx.Table("accounts").Where("connection_id = ? AND tenant_id = ?", pull.Connection, pull.Tenant).
		Where("type = ?", string(domain.CreditAccount)).Order("id").Find(&cards).Error
	for i := 0; i < len(cards) && err == nil; i++ {
		read, wasRead := o.Bills[cards[i].ExternalID]
		if before := stored[cards[i].ID]; len(before) > 0 || wasRead {
			err = w.update(cards[i], before, read, wasRead)
		}
	}
	if err != nil {
		return err
	}
	return gormstore.RecordEvents(tx, d,
		gormstore.EventOrigin{Tenant: pull.Tenant, Connection: pull.Connection, At: o.At}, w.events...)
}

// stored returns the bills of the connection by their account.
func (w *billWriter) stored() (map[uuid.UUID][]bills.Stored, error) {
	var rows []billRow
	err := w.tx.Where("connection_id = ? AND tenant_id = ?", w.pull.Connection, w.pull.Tenant).
		Order("due_date, id").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID][]bills.Stored{}
	for _, row := range rows {
		s, err := row.domain()
		if err != nil {
			return nil, err
		}
		all[row.Account] = append(all[row.Account], s)
	}
	return all, nil
}

// update stores the bills of one card.
func (w *billWriter) update(card cardAccount, before []bills.Stored, read bills.Read, wasRead bool) error {
	merged := before
	if wasRead {
		account := domain.Account{ID: domain.AccountID{UUID: card.ID}, BankReadAt: card.BankRead.Time}
		merged = bills.Merge(before, read, account, w.outcome.At, func(key string) domain.BillID {
			return domain.BillID{UUID: uuid.NewSHA1(card.ID, []byte(key))}
		})
	}
	c := bills.Card{
		Currency: card.Currency, Today: w.outcome.Coverage.Day(w.outcome.At),
		CoversTo: w.outcome.Coverage.To(card.BankRead.Time, card.Currency),
	}
	previous, err := w.readRows(card, &c)
	if err != nil {
		return err
	}
	changes, result := bills.Update(before, merged, c, w.outcome.At)
	for _, change := range changes {
		if err := w.save(change); err != nil {
			return err
		}
	}
	if err := w.saveList(card, read, wasRead, result.Open); err != nil {
		return err
	}
	return w.saveRows(c.Rows, result.Rows, previous)
}

// save stores a bill, and adds its event.
func (w *billWriter) save(change bills.Change) error {
	row, err := rowOfBill(change.Stored, w.pull)
	if err != nil {
		return err
	}
	if event, ok := records.OfBill(change); ok {
		w.events = append(w.events, event)
	}
	return w.tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"account_id", "connection_id", "bill_key", "due_date", "data", "facts", "bank_read_at", "removed_at",
		}),
	}).Create(&row).Error
}

// saveList stores what is known of the bills of a card as a whole.
func (w *billWriter) saveList(card cardAccount, read bills.Read, wasRead bool, open []bills.OpenMonth) error {
	text, err := gormstore.EncodeJSON(open)
	if err != nil {
		return err
	}
	row := billListRow{
		Account: card.ID, Connection: w.pull.Connection, State: string(bills.ListRead), Open: text,
		Read: gormstore.At(w.outcome.At), Tenant: w.pull.Tenant,
	}
	columns := []string{"connection_id", "open"}
	if wasRead {
		columns = append(columns, "state", "read_at")
		if read.Denied {
			row.State = string(bills.ListDenied)
		}
	}
	return w.tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "account_id"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns(columns),
	}).Create(&row).Error
}

// billColumns are the columns of a record that its bill needs.
var billColumns = []string{
	"id", "amount", "currency", "account_amount", "account_currency", "status", "date", "description", "card_facts",
	"bill_id", "card_bill",
}

// isOfBill reports whether a column is one of billColumns.
func isOfBill(c gormstore.Column) bool { return slices.Contains(billColumns, c.Name) }

// readRows adds the live records of a card to c.Rows. It returns their stored bills, in the same order.
func (w *billWriter) readRows(card cardAccount, c *bills.Card) (previous []domain.CardBill, err error) {
	q := gormstore.NewQuery(
		"SELECT "+gormstore.SelectedColumns(isOfBill)+` FROM transactions WHERE connection_id = ? AND account_id = ?
			AND `+gormstore.Counts+" AND "+w.dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(w.pull.Connection), gormstore.UUID(card.ID), gormstore.UUID(w.pull.Tenant))
	row := gormstore.NewTransactionRow()
	err = w.tx.Read(q.AsRead(row.TargetsOf(isOfBill), func() error {
		t, err := row.Domain()
		if err == nil {
			c.Rows = append(c.Rows, bills.RowOf(t, card.Currency, t.Bill.PendingForecast))
			previous = append(previous, t.Bill)
		}
		return err
	}))
	return previous, err
}

// saveRows stores the bills of the records that have changed. A bill is no part of a version, so the records keep their
// version and their position in the feed.
func (w *billWriter) saveRows(rows []bills.Row, found []bills.Assignment, previous []domain.CardBill) error {
	changed := map[domain.CardBill][]string{}
	for i, r := range rows {
		if next := bills.RowBill(r, found[i], previous[i]); next != previous[i] {
			changed[next] = append(changed[next], r.ID.String())
		}
	}
	order := make([]domain.CardBill, 0, len(changed))
	for bill := range changed {
		order = append(order, bill)
	}
	slices.SortFunc(order, func(x, y domain.CardBill) int {
		return cmp.Compare(gormstore.EncodeCard(x), gormstore.EncodeCard(y))
	})
	for _, bill := range order {
		var id any
		if !bill.Payment && !bill.ID.IsZero() {
			id = bill.ID.UUID
		}
		for batch := range slices.Chunk(changed[bill], removalBatch) {
			err := w.tx.Table(gormstore.TransactionTable).
				Where("connection_id = ? AND "+w.dialect.TenantIs("tenant_id", "?"), w.pull.Connection, w.pull.Tenant).
				Where(w.dialect.AnyOf("id", batch)).
				Updates(map[string]any{"bill_id": id, "card_bill": gormstore.EncodeCard(bill)}).Error
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Bills reads the bills of an account by their due date.
func (s ledger) Bills(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest,
) (domain.Page[bills.Stored], error) {
	var found domain.Page[bills.Stored]
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).
			Order("due_date DESC, id DESC")
		if window.From != "" {
			query = query.Where("due_date >= ?", string(window.From))
		}
		if window.To != "" {
			query = query.Where("due_date <= ?", string(window.To))
		}
		if !page.After.IsZero() {
			if _, err := domain.ParseDate(page.After.Key); err != nil {
				return gormstore.InvalidCursor()
			}
			query = query.Where("(due_date, id) < (?, ?)", page.After.Key, page.After.ID)
		}
		found, err = gormstore.ListConverted(query, page, billRow.domain, bills.Stored.Position)
		return err
	})
	return found, err
}

// BillOverview reads the row of bill_lists.
func (s ledger) BillOverview(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (o bills.Overview, err error) {
	o.List = bills.ListRead
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[billListRow](
			db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID))
		if errors.Is(err, domain.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		o.List = bills.ListState(row.State)
		return gormstore.DecodeJSON(row.Open, &o.Open)
	})
	return o, err
}

// Bill reads one bill.
func (s ledger) Bill(ctx context.Context, tenant domain.TenantID, id domain.BillID) (found bills.Stored, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[billRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err == nil {
			found, err = row.domain()
		}
		return err
	})
	return found, err
}

// BillTransactions reads the index over the bill, the date and the id.
func (s ledger) BillTransactions(ctx context.Context, tenant domain.TenantID, id domain.BillID,
	page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if err := checkDatePosition(page.After); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	q := gormstore.NewQuery(selectTransactions+"bill_id = ? AND "+gormstore.Counts+" AND "+
		s.Dialect.TenantIs("tenant_id", "?"), gormstore.UUID(id.UUID), gormstore.UUID(tenant.UUID))
	if !page.After.IsZero() {
		q.Add(" AND (date, id) < (?, ?)", page.After.Key, gormstore.UUID(page.After.ID))
	}
	q.Add(" ORDER BY date DESC, id DESC")
	row := gormstore.NewTransactionRow()
	return gormstore.Paged(ctx, s.Rows, q, page, row.Targets(), row.Domain, domain.Transaction.DatePosition)
}

// candidateBatch is the maximum number of payments of one statement.
const candidateBatch = 1000

// PaymentCandidates reads the debits of the tenant's bank accounts by the index over the connection and the date.
func (s ledger) PaymentCandidates(
	ctx context.Context, tenant domain.TenantID, payments []bills.Payment,
) ([][]domain.TransactionID, error) {
	found := make([][]domain.TransactionID, 0, len(payments))
	for batch := range slices.Chunk(payments, candidateBatch) {
		candidates, err := s.candidatesOf(ctx, tenant, batch)
		if err != nil {
			return nil, err
		}
		found = append(found, candidates...)
	}
	return found, nil
}

// candidatesOf returns the candidates of at most candidateBatch payments.
func (s ledger) candidatesOf(
	ctx context.Context, tenant domain.TenantID, payments []bills.Payment,
) ([][]domain.TransactionID, error) {
	q := gormstore.NewQuery("WITH payments(number, amount, first, last) AS (VALUES ")
	for i, p := range payments {
		if i > 0 {
			q.Add(", ")
		}
		q.Add("(CAST(? AS integer), ?, ?, ?)", i, p.Amount.Neg().Normalize().String(),
			string(p.Date.AddDays(-ports.CandidateDays)), string(p.Date.AddDays(ports.CandidateDays)))
	}
	q.Add(`), candidates AS (
		SELECT p.number, t.id, row_number() OVER (PARTITION BY p.number ORDER BY t.date, t.id) AS place
		FROM payments p CROSS JOIN accounts a JOIN transactions t ON t.connection_id = a.connection_id
			AND t.date >= p.first AND t.date <= p.last AND t.account_id = a.id AND t.tenant_id = a.tenant_id
			AND t.status = 'posted' AND t.removed_at IS NULL AND t.excluded_at IS NULL
			AND CAST(t.amount AS text) = p.amount
		WHERE a.tenant_id = ? AND a.type = ? AND a.removed_at IS NULL)
		SELECT number, id FROM candidates WHERE place <= ? ORDER BY number, place`,
		gormstore.UUID(tenant.UUID), string(domain.BankAccount), ports.MaxCandidates)
	found := make([][]domain.TransactionID, len(payments))
	var number int
	var id uuid.UUID
	err := s.RowsOf(ctx, tenant.UUID, q.String(), q.Args, gormstore.ScanTargets(&number, &id), func() error {
		found[number] = append(found[number], domain.TransactionID{UUID: id})
		return nil
	})
	return found, err
}
