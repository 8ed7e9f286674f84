package bankstatement_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// Known columns that the mapping does not name decide whether a row is a booked movement of the account.
func TestTheMappingDoesNotNameTheColumnsOfStatusAndAccount(t *testing.T) {
	mapping := witness.CSVMapping{
		Date: "Quando", DateFormat: "dd/MM/yyyy", Amount: "Quanto", Decimal: ",", Description: []string{"Texto"},
	}
	options := witness.Options{Mapping: &mapping}
	rows := func(title, first, second, third string) string {
		return table("Quando;Texto;Quanto;"+title, "10/09/2026;A;500,00;"+first, "11/09/2026;B;-300,00;"+second,
			"12/09/2026;C;-1,00;"+third)
	}
	withBalance := table("Quando;Texto;Quanto;Moeda", "31/08/2026;SALDO ANTERIOR;10,00;", "10/09/2026;A;5,00;BRL",
		"10/09/2026;SALDO DO DIA;15,00;")
	named := mapping
	named.Description = []string{"Texto", "Conta"}
	one := witness.Counts{Blocks: 3, Lines: 2, Apart: 1}
	runFacts(t, map[string]fact{
		"a status in Portuguese": {content: rows("Situação", "Efetivado", "Efetivado", "Pendente"), options: options,
			counts: one, net: "200"},
		"a status in English": {content: rows("Status", "Posted", "Pending", "Posted"), options: options, counts: one,
			net: "499"},
		"scheduled": {content: rows("STATUS", "Efetivado", "Efetivado", "agendado"), options: options, counts: one,
			net: "200"},
		"two currencies": {content: rows("Moeda", "BRL", "usd", "BRL"), options: options, counts: lines(2), net: "499",
			statements: 2},
		"one currency": {content: rows("Moeda", "R$", "R$", "BRL"), options: options, counts: lines(3), net: "199"},
		"a currency is missing in the rows of balances": {
			content: withBalance, options: options, counts: witness.Counts{Blocks: 3, Lines: 1, BalanceRows: 2},
			closing: "15", state: witness.Proved,
		},
		"two accounts": {
			content: rows("Conta", "11111-1", "22222-2", "11111-1"), options: options, counts: lines(2), net: "499",
			statements: 2, account: witness.Account{Number: "11111-1"},
		},
		"one account": {
			content: rows("Account", "11111-1", "11111-1", ""), options: options, counts: lines(3), net: "199",
			account: witness.Account{Number: "11111-1"},
		},
		"names in place of numbers": {
			content: rows("Conta", "Vendas", "Aluguel", "Vendas"), options: options, counts: lines(3), net: "199",
		},
		"items of a chart of accounts": {
			content: rows("Conta", "3.1.01.02", "4.1.02.01", "3.1.01.02"), options: options, counts: lines(3),
			net: "199",
		},
		"a column that the mapping names": {
			content: rows("Conta", "11111-1", "22222-2", "11111-1"), options: witness.Options{Mapping: &named},
			counts: lines(3), net: "199",
		},
	})
	f := bankstatement.Reader{}.Read([]byte(rows("Moeda", "BRL", "USD", "BRL")), options)
	if len(f.Statements) != 2 || f.Statements[0].Currency != "BRL" || f.Statements[1].Currency != "USD" {
		t.Errorf("the statements are %+v", f.Statements)
	}
}
