package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// The size of the card of BenchmarkListBills.
const (
	benchBills    = 24
	benchCardRows = 20_000
)

// BenchmarkListBills measures GET /accounts/{id}/bills for a card with 24 bills and 20,000 rows. One row in 25 is on no
// bill yet. The results are the mean and the 95th percentile of the time of a request.
func BenchmarkListBills(b *testing.B) {
	for backend, dsn := range backends {
		b.Run(backend, func(b *testing.B) {
			w := open(b, backend, dsn(b), func(s *setup) { s.cfg.RatePerMinute = 0 })
			send := benchSender(b, w)
			card := pullBenchCard(b, send)
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				list := send(http.MethodGet, card+"/bills?limit=50", nil, http.StatusOK)
				took = append(took, time.Since(start))
				items := list["items"].([]any)
				if len(items) != benchBills || items[0].(object)["check"] != "adds_up" {
					b.Fatalf("%d bills, the newest one is %v", len(items), items[0])
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1e3, "ms-p95")
		})
	}
}

// pullBenchCard connects the bank of a large card, pulls it, and returns the path of the card.
func pullBenchCard(b *testing.B, send func(method, path string, body object, status int) object) (card string) {
	b.Helper()
	sim, item := newBenchCard(b)
	vendor := httptest.NewServer(sim)
	b.Cleanup(vendor.Close)
	id := text(send(http.MethodPost, connections, object{
		"vendor": "pluggy", "configName": "bench", "baseUrl": vendor.URL, "accountRef": item,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated), "id")
	pull := text(send(http.MethodPost, pathOf(id, "/pulls"), object{}, http.StatusAccepted), "id")
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		got := send(http.MethodGet, prefix+"/pulls/"+pull, nil, http.StatusOK)
		if got["status"] == "succeeded" {
			break
		}
		if got["status"] == "failed" || time.Now().After(end) {
			b.Fatalf("the pull is %v", got)
		}
	}
	accounts := send(http.MethodGet, pathOf(id, "/accounts"), nil, http.StatusOK)["items"].([]any)
	return prefix + "/accounts/" + text(accounts[0].(object), "id")
}

// newBenchCard returns a simulated vendor, and its item with one card. Bill n is the nth oldest one.
func newBenchCard(b *testing.B) (sim *pluggysim.Simulator, item string) {
	b.Helper()
	sim = pluggysim.New(pluggysim.Options{Seed: 1, Now: time.Now})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	item = sim.AddItem(pluggysim.Item{}).ID
	card, err := sim.AddAccount(pluggysim.Account{ItemID: item, Type: "CREDIT", Subtype: "CREDIT_CARD"})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC()
	month := func(n, day int) time.Time {
		return time.Date(now.Year(), now.Month()+time.Month(n-benchBills), day, 12, 0, 0, 0, time.UTC)
	}
	bill := func(n int) string { return fmt.Sprintf("5a1cb111-0000-4000-8000-%012d", n) }
	var bills []pluggysim.Bill
	for n := range benchBills {
		bills = append(bills, pluggysim.Bill{
			ID: bill(n), Due: pluggysim.Text(month(n, 10).Format(time.RFC3339)), Total: "8000",
			Closing: pluggysim.Text(month(n, 3).Format(time.RFC3339)),
			Payments: []pluggysim.Payment{{
				ID: fmt.Sprint("payment-", n), Kind: "FULL_PAYMENT", Mode: "PIX", Amount: "8000", Currency: "BRL",
				Date: pluggysim.Text(month(n, 10).Format(time.RFC3339)),
			}},
		})
	}
	for i := range benchCardRows {
		n := i % (benchBills + 1)
		row := pluggysim.Transaction{
			AccountID: card.ID, Description: fmt.Sprint("LOJA ", i), CurrencyCode: "BRL", Type: "DEBIT",
			Amount: "10", Status: "POSTED", Date: pluggysim.At(month(n-1, 4+i%20)),
		}
		if n < benchBills {
			row.CreditCardMetadata = json.RawMessage(`{"billId":"` + bill(n) + `"}`)
		}
		if _, err := sim.AddTransaction(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := sim.SetBills(card.ID, bills...); err != nil {
		b.Fatal(err)
	}
	return sim, item
}
