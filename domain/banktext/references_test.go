package banktext_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

func TestTextReferences(t *testing.T) {
	for text, want := range map[string]domain.References{
		"PIX ENVIADO E12345678202611101200abcDEF12345": {EndToEndID: "E12345678202611101200abcDEF12345"},
		"DEVOLUCAO D12345678202611101200abcDEF12345":   {EndToEndID: "D12345678202611101200abcDEF12345"},
		"PIX E1234567820261110120":                     {},
		"SPEI CLAVE DE RASTREO 20260529400140BET0000497006700 REF 1": {
			TrackingKey: "20260529400140BET0000497006700"},
		"SPEI CVE RAST: 036APPM15012023107434731": {TrackingKey: "036APPM15012023107434731"},
		"RASTREO: 2021030140014BMOV0000466445930": {TrackingKey: "2021030140014BMOV0000466445930"},
		"CHEQUE COMPENSADO 000417":                {ChequeNumber: "417"},
		"DEP CHEQUE ATM N. 018591":                {ChequeNumber: "18591"},
		"CHEQUE 000417 CHEQUE 000418":             {},
		"PIX ENVIADO MARIA":                       {},
		"":                                        {},
	} {
		if got := banktext.TextReferences(text); got != want {
			t.Errorf("TextReferences(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestTextDocument(t *testing.T) {
	for text, want := range map[string]domain.PartyDocument{
		"PIX 12.ABC.345/01DE-35 ACME":               {Type: domain.CNPJ, Value: "12ABC34501DE35"},
		"PAGAMENTO PIX-PIX_DEB 12345678000195":      {Type: domain.CNPJ, Value: "12345678000195"},
		"PIX RECEBIDO 39053344705":                  {Type: domain.CPF, Value: "39053344705"},
		"PIX 390.533.447-05 ANA":                    {Type: domain.CPF, Value: "39053344705"},
		"PIX 390.533.447-06 ANA":                    {},
		"DE LA CLABE CON RFC GODE561231GR8":         {Type: domain.RFC, Value: "GODE561231GR8"},
		"PIX ***.533.447-** ANA":                    {},
		"PIX 39053344705 52998224725":               {},
		"NETFLIX":                                   {},
		strings.Repeat("PIX ", 256) + "39053344705": {},
		strings.Repeat("PIX ", 250) + "39053344705": {Type: domain.CPF, Value: "39053344705"},
		"PIX - ANA - 39053344705 - BANCO X 12345678000195 (0260) Agência: 1 Conta: 12345-6": {
			Type: domain.CPF, Value: "39053344705",
		},
	} {
		if got := banktext.TextDocument(text); got != want {
			t.Errorf("TextDocument(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func TestReferencesCombinesWhatIsStatedAndTheTexts(t *testing.T) {
	const id = "E12345678202611101200abcDEF12345"
	const barcode = "99991163200000210000444000457220000012345678"
	const line = "99990444080045722000200123456782116320000021000"
	for name, tc := range map[string]struct {
		stated domain.References
		texts  []string
		want   domain.References
	}{
		"stated": {
			domain.References{ReferenceNumber: "1"}, []string{"PIX MARIA"}, domain.References{ReferenceNumber: "1"},
		},
		"an end-to-end id in another member": {
			domain.References{TransactionID: id}, nil, domain.References{EndToEndID: id, TransactionID: id},
		},
		"a boleto in another member": {
			domain.References{ReferenceNumber: line}, nil, domain.References{ReferenceNumber: line, Barcode: barcode},
		},
		"a stated boleto has precedence": {
			domain.References{ReferenceNumber: line, Barcode: "x"}, nil,
			domain.References{ReferenceNumber: line, Barcode: "x"},
		},
		"a text that is longer than its limit": {
			domain.References{}, []string{strings.Repeat("PIX ", 256) + "CHEQUE 000417"}, domain.References{},
		},
		"the first text has precedence": {
			domain.References{}, []string{"PIX", "CHEQUE 000417", "CHEQUE 000418"},
			domain.References{ChequeNumber: "417"},
		},
		"a stated member has precedence": {
			domain.References{EndToEndID: "x"}, []string{"PIX " + id}, domain.References{EndToEndID: "x"},
		},
	} {
		if got := banktext.References(tc.stated, tc.texts...); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// Texts that cannot contain a notation are not searched. The result must be the same as with a search.
func FuzzTextsWithoutNotationsAreSkipped(f *testing.F) {
	for _, text := range []string{
		"PIX ENVIADO E12345678202611101200abcDEF12345", "SPEI /S 250617011906042876I", "chq 123", "Rastreo 1234567",
		"PIX 12.ABC.345/01DE-35 ACME", "PIX-PIX_DEB 12345678000195", "RFC GODE561231GR8", "ab.cde.fgh/ijkl-35",
		"PIX 390.533.447-05", "ABC680524P76", "MBAN01002602240078226691", "BNET 0123456789012", "\u017fCHEQUE 12345",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range text {
			if r > 127 {
				return // the notations are read in a folded text, in which other scripts may become ASCII
			}
		}
		references, document := banktext.ReadTextReferences(text), banktext.ReadTextDocument(text)
		if got := banktext.TextReferences(text); got != references {
			t.Errorf("%q: %+v, want %+v", text, got, references)
		}
		if got := banktext.TextDocument(text); got != document {
			t.Errorf("%q: %+v, want %+v", text, got, document)
		}
	})
}
