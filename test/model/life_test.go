package model_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// life is one tenant with a connection to each vendor, from its first pull to its last one. Everything random in it
// derives from the seed and the number of the life.
type life struct {
	t       testing.TB
	rand    *rand.Rand // of the operations
	reads   *rand.Rand // of the readers, whose number of reads depends on time
	service *service
	clock   *clock
	began   time.Time
	tenant  string
	token   string
	vendors []string
	amounts map[int64]bool
	ends    []func()

	worlds       []*world
	receiver     *receiver
	subscription string
	feed         feed
	log          []string
	operations   int
	closesAsOf   int // how often a close was compared with the records as of its time
	reopened     bool
}

// banks are the simulated vendors.
var banks = map[string]func(*life) bank{"pluggy": newPluggy, "belvo": newBelvo, "plaid": newPlaid}

// logged is how many of the last operations a failure prints.
const logged = 120

func (l *life) note(format string, values ...any) {
	l.log = append(l.log, fmt.Sprintf("%s  ", l.clock.Now().UTC().Format("15:04:05"))+fmt.Sprintf(format, values...))
	l.log = l.log[max(0, len(l.log)-logged):]
}

// live runs body as one life. A failure of the life fails the test, and prints how to repeat it. live reports whether
// the life has succeeded.
func live(
	t testing.TB, s *service, seed uint64, number int, body func(*life), vendors ...string,
) (ok bool) {
	l := &life{
		t: t, rand: rand.New(rand.NewPCG(seed, uint64(number))), reads: rand.New(rand.NewPCG(seed, uint64(number))),
		service: s, clock: s.clock, began: s.clock.Now().UTC(), tenant: uuid.NewString(), amounts: map[int64]bool{},
		receiver: newReceiver(), feed: newFeed(), vendors: vendors,
	}
	l.token = harness.Token(t, l.tenant)
	l.ends = []func(){l.receiver.Close}
	defer func() {
		for _, end := range slices.Backward(l.ends) {
			end()
		}
		value := recover()
		if ok = value == nil; ok {
			return
		}
		f, failed := value.(failure)
		if !failed {
			f.text = fmt.Sprintf("panic: %v\n%s", value, debug.Stack())
		}
		t.Errorf("seed %d, life %d, operation %d: %s", seed, number, l.operations, f.text)
		for _, line := range l.log {
			t.Log(line)
		}
	}()
	l.start()
	body(l)
	l.end()
	return true
}

// random performs the given number of random operations, in rounds. After each round it compares everything with the
// model.
func (l *life) random(operations int) {
	for l.operations < operations {
		w := l.worlds[l.rand.IntN(len(l.worlds))]
		w.round(min(5+l.rand.IntN(45), operations-l.operations))
		l.compare(w)
		l.pass()
	}
}

// end checks the histories. It then deletes the connections and the subscription, so that they do not slow down later
// lives.
func (l *life) end() {
	l.checkHistories()
	for _, w := range l.worlds {
		l.call(http.StatusNoContent, http.MethodDelete, connections+"/"+w.id, nil)
	}
	l.call(http.StatusNoContent, http.MethodDelete, subscriptions+"/"+l.subscription, nil)
}

// pass moves the clock forward: usually by some minutes, sometimes by more than driftGrace.
func (l *life) pass() {
	by := time.Duration(7+l.rand.IntN(12)) * time.Minute
	if l.rand.IntN(6) == 0 {
		by += driftGrace
	}
	l.clock.advance(by)
}

func (l *life) start() {
	l.subscription = text(l.post(http.StatusCreated, subscriptions, object{
		"name": "copy", "types": []string{"transaction.*"},
		"sink": object{"kind": "webhook", "url": l.receiver.URL},
	}), "id")
	for _, vendor := range l.vendors {
		w := newWorld(l, banks[vendor](l))
		l.worlds = append(l.worlds, w)
		w.connect()
		w.settle("")
		l.compare(w)
	}
	l.pass()
}

// round performs operations of the vendor. The service learns of some of them during the round. At the end of the
// round it learns of the rest, by a complete read or by a webhook that announces news.
func (w *world) round(operations int) {
	for range operations {
		o, done := w.operate()
		w.operations++
		w.life.note("%s: %s", w.bank.vendor(), done)
		if o.reads != nil {
			for range o.reads(w) {
				w.settle("")
			}
		}
		if w.oneIn(8) {
			w.learn()
		}
	}
	if w.stream != nil && w.oneIn(10) {
		w.churn()
	}
	if w.stream != nil && w.oneIn(3) && !w.listsChanged() {
		w.news("")
		return
	}
	w.settle("")
}

// learn makes the service learn of some or all changes, by a webhook or by a read that an operator requests. Some of
// these reads prove no removal.
func (w *world) learn() {
	if w.stream != nil {
		w.learnFromStream()
		return
	}
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	switch w.rand.IntN(8) {
	case 0:
		w.learnCreated(a)
	case 1:
		w.learnUpdated(a)
	case 2, 3:
		w.learnDeleted(a)
	case 4:
		w.ranged()
	case 5:
		w.unsettled()
	case 6:
		// If a movement is changing its id while a read begins again, the service may first store the new row as a
		// record of its own. The model does not predict this case. TestARecordContinuesAlthoughAPageFails tests it.
		if fault := []string{"status", "cut"}[w.rand.IntN(2)]; !w.changing() {
			w.settle(fault)
		}
	default:
		w.settle("")
	}
}

// prepare updates the vendor's balances after changes of its rows. It also injects the unreadable rows and the given
// fault into the next read.
func (w *world) prepare(fault string) {
	w.fault = fault
	for _, a := range w.accounts {
		w.bank.setBalance(a, w.balance(a))
	}
	var ids []string
	for _, v := range w.unreadable() {
		ids = append(ids, v.id)
	}
	w.bank.inject(ids, fault)
}

// balance returns the vendor's balance of an account in cents.
func (w *world) balance(a *account) int64 {
	balance := 1_000_000 + a.offset + a.purged
	for _, v := range w.rowsOf(a) {
		if v.status == "posted" {
			balance += v.cents
		}
	}
	return balance
}

// visible returns all rows that a complete read returns. Pluggy's rows are read by account, and only of listed
// accounts.
func (w *world) visible() (rows []*row) {
	for _, a := range w.accounts {
		if a.listed || w.complete() || w.stream != nil {
			rows = append(rows, w.rowsOf(a)...)
		}
	}
	return rows
}

// settle makes the service read everything while the vendor is not synchronising. If fault is not "", one of the
// first requests for rows fails with this fault.
func (w *world) settle(fault string) {
	w.prepare(fault)
	// Belvo's webhook about everything announces the number of all rows, readable or not.
	if w.stream == nil && w.oneIn(2) && len(w.unreadable()) == 0 {
		w.life.note("%s: webhook about everything %s", w.bank.vendor(), fault)
		w.notify(w.bank.webhook("all", "", nil))
	} else {
		w.life.note("%s: pull %s", w.bank.vendor(), fault)
		w.pull(nil)
	}
	w.readAll(nil)
}

// readAll updates the model after a complete read during which the vendor did not synchronise.
func (w *world) readAll(after []*record) {
	if w.stream != nil {
		w.readChanges()
		after = w.changesRead()
	}
	listed, balances := w.balances()
	w.model.apply(read{rows: w.visible(), accounts: listed, proof: true, after: after})
	w.model.readAccounts(balances, w.clock.Now(), w.fault == "")
	w.separate()
}

// balances returns the accounts that the vendor lists, with their balances in cents. The balance is nil if it cannot be
// compared.
func (w *world) balances() (listed map[string]bool, balances map[string]*int64) {
	listed, balances = map[string]bool{}, map[string]*int64{}
	for _, a := range w.accounts {
		if !a.listed {
			continue // its transactions stay
		}
		listed[a.external] = true
		balances[a.external] = nil
		if a.compared {
			balance := w.balance(a)
			balances[a.external] = &balance
		}
	}
	return listed, balances
}

// changesRead returns the value of read.after for a read in a pull that has already called readChanges. The value is
// an empty list, or nil if the vendor has no stream of changes.
func (w *world) changesRead() []*record {
	if w.stream == nil {
		return nil
	}
	return []*record{}
}

// readSome updates the model after a read of these rows, which proves no removal.
func (w *world) readSome(rows []*row) {
	listed, _ := w.balances()
	w.model.list(listed)
	w.model.apply(read{rows: rows, after: w.changesRead()})
	w.separate()
}

// learnCreated sends a webhook that announces the new rows of an account, waits for the pull, and updates the model.
func (w *world) learnCreated(a *account) {
	rows := slices.DeleteFunc(a.created, func(v *row) bool { return v.unreadable })
	a.created = nil
	if len(rows) == 0 || !a.listed {
		return
	}
	w.prepare("")
	w.life.note("%s: webhook about %d new rows of %s", w.bank.vendor(), len(rows), a.external)
	w.notify(w.bank.webhook("created", a.external, rows))
	if w.complete() {
		w.readAll(nil)
		return
	}
	// The service also reads the rows that were created in the five minutes before these rows
	// (docs/internals/vendor-rows.md).
	from := rows[0].created
	for _, v := range rows {
		if v.created.Before(from) {
			from = v.created
		}
	}
	from = from.Add(-5 * time.Minute)
	w.readSome(slices.DeleteFunc(w.rowsOf(a), func(v *row) bool { return v.created.Before(from) }))
}

// learnUpdated sends a webhook that announces the changed rows of an account, waits for the pull, and updates the
// model.
func (w *world) learnUpdated(a *account) {
	rows := a.updated
	a.updated = nil
	if len(rows) == 0 || !a.listed {
		return
	}
	w.prepare("")
	w.life.note("%s: webhook about %d changed rows of %s", w.bank.vendor(), len(rows), a.external)
	w.notify(w.bank.webhook("updated", a.external, rows))
	if w.complete() {
		w.readAll(nil)
		return
	}
	w.readSome(rows)
}

// learnDeleted sends a webhook that announces deleted rows of an account, waits for the pull, and updates the model.
// It announces at most mostAnnounced rows within announceWindow.
func (w *world) learnDeleted(a *account) {
	rows := a.deleted[:min(len(a.deleted), mostAnnounced-w.recentlyAnnounced(a.external))]
	if len(rows) == 0 || !a.listed {
		return
	}
	a.deleted = slices.Clone(a.deleted[len(rows):])
	var ids []string
	for _, v := range rows {
		w.announced[a.external] = append(w.announced[a.external], w.clock.Now())
		ids = append(ids, v.id)
	}
	w.prepare("")
	w.life.note("%s: webhook about the deleted rows %v", w.bank.vendor(), ids)
	w.notify(w.bank.webhook("deleted", a.external, rows))
	removed := w.model.announce(ids)
	if w.complete() {
		w.readAll(removed)
		return
	}
	listed, balances := w.balances() // after an announced deletion, the balances are read
	w.model.list(listed)
	w.model.readBalances(balances, w.clock.Now(), w.fault == "")
}

// ranged makes the service read only the rows that are dated at most 200 days before the life began.
func (w *world) ranged() {
	w.prepare("")
	from := w.day(-200)
	w.life.note("%s: pull from %s", w.bank.vendor(), from)
	w.pull(object{"from": from})
	if w.stream != nil {
		w.readChanges()
	}
	w.readSome(slices.DeleteFunc(w.visible(), func(v *row) bool { return v.date < from }))
	if w.stream != nil { // the service has also read the stream to its end
		_, balances := w.balances()
		w.model.readBalances(balances, w.clock.Now(), w.fault == "")
	}
}

// unsettled makes the service read everything while the vendor is synchronising. At Belvo it does nothing.
func (w *world) unsettled() {
	if w.complete() {
		return
	}
	w.prepare("")
	w.bank.setSettled(false)
	w.life.note("%s: pull while the item is updating", w.bank.vendor())
	w.pull(nil)
	w.bank.setSettled(true)
	if w.stream != nil {
		w.readChanges()
	}
	w.readSome(w.visible())
}
