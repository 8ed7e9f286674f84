package witness

import (
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// confirmed matches the groups that a person has confirmed, as far as they still exist and have the amount of the line.
func (c *comparer) confirmed(groups []Group) {
	byID := map[domain.TransactionID]int{}
	for i := range c.records {
		byID[c.records[i].ID] = i
	}
	for _, g := range groups {
		if g.Position < 1 || g.Position > len(c.lines) || !c.open(&c.lines[g.Position-1]) {
			continue
		}
		var sum decimal.Decimal
		var members []int
		for _, id := range g.Records {
			if i, found := byID[id]; found && c.free(&c.records[i]) && !slices.Contains(members, i) {
				members = append(members, i)
				sum = sum.Add(c.records[i].Amount)
			}
		}
		if len(members) == len(g.Records) && len(members) > 0 && sum.Equal(c.lines[g.Position-1].Amount) {
			c.pair(g.Position-1, ByPerson, members...)
		}
	}
}

// idKey returns an identifier in the form in which it is compared.
func idKey(value string) string { return strings.ToUpper(domain.CleanReference(value)) }

// idAmount is an identifier together with the number of an amount.
type idAmount struct {
	id     string
	amount int
}

// recordsByID returns the free records by each of their identifiers and their amount.
func (c *comparer) recordsByID() map[idAmount][]int {
	byID := map[idAmount][]int{}
	for i := range c.records {
		r := &c.records[i]
		if !c.free(r) {
			continue
		}
		seen := map[string]bool{"": true}
		for _, value := range append(r.References.Values(), r.ExternalID) {
			if key := idKey(value); !seen[key] {
				seen[key] = true
				byID[idAmount{key, r.amount}] = append(byID[idAmount{key, r.amount}], i)
			}
		}
	}
	return byID
}

// byID matches lines and records that have an equal stable identifier and an equal amount. The parts of a line are
// matched in the same way, if each of them has a record.
func (c *comparer) byID() {
	if !slices.ContainsFunc(c.lines, func(l line) bool { return hasStableID(l.IDs) || len(l.Parts) > 0 }) {
		return
	}
	byID := c.recordsByID()
	for i := range c.lines {
		if l := &c.lines[i]; c.open(l) {
			if r, found := c.find(byID, l.IDs, l.amount, l.Date, nil); found {
				c.pairOne(i, ByID, r)
			}
		}
	}
	for i := range c.lines {
		if l := &c.lines[i]; c.open(l) {
			c.pairParts(i, func(p Part, used map[int]bool) (int, bool) {
				return c.find(byID, p.IDs, c.number(p.Amount), l.Date, used)
			})
		}
	}
}

func hasStableID(ids []ID) bool {
	return slices.ContainsFunc(ids, func(id ID) bool { return id.Stable })
}

// The limits of the search for records of equal identifiers, amounts and texts.
const (
	maxEqual    = 64   // records of one identifier and amount among which that of the day is looked for
	maxParts    = 5000 // parts of a line that are matched
	maxCompared = 400  // pairs of equal lines and records whose texts are compared word by word
)

// find returns a free record that has one of the stable identifiers and the amount: the one of the day if there is one,
// otherwise the earliest.
func (c *comparer) find(
	byID map[idAmount][]int, ids []ID, amount int, day domain.Date, used map[int]bool,
) (record int, found bool) {
	best := -1
	for _, id := range ids {
		if !id.Stable {
			continue
		}
		key := idAmount{idKey(id.Value), amount}
		list := c.dropTaken(byID[key])
		byID[key] = list
		for _, r := range list[:min(len(list), maxEqual+len(used))] {
			if rec := &c.records[r]; c.free(rec) && !used[r] &&
				(best < 0 || rec.Date == day && c.records[best].Date != day) {
				best = r
			}
		}
	}
	return best, best >= 0
}

// dropTaken returns the list without the matched records at its beginning.
func (c *comparer) dropTaken(list []int) []int {
	for len(list) > 0 && !c.free(&c.records[list[0]]) {
		list = list[1:]
	}
	return list
}

// pairParts matches a line with the records of all its parts. find returns the record of a part that is not in used.
func (c *comparer) pairParts(l int, find func(p Part, used map[int]bool) (int, bool)) {
	parts := c.lines[l].Parts
	if len(parts) < 2 || len(parts) > maxParts {
		return
	}
	used := make(map[int]bool, len(parts))
	records := make([]int, 0, len(parts))
	for _, p := range parts {
		r, found := find(p, used)
		if !found {
			return
		}
		used[r] = true
		records = append(records, r)
	}
	c.pair(l, ByParts, records...)
}

// byDay matches lines and records of one day and amount. It counts them: of six equal lines and five equal records, one
// line remains.
func (c *comparer) byDay() {
	for _, day := range []func(l *line) domain.Date{
		func(l *line) domain.Date { return l.Date }, func(l *line) domain.Date { return l.ValueDate },
	} {
		records := map[dayAmount][]int{}
		for i := range c.records {
			if r := &c.records[i]; c.free(r) {
				key := dayAmount{r.Date, r.amount}
				records[key] = append(records[key], i)
			}
		}
		lines := map[dayAmount][]int{}
		var keys []dayAmount
		for i := range c.lines {
			key := dayAmount{day(&c.lines[i]), c.lines[i].amount}
			if !c.open(&c.lines[i]) || len(records[key]) == 0 {
				continue
			}
			if lines[key] == nil {
				keys = append(keys, key)
			}
			lines[key] = append(lines[key], i)
		}
		for _, key := range keys {
			c.pairEqual(lines[key], records[key])
		}
	}
}

// pairEqual matches lines and records that have one day and amount. Equal texts are matched first, then the most
// similar ones, and then the rest in their order.
func (c *comparer) pairEqual(lines, records []int) {
	if len(lines) == 1 && len(records) == 1 {
		c.pairOne(lines[0], ByDay, records[0])
		return
	}
	byText := map[string][]int{}
	for _, r := range records {
		text := foldText(c.records[r].Text)
		byText[text] = append(byText[text], r)
	}
	for _, l := range lines {
		text := foldText(c.lines[l].Text)
		if same := byText[text]; len(same) > 0 {
			byText[text] = same[1:]
			c.pairOne(l, ByDay, same[0])
		}
	}
	lines = slices.DeleteFunc(slices.Clone(lines), func(l int) bool { return !c.open(&c.lines[l]) })
	records = slices.DeleteFunc(slices.Clone(records), func(r int) bool { return !c.free(&c.records[r]) })
	if len(lines) != len(records) && len(lines)*len(records) <= maxCompared {
		lines, records = c.bySimilarity(lines, records)
	}
	for i := range min(len(lines), len(records)) {
		c.pairOne(lines[i], ByDay, records[i])
	}
}

// candidate is a line and a record, and how many words their texts have in common.
type candidate struct{ line, record, common int }

// byCommonWords sorts the candidates with the most common words first.
type byCommonWords []candidate

func (l byCommonWords) Len() int           { return len(l) }
func (l byCommonWords) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l byCommonWords) Less(i, j int) bool { return l[i].common > l[j].common }

// bySimilarity orders lines and records so that the most similar texts have equal indexes.
func (c *comparer) bySimilarity(lines, records []int) (orderedLines, orderedRecords []int) {
	var all []candidate
	with := map[string][]int{} // the indexes of the records whose texts contain a word
	for i, r := range records {
		for word := range wordsOf(c.records[r].Text) {
			with[word] = append(with[word], i)
		}
	}
	for _, l := range lines {
		common := make([]int, len(records))
		for word := range wordsOf(c.lines[l].Text) {
			for _, i := range with[word] {
				common[i]++
			}
		}
		for i, r := range records {
			all = append(all, candidate{l, r, common[i]})
		}
	}
	sort.Stable(byCommonWords(all))
	usedLines, usedRecords := map[int]bool{}, map[int]bool{}
	for _, p := range all {
		if !usedLines[p.line] && !usedRecords[p.record] {
			usedLines[p.line], usedRecords[p.record] = true, true
			orderedLines, orderedRecords = append(orderedLines, p.line), append(orderedRecords, p.record)
		}
	}
	return orderedLines, orderedRecords
}

// foldText returns a text without case, accents and repeated spaces.
func foldText(text string) string { return strings.Join(strings.Fields(domain.FoldText(text)), " ") }

func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(domain.FoldText(text)) {
		words[word] = true
	}
	return words
}

// near is a line or a record in the list of one amount, ordered by weekday.
type near struct{ weekday, index int }

// byNearDay matches lines and records of one amount within three weekdays, if each is the only candidate of the other.
// open reports whether a line takes part.
func (c *comparer) byNearDay(open func(l *line) bool) {
	lines, records := map[int][]near{}, map[int][]near{}
	for i := range c.records {
		if r := &c.records[i]; c.free(r) {
			records[r.amount] = append(records[r.amount], near{weekday(r.Date), i})
		}
	}
	for i := range c.lines {
		if l := &c.lines[i]; open(l) && len(records[l.amount]) > 0 {
			for _, day := range l.days() {
				lines[l.amount] = append(lines[l.amount], near{weekday(day), i})
			}
		}
	}
	for amount := range lines {
		sort.Sort(byDay(lines[amount]))
		sort.Sort(byDay(records[amount]))
	}
	for i := range c.lines {
		l := &c.lines[i]
		if !open(l) {
			continue
		}
		var days []int
		for _, day := range l.days() {
			days = append(days, weekday(day))
		}
		if r, only := onlyNear(records[l.amount], days); only {
			if back, only := onlyNear(lines[l.amount], []int{weekday(c.records[r].Date)}); only && back == i {
				c.pairOne(i, ByNearDay, r)
			}
		}
	}
}

// byDay sorts by weekday and index.
type byDay []near

func (l byDay) Len() int      { return len(l) }
func (l byDay) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l byDay) Less(i, j int) bool {
	return l[i].weekday < l[j].weekday || l[i].weekday == l[j].weekday && l[i].index < l[j].index
}

// onlyNear returns the only index in the list that is at most three weekdays away from one of the days. only is false
// if there is none or another one.
func onlyNear(list []near, days []int) (index int, only bool) {
	index = -1
	for _, day := range days {
		from := sort.Search(len(list), func(i int) bool { return list[i].weekday >= day-nearDays })
		for _, n := range list[from:] {
			if n.weekday > day+nearDays {
				break
			}
			if index >= 0 && index != n.index {
				return 0, false
			}
			index = n.index
		}
	}
	return index, index >= 0
}

// weekday numbers the weekdays. Saturday and Sunday have the number of the Friday before.
func weekday(day domain.Date) int {
	at, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return 0
	}
	const monday = 4 // 1970-01-05
	days := int(at.Unix()/int64(24*time.Hour/time.Second)) - monday
	week, in := days/7, days%7
	if in < 0 {
		week, in = week-1, in+7
	}
	return week*5 + min(in, 4)
}

// byOtherAmount matches what has an equal stable identifier, and then what has one day and text, although the amounts
// differ. Each must be the only candidate of the other.
func (c *comparer) byOtherAmount() {
	c.pairUnique(ByIDOnly, func(l *line) (keys []string) {
		for _, id := range l.IDs {
			if id.Stable {
				keys = append(keys, idKey(id.Value))
			}
		}
		return keys
	}, func(r *record) []string { return append(r.References.Values(), r.ExternalID) }, idKey)
	c.pairUnique(ByText, func(l *line) (keys []string) {
		for _, day := range l.days() {
			keys = append(keys, textKey(day, l.Text))
		}
		return keys
	}, func(r *record) []string { return []string{textKey(r.Date, r.Text)} }, func(key string) string { return key })
}

// textKey returns a day and a text as one key; "" if there is no text.
func textKey(day domain.Date, text string) string {
	if text = foldText(text); text == "" {
		return ""
	}
	return string(day) + " " + text
}

// pairUnique matches each line and record that share a key, if each of them is the only one with a key of the other.
func (c *comparer) pairUnique(by MatchedBy, ofLine func(*line) []string, ofRecord func(*record) []string,
	normal func(string) string,
) {
	lines, records := map[string][]int{}, map[string][]int{}
	add := func(m map[string][]int, key string, i int) {
		if key = normal(key); key != "" && !slices.Contains(m[key], i) && len(m[key]) < 2 {
			m[key] = append(m[key], i)
		}
	}
	for i := range c.lines {
		if c.open(&c.lines[i]) {
			for _, key := range ofLine(&c.lines[i]) {
				add(lines, key, i)
			}
		}
	}
	if len(lines) == 0 {
		return
	}
	for i := range c.records {
		if c.free(&c.records[i]) {
			for _, key := range ofRecord(&c.records[i]) {
				add(records, key, i)
			}
		}
	}
	for i := range c.lines {
		if r, only := onlyOf(records, ofLineIf(c.open(&c.lines[i]), ofLine, &c.lines[i]), normal); only {
			if l, only := onlyOf(lines, ofRecord(&c.records[r]), normal); only && l == i && c.free(&c.records[r]) {
				c.pairOne(i, by, r)
			}
		}
	}
}

func ofLineIf(open bool, of func(*line) []string, l *line) []string {
	if !open {
		return nil
	}
	return of(l)
}

// onlyOf returns the only index that the map has for the keys.
func onlyOf(m map[string][]int, keys []string, normal func(string) string) (index int, only bool) {
	index = -1
	for _, key := range keys {
		if key = normal(key); key == "" {
			continue
		}
		for _, i := range m[key] {
			if index >= 0 && index != i {
				return 0, false
			}
			index = i
		}
	}
	return index, index >= 0
}

// aside finds the records whose line is outside, because it is later than the last complete day of the account. Such a
// record is not missing at the bank.
func (c *comparer) aside() {
	for i := range c.lines {
		if c.lines[i].scope == later {
			c.lines[i].scope = matched
		} else if c.lines[i].scope == matched {
			c.lines[i].scope = left
		}
	}
	c.byDay()
	c.byNearDay(c.open)
	for i := range c.lines {
		l := &c.lines[i]
		switch {
		case l.scope == left && l.Kind == Line:
			l.scope = matched
		case l.scope == matched:
			for _, r := range l.records {
				c.records[r].aside, c.records[r].line = true, -1
			}
			l.scope, l.records, l.by, l.differing = later, nil, notMatched, nil
		}
	}
}
