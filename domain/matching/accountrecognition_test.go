package matching_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// linked returns an account with n rows, whose dates, amounts and texts depend on the seed and the connector.
func linked(t testing.TB, id, number string, seed, n int, connector string) matching.LinkedAccount {
	t.Helper()
	a := matching.LinkedAccount{
		ExternalID: id, Type: domain.BankAccount, Subtype: "CHECKING_ACCOUNT", Currency: "BRL",
		Identity: domain.NewAccountIdentity("099", "0001", number, "", ""),
	}
	for i := range n {
		a.Rows = append(a.Rows, banktext.Row{
			ExternalID: id + strconv.Itoa(i), Account: account, Status: domain.Posted,
			Date:        domain.Date("2026-10-01").AddDays(i),
			Amount:      parseMoney(t, fmt.Sprintf("-%d.%02d", 10+seed*7+i*3, (seed*31+i*17)%100), "BRL"),
			Description: connector + " " + person(seed*100+i),
		})
	}
	return a
}

// recognized contains the pairs and the undecided accounts of a list of verdicts.
type recognized struct {
	Pairs                           []accountPair // ordered by Before
	AmbiguousBefore, AmbiguousAfter []string
}

type accountPair struct{ Before, After string }

// recognize compares the accounts of one connection.
func recognize(before, after []matching.LinkedAccount) (r recognized) {
	for _, v := range matching.Recognize(matching.SameConnection, before, after) {
		switch v.Ground {
		case matching.ByIdentity, matching.ByRows:
			r.Pairs = append(r.Pairs, accountPair{v.Before[0], v.After})
		case matching.Undecided:
			r.AmbiguousAfter = append(r.AmbiguousAfter, v.After)
			r.AmbiguousBefore = append(r.AmbiguousBefore, v.Before...)
		default:
		}
	}
	slices.SortFunc(r.Pairs, func(a, b accountPair) int { return cmp.Compare(a.Before, b.Before) })
	slices.Sort(r.AmbiguousBefore)
	r.AmbiguousBefore = slices.Compact(r.AmbiguousBefore)
	return r
}

func TestRecognize(t *testing.T) {
	type accounts = []matching.LinkedAccount
	acc := func(id, number string, seed, n int, connector string) matching.LinkedAccount {
		return linked(t, id, number, seed, n, connector)
	}
	savings := acc("n1", "12345-0", 1, 20, "PIX ENVIADO")
	savings.Type = domain.CreditAccount
	// masked returns an account of which the institution shows other characters than of others.
	masked := func(id, mask string, kind domain.AccountType, seed int) matching.LinkedAccount {
		a := acc(id, "", seed, 20, "PIX ENVIADO")
		a.Identity.Mask, a.Type = mask, kind
		return a
	}
	few := acc("n1", "", 1, 20, "PIX ENVIADO")
	few.Rows = few.Rows[:9]
	gap := acc("n1", "", 1, 20, "PIX ENVIADO")
	gap.Rows = slices.Concat(gap.Rows[:19], acc("x", "", 5, 20, "X").Rows[19:])
	// mixed returns an account with 20 rows. common is the number of rows that the account with the seed 1 has, too.
	// They come first.
	mixed := func(id string, common int) matching.LinkedAccount {
		a, other := acc(id, "", 1, 20, "A"), acc(id, "", 5, 20, "A")
		a.Rows = slices.Concat(a.Rows[:common], other.Rows[common:])
		return a
	}
	twice := acc("n1", "", 1, 20, "A")
	twice.Rows = slices.Concat(twice.Rows[:10], acc("x", "", 1, 20, "A").Rows[:10])
	otherTexts := acc("n1", "12345", 1, 20, "A")
	for i := range otherTexts.Rows {
		otherTexts.Rows[i].Description = "PIX QR LOJA " + person(900-i)
	}
	later := acc("n1", "", 1, 30, "PIX ENVIADO")
	for i := range later.Rows {
		later.Rows[i].Date = later.Rows[i].Date.AddDays(1)
	}
	for name, test := range map[string]struct {
		before, after accounts
		pairs         string
		ambiguous     string
	}{
		"another connector, which prints no name that the former one has printed": {
			accounts{acc("o1", "12345-0", 1, 20, "PIX ENVIADO")}, accounts{otherTexts}, "[{o1 n1}]", "[] []"},
		"another mask and type, the only accounts of the currency": {
			accounts{masked("o1", "11", domain.BankAccount, 1)}, accounts{masked("n1", "22", domain.CreditAccount, 1)},
			"[{o1 n1}]", "[] []",
		},
		"another mask and type, beside another account of the currency": {
			accounts{masked("o1", "11", domain.BankAccount, 1), masked("o2", "33", domain.OtherAccount, 5)},
			accounts{masked("n1", "22", domain.CreditAccount, 1)}, "[]", "[o1] [n1]",
		},
		"another mask, beside an account of another type": {
			accounts{masked("o1", "11", domain.BankAccount, 1), masked("o2", "33", domain.CreditAccount, 5)},
			accounts{masked("n1", "22", domain.BankAccount, 1)}, "[{o1 n1}]", "[] []",
		},
		"another connector, which dates rows a day later": {
			accounts{acc("o1", "", 1, 30, "PIX ENVIADO")}, accounts{later}, "[{o1 n1}]", "[] []",
		},
		"two pairs of one number each, in another order": {
			accounts{acc("o1", "222-2", 1, 0, ""), acc("o2", "222-2", 1, 0, ""), acc("o3", "111-1", 1, 0, ""),
				acc("o4", "111-1", 1, 0, "")},
			accounts{acc("n1", "111-1", 1, 0, ""), acc("n3", "222-2", 1, 0, "")}, "[]", "[o1 o2 o3 o4] [n1 n3]"},
		"each row twice": {accounts{acc("o1", "", 1, 20, "A")}, accounts{twice}, "[]", "[o1] [n1]"},
		"a second account shares half of the rows": {
			accounts{acc("o1", "", 1, 20, "A")}, accounts{acc("n1", "", 1, 20, "A"), mixed("n2", 10)},
			"[{o1 n1}]", "[] []"},
		"a second account shares more than half of the rows": {
			accounts{acc("o1", "", 1, 20, "A")}, accounts{acc("n1", "", 1, 20, "A"), mixed("n2", 11)},
			"[]", "[o1] [n1 n2]"},
		"one of two accounts shares a fifth of the rows": {
			accounts{acc("o1", "", 1, 20, "A"), acc("o2", "", 2, 20, "A")}, accounts{mixed("n1", 4)},
			"[]", "[o1] [n1]"},
		"one of two accounts shares fewer than a fifth of the rows": {
			accounts{acc("o1", "", 1, 20, "A"), acc("o2", "", 2, 20, "A")}, accounts{mixed("n1", 3)}, "[]", "[] []"},
		"two accounts, in another order than their partners": {
			accounts{acc("o1", "12345-0", 1, 20, "A"), acc("o2", "", 1, 20, "A")},
			accounts{acc("n2", "12345-0", 1, 20, "A"), acc("n1", "", 1, 20, "A")},
			"[{o1 n2} {o2 n1}]", "[] []"},
		"one number, formatted otherwise": {
			accounts{acc("o1", "12345-0", 1, 0, "")}, accounts{acc("n1", "0012345.0", 2, 0, "")}, "[{o1 n1}]", "[] []"},
		"another number, but equal rows, and no other account": {
			accounts{acc("o1", "12345-0", 1, 20, "A")}, accounts{acc("n1", "54321-0", 1, 20, "A")},
			"[]", "[] []"},
		"another connector: no check digit, other texts": {
			accounts{acc("o1", "12345-0", 1, 20, "PIX ENVIADO")},
			accounts{acc("n1", "12345", 1, 20, "TRANSFERENCIA A")},
			"[{o1 n1}]", "[] []"},
		"two of one number, told apart by their rows": {
			accounts{acc("o1", "12345-0", 1, 20, "A"), acc("o2", "12345-0", 2, 20, "A")},
			accounts{acc("n1", "12345-0", 2, 20, "A"), acc("n2", "12345-0", 1, 20, "A")},
			"[{o1 n2} {o2 n1}]", "[] []"},
		"two of one number, with equal rows": {
			accounts{acc("o1", "12345-0", 1, 20, "A"), acc("o2", "12345-0", 1, 20, "A")},
			accounts{acc("n1", "12345-0", 1, 20, "A"), acc("n2", "12345-0", 1, 20, "A")},
			"[]", "[o1 o2] [n1 n2]"},
		"two of one number, without rows": {
			accounts{acc("o1", "12345-0", 1, 0, "A"), acc("o2", "12345-0", 2, 0, "A")},
			accounts{acc("n1", "12345-0", 1, 0, "A"), acc("n2", "12345-0", 2, 0, "A")},
			"[]", "[o1 o2] [n1 n2]"},
		"two without a number, told apart by their rows": {
			accounts{acc("o1", "", 1, 20, "A"), acc("o2", "", 2, 20, "A")},
			accounts{acc("n1", "", 2, 20, "A"), acc("n2", "", 1, 20, "A")}, "[{o1 n2} {o2 n1}]", "[] []"},
		"two without a number, and too few rows": {
			accounts{acc("o1", "", 1, 5, "A"), acc("o2", "", 2, 5, "A")},
			accounts{acc("n1", "", 2, 5, "A"), acc("n2", "", 1, 5, "A")}, "[]", "[o1 o2] [n1 n2]"},
		"one without a number, and other rows": {
			accounts{acc("o1", "", 1, 20, "A")}, accounts{acc("n1", "", 9, 20, "A")}, "[]", "[] []"},
		"one without a number, and nine rows": {
			accounts{acc("o1", "", 1, 20, "PIX ENVIADO")}, accounts{few}, "[]", "[o1] [n1]"},
		"one without a number, and 19 of 20 rows": {
			accounts{acc("o1", "", 1, 20, "PIX ENVIADO")}, accounts{gap}, "[{o1 n1}]", "[] []"},
		"another type": {
			accounts{acc("o1", "12345-0", 1, 20, "A")}, accounts{savings}, "[{o1 n1}]", "[] []"},
	} {
		got := recognize(test.before, test.after)
		if fmt.Sprint(got.Pairs) != test.pairs ||
			fmt.Sprint(got.AmbiguousBefore, got.AmbiguousAfter) != test.ambiguous {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestUnmatchedRows(t *testing.T) {
	rows := func(side string, from, n int) (all []banktext.Row) {
		for i := range n {
			text := "PIX ENVIADO " + person(from+i)
			row := plainRow(transaction(side+text, text).TransactionData, account)
			row.Date = domain.Date(fmt.Sprintf("2026-11-%02d", 1+i%20))
			all = append(all, row)
		}
		return all
	}
	days := func(rows []banktext.Row, first int) []banktext.Row {
		for i := range rows {
			rows[i].Date = domain.Date(fmt.Sprintf("2026-11-%02d", first+i))
		}
		return rows
	}
	mixed := func(known int) []banktext.Row { // this number of known rows, and others on the following days
		return slices.Concat(rows("n", 0, known), days(rows("n", 30, 12-known), known+1))
	}
	for name, test := range map[string]struct {
		before, after []banktext.Row
		want          int
	}{
		"all rows have partners":            {rows("o", 0, 12), rows("n", 0, 12), 0},
		"half of them":                      {rows("o", 0, 12), mixed(6), 0},
		"fewer than half of them":           {rows("o", 0, 12), mixed(5), 7},
		"none of too few":                   {rows("o", 0, 9), rows("n", 30, 9), 0},
		"none of ten":                       {rows("o", 0, 10), rows("n", 30, 10), 10},
		"the same ids":                      {rows("o", 0, 12), rows("o", 0, 12), 0},
		"other days":                        {days(rows("o", 0, 12), 1), days(rows("n", 30, 12), 15), 0},
		"the account has no rows any more":  {rows("o", 0, 12), nil, 0},
		"the account had no rows until now": {nil, rows("n", 0, 12), 0},
	} {
		if got := matching.Unmatched(test.before, test.after); got != test.want {
			t.Errorf("%s: %d rows, want %d", name, got, test.want)
		}
	}
}

// An account that is linked again is read anew. Its rows must therefore be compared even if one read returned rows of
// both lists, and even if the service learned of the rows at distant times.
func TestUnmatchedIgnoresTheReadsOfTheRows(t *testing.T) {
	var before, after []banktext.Row
	for i := range 12 {
		row := plainRow(transaction("o"+strconv.Itoa(i), "PIX ENVIADO "+person(i)).TransactionData, account)
		row.Date = domain.Date(fmt.Sprintf("2026-11-%02d", 1+i))
		row.Account.UUID[0], row.LearnedAt = 1, hour(0)
		row.FirstRead, row.LastRead, row.Reads = 1, 9, []uint64{1, 9}
		before = append(before, row)
		row.ExternalID, row.Account.UUID[0], row.LearnedAt = "n"+strconv.Itoa(i), 2, hour(24*30)
		after = append(after, row)
	}
	if got := matching.Unmatched(before, after); got != 0 {
		t.Errorf("%d rows without a partner, want 0", got)
	}
	for i := range after[:9] { // the same row, which the vendor returns with its id, but corrected
		after[i].ExternalID, after[i].Description = before[i].ExternalID, "OUTRO"
		after[i].Amount = parseMoney(t, "-1.11", "BRL")
	}
	if got := matching.Unmatched(before, after); got != 0 {
		t.Errorf("%d rows without a partner, want 0: nine of them have returned", got)
	}
}

func TestRecognitionIsOrdered(t *testing.T) {
	acc := func(id, number string, seed, n int) matching.LinkedAccount {
		return linked(t, id, number, seed, n, "A")
	}
	// The account o2 is paired first, by its number, and o1 is paired later, by its rows. The pairs must still be
	// ordered.
	got := recognize(
		[]matching.LinkedAccount{acc("o2", "777-7", 2, 20), acc("o1", "", 1, 20)},
		[]matching.LinkedAccount{acc("n1", "777-7", 2, 20), acc("n2", "", 1, 20)},
	)
	if fmt.Sprint(got.Pairs) != "[{o1 n2} {o2 n1}]" {
		t.Errorf("pairs %v", got.Pairs)
	}
}

// If there are other accounts of their type and currency, two accounts with the same rows are one account only if
// their numbers allow it, for example because they differ only in a check digit.
func TestTheNumberMayHaveOneCheckDigitMore(t *testing.T) {
	acc := func(id, number string, seed, n int) matching.LinkedAccount {
		return linked(t, id, number, seed, n, "A")
	}
	for name, c := range map[string]struct {
		number string
		want   string
	}{
		"one digit more":              {"123456", "[{o1 n1}]"},
		"two digits more":             {"1234567", "[]"},
		"one digit more at the front": {"912345", "[]"},
		"the same":                    {"12345", "[{o1 n1}]"},
		"not stated":                  {"", "[{o1 n1}]"},
	} {
		for _, swap := range []bool{false, true} {
			x, y := acc("o1", "12345", 1, 20), acc("n1", c.number, 1, 20)
			if swap {
				x, y = acc("o1", c.number, 1, 20), acc("n1", "12345", 1, 20)
			}
			// The other accounts ensure that the two accounts are not paired as the only ones of their type and
			// currency.
			got := recognize(
				[]matching.LinkedAccount{x, acc("o8", "88888", 8, 20), acc("o9", "99999", 9, 0)},
				[]matching.LinkedAccount{y, acc("n5", "55555", 5, 20), acc("n6", "66666", 6, 20)},
			)
			if fmt.Sprint(got.Pairs) != c.want {
				t.Errorf("%s (swapped %t): %v, want %s", name, swap, got.Pairs, c.want)
			}
		}
	}
}

// Only rows of the days that both accounts cover are compared. If one of the accounts has none on these days, nothing
// is compared.
func TestRowsAreComparedOnTheDaysThatBothAccountsCover(t *testing.T) {
	on := func(id string, seed int, days ...int) matching.LinkedAccount {
		a := linked(t, id, "", seed, 20, "A")
		var rows []banktext.Row
		for _, day := range days { // the rows are dated from October 1 on
			rows = append(rows, a.Rows[day-1])
		}
		a.Rows = rows
		return a
	}
	month := make([]int, 20)
	for i := range month {
		month[i] = i + 1
	}
	nearly := on("n", 1, month...)
	nearly.Rows[19].Amount = parseMoney(t, "-1.11", "BRL")
	for name, tc := range map[string]struct {
		before, after matching.LinkedAccount
		want          int
	}{
		"19 of 20 equal rows":                  {on("o", 1, month...), nearly, 0},
		"the same days":                        {on("o", 1, 1, 2, 3), on("n", 5, 1, 2, 3), 6},
		"two common days":                      {on("o", 1, 1, 2, 3), on("n", 5, 2, 3, 4), 4},
		"a hole where the other one has rows":  {on("o", 1, 5, 6), on("n", 5, 1, 20), 0},
		"rows where the other one has a hole":  {on("o", 1, 1, 20), on("n", 5, 5, 6), 0},
		"no common days":                       {on("o", 1, 1, 2), on("n", 5, 5, 6), 0},
		"no rows":                              {on("o", 1, 1, 2), on("n", 5), 0},
		"equal amounts need no compared texts": {on("o", 1, 1, 2, 3), on("n", 1, 1, 2, 3), 0},
		"four rows with other amounts":         {on("o", 1, 1, 2, 3, 4), on("n", 5, 1, 2, 3, 4), 8},
	} {
		got := matching.ComparedRows([]matching.LinkedAccount{tc.before}, []matching.LinkedAccount{tc.after})
		if got != tc.want {
			t.Errorf("%s: %d rows are compared, want %d", name, got, tc.want)
		}
	}
}

// An account whose bank is not stated is of the bank of the other accounts of its reference, if they are of one bank.
func TestTheBankOfOtherAccountsOfTheReference(t *testing.T) {
	acc := func(id, bank, number string, seed int) matching.LinkedAccount {
		a := linked(t, id, number, seed, 20, "A")
		a.Identity.Bank = bank
		return a
	}
	for name, tc := range map[string]struct {
		banks [3]string // of the accounts before; the second one has the number and the rows
		bank  string    // of the account after
		want  string
	}{
		"the bank of both others":       {[3]string{"099", "", "099"}, "099", "[{o2 n1}]"},
		"another bank than both others": {[3]string{"099", "", "099"}, "033", "[]"},
		"another bank than the first":   {[3]string{"099", "", ""}, "033", "[]"},
		"another bank than the last":    {[3]string{"", "", "099"}, "033", "[]"},
		"the others are of two banks":   {[3]string{"099", "", "237"}, "033", "[{o2 n1}]"},
		"no bank is stated":             {[3]string{}, "033", "[{o2 n1}]"},
	} {
		before := []matching.LinkedAccount{
			acc("o1", tc.banks[0], "11111-1", 5), acc("o2", tc.banks[1], "12345-0", 1),
			acc("o3", tc.banks[2], "33333-3", 8),
		}
		got := recognize(before, []matching.LinkedAccount{acc("n1", tc.bank, "12345-0", 1)})
		if fmt.Sprint(got.Pairs) != tc.want {
			t.Errorf("%s: the pairs are %v, want %s", name, got.Pairs, tc.want)
		}
	}
}
