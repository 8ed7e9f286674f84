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

// fact is the vendor's state of one row.
type fact struct {
	amount  string // signed, from the account holder's view
	status  string
	edits   int
	removed bool
}

// bank is one account reference at a simulated vendor. Its changes come with the webhooks
// that announce them.
type bank interface {
	// reference returns the values with which a connection to it is created.
	reference() (vendor, account, clientID, secret, authorization string)
	// whole returns a webhook that requests a pull of everything.
	whole() []byte
	add(cents int) (id string, f fact)
	edit(id string, cents int) fact
	remove(id string)
	// takeEvents returns the bodies of the webhooks that announce the changes since the last call.
	takeEvents() [][]byte
	// ledger returns every row as the vendor would list it now: ids and amounts.
	ledger() map[string]string
	// hang blocks the requests for transactions after a number of good ones, until heal.
	hang(after int)
	heal()
	// faults returns the number of blocked requests, lists the number of requests for rows.
	faults() int
	lists() int
}

// link is a bank with an origin of its own, and so a rate budget of its own, and a
// connection to it.
type link struct {
	bank
	origin string
	id     string // of the connection
	path   string // of the webhook, including its token

	slow   atomic.Int64 // additional nanoseconds for each response
	slowed atomic.Int64 // number of requests that were delayed

	mu    sync.Mutex
	facts map[string]fact
}

// vendorTakes is the vendor's response time, so that a pull of several pages lasts long
// enough to be interrupted.
const vendorTakes = 10 * time.Millisecond

// newLink creates rows at a bank and serves it until the test ends.
func newLink(t testing.TB, b bank, handler http.Handler, rows int) *link {
	t.Helper()
	l := &link{bank: b, facts: map[string]fact{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(vendorTakes)
		if wait := l.slow.Load(); wait > 0 {
			l.slowed.Add(1)
			time.Sleep(time.Duration(wait))
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		b.heal()
		server.CloseClientConnections()
		server.Close()
	})
	l.origin = server.URL
	for i := range rows {
		id, f := b.add(100 + i)
		l.facts[id] = f
	}
	b.takeEvents() // the first pull reads all of them
	return l
}

// stall makes the vendor slower by the given time for each response.
func (l *link) stall(by time.Duration) { l.slow.Store(int64(by)) }

// stalled returns the number of delayed requests.
func (l *link) stalled() int64 { return l.slowed.Load() }

// connect creates the connection and its webhook token.
func (l *link) connect(h *env, p *process) {
	h.t.Helper()
	vendor, account, clientID, secret, _ := l.reference()
	name := vendor + "-" + account
	l.id = text(h.call(p, "POST", "/aggregator-connections", object{
		"vendor": vendor, "configName": name, "baseUrl": l.origin,
		"accountRef": account, "clientId": clientID, "secret": secret,
	}, http.StatusCreated), "id")
	l.path = surface + "/webhooks/" + vendor + "/" +
		text(h.call(p, "POST", "/webhooks/tokens", object{"vendor": vendor, "connection_config_name": name}, http.StatusCreated), "token")
}

// change makes a few changes at the vendor and returns the webhooks that announce them.
func (l *link) change(random *rand.Rand) [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 1 + random.IntN(3) {
		id, known := l.pick(random)
		f := l.facts[id]
		switch draw := random.IntN(10); {
		case !known || draw < 6:
			id, f = l.add(random.IntN(1_000_000))
		case draw < 9:
			edits := f.edits + 1
			f = l.edit(id, random.IntN(1_000_000))
			f.edits = edits
		default:
			l.remove(id)
			f.removed = true
		}
		l.facts[id] = f
	}
	return l.takeEvents()
}

// pick chooses an existing row at random, the same one for the same seed.
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
