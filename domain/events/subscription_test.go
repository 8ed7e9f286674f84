package events_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

func TestASubscriptionIsValidatedAndSelectsEvents(t *testing.T) {
	connection, account := domain.ConnectionID{UUID: uuid.UUID{1}}, domain.AccountID{UUID: uuid.UUID{2}}
	filters := func(n int) (all []events.EventFilter) {
		for range n {
			all = append(all, "transaction.*")
		}
		return all
	}
	for name, tc := range map[string]struct {
		s    events.Subscription
		want string
	}{
		"a type and a resource": {
			events.Subscription{Name: "a", Types: []events.EventFilter{"pull.failed", "account.*"}}, "",
		},
		"no type":            {events.Subscription{Name: "a"}, "types"},
		"no name":            {events.Subscription{Types: filters(1)}, "name"},
		"as many as allowed": {events.Subscription{Name: "a", Types: filters(32)}, ""},
		"too many":           {events.Subscription{Name: "a", Types: append(filters(32), "x")}, "types"},
		"an unknown one": {
			events.Subscription{Name: "a", Types: []events.EventFilter{"pull.*", "pull.done"}}, "types[1]",
		},
		"the test":     {events.Subscription{Name: "a", Types: []events.EventFilter{"subscription.*"}}, "types[0]"},
		"the last one": {events.Subscription{Name: "a", Types: append(filters(31), "x")}, "types[31]"},
	} {
		var fields []string
		for _, err := range tc.s.Validate() {
			fields = append(fields, err.Field)
		}
		if got := strings.Join(fields, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	s := events.Subscription{Types: []events.EventFilter{"account.*", "pull.failed"}, Connection: connection}
	if !s.Wants(events.AccountAdded, connection, account) ||
		!s.Wants(events.PullFailedEvent, connection, domain.AccountID{}) ||
		s.Wants(events.PeriodAdjusted, connection, account) ||
		s.Wants(events.AccountAdded, domain.ConnectionID{}, account) {
		t.Error("the events of one connection")
	}
	if s.Connection = (domain.ConnectionID{}); !s.Wants(events.AccountAdded, connection, account) {
		t.Error("the events of all connections")
	}
	s.Account = account
	if !s.Wants(events.AccountAdded, connection, account) ||
		s.Wants(events.AccountAdded, connection, domain.AccountID{UUID: uuid.UUID{3}}) ||
		s.Wants(events.PullFailedEvent, connection, domain.AccountID{}) {
		t.Error("the events of one account")
	}
	if s.Connection = connection; s.Wants(events.AccountAdded, domain.ConnectionID{}, account) {
		t.Error("the events of one account and another connection")
	}
	s.SetState(events.SubscriptionDisabled, "x", noon)
	s.SetState(events.SubscriptionDisabled, "x", hour(1))
	if s.Reason != "x" || !s.StateSince.Equal(noon) {
		t.Errorf("disabled twice: %+v", s)
	}
	s.SetState(events.SubscriptionDisabled, "y", hour(2))
	if s.Reason != "y" || !s.StateSince.Equal(hour(2)) {
		t.Errorf("disabled for another reason: %+v", s)
	}
	s.SetState(events.SubscriptionActive, "y", hour(3))
	s.BumpRevision(hour(4))
	if s.Reason != "" || !s.StateSince.Equal(hour(3)) || s.Revision != 1 || !s.UpdatedAt.Equal(hour(4)) {
		t.Errorf("active again: %+v", s)
	}
	if got := events.GivesUpAt(noon); !got.Equal(noon.Add(72*time.Hour)) || events.OldSecretFor != 24*time.Hour {
		t.Errorf("disabled at %v", got)
	}
}

func TestSecretsOfASubscription(t *testing.T) {
	first, err := events.NewSigningSecret(bytes.NewReader(make([]byte, 32)))
	if text := string(first.Reveal()); err != nil || !strings.HasPrefix(text, "whsec_") || len(text) != 6+44 {
		t.Errorf("%d characters, %v", len(text), err)
	}
	if _, err := events.NewSigningSecret(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("too little entropy")
	}
	second := domain.SecretText("second")
	secrets := domain.NewCredential(map[string]domain.Secret{events.PartSigningSecret: first})
	sink := domain.NewCredential(map[string]domain.Secret{
		"password": domain.SecretText("p"), "query": domain.SecretText("q"),
	})
	secrets = events.RotateSigningSecret(events.WithSinkSecrets(secrets, sink), second)
	s := events.Subscription{PreviousUntil: hour(1)}
	if !events.SinkSecrets(secrets).Equal(sink) {
		t.Error("the sink lost its secrets when the signing secret was replaced")
	}
	other := domain.NewCredential(map[string]domain.Secret{
		"token":                   second,
		events.PartSigningSecret:  domain.SecretText("x"),
		events.PartPreviousSecret: domain.SecretText("y"),
	})
	if got := events.SinkSecrets(events.WithSinkSecrets(secrets, other)).
		Names(); !slices.Equal(
		got,
		[]string{"token"},
	) {
		t.Errorf("the secrets of the sink are %v", got)
	}
	secrets = events.WithSinkSecrets(secrets, other)
	signing := func(at time.Time) (texts []string) {
		for _, secret := range s.SigningSecrets(secrets, at) {
			texts = append(texts, string(secret.Reveal()))
		}
		return texts
	}
	if diff := cmp.Diff([]string{"second", string(first.Reveal())}, signing(hour(0))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"second"}, signing(hour(1))); diff != "" {
		t.Error(diff)
	}
	if got := (events.Subscription{}).SigningSecrets(domain.Credential{}, noon); got != nil {
		t.Errorf("without secrets: %d", len(got))
	}
}

func TestTheTypeOfAnEventOfTheFeed(t *testing.T) {
	for c, want := range map[events.FeedChange]events.EventType{
		{New: true, Removed: true}: events.TransactionAdded, {Removed: true}: events.TransactionRemoved,
		{}: events.TransactionModified,
	} {
		if got := c.EventType(); got != want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestTheAccountOfEachEvent checks every type, so that a new one cannot be left out.
func TestTheAccountOfEachEvent(t *testing.T) {
	id, other := uuid.UUID{1}, uuid.UUID{2}
	subjects := map[string]string{
		"period":      events.PeriodSubject(domain.AccountID{UUID: id}, "2026-10-31"),
		"replacement": events.SuggestionSubject(domain.TransactionID{UUID: other}, domain.TransactionID{UUID: id}),
		"matcher":     events.ConflictSubject(events.SubscriptionID{UUID: other}, domain.TransactionID{UUID: id}),
	}
	want := map[string]string{
		"transaction": "transaction", "account": "account", "period": "account", "bill": "bill",
		"bank_statement": "bank_statement", "replacement": "transaction", "matcher": "transaction",
		"connection": "", "pull": "", "audit": "",
	}
	for _, kind := range events.EventTypes() {
		via, known := want[kind.Resource()]
		if !known {
			t.Errorf("the test does not know whether %s belongs to an account", kind)
		}
		expected := events.AccountVia{}
		if via != "" {
			expected = events.AccountVia{Resource: via, ID: id}
		}
		subject, named := subjects[kind.Resource()]
		if !named {
			subject = id.String()
		}
		if got := events.AccountOf(kind, subject); got != expected {
			t.Errorf("%s: %v, want %v", kind, got, expected)
		}
		if got := events.AccountOf(kind, "x"); got != (events.AccountVia{}) {
			t.Errorf("%s of a malformed subject: %v", kind, got)
		}
	}
}

func TestTheSubjectOfAPeriodIsParsed(t *testing.T) {
	account := domain.AccountID{UUID: uuid.UUID{9}}
	id, day, err := events.ParsePeriodSubject(events.PeriodSubject(account, "2026-10-31"))
	if id != account || day != "2026-10-31" || err != nil {
		t.Error(id, day, err)
	}
	for _, subject := range []string{"", "x/2026-10-31", account.String(), account.String() + "/x"} {
		if _, _, err := events.ParsePeriodSubject(subject); err == nil {
			t.Errorf("%q is a period", subject)
		}
	}
}
