package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// camt returns a camt.053 document with one statement of an account in euros.
func camt(parts ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">` +
		`<BkToCstmrStmt><GrpHdr><CreDtTm>2026-10-01T06:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S</Id><Acct><Id>` +
		`<IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>` + strings.Join(parts, "") +
		`</Stmt></BkToCstmrStmt></Document>`
}

// bal returns a balance of a type.
func bal(kind, amount, mark, date string) string {
	return `<Bal><Tp><CdOrPrtry><Cd>` + kind + `</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>` +
		mark + `</CdtDbtInd><Dt><Dt>` + date + `</Dt></Dt></Bal>`
}

// ntry returns an entry of 2 September.
func ntry(amount, mark, status string, more ...string) string {
	return `<Ntry><Amt Ccy="EUR">` + amount + `</Amt><CdtDbtInd>` + mark + `</CdtDbtInd>` +
		strings.Join(more, "") + `<Sts>` + status + `</Sts><BookgDt><Dt>2026-09-02</Dt></BookgDt></Ntry>`
}

func TestCamtFiles(t *testing.T) {
	const book = "<Cd>BOOK</Cd>"
	opening, closing := bal("OPBD", "100.00", "CRDT", "2026-09-01"), bal("CLBD", "95.50", "CRDT", "2026-09-02")
	entries := ntry("10.00", "DBIT", book) + ntry("5.50", "CRDT", book)
	whole := camt(opening, closing, entries)
	only := func(entry string) string { return camt(entry) }
	refusedOne := witness.Counts{Blocks: 1, Refused: 1}
	reversal := ntry("4.50", "DBIT", book, "<RvslInd>true</RvslInd>")
	facts := map[string]fact{
		"the balances prove the lines": {
			content: whole, counts: lines(2), net: "-4.50", opening: "100", closing: "95.50", state: witness.Proved,
			covered: "2026-09-01..2026-09-02", account: witness.Account{Number: "DE02120300000000202051"},
		},
		"the opening is the closing before": {
			content: camt(bal("PRCD", "100.00", "CRDT", "2026-08-31"), closing, entries), counts: lines(2),
			opening: "100",
			state:   witness.Proved, covered: "2026-09-01..2026-09-02",
		},
		"both opening balances": {
			content: camt(bal("PRCD", "100.00", "CRDT", "2026-08-31"), opening, closing, entries), counts: lines(2),
			opening: "100", state: witness.Proved, covered: "2026-09-01..2026-09-02",
		},
		"opening balances that contradict each other": {
			content: camt(bal("PRCD", "99.00", "CRDT", "2026-08-31"), opening, closing, entries), counts: lines(2),
			state: witness.Contradicted,
		},
		"opening balances of one day": {
			content: camt(opening, bal("OPBD", "90.00", "CRDT", "2026-09-01"), closing, entries), counts: lines(2),
			state: witness.Contradicted,
		},
		"closing balances of one day, the right one first": {
			content: camt(opening, closing, bal("CLBD", "9.99", "CRDT", "2026-09-02"), entries), counts: lines(2),
			state: witness.Contradicted,
		},
		"closing balances of one day, the right one last": {
			content: camt(opening, bal("CLBD", "9.99", "CRDT", "2026-09-02"), closing, entries), counts: lines(2),
			state: witness.Contradicted,
		},
		"closing balances of two days": {
			content: camt(opening, bal("CLBD", "95.50", "CRDT", "2026-09-03"), closing, entries), counts: lines(2),
			closing: "95.50", state: witness.Proved, covered: "2026-09-01..2026-09-03",
		},
		"a closing balance that stands twice": {
			content: camt(opening, closing, closing, entries), counts: lines(2), closing: "95.50",
			state: witness.Proved,
		},
		"other balances prove nothing": {
			content: camt(bal("OPAV", "1.00", "CRDT", "2026-09-01"), bal("CLAV", "2.00", "CRDT", "2026-09-02"),
				bal("ITBD", "3.00", "CRDT", "2026-09-02"), bal("ITAV", "3.00", "CRDT", "2026-09-02"),
				bal("FWAV", "4.00", "CRDT", "2026-09-03"), bal("INFO", "5.00", "CRDT", "2026-09-02"),
				bal("XPCD", "6.00", "CRDT", "2026-09-02"), entries), counts: lines(2), opening: "none", closing: "none",
		},
		"an overdrawn account": {
			content: camt(bal("OPBD", "100.00", "DBIT", "2026-09-01"), bal("CLBD", "104.50", "DBIT", "2026-09-02"),
				entries),
			counts: lines(2), opening: "-100", closing: "-104.50", state: witness.Proved,
		},
		"only an opening balance, with a time of nine decimals in Dt": {
			content: camt(bal("OPBD", "100.00", "CRDT", "2026-09-01T00:00:00.123456789Z"), entries), counts: lines(2),
			opening: "100", closing: "95.50", state: witness.Unavailable,
		},
		"the account has another id": {
			content: strings.Replace(whole, "<IBAN>DE02120300000000202051</IBAN>", "<Othr><Id>12345-6</Id></Othr>", 1),
			counts:  lines(2), account: witness.Account{Number: "12345-6"},
		},
		"an id that is empty": {
			content: strings.Replace(whole, "<IBAN>DE02120300000000202051</IBAN>", "<Othr><Id/></Othr>", 1),
			counts:  lines(2),
		},
		"amounts with five, one and no decimals": {
			content: only(ntry("10.12000", "DBIT", book) + ntry("5.5", "CRDT", book) + ntry("7", "CRDT", book)),
			counts:  lines(3),
			net:     "2.38",
		},
		"the status as a text": {
			content: strings.ReplaceAll(whole, book, "BOOK"), counts: lines(2), state: witness.Proved,
		},
		"only booked entries count": {
			content: only(ntry("1", "DBIT", "PDNG") + ntry("2", "DBIT", "INFO") + ntry("3", "DBIT", "<Cd>FUTR</Cd>") +
				ntry("4", "DBIT", "BOOK")), counts: witness.Counts{Blocks: 4, Lines: 1, Apart: 3}, net: "-4",
		},
		"a time of the booking": {
			content: only(strings.Replace(ntry("1", "DBIT", "BOOK"), "<Dt>2026-09-02</Dt>",
				"<DtTm>2026-09-02T23:59:59-03:00</DtTm>", 1)),
			counts: lines(1), dates: []string{"2026-09-02"},
		},
		"only a value date": {
			content: only(strings.ReplaceAll(ntry("1", "DBIT", "BOOK"), "BookgDt", "ValDt")), counts: lines(1),
			dates: []string{"2026-09-02"},
		},
		"a reversal whose mark is its own": {
			content: camt(opening, bal("CLBD", "91.00", "CRDT", "2026-09-02"), entries, reversal), counts: lines(3),
			net:   "-9",
			state: witness.Proved,
		},
		"a reversal whose mark is that of the reversed entry": {
			content: camt(opening, bal("CLBD", "100.00", "CRDT", "2026-09-02"), entries, reversal), counts: lines(3),
			net:   "0",
			state: witness.Proved, warnings: []witness.WarningCode{witness.ReversalsInverted},
		},
		"a reversal that closes neither way": {
			content: camt(opening, bal("CLBD", "77.00", "CRDT", "2026-09-02"), entries, reversal), counts: lines(3),
			state: witness.Contradicted,
		},
		"a batch without details": {
			content: only(ntry("10.00", "DBIT", book, "<NtryDtls><Btch><NbOfTxs>3</NbOfTxs></Btch></NtryDtls>")),
			counts:  lines(1),
		},
		"details without an amount": {
			content: only(ntry("10.00", "DBIT", book,
				"<NtryDtls><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs></TxDtls></NtryDtls>")),
			counts: lines(1), net: "-10",
		},
		"a batch whose parts lack charges": {
			content: only(ntry("1526.00", "DBIT", book,
				"<NtryDtls><TxDtls><Amt>1000</Amt></TxDtls><TxDtls><Amt>500</Amt></TxDtls></NtryDtls>")),
			counts: lines(1), net: "-1526",
			warnings: []witness.WarningCode{witness.PartsDoNotSum},
		},
		"a batch whose parts are not its amount": {
			content: only(ntry("10.00", "DBIT", book,
				"<NtryDtls><TxDtls><Amt>6</Amt></TxDtls><TxDtls><Amt>5</Amt></TxDtls></NtryDtls>")),
			counts: lines(1), net: "-10", warnings: []witness.WarningCode{witness.PartsDoNotSum},
		},
		"a number of entries that is another one": {
			content:  camt("<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries></TxsSummry>", entries),
			counts:   lines(2),
			warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"sums with and without regard to the signs": {
			content: camt(opening, bal("CLBD", "95.50", "CRDT", "2026-09-02"), "<TxsSummry><TtlNtries><Sum>4.50</Sum>"+
				"</TtlNtries><TtlDbtNtries><Sum>-10.00</Sum></TtlDbtNtries></TxsSummry>", entries),
			counts: lines(2), state: witness.Proved,
		},
		"a sum that is another one": {
			content: camt(opening, bal("CLBD", "95.50", "CRDT", "2026-09-02"),
				"<TxsSummry><TtlCdtNtries><Sum>5.51</Sum></TtlCdtNtries></TxsSummry>", entries),
			counts: lines(2), state: witness.Proved, warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"a sum that is no number": {
			content:  camt("<TxsSummry><TtlCdtNtries><Sum>5,50</Sum></TtlCdtNtries></TxsSummry>", entries),
			counts:   lines(2),
			warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"another namespace": {
			content: strings.Replace(whole, "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08",
				"ISO:camt.053.001.02:APC:STUZZA:payments:003", 1), counts: lines(2), state: witness.Proved,
		},
		"a prefix": {
			content: strings.NewReplacer("<Ntry>", "<c:Ntry>", "</Ntry>", "</c:Ntry>", "xmlns=",
				`xmlns:c="x" xmlns=`).Replace(whole),
			counts: lines(2), state: witness.Proved,
		},
		"camt.052 proves no closing": {
			content: strings.NewReplacer("<Stmt>", "<Rpt>", "</Stmt>", "</Rpt>", "053.001", "052.001", "BkToCstmrStmt",
				"BkToCstmrAcctRpt").Replace(camt(opening, bal("ITBD", "95.50", "CRDT", "2026-09-02"), entries)),
			counts: lines(2),
			state:  witness.Unavailable,
		},
		"days of one account": {
			content: strings.Replace(whole, "</Stmt>",
				"</Stmt><Stmt><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR"+
					"</Ccy></Acct>"+bal("OPBD", "95.50", "CRDT", "2026-09-03")+bal("CLBD", "95.50", "CRDT",
					"2026-09-03")+"</Stmt>", 1),
			counts: lines(2), state: witness.Proved, covered: "2026-09-01..2026-09-03",
		},
		"several accounts": {
			content: strings.Replace(whole, "</Stmt>", "</Stmt><Stmt><Acct><Id><IBAN>DE99</IBAN></Id></Acct></Stmt>",
				1),
			counts: lines(2), statements: 2,
		},
		"Latin-1": {
			content: strings.Replace(strings.Replace(only(ntry("1", "DBIT", "BOOK",
				"<AddtlNtryInf>M\xFCller</AddtlNtryInf>")),
				"UTF-8", "ISO-8859-1", 1), "x", "x", 1), counts: lines(1), texts: []string{"Müller"},
			encoding: "windows-1252",
		},
		"Latin-2": {
			content: strings.Replace(only(ntry("1", "DBIT", "BOOK", "<AddtlNtryInf>z\xB3oty</AddtlNtryInf>")), "UTF-8",
				"ISO-8859-2", 1), counts: lines(1), texts: []string{"złoty"}, encoding: "iso-8859-2",
		},
		"an entry in another currency": {
			content: only(strings.ReplaceAll(ntry("1", "DBIT", "BOOK"), "EUR", "USD")), counts: refusedOne,
			reason: "in USD",
		},
		"an amount with an exponent": {
			content: only(ntry("1e2", "DBIT", "BOOK")), counts: refusedOne, reason: "amount",
		},
		"a negative amount": {content: only(ntry("-1", "DBIT", "BOOK")), counts: refusedOne, reason: "amount"},
		"an unknown mark":   {content: only(ntry("1", "DEBIT", "BOOK")), counts: refusedOne, reason: "mark"},
		"an unknown status": {content: only(ntry("1", "DBIT", "DONE")), counts: refusedOne, reason: "status"},
		"no date": {
			content: only(strings.Replace(ntry("1", "DBIT", "BOOK"), "2026-09-02", "", 1)), counts: refusedOne,
			reason: "date",
		},
		"an entry outside of a statement": {
			content: strings.Replace(whole, "</Stmt>", "</Stmt>"+ntry("1", "DBIT", "BOOK"), 1),
			refusal: witness.Malformed,
			reason:  "outside",
		},
		"a document that ends early": {content: whole[:len(whole)/2], refusal: witness.Malformed, reason: "line 1"},
		"a damaged tag": {
			content: strings.Replace(whole, "<Ntry>", "<Nxry>", 1), refusal: witness.Malformed,
		},
		"another document": {
			content: `<?xml version="1.0"?><Document><CstmrCdtTrfInitn/></Document>`, refusal: witness.NotAStatement,
		},
		"camt.054": {
			content: strings.NewReplacer("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", "<Stmt>", "<Ntfctn>", "</Stmt>",
				"</Ntfctn>", "camt.053", "camt.054").Replace(whole),
			refusal: witness.NotAStatement, reason: "camt.054",
		},
		"a request": {
			content: `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.060.001.03"/>`,
			refusal: witness.NotAStatement, reason: "camt.060",
		},
		"two roots": {content: whole + "<Document/>", refusal: witness.Malformed},
	}
	runFacts(t, facts)
}

func TestReferencesOfCamtEntries(t *testing.T) {
	entry := ntry("10", "DBIT", "BOOK", "<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED"+
		"</EndToEndId><TxId>T1</TxId></Refs></TxDtls></NtryDtls>")
	f := bankstatement.Reader{}.Read([]byte(camt(entry)), witness.Options{})
	ids := f.Statements[0].Blocks()[0].IDs
	if len(ids) != 2 || ids[0] != (witness.ID{Kind: "AcctSvcrRef", Value: "B1", Stable: true}) || ids[1].Value != "T1" {
		t.Errorf("the ids are %+v", ids)
	}
	repeated := strings.Replace(entry, "<Refs>", "<Refs><AcctSvcrRef>B1</AcctSvcrRef>", 1)
	s := bankstatement.Reader{}.Read([]byte(camt(repeated)), witness.Options{}).Statements[0]
	if len(s.Blocks()[0].IDs) != 2 || len(s.Warnings) != 0 {
		t.Errorf("a reference that the details repeat counts twice: %+v, %+v", s.Blocks()[0].IDs, s.Warnings)
	}
	s = bankstatement.Reader{}.Read([]byte(camt(repeated, repeated)), witness.Options{}).Statements[0]
	if len(s.Warnings) != 1 || s.Warnings[0].Code != witness.RepeatedIDs {
		t.Errorf("a reference of two entries has the warnings %+v", s.Warnings)
	}
}
