package domain_test

import (
	"fmt"
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
	inBothDirections := func(s domain.TransactionSearch) domain.TransactionSearch {
		s.BothDirections = true
		return s
	}
	id, document := domain.TransactionID{UUID: uuid.New()}, domain.NewPartyDocument("GODE561231GR8")
	row := domain.Transaction{ID: id, Connection: connection, TransactionData: domain.TransactionData{
		References: domain.References{ReferenceNumber: "417"}, CounterpartyDocument: document,
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
		"nothing":            {domain.TransactionSearch{}, true},
		"connection":         {domain.TransactionSearch{Connection: connection}, true},
		"another connection": {domain.TransactionSearch{Connection: domain.ConnectionID{UUID: uuid.New()}}, false},
		"among": {
			domain.TransactionSearch{Among: []domain.ConnectionID{{UUID: uuid.New()}, connection}}, true,
		},
		"among others": {domain.TransactionSearch{Among: []domain.ConnectionID{{UUID: uuid.New()}}}, false},
		"among none":   {domain.TransactionSearch{Among: []domain.ConnectionID{}}, false},
		"id":           {domain.TransactionSearch{ID: id}, true},
		"another id":   {domain.TransactionSearch{ID: domain.TransactionID{UUID: uuid.New()}}, false},
		"document":     {domain.TransactionSearch{Document: document}, true},
		"another document": {
			domain.TransactionSearch{Document: domain.NewPartyDocument("390.533.447-05")}, false,
		},
		"reference":                       {domain.TransactionSearch{Reference: "417"}, true},
		"another reference":               {domain.TransactionSearch{Reference: "418"}, false},
		"amount, both directions":         {inBothDirections(amount("12.5")), true},
		"another amount, both directions": {inBothDirections(amount("12.51")), false},
		"window":                          {domain.TransactionSearch{Window: day}, true},
		"later window":                    {domain.TransactionSearch{Window: domain.Window{From: "2026-02-11"}}, false},
		"amount":                          {amount("-12.50"), true},
		"amount without sign":             {amount("12.5"), false},
		"amount nearby":                   {amount("-12.500001"), false},
		"description":                     {text("são joão"), true},
		"description in capitals":         {text("SÃO JOÃO"), true},
		"counterparty":                    {text("ωMEGA"), true},
		"kelvin sign":                     {text("5 \u212Ag"), true},
		"without the accent":              {text("sao"), true},
		"another accent":                  {text("são joâo"), true},
		"combining accents":               {text("sa\u0303o"), true},
		"another text":                    {text("TED"), false},
		"removed only":                    {removed(true), false},
		"not removed":                     {removed(false), true},
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

func TestASearchForAnAmountMeansOneOrTwoAmounts(t *testing.T) {
	for name, c := range map[string]struct {
		amount string // "" restricts nothing
		both   bool
		want   string
	}{
		"no amount":               {"", true, "[]"},
		"a signed one":            {"-12.5", false, "[-12.5]"},
		"one in both directions":  {"12.5", true, "[12.5 -12.5]"},
		"zero in both directions": {"0", true, "[0]"},
	} {
		search := domain.TransactionSearch{BothDirections: c.both}
		if c.amount != "" {
			amount, err := domain.ParseAmount(c.amount)
			if err != nil {
				t.Fatal(err)
			}
			search.Amount = &amount
		}
		if got := fmt.Sprint(search.Amounts()); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
