package blackbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const (
	// sharedItems is the number of items of the application in TestReplicasServeAnApplication.
	sharedItems = 6
	// refreshesAtOnce is the number of refreshes that a tenant requests within a minute. The vendor allows only
	// maxRefreshes of them.
	refreshesAtOnce, maxRefreshes = 40, 20
	// undelayed is the maximum duration of another tenant's fastest pull while the refreshes run.
	undelayed = 2 * time.Second
)

// sharedApplication is an application at a vendor that has its real rate limits. Three processes serve its connections.
type sharedApplication struct {
	*env
	processes []*process
	sim       *pluggysim.Simulator
	origin    string

	items, ids, accounts []string     // the items, their connections and their accounts
	refreshes            atomic.Int64 // the number of refreshes that reached the vendor
	requests             int          // the number of requests to processes
}

// TestReplicasServeAnApplication uses one application through three processes in turn:
//
//   - One webhook serves all items of the application, even after the connection that owns the webhook was deleted.
//   - Refreshes stay below the vendor's limit, and do not delay another tenant.
//   - A body that equals an earlier body counts as a new event once the pull of the earlier one has started.
func TestReplicasServeAnApplication(t *testing.T) {
	t.Parallel()
	a := newSharedApplication(t)
	a.hearAll(t, 0)
	a.handOver(t)
	a.hearAll(t, 1)
	a.refreshAtOnce(t)
	a.repeatBody(t)
}

func newSharedApplication(t *testing.T) *sharedApplication {
	t.Helper()
	a := &sharedApplication{env: newEnv(t, newDatabase(t).url)}
	a.sim = pluggysim.New(pluggysim.Options{Seed: 5, RateLimit: pluggysim.RealRateLimit})
	a.sim.AddClient(pluggysim.Client{ID: pluggysim.DemoClientID, Secret: pluggysim.DemoClientSecret})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && strings.HasPrefix(r.URL.Path, "/items/") {
			a.refreshes.Add(1)
		}
		a.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	a.origin = server.URL
	a.settings["PUBLIC_URL"] = "https://webhooks.example.test" // the vendor accepts only https
	for range 3 {
		a.processes = append(a.processes, a.serve())
	}
	for _, p := range a.processes {
		p.ready()
	}
	application := text(a.call(a.next(), "POST", "/applications", object{
		"vendor": "pluggy", "name": "production", "baseUrl": a.origin, "clientId": pluggysim.DemoClientID,
		"secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated), "id")
	for i := range sharedItems {
		item := a.sim.AddItem(pluggysim.Item{}).ID
		account := must(a.sim.AddAccount(pluggysim.Account{ItemID: item}))
		a.items, a.accounts = append(a.items, item), append(a.accounts, account.ID)
		a.ids = append(a.ids, text(a.call(a.next(), "POST", "/aggregator-connections", object{
			"vendor": "pluggy", "configName": fmt.Sprint("member ", i), "accountRef": item,
			"applicationId": application,
		}, http.StatusCreated), "id"))
	}
	a.register(t)
	return a
}

// next returns one of the three processes, each in turn.
func (a *sharedApplication) next() *process {
	a.requests++
	return a.processes[a.requests%len(a.processes)]
}

// register asks all processes at once for a webhook of the application, for different connections. Exactly one of them
// must create it.
func (a *sharedApplication) register(t *testing.T) {
	t.Helper()
	var asking sync.WaitGroup
	var created atomic.Int64
	for i, p := range a.processes {
		asking.Go(func() {
			answer, err := a.try(t.Context(), p, "POST", surface+"/webhooks/tokens", object{
				"vendor": "pluggy", "connection_config_name": fmt.Sprint("member ", i), "register": true,
			})
			switch {
			case err == nil && answer.status == http.StatusCreated:
				created.Add(1)
			case err != nil || answer.status != http.StatusOK:
				t.Errorf("a registration got %d, %v", answer.status, err)
			}
		})
	}
	asking.Wait()
	if n, had := created.Load(), len(a.sim.Webhooks()); n != 1 || had != 1 {
		t.Fatalf("%d webhooks were created, the vendor has %d", n, had)
	}
}

// hearAll adds a row to each item, starting with the item number from, and sends the webhooks of the rows to the
// processes in turn. Each row must be stored, and each connection must have one more delivery.
func (a *sharedApplication) hearAll(t *testing.T, from int) {
	t.Helper()
	for i := from; i < sharedItems; i++ {
		before := a.deliveries(i)
		row := must(a.sim.AddTransaction(pluggysim.Transaction{
			AccountID: a.accounts[i], Description: "PIX", Type: "DEBIT", Amount: "-1.00",
		}))
		event := pluggysim.Event{Name: "transactions/created", AccountID: a.accounts[i]}
		sent := must(a.sim.SendRegistered(context.Background(), a.next().baseURL(), event))
		if len(sent) != 1 || sent[0].Status != http.StatusAccepted {
			t.Fatalf("an event of item %d got %v", i, sent)
		}
		eventually(t, waitTimeout, "the row of an item", func() bool {
			for _, stored := range a.all(a.next(), "/aggregator-connections/"+a.ids[i]+"/transactions") {
				if stored["externalId"] == row.ID {
					return true
				}
			}
			return false
		})
		if after := a.deliveries(i); after != before+1 {
			t.Errorf("connection %d has %d deliveries after %d", i, after, before)
		}
	}
}

// deliveries returns the number of deliveries of a connection.
func (a *sharedApplication) deliveries(i int) int {
	return len(a.all(a.next(), "/webhooks/deliveries?connectionId="+a.ids[i]))
}

// handOver deletes the connection that owns the webhook. The webhook must stay at the vendor.
func (a *sharedApplication) handOver(t *testing.T) {
	t.Helper()
	owner := ""
	for _, token := range a.all(a.next(), "/webhooks/tokens") {
		owner = text(token, "connectionId")
	}
	for i, id := range a.ids {
		if id == owner { // the deleted connection becomes the first one
			a.ids[0], a.ids[i] = a.ids[i], a.ids[0]
			a.accounts[0], a.accounts[i] = a.accounts[i], a.accounts[0]
			a.items[0], a.items[i] = a.items[i], a.items[0]
		}
	}
	if a.ids[0] != owner {
		t.Fatalf("the webhook belongs to %q", owner)
	}
	a.call(a.next(), "DELETE", "/aggregator-connections/"+owner, nil, http.StatusNoContent)
	if n := len(a.sim.Webhooks()); n != 1 {
		t.Fatalf("the vendor has %d webhooks after the deletion", n)
	}
}

// refreshAtOnce requests many refreshes through all processes. Meanwhile another tenant pulls.
func (a *sharedApplication) refreshAtOnce(t *testing.T) {
	t.Helper()
	other := *a.env
	other.tenant = uuid.NewString()
	other.renewToken()
	theirs := text(other.call(a.next(), "POST", "/aggregator-connections", object{
		"vendor": "pluggy", "configName": "theirs", "baseUrl": a.origin, "accountRef": a.items[1],
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated), "id")
	begun := time.Now()
	var asking sync.WaitGroup
	var accepted atomic.Int64
	for i := range refreshesAtOnce {
		p, id := a.next(), a.ids[1+i%(sharedItems-1)]
		asking.Go(func() {
			answer, err := a.try(t.Context(), p, "POST", surface+"/aggregator-connections/"+id+"/refresh", nil)
			switch {
			case err == nil && answer.status == http.StatusAccepted:
				accepted.Add(1)
			case err != nil || answer.status != http.StatusTooManyRequests &&
				answer.status != http.StatusServiceUnavailable: // no slot for a call has become free
				t.Errorf("a refresh got %d, %v", answer.status, err)
			}
		})
	}
	fastest := time.Hour
	for range 5 {
		asked := time.Now()
		pull := text(other.call(a.next(), "POST", "/aggregator-connections/"+theirs+"/pulls", object{},
			http.StatusAccepted), "id")
		eventually(t, waitTimeout, "the pull of another tenant", func() bool {
			return other.call(a.next(), "GET", "/pulls/"+pull, nil, http.StatusOK)["status"] == "succeeded"
		})
		fastest = min(fastest, time.Since(asked))
	}
	if fastest > undelayed { // a busy machine can delay some of the pulls, but a queue of refreshes delays each of them
		t.Errorf("another tenant's pulls took at least %v", fastest)
	}
	asking.Wait()
	within := time.Since(begun)
	// If the machine is so busy that the refreshes take longer than a minute, the vendor allows more of them.
	most := maxRefreshes * (1 + int64((within+10*time.Second)/time.Minute))
	if n := a.refreshes.Load(); n > most || n == 0 || accepted.Load() != n {
		t.Errorf("%d refreshes reached the vendor, %d were accepted", n, accepted.Load())
	}
	for resource, of := range a.sim.Stats().Resources {
		if of.Limited > 0 {
			t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
		}
	}
	t.Logf("%d of %d refreshes accepted within %v", accepted.Load(), refreshesAtOnce, within.Round(time.Millisecond))
}

// repeatBody sends the same body without an event id to two processes. It sends the second copy after the pull of the
// first one has succeeded. Each copy must cause a pull.
func (a *sharedApplication) repeatBody(t *testing.T) {
	t.Helper()
	l := newBelvo(t, 6, 3)
	l.connect(a.env, a.next())
	var event map[string]any
	check(json.Unmarshal(l.fullPullEvent(), &event))
	delete(event, "request_id")
	body := must(json.Marshal(event))
	for n := 1; n <= 2; n++ {
		l.mustPost(t, a.next(), body)
		eventually(t, waitTimeout, "the pull of an equal body", func() bool {
			pulls := a.all(a.next(), "/aggregator-connections/"+l.id+"/pulls")
			return len(pulls) == n && pulls[0]["status"] == "succeeded"
		})
	}
	if n := len(a.all(a.next(), "/webhooks/deliveries?connectionId="+l.id)); n != 2 {
		t.Errorf("%d deliveries of two equal bodies", n)
	}
}
