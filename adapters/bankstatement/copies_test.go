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

// A CSV file that was pasted twice, or beside one that overlaps it, counts once, too.
func TestCopiesOfTablesCountOnce(t *testing.T) {
	nubank := table("Data,Valor,Identificador,Descrição", "01/09/2026,-5.00,64f0-1,Pix", "01/09/2026,-5.00,64f0-2,Pix")
	nubankLonger := nubank + "02/09/2026,-7.00,64f0-3,Pix\n"
	preamble := []string{"Nome;FULANO", "Agência: 1234 Conta: 56789-0", "Período: 01/09/2026 a 30/09/2026", ""}
	itau := table(append(preamble, "data;lançamento;valor (R$);saldo (R$)", "31/08/2026;SALDO ANTERIOR;;1.000,00",
		"02/09/2026;PIX;-100,50;", "02/09/2026;SALDO DO DIA;;899,50")...)
	itauLonger := itau + table("03/09/2026;TED;0,50;", "03/09/2026;SALDO DO DIA;;900,00")
	future := table("", "Lançamentos Futuros", "data;lançamento;valor (R$)", "05/10/2026;LUZ;-99,00")
	inter := table("Conta ;123456789", "Saldo ;849,50", interTitles, "03/09/2026;Pix;B;-50,00;849,50",
		"02/09/2026;Pix;A;-100,50;899,50")
	interLater := table(interTitles, "04/09/2026;Pix;C;-1,00;848,50", "03/09/2026;Pix;B;-50,00;849,50")
	c6 := table(c6Titles, "01/09/2026,01/09/2026,Pix,A,100.00,0.00,80.00",
		"01/09/2026,01/09/2026,Pix,B,0.00,20.00,80.00",
		"04/09/2026,04/09/2026,Pix,C,5.00,0.00,85.00")
	bradesco := table("Extrato de: Ag: 1357 | Conta: 24680-1 | Entre 01/09/2026 e 30/09/2026", bradescoTitles,
		`02/09/26;COD. LANC. 0;;;;"1.000,00";`, `02/09/26;Pix;1;;"200,00";"800,00";`, ";Rem: Fulana;;;;;",
		`03/09/26;Pix;1;"50,00";;"850,00";`, `;Total;;"50,00";"200,00";"850,00";`)
	mercadoPago := table("INITIAL_BALANCE;CREDITS;DEBITS;FINAL_BALANCE", "1.000,00;9,00;0,00;1.009,00", "",
		"RELEASE_DATE;TRANSACTION_TYPE;REFERENCE_ID;TRANSACTION_NET_AMOUNT;PARTIAL_BALANCE",
		"01-09-2026;Pix;1;9,00;1.009,00")
	card := table("date,title,amount", "2026-09-01,Loja,10.00", "2026-09-02,Loja,20.00")
	cardLonger := table("date,title,amount", "2026-09-02,Loja,20.00", "2026-09-03,Loja,5.00")
	counts := func(lines, balanceRows, apart int) witness.Counts {
		return witness.Counts{
			Blocks: lines + balanceRows + apart, Lines: lines, BalanceRows: balanceRows, Apart: apart,
		}
	}
	runFacts(t, map[string]fact{
		"Nubank": {content: nubank + nubank, counts: counts(2, 0, 2), net: "-10"},
		"Nubank three times with byte order marks": {
			content: strings.Repeat("\xEF\xBB\xBF"+nubank, 3), counts: counts(2, 0, 4), net: "-10",
		},
		"Nubank that overlaps":           {content: nubank + nubankLonger, counts: counts(3, 0, 2), net: "-17"},
		"Nubank that overlaps backwards": {content: nubankLonger + nubank, counts: counts(3, 0, 2), net: "-17"},
		"Itaú with its preamble": {
			content: itau + itau, counts: counts(1, 4, 1), opening: "1000", closing: "899.50", state: witness.Proved,
			covered: "2026-09-01..2026-09-02",
		},
		"Itaú with future movements": {
			content: strings.Repeat(itau+future, 2), counts: counts(1, 4, 3), closing: "899.50", state: witness.Proved,
		},
		"Itaú that overlaps": {
			content: itau + itauLonger, counts: counts(2, 5, 1), opening: "1000", closing: "900",
			state: witness.Proved,
		},
		"Inter": {
			content: inter + inter, counts: counts(2, 0, 2), opening: "1000", closing: "849.50", state: witness.Proved,
		},
		"Inter that overlaps": {content: inter + interLater, counts: counts(3, 0, 1), net: "-151.50"},
		"C6":                  {content: c6 + c6, counts: counts(3, 0, 3), closing: "85", state: witness.Proved},
		"Bradesco": {
			content: bradesco + bradesco, counts: counts(2, 2, 2), closing: "850", state: witness.Proved,
		},
		"Mercado Pago": {
			content: mercadoPago + mercadoPago, counts: counts(1, 0, 1), closing: "1009", state: witness.Proved,
		},
		"a card without identifiers":               {content: card + card, counts: counts(2, 0, 2), net: "-30"},
		"a card that overlaps without identifiers": {content: card + cardLonger, counts: lines(4), covered: "none"},
		"a table that goes on below its titles": {
			content: table(interTitles, "01/09/2026;Pix;A;-1,00;99,00", "01/09/2026;Pix;A;-1,00;98,00", interTitles,
				"02/09/2026;Pix;A;-1,00;97,00", "02/09/2026;Pix;A;-1,00;96,00"), counts: lines(4), net: "-4",
			state: witness.Proved,
		},
		"a page that repeats the movement of the page before": {
			content: table(interTitles, "01/09/2026;Pix;A;-1,00;99,00", interTitles, "01/09/2026;Pix;A;-1,00;98,00"),
			counts:  lines(2), net: "-2",
		},
	})
}

// The rows of a table that was pasted once more without its titles count once. Unless balances or identifiers tell that
// they are copies, no day is covered.
func TestRowsThatFollowOnceMoreCountOnce(t *testing.T) {
	paste := func(titles string, times int, rows ...string) string {
		return titles + "\n" + strings.Repeat(table(rows...), times)
	}
	counts := func(lines, balanceRows, apart int) witness.Counts {
		return witness.Counts{
			Blocks: lines + balanceRows + apart, Lines: lines, BalanceRows: balanceRows, Apart: apart,
		}
	}
	again := []witness.WarningCode{witness.MixedDates}
	card := []string{"2026-09-01,Loja,10.00", "2026-09-01,Loja,10.00", "2026-09-02,Loja,5.00"}
	inter := []string{
		"03/09/2026;Pix;C;-1,00;848,50", "03/09/2026;Pix;B;-50,00;849,50", "02/09/2026;Pix;A;-100,50;899,50",
	}
	nubank := []string{"01/09/2026,-5.00,64f0-1,Pix", "01/09/2026,-5.00,64f0-2,Pix", "02/09/2026,-5.00,64f0-3,Pix"}
	itau := []string{
		"31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;", "02/09/2026;SALDO DO DIA;;899,50",
	}
	runFacts(t, map[string]fact{
		"with balances": {
			content: paste(interTitles, 2, inter...), counts: counts(3, 0, 3), net: "-151.50", opening: "1000",
			closing: "848.50", state: witness.Proved, covered: "2026-09-02..2026-09-03", warnings: again,
		},
		"three times": {
			content: paste(interTitles, 3, inter...), counts: counts(3, 0, 6), closing: "848.50",
			state: witness.Proved, warnings: again,
		},
		"with balance rows": {
			content: paste("data;lançamento;valor (R$);saldo (R$)", 2, itau...), counts: counts(1, 4, 1),
			closing: "899.50", state: witness.Proved, covered: "2026-09-01..2026-09-02", warnings: again,
		},
		"with totals": {
			content: paste(bradescoTitles, 2, `02/09/26;COD. LANC. 0;;;;"1.000,00";`,
				`02/09/26;Pix;1;;"200,00";"800,00";`, `03/09/26;Pix;1;"50,00";;"850,00";`,
				`;Total;;"50,00";"200,00";"850,00";`),
			counts: counts(2, 2, 2), closing: "850", state: witness.Proved, warnings: again,
		},
		"with identifiers": {
			content: paste("Data,Valor,Identificador,Descrição", 2, nubank...), counts: counts(3, 0, 3), net: "-15",
			warnings: append(again, witness.RepeatedIDs),
		},
		"with nothing that tells": {
			content: paste("date,title,amount", 2, card...), counts: counts(3, 0, 3), net: "-25", covered: "none",
			warnings: again,
		},
		"balances that hold with the rows again": {
			content: paste(interTitles, 2, "02/09/2026;Pix;A;10,00;110,00", "02/09/2026;Pix;B;-10,00;100,00",
				"02/09/2026;Pix;C;5,00;105,00", "02/09/2026;Pix;D;-5,00;100,00"),
			counts: lines(8), closing: "100", state: witness.Proved, covered: "none", warnings: again,
		},
		"two rows": {content: paste("date,title,amount", 2, card[:2]...), counts: lines(4), net: "-40"},
		"many equal rows": {
			content: paste("date,title,amount", 6, "2026-09-01,Café,5.00"), counts: lines(6), net: "-30",
		},
		"not all rows": {
			content: paste("date,title,amount", 2, card...) + card[0] + "\n", counts: lines(7), net: "-60",
		},
	})
}
