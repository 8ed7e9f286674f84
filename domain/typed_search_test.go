package domain_test

import (
	"cmp"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// meaning returns a term as text.
func meaning(term domain.TypedTerm) string {
	var parts []string
	if term.Amount != nil {
		sign := ""
		if term.Signed && !term.Amount.IsNegative() {
			sign = "+"
		}
		parts = append(parts, strings.TrimSpace("amount "+sign+term.Amount.String()+" "+term.Currency))
	}
	if !term.Document.IsZero() {
		parts = append(parts, string(term.Document.Type)+" "+term.Document.Value)
	}
	if !term.Transaction.IsZero() {
		parts = append(parts, "id")
	}
	for name, value := range map[string]string{"reference": term.Reference, "text": term.Text, "bank": term.Bank} {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	return strings.Join(parts, " and ")
}

func TestATypedTextHasTheMeaningsOfItsForm(t *testing.T) {
	const id = "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
	long200, long255 := strings.Repeat("é ", 99)+"éé", strings.Repeat("x", 255) // characters, and bytes
	const line = "99990.44408 00457.220002 00123.456782 1 16320000021000"
	for typed, want := range map[string]string{
		// amounts
		"1.234,56":    "amount 1234.56",
		"1234,56":     "amount 1234.56",
		"1,234.56":    "amount 1234.56",
		"1234.56":     "amount 1234.56",
		"R$ 1.234,56": "amount 1234.56 BRL", "r$1.234,56": "amount 1234.56 BRL",
		"R$\u00a01.234,56": "amount 1234.56 BRL",
		"-1.234,56":        "amount -1234.56", "\u22121.234,56": "amount -1234.56", "+1.234,56": "amount +1234.56",
		"-R$ 1.234,56": "amount -1234.56 BRL", "R$ -1.234,56": "amount -1234.56 BRL",
		"R$ - 1.234,56": "amount -1234.56 BRL",
		"1.234,56-":     "amount -1234.56", "1.234,56 D": "amount -1234.56", "1.234,56 C": "amount +1234.56",
		"1.234,56 BRL": "amount 1234.56 BRL", "US$1,234.56": "amount 1234.56 USD", "MXN 12,50": "amount 12.5 MXN",
		"$ 12,50": "amount 12.5", "-mx$12.50": "amount -12.5 MXN",
		"1 234,56": "amount 1234.56", "1.234.567,89": "amount 1234567.89", "1,234,567.8": "amount 1234567.8",
		"0,5": "amount 0.5 or reference 0,5 or text 0,5", "R$ 500": "amount 500 BRL", "-500": "amount -500",
		"posto 12,50 D": "amount 12.5 and text posto D or amount 12.5 and bank posto D",
		"loja R$ 1.234 sul": "amount 1234 BRL and text loja sul or amount 1234 BRL and bank loja sul" +
			" or amount 1.234 BRL and text loja sul or amount 1.234 BRL and bank loja sul",
		"R$ 1.234": "amount 1234 BRL or amount 1.234 BRL", "-1.234": "amount -1234 or amount -1.234",
		"1.234":     "amount 1234 or amount 1.234 or reference 1.234 or text 1.234",
		"1,234":     "amount 1234 or amount 1.234 or reference 1,234 or text 1,234",
		"1.234.567": "amount 1234567 or reference 1.234.567 or text 1.234.567",
		"0.125":     "amount 0.125 or reference 0.125 or text 0.125",
		"417":       "amount 417 or reference 417 or text 417", "42": "amount 42 or reference 42",
		// what is no amount
		"1.23.4":      "reference 1.23.4 or text 1.23.4",
		"--1":         "reference --1 or text --1",
		"1..234":      "reference 1..234 or text 1..234",
		"1234.567,89": "reference 1234.567,89 or text 1234.567,89", "12 34": "reference 12 34 or text 12 34",
		"1.234,5,6": "reference 1.234,5,6 or text 1.234,5,6", "12,": "reference 12, or text 12,",
		"1,2.3,4": "reference 1,2.3,4 or text 1,2.3,4",
		// tax numbers
		"529.982.247-25": "CPF 52998224725 or reference 529.982.247-25 or text 52998224725 or text 529.982.247-25",
		"52998224725":    "CPF 52998224725 or reference 52998224725 or text 52998224725 or text 529.982.247-25",
		"12.abc.345/01de-35": "CNPJ 12ABC34501DE35 or reference 12.abc.345/01de-35 or text 12ABC34501DE35" +
			" or text 12.ABC.345/01DE-35",
		"11222333000181": "CNPJ 11222333000181 or reference 11222333000181 or text 11222333000181" +
			" or text 11.222.333/0001-81",
		"goda850101ab1": "RFC GODA850101AB1 or reference goda850101ab1 or text GODA850101AB1",
		// references
		line: "reference " + line, strings.ReplaceAll(strings.ReplaceAll(line, " ", ""), ".", ""): "reference " +
			strings.ReplaceAll(strings.ReplaceAll(line, " ", ""), ".", ""),
		"e18236120202603011212s0a1b2c3d4e":   "reference e18236120202603011212s0a1b2c3d4e",
		"E18236120 202603011212-s0a1b2c3d4e": "reference E18236120 202603011212-s0a1b2c3d4e",
		id:                                   "id or reference " + id + " or bank " + id,
		"pedido-1024":                        "reference pedido-1024 or text pedido-1024 or bank pedido-1024",
		// words
		"  Papéis   Aurora ": "text Papéis Aurora or bank Papéis Aurora",
		"Itaú":               "reference Itaú or text Itaú or bank Itaú",
		"C6":                 "reference C6 or bank C6",
		"a b":                "text a b or bank a b",
		"ab c.":              "text ab c. or bank ab c.",
		"é":                  "reference é or bank é",
		"& &":                "text & &",
		"&":                  "reference &",
		"":                   "",
		"  ":                 "", strings.Repeat("x", 300): "bank " + strings.Repeat("x", 300),
		long200: "text " + long200 + " or bank " + long200, long200 + "é": "bank " + long200 + "é",
		long255: "reference " + long255 + " or bank " + long255,
		// words with an amount
		"papeis aurora 1.234,56": "amount 1234.56 and text papeis aurora or amount 1234.56 and bank papeis aurora",
		"-R$ 500 C6":             "amount -500 BRL and reference C6 or amount -500 BRL and bank C6",
		"10,00 a 20,00":          "reference 10,00 a 20,00 or text 10,00 a 20,00 or bank 10,00 a 20,00",
		"12,34 56":               "reference 12,34 56 or text 12,34 56",
	} {
		var got []string
		for _, term := range domain.ParseTyped(typed) {
			got = append(got, meaning(term))
		}
		if text := strings.Join(got, " or "); text != want {
			t.Errorf("%q means\n%s, want\n%s", typed, cmp.Or(text, "nothing"), want)
		}
	}
}

func TestABankIsMeantByWordsOfItsName(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		want        bool
	}{
		{"Itaú Unibanco", "itau", true},
		{"Itaú Unibanco", "ITAÚ  unibanco", true},
		{"Itaú Unibanco", "banco", false},
		{"Banco do Brasil", "do brasil", true},
		{"Banco do Brasil", "brasil do", false},
		{"Nubank", " ", false},
		{"", "nubank", false},
	} {
		if got := domain.HasBankName(c.name, c.typed); got != c.want {
			t.Errorf("%q means %q: %v", c.typed, c.name, got)
		}
	}
}
