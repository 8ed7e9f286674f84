package witness_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

func fileOf(accounts ...witness.Account) (f witness.File) {
	for _, a := range accounts {
		f.Statements = append(f.Statements, witness.Statement{Account: a, Currency: "BRL"})
	}
	return f
}

func TestAStatementIsSelectedByTheNumberOfTheAccount(t *testing.T) {
	itau := witness.OurAccount{Identity: domain.NewAccountIdentity("341", "1234", "05678-9", "", ""), Currency: "BRL"}
	number := func(text string) witness.OurAccount { return witness.OurAccount{Number: text, Currency: "BRL"} }
	for name, tc := range map[string]struct {
		file   witness.File
		ours   witness.OurAccount
		chosen string
		match  witness.Match
		code   witness.RefusalCode
	}{
		"the same number": {fileOf(witness.Account{Number: "05678-9"}), itau, "", witness.MatchExact, ""},
		"the agency in front": {
			fileOf(witness.Account{Number: "1234056789"}), itau, "", witness.MatchNormalised, "",
		},
		"without the check digit": {
			fileOf(witness.Account{Number: "5678"}), itau, "", witness.MatchNormalised, "",
		},
		"leading zeros": {
			fileOf(witness.Account{Number: "000000056789"}), itau, "", witness.MatchExact, "",
		},
		"a slash": {
			fileOf(witness.Account{Number: "1357/24680"}), number("24680-1"), "", witness.MatchNormalised, "",
		},
		"the check digit X": {
			fileOf(witness.Account{Number: "12345-X"}), number("12345x"), "", witness.MatchExact, "",
		},
		"a masked card": {
			fileOf(witness.Account{Number: "XXXXXXXXXXXX4242"}), number("4242"), "", witness.MatchExact, "",
		},
		"an IBAN": {
			fileOf(witness.Account{Number: "DE02 1203 0000 0000 2020 51"}), number("DE02120300000000202051"), "",
			witness.MatchExact, "",
		},
		"no number in the file": {fileOf(witness.Account{}), itau, "", witness.MatchAbsent, ""},
		"an id that is no number": {
			fileOf(witness.Account{Number: "64f0c1f2-0000-4000-8000-00000000000a"}), itau, "", witness.MatchAbsent, "",
		},
		"our number is not known": {
			fileOf(witness.Account{Number: "1234056789"}), number(""), "", witness.MatchAbsent, "",
		},
		"another number": {
			fileOf(witness.Account{Number: "999999-9"}), itau, "", "", witness.OtherAccount,
		},
		"three digits are too few": {fileOf(witness.Account{Number: "789"}), itau, "", "", witness.OtherAccount},
		"another bank": {
			fileOf(witness.Account{Bank: "0237", Number: "05678-9"}), itau, "", "", witness.OtherAccount,
		},
		"the bank in another notation": {
			fileOf(witness.Account{Bank: "0341", Number: "05678-9"}), itau, "", witness.MatchExact, "",
		},
		"another account that the caller has chosen": {
			fileOf(witness.Account{Number: "999999-9"}), itau, "999999-9", witness.MatchChosen, "",
		},
		"an account that the file does not have": {
			fileOf(witness.Account{Number: "999999-9"}), itau, "1", "", witness.NeedsAccount,
		},
		"one of several": {
			fileOf(witness.Account{Number: "999999-9"}, witness.Account{Number: "1234056789"}), itau, "",
			witness.MatchNormalised, "",
		},
		"none of several": {
			fileOf(witness.Account{Number: "999999-9"}, witness.Account{Number: "888888-8"}), itau, "", "",
			witness.NeedsAccount,
		},
		"two of several": {
			fileOf(witness.Account{Number: "1234056789"}, witness.Account{Number: "056789", Sub: "0202"},
				witness.Account{Number: "56789", Sub: "0201"}), itau, "", "", witness.NeedsAccount,
		},
		"several without numbers": {
			fileOf(witness.Account{}, witness.Account{Card: true}), itau, "", "", witness.NeedsAccount,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, refusal := witness.Select(tc.file, tc.ours, tc.chosen)
			switch {
			case refusal == nil && (tc.code != "" || got.Match != tc.match):
				t.Errorf("the match is %q, want %q", got.Match, tc.match)
			case refusal != nil && refusal.Code != tc.code:
				t.Errorf("the refusal is %+v", refusal)
			case refusal != nil && tc.code == witness.OtherAccount && !strings.Contains(refusal.Message, "account"):
				t.Errorf("the refusal does not name the account: %s", refusal.Message)
			case refusal != nil && tc.code == witness.OtherAccount &&
				!strings.Contains(refusal.Message, "not of account 341/56789"):
				t.Errorf("the refusal does not name our account: %s", refusal.Message)
			}
		})
	}
}

// The caller can name an account that has no number.
func TestAnAccountWithoutANumberCanBeChosen(t *testing.T) {
	f := fileOf(witness.Account{}, witness.Account{Number: "999999-9"})
	ours := witness.OurAccount{Number: "12345-6", Currency: "BRL"}
	_, refusal := witness.Select(f, ours, "")
	if refusal == nil || !strings.Contains(refusal.Message, "the accounts (no number), 999999-9;") {
		t.Fatalf("the refusal is %+v", refusal)
	}
	got, refusal := witness.Select(f, ours, "(no number)")
	if refusal != nil || got.Match != witness.MatchChosen || got.Statement.Account != (witness.Account{}) {
		t.Errorf("chosen is %+v: %v", got, refusal)
	}
}

// A number with letters or with hidden characters is another one if what both show differs.
func TestNumbersWithLettersAndHiddenCharactersAreCompared(t *testing.T) {
	const exact, normalised, absent, other = witness.MatchExact, witness.MatchNormalised, witness.MatchAbsent,
		witness.Match("")
	for _, tc := range []struct {
		ours, theirs string
		want         witness.Match
	}{
		{"A1B23CD4E00F0009", "A1B23CD4E00F0009", exact},
		{"A1B23CD4E00F0009", "a1b2-3cd4 e00f0009", exact},
		{"A1B23CD4E00F0009", "A1B23CD4E00F0008", other},
		{"A1B23CD4E00F0009", "4E00F0009", absent},
		{"4E00F0009", "A1B23CD4E00F0009", absent},
		{"0001234567", "A1B23CD4E00F0009", other},
		{"A1B23CD4E00F0009", "0001234567", other},
		{"0001234567", "ABCDE9876", other},
		{"0001234567", "ABCDE1234567", absent},
		{"0001234567", "CONTA 1234567", absent},
		{"0001234567", "CONTA CORRENTE", absent},
		{"0001234567", "Conta 9876543", absent},
		{"0001234567", "AbCd1234EfGh5678IjKl90", absent},
		{"0001234567", "ZZ99ABCD", other},
		{"DE02120300000000202051", "A1B23CD4E00F0009", other},
		{"DE02120300000000202051", "EUR202051", absent},
		{"808123456292", "808XXXXXX292", normalised},
		{"808123456293", "808XXXXXX292", other},
		{"809123456292", "808XXXXXX292", other},
		{"0001234567", "808XXXXXX292", other},
		{"1234292", "808XXXXXX292", absent},
		{"808******292", "808XXXXXX292", absent},
		{"808******293", "808XXXXXX292", other},
		{"CH9300762011623852957", "CH93XXXXXXXXXXXXXX957", normalised},
		{"CH9300762011623852957", "CH94XXXXXXXXXXXXXX957", other},
		{"CH9300762011623852957", "DEXXXX", other},
		{"0001234567", "CHxxxxxxxxxxxx", absent},
		{"12345-X", "12345X", exact},
		{"0001239876", "****9876", normalised},
		{"0001239876", "****9875", other},
		{"A1234BBBBBBBBBBBBBBBBBBBBBBBBB", "A1234BBBBBBBBBBBBBBBBBBBBBBBBB", exact},
		{"A1234BBBBBBBBBBBBBBBBBBBBBBBBBB", "A1234BBBBBBBBBBBBBBBBBBBBBBBBBB", absent}, // too long for a number
		{"DE12AB", "DE12AB", exact},
		{"DE12A", "DE12A", absent}, // too short for a text that begins like an IBAN
		{"12345678901234", "CHxxxxxxxxxxxx", absent},
		{"****345678901234", "808XXXXXX234", absent},
		{"808123456292", "808XXXXXXXX2", normalised},
		{"129934995678", "12XX34XX5678", normalised},
		{"129934995678", "12XX34XX5679", other},
		{"0001239876", "Ab**1234", absent},
		{"456789", "Z123ABC4567890", other}, // letters between the digits belong to the number
	} {
		ours := witness.OurAccount{
			Identity: domain.NewAccountIdentity("", "", tc.ours, "", ""), Number: tc.ours,
		}
		got, refusal := witness.Select(fileOf(witness.Account{Number: tc.theirs}), ours, "")
		if got.Match != tc.want || (refusal == nil) != (tc.want != other) {
			t.Errorf("%s is matched to %s as %q, want %q: %v", tc.theirs, tc.ours, got.Match, tc.want, refusal)
		}
	}
}

func TestANumberMatchesOnlyIfWhatStandsInFrontOfItIsKnown(t *testing.T) {
	our := func(bank, agency, number string) witness.OurAccount {
		return witness.OurAccount{
			Identity: domain.NewAccountIdentity(bank, agency, number, "", ""), Number: agency + "/" + number,
		}
	}
	itau, caixa, bb := our("341", "1234", "56789-0"), our("104", "0123", "00001234-5"), our("1", "1234-5", "67890-1")
	digital := our("260", "0001", "1234567-8")
	german := witness.OurAccount{Number: "DE02120300000000202051"}
	noAgency := witness.OurAccount{Identity: domain.NewAccountIdentity("341", "", "56789-0", "", ""), Number: "56789-0"}
	clabe := witness.OurAccount{Identity: domain.NewAccountIdentity("", "", "", "012180012345678909", "")}
	card := witness.OurAccount{Identity: domain.AccountIdentity{}.OfCard("4242"), Number: "4242"}
	agencyApart := witness.OurAccount{
		Identity: domain.NewAccountIdentity("341", "1234", "56789-0", "", ""), Number: "567890",
	}
	unmarked, dutch := witness.OurAccount{Number: "567890"}, witness.OurAccount{Number: "NL91ABNA0417164300"}
	masked := witness.OurAccount{Identity: domain.AccountIdentity{Mask: "6789"}, Number: "6789"}
	dutchZ := witness.OurAccount{Number: "NL91ZBNA0417164300"}
	shortIBAN, longIBAN := witness.OurAccount{Number: "NO9386011117947"}, witness.OurAccount{
		Number: "ZZ12000000000000000000000123456789",
	}
	twoNumbers := witness.OurAccount{
		Identity: domain.AccountIdentity{IBAN: "DE02120300000000202051"}, Number: "1234551",
	}
	apart := witness.OurAccount{
		Identity: domain.NewAccountIdentity("104", "0123", "001000012345", "", ""), Number: "001000012345",
	}
	const exact, normalised, other = witness.MatchExact, witness.MatchNormalised, witness.Match("")
	for _, tc := range []struct {
		ours   witness.OurAccount
		theirs witness.Account
		want   witness.Match
	}{
		{itau, witness.Account{Number: "1234567890"}, normalised},
		{itau, witness.Account{Number: "123456789"}, normalised},
		{itau, witness.Account{Number: "3411234567890"}, normalised},
		{itau, witness.Account{Number: "0341/1234/56789-0"}, exact},
		{itau, witness.Account{Branch: "1234", Number: "000000567890"}, exact},
		{itau, witness.Account{Branch: "01234", Number: "1234567890"}, normalised},
		{itau, witness.Account{Branch: "9999", Number: "56789-0"}, other},
		{itau, witness.Account{Branch: "9999"}, other},
		{itau, witness.Account{Number: "9999/56789-0"}, other},
		{itau, witness.Account{Number: "9999567890"}, other},
		{itau, witness.Account{Number: "999956789"}, other},
		{itau, witness.Account{Number: "9567890"}, other},
		{itau, witness.Account{Number: "12349567890"}, other},
		{itau, witness.Account{Number: "98712341234567890"}, other},
		{itau, witness.Account{Number: "5678900"}, other},
		{itau, witness.Account{Number: "5678-9"}, other},
		{itau, witness.Account{Number: "567897"}, other},
		{noAgency, witness.Account{Number: "1234567890"}, normalised},
		{noAgency, witness.Account{Number: "123400567890"}, normalised},
		{noAgency, witness.Account{Number: "9567890"}, other},
		{noAgency, witness.Account{Number: "1234567891"}, other},
		{noAgency, witness.Account{Number: "123456789012567890"}, other},
		{noAgency, witness.Account{Branch: "1234", Number: "1234567890"}, normalised},
		{bb, witness.Account{Branch: "1234-5", Number: "67890-1"}, exact},
		{bb, witness.Account{Branch: "12345", Number: "67890-1"}, exact},
		{bb, witness.Account{Branch: "12346", Number: "67890-1"}, other},
		{bb, witness.Account{Branch: "0123-4", Number: "67890-1"}, other},
		{bb, witness.Account{Number: "12345678901"}, normalised},
		{bb, witness.Account{Number: "12349678901"}, other},
		{digital, witness.Account{Branch: "0001-9", Number: "12345678"}, exact},
		{digital, witness.Account{Number: "000112345678"}, other},
		{digital, witness.Account{Number: "112345678"}, other},
		{digital, witness.Account{Number: "260000112345678"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "0123001000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "01231288000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "0123012920000000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "0123099990000000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "0999012920000000012345"}, other},
		{caixa, witness.Account{Bank: "104", Number: "0123012920000000012346"}, other},
		{itau, witness.Account{Number: "1234012920000000567890"}, other},
		{caixa, witness.Account{Bank: "104", Branch: "0123", Number: "013000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Branch: "0123", Number: "13000012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "0123001000912345"}, other},
		{caixa, witness.Account{Bank: "104", Number: "0123999000012345"}, other},
		{caixa, witness.Account{Bank: "104", Number: "0999001000012345"}, other},
		{caixa, witness.Account{Bank: "104", Number: "912345"}, other},
		{
			our("104", "0123", "001000012345"), witness.Account{Bank: "104", Number: "0123013000012345"}, other,
		},
		{german, witness.Account{Bank: "12030000", Number: "0000202051"}, normalised},
		{german, witness.Account{Number: "202051"}, normalised},
		{german, witness.Account{Bank: "50010517", Number: "0000202051"}, other},
		{german, witness.Account{Bank: "12030000", Number: "0000902051"}, other},
		{german, witness.Account{Bank: "BYLADEM1001", Number: "202051"}, normalised},
		{german, witness.Account{Bank: "INGBNL2A", Number: "202051"}, other},
		{german, witness.Account{Number: "DE88500105170000202051"}, other},
		{clabe, witness.Account{Number: "1234567890"}, normalised},
		{clabe, witness.Account{Number: "234567890"}, other},
		{card, witness.Account{Card: true, Number: "5555000000004242"}, normalised},
		{card, witness.Account{Number: "94242"}, other},
		{card, witness.Account{Card: true, Number: "94242"}, normalised},
		{card, witness.Account{Number: "5555000004242"}, normalised},
		{card, witness.Account{Number: "555500004242"}, other}, // too few digits for the whole number of a card
		{agencyApart, witness.Account{Branch: "9999", Number: "567890"}, other},
		{agencyApart, witness.Account{Number: "1234567890"}, normalised},
		{agencyApart, witness.Account{Number: "9999567890"}, other},
		{agencyApart, witness.Account{Number: "5678901"}, other}, // the vendor marks the check digit
		{unmarked, witness.Account{Number: "5678901"}, normalised},
		{unmarked, witness.Account{Number: "56789/0"}, exact},
		{unmarked, witness.Account{Number: "12345678567890"}, normalised},
		{unmarked, witness.Account{Number: "123456789567890"}, other}, // no agency has nine digits
		{unmarked, witness.Account{Number: "123567890"}, normalised},
		{unmarked, witness.Account{Number: "12567890"}, other},
		{witness.OurAccount{Number: "1234567890"}, witness.Account{Number: "567890"}, normalised},
		{witness.OurAccount{Number: "6789"}, witness.Account{Number: "1236789"}, normalised},
		{witness.OurAccount{Number: "0000567890"}, witness.Account{Number: "1234567890"}, normalised},
		{witness.OurAccount{Number: "1234567890"}, witness.Account{Number: "0000567890"}, normalised},
		{witness.OurAccount{Number: "1234567890"}, witness.Account{Number: "0000000567890"}, normalised},
		{witness.OurAccount{Number: "1234567890"}, witness.Account{Number: "0000567891"}, other},
		{witness.OurAccount{Number: "789"}, witness.Account{Number: "123789"}, other},
		{masked, witness.Account{Number: "1234567896789"}, normalised},
		{our("1", "0123", "67890-1"), witness.Account{Branch: "1234", Number: "67890-1"}, other},
		{our("1", "0123", "67890-1"), witness.Account{Branch: "1234-5", Number: "67890-1"}, other},
		{caixa, witness.Account{Bank: "104", Number: "012300100012345"}, normalised},
		{caixa, witness.Account{Bank: "104", Number: "01230010012345"}, other}, // the number lacks a digit
		{german, witness.Account{Bank: "ingbnl2a", Number: "202051"}, other},
		{dutch, witness.Account{Bank: "ABNANL2A", Number: "417164300"}, normalised},
		{dutch, witness.Account{Bank: "INGBNL2A", Number: "417164300"}, other},
		{dutchZ, witness.Account{Bank: "INGBNL2A", Number: "417164300"}, other},
		{german, witness.Account{Bank: "byladem1001", Number: "202051"}, normalised},
		{german, witness.Account{Number: "902051"}, other},
		{shortIBAN, witness.Account{Number: "86011117947"}, normalised},
		{longIBAN, witness.Account{Number: "123456789"}, normalised},
		{twoNumbers, witness.Account{Number: "12XXX51"}, normalised}, // the IBAN alone has too few visible digits
		{apart, witness.Account{Bank: "104", Number: "0123000012345"}, normalised},
		{ // 18 digits that are no CLABE
			witness.OurAccount{Number: "123456789012345678"}, witness.Account{Number: "12345678901234567"}, normalised,
		},
		{our("341", "0012", "56789-0"), witness.Account{Number: "0012567890"}, normalised},
		{our("341", "0012", "56789-0"), witness.Account{Number: "12567890"}, other}, // a number may begin with 12
		{our("341", "0001", "56789-0"), witness.Account{Number: "0001567890"}, other},
		{our("341", "0001", "56789-0"), witness.Account{Number: "3410001567890"}, normalised},
		{our("", "1234", "56789-0"), witness.Account{Bank: "12030000", Number: "1234567890"}, normalised},
		{our("", "1234", "56789-0"), witness.Account{Number: "0001234567890"}, normalised},
		{our("", "0001", "56789-0"), witness.Account{Number: "0000001567890"}, other},
		{witness.OurAccount{Number: "202051"}, witness.Account{Number: "DE02120300000000202051"}, normalised},
	} {
		got, refusal := witness.Select(fileOf(tc.theirs), tc.ours, "")
		if got.Match != tc.want || (refusal == nil) != (tc.want != other) {
			t.Errorf("%+v is matched to %+v as %q, want %q: %v", tc.theirs, tc.ours, got.Match, tc.want, refusal)
		}
	}
	lotes := fileOf(
		witness.Account{Branch: "9999", Number: "56789-0"}, witness.Account{Branch: "1234", Number: "56789-0"},
	)
	if got, refusal := witness.Select(lotes, itau, ""); refusal != nil || got.Statement.Account.Branch != "1234" {
		t.Errorf("the statement of the agency is not selected: %+v: %v", got.Statement.Account, refusal)
	}
}

func TestAStatementInAnotherCurrencyIsRefused(t *testing.T) {
	f := fileOf(witness.Account{Number: "999999-9"})
	f.Statements[0].Currency = "USD"
	ours := witness.OurAccount{Number: "12345", Currency: "MXN"}
	if _, refusal := witness.Select(f, witness.OurAccount{Number: "999999-9", Currency: "MXN"}, ""); refusal == nil ||
		refusal.Code != witness.OtherCurrency {
		t.Errorf("the refusal is %+v", refusal)
	}
	if _, refusal := witness.Select(f, ours, "999999-9"); refusal == nil || refusal.Code != witness.OtherCurrency {
		t.Errorf("the refusal of a chosen statement is %+v", refusal)
	}
}

func TestAnAccountInSeveralCurrenciesIsSelectedByTheCurrency(t *testing.T) {
	in := func(number string) witness.File {
		f := fileOf(witness.Account{Number: number}, witness.Account{Number: number})
		f.Statements[0].Currency = "USD"
		return f
	}
	twoNotations := in("12345")
	twoNotations.Statements[1].Account.Number = "12.345"
	for _, tc := range []struct {
		file                           witness.File
		currency, chosen, want, labels string
	}{
		{in("12345"), "BRL", "", "BRL", ""},
		{in("12345"), "USD", "", "USD", ""},
		{in("12345"), "USD", "12345", "USD", ""},
		{in("12345"), "MXN", "", "", "12345/USD, 12345/BRL;"},
		{in("12345"), "", "", "", "12345/USD, 12345/BRL;"},
		{in("12345"), "", "12345/BRL", "BRL", ""},
		{in(""), "BRL", "", "", "USD, BRL;"},
		{in(""), "BRL", "BRL", "BRL", ""},
		{twoNotations, "USD", "", "", "12345, 12.345;"}, // they are not known to be one account
	} {
		got, refusal := witness.Select(tc.file, witness.OurAccount{Number: "12345", Currency: tc.currency}, tc.chosen)
		switch {
		case tc.want != "" && (refusal != nil || got.Statement.Currency != tc.want):
			t.Errorf("%+v: the statement is in %q: %v", tc, got.Statement.Currency, refusal)
		case tc.want == "" && (refusal == nil || refusal.Code != witness.NeedsAccount ||
			!strings.Contains(refusal.Message, "accounts "+tc.labels)):
			t.Errorf("%+v: the refusal is %v", tc, refusal)
		}
	}
}

func TestRefusedBlocksWithoutAnAccountCountForEachAccount(t *testing.T) {
	f := fileOf(witness.Account{Number: "12345"}, witness.Account{Number: "99999"}, witness.Account{})
	f.Statements[2].Sections = []witness.Section{{Blocks: []witness.Block{{Kind: witness.Refused, Raw: "?"}}}}
	for _, number := range []string{"12345", "99999"} {
		got, refusal := witness.Select(f, witness.OurAccount{Number: number}, "")
		if refusal != nil || got.Statement.Account.Number != number || got.Statement.Counts().Refused != 1 {
			t.Errorf("the statement is %+v: %v", got.Statement, refusal)
		}
	}
}

// The file also has statements of investments, which are not read.
func TestAStatementOfInvestmentsIsRefusedIfItIsTheWantedOne(t *testing.T) {
	const none = witness.RefusalCode("")
	for name, tc := range map[string]struct {
		statement, investment, chosen string
		want                          witness.RefusalCode
	}{
		"the investment has our number":     {"99999-9", "12345-6", "", witness.NotAStatement},
		"the statement has our number, too": {"12345-6", "12345-6", "", none},
		"the investment has another number": {"99999-9", "88888-8", "", witness.OtherAccount},
		"the investment has no number":      {"99999-9", "", "", witness.OtherAccount},
		"neither is known":                  {"", "", "", none},
		"the statement has no number":       {"", "12345-6", "", witness.NotAStatement},
		"the investment is chosen":          {"99999-9", "88888-8", "88888-8", witness.NotAStatement},
		"its label is chosen":               {"99999-9", "88888-8", "341/88888-8", witness.NotAStatement},
		"another one is chosen":             {"99999-9", "12345-6", "77777-7", witness.NeedsAccount},
	} {
		f := fileOf(witness.Account{Number: tc.statement})
		f.Investments = []witness.Account{{Bank: "341", Number: tc.investment}}
		_, refusal := witness.Select(f, witness.OurAccount{Number: "12345-6", Currency: "BRL"}, tc.chosen)
		if got := refusal; (got == nil) != (tc.want == none) || got != nil && got.Code != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A number may have a current account and a savings account.
func TestOfSeveralTypesOfOneNumberOursIsSelected(t *testing.T) {
	for name, tc := range map[string]struct {
		second, subtype, chosen string
		want                    string // the type of the selected statement; "" if none is
	}{
		"ours":                       {"12345-6", "CHECKING_ACCOUNT", "", "CHECKING"},
		"the other one":              {"12345-6", "savings", "", "SAVINGS"},
		"neither":                    {"12345-6", "card", "", ""},
		"it is chosen by the number": {"12345-6", "savings", "12345-6", "SAVINGS"},
		"it is chosen by its label":  {"12345-6", "savings", "12345-6/CHECKING", "CHECKING"},
		"two notations are not known to be one number": {"123456", "savings", "", ""},
	} {
		f := fileOf(witness.Account{Number: "12345-6", Sub: "CHECKING"},
			witness.Account{Number: tc.second, Sub: "SAVINGS"})
		ours := witness.OurAccount{Number: "12345-6", Currency: "BRL", Subtype: tc.subtype}
		got, refusal := witness.Select(f, ours, tc.chosen)
		if got.Statement.Account.Sub != tc.want || (refusal == nil) != (tc.want != "") {
			t.Errorf("%s: %+v, %+v", name, got.Statement.Account, refusal)
		}
	}
}

// A statement without an account is no account of the file: it does not make the only account one of several. A refused
// file has no statement.
func TestRefusedBlocksWithoutAnAccountAreNoAccount(t *testing.T) {
	f := fileOf(witness.Account{Number: "12345"}, witness.Account{})
	f.Statements[1].Sections = []witness.Section{{Blocks: []witness.Block{{Kind: witness.Refused, Raw: "?"}}}}
	got, refusal := witness.Select(f, witness.OurAccount{}, "")
	if refusal != nil || got.Match != witness.MatchAbsent || got.Statement.Account.Number != "12345" {
		t.Errorf("the only account is not selected: %+v: %v", got, refusal)
	}
	got, refusal = witness.Select(f, witness.OurAccount{Number: "98765"}, "")
	if refusal == nil || refusal.Code != witness.OtherAccount || len(got.Statement.Sections) > 0 {
		t.Errorf("the refusal of another account is %+v, with the statement %+v", refusal, got.Statement)
	}
}

// A product such as an automatic investment gives way to the statement of the account itself, but only if both have one
// number.
func TestAProductGivesWayToItsAccount(t *testing.T) {
	for name, tc := range map[string]struct {
		accounts []witness.Account
		sub      string // of the selected statement
		selected bool
	}{
		"the product and its account": {
			[]witness.Account{{Number: "12345-6", Sub: "APLIC"}, {Number: "12345-6"}}, "", true,
		},
		"only the product": {[]witness.Account{{Number: "12345-6", Sub: "APLIC"}}, "APLIC", true},
		"the account has another notation": {
			[]witness.Account{{Number: "12345-6", Sub: "APLIC"}, {Number: "123456"}}, "", false,
		},
	} {
		got, refusal := witness.Select(fileOf(tc.accounts...), witness.OurAccount{Number: "12345-6"}, "")
		if (refusal == nil) != tc.selected || got.Statement.Account.Sub != tc.sub {
			t.Errorf("%s: selected is %+v: %v", name, got.Statement.Account, refusal)
		}
	}
}

// The message names a number, or only the bank if the file states no more.
func TestARefusalNamesTheAccountOfTheFile(t *testing.T) {
	itau := witness.OurAccount{Identity: domain.NewAccountIdentity("341", "1234", "05678-9", "", "")}
	for want, theirs := range map[string]witness.Account{
		"that of an account of bank 237, and not": {Bank: "237"},
		"that of account 237/999999, and not":     {Bank: "237", Number: "999999"},
		"that of account 9999, and not":           {Branch: "9999"},
	} {
		if _, refusal := witness.Select(fileOf(theirs), itau, ""); refusal == nil ||
			!strings.Contains(refusal.Message, want) {
			t.Errorf("the refusal of %+v is %v, without %q", theirs, refusal, want)
		}
	}
}
