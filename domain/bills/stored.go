package bills

import (
	"encoding/json"
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
	RemovedAt  time.Time // when the vendor no longer listed the bill; zero while it lists it
}

// Position returns the position of the bill in a list by due date.
func (s Stored) Position() domain.Position {
	return domain.Position{Key: string(s.DueDate), ID: s.ID.UUID}
}

// ListState tells whether the vendor lets the bills of a card be read.
type ListState string

// The states of a list of bills.
const (
	ListRead   ListState = "ok"
	ListDenied ListState = "denied"
)

// Overview is what is known of the bills of a card besides the bills.
type Overview struct {
	List ListState   // ListRead if no list was read yet
	Open []OpenMonth // see Result.Open
}

// Read is what a pull has read of the bills of an account.
type Read struct {
	Listing
	Denied bool // the vendor denies the list; Listing is then empty
}

// Change is a bill that was added or changed.
type Change struct {
	Stored
	Added bool
	// Announced is set if callers are told: not for a change of counts of rows only.
	Announced bool
}

// Merge returns the bills of an account after the vendor has listed some of them at the given time. newID returns the
// id of a new bill with this key.
func Merge(
	stored []Stored, read Read, account domain.Account, at time.Time, newID func(key string) domain.BillID,
) []Stored {
	all := slices.Clone(stored)
	if read.Denied {
		return all
	}
	listed := map[string]bool{}
	for _, data := range read.Bills {
		key := data.Key()
		if listed[key] || key == "" {
			continue
		}
		listed[key] = true
		i := slices.IndexFunc(all, func(s Stored) bool { return s.Key() == key })
		if i < 0 {
			all = append(all, Stored{ID: newID(key), Account: account.ID})
			i = len(all) - 1
		}
		all[i].Data, all[i].RemovedAt = data, time.Time{}
		all[i].BankReadAt = account.BankReadAt
	}
	if read.LatestOnly || read.Partial {
		return all
	}
	for i := range all {
		if listed[all[i].Key()] {
			continue
		}
		if all[i].SameAs = ""; all[i].RemovedAt.IsZero() {
			all[i].RemovedAt = at
		}
	}
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
		old.BankReadAt = s.BankReadAt
		if encode(old) != encode(s) {
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
			c.Bills = append(c.Bills, Bill{Data: s.Data, ID: s.ID.String()})
		}
	}
	result = Evaluate(c)
	found := map[string]Evaluated{}
	for _, b := range result.Bills {
		found[b.ID] = b
	}
	for _, s := range merged {
		if b, ok := found[s.ID.String()]; ok {
			if s.Facts, s.RemovedAt = b.Facts, (time.Time{}); b.SameAs != "" {
				s.RemovedAt = at
			}
		}
		i := slices.IndexFunc(before, func(old Stored) bool { return old.ID == s.ID })
		if i < 0 {
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
	all := slices.Clone(merged)
	for _, change := range changes {
		i := slices.IndexFunc(all, func(s Stored) bool { return s.ID == change.ID })
		all[i] = change.Stored
	}
	return all
}

// announced returns the members whose changes callers are told.
func (s Stored) announced() any {
	s.Payments, s.MinimumPayment, s.Rows, s.Form, s.Difference, s.Carried = nil, nil, Sum{}, "", nil, nil
	s.BankReadAt, s.CreatedAt = time.Time{}, time.Time{}
	return s
}

// encode returns a text that differs for different values.
func encode(v any) string {
	text, _ := json.Marshal(v) // texts, numbers and times can always be encoded
	return string(text)
}

// RowBill returns the bill of a record from its assignment. previous is the stored one.
func RowBill(r Row, a Assignment, previous domain.CardBill) domain.CardBill {
	b := domain.CardBill{
		Month: a.Month, Basis: string(a.Basis), Payment: a.Payment, Uncertain: a.Uncertain,
		PendingForecast: previous.PendingForecast,
	}
	if id, err := domain.ParseID[domain.CardBill](a.Bill); err == nil {
		b.ID = id
	}
	if r.Pending && r.Forecast.Known() {
		b.PendingForecast = r.Forecast
	}
	return b
}
