package matching

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// parsedRow returns a row of one account at a time of a day in UTC.
func parsedRow(t *testing.T, at time.Time) *row {
	t.Helper()
	return parsedText(t, at, "PIX ENVIADO LOJA")
}

// parsedText is like parsedRow, for a row with the text.
func parsedText(t *testing.T, at time.Time, text string) *row {
	t.Helper()
	r := banktext.NewRow(domain.TransactionData{
		ExternalID: at.String(), Date: domain.DateOf(at), OccurredAt: at, Description: text,
		Amount: domain.Money{Amount: decimal.New(-1234, -2), Currency: "BRL"},
	}, domain.AccountID{UUID: uuid.UUID{15: 1}}, domain.InstitutionKeys{})
	parsed := parse(&r)
	if parsed == nil {
		t.Fatalf("a row at %v is not parsed", at)
	}
	return parsed
}

// TestClosing checks from which second of the day rows are dated later.
func TestClosing(t *testing.T) {
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a banking day, as the next four
	// at returns the shift of a row: of a day of that week, at an hour, whose date has moved by a number of days.
	at := func(day, hour, moved int) shift {
		r := parsedRow(t, monday.AddDate(0, 0, day).Add(time.Duration(hour)*time.Hour+time.Second))
		return shift{row: r, old: r.day, new: r.day + moved}
	}
	const never = secondsOfDay
	for name, c := range map[string]struct {
		taught []shift
		want   int
	}{
		"two of each":                   {[]shift{at(0, 9, 0), at(1, 15, 0), at(0, 20, 1), at(1, 18, 1)}, 18*3600 + 1},
		"in another order":              {[]shift{at(1, 18, 1), at(0, 20, 1), at(1, 15, 0), at(0, 9, 0)}, 18*3600 + 1},
		"one early":                     {[]shift{at(0, 9, 0), at(0, 20, 1), at(1, 18, 1)}, never},
		"one late":                      {[]shift{at(0, 9, 0), at(1, 15, 0), at(0, 20, 1)}, never},
		"an early row after a late one": {[]shift{at(0, 9, 0), at(1, 19, 0), at(0, 20, 1), at(1, 18, 1)}, never},
		"an early row with a late one":  {[]shift{at(0, 9, 0), at(1, 18, 0), at(0, 20, 1), at(1, 18, 1)}, never},
		"Thursdays":                     {[]shift{at(3, 9, 0), at(3, 15, 0), at(3, 20, 1), at(3, 18, 1)}, 18*3600 + 1},
		"Fridays":                       {[]shift{at(4, 9, 0), at(4, 15, 0), at(4, 20, 1), at(4, 18, 1)}, never},
		"Sundays":                       {[]shift{at(-1, 9, 0), at(-1, 15, 0), at(-1, 20, 1), at(-1, 18, 1)}, never},
	} {
		if got := closing(c.taught); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestFewRowsOfOneDayAndAmount checks the limits of each side, and that rows of other days do not count.
func TestFewRowsOfOneDayAndAmount(t *testing.T) {
	day := time.Date(2026, 3, 2, 12, 0, 1, 0, time.UTC)
	rows := func(n int) (all []*row) {
		for i := range n {
			all = append(all, parsedRow(t, day.Add(time.Duration(i)*time.Second)))
		}
		return append(all, parsedRow(t, day.AddDate(0, 0, 1)))
	}
	for _, c := range []struct {
		left, came int
		want       bool
	}{
		{1, 1, true},
		{maxSmallClass, maxSmallClass, true},
		{maxSmallClass + 1, maxSmallClass, false},
		{maxSmallClass, maxSmallClass + 1, false},
		{maxSmallClass + 1, maxSmallClass + 1, false},
	} {
		m := &matcher{left: rows(c.left), came: rows(c.came)}
		if got := m.isSmallClass(&group{first: m.left[0]}, &group{first: m.came[0]}); got != c.want {
			t.Errorf("%d old and %d new rows: %v, want %v", c.left, c.came, got, c.want)
		}
	}
}

// TestAddAccountVerdict checks that an account in doubt is named once, and that an account has several possible
// predecessors.
func TestAddAccountVerdict(t *testing.T) {
	byID := map[string]domain.Account{}
	for i := range 3 {
		id := fmt.Sprint("before ", i)
		byID[id] = domain.Account{
			ID: domain.AccountID{UUID: uuid.UUID{15: byte(i + 1)}}, AccountData: domain.AccountData{ExternalID: id},
		}
	}
	var r RecognizedAccounts
	for _, v := range []AccountVerdict{
		{Before: []string{"before 0", "before 1"}, After: "a", Ground: Undecided},
		{Before: []string{"before 1", "before 0"}, After: "b", Ground: Undecided},
		{Before: []string{"before 2"}, After: "c", Ground: MaybeContinues},
		{Before: []string{"before 1"}, After: "c", Ground: MaybeContinues},
	} {
		r.add(v, byID)
	}
	if len(r.AmbiguousBefore) != 2 || len(r.AmbiguousAfter) != 2 || len(r.Maybe["c"]) != 2 || len(r.Pairs) != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestRowsThatCannotBeToldApart checks which pairings of two old and two new rows are all right.
func TestRowsThatCannotBeToldApart(t *testing.T) {
	day := time.Date(2026, 3, 2, 12, 0, 1, 0, time.UTC)
	const text, numbered, other = "COMPRA CARTAO PADARIA", "COMPRA CARTAO PADARIA 7751", "COMPRA CARTAO FARMACIA"
	type side struct {
		texts [2]string
		days  [2]int
	}
	same := side{texts: [2]string{text, text}}
	numbers, names := side{texts: [2]string{text, numbered}}, side{texts: [2]string{text, other}}
	days := side{texts: same.texts, days: [2]int{0, 1}}
	for name, c := range map[string]struct {
		old, new                   side
		forward, backward          bool // of all edges
		lackEdge, noEdges, surplus bool
		want                       bool
	}{
		"equal":                              {old: same, new: same, want: true},
		"no edges":                           {old: same, new: same, noEdges: true},
		"an edge is missing":                 {old: same, new: same, lackEdge: true},
		"more new rows":                      {old: same, new: same, surplus: true},
		"a number of one old row":            {old: numbers, new: same, want: true},
		"a number of one new row":            {old: same, new: numbers, want: true},
		"numbers on both sides":              {old: numbers, new: numbers},
		"two old names":                      {old: names, new: same},
		"two new names":                      {old: same, new: names},
		"two new days":                       {old: same, new: days},
		"two new days, each old day has one": {old: same, new: days, forward: true, want: true},
		"two new days, each has one old day": {old: same, new: days, backward: true, want: true},
		"two old days, each has one":         {old: days, new: same, forward: true, want: true},
		"two days on both sides":             {old: days, new: days, forward: true, backward: true},
	} {
		groups := func(s side) (all []*group) {
			for i := range s.texts {
				r := parsedText(t, day.AddDate(0, 0, s.days[i]), s.texts[i])
				all = append(all, &group{first: r, rows: []*row{r}, size: 1})
			}
			return all
		}
		of := &component{old: groups(c.old), new: groups(c.new), size: [2]int{2, 2}}
		for _, o := range of.old {
			for _, n := range of.new {
				of.edges = append(of.edges, openEdge{&edge{old: o, new: n}, c.forward, c.backward})
			}
		}
		switch {
		case c.noEdges:
			of.edges = nil
		case c.lackEdge:
			of.edges = of.edges[1:]
		case c.surplus:
			of.size[1]++
		}
		if got := of.cannotBeToldApart(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
