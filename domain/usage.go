package domain

import "time"

// MonthlyUsage counts the refreshes and the complete pulls of a connection in one month. Institutions of Open Finance
// Brasil limit how often the data of an account holder can be read in a month.
type MonthlyUsage struct {
	Month     time.Time // the first moment of the month, in UTC; zero if nothing was counted yet
	Refreshes int       // accepted requests to read the institution now
	Pulls     int       // succeeded complete pulls
}

// In returns the counts of the month that contains at. They are zero if nothing was counted in this month.
func (u MonthlyUsage) In(at time.Time) MonthlyUsage {
	year, month, _ := at.UTC().Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	if u.Month.Equal(first) {
		return u
	}
	return MonthlyUsage{Month: first}
}

// AddRefresh returns the counts after a refresh at the given time.
func (u MonthlyUsage) AddRefresh(at time.Time) MonthlyUsage {
	u = u.In(at)
	u.Refreshes++
	return u
}

// AddPull returns the counts after a complete pull that has succeeded at the given time.
func (u MonthlyUsage) AddPull(at time.Time) MonthlyUsage {
	u = u.In(at)
	u.Pulls++
	return u
}
