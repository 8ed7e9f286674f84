package books_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

func recordID(n int) domain.TransactionID {
	return domain.TransactionID{UUID: uuid.MustParse(fmt.Sprintf("019c0000-0000-7000-8000-%012d", n))}
}

func mustMoney(t interface{ Fatal(...any) }, amount, currency string) domain.Money {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The digest of the example in docs/closing.md must have the value that is stated there. That value was computed with
// printf and sha256sum.
func TestADigestIsThatOfTheWorkedExample(t *testing.T) {
	brl := mustMoney(t, "-51.250", "BRL")
	digest := books.NewCloseDigest("BRL")
	digest.Add(recordID(1), domain.Posted, "2026-10-05", mustMoney(t, "-12.50", "BRL"), nil)
	digest.Add(recordID(2), domain.Pending, "2026-10-30", mustMoney(t, "-10", "USD"), &brl)
	digest.Add(recordID(3), domain.Posted, "2026-10-31", mustMoney(t, "9e2", "BRL"), nil)
	at := time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)
	account := domain.AccountID{UUID: uuid.New()}
	got := digest.Close(account, books.CloseRequest{Date: "2026-10-31", At: at, By: "maria"}, books.Completeness{})
	const want = "ea7117cfd6000420bbb871c4f64569373afa65fa93043940ca77ad87eea26187"
	if hex.EncodeToString(got.Digest[:]) != want {
		t.Errorf("digest %x, want %s", got.Digest, want)
	}
	text := fmt.Sprintln(got.Account == account, got.Date, got.Count, got.Sum.Decimal, got.Currency, got.ClosedAt == at,
		got.ClosedBy, got.Completeness)
	if text != "true 2026-10-31 3 836.25 BRL true maria unknown\n" {
		t.Error(text)
	}
}

func TestTheSumOfACloseLeavesOutAnotherCurrency(t *testing.T) {
	for name, test := range map[string]struct {
		account  string
		amounts  []string // the first record is in BRL, the second one in USD
		currency string
		sum      string
		without  int
	}{
		"no records":                  {"BRL", nil, "BRL", "0", 0},
		"no records and no currency":  {"", nil, "", "0", 0},
		"the account's currency":      {"BRL", []string{"1"}, "BRL", "1", 0},
		"another currency":            {"EUR", []string{"1"}, "EUR", "0", 1},
		"an account without currency": {"", []string{"1"}, "BRL", "1", 0},
		"two currencies":              {"", []string{"1", "2"}, "BRL", "1", 1},
	} {
		digest := books.NewCloseDigest(test.account)
		for i, amount := range test.amounts {
			currency := []string{"BRL", "USD"}[i]
			digest.Add(recordID(i), domain.Posted, "2026-10-05", mustMoney(t, amount, currency), nil)
		}
		got := digest.Close(domain.AccountID{}, books.CloseRequest{}, books.Completeness{})
		if got.Sum.Decimal.String() != test.sum || !got.Sum.Valid || got.WithoutAmount != test.without ||
			got.Currency != test.currency {
			t.Errorf("%s: %v %d %s", name, got.Sum, got.WithoutAmount, got.Currency)
		}
	}
}

// The first record is in dollars, and converted to reais.
func TestACloseWithoutACurrencyHasThatOfTheFirstRecord(t *testing.T) {
	reais := mustMoney(t, "-51.25", "BRL")
	digest := books.NewCloseDigest("")
	digest.Add(recordID(1), domain.Posted, "2026-10-05", mustMoney(t, "-10", "USD"), &reais)
	digest.Add(recordID(2), domain.Posted, "2026-10-05", mustMoney(t, "1.25", "BRL"), nil)
	got := digest.Close(domain.AccountID{}, books.CloseRequest{}, books.Completeness{})
	if got.Currency != "BRL" || got.Sum.Decimal.String() != "-50" || got.WithoutAmount != 0 {
		t.Errorf("%v %s, %d are left out", got.Sum, got.Currency, got.WithoutAmount)
	}
}

func TestTheFirstDayOfAPeriodFollowsTheCloseBefore(t *testing.T) {
	for name, test := range map[string]struct {
		previous, from domain.Date
		strict         bool
		want           domain.Date
		invalid        bool
	}{
		"the first close":                   {"", "", false, "", false},
		"the first close, from a day":       {"", "2026-02-03", true, "2026-02-03", false},
		"a later close":                     {"2026-02-28", "", true, "2026-03-01", false},
		"a later close, from a day":         {"2026-02-28", "2026-02-03", true, "", true},
		"a later close, from a day for all": {"2026-02-28", "2026-02-03", false, "2026-03-01", false},
	} {
		got, err := books.CloseRequest{From: test.from, FromIsStrict: test.strict}.FirstDay(test.previous)
		if got != test.want || (err != nil) != test.invalid || err != nil && !errors.Is(err, domain.Invalid) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestOnlyADayThatHasEndedInUTCCanBeClosed(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	saoPaulo := time.FixedZone("", -3*3600)
	for name, test := range map[string]struct {
		at    time.Time
		date  domain.Date
		valid bool
	}{
		"the day before":          {at, "2026-10-31", true},
		"in another zone":         {at.In(saoPaulo), "2026-10-31", true},
		"the last moment":         {at.Add(-1), "2026-10-31", false},
		"that moment, other zone": {at.Add(-1).In(saoPaulo), "2026-10-31", false},
		"the same day":            {at, "2026-11-01", false},
		"a later day":             {at, "2027-01-01", false},
		"no day of the calendar":  {at, "2026-02-30", false},
		"no date":                 {at, "today", false},
		"nothing":                 {at, "", false},
	} {
		err := books.CloseRequest{Date: test.date, At: test.at}.Validate()
		if (err == nil) != test.valid || err != nil && !errors.Is(err, domain.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPeriodDoesNotBeginAfterItsEnd(t *testing.T) {
	at := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for from, isValid := range map[domain.Date]bool{
		"": true, "2026-02-01": true, "2026-02-28": true, "2026-03-01": false, "2026-02-30": false, "2026": false,
	} {
		err := books.CloseRequest{Date: "2026-02-28", From: from, At: at}.Validate()
		if (err == nil) != isValid || err != nil && !errors.Is(err, domain.Invalid) {
			t.Errorf("%q: %v", from, err)
		}
	}
}

func TestCoveredMembersAreParsedAsTheyWereWritten(t *testing.T) {
	brl := mustMoney(t, "-51.25", "BRL")
	for _, m := range []domain.CoveredMembers{
		domain.NewCoveredMembers(domain.Pending, "2026-10-30", mustMoney(t, "-10", "USD"), &brl),
		domain.NewCoveredMembers(domain.Posted, "2026-10-31", mustMoney(t, "900", "BRL"), nil),
	} {
		if got, ok := domain.ParseCoveredMembers(m.String()); !ok || got != m {
			t.Errorf("%v is parsed as %v", m, got)
		}
	}
	for _, text := range []string{"", "|", "a|b|c|d|e", "a|b|c|d|e|f|g"} {
		if m, ok := domain.ParseCoveredMembers(text); ok {
			t.Errorf("%q is parsed as %v", text, m)
		}
	}
}

func TestAChangeIsAnAdjustmentOfTheAccountsThatItConcerns(t *testing.T) {
	a, b := domain.AccountID{UUID: uuid.New()}, domain.AccountID{UUID: uuid.New()}
	early := domain.CoveredMembers{Date: "2026-10-01", Amount: "1"}
	late := domain.CoveredMembers{Date: "2026-10-09", Amount: "1"}
	live := func(account domain.AccountID, m domain.CoveredMembers) *books.RecordState {
		return &books.RecordState{Account: account, Live: true, CoveredMembers: m}
	}
	gone := func(account domain.AccountID, m domain.CoveredMembers) *books.RecordState {
		return &books.RecordState{Account: account, CoveredMembers: m}
	}
	excluded := func(account domain.AccountID, m domain.CoveredMembers) *books.RecordState {
		return &books.RecordState{Account: account, Live: true, Excluded: true, CoveredMembers: m}
	}
	for name, test := range map[string]struct {
		before, after *books.RecordState
		want          []string
	}{
		"unchanged":                {live(a, early), live(a, early), nil},
		"added":                    {nil, live(a, late), []string{"a added 2026-10-09"}},
		"added without account":    {nil, live(domain.AccountID{}, late), nil},
		"modified":                 {live(a, late), live(a, early), []string{"a modified 2026-10-01"}},
		"modified to a later date": {live(a, early), live(a, late), []string{"a modified 2026-10-01"}},
		"removed":                  {live(a, early), gone(a, late), []string{"a removed 2026-10-01"}},
		"restored":                 {gone(a, early), live(a, late), []string{"a restored 2026-10-09"}},
		"changed while removed":    {gone(a, early), gone(a, late), nil},
		"added and removed":        {nil, gone(a, late), nil},
		"moved": {
			live(a, early), live(b, late), []string{"a removed 2026-10-01", "b added 2026-10-09"},
		},
		"excluded":               {live(a, early), excluded(a, early), []string{"a excluded 2026-10-01"}},
		"included":               {excluded(a, early), live(a, late), []string{"a included 2026-10-09"}},
		"removed while excluded": {excluded(a, early), gone(a, early), nil},
		"changed while excluded": {excluded(a, early), excluded(a, late), nil},
		"got its account":        {live(domain.AccountID{}, early), live(b, early), []string{"b added 2026-10-01"}},
	} {
		var got []string
		for _, made := range books.Adjustments(recordID(1), 3, time.Time{}, test.before, *test.after) {
			account := map[domain.AccountID]string{a: "a", b: "b"}[made.Account]
			got = append(got, fmt.Sprint(account, " ", made.Change, " ", made.Day()))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// closedDay is a closed period in the property test: its digest, and the number of adjustments that existed when the
// period was closed.
type closedDay struct {
	digest          [sha256.Size]byte
	adjustmentCount int
}

// Undoing the adjustments of a closed period must reproduce the digest of the period. The test changes records of two
// accounts at random, and closes and reopens days in between. After each step it checks every closed period.
func TestUndoingTheAdjustmentsReproducesTheDigest(t *testing.T) {
	accounts := []domain.AccountID{{}, {UUID: uuid.New()}, {UUID: uuid.New()}}
	days := []domain.Date{"2026-10-01", "2026-10-02", "2026-10-03"}
	rapid.Check(t, func(t *rapid.T) {
		records := map[domain.TransactionID]books.RecordState{}
		var adjustments []books.Adjustment
		closes := map[domain.AccountID]map[domain.Date]closedDay{accounts[1]: {}, accounts[2]: {}}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			account := accounts[rapid.IntRange(1, 2).Draw(t, "closed account")]
			day := rapid.SampledFrom(days).Draw(t, "day")
			switch rapid.IntRange(0, 4).Draw(t, "action") {
			case 0:
				if _, closed := closes[account][day]; !closed {
					closes[account][day] = closedDay{digestOf(t, records, account, day), len(adjustments)}
				}
			case 1:
				delete(closes[account], day)
			default:
				id := recordID(rapid.IntRange(1, 4).Draw(t, "record"))
				adjustments = append(adjustments, changeRecord(t, records, id, accounts, days)...)
			}
			for account, closed := range closes {
				for day, c := range closed {
					undone := undo(records, adjustments[c.adjustmentCount:], account, day)
					if got := digestOf(t, undone, account, day); got != c.digest {
						t.Fatalf("undoing leads to %x, the digest of %s is %x", got, day, c.digest)
					}
				}
			}
		}
	})
}

// changeRecord changes a record at random, and returns the adjustments of the change.
func changeRecord(t *rapid.T, records map[domain.TransactionID]books.RecordState, id domain.TransactionID,
	accounts []domain.AccountID, days []domain.Date) []books.Adjustment {
	after := books.RecordState{
		Account: rapid.SampledFrom(accounts).Draw(t, "account"), Live: rapid.Bool().Draw(t, "live"),
		CoveredMembers: domain.NewCoveredMembers(domain.Posted, rapid.SampledFrom(days).Draw(t, "date"),
			mustMoney(t, fmt.Sprint(rapid.IntRange(0, 1).Draw(t, "amount")), "BRL"), nil),
	}
	var before *books.RecordState
	if state, known := records[id]; known {
		before = &state
	}
	records[id] = after
	return books.Adjustments(id, 1, time.Time{}, before, after)
}

// undo returns the live records of the account as they were before the adjustments. It undoes only the adjustments of
// this account that concern the given day or an earlier one.
func undo(records map[domain.TransactionID]books.RecordState, adjustments []books.Adjustment,
	account domain.AccountID, day domain.Date) map[domain.TransactionID]books.RecordState {
	undone := map[domain.TransactionID]books.RecordState{}
	for id, state := range records {
		if state.Account == account && state.Live {
			undone[id] = state
		}
	}
	for _, a := range slices.Backward(adjustments) {
		if a.Account != account || a.Day() > day {
			continue
		}
		delete(undone, a.Transaction)
		if a.Before != nil {
			undone[a.Transaction] = books.RecordState{Account: account, Live: true, CoveredMembers: *a.Before}
		}
	}
	return undone
}

// digestOf computes the digest of the records of an account up to a day.
func digestOf(t *rapid.T, records map[domain.TransactionID]books.RecordState, account domain.AccountID,
	day domain.Date) [sha256.Size]byte {
	var order []domain.TransactionID
	for id, state := range records {
		if state.Live && state.Account == account && state.Date <= string(day) {
			order = append(order, id)
		}
	}
	slices.SortFunc(order, func(x, y domain.TransactionID) int { return bytes.Compare(x.UUID[:], y.UUID[:]) })
	digest := books.NewCloseDigest("BRL")
	for _, id := range order {
		m := records[id].CoveredMembers
		digest.Add(id, domain.TransactionStatus(m.Status), domain.Date(m.Date), mustMoney(t, m.Amount, m.Currency), nil)
	}
	return digest.Close(account, books.CloseRequest{}, books.Completeness{}).Digest
}

// The witness of a close must cover the days of its statement. A close without a statement has no first day, so that it
// has no witness.
func TestTheWitnessOfACloseCoversTheDaysOfItsStatement(t *testing.T) {
	all := []witness.Overview{{
		ID: witness.BankStatementID(recordID(1)), Covered: []domain.Window{{From: "2026-02-01", To: "2026-02-28"}},
	}}
	for from, want := range map[domain.Date]bool{"2026-02-01": true, "2026-02-27": true, "2026-01-31": false} {
		c := books.Close{Date: "2026-02-28", Statement: &books.ClosedStatement{From: from}}
		if got := c.WithWitness(all).Witness; (got != nil) != want || c.Witness != nil {
			t.Errorf("from %s: %+v", from, got)
		}
	}
	if c := (books.Close{Date: "2026-02-28"}).WithWitness(all); c.Witness != nil {
		t.Errorf("without a statement: %+v", c.Witness)
	}
}
