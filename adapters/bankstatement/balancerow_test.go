package bankstatement_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// Rows that only name a balance are no movements. The balance counts if it is that of the booked movements.
func TestRowsThatNameABalanceAreNoMovements(t *testing.T) {
	month := period("20260901", "20260930") + ledger("95.50", "20260903")
	mapping := witness.CSVMapping{
		Date: "Data", DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ",", Description: []string{"Texto"},
	}
	balanced := mapping
	balanced.Balance = "Saldo"
	counts := func(lines, balanceRows, apart, refused int) witness.Counts {
		return witness.Counts{
			Blocks: lines + balanceRows + apart + refused, Lines: lines, BalanceRows: balanceRows, Apart: apart,
			Refused: refused,
		}
	}
	opening := entry("20260901", "100.00", "SALDO ANTERIOR")
	facts := map[string]fact{
		"a movement that names a balance": {
			content: ofx(month + two + entry("20260903", "-7.00", "SALDO DEVEDOR EMPRESTIMO")), counts: lines(3),
			net: "-11.50",
		},
		"a movement that names a balance in a mapped file": {
			content: table("Data;Texto;Valor;Saldo", "01/09/2026;SALDO DEVEDOR EMPRESTIMO;-7,00;93,00",
				"02/09/2026;Pix;1,00;94,00"),
			options: witness.Options{Mapping: &balanced}, counts: lines(2), net: "-6", state: witness.Proved,
		},
		"a balance of the download that differs": {
			content: ofx(month + opening + two + entry("20260903", "95.40", "SALDO ATUAL")), counts: counts(2, 2, 0, 0),
			closing: "95.40", state: witness.Unavailable,
		},
		"a row without an amount whose text is not known": {
			content: table(itauTitles, "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;",
				"02/09/2026;SALDO INVEST AUTO;;5.000,00", "02/09/2026;SALDO DO DIA;;899,50"),
			counts: counts(1, 3, 0, 0), closing: "899.50", state: witness.Proved, covered: "2026-09-01..2026-09-02",
		},
		"a movement that has lost its amount": {
			content: table(itauTitles, "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX SALDO;;899,50",
				"02/09/2026;SALDO DO DIA;;899,50"), counts: counts(0, 2, 0, 1),
		},
	}
	for _, text := range []string{"SALDO EM CONTA", "Saldo em C/C", "SALDO ATUAL", "Saldo Diário"} {
		facts["OFX "+text] = fact{
			content: ofx(month + opening + two + entry("20260903", "95.50", text)), counts: counts(2, 2, 0, 0),
			closing: "95.50", state: witness.Proved,
		}
		facts["Itaú "+text] = fact{
			content: table(itauTitles, "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;",
				"02/09/2026;"+text+";;899,50"), counts: counts(1, 2, 0, 0), closing: "899.50", state: witness.Proved,
		}
		facts["mapped "+text] = fact{
			content: table("Data;Texto;Valor", "31/08/2026;SALDO ANTERIOR;1.000,00", "02/09/2026;PIX;-100,50",
				"02/09/2026;"+text+";899,50"), options: witness.Options{Mapping: &mapping}, counts: counts(1, 2, 0, 0),
			net: "-100.50", closing: "899.50", state: witness.Proved,
		}
	}
	for _, text := range []string{
		"SALDO BLOQUEADO", "SALDO DISPONÍVEL", "SALDO FINAL DISPONIVEL", "SDO CTA/APL AUTOMATICAS",
	} {
		facts["OFX "+text] = fact{
			content: ofx(month + opening + two + entry("20260903", "50.00", text)), counts: counts(2, 1, 1, 0),
			net: "-4.50", closing: "95.50", state: witness.Proved,
		}
		facts["Itaú "+text] = fact{
			content: table(itauTitles, "31/08/2026;SALDO ANTERIOR;;1.000,00", "02/09/2026;PIX;-100,50;",
				"02/09/2026;SALDO DO DIA;;899,50", "02/09/2026;"+text+";;50,00"), counts: counts(1, 2, 1, 0),
			closing: "899.50", state: witness.Proved,
		}
		facts["mapped "+text] = fact{
			content: table("Data;Texto;Valor", "02/09/2026;PIX;-100,50", "02/09/2026;"+text+";50,00"),
			options: witness.Options{Mapping: &mapping}, counts: counts(1, 0, 1, 0), net: "-100.50", closing: "none",
		}
	}
	runFacts(t, facts)
}

// A row of totals at the end of a table is none of its entries.
func TestTotalsOfMappedFilesAreNoEntries(t *testing.T) {
	amount := witness.CSVMapping{
		Date: "Data", DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ",", Description: []string{"Texto"},
	}
	sides := amount
	sides.Amount, sides.Credit, sides.Debit, sides.Balance = "", "Entrou", "Saiu", "Saldo"
	one := table("Data;Texto;Valor", "02/09/2026;Pix;-100,50", "03/09/2026;Pix;0,50")
	both := table("Data;Texto;Entrou;Saiu;Saldo", "02/09/2026;Pix;;100,50;899,50", "03/09/2026;Pix;0,50;;900,00")
	apart := witness.Counts{Blocks: 3, Lines: 2, Apart: 1}
	runFacts(t, map[string]fact{
		"a total": {
			content: one + "TOTAL;;-100,00\n", counts: apart, options: witness.Options{Mapping: &amount},
		},
		"a total in the text": {
			content: one + ";Totais:;-100,00\n", counts: apart, options: witness.Options{Mapping: &amount},
		},
		"sums of both directions": {
			content: both + "TOTAIS;;0,50;100,50;\n", counts: lines(2), options: witness.Options{Mapping: &sides},
			state: witness.Proved,
		},
		"sums that differ": {
			content: both + "TOTAIS;;0,50;100,40;\n", counts: lines(2), options: witness.Options{Mapping: &sides},
			state: witness.Contradicted, warnings: []witness.WarningCode{witness.TotalsDisagree},
		},
		"a total above movements": {
			content: one + table("TOTAL;;-100,00", "04/09/2026;Pix;1,00"), options: witness.Options{Mapping: &amount},
			counts: witness.Counts{Blocks: 4, Lines: 3, Refused: 1},
		},
		"a total of each page": {
			content: one + table("TOTAL;;-100,00") + one[:len("Data;Texto;Valor\n")] + "04/09/2026;Pix;1,00\n",
			counts:  witness.Counts{Blocks: 4, Lines: 3, Apart: 1}, options: witness.Options{Mapping: &amount},
		},
	})
}
