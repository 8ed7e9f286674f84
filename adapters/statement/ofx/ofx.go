// Package ofx writes statements in OFX 2.2 (https://financialdataexchange.org/ofx), or in OFX 1.0.2, which many
// programs in Brazil read. OFX 1.0.2 is SGML. Its elements are the same here. It has another header, and each element
// with a value is on a line of its own, because such readers expect that. All elements have end tags, so it is XML,
// too.
//
// The statement of a bank account is
// a STMTRS element, and the statement of a card is a CCSTMTRS element. FITID is the id of the record.
//
// All dates are noon in UTC, so that readers in other time zones show the same day.
//
// Texts consist of one line and are cut to the lengths that the specification allows. Characters that XML 1.0 forbids
// become U+FFFD.
package ofx

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"io"
	"iter"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.StatementFormat.
type Format struct {
	SGML bool // write OFX 1.0.2, not OFX 2.2
}

var _ ports.StatementFormat = Format{}

// Name implements ports.StatementFormat.
func (Format) Name() string { return "ofx" }

// Variant implements ports.StatementFormat.
func (f Format) Variant() string {
	if f.SGML {
		return "102"
	}
	return ""
}

// MediaType implements ports.StatementFormat.
func (Format) MediaType() string { return "application/x-ofx" }

// Extension implements ports.StatementFormat.
func (Format) Extension() string { return "ofx" }

// HasBalances implements ports.StatementFormat.
func (Format) HasBalances() bool { return true }

// PrintsUnconverted implements ports.StatementFormat.
func (Format) PrintsUnconverted() bool { return false }

// header contains the two declarations before the document (OFX 2.2, section 2.2).
const header = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
`

// headerSGML is the header of OFX 1.0.2 (section 2.2). The specification allows USASCII and UNICODE only. Readers take
// UTF-8 as the name of the encoding, and read USASCII with the code page in CHARSET.
const headerSGML = "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:UTF-8\r\n" +
	"CHARSET:NONE\r\nCOMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"

// The lengths that the specification allows, in characters.
const (
	maxBankID    = 9
	maxBranchID  = 22
	maxAccountID = 22
	maxName      = 32
	maxMemo      = 255
	maxMessage   = 255
)

// Write implements ports.StatementFormat. Errors:
//   - Conflict (no_balance) if no balance is known and the vendor does not state one either, because LEDGERBAL is a
//     required element.
//   - Conflict with the code s.Doubt, if s.Doubt is set.
//   - Those of books.Statement.CheckConverted.
func (f Format) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	ledger, ok := ledgerBalance(s)
	if !ok {
		return &domain.Error{Kind: domain.Conflict, Code: domain.NoBalance}
	}
	if s.Doubt != "" {
		return &domain.Error{Kind: domain.Conflict, Code: s.Doubt}
	}
	if err := s.CheckConverted(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, f.header()); err != nil {
		return err
	}
	d := &document{encoder: xml.NewEncoder(w)}
	if f.SGML {
		d.encoder.Indent("", " ")
	}
	names := bankElements
	if s.Account.Type == domain.CreditAccount {
		names = cardElements
	}
	d.start("OFX")
	d.element("SIGNONMSGSRSV1", signOnOf(s))
	d.start(names.message)
	d.start(names.response)
	d.element("TRNUID", "0")
	d.element("STATUS", successOf(s))
	d.start(names.statement)
	d.element("CURDEF", s.Currency)
	d.element(names.account, accountOf(s))
	d.start("BANKTRANLIST")
	d.element("DTSTART", noon(s.Period.From))
	d.element("DTEND", noon(s.Period.To))
	for record, err := range records {
		if err != nil {
			return err
		}
		if record.Unconverted {
			continue
		}
		d.element("STMTTRN", transactionOf(record))
		if !f.SGML {
			d.run(func() error {
				// Each record is on a line of its own. The encoder has no buffered output here, because EncodeElement
				// flushes the output.
				_, err := io.WriteString(w, "\n")
				return err
			})
		}
		if d.err != nil {
			return d.err
		}
	}
	d.end("BANKTRANLIST")
	d.element("LEDGERBAL", ledger)
	for _, name := range []string{names.statement, names.response, names.message, "OFX"} {
		d.end(name)
	}
	return d.close()
}

// header returns the header of the document.
func (f Format) header() string {
	if f.SGML {
		return headerSGML
	}
	return header
}

// document writes elements until the first error.
type document struct {
	encoder *xml.Encoder
	err     error
}

func (d *document) start(name string) {
	d.run(func() error { return d.encoder.EncodeToken(startOf(name)) })
}

func (d *document) end(name string) {
	d.run(func() error { return d.encoder.EncodeToken(startOf(name).End()) })
}

func (d *document) element(name string, value any) {
	d.run(func() error { return d.encoder.EncodeElement(value, startOf(name)) })
}

func (d *document) run(write func() error) {
	if d.err == nil {
		d.err = write()
	}
}

func (d *document) close() error {
	d.run(d.encoder.Close)
	return d.err
}

func startOf(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

// elements contains the names of the elements that differ between bank accounts and cards.
type elements struct{ message, response, statement, account string }

var (
	bankElements = elements{"BANKMSGSRSV1", "STMTTRNRS", "STMTRS", "BANKACCTFROM"}
	cardElements = elements{"CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS", "CCACCTFROM"}
)

// status is the STATUS element of a response. In a downloaded statement, it always reports a success.
type status struct {
	Code     int    `xml:"CODE"`
	Severity string `xml:"SEVERITY"`
	Message  string `xml:"MESSAGE,omitempty"`
}

// successOf returns the status of a statement. Its message states the completeness of the account, if the statement is
// that of a closed period, and which records are left out.
func successOf(s books.Statement) status {
	var facts []string
	if s.Completeness != "" {
		facts = append(facts, "completeness when the period was closed: "+string(s.Completeness))
	}
	room := maxMessage - len(strings.Join(facts, "; ")) - len("; ")
	if text := s.LeftOut(room); text != "" {
		facts = append(facts, text)
	}
	return status{0, "INFO", books.Truncate(strings.Join(facts, "; "), maxMessage)}
}

// signOn is the response to a sign-on. OFX requires this response in every file, even if the file is not sent in a
// session.
type signOn struct {
	Status   status `xml:"SONRS>STATUS"`
	Server   string `xml:"SONRS>DTSERVER"`
	Language string `xml:"SONRS>LANGUAGE"`
}

func signOnOf(s books.Statement) signOn {
	return signOn{
		Status:   status{0, "INFO", ""},
		Server:   s.CreatedAt.UTC().Format("20060102150405") + "[0:GMT]",
		Language: "ENG",
	}
}

// noon returns noon of the day in UTC.
func noon(day domain.Date) string { return strings.ReplaceAll(string(day), "-", "") + "120000[0:GMT]" }

// account is a BANKACCTFROM element. Without Bank and Type, it is a CCACCTFROM element.
type account struct {
	Bank   string `xml:"BANKID,omitempty"`
	Branch string `xml:"BRANCHID,omitempty"`
	ID     string `xml:"ACCTID"`
	Type   string `xml:"ACCTTYPE,omitempty"`
}

// accountOf returns the OFX element for the account of a statement. If the code of the bank is not known, the required
// BANKID of a bank account contains the name of the vendor.
func accountOf(s books.Statement) account {
	a := s.Account
	result := account{ID: accountID(a)}
	if a.Type == domain.CreditAccount {
		return result
	}
	result.Bank = books.Truncate(cmp.Or(s.Bank, string(a.Vendor)), maxBankID)
	result.Branch, result.Type = books.Truncate(s.Branch, maxBranchID), "CHECKING"
	if strings.Contains(strings.ToUpper(a.Subtype), "SAVINGS") {
		result.Type = "SAVINGS"
	}
	return result
}

// accountID returns the number of the account. If the number is not known or too long, it returns the service's id of
// the account in URL-safe base64, which has exactly the 22 characters that are allowed.
func accountID(a domain.Account) string {
	if a.Number == "" || books.Truncate(a.Number, maxAccountID) != a.Number {
		return base64.RawURLEncoding.EncodeToString(a.ID.UUID[:])
	}
	return a.Number
}

// transaction is a STMTTRN element.
type transaction struct {
	Type   string `xml:"TRNTYPE"`
	Posted string `xml:"DTPOSTED"`
	Amount string `xml:"TRNAMT"`
	ID     string `xml:"FITID"`
	Name   *text  `xml:"NAME"`
	Memo   *text  `xml:"MEMO"`
}

// text is an escaped text of one line. Many readers of OFX know only the three entities of its older versions, so
// quotes are not escaped, and line breaks are replaced by spaces.
type text struct {
	Escaped string `xml:",innerxml"`
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// textOf returns the value as an escaped text, or nil if the value is empty. It replaces characters that XML 1.0
// forbids with U+FFFD.
func textOf(value string) *text {
	if value == "" {
		return nil
	}
	return &text{escape(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r == 0xFFFE || r == 0xFFFF:
			return '\uFFFD'
		}
		return r
	}, value))}
}

// transactionOf returns the STMTTRN element of a record. NAME is the counterparty, or the description if there is no
// counterparty.
func transactionOf(r books.StatementRecord) transaction {
	t := transaction{
		Type: "CREDIT", Posted: noon(r.Date), Amount: amountOf(r.Amount), ID: r.ID.String(),
		Name: textOf(books.Truncate(cmp.Or(r.Counterparty, r.Description), maxName)),
		Memo: textOf(books.Truncate(r.Description, maxMemo)),
	}
	if r.Amount.IsNegative() {
		t.Type = "DEBIT"
	}
	return t
}

// amountOf returns an amount. It never has three digits after the decimal point: readers that know files in which the
// point divides thousands could not tell which one is meant.
func amountOf(amount decimal.Decimal) string {
	text := amount.String()
	if point := strings.IndexByte(text, '.'); point >= 0 && len(text)-point == len(".123") {
		return text + "0"
	}
	return text
}

// balanceOf returns a balance. It always has a decimal point: some banks write balances in the minor unit, and without
// a point.
func balanceOf(amount decimal.Decimal) string {
	text := amountOf(amount)
	if strings.IndexByte(text, '.') < 0 {
		return text + ".00"
	}
	return text
}

// ledger is a LEDGERBAL element.
type ledger struct {
	Amount string `xml:"BALAMT"`
	AsOf   string `xml:"DTASOF"`
}

// ledgerBalance returns the closing balance of the statement. If s.Balances is nil, ledgerBalance returns the balance
// that the vendor states. This is the case for most cards. Vendors state the debt of a card as a positive number, so
// ledgerBalance negates this number. ok is false if there is no balance in the statement's currency.
func ledgerBalance(s books.Statement) (balance ledger, ok bool) {
	if s.Balances != nil {
		return ledger{balanceOf(s.Balances.Closing), noon(s.Period.To)}, true
	}
	stated := s.Account.Balance
	if stated == nil || stated.Currency != s.Currency {
		return ledger{}, false
	}
	amount := stated.Amount
	if s.Account.Type == domain.CreditAccount {
		amount = amount.Neg()
	}
	return ledger{balanceOf(amount), noon(domain.DateOf(s.Account.UpdatedAt.UTC()))}, true
}
