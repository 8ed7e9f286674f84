package blackbox_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// billsVendor is a simulated Pluggy with a card that has bills. It can keep a request for the bills waiting.
type billsVendor struct {
	sim    *pluggysim.Simulator
	origin string
	hold   chan chan struct{} // holds the channel to close when the next request for the bills of the card arrives
}

func newBillsVendor(t *testing.T, now time.Time) *billsVendor {
	t.Helper()
	v := &billsVendor{
		sim:  pluggysim.New(pluggysim.Options{Seed: 5, Now: func() time.Time { return now }}),
		hold: make(chan chan struct{}, 1),
	}
	v.sim.SeedAt(now)
	check(v.sim.SeedBillsAt(now))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bills" && r.URL.Query().Get("accountId") == pluggysim.BillsCardID {
			select {
			case arrived := <-v.hold:
				close(arrived)
				<-r.Context().Done() // until the service is killed
				return
			default:
			}
		}
		v.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	v.origin = server.URL
	return v
}

// addMissingRow adds the row that the newest bill of the card lacks.
func (v *billsVendor) addMissingRow(now time.Time) {
	must(v.sim.AddTransaction(pluggysim.Transaction{
		ID: "5a1c7000-0000-4000-8000-000000000999", AccountID: pluggysim.BillsCardID,
		Description: "FARMACIA CENTRAL", Amount: "108.98", Type: "DEBIT", CurrencyCode: "BRL", Status: "POSTED",
		Date:               pluggysim.At(now.AddDate(0, -1, 0)),
		CreditCardMetadata: json.RawMessage(`{"billId":"` + pluggysim.ThirdBillID + `"}`),
	}))
}

// TestAKillBetweenRowsAndBillsLosesNoBill kills the service in two pulls, after the rows are stored and before the
// bills of the card are. The first pull brings all bills. The second one brings a row that changes the check of a bill.
// After each restart, rows and bills must be the same as without the kill.
func TestAKillBetweenRowsAndBillsLosesNoBill(t *testing.T) {
	now := time.Now().UTC()
	want := pullBills(t, newEnv(t, ""), now, false)
	if last := want[1].bills[0]; len(want[0].bills) != 4 || want[0].bills[0]["check"] != "differs" ||
		last["check"] != "adds_up" || len(want[1].rows) != len(want[0].rows)+1 {
		t.Fatalf("without a kill: %v", want)
	}
	for backend, url := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			got := pullBills(t, newEnv(t, url(t)), now, true)
			if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(cardState{})); diff != "" {
				t.Errorf("the kills have changed the bills (-without +with):\n%s", diff)
			}
		})
	}
}

// pullBills pulls the card twice, and returns what is stored after each pull. If kills is set, it kills the service in
// each pull.
func pullBills(t *testing.T, h *env, now time.Time, kills bool) (states []cardState) {
	t.Helper()
	v := newBillsVendor(t, now)
	p := h.serve()
	p.ready()
	connection := text(h.call(p, http.MethodPost, "/aggregator-connections", object{
		"vendor": "pluggy", "configName": "main", "baseUrl": v.origin, "accountRef": pluggysim.DemoItemID,
		"clientId": pluggysim.DemoClientID, "secret": pluggysim.DemoClientSecret,
	}, http.StatusCreated), "id")
	before := cardState{}
	for i := range 2 {
		if i == 1 {
			v.addMissingRow(now)
		}
		arrived := make(chan struct{})
		if kills {
			v.hold <- arrived
		}
		pull := "/pulls/" + text(h.call(p, http.MethodPost, "/aggregator-connections/"+connection+"/pulls", nil,
			http.StatusAccepted), "id")
		if kills {
			select {
			case <-arrived:
			case <-time.After(waitTimeout):
				t.Fatal("the service has not asked for the bills")
			}
			state := h.cardState(p, connection)
			if len(state.rows) == len(before.rows) || !gocmp.Equal(before.bills, state.bills) {
				t.Errorf("at the kill, %d rows and the bills %v are stored", len(state.rows), state.bills)
			}
			p.kill()
			p = h.serve()
			p.ready()
		}
		var ended object
		eventually(t, waitTimeout, "end of the pull", func() bool {
			ended = h.call(p, http.MethodGet, pull, nil, http.StatusOK)
			return ended["status"] == "succeeded" || ended["status"] == "failed"
		})
		if attempts, _ := ended["attempts"].(float64); ended["status"] != "succeeded" || kills != (attempts > 1) {
			t.Errorf("the pull ended as %v", ended)
		}
		// The bills of a pull that has brought only rows are evaluated in the background.
		eventually(t, waitTimeout, "evaluation of the bills", func() bool {
			before = h.cardState(p, connection)
			return len(before.bills) > 0 && before.bills[0]["check"] == []string{"differs", "adds_up"}[i]
		})
		states = append(states, before)
	}
	return states
}

// cardState is what is stored of a card with bills. Ids and times of the service are replaced or left out.
type cardState struct {
	rows, bills []object
	open        any
}

// cardState reads the state of the card over the API.
func (h *env) cardState(p *process, connection string) (s cardState) {
	h.t.Helper()
	card, names := "", map[string]string{}
	for _, a := range h.all(p, "/aggregator-connections/"+connection+"/accounts") {
		if a["externalId"] == pluggysim.BillsCardID {
			card = text(a, "id")
		}
	}
	if card == "" {
		return s
	}
	list := h.call(p, http.MethodGet, "/accounts/"+card+"/bills?limit=200", nil, http.StatusOK)
	s.open = list["open"]
	for _, bill := range listed(list) {
		names[text(bill, "id")] = text(bill, "externalId")
	}
	for _, row := range h.all(p, "/aggregator-connections/"+connection+"/transactions") {
		names[text(row, "id")] = text(row, "externalId")
		s.rows = append(s.rows, object{
			"externalId": row["externalId"], "amount": row["amount"], "date": row["date"], "status": row["status"],
			"version": row["version"], "removed": row["removedAt"] != nil, "bill": names[text(row, "billId")],
			"billMonth": row["billMonth"], "billBasis": row["billBasis"],
		})
	}
	slices.SortStableFunc(s.rows, func(x, y object) int {
		return cmp.Compare(text(x, "externalId"), text(y, "externalId"))
	})
	for _, bill := range listed(list) {
		for _, name := range []string{"id", "accountId", "bankReadAt"} {
			delete(bill, name)
		}
		bill["removedAt"] = bill["removedAt"] != nil
		for _, payment := range bill["payments"].([]any) {
			payment := payment.(object)
			payment["transactionId"] = names[text(payment, "transactionId")]
		}
		s.bills = append(s.bills, bill)
	}
	slices.SortStableFunc(s.bills, func(x, y object) int { // two bills with one due date are listed by their random ids
		return cmp.Or(
			cmp.Compare(text(y, "dueDate"), text(x, "dueDate")),
			cmp.Compare(text(x, "externalId"), text(y, "externalId")),
		)
	})
	return s
}
