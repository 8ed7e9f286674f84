package witness

import (
	"cmp"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Record is a live record of the account, as far as the comparison needs it.
type Record struct {
	ID     domain.TransactionID
	Date   domain.Date
	Amount decimal.Decimal // in the currency of the account
	// Unknown states that the amount in the currency of the account is not known. Amount is zero then.
	Unknown    bool
	Pending    bool
	Text       string
	ExternalID string
	References domain.References
}

// RecordOf returns the values of a transaction that the comparison needs. currency is that of the account.
func RecordOf(t domain.Transaction, currency string) Record {
	r := Record{
		ID: t.ID, Date: t.Date, Pending: t.Status == domain.Pending, Text: t.Description, ExternalID: t.ExternalID,
		References: t.References, Amount: t.Amount.Amount, Unknown: t.Amount.Currency != currency,
	}
	if t.AccountMoney != nil {
		r.Amount, r.Unknown = t.AccountMoney.Amount, t.AccountMoney.Currency != currency
	}
	if r.Unknown {
		r.Amount = decimal.Decimal{}
	}
	return r
}

// Group is a line together with the records whose sum is its amount.
type Group struct {
	Position int                    `json:"position"` // of the line in the statement, from 1
	Records  []domain.TransactionID `json:"records"`
}

// Input is everything that a comparison depends on.
type Input struct {
	Statement Statement
	Records   []Record // live records, in any order
	// CoversTo is the last day up to which the records of the account are complete; "" if no day is known.
	CoversTo domain.Date
	// Balances are the balances of the account at the ends of days, as the vendor states them.
	Balances []DayBalance
	// Confirmed are the groups that a person has confirmed.
	Confirmed []Group
}

// Bucket is what a comparison has found out about a line or a record.
type Bucket string

// The buckets.
const (
	Both          Bucket = "both"
	Different     Bucket = "different"
	OnlyTheirs    Bucket = "only_theirs"
	OnlyOurs      Bucket = "only_ours"
	ProposedGroup Bucket = "proposed_group"
	PendingOurs   Bucket = "pending"
	Outside       Bucket = "outside"
	SetApart      Bucket = "apart"
	RefusedBlock  Bucket = "refused"
	BalanceRows   Bucket = "balance_row"
)

// Buckets returns all buckets in the order in which they are shown.
func Buckets() []Bucket {
	return []Bucket{
		Different, OnlyTheirs, OnlyOurs, ProposedGroup, RefusedBlock, Both, PendingOurs, Outside, SetApart, BalanceRows,
	}
}

// MatchedBy is the pass that has matched a line.
type MatchedBy string

// The passes, in the order in which they run.
const (
	ByPerson    MatchedBy = "person"
	ByID        MatchedBy = "id"
	ByDay       MatchedBy = "day_amount"
	ByNearDay   MatchedBy = "amount_near_day"
	ByIDOnly    MatchedBy = "id_other_amount"
	ByText      MatchedBy = "day_text"
	ByParts     MatchedBy = "parts"
	BySum       MatchedBy = "sum"
	notMatched  MatchedBy = ""
	nearDays              = 3 // weekdays between the dates of a line and a record that pass ByNearDay matches
	memberDate            = "date"
	memberValue           = "amount"
)

// Difference is a member on which a line and its record differ.
type Difference struct {
	Theirs string `json:"theirs"`
	Ours   string `json:"ours"`
}

// Equal tells how many lines and how many records have one day and amount.
type Equal struct {
	Theirs int `json:"theirs"`
	Ours   int `json:"ours"`
}

// Finding is a line or a record in its bucket.
type Finding struct {
	// Position is that of the block in the statement, from 1; 0 if only we have a record.
	Position  int                    `json:"position,omitempty"`
	Date      domain.Date            `json:"date,omitempty"`
	ValueDate domain.Date            `json:"valueDate,omitempty"`
	Amount    decimal.Decimal        `json:"amount"`
	NoAmount  bool                   `json:"noAmount,omitempty"` // the amount is not known, and Amount is zero
	Text      string                 `json:"text,omitempty"`
	IDs       []ID                   `json:"ids,omitempty"`
	Bucket    Bucket                 `json:"bucket"`
	Records   []domain.TransactionID `json:"records,omitempty"`
	MatchedBy MatchedBy              `json:"matchedBy,omitempty"`
	Different map[string]Difference  `json:"different,omitempty"` // by member: "date", "amount"
	// Equal is set only if the numbers differ and one of them is more than 1.
	Equal  *Equal `json:"equal,omitempty"`
	Reason string `json:"reason,omitempty"` // of a block that is apart or refused
	Raw    string `json:"raw,omitempty"`    // of a refused block
}

// Total is the number of findings of a bucket, and the sum of their amounts. If both sides have an amount, it is
// theirs.
type Total struct {
	Count int             `json:"count"`
	Sum   decimal.Decimal `json:"sum"`
}

// Verdict is the result of a comparison.
type Verdict string

// The verdicts.
const (
	Differs      Verdict = "differs"
	Inconclusive Verdict = "inconclusive"
	DatesDiffer  Verdict = "dates_differ"
	Agrees       Verdict = "agrees"
	LinesAgree   Verdict = "lines_agree"
)

// ComparedBalance is a balance of a day on both sides. Ours and Difference are nil if our balance is not known.
// Difference is theirs less ours.
type ComparedBalance struct {
	Date       domain.Date      `json:"date"`
	Theirs     decimal.Decimal  `json:"theirs"`
	Ours       *decimal.Decimal `json:"ours,omitempty"`
	Difference *decimal.Decimal `json:"difference,omitempty"`
}

// Comparison is the result of Compare.
type Comparison struct {
	Verdict Verdict
	// Proof is that of the statement. The states of its balances include what our balances prove, and its covered days
	// end with CoversTo: the later ones are not compared yet.
	Proof    Proof
	Listed   []domain.Window // the covered days of the statement itself
	CoversTo domain.Date
	Findings []Finding // in the order of the statement; then the records without a line, by date
	Buckets  map[Bucket]Total
	Balances []ComparedBalance
	// FirstDayApart is the first day on which the two part; "" if they do not.
	FirstDayApart domain.Date
	// Unexplained is what the listed differences do not explain of the difference of the balances.
	Unexplained decimal.Decimal
}

// Compare compares the lines of a statement with the records of an account. The result depends on nothing but the
// input, and not on the order of the records.
func Compare(in Input) Comparison {
	c := newComparer(in)
	c.confirmed(in.Confirmed)
	c.byID()
	c.byDay()
	c.byNearDay(c.open)
	c.byOtherAmount()
	c.byParts()
	c.bySum()
	c.aside()
	return c.result(in)
}

// line is a block of the statement in a comparison.
type line struct {
	*Block

	position  int
	amount    int   // number of the amount
	scope     Scope // whether the line is matched
	records   []int // indexes of the matched records
	by        MatchedBy
	proposed  bool // a group that no person has confirmed
	differing map[string]Difference
}

// Scope tells whether a line or a record takes part in the matching.
type Scope int

const (
	matched Scope = iota // may be matched
	later                // after the last complete day of the account
	left                 // no booked line, or no posted record with a known amount
)

// record is a record in a comparison.
type record struct {
	*Record

	amount int
	line   int // index of the matched line; -1 if there is none
	scope  Scope
	aside  bool // a line that is outside is its counterpart
}

// comparer assigns lines and records to each other.
type comparer struct {
	lines   []line
	records []record
	proof   Proof
	amounts map[string]int
	// counts contains the numbers of lines and of records with one day and amount.
	counts   map[dayAmount]Equal
	coversTo domain.Date
}

type dayAmount struct {
	day    domain.Date
	amount int
}

func newComparer(in Input) *comparer {
	blocks := in.Statement.Blocks()
	c := &comparer{
		proof: Prove(in.Statement), amounts: make(map[string]int, len(blocks)),
		counts: make(map[dayAmount]Equal, max(len(blocks), len(in.Records))), coversTo: in.CoversTo,
	}
	if witness := in.Statement.CoversTo; witness != "" {
		c.coversTo = domain.EarlierDate(c.coversTo, witness)
	}
	c.lines = make([]line, len(blocks))
	for i := range blocks {
		l := line{Block: &blocks[i], position: i + 1, scope: left}
		if l.Kind == Line {
			l.scope, l.amount = matched, c.number(l.Amount)
			if c.coversTo != "" && l.Date > c.coversTo {
				l.scope = later
			}
			n := c.counts[dayAmount{l.Date, l.amount}]
			n.Theirs++
			c.counts[dayAmount{l.Date, l.amount}] = n
		}
		c.lines[i] = l
	}
	c.addRecords(in.Records)
	return c
}

func (c *comparer) addRecords(records []Record) {
	c.records = make([]record, len(records))
	for i := range records {
		c.records[i] = record{Record: &records[i], line: -1}
	}
	sort.Slice(c.records, func(i, j int) bool { // slices.SortFunc would add 12 KiB of code for the large elements
		a, b := &c.records[i], &c.records[j]
		return cmp.Or(compareDates(a.Date, b.Date), a.ID.Compare(b.ID)) < 0
	})
	for i := range c.records {
		r := &c.records[i]
		if r.Pending || r.Unknown {
			r.scope = left
			continue
		}
		r.amount = c.number(r.Amount)
		n := c.counts[dayAmount{r.Date, r.amount}]
		n.Ours++
		c.counts[dayAmount{r.Date, r.amount}] = n
	}
}

// number returns the number of an amount. Equal amounts have equal numbers.
func (c *comparer) number(amount decimal.Decimal) int {
	text := amount.Normalize().String()
	n, known := c.amounts[text]
	if !known {
		n = len(c.amounts)
		c.amounts[text] = n
	}
	return n
}

// open reports whether a line may still be matched.
func (c *comparer) open(l *line) bool { return l.scope == matched && l.by == notMatched }

// free reports whether a record may still be matched.
func (c *comparer) free(r *record) bool { return r.scope == matched && r.line < 0 && !r.aside }

// pair matches a line with records.
func (c *comparer) pair(l int, by MatchedBy, records ...int) {
	c.lines[l].by, c.lines[l].records = by, records
	for _, r := range records {
		c.records[r].line = l
	}
}

// pairOne matches a line with one record, and notes on which members they differ.
func (c *comparer) pairOne(l int, by MatchedBy, r int) {
	c.pair(l, by, r)
	line, rec := &c.lines[l], &c.records[r]
	if rec.Date != line.Date && rec.Date != line.ValueDate {
		line.differ(memberDate, string(line.Date), string(rec.Date))
	}
	if rec.amount != line.amount {
		line.differ(memberValue, line.Amount.String(), rec.Amount.String())
	}
}

func (l *line) differ(member, theirs, ours string) {
	if l.differing == nil {
		l.differing = map[string]Difference{}
	}
	l.differing[member] = Difference{theirs, ours}
}

// days returns the days of a line: that of the booking, and the value date if it is another one.
func (l *line) days() []domain.Date {
	if l.ValueDate == "" || l.ValueDate == l.Date {
		return []domain.Date{l.Date}
	}
	return []domain.Date{l.Date, l.ValueDate}
}
