package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// belvoBank is a simulated Belvo with its demo data. Its account reference is one link of that data.
type belvoBank struct {
	sim  *belvosim.Simulator
	at   *gate
	url  string
	link string

	id, password string
}

func newBelvo(t *testing.T) *belvoBank { return newBelvoLink(t, belvosim.DemoLinkID) }

func newBelvoLink(t *testing.T, link string) *belvoBank {
	t.Helper()
	return newBelvoSim(t, link, belvosim.Options{})
}

// newBelvoSim returns a simulated Belvo with these options. The account reference is the given link.
func newBelvoSim(t *testing.T, link string, options belvosim.Options) *belvoBank {
	t.Helper()
	b := &belvoBank{
		sim: belvosim.New(options), link: link,
		id: belvosim.DemoSecretID, password: belvosim.DemoSecretPassword,
	}
	b.sim.SeedAt(time.Now())
	b.at, b.url = serve(t, b.sim)
	return b
}

func (b *belvoBank) vendor() string { return "belvo" }
func (b *belvoBank) origin() string { return b.url }
func (b *belvoBank) ref() string    { return b.link }
func (b *belvoBank) login() (string, string) {
	return b.id, b.password
}
func (b *belvoBank) rowsPath() string     { return "/api/transactions/" }
func (b *belvoBank) gate() *gate          { return b.at }
func (b *belvoBank) clear()               { b.sim.ClearFaults() }
func (b *belvoBank) revoke()              { b.sim.RemoveSecret(b.id) }
func (b *belvoBank) linkTokens() []string { return b.sim.AccessTokens() }

func (b *belvoBank) grant() {
	b.sim.AddSecret(b.id, b.password)
}

// belvoRow contains the members of a Belvo transaction from which the expected stored row is computed.
type belvoRow struct {
	ID      string `json:"id"`
	Account *struct {
		Category string `json:"category"`
		Currency string `json:"currency"`
	} `json:"account"`
	ValueDate   string          `json:"value_date"`
	CreatedAt   string          `json:"created_at"`
	Amount      json.RawMessage `json:"amount"`
	Local       json.RawMessage `json:"local_currency_amount"`
	Currency    string          `json:"currency"`
	Description string          `json:"description"`
	Type        string          `json:"type"`
	Status      string          `json:"status"`
}

func (b *belvoBank) truth(t *testing.T) map[string]truth {
	t.Helper()
	all := map[string]truth{}
	for page := "/api/transactions/?page_size=1000&link=" + b.link; page != ""; {
		var answer struct {
			Results []json.RawMessage `json:"results"`
			Next    *string           `json:"next"`
		}
		if err := json.Unmarshal(b.request(t, page), &answer); err != nil {
			t.Fatal(err)
		}
		for _, raw := range answer.Results {
			var row belvoRow
			if err := json.Unmarshal(raw, &row); err != nil {
				t.Fatal(err)
			}
			all[row.ID] = b.expected(t, row, parseJSON(t, raw))
		}
		if page = ""; answer.Next != nil {
			page = *answer.Next
		}
	}
	return all
}

// request calls the vendor's own API directly, not through the gate, and returns the body.
func (b *belvoBank) request(t *testing.T, target string) []byte {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.SetBasicAuth(b.login())
	w := httptest.NewRecorder()
	b.sim.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the vendor answered %d: %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// expected computes the stored form of a row according to Belvo's data dictionary:
//
//   - The row's type determines whether money comes in or goes out.
//   - A row without a currency has the currency of the account. In the demo data, all accounts of one link have the
//     same currency.
func (b *belvoBank) expected(t *testing.T, row belvoRow, raw any) truth {
	t.Helper()
	holder := "MXN"
	if b.link == belvosim.DemoOpenFinanceLinkID {
		holder = "BRL"
	}
	in := row.Type == "INFLOW"
	want := truth{
		Amount: fraction(t, withSign(unquoted(row.Amount), in)), Currency: row.Currency,
		Status: "posted", Date: row.ValueDate, Description: row.Description, Metadata: raw,
	}
	if row.Status == "PENDING" {
		want.Status = "pending"
	}
	if want.Currency == "" {
		want.Currency = holder
	}
	if want.Currency != holder && len(row.Local) > 0 {
		want.AccountAmount, want.AccountCurrency = fraction(t, withSign(unquoted(row.Local), in)), holder
	}
	return want
}

// unquoted returns the digits of a number, which Belvo may send as a JSON string.
func unquoted(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func (b *belvoBank) add(t *testing.T) string {
	t.Helper()
	today, kind, status, currency, description := time.Now().
		UTC().
		Format(time.DateOnly),
		"OUTFLOW", "PROCESSED", "MXN", "ADDED"
	row, err := b.sim.AddTransaction(b.link, belvosim.Transaction{
		Account: belvosim.DemoAccountID, ValueDate: &today, Amount: json.RawMessage("12.34"),
		Currency: &currency, Description: &description, Type: &kind, Status: &status,
	})
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

func (b *belvoBank) edit(t *testing.T, id string) {
	t.Helper()
	_, err := b.sim.UpdateTransaction(id, func(row *belvosim.Transaction) {
		corrected := "corrected"
		if row.Description != nil {
			corrected = *row.Description + " (corrected)"
		}
		row.Description = &corrected
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) correctBalance(t *testing.T, id string) {
	t.Helper()
	_, err := b.sim.UpdateTransaction(id, func(row *belvosim.Transaction) {
		row.Balance = json.RawMessage("4321.09")
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) changeAmount(t *testing.T, id, amount string) {
	t.Helper()
	_, err := b.sim.UpdateTransaction(id, func(row *belvosim.Transaction) { row.Amount = json.RawMessage(amount) })
	if err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) remove(t *testing.T, id string) {
	t.Helper()
	if err := b.sim.RemoveTransaction(id); err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) post(t *testing.T, id string) string {
	t.Helper()
	row, err := b.sim.Churn(id)
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

func (b *belvoBank) setBalance(t *testing.T, balance string) string {
	t.Helper()
	err := b.sim.UpdateAccount(belvosim.DemoAccountID, func(a *belvosim.Account) {
		a.Balance = json.RawMessage(`{"current":` + balance + `,"available":1}`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return belvosim.DemoAccountID
}

func (b *belvoBank) generate(t *testing.T, n int) {
	t.Helper()
	if err := b.sim.Generate(belvosim.DemoAccountID, n); err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) payload(t *testing.T, kind string, ids ...string) []byte {
	t.Helper()
	name := map[string]string{
		"all": "TRANSACTIONS/historical_update", "created": "TRANSACTIONS/new_transactions_available",
		"updated": "TRANSACTIONS/transactions_updated", "deleted": "TRANSACTIONS/transactions_deleted",
	}[kind]
	return b.event(t, belvosim.Event{Name: name, LinkID: b.link, TransactionIDs: ids})
}

func (b *belvoBank) event(t *testing.T, e belvosim.Event) []byte {
	t.Helper()
	body, err := b.sim.Payload(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (b *belvoBank) inject(t *testing.T, faults ...fault) {
	t.Helper()
	for _, f := range faults {
		err := b.sim.Inject(belvosim.Fault{
			Path: f.path, Kind: faultinject.Kind(f.kind), Times: f.times, Skip: f.skip,
			Status: f.status, RetryAfter: f.retryAfter, Value: f.value,
			Replacements: f.replacements, Body: f.body,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (b *belvoBank) synchronise(t *testing.T) {
	t.Helper()
	_, err := b.sim.UpdateLink(
		b.link,
		func(l *belvosim.Link) { l.LastAccessedAt = time.Now().UTC().Format(time.RFC3339Nano) },
	)
	if err != nil {
		t.Fatal(err)
	}
}

func (b *belvoBank) setAccountListed(t *testing.T, listed bool) (account string, reads int) {
	t.Helper()
	if err := b.sim.SetAccountListed(belvosim.DemoAccountID, listed); err != nil {
		t.Fatal(err)
	}
	return belvosim.DemoAccountID, 2
}
