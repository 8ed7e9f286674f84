package bankstatement_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The running numbers of statements and pages show that one is missing, even if all balances join. Only the balances
// prove the closing balance.
func TestNumbersThatLeaveOutAStatementAreSaid(t *testing.T) {
	swift := func(number string, fields ...string) string {
		return strings.Replace(mt940(fields...), "00001/001", number, 1)
	}
	first := func(number string) string {
		return swift(number, ":60F:C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF", ":62F:C260902EUR90,00")
	}
	second := func(number, opening, closing string) string {
		return swift(number, ":60F:C"+opening, ":61:2609040904C5,00NTRFNONREF", ":62F:C260904EUR"+closing)
	}
	const joins = "260902EUR90,00"
	later := second("14/1", "260903EUR90,00", "95,00")
	hole, contradicted := second("14/1", "260903EUR80,00", "85,00"), second("14/1", "260902EUR80,00", "85,00")
	page := func(number, kind, closing string) string {
		return swift(number, ":60"+kind+":C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF",
			":61:2609020902C10,00NTRFNONREF", ":62"+closing+":C260902EUR100,00")
	}
	numbered := func(number, statement string) string {
		return strings.Replace(statement, "<Acct>", "<ElctrncSeqNb>"+number+"</ElctrncSeqNb><Acct>", 1)
	}
	booked := func(first, next, opening string) string {
		documents := stmts(bal("OPBD", "100.00", "CRDT", "2026-09-01")+bal("CLBD", "90.00", "CRDT", "2026-09-02")+
			ntry("10.00", "DBIT", "BOOK"), bal("OPBD", opening, "CRDT", "2026-09-04")+
			bal("CLBD", opening, "CRDT", "2026-09-04"))
		parts := strings.SplitAfter(documents, "</Stmt>")
		return numbered(first, parts[0]) + numbered(next, parts[1]) + parts[2]
	}
	lotes := func(number string) string {
		const account, balance = "01234 000000012345 6", "000000000000009550CF"
		records := strings.SplitAfter(newCNAB(debitSegment, creditSegment).String(), "\r\n")
		return strings.Join(records[:5], "") + record(map[int]string{
			1: "00100021", 9: "E0440032", 53: account, 143: "30092026", 151: balance + "BRL" + number,
		}) + "\r\n" + record(map[int]string{1: "00100025", 53: account, 143: "31102026", 151: balance, 171: "000002"}) +
			"\r\n" + records[5]
	}
	for name, tc := range map[string]struct {
		content string
		missing bool
		state   witness.State
	}{
		"a statement after the other":       {first("12/1") + second("13/1", joins, "95,00"), false, witness.Proved},
		"a statement is left out":           {first("12/1") + second("14/1", joins, "95,00"), true, witness.Proved},
		"newest first":                      {second("14/1", joins, "95,00") + first("12/1"), true, witness.Proved},
		"newest first without a gap":        {second("13/1", joins, "95,00") + first("12/1"), false, witness.Proved},
		"and days lie between":              {first("12/1") + later, true, witness.Proved},
		"and the balances have a hole":      {first("12/1") + hole, true, witness.Unavailable},
		"and the balances contradict":       {first("12/1") + contradicted, true, witness.Contradicted},
		"the numbers of a new year":         {first("250/1") + second("1/1", joins, "95,00"), false, witness.Proved},
		"no numbers":                        {first("0/1") + second("0/1", joins, "95,00"), false, witness.Proved},
		"only statement numbers":            {first("12") + second("14", joins, "95,00"), true, witness.Proved},
		"numbers with letters":              {first("A12") + second("A14", joins, "95,00"), false, witness.Proved},
		"pages":                             {page("12/1", "F", "M") + page("12/2", "M", "F"), false, witness.Proved},
		"a page is left out":                {page("12/1", "F", "M") + page("12/3", "M", "F"), true, witness.Proved},
		"a page with final balances":        {page("12/1", "F", "F") + page("12/3", "F", "F"), true, witness.Proved},
		"the first page is left out":        {page("12/2", "M", "F"), true, witness.Proved},
		"camt":                              {booked("12", "13", "90.00"), false, witness.Proved},
		"camt that leaves out a number":     {booked("12", "14", "90.00"), true, witness.Proved},
		"camt whose balances have a hole":   {booked("12", "14", "80.00"), true, witness.Unavailable},
		"CNAB 240":                          {lotes("00002"), false, witness.Proved},
		"CNAB 240 that leaves out a number": {lotes("00003"), true, witness.Proved},
	} {
		t.Run(name, func(t *testing.T) {
			f := read([]byte(tc.content))
			if f.Refusal != nil || len(f.Statements) != 1 || f.Statements[0].Counts().Refused > 0 {
				t.Fatalf("read %+v", f)
			}
			p := witness.Prove(f.Statements[0])
			missing := func(w witness.Warning) bool { return w.Code == witness.StatementMissing }
			if slices.ContainsFunc(slices.Concat(f.Statements[0].Warnings, p.Warnings), missing) != tc.missing {
				t.Errorf("the warnings are %+v and %+v", f.Statements[0].Warnings, p.Warnings)
			}
			if p.Closing.State != tc.state {
				t.Errorf("the closing balance is %+v", p.Closing)
			}
			records := recordsOf(f.Statements[0], name, 0)
			c := witness.Compare(witness.Input{Statement: f.Statements[0], Records: records})
			if proved := p.Closing.State == witness.Proved; (c.Verdict == witness.Agrees) != proved {
				t.Errorf("the verdict is %s, and the closing balance %s", c.Verdict, p.Closing.State)
			}
		})
	}
}
