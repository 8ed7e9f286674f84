package witness

import (
	"cmp"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Overview contains the values of a compared bank statement by which the statements of an account are compared with
// each other.
type Overview struct {
	ID         BankStatementID
	SHA256     string // "" if another account is the witness
	Verdict    Verdict
	Accepted   bool
	ComparedAt time.Time // when a caller has last asked for a comparison
	UploadedAt time.Time
	Period     domain.Window
	Covered    []domain.Window
	Opening    StatedBalance
	Closing    StatedBalance
}

// NewOverview returns the overview of a compared statement.
func NewOverview(s BankStatement) Overview {
	return Overview{
		ID: s.ID, SHA256: s.Reading.SHA256, Verdict: s.Comparison.Verdict, Accepted: s.Accepted(),
		ComparedAt: s.Comparison.asked(), UploadedAt: s.UploadedAt, Period: s.Reading.Period,
		Covered: s.Comparison.Covered, Opening: s.Comparison.Opening, Closing: s.Comparison.Closing,
	}
}

// newestFirst returns the overviews in the order of the comparisons that callers have asked for, newest first.
func newestFirst(all []Overview) []Overview {
	all = slices.Clone(all)
	domain.SortLarge(all, func(a, b Overview) int {
		return cmp.Or(b.ComparedAt.Compare(a.ComparedAt), b.UploadedAt.Compare(a.UploadedAt), b.ID.Compare(a.ID))
	})
	return all
}

// Alerting returns the statements that need attention: their verdict is Differs, nobody has accepted it, and theirs is
// the newest comparison of a covered day.
func Alerting(all []Overview) map[BankStatementID]bool {
	alerting := map[BankStatementID]bool{}
	var covered []domain.Window // by the newer comparisons
	for _, o := range newestFirst(all) {
		if o.Verdict == Differs && !o.Accepted && !includesAll(covered, o.Covered) {
			alerting[o.ID] = true
		}
		covered = union(slices.Concat(covered, o.Covered))
	}
	return alerting
}

// includesAll reports whether each of the windows lies in one of the joined windows.
func includesAll(joined, windows []domain.Window) bool {
	return !slices.ContainsFunc(windows, func(w domain.Window) bool {
		return !slices.ContainsFunc(joined, func(j domain.Window) bool { return j.From <= w.From && w.To <= j.To })
	})
}

// Of returns the statement with the newest comparison of one of the days, if it covers all of them; otherwise nil.
func Of(all []Overview, days domain.Window) *Overview {
	overlaps := func(w domain.Window) bool { return w.From <= days.To && w.To >= days.From }
	for _, o := range newestFirst(all) {
		if slices.ContainsFunc(o.Covered, overlaps) {
			if includesAll(o.Covered, []domain.Window{days}) {
				return &o
			}
			return nil
		}
	}
	return nil
}

// Previous is the statement before another one, and how the two fit together.
type Previous struct {
	ID            BankStatementID
	GapDays       int   // days between the two that neither has
	OverlapDays   int   // days that both have
	OpeningAgrees *bool // nil if they overlap, or a balance is not known
}

// PreviousOf returns the statement file before s: of those whose days begin earlier, the one whose days end last. It
// returns nil if there is none, or if s is not a compared file.
func PreviousOf(s BankStatement, all []Overview) *Previous {
	if s.State != StateCompared || !s.Witness.IsZero() || s.Reading.Period.From == "" {
		return nil
	}
	var before *Overview
	for i := range all {
		o := &all[i]
		if o.ID != s.ID && o.SHA256 != "" && o.Period.From != "" && o.Period.From < s.Reading.Period.From &&
			(before == nil || o.Period.To > before.Period.To) {
			before = o
		}
	}
	if before == nil {
		return nil
	}
	p := &Previous{ID: before.ID}
	switch days := daysBetween(before.Period.To, s.Reading.Period.From) - 1; {
	case days > 0:
		p.GapDays = days
	default:
		p.OverlapDays = min(-days, daysBetween(s.Reading.Period.From, s.Reading.Period.To)+1)
	}
	closing, opening := before.Closing.Amount, s.Comparison.Opening.Amount
	if p.OverlapDays == 0 && closing != nil && opening != nil {
		agrees := closing.Equal(*opening)
		p.OpeningAgrees = &agrees
	}
	return p
}

// daysBetween returns the number of days from a to b.
func daysBetween(a, b domain.Date) int {
	from, errFrom := time.Parse(time.DateOnly, string(a))
	to, errTo := time.Parse(time.DateOnly, string(b))
	if errFrom != nil || errTo != nil {
		return 0
	}
	return int(to.Sub(from).Hours() / 24)
}

// Coverage is what the statements of an account say about some days.
type Coverage struct {
	// Verdict is the worst verdict of the newest comparisons of the days; CoverageNone if no statement has the days,
	// and CoveragePartial if some of the days are not covered and no comparison differs.
	Verdict Verdict
	IDs     []BankStatementID // newest comparison first
}

// The values of Coverage.Verdict that are no verdicts of a comparison.
const (
	CoverageNone    Verdict = "none"
	CoveragePartial Verdict = "partial"
)

// severity orders the verdicts, the worst first.
var severity = []Verdict{Differs, Inconclusive, DatesDiffer, LinesAgree, Agrees}

// CoverageOf returns what the statements say about the days. A statement without covered days counts for the days of
// its lines.
func CoverageOf(all []Overview, days domain.Window) Coverage {
	c := Coverage{Verdict: CoverageNone}
	var covered []domain.Window // by the newer comparisons, within the days
	worst := len(severity)
	for _, o := range newestFirst(all) {
		windows := o.Covered
		if len(windows) == 0 && o.Period.From != "" {
			windows = []domain.Window{o.Period}
		}
		var within []domain.Window
		for _, w := range windows {
			if w = (domain.Window{From: max(w.From, days.From), To: min(w.To, days.To)}); w.From <= w.To {
				within = append(within, w)
			}
		}
		if len(within) == 0 || includesAll(covered, within) {
			continue
		}
		c.IDs = append(c.IDs, o.ID)
		worst = min(worst, slices.Index(severity, o.Verdict))
		covered = union(slices.Concat(covered, within))
	}
	switch {
	case len(c.IDs) == 0:
	case includesAll(covered, []domain.Window{days}) || severity[worst] == Differs:
		c.Verdict = severity[worst]
	default:
		c.Verdict = CoveragePartial
	}
	return c
}
