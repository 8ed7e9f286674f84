package matching

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// LineOf returns the line of Table that decides about two rows.
func LineOf(oldRow, newRow banktext.Row, context Context) Line {
	return Table[compare(parse(&oldRow), parse(&newRow), &context).line()]
}

// VerdictOf returns the verdict about two rows, and whether the rewriting of an account can be learned from them. The
// comparison may end early, unless it collects findings.
func VerdictOf(oldRow, newRow banktext.Row, explain bool) (Verdict, bool) {
	c := &comparison{explain: explain}
	c.compare(parse(&oldRow), parse(&newRow), &Context{})
	return Table[c.line()].Verdict, c.support() > excluded
}

// NumberOf returns the position in Table of the line that decides about two rows, counted from 1.
func NumberOf(oldRow, newRow banktext.Row, context Context) int {
	name := LineOf(oldRow, newRow, context).Name
	return 1 + slices.IndexFunc(Table, func(l Line) bool { return l.Name == name })
}

// emptyMembers matches the members of a printed struct that have no value.
var emptyMembers = regexp.MustCompile(`\w+:(\[[ \[\]]*\]|map\[\]|false|0|\{[^{}a-z]*\}|)( |\})`)

// EvidenceText returns the evidence of a row as text, without the members that the row does not state.
func EvidenceText(row banktext.Row) string {
	text := fmt.Sprintf("%+v", banktext.Parse(&row))
	for {
		shorter := emptyMembers.ReplaceAllString(text, "$2")
		if shorter == text {
			return strings.Join(strings.Fields(text), " ")
		}
		text = shorter
	}
}

// The limits of comparisons.
const (
	MaxRowWords   = maxRowWords
	MaxMatchWords = maxMatchWords
)

// MaxRecognitionRows is the maximum number of rows that Recognize compares by their texts.
const MaxRecognitionRows = maxRecognitionRows

// ComparedRows returns how many rows Recognize compares by their texts.
func ComparedRows(before, after []LinkedAccount) int {
	r := newRecognizer(before, after)
	r.pairByRows()
	return r.compared
}

// ParsedText returns all that is read from a row, as text.
func ParsedText(row banktext.Row) string {
	parsed := parse(&row)
	parsed.Row = nil
	return fmt.Sprintf("%+v", parsed)
}

// WithoutIdentity returns a row without what parse does not read.
func WithoutIdentity(row banktext.Row) banktext.Row { return withoutIdentity(row) }

// The functions that compare parts of texts.
var (
	IsMasked, IsWithoutCheckDigit, IsWithoutPrefix = isMasked, isWithoutCheckDigit, isWithoutPrefix
	IsCutKey, IsCutList, IsCutWord, IsTypo         = isCutKey, isCutList, isCutWord, isTypo
	SharesName, IsWithoutVowels, IsFirstName       = sharesName, isWithoutVowels, isFirstName
	IsCutFirstName, IsAbbreviated, HasInitials     = isCutFirstName, isAbbreviated, hasInitials
	IsWithin, IsReordered                          = isWithin, isReordered
)

// relationNames are the names of the relations, in their order.
var relationNames = []string{"unknown", "differ", "doubtful", "contained", "agree"}

// NameRelation returns how two names relate, which may be those of counterparties.
func NameRelation(a, b string, person bool) string {
	return relationNames[compareNames(strings.Fields(a), strings.Fields(b), person)]
}

// DocumentRelation returns how two tax numbers relate.
func DocumentRelation(a, b string) string { return relationNames[compareDocuments(a, b)] }

// InstalmentRelation returns how two instalments relate.
func InstalmentRelation(a, b banktext.Instalment) string {
	return relationNames[compareInstalments(a, b)]
}

// AccountNumberRelation returns how the numbers of two accounts relate.
func AccountNumberRelation(x, y domain.AccountIdentity) string {
	return relationNames[compareAccountNumbers(x, y)]
}

// Abbreviates reports whether a short name is one of a long one.
func Abbreviates(short, long string) bool {
	return abbreviates(strings.Fields(short), strings.Fields(long))
}

// IsOneByRows and IsUndecided report what the recognition concludes from a number of compared rows and the percentage
// of those that have a partner.
func IsOneByRows(rows, share int) bool {
	p := &accountPair{
		before:     &LinkedAccount{},
		after:      &LinkedAccount{},
		commonRows: commonRows{rows: rows, share: share},
	}
	return (&recognizer{}).isOneByRows(p)
}

func IsUndecided(rows, share int, otherType, isEqualNumber bool) bool {
	p := &accountPair{commonRows: commonRows{rows: rows, share: share}}
	if p.otherType = otherType; isEqualNumber {
		p.digits = agree
	}
	return (&recognizer{}).isUndecided(p)
}

// BankingDays returns the number of banking days after the first date, up to and including the last one.
func BankingDays(first, last domain.Date) int {
	from, _ := dayNumber(first)
	to, _ := dayNumber(last)
	return bankingDays(from, to)
}

// facts are parts of the judgement about two rows.
var facts = map[string]func(*comparison) bool{
	"timely": (*comparison).isTimely, "chance": (*comparison).isChance, "counter": (*comparison).mayBeCounter,
	"tip": (*comparison).isTip, "far": (*comparison).isFar, "seen": (*comparison).wereSeenTogether,
	"named": (*comparison).isNamed, "reversed": (*comparison).isReversed,
}

// Fact returns a part of the judgement about two rows. flags are what a comparison of the rows has found.
func Fact(name string, oldRow, newRow banktext.Row, context Context, flags string) bool {
	c := &comparison{old: parse(&oldRow), new: parse(&newRow), context: &context}
	c.amount = c.compareAmounts()
	c.settles = oldRow.Status == domain.Pending && newRow.Status == domain.Posted
	members := map[string]*bool{
		"weak": &c.weak, "bare": &c.bare, "complete": &c.complete, "anchored": &c.anchored, "numbered": &c.numbered,
		"documented": &c.documented, "identified": &c.identified, "national": &c.national, "timed": &c.timed,
		"quota": &c.quota,
	}
	for flag := range strings.FieldsSeq(flags) {
		if i := slices.Index(relationNames, flag); i >= 0 {
			c.name = relation(i)
		} else {
			*members[flag] = true
		}
	}
	return facts[name](c)
}

// textOfRow returns a row of a payment or a purchase with this text.
func textOfRow(text string) *row {
	return parse(&banktext.Row{
		ExternalID: text, Account: comparedAccount, Date: "2026-11-10", Status: domain.Posted, Description: text,
		Amount: domain.Money{Currency: "BRL"},
	})
}

// NamesPayment reports whether a reference of two rows with these texts names one payment.
func NamesPayment(reference, oldText, newText string) bool {
	return (&comparison{old: textOfRow(oldText), new: textOfRow(newText)}).namesPayment(reference)
}

// NumberIn returns the number of a text that equals an identifier, or its end.
func NumberIn(text, value string, end bool) string { return textOfRow(text).numberIn(value, end) }

// PeriodsAmong returns the fractions that can only be a month and a year.
func PeriodsAmong(fractions ...string) []string { return periodsAmong(fractions) }

// JoinedNumbers returns the numbers of a text, after groups of the numbers of the other text were joined.
func JoinedNumbers(text, other string) []string {
	r := textOfRow(text)
	return joinGroups(r.bareNumbers, textOfRow(other).bareNumbers, r)
}

// ListRelation returns how the numbers of two texts relate.
func ListRelation(oldText, newText string) string {
	c := &comparison{old: textOfRow(oldText), new: textOfRow(newText)}
	return relationNames[c.compareLists(c.old.bareNumbers, c.new.bareNumbers)]
}

// BareDocumentRelation returns how the document in one text relates to the numbers in the other one.
func BareDocumentRelation(withDocument, text string) string {
	return relationNames[compareBareDocument(textOfRow(withDocument), textOfRow(text))]
}

// SharesWord reports whether a word that names something is in both texts, or both name nothing.
func SharesWord(oldText, newText string) bool {
	return (&comparison{old: textOfRow(oldText), new: textOfRow(newText)}).sharesWord()
}

// IsOneMoment reports whether two times of one minute are those of one movement.
var IsOneMoment = isOneMoment

// IsOdd reports whether an amount is unlike a usual price.
var IsOdd = isOdd
