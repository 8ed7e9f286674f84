package application

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// statementStreams limits the account statements that are written at the same time. Each statement occupies a
// database connection until its receiver has read it. SQLite has 8 connections for statements alone (see
// sqlite.Config), so that slow receivers delay no other read. Half of the slots are reserved for tenants that write
// no other statement, so that the slow receivers of two tenants do not block all other tenants.
var statementStreams = concurrency.Limit{Total: 4, Tenant: 2, First: 4}

// WriteStatement implements ports.Statements. It reads the records twice: first to compute the totals and balances,
// which several formats need before the first record, and then to write the records.
func (s *Service) WriteStatement(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, q ports.StatementQuery,
	writer ports.StatementWriter,
) error {
	if err := q.Window.Validate(); err != nil {
		return err
	}
	return s.withShare(ctx, s.statementShares, tenant, func() error {
		return s.Ledger.Snapshot(ctx, tenant, id, func(view ports.AccountView) error {
			st, err := s.statement(ctx, tenant, view, q)
			if err == nil && q.MaxBytes > 0 {
				err = s.checkSize(ctx, tenant, view, q, st)
			}
			if err == nil {
				err = writer(st, s.statementRecords(ctx, tenant, view.Posted, st))
			}
			return whyNoBalance(err, view.Completeness)
		})
	})
}

// whyNoBalance returns the error Conflict (invoice_balance) instead of Conflict (no_balance) if the vendor states a
// balance of the account, but one that no statement can have. It returns all other errors unchanged.
func whyNoBalance(err error, c books.Completeness) error {
	if errors.Is(err, domain.NoBalance) && c.Last != nil && c.Last.Missing == books.BasisInvoice {
		return &domain.Error{Kind: domain.Conflict, Code: domain.InvoiceBalance}
	}
	return err
}

// statement returns the description of a statement, which contains the totals and balances but not the records.
func (s *Service) statement(
	ctx context.Context, tenant domain.TenantID, view ports.AccountView, q ports.StatementQuery,
) (books.Statement, error) {
	now := s.Clock.Now()
	window, err := s.statementWindow(view, q, now)
	if err != nil {
		return books.Statement{}, err
	}
	sum, err := books.NewStatementSum(view.Account, view.Completeness, window)
	if err != nil {
		return books.Statement{}, err
	}
	for record, err := range s.readPortions(ctx, tenant, view.Posted(ctx, sum.Window())) {
		if err != nil {
			return books.Statement{}, err
		}
		sum.Add(record.ID, books.SumRowOf(record))
	}
	st := sum.Statement(s.IDs.New(), domain.DateOf(now.UTC()), now)
	if identifier, ok := s.aggregators[view.Account.Vendor].(ports.AccountIdentifier); ok {
		identity := identifier.AccountIdentity(view.Account.AccountData)
		st.Bank, st.Branch = identity.BankCode(), identity.Branch()
	}
	st.BankReadAt, st.OmitUnconverted = view.Completeness.RowsReadAt(), q.Force.Omitted
	if q.Balances {
		last := max(st.Period.To, q.Window.To, q.Window.From)
		doubts := view.Completeness.Doubts(last, st.Currency, s.coverage(), now, s.DriftGrace)
		st.Doubt, st.Forced = q.Force.Decide(doubts)
	}
	if q.ByReference {
		st.FirstWith, err = view.SharedReferences(ctx)
	}
	return st, err
}

// statementWindow returns the days of a statement. If it contains balances and the request has no end, it ends with the
// last day that is covered. Errors: Conflict (not_covered) if no day from the first one on is covered, unless that is
// forced. The statement then ends with the last day that is over, and so does a forced one with balances that would end
// in the future. It begins with that day if it would begin later.
func (s *Service) statementWindow(
	view ports.AccountView, q ports.StatementQuery, now time.Time,
) (domain.Window, error) {
	w := q.Window
	today := s.coverage().Day(now)
	over := today.AddDays(-1)
	switch {
	case !q.Balances:
		return w, nil
	case q.Force.NotCovered && max(w.From, w.To) > max(today, domain.DateOf(now.UTC())):
		return domain.Window{From: min(w.From, over), To: over}, nil
	case w.To != "":
		return w, nil
	}
	last := s.coverage().To(view.Completeness.BankReadAt(), view.Account.Currency)
	if w.From > last {
		last = s.coverage().To(view.Completeness.RowsReadAt(), view.Account.Currency)
	}
	switch {
	case last != "" && w.From <= last:
	case q.Force.NotCovered:
		last = max(over, w.From)
	default:
		return w, &domain.Error{Kind: domain.Conflict, Code: domain.NotCovered}
	}
	w.To = last
	return w, nil
}

// statementRecords returns the records of a statement.
func (s *Service) statementRecords(
	ctx context.Context, tenant domain.TenantID,
	read ports.PostedRecords, st books.Statement,
) iter.Seq2[books.StatementRecord, error] {
	return recordsOf(s.readPortions(ctx, tenant, read(ctx, st.Period)), st)
}

// recordsOf returns posted records as records of a statement.
func recordsOf(
	all iter.Seq2[domain.Transaction, error], st books.Statement,
) iter.Seq2[books.StatementRecord, error] {
	return func(yield func(books.StatementRecord, error) bool) {
		for posted, err := range all {
			var record books.StatementRecord
			if err == nil {
				record = st.Record(posted)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}
