package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// pluggyBank is a simulated Pluggy with its demo data.
type pluggyBank struct {
	sim *pluggysim.Simulator
	at  *gate
	url string

	item, id, secret string
}

func newPluggy(t *testing.T, options ...func(*pluggysim.Options)) *pluggyBank {
	t.Helper()
	o := pluggysim.Options{Now: func() time.Time { return time.Now().UTC() }}
	for _, apply := range options {
		apply(&o)
	}
	b := &pluggyBank{
		sim: pluggysim.New(
			o,
		),
		item:   pluggysim.DemoItemID,
		id:     pluggysim.DemoClientID,
		secret: pluggysim.DemoClientSecret,
	}
	b.sim.SeedAt(time.Now())
	b.at, b.url = serve(t, b.sim)
	return b
}

func (b *pluggyBank) vendor() string { return "pluggy" }
func (b *pluggyBank) origin() string { return b.url }
func (b *pluggyBank) ref() string    { return b.item }
func (b *pluggyBank) login() (string, string) {
	return b.id, b.secret
}
func (b *pluggyBank) rowsPath() string { return "/v2/transactions" }
func (b *pluggyBank) gate() *gate      { return b.at }
func (b *pluggyBank) clear()           { b.sim.ClearFaults() }

func (b *pluggyBank) linkTokens() []string { return b.sim.ConnectTokens() }

func (b *pluggyBank) revoke() {
	b.sim.AddClient(pluggysim.Client{ID: b.id, Secret: "another"})
	b.sim.ExpireKeys()
}

func (b *pluggyBank) grant() {
	b.sim.AddClient(pluggysim.Client{ID: b.id, Secret: b.secret})
}

// pluggyAccounts are the accounts of the demo item.
var pluggyAccounts = []string{pluggysim.DemoBankAccountID, pluggysim.DemoCardAccountID}

func (b *pluggyBank) truth(t *testing.T) map[string]truth {
	t.Helper()
	all := map[string]truth{}
	for _, account := range pluggyAccounts {
		for _, row := range b.sim.Transactions(account) {
			raw, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			all[row.ID] = pluggyTruth(t, row, parseJSON(t, raw))
		}
	}
	return all
}

// pluggyTruth returns the expected stored form of a row, according to Pluggy's documentation:
//
//   - The type of the row determines the direction of the amount. In the demo data, the sign of a card row's amount
//     agrees with the type.
//   - A date without a time is stored unchanged. Any other date is converted to the time of São Paulo, UTC-3.
//   - Every account of the demo data is in BRL.
func pluggyTruth(t *testing.T, row pluggysim.Transaction, raw any) truth {
	t.Helper()
	in := row.Type == "CREDIT"
	want := truth{
		Amount: fraction(t, withSign(string(row.Amount), in)), Currency: row.CurrencyCode,
		Status: map[pluggysim.Text]string{"POSTED": "posted", "PENDING": "pending"}[row.Status],
		Date:   row.Date.Add(-3 * time.Hour).Format(time.DateOnly), Description: row.Description, Metadata: raw,
	}
	if row.Date.Equal(row.Date.Truncate(24 * time.Hour)) {
		want.Date = row.Date.Format(time.DateOnly)
	}
	if row.CurrencyCode != "BRL" {
		want.AccountAmount, want.AccountCurrency = fraction(t, withSign(string(row.AmountInAccountCurrency), in)), "BRL"
	}
	return want
}

func (b *pluggyBank) add(t *testing.T) string {
	t.Helper()
	row, err := b.sim.AddTransaction(pluggysim.Transaction{
		AccountID: pluggysim.DemoBankAccountID, Description: "ADDED", Amount: "-12.34", Type: "DEBIT",
	})
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

func (b *pluggyBank) edit(t *testing.T, id string) {
	t.Helper()
	if _, err := b.sim.UpdateTransaction(
		id,
		func(row *pluggysim.Transaction) { row.Description += " (corrected)" },
	); err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) correctBalance(t *testing.T, id string) {
	t.Helper()
	_, err := b.sim.UpdateTransaction(id, func(row *pluggysim.Transaction) { row.Balance = "4321.09" })
	if err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) changeAmount(t *testing.T, id, amount string) {
	t.Helper()
	_, err := b.sim.UpdateTransaction(id, func(row *pluggysim.Transaction) {
		row.Amount = pluggysim.Number(amount)
		if row.Type == "DEBIT" {
			row.Amount = pluggysim.Number("-" + amount)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) remove(t *testing.T, id string) {
	t.Helper()
	if err := b.sim.RemoveTransaction(id); err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) post(t *testing.T, id string) string {
	t.Helper()
	row, err := b.sim.Churn(id)
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

func (b *pluggyBank) setBalance(t *testing.T, balance string) string {
	t.Helper()
	err := b.sim.UpdateAccount(pluggysim.DemoBankAccountID, func(a *pluggysim.Account) {
		a.Balance, a.BankData = "1", json.RawMessage(`{"closingBalance":`+balance+`}`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return pluggysim.DemoBankAccountID
}

func (b *pluggyBank) generate(t *testing.T, n int) {
	t.Helper()
	if err := b.sim.Generate(pluggysim.DemoBankAccountID, n); err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) payload(t *testing.T, kind string, ids ...string) []byte {
	t.Helper()
	e := pluggysim.Event{Name: "transactions/" + kind, AccountID: pluggysim.DemoBankAccountID, TransactionIDs: ids}
	if kind == "all" {
		e = pluggysim.Event{Name: "item/updated", ItemID: b.item}
	}
	return b.event(t, e)
}

func (b *pluggyBank) event(t *testing.T, e pluggysim.Event) []byte {
	t.Helper()
	body, err := b.sim.Payload(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (b *pluggyBank) inject(t *testing.T, faults ...fault) {
	t.Helper()
	for _, f := range faults {
		err := b.sim.Inject(pluggysim.Fault{
			Path: f.path, Kind: faultinject.Kind(f.kind), Times: f.times, Skip: f.skip,
			Status: f.status, RetryAfter: f.retryAfter, Value: f.value,
			Replacements: f.replacements, Body: f.body,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (b *pluggyBank) synchronise(t *testing.T) {
	t.Helper()
	if err := b.sim.SetItemStatus(b.item, "UPDATED", "SUCCESS"); err != nil {
		t.Fatal(err)
	}
}

func (b *pluggyBank) setAccountListed(t *testing.T, listed bool) (account string, reads int) {
	t.Helper()
	if err := b.sim.SetAccountListed(pluggysim.DemoCardAccountID, listed); err != nil {
		t.Fatal(err)
	}
	return pluggysim.DemoCardAccountID, 1
}

// TestAnAccountThatIsGoneAfterItWasListed checks a pull between whose list of accounts and whose first page the vendor
// has given the account another id: it is tried again.
func TestAnAccountThatIsGoneAfterItWasListed(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b := w.operator(t), newPluggy(t)
		id := o.connect(b, "main")
		b.inject(t, fault{
			path: b.rowsPath(), kind: "status", status: http.StatusNotFound, times: 1,
			body: `{"code":404,"codeDescription":"ACCOUNT_NOT_FOUND","message":"account not found"}`,
		})
		if pull := o.pull(id, nil); pull["status"] != "succeeded" || pull["attempts"] != 2.0 {
			t.Errorf("the pull ended as %v", pull)
		}
		if h := o.get(pathOf(id, "/health")).want(http.StatusOK).json(); h["health"] != "healthy" {
			t.Errorf("the health is %v", h)
		}
	})
}
