package sdk_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

// The npm package of Standard Webhooks must verify the requests of the sink, before, during and after the rotation of
// a secret.
func TestStandardWebhooksVerifiesTheSignatures(t *testing.T) {
	nodejs.Require(t)
	const older, newer = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", "whsec_+/+/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA8="
	type request struct {
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	}
	var requests []request
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		headers := make(map[string]string)
		for name := range r.Header {
			headers[name] = r.Header.Get(name)
		}
		requests = append(requests, request{headers, string(body)})
	}))
	defer endpoint.Close()
	sink := webhook.New(webhook.Options{Clock: system.Clock{}, Guard: egress.NewGuard(egress.Config{
		AllowHTTP: true, AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})})
	for _, secrets := range [][]string{{older}, {newer, older}, {newer}} {
		target := ports.SinkTarget{Settings: ports.SinkSettings{Public: `{"url":"` + endpoint.URL + `"}`}}
		for _, text := range secrets {
			target.SigningSecrets = append(target.SigningSecrets, domain.SecretText(text))
		}
		sender := sink.Open(target)
		event := ports.OutgoingEvent{
			ID:   "0198c0de-0000-7000-8000-000000000001",
			Data: []byte(`{"text":"ação 😀 <&>"}`),
		}
		if _, err := sender.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		sender.Close()
	}
	text, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	nodejs.Test(t, "webhook_signature.test.mjs", "REQUESTS="+string(text), "OLDER="+older, "NEWER="+newer)
}
