package matching

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// The limits of a Frequency. A vendor chooses how many records have one amount, and how long their texts are.
const (
	// MaxShown is the maximum number of records of one amount that are counted. An amount with more records is
	// frequent, whatever their texts are.
	MaxShown = 100
	// MaxShownAmounts is the maximum number of amounts of one account whose records are counted. All further amounts
	// are frequent.
	MaxShownAmounts = 256
	// MaxShownText is the number of characters of a description that are compared.
	MaxShownText = 256
	// ShownDays is the maximum number of days between the dates of a counted record and the compared row.
	ShownDays = 180
)

// frequent is the number of records that Frequency.Count returns for a frequent amount. It makes every pair of rows
// that needs an exact number a matter of chance; see isChance.
const frequent = 1 << 20

// ShownRecord is a record of an account that shows an amount and a text. The vendor has not taken the record back, and
// nobody has excluded it.
type ShownRecord struct {
	ExternalID       string
	Amount, Currency string // Amount is the result of decimal.Decimal.String
	Date             domain.Date
	Text             string // the first MaxShownText characters of the description
}

// Frequency counts the records of one account that have the amount and the text of a row. Its method Count can be the
// function Context.Shown. The zero value has no records. It is not safe for concurrent use.
type Frequency struct {
	records  map[string][]*ShownRecord // by amount
	byID     map[string]*ShownRecord   // by external id
	frequent map[string]bool           // amounts
	texts    map[datedText]string      // results of textOf
	counts   map[shownText]int         // results of count
}

// shownText is a text of a row of this amount and date; text is a result of textOf.
type shownText struct {
	amount, text string
	day          int
}

// datedText is a text of a row with this date. A number in a text may repeat the date.
type datedText struct {
	text string
	date domain.Date
}

// Add adds a record.
func (f *Frequency) Add(record ShownRecord) {
	if f.records == nil {
		f.records, f.byID = map[string][]*ShownRecord{}, map[string]*ShownRecord{}
	}
	key := record.Amount + record.Currency
	f.records[key], f.byID[record.ExternalID] = append(f.records[key], &record), &record
}

// SetFrequent states that an amount has more records than were added.
func (f *Frequency) SetFrequent(amount, currency string) {
	if f.frequent == nil {
		f.frequent = map[string]bool{}
	}
	f.frequent[amount+currency] = true
}

// Count returns the number of records with the amount of the old row and with the text of one of the two rows, except
// the record of the new row. Parts of the text that may differ between movements of one kind, such as dates and the
// numbers that a label marks as volatile, are not compared.
func (f *Frequency) Count(oldRow, newRow *banktext.Row) (n int) {
	amount := amountKey(oldRow.Amount)
	if f.frequent[amount] {
		return frequent
	}
	day, valid := dayNumber(oldRow.Date)
	if len(f.records[amount]) == 0 || !valid {
		return 0
	}
	oldText, newText := f.textOf(oldRow.Description, oldRow.Date), f.textOf(newRow.Description, newRow.Date)
	n = f.count(shownText{amount, oldText, day})
	if newText != oldText {
		n += f.count(shownText{amount, newText, day})
	}
	if f.isCounted(newRow.ExternalID, shownText{amount, oldText, day}, newText) {
		n--
	}
	return n
}

// count returns the number of records with a text whose dates are at most ShownDays apart from a day.
func (f *Frequency) count(shown shownText) (n int) {
	n, known := f.counts[shown]
	if known {
		return n
	}
	for _, record := range f.records[shown.amount] {
		if f.shows(record, shown) {
			n++
		}
	}
	if f.counts == nil {
		f.counts = map[shownText]int{}
	}
	f.counts[shown] = n
	return n
}

func (f *Frequency) shows(record *ShownRecord, shown shownText) bool {
	day, valid := dayNumber(record.Date)
	return valid && max(day-shown.day, shown.day-day) <= ShownDays && f.textOf(record.Text, record.Date) == shown.text
}

// isCounted reports whether a record with this external id shows one of two texts.
func (f *Frequency) isCounted(externalID string, shown shownText, otherText string) bool {
	record := f.byID[externalID]
	return record != nil && record.Amount+record.Currency == shown.amount &&
		(f.shows(record, shown) || f.shows(record, shownText{shown.amount, otherText, shown.day}))
}

// textOf returns a key that is equal for texts that name the same thing.
func (f *Frequency) textOf(text string, date domain.Date) string {
	key := datedText{ShownText(text), date}
	folded, known := f.texts[key]
	if !known {
		if f.texts == nil {
			f.texts = map[datedText]string{}
		}
		evidence, _ := banktext.Read(&banktext.Row{Description: key.text, Date: date})
		folded = strings.Join(textKey(&evidence), "\x00")
		f.texts[key] = folded
	}
	return folded
}

// ShownText returns the first MaxShownText characters of a description.
func ShownText(description string) string {
	n := 0
	for i := range description {
		if n == MaxShownText {
			return description[:i]
		}
		n++
	}
	return description
}

// instalmentKey returns a key that is equal for equal instalments.
func instalmentKey(i banktext.Instalment) string {
	if i == (banktext.Instalment{}) {
		return ""
	}
	return fmt.Sprint(i)
}

// textKey returns the parts of the evidence that a text states about the kind of a movement: without identifiers,
// volatile numbers, dates and times.
func textKey(e *banktext.Evidence) []string {
	return []string{
		strings.Join(e.Words, " "),
		strings.Join(e.Party, " "),
		strings.Join(e.Initials, " "),
		strings.Join(e.Documents, " "),
		strings.Join(e.Accounts, " "),
		strings.Join(e.PixKeys, " "),
		strings.Join(e.Numbers, " "),
		strings.Join(e.References, " "),
		string(e.Operation),
		strconv.FormatBool(e.Refund),
		instalmentKey(e.Instalment),
		strings.Join(e.Calendar.Periods, " "),
		e.Card,
		strings.Join(e.TellingTail(), " "),
		strings.Join(e.Facilitators, " "),
		strings.Join(e.Schemes, " "),
		strings.Join(e.Products, " "),
		strings.Join(e.Paid, " "),
	}
}
