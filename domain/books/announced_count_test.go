package books_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// counts formats the completeness state and the result of the announced-count check.
func counts(c books.Completeness, now time.Time) string {
	c = confirmed(c)
	state, _ := c.State(now, grace)
	results := c.Results(now, grace)
	last := results[len(results)-1]
	if last.Check != books.CheckAnnouncedCount {
		return fmt.Sprint(state, " not counted")
	}
	return fmt.Sprint(state, " ", last.Expected, " ", last.Actual, " ", last.Difference(), " ", last.State)
}

// announced returns an announced count for the account "a". The vendor created the first of the announced rows at
// firstReading plus the delay.
func announced(count int, delay time.Duration) domain.AnnouncedCount {
	return domain.AnnouncedCount{Account: "a", From: firstReading.Add(delay), Count: count}
}

func TestFewerRowsThanAnnouncedAreADriftUntilTheyAreRead(t *testing.T) {
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	var c books.Completeness
	c = c.After(reading(c, firstReading, "1100", row))
	if got := counts(c, firstReading); got != "complete not counted" {
		t.Error(got)
	}
	for _, step := range []struct {
		name     string
		announce []domain.AnnouncedCount
		read     []int // the argument rowCounts of Completeness.Count
		after    int
		want     string
	}{
		{"as many", []domain.AnnouncedCount{announced(3, 0)}, []int{3}, 1, "complete 3 3 0 complete"},
		{"more", []domain.AnnouncedCount{announced(3, 1)}, []int{5}, 2, "complete 3 5 2 complete"},
		{"fewer", []domain.AnnouncedCount{announced(4, 2)}, []int{3}, 3, "complete 4 3 -1 complete"},
		{"the same event again", []domain.AnnouncedCount{announced(4, 2)}, []int{3}, 4, "complete 4 3 -1 complete"},
		{"other rows", []domain.AnnouncedCount{announced(2, 4)}, []int{3, 2}, 50, "complete 4 3 -1 complete"},
		{"after the grace period", nil, []int{3}, 51, "drifting 4 3 -1 drifting"},
		{"a count of another account", []domain.AnnouncedCount{{Account: "b", Count: 9}}, []int{3}, 52,
			"drifting 4 3 -1 drifting"},
		{"the row is read", nil, []int{4}, 53, "complete 4 4 0 complete"},
		{"two counts are missed", []domain.AnnouncedCount{announced(7, 53), announced(8, 53)}, []int{6, 6}, 54,
			"complete 7 6 -1 complete"},
		{"the first of them is reached", nil, []int{7, 7}, 55, "complete 8 7 -1 complete"},
		{"the drift began with the first one", nil, []int{7}, 102, "drifting 8 7 -1 drifting"},
	} {
		at := hour(step.after)
		c = c.Announce("a", step.announce)
		if len(c.Announced) != len(step.read) {
			t.Fatalf("%s: %d counts wait", step.name, len(c.Announced))
		}
		c = c.After(reading(c, at, "1100", row)).Count(at, step.read)
		if got := counts(c, at); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
		if step.name == "the row is read" {
			if _, since := confirmed(c).State(at, grace); !since.Equal(at) {
				t.Errorf("complete since %v, want the end of the drift", since)
			}
		}
	}
	later := firstReading.Add(103 * time.Hour)
	c, err := c.Accept("the vendor has corrected its number", later)
	if got := counts(c, later); err != nil || got != "complete not counted" || len(c.Announced) != 0 {
		t.Error("after it was accepted:", got, err)
	}
}

func TestAMissedCountIsADriftWithoutABalance(t *testing.T) {
	at := firstReading
	invoice := books.NewAccountSum(books.VendorBalance{Missing: books.BasisInvoice}, nil, at).Reading(false, nil)
	c := books.Completeness{}.After(invoice).Announce("a", []domain.AnnouncedCount{{Count: 2}, {Count: 3}})
	reached := c.Count(at, []int{3, 3})
	if got := counts(reached, at); got != "unknown 3 3 0 complete" {
		t.Errorf("a count that was reached says nothing about the amounts: %s", got)
	}
	if _, err := reached.Accept("x", at); !isCode(err, domain.NoAnchor) {
		t.Errorf("there is nothing to accept: %v", err)
	}
	c = c.Count(at, []int{2, 2})
	later := at.Add(grace)
	if got := counts(c, later); got != "drifting 3 2 -1 drifting" {
		t.Error(got)
	}
	if got := counts(c.Count(later, []int{3}), later); got != "unknown 3 3 0 complete" {
		t.Errorf("the end of the drift is not seen: %s", got)
	}
	accepted, err := c.Accept("x", later)
	if got := counts(accepted, later); err != nil || got != "unknown not counted" {
		t.Error(got, err)
	}
}

// The anchor is the balance minus the sum of the records. A difference in the anchor must not be reported while the
// balance of the account is not known.
func TestADriftOfTheAnchorEndsWithItsBasis(t *testing.T) {
	row := ledgerRow{"2026-03-01", "100", firstReading, false}
	var c books.Completeness
	c = c.After(reading(c, firstReading, "1100", row))
	c = c.After(reading(c, firstReading.Add(time.Hour), "900", row))
	missing := books.NewAccountSum(books.VendorBalance{Missing: books.BasisNoBalance}, c.Baseline, firstReading)
	c = c.After(missing.Reading(false, nil))
	if state, _ := c.State(firstReading.Add(100*time.Hour), grace); state != books.CompletenessUnknown {
		t.Error(state)
	}
	if !c.DriftSince().IsZero() {
		t.Errorf("the connection would drift since %v", c.DriftSince())
	}
}

func TestScopesKeepTheNewestAnnouncedCounts(t *testing.T) {
	scopes := []domain.PullScope{{Everything: true}}
	for i := range 2 * domain.MaxAnnounced {
		scopes = append(scopes, domain.PullScope{Announced: []domain.AnnouncedCount{announced(i/2+1, 0)}})
	}
	if got := domain.MergeScopes(scopes).Announced; len(got) != domain.MaxAnnounced ||
		!cmp.Equal(got[domain.MaxAnnounced-1], announced(domain.MaxAnnounced, 0)) {
		t.Errorf("%d counts, each once: %v", len(got), got)
	}
	more := append(scopes, domain.PullScope{Announced: []domain.AnnouncedCount{announced(7, time.Hour)}})
	if got := domain.MergeScopes(more).Announced; len(got) != domain.MaxAnnounced ||
		!cmp.Equal(got[0], announced(2, 0)) || !cmp.Equal(got[domain.MaxAnnounced-1], announced(7, time.Hour)) {
		t.Errorf("the oldest one is not left out: %v", got)
	}
}

func TestAnnouncedCountsOfAWebhookAreBounded(t *testing.T) {
	for count, want := range map[int]bool{
		-1: false, 0: false, 1: true, domain.MaxAnnouncedRows: true, domain.MaxAnnouncedRows + 1: false,
	} {
		if got := (domain.AnnouncedCount{Count: count}).Valid(); got != want {
			t.Errorf("%d: %v", count, got)
		}
	}
}

func TestRowsOfATransactionThatAnAnnouncedCountContains(t *testing.T) {
	at := func(minutes int) time.Time { return firstReading.Add(time.Duration(minutes) * time.Minute) }
	past := []domain.Superseded{{At: at(100)}, {At: at(200)}}
	superseded := domain.TransactionID{UUID: [16]byte{1}}
	for name, tc := range map[string]struct {
		t             domain.Transaction
		from, created time.Time
		want          int
	}{
		"seen before":                    {domain.Transaction{FirstSeenAt: at(0)}, at(6), time.Time{}, 0},
		"seen by a clock that is late":   {domain.Transaction{FirstSeenAt: at(0)}, at(5), time.Time{}, 1},
		"created at that time":           {domain.Transaction{FirstSeenAt: at(9)}, at(5), at(5), 1},
		"created before, and seen later": {domain.Transaction{FirstSeenAt: at(9)}, at(5), at(4), 0},
		"all rows": {
			domain.Transaction{FirstSeenAt: at(0), Supersedes: past}, time.Time{}, at(0), 3,
		},
		"rows that continued it": {
			domain.Transaction{FirstSeenAt: at(0), Supersedes: past}, at(100), time.Time{}, 2,
		},
		"the last one was created before": {
			domain.Transaction{FirstSeenAt: at(0), Supersedes: past}, at(100), at(99), 1,
		},
		"the row is one of another record": {
			domain.Transaction{FirstSeenAt: at(9), SupersededBy: superseded}, at(5), at(5), 0,
		},
	} {
		if got := (domain.AnnouncedCount{From: tc.from}).Rows(tc.t, tc.created); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}
