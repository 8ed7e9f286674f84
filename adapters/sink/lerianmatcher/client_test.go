package lerianmatcher_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	sink "github.com/LerianStudio/aggregator-connections/adapters/sink/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
)

func newSink(allowed ...string) *sink.Sink {
	cfg := egress.Config{AllowHTTP: true}
	for _, prefix := range allowed {
		cfg.AllowedCIDRs = append(cfg.AllowedCIDRs, netip.MustParsePrefix(prefix))
	}
	return sink.New(sink.Options{
		Guard: egress.NewGuard(cfg), Clock: system.Clock{}, UserAgent: "test", Timeout: time.Second,
		UploadTimeout: time.Second,
	})
}

func text(value any) domain.Secret {
	content, _ := json.Marshal(value)
	return domain.NewSecret(content)
}

type object = map[string]any

// open returns a client for the settings.
func open(t *testing.T, settings object) ports.MatcherClient {
	t.Helper()
	s := newSink("127.0.0.0/8")
	parsed, faults := s.Parse(t.Context(), text(settings), ports.SinkSettings{})
	if faults != nil {
		t.Fatal(faults)
	}
	client := s.OpenMatcher(ports.SinkTarget{Settings: parsed})
	t.Cleanup(client.Close)
	return client
}

// matcherOf starts a simulated Matcher. It returns a client of this Matcher, and a source to which rows can be
// uploaded.
func matcherOf(t *testing.T, server *matchersim.Server) (ports.MatcherClient, lerianmatcher.Target) {
	t.Helper()
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	contextID, source := server.AddSource()
	server.Token = "Bearer right"
	return open(t, object{
		"url": listener.URL + "/", "auth": object{"authorization": "Bearer right"}, "sources": []object{},
	}), lerianmatcher.Target{Context: contextID, Source: source}
}

func rowOf(externalID, amount string) ports.MatcherRow {
	return ports.MatcherRow{Record: domain.TransactionID{UUID: uuid.New()}, Content: lerianmatcher.Content{
		ExternalID: externalID, Version: 1, Amount: decimal.RequireFromString(amount), Currency: "BRL",
		Date: "2026-02-10", Description: "\"é<\\\u0001", Counterparty: "Ana", Reference: "E1",
	}}
}

func TestRowsAreUploadedAndFound(t *testing.T) {
	client, target := matcherOf(t, matchersim.New())
	var rows []ports.MatcherRow
	size := 0
	for i := range 450 { // three pages of transactions
		rows = append(rows, rowOf(fmt.Sprint("e", i), "-12.50"))
		size += client.RowSize(rows[i])
	}
	job, err := client.Upload(t.Context(), target, "file.json", rows)
	if err != nil || !job.Done || job.Rows != 450 || job.FailedRows != 0 || size < 450*100 {
		t.Fatal(job, err, size)
	}
	found, err := client.FindJob(t.Context(), target, "file.json")
	if err != nil || found != job {
		t.Errorf("%v %v, want %v", found, err, job)
	}
	if _, err = client.FindJob(t.Context(), target, "other.json"); !errors.Is(err, domain.NotFound) {
		t.Errorf("another file: %v", err)
	}
	all, err := client.JobTransactions(t.Context(), target, job.ID)
	if err != nil || len(all) != 450 {
		t.Fatal(len(all), err)
	}
	want := lerianmatcher.Transaction{
		ID: all[7].ID, ExternalID: "e7", Status: lerianmatcher.Unmatched, Amount: decimal.RequireFromString("-12.50"),
		Currency: "BRL", Date: "2026-02-10", Description: rows[7].Content.Description,
	}
	shown, err := client.FindTransaction(t.Context(), target, "e7")
	if diff := cmp.Diff(want, shown); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if _, err := client.FindTransaction(t.Context(), target, "e"); !errors.Is(err, domain.NotFound) {
		t.Errorf("part of an external id: %v", err)
	}
}

func TestATransactionIsIgnoredOnce(t *testing.T) {
	server := matchersim.New()
	client, target := matcherOf(t, server)
	job, err := client.Upload(t.Context(), target, "file.json", []ports.MatcherRow{rowOf("e", "1")})
	if err != nil {
		t.Fatal(err)
	}
	all, err := client.JobTransactions(t.Context(), target, job.ID)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := client.IgnoreTransaction(t.Context(), target, all[0].ID, "removed"); err != nil {
		t.Fatal(err)
	}
	if err := client.IgnoreTransaction(t.Context(), target, all[0].ID, "removed"); !errors.Is(err, domain.Conflict) {
		t.Errorf("again: %v", err)
	}
	if err := client.IgnoreTransaction(t.Context(), target, uuid.NewString(), "x"); !errors.Is(err, domain.NotFound) {
		t.Errorf("unknown: %v", err)
	}
	if got := server.Transactions(target.Source)[0].Status; got != "IGNORED" {
		t.Errorf("status %s", got)
	}
}

func TestRefusalsAndFailuresAreToldApart(t *testing.T) {
	server := matchersim.New()
	client, target := matcherOf(t, server)
	bad := rowOf("bad", "1")
	bad.Content.Currency = "XYZ"
	job, err := client.Upload(t.Context(), target, "a.json", []ports.MatcherRow{bad, rowOf("good", "1")})
	if err != nil || job.FailedRows != 1 || job.Rows != 2 {
		t.Errorf("a refused row: %+v %v", job, err)
	}
	_, err = client.Upload(t.Context(), target, "b.json", []ports.MatcherRow{rowOf("huge", "1e14")})
	if !errors.Is(err, ports.ErrUploadFailed) || !errors.Is(err, domain.SinkUnreachable) {
		t.Errorf("a failed file: %v", err)
	}
	unknown := lerianmatcher.Target{Context: target.Context, Source: uuid.NewString()}
	_, err = client.Upload(t.Context(), unknown, "c.json", []ports.MatcherRow{rowOf("x", "1")})
	if !errors.Is(err, domain.SinkRefused) || errors.Is(err, domain.Rejected) {
		t.Errorf("an unknown source: %v", err)
	}
	server.Token = "Bearer another"
	if _, err = client.FindJob(t.Context(), target, "a.json"); !errors.Is(err, domain.SinkRefused) {
		t.Errorf("a wrong credential: %v", err)
	}
	server.Token, server.Rate = "", 1
	_, err = client.FindJob(t.Context(), target, "a.json")
	if !errors.Is(err, domain.SinkRefused) || domain.RetryAfterOf(err) <= 0 {
		t.Errorf("too many requests: %v, after %s", err, domain.RetryAfterOf(err))
	}
}

func TestHostileResponsesAreErrorsInTime(t *testing.T) {
	target := lerianmatcher.Target{Context: uuid.NewString(), Source: uuid.NewString()}
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"null":            func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "null") },
		"an endless body": func(w http.ResponseWriter, r *http.Request) { endless(w, r) },
		"an id as a path": answering(`{"id":"../../x","items":[{"id":"../x","amount":"1"}]}`),
		"a huge amount":   answering(`{"items":[{"id":"` + uuid.NewString() + `","amount":"1e999999999"}]}`),
		"no response":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"another protocol": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		},
	} {
		listener := httptest.NewServer(answer)
		client := open(t, object{"url": listener.URL, "sources": []object{}})
		began := time.Now()
		if _, err := client.Upload(t.Context(), target, "f", []ports.MatcherRow{rowOf("e", "1")}); err == nil {
			t.Errorf("%s: an upload has succeeded", name)
		} else if strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
		found, err := client.JobTransactions(t.Context(), target, uuid.NewString())
		if err == nil && len(found) > 0 {
			t.Errorf("%s: found %v", name, found)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		listener.CloseClientConnections()
		listener.Close()
	}
}

func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

func endless(w http.ResponseWriter, r *http.Request) {
	block := []byte(strings.Repeat("x", 1<<16))
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestATokenIsRenewedBeforeItsEndAndWhenItIsNotAccepted(t *testing.T) {
	server := matchersim.New()
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	granted := 0
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "id" || r.FormValue("client_secret") != "s" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		granted++
		server.Token = fmt.Sprint("Bearer t", granted)
		fmt.Fprintf(w, `{"access_token":"t%d","expires_in":3600}`, granted)
	}))
	t.Cleanup(tokens.Close)
	contextID, source := server.AddSource()
	target := lerianmatcher.Target{Context: contextID, Source: source}
	auth := object{"tokenUrl": tokens.URL, "clientId": "id", "clientSecret": "s"}
	client := open(t, object{"url": listener.URL, "auth": auth, "sources": []object{}})
	find := func() {
		t.Helper()
		if _, err := client.FindJob(t.Context(), target, "f"); !errors.Is(err, domain.NotFound) {
			t.Fatal(err)
		}
	}
	find()
	find()
	if granted != 1 {
		t.Errorf("%d tokens for two calls", granted)
	}
	server.Token = "Bearer revoked"
	find()
	if granted != 2 {
		t.Errorf("%d tokens", granted)
	}
	auth["clientSecret"] = "wrong"
	wrong := open(t, object{"url": listener.URL, "auth": auth, "sources": []object{}})
	if _, err := wrong.FindJob(t.Context(), target, "f"); !errors.Is(err, domain.SinkRefused) {
		t.Errorf("wrong client credentials: %v", err)
	}
}

// Lerian's access manager takes the client credentials as JSON, and other token endpoints take a form. The form that an
// endpoint has accepted is sent first the next time.
func TestClientCredentialsAreSentInTheFormThatTheEndpointAccepts(t *testing.T) {
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	for _, refusal := range []int{400, 401, 415, 422} {
		var sent []string
		tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent = append(sent, r.Header.Get("Content-Type"))
			var body map[string]string
			want := map[string]string{"grantType": "client_credentials", "clientId": "id", "clientSecret": "s&\"é"}
			if json.NewDecoder(r.Body).Decode(&body) != nil || !cmp.Equal(body, want) {
				w.WriteHeader(refusal)
				return
			}
			fmt.Fprint(w, `{"accessToken":"t","tokenType":"Bearer","expiresIn":3600}`)
		}))
		t.Cleanup(tokens.Close)
		server := matchersim.New()
		listener := httptest.NewServer(server)
		t.Cleanup(listener.Close)
		contextID, source := server.AddSource()
		target := lerianmatcher.Target{Context: contextID, Source: source}
		auth := object{"tokenUrl": tokens.URL, "clientId": "id", "clientSecret": "s&\"é"}
		client := open(t, object{"url": listener.URL, "auth": auth, "sources": []object{}})
		server.Token = "Bearer t"
		if _, err := client.FindJob(t.Context(), target, "f"); !errors.Is(err, domain.NotFound) {
			t.Errorf("%d: %v", refusal, err)
		}
		server.Token = "Bearer revoked"
		_, _ = client.FindJob(t.Context(), target, "f") // requests another token
		if want := []string{form, asJSON, asJSON}; !cmp.Equal(sent, want) {
			t.Errorf("%d: sent %v, want %v", refusal, sent, want)
		}
	}
}

// A test of a subscription shows the answer that refused it, but none of the secrets in it.
func TestTheAnswerOfARefusalIsShownWithoutSecrets(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, "AUT-1003 %s %s\n", body, r.Header.Get("Authorization"))
	})
	listener := httptest.NewServer(echo)
	t.Cleanup(listener.Close)
	for name, auth := range map[string]object{
		"the token endpoint": {"tokenUrl": listener.URL, "clientId": "id", "clientSecret": "canary&\"ary"},
		"Matcher":            {"authorization": "Bearer canary"},
	} {
		s := newSink("127.0.0.0/8")
		parsed, faults := s.Parse(t.Context(), text(object{
			"url": listener.URL, "auth": auth, "sources": []object{},
		}), ports.SinkSettings{})
		if faults != nil {
			t.Fatal(faults)
		}
		sender := s.Open(ports.SinkTarget{Settings: parsed})
		answer, err := sender.Send(t.Context(), ports.OutgoingEvent{})
		sender.Close()
		if !errors.Is(err, domain.SinkRefused) || answer.Status != http.StatusUnprocessableEntity ||
			!strings.HasPrefix(answer.Body, "AUT-1003 ") || strings.Contains(answer.Body, "ary") {
			t.Errorf("%s: %v, and the answer is %+v", name, err, answer)
		}
	}
}

func TestSettingsAreValidated(t *testing.T) {
	s := newSink("127.0.0.0/8")
	id := uuid.NewString()
	const url = "http://127.0.0.1:1"
	source := object{"accountId": id, "contextId": id, "sourceId": id}
	with := func(member string, value any) object {
		settings := object{"url": url, "sources": []object{}}
		settings[member] = value
		return settings
	}
	for field, settings := range map[string]object{
		"url":                  with("url", "http://10.0.0.1/"),
		"auth":                 with("auth", object{}),
		"auth.tokenUrl":        with("auth", object{"tokenUrl": "x", "clientId": "i", "clientSecret": "s"}),
		"auth.clientSecret":    with("auth", object{"tokenUrl": url, "clientId": "i"}),
		"dateFrom":             with("dateFrom", "2026-02-30"),
		"externalId":           with("externalId", "x"),
		"sources[1].accountId": with("sources", []object{source, source}),
		"sources[0].sourceId":  with("sources", []object{{"accountId": id, "contextId": id, "sourceId": "../x"}}),
		"":                     with("other", 1),
	} {
		_, faults := s.Parse(t.Context(), text(settings), ports.SinkSettings{})
		if len(faults) != 1 || faults[0].Field != field {
			t.Errorf("%s: %v", field, faults)
		}
	}
}

// Two sources with the same invalid account id must get one error each. That the id is repeated must not be reported
// as a further error.
func TestEachInvalidIDIsReportedOnce(t *testing.T) {
	id := uuid.NewString()
	invalid := object{"accountId": "x", "contextId": id, "sourceId": id}
	settings := object{"url": "http://127.0.0.1:1", "sources": []object{invalid, invalid}}
	_, faults := newSink("127.0.0.0/8").Parse(t.Context(), text(settings), ports.SinkSettings{})
	if len(faults) != 2 || faults[0].Field != "sources[0].accountId" || faults[1].Field != "sources[1].accountId" {
		t.Errorf("the faults are %v", faults)
	}
}

func TestSecretsAreKeptForTheSameAddressesOnly(t *testing.T) {
	s := newSink("127.0.0.0/8")
	parse := func(settings object, stored ports.SinkSettings) (ports.SinkSettings, bool) {
		parsed, faults := s.Parse(context.Background(), text(settings), stored)
		return parsed, faults == nil
	}
	with := func(url, tokenURL, secret string) object {
		auth := object{"tokenUrl": tokenURL, "clientId": "i"}
		if secret != "" {
			auth["clientSecret"] = secret
		}
		return object{"url": url, "sources": []object{}, "auth": auth}
	}
	stored, ok := parse(with("http://127.0.0.1:1", "http://127.0.0.1:2", "canary"), ports.SinkSettings{})
	if !ok || strings.Contains(stored.Public, "canary") {
		t.Fatal(stored.Public)
	}
	kept, ok := parse(with("http://127.0.0.1:1/", "http://127.0.0.1:2", ""), stored)
	if !ok || !kept.Secrets.Equal(stored.Secrets) {
		t.Error("the secret is lost")
	}
	for _, other := range []object{
		with("http://127.0.0.1:3", "http://127.0.0.1:2", ""), with("http://127.0.0.1:1", "http://127.0.0.1:3", ""),
		{"url": "http://127.0.0.1:1", "sources": []object{}, "auth": object{}},
	} {
		if _, ok := parse(other, stored); ok {
			t.Errorf("the secret is kept for %v", other)
		}
	}
	fixed, _ := parse(object{
		"url": "http://127.0.0.1:1", "sources": []object{}, "auth": object{"authorization": "Bearer canary"},
	}, ports.SinkSettings{})
	again, ok := parse(object{"url": "http://127.0.0.1:1", "sources": []object{}, "auth": object{}}, fixed)
	if !ok || !again.Secrets.Equal(fixed.Secrets) || strings.Contains(fixed.Public, "canary") {
		t.Error("the authorization is lost, or shown")
	}
}
