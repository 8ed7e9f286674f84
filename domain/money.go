package domain

import (
	"regexp"
	"strings"

	"github.com/govalues/decimal"
)

// Money is an exact amount in a currency (ISO 4217). The amount is signed from the
// account holder's view: money in is positive, money out negative. At most 19
// significant digits, which is the reach of the decimal type.
type Money struct {
	Amount   decimal.Decimal
	Currency string
}

var iso4217 = regexp.MustCompile(`^[A-Z]{3}$`)

// ParseMoney reads a JSON number's text ("-212.45", "1e3") and a currency code.
// Trailing zeros are dropped, since 900 and 900.0 are the same JSON number and must
// not look like an edit. Errors: Invalid on "amount" or "currency".
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

// significant gives the digits that count. The parser rounds what it cannot hold, and
// rounding always changes them: what it takes away is less than the number, so the
// result is no power of ten away.
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

// In gives the magnitude as money in.
func (m Money) In() Money { return Money{Amount: m.Amount.Abs(), Currency: m.Currency} }

// Out gives the magnitude as money out.
func (m Money) Out() Money { return Money{Amount: m.Amount.Abs().Neg(), Currency: m.Currency} }

// Negate turns the direction.
func (m Money) Negate() Money { return Money{Amount: m.Amount.Neg(), Currency: m.Currency} }

// Equal compares value and currency.
func (m Money) Equal(other Money) bool {
	return m.Currency == other.Currency && m.Amount.Cmp(other.Amount) == 0
}
