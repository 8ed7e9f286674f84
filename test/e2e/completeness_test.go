package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// accountPath returns the path of the connection's account with this external id.
func (o operator) accountPath(id, externalID string) string {
	o.t.Helper()
	for _, account := range o.pages(pathOf(id, "/accounts"), 200) {
		if text(account, "externalId") == externalID {
			return prefix + "/accounts/" + text(account, "id")
		}
	}
	o.t.Fatalf("no account %s", externalID)
	return ""
}

// anchor returns four values:
//
//   - "state" from the account's completeness report
//   - "basis" from the same report
//   - "difference" from the check balance_anchor in the same report
//   - "completeness" from the connection's health report
func (o operator) anchor(id, account string) []string {
	o.t.Helper()
	got := o.get(account + "/completeness").want(http.StatusOK).json()
	checks, _ := got["checks"].([]any)
	if len(checks) == 0 {
		o.t.Fatalf("no checks: %v", got)
	}
	first, _ := checks[0].(object)
	if first["check"] != "balance_anchor" {
		o.t.Errorf("the first check is %v", first)
	}
	health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	return []string{text(got, "state"), text(got, "basis"), text(first, "difference"), text(health, "completeness")}
}

// TestTheBalanceOfAnAccountFindsWhatIsMissing checks that a difference between an account's balance and its records is
// reported. The difference must disappear when the missing record is listed, or when an operator accepts it.
func TestTheBalanceOfAnAccountFindsWhatIsMissing(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		check := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, o.anchor(id, account)); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		first, basis := "unknown", "first_reading"
		if b.vendor() == "pluggy" { // states the balance after each row
			first, basis = "complete", "running_balance"
		}
		check("after the first pull", first, basis, "", first)
		b.synchronise(t)
		o.pull(id, nil)
		check("after a second synchronisation", "complete", "baseline", "0", "complete")

		b.setBalance(t, "987.66")
		o.pull(id, nil)
		check("with a balance without its record", "drifting", "baseline", "-12.34", "drifting")
		b.add(t)
		o.pull(id, nil)
		check("with the record", "complete", "baseline", "0", "complete")

		b.setBalance(t, "0.5")
		o.pull(id, nil)
		check("with another difference", "drifting", "baseline", "-987.16", "drifting")
		o.send(http.MethodPost, account+"/completeness/accept", object{"reason": ""}).
			problem(400, "MTCH-0001", "body.reason")
		key := "Idempotency-Key: accept-1"
		accepted := o.send(http.MethodPost, account+"/completeness/accept", object{"reason": "checked"}, key).want(200)
		again := o.send(http.MethodPost, account+"/completeness/accept", object{"reason": "checked"}, key).want(200)
		if again.header.Get("X-Idempotency-Replayed") != "true" || string(accepted.raw) != string(again.raw) {
			t.Errorf("the repeated request got %s, the first one %s", again.raw, accepted.raw)
		}
		check("after it was accepted", "complete", "baseline", "0", "complete")

		days := o.pages(account+"/balances?from="+time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), 1)
		if len(days) == 0 || days[0]["balance"] != "0.5" || days[0]["posted"] == nil || days[0]["anchor"] == nil {
			t.Errorf("the balances are %v", days)
		}
		other := w.operator(t)
		for _, path := range []string{"/completeness", "/balances"} {
			other.get(account+path).problem(404, "MTCH-0005")
		}
		other.send(http.MethodPost, account+"/completeness/accept", object{"reason": "x"}).problem(404, "MTCH-0005")
	}, func(s *setup) { s.cfg.DriftGrace = 0 })
}

// TestADriftCountsAfterTheGracePeriod checks that a difference between balance and records is shown immediately. The
// state must become "drifting" only when the difference has lasted for the grace period. A close does not wait for
// that, and a statement with balances must be forced.
func TestADriftCountsAfterTheGracePeriod(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, _ := connectAndConfirm(t, w, b)
		b.setBalance(t, "900")
		o.pull(id, nil)
		want := []string{"complete", "baseline", "-100", "complete"}
		account := o.accountPath(id, external)
		if diff := cmp.Diff(want, o.anchor(id, account)); diff != "" {
			t.Error(diff)
		}
		to := text(o.get(account+"/completeness").want(http.StatusOK).json(), "coversTo")
		closed := o.send(http.MethodPut, account+"/closes/"+to, nil).want(http.StatusOK).json()
		if got := text(closed, "completeness"); got != "unknown" {
			t.Errorf("a close is %s", got)
		}
		for _, format := range []string{"camt053", "ofx"} {
			o.get(account+"/statement?format="+format).problem(409, "MTCH-0007", "query.force")
			o.get(account + "/statement?force=drift&format=" + format).want(http.StatusOK)
		}
	}, func(s *setup) { s.cfg.DriftGrace = time.Hour })
}
