package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAccountNumbersAreComparedWithoutTheirFormat(t *testing.T) {
	want := domain.AccountIdentity{
		Bank:       "99",
		Agency:     "1",
		Number:     "123450",
		CheckDigit: "0",
		CLABE:      "150194683119900273",
		ID:         "0x-1",
	}
	for _, got := range []domain.AccountIdentity{
		domain.NewAccountIdentity("099", "0001", "12345-0", "150194683119900273", "0x-1"),
		domain.NewAccountIdentity(" 99 ", "0001-9", "0012.345-0", "150 194 68311990027-3", "0x-1"),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for in, want := range map[string]string{
		"12345-x": "12345X", "12345-X ": "12345X", "X": "", "0": "", "**** 8670": "", "1X2": "12", "00": "",
	} {
		if got := domain.NewAccountIdentity("", "", in, "", "").Number; got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"12345-x": "X", "12345X": "X", "12345-0": "0", " 12345-0 ": "0", "123450": "", "1234-50": "",
	} {
		if got := domain.NewAccountIdentity("", "", in, "", "").CheckDigit; got != want {
			t.Errorf("the check digit of %q is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"001": "1", "341": "341", "00416968": "00416968", "416968": "416968", "0416968": "00416968", "": "",
	} {
		if got := domain.NewAccountIdentity(in, "", "", "", "").Bank; got != want {
			t.Errorf("the bank %q became %q, want %q", in, got, want)
		}
	}
	if got := domain.NewAccountIdentity(
		"",
		"0000",
		"**** 0670",
		"",
		"",
	); got.Agency != "0" ||
		got.LastDigits != "0670" {
		t.Errorf("%+v", got)
	}
	card := domain.NewAccountIdentity("1", "2", "0671", "", "k").OfCard("0671")
	if card != (domain.AccountIdentity{Bank: "1", LastDigits: "0671", ID: "k"}) {
		t.Errorf("the card is %+v", card)
	}
	for _, clabe := range []string{"", "15019468311990027", "1501946831199002731"} {
		if got := domain.NewAccountIdentity("", "", "", clabe, "").CLABE; got != "" {
			t.Errorf("the CLABE %q became %q", clabe, got)
		}
	}
}

func TestADocumentOfTheHolderIsCompleteOrMasked(t *testing.T) {
	for text, want := range map[string]domain.AccountIdentity{
		"111.444.777-35":     {Document: "11144477735"},
		"***.444.777-**":     {MaskedDocument: "***444777**"},
		"12.abc.345/01de-35": {Document: "12ABC34501DE35"},
		"xx.xbc.345/01de-35": {MaskedDocument: "***BC34501DE35"},
		"444.777":            {},
		"":                   {},
	} {
		if got := (domain.AccountIdentity{Document: "x", MaskedDocument: "y"}).WithDocument(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// A vendor may state the number of an account twice. Both members may differ in their form.
func TestAnAgencyIsLeftOutIfAnotherMemberContradictsTheNumber(t *testing.T) {
	for stated, confirmed := range map[string]bool{
		"0001/12345-6":  true,
		"1/123456":      true,
		"12345-6":       true,
		"0001/12345":    true,  // without the check digit
		"000112345-6":   true,  // begins with the agency
		"0002/12345-6":  false, // another agency
		"0001/12345-7":  false, // another number
		"0001/54321-6":  false,
		"54321-6":       false, // another number, without an agency
		"0001/***45-6":  true,  // hidden characters contradict nothing
		"0002/":         true,
		"":              true,
		"0002/***345-6": true,
	} {
		identity := domain.NewAccountIdentity("341", "0001", "12345-6", "", "")
		want := identity
		if !confirmed {
			want.Agency = ""
		}
		if got := identity.ConfirmedBy(stated); got != want {
			t.Errorf("%q: %+v, want %+v", stated, got, want)
		}
	}
	short := domain.NewAccountIdentity("341", "0001", "12345", "", "")
	if got := short.ConfirmedBy("0001/12345-6"); got != short {
		t.Errorf("a longer number that begins with the known one: %+v", got)
	}
	none := domain.NewAccountIdentity("341", "0001", "", "", "")
	if got := none.ConfirmedBy("0002/12345-6"); got != none {
		t.Errorf("an account without a number: %+v", got)
	}
	unknown := domain.NewAccountIdentity("341", "", "12345-6", "", "")
	if got := unknown.ConfirmedBy("0002/12345-6"); got != unknown {
		t.Errorf("an account without an agency: %+v", got)
	}
}

func TestTheCodesOfABankAreCompletedWithZeros(t *testing.T) {
	number := func(bank, agency, number, clabe string) domain.AccountIdentity {
		return domain.NewAccountIdentity(bank, agency, number, clabe, "")
	}
	const clabe = "012180001234567890"
	for name, c := range map[string]struct {
		identity     domain.AccountIdentity
		bank, branch string
		full         bool // bank, agency and number name the account
	}{
		"a COMPE code":         {number("1", "12", "12345", ""), "001", "0012", true},
		"a code of six digits": {number("416968", "0001-9", "1234", ""), "416968", "0001", false},
		"an ISPB code":         {number("00416968", "", "12345", ""), "00416968", "", false},
		"a long agency":        {number("341", "12345", "123456", ""), "341", "12345", true},
		"a name, and a CLABE":  {domain.AccountIdentity{Bank: "Banco 9", CLABE: clabe}, "012", "", false},
		"a name": {
			domain.AccountIdentity{Bank: "Banco 9", Agency: "1", Number: "12345"}, "", "0001", true,
		},
		"a CLABE":                 {number("", "", "", clabe), "012", "", false},
		"nothing":                 {domain.AccountIdentity{}, "", "", false},
		"a number without a bank": {number("", "1", "12345", ""), "", "0001", false},
	} {
		if bank, branch := c.identity.BankCode(), c.identity.Branch(); bank != c.bank || branch != c.branch {
			t.Errorf("%s: bank %q, branch %q, want %q and %q", name, bank, branch, c.bank, c.branch)
		}
		if got := c.identity.HasFullNumber(); got != c.full {
			t.Errorf("%s: full number %t", name, got)
		}
	}
	if got := (domain.AccountIdentity{}).WithIBAN("br15 0000 0000 0000 1093 2840 814p 2").IBAN; got !=
		"BR1500000000000010932840814P2" {
		t.Errorf("the IBAN is %q", got)
	}
}
