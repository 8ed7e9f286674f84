package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// awaitApproval makes the item's last synchronisation report that an account waits for the approval of another holder
// (warning 002 of the product accounts), as in the vendor's documentation.
func (b *pluggyBank) awaitApproval(t *testing.T, item string) {
	t.Helper()
	read := stamp(time.Now().UTC())
	product := func(warnings string) string {
		return `{"isUpdated":true,"lastUpdatedAt":"` + read + `","warnings":[` + warnings + `]}`
	}
	waits := `{"code":"002","message":"one account waits for the authorisation of another holder"}`
	_, err := b.sim.UpdateItem(item, func(i *pluggysim.Item) {
		i.Status, i.ExecutionStatus = "UPDATED", "PARTIAL_SUCCESS"
		i.StatusDetail = json.RawMessage(`{"accounts":` + product(waits) + `,"creditCards":` + product("") +
			`,"transactions":` + product("") + `}`)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkApproval checks that the health is healthy without a sign-in, and whether it says that an approval is awaited
// and that a person should look. It returns since when.
func (o operator) checkApproval(when, id string, awaits, attention bool) (since string) {
	o.t.Helper()
	h := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	since = text(h, "awaitingApprovalSince")
	if h["health"] != "healthy" || h["needsReauth"] != false || (since != "") != awaits {
		o.t.Errorf("%s: the health is %v, want healthy, and an approval awaited: %v", when, h, awaits)
	}
	if got := slices.Contains(o.attentionReasons(id), "awaiting_approval"); got != attention {
		o.t.Errorf("%s: the reason awaiting_approval: %v, want %v", when, got, attention)
	}
	return since
}

// bankReadings returns when the bank was last read for each account of a connection, by the account's external id.
func (o operator) bankReadings(connection string) map[string]string {
	o.t.Helper()
	readings := map[string]string{}
	for _, item := range o.pages(pathOf(connection, "/accounts"), 200) {
		readings[text(item, "externalId")] = text(item, "bankReadAt")
	}
	return readings
}

// TestAnAccountThatWaitsForAnotherHolder checks that the connection keeps its health, and that the list of accounts
// proves nothing, while the rows of the listed accounts are proved. Only the readings of the listed accounts move.
func TestAnAccountThatWaitsForAnotherHolder(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, _ := connectAndPull(t, w, b)
		o.checkApproval("before", id, false, false)
		row := b.add(t)
		o.pull(id, nil)
		before := o.bankReadings(id)
		b.awaitApproval(t, b.item)
		card, _ := b.setAccountListed(t, false)
		b.remove(t, row)
		o.pull(id, nil)
		after := o.bankReadings(id)
		for account, read := range before {
			if listed := account != card; (after[account] > read) != listed {
				t.Errorf("the account %s (listed: %v) was read at %s, and before at %s", account, listed,
					after[account], read)
			}
		}
		health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if card == "" || before[card] == "" || text(health, "bankReadAt") != before[card] {
			t.Errorf("the oldest reading is %v, want that of the card: %s", health["bankReadAt"], before[card])
		}
		since := o.checkApproval("while the account waits", id, true, true)
		if removed := o.removedAccounts(id); removed != nil {
			t.Errorf("the accounts %v are removed", removed)
		}
		if n := o.removedRows(id); n != 1 {
			t.Errorf("%d rows are removed, want the one that its account no longer lists", n)
		}
		o.send(http.MethodPost, connections+"/test", object{"vendor": "pluggy", "configName": "main"}).
			want(http.StatusOK).members("vendor", "configName", "healthy", "latencyMs")
		later.pass(29 * 24 * time.Hour)
		o.pull(id, nil)
		if again := o.checkApproval("after 29 days", id, true, true); again != since {
			t.Errorf("the approval is awaited since %s, and before since %s", again, since)
		}
		later.pass(2 * 24 * time.Hour)
		if again := o.checkApproval("after 31 days", id, true, false); again != since {
			t.Errorf("the approval is awaited since %s, and before since %s", again, since)
		}
		b.setAccountListed(t, true)
		b.synchronise(t)
		o.pull(id, nil)
		o.checkApproval("after the approval", id, false, false)
	})
}

// TestAConnectionWithoutAccountsIsNoFailure connects an item whose only account still waits.
func TestAConnectionWithoutAccountsIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		b.item = b.sim.AddItem(pluggysim.Item{}).ID
		b.awaitApproval(t, b.item)
		id := o.connect(b, "main")
		o.send(http.MethodPost, connections+"/test", object{"vendor": "pluggy", "configName": "main"}).
			want(http.StatusOK).members("vendor", "configName", "healthy", "latencyMs")
		o.checkApproval("after the test", id, true, true)
		o.pull(id, nil)
		o.checkApproval("after the pull", id, true, true)
	})
}

// TestADeviceThatWaitsForItsAuthorisation checks that nobody must sign in for a day, and that then the holder must.
func TestADeviceThatWaitsForItsAuthorisation(t *testing.T) {
	eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
		o, id, hook := connectAndPull(t, w, b)
		status := func(status, execution string) {
			if err := b.sim.SetItemStatus(b.item, status, execution); err != nil {
				t.Fatal(err)
			}
		}
		reauth := func(label string, want bool) {
			t.Helper()
			eventually(t, label, func() bool {
				return o.get(pathOf(id, "/health")).want(http.StatusOK).json()["needsReauth"] == want
			})
		}
		send := func(event string) {
			t.Helper()
			o.deliver(b, hook, b.event(t, pluggysim.Event{Name: event, ItemID: b.item})).want(http.StatusAccepted)
		}
		status("LOGIN_ERROR", "INVALID_CREDENTIALS")
		send("item/error")
		reauth("the failed sign-in", true)
		status("OUTDATED", "USER_AUTHORIZATION_PENDING")
		send("item/error")
		reauth("the wait for the device", false)
		o.checkApproval("after the event", id, true, true)
		o.pull(id, nil)
		since := o.checkApproval("after a pull", id, true, true)
		later.pass(23 * time.Hour)
		o.pull(id, nil)
		if again := o.checkApproval("after 23 hours", id, true, true); again != since {
			t.Errorf("the device is awaited since %s, and before since %s", again, since)
		}
		later.pass(time.Hour)
		o.pull(id, nil)
		h := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if h["health"] != "unhealthy" || h["reason"] != "reauth_required" || h["needsReauth"] != true {
			t.Errorf("after a day the health is %v", h)
		}
		if got := o.attentionReasons(id); slices.Contains(got, "awaiting_approval") || !slices.Contains(got, "reauth") {
			t.Errorf("after a day the reasons are %v", got)
		}
		status("UPDATED", "SUCCESS")
		send("item/updated")
		reauth("the authorised device", false)
		o.waitForSuccess(id)
		o.checkApproval("after the authorisation", id, false, false)
	})
}

// TestALinkSessionAwaitsAnApproval checks that an item that waits for a device is not deleted when the session's token
// expires, and becomes a connection when the bank has authorised the device.
func TestALinkSessionAwaitsAnApproval(t *testing.T) {
	for _, refused := range []bool{false, true} {
		eachLater(t, func(t *testing.T, w *env, b *pluggyBank, later *laterClock) {
			o := w.operator(t)
			got := o.send(http.MethodPost, linkSessions, newLink(b, "linked")).want(http.StatusCreated).json()
			session := text(got, "id")
			made, err := b.sim.Connect(text(got, "token"), pluggysim.Item{
				Status: "OUTDATED", ExecutionStatus: "USER_AUTHORIZATION_PENDING",
			})
			if err != nil {
				t.Fatal(err)
			}
			is := func(status string) {
				t.Helper()
				eventually(t, status, func() bool { return o.sessionStatus(session)["status"] == status })
			}
			is("awaiting_approval")
			later.pass(25 * time.Hour) // the token has expired, and other sessions have been given up
			later.pass(10 * time.Minute)
			is("awaiting_approval")
			o.send(http.MethodPost, connections, creation(b, "linked")).problem(http.StatusConflict, "MTCH-0007")
			if !slices.Contains(b.sim.Items(), made.ID) {
				t.Fatal("the item was deleted while it waits")
			}
			if refused {
				err = b.sim.SetItemStatus(made.ID, "LOGIN_ERROR", "USER_AUTHORIZATION_NOT_GRANTED")
			} else {
				err = b.sim.SetItemStatus(made.ID, "UPDATED", "SUCCESS")
			}
			if err != nil {
				t.Fatal(err)
			}
			later.pass(10 * time.Minute)
			passed := time.Now()
			ends := func(status string) {
				t.Helper()
				eventually(t, status, func() bool {
					// A check that had begun before may have found the state of before, and is repeated only later.
					if time.Since(passed) > time.Second {
						later.pass(10 * time.Minute)
						passed = time.Now()
					}
					return o.sessionStatus(session)["status"] == status
				})
			}
			if refused {
				ends("abandoned")
				eventually(t, "the deletion", func() bool { return !slices.Contains(b.sim.Items(), made.ID) })
				return
			}
			ends("done")
			if id := text(o.sessionStatus(session), "connectionId"); id == "" {
				t.Error("the session has no connection")
			}
		})
	}
}
