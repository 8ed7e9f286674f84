package application_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A close that is covered by a bank statement must state its verdict in each response and in the evidence, also if the
// statement is added after the close.
func TestACloseStatesItsPresentWitness(t *testing.T) {
	e := newRelinkEnv(t)
	e.vendor.links["item-1"].rows = movements("a1", "x1 2026-02-01 shop")
	e.pull()
	accounts, err := e.ListAccounts(e.ctx, e.tenant, e.c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	account, day := accounts.Items[0].ID, domain.Date("2026-02-01")
	closed, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
	e.noError(err)
	if closed.Witness != nil {
		t.Fatalf("a witness without a statement: %+v", closed.Witness)
	}
	file := fmt.Sprintf("OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\n\n<OFX><BANKMSGSRSV1><STMTTRNRS>"+
		"<STMTRS><CURDEF>%s<BANKTRANLIST><DTSTART>20260131<DTEND>20260202\n<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260201"+
		"<TRNAMT>-987654.32<FITID>1<MEMO>X</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n",
		accounts.Items[0].Currency)
	added, _, err := e.AddBankStatement(e.ctx, e.tenant, account, ports.BankStatementFile{Content: []byte(file)})
	e.noError(err)
	check := func(where string, w *witness.Overview) {
		t.Helper()
		if w == nil || w.ID != added.ID || w.SHA256 != added.Reading.SHA256 || w.Verdict != witness.Differs {
			t.Errorf("%s: %+v", where, w)
		}
	}
	again, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
	e.noError(err)
	check("closed again", again.Witness)
	several, err := e.ClosePeriods(e.ctx, e.tenant, []domain.AccountID{account}, domain.Window{To: day})
	e.noError(err)
	check("closed with others", several[0].Close.Witness)
	e.noError(e.WriteEvidence(e.ctx, e.tenant, account, day, func(_ context.Context, v ports.Evidence) error {
		check("evidence", v.Close.Witness)
		return nil
	}))
	for _, reopened := range []bool{false, true} {
		if reopened {
			e.noError(e.ReopenPeriod(e.ctx, e.tenant, account, day))
		}
		list, err := e.ListCloses(e.ctx, e.tenant, account, reopened, domain.PageRequest{Limit: 1})
		e.noError(err)
		check(fmt.Sprintf("list, reopened %v", reopened), list.Items[0].Witness)
	}
	e.noError(e.WithdrawBankStatement(e.ctx, e.tenant, added.ID, nil))
	list, err := e.ListCloses(e.ctx, e.tenant, account, true, domain.PageRequest{Limit: 1})
	e.noError(err)
	if w := list.Items[0].Witness; w != nil {
		t.Errorf("withdrawn: %+v", w)
	}
}
