package bankstatement_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// record returns 240 characters with texts at positions from 1.
func record(fields map[int]string) string {
	chars := []rune(strings.Repeat(" ", 240))
	for at, text := range fields {
		copy(chars[at-1:], []rune(text))
	}
	return string(chars)
}

// cnab is a CNAB 240 file with one lote.
type cnab struct {
	bank             string
	opening, closing string // "C" or "D" is the last character
	segments         []string
	header, trailer  bool
	sums             [2]string // debits and credits of the trailer
	service          string
	newline          string
}

func newCNAB(segments ...string) cnab {
	return cnab{
		bank: "001", opening: "000000000000010000C", closing: "000000000000009550C", segments: segments, header: true,
		trailer: true, sums: [2]string{"000000000000001000", "000000000000000550"}, service: "E0440032",
		newline: "\r\n",
	}
}

func segment(day, value, text string) string {
	return record(map[int]string{
		1: "001000130000", 8: "3", 14: "E", 53: "01234 000000012345 6", 143: day, 151: value, 170: "209", 177: text,
	})
}

var (
	debitSegment  = segment("02092026", "000000000000001000D", "PIX ENVIADO")
	creditSegment = segment("03092026", "000000000000000550C", "PIX RECEBIDO")
)

func (c cnab) String() string {
	account := "01234 000000012345 6"
	lines := []string{record(map[int]string{1: c.bank + "00000", 53: account, 143: "201102026"})}
	if c.header {
		lines = append(lines, record(map[int]string{
			1: c.bank + "00011", 9: c.service, 53: account, 143: "31082026", 151: c.opening + "FBRL00001",
		}))
	}
	lines = append(lines, c.segments...)
	if c.trailer {
		lines = append(lines, record(map[int]string{
			1: c.bank + "00015", 53: account, 143: "30092026", 151: c.closing + "F", 177: c.sums[0] + c.sums[1],
			171: fmt.Sprintf("%06d", len(c.segments)+2),
		}))
	}
	lines = append(lines, record(map[int]string{
		1: c.bank + "99999", 18: fmt.Sprintf("%06d", 1), 24: fmt.Sprintf("%06d", len(lines)+1),
	}))
	return strings.Join(lines, c.newline) + c.newline
}

func (c cnab) with(change func(*cnab)) string {
	c.segments = slices.Clone(c.segments)
	change(&c)
	return c.String()
}

func TestCNAB240Files(t *testing.T) {
	base := newCNAB(debitSegment, creditSegment)
	at := func(text string, position int, with string) string {
		chars := []rune(text)
		copy(chars[position-1:], []rune(with))
		return string(chars)
	}
	with := func(segment string) string { return base.with(func(c *cnab) { c.segments[0] = segment }) }
	refusedOne := witness.Counts{Blocks: 2, Lines: 1, Refused: 1}
	runFacts(t, map[string]fact{
		"the balances prove the lines": {
			content: base.String(), counts: lines(2), net: "-4.50", opening: "100", closing: "95.50",
			state:   witness.Proved,
			covered: "2026-09-01..2026-09-30", account: witness.Account{Bank: "001", Branch: "1234", Number: "12345-6"},
		},
		"an overdrawn account": {
			content: base.with(func(c *cnab) { c.opening, c.closing = "000000000000010000D", "000000000000010450D" }),
			counts:  lines(2), opening: "-100", closing: "-104.50", state: witness.Proved,
		},
		"a zero balance needs no letter": {
			content: base.with(func(c *cnab) {
				c.opening, c.closing, c.segments, c.sums = "000000000000000000 ", "000000000000000000 ", nil,
					[2]string{}
			}), counts: lines(0), opening: "0", closing: "0", state: witness.Proved,
		},
		"no movements": {
			content: base.with(func(c *cnab) { c.closing, c.segments, c.sums = c.opening, nil, [2]string{} }),
			counts:  lines(0),
			closing: "100", state: witness.Proved, covered: "2026-09-01..2026-09-30",
		},
		"a line on the opening date": {
			content: with(at(debitSegment, 143, "31082026")), counts: lines(2), state: witness.Proved,
			dates: []string{"2026-08-31", "2026-09-03"},
		},
		"a blocked amount counts": {
			content: with(at(debitSegment, 109, "SSR")), counts: lines(2), state: witness.Proved,
		},
		"the accounting date is the value date": {
			content: with(at(debitSegment, 135, "01092026")), counts: lines(2), state: witness.Proved,
		},
		"codes with letters": {content: with(at(debitSegment, 173, "01Y6")), counts: lines(2), state: witness.Proved},
		"the mark O of Bradesco": {
			content: strings.ReplaceAll(with(at(debitSegment, 15, "O")), "\n001", "\n237"), counts: lines(2),
			state: witness.Proved,
		},
		"a future movement of Itaú": {
			content: strings.ReplaceAll(base.with(func(c *cnab) {
				c.bank = "341"
				c.segments = append(c.segments, at(debitSegment, 15, "5"))
			}), "\n001", "\n341"), counts: witness.Counts{Blocks: 3, Lines: 2, Apart: 1}, net: "-4.50",
			state: witness.Proved,
		},
		"sums of the trailer that disagree": {
			content: base.with(func(c *cnab) { c.sums[0] = "000000000000009999" }), counts: lines(2),
			state:    witness.Contradicted,
			warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"random figures do not close": {
			content: base.with(func(c *cnab) { c.closing = "000000000000077777C" }), counts: lines(2),
			state: witness.Contradicted,
		},
		"a missing movement": {
			content: strings.Replace(base.String(), debitSegment+"\r\n", "", 1), counts: lines(1),
			state: witness.Contradicted,
		},
		"no header": {
			content: base.with(func(c *cnab) { c.header = false }), counts: lines(2), state: witness.Unavailable,
			warnings: []witness.WarningCode{witness.HeaderMissing}, opening: "100",
		},
		"segments only": {
			content: debitSegment + "\n" + creditSegment + "\n", counts: lines(2), opening: "none", closing: "none",
			warnings: []witness.WarningCode{witness.HeaderMissing, witness.TrailerMissing},
		},
		"no trailer": {
			content: base.with(func(c *cnab) { c.trailer = false }), counts: lines(2),
			warnings: []witness.WarningCode{witness.TrailerMissing}, state: witness.Unavailable,
		},
		"a file that ends within the closing balance": {
			content: before(base.String(), "9550C"), counts: lines(2), state: witness.Unavailable, covered: "none",
			warnings: []witness.WarningCode{witness.TrailerMissing, witness.UnreadableBalance},
		},
		"accents in UTF-8": {
			content: strings.Replace(base.String(), "ENVIADO", "ENVIÁDO", 1), counts: lines(2), state: witness.Proved,
			encoding: "utf-8", texts: []string{"PIX ENVIÁDO", "PIX RECEBIDO"},
		},
		"all records on one line": {
			content: base.with(func(c *cnab) { c.newline = "" }), counts: lines(2), state: witness.Proved,
		},
		"blanks at the ends of the records are missing": {
			content: strings.ReplaceAll(trimLines(base.String()), "\r", ""), counts: lines(2), state: witness.Proved,
			warnings: []witness.WarningCode{witness.RecordsPadded},
		},
		"Latin-1": {
			content: strings.Replace(base.String(), "ENVIADO", "ENVI\xC1DO", 1), counts: lines(2),
			state:    witness.Proved,
			encoding: "windows-1252", texts: []string{"PIX ENVIÁDO", "PIX RECEBIDO"},
		},
		"the end-of-file mark of MS-DOS": {content: base.String() + "\x1A", counts: lines(2), state: witness.Proved},
		"a collection file": {
			content: base.with(func(c *cnab) { c.service = "T0100030" }), refusal: witness.NotAStatement,
			reason: "service",
		},
		"a payment file": {
			content: base.with(func(c *cnab) { c.service = "C2001031" }), refusal: witness.NotAStatement,
		},
		"CNAB 400": {
			content: "02RETORNO01COBRANCA" + strings.Repeat(" ", 381) + "\r\n", refusal: witness.NotAStatement,
			reason: "CNAB 400",
		},
		"another segment": {content: with(at(debitSegment, 14, "T")), counts: refusedOne, reason: "segment"},
		"an amount with a letter": {
			content: with(at(debitSegment, 160, "X")), counts: refusedOne, reason: "amount",
		},
		"an unknown mark":    {content: with(at(debitSegment, 169, "X")), counts: refusedOne, reason: "letter"},
		"an impossible date": {content: with(at(debitSegment, 143, "31022026")), counts: refusedOne, reason: "date"},
		"a movement of another lote": {
			content: with(at(debitSegment, 4, "0009")), counts: refusedOne, reason: "lote",
		},
		"an unknown record": {content: with(at(debitSegment, 8, "7")), counts: refusedOne, reason: "type"},
		"a record that is too long": {
			content: with(debitSegment[:100] + "x" + debitSegment[100:] + "x"), counts: refusedOne,
			reason: "characters",
		},
		"a record that lacks a character": {
			content: with(debitSegment[:100] + debitSegment[101:]), counts: refusedOne,
		},
	})
}

func trimLines(text string) string {
	lines := strings.Split(text, "\r\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\r\n")
}

func TestTheAutomaticInvestmentOfItauIsAnotherAccount(t *testing.T) {
	content, err := os.ReadFile("testdata/10-itau-extrato.ret")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(content), "\n")
	header := 1
	for _, sub := range []string{"    ", "0202"} {
		changed := slices.Clone(lines)
		changed[header] = changed[header][:32] + sub + changed[header][36:]
		f := bankstatement.Reader{}.Read([]byte(strings.Join(changed, "")), witness.Options{})
		if got := f.Statements[0].Account.Sub; got != strings.TrimSpace(sub) {
			t.Errorf("the account is %+v", f.Statements[0].Account)
		}
	}
}

func mt940(fields ...string) string {
	return ":20:REF\r\n:25:12345678/0000001234\r\n:28C:00001/001\r\n" + strings.Join(fields, "\r\n") + "\r\n-\r\n"
}

// The identifiers of a field 86 are those of the payment.
func TestEndToEndIDsOfMT940Files(t *testing.T) {
	for text, want := range map[string]string{
		"105?00LASTSCHRIFT?20EREF+E1?21SVWZ+MIETE?30COBA": "E1",
		"105?20EREF+E1 SVWZ+MIETE":                        "E1",
		"105?20EREF+ABC-123?21DEF?22MREF+M1?30COBA":       "ABC-123DEF",
		"105?20EREF+E1": "E1",
		"/TRCD/00100/ /EREF/EV1//CNTP/NL32/INGB/": "EV1",
		"105?20EREF+NOTPROVIDED?21SVWZ+MIETE":     "",
		"105?20EREF+AB CD?21SVWZ+MIETE":           "", // a line end divides it
		"105?20SVWZ+MIETE":                        "",
		"PAGO":                                    "",
	} {
		content := mt940(":60F:C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF", ":86:"+text, ":62F:C260930EUR90,00")
		got := ""
		for _, id := range read([]byte(content)).Statements[0].Blocks()[0].IDs {
			if id.Kind == "EndToEndId" && id.Stable {
				got = id.Value
			}
		}
		if got != want {
			t.Errorf("%s: the id is %q, want %q", text, got, want)
		}
	}
}

func TestMT940Files(t *testing.T) {
	opening, closing := ":60F:C260831EUR100,00", ":62F:C260930EUR95,50"
	one := ":61:2609020902D10,00NTRFNONREF//B1"
	other := ":61:2609030903C5,5NTRFNONREF"
	whole := mt940(opening, one, ":86:005?00PAGO", other, closing)
	with := func(line string) string { return strings.Replace(whole, one, line, 1) }
	refusedOne := witness.Counts{Blocks: 2, Lines: 1, Refused: 1}
	long := mt940(opening, one, ":86:A", ":62M:C260902EUR90,00")
	next := strings.Replace(mt940(":60M:C260902EUR90,00", other, closing), "/001\r", "/002\r", 1)
	runFacts(t, map[string]fact{
		"the balances prove the lines": {
			content: whole, counts: lines(2), net: "-4.50", state: witness.Proved, covered: "2026-09-01..2026-09-30",
			texts: []string{"005?00PAGO", ""}, account: witness.Account{Bank: "12345678", Number: "0000001234"},
		},
		"the currency after the account": {
			content: strings.Replace(whole, ":25:12345678/0000001234", ":25:NL69INGB0123456789EUR", 1),
			counts:  lines(2), account: witness.Account{Number: "NL69INGB0123456789"},
		},
		"the currency after the account and a space": {
			content: strings.Replace(whole, ":25:12345678/0000001234", ":25:NL51RABO0123456789 EUR", 1),
			counts:  lines(2), account: witness.Account{Number: "NL51RABO0123456789"},
		},
		"no booking date": {
			content: with(":61:260902D10,00NTRFNONREF"), counts: lines(2), state: witness.Proved,
		},
		"four blanks as the date": {
			content: with(":61:260902    D10,00NTRFNONREF"), counts: lines(2), state: witness.Proved,
		},
		"the third letter of the currency is no reversal": {
			content: with(":61:2609020902DR10,00NTRFNONREF"), counts: lines(2), net: "-4.50",
		},
		"CR is a credit in euros": {
			content: with(":61:2609020902CR10,00NTRFNONREF"), counts: lines(2), net: "15.50",
		},
		"CN is a credit in złoty": {
			content: with(":61:2609020902CN10,00NTRFNONREF"), counts: lines(2), net: "15.50",
		},
		"a reversed credit lowers": {
			content: with(":61:2609020902RC10,00NTRFNONREF"), counts: lines(2), net: "-4.50",
		},
		"a reversed debit raises": {
			content: with(":61:2609020902RD10,00NTRFNONREF"), counts: lines(2), net: "15.50",
		},
		"an amount without decimals": {content: with(":61:2609020902D10,NTRFNONREF"), counts: lines(2), net: "-4.50"},
		"an amount with leading zeros": {
			content: with(":61:2609020902D000010,00NTRFNONREF"), counts: lines(2), net: "-4.50",
		},
		"an amount without a comma": {content: with(":61:2609020902D10NTRFNONREF"), counts: lines(2), net: "-4.50"},
		"30 February": {
			content: with(":61:2702300902D10,00NTRFNONREF"), counts: lines(2), net: "-4.50",
			warnings: []witness.WarningCode{witness.DateClamped},
		},
		"a booking in the next year": {
			content: with(":61:2612310102D10,00NTRFNONREF"), counts: lines(2), dates: []string{"2027-01-02",
				"2026-09-03"},
		},
		"a booking in the last year": {
			content: with(":61:2701011231D10,00NTRFNONREF"), counts: lines(2), dates: []string{"2026-12-31",
				"2026-09-03"},
		},
		"a text behind the closing balance": {
			content: mt940(opening, one, other, closing, ":86:ANY"), counts: lines(2), texts: []string{"", ""},
		},
		":NS: in place of :86:": {
			content: strings.Replace(whole, ":86:", ":NS:", 1), counts: lines(2), texts: []string{"005?00PAGO", ""},
		},
		"a text over several lines": {
			content: strings.Replace(whole, "PAGO", "PAGO\r\n?20ALUGUEL", 1), counts: lines(2),
			texts: []string{"005?00PAGO ?20ALUGUEL", ""},
		},
		"pages of one statement": {content: long + next, counts: lines(2), state: witness.Proved, closing: "95.50"},
		"the last page is missing": {
			content: long, counts: lines(1), closing: "90", covered: "2026-09-01..2026-09-01", state: witness.Proved,
			warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"the last page is missing, and a movement of the page before, too": {
			content: strings.Replace(long, "EUR90,00", "EUR85,00", 1), counts: lines(1), closing: "85",
			covered: "none", state: witness.Contradicted, warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a page with another number follows": {
			content: long + strings.Replace(next, "00001/002", "00002/001", 1), counts: lines(2),
			state: witness.Proved, closing: "95.50",
		},
		"a file that ends before its closing balance": {
			content: before(whole, ":62F:"), counts: lines(2), covered: "none", state: witness.Unavailable,
			warnings: []witness.WarningCode{witness.TrailerMissing},
		},
		"a file that ends within an amount": {
			content: before(whole, "0,00NTRF"), counts: witness.Counts{Blocks: 1, Refused: 1}, covered: "none",
			reason: "ends within the movement",
		},
		"a file that ends within a text": {
			content: before(whole, "PAGO"), counts: witness.Counts{Blocks: 1, Refused: 1},
			reason: "ends within the movement",
		},
		"a page is missing": {
			content: long + strings.Replace(next, "90,00", "80,00", 1), counts: lines(2), state: witness.Contradicted,
			warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"accounts in one file": {
			content: whole + strings.Replace(whole, "1234\r", "9999\r", 1), counts: lines(2), statements: 2,
		},
		"days of one account": {
			content: whole + mt940(":60F:C260930EUR95,50", ":61:2610011001C1,00NTRFNONREF", ":62F:C261001EUR96,50"),
			counts:  lines(3), state: witness.Proved, covered: "2026-09-01..2026-10-01", closing: "96.50",
		},
		"a statement is missing between two": {
			content: whole + mt940(":60F:C261002EUR90,50", ":61:2610031003C1,00NTRFNONREF", ":62F:C261003EUR91,50"),
			counts:  lines(3), covered: "2026-09-01..2026-09-30 2026-10-03..2026-10-03", state: witness.Unavailable,
			warnings: []witness.WarningCode{witness.BalanceNotOfTheLines},
		},
		"days that do not join": {
			content: whole + mt940(":60F:C260930EUR90,50", ":61:2610011001C1,00NTRFNONREF", ":62F:C261001EUR91,50"),
			counts:  lines(3), state: witness.Contradicted,
		},
		"no movements": {
			content: mt940(opening, ":62F:C260930EUR100,00"), counts: lines(0), state: witness.Proved,
		},
		"a header of SWIFT": {
			content: "{1:F01BANKDEFF}{2:O940}{4:\r\n" + whole + "-}", counts: lines(2), state: witness.Proved,
		},
		"an overdrawn account": {
			content: strings.ReplaceAll(whole, "F:C26", "F:D26"), counts: lines(2), opening: "-100",
		},
		"a damaged movement": {
			content: with(":61:26X9020902D10,00NTRFNONREF"), counts: refusedOne, reason: "cannot be read",
		},
		"a damaged tag": {
			content: with(";61:2609020902D10,00NTRFNONREF"), counts: refusedOne, reason: "without its tag",
		},
		"another tag": {
			content: with(":21:2609020902D10,00NTRFNONREF"), counts: refusedOne, reason: "looks like a movement",
		},
		"the account behind the BIC and before the currency": {
			content: strings.Replace(whole, ":25:12345678/0000001234", ":25:DEUTDEFF/0000001234/EUR", 1),
			counts:  lines(2), account: witness.Account{Bank: "DEUTDEFF", Number: "0000001234"},
		},
		"control characters of the transmission": {
			content: "\x01\r\n" + strings.Replace(whole, "\r\n-\r\n", "\r\n-\x03\r\n", 1), counts: lines(2),
			state: witness.Proved,
		},
		"the end of the transmission in place of that of the message": {
			content: strings.Replace(whole, "\r\n-\r\n", "\r\n\x03", 1), counts: lines(2), state: witness.Proved,
		},
		"more behind the hyphen": {
			content: strings.Replace(whole, "\r\n-\r\n", "\r\n-XXX\r\n", 1), counts: lines(2), state: witness.Proved,
		},
		"a hyphen within a text": {
			content: strings.Replace(whole, "PAGO", "PAGO\r\n-XXX", 1), counts: lines(2),
			texts: []string{"005?00PAGO -XXX", ""},
		},
		"a blank within the tag of a text": {
			content: strings.Replace(whole, closing, closing+"\r\n:86 :D1C1", 1), counts: lines(2),
			state: witness.Proved,
		},
		"a balance of a later day that cannot be read": {
			content: strings.Replace(whole, closing, closing+"\r\n:64:null\r\n:65F:Dnullnull95,5", 1),
			counts:  lines(2), state: witness.Proved,
		},
		"a time of day within a text": {
			content: strings.Replace(whole, "PAGO", "PAGO\r\n:12:30 Uhr", 1), counts: lines(2),
			texts: []string{"005?00PAGO :12:30 Uhr", ""}, state: witness.Proved,
		},
		"an expected movement": {
			content: strings.Replace(whole, closing, ":61:2609050905ED7,00NTRFNONREF\r\n"+closing, 1),
			counts:  witness.Counts{Blocks: 3, Lines: 2, Apart: 1}, net: "-4.50", state: witness.Proved,
		},
		"an unknown tag":  {content: with(":99:x"), counts: refusedOne, reason: "unknown"},
		"an unknown mark": {content: with(":61:2609020902X10,00NTRFNONREF"), counts: refusedOne},
		"a damaged balance": {
			content: strings.Replace(whole, "EUR95,50", "EUR95;50", 1),
			counts:  witness.Counts{Blocks: 3, Lines: 2, Refused: 1},
		},
		"a closing in other money": {
			content: strings.Replace(whole, "EUR95,50", "USD95,50", 1),
			counts:  witness.Counts{Blocks: 3, Lines: 2, Refused: 1},
		},
	})
}

// A file may have a lote of the automatic investment beside that of the account.
func TestTheAccountIsSelectedAmongItsInvestments(t *testing.T) {
	lote := func(number int, sub, balance string) string {
		const account = "01234 000000056789 0"
		text := fmt.Sprintf("341%04d", number)
		return record(map[int]string{
			1: text + "1E0440031", 33: sub, 53: account, 143: "31082026", 151: balance + "FBRL00001",
		}) + "\r\n" + record(map[int]string{
			1: text + "5", 53: account, 143: "30092026", 151: balance + "F", 171: "000002",
		}) + "\r\n"
	}
	own := func(n int) string { return lote(n, "    ", "000000000000010000C") }
	invested := func(n int, sub string) string { return lote(n, sub, "000000000000099900C") }
	header := record(map[int]string{1: "34100000", 143: "201102026"}) + "\r\n"
	ours := witness.OurAccount{Number: "1234/56789-0", Currency: "BRL"}
	for name, lotes := range map[string]string{
		"the investment last":  own(1) + invested(2, "0202"),
		"the investment first": invested(1, "0202") + own(2),
		"two investments":      invested(1, "0201") + own(2) + invested(3, "0202"),
	} {
		f := read([]byte(header + lotes))
		got, refusal := witness.Select(f, ours, "")
		if refusal != nil || got.Match != witness.MatchExact || got.Statement.Account.Sub != "" {
			t.Errorf("%s: selected is %+v: %v", name, got.Statement.Account, refusal)
		}
		p := witness.Prove(got.Statement)
		if p.Closing.Amount == nil || p.Closing.Amount.String() != "100" || p.Closing.State != witness.Proved {
			t.Errorf("%s: the closing balance is %+v", name, p.Closing)
		}
		if got, refusal = witness.Select(f, ours, "56789-0"); refusal != nil || got.Statement.Account.Sub != "" {
			t.Errorf("%s: chosen by its number is %+v: %v", name, got.Statement.Account, refusal)
		}
		if got, refusal = witness.Select(f, ours, "341/1234/56789-0/0202"); refusal != nil ||
			got.Statement.Account.Sub != "0202" {
			t.Errorf("%s: chosen is %+v: %v", name, got.Statement.Account, refusal)
		}
	}
	f := read([]byte(header + invested(1, "0201") + invested(2, "0202")))
	if _, refusal := witness.Select(f, ours, ""); refusal == nil || refusal.Code != witness.NeedsAccount {
		t.Errorf("two investments without the account are %v", refusal)
	}
}
