package banktext

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// textRow returns a posted row with this text.
func textRow(text string) *Row {
	amount, err := domain.ParseMoney("-50", "BRL")
	if err != nil {
		panic(err)
	}
	return &Row{
		ExternalID: "x", Account: domain.AccountID{UUID: uuid.UUID{6: 0x70, 8: 0x80, 15: 1}}, Amount: amount,
		Status: domain.Posted, Date: "2026-11-19", Description: text,
	}
}

// TestNotations parses texts with one notation each. Each expected value is a short form of the evidence in the text.
func TestNotations(t *testing.T) {
	const paid = "12345678202611101200abcDEF12345"
	const key = "20260529400140bet0000497006700"
	const line = "34191790018921451004791020150008599990000051200"
	const lineText = "34191.79001 89214.510047 91020.150008 5 99990000051200"
	const slipText = "84670000001-7 43590024020-9 02405000243-5 84221010811-9"
	const slipBlank = "846700000017 435900240209 024050002435 842210108119"
	const slip = "846700000017435900240209024050002435842210108119"
	for name, test := range map[string]struct {
		of    func(*Evidence) any
		texts map[string]string
	}{
		"identifiers": {func(e *Evidence) any { return idsOf(e) }, map[string]string{
			"PIX E" + paid:                            "[end_to_end_id=e" + strings.ToLower(paid) + "]",
			"PIX D" + paid:                            "[end_to_end_id=d" + strings.ToLower(paid) + "]",
			"PIX F12345678202611101200abcDEF12345":    "[]",
			"PIX E12345678202611101200abcDEF1234":     "[]",
			"BOLETO " + lineText:                      "[boleto_line=" + line + "]",
			"BOLETO " + line:                          "[boleto_line=" + line + "]",
			"PAG " + slipBlank:                        "[slip_number=" + slip + "]",
			"PAG " + slipText:                         "[slip_number=" + slip + "]",
			"SPEI CVE RAST: 036APPM15012023107434731": "[tracking_key=036appm15012023107434731]",
			"SPEI CLAVE DE RASTREO " + key + " REF":   "[tracking_key=" + key + "]",
			"SPEI CLAVE RASTREO TRANSFERENCIA":        "[]",
			"SPEI CVE RAST ABCDE1234":                 "[tracking_key=abcde1234]",
			"SPEI CVE RAST ABCDEF123":                 "[]",
			"SPEI RASTREO: " + key:                    "[tracking_key=" + key + "]",
			"SPEI /S 250617011906042876I":             "[tracking_key=250617011906042876i]",
			"SPEI MBAN01002602240078226691":           "[tracking_key=mban01002602240078226691]",
			"PAGO BNET 1234567890":                    "[]",
			"CHEQUE COMPENSADO 000417":                "[cheque_number=417]",
			"CHEQUE 417":                              "[cheque_number=417]",
			"CHEQUE PAGADO NO. 1234":                  "[cheque_number=1234]",
			"CHEQUE 17":                               "[]",
			"DEP CHEQUE ATM N. 018591":                "[cheque_number=18591]",
			"PIX NFE 000.123.456":                     "[invoice_number=123456]",
			"PIX NF 56241":                            "[invoice_number=56241]",
			"PAGO FACT 656":                           "[invoice_number=656]",
			"PAGO NF 4418 PEDIDO 2207":                "[invoice_number=4418 order_number=2207]",
			"CH COMP. N. 413":                         "[cheque_number=413]",
			"PIX TXID ABC123":                         "[payment_reference=abc123]",
			"INTERAC e-Transfer sent ANNE 9KQ2ZT":     "[payment_reference=9kq2zt]",
			"INTERAC e-Transfer sent ANNE":            "[]",
			"SPEI CVE RAST ABC1234":                   "[tracking_key=abc1234]",
		}},
		"documents": {func(e *Evidence) any { return e.Documents }, map[string]string{
			"PIX •••.123.456-•• X":       "[***123456**]",
			"PIX ***.123.456-** X":       "[***123456**]",
			"PIX xxx.123.456-xx":         "[***123456**]",
			"PIX 390.533.447-05":         "[39053344705]",
			"PIX 39053344705":            "[39053344705]",
			"PIX 39053344706":            "[]",
			"PIX 12.345.678/0001-95":     "[12345678000195]",
			"PIX 12.345.678 0001-95":     "[12345678000195]",
			"PIX 12.abc.345/01de-35":     "[12ABC34501DE35]",
			"PIX 12ABC34501DE35 X":       "[12ABC34501DE35]",
			"PIX 12ABC34501DE36 X":       "[]",
			"PIX QRS 12.345.678 28/08":   "[12345678******]",
			"SPEI CON RFC GODE561231GR8": "[GODE561231GR8]",
			"SPEI RFC: ABC680524P76":     "[ABC680524P76]",
			"NETFLIX MEXICO RFC: NME":    "[]",
			"DARF 00.394.460/0058-87 PA": "[00394460005887]",
			"PIX 123.456.789 09 ANA":     "[12345678909]",
			"PIX ***.456.789 ** ANA":     "[***456789**]",
			"PIX 12 345 678 ANA":         "[12345678******]",
			"PAGO CUIT 30-12345678-1":    "[30123456781]",
			"PAGO 20-12345678-9 ANA":     "[20123456789]",
			"SPEI RFC: CSS 160330CP7":    "[CSS160330CP7]",
		}},
		"accounts": {func(e *Evidence) any { return e.Accounts }, map[string]string{
			"PIX - ANA - NU PAGAMENTOS - IP (0260) Agência: 1 Conta: 1234567-8": "[12345678]",
			"PIX AG 0001 CC 0012345-X":                  "[12345x]",
			"SPEI CTA/CLABE: 012180000000000000, X":     "[12180000000000000]",
			"SPEI 012180000000000000 X":                 "[12180000000000000]",
			"PAGO CUENTA DE TERCERO BNET 0123456789":    "[123456789]",
			"ENVIO SPEI CUENTA TERMINACION 5481":        "[*5481]",
			"A LA CUENTA 646180000000000000 AL CLIENTE": "[646180000000000000]",
			"CONTA 123":                             "[]",
			"PAGO CCI 002-191-00123456789012-3 ANA": "[2191001234567890123]",
			"PAGO CBU 0070123420000012345678 ANA":   "[70123420000012345678]",
			"TED BCO:0014 X CONTA 12345-6":          "[123456]",
			"PIX - ANA - NU PAGAMENTOS - IP (0260) Conta: 1234567-8 Agência: 1": "[12345678]",
			"CP 60701190 - ANA CONTA 12345-X":                                   "[12345x]",
		}},
		"keys": {func(e *Evidence) any { return e.PixKeys }, map[string]string{
			"PIX ana.leal@exemplo.com.br":              "[ana.leal@exemplo.com.br]",
			"PIX (44)90000-0000 Tim":                   "[44900000000]",
			"PIX +55 11 91234-5678":                    "[11912345678]",
			"RECARGA TIM 11912345678":                  "[11912345678]",
			"PIX 5511912345678":                        "[11912345678]",
			"PIX 11812345678":                          "[]",
			"PIX 11 2407-9735":                         "[1124079735]",
			"RECARGA TIM 11991234554":                  "[11991234554]",
			"PIX 11991234554":                          "[]", // a CPF
			"PIX 123e4567-e89b-12d3-a456-426614174000": "[123e4567-e89b-12d3-a456-426614174000]",
			"PIX 12-3456":                              "[]",
		}},
		"instalment": {func(e *Evidence) any { return FractionOf(e.Instalment) }, map[string]string{
			"LOJA PARC 02/10":   "2/10",
			"LOJA PARC.004/006": "4/6",
			"LOJA PARC 05":      "5/0", "LOJA PARCELA 3": "3/0", "LOJA PARC 05.10": "",
			"LOJA Parcela 2 de 10": "2/10",
			"LOJA (2 de 10)":       "2/10",
			"LOJA (4/6)":           "4/6",
			"LOJA P06-10":          "6/10",
			"LOJA 05DE08":          "5/8",
			"LOJA 02 DE 03":        "2/3",
			"LOJA MSI 02/06":       "2/6",
			"LOJA 2 DE 12 MSI":     "2/12", "LOJA 11/18 MESES": "11/18", "LOJA MESES SIN INTERESES 11/18": "",
			"LOJA 02-10": "2/10", "DOC 006/006M": "6/6", "LOJA PARC 10/02": "", "LOJA PARC 00/10": "",
			"LOJA 03/12":      "",
			"LOJA PARC 2/480": "2/480", "LOJA PARC 02/10 (3/10)": "2/10", "LOJA PARC 02/10 (2/12)": "2/10",
			"LOJA PARC 02/10 (2/10)": "2/10", "LOJA PARC 2/481": "", "LOJA PARC 10/10": "10/10",
		}},
		"calendar": {func(e *Evidence) any {
			return fmt.Sprint(e.Calendar.Days, e.Calendar.Periods, e.Calendar.Fractions, e.Calendar.Clocks)
		}, map[string]string{
			"X 2026-11-10":              "[10/11] [] [] []",
			"X 10.11.2026":              "[10/11] [] [] []",
			"X 01/01/2026":              "[1/1] [] [] []",
			"X 31/12/2026":              "[31/12] [] [] []",
			"X 12/31/2026":              "[31/12] [] [] []",
			"X 32/12/2026":              "[] [] [] []",
			"X 31/13/2026":              "[] [] [] []",
			"X 00/12/2026":              "[] [] [] []",
			"X 01/2026":                 "[] [1/26] [] []",
			"X 12/2026":                 "[] [12/26] [] []",
			"X 13/2026":                 "[] [] [] []",
			"X 00/2026":                 "[] [] [] []",
			"X 31.12":                   "[] [] [31/12] []",
			"X 01.01":                   "[] [] [1/1] []",
			"X 32.12":                   "[] [] [] []",
			"X 31.13":                   "[] [] [] []",
			"X 1/9 2/9":                 "[] [] [1/9 2/9] []",
			"X 1Q SEP":                  "[] [qui 17] [] []",
			"X 2A QUINCENA SEPTIEMBRE":  "[] [qui 18] [] []",
			"X PA 10/2026":              "[] [10/26] [] []",
			"X REF 1/26":                "[] [1/26] [] []",
			"X REF 12/26":               "[] [12/26] [] []",
			"X REF 0/26":                "[] [] [] []",
			"X 10-11-26":                "[10/11] [] [] []",
			"X 10/11/2026":              "[10/11] [] [] []",
			"X 17 NOV":                  "[17/11] [] [] []",
			"X 17 de novembro de 2026":  "[17/11] [] [] []",
			"X 10112026":                "[10/11] [] [] []",
			"X 20261110":                "[10/11] [] [] []",
			"X 99/99/2026":              "[] [] [] []",
			"X 11/2026":                 "[] [11/26] [] []",
			"X MAIO / 2026":             "[] [5/26] [] []",
			"X OCT 26":                  "[] [10/26] [] []",
			"X NOV/26":                  "[] [11/26] [] []",
			"X REF 11/26":               "[] [11/26] [] []",
			"X COMPETENCIA 11/26":       "[] [11/26] [] []",
			"X FATURA 11/2026":          "[] [11/26] [] []",
			"X REF 11/12":               "[] [] [] []",
			"X REF 13/26":               "[] [] [] []",
			"X 11/26":                   "[] [] [11/26] []",
			"X BIM 04":                  "[] [bim 4] [] []",
			"X QNA 21":                  "[] [qui 21] [] []",
			"X QUINCENA 21":             "[] [qui 21] [] []",
			"X ROSELIA04/03":            "[] [] [4/3] []",
			"X 10.11":                   "[] [] [10/11] []",
			"X 03/12":                   "[] [] [3/12] []",
			"PERIODO: 01/09 A 30/09/26": "[30/9] [] [1/9] []",
			"X 09h12":                   "[] [] [] [09:12]",
			"X 17h48min":                "[] [] [] [17:48]",
			"X 9:12":                    "[] [] [] [09:12]",
			"X 09:12:44":                "[] [] [] [09:12:44]",
			"X 25:12":                   "[] [] [] []",
			"HR LIQ: 09:32:07":          "[] [] [] [09:32:07]",
		}},
		"numbers": {func(e *Evidence) any {
			return fmt.Sprintf("%v %v %s %v", e.Numbers, e.References, e.Card, LabelledValues(e.Volatile))
		},
			map[string]string{
				"LOJA NSU 001234":                  "[] []  [nsu 1234]",
				"LOJA COD AUT 9X12":                "[] []  [aut 9x12]",
				"LOJA FOLIO: 3782":                 "[] []  [fol 3782]",
				"LOJA DOC N. 77":                   "[] []  [doc 77]",
				"SPEI REF. 0013732041":             "[] [13732041]  []",
				"SPEI REF 0191126":                 "[] []  []",
				"SPEI 0191126":                     "[] []  []",
				"LOJA CARTAO FINAL 4202":           "[] [] 4202 []",
				"LOJA CARTAO *4202":                "[] [] 4202 []",
				"REDE VISA AT0085868531":           "[at0085868531] []  []",
				"SPEI ENVIADO BANORTE 0097161491":  "[97161491] []  []",
				"LOJA MONTO ORIGEN 159.00":         "[] []  []",
				"LOJA 17.40 USD TC018.1568":        "[] []  []",
				"APOLICE 531.22.18877":             "[5312218877] []  []",
				"APOLICE 5312218877":               "[5312218877] []  []",
				"NEQUI 310 447 7182":               "[3104477182] []  []",
				"TELCEL 55 4012 7781":              "[5540127781] []  []",
				"TELCEL 811 020 3040":              "[8110203040] []  []",
				"GUIA 0126-1013-4567-8901":         "[126101345678901] []  []",
				"GUIA 0126091800457721-3":          "[1260918004577213] []  []",
				"SAQUE BANCO24H 11/09 18:22 T0418": "[] [418]  []",
				"LOJA FOLIO77120":                  "[] []  [fol 77120]",
				"CARTAO CRED 5***1234":             "[] [] 1234 []",
				"PAGO 4417-1":                      "[4417 1] []  []",
				"CONTRATO 001.234":                 "[1234] []  []",
				"TED 341.0192.ACO":                 "[341 192] []  []",
				"LOJA 1.234,56":                    "[1 234 56] []  []",
				"PEDAGIO KM 26":                    "[26] []  []",
				"99FOOD LANCHES":                   "[] []  []",
				"K2 LANCHES":                       "[k2] []  []",
				"AB12 LANCHES":                     "[ab12] []  []",
				"ABC12 LANCHES":                    "[] []  []",
				"A1BCDE2 LANCHES":                  "[] []  []",
				"A12BCDEF LANCHES":                 "[] []  []",
				"A1BCDEF2 LANCHES":                 "[a1bcdef2] []  []",
				"12ABCDEF LANCHES":                 "[] []  []",
			}},
		"operation": {func(e *Evidence) any {
			return fmt.Sprintf("%s %v", e.OperationText(), e.Scheduled)
		}, map[string]string{
			"PIX ENVIADO ANA": "pix false",
			"TARIFA PIX":      "fee false",
			"IOF DE X":        "levy false",
			"I.V.A. X":        "levy false",
			"TED ANA":         "wire false",
			"SPEI ANA":        "wire false", "PAG BOLETO ANA": "boleto false", "SAQUE 24H": "withdrawal false",
			"RETIRO CAJERO":    "withdrawal false",
			"PIX DEVOLVIDO":    "pix refund false",
			"Estorno - Compra": "card refund false",
			"EST. PIX EMITIDO": "pix refund false", "PIX AGENDADO ANA": "pix true", "LANCAMENTO FUTURO": " true",
			"RESGATE CDB": "redemption false", "APLICACAO CDB": "investment false", "CHEQUE 123": "cheque false",
			"RECARGA TIM": "top_up false", "SISPAG SALARIOS": "payroll false", "DARF": "tax false",
			"REND PAGO APLIC": "interest false", "NETFLIX": " false", "LOJA MESES SIN INTERESES": " false",
			"DA VIVO":           "direct_debit false",
			"CASA DA ANA":       " false",
			"CARTAO FINAL 4202": "card false",
			"REDE VISA":         "payout false",
			"PARQUE EST":        " false",
		}},
		"words": {func(e *Evidence) any { return e.Words }, map[string]string{
			"PAG*PADARIA DO ZE":                      "[padaria ze]",
			"UBER *TRIP":                             "[uber trip]",
			"PIX ENVIADO ANA LEAL":                   "[ana leal]",
			"Pix enviado: \"Cp :60701190-ANA LEAL\"": "[ana leal]",
			"REDE VISA DB0085868531":                 "[rede visa debito]",
			"COMPRA CARTAO DEB MC 22/01 autoposto":   "[autoposto]",
			"SPEI RECIBIDOSANTANDER ANA":             "[ana]",
			"SPEI RECIBIDOS ANA":                     "[recibidos ana]",
			"SPEI RECIBIDOJUANA PEREZ":               "[recibidojuana perez]",
			"PIX - ANA LEAL - ***.123.456-** - BCO X (0033) Agência: 1 Conta: 12345-6": "[ana leal]",
			"- NU PAGAMENTOS - IP (0260) Agência: 1 Conta: 12345-6":                    "[]",
			"TED - ANA LEAL - Banco Y S.A. Agência: 1 Conta: 12345-6":                  "[ana leal]",
			"Antônia Cássia":                          "[antonia cassia]",
			"Anto\u0302nia":                           "[antonia]",
			"DÉB.CONV.SEGURO":                         "[seguro]",
			"TED - ANA LEAL - BANCO Y (0033) ENERGIA": "[ana leal energia]",
			"TED BCO: 0014 ANA":                       "[ana]",
			"PAGO EN QR BRE-B TIENDA SOL":             "[tienda sol]",
			"PAGO S.A. LUZ R$":                        "[luz]",
			"INTERAC e-Transfer sent ANNE 9KQ2ZT":     "[anne]",
			"B?N??O LOJA":                             "[b\uFFFDn\uFFFD\uFFFDo]",
		}},
	} {
		for text, want := range test.texts {
			e := Parse(textRow(text))
			if got := fmt.Sprint(test.of(&e)); got != want {
				t.Errorf("%s of %q: %s, want %s", name, text, got, want)
			}
		}
	}
}

func idsOf(e *Evidence) []string {
	found := []string{}
	for k := range Kinds {
		for _, value := range e.IDs[k] {
			found = append(found, k.String()+"="+value)
		}
	}
	return found
}

func TestStrongIdentifiers(t *testing.T) {
	for value, want := range map[string]bool{
		"a1b2c3d4": true, "a1b2c3d": false, "12345678": true, "00000123456": false, "000123": false, "20261110": false,
		"10112026": false, "20261110120000": false, "20261399": true, "18501110": true, "nsu12345678": false,
		"660d5aa3-3019": true, "19900101": false, "19891231": true, "20991231": false, "21000101": true,
	} {
		if IsStrong(InstitutionID, value) != want {
			t.Errorf("isStrong(%q) = %v", value, !want)
		}
	}
	if IsStrong(PaymentReference, "a1b2c3d4e5") || !IsStrong(EndToEndID, "e1") || IsStrong(ChequeNumber, "123456789") {
		t.Error("the kind of an identifier decides, too")
	}
}

// TestKeysOfTheInstitution checks identifiers that the institution states in members of their own, and not in the
// text.
func TestKeysOfTheInstitution(t *testing.T) {
	row := textRow("PIX")
	row.Keys = domain.InstitutionKeys{
		Transaction: "0000000000", Authentication: " ABC ", Reference: "E12345678202611101200abcDEF12345",
		ReceiverReference: "34191.79001 89214.510047 91020.150008 5 99990000051200",
	}
	row.Code = "101200"
	e := Parse(row)
	want := []string{
		"end_to_end_id=e12345678202611101200abcdef12345",
		"boleto_line=34191790018921451004791020150008599990000051200",
		"authentication_code=abc",
		"institution_code=101200",
	}
	if got := idsOf(&e); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// An institution may state the payment line of a bill as the reference. The line has 48 digits and begins with 8.
func TestTheLineOfABillIsRecognisedInEveryMember(t *testing.T) {
	for reference, want := range map[string]string{
		"84670000001-7 43590024020-9 02405000243-5 84221010811-9": "slip_number=" +
			"846700000017435900240209024050002435842210108119",
		"746700000017435900240209024050002435842210108119": "payment_reference=" +
			"746700000017435900240209024050002435842210108119",
		"84670000001743590024020902405000243584221010811": "boleto_line=" +
			"84670000001743590024020902405000243584221010811",
	} {
		row := textRow("PAGAMENTO")
		row.Keys.Reference = reference
		e := Parse(row)
		if got := idsOf(&e); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %v, want %s", reference, got, want)
		}
	}
}

// An English text about a Brazilian account prints the month first, if only this is near the row's date.
func TestTheMonthFirstInEnglishTexts(t *testing.T) {
	for _, test := range []struct {
		date       domain.Date
		text, want string
	}{
		{"2026-10-20", "Debit card purchase PADARIA 10/19", "[19/10] []"},
		{"2026-10-12", "Debit card purchase PADARIA 10/11", "[11/10] []"},
		{"2027-01-04", "Debit card purchase PADARIA 12/31", "[31/12] []"},
		{"2026-11-11", "Debit card purchase PADARIA 10/11", "[] [10/11]"},
		{"2026-10-12", "Debit card purchase PADARIA 10/19", "[19/10] []"}, // seven days
		{"2026-10-11", "Debit card purchase PADARIA 10/19", "[] [10/19]"},
		{"2026-10-26", "Debit card purchase PADARIA 10/19", "[19/10] []"},
		{"2026-10-27", "Debit card purchase PADARIA 10/19", "[] [10/19]"},
		{"2026-10-20", "Debit card purchase 2/28 PADARIA 10/19", "[28/2 19/10] []"},
		{"2026-10-20", "RSHOP PADARIA 10/19", "[] [10/19]"},
		{"2026-10-12", "LOJA 10/11", "[] [10/11]"},
		{"", "Debit card purchase PADARIA 10/19", "[] [10/19]"},
	} {
		row := textRow(test.text)
		row.Date = test.date
		e := Parse(row)
		if got := fmt.Sprint(e.Calendar.Days, e.Calendar.Fractions); got != test.want {
			t.Errorf("%s, %s: %s, want %s", test.date, test.text, got, test.want)
		}
	}
}

// Banks of the United States print the month first.
func TestTheMonthFirstInDollars(t *testing.T) {
	for text, want := range map[string]string{
		"X 10/11/2026": "[11/10] [11/10/26] []", "X 31/12/2026": "[31/12] [31/12/26] []",
		"X 10112026": "[11/10] [] []",
		"X 20261011": "[11/10] [] []", "X 10/11": "[11/10] [] []", "X 10-11": "[11/10] [] []",
	} {
		row := textRow(text)
		row.Amount.Currency = "USD"
		e := Parse(row)
		if got := fmt.Sprint(e.Calendar.Days, e.Calendar.Dates, e.Calendar.Fractions); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// The vendor's name of the operation is used only if the text names no operation.
func TestTheOperationThatTheVendorStates(t *testing.T) {
	for text, want := range map[string]Operation{"ANA LEAL": Wire, "TARIFA TED": Fee, "PIX ENVIADO": Pix} {
		row := textRow(text)
		row.VendorOperation = "TED"
		if got := Parse(row).Operation; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	row := textRow("ANA LEAL")
	for stated, want := range map[string]Operation{
		"FOLHA_PAGAMENTO": Payroll, "Boleto": Boleto, "OUTROS": NoOperation,
	} {
		row.VendorOperation = stated
		if got := Parse(row).Operation; got != want {
			t.Errorf("%s: %q, want %q", stated, got, want)
		}
	}
}

// A finding contains the labelled numbers of a row. They are always in the same order, although they are read from a
// map.
func TestLabelledNumbersAreOrdered(t *testing.T) {
	for range 20 {
		values := LabelledValues(map[string]string{"nsu": "1", "aut": "2", "doc": "3"})
		if got := fmt.Sprint(values); got != "[aut 2 doc 3 nsu 1]" {
			t.Fatal(got)
		}
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		`D'AVÓ "Padaria"`: "d avo  padaria ", "PAG|LOJA_1": "pag loja 1", "A\tB\nC\rD": "a b c d", "Nº 5": "n  5",
		"“Café” – Ação": " cafe  - acao", "•••.123": "***.123", "[Z]{~}@`": "[z]{~}@`", "I\u0307": "i", "ÀÉÑÜ": "aenu",
		"C&amp;A": "c&a", "CrÃ©dito": "credito", "A\x80B": "a\uFFFDb", "C&A": "c&a", "A;B": "a;b",
		"Ã\u0093leo Ã\u00c9": "oleo ae",
		"B?N??O":             "b\uFFFDn\uFFFD\uFFFDo", "?A": "?a", "A?": "a?", "A? B": "a? b", "A?1": "a?1",
		"1?A":      "1?a",
		"OpÃ§Ãµes": "opcoes",
		"Ã“leo":    "oleo", "\x1f|\x7f": "\x1f \x7f",
	} {
		if got := Fold(text); got != want {
			t.Errorf("fold(%q) = %q, want %q", text, got, want)
		}
	}
}

// Texts that cannot contain a reference or a document are skipped, because reading all notations is much slower.
func TestTextsThatMayHaveAReferenceOrADocument(t *testing.T) {
	for text, want := range map[string][2]bool{ // reference, document
		"PIX ENVIADO MARIA DA SILVA SAURO PRADO DOS SANTOS":        {false, false},
		"PIX ENVIADO 12345 MARIA 67890":                            {false, false},
		"PIX ENVIADO PARALELEPIPEDO":                               {false, false}, // a long word without digits
		"PIX ENVIADO PARALELEPIPEDO1":                              {false, false}, // one digit
		"PIX ENVIADO 1234567890":                                   {false, false}, // ten digits
		"PIX ENVIADO 99999999999":                                  {false, true},
		"PIX ENVIADO 12345678901":                                  {false, true},
		"PIX ENVIADO 12345 678901":                                 {false, false},
		"PIX ENVIADO A&B680524P76":                                 {false, true},
		"PIX ENVIADO 12.ABC.345 ANA":                               {false, true},
		"PIX ENVIADO 390.533.447-05":                               {false, true},
		"PIX ENVIADO 1.234.567 ANA":                                {false, false}, // an amount
		"PIX ENVIADO 12.34.567 ANA":                                {false, false},
		"PIX ENVIADO 12.345.67":                                    {false, false},
		"PIX ENVIADO 12.345,678":                                   {false, false},
		"PIX 12.ABC.345":                                           {false, true},
		"PIX 19.999.999":                                           {false, true},
		"PIX 00ABCDEFGHI":                                          {false, true},
		"PAG 99991 16320 00002 10000 44400 04572 20000 01234 5678": {true, false}, // 44 digits
		"PAG 99991 16320 00002 10000 44400 04572 20000 01234 567":  {false, false},
		"PIX E12345678202611101200abcDEF1234Z":                     {true, true},
		"PIX E12345678202611101200abcDEF1234z":                     {true, true},
		"PIX E12345678202611101200abcDEF1234[":                     {false, true},
		"PIX ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF":                     {true, false},
		"PIX ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE":                      {false, false}, // 31 characters
		"PIX ABCDEFGHIJKLMNOP QRSTUVWXYZABCDEFG":                   {false, false},
		"CHEQUE 1":                                                 {true, false},
		"RECHEQUEADO":                                              {true, false},
		"PIX Chq":                                                  {true, false},
		"PIX ENVIADO CHE":                                          {false, false},
		"PIX RAST":                                                 {true, false},
	} {
		if got := [2]bool{mayHaveReference(text), mayHaveDocument(text)}; got != want {
			t.Errorf("%q: reference and document %v, want %v", text, got, want)
		}
	}
}
