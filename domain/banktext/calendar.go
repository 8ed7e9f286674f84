package banktext

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// months maps the abbreviations of months in Portuguese, Spanish and English to their numbers.
var months = map[string]int{
	"jan": 1, "ene": 1, "fev": 2, "feb": 2, "mar": 3, "abr": 4, "apr": 4, "mai": 5, "may": 5, "jun": 6, "jul": 7,
	"ago": 8, "aug": 8, "set": 9, "sep": 9, "out": 10, "oct": 10, "nov": 11, "dez": 12, "dic": 12, "dec": 12,
}

const monthNames = `(jan(?:eiro)?|ene(?:ro)?|fev(?:ereiro)?|feb(?:rero)?|mar(?:co|zo)?|abr(?:il)?|` +
	`apr|mai(?:o)?|mayo?|` +
	`jun(?:ho|io)?|jul(?:ho|io)?|ago(?:sto)?|aug|set(?:embro)?|sep(?:tiembre|t)?|out(?:ubro)?|oct(?:ubre)?|` +
	`nov(?:embro|iembre)?|dez(?:embro)?|dic(?:iembre)?|dec)`

// The forms in which banks print dates, periods and times.
var (
	isoDate   = compile(`\b(20\d\d)-(\d\d)-(\d\d)\b`)
	fullDate  = compile(`(^|[^0-9/.-])(\d{1,2})[/.-](\d{1,2})[/.-](20\d\d|\d\d)\b`) // 05/11/2026, 05.11.26
	monthYear = compile(`(^|[^0-9/.-])(\d{1,2})[/.-](20\d\d)\b`)                    // 11/2026
	// dayMonthName matches a day and the name of a month: FECHA DE ABONO: 17 JUN (SB-01), 19 JAN (NU-21).
	dayMonthName = compile(`\b(\d{1,2})\s*(?:de\s+|[/-])?` + monthNames + `\b(?:\s*(?:de\s+)?(20\d\d)\b)?`)
	// monthNameNumber matches the name of a month and a number, which is read as a year: MAIO / 2026 (ST-07), OCT 26,
	// NOV06 08:12.
	monthNameNumber = compile(`\b` + monthNames + `\s*[/.-]?\s*(20\d\d|\d\d)\b`)
	// fraction matches two numbers with a slash, such as a day and a month: ROSELIA04/03 (IT-01), 29/11 (ST-04),
	// 10/26. A fraction may also be an instalment.
	fraction    = compile(`(^|[^0-9/.,-])(\d{1,2})/(\d{1,2})($|[^0-9/])`)
	dottedDay   = compile(`(^|[^0-9/.,-])(\d{2})[.-](\d{2})($|[^0-9.,/-])`) // 12.11, 12-11
	compactDate = compile(`\b(\d{2})(\d{2})(20\d\d)\b|\b(20\d\d)(\d{2})(\d{2})\b`)
	clock       = compile(`(^|[^0-9:])([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\s*(?:hrs?|h)\b)?`)
	clockWithH  = compile(`\b([01]?\d|2[0-3])\s?h\s?([0-5]\d)(?:m(?:in)?)?\b`) // 09h12, 17h48min
	// labelledPeriod matches a month and a year after a label: PIX AUT … REF 10/26, CLARO NET FAT 11/26. A bank may
	// print one month as REF OUT/2026 and as 10/2026.
	labelledPeriod = compile(
		`\b(?:ref(?:er(?:ente|encia)?)?|compet(?:encia)?|mes|periodo|fatura|fat|mensalidade)[\s.:]*(?:(?:a|de)\s+)?` +
			`(\d{1,2})/(20\d\d|\d\d)($|[^0-9/])`)
	// taxPeriod matches the period of a tax, or its last day: DARF 0561 PA 10/2026, PERIODO APURACAO 31/10/2026.
	taxPeriod = compile(
		`\b(?:pa|per(?:iodo)?\.?\s*(?:de\s+)?apur(?:acao)?)[\s.:]*(?:\d{1,2}/)?(\d{1,2})/(20\d\d)\b`)
	// halfMonth matches the first or second half of a month: 1Q SEP, 1A QUINCENA SEPTIEMBRE (Banamex).
	halfMonth = compile(`\b([12])\s?[ao]?\s?(?:q|qna|quincena|quinzena)\.?\s+(?:de\s+)?` + monthNames + `\b`)
	bimester  = compile(`\b(bim|bimestre|trim|trimestre|sem|semestre|quinzena|quincena|qna)\s*0*(\d{1,2})\b`)
)

// calendar contains the dates, periods and times that a text names.
type calendar struct {
	Days      []string // "5/11": day and month
	Dates     []string // "5/11/26": those days whose year the text names
	Periods   []string // "11/26", "bim 4"
	Fractions []string // "3/12": a day and month, an instalment, or a month and year
	Clocks    []string // "09:12", "09:12:44"
}

// englishWords are words of connectors that translate texts into English, and their dates with them.
var englishWords = wordSet("purchase payment transfer debit fee withdrawal sent received")

// isMonthFirst reports whether a text prints the month of a date before the day: 11/24. Banks of the United States do,
// and so do English texts about accounts of other countries, if only this reading of a fraction is near the row's date:
// Debit card purchase PADARIA 10/19, on 20 October.
func isMonthFirst(row *Row, folded string) bool {
	if row.Local().Currency == "USD" {
		return true
	}
	if !strings.Contains(folded, "/") || !slices.ContainsFunc(strings.Fields(folded), func(word string) bool {
		return englishWords[word]
	}) {
		return false
	}
	return slices.ContainsFunc(fraction.FindAllStringSubmatch(folded, -1), func(g []string) bool {
		return isNear(row.Date, g[3], g[2]) && !isNear(row.Date, g[2], g[3])
	})
}

// nearDays is the maximum number of days between a day that a text prints and the date of its row, for isMonthFirst.
const nearDays = 7

// isNear reports whether a day and a month are near a date, in whatever year.
func isNear(date domain.Date, day, month string) bool {
	at, err := time.Parse(time.DateOnly, string(date))
	if err != nil {
		return false
	}
	for away := -nearDays; away <= nearDays; away++ {
		if near := at.AddDate(0, 0, away); near.Day() == Atoi(day) && int(near.Month()) == Atoi(month) {
			return true
		}
	}
	return false
}

// takeClocks reads times of the day.
func (c *calendar) takeClocks(s *scan) {
	read := func(hour, minute, second string) bool {
		text := fmt.Sprintf("%02d:%s", Atoi(hour), minute)
		if second != "" {
			text += ":" + second
		}
		c.Clocks = append(c.Clocks, text)
		return true
	}
	s.take(clock, func(g []string) bool { return read(g[2], g[3], g[4]) })
	s.take(clockWithH, func(g []string) bool { return read(g[1], g[2], "") })
}

// takeDates reads the dates and periods that cannot be an instalment.
func (c *calendar) takeDates(s *scan) {
	day := c.addDay
	dated := func(d, m, year string) bool {
		if !day(d, m) {
			return false
		}
		c.Dates = append(c.Dates, c.Days[len(c.Days)-1]+"/"+year[len(year)-2:])
		return true
	}
	s.take(isoDate, func(g []string) bool { return dated(g[3], g[2], g[1]) })
	s.take(fullDate, func(g []string) bool {
		first, second := g[2], g[3]
		if s.monthFirst {
			first, second = second, first
		}
		return dated(first, second, g[4]) || dated(second, first, g[4])
	})
	s.take(monthYear, func(g []string) bool {
		if m := Atoi(g[2]); m < 1 || m > 12 {
			return false
		}
		c.addPeriod(g[2], g[3])
		return true
	})
	if strings.Contains(s.text, "q") { // few texts do; many contain the beginning of a month
		s.take(halfMonth, func(g []string) bool {
			c.Periods = append(c.Periods, fmt.Sprint("qui ", 2*months[g[2][:3]]-2+Atoi(g[1])))
			return true
		})
	}
	s.take(dayMonthName, func(g []string) bool { return day(g[1], fmt.Sprint(months[g[2][:3]])) })
	s.take(monthNameNumber, func(g []string) bool {
		c.addPeriod(fmt.Sprint(months[g[1][:3]]), g[2])
		return true
	})
	s.take(bimester, func(g []string) bool {
		c.Periods = append(c.Periods, strings.Replace(g[1][:3], "qna", "qui", 1)+" "+g[2])
		return true
	})
}

// takeLabelledPeriods reads months with a year after a label, such as REF 10/26. Without the label, 10/26 could also
// be an instalment, or a day and a month.
func (c *calendar) takeLabelledPeriods(s *scan) {
	for _, notation := range []*pattern{labelledPeriod, taxPeriod} {
		s.take(notation, func(g []string) bool {
			if m := Atoi(g[1]); m < 1 || m > 12 || Atoi(g[2]) <= 12 {
				return false
			}
			c.addPeriod(g[1], g[2])
			return true
		})
	}
}

// addPeriod adds a month. The year may have two digits or four.
func (c *calendar) addPeriod(month, year string) {
	c.Periods = append(c.Periods, fmt.Sprintf("%d/%s", Atoi(month), year[len(year)-2:]))
}

// addDay adds a day and a month, and reports whether they are valid.
func (c *calendar) addDay(day, month string) bool {
	text, ok := dayText(day, month)
	if ok {
		c.Days = append(c.Days, text)
	}
	return ok
}

// dayText returns a day and a month in the form "5/11". ok is false if the day is not from 1 to 31, or the month not
// from 1 to 12.
func dayText(day, month string) (text string, ok bool) {
	d, m := Atoi(day), Atoi(month)
	return fmt.Sprintf("%d/%d", d, m), d >= 1 && d <= 31 && m >= 1 && m <= 12
}

// takeCompactDates reads dates of eight digits.
func (c *calendar) takeCompactDates(s *scan) {
	s.take(compactDate, func(g []string) bool {
		switch {
		case g[1] != "" && s.monthFirst:
			return c.addDay(g[2], g[1])
		case g[1] != "":
			return c.addDay(g[1], g[2])
		}
		return c.addDay(g[6], g[5])
	})
}

// takeFractions reads the fractions that takeInstalment and takeDates have not taken.
func (c *calendar) takeFractions(s *scan) {
	if s.monthFirst {
		for _, notation := range []*pattern{dottedDay, fraction, fraction} {
			s.take(notation, func(g []string) bool { return c.addDay(g[3], g[2]) })
		}
	}
	s.take(dottedDay, func(g []string) bool {
		text, ok := dayText(g[2], g[3])
		if ok {
			c.Fractions = append(c.Fractions, text)
		}
		return ok
	})
	// A match includes the characters around the fraction. The pattern is applied twice, because two fractions may
	// have only one blank between them.
	for range 2 {
		s.take(fraction, func(g []string) bool {
			c.Fractions = append(c.Fractions, fmt.Sprintf("%d/%d", Atoi(g[2]), Atoi(g[3])))
			return true
		})
	}
}
