package sqlite_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The Nudge function must not be called with a pull before the commit, because the worker would not find the pull.
func TestPullsAreNudgedAfterTheCommit(t *testing.T) {
	dsn := file(t)
	elsewhere := opened(t, dsn).Store(nil)
	db := opened(t, dsn)
	var token domain.WebhookToken
	var nudged []domain.PullID
	s := db.Store(func(pulls ...domain.PullID) {
		nudged = append(nudged, pulls...)
		for _, id := range pulls {
			if _, err := elsewhere.Pulls().Get(t.Context(), token.Tenant, id); err != nil {
				t.Errorf("the pull was nudged before it could be read: %v", err)
			}
		}
	})
	wantNudged := func(what string, want ...domain.PullID) {
		t.Helper()
		if diff := cmp.Diff(want, nudged); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		nudged = nil
	}
	token = connectionWithToken(t, s)
	event := incomingFor(token, "first", epoch)
	received(t, s, event)
	wantNudged("a webhook", event.Pull)
	received(t, s, incomingFor(token, "second", epoch))
	wantNudged("a webhook that is attached to the queued pull")
	token = connectionWithToken(t, s)
	request := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: epoch}
	if _, err := s.Pulls().Request(t.Context(), token.Tenant, token.Connection, request, nil); err != nil {
		t.Fatal(err)
	}
	wantNudged("a request", request.ID)
}

func TestARolledBackTransactionNudgesNothing(t *testing.T) {
	db := opened(t, file(t))
	nudge := func(pulls ...domain.PullID) { t.Errorf("nudged %v", pulls) }
	s := db.Store(nudge)
	failed := errors.New("no")
	err := db.Transact(t.Context(), nudge, func(tx gormstore.Tx) error {
		return errors.Join(tx.Enqueue(newID[domain.Pull]().UUID), failed)
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	// The batch creates a pull. A later statement of its transaction fails.
	const failing = `CREATE TRIGGER failing BEFORE INSERT ON last_webhook_tokens BEGIN SELECT raise(ABORT, ''); END`
	if _, err := db.Writer.ExecContext(t.Context(), failing); err != nil {
		t.Fatal(err)
	}
	r := incomingFor(connectionWithToken(t, s), "event", epoch)
	batch := []gormstore.PendingDelivery{{
		IncomingDelivery: r, Fingerprint: domain.FingerprintOf(r.Event, nil), Scope: `{"removed":["event"]}`,
	}}
	if _, err := db.Receive(t.Context(), nudge, batch); err == nil {
		t.Fatal("the batch was stored")
	}
	if n := count(t, db, "pulls"); n != 0 {
		t.Errorf("%d pulls are stored, want none", n)
	}
}
