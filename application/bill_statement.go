package application

import (
	"context"
	"iter"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// WriteBillStatement implements ports.Statements.
func (s *Service) WriteBillStatement(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, bill domain.BillID, byReference bool,
	writer ports.StatementWriter,
) error {
	found, err := s.Ledger.Bill(ctx, tenant, bill)
	if err == nil && found.Account != id {
		err = domain.NotFoundError()
	}
	if err != nil {
		return err
	}
	return s.withShare(ctx, s.statementShares, tenant, func() error {
		return s.Ledger.Snapshot(ctx, tenant, id, func(view ports.AccountView) error {
			rows := func() iter.Seq2[domain.Transaction, error] {
				return onBill(s.readPortions(ctx, tenant, view.Posted(ctx, domain.Window{})), bill)
			}
			st, err := s.billStatement(ctx, view, found, rows())
			if err == nil && byReference {
				st.FirstWith, err = view.SharedReferences(ctx)
			}
			if err != nil {
				return err
			}
			return writer(st, recordsOf(rows(), st))
		})
	})
}

// billStatement returns the description of the statement of a bill.
func (s *Service) billStatement(
	ctx context.Context, view ports.AccountView, bill bills.Stored, rows iter.Seq2[domain.Transaction, error],
) (books.Statement, error) {
	if view.Account.Currency == "" {
		view.Account.Currency = bill.Currency
	}
	sum, err := books.NewStatementSum(view.Account, books.Completeness{}, domain.Window{})
	if err != nil {
		return books.Statement{}, err
	}
	for record, err := range rows {
		if err != nil {
			return books.Statement{}, err
		}
		sum.Add(record.ID, books.SumRowOf(record))
	}
	st := sum.BillStatement(s.IDs.New(), bill.Closing, bill.Total, s.Clock.Now())
	if identifier, ok := s.aggregators[view.Account.Vendor].(ports.AccountIdentifier); ok {
		identity := identifier.AccountIdentity(view.Account.AccountData)
		st.Bank, st.Branch = identity.BankCode(), identity.Branch()
	}
	st.BankReadAt, st.OmitUnconverted = bill.BankReadAt, true
	return st, ctx.Err()
}

// onBill returns the records that are rows of a bill.
func onBill(
	all iter.Seq2[domain.Transaction, error], bill domain.BillID,
) iter.Seq2[domain.Transaction, error] {
	return func(yield func(domain.Transaction, error) bool) {
		for t, err := range all {
			if err == nil && (t.Bill.ID != bill || t.Bill.Payment) {
				continue
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
