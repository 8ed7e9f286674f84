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

// A statement of investments beside that of the account does not refuse the file.
func TestStatementsOfInvestmentsAreApart(t *testing.T) {
	const invested = "<INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><CURDEF>BRL<INVACCTFROM><BROKERID>x<ACCTID>777777" +
		"</INVACCTFROM><INVTRANLIST><INVBANKTRAN><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20260903<TRNAMT>5.00<FITID>V1" +
		"</STMTTRN></INVBANKTRAN></INVTRANLIST></INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>"
	apart := witness.Counts{Blocks: 3, Lines: 2, Apart: 1}
	after := strings.Replace(ofx(two), "</OFX>", invested+"</OFX>", 1)
	before := strings.Replace(ofx(two), "<BANKMSGSRSV1>", invested+"<BANKMSGSRSV1>", 1)
	runFacts(t, map[string]fact{
		"behind the account":      {content: after, counts: apart, net: "-4.50"},
		"in front of the account": {content: before, counts: apart, net: "-4.50"},
		"nothing but investments": {content: "<OFX>" + invested + "</OFX>", refusal: witness.NotAStatement},
		"a statement without an end": {
			content: strings.Replace(before, "</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1>", "", 1), counts: apart,
		},
	})
	ours := witness.OurAccount{Number: "777777", Currency: "BRL"}
	for _, chosen := range []string{"", "777777"} {
		if _, refusal := witness.Select(read([]byte(after)), ours, chosen); refusal == nil ||
			refusal.Code != witness.NotAStatement || !strings.Contains(refusal.Message, "investments") {
			t.Errorf("the refusal of the statement of investments is %+v", refusal)
		}
	}
	if _, refusal := witness.Select(read([]byte(after)), witness.OurAccount{Number: "1234056789"}, ""); refusal != nil {
		t.Errorf("the statement of the account is refused: %v", refusal)
	}
}

// correction returns a movement that corrects the one with the given identifier.
func correction(id, action, amount, corrected string) string {
	return "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260904<TRNAMT>" + amount + "<FITID>" + id + "<CORRECTFITID>" +
		corrected + "<CORRECTACTION>" + action + "<MEMO>Z</STMTTRN>"
}

// A movement that replaces or deletes another one of the file is not a further movement.
func TestCorrectionsOfOFXMovementsAreApplied(t *testing.T) {
	const a = "20260902A"
	counts := func(lines, apart, refused int) witness.Counts {
		return witness.Counts{Blocks: lines + apart + refused, Lines: lines, Apart: apart, Refused: refused}
	}
	runFacts(t, map[string]fact{
		"delete": {content: ofx(two + correction("D", "DELETE", "-10.00", a)), counts: counts(1, 2, 0), net: "5.50"},
		"delete, in front of the movement": {
			content: ofx(correction("D", "DELETE", "-10.00", a) + two), counts: counts(1, 2, 0), net: "5.50",
		},
		"replace": {content: ofx(two + correction("R", "REPLACE", "-7.00", a)), counts: counts(2, 1, 0), net: "-1.50"},
		"replace twice": {
			content: ofx(two + correction("R", "REPLACE", "-7.00", a) + correction("S", "REPLACE", "-8.00", "R")),
			counts:  counts(2, 2, 0), net: "-2.50",
		},
		"replace twice by the first identifier": {
			content: ofx(two + correction("R", "REPLACE", "-7.00", a) + correction("S", "REPLACE", "-8.00", a)),
			counts:  counts(2, 2, 0), net: "-2.50",
		},
		"a movement of another file": {
			content: ofx(two + correction("D", "DELETE", "-10.00", "X")), counts: counts(2, 0, 1), net: "-4.50",
			reason: "does not have the movement",
		},
		"two movements with the identifier": {
			content: ofx(two + entry("20260902", "-10.00", "A") + correction("D", "DELETE", "-10.00", a)),
			counts:  counts(3, 0, 1), reason: "more than once",
		},
		"another action": {
			content: ofx(two + correction("D", "HOLD", "-10.00", a)), counts: counts(2, 0, 1), reason: "unknown action",
		},
	})
}
