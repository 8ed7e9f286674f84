package application_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/sqlitetest"
)

const (
	tokenURL = "https://user:password@books.example.test/events?token=canary"
	shownURL = "https://user@books.example.test/events?…"
)

// put replaces the URL of the subscription's sink.
func (d *dispatchEnv) put(s ports.CreatedSubscription, url string) (ports.SubscriptionStatus, error) {
	return d.UpdateSubscription(d.ctx, d.tenant, s.ID, nil, ports.SubscriptionUpdate{
		Name: "ledger", Types: []string{"transaction.*"},
		Sink: requestTo(url),
	})
}

// storeURL stores url, including its query, as the URL of the subscription's sink. Earlier versions of the service
// stored URLs in this way.
func (d *dispatchEnv) storeURL(s ports.CreatedSubscription, url string) {
	d.Helper()
	_, err := d.deps.Subscriptions.Update(d.ctx, d.tenant, s.ID, nil, func(sub *events.Subscription) error {
		sub.Sink.Settings = settings.Encode(sinkURL{url})
		return nil
	})
	d.noError(err)
}

// wantURLs checks the URL that callers see (stored) and the URL to which a test event is sent (called).
func (d *dispatchEnv) wantURLs(s ports.CreatedSubscription, stored, called string) {
	d.Helper()
	if got := settings.Stored[sinkURL](d.status(s).Sink.Settings).URL; got != stored {
		d.Errorf("shown %s, want %s", got, stored)
	}
	clear(d.sink.secrets)
	if _, err := d.TestSubscription(d.ctx, d.tenant, s.ID); err != nil {
		d.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(d.sink.secrets)); !slices.Equal(got, []string{called}) {
		d.Errorf("called %v, want %s", got, called)
	}
}

func TestAnUpdateKeepsOrReplacesTheSecretsOfAURL(t *testing.T) {
	for _, test := range []struct{ name, put, stored, called string }{
		{"the shown URL", shownURL, shownURL, tokenURL},
		{"an escaped mark", strings.Replace(shownURL, "…", "%E2%80%A6", 1), shownURL, tokenURL},
		{"another query", "https://user@books.example.test/events?token=new", shownURL,
			"https://user:password@books.example.test/events?token=new"},
		{"another password", "https://user:new@books.example.test/events?…", shownURL,
			"https://user:new@books.example.test/events?token=canary"},
		{"no query", "https://user@books.example.test/events", "https://user@books.example.test/events",
			"https://user:password@books.example.test/events"},
		{"another path", "https://user@books.example.test/other?…", "https://user@books.example.test/other?…",
			"https://user:password@books.example.test/other?token=canary"},
		{"another host", "https://user@other.example.test/events", "https://user@other.example.test/events",
			"https://user@other.example.test/events"},
		{"another user", "https://other@books.example.test/events?a=b", "https://other@books.example.test/events?…",
			"https://other@books.example.test/events?a=b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDispatchEnv(t)
			s := d.subscribe(tokenURL)
			d.wantURLs(s, shownURL, tokenURL)
			after, err := d.put(s, test.put)
			d.noError(err)
			if want := settings.Encode(sinkURL{test.stored}); after.Sink.Settings != want {
				t.Errorf("returned %s, want %s", after.Sink.Settings, want)
			}
			d.wantURLs(s, test.stored, test.called)
			_, err = d.RotateSubscriptionSecret(d.ctx, d.tenant, s.ID)
			d.noError(err)
			d.wantURLs(s, test.stored, test.called)
		})
	}
}

func TestAHiddenQueryIsRefusedIfNoneCanBeKept(t *testing.T) {
	d := newDispatchEnv(t)
	s, without := d.subscribe(tokenURL), d.subscribe(receiverURL)
	wantInvalid := func(label string, err error) {
		t.Helper()
		var invalid *domain.Error
		if !errors.As(err, &invalid) || invalid.Kind != domain.Invalid || invalid.Field != "sink.url" {
			t.Errorf("%s: %v", label, err)
		}
	}
	for _, url := range []string{
		"http://user@books.example.test/events?…", "https://user@other.example.test/events?…",
		"https://books.example.test/events?…", "https://user@books.example.test:8443/events?…",
	} {
		_, err := d.put(s, url)
		wantInvalid(url, err)
	}
	d.wantURLs(s, shownURL, tokenURL)
	_, err := d.put(without, receiverURL+"?…")
	wantInvalid("no stored query", err)
	_, err = d.CreateSubscription(d.ctx, d.tenant, ports.NewSubscription{
		Name: "ledger", Types: []string{"transaction.*"},
		Sink: requestTo(shownURL),
	})
	wantInvalid("a new subscription", err)
}

func TestTheNextWriteSealsAQueryThatAnEarlierVersionStored(t *testing.T) {
	const clearURL = receiverURL + "?token=canary"
	for name, write := range map[string]func(*dispatchEnv, ports.CreatedSubscription) error{
		"update": func(d *dispatchEnv, s ports.CreatedSubscription) error {
			_, err := d.put(s, receiverURL+"?…")
			return err
		},
		"update with the query": func(d *dispatchEnv, s ports.CreatedSubscription) error {
			_, err := d.put(s, clearURL)
			return err
		},
		"new signing secret": func(d *dispatchEnv, s ports.CreatedSubscription) error {
			_, err := d.RotateSubscriptionSecret(d.ctx, d.tenant, s.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDispatchEnv(t)
			s := d.subscribe(receiverURL)
			d.storeURL(s, clearURL)
			d.wantURLs(s, receiverURL+"?…", clearURL)
			d.noError(write(d, s))
			d.wantURLs(s, receiverURL+"?…", clearURL)
			stored, err := d.deps.Subscriptions.Get(d.ctx, d.tenant, s.ID)
			d.noError(err)
			if strings.Contains(stored.Sink.Settings, "canary") {
				t.Errorf("stored in clear: %s", stored.Sink.Settings)
			}
		})
	}
}

func TestTheAuditNamesWhatAnUpdateOfASubscriptionHasChanged(t *testing.T) {
	d := newDispatchEnv(t, func(deps *application.Deps) {
		store := sqlitetest.Open(t, sqlite.Config{}).Store(nil)
		deps.Subscriptions, deps.AuditLog = store.Subscriptions(), store.AuditLog()
	})
	s := d.subscribe(receiverURL)
	update := ports.SubscriptionUpdate{Name: "ledger", Types: []string{"transaction.*"}, Sink: requestTo(receiverURL)}
	for _, change := range []func(){
		func() {},
		func() { update.Name = "renamed" },
		func() { update.Types = []string{"pull.failed"} },
		func() { update.Sink = requestTo(receiverURL + "/other") },
		func() { update.Sink = requestTo(receiverURL + "/other?token=secret") },
	} {
		change()
		_, err := d.UpdateSubscription(d.ctx, d.tenant, s.ID, nil, update)
		d.noError(err)
	}
	_, err := d.NumberAuditEntries(d.ctx, 100)
	d.noError(err)
	entries, err := d.ListAuditEntries(d.ctx, d.tenant, domain.AuditFilter{Action: "subscription.update"},
		domain.PageRequest{Limit: 9})
	d.noError(err)
	var got []string
	for _, e := range slices.Backward(entries.Items) { // the newest comes first
		got = append(got, strings.Join(e.Detail.Changed, " "))
	}
	if want := []string{"name", "types", "sink", "sink"}; !slices.Equal(got, want) {
		t.Errorf("the entries name %q, want %q", got, want)
	}
}
