package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// history returns the versions of a transaction, newest first. It checks that no version is missing, and that each
// version names the pull and the deliveries that other API operations show for it.
func (o operator) history(connection, transaction string) []object {
	o.t.Helper()
	versions := o.pages(allTransactions+"/"+transaction+"/history", 2)
	attached := map[string][]string{}
	for _, d := range o.pages(deliveries+"?connectionId="+connection, 50) {
		pull := text(d, "pullId")
		attached[pull] = append(attached[pull], text(d, "id"))
	}
	for i, v := range versions {
		if v["version"] != float64(len(versions)-i) {
			o.t.Errorf("version %v at place %d of %d", v["version"], i, len(versions))
		}
		pull := o.get(pullsPath + "/" + text(v, "pullId")).want(http.StatusOK).json()
		if pull["connectionId"] != connection || pull["trigger"] != v["trigger"] {
			o.t.Errorf("version %v names the pull %v with the trigger %v", v["version"], pull, v["trigger"])
		}
		want := attached[text(v, "pullId")]
		slices.Sort(want)
		var got []string
		for _, id := range v["deliveryIds"].([]any) {
			got = append(got, id.(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			o.t.Errorf("the deliveries of version %v differ (-want +got):\n%s", v["version"], diff)
		}
	}
	return versions
}

// undone returns the transaction as its first version was. The argument versions contains all versions, newest first.
// The member "before" of each version contains the old values of the members that this version has changed. undone
// restores these old values, starting with the newest version.
func undone(transaction object, versions []object) object {
	state := maps.Clone(transaction)
	for _, v := range versions {
		before, _ := v["before"].(object)
		for name, value := range before {
			if state[name] = value; value == nil {
				delete(state, name)
			}
		}
		state["version"], state["updatedAt"] = v["version"], v["at"]
	}
	return state
}

// rowHash returns the SHA-256 of a transaction's metadata. The metadata is the unchanged row of the vendor.
func (o operator) rowHash(transaction string) string {
	o.t.Helper()
	var row struct{ Metadata json.RawMessage }
	if err := json.Unmarshal(o.get(allTransactions+"/"+transaction).want(http.StatusOK).raw, &row); err != nil {
		o.t.Fatal(err)
	}
	hash := sha256.Sum256(row.Metadata)
	return hex.EncodeToString(hash[:])
}

// TestTheHistoryOfATransaction checks that the history of a transaction contains a version for its edit, its announced
// removal and its restoration, but no version for a change that affects only its running balance.
func TestTheHistoryOfATransaction(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		external := slices.Sorted(maps.Keys(b.truth(t)))[0]
		first := o.rows(id)[external]
		transaction := text(first, "id")
		hashes := []string{o.rowHash(transaction)}

		b.edit(t, external)
		o.announce(b, hook, "updated", external)
		o.waitForSuccess(id)
		hashes = append(hashes, o.rowHash(transaction))
		b.correctBalance(t, external)
		o.announce(b, hook, "updated", external)
		o.waitForSuccess(id)
		o.announce(b, hook, "deleted", external)
		o.waitForSuccess(id)
		o.pull(id, nil)
		o.waitForSuccess(id)
		restored := o.rowHash(transaction)

		versions := o.history(id, transaction)
		var got [][]string
		for _, v := range versions {
			got = append(got, []string{text(v, "change"), text(v, "trigger"), text(v, "rowSha256")})
		}
		want := [][]string{
			{"restored", "manual", restored},
			{"removed", "webhook", hashes[1]},
			{"modified", "webhook", hashes[1]},
			{"added", "webhook", hashes[0]},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the versions differ (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(first, undone(o.rows(id)[external], versions)); diff != "" {
			t.Errorf("undoing all versions does not lead to the first one (-want +got):\n%s", diff)
		}
		o.checkHistoryMembers(b, versions)
	})
}

// checkHistoryMembers checks the members "before" and "after" of the versions in TestTheHistoryOfATransaction.
func (o operator) checkHistoryMembers(b bank, versions []object) {
	o.t.Helper()
	added, modified, removed := versions[3], versions[2], versions[1]
	if added["before"] != nil || added["after"] != nil {
		o.t.Errorf("the first version has members before and after: %v", added)
	}
	before, _ := modified["before"].(object)
	after, _ := modified["after"].(object)
	for _, name := range []string{"description", "metadata"} {
		if before[name] == nil || cmp.Equal(before[name], after[name]) {
			o.t.Errorf("an edit does not show another %s: %v", name, modified)
		}
	}
	want := object{"removedAt": removed["at"]}
	if diff := cmp.Diff([]any{object{"removedAt": nil}, want}, []any{removed["before"], removed["after"]}); diff != "" {
		o.t.Errorf("a removal changed other members (-want +got):\n%s", diff)
	}
	for _, v := range versions {
		if normalizer := text(v, "normalizer"); len(normalizer) <= len(b.vendor()) {
			o.t.Errorf("version %v was normalised by %q", v["version"], normalizer)
		}
	}
}

// TestTheHistoryIsPrivate checks that only the tenant of a transaction can read its history.
func TestTheHistoryIsPrivate(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		var transaction string
		for _, row := range o.rows(id) {
			transaction = text(row, "id")
		}
		path := allTransactions + "/" + transaction + "/history"
		for _, absent := range []response{
			w.operator(t).get(path), o.get(allTransactions + "/" + uuid.NewString() + "/history"),
			o.get(allTransactions + "/" + id + "/history"), o.get(allTransactions + "/none/history"),
		} {
			if problem := absent.want(http.StatusNotFound).json(); problem["code"] != "MTCH-0005" {
				t.Errorf("problem %v", problem)
			}
		}
		o.get(path + "?cursor=AXgBnA").want(http.StatusBadRequest)
		o.get(path + "?limit=0").want(http.StatusBadRequest)
		o.get(path + "?order=up").want(http.StatusBadRequest)
	})
}
