package gormstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

var epoch = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// connectionWithToken stores a connection with a token, and returns both.
func connectionWithToken(t *testing.T, b storetest.Stores) (domain.Connection, domain.WebhookToken) {
	t.Helper()
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: domain.TenantID{UUID: uuid.New()}, Kind: domain.Aggregator, Name: "c",
		Vendor: "pluggy", AccountRef: "item", Sealed: domain.Sealed("sealed"), Revision: 1,
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	token := domain.WebhookToken{
		ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
		Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
	}
	for _, err := range []error{
		b.Connections().Create(t.Context(), c, nil), b.Tokens().Create(t.Context(), token, nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return c, token
}

func incomingDelivery(token domain.WebhookToken, key string) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		SourceAdmitted: true, Body: []byte(key), At: epoch,
		Event: domain.WebhookEvent{Name: "e", ID: key, DedupKey: key, WantsPull: true},
	}
}

func wantJobs(t *testing.T, b storetest.Backend, what string, want ...domain.PullID) {
	t.Helper()
	var ids []uuid.UUID
	for _, id := range want {
		ids = append(ids, id.UUID)
	}
	if diff := cmp.Diff(ids, b.Jobs.Take()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAJobIsQueuedOnlyWithANewPull(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		ctx := t.Context()
		c, token := connectionWithToken(t, b)
		first := incomingDelivery(token, "first")
		receive := func(r ports.IncomingDelivery) {
			t.Helper()
			if _, err := b.Deliveries().Receive(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		receive(first)
		wantJobs(t, b, "a new pull", first.Pull)
		receive(incomingDelivery(token, "first"))
		receive(incomingDelivery(token, "second"))
		wantJobs(t, b, "a duplicate, and an event that is attached to the queued pull")
		claim := func(pull domain.PullID) domain.Lease {
			t.Helper()
			l := domain.Lease{
				ID:     newID[domain.Lease](),
				Pull:   pull,
				Tenant: token.Tenant,
				Until:  epoch.Add(time.Minute),
			}
			if _, err := b.Pulls().Claim(ctx, l, epoch); err != nil {
				t.Fatal(err)
			}
			return l
		}
		l := claim(first.Pull)
		request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: epoch}
		if _, err := b.Pulls().Request(ctx, c.Tenant, c.ID, request, nil); err != nil {
			t.Fatal(err)
		}
		wantJobs(t, b, "a request", request.ID)
		finish := func(l domain.Lease, o ports.Outcome) {
			t.Helper()
			if err := b.Pulls().Finish(ctx, l, o); err != nil {
				t.Fatal(err)
			}
		}
		finish(l, ports.Outcome{State: domain.PullQueued, NotBefore: epoch, Attempts: 1, At: epoch})
		wantJobs(t, b, "a pull that will be retried")
		finish(claim(first.Pull), ports.Outcome{State: domain.PullSucceeded, Attempts: 2, At: epoch})
		wantJobs(t, b, "the pull queued after one that is over", request.ID)
		finish(claim(request.ID), ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: epoch})
		replay := newID[domain.Pull]()
		if _, err := b.Deliveries().Replay(ctx, c.Tenant, []domain.DeliveryID{first.Delivery}, epoch,
			nil, func() domain.PullID { return replay }); err != nil {
			t.Fatal(err)
		}
		wantJobs(t, b, "a replay", replay)
	})
}

func TestAResumeQueuesTheJobsOfAllPullsThatHaveNotEnded(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c, token := connectionWithToken(t, b)
		setPausedAt := func(at time.Time) {
			t.Helper()
			_, err := b.Connections().
				Update(t.Context(), c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
					c.PausedAt = at
					return nil
				})
			if err != nil {
				t.Fatal(err)
			}
		}
		first, second := incomingDelivery(token, "first"), incomingDelivery(token, "second")
		if _, err := b.Deliveries().Receive(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		l := domain.Lease{
			ID:     newID[domain.Lease](),
			Pull:   first.Pull,
			Tenant: token.Tenant,
			Until:  epoch.Add(time.Minute),
		}
		if _, err := b.Pulls().Claim(t.Context(), l, epoch); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Deliveries().Receive(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		b.Jobs.Take()
		setPausedAt(time.Time{})
		wantJobs(t, b, "an update of a connection that is not paused")
		setPausedAt(epoch)
		wantJobs(t, b, "a pause")
		setPausedAt(time.Time{})
		wantJobs(t, b, "a resume", first.Pull, second.Pull)
	})
}

// If one delivery of a batch fails, the other deliveries must still be stored. In this test, one delivery fails because
// it has the same id as a stored delivery.
func TestAFailedDeliveryDoesNotFailTheOthersOfItsBatch(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		_, token := connectionWithToken(t, b)
		errs := make(chan error)
		const good = 40
		for i := range good + 1 {
			r := incomingDelivery(token, uuid.NewString())
			if i == good/2 {
				if _, err := b.Deliveries().Receive(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				r.Event.DedupKey = "another"
			}
			go func() {
				_, err := b.Deliveries().Receive(t.Context(), r)
				errs <- err
			}()
		}
		failed := 0
		for range good + 1 {
			if err := <-errs; err != nil {
				failed++
				if errors.Is(err, domain.Unavailable) {
					t.Errorf("error %v, want an internal one", err)
				}
			}
		}
		if failed != 1 {
			t.Errorf("%d deliveries failed, want 1", failed)
		}
	})
}
