package matching_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// labelledPair is a line of testdata/holdout.txt.
type labelledPair struct {
	verdict, bank, why string
	oldRow, newRow     banktext.Row
}

func loadPairs(t testing.TB, file string) (pairs []labelledPair) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		parts := strings.Split(strings.TrimSpace(line), " | ")
		if len(parts) != 5 {
			t.Fatalf("%d parts, want 5: %s", len(parts), line)
		}
		pair := labelledPair{
			verdict: parts[0],
			bank:    parts[1],
			why:     parts[4],
			oldRow:  parseRow(t, parts[2]),
			newRow:  parseRow(t, parts[3]),
		}
		pair.oldRow.ExternalID, pair.newRow.ExternalID = "old", "new"
		pairs = append(pairs, pair)
	}
	return pairs
}

// parseRow parses a row such as "2026-11-10 P -50 BRL PIX ENVIADO {ref=R1; card=1111}".
func parseRow(t testing.TB, text string) banktext.Row {
	t.Helper()
	text, members, _ := strings.Cut(strings.TrimSuffix(text, "}"), "{")
	parts := strings.SplitN(strings.TrimSpace(text), " ", 5)
	if len(parts) != 5 {
		t.Fatalf("cannot read the row %q", text)
	}
	date, clock, timed := strings.Cut(parts[0], "T")
	row := banktext.Row{
		Account: account, Date: domain.Date(date), Amount: parseMoney(t, parts[2], parts[3]), Status: domain.Posted,
		Description: strings.TrimSpace(parts[4]), ExternalID: text + members,
	}
	if timed {
		at, err := time.Parse("2006-01-02T15:04", date+"T"+clock)
		if err != nil {
			t.Fatal(err)
		}
		row.OccurredAt = at
	}
	if parts[1] == "p" {
		row.Status = domain.Pending
	}
	for member := range strings.SplitSeq(members, ";") {
		if name, value, ok := strings.Cut(strings.TrimSpace(member), "="); ok {
			setMember(t, &row, name, value)
		}
	}
	return row
}

func parseMoney(t testing.TB, amount, currency string) domain.Money {
	t.Helper()
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// setMember sets a member of the row by its short name, such as "ref" or "card".
func setMember(t testing.TB, row *banktext.Row, name, value string) {
	t.Helper()
	texts := map[string]*string{
		"id": &row.Keys.Transaction, "auth": &row.Keys.Authentication, "ref": &row.Keys.Reference,
		"rref": &row.Keys.ReceiverReference, "card": &row.Keys.Instalment.Card, "total": &row.Keys.Instalment.Total,
		"code": &row.Code, "party": &row.Counterparty.Name, "doc": &row.Counterparty.Document,
		"acct": &row.Counterparty.Account, "reason": &row.Reason, "op": &row.VendorOperation,
		"raw": &row.RawDescription, "link": &row.Link, "bar": &row.Keys.Barcode, "balance": &row.Balance,
	}
	switch field := texts[name]; {
	case field != nil:
		*field = value
	case name == "bought":
		day, clock, timed := strings.Cut(value, "T")
		row.Keys.Instalment.PurchaseDate = domain.Date(day)
		if timed {
			clock = (clock + ":00")[:len("15:04:05")]
			row.PurchasedAt, _ = time.Parse("2006-01-02T15:04:05", day+"T"+clock)
		}
	case name == "learned":
		row.LearnedAt, _ = time.Parse(time.DateOnly, value)
	case name == "reads":
		for number := range strings.SplitSeq(value, ",") {
			row.Reads = append(row.Reads, uint64(number[0]-'0'))
		}
	case name == "local":
		amount, currency, _ := strings.Cut(value, " ")
		converted := parseMoney(t, amount, currency)
		row.AccountAmount = &converted
	default:
		t.Fatalf("unknown member %q", name)
	}
}

// pairFiles are the files with labelled pairs.
var pairFiles = []string{
	"holdout", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
	"lookalikes", "traps", "limits",
}

// TestPairs matches each labelled pair as if it were the only change of its account. The pairs in holdout.txt, and in
// the files that are named by an ordinal number (second.txt), were written before the matching was first applied to
// them.
func TestPairs(t *testing.T) {
	for _, file := range pairFiles {
		t.Run(file, func(t *testing.T) {
			scorePairs(t, loadPairs(t, "testdata/"+file+".txt"), file == "traps" || file == "limits")
		})
	}
}

// scorePairs compares the decisions of Match with the labels. If exact is set, each pair must be decided as its label
// says: "same" pairs are kept, "open" pairs are suggested, and "other" pairs are neither.
func scorePairs(t *testing.T, pairs []labelledPair, exact bool) {
	t.Helper()
	counts := tally{}
	for _, pair := range pairs {
		result := matching.Match([]banktext.Row{pair.oldRow}, []banktext.Row{pair.newRow}, matching.Context{})
		decided := "apart"
		if len(result.Pairs) > 0 {
			decided = "kept"
		} else if len(result.Suggestions) > 0 {
			decided = "suggested"
		}
		counts.add(pair.verdict, decided)
		want := map[string]string{"same": "kept", "open": "suggested", "other": "apart"}[pair.verdict]
		if exact && decided != want {
			t.Errorf("%s, want %s (%s): %s\n  %s\n  %s", decided, want, pair.bank, pair.why, pair.oldRow.Description,
				pair.newRow.Description)
		}
		if decided == "kept" && pair.verdict != "same" {
			t.Errorf("wrong same (%s, %s): %s\n  %s\n  %s", pair.verdict, pair.bank, pair.why, pair.oldRow.Description,
				pair.newRow.Description)
		}
		if decided != "kept" && pair.verdict == "same" {
			t.Logf("missed (%s, %s): %s\n  %s\n  %s", decided, pair.bank, pair.why, pair.oldRow.Description,
				pair.newRow.Description)
		}
	}
	t.Log(counts)
	checkShares(t, counts)
}
