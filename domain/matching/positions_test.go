package matching_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// TestPositions matches rows that state the balance after them.
func TestPositions(t *testing.T) {
	const text, other = " P 0.12 BRL REND PAGO APLIC AUT MAIS", " P 0.12 BRL RENDIMENTOS REND PAGO APLIC AUT MAIS"
	for name, test := range map[string]struct{ left, came, pairs string }{
		"each date is that of another balance": {
			"2026-11-10" + text + " {balance=500.12}\n2026-11-11" + text + " {balance=500.24}",
			"2026-11-11" + other + " {balance=500.12}\n2026-11-12" + other + " {balance=500.24}", "",
		},
		"no balances": {
			"2026-11-10" + text + "\n2026-11-11" + text, "2026-11-11" + other + "\n2026-11-12" + other, "o2n1",
		},
		"a date that moved": {
			"2026-11-10" + text + " {balance=500.12}", "2026-11-11" + other + " {balance=500.12}", "o1n1",
		},
		"a date that moved by a week": {
			"2026-11-10" + text + " {balance=500.12}", "2026-11-17" + other + " {balance=500.12}", "o1n1",
		},
		"a date that moved by more than a week": {
			"2026-11-10" + text + " {balance=500.12}", "2026-11-18" + other + " {balance=500.12}", "",
		},
		"other balances, because a row was inserted": {
			"2026-11-10" + text + " {balance=500.12}\n2026-11-11" + text + " {balance=500.24}",
			"2026-11-10" + other + " {balance=530.12}\n2026-11-11" + other + " {balance=530.24}", "o1n1 o2n2",
		},
		"the balance of the account in each row": {
			"2026-11-10" + text + " {balance=500}\n2026-11-13 P -5 BRL CAFE LUA {balance=500}",
			"2026-11-11" + other + " {balance=500}\n2026-11-13 P -5 BRL CAFE LUA {balance=500}", "o2n2",
		},
		"an account that is emptied every day": {
			"2026-11-10" + text + " {balance=0}", "2026-11-11" + other + " {balance=0}", "",
		},
		"a pending row": {
			"2026-11-10 p 0.12 BRL REND PAGO APLIC AUT MAIS {balance=500.12}",
			"2026-11-16" + other + " {balance=500.12}", "",
		},
		"two rows of one day, in another order": {
			"2026-11-10 P -50 BRL PIX ENVIADO ANA LEAL {balance=450}\n" +
				"2026-11-10 P -50 BRL PIX ENVIADO RUI SALES {balance=400}",
			"2026-11-10 P -50 BRL PIX ENVIADO RUI SALES {balance=450}\n" +
				"2026-11-10 P -50 BRL PIX ENVIADO ANA LEAL {balance=400}",
			"o1n2 o2n1",
		},
		"one balance, but another payee": {
			"2026-11-10 P -50 BRL PIX ENVIADO ANA LEAL {balance=450}",
			"2026-11-10 P -50 BRL PIX ENVIADO RUI SALES {balance=450}", "",
		},
	} {
		if got := pairsOf(t, test.left, test.came, matching.Context{}); got != test.pairs {
			t.Errorf("%s: %q, want %q", name, got, test.pairs)
		}
	}
}
