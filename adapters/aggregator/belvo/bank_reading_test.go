package belvo

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTheBankReadingIsTheLastAccessToTheLink(t *testing.T) {
	at := time.Date(2026, 3, 10, 6, 2, 3, 584e6, time.UTC)
	bank := domain.Institution{ID: "erebor_mx_retail", Name: "erebor_mx_retail"}
	for name, c := range map[string]struct {
		members string
		want    domain.BankReading
	}{
		"valid": {
			`"status":"valid","access_mode":"recurrent","refresh_rate":"24h"`,
			domain.BankReading{Every: 24 * time.Hour},
		},
		"weekly":  {`"status":"valid","refresh_rate":"7d"`, domain.BankReading{Every: 7 * 24 * time.Hour}},
		"single":  {`"status":"valid","access_mode":"single"`, domain.BankReading{OnDemand: true}},
		"invalid": {`"status":"invalid"`, domain.BankReading{Failing: true}},
	} {
		for _, last := range []string{`"2026-03-10T06:02:03.584000Z"`, `null`} {
			var l link
			text := `{"id":"1","institution":"erebor_mx_retail","last_accessed_at":` + last + `,` + c.members + `}`
			if err := vendorhttp.Decode([]byte(text), &l); err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want.Institution = bank; last != "null" {
				want.Bank.At, want.Cards.At = at, at
			}
			if got := *l.bankReading(); got != want {
				t.Errorf("%s, %s: %+v, want %+v", name, last, got, want)
			}
		}
	}
}
