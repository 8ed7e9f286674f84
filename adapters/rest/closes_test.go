package rest

import (
	"net/http"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// The day of a close is part of the path. If the service rejects the day, the location in the response must therefore
// be path.date.
func TestAnInvalidDayToCloseIsNamedInThePath(t *testing.T) {
	s := newEnv(t)
	s.service.err = books.CloseRequest{Date: "2026-02-30", At: moment}.Validate()
	p := problemIn(t, s.call(http.MethodPut, closesOfOther+"/2026-02-30", ""), 400, codeInvalid)
	if locations(p) != "path.date" {
		t.Errorf("locations %q", locations(p))
	}
	for method, path := range map[string]string{
		http.MethodDelete: closesOfOther + "/2026-02-30", http.MethodGet: closesOfOther + "/%00/adjustments",
	} {
		calls := s.service.calls
		problemIn(t, s.call(method, path, ""), 404, codeNotFound)
		if s.service.calls != calls {
			t.Errorf("%s %s reached the service", method, path)
		}
	}
}

func TestAPeriodBeginsWithTheRequestedDay(t *testing.T) {
	s := newEnv(t)
	for body, want := range map[string]domain.Window{
		"": {To: "2026-02-28"}, "{}": {To: "2026-02-28"},
		`{"from":"2026-02-01"}`: {From: "2026-02-01", To: "2026-02-28"},
	} {
		w := s.call(http.MethodPut, closesOfOther+"/2026-02-28", body)
		if w.Code != http.StatusOK || s.service.got != want {
			t.Errorf("%q: status %d, and the service got %v, want %v", body, w.Code, s.service.got, want)
		}
	}
	for _, body := range []string{`{"from":"2026-02-30"}`, `{"from":1}`, `{"first":"2026-02-01"}`, "x"} {
		calls := s.service.calls
		problemIn(t, s.call(http.MethodPut, closesOfOther+"/2026-02-28", body), 400, codeInvalid)
		if s.service.calls != calls {
			t.Errorf("%s reached the service", body)
		}
	}
}

// An adjustment must not show absent members as null, unless they have changed. Otherwise a caller that undoes the
// adjustment would get a different record. If the date of the record moves out of the period, all members must be
// shown, because later changes of the record are not adjustments.
func TestAnAdjustmentShowsOnlyWhatChanged(t *testing.T) {
	members := domain.CoveredMembers{Status: "posted", Date: "2026-01-01", Amount: "1", Currency: "BRL"}
	edited, later := members, members
	edited.Amount, later.Date = "2", "2026-02-01"
	for name, test := range map[string]struct {
		a             books.Adjustment
		before, after int
	}{
		"added":   {books.Adjustment{Change: domain.Added, After: &members}, 0, 4},
		"removed": {books.Adjustment{Change: domain.Removed, Before: &members}, 4, 0},
		"edited":  {books.Adjustment{Change: domain.Modified, Before: &members, After: &edited}, 1, 1},
		"left":    {books.Adjustment{Change: domain.Modified, Before: &members, After: &later}, 6, 6},
		"came":    {books.Adjustment{Change: domain.Modified, Before: &later, After: &members}, 6, 6},
	} {
		view := adjustmentOf(test.a, "2026-01-31")
		if len(view.Before) != test.before || len(view.After) != test.after {
			t.Errorf("%s: %v, %v", name, view.Before, view.After)
		}
	}
}
