package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// AccountIdentity contains the numbers by which a bank identifies an account. They stay the same when the account is
// linked again under another account reference. [NewAccountIdentity] makes the numbers comparable. A value that the
// vendor does not state is "".
type AccountIdentity struct {
	Bank   string // the COMPE code of the bank
	Agency string
	Number string // account number with check digit, or the visible digits of a card number
	CLABE  string // the Mexican account number of 18 digits
	ID     string // the institution's own id: internal_identification at Belvo
}

// NewAccountIdentity returns an identity whose numbers have no punctuation and no leading zeros, so
// "0001/12345-X" and "1/12345x" are the same. The id is not changed. A CLABE that does not have 18 digits
// is left out.
func NewAccountIdentity(bank, agency, number, clabe, id string) AccountIdentity {
	identity := AccountIdentity{
		Bank: accountDigits(bank), Agency: accountDigits(agency), Number: accountDigits(number), ID: id,
	}
	if digits := digitsOf(clabe); len(digits) == 18 {
		identity.CLABE = digits
	}
	return identity
}

// minSharedDigits is the minimum length of an account number that identifies an account. Shorter numbers, such as the
// visible digits of a card number, are not unique among the accounts of a tenant.
const minSharedDigits = 5

// Key returns a text that identifies the bank account. Accounts with equal keys are the same bank account. Key
// returns "" if the identity contains too few values. If only one of two accounts has a bank or an agency, their keys
// differ, but matching.Recognize may still pair them.
func (i AccountIdentity) Key(account AccountData) string {
	kind := joinParts(string(account.Type), account.Subtype, account.Currency)
	switch {
	case i.ID != "":
		return joinKey("id", kind, i.ID)
	case i.CLABE != "":
		return joinKey("clabe", kind, i.CLABE)
	case len(i.Number) >= minSharedDigits:
		return joinKey("number", kind, i.Bank, i.Agency, i.Number)
	}
	return ""
}

// joinKey returns the hexadecimal SHA-256 hash of the parts.
func joinKey(parts ...string) string {
	sum := sha256.Sum256([]byte(joinParts(parts...)))
	return hex.EncodeToString(sum[:])
}

// accountDigits returns the digits of an account number without leading zeros. The last character may be
// the check digit X.
func accountDigits(number string) string {
	number = strings.ToUpper(strings.TrimSpace(number))
	digits := digitsOf(number)
	if digits != "" && strings.HasSuffix(number, "X") {
		digits += "X"
	}
	return strings.TrimLeft(digits, "0")
}

// joinParts joins the parts with a character that none of them contains.
func joinParts(parts ...string) string { return strings.Join(parts, "\x00") }

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, text)
}

// AccountPair contains two external ids of one bank account. Before is its id under the former account reference, and
// After its id under the new one.
type AccountPair struct{ Before, After string }
