package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// byExternalID returns the connection's transactions that have or had this external id.
func (o operator) byExternalID(id, externalID string) []object {
	o.t.Helper()
	return o.pages(pathOf(id, "/transactions")+"?externalId="+externalID, 20)
}

// checkOneRecord checks the external ids of one of the connection's transactions. The current one must be currentID,
// and the former ones must be formerIDs. A lookup by any of these external ids must find only this transaction, which
// must be live.
func (o operator) checkOneRecord(id, transaction, currentID string, formerIDs ...string) {
	o.t.Helper()
	for _, externalID := range append(slices.Clone(formerIDs), currentID) {
		found := o.byExternalID(id, externalID)
		if len(found) != 1 || text(found[0], "id") != transaction || found[0]["removedAt"] != nil {
			o.t.Fatalf("the transactions with the id %s are %v, want %s", externalID, found, transaction)
		}
	}
	var got []string
	row := o.get(allTransactions + "/" + transaction).want(http.StatusOK).json()
	supersedes, _ := row["supersedes"].([]any)
	for _, entry := range supersedes {
		got = append(got, text(entry.(object), "externalId"))
		if text(entry.(object), "rule") == "" || text(entry.(object), "at") == "" {
			o.t.Errorf("an entry of supersedes is %v", entry)
		}
	}
	if diff := cmp.Diff(formerIDs, got); diff != "" || row["externalId"] != currentID {
		o.t.Errorf("the transaction is %v: %s", row, diff)
	}
}

// awaitFeed waits until the feed contains the current versions of all rows of the connections. On PostgreSQL, an older
// database transaction of another test can delay the feed.
func (o operator) awaitFeed(connections ...string) {
	o.t.Helper()
	want := map[string]any{}
	for _, id := range connections {
		for _, row := range o.rows(id) {
			want[text(row, "id")] = row["version"]
		}
	}
	path := changes + "?limit=1000"
	eventually(o.t, "all rows in the feed", func() bool {
		page := o.get(path).want(http.StatusOK).json()
		path = changes + "?limit=1000&cursor=" + text(page, "nextCursor")
		for _, item := range page["items"].([]any) {
			row := item.(object)["transaction"].(object)
			if want[text(row, "id")] == row["version"] {
				delete(want, text(row, "id"))
			}
		}
		return len(want) == 0
	})
}

// feedEnd returns the cursor at the end of the feed.
func (o operator) feedEnd() string {
	o.t.Helper()
	for path := changes + "?limit=1000"; ; {
		page := o.get(path).want(http.StatusOK).json()
		if page["hasMore"] != true {
			return text(page, "nextCursor")
		}
		path = changes + "?limit=1000&cursor=" + text(page, "nextCursor")
	}
}

// changesSince waits until the feed has count items after the cursor. It returns the kind of change and the transaction
// id of each item.
func (o operator) changesSince(cursor string, count int) [][2]string {
	o.t.Helper()
	var all [][2]string
	eventually(o.t, "changes in the feed", func() bool {
		page := o.get(changes + "?limit=1000&cursor=" + cursor).want(http.StatusOK).json()
		cursor = text(page, "nextCursor")
		for _, item := range page["items"].([]any) {
			change := item.(object)
			all = append(all, [2]string{text(change, "change"), text(change["transaction"].(object), "id")})
		}
		return len(all) >= count
	})
	return all
}

// TestAMovementThatPostsUnderANewIDStaysOneRecord checks that a transaction stays the same record when the vendor
// deletes its row and creates it again under a new id. The service may learn of the two changes in any order.
func TestAMovementThatPostsUnderANewIDStaysOneRecord(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		first := b.add(t)
		o.pull(id, nil)
		record := text(o.byExternalID(id, first)[0], "id")

		second := b.post(t, first)
		o.awaitFeed(id)
		cursor := o.feedEnd()
		o.pull(id, nil)
		if b.vendor() == "belvo" { // the first pull returns the new row, the second proves the removal
			o.pull(id, nil)
		} else if diff := cmp.Diff([][2]string{{"modified", record}}, o.changesSince(cursor, 1)); diff != "" {
			t.Errorf("the feed of one pull: %s", diff)
		}
		o.checkOneRecord(id, record, second, first)
		o.checkRows(b, id)

		third := b.post(t, second)
		o.announce(b, hook, "deleted", second)
		o.waitForSuccess(id)
		o.pull(id, nil)
		o.checkOneRecord(id, record, third, first, second)

		fourth := b.post(t, third)
		o.announce(b, hook, "created", fourth)
		o.waitForSuccess(id)
		o.announce(b, hook, "deleted", third)
		o.waitForSuccess(id)
		o.checkOneRecord(id, record, fourth, first, second, third)
		o.checkRows(b, id)
		for _, row := range o.pages(pathOf(id, "/transactions"), 200) {
			if row["supersededBy"] != nil && (row["removedAt"] == nil || row["supersededBy"] != record) {
				t.Errorf("superseded: %v", row)
			}
		}

		o.announce(b, hook, "deleted", first, second, third)
		o.waitForSuccess(id)
		o.checkOneRecord(id, record, fourth, first, second, third)
		if kind := o.history(id, record)[0]["change"]; kind != "superseded" {
			t.Errorf("the newest version is %v, want superseded", kind)
		}
	})
}

// TestASplitIsNotUndoneByLaterPulls checks that later pulls do not join the two transactions into which an operator has
// split a transaction.
func TestASplitIsNotUndoneByLaterPulls(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		first := b.add(t)
		o.pull(id, nil)
		record := text(o.byExternalID(id, first)[0], "id")
		split := allTransactions + "/" + record + "/split"
		o.send(http.MethodPost, split, nil).problem(http.StatusConflict, "MTCH-0007")
		second := b.post(t, first)
		o.announce(b, hook, "deleted", first)
		o.waitForSuccess(id)
		o.pull(id, nil)
		o.checkOneRecord(id, record, second, first)

		older := o.send(http.MethodPost, split, nil).want(http.StatusOK).json()
		if older["externalId"] != first || older["removedAt"] == nil || older["supersedes"] != nil {
			t.Errorf("the transaction after the split: %v", older)
		}
		younger := o.byExternalID(id, second)
		if len(younger) != 1 || younger[0]["id"] == record || younger[0]["removedAt"] != nil {
			t.Fatalf("the other transaction after the split: %v", younger)
		}
		for range 3 {
			o.pull(id, nil)
		}
		if diff := cmp.Diff(younger, o.byExternalID(id, second)); diff != "" {
			t.Errorf("the other transaction after more pulls: %s", diff)
		}
		if again := o.byExternalID(id, first); len(again) != 1 || again[0]["version"] != older["version"] {
			t.Errorf("the transaction after more pulls: %v, want %v", again, older)
		}
		o.checkRows(b, id)
		o.send(http.MethodPost, split, nil).problem(http.StatusConflict, "MTCH-0007")
	})
}

// TestAStandingOrderKeepsItsPaymentsApart checks that the institution's id of a standing order, which each of its
// payments has, continues no record of one payment with the row of another one.
func TestAStandingOrderKeepsItsPaymentsApart(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		pay := func(daysAgo int) string {
			row, err := b.sim.AddTransaction(pluggysim.Transaction{
				AccountID: pluggysim.DemoBankAccountID, Amount: "-15", Type: "DEBIT", ProviderID: "7f3a91c2-0d5e-4b7e",
				Description: "PIX ENVIADO", Date: pluggysim.Time{Time: time.Now().AddDate(0, 0, -daysAgo)},
			})
			if err != nil {
				t.Fatal(err)
			}
			return row.ID
		}
		pay(80)
		first := pay(19)
		o, id, _ := connectAndPull(t, w, b)
		record := text(o.byExternalID(id, first)[0], "id")
		b.remove(t, first)
		second := pay(12)
		o.pull(id, nil)
		if found := o.byExternalID(id, second); len(found) != 1 || text(found[0], "id") == record {
			t.Errorf("the record of the next payment is %v, the earlier one is %s", found, record)
		}
		if found := o.byExternalID(id, first); len(found) != 1 || found[0]["removedAt"] == nil {
			t.Errorf("the earlier payment is %v", found)
		}
	})
}
