package recordstore

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// stateRow is a row of row_states. The marks of a row are independent of each other.
type stateRow struct {
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	// Transaction is set for a former row of a transaction.
	Transaction uuid.NullUUID `gorm:"column:transaction_id"`
	// AccountID is set for a row that is carried over: the vendor has not yet returned it under the account's current
	// account reference. Its transaction is live, or was removed within domain.MatchWindow because no pull had returned
	// it.
	AccountID uuid.NullUUID `gorm:"column:account_id"`
	Date      string        `gorm:"column:date"`
	Account   string        `gorm:"column:account"`
	// AbsentPull is set for a live row that the last complete listing did not contain.
	AbsentPull     uuid.NullUUID     `gorm:"column:absent_pull_id"`
	Held           gormstore.Instant `gorm:"column:held_at"`
	HeldSync       gormstore.Instant `gorm:"column:held_sync"`
	ProvedBy       uuid.NullUUID     `gorm:"column:proved_by"`
	AnnouncedAt    gormstore.Instant `gorm:"column:announced_at"`
	AnnouncedPull  uuid.NullUUID     `gorm:"column:announced_pull_id"`
	AnnouncedState string            `gorm:"column:announced_state"`
	Tenant         uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (stateRow) TableName() string { return "row_states" }

func (p *pageWriter) rowOfState(s records.RowState) stateRow {
	return stateRow{
		Connection: p.pull.Connection, ExternalID: s.ExternalID, Transaction: gormstore.Optional(s.Past.UUID),
		AccountID: gormstore.Optional(s.CarriedOver.UUID), Date: string(s.Date), Account: s.Account,
		AbsentPull: gormstore.Optional(s.Absent.Pull.UUID), Held: gormstore.At(s.Absent.Held.At),
		HeldSync: gormstore.At(s.Absent.Held.Sync), ProvedBy: gormstore.Optional(s.Absent.ProvedBy.UUID),
		AnnouncedAt: gormstore.At(s.Announced.At), AnnouncedPull: gormstore.Optional(s.Announced.Pull.UUID),
		AnnouncedState: string(s.Announced.State), Tenant: p.pull.Tenant,
	}
}

// stateMark describes the columns of a mark.
type stateMark struct {
	isSet   string // an SQL condition
	columns []string
	clear   string // the assignments that end the mark
}

var stateMarks = [...]stateMark{
	records.MarkPast:        {"transaction_id IS NOT NULL", []string{"transaction_id"}, "transaction_id = NULL"},
	records.MarkCarriedOver: {"account_id IS NOT NULL", []string{"account_id", "date"}, "account_id = NULL"},
	records.MarkAbsent: {
		"absent_pull_id IS NOT NULL",
		[]string{"account", "absent_pull_id", "held_at", "held_sync", "proved_by"},
		"absent_pull_id = NULL, held_at = NULL, held_sync = NULL, proved_by = NULL",
	},
	records.MarkAnnounced: {
		"announced_state <> ''",
		[]string{"account", "date", "announced_at", "announced_pull_id", "announced_state"},
		"announced_at = NULL, announced_pull_id = NULL, announced_state = ''",
	},
}

// replaced is the conflict clause of an INSERT of rows with the mark. The other marks of stored rows stay.
func (m stateMark) replaced() clause.OnConflict {
	return clause.OnConflict{
		Columns:   gormstore.UniqueColumns("connection_id", "external_id"),
		DoUpdates: clause.AssignmentColumns(m.columns),
	}
}

// onlyMark returns an SQL condition: the row has no mark but the given one.
func onlyMark(mark records.Mark) string {
	var none []string
	for other, m := range stateMarks {
		if records.Mark(other) != mark {
			none = append(none, "NOT ("+m.isSet+")")
		}
	}
	return strings.Join(none, " AND ")
}

// stateBatch is the maximum number of rows in one INSERT. It keeps the number of parameters below the limits of both
// databases.
const stateBatch = 200

// VisitStates implements records.Source. It reads the rows one by one.
func (s recordSource) VisitStates(which records.StatesOf, visit func(records.RowState)) error {
	for condition := range s.statesCondition(which) {
		q := gormstore.NewQuery(`SELECT external_id, account, date, transaction_id, account_id, absent_pull_id, held_at,
			held_sync, proved_by, announced_at, announced_pull_id, announced_state
			FROM row_states WHERE connection_id = ? AND tenant_id = ? AND `,
			gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
		q.AddExpr(condition)
		var row records.RowState
		absent, announced := &row.Absent, &row.Announced
		err := s.tx.Read(q.AsRead(gormstore.ScanTargets(
			(*gormstore.Text)(&row.ExternalID), (*gormstore.Text)(&row.Account), (*gormstore.Text)(&row.Date),
			&row.Past.UUID, &row.CarriedOver.UUID, &absent.Pull.UUID, &absent.Held.At, &absent.Held.Sync,
			&absent.ProvedBy.UUID, &announced.At, &announced.Pull.UUID, (*gormstore.Text)(&announced.State),
		), func() error {
			visit(row)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// statesCondition yields conditions on rows of row_states that together select the rows.
func (p *pageWriter) statesCondition(which records.StatesOf) iter.Seq[clause.Expr] {
	all := clause.Expr{SQL: stateMarks[which.Mark].isSet}
	if which.Account != "" {
		all = and(all, clause.Expr{SQL: " AND account = ?", Vars: []any{which.Account}})
	}
	if which.Held {
		all.SQL += " AND announced_state = 'held'"
	}
	if !which.Before.IsZero() {
		all = and(all, p.expiredState(which.Mark, which.Before))
	}
	return p.batches(all, "external_id", which.ExternalIDs)
}

// expiredState returns the condition of records.StatesOf.Before. It begins with AND.
func (p *pageWriter) expiredState(mark records.Mark, before time.Time) clause.Expr {
	if mark == records.MarkAnnounced {
		return clause.Expr{SQL: " AND announced_state <> 'held' AND announced_at < ?", Vars: []any{p.time(before)}}
	}
	return clause.Expr{SQL: ` AND NOT EXISTS (SELECT 1 FROM transactions t
		WHERE t.connection_id = row_states.connection_id AND t.external_id = row_states.external_id
		AND t.tenant_id = row_states.tenant_id
		AND t.superseded_by IS NULL AND (t.removed_at IS NULL OR t.removed_at >= ?))`, Vars: []any{p.time(before)}}
}

// changeStates ends marks of rows, and stores new ones.
func (p *pageWriter) changeStates(c *records.Changes) error {
	for _, which := range c.Clear {
		for condition := range p.statesCondition(which) {
			if err := p.clearMark(p.pull.Connection, which.Mark, condition); err != nil {
				return err
			}
		}
	}
	return p.putStates(c.States)
}

// clearMark ends a mark of the rows of a connection that match the condition. Rows without another mark are deleted.
func (p *pageWriter) clearMark(connection uuid.UUID, mark records.Mark, condition clause.Expr) error {
	own := []any{connection, p.pull.Tenant}
	const ofConnection = " WHERE connection_id = ? AND tenant_id = ? AND "
	err := p.tx.Exec("DELETE FROM row_states"+ofConnection+condition.SQL+" AND "+onlyMark(mark),
		slices.Concat(own, condition.Vars)...).Error
	if err != nil {
		return err
	}
	return p.tx.Exec("UPDATE row_states SET "+stateMarks[mark].clear+ofConnection+condition.SQL,
		slices.Concat(own, condition.Vars)...).Error
}

// putStates stores a mark of rows.
func (p *pageWriter) putStates(states []records.RowState) error {
	if len(states) == 0 {
		return nil
	}
	last := records.Deduplicate(states, func(s *records.RowState) string { return s.ExternalID })
	rows := make([]stateRow, len(last))
	for i := range last {
		rows[i] = p.rowOfState(last[i])
	}
	return p.tx.Clauses(stateMarks[states[0].Mark()].replaced()).CreateInBatches(rows, stateBatch).Error
}

// moveStates moves the past and carried-over rows of an account from the connection with the given id to the pull's
// connection. The publication ends all other marks.
func (p *pageWriter) moveStates(source, account uuid.UUID) error {
	for _, moved := range []struct {
		mark  records.Mark
		which clause.Expr
	}{
		{records.MarkPast, clause.Expr{
			SQL: "transaction_id IN (SELECT id FROM transactions WHERE connection_id = ? AND " +
				p.dialect.TenantIs("tenant_id", "?") + " AND account_id = ?)",
			Vars: []any{source, p.pull.Tenant, account},
		}},
		{records.MarkCarriedOver, clause.Expr{SQL: "account_id = ?", Vars: []any{account}}},
	} {
		m := stateMarks[moved.mark]
		columns, assigned := strings.Join(m.columns, ", "), make([]string, len(m.columns))
		for i, column := range m.columns {
			assigned[i] = column + " = excluded." + column
		}
		err := p.tx.Exec("INSERT INTO row_states (connection_id, external_id, tenant_id, "+columns+
			") SELECT ?, external_id, tenant_id, "+columns+
			" FROM row_states WHERE connection_id = ? AND tenant_id = ? AND "+moved.which.SQL+
			" ON CONFLICT (connection_id, external_id, tenant_id) DO UPDATE SET "+strings.Join(assigned, ", "),
			slices.Concat([]any{p.pull.Connection, source, p.pull.Tenant}, moved.which.Vars)...).Error
		if err == nil {
			err = p.clearMark(source, moved.mark, moved.which)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CarriedOverAccounts implements records.PublicationSource. It returns the accounts of the connection that have
// carried-over rows.
func (s recordSource) CarriedOverAccounts() ([]domain.AccountID, error) {
	var ids []uuid.UUID
	scope := s.scope("")
	err := s.tx.Where(scope.SQL, scope.Vars...).Where("tenant_id = ? AND account_id IS NOT NULL", s.pull.Tenant).
		Model(&stateRow{}).Distinct().Pluck("account_id", &ids).Error
	return gormstore.ConvertAll(ids, func(id uuid.UUID) domain.AccountID { return domain.AccountID{UUID: id} }), err
}

// carryOver changes which rows are carried over.
func (p *pageWriter) carryOver(c *records.CarryOver) error {
	if c == nil {
		return nil
	}
	own := []any{p.pull.Connection, p.pull.Tenant}
	staged := p.stagedCondition(c.Returned)
	err := p.clearMark(p.pull.Connection, records.MarkCarriedOver, clause.Expr{
		SQL: stateMarks[records.MarkCarriedOver].isSet + ` AND external_id IN
			(SELECT external_id FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?` + staged.SQL + ")",
		Vars: slices.Concat(own, staged.Vars),
	})
	if err != nil || len(c.Records.Accounts) == 0 {
		return err
	}
	live := recordSource{p}.condition(c.Records)
	err = p.tx.Exec(`INSERT INTO row_states (connection_id, external_id, account_id, date, tenant_id)
		SELECT connection_id, external_id, account_id, date, tenant_id FROM transactions WHERE connection_id = ?
			AND `+p.dialect.TenantIs("tenant_id", "?")+live.SQL+`
		ON CONFLICT (connection_id, external_id, tenant_id) DO UPDATE
			SET account_id = excluded.account_id, date = excluded.date`,
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
