package bills

import (
	"cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// part contains the bills of a card in one currency, and the rows that may be on them.
type part struct {
	Card
	places []int // of Rows in the rows of the whole card; nil for the whole card
	// foreign means that the amounts of the rows are in another currency than the bills.
	foreign bool
}

// parts divides a card by the currencies of its bills, because no total contains the rest of a bill of another
// currency, and no payment settles one. A row belongs to the bill that it names or has named, and otherwise to the
// bills in the currency of the account. If there are none, or that currency is not known, it belongs to those in the
// currency of the newest bill.
func (c Card) parts() []part {
	index := map[string]int{} // by currency
	main := 0
	var all []part
	var newest domain.Date
	for _, b := range c.Bills {
		i, known := index[b.Currency]
		if !known {
			i, index[b.Currency] = len(all), len(all)
			all = append(all, part{Card: c, foreign: c.Currency != "" && b.Currency != c.Currency})
			all[i].Bills, all[i].Rows = nil, nil
		}
		all[i].Bills = append(all[i].Bills, b)
		if b.DueDate > newest {
			main, newest = i, b.DueDate
		}
	}
	if len(all) <= 1 {
		return []part{{Card: c, foreign: len(all) == 1 && all[0].foreign}}
	}
	if i, ok := index[c.Currency]; ok {
		main = i
	}
	named := map[string]int{} // the parts by Data.Key
	byID := map[string]int{}
	for i := range all {
		all[i].foreign = all[i].foreign || i != main
		for _, b := range all[i].Bills {
			named[b.Key()], byID[b.ID] = i, i
		}
	}
	delete(named, "")
	for place, r := range c.Rows {
		i, ok := named[r.CardFacts.Bill]
		if r.namedBefore() {
			i, ok = byID[r.Former.ID.String()]
		}
		if !ok {
			i = main
		}
		all[i].Rows, all[i].places = append(all[i].Rows, r), append(all[i].places, place)
	}
	return all
}

// merge returns the result for the whole card from those of its parts. rows is the number of rows of the card.
func merge(parts []part, results []Result, rows int) Result {
	all := Result{Rows: make([]Assignment, rows)}
	open := map[domain.BillMonth]*OpenMonth{}
	for i, r := range results {
		all.Bills = append(all.Bills, r.Bills...)
		all.UnbilledTo = max(all.UnbilledTo, r.UnbilledTo)
		all.WithoutAmount += r.WithoutAmount
		for j, a := range r.Rows {
			all.Rows[parts[i].places[j]] = a
		}
		for _, month := range r.Open {
			sum := openMonth(open, month.Month)
			sum.Count, sum.Sum = sum.Count+month.Count, sum.Sum.Add(month.Sum)
		}
	}
	domain.SortLarge(all.Bills, func(x, y Evaluated) int {
		if (x.SameAs == "") != (y.SameAs == "") { // duplicates come last
			return cmp.Compare(x.SameAs, y.SameAs)
		}
		return cmp.Compare(y.DueDate, x.DueDate)
	})
	all.Open = sortedMonths(open)
	return all
}
