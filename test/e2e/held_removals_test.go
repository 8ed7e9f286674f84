package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// recentRows adds rows to an account at the vendor, pulls them, and returns the external ids of most of them. These are
// more than half of the account's rows.
func (o operator) recentRows(b bank, id string) []string {
	o.t.Helper()
	before := o.rows(id)
	b.generate(o.t, 40)
	o.pull(id, nil)
	var recent []string
	for external, row := range o.rows(id) {
		if before[external] == nil && text(row, "date") > time.Now().AddDate(0, 0, -330).Format(time.DateOnly) {
			recent = append(recent, external)
		}
	}
	return recent
}

// waitForHeld waits until the health shows that the removal of the rows is held back. It then checks that the rows
// are still live (not removed).
func (o operator) waitForHeld(id string, rows []string) {
	o.t.Helper()
	eventually(o.t, "the warning mass_removal", func() bool {
		return o.get(pathOf(id, "/health")).want(200).json()["heldRemovals"] == float64(len(rows))
	})
	health := o.get(pathOf(id, "/health")).want(200).json()
	if warnings, _ := health["warnings"].([]any); !slices.Contains(warnings, any("mass_removal")) {
		o.t.Errorf("the health is %v", health)
	}
	if live := o.liveRows(id, rows); live != len(rows) {
		o.t.Errorf("%d of %d rows are live", live, len(rows))
	}
}

// liveRows returns how many of the rows with these external ids are not removed.
func (o operator) liveRows(id string, externalIDs []string) (live int) {
	o.t.Helper()
	stored := o.rows(id)
	for _, external := range externalIDs {
		if stored[external]["removedAt"] == nil {
			live++
		}
	}
	return live
}

// loseWhileUnreadable removes rows at the vendor, makes the vendor's list of rows fail, and announces the removals.
func (o operator) loseWhileUnreadable(b bank, hook string, rows []string) {
	o.t.Helper()
	for _, external := range rows {
		b.remove(o.t, external)
	}
	body := b.payload(o.t, "deleted", rows...)
	b.inject(o.t, fault{path: b.rowsPath(), kind: "status", status: 500, times: 1000})
	o.deliver(b, hook, body).want(http.StatusAccepted)
}

// TestAnnouncedMassRemovalsWaitForACompleteRead checks that the announced removals of many rows wait for a complete
// read. A read that still returns the rows voids the announcement. A read that does not return them applies the
// removals once. While the vendor's pages cannot be read, the removals wait.
func TestAnnouncedMassRemovalsWaitForACompleteRead(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		rows := o.recentRows(b, id)
		o.announce(b, hook, "deleted", rows...)
		o.waitForSuccess(id)
		o.checkRows(b, id)
		o.checkWarnings(id)

		o.loseWhileUnreadable(b, hook, rows)
		o.waitForHeld(id, rows)
		b.clear()
		o.waitForSuccess(id)
		o.checkRows(b, id)
		o.checkWarnings(id)
		if held, shown := o.get(pathOf(id, "/health")).want(200).json()["heldRemovals"]; shown {
			t.Errorf("heldRemovals is %v at the end", held)
		}
		for _, external := range rows {
			if row := o.rows(id)[external]; row["version"] != 2.0 {
				t.Fatalf("%s has version %v", external, row["version"])
			}
		}
	})
}

// TestAnEmptyListIsAMassRemoval checks that a complete read of an account without any of its rows gives the warning,
// also at a vendor that purges old rows, and that the rows wait until they are listed again or an operator applies the
// removals.
func TestAnEmptyListIsAMassRemoval(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		account := ""
		for _, row := range o.rows(id) {
			account = max(account, text(row, "accountId"))
		}
		var rows []string
		recent := time.Now().AddDate(0, 0, -330).Format(time.DateOnly)
		for external, row := range o.rows(id) {
			if text(row, "accountId") != account {
				continue
			}
			b.remove(t, external)
			if b.vendor() != "belvo" || text(row, "date") > recent {
				rows = append(rows, external)
			}
		}
		if len(rows) < 3 {
			t.Fatalf("the account has %d rows", len(rows))
		}
		o.pull(id, nil)
		o.pull(id, nil)
		o.waitForHeld(id, rows)
		o.pull(id, nil)
		o.waitForHeld(id, rows)
		apply := allAccounts + "/" + account + "/removals/apply"
		answer := o.send(http.MethodPost, apply, nil).want(http.StatusOK).json()
		if answer["removed"] != float64(len(rows)) {
			t.Errorf("the response is %v, want %d rows", answer, len(rows))
		}
	})
}

// TestAnOperatorAppliesHeldRemovals checks that an operator can apply announced removals while the vendor's pages
// cannot be read, and that the audit log then has an entry about it.
func TestAnOperatorAppliesHeldRemovals(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, hook := connectAndPull(t, w, b)
		o.applyHeld(b, id, hook)
		b.clear()
		o.waitForSuccess(id)
		o.checkRows(b, id)
	})
}

// applyHeld announces removals that the service holds back, and applies them as an operator. The vendor's pages still
// fail when it returns.
func (o operator) applyHeld(b bank, id, hook string) {
	o.t.Helper()
	rows := o.recentRows(b, id)
	account := text(o.rows(id)[rows[0]], "accountId")
	apply := allAccounts + "/" + account + "/removals/apply"
	o.send(http.MethodPost, apply, nil).want(http.StatusConflict)
	o.loseWhileUnreadable(b, hook, rows)
	o.waitForHeld(id, rows)
	answer := o.send(http.MethodPost, apply, nil).want(http.StatusOK).json()
	if answer["removed"] != float64(len(rows)) || answer["accountId"] != account {
		o.t.Errorf("the response is %v, want %d rows of %s", answer, len(rows), account)
	}
	if live := o.liveRows(id, rows); live != 0 {
		o.t.Errorf("%d of %d rows are live", live, len(rows))
	}
	if held, shown := o.get(pathOf(id, "/health")).want(200).json()["heldRemovals"]; shown {
		o.t.Errorf("heldRemovals is %v at the end", held)
	}
	o.send(http.MethodPost, apply, nil).want(http.StatusConflict)
	entries := o.entries("?action=account.apply_removals&object=" + account)
	if len(entries) != 1 {
		o.t.Errorf("the audit log has %v", entries)
	}
}
