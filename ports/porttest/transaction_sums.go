package porttest

import (
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sumTests check the sums of Ledger.Sum.
var sumTests = []storeTest{
	{"sums are exact, by day and currency", sumsAreExact},
	{"sums are narrowed by every member of the filter", sumsAreNarrowed},
	{"removed records are not summed, and sums are limited to the tenant", sumsOfLiveRecords},
}

// sums returns the result of Ledger.Sum, one text per sum.
func (f *fixture) sums(filter domain.SumFilter) []string {
	f.Helper()
	found, err := f.Ledger.Sum(f.ctx, f.tenant, filter)
	f.noError(err)
	texts := []string{}
	for _, s := range found {
		texts = append(texts, fmt.Sprintf("%s %s +%s -%s %d", s.Date, s.Currency, s.In, s.Out, s.Count))
	}
	return texts
}

func sumsAreExact(f *fixture) {
	_, l := f.runningPull()
	var rows []domain.TransactionData
	for i, amount := range []string{
		"0.1", "0.2", "-0.0000000000000000001", "9999999999999999999", "9999999999999999999", "-999999999.9", "-0.1",
		"12.50", "0",
	} {
		rows = append(rows, row(fmt.Sprint(i), withAmount(amount, "BRL"), withDate("2026-02-01")))
	}
	rows = append(rows, row("usd", withAmount("-7.25", "USD"), withDate("2026-02-01")),
		row("older", withAmount("3", "BRL"), withDate("2026-01-31")))
	f.storeRows(l, rows...)
	f.equal("sums", []string{
		"2026-02-01 BRL +20000000000000000010.8 -1000000000.0000000000000000001 9",
		"2026-02-01 USD +0 -7.25 1",
		"2026-01-31 BRL +3 -0 1",
	}, f.sums(domain.SumFilter{}))
}

func sumsAreNarrowed(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	pending := func(o *domain.TransactionData) { o.Status = domain.Pending }
	party := func(o *domain.TransactionData) { o.Counterparty = "Pão de Açúcar" }
	f.storeRows(l,
		row("1", withAccount("a"), withAmount("1", "BRL"), withDate("2026-02-01")),
		row("2", withAccount("b"), withAmount("2", "BRL"), withDate("2026-02-02"), pending),
		row("3", withAccount("b"), withAmount("4", "BRL"), withDate("2026-02-03"), party))
	_, l = f.runningPull()
	f.storeRows(l, row("4", withAmount("8", "BRL"), withDate("2026-02-04")))
	b := f.listAccounts(c)[1].ID
	for _, tc := range []struct {
		name   string
		filter domain.SumFilter
		want   int
	}{
		{"all", domain.SumFilter{}, 15},
		{"connection", domain.SumFilter{Connection: c.ID}, 7},
		{"account", domain.SumFilter{Account: b}, 6},
		{"account of the connection", domain.SumFilter{Connection: c.ID, Account: b}, 6},
		{"status", domain.SumFilter{Status: domain.Pending}, 2},
		{"both days included", domain.SumFilter{Window: domain.Window{From: "2026-02-02", To: "2026-02-03"}}, 6},
		{"text", domain.SumFilter{Text: "PAO de"}, 4},
		{"text and window", domain.SumFilter{Text: "pao", Window: domain.Window{To: "2026-02-02"}}, 0},
	} {
		found, err := f.Ledger.Sum(f.ctx, f.tenant, tc.filter)
		f.noError(err)
		total := "0"
		if sums := domain.SumCurrencies(found); len(sums) > 0 {
			total = sums[0].In.String()
		}
		f.equal(tc.name, fmt.Sprint(tc.want), total)
	}
}

func sumsOfLiveRecords(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withAmount("1", "BRL")), row("2", withAmount("2", "BRL")))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"2"}})
	day := string(f.getRow(c, "1").Date)
	f.equal("sums", []string{day + " BRL +1 -0 1"}, f.sums(domain.SumFilter{}))
	f.equal("with a text", []string{day + " BRL +1 -0 1"}, f.sums(domain.SumFilter{Text: "row"}))
	f.deleteConnection(c)
	f.equal("of a deleted connection", 1, len(f.sums(domain.SumFilter{})))
	foreign, err := f.Ledger.Sum(f.ctx, newTenant(), domain.SumFilter{Connection: c.ID})
	f.noError(err)
	f.equal("of another tenant", 0, len(slices.Clone(foreign)))
}
