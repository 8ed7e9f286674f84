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

// ParseMoney parses the text of a JSON number ("-212.45", "1e3") and a currency code.
// It drops trailing zeros: 900 and 900.0 are the same JSON number and must not look like
// an edit. Errors: Invalid on "amount" or "currency".
func ParseMoney(amount, currency string) (Money, error) {
	value, err := decimal.Parse(amount)
	if err != nil || significant(value.String()) != significant(amount) {
		return Money{}, FieldError("amount", "must be a decimal number of at most 19 digits")
	}
	if !iso4217.MatchString(currency) {
		return Money{}, FieldError("currency", "must be an ISO 4217 code")
	}
	return Money{Amount: value.Trim(0), Currency: currency}, nil
}

// significant returns the significant digits of a number. ParseMoney uses it to detect
// rounding. The decimal parser rounds what it cannot hold, and rounding always changes
// the significant digits: the rounded-off part is smaller than the number, so the result
// cannot differ from it by a power of ten.
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

// In returns the magnitude as money in (positive).
func (m Money) In() Money { return Money{Amount: m.Amount.Abs(), Currency: m.Currency} }

// Out returns the magnitude as money out (negative).
func (m Money) Out() Money { return Money{Amount: m.Amount.Abs().Neg(), Currency: m.Currency} }

// Negate returns the amount with the opposite direction.
func (m Money) Negate() Money { return Money{Amount: m.Amount.Neg(), Currency: m.Currency} }

// Equal reports whether value and currency are equal.
func (m Money) Equal(other Money) bool {
	return m.Currency == other.Currency && m.Amount.Cmp(other.Amount) == 0
}
