package eventlog_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// With an unlimited retention, the rows of a subscription are pruned only after the subscription was deleted.
func TestADeletedSubscriptionIsPrunedAtAnyAge(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		kept, deleted := subscribeWithAttempt(t, b), subscribeWithAttempt(t, b)
		allow := func(events.Subscription) error { return nil }
		if err := b.Subscriptions().Delete(t.Context(), deleted.Tenant, deleted.ID, nil, allow); err != nil {
			t.Fatal(err)
		}
		for n := 1; n > 0; {
			var err error
			n, err = b.Subscriptions().PruneEvents(t.Context(), time.Now().Add(-math.MaxInt64), 10)
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, query := range []string{
			"SELECT count(*) FROM subscriptions WHERE id = ?",
			"SELECT count(*) FROM subscription_attempts WHERE subscription_id = ?",
		} {
			count := func(id events.SubscriptionID) (n int) {
				if err := b.GORM.Raw(query, id.UUID).Scan(&n).Error; err != nil {
					t.Fatal(err)
				}
				return n
			}
			if got := []int{count(kept.ID), count(deleted.ID)}; !slices.Equal(got, []int{1, 0}) {
				t.Errorf("%s: %v rows of the existing and of the deleted subscription, want [1 0]", query, got)
			}
		}
	})
}

// subscribeWithAttempt stores a new subscription and one attempt to send an event.
func subscribeWithAttempt(t *testing.T, b storetest.Backend) events.Subscription {
	t.Helper()
	now := time.Now().UTC()
	s := events.Subscription{
		ID: newID[events.Subscription](), Tenant: domain.TenantID{UUID: uuid.New()}, Name: "ledger",
		State: events.SubscriptionActive, StateSince: now, Revision: 1, CreatedAt: now, UpdatedAt: now,
		Types: []events.EventFilter{"transaction.*"}, Sealed: domain.Sealed("sealed secrets"),
		Sink: events.SubscriptionSink{Kind: "webhook", Settings: `{"url":"https://books.example.test/events"}`},
	}
	if err := b.Subscriptions().Create(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
	holder := newID[domain.Lease]()
	held, err := b.Subscriptions().ClaimSubscriptions(t.Context(), holder, now, now.Add(time.Minute), 1)
	if err != nil || len(held) != 1 || held[0].ID != s.ID {
		t.Fatalf("%d subscriptions claimed: %v", len(held), err)
	}
	l := ports.SubscriptionLease{Tenant: s.Tenant, Subscription: s.ID, Holder: holder, Epoch: held[0].Epoch}
	attempt := events.EventAttempt{ID: newID[events.EventAttempt](), At: now}
	w := ports.AttemptsWrite{Attempts: []events.EventAttempt{attempt}, At: now}
	if err := b.Subscriptions().RecordAttempts(t.Context(), l, w); err != nil {
		t.Fatal(err)
	}
	return s
}

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }
