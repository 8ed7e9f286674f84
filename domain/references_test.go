package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestNewPartyDocument(t *testing.T) {
	for number, want := range map[string]domain.PartyDocument{
		"12.abc.345/01de-35": {Type: domain.CNPJ, Value: "12ABC34501DE35"},
		"12345678000195":     {Type: domain.CNPJ, Value: "12345678000195"},
		"390.533.447-05":     {Type: domain.CPF, Value: "39053344705"},
		"GODE561231GR8":      {Type: domain.RFC, Value: "GODE561231GR8"},
		"ABC680524P76":       {Type: domain.RFC, Value: "ABC680524P76"},
		"AB&680524P7Ñ":       {Type: domain.OtherDocument, Value: "AB&680524P7Ñ"},
		"1BC680524P76":       {Type: domain.OtherDocument, Value: "1BC680524P76"},
		"ABC68O524P76":       {Type: domain.OtherDocument, Value: "ABC68O524P76"},
		"900123456-7":        {Type: domain.OtherDocument, Value: "9001234567"},
		"***.533.447-**":     {},
		"•••.533.447-••":     {},
		" ":                  {},
	} {
		if got := domain.NewPartyDocument(number); got != want || got.IsZero() != (want.Value == "") {
			t.Errorf("NewPartyDocument(%q) = %v, want %v", number, got, want)
		}
	}
	if !(domain.References{}).IsZero() || (domain.References{ChequeNumber: "1"}).IsZero() {
		t.Error("IsZero of References")
	}
}
