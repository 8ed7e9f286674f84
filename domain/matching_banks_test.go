package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestWhatBanksDoToARow checks pairs of rows in the style of banks in Brazil and Mexico. The vendor first returned the
// old row, and now returns the new row. The amounts are equal or almost equal. An empty rule means that the rows must
// not be matched. Either they are two movements, or the data does not show whether they are one movement.
func TestWhatBanksDoToARow(t *testing.T) {
	for name, tc := range map[string]struct {
		oldRow, newRow domain.MatchRow
		want           domain.MatchRule
	}{
		"a purchase on Friday is booked on Monday": {
			oldRow("l", pending, on("2026-11-13"), text("SUPERMERCADO BOM PRECO")),
			newRow("c", on("2026-11-16"), text("SUPERMERCADO BOM PRECO")), domain.SameDescription},
		"a purchase before carnival is booked after it": {
			oldRow("l", pending, on("2026-02-13"), text("AUTO POSTO ESTRELA")),
			newRow("c", on("2026-02-18"), text("AUTO POSTO ESTRELA")), domain.SameDescription},
		"another time zone moves a row to the day before": {
			oldRow("l", on("2026-11-10"), text("UBER *TRIP HELP.UBER.COM")),
			newRow("c", on("2026-11-09"), text("UBER *TRIP HELP.UBER.COM")), domain.SameDescription},
		"the acquirer writes its name in another form": {
			oldRow("l", pending, text("IFOOD *CANTINA DA NONA")),
			newRow("c", text("IFD*CANTINA DA NONA")), domain.SameDescription},
		"the facilitator disappears": {
			oldRow("l", pending, text("PAG*BarbeariaDoLuiz")),
			newRow("c", text("BARBEARIADOLUIZ")), domain.SameDescription},
		"the statement adds city and country": {
			oldRow("l", pending, text("DROGARIA SAO PAULO LJ 1021")),
			newRow("c", text("DROGARIA SAO PAULO SAO PAULO BR")), domain.SimilarText},
		"an instalment gets its word": {
			oldRow("l", pending, text("MAGAZINE LUIZA 03/12")),
			newRow("c", text("MAGAZINE LUIZA PARC 03/12")), domain.SameDescription},
		"the next instalment": {
			oldRow("l", text("MAGAZINE LUIZA PARC03/12")),
			newRow("c", text("MAGAZINE LUIZA PARC04/12")), ""},
		"a tip is added when it posts": {
			oldRow("l", pending, amount("-100"), text("CANTINA DA NONA")),
			newRow("c", amount("-110"), text("CANTINA DA NONA")), ""},
		"fuel is authorised for more than it costs": {
			oldRow("l", pending, amount("-300"), text("POSTO SHELL")),
			newRow("c", amount("-187.43"), text("POSTO SHELL")), ""},
		"a foreign purchase gets its tax": {
			oldRow("l", pending, dollars("-58", "-298.19"), text("OPENAI *CHATGPT SUBSCR")),
			newRow("c", dollars("-58", "-308.63"), text("OPENAI *CHATGPT SUBSCR")), domain.ForeignAmount},
		"two transfers to people with similar names": {
			oldRow("l", text("PIX ENVIADO JOAO SILVA")),
			newRow("c", text("PIX ENVIADO JOAO SOUZA")), ""},
		"two transfers by TED": {
			oldRow("l", text("TED ENVIADA MARIA SILVA")),
			newRow("c", text("TED ENVIADA MARIA SOUZA")), ""},
		"a transfer whose receiver gets the family name": {
			oldRow("l", text("PIX ENVIADO MARIA SOUZA")),
			newRow("c", text("PIX ENVIADO MARIA SOUZA LIMA")), domain.SimilarText},
		"two transfers by SPEI": {
			oldRow("l", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110001")),
			newRow("c", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110002")), ""},
		"a transfer by SPEI keeps its clave de rastreo": {
			oldRow("l", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110001")),
			newRow("c", text("ENVIO INTERBANCARIO RASTREO BNET0100261110001")), domain.SameKey},
		"a transfer gets its clave de rastreo later": {
			oldRow("l", text("SPEI ENVIADO BBVA")),
			newRow("c", text("SPEI ENVIADO BBVA RASTREO BNET0100261110001")), domain.SameDescription},
		"two payments by PIX with their end-to-end ids": {
			oldRow("l", text("PIX MARIA E00000000202611101200aaaaaaaaaaa")),
			newRow("c", text("PIX MARIA E00000000202611101200bbbbbbbbbbb")), ""},
		"two cash withdrawals at different times": {
			oldRow("l", text("SAQUE 24H 10/11 09:12")),
			newRow("c", text("SAQUE 24H 10/11 17:48")), ""},
		"two boletos with different numbers of the document": {
			oldRow("l", text("PAGTO BOLETO 11.222.333/0001-81")),
			newRow("c", text("PAGTO BOLETO 44.555.666/0001-72")), ""},
		"a subscription of the next month": {
			oldRow("l", text("NETFLIX.COM")),
			newRow("c", on("2026-12-10"), text("NETFLIX.COM")), ""},
		"a row that another read has shown as well": {
			oldRow("l", readBetween(1, 2), text("PADARIA DO ZE")),
			newRow("c", text("PADARIA DO ZE")), ""},
	} {
		var got domain.MatchRule
		for _, match := range domain.MatchRows(domain.MatchInput{
			Old: []domain.MatchRow{tc.oldRow}, New: []domain.MatchRow{tc.newRow},
		}) {
			got = match.Rule
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
