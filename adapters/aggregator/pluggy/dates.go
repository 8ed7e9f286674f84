package pluggy

import (
	"time"
	_ "time/tzdata" // the service may run where no zone database is installed

	"github.com/LerianStudio/aggregator-connections/domain"
)

// saoPaulo is where the vendor's institutions keep their calendar.
var saoPaulo = mustLoad("America/Sao_Paulo")

// mustLoad cannot fail while the zones are embedded.
func mustLoad(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// when gives the value date and, where the row has a time of day, the instant. Midnight
// UTC and 03:00 UTC (midnight in São Paulo, which has no summer time since 2019) are how
// the vendor writes a bare date.
func (r row) when() (domain.Date, time.Time, error) {
	at, ok := parseTime(r.Date)
	if !ok || at.Year() < 1 || at.Year() > 9999 {
		return "", time.Time{}, malformed("a row without a date")
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
