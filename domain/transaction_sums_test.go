package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAFilterOfSumsSelectsByEveryMember(t *testing.T) {
	connection := domain.ConnectionID{UUID: uuid.UUID{1}}
	live := domain.Transaction{
		Connection: connection, AccountID: accountID(1), TransactionData: domain.TransactionData{
			Status: domain.Posted, Date: "2026-03-10", Description: "Padaria São João",
		},
	}
	with := func(change func(*domain.Transaction)) domain.Transaction {
		other := live
		change(&other)
		return other
	}
	all := domain.SumFilter{
		Connection: connection, Account: accountID(1), Status: domain.Posted, Text: "SAO",
		Window: domain.Window{From: "2026-03-10", To: "2026-03-10"},
	}
	for name, c := range map[string]struct {
		filter      domain.SumFilter
		transaction domain.Transaction
		want        bool
	}{
		"the empty filter":   {domain.SumFilter{}, live, true},
		"every member":       {all, live, true},
		"a removed one":      {domain.SumFilter{}, with(func(t *domain.Transaction) { t.RemovedAt = hour(1) }), false},
		"an erased one":      {domain.SumFilter{}, with(func(t *domain.Transaction) { t.ErasedAt = hour(1) }), false},
		"another connection": {all, with(func(t *domain.Transaction) { t.Connection.UUID[1] = 2 }), false},
		"another account":    {all, with(func(t *domain.Transaction) { t.AccountID = accountID(2) }), false},
		"another status":     {all, with(func(t *domain.Transaction) { t.Status = domain.Pending }), false},
		"another date":       {all, with(func(t *domain.Transaction) { t.Date = "2026-03-11" }), false},
		"another text":       {all, with(func(t *domain.Transaction) { t.Description = "Posto" }), false},
		"any connection": {
			domain.SumFilter{Account: accountID(1)},
			with(func(t *domain.Transaction) { t.Connection.UUID[1] = 2 }), true,
		},
		"any account": {
			domain.SumFilter{Status: domain.Posted},
			with(func(t *domain.Transaction) { t.AccountID = accountID(2) }), true,
		},
	} {
		if got := c.filter.Matches(&c.transaction); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestTotalsAreAddedByDayAndCurrency(t *testing.T) {
	total := func(date domain.Date, amount, currency string) domain.DayTotal {
		money, err := domain.ParseMoney(amount, currency)
		if err != nil {
			t.Fatal(err)
		}
		return domain.DayTotal{Date: date, Total: domain.TotalOf(&domain.Transaction{
			TransactionData: domain.TransactionData{Amount: money},
		})}
	}
	number := decimal.RequireFromString
	days := domain.SumDays([]domain.DayTotal{
		total("2026-03-10", "5", "BRL"), total("2026-03-11", "-2", "USD"), total("2026-03-10", "-1.5", "BRL"),
		total("2026-03-11", "3", "BRL"), total("2026-03-10", "7", "BRL"), total("2026-03-12", "1", "USD"),
	})
	want := []domain.DayTotal{
		{Date: "2026-03-12", Total: domain.Total{Currency: "USD", In: number("1"), Count: 1}},
		{Date: "2026-03-11", Total: domain.Total{Currency: "BRL", In: number("3"), Count: 1}},
		{Date: "2026-03-11", Total: domain.Total{Currency: "USD", Out: number("2"), Count: 1}},
		{Date: "2026-03-10", Total: domain.Total{Currency: "BRL", In: number("12"), Out: number("1.5"), Count: 3}},
	}
	if diff := cmp.Diff(want, days); diff != "" {
		t.Errorf("by day (-want +got):\n%s", diff)
	}
	sums := []domain.Total{
		{Currency: "BRL", In: number("15"), Out: number("1.5"), Count: 4},
		{Currency: "USD", In: number("1"), Out: number("2"), Count: 2},
	}
	for range 10 { // the order does not depend on that of a map
		if diff := cmp.Diff(sums, domain.SumCurrencies(days)); diff != "" {
			t.Fatalf("by currency (-want +got):\n%s", diff)
		}
	}
}

func TestATotalIsCancelledByItsNegation(t *testing.T) {
	total := domain.Total{Currency: "BRL", In: decimal.NewFromInt(12), Out: decimal.NewFromInt(2), Count: 3}
	total.Add(total.Neg())
	if !total.In.IsZero() || !total.Out.IsZero() || total.Count != 0 || total.Currency != "BRL" {
		t.Errorf("%+v", total)
	}
}
