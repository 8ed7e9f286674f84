package application_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// envWithLateAccount returns an env, a connection that has been pulled, its webhook token, and the delivery
// of an event about the account "acc-2", which the vendor does not list yet.
func envWithLateAccount(t *testing.T) (*env, domain.Connection, string, domain.Delivery) {
	t.Helper()
	e := newEnv(t)
	e.vendor.setRows("r1")
	e.vendor.steps = []domain.Step{{Account: account}}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.cursors = nil
	token := e.mintToken(c)
	return e, c, token, e.receive(token, aboutAccount("late", "acc-2")).Delivery
}

func aboutAccount(key, external string) string {
	return eventBody(key, domain.PullScope{Created: map[string]time.Time{external: epoch}})
}

func (e *env) wantDelivery(d domain.Delivery, status domain.DeliveryStatus) {
	e.Helper()
	if got := e.getDelivery(d.ID).Status; got != status {
		e.Fatalf("the delivery is %s, want %s", got, status)
	}
}

func TestAnEventAboutAnUnlistedAccountStaysOpenUntilTheAccountAppears(t *testing.T) {
	e, c, _, d := envWithLateAccount(t)
	for range 3 {
		again := e.runPull(d.Pull)
		e.wantPull(d.Pull, domain.PullQueued, domain.AccountNotListed)
		e.wantDelivery(d, domain.DeliveryAccepted)
		e.clock.pass(again)
	}
	if n := len(e.vendor.cursors); n != 1 {
		t.Errorf("%d pages were read while the account was not listed, want 1", n)
	}
	if got := e.getHealth(c).Status; got != domain.Healthy {
		t.Errorf("the connection is %s", got)
	}
	e.vendor.others = []string{"acc-2"}
	e.vendor.setRows("r1", "r2")
	if again := e.runPull(d.Pull); again != 0 {
		t.Errorf("another attempt after %v", again)
	}
	e.wantPull(d.Pull, domain.PullSucceeded, "")
	e.wantDelivery(d, domain.DeliveryProcessed)
	if diff := cmp.Diff([]string{"r1 v1", "r2 v1"}, e.storedRows(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAPullThatAwaitsAnAccountFailsVisibly(t *testing.T) {
	e, c, _, d := envWithLateAccount(t)
	for range domain.MaxAttempts {
		e.clock.pass(e.runPull(d.Pull))
	}
	e.wantPull(d.Pull, domain.PullFailed, domain.AccountNotListed)
	e.wantDelivery(d, domain.DeliveryFailed)
	if h := e.getHealth(c); h.Status != domain.Unhealthy || h.Reason != domain.AccountNotListed {
		t.Errorf("the connection is %s (%s)", h.Status, h.Reason)
	}
}

// A pull that waits for an account must not block later pulls of the connection. When the next pull runs, the earlier
// pull must succeed, and the next pull must wait for the account. The next pull must keep the time at which the earlier
// pull began to wait.
func TestAPullThatAwaitsAnAccountDoesNotBlockOthers(t *testing.T) {
	e, _, token, d := envWithLateAccount(t)
	e.runPull(d.Pull)
	first := d.Pull
	for range 3 {
		e.clock.pass(domain.MaxAccountWait / 4)
		other := e.receive(token, aboutAccount(e.clock.now.String(), account)).Delivery
		e.runPull(other.Pull)
		e.wantPull(first, domain.PullSucceeded, "")
		e.wantPull(other.Pull, domain.PullQueued, domain.AccountNotListed)
		if got := e.getDelivery(d.ID).Pull; got != other.Pull {
			t.Errorf("the delivery belongs to the pull %s", got)
		}
		first = other.Pull
	}
	e.clock.pass(domain.MaxAccountWait / 4)
	e.runPull(first)
	e.wantPull(first, domain.PullFailed, domain.AccountNotListed)
	e.wantDelivery(d, domain.DeliveryFailed)
}

// A pull of everything also reads what an event has announced. But it cannot read an account that the vendor does not
// list. The pull that the event has requested must therefore stay queued.
func TestAnEventAboutAnUnlistedAccountStaysOpenWhenEverythingIsRead(t *testing.T) {
	e, c, _, d := envWithLateAccount(t)
	e.requestFullPull(c)
	e.runPull(d.Pull)
	e.wantPull(d.Pull, domain.PullQueued, domain.AccountNotListed)
	e.wantDelivery(d, domain.DeliveryAccepted)
}

// envWithRemovedAccount returns an env and a connection whose account "acc-2" the vendor listed once and no longer
// lists. The store does not know this yet. envWithRemovedAccount also returns a webhook token of the connection.
func envWithRemovedAccount(t *testing.T) (*env, domain.Connection, string) {
	t.Helper()
	e := newEnv(t)
	e.vendor.setRows("r1")
	e.vendor.others = []string{"acc-2"}
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.others = nil
	return e, c, e.mintToken(c)
}

func TestAnEventAboutARemovedAccountIsDone(t *testing.T) {
	e, c, token := envWithRemovedAccount(t)
	e.runPull(e.requestFullPull(c))
	d := e.receive(token, aboutAccount("late", "acc-2")).Delivery
	if again := e.runPull(d.Pull); again != 0 {
		t.Errorf("another attempt after %v", again)
	}
	e.wantPull(d.Pull, domain.PullSucceeded, "")
	e.wantDelivery(d, domain.DeliveryProcessed)
}

// A pull that waits for an account must succeed after a complete read has marked the account as removed.
func TestAnEventWaitsUntilItsAccountIsMarkedAsRemoved(t *testing.T) {
	e, c, token := envWithRemovedAccount(t)
	d := e.receive(token, aboutAccount("late", "acc-2")).Delivery
	e.runPull(d.Pull)
	e.wantPull(d.Pull, domain.PullQueued, domain.AccountNotListed)
	full := e.requestFullPull(c)
	e.clock.pass(e.runPull(full))
	e.wantPull(full, domain.PullQueued, domain.AccountNotListed)
	e.runPull(full)
	e.wantPull(full, domain.PullSucceeded, "")
	e.wantDelivery(d, domain.DeliveryProcessed)
	if got := e.getHealth(c).Status; got != domain.Healthy {
		t.Errorf("the connection is %s", got)
	}
}
