package pluggy

import (
	"testing"
	"time"
	_ "time/tzdata" // the database, also on a machine that has none
)

// The embedded time zone must equal the one in Go's time zone database. That includes the years before 2019, when São
// Paulo had daylight saving time.
func TestTheEmbeddedTimeZoneIsThatOfTheDatabase(t *testing.T) {
	want, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		t.Fatal(err)
	}
	hours := map[int]bool{}
	for at := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2040; at = at.Add(24 * time.Hour) {
		_, offset := at.In(saoPaulo).Zone()
		if _, expected := at.In(want).Zone(); offset != expected {
			t.Fatalf("%v: %d, want %d", at, offset, expected)
		}
		hours[offset/3600] = true
	}
	if len(hours) != 2 || !hours[-2] || !hours[-3] {
		t.Errorf("the offsets are %v", hours)
	}
}
