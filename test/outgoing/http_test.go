package outgoing_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/kit"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/adapters/connector/rest"
	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	matchersink "github.com/LerianStudio/aggregator-connections/adapters/sink/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/webhook"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

const connectionID = "018f3b2e-0000-7000-8000-000000000001"

// TestEveryHTTPCallEnds runs all hostile HTTP servers against all kinds of HTTP calls.
func TestEveryHTTPCallEnds(t *testing.T) {
	calls := map[string]call{
		"webhook":         sendWebhook("http"),
		"engine test":     probeREST("http"),
		"issuer's keys":   fetchKeys,
		"access manager":  askAccessManager,
		"traces":          exportTraces,
		"simulator event": sendSimulated,
	}
	for name, do := range matcherCalls {
		calls["matcher: "+name] = callMatcher("http", do)
	}
	for vendor, open := range vendors {
		for name, do := range vendorCalls {
			calls[vendor+": "+name] = callVendor("http", open, do)
		}
	}
	attack(t, calls, hostile.HTTP())
}

// TestEveryTLSHandshakeEnds makes the calls to tenants' hosts against servers that never complete a handshake.
func TestEveryTLSHandshakeEnds(t *testing.T) {
	attack(t, map[string]call{
		"vendor":      callVendor("https", vendors["belvo"], vendorCalls["pull"]),
		"webhook":     sendWebhook("https"),
		"engine test": probeREST("https"),
		"matcher":     callMatcher("https", matcherCalls["upload"]),
		"rabbitmq":    publish("amqps"),
		"kafka":       produce(kafkaTLS),
	}, hostile.TLS())
}

var vendors = map[string]func(*vendorhttp.Client) ports.Aggregator{
	"pluggy": func(c *vendorhttp.Client) ports.Aggregator { return pluggy.New(c, system.Clock{}) },
	"belvo":  func(c *vendorhttp.Client) ports.Aggregator { return belvo.New(c, system.Clock{}) },
	"plaid":  func(c *vendorhttp.Client) ports.Aggregator { return plaid.New(c, system.Clock{}, plaid.Link{}) },
}

// vendorCall calls a method of a vendor's adapter.
type vendorCall func(context.Context, ports.Aggregator, ports.Access) error

var vendorCalls = map[string]vendorCall{
	"login and live test": func(ctx context.Context, v ports.Aggregator, a ports.Access) error {
		_, err := v.Check(ctx, a)
		return err
	},
	"pull": func(ctx context.Context, v ports.Aggregator, a ports.Access) error {
		_, err := v.Accounts(ctx, a)
		return err
	},
	"link session": func(ctx context.Context, v ports.Aggregator, a ports.Access) error {
		_, err := v.(ports.LinkTokens).CreateLinkToken(ctx, a)
		return err
	},
}

func callVendor(scheme string, open func(*vendorhttp.Client) ports.Aggregator, do vendorCall) call {
	return func(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
		client := vendorhttp.New(vendorhttp.Config{
			AllowedCIDRs: loopback, AllowHTTP: true, MaxBodyBytes: maxBody,
			AttemptTimeout: callTimeout / 2, TotalTimeout: callTimeout,
		})
		defer client.Close()
		return do(ctx, open(client), ports.Access{
			BaseURL: scheme + "://" + peer.Address(), AccountRef: connectionID,
			Credential: domain.AggregatorCredential(domain.SecretText(connectionID), domain.SecretText("secret")).
				With(domain.PartAccessToken, domain.SecretText("token")),
		})
	}
}

func sendWebhook(scheme string) call {
	return func(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
		sink := webhook.New(webhook.Options{Guard: newGuard(), Clock: system.Clock{}, Timeout: callTimeout})
		key := base64.StdEncoding.EncodeToString([]byte("a key of 24 bytes, or so"))
		sender := sink.Open(ports.SinkTarget{
			Settings:       ports.SinkSettings{Public: `{"url":"` + scheme + "://" + peer.Address() + `"}`},
			SigningSecrets: []domain.Secret{domain.SecretText("whsec_" + key)},
		})
		defer sender.Close()
		_, err := sender.Send(ctx, outgoingEvent)
		return err
	}
}

var outgoingEvent = ports.OutgoingEvent{ID: "1", Type: "transaction.added", Time: time.Unix(0, 0), Data: []byte("{}")}

// matcherCall calls a method of the client of Matcher.
type matcherCall func(context.Context, ports.MatcherClient) error

var matcherTarget = lerianmatcher.Target{Context: connectionID, Source: connectionID}

var matcherCalls = map[string]matcherCall{
	"upload": func(ctx context.Context, c ports.MatcherClient) error {
		row := ports.MatcherRow{Content: lerianmatcher.Content{
			ExternalID: "1", Amount: decimal.NewFromInt(1), Currency: "BRL", Date: "2026-03-01",
		}}
		_, err := c.Upload(ctx, matcherTarget, "file.json", []ports.MatcherRow{row})
		return err
	},
	"look-up": func(ctx context.Context, c ports.MatcherClient) error {
		_, err := c.JobTransactions(ctx, matcherTarget, connectionID)
		return err
	},
}

func callMatcher(scheme string, do matcherCall) call {
	return func(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
		client := matchersink.New(matchersink.Options{
			Guard: newGuard(), Clock: system.Clock{}, Timeout: callTimeout, UploadTimeout: callTimeout,
		}).OpenMatcher(ports.SinkTarget{Settings: ports.SinkSettings{
			Public: `{"url":"` + scheme + "://" + peer.Address() + `","sources":[]}`,
		}})
		defer client.Close()
		return do(ctx, client)
	}
}

func probeREST(scheme string) call {
	return func(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
		connector := rest.New(rest.Options{AllowHTTP: true, Timeout: callTimeout})
		config := fmt.Appendf(nil, `{"url":"%s://%s/ping"}`, scheme, peer.Address())
		_, err := connector.Probe(ctx, config, domain.Credential{})
		return err
	}
}

func fetchKeys(ctx context.Context, t *testing.T, peer *hostile.Peer) error {
	failed := make(chan error, 16)
	ctx, end := context.WithCancel(ctx)
	defer end()
	client := egress.NewClient(egress.TransportConfig{Timeout: callTimeout})
	verifier, err := auth.NewJWKS(ctx, auth.Issuer{
		URL: "http://" + peer.Address(), Client: client, OnError: func(err error) { failed <- err },
	}, auth.Claims{}, system.Clock{})
	if err != nil {
		t.Error(err)
		return err
	}
	verifier.Prefetch()
	return <-failed
}

func askAccessManager(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
	client := egress.NewClient(egress.TransportConfig{Timeout: callTimeout, MaxBody: 128 << 10})
	defer client.CloseIdleConnections()
	authorizer, err := auth.NewAuthorizer(ctx, auth.AccessManager{
		URL: "http://" + peer.Address(), Client: client,
	}, system.Clock{})
	if err != nil {
		return err
	}
	return authorizer.Authorize(ctx, auth.Access{Bearer: "token", Resource: "resource", Action: "get"})
}

func exportTraces(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
	failed := make(chan error, 1)
	traces, stop, err := telemetry.Start(ctx, telemetry.OTLP{
		Endpoint: "http://" + peer.Address(), OnError: func(err error) { failed <- err },
	})
	if err != nil {
		return err
	}
	_, end := traces.StartSpan(ctx, "", "span")
	end(nil)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = stop(ctx)
	select {
	case failure := <-failed:
		return failure
	default:
		return err
	}
}

func sendSimulated(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
	target := kit.Target{URL: "http://" + peer.Address(), TimeoutMs: int(callTimeout.Milliseconds())}
	_, err := kit.NewSender(1).Send(ctx, target, kit.Webhook{Event: "e", Body: []byte("{}")})
	return err
}
