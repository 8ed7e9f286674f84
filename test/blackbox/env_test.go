package blackbox_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rowState is the state of one row at the vendor.
type rowState struct {
	amount  string // with a sign: negative for money that leaves the account
	status  string
	edits   int
	removed bool
}

// bank is one account reference at a simulated vendor, for example a Pluggy item, together with its rows. Each change
// of the rows results in webhooks that announce the change.
type bank interface {
	// connectionValues returns the values that are needed to create a connection to the bank, and the value of the
	// Authorization header of the bank's webhooks.
	connectionValues() (vendor, account, clientID, secret, authorization string)
	// fullPullEvent returns the body of a new webhook that makes the service pull everything.
	fullPullEvent() []byte
	add(cents int) (id string, f rowState)
	edit(id string, cents int) rowState
	remove(id string)
	// takeEvents returns the bodies of the webhooks that announce the changes since the previous call of takeEvents.
	takeEvents() [][]byte
	// ledger returns the amounts of the rows that the vendor would list now, by row id.
	ledger() map[string]string
	// hang makes the vendor answer only the given number of further requests for transactions. The vendor then blocks
	// all later requests until clearFaults is called.
	hang(after int)
	clearFaults()
	// faults returns the number of requests that the vendor has blocked. listRequests returns the number
	// of requests for transactions.
	faults() int
	listRequests() int
}

// link is a bank and a connection to it. The vendor of each link has its own URL origin, because the service has one
// rate budget per origin.
type link struct {
	bank
	origin string
	id     string // the id of the connection
	path   string // the path of the webhook, which includes its token

	delay   atomic.Int64 // the delay of each response, in nanoseconds
	delayed atomic.Int64 // number of requests that were delayed

	mu    sync.Mutex
	facts map[string]rowState
	used  map[int]bool // all amounts that rows have had so far, in cents
}

// vendorTakes is the response time of every vendor. It is long enough for a test to interrupt a pull of several pages.
const vendorTakes = 10 * time.Millisecond

// newLink creates rows at a bank, and runs an HTTP server for the bank's vendor until the test ends.
func newLink(t testing.TB, b bank, handler http.Handler, rows int) *link {
	t.Helper()
	l := &link{bank: b, facts: map[string]rowState{}, used: map[int]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(vendorTakes)
		if wait := l.delay.Load(); wait > 0 {
			l.delayed.Add(1)
			time.Sleep(time.Duration(wait))
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		b.clearFaults()
		server.CloseClientConnections()
		server.Close()
	})
	l.origin = server.URL
	for i := range rows {
		id, f := b.add(100 + i)
		l.facts[id], l.used[100+i] = f, true
	}
	b.takeEvents() // events about these rows are dropped, because the first pull reads all rows
	return l
}

// delayResponses makes the vendor wait for the given duration before each response.
func (l *link) delayResponses(by time.Duration) { l.delay.Store(int64(by)) }

// delayedRequests returns how many requests have been delayed so far.
func (l *link) delayedRequests() int64 { return l.delayed.Load() }

// connect creates the connection and a token for its webhook, through the process p.
func (l *link) connect(h *env, p *process) {
	h.t.Helper()
	vendor, account, clientID, secret, _ := l.connectionValues()
	name := vendor + "-" + account
	l.id = text(h.call(p, "POST", "/aggregator-connections", object{
		"vendor": vendor, "configName": name, "baseUrl": l.origin,
		"accountRef": account, "clientId": clientID, "secret": secret,
	}, http.StatusCreated), "id")
	l.path = surface + "/webhooks/" + vendor + "/" +
		text(
			h.call(
				p,
				"POST",
				"/webhooks/tokens",
				object{"vendor": vendor, "connection_config_name": name},
				http.StatusCreated,
			),
			"token",
		)
}

// change makes one to three changes at the vendor and returns the bodies of the webhooks that announce
// them.
func (l *link) change(random *rand.Rand) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 1 + random.IntN(3) {
		id, known := l.pick(random)
		f := l.facts[id]
		switch draw := random.IntN(10); {
		case !known || draw < 6:
			id, f = l.add(l.newAmount(random))
		case draw < 9:
			edits := f.edits + 1
			f = l.edit(id, l.newAmount(random))
			f.edits = edits
		default:
			l.remove(id)
			f.removed = true
		}
		l.facts[id] = f
	}
	return l.takeEvents()
}

// newAmount returns an amount in cents that no earlier row of the bank has had. A removed row must not share its amount
// with a new row: the new row would become the next version of the removed row (matching.Match).
func (l *link) newAmount(random *rand.Rand) int {
	cents := random.IntN(1_000_000)
	for l.used[cents] {
		cents = random.IntN(1_000_000)
	}
	l.used[cents] = true
	return cents
}

// pick returns the id of a random row that is not removed. The second result is false if there is no such row. The
// choice depends only on the seed of random.
func (l *link) pick(random *rand.Rand) (string, bool) {
	ids := make([]string, 0, len(l.facts))
	for id, f := range l.facts {
		if !f.removed {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "", false
	}
	slices.Sort(ids)
	return ids[random.IntN(len(ids))], true
}
