package books_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// The tests of this file are about statements whose balances may be wrong, and about verdicts that have no ground.

// readAt returns the confirmed completeness of an account with one record of 100. The bank was read on Friday, 13
// March 2026, at noon, so that Thursday is covered.
func readAt(t *testing.T) (c books.Completeness, at time.Time) {
	t.Helper()
	at = time.Date(2026, 3, 13, 12, 0, 0, 0, time.UTC)
	c = c.After(reading(c, at, "1100", ledgerRow{"2026-03-01", "100", firstReading, false}))
	return dated(confirmed(c), at), at
}

func TestTheDoubtsOfAStatement(t *testing.T) {
	drifts := func(c *books.Completeness) { c.AnchorDrift = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		change func(*books.Completeness)
		day    domain.Date
		want   []domain.Code
	}{
		"a covered day":      {func(*books.Completeness) {}, "2026-03-12", nil},
		"a day after it":     {func(*books.Completeness) {}, "2026-03-13", []domain.Code{domain.NotCovered}},
		"the account drifts": {drifts, "2026-03-12", []domain.Code{domain.AccountDrifting}},
		"for less than the grace period": {
			func(c *books.Completeness) { c.AnchorDrift = time.Date(2026, 3, 13, 0, 0, 0, 0, time.UTC) }, "2026-03-12",
			[]domain.Code{domain.AccountDrifting},
		},
		"the balance that drifted is stated no longer": {func(c *books.Completeness) {
			drifts(c)
			c.Last.Missing = books.BasisNoBalance
		}, "2026-03-12", nil},
		"a record of the day has changed": {func(c *books.Completeness) {
			c.Changed = books.ChangedRecords{Since: time.Date(2026, 3, 13, 13, 0, 0, 0, time.UTC), First: "2026-03-12"}
		}, "2026-03-12", []domain.Code{domain.AccountChanged}},
		"a record of a later day has changed": {func(c *books.Completeness) {
			c.Changed = books.ChangedRecords{Since: time.Date(2026, 3, 13, 13, 0, 0, 0, time.UTC), First: "2026-03-13"}
		}, "2026-03-12", nil},
		"the rows were read later than the balance": {func(c *books.Completeness) {
			c.Last.BankReadAt = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		}, "2026-03-12", []domain.Code{domain.AccountChanged}},
		"the rows were read too early, too": {func(c *books.Completeness) {
			c.Last.BankReadAt = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
		}, "2026-03-13", []domain.Code{domain.NotCovered}},
		"each": {func(c *books.Completeness) {
			drifts(c)
			c.Held = books.ChangedRecords{Since: time.Date(2026, 3, 13, 13, 0, 0, 0, time.UTC), First: "2026-03-12"}
		}, "2026-03-13", []domain.Code{domain.AccountDrifting, domain.AccountChanged, domain.NotCovered}},
	} {
		c, at := readAt(t)
		test.change(&c)
		if got := c.Doubts(
			test.day,
			"BRL",
			domain.Coverage{},
			at.Add(2*time.Hour),
			grace,
		); !slices.Equal(
			got,
			test.want,
		) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestACallerForcesWhatItNames(t *testing.T) {
	all := []domain.Code{domain.AccountDrifting, domain.AccountChanged, domain.NotCovered}
	for _, test := range []struct {
		force   books.StatementForce
		refused domain.Code
		forced  []domain.Code
	}{
		{books.StatementForce{}, domain.AccountDrifting, nil},
		{books.StatementForce{Omitted: true}, domain.AccountDrifting, nil},
		{books.StatementForce{Drift: true}, domain.AccountChanged, all[:1]},
		{books.StatementForce{Changed: true}, domain.AccountDrifting, all[1:2]},
		{books.StatementForce{NotCovered: true}, domain.AccountDrifting, all[2:]},
		{books.StatementForce{Drift: true, Changed: true}, domain.NotCovered, all[:2]},
		{books.StatementForce{Drift: true, Changed: true, NotCovered: true}, "", all},
	} {
		if refused, forced := test.force.Decide(all); refused != test.refused || !slices.Equal(forced, test.forced) {
			t.Errorf("%+v: %q is refused, %v are forced", test.force, refused, forced)
		}
	}
	if refused, forced := (books.StatementForce{Drift: true}).Decide(nil); refused != "" || forced != nil {
		t.Errorf("without a doubt, %q is refused, %v are forced", refused, forced)
	}
}

func TestWhyNoDataCanArrive(t *testing.T) {
	c, at := readAt(t)
	expired := domain.Consent{Status: domain.ReportedExpired}
	revoked := domain.Consent{Status: domain.ReportedRevoked}
	const unknown = books.CompletenessUnknown
	for name, test := range map[string]struct {
		link  books.LinkState
		basis books.Basis
		state books.CompletenessState
	}{
		"nothing":                 {books.LinkState{}, books.BasisBaseline, books.Complete},
		"the holder must sign in": {books.LinkState{NeedsReauth: true}, books.BasisSignIn, unknown},
		"the consent has expired": {books.LinkState{Consent: expired}, books.BasisConsent, unknown},
		"the consent is revoked":  {books.LinkState{Consent: revoked}, books.BasisConsent, unknown},
		"both":                    {books.LinkState{NeedsReauth: true, Consent: revoked}, books.BasisConsent, unknown},
	} {
		c.Link = test.link
		state, since := c.PresentState(at, grace)
		if state != test.state || c.BasisAt(at, grace) != test.basis || since.IsZero() == (state == books.Complete) {
			t.Errorf("%s: %s since %v, %s", name, state, since, c.BasisAt(at, grace))
		}
		if closed := c.StateOfClose("2026-03-12", "BRL", domain.Coverage{}, at, grace); closed != books.Complete {
			t.Errorf("%s: a close of a covered day is %s", name, closed)
		}
	}
	never := books.Completeness{Link: books.LinkState{NeedsReauth: true}}
	if got := never.BasisAt(at, grace); got != books.BasisNone {
		t.Errorf("an account that was never read has the basis %s", got)
	}
}

// The vendor does not state when it reads the bank: the account may be complete, but a close is not.
func TestAReadingWithoutATimeProvesNoDay(t *testing.T) {
	c, at := readAt(t)
	c = dated(c, time.Time{})
	if state, _ := c.State(at, grace); state != books.Complete || c.BasisAt(at, grace) != books.BasisUndated {
		t.Errorf("the account is %s with the basis %s", state, c.BasisAt(at, grace))
	}
	if got := c.StateOfClose("2026-03-12", "BRL", domain.Coverage{}, at, grace); got != books.CompletenessUnknown {
		t.Errorf("a close is %s", got)
	}
}

func TestNoVerdictGoesBeyondTheEarlierReadingOfTheBank(t *testing.T) {
	early := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	late := early.Add(24 * time.Hour)
	for name, test := range map[string]struct {
		account, reading time.Time
		hasReading       bool
		want, rows       time.Time
	}{
		"no reading":                        {late, time.Time{}, false, late, late},
		"the same":                          {late, late, true, late, late},
		"the rows were read later":          {late, early, true, early, late},
		"the account was corrected":         {early, late, true, early, early},
		"the reading was undated":           {late, time.Time{}, true, time.Time{}, time.Time{}},
		"the account is undated":            {time.Time{}, late, true, time.Time{}, time.Time{}},
		"the account is undated and unread": {time.Time{}, time.Time{}, false, time.Time{}, time.Time{}},
	} {
		c := books.Completeness{AccountReadAt: test.account}
		if test.hasReading {
			c.Last = &books.AccountReading{BankReadAt: test.reading}
		}
		if got, rows := c.BankReadAt(), c.RowsReadAt(); !got.Equal(test.want) || !rows.Equal(test.rows) {
			t.Errorf("%s: the bank was read at %v, the rows at %v", name, got, rows)
		}
	}
}

func TestAnAccountWithoutABalanceCanNeverBeCompared(t *testing.T) {
	for missing, want := range map[books.Basis]bool{
		"": false, books.BasisNoBalance: true, books.BasisInvoice: true, books.BasisUnsupported: true,
		books.BasisCurrency: false, books.BasisTooLarge: false,
	} {
		c := books.Completeness{Last: &books.AccountReading{Missing: missing}}
		if got := c.Incomparable(); got != want {
			t.Errorf("%q: %t", missing, got)
		}
	}
	if (books.Completeness{}).Incomparable() {
		t.Error("an account that was not read yet may have a balance")
	}
}

func TestTheBalanceOfACardIsADebt(t *testing.T) {
	hundred := &domain.Money{Amount: decimal.NewFromInt(100), Currency: "BRL"}
	other := domain.AccountData{Type: domain.OtherAccount, Balance: hundred}
	for name, test := range map[string]struct {
		account domain.AccountData
		want    string
		missing books.Basis
	}{
		"a bank account": {domain.AccountData{Type: domain.BankAccount, Balance: hundred}, "100", ""},
		"a card":         {domain.AccountData{Type: domain.CreditAccount, Balance: hundred}, "-100", ""},
		"no balance":     {domain.AccountData{Type: domain.BankAccount}, "0", books.BasisNoBalance},
		"an investment":  {other, "0", books.BasisUnsupported},
	} {
		b := books.BalanceWithDebtOnCards(test.account)
		if b.Amount.String() != test.want || b.Missing != test.missing || (b.Currency == "BRL") != (b.Missing == "") {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if hundred.Amount.String() != "100" {
		t.Error("the balance of the account was changed")
	}
}

// A baseline that is not confirmed compares the account with itself.
func TestTheAnchorIsUnknownUntilTheBaselineIsConfirmed(t *testing.T) {
	var c books.Completeness
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	c = c.After(reading(c, firstReading, "1100", row))
	if got := c.Results(firstReading, grace)[0].State; got != books.CompletenessUnknown {
		t.Errorf("after the first reading, the anchor is %s", got)
	}
	later := firstReading.Add(7 * time.Hour)
	differs := c.After(reading(c, later, "1050", row))
	if got := differs.Results(later, grace)[0]; got.State != books.CompletenessUnknown ||
		!got.Difference().Equal(decimal.New(-50, 0)) {
		t.Errorf("after a second reading that differs, the anchor is %+v", got)
	}
	c = c.After(reading(c, later, "1100", row))
	state, since := c.State(later, grace)
	if got := c.Results(later, grace)[0].State; got != books.Complete || state != books.Complete ||
		!since.Equal(later) {
		t.Errorf("after the second one, the anchor is %s, the account %s since %v", got, state, since)
	}
	again := later.Add(7 * time.Hour)
	c = c.After(reading(c, again, "1100", row))
	if _, since := c.State(again, grace); !since.Equal(later) {
		t.Errorf("after the third one, it is complete since %v", since)
	}
	off := again.Add(time.Hour)
	c = c.After(reading(c, off, "1000", row))
	if got := c.Results(off.Add(grace), grace)[0].State; got != books.Drifting {
		t.Errorf("after a difference, the anchor is %s", got)
	}
}

// A vendor that once stated when it read the bank may not do so any more.
func TestAReadingWithoutATimeConfirmsTheBaselineAfterSixHours(t *testing.T) {
	bank := firstReading.Add(-time.Hour)
	for _, test := range []struct {
		first, second time.Time
		after         time.Duration
		want          bool
	}{
		{bank, time.Time{}, 5 * time.Hour, false}, {bank, time.Time{}, 6 * time.Hour, true},
		{time.Time{}, bank, 5 * time.Hour, false}, {time.Time{}, bank, 6 * time.Hour, true},
		{bank, bank, 6 * time.Hour, false},
	} {
		var c books.Completeness
		c = c.After(readOn(c, firstReading, test.first, "100", "0"))
		c = c.After(readOn(c, firstReading.Add(test.after), test.second, "100", "0"))
		if c.Baseline.Confirmed != test.want {
			t.Errorf("%+v: confirmed %t", test, c.Baseline.Confirmed)
		}
	}
}

func TestARepeatedReadingIsStoredIfItSaysMore(t *testing.T) {
	bank := firstReading.Add(-time.Hour)
	for name, test := range map[string]struct {
		first, second time.Time // when the bank was read
		after         time.Duration
		confirmed     bool
		want          bool
	}{
		"the same":                                   {bank, bank, time.Hour, false, false},
		"the same, on the next day":                  {bank, bank, 24 * time.Hour, false, true},
		"the bank was read again":                    {bank, bank.Add(time.Hour), 2 * time.Hour, true, true},
		"undated, an hour later":                     {time.Time{}, time.Time{}, time.Hour, false, false},
		"undated, so that the baseline is confirmed": {time.Time{}, time.Time{}, 6 * time.Hour, false, true},
		"undated, and confirmed before":              {time.Time{}, time.Time{}, 6 * time.Hour, true, false},
	} {
		var c books.Completeness
		c = c.After(readOn(c, firstReading, test.first, "100", "0"))
		if test.confirmed {
			c = confirmed(c)
		}
		at := firstReading.Add(test.after)
		next, changed := c.Repeated(at, test.second)
		if changed != test.want || next.Last.At.Equal(at) != test.want {
			t.Errorf("%s: changed %t", name, changed)
		}
	}
	without := books.Completeness{}.After(books.AccountReading{At: firstReading, Missing: books.BasisNoBalance})
	if _, changed := without.Repeated(firstReading.Add(7*time.Hour), time.Time{}); changed {
		t.Error("an account without a balance has a new reading on the same day")
	}
}

// What an operator has accepted contains late records, and those without an amount in the currency of the account.
func TestAnAcceptedReadingIsTheBaselineAsItIs(t *testing.T) {
	var c books.Completeness
	c = c.After(reading(c, firstReading, "1000", ledgerRow{"2026-03-01", "100", firstReading, false}))
	at := firstReading.Add(time.Hour)
	late := reading(c, at, "1000", ledgerRow{"2026-03-01", "100", firstReading, false},
		ledgerRow{"2026-02-01", "30", at, false})
	late.Unconverted = 1
	c = c.After(late)
	if state, _ := c.State(at, grace); state != books.CompletenessUnknown {
		t.Fatalf("before it is accepted, the account is %s", state)
	}
	c, err := c.Accept("dollars", at)
	state, _ := c.State(at, grace)
	if r := c.Results(at, grace)[0]; err != nil || state != books.Complete || !r.Difference().IsZero() ||
		!r.Expected.Equal(decimal.NewFromInt(870)) {
		t.Errorf("the account is %s, the anchor %+v, %v", state, r, err)
	}
}

// The anchor is known, but the baseline without the late records has too many digits.
func TestAnExpectedAnchorOfTooManyDigitsIsNoDrift(t *testing.T) {
	c := books.Completeness{Baseline: &books.Baseline{
		Anchor: decimal.RequireFromString("9999999999999999999"), FirstDay: "2026-03-01",
	}}
	c = c.After(books.AccountReading{At: firstReading, Currency: "BRL", Late: decimal.NewFromInt(-5)})
	if !c.AnchorDrift.IsZero() {
		t.Errorf("a drift since %v", c.AnchorDrift)
	}
}

// A gap is that of the baseline if its records and its balances are the same.
func TestWhichGapIsThatOfTheBaseline(t *testing.T) {
	gap := func(before, after byte, expected, actual int64) books.BalanceGap {
		return books.BalanceGap{
			Before: domain.TransactionID{UUID: uuid.UUID{before}}, After: domain.TransactionID{UUID: uuid.UUID{after}},
			Date: "2026-03-05", Expected: decimal.NewFromInt(expected), Actual: decimal.NewFromInt(actual),
		}
	}
	known := gap(1, 2, 10, 20)
	for name, test := range map[string]struct {
		gap    books.BalanceGap
		drifts bool
	}{
		"the same":                    {gap(1, 2, 10, 20), false},
		"from another record":         {gap(3, 2, 10, 20), true},
		"to another record":           {gap(1, 3, 10, 20), true},
		"with another amount":         {gap(1, 2, 11, 20), true},
		"with another balance":        {gap(1, 2, 10, 21), true},
		"with another balance before": {gap(1, 2, 11, 21), true},
	} {
		c := books.Completeness{Baseline: &books.Baseline{FirstDay: "2026-03-01", Gaps: []books.BalanceGap{known}}}
		c = c.After(books.AccountReading{At: firstReading, Currency: "BRL", ChainCheck: books.ChainCheck{
			Days: 10, Consistent: 10, Links: 40, Gaps: []books.BalanceGap{test.gap},
		}})
		if drifts := !c.ChainDrift.IsZero(); drifts != test.drifts {
			t.Errorf("%s: drifts %t", name, drifts)
		}
	}
}

// A difference of the balance that does not count as a drift yet leaves the account complete, but a close is for good,
// and a statement prints a balance. The first differing reading was made on Friday and covers Thursday.
func TestADifferenceThatDoesNotCountYetProvesNoClose(t *testing.T) {
	c, at := readAt(t)
	rules, row := domain.Coverage{}, posted("2026-03-01", "100")
	c.AccountReadAt = at.AddDate(0, 0, 4)
	agrees := c.After(readOn(c, at, at.AddDate(0, 0, -1), "1100", "0", row))
	differs := agrees.After(readOn(agrees, at, at, "1000", "0", row))
	again := differs.After(readOn(differs, at.AddDate(0, 0, 3), at.AddDate(0, 0, 3), "1000", "0", row))
	again.AccountReadAt = at.AddDate(0, 0, 3)
	const day = domain.Date("2026-03-11")
	// since returns the state after a differing reading, before which records had changed from a date on.
	since := func(c books.Completeness, first domain.Date) books.Completeness {
		c.Changed = books.ChangedRecords{Since: at, First: first}
		c = c.After(readOn(c, at, at, "1000", "0", row))
		return dated(c, at)
	}
	drift := []domain.Code{domain.AccountDrifting}
	waits, days := 7*24*time.Hour, domain.Window{From: "2026-03-02", To: day}
	for name, test := range map[string]struct {
		c            books.Completeness
		grace        time.Duration
		state, close books.CompletenessState
		before, on   []domain.Code // the doubts at the ends of Wednesday and of Thursday
	}{
		"no difference":     {dated(agrees, at), waits, books.Complete, books.Complete, nil, nil},
		"the first reading": {dated(differs, at), waits, books.Complete, books.CompletenessUnknown, nil, drift},
		"a record of Wednesday had changed": {
			since(agrees, day), waits, books.Complete, books.CompletenessUnknown, drift, drift,
		},
		"a record of Thursday had changed": {
			since(agrees, "2026-03-12"), waits, books.Complete, books.CompletenessUnknown, nil, drift,
		},
		"one had changed before the second difference": {
			since(differs, "2026-03-01"), waits, books.Complete, books.CompletenessUnknown, drift, drift,
		},
		"the balance agrees again": {
			since(differs, "2026-03-01").After(readOn(differs, at, at, "1100", "0", row)), waits, books.Complete,
			books.Complete, nil, nil,
		},
		"another reading":        {again, waits, books.Complete, books.CompletenessUnknown, nil, drift},
		"after the grace period": {again, grace, books.Drifting, books.Drifting, drift, drift},
		"accepted":               {acceptedReading(t, again), waits, books.Complete, books.Complete, nil, nil},
	} {
		now := at.AddDate(0, 0, 3)
		if state, _ := test.c.State(now, test.grace); state != test.state {
			t.Errorf("%s: the account is %s", name, state)
		}
		closed := test.c.StateOfClose(day, "BRL", rules, now, test.grace)
		if closed != test.close || test.c.StateOfPeriod(days, "BRL", rules, now, test.grace) != closed {
			t.Errorf("%s: a close is %s, want %s", name, closed, test.close)
		}
		covered, _ := books.Close{Date: day, Currency: "BRL", Completeness: books.NotCovered}.
			Covered(test.c, rules, now, test.grace)
		if covered != test.close {
			t.Errorf("%s: an earlier close is now %s", name, covered)
		}
		for day, want := range map[domain.Date][]domain.Code{day: test.before, "2026-03-12": test.on} {
			if got := test.c.Doubts(day, "BRL", rules, now, test.grace); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the doubts %v, want %v", name, day, got, want)
			}
		}
	}
	changed := differs
	changed.Changed = books.ChangedRecords{Since: at, First: day}
	if got := changed.StateOfClose(day, "BRL", rules, at, waits); got != books.Unverified {
		t.Errorf("after a change, a close is %s", got)
	}
	if got := differs.StateOfClose("2026-03-20", "BRL", rules, at, waits); got != books.NotCovered {
		t.Errorf("a close of an uncovered day is %s", got)
	}
	undated := dated(agrees, time.Time{})
	undated = undated.After(readOn(undated, at, time.Time{}, "1000", "0", row))
	want := []domain.Code{domain.AccountDrifting, domain.NotCovered}
	if got := undated.Doubts("2026-03-12", "BRL", rules, at, waits); !slices.Equal(got, want) {
		t.Errorf("undated: %v, want %v", got, want)
	}
	if got := undated.Doubts(day, "BRL", rules, at, waits); !slices.Equal(got, want[1:]) {
		t.Errorf("undated, before the difference: %v", got)
	}
}

func acceptedReading(t *testing.T, c books.Completeness) books.Completeness {
	t.Helper()
	c, err := c.Accept("checked", c.Last.At)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
