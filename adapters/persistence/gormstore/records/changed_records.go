package records

import (
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// The column changed_since of account_completeness contains the time of the first change of posted records after the
// latest reading of the account. Each transaction that changes records updates the row. The transaction that stores a
// reading locks the row, reads the records, and clears the change. A change that the reading does not contain waits for
// this lock, and is therefore stored after the reading.

// selectHasReadings is a SELECT that yields whether a connection has an account with a stored completeness. Its
// parameters are the connection and the tenant.
const selectHasReadings = `SELECT EXISTS (SELECT 1 FROM account_completeness
	WHERE account_completeness.connection_id = ? AND account_completeness.tenant_id = ?)`

// changeBooks stores how the changes of the transaction affect the completeness and the closed periods of the accounts.
// It must be called after the last change.
func (p *pageWriter) changeBooks() error {
	if err := p.storeChanged(); err != nil {
		return err
	}
	return p.storeAdjustments()
}

// storeChanged finds the accounts whose posted records have changed. In the completeness of each of them, it stores
// that records have changed since the latest reading.
func (p *pageWriter) storeChanged() error {
	if !p.hasReadings || p.changeSeq == 0 {
		return nil
	}
	changed := map[uuid.UUID]books.ChangedRecords{}
	change := books.ChangedRecords{Since: p.At}
	if p.pull.ID == uuid.Nil {
		change.Decided = p.At
	}
	err := p.visitChanged(func(before *books.RecordState, after books.RecordState) {
		books.PostedChanges(before, after, func(account domain.AccountID, date domain.Date) {
			change.First = date
			changed[account.UUID] = changed[account.UUID].And(change)
		})
	})
	for _, account := range sortedUUIDs(changed) {
		if err == nil {
			c := changed[account]
			err = p.tx.Exec(`UPDATE account_completeness SET changed_since = coalesce(changed_since, ?),
				changed_from = CASE WHEN changed_from = '' OR changed_from > ? THEN ? ELSE changed_from END,
				decided_at = coalesce(?, decided_at) WHERE account_id = ? AND tenant_id = ?`,
				gormstore.At(c.Since), string(c.First), string(c.First), gormstore.At(c.Decided), account,
				p.pull.Tenant).Error
		}
	}
	return err
}

// visitChanged calls visit for each record that the transaction has written, with the states before and after the
// change. It finds the new versions by their column change_tx, and the previous versions by the time at which this
// transaction has replaced them. before is nil for a new record.
//
// The query compares t.connection_id with a set of one value instead of with "=". PostgreSQL would apply a condition
// with "=" to v as well. If its statistics did not contain the connection yet, it would then expect a single version,
// and compare each record with all versions. A condition on v.tenant_id would have the same effect.
func (p *pageWriter) visitChanged(visit func(before *books.RecordState, after books.RecordState)) error {
	at := gormstore.At(p.At).Param(p.tx.Name())
	q := gormstore.NewQuery(`SELECT t.account_id, t.status, t.date, CAST(t.amount AS text), t.currency,
		CAST(t.account_amount AS text), t.account_currency, t.removed_at, t.row_sha256,
		v.version IS NOT NULL, v.account_id, coalesce(v.status, ''), coalesce(v.date, ''),
		coalesce(CAST(v.amount AS text), '0'), coalesce(v.currency, ''), CAST(v.account_amount AS text),
		coalesce(v.account_currency, ''), v.removed_at, v.row_sha256
		FROM transactions t LEFT JOIN transaction_versions v ON `+gormstore.SameTenant(p.dialect, "v", "t")+`
			v.connection_id = t.connection_id AND v.id = t.id AND v.updated_at < ? AND
			`+gormstore.EqualUnindexed("v.replaced_at")+`
		WHERE t.tenant_id = ? AND t.change_tx = ? AND `,
		at, at, gormstore.UUID(p.pull.Tenant), p.changeSeq)
	ofConnection := p.dialect.AnyOf("t.connection_id", []string{p.pull.Connection.String()})
	q.Add(ofConnection.SQL, ofConnection.Vars...)
	var before, after bookedRow
	var replaced bool
	columns := append(append(after.targets(), &replaced), before.targets()...)
	return p.tx.Read(q.AsRead(columns, func() error {
		if state := after.state(); replaced {
			previous := before.state()
			visit(&previous, state)
		} else {
			visit(nil, state)
		}
		return nil
	}))
}

// bookedRow contains the columns of a version of a record that determine whether a change of the record must be
// stored; see books.PostedChanges.
type bookedRow struct {
	stateRow

	rowSHA256 []byte
}

func (r *bookedRow) targets() []any {
	return gormstore.ScanTargets(
		&r.account, (*gormstore.Text)(&r.status), (*gormstore.Text)(&r.date), &r.amount, (*gormstore.Text)(&r.currency),
		&r.accountAmount, (*gormstore.Text)(&r.accountCurrent), &r.removedAt, &r.rowSHA256,
	)
}

func (r *bookedRow) state() books.RecordState {
	state := r.stateRow.state()
	state.RowSHA256 = string(r.rowSHA256)
	return state
}
