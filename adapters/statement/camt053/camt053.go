// Package camt053 writes statements as camt.053.001.08 (BankToCustomerStatementV08 of ISO 20022). The schema is
// published at https://www.iso20022.org/catalogue-messages.
//
// The elements have these values:
//
//   - Every entry is booked (BOOK).
//   - AcctSvcrRef is the id of the record, without hyphens.
//   - BookgDt and ValDt are both the value date, the only date of a record.
//   - EndToEndId and TxId are the end-to-end id and the transaction id of the record. They are absent if they are not
//     known or have more than 35 characters.
//   - RltdPties contains the name and the tax number of the other party.
//   - RmtInf/Ustrd contains the first 140 characters of the description, and the whole description, in pieces, if it
//     has more than 500 characters.
//   - RmtInf/Strd contains the id of a PIX charge in CdtrRefInf/Ref and the digitable line of a boleto in AddtlRmtInf.
//   - AddtlStmtInf states the completeness of the account, if the statement is that of a closed period, when the vendor
//     last read the bank, and which records are left out.
//   - The servicer of the account is the vendor, because the code of the bank is not known.
//
// All other texts are cut to the lengths that the schema allows. Characters that XML 1.0 forbids become U+FFFD.
package camt053

import (
	"encoding/xml"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.StatementFormat.
type Format struct{}

var _ ports.StatementFormat = Format{}

// Name implements ports.StatementFormat.
func (Format) Name() string { return "camt053" }

// Variant implements ports.StatementFormat.
func (Format) Variant() string { return "" }

// MediaType implements ports.StatementFormat.
func (Format) MediaType() string { return "application/xml" }

// Extension implements ports.StatementFormat.
func (Format) Extension() string { return "xml" }

// HasBalances implements ports.StatementFormat.
func (Format) HasBalances() bool { return true }

// PrintsUnconverted implements ports.StatementFormat.
func (Format) PrintsUnconverted() bool { return false }

const namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

// The limits of the schema. Amounts have fewer digits than other numbers.
const (
	maxDigits, maxScale = 18, 5
	maxAccountID        = 34
	maxAccountName      = 70
	maxPartyName        = 140
	maxEntryInformation = 500

	maxStatementInformation = 500
	maxRemittance           = 140
	maxReference            = 35
)

// Write implements ports.StatementFormat. Errors:
//   - Conflict (no_balance) if no balance is known, because a document must have an opening and a closing balance.
//   - Conflict with the code s.Doubt, if s.Doubt is set.
//   - Those of books.Statement.CheckConverted.
//   - Conflict (not_representable) if an amount has more than 18 digits, or more than 5 after the decimal point.
func (Format) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	switch {
	case s.Balances == nil:
		return &domain.Error{Kind: domain.Conflict, Code: domain.NoBalance}
	case s.Doubt != "":
		return &domain.Error{Kind: domain.Conflict, Code: s.Doubt}
	case s.CheckConverted() != nil:
		return s.CheckConverted()
	case !fits(s.Digits, s.Scale):
		return &domain.Error{Kind: domain.Conflict, Code: domain.NotRepresentable}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	document := element("Document")
	document.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	message, statement := element("BkToCstmrStmt"), element("Stmt")
	for _, value := range []any{document, message, headerOf(s), statement, descriptionOf(s)} {
		if err := write(encoder, value); err != nil {
			return err
		}
	}
	for record, err := range records {
		if err == nil && record.Unconverted {
			continue
		}
		if err == nil {
			err = encoder.Encode(entryOf(s, record))
		}
		if err == nil {
			_, err = io.WriteString(w, "\n") // one line for each entry; Encode has already written the entry to w
		}
		if err != nil {
			return err
		}
	}
	if information := informationOf(s); information != "" {
		if err := encoder.EncodeElement(information, element("AddtlStmtInf")); err != nil {
			return err
		}
	}
	for _, end := range []xml.StartElement{statement, message, document} {
		if err := encoder.EncodeToken(end.End()); err != nil {
			return err
		}
	}
	return encoder.Close()
}

// informationOf returns the text of AddtlStmtInf; "" if there is nothing to state.
func informationOf(s books.Statement) string {
	var facts []string
	if s.Completeness != "" {
		facts = append(facts, "completeness when the period was closed: "+string(s.Completeness))
	}
	if !s.BankReadAt.IsZero() {
		facts = append(facts, "bank read at "+dateTime(s.BankReadAt))
	}
	room := maxStatementInformation - len(strings.Join(facts, "; ")) - len("; ")
	if text := s.LeftOut(room); text != "" {
		facts = append(facts, text)
	}
	return books.Truncate(strings.Join(facts, "; "), maxStatementInformation)
}

// write encodes a value. The result depends on the type of the value:
//
//   - xml.StartElement: a start tag.
//   - parts: sibling elements.
//   - Any other type: one element.
func write(encoder *xml.Encoder, value any) error {
	switch v := value.(type) {
	case xml.StartElement:
		return encoder.EncodeToken(v)
	case parts:
		for _, part := range v {
			if err := encoder.EncodeElement(part.value, element(part.name)); err != nil {
				return err
			}
		}
		return nil
	}
	return encoder.Encode(value)
}

// parts is a sequence of elements.
type parts []part

type part struct {
	name  string
	value any
}

func element(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

// fits reports whether the schema allows an amount with the given number of digits. The argument scale is the number of
// digits after the decimal point.
func fits(digits, scale int) bool { return digits <= maxDigits && scale <= maxScale }

// fitsAmount reports whether the schema allows the amount a.
func fitsAmount(a decimal.Decimal) bool {
	a = a.Normalize()
	digits, scale := a.NumDigits(), -int(a.Exponent())
	return fits(max(digits, digits-scale, scale), scale)
}

func dateTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// header is an element of the type GroupHeader81 of the schema.
type header struct {
	XMLName xml.Name `xml:"GrpHdr"`
	ID      string   `xml:"MsgId"`
	Created string   `xml:"CreDtTm"`
}

func headerOf(s books.Statement) header {
	return header{ID: books.CompactID(s.ID), Created: dateTime(s.CreatedAt)}
}

type (
	// period is an element whose type in the schema is DateTimePeriod1.
	period struct {
		From string `xml:"FrDtTm"`
		To   string `xml:"ToDtTm"`
	}
	// account is an element of the type CashAccount39 of the schema.
	account struct {
		ID       string `xml:"Id>Othr>Id"`
		Currency string `xml:"Ccy"`
		Name     string `xml:"Nm,omitempty"`
		Servicer string `xml:"Svcr>FinInstnId>Othr>Id"`
	}
	// money is an element of the type ActiveOrHistoricCurrencyAndAmount of the schema.
	money struct {
		Currency string `xml:"Ccy,attr"`
		Amount   string `xml:",chardata"`
	}
	// balance is an element of the type CashBalance8 of the schema.
	balance struct {
		Code      string `xml:"Tp>CdOrPrtry>Cd"`
		Amount    money  `xml:"Amt"`
		Direction string `xml:"CdtDbtInd"`
		Date      string `xml:"Dt>Dt"`
	}
	// summary is an element of the type TotalTransactions6 of the schema.
	summary struct {
		Count        int    `xml:"TtlNtries>NbOfNtries"`
		Sum          string `xml:"TtlNtries>Sum"`
		Net          string `xml:"TtlNtries>TtlNetNtry>Amt"`
		NetDirection string `xml:"TtlNtries>TtlNetNtry>CdtDbtInd"`
		Credits      int    `xml:"TtlCdtNtries>NbOfNtries"`
		CreditSum    string `xml:"TtlCdtNtries>Sum"`
		Debits       int    `xml:"TtlDbtNtries>NbOfNtries"`
		DebitSum     string `xml:"TtlDbtNtries>Sum"`
	}
)

// descriptionOf returns the elements of an AccountStatement9 that precede its entries.
func descriptionOf(s books.Statement) parts {
	from, to := string(s.Period.From), string(s.Period.To)
	return parts{
		{"Id", books.CompactID(s.ID)},
		{"CreDtTm", dateTime(s.CreatedAt)},
		{"FrToDt", period{From: from + "T00:00:00Z", To: to + "T23:59:59Z"}},
		{"Acct", account{
			ID: accountID(s.Account), Currency: s.Currency, Name: books.Truncate(s.Account.Name, maxAccountName),
			Servicer: string(s.Account.Vendor),
		}},
		{"Bal", balanceOf("OPBD", s.Balances.Opening, s.Currency, from)},
		{"Bal", balanceOf("CLBD", s.Balances.Closing, s.Currency, to)},
		{"TxsSummry", summaryOf(s)},
	}
}

// accountID returns the number of the account. If the number is not known or too long, it returns the service's id of
// the account without hyphens.
func accountID(a domain.Account) string {
	if a.Number == "" || books.Truncate(a.Number, maxAccountID) != a.Number {
		return books.CompactID(a.ID.UUID)
	}
	return a.Number
}

func balanceOf(code string, amount decimal.Decimal, currency, date string) balance {
	return balance{Code: code, Amount: moneyOf(amount, currency), Direction: direction(amount), Date: date}
}

func summaryOf(s books.Statement) summary {
	return summary{
		Count: s.Credits.Count + s.Debits.Count, Sum: s.Credits.Sum.Add(s.Debits.Sum).String(),
		Net: s.Net().Abs().String(), NetDirection: direction(s.Net()),
		Credits: s.Credits.Count, CreditSum: s.Credits.Sum.String(),
		Debits: s.Debits.Count, DebitSum: s.Debits.Sum.String(),
	}
}

// moneyOf returns the absolute amount; the direction is a separate element.
func moneyOf(amount decimal.Decimal, currency string) money {
	return money{Currency: currency, Amount: amount.Abs().String()}
}

func direction(amount decimal.Decimal) string {
	if amount.IsNegative() {
		return "DBIT"
	}
	return "CRDT"
}

// entry is an element of the type ReportEntry10 of the schema.
type entry struct {
	XMLName     xml.Name `xml:"Ntry"`
	Amount      money    `xml:"Amt"`
	Direction   string   `xml:"CdtDbtInd"`
	Status      string   `xml:"Sts>Cd"`
	Booked      string   `xml:"BookgDt>Dt"`
	Valued      string   `xml:"ValDt>Dt"`
	Reference   string   `xml:"AcctSvcrRef"`
	Domain      string   `xml:"BkTxCd>Domn>Cd"`
	Family      string   `xml:"BkTxCd>Domn>Fmly>Cd"`
	SubFamily   string   `xml:"BkTxCd>Domn>Fmly>SubFmlyCd"`
	Details     details  `xml:"NtryDtls>TxDtls"`
	Description string   `xml:"AddtlNtryInf,omitempty"`
}

// details is an element of the type EntryTransaction10 of the schema.
type details struct {
	Reference  string      `xml:"Refs>AcctSvcrRef"`
	EndToEndID string      `xml:"Refs>EndToEndId,omitempty"`
	ID         string      `xml:"Refs>TxId,omitempty"`
	Original   *money      `xml:"AmtDtls>InstdAmt>Amt"`
	Debtor     *party      `xml:"RltdPties>Dbtr>Pty"`
	Creditor   *party      `xml:"RltdPties>Cdtr>Pty"`
	Remittance *remittance `xml:"RmtInf"`
}

type (
	// party is an element of the type PartyIdentification135 of the schema.
	party struct {
		Name     string          `xml:"Nm,omitempty"`
		Document *identification `xml:"Id"`
	}
	// identification is an element of the type Party38Choice of the schema.
	identification struct {
		Organisation *otherID `xml:"OrgId>Othr"`
		Private      *otherID `xml:"PrvtId>Othr"`
	}
	// otherID is an element of the type GenericOrganisationIdentification1 or GenericPersonIdentification1 of the
	// schema.
	otherID struct {
		ID   string `xml:"Id"`
		Type string `xml:"SchmeNm>Prtry"`
	}
	// remittance is an element of the type RemittanceInformation16 of the schema.
	remittance struct {
		Pieces     []string    `xml:"Ustrd"`
		Structured *structured `xml:"Strd"`
	}
	// structured is an element of the type StructuredRemittanceInformation16 of the schema.
	structured struct {
		Charge *creditor `xml:"CdtrRefInf"`
		Boleto string    `xml:"AddtlRmtInf,omitempty"`
	}
	// creditor is an element of the type CreditorReferenceInformation2 of the schema.
	creditor struct {
		Reference string `xml:"Ref"`
	}
)

// entryOf returns the entry of a record. Vendors provide no ISO code for the kind of a movement, so the entry has the
// code XTND NTAV NTAV, which means that no code is available.
func entryOf(s books.Statement, r books.StatementRecord) entry {
	e := entry{
		Amount: moneyOf(r.Amount, s.Currency), Direction: direction(r.Amount), Status: "BOOK",
		Booked: string(r.Date), Valued: string(r.Date), Reference: books.CompactID(r.ID.UUID),
		Domain: "XTND", Family: "NTAV", SubFamily: "NTAV",
		Description: books.Truncate(r.Description, maxEntryInformation),
	}
	e.Details.Reference = e.Reference
	if r.Original != nil && fitsAmount(r.Original.Amount) {
		original := moneyOf(r.Original.Amount, r.Original.Currency)
		e.Details.Original = &original
	}
	e.Details.EndToEndID = unlessLonger(r.References.EndToEndID)
	e.Details.ID = unlessLonger(r.References.TransactionID)
	if r.Counterparty != "" || !r.CounterpartyDocument.IsZero() {
		other := &party{books.Truncate(r.Counterparty, maxPartyName), identificationOf(r.CounterpartyDocument)}
		if r.Amount.IsNegative() {
			e.Details.Creditor = other
		} else {
			e.Details.Debtor = other
		}
	}
	e.Details.Remittance = remittanceOf(r, len(e.Description) < len(r.Description))
	if rest := e.Details.Remittance; rest != nil && rest.Structured == nil && (s.Format == 1 || s.Format == 2) {
		rest.Structured = &structured{} // earlier documents have an empty element
	}
	return e
}

// remittanceOf returns what the payment is for, or nil if nothing is known. Some readers show only this element as the
// label of an entry. If whole is set, it contains the whole description, otherwise the beginning.
func remittanceOf(r books.StatementRecord, whole bool) *remittance {
	out, facts := remittance{Pieces: pieces(r.Description)}, structured{Boleto: r.References.DigitableLine()}
	if charge := unlessLonger(r.References.ChargeID()); charge != "" {
		facts.Charge = &creditor{charge}
	}
	if facts != (structured{}) {
		out.Structured = &facts
	}
	if !whole && len(out.Pieces) > 1 {
		out.Pieces = out.Pieces[:1]
	}
	if len(out.Pieces) == 0 && out.Structured == nil {
		return nil
	}
	return &out
}

// unlessLonger returns the reference, or "" if it is longer than the schema allows. Half a reference would not identify
// anything.
func unlessLonger(reference string) string {
	if books.Truncate(reference, maxReference) != reference {
		return ""
	}
	return reference
}

// identificationOf returns the element of a tax number, with its type as a proprietary scheme: CPF, CNPJ, RFC or
// other. A CPF is the number of a person, like an RFC of 13 characters. It returns nil if the number is not known or
// too long.
func identificationOf(d domain.PartyDocument) *identification {
	if d.IsZero() || unlessLonger(d.Value) == "" {
		return nil
	}
	id := &otherID{d.Value, string(d.Type)}
	const lengthOfPersonalRFC = 13
	if d.Type == domain.CPF || d.Type == domain.RFC && len(d.Value) == lengthOfPersonalRFC {
		return &identification{Private: id}
	}
	return &identification{Organisation: id}
}

// pieces cuts a text into pieces that fit into an element Ustrd, which contains unstructured remittance information.
func pieces(text string) []string {
	var all []string
	for text != "" {
		piece := books.Truncate(text, maxRemittance)
		all, text = append(all, piece), text[len(piece):]
	}
	return all
}
