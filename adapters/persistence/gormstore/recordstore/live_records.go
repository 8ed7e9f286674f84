package recordstore

import (
	"iter"
	"slices"

	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// VisitLive implements records.Source. It reads the rows one by one.
func (s recordSource) VisitLive(of records.LiveOf, visit func(records.LiveRecord)) error {
	account, carriedOver, from := "t.account", "false", "transactions t"
	if !of.NoneCarriedOver {
		account, carriedOver, from = presentAccount, "u.external_id IS NOT NULL", fromCarriedOver
	}
	if !of.NoneCarriedOver && of.ExternalIDs == nil {
		if err := s.dialect.JoinByHash(s.tx.DB); err != nil {
			return err
		}
	}
	columns := "t.external_id, " + account + ", t.date, " + carriedOver
	var row records.LiveRecord
	targets := gormstore.ScanTargets((*gormstore.Text)(&row.ExternalID), (*gormstore.Text)(&row.Account),
		(*gormstore.Text)(&row.Date), &row.CarriedOver)
	if of.Metadata {
		columns, targets = columns+", t.metadata", append(targets, (*gormstore.Packed)(&row.Metadata))
	}
	condition := between("t.date", of.Dates)
	if of.Account != "" {
		condition = and(condition, clause.Expr{SQL: " AND " + account + " = ?", Vars: []any{of.Account}})
	}
	if of.New {
		condition = and(condition, clause.Expr{
			SQL: " AND t.pull_id = ? AND t.version = 1", Vars: []any{gormstore.UUID(s.pull.ID)},
		})
	}
	for which := range s.batches(condition, "t.external_id", of.ExternalIDs) {
		q := gormstore.NewQuery("SELECT "+columns+" FROM "+from+
			" WHERE t.connection_id = ? AND t.removed_at IS NULL AND "+s.dialect.TenantIs("t.tenant_id", "?"),
			gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
		q.AddExpr(which)
		err := s.tx.Read(q.AsRead(targets, func() error {
			visit(row)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// presentAccount is the SQL expression for the external id of the account of a record from fromCarriedOver. A
// carried-over row (see stateRow) contains the former external id of its account, so the account is looked up.
const presentAccount = "COALESCE(a.external_id, t.account)"

// fromCarriedOver joins the records with the accounts of the carried-over ones.
const fromCarriedOver = `transactions t
	LEFT JOIN row_states u ON u.connection_id = t.connection_id AND u.external_id = t.external_id
		AND u.tenant_id = t.tenant_id AND u.account_id IS NOT NULL
	LEFT JOIN accounts a ON a.id = u.account_id AND a.tenant_id = u.tenant_id`

// batches yields SQL conditions that together select the rows that match the condition and have one of the external
// ids. If externalIDs is nil, it yields the condition itself. The column contains the external ids.
func (p *pageWriter) batches(condition clause.Expr, column string, externalIDs []string) iter.Seq[clause.Expr] {
	return func(yield func(clause.Expr) bool) {
		if externalIDs == nil {
			yield(condition)
			return
		}
		for batch := range slices.Chunk(externalIDs, removalBatch) {
			ids := p.dialect.AnyOf(column, batch)
			if !yield(and(condition, clause.Expr{SQL: " AND " + ids.SQL, Vars: ids.Vars})) {
				return
			}
		}
	}
}
