package pluggy_test

import (
	"encoding/json"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheLimitOfACard(t *testing.T) {
	line := func(kind, consolidation, used string) string {
		return `{"creditLineLimitType":"LIMITE_CREDITO_` + kind + `","consolidationType":"` + consolidation +
			`","usedAmount":` + used + `}`
	}
	individual, consolidated := line("TOTAL", "INDIVIDUAL", "9.5"), line("TOTAL", "CONSOLIDADO", "1")
	instalments := line("MODALIDADE_OPERACAO", "CONSOLIDADO", "9.5")
	for name, tc := range map[string]struct {
		metadata string
		want     domain.CardLimit
	}{
		"limit minus available limit": {
			`{"creditData":{"creditLimit":100,"availableCreditLimit":90.50}}`, domain.CardLimit{Used: true},
		},
		"another amount": {`{"creditData":{"creditLimit":100,"availableCreditLimit":80}}`, domain.CardLimit{}},
		"the line of the card alone": {
			`{"creditData":{"disaggregatedCreditLimits":[` + individual + `]}}`, domain.CardLimit{Used: true},
		},
		"the line of several cards": {
			`{"creditData":{"creditLimit":100,"availableCreditLimit":90.5,"disaggregatedCreditLimits":[` +
				consolidated + `]}}`, domain.CardLimit{Shared: true, Used: true},
		},
		"a line that is not the total": {
			`{"creditData":{"disaggregatedCreditLimits":[` + instalments + `]}}`, domain.CardLimit{},
		},
		"nothing stated":     {`{"creditData":{"creditLimit":null,"availableCreditLimit":null}}`, domain.CardLimit{}},
		"no credit data":     {`{"creditData":null}`, domain.CardLimit{}},
		"unknown forms":      {`{"creditData":{"creditLimit":"9","disaggregatedCreditLimits":{}}}`, domain.CardLimit{}},
		"text in the amount": {`{"creditData":{"creditLimit":100,"availableCreditLimit":"x"}}`, domain.CardLimit{}},
	} {
		balance, err := domain.ParseMoney("9.5", "BRL")
		if err != nil {
			t.Fatal(err)
		}
		card := domain.AccountData{
			Type: domain.CreditAccount, Balance: &balance, Currency: "BRL", Metadata: json.RawMessage(tc.metadata),
		}
		a := &pluggy.Adapter{}
		if got := a.CardLimit(card); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
		card.Type = domain.BankAccount
		if got := a.CardLimit(card); got != (domain.CardLimit{}) {
			t.Errorf("%s: a bank account has %+v", name, got)
		}
	}
}
