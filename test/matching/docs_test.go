package matching_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// example matches a line of the table of worked examples: an old row (removed by the vendor), a new row, and the
// result.
var example = regexp.MustCompile("(?m)^\\| `(\\d{4}-.*)` \\| `(\\d{4}-.*)` \\| (?:`(\\w+)`|none: .*) \\|$")

// exampleRow matches a row in an example: date, status, amount, currency, account amount, text, key.
var exampleRow = regexp.MustCompile(
	`^(\S+) (\w+) (\S+) (\w{3}) (?:\((\S+) (\w{3})\) )?([^{]*?)(?: \{(\w+)=([^}]*)\})?$`)

func TestTheWorkedExamplesHoldTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/matching.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := example.FindAllStringSubmatch(string(page), -1)
	if len(examples) < 10 {
		t.Fatalf("%d examples", len(examples))
	}
	for _, line := range examples {
		oldRow, newRow := parseExample(t, line[1]), parseExample(t, line[2])
		newRow.FirstRead = 1
		var got domain.MatchRule
		for _, match := range domain.MatchRows(domain.MatchInput{
			Old: []domain.MatchRow{oldRow}, New: []domain.MatchRow{newRow},
		}) {
			got = match.Rule
		}
		if string(got) != line[3] {
			t.Errorf("%s\n%s\nmatch by %q, the page says %q", line[1], line[2], got, line[3])
		}
	}
}

func parseExample(t *testing.T, text string) domain.MatchRow {
	t.Helper()
	parts := exampleRow.FindStringSubmatch(text)
	if parts == nil {
		t.Fatalf("no row: %s", text)
	}
	row := newGenerator(0, 0).row(0, 0, parts[3], parts[7]).MatchRow
	row.Date, row.Status, row.Amount = domain.Date(
		parts[1],
	), domain.TransactionStatus(
		parts[2],
	), money(
		parts[3],
		parts[4],
	)
	if parts[5] != "" {
		account := money(parts[5], parts[6])
		row.AccountMoney = &account
	}
	switch parts[8] {
	case "transaction":
		row.Keys.Transaction = parts[9]
	case "reference":
		row.Keys.Reference = parts[9]
	case "instalment":
		of := strings.Fields(parts[9])
		number, _ := strconv.Atoi(of[1])
		count, _ := strconv.Atoi(of[2])
		row.Keys.Instalment = domain.Instalment{
			PurchaseDate: domain.Date(of[0]), Number: number, Count: count, Total: of[3], Card: of[4],
		}
	}
	return row
}
