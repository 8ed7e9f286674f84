package banktext

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// What exceeds the limits of a row is no evidence, but two rows that differ only there are not equal.
func TestPartsOfARowBeyondItsLimitsAreOnlyHashed(t *testing.T) {
	words := func(n int, last string) string { return strings.Repeat("ab ", n-1) + last }
	long := strings.Repeat("x", 256)
	text := strings.Repeat("é", 1020) + " abc" // 1,024 characters
	for name, c := range map[string]struct {
		change func(*Row)
		exceed bool
	}{
		"nothing":                {func(*Row) {}, false},
		"1,024 characters":       {func(r *Row) { r.Description = text[:len(text)-4] + " abc" }, false},
		"1,025 characters":       {func(r *Row) { r.Description = text + "d" }, true},
		"a long raw description": {func(r *Row) { r.RawDescription = text + "d" }, true},
		"a long reason":          {func(r *Row) { r.Reason = text + "d" }, true},
		"a long name":            {func(r *Row) { r.Counterparty.Name = text + "d" }, true},
		"64 words":               {func(r *Row) { r.Description = words(64, "abc") }, false},
		"65 words":               {func(r *Row) { r.Description = words(65, "abc") }, true},
		"64 words in capitals":   {func(r *Row) { r.Description = strings.ToUpper(words(64, "abc")) + " ." }, false},
		"65 words of a name":     {func(r *Row) { r.Counterparty.Name = words(65, "abc") }, true},
		"256 bytes":              {func(r *Row) { r.Keys.Reference = long }, false},
		"257 bytes":              {func(r *Row) { r.Keys.Reference = long + "x" }, true},
	} {
		row := textRow("PIX")
		c.change(row)
		if got := Parse(row).Excess != 0; got != c.exceed {
			t.Errorf("%s: a part is not read: %t", name, got)
		}
	}
	excess := func(texts ...string) Unread {
		row := textRow("PIX")
		row.Description, row.Reason = text+texts[0], text+texts[1]
		return Parse(row).Excess
	}
	if of := excess("d", "e"); of != excess("d", "e") || of == excess("d", "f") || of == excess("e", "d") {
		t.Error("the hash does not tell the parts apart that are not read")
	}
	row := textRow(text + "d")
	row.Keys.Reference = long + "x"
	if bounded := row.Bounded(); bounded.Description != text[:2040] || bounded.Keys.Reference != "" {
		t.Errorf("%d bytes of the text, %d of the reference are kept", len(bounded.Description),
			len(bounded.Keys.Reference))
	}
}

func TestACharacterOfAWord(t *testing.T) {
	for characters, want := range map[string]bool{"azAZ09éñÇ٣\uFFFD": true, "`{@[/: *-.–€": false} {
		for _, r := range characters {
			if got := isWordPart(r); got != want {
				t.Errorf("%q belongs to a word: %t", r, got)
			}
		}
	}
}

// The members that a vendor states beside the text.
func TestStatedMembersAreEvidence(t *testing.T) {
	documents := func(e *Evidence) any { return e.Documents }
	cheques := func(e *Evidence) any { return e.IDs[ChequeNumber] }
	for name, c := range map[string]struct {
		change func(*Row)
		of     func(*Evidence) any
		want   string
	}{
		"the number of a cheque": {
			func(r *Row) { r.Description, r.Code = "CHECK", "000417" }, cheques,
			"[417]",
		},
		"a short number beside a cheque": {
			func(r *Row) { r.Description, r.Code = "CHECK", "0041" }, cheques,
			"[]",
		},
		"the number of a cheque in the text": {
			func(r *Row) { r.Description, r.Code = "CHEQUE 512", "417" },
			cheques, "[512]",
		},
		"a number beside no cheque": {
			func(r *Row) { r.Description, r.Code = "PIX", "417" }, cheques, "[]",
		},
		"an instalment": {
			func(r *Row) {
				r.Description = "LOJA 3/12"
				r.Keys.Instalment = domain.Instalment{Number: 3, Count: 12, PurchaseDate: "2026-09-01", Total: "120"}
			},
			func(e *Evidence) any { return fmt.Sprint(e.Instalment, e.Calendar.Fractions) },
			"{3 12 2026-09-01 120} []",
		},
		"an instalment beside a day": {
			func(r *Row) {
				r.Description = "LOJA 4/11"
				r.Keys.Instalment = domain.Instalment{Number: 3, Count: 12}
			},
			func(e *Evidence) any { return fmt.Sprint(e.Instalment, e.Calendar.Fractions) }, "{3 12  } [4/11]",
		},
		"only the number of an instalment": {
			func(r *Row) { r.Description, r.Keys.Instalment.Number = "LOJA PARC 02/10", 3 },
			func(e *Evidence) any { return e.Instalment }, "{3 10  }",
		},
		"a card": {
			func(r *Row) { r.Keys.Instalment.Card = "**** 1234 5678" }, func(e *Evidence) any { return e.Card },
			"5678",
		},
		"a name": {
			func(r *Row) { r.Counterparty.Name = "PIX Padaria A Nacional 123 LTDA" },
			func(e *Evidence) any { return fmt.Sprint(e.Party, e.Initials) }, "[padaria nacional] [a]",
		},
		"a document": {
			func(r *Row) { r.Counterparty.Document = "390.533.447-05" }, documents,
			"[39053344705]",
		},
		"a masked document": {
			func(r *Row) { r.Counterparty.Document = "xxx.533.447-xx" }, documents,
			"[***533447**]",
		},
		"a masked document with letters": {
			func(r *Row) { r.Counterparty.Document = "**.abx.345/01de-xx" }, documents,
			"[**AB*34501DE**]",
		},
		"a document with the letter X": {
			func(r *Row) { r.Counterparty.Document = "12.XBC.345/01DE-35" }, documents,
			"[12XBC34501DE35]",
		},
		"a hidden document": {
			func(r *Row) { r.Counterparty.Document = "***.***.***-**" }, documents, "[]",
		},
		"no document": {func(*Row) {}, documents, "[]"},
		"an account": {
			func(r *Row) { r.Counterparty.Account = "0012.345-X" }, func(e *Evidence) any { return e.Accounts },
			"[12345x]",
		},
		"a code with zeros": {
			func(r *Row) { r.Code = "000123" }, func(e *Evidence) any { return e.IDs[InstitutionCode] }, "[123]",
		},
		"a code with a letter": {
			func(r *Row) { r.Code = "00A123" }, func(e *Evidence) any { return e.IDs[InstitutionCode] }, "[00a123]",
		},
		"an institution's id": {
			func(r *Row) { r.Keys.Transaction = "A1" }, func(e *Evidence) any { return e.IDs[InstitutionID] }, "[a1]",
		},
		"an institution's id of 32 characters that is no end-to-end id": {
			func(r *Row) { r.Keys.Transaction = "123e4567-e89b-12d3-a456-426614174000" },
			func(e *Evidence) any { return idsOf(e) }, "[transaction_id=123e4567-e89b-12d3-a456-426614174000]",
		},
		"a reference that begins like a slip": {
			func(r *Row) { r.Keys.Reference = "81234567" }, func(e *Evidence) any { return idsOf(e) },
			"[payment_reference=81234567]",
		},
		"a barcode": {
			func(r *Row) { r.Keys.Barcode = "99991163200000210000444000457220000012345678" },
			func(e *Evidence) any { return idsOf(e) },
			"[boleto_line=99990444080045722000200123456782116320000021000]",
		},
		"a barcode in another member": {
			func(r *Row) { r.Keys.Reference = "99991163200000210000444000457220000012345678" },
			func(e *Evidence) any { return idsOf(e) },
			"[boleto_line=99990444080045722000200123456782116320000021000]",
		},
		"a line with a wrong check digit": {
			func(r *Row) { r.Keys.Barcode = "99990444090045722000200123456782116320000021000" },
			func(e *Evidence) any { return idsOf(e) },
			"[payment_reference=99990444090045722000200123456782116320000021000]",
		},
	} {
		row := textRow("PIX")
		c.change(row)
		e := Parse(row)
		if got := fmt.Sprint(c.of(&e)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestQuestionsAboutATextAndItsOperation(t *testing.T) {
	for name, c := range map[string]struct {
		of    func(*Evidence) any
		texts map[string]string
	}{
		"the authority that a tax is paid to": {func(e *Evidence) any { return e.NamesAuthority() }, map[string]string{
			"PAG ORGAOS GOV": "true", "PAGAMENTO DARF EM CANAIS INTERNET TRIBUTOS FEDERAIS": "true",
			"PAG PREFEITURA ANA": "false", "PAG PREFEITURA 4417": "false", "PIX": "false",
		}},
		"a federal tax": {func(e *Evidence) any { return e.NamesFederalTax() }, map[string]string{
			"PAGAMENTO DARF": "true", "PAGAMENTO DARF ANA": "false", "RECEITA FEDERAL": "false", "IMPOSTO": "false",
		}},
		"names": {func(e *Evidence) any { return e.Names() }, map[string]string{
			"PIX ENVIADO": "false", "PIX ANA": "true", "PIX 4417": "true", "PIX REF 4417": "true",
			"PIX ana@exemplo.com.br": "true", "PIX 390.533.447-05": "true", "PIX CONTA 12345-6": "true",
		}},
		"a transfer": {func(e *Evidence) any { return fmt.Sprint(e.IsTransfer(), e.IsPayment()) }, map[string]string{
			"PIX ANA": "true true", "TED ANA": "true true", "SISPAG SALARIOS": "true false",
			"PAG BOLETO ANA": "true false",
			"DARF":           "true false", "ANA LEAL": "true false", "UBER ANA": "false false",
			"PAG*PADARIA":        "false false",
			"PADARIA FINAL 4202": "false false", "COMPRA PADARIA": "false false", "TARIFA": "false false",
		}},
		"a charge": {func(e *Evidence) any { return fmt.Sprint(e.IsCharge(), e.IsDaily()) }, map[string]string{
			"TARIFA": "true true", "IOF": "true true", "JUROS": "true true", "DARF": "true false",
			"PIX": "false false",
		}},
		"an instalment or a day": {func(e *Evidence) any { return e.MayHaveInstalment() }, map[string]string{
			"LOJA 10/12": "true", "LOJA 12/10": "false", "LOJA 1/1": "false", "LOJA 10/12 09:30": "false",
			"LOJA":       "false",
			"LOJA 10/10": "true",
		}},
		"the service of a charge": {func(e *Evidence) any {
			service, rail := e.ServiceWithoutRail()
			return fmt.Sprint(service, rail, e.ChargeWords())
		}, map[string]string{
			"TARIFA DE TED INTERNET":         "[internet] [ted] [tarifa ted internet]",
			"COMISION POR SPEI":              "[] [spei] [comision spei]",
			"ESTORNO TARIFA PACOTE SERVICOS": "[pacote] [] [estorno tarifa pacote servicos]",
			"TARIFA ESTORNO":                 "[] [] [tarifa estorno]",
		}},
		"a payout": {func(e *Evidence) any {
			return fmt.Sprint(e.IsGeneralPayout(), e.PayerWords())
		}, map[string]string{
			"LIBERACAO DE VENDAS": "true []", "REPASSE VENDAS IFOOD": "false [ifood]",
			"VENDAS VISA DEBITO":    "false []",
			"LIBERACAO VENDAS 4417": "false []", "PIX VENDAS": "false []",
		}},
		"what a payroll or a payout pays": {func(e *Evidence) any {
			return fmt.Sprint(e.Paid, e.Products, e.Schemes, e.Further, e.Shares)
		}, map[string]string{
			"SALARIO FERIAS":              "[holidays] [] [] [] []",
			"REDE VISA DEBITO":            "[] [debit] [visa] [] []",
			"TARIFA VISA CREDITO":         "[] [credit] [visa] [] []",
			"IOF MASTER DEBITO":           "[] [debit] [mastercard] [] []",
			"COMPRA VISA DEBITO LOJA":     "[] [] [visa] [] []",
			"ANUIDADE CARTAO ADICIONAL":   "[] [] [] [adicional] []",
			"JUROS CONTRATO SEGURO":       "[] [] [] [] [interest insurance]",
			"EMPRESTIMO SEGURO CONTRATO":  "[insurance] [] [] [] [insurance]",
			"RECEBIVEL ANTECIPACAO VENDA": "[advance] [] [] [] []",
		}},
		"banks, facilitators and the words without a name": {func(e *Evidence) any {
			return fmt.Sprint(e.Banks, e.Facilitators, e.Words, e.channel)
		}, map[string]string{
			"TED SANTANDER ANA":         "[santander] [] [ana] [ted]",
			"COMPRA SANTANDER ANA":      "[] [] [santander ana] [compra]",
			"PAGSEGURO *ACME":           "[] [pag] [acme] []",
			"MERCADOPAGO*ACME SUMUP *X": "[] [mp sumup] [acme x] []",
			"UBER *TRIP":                "[] [] [uber trip] []",
			"PIX QRS PAGSEGURO I":       "[] [] [] [pix qrs pagseguro i]",
			"PIX QRS PAGSEGURO ANA":     "[] [] [pagseguro ana] [pix qrs]",
			"COMPRA PAGSEGURO I":        "[] [] [pagseguro i] [compra]",
			"RECARGA DE CELULAR":        "[] [] [] [recarga de celular]",
			"PIX CELULAR":               "[] [] [celular] [pix]",
			"CONSORCIO GRUPO X":         "[] [] [consorcio x] [grupo]",
			"LOJA GRUPO X":              "[] [] [grupo x] [loja]",
			"PIX SENT ANA SENT":         "[] [] [ana sent] [pix sent]",
		}},
		"all words": {func(e *Evidence) any { return e.AllWords }, map[string]string{
			"PIX AGENDADO ANA 4417": "[pix ana]", "LOJA PARC 05": "[loja]", "LOJA PARC 00": "[loja parc]",
			"NEQUI 310 447-7182": "[nequi]", "NEQUI 310 447-7182ANA": "[nequi ana]", "*PADARIA": "[padaria]",
			"GUIA0126091800457721-3PAGO ANA": "[guia pago ana]",
		}},
		"the words after the name": {func(e *Evidence) any {
			return fmt.Sprint(TailOf(e), e.TellingTail())
		}, map[string]string{
			"PIX ENVIADO": "[] []", "PIX ANA PIX B AUTO": "[pix b auto] [b auto]",
		}},
		"numbers with no label, but none of a bank": {func(e *Evidence) any { return e.Numbers }, map[string]string{
			"PIX ANA 4417": "[4417]", "PIX CP: 60701190- ANA": "[]", "TED BCO:0014 ANA": "[]", "TED 0014 ANA": "[14]",
			"PIX - ANA - NU PAGAMENTOS - IP (0260) Agência: 1 Conta: 1234567-8": "[]",
			"PIX - ANA - BANCO X Agência: 1 Conta: 1234567-8":                   "[]",
			"NEQUI 310 447 7182": "[3104477182]", "NEQUI 310-447-7182": "[3104477182]",
			"NEQUI 310 447-7182": "[3104477182]",
		}},
		"numbers of all kinds": {func(e *Evidence) any { return e.ListNumbers() }, map[string]string{
			"PIX 4417 REF 512 CONTA 12345-6 ana@x.com NF 77 PEDIDO 88": "[4417 512 123456 ana@x.com 77 88]",
			"CHEQUE 417": "[417]",
		}},
		"operations": {func(e *Evidence) any { return e.OperationText() }, map[string]string{
			"PIX ANA MENSALIDADE": "pix", "TED ANA ANUIDADE": "wire", "MENSALIDADE ANA": "fee", "PAG DAS": "tax",
			"JARDIM DAS ACACIAS": "", "CARTAO ANUIDADE": "fee", "CRED DEVOLUCAO": "refund",
			"RECEBIMENTO REDE VISA": "payout",
		}},
	} {
		for text, want := range c.texts {
			e := Parse(textRow(text))
			if got := fmt.Sprint(c.of(&e)); got != want {
				t.Errorf("%s of %q: %s, want %s", name, text, got, want)
			}
		}
	}
}

func TestAFractionIsAnInstalmentOfItsCount(t *testing.T) {
	for _, c := range []struct {
		fraction string
		count    int
		want     bool
	}{
		{"3/12", 12, true}, {"12/12", 12, true}, {"13/12", 12, false}, {"3/12", 10, false}, {"1/1", 1, false},
		{"1/2", 2, true},
	} {
		if got := IsInstalment(c.fraction, c.count); got != c.want {
			t.Errorf("%s of %d: %t", c.fraction, c.count, got)
		}
	}
}

func TestWordsOfFirmsAreEqualIfOneIsAbbreviatedOrDamaged(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"ana", "ana"}: true, {"ana", "anb"}: false, {"", ""}: true, {"", "ana"}: false, {"ana", ""}: false,
		{"med", "medico"}: true, {"medico", "med"}: true, {"med", "mercado"}: false, {"sta", "santa"}: true,
		{"seguros", "segur"}: false, {"b\uFFFDn\uFFFD\uFFFDo", "bencao"}: true, {"b\uFFFDn\uFFFD\uFFFDo",
			"bencaos"}: false,
		{"\uFFFDgua", "agua"}: true, {"agua", "\uFFFDgua"}: true, {"\uFFFDgua", "ague"}: false, {"\uFFFD\uFFFD",
			"ag"}: false,
		{"a\uFFFDc", "xbc"}: false, {"a\uFFFDc", "ab\uFFFD"}: true, {"xyz", "abc"}: false,
	} {
		if got := SameWord(pair[0], pair[1]); got != want {
			t.Errorf("%q and %q: %t", pair[0], pair[1], got)
		}
	}
}

func TestALegalFormEndsTheNameOfAFirm(t *testing.T) {
	for texts, want := range map[[2]string]bool{
		{"ACO FORTE LTDA", "ACO FORTE ENGENHARIA LTDA"}: true,
		{"ACO FORTE", "ACO FORTE ENGENHARIA LTDA"}:      false,
		{"ACO FORTE ENVIADO", "ACO FORTE ENGENHARIA"}:   false,
		{"ACO FORTE LTDA", "ACO FORTE"}:                 false,
		{"ACO FORTE LTDA", "ACO FORTE LT ENGENHARIA"}:   false,
		{"ACO FORTE ENGENHARIA LTDA", "ACO FORTE LTDA"}: false,
		{"FORTE LTDA", "FORTE ENGENHARIA LTDA"}:         true,
		{"PIX", "ACO FORTE ENGENHARIA LTDA"}:            false,
	} {
		e, other := Parse(textRow(texts[0])), Parse(textRow(texts[1]))
		if got := e.EndsBefore(&other); got != want {
			t.Errorf("%q ends before %q goes on: %t", texts[0], texts[1], got)
		}
	}
}

func TestIncomeOfShares(t *testing.T) {
	for text, want := range map[string]string{
		"dividendos jcp itsa4": "[dividend interest] true", "provento": "[] true", "padaria": "[] false",
		"": "[] false",
	} {
		kinds, ok := IncomeOf(strings.Fields(text))
		if got := fmt.Sprint(kinds, " ", ok); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestAMessageOfThePayer(t *testing.T) {
	row := textRow("PIX")
	row.Reason = "aluguel ap 12"
	if got := Parse(row).Message; !slices.Equal(got, []string{"aluguel", "ap", "12"}) {
		t.Errorf("%q", got)
	}
}

func TestLeadingZerosOfANumber(t *testing.T) {
	for text, want := range map[string]string{"": "", "0": "0", "000": "0", "0120": "120", "12": "12", "0x": "x"} {
		if got := TrimZeros(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
