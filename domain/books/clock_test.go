package books_test

import "time"

// hour returns the time n hours after the first reading.
func hour(n int) time.Time { return firstReading.Add(time.Duration(n) * time.Hour) }
