package domain

import "time"

// IsBankingDay reports whether banks book payments in the currency on the day: Monday to Friday, without the national
// bank holidays of Brazil (BRL), Mexico (MXN) and the United States (USD). Holidays of regions and cities are banking
// days, because they differ between the branches of a bank. For an invalid date it returns true.
func IsBankingDay(d Date, currency string) bool {
	at, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return true
	}
	if weekday := at.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		return false
	}
	switch currency {
	case "BRL":
		return !isBrazilianHoliday(at)
	case "MXN":
		return !isMexicanHoliday(at)
	case "USD":
		return !isFederalReserveHoliday(at)
	}
	return true
}

// isBrazilianHoliday reports whether banks in Brazil are closed nationwide on a weekday. Sources: Resolução CMN
// 4.880/2020 (days that are not banking days), Leis 662/1949, 6.802/1980, 9.093/1995 and 14.759/2023 (20 November, from
// 2024 on), and the calendar of bank holidays of Febraban (Monday and Tuesday of carnival, Good Friday, Corpus
// Christi).
func isBrazilianHoliday(at time.Time) bool {
	switch daysAfterEaster(at) {
	case -48, -47, -2, 60:
		return true
	}
	switch monthDay(at) {
	case "01-01", "04-21", "05-01", "09-07", "10-12", "11-02", "11-15", "12-25":
		return true
	case "11-20":
		return at.Year() >= 2024
	}
	return false
}

// isMexicanHoliday reports whether banks in Mexico are closed on a weekday. Source: the yearly provisions of the CNBV
// about the days on which financial institutions close, which follow article 74 of the Ley Federal del Trabajo (with 1
// October every six years, from 2024 on) and add Maundy Thursday, Good Friday, 2 November and 12 December.
func isMexicanHoliday(at time.Time) bool {
	switch daysAfterEaster(at) {
	case -3, -2:
		return true
	}
	switch monthDay(at) {
	case "01-01", "05-01", "09-16", "11-02", "12-12", "12-25":
		return true
	case "10-01":
		return at.Year() >= 2024 && (at.Year()-2024)%6 == 0
	}
	return isNthMonday(at, time.February, 1) || isNthMonday(at, time.March, 3) || isNthMonday(at, time.November, 3)
}

// isFederalReserveHoliday reports whether the Federal Reserve Banks are closed on a weekday. Source: Federal Reserve
// Bank Services, holiday schedules (5 U.S.C. 6103; Juneteenth from 2022 on). A holiday on a Sunday is observed on the
// Monday; one on a Saturday is not observed on another day.
func isFederalReserveHoliday(at time.Time) bool {
	observed := func(day time.Time) bool {
		switch monthDay(day) {
		case "01-01", "07-04", "11-11", "12-25":
			return true
		case "06-19":
			return day.Year() >= 2022
		}
		return false
	}
	switch {
	case observed(at), at.Weekday() == time.Monday && observed(at.AddDate(0, 0, -1)):
		return true
	case at.Month() == time.November && at.Weekday() == time.Thursday && (at.Day()-1)/7 == 3:
		return true
	case at.Month() == time.May && at.Weekday() == time.Monday && at.AddDate(0, 0, 7).Month() == time.June:
		return true
	}
	return isNthMonday(at, time.January, 3) || isNthMonday(at, time.February, 3) ||
		isNthMonday(at, time.September, 1) || isNthMonday(at, time.October, 2)
}

func monthDay(at time.Time) string { return at.Format("01-02") }

// isNthMonday reports whether the day is the n-th Monday of the month.
func isNthMonday(at time.Time, month time.Month, n int) bool {
	return at.Month() == month && at.Weekday() == time.Monday && (at.Day()-1)/7 == n-1
}

// daysAfterEaster returns the number of days from Easter Sunday of the same year to the day.
func daysAfterEaster(at time.Time) int {
	return at.YearDay() - easter(at.Year()).YearDay()
}

// easter returns Easter Sunday of a year of the Gregorian calendar. Source: J. Meeus, Astronomical Algorithms, the
// anonymous algorithm of Nature, 20 April 1876.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (b - (b+8)/25 + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
