package domain

import (
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// Money is an exact amount in a currency (ISO 4217). The amount is signed from the
// account holder's view: money in is positive, money out is negative. It has at most 19
// digits. Compare it with Equal: the operator == compares pointers.
type Money struct {
	Amount   decimal.Decimal
	Currency string
}

var iso4217 = regexp.MustCompile(`^[A-Z]{3}$`)

// ParseMoney parses the text of a JSON number ("-212.45", "1e3") and a currency code. It drops trailing zeros, so that
// a change from 900 to 900.0 does not count as an edit. Errors: Invalid on "amount" or "currency".
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

// The limits of an amount.
const (
	// maxAmountDigits is the maximum number of digits of an amount, and also of digits after the decimal point. The
	// digits are counted as if the amount had no exponent. Leading zeros before the point and trailing zeros after it
	// do not count.
	maxAmountDigits = 19
	// maxAmountText is the maximum length of the text of an amount, in bytes. A longer text is refused without being
	// parsed.
	maxAmountText = 330
)

// ParseAmount parses the text of a JSON number exactly and drops trailing zeros. It never writes out the
// zeros of an exponent, so a short text such as "1e9999" costs no more than any other. Errors: Invalid on "amount".
func ParseAmount(text string) (decimal.Decimal, error) {
	// The decimal package also accepts the Unicode minus sign, which is not allowed in JSON.
	if len(text) <= maxAmountText && !strings.Contains(text, "\u2212") {
		value, err := decimal.NewFromString(text)
		if value = value.Normalize(); err == nil && IsAmount(value) {
			return value, nil
		}
	}
	return decimal.Decimal{}, FieldError("amount", "must be a decimal number of at most 19 digits")
}

// IsAmount reports whether the number is within the limits of an amount. Sums and differences of amounts are not
// rounded, so they can exceed the limits.
func IsAmount(value decimal.Decimal) bool {
	value = value.Normalize()
	digits, exponent := value.NumDigits(), int(value.Exponent())
	return digits+max(exponent, 0) <= maxAmountDigits && exponent >= -maxAmountDigits
}

// In returns the amount with a positive sign, which means money that was received.
func (m Money) In() Money { return Money{Amount: m.Amount.Abs(), Currency: m.Currency} }

// Out returns the amount as money out: its sign is negative.
func (m Money) Out() Money { return Money{Amount: m.Amount.Abs().Neg(), Currency: m.Currency} }

// Negate returns the amount with the opposite sign.
func (m Money) Negate() Money { return Money{Amount: m.Amount.Neg(), Currency: m.Currency} }

// Equal reports whether amount and currency are equal.
func (m Money) Equal(other Money) bool {
	return m.Currency == other.Currency && m.Amount.Cmp(other.Amount) == 0
}
