package application_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/application"
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

// compareAccounts adds another account as a witness about the first one.
func (e *relinkEnv) compareAccounts(from, to domain.Date) (ports.BankStatementView, error) {
	e.Helper()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 2})
	e.noError(err)
	view, _, err := e.AddWitnessAccount(
		e.ctx, e.tenant, accounts.Items[0].ID, accounts.Items[1].ID, domain.Window{From: from, To: to})
	return view, err
}

// Before the first record of an account, nobody knows whether its movements are missing.
func TestAWitnessAccountCoversNoDaysBeforeBothHaveRecords(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = append(movements("a1", "x1 2026-01-20 early", "x2 2026-02-10 shop"),
		movements("b1", "y2 2026-02-10 shop")...)
	read := domain.ProductReading{At: e.clock.Now()}
	e.vendor.status.Bank = &domain.BankReading{Bank: read, Cards: read}
	e.pull()
	view, err := e.compareAccounts("2025-06-01", "2026-02-28")
	e.noError(err)
	c := view.Comparison
	if c.Verdict == witness.Differs || len(c.Covered) != 1 || c.Covered[0].From != "2026-02-10" {
		t.Errorf("the verdict is %s on the days %v", c.Verdict, c.Covered)
	}
	if view, err = e.compareAccounts("2025-06-01", "2025-12-31"); err != nil || len(view.Comparison.Covered) > 0 ||
		view.Comparison.Verdict != witness.Inconclusive {
		t.Errorf("before both: %+v: %v", view.Comparison, err)
	}
}

// An account in another currency is no witness.
func TestAWitnessAccountHasTheCurrencyOfTheAccount(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-10 shop")
	e.vendor.links["item-1"].accounts[1].Currency = "USD"
	e.pull()
	if _, err := e.compareAccounts("2026-02-01", "2026-02-28"); len(fields(err)) != 1 || fields(err)[0] != "accountId" {
		t.Errorf("the comparison returned %v", err)
	}
}

// ofxOf returns an OFX file of February with one line of the account's currency.
func ofxOf(amount string) []byte {
	return []byte("OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>" +
		"<CURDEF>BRL<BANKTRANLIST><DTSTART>20260201<DTEND>20260228\n" +
		"<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260210<TRNAMT>" + amount + "<FITID>1<MEMO>shop</STMTTRN>\n" +
		"</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n")
}

// A person's note must not vanish when somebody sends the same file with another parameter.
func TestAFileThatIsReadInAnotherWayKeepsItsDecisions(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-10 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	add := func(format witness.Format) ports.BankStatementView {
		t.Helper()
		view, _, err := e.AddBankStatement(e.ctx, e.tenant, accounts.Items[0].ID, ports.BankStatementFile{
			Name: "february.ofx", Format: format, Content: ofxOf("-7.77"),
		})
		e.noError(err)
		return view
	}
	first := add("")
	_, err = e.DecideBankStatement(e.ctx, e.tenant, first.ID, witness.Decision{
		Kind: witness.Accepted, Note: "the bank has told us",
	})
	e.noError(err)
	if again := add("ofx"); len(again.Decisions) != 1 || !again.Decisions[0].EndedAt.IsZero() {
		t.Errorf("with the format that it has: %+v", again.Decisions)
	}
	if again := add("csv"); len(again.Decisions) != 1 || again.Decisions[0].EndedAt.IsZero() {
		t.Errorf("with another format: %+v", again.Decisions)
	}
}

// busyStatements is a store in which another process changes each statement while it is compared for the first time.
type busyStatements struct {
	ports.BankStatements
	saved map[witness.BankStatementID]bool
}

func (s *busyStatements) Save(
	ctx context.Context, b witness.BankStatement, w ports.BankStatementWrite, entries ports.AuditEntries,
) error {
	if !s.saved[b.ID] {
		s.saved[b.ID] = true
		return &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch}
	}
	return s.BankStatements.Save(ctx, b, w, entries)
}

// Several processes may compare one statement at the same time. None of them must blame that on the caller.
func TestAStatementThatOthersCompareIsComparedAgain(t *testing.T) {
	e := newRelinkEnv(t, func(deps *application.Deps) {
		deps.BankStatements = &busyStatements{deps.BankStatements, map[witness.BankStatementID]bool{}}
	})
	e.vendor.links["item-1"].rows = append(movements("a1", "x1 2026-02-10 shop"), movements("b1", "y2 2026-02-10 s")...)
	e.pull()
	if _, err := e.compareAccounts("2026-02-01", "2026-02-28"); err != nil {
		t.Errorf("an account: %v", err)
	}
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	_, created, err := e.AddBankStatement(e.ctx, e.tenant, accounts.Items[0].ID, ports.BankStatementFile{
		Name: "february.ofx", Content: ofxOf("-7.77"),
	})
	if err != nil || !created {
		t.Errorf("a file: %v, created: %v", err, created)
	}
}
