package application_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A large file takes more memory than a tenant's share. The records that are compared with it must not wait for the
// memory that the same comparison holds.
func TestALargeBankStatementIsCompared(t *testing.T) {
	e := newRelinkEnv(t, withMemory(membudget.New(4*membudget.MaxShare)))
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	const lines, fileFactor = 50_000, 16
	var file strings.Builder
	file.WriteString("OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\n\n<OFX><BANKMSGSRSV1><STMTTRNRS>" +
		"<STMTRS><CURDEF>" + accounts.Items[0].Currency + "<BANKTRANLIST><DTSTART>20260101<DTEND>20260228\n")
	for i := range lines {
		fmt.Fprintf(&file, "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>202602%02d<TRNAMT>-1.17<FITID>%d<MEMO>%s</STMTTRN>\n",
			1+i%28, i, strings.Repeat("x", 20))
	}
	file.WriteString("</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n")
	view, _, err := e.AddBankStatement(e.ctx, e.tenant, accounts.Items[0].ID, ports.BankStatementFile{
		Name: "large.ofx", Content: []byte(file.String()),
	})
	e.noError(err)
	if view.State != witness.StateCompared || view.Reading.Counts.Lines != lines {
		t.Errorf("%s, %d lines", view.State, view.Reading.Counts.Lines)
	}
	if file.Len()*fileFactor < membudget.MaxShare {
		t.Errorf("a file of %d bytes takes no more than a share", file.Len())
	}
}

// A mapping that is stored is in effect, even if the files that wait for it cannot be read at once.
func TestAStoredMappingIsNoFailure(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	restore := e.failOperation("BankStatements.List")
	defer restore()
	err = e.SetCSVMapping(e.ctx, e.tenant, accounts.Items[0].ID, witness.CSVMapping{
		Date: "Dia", DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ",",
	})
	e.noError(err)
	if failures := eventsOf[ports.BackgroundError](e.events); len(failures) != 1 {
		t.Errorf("%d failures are reported", len(failures))
	}
}

// The months that are too many must be blamed on the parameter that was given.
func TestTooManyMonthsOfCoverageAreBlamedOnWhatWasGiven(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	for _, test := range []struct {
		from, to domain.Date
		field    string
	}{{"", "9999-12-31", "to"}, {"0001-01-01", "", "from"}, {"2001-01-01", "2026-01-01", "from"}} {
		_, err := e.AccountCoverage(e.ctx, e.tenant, accounts.Items[0].ID, test.from, test.to)
		if got := fields(err); len(got) != 1 || got[0] != test.field {
			t.Errorf("from %q to %q: %v", test.from, test.to, err)
		}
	}
}
