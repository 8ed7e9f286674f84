package bills

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Stored is a bill as it is stored.
type Stored struct {
	ID      domain.BillID
	Account domain.AccountID
	Data
	Facts
	BankReadAt time.Time // when the vendor had last read the bank when it listed the bill; zero if that is not known
	// CoversTo is the last day that the reading of the bank covered when the vendor last listed the bill; "" if that is
	// not known. Later payments may be missing.
	CoversTo  domain.Date
	RemovedAt time.Time // when the vendor no longer listed the bill; zero while it lists it
}

// Position returns the position of the bill in a list by due date.
func (s Stored) Position() domain.Position {
	return domain.Position{Key: string(s.DueDate), ID: s.ID.UUID}
}

// ListState tells whether the vendor lets the bills of a card be read.
type ListState string

// The states of a list of bills.
const (
	ListUnread ListState = "" // the list was not read yet, so that bills may exist
	ListRead   ListState = "ok"
	ListDenied ListState = "denied"
	// ListPartial means that the list has bills that cannot be read.
	ListPartial ListState = "partial"
)

// Overview is what is known of the bills of a card besides the bills.
type Overview struct {
	List ListState
	Open []OpenMonth // see Result.Open
}

// Read is what a pull has read of the bills of an account.
type Read struct {
	Listing
	Denied bool // the vendor denies the list; Listing is then empty
	// Unproved means that a bill that is missing from the list may still exist, because the vendor cannot read the
	// cards at the bank now.
	Unproved bool
	// CoversTo is the last day that the vendor's reading of the bank covers; "" if it is not known.
	CoversTo domain.Date
}

// State returns the state of the list.
func (r Read) State() ListState {
	switch {
	case r.Denied:
		return ListDenied
	case r.Partial:
		return ListPartial
	}
	return ListRead
}

// provesAbsence reports whether a bill that is missing from the list no longer exists. Vendors return an empty list
// when they may not read the bank any longer, so an empty list proves nothing.
func (r Read) provesAbsence() bool {
	return !r.LatestOnly && !r.Partial && !r.Unproved && len(r.Bills) > 0
}

// Change is a bill that was added or changed.
type Change struct {
	Stored
	Added bool
	// Announced is set if callers are told: not for a change of counts of rows only.
	Announced bool
}

// Merge returns the bills of an account after the vendor has listed some of them at the given time. newID returns the
// id of a new bill with this key. If the vendor lists a bill twice, the one that it changed last counts, then the last
// one.
func Merge(
	stored []Stored, read Read, account domain.Account, at time.Time, newID func(key string) domain.BillID,
) []Stored {
	all := slices.Clone(stored)
	if read.Denied {
		return all
	}
	listed, places := map[string]bool{}, map[string]int{}
	for i := range all {
		places[all[i].Key()] = i
	}
	for _, data := range read.Bills {
		key := data.Key()
		if key == "" {
			continue
		}
		i, known := places[key]
		if !known {
			i, places[key] = len(all), len(all)
			all = append(all, Stored{ID: newID(key), Account: account.ID})
		}
		if listed[key] && data.UpdatedAt.Before(all[i].UpdatedAt) {
			continue
		}
		listed[key] = true
		if read.LatestOnly {
			data.Payments = withEarlier(data.Payments, all[i].Payments)
		}
		if data.ClosingDate == "" && data.DueDate == all[i].DueDate { // some lists leave out what others have stated
			data.ClosingDate = all[i].ClosingDate
		}
		all[i].Data, all[i].RemovedAt = data, time.Time{}
		all[i].BankReadAt, all[i].CoversTo = account.BankReadAt, read.CoversTo
	}
	for i := range all {
		switch {
		case listed[all[i].Key()]:
		case read.LatestOnly: // the latest payment may be that of an earlier bill
			all[i].CoversTo = read.CoversTo
		case read.provesAbsence():
			if all[i].SameAs = ""; all[i].RemovedAt.IsZero() {
				all[i].RemovedAt = at
			}
		}
	}
	return all
}

// withEarlier returns the listed payments of a bill with those that were listed earlier, in the order of their dates. A
// vendor that lists only the latest payment of a card still knows the earlier ones. A payment of a day that is listed
// now replaces the earlier payment of the day.
func withEarlier(listed, earlier []ListedPayment) []ListedPayment {
	all := slices.DeleteFunc(slices.Clone(earlier), func(p ListedPayment) bool {
		return slices.ContainsFunc(listed, func(now ListedPayment) bool { return now.Date == p.Date })
	})
	all = append(all, listed...)
	domain.SortLarge(all, func(x, y ListedPayment) int { return cmp.Compare(x.Date, y.Date) })
	return all
}

// Relisted compares the bills before and after Merge. same reports whether the vendor lists the bills as before, so
// that the rules find the same. changes are then the bills of which only BankReadAt has changed.
func Relisted(before, merged []Stored) (changes []Change, same bool) {
	if len(before) != len(merged) {
		return nil, false
	}
	for i, s := range merged { // Merge keeps the order
		if s.SameAs != "" { // the vendor lists a duplicate, which stays removed
			s.RemovedAt = before[i].RemovedAt
		}
		old := before[i]
		old.BankReadAt, old.UpdatedAt = s.BankReadAt, s.UpdatedAt // UpdatedAt is not stored
		// DeepEqual is much faster than encoding, but takes 1.0 and 1.00 for different values.
		if !reflect.DeepEqual(old, s) && encode(old) != encode(s) {
			return nil, false
		}
		if !before[i].BankReadAt.Equal(s.BankReadAt) {
			changes = append(changes, Change{Stored: s})
		}
	}
	return changes, true
}

// Update evaluates the bills of a card. c contains everything but the bills. It returns the bills with new facts, the
// result of the rules, and what has changed since before.
func Update(before, merged []Stored, c Card, at time.Time) (changes []Change, result Result) {
	for _, s := range merged {
		if s.RemovedAt.IsZero() || s.SameAs != "" { // the vendor lists it
			c.Bills = append(c.Bills, Bill{
				Data: s.Data, ID: s.ID.String(), ReadOn: s.readOn(c.Today), CoversTo: s.CoversTo,
			})
		} else {
			c.Former = append(c.Former, Former{s.Closing, s.Total, s.Currency})
		}
	}
	result = Evaluate(c)
	found := map[string]Evaluated{}
	for _, b := range result.Bills {
		found[b.ID] = b
	}
	places := map[domain.BillID]int{}
	for i := range before {
		places[before[i].ID] = i
	}
	for _, s := range merged {
		if b, ok := found[s.ID.String()]; ok {
			if s.Facts, s.RemovedAt = b.Facts, (time.Time{}); b.SameAs != "" {
				s.RemovedAt = at
			}
		} else { // the vendor lists it no longer, so that it has no rows
			s.Rows, s.Check, s.Form, s.Difference = Sum{}, CheckUnknown, "", nil
		}
		i, known := places[s.ID]
		if !known {
			changes = append(changes, Change{Stored: s, Added: true, Announced: s.RemovedAt.IsZero()})
			continue
		}
		old := before[i]
		if !old.RemovedAt.IsZero() && !s.RemovedAt.IsZero() {
			s.RemovedAt = old.RemovedAt
		}
		if encode(old) != encode(s) {
			changes = append(changes, Change{Stored: s, Announced: encode(old.announced()) != encode(s.announced())})
		}
	}
	return changes, result
}

// Applied returns the bills after the changes of Update.
func Applied(merged []Stored, changes []Change) []Stored {
	all, changed := slices.Clone(merged), map[domain.BillID]Stored{}
	for _, change := range changes {
		changed[change.ID] = change.Stored
	}
	for i := range all {
		if s, ok := changed[all[i].ID]; ok {
			all[i] = s
		}
	}
	return all
}

// announced returns the members whose changes callers are told.
func (s Stored) announced() any {
	s.Payments, s.MinimumPayment, s.Rows, s.Form, s.Difference, s.Carried = nil, nil, Sum{}, "", nil, nil
	s.BankReadAt, s.CoversTo, s.CreatedAt = time.Time{}, "", time.Time{}
	return s
}

// readOn returns the day on which the vendor had last read the bank when it listed the bill; today if that is not
// known.
func (s Stored) readOn(today domain.Date) domain.Date {
	if s.BankReadAt.IsZero() {
		return today
	}
	return min(today, domain.DateOf(s.BankReadAt.UTC()))
}

// ClosedBefore reports whether the bill is known to be closed from what the vendor has shown, and its closing date is
// before the day.
func (s Stored) ClosedBefore(day domain.Date) bool {
	return s.RemovedAt.IsZero() && s.SameAs == "" && s.Closing < day && isClosed(s.Data, s.readOn(day))
}

// encode returns a text that differs for different values.
func encode(v any) string {
	text, _ := json.Marshal(v) // texts, numbers and times can always be encoded
	return string(text)
}

// RowBill returns the bill of a record from the assignment of its row.
func RowBill(r Row, a Assignment) domain.CardBill {
	b := domain.CardBill{
		Month: a.Month, Basis: string(a.Basis), Payment: a.Payment, Uncertain: a.Uncertain,
		PendingForecast: r.Former.PendingForecast,
	}
	if id, err := domain.ParseID[domain.CardBill](a.Bill); err == nil {
		b.ID = id
	}
	if r.Pending && r.Forecast.Known() {
		b.PendingForecast = r.Forecast
	}
	return b
}
