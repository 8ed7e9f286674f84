package domain

import (
	"cmp"

	"github.com/shopspring/decimal"
)

// MaxDayTotals is the maximum number of DayTotals that one request for sums returns.
const MaxDayTotals = 20_000

// TooManyDays returns the error for a filter that would yield more than MaxDayTotals sums. Errors: Invalid on "from".
func TooManyDays() error {
	return FieldError("from", "must be later, because too many days have transactions")
}

// SumFilter selects the transactions that are summed, among those that count (see Transaction.Counts). A zero member
// does not narrow the selection.
type SumFilter struct {
	Connection ConnectionID
	Account    AccountID
	Status     TransactionStatus
	Text       string // see TransactionSearch.Text
	Window     Window // of the value dates
}

// Matches reports whether the filter selects t.
func (f SumFilter) Matches(t *Transaction) bool {
	return t.Counts() && f.Window.Contains(t.Date) &&
		(f.Connection.IsZero() || t.Connection == f.Connection) &&
		(f.Account.IsZero() || t.AccountID == f.Account) && (f.Status == "" || t.Status == f.Status) &&
		containsText(t, FoldText(f.Text))
}

// Total is the sum of amounts in one currency. In and Out are not negative; Out is the money that left the account.
type Total struct {
	Currency string
	In, Out  decimal.Decimal
	Count    int // number of transactions
}

// Add adds another total of the same currency.
func (t *Total) Add(other Total) {
	t.In, t.Out, t.Count = t.In.Add(other.In), t.Out.Add(other.Out), t.Count+other.Count
}

// Neg returns the total that cancels t: if it is added to t, all sums and the count are zero.
func (t Total) Neg() Total {
	return Total{Currency: t.Currency, In: t.In.Neg(), Out: t.Out.Neg(), Count: -t.Count}
}

// DayTotal is a Total of the transactions with one value date.
type DayTotal struct {
	Date Date
	Total
}

// TotalOf returns a Total that counts only this transaction, in its own currency.
func TotalOf(t *Transaction) Total {
	total := Total{Currency: t.Amount.Currency, Count: 1}
	if t.Amount.Amount.IsNegative() {
		total.Out = t.Amount.Amount.Neg()
	} else {
		total.In = t.Amount.Amount
	}
	return total
}

// SumDays adds totals of the same day and currency. The result is ordered by day, the latest one first, then by
// currency.
func SumDays(totals []DayTotal) []DayTotal {
	SortLarge(totals, func(x, y DayTotal) int {
		return cmp.Or(cmp.Compare(y.Date, x.Date), cmp.Compare(x.Currency, y.Currency))
	})
	sums := totals[:0]
	for _, t := range totals {
		if n := len(sums); n > 0 && sums[n-1].Date == t.Date && sums[n-1].Currency == t.Currency {
			sums[n-1].Add(t.Total)
			continue
		}
		sums = append(sums, t)
	}
	return sums
}

// SumCurrencies returns the sum of the totals for each currency, ordered by currency.
func SumCurrencies(days []DayTotal) []Total {
	sums := map[string]*Total{}
	for _, day := range days {
		if sums[day.Currency] == nil {
			sums[day.Currency] = &Total{Currency: day.Currency}
		}
		sums[day.Currency].Add(day.Total)
	}
	var all []Total
	for _, sum := range sums {
		all = append(all, *sum)
	}
	SortLarge(all, func(x, y Total) int { return cmp.Compare(x.Currency, y.Currency) })
	return all
}
