package gormstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// completenessRow is a row of account_completeness: the domain.Completeness of an account, encoded as JSON, and the
// columns that queries about several accounts use.
type completenessRow struct {
	Account    uuid.UUID `gorm:"column:account_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	State      string    `gorm:"column:state"`
	Compared   bool      `gorm:"column:compared"`
	Drift      instant   `gorm:"column:drift_since"`
	Announced  string    `gorm:"column:announced;<-:false"` // only AnnounceCompleteness writes it
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (completenessRow) TableName() string { return "account_completeness" }

// balanceRow is a row of account_balances: the balances of an account as they were last read on one day.
type balanceRow struct {
	Account    uuid.UUID `gorm:"column:account_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Day        string    `gorm:"column:day"`
	At         instant   `gorm:"column:read_at"`
	Currency   string    `gorm:"column:currency"`
	Balance    string    `gorm:"column:balance"`
	Posted     string    `gorm:"column:posted"`
	Anchor     string    `gorm:"column:anchor"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (balanceRow) TableName() string { return "account_balances" }

// domain returns the row as a domain.AccountBalance. It returns an error if an amount is not a number, which can happen
// only if another program wrote the row.
func (r balanceRow) domain() (domain.AccountBalance, error) {
	b := domain.AccountBalance{Day: domain.Date(r.Day), At: r.At.Time, Currency: r.Currency}
	var failed error
	for _, column := range []struct {
		text string
		into *decimal.Decimal
	}{{r.Balance, &b.Balance}, {r.Posted, &b.Posted}, {r.Anchor, &b.Anchor}} {
		amount, err := parseAmount(column.text)
		*column.into, failed = amount, errors.Join(failed, err)
	}
	return b, failed
}

// Conflict clauses for inserts into account_completeness and account_balances. If the row already exists, it is
// updated.
var (
	upsertCompleteness = clause.OnConflict{
		Columns:   []clause.Column{{Name: "account_id"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"connection_id", "state", "compared", "drift_since"}),
	}
	upsertBalance = clause.OnConflict{
		Columns: []clause.Column{{Name: "account_id"}, {Name: "day"}, {Name: "tenant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"connection_id", "read_at", "currency", "balance", "posted", "anchor",
		}),
	}
)

// saveCompleteness stores c as the completeness of an account.
func saveCompleteness(tx *gorm.DB, account accountKeys, c domain.Completeness) error {
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return tx.Clauses(upsertCompleteness).Create(&completenessRow{
		Account: account.ID, Connection: account.Connection, Tenant: account.Tenant,
		State: string(state), Compared: c.Known(), Drift: instant{c.DriftSince()},
	}).Error
}

// accountKeys contains the columns of an account that identify it.
type accountKeys struct {
	ID         uuid.UUID `gorm:"column:id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	ExternalID string    `gorm:"column:external_id"`
}

// settledAccount is an account that a settled pull has read. A settled pull reads everything that the vendor has. The
// vendor does not synchronise during a settled pull. The field previous contains the account's completeness before the
// pull.
type settledAccount struct {
	accountKeys
	balance     domain.VendorBalance
	previous    domain.Completeness
	quarantined bool
	sum         *domain.AccountSum
	chain       []domain.ChainRow
	read        []int // for each element of previous.Announced: how many of the announced rows were ever read
}

// settledWriter stores a reading of each account at the end of a settled pull (see settledAccount). A reading records
// the account's balance and the sum of its records. The readings are stored in the transaction that ends the pull.
type settledWriter struct {
	ports.SettledRead
	dialect Dialect
	tx      Tx
	pull    pullRow
	at      time.Time
}

// write stores the new completeness of each account. It does not read the records of an account if nothing can have
// changed since the previous reading.
func (w *settledWriter) write() error {
	accounts, err := w.accounts()
	if err != nil || len(accounts) == 0 {
		return err
	}
	changed, err := w.recordsChanged(accounts)
	if err != nil {
		return err
	}
	var stale []*settledAccount
	for _, a := range accounts {
		if changed || len(a.previous.Announced) > 0 || !a.previous.SameReading(a.balance, a.quarantined) {
			a.sum = domain.NewAccountSum(a.balance, a.previous.Baseline, w.at)
			stale = append(stale, a)
		} else if next, differs := a.previous.Repeated(w.at); differs {
			if err := w.save(a, next); err != nil {
				return err
			}
		}
	}
	if len(stale) == 0 {
		return nil
	}
	if err := w.sum(stale); err != nil {
		return err
	}
	if err := w.countRows(stale); err != nil {
		return err
	}
	for _, a := range stale {
		if err := w.readChain(a); err != nil {
			return err
		}
		next := a.previous.After(a.sum.Reading(a.quarantined, a.chain)).Count(w.at, a.read)
		if err := w.save(a, next); err != nil {
			return err
		}
	}
	return nil
}

// accounts returns the stored accounts that the pull has read. It also reads and locks their completeness.
func (w *settledWriter) accounts() ([]*settledAccount, error) {
	var rows []accountKeys
	err := w.tx.Table("accounts").Where("connection_id = ? AND tenant_id = ?", w.pull.Connection, w.pull.Tenant).
		Order("id").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	var states []completenessRow
	err = locked(w.tx.DB, forUpdate).Where("connection_id = ? AND tenant_id = ?", w.pull.Connection, w.pull.Tenant).
		Order("account_id").Find(&states).Error
	if err != nil {
		return nil, err
	}
	payloads, err := w.quarantine()
	if err != nil {
		return nil, err
	}
	var accounts []*settledAccount
	for _, row := range rows {
		balance, read := w.Balances[row.ExternalID]
		if !read {
			continue
		}
		a := &settledAccount{accountKeys: row, balance: balance, quarantined: names(payloads, row.ExternalID)}
		for _, state := range states {
			if state.Account == row.ID {
				err = errors.Join(err, json.Unmarshal([]byte(state.State), &a.previous))
			}
		}
		accounts = append(accounts, a)
	}
	return accounts, err
}

// quarantine returns the payloads of the connection's quarantined rows, or nil if w.Quarantined is not set.
func (w *settledWriter) quarantine() (payloads [][]byte, err error) {
	if w.Quarantined {
		err = quarantineOf(w.tx.DB, w.pull.Tenant, w.pull.Connection).Pluck("payload", &payloads).Error
	}
	return payloads, err
}

// names reports whether at least one of the payloads contains the external id as a JSON string.
func names(payloads [][]byte, externalID string) bool {
	text, _ := json.Marshal(externalID) // a string can always be encoded
	return slices.ContainsFunc(payloads, func(payload []byte) bool { return bytes.Contains(payload, text) })
}

// clockSkew bounds the difference between the clocks of two processes that run pulls of one connection.
const clockSkew = time.Minute

// recordsChanged reports whether records of the connection may have changed since the previous readings of the
// accounts. It returns true in these cases:
//
//   - This pull has changed a record.
//   - An account has no previous reading.
//   - A pull that ended after the earliest previous reading has changed a record.
func (w *settledWriter) recordsChanged(accounts []*settledAccount) (bool, error) {
	counts := w.pull.Counts
	if counts.Added+counts.Modified+counts.Removed > 0 {
		return true, nil
	}
	since := w.at
	for _, a := range accounts {
		if a.previous.Last == nil {
			return true, nil
		}
		if a.previous.Last.At.Before(since) {
			since = a.previous.Last.At
		}
	}
	var changed bool
	err := w.tx.Raw(`SELECT EXISTS (SELECT 1 FROM pulls WHERE connection_id = ? AND tenant_id = ? AND `+isEnded+`
		AND finished_at >= ? AND added + modified + removed > 0)`,
		w.pull.Connection, w.pull.Tenant, instant{since.Add(-clockSkew)}).Scan(&changed).Error
	return changed, err
}

// sum adds each live record of the connection to the sum of its account. It skips records of accounts that are not in
// the list. It adds the amounts in Go, because SQLite has no exact decimal numbers.
func (w *settledWriter) sum(accounts []*settledAccount) error {
	sums := make(map[uuid.UUID]*domain.AccountSum, len(accounts))
	for _, a := range accounts {
		sums[a.ID] = a.sum
	}
	q := newQuery(selectSummed+" AND "+tenantIs(w.dialect, "tenant_id"),
		uuidColumn(w.pull.Connection), uuidColumn(w.pull.Tenant))
	var row summedRow
	return w.tx.Read(q.asRead(row.targets(), func() error {
		if sum := sums[row.account]; sum != nil {
			sum.Add(row.domain())
		}
		return nil
	}))
}

// selectSummed is a SELECT that returns the columns of a summedRow for each live record of a connection.
const selectSummed = `SELECT account_id, status, date, first_seen_at, CAST(amount AS text), currency,
	CAST(account_amount AS text), account_currency FROM transactions WHERE connection_id = ? AND removed_at IS NULL`

// summedRow contains those columns of a live record from which the sum of its account is computed.
type summedRow struct {
	account                                uuid.UUID
	status, date, currency, accountCurrent string
	firstSeen                              time.Time
	amount                                 decimal.Decimal
	accountAmount                          decimal.NullDecimal
}

func (r *summedRow) targets() []any {
	return []any{
		(*uuidColumn)(&r.account), (*textColumn)(&r.status), (*textColumn)(&r.date), timeColumn{&r.firstSeen},
		(*decimalColumn)(&r.amount), (*textColumn)(&r.currency), (*nullDecimalColumn)(&r.accountAmount),
		(*textColumn)(&r.accountCurrent),
	}
}

func (r *summedRow) domain() domain.SumRow {
	row := domain.SumRow{
		Date: domain.Date(r.date), FirstSeenAt: r.firstSeen, Posted: r.status == string(domain.Posted),
		Amount: domain.Money{Amount: r.amount, Currency: r.currency},
	}
	if r.accountAmount.Valid {
		row.AccountMoney = &domain.Money{Amount: r.accountAmount.Decimal, Currency: r.accountCurrent}
	}
	return row
}

// countRows checks the row counts that the vendor's webhooks have announced. For each announced count of an account, it
// counts the stored records, and stores the result in the account's field read.
func (w *settledWriter) countRows(accounts []*settledAccount) error {
	accounts = slices.DeleteFunc(slices.Clone(accounts), func(a *settledAccount) bool {
		a.read = make([]int, len(a.previous.Announced))
		return len(a.read) == 0
	})
	if len(accounts) == 0 {
		return nil
	}
	since := w.at
	for _, a := range accounts {
		for _, count := range a.previous.Announced {
			if at := count.EarliestArrival(); at.IsZero() {
				since = time.Unix(0, 0)
			} else if at.Before(since) {
				since = at
			}
		}
	}
	q := newQuery(`SELECT account_id, first_seen_at, superseded_by, supersedes, metadata FROM transactions
		WHERE connection_id = ? AND `+tenantIs(w.dialect, "tenant_id")+` AND (first_seen_at >= ? OR supersedes <> '')`,
		uuidColumn(w.pull.Connection), uuidColumn(w.pull.Tenant), instant{since}.value(w.tx.Name()))
	var t domain.Transaction
	var past string
	var metadata []byte
	columns := []any{
		(*uuidColumn)(&t.AccountID.UUID), timeColumn{&t.FirstSeenAt}, (*uuidColumn)(&t.SupersededBy.UUID),
		(*textColumn)(&past), &metadata,
	}
	return w.tx.Read(q.asRead(columns, func() error {
		t.Supersedes = nil
		if past != "" {
			if err := decode(past, &t.Supersedes); err != nil {
				return err
			}
		}
		var created time.Time
		if w.CreatedAt != nil {
			created = w.CreatedAt(metadata)
		}
		for _, a := range accounts {
			for i, count := range a.previous.Announced {
				if count.Account == "" || t.AccountID.UUID == a.ID {
					a.read[i] += count.Rows(t, created)
				}
			}
		}
		return nil
	}))
}

// announceCounts stores the row counts that the vendor's webhooks announced. It adds the counts to the completeness of
// each account of the pull's connection.
func announceCounts(tx *gorm.DB, pull pullRow, counts []domain.AnnouncedCount) error {
	if len(counts) == 0 {
		return nil
	}
	var accounts []accountKeys
	err := tx.Table("accounts").Where("connection_id = ? AND tenant_id = ?", pull.Connection, pull.Tenant).
		Order("id").Find(&accounts).Error
	for i := 0; i < len(accounts) && err == nil; i++ {
		var c domain.Completeness
		if c, err = completenessOf(locked(tx, forUpdate), accounts[i]); err == nil {
			err = saveCompleteness(tx, accounts[i], c.Announce(accounts[i].ExternalID, counts))
		}
	}
	return err
}

// readChain sets the field chain of the account to its newest posted records, with the balance that the bank states
// after each record. It does nothing if the vendor states no such balances, or if the balance of the account is not
// known.
func (w *settledWriter) readChain(a *settledAccount) error {
	if w.RunningBalance == nil || a.balance.Missing != "" {
		return nil
	}
	q := newQuery(`SELECT id, date, CAST(amount AS text), currency, CAST(account_amount AS text), account_currency,
		metadata FROM transactions WHERE connection_id = ? AND account_id = ? AND removed_at IS NULL
		AND status = 'posted' AND `+tenantIs(w.dialect, "tenant_id")+` ORDER BY date DESC, id DESC LIMIT ?`,
		uuidColumn(w.pull.Connection), uuidColumn(a.ID), uuidColumn(w.pull.Tenant), domain.MaxChain)
	var id uuid.UUID
	var row summedRow
	var metadata []byte
	columns := []any{
		(*uuidColumn)(&id), (*textColumn)(&row.date), (*decimalColumn)(&row.amount), (*textColumn)(&row.currency),
		(*nullDecimalColumn)(&row.accountAmount), (*textColumn)(&row.accountCurrent), &metadata,
	}
	return w.tx.Read(q.asRead(columns, func() error {
		if amount, ok := row.domain().InCurrency(a.balance.Currency); ok {
			a.chain = append(a.chain, domain.ChainRow{
				ID: domain.TransactionID{UUID: id}, Date: domain.Date(row.date), Amount: amount,
				RunningBalance: w.RunningBalance(metadata),
			})
		}
		return nil
	}))
}

// save stores the completeness of an account. It also stores the balance of the latest reading as the account's balance
// on the day of that reading.
func (w *settledWriter) save(a *settledAccount, next domain.Completeness) error {
	if err := saveCompleteness(w.tx.DB, a.accountKeys, next); err != nil {
		return err
	}
	day, known := next.Last.DayBalance()
	if !known {
		return nil
	}
	return w.tx.Clauses(upsertBalance).Create(&balanceRow{
		Account: a.ID, Connection: a.Connection, Tenant: a.Tenant, Day: string(day.Day), At: instant{day.At},
		Currency: day.Currency, Balance: day.Balance.String(), Posted: day.Posted.String(), Anchor: day.Anchor.String(),
	}).Error
}

// findAccount returns the keys of an account of the tenant. Errors: NotFound.
func findAccount(db *gorm.DB, tenant domain.TenantID, id domain.AccountID) (accountKeys, error) {
	return first[accountKeys](db.Table("accounts").Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
}

// completenessOf returns the completeness of an account, or the zero value if none is stored.
func completenessOf(db *gorm.DB, account accountKeys) (c domain.Completeness, err error) {
	row, err := first[completenessRow](db.Where("account_id = ? AND tenant_id = ?", account.ID, account.Tenant))
	if errors.Is(err, domain.NotFound) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(row.State), &c)
	}
	return c, err
}

// Completeness reads the account and its completeness.
func (s ledger) Completeness(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID,
) (c domain.Completeness, err error) {
	err = s.read(ctx, func(db *gorm.DB) error {
		account, err := findAccount(db, tenant, id)
		if err == nil {
			c, err = completenessOf(db, account)
		}
		return err
	})
	return c, err
}

// UpdateCompleteness locks the account's row of account_completeness until the transaction commits. If there is no such
// row yet, nothing is locked. UpdateCompleteness and the pull that stores the first reading may then overwrite each
// other's change.
func (s ledger) UpdateCompleteness(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	fn func(domain.Completeness) (domain.Completeness, error),
) (c domain.Completeness, err error) {
	var refused error
	err = s.change(ctx, func(tx Tx) error {
		account, err := findAccount(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		if c, err = completenessOf(locked(tx.DB, forUpdate), account); err != nil {
			return err
		}
		if c, refused = fn(c); refused != nil {
			return refused
		}
		return saveCompleteness(tx.DB, account, c)
	})
	if refused != nil {
		err = refused
	}
	if err != nil {
		return domain.Completeness{}, err
	}
	return c, nil
}

// Balances scans the primary key backwards, so that the latest day comes first.
func (s ledger) Balances(ctx context.Context, tenant domain.TenantID, account domain.AccountID, window domain.Window,
	page domain.PageRequest,
) (domain.Page[domain.AccountBalance], error) {
	var found domain.Page[domain.AccountBalance]
	err := s.read(ctx, func(db *gorm.DB) (err error) {
		query := db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID).Order("day DESC")
		if window.From != "" {
			query = query.Where("day >= ?", string(window.From))
		}
		if window.To != "" {
			query = query.Where("day <= ?", string(window.To))
		}
		if !page.After.IsZero() {
			if _, err := domain.ParseDate(page.After.Key); err != nil {
				return invalidCursor()
			}
			query = query.Where("day < ?", page.After.Key)
		}
		found, err = listConverted(query, page.Limit, balanceRow.domain, func(b domain.AccountBalance) domain.Position {
			return domain.Position{Key: string(b.Day), ID: account.UUID}
		})
		return err
	})
	return found, err
}
