package records

import (
	"cmp"
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// ShownOf selects records of one account: those that are live and not excluded. A removed record does not count,
// because a live one may be the same movement, and an excluded record counts nowhere.
type ShownOf struct {
	Account domain.AccountID
	Amounts []string      // different amounts as decimal.Decimal.String returns them, at most matching.MaxShownAmounts
	Dates   domain.Window // both days are included
	Limit   int           // the maximum number of records of each amount; the newest are selected
	Text    int           // the number of characters of ShownRecord.Text
}

// ShownRecord is a record that shows how often its amount and text recur.
type ShownRecord = matching.ShownRecord

// datedRow is the part of a row that decides whether the frequency of its amount matters.
type datedRow struct {
	account       domain.AccountID
	amount        domain.Money
	accountAmount *domain.Money
	date          domain.Date
}

// keys returns the amounts by which a row is compared.
func (r *datedRow) keys() []string {
	keys := []string{r.amount.Amount.String() + r.amount.Currency}
	if r.accountAmount != nil {
		keys = append(keys, r.accountAmount.Amount.String()+r.accountAmount.Currency)
	}
	return keys
}

// days contains the dates of the new rows of one amount, as far as they matter.
type days struct {
	first   domain.Date
	several bool // another row has another date
}

// recurring returns the amounts of old rows that a new row of another date has, too: only these rows may be equal by
// chance. The result is ordered. dates contains the dates of these old rows. All rows belong to one account.
func recurring(old, came []datedRow) (amounts []domain.Money, dates domain.Window) {
	byAmount := map[string]days{}
	for i := range came {
		for _, key := range came[i].keys() {
			known, found := byAmount[key]
			if !found {
				known.first = came[i].date
			}
			known.several = known.several || known.first != came[i].date
			byAmount[key] = known
		}
	}
	found := map[string]domain.Money{}
	for i := range old {
		differs := func(key string) bool {
			known, isNew := byAmount[key]
			return isNew && (known.several || known.first != old[i].date)
		}
		if keys := old[i].keys(); slices.ContainsFunc(keys, differs) {
			found[keys[0]] = old[i].amount
			dates.From = min(cmp.Or(dates.From, old[i].date), old[i].date)
			dates.To = max(dates.To, old[i].date)
		}
	}
	amounts = domain.Sorted(maps.Values(found), func(a, b domain.Money) int {
		return cmp.Or(a.Amount.Cmp(b.Amount), cmp.Compare(a.Currency, b.Currency))
	})
	return amounts, dates
}

// shownBy contains the records that show how often the amounts of compared rows recur. It is a part of the input of a
// comparison.
type shownBy struct {
	records  []shownRecord
	frequent []frequentAmount
}

type shownRecord struct {
	account domain.AccountID
	ShownRecord
}

// frequentAmount is an amount that has more records than were read; see matching.MaxShown.
type frequentAmount struct {
	account          domain.AccountID
	amount, currency string
}

// readShown reads the records that show the amounts of the old rows, if a new row of the account has the amount and
// another date. It omits the records of which compared returns true. It asks once for each account.
func (d *decision) readShown(old, came []datedRow, compared func(externalID string) bool) (shown shownBy, err error) {
	sides := map[domain.AccountID]*[2][]datedRow{}
	for side, rows := range [2][]datedRow{old, came} {
		for i := range rows {
			of := sides[rows[i].account]
			if of == nil {
				of = &[2][]datedRow{}
				sides[rows[i].account] = of
			}
			of[side] = append(of[side], rows[i])
		}
	}
	for _, account := range domain.SortedKeys(sides, domain.AccountID.Compare) {
		amounts, dates := recurring(sides[account][0], sides[account][1])
		if len(amounts) == 0 {
			continue
		}
		if err := d.readAmounts(&shown, account, amounts, dates, compared); err != nil {
			return shownBy{}, err
		}
	}
	return shown, nil
}

// readAmounts reads the records of one account for readShown.
func (d *decision) readAmounts(
	shown *shownBy, account domain.AccountID, amounts []domain.Money, dates domain.Window,
	compared func(externalID string) bool,
) error {
	of := ShownOf{
		Account: account, Limit: matching.MaxShown + 1, Text: matching.MaxShownText,
		Dates: domain.Window{
			From: dates.From.AddDays(-matching.ShownDays), To: dates.To.AddDays(matching.ShownDays),
		},
	}
	for _, amount := range amounts[:min(len(amounts), matching.MaxShownAmounts)] {
		of.Amounts = append(of.Amounts, amount.Amount.String())
	}
	of.Amounts = slices.Compact(of.Amounts) // two currencies may have one amount
	counts := map[string]int{}
	err := d.source.VisitShown(of, func(record ShownRecord) {
		counts[record.Amount]++
		if !compared(record.ExternalID) {
			shown.records = append(shown.records, shownRecord{account, record})
		}
	})
	for i, amount := range amounts {
		text := amount.Amount.String()
		if i >= matching.MaxShownAmounts || counts[text] > matching.MaxShown {
			shown.frequent = append(shown.frequent, frequentAmount{account, text, amount.Currency})
		}
	}
	return err
}

// addTo adds the records to the input of a comparison.
func (s *shownBy) addTo(h *inputHash) {
	for _, record := range s.records {
		add(h, record)
	}
	for _, amount := range s.frequent {
		add(h, amount)
	}
}

// count returns a function for matching.Context.Shown.
func (s *shownBy) count() func(oldRow, newRow *banktext.Row) int {
	accounts := map[domain.AccountID]*matching.Frequency{}
	of := func(account domain.AccountID) *matching.Frequency {
		if accounts[account] == nil {
			accounts[account] = &matching.Frequency{}
		}
		return accounts[account]
	}
	for _, record := range s.records {
		of(record.account).Add(record.ShownRecord)
	}
	for _, amount := range s.frequent {
		of(amount.account).SetFrequent(amount.amount, amount.currency)
	}
	return func(oldRow, newRow *banktext.Row) int {
		if f := accounts[oldRow.Account]; f != nil {
			return f.Count(oldRow, newRow)
		}
		return 0
	}
}

func datedOf(data *domain.TransactionData, account domain.AccountID) datedRow {
	return datedRow{account, data.Amount, data.AccountMoney, data.Date}
}

// readShown sets Context.Shown of the rows of an account. All other live records of the account count. If the account
// is judged as a whole, those of new rows do not: they are the partners of the old rows.
func (r *replacement) readShown(d *decision, of *matching.Replacements) (shownBy, error) {
	old, came := make([]datedRow, len(of.Old)), make([]datedRow, len(of.New))
	partners := map[string]bool{}
	for i := range of.Old {
		old[i] = datedOf(&of.Old[i].TransactionData, of.Old[i].AccountID)
	}
	for i := range of.New {
		came[i] = datedOf(&of.New[i].TransactionData, of.New[i].AccountID)
		partners[of.New[i].ExternalID] = of.Context.Whole
	}
	shown, err := d.readShown(old, came, func(externalID string) bool {
		return r.old[externalID] != nil || partners[externalID]
	})
	of.Context.Shown = shown.count()
	return shown, err
}
