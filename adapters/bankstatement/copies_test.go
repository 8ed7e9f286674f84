package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// stmts returns a document with several statements of one account.
func stmts(parts ...string) string {
	const again = `</Stmt><Stmt><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>`
	return camt(strings.Join(parts, again))
}

// What a file lists twice counts once.
func TestCopiesInAFileCountOnce(t *testing.T) {
	opening, closing := bal("OPBD", "100.00", "CRDT", "2026-09-01"), bal("CLBD", "95.50", "CRDT", "2026-09-02")
	entries := ntry("10.00", "DBIT", "BOOK") + ntry("5.50", "CRDT", "BOOK")
	named := ntry("10.00", "DBIT", "BOOK", "<AcctSvcrRef>B1</AcctSvcrRef>") +
		ntry("5.50", "CRDT", "BOOK", "<AcctSvcrRef>B2</AcctSvcrRef>")
	late := strings.Replace(ntry("1.00", "CRDT", "BOOK"), "2026-09-02", "2026-09-03", 1)
	swift := mt940(":60F:C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF", ":62F:C260902EUR90,00")
	unmoved := mt940(":60F:C260831EUR0,00", ":61:2609020902D10,00NTRFNONREF", ":61:2609020902C10,00NTRFNONREF",
		":62F:C260902EUR0,00")
	lote := newCNAB(debitSegment, creditSegment).String()
	records := strings.SplitAfter(lote, "\r\n")
	statement := period("20260901", "20260930") + "<BANKTRANLIST>" + two + "</BANKTRANLIST>"
	shorter := period("20260901", "20260902") + "<BANKTRANLIST>" + entry("20260902", "-10.00", "A") + "</BANKTRANLIST>"
	again := "</STMTRS></STMTTRNRS><STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>0341<ACCTID>1234056789" +
		"</BANKACCTFROM>"
	copied := func(lines, apart int) witness.Counts {
		return witness.Counts{Blocks: lines + apart, Lines: lines, Apart: apart}
	}
	anonymous := strings.NewReplacer("<FITID>20260902A", "", "<FITID>20260903B", "")
	runFacts(t, map[string]fact{
		"camt": {
			content: stmts(opening+closing+entries, opening+closing+entries), counts: copied(2, 2), net: "-4.50",
			opening: "100", closing: "95.50", state: witness.Proved, covered: "2026-09-01..2026-09-02",
		},
		"MT940": {content: swift + swift, counts: copied(1, 1), closing: "90", state: witness.Proved},
		"MT940 three times": {
			content: swift + swift + swift, counts: copied(1, 2), closing: "90", state: witness.Proved,
		},
		"MT940 whose sum is zero": {
			content: unmoved + unmoved, counts: copied(2, 2), closing: "0", state: witness.Proved,
		},
		"CNAB 240": {
			content: strings.Join(append(records[:5:5], records[1:]...), ""), counts: copied(2, 2), net: "-4.50",
			state: witness.Proved,
		},
		"OFX": {content: ofx(statement + again + statement), counts: copied(2, 2), net: "-4.50"},
		"OFX that overlaps": {
			content: ofx(shorter + again + statement), counts: copied(2, 1), net: "-4.50",
			covered: "2026-09-01..2026-09-30",
		},
		"OFX that overlaps without identifiers": {
			content: anonymous.Replace(ofx(shorter + again + statement)), counts: lines(3), covered: "none",
		},
		"overlapping statements with references": {
			content: stmts(opening+closing+named, opening+bal("CLBD", "96.50", "CRDT", "2026-09-03")+named+late),
			counts:  copied(3, 2), net: "-3.50", opening: "100", closing: "96.50",
			state: witness.Proved, covered: "2026-09-01..2026-09-03",
		},
		"overlapping statements without references": {
			content: stmts(opening+closing+entries, opening+bal("CLBD", "96.50", "CRDT", "2026-09-03")+entries+late),
			counts:  copied(3, 2), closing: "96.50", state: witness.Proved, covered: "2026-09-01..2026-09-03",
		},
		"overlapping statements that contradict each other": {
			content: stmts(opening+closing+entries, opening+bal("CLBD", "96.50", "CRDT", "2026-09-02")+entries+
				ntry("1.00", "CRDT", "BOOK")),
			counts: lines(5), state: witness.Contradicted, covered: "none",
		},
		"overlapping statements with different lines": {
			content: stmts(opening+closing+entries, opening+bal("CLBD", "101.00", "CRDT", "2026-09-02")+
				ntry("1.00", "CRDT", "BOOK")),
			counts: lines(3), state: witness.Contradicted, covered: "none",
		},
		"statements of one day that follow each other": {
			content: swift + mt940(":60F:C260902EUR90,00", ":61:2609020902D10,00NTRFNONREF", ":62F:C260902EUR80,00"),
			counts:  lines(2), closing: "80", state: witness.Proved,
		},
		"statements of one day whose openings are of the day before": {
			content: swift + mt940(":60F:C260831EUR90,00", ":61:2609020902D10,00NTRFNONREF", ":62F:C260902EUR80,00"),
			counts:  lines(2), closing: "80", state: witness.Proved,
		},
	})
}
