package plaid

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// attemptTimeout is the timeout of each request. It ends the requests to a vendor that does not respond. It is long, so
// that no other request fails on a busy machine.
const attemptTimeout = 5 * time.Second

// budgetPerMinute replaces the rate budgets, which would delay the tests.
const budgetPerMinute = 100_000

const (
	clientID = "client-5f2a"
	secret   = "hush-hush-secret"
	bank     = "aBank7yT1"
	card     = "bCard7yT2"
)

var noon = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

// testClock is a clock that a test sets. It is safe for concurrent use.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env contains a simulator with one Item that has a bank account and a card, and an adapter that can call it.
type env struct {
	*testing.T
	sim     *plaidsim.Simulator
	adapter *Adapter
	access  ports.Access
	item    plaidsim.Item
	clock   *testClock
	rows    int // number of rows that add has added
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{T: t, clock: &testClock{now: noon}}
	e.sim = plaidsim.New(plaidsim.Options{Seed: 7, Now: e.clock.Now})
	e.sim.AddClient(clientID, secret)
	e.item = e.sim.AddItem(plaidsim.Item{})
	for id, kind := range map[string]string{bank: "depository", card: "credit"} {
		_, err := e.sim.AddAccount(e.item.ID, plaidsim.Account{
			ID: id, Type: kind, Name: id, Mask: "4821",
			Balances: plaidsim.Balances{Current: new(json.Number("120.5")), Currency: new("USD")},
		})
		e.noError(err)
	}
	server := httptest.NewServer(e.sim)
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: loopback, AttemptTimeout: attemptTimeout, MaxBodyBytes: 4 << 20,
		BudgetPerMinute: budgetPerMinute,
	})
	t.Cleanup(func() {
		client.Close()
		e.sim.ClearFaults()
		server.Close()
	})
	e.adapter = New(client, e.clock, Link{})
	e.access = ports.Access{
		Connection: domain.ConnectionID{UUID: uuid.UUID{15: 1}}, BaseURL: server.URL, AccountRef: e.item.ID,
		Credential: credential(clientID, secret, e.item.AccessToken),
	}
	return e
}

func credential(clientID, secret, accessToken string) domain.Credential {
	c := domain.AggregatorCredential(domain.SecretText(clientID), domain.SecretText(secret))
	return c.With(domain.PartAccessToken, domain.SecretText(accessToken))
}

func (e *env) noError(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

// add adds n posted rows to an account and returns their ids.
func (e *env) add(account string, n int) []string {
	e.Helper()
	ids := make([]string, n)
	for i := range ids {
		e.rows++
		day := noon.AddDate(0, 0, -364*i/n).Format(time.DateOnly)
		row, err := e.sim.Put(e.item.ID, plaidsim.Transaction{
			Account: account, Amount: json.Number(fmt.Sprint(e.rows, ".25")), Currency: new("USD"), Date: day,
			Name: fmt.Sprint("ROW ", e.rows),
		})
		e.noError(err)
		ids[i] = row.ID
	}
	return ids
}

// changes contains the combined content of all pages of a step.
type changes struct {
	ids, removed []string // sorted
	pages        int
	position     string
	incomplete   bool
}

// readAll reads all pages of a step. It returns the errors of Read.
func (e *env) readAll(step domain.Step) (all changes, err error) {
	e.Helper()
	accounts, err := e.adapter.Accounts(e.Context(), e.access)
	e.noError(err)
	for cursor := ""; ; {
		page, err := e.adapter.Read(e.Context(), e.access, step, accounts, cursor)
		if err != nil {
			return all, err
		}
		for _, raw := range page.Transactions {
			_, err := raw.Normalize()
			e.noError(err)
			all.ids = append(all.ids, raw.ExternalID)
		}
		all.removed, all.pages = append(all.removed, page.Removed...), all.pages+1
		all.position, all.incomplete = page.StreamPosition, all.incomplete || page.Incomplete
		if cursor = page.Next; cursor == "" {
			slices.Sort(all.ids)
			slices.Sort(all.removed)
			return all, nil
		}
	}
}
