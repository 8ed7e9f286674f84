package matching_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// wholeAccount is a labelled account of testdata/sixth_accounts.txt whose ids all changed.
type wholeAccount struct {
	bank, why  string
	left, came []banktext.Row
	// movement maps the id of a row to its movement. Rows of one side that are equal in all relevant values share one
	// movement.
	movement map[string]string
}

// loadWholeAccounts loads accounts from a file. Each line is a movement that both sides list ("="), an old row ("-")
// or a new row ("+").
func loadWholeAccounts(t testing.TB, file string) (accounts []wholeAccount) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	group, grouped := "", 0 // rows that are interchangeable
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if _, err := fmt.Sscanf(line, "# interchangeable: [next %d rows]", &grouped); err == nil {
			group = line + fmt.Sprint(len(accounts))
			continue
		}
		parts := strings.Split(line, " | ")
		kind, dateAmount, _ := strings.Cut(parts[0], " ")
		if line == "" || kind == "#" {
			continue
		}
		if kind == "account" {
			accounts = append(accounts, wholeAccount{bank: parts[1], why: parts[2], movement: map[string]string{}})
			continue
		}
		a := &accounts[len(accounts)-1]
		date, amount, ok := strings.Cut(dateAmount, " ")
		if !ok {
			t.Fatalf("cannot read %q", line)
		}
		currency := "BRL"
		if strings.Contains(a.bank, "MXN") {
			currency = "MXN"
		}
		movement := line
		if grouped > 0 {
			movement, grouped = kind+group, grouped-1
		}
		parse := func(day, text, side string) banktext.Row {
			row := parseRow(t, day+" P "+amount+" "+currency+" "+text)
			row.ExternalID = fmt.Sprint(side, len(a.movement))
			a.movement[row.ExternalID] = movement
			return row
		}
		if kind != "+" {
			a.left = append(a.left, parse(date, parts[1], "old"))
		}
		newDate := date
		if len(parts) > 3 {
			newDate, parts = parts[3], parts[:3]
		}
		if kind != "-" {
			a.came = append(a.came, parse(newDate, parts[len(parts)-1], "new"))
		}
	}
	return accounts
}

// TestWholeAccounts matches accounts whose ids all changed. A wrong pair is an error.
func TestWholeAccounts(t *testing.T) {
	for _, a := range loadWholeAccounts(t, "testdata/sixth_accounts.txt") {
		t.Run(a.bank, func(t *testing.T) { checkShares(t, scoreAccount(t, &a)) })
	}
}

// TestWholeAccountsWithFewerNames matches accounts in which the old or the new texts lack many names. Such rows can
// only be suggested: 60 % of the movements must be kept, and 97 % kept or suggested.
func TestWholeAccountsWithFewerNames(t *testing.T) {
	kept, suggested, all := 0, 0, 0
	accounts := append(loadWholeAccounts(t, "testdata/ninth_accounts.txt"),
		loadWholeAccounts(t, "testdata/tenth_accounts.txt")...)
	for _, a := range accounts {
		t.Run(a.bank, func(t *testing.T) {
			same := scoreAccount(t, &a)["same"]
			kept, suggested = kept+same["kept"], suggested+same["suggested"]
			all += same["kept"] + same["suggested"] + same["apart"]
		})
	}
	if kept*100 < all*60 || (kept+suggested)*100 < all*97 {
		t.Errorf("same pairs: %d kept and %d suggested of %d", kept, suggested, all)
	}
}

func scoreAccount(t *testing.T, a *wholeAccount) tally {
	t.Helper()
	result := matching.Match(a.left, a.came, matching.Context{Whole: true})
	counts := tally{}
	texts := map[string]string{}
	decided := map[string]string{}
	for _, row := range append(a.left, a.came...) {
		texts[row.ExternalID] = row.Description
	}
	for _, s := range result.Suggestions {
		if a.movement[s.Old] == a.movement[s.New] {
			decided[s.Old] = "suggested"
		}
	}
	for _, pair := range result.Pairs {
		if a.movement[pair.Old] == a.movement[pair.New] {
			decided[pair.Old] = "kept"
			continue
		}
		counts.add("other", "kept")
		t.Errorf("wrong same: %s\n  %s\n  %s", a.bank, texts[pair.Old], texts[pair.New])
	}
	for _, row := range a.left {
		line := a.movement[row.ExternalID]
		if !strings.HasPrefix(line, "=") {
			continue
		}
		verdict := decided[row.ExternalID]
		if verdict == "" {
			verdict = "apart"
		}
		counts.add("same", verdict)
		if verdict != "kept" {
			t.Logf("missed (%s): %s", verdict, line)
		}
	}
	t.Log(counts)
	return counts
}

// TestSmallAccounts matches the accounts of testdata/small_accounts.txt. Each has exactly its pairs, and as many
// suggestions as its head says.
func TestSmallAccounts(t *testing.T) {
	data, err := os.ReadFile("testdata/small_accounts.txt")
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.SplitSeq(string(data), "\naccount | ") {
		head, lines, _ := strings.Cut(text, "\n")
		if strings.HasPrefix(head, "#") {
			continue
		}
		parts := strings.Split(head, " | ")
		var left, came, want []string
		for line := range strings.Lines(lines) {
			kind, rows, _ := strings.Cut(strings.TrimSpace(line), " ")
			oldRow, newRow, _ := strings.Cut(rows, " | ")
			switch kind {
			case "=":
				left, came = append(left, oldRow), append(came, newRow)
				want = append(want, fmt.Sprintf("o%dn%d", len(left), len(came)))
			case "-":
				left = append(left, rows)
			case "+":
				came = append(came, rows)
			}
		}
		result := matching.Match(rowsFrom(t, "o", strings.Join(left, "\n")), rowsFrom(t, "n", strings.Join(came, "\n")),
			matching.Context{Whole: parts[0] == "whole"})
		var got []string
		for _, pair := range result.Pairs {
			got = append(got, pair.Old+pair.New)
		}
		if !slices.Equal(got, want) || fmt.Sprint(len(result.Suggestions)) != parts[1] {
			t.Errorf("%s: the pairs are %v, want %v; %d suggestions, want %s", parts[2], got, want,
				len(result.Suggestions), parts[1])
		}
	}
}

// TestRewrittenTexts matches an account whose texts another connector has rewritten. Six taxes have a day and an amount
// of their own. They teach how their text was rewritten, which decides about two more of one day and amount. The text
// of the transfer was rewritten only once, so it is only suggested. The folio of the last deposit is another one.
func TestRewrittenTexts(t *testing.T) {
	var left, came []banktext.Row
	add := func(id, day, amount, oldText, newText string) {
		o := parseRow(t, "2026-11-"+day+" P "+amount+" COP "+oldText)
		n := parseRow(t, "2026-11-"+day+" P "+amount+" COP "+newText)
		o.ExternalID, n.ExternalID = "o"+id, "n"+id
		left, came = append(left, o), append(came, n)
	}
	const before, after = "IMPTO GOBIERNO 4X1000", "Gravamen a los movimientos financieros 4x1000"
	for i := range 6 {
		add(fmt.Sprint(i), fmt.Sprintf("%02d", 10+i), fmt.Sprintf("-1%d.00", i), before, after)
	}
	add("x", "20", "-12.00", before, after)
	add("y", "20", "-12.00", before, after)
	add("z", "21", "900.00", "TRANSFERENCIA CTA SUC VIRTUAL", "Transferencia a cuenta Bancolombia por sucursal virtual")
	for i := range 3 {
		number := fmt.Sprint(31820 + 7*i)
		add(fmt.Sprint("d", i), fmt.Sprint(22+i), fmt.Sprintf("%d.00", 500+i), "DEP.EFECTIVO SUC 0417 FOLIO "+number,
			"Deposito en sucursal 0417 folio "+map[bool]string{true: "31999", false: number}[i == 2])
	}
	kept := map[string]string{}
	for _, pair := range matching.Match(left, came, matching.Context{Whole: true}).Pairs {
		kept[pair.Old] = pair.New
	}
	for i := range 6 {
		if id := fmt.Sprint(i); kept["o"+id] != "n"+id {
			t.Errorf("tax %d: %q", i, kept["o"+id])
		}
	}
	if len(kept["ox"]+kept["oy"]) != 4 || kept["ox"] == kept["oy"] {
		t.Errorf("two equal taxes: %q, %q", kept["ox"], kept["oy"])
	}
	if kept["oz"] != "" || kept["od2"] != "" {
		t.Errorf("a text that was rewritten once: %q; another folio: %q", kept["oz"], kept["od2"])
	}
}

// rewritten matches a whole account of ten transfers that keep their texts, and further rows: pairs of an old and a new
// row, each "day amount text". It returns how many of the further pairs are right, and how many pairs are wrong.
func rewritten(t *testing.T, further ...[2]string) (right, wrong int) {
	further = slices.Clone(further)
	t.Helper()
	var left, came []banktext.Row
	for i := range 10 {
		further = append(further, [2]string{
			fmt.Sprintf("2026-11-%02d -2%d.37 SPEI ENVIADO VERA LUZ", 11+i%5, i),
			fmt.Sprintf("2026-11-%02d -2%d.37 Transferencia SPEI a Vera Luz", 11+i%5, i),
		})
	}
	for i, pair := range further {
		for side, rows := range []*[]banktext.Row{&left, &came} {
			if pair[side] == "" {
				continue
			}
			parts := strings.SplitN(pair[side], " ", 3)
			row := parseRow(t, parts[0]+" P "+parts[1]+" MXN "+parts[2])
			row.ExternalID = fmt.Sprintf("%d", 2*i+side)
			*rows = append(*rows, row)
		}
	}
	for _, pair := range matching.Match(left, came, matching.Context{Whole: true}).Pairs {
		o, n := banktext.Atoi(pair.Old)/2, banktext.Atoi(pair.New)/2
		switch {
		case o == n && o < len(further)-10:
			right++
		case o != n && further[o] != further[n]:
			wrong++
		}
	}
	return right, wrong
}

// Fees of one price and one text teach how it was rewritten, if k of them became k on several days. One day alone
// teaches nothing.
func TestEqualRowsTeachHowTheyWereRewritten(t *testing.T) {
	fee := func(day int) [2]string {
		return [2]string{
			fmt.Sprintf("2026-11-%d -5.00 COM SPEI BANCA EN LINEA", day),
			fmt.Sprintf("2026-11-%d -5.00 Bank commission", day),
		}
	}
	if right, wrong := rewritten(t, fee(11), fee(11), fee(12), fee(12)); right+wrong != 4 {
		t.Errorf("two fees on each of two days: %d right, %d wrong", right, wrong)
	}
	if right, wrong := rewritten(t, fee(11), fee(11), fee(11), fee(11)); right+wrong != 0 {
		t.Errorf("four fees of one day: %d right, %d wrong", right, wrong)
	}
	lost := [2]string{fee(13)[0], ""}
	if _, wrong := rewritten(t, fee(11), fee(11), fee(12), fee(12), fee(13), lost); wrong != 0 {
		t.Errorf("a fee was lost: %d wrong", wrong)
	}
}

// A connector puts a category before each name. It is learned from several names; the name must be in both texts.
func TestCategoriesBeforeNames(t *testing.T) {
	groceries := [][2]string{
		{"2026-11-11 -811.20 SORIANA HIPER 0220", "2026-11-11 -811.20 Groceries - Soriana"},
		{"2026-11-12 -977.21 BODEGA AURRERA 3390", "2026-11-12 -977.21 Groceries - Aurrera"},
		{"2026-11-13 -402.00 CHEDRAUI SELECTO 11", "2026-11-13 -402.00 Groceries - Chedraui"},
	}
	if right, wrong := rewritten(t, groceries...); right != 3 || wrong != 0 {
		t.Errorf("%d right, %d wrong", right, wrong)
	}
	if right, wrong := rewritten(t, groceries[:1]...); right+wrong != 0 {
		t.Errorf("one category: %d right, %d wrong", right, wrong)
	}
	other := [2]string{"2026-11-12 -150.00 CINEPOLIS GALERIAS VALLE",
		"2026-11-12 -150.00 CINEMEX GALERIAS MONTERREY MX"}
	if right, wrong := rewritten(t, append(groceries, other)...); right != 3 || wrong != 0 {
		t.Errorf("two cinemas of one mall: %d right, %d wrong", right, wrong)
	}
}

// If no row of an operation keeps its words, rows that only share a name teach that those of a weekend move to Monday.
func TestRenamedRowsTeachHowDatesMove(t *testing.T) {
	var rows [][2]string
	for i, day := range []int{11, 12, 13, 14, 15, 18, 19} { // the 14th is a Saturday
		booked := day
		if day == 14 || day == 15 {
			booked = 16
		}
		rows = append(rows, [2]string{
			fmt.Sprintf("2026-11-%d -6%d.40 OXXO CHAPALITA", day, i),
			fmt.Sprintf("2026-11-%d -6%d.40 Convenience store - Oxxo", booked, i),
		})
	}
	if right, wrong := rewritten(t, rows...); right != 7 || wrong != 0 {
		t.Errorf("%d right, %d wrong", right, wrong)
	}
}

// A purchase whose day both rows state may be listed on whatever day, also in an account whose rows move by one day.
func TestTheDayOfAPurchaseOutweighsTheDaysOfAnAccount(t *testing.T) {
	var left, came []banktext.Row
	for i := range 12 {
		o := parseRow(t, fmt.Sprintf("2026-11-%02d P -%d.37 BRL EC *LOJA%cAURORA", 2+i%3, 60+i, 'A'+i))
		n := parseRow(t, fmt.Sprintf("2026-11-%02d P -%d.37 BRL Loja%caurora", 3+i%3, 60+i, 'A'+i))
		if i == 0 {
			n.Date = "2026-11-05"
			o.Keys.Instalment.PurchaseDate, n.Keys.Instalment.PurchaseDate = o.Date, o.Date
		}
		o.ExternalID, n.ExternalID = fmt.Sprint("o", i), fmt.Sprint("n", i)
		left, came = append(left, o), append(came, n)
	}
	if pairs := matching.Match(left, came, matching.Context{Whole: true}).Pairs; len(pairs) != len(left) {
		t.Errorf("%d pairs, want %d", len(pairs), len(left))
	}
	left[0].Keys.Instalment.PurchaseDate = "2026-11-01"
	if pairs := matching.Match(left, came, matching.Context{Whole: true}).Pairs; len(pairs) != len(left)-1 {
		t.Errorf("another day of purchase: %d pairs, want %d", len(pairs), len(left)-1)
	}
}

// TestMovedDates matches an account in which another connector dates card purchases on the next banking day, and
// shortens their texts. The days of purchases with one possible partner teach it. Coffees of one price on three days
// are then paired with those one banking day later, although two of the days are on both sides. Transfers keep their
// days.
func TestMovedDates(t *testing.T) {
	var left, came []banktext.Row
	add := func(id, oldRow, newRow string) {
		o, n := parseRow(t, oldRow), parseRow(t, newRow)
		o.ExternalID, n.ExternalID = "o"+id, "n"+id
		left, came = append(left, o), append(came, n)
	}
	days := []string{
		"11",
		"12",
		"13",
		"14",
		"18",
		"19",
		"20",
	} // of November; the 14th is a Saturday, the 20th a holiday
	posted := []string{"12", "13", "16", "16", "19", "23", "23"}
	for i, day := range days {
		add(fmt.Sprint("p", i), fmt.Sprintf("2026-11-%s P -%d.37 BRL COMPRA CARTAO MERCADO AURORA SP BRA", day, 60+i),
			fmt.Sprintf("2026-11-%s P -%d.37 BRL COMPRA CARTAO MERCADO AURORA", posted[i], 60+i))
		add(fmt.Sprint("t", i), fmt.Sprintf("2026-11-%s P -%d.00 BRL PIX ENVIADO VERA LUZ", day, 200+i),
			fmt.Sprintf("2026-11-%s P -%d.00 BRL Pix - Vera Luz", day, 200+i))
	}
	for i := range 3 {
		add(fmt.Sprint("c", i), fmt.Sprintf("2026-11-%d P -6.50 BRL COMPRA CARTAO CAFE LUA SP BRA", 10+i),
			fmt.Sprintf("2026-11-%d P -6.50 BRL COMPRA CARTAO CAFE LUA", 11+i))
	}
	pairs := matching.Match(left, came, matching.Context{Whole: true}).Pairs
	for _, pair := range pairs {
		if pair.Old[1:] != pair.New[1:] {
			t.Errorf("%s continues as %s", pair.Old, pair.New)
		}
	}
	if len(pairs) != len(left) {
		t.Errorf("%d pairs, want %d", len(pairs), len(left))
	}
}

// TestARowOfWhichTheAccountTeachesNothing matches an account whose evening rows are dated a day later. A row of the
// afternoon, of which no other row teaches the day, continues as the row of the next day that names the same, unless
// its own day has such a row. Rows that name nobody are at most suggested.
func TestARowOfWhichTheAccountTeachesNothing(t *testing.T) {
	row := func(id, day, text string, at time.Time) banktext.Row {
		r := parseRow(t, "2026-11-"+day+" P -63.37 BRL "+text)
		r.ExternalID, r.OccurredAt = id, at
		return r
	}
	afternoon := time.Date(2026, 11, 17, 18, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		days []string // of the new rows
		want string
	}{
		"one row of the next day":       {"LIVRARIA AURORA", []string{"18"}, "18"},
		"a row of each day":             {"LIVRARIA AURORA", []string{"17", "18"}, "17"},
		"a day that no row has taught":  {"LIVRARIA AURORA", []string{"19"}, ""},
		"the rows name nobody":          {"PIX ENVIADO", []string{"18"}, ""},
		"the own day, which names none": {"PIX ENVIADO", []string{"17"}, "17"},
	} {
		var left, came []banktext.Row
		for i := range 10 {
			text := fmt.Sprintf("COMPRA CARTAO LOJA %c%c", 'A'+i, 'K'+i)
			o, n := parseRow(t, fmt.Sprintf("2026-11-%d P -%d.41 BRL %s", 9+i%4, 70+i, text)),
				parseRow(t, fmt.Sprintf("2026-11-%d P -%d.41 BRL %s", 10+i%4, 70+i, text))
			o.ExternalID, n.ExternalID = fmt.Sprint("o", i), fmt.Sprint("n", i)
			o.OccurredAt = time.Date(2026, 11, 10+i%4, 1, 0, 0, 0, time.UTC)
			n.OccurredAt = o.OccurredAt
			left, came = append(left, o), append(came, n)
		}
		left = append(left, row("old", "17", c.text, afternoon))
		for _, day := range c.days {
			came = append(came, row(day, day, c.text, time.Time{})) // some connectors state no times
		}
		got := ""
		for _, pair := range matching.Match(left, came, matching.Context{Whole: true}).Pairs {
			if pair.Old == "old" {
				got = pair.New
			} else if pair.Old[1:] != pair.New[1:] {
				t.Errorf("%s: %s continues as %s", name, pair.Old, pair.New)
			}
		}
		if got != c.want {
			t.Errorf("%s: the row continues as %q, want %q", name, got, c.want)
		}
	}
}

// A row that names somebody, and a row of its day and amount that names nobody, are a pair only if the account shows
// that nearly no rows left and came.
func TestARowWithoutANameIsPairedIfNoneLeft(t *testing.T) {
	for gone, pairs := range map[int]int{0: 12, 4: 8} {
		var left, came []banktext.Row
		for i := range 12 {
			o := parseRow(t, fmt.Sprintf("2026-11-%02d P -%d.00 BRL PIX ENVIADO PESSOA%c SILVA", 10+i, 20+i, 'A'+i))
			n := parseRow(t, fmt.Sprintf("2026-11-%02d P -%d.00 BRL PIX ENVIADO PESSOA%c SILVA", 10+i, 20+i, 'A'+i))
			switch {
			case i < gone:
				n.Amount = parseMoney(t, fmt.Sprint("-7", i), "BRL")
			case i > 9:
				n.Description = "PIX ENVIADO"
			}
			o.ExternalID, n.ExternalID = fmt.Sprint("o", i), fmt.Sprint("n", i)
			left, came = append(left, o), append(came, n)
		}
		want := pairs
		if gone > 0 {
			want -= 2
		}
		if got := len(matching.Match(left, came, matching.Context{Whole: true}).Pairs); got != want {
			t.Errorf("%d rows left, and as many came: %d pairs, want %d", gone, got, want)
		}
	}
}

// Many rows of one account, all rewritten and moved, cost time in proportion to their number.
func TestARewrittenAccountOfManyRows(t *testing.T) {
	const rows = 10_000
	left, came := night(t, rows, func(i int) string { return "PIX ENVIADO " + person(i) },
		func(i int) string { return fmt.Sprintf("-%d.%02d", 10+i%300, i%7) })
	for i := range came {
		came[i].Description = strings.Replace(came[i].Description, "PIX ENVIADO ", "Transferencia enviada - ", 1)
	}
	result := matching.Match(left, came, matching.Context{Whole: true})
	if len(result.Pairs) < rows*95/100 || result.Cost.Words > rows*matching.MaxRowWords {
		t.Errorf("%d pairs, %d pairs of words", len(result.Pairs), result.Cost.Words)
	}
}
