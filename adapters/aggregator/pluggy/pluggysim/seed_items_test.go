package pluggysim_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// A client that has read the items finds the same rows after a restart on the next day, and a balance that the new rows
// explain.
func TestSeededItemsAreTheSameAfterARestart(t *testing.T) {
	const n = 24
	type account struct {
		Balance decimal.Decimal
		rows    map[string]decimal.Decimal
	}
	read := func(later time.Duration) (all []account, statuses map[string]int) {
		e := serve(t, pluggysim.Options{})
		e.clock.advance(later)
		e.login()
		statuses = map[string]int{}
		for _, item := range e.SeedItems(n, e.clock.Now()) {
			var state struct{ Status string }
			e.get("/items/" + item.ID).decode(&state)
			statuses[state.Status]++
			var accounts struct {
				Results []struct {
					ID      string
					Balance decimal.Decimal
				}
			}
			e.get("/accounts?itemId=" + item.ID).decode(&accounts)
			var rows struct {
				Results []struct {
					ID     string
					Amount decimal.Decimal
				}
			}
			e.get("/v2/transactions?accountId=" + accounts.Results[0].ID).decode(&rows)
			found := account{accounts.Results[0].Balance, map[string]decimal.Decimal{}}
			for _, row := range rows.Results {
				found.rows[row.ID] = row.Amount
			}
			all = append(all, found)
		}
		return all, statuses
	}
	first, statuses := read(0)
	next, _ := read(24 * time.Hour)
	if statuses["LOGIN_ERROR"] != 2 || statuses["UPDATED"] != n-2 {
		t.Errorf("statuses %v", statuses)
	}
	for i := range first {
		changed := decimal.Zero
		for id, amount := range next[i].rows {
			if before, found := first[i].rows[id]; !found {
				changed = changed.Add(amount)
			} else if !before.Equal(amount) {
				t.Errorf("item %d: the amount of %s changes", i, id)
			}
		}
		if len(first[i].rows) < 50 || !next[i].Balance.Sub(first[i].Balance).Equal(changed) {
			t.Errorf("item %d: %d rows; the balance changes by %s, the rows by %s", i, len(first[i].rows),
				next[i].Balance.Sub(first[i].Balance), changed)
		}
	}
}
