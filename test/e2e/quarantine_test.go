package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

// spoiled contains pairs of a text and a reason. A row becomes unreadable if the text is inserted into its JSON,
// directly after the member "id". The quarantine must then show the reason.
var spoiled = []struct{ text, reason string }{
	{`"spoiled":1,"spoiled":2`, "duplicate_member"},
	{`"spoiled":"\ud83d"`, "invalid_text"},
	{"\"spoiled\":\"\xff\"", "invalid_text"},
	{`"spoiled":` + strings.Repeat("[", 70) + strings.Repeat("]", 70), "too_deep"},
}

// spoil makes the vendor return the rows with these ids in an unreadable form, until the injected failures are cleared.
// The argument path is the path of the list that contains the rows.
func spoil(t *testing.T, b bank, path string, ids ...string) {
	t.Helper()
	f := fault{kind: "replace", path: path, times: -1, replacements: map[string]string{}}
	for i, id := range ids {
		for _, text := range []string{`"id":"` + id + `"`, `"id": "` + id + `"`} {
			f.replacements[text] = text + "," + spoiled[i%len(spoiled)].text
		}
	}
	b.inject(t, f)
}

// accountsPath returns the path at which the vendor lists accounts.
func accountsPath(b bank) string {
	if b.vendor() == "pluggy" {
		return "/accounts"
	}
	return "/api/accounts/"
}

// quarantine returns why each quarantined row of the connection is unreadable, by external id. It checks that the
// connection is healthy, and that the health shows the same number of quarantined rows.
func (o operator) quarantine(id string) map[string]string {
	o.t.Helper()
	reasons := map[string]string{}
	for _, row := range o.pages(pathOf(id, "/quarantine"), 2) {
		reasons[text(row, "externalId")] = text(row, "reason")
		if text(row, "reason") != "too_deep" && !strings.Contains(text(row, "payload"), "spoiled") {
			o.t.Errorf("the payload of a row that is not strict JSON is no string with its bytes: %v", row)
		}
	}
	health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	if health["quarantined"] != float64(len(reasons)) || health["health"] != "healthy" {
		o.t.Errorf("the health is %v, want healthy with %d quarantined rows", health, len(reasons))
	}
	return reasons
}

func liveIDs(rows map[string]object) []string {
	var ids []string
	for id, row := range rows {
		if row["removedAt"] == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestOneUnreadableRowStopsNothing checks that all other rows are stored when some rows and an account are
// unreadable from the first pull on.
func TestOneUnreadableRowStopsNothing(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		all := slices.Sorted(maps.Keys(b.truth(t)))
		bad, good := all[:len(spoiled)], all[len(spoiled):]
		spoil(t, b, b.rowsPath(), bad...)
		account := map[string]string{"pluggy": pluggyAccounts[0], "belvo": belvosim.DemoAccountID}[b.vendor()]
		spoil(t, b, accountsPath(b), account)
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		o.announce(b, hook, "all")

		counts, _ := o.waitForSuccess(id)[0]["counts"].(object)
		if counts["quarantined"] != float64(len(bad)+1) || counts["added"] != float64(len(good)) {
			t.Errorf("the pull counts %v, want %d rows and an account quarantined", counts, len(bad))
		}
		want := map[string]string{account: spoiled[0].reason}
		for i, external := range bad {
			want[external] = spoiled[i].reason
		}
		if diff := cmp.Diff(want, o.quarantine(id)); diff != "" {
			t.Errorf("the quarantine differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(good, liveIDs(o.rows(id))); diff != "" {
			t.Errorf("the readable rows differ (-want +got):\n%s", diff)
		}

		b.remove(t, good[0])
		o.announce(b, hook, "deleted", good[0])
		o.waitForSuccess(id)
		if o.rows(id)[good[0]]["removedAt"] == nil {
			t.Error("an announced removal was not applied")
		}

		b.clear()
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		o.checkRows(b, id)
		if left := o.quarantine(id); len(left) > 0 {
			t.Errorf("rows that can be read are still in the quarantine: %v", left)
		}
		for external, row := range o.rows(id) {
			vendors, _ := row["metadata"].(object)
			if _, listed := vendors["account"]; row["accountId"] == nil && (!listed || vendors["account"] != nil) {
				t.Errorf("%s has no account, although its account can be read", external)
			}
		}
	})
}

// TestAStoredRowThatBecomesUnreadableStays checks that stored rows that become unreadable are not marked as removed,
// because the vendor still lists them. Later the vendor returns the rows in their original form again.
func TestAStoredRowThatBecomesUnreadableStays(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		before := o.rows(id)
		bad := slices.Sorted(maps.Keys(before))[:2]
		spoil(t, b, b.rowsPath(), bad...)
		for range 2 {
			o.announce(b, hook, "all")
			o.waitForSuccess(id)
		}
		if n := len(o.quarantine(id)); n != len(bad) {
			t.Errorf("%d rows in the quarantine, want %d", n, len(bad))
		}
		if diff := cmp.Diff(before, o.rows(id)); diff != "" {
			t.Errorf("rows changed (-before +after):\n%s", diff)
		}
		b.clear()
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		if n := len(o.quarantine(id)); n > 0 {
			t.Errorf("%d rows in the quarantine after they can be read", n)
		}
		if diff := cmp.Diff(before, o.rows(id)); diff != "" {
			t.Errorf("rows changed (-before +after):\n%s", diff)
		}
	})
}

// TestAnUnreadableRowThatTheVendorDropsLeavesTheQuarantine checks that an unreadable row leaves the quarantine when the
// vendor removes it without announcing the removal.
func TestAnUnreadableRowThatTheVendorDropsLeavesTheQuarantine(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		bad := b.add(t)
		spoil(t, b, b.rowsPath(), bad)
		o, id, hook := connectAndPull(t, w, b)
		if _, found := o.quarantine(id)[bad]; !found {
			t.Error("the unreadable row is not in the quarantine")
		}
		b.remove(t, bad)
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		if left := o.quarantine(id); len(left) > 0 {
			t.Errorf("the quarantine holds rows that the vendor no longer lists: %v", left)
		}
	})
}

// TestAnnouncedRemovalsDoNotWaitForTheVendor checks that announced removals are applied even if every page of the
// vendor fails. One removal is announced before the first attempt of a pull, and another one while that pull waits for
// its next attempt.
func TestAnnouncedRemovalsDoNotWaitForTheVendor(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		all := slices.Sorted(maps.Keys(o.rows(id)))
		b.inject(t, fault{kind: "status", status: http.StatusInternalServerError, times: -1})
		for _, external := range all[:2] {
			b.remove(t, external)
			o.announce(b, hook, "deleted", external)
			eventually(t, "the removal of "+external, func() bool { return o.rows(id)[external]["removedAt"] != nil })
		}
		b.clear()
		o.waitForSuccess(id)
		o.checkRows(b, id)
	})
}
