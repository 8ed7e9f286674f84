package pluggy

import (
	"os"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// BenchmarkNormalize measures how fast the rows of a bank account are normalised.
func BenchmarkNormalize(b *testing.B) {
	text, err := os.ReadFile("testdata/rows/bank.json")
	if err != nil {
		b.Fatal(err)
	}
	var rows []jsontext.Value
	if err := json.Unmarshal(text, &rows); err != nil {
		b.Fatal(err)
	}
	var first row
	if err := json.Unmarshal(rows[0], &first); err != nil {
		b.Fatal(err)
	}
	account := domain.AccountData{ExternalID: first.Account, Type: domain.BankAccount, Currency: "BRL"}
	b.ReportAllocs()
	for b.Loop() {
		for _, raw := range rows {
			if _, err := normalize(raw, account); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkParse measures how fast the body of a webhook is parsed.
func BenchmarkParse(b *testing.B) {
	body := []byte(`{"event":"item/updated","eventId":"5d7e1f9a-6f4b-4a56-9a4c-0d6c1b2a3f4e",` +
		`"itemId":"b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90","triggeredBy":"SYNC","clientUserId":null}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (*Adapter)(nil).Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
