package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

const itauTitles = "data;lançamento;valor (R$);saldo (R$)"

// A repeated row of titles is a page break: the rows before and after it are one table, and their balances one chain.
func TestPagesOfATableAreOneTable(t *testing.T) {
	counts := func(lines, balanceRows int) witness.Counts {
		return witness.Counts{Blocks: lines + balanceRows, Lines: lines, BalanceRows: balanceRows}
	}
	head := table("Banco de Teste;;;", "Agência/Conta;1234 / 70001-1;;", "Período;01/09/2026 até 30/09/2026;;", ";;;")
	first := head + table(itauTitles, "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-200,10;",
		"02/09/2026;TED;1.500,00;", "02/09/2026;SALDO DO DIA;;2.299,90")
	fee, last := table("03/09/2026;TAR;-33,33;"), table("03/09/2026;SALDO DO DIA;;2.266,57")
	more := table("04/09/2026;PIX;-66,57;", "04/09/2026;SALDO DO DIA;;2.200,00")
	again, headed := itauTitles+"\n", head+itauTitles+"\n"
	numbered := table("Página;2 de 2;;", "Ouvidoria 0800 123 4567") + again
	equal := table("02/09/2026;TED;1.500,00;")
	split := func(lost string) string {
		return strings.Replace(first, "02/09/2026;SALDO", table("02/09/2026;TED;-1.500,00;")+again+equal+lost+
			"02/09/2026;SALDO", 1)
	}
	const all = "2026-09-01..2026-09-03"
	runFacts(t, map[string]fact{
		"a page": {
			content: first + again + fee + last, counts: counts(3, 3), opening: "1000", closing: "2266.57",
			state: witness.Proved, covered: all,
		},
		"a row is lost at the break": {
			content: first + again + last, counts: counts(2, 3), state: witness.Contradicted,
		},
		"a row is lost, and the second page proves itself": {
			content: first + again + last + more, counts: counts(3, 4), state: witness.Contradicted,
		},
		"with its preamble": {
			content: first + headed + fee + last, counts: counts(3, 3), state: witness.Proved, covered: all,
		},
		"with its preamble, a row is lost": {
			content: first + headed + last, counts: counts(2, 3), state: witness.Contradicted,
		},
		"with a number of the page": {
			content: first + numbered + fee + last, counts: counts(3, 3), state: witness.Proved, covered: all,
		},
		"the break is within a day": {
			content: split("") + again + fee + last, counts: counts(5, 3), state: witness.Proved, covered: all,
		},
		"equal rows on both sides of the break, and one is lost": {
			content: split(table("02/09/2026;PIX;1,00;")) + last, counts: counts(5, 3), state: witness.Contradicted,
		},
		"two pages, twice": {
			content: strings.Repeat(first+again+fee+last, 2),
			counts:  witness.Counts{Blocks: 12, Lines: 3, BalanceRows: 6, Apart: 3}, closing: "2266.57",
			state: witness.Proved, covered: all,
		},
	})
}

// A page may open with the balance carried forward, and the pages may be newest first.
func TestPagesWithCarriedBalances(t *testing.T) {
	counts := func(lines, balanceRows int) witness.Counts {
		return witness.Counts{Blocks: lines + balanceRows, Lines: lines, BalanceRows: balanceRows}
	}
	bb := table(bbTitles, `"31/08/2026","Saldo Anterior","","","1.000,00",""`,
		`"02/09/2026","Pix","X","123","1.500,00","Entrada"`, `"02/09/2026","Pix","Y","124","-200,10","Saída"`)
	bbDay := table(`"00/00/0000","Saldo do dia","","","2.299,90",""`)
	carried := func(amount string) string {
		return bbTitles + "\n" + table(`"00/00/0000","Saldo Anterior","","","`+amount+`",""`)
	}
	bbFee := table(`"03/09/2026","Tarifa","Z","125","-33,33","Saída"`)
	bbLast := table(`"00/00/0000","Saldo do dia","","","2.266,57",""`, `"30/09/2026","S A L D O","","","2.266,57",""`)
	newest := table(interTitles, "30/09/2026;Pix;B;-250,00;1.742,51")
	lost := table("03/09/2026;Pix;D;-250,00;1.992,51")
	older := table("02/09/2026;Pix;A;-1.055,90;2.242,51", "01/09/2026;Pix;Y;2.500,00;3.298,41")
	runFacts(t, map[string]fact{
		"with the balance carried forward": {
			content: bb + bbDay + carried("2.299,90") + bbFee + bbLast, counts: counts(3, 5), opening: "1000",
			closing: "2266.57", state: witness.Proved, covered: "2026-09-01..2026-09-30",
		},
		"with the balance carried forward within a day": {
			content: strings.Replace(bb, `"02/09/2026","Pix","Y"`, carried("2.500,00")+`"02/09/2026","Pix","Y"`, 1) +
				bbDay + bbFee + bbLast, counts: counts(3, 5), state: witness.Proved, covered: "2026-09-01..2026-09-30",
		},
		"with another balance carried forward": {
			content: bb + bbDay + carried("2.299,80") + bbFee + bbLast, counts: counts(3, 5),
			state: witness.Contradicted, covered: "none",
		},
		"with another balance carried forward within a day": {
			content: strings.Replace(bb, `"02/09/2026","Pix","Y"`, carried("2.500,10")+`"02/09/2026","Pix","Y"`, 1) +
				bbDay + bbFee + bbLast, counts: counts(3, 5), state: witness.Contradicted, covered: "none",
		},
		"of Banco do Brasil, a row is lost": {
			content: bb + bbDay + bbTitles + "\n" + bbLast, counts: counts(2, 4), state: witness.Contradicted,
			covered: "none",
		},
		"newest first": {
			content: newest + lost + interTitles + "\n" + older, counts: lines(4), opening: "798.41",
			closing: "1742.51", state: witness.Proved,
		},
		"newest first, a row is lost": {
			content: newest + interTitles + "\n" + older, counts: lines(3), state: witness.Contradicted,
			covered: "none",
		},
		"of a mapped file, a row is lost": {
			content: table("Quando;Quanto;Sobra", "02/09/2026;-1,00;99,00", "Quando;Quanto;Sobra",
				"04/09/2026;-1,00;96,00"),
			options: witness.Options{Mapping: &witness.CSVMapping{
				Date: "Quando", DateFormat: "dd/MM/yyyy", Amount: "Quanto", Decimal: ",", Balance: "Sobra",
			}}, counts: lines(2), state: witness.Contradicted, covered: "none",
		},
		"files of two months, each newest first": {
			content: table(interTitles) + older + newest + lost, counts: lines(4), opening: "798.41",
			closing: "1742.51", state: witness.Proved,
		},
	})
}

// The totals of a page may be those of the page, of the pages up to it, or of all.
func TestTotalsOfPages(t *testing.T) {
	first := table("Extrato de: Ag: 1357 | Conta: 24680-1 | Entre 01/09/2026 e 30/09/2026", bradescoTitles,
		`02/09/26;COD. LANC. 0;;;;"1.000,00";`, `02/09/26;Pix;1;;"200,00";"800,00";`, ";Rem: Fulana;;;;;")
	second := table(`03/09/26;Pix;1;"50,00";;"850,00";`)
	again, page := bradescoTitles+"\n", table(`;Total;;"0,00";"200,00";"800,00";`)
	total := func(credits, debits string) string { return `;Total;;"` + credits + `";"` + debits + `";"850,00";` }
	for name, tc := range map[string]struct {
		content string
		state   witness.State
	}{
		"at the end":             {first + again + second + total("50,00", "200,00"), witness.Proved},
		"of each page":           {first + page + again + second + total("50,00", "0,00"), witness.Proved},
		"of the pages so far":    {first + page + again + second + total("50,00", "200,00"), witness.Proved},
		"with one cent too much": {first + again + second + total("50,01", "200,00"), witness.Contradicted},
		"of a page, wrong":       {first + again + second + total("50,00", "100,00"), witness.Contradicted},
		"with another first page": {
			first + strings.Replace(page, "200", "100", 1) + again + second, witness.Contradicted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			counts := witness.Counts{Blocks: 3, Lines: 2, BalanceRows: 1}
			fact{content: tc.content, counts: counts, state: tc.state}.check(t)
		})
	}
}

// A table of another account or period is none of the pages.
func TestTablesOfOthersAreNoPages(t *testing.T) {
	statement := func(account, period string, rows ...string) string {
		return table("Agência/Conta;1234 / "+account+";;", "Período;"+period+";;", itauTitles) + table(rows...)
	}
	september := statement("70001-1", "01/09/2026 até 30/09/2026", "31/08/2026;SALDO ANTERIOR;;1.000,00",
		"02/09/2026;PIX;-100,00;", "30/09/2026;SALDO DO DIA;;900,00")
	other := statement("70002-2", "01/09/2026 até 30/09/2026", "31/08/2026;SALDO ANTERIOR;;5.000,00",
		"03/09/2026;TED;1,00;", "30/09/2026;SALDO DO DIA;;5.001,00")
	f := read([]byte(september + other))
	if f.Refusal != nil || len(f.Statements) != 2 {
		t.Fatalf("read %+v", f)
	}
	for i, number := range []string{"70001-1", "70002-2"} {
		s := f.Statements[i]
		if s.Account.Number != number || s.Counts().Lines != 1 || s.Counts().Refused != 0 ||
			witness.Prove(s).Closing.State != witness.Proved {
			t.Errorf("the statement %d is %+v", i, s)
		}
	}
	november := statement("70001-1", "01/11/2026 até 30/11/2026", "31/10/2026;SALDO ANTERIOR;;700,00",
		"03/11/2026;TED;1,00;", "30/11/2026;SALDO DO DIA;;701,00")
	runFacts(t, map[string]fact{
		"another period with a hole between": {
			content: september + november, counts: witness.Counts{Blocks: 6, Lines: 2, BalanceRows: 4},
			state: witness.Unavailable,
		},
		"future movements with the same titles": {
			content: september + table("Lançamentos Futuros", itauTitles, "05/10/2026;LUZ;-99,00;"),
			counts:  witness.Counts{Blocks: 4, Lines: 1, BalanceRows: 2, Apart: 1}, state: witness.Proved,
		},
		"an entry that cannot be read above the titles": {
			content: september + table("30/99/2026;PIX;-5,00;", itauTitles, "30/09/2026;SALDO DO DIA;;900,00"),
			counts:  witness.Counts{Blocks: 5, Lines: 1, BalanceRows: 3, Refused: 1},
		},
	})
}
