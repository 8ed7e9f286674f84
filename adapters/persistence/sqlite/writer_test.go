package sqlite

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

// TestWebhooksAreStoredBeforeOtherTransactions lets transactions and batches of webhooks wait for the writing
// connection, and checks the order in which they get it.
func TestWebhooksAreStoredBeforeOtherTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q writerQueue
		var order []string
		wait := func(ctx context.Context, name string, webhooks bool) {
			go func() {
				if err := q.acquire(ctx, webhooks); err != nil {
					name += ": " + err.Error()
				}
				order = append(order, name)
			}()
			synctest.Wait()
		}
		ended, end := context.WithCancel(t.Context())
		wait(t.Context(), "first", false)
		wait(t.Context(), "transaction 1", false)
		wait(ended, "ended", false)
		wait(t.Context(), "transaction 2", false)
		wait(t.Context(), "webhooks 1", true)
		wait(t.Context(), "webhooks 2", true)
		end()
		synctest.Wait()
		for range 5 {
			q.release()
			synctest.Wait()
		}
		want := []string{
			"first", "ended: context canceled", "webhooks 1", "transaction 1", "webhooks 2", "transaction 2",
		}
		if !slices.Equal(order, want) {
			t.Errorf("got the order %q, want %q", order, want)
		}
		wait(t.Context(), "free again", true)
		if order[len(order)-1] != "free again" {
			t.Errorf("nobody uses the connection, but a caller waits: %q", order)
		}
	})
}

// TestACallerThatGivesUpPassesTheWriterOn ends the context of a caller at the moment when the caller gets the
// connection. The next caller must then get the connection.
func TestACallerThatGivesUpPassesTheWriterOn(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			var q writerQueue
			_ = q.acquire(t.Context(), false)
			ctx, cancel := context.WithCancel(t.Context())
			results := make(chan error, 1)
			go func() { results <- q.acquire(ctx, false) }()
			synctest.Wait()
			go cancel()
			go q.release()
			if err := <-results; err == nil {
				q.release()
			} else if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			synctest.Wait()
			if err := q.acquire(t.Context(), true); err != nil {
				t.Fatal(err)
			}
		})
	}
}
