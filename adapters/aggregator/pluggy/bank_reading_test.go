package pluggy

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheBankReadingFollowsTheStatusOfTheItem(t *testing.T) {
	const last = `"lastUpdatedAt":"2026-11-19T09:02:11.402Z"`
	at := time.Date(2026, 11, 19, 9, 2, 11, 402e6, time.UTC)
	older := time.Date(2026, 11, 12, 8, 0, 0, 0, time.UTC)
	detail := func(text string) string {
		return `{"status":"UPDATED","executionStatus":"PARTIAL_SUCCESS",` + last + `,"statusDetail":` + text + `}`
	}
	of := func(bank, cards time.Time) domain.BankReading {
		return domain.BankReading{Bank: domain.ProductReading{At: bank}, Cards: domain.ProductReading{At: cards}}
	}
	for name, c := range map[string]struct {
		item string
		want domain.BankReading
	}{
		"updated": {`{"status":"UPDATED","executionStatus":"SUCCESS",` + last + `}`, of(at, at)},
		"null": {
			`{"status":"UPDATED","executionStatus":"SUCCESS","lastUpdatedAt":null}`, domain.BankReading{},
		},
		"outdated":    {`{"status":"OUTDATED","executionStatus":"ERROR",` + last + `}`, of(at, at)},
		"login error": {`{"status":"LOGIN_ERROR","executionStatus":"INVALID_CREDENTIALS",` + last + `}`, of(at, at)},
		"updating": {
			`{"status":"UPDATING","executionStatus":"TRANSACTIONS_IN_PROGRESS",` + last + `}`, of(at, at),
		},
		"failed, though": {`{"status":"UPDATED","executionStatus":"SITE_NOT_AVAILABLE",` + last + `}`, of(at, at)},
		"partial, other product": {
			detail(`{"identity":{"isUpdated":false,"lastUpdatedAt":"2026-11-12T08:00:00Z"}}`), of(at, at),
		},
		"partial, transactions": {
			detail(`{"transactions":{"isUpdated":false,"lastUpdatedAt":"2026-11-12T08:00:00Z"}}`), of(older, older),
		},
		"partial, cards": {
			detail(`{"transactions":{"isUpdated":true,"lastUpdatedAt":"2026-11-19T09:02:11.402Z"},
				"creditCards":{"isUpdated":false,"lastUpdatedAt":"2026-11-12T08:00:00Z"}}`), of(at, older),
		},
		"partial, without a time": {detail(`{"transactions":{"isUpdated":true}}`), of(at, at)},
		"never read": {
			detail(`{"transactions":{"isUpdated":false,"lastUpdatedAt":null}}`),
			domain.BankReading{Bank: domain.ProductReading{Never: true}, Cards: domain.ProductReading{Never: true}},
		},
		"detail of another form": {detail(`"none"`), of(at, at)},
	} {
		var i item
		if err := vendorhttp.Decode([]byte(c.item), &i); err != nil {
			t.Fatal(err)
		}
		got := *i.bankReading()
		c.want.Failing = i.Status != "UPDATED" || i.ExecutionStatus == "SITE_NOT_AVAILABLE"
		c.want.OnDemand = !c.want.Failing // nothing states the next synchronisation
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestTheBalanceStatesWhatTheBankInvestsOrReserves(t *testing.T) {
	for bankData, want := range map[string]string{
		`{"closingBalance":2000,"automaticallyInvestedBalance":10000.5}`:                               "10000.5",
		`{"closingBalance":2000,"automaticallyInvestedBalance":null,"reservedBalances":null}`:          "0",
		`{"closingBalance":2000,"automaticallyInvestedBalance":1,"reservedBalances":[{"amount":2.5}]}`: "3.5",
		`{"reservedBalances":[{"amount":2,"currencyCode":"USD"},{"amount":"x"},{"amount":4}]}`:         "4",
		`{"reservedBalances":"none"}`: "0",
		`null`:                        "0",
	} {
		account := domain.AccountData{
			Type: domain.BankAccount, Currency: "BRL", Balance: &domain.Money{Currency: "BRL"},
			Metadata: json.RawMessage(`{"bankData":` + bankData + `}`),
		}
		if got := (*Adapter)(nil).Balance(account).Parts.String(); got != want {
			t.Errorf("%s: %s, want %s", bankData, got, want)
		}
	}
}

func TestTheInstitutionOfAnItemIsItsConnector(t *testing.T) {
	for connector, want := range map[string]domain.Institution{
		`{"id":612,"name":"Nubank"}`:        {ID: "612", Name: "Nubank"},
		`{"id":612}`:                        {ID: "612", Name: "612"},
		`{"id":"612","name":7}`:             {ID: "612", Name: "612"},
		`{"id":null,"name":"Nubank"}`:       {},
		`{"id":{"a":1},"name":"A b, c"}`:    {ID: `{"a":1}`, Name: "A b, c"},
		`null`:                              {},
		`"text"`:                            {},
		`{"id":"6 12","name":"with space"}`: {},
	} {
		if got := (item{Connector: json.RawMessage(connector)}).institution(); got != want {
			t.Errorf("%s: %+v, want %+v", connector, got, want)
		}
	}
}
