package matching

import (
	"cmp"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// identityClass is a value of an account that names it at its institution. Classes are ordered: an earlier one decides
// before a later one.
type identityClass int

const (
	byID identityClass = iota
	byCLABE
	byIBAN
	byFullNumber
	identityClasses // number of the classes
)

// accountRelation states what the facts of two accounts say about their being one bank account. Rows are no facts.
type accountRelation struct {
	// identical contains the classes of which both accounts have an equal value. Type, subtype and currency are equal.
	identical [identityClasses]bool
	// against is set if a fact other than the type speaks against one account: another currency, holder or bank, or a
	// part of the number that both state and that differs.
	against   bool
	otherType bool // another type or subtype
	// joint is set if only another document speaks against it, although bank, agency and number with check digit are
	// equal: joint holders and operators of a company read one account.
	joint    bool
	digits   relation // how the parts of the numbers relate that both state
	sameBank bool     // both state the same bank
}

// isIdentical reports whether one of the classes identifies the accounts as one, and nothing speaks against it.
func (r accountRelation) isIdentical() bool {
	return r.identical != [identityClasses]bool{} && !r.against && !r.otherType && !r.joint
}

// relate compares the facts of two accounts.
func relate(a, b *LinkedAccount) accountRelation {
	x, y := a.Identity, b.Identity
	r := accountRelation{
		otherType: a.Type != b.Type || otherText(a.Subtype, b.Subtype),
		digits:    compareNumbers(x, y),
	}
	if r.digits == unknown && x.Mask != "" && x.Mask == y.Mask {
		r.digits = agree
	}
	bank := compareBanks(a, b)
	r.sameBank = bank == agree
	r.against = otherText(a.Currency, b.Currency) || bank == differ || r.digits == differ
	if a.Currency == b.Currency && a.Type == b.Type && a.Subtype == b.Subtype {
		r.identical = [identityClasses]bool{
			byID: sameText(x.ID, y.ID), byCLABE: sameText(x.CLABE, y.CLABE), byIBAN: sameText(x.IBAN, y.IBAN),
			byFullNumber: sameFullNumber(x, y),
		}
	}
	if otherHolder(x, y) {
		r.joint = r.identical[byFullNumber] && !r.against
		r.against = r.against || !r.joint
	}
	return r
}

// otherHolder reports whether the documents of the holders contradict each other. Of a masked document, only the
// visible characters are compared. A masked document and one of another length contradict nothing.
func otherHolder(x, y domain.AccountIdentity) bool {
	return compareDocuments(cmp.Or(x.Document, x.MaskedDocument), cmp.Or(y.Document, y.MaskedDocument)) == differ
}

func otherText(x, y string) bool { return x != "" && y != "" && x != y }
func sameText(x, y string) bool  { return x != "" && x == y }

// sameFullNumber reports whether bank, agency and number are equal, and the number includes a check digit.
func sameFullNumber(x, y domain.AccountIdentity) bool {
	return x.HasFullNumber() && x.Bank == y.Bank && x.Agency == y.Agency && x.Number == y.Number &&
		x.CheckDigit+y.CheckDigit != ""
}

// compareNumbers compares the parts of the numbers that both accounts state. It returns unknown if they state no part
// in common.
func compareNumbers(x, y domain.AccountIdentity) relation {
	if otherText(x.Agency, y.Agency) || otherText(x.CLABE, y.CLABE) || otherText(x.IBAN, y.IBAN) {
		return differ
	}
	result := unknown
	if sameText(x.CLABE, y.CLABE) || sameText(x.IBAN, y.IBAN) {
		result = agree
	}
	for _, compared := range []relation{
		compareAccountNumbers(x, y), compareLastDigits(x.LastDigits, y.LastDigits),
		compareEnd(x, y.LastDigits), compareEnd(y, x.LastDigits),
	} {
		if compared == differ {
			return differ
		}
		if compared == agree {
			result = agree
		}
	}
	return result
}

// minPrefixedDigits is the minimum length of an account number behind the agency with which it is written. A shorter
// number ends like others by chance.
const minPrefixedDigits = 5

// compareAccountNumbers compares two account numbers. They agree if only one of them has a check digit, and they have
// the other digits in common. They also agree if one of them is the other one behind the agency: a vendor may write
// both as one number. That does not prove that they are equal, because the digits may also be those of a longer number.
func compareAccountNumbers(x, y domain.AccountIdentity) relation {
	if x.Number == "" || y.Number == "" {
		return unknown
	}
	agency := cmp.Or(x.Agency, y.Agency)
	return relationOf(sameNumber(x, y) || sameNumber(behindAgency(x, agency), y) ||
		sameNumber(x, behindAgency(y, agency)))
}

// sameNumber reports whether both numbers are equal, apart from a check digit that one of them lacks.
func sameNumber(x, y domain.AccountIdentity) bool {
	longer, shorter := x, y
	if len(longer.Number) < len(shorter.Number) {
		longer, shorter = y, x
	}
	return longer.Number == shorter.Number || shorter.Number != "" && shorter.CheckDigit == "" &&
		len(longer.Number) == len(shorter.Number)+1 && strings.HasPrefix(longer.Number, shorter.Number)
}

// behindAgency returns the identity with the part of its number that follows the agency; without a number if it does
// not begin with the agency, or the part is too short.
func behindAgency(i domain.AccountIdentity, agency string) domain.AccountIdentity {
	part, found := strings.CutPrefix(i.Number, agency)
	i.Number = strings.TrimLeft(part, "0")
	if agency == "" || !found || len(i.Number) < minPrefixedDigits {
		i.Number = ""
	}
	return i
}

// compareLastDigits compares the visible last digits of two numbers. The vendor may show more digits of one of them.
func compareLastDigits(x, y string) relation {
	switch {
	case x == "" || y == "":
		return unknown
	case strings.HasSuffix(x, y) || strings.HasSuffix(y, x):
		return agree
	}
	return differ
}

// compareEnd compares the number of an account with the visible last digits of another one, which may or may not
// include the check digit.
func compareEnd(x domain.AccountIdentity, last string) relation {
	if x.Number == "" || last == "" {
		return unknown
	}
	base := strings.TrimSuffix(x.Number, x.CheckDigit)
	if compareLastDigits(x.Number, last) == agree || compareLastDigits(base, last) == agree {
		return agree
	}
	return differ
}

// compareBanks compares the banks of two accounts by their codes, or by the vendor's institutions if a code is not
// known. A direct connector and one of Open Finance have different ids, but the same code and often the same name.
func compareBanks(a, b *LinkedAccount) relation {
	x, y := a.bankCode(), b.bankCode()
	if x != "" && y != "" && sameKindOfCode(x, y) {
		return relationOf(x == y)
	}
	i, j := a.Identity.Institution, b.Identity.Institution
	m, n := foldInstitution(i.Name), foldInstitution(j.Name)
	switch {
	case sameText(i.ID, j.ID) || sameText(m, n):
		return agree
	case otherText(i.ID, j.ID) || otherText(m, n):
		return differ
	}
	return unknown
}

func relationOf(isEqual bool) relation {
	if isEqual {
		return agree
	}
	return differ
}

// sameKindOfCode reports whether two codes of banks are of one kind: a COMPE code of at most 4 digits, an ISPB code of
// 8 digits, or a name.
func sameKindOfCode(x, y string) bool {
	kind := func(code string) int {
		switch {
		case strings.Trim(code, "0123456789") != "":
			return 0
		case len(code) <= 4:
			return 1
		}
		return 2
	}
	return kind(x) == kind(y)
}

// foldInstitution returns the name of an institution without the words that distinguish its connectors.
func foldInstitution(name string) string {
	words := strings.FieldsFunc(banktext.Fold(name), func(r rune) bool { return strings.ContainsRune(" ()-_", r) })
	return strings.TrimSpace(strings.ReplaceAll(strings.Join(words, " "), "open finance", ""))
}

// bankCode returns the code of the account's bank. If the account does not state it, it is the only code that the other
// accounts of its account reference state.
func (a *LinkedAccount) bankCode() string {
	if a.Identity.Bank != "" {
		return a.Identity.Bank
	}
	return a.BankOfLink
}
