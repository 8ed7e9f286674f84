package pluggy

import (
	_ "embed"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// saoPauloData is America/Sao_Paulo from lib/time/zoneinfo.zip of Go 1.26. The whole database, which package
// time/tzdata embeds, is 400 KB larger.
//
//go:embed sao_paulo.tzif
var saoPauloData []byte

// saoPaulo is the time zone of the institutions' value dates. It does not depend on the machine.
var saoPaulo = mustLoadLocation("America/Sao_Paulo", saoPauloData)

// mustLoadLocation returns the time zone in the data. It panics if the data is invalid.
func mustLoadLocation(name string, data []byte) *time.Location {
	zone, err := time.LoadLocationFromTZData(name, data)
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
