package books_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

var statementStart = time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)

// accepted returns the completeness of an account in BRL with an accepted balance. The anchor is this balance minus the
// sum of the records. firstDay is the date of the first record.
func accepted(anchor string, firstDay domain.Date) books.Completeness {
	return books.Completeness{
		Baseline: &books.Baseline{At: statementStart, Anchor: decimal.RequireFromString(anchor), FirstDay: firstDay},
		Last:     &books.AccountReading{At: statementStart, Currency: "BRL"},
	}
}

// posted returns a record in BRL that was first seen before the balance was accepted.
func posted(date domain.Date, amount string) books.SumRow {
	return books.SumRow{
		Date: date, Posted: true, FirstSeenAt: statementStart.Add(-time.Hour),
		Amount: domain.Money{Amount: decimal.RequireFromString(amount), Currency: "BRL"},
	}
}

func late(date domain.Date, amount string) books.SumRow {
	r := posted(date, amount)
	r.FirstSeenAt = statementStart.Add(time.Hour)
	return r
}

var brlAccount = domain.Account{AccountData: domain.AccountData{Currency: "BRL"}}

func statementOf(
	t *testing.T, c books.Completeness, w domain.Window, records ...books.SumRow,
) books.Statement {
	t.Helper()
	sum, err := books.NewStatementSum(brlAccount, c, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if !sum.Window().Contains(r.Date) {
			continue
		}
		sum.Add(domain.TransactionID{}, r)
	}
	return sum.Statement(uuid.New(), "2026-03-10", statementStart)
}

func TestBalancesOfAStatementFollowFromTheAcceptedAnchor(t *testing.T) {
	history := []books.SumRow{
		posted("2026-02-01", "100"), posted("2026-02-10", "-30.5"), posted("2026-02-20", "5"),
	}
	for name, c := range map[string]struct {
		window           domain.Window
		more             []books.SumRow
		opening, closing string
	}{
		"everything":         {domain.Window{}, nil, "1000", "1074.5"},
		"from a day":         {domain.Window{From: "2026-02-10"}, nil, "1100", "1074.5"},
		"up to a day":        {domain.Window{To: "2026-02-10"}, nil, "1000", "1069.5"},
		"one day":            {domain.Window{From: "2026-02-10", To: "2026-02-10"}, nil, "1100", "1069.5"},
		"between the days":   {domain.Window{From: "2026-02-11", To: "2026-02-12"}, nil, "1069.5", "1069.5"},
		"before the history": {domain.Window{From: "2026-01-01", To: "2026-01-31"}, nil, "1000", "1000"},
		"with a later record": {
			domain.Window{From: "2026-02-10"}, []books.SumRow{late("2026-03-02", "-7")}, "1100", "1067.5",
		},
		"with a later record of the first known day": {
			domain.Window{From: "2026-02-01"}, []books.SumRow{late("2026-02-01", "-20")}, "1000", "1054.5",
		},
		"with late history in the period": {
			domain.Window{To: "2026-02-10"}, []books.SumRow{late("2026-01-15", "-20")}, "1020", "1069.5",
		},
		"with late history before the period": {
			domain.Window{From: "2026-02-10"}, []books.SumRow{late("2026-01-15", "-20")}, "1100", "1074.5",
		},
		"with late history after the period": {
			domain.Window{From: "2026-01-01", To: "2026-01-10"}, []books.SumRow{late("2026-01-15", "-20")},
			"1020", "1020",
		},
	} {
		st := statementOf(t, accepted("1000", "2026-02-01"), c.window, append(c.more, history...)...)
		if st.Balances == nil {
			t.Fatalf("%s: no balances", name)
		}
		if o, cl := st.Balances.Opening.String(), st.Balances.Closing.String(); o != c.opening || cl != c.closing {
			t.Errorf("%s: %s to %s, want %s to %s", name, o, cl, c.opening, c.closing)
		}
		if net := st.Balances.Closing.Sub(st.Balances.Opening); !net.Equal(st.Net()) {
			t.Errorf("%s: the balances differ by %s, the records sum to %s", name, net, st.Net())
		}
	}
}

func TestTotalsAndPeriodOfAStatement(t *testing.T) {
	st := statementOf(t, books.Completeness{}, domain.Window{}, posted("2026-02-10", "-30.25"),
		posted("2026-02-01", "100"), posted("2026-03-20", "-0.125"))
	if st.Balances != nil {
		t.Error("an account without a baseline has balances")
	}
	if st.Credits.Count != 1 || st.Credits.Sum.String() != "100" || st.Debits.Count != 2 ||
		st.Debits.Sum.String() != "30.375" {
		t.Errorf("the totals are %v and %v", st.Credits, st.Debits)
	}
	if want := (domain.Window{From: "2026-02-01", To: "2026-03-20"}); st.Period != want {
		t.Errorf("the period is %v, want %v", st.Period, want)
	}
	if st.Digits != 6 || st.Scale != 3 { // both numbers come from the total 130.375
		t.Errorf("%d digits, %d after the point", st.Digits, st.Scale)
	}
	for window, want := range map[domain.Window]domain.Window{
		{}:                                    {From: "2026-03-10", To: "2026-03-10"},
		{From: "2026-01-01"}:                  {From: "2026-01-01", To: "2026-03-10"},
		{From: "2026-05-01"}:                  {From: "2026-05-01", To: "2026-05-01"},
		{To: "2026-01-31"}:                    {From: "2026-01-31", To: "2026-01-31"},
		{From: "2026-01-01", To: "2026-01-1"}: {From: "2026-01-01", To: "2026-01-1"},
	} {
		if st := statementOf(t, books.Completeness{}, window); st.Period != want {
			t.Errorf("the empty statement of %v has the period %v, want %v", window, st.Period, want)
		}
	}
}

// recordOf returns a posted record with these values.
func recordOf(r books.SumRow) domain.Transaction {
	return domain.Transaction{FirstSeenAt: r.FirstSeenAt, TransactionData: domain.TransactionData{
		Date: r.Date, Status: domain.Posted, Amount: r.Amount, AccountMoney: r.AccountMoney,
	}}
}

func TestAStatementNeedsTheAmountInTheCurrencyOfTheAccount(t *testing.T) {
	dollars := func(date domain.Date) books.SumRow {
		r := posted(date, "-10")
		r.Amount.Currency = "USD"
		return r
	}
	converted := dollars("2026-02-10")
	converted.AccountMoney = &domain.Money{Amount: decimal.RequireFromString("-51.25"), Currency: "BRL"}
	window := domain.Window{From: "2026-02-10"}
	st := statementOf(t, accepted("0", "2026-02-01"), window, converted)
	record := st.Record(recordOf(converted))
	if record.Unconverted || record.Amount.String() != "-51.25" || record.Original == nil ||
		record.Original.Amount.String() != "-10" || record.Original.Currency != "USD" {
		t.Errorf("a converted record is %+v", record)
	}
	if record := st.Record(recordOf(posted("2026-02-10", "1"))); record.Unconverted || record.Original != nil {
		t.Errorf("a record in the account's currency is %+v", record)
	}
	if st := statementOf(t, accepted("0", "2026-02-01"), window, dollars("2026-02-09")); st.Balances != nil {
		t.Error("the balances are known although an earlier amount is not")
	}
	// What an operator has accepted contains the record. An amount of the period or of a later day is not known.
	contains := accepted("0", "2026-02-20")
	contains.Baseline.Reason = "dollars"
	days := domain.Window{From: "2026-02-10", To: "2026-02-12"}
	for day, known := range map[domain.Date]bool{"2026-02-09": true, "2026-02-13": false} {
		if st := statementOf(t, contains, days, dollars(day)); (st.Balances != nil) != known {
			t.Errorf("with an accepted record of %s, the balances are %+v", day, st.Balances)
		}
	}
	sum, err := books.NewStatementSum(brlAccount, books.Completeness{}, window)
	if err != nil {
		t.Fatal(err)
	}
	id := domain.TransactionID{UUID: uuid.New()}
	sum.Add(id, dollars("2026-02-10"))
	unconverted := sum.Statement(uuid.New(), "2026-03-10", statementStart)
	var failure *domain.Error
	if err := unconverted.CheckConverted(); !errors.As(err, &failure) || failure.Code != domain.NoAccountAmount ||
		len(failure.Records) != 1 || failure.Records[0] != id {
		t.Errorf("an amount without conversion in the period: %v", err)
	}
	unconverted.OmitUnconverted = true
	if err := unconverted.CheckConverted(); err != nil {
		t.Errorf("a record that is left out: %v", err)
	}
	if record := st.Record(recordOf(dollars("2026-02-10"))); !record.Unconverted ||
		record.Original.Amount.String() != "-10" {
		t.Errorf("the record of an amount without conversion: %+v", record)
	}
	if _, err := books.NewStatementSum(domain.Account{}, books.Completeness{}, window); !errors.Is(err,
		domain.NoAccountAmount) {
		t.Errorf("an account without a currency: %v", err)
	}
	dollarAccount := domain.Account{AccountData: domain.AccountData{Currency: "USD"}}
	sum, err = books.NewStatementSum(dollarAccount, accepted("0", "2026-02-01"), window)
	if err != nil || sum.Statement(uuid.New(), "2026-03-10", statementStart).Balances != nil {
		t.Errorf("the balance in another currency is used: %v", err)
	}
	unstated := accepted("0", "2026-02-01")
	unstated.Last.Missing = books.BasisNoBalance
	if st := statementOf(t, unstated, window); st.Balances != nil {
		t.Error("a balance that the vendor no longer states is used")
	}
}

func TestTruncateCountsCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"ação", 3, "açã"}, {"😀😀", 1, "😀"}, {"", 0, ""}, {"é", 1, "é"}} {
		if got := books.Truncate(c.text, c.n); got != c.want {
			t.Errorf("Truncate(%q, %d) is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// The digits and decimal places of the balances are counted, too. Zeros at the end of an amount are not counted.
func TestTheDigitsOfAStatement(t *testing.T) {
	for _, tc := range []struct {
		anchor, amount string
		digits, scale  int
	}{
		{"123456789", "1.50", 10, 1},
		{"1000000000000", "-1", 13, 0},
	} {
		st := statementOf(t, accepted(tc.anchor, "2026-02-01"), domain.Window{}, posted("2026-02-01", tc.amount))
		if st.Digits != tc.digits || st.Scale != tc.scale {
			t.Errorf("%s and %s: %d digits, %d decimal places", tc.anchor, tc.amount, st.Digits, st.Scale)
		}
	}
}

// The total has fewer decimal places than its records.
func TestTheDecimalPlacesOfEachRecordCount(t *testing.T) {
	st := statementOf(
		t,
		books.Completeness{},
		domain.Window{},
		posted("2026-02-01", "0.125"),
		posted("2026-02-01", "0.875"),
	)
	if st.Digits != 3 || st.Scale != 3 {
		t.Errorf("%d digits, %d decimal places", st.Digits, st.Scale)
	}
}

// What is owed is negative in a statement, and the rows lead to the total.
func TestTheStatementOfABillEndsWithItsTotal(t *testing.T) {
	for name, test := range map[string]struct {
		total           string
		rows            []books.SumRow
		opening, ending string
		digits, scale   int
		period          domain.Window
	}{
		"the rows reach the total": {
			"250.5", []books.SumRow{posted("2026-02-10", "-300.5"), posted("2026-02-12", "50")}, "0", "-250.5", 4, 1,
			domain.Window{From: "2026-02-10", To: "2026-03-03"},
		},
		"a part is carried": {
			"1000", []books.SumRow{posted("2026-02-10", "-0.25")}, "-999.75", "-1000", 5, 2,
			domain.Window{From: "2026-02-10", To: "2026-03-03"},
		},
		"a total with more digits": {
			"1000", []books.SumRow{posted("2026-02-10", "-1")}, "-999", "-1000", 4, 0,
			domain.Window{From: "2026-02-10", To: "2026-03-03"},
		},
		"a total with more decimal places": {
			"0.125", nil, "-0.125", "-0.125", 3, 3, domain.Window{From: "2026-03-03", To: "2026-03-03"},
		},
		"a later row": {
			"1", []books.SumRow{posted("2026-03-05", "-1")}, "0", "-1", 1, 0,
			domain.Window{From: "2026-03-05", To: "2026-03-05"},
		},
	} {
		sum, err := books.NewStatementSum(brlAccount, accepted("123456.789", "2026-02-01"), domain.Window{})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range test.rows {
			sum.Add(recordID(i), r)
		}
		st := sum.BillStatement(uuid.New(), "2026-03-03", decimal.RequireFromString(test.total), statementStart)
		if st.Balances.Opening.String() != test.opening || st.Balances.Closing.String() != test.ending ||
			st.Period != test.period || st.Digits != test.digits || st.Scale != test.scale {
			t.Errorf("%s: %+v in %v, %d digits, %d decimal places", name, st.Balances, st.Period, st.Digits, st.Scale)
		}
	}
}

// A format that prints a record without a converted amount must not lose it because it is the first or the last one.
func TestAPeriodContainsTheRecordsWithoutAConvertedAmount(t *testing.T) {
	foreign := func(date domain.Date) books.SumRow {
		r := posted(date, "10")
		r.Amount.Currency = "USD"
		return r
	}
	st := statementOf(t, books.Completeness{}, domain.Window{},
		posted("2026-02-10", "5"), foreign("2026-02-01"), foreign("2026-03-20"))
	if want := (domain.Window{From: "2026-02-01", To: "2026-03-20"}); st.Period != want || len(st.Unconverted) != 2 {
		t.Errorf("the period is %v with %d unconverted records, want %v with 2", st.Period, len(st.Unconverted), want)
	}
}
