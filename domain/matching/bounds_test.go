package matching_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// letters returns a word of n letters for a number.
func letters(number, n int) string {
	word := make([]byte, n)
	for i := range word {
		word[i] = byte('a' + number%26)
		number /= 26
	}
	return string(word)
}

// written joins the n texts that part returns.
func written(n int, part func(j int) string) string {
	var text strings.Builder
	for j := range n {
		text.WriteString(part(j))
		text.WriteByte(' ')
	}
	return text.String()
}

// expensive contains texts with which a vendor may try to make comparisons expensive. The argument is the number of the
// row.
var expensive = map[string]func(i int) string{
	"600 words": func(i int) string {
		return written(600, func(j int) string { return "word" + letters(j, 3) + letters(i, 3) })
	},
	"600 equal words": func(int) string { return written(600, func(j int) string { return "word" + letters(j, 3) }) },
	"words of three letters": func(i int) string {
		return written(256, func(j int) string { return letters(j*31+i, 3) })
	},
	"words of all rows": func(i int) string {
		return written(600, func(j int) string { return letters((i+j)%800, 5) })
	},
	"words with one beginning": func(i int) string {
		return written(64, func(j int) string { return "aaa" + letters(j, 2) + letters(i+j, 3) })
	},
	"all words differ": func(i int) string {
		return written(64, func(j int) string { return letters(i*64+j, 6) })
	},
	"digits and slashes": func(i int) string {
		return written(300, func(j int) string { return fmt.Sprintf("%d/%d", 1+(i+j)%12, 1+j%28) })
	},
	"one contract": func(i int) string {
		return written(200, func(j int) string { return "7712345678 " + letters(i*7+j, 4) })
	},
	"labelled numbers": func(i int) string {
		return written(100, func(j int) string { return fmt.Sprintf("ref %d doc %d nf %d", i+j, i*j, j) })
	},
	"one word of 262,144 bytes": func(i int) string { return strings.Repeat(letters(i, 4), 65_536) },
	"262,144 bytes":             func(i int) string { return strings.Repeat(letters(i, 3)+" ", 65_536) },
	"letters of four bytes":     func(i int) string { return strings.Repeat("𐐨𐐨𐐨𐐨𐐨𐐨𐐨 ", 8000) + letters(i, 4) },
	"entities": func(i int) string {
		return strings.Repeat("&amp;&#"+fmt.Sprint(49+i%9)+"; ", 20_000)
	},
}

// oneDay returns n rows of one amount and one day, with their old and their new ids.
func oneDay(t testing.TB, n int, text func(i int) string) (left, came []banktext.Row) {
	t.Helper()
	left, came = night(t, n, text, func(int) string { return "-50" })
	for i := range n {
		left[i].Date, came[i].Date = "2026-01-01", "2026-01-01"
	}
	return left, came
}

// The cost of a comparison grows at most in proportion to the number of rows, whatever the vendor writes.
func TestTheCostOfComparisonsIsBounded(t *testing.T) {
	for name, text := range expensive {
		for _, rows := range []int{40, 600} {
			if rows > 40 && len(text(0)) > 16<<10 {
				continue // the texts are expensive, and not their comparison
			}
			left, came := oneDay(t, rows, text)
			cost := matching.Match(left, came, matching.Context{Whole: true}).Cost
			limit := max(matching.MaxMatchWords, rows*matching.MaxRowWords)
			if cost.Words > limit || cost.Comparisons > rows*rows {
				t.Errorf("%s, %d rows: %+v, at most %d pairs of words", name, rows, cost, limit)
			}
			if cost.Words > cost.Comparisons*4*banktext.MaxWords*banktext.MaxWords {
				t.Errorf("%s, %d rows: %+v: a comparison of too many words", name, rows, cost)
			}
		}
	}
}

// Only rows that were cut or not compared with all candidates make a result uncertain, and never much work.
func TestACostExceedsTheLimitsIfARowWasNotReadOrNotCompared(t *testing.T) {
	for cost, want := range map[matching.Cost]bool{
		{}: false, {Comparisons: 9, Words: 9}: false, {CutRows: 1}: true, {Unjudged: 1}: true,
		{CutRows: 1, Unjudged: 1}: true,
	} {
		if got := cost.ExceedsLimits(); got != want {
			t.Errorf("%+v exceeds the limits: %t", cost, got)
		}
	}
	sum := matching.Cost{Comparisons: 1, Words: 2, CutRows: 3, Unjudged: 4}.Plus(matching.Cost{10, 20, 30, 40})
	if want := (matching.Cost{Comparisons: 11, Words: 22, CutRows: 33, Unjudged: 44}); sum != want {
		t.Errorf("the sum is %+v, want %+v", sum, want)
	}
}

// A row of ordinary length is compared with all its candidates, however many rows the account has.
func TestOrdinaryRowsAreNotLimited(t *testing.T) {
	text := func(i int) string {
		return "PIX ENVIADO " + person(i) + " PAGAMENTO DO ALUGUEL DA CASA AMARELA NA RUA DAS FLORES " + letters(i, 5)
	}
	left, came := oneDay(t, 2000, text)
	result := matching.Match(left, came, matching.Context{Whole: true})
	if result.Cost.Unjudged > 0 || result.Cost.CutRows > 0 || len(result.Pairs) != len(left) {
		t.Errorf("%d of %d pairs: %+v", len(result.Pairs), len(left), result.Cost)
	}
}

// long returns a text that exceeds a limit, and ends with the given text.
var long = map[string]func(end string) string{
	"words": func(end string) string {
		return "PIX ENVIADO " + written(banktext.MaxWords, func(j int) string { return letters(j, 3) }) + end
	},
	"characters": func(end string) string {
		return "PIX ENVIADO " + strings.Repeat("PADARIA ESTRELA ", banktext.MaxTextLength/16) + end
	},
}

// What follows the limit of a text is not read. If it differs, the rows are not the same movement.
func TestPartsBeyondTheLimitsAreNoEvidence(t *testing.T) {
	for name, text := range long {
		row := banktext.Row{
			ExternalID: "old", Account: account, Status: domain.Posted, Date: "2026-03-04",
			Amount: parseMoney(t, "-123.45", "BRL"), Description: text("MARIA CLARA"),
		}
		equal, other := row, row
		equal.ExternalID, other.ExternalID = "new", "new"
		other.Description = text("JOAO PEDRO")
		if verdict, _ := matching.Judge(row, equal, matching.Context{}); verdict != matching.Same {
			t.Errorf("%s: equal texts are %s", name, verdict)
		}
		if verdict, _ := matching.Judge(row, other, matching.Context{}); verdict == matching.Same {
			t.Errorf("%s: different texts are %s", name, verdict)
		}
		whole := matching.Match([]banktext.Row{row}, []banktext.Row{other}, matching.Context{Whole: true, AsMany: true})
		if len(whole.Pairs) > 0 || whole.Cost.CutRows != 2 {
			t.Errorf("%s: different texts are paired: %+v", name, whole)
		}
		row.Keys.Transaction, other.Keys.Transaction = "a1b2c3d4e5", "a1b2c3d4e5"
		if verdict, _ := matching.Judge(row, other, matching.Context{}); verdict != matching.Same {
			t.Errorf("%s: texts with an equal strong identifier are %s", name, verdict)
		}
	}
}

// An identifier is not cut. Two identifiers that begin with the same characters are not equal.
func TestALongIdentifierIsNoEvidence(t *testing.T) {
	row := banktext.Row{
		ExternalID: "old", Account: account, Status: domain.Posted, Date: "2026-03-04",
		Amount: parseMoney(t, "-123.45", "BRL"), Description: "PIX ENVIADO MARIA CLARA",
	}
	for name, member := range map[string]func(*banktext.Row, string){
		"institution's id":   func(r *banktext.Row, id string) { r.Keys.Transaction = id },
		"tracking key":       func(r *banktext.Row, id string) { r.Description = "SPEI CLAVE DE RASTREO " + id },
		"code":               func(r *banktext.Row, id string) { r.Code = id },
		"counterparty":       func(r *banktext.Row, id string) { r.Counterparty.Name = id },
		"account":            func(r *banktext.Row, id string) { r.Counterparty.Account = id },
		"receiver reference": func(r *banktext.Row, id string) { r.Keys.ReceiverReference = id },
	} {
		old, other := row, row
		other.ExternalID = "new"
		member(&old, strings.Repeat("a1b2", 300)+"1")
		member(&other, strings.Repeat("a1b2", 300)+"2")
		if verdict, _ := matching.Judge(old, other, matching.Context{}); verdict == matching.Same {
			t.Errorf("%s: %s", name, verdict)
		}
	}
}

// Bounded keeps no long text of a vendor. The identifiers of the row itself have limits of their own.
func TestBoundedRowsAreSmall(t *testing.T) {
	var row banktext.Row
	limits := map[string]int{}
	var visit func(path string, value reflect.Value, check func(path string, text reflect.Value))
	visit = func(path string, value reflect.Value, check func(path string, text reflect.Value)) {
		switch {
		case value.Kind() == reflect.String && value.Type().Name() == "string":
			check(path, value)
		case value.Kind() == reflect.Struct && value.Type().PkgPath() != "time":
			for i := range value.NumField() {
				if value.Type().Field(i).IsExported() {
					visit(path+"."+value.Type().Field(i).Name, value.Field(i), check)
				}
			}
		}
	}
	visit("", reflect.ValueOf(&row).Elem(), func(path string, text reflect.Value) {
		text.SetString(strings.Repeat("a ", 131_072))
		limits[path] = 256
	})
	for _, path := range []string{".Description", ".RawDescription", ".Reason", ".Counterparty.Name"} {
		limits[path] = banktext.MaxTextLength
	}
	for _, path := range []string{".ExternalID", ".Link", ".Amount.Currency"} {
		limits[path] = 262_144
	}
	row = row.Bounded()
	visit("", reflect.ValueOf(&row).Elem(), func(path string, text reflect.Value) {
		if text.Len() > limits[path] {
			t.Errorf("%s has %d bytes, at most %d", path, text.Len(), limits[path])
		}
	})
}

// A strong identifier decides, even if there are too many other candidates to compare all of them.
func TestStrongIdentifiersOfExpensiveRows(t *testing.T) {
	const rows = 600
	left, came := oneDay(t, rows, expensive["words of all rows"])
	for i := range rows {
		key := "e2e0" + letters(i, 4) + fmt.Sprintf("%08d", i*7919)
		left[i].Keys.Transaction, came[i].Keys.Transaction = key, key
	}
	result := matching.Match(left, came, matching.Context{})
	if len(result.Pairs) != rows || result.Cost.Unjudged == 0 {
		t.Errorf("%d pairs: %+v", len(result.Pairs), result.Cost)
	}
}

// Rows whose candidates exceed the limits may be suggested. Neither they nor the rows with which they were not compared
// are paired by their texts.
func TestExpensiveRowsAreOnlySuggested(t *testing.T) {
	const rows = 600
	left, came := oneDay(t, rows, expensive["words of all rows"])
	short := came[0]
	short.ExternalID, short.Description = "short", letters(300, 5)+" "+letters(301, 5)
	old := short
	old.ExternalID = "old"
	result := matching.Match(append(left, old), append(came, short), matching.Context{})
	if result.Cost.Unjudged < rows || len(result.Suggestions) == 0 {
		t.Errorf("%+v, %d suggestions", result.Cost, len(result.Suggestions))
	}
	for _, pair := range result.Pairs {
		t.Errorf("%s continues as %s", pair.Old, pair.New)
	}
}

// The verdict does not depend on the order of the rows, even if the limits apply.
func TestLimitsDoNotDependOnTheOrder(t *testing.T) {
	left, came := oneDay(t, 600, expensive["words of all rows"])
	first := matching.Match(left, came, matching.Context{Whole: true})
	slices.Reverse(left)
	slices.Reverse(came)
	again := matching.Match(left, came, matching.Context{Whole: true})
	if fmt.Sprint(first.Pairs, first.Suggestions) != fmt.Sprint(again.Pairs, again.Suggestions) {
		t.Error("other pairs or suggestions")
	}
}

// A vendor may list many accounts without numbers, so that each may be each other one. The rows of a bounded number of
// them are compared by their texts. No account is then taken for another one, and none is ruled out.
func TestTheCostOfRecognitionIsBounded(t *testing.T) {
	const accounts, rows = 80, 12
	list := func(side string, price int) (all []matching.LinkedAccount) {
		for i := range accounts {
			linked := matching.LinkedAccount{ExternalID: fmt.Sprint(side, i), Type: domain.BankAccount, Currency: "BRL"}
			for j := range rows {
				linked.Rows = append(linked.Rows, banktext.Row{
					ExternalID: fmt.Sprint(side, i, "/", j), Account: account, Status: domain.Posted,
					Date: domain.Date("2026-01-01").AddDays(j), Description: letters(i*rows+j, 5),
					Amount: parseMoney(t, fmt.Sprint("-", price+i*rows+j), "BRL"),
				})
			}
			all = append(all, linked)
		}
		return all
	}
	before, after := list("old", 100), list("new", 100_000)
	compared := matching.ComparedRows(before, after)
	if compared > matching.MaxRecognitionRows || compared < matching.MaxRecognitionRows-2*rows {
		t.Errorf("%d rows, at most %d", compared, matching.MaxRecognitionRows)
	}
	found := recognize(before, after)
	if len(found.Pairs) > 0 || len(found.AmbiguousBefore) == 0 {
		t.Errorf("%d pairs, %d ambiguous", len(found.Pairs), len(found.AmbiguousBefore))
	}
	before, after = list("old", 100), list("new", 100)
	if found := recognize(before, after); len(found.Pairs) != accounts {
		t.Errorf("%d of %d equal accounts are recognised", len(found.Pairs), accounts)
	}
}

// BenchmarkRows measures the time for each row. For n, 2n, 4n and 8n rows it must grow at most as log n does.
func BenchmarkRows(b *testing.B) {
	texts := map[string]func(int) string{"ordinary": func(i int) string { return "PIX ENVIADO " + person(i) }}
	for _, name := range []string{"600 words", "words of all rows", "one contract", "digits and slashes"} {
		texts[name] = expensive[name]
	}
	for name, text := range texts {
		for _, rows := range []int{250, 500, 1000, 2000} {
			b.Run(fmt.Sprintf("%s/%d", name, rows), func(b *testing.B) {
				left, came := oneDay(b, rows, text)
				for b.Loop() {
					matching.Match(left, came, matching.Context{Whole: true})
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			})
		}
	}
}

// BenchmarkCharacters measures the time for each row of 250 rows whose texts have n, 2n, 4n and 8n words.
func BenchmarkCharacters(b *testing.B) {
	for _, words := range []int{32, 64, 128, 256, 32_768} {
		b.Run(fmt.Sprint(words), func(b *testing.B) {
			left, came := oneDay(b, 250, func(i int) string {
				return written(words, func(j int) string { return "word" + letters((i+j)%80, 3) })
			})
			for b.Loop() {
				matching.Match(left, came, matching.Context{Whole: true})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*250), "ns/row")
		})
	}
}

// A comparison exceeds the limits if a row was cut, or if a row was not compared with all its candidates.
func TestWhatExceedsTheLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		cost matching.Cost
		want bool
	}{
		"nothing":         {matching.Cost{}, false},
		"comparisons":     {matching.Cost{Comparisons: 9, Words: 81}, false},
		"a cut row":       {matching.Cost{CutRows: 1}, true},
		"an unjudged row": {matching.Cost{Unjudged: 1}, true},
		"both":            {matching.Cost{CutRows: 2, Unjudged: 1}, true},
	} {
		if got := tc.cost.ExceedsLimits(); got != tc.want {
			t.Errorf("%s: the limits are exceeded: %t, want %t", name, got, tc.want)
		}
	}
	sum := matching.Cost{Comparisons: 1, Words: 2, CutRows: 3, Unjudged: 4}.Plus(
		matching.Cost{Comparisons: 10, Words: 20, CutRows: 30, Unjudged: 40})
	if want := (matching.Cost{Comparisons: 11, Words: 22, CutRows: 33, Unjudged: 44}); sum != want {
		t.Errorf("the sum of two costs is %+v, want %+v", sum, want)
	}
}

// The cost of a comparison is the product of the words of both rows, with those of the counterparties.
func TestTheCostOfTwoRows(t *testing.T) {
	left := rowsFrom(t, "o", "2026-11-10 P -50 BRL PIX ENVIADO ANA {party=ANA LEAL}")
	came := rowsFrom(t, "n", "2026-11-10 P -50 BRL PIX ENVIADO ANA\n2026-11-10 P -50 BRL PIX RUI")
	cost := matching.Match(left, came, matching.Context{}).Cost
	if want := (matching.Cost{Comparisons: 2, Words: 5*3 + 5*2}); cost != want {
		t.Errorf("%+v, want %+v", cost, want)
	}
}
