package recordstore

import (
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// The column changed_since of account_completeness contains the time of the first change of posted records after the
// latest reading of the account. Each transaction that changes records updates the row. The transaction that stores a
// reading locks the row, reads the records, and clears the change. A change that the reading does not contain waits for
// this lock, and is therefore stored after the reading.

// selectHasReadings is a SELECT that yields whether a connection has an account with a stored completeness. Its
// parameters are the connection and the tenant.
const selectHasReadings = `SELECT EXISTS (SELECT 1 FROM account_completeness
	WHERE account_completeness.connection_id = ? AND account_completeness.tenant_id = ?)`

// changeBooks ends the changes of the transaction: it stores how they affect the completeness, the closed periods, the
// bank statements and the bills of the accounts. It must be called after the last change.
func (p *pageWriter) changeBooks() (err error) {
	if err := p.keepLater(); err != nil {
		return err
	}
	if p.changeSeq == 0 || !p.hasReadings && !p.hasClosedPeriod && !p.hasStatements && !p.hasBills {
		return nil
	}
	var closes map[domain.AccountID]*accountCloses
	if p.hasClosedPeriod {
		if closes, err = p.readCloses(); err != nil {
			return err
		}
	}
	lastDay := func(account domain.AccountID) domain.Date {
		if c := closes[account]; c != nil {
			return c.lastDay
		}
		return ""
	}
	change := books.ChangedRecords{Since: p.At}
	if p.pull.ID == uuid.Nil {
		change.Decided = p.At
	}
	changed, days := map[uuid.UUID]books.ChangedRecords{}, map[uuid.UUID]domain.Window{}
	accounts := map[uuid.UUID]bool{}
	for account := range p.refreshed {
		accounts[p.accountIDs[account].UUID] = true
	}
	var adjustments []books.Adjustment
	err = p.visitChanged(func(c records.RecordChange) {
		accounts[c.After.Account.UUID] = true
		if c.Before != nil {
			accounts[c.Before.Account.UUID] = true
		}
		books.PostedChanges(c.Before, c.After, func(account domain.AccountID, date domain.Date) {
			change.First = date
			changed[account.UUID] = changed[account.UUID].And(change)
			days[account.UUID] = withDay(days[account.UUID], date)
		})
		adjustments = append(adjustments, c.Adjustments(lastDay)...)
	})
	if err == nil && p.hasReadings {
		err = p.storeChanged(changed)
	}
	if err == nil && p.hasStatements {
		err = p.changeStatements(days)
	}
	if err == nil && p.hasBills {
		err = p.changeBills(accounts)
	}
	if err != nil {
		return err
	}
	return p.storeAdjustments(adjustments, closes)
}

// storeChanged stores, in the completeness of each of these accounts, that records have changed since the latest
// reading.
func (p *pageWriter) storeChanged(changed map[uuid.UUID]books.ChangedRecords) error {
	for _, account := range sortedUUIDs(changed) {
		c := changed[account]
		err := p.tx.Exec(`UPDATE account_completeness SET changed_since = coalesce(changed_since, ?),
			changed_from = CASE WHEN changed_from = '' OR changed_from > ? THEN ? ELSE changed_from END,
			decided_at = coalesce(?, decided_at) WHERE account_id = ? AND tenant_id = ?`,
			gormstore.At(c.Since), string(c.First), string(c.First), gormstore.At(c.Decided), account,
			p.pull.Tenant).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// visitChanged calls visit for each record that the transaction has written, with the states before and after all
// changes of the transaction. It finds the new versions by their column change_tx, and the previous versions by the
// time at which this transaction has replaced them.
//
// The query compares t.connection_id with a set of one value instead of with "=". PostgreSQL would apply a condition
// with "=" to v as well. If its statistics did not contain the connection yet, it would then expect a single version,
// and compare each record with all versions. A condition on v.tenant_id would have the same effect.
func (p *pageWriter) visitChanged(visit func(records.RecordChange)) error {
	at := gormstore.At(p.At).Param(p.tx.Name())
	q := gormstore.NewQuery(`SELECT t.id, t.version, t.updated_at,
		t.account_id, t.status, t.date, CAST(t.amount AS text), t.currency,
		CAST(t.account_amount AS text), t.account_currency, t.removed_at, t.excluded_at, t.row_sha256,
		v.version IS NOT NULL, v.account_id, coalesce(v.status, ''), coalesce(v.date, ''),
		coalesce(CAST(v.amount AS text), '0'), coalesce(v.currency, ''), CAST(v.account_amount AS text),
		coalesce(v.account_currency, ''), v.removed_at, v.excluded_at, v.row_sha256
		FROM transactions t LEFT JOIN transaction_versions v ON `+p.dialect.TenantIs("v.tenant_id", "t.tenant_id")+`
			AND v.connection_id = t.connection_id AND v.id = t.id AND v.updated_at < ? AND
			`+gormstore.EqualUnindexed("v.replaced_at", "?")+`
		WHERE t.tenant_id = ? AND t.change_tx = ? AND `,
		at, at, gormstore.UUID(p.pull.Tenant), p.changeSeq)
	ofConnection := p.dialect.AnyOf("t.connection_id", []string{p.pull.Connection.String()})
	q.Add(ofConnection.SQL, ofConnection.Vars...)
	var change records.RecordChange
	var before, after bookedRow
	var replaced bool
	columns := append(gormstore.ScanTargets(&change.ID.UUID, &change.Version, &change.At), after.targets()...)
	columns = append(append(columns, &replaced), before.targets()...)
	return p.tx.Read(q.AsRead(columns, func() error {
		change.Before, change.After = nil, after.state()
		if replaced {
			previous := before.state()
			change.Before = &previous
		}
		visit(change)
		return nil
	}))
}

// bookedRow contains the columns of a version of a record that influence a closed period or the completeness of its
// account.
type bookedRow struct {
	summedRow

	removedAt  time.Time
	excludedAt time.Time
	rowSHA256  []byte
}

func (r *bookedRow) targets() []any {
	return gormstore.ScanTargets(
		&r.account, (*gormstore.Text)(&r.status), (*gormstore.Text)(&r.date), &r.amount, (*gormstore.Text)(&r.currency),
		&r.accountAmount, (*gormstore.Text)(&r.accountCurrent), &r.removedAt, &r.excludedAt, &r.rowSHA256,
	)
}

func (r *bookedRow) state() books.RecordState {
	row := r.domain()
	return books.RecordState{
		Account: domain.AccountID{UUID: r.account}, Live: r.removedAt.IsZero(), Excluded: !r.excludedAt.IsZero(),
		RowSHA256: string(r.rowSHA256),
		CoveredMembers: domain.NewCoveredMembers(
			domain.TransactionStatus(r.status), row.Date, row.Amount, row.AccountMoney),
	}
}
