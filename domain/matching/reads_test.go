package matching_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// pullOf returns the id of the pull with this number; zero for 0.
func pullOf(n int) (id domain.PullID) {
	if n > 0 {
		id = pull(byte(n))
	}
	return id
}

// hour returns the time n hours after noon.
func hour(n int) time.Time { return time.Date(2026, 11, 10, 12+n, 0, 0, 0, time.UTC) }

// all returns the progress of a pull that has read the whole list.
func all() domain.Progress {
	return domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}
}

// Two rows that may have existed together must not be matched. Each case has an old row "x", which the vendor has
// removed, and a new row "y". The pulls decide whether both rows may have existed together. Pull n starts at hour n.
func TestTheReadsDecideWhetherTwoRowsExistedTogether(t *testing.T) {
	window := func(from, to domain.Date) domain.Progress {
		return domain.Progress{Planned: true, Steps: []domain.Step{{Window: domain.Window{From: from, To: to}}}}
	}
	named := func(shown ...string) domain.Progress {
		p := domain.Progress{Planned: true, Steps: []domain.Step{{IDs: shown}}}
		return p.WithShown(shown)
	}
	reread := all()
	reread.Reread = true
	for name, tc := range map[string]struct {
		reads    []domain.Progress // the progress of pull 1, of pull 2, …
		oldRows  int               // the hour of OldRow.LearnedAt
		absent   int               // which pull OldRow.AbsentSince is, counted from 1; 0 if the pull is not known
		written  int               // the number of the pull OldRow.Pull; 0 if the pull is not known
		live     bool              // OldRow.RemovedAt is not set yet
		newRows  int               // which pull NewRow.FirstPull is, counted from 1; 0 if the new row is not stored yet
		complete bool              // whether the last pull read a complete list with only the new row
		want     bool
	}{
		"the new row was first read later": {
			reads: []domain.Progress{all(), all()}, oldRows: 1, newRows: 2, want: true,
		},
		"the new row was first read with the old one": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, newRows: 2, want: false,
		},
		"the new row was added before the old one was removed": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, newRows: 1, want: false,
		},
		"the list without the old row shows the new one": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, absent: 2, newRows: 2, want: true,
		},
		"an earlier list of that pull showed the old row": {
			reads: []domain.Progress{all(), reread}, oldRows: 2, absent: 2, newRows: 2, want: false,
		},
		"the pull before the absence showed the old row": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, absent: 2, newRows: 1, want: false,
		},
		"the absence is older than all reads": {
			reads: []domain.Progress{all()}, oldRows: 0, absent: 9, newRows: 1, want: true,
		},
		"the new row is not stored": {
			reads: []domain.Progress{all()}, oldRows: 0, want: true,
		},
		"the new row is not stored, and the read showed both": {
			reads: []domain.Progress{all()}, oldRows: 1, want: false,
		},
		"the new row is not stored, and the read before showed the old one": {
			reads: []domain.Progress{all(), all()}, oldRows: 1, want: true,
		},
		"the complete list shows only the new row": {
			reads: []domain.Progress{all()}, oldRows: 1, absent: 1, complete: true, want: true,
		},
		"the complete list comes after a list with both": {
			reads: []domain.Progress{reread}, oldRows: 1, absent: 1, complete: true, want: true,
		},
		"the complete list of the second pull comes after its list with both": {
			reads: []domain.Progress{all(), reread}, oldRows: 2, absent: 2, complete: true, want: true,
		},
		"the pull that wrote the old row stored the new one": {
			reads: []domain.Progress{named("z")}, oldRows: 1, written: 1, live: true, newRows: 1, want: false,
		},
		"the removed row was written before": {
			reads: []domain.Progress{named("z")}, oldRows: 1, written: 1, newRows: 1, want: true,
		},
		"the old row was read by its id": {
			reads: []domain.Progress{named("x")}, oldRows: 1, newRows: 1, want: false,
		},
		"another row was read by its id": {
			reads: []domain.Progress{named("z")}, oldRows: 1, newRows: 1, want: true,
		},
		"the list is of other days": {
			reads: []domain.Progress{window("2026-01-01", "2026-01-31")}, oldRows: 1, newRows: 1, want: true,
		},
		"the list is of its days, without the old row": {
			reads: []domain.Progress{window("2026-11-01", "2026-11-30")}, oldRows: 1, newRows: 1, want: true,
		},
		"the list is of its days, with the old row": {
			reads:   []domain.Progress{window("2026-11-01", "2026-11-30").WithShown([]string{"x"})},
			oldRows: 1, newRows: 1, want: false,
		},
		"the pull of the new row is not known": {
			reads: []domain.Progress{all()}, oldRows: 0, newRows: 9, want: false,
		},
		"the second of three reads showed the old row last": {
			reads: []domain.Progress{all(), all(), named("z")}, oldRows: 2, newRows: 3, want: true,
		},
		"the second of three reads showed both": {
			reads: []domain.Progress{all(), all(), named("z")}, oldRows: 2, newRows: 2, want: false,
		},
	} {
		oldRow := domain.OldRow{
			Transaction: transaction("x", "PADARIA REAL"),
			LearnedAt:   hour(tc.oldRows),
			AbsentSince: pullOf(tc.absent),
		}
		oldRow.Pull = pullOf(tc.written)
		if !tc.live {
			oldRow.RemovedAt = oldRow.LearnedAt
		}
		in := domain.ReplacementInput{
			Old:      []domain.OldRow{oldRow},
			Complete: tc.complete,
			New: []domain.NewRow{
				{
					Transaction: transaction("y", "PADARIA REAL"),
					FirstPull:   pullOf(tc.newRows),
					LearnedAt:   hour(tc.newRows),
				},
			},
		}
		for i, progress := range tc.reads {
			in.Reads = append(in.Reads, domain.PullRead{ID: pullOf(i + 1), StartedAt: hour(i + 1), Progress: progress})
		}
		found := matching.FindReplacements(matching.Replacements{ReplacementInput: in, RowOf: plainRow})
		if got := len(found.Pairs) == 1; got != tc.want {
			t.Errorf("%s: matched %v", name, got)
		}
	}
}
