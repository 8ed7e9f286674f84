package camt053_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// document contains the parts of a document that the tests read.
type document struct {
	XMLName xml.Name `xml:"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08 Document"`
	Account struct {
		Other string `xml:"Id>Othr>Id"`
		Name  string `xml:"Nm"`
	} `xml:"BkToCstmrStmt>Stmt>Acct"`
	Entries []struct {
		Amount      string   `xml:"Amt"`
		Direction   string   `xml:"CdtDbtInd"`
		Original    string   `xml:"NtryDtls>TxDtls>AmtDtls>InstdAmt>Amt"`
		Debtor      string   `xml:"NtryDtls>TxDtls>RltdPties>Dbtr>Pty>Nm"`
		Creditor    string   `xml:"NtryDtls>TxDtls>RltdPties>Cdtr>Pty>Nm"`
		Remittance  []string `xml:"NtryDtls>TxDtls>RmtInf>Ustrd"`
		Description string   `xml:"AddtlNtryInf"`
	} `xml:"BkToCstmrStmt>Stmt>Ntry"`
}

func read(t testing.TB, text string) (d document) {
	t.Helper()
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d
}

// allowed returns the text with U+FFFD instead of characters that XML 1.0 forbids.
func allowed(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, text)
}

func TestAnyTextIsReadBack(t *testing.T) {
	s, records := porttest.SampleStatement()
	rapid.Check(t, func(t *rapid.T) {
		r := records[rapid.IntRange(0, 2).Draw(t, "record")]
		r.Description = rapid.StringN(0, 700, -1).Draw(t, "description")
		r.Counterparty = rapid.StringN(0, 150, -1).Draw(t, "counterparty")
		var b strings.Builder
		if err := (camt053.Format{}).Write(&b, s, porttest.Records(r)); err != nil {
			t.Fatal(err)
		}
		var d document
		if err := xml.Unmarshal([]byte(b.String()), &d); err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		e := d.Entries[0]
		if want := allowed(books.Truncate(r.Description, 500)); e.Description != want {
			t.Errorf("the description is %q, want %q", e.Description, want)
		}
		if whole := allowed(
			r.Description,
		); utf8.RuneCountInString(whole) > 500 &&
			strings.Join(e.Remittance, "") != whole {
			t.Errorf("the remittance information is %q, want %q", e.Remittance, whole)
		}
		for _, piece := range e.Remittance {
			if utf8.RuneCountInString(piece) > 140 {
				t.Errorf("a piece has %d characters", utf8.RuneCountInString(piece))
			}
		}
		if got := e.Debtor + e.Creditor; got != allowed(books.Truncate(r.Counterparty, 140)) {
			t.Errorf("the counterparty is %q, want %q", got, r.Counterparty)
		}
	})
}

func TestDirectionAndParties(t *testing.T) {
	s, records := porttest.SampleStatement()
	d := read(t, porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(records...)))
	in, out, zero := d.Entries[0], d.Entries[1], d.Entries[2]
	if in.Direction != "CRDT" || in.Amount != "250.25" || in.Debtor != "+Maria" || in.Creditor != "" ||
		in.Original != "" {
		t.Errorf("money in is %+v", in)
	}
	if out.Direction != "DBIT" || out.Amount != "1355" || out.Creditor != "Store" || out.Debtor != "" ||
		out.Original != "20" {
		t.Errorf("money out is %+v", out)
	}
	if zero.Direction != "CRDT" || zero.Amount != "0" {
		t.Errorf("nothing is %+v", zero)
	}
}

func TestAccountsWithoutAShortNumberHaveOurID(t *testing.T) {
	s, _ := porttest.SampleStatement()
	for number, want := range map[string]string{
		"": books.CompactID(s.Account.ID.UUID), strings.Repeat("1", 35): books.CompactID(s.Account.ID.UUID),
		strings.Repeat("ç", 34): strings.Repeat("ç", 34),
	} {
		s.Account.Number, s.Account.Name = number, strings.Repeat("ã", 71)
		account := read(t, porttest.WriteSample(t, camt053.Format{}, s, porttest.Records())).Account
		if account.Other != want || account.Name != strings.Repeat("ã", 70) {
			t.Errorf("%q: the account is %+v", number, account)
		}
	}
}

func TestWhatTheSchemaCannotExpressIsRefused(t *testing.T) {
	s, records := porttest.SampleStatement()
	refuse := func(name string, change func(*books.Statement), want error) {
		changed := s
		change(&changed)
		var b strings.Builder
		if err := (camt053.Format{}).Write(&b, changed, porttest.Records()); !errors.Is(err, want) || b.Len() > 0 {
			t.Errorf("%s: %v after %q", name, err, b.String())
		}
	}
	refuse("changed", func(s *books.Statement) { s.Doubt = domain.AccountChanged }, domain.AccountChanged)
	refuse("drifting", func(s *books.Statement) { s.Doubt = domain.AccountDrifting }, domain.AccountDrifting)
	refuse("no balance", func(s *books.Statement) { s.Balances = nil }, domain.NoBalance)
	refuse("19 digits", func(s *books.Statement) { s.Digits = 19 }, domain.NotRepresentable)
	refuse("6 decimals", func(s *books.Statement) { s.Scale = 6 }, domain.NotRepresentable)
	s.Digits, s.Scale = 18, 5
	for amount, want := range map[string]string{"0.123456": "", "-1234567890123456789": "", "0.12345": "0.12345"} {
		records[1].Original = &domain.Money{Amount: decimal.RequireFromString(amount), Currency: "BTC"}
		d := read(t, porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(records[1])))
		if got := d.Entries[0].Original; got != want {
			t.Errorf("the original amount %s is %q, want %q", amount, got, want)
		}
	}
}

// No empty element Strd is written, save in the documents of periods that were closed with one.
func TestStructuredInformationIsAbsentIfItIsEmpty(t *testing.T) {
	s, records := porttest.SampleStatement()
	for i := range records {
		records[i].References = domain.References{}
	}
	for format, want := range map[int]bool{0: false, 1: true, 2: true, books.DocumentFormat: false} {
		s.Format = format
		got := porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(records...))
		if strings.Contains(got, "<Strd></Strd>") != want {
			t.Errorf("format %d: %s", format, got)
		}
	}
}

// As many ids as fit are named, each of them whole.
func TestTheInformationNamesTheRecordsThatAreLeftOut(t *testing.T) {
	s, records := porttest.SampleStatement()
	s.Completeness, s.OmitUnconverted, s.Omitted = books.Complete, true, 5
	id := books.CompactID(records[0].ID.UUID)
	for range 15 {
		s.Unconverted = append(s.Unconverted, records[0].ID)
	}
	got := porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(records...))
	_, rest, _ := strings.Cut(got, "<AddtlStmtInf>")
	text, _, _ := strings.Cut(rest, "</AddtlStmtInf>")
	if !strings.Contains(text, "; left out: 20 records without an amount in "+s.Currency+": "+id+" ") ||
		!strings.HasSuffix(text, " "+id) || len(text) > 500 {
		t.Errorf("the text is %q", text)
	}
}
