package recordstore

import (
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The column changes of bank_statements counts the transactions that have changed posted records of the account, or of
// the account that is the witness, near the days of the statement. If it is larger than compared_changes, the
// comparison is stale.

// selectHasStatements is a SELECT that yields whether a connection has an account with a bank statement, or an account
// that is the witness of one. Its parameters are the connection and the tenant, twice.
const selectHasStatements = `SELECT EXISTS (SELECT 1 FROM bank_statements
		WHERE bank_statements.connection_id = ? AND bank_statements.tenant_id = ?)
	OR EXISTS (SELECT 1 FROM bank_statements
		WHERE bank_statements.witness_connection_id = ? AND bank_statements.tenant_id = ?)`

// nearDays is the number of days before the first and after the last day of a statement in which a change of a record
// can affect its comparison. Only an equal identifier matches a line with a record of a more distant day.
const nearDays = 7

// withDay returns the smallest window that contains the window and the day. The zero window contains no day.
func withDay(w domain.Window, day domain.Date) domain.Window {
	if w.From == "" || day < w.From {
		w.From = day
	}
	return domain.Window{From: w.From, To: max(w.To, day)}
}

// changeStatements makes the bank statements due whose comparison may be affected by changes of records of the given
// days.
func (p *pageWriter) changeStatements(days map[uuid.UUID]domain.Window) error {
	for _, account := range sortedUUIDs(days) {
		w := days[account]
		for _, column := range []string{"account_id", "witness_id"} {
			err := p.tx.Exec(`UPDATE bank_statements SET changes = changes + 1, due_at = coalesce(due_at, ?)
				WHERE `+column+` = ? AND tenant_id = ? AND (state = 'reading' OR state = 'compared'
					AND first_day <> '' AND first_day <= ? AND last_day >= ?)`,
				gormstore.At(p.At), account, p.pull.Tenant, string(w.To.AddDays(nearDays)),
				string(w.From.AddDays(-nearDays))).Error
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// coverStatements makes the bank statements of the connection due that have left out lines whose days the present
// readings of the account cover.
func coverStatements(tx *gorm.DB, pull gormstore.PullRow, o records.Outcome) error {
	var waiting []struct {
		ID       uuid.UUID
		Account  uuid.UUID `gorm:"column:account_id"`
		WaitsFor string
	}
	err := tx.Table("bank_statements").Select("id", "account_id", "waits_for").
		Where("connection_id = ? AND tenant_id = ? AND state = ? AND waits_for <> ''", pull.Connection, pull.Tenant,
			string(witness.StateCompared)).Order("id").Find(&waiting).Error
	for i := 0; i < len(waiting) && err == nil; i++ {
		row := waiting[i]
		view, viewErr := accountView(tx, domain.TenantID{UUID: pull.Tenant}, domain.AccountID{UUID: row.Account})
		if viewErr != nil {
			return viewErr
		}
		if view.CoversTo(o.Coverage) < domain.Date(row.WaitsFor) {
			continue
		}
		err = tx.Exec(`UPDATE bank_statements SET changes = changes + 1, due_at = coalesce(due_at, ?)
			WHERE id = ? AND tenant_id = ?`, gormstore.At(o.At), row.ID, pull.Tenant).Error
	}
	return err
}
