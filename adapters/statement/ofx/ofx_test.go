package ofx_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

type transaction struct {
	Name string `xml:"NAME"`
	Memo string `xml:"MEMO"`
}

// document contains the parts of a document that the tests read.
type document struct {
	XMLName xml.Name `xml:"OFX"`
	Bank    *struct {
		Account struct {
			Bank string `xml:"BANKID"`
			ID   string `xml:"ACCTID"`
			Type string `xml:"ACCTTYPE"`
		} `xml:"BANKACCTFROM"`
		Transactions []transaction `xml:"BANKTRANLIST>STMTTRN"`
		Ledger       string        `xml:"LEDGERBAL>BALAMT"`
	} `xml:"BANKMSGSRSV1>STMTTRNRS>STMTRS"`
	Card *struct {
		Account      string        `xml:"CCACCTFROM>ACCTID"`
		Transactions []transaction `xml:"BANKTRANLIST>STMTTRN"`
		Ledger       string        `xml:"LEDGERBAL>BALAMT"`
		AsOf         string        `xml:"LEDGERBAL>DTASOF"`
	} `xml:"CREDITCARDMSGSRSV1>CCSTMTTRNRS>CCSTMTRS"`
}

func read(t testing.TB, text string) (d document) {
	t.Helper()
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

// expected returns the text as the document must contain it: cut to the given length, on one line, and with U+FFFD
// instead of characters that XML 1.0 forbids.
func expected(text string, length int) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("\t\n\r", r):
			return ' '
		case r < ' ' || r == 0xFFFE || r == 0xFFFF:
			return utf8.RuneError
		}
		return r
	}, books.Truncate(text, length))
}

func TestAnyTextIsReadBack(t *testing.T) {
	s, records := porttest.SampleStatement()
	rapid.Check(t, func(t *rapid.T) {
		r := records[0]
		r.Description = rapid.StringN(0, 300, -1).Draw(t, "description")
		r.Counterparty = rapid.StringN(1, 40, -1).Draw(t, "counterparty")
		var b strings.Builder
		if err := (ofx.Format{}).Write(&b, s, porttest.Records(r)); err != nil {
			t.Fatal(err)
		}
		var d document
		if err := xml.Unmarshal([]byte(b.String()), &d); err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		got := d.Bank.Transactions[0]
		if want := (transaction{expected(r.Counterparty, 32), expected(r.Description, 255)}); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
	})
}

func TestTheDescriptionIsTheNameWithoutACounterparty(t *testing.T) {
	s, records := porttest.SampleStatement()
	records[0].Counterparty = ""
	d := read(t, porttest.WriteSample(t, ofx.Format{}, s, porttest.Records(records[0])))
	if name := d.Bank.Transactions[0].Name; name != expected(records[0].Description, 32) {
		t.Errorf("the name is %q", name)
	}
}

func TestAccountsOfABank(t *testing.T) {
	s, _ := porttest.SampleStatement()
	for number, want := range map[string]string{
		"": "AZwPim0efDuaUj8dW36KAg", strings.Repeat("1", 23): "AZwPim0efDuaUj8dW36KAg", "1/2": "1/2",
	} {
		s.Account.Number, s.Account.Subtype = number, "SAVINGS_ACCOUNT"
		account := read(t, porttest.WriteSample(t, ofx.Format{}, s, porttest.Records())).Bank.Account
		if account.ID != want || account.Bank != "pluggy" || account.Type != "SAVINGS" {
			t.Errorf("%q: the account is %+v", number, account)
		}
	}
}

func TestACardHasItsOwnMessage(t *testing.T) {
	s, records := porttest.SampleStatement()
	s.Account.Type = domain.CreditAccount
	d := read(t, porttest.WriteSample(t, ofx.Format{}, s, porttest.Records(records...)))
	if d.Bank != nil || d.Card == nil || len(d.Card.Transactions) != 3 || d.Card.Account != "0001/12345-0" ||
		d.Card.Ledger != "-104.25" {
		t.Errorf("a card is %+v", d)
	}
	s.Balances = nil
	s.Account.Balance = &domain.Money{Amount: decimal.RequireFromString("310.2"), Currency: "BRL"}
	d = read(t, porttest.WriteSample(t, ofx.Format{}, s, porttest.Records()))
	if d.Card.Ledger != "-310.2" || d.Card.AsOf != "20260301120000[0:GMT]" {
		t.Errorf("the stated debt of a card is %+v", d.Card)
	}
	s.Account.Type = domain.OtherAccount
	if d = read(t, porttest.WriteSample(t, ofx.Format{}, s, porttest.Records())); d.Bank.Ledger != "310.2" {
		t.Errorf("the stated balance is %+v", d.Bank)
	}
}

func TestAStatementWithDoubtfulBalancesIsRefused(t *testing.T) {
	s, _ := porttest.SampleStatement()
	s.Doubt = domain.AccountChanged
	var b strings.Builder
	if err := (ofx.Format{}).Write(&b, s, porttest.Records()); !errors.Is(err, domain.AccountChanged) || b.Len() > 0 {
		t.Errorf("%v after %q", err, b.String())
	}
}

func TestAStatementWithoutAnyBalanceIsRefused(t *testing.T) {
	s, _ := porttest.SampleStatement()
	s.Balances = nil
	for _, stated := range []*domain.Money{nil, {Amount: decimal.RequireFromString("1"), Currency: "USD"}} {
		s.Account.Balance = stated
		var b strings.Builder
		err := (ofx.Format{}).Write(&b, s, porttest.Records())
		if !errors.Is(err, domain.NoBalance) || b.Len() > 0 {
			t.Errorf("%v: %v after %q", stated, err, b.String())
		}
	}
}

// The document of a close names the records that it leaves out like any other document.
func TestTheMessageNamesTheRecordsThatAreLeftOut(t *testing.T) {
	s, records := porttest.SampleStatement()
	s.OmitUnconverted, s.Unconverted, s.Omitted = true, []domain.TransactionID{records[0].ID}, 2
	want := "left out: 3 records without an amount in " + s.Currency + ": " + books.CompactID(records[0].ID.UUID)
	for _, f := range []ofx.Format{{}, {SGML: true}} {
		got := porttest.WriteSample(t, f, s, porttest.Records(records...))
		if !strings.Contains(got, "<MESSAGE>"+want+"</MESSAGE>") {
			t.Errorf("the document is %s", got)
		}
	}
}
