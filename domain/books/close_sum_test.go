package books_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// closedAccount is the account of closed periods.
var closedAccount = domain.Account{
	ID: domain.AccountID{UUID: uuid.UUID{1}}, Vendor: "pluggy",
	AccountData: domain.AccountData{Type: domain.BankAccount, Name: "Conta", Number: "1-2", Currency: "BRL"},
}

// addTo adds posted records to the sum, with the ids 1, 2 and so on.
func addTo(s *books.CloseSum, rows ...books.SumRow) {
	for i, r := range rows {
		s.Add(recordID(i+1), domain.Posted, r)
	}
}

// closeOf returns the close of 10 March.
func closeOf(s *books.CloseSum, c books.Completeness) books.Close {
	return s.Close(books.CloseRequest{Date: "2026-03-10", At: statementStart, By: "maria"}, c)
}

func TestTheStatementOfACloseBeginsAfterThePreviousOne(t *testing.T) {
	none := books.Completeness{}
	for name, c := range map[string]struct {
		from domain.Date // the result of CloseRequest.FirstDay
		rows []books.SumRow
		want string // the first day, credits, debits, and their sum
	}{
		"no record":              {"", nil, "2026-03-10 0 0 0"},
		"no record, but a close": {"2026-03-03", nil, "2026-03-03 0 0 0"},
		"before the first record": {
			"2026-03-01", []books.SumRow{posted("2026-03-05", "5")}, "2026-03-01 1 0 5",
		},
		"from the first record on": {
			"", []books.SumRow{posted("2026-03-05", "5"), posted("2026-03-04", "-2")}, "2026-03-04 1 1 3",
		},
		"the day of the close": {
			"", []books.SumRow{posted("2026-03-10", "5"), posted("2026-03-09", "2")}, "2026-03-09 2 0 7",
		},
		"not after the close": {
			"", []books.SumRow{posted("2026-03-11", "5"), posted("2026-03-09", "2")}, "2026-03-09 1 0 2",
		},
		"not up to the earlier close": {
			"2026-03-06",
			[]books.SumRow{posted("2026-03-05", "5"), posted("2026-03-06", "-2")}, "2026-03-06 0 1 -2",
		},
	} {
		sum := books.NewCloseSum(closedAccount, none, "2026-03-10", c.from)
		addTo(sum, c.rows...)
		got := closeOf(sum, none)
		s := got.Statement
		text := fmt.Sprintf("%s %d %d %s", s.From, s.Credits.Count, s.Debits.Count, s.PostedSum())
		if text != c.want || s.PostedCount() != s.Credits.Count+s.Debits.Count {
			t.Errorf("%s: %s with %d records, want %s", name, text, s.PostedCount(), c.want)
		}
		if got.Period() != (domain.Window{From: s.From, To: "2026-03-10"}) {
			t.Errorf("%s: the period is %v", name, got.Period())
		}
		if s.Format != books.DocumentFormat || s.Vendor != "pluggy" || s.Name != "Conta" || s.Currency != "BRL" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	sum := books.NewCloseSum(closedAccount, none, "2026-03-10", "")
	sum.Add(recordID(1), domain.Pending, posted("2026-03-05", "99"))
	if got := closeOf(
		sum,
		none,
	); got.Statement.From != "2026-03-05" || got.Statement.PostedCount() != 0 ||
		got.Count != 1 {
		t.Errorf("a pending record: %+v", got.Statement)
	}
}

func TestACopyOfACloseSumIsIndependent(t *testing.T) {
	c := accepted("100", "2026-03-01")
	sum := books.NewCloseSum(closedAccount, c, "2026-03-10", "")
	addTo(sum, posted("2026-03-05", "5"))
	before := closeOf(sum.Clone(), c)
	clone := sum.Clone()
	clone.Add(recordID(2), domain.Posted, posted("2026-03-06", "7"))
	if diff := cmp.Diff(before, closeOf(sum.Clone(), c)); diff != "" {
		t.Errorf("a record of the copy changes the sum (-before +after):\n%s", diff)
	}
	if after := closeOf(
		clone,
		c,
	); after.Digest == before.Digest || after.Count != 2 ||
		after.Statement.Credits.Count != 2 {
		t.Errorf("the copy lacks its record: %+v", after)
	}
	dollars := posted("2026-03-06", "7")
	dollars.Amount.Currency = "USD"
	for i := range 3 {
		sum.Add(recordID(10+i), domain.Posted, dollars)
	}
	clone = sum.Clone()
	sum.Add(recordID(20), domain.Posted, dollars)
	clone.Add(recordID(30), domain.Posted, dollars)
	for id, s := range map[int]*books.CloseSum{20: sum, 30: clone} {
		if named := closeOf(s, c).Statement.Unconverted; len(named) != 4 || named[3] != recordID(id) {
			t.Errorf("the records without an amount are %v, want %v as the last one", named, recordID(id))
		}
	}
}

func TestACloseLeavesOutRecordsWithoutAnAmount(t *testing.T) {
	dollars := posted("2026-03-05", "5")
	dollars.Amount.Currency = "USD"
	later := posted("2026-03-11", "5")
	later.Amount.Currency = "USD"
	for name, c := range map[string]struct {
		account domain.Account
		row     books.SumRow
		has     bool
	}{
		"the currency of the account": {closedAccount, posted("2026-03-05", "5"), true},
		"another currency":            {closedAccount, dollars, true},
		"another currency later":      {closedAccount, later, true},
		"no currency":                 {domain.Account{}, posted("2026-03-05", "5"), false},
	} {
		sum := books.NewCloseSum(c.account, books.Completeness{}, "2026-03-10", "")
		if sum.LastDay() != "2026-03-10" {
			t.Errorf("%s: the last day is %s", name, sum.LastDay())
		}
		addTo(sum, c.row)
		clone := sum.Clone()
		closed := closeOf(clone, books.Completeness{})
		document, err := closed.Document()
		if (closed.Statement != nil) != c.has || (err == nil) != c.has {
			t.Errorf("%s: %+v, %v", name, closed.Statement, err)
		}
		if !c.has &&
			(domain.CodeOf(err) != domain.NoAccountAmount || closed.Period() != (domain.Window{To: "2026-03-10"})) {
			t.Errorf("%s: %v, %v", name, err, closed.Period())
		}
		omitted := 0
		if name == "another currency" {
			omitted = 1
		}
		if closed.WithoutAmount != omitted || len(document.Unconverted) != omitted || document.Omitted != 0 ||
			document.OmitUnconverted != c.has {
			t.Errorf("%s: the close leaves out %d, and its statement %+v", name, closed.WithoutAmount, document)
		}
		if c.has &&
			(document.Account.Name != "Conta" || document.Currency != "BRL" || document.CreatedAt != statementStart) {
			t.Errorf("%s: %+v", name, document)
		}
	}
}

// A document names a limited number of records, and counts the others. A document that was closed before documents
// named them stays as it was.
func TestTheDocumentOfACloseNamesTheRecordsThatItLeavesOut(t *testing.T) {
	sum := books.NewCloseSum(closedAccount, books.Completeness{}, "2026-03-10", "")
	var rows []books.SumRow
	for range 40 {
		dollars := posted("2026-03-05", "5")
		dollars.Amount.Currency = "USD"
		rows = append(rows, dollars)
	}
	addTo(sum, rows...)
	closed := closeOf(sum, books.Completeness{})
	document, err := closed.Document()
	if err != nil {
		t.Fatal(err)
	}
	if exact := document.LeftOut(len("left out: 40 records without an amount in BRL:") + 33); len(exact) != 79 {
		t.Errorf("in the room for one id, it states %q", exact)
	}
	const begin = "left out: 40 records without an amount in BRL:"
	want := begin + " " + books.CompactID(recordID(1).UUID) + " " + books.CompactID(recordID(2).UUID)
	if got := document.LeftOut(len(want) + 32); got != want {
		t.Errorf("it states %q, want %q", got, want)
	}
	if kept := len(document.Unconverted); kept != 15 || document.Omitted != 25 {
		t.Errorf("it keeps the ids of %d records, and counts %d others", kept, document.Omitted)
	}
	closed.Statement.Format, closed.Statement.Unconverted = 2, nil
	document, err = closed.Document()
	if got := document.LeftOut(500); err != nil || got != "" || document.Omitted != 40 {
		t.Errorf("the earlier document states %q and leaves out %d records, %v", got, document.Omitted, err)
	}
}

func TestTheDocumentOfACloseHasAnIDOfItsOwn(t *testing.T) {
	documentOf := func(change func(*books.Close)) uuid.UUID {
		sum := books.NewCloseSum(closedAccount, books.Completeness{}, "2026-03-10", "")
		closed := closeOf(sum, books.Completeness{})
		change(&closed)
		document, err := closed.Document()
		if err != nil {
			t.Fatal(err)
		}
		return document.ID
	}
	same := documentOf(func(*books.Close) {})
	if same != documentOf(func(*books.Close) {}) || same.Version() != 8 || same.Variant() != uuid.RFC4122 {
		t.Errorf("the id is %s", same)
	}
	seen := map[uuid.UUID]string{same: "the same"}
	for name, change := range map[string]func(*books.Close){
		"account": func(c *books.Close) { c.Account.UUID[0]++ },
		"date":    func(c *books.Close) { c.Date = "2026-03-11" },
		"time":    func(c *books.Close) { c.ClosedAt = c.ClosedAt.Add(time.Nanosecond) },
	} {
		id := documentOf(change)
		if other, found := seen[id]; found {
			t.Errorf("another %s has the id of %s", name, other)
		}
		seen[id] = name
	}
}

// The closing balance depends on all records up to the first day of the baseline.
func TestACloseReadsTheRecordsUpToTheBaseline(t *testing.T) {
	sum := books.NewCloseSum(closedAccount, accepted("100", "2026-03-20"), "2026-03-10", "")
	if sum.LastDay() != "2026-03-20" {
		t.Errorf("the last day is %s", sum.LastDay())
	}
}

func TestTheSameBaselineYieldsTheSameBalances(t *testing.T) {
	known := func(change func(*books.Completeness)) books.Completeness {
		c := accepted("100", "2026-03-01")
		change(&c)
		return c
	}
	same := func(*books.Completeness) {}
	for name, c := range map[string]struct {
		a, b books.Completeness
		want bool
	}{
		"equal":             {known(same), known(same), true},
		"both unknown":      {books.Completeness{}, books.Completeness{}, true},
		"one unknown":       {known(same), books.Completeness{}, false},
		"the other unknown": {books.Completeness{}, known(same), false},
		"another first day": {
			known(same), known(func(c *books.Completeness) { c.Baseline.FirstDay = "2026-03-02" }), false,
		},
		"another time": {
			known(same), known(func(c *books.Completeness) { c.Baseline.At = statementStart.Add(1) }), false,
		},
		"another currency": {known(same), known(func(c *books.Completeness) { c.Last.Currency = "USD" }), false},
		"another anchor": {
			known(same), known(func(c *books.Completeness) { c.Baseline.Anchor = decimal.NewFromInt(99) }), false,
		},
		"the same anchor": {
			known(same),
			known(func(c *books.Completeness) { c.Baseline.Anchor = decimal.RequireFromString("100.0") }), true,
		},
		"another zone": {
			known(same),
			known(func(c *books.Completeness) { c.Baseline.At = statementStart.In(time.FixedZone("", 3600)) }), true,
		},
		"a balance that is stated no longer": {
			known(same), known(func(c *books.Completeness) { c.Last.Missing = books.BasisNoBalance }), false,
		},
		"a reading, unknown": {known(func(c *books.Completeness) { c.Baseline = nil }), books.Completeness{}, true},
	} {
		if got := c.a.SameBaseline(c.b); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
		if got := c.b.SameBaseline(c.a); got != c.want {
			t.Errorf("%s, the other way round: %t", name, got)
		}
	}
}
