package banktext

import (
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Kind is the kind of an identifier. Identifiers are compared with identifiers of the same kind only.
type Kind int

// The kinds of identifiers. An identifier of the first four kinds names one movement in the whole country. An
// identifier of the next two kinds names one movement at the institution if it is long enough (see IsStrong).
const (
	EndToEndID Kind = iota
	TrackingKey
	BoletoLine // the barcode or the digitable line of a boleto
	SlipNumber // the same of a bill with a bar code (arrecadação): taxes and utilities
	InstitutionID
	AuthenticationCode
	InstitutionCode
	PaymentReference
	ReceiverReference
	ChequeNumber
	InvoiceNumber
	OrderNumber
	Kinds
)

func (k Kind) String() string {
	return [...]string{
		"end_to_end_id", "tracking_key", "boleto_line", "slip_number", "transaction_id", "authentication_code",
		"institution_code", "payment_reference", "receiver_reference", "cheque_number", "invoice_number",
		"order_number",
	}[k]
}

// notation is a form in which banks print a kind of identifier.
type notation struct {
	kind    Kind
	pattern *pattern // group 1 is the value
	source  string
}

// notations are read in this order. All patterns match folded texts.
var notations = []notation{
	{EndToEndID, compile(`\b([ed]\d{20}[0-9a-z]{11})\b`),
		"Banco Central do Brasil, Manual de Padrões para Iniciação do Pix: E or D, ISPB, yyyyMMddHHmm, 11 characters"},
	{BoletoLine, compile(`\b(\d{5}\.?\d{5}\s*\d{5}\.?\d{6}\s*\d{5}\.?\d{6}\s*\d\s*\d{14})\b`),
		"FEBRABAN, convenção da cobrança: 47 digits in five fields"},
	{SlipNumber, compile(`\b(8\d{10}[- ]?\d\s*\d{11}[- ]?\d\s*\d{11}[- ]?\d\s*\d{11}[- ]?\d)\b`),
		"FEBRABAN, layout padrão de arrecadação: 48 digits in four fields that begin with 8"},
	{BoletoLine, compile(`\b(\d{44})\b`), "FEBRABAN, layout padrão de código de barras: 44 digits"},
	{TrackingKey, compile(`\b(?:clave|cve|cv)\.?\s*(?:de\s*)?rast(?:reo)?\.?[\s:=]*([0-9a-z]{7,30})\b`),
		"BN-01, SM-01, NM-01: CVE RAST, CLAVE DE RASTREO (Banxico, SPEI: up to 30 letters and digits)"},
	{TrackingKey, compile(`\brastreo[\s:=]*([0-9a-z]{7,30})\b`), "MX-02: RASTREO:"},
	{TrackingKey, compile(`/s\s+(\d{10,20}i)\b`), "SB-01: SPEI /S 250617011906042876I"},
	{TrackingKey, compile(`\b(mban\d{14,26}|bnet\d{12,26})\b`), "NM-01, BV-02: MBAN and BNET with the key"},
	{PaymentReference, compile(`\btxid[\s.:#=-]*([0-9a-z]{4,35})\b`),
		"Banco Central do Brasil, Manual de Padrões para Iniciação do Pix: up to 35 letters and digits of a charge"},
	{ChequeNumber, compile(
		`\b(?:cheques?|chq)\.?(?:\s+(?:compensado|comp|compe|pago|pagado|cmp|integrada|integr\.?|` +
			`devolvido|devuelto|atm|superior|inferior|s\.?b\.?c\.?|otros|bancos|n|no|nr|num|numero))*[\s:.#-]*` +
			`0*(\d{3,9})\b`),
		"BD-16: CHEQUE COMPENSADO 000417; IT-17: DEP CHEQUE ATM N. 018591"},
	{
		InvoiceNumber,
		compile(`\b(?:nf-?e?|nfs-?e|nota fiscal|fatura|factura|fact)(?:\s+(?:n|nr|no|num)\b)?` +
			`[\s:.#]*[0.]*(\d{1,3}(?:\.\d{3})+|\d{2,12})\b`),
		"texts of supplier payments: NF 56241; BN-03: PAGO FACT 656; Asaas: fatura nr. 870788501 (f71612493667)",
	},
	{OrderNumber, compile(`\bpedido(?:\s+(?:n|nr|no|num)\b)?[\s:.#]*0*(\d{2,12})\b`),
		"texts of supplier payments: NF 4418 PEDIDO 2207"},
}

// Identifiers contains the values of each kind. Letters are lower case.
type Identifiers [Kinds][]string

// take reads the identifiers of a text.
func (ids *Identifiers) take(s *scan) {
	for i := range notations {
		n := &notations[i]
		s.take(n.pattern, func(groups []string) bool {
			value := groups[1]
			if n.kind == TrackingKey && len(DigitsOf(value)) < 4 {
				return false
			}
			k := n.kind
			switch {
			case k == InvoiceNumber:
				value = DigitsOf(value)
			case k == BoletoLine, k == SlipNumber:
				if k, value = ofBoleto(k, DigitsOf(value)); value == "" {
					return false
				}
			}
			ids[k] = Add(ids[k], value)
			return true
		})
	}
}

// transferCode matches the code at the end of the text of an Interac e-Transfer, which names one payment: INTERAC
// e-Transfer sent ANNE 9KQ2ZT (Royal Bank of Canada).
var transferCode = compile(`\be-transfer\b.* ((?:\d+[a-z]|[a-z]+\d)[0-9a-z]{3,}) ?$`)

// takeTransferCode reads the code of an Interac e-Transfer.
func (ids *Identifiers) takeTransferCode(s *scan) {
	if !s.digits || !s.mayMatch(transferCode) {
		return
	}
	if at := transferCode.FindStringSubmatchIndex(s.text); at != nil {
		ids[PaymentReference] = Add(ids[PaymentReference], s.text[at[2]:at[3]])
		s.text = s.text[:at[2]]
	}
}

// ofBoleto returns the kind and the digitable line of a boleto, so that a barcode equals its line. A line with a wrong
// check digit is compared as it is. It returns "" if 44 digits are no barcode.
func ofBoleto(k Kind, digits string) (Kind, string) {
	code, err := domain.ParseBoleto(digits)
	switch {
	case err != nil && len(digits) == lengthOfBarcode:
		return k, ""
	case err != nil:
		return k, digits
	case code[0] == '8':
		return SlipNumber, domain.BoletoLine(code)
	}
	return BoletoLine, domain.BoletoLine(code)
}

const lengthOfBarcode = 44

// withoutPunctuation removes the punctuation of numbers.
var withoutPunctuation = strings.NewReplacer(" ", "", ".", "", "-", "", "/", "")

// addKeys adds the identifiers that the vendor states in separate members of the row.
func (ids *Identifiers) addKeys(row *Row) {
	ids.AddKey(InstitutionID, row.Keys.Transaction)
	ids.AddKey(AuthenticationCode, row.Keys.Authentication)
	code := row.Code
	if IsNumber(code) {
		code = TrimZeros(code) // one connector fills a code with zeros, and another one does not
	}
	ids.AddKey(InstitutionCode, code)
	ids.AddKey(PaymentReference, row.Keys.Reference)
	ids.AddKey(ReceiverReference, row.Keys.ReceiverReference)
	if domain.UncheckedBoletoLine(row.Keys.Barcode) != "" {
		ids[PaymentReference] = Add(ids[PaymentReference], row.Keys.Barcode) // it may not be unique
		return
	}
	ids.AddKey(BoletoLine, row.Keys.Barcode)
}

// AddKey adds one identifier. An end-to-end id or a number of a boleto is recognised in every member, because
// institutions use different members for it. A blank value, and a value that repeats one character ("0000000000",
// OF-03), are ignored.
func (ids *Identifiers) AddKey(k Kind, value string) {
	value = strings.TrimSpace(strings.ToLower(value))
	if value == "" {
		return
	}
	switch compact := withoutPunctuation.Replace(value); {
	case strings.Trim(compact, compact[:min(1, len(compact))]) == "":
		return
	case len(compact) == 32 && notations[0].pattern.MatchString(compact):
		k, value = EndToEndID, compact
	case len(compact) == 47 && IsNumber(compact):
		k, value = ofBoleto(BoletoLine, compact)
	case len(compact) == 48 && IsNumber(compact) && compact[0] == '8':
		k, value = ofBoleto(SlipNumber, compact)
	case len(compact) == lengthOfBarcode && IsNumber(compact):
		if of, line := ofBoleto(BoletoLine, compact); line != "" {
			k, value = of, line
		}
	}
	ids[k] = Add(ids[k], value)
}

// minStrongLength is the minimum length of an institution's id that names one movement.
const minStrongLength = 8

// IsStrong reports whether the identifier names one movement of the account, so that an equal one decides. An id or
// an authentication code of the institution must have at least eight characters without leading zeros: a shorter one
// may be a counter, or a day and a time (atm-03). It must not be a date, with or without a time, or a printed NSU,
// document or sequence number.
func IsStrong(k Kind, value string) bool {
	switch k {
	case EndToEndID, TrackingKey, BoletoLine, SlipNumber:
		return true
	case InstitutionID, AuthenticationCode:
		return len(value) >= minStrongLength && len(TrimZeros(value)) >= minStrongLength && !isDateNumber(value) &&
			!volatileCode.MatchString(value)
	default:
		return false
	}
}

// volatileCode matches an id that consists only of a label and the printed NSU, document or sequence number of the
// purchase.
var volatileCode = compile(`^(?:nsu|doc|seq)\d+$`)

// isDateNumber reports whether a number is a date or a date and a time: yyyyMMdd, ddMMyyyy, yyyyMMddHHmm and so on.
func isDateNumber(value string) bool {
	if !IsNumber(value) {
		return false
	}
	for _, layout := range []string{"20060102", "02012006", "20060102150405", "200601021504", "02012006150405"} {
		if at, err := time.Parse(layout, value); err == nil && at.Year() >= 1990 && at.Year() < 2100 {
			return true
		}
	}
	return false
}
