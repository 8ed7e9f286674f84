package camt053_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// odooDocument contains the parts of a document that the importer of the Odoo Community Association reads; see
// https://github.com/OCA/bank-statement-import, account_statement_import_camt.
type odooDocument struct {
	XMLName xml.Name
	Message struct {
		Stmt struct {
			Number   string `xml:"Acct>Id>Othr>Id"`
			Currency string `xml:"Acct>Ccy"`
			Balances []struct {
				Code      string          `xml:"Tp>CdOrPrtry>Cd"`
				Amount    decimal.Decimal `xml:"Amt"`
				Direction string          `xml:"CdtDbtInd"`
			} `xml:"Bal"`
			Entries []odooEntry `xml:"Ntry"`
		}
	} `xml:"BkToCstmrStmt"`
}

type odooEntry struct {
	Ref       string          `xml:"NtryRef"`
	Date      string          `xml:"BookgDt>Dt"`
	Amount    decimal.Decimal `xml:"Amt"`
	Direction string          `xml:"CdtDbtInd"`
	Details   []struct {
		Unstructured []string `xml:"RmtInf>Ustrd"`
		Instruction  string   `xml:"Refs>InstrId"`
		Additional   []string `xml:"AddtlTxInf"`
		Creditor     string   `xml:"RmtInf>Strd>CdtrRefInf>Ref"`
		EndToEnd     string   `xml:"Refs>EndToEndId"`
		Servicer     string   `xml:"Refs>AcctSvcrRef"`
		DebtorName   string   `xml:"RltdPties>Dbtr>Pty>Nm"`
		CreditorName string   `xml:"RltdPties>Cdtr>Pty>Nm"`
	} `xml:"NtryDtls>TxDtls"`
}

// odooLine is a line of a statement in Odoo.
type odooLine struct{ Date, Amount, Label, Partner, Reference string }

func signed(amount decimal.Decimal, direction string) decimal.Decimal {
	if direction == "DBIT" {
		return amount.Neg()
	}
	return amount
}

// lines returns the lines as the importer makes them: the label of a line without text is "/".
func (d odooDocument) lines() (lines []odooLine) {
	for _, e := range d.Message.Stmt.Entries {
		for _, tx := range e.Details {
			line := odooLine{
				Date:    e.Date,
				Amount:  signed(e.Amount, e.Direction).String(),
				Label:   "/",
				Partner: tx.DebtorName,
			}
			switch {
			case len(tx.Additional) > 0:
				line.Label = strings.Join(tx.Additional, "\n")
			case len(tx.Unstructured) > 0:
				line.Label = strings.Join(tx.Unstructured, "\n")
			case tx.Instruction != "":
				line.Label = tx.Instruction
			}
			if e.Direction != "CRDT" {
				line.Partner = tx.CreditorName
			}
			for _, reference := range []string{tx.Creditor, tx.EndToEnd, tx.Servicer} {
				if line.Reference == "" {
					line.Reference = reference
				}
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// Odoo shows the description of each record as the label, its counterparty as the partner, and takes both balances.
func TestOdooLabelsEachEntry(t *testing.T) {
	s, records := porttest.SampleStatement()
	first, second := records[0], records[1]
	first.Description, first.References = "PIX RECEBIDO MARIA & JOSÉ", domain.References{EndToEndID: "E1234"}
	second.Description, second.References = strings.Repeat("PAGAMENTO ", 20), domain.References{}
	text := porttest.WriteSample(t, camt053.Format{}, s, porttest.Records(first, second))
	var d odooDocument
	if err := xml.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.XMLName.Space, "urn:iso:std:iso:20022:tech:xsd:camt.053.") {
		t.Errorf("the importer refuses %s", d.XMLName.Space)
	}
	lines := d.lines()
	for i := range lines {
		if reference := &lines[i].Reference; *reference != "E1234" && *reference != "" {
			*reference = "ours"
		}
	}
	want := []odooLine{
		{string(first.Date), first.Amount.String(), first.Description, first.Counterparty, "E1234"},
		{string(second.Date), second.Amount.String(), second.Description[:140], second.Counterparty, "ours"},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	sums := map[string]decimal.Decimal{}
	for _, balance := range d.Message.Stmt.Balances {
		sums[balance.Code] = signed(balance.Amount, balance.Direction)
	}
	if got := sums["OPBD"].Add(first.Amount).Add(second.Amount); len(sums) < 2 || !got.Equal(sums["CLBD"]) {
		t.Errorf("the balances are %v; the opening balance and the lines give %s", sums, got)
	}
	if number := d.Message.Stmt.Number; number != s.Account.Number || d.Message.Stmt.Entries[0].Ref != "" {
		t.Errorf("the importer looks for the account %q, and first for %q", number, d.Message.Stmt.Entries[0].Ref)
	}
}
