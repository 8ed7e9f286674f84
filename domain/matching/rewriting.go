package matching

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// The rows of an account that is judged as a whole teach how a bank or a connector rewrites rows. Rows that have one
// possible partner only show how dates move: evening rows a day later, the rows of a weekend to the next banking day,
// the day of a purchase to the day of its posting. With these days, rows whose day, amount and direction are unique on
// both sides are pairs, and k rows that cannot be told apart are paired with k. Such pairs show, in turn, which words
// became which.

// support is the evidence for two rows of an account that is judged as a whole, apart from their dates.
type support uint8

const (
	excluded  support = iota // something other than words contradicts, or is doubtful
	reworded                 // the words contradict or are doubtful: only a learned rewriting decides
	renamed                  // the same, but both rows have a word that names something
	unnamed                  // one of the rows names something, and the other one names nothing of it
	neutral                  // nothing contradicts
	supported                // both rows name the same
)

// The limits of what an account teaches.
const (
	minLearned   = 5 // rows with one possible partner, for anything to be learned
	minShifted   = 2 // rows that show a movement of the date
	minRewritten = 2 // rows that show how one text was rewritten
	// minContradicting is the same if the words of the texts contradict each other.
	minContradicting = 3
	maxShift         = 7 // the maximum number of days by which a date moves
	maxLost          = 50
	maxOthers        = 20
	maxSmallClass    = 8 // rows of one day and amount, for a rewriting of contradicting texts
)

// support returns how the evidence of the rows supports a pair.
func (c *comparison) support() support {
	if c.notWords || c.amounts() != sameAmount || c.goesBack() || c.days() > maxShift || c.isOutside() ||
		differInLetters(c.old.AllWords, c.new.AllWords) {
		return excluded
	}
	named := c.name >= contained || c.documented || c.weak || c.old.compact == c.new.compact ||
		c.sameNumbers && slices.Equal(c.old.Words, c.new.Words)
	switch {
	case !c.against && !c.doubt && named:
		return supported
	case c.old.Status != c.new.Status:
		return excluded // a cancelled row, and another one that posted
	case (!c.against || !c.old.IsPayment() && !c.new.IsPayment()) && (!c.against && !c.doubt || c.namesMoreInOne()):
		if c.sharesWord() {
			return neutral
		}
		return unnamed
	case !c.old.IsPayment() && !c.new.IsPayment() && c.sharesNamingWord():
		return renamed
	}
	return reworded
}

// minSharedName is the minimum length of a word for sharesNamingWord.
const minSharedName = 4

// sharesNamingWord reports whether a word of at least minSharedName letters, which is no purpose, is in both names.
func (c *comparison) sharesNamingWord() bool {
	x, y := c.namingWords()
	return slices.ContainsFunc(x, func(word string) bool {
		return len(word) >= minSharedName && !banktext.Purposes[word] && slices.Contains(y, word)
	})
}

// namesMoreInOne reports whether at most one of the texts has words that the other one lacks. These may not tell a
// person from a relative, or a firm from another one.
func (c *comparison) namesMoreInOne() bool {
	a, b := &c.old.Evidence, &c.new.Evidence
	x, y := c.namingWords()
	u, v := furtherWords(x, y), furtherWords(y, x)
	if isGlued(x, y) {
		u, v = nil, nil
	}
	return (len(u) == 0 || len(v) == 0) && !banktext.Holds(u, banktext.YoungerWords) &&
		!banktext.Holds(v, banktext.YoungerWords) && !a.EndsBefore(b) && !b.EndsBefore(a)
}

// sharesWord reports whether a word that names something is in both texts, or both name nothing.
func (c *comparison) sharesWord() bool {
	x, y := c.namingWords()
	if len(x)+len(y) == 0 {
		return c.old.IsCharge() && c.new.IsCharge() || !c.old.Names() && !c.new.Names()
	}
	return isGlued(x, y) || len(furtherWords(x, y)) < len(x)
}

// isGlued reports whether one of two names contains the other one if both are written without blanks.
func isGlued(x, y []string) bool {
	a, b := strings.Join(x, ""), strings.Join(y, "")
	return min(len(a), len(b)) >= minTypo && (strings.HasSuffix(a, b) || strings.HasSuffix(b, a))
}

// namingWords returns the words that name something: of a charge the service.
func (c *comparison) namingWords() (old, new []string) {
	if c.old.IsCharge() && c.new.IsCharge() {
		return c.old.Service(), c.new.Service()
	}
	return c.old.Words, c.new.Words
}

// Minimum lengths for a word that is cut, but not the last one of its text: of the word, and of what is missing.
const (
	minCutLetters  = 5
	minMissingPart = 4
)

// furtherWords returns the words that another text lacks, also in a shorter form. A word of a few letters less is
// another name, unless it is the last one of its text: LUAN FERRAZ and LUANA FERRAZ are two people.
func furtherWords(words, other []string) []string {
	isCut := func(short, long string, list []string) bool {
		missing := len(long) - len(short)
		return missing > 0 && isCutWord(short, long) && long != short+"s" &&
			(short == list[len(list)-1] || len(short) >= minCutLetters && missing >= minMissingPart)
	}
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		return slices.ContainsFunc(other, func(o string) bool {
			return banktext.SameWord(word, o) || isCut(word, o, words) || isCut(o, word, other)
		})
	})
}

// dayKey describes the day of a row: what may decide how its date moves.
type dayKey struct {
	sign      int                // of the amount; 0 for any
	operation banktext.Operation // "" for any operation
	weekday   int                // 0 to 6; 7 for a holiday; -1 for any day
	late      int                // 1 after the time from which rows are dated later, -1 for a row without a time
}

// unnamedOperation is the operation of rows that name none, in a dayKey.
const unnamedOperation banktext.Operation = " "

// anyRow is the key of all rows that teach.
var anyRow = dayKey{weekday: -1, late: 2}

// secondsOfDay is the number of seconds of a day.
const secondsOfDay = 24 * 60 * 60

// second returns the second of a row, counted from the beginning of its date in UTC. It is above secondsOfDay for the
// evening in Brazil. It returns -1 for a row without a time.
func (r *row) second() int {
	if !hasTime(r.OccurredAt) {
		return -1
	}
	return int(r.OccurredAt.Unix()) - r.day*secondsOfDay
}

// weekday returns the number of the weekday, from 0 for Sunday, and 7 for a holiday.
func (r *row) weekday() int {
	const epoch = 4 // 1 January 1970 was a Thursday
	weekday := (r.day + epoch) % 7
	if weekday != 0 && weekday != 6 && bankingDays(r.day-1, r.day) == 0 {
		return 7
	}
	return weekday
}

// shift is the day of an old row and the day of the new row, and the row of the side that teaches.
type shift struct {
	row      *row
	old, new int
}

// shifts contains how often the date moved by how many days, for the rows of one side.
type shifts struct {
	seen   map[dayKey]map[int]int
	rules  map[dayKey]*bankingRule // for keys without a weekday
	known  map[keyOfDay]moved      // results of the method of
	closes int                     // the second of the day from which rows are dated later
}

// bankingRule is a rule of banking days that fits all shifts of a key.
type bankingRule struct {
	number   int  // of banking days
	rolled   bool // the day first moves to a banking day
	holidays map[monthDay]bool
}

// day returns the day to which the rule moves a day.
func (b bankingRule) day(day int) int {
	isBanking := func(day int) bool { return isBankingDay(day, b.holidays) }
	for b.rolled && !isBanking(day) {
		day++
	}
	for range b.number {
		for day++; !isBanking(day); day++ {
		}
	}
	return day
}

// shiftsOf returns what the rows of one side teach.
func shiftsOf(taught []shift) shifts {
	s := shifts{map[dayKey]map[int]int{}, map[dayKey]*bankingRule{}, map[keyOfDay]moved{}, closing(taught)}
	byKey := map[dayKey][]shift{}
	for _, t := range taught {
		for _, key := range s.keys(t.row) {
			if s.seen[key] == nil {
				s.seen[key] = map[int]int{}
			}
			s.seen[key][t.new-t.old]++
			byKey[key] = append(byKey[key], t)
		}
	}
	for key, of := range byKey {
		if key.weekday < 0 {
			s.rules[key] = ruleOf(of)
		}
	}
	s.seen[anyRow] = map[int]int{}
	for _, t := range taught {
		s.seen[anyRow][t.new-t.old]++
	}
	return s
}

// maxBankingDays is the maximum number of banking days of a bankingRule, and maxTaught the number of shifts to which it
// is compared.
const (
	maxBankingDays = 3
	maxTaught      = 1000
)

// ruleOf returns the rule that fits the shifts, which must be at least minLearned; nil if there is none. One shift in
// maxOthers may be another one.
func ruleOf(taught []shift) *bankingRule {
	if len(taught) < minLearned {
		return nil
	}
	taught = taught[:min(len(taught), maxTaught)]
	var best *bankingRule
	fewest := len(taught)/maxOthers + 1
	for _, holidays := range []map[monthDay]bool{nil, holidays, brazil, mexico} {
		for number := range maxBankingDays + 1 {
			for _, rolled := range []bool{number == 0, true} {
				rule, others := bankingRule{number, rolled, holidays}, 0
				for _, t := range taught {
					if rule.day(t.old) != t.new {
						others++
					}
				}
				if others < fewest {
					best, fewest = &rule, others
				}
			}
		}
	}
	return best
}

// closing returns the second of the day from which rows are dated later: that of the first such row, if none of the
// others is later. Otherwise, the day ends with the day in UTC. Only days before a banking day count.
func closing(taught []shift) int {
	last, first, early, late := 0, maxShift*secondsOfDay, 0, 0
	for _, t := range taught {
		second, weekday := t.row.second(), t.row.weekday()
		switch {
		case second < 0 || weekday < 1 || weekday > 4:
		case t.new > t.old:
			first, late = min(first, second), late+1
		default:
			last, early = max(last, second), early+1
		}
	}
	if early < minShifted || late < minShifted || last >= first {
		return secondsOfDay
	}
	return first
}

// instalment is added to the operation of a row that states its instalment, or a fraction that may be one, in a dayKey:
// such rows keep the day on which the bill closes.
const instalment = "/instalment"

// keys returns the keys of a row, the most specific ones first.
func (s shifts) keys(r *row) [5]dayKey {
	late, second := -1, r.second()
	if second >= 0 {
		late = min(1, max(0, second)/s.closes)
	}
	weekday := r.weekday()
	operation, sign := max(r.Operation, unnamedOperation), r.Amount.Amount.Sign()
	if r.Instalment.Number > 0 || len(r.Calendar.Fractions) > 0 {
		operation += instalment
	}
	return [5]dayKey{
		{sign, operation, -1, late}, {sign, operation, weekday, late}, {sign, "", weekday, late}, {sign, "", -1, late},
		{0, "", -1, late},
	}
}

// keyOfDay is a key of a row, and its day.
type keyOfDay struct {
	dayKey
	day int
}

// moved is by how many days a date may have moved, and whether it is one number only. If untaught is set, no row like
// it has taught this: the date stayed, or moved as those of other rows.
type moved struct {
	days              map[int]bool
	certain, untaught bool
}

// of returns the result of find.
func (s shifts) of(r *row, direction int) moved {
	key := keyOfDay{s.keys(r)[0], r.day}
	found, known := s.known[key]
	if !known {
		found = s.find(r, direction)
		s.known[key] = found
	}
	return found
}

// find returns by how many days the date of a row may have moved, and whether it is one number only. The direction is 1
// for an old row, and -1 for a new one. A rule that rows of other operations show leaves open whether the date moved.
func (s shifts) find(r *row, direction int) moved {
	var days map[int]bool
	for i, key := range s.keys(r) {
		if days = s.rules[key].shifts(r.day, direction); len(days) > 0 {
			if days[0] = days[0] || key.operation == ""; !days[0] {
				delete(days, 0)
			}
			return moved{days: days, certain: len(days) == 1}
		}
		if days = s.frequent(key); len(days) > 0 && i > 0 { // the weekday says more than the operation alone
			return moved{days: days, certain: len(days) == 1}
		}
	}
	days = s.frequent(anyRow)
	days[0] = true
	return moved{days: days, untaught: true}
}

// frequent returns the numbers of days by which the dates of at least minShifted rows moved, and 0 if a date did not.
func (s shifts) frequent(key dayKey) map[int]bool {
	days := map[int]bool{}
	for shift, n := range s.seen[key] {
		if n >= minShifted {
			days[shift] = true
		}
	}
	if len(days) > 0 && s.seen[key][0] > 0 {
		days[0] = true
	}
	return days
}

// shifts returns by how many days the rule moves a day, or moved the day to which it moved another one.
func (b *bankingRule) shifts(day, direction int) map[int]bool {
	days := map[int]bool{}
	switch {
	case b == nil:
	case direction > 0:
		days[b.day(day)-day] = true
	default:
		for before := range maxShift + 1 {
			if b.day(day-before) == day {
				days[before] = true
			}
		}
	}
	return days
}

// rewriting is what an account teaches about how its rows were rewritten.
type rewriting struct {
	forward, backward shifts  // by the days of the old rows, and by the days of the new rows
	printed           [2]bool // the rows of the other side have the days that the old rows, or the new rows, print
	edges             []openEdge
	became            map[[2]string]taughtWords
	partners          map[string]map[string]bool // the other texts of each text
	added             map[string]taughtWords     // the words that the new text adds to a name that both texts have
}

// taughtWords is how often words became others: in how many rows, and on which days.
type taughtWords struct {
	rows int
	days map[int]bool
}

// with adds rows of a day.
func (t taughtWords) with(day, rows int) taughtWords {
	if t.days == nil {
		t.days = map[int]bool{}
	}
	t.days[day] = true
	return taughtWords{t.rows + rows, t.days}
}

// isTaught reports whether at least so many rows of several days taught the words.
func (t taughtWords) isTaught(rows int) bool { return t.rows >= rows && len(t.days) >= minRewritten }

// excludeMoved pairs rows by the days, the amounts and the words that the account teaches. Each round may teach more.
func (m *matcher) excludeMoved() {
	learned := m.learned
	if learned == nil {
		return
	}
	for _, least := range []support{supported, neutral, unnamed, reworded} {
		complete := least < neutral && m.isComplete(learned)
		for found := -1; found < len(m.pairs); {
			found = len(m.pairs)
			if least == reworded {
				m.learnWords(learned)
			}
			edges := slices.DeleteFunc(m.openEdges(learned, least), func(e openEdge) bool {
				return e.support <= renamed && !learned.isRewritten(e.edge)
			})
			m.pairComponents(edges, func(e *edge) bool {
				return e.support != unnamed || complete || isOdd(e.new.first.Amount) || learned.isRewritten(e)
			})
		}
	}
}

// isComplete reports whether nearly all posted rows may be on both sides: at most one in maxLost of one side has no
// possible partner. If many rows left and many others came, a row that names nobody may be any of them.
func (m *matcher) isComplete(learned *rewriting) bool {
	possible := map[*group]bool{}
	for _, e := range m.openEdges(learned, reworded) {
		possible[e.old], possible[e.new] = true, true
	}
	first, last := m.left[0].day, m.left[len(m.left)-1].day
	lost := func(groups []*group) (n int) {
		for _, g := range groups {
			if g.first.Status == domain.Posted && !possible[g] && g.first.day >= first && g.first.day <= last {
				n += len(g.rows)
			}
		}
		return n
	}
	return min(lost(m.oldGroups), lost(m.newGroups)) <= min(len(m.left), len(m.came))/maxLost
}

// learnDays learns how dates move, from the rows that have one possible partner only.
func (m *matcher) learnDays() {
	forward, backward := teach(m.edges, unnamed)
	known, seen := map[dayKey]int{}, map[*row]bool{}
	for _, s := range forward {
		known[keyOfOperation(s.row)]++
		seen[s.row] = true
	}
	// Rows that only share a name teach the days of an operation that these leave open.
	more, back := teach(slices.Concat(m.edges, m.reworded), renamed)
	for i, s := range more {
		if known[keyOfOperation(s.row)] < minLearned && !seen[s.row] {
			forward, backward = append(forward, s), append(backward, back[i])
		}
	}
	if len(forward) >= minLearned {
		m.learned = &rewriting{
			forward: shiftsOf(forward), backward: shiftsOf(backward), printed: [2]bool{
				havePrintedDays(forward, func(s shift) int { return s.new }),
				havePrintedDays(backward, func(s shift) int { return s.old }),
			},
		}
	}
}

// keyOfOperation returns the key of the direction and the operation of a row.
func keyOfOperation(r *row) dayKey {
	return dayKey{sign: r.Amount.Amount.Sign(), operation: r.Operation}
}

// teach returns by how many days the dates moved in the edges with at least this support between rows that have one
// such partner only: for the old rows and for the new ones.
func teach(edges []*edge, least support) (forward, backward []shift) {
	partners := map[*group]int{}
	for _, e := range edges {
		if e.support >= least {
			partners[e.old] += e.new.size
			partners[e.new] += e.old.size
		}
	}
	for _, e := range edges {
		o, n := e.old.first, e.new.first
		if e.support >= least && partners[e.old] == 1 && partners[e.new] == 1 && o.Status == n.Status {
			forward = append(forward, shift{o, o.day, n.day})
			backward = append(backward, shift{n, o.day, n.day})
		}
	}
	return forward, backward
}

// havePrintedDays reports whether the other side has the days that the rows of one side print, also where these differ
// from their own days: a bank lists a purchase on the day of its posting, and prints the day of the purchase. One row
// in maxOthers may have another day.
func havePrintedDays(taught []shift, of func(shift) int) bool {
	moved, others := 0, 0
	for _, t := range taught {
		switch day, found := t.row.printed, t.row.isPrinted; {
		case !found:
		case of(t) != day:
			others++
		case day != t.row.day:
			moved++
		}
	}
	return moved >= minLearned && others <= moved/maxOthers
}

// readPrintedDay sets the day that the text of a row prints. It is not known if the text prints no day, or several,
// within maxShift days.
func (r *row) readPrintedDay() {
	if len(r.Calendar.Days)+len(r.Calendar.Fractions) == 0 {
		return
	}
	for d := r.day - maxShift; d <= r.day+maxShift; d++ {
		at := time.Unix(int64(d)*secondsOfDay, 0).UTC()
		text := fmt.Sprintf("%d/%d", at.Day(), at.Month())
		if !slices.Contains(r.Calendar.Days, text) && !slices.Contains(r.Calendar.Fractions, text) {
			continue
		}
		if r.isPrinted {
			r.printed, r.isPrinted = 0, false
			return
		}
		r.printed, r.isPrinted = d, true
	}
}

// doubtPrintedDays makes pairs at most Possible if the day that a text prints, and the date of the row, lead to
// different partners: of RSHOP-PADARIA BO-12/10, dated 13 October, and two purchases of its amount, dated 12 and 13
// October. An account that teaches how dates move decides this; see fits.
func (m *matcher) doubtPrintedDays() {
	const printed, plain = 1, 2
	found := map[*group]int{}
	kindOf := func(e *edge) (kind int) {
		for _, sides := range [2][2]*row{{e.old.first, e.new.first}, {e.new.first, e.old.first}} {
			r, other := sides[0], sides[1]
			switch {
			case e.rank <= strongRank || e.verdict() != Same || !r.isPrinted || r.printed == r.day ||
				len(other.Calendar.Days)+len(other.Calendar.Fractions) > 0:
			case other.day == r.printed:
				kind |= printed
			case other.day == r.day:
				kind |= plain
			}
		}
		return kind
	}
	for _, e := range m.edges {
		found[e.old], found[e.new] = found[e.old]|kindOf(e), found[e.new]|kindOf(e)
	}
	for _, e := range m.edges {
		if kindOf(e) > 0 && (found[e.old] == printed|plain || found[e.new] == printed|plain) {
			e.line, e.excluded, e.support = uint8(len(Table)-1), false, excluded
		}
	}
}

// mayMove reports whether the days of an edge are certain by what the account teaches. The day on which a pending row
// posts, and an equal identifier, need not fit.
func (m *matcher) mayMove(e *edge) bool {
	if m.learned == nil || e.rank <= strongRank || e.old.first.Status != e.new.first.Status {
		return true
	}
	forward, backward := m.learned.fits(e)
	return forward == certain || backward == certain
}

// fit is how the days of two rows fit what the rows of one side teach.
type fit int

const (
	no      fit = iota
	maybe       // the date may also have moved by another number of days
	certain     // the date has moved by this number of days
)

// fits returns how the days of an edge fit, by the old row and by the new row. If neither is certain, both must fit.
func (r *rewriting) fits(e *edge) (forward, backward fit) {
	if day := e.old.first.Instalment.Purchased; day != "" && day == e.new.first.Instalment.Purchased {
		return certain, certain // on whatever day the vendor lists the purchase
	}
	days := e.new.first.day - e.old.first.day
	for i, sides := range [2][2]*row{{e.old.first, e.new.first}, {e.new.first, e.old.first}} {
		if day := sides[0].printed; sides[0].isPrinted && r.printed[i] {
			if sides[1].day != day {
				return no, no
			}
			return certain, certain
		}
	}
	of := func(m moved) fit {
		switch {
		case !m.days[days]:
			return no
		case m.certain, m.untaught && days == 0:
			return certain
		case m.untaught && e.verdict() != Same:
			return no
		}
		return maybe
	}
	forward, backward = of(r.forward.of(e.old.first, 1)), of(r.backward.of(e.new.first, -1))
	if forward != certain && backward != certain && (forward == no || backward == no) {
		return no, no
	}
	return forward, backward
}

// openEdge is an edge whose rows may still be paired.
type openEdge struct {
	*edge
	forward, backward bool // the day of the old row, or of the new row, allows one day only for the other one
}

// openEdges returns the edges with at least this support whose days fit, and whose groups have rows without a
// partner.
func (m *matcher) openEdges(learned *rewriting, least support) []openEdge {
	if learned.edges == nil {
		for _, edges := range [][]*edge{m.edges, m.reworded} {
			for _, e := range edges {
				if e.support == excluded || e.old.unjudged || e.new.contested {
					continue
				}
				if forward, backward := learned.fits(e); forward != no || backward != no {
					learned.edges = append(learned.edges, openEdge{e, forward == certain, backward == certain})
				}
			}
		}
	}
	learned.edges = slices.DeleteFunc(learned.edges, func(e openEdge) bool {
		return len(e.old.rows)*len(e.new.rows) == 0
	})
	open := make([]openEdge, 0, len(learned.edges))
	for _, e := range learned.edges {
		if e.support >= least {
			open = append(open, e)
		}
	}
	return open
}

// component is a set of groups that are connected by edges.
type component struct {
	edges    []openEdge
	old, new []*group
	size     [2]int // the number of rows of each side
}

// pairComponents pairs the rows of each component of the edges. If an edge is not sure, only several rows that cannot
// be told apart are paired.
func (m *matcher) pairComponents(edges []openEdge, isSure func(*edge) bool) {
	for _, c := range componentsOf(edges) {
		sure := !slices.ContainsFunc(c.edges, func(e openEdge) bool { return !isSure(e.edge) })
		for sure && c.pairForced(m) {
		}
		if !sure && c.size[0] < 2 {
			continue
		}
		if c.cannotBeToldApart() {
			for _, e := range c.edges {
				m.pairRows(e.edge)
			}
		}
		if sure {
			c.pairInOrder(m)
		}
	}
}

// pairInOrder pairs a series of equal rows, such as daily tolls, in the order of their days: there are as many old rows
// as new ones, and the day of each may have moved to that of its partner.
func (c *component) pairInOrder(m *matcher) {
	if len(c.edges) == 0 || c.size[0] != c.size[1] || !haveOneText(c.old) || !haveOneText(c.new) {
		return
	}
	between := map[[2]*group]openEdge{}
	for _, e := range c.edges {
		between[[2]*group{e.old, e.new}] = e
	}
	var order []openEdge
	old, new := inOrder(c.old), inOrder(c.new)
	for i := range old {
		e, found := between[[2]*group{old[i], new[i]}]
		if !found {
			return
		}
		order = append(order, e)
	}
	for _, e := range order {
		m.pairRows(e.edge)
	}
}

// inOrder returns a group for each row, ordered by day.
func inOrder(groups []*group) (rows []*group) {
	for _, g := range groups {
		rows = append(rows, slices.Repeat([]*group{g}, len(g.rows))...)
	}
	slices.SortStableFunc(rows, func(a, b *group) int { return cmp.Compare(a.first.day, b.first.day) })
	return rows
}

// componentsOf returns the components of the edges, in the order of their first edges.
func componentsOf(edges []openEdge) (components []*component) {
	parents := map[*group]*group{}
	root := func(g *group) *group {
		for parents[g] != nil {
			if next := parents[parents[g]]; next != nil {
				parents[g] = next
			}
			g = parents[g]
		}
		return g
	}
	for _, e := range edges {
		if a, b := root(e.old), root(e.new); a != b {
			parents[a] = b
		}
	}
	known := map[*group]*component{}
	for _, e := range edges {
		of := root(e.old)
		if known[of] == nil {
			known[of] = &component{}
			components = append(components, known[of])
		}
		known[of].edges = append(known[of].edges, e)
	}
	for _, c := range components {
		c.count()
	}
	return components
}

// count sets the groups and their sizes, and omits the edges of groups without rows.
func (c *component) count() {
	c.old, c.new, c.size = nil, nil, [2]int{}
	c.edges = slices.DeleteFunc(c.edges, func(e openEdge) bool { return len(e.old.rows)*len(e.new.rows) == 0 })
	seen := map[*group]bool{}
	for _, e := range c.edges {
		if !seen[e.old] {
			seen[e.old] = true
			c.old, c.size[0] = append(c.old, e.old), c.size[0]+len(e.old.rows)
		}
		if !seen[e.new] {
			seen[e.new] = true
			c.new, c.size[1] = append(c.new, e.new), c.size[1]+len(e.new.rows)
		}
	}
}

// pairForced pairs the rows of two groups if one of the groups has no other partner, and reports whether it did. All
// rows of the component must have a partner, and the days must leave no choice.
func (c *component) pairForced(m *matcher) bool {
	single := len(c.edges) == 1
	if len(c.edges) == 0 || c.size[0] != c.size[1] && !(single && m.context.AsMany) || !single && !c.isCertain() {
		return false
	}
	partners := map[*group]int{}
	for _, e := range c.edges {
		partners[e.old]++
		partners[e.new]++
	}
	for _, e := range c.edges {
		o, n := len(e.old.rows), len(e.new.rows)
		isForced := partners[e.old] == 1 && o <= n || partners[e.new] == 1 && n <= o || single
		if isForced && c.haveOnePartner(e) {
			m.pairRows(e.edge)
			c.count()
			return len(e.old.rows) < o
		}
	}
	return false
}

// haveOnePartner reports whether it does not matter which rows of the groups of an edge are paired. If the partners of
// a group of several rows, which cannot be told apart, have the tax numbers of several people, one of the pairings is
// right, and nobody knows which.
func (c *component) haveOnePartner(of openEdge) bool {
	var old, new []*group
	for _, e := range c.edges {
		if e.new == of.new {
			old = append(old, e.old)
		}
		if e.old == of.old {
			new = append(new, e.new)
		}
	}
	return (len(of.old.rows) == 1 || haveOneParty(new)) && (len(of.new.rows) == 1 || haveOneParty(old))
}

// isCertain reports whether the days of one side allow one day only for the other side.
func (c *component) isCertain() bool {
	forward, backward := true, true
	for _, e := range c.edges {
		forward, backward = forward && e.forward, backward && e.backward
	}
	return forward || backward
}

// cannotBeToldApart reports whether any pairing of the rows is right: there are as many old rows as new ones, each may
// be each, and neither text nor day tells them apart.
func (c *component) cannotBeToldApart() bool {
	if len(c.edges) == 0 || c.size[0] != c.size[1] || len(c.edges) != len(c.old)*len(c.new) {
		return false
	}
	oneText := (haveOneText(c.old) || haveOneText(c.new)) && haveOneName(c.old) && haveOneName(c.new)
	return oneText &&
		(haveOneDay(c.old) && haveOneDay(c.new) || c.isCertain() && (haveOneDay(c.old) || haveOneDay(c.new)))
}

// pairAlike pairs k old rows that cannot be told apart with k such new rows, if only identifiers or times in the rows
// of one side differ: two coffees of one day, of which only the old rows state the minute.
func (m *matcher) pairAlike() {
	var edges []openEdge
	for _, e := range m.edges {
		if e.verdict() == Same && !e.unequal && !e.uncounted && !e.old.unjudged && !e.new.contested &&
			len(e.old.rows)*len(e.new.rows) > 0 {
			edges = append(edges, openEdge{e, true, true})
		}
	}
	for _, c := range componentsOf(edges) {
		if len(c.edges) > 1 && haveOneText(c.old) && haveOneText(c.new) && haveOneDay(c.old) && haveOneDay(c.new) &&
			c.cannotBeToldApart() {
			for _, e := range c.edges {
				m.pairRows(e.edge)
			}
		}
	}
}

func haveOneText(groups []*group) bool {
	return isOne(groups, func(r *row) string { return strings.Join(textKey(&r.Evidence), "\x00") })
}

// haveOneName reports whether the rows name the same. Rows that name different parties are different movements, also if
// the rows of the other side name nobody.
func haveOneName(groups []*group) bool {
	return isOne(groups, func(r *row) string { return strings.Join(r.Words, " ") })
}

// haveOneParty reports whether the rows state the same tax numbers of the counterparty.
func haveOneParty(groups []*group) bool {
	return isOne(groups, func(r *row) string { return strings.Join(r.Documents, " ") })
}

func haveOneDay(groups []*group) bool {
	return isOne(groups, func(r *row) string { return strconv.Itoa(r.day) })
}

// isOne reports whether the function has one value for all groups.
func isOne(groups []*group, of func(*row) string) bool {
	first := of(groups[0].first)
	return !slices.ContainsFunc(groups[1:], func(g *group) bool { return of(g.first) != first })
}

// learnWords learns which words became which, from the pairs, and from the edges between rows that have no other
// partner: one row, or k rows that cannot be told apart and k such rows.
func (m *matcher) learnWords(r *rewriting) {
	r.became, r.partners, r.added = map[[2]string]taughtWords{}, map[string]map[string]bool{}, map[string]taughtWords{}
	for _, e := range m.decided {
		r.add(e, 1)
	}
	for _, c := range componentsOf(m.openEdges(r, reworded)) {
		if len(c.edges) == 1 && c.size[0] == c.size[1] {
			r.add(c.edges[0].edge, c.size[0])
		}
	}
}

// add adds the words of the rows of an edge.
func (r *rewriting) add(e *edge, rows int) {
	texts := e.rewriting()
	r.became[texts] = r.became[texts].with(e.old.first.day, rows)
	if e.support == renamed {
		r.added[texts[1]] = r.added[texts[1]].with(e.old.first.day, rows)
	}
	for i, text := range texts {
		if r.partners[text] == nil {
			r.partners[text] = map[string]bool{}
		}
		r.partners[text][texts[1-i]] = true
	}
}

// isRewritten reports whether the words of the texts became each other in enough rows, and neither became others.
func (r *rewriting) isRewritten(e *edge) bool {
	texts, least := e.rewriting(), minRewritten
	if e.verdict() == Other {
		least = minContradicting
	}
	if e.support == renamed && r.added[texts[1]].isTaught(minRewritten) {
		return true // a category before the name: Groceries - Soriana
	}
	return r.became[texts].isTaught(least) && len(r.partners[texts[0]]) == 1 && len(r.partners[texts[1]]) == 1
}

// rewriting returns the words of the old text that the new one lacks, and the words of the new text that the old one
// lacks. Numbers are left out.
func (e *edge) rewriting() [2]string {
	without := func(a, b *row) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(a.tokens), func(token string) bool {
			return strings.ContainsAny(token, "0123456789") || slices.Contains(b.tokens, token)
		}), " ")
	}
	return [2]string{"old " + without(e.old.first, e.new.first), "new " + without(e.new.first, e.old.first)}
}

// isSmallClass reports whether few rows of each side have the days and the amount of two groups.
func (m *matcher) isSmallClass(oldGroup, newGroup *group) bool {
	if m.perDay == nil {
		m.perDay = []map[scopeDay]int{{}, {}}
		for side, rows := range [2][]*row{m.left, m.came} {
			for _, r := range rows {
				m.perDay[side][scopeDay{r.scope, r.day}]++
			}
		}
	}
	o, n := oldGroup.first, newGroup.first
	return m.perDay[0][scopeDay{o.scope, o.day}] <= maxSmallClass &&
		m.perDay[1][scopeDay{n.scope, n.day}] <= maxSmallClass
}

// scopeDay identifies the rows of one account, amount and day.
type scopeDay struct {
	scope string
	day   int
}
