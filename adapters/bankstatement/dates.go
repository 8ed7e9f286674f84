package bankstatement

import (
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The years that a date may have. Some banks write zeros or the year 2 for a date that they do not know.
const (
	firstYear = 1970
	lastYear  = 2199
)

// parseDate reads a date in a layout of package time. It returns "" if the text is no such date.
func parseDate(layout, text string) domain.Date {
	if len(text) > 40 {
		return ""
	}
	if strings.IndexByte(layout, '/') >= 0 { // some banks write 02-09-2026 or 02.09.2026
		text = strings.NewReplacer("-", "/", ".", "/").Replace(text)
	}
	at, err := time.Parse(layout, text)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return ""
	}
	return domain.DateOf(at)
}

// compactDate reads the first eight digits of a text as YYYYMMDD. The time and the zone behind them are not converted.
func compactDate(text string) domain.Date {
	text = strings.TrimSpace(text)
	if len(text) < 8 || !digitsOnly.MatchString(text[:8]) {
		return ""
	}
	return parseDate("20060102", text[:8])
}

// isoDate reads the first ten characters of a text as YYYY-MM-DD.
func isoDate(text string) domain.Date {
	text = strings.TrimSpace(text)
	if len(text) < len(time.DateOnly) {
		return ""
	}
	return parseDate(time.DateOnly, text[:len(time.DateOnly)])
}

// ofxDate reads a date of OFX, or the forms that some banks write in its place: 2026-10-02T10:00 and 30/06/2025. The
// latter can be read in two ways if both numbers can be months, unless the currency is that of Brazil.
func ofxDate(text, currency string) domain.Date {
	if date := compactDate(text); date != "" {
		return date
	}
	if date := isoDate(text); date != "" {
		return date
	}
	text = strings.TrimSpace(text)
	if len(text) < 10 {
		return ""
	}
	date := parseDate("02/01/2006", text[:10])
	if currency != "BRL" && parseDate("01/02/2006", text[:10]) != "" {
		return ""
	}
	return date
}
