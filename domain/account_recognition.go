package domain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AccountIdentity contains the numbers by which a bank identifies an account. They stay the same when
// the account is linked again under another account reference. The vendor's adapter reads them from the
// metadata of the account, in any format; [NewAccountIdentity] makes them comparable. A value that the
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

// minSharedDigits is the minimum length of a number that identifies an account among all accounts of a tenant, in
// digits. A card number has fewer visible digits.
const minSharedDigits = 5

// Key returns a text that two accounts share if their identities show that they are the same account of the bank. It
// returns "" if the identity contains too few values. Unlike RecognizeAccounts, Key does not let a missing bank or
// agency match a stated one.
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

// LinkedAccount is an account that belongs to one account reference, together with the account's rows.
type LinkedAccount struct {
	ExternalID string // unique among the accounts of one reference
	Type       AccountType
	Subtype    string
	Currency   string
	Identity   AccountIdentity
	// Rows contains all rows of the account that the vendor shows now, or that it showed last. The members Account,
	// FirstRead, LastRead and LearnedAt of the rows are ignored.
	Rows []MatchRow
}

// AccountPair contains the external ids that one account has before and after it was linked again.
type AccountPair struct{ Before, After string }

// The limits for recognising an account by its rows.
const (
	minCommonRows    = 10
	minPercentCommon = 95
)

// RecognizeAccounts finds the accounts that are the same before and after they were linked again, under a new account
// reference. Each account occurs in at most one pair. Accounts that differ in type, subtype or currency are never the
// same. The following rules apply in order, each to the accounts that have no partner yet. A rule pairs two accounts
// only if neither of them also matches a third account:
//
//   - the same id of the institution;
//   - the same CLABE;
//   - the same number; the bank and the agency are the same or not stated;
//   - before and after contain only one remaining account of this type and currency each. On the days that both
//     accounts cover, each has at least ten rows, and at least 95 % of the rows match.
//
// The result is ordered by Before and does not depend on the order of the input.
func RecognizeAccounts(before, after []LinkedAccount) []AccountPair {
	r := recognition{before: openAccounts(before), after: openAccounts(after)}
	r.pairByIdentity()
	r.pairByRows()
	slices.SortFunc(r.pairs, func(a, b AccountPair) int { return cmp.Compare(a.Before, b.Before) })
	return r.pairs
}

// ComparableAccounts returns the pairs of accounts that RecognizeAccounts may recognise by their rows. The accounts of
// such a pair have no number or id in common, and each is the only account of its type and currency in its list. The
// function ignores the rows themselves.
func ComparableAccounts(before, after []LinkedAccount) []AccountPair {
	withoutRows := func(accounts []LinkedAccount) []*LinkedAccount {
		open := openAccounts(slices.Clone(accounts))
		for _, account := range open {
			account.Rows = nil
		}
		return open
	}
	r := recognition{before: withoutRows(before), after: withoutRows(after)}
	r.pairByIdentity()
	r.pairs = nil
	r.pairUnique(sameTypeAndCurrency)
	return r.pairs
}

// recognition is one run of RecognizeAccounts. before and after contain the accounts without a partner.
type recognition struct {
	before, after []*LinkedAccount
	pairs         []AccountPair
}

func openAccounts(accounts []LinkedAccount) []*LinkedAccount {
	open := make([]*LinkedAccount, len(accounts))
	for i := range accounts {
		open[i] = &accounts[i]
	}
	return open
}

func equal(a, b string) bool { return a != "" && a == b }

func sameKind(a, b *LinkedAccount) bool { return a.Subtype == b.Subtype && sameTypeAndCurrency(a, b) }

func sameTypeAndCurrency(a, b *LinkedAccount) bool {
	return a.Type == b.Type && a.Currency == b.Currency
}

func sameNumber(a, b AccountIdentity) bool {
	return equal(a.Number, b.Number) && !differ(a.Agency, b.Agency) && !differ(a.Bank, b.Bank) &&
		!differ(a.CLABE, b.CLABE)
}

// pairByIdentity pairs the accounts that have a number or an id in common.
func (r *recognition) pairByIdentity() {
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && equal(a.Identity.ID, b.Identity.ID) })
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && equal(a.Identity.CLABE, b.Identity.CLABE) })
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && sameNumber(a.Identity, b.Identity) })
}

// pairUnique pairs two accounts for which fits returns true, if neither of them fits a third account.
func (r *recognition) pairUnique(fits func(before, after *LinkedAccount) bool) {
	var found [][2]*LinkedAccount
	for _, before := range r.before {
		after := onlyOne(r.after, func(after *LinkedAccount) bool { return fits(before, after) })
		if after == nil {
			continue
		}
		if back := onlyOne(r.before, func(other *LinkedAccount) bool { return fits(other, after) }); back == before {
			found = append(found, [2]*LinkedAccount{before, after})
		}
	}
	for _, pair := range found {
		r.pair(pair[0], pair[1])
	}
}

// pairByRows pairs two accounts if each is the only remaining account of its type and currency in its list, and their
// rows match.
func (r *recognition) pairByRows() {
	fitting := recognition{before: r.before, after: r.after}
	fitting.pairUnique(sameTypeAndCurrency)
	for _, pair := range fitting.pairs {
		before := onlyOne(r.before, func(a *LinkedAccount) bool { return a.ExternalID == pair.Before })
		after := onlyOne(r.after, func(a *LinkedAccount) bool { return a.ExternalID == pair.After })
		if rowsMatch(before.Rows, after.Rows) {
			r.pair(before, after)
		}
	}
}

func (r *recognition) pair(before, after *LinkedAccount) {
	r.pairs = append(r.pairs, AccountPair{before.ExternalID, after.ExternalID})
	without := func(accounts []*LinkedAccount, paired *LinkedAccount) []*LinkedAccount {
		return slices.DeleteFunc(slices.Clone(accounts), func(a *LinkedAccount) bool { return a == paired })
	}
	r.before, r.after = without(r.before, before), without(r.after, after)
}

// onlyOne returns the only account for which fits returns true. It returns nil if there is no such account, or more
// than one.
func onlyOne(accounts []*LinkedAccount, fits func(*LinkedAccount) bool) *LinkedAccount {
	var only *LinkedAccount
	for _, account := range accounts {
		if !fits(account) {
			continue
		}
		if only != nil {
			return nil
		}
		only = account
	}
	return only
}

// rowsMatch reports whether both accounts show the same movements on the days that both of them cover.
func rowsMatch(before, after []MatchRow) bool {
	if min(len(before), len(after)) < minCommonRows {
		return false
	}
	old, current := datesOf(before), datesOf(after)
	common := Window{
		From: max(slices.Min(old), slices.Min(current)), To: min(slices.Max(old), slices.Max(current)),
	}
	lefts, cames := rowsWithin(before, common, 1), rowsWithin(after, common, 2)
	if min(len(lefts), len(cames)) < minCommonRows {
		return false
	}
	matches := MatchRows(MatchInput{Left: lefts, Came: cames, Relinked: true})
	return len(matches)*100 >= max(len(lefts), len(cames))*minPercentCommon
}

func datesOf(rows []MatchRow) []Date {
	dates := make([]Date, len(rows))
	for i := range rows {
		dates[i] = rows[i].Date
	}
	return dates
}

// comparedAccount is the account id that all rows get while the rows of two accounts are compared.
var comparedAccount = AccountID{UUID: uuid.Max}

// rowsWithin returns copies of the rows that are dated within the window. The copies belong to comparedAccount, and
// both FirstRead and LastRead equal the argument read.
func rowsWithin(rows []MatchRow, window Window, read uint64) []MatchRow {
	var within []MatchRow
	for _, row := range rows {
		if window.Contains(row.Date) {
			row.Account, row.FirstRead, row.LastRead, row.LearnedAt = comparedAccount, read, read, time.Time{}
			within = append(within, row)
		}
	}
	return within
}
