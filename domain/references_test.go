package domain_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestNewPartyDocument(t *testing.T) {
	for number, want := range map[string]domain.PartyDocument{
		"12.abc.345/01de-35":     {Type: domain.CNPJ, Value: "12ABC34501DE35"},
		"12345678000195":         {Type: domain.CNPJ, Value: "12345678000195"},
		"390.533.447-05":         {Type: domain.CPF, Value: "39053344705"},
		"GODE561231GR8":          {Type: domain.RFC, Value: "GODE561231GR8"},
		"ABC680524P76":           {Type: domain.RFC, Value: "ABC680524P76"},
		"AB&680524P7Ñ":           {Type: domain.OtherDocument, Value: "AB&680524P7Ñ"},
		"1BC680524P76":           {Type: domain.OtherDocument, Value: "1BC680524P76"},
		"ABC68O524P76":           {Type: domain.OtherDocument, Value: "ABC68O524P76"},
		"900123456-7":            {Type: domain.OtherDocument, Value: "9001234567"},
		"***.533.447-**":         {},
		"•••.533.447-••":         {},
		"XXX.533.447-XX":         {},
		"###.533.447-##":         {},
		"000.000.000-00":         {},
		"XAXX010101000":          {Type: domain.RFC, Value: "XAXX010101000"},
		strings.Repeat("12", 33): {},
		strings.Repeat("12", 32): {Type: domain.OtherDocument, Value: strings.Repeat("12", 32)},
		" ":                      {},
	} {
		if got := domain.NewPartyDocument(number); got != want || got.IsZero() != (want.Value == "") {
			t.Errorf("NewPartyDocument(%q) = %v, want %v", number, got, want)
		}
	}
	if !(domain.References{}).IsZero() || (domain.References{ChequeNumber: "1"}).IsZero() {
		t.Error("IsZero of References")
	}
}

func TestCleanReference(t *testing.T) {
	for text, want := range map[string]string{
		" 675767aa ": "675767aa", "a\x00b": "ab", "0000000000": "", "0": "", "": "", "000417": "000417",
		strings.Repeat("9", 255): strings.Repeat("9", 255), strings.Repeat("9", 256): "",
	} {
		if got := domain.CleanReference(text); got != want {
			t.Errorf("CleanReference(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestIsEndToEndID(t *testing.T) {
	const id = "E12345678202611101200abcDEF12345"
	for text, want := range map[string]bool{
		id: true, "D" + id[1:]: true, "e" + id[1:]: true, "F" + id[1:]: false, id[:31]: false, id + "1": false,
		id[:31] + "-": false, id[:5] + "x" + id[6:]: false, "": false,
	} {
		if domain.IsEndToEndID(text) != want {
			t.Errorf("IsEndToEndID(%q) = %v", text, !want)
		}
	}
}

func TestReferences(t *testing.T) {
	all := domain.References{
		EndToEndID: "1", TransactionID: "2", AuthenticationCode: "3", ReferenceNumber: "4", ReceiverReferenceID: "5",
		TrackingKey: "6", ChequeNumber: "7", Barcode: "8", TxID: "9a",
	}
	if got := strings.Join(all.Values(), ""); got != "123456789a" {
		t.Errorf("the values are %q", got)
	}
	for _, value := range all.Values() {
		if !all.Has(value) {
			t.Errorf("Has(%q) is false", value)
		}
	}
	pix := domain.References{ReferenceNumber: "E12345678202611101200abcDEF12345"}
	for _, value := range []string{
		"E12345678 202611101200 ABCdef12345", "e12345678-202611101200-abcDEF12345",
		"E.12345678.2026.1110.1200.abcDEF12345", "E12345678\u00a0202611101200\u00a0abcDEF12345",
	} {
		if !pix.Has(value) || all.Has(value) || !(domain.References{TransactionID: value}).Has(value) {
			t.Errorf("Has(%q) of an end-to-end id in groups", value)
		}
	}
	for _, b := range boletos {
		boleto := domain.References{Barcode: b.barcode}
		if !boleto.Has(b.barcode) || !boleto.Has(b.line) || !boleto.Has(b.printed) || pix.Has(b.printed) ||
			boleto.Has("10") {
			t.Errorf("Has of the boleto %s", b.barcode)
		}
	}
	capital := domain.References{ReferenceNumber: "AZ-az"}
	if !capital.Has("az-AZ") || domain.LowerReference("AZaz09É[@") != "azaz09É[@" {
		t.Error("the case of the letters A to Z matters")
	}
	if !all.Has("9A") || all.Has("10") || (domain.References{}).Has("") {
		t.Error("Has is true for a value that no member has")
	}
	if got := (domain.References{}).Or(all); got != all {
		t.Errorf("Or returned %+v", got)
	}
	if got := all.Or(domain.References{EndToEndID: "x", ChequeNumber: "x"}); got != all {
		t.Errorf("Or has replaced known members: %+v", got)
	}
	for _, want := range []string{"1", "2", "6", "4", ""} {
		if got := all.Main(); got != want {
			t.Errorf("Main of %+v is %q, want %q", all, got, want)
		}
		switch want {
		case "1":
			all.EndToEndID = ""
		case "2":
			all.TransactionID = ""
		case "6":
			all.TrackingKey = ""
		case "4":
			all.ReferenceNumber = ""
		}
	}
}

// The id of a charge is a labelled one, or else the receiver's reference if it has the form of the id of a dynamic
// charge.
func TestChargeID(t *testing.T) {
	const dynamic = "7978c0c97ea847e78e8849634473c1f1"
	for r, want := range map[domain.References]string{
		{}: "", {TxID: "a"}: "a", {ReceiverReferenceID: dynamic}: dynamic, {ReceiverReferenceID: dynamic[:25]}: "",
		{ReceiverReferenceID: dynamic[:26]}:       dynamic[:26],
		{ReceiverReferenceID: dynamic + "abc"}:    dynamic + "abc",
		{ReceiverReferenceID: dynamic, TxID: "a"}: "a", {ReceiverReferenceID: dynamic + "abcd"}: "",
		{ReceiverReferenceID: "E12345678202611101200abcDEF12345"}: "", {ReceiverReferenceID: dynamic[:31] + "-"}: "",
	} {
		if got := r.ChargeID(); got != want {
			t.Errorf("ChargeID of %+v is %q, want %q", r, got, want)
		}
	}
}
