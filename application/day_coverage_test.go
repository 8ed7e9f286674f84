package application_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// connectionReadAt creates a connection to a bank that was last read at this time, and pulls it. The zero time means
// that the vendor states none.
func (e *env) connectionReadAt(name, bank string, at time.Time) domain.Connection {
	e.Helper()
	e.vendor.status.Bank = nil
	if !at.IsZero() {
		read := domain.ProductReading{At: at}
		e.vendor.status.Bank = &domain.BankReading{Bank: read, Cards: read}
	}
	c := e.createConnection(name)
	e.runPull(e.requestFullPull(c))
	e.setBank(c.ID, bank, "Bank "+bank)
	return c
}

// uncovered returns the accounts that do not cover a day, read by pages, and the numbers of accounts.
func (e *env) uncovered(day domain.Date, bank domain.InstitutionKey, limit int) (items []string, counts string) {
	e.Helper()
	request := domain.PageRequest{Limit: limit}
	for {
		c, err := e.CoverageOfDay(e.ctx, e.tenant, day, bank, request)
		e.noError(err)
		if len(c.Items) > limit {
			e.Fatalf("%d items on a page of %d", len(c.Items), limit)
		}
		for _, a := range c.Items {
			items = append(items, fmt.Sprint(a.Connection.Name, " ", a.State, " ", a.Account.CoversTo, " ",
				a.CoveredFrom.Format("02 15:04"), " ", a.Paused, " ", len(a.Reasons)))
		}
		counts = fmt.Sprint(c.Day, " ", c.Accounts, " ", c.Banks)
		if c.Next.IsZero() {
			return items, counts
		}
		request.After = c.Next
	}
}

func TestTheCoverageOfADayTellsApartWhyAccountsDoNotCoverIt(t *testing.T) {
	e := newEnv(t, func(d *application.Deps) { d.CoverAfter = 12 * time.Hour })
	friday := time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC)
	e.connectionReadAt("covered", "1", friday.Add(12*time.Hour))
	e.connectionReadAt("too early", "1", friday.Add(3*time.Hour))
	broken := e.connectionReadAt("not read", "2", friday.Add(-time.Second))
	e.setHealth(broken.ID, domain.Health{Status: domain.Unhealthy, Reason: domain.ReauthRequired, Since: epoch})
	e.connectionReadAt("undated", "2", time.Time{})
	paused := e.connectionReadAt("at rest", "2", friday.Add(-48*time.Hour))
	_, err := e.PauseConnection(e.ctx, e.tenant, paused.ID)
	e.noError(err)
	gone := e.connectionReadAt("gone", "1", friday.Add(-48*time.Hour))
	e.noError(e.DeleteConnection(e.ctx, e.tenant, gone.ID, nil))
	want := []string{
		"at rest not_read 2026-02-23 27 12:00 true 0", "not read not_read 2026-02-25 27 12:00 false 1",
		"undated undated  27 12:00 false 0", "too early read_since 2026-02-25 27 12:00 false 0",
	}
	const counts = "2026-02-26 map[covered:1 not_read:2 read_since:1 undated:1] " +
		"[{{pluggy 1} Bank 1 2 1} {{pluggy 2} Bank 2 3 0}]"
	for _, limit := range []int{1, 3, 200} {
		items, got := e.uncovered("2026-02-26", domain.InstitutionKey{}, limit)
		if diff := cmp.Diff(want, items); diff != "" || got != counts {
			t.Errorf("by pages of %d: %s, want %s\n%s", limit, got, counts, diff)
		}
	}
	items, got := e.uncovered("2026-02-26", domain.InstitutionKey{Vendor: "pluggy", ID: "1"}, 200)
	if !slices.Equal(items, want[3:]) || got != "2026-02-26 map[covered:1 read_since:1] [{{pluggy 1} Bank 1 2 1}]" {
		t.Errorf("at one bank: %v %s", items, got)
	}
	if items, _ := e.uncovered("2026-02-23", domain.InstitutionKey{}, 200); len(items) != 1 {
		t.Errorf("an earlier day: %v", items)
	}
	if _, got := e.uncovered("", domain.InstitutionKey{}, 200); got[:len("2026-03-01 map[not_read:4 undated:1]")] !=
		"2026-03-01 map[not_read:4 undated:1]" {
		t.Errorf("by default: %s", got)
	}
	_, err = e.CoverageOfDay(e.ctx, e.tenant, "2026-03-02", domain.InstitutionKey{}, domain.PageRequest{Limit: 1})
	e.wantError(err, domain.Invalid)
}
