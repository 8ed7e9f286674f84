package books_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// pageTable finds the lines of docs/reconcile.md that match the pattern, and returns the submatches of each line. It
// fails the test if the document has more or fewer such lines than expected.
func pageTable(t *testing.T, pattern string, lines int) [][]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/reconcile.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(page), "−", "-")
	found := regexp.MustCompile("(?m)^"+pattern+"$").FindAllStringSubmatch(text, -1)
	if len(found) != lines {
		t.Fatalf("%d lines, want %d", len(found), lines)
	}
	return found
}

// differenceIn returns the number after the word "difference" in a table cell, or "0" if there is none.
func differenceIn(cell string) string {
	if found := regexp.MustCompile(`difference (-?[\d.]+)`).FindStringSubmatch(cell); found != nil {
		return strings.TrimRight(found[1], ".")
	}
	return "0"
}

func TestTheAnchorsOfTheDocumentationAreRight(t *testing.T) {
	const number = `([\d.]+)[^|]*`
	var c books.Completeness
	for i, line := range pageTable(t, `\| (\d) \| `+number+`\| `+number+`\| `+number+`\| ([^|]*) \|`, 3) {
		at := hour(24 * i)
		c = c.After(reading(c, at, line[2], ledgerRow{"2026-03-01", line[3], at, false}))
		anchor, _ := c.Last.Anchor()
		got := c.Results(at, grace)[0]
		if anchor.StringFixed(2) != line[4] || got.Difference().String() != differenceIn(line[5]) {
			t.Errorf(
				"day %s: anchor %s, difference %s; the page says %s, %s",
				line[1],
				anchor,
				got.Difference(),
				line[4],
				line[5],
			)
		}
	}
	if _, since := c.State(hour(48).Add(grace), grace); !since.Equal(hour(48)) {
		t.Errorf("the difference of the third day is a drift since %v", since)
	}
}

func TestTheGapOfTheDocumentationIsFound(t *testing.T) {
	var rows []books.ChainRow
	gap := ""
	for i, line := range pageTable(t, `\| ([ABC]) \| (\S+) \| (\S+) \| [^|]*\| ?([^|]*)\|`, 3) {
		balance := decimal.RequireFromString(line[3])
		rows = append(rows, books.ChainRow{
			ID: domain.TransactionID{
				UUID: uuid.UUID{15: line[1][0]},
			},
			Date:           "2026-03-01",
			Amount:         decimal.RequireFromString(line[2]),
			RunningBalance: books.RunningBalance{Order: i, Balance: &balance},
		})
		gap += strings.TrimSpace(line[4])
	}
	gaps := books.CheckRunningBalances(rows).Gaps
	if len(gaps) != 1 {
		t.Fatalf("%d gaps", len(gaps))
	}
	missing := gaps[0].Actual.Sub(gaps[0].Expected).StringFixed(2)
	between := string(rune(gaps[0].Before.UUID[15])) + " and " + string(rune(gaps[0].After.UUID[15]))
	if want := "fitsa gap of " + missing + " between " + between; gap != want {
		t.Errorf("the page says %q, want %q", gap, want)
	}
}

func TestTheAnnouncedCountsOfTheDocumentationAreCompared(t *testing.T) {
	var c books.Completeness
	var open int
	for i, line := range pageTable(t, `\| ([^|]*) \| (\d) \| (\d) \| ([^|]*) \|`, 3) {
		expected, _ := strconv.Atoi(line[2])
		actual, _ := strconv.Atoi(line[3])
		if open == 0 {
			c = c.Announce("a", []domain.AnnouncedCount{{From: hour(i), Count: expected}})
		}
		at := hour(i)
		c = c.Count(at, []int{actual})
		open = len(c.Announced)
		results := c.Results(at, grace)
		if got := results[len(results)-1]; got.Difference().String() != differenceIn(line[4]) {
			t.Errorf("%s: difference %s, the page says %s", line[1], got.Difference(), line[4])
		}
		later := at.Add(grace + time.Second)
		results = c.Results(later, grace)
		if state := string(results[len(results)-1].State); !strings.Contains(line[4], "`"+state+"`") {
			t.Errorf("%s: %s, the page says %s", line[1], state, line[4])
		}
	}
}
