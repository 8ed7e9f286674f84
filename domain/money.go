package domain

import (
	"regexp"
	"strings"

	"github.com/govalues/decimal"
)

// Money is an exact amount in a currency (ISO 4217). The amount is signed from the
// account holder's view: money in is positive, money out is negative. It has at most 19
// significant digits, the limit of the decimal type.
type Money struct {
	Amount   decimal.Decimal
	Currency string
}

var iso4217 = regexp.MustCompile(`^[A-Z]{3}$`)

// ParseMoney parses the text of a JSON number ("-212.45", "1e3") and a currency code. It drops trailing
// zeros, because 900 and 900.0 are the same number, and a change from one to the other must not count as an
// edit. Errors: Invalid on "amount" or "currency".
func ParseMoney(amount, currency string) (Money, error) {
	value, err := ParseAmount(amount)
	if err != nil {
		return Money{}, err
	}
	if !iso4217.MatchString(currency) {
		return Money{}, FieldError("currency", "must be an ISO 4217 code")
	}
	return Money{Amount: value, Currency: currency}, nil
}

// ParseAmount parses the text of a JSON number exactly and drops trailing zeros. Errors: Invalid on
// "amount".
func ParseAmount(text string) (decimal.Decimal, error) {
	value, err := decimal.Parse(text)
	if err != nil || significant(value.String()) != significant(text) {
		return decimal.Decimal{}, FieldError("amount", "must be a decimal number of at most 19 digits")
	}
	return value.Trim(0), nil
}

// significant returns the significant digits of a number. The decimal parser rounds a number that has too
// many digits, and rounding changes the significant digits. ParseMoney therefore compares the digits before
// and after parsing.
func significant(number string) string {
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, mantissa)
	return strings.Trim(digits, "0")
}

// In returns the absolute amount with a positive sign, as money in.
func (m Money) In() Money { return Money{Amount: m.Amount.Abs(), Currency: m.Currency} }

// Out returns the absolute amount with a negative sign, as money out.
func (m Money) Out() Money { return Money{Amount: m.Amount.Abs().Neg(), Currency: m.Currency} }

// Negate returns the amount with the opposite sign.
func (m Money) Negate() Money { return Money{Amount: m.Amount.Neg(), Currency: m.Currency} }

// Equal reports whether amount and currency are equal.
func (m Money) Equal(other Money) bool {
	return m.Currency == other.Currency && m.Amount.Cmp(other.Amount) == 0
}
