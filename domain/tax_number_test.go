package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The alphanumeric example is the one that the Receita Federal publishes. The others were computed by hand.
func TestTaxNumber(t *testing.T) {
	for text, want := range map[string]string{
		"12ABC34501DE35":      "12ABC34501DE35",
		"12.ABC.345/01DE-35":  "12ABC34501DE35",
		"12.abc.345/01de-35":  "12ABC34501DE35",
		"ZZABC345000166":      "ZZABC345000166",
		"12ABC34501DE36":      "",
		"12ABC34501DE45":      "",
		"12345678000195":      "12345678000195",
		"12.345.678/0001-95":  "12345678000195",
		"12.345.678 0001-95":  "12345678000195",
		"390.533.447-05":      "39053344705",
		"39053344705":         "39053344705",
		"***.533.447-**":      "",
		"1234567890":          "",
		"123456789012":        "",
		"":                    "",
		"ABCDEFGHIJKLMNOPQRS": "",
	} {
		if got := domain.TaxNumber(text); got != want {
			t.Errorf("TaxNumber(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMaskedTaxNumber(t *testing.T) {
	for text, want := range map[string]string{
		"***.456.789-**":     "***456789**",
		"•••.456.789-••":     "***456789**",
		"###.456.789-##":     "***456789**",
		"xxx.456.789-XX":     "***456789**",
		"123.***.***-09":     "123******09",
		"123.456.789-XX":     "123456789**", // a CPF has no letters
		"123456789*9":        "123456789*9",
		"**.345.678/0001-**": "**3456780001**",
		"12.345.678/0001-XX": "123456780001**", // the check digits of a CNPJ have no letters
		"XX.XBC.345/01DE-35": "***BC34501DE35",
		"12.XBC.345/01DE-**": "12*BC34501DE**",
		"12.XBX.345/01DE-35": "", // two X can be letters
		"12.XBC.345/01DE-35": "",
		"12ABC34501DE35":     "",
		"12.345.678/0001-95": "",
		"390.533.447-05":     "",
		"***.***.***-**":     "",
		"XXXXXXXXXXXXXX":     "",
		"****456789**":       "", // neither 11 nor 14 positions
		"***56789**":         "",
		"*2.345.678/0001-AB": "",
		"**A.456.789-**":     "",
		"***?456789**":       "",
		"**.345.678/0001-9é": "",
		"":                   "",
	} {
		if got := domain.MaskedTaxNumber(text); got != want {
			t.Errorf("MaskedTaxNumber(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCheckDigits(t *testing.T) {
	for number, want := range map[string]bool{
		"39053344705": true, "39053344715": false, "39053344706": false, "11111111111": false, "3905334470": false,
		"3905334470A": false, "00000000191": true,
	} {
		if domain.IsCPF(number) != want {
			t.Errorf("IsCPF(%q) = %v", number, !want)
		}
	}
	for number, want := range map[string]bool{
		"12ABC34501DE35": true, "12ABC34501DE25": false, "12abc34501de35": false, "12ABC34501DEA5": false,
		"12345678000195": true, "12345678000194": false, "00000000000000": false, "00000000000191": true,
		"12ABC34501D:35": false, "12ABC34501D@35": false, "12ABC34501D[35": false, "12345678000": false,
		"12345678000195 ": false,
	} {
		if domain.IsCNPJ(number) != want {
			t.Errorf("IsCNPJ(%q) = %v", number, !want)
		}
	}
}
