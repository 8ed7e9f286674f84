package records

import (
	"slices"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// VisitLive implements records.Source. It reads the live rows in the window one by one.
func (s recordSource) VisitLive(
	dates domain.Window, name string, carriedOver bool, visit func(records.LiveRecord),
) error {
	account, selected := "account", "SELECT external_id, account, date, false FROM transactions t"
	if carriedOver {
		if err := s.dialect.JoinByHash(s.tx.DB); err != nil {
			return err
		}
		account, selected = presentAccount, selectLiveRows
	}
	condition := between("t.date", dates)
	if name != "" {
		condition = and(condition, clause.Expr{SQL: " AND " + account + " = ?", Vars: []any{name}})
	}
	return s.visitLive(selected, condition, visit)
}

// presentAccount is the SQL expression in selectLiveRows for the external id of the account. A carried-over row (see
// stateRow) contains the former external id of its account, so the account is looked up.
const presentAccount = "COALESCE(a.external_id, t.account)"

// selectLiveRows is a SELECT of the columns of a records.LiveRecord. The caller appends the conditions.
const selectLiveRows = "SELECT t.external_id, " + presentAccount + `, t.date, u.external_id IS NOT NULL
	FROM transactions t
	LEFT JOIN row_states u ON u.connection_id = t.connection_id AND u.external_id = t.external_id
		AND u.tenant_id = t.tenant_id AND u.account_id IS NOT NULL
	LEFT JOIN accounts a ON a.id = u.account_id AND a.tenant_id = u.tenant_id`

// visitLive calls visit with each live row of the connection that matches the condition. The condition begins with
// AND, or is empty.
func (s recordSource) visitLive(selected string, condition clause.Expr, visit func(records.LiveRecord)) error {
	q := gormstore.NewQuery(
		selected+" WHERE t.connection_id = ? AND t.removed_at IS NULL AND "+
			s.dialect.TenantIs("t.tenant_id", "?"),
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	q.AddExpr(condition)
	var row records.LiveRecord
	return s.tx.Read(q.AsRead(gormstore.ScanTargets(
		(*gormstore.Text)(&row.ExternalID), (*gormstore.Text)(&row.Account), (*gormstore.Text)(&row.Date),
		&row.CarriedOver,
	), func() error {
		visit(row)
		return nil
	}))
}

// VisitMetadata implements records.Source. It reads the metadata of the rows with these external ids.
func (s recordSource) VisitMetadata(externalIDs []string, visit func(externalID string, metadata []byte)) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		which := s.dialect.AnyOf("external_id", batch)
		q := gormstore.NewQuery("SELECT external_id, metadata FROM transactions WHERE connection_id = ? AND "+
			s.dialect.TenantIs("tenant_id", "?"), gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
		q.Add(" AND "+which.SQL, which.Vars...)
		var externalID string
		var metadata gormstore.Packed
		err := s.tx.Read(q.AsRead([]any{(*gormstore.Text)(&externalID), &metadata}, func() error {
			visit(externalID, metadata)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}
