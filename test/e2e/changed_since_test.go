package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// TestAVerdictDoesNotOutliveItsRecords checks an account whose records have changed since its balance was read. Its
// completeness must report the change, account statements with balances must be refused, and a new close must be
// unverified.
func TestAVerdictDoesNotOutliveItsRecords(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, _ := connectAndConfirm(t, w, b)
		account := o.accountPath(id, external)
		today := time.Now().UTC().Format(time.DateOnly)
		check := func(when string, changed bool) {
			t.Helper()
			got := o.get(account + "/completeness").want(200).json()
			if _, shown := got["changedSince"]; shown != changed || changed && got["changedSince"] != true {
				t.Errorf("%s: %v", when, got)
			}
			for _, format := range []string{"camt053", "ofx"} {
				status := http.StatusOK
				if changed {
					status = http.StatusConflict
				}
				o.get(account + "/statement?force=not_covered&to=" + today + "&format=" + format).want(status)
				o.get(account + "/statement?force=true&format=" + format).want(200)
			}
			o.get(account + "/statement?format=csv").want(200)
		}
		check("after the first pull", false)
		added := b.add(t)
		o.pull(id, object{"from": time.Now().UTC().AddDate(0, -1, 0).Format(time.DateOnly), "to": today})
		date := text(o.rows(id)[added], "date")
		if date == "" {
			t.Fatal("the new row was not read")
		}
		check("after a partial pull", true)
		day, _ := time.Parse(time.DateOnly, date)
		before := day.AddDate(0, 0, -1).Format(time.DateOnly)
		o.get(account + "/statement?force=not_covered&format=camt053&to=" + before).want(200)
		o.get(account + "/statement?force=not_covered&format=camt053&to=" + date).want(http.StatusConflict)
		closed := day.AddDate(0, 0, -3).Format(time.DateOnly)
		if got := o.send(http.MethodPut, account+"/closes/"+closed, nil).
			want(200).
			json(); got["completeness"] != o.ifCovered(account, closed, "unverified") {
			t.Errorf("the close is %v", got)
		}
		o.send(http.MethodDelete, account+"/closes/"+closed, nil).want(http.StatusNoContent)
		amount := decimal.RequireFromString(text(o.rows(id)[added], "amount"))
		b.setBalance(t, decimal.NewFromInt(1000).Add(amount).StringFixed(2))
		o.pull(id, nil)
		check("after a complete pull", false)
		if got := o.send(http.MethodPut, account+"/closes/"+closed, nil).
			want(200).
			json(); got["completeness"] != o.ifCovered(account, closed, "complete") {
			t.Errorf("the close is %v", got)
		}
	})
}
