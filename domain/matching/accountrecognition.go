package matching

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// LinkedAccount is an account as the vendor returns it under one account reference, with its rows.
type LinkedAccount struct {
	ExternalID string // unique among the accounts of one reference
	Type       domain.AccountType
	Subtype    string
	Currency   string
	Identity   domain.AccountIdentity
	Rows       []Row // what the vendor returns, or returned last, for the account
}

// Recognition states for each account of a former account reference which account of a new reference continues it.
type Recognition struct {
	Pairs []domain.AccountPair // ordered by Before
	// The external ids of accounts that cannot be told apart: their numbers do not identify them, and their rows do
	// not decide. Nothing may be merged or removed before an operator has decided.
	AmbiguousBefore, AmbiguousAfter []string
}

// The limits for recognising an account by its rows.
const (
	minCommonRows     = 10
	minPercentCommon  = 95
	minPercentDoubt   = 20 // accounts with fewer common rows are different
	maxPercentAnother = 50 // a second account that shares more than this leaves the first in doubt
	// maxRecognitionRows is the maximum number of rows that are compared by their texts in one call of Recognize. A row
	// counts for each account with which it is compared. Beyond it, only dates and amounts are compared. If they do not
	// show that two accounts are the same, it is not known how many rows the accounts have in common.
	maxRecognitionRows = 100_000
)

// Recognize pairs the accounts of a former reference with the accounts of a new one. The accounts of a pair have the
// same type and currency. The rules apply in this order, each to the accounts that are not paired yet:
//
//   - Two accounts of one subtype are paired if one of these values is equal, and no third account has it: the
//     institution's id of the account, the CLABE, or the number together with bank, agency and check digit. The
//     format of a number does not matter.
//   - If several accounts have the same number, the accounts whose rows match are paired.
//   - Two accounts whose rows match are also paired if their numbers differ only in a check digit, if one of the
//     numbers is not known, or if no other account of the type and currency is unpaired on either side.
//
// Only the days that both accounts cover are compared. Rows match if each account has at least ten rows on these
// days, and at least 95 % of the rows have a partner with the same date and amount, or are paired by Match. The texts
// need not be equal, because another connector of the bank may print different ones. Two accounts are not paired by
// their rows if one of them has more than half of the rows in common with a third account.
func Recognize(before, after []LinkedAccount) Recognition {
	r := recognizer{before: openAccounts(before), after: openAccounts(after)}
	r.pairByIdentity()
	r.pairByRows()
	slices.SortFunc(r.out.Pairs, func(a, b domain.AccountPair) int { return cmp.Compare(a.Before, b.Before) })
	return r.out
}

// openByIdentity returns the external ids of the accounts that cannot be paired by their identities, but may be the
// same as another account. Only their rows can decide.
func openByIdentity(before, after []LinkedAccount) (openBefore, openAfter map[string]bool) {
	r := recognizer{before: openAccounts(before), after: openAccounts(after)}
	r.pairByIdentity()
	openBefore, openAfter = map[string]bool{}, map[string]bool{}
	kinds := r.countKinds()
	for _, a := range r.before {
		for _, b := range r.after {
			if kinds.mayBeSame(a, b) {
				openBefore[a.ExternalID], openAfter[b.ExternalID] = true, true
			}
		}
	}
	return openBefore, openAfter
}

// recognizer is one run of Recognize. before and after contain the accounts that are not paired yet.
type recognizer struct {
	before, after []*LinkedAccount
	out           Recognition
	compared      int // the rows that were compared by their texts
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

// compatible reports whether two identities have the same bank, agency and CLABE. A value that one of them does not
// state is not compared.
func compatible(a, b domain.AccountIdentity) bool {
	equal := func(x, y string) bool { return x == "" || y == "" || x == y }
	return equal(a.Bank, b.Bank) && equal(a.Agency, b.Agency) && equal(a.CLABE, b.CLABE)
}

// mayBeOne reports whether the identities may belong to the same account: they are compatible, and the numbers are
// equal, one of them is not stated, or one has an additional check digit.
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

// pairOnly pairs two accounts if fits returns true for them, and for no other pair with one of them.
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

// accountKind is the type and the currency of an account.
type accountKind struct {
	kind     domain.AccountType
	currency string
}

func kindOf(a *LinkedAccount) accountKind { return accountKind{a.Type, a.Currency} }

// kindCounts contains the numbers of unpaired accounts of each kind.
type kindCounts struct{ before, after map[accountKind]int }

func (r *recognizer) countKinds() kindCounts {
	counts := kindCounts{map[accountKind]int{}, map[accountKind]int{}}
	for _, a := range r.before {
		counts.before[kindOf(a)]++
	}
	for _, a := range r.after {
		counts.after[kindOf(a)]++
	}
	return counts
}

// mayBeSame reports whether two unpaired accounts may be the same, so that their rows must be compared. Either their
// numbers allow it, or no other account of their type and currency is unpaired. In the second case, the institution
// may have given the account another number.
func (c kindCounts) mayBeSame(a, b *LinkedAccount) bool {
	return sameKind(a, b) &&
		(mayBeOne(a.Identity, b.Identity) || c.before[kindOf(a)] == 1 && c.after[kindOf(a)] == 1)
}

// candidatePair is a pair of unpaired accounts that may be the same, and the percentage of their common rows.
type candidatePair struct {
	a, b  *LinkedAccount
	share int
}

// pairByRows pairs the remaining accounts by their rows. Two accounts that are not paired are ambiguous if they have
// the same number, or if one of them has several candidates and the rows do not rule the pair out.
func (r *recognizer) pairByRows() {
	all := r.candidatePairs()
	// similar counts the candidates of an account that share more than maxPercentAnother with it.
	count, similar, paired := map[*LinkedAccount]int{}, map[*LinkedAccount]int{}, map[*LinkedAccount]bool{}
	for _, c := range all {
		for _, account := range []*LinkedAccount{c.a, c.b} {
			count[account]++
			if c.share > maxPercentAnother {
				similar[account]++
			}
		}
	}
	for _, c := range all {
		if c.share >= minPercentCommon && similar[c.a] == 1 && similar[c.b] == 1 {
			r.pair(c.a, c.b)
			paired[c.a], paired[c.b] = true, true
		}
	}
	ambiguousBefore, ambiguousAfter := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		if paired[c.a] || paired[c.b] {
			continue
		}
		different := c.share >= 0 && c.share < minPercentDoubt
		if sameNumber(c.a.Identity, c.b.Identity) || !different && (count[c.a] > 1 || count[c.b] > 1) {
			ambiguousBefore[c.a.ExternalID], ambiguousAfter[c.b.ExternalID] = true, true
		}
	}
	r.out.AmbiguousBefore = slices.Sorted(maps.Keys(ambiguousBefore))
	r.out.AmbiguousAfter = slices.Sorted(maps.Keys(ambiguousAfter))
}

// candidatePairs returns the pairs of unpaired accounts that may be the same.
func (r *recognizer) candidatePairs() (pairs []candidatePair) {
	kinds := r.countKinds()
	for _, a := range r.before {
		for _, b := range r.after {
			if kinds.mayBeSame(a, b) {
				pairs = append(pairs, candidatePair{a, b, r.percentCommon(a.Rows, b.Rows)})
			}
		}
	}
	return pairs
}

// percentCommon compares the rows of two accounts on the days that both accounts cover. It returns the percentage of
// the rows that have a partner in the other account. It returns -1 if one of the accounts has too few rows on these
// days, or if maxRecognitionRows is reached.
func (r *recognizer) percentCommon(before, after []Row) int {
	if len(before) == 0 || len(after) == 0 {
		return -1
	}
	from := max(firstDate(before), firstDate(after))
	to := min(lastDate(before), lastDate(after))
	x, y := within(before, from, to), within(after, from, to)
	if min(len(x), len(y)) < minCommonRows {
		return -1
	}
	all := max(len(x), len(y))
	common := equalRows(x, y) * 100 / all
	switch rows := len(x) + len(y); {
	case common >= minPercentCommon:
		return common
	case r.compared+rows > maxRecognitionRows:
		return -1
	default:
		r.compared += rows
		return max(common, len(Match(x, y, Context{Whole: true, AsMany: true}).Pairs)*100/all)
	}
}

// Unmatched compares the rows of an account before and after it was linked again, on the days that both lists cover.
// It returns the number of earlier rows without a partner. If there are fewer than ten earlier rows, or if at least
// half of them have a partner, it returns 0.
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

// within returns copies of the rows in a range of dates. The copies have the same account, and no information about
// the reads that returned them. Match may therefore pair any two of them.
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

// equalRows returns the number of pairs of rows with the same date and amount, one from each list. Each row is in at
// most one pair.
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

// comparedAccount is the account id of the rows that within returns.
var comparedAccount = domain.AccountID{UUID: uuid.Max}
