package application

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxMonths is the maximum number of months of an account's coverage.
const maxMonths = 120

// AccountCoverage implements ports.BankStatementManager. It checks the months before it reads anything: what it reads
// can only make the first month an earlier one.
func (s *Service) AccountCoverage(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, from, to domain.Date,
) ([]ports.MonthCoverage, error) {
	wanted := domain.Window{From: from, To: to}
	if _, _, err := monthsOf(nil, "", s.coverage().Day(s.Clock.Now()), wanted); err != nil {
		return nil, err
	}
	return readShared(ctx, s, tenant, func() ([]ports.MonthCoverage, error) {
		return s.accountCoverage(ctx, tenant, account, wanted)
	})
}

// accountCoverage returns the coverage of the wanted months.
func (s *Service) accountCoverage(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID, wanted domain.Window,
) (months []ports.MonthCoverage, err error) {
	var view ports.AccountView
	var first domain.Date // of the records
	err = s.Ledger.Snapshot(ctx, tenant, account, func(v ports.AccountView) (err error) {
		view = v
		first, err = v.FirstDay(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	all, err := s.BankStatements.Overviews(ctx, tenant, account)
	if err != nil {
		return nil, err
	}
	today := s.coverage().Day(s.Clock.Now())
	begin, end, err := monthsOf(all, first, today, wanted)
	for month := begin; err == nil && !month.After(end); month = month.AddDate(0, 1, 0) {
		days := domain.Window{From: domain.DateOf(month), To: domain.DateOf(month.AddDate(0, 1, -1))}
		m := ports.MonthCoverage{
			Month: month.Format("2006-01"), CoversTo: view.CoversTo(s.coverage()),
			Statement: witness.CoverageOf(all, days),
		}
		switch {
		case days.To >= today:
			m.Feed = string(books.NotCovered)
		case first == "" || days.To < first:
			m.Feed = string(books.CompletenessUnknown)
		default:
			m.Feed = string(view.Completeness.StateOfPeriod(days, view.Account.Currency, s.coverage(), s.Clock.Now(),
				s.DriftGrace))
		}
		months = append(months, m)
	}
	return months, err
}

// monthsOf returns the first days of the first and of the last month. If the last one is not given, it is the present
// month. If the first one is not given, it is the first month with a record or a statement. If neither is given, the
// first one is at most maxMonths before the present one. Errors: Invalid.
func monthsOf(
	all []witness.Overview, first, today domain.Date, wanted domain.Window,
) (begin, end time.Time, err error) {
	hasFrom, hasTo := wanted.From != "", wanted.To != ""
	if wanted.To == "" {
		wanted.To = max(today, wanted.From)
	}
	if wanted.From == "" {
		wanted.From = min(today, wanted.To)
		if first != "" {
			wanted.From = min(wanted.From, first)
		}
		for _, o := range all {
			if o.Period.From != "" {
				wanted.From = min(wanted.From, o.Period.From)
			}
		}
	}
	if err := wanted.Validate(); err != nil {
		return begin, end, err
	}
	if begin, err = monthOf(wanted.From); err == nil {
		end, err = monthOf(wanted.To)
	}
	if err != nil {
		return begin, end, err
	}
	switch earliest := end.AddDate(0, -maxMonths, 0); {
	case !begin.Before(earliest):
	case hasFrom:
		err = domain.FieldError("from", "must be at most 120 months before to")
	case hasTo:
		err = domain.FieldError("to", "must be at most 120 months after the first month of the account")
	default:
		begin = earliest
	}
	return begin, end, err
}

// monthOf returns the first day of the month of a date.
func monthOf(date domain.Date) (time.Time, error) {
	at, err := time.Parse(time.DateOnly, string(date))
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC), err
}
