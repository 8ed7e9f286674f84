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
