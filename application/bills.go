package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billsClaim is the time after which an unfinished evaluation of bills is made again.
const billsClaim = time.Minute

// NextBills implements ports.Maintenance.
func (s *Service) NextBills(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	due, err := s.Ledger.ClaimBills(ctx, now, now.Add(billsClaim), skip)
	if err != nil || due == nil {
		return nil, err
	}
	return workOf(due.Tenant, "bills of account "+due.Account.String(), func(ctx context.Context) error {
		return s.Ledger.EvaluateBills(ctx, due.Tenant, due.Account, s.Clock.Now())
	}), nil
}

// ListBills implements ports.Bills.
func (s *Service) ListBills(
	ctx context.Context, tenant domain.TenantID, id domain.AccountID, window domain.Window, page domain.PageRequest,
) (domain.Page[ports.Bill], bills.Overview, error) {
	if err := window.Validate(); err != nil {
		return domain.Page[ports.Bill]{}, bills.Overview{}, err
	}
	account, err := s.Ledger.Account(ctx, tenant, id)
	if err != nil {
		return domain.Page[ports.Bill]{}, bills.Overview{}, err
	}
	found, err := s.Ledger.Bills(ctx, tenant, id, window, page)
	if err != nil {
		return domain.Page[ports.Bill]{}, bills.Overview{}, err
	}
	overview, err := s.Ledger.BillOverview(ctx, tenant, id)
	if err != nil {
		return domain.Page[ports.Bill]{}, bills.Overview{}, err
	}
	if account.Type != domain.CreditAccount { // there is nothing to read
		overview.List = bills.ListRead
	}
	items, err := withCandidates(ctx, s.Ledger, tenant, found.Items)
	return domain.Page[ports.Bill]{Items: items, Next: found.Next}, overview, err
}

// GetBill implements ports.Bills.
func (s *Service) GetBill(ctx context.Context, tenant domain.TenantID, id domain.BillID) (ports.Bill, error) {
	found, err := s.Ledger.Bill(ctx, tenant, id)
	if err != nil {
		return ports.Bill{}, err
	}
	items, err := withCandidates(ctx, s.Ledger, tenant, []bills.Stored{found})
	if err != nil {
		return ports.Bill{}, err
	}
	return items[0], nil
}

// withCandidates adds to the bills the debits that may be their payments.
func withCandidates(
	ctx context.Context, ledger ports.BillLedger, tenant domain.TenantID, found []bills.Stored,
) ([]ports.Bill, error) {
	var payments []ports.BillPayment
	for _, b := range found {
		for _, p := range b.Paid {
			payments = append(payments, ports.BillPayment{Payment: p, Currency: b.Currency})
		}
	}
	candidates, err := ledger.PaymentCandidates(ctx, tenant, payments)
	if err != nil {
		return nil, err
	}
	items := make([]ports.Bill, len(found))
	for i, b := range found {
		items[i] = ports.Bill{Stored: b, Candidates: candidates[:len(b.Paid)]}
		candidates = candidates[len(b.Paid):]
	}
	return items, nil
}

// ListBillTransactions implements ports.Bills.
func (s *Service) ListBillTransactions(
	ctx context.Context, tenant domain.TenantID, id domain.BillID, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	if _, err := s.Ledger.Bill(ctx, tenant, id); err != nil {
		return domain.Page[domain.Transaction]{}, err
	}
	return readFiltered(ctx, s, tenant, page.Limit <= smallPage, func() (domain.Page[domain.Transaction], error) {
		return s.Ledger.BillTransactions(ctx, tenant, id, page)
	})
}
