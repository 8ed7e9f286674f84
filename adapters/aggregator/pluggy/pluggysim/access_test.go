package pluggysim_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// caller authenticates and returns a function that sends a GET request directly to the simulator's
// handler, without a network connection.
func caller(tb testing.TB, s *pluggysim.Simulator) func(target string) *httptest.ResponseRecorder {
	tb.Helper()
	auth := httptest.NewRecorder()
	s.ServeHTTP(auth, httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/auth",
		strings.NewReader(`{"clientId":"`+pluggysim.DemoClientID+`","clientSecret":"`+pluggysim.DemoClientSecret+`"}`)))
	var out struct{ APIKey string }
	if err := json.Unmarshal(auth.Body.Bytes(), &out); err != nil {
		tb.Fatal(err)
	}
	return func(target string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil)
		r.Header.Set("X-API-KEY", out.APIKey)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
}

func TestAnAPIKeyIsAJWTWithTheVendorsLifetime(t *testing.T) {
	e := serve(t, pluggysim.Options{})
	parts := strings.Split(e.key, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Iat, Exp int64 }
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Iat != e.clock.Now().Unix() || claims.Exp-claims.Iat != 7200 {
		t.Errorf("claims %+v", claims)
	}
}

func TestInvalidAPIKeysAreRefused(t *testing.T) {
	for name, invalidate := range map[string]func(*env){
		"missing":               func(e *env) { e.key = "" },
		"never issued":          func(e *env) { e.key = "a.e.c" },
		"past its exp":          func(e *env) { e.clock.advance(time.Minute) },
		"expired by ExpireKeys": func(e *env) { e.ExpireKeys() },
	} {
		t.Run(name, func(t *testing.T) {
			e := serve(t, pluggysim.Options{KeyTTL: time.Minute})
			target := "/items/" + pluggysim.DemoItemID
			if got := e.get(target).status; got != 200 {
				t.Fatalf("valid key: %d", got)
			}
			invalidate(e)
			got := e.get(target)
			if got.status != 403 {
				t.Errorf("status %d", got.status)
			}
			golden(t, "error_key", got.body)
			old := e.key
			if e.login(); e.key == old {
				t.Error("authentication returned the same key again")
			}
			if got := e.get(target).status; got != 200 {
				t.Errorf("a new key: %d", got)
			}
		})
	}
}

func TestClientsSeeOnlyTheirOwnItems(t *testing.T) {
	e := serve(t, pluggysim.Options{Clients: []pluggysim.Client{{ID: "other", Secret: "s"}}})
	var out struct{ APIKey string }
	e.send("POST", "/auth", `{"clientId":"other","clientSecret":"s"}`).decode(&out)
	e.key = out.APIKey
	for _, target := range []string{
		"/items/" + pluggysim.DemoItemID, "/accounts?itemId=" + pluggysim.DemoItemID,
		"/accounts/" + pluggysim.DemoBankAccountID, "/v2/transactions" + bank, "/transactions/" + row("01"),
	} {
		if got := e.get(target).status; got != 404 {
			t.Errorf("%s: %d", target, got)
		}
	}
}

func TestTheRateLimitIsPerResourceAndMinute(t *testing.T) {
	e := serve(t, pluggysim.Options{RateLimit: 3})
	target := "/v2/transactions" + bank
	for i := range 3 {
		if got := e.get(target).status; got != 200 {
			t.Fatalf("request %d: %d", i+1, got)
		}
	}
	e.clock.advance(23 * time.Second)
	got := e.get(target)
	if got.status != 429 {
		t.Fatalf("fourth request: %d", got.status)
	}
	golden(t, "error_429", got.body)
	want := map[string]string{"RateLimit-Limit": "3", "RateLimit-Reset": "37", "Retry-After": "60"}
	for name, value := range want {
		if h := got.header.Get(name); h != value {
			t.Errorf("%s %q, want %q", name, h, value)
		}
	}
	if got := e.get("/accounts?itemId=" + pluggysim.DemoItemID).status; got != 200 {
		t.Errorf("another resource: %d", got)
	}
	e.clock.advance(37 * time.Second)
	if got := e.get(target).status; got != 200 {
		t.Errorf("next minute: %d", got)
	}
	counted := pluggysim.ResourceStats{Requests: 5, Limited: 1, Errors: 1}
	if diff := cmp.Diff(counted, e.Stats().Resources["transactions"]); diff != "" {
		t.Error(diff)
	}
}

func TestEqualSeedsYieldEqualIDs(t *testing.T) {
	draw := func(seed uint64) string {
		s := pluggysim.New(pluggysim.Options{Seed: seed, Now: newClock().Now})
		return s.AddItem(pluggysim.Item{}).ID
	}
	first, again := draw(7), draw(7)
	unseeded, other := draw(0), draw(0)
	if first != again || first == draw(8) || unseeded == other {
		t.Error("the ids do not depend on the seed")
	}
}

func TestSeedAtShiftsByWholeDays(t *testing.T) {
	s := pluggysim.New(pluggysim.Options{Seed: 1})
	s.SeedAt(time.Date(2030, 2, 3, 22, 0, 0, 0, time.UTC))
	rows := s.Transactions(pluggysim.DemoBankAccountID)
	if got := rows[0].Date.String(); got != "2030-02-02T15:04:05.000Z" {
		t.Errorf("newest row on %s", got)
	}
	s.Seed()
	if n := len(s.Transactions(pluggysim.DemoBankAccountID)); n != 5 {
		t.Errorf("%d rows after a second seed", n)
	}
}

func TestTheUnreadItemSaysUpdatedWithAnOldReading(t *testing.T) {
	now := time.Date(2030, 2, 13, 22, 0, 0, 0, time.UTC)
	s := pluggysim.New(pluggysim.Options{Seed: 1, Now: func() time.Time { return now }})
	s.SeedUnreadAt(now)
	s.SeedUnreadAt(now)
	item, err := s.UpdateItem(pluggysim.UnreadItemID, func(*pluggysim.Item) {})
	if err != nil || item.Status != "UPDATED" || !item.LastUpdatedAt.Equal(now.Add(-pluggysim.UnreadFor)) {
		t.Errorf("the item is %s, read at %v, %v", item.Status, item.LastUpdatedAt, err)
	}
	rows := s.Transactions(pluggysim.UnreadAccountID)
	if len(rows) != 5 || rows[0].Date.After(item.LastUpdatedAt.Time) {
		t.Errorf("%d rows, the newest of %v", len(rows), rows[0].Date)
	}
	if err := s.SetItemStatus(pluggysim.UnreadItemID, "UPDATED", ""); err != nil {
		t.Fatal(err)
	}
	if item, _ = s.UpdateItem(pluggysim.UnreadItemID, func(*pluggysim.Item) {}); !item.LastUpdatedAt.Equal(now) {
		t.Errorf("after a synchronisation it was read at %v", item.LastUpdatedAt)
	}
}
