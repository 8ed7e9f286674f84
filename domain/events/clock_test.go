package events_test

import "time"

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// hour returns the time n hours after noon.
func hour(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
