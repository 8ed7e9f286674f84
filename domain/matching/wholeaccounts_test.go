package matching_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// wholeAccount is a labelled account of testdata/sixth_accounts.txt whose ids all changed.
type wholeAccount struct {
	bank, why  string
	left, came []matching.Row
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
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
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
		parse := func(text, side string) matching.Row {
			row := parseRow(t, date+" P "+amount+" "+currency+" "+text)
			row.ExternalID = fmt.Sprint(side, len(a.movement))
			a.movement[row.ExternalID] = line
			return row
		}
		if kind != "+" {
			a.left = append(a.left, parse(parts[1], "old"))
		}
		if kind != "-" {
			a.came = append(a.came, parse(parts[len(parts)-1], "new"))
		}
	}
	return accounts
}

// TestWholeAccounts matches accounts whose ids all changed. A wrong pair is an error.
func TestWholeAccounts(t *testing.T) {
	for _, a := range loadWholeAccounts(t, "testdata/sixth_accounts.txt") {
		t.Run(a.bank, func(t *testing.T) {
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
			checkShares(t, counts)
		})
	}
}
