package records

import (
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// carriedOverRow is a row of carried_over_transactions. It names a transaction that the vendor has not yet returned
// under the account's current account reference. The transaction is live, or was removed within domain.MatchWindow
// because no pull had returned it.
type carriedOverRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	Account    uuid.UUID `gorm:"column:account_id"`
	Date       string    `gorm:"column:date"`
}

// TableName returns the name of the table in the schema.
func (carriedOverRow) TableName() string { return "carried_over_transactions" }

// forgetExpired deletes the entries of carried_over_transactions whose rows were removed more than domain.MatchWindow
// ago, or were replaced by other rows.
func (p *pageWriter) forgetExpired() error {
	since := p.time(p.At.Add(-domain.MatchWindow))
	return p.tx.Exec(`DELETE FROM carried_over_transactions WHERE connection_id = ? AND tenant_id = ? AND NOT EXISTS
		(SELECT 1 FROM transactions t WHERE t.connection_id = carried_over_transactions.connection_id
			AND t.external_id = carried_over_transactions.external_id
			AND t.tenant_id = carried_over_transactions.tenant_id
			AND t.superseded_by IS NULL AND (t.removed_at IS NULL OR t.removed_at >= ?))`,
		p.pull.Connection, p.pull.Tenant, since).Error
}

// CarriedOverAccounts implements records.PublicationSource. It returns the accounts of the connection that have
// carried-over rows.
func (s recordSource) CarriedOverAccounts() ([]domain.AccountID, error) {
	var ids []uuid.UUID
	scope := s.scope("")
	err := s.tx.Where(scope.SQL, scope.Vars...).Where("tenant_id = ?", s.pull.Tenant).Model(&carriedOverRow{}).
		Distinct().Pluck("account_id", &ids).Error
	return gormstore.ConvertAll(ids, func(id uuid.UUID) domain.AccountID { return domain.AccountID{UUID: id} }), err
}

// carryOver changes the list of carried-over rows.
func (p *pageWriter) carryOver(c *records.Changes) error {
	if c.CarryOver == nil {
		return nil
	}
	returned, own := p.stagedCondition(c.CarryOver.Returned), []any{p.pull.Connection, p.pull.Tenant}
	err := p.tx.Exec(`DELETE FROM carried_over_transactions WHERE connection_id = ? AND tenant_id = ? AND external_id IN
		(SELECT external_id FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?`+returned.SQL+")",
		slices.Concat(own, own, returned.Vars)...).Error
	if err != nil || len(c.CarryOver.Records.Accounts) == 0 {
		return err
	}
	live := recordSource{p}.condition(c.CarryOver.Records)
	err = p.tx.Exec(`INSERT INTO carried_over_transactions (connection_id, external_id, account_id, date, tenant_id)
		SELECT connection_id, external_id, account_id, date, tenant_id FROM transactions WHERE connection_id = ?
			AND `+p.dialect.TenantIs("tenant_id", "?")+live.SQL+" ON CONFLICT DO NOTHING",
		slices.Concat(own, live.Vars)...).Error
	if err != nil {
		return err
	}
	// Clear the content hashes of the carried-over rows. If the vendor returns such a row later, FilterUnchanged then
	// does not filter the row out, and StorePage gets it.
	return p.tx.Exec("UPDATE transactions SET content_hash = NULL WHERE connection_id = ? AND "+
		p.dialect.TenantIs("tenant_id", "?")+live.SQL,
		slices.Concat(own, live.Vars)...).Error
}
