package bankstatement_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

const ofxHeader = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"

// ofx returns an OFX file with one statement of an account in reais.
func ofx(statement string) string {
	return ofxHeader + "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>0341<ACCTID>1234056789" +
		"</BANKACCTFROM>" + statement + "</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
}

// entry returns a movement.
func entry(date, amount, memo string) string {
	return "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>" + date + "<TRNAMT>" + amount + "<FITID>" + date + memo + "<MEMO>" +
		memo +
		"</STMTTRN>\n"
}

// period returns the elements of a declared period.
func period(from, to string) string { return "<DTSTART>" + from + "<DTEND>" + to }

// ledger returns a balance of the download.
func ledger(amount, date string) string {
	return "<LEDGERBAL><BALAMT>" + amount + "<DTASOF>" + date + "</LEDGERBAL>"
}

// fact is a file with a peculiarity that a bank's files have, and what must be read.
type fact struct {
	content string
	options witness.Options

	refusal          witness.RefusalCode // the file is refused
	statements       int                 // default 1
	counts           witness.Counts      // of the first statement
	net              string              // of the booked lines of the first statement; "" if it does not matter
	texts            []string            // of its blocks; nil if they do not matter
	dates            []string            // of its blocks
	opening, closing string              // "" if they are not known
	state            witness.State       // of the closing balance
	warnings         []witness.WarningCode
	covered          string // the covered days, such as "2026-09-01..2026-09-30"; "" if it does not matter
	reason, encoding string // a part of the reason of the refused block, or of the refusal
	account          witness.Account
	closingDate      string
}

// before returns the text up to a mark.
func before(text, mark string) string {
	start, _, _ := strings.Cut(text, mark)
	return start
}

func lines(n int) witness.Counts { return witness.Counts{Blocks: n, Lines: n} }

func runFacts(t *testing.T, facts map[string]fact) {
	t.Helper()
	for name, f := range facts {
		t.Run(name, func(t *testing.T) { f.check(t) })
	}
}

func (f fact) check(t *testing.T) {
	t.Helper()
	file := bankstatement.Reader{}.Read([]byte(f.content), f.options)
	if f.refusal != "" || file.Refusal != nil {
		if file.Refusal == nil || file.Refusal.Code != f.refusal || !strings.Contains(file.Refusal.Error(), f.reason) {
			t.Fatalf("the refusal is %+v, want %q", file.Refusal, f.refusal)
		}
		return
	}
	if len(file.Statements) != max(f.statements, 1) || f.encoding != "" && file.Encoding != f.encoding {
		t.Fatalf("read %d statements in %s: %+v", len(file.Statements), file.Encoding, file.Statements)
	}
	s := file.Statements[0]
	if got := s.Counts(); got != f.counts {
		t.Errorf("the counts are %+v, want %+v: %+v", got, f.counts, s.Blocks())
	}
	if f.account != (witness.Account{}) && s.Account != f.account {
		t.Errorf("the account is %+v, want %+v", s.Account, f.account)
	}
	f.checkBlocks(t, s)
	f.checkProof(t, file, s)
}

func (f fact) checkBlocks(t *testing.T, s witness.Statement) {
	t.Helper()
	sums := s.Sums()
	if f.net != "" {
		equalAmount(t, "the sum of the lines", sums.Credits.Sub(sums.Debits), f.net)
	}
	for i, b := range s.Blocks() {
		if f.texts != nil && b.Text != f.texts[i] {
			t.Errorf("the text is %q, want %q", b.Text, f.texts[i])
		}
		if f.dates != nil && string(b.Date) != f.dates[i] {
			t.Errorf("the date is %q, want %q", b.Date, f.dates[i])
		}
		if b.Kind == witness.Refused && (b.Raw == "" || !strings.HasPrefix(b.Reason, "line ") ||
			!strings.Contains(b.Reason, f.reason)) {
			t.Errorf("the block is refused because of %q, with the text %q", b.Reason, b.Raw)
		}
		if b.Kind == witness.Refused && !b.NoAmount || b.NoAmount && (b.Kind == witness.Line || !b.Amount.IsZero()) {
			t.Errorf("the amount of the block of kind %s is %s, known: %t", b.Kind, b.Amount, !b.NoAmount)
		}
	}
}

func (f fact) checkProof(t *testing.T, file witness.File, s witness.Statement) {
	t.Helper()
	p := witness.Prove(s)
	for _, b := range []struct {
		what string
		got  witness.StatedBalance
		want string
	}{{"opening", p.Opening, f.opening}, {"closing", p.Closing, f.closing}} {
		switch {
		case b.want == "":
		case b.want == "none" && b.got.Amount == nil:
		case b.want == "none" || b.got.Amount == nil:
			t.Errorf("the %s balance is %+v, want %s", b.what, b.got, b.want)
		default:
			equalAmount(t, "the "+b.what+" balance", *b.got.Amount, b.want)
		}
	}
	if f.state != "" && p.Closing.State != f.state {
		t.Errorf("the closing balance is %s, want %s: %+v", p.Closing.State, f.state, p)
	}
	if f.closingDate != "" && string(p.Closing.Date) != f.closingDate {
		t.Errorf("the closing balance is of %s, want %s", p.Closing.Date, f.closingDate)
	}
	if f.covered != "" && coveredText(p) != f.covered {
		t.Errorf("covered are %s, want %s", coveredText(p), f.covered)
	}
	found := map[witness.WarningCode]bool{}
	for _, w := range slices.Concat(file.Warnings, s.Warnings, p.Warnings) {
		found[w.Code] = true
	}
	for _, code := range f.warnings {
		if !found[code] {
			t.Errorf("the warning %s is missing: %v", code, found)
		}
	}
}

func coveredText(p witness.Proof) string {
	if len(p.Covered) == 0 {
		return "none"
	}
	var all []string
	for _, w := range p.Covered {
		all = append(all, string(w.From)+".."+string(w.To))
	}
	return strings.Join(all, " ")
}

var two = entry("20260902", "-10.00", "A") + entry("20260903", "5.50", "B")

func TestEnvelopesOfOFXFiles(t *testing.T) {
	body := ofx(period("20260901", "20260930") + "<BANKTRANLIST>" + two + "</BANKTRANLIST>")
	xml := `<?xml version="1.0"?><?OFX OFXHEADER="200" VERSION="220"?><OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>` +
		`<CURDEF>USD` +
		`</CURDEF><BANKACCTFROM><BANKID>1</BANKID><ACCTID>12345</ACCTID></BANKACCTFROM><BANKTRANLIST><STMTTRN>` +
		`<DTPOSTED>20260902</DTPOSTED><TRNAMT>-10.00</TRNAMT><MEMO>A &amp; B &lt;C&gt;</MEMO></STMTTRN>` +
		`</BANKTRANLIST>` +
		`</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>`
	cut, _, _ := strings.Cut(body, "</STMTTRN>\n</BANKTRANLIST>")
	runFacts(t, map[string]fact{
		"lines that end with CR alone": {content: strings.ReplaceAll(body, "\n", "\r"), counts: lines(2), net: "-4.50"},
		"a leading empty line":         {content: "\n" + body, counts: lines(2)},
		"a byte order mark":            {content: "\xEF\xBB\xBF" + body, counts: lines(2), encoding: "ascii"},
		"no empty line before the root": {
			content: strings.Replace(body, "\n\n<OFX>", "\n<OFX>", 1), counts: lines(2),
		},
		"the header on one line": {
			content: strings.Replace(body, ofxHeader, "OFXHEADER:100DATA:OFXSGMLVERSION:102", 1), counts: lines(2),
			statements: 1,
		},
		"the whole file on one line": {content: strings.ReplaceAll(body, "\n", ""), counts: lines(2)},
		"spaces behind the colons":   {content: strings.ReplaceAll(body, ":1", ": 1"), counts: lines(2)},
		"a header of two lines": {
			content: "OFXHEADER:100\nVERSION:102\n" + body[len(ofxHeader):], counts: lines(2),
		},
		"version 100": {
			content: strings.Replace(body, "VERSION:102", "VERSION:100", 1), counts: lines(2),
		},
		"no header":          {content: body[len(ofxHeader):], counts: lines(2)},
		"XML of version 2.2": {content: xml, counts: lines(1), texts: []string{"A & B <C>"}},
		"Latin-1 under USASCII": {
			content: strings.Replace(body, "<MEMO>A", "<MEMO>T\xCDTULO", 1), counts: lines(2), encoding: "windows-1252",
			texts: []string{"TÍTULO", "B"},
		},
		"UTF-8 under CHARSET 1252": {
			content: strings.Replace(body, "<MEMO>A", "<MEMO>TÍTULO", 1), counts: lines(2), encoding: "utf-8",
			texts: []string{"TÍTULO", "B"},
		},
		"UTF-16 with a byte order mark": {content: utf16(body), counts: lines(2), encoding: "utf-16le", net: "-4.50"},
		"movements that are never closed": {
			content: strings.ReplaceAll(body, "</STMTTRN>", ""), counts: lines(2), net: "-4.50",
		},
		"a list that is never closed, with the balance in it": {
			content: ofx(period("20260901", "20260930") + "<BANKTRANLIST>" + two + ledger("20.00", "20260930")),
			counts:  lines(2), closing: "20.00",
		},
		"movements without a list": {content: ofx(two), counts: lines(2), net: "-4.50"},
		"a card closed by another tag": {
			content: strings.Replace(body, "<STMTRS>", "<CCSTMTRS>", 1), counts: lines(2),
			account: witness.Account{Bank: "0341", Number: "1234056789", Card: true},
		},
		"leaf elements open and closed in one file": {
			content: strings.Replace(body, "<TRNTYPE>OTHER", "<TRNTYPE>OTHER</TRNTYPE>", 1), counts: lines(2),
		},
		"a value over a line break": {
			content: strings.Replace(body, "<MEMO>A", "<MEMO>A\n  C", 1), counts: lines(2), texts: []string{"A C", "B"},
		},
		"raw ampersands and backslashes": {
			content: strings.Replace(body, "<MEMO>A", `<MEMO>A & C\D < E <F> &`, 1), counts: lines(2),
			texts: []string{`A & C\D < E <F> &`, "B"},
		},
		"a text in CDATA": {
			content: strings.Replace(body, "<MEMO>A", "<MEMO><![CDATA[A <& C]]></MEMO>", 1), counts: lines(2),
			texts: []string{"A <& C", "B"},
		},
		"a file that ends within a movement": {
			content: cut, counts: witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, reason: "ends within the entry",
			warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a file that ends within the digits of an amount": {
			content: body[:strings.Index(body, "5.50")+1], counts: witness.Counts{Blocks: 2, Lines: 1, Refused: 1},
			net: "-10",
		},
		"a file that ends between movements covers no day of its last line": {
			content: before(ofx(period("20260901", "20260930")+two+"</BANKTRANLIST>"), "</BANKTRANLIST>"),
			counts:  lines(2), covered: "2026-09-01..2026-09-02",
			warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a file that ends between movements, newest first": {
			content: before(ofx(period("20260901", "20260930")+entry("20260903", "5.50", "B")+
				entry("20260902", "-10.00", "A")+"</BANKTRANLIST>"), "</BANKTRANLIST>"),
			counts: lines(2), covered: "2026-09-03..2026-09-30",
		},
		"a file that ends after the first movement": {
			content: before(ofx(period("20260901", "20260930")+entry("20260903", "5.50", "B")+"</BANKTRANLIST>"),
				"</BANKTRANLIST>"),
			counts: lines(1), covered: "none",
		},
		"a file that ends after the movements": {
			content: before(ofx(period("20260901", "20260930")+two+"</BANKTRANLIST>"), "</STMTRS>"),
			counts:  lines(2), covered: "2026-09-01..2026-09-30",
			warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a file that ends within an amount": {
			content: body[:strings.Index(body, "5.50")], counts: witness.Counts{Blocks: 2, Lines: 1, Refused: 1},
		},
		"several statements": {
			content: strings.Replace(body, "</STMTTRNRS>",
				"<STMTRS><CURDEF>BRL<BANKACCTFROM><ACCTID>222222</BANKACCTFROM>"+
					two+"</STMTRS></STMTTRNRS>", 1), statements: 2, counts: lines(2),
		},
		"a statement in two currencies": {
			content: strings.Replace(body, "</STMTTRNRS>",
				"<STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>0341<ACCTID>1234056789"+
					"</BANKACCTFROM>"+two+"</STMTRS></STMTTRNRS>", 1), statements: 2, counts: lines(2),
		},
		"the account of the other party is no account of the file": {
			content: strings.Replace(body, "<MEMO>A", "<BANKACCTTO><BANKID>1<ACCTID>999</BANKACCTTO><MEMO>A", 1),
			counts:  lines(2), texts: []string{"A", "B"}, account: witness.Account{Bank: "0341", Number: "1234056789"},
		},
		"a list of balances after the movements": {
			content: ofx(two + ledger("7.00", "20260930") +
				"<BALLIST><BAL><NAME>Limite<DESC>x<VALUE>9.00</BAL></BALLIST>"),
			counts: lines(2), closing: "7.00",
		},
		"balances only": {content: ofx(ledger("7.00", "20260930")), counts: lines(0), closing: "7.00"},
		"OFC":           {content: "<OFC><DTD>2<ACCTSTMT>", refusal: witness.NotAStatement, reason: "OFC"},
		"the bank's error answer": {
			content: ofxHeader + "<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>15500<SEVERITY>ERROR" +
				"<MESSAGE>Signon invalid" +
				"</STATUS></SONRS></SIGNONMSGSRSV1></OFX>", refusal: witness.BankError, reason: "Signon invalid",
		},
		"a file without statements": {
			content: ofxHeader + "<OFX><SIGNONMSGSRSV1></SIGNONMSGSRSV1></OFX>", refusal: witness.NotAStatement,
		},
		"a statement of investments": {
			content: ofxHeader + "<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS>", refusal: witness.NotAStatement,
		},
		"a document type": {
			content: strings.Replace(body, "<OFX>", "<!DOCTYPE OFX><OFX>", 1), refusal: witness.Malformed,
			reason: "document types",
		},
		"a movement whose beginning is damaged": {
			content: strings.Replace(body, "<STMTTRN><TRNTYPE>OTHER<DTPOSTED>20260903",
				"<STMTTRX><TRNTYPE>OTHER<DTPOSTED>20260903",
				1), counts: witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, reason: "outside of STMTTRN",
		},
		"two movements in one block": {
			content: strings.Replace(body, "</STMTTRN>\n<STMTTRN>", "", 1), counts: witness.Counts{Blocks: 1,
				Refused: 1},
			reason: "two movements",
		},
		"an end without a beginning": {
			content: strings.Replace(body, "</BANKTRANLIST>", "</STMTTRN></BANKTRANLIST>", 1),
			counts:  witness.Counts{Blocks: 3, Lines: 2, Refused: 1}, reason: "no beginning",
		},
		"pending movements": {
			content: ofx(two + "<BANKTRANLISTP><STMTTRNP><TRNTYPE>DEBIT<DTPOSTED>20260904<TRNAMT>-1.00</STMTTRNP>" +
				"</BANKTRANLISTP>"), counts: witness.Counts{Blocks: 3, Lines: 2, Apart: 1}, net: "-4.50",
		},
		"a movement in another currency": {
			content: ofx(strings.Replace(two, "<MEMO>A", "<CURRENCY><CURRATE>5.0<CURSYM>USD</CURRENCY><MEMO>A", 1)),
			counts:  witness.Counts{Blocks: 2, Lines: 1, Refused: 1}, reason: "in USD",
		},
		"the original currency of a movement does not matter": {
			content: ofx(strings.Replace(two, "<MEMO>A",
				"<ORIGCURRENCY><CURRATE>5.0<CURSYM>USD</ORIGCURRENCY><MEMO>A", 1)),
			counts: lines(2), net: "-4.50",
		},
		"the name of a payee": {
			content: ofx(strings.Replace(two, "<MEMO>A", "<PAYEE><NAME>Loja<ADDR1>Rua</PAYEE><MEMO>A", 1)),
			counts:  lines(2),
			texts:   []string{"Loja A", "B"},
		},
		"a name that the memo repeats": {
			content: ofx(strings.Replace(two, "<MEMO>A", "<NAME>COFFEE SH<MEMO>COFFEE SHOP", 1)), counts: lines(2),
			texts: []string{"COFFEE SHOP", "B"},
		},
	})
}

// utf16 returns an ASCII text in UTF-16 (little endian) with a byte order mark.
func utf16(text string) string {
	var b strings.Builder
	b.WriteString("\xFF\xFE")
	for i := range len(text) {
		b.WriteByte(text[i])
		b.WriteByte(0)
	}
	return b.String()
}

// Statements without an account number may be those of several accounts.
func TestStatementsWithoutANumberAreNotJoined(t *testing.T) {
	statement := func(entries string) string {
		return "<STMTTRNRS><STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>0341</BANKACCTFROM><BANKTRANLIST>" +
			period("20260901", "20260930") + entries + "</BANKTRANLIST></STMTRS></STMTTRNRS>"
	}
	whole := func(statements string) witness.File {
		return read([]byte(ofxHeader + "<OFX><BANKMSGSRSV1>" + statements + "</BANKMSGSRSV1></OFX>"))
	}
	f := whole(statement(two) + statement(entry("20260904", "-77.00", "C")))
	ours := witness.OurAccount{Number: "12345", Currency: "BRL"}
	_, refusal := witness.Select(f, ours, "")
	if refusal == nil || refusal.Code != witness.NeedsAccount || !strings.Contains(refusal.Message, "0341/1, 0341/2;") {
		t.Errorf("the refusal is %v", refusal)
	}
	if got, refusal := witness.Select(f, ours, "0341/2"); refusal != nil || got.Statement.Counts() != lines(1) {
		t.Errorf("chosen is %+v: %v", got, refusal)
	}
	if got, refusal := witness.Select(whole(statement(two)), ours, ""); refusal != nil ||
		got.Match != witness.MatchAbsent || got.Statement.Account.Sub != "" {
		t.Errorf("selected is %+v: %v", got, refusal)
	}
}

func TestDatesOfOFXFiles(t *testing.T) {
	facts := map[string]fact{}
	for text, date := range map[string]string{
		"20160602120000[-3:BRT]": "2016-06-02", "20260903100000[-03:EST]": "2026-09-03", "20260903120000": "2026-09-03",
		"20260903": "2026-09-03", "20260903000000[-3:GMT]": "2026-09-03", "20260903[-3:BRL]": "2026-09-03",
		"20260903120000.000[-8:PST]": "2026-09-03", "2026-10-02T10:00": "2026-10-02", "202609031200000": "2026-09-03",
		"30/06/2025": "2025-06-30", "20260903235959[-11:XYZ]": "2026-09-03",
	} {
		facts["the date "+text] = fact{content: ofx(entry(text, "1.00", "A")), counts: lines(1), dates: []string{date}}
	}
	for _, text := range []string{"", "00000000", "00021130000000[-3:BRT]", "20260230", "ontem", "2026", "31/31/2026"} {
		facts["the unreadable date "+text] = fact{
			content: ofx(entry(text, "1.00", "A")), counts: witness.Counts{Blocks: 1, Refused: 1}, reason: "date",
		}
	}
	for _, currency := range []string{"BRL", "USD", "MXN"} {
		for _, text := range []string{"05/10/2026", "05-10-2026", "05.10.2026 12:00"} {
			facts[text+" can be read in two ways in "+currency] = fact{
				content: strings.Replace(ofx(entry(text, "1.00", "A")+two), "BRL", currency, 1),
				counts:  witness.Counts{Blocks: 3, Lines: 2, Refused: 1}, reason: "two ways",
				dates: []string{"", "2026-09-02", "2026-09-03"},
			}
		}
	}
	facts["a period that can be read in two ways"] = fact{
		content: ofx(period("01/09/2026", "30/09/2026") + two), counts: lines(2), covered: "none",
	}
	facts["a day that is its month"] = fact{
		content: ofx(entry("09/09/2026", "1.00", "A")), counts: lines(1), dates: []string{"2026-09-09"},
	}
	balance := ofx(two + ledger("1.00", "05/10/2026"))
	facts["the date of a balance that can be read in two ways"] = fact{
		content: balance, counts: lines(2), warnings: []witness.WarningCode{witness.UnreadableBalance},
	}
	facts["the date of a balance of PagBank"] = fact{
		content: strings.Replace(balance, "0341", "290", 1), counts: lines(2), closing: "1", closingDate: "2026-10-05",
	}
	facts["the period of the download is not trusted"] = fact{
		content: ofx(period("20261001163858[-3:BRT]", "20261001163858[-3:BRT]") + two), counts: lines(2),
		covered:  "none",
		warnings: []witness.WarningCode{witness.PeriodNotTrusted},
	}
	facts["a period with lines outside is not trusted"] = fact{
		content: ofx(period("20260903", "20260930") + two), counts: lines(2), covered: "none",
	}
	facts["a period that contains all lines is trusted"] = fact{
		content: ofx(period("20260901", "20260930") + two), counts: lines(2), covered: "2026-09-01..2026-09-30",
	}
	facts["the midnight after the last day"] = fact{
		content: ofx(period("20260901000000[-3:BRL]", "20261001000000[-3:BRL]") + two), counts: lines(2),
		covered: "2026-09-01..2026-09-30",
	}
	facts["a period that lasts longer than the file can know"] = fact{
		content: ofx("<DTSERVER>20260915" + period("20260901", "20260930") + two), counts: lines(2),
		covered: "2026-09-01..2026-09-14",
	}
	facts["the time of the server is zero"] = fact{
		content: ofx("<DTSERVER>00000000000000" + period("20260901", "20260930") + two), counts: lines(2),
		covered: "2026-09-01..2026-09-30",
	}
	known := "<DTSERVER>20261002100000[-03:EST]" + period("20260901", "20261002100000[-03:EST]")
	balances := entry("20260901", "100.00", "SALDO ANTERIOR") + two +
		entry("20260903", "95.50", "SALDO TOTAL DISPONÍVEL DIA")
	scheduled := entry("20261005", "-7.00", "SEGURO")
	expected := entry("20261005", "88.50", "SALDO TOTAL DISPONÍVEL DIA")
	for name, tail := range map[string]string{
		"a scheduled line with the balance after it": scheduled + expected,
		"a scheduled line with a balance of no day":  scheduled + strings.Replace(expected, "20261005", "00021130", 1),
		"scheduled lines and a balance before them":  expected + scheduled,
	} {
		for _, end := range []string{"20261002100000[-03:EST]", "20261031"} {
			known := "<DTSERVER>20261002100000[-03:EST]" + period("20260901", end)
			facts[name+" in a period to "+end] = fact{
				content: ofx(known + balances + tail + ledger("95.50", "20261002")),
				counts:  witness.Counts{Blocks: 6, Lines: 2, BalanceRows: 3, Apart: 1}, net: "-4.50", opening: "100",
				closing: "95.50", closingDate: "2026-09-03", state: witness.Proved, covered: "2026-09-01..2026-10-01",
			}
		}
	}
	facts["a scheduled line of Itaú"] = fact{
		content: ofx(known + balances + scheduled + ledger("95.50", "20261002")),
		counts:  witness.Counts{Blocks: 5, Lines: 2, BalanceRows: 2, Apart: 1}, closing: "95.50",
		closingDate: "2026-09-03", state: witness.Proved, covered: "2026-09-01..2026-10-01",
	}
	september := "<DTSERVER>20261002" + period("20260901", "20260903")
	facts["a scheduled line after the period and the balance"] = fact{
		content: ofx(september + balances + entry("20260925", "-7.00", "LUZ") + ledger("95.50", "20260903")),
		counts:  witness.Counts{Blocks: 5, Lines: 2, BalanceRows: 2, Apart: 1}, closing: "95.50", state: witness.Proved,
	}
	facts["a line after the period with the balance of its day"] = fact{
		content: ofx(september + balances + entry("20260925", "-7.00", "LUZ") +
			entry("20260925", "88.50", "SALDO TOTAL DISPONÍVEL DIA") + ledger("95.50", "20260903")),
		counts: witness.Counts{Blocks: 6, Lines: 3, BalanceRows: 3}, closing: "88.50", state: witness.Proved,
	}
	facts["a line of the day of the download is booked"] = fact{
		content: ofx(known + balances + entry("20261002", "-7.00", "LUZ") + ledger("95.50", "20261002")),
		counts:  witness.Counts{Blocks: 5, Lines: 3, BalanceRows: 2}, closing: "95.50", state: witness.Proved,
	}
	facts["a scheduled debit"] = fact{
		content: ofx(period("20260901", "20260903") + two + entry("20260910", "-7.00", "AGENDADO") + ledger("1.00",
			"20260902")),
		counts: witness.Counts{Blocks: 3, Lines: 2, Apart: 1}, net: "-4.50",
	}
	runFacts(t, facts)
}

func TestAmountsOfOFXFiles(t *testing.T) {
	facts := map[string]fact{}
	for text, want := range map[string]string{
		"-12.34": "-12.34", "-12,34": "-12.34", "           -560,00": "-560", "1.234,56": "1234.56",
		"1,234.56": "1234.56",
		"-800.0":   "-800", "-50": "-50", "-0.02": "-0.02", "10.000,00": "10000", "1.234.567,89": "1234567.89",
		"+7.00": "7", "-12.3400000000000": "-12.34", "7.00-": "-7", "0.500": "0.5", "1.234.567": "1234567",
	} {
		facts["the amount "+text] = fact{content: ofx(entry("20260902", text, "A")), counts: lines(1), net: want}
	}
	for _, text := range []string{
		"", ".", ",", "1.234", "-1,234", "6000.000,00", "$120", "12,34,56", "1e5", "--1", "R$", "1 2",
	} {
		facts["the unreadable amount "+text] = fact{
			content: ofx(entry("20260902", text, "A")), counts: witness.Counts{Blocks: 1, Refused: 1}, reason: "amount",
			dates: []string{"2026-09-02"},
		}
	}
	facts["comma and point in one file"] = fact{
		content: ofx(entry("20260902", "-560,00", "A") + entry("20260902", "-12.80", "B")), counts: lines(2),
		net: "-572.80",
	}
	typed := func(kind, amount string) string {
		return strings.Replace(entry("20260902", amount, kind), "OTHER", kind, 1)
	}
	facts["no amount has a sign"] = fact{
		content: ofx(typed("CREDIT", "100.00") + typed("DEBIT", "30.00") + typed("XFER", "5.00") + typed("OUT",
			"1.00")),
		counts: lines(4), net: "74.00", warnings: []witness.WarningCode{witness.SignsFromTypes},
	}
	facts["a negative balance row does not change the signs"] = fact{
		content: ofx(entry("20260901", "-9.00", "SALDO ANTERIOR") + typed("CREDIT", "100.00") + typed("DEBIT",
			"30.00")),
		counts: witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}, net: "70.00", opening: "-9.00",
	}
	facts["the sign counts if any amount has one"] = fact{
		content: ofx(typed("DEBIT", "-100.00") + typed("CREDIT", "-0.50") + typed("DEBIT", "2.00")), counts: lines(3),
		net: "-98.50", warnings: []witness.WarningCode{witness.SignContradictsType},
	}
	facts["types in other vocabularies"] = fact{
		content: ofx(typed("IN", "5.00") + typed("C", "1.00") + typed("0", "1.00") + typed("1", "-2.00") +
			typed("DEP", "1.00")),
		counts: lines(5), net: "6.00",
	}
	runFacts(t, facts)
}

func TestBalancesOfOFXFiles(t *testing.T) {
	rows := func(first, last string) string {
		return entry("20260901", first, "SALDO ANTERIOR") + two + entry("20260903", last, "SALDO TOTAL DISPONÍVEL DIA")
	}
	counts := witness.Counts{Blocks: 4, Lines: 2, BalanceRows: 2}
	month := period("20260901", "20260930")
	runFacts(t, map[string]fact{
		"a movement that is pending": {
			content: ofx(month + rows("100.00", "95.50") + "<BANKTRANLISTP><DTASOF>20261001<STMTTRNP><TRNTYPE>DEBIT" +
				"<DTTRAN>20260930<TRNAMT>-7.00<NAME>LOJA</STMTTRNP></BANKTRANLISTP>"),
			counts: witness.Counts{Blocks: 5, Lines: 2, BalanceRows: 2, Apart: 1}, closing: "95.50",
			state: witness.Proved,
		},
		"no balance": {content: ofx(month + two), counts: lines(2), opening: "none", closing: "none"},
		"an empty balance": {
			content: ofx(month + two + ledger("", "20260930")), counts: lines(2), closing: "none",
			warnings: []witness.WarningCode{witness.UnreadableBalance},
		},
		"a balance with the currency, and a date in the local notation": {
			content: ofx(month + two + ledger("R$\u00a05.326,43", "30/09/2026")), counts: lines(2), closing: "5326.43",
			closingDate: "2026-09-30", opening: "5330.93",
		},
		"a balance with a comma": {
			content: ofx(month + two + ledger("7,50", "20260930")), counts: lines(2), closing: "7.50",
		},
		"balances of one day that contradict each other": {
			content: ofx(month + entry("20260901", "100.00", "SALDO ANTERIOR") + two + ledger("95.50", "20260930") +
				ledger("9.99", "20260930")), counts: witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1},
			closing: "none", state: witness.Unavailable,
		},
		"a balance that may be in the minor unit": {
			content: ofx(month + two + ledger("118440", "20260930")), counts: lines(2), closing: "none",
			opening: "none",
			state:   witness.Unavailable, warnings: []witness.WarningCode{witness.AmbiguousBalance},
		},
		"a balance in the minor unit that the opening proves": {
			content: ofx(month + entry("20260901", "100.00", "SALDO ANTERIOR") + two + ledger("9550", "20260930")),
			counts:  witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}, closing: "95.50", state: witness.Proved,
		},
		"a whole balance of a bank that leaves out zeros": {
			content: ofx(month + entry("20260902", "-10", "A") + ledger("118440", "20260930")), counts: lines(1),
			closing: "118440",
		},
		"an opening balance in the minor unit that a day proves": {
			content: ofx(month + rows("10000", "95.50")), counts: counts, opening: "100", closing: "95.50",
			state: witness.Proved,
		},
		"rows prove the balance": {
			content: ofx(month + rows("100.00", "95.50")), counts: counts, opening: "100.00", closing: "95.50",
			state: witness.Proved, covered: "2026-09-01..2026-09-03",
		},
		"rows contradict each other": {
			content: ofx(month + entry("20260901", "100.00", "SALDO ANTERIOR") + two + entry("20260903", "95.51",
				"Saldo do dia")),
			counts: counts, state: witness.Contradicted,
		},
		"a day balance that includes the limit": {
			content: ofx(month + rows("100.00", "1095.50")), counts: counts, opening: "100.00",
			warnings: []witness.WarningCode{witness.BalanceWithLimit},
		},
		"a balance of the download that includes later movements": {
			content: ofx("<DTSERVER>20261003" + month + rows("100.00", "95.50") + ledger("-66.00", "20261003")),
			counts:  counts,
			closing: "95.50", state: witness.Proved, warnings: []witness.WarningCode{witness.BalanceNotOfTheLines},
			covered: "2026-09-02..2026-09-03",
		},
		"a balance of the download that confirms the rows": {
			content: ofx("<DTSERVER>20261003" + month + rows("100.00", "95.50") + ledger("95.50", "20261003")),
			counts:  counts,
			closing: "95.50", state: witness.Proved, covered: "2026-09-01..2026-09-30",
		},
		"a balance of the download that proves the opening row": {
			content: ofx(month + entry("20260901", "100.00", "SALDO ANTERIOR") + two + ledger("95.50", "20260930")),
			counts:  witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}, closing: "95.50", state: witness.Proved,
			covered: "2026-09-01..2026-09-30",
		},
		"a row with an unreadable amount is still a balance row": {
			content: ofx(month + two + entry("20260903", ".", "SALDO DIA")), counts: witness.Counts{
				Blocks: 3, Lines: 2, BalanceRows: 1,
			}, net: "-4.50", closing: "none", warnings: []witness.WarningCode{witness.UnreadableBalance},
		},
		"the available balance is not the ledger": {
			content: ofx(month + two + "<AVAILBAL><BALAMT>900.00<DTASOF>20260930</AVAILBAL>"), counts: lines(2),
			closing: "none",
		},
		"movements whose text contains the word for balance": {
			content: ofx(entry("20260902", "1.00", "RESGATE SALDO APLIC") +
				entry("20260902", "1.00", "PIX RECEBIDO SALDO ANTERIOR ACERTO") + entry("20260902", "1.00",
				"SALDO REMUNERADO") +
				entry("20260902", "1.00", "SALDO DEVEDOR")), counts: lines(4), net: "4.00",
		},
		"texts of balance rows": {
			content: ofx(entry("20260902", "1.00", "Saldo  Anterior") + entry("20260902", "1.00", "S A L D O") +
				entry("20260902", "1.00", "SALDO DIA") + entry("20260902", "1.00", "SALDO FINAL") +
				entry("20260902", "1.00", "saldo inicial")), counts: witness.Counts{Blocks: 5, BalanceRows: 5},
		},
		"a name that is a balance and a memo that is not": {
			content: ofx(strings.Replace(two, "<MEMO>A", "<NAME>Saldo Anterior<MEMO>ACERTO", 1)), counts: lines(2),
		},
	})
}

func TestOnlyIdsThatLastAreStable(t *testing.T) {
	for _, tc := range []struct {
		bank, field, value string
		stable             bool
	}{
		{"1", "FITID", "20160602100100", false}, {"0341", "FITID", "20260902001", false},
		{"033", "FITID", "00451065", false}, {"0260", "FITID", "64f0c1f2-0000-4000-8000-000000000001", true},
		{"290", "FITID", "8F3A", true}, {"323", "FITID", "111111111111", true},
		{"336", "FITID", "01KZZZZZZ2N4E55JFQ6S3MBC7J", false}, {"336", "REFNUM", "9091391218812845", true},
		{"077", "FITID", "202609020771", false}, {"1", "FITID", "E12345678202602101200abcDEF12345", true},
	} {
		content := ofxHeader + "<OFX><STMTRS><BANKACCTFROM><BANKID>" + tc.bank +
			"<ACCTID>12345</BANKACCTFROM><STMTTRN>" +
			"<DTPOSTED>20260902<TRNAMT>1.00<" + tc.field + ">" + tc.value + "</STMTTRN></STMTRS></OFX>"
		f := bankstatement.Reader{}.Read([]byte(content), witness.Options{})
		ids := f.Statements[0].Blocks()[0].IDs
		if len(ids) != 1 || ids[0] != (witness.ID{Kind: tc.field, Value: tc.value, Stable: tc.stable}) {
			t.Errorf("bank %s: the ids are %+v", tc.bank, ids)
		}
	}
}

func TestZerosIdentifyNoLine(t *testing.T) {
	content := strings.ReplaceAll(ofx(two), "<FITID>20260902A", "<FITID>00000000<CHECKNUM>0")
	f := bankstatement.Reader{}.Read([]byte(content), witness.Options{})
	if ids := f.Statements[0].Blocks()[0].IDs; len(ids) != 0 {
		t.Errorf("the ids are %+v", ids)
	}
}
