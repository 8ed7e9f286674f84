package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// anotherStatement ends the statement of the account that ofx begins, and begins one of the given type.
func anotherStatement(kind string) string {
	return "</STMTRS></STMTTRNRS><STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>0341<ACCTID>1234056789<ACCTTYPE>" +
		kind + "</BANKACCTFROM>"
}

// An account is identified by its type, too.
func TestTypesOfAccountsWithOneNumberAreApart(t *testing.T) {
	of := func(kinds ...string) witness.File {
		first := strings.Replace(ofx(two+anotherStatement(kinds[1])+entry("20260904", "99.00", "C")), "</BANKACCTFROM>",
			"<ACCTTYPE>"+kinds[0]+"</BANKACCTFROM>", 1)
		return read([]byte(first))
	}
	f := of("CHECKING", "SAVINGS")
	for subtype, want := range map[string]int{"CHECKING_ACCOUNT": 2, "savings": 1, "": 0} {
		ours := witness.OurAccount{Number: "1234056789", Currency: "BRL", Subtype: subtype}
		for _, chosen := range []string{"", "1234056789"} {
			got, refusal := witness.Select(f, ours, chosen)
			switch {
			case want == 0 && (refusal == nil || refusal.Code != witness.NeedsAccount):
				t.Errorf("without our type selected is %+v: %v", got.Statement.Account, refusal)
			case want > 0 && (refusal != nil || got.Statement.Counts() != lines(want)):
				t.Errorf("%s: selected is %+v: %v", subtype, got.Statement, refusal)
			}
		}
	}
	got, refusal := witness.Select(f, witness.OurAccount{Number: "1234056789"}, "0341/1234056789/savings")
	if refusal != nil || got.Statement.Counts() != lines(1) {
		t.Errorf("chosen is %+v: %v", got.Statement, refusal)
	}
	if f = of("CHECKING", "CHECKING"); len(f.Statements) != 1 || f.Statements[0].Counts() != lines(3) {
		t.Errorf("statements of one type are %+v", f.Statements)
	}
}
