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
		"12345-x": "X", "12345X": "X", "12345-0": "0", "123450": "", "1234-50": "",
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
