package domain

import "strings"

// References contains the identifiers by which a person reconciles a transaction. A member is "" if it is not known.
type References struct {
	EndToEndID          string `json:"endToEndId,omitempty"`         // of a PIX payment
	TransactionID       string `json:"transactionId,omitempty"`      // the institution's own id
	AuthenticationCode  string `json:"authenticationCode,omitempty"` // of a payment
	ReferenceNumber     string `json:"referenceNumber,omitempty"`
	ReceiverReferenceID string `json:"receiverReferenceId,omitempty"`
	TrackingKey         string `json:"trackingKey,omitempty"` // clave de rastreo of a SPEI payment
	ChequeNumber        string `json:"chequeNumber,omitempty"`
}

// IsZero reports whether no reference is known.
func (r References) IsZero() bool { return r == References{} }

// DocumentType is the kind of a tax number.
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

// NewPartyDocument returns the document with this number. It returns the zero PartyDocument if the number is masked or
// empty. The type follows from the form of the number, because vendors name it in several ways.
func NewPartyDocument(number string) PartyDocument {
	value := strings.ToUpper(strings.NewReplacer(".", "", "-", "", "/", "", " ", "").Replace(strings.TrimSpace(number)))
	switch tax := TaxNumber(value); {
	case value == "" || strings.ContainsAny(value, "*•?"):
		return PartyDocument{}
	case len(tax) == lengthOfCPF:
		return PartyDocument{CPF, tax}
	case len(tax) == lengthOfCNPJ:
		return PartyDocument{CNPJ, tax}
	case isRFC(value):
		return PartyDocument{RFC, value}
	}
	return PartyDocument{OtherDocument, value}
}

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
