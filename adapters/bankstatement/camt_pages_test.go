package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// page returns the mark of a page of a statement.
func page(number, last string) string {
	return "<StmtPgntn><PgNb>" + number + "</PgNb><LastPgInd>" + last + "</LastPgInd></StmtPgntn>"
}

// The pages of a statement are one chain of balances.
func TestPagesOfCamtStatementsAreOneChain(t *testing.T) {
	const again = `</Stmt><Stmt><Id>S</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>`
	opening, closing := bal("OPBD", "100.00", "CRDT", "2026-09-01"), bal("CLBD", "95.50", "CRDT", "2026-09-02")
	interim := bal("ITBD", "90.00", "CRDT", "2026-09-02")
	first := page("1", "false") + opening + interim + ntry("10.00", "DBIT", "BOOK")
	last := again + page("2", "true") + interim + closing + ntry("5.50", "CRDT", "BOOK")
	middle := again + page("2", "false") + interim + bal("ITBD", "93.00", "CRDT", "2026-09-02") +
		ntry("3.00", "CRDT", "BOOK")
	third := again + page("3", "true") + bal("ITBD", "93.00", "CRDT", "2026-09-02") + closing +
		ntry("2.50", "CRDT", "BOOK")
	declared := "<FrToDt><FrDt>2026-09-01</FrDt><ToDt>2026-09-30</ToDt></FrToDt>"
	whole := fact{
		opening: "100", closing: "95.50", state: witness.Proved, covered: "2026-09-01..2026-09-02", net: "-4.50",
	}
	two, three := whole, whole
	two.content, two.counts = camt(first+last), lines(2)
	three.content, three.counts = camt(first+middle+third), lines(3)
	runFacts(t, map[string]fact{
		"two pages":   two,
		"three pages": three,
		"a line of the first page is lost": {
			content: camt(strings.Replace(first, ntry("10.00", "DBIT", "BOOK"), "", 1) + last), counts: lines(1),
			state: witness.Contradicted, covered: "none",
		},
		"the last page is missing": {
			content: camt(declared + first), counts: lines(1), closing: "90", state: witness.Proved,
			covered: "2026-09-01..2026-09-01", warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"the last page is missing, and the first has no balances": {
			content: camt(declared + page("1", "false") + ntry("10.00", "DBIT", "BOOK")), counts: lines(1),
			covered: "none", warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a page between is missing": {
			content: camt(first + third), counts: lines(2), state: witness.Contradicted,
			warnings: []witness.WarningCode{witness.StatementMissing, witness.TrailerMissing},
		},
		"one page": {
			content: camt(page("1", "true") + opening + closing + ntry("4.50", "DBIT", "BOOK")), counts: lines(1),
			state: witness.Proved, covered: "2026-09-01..2026-09-02",
		},
	})
}
