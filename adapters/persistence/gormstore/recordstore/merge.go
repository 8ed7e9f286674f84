package recordstore

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// merger makes an account that is gone continue as another stored account, its successor.
type merger struct {
	*publisher
	account, successor records.Account
}

// MergeAccounts compares the records of both accounts in a snapshot, as Publish does, and then writes in one
// transaction. It compares again if records have changed meanwhile.
func (s ledger) MergeAccounts(ctx context.Context, tenant domain.TenantID, pair ports.AccountPair,
	matching func(domain.Vendor) *ports.Matching, decision ports.Decision,
) (domain.Account, error) {
	successor, err := s.Account(ctx, tenant, pair.New)
	if err != nil {
		return domain.Account{}, err
	}
	w := ports.Publication{
		At: decision.At, Matching: matching(successor.Vendor),
		Accounts: []ports.PublishedAccount{{Continues: pair.Old}},
	}
	for range maxComparisons {
		plan, err := s.planMerge(ctx, tenant, pair, w)
		if err == nil {
			err = s.mergePlanned(ctx, tenant, pair, w, plan, decision)
		}
		if err == nil {
			return s.Account(ctx, tenant, pair.Old)
		}
		if !errors.Is(err, records.ErrNotCompared) {
			return domain.Account{}, gormstore.Translate(ctx, err)
		}
	}
	return domain.Account{}, gormstore.Unavailable(records.ErrNotCompared)
}

// planMerge compares the records of both accounts. It returns a plan without matches if no rows are matched.
func (s ledger) planMerge(
	ctx context.Context, tenant domain.TenantID, pair ports.AccountPair, w ports.Publication,
) (*publicationPlan, error) {
	bounded, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	plan := &publicationPlan{}
	err := s.Core.Snapshot(bounded, s.WorkTimeout, func(tx gormstore.SnapshotTx) error {
		p := newPageWriter(s.Dialect, ports.PageWrite{At: w.At})
		p.tx = gormstore.Tx{
			DB: tx.DB.WithContext(bounded), Read: func(r gormstore.Read) error { return tx.Read(bounded, r) },
		}
		p.pull.Tenant = tenant.UUID
		m, err := newMerger(p, pair, w)
		if err != nil {
			return err
		}
		if plan.state, err = m.comparedState(); err != nil || w.Matching == nil {
			return err
		}
		plan.plan, err = records.PlanPublication(w, m.mergeView(), m.source(), plan.state.count)
		return err
	})
	return plan, err
}

// mergePlanned merges the accounts in one transaction. Errors: records.ErrNotCompared if the plan is outdated.
func (s ledger) mergePlanned(ctx context.Context, tenant domain.TenantID, pair ports.AccountPair, w ports.Publication,
	plan *publicationPlan, decision ports.Decision,
) error {
	core := *s.Core
	core.Timeout = publishTimeout
	successor, err := s.Account(ctx, tenant, pair.New)
	if err != nil {
		return err
	}
	return core.Change(ctx, func(tx gormstore.Tx) error {
		err := s.writeDecision(tx, tenant, successor.Connection.UUID, decision, func(p *pageWriter) error {
			m, err := newMerger(p, pair, w)
			if err != nil {
				return err
			}
			if m.successor.Connection != successor.Connection {
				return records.ErrNotCompared
			}
			state, err := m.comparedState()
			if err == nil && state != plan.state {
				err = records.ErrNotCompared
			}
			if err != nil {
				return err
			}
			return m.merge(plan.plan)
		})
		if err != nil {
			return err
		}
		return tx.Record(tenant, decision.Entries)
	})
}

// newMerger reads both accounts. Errors: NotFound; those of records.CheckMerge.
func newMerger(p *pageWriter, pair ports.AccountPair, w ports.Publication) (*merger, error) {
	m := &merger{publisher: &publisher{pageWriter: p, w: w}}
	for _, read := range []struct {
		id domain.AccountID
		to *records.Account
	}{{pair.Old, &m.account}, {pair.New, &m.successor}} {
		found, err := p.readAccounts("id = ? AND tenant_id = ?", read.id.UUID, p.pull.Tenant)
		if err == nil && len(found) == 0 {
			err = &domain.Error{Kind: domain.NotFound}
		}
		if err != nil {
			return nil, err
		}
		*read.to = found[0]
	}
	left, err := p.isOf(m.account.Connection.UUID, isContinuable)
	if err != nil {
		return nil, err
	}
	live, err := p.isOf(m.successor.Connection.UUID, "c.deleted_at IS NULL")
	if err == nil && !live {
		err = domain.NotAmbiguous()
	}
	if err == nil {
		err = records.CheckMerge(m.account, m.successor, left)
	}
	p.pull.Connection, p.pull.Vendor = m.successor.Connection.UUID, string(m.successor.Vendor)
	p.accountIDs[m.successor.ExternalID] = m.account.ID
	if m.account.Connection != m.successor.Connection {
		m.moved = []records.Account{m.account}
	}
	return m, err
}

// isOf reports whether a connection has a condition, in which its table is called c.
func (p *pageWriter) isOf(connection uuid.UUID, condition string) (bool, error) {
	var n int64
	err := p.tx.Table("connections c").Where("c.id = ? AND c.tenant_id = ?", connection, p.pull.Tenant).
		Where(condition).Count(&n).Error
	return n > 0, err
}

func (m *merger) mergeView() records.PublicationView {
	return records.PublicationView{View: m.view(), Relinked: []domain.AccountID{m.account.ID}}
}

func (m *merger) source() mergedRecords {
	return mergedRecords{recordSource{m.pageWriter}, m.successor}
}

// merge writes the changes of both accounts and their records.
func (m *merger) merge(plan *records.PublicationPlan) error {
	if err := m.stampPublication(); err != nil {
		return err
	}
	if len(m.moved) > 0 {
		if err := m.moveAccount(m.account); err != nil {
			return err
		}
		m.moved = nil
	}
	if err := m.apply(records.Merge(m.w, m.mergeView(), m.source(), plan)); err != nil {
		return err
	}
	if err := m.moveSuccessor(); err != nil {
		return err
	}
	ended, continued := records.MergedAccounts(m.PageWrite, m.account, m.successor)
	if err := m.saveAccounts(ended); err != nil { // first, because both have one external id
		return err
	}
	return m.saveAccounts(continued)
}

// moveSuccessor gives everything that belongs to the successor to the account. Closes stay, because they are documents
// about the successor; its records become adjustments of them.
func (m *merger) moveSuccessor() error {
	from, next, tenant := m.successor.ID.UUID, m.account.ID.UUID, m.pull.Tenant
	ofSuccessor := clause.Expr{SQL: "account_id = ?", Vars: []any{gormstore.UUID(from)}}
	if _, err := m.nextVersions(m.ownRecords(ofSuccessor), map[string]any{"account_id": next}); err != nil {
		return err
	}
	const (
		ofAccount = " WHERE account_id = ? AND tenant_id = ?"
		to        = " SET account_id = ?" + ofAccount
	)
	type statement struct {
		sql  string
		args []any
	}
	statements := []statement{
		{"DELETE FROM account_completeness" + ofAccount, []any{next, tenant}},
		{"DELETE FROM bill_lists" + ofAccount, []any{next, tenant}},
		{
			"DELETE FROM account_balances" + ofAccount +
				" AND day IN (SELECT day FROM account_balances" + ofAccount + ")",
			[]any{next, tenant, from, tenant},
		},
	}
	for _, table := range []string{
		"possible_replacements", "account_completeness", "account_balances", "bills", "bill_lists",
	} {
		statements = append(statements, statement{"UPDATE " + table + to, []any{next, from, tenant}})
	}
	statements = append(statements, []statement{
		{"UPDATE row_states" + to + " AND connection_id = ?", []any{next, from, tenant, m.pull.Connection}},
		{"UPDATE bank_statements SET witness_id = ? WHERE witness_id = ? AND tenant_id = ?", []any{next, from, tenant}},
		{
			"UPDATE bank_statements" + to +
				" AND source_key NOT IN (SELECT source_key FROM bank_statements" + ofAccount + ")",
			[]any{next, from, tenant, next, tenant},
		},
		{
			"UPDATE csv_mappings" + to + " AND NOT EXISTS (SELECT 1 FROM csv_mappings m " +
				"WHERE m.account_id = ? AND m.tenant_id = ?)", []any{next, from, tenant, next, tenant},
		},
		{
			"UPDATE subscriptions SET account_id = ?, revision = revision + 1" + ofAccount,
			[]any{next, from, tenant},
		},
		{
			"UPDATE accounts SET bank_read_at = (SELECT s.bank_read_at FROM accounts s " +
				"WHERE s.id = ? AND s.tenant_id = ?) WHERE id = ? AND tenant_id = ?", []any{from, tenant, next, tenant},
		},
	}...)
	for _, each := range statements {
		if err := m.tx.Exec(each.sql, each.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// mergedRecords lets the live records of the successor stand for staged rows.
type mergedRecords struct {
	recordSource
	successor records.Account
}

// successorRows returns an SQL condition on the selected records of the successor.
func (s mergedRecords) successorRows(which records.StagedRowsOf) clause.Expr {
	condition := and(clause.Expr{
		SQL:  "account_id = ? AND removed_at IS NULL AND superseded_by IS NULL",
		Vars: []any{gormstore.UUID(s.successor.ID.UUID)},
	}, between("date", which.Dates))
	if which.ExternalIDs != nil {
		named := s.dialect.AnyOf("external_id", which.ExternalIDs)
		condition = and(condition, clause.Expr{SQL: " AND " + named.SQL, Vars: named.Vars})
	}
	return condition
}

func (s mergedRecords) VisitStaged(which records.StagedRowsOf, visit func(domain.TransactionData)) error {
	condition := s.successorRows(which)
	return s.recordSource.visit(func(r *records.Record) { visit(r.TransactionData) }, condition.SQL, condition.Vars...)
}

func (s mergedRecords) OldestStaged(which records.StagedRowsOf) (map[string]domain.Date, error) {
	oldest, condition := map[string]domain.Date{}, s.successorRows(which)
	q := gormstore.NewQuery(
		"SELECT coalesce(min(date), '') FROM transactions WHERE connection_id = ? AND tenant_id = ? AND ",
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	q.AddExpr(condition)
	var date string
	err := s.tx.Read(q.AsRead([]any{(*gormstore.Text)(&date)}, func() error {
		if date != "" {
			oldest[s.successor.ExternalID] = domain.Date(date)
		}
		return nil
	}))
	return oldest, err
}

// PastStaged returns no rows: a record that has left its past id for another one keeps the other one.
func (mergedRecords) PastStaged(records.StagedRowsOf) ([]records.RowState, error) { return nil, nil }

// CarriedOverAccounts returns no accounts: only the records of the account are compared.
func (mergedRecords) CarriedOverAccounts() ([]domain.AccountID, error) { return nil, nil }

func (s mergedRecords) VisitRecords(which records.RecordsOf, visit func(*records.Record)) error {
	which.CarriedOver = false
	return s.recordSource.VisitRecords(which, visit)
}

func (s mergedRecords) Dates(which records.RecordsOf, limit int) (domain.Window, error) {
	which.CarriedOver = false
	return s.recordSource.Dates(which, limit)
}
