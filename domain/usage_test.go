package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestUsageIsCountedPerMonthInUTC(t *testing.T) {
	last := time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)
	var u domain.MonthlyUsage
	u = u.AddPull(last.Add(-time.Hour)).AddRefresh(last).AddPull(last)
	november := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if want := (domain.MonthlyUsage{Month: november, Refreshes: 1, Pulls: 2}); u != want {
		t.Errorf("in November: %+v, want %+v", u, want)
	}
	december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	brasilia := time.FixedZone("", -3*60*60)
	if got := u.In(last.Add(time.Second).In(brasilia)); got != (domain.MonthlyUsage{Month: december}) {
		t.Errorf("in December, nothing was counted: %+v", got)
	}
	u = u.AddRefresh(december)
	if want := (domain.MonthlyUsage{Month: december, Refreshes: 1}); u != want {
		t.Errorf("in December: %+v, want %+v", u, want)
	}
}
