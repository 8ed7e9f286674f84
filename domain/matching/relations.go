package matching

import (
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// compareSets returns agree if one set contains the other, doubtful if they only overlap, differ if they are disjoint,
// and unknown if one is empty.
func compareSets(a, b []string) relation {
	if len(a) == 0 || len(b) == 0 {
		return unknown
	}
	shared := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			shared++
		}
	}
	switch shared {
	case min(len(a), len(b)):
		return agree
	case 0:
		return differ
	}
	return doubtful
}

// compareClocks compares times of day. A time without seconds agrees with a time in this minute, such as 09:12 with
// 09:12:44. If each row has a time that the other row lacks, they contradict each other.
func compareClocks(a, b []string) relation {
	return compareMultisets(a, b, func(x, y string) bool { return strings.HasPrefix(x, y) || strings.HasPrefix(y, x) })
}

// compareMultisets compares two lists. It returns differ if each list has a member that the other list lacks, unknown
// if a list is empty, and otherwise agree. Equal members of a list are counted separately.
func compareMultisets(a, b []string, equal func(x, y string) bool) relation {
	if len(a) == 0 || len(b) == 0 {
		return unknown
	}
	if len(a) == 1 && len(b) == 1 {
		if equal(a[0], b[0]) {
			return agree
		}
		return differ
	}
	open := slices.Clone(b)
	shared := 0
	for _, x := range a {
		if i := slices.IndexFunc(open, func(y string) bool { return equal(x, y) }); i >= 0 {
			open = slices.Delete(open, i, i+1)
			shared++
		}
	}
	if shared < len(a) && len(open) > 0 {
		return differ
	}
	return agree
}

// dayNumber returns the number of days from a fixed day to the date; ok is false if the date is invalid.
func dayNumber(date domain.Date) (day int, ok bool) {
	at, err := time.Parse(time.DateOnly, string(date))
	if err != nil {
		return 0, false
	}
	return int(at.Unix() / (24 * 60 * 60)), true
}

// holidays are the fixed public holidays on which banks of Brazil and México do not book. Movable holidays (carnival,
// Easter) are missing, so that the verdict on rows around them may be Possible instead of Same.
var holidays = map[monthDay]bool{
	{1, 1}: true, {4, 21}: true, {5, 1}: true, {9, 7}: true, {9, 16}: true, {10, 12}: true, {11, 2}: true,
	{11, 15}: true, {11, 20}: true, {12, 25}: true,
}

// monthDay is a day of every year.
type monthDay struct {
	month time.Month
	day   int
}

// brazil and mexico are the holidays of one country.
var (
	brazil = map[monthDay]bool{
		{1, 1}: true, {4, 21}: true, {5, 1}: true, {9, 7}: true, {10, 12}: true, {11, 2}: true, {11, 15}: true,
		{11, 20}: true, {12, 25}: true,
	}
	mexico = map[monthDay]bool{{1, 1}: true, {5, 1}: true, {9, 16}: true, {12, 25}: true}
)

// isBankingDay reports whether a day is neither on a weekend nor one of the holidays.
func isBankingDay(day int, holidays map[monthDay]bool) bool {
	at := time.Unix(int64(day)*24*60*60, 0).UTC()
	if weekday := at.Weekday(); weekday == time.Saturday || weekday == time.Sunday || len(holidays) == 0 {
		return weekday != time.Saturday && weekday != time.Sunday
	}
	_, month, dayOfMonth := at.Date()
	return !holidays[monthDay{month, dayOfMonth}]
}

// bankingDays returns the number of banking days after the first day, up to and including the last one. It counts at
// most 10.
func bankingDays(first, last int) int {
	first, last = min(first, last), max(first, last)
	count := 0
	for day := first + 1; day <= last && count < 10; day++ {
		if isBankingDay(day, holidays) {
			count++
		}
	}
	return count
}

// relation is the result of comparing a value of one row with a value of another row.
type relation int

// The relations. After unknown, they are ordered from contradiction to agreement.
const (
	unknown   relation = iota // one of the values is missing
	differ                    // the values contradict each other
	doubtful                  // an accountant would ask
	contained                 // one is a part of the other: truncated, enriched, masked
	agree                     // the values are equal
)

// minVisibleDigits is the minimum number of characters that must be visible in both tax numbers if one of them is
// masked. With fewer, they are not compared.
const minVisibleDigits = 6

// compareDocuments compares two tax numbers by the characters that are visible in both. A CPF and a CNPJ are doubtful
// if one of them is masked, because they may belong to one trader.
func compareDocuments(a, b string) relation {
	if a == "" || b == "" {
		return unknown
	}
	if len(a) != len(b) {
		if strings.Contains(a+b, "*") {
			return doubtful
		}
		return differ
	}
	visible := 0
	for i := range len(a) {
		switch {
		case a[i] == '*' || b[i] == '*':
		case a[i] != b[i]:
			return differ
		default:
			visible++
		}
	}
	switch {
	case visible == len(a):
		return agree
	case visible >= minVisibleDigits:
		return contained
	}
	return unknown
}

// compareDocumentLists returns the strongest relation between a document of one row and a document of the other;
// unknown if a row has none. If each row has a document that contradicts all documents of the other row, it returns
// differ.
func compareDocumentLists(a, b []string) relation {
	best := unknown
	for _, x := range a {
		for _, y := range b {
			best = max(best, compareDocuments(x, y))
		}
	}
	if hasOnly(a, b) && hasOnly(b, a) {
		return differ
	}
	return best
}

// hasOnly reports whether the first list has a document that contradicts all documents of the second list.
func hasOnly(a, b []string) bool {
	for _, x := range a {
		contradicted := true
		for _, y := range b {
			contradicted = contradicted && compareDocuments(x, y) == differ
		}
		if contradicted {
			return true
		}
	}
	return false
}

// compareInstalments returns how the instalments of two rows relate: differ if a stated number, count or total differs.
func compareInstalments(a, b banktext.Instalment) relation {
	switch {
	case a.Number > 0 && b.Number > 0 && a.Number != b.Number, a.Count > 0 && b.Count > 0 && a.Count != b.Count:
		return differ
	case (a.Count > 1) != (b.Count > 1) && a.Purchased != "" && b.Purchased != "":
		return doubtful // a whole purchase against one of its instalments
	case a.Number == 0 || a.Number != b.Number || a.Count != b.Count:
		return unknown
	case a.Count > 1 && a.Total != "" && b.Total != "" && a.Total != b.Total:
		return differ
	}
	return agree
}

// compareVolatile returns differ if the rows have different numbers with the same label. Otherwise it returns agree
// if the numbers with a common label are equal, and unknown if no label is common.
func compareVolatile(a, b map[string]string) relation {
	found := unknown
	for label, value := range a {
		switch other, ok := b[label]; {
		case !ok:
		case other != value:
			return differ
		default:
			found = agree
		}
	}
	return found
}

// exact contains the operations that banks never use as a name for another operation.
var exact = map[banktext.Operation]bool{
	banktext.Redemption: true,
	banktext.Investment: true,
	banktext.Cheque:     true,
	banktext.Withdrawal: true,
	banktext.TopUp:      true,
}

// isIncome contains operations that a bank may also call a deposit.
var isIncome = map[banktext.Operation]bool{banktext.Payout: true, banktext.Payroll: true}

// compareOperations returns how the operations of two rows relate. A transfer may be named by its purpose (payroll,
// payout) or by its channel, so two different names are usually only doubtful. But a Pix is never a wire, a boleto or
// a card purchase.
func compareOperations(a, b *banktext.Evidence) relation {
	rails := func(o banktext.Operation) bool {
		return o == banktext.Pix || o == banktext.Wire || o == banktext.Boleto || o == banktext.Card
	}
	switch x, y := a.Operation, b.Operation; {
	case a.Refund != b.Refund:
		return differ
	case x == y:
		if x == banktext.NoOperation {
			return unknown
		}
		return agree
	case x == banktext.Levy || y == banktext.Levy:
		return differ // IOF de "…" beside the purchase itself (NU-15)
	case x == banktext.Fee || y == banktext.Fee || x == banktext.Interest || y == banktext.Interest:
		if x == banktext.NoOperation || y == banktext.NoOperation {
			return doubtful
		}
		return differ
	case x == banktext.NoOperation || y == banktext.NoOperation:
		return unknown
	case x == banktext.Deposit && isIncome[y], y == banktext.Deposit && isIncome[x]:
		return unknown // a general word for money that comes in
	case exact[x] || exact[y], rails(x) && rails(y):
		return differ
	}
	return doubtful
}

// compareProducts compares what the texts of two rows say about these:
//
//   - the card schemes
//   - the products, if both rows are payouts, fees, or taxes on other movements
//   - what is paid, if both rows are payrolls or payouts
//
// A text may name both products: CRED LOJ C DEBITO is the credit entry of debit sales. Two texts contradict each
// other only if they have no product in common.
func (c *comparison) compareProducts() {
	if r := compareSets(c.old.Schemes, c.new.Schemes); r == differ {
		c.finding("scheme", c.old.Schemes, c.new.Schemes, r)
	}
	// A deposited cheque is blocked while it is pending.
	isDeposit := c.settles && c.numbered && c.old.Operation == banktext.Cheque && c.new.Operation == banktext.Cheque
	if r := compareShares(&c.old.Evidence, &c.new.Evidence); r != unknown && !isDeposit {
		c.finding("kind", c.old.Shares, c.new.Shares, r)
	}
	if c.old.Operation != c.new.Operation {
		return
	}
	if r := compareSets(c.old.Products, c.new.Products); r == differ {
		c.finding("product", c.old.Products, c.new.Products, r)
	}
	switch x, y := c.old.Paid, c.new.Paid; {
	case compareSets(x, y) == differ:
		c.finding("paid", x, y, differ)
	case len(x)+len(y) > 0 && (len(x) == 0 || len(y) == 0):
		c.finding("paid", x, y, doubtful)
	}
}

// compareAccounts returns how the account numbers of two rows relate. A number of which only the last digits are
// known agrees with every number that ends with these digits.
func compareAccounts(a, b []string) relation {
	return compareMultisets(a, b, func(x, y string) bool {
		return x == y || strings.HasPrefix(x, "*") && strings.HasSuffix(y, x[1:]) ||
			strings.HasPrefix(y, "*") && strings.HasSuffix(x, y[1:])
	})
}

// compareShares compares the kinds of two movements that may share a number, such as the instalment of a loan and its
// insurance. It returns differ if the rows have different kinds, or if one has a kind and the other is the instalment
// of a loan. If only one of two cheques has a kind, it may be the release of the other one, which is doubtful.
// Otherwise the kinds are no evidence: an insurer may have the word for insurance in its name.
func compareShares(a, b *banktext.Evidence) relation {
	isInstalment := func(e, other *banktext.Evidence) bool {
		return e.Operation == banktext.Loan && len(e.Shares) == 0 && len(other.Shares) > 0
	}
	switch {
	case compareSets(a.Shares, b.Shares) == differ || isInstalment(a, b) || isInstalment(b, a):
		return differ
	case a.Operation == banktext.Cheque && b.Operation == banktext.Cheque &&
		(len(a.Shares) == 0) != (len(b.Shares) == 0):
		return doubtful
	}
	return unknown
}
