package matching_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// day begins the rows of competitors.
const day = "2026-11-10 P "

// competitors are rows of one amount and, mostly, one day, and the pairs among them.
var competitors = map[string]struct{ left, came, pairs string }{
	"two employees, told apart by their numbers": {
		day + "-6120 MXN NOMINA QUINCENAL 00417 BRENDA MODELO\n" +
			day + "-6120 MXN NOMINA QUINCENAL 00533 OSCAR FICTO",
		day + "-6120 MXN NOMINA QUINCENAL EMP 00417 BRENDA MODELO MUESTRA", "o1n1",
	},
	"two names that only words tell apart": {
		day + "-50 BRL PADARIA REAL\n" + day + "-50 BRL PADARIA NOVA", day + "-50 BRL PADARIA REAL", "",
	},
	"two payouts of two schemes": {
		day + "412 BRL REDE VISA AT0085868531",
		day + "412 BRL Recebimento Rede Visa crédito 0085868531\n" + day + "412 BRL REDE MAST AT0085868531", "o1n1",
	},
	"a salary and a thirteenth salary": {
		day + "3120 BRL CREDITO DE SALARIO EMPRESA FICTICIA",
		day + "3120 BRL CREDITO 13 SALARIO EMPRESA FICTICIA\n" +
			day + "3120 BRL Crédito salário Empresa Fictícia Ltda",
		"o1n2",
	},
	"two salaries": {
		day + "3120 BRL CREDITO DE SALARIO EMPRESA FICTICIA",
		day + "3120 BRL Crédito salário Empresa Fictícia\n" +
			day + "3120 BRL Crédito salário Empresa Fictícia Ltda", "",
	},
	"one number under two labels": {
		"2026-11-10 p -186 MXN PAGO CODI OPERACION 7719204512 CAFE FICTO",
		day + "-186 MXN PAGO CON CODI CAFE FICTO FOLIO 7719204512\n" +
			day + "-186 MXN PAGO CON CODI CAFE FICTO FOLIO 7719206688", "o1n1",
	},
	"neither number under two labels": {
		"2026-11-10 p -186 MXN PAGO CODI OPERACION 7719204599 CAFE FICTO",
		day + "-186 MXN PAGO CON CODI CAFE FICTO FOLIO 7719204512\n" +
			day + "-186 MXN PAGO CON CODI CAFE FICTO FOLIO 7719206688", "",
	},
	"two cheques and the numbers of their documents": {
		day + "-1500 BRL CHEQUE COMPENSADO 000123\n" + day + "-1500 BRL CHEQUE COMPENSADO 000124",
		day + "-1500 BRL DÉB. CHQ COMPENSADO DOC 124\n" + day + "-1500 BRL DÉB. CHQ COMPENSADO DOC 123",
		"o1n2 o2n1",
	},
	"two cheques and the numbers of other documents": {
		day + "-1500 BRL CHEQUE COMPENSADO 000123\n" + day + "-1500 BRL CHEQUE COMPENSADO 000124",
		day + "-1500 BRL DÉB. CHQ COMPENSADO DOC 771\n" + day + "-1500 BRL DÉB. CHQ COMPENSADO DOC 772", "",
	},
	"a refund, and the purchase that it gives back": {
		"2026-11-10 p 749 MXN DEVOLUCION TIENDA FICTA {bought=2026-11-10}",
		"2026-11-11 P 749 MXN TIENDA FICTA DEVOLUCION {bought=2026-11-10}\n2026-11-11 P -749 MXN TIENDA FICTA",
		"o1n1",
	},
	"a purchase, and its refund": {
		"2026-11-10 p -749 MXN TIENDA FICTA {bought=2026-11-10}",
		"2026-11-11 P -749 MXN TIENDA FICTA {bought=2026-11-10}\n2026-11-11 P 749 MXN TIENDA FICTA DEVOLUCION", "",
	},
}

// TestCompetitors checks which other rows prevent that two rows are paired.
func TestCompetitors(t *testing.T) {
	for name, test := range competitors {
		var pairs []string
		result := matching.Match(rowsFrom(t, "o", test.left), rowsFrom(t, "n", test.came), matching.Context{})
		for _, pair := range result.Pairs {
			pairs = append(pairs, pair.Old+pair.New)
		}
		if got := strings.Join(pairs, " "); got != test.pairs {
			t.Errorf("%s: %q, want %q", name, got, test.pairs)
		}
	}
}
