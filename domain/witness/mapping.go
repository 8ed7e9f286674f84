package witness

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// CSVMapping names the columns of a CSV file by their titles. Either Amount is set, or Credit and Debit.
type CSVMapping struct {
	Date       string `json:"date"`
	DateFormat string `json:"dateFormat"` // such as dd/MM/yyyy
	Amount     string `json:"amount,omitempty"`
	Credit     string `json:"credit,omitempty"`
	Debit      string `json:"debit,omitempty"`
	Decimal    string `json:"decimal"` // "," or "."
	// Inverted states that money out is positive, as in the files of some cards.
	Inverted    bool     `json:"inverted,omitempty"`
	Description []string `json:"description,omitempty"`
	Balance     string   `json:"balance,omitempty"` // the balance after each row
	ID          string   `json:"id,omitempty"`
	SkipRows    int      `json:"skipRows,omitempty"` // rows before the titles
}

// maxSkipRows is the maximum of CSVMapping.SkipRows.
const maxSkipRows = 1000

// Validate returns an error if the mapping cannot be used. Errors: Invalid on the member.
func (m CSVMapping) Validate() error {
	var errs []*domain.Error
	invalid := func(field, message string, wrong bool) {
		if wrong {
			errs = append(errs, domain.FieldError(field, message))
		}
	}
	_, known := DateLayout(m.DateFormat)
	invalid("date", "is required", m.Date == "")
	invalid("dateFormat", "must consist of dd, MM and yyyy or yy, such as dd/MM/yyyy", !known)
	invalid("amount", "is required, or credit and debit", m.Amount == "" && (m.Credit == "" || m.Debit == ""))
	invalid("amount", "must not be set together with credit or debit", m.Amount != "" && m.Credit+m.Debit != "")
	invalid("decimal", `must be "," or "."`, m.Decimal != "," && m.Decimal != ".")
	invalid("skipRows", "must be a number from 0 to 1000", m.SkipRows < 0 || m.SkipRows > maxSkipRows)
	if len(errs) == 0 {
		return nil
	}
	return domain.Join(errs)
}

// DateLayout returns the layout of package time for a date format such as dd/MM/yyyy. It reports false for a format
// that does not name day, month and year once each.
func DateLayout(format string) (string, bool) {
	layout := strings.NewReplacer("dd", "02", "MM", "01", "yyyy", "2006", "yy", "06", "d", "2", "M",
		"1").Replace(format)
	rest := strings.Trim(strings.NewReplacer("dd", "", "MM", "", "yyyy", "", "yy", "", "d", "", "M",
		"").Replace(format),
		"/-. ")
	rest = strings.NewReplacer("/", "", "-", "", ".", "", " ", "").Replace(rest)
	once := func(long, short string) bool {
		n := strings.Count(format, long)
		return n == 1 && strings.Count(format, short) == len(long)/len(short) ||
			n == 0 && strings.Count(format, short) == 1
	}
	years := strings.Count(format, "y")
	year := years == 4 && strings.Contains(format, "yyyy") || years == 2 && strings.Contains(format, "yy")
	return layout, rest == "" && once("dd", "d") && once("MM", "M") && year
}
