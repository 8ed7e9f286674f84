package recordstore

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// The bills of a card are evaluated at the end of a pull that has found them changed or has begun a new day, with a
// decision of an operator, and in the background after other changes of rows. An evaluation reads all live rows of the
// card. The column due_at of bill_lists states that rows have changed; each transaction that changes rows sets it.

// selectHasBills is a SELECT that yields whether bills of a card of a connection were read, and selectHasOlderBills one
// that yields whether bills were evaluated on another day. Their parameters are the connection and the tenant; then the
// day.
const (
	selectHasBills      = "SELECT EXISTS (" + selectLists + ")"
	selectHasOlderBills = "SELECT EXISTS (" + selectLists + " AND bill_lists.day <> ?)"

	selectLists = "SELECT 1 FROM bill_lists WHERE bill_lists.connection_id = ? AND bill_lists.tenant_id = ?"
)

// cardAccount contains the columns of a card that its bills need.
type cardAccount struct {
	ID         uuid.UUID         `gorm:"column:id"`
	ExternalID string            `gorm:"column:external_id"`
	Currency   string            `gorm:"column:currency"`
	BankRead   gormstore.Instant `gorm:"column:bank_read_at"`
}

// billReader reads what the evaluation of bills of a connection needs.
type billReader struct {
	dialect            gormstore.Dialect
	db                 *gorm.DB
	read               func(gormstore.Read) error
	connection, tenant uuid.UUID
	at                 time.Time
}

// billWriter stores the bills of the cards of a connection.
type billWriter struct {
	billReader

	tx        gormstore.Tx
	events    []records.Event
	evaluated []accountKeys // the cards whose bills were evaluated
	// overdue returns when a difference of a bill begins to count; see books.BillCheck.Overdue. The zero time keeps
	// the stored one.
	overdue func(due domain.Date) time.Time
}

// keepOverdue is billWriter.overdue of an evaluation that is no pull's.
func keepOverdue(domain.Date) time.Time { return time.Time{} }

// billReaderIn returns a reader in a transaction.
func billReaderIn(tx gormstore.Tx, d gormstore.Dialect, connection, tenant uuid.UUID, at time.Time) billReader {
	return billReader{dialect: d, db: tx.DB, read: tx.Read, connection: connection, tenant: tenant, at: at}
}

// newBillWriter returns a writer for the end of a pull; nil if the pull changes no bills. It shares the connection, so
// that no operator decides about a row between the evaluation and the end of the transaction. The transaction must not
// have locked yet what a decision locks.
func newBillWriter(
	tx gormstore.Tx, d gormstore.Dialect, pull gormstore.PullRow, o records.Outcome,
) (*billWriter, error) {
	if o.State != domain.PullSucceeded {
		return nil, nil
	}
	w := &billWriter{
		billReader: billReaderIn(tx, d, pull.Connection, pull.Tenant, o.At), tx: tx,
		overdue: func(due domain.Date) time.Time { return o.Coverage.EndOf(due).Add(-o.Grace) },
	}
	if len(o.Bills) == 0 {
		// Until the day ends, only a new reading of the bank makes an evaluation outdated.
		current := o.Coverage.Day(o.At)
		if len(o.BankRead) > 0 {
			current = ""
		}
		if has, err := w.hasOlderBills(current); err != nil || !has {
			return nil, err
		}
	}
	return w, shareConnections(d, tx, w.tenant, w.connection.String())
}

// storePull stores what a pull has read of the bills of the connection's cards, and evaluates them again.
func (w *billWriter) storePull(o records.Outcome) error {
	if w == nil {
		return nil
	}
	lists, err := w.lists()
	if err != nil {
		return err
	}
	cards, err := w.cards()
	if err == nil {
		err = w.forgetFormerCards(lists, cards)
	}
	for i := 0; i < len(cards) && err == nil; i++ {
		card, list := cards[i], lists[cards[i].ID]
		read, wasRead := o.Bills[card.ExternalID]
		if list == nil && !wasRead {
			continue
		}
		next := w.listOf(card, list)
		next.Day, next.CoversTo = string(o.Coverage.Day(o.At)), string(o.Coverage.To(card.BankRead.Time, card.Currency))
		if wasRead {
			err = w.storeRead(card, list, next, read)
		} else {
			err = w.refresh(card, list, next)
		}
	}
	for i := 0; i < len(w.evaluated) && err == nil; i++ {
		err = coverCardCloses(w.tx.DB, w.evaluated[i], o)
	}
	if err != nil {
		return err
	}
	return w.recordEvents()
}

// forgetFormerCards deletes the bills of accounts that the vendor no longer shows as cards. If it shows them as cards
// again, their bills are read again, and have the same ids. lists are the lists of the connection, and cards its cards.
func (w *billWriter) forgetFormerCards(lists map[uuid.UUID]*billListRow, cards []cardAccount) error {
	left := len(lists)
	for _, card := range cards {
		if lists[card.ID] != nil {
			left--
		}
	}
	if left == 0 {
		return nil
	}
	var former []cardAccount
	err := w.db.Table("accounts").Where("connection_id = ? AND tenant_id = ?", w.connection, w.tenant).
		Where("type <> ?", string(domain.CreditAccount)).Order("id").Find(&former).Error
	for i := 0; i < len(former) && err == nil; i++ {
		if lists[former[i].ID] != nil {
			err = w.forget(former[i])
		}
	}
	return err
}

// forget deletes the bills of an account, and what its records and its completeness have of them.
func (w *billWriter) forget(account cardAccount) error {
	var rows bills.Card
	if err := w.readRows(account, &rows); err != nil {
		return err
	}
	if err := w.saveRows(rows.Rows, make([]bills.Assignment, len(rows.Rows))); err != nil {
		return err
	}
	if err := w.saveCheck(account, nil); err != nil {
		return err
	}
	for _, row := range []any{&billRow{}, &billListRow{}} {
		if err := w.tx.Where("account_id = ? AND tenant_id = ?", account.ID, w.tenant).Delete(row).Error; err != nil {
			return err
		}
	}
	return nil
}

// recordEvents stores the events of changed bills.
func (w *billWriter) recordEvents() error {
	return gormstore.RecordEvents(w.tx, w.dialect,
		gormstore.EventOrigin{Tenant: w.tenant, Connection: w.connection, At: w.at}, w.events...)
}

// changeBills notes that rows of these accounts have changed. If an operator has decided the changes, it evaluates the
// bills of the accounts at once, as of the day of their latest evaluation.
func (p *pageWriter) changeBills(accounts map[uuid.UUID]bool) error {
	if len(accounts) == 0 {
		return nil
	}
	ids := make([]string, 0, len(accounts))
	for _, account := range sortedUUIDs(accounts) {
		ids = append(ids, account.String())
	}
	lists := p.tx.Table("bill_lists").
		Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
		Where(p.dialect.AnyOf("account_id", ids))
	due := gormstore.At(p.At)
	if p.pull.ID != uuid.Nil {
		// Another time than that of a claim: an evaluation that has begun before the change is then not stored.
		return lists.Where("(due_at IS NULL OR due_at > ?)", due).Update("due_at", due).Error
	}
	if n, err := gormstore.RowsAffected(lists.Update("due_at", due)); err != nil || n == 0 {
		return err
	}
	return p.evaluateBills(accounts)
}

// evaluateBills evaluates the bills of accounts of which an operator's decision has changed rows.
func (p *pageWriter) evaluateBills(accounts map[uuid.UUID]bool) error {
	w := billWriter{
		billReader: billReaderIn(p.tx, p.dialect, p.pull.Connection, p.pull.Tenant, p.At), tx: p.tx,
		overdue: keepOverdue,
	}
	lists, err := w.lists()
	if err != nil {
		return err
	}
	cards, err := w.cards()
	for i := 0; i < len(cards) && err == nil; i++ {
		if list := lists[cards[i].ID]; list != nil && accounts[cards[i].ID] {
			err = w.evaluateStored(cards[i], w.listOf(cards[i], list))
		}
	}
	if err != nil {
		return err
	}
	return p.recordEvents(w.events...)
}

// hasOlderBills reports whether bills of a card of the connection were evaluated on another day than the given one.
func (w *billReader) hasOlderBills(day domain.Date) (has bool, err error) {
	q := gormstore.NewQuery(
		selectHasOlderBills, gormstore.UUID(w.connection), gormstore.UUID(w.tenant), string(day))
	err = w.read(q.AsRead([]any{&has}, func() error { return nil }))
	return has, err
}

// lists returns the rows of bill_lists of the connection by their account.
func (w *billReader) lists() (map[uuid.UUID]*billListRow, error) {
	var rows []billListRow
	err := w.db.Where("connection_id = ? AND tenant_id = ?", w.connection, w.tenant).Find(&rows).Error
	lists := map[uuid.UUID]*billListRow{}
	for i := range rows {
		lists[rows[i].Account] = &rows[i]
	}
	return lists, err
}

// cards returns the cards of the connection in the order of their ids.
func (w *billReader) cards() (cards []cardAccount, err error) {
	return cards, w.ofConnection().Order("id").Find(&cards).Error
}

// ofConnection returns a query for the cards of the connection.
func (w *billReader) ofConnection() *gorm.DB {
	return w.db.Table("accounts").Where("connection_id = ? AND tenant_id = ?", w.connection, w.tenant).
		Where("type = ?", string(domain.CreditAccount))
}

// stored returns the bills of a card.
func (w *billReader) stored(card cardAccount) ([]bills.Stored, error) {
	var rows []billRow
	err := w.db.Where("account_id = ? AND tenant_id = ?", card.ID, w.tenant).Order("due_date, id").Find(&rows).Error
	all := make([]bills.Stored, len(rows))
	for i := 0; i < len(rows) && err == nil; i++ {
		all[i], err = rows[i].domain()
	}
	return all, err
}

// listOf returns the next row of bill_lists of a card. list is the stored one; nil if there is none.
func (w *billReader) listOf(card cardAccount, list *billListRow) billListRow {
	next := billListRow{Account: card.ID, Connection: w.connection, Tenant: w.tenant}
	if list != nil {
		next = *list
		next.Connection = w.connection
	}
	return next
}

// storeRead stores what the vendor lists of the bills of a card.
func (w *billWriter) storeRead(card cardAccount, list *billListRow, next billListRow, read bills.Read) error {
	before, err := w.stored(card)
	if err != nil {
		return err
	}
	next.Read, next.State = gormstore.At(w.at), string(read.State())
	read.CoversTo = domain.Date(next.CoversTo)
	account := domain.Account{ID: domain.AccountID{UUID: card.ID}, BankReadAt: card.BankRead.Time}
	merged := bills.Merge(before, read, account, w.at, func(key string) domain.BillID {
		return domain.BillID{UUID: uuid.NewSHA1(card.ID, []byte(key))}
	})
	unreadable, err := w.hasUnreadableRows()
	if err != nil {
		return err
	}
	changes, same := bills.Relisted(before, merged)
	if !same || list == nil || list.isOutdated(next) || unreadable { // the quarantine may have changed
		return w.evaluateAndSave(card, next, before, merged)
	}
	// Changes of rows wait for the background; see refresh.
	if err := w.save(changes); err != nil {
		return err
	}
	return w.saveList(next)
}

// refresh evaluates the stored bills of a card again for a new day. Changes of rows alone wait for the background, so
// that a pull does not pay for all rows of a card when a few are new.
func (w *billWriter) refresh(card cardAccount, list *billListRow, next billListRow) error {
	if !list.isOutdated(next) {
		return nil
	}
	return w.evaluateStored(card, next)
}

// isOutdated reports whether the latest evaluation is not valid for the day of the next one.
func (r *billListRow) isOutdated(next billListRow) bool {
	return r.Day != next.Day || r.CoversTo != next.CoversTo
}

// evaluateStored evaluates the stored bills of a card again.
func (w *billWriter) evaluateStored(card cardAccount, next billListRow) error {
	before, err := w.stored(card)
	if err != nil {
		return err
	}
	return w.evaluateAndSave(card, next, before, before)
}

// evaluateAndSave evaluates the bills of a card, and stores what has changed since before.
func (w *billWriter) evaluateAndSave(card cardAccount, next billListRow, before, merged []bills.Stored) error {
	e, err := w.evaluate(card, next, before, merged)
	if err != nil {
		return err
	}
	return w.saveEvaluation(e)
}

// billEvaluation is the result of an evaluation of the bills of a card.
type billEvaluation struct {
	card    cardAccount
	next    billListRow
	after   []bills.Stored
	changes []bills.Change
	rows    []bills.Row
	result  bills.Result
}

// evaluate evaluates the bills of a card.
func (w *billReader) evaluate(
	card cardAccount, next billListRow, before, merged []bills.Stored,
) (*billEvaluation, error) {
	c := bills.Card{
		Currency: card.Currency, Today: domain.Date(next.Day), CoversTo: domain.Date(next.CoversTo),
	}
	if err := w.readRows(card, &c); err != nil {
		return nil, err
	}
	var err error
	if c.Unreadable, err = w.hasUnreadableRows(); err != nil {
		return nil, err
	}
	changes, result := bills.Update(before, merged, c, w.at)
	next.Due = gormstore.Instant{}
	next.Open, err = gormstore.EncodeJSON(result.Open)
	return &billEvaluation{
		card: card, next: next, after: bills.Applied(merged, changes), changes: changes,
		rows: c.Rows, result: result,
	}, err
}

// hasUnreadableRows reports whether the quarantine has rows of the connection. They may belong to any of its cards.
func (w *billReader) hasUnreadableRows() (bool, error) {
	var keys []string
	err := quarantineOf(w.db, w.tenant, w.connection).Where("kind = ?", string(domain.QuarantinedTransaction)).
		Limit(1).Pluck("row_key", &keys).Error
	return len(keys) > 0, err
}

// saveEvaluation stores what an evaluation has changed.
func (w *billWriter) saveEvaluation(e *billEvaluation) error {
	if err := w.save(e.changes); err != nil {
		return err
	}
	last := records.LastBill(e.after, e.result, bills.ListState(e.next.State), domain.Date(e.next.Day),
		domain.Date(e.next.CoversTo), w.at, w.overdue)
	if err := w.saveCheck(e.card, last); err != nil {
		return err
	}
	w.evaluated = append(w.evaluated, accountKeys{ID: e.card.ID, Connection: w.connection, Tenant: w.tenant})
	if err := w.saveList(e.next); err != nil {
		return err
	}
	return w.saveRows(e.rows, e.result.Rows)
}

// saveCheck stores the check of the last closed bill of a card in the completeness of the account.
func (w *billWriter) saveCheck(card cardAccount, last *books.BillCheck) error {
	account := accountKeys{ID: card.ID, Connection: w.connection, Tenant: w.tenant}
	c, err := completenessOf(gormstore.Locked(w.tx.DB, gormstore.ForUpdate), account)
	if err != nil || last == nil && c.Bill == nil {
		return err
	}
	return saveCompleteness(w.tx.DB, account, c.WithBill(last))
}

// save stores changed bills, and adds their events.
func (w *billWriter) save(changes []bills.Change) error {
	for _, change := range changes {
		row, err := rowOfBill(change.Stored, w.connection, w.tenant)
		if err != nil {
			return err
		}
		if event, ok := records.OfBill(change); ok {
			w.events = append(w.events, event)
		}
		err = w.tx.Clauses(clause.OnConflict{
			Columns: []clause.Column{{Name: "id"}, {Name: "tenant_id"}},
			DoUpdates: clause.AssignmentColumns([]string{
				"account_id", "connection_id", "bill_key", "due_date", "data", "facts", "bank_read_at", "removed_at",
			}),
		}).Create(&row).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// saveList stores what is known of the bills of a card as a whole.
func (w *billWriter) saveList(row billListRow) error {
	return w.tx.Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "account_id"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"connection_id", "state", "open", "read_at", "day", "covers_to", "due_at",
		}),
	}).Create(&row).Error
}

// billColumns are the columns of a record that its bill needs.
var billColumns = []string{
	"id", "amount", "currency", "account_amount", "account_currency", "status", "date", "description", "card_facts",
	"bill_id", "card_bill",
}

// isOfBill reports whether a column is one of billColumns.
func isOfBill(c gormstore.Column) bool { return slices.Contains(billColumns, c.Name) }

// readRows adds the live records of a card to c.Rows.
func (w *billReader) readRows(card cardAccount, c *bills.Card) error {
	q := gormstore.NewQuery(
		"SELECT "+gormstore.SelectedColumns(isOfBill)+` FROM transactions WHERE connection_id = ? AND account_id = ?
			AND `+gormstore.Counts+" AND "+w.dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(w.connection), gormstore.UUID(card.ID), gormstore.UUID(w.tenant))
	row := gormstore.NewTransactionRow()
	return w.read(q.AsRead(row.TargetsOf(isOfBill), func() error {
		t, err := row.Domain()
		if err == nil {
			c.Rows = append(c.Rows, bills.RowOf(t, card.Currency))
		}
		return err
	}))
}

// saveRows stores the bills of the records that have changed. A bill is no part of a version, so the records keep their
// version and their position in the feed.
func (w *billWriter) saveRows(rows []bills.Row, found []bills.Assignment) error {
	changed := map[domain.CardBill][]string{}
	for i, r := range rows {
		if next := bills.RowBill(r, found[i]); next != r.Former {
			changed[next] = append(changed[next], r.ID.String())
		}
	}
	order := make([]domain.CardBill, 0, len(changed))
	for bill := range changed {
		order = append(order, bill)
	}
	domain.SortLarge(order, func(x, y domain.CardBill) int {
		return cmp.Compare(gormstore.EncodeCard(x), gormstore.EncodeCard(y))
	})
	for _, bill := range order {
		var id any
		if !bill.Payment && !bill.ID.IsZero() {
			id = bill.ID.UUID
		}
		for batch := range slices.Chunk(changed[bill], removalBatch) {
			err := w.tx.Table(gormstore.TransactionTable).
				Where(w.dialect.AnyOf("id", batch)).Where(isOfConnection(w.connection)).
				Where(w.dialect.TenantIs("tenant_id", "?"), w.tenant).
				Updates(map[string]any{"bill_id": id, "card_bill": gormstore.EncodeCard(bill)}).Error
			if err != nil {
				return err
			}
		}
	}
	return nil
}
