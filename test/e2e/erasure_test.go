package e2e_test

import (
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

const erasures = prefix + "/erasures"

// erase requests the erasure of the connection with this id, and waits until the erasure has ended.
func (o operator) erase(id string, atVendor bool) {
	o.t.Helper()
	location := o.requestErasure(id, atVendor)
	eventually(o.t, "the erasure of "+id, func() bool {
		got := o.get(location).want(http.StatusOK).json()
		if got["status"] == "failed" {
			o.t.Fatalf("the erasure has failed: %v", got)
		}
		return got["status"] == "done"
	})
}

func (o operator) requestErasure(id string, atVendor bool) (location string) {
	o.t.Helper()
	return o.send(http.MethodPost, pathOf(id, "/erasure"), object{"atVendor": atVendor}).want(http.StatusAccepted).
		header.Get("Location")
}

// texts adds all strings in a JSON value to a set, but not the names of members.
func texts(value any, set map[string]bool) {
	switch v := value.(type) {
	case string:
		set[v] = true
	case object:
		for _, member := range v {
			texts(member, set)
		}
	case []any:
		for _, item := range v {
			texts(item, set)
		}
	}
}

// isPersonal reports whether a text is suitable for the search for personal data: it must be so long that it does not
// occur in a file by chance, and must be neither a common word nor one of the service's own values.
func isPersonal(text string) bool {
	return len(text) >= 9 && strings.Trim(text, "0") != "" && !strings.HasPrefix(text, "20") &&
		strings.ContainsAny(text, "0123456789- ")
}

// personal returns the texts with personal data that were stored for the connection: the texts in its accounts,
// transactions, quarantine and deliveries, and its name and account reference. Ids that the service has generated are
// not included.
func (o operator) personal(id string) []string {
	o.t.Helper()
	found, own := map[string]bool{}, map[string]bool{id: true}
	descriptor := o.get(pathOf(id, "")).want(http.StatusOK).json()
	for _, member := range []string{"configName", "accountRef"} {
		found[text(descriptor, member)] = true
	}
	for _, path := range []string{pathOf(id, "/accounts"), pathOf(id, "/transactions"), pathOf(id, "/quarantine")} {
		for _, item := range o.pages(path, 200) {
			for _, member := range []string{"id", "connectionId", "accountId", "supersededBy"} {
				own[text(item, member)] = true
			}
			texts(item, found)
		}
	}
	for _, delivery := range o.pages(deliveries+"?connectionId="+id, 200) {
		own[text(delivery, "id")], own[text(delivery, "pullId")] = true, true
		texts(o.get(deliveries + "/" + text(delivery, "id")).want(http.StatusOK).json()["payload"], found)
		found[text(delivery, "eventId")] = true
	}
	maps.DeleteFunc(found, func(text string, _ bool) bool { return own[text] || !isPersonal(text) })
	return slices.Sorted(maps.Keys(found))
}

// wantAbsent reports an error for each of the texts that haystack contains, unchanged or in hexadecimal. label
// describes haystack in the error message.
func wantAbsent(t *testing.T, label string, texts []string, haystack string) {
	t.Helper()
	for _, text := range texts {
		for _, form := range []string{text, hex.EncodeToString([]byte(text))} {
			if at := strings.Index(haystack, form); at >= 0 {
				t.Errorf("%s contains %q: …%.160q", label, text, haystack[max(0, at-60):])
			}
		}
	}
}

// brought creates a connection to the bank, and makes the service store data of every kind for the connection, such as
// replaced, removed and quarantined rows, a closed period, and responses for idempotency keys.
func (o operator) brought(b bank, name string) (id, hook, account string) {
	o.t.Helper()
	id = o.send(http.MethodPost, connections, creation(b, name), "X-Idempotency-Key: create").want(201).text("id")
	hook = o.mint(b, name)
	o.announce(b, hook, "all")
	o.waitForSuccess(id)
	edited, replaced, removed := b.add(o.t), b.add(o.t), b.add(o.t)
	spoiledRow := b.add(o.t)
	o.pull(id, nil)
	b.edit(o.t, edited)
	b.post(o.t, replaced)
	b.remove(o.t, removed)
	spoil(o.t, b, b.rowsPath(), spoiledRow)
	o.announce(b, hook, "deleted", removed)
	o.waitForPulls(id)
	o.pull(id, nil)
	b.clear()
	for _, one := range o.pages(pathOf(id, "/accounts"), 20) {
		if one["type"] == "bank" {
			account = text(one, "id")
		}
	}
	path := allAccounts + "/" + account
	o.send(http.MethodPut, path+"/closes/2026-01-31", nil, "X-Idempotency-Key: close").want(200)
	o.send(http.MethodPost, path+"/completeness/accept", object{"reason": "checked"}, "X-Idempotency-Key: accept")
	change := creation(b, name)
	delete(change, "vendor")
	o.send(http.MethodPut, pathOf(id, ""), change, "X-Idempotency-Key: update").want(200)
	o.waitForPulls(id)
	return id, hook, account
}

func TestAnErasureLeavesNothing(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o := w.operator(t)
		name := "canary-name-of-" + b.vendor()
		id, hook, account := o.brought(b, name)
		// The webhook of another connection also receives events about this reference, because a vendor sends the
		// events about all references to each webhook of an application. Before the erasure, such an event is a
		// delivery of the erased connection. Afterwards it belongs to no connection.
		other := creation(b, "other")
		other["accountRef"] = uuid.NewString()
		otherID := o.send(http.MethodPost, connections, other).want(201).text("id")
		foreign, otherHook := b.payload(t, "all"), o.mint(b, "other")
		o.deliver(b, otherHook, foreign).want(202)
		canaries := o.personal(id)
		if len(canaries) < 20 || !slices.Contains(canaries, name) || !slices.Contains(canaries, b.ref()) {
			t.Fatalf("only %d texts to search for", len(canaries))
		}
		rows := o.pages(pathOf(id, "/transactions"), 200)
		before := w.dump(t)
		if before != "" && !strings.Contains(before, name) {
			t.Fatal("the search does not find the name before the erasure")
		}
		_, end := o.follow("", 1000)

		key := "X-Idempotency-Key: erase"
		first := o.send(http.MethodPost, pathOf(id, "/erasure"), object{"atVendor": true}, key).want(202)
		o.erase(id, true)
		again := o.send(http.MethodPost, pathOf(id, "/erasure"), object{"atVendor": true}, key).want(202)
		if first.header.Get("Location") != again.header.Get("Location") ||
			again.header.Get("X-Idempotency-Replayed") != "true" {
			t.Errorf("the repeated request is answered with %v", again.header)
		}

		wantAbsent(t, w.backend, canaries, w.dump(t))
		o.checkErased(w, id, account, hook, b, rows, end)
		if got := o.pages(erasures, 1); len(got) == 0 || got[0]["connectionId"] != id {
			t.Errorf("the erasures are %v", got)
		}
		if kept := o.pages(deliveries+"?connectionId="+otherID, 20); len(kept) != 0 {
			t.Errorf("the deliveries of the other connection are %v", kept)
		}
		o.deliver(b, otherHook, foreign).want(202)
		kept := o.pages(deliveries+"?connectionId="+otherID, 20)
		if len(kept) != 1 || kept[0]["status"] != "ignored" || text(kept[0], "eventId") != "" {
			t.Errorf("the delivery of the other connection is %v", kept)
		}
		read := o.get(deliveries + "/" + text(kept[0], "id")).want(200)
		wantAbsent(t, "the delivery of the other connection", canaries, string(read.raw))
		o.get(pathOf(otherID, "")).want(200)
		// The webhook address of the erased connection now belongs to the other connection. The content of an event
		// about the erased account reference is not stored.
		o.deliver(b, hook, foreign).want(202)
		wantAbsent(t, "the deliveries of the other connection", canaries,
			string(o.get(deliveries+"?connectionId="+otherID).want(200).raw))
		if o.connect(b, name) == id {
			t.Error("the name was not free")
		}
		o.testConnection(b, name, "account_not_found") // the vendor has deleted the reference
		o.send(http.MethodDelete, pathOf(o.named(name), ""), nil).want(204)
		wantAbsent(t, "the log", slices.DeleteFunc(slices.Clone(canaries), func(text string) bool {
			return text == b.ref() // allowed: the debug log shows request paths, which contain the reference
		}), w.log.String())
	}, func(*setup) {})
}

func (o operator) named(name string) string {
	for _, c := range o.pages(connections, 200) {
		if c["configName"] == name {
			return text(c, "id")
		}
	}
	return ""
}

// checkErased checks that readers of the API no longer see the data of an erased connection.
func (o operator) checkErased(
	w *env, id, account, hook string, b bank, rows []object, end string,
) {
	o.t.Helper()
	for _, path := range []string{
		pathOf(id, ""), pathOf(id, "/transactions"), pathOf(id, "/accounts"), pathOf(id, "/health"),
		pathOf(id, "/quarantine"),
		allAccounts + "/" + account, allAccounts + "/" + account + "/closes",
		allAccounts + "/" + account + "/closes/2026-01-31/evidence",
		allAccounts + "/" + account + "/closes/2026-01-31/adjustments", allAccounts + "/" + account + "/completeness",
	} {
		o.get(path).want(http.StatusNotFound)
	}
	for _, path := range []string{
		allAccounts + "?connectionId=" + id, allPulls + "?connectionId=" + id, deliveries + "?connectionId=" + id,
		tokens + "?connectionId=" + id, allTransactions + "?connectionId=" + id,
	} {
		if items := o.get(path).want(http.StatusOK).json()["items"].([]any); len(items) > 0 {
			o.t.Errorf("%s has %d items", path, len(items))
		}
	}
	removed := map[string]object{}
	items, _ := o.follow(end, 1000)
	for _, item := range items {
		t, _ := item["transaction"].(object)
		removed[text(t, "id")] = t
		if item["change"] != "removed" || t["erasedAt"] == nil {
			o.t.Errorf("the feed shows %v", item)
		}
	}
	for _, row := range rows {
		got := o.get(allTransactions + "/" + text(row, "id")).want(http.StatusOK).json()
		want := object{
			"id": row["id"], "connectionId": id, "version": row["version"].(float64) + 1,
			"removedAt": got["erasedAt"], "erasedAt": got["erasedAt"],
		}
		if row["removedAt"] != nil {
			want["removedAt"] = row["removedAt"]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			o.t.Errorf("an erased transaction (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(got, removed[text(row, "id")]); diff != "" {
			o.t.Errorf("the feed shows it differently (-read +feed):\n%s", diff)
		}
		history := o.get(allTransactions + "/" + text(row, "id") + "/history").want(http.StatusOK).json()
		if len(history["items"].([]any)) > 0 {
			o.t.Errorf("it has the history %v", history)
		}
		o.send(http.MethodPost, allTransactions+"/"+text(row, "id")+"/split", nil).problem(409, "MTCH-0007")
	}
}

func TestAnErasureOfOthersConnectionsIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		o, other := w.operator(t), w.operator(t)
		id := o.connect(b, "main")
		engine := o.send(http.MethodPost, engines, postgresEngine(t, "ledger")).want(201).text("id")
		other.send(http.MethodPost, pathOf(id, "/erasure"), object{"atVendor": false}).problem(404, "MTCH-0201")
		for _, unknown := range []string{uuid.NewString(), "x", engine} {
			o.send(http.MethodPost, pathOf(unknown, "/erasure"), object{"atVendor": false}).problem(404, "MTCH-0201")
		}
		for _, body := range []any{object{}, object{"atVendor": "true"}, object{"atVendor": true, "x": 1}} {
			o.send(http.MethodPost, pathOf(id, "/erasure"), body).want(400)
		}
		o.get(pathOf(id, "")).want(200)
		o.send(http.MethodDelete, pathOf(id, ""), nil).want(204)
		location := o.requestErasure(id, false)
		if second := o.requestErasure(id, false); second != location {
			t.Errorf("a repetition has the location %s, want %s", second, location)
		}
		other.get(location).problem(404, "MTCH-0005")
		if listed := other.pages(erasures, 20); len(listed) > 0 {
			t.Errorf("another tenant sees %v", listed)
		}
		o.erase(id, false)
		o.send(http.MethodPost, pathOf(id, "/erasure"), object{"atVendor": true}).problem(409, "MTCH-0007")
	})
}
