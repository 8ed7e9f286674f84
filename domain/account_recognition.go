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

// Key returns a text that identifies the bank account. Two accounts with the same key are the same bank account. Key
// returns "" if the identity contains too few values. If the bank or the agency is missing in only one of two accounts,
// their keys differ. RecognizeAccounts may still pair such accounts.
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
	// Rows contains all rows that the vendor returns for the account. For an account that is no longer linked, it
	// contains the rows that the vendor returned last. The fields Account, FirstRead, LastRead and LearnedAt of the
	// rows are ignored.
	Rows []MatchRow
}

// AccountPair contains two external ids of one bank account: the id under its former account reference (Before), and
// the id under its new one (After).
type AccountPair struct{ Before, After string }

// The limits for recognising an account by its rows.
const (
	minCommonRows    = 10
	minPercentCommon = 95
)

// RecognizeAccounts pairs old accounts with the new accounts that are the same bank accounts, linked again under a new
// account reference. Each account occurs in at most one pair. The two accounts of a pair have the same type and
// currency.
//
// The following rules apply in order, each to the accounts that are not paired yet. A rule pairs two accounts only if
// neither of them also matches a third account:
//
//   - The accounts have the same subtype and the same id of the institution.
//   - The accounts have the same subtype and the same CLABE.
//   - The accounts have the same subtype and the same number. The bank, the agency and the CLABE are the same or not
//     stated.
//   - The rows of the accounts match. On the days that both accounts cover, each account has at least ten rows, and at
//     least 95 % of the rows match. The rule applies only if exactly one old account and one new account with the same
//     type and currency are still unpaired.
//
// The result is ordered by AccountPair.Before and does not depend on the order of the input.
func RecognizeAccounts(oldAccounts, newAccounts []LinkedAccount) []AccountPair {
	r := recognition{oldAccounts: openAccounts(oldAccounts), newAccounts: openAccounts(newAccounts)}
	r.pairByIdentity()
	r.pairByRows()
	slices.SortFunc(r.pairs, func(a, b AccountPair) int { return cmp.Compare(a.Before, b.Before) })
	return r.pairs
}

// ComparableAccounts returns the pairs of accounts that RecognizeAccounts cannot decide without their rows.
// ComparableAccounts itself does not compare rows.
func ComparableAccounts(before, after []LinkedAccount) []AccountPair {
	withoutRows := func(accounts []LinkedAccount) []*LinkedAccount {
		open := openAccounts(slices.Clone(accounts))
		for _, account := range open {
			account.Rows = nil
		}
		return open
	}
	r := recognition{oldAccounts: withoutRows(before), newAccounts: withoutRows(after)}
	r.pairByIdentity()
	r.pairs = nil
	r.pairUnique(sameTypeAndCurrency)
	return r.pairs
}

// recognition is one run of RecognizeAccounts. The fields oldAccounts and newAccounts contain the accounts that are not
// paired yet.
type recognition struct {
	oldAccounts, newAccounts []*LinkedAccount
	pairs                    []AccountPair
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
	return equal(a.Number, b.Number) && !areDifferent(a.Agency, b.Agency) && !areDifferent(a.Bank, b.Bank) &&
		!areDifferent(a.CLABE, b.CLABE)
}

// pairByIdentity pairs the accounts that have a number or an id in common.
func (r *recognition) pairByIdentity() {
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && equal(a.Identity.ID, b.Identity.ID) })
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && equal(a.Identity.CLABE, b.Identity.CLABE) })
	r.pairUnique(func(a, b *LinkedAccount) bool { return sameKind(a, b) && sameNumber(a.Identity, b.Identity) })
}

// pairUnique pairs an old account and a new account if the given function returns true for them. If the function
// returns true for several partners of an account, this account is not paired.
func (r *recognition) pairUnique(fits func(before, after *LinkedAccount) bool) {
	var found [][2]*LinkedAccount
	for _, before := range r.oldAccounts {
		after := onlyOne(r.newAccounts, func(after *LinkedAccount) bool { return fits(before, after) })
		if after == nil {
			continue
		}
		if back := onlyOne(
			r.oldAccounts,
			func(other *LinkedAccount) bool { return fits(other, after) },
		); back == before {
			found = append(found, [2]*LinkedAccount{before, after})
		}
	}
	for _, pair := range found {
		r.pair(pair[0], pair[1])
	}
}

// pairByRows pairs an old account and a new account if both conditions hold:
//   - No other unpaired account in the same list has the type and the currency of the account.
//   - The rows of the two accounts match.
func (r *recognition) pairByRows() {
	fitting := recognition{oldAccounts: r.oldAccounts, newAccounts: r.newAccounts}
	fitting.pairUnique(sameTypeAndCurrency)
	for _, pair := range fitting.pairs {
		before := onlyOne(r.oldAccounts, func(a *LinkedAccount) bool { return a.ExternalID == pair.Before })
		after := onlyOne(r.newAccounts, func(a *LinkedAccount) bool { return a.ExternalID == pair.After })
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
	r.oldAccounts, r.newAccounts = without(r.oldAccounts, before), without(r.newAccounts, after)
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

// rowsMatch reports whether the rows of two accounts match on their common days. The common days are the days that lie
// between the first and the last row of both accounts.
func rowsMatch(before, after []MatchRow) bool {
	if min(len(before), len(after)) < minCommonRows {
		return false
	}
	old, current := datesOf(before), datesOf(after)
	common := Window{
		From: max(slices.Min(old), slices.Min(current)), To: min(slices.Max(old), slices.Max(current)),
	}
	oldRows, newRows := rowsWithin(before, common, 1), rowsWithin(after, common, 2)
	if min(len(oldRows), len(newRows)) < minCommonRows {
		return false
	}
	matches := MatchRows(MatchInput{Old: oldRows, New: newRows, Relinked: true})
	return len(matches)*100 >= max(len(oldRows), len(newRows))*minPercentCommon
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

// rowsWithin returns copies of the rows that are dated within the window. In the copies, Account is comparedAccount,
// FirstRead and LastRead have the value readNumber, and LearnedAt is zero.
func rowsWithin(rows []MatchRow, window Window, readNumber uint64) []MatchRow {
	var within []MatchRow
	for _, row := range rows {
		if window.Contains(row.Date) {
			row.Account, row.LearnedAt = comparedAccount, time.Time{}
			row.FirstRead, row.LastRead = readNumber, readNumber
			within = append(within, row)
		}
	}
	return within
}
