package matching_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// TestDocumentedTable checks that docs/internals/matching.md shows each line of Table, in its order, and judges its
// examples.
func TestDocumentedTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/internals/matching.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| line | old row | new row | verdict |\n")
	var lines []string
	for text := range strings.Lines(table) {
		if !strings.HasPrefix(text, "| ") {
			if strings.HasPrefix(text, "|---") {
				continue
			}
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(text), "|"), " | ")
		name := strings.TrimSpace(cells[0])
		lines = append(lines, name)
		checkExample(t, name, rowsOf(t, "old", cells[1]), rowsOf(t, "new", cells[2]), strings.TrimSpace(cells[3]))
	}
	var want []string
	for _, line := range matching.Table {
		want = append(want, line.Name)
	}
	if !slices.Equal(lines, want) {
		t.Errorf("lines of the page:\n%s\nlines of Table:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func rowsOf(t *testing.T, id, cell string) (rows []banktext.Row) {
	t.Helper()
	for i, text := range strings.Split(cell, "<br>") {
		row := parseRow(t, strings.Trim(text, "` "))
		row.ExternalID = id + strings.Repeat("x", i)
		rows = append(rows, row)
	}
	return rows
}

func checkExample(t *testing.T, name string, left, came []banktext.Row, verdict string) {
	t.Helper()
	result := matching.Match(left, came, matching.Context{})
	decided := "other"
	if len(result.Pairs) > 0 {
		decided = "same"
	} else if len(result.Suggestions) > 0 {
		decided = "possible"
	}
	if decided != verdict {
		t.Errorf("%s: %s, want %s", name, decided, verdict)
	}
	if len(left)+len(came) > 2 {
		return // the line depends on the other rows of the account
	}
	if line := matching.LineOf(
		left[0],
		came[0],
		matching.Context{},
	); line.Name != name ||
		string(line.Verdict) != verdict {
		t.Errorf("%s: the line %q decides: %s", name, line.Name, line.Verdict)
	}
}
