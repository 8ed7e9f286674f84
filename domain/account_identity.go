package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// AccountIdentity contains the facts by which two accounts are compared. They stay the same when the account is linked
// again. [NewAccountIdentity] makes the numbers comparable. A value that the vendor does not state is "".
type AccountIdentity struct {
	// Bank is the COMPE code of the bank, its ISPB code of 8 digits, or the vendor's name of the institution where the
	// vendor states no code.
	Bank   string
	Agency string // without check digit
	Number string // the full account number; it includes the check digit if the vendor states one
	// CheckDigit is the last character of Number if the vendor marks it as the check digit.
	CheckDigit string
	CLABE      string // the Mexican account number of 18 digits
	IBAN       string
	ID         string // the institution's own id of the account
	LastDigits string // the visible last digits of a card's number
	// Mask contains characters that the institution shows in place of the number. They need not be its end, and they
	// may change.
	Mask     string
	Document string // the complete tax number of the holder
	// MaskedDocument is the tax number of the holder if some of its characters are hidden; see [MaskedTaxNumber]. It
	// identifies no holder, but its visible characters may contradict another document.
	MaskedDocument string
	Institution    Institution
}

// NewAccountIdentity returns an identity whose numbers have no punctuation and no leading zeros, so
// "0001/12345-X" and "1/12345x" are the same. The id is not changed. A CLABE that does not have 18 digits
// is left out. A number of which characters are hidden ("**** 8670") becomes LastDigits.
func NewAccountIdentity(bank, agency, number, clabe, id string) AccountIdentity {
	agency, _, _ = strings.Cut(strings.TrimSpace(agency), "-")
	identity := AccountIdentity{Bank: bankCode(bank), Agency: accountDigits(agency), ID: id}
	if identity.Agency == "" && digitsOf(agency) != "" {
		identity.Agency = "0"
	}
	switch digits := accountDigits(number); {
	case strings.ContainsAny(number, "*•"):
		identity.LastDigits = digitsOf(number)
	case digits != "":
		identity.Number, identity.CheckDigit = digits, checkDigitOf(number, digits)
	}
	if digits := digitsOf(clabe); len(digits) == 18 {
		identity.CLABE = digits
	}
	return identity
}

// OfCard returns the identity of a card, of whose number the vendor shows only the last digits.
func (i AccountIdentity) OfCard(number string) AccountIdentity {
	i.LastDigits, i.Number, i.CheckDigit, i.Agency = digitsOf(number), "", "", ""
	return i
}

// ConfirmedBy returns the identity without its agency if another member of the same record contradicts its agency or
// its number, because the number then does not identify the account. stated has the form "agency/number-digit"; the
// agency may be missing. Either of the two numbers may lack the check digit or begin with the agency. A number of which
// characters are hidden contradicts nothing.
func (i AccountIdentity) ConfirmedBy(stated string) AccountIdentity {
	agency, number, found := strings.Cut(stated, "/")
	if !found {
		agency, number = "", stated
	}
	other := NewAccountIdentity("", agency, number, "", "")
	x, y := i.Number, other.Number
	if x == "" || y == "" {
		return i
	}
	if len(x) < len(y) {
		x, y = y, x
	}
	if i.Agency != "" && other.Agency != "" && i.Agency != other.Agency ||
		!strings.HasPrefix(x, y) && !strings.HasSuffix(x, y) {
		i.Agency = ""
	}
	return i
}

// WithIBAN returns the identity with an IBAN, in the form of its electronic format.
func (i AccountIdentity) WithIBAN(iban string) AccountIdentity {
	i.IBAN = strings.ToUpper(strings.ReplaceAll(iban, " ", ""))
	return i
}

// WithDocument returns the identity with the tax number of the holder, which is either complete or masked.
func (i AccountIdentity) WithDocument(number string) AccountIdentity {
	i.Document, i.MaskedDocument = "", MaskedTaxNumber(number)
	if i.MaskedDocument == "" {
		i.Document = TaxNumber(number)
	}
	return i
}

// The numbers of digits of an ISPB code, of a COMPE code and of an agency in Brazil.
const (
	lengthOfISPB   = 8
	lengthOfCOMPE  = 3
	lengthOfAgency = 4
)

// bankCode returns a COMPE code without leading zeros, or an ISPB code with all its digits; "" for other texts.
func bankCode(bank string) string {
	digits := digitsOf(bank)
	if len(digits) >= lengthOfISPB-1 {
		return strings.Repeat("0", max(lengthOfISPB-len(digits), 0)) + digits
	}
	return strings.TrimLeft(digits, "0")
}

// checkDigitOf returns the check digit of an account number, which stands behind a hyphen or is the letter X; "" if the
// number marks none. digits are the digits of the number.
func checkDigitOf(number, digits string) string {
	number = strings.ToUpper(strings.TrimSpace(number))
	last := digits[len(digits)-1:]
	if strings.HasSuffix(number, "-"+last) || last == "X" {
		return last
	}
	return ""
}

// minSharedDigits is the minimum length of an account number that identifies an account. Shorter numbers, such as the
// visible digits of a card number, are not unique among the accounts of a tenant.
const minSharedDigits = 5

// BankCode returns the COMPE code of the bank with its three digits, or its ISPB code of eight; "" if the vendor states
// neither. The first three digits of a CLABE are the code of the bank, too.
func (i AccountIdentity) BankCode() string {
	switch n := len(i.Bank); {
	case n > 0 && digitsOf(i.Bank) == i.Bank:
		return strings.Repeat("0", max(lengthOfCOMPE-n, 0)) + i.Bank
	case i.CLABE != "":
		return i.CLABE[:lengthOfCOMPE]
	}
	return ""
}

// Branch returns the agency with at least four digits; "" if the vendor states none.
func (i AccountIdentity) Branch() string {
	if i.Agency == "" {
		return ""
	}
	return strings.Repeat("0", max(lengthOfAgency-len(i.Agency), 0)) + i.Agency
}

// HasFullNumber reports whether the identity contains everything that names an account at its bank: the bank, the
// agency and a number of at least five digits.
func (i AccountIdentity) HasFullNumber() bool {
	return i.Bank != "" && i.Agency != "" && len(i.Number) >= minSharedDigits
}

// Key returns a text that identifies the bank account. Accounts with equal keys are the same bank account, unless other
// facts speak against it; see matching.Recognize. Key returns "" if the identity contains too few values.
func (i AccountIdentity) Key(account AccountData) string {
	kind := joinParts(string(account.Type), account.Subtype, account.Currency)
	switch {
	case i.ID != "":
		return joinKey("id", kind, i.Bank, i.ID)
	case i.CLABE != "":
		return joinKey("clabe", kind, i.CLABE)
	case i.IBAN != "":
		return joinKey("iban", kind, i.IBAN)
	case i.HasFullNumber() && i.CheckDigit != "":
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
