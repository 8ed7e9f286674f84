package matching_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// night returns the n rows of an account, first with their old ids (left) and then with new ids (came), as if the
// vendor had changed all ids in one night.
func night(t testing.TB, n int, text func(i int) string, amount func(i int) string) (left, came []banktext.Row) {
	t.Helper()
	for i := range n {
		row := banktext.Row{
			ExternalID: "o" + strconv.Itoa(i), Account: account, Status: domain.Posted, Description: text(i),
			Amount: parseMoney(t, amount(i), "BRL"), Date: domain.Date("2026-01-01").AddDays(i * 300 / n),
		}
		left = append(left, row)
		row.ExternalID = "n" + strconv.Itoa(n-i)
		came = append(came, row)
	}
	return left, came
}

var names = []string{"MARIA", "CARLOS", "JOANA", "PEDRO", "LUCIA", "OTAVIO", "RENATA", "TIAGO", "VERA", "WILSON"}

// person returns one of 1,000 names.
func person(i int) string {
	return names[i%10] + " " + names[i/10%10] + "S " + names[i/100%10] + "SON"
}

var nights = map[string]struct {
	text   func(i int) string
	amount func(i int) string
	kept   int // in percent
}{
	"distinct": {
		func(i int) string { return "PIX ENVIADO " + person(i) },
		func(i int) string { return fmt.Sprintf("-%d.%02d", 10+i/100, i%100) }, 100,
	},
	"one amount": {
		func(i int) string { return "PIX ENVIADO " + person(i) }, func(int) string { return "-50" }, 100,
	},
	"one text": {
		func(int) string { return "TARIFA PIX" }, func(int) string { return "-1.5" }, 100,
	},
	"one amount, other numbers": {
		func(i int) string { return "PIX QR LOJA BELA VISTA " + strconv.Itoa(100000+i) },
		func(int) string { return "-50" }, 100,
	},
}

// TestAllIDsChange changes the ids of all rows of an account, in accounts of up to 2,000 rows. Match must pair each
// old row with a new row.
func TestAllIDsChange(t *testing.T) {
	for name, n := range nights {
		for _, rows := range []int{60, 600, 2000} {
			left, came := night(t, rows, n.text, n.amount)
			result := matching.Match(left, came, matching.Context{Whole: true})
			if len(result.Pairs)*100 < rows*n.kept || result.Cost.Unjudged > 0 {
				t.Errorf("%s: %d of %d kept, %d unjudged", name, len(result.Pairs), rows, result.Cost.Unjudged)
			}
		}
	}
}

// An account has many movements with the same amount and day. Their texts have a common prefix or consecutive
// numbers. Rows with equal texts must be matched, however many there are. If all texts change, so that no word tells
// the rows apart, pairs must be suggested.
func TestALargeClassIsRecognisedOrSuggested(t *testing.T) {
	const rows = 200
	names := func(i int) string { return fmt.Sprintf("PIX ENVIADO FORNECEDOR%c%c SERVICOS", 'A'+i/26, 'A'+i%26) }
	for name, text := range map[string]func(int) string{
		"numbers": func(i int) string { return "BOLETO COMPENSADO 1000" + strconv.Itoa(100+i) },
		"names":   names,
	} {
		left, came := night(t, rows, text, func(int) string { return "-50" })
		for i := range rows {
			left[i].Date, came[i].Date = "2026-01-01", "2026-01-01"
		}
		result := matching.Match(left, came, matching.Context{Whole: true})
		if len(result.Pairs) != rows || result.Cost.Unjudged > 0 {
			t.Errorf("%s: %d of %d kept, %d unjudged", name, len(result.Pairs), rows, result.Cost.Unjudged)
		}
		for _, pair := range result.Pairs {
			var old, now int
			_, _ = fmt.Sscanf(pair.Old, "o%d", &old)
			_, _ = fmt.Sscanf(pair.New, "n%d", &now)
			if old != rows-now {
				t.Errorf("%s continues as %s", pair.Old, pair.New)
			}
		}
	}
	left, came := night(t, rows, names, func(int) string { return "-50" })
	for i := range rows {
		left[i].Date, came[i].Date = "2026-01-01", "2026-01-01"
		came[i].Description += " CENTRO"
	}
	result := matching.Match(left, came, matching.Context{Whole: true})
	suggested := map[string]bool{}
	for _, s := range result.Suggestions {
		suggested[s.Old] = true
	}
	if len(result.Pairs) > 0 || result.Cost.Unjudged == 0 || len(suggested) < 90 {
		t.Errorf("%d pairs, %d unjudged, %d with suggestions", len(result.Pairs), result.Cost.Unjudged, len(suggested))
	}
}

func BenchmarkMatch(b *testing.B) {
	for name, n := range nights {
		for _, rows := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				left, came := night(b, rows, n.text, n.amount)
				for b.Loop() {
					matching.Match(left, came, matching.Context{Whole: true})
				}
			})
		}
	}
}

// large returns the rows of an account with many movements of the same amount. left contains the rows before all ids
// have changed, and came contains the rows after the change.
func large(t *testing.T, n int, before, after func(i int) (text string, day int)) (left, came []banktext.Row) {
	t.Helper()
	text := func(int) string { return "" }
	left, came = night(t, n, text, func(int) string { return "-50" })
	for side, rows := range [][]banktext.Row{left, came} {
		for i := range rows {
			text, day := []func(int) (string, int){before, after}[side](i)
			rows[i].Description, rows[i].Date = text, domain.Date("2026-01-01").AddDays(day)
		}
	}
	return left, came
}

// Many movements have the same amount. Match must then find the pairs by an operation, by a word, or by a word and a
// date, if only few movements share these.
func TestALargeClassIsDivided(t *testing.T) {
	shop := func(i int) string { return fmt.Sprintf("LOJA FORNECEDOR%c%c ARTIGOS", 'A'+i/26, 'A'+i%26) }
	for name, test := range map[string]struct {
		rows               int
		before, after      func(i int) (string, int)
		pairs, suggestions int
	}{
		// If few rows have the same amount, all of them are compared, even those that share no word.
		"64 of one amount, without a common word": {
			64,
			func(i int) (string, int) { return "SAQUE 24H", 4 * i },
			func(i int) (string, int) { return "PAGAMENTO", 4 * i }, 0, 64 * 3,
		},
		"65 of one amount, without a common word": {
			65,
			func(i int) (string, int) { return "SAQUE 24H", 4 * i },
			func(i int) (string, int) { return "PAGAMENTO", 4*i + 1 }, 0, 0,
		},
		// Withdrawals without a name share their operation. The machine prints the time only later.
		"withdrawals that move a day": {
			80,
			func(i int) (string, int) { return "SAQUE", 4 * i },
			func(i int) (string, int) { return "SAQUE 09:12", 4*i + 1 }, 0, 80 * 3,
		},
		// The words FORNE… and ARTIG… occur in all 240 rows, and each date in 120 rows. The words ALFA and BETA occur
		// in only 60 rows of each date.
		"many of one word, and many of one date": {
			240,
			func(i int) (string, int) { return []string{"ALFA ", "BETA "}[i%2] + shop(i), i / 120 },
			func(i int) (string, int) { return []string{"ALFA ", "BETA "}[i%2] + shop(i) + " CENTRO", i / 120 }, 240, 0,
		},
	} {
		left, came := large(t, test.rows, test.before, test.after)
		result := matching.Match(left, came, matching.Context{})
		if len(result.Pairs) != test.pairs || len(result.Suggestions) != test.suggestions || result.Cost.Unjudged > 0 {
			t.Errorf("%s: %d pairs and %d suggestions, want %d and %d; %d unjudged", name, len(result.Pairs),
				len(result.Suggestions), test.pairs, test.suggestions, result.Cost.Unjudged)
		}
	}
}

// If an old row was not compared with all new rows, it must not be in a pair, because its partner may be one of the
// skipped rows. The row is only suggested, even if all ids of the account have changed.
func TestARowThatIsNotComparedWithAllIsInNoPair(t *testing.T) {
	const rows = 200
	text := func(i int) string { return fmt.Sprintf("LOJA FORNECEDOR%c%c ARTIGOS", 'A'+i/26, 'A'+i%26) }
	left, came := large(t, rows,
		func(i int) (string, int) { return text(i), 0 },
		func(i int) (string, int) { return text(i) + " CENTRO", 0 })
	for _, whole := range []bool{false, true} {
		result := matching.Match(left, came, matching.Context{Whole: whole})
		if len(result.Pairs) > 0 || result.Cost.Unjudged != rows || len(result.Suggestions) < 90 {
			t.Errorf("whole %t: %d pairs, %d unjudged, %d suggestions", whole, len(result.Pairs), result.Cost.Unjudged,
				len(result.Suggestions))
		}
	}
}

// Rows with the same amount are divided into buckets, by their words and by their dates. If every bucket is too
// large, only the rows of the smallest bucket are compared. In this test, the smallest bucket is that of a date.
func TestTheSmallestBucketIsCompared(t *testing.T) {
	text := func(i int) string { return fmt.Sprintf("LOJA FORNECEDOR%c%c ARTIGOS", 'A'+i/26, 'A'+i%26) }
	day := func(i int) int { return i / 200 } // 200 rows on the first day, 100 on the second one
	left, came := large(t, 300,
		func(i int) (string, int) { return text(i), day(i) },
		func(i int) (string, int) { return text(i) + " CENTRO", day(i) })
	result := matching.Match(left, came, matching.Context{})
	suggested := map[string]bool{}
	for _, s := range result.Suggestions {
		suggested[s.Old] = true
	}
	second := 0
	for _, row := range left[200:] {
		if suggested[row.ExternalID] {
			second++
		}
	}
	if result.Cost.Unjudged != 300 || second < 90 {
		t.Errorf("%d unjudged, %d of the second day with suggestions", result.Cost.Unjudged, second)
	}
}
