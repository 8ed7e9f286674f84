package recordstore

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// storeReadings stores the readings and the announced counts that result from the end of a pull.
func storeReadings(tx gormstore.Tx, d gormstore.Dialect, pull gormstore.PullRow, o records.Outcome) error {
	changes, err := records.Readings(readingSource{dialect: d, tx: tx, pull: pull}, pull.Summary(), o)
	if err != nil {
		return err
	}
	for _, change := range changes {
		account := accountKeys{ID: change.Account.UUID, Connection: pull.Connection, Tenant: pull.Tenant}
		if err := saveCompleteness(tx.DB, account, change.Completeness); err != nil {
			return err
		}
		if day := change.Balance; day != nil {
			err := tx.Clauses(upsertBalance).Create(&balanceRow{
				Account: account.ID, Connection: account.Connection, Tenant: account.Tenant, Day: string(day.Day),
				At: gormstore.At(day.At), Currency: day.Currency, Balance: day.Balance.String(),
				Posted: day.Posted.String(), Anchor: day.Anchor.String(), BankRead: gormstore.At(day.BankReadAt),
				FirstRead: gormstore.At(change.FirstRead),
			}).Error
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// readingSource implements records.ReadingSource for the connection of a pull.
type readingSource struct {
	dialect gormstore.Dialect
	tx      gormstore.Tx
	pull    gormstore.PullRow
}

// Accounts implements records.ReadingSource. It locks the stored completeness of the accounts.
func (s readingSource) Accounts() ([]records.AccountState, error) {
	var rows []accountKeys
	err := s.tx.Table("accounts").Where("connection_id = ? AND tenant_id = ?", s.pull.Connection, s.pull.Tenant).
		Order("id").Find(&rows).Error
	if err != nil {
		return nil, err
	}
	var states []completenessRow
	err = gormstore.Locked(s.tx.DB, gormstore.ForUpdate).
		Where("connection_id = ? AND tenant_id = ?", s.pull.Connection, s.pull.Tenant).
		Order("account_id").
		Find(&states).
		Error
	if err != nil {
		return nil, err
	}
	stored := make(map[uuid.UUID]completenessRow, len(states))
	for _, state := range states {
		stored[state.Account] = state
	}
	accounts := make([]records.AccountState, len(rows))
	for i, row := range rows {
		accounts[i].ID.UUID, accounts[i].ExternalID = row.ID, row.ExternalID
		accounts[i].Type, accounts[i].BankReadAt = domain.AccountType(row.Type), row.BankRead.Time
		if state, ok := stored[row.ID]; ok {
			if accounts[i].Completeness, err = state.domain(); err != nil {
				return nil, err
			}
		}
	}
	return accounts, nil
}

// VisitQuarantine implements records.QuarantineSource.
func (s readingSource) VisitQuarantine(limit int, visit func(records.QuarantineEntry)) error {
	return visitQuarantine(s.tx, s.pull.Tenant, s.pull.Connection, limit, visit)
}

// ChangedSince implements records.ReadingSource. It reads the counts of ended pulls, not the records.
func (s readingSource) ChangedSince(start time.Time, except domain.PullID) (changed bool, err error) {
	err = s.tx.Raw(`SELECT EXISTS (SELECT 1 FROM pulls WHERE connection_id = ? AND tenant_id = ?
		AND `+gormstore.IsEnded+` AND finished_at >= ? AND id <> ? AND added + modified + removed > 0)`,
		s.pull.Connection, s.pull.Tenant, gormstore.At(start), except.UUID).
		Scan(&changed).
		Error
	return changed, err
}

// VisitAmounts implements records.ReadingSource. It reads the amounts of the records. The caller adds them in Go,
// because SQLite has no exact decimal numbers.
func (s readingSource) VisitAmounts(visit func(domain.AccountID, books.SumRow)) error {
	q := gormstore.NewQuery(selectSummed+" AND "+s.dialect.TenantIs("tenant_id", "?"),
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	var row summedRow
	return s.tx.Read(q.AsRead(row.targets(), func() error {
		visit(domain.AccountID{UUID: row.account}, row.domain())
		return nil
	}))
}

// VisitAbsent implements records.ReadingSource. It reads the amounts of the records with a remembered absence that
// count.
func (s readingSource) VisitAbsent(visit func(domain.AccountID, domain.TransactionID, books.SumRow)) error {
	if err := s.dialect.JoinByHash(s.tx.DB); err != nil {
		return err
	}
	q := gormstore.NewQuery(`SELECT t.id, t.account_id, t.status, t.date, t.first_seen_at, CAST(t.amount AS text),
		t.currency, CAST(t.account_amount AS text), t.account_currency
		FROM row_states a JOIN transactions t ON t.connection_id = a.connection_id
			AND t.external_id = a.external_id AND t.tenant_id = a.tenant_id
		WHERE a.connection_id = ? AND a.tenant_id = ? AND a.absent_pull_id IS NOT NULL
			AND a.held_at IS NULL AND t.removed_at IS NULL AND t.excluded_at IS NULL`,
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	var id uuid.UUID
	var row summedRow
	columns := append(gormstore.ScanTargets(&id), row.targets()...)
	return s.tx.Read(q.AsRead(columns, func() error {
		visit(domain.AccountID{UUID: row.account}, domain.TransactionID{UUID: id}, row.domain())
		return nil
	}))
}

// VisitAbsences implements records.ReadingSource.
func (s readingSource) VisitAbsences(visit func(account string, held bool)) error {
	var found []struct {
		Account string
		Held    bool
	}
	err := s.tx.Raw(`SELECT DISTINCT account, held_at IS NOT NULL AS held FROM row_states
		WHERE connection_id = ? AND tenant_id = ? AND absent_pull_id IS NOT NULL`,
		s.pull.Connection, s.pull.Tenant).Scan(&found).Error
	for _, f := range found {
		visit(f.Account, f.Held)
	}
	return err
}

// selectSummed is a SELECT that returns the columns of a summedRow for each record of a connection that counts.
const selectSummed = "SELECT " + summedColumns + " FROM transactions WHERE connection_id = ? AND " + gormstore.Counts

// summedColumns are the columns of a summedRow.
const summedColumns = `account_id, status, date, first_seen_at, CAST(amount AS text), currency,
	CAST(account_amount AS text), account_currency`

// summedRow contains those columns of a live record from which the sum of its account is computed.
type summedRow struct {
	account                                uuid.UUID
	status, date, currency, accountCurrent string
	firstSeen                              time.Time
	amount                                 decimal.Decimal
	accountAmount                          decimal.NullDecimal
}

func (r *summedRow) targets() []any {
	return gormstore.ScanTargets(
		&r.account, (*gormstore.Text)(&r.status), (*gormstore.Text)(&r.date), &r.firstSeen, &r.amount,
		(*gormstore.Text)(&r.currency), &r.accountAmount, (*gormstore.Text)(&r.accountCurrent),
	)
}

func (r *summedRow) domain() books.SumRow {
	row := books.SumRow{
		Date: domain.Date(r.date), FirstSeenAt: r.firstSeen, Posted: r.status == string(domain.Posted),
		Amount: domain.Money{Amount: r.amount, Currency: r.currency},
	}
	if r.accountAmount.Valid {
		row.AccountMoney = &domain.Money{Amount: r.accountAmount.Decimal, Currency: r.accountCurrent}
	}
	return row
}

// VisitArrived implements records.ReadingSource. It reads only the columns that domain.AnnouncedCount.Rows needs.
func (s readingSource) VisitArrived(start time.Time, visit func(domain.Transaction)) error {
	q := gormstore.NewQuery(`SELECT account_id, first_seen_at, superseded_by, supersedes, metadata FROM transactions
		WHERE connection_id = ? AND `+s.dialect.TenantIs("tenant_id", "?")+`
		AND (first_seen_at >= ? OR supersedes <> '')`,
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant), gormstore.At(start).Param(s.tx.Name()))
	var t domain.Transaction
	var past string
	columns := gormstore.ScanTargets(
		&t.AccountID.UUID, &t.FirstSeenAt, &t.SupersededBy.UUID, (*gormstore.Text)(&past), &t.Metadata,
	)
	return s.tx.Read(q.AsRead(columns, func() error {
		t.Supersedes = nil
		if past != "" {
			if err := gormstore.DecodeJSON(past, &t.Supersedes); err != nil {
				return err
			}
		}
		visit(t)
		return nil
	}))
}

// VisitPosted implements records.ReadingSource. It uses the index over the account and the date.
func (s readingSource) VisitPosted(account domain.AccountID, limit int, visit func(records.PostedRow)) error {
	if err := s.dialect.ReadByIndex(s.tx.DB); err != nil {
		return err
	}
	q := gormstore.NewQuery(
		`SELECT id, date, CAST(amount AS text), currency, CAST(account_amount AS text), account_currency,
		metadata FROM transactions WHERE connection_id = ? AND account_id = ? AND `+gormstore.Counts+`
		AND status = 'posted' AND `+s.dialect.TenantIs("tenant_id", "?")+` ORDER BY date DESC, id DESC LIMIT ?`,
		gormstore.UUID(s.pull.Connection),
		gormstore.UUID(account.UUID),
		gormstore.UUID(s.pull.Tenant),
		limit,
	)
	var id uuid.UUID
	var row summedRow
	var metadata json.RawMessage
	columns := gormstore.ScanTargets(
		&id, (*gormstore.Text)(&row.date), &row.amount, (*gormstore.Text)(&row.currency), &row.accountAmount,
		(*gormstore.Text)(&row.accountCurrent), &metadata,
	)
	return s.tx.Read(q.AsRead(columns, func() error {
		visit(records.PostedRow{ID: domain.TransactionID{UUID: id}, SumRow: row.domain(), Metadata: metadata})
		return nil
	}))
}
