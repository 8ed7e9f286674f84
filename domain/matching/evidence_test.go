package matching_test

import (
	"os"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// TestEvidenceOfTwoRows checks the verdict about two rows, and the kinds of evidence that Judge returns: + means for
// one movement, - against it.
func TestEvidenceOfTwoRows(t *testing.T) {
	const id, otherID = "E00000000202611101200AAAAAAAAAAA", "E00000000202611101200BBBBBBBBBBB"
	const at, pending = "2026-11-10 P -50 BRL ", "2026-11-10 p -50 BRL "
	for name, test := range map[string]struct{ oldRow, newRow, want string }{
		// Identifiers.
		"one end-to-end id, two long ids of the institution": {
			at + "PIX " + id + " {id=A1B2C3D4E5}", at + "PIX " + id + " {id=F6G7H8I9J0}",
			"other: end_to_end_id+ transaction_id- operation+",
		},
		"one end-to-end id, two long authentication codes": {
			at + "PIX " + id + " {auth=A1B2C3D4E5}", at + "PIX " + id + " {auth=F6G7H8I9J0}",
			"other: end_to_end_id+ authentication_code- operation+",
		},
		"one end-to-end id, a long id and a short one": {
			at + "PIX " + id + " {id=A1B2C3D4E5}", at + "PIX " + id + " {id=17}",
			"same: end_to_end_id+ transaction_id- operation+",
		},
		"one end-to-end id, a short id and a long one": {
			at + "PIX " + id + " {id=17}", at + "PIX " + id + " {id=A1B2C3D4E5}",
			"same: end_to_end_id+ transaction_id- operation+",
		},
		"one end-to-end id, another id while the row settles": {
			pending + "PIX " + id + " {id=A1B2C3D4E5}", at + "PIX " + id + " {id=F6G7H8I9J0}",
			"same: end_to_end_id+ operation+",
		},
		"one end-to-end id, two references": {
			at + "PIX " + id + " {ref=R1000}", at + "PIX " + id + " {ref=R2000}",
			"same: end_to_end_id+ payment_reference- operation+",
		},
		"one id of the institution, two end-to-end ids": {
			at + "PIX " + id + " {id=A1B2C3D4E5}", at + "PIX " + otherID + " {id=A1B2C3D4E5}",
			"other: end_to_end_id- transaction_id+ operation+",
		},
		"one end-to-end id, two documents": {
			at + "PIX " + id + " {doc=11144477735}", at + "PIX " + id + " {doc=52998224725}",
			"other: end_to_end_id+ document- operation+",
		},
		"one end-to-end id, two names": {
			at + "PIX ANA LEAL " + id, at + "PIX CANTINA DA PRACA " + id, "same: end_to_end_id+ operation+ text-",
		},
		"one end-to-end id, a Pix and a fee": {
			at + "PIX " + id, at + "TARIFA PIX " + id, "other: end_to_end_id+ operation-",
		},
		"one id, and an amount in the account's currency that has moved": {
			"2026-11-10 p -50 USD LOJA BELA {local=-250 BRL; id=A1B2C3D4E5}",
			"2026-11-10 P -50 USD MERCADO SUL {local=-255 BRL; id=A1B2C3D4E5}", "same: transaction_id+ text-",
		},
		"one id, and a tip": {
			pending + "BISTRO SOL {id=A1B2C3D4E5}", "2026-11-10 P -55 BRL BISTRO SOL {id=A1B2C3D4E5}",
			"possible: transaction_id+ text+",
		},
		"the same short reference of a payment": {
			at + "PIX ENVIADO {ref=R12}", at + "PIX ENVIADO {ref=R12}", "possible: payment_reference+ operation+",
		},
		"the same reference of a payment, with a leading zero": {
			at + "PIX ENVIADO {ref=0123}", at + "PIX ENVIADO {ref=0123}", "possible: payment_reference+ operation+",
		},
		"the same reference of a payment, with four characters": {
			at + "PIX ENVIADO {ref=R123}", at + "PIX ENVIADO {ref=R123}", "same: payment_reference+ operation+",
		},
		"the same reference of the receiver, which a shop may use for each sale": {
			at + "PIX ENVIADO {rref=SHOP0001}", at + "PIX ENVIADO {rref=SHOP0001}",
			"possible: receiver_reference+ operation+",
		},
		"the same number of three digits": {at + "COMPRA 123", at + "COMPRA 123", "possible: operation+ number+"},
		"the same number of four digits":  {at + "COMPRA 1234", at + "COMPRA 1234", "same: operation+ number+"},
		"a number that is the document, too": {
			at + "PIX 39053344705", at + "PIX 39053344705", "same: document+ operation+ number+",
		},
		"the same short number of two charges": {at + "TARIFA 256", at + "TARIFA 256", "same: operation+ number+"},
		"the same labelled number": {
			at + "COMPRA NSU 77", at + "COMPRA NSU 77", "same: operation+ labelled_number+",
		},
		"two labelled numbers": {
			at + "COMPRA NSU 77", at + "COMPRA NSU 78", "possible: operation+ labelled_number-",
		},
		"two labelled numbers while the row settles": {
			pending + "LOJA BELA NSU 77", at + "LOJA BELA NSU 78", "possible: labelled_number- text+",
		},
		// An unlabelled number in a purchase may be the merchant's telephone or branch. It is no evidence if the
		// dates differ.
		"a bare number of a purchase that settles four days later": {
			pending + "LOJA BELA 24880", "2026-11-14 P -50 BRL LOJA BELA 24880", "possible: number+ text+",
		},
		"a bare number of a payment that settles four days later": {
			pending + "LOJA BELA 24880", "2026-11-14 P -50 BRL PIX LOJA BELA 24880", "same: number+ text+",
		},
		"a labelled number beside a bare one, four days later": {
			pending + "LOJA BELA 24880 NSU 77", "2026-11-14 P -50 BRL LOJA BELA 24880 NSU 77",
			"same: number+ labelled_number+ text+",
		},

		"a short number of a tax, and of another payment": {
			at + "DARF 123", at + "PAGAMENTO 123", "possible: number+",
		},

		// Charges of one party.
		"a charge beside the usual one of the party": {
			at + "EXAMPLE CORP ADICIONAL", at + "EXAMPLE CORP", "possible: charge- text+",
		},
		"two charges beside the usual one of the party": {
			at + "EXAMPLE CORP ADICIONAL", at + "EXAMPLE CORP MULTA", "other: charge- text-",
		},
		"the fees of two further cards": {
			at + "ANUIDADE CARTAO ADICIONAL", at + "ANUIDADE CARTAO DENTAL", "possible: operation+ charge- service-",
		},
		"a word of a transfer names no charge": {
			at + "PIX ANA ADICIONAL", at + "PIX ANA MULTA", "other: operation+ text-",
		},

		// Instalments and purchases.
		"an instalment of a purchase of which the day and the total are known": {
			at + "COMPRA PARC 02/10 {bought=2026-09-10; total=500}",
			at + "COMPRA PARC 02/10 {bought=2026-09-10; total=500}",
			"same: operation+ instalment+ purchase+",
		},
		"an instalment of a purchase of which only one total is known": {
			at + "COMPRA PARC 02/10 {bought=2026-09-10; total=500}", at + "COMPRA PARC 02/10 {bought=2026-09-10}",
			"possible: operation+ instalment+ purchase+",
		},
		"an instalment of a purchase of which the day is not known": {
			at + "COMPRA PARC 02/10 {total=500}", at + "COMPRA PARC 02/10 {total=500}",
			"possible: operation+ instalment+",
		},
		"instalments of two purchases of one day": {
			at + "COMPRA PARC 02/10 {bought=2026-09-10; total=500}",
			at + "COMPRA PARC 02/10 {bought=2026-09-10; total=501}",
			"other: operation+ instalment- purchase+",
		},
		"two purchases without an instalment": {
			at + "COMPRA {bought=2026-09-10}", at + "COMPRA {bought=2026-09-10}", "possible: operation+ purchase+",
		},
		"a single instalment, and two totals": {
			at + "LOJA BELA PARC 1/1 {total=50}", at + "LOJA BELA PARC 1/1 {total=51}", "same: instalment+ text+",
		},
		"two totals without an instalment": {
			at + "LOJA BELA {total=50}", at + "LOJA BELA {total=51}", "same: text+",
		},
		"an instalment of which the count is not known": {
			at + "LOJA BELA PARC 02/10", at + "LOJA BELA", "same: text+",
		},
		"a whole purchase and its only instalment": {
			at + "LOJA BELA {bought=2026-09-10}", at + "LOJA BELA PARC 1/1 {bought=2026-09-10}",
			"same: purchase+ text+",
		},
		"a whole purchase and one of its instalments": {
			at + "LOJA BELA {bought=2026-09-10}", at + "LOJA BELA PARC 02/10 {bought=2026-09-10}",
			"possible: instalment- purchase+ text+",
		},

		// Periods.
		"a month in two notations":         {at + "CONDOMINIO OUT 26", at + "CONDOMINIO 10/26", "same: period+ text+"},
		"December in two notations":        {at + "CONDOMINIO DEZ 26", at + "CONDOMINIO 12/26", "same: period+ text+"},
		"a month, the notations exchanged": {at + "CONDOMINIO 10/26", at + "CONDOMINIO OUT 26", "same: period+ text+"},
		"two months in two notations":      {at + "CONDOMINIO OUT 26", at + "CONDOMINIO 11/26", "other: period- text+"},
		"a month, and what may be a day":   {at + "CONDOMINIO OUT 26", at + "CONDOMINIO 10/12", "same: text+"},
		"a month, and a number of a house": {at + "CONDOMINIO OUT 26", at + "CONDOMINIO 13/26", "same: text+"},
		"a period of a tax, and of another payment": {
			at + "DARF 10/2026", at + "PAGAMENTO 10/2026", "possible: period+",
		},
		"the day of the row in one text":    {at + "CLUBE SOL 10/11", at + "CLUBE SOL", "same: date+ text+"},
		"the day of the row in another one": {at + "CLUBE SOL", at + "CLUBE SOL 10/11", "same: date+ text+"},
		"another day in one text":           {at + "CLUBE SOL 12/11", at + "CLUBE SOL", "same: text+"},
		"the day of the former row": {
			at + "CLUBE SOL", "2026-11-13 P -50 BRL CLUBE SOL 10/11", "same: date+ text+",
		},
		"the day of the new row": {
			at + "CLUBE SOL", "2026-11-13 P -50 BRL CLUBE SOL 13/11", "possible: text+",
		},

		"the former text names the day of the new row": {
			at + "CLUBE SOL 13/11", "2026-11-13 P -50 BRL CLUBE SOL", "same: date+ text+",
		},
		"the former text names the day of the former row": {
			at + "CLUBE SOL 10/11", "2026-11-13 P -50 BRL CLUBE SOL", "possible: date- text+",
		},
		"the former text names two days, of which one is that of the former row": {
			at + "CLUBE SOL 01/09 A 10/11/26", "2026-11-13 P -50 BRL CLUBE SOL", "possible: date- text+",
		},

		// Times.
		"learned of 14 days apart": {
			at + "CLUBE SOL {learned=2026-11-01}", at + "CLUBE SOL {learned=2026-11-15}", "same: text+",
		},
		"learned of 15 days apart": {
			at + "CLUBE SOL {learned=2026-11-01}", at + "CLUBE SOL {learned=2026-11-16}", "other: text+",
		},

		// Names.
		"one counterparty, and two purposes": {
			at + "PIX ENVIADO ALUGUEL SALA {party=ANA LEAL}", at + "PIX ENVIADO CONDOMINIO CASA {party=ANA LEAL}",
			"possible: operation+ counterparty+ text-",
		},
		"one counterparty with its document, and two purposes": {
			at + "PIX ENVIADO ALUGUEL SALA {party=ANA LEAL; doc=11144477735}",
			at + "PIX ENVIADO CONDOMINIO CASA {party=ANA LEAL; doc=11144477735}",
			"same: document+ operation+ counterparty+",
		},
		"one counterparty, of which each text has another word": {
			at + "PIX ENVIADO ANA {party=ANA LEAL}", at + "PIX ENVIADO LEAL {party=ANA LEAL}",
			"same: operation+ counterparty+",
		},
		"equal texts, of which one has the legal name beside it": {
			at + "PIX QR PADARIA REAL {party=JOSE SILVA}", at + "PIX QR PADARIA REAL", "same: operation+ text+",
		},
		"a part of a merchant's name, of which one text names no operation": {
			at + "COMPRA POSTO PADARIA REAL", at + "PADARIA REAL", "same: text+",
		},
		"a longer text, and the legal name beside the shorter one": {
			at + "PIX QR PADARIA REAL {party=JOSE SILVA}", at + "PIX QR PADARIA REAL CENTRO", "same: operation+ text+",
		},
		"the counterparty is named in the text of the other row": {
			at + "PIX ENVIADO {party=ANA LEAL}", at + "PIX ENVIADO ANA LEAL", "same: operation+ text+",
		},
		"another counterparty is named in the text of the other row": {
			at + "PIX ENVIADO {party=ANA LEAL}", at + "PIX ENVIADO RUI SALES", "other: operation+ text-",
		},

		// Accounts and documents.
		"an account with its check digit in two notations": {
			at + "PIX ENVIADO {acct=0012345-X}", at + "PIX ENVIADO AG 0001 CC 12345-x", "same: account+ operation+",
		},
		"the ending of an account": {
			at + "ENVIO SPEI CUENTA TERMINACION 5481", at + "SPEI ENVIADO {acct=646180000000005481}",
			"same: account+ operation+",
		},
		"an account and its ending": {
			at + "SPEI ENVIADO {acct=646180000000005481}", at + "ENVIO SPEI CUENTA TERMINACION 5481",
			"same: account+ operation+",
		},
		"the ending of another account, exchanged": {
			at + "ENVIO SPEI CUENTA TERMINACION 5481", at + "SPEI ENVIADO {acct=646180000000005482}",
			"other: account- operation+",
		},
		"the ending of another account": {
			at + "SPEI ENVIADO {acct=646180000000005482}", at + "ENVIO SPEI CUENTA TERMINACION 5481",
			"other: account- operation+",
		},
		"one document, and two accounts of its owner": {
			at + "PIX ENVIADO {doc=11144477735; acct=12345-6}", at + "PIX ENVIADO {doc=11144477735; acct=98765-4}",
			"possible: document+ account- operation+",
		},
		"one document, and two accounts beside a name": {
			at + "PIX ENVIADO {party=ANA LEAL; doc=11144477735; acct=12345-6}",
			at + "PIX ENVIADO {doc=11144477735; acct=98765-4}", "other: document+ account- operation+",
		},
		"one document, and two accounts beside two equal names": {
			at + "PIX ENVIADO {party=ANA LEAL; doc=11144477735; acct=12345-6}",
			at + "PIX ENVIADO {party=ANA LEAL; doc=11144477735; acct=98765-4}",
			"other: document+ account- operation+ counterparty+",
		},
		"one key of Pix": {
			at + "PIX ENVIADO ana@exemplo.com", at + "PIX ENVIADO ana@exemplo.com", "same: pix_key+ operation+",
		},
		"a document that the vendor masks with X": {
			at + "PIX ENVIADO {doc=XXX.444.777-XX}", at + "PIX ENVIADO {doc=11144477735}", "same: document+ operation+",
		},
		"another document that the vendor masks with X": {
			at + "PIX ENVIADO {doc=XXX.982.247-XX}", at + "PIX ENVIADO {doc=11144477735}",
			"other: document- operation+",
		},
		"payer and receiver in both rows": {
			at + "PIX 111.444.777-35 529.982.247-25", at + "PIX 111.444.777-35 529.982.247-25",
			"same: document+ operation+",
		},
		"payer and receiver, of which one row has only one": {
			at + "PIX 111.444.777-35 529.982.247-25", at + "PIX 111.444.777-35", "same: document+ operation+",
		},
		"one payer and two receivers": {
			at + "PIX 111.444.777-35 529.982.247-25", at + "PIX 111.444.777-35 390.533.447-05",
			"other: document- operation+",
		},
	} {
		checkEvidence(t, name, test.oldRow, test.newRow, test.want)
	}
}

// TestFurtherEvidence checks the pairs of testdata/evidence.txt in the same way.
func TestFurtherEvidence(t *testing.T) {
	data, err := os.ReadFile("testdata/evidence.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if parts := strings.Split(strings.TrimSpace(line), " | "); !strings.HasPrefix(line, "#") {
			checkEvidence(t, parts[3], parts[1], parts[2], parts[0])
		}
	}
}

// checkEvidence compares the verdict about two rows, and the kinds of evidence, with a text such as "same: number+".
func checkEvidence(t *testing.T, name, oldText, newText, want string) {
	t.Helper()
	verdict, findings := matching.Judge(parseRow(t, oldText), parseRow(t, newText), matching.Context{})
	got, signs := string(verdict)+":", map[matching.Speaks]string{matching.For: "+", matching.Against: "-"}
	for _, finding := range findings {
		got += " " + finding.Kind + signs[finding.Speaks]
	}
	if got != want {
		t.Errorf("%s: %s\n  want %s\n  %s\n  %s", name, got, want, oldText, newText)
	}
}
