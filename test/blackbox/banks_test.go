package blackbox_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// pluggyBank is a Pluggy item with one account.
type pluggyBank struct {
	sim           *pluggysim.Simulator
	item, account string
}

func newPluggy(t testing.TB, seed uint64, rows int) *link {
	t.Helper()
	sim := pluggysim.New(pluggysim.Options{Seed: seed, PageSize: 25})
	sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	b := &pluggyBank{sim: sim, item: sim.AddItem(pluggysim.Item{}).ID}
	account, err := sim.AddAccount(pluggysim.Account{ItemID: b.item})
	if err != nil {
		t.Fatal(err)
	}
	b.account = account.ID
	return newLink(t, b, sim, rows)
}

func (b *pluggyBank) connectionValues() (vendor, account, clientID, secret, authorization string) {
	return "pluggy", b.item, pluggysim.DemoClientID, pluggysim.DemoClientSecret, pluggyShared
}

func (b *pluggyBank) fullPullEvent() []byte {
	return must(b.sim.Payload(pluggysim.Event{Name: "item/updated", ItemID: b.item}))
}

func (b *pluggyBank) add(cents int) (string, rowState) {
	row := must(b.sim.AddTransaction(pluggysim.Transaction{
		AccountID: b.account, Description: "PIX", Type: "DEBIT", Amount: pluggysim.Number("-" + money(cents)),
	}))
	return row.ID, rowState{amount: "-" + money(cents), status: "posted"}
}

func (b *pluggyBank) edit(id string, cents int) rowState {
	must(b.sim.UpdateTransaction(id, func(t *pluggysim.Transaction) {
		t.Amount, t.Status = pluggysim.Number("-"+money(cents)), "PENDING"
	}))
	return rowState{amount: "-" + money(cents), status: "pending"}
}

func (b *pluggyBank) remove(id string) { check(b.sim.RemoveTransaction(id)) }

func (b *pluggyBank) takeEvents() (bodies [][]byte) {
	for _, event := range b.sim.Pending(b.item) {
		bodies = append(bodies, must(b.sim.Payload(event)))
	}
	return bodies
}

func (b *pluggyBank) ledger() map[string]string {
	rows := map[string]string{}
	for _, row := range b.sim.Transactions(b.account) {
		rows[row.ID] = string(row.Amount)
	}
	return rows
}

func (b *pluggyBank) hang(after int) {
	check(b.sim.Inject(pluggysim.Fault{Path: "/v2/transactions", Kind: pluggysim.FaultHang, Skip: after, Times: -1}))
}

func (b *pluggyBank) clearFaults()      { b.sim.ClearFaults() }
func (b *pluggyBank) faults() int       { return b.sim.Stats().Faults }
func (b *pluggyBank) listRequests() int { return b.sim.Stats().Resources["transactions"].Requests }

// belvoBank is a Belvo link with one account.
type belvoBank struct {
	sim           *belvosim.Simulator
	link, account string
	today         string
	events        []belvosim.Event
}

func newBelvo(t testing.TB, seed uint64, rows int) *link {
	t.Helper()
	sim := belvosim.New(belvosim.Options{Seed: seed})
	sim.AddSecret(belvosim.DemoSecretID, belvosim.DemoSecretPassword)
	added, err := sim.AddLink(belvosim.Link{Institution: "erebor_mx_retail"})
	if err != nil {
		t.Fatal(err)
	}
	currency := "MXN"
	account, err := sim.AddAccount(belvosim.Account{
		Link:     added.ID,
		Currency: &currency,
		Category: "CHECKING_ACCOUNT",
		Balance:  json.RawMessage(`{"current":1,"available":1}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &belvoBank{sim: sim, link: added.ID, account: account.ID, today: time.Now().UTC().Format(time.DateOnly)}
	return newLink(t, b, sim, rows)
}

func (b *belvoBank) connectionValues() (vendor, account, clientID, secret, authorization string) {
	return "belvo", b.link, belvosim.DemoSecretID, belvosim.DemoSecretPassword, belvoShared
}

func (b *belvoBank) fullPullEvent() []byte {
	return must(b.sim.Payload(belvosim.Event{Name: "TRANSACTIONS/historical_update", LinkID: b.link}))
}

func (b *belvoBank) add(cents int) (string, rowState) {
	kind, status := "INFLOW", "PROCESSED"
	currency := "MXN"
	row := must(b.sim.AddTransaction(b.link, belvosim.Transaction{
		Account:   b.account,
		ValueDate: &b.today,
		Amount:    json.RawMessage(money(cents)),
		Currency:  &currency,
		Type:      &kind,
		Status:    &status,
	}))
	b.queueEvent("new_transactions_available", row.ID)
	return row.ID, rowState{amount: money(cents), status: "posted"}
}

func (b *belvoBank) edit(id string, cents int) rowState {
	status := "PENDING"
	must(b.sim.UpdateTransaction(id, func(t *belvosim.Transaction) {
		t.Amount, t.Status = json.RawMessage(money(cents)), &status
	}))
	b.queueEvent("transactions_updated", id)
	return rowState{amount: money(cents), status: "pending"}
}

func (b *belvoBank) remove(id string) {
	check(b.sim.RemoveTransaction(id))
	b.queueEvent("transactions_deleted", id)
}

func (b *belvoBank) queueEvent(what, id string) {
	b.events = append(
		b.events,
		belvosim.Event{Name: "TRANSACTIONS/" + what, LinkID: b.link, TransactionIDs: []string{id}},
	)
}

func (b *belvoBank) takeEvents() (bodies [][]byte) {
	for _, event := range b.events {
		bodies = append(bodies, must(b.sim.Payload(event)))
	}
	b.events = nil
	return bodies
}

func (b *belvoBank) ledger() map[string]string {
	rows := map[string]string{}
	for _, row := range b.sim.Transactions(b.link) {
		rows[row.ID] = string(row.Amount)
	}
	return rows
}

func (b *belvoBank) hang(after int) {
	check(b.sim.Inject(belvosim.Fault{Path: "/api/transactions/", Kind: belvosim.FaultHang, Skip: after, Times: -1}))
}

func (b *belvoBank) clearFaults()      { b.sim.ClearFaults() }
func (b *belvoBank) faults() int       { return b.sim.Stats().Faults }
func (b *belvoBank) listRequests() int { return b.sim.Stats().ByPath["/api/transactions/"] }

func money(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// must returns value if err is nil, and panics otherwise. must and check are meant for calls to the simulators and the
// operating system. An error of such a call is a defect of the test, not of the service.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
