package model_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// plaidBank is a simulated Plaid with one Item.
type plaidBank struct {
	t        testing.TB
	sim      *plaidsim.Simulator
	url      string
	item     plaidsim.Item
	accounts map[string]plaidsim.Account
	touched  []string // the ids of the rows that have changed since the last call of changes
	between  between
}

// newPlaid returns a bank whose pages have seven rows, so that most reads take several pages.
func newPlaid(l *life) bank {
	const pageSize = 7
	b := &plaidBank{t: l.t, accounts: map[string]plaidsim.Account{}, sim: plaidsim.New(plaidsim.Options{
		Seed: l.rand.Uint64() | 1, Now: l.clock.Now, PageSize: pageSize,
	})}
	b.sim.AddClient("client", "a-secret-of-plaid")
	b.item = b.sim.AddItem(plaidsim.Item{})
	b.url = serve(httptest.NewServer(b.between.wrap(b.sim)), l)
	return b
}

func (b *plaidBank) vendor() string          { return "plaid" }
func (b *plaidBank) origin() string          { return b.url }
func (b *plaidBank) ref() string             { return b.item.ID }
func (b *plaidBank) login() (string, string) { return "client", "a-secret-of-plaid" }
func (b *plaidBank) accessToken() string     { return b.item.AccessToken }
func (b *plaidBank) sign(body []byte) string { return b.sim.Sign(body, nil) }

func (b *plaidBank) addAccount(kind accountKind, number string) string {
	a := plaidsim.Account{
		Type: "depository", Subtype: string(kind), Name: string(kind), Mask: number[len(number)-4:],
		Balances: plaidsim.Balances{Currency: new("BRL")},
	}
	if kind == card {
		a.Type, a.Subtype = "credit", "credit card"
	}
	added, err := b.sim.AddAccount(b.item.ID, a)
	must(b.t, err)
	b.accounts[added.ID] = added
	return added.ID
}

func (b *plaidBank) setListed(a string, yes bool) {
	if !yes {
		must(b.t, b.sim.RemoveAccount(b.item.ID, a))
		return
	}
	_, err := b.sim.AddAccount(b.item.ID, b.accounts[a])
	must(b.t, err)
}

func (b *plaidBank) setBalance(a *account, cents int64) {
	if a.kind == card {
		cents = -cents // the vendor states what the holder owes
	}
	stored := b.accounts[a.external]
	stored.Balances.Current = new(json.Number(money(cents)))
	b.accounts[a.external] = stored
	if a.listed {
		must(b.t, b.sim.EditAccount(b.item.ID, a.external, func(to *plaidsim.Account) { *to = stored }))
	}
}

func (b *plaidBank) put(a *account, v *row) {
	to := plaidsim.Transaction{
		ID: v.id, Account: a.external, Amount: json.Number(money(-v.cents)), Currency: new("BRL"), Date: v.date,
		Name: "a name", Original: &v.text, Pending: v.status == "pending", Channel: "online",
		Category: &plaidsim.Category{Primary: "A", Detailed: v.category},
	}
	if v.link != "" {
		to.PendingID = &v.link
	}
	_, err := b.sim.Put(b.item.ID, to)
	must(b.t, err)
	b.touched = append(b.touched, v.id)
}

func (b *plaidBank) drop(id string) {
	must(b.t, b.sim.Remove(b.item.ID, id))
	b.touched = append(b.touched, id)
}

// changes returns the ids of the rows that have changed since the last call.
func (b *plaidBank) changes() (ids []string) {
	ids, b.touched = b.touched, nil
	return ids
}

// setSettled sets whether the vendor has read the whole history.
func (b *plaidBank) setSettled(settled bool) {
	history := plaidsim.HistoryInitial
	if settled {
		history = plaidsim.HistoryComplete
	}
	must(b.t, b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.History = history }))
}

// The faults that only Plaid has.
const (
	faultMutation = "mutation" // the history changes between two pages
	faultNotReady = "not ready"
)

func (b *plaidBank) inject(unreadable []string, fault string) {
	const path = "/transactions/*"
	b.sim.ClearFaults()
	mutations, notReady := 0, 0
	switch fault {
	case "":
	case faultMutation:
		mutations = 2
	case faultNotReady:
		notReady = 1
	default:
		must(b.t, b.sim.Inject(faultinject.Fault{
			Path: path, Kind: faultinject.Kind(fault), Status: http.StatusInternalServerError, Skip: 1,
		}))
	}
	b.sim.MutateDuringPagination(mutations)
	must(b.t, b.sim.EditItem(b.item.ID, func(i *plaidsim.Item) { i.NotReady = notReady }))
	if len(unreadable) > 0 {
		texts := map[string]string{}
		for _, id := range unreadable {
			member := `"transaction_id":"` + id + `"`
			texts[member+`,"account_id"`] = member + spoiled + `,"account_id"`
		}
		must(b.t, b.sim.Inject(faultinject.Fault{
			Path: path, Kind: faultinject.Replace, Times: -1, Replacements: texts,
		}))
	}
}

// webhook returns the body of a webhook. All webhooks about rows have the same body, which announces only that there
// is news. If kind is "ignored", webhook returns an older kind of event, which requests no pull.
func (b *plaidBank) webhook(kind, _ string, _ []*row) []byte {
	code, members := "SYNC_UPDATES_AVAILABLE", map[string]any{
		"initial_update_complete": true, "historical_update_complete": true,
	}
	if kind == "ignored" {
		code, members = "DEFAULT_UPDATE", map[string]any{"new_transactions": 40}
	}
	body, err := b.sim.Event(b.item.ID, "TRANSACTIONS", code, members)
	must(b.t, err)
	return body
}

func (b *plaidBank) during(skip int, run func()) { b.between.arm(skip, run) }
func (b *plaidBank) ended() bool                 { return b.between.disarm() }

// between runs a function before the vendor returns a page of rows.
type between struct {
	mu   sync.Mutex
	skip int
	run  func() // nil if it was called
}

func (b *between) arm(skip int, run func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.skip, b.run = skip, run
}

// disarm removes the function, and reports whether it was called.
func (b *between) disarm() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	called := b.run == nil
	b.run = nil
	return called
}

func (b *between) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/transactions/sync" {
			b.mu.Lock()
			if b.skip--; b.skip < 0 && b.run != nil {
				b.run()
				b.run = nil
			}
			b.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// learnFromStream makes the service learn of changes, by a webhook that announces new data or by a read that an
// operator requests.
func (w *world) learnFromStream() {
	switch w.rand.IntN(9) {
	case 0, 1, 2:
		w.news("")
	case 3:
		w.news(faultMutation)
	case 4:
		w.ranged()
	case 5:
		w.unsettled()
	case 6:
		w.settle([]string{"status", "cut", faultMutation, faultNotReady}[w.rand.IntN(4)])
	case 7:
		w.changeMeanwhile()
	default:
		w.settle("")
	}
}

// news sends a webhook that announces new data, up to three times with equal bodies. When the webhook is repeated,
// the service may have read all new data already. Sometimes an event that requests no pull comes first.
func (w *world) news(fault string) {
	w.prepare(fault)
	w.life.note("%s: news %s", w.bank.vendor(), fault)
	body := w.bank.webhook("news", "", nil)
	if w.oneIn(4) {
		w.deliver(w.bank.webhook("ignored", "", nil))
	}
	if w.oneIn(2) {
		w.notify(body)
	}
	w.deliver(body)
	if w.oneIn(3) {
		w.deliver(body)
	}
	w.rest()
	w.readChanges()
	listed, balances := w.balances()
	w.model.list(listed)
	w.model.readBalances(balances, w.clock.Now(), w.fault == "")
}

// readChanges applies the changes since its last call to the model.
func (w *world) readChanges() {
	rows := map[string]*row{}
	for _, a := range w.accounts {
		for _, v := range w.rowsOf(a) {
			rows[v.id] = v
		}
	}
	r, noted := read{}, map[string]bool{}
	for _, id := range w.stream.changes() {
		switch v := rows[id]; {
		case noted[id]:
		case v != nil:
			r.rows = append(r.rows, v)
		default:
			r.left = append(r.left, id)
			if old := w.model.byRow[id]; old != nil && old.live() {
				w.announced[old.account] = append(w.announced[old.account], w.clock.Now())
			}
		}
		noted[id] = true
	}
	w.model.apply(r)
	w.separate()
}

// changeMeanwhile makes the vendor add a row while the service reads everything: between two pages, or between the
// changes and the complete list. The vendor then refuses the next page of a read that has already begun.
func (w *world) changeMeanwhile() {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if !a.listed {
		return
	}
	w.prepare("")
	v := w.newRow(a)
	w.stream.during(w.rand.IntN(8), func() { w.bank.put(a, v) })
	w.life.note("%s: pull, meanwhile %s", w.bank.vendor(), about(v))
	w.pull(nil)
	if w.stream.ended() {
		m := &movement{account: a}
		w.movements = append(w.movements, m)
		w.noteShown(m, v)
	} else {
		w.life.note("%s: it was not added", w.bank.vendor())
	}
	w.readAll(nil)
	// The stream does not report the removal of a row that was added after the last stored position.
	w.settle("")
}

// listsChanged reports whether an account is new, or is listed again after its removal. Only a complete read returns
// all rows of such an account.
func (w *world) listsChanged() bool {
	for _, a := range w.accounts {
		if known := w.model.accounts[a.external]; known == nil || a.listed && known.removed {
			return true
		}
	}
	return false
}

// churn replaces each listed account by another one, with other rows on the same days. The former account leaves before
// the other one comes, so all records are new. The records of the former accounts are removed.
func (w *world) churn() {
	if w.changing() { // the contract leaves open what two rows of one movement become if both leave at once
		w.settle("")
	}
	for i, a := range w.accounts {
		if a.listed {
			w.replace(i, a)
		}
	}
	w.rest()
}

// replace replaces one account.
func (w *world) replace(i int, a *account) {
	var shown []*movement
	for _, v := range a.ladder {
		w.bank.drop(v.id)
	}
	for _, m := range w.movements {
		if m.account == a && len(m.rows) > 0 {
			shown = append(shown, m)
			for _, v := range m.rows {
				w.bank.drop(v.id)
			}
		}
	}
	w.movements = slices.DeleteFunc(w.movements, func(m *movement) bool { return m.account == a })
	ladder := a.ladder
	a.listed, a.ladder = false, nil
	w.bank.setListed(a.external, false)
	w.former = append(w.former, a)
	fresh := &account{kind: a.kind, compared: a.compared, offset: a.offset}
	w.accounts[i] = fresh
	w.settle("")
	w.settle("")
	fresh.listed, fresh.external = true, w.bank.addAccount(a.kind, fmt.Sprintf("9%04d%d", w.rand.IntN(10000), i))
	w.life.note("%s: account %s is replaced by %s", w.bank.vendor(), a.external, fresh.external)
	another := func(v *row) *row {
		to := *v
		to.id, to.account, to.link, to.unreadable = w.newID(), fresh.external, "", false
		to.cents, to.text = w.amountLike(v.cents), w.text()
		return &to
	}
	for _, v := range ladder {
		to := another(v)
		fresh.ladder = append(fresh.ladder, to)
		w.bank.put(fresh, to)
	}
	for _, m := range shown {
		moved := &movement{account: fresh, frozen: m.frozen}
		w.movements = append(w.movements, moved)
		for _, v := range m.rows {
			w.show(moved, another(v))
		}
	}
	w.settle("")
	w.settle("")
}
