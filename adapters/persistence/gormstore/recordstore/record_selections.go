package recordstore

import (
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// andCondition returns the condition "AND text". It replaces "(...)" in the text by one parameter for each value of
// list.
func andCondition(text string, list ...any) clause.Expr {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", ") + ")"
	return clause.Expr{SQL: " AND " + strings.Replace(text, "(...)", marks, 1), Vars: list}
}

// The function named and returns the conjunction of SQL conditions. Each condition begins with AND or is empty.
func and(conditions ...clause.Expr) (all clause.Expr) {
	for _, c := range conditions {
		all.SQL, all.Vars = all.SQL+c.SQL, append(all.Vars, c.Vars...)
	}
	return all
}

// The function between returns the SQL condition that the column of dates is in the window. The condition begins with
// AND. It is empty if the window has neither a first nor a last day.
func between(column string, dates domain.Window) (within clause.Expr) {
	if dates.From != "" {
		within = clause.Expr{SQL: " AND " + column + " >= ?", Vars: []any{string(dates.From)}}
	}
	if dates.To != "" {
		within = and(within, clause.Expr{SQL: " AND " + column + " <= ?", Vars: []any{string(dates.To)}})
	}
	return within
}

// notHeld returns an SQL condition on staged rows. It is true if the account in the given column is not held back. It
// begins with AND, and is empty if no account is held back.
func notHeld(column string, held []string) clause.Expr {
	if len(held) == 0 {
		return clause.Expr{}
	}
	return andCondition(column+" NOT IN (...)", gormstore.ConvertAll(held, func(id string) any { return id })...)
}

// scope returns the SQL condition that a row belongs to the connection of the pull, or to an account in p.moved. prefix
// stands before the names of the columns connection_id and account_id.
func (p *pageWriter) scope(prefix string) clause.Expr {
	own := clause.Expr{SQL: prefix + "connection_id = ?", Vars: []any{gormstore.UUID(p.pull.Connection)}}
	if len(p.moved) == 0 {
		return own
	}
	var connections, accounts []any
	for _, account := range p.moved {
		connections = append(connections, gormstore.UUID(account.Connection.UUID))
		accounts = append(accounts, gormstore.UUID(account.ID.UUID))
	}
	moved := and(andCondition(prefix+"connection_id IN (...)", connections...),
		andCondition(prefix+"account_id IN (...)", accounts...))
	return clause.Expr{
		SQL:  "(" + own.SQL + " OR " + strings.TrimPrefix(moved.SQL, " AND ") + ")",
		Vars: append(own.Vars, moved.Vars...),
	}
}

// sameConnection returns the SQL condition that a row in the column of the given name belongs to the connection of the
// pull. The other column contains the connection of a row that scope selects.
func (p *pageWriter) sameConnection(column, other string) clause.Expr {
	if len(p.moved) == 0 {
		return clause.Expr{SQL: column + " = " + other}
	}
	return clause.Expr{SQL: column + " = ?", Vars: []any{gormstore.UUID(p.pull.Connection)}}
}

// stagedCondition returns an SQL condition on staged rows that begins with AND. It ignores which.Limit.
func (p *pageWriter) stagedCondition(which records.StagedRowsOf) clause.Expr {
	all := notHeld("account", which.Held)
	if which.Accounts != nil {
		names := gormstore.ConvertAll(which.Accounts, func(id string) any { return id })
		all = and(andCondition("account IN (...)", names...), all)
	}
	if which.ExternalIDs != nil {
		ids := p.dialect.AnyOf("external_id", which.ExternalIDs)
		all = and(all, clause.Expr{SQL: " AND " + ids.SQL, Vars: ids.Vars})
	}
	all = and(all, between("date", which.Dates))
	if which.New {
		scope := clause.Expr{SQL: "t.connection_id = staged_transactions.connection_id"}
		if len(p.moved) > 0 {
			scope = p.scope("t.")
		}
		all = and(all, clause.Expr{
			SQL: " AND NOT EXISTS (SELECT 1 FROM transactions t WHERE " + scope.SQL +
				" AND t.external_id = staged_transactions.external_id AND " +
				p.dialect.TenantIs("t.tenant_id", "staged_transactions.tenant_id") + ")",
			Vars: scope.Vars,
		})
	}
	if which.Unprepared {
		all = and(all, clause.Expr{SQL: unprepared})
	}
	if which.After != "" {
		all = and(all, clause.Expr{SQL: " AND external_id > ?", Vars: []any{which.After}})
	}
	return all
}

// isCarriedOver is an SQL condition on stored rows: the row is carried over.
const isCarriedOver = `EXISTS (SELECT 1 FROM row_states u
	WHERE u.connection_id = transactions.connection_id
	AND u.external_id = transactions.external_id AND u.tenant_id = transactions.tenant_id
	AND u.account_id IS NOT NULL)`

// condition returns an SQL condition on stored rows of the connection that begins with AND. See records.RecordsOf.
func (s recordSource) condition(which records.RecordsOf) clause.Expr {
	open := clause.Expr{SQL: " AND removed_at IS NULL AND superseded_by IS NULL"}
	if !which.RemovedSince.IsZero() {
		open = clause.Expr{
			SQL: " AND removed_at >= ? AND superseded_by IS NULL", Vars: []any{s.time(which.RemovedSince)},
		}
	}
	all := and(open, accountCondition(which), s.notShown(which))
	if which.IDs != nil {
		ids := gormstore.ConvertAll(which.IDs, func(id domain.TransactionID) any { return gormstore.UUID(id.UUID) })
		all = and(all, andCondition("id IN (...)", ids...))
	}
	return and(all, between("date", which.Dates))
}

// accountCondition returns the part of a condition that selects accounts and carried-over rows.
func accountCondition(which records.RecordsOf) clause.Expr {
	if slices.Equal(which.Accounts, []domain.AccountID{{}}) {
		return clause.Expr{SQL: " AND account_id IS NULL"}
	}
	accounts := []any{gormstore.UUID(uuid.Nil)} // the list must not be empty; the nil UUID matches no account
	for _, id := range which.Accounts {
		accounts = append(accounts, gormstore.UUID(id.UUID))
	}
	switch {
	case !which.CarriedOver:
		return andCondition("account_id IN (...)", accounts...)
	case len(which.Accounts) == 0:
		return clause.Expr{SQL: " AND " + isCarriedOver}
	}
	return andCondition("(account_id IN (...) OR "+isCarriedOver+")", accounts...)
}

// notShown returns an SQL condition on stored rows. It is true if the vendor does not return the row under the new
// account reference.
func (s recordSource) notShown(which records.RecordsOf) clause.Expr {
	visible := notHeld("s.account", which.Held)
	own := s.sameConnection("s.connection_id", "transactions.connection_id")
	hidden := clause.Expr{
		SQL: ` AND NOT EXISTS (SELECT 1 FROM staged_transactions s
			WHERE ` + own.SQL + ` AND s.external_id = transactions.external_id
			AND s.tenant_id = transactions.tenant_id` + visible.SQL + `)`,
		Vars: append(own.Vars, visible.Vars...),
	}
	if which.StagedSince.IsZero() {
		// No row was staged, so no entry of the quarantine counts. The condition below would compare last_seen_at
		// with NULL.
		return hidden
	}
	own = s.sameConnection("q.connection_id", "transactions.connection_id")
	return and(hidden, clause.Expr{
		SQL: ` AND NOT EXISTS (SELECT 1 FROM quarantined_rows q WHERE ` + own.SQL + `
			AND q.tenant_id = transactions.tenant_id AND q.kind = ? AND q.row_key = transactions.external_id
			AND q.pull_id = ? AND q.last_seen_at >= ?)`,
		Vars: append(own.Vars,
			domain.QuarantinedTransaction, gormstore.UUID(s.pull.ID), s.time(which.StagedSince)),
	})
}

// VisitStaged implements records.PublicationSource. It reads the selected rows one by one.
func (s recordSource) VisitStaged(which records.StagedRowsOf, visit func(domain.TransactionData)) error {
	condition := s.stagedCondition(which)
	if which.Limit > 0 {
		condition = and(condition, clause.Expr{SQL: " ORDER BY external_id LIMIT ?", Vars: []any{which.Limit}})
	}
	return s.visitStaged(visit, condition.SQL, condition.Vars...)
}

// OldestStaged implements records.PublicationSource. It returns the oldest date of the selected rows of each account.
func (s recordSource) OldestStaged(which records.StagedRowsOf) (map[string]domain.Date, error) {
	oldest, condition := map[string]domain.Date{}, s.stagedCondition(which)
	q := gormstore.NewQuery(
		"SELECT account, min(date) FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?",
		gormstore.UUID(s.pull.Connection),
		gormstore.UUID(s.pull.Tenant),
	)
	q.Add(condition.SQL+" GROUP BY account", condition.Vars...)
	var name, date string
	err := s.tx.Read(q.AsRead([]any{(*gormstore.Text)(&name), (*gormstore.Text)(&date)}, func() error {
		oldest[name] = domain.Date(date)
		return nil
	}))
	return oldest, err
}

// PastStaged implements records.PublicationSource. It returns the selected rows that are former rows of a record.
func (s recordSource) PastStaged(which records.StagedRowsOf) (past []records.RowState, err error) {
	visible := s.stagedCondition(which)
	var row records.RowState
	connection, tenant, scope := gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant), s.pastScope()
	q := gormstore.NewQuery(`SELECT p.external_id, p.transaction_id FROM row_states p JOIN (
			SELECT external_id, tenant_id FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?`,
		connection, tenant)
	q.AddExpr(visible)
	q.Add(`) s ON s.tenant_id = p.tenant_id AND s.external_id = p.external_id WHERE `+scope.SQL, scope.Vars...)
	q.Add(` AND p.tenant_id = ? AND p.transaction_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM transactions t
			WHERE t.connection_id = p.connection_id AND t.external_id = p.external_id AND t.tenant_id = p.tenant_id)
		ORDER BY p.external_id`, tenant)
	columns := []any{(*gormstore.Text)(&row.ExternalID), (*gormstore.UUID)(&row.Past.UUID)}
	err = s.tx.Read(q.AsRead(columns, func() error {
		past = append(past, row)
		return nil
	}))
	return past, err
}

// pastScope is like scope, for rows of row_states with the alias p.
func (s recordSource) pastScope() clause.Expr {
	own := clause.Expr{SQL: "p.connection_id = ?", Vars: []any{gormstore.UUID(s.pull.Connection)}}
	if len(s.moved) == 0 {
		return own
	}
	connections := slices.Clone(own.Vars)
	for _, account := range s.moved {
		connections = append(connections, gormstore.UUID(account.Connection.UUID))
	}
	among, moved := andCondition("p.connection_id IN (...)", connections...), s.scope("m.")
	return clause.Expr{
		SQL: strings.TrimPrefix(among.SQL, " AND ") + " AND (" + own.SQL +
			" OR EXISTS (SELECT 1 FROM transactions m WHERE m.id = p.transaction_id" +
			" AND m.tenant_id = p.tenant_id AND " + moved.SQL + "))",
		Vars: slices.Concat(among.Vars, own.Vars, moved.Vars),
	}
}

// VisitRecords implements records.PublicationSource. It reads the selected records one by one.
func (s recordSource) VisitRecords(which records.RecordsOf, visit func(*records.Record)) error {
	condition, scope := s.condition(which), s.scope("")
	if which.IDs != nil && len(s.moved) == 0 {
		scope = isOfConnection(s.pull.Connection)
	}
	return s.visitScope(gormstore.TransactionTable, isStored, scope, visit,
		strings.TrimPrefix(condition.SQL, " AND "), condition.Vars...)
}

// Identities implements records.PublicationSource. It does not read the contents of the records. It does not compare
// the connection; see recordByID. The records of an account that is about to move get the version after the move.
func (s recordSource) Identities(ids []domain.TransactionID) (map[domain.TransactionID]*records.Record, error) {
	found := make(map[domain.TransactionID]*records.Record, len(ids))
	which := s.dialect.AnyOf("id", gormstore.ConvertAll(ids, domain.TransactionID.String))
	row := gormstore.NewTransactionRow()
	q := gormstore.NewQuery("SELECT "+gormstore.SelectedColumns(isIdentity)+" FROM transactions WHERE "+which.SQL,
		which.Vars...)
	q.Add(" AND "+s.dialect.TenantIs("tenant_id", "?"), gormstore.UUID(s.pull.Tenant))
	err := s.tx.Read(q.AsRead(row.TargetsOf(isIdentity), func() error {
		t, err := row.Domain()
		if t.Connection.UUID != s.pull.Connection {
			t.Version++ // see moveRows
		}
		found[t.ID] = &records.Record{Transaction: t}
		return err
	}))
	return found, err
}

// isIdentity reports whether a column is read by Identities.
func isIdentity(c gormstore.Column) bool {
	return slices.Contains([]string{
		"id", "connection_id", "account_id", "external_id", "version", "first_seen_at", "removed_at", "supersedes",
		"superseded_by",
	}, c.Name)
}

// Dates implements records.PublicationSource. It returns the dates of the first and the last of the selected records.
func (s recordSource) Dates(which records.RecordsOf, limit int) (window domain.Window, err error) {
	err = s.column("date", which, limit, func(date string) {
		if window.From == "" {
			window.From = domain.Date(date)
		}
		window.To = domain.Date(date)
	})
	return window, err
}

// ExternalIDs implements records.PublicationSource. It returns the external ids of selected records, in order.
func (s recordSource) ExternalIDs(which records.RecordsOf, limit int) (ids []string, err error) {
	err = s.column("external_id", which, limit, func(id string) { ids = append(ids, id) })
	return ids, err
}

// column calls visit with a text column of at most limit selected records, in the order of this column.
func (s recordSource) column(name string, which records.RecordsOf, limit int, visit func(string)) error {
	condition := s.condition(which)
	scope := s.scope("")
	q := gormstore.NewQuery("SELECT "+name+" FROM transactions WHERE "+scope.SQL, scope.Vars...)
	q.Add(" AND "+s.dialect.TenantIs("tenant_id", "?"), gormstore.UUID(s.pull.Tenant))
	q.Add(condition.SQL+" ORDER BY "+name+" LIMIT ?", append(slices.Clone(condition.Vars), limit)...)
	var text string
	return s.tx.Read(q.AsRead([]any{(*gormstore.Text)(&text)}, func() error {
		visit(text)
		return nil
	}))
}
