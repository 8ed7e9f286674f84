package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAReadingCoversADayFromItsFirstMoment(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	const hour = time.Hour
	for _, c := range []struct {
		day           domain.Date
		after, offset time.Duration
		currency      string
		end, from     string
	}{
		{"2026-11-25", 12 * hour, 0, "BRL", "2026-11-26 00:00", "2026-11-26 12:00"},
		{"2026-11-25", 12 * hour, -3 * hour, "BRL", "2026-11-26 03:00", "2026-11-26 15:00"},
		{"2026-11-25", 12 * hour, 0, "USD", "2026-11-26 00:00", "2026-11-27 12:00"},         // Thanksgiving
		{"2026-11-27", 12 * hour, -3 * hour, "BRL", "2026-11-28 03:00", "2026-11-30 15:00"}, // Friday
		{"2026-11-29", 12 * hour, -3 * hour, "BRL", "2026-11-30 03:00", "2026-11-30 15:00"}, // Sunday
		{"2026-12-24", 0, 5 * hour, "BRL", "2026-12-24 19:00", "2026-12-27 19:00"},
		{"2026-11-25", 30 * hour, 0, "EUR", "2026-11-26 00:00", "2026-11-27 06:00"},
	} {
		rules := domain.Coverage{After: c.after, Offset: c.offset}
		if got := rules.From(c.day, c.currency); !got.Equal(at(c.from)) {
			t.Errorf("%+v: covered from %v", c, got)
		}
		for moment, want := range map[time.Time]domain.DayState{
			{}: domain.DayUndated, at(c.end).Add(-1): domain.DayNotRead, at(c.end): domain.DayReadSince,
			at(c.from).Add(-1): domain.DayReadSince, at(c.from): domain.DayCovered,
		} {
			if got := rules.StateOf(c.day, moment, c.currency); got != want {
				t.Errorf("%+v: read at %v: %s, want %s", c, moment, got, want)
			}
		}
	}
}
