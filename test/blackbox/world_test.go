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

// fact is what the vendor knows of one row.
type fact struct {
	amount  string // signed, the holder's view
	status  string
	edits   int
	removed bool
}

// bank is one account reference at a simulated vendor. Its changes come with the webhooks
// that tell of them.
type bank interface {
	// reference is what a connection to it is made of.
	reference() (vendor, account, clientID, secret, authorization string)
	// whole is a webhook that asks for everything.
	whole() []byte
	add(cents int) (id string, f fact)
	edit(id string, cents int) fact
	remove(id string)
	// news is the bodies of the webhooks that tell what changed since the last call.
	news() [][]byte
	// ledger is every row as the vendor would list it now: ids and amounts.
	ledger() map[string]string
	// hang holds up the requests for transactions after a number of good ones, until heal.
	hang(after int)
	heal()
	// faults is how many requests were held up, lists how often rows were asked for.
	faults() int
	lists() int
}

// link is a bank with its own origin, so that it has a rate budget of its own, and a
// connection to it.
type link struct {
	bank
	origin string
	id     string // of the connection
	path   string // of the webhook, with its token

	slow   atomic.Int64 // nanoseconds that each answer takes longer
	slowed atomic.Int64 // requests that were

	mu    sync.Mutex
	facts map[string]fact
}

// vendorTakes is how long a vendor thinks before it answers, so that a pull of some pages
// lasts long enough to be interrupted.
const vendorTakes = 10 * time.Millisecond

// newLink furnishes a bank with rows and serves it until the test ends.
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
	b.news() // the first pull reads them all
	return l
}

// stall makes the vendor slow: each answer takes so much longer.
func (l *link) stall(by time.Duration) { l.slow.Store(int64(by)) }

// stalled is how many requests were slowed down.
func (l *link) stalled() int64 { return l.slowed.Load() }

// connect makes the connection and its webhook token.
func (l *link) connect(h *house, p *process) {
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

// change makes a few changes at the vendor and gives the webhooks that tell of them.
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
	return l.news()
}

// pick draws a row that is still there, the same for the same seed.
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
