package e2e_test

import (
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bank is one simulated vendor, Pluggy or Belvo, with one account reference.
type bank interface {
	vendor() string
	origin() string
	ref() string
	login() (id, secret string)

	// truth returns the rows that the service must have stored for the reference, by external id. The rows are computed
	// from the vendor's own responses, without the service's code.
	truth(t *testing.T) map[string]truth
	add(t *testing.T) (id string)
	edit(t *testing.T, id string)
	// correctBalance changes the running balance of a row (the account's balance after that row). The service must not
	// treat this change as an edit.
	correctBalance(t *testing.T, id string)
	// changeAmount changes the amount of a row to the given amount, which has no sign. The row keeps its sign.
	changeAmount(t *testing.T, id, amount string)
	remove(t *testing.T, id string)
	// post deletes the row and creates it again, with the same content, under a new id.
	post(t *testing.T, id string) (newID string)
	// setBalance sets the balance of the vendor's bank account, and returns the external id of the account. All rows
	// that the other methods create belong to this account.
	setBalance(t *testing.T, balance string) (account string)
	// setAccountListed changes whether the vendor lists a certain account. It returns the account's external id. It
	// also returns how many successive complete reads without the account prove its removal.
	setAccountListed(t *testing.T, listed bool) (account string, reads int)
	// synchronise makes the vendor state that it has just read the institution.
	synchronise(t *testing.T)
	generate(t *testing.T, n int)
	// revoke revokes the credential; grant makes it valid again.
	revoke()
	grant()

	// linkTokens returns the tokens that the vendor has issued for its hosted page, oldest first.
	linkTokens() []string

	// payload returns the body of a webhook about the rows with these ids. The argument kind is "all" (any row may have
	// changed), "created", "updated" or "deleted".
	payload(t *testing.T, kind string, ids ...string) []byte
	inject(t *testing.T, faults ...fault)
	clear()
	// rowsPath returns the path of the vendor's list of transactions.
	rowsPath() string
	gate() *gate
}

// fault is a failure to inject into a simulated vendor. Both simulators accept the same fields.
type fault struct {
	path, kind  string
	times, skip int
	status      int
	retryAfter  string
	value       string
	body        string // of a response with the kind "status"; "" means the vendor's usual one

	replacements map[string]string
}

// banks returns one bank of each vendor.
func banks(t *testing.T) []bank { return []bank{newPluggy(t), newBelvo(t)} }

// eachBank runs body as a subtest for each vendor on every backend.
func eachBank(t *testing.T, body func(*testing.T, *env, bank), changes ...change) {
	t.Helper()
	each(t, func(t *testing.T, w *env) {
		for _, b := range banks(t) {
			t.Run(b.vendor(), func(t *testing.T) { body(t, w, b) })
		}
	}, changes...)
}

// truth is the expected content of a stored transaction.
type truth struct {
	Amount, AccountAmount     string // the exact amounts, as reduced fractions
	Currency, AccountCurrency string
	Status, Date, Description string
	Metadata                  any
}

// fraction returns a decimal number as a reduced fraction, so that 1.50 and 1.5 have the same result. It returns "" for
// "".
func fraction(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return ""
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok || strings.ContainsAny(text, "eE/") {
		t.Errorf("%q is not a decimal", text)
		return text
	}
	return value.RatString()
}

// withSign replaces the sign of a decimal number. Incoming money gets no sign, and outgoing money gets a minus.
func withSign(text string, in bool) string {
	text = strings.TrimPrefix(text, "-")
	if text == "" || in {
		return text
	}
	return "-" + text
}

// parseJSON parses JSON and keeps numbers as their exact text (json.Number).
func parseJSON(t *testing.T, raw []byte) any {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

// checkRows checks that the stored rows of the connection are equal to the vendor's rows. Rows that the vendor no
// longer has must be marked as removed. Stored rows with the external ids keptIDs are ignored.
func (o operator) checkRows(b bank, id string, keptIDs ...string) {
	o.t.Helper()
	got := map[string]truth{}
	for _, row := range o.metadata(id) {
		external := text(row, "externalId")
		if row["removedAt"] != nil || slices.Contains(keptIDs, external) {
			continue
		}
		got[external] = truth{
			Amount: fraction(o.t, text(row, "amount")), AccountAmount: fraction(o.t, text(row, "accountAmount")),
			Currency: text(row, "currency"), AccountCurrency: text(row, "accountCurrency"),
			Status: text(row, "status"), Date: text(row, "date"), Description: text(row, "description"),
			Metadata: row["metadata"],
		}
	}
	if diff := cmp.Diff(b.truth(o.t), got); diff != "" {
		o.t.Errorf("the stored rows differ from the vendor's (-vendor +stored):\n%.4000s", diff)
	}
}

// metadata returns all transactions of the connection with this id, together with their metadata. It keeps the exact
// text of each number.
func (o operator) metadata(id string) (rows []object) {
	o.t.Helper()
	for next := ""; ; {
		query := "?limit=200"
		if next != "" {
			query += "&cursor=" + next
		}
		page, _ := parseJSON(o.t, o.get(pathOf(id, "/transactions"+query)).want(http.StatusOK).raw).(object)
		items, _ := page["items"].([]any)
		for _, item := range items {
			row, _ := item.(object)
			rows = append(rows, row)
		}
		if next = text(page, "nextCursor"); next == "" {
			return rows
		}
	}
}

func text(o object, member string) string {
	value, _ := o[member].(string)
	return value
}

// gate is a proxy in front of a simulated vendor. It counts the requests. A test can make it hold back a request.
type gate struct {
	next   http.Handler
	server *httptest.Server

	mu        sync.Mutex
	pattern   string
	entered   chan struct{}
	opened    chan struct{}
	seen      map[string]int
	keys      map[string]bool // the API keys that requests have contained
	inside    int
	maxInside int
}

// serve starts a gate in front of the vendor, and returns the gate and its URL.
func serve(t *testing.T, vendor http.Handler) (*gate, string) {
	t.Helper()
	g := &gate{next: vendor, seen: map[string]int{}, keys: map[string]bool{}}
	g.server = httptest.NewServer(g)
	t.Cleanup(g.server.Close)
	return g, g.server.URL
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	entered, opened := g.enter(r.URL.Path, r.Header.Get("X-API-KEY"))
	defer g.leave()
	if entered != nil {
		close(entered)
		select {
		case <-opened:
		case <-r.Context().Done():
			return
		}
	}
	g.next.ServeHTTP(w, r)
}

func (g *gate) enter(at, key string) (entered, opened chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen[at]++
	if key != "" {
		g.keys[key] = true
	}
	g.inside++
	g.maxInside = max(g.maxInside, g.inside)
	if held, _ := path.Match(g.pattern, at); g.pattern == "" || !held {
		return nil, nil
	}
	g.pattern = ""
	return g.entered, g.opened
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
}

// hold makes the gate block the next request whose path matches pattern. The channel arrival is closed when the request
// has arrived. The request stays blocked until release is called. Another request may be held meanwhile.
func (g *gate) hold(pattern string) (arrival <-chan struct{}, release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	opened := make(chan struct{})
	g.pattern, g.entered, g.opened = pattern, make(chan struct{}), opened
	return g.entered, sync.OnceFunc(func() { close(opened) })
}

// count returns the number of requests to a path so far.
func (g *gate) count(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[path]
}

// apiKeys returns the API keys that requests have contained so far.
func (g *gate) apiKeys() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.keys))
}

// most returns the largest number of requests that the vendor had at the same time.
func (g *gate) most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.maxInside
}

// total returns the number of requests to all paths so far.
func (g *gate) total() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, count := range g.seen {
		n += count
	}
	return n
}
