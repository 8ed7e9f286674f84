package bankstatement

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The reasons why a text is no amount.
var (
	errNoAmount    = errors.New("there is no amount")
	errNotAmount   = errors.New("the amount cannot be read")
	errTwoReadings = errors.New("the amount can be read in two ways")
)

// number is an amount as it is written: its sign, its digits, and what they may mean.
type number struct {
	negative bool
	signed   bool
	value    decimal.Decimal // not negative
	whole    bool            // without a decimal separator, so that the minor unit may be included
}

func (n number) amount() decimal.Decimal {
	if n.negative {
		return n.value.Neg()
	}
	return n.value
}

// readings returns the values that the text of a balance may have. Some banks write balances without a decimal
// separator, in the minor unit.
func (n number) readings(minorUnitPossible bool) []decimal.Decimal {
	readings := []decimal.Decimal{n.amount()}
	if n.whole && minorUnitPossible && !n.value.IsZero() {
		readings = append(readings, n.amount().Shift(-2))
	}
	return readings
}

// isDigits reports whether a text consists of digits, and of at least one.
func isDigits(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// plainMarks replaces typographic spaces and the minus sign of Unicode.
var plainMarks = strings.NewReplacer("\u00A0", " ", "\u202F", " ", "\u2212", "-")

// maxAmountText is the maximum length of the text of an amount.
const maxAmountText = 64

// parseAmount reads an amount. separator is the decimal separator of the file, 0 if it is not known. Without it, a text
// such as 1.234 can be read in two ways. currencyMarks are texts such as "R$" that may stand before the digits.
func parseAmount(text string, separator byte, currencyMarks ...string) (number, error) {
	text = strings.TrimSpace(plainMarks.Replace(text))
	if text == "" {
		return number{}, errNoAmount
	}
	if len(text) > maxAmountText {
		return number{}, errNotAmount
	}
	n, digits, err := parseSign(text, currencyMarks)
	if err != nil {
		return number{}, err
	}
	plain, err := normalDigits(digits, separator)
	if err != nil {
		return number{}, err
	}
	if n.value, err = domain.ParseAmount(plain); err != nil {
		return number{}, errNotAmount
	}
	n.whole = !strings.Contains(plain, ".") && isDigits(digits)
	return n, nil
}

// parseExact is like parseAmount, for a text without marks of thousands: 1.234 is less than 2.
func parseExact(text string, separator byte, _ ...string) (number, error) {
	n, digits, err := parseSign(text, nil)
	if err == nil && digits == "" {
		return n, errNoAmount
	}
	if err == nil {
		n.value, err = domain.ParseAmount(strings.Replace(digits, string(separator), ".", 1))
	}
	if err != nil || strings.Trim(digits, "0123456789"+string(separator)) != "" {
		return n, errNotAmount
	}
	return n, nil
}

// parseSign takes the sign and the currency from a text. The sign may be before or after the currency, or after the
// digits, or be parentheses. Spaces may stand between.
func parseSign(text string, currencyMarks []string) (n number, digits string, err error) {
	signs := 0
	sign := func(negative bool) {
		signs++
		n.negative, n.signed = negative, true
	}
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		sign(true)
		text = text[1 : len(text)-1]
	}
	for before := ""; before != text; {
		before = text
		text = strings.TrimSpace(text)
		for _, mark := range currencyMarks {
			text = strings.TrimSpace(strings.TrimPrefix(text, mark))
		}
		switch {
		case strings.HasPrefix(text, "-"), strings.HasPrefix(text, "+"):
			sign(text[0] == '-')
			text = text[1:]
		case strings.HasSuffix(text, "-"), strings.HasSuffix(text, "+"):
			sign(text[len(text)-1] == '-')
			text = text[:len(text)-1]
		}
	}
	if signs > 1 {
		return n, "", errNotAmount
	}
	return n, text, nil
}

// normalDigits returns digits with a decimal point, and without the marks of thousands.
func normalDigits(text string, separator byte) (string, error) {
	points, commas := strings.Count(text, "."), strings.Count(text, ",")
	switch {
	case strings.Trim(text, "0123456789.,") != "" || strings.Trim(text, ".,") == "":
		return "", errNotAmount
	case points == 0 && commas == 0:
		return text, nil
	case points > 0 && commas > 0:
		decimalAt := strings.LastIndexAny(text, ".,")
		mark := text[decimalAt]
		if strings.Count(text, string(mark)) > 1 || !isGrouped(text[:decimalAt]) {
			return "", errNotAmount
		}
		return onlyDigits(text[:decimalAt]) + "." + text[decimalAt+1:], nil
	case points+commas > 1:
		if !isGrouped(text) {
			return "", errNotAmount
		}
		return onlyDigits(text), nil
	}
	at := strings.IndexAny(text, ".,")
	before, after := text[:at], text[at+1:]
	if len(after) == 3 && isGrouped(text) {
		switch separator {
		case 0, text[at]:
			return "", errTwoReadings
		}
		return before + after, nil
	}
	if before == "" {
		before = "0"
	}
	if after == "" {
		return before, nil
	}
	return before + "." + after, nil
}

// isGrouped reports whether marks divide the digits of a text into thousands.
func isGrouped(text string) bool {
	groups := strings.FieldsFunc(text, func(r rune) bool { return r == '.' || r == ',' })
	if len(groups) != 1+strings.Count(text, ".")+strings.Count(text, ",") || len(groups[0]) > 3 || groups[0][0] == '0' {
		return false
	}
	for _, group := range groups[1:] {
		if len(group) != 3 {
			return false
		}
	}
	return true
}

var thousands = strings.NewReplacer(".", "", ",", "")

func onlyDigits(text string) string { return thousands.Replace(text) }

// minorUnits returns the amount of digits that include two decimals, as in CNAB.
func minorUnits(digits string) (decimal.Decimal, error) {
	if !isDigits(digits) {
		return decimal.Decimal{}, errNotAmount
	}
	value, err := domain.ParseAmount(digits)
	if err != nil {
		return decimal.Decimal{}, errNotAmount
	}
	return value.Shift(-2), nil
}
