package domain

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// References contains the identifiers by which a person reconciles a transaction. A member is "" if it is not known.
type References struct {
	EndToEndID          string `json:"endToEndId,omitempty"`         // of a PIX payment
	TransactionID       string `json:"transactionId,omitempty"`      // the institution's own id
	AuthenticationCode  string `json:"authenticationCode,omitempty"` // of a payment
	ReferenceNumber     string `json:"referenceNumber,omitempty"`
	ReceiverReferenceID string `json:"receiverReferenceId,omitempty"`
	TrackingKey         string `json:"trackingKey,omitempty"` // clave de rastreo of a SPEI payment
	ChequeNumber        string `json:"chequeNumber,omitempty"`
	Barcode             string `json:"barcode,omitempty"` // of a boleto: 44 digits; see ParseBoleto
	// TxID is the id of a PIX charge, if it is labelled as such; see ChargeID.
	TxID string `json:"txId,omitempty"`
}

// ChargeID returns the id (txid) of the charge that was paid by PIX: a labelled one, or else the receiver's reference
// if it has the form of one. It returns "" if none is known. The receiver chooses the id, and a static QR code has one
// for many payments.
func (r References) ChargeID() string {
	if r.TxID == "" && IsChargeID(r.ReceiverReferenceID) {
		return r.ReceiverReferenceID
	}
	return r.TxID
}

// DigitableLine returns the digitable line of the boleto, digits only, or "" if no boleto is known.
func (r References) DigitableLine() string { return BoletoLine(r.Barcode) }

// IsZero reports whether no reference is known.
func (r References) IsZero() bool { return r == References{} }

// Values returns the values of all members, in the order of their declaration. A value is "" if the member is not
// known.
func (r References) Values() []string {
	return []string{
		r.EndToEndID, r.TransactionID, r.AuthenticationCode, r.ReferenceNumber, r.ReceiverReferenceID, r.TrackingKey,
		r.ChequeNumber, r.Barcode, r.TxID,
	}
}

// Strong returns the known values of the members that may identify one movement of an account: end-to-end id,
// institution's id, authentication code, tracking key and barcode.
func (r References) Strong() []string {
	values := []string{r.EndToEndID, r.TransactionID, r.AuthenticationCode, r.TrackingKey, r.Barcode}
	return slices.DeleteFunc(values, func(value string) bool { return value == "" })
}

// hash appends the values to the input of a Digest. The digests of references without a boleto or a charge are those
// of the versions of the service that did not read them.
func (r References) hash(input []byte) []byte {
	if r.IsZero() {
		return input
	}
	values := r.Values()
	const established = 7
	input = hashed(hashed(input, "references"), values[:established]...)
	if r.Barcode != "" || r.TxID != "" {
		input = hashed(hashed(input, "charge"), values[established:]...)
	}
	return input
}

// Has reports whether a member has this value. Upper and lower case letters are equal. A boleto has its barcode and
// its digitable line in any printed form, and an end-to-end id may be printed in groups. It returns false for "", which
// stands for an unknown reference.
func (r References) Has(value string) bool {
	if value == "" {
		return false
	}
	barcode, _ := ParseBoleto(value)
	forms := ReferenceForms(value)
	return barcode != "" && barcode == r.Barcode ||
		slices.ContainsFunc(r.Values(), func(v string) bool { return slices.Contains(forms, LowerReference(v)) })
}

// ReferenceForms returns the forms, in lower case, in which a reference with this value can be stored: the value as it
// is and, if it is an end-to-end id printed in groups, also without the blanks, dots and hyphens between them.
func ReferenceForms(value string) []string {
	forms := []string{LowerReference(value)}
	if id := ungroupedEndToEndID(value); id != "" && id != value {
		forms = append(forms, LowerReference(id))
	}
	return forms
}

// LowerReference returns a reference in the form in which references are compared: the letters A to Z in lower case, as
// the function lower of the databases does it.
func LowerReference(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

// Or returns a copy of r in which each member that is not known has the value of other.
func (r References) Or(other References) References {
	return References{
		EndToEndID:          cmp.Or(r.EndToEndID, other.EndToEndID),
		TransactionID:       cmp.Or(r.TransactionID, other.TransactionID),
		AuthenticationCode:  cmp.Or(r.AuthenticationCode, other.AuthenticationCode),
		ReferenceNumber:     cmp.Or(r.ReferenceNumber, other.ReferenceNumber),
		ReceiverReferenceID: cmp.Or(r.ReceiverReferenceID, other.ReceiverReferenceID),
		TrackingKey:         cmp.Or(r.TrackingKey, other.TrackingKey),
		ChequeNumber:        cmp.Or(r.ChequeNumber, other.ChequeNumber),
		Barcode:             cmp.Or(r.Barcode, other.Barcode),
		TxID:                cmp.Or(r.TxID, other.TxID),
	}
}

// Main returns the reference that an account statement shows: the first of end-to-end id, transaction id, tracking
// key and reference number that is known. It returns "" if none of them is known.
func (r References) Main() string {
	return cmp.Or(r.EndToEndID, r.TransactionID, r.TrackingKey, r.ReferenceNumber)
}

// maxReference is the maximum length of a reference in bytes. It keeps an index entry below the limit of PostgreSQL
// (2,704 bytes).
const maxReference = 255

// CleanReference returns a vendor's reference in the form in which it is stored (see CleanText). It returns "" for a
// text that identifies nothing: one of more than 255 bytes, or one that consists of zeros. Institutions send
// "0000000000" for a transaction without an id.
func CleanReference(text string) string {
	text = CleanText(text)
	if len(text) > maxReference || strings.Trim(text, "0") == "" {
		return ""
	}
	return text
}

// IsEndToEndID reports whether the text is the end-to-end id of a PIX payment or refund: E or D, the eight digits of
// the institution, a time of twelve digits, and eleven letters or digits. Source: Banco Central do Brasil, Manual de
// Padrões para Iniciação do Pix.
func IsEndToEndID(text string) bool {
	return len(text) == 32 && strings.ContainsAny(text[:1], "EDed") && isNumber(text[1:21]) &&
		strings.Trim(text[21:], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// ungroupedEndToEndID returns the end-to-end id that the text is, without the blanks, dots and hyphens between its
// groups. It returns "" if the text is none.
func ungroupedEndToEndID(text string) string {
	if id := withoutGrouping.Replace(text); IsEndToEndID(id) {
		return id
	}
	return ""
}

// IsChargeID reports whether the text has the form of the id (txid) of a dynamic PIX charge: 26 to 35 letters and
// digits. The ids of static QR codes are shorter, and cannot be told from other references. Source: Banco Central do
// Brasil, API Pix, TxId.
func IsChargeID(text string) bool {
	return len(text) >= 26 && len(text) <= 35 && !IsEndToEndID(text) && strings.Trim(text,
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

// DocumentType is the kind of a tax number: CPF and CNPJ in Brazil, RFC in Mexico.
type DocumentType string

// The kinds of tax numbers.
const (
	CPF           DocumentType = "CPF"
	CNPJ          DocumentType = "CNPJ"
	RFC           DocumentType = "RFC"
	OtherDocument DocumentType = "other"
)

// PartyDocument is the tax number of the other party of a transaction, without punctuation and with letters in upper
// case. The zero PartyDocument means that it is not known.
type PartyDocument struct {
	Type  DocumentType `json:"type"`
	Value string       `json:"value"`
}

// IsZero reports whether the document is not known.
func (d PartyDocument) IsZero() bool { return d == PartyDocument{} }

// maxDocument is the maximum length of a tax number in bytes.
const maxDocument = 64

// NewPartyDocument returns the document with this number. It returns the zero PartyDocument if the number identifies
// nobody: it is empty, masked, longer than 64 bytes, or one character repeated. The type follows from the form of the
// number, because the vendors' names of the types differ.
func NewPartyDocument(number string) PartyDocument {
	value := strings.ToUpper(withoutPunctuation.Replace(CleanText(number)))
	switch tax := TaxNumber(value); {
	case value == "" || len(value) > maxDocument || isRepeated(value):
		return PartyDocument{}
	case len(tax) == lengthOfCPF:
		return PartyDocument{CPF, tax}
	case len(tax) == lengthOfCNPJ:
		return PartyDocument{CNPJ, tax}
	case isRFC(value):
		return PartyDocument{RFC, value}
	case strings.Contains(value, "XX") || strings.ContainsFunc(value, isMask):
		return PartyDocument{}
	}
	return PartyDocument{OtherDocument, value}
}

// isMask reports whether the character stands for one that is not shown. Tax numbers consist of letters, digits and
// "&".
func isMask(r rune) bool { return r != '&' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// isRFC reports whether the text has the form of a Mexican tax number: three letters (a company) or four (a person), a
// date of six digits, and three characters. Source: SAT, Código Fiscal de la Federación, article 27.
func isRFC(value string) bool {
	if len(value) != 12 && len(value) != 13 {
		return false
	}
	letters, rest := value[:len(value)-9], value[len(value)-9:]
	if strings.Trim(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ&") != "" || !isNumber(rest[:6]) {
		return false
	}
	return strings.Trim(rest[6:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
