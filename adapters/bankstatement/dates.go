package bankstatement

import (
	"errors"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The years that a date may have. Some banks write zeros or the year 2 for a date that they do not know.
const (
	firstYear = 1970
	lastYear  = 2199
)

var slashes = strings.NewReplacer("-", "/", ".", "/")

// parseDate reads a date in a layout of package time. It returns "" if the text is no such date.
func parseDate(layout, text string) domain.Date {
	// A day or a month of one digit in a layout may have two in the text.
	if len(text) < len(layout) || len(text) > len(layout)+2 || !isDigit(text[len(text)-1]) {
		return ""
	}
	if strings.IndexByte(layout, '/') >= 0 { // some banks write 02-09-2026 or 02.09.2026
		text = slashes.Replace(text)
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
	if len(text) < 8 || !isDigits(text[:8]) {
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

// The reasons why a text is no date of OFX.
var (
	errNotDate  = errors.New("the date cannot be read")
	errTwoDates = errors.New("the date can be read in two ways")
)

// ofxDate reads a date of OFX, or the forms that some banks write in its place: 2026-10-02T10:00 and 30/06/2025. The
// latter has two readings if the day can be a month, whatever the currency is. dayFirst states that the bank is known
// to write the day first.
func ofxDate(text string, dayFirst bool) (domain.Date, error) {
	if date := compactDate(text); date != "" {
		return date, nil
	}
	if date := isoDate(text); date != "" {
		return date, nil
	}
	text = strings.TrimSpace(text)
	if len(text) < len(dmy) {
		return "", errNotDate
	}
	date, other := parseDate(dmy, text[:len(dmy)]), parseDate(mdy, text[:len(dmy)])
	switch {
	case date == "":
		return "", errNotDate
	case other != "" && other != date && !dayFirst:
		return "", errTwoDates
	}
	return date, nil
}
