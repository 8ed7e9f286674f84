package books_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

var firstReading = time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)

// ledgerRow is a record of the account under test.
type ledgerRow struct {
	day     domain.Date
	amount  string
	seen    time.Time
	pending bool
}

// reading returns the reading of an account with this balance and these records in BRL.
func reading(c books.Completeness, at time.Time, balance string, rows ...ledgerRow) books.AccountReading {
	sum := books.NewAccountSum(
		books.VendorBalance{Amount: decimal.RequireFromString(balance), Currency: "BRL"}, c.Baseline, at)
	for _, row := range rows {
		amount, err := domain.ParseMoney(row.amount, "BRL")
		if err != nil {
			panic(err)
		}
		sum.Add(books.SumRow{Date: row.day, FirstSeenAt: row.seen, Posted: !row.pending, Amount: amount})
	}
	return sum.Reading(false, nil)
}

const grace = 48 * time.Hour

// basisOf returns the basis of an account with a confirmed baseline and a dated reading.
func basisOf(c books.Completeness) books.Basis {
	return dated(confirmed(c), firstReading).BasisAt(firstReading, grace)
}

// confirmed returns the state with a baseline that a later synchronisation has confirmed.
func confirmed(c books.Completeness) books.Completeness {
	if c.Baseline != nil {
		baseline := *c.Baseline
		baseline.Confirmed = true
		c.Baseline = &baseline
	}
	return c
}

// dated returns the state of an account whose bank was read at the given time.
func dated(c books.Completeness, at time.Time) books.Completeness {
	if c.Last != nil {
		last := *c.Last
		last.BankReadAt = at
		c.Last = &last
	}
	c.AccountReadAt = at
	return c
}

// anchorOf formats the completeness state and the difference that CheckBalanceAnchor has found.
func anchorOf(c books.Completeness, now time.Time) string {
	c = confirmed(c)
	state, _ := c.State(now, grace)
	return fmt.Sprint(state, " ", c.Results(now, grace)[0].Difference())
}

func TestAnAccountDriftsOnceItsAnchorHasDifferedForTheGracePeriod(t *testing.T) {
	old := ledgerRow{"2026-03-01", "100", firstReading, false}
	var c books.Completeness
	if got := anchorOf(c, firstReading); got != "unknown 0" || basisOf(c) != books.BasisNone {
		t.Errorf("before any reading: %s, %s", got, basisOf(c))
	}
	c = c.After(reading(c, firstReading, "1100", old))
	next := firstReading.Add(24 * time.Hour)
	spent := ledgerRow{"2026-03-11", "-40", next, false}
	later := ledgerRow{"2026-03-12", "-60", next, false}
	corrected := ledgerRow{"2026-03-12", "-70", next, false}
	pending := ledgerRow{"2026-03-12", "-9", next, true}
	late := ledgerRow{"2026-02-01", "7", next, false}
	for _, step := range []struct {
		name, balance string
		rows          []ledgerRow
		after         time.Duration
		want          string
	}{
		{"first reading", "1100", []ledgerRow{old}, 0, "complete 0"},
		{"a posted record with its balance", "1060", []ledgerRow{old, spent}, 24 * time.Hour, "complete 0"},
		{"a pending record", "1060", []ledgerRow{old, spent, pending}, 25 * time.Hour, "complete 0"},
		{"history that arrives late", "1060", []ledgerRow{old, spent, late}, 26 * time.Hour, "complete 0"},
		{"the balance leads the records", "1000", []ledgerRow{old, spent}, 48 * time.Hour, "complete -60"},
		{"the records follow", "1000", []ledgerRow{old, spent, later}, 49 * time.Hour, "complete 0"},
		{"a hidden record", "990", []ledgerRow{old, spent, later}, 50 * time.Hour, "complete -10"},
		{"before the grace period has passed", "990", []ledgerRow{old, spent, later}, 97 * time.Hour, "complete -10"},
		{"after the grace period", "990", []ledgerRow{old, spent, later}, 98 * time.Hour, "drifting -10"},
		{"the record appears", "990", []ledgerRow{old, spent, corrected}, 99 * time.Hour, "complete 0"},
	} {
		at := firstReading.Add(step.after)
		c = c.After(reading(c, at, step.balance, step.rows...))
		if got := anchorOf(c, at); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	if _, since := c.State(firstReading.Add(99*time.Hour), grace); !since.Equal(firstReading.Add(99 * time.Hour)) {
		t.Errorf("complete since %v, want the end of the drift", since)
	}
}

func TestARecordThatWasKnownBeforeIsNotLateWhenItsDateMoves(t *testing.T) {
	var c books.Completeness
	rows := []ledgerRow{{"2026-03-01", "100", firstReading, false}, {"2026-03-02", "50", firstReading, false}}
	c = c.After(reading(c, firstReading, "1000", rows...))
	rows[1].day = "2026-02-20"
	c = c.After(reading(c, firstReading.Add(time.Hour), "1000", rows...))
	if got := anchorOf(c, firstReading.Add(100*time.Hour)); got != "complete 0" {
		t.Error(got)
	}
}

func TestAnAccountWithoutRecordsGetsItsBaselineWithTheFirstRecord(t *testing.T) {
	var c books.Completeness
	c = c.After(reading(c, firstReading, "1000"))
	c = c.After(reading(c, firstReading.Add(time.Hour), "1000", ledgerRow{"2026-01-01", "5", firstReading, false}))
	if got := anchorOf(c, firstReading.Add(100*time.Hour)); got != "complete 0" {
		t.Error(got)
	}
}

func TestABaselineWithQuarantinedRowsIsReplacedWhenTheyCanBeRead(t *testing.T) {
	var c books.Completeness
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	first := reading(c, firstReading, "1000", row)
	first.Quarantined = true
	c = c.After(first)
	if basisOf(c) != books.BasisQuarantined {
		t.Errorf("the basis is %s", basisOf(c))
	}
	c = c.After(reading(c, firstReading.Add(time.Hour), "1000", row, ledgerRow{"2026-03-02", "5", firstReading, false}))
	if got := anchorOf(c, firstReading.Add(100*time.Hour)); got != "complete 0" || basisOf(c) != books.BasisBaseline {
		t.Error(got, basisOf(c))
	}
}

func TestAcceptingMakesThePresentAnchorTheBaseline(t *testing.T) {
	var c books.Completeness
	if _, err := c.Accept("why", firstReading); !isCode(err, domain.NoAnchor) {
		t.Errorf("without an anchor: %v", err)
	}
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	c = c.After(reading(c, firstReading, "1000", row))
	c = c.After(reading(c, firstReading.Add(time.Hour), "900", row))
	later := firstReading.Add(72 * time.Hour)
	if got := anchorOf(c, later); got != "drifting -100" {
		t.Fatal(got)
	}
	c, err := c.Accept("why", later)
	if got := anchorOf(c, later); err != nil || got != "complete 0" || c.Baseline.Reason != "why" {
		t.Error(got, err)
	}
}

func isCode(err error, code domain.Code) bool { return err != nil && domain.CodeOf(err) == code }

func TestAnAmountInAnotherCurrencyMakesTheStateUnknown(t *testing.T) {
	balance := books.VendorBalance{Amount: decimal.RequireFromString("10"), Currency: "BRL"}
	sum := books.NewAccountSum(balance, nil, firstReading)
	usd, _ := domain.ParseMoney("5", "USD")
	brl, _ := domain.ParseMoney("25", "BRL")
	sum.Add(books.SumRow{Date: "2026-03-01", Posted: true, Amount: usd, AccountMoney: &brl})
	if anchor, ok := sum.Reading(false, nil).Anchor(); !ok || anchor.String() != "-15" {
		t.Errorf("the anchor is %v, %v", anchor, ok)
	}
	sum.Add(books.SumRow{Date: "2026-03-01", Posted: true, Amount: usd})
	c := books.Completeness{}.After(sum.Reading(false, nil))
	if state, _ := c.State(firstReading, 0); state != books.CompletenessUnknown || basisOf(c) != books.BasisCurrency {
		t.Errorf("%s, %s", state, basisOf(c))
	}
}

// chain returns n records with the amount 10 and with running balances, oldest first, two for each day.
func chain(n int) []books.ChainRow {
	rows := make([]books.ChainRow, n)
	for i := range rows {
		balance := decimal.NewFromInt(int64(1000 + 10*i))
		rows[i] = books.ChainRow{
			ID: domain.TransactionID{UUID: uuid.UUID{15: byte(i + 1)}}, Date: domain.Date("2026-03-01").AddDays(i / 2),
			Amount: decimal.NewFromInt(10), RunningBalance: books.RunningBalance{Order: i % 2, Balance: &balance},
		}
	}
	return rows
}

func TestAGapIsADriftUntilItIsAccepted(t *testing.T) {
	rows := chain(40)
	rows[20].Amount = decimal.NewFromInt(2)
	read := func(c books.Completeness, rows []books.ChainRow, at time.Time) books.Completeness {
		balance := books.VendorBalance{Amount: decimal.NewFromInt(10), Currency: "BRL"}
		sum := books.NewAccountSum(balance, c.Baseline, at)
		brl, _ := domain.ParseMoney("1", "BRL")
		sum.Add(books.SumRow{Date: "2026-03-01", Posted: true, FirstSeenAt: at, Amount: brl})
		return c.After(sum.Reading(false, rows))
	}
	c := read(books.Completeness{}, rows, firstReading)
	later := firstReading.Add(72 * time.Hour)
	c = read(c, rows, firstReading.Add(time.Hour))
	if state, _ := c.State(firstReading.Add(time.Hour), grace); state != books.CompletenessUnknown {
		t.Errorf("a gap of the first reading: %s", state)
	}
	if got := c.Results(firstReading.Add(time.Hour), grace)[1].State; got != books.CompletenessUnknown {
		t.Errorf("a gap of the first reading: the check is %s", got)
	}
	if state, _ := c.State(later, grace); state != books.Drifting {
		t.Errorf("a gap of the first reading, after the grace period: %s", state)
	}
	c, _ = c.Accept("the bank has left out a row", firstReading.Add(time.Hour))
	if state, _ := c.State(later, grace); state != books.Complete {
		t.Fatalf("an accepted gap: %s", state)
	}
	rows[30].Amount = decimal.NewFromInt(2)
	c = read(c, rows, firstReading.Add(2*time.Hour))
	result := c.Results(later, grace)[1]
	if state, _ := c.State(later, grace); state != books.Drifting || result.Between[1] != rows[30].ID ||
		result.Difference().String() != "8" {
		t.Errorf("a new gap: %s, %+v", state, result)
	}
	if got := dated(c, firstReading).BasisAt(later, grace); got != books.Basis(books.CheckRunningBalance) {
		t.Errorf("a new gap: the basis is %s", got)
	}
	if c, _ = c.Accept("known", later); len(c.Baseline.Gaps) != 2 || !c.DriftSince().IsZero() {
		t.Errorf("after it was accepted: %+v", c)
	}
}

func TestAnUnchangedReadingIsStoredOnceADay(t *testing.T) {
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	balance := books.VendorBalance{Amount: decimal.NewFromInt(1100), Currency: "BRL"}
	var c books.Completeness
	if c.SameReading(balance, false) {
		t.Error("before any reading")
	}
	c = c.After(reading(c, firstReading, "1100", row))
	other := balance
	other.Amount = decimal.NewFromInt(1101)
	dollars := balance
	dollars.Currency = "USD"
	for name, tc := range map[string]struct {
		balance     books.VendorBalance
		quarantined bool
		want        bool
	}{
		"the same":           {balance, false, true},
		"another amount":     {other, false, false},
		"another currency":   {dollars, false, false},
		"no balance":         {books.VendorBalance{Missing: books.BasisNoBalance}, false, false},
		"rows in quarantine": {balance, true, false},
	} {
		if got := c.SameReading(tc.balance, tc.quarantined); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, changed := c.Repeated(firstReading.Add(time.Hour), time.Time{}); changed {
		t.Error("on the same day")
	}
	next, changed := c.Repeated(firstReading.Add(24*time.Hour), time.Time{})
	if !changed || !next.Last.At.Equal(firstReading.Add(24*time.Hour)) || c.Last.At.Equal(next.Last.At) {
		t.Errorf("on the next day: %v, %v", changed, next.Last.At)
	}
	failing := c.After(reading(c, firstReading.Add(time.Hour), "900", row))
	balance.Amount = decimal.NewFromInt(900)
	if failing.SameReading(balance, false) {
		t.Error("while a check fails, the running balances are read again")
	}
}

func TestAScheduleIsNoPartOfAStatus(t *testing.T) {
	a := domain.LinkStatus{SyncComplete: true, SyncMarker: "m"}
	b := a
	b.ConsentExpiresAt, b.Schedule = firstReading, domain.SyncSchedule{Every: time.Hour}
	if !a.SameState(b) {
		t.Error("the schedule and the consent count")
	}
	if b.SyncMarker = "n"; a.SameState(b) {
		t.Error("another synchronisation is the same state")
	}
	if !(domain.ContentHash{}).IsZero() || (domain.ContentHash{1}).IsZero() {
		t.Error("a hash of content")
	}
}

func TestRunningBalancesAreCheckedIfAtMostOneDayInTenIsInconsistent(t *testing.T) {
	// The key is the number of records, two for each day. The value is the wanted number of checks. In both cases one
	// day is inconsistent:
	//   - One of 9 days is more than a tenth, so only the balance anchor is checked.
	//   - One of 10 days is a tenth, so the running balances are also checked.
	for records, want := range map[int]int{18: 1, 20: 2} {
		rows := chain(records)
		c := accountOfChain(books.Completeness{}, rows, firstReading)
		rows[5].Amount = decimal.NewFromInt(2)
		c = accountOfChain(c, rows, firstReading.Add(time.Hour))
		if got := len(c.Results(firstReading, grace)); got != want {
			t.Errorf("one gap among %d records: %d checks, want %d", records, got, want)
		}
	}
	single := accountOfChain(books.Completeness{}, chain(1), firstReading)
	if got := len(single.Results(firstReading, grace)); got != 1 {
		t.Errorf("a single record, whose balance can be compared with no other one: %d checks, want 1", got)
	}
}

// accountOfChain adds a reading to the completeness state and returns the new state. The argument rows contains the
// account's running balances.
func accountOfChain(c books.Completeness, rows []books.ChainRow, at time.Time) books.Completeness {
	sum := books.NewAccountSum(books.VendorBalance{Amount: decimal.NewFromInt(10), Currency: "BRL"}, c.Baseline, at)
	brl, _ := domain.ParseMoney("1", "BRL")
	for _, day := range []domain.Date{"2026-03-02", "2026-03-01", "2026-03-03"} {
		sum.Add(books.SumRow{Date: day, Posted: true, FirstSeenAt: firstReading, Amount: brl})
	}
	return c.After(sum.Reading(false, rows))
}

func TestGapsOfTheFirstKnownDayAreHistory(t *testing.T) {
	rows := chain(40)
	c := accountOfChain(books.Completeness{}, rows, firstReading)
	if c.Baseline.FirstDay != "2026-03-01" {
		t.Fatalf("the first day is %s", c.Baseline.FirstDay)
	}
	for i, want := range map[int]bool{1: false, 2: true} { // record 1 is dated on the first day, record 2 on the second
		edited := chain(40)
		edited[i].Amount = decimal.NewFromInt(2)
		after := accountOfChain(c, edited, firstReading.Add(time.Hour))
		if got := !after.ChainDrift.IsZero(); got != want {
			t.Errorf("a gap of %s: drift %v", edited[i].Date, got)
		}
	}
}

func TestABalanceAloneIsNoReadingThatCouldBecomeTheBaseline(t *testing.T) {
	last, day := &books.AccountReading{}, domain.Date("2026-02-01")
	var known books.VendorBalance
	for name, tc := range map[string]struct {
		last     *books.AccountReading
		baseline *books.Baseline
		balance  books.VendorBalance
		want     bool
	}{
		"no reading":               {nil, &books.Baseline{FirstDay: day}, known, false},
		"no baseline":              {last, nil, known, false},
		"provisional baseline":     {last, &books.Baseline{FirstDay: day, Provisional: true}, known, false},
		"baseline without a day":   {last, &books.Baseline{}, known, false},
		"baseline":                 {last, &books.Baseline{FirstDay: day}, known, true},
		"the balance is not known": {last, nil, books.VendorBalance{Missing: books.BasisCurrency}, true},
	} {
		c := books.Completeness{Last: tc.last, Baseline: tc.baseline}
		if got := c.AllowsBalance(tc.balance); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestAReadingTellsWhetherRowsAreQuarantined(t *testing.T) {
	for _, quarantined := range []bool{false, true} {
		sum := books.NewAccountSum(books.VendorBalance{Currency: "BRL"}, nil, statementStart)
		if got := sum.Reading(quarantined, nil).Quarantined; got != quarantined {
			t.Errorf("quarantined %t, want %t", got, quarantined)
		}
	}
}
