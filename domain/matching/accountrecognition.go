package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"cmp"
	"slices"
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
	// BankOfLink is the code of the bank if Identity does not state one, but other accounts of the reference do.
	BankOfLink string
	Rows       []banktext.Row // what the vendor returns, or returned last, for the account
}

// Occasion states why two lists of accounts are compared.
type Occasion int

// The occasions.
const (
	// SameConnection: both lists are of one connection. The connection has another account reference, or the vendor
	// lists another account in place of one that it no longer lists.
	SameConnection Occasion = iota
	// NewConnection: the accounts of a deleted connection are compared with those of a new one.
	NewConnection
)

// Ground is the ground of an AccountVerdict.
type Ground string

// The grounds.
const (
	ByIdentity Ground = "identity" // the account continues another one, because a value names both
	ByRows     Ground = "rows"     // the account continues another one, because their rows are the same
	// Undecided: the account may continue others. Nothing may be merged or removed before an operator has decided.
	Undecided Ground = "undecided"
	// MaybeContinues: the account is new, but it may continue accounts of a deleted connection.
	MaybeContinues Ground = "maybe"
	NewAccount     Ground = "new"
)

// AccountVerdict states which accounts of Before an account of After continues, or may continue.
type AccountVerdict struct {
	After  string
	Ground Ground
	Before []string // sorted; one if the account continues another one, none for NewAccount
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

// Recognize decides which account of after continues which account of before. It returns a verdict for each account of
// after, ordered by After. The facts of two accounts decide first, see accountRelation; what speaks against one account
// is final. The rules apply in this order, each to the accounts that are not paired yet:
//
//   - Identity: two accounts of one type, subtype and currency are paired if they have one of these values in common,
//     and no third account has it: the institution's id of the account, the CLABE, the IBAN, or bank, agency and number
//     with check digit. The format of a number does not matter. For a new connection, see [AcrossConnections].
//   - Rows, only in one connection: at least 95 % of at least ten rows on the days that both accounts cover match, and
//     no other account shares more than half of them. The numbers agree in the parts that both state, or each side has
//     only one account of that type and currency. Another type is no obstacle.
//   - Otherwise, an account is undecided if something speaks for it: digits that agree, or common rows. In one
//     connection, accounts with ten rows or more on common days and fewer than 20 % in common are different. An account
//     of a new connection is new. It may continue an account of the same bank with equal digits.
//
// If bank, agency and number with check digit are equal and only the documents of the holders differ, the account is
// undecided, whatever its rows are.
//
// Only the days that both accounts cover are compared. Rows match if they have the same date and amount, or are paired
// by Match. The texts need not be equal, because another connector of the bank may print different ones.
func Recognize(occasion Occasion, before, after []LinkedAccount) []AccountVerdict {
	if occasion == NewConnection {
		before, after = acrossConnections(before), acrossConnections(after)
	}
	r := newRecognizer(before, after)
	r.pairByIdentity()
	if occasion == SameConnection {
		r.pairByRows()
	} else {
		r.findMaybe()
	}
	return r.result()
}

// openByIdentity returns the external ids of the accounts of one connection that cannot be paired by their identities,
// but may be the same as another account. Only their rows can decide.
func openByIdentity(before, after []LinkedAccount) (openBefore, openAfter map[string]bool) {
	r := newRecognizer(before, after)
	r.pairByIdentity()
	openBefore, openAfter = map[string]bool{}, map[string]bool{}
	for _, c := range r.open() {
		if !c.against {
			openBefore[c.before.ExternalID], openAfter[c.after.ExternalID] = true, true
		}
	}
	return openBefore, openAfter
}

// recognizer is one run of Recognize.
type recognizer struct {
	all      []*accountPair // each account of before with each account of after
	paired   map[*LinkedAccount]bool
	verdicts map[string]AccountVerdict
	compared int // the rows that were compared by their texts
	kinds    map[accountKind][2]int
}

// accountPair consists of an account of each side.
type accountPair struct {
	accountRelation
	before, after *LinkedAccount

	commonRows
}

// accountKind is the type and the currency of an account.
type accountKind struct {
	kind     domain.AccountType
	currency string
}

func newRecognizer(before, after []LinkedAccount) *recognizer {
	r := &recognizer{
		paired: map[*LinkedAccount]bool{}, verdicts: map[string]AccountVerdict{}, kinds: map[accountKind][2]int{},
	}
	before, after = sortedAccounts(before), sortedAccounts(after)
	for i := range after {
		r.verdicts[after[i].ExternalID] = AccountVerdict{After: after[i].ExternalID, Ground: NewAccount}
		for j := range before {
			r.all = append(r.all, &accountPair{
				accountRelation: relate(&before[j], &after[i]), before: &before[j], after: &after[i],
			})
		}
	}
	return r
}

// sortedAccounts returns a copy of the accounts that is ordered by external id, with BankOfLink set.
func sortedAccounts(accounts []LinkedAccount) []LinkedAccount {
	sorted, bank := slices.Clone(accounts), ""
	domain.SortLarge(sorted, func(a, b LinkedAccount) int { return cmp.Compare(a.ExternalID, b.ExternalID) })
	for _, a := range sorted {
		switch stated := a.Identity.Bank; {
		case stated == "" || stated == bank:
		case bank != "": // the accounts are of several banks
			return sorted
		default:
			bank = stated
		}
	}
	for i := range sorted {
		sorted[i].BankOfLink = bank
	}
	return sorted
}

// open returns the pairs of accounts that are not paired yet.
func (r *recognizer) open() (open []*accountPair) {
	for _, p := range r.all {
		if !r.paired[p.before] && !r.paired[p.after] {
			open = append(open, p)
		}
	}
	return open
}

// pairByIdentity pairs the accounts that have a value in common which names an account.
func (r *recognizer) pairByIdentity() {
	for class := range identityClasses {
		r.pairOnly(ByIdentity, func(p *accountPair) bool { return p.identical[class] && p.isIdentical() })
	}
}

// pairOnly pairs two accounts if fits returns true for them, and for no other pair with one of them.
func (r *recognizer) pairOnly(ground Ground, fits func(*accountPair) bool) {
	partners := map[*LinkedAccount]int{}
	var fitting []*accountPair
	for _, p := range r.open() {
		if fits(p) {
			partners[p.before]++
			partners[p.after]++
			fitting = append(fitting, p)
		}
	}
	for _, p := range fitting {
		if partners[p.before] == 1 && partners[p.after] == 1 {
			r.paired[p.before], r.paired[p.after] = true, true
			r.conclude(p, ground)
		}
	}
}

// conclude adds the pair to the verdict on its account of after. The pairs have the order of their accounts of before.
func (r *recognizer) conclude(p *accountPair, ground Ground) {
	v := r.verdicts[p.after.ExternalID]
	v.Ground, v.Before = ground, append(v.Before, p.before.ExternalID)
	r.verdicts[p.after.ExternalID] = v
}

// result returns the verdicts.
func (r *recognizer) result() []AccountVerdict {
	verdicts := make([]AccountVerdict, 0, len(r.verdicts))
	for _, v := range r.verdicts {
		verdicts = append(verdicts, v)
	}
	domain.SortLarge(verdicts, func(a, b AccountVerdict) int { return cmp.Compare(a.After, b.After) })
	return verdicts
}

// findMaybe finds the accounts of a deleted connection that remaining accounts of a new connection may continue.
func (r *recognizer) findMaybe() {
	for _, p := range r.open() {
		if p.joint || !p.against && !p.otherType && p.sameBank && p.digits == agree || p.isIdentical() {
			r.conclude(p, MaybeContinues)
		}
	}
}

// pairByRows pairs the remaining accounts of one connection by their rows, and finds the undecided ones.
func (r *recognizer) pairByRows() {
	open := slices.DeleteFunc(r.open(), func(p *accountPair) bool { return p.against })
	r.countKinds(open)
	similar := map[*LinkedAccount]int{} // the number of accounts that share more than maxPercentAnother
	for _, p := range open {
		if p.commonRows = r.compareRows(p.before.Rows, p.after.Rows); p.share > maxPercentAnother {
			similar[p.before]++
			similar[p.after]++
		}
	}
	for _, p := range open {
		if r.isOneByRows(p) && similar[p.before] == 1 && similar[p.after] == 1 {
			r.paired[p.before], r.paired[p.after] = true, true
			r.conclude(p, ByRows)
		}
	}
	for _, p := range open {
		if !r.paired[p.before] && !r.paired[p.after] && r.isUndecided(p) {
			r.conclude(p, Undecided)
		}
	}
}

// countKinds counts the accounts of each kind on both sides.
func (r *recognizer) countKinds(pairs []*accountPair) {
	counted := map[*LinkedAccount]bool{}
	for _, p := range pairs {
		for side, account := range []*LinkedAccount{p.before, p.after} {
			if counted[account] {
				continue
			}
			counted[account] = true
			for _, kind := range []accountKind{{account.Type, account.Currency}, {"", account.Currency}} {
				n := r.kinds[kind]
				n[side]++
				r.kinds[kind] = n
			}
		}
	}
}

// isOnly reports whether each side has only one account of the type and currency of the pair. If the types differ, it
// considers all accounts of the currency.
func (r *recognizer) isOnly(p *accountPair) bool {
	kind := accountKind{p.after.Type, p.after.Currency}
	if p.before.Type != p.after.Type {
		kind.kind = ""
	}
	return r.kinds[kind] == [2]int{1, 1}
}

// isOneByRows reports whether the rows show that both accounts are one. The masks of an account may differ; other parts
// of the numbers that differ speak against the pair.
func (r *recognizer) isOneByRows(p *accountPair) bool {
	otherMask := otherText(p.before.Identity.Mask, p.after.Identity.Mask)
	return !p.joint && p.before.Currency == p.after.Currency && p.rows >= minCommonRows &&
		p.share >= minPercentCommon && (!otherMask || r.isOnly(p))
}

// isUndecided reports whether something speaks for a pair, although it is not proved.
func (r *recognizer) isUndecided(p *accountPair) bool {
	outweighed := p.rows >= minCommonRows && p.share >= minPercentCommon
	switch {
	case p.joint:
		return true
	case p.otherType && !outweighed:
		return false
	case p.isIdentical(): // a third account has the same identity
		return true
	case p.unknown:
		return true
	case p.share >= minPercentDoubt:
		return true
	}
	return p.digits == agree && p.rows < minCommonRows
}

// commonRows contains the result of comparing the rows of two accounts on the days that both accounts cover.
type commonRows struct {
	rows    int // of the account that has fewer rows on these days
	share   int // the percentage of the rows that have a partner in the other account
	unknown bool
}

// compareRows compares the rows of two accounts. The result is unknown if maxRecognitionRows is reached.
func (r *recognizer) compareRows(before, after []banktext.Row) commonRows {
	if len(before) == 0 || len(after) == 0 {
		return commonRows{}
	}
	from := max(firstDate(before), firstDate(after))
	to := min(lastDate(before), lastDate(after))
	x, y := within(before, from, to), within(after, from, to)
	if len(x) == 0 || len(y) == 0 {
		return commonRows{}
	}
	all := max(len(x), len(y))
	found := commonRows{rows: min(len(x), len(y)), share: equalRows(x, y) * 100 / all}
	switch n := len(x) + len(y); {
	case found.share >= minPercentCommon:
		return found
	case r.compared+n > maxRecognitionRows:
		found.unknown = true
	default:
		r.compared += n
		found.share = max(found.share, len(Match(x, y, Context{Whole: true, AsMany: true}).Pairs)*100/all)
	}
	return found
}

// Unmatched compares the rows of an account before and after it was linked again, on the days that both lists cover.
// It returns the number of earlier rows without a partner. If there are fewer than ten earlier rows, or if at least
// half of them have a partner, it returns 0.
func Unmatched(before, after []banktext.Row) int {
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
	x = slices.DeleteFunc(x, func(r banktext.Row) bool { return returned[r.ExternalID] })
	missing := len(x) - len(Match(x, within(after, from, to), Context{Whole: true, AsMany: true}).Pairs)
	if rows < minCommonRows || 2*missing <= rows {
		return 0
	}
	return missing
}

func firstDate(rows []banktext.Row) domain.Date {
	return slices.MinFunc(rows, func(a, b banktext.Row) int { return cmp.Compare(a.Date, b.Date) }).Date
}

func lastDate(rows []banktext.Row) domain.Date {
	return slices.MaxFunc(rows, func(a, b banktext.Row) int { return cmp.Compare(a.Date, b.Date) }).Date
}

// within returns copies of the rows in a range of dates. The copies have the same account, and no information about
// the reads that returned them. Match may therefore pair any two of them.
func within(rows []banktext.Row, from, to domain.Date) (found []banktext.Row) {
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
func equalRows(x, y []banktext.Row) (common int) {
	open := map[string]int{}
	for i := range x {
		open[string(x[i].Date)+amountKey(x[i].Local())]++
	}
	for i := range y {
		key := string(y[i].Date) + amountKey(y[i].Local())
		if open[key] > 0 {
			open[key]--
			common++
		}
	}
	return common
}

// comparedAccount is the account id of the rows that within returns.
var comparedAccount = domain.AccountID{UUID: uuid.Max}
