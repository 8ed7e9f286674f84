package e2e_test

import (
	"net/http"
	"slices"
	"testing"
)

// warns reports whether the health of a connection has a warning.
func (o operator) warns(id, warning string) bool {
	o.t.Helper()
	warnings, _ := o.get(pathOf(id, "/health")).want(http.StatusOK).json()["warnings"].([]any)
	return slices.Contains(warnings, any(warning))
}

// TestAListWithARowTwiceIsStored checks that a list that always has one row twice, in the place of another one, is
// stored in the end, that it removes nothing, and that the connection has a warning until the list is consistent.
func TestAListWithARowTwiceIsStored(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		hidden, twice := b.add(t), b.add(t)
		o.pull(id, nil)
		fresh := b.add(t)
		b.inject(t, fault{
			kind: "replace", path: b.rowsPath(), times: -1,
			replacements: map[string]string{`"` + hidden + `"`: `"` + twice + `"`},
		})
		pull := o.pull(id, nil)
		if rows := o.rows(id); pull["status"] != "succeeded" || rows[fresh] == nil || rows[hidden]["removedAt"] != nil {
			t.Errorf("the pull is %v, the new row %v, the hidden one %v", pull, rows[fresh], rows[hidden])
		}
		reasons, _ := o.get(pathOf(id, "/health")).want(http.StatusOK).json()["attention"].([]any)
		if !o.warns(id, "list_inconsistent") || o.severityOf(id, "list_inconsistent") != "soon" {
			t.Errorf("the reasons for attention are %v", reasons)
		}
		b.clear()
		o.pull(id, nil)
		if o.warns(id, "list_inconsistent") {
			t.Error("a consistent list does not end the warning")
		}
		o.checkRows(b, id)
	})
}

// TestAListOfAccountsThatNeverReachesItsCount checks that a list of accounts whose count is never reached removes no
// account, and that the connection has a warning until the list is consistent.
func TestAListOfAccountsThatNeverReachesItsCount(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		path, count := "/accounts", `"total":`
		if b.vendor() == "belvo" {
			path, count = "/api/accounts/", `"count":`
		}
		b.inject(t, fault{kind: "replace", path: path, times: -1, replacements: map[string]string{count: count + "9"}})
		gone, reads := b.setAccountListed(t, false)
		fresh := b.add(t)
		for range reads + 1 {
			if pull := o.pull(id, nil); pull["status"] != "succeeded" || o.rows(id)[fresh] == nil {
				t.Errorf("the pull is %v, the new row %v", pull, o.rows(id)[fresh])
			}
		}
		if removed := o.removedAccounts(id); removed != nil || !o.warns(id, "list_inconsistent") {
			t.Errorf("the removed accounts are %v, the warning is shown: %t", removed, o.warns(id, "list_inconsistent"))
		}
		b.clear()
		for range reads {
			o.pull(id, nil)
		}
		removed := o.removedAccounts(id)
		if !slices.Equal(removed, []string{gone}) || o.warns(id, "list_inconsistent") {
			t.Errorf("after a consistent list, the removed accounts are %v, want %s", removed, gone)
		}
	})
}
