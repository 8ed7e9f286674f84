package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestWhatBanksDoToARow checks pairs of rows as banks in Brazil and Mexico write them. Each pair consists of a removed
// row (left) and a new row (came) with the same amount or almost the same. An empty rule means that the rows are two
// movements, or that nobody can know.
func TestWhatBanksDoToARow(t *testing.T) {
	for name, tc := range map[string]struct {
		left, came domain.MatchRow
		want       domain.MatchRule
	}{
		"a purchase on Friday is booked on Monday": {
			left("l", pending, on("2026-11-13"), text("SUPERMERCADO BOM PRECO")),
			came("c", on("2026-11-16"), text("SUPERMERCADO BOM PRECO")), domain.SameDescription},
		"a purchase before carnival is booked after it": {
			left("l", pending, on("2026-02-13"), text("AUTO POSTO ESTRELA")),
			came("c", on("2026-02-18"), text("AUTO POSTO ESTRELA")), domain.SameDescription},
		"another time zone moves a row to the day before": {
			left("l", on("2026-11-10"), text("UBER *TRIP HELP.UBER.COM")),
			came("c", on("2026-11-09"), text("UBER *TRIP HELP.UBER.COM")), domain.SameDescription},
		"the acquirer writes its name in another form": {
			left("l", pending, text("IFOOD *CANTINA DA NONA")),
			came("c", text("IFD*CANTINA DA NONA")), domain.SameDescription},
		"the facilitator disappears": {
			left("l", pending, text("PAG*BarbeariaDoLuiz")),
			came("c", text("BARBEARIADOLUIZ")), domain.SameDescription},
		"the statement adds city and country": {
			left("l", pending, text("DROGARIA SAO PAULO LJ 1021")),
			came("c", text("DROGARIA SAO PAULO SAO PAULO BR")), domain.SimilarText},
		"an instalment gets its word": {
			left("l", pending, text("MAGAZINE LUIZA 03/12")),
			came("c", text("MAGAZINE LUIZA PARC 03/12")), domain.SameDescription},
		"the next instalment": {
			left("l", text("MAGAZINE LUIZA PARC03/12")),
			came("c", text("MAGAZINE LUIZA PARC04/12")), ""},
		"a tip is added when it posts": {
			left("l", pending, amount("-100"), text("CANTINA DA NONA")),
			came("c", amount("-110"), text("CANTINA DA NONA")), ""},
		"fuel is authorised for more than it costs": {
			left("l", pending, amount("-300"), text("POSTO SHELL")),
			came("c", amount("-187.43"), text("POSTO SHELL")), ""},
		"a foreign purchase gets its tax": {
			left("l", pending, dollars("-58", "-298.19"), text("OPENAI *CHATGPT SUBSCR")),
			came("c", dollars("-58", "-308.63"), text("OPENAI *CHATGPT SUBSCR")), domain.ForeignAmount},
		"two transfers to people with similar names": {
			left("l", text("PIX ENVIADO JOAO SILVA")),
			came("c", text("PIX ENVIADO JOAO SOUZA")), ""},
		"two transfers by TED": {
			left("l", text("TED ENVIADA MARIA SILVA")),
			came("c", text("TED ENVIADA MARIA SOUZA")), ""},
		"a transfer whose receiver gets the family name": {
			left("l", text("PIX ENVIADO MARIA SOUZA")),
			came("c", text("PIX ENVIADO MARIA SOUZA LIMA")), domain.SimilarText},
		"two transfers by SPEI": {
			left("l", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110001")),
			came("c", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110002")), ""},
		"a transfer by SPEI keeps its clave de rastreo": {
			left("l", text("SPEI ENVIADO BBVA CLAVE DE RASTREO BNET0100261110001")),
			came("c", text("ENVIO INTERBANCARIO RASTREO BNET0100261110001")), domain.SameKey},
		"a transfer gets its clave de rastreo later": {
			left("l", text("SPEI ENVIADO BBVA")),
			came("c", text("SPEI ENVIADO BBVA RASTREO BNET0100261110001")), domain.SameDescription},
		"two payments by PIX with their end-to-end ids": {
			left("l", text("PIX MARIA E00000000202611101200aaaaaaaaaaa")),
			came("c", text("PIX MARIA E00000000202611101200bbbbbbbbbbb")), ""},
		"two cash withdrawals at different times": {
			left("l", text("SAQUE 24H 10/11 09:12")),
			came("c", text("SAQUE 24H 10/11 17:48")), ""},
		"two boletos with different numbers of the document": {
			left("l", text("PAGTO BOLETO 11.222.333/0001-81")),
			came("c", text("PAGTO BOLETO 44.555.666/0001-72")), ""},
		"a subscription of the next month": {
			left("l", text("NETFLIX.COM")),
			came("c", on("2026-12-10"), text("NETFLIX.COM")), ""},
		"a row that another read has shown as well": {
			left("l", reads(1, 2), text("PADARIA DO ZE")),
			came("c", text("PADARIA DO ZE")), ""},
	} {
		var got domain.MatchRule
		for _, match := range domain.MatchRows(domain.MatchInput{
			Left: []domain.MatchRow{tc.left}, Came: []domain.MatchRow{tc.came},
		}) {
			got = match.Rule
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
