package matching

import (
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// One connector prints an identifier in the text, with a label, and another one states it in a member of the row,
// whatever the member is called: CVE RASTREO: 8846APR22, and the same as the reference. An equal one is evidence for
// one movement. If the row with the text does not print the identifier of the other row, but that of a third one of the
// amount, it is the movement of the third one.

// member is an identifier that the vendor states in a member of a row, without punctuation and in lower case.
type member struct {
	kind  banktext.Kind
	value string
}

// Lengths of the digitable line of a boleto, and of its first three fields, which contain the number of the slip.
const (
	lengthOfLine   = 47
	lengthOfFields = 32
)

// maxMovedWords is the maximum number of words of an identifier in a text: MAT 1001.
const maxMovedWords = 3

// compactIdentifier removes blanks and punctuation.
var compactIdentifier = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "", ":", "", "#", "", "*", "")

// membersOf returns the identifiers that the members of a row state.
func membersOf(r *banktext.Row) (members []member) {
	for _, m := range []member{
		{banktext.InstitutionID, r.Keys.Transaction}, {banktext.AuthenticationCode, r.Keys.Authentication},
		{banktext.InstitutionCode, r.Code}, {banktext.PaymentReference, r.Keys.Reference},
		{banktext.ReceiverReference, r.Keys.ReceiverReference}, {banktext.BoletoLine, r.Keys.Barcode},
	} {
		if m.value == "" {
			continue
		}
		m.value = compactIdentifier.Replace(banktext.Fold(m.value))
		if code, err := domain.ParseBoleto(m.value); err == nil {
			m.kind, m.value = banktext.BoletoLine, domain.BoletoLine(code)
		}
		if len(m.value) >= minMoved && len(banktext.DigitsOf(m.value)) >= minDigitsMoved {
			members = append(members, m)
		}
	}
	return members
}

// minDigitsMoved is the minimum number of digits of an identifier that is found again in the other row's text.
const minDigitsMoved = 3

// movedKey is an identifier of the rows of one amount. The day is 0 for the rows of all days.
type movedKey struct {
	scope, value string
	day          int
}

// movedIdentifiers contains the identifiers that the texts of one side and the members of the other one have in common.
type movedIdentifiers struct {
	members map[*row][]member
	printed map[*row][]member   // identifiers in the text of a row that a row of its amount states in a member
	count   [2]map[movedKey]int // the rows whose texts print an identifier, and the rows whose members state it
}

// findMoved finds the identifiers that moved from texts to members, and from members to texts.
func (m *matcher) findMoved() {
	sides := [2]movedSide{sideOf(m.left), sideOf(m.came)}
	if len(sides[0].values)+len(sides[1].values) == 0 {
		return
	}
	for i, rows := range [2][]*row{m.left, m.came} {
		found := &movedIdentifiers{sides[1-i].members, map[*row][]member{}, [2]map[movedKey]int{{}, sides[1-i].count}}
		if len(sides[1-i].values) > 0 {
			for _, r := range rows {
				found.read(r, sides[1-i].values)
			}
		}
		m.context.moved[i] = found
	}
}

// movedSide contains the identifiers in the members of the rows of one side.
type movedSide struct {
	members map[*row][]member
	values  map[string]member
	count   map[movedKey]int
}

func sideOf(rows []*row) movedSide {
	s := movedSide{map[*row][]member{}, map[string]member{}, map[movedKey]int{}}
	for _, r := range rows {
		members := membersOf(r.Row)
		if len(members) == 0 {
			continue
		}
		s.members[r] = members
		for _, m := range members {
			s.values[m.value] = m
			s.count[movedKey{r.scope, m.value, 0}]++
			s.count[movedKey{r.scope, m.value, r.day}]++
			if len(m.value) == lengthOfLine {
				s.values[m.value[:lengthOfFields]] = m
			}
		}
	}
	return s
}

// read finds the identifiers in the text of a row: those with a label, those of several words, and those with letters.
// Other numbers are compared as numbers. Identifiers that the members of the row state have not moved.
func (f *movedIdentifiers) read(r *row, values map[string]member) {
	add := func(text string) {
		m, found := values[text]
		if !found || f.count[1][movedKey{r.scope, m.value, 0}] == 0 || slices.Contains(f.printed[r], m) ||
			slices.ContainsFunc(membersOf(r.Row), func(own member) bool { return own.value == m.value }) {
			return
		}
		f.printed[r] = append(f.printed[r], m)
		f.count[0][movedKey{r.scope, m.value, 0}]++
		f.count[0][movedKey{r.scope, m.value, r.day}]++
	}
	for k := range banktext.ChequeNumber { // the kinds before it
		for _, value := range r.IDs[k] {
			add(value)
		}
	}
	start := 0
	for i, token := range r.tokens {
		end := start
		for n, next := range r.tokens[i:min(i+maxMovedWords, len(r.tokens))] {
			end += len(next)
			if text := r.compact[start:end]; n > 0 || !banktext.IsNumber(token) || len(token) == lengthOfFields {
				add(text)
			}
		}
		start += len(token)
	}
}

// isOnly reports whether one row of each side has the identifier: of all days, or of the two days.
func (f *movedIdentifiers) isOnly(t, m *row, value string) bool {
	of := func(r *row, side, day int) bool { return f.count[side][movedKey{r.scope, value, day}] == 1 }
	return of(t, 0, 0) && of(m, 1, 0) || t.day == m.day && of(t, 0, t.day) && of(m, 1, m.day)
}

// comparePrinted compares the identifiers in the text of one row with the members of the other one.
func (c *comparison) comparePrinted() {
	for i, rows := range [2][2]*row{{c.old, c.new}, {c.new, c.old}} {
		found := c.context.moved[i]
		if found == nil {
			continue
		}
		printed, stated := found.printed[rows[0]], found.members[rows[1]]
		if len(printed) == 0 || len(stated) == 0 {
			continue
		}
		at := slices.IndexFunc(printed, func(p member) bool { return slices.Contains(stated, p) })
		if at >= 0 {
			c.agreeInPrinted(found, rows[0], rows[1], printed[at])
			continue
		}
		isOnly := func(p member) bool { return found.isOnly(rows[0], rows[0], p.value) }
		if at = slices.IndexFunc(printed, isOnly); at < 0 {
			continue
		}
		old, new := printed[at].value, stated[0].value
		if i == 1 {
			old, new = new, old
		}
		c.findingOf(printed[at].kind.String(), old, new, differ)
	}
}

// agreeInPrinted records that the text of the row t prints an identifier that a member of the row m states.
func (c *comparison) agreeInPrinted(found *movedIdentifiers, t, m *row, shared member) {
	if !found.isOnly(t, m, shared.value) {
		return
	}
	c.weak, c.bare = true, false
	c.paid = c.paid || c.namesPayment(shared.value)
	for word := range strings.FieldsSeq(strings.Join(t.Words, " ")) {
		if strings.HasPrefix(shared.value, word) {
			c.labels = append(c.labels, word)
		}
	}
	if len(shared.value) == lengthOfLine && banktext.IsNumber(shared.value) {
		// A line names one slip, also if a check digit is wrong.
		c.strong = c.strong || c.context.isUnique(t.Account, banktext.BoletoLine, shared.value)
	}
	c.findingOf(shared.kind.String(), shared.value, shared.value, agree)
}
