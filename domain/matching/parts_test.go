package matching_test

import (
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// The tests of this file are about the limits of the comparisons of numbers, names and other parts of texts.

func TestWhichNumbersAreOneNumber(t *testing.T) {
	type pairs = map[[2]string]bool
	for name, tc := range map[string]struct {
		compare func(x, y string) bool
		pairs   pairs
	}{
		"the first one shows only the end of the second one": {matching.IsMasked, pairs{
			{"xxx5551", "9005551"}: true, {"xx5551", "905551"}: false, {"xxx551", "900551"}: false,
			{"xxx5551", "9005552"}: false, {"5551", "9005551"}: false, {"xxxxx55511", "9001255511"}: true,
		}},
		"one lacks the check digit": {matching.IsWithoutCheckDigit, pairs{
			{"5312218", "53122187"}: true, {"53122187", "5312218"}: true, {"531221", "5312218"}: false,
			{"5312218", "531221877"}: false, {"5312218", "5312218x"}: false, {"5312218", "5312218"}: false,
			{"5312218", "93122187"}: false,
		}},
		"the first one lacks the letters before it": {matching.IsWithoutPrefix, pairs{
			{"8586853", "at8586853"}: true, {"858685", "at858685"}: false, {"85868531", "at0085868531"}: true,
			{"85868531", "0085868531"}: false, {"85868531", "85868531"}: false, {"858685a1", "at858685a1"}: false,
			{"85868531", "at85868532"}: false,
		}},
		"one key is the beginning of the other one": {matching.IsCutKey, pairs{
			{"036appm1", "036appm15112"}: true, {"036appm15112", "036appm1"}: true, {"036", "036appm15112"}: false,
			{"036appm2", "036appm15112"}: false,
		}},
		"one word is the beginning of the other one": {matching.IsCutWord, pairs{
			{"ana", "anabela"}: true, {"anabela", "ana"}: true, {"an", "anabela"}: false, {"anb", "anabela"}: false,
		}},
		"they differ in one letter": {matching.IsTypo, pairs{
			{"silverli", "silverlo"}: true, {"silverl", "silverx"}: false, {"silverli", "silverlix"}: true,
			{"silverli", "xsilverli"}: true, {"silverli", "silxverli"}: true, {"silverli", "silvxrlo"}: false,
			{"silverli", "silxvexrli"}: false, {"silverli", "silverli"}: true, {"xilverli", "silverli"}: true,
		}},
	} {
		for pair, want := range tc.pairs {
			if got := tc.compare(pair[0], pair[1]); got != want {
				t.Errorf("%s: %q and %q: %t, want %t", name, pair[0], pair[1], got, want)
			}
		}
	}
}

func TestWhichListsOfWordsAreOneName(t *testing.T) {
	type pairs = map[[2]string]bool
	for name, tc := range map[string]struct {
		compare func(x, y []string) bool
		pairs   pairs
	}{
		"the last number of the first list is cut": {matching.IsCutList, pairs{
			{"26090", "260901 m12345"}: true, {"260", "2609"}: false, {"2609", "26091"}: true, {"", "1"}: false,
			{"1234 2609", "1234 26091"}: true, {"9999 2609", "1234 26091"}: false, {"1234 5678", "1234"}: false,
			{"2609", "36091"}: false,
		}},
		"they share a word of the name": {matching.SharesName, pairs{
			{"casa x", "casa y"}: true, {"bar x", "bar y"}: false, {"sol mercado", "mercado lua"}: true,
			{"sol bela mercado", "mercado x"}: false, {"sol merca", "mercado lua"}: true,
			{"sol merc", "mercado lua"}: false, {"sol bar", "lua bar"}: false, {"sol nave", "nave lua"}: true,
		}},
		"the short one lacks its vowels": {matching.IsWithoutVowels, pairs{
			{"slvrln rstrnt br", "silverline restaurant bar austin"}: true, {"slvrln br", "silverline bar"}: true,
			{"slvrl br", "silverl bar"}: false, {"slvrln br x", "silverline bar"}: false,
			{"slvrln bar", "silverline bar"}: false, {"slvrln cr", "silverline bar"}: false,
			{"amrcn brd", "american bread"}: true,
		}},
		"one is only a first name": {matching.IsFirstName, pairs{
			{"ana", "ana leal"}: true, {"ana leal", "ana"}: true, {"ana", "ana"}: false, {"ana", "bia leal"}: false,
			{"ana maria", "ana maria leal"}: false,
		}},
		"one is little more than a first name": {matching.IsCutFirstName, pairs{
			{"maria a", "maria aparecida santos"}: true, {"maria aparecida santos", "maria a"}: true,
			{"marian a", "marian aparecida santos"}: true, {"mariana a", "mariana aparecida santos"}: false,
			{"maria b", "maria beatriz santos"}: false, {"maria a", "maria a santos"}: false,
			{"maria e", "maria eduarda"}: true, {"mara a", "maraa"}: false,
		}},
		"each word is abbreviated": {matching.IsAbbreviated, pairs{
			{"prest hab", "prestacao habitacional"}: true, {"pr hab", "prestacao habitacional"}: false,
			{"prestacao hab", "prest habitacional"}: true, {"prest", "prestacao habitacional"}: false,
			{"prest hax", "prestacao habitacional"}: false,
		}},
		"a middle word is an initial": {matching.HasInitials, pairs{
			{"josiane p albuquerque", "josiane pacheco albuquerque"}: true, {"josiane p", "josiane pacheco"}: false,
			{"josiane pa albuquerque", "josiane pacheco albuquerque"}: false,
			{"josiane p lima", "josiane pacheco albuquerque"}:         false, {"ana p lima", "eva pacheco lima"}: false,
			{"ana q lima", "ana pacheco lima"}: false, {"ana p c lima", "ana pacheco c lima"}: true,
			{"ana lima", "ana p lima"}: false,
		}},
		"the short one is a part of the long one": {matching.IsWithin, pairs{
			{"leal souza", "ana leal souza"}: true, {"leal sou", "ana leal souza"}: true,
			{"souza leal", "ana leal souza"}: false, {"ana souza", "ana leal souza"}: false,
			{"leal souza lima", "ana leal souza"}: false, {"ana leal", "ana leal souza"}: true,
		}},
		"they have another order": {matching.IsReordered, pairs{
			{"12 8", "8 12"}: true, {"12 8", "12 8"}: false, {"12 8", "8 13"}: false,
		}},
	} {
		for pair, want := range tc.pairs {
			if got := tc.compare(strings.Fields(pair[0]), strings.Fields(pair[1])); got != want {
				t.Errorf("%s: %q and %q: %t, want %t", name, pair[0], pair[1], got, want)
			}
		}
	}
}

func TestHowTwoNamesRelate(t *testing.T) {
	for _, tc := range []struct {
		a, b             string
		person, merchant string
	}{
		{"", "ana leal", "unknown", "unknown"}, {"ana leal", "ana leal", "agree", "agree"},
		{"ana leal", "analeal", "agree", "agree"}, {"ana be", "ana beatriz", "contained", "contained"},
		{"ana b", "ana beatriz", "doubtful", "doubtful"}, {"ana faria", "ana farias", "doubtful", "contained"},
		{"padaria", "padaria sol", "doubtful", "doubtful"}, {"padari", "padaria", "contained", "contained"},
		{"jose silva", "jose silva filho", "doubtful", "doubtful"},
		{"jose silv", "jose silva filho", "doubtful", "doubtful"},
		{"jose sil", "jose silva filho", "contained", "contained"},
		{"jose silva", "jose silva lima", "contained", "contained"},
		{"silverli", "silverlo", "doubtful", "doubtful"}, {"silverl", "silverx", "differ", "differ"},
		{"silverli", "silxverli", "doubtful", "doubtful"}, {"silverli", "silxxverli", "differ", "differ"},
		{"lojabe", "rio lojabe", "doubtful", "contained"}, {"lojab", "rio lojab", "doubtful", "doubtful"},
		{"leal ana", "ana leal", "doubtful", "contained"}, {"ana leal", "bia lima", "differ", "differ"},
		{"josiane p lima", "josiane pacheco lima", "doubtful", "doubtful"},
	} {
		for _, pair := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := matching.NameRelation(pair[0], pair[1], true); got != tc.person {
				t.Errorf("the counterparties %q and %q: %s, want %s", pair[0], pair[1], got, tc.person)
			}
			if got := matching.NameRelation(pair[0], pair[1], false); got != tc.merchant {
				t.Errorf("the merchants %q and %q: %s, want %s", pair[0], pair[1], got, tc.merchant)
			}
		}
	}
}

func TestHowTwoTaxNumbersRelate(t *testing.T) {
	for pair, want := range map[[2]string]string{
		{"", "39053344705"}: "unknown", {"39053344705", "39053344705"}: "agree",
		{"39053344705", "39053344706"}: "differ", {"***533447**", "39053344705"}: "contained",
		{"***53344***", "39053344705"}: "unknown", {"***533448**", "39053344705"}: "differ",
		{"39053344705", "12345678000195"}: "differ", {"***533447**", "12345678000195"}: "doubtful",
		{"39053******", "*****344705"}: "unknown",
	} {
		for _, p := range [][2]string{pair, {pair[1], pair[0]}} {
			if got := matching.DocumentRelation(p[0], p[1]); got != want {
				t.Errorf("%q and %q: %s, want %s", p[0], p[1], got, want)
			}
		}
	}
}

func TestHowTwoInstalmentsRelate(t *testing.T) {
	of := func(number, count int, purchased domain.Date, total string) banktext.Instalment {
		return banktext.Instalment{Number: number, Count: count, Purchased: purchased, Total: total}
	}
	const day = domain.Date("2026-09-10")
	for _, tc := range []struct {
		a, b banktext.Instalment
		want string
	}{
		{of(2, 10, "", ""), of(2, 10, "", ""), "agree"}, {of(2, 10, "", ""), of(3, 10, "", ""), "differ"},
		{of(2, 10, "", ""), of(2, 12, "", ""), "differ"}, {of(0, 0, "", ""), of(0, 0, "", ""), "unknown"},
		{of(2, 10, "", ""), of(0, 0, "", ""), "unknown"}, {of(2, 0, "", ""), of(2, 10, "", ""), "unknown"},
		{of(0, 0, day, ""), of(2, 10, day, ""), "doubtful"}, {of(0, 0, day, ""), of(1, 1, day, ""), "unknown"},
		{of(0, 0, "", ""), of(2, 10, day, ""), "unknown"}, {of(1, 1, "", "50"), of(1, 1, "", "51"), "agree"},
		{of(1, 2, "", "50"), of(1, 2, "", "51"), "differ"}, {of(1, 2, "", "50"), of(1, 2, "", ""), "agree"},
		{of(1, 2, "", "50"), of(1, 2, "", "50"), "agree"}, {of(0, 10, "", ""), of(0, 12, "", ""), "differ"},
	} {
		if got := matching.InstalmentRelation(tc.a, tc.b); got != tc.want {
			t.Errorf("%+v and %+v: %s, want %s", tc.a, tc.b, got, tc.want)
		}
		if got := matching.InstalmentRelation(tc.b, tc.a); got != tc.want {
			t.Errorf("%+v and %+v: %s, want %s", tc.b, tc.a, got, tc.want)
		}
	}
}

func TestBankingDaysBetweenTwoDates(t *testing.T) {
	for dates, want := range map[[2]domain.Date]int{
		{"2026-11-10", "2026-11-10"}: 0, {"2026-11-10", "2026-11-11"}: 1, {"2026-11-13", "2026-11-16"}: 1,
		{"2026-11-13", "2026-11-15"}: 0, {"2026-12-24", "2026-12-28"}: 1, {"2026-12-31", "2027-01-04"}: 1,
		{"2026-12-01", "2026-12-14"}: 9, {"2026-12-01", "2026-12-15"}: 10, {"2026-12-01", "2026-12-31"}: 10,
	} {
		for _, d := range [][2]domain.Date{dates, {dates[1], dates[0]}} {
			if got := matching.BankingDays(d[0], d[1]); got != want {
				t.Errorf("%s and %s: %d banking days, want %d", d[0], d[1], got, want)
			}
		}
	}
}

func TestANameStandsForALongerOne(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"farmacia s joao", "farmacia sao joao"}: true, {"padaria s", "padaria sol"}: false, // only a purpose is whole
		{"lojas s", "lojas sol"}: true, {"lojas", "lojas sol"}: false, {"loja s", "loja sol"}: true,
		{"rio s", "rio sol"}:       false, // no whole word of four letters
		{"lojas sol", "lojas sol"}: false, {"lojas so", "lojas sol"}: false, {"lojas sol", "lojas solar"}: true,
		{"lojas slr", "lojas solar"}: true, {"lojas sl", "lojas sol"}: false, {"lojas s x", "lojas sol"}: false,
		{"lojas s", "lojas sol filho"}: false, {"lojas s", "lojas sol lima"}: true, {"ljs sol", "lojas sol"}: false,
		{"lojas t", "lojas sol"}: false, {"lojas solar", "lojas sol"}: false,
	} {
		if got := matching.Abbreviates(pair[0], pair[1]); got != want {
			t.Errorf("%q is short for %q: %t, want %t", pair[0], pair[1], got, want)
		}
	}
}

func TestHowTwoAccountNumbersRelate(t *testing.T) {
	of := func(agency, number, check string) domain.AccountIdentity {
		return domain.AccountIdentity{Agency: agency, Number: number, CheckDigit: check}
	}
	for _, tc := range []struct {
		a, b domain.AccountIdentity
		want string
	}{
		{of("", "12345", ""), of("", "12345", ""), "agree"}, {of("", "12345", ""), of("", "123456", "6"), "agree"},
		{of("", "12345", "5"), of("", "123456", "6"), "differ"},
		{of("", "12345", ""), of("", "1234567", "7"), "differ"},
		{of("", "12345", ""), of("", "912345", "5"), "differ"}, {of("", "", ""), of("", "12345", ""), "unknown"},
		{of("0001", "12345", ""), of("", "000112345", ""), "agree"},
		{of("0001", "1234", ""), of("", "00011234", ""), "differ"},
		{of("0001", "12345", ""), of("", "000212345", ""), "differ"},
		{of("", "012345", ""), of("", "12345", ""), "differ"}, // no agency is known
	} {
		for _, pair := range [][2]domain.AccountIdentity{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := matching.AccountNumberRelation(pair[0], pair[1]); got != tc.want {
				t.Errorf("%+v and %+v: %s, want %s", pair[0], pair[1], got, tc.want)
			}
		}
	}
}

// Two accounts are one by their rows if at least 95 % of at least ten rows have a partner. They are undecided if at
// least 20 % have one, or if their numbers agree and fewer than ten rows are compared.
func TestHowManyRowsDecideAboutTwoAccounts(t *testing.T) {
	for _, tc := range []struct {
		rows, share      int
		otherType, equal bool
		one, undecided   bool
	}{
		{10, 95, false, false, true, true}, {9, 95, false, false, false, true}, {10, 94, false, false, false, true},
		{10, 20, false, false, false, true}, {10, 19, false, false, false, false},
		{9, 0, false, true, false, true}, {10, 0, false, true, false, false}, {0, 0, false, false, false, false},
		{10, 95, true, false, true, true}, {9, 95, true, true, false, false}, {10, 94, true, false, false, false},
	} {
		if got := matching.IsOneByRows(tc.rows, tc.share); got != tc.one {
			t.Errorf("%d rows, of which %d %% have a partner, show one account: %t, want %t", tc.rows, tc.share, got,
				tc.one)
		}
		if got := matching.IsUndecided(tc.rows, tc.share, tc.otherType, tc.equal); got != tc.undecided {
			t.Errorf("%+v: undecided: %t, want %t", tc, got, tc.undecided)
		}
	}
}

// A reference names one payment if it has letters among its digits, or if it is a long number of a transfer, but no tax
// number, telephone, plate or date.
func TestWhichReferencesNameAPayment(t *testing.T) {
	for reference, want := range map[string]map[string]bool{
		"PIX ANA": {
			"r12a34": true, "r12a3": false, "abc1d23": false, "ct77124410": false, "1a2b3c": true,
			"987654321": true, "98765432": true, "9876543": false, "98765432101": false, "12345678000195": false,
			"20261110": false, "payment": false,
		},
		"LOJA BELA": {"r12a34": true, "987654321": false},
	} {
		for value, is := range want {
			if got := matching.NamesPayment(value, reference, reference); got != is {
				t.Errorf("the reference %q of %q names a payment: %t, want %t", value, reference, got, is)
			}
		}
	}
	if matching.NamesPayment("987654321", "PIX ANA", "LOJA BELA") {
		t.Error("a number names a payment although only one of the rows is a transfer")
	}
}

// An identifier of at least five digits is found in the text of the other row; of a tracking key, at least its last
// eight.
func TestAnIdentifierIsFoundInTheOtherText(t *testing.T) {
	for _, tc := range []struct {
		text, value string
		end         bool
		want        string
	}{
		{"PIX 12345", "12345", false, "12345"}, {"PIX 1234", "1234", false, ""},
		{"PIX 12345", "0012345", false, "12345"},
		{"PIX 12345", "00012", false, ""}, {"PIX NSU 77123", "77123", false, "77123"},
		{"PIX 12345", "12346", false, ""},
		{"SPEI 12345678", "abc12345678", true, "12345678"}, {"SPEI 12345678", "abc12345678", false, ""},
		{"SPEI 1234567", "abc1234567", true, ""},
	} {
		if got := matching.NumberIn(tc.text, tc.value, tc.end); got != tc.want {
			t.Errorf("%q in %q (its end: %t): %q, want %q", tc.value, tc.text, tc.end, got, tc.want)
		}
	}
}

func TestWhichFractionsAreAMonthAndAYear(t *testing.T) {
	got := matching.PeriodsAmong("10/26", "12/26", "13/26", "10/12", "10/13", "1/2", "12/2026")
	if want := "10/26 12/26 10/13 12/2026"; strings.Join(got, " ") != want {
		t.Errorf("the periods are %q, want %q", got, want)
	}
}

// A number of at least eight characters may be printed in groups of at most five.
func TestGroupsOfANumberAreJoined(t *testing.T) {
	for texts, want := range map[[2]string]string{
		{"PAG 0426 2000 6800", "PAG 042620006800"}: "42620006800", {"PAG 1234 5678", "PAG 12345678"}: "12345678",
		{"PAG 123 4567", "PAG 1234567"}: "123 4567", {"PAG 12345 678", "PAG 12345678"}: "12345678",
		{"PAG 123456 78", "PAG 12345678"}: "123456 12345678", {"PAG 1234 9999", "PAG 12345678"}: "1234 9999",
	} {
		if got := strings.Join(matching.JoinedNumbers(texts[0], texts[1]), " "); got != want {
			t.Errorf("%q beside %q: the numbers are %q, want %q", texts[0], texts[1], got, want)
		}
	}
}

// If one text is the beginning of the other one, it may end within a number.
func TestHowTheNumbersOfTwoTextsRelate(t *testing.T) {
	for _, tc := range []struct{ a, b, want string }{
		{"LOJA BELA 24880", "LOJA BELA 24880", "agree"}, {"LOJA BELA 24880", "LOJA BELA 24881", "differ"},
		{"LOJA BELA 24880", "LOJA BELA", "unknown"}, {"RENT PMTS 26090", "RENT PMTS 260901 77123", "contained"},
		{"RENT 2609", "RENT 26091", "differ"}, // the text is too short for a cut one
		{"CONDOMINIO 260", "CONDOMINIO 2609", "doubtful"}, {"CONDOMINIO 2609", "CONDOMINIO 26091", "contained"},
		{"APOLICE 5312218877", "APOLICE 531221887", "agree"},
	} {
		for _, p := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := matching.ListRelation(p[0], p[1]); got != tc.want {
				t.Errorf("%q and %q: %s, want %s", p[0], p[1], got, tc.want)
			}
		}
	}
}

// A number of nine digits or more may be a tax number without punctuation and without zeros in front.
func TestATaxNumberWithoutPunctuation(t *testing.T) {
	for texts, want := range map[[2]string]string{
		{"PIX 390.533.447-05", "PIX RECEBIDO 39053344705"}:  "unknown", // a valid number is a document itself
		{"PIX ***.533.447-**", "PIX RECEBIDO 39053344706"}:  "contained",
		{"PIX ***.533.447-**", "PIX RECEBIDO 39053344"}:     "unknown",
		{"PIX ***.533.447-**", "PIX RECEBIDO 990533447"}:    "doubtful",
		{"PIX ***.533.447-**", "PIX RECEBIDO 12345678901"}:  "doubtful",
		{"PIX ***.533.447-**", "PIX RECEBIDO 390533447051"}: "unknown",
		{"PIX ***.533.447-**", "LOJA BELA 39053344706"}:     "unknown",
	} {
		if got := matching.BareDocumentRelation(texts[0], texts[1]); got != want {
			t.Errorf("%q and %q: %s, want %s", texts[0], texts[1], got, want)
		}
	}
}

func TestTwoTextsShareAWord(t *testing.T) {
	for texts, want := range map[[2]string]bool{
		{"PIX ENVIADO", "PIX ENVIADO"}: true, {"PIX ENVIADO", "PIX ENVIADO 4417"}: false,
		{"PIX ENVIADO 4417", "PIX ENVIADO"}: false, {"PIX 4417", "PIX 4417"}: false, {"TARIFA 123", "TARIFA"}: true,
		{"PIX ANA", "PIX ANA LEAL"}: true, {"PIX ANA", "PIX BIA"}: false, {"PIX ANA", "PIX ENVIADO"}: false,
		{"LOJA ANA LEAL", "LOJA ANALEAL"}:   false,
		{"LOJA ANA ALVES", "LOJA ANAALVES"}: true, {"PIX ENVIADO", "PIX ANA"}: false,
	} {
		if got := matching.SharesWord(texts[0], texts[1]); got != want {
			t.Errorf("%q and %q: %t, want %t", texts[0], texts[1], got, want)
		}
	}
}

// A whole hour means a date. Two different seconds are two moments, unless one of the times has no seconds.
func TestTwoTimesOfOneMinuteAreOneMoment(t *testing.T) {
	for times, want := range map[[2]string]bool{
		{"12:00:00", "12:00:00"}: false, {"12:00:07", "12:00:07"}: true, {"12:31:00", "12:31:00"}: true,
		{"12:31:07", "12:31:00"}: true, {"12:31:00", "12:31:07"}: true, {"12:31:07", "12:31:08"}: false,
	} {
		x, errX := time.Parse(time.TimeOnly, times[0])
		y, errY := time.Parse(time.TimeOnly, times[1])
		if got := matching.IsOneMoment(x, y); got != want || errX != nil || errY != nil {
			t.Errorf("%v: %t, want %t", times, got, want)
		}
	}
}

// An amount is unusual from 10 on, if it does not end like a price.
func TestWhichAmountsAreUnusual(t *testing.T) {
	for amount, want := range map[string]bool{
		"9.99": false, "9.37": false, "10.00": false, "10.01": true, "-10.01": true, "47.50": false, "47.90": false,
		"47.95": false, "47.99": false, "47.51": true, "47.80": true, "1200": false,
	} {
		if got := matching.IsOdd(parseMoney(t, amount, "BRL")); got != want {
			t.Errorf("%s is unusual: %t, want %t", amount, got, want)
		}
	}
}
