package domain_test

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// firstReading is when the connection of a test was first read.
var firstReading = time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)

// hour returns the time n hours after the first reading.
func hour(n int) time.Time { return firstReading.Add(time.Duration(n) * time.Hour) }

func isCode(err error, code domain.Code) bool { return err != nil && domain.CodeOf(err) == code }
