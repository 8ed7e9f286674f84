package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Verdict says whether two rows are one movement.
type Verdict string

// The verdicts.
const (
	Same     Verdict = "same"     // a careful accountant would be sure: the record continues
	Possible Verdict = "possible" // the accountant would ask: two records and a suggestion
	Other    Verdict = "other"    // something speaks against it: two records
)

// Context contains what is known about the account of two rows, in addition to the rows. The zero Context contains
// nothing.
type Context struct {
	// SeenTogether reports whether one read of the vendor returned both rows. If it is nil, the members Reads,
	// FirstRead and LastRead of the rows decide.
	SeenTogether func(oldRow, newRow *banktext.Row) bool
	// Never contains pairs that are never matched or suggested, because an operator or the vendor has decided about
	// them. A pair with an empty Old forbids all matches of the new row.
	Never map[domain.MatchPair]bool
	// Shown returns how many other records of the account have the amount and the text of the rows, within 180 days;
	// see Frequency. It is called only for pairs that would otherwise be Same. nil means that the number is not known.
	Shown func(oldRow, newRow *banktext.Row) int
	// Reversed reports whether the account has a row that gives back the amount of the old row. If Reversed is nil,
	// there is no such row.
	Reversed func(oldRow *banktext.Row) bool
	// Whole means that Match gets all old and new rows of the account, because the account was linked again or all of
	// its ids changed. Two rows can then be paired because no other rows are left.
	Whole bool
	// AsMany means that as many rows as possible are paired among those that cannot be told apart, even if there are
	// more old rows than new ones, or fewer. It is set if the account was linked again, so that Match gets all old
	// and all new rows.
	AsMany bool

	// Repeated reports whether another row of the account, listed or removed, has the identifier with the given key,
	// which is a result of StrongKeys. Match itself finds the identifiers that several of its old rows, or several of
	// its new rows, have. If Repeated is nil, no identifier is repeated in the other rows.
	Repeated func(key string) bool

	shared map[identifierKey]bool // identifiers that several rows of one side have
	// facilitators are the tax numbers beside which several rows of one side state different names.
	facilitators map[string]bool
	// namesakes returns the names of all rows that begin with a word.
	namesakes func(first string) [][]string

	moved [2]*movedIdentifiers // by the side whose texts print the identifiers; nil if there are none
}

// identifierKey is one identifier of an account.
type identifierKey struct {
	account domain.AccountID
	kind    banktext.Kind
	value   string
}

// isUnique reports whether at most one old row and at most one new row have the identifier, and no other row of the
// account has it.
func (c *Context) isUnique(account domain.AccountID, k banktext.Kind, value string) bool {
	key := identifierKey{account, k, value}
	return !c.shared[key] && (c.Repeated == nil || !c.Repeated(key.text()))
}

// text returns the key as StrongKeys returns it.
func (k identifierKey) text() string {
	return k.account.String() + " " + k.kind.String() + " " + k.value
}

// The limits of time.
const (
	// MaxApart is the maximum time between the moments at which the service learned of two rows that may be one
	// movement.
	MaxApart = 14 * 24 * time.Hour
	// Maximum number of days between the dates of two rows. maxDaysAnchored applies to rows that name the same day of
	// purchase, and maxDaysNumbered to rows that name the same number.
	maxDaysAnchored = 62
	daysOfMonth     = 31
	maxDaysNumbered = 5
	maxDaysPossible = 14
	// minShown is the number of other records from which on an equal text and amount can be chance; see isChance.
	minShown = 2
	// maxChance is the maximum expected number, in percent, of other movements with the same amount and text between
	// the dates of two rows: 10 means 0.1 movements. If more are expected, rows with an equal text may be different
	// movements.
	maxChance = 10
)

// Line is one line of Table. The first line that applies to two rows decides their verdict.
type Line struct {
	Name    string
	Verdict Verdict
	applies func(*comparison) bool
}

// uncounted is the name of the line of Table for equal rows, if there are more old rows than new ones, or fewer.
const uncounted = "k equal rows left, and m ≠ k came"

// Table contains the lines by which two rows are judged. The first line that applies decides.
// docs/internals/matching.md shows it with a worked example of each line.
var Table = []Line{
	{"another account, currency or direction", Other, (*comparison).isOutside},
	{"one read showed both rows", Other, (*comparison).wereSeenTogether},
	{"learned of more than 14 days apart, or decided before", Other, (*comparison).isForbidden},
	{"the vendor links the rows", Same, func(c *comparison) bool {
		return c.new.Link != "" && c.new.Link == c.old.ExternalID
	}},
	{"the vendor links the new row to another one", Other, func(c *comparison) bool { return c.new.Link != "" }},
	{"two posted rows more than 14 days apart", Other, (*comparison).arePostedFarApart},
	{"a strong identifier is equal, but document, operation or another strong identifier contradicts", Other,
		func(c *comparison) bool { return c.strong && c.strongSays }},
	{"a strong identifier is equal, and the amount", Same, func(c *comparison) bool {
		return c.strong && c.amounts() >= movedAmount && !c.goesBack() && !c.mayBeCounter()
	}},
	{"a strong identifier is equal, with another amount or status, or it may be a counter", Possible,
		func(c *comparison) bool { return c.strong }},
	{"evidence against", Other, func(c *comparison) bool { return c.against }},
	{"another amount, but close, while a named movement settles", Possible, (*comparison).isTip},
	{"another amount", Other, func(c *comparison) bool { return c.amounts() <= nearAmount }},
	{"more than 14 days, and no common day of purchase", Other, (*comparison).isFar},
	{"a posted row does not become pending", Possible, (*comparison).goesBack},
	{"doubtful evidence", Possible, func(c *comparison) bool { return c.doubt }},
	{uncounted, Possible, func(c *comparison) bool { return c.unequal && !c.isExact() }},
	{"a reversal of the amount is listed", Possible, (*comparison).isReversed},
	{"the same number, document or name, at one time", Same, (*comparison).isNamedAtOneTime},
	{"only the operation is named, from pending to posted on one date", Same, (*comparison).isSettledOperation},
	{"nothing against, and too little for", Possible, func(*comparison) bool { return true }},
}

// Judge compares two rows and returns the verdict and the evidence for and against. The vendor no longer returns the
// old row, and no earlier listing contained the new row.
func Judge(oldRow, newRow banktext.Row, context Context) (Verdict, []Finding) {
	a, b := parse(&oldRow), parse(&newRow)
	if a == nil || b == nil {
		return Other, nil
	}
	c := compare(a, b, &context)
	return Table[c.line()].Verdict, c.findings
}

// isNamedAtOneTime reports whether the rows name the same number, document or name, and their dates fit.
func (c *comparison) isNamedAtOneTime() bool { return c.isNamed() && c.isTimely() && !c.isChance() }

// isSame reports whether the rows are the same movement, provided that there are as many old rows like them as new
// ones.
func (c *comparison) isSame() bool { return c.isNamedAtOneTime() || c.isSettledOperation() }

// line returns the index of the first line of Table that applies.
func (c *comparison) line() int {
	return slices.IndexFunc(Table, func(l Line) bool { return l.applies(c) }) // the last line always applies
}

func (c *comparison) isOutside() bool {
	if c.old.hasAmountOf(c.new) {
		return false
	}
	isOneCurrency := c.old.Local().Currency == c.new.Local().Currency ||
		c.old.Amount.Currency == c.new.Amount.Currency // the vendor converts a foreign purchase when it settles
	return c.old.Account != c.new.Account || !isOneCurrency ||
		c.old.Amount.Amount.Sign() != c.new.Amount.Amount.Sign()
}

func (c *comparison) wereSeenTogether() bool {
	if c.context.SeenTogether != nil {
		return c.context.SeenTogether(c.old.Row, c.new.Row)
	}
	a, b := c.old.Row, c.new.Row
	if len(a.Reads) > 0 && len(b.Reads) > 0 {
		return intersect(a.Reads, b.Reads)
	}
	return b.FirstRead > 0 && a.LastRead >= b.FirstRead
}

// intersect reports whether two ascending lists have a number in common.
func intersect(a, b []uint64) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

func (c *comparison) isForbidden() bool {
	never := c.context.Never
	return c.old.LearnedAt.Sub(c.new.LearnedAt).Abs() > MaxApart ||
		never[domain.MatchPair{Old: c.old.ExternalID, New: c.new.ExternalID}] ||
		never[domain.MatchPair{New: c.new.ExternalID}]
}

// goesBack reports whether the old row is posted and the new one is pending.
func (c *comparison) goesBack() bool {
	return c.old.Status == domain.Posted && c.new.Status == domain.Pending
}

// maxCounterLength is the maximum number of digits of a number that may be a counter of the institution.
const maxCounterLength = 10

// mayBeCounter reports whether the rows may have an equal identifier by chance: it has at most ten digits, and the
// rows name different things on different days. An institution may count its rows, and start again at 1.
func (c *comparison) mayBeCounter() bool {
	if c.national || c.name != differ || c.days() == 0 {
		return false
	}
	for _, k := range []banktext.Kind{banktext.InstitutionID, banktext.AuthenticationCode} {
		shared := sharedValue(c.old.IDs[k], c.new.IDs[k])
		if shared != "" && (!banktext.IsNumber(shared) || len(banktext.TrimZeros(shared)) > maxCounterLength) {
			return false
		}
	}
	return true
}

// isTip reports whether a pending movement is posted with a slightly different amount, for example because of a tip,
// an exchange rate or the end of a pre-authorisation.
func (c *comparison) isTip() bool {
	return c.settles && c.days() <= maxDaysPossible && c.name >= doubtful &&
		(c.amounts() == nearAmount || c.amounts() == otherAmount && c.isOneHold())
}

// isOneHold reports whether an amount was held before the price was known: fuel is held with a round amount, and posted
// with another one. This is so in these cases:
//
//   - The names fit, and the card and the day of the purchase agree, or the labelled number of the authorisation.
//   - A text names a merchant that holds amounts (banktext.Holders), and the names fit and the amount that is held has
//     no cents, or the number of the pump, the room, the ticket or the agreement is equal.
func (c *comparison) isOneHold() bool {
	isOneCard := c.old.Card != "" && c.old.Card == c.new.Card
	isNamed := c.name >= contained
	authorisation := compareVolatile(c.old.Volatile, c.new.Volatile)
	switch {
	case authorisation == differ:
		return isNamed && isOneCard && c.anchored
	case isNamed && (isOneCard && c.anchored || authorisation == agree):
		return true
	}
	isHolder := banktext.Holds(c.old.Words, banktext.Holders) || banktext.Holds(c.new.Words, banktext.Holders)
	return isHolder && (isNamed && c.old.Amount.Amount.IsInteger() || c.weak)
}

func (c *comparison) days() int { return max(c.old.day-c.new.day, c.new.day-c.old.day) }

func (c *comparison) isFar() bool {
	limit := maxDaysPossible
	if c.anchored {
		limit = maxDaysAnchored
	}
	if i := c.old.Instalment; c.anchored && compareInstalments(i, c.new.Instalment) == agree {
		limit = max(limit, maxDaysAnchored+daysOfMonth*i.Number) // the vendor may list it on the day of the purchase
	}
	return c.days() > limit
}

// arePostedFarApart reports whether both rows are posted, and their dates are more than 14 days apart. A standing order
// has one number in each month, so no identifier makes two such rows one movement.
func (c *comparison) arePostedFarApart() bool {
	return c.old.Status == domain.Posted && c.new.Status == domain.Posted && c.days() > maxDaysPossible
}

// isReversed reports whether the account has a row that gives back the amount of the old row. The purchase of which the
// old row gives the price back does not count.
func (c *comparison) isReversed() bool {
	return c.context.Reversed != nil && c.days() > 0 && !(c.old.Refund && c.new.Refund) && (c.bare || !c.isExact()) &&
		c.context.Reversed(c.old.Row)
}

// isNamed reports whether both rows name the same number, document or name.
func (c *comparison) isNamed() bool {
	return c.name >= contained || c.documented || c.weak || c.quota || c.timed && c.anchored
}

// isExact reports whether the rows share a number or a time, which tells equal rows apart.
func (c *comparison) isExact() bool { return c.weak || c.timed }

// isTimely reports whether the dates of the rows fit one movement. They fit in these cases:
//
//   - Both rows name the same day of purchase, or the same minute. Their dates may be up to two months apart.
//   - Both rows have the same date. Rows that name only a tax, an authority or a channel must have it.
//   - Both rows have one complete instalment and an unusual amount. Up to 5 days are allowed.
//   - The row settles on the next banking day. Up to 5 days are allowed if the amount is unusual (isOdd), or if a
//     number is equal. At a merchant, only a labelled number counts, because others may be its telephone or branch.
//     Fares, and round amounts for coffee or fuel, must have the same date.
//   - The row does not settle, and the dates are at most one banking day apart. In addition, the amount must be
//     unusual, or a number must identify the cheque, the invoice or the contract, or a document or an account must
//     identify the employee. Fares, top-ups and daily charges (banktext.IsDaily) must have the same date.
func (c *comparison) isTimely() bool {
	days := c.days()
	next := bankingDays(c.old.day, c.new.day) <= 1 && days <= maxDaysNumbered
	odd := isOdd(c.new.Amount)
	isFare, isHabit := c.old.isFare || c.new.isFare, c.old.isHabit || c.new.isHabit
	switch {
	case c.anchored, days == 0:
		return true
	case c.namesOnlyAuthority():
		return false
	case c.settles && (isFare || !odd && isHabit):
		return false
	case odd && c.complete && days <= maxDaysNumbered:
		return true
	case c.settles:
		return next || (odd || c.weak && !c.bare) && days <= maxDaysNumbered
	case c.old.Operation == banktext.TopUp, !next, isFare, c.old.IsDaily():
		return false
	case c.old.Operation == banktext.Payroll:
		return odd || c.documented
	case c.old.Operation == banktext.DirectDebit, c.old.Operation == banktext.Boleto, c.old.Operation == banktext.Tax:
		return odd || c.weak
	}
	return odd && (c.weak || !c.isMenuPrice()) || c.numbered
}

// namesOnlyAuthority reports whether the rows have only a tax, an authority or a channel in common, and nothing tells
// two slips apart.
func (c *comparison) namesOnlyAuthority() bool {
	return !c.weak && !c.identified && !c.documented && !c.complete &&
		(c.old.NamesAuthority() || c.new.NamesAuthority())
}

// maxMenuPrice limits the amounts of everyday purchases, such as a meal or bread: they are lower, and multiples of
// ten cents.
const maxMenuPrice = 100

// isMenuPrice reports whether the rows may be two everyday purchases at the same price.
func (c *comparison) isMenuPrice() bool {
	cents := c.new.Amount.Amount.Abs().Shift(2)
	return cents.LessThan(decimal.NewFromInt(maxMenuPrice*100)) && cents.Mod(decimal.NewFromInt(10)).IsZero() &&
		!c.old.IsPayment() && !c.new.IsPayment()
}

// isChance reports whether records with this amount and text are so frequent that the new row may be another
// movement. If only the texts agree, minShown of them are enough, whatever the amount is. A number in the text is no
// exception, because the other records have it, too. If an identifier, a document or an account agrees, and the account
// had n such records in 180 days, n × days ÷ 180 are expected between the two dates.
func (c *comparison) isChance() bool {
	if c.context.Shown == nil || c.days() == 0 || c.anchored {
		return false
	}
	shown := c.context.Shown(c.old.Row, c.new.Row)
	if !c.identified && !c.documented {
		return shown >= minShown
	}
	return shown*c.days()*100 > maxChance*ShownDays
}

// namesPayeeLater reports whether a scheduled payment names nobody, and the executed one names somebody: PIX AGENDADO,
// PIX ENVIADO ANA LEAL. Several payments of one amount may be executed on a day.
func (c *comparison) namesPayeeLater() bool {
	return c.old.IsPayment() && !c.old.Names() && c.new.Names()
}

// isSettledOperation reports whether a pending row was posted on its date, and both rows name the same operation and
// the same amount.
func (c *comparison) isSettledOperation() bool {
	return c.settles && c.days() == 0 && !c.namesPayeeLater() && c.old.Operation != banktext.NoOperation &&
		c.old.Operation == c.new.Operation &&
		c.amounts() == sameAmount
}
