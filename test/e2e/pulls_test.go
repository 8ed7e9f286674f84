package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// connectAndPull creates a connection of a new tenant to the bank, triggers its first pull by a webhook, and waits
// until that pull has ended. It returns the tenant's operator, the connection's id and the path of its webhook.
func connectAndPull(t *testing.T, w *env, b bank) (o operator, id, hook string) {
	t.Helper()
	o = w.operator(t)
	id = o.connect(b, "main")
	hook = o.mint(b, "main")
	o.announce(b, hook, "all")
	o.waitForSuccess(id)
	o.awaitFeed(id)
	return o, id, hook
}

// connectAndConfirm is like connectAndPull, but pulls again after a second synchronisation of the vendor, so that the
// completeness of the accounts is known.
func connectAndConfirm(t *testing.T, w *env, b bank) (o operator, id, hook string) {
	t.Helper()
	o, id, hook = connectAndPull(t, w, b)
	b.synchronise(t)
	o.pull(id, nil)
	return o, id, hook
}

func TestTheFirstPullReadsEverything(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		o.checkRows(b, id)
		for external, row := range o.rows(id) {
			if row["version"] != 1.0 || row["removedAt"] != nil || row["vendor"] != b.vendor() ||
				row["connectionId"] != id {
				t.Errorf("%s does not have its initial version: %v", external, row)
			}
		}
		pull := o.waitForSuccess(id)[0]
		counts, _ := pull["counts"].(object)
		if n := float64(len(b.truth(t))); counts["added"] != n || counts["read"] != n || pull["trigger"] != "webhook" {
			t.Errorf("the pull counts %v of %v rows", pull, n)
		}
		accounts := o.pages(pathOf(id, "/accounts"), 1)
		if len(accounts) != 2 || counts["accounts"] != 2.0 {
			t.Errorf("%d accounts, and the pull saw %v; the vendor has 2", len(accounts), counts["accounts"])
		}
	})
}

func TestAnUnchangedRowIsNotWritten(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		before := o.rows(id)
		pull := o.pull(id, nil)
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		if counts, _ := pull["counts"].(object); counts["unchanged"] != float64(len(before)) ||
			counts["modified"] != 0.0 {
			t.Errorf("a second pull found %v", counts)
		}
		if diff := cmp.Diff(before, o.rows(id)); diff != "" {
			t.Errorf("a second pull changed rows:\n%s", diff)
		}
	})
}

// TestMetadataFollowsTheVendorWithoutAnEdit checks that a changed running balance of a row, which does not count as an
// edit, is stored in the transaction's metadata, but changes neither its version nor the change feed.
func TestMetadataFollowsTheVendorWithoutAnEdit(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		before := o.rows(id)
		_, cursor := o.changesFrom("", 200, len(before))
		for external := range b.truth(t) {
			b.correctBalance(t, external)
		}
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		o.checkRows(b, id)
		for external, row := range o.rows(id) {
			if row["version"] != before[external]["version"] {
				t.Errorf("%s has version %v after its balance changed, want %v", external, row["version"],
					before[external]["version"])
			}
		}
		if items, _ := o.follow(cursor, 200); len(items) > 0 {
			t.Errorf("the feed shows %d changes of balances, want none", len(items))
		}
	})
}

func TestVendorChangesArriveByWebhook(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		before := o.rows(id)

		added := b.add(t)
		o.announce(b, hook, "created", added)
		o.waitForSuccess(id)
		o.checkRows(b, id)

		b.edit(t, added)
		o.announce(b, hook, "updated", added)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		edited := o.rows(id)[added]
		if edited["version"] != 2.0 || edited["updatedAt"] == edited["firstSeenAt"] {
			t.Errorf("after an edit the row is %v", edited)
		}

		b.remove(t, added)
		o.announce(b, hook, "deleted", added)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		rows := o.rows(id)
		gone := rows[added]
		if gone["id"] != edited["id"] || gone["removedAt"] == nil || gone["version"] != 3.0 {
			t.Errorf("after a deletion the row is %v", gone)
		}
		delete(rows, added)
		if diff := cmp.Diff(before, rows); diff != "" {
			t.Errorf("other rows were changed (-before +after):\n%s", diff)
		}
	})
}

func TestAManualPullOfAWindow(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		o.checkRows(b, id)
		a := o.send(http.MethodPost, pathOf(id, "/pulls"), object{"from": "2026-01-01", "to": "2027-12-31"}).
			want(http.StatusAccepted)
		body := a.json()
		if a.header.Get("Location") != pullsPath+"/"+text(body, "id") || body["trigger"] != "manual" ||
			body["connectionId"] != id {
			t.Errorf("the 202 says %s and %s", a.header.Get("Location"), a.raw)
		}
		if pull := o.waitForPull(a.header.Get("Location")); pull["status"] != "succeeded" {
			t.Errorf("it ended as %v", pull)
		}
		listed := o.pages(pathOf(id, "/pulls"), 1)
		if len(listed) != 2 || listed[0]["id"] != body["id"] {
			t.Errorf("pulls are listed as %v, newest first", listed)
		}
		o.send(http.MethodPost, pathOf(id, "/pulls"), object{"from": "2026-02-01", "to": "2026-01-01"}).
			problem(400, "MTCH-0001", "body.to")
		o.send(http.MethodPost, pathOf(id, "/pulls"), object{"from": "tomorrow", "until": "never"}).
			problem(400, "MTCH-0001", "body.from", "body.until")
	})
}

func TestTransactionsAreListedNewestFirstAndFiltered(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		b.generate(t, 60)
		o, id, _ := connectAndPull(t, w, b)
		all := o.pages(pathOf(id, "/transactions"), 7)
		byDate := slices.IsSortedFunc(all, func(a, b object) int { return -cmpText(text(a, "date"), text(b, "date")) })
		if len(all) != len(b.truth(t)) || !byDate {
			t.Fatalf("%d rows, sorted: %v", len(all), byDate)
		}
		date, account := text(all[len(all)/2], "date"), text(all[0], "accountId")
		for query, keep := range map[string]func(object) bool{
			"from=" + date:                 func(row object) bool { return text(row, "date") >= date },
			"to=" + date:                   func(row object) bool { return text(row, "date") <= date },
			"from=" + date + "&to=" + date: func(row object) bool { return text(row, "date") == date },
			"status=pending":               func(row object) bool { return text(row, "status") == "pending" },
			"accountId=" + account:         func(row object) bool { return text(row, "accountId") == account },
		} {
			want := map[string]bool{}
			for _, row := range all {
				if keep(row) {
					want[text(row, "id")] = true
				}
			}
			got := map[string]bool{}
			for _, row := range o.pages(pathOf(id, "/transactions?"+query), 7) {
				got[text(row, "id")] = true
			}
			if !maps.Equal(want, got) {
				t.Errorf("%s returns %d rows, want %d", query, len(got), len(want))
			}
		}
	})
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
