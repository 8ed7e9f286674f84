package recordstore

import (
	"cmp"
	"slices"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// strongColumns are the columns of the references that may identify one movement of an account; see
// domain.References.Strong.
var strongColumns = []string{"end_to_end_id", "institution_id", "authentication_code", "tracking_key", "barcode"}

// VisitIdentified implements records.Source. It reads the records through the indexes of the references.
func (s recordSource) VisitIdentified(
	account domain.AccountID, values []string, visit func(domain.TransactionID, domain.References),
) error {
	row := gormstore.NewTransactionRow()
	for _, column := range strongColumns {
		which := s.dialect.AnyOf("lower("+column+")", values)
		q := gormstore.NewQuery("SELECT "+gormstore.SelectedColumns(isIdentifying)+
			" FROM transactions WHERE tenant_id = ? AND "+inIndex(column), gormstore.UUID(s.pull.Tenant))
		q.Add(" AND "+which.SQL, which.Vars...)
		q.Add(" AND "+gormstore.EqualUnindexed("account_id", "?"), gormstore.UUID(account.UUID))
		err := s.tx.Read(q.AsRead(row.TargetsOf(isIdentifying), func() error {
			t, err := row.Domain()
			visit(cmp.Or(t.SupersededBy, t.ID), t.References)
			return err
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// isIdentifying reports whether a column is read by VisitIdentified.
func isIdentifying(c gormstore.Column) bool {
	return slices.Contains(strongColumns, c.Name) || slices.Contains([]string{"id", "superseded_by"}, c.Name)
}
