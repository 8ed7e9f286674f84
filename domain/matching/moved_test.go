package matching_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// pairsOf returns the ids of the pairs of two lists of rows, such as "o1n2 o2n1".
func pairsOf(t *testing.T, left, came string, context matching.Context) string {
	t.Helper()
	var pairs []string
	for _, pair := range matching.Match(rowsFrom(t, "o", left), rowsFrom(t, "n", came), context).Pairs {
		pairs = append(pairs, pair.Old+pair.New)
	}
	return strings.Join(pairs, " ")
}

// TestIdentifiersThatMoved matches rows of which one prints an identifier, and another one states it in a member.
func TestIdentifiersThatMoved(t *testing.T) {
	const line, other = "34191.79001 01043.510047 91020.150008 1 15900000045000",
		"34191.79001 01043.510062 91020.150008 7 15900000045000"
	digits := strings.NewReplacer(".", "", " ", "")
	const day = "2026-11-10 P -50 BRL "
	for name, test := range map[string]struct {
		left, came, pairs string
		whole             bool
	}{
		"the keys of two fees": {
			day + "COMISION SPEI CVE RASTREO: 8846APR2200001\n" + day + "COMISION SPEI CVE RASTREO: 8846APR2200002",
			day + "Comision SPEI {ref=8846APR2200002}\n" + day + "Comision SPEI {ref=8846APR2200001}",
			"o1n2 o2n1", true,
		},
		"the key of another fee, which left earlier": {
			day + "COMISION SPEI CVE RASTREO: 8846APR2200001",
			day + "Comision SPEI {ref=8846APR2200002}\n" + day + "Comision SPEI {ref=8846APR2200003}", "", false,
		},
		"the key of one of two fees, in the new text": {
			day + "Comision SPEI {ref=8846APR2200002}\n" + day + "Comision SPEI {ref=8846APR2200001}",
			day + "COMISION SPEI CVE RASTREO: 8846APR2200001", "o2n1", false,
		},
		"the numbers of two pupils": {
			day + "PAG BOLETO ESCOLA FICT MAT 1001\n" + day + "PAG BOLETO ESCOLA FICT MAT 1002",
			day + "Pagamento de boleto Escola Ficticia {rref=MAT 1002}\n" +
				day + "Pagamento de boleto Escola Ficticia {rref=MAT 1001}", "o1n2 o2n1", false,
		},
		"one number in both of two texts": {
			day + "PAG BOLETO ESCOLA FICT MAT 1001\n" + day + "PAG BOLETO ESCOLA FICT IRMAO MAT 1001",
			day + "Pagamento de boleto Escola Ficticia {rref=MAT 1001}", "", false,
		},
		"the lines of two slips, with wrong check digits": {
			day + "PAGAMENTO DE BOLETO " + line + "\n" + day + "PAGAMENTO DE BOLETO " + other,
			day + "CONDOMINIO SOL {bar=" + digits.Replace(other) + "}\n" +
				day + "CONDOMINIO SOL {bar=" + digits.Replace(line) + "}", "o1n2 o2n1", false,
		},
		"the beginning of a line": {
			day + "PAG TIT INT " + digits.Replace(line)[:32] + " 1",
			day + "PAG BOLETO CONDOMINIO SOL {bar=" + digits.Replace(line) + "}", "o1n1", false,
		},
		"less than the three fields of a line": {
			day + "PAG TIT INT " + digits.Replace(line)[:31],
			day + "PAG BOLETO CONDOMINIO SOL {bar=" + digits.Replace(line) + "}", "", false,
		},
	} {
		if got := pairsOf(t, test.left, test.came, matching.Context{Whole: test.whole}); got != test.pairs {
			t.Errorf("%s: %q, want %q", name, got, test.pairs)
		}
	}
}

// TestTwoNamesOfOneParty matches rows in which the vendor states one tax number beside two names.
func TestTwoNamesOfOneParty(t *testing.T) {
	const firm, other = "doc=11.222.333/0001-81", "doc=11.222.333/0002-62"
	const trade, legal = "2026-11-10 P -50 BRL PIX ENVIADO PADARIA SOL {party=PADARIA SOL; ",
		"2026-11-10 P -50 BRL PIX ENVIADO J M PANIFICACAO EIRELI {party=J M PANIFICACAO EIRELI; "
	for name, test := range map[string]struct{ left, came, pairs string }{
		"the trade name and the name of the firm": {trade + firm + "}", legal + firm + "}", "o1n1"},
		"another branch":  {trade + firm + "}", legal + other + "}", ""},
		"a masked number": {trade + "doc=**.222.333/0001-**}", legal + "doc=**.222.333/0001-**}", ""},
		"a number of several shops": {
			trade + firm + "}\n2026-11-09 P -7 BRL PIX ENVIADO BAR LUA {party=BAR LUA; " + firm + "}",
			legal + firm + "}", "",
		},
		"beside a row with the trade name and another number": {
			trade + firm + "}", trade + other + "}\n" + legal + firm + "}", "o1n2",
		},
	} {
		if got := pairsOf(t, test.left, test.came, matching.Context{}); got != test.pairs {
			t.Errorf("%s: %q, want %q", name, got, test.pairs)
		}
	}
}
