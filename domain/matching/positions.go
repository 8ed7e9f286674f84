package matching

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The balance after a row is its position in the ledger of the account: an old row and a new row of one amount and one
// balance are at the same position. This is evidence for one movement, under these conditions:
//
//   - No other row of the side has the balance. It may return when an amount goes out and in again, and some vendors
//     state the balance of the account, or of the day, in each row.
//   - No other row of the side has the amount and the date, because another connector may list them in another order.
//   - Both rows are posted, and their dates are at most maxShift days apart.
//
// The date of such a pair may have moved, unless another row of the amount has the date of the partner.
//
// A balance of zero is no evidence, because an account may be emptied every day. Two different balances are no evidence
// against one movement: a row that is inserted changes the balances of all later rows. But if another row is at the
// position of one of two rows, they are at most Possible: either the dates moved, or the balances did.

// positionKey is an amount and the balance after it.
type positionKey struct{ scope, balance string }

// findPositions sets position for the rows of which one row of the other side is at the same position.
func (m *matcher) findPositions() {
	left, daysOfLeft := positionsOf(m.left)
	if len(left) == 0 {
		return
	}
	came, daysOfCame := positionsOf(m.came)
	for key, n := range came {
		o := left[key]
		if o == nil || max(o.day-n.day, n.day-o.day) > maxShift {
			continue
		}
		o.position, n.position = n, o
		o.isDoubled = o.day != n.day &&
			daysOfLeft[scopeDay{o.scope, n.day}]+daysOfCame[scopeDay{o.scope, o.day}] > 0
	}
}

// positionsOf returns the rows of one side that a balance identifies, and the number of rows of each amount and day.
func positionsOf(rows []*row) (positions map[positionKey]*row, days map[scopeDay]int) {
	if !slices.ContainsFunc(rows, func(r *row) bool { return r.Balance != "" }) {
		return nil, nil
	}
	balances := map[string]int{}
	positions, days = map[positionKey]*row{}, map[scopeDay]int{}
	for _, r := range rows {
		days[scopeDay{r.scope, r.day}]++
		if r.Balance != "" {
			balances[r.Account.String()+r.Balance]++
		}
	}
	for _, r := range rows {
		if r.Balance != "" && r.Balance != "0" && r.Status == domain.Posted &&
			balances[r.Account.String()+r.Balance] == 1 && days[scopeDay{r.scope, r.day}] == 1 {
			positions[positionKey{r.scope, r.Balance}] = r
		}
	}
	return positions, days
}

// isPositioned reports whether both rows are at the same position of the ledger.
func (c *comparison) isPositioned() bool { return c.old.position == c.new && c.new.position == c.old }

// comparePositions compares the balances after the rows. An identifier that only these rows have outweighs the position
// of a third row.
func (c *comparison) comparePositions() {
	a, b := c.old, c.new
	switch {
	case c.isPositioned():
		c.findingOf("balance", a.Balance, b.Balance, agree)
		c.weak = true
		c.anchored = c.anchored || !a.isDoubled
	case a.Balance == "" || b.Balance == "" || a.Balance == b.Balance || c.identified:
	case a.position != nil || b.position != nil:
		c.findingOf("balance", a.Balance, b.Balance, doubtful)
		c.misplaced = true
	}
}
