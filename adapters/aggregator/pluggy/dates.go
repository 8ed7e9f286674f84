package pluggy

import (
	"time"
	_ "time/tzdata" // embeds the time zones for machines that have no time zone database

	"github.com/LerianStudio/aggregator-connections/domain"
)

// saoPaulo is the time zone of the institutions' value dates.
var saoPaulo = mustLoadLocation("America/Sao_Paulo")

// mustLoadLocation returns a time zone. It never panics for a known name, because the time zone
// database is embedded.
func mustLoadLocation(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// parseDate returns the value date of the row. The second result is the exact time, or zero if the row has no time of
// day. The vendor sends such a row as midnight UTC, or as 03:00 UTC, which is midnight in São Paulo. São Paulo has had
// no daylight saving time since 2019.
func (r row) parseDate() (domain.Date, time.Time, error) {
	at, ok := parseTime(r.Date)
	if !ok || at.Year() < 1 || at.Year() > 9999 {
		return "", time.Time{}, domain.UnreadableRow(domain.InvalidDate)
	}
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return domain.DateOf(at), time.Time{}, nil
	}
	date := domain.DateOf(at.In(saoPaulo))
	if at.Add(-3 * time.Hour).Equal(at.Truncate(24 * time.Hour)) {
		return date, time.Time{}, nil
	}
	return date, at.Truncate(time.Microsecond), nil
}
