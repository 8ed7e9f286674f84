package domain_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestManyRowsOfAnAccountAreRemovedOnlyAfterAWait(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	pull := domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000001")}
	for name, c := range map[string]struct {
		absent, live, held int // numbers of rows; held: absent rows whose removal an earlier call of Judge has delayed
		minutes, want      int
		returned           bool
	}{
		"19 of 19":                                {19, 19, 0, 0, 19, false},
		"20 of 40":                                {20, 40, 0, 0, 20, false},
		"20 of 39":                                {20, 39, 0, 0, 0, false},
		"20 of 39, all held back for 5:59":        {20, 39, 20, 359, 0, false},
		"20 of 39, all held back for six hours":   {20, 39, 20, 360, 20, false},
		"30 of 39, 20 of them held for six hours": {30, 39, 20, 360, 20, false},
		"19 of 38, some came back before an hour": {19, 38, 19, 1, 19, true},
		"19 of 38, none came back, but new rows":  {19, 38, 19, 1, 0, false},
		"19 of 38, new rows, six hours later":     {19, 38, 19, 360, 19, false},
	} {
		t.Run(name, func(t *testing.T) {
			at := start.Add(time.Duration(c.minutes) * time.Minute)
			live := map[string]int{"a": c.live, "b": 9}
			read := domain.AbsenceRead{
				Proof: domain.OneRead, Pull: pull, At: at, Live: live, Shown: map[string]bool{"a": true, "b": true},
				Returned: map[string]bool{"a": c.returned},
			}
			absent := []domain.Absence{{ExternalID: "of b", Account: "b", Pull: pull}}
			for i := range c.absent {
				a := domain.Absence{ExternalID: fmt.Sprint(i), Account: "a", Pull: pull}
				if i < c.held {
					a.Held.At = start
				}
				absent = append(absent, a)
			}
			removed, remaining := read.Judge(absent)
			if len(removed) != c.want+1 || removed[0] != "of b" || len(removed)+len(remaining) != c.absent+1 {
				t.Errorf("%d are removed and %d remain, want %d and the one of b", len(removed), len(remaining), c.want)
			}
			for i, a := range remaining {
				held := at
				if c.want == 0 && i < c.held {
					held = start
				}
				if a.Held.At != held {
					t.Errorf("%s is held back since %v, want %v", a.ExternalID, a.Held.At, held)
				}
			}
		})
	}
}

func TestAHeldRemovalIsReleasedSoonerByALaterSynchronisation(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	first, second := start.Add(-time.Hour), start.Add(time.Minute)
	for name, c := range map[string]struct {
		held, shown time.Time // the synchronisations of the first and of the present listing; zero if not stated
		after       time.Duration
		want        bool
	}{
		"a later one after an hour":            {first, second, time.Hour, true},
		"a later one within the hour":          {first, second, time.Hour - 1, false},
		"the same one after five hours":        {first, first, 5 * time.Hour, false},
		"the same one after six hours":         {first, first, 6 * time.Hour, true},
		"stated for the first time now":        {time.Time{}, second, 5 * time.Hour, false},
		"no longer stated":                     {first, time.Time{}, 5 * time.Hour, false},
		"no longer stated, six hours":          {first, time.Time{}, 6 * time.Hour, true},
		"never stated, after five hours":       {time.Time{}, time.Time{}, 5 * time.Hour, false},
		"never stated, after six hours":        {time.Time{}, time.Time{}, 6 * time.Hour, true},
		"stated for the first time, six hours": {time.Time{}, second, 6 * time.Hour, true},
	} {
		hold := domain.HoldAt(start, domain.SyncTime{At: c.held})
		if got := hold.ReleasedBy(start.Add(c.after), domain.SyncTime{At: c.shown}); got != c.want {
			t.Errorf("%s: released %t", name, got)
		}
	}
}

func TestTwoHoldsAreEqualIfBothTimesAre(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	zone := time.FixedZone("elsewhere", 3600)
	hold := domain.Hold{At: start, Sync: start}
	for name, c := range map[string]struct {
		other domain.Hold
		want  bool
	}{
		"another time zone":                  {domain.Hold{At: start.In(zone), Sync: start}, true},
		"delayed later":                      {domain.Hold{At: start.Add(1), Sync: start}, false},
		"delayed by another synchronisation": {domain.Hold{At: start, Sync: start.Add(1)}, false},
	} {
		if got := hold.Equal(c.other); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// An account whose list is empty has lost all its rows. That counts only if enough of them are of the last year.
func TestARowIsRecentForAYear(t *testing.T) {
	read := domain.AbsenceRead{At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	for date, want := range map[domain.Date]bool{"2026-03-02": true, "2025-03-02": true, "2025-03-01": false} {
		if got := read.IsRecent(date); got != want {
			t.Errorf("%s is recent: %t", date, got)
		}
	}
}

// A vendor that needs two reads also returns an empty list of an account that it cannot reach. No wait shows that its
// rows were removed.
func TestRowsOfAnEmptyListWaitForAnOperator(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	first := domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000001")}
	for empty, want := range map[bool]int{true: 0, false: 3} {
		read := domain.AbsenceRead{
			Proof: domain.TwoReads, Pull: domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000002")},
			At: start.AddDate(0, 0, 9), Sync: domain.SyncTime{At: start.AddDate(0, 0, 9)},
			Live: map[string]int{"a": 3}, Empty: map[string]bool{"a": empty},
		}
		var absent []domain.Absence
		for i := range 3 {
			absent = append(absent, domain.Absence{
				ExternalID: fmt.Sprint(i), Account: "a", Date: "2026-03-01", Pull: first, ProvedBy: first,
				Held: domain.HoldAt(start, domain.SyncTime{At: start}),
			})
		}
		if removed, _ := read.Judge(absent); len(removed) != want {
			t.Errorf("empty: %t, %d rows are removed, want %d", empty, len(removed), want)
		}
	}
}

func TestTwoReadsOfDifferentPullsProveAnAbsence(t *testing.T) {
	first := domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000001")}
	second := domain.PullID{UUID: uuid.MustParse("019b0000-0000-7000-8000-000000000002")}
	absent := []domain.Absence{
		{ExternalID: "old", Pull: first, ProvedBy: first}, {ExternalID: "new", Pull: second},
		{ExternalID: "without ground before", Pull: first},
	}
	removed, remaining := domain.AbsenceRead{Proof: domain.TwoReads, Pull: second}.Judge(absent)
	if diff := cmp.Diff([]string{"old"}, removed); diff != "" {
		t.Error(diff)
	}
	want := slices.Clone(absent[1:])
	want[0].ProvedBy, want[1].ProvedBy = second, second
	if diff := cmp.Diff(want, remaining); diff != "" {
		t.Error(diff)
	}
	_, remaining = domain.AbsenceRead{Pull: second}.Judge(absent[2:])
	if diff := cmp.Diff(absent[2:], remaining); diff != "" {
		t.Errorf("after a listing without ground: %s", diff)
	}
}
