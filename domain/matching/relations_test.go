package matching

import (
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestCompareDocuments(t *testing.T) {
	for pair, want := range map[[2]string]relation{
		{"39053344705", "39053344705"}:       agree,
		{"39053344705", "***533447**"}:       contained,
		{"***533447**", "***533447**"}:       contained,
		{"***533447**", "***533448**"}:       differ,
		{"******44705", "***533447**"}:       unknown,
		{"39053344705", "12345678000195"}:    differ,
		{"***533447**", "12345678000195"}:    doubtful,
		{"", "39053344705"}:                  unknown,
		{"12345678******", "12345678000195"}: contained,
	} {
		if got := compareDocuments(pair[0], pair[1]); got != want {
			t.Errorf("compareDocuments(%v) = %d, want %d", pair, got, want)
		}
		if got := compareDocuments(pair[1], pair[0]); got != want {
			t.Errorf("compareDocuments is not symmetric for %v", pair)
		}
	}
}

func TestCompareNames(t *testing.T) {
	for _, test := range []struct {
		a, b             string
		person, merchant relation
	}{
		{"ana paula souza", "ana paula souza", agree, agree},
		{"anapaula souza", "ana paula souza", agree, agree},
		{"ana paula souza", "ana paula sou", contained, contained},
		{"ana paula souza", "ana paula lima", differ, differ},
		{"ana paula souza", "ana paula souza filho", doubtful, doubtful},
		{"ana paula souza", "ana paula souza prado", contained, contained},
		{"maria souza", "ana maria souza", doubtful, contained},
		{"joao silva", "carlos silva", differ, doubtful},
		{"claudin", "claudinei prado", contained, contained},
		{"lua", "lua bonito", doubtful, doubtful},
		{"padaria real", "posto central", differ, differ},
		{"contr serv aguia", "contratual serv aguia", differ, contained},
		{"servi\uFFFDos gerais", "servicos gerais", agree, agree},
		{"supermercado", "supermercadu", doubtful, doubtful},
		{"kompra joinville", "posto joinville", differ, doubtful},
		{"", "ana", unknown, unknown},
		{"ana souza", "souza ana lima", doubtful, doubtful},
		{"auroraalegrelanc", "aurora alegre lanches", contained, contained},
		{"souza", "ana souza", doubtful, doubtful},        // five letters
		{"centro", "padaria centro", doubtful, contained}, // six letters
		{"contr aguia", "contratual aguia", differ, contained},
		{"contr serv ag", "contratual serv aguia", differ, contained},
		{"paula souza pr", "ana paula souza prado", doubtful, contained}, // the last word is cut
		{"paula sou prado", "ana paula souza prado", differ, doubtful},   // another word is cut
		{"prest hab", "prestacao habitacional", differ, doubtful},
		{"pr hab", "prestacao habitacional", differ, differ},  // an abbreviation has at least three letters
		{"supermercado", "supermmercado", doubtful, doubtful}, // one letter more
		{"supermercado", "suppermmercado", differ, differ},    // two letters more
		{"mercados", "mercadus", doubtful, doubtful},          // eight letters
		{"mercado", "mercadu", differ, differ},                // seven letters
		{"mercadus lima", "mercados lima", doubtful, doubtful},
		{"ana souza prado", "prado souza ana lima", doubtful, doubtful}, // all words, in another order
		{"lima souza leal", "prado souza ana lima", differ, doubtful},   // two of three words
	} {
		a, b := strings.Fields(test.a), strings.Fields(test.b)
		for person, want := range map[bool]relation{true: test.person, false: test.merchant} {
			if got := compareNames(a, b, person); got != want {
				t.Errorf("compareNames(%q, %q, person %v) = %d, want %d", test.a, test.b, person, got, want)
			}
			if got := compareNames(b, a, person); got != want {
				t.Errorf("compareNames(%q, %q, person %v) is not symmetric: %d", test.b, test.a, person, got)
			}
		}
	}
}

func TestBankingDays(t *testing.T) {
	for pair, want := range map[[2]domain.Date]int{
		{"2026-10-31", "2026-11-03"}: 1, // Saturday, Sunday, a holiday, Tuesday
		{"2026-11-06", "2026-11-09"}: 1,
		{"2026-11-09", "2026-11-11"}: 2,
		{"2026-11-10", "2026-11-10"}: 0,
		{"2026-11-09", "2026-11-06"}: 1,
		{"2026-01-05", "2026-12-05"}: 10,
	} {
		first, _ := dayNumber(pair[0])
		last, _ := dayNumber(pair[1])
		if got := bankingDays(first, last); got != want {
			t.Errorf("bankingDays(%v) = %d, want %d", pair, got, want)
		}
	}
}

func TestIsOdd(t *testing.T) {
	for amount, want := range map[string]bool{
		"-47.31": true, "47.31": true, "100": false, "10.5": false, "19.9": false, "29.95": false, "29.99": false,
		"9.99": false, "9.31": false, "10.31": true, "10.01": true,
	} {
		m, err := domain.ParseMoney(amount, "BRL")
		if err != nil {
			t.Fatal(err)
		}
		if isOdd(m) != want {
			t.Errorf("isOdd(%s) = %v", amount, !want)
		}
	}
}

func TestHasTime(t *testing.T) {
	for text, want := range map[string]bool{
		"2026-11-10T00:00:00Z": false, "2026-11-10T03:00:00Z": false, "2026-11-10T06:00:00Z": false,
		"2026-11-10T05:00:00Z": false, "2026-11-10T04:00:00Z": true, "2026-11-10T03:01:00Z": true,
		"2026-11-10T03:00:01Z": true, "2026-11-10T00:00:00-03:00": false, "2026-11-10T03:00:00-04:00": true,
		"2026-11-10T00:00:00-04:00": true, "2026-11-10T00:00:07Z": true,
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if hasTime(at) != want {
			t.Errorf("hasTime(%s) = %v", text, !want)
		}
	}
}
