package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestASearchSelectsByEveryMember(t *testing.T) {
	connection := domain.ConnectionID{UUID: uuid.New()}
	amount := func(text string) domain.TransactionSearch {
		value, err := domain.ParseAmount(text)
		if err != nil {
			t.Fatal(err)
		}
		return domain.TransactionSearch{Amount: &value}
	}
	removed := func(wanted bool) domain.TransactionSearch { return domain.TransactionSearch{Removed: &wanted} }
	text := func(part string) domain.TransactionSearch { return domain.TransactionSearch{Text: part} }
	row := domain.Transaction{Connection: connection, TransactionData: domain.TransactionData{
		Date: "2026-02-10", Description: "PIX São João", Counterparty: "Ωmega Straße 5 Kg",
	}}
	day := domain.Window{From: "2026-02-10", To: "2026-02-10"}
	var err error
	if row.Amount, err = domain.ParseMoney("-12.5", "BRL"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		search domain.TransactionSearch
		want   bool
	}{
		"nothing":                 {domain.TransactionSearch{}, true},
		"connection":              {domain.TransactionSearch{Connection: connection}, true},
		"another connection":      {domain.TransactionSearch{Connection: domain.ConnectionID{UUID: uuid.New()}}, false},
		"window":                  {domain.TransactionSearch{Window: day}, true},
		"later window":            {domain.TransactionSearch{Window: domain.Window{From: "2026-02-11"}}, false},
		"amount":                  {amount("-12.50"), true},
		"amount without sign":     {amount("12.5"), false},
		"amount nearby":           {amount("-12.500001"), false},
		"description":             {text("são joão"), true},
		"description in capitals": {text("SÃO JOÃO"), true},
		"counterparty":            {text("ωMEGA"), true},
		"kelvin sign":             {text("5 \u212Ag"), true},
		"without the accent":      {text("sao"), true},
		"another accent":          {text("são joâo"), true},
		"combining accents":       {text("sa\u0303o"), true},
		"another text":            {text("TED"), false},
		"removed only":            {removed(true), false},
		"not removed":             {removed(false), true},
	} {
		if got := c.search.Matches(row); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	row.RemovedAt = time.Unix(1, 0)
	if !removed(true).Matches(row) || removed(false).Matches(row) {
		t.Error("a removed row was not selected as removed")
	}
}

func TestAnAmountIsParsedExactlyOrNotAtAll(t *testing.T) {
	for _, text := range []string{"", "12,5", "1e400", "12345678901234567890", "0.12345678901234567891", "NaN", "1 "} {
		if _, err := domain.ParseAmount(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
