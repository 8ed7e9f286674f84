package pluggysim_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// receiver is an HTTP server that records the bodies and headers of the webhooks it receives.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  []string
	headers []http.Header
}

func newReceiver(t *testing.T) *receiver {
	in := &receiver{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.bodies, in.headers = append(in.bodies, string(body)), append(in.headers, r.Header)
	}))
	t.Cleanup(in.Close)
	return in
}

func TestEventsHaveTheVendorsShapes(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	for _, event := range []struct {
		golden string
		pluggysim.Event
	}{
		{"event_item_created", pluggysim.Event{Name: "item/created"}},
		{"event_item_updated", pluggysim.Event{Name: "item/updated"}},
		{"event_item_deleted", pluggysim.Event{Name: "item/deleted"}},
		{"event_item_error", pluggysim.Event{Name: "item/error"}},
		{"event_item_login_succeeded", pluggysim.Event{Name: "item/login_succeeded"}},
		{"event_item_waiting_user_input", pluggysim.Event{Name: "item/waiting_user_input"}},
		{"event_item_waiting_user_action", pluggysim.Event{Name: "item/waiting_user_action"}},
		{"event_connector_status_updated", pluggysim.Event{Name: "connector/status_updated"}},
		{"event_transactions_created", pluggysim.Event{
			Name: "transactions/created", AccountID: pluggysim.DemoBankAccountID,
		}},
		{"event_transactions_updated", pluggysim.Event{
			Name: "transactions/updated", AccountID: pluggysim.DemoBankAccountID, TransactionIDs: []string{row("01")},
		}},
		{"event_transactions_deleted", pluggysim.Event{
			Name: "transactions/deleted", AccountID: pluggysim.DemoBankAccountID, TransactionIDs: []string{row("01")},
		}},
	} {
		event.ItemID = pluggysim.DemoItemID
		status, err := e.SendWebhook(t.Context(), pluggysim.Target{URL: in.URL}, event.Event)
		if err != nil || status != 200 {
			t.Fatalf("%s: %d %v", event.Name, status, err)
		}
		golden(t, event.golden, []byte(in.bodies[len(in.bodies)-1]))
	}
}

func TestTheCreatedEventAnnouncesAddedRows(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	var got struct {
		TransactionsCount                                                         int
		TransactionsMinDate, TransactionsCreatedAtFrom, CreatedTransactionsLinkV2 string
	}
	announce := func() {
		t.Helper()
		raw, err := e.Payload(pluggysim.Event{Name: "transactions/created", AccountID: pluggysim.DemoBankAccountID})
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
	}
	announce()
	link := "https://api.pluggy.ai/v2/transactions" + bank + "&createdAtFrom=2026-11-19T09:02:11.000Z"
	if got.TransactionsCount != 5 || got.TransactionsMinDate != "2026-11-17T01:30:00.000Z" ||
		got.TransactionsCreatedAtFrom != "2026-11-19T09:02:11.000Z" || got.CreatedTransactionsLinkV2 != link {
		t.Errorf("%+v", got)
	}
	if announce(); got.TransactionsCount != 0 {
		t.Errorf("announced twice: %+v", got)
	}
}

func TestChangesAreAnnouncedOnceAndCoalesced(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	to := pluggysim.Target{URL: in.URL}
	if _, err := e.SendWebhooks(t.Context(), to, e.Pending(pluggysim.DemoItemID)...); err != nil {
		t.Fatal(err)
	}
	if left := e.Pending(pluggysim.DemoItemID); left != nil || len(in.bodies) != 2 {
		t.Fatalf("two creations, %d deliveries, left %v", len(in.bodies), left)
	}
	edit := func(t *pluggysim.Transaction) { t.Status = "POSTED" }
	fresh, _ := e.AddTransaction(pluggysim.Transaction{AccountID: pluggysim.DemoCardAccountID})
	transient, _ := e.AddTransaction(pluggysim.Transaction{AccountID: pluggysim.DemoCardAccountID})
	_, _ = e.UpdateTransaction(fresh.ID, edit)
	_ = e.RemoveTransaction(transient.ID)
	_, _ = e.UpdateTransaction(row("11"), edit)
	_, _ = e.UpdateTransaction(row("10"), edit)
	churned, err := e.Churn(row("10"))
	if err != nil || churned.ID == row("10") {
		t.Fatalf("churn: %v %v", churned.ID, err)
	}
	results, err := e.SendWebhooks(t.Context(), to, e.Pending(pluggysim.DemoItemID)...)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, r := range results {
		var p struct {
			TransactionsCount int
			TransactionIDs    []string
		}
		_ = json.Unmarshal([]byte(r.Body), &p)
		got[r.Event] = append([]string{}, p.TransactionIDs...)
		if r.Event == "transactions/created" {
			got[r.Event] = p.TransactionsCount
		}
	}
	want := map[string]any{
		"transactions/created": 2, "transactions/updated": []string{row("11")},
		"transactions/deleted": []string{row("10")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateSetsUpdatedAtAndReorders(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	got, err := e.UpdateTransaction(row("05"), func(t *pluggysim.Transaction) {
		t.ID, t.Date = "stolen", pluggysim.At(time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC))
	})
	if err != nil || got.ID != row("05") || !got.UpdatedAt.Equal(e.clock.Now()) ||
		got.CreatedAt.String() != "2026-11-19T09:02:11.000Z" {
		t.Errorf("%+v %v", got, err)
	}
	if first := e.readAll(bank, nil)[0]; first != row("05") {
		t.Errorf("moved to the newest date, but the first row is %s", first)
	}
	if _, err := e.UpdateTransaction("none", func(*pluggysim.Transaction) {}); !errors.Is(err, pluggysim.ErrNotFound) {
		t.Errorf("unknown row: %v", err)
	}
}

func TestAWebhookHasHeadersAndASignature(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	_, err := e.SendWebhook(t.Context(), pluggysim.Target{
		URL: in.URL, Sign: pluggysim.Signed("k"), Headers: map[string]string{"Authorization": "Bearer shared"},
	}, pluggysim.Event{Name: "item/updated", ItemID: pluggysim.DemoItemID})
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte("k"))
	mac.Write([]byte(in.bodies[0]))
	h := in.headers[0]
	if h.Get("X-Webhook-Signature") != hex.EncodeToString(mac.Sum(nil)) || h.Get("Authorization") != "Bearer shared" ||
		h.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", h)
	}
}

func TestCopiesAndReordering(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	var events []pluggysim.Event
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		events = append(events, pluggysim.Event{Name: "item/updated", ID: id})
	}
	results, err := e.SendWebhooks(t.Context(), pluggysim.Target{URL: in.URL, Copies: 2, Reorder: true}, events...)
	if err != nil {
		t.Fatal(err)
	}
	counts, order := map[string]int{}, ""
	for _, r := range results {
		var p struct{ EventID string }
		_ = json.Unmarshal([]byte(r.Body), &p)
		counts[p.EventID]++
		order += p.EventID
	}
	if diff := cmp.Diff(map[string]int{"a": 3, "b": 3, "c": 3, "d": 3, "e": 3, "f": 3}, counts); diff != "" {
		t.Error(diff)
	}
	if n := e.Stats().Webhooks; n != len(results) {
		t.Errorf("%d deliveries counted, %d made", n, len(results))
	}
	if order == "aaabbbcccdddeeefff" {
		t.Error("the order is unchanged")
	}
}

func TestWebhookFailures(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	item := pluggysim.Event{Name: "item/updated"}
	to := pluggysim.Target{URL: in.URL}
	if _, err := e.SendWebhook(t.Context(), to, pluggysim.Event{Name: "item/eaten"}); err == nil {
		t.Error("an unknown event was sent")
	}
	ofNoAccount := pluggysim.Event{Name: "transactions/created"}
	if _, err := e.SendWebhook(t.Context(), to, ofNoAccount); !errors.Is(err, pluggysim.ErrNotFound) {
		t.Errorf("unknown account: %v", err)
	}
	closed := pluggysim.Target{URL: "http://127.0.0.1:1", Retries: 1}
	if status, err := e.SendWebhook(t.Context(), closed, item); status != 0 || err == nil {
		t.Errorf("no server: %d %v", status, err)
	}
	if status, err := e.SendWebhook(t.Context(), pluggysim.Target{URL: ":"}, item); status != 0 || err == nil {
		t.Errorf("invalid URL: %d %v", status, err)
	}
}

func TestARawBodyIsSentUnchanged(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	to := pluggysim.Target{URL: in.URL, DelayMs: 1}
	if _, err := e.SendWebhook(t.Context(), to, pluggysim.Event{Raw: []byte("{broken")}); err != nil {
		t.Fatal(err)
	}
	if in.bodies[0] != "{broken" {
		t.Errorf("posted %q", in.bodies[0])
	}
}

func TestRegisteredWebhooksGetTheEventsOfAllItemsOfTheirClient(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	in := newReceiver(t)
	other := e.AddItem(pluggysim.Item{ClientID: "another"})
	own := e.AddItem(pluggysim.Item{ClientID: pluggysim.DemoClientID})
	for _, event := range []string{"all", "item/error"} {
		made := e.send(http.MethodPost, "/webhooks",
			`{"event":"`+event+`","url":"https://hooks.example/path","headers":{"Authorization":"own"}}`)
		if made.status != http.StatusOK {
			t.Fatalf("%s: %d", event, made.status)
		}
	}
	for _, item := range []string{pluggysim.DemoItemID, own.ID, other.ID} {
		updated := pluggysim.Event{Name: "item/updated", ItemID: item}
		if _, err := e.SendRegistered(t.Context(), in.URL, updated); err != nil {
			t.Fatal(err)
		}
	}
	results, err := e.SendRegistered(t.Context(), in.URL, pluggysim.Event{Name: "item/error", ItemID: own.ID})
	if err != nil || len(results) != 2 {
		t.Fatalf("an event with two webhooks: %v, %v", results, err)
	}
	if len(in.bodies) != 4 {
		t.Errorf("%d deliveries, want 4: %v", len(in.bodies), in.bodies)
	}
	for _, header := range in.headers {
		if header.Get("Authorization") != "own" {
			t.Errorf("the headers are %v", header)
		}
	}
}
