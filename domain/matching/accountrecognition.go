package matching

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// LinkedAccount is an account under one account reference, with its rows.
type LinkedAccount struct {
	ExternalID string // unique among the accounts of one reference
	Type       domain.AccountType
	Subtype    string
	Currency   string
	Identity   domain.AccountIdentity
	Rows       []Row // what the vendor returns, or returned last, for the account
}

// Recognition says which accounts of a new reference continue which accounts of the former one.
type Recognition struct {
	Pairs []domain.AccountPair // ordered by Before
	// Ambiguous contains the external ids of accounts that cannot be told apart: several have one number, or none, and
	// their rows do not tell. Nothing may be merged or removed before an operator has decided.
	AmbiguousBefore, AmbiguousAfter []string
}

// The limits for recognising an account by its rows.
const (
	minCommonRows     = 10
	minPercentCommon  = 95
	minPercentDoubt   = 20 // accounts with fewer common rows are different
	maxPercentAnother = 50 // a second account that shares more than this leaves the first in doubt
)

// Recognize pairs the accounts of a former reference with the accounts of a new one. Accounts of a pair have one type
// and currency. The rules apply in this order, each to the accounts that are not paired yet:
//
//   - Two accounts are paired if their institution's id, their CLABE, or their number with bank, agency and check digit
//     is equal, however formatted, and no third account has it.
//   - If several accounts have an equal number, the accounts whose rows match are paired.
//   - Two accounts whose rows match are also paired if their numbers differ only in a check digit, if one of the
//     numbers is not known, or if no other account of the type and currency is open on either side.
//
// Rows match if, on the days that both accounts cover, each has at least ten rows, and at least 95 % of them have a
// partner of the same date and amount, or are one movement by Match. The texts need not be equal, because another
// connector of the bank may print other ones.
func Recognize(before, after []LinkedAccount) Recognition {
	r := recognizer{before: openAccounts(before), after: openAccounts(after)}
	r.pairByIdentity()
	r.pairByRows()
	slices.SortFunc(r.out.Pairs, func(a, b domain.AccountPair) int { return cmp.Compare(a.Before, b.Before) })
	slices.Sort(r.out.AmbiguousAfter) // AmbiguousBefore has the order of the accounts
	return r.out
}

// openByIdentity returns the external ids of the accounts that their identities do not pair, but that may be the same
// as another account. Only their rows can decide.
func openByIdentity(before, after []LinkedAccount) (openBefore, openAfter map[string]bool) {
	r := recognizer{before: openAccounts(before), after: openAccounts(after)}
	r.pairByIdentity()
	openBefore, openAfter = map[string]bool{}, map[string]bool{}
	for _, a := range r.before {
		for _, b := range r.after {
			if r.mayBeSame(a, b) {
				openBefore[a.ExternalID], openAfter[b.ExternalID] = true, true
			}
		}
	}
	return openBefore, openAfter
}

// recognizer is one run of Recognize. before and after contain the open accounts.
type recognizer struct {
	before, after []*LinkedAccount
	out           Recognition
}

func openAccounts(accounts []LinkedAccount) []*LinkedAccount {
	open := make([]*LinkedAccount, len(accounts))
	for i := range accounts {
		open[i] = &accounts[i]
	}
	slices.SortFunc(open, func(a, b *LinkedAccount) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	return open
}

func sameKind(a, b *LinkedAccount) bool { return a.Type == b.Type && a.Currency == b.Currency }

func sameID(a, b domain.AccountIdentity) bool { return a.ID != "" && a.ID == b.ID }

func sameCLABE(a, b domain.AccountIdentity) bool { return a.CLABE != "" && a.CLABE == b.CLABE }

func sameNumber(a, b domain.AccountIdentity) bool {
	return a.Number != "" && a.Number == b.Number && compatible(a, b)
}

// compatible reports whether the banks, the agencies and the CLABEs of two identities are equal where both state them.
func compatible(a, b domain.AccountIdentity) bool {
	equal := func(x, y string) bool { return x == "" || y == "" || x == y }
	return equal(a.Bank, b.Bank) && equal(a.Agency, b.Agency) && equal(a.CLABE, b.CLABE)
}

// mayBeOne reports whether the numbers allow two accounts to be one: they are equal, one of them is not stated, or one
// has a check digit more.
func mayBeOne(a, b domain.AccountIdentity) bool {
	x, y := a.Number, b.Number
	if len(x) > len(y) {
		x, y = y, x
	}
	return compatible(a, b) && (x == "" || x == y || len(y) == len(x)+1 && strings.HasPrefix(y, x))
}

// pairByIdentity pairs the accounts that have an id or a number in common.
func (r *recognizer) pairByIdentity() {
	for _, same := range []func(a, b domain.AccountIdentity) bool{sameID, sameCLABE, sameNumber} {
		r.pairOnly(func(a, b *LinkedAccount) bool {
			return a.Subtype == b.Subtype && sameKind(a, b) && same(a.Identity, b.Identity)
		})
	}
}

// pairOnly pairs the accounts for which fits returns true and that fit no third account.
func (r *recognizer) pairOnly(fits func(before, after *LinkedAccount) bool) {
	partners := map[*LinkedAccount][]*LinkedAccount{}
	for _, a := range r.before {
		for _, b := range r.after {
			if fits(a, b) {
				partners[a], partners[b] = append(partners[a], b), append(partners[b], a)
			}
		}
	}
	for _, a := range slices.Clone(r.before) {
		if len(partners[a]) == 1 && len(partners[partners[a][0]]) == 1 {
			r.pair(a, partners[a][0])
		}
	}
}

func (r *recognizer) pair(a, b *LinkedAccount) {
	r.out.Pairs = append(r.out.Pairs, domain.AccountPair{Before: a.ExternalID, After: b.ExternalID})
	r.before = slices.DeleteFunc(r.before, func(o *LinkedAccount) bool { return o == a })
	r.after = slices.DeleteFunc(r.after, func(o *LinkedAccount) bool { return o == b })
}

// mayBeSame reports whether the rows of two open accounts can show that they are one: their numbers allow it, or they
// are the only ones of their type and currency. The institution may have given the account another number.
func (r *recognizer) mayBeSame(a, b *LinkedAccount) bool {
	only := func(accounts []*LinkedAccount) bool {
		n := 0
		for _, other := range accounts {
			if sameKind(a, other) {
				n++
			}
		}
		return n == 1
	}
	return sameKind(a, b) && (mayBeOne(a.Identity, b.Identity) || only(r.before) && only(r.after))
}

// pairByRows pairs the open accounts by their rows. An account that may be one with several others, and whose rows do
// not tell, is ambiguous. A single candidate whose rows do not match is another account.
func (r *recognizer) pairByRows() {
	type candidate struct {
		a, b  *LinkedAccount
		share int
	}
	var all []candidate
	count := map[*LinkedAccount]int{}
	for _, a := range r.before {
		for _, b := range r.after {
			if r.mayBeSame(a, b) {
				all = append(all, candidate{a, b, percentCommon(a.Rows, b.Rows)})
				count[a]++
				count[b]++
			}
		}
	}
	for _, c := range all {
		clear := !slices.ContainsFunc(all, func(o candidate) bool {
			return o != c && (o.a == c.a || o.b == c.b) && o.share > maxPercentAnother
		})
		if c.share >= minPercentCommon && clear {
			r.pair(c.a, c.b)
		}
	}
	for _, c := range all {
		if !slices.Contains(r.before, c.a) || !slices.Contains(r.after, c.b) {
			continue
		}
		different := c.share >= 0 && c.share < minPercentDoubt
		if sameNumber(c.a.Identity, c.b.Identity) || !different && (count[c.a] > 1 || count[c.b] > 1) {
			r.out.AmbiguousBefore = add(r.out.AmbiguousBefore, c.a.ExternalID)
			r.out.AmbiguousAfter = add(r.out.AmbiguousAfter, c.b.ExternalID)
		}
	}
}

// percentCommon returns the share of rows with a partner, in percent, on the days that both accounts cover. It returns
// -1 if the accounts have too few rows on these days to tell.
func percentCommon(before, after []Row) int {
	if len(before) == 0 || len(after) == 0 {
		return -1
	}
	from := max(firstDate(before), firstDate(after))
	to := min(lastDate(before), lastDate(after))
	x, y := within(before, from, to), within(after, from, to)
	if min(len(x), len(y)) < minCommonRows {
		return -1
	}
	common := max(equalRows(x, y), len(Match(x, y, Context{Whole: true, AsMany: true}).Pairs))
	return common * 100 / max(len(x), len(y))
}

// Unmatched compares the rows of an account before and after it was linked again, on the days that both cover. It
// returns the number of earlier rows without a partner, if there are at least ten earlier rows and more than half of
// them have no partner. Otherwise it returns 0.
func Unmatched(before, after []Row) int {
	if len(before) == 0 || len(after) == 0 {
		return 0
	}
	from := max(firstDate(before), firstDate(after))
	to := min(lastDate(before), lastDate(after))
	returned := map[string]bool{}
	for i := range after {
		returned[after[i].ExternalID] = true
	}
	x := within(before, from, to)
	rows := len(x)
	x = slices.DeleteFunc(x, func(r Row) bool { return returned[r.ExternalID] })
	missing := len(x) - len(Match(x, within(after, from, to), Context{Whole: true, AsMany: true}).Pairs)
	if rows < minCommonRows || 2*missing <= rows {
		return 0
	}
	return missing
}

func firstDate(rows []Row) domain.Date {
	return slices.MinFunc(rows, func(a, b Row) int { return cmp.Compare(a.Date, b.Date) }).Date
}

func lastDate(rows []Row) domain.Date {
	return slices.MaxFunc(rows, func(a, b Row) int { return cmp.Compare(a.Date, b.Date) }).Date
}

// within returns the rows from one date to another, as rows of one account that no read showed together.
func within(rows []Row, from, to domain.Date) (found []Row) {
	for _, r := range rows {
		if r.Date >= from && r.Date <= to {
			r.Account, r.Reads, r.FirstRead, r.LastRead = comparedAccount, nil, 0, 0
			r.LearnedAt = time.Time{}
			found = append(found, r)
		}
	}
	return found
}

// equalRows returns how many rows of one list have a row of the same date and amount in the other one. Each row counts
// once.
func equalRows(x, y []Row) (common int) {
	open := map[string]int{}
	for i := range x {
		open[string(x[i].Date)+amountKey(x[i].local())]++
	}
	for i := range y {
		key := string(y[i].Date) + amountKey(y[i].local())
		if open[key] > 0 {
			open[key]--
			common++
		}
	}
	return common
}

// comparedAccount is the account of all rows while the rows of two accounts are compared.
var comparedAccount = domain.AccountID{UUID: uuid.Max}
