package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TestRequestsReachThePortUnchanged checks that the arguments of the driving port equal the values
// in the request, including secrets.
func TestRequestsReachThePortUnchanged(t *testing.T) {
	secret := domain.SecretText
	connection := domain.ConnectionID{UUID: someID}
	removedOnly := true
	amount, positive := decimal.RequireFromString("-12.5"), decimal.RequireFromString("12.5")
	put := `{"configName":"n","baseUrl":"https://b.example/x","accountRef":"r"`
	for _, c := range []struct {
		name, request, body string
		want                any
	}{
		{"create", "POST " + connectionsPath, `{"vendor":"belvo","configName":"n","baseUrl":"https://b.example",` +
			`"accountRef":"r","clientId":"i","secret":"\u0073 \n"}`,
			ports.NewConnection{
				Vendor: "belvo", Name: "n", BaseURL: "https://b.example", AccountRef: "r", ClientID: secret("i"),
				Secret: secret("s \n"),
			}},
		{
			"update", "PUT " + idPath, put + `}`,
			ports.ConnectionUpdate{Name: "n", BaseURL: "https://b.example/x", AccountRef: "r"},
		},
		{
			"rotate", "PUT " + idPath, put + `,"clientId":"i","secret":"s"}`,
			ports.ConnectionUpdate{
				Name: "n", BaseURL: "https://b.example/x", AccountRef: "r", ClientID: secret("i"),
				Secret: secret("s"),
			},
		},
		{"delete", "DELETE " + idPath, "", connection},
		{"list by health", "GET " + connectionsPath + "?health=unhealthy", "", unhealthyOnly},
		{
			"list by consent", "GET " + connectionsPath + "?consentExpiresBefore=2026-12-01&health=unhealthy", "",
			ports.ConnectionFilter{
				Health: domain.Unhealthy, ConsentExpiresBefore: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
			},
		},
		{
			"tokens of one connection", "GET " + tokensPath + "?connectionId=" + someID.String(), "",
			ports.TokenFilter{Connection: connection},
		},
		{"revoke", "DELETE " + tokensPath + otherPath, "", domain.TokenID{UUID: otherID}},
		{"deliveries", "GET " + deliveriesPath + "?connectionId=" + someID.String() +
			"&status=failed&eventId=e%20é&from=2026-01-02T00:00:00%2B01:00&to=2026-01-03", "",
			ports.DeliveryFilter{
				Connection: connection, Status: domain.DeliveryFailed, EventID: "e é",
				From: time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
			}},
		{"deliveries of an empty time range", "GET " + deliveriesPath + "?from=2026-01-02&to=2026-01-02", "",
			ports.DeliveryFilter{
				From: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
			}},
		{"replay in bulk", "POST " + deliveriesPath + "/replay", `{"connectionId":"` + someID.String() + `",` +
			`"status":"failed","eventId":"e","from":"2026-01-02T00:00:00+01:00","to":"2026-01-03T00:00:00Z","limit":7}`,
			ports.DeliveryFilter{
				Connection: connection, Status: domain.DeliveryFailed, EventID: "e",
				From: time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
			}},
		{"replay by dates", "POST " + deliveriesPath + "/replay", `{"from":"2026-01-02","to":"2026-01-03"}`,
			ports.DeliveryFilter{
				From: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
			}},
		{
			"replay with fractional seconds", "POST " + deliveriesPath + "/replay",
			`{"from":"2026-01-02T23:59:59.123456-03:00"}`,
			ports.DeliveryFilter{From: time.Date(2026, 1, 3, 2, 59, 59, 123456000, time.UTC)},
		},
		{
			"a subscription", "POST " + subscriptionsPath, newSubscriptionBody, ports.NewSubscription{
				Name: "ledger", Types: []string{"transaction.*"}, Connection: connection,
				Account: domain.AccountID{UUID: otherID}, Sink: requestedSink(newSubscriptionBody), FromStart: true,
			},
		},
		{
			"a change of a subscription", "PUT " + subscriptionsPath + otherPath, strings.Replace(
				updatedSubscriptionBody, `"sink"`, `"accountId":"`+someID.String()+`","sink"`, 1),
			ports.SubscriptionUpdate{
				Name: "ledger", Types: []string{"transaction.*"}, Account: domain.AccountID{UUID: someID},
				Sink: requestedSink(updatedSubscriptionBody),
			},
		},
		{"pulls of one connection", "GET " + idPath + "/pulls", "", connection},
		{"pull the whole history", "POST " + idPath + "/pulls", "{}", domain.Window{}},
		{
			"pull a window", "POST " + idPath + "/pulls", `{"from":"2026-01-01","to":"2026-01-31"}`,
			domain.Window{From: "2026-01-01", To: "2026-01-31"},
		},
		{"accounts of one connection", "GET " + idPath + "/accounts", "", connection},
		{
			"pulls of all connections", "GET " + pullsPath + "?status=failed&connectionId=" + someID.String(), "",
			ports.PullFilter{Connection: connection, State: domain.PullFailed},
		},
		{"health of all connections", "GET " + connectionsPath + "/health?health=unhealthy", "",
			ports.HealthFilter{ConnectionFilter: unhealthyOnly}},
		{
			"connections that need a person", "GET " + connectionsPath +
				"/health?attention=true&q=p%C3%A3o&consentExpiresBefore=2026-02-01", "",
			ports.HealthFilter{
				ConnectionFilter: ports.ConnectionFilter{
					ConsentExpiresBefore: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
				},
				Attention: true, Name: "pão",
			},
		},
		{"health of all", "GET " + connectionsPath + "/health?attention=false", "", ports.HealthFilter{}},
		{
			"sums", "GET " + transactionsPath + "/summary?connectionId=" + someID.String() + "&accountId=" +
				otherID.String() + "&status=posted&text=p%C3%A3o&from=2026-01-01&to=2026-01-31", "",
			domain.SumFilter{
				Connection: connection, Account: domain.AccountID{UUID: otherID}, Status: domain.Posted, Text: "pão",
				Window: domain.Window{From: "2026-01-01", To: "2026-01-31"},
			},
		},
		{"accounts of all connections", "GET " + accountsPath, "", ports.AccountFilter{}},
		{"accounts of a bank", "GET " + accountsPath + "?institution=belvo:a:b", "", ports.AccountFilter{
			Institution: domain.InstitutionKey{Vendor: "belvo", ID: "a:b"},
		}},
		{"connections of a bank", "GET " + connectionsPath + "?institution=pluggy:201", "", ports.ConnectionFilter{
			Institution: domain.InstitutionKey{Vendor: "pluggy", ID: "201"},
		}},
		{
			"accounts by connection", "GET " + accountsPath + "?connectionId=" + someID.String(), "",
			ports.AccountFilter{Connection: connection},
		},
		{
			"search", "GET " + transactionsPath + "?amount=-12.50&text=p%C3%A3o%20%25&from=2026-01-01&to=2026-01-31&" +
				"removed=false&connectionId=" + someID.String(), "",
			domain.TransactionSearch{
				Connection: connection, Window: domain.Window{From: "2026-01-01", To: "2026-01-31"},
				Amount: &amount, Text: "pão %", Removed: new(bool),
			},
		},
		{"search for everything", "GET " + transactionsPath, "", domain.TransactionSearch{}},
		{
			"search in both directions", "GET " + transactionsPath + "?amount=12.50&document=12.abc.345%2F01de-35", "",
			domain.TransactionSearch{
				Amount: &positive, BothDirections: true,
				Document: domain.PartyDocument{Type: domain.CNPJ, Value: "12ABC34501DE35"},
			},
		},
		{
			"search for money in", "GET " + transactionsPath + "?amount=+12.50", "",
			domain.TransactionSearch{Amount: &positive},
		},
		{
			"coverage of a day", "GET " + accountsPath + "/coverage?day=2026-01-02&institution=pluggy:20:1", "",
			[]any{domain.Date("2026-01-02"), domain.InstitutionKey{Vendor: "pluggy", ID: "20:1"}},
		},
		{
			"search for a typed text", "GET " + transactionsPath + "?q=R%24%201.234,56&from=2026-01-01&removed=true",
			"",
			domain.TransactionSearch{Window: domain.Window{From: "2026-01-01"}, Removed: &removedOnly},
		},
		{
			"search for money in, escaped", "GET " + transactionsPath + "?amount=%2B12.50", "",
			domain.TransactionSearch{Amount: &positive},
		},
		{
			"transaction by external id", "GET " + idPath + "/transactions?externalId=a%2Fb", "",
			ports.TransactionFilter{ExternalID: "a/b"},
		},
		{
			"transactions",
			"GET " + idPath +
				"/transactions?from=2026-01-01&to=2026-01-31&status=pending&accountId=" + otherID.String(), "",
			ports.TransactionFilter{
				Window: domain.Window{From: "2026-01-01", To: "2026-01-31"}, Status: domain.Pending,
				Account: domain.AccountID{UUID: otherID},
			},
		},
		{"engine create", "POST " + enginesPath, `{"type":"postgres","configName":"n",` +
			`"config":{"port":54321234567890123456789,"s":"\u0041"},"credential":{"password":"p"}}`,
			ports.NewEngine{
				Type: "postgres", Name: "n",
				Config:     json.RawMessage(`{"port":54321234567890123456789,"s":"\u0041"}`),
				Credential: domain.NewCredential(map[string]domain.Secret{"password": secret("p")}),
			}},
		{
			"engine patch", "PATCH " + enginesPath + samePath, `{"credential":{"password":"p"}}`,
			ports.EngineUpdate{Credential: domain.NewCredential(map[string]domain.Secret{"password": secret("p")})},
		},
		{
			"engine patch config", "PATCH " + enginesPath + samePath, `{"configName":"m","config":{"a":1}}`,
			ports.EngineUpdate{Name: "m", Config: json.RawMessage(`{"a":1}`)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newEnv(t)
			method, target, _ := strings.Cut(c.request, " ")
			if w := s.call(method, target, c.body); w.Code >= 300 {
				t.Fatalf("status %d, want a success: %s", w.Code, w.Body)
			}
			if diff := cmp.Diff(c.want, s.service.got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBulkReplayIsBounded(t *testing.T) {
	s := newEnv(t)
	for body, want := range map[string]int{`{}`: defaultReplayLimit, `{"limit":1000}`: 1000} {
		s.call("POST", deliveriesPath+"/replay", body)
		if s.service.page.Limit != want {
			t.Errorf("%s: the limit is %d, want %d", body, s.service.page.Limit, want)
		}
	}
}

func TestTheReceiverTrustsXForwardedForOnlyFromTrustedProxies(t *testing.T) {
	s := newEnv(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for remote, want := range map[string]string{"10.0.0.1:9": "203.0.113.9", "192.0.2.7:9": "192.0.2.7"} {
		r := httptest.NewRequest(http.MethodPost, webhookURL, strings.NewReader("{}"))
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		if s.serve(r); s.service.webhook.Peer.String() != want {
			t.Errorf("the peer %s became %s, want %s", remote, s.service.webhook.Peer, want)
		}
	}
}

var unhealthyOnly = ports.ConnectionFilter{Health: domain.Unhealthy}

// requestedSink returns the sink of a body that creates or changes a subscription.
func requestedSink(body string) ports.SinkRequest {
	var request struct {
		Sink sinkRequest `json:"sink"`
	}
	if err := json.Unmarshal([]byte(body), &request); err != nil {
		panic(err)
	}
	return ports.SinkRequest(request.Sink)
}
