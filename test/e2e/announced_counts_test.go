package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// announceCount sends a webhook from the bank. The webhook announces that a synchronisation has found the given number
// of transactions. Pluggy counts the transactions of one account. Belvo counts the transactions of all accounts of a
// link.
func (o operator) announceCount(b bank, hook string, count int, added ...string) {
	o.t.Helper()
	kind, member := "created", "transactionsCount"
	if b.vendor() == "belvo" {
		kind, member, added = "all", "total_transactions", nil
	}
	var body object
	decoder := json.NewDecoder(bytes.NewReader(b.payload(o.t, kind, added...)))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		o.t.Fatal(err)
	}
	members := body
	if data, ok := body["data"].(object); ok {
		members = data
	}
	if _, ok := members[member]; !ok {
		o.t.Fatalf("the vendor announces no %s: %v", member, body)
	}
	members[member] = count
	raw, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	o.postWebhook(o.t, b.vendor(), hook, raw).want(http.StatusAccepted)
}

// countAnnounced adds a row, and returns its id. It also returns the number of rows that a webhook about this row
// announces. At Pluggy the number can be greater than one: it includes the demo data that was created later on the same
// day.
func countAnnounced(t *testing.T, b bank) (rows int, added string) {
	t.Helper()
	added = b.add(t)
	p, ok := b.(*pluggyBank)
	if !ok {
		return len(b.truth(t)), added
	}
	all := p.sim.Transactions(pluggysim.DemoBankAccountID)
	at := slices.IndexFunc(all, func(row pluggysim.Transaction) bool { return row.ID == added })
	for _, row := range all {
		if !row.CreatedAt.Before(all[at].CreatedAt.Time) {
			rows++
		}
	}
	return rows, added
}

// TestAnnouncedCountsFindWhatIsMissing checks that an account is reported as "drifting" when a webhook announces more
// transactions than the vendor lists. The account must be reported as complete again when the vendor lists the missing
// transaction.
func TestAnnouncedCountsFindWhatIsMissing(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, hook := connectAndConfirm(t, w, b)
		account := o.accountPath(id, external)
		check := func(when string, want ...string) {
			t.Helper()
			o.pull(id, nil)
			got := o.get(account + "/completeness").want(http.StatusOK).json()
			health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
			found := []string{text(got, "state"), text(health, "completeness")}
			checks, _ := got["checks"].([]any)
			for _, c := range checks {
				if c, _ := c.(object); c["check"] == "announced_count" {
					found = append(
						found,
						text(c, "state"),
						text(c, "expected"),
						text(c, "actual"),
						text(c, "difference"),
					)
				}
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		known, first := countAnnounced(t, b)
		o.announceCount(b, hook, known, first)
		o.waitForSuccess(id)
		o.pull(id, nil)
		o.send(http.MethodPost, account+"/completeness/accept", object{"reason": "the balance"}).want(http.StatusOK)
		o.announceCount(b, hook, known+1, first)
		o.waitForSuccess(id)
		expected, actual := strconv.Itoa(known+1), strconv.Itoa(known)
		check("one is missing", "drifting", "drifting", "drifting", expected, actual, "-1")
		b.add(t)
		b.setBalance(t, "987.66")
		check("all are there", "complete", "complete", "complete", expected, expected, "0")
	}, func(s *setup) { s.cfg.DriftGrace = 0 })
}
