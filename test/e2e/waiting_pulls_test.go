package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// patientPulls is a pull store in which each pull that fails has had six attempts, and waits for an hour.
type patientPulls struct{ ports.Pulls }

func (p patientPulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	if o.State == domain.PullQueued && o.ScheduledAt.IsZero() {
		o.Attempts, o.NotBefore = 6, o.At.Add(time.Hour)
	}
	return p.Pulls.Finish(ctx, lease, o)
}

func waitAnHour(s *setup) {
	s.over.Wrap = func(stores *composedStores) { stores.Pulls = patientPulls{stores.Pulls} }
}

// holderEvents returns the events of a bank that the account holder must sign in, and that there is new data.
func holderEvents(t *testing.T, b bank) (signIn, news []byte) {
	t.Helper()
	switch b := b.(type) {
	case *pluggyBank:
		if err := b.sim.SetItemStatus(b.item, "LOGIN_ERROR", "INVALID_CREDENTIALS"); err != nil {
			t.Fatal(err)
		}
		signIn = b.event(t, pluggysim.Event{Name: "item/error", ItemID: b.item})
		if err := b.sim.SetItemStatus(b.item, "UPDATED", "SUCCESS"); err != nil {
			t.Fatal(err)
		}
	case *belvoBank:
		signIn = b.event(t, belvosim.Event{Name: "LINK/token_required", LinkID: b.link})
	}
	return signIn, b.payload(t, "all")
}

// TestAWaitingPullHearsEvents checks a pull that waits for an hour, because the vendor's pages fail: an event that the
// holder must sign in is shown, and an event about new data makes the service try the pull again.
func TestAWaitingPullHearsEvents(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		b.inject(t, fault{path: b.rowsPath(), kind: "status", status: http.StatusInternalServerError, times: -1})
		o.announce(b, hook, "all")
		newest := func() object { return o.pages(pathOf(id, "/pulls"), 10)[0] }
		eventually(t, "the pull to wait", func() bool { return newest()["attempts"] == 6.0 })
		waiting := text(newest(), "id")
		signIn, news := holderEvents(t, b)
		o.deliver(b, hook, signIn)
		eventually(t, "needsReauth", func() bool {
			return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["needsReauth"] == true
		})
		b.clear()
		o.deliver(b, hook, news)
		eventually(t, "the pull to succeed", func() bool {
			return o.get(prefix+"/pulls/"+waiting).want(http.StatusOK).text("status") == "succeeded"
		})
		o.checkRows(b, id)
	}, waitAnHour)
}

// TestARequestForEverythingWidensAWaitingPull checks that the pull of an operator is the one that waits, and is tried
// at once.
func TestARequestForEverythingWidensAWaitingPull(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		b.inject(t, fault{path: b.rowsPath(), kind: "status", status: http.StatusInternalServerError, times: -1})
		o.announce(b, hook, "all")
		newest := func() object { return o.pages(pathOf(id, "/pulls"), 10)[0] }
		eventually(t, "the pull to wait", func() bool { return newest()["attempts"] == 6.0 })
		b.clear()
		requested := o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted).text("id")
		if waiting := text(newest(), "id"); requested != waiting {
			t.Errorf("the pull of the operator is %s, want the waiting one %s", requested, waiting)
		}
		o.waitForSuccess(id)
		o.checkRows(b, id)
	}, waitAnHour)
}

// newestPull returns the newest pull of a connection.
func (o operator) newestPull(id string) object {
	o.t.Helper()
	return o.pages(pathOf(id, "/pulls"), 10)[0]
}

// wantSignIn waits until the health says that the account holder must sign in, and checks that the newest pull has not
// ended: the service has not learned it from the vendor's status.
func (o operator) wantSignIn(id string) {
	o.t.Helper()
	eventually(o.t, "needsReauth", func() bool {
		return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["needsReauth"] == true
	})
	if p := o.newestPull(id); p["status"] != "running" && p["status"] != "queued" {
		o.t.Errorf("the newest pull is %v", p)
	}
}

// TestASignInEventIsShownWhileTheVendorIsSilent checks that an event that the holder must sign in is shown before the
// vendor has answered the pull of this event.
func TestASignInEventIsShownWhileTheVendorIsSilent(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		_, release := b.gate().hold(map[string]string{"pluggy": "/items/*", "belvo": "/api/links/*/"}[b.vendor()])
		defer release()
		signIn, _ := holderEvents(t, b)
		o.deliver(b, hook, signIn)
		o.wantSignIn(id)
	})
	t.Run("plaid", func(t *testing.T) {
		each(t, func(t *testing.T, w *env) {
			o, b, id := connectPlaid(t, w)
			_, release := b.at.hold("/item/get")
			defer release()
			b.signInEvent(t, o)
			o.wantSignIn(id)
		})
	})
}

// TestAWaitingPullOfPlaidHearsEvents checks the same for a pull that waits for an hour, because the vendor fails.
func TestAWaitingPullOfPlaidHearsEvents(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, b, id := connectPlaid(t, w)
		err := b.sim.Inject(faultinject.Fault{
			Path: "/transactions/sync", Kind: "status", Times: -1, Status: http.StatusInternalServerError,
		})
		if err != nil {
			t.Fatal(err)
		}
		b.event(t, o, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", nil)
		eventually(t, "the pull to wait", func() bool { return o.newestPull(id)["attempts"] == 6.0 })
		b.signInEvent(t, o)
		o.wantSignIn(id)
	}, waitAnHour)
}

// signInEvent sends a webhook that the account holder must sign in.
func (b *plaidBank) signInEvent(t *testing.T, o operator) {
	t.Helper()
	b.event(t, o, "ITEM", "ERROR", map[string]any{"error": map[string]any{"error_code": "ITEM_LOGIN_REQUIRED"}})
}

// TestASignInEventIsShownWhileAPullReads checks that an event that the holder must sign in is shown while a pull of the
// connection waits for a page.
func TestASignInEventIsShownWhileAPullReads(t *testing.T) {
	check := func(t *testing.T, o operator, id string, g *gate, rows string, event func()) {
		t.Helper()
		_, release := g.hold(rows)
		defer release()
		o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted)
		eventually(t, "the pull to run", func() bool { return o.newestPull(id)["status"] == "running" })
		event()
		o.wantSignIn(id)
	}
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		signIn, _ := holderEvents(t, b)
		check(t, o, id, b.gate(), b.rowsPath(), func() { o.deliver(b, hook, signIn) })
	})
	t.Run("plaid", func(t *testing.T) {
		each(t, func(t *testing.T, w *env) {
			o, b, id := connectPlaid(t, w)
			check(t, o, id, b.at, "/transactions/sync", func() { b.signInEvent(t, o) })
		})
	})
}

// TestASignInEventIsShownWhileAWidenedPullWaits checks the same for a pull that an operator has widened, and that waits
// for an hour again, because the vendor's pages fail.
func TestASignInEventIsShownWhileAWidenedPullWaits(t *testing.T) {
	widen := func(t *testing.T, o operator, id string) {
		t.Helper()
		waits := func() bool { return o.newestPull(id)["status"] == "queued" && o.newestPull(id)["attempts"] == 6.0 }
		eventually(t, "the pull to wait", waits)
		waiting := text(o.newestPull(id), "id")
		widened := o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(http.StatusAccepted).text("id")
		if widened != waiting {
			t.Errorf("the pull of the operator is %s, want the waiting one %s", widened, waiting)
		}
		eventually(t, "the widened pull to wait", waits)
	}
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		signIn, _ := holderEvents(t, b)
		b.inject(t, fault{path: b.rowsPath(), kind: "status", status: http.StatusInternalServerError, times: -1})
		o.announce(b, hook, "all")
		widen(t, o, id)
		o.deliver(b, hook, signIn)
		o.wantSignIn(id)
	}, waitAnHour)
	t.Run("plaid", func(t *testing.T) {
		each(t, func(t *testing.T, w *env) {
			o, b, id := connectPlaid(t, w)
			err := b.sim.Inject(faultinject.Fault{
				Path: "/transactions/sync", Kind: "status", Times: -1, Status: http.StatusInternalServerError,
			})
			if err != nil {
				t.Fatal(err)
			}
			b.event(t, o, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", nil)
			widen(t, o, id)
			b.signInEvent(t, o)
			o.wantSignIn(id)
		}, waitAnHour)
	})
}
