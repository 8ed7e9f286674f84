package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Finding is a piece of evidence in which two rows agree, or contradict each other.
type Finding struct {
	Kind     string // such as "counterparty", "end_to_end_id", "instalment"
	Old, New string // the values of both rows; "" if a row has none
	Speaks   Speaks
}

// Speaks says whether a finding speaks for one movement or against it.
type Speaks string

// The values of Speaks.
const (
	For     Speaks = "for"
	Against Speaks = "against"
)

// row is a Row with its evidence and the values that are computed once.
type row struct {
	*banktext.Row
	banktext.Evidence
	day             int
	tokens          []string // the words and numbers of the text
	compact         string   // the folded text without blanks and punctuation
	identity        string   // equal for rows that only identifiers, dates and status may tell apart
	exact           string   // see exactTime
	scope           string   // see scopeOf
	printed         int      // the day that the text prints; see readPrintedDay
	isPrinted       bool     // whether printed is known
	size            int      // the number of the row's words
	isFare, isHabit bool     // a word of the text is in fares, or in habits
	allNumbers      []string // see banktext.ListNumbers
	bareNumbers     []string // the unlabelled numbers and the references
	printedDays     []string // the days and the fractions that the text prints
	hasIdentifiers  bool
	// position is the row of the other side that is at the same position of the ledger; nil if it is not known.
	// isDoubled is set for an old row if its side has another row of its amount and of the date of position, or the
	// other side has one of its amount and date.
	position  *row
	isDoubled bool
}

// parse returns the row with its evidence. It returns nil if the row has no account or no valid date; such a row is
// never matched.
func parse(r *banktext.Row) *row {
	day, ok := dayNumber(r.Date)
	if !ok || r.Account.IsZero() {
		return nil
	}
	evidence, folded := banktext.Read(r)
	parsed := &row{Row: r, Evidence: evidence, day: day}
	words := banktext.Split(folded)
	parsed.tokens = words
	parsed.compact, parsed.size = strings.Join(words, ""), max(1, len(words)+len(parsed.Party))
	parsed.exact, parsed.allNumbers = parsed.exactTime(), parsed.ListNumbers()
	parsed.bareNumbers = slices.Concat(parsed.Numbers, parsed.References)
	parsed.printedDays = slices.Concat(parsed.Calendar.Days, parsed.Calendar.Fractions)
	parsed.hasIdentifiers = slices.ContainsFunc(parsed.IDs[:], func(values []string) bool { return len(values) > 0 })
	parsed.isFare = banktext.Holds(parsed.Words, banktext.Fares) || banktext.Holds(parsed.Numbers, banktext.Fares)
	parsed.isHabit = banktext.Holds(parsed.Words, banktext.Habits) || banktext.Holds(parsed.Numbers, banktext.Habits)
	parsed.identity, parsed.scope = parsed.key(), scopeOf(parsed, r.Amount)
	parsed.readPrintedDay()
	return parsed
}

// key returns the identity of the row: its amounts, and all evidence except the identifiers.
func (r *row) key() string {
	amount, purchased := amountKey(r.Amount), ""
	local := amount
	if r.AccountAmount != nil {
		local = amountKey(*r.AccountAmount)
	}
	if !r.PurchasedAt.IsZero() {
		purchased = r.PurchasedAt.Format(time.RFC3339)
	}
	return strings.Join(append(textKey(&r.Evidence),
		strings.Join(r.Message, " "),
		amount,
		local,
		strings.Join(r.Calendar.Days, " "),
		strings.Join(r.Calendar.Dates, " "),
		strings.Join(r.Calendar.Fractions, " "),
		strings.Join(r.Calendar.Clocks, " "),
		r.exact,
		purchased,
		strconv.FormatUint(uint64(r.Excess), 16),
	), "\x00")
}

// hasAmountOf reports whether two rows of one account state the same amount, and no amount in another currency. It is a
// fast check: false does not mean that the amounts are different.
func (r *row) hasAmountOf(other *row) bool {
	return r.scope == other.scope && r.AccountAmount == nil && other.AccountAmount == nil
}

// exactTime returns the time at which the movement occurred, to the minute; "" if only the date is known.
func (r *row) exactTime() string {
	if !hasTime(r.OccurredAt) {
		return ""
	}
	return r.OccurredAt.UTC().Format("2006-01-02T15:04")
}

// hasTime reports whether at contains a time of day. Midnight in UTC, São Paulo or México does not count, because it
// means a date.
func hasTime(at time.Time) bool {
	if at.IsZero() {
		return false
	}
	at = at.UTC()
	hour := at.Hour()
	return at.Minute() != 0 || at.Second() != 0 || hour != 0 && hour != 3 && hour != 5 && hour != 6
}

func amountKey(m domain.Money) string { return m.Amount.String() + m.Currency }

// comparison is the result of comparing the evidence of two rows. It is the input of Table.
type comparison struct {
	old, new *row
	context  *Context
	findings []Finding
	explain  bool // collect findings
	amount   amounts

	settles     bool // the old row is pending and the new one is posted
	strong      bool // both rows share a strong identifier that no other row has
	national    bool // that identifier is unique in the whole country
	complete    bool // the complete instalment is equal
	quota       bool // the complete instalment of a loan is equal
	numbered    bool // the number of a cheque or an invoice is equal
	weak        bool // a weak identifier, or a number of at least four characters, is equal
	sameNumbers bool // all unlabelled numbers are equal, including short ones
	bare        bool // weak is set only by a number that may be the merchant's telephone or branch
	labelled    bool // a labelled number, or a long one with a label, is equal
	paid        bool // a reference is equal that names one payment: see namesPayment
	identified  bool // the identifiers of one kind are equal, and no other row has them
	documented  bool // the documents or the accounts of the counterparty agree
	timed       bool // both rows name one time of the movement
	moment      bool // the vendor states one second of the purchase for both rows
	unequal     bool // of rows like these two (see alike), more or fewer came than left
	anchored    bool // both rows name one day or one time of the movement
	name        relation
	strongSays  bool // the document, another strong identifier or the operation contradicts
	against     bool
	doubt       bool
	// notWords is set if evidence other than words contradicts, or is doubtful.
	notWords    bool
	contradicts [2]bool  // the unlabelled numbers, or the card schemes, contradict each other: see recount
	misplaced   bool     // a third row is at the position of one of the rows: see comparePositions
	labels      []string // the words of the text that belong to an identifier which the other row states in a member
}

// maxPercentMoved is how much, in percent, the amount in the account's currency may change when a foreign purchase
// settles. It covers the exchange rate, the spread and the tax IOF.
const maxPercentMoved = 7

// compare compares all evidence of two rows. It collects the findings.
func compare(oldRow, newRow *row, context *Context) *comparison {
	c := &comparison{explain: true}
	c.compare(oldRow, newRow, context)
	return c
}

// compare sets all members of c except explain and unequal.
func (c *comparison) compare(oldRow, newRow *row, context *Context) {
	*c = comparison{old: oldRow, new: newRow, context: context, explain: c.explain, unequal: c.unequal}
	c.amount = c.compareAmounts()
	// Parts that are not read may contradict each other.
	c.doubt = oldRow.Excess != newRow.Excess
	c.notWords = c.doubt
	c.settles = oldRow.Status == domain.Pending && newRow.Status == domain.Posted
	c.compareIdentifiers()
	c.compareParty()
	c.compareReasons()
	c.compareOperation()
	c.compareProducts()
	c.compareCharges()
	c.compareNumbers()
	if c.isDecided() {
		return
	}
	c.compareLabelledWithBare()
	c.compareInstalments()
	c.comparePurchase()
	c.compareCalendar()
	c.compareTimes()
	if c.isDecided() {
		return
	}
	c.compareNamesOfRows()
	c.comparePositions()
}

// isDecided reports whether what is not compared yet cannot change the result, before words are compared: something
// contradicts, the rows share no strong identifier, and nobody asks for the findings.
func (c *comparison) isDecided() bool { return c.against && !c.strong && !c.explain }

// finding records how two values relate. A contradiction makes the verdict Other, unless the rows share a strong
// identifier.
func (c *comparison) finding(kind string, old, new []string, r relation) {
	speaks := For
	switch r {
	case unknown:
		return
	case differ:
		speaks, c.against = Against, true
		c.contradicts[0], c.contradicts[1] = c.contradicts[0] || kind == "number", c.contradicts[1] || kind == "scheme"
		c.notWords = c.notWords || kind != "text" && kind != "service"
	case doubtful:
		speaks, c.doubt = Against, true
		c.notWords = c.notWords || kind != "text" && kind != "service" && kind != "operation"
	case contained, agree:
	}
	if c.explain {
		c.findings = append(c.findings, Finding{kind, strings.Join(old, " "), strings.Join(new, " "), speaks})
	}
}

// evidence returns the findings for a person who decides about the pair: also what the rows share without being
// compared as an identifier or a text, namely the vendor's link, the amount and the day.
func (c *comparison) evidence() []Finding {
	var shared []Finding
	share := func(kind, old, new string) { shared = append(shared, Finding{kind, old, new, For}) }
	if c.new.Link != "" && c.new.Link == c.old.ExternalID {
		share("vendor_link", c.old.ExternalID, c.new.Link)
	}
	if c.amount == sameAmount {
		share("amount", c.old.Amount.Amount.String(), c.new.Amount.Amount.String())
	}
	if c.old.Date == c.new.Date {
		share("date", string(c.old.Date), string(c.new.Date))
	}
	return append(shared, c.findings...)
}

// findingOf is like finding, for single values.
func (c *comparison) findingOf(kind, old, new string, r relation) {
	c.finding(kind, []string{old}, []string{new}, r)
}

// compareIdentifiers compares the identifiers of each kind. When a row settles, an institution may give it another id
// or code. A different InstitutionID, AuthenticationCode or InstitutionCode is then no evidence.
func (c *comparison) compareIdentifiers() {
	if c.old.hasIdentifiers || c.new.hasIdentifiers {
		c.compareKinds()
		c.compareMovedIdentifiers(c.old, c.new)
		c.compareMovedIdentifiers(c.new, c.old)
	}
	c.comparePrinted()
}

func (c *comparison) compareKinds() {
	for k := range banktext.Kinds {
		a, b := c.old.IDs[k], c.new.IDs[k]
		if k == banktext.TrackingKey {
			a, b = withBare(a, b, c.old), withBare(b, a, c.new)
		}
		r := compareSets(a, b)
		switch {
		case r == unknown:
			continue
		case r == agree && banktext.IsStrong(k, sharedValue(a, b)) &&
			c.context.isUnique(c.old.Account, k, sharedValue(a, b)):
			c.strong = true
			c.national = c.national || k <= banktext.SlipNumber
		case r == agree && c.context.isUnique(c.old.Account, k, sharedValue(a, b)):
			c.identified = true
			c.paid = c.paid || k == banktext.PaymentReference && c.namesPayment(sharedValue(a, b))
			c.numbered = c.numbered || k == banktext.ChequeNumber || k == banktext.InvoiceNumber ||
				k == banktext.OrderNumber
			c.weak = c.weak || c.numbered ||
				k != banktext.ReceiverReference && len(banktext.TrimZeros(sharedValue(a, b))) >= banktext.MinWeakNumber
		case r == differ && (k == banktext.InstitutionID || k == banktext.AuthenticationCode ||
			k == banktext.InstitutionCode):
			if c.settles {
				continue
			}
			c.strongSays = c.strongSays || banktext.IsStrong(k, a[0]) && banktext.IsStrong(k, b[0])
		case r == differ && k == banktext.TrackingKey && isCutKey(a[0], b[0]):
			r = contained
		case r == differ && banktext.IsStrong(k, a[0]):
			c.strongSays = true
		}
		c.finding(k.String(), a, b, r)
	}
}

// isCutKey reports whether one of two keys is the beginning of the other one, because its text was cut.
func isCutKey(a, b string) bool {
	return min(len(a), len(b)) >= minContract && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// movedKinds are the kinds of identifiers that one connector states in a member of the row, and another one in the
// text: a document number, the id of a release of money.
var movedKinds = []banktext.Kind{
	banktext.InstitutionID, banktext.AuthenticationCode, banktext.InstitutionCode, banktext.PaymentReference,
	banktext.ReceiverReference, banktext.TrackingKey,
}

// minMoved is the minimum length of an identifier that is found again in the other row's text.
const minMoved = 5

// compareMovedIdentifiers finds identifiers that the row a states, and the row b, which states none of their kind, has
// in its text: without a label, or with the label of a volatile number. A tracking key may only be the end of a number.
func (c *comparison) compareMovedIdentifiers(a, b *row) {
	for _, k := range movedKinds {
		if len(a.IDs[k]) == 0 || len(b.IDs[k]) > 0 {
			continue
		}
		for _, value := range a.IDs[k] {
			if number := b.numberIn(value, k == banktext.TrackingKey); number != "" &&
				c.context.isUnique(a.Account, k, value) {
				c.weak, c.bare = true, false
				c.paid = c.paid || c.namesPayment(value)
				old, new := value, number
				if a == c.new {
					old, new = number, value
				}
				c.findingOf(k.String(), old, new, agree)
			}
		}
	}
}

// minPayment is the minimum length of a reference for namesPayment.
const minPayment = 6

// namesPayment reports whether a reference names one payment, and not a contract, a customer, a car or a day: it has
// letters among its digits, as the codes of Zelle, of Interac and of a Fedwire have, or it is a long number of a
// transfer, but no tax number and no telephone.
func (c *comparison) namesPayment(reference string) bool {
	if len(reference) < minPayment || banktext.IsPlate(reference) {
		return false
	}
	if end := strings.TrimLeft(reference, "abcdefghijklmnopqrstuvwxyz"); !banktext.IsNumber(end) {
		return end != "" // CT77124410 may be a contract
	}
	return c.old.IsPayment() && c.new.IsPayment() && banktext.IsNumber(reference) &&
		banktext.IsStrong(banktext.InstitutionID, reference) && len(reference) != lengthOfCPF &&
		!domain.IsCNPJ(reference)
}

// lengthOfCPF is the number of digits of the tax number of a person in Brazil, and of a mobile telephone there.
const lengthOfCPF = 11

// numberIn returns the number of the row's text that equals an identifier, or its end. It returns "" if there is none.
func (r *row) numberIn(value string, end bool) string {
	trimmed := banktext.TrimZeros(value)
	if len(trimmed) < minMoved {
		return ""
	}
	numbers := slices.Concat(r.allNumbers, slices.Sorted(maps.Values(r.Volatile)))
	i := slices.IndexFunc(numbers, func(number string) bool {
		return number == trimmed || end && len(number) >= minContract && strings.HasSuffix(value, number)
	})
	if i < 0 {
		return ""
	}
	return numbers[i]
}

// withBare returns the tracking keys of a row. If it labels none, these are the tracking keys of the other row that its
// text contains without a label: SPEI RECIBIDOSANTANDER 036APPM15112026107434731 0194292099.
func withBare(keys, other []string, r *row) []string {
	if len(keys) > 0 {
		return keys
	}
	for _, key := range other {
		if slices.Contains(r.Numbers, banktext.TrimZeros(key)) && banktext.IsStrong(banktext.InstitutionID, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func sharedValue(a, b []string) string {
	for _, value := range a {
		if slices.Contains(b, value) {
			return value
		}
	}
	return ""
}

// compareParty compares the tax numbers, the accounts and the Pix keys of the counterparties.
func (c *comparison) compareParty() {
	document := compareDocumentLists(c.old.Documents, c.new.Documents)
	if document == unknown {
		document = max(compareBareDocument(c.old, c.new), compareBareDocument(c.new, c.old))
	}
	account := compareAccounts(c.old.Accounts, c.new.Accounts)
	c.strongSays = c.strongSays || document == differ
	if document == agree && account == differ && len(c.old.Party)+len(c.new.Party) == 0 {
		account = doubtful
	}
	c.documented = document >= contained || account >= contained && document == unknown
	c.finding("document", c.old.Documents, c.new.Documents, document)
	c.finding("account", c.old.Accounts, c.new.Accounts, account)
	c.finding("pix_key", c.old.PixKeys, c.new.PixKeys, compareSets(c.old.PixKeys, c.new.PixKeys))
	c.weak = c.weak || compareSets(c.old.PixKeys, c.new.PixKeys) == agree
}

// compareBareDocument compares the documents of the row a with a tax number that the text of the row b prints without
// punctuation: PIX RECEBIDO 30971184520. A number of this length may also be something else.
func compareBareDocument(a, b *row) relation {
	if len(a.Documents) == 0 || len(b.Documents) > 0 || !b.IsPayment() {
		return unknown
	}
	found := unknown
	for _, number := range b.Numbers {
		for _, document := range a.Documents {
			switch padded := strings.Repeat("0", max(0, len(document)-len(number))) + number; {
			case len(number) < minBareDocument || len(padded) != len(document):
			case compareDocuments(padded, document) >= contained:
				return compareDocuments(padded, document)
			default:
				found = doubtful
			}
		}
	}
	return found
}

// minBareDocument is the minimum number of digits of a tax number without its leading zeros.
const minBareDocument = 9

func (c *comparison) compareOperation() {
	r := compareOperations(&c.old.Evidence, &c.new.Evidence)
	if a, b := &c.old.Evidence, &c.new.Evidence; a.Refund != b.Refund && c.isPurchase() && c.isPaidBack() {
		r = doubtful // money from a shop: one of the texts does not say that it is given back
	}
	c.strongSays = c.strongSays || r == differ
	c.findingOf("operation", c.old.OperationText(), c.new.OperationText(), r)
}

// isPaidBack reports whether both rows bring money in.
func (c *comparison) isPaidBack() bool {
	return c.old.Amount.Amount.IsPositive() && c.new.Amount.Amount.IsPositive()
}

// isPurchase reports whether each of the rows is a card purchase or names no operation.
func (c *comparison) isPurchase() bool {
	return (c.old.Operation == banktext.Card || c.old.Operation == banktext.NoOperation) &&
		(c.new.Operation == banktext.Card || c.new.Operation == banktext.NoOperation)
}

// compareNumbers compares the unlabelled numbers and references of the texts. If each row has a number that the other
// row lacks, the numbers contradict each other. If only one row has such a number, it is no evidence.
func (c *comparison) compareNumbers() {
	a, b := c.old.bareNumbers, c.new.bareNumbers
	a, b = joinGroups(a, b, c.old), joinGroups(b, a, c.new)
	r := c.compareLists(a, b)
	if r == agree {
		for _, value := range a {
			// In a payroll, a number with a label is the number of an employee: FUNC 0012, EMPLEADO 00121.
			employee := c.old.Operation == banktext.Payroll && slices.Contains(c.old.References, value)
			long := len(banktext.DigitsOf(value)) >= banktext.MinWeakNumber || c.old.IsCharge() && c.new.IsCharge() ||
				employee || len(value) >= minPlate
			if slices.Contains(b, value) && long && !slices.Contains(c.old.Documents, value) {
				mayBeMerchants := c.isPurchase() && !slices.Contains(c.old.References, value)
				c.bare = (c.bare || !c.weak) && mayBeMerchants
				c.paid = c.paid || !banktext.IsNumber(value) && c.namesPayment(value)
				c.weak = true
			}
		}
	}
	c.sameNumbers = r == agree && len(a) == len(b)
	c.compareChequeWithDocument(c.old, c.new)
	c.compareChequeWithDocument(c.new, c.old)
	isShort := func(number string) bool { return len(number) < minContract }
	if c.sameNumbers && isReordered(a, b) && slices.ContainsFunc(a, isShort) && slices.Equal(c.old.Words, c.new.Words) {
		r = doubtful // LOTE 12 QUADRA 8, LOTE 8 QUADRA 12
	}
	c.finding("number", a, b, r)
	volatile := compareVolatile(c.old.Volatile, c.new.Volatile)
	if volatile == unknown && (shareLongValue(c.old.Volatile, c.new.Volatile) ||
		hasLongValue(c.old.Volatile, c.new.Numbers) || hasLongValue(c.new.Volatile, c.old.Numbers)) {
		volatile = agree // OPERACION 7719204512, FOLIO 7719204512, #7719204512
	}
	c.labelled = volatile == agree
	switch {
	case volatile == differ:
		c.finding(
			"labelled_number",
			banktext.LabelledValues(c.old.Volatile),
			banktext.LabelledValues(c.new.Volatile),
			doubtful,
		)
	case volatile == agree:
		c.weak, c.bare = true, false
		c.finding(
			"labelled_number",
			banktext.LabelledValues(c.old.Volatile),
			banktext.LabelledValues(c.new.Volatile),
			agree,
		)
	}
}

// compareChequeWithDocument compares the number of a cheque with the number of the document in the text of the other
// row, if this is a cheque and has no other number: CHEQUE COMPENSADO 000123, DEB. CHQ COMPENSADO DOC 123. Another
// number is doubtful, because it may be the bank's own.
func (c *comparison) compareChequeWithDocument(a, b *row) {
	cheque, document := a.IDs[banktext.ChequeNumber], b.Volatile["doc"]
	if a.Operation != banktext.Cheque || b.Operation != banktext.Cheque || len(cheque) != 1 || document == "" ||
		len(b.IDs[banktext.ChequeNumber]) > 0 {
		return
	}
	r := doubtful
	if cheque[0] == document && c.context.isUnique(a.Account, banktext.ChequeNumber, document) {
		r, c.weak, c.bare, c.numbered = agree, true, false, true
	}
	old, new := cheque[0], document
	if a == c.new {
		old, new = document, cheque[0]
	}
	c.findingOf(banktext.ChequeNumber.String(), old, new, r)
}

// shareLongValue reports whether both rows have one long number, with whatever label.
func shareLongValue(a, b map[string]string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y && len(x) >= minContract {
				return true
			}
		}
	}
	return false
}

// hasLongValue reports whether one of the labelled numbers is long and in a list of numbers without a label.
func hasLongValue(labelled map[string]string, numbers []string) bool {
	for _, value := range labelled {
		if len(value) >= minContract && slices.Contains(numbers, value) {
			return true
		}
	}
	return false
}

// minGrouped is the minimum length of a number that one row prints in groups, and maxGroup the maximum length of a
// group.
const (
	minGrouped = 8
	maxGroup   = 5
)

// joinGroups returns the numbers of a row. Those that are groups of one number of the other row are replaced by it:
// 0426 2BK7 6800 4937 5295, 04262BK7680049375295.
func joinGroups(numbers, other []string, r *row) []string {
	for _, whole := range other {
		isGroup := func(n string) bool { return len(n) <= maxGroup && strings.Contains(whole, n) }
		if len(whole) >= minGrouped && !slices.Contains(numbers, whole) && strings.Contains(r.compact, whole) &&
			slices.ContainsFunc(numbers, isGroup) {
			numbers = append(slices.DeleteFunc(slices.Clone(numbers), isGroup), whole)
		}
	}
	return numbers
}

// minPlate is the minimum length of a code of letters and digits that is evidence for one movement: QXT1A23.
const minPlate = 7

// isReordered reports whether two lists have the same members in another order.
func isReordered(a, b []string) bool {
	return !slices.Equal(a, b) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// compareLists compares two lists of numbers or dates. If one text is the beginning of the other, a difference is
// only doubtful, because the shorter text may end within a number.
func (c *comparison) compareLists(a, b []string) relation {
	r := compareMultisets(a, b, func(x, y string) bool {
		return x == y || isWithoutCheckDigit(x, y) || isMasked(x, y) || isMasked(y, x) || isWithoutPrefix(x, y) ||
			isWithoutPrefix(y, x)
	})
	if r == differ && c.isCut() {
		if isCutList(a, b) || isCutList(b, a) || c.isCutInNumber(a, b) {
			return contained
		}
		return doubtful
	}
	return r
}

// isWithoutPrefix reports whether the first number is the second one without the letters before it: 85868531,
// AT0085868531.
func isWithoutPrefix(x, y string) bool {
	if len(x) < minChecked || len(y) <= len(x) {
		return false
	}
	digits := strings.TrimLeft(y, "abcdefghijklmnopqrstuvwxyz")
	return len(digits) < len(y) && banktext.IsNumber(x) && banktext.TrimZeros(digits) == x
}

// isCutList reports whether the first list is the beginning of the second one, and its last number is cut: 26090,
// 260901 M12345.
func isCutList(a, b []string) bool {
	n := len(a) - 1
	return n >= 0 && n < len(b) && slices.Equal(a[:n], b[:n]) && len(a[n]) >= banktext.MinWeakNumber &&
		strings.HasPrefix(b[n], a[n])
}

// isCutInNumber reports whether one text is the beginning of the other, and ends within a number, which is the only
// member of one list that the other list lacks: RENT PMT 26090, RENT PMT 260901 M12345. The whole number may be a date.
func (c *comparison) isCutInNumber(a, b []string) bool {
	short, long := c.old.tokens, c.new.tokens
	if len(short) > len(long) || len(short) == len(long) && len(c.old.compact) > len(c.new.compact) {
		short, long, a, b = long, short, b, a
	}
	end := len(short) - 1
	if end < 1 || !slices.Equal(short[:end], long[:end]) || len(short[end]) < banktext.MinWeakNumber ||
		!banktext.IsNumber(long[end]) || !strings.HasPrefix(long[end], short[end]) {
		return false
	}
	return !slices.ContainsFunc(a, func(number string) bool {
		return number != banktext.TrimZeros(short[end]) && !slices.Contains(b, number)
	})
}

// isMasked reports whether the first number shows only the last digits of the second one: XXXXX55511, 9001255511.
func isMasked(x, y string) bool {
	shown := strings.TrimLeft(x, "x")
	return len(x)-len(shown) >= minMask && len(shown) >= banktext.MinWeakNumber && strings.HasSuffix(y, shown)
}

// minMask is the minimum number of letters x that hide the beginning of a number.
const minMask = 3

// minChecked is the minimum length of a number that banks print with or without its check digit.
const minChecked = 7

// isWithoutCheckDigit reports whether one number is the other one without its last digit: APOLICE 531221887-7, APOLICE
// 531221887.
func isWithoutCheckDigit(x, y string) bool {
	if len(x) > len(y) {
		x, y = y, x
	}
	return len(x) >= minChecked && len(y) == len(x)+1 && strings.HasPrefix(y, x) && banktext.IsNumber(y)
}

// isCut reports whether one text is the beginning of the other.
func (c *comparison) isCut() bool {
	a, b := c.old.compact, c.new.compact
	return min(len(a), len(b)) >= 12 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// compareInstalments compares the instalments (number, count and total) and the cards.
func (c *comparison) compareInstalments() {
	a, b := c.old.Instalment, c.new.Instalment
	r := compareInstalments(a, b)
	if (a.Number > 0) != (b.Number > 0) {
		if other := c.compareFractionWithInstalment(); other != unknown {
			r = other
		}
	}
	c.findingOf("instalment", banktext.FractionOf(a), banktext.FractionOf(b), r)
	c.complete = r == agree && a.Count > 1
	c.quota = c.complete && c.old.Operation == banktext.Loan && c.new.Operation == banktext.Loan
	if r == agree && a.Purchased != "" && a.Purchased == b.Purchased && a.Total == b.Total {
		c.weak, c.bare = true, false
	}
	card := unknown
	if c.old.Card != "" && c.new.Card != "" {
		card = differ
		if c.old.Card == c.new.Card {
			card = agree
		}
	}
	c.findingOf("card", c.old.Card, c.new.Card, card)
}

// compareFractionWithInstalment compares the instalment of one row with the fractions in the text of the other row,
// which may be dates.
func (c *comparison) compareFractionWithInstalment() relation {
	stated, fractions := c.old.Instalment, c.new.Calendar.Fractions
	if stated.Number == 0 {
		stated, fractions = c.new.Instalment, c.old.Calendar.Fractions
	}
	switch {
	case len(fractions) == 0:
		return unknown
	case slices.Contains(fractions, banktext.FractionOf(stated)),
		stated.Count == 0 && strings.HasPrefix(fractions[0], fmt.Sprint(stated.Number, "/")):
		return agree
	case banktext.IsInstalment(fractions[0], stated.Count):
		return differ // another instalment of as many
	}
	return doubtful
}

// dayAndMonth returns the date of the row in the form "5/11". It returns "" if the date is not in the form YYYY-MM-DD.
func (r *row) dayAndMonth() string {
	if len(r.Date) != len("2006-01-02") {
		return ""
	}
	return fmt.Sprintf("%d/%d", banktext.Atoi(string(r.Date[8:])), banktext.Atoi(string(r.Date[5:7])))
}

// comparePurchase compares the day and, where both rows state it, the time of a card purchase.
func (c *comparison) comparePurchase() {
	a, b := c.old.PurchasedAt, c.new.PurchasedAt
	x, y := c.old.Instalment.Purchased, c.new.Instalment.Purchased
	switch {
	case hasTime(a) && hasTime(b) && a.Sub(b).Abs() >= time.Minute, x != "" && y != "" && x != y:
		c.finding("purchase", []string{string(x)}, []string{string(y)}, differ)
	case x != "" && x == y:
		c.anchored = true
		c.moment = a.Second() != 0 && a.Equal(b)
		c.timed = c.timed || hasTime(a) && hasTime(b)
		c.finding("purchase", []string{string(x)}, []string{string(y)}, agree)
	}
}

// compareCalendar compares the dates and periods of the texts. A date in only one text is evidence only if it equals
// the value date of the other row.
func (c *comparison) compareCalendar() {
	a, b := &c.old.Calendar, &c.new.Calendar
	x, y := c.old.printedDays, c.new.printedDays
	var r relation
	switch {
	case len(x) > 0 && len(y) > 0:
		r = c.compareLists(x, y)
		c.anchored = c.anchored || r == agree
	case len(x) > 0:
		r = c.compareWithDate(x, c.new)
	default: // without a date in the new row, too, there is no evidence
		r = c.compareWithDate(y, c.old)
	}
	if r == unknown && c.isPurchase() && c.days() > 0 && c.old.Instalment.Number+c.new.Instalment.Number == 0 &&
		(c.old.MayHaveInstalment() || c.new.MayHaveInstalment()) {
		r = doubtful // the other row may be another purchase
	}
	if c.compareLists(a.Dates, b.Dates) == differ {
		r = differ
	}
	c.finding("date", x, y, r)
	p, q := a.Periods, b.Periods
	switch {
	case len(q) == 0:
		q = periodsAmong(b.Fractions)
	case len(p) == 0:
		p = periodsAmong(a.Fractions)
	}
	r = c.compareLists(p, q)
	c.finding("period", p, q, r)
	// An equal period identifies a charge. If only one of the rows names a service, it does not.
	c.weak = c.weak || c.old.IsCharge() && c.new.IsCharge() && c.old.day == c.new.day && (r == agree || c.anchored) &&
		(len(c.old.Service()) > 0) == (len(c.new.Service()) > 0)
	// An account holder receives at most one salary per period.
	received := c.old.Operation == banktext.Payroll && c.new.Operation == banktext.Payroll &&
		c.new.Amount.Amount.IsPositive()
	c.weak = c.weak || received && c.old.day == c.new.day && (r == agree || r == unknown && isOdd(c.new.Amount))
}

// periodsAmong returns the fractions that can only be a month and a year.
func periodsAmong(fractions []string) (periods []string) {
	for _, f := range fractions {
		month, year, _ := strings.Cut(f, "/")
		if banktext.Atoi(month) <= 12 && banktext.Atoi(year) > 12 {
			periods = append(periods, f)
		}
	}
	return periods
}

// compareWithDate compares the dates in the text of one row with the value date of the other row, whose text contains
// no date.
func (c *comparison) compareWithDate(days []string, other *row) relation {
	if slices.Contains(days, other.dayAndMonth()) {
		c.anchored = true
		return agree
	}
	return unknown
}

// compareTimes compares the times of the texts and the times at which the movements occurred.
func (c *comparison) compareTimes() {
	r := compareClocks(c.old.Calendar.Clocks, c.new.Calendar.Clocks)
	c.finding("time", c.old.Calendar.Clocks, c.new.Calendar.Clocks, r)
	c.timed = c.timed || r == agree
	// Two transfers of one unusual amount are not made in one second.
	c.anchored = c.anchored || r == agree && c.days() == 0 && isOdd(c.new.Amount) &&
		sharesSecond(c.old.Calendar.Clocks, c.new.Calendar.Clocks)
	c.timed = c.timed || c.showsTimeOf(c.old, c.new) || c.showsTimeOf(c.new, c.old)
	a, b := c.old.exact, c.new.exact
	switch {
	case a == "" || b == "":
	case a == b && !isOneMoment(c.old.OccurredAt, c.new.OccurredAt): // nothing
	case a == b:
		c.anchored, c.timed = true, true
		c.finding("occurred_at", []string{a}, []string{b}, agree)
	case !c.settles:
		c.finding("occurred_at", []string{a}, []string{b}, differ)
	case c.old.OccurredAt.Sub(c.new.OccurredAt).Abs() > maxClockMoved && !c.old.Scheduled:
		c.finding("occurred_at", []string{a}, []string{b}, doubtful)
	}
}

// isOneMoment reports whether two times of one minute are those of one movement. Vendors write a whole hour, for
// example noon, for a date. Two different seconds are two moments, unless one of the times has no seconds.
func isOneMoment(a, b time.Time) bool {
	return (a.Minute() != 0 || a.Second() != 0) && (a.Equal(b) || a.Second() == 0 || b.Second() == 0)
}

// sharesSecond reports whether two lists of times have a time with seconds in common.
func sharesSecond(a, b []string) bool {
	return len(sharedValue(a, b)) == len("09:12:44")
}

// showsTimeOf reports whether the text of the row b prints the local minute at which the vendor says that the row a
// occurred.
func (c *comparison) showsTimeOf(a, b *row) bool {
	if a.exact == "" || len(a.Calendar.Clocks) > 0 {
		return false
	}
	offset, known := localHours[a.Local().Currency]
	if !known {
		return false
	}
	local := a.OccurredAt.UTC().Add(time.Duration(offset) * time.Hour)
	clock := local.Format("15:04")
	shows := slices.ContainsFunc(b.Calendar.Clocks, func(c string) bool { return strings.HasPrefix(c, clock) })
	if !shows && len(b.Calendar.Clocks) > 0 && !c.settles {
		c.finding("time", []string{clock}, b.Calendar.Clocks, doubtful) // or the bank booked it later
	}
	if shows {
		c.finding("time", []string{clock}, b.Calendar.Clocks, agree)
		day := fmt.Sprintf("%d/%d", local.Day(), local.Month())
		c.anchored = c.anchored || slices.Contains(b.printedDays, day)
	}
	return shows
}

// localHours is the difference between the local time and UTC, by the currency of the account.
var localHours = map[string]int{"BRL": -3, "MXN": -6, "COP": -5}

// maxClockMoved is the maximum change of the time of a movement when the movement settles. A larger change is
// doubtful.
const maxClockMoved = 10 * time.Minute

// compareNamesOfRows compares the names in the rows. The counterparty that the vendor states has priority over the
// text, because banks truncate names in texts.
func (c *comparison) compareNamesOfRows() {
	a, b := &c.old.Evidence, &c.new.Evidence
	if a.IsCharge() && b.IsCharge() && a.Operation != banktext.Tax {
		c.compareServices()
		return
	}
	person := a.IsTransfer() && b.IsTransfer()
	text := c.compareTexts(person)
	c.finding("bank", a.Banks, b.Banks, compareSets(a.Banks, b.Banks))
	party := compareNames(a.Party, b.Party, true)
	if party > doubtful && compareSets(a.Initials, b.Initials) == differ {
		party = doubtful
	}
	if party == differ && c.isOneParty() {
		party = contained // its trade name, and the name of the firm
	}
	if party != unknown {
		c.finding("counterparty", a.Party, b.Party, party)
		x, y := withoutNames(a.Words, a.Party), withoutNames(b.Words, b.Party)
		if rest := compareNames(x, y, person); rest == differ {
			text = doubtful
		} else if text == differ {
			text = unknown
		}
		if c.documented && text == doubtful {
			text = unknown
		}
		c.name = party
	} else {
		text = c.compareWordsWithParty(text)
		if c.documented && text == doubtful && !(c.isPurchase() && eachNamesMore(a.Words, b.Words)) {
			text = contained // one counterparty, with or without the name of its bank
		}
		c.name = text
	}
	if text == differ && c.sharesFirm() {
		text = doubtful // its trade name, and the name of its owner
	}
	switch {
	case text <= doubtful:
	case differInTail(a, b) && !c.isOneSale():
		text, c.notWords = doubtful, true
	case compareSets(a.Facilitators, b.Facilitators) == differ:
		c.finding("facilitator", a.Facilitators, b.Facilitators, doubtful)
	}
	c.finding("text", a.Words, b.Words, text)
	if text == doubtful {
		c.name = min(c.name, text)
	}
}

// isOneParty reports whether the vendor states one complete tax number for both counterparties, and the rows of a side
// do not state it beside several names: a payment facilitator may have one number for many shops.
func (c *comparison) isOneParty() bool {
	document := banktext.DigitsOf(c.old.Counterparty.Document)
	return (domain.IsCNPJ(document) || domain.IsCPF(document)) &&
		document == banktext.DigitsOf(c.new.Counterparty.Document) && !c.context.facilitators[document]
}

// sharesFirm reports whether both rows name the same complete tax number of a firm.
func (c *comparison) sharesFirm() bool {
	document := sharedValue(c.old.Documents, c.new.Documents)
	return len(document) == len("00000000000191") && !strings.Contains(document, "*")
}

// compareTexts compares the names in the texts of the rows, with what else the rows have in common. person is set if
// both rows are transfers, whose names are those of people.
func (c *comparison) compareTexts(person bool) relation {
	a, b := &c.old.Evidence, &c.new.Evidence
	text := compareNames(c.withoutLabels(a.Words), c.withoutLabels(b.Words), person)
	one := c.sharesNumber() || c.isOneTax() || c.isOneInstalment() || c.isOneQuota() || c.isOneSlip() ||
		c.isOneCheque() || c.isOneDeal() || c.isPlaceholder()
	if text <= doubtful && text != unknown && one {
		text = contained
		if c.mayBeTwoServices() {
			text = doubtful
		}
	}
	if text >= contained && c.hasWordBeforeNumber() {
		text = doubtful // CONTA VIVO 118844207, CONTA VIVO ROAMING 118844207
	}
	if text == doubtful && (c.isOneTransfer() || c.isOneDocument()) {
		text = contained
	}
	if c.moment && (text == differ || text == doubtful) {
		text++ // one card is not used twice in a second, so the shop has another name now
		if c.old.Card != "" && c.old.Card == c.new.Card {
			text = contained
		}
	}
	if text == differ && c.isOneContract() && !person {
		text = doubtful // a firm with another name: DA ELETROPAULO 77209859, ENEL 77209859
	}
	if text <= doubtful && c.isOnePayout() {
		text = contained
	}
	if a.IsGeneralPayout() && b.IsGeneralPayout() && !c.weak && !isOdd(c.new.Amount) {
		text = unknown // sales of one price
	}
	switch {
	case a.IsPayment() && b.IsPayment() && c.isCutAtDay():
		text = contained
	case text == contained && a.IsPayment() && b.IsPayment() && !c.isOneTransfer() &&
		(isFirstName(a.Words, b.Words) || isCutFirstName(a.Words, b.Words) && !isOdd(c.new.Amount)):
		text = doubtful
	case text == contained && person && (a.EndsBefore(b) || b.EndsBefore(a)):
		text = doubtful
	case text == unknown || text >= contained:
	case c.isAbbreviation(a.Words, b.Words):
		text = contained
	case c.isPurchase() && isReordered(a.Words, b.Words):
		text = contained // INGRESSO*CINE MODELO, CINE MODELO INGRESSO; the words of people are given names, too
	case !c.old.IsPayment() && !c.new.IsPayment() && c.isOneMerchant():
		text = contained
	case banktext.SameWord(c.old.compact, c.new.compact), c.areSwapped():
		text = agree
	case c.isCut() && !(text == doubtful && (person || onlyPurposes(a.Words) || onlyPurposes(b.Words))):
		// The shorter text may end within a name, so its names may differ from those of the other text.
		text = contained
	case text == differ && c.settles && c.isPurchase() && beginAlike(a.Words, b.Words):
		text = doubtful // BISTRO LUNA SF, BISTRO LUNA SAN FRANCISCO CA
	case text == differ && !a.IsPayment() && !b.IsPayment() && commonPrefix(c.old.compact, c.new.compact) >= minCommon:
		text = doubtful // THE IMAGINARY BREAD COMPANY, THE IMAGINARY BREAD COBROOKLYN NY
	}
	return text
}

// isCutAtDay reports whether the name of one of two payments of one day is cut to the width of a column before the day
// that the text prints: PIX TRANSF DORA H22/09, PIX ENVIADO DORA HIPOTETICA. If the letters are only those of a first
// name, or end with a letter that may be a particle, the amount must be unusual, or the other text goes on with the
// whole name: PIX TRANSF DORA22/09 DORA HIPOTETICA.
func (c *comparison) isCutAtDay() bool {
	for _, rows := range [2][2]*row{{c.old, c.new}, {c.new, c.old}} {
		cut, whole := rows[0], rows[1]
		if c.days() > 0 || len(cut.Words) != 1 || len(whole.Words) < 2 || !cut.isPrinted || cut.printed != cut.day {
			continue
		}
		name := cut.Words[0]
		isLong := len(name) > len(whole.Words[0]) && !isCutFirstName(cut.Words, whole.Words)
		isWhole := c.isCut() && strings.HasPrefix(whole.compact, cut.compact) && whole.Words[0] == name &&
			strings.HasPrefix(whole.Words[1], name)
		if len(name) >= minColumn && strings.HasPrefix(strings.Join(whole.Words, ""), name) &&
			len(name) >= len(whole.Words[0]) && (isLong || isWhole || isOdd(c.new.Amount)) {
			return true
		}
	}
	return false
}

// minColumn is the minimum number of letters of a name that is cut to the width of a column.
const minColumn = 5

// withoutLabels returns the words that belong to no identifier of c.labels.
func (c *comparison) withoutLabels(words []string) []string {
	if len(c.labels) == 0 {
		return words
	}
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(c.labels, word) })
}

// areSwapped reports whether the vendor's text and the institution's own text changed places.
func (c *comparison) areSwapped() bool {
	a, b := c.old, c.new
	return a.RawDescription != "" && b.RawDescription != "" && a.RawDescription != a.Description &&
		banktext.Fold(a.RawDescription) == banktext.Fold(b.Description) &&
		banktext.Fold(a.Description) == banktext.Fold(b.RawDescription)
}

// isOneMerchant reports whether two names of merchants differ only in the prefix of a payment facilitator, or in
// blanks: IFD*HAMBURGUERIA, iFood - Hamburgueria; MERCEARIABOM, MERCEARIA BOM PRECO; RAPPI*TURBO, RAPPI*TURBO CIUDAD DE
// MEX.
func (c *comparison) isOneMerchant() bool {
	a, b := c.old, c.new
	x, y := b.withoutFacilitator(a.Words, b.Facilitators), a.withoutFacilitator(b.Words, a.Facilitators)
	if len(x) < len(a.Words) || len(y) < len(b.Words) {
		isOneBrand := min(len(x), len(y)) == 0 && len(a.Words) > 0 && len(b.Words) > 0 && a.Words[0] == b.Words[0]
		if text := compareNames(x, y, false); text >= contained || isOneBrand {
			return true
		}
	}
	if len(a.Words) > 0 && len(b.Words) > 0 && compareSets(a.Facilitators, b.Facilitators) == agree &&
		isBeginning(a.Words, b.Words) {
		return true
	}
	return isGluedIn(a, b) || isGluedIn(b, a) || isPrefixed(a, b) || isPrefixed(b, a)
}

// maxPrefix is the maximum length of the prefix of a platform, and minPrefixed the minimum number of words after it.
const (
	maxPrefix   = 3
	minPrefixed = 2
)

// isPrefixed reports whether the name of the row b is that of the row a after the prefix of a platform: DOORDASH*PIZZA
// TEST, DD *DOORDASH PIZZA TEST.
func isPrefixed(a, b *row) bool {
	if len(b.Words) <= minPrefixed || len(b.Words[0]) > maxPrefix || lengthOf(a.Words) < minTypo {
		return false
	}
	_, rest, found := strings.Cut(banktext.Fold(b.Description), "*")
	return found && slices.Equal(a.Words, b.Words[1:]) && strings.HasPrefix(strings.TrimSpace(rest), b.Words[1])
}

// isBeginning reports whether one list of words is the beginning of the other one.
func isBeginning(a, b []string) bool {
	n := min(len(a), len(b))
	return slices.Equal(a[:n], b[:n])
}

// withoutFacilitator returns the words of the other row without a first word that names one of the facilitators of this
// row.
func (r *row) withoutFacilitator(words, facilitators []string) []string {
	if len(words) > 0 && slices.Contains(facilitators, banktext.Facilitator(words[0])) {
		return words[1:]
	}
	return words
}

// namesFacilitator reports whether one of two words, or both without a blank, name a facilitator of this row: MERPAGO,
// MERCADO PAGO.
func (r *row) namesFacilitator(words []string) bool {
	return len(words) > 0 && (slices.Contains(r.Facilitators, banktext.Facilitator(strings.Join(words, ""))) ||
		slices.Contains(r.Facilitators, banktext.Facilitator(words[len(words)-1])))
}

// isGluedIn reports whether the name of the row a is one word, and the words of the row b begin with it if they are
// written without blanks. The word may be cut. Only words for channels may stand before the name in b.
func isGluedIn(a, b *row) bool {
	if len(a.Words) != 1 || len(a.Words[0]) < minTypo || len(b.Words) == 0 {
		return false
	}
	first := slices.Index(b.tokens, b.Words[0])
	for at := range b.tokens {
		if at > first && !a.namesFacilitator(b.tokens[max(0, at-2):at]) {
			continue
		}
		if len(b.tokens[at]) < len(a.Words[0]) && strings.HasPrefix(strings.Join(b.tokens[at:], ""), a.Words[0]) {
			return true
		}
	}
	return false
}

// minCommon is the minimum number of letters with which the texts of two merchants begin, for a doubt.
const minCommon = 16

// commonPrefix returns the number of bytes with which both texts begin.
func commonPrefix(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// creditWords may name sales by credit card, or only the entry of a credit.
var creditWords = map[string]bool{"cred": true, "cr": true}

// isOnePayout reports whether two payouts name one payer, apart from card schemes and products, which are compared
// separately; or one number, and no payer: Liberação de dinheiro 98120447731, Money release 98120447731.
func (c *comparison) isOnePayout() bool {
	if c.old.Operation != banktext.Payout || c.new.Operation != banktext.Payout ||
		banktext.Holds(c.old.AllWords, creditWords) || banktext.Holds(c.new.AllWords, creditWords) {
		return false
	}
	a, b := c.old.PayerWords(), c.new.PayerWords()
	if len(a)+len(b) == 0 {
		return c.isOneContract() || c.sameNumbers && c.weak || c.labelled
	}
	return compareNames(a, b, true) == agree
}

// isOneSale reports whether two payouts name one payer, and the words after it name one product in other forms: CIEL MC
// CD, Cielo Mastercard crédito.
func (c *comparison) isOneSale() bool {
	a, b := &c.old.Evidence, &c.new.Evidence
	return c.isOnePayout() && slices.Equal(banktext.LettersOf(a.AllWords), banktext.LettersOf(b.AllWords)) &&
		compareSets(a.Products, b.Products) == agree && compareSets(a.Schemes, b.Schemes) != differ
}

// isOneTax reports whether two taxes are named by the same words in another order (IMSS SUA, SUA-IMSS), or by one
// number and more words: DARF COD 0588, TRIBUTOS FEDERAIS DARF 0588. On one day, one revenue code is enough for texts
// that only say that a federal tax is paid: INT DARF 2089 RECEITAS FEDERAIS, TRIBUTO FEDERAL COD. RECEITA 2089.
func (c *comparison) isOneTax() bool {
	a, b := c.old.Words, c.new.Words
	if c.days() == 0 && c.weak && c.old.NamesFederalTax() && c.new.NamesFederalTax() {
		return true
	}
	return c.old.Operation == banktext.Tax && c.new.Operation == banktext.Tax &&
		(isSubset(a, b) && isSubset(b, a) || (sharedValue(c.old.allNumbers, c.new.allNumbers) != "" ||
			compareInstalments(c.old.Instalment, c.new.Instalment) == agree) &&
			len(a) > 0 && len(b) > 0 && (isSubset(a, b) || isSubset(b, a)))
}

// isOneInstalment reports whether two rows have the same complete instalment, and the merchant's name is only longer
// in one of them: PARIS CUOTA 03 DE 06, PARIS ALTO LAS CONDES CUOTA 3/6. If the day of the purchase and the card are
// equal, the names may only be alike: RENNER LJ 118 01/03, LOJAS RENNER S.A. PARC 001/003.
func (c *comparison) isOneInstalment() bool {
	a, b := c.old.Instalment, c.new.Instalment
	short, long := c.old.Words, c.new.Words
	if len(short) > len(long) {
		short, long = long, short
	}
	isOne := compareInstalments(a, b) == agree && a.Count > 1 && !c.old.IsPayment() && !c.new.IsPayment()
	isPurchase := a.Purchased != "" && a.Purchased == b.Purchased && c.old.Card != "" && c.old.Card == c.new.Card
	return isOne && lengthOf(short) >= minInstalmentName && slices.Equal(short, long[:len(short)]) ||
		isOne && isPurchase && compareNames(short, long, false) >= doubtful
}

// isOneQuota reports whether two rows name the same group and quota of a consórcio: GRUPO 4471 COTA 219.
func (c *comparison) isOneQuota() bool {
	shared := 0
	for _, number := range c.old.Numbers {
		if slices.Contains(c.new.Numbers, number) {
			shared++
		}
	}
	return shared >= 2 && slices.Contains(c.old.Words, "consorcio") && slices.Contains(c.new.Words, "consorcio")
}

// isOneTransfer reports whether two transfers of one day have the bank's reference in common, and one of the texts only
// says more: SPEI ENVIADO SANTANDER 0034718822 RENTA, SPEI ENVIADO SANTANDER 0034718822 RENTA REBECA OLMEDO. The
// reference may be in a member of one of the rows: ZELLE TO LEE ANNE REF # RP0XK4T7Q2, Zelle payment to Anne Lee.
func (c *comparison) isOneTransfer() bool {
	isOne := c.old.IsPayment() && c.new.IsPayment() && c.weak && c.isOneContract()
	return c.days() == 0 && (isOne || c.paid) && c.namesMoreInOne()
}

// minDocument is the minimum length of a labelled number for isOneDocument.
const minDocument = 6

// isOneDocument reports whether two rows of one day and operation, which are no payments to people, have a labelled
// number in common, and one text only says more: DEPOSITO EFECTIVO OXXO FOLIO 55218830, DEP. EFECTIVO EN TIENDA OXXO
// FOLIO:55218830 CDMX.
func (c *comparison) isOneDocument() bool {
	isLong := func(value string) bool { return len(value) >= minDocument && isIn(c.new.Volatile, value) }
	return c.labelled && c.days() == 0 && !c.old.IsPayment() && !c.new.IsPayment() && !c.doubt &&
		c.old.Operation != banktext.NoOperation && c.old.Operation == c.new.Operation &&
		slices.ContainsFunc(slices.Collect(maps.Values(c.old.Volatile)), isLong) && c.namesMoreInOne()
}

// isIn reports whether one of the labelled numbers has this value.
func isIn(labelled map[string]string, value string) bool {
	for _, other := range labelled {
		if other == value {
			return true
		}
	}
	return false
}

// isOneCheque reports whether two rows name one cheque: DEP. CHEQUE S.B.C. 0019921, DEPOSITO DE CHEQUE OTROS BANCOS
// 0019921. The other words say how it is cleared.
func (c *comparison) isOneCheque() bool {
	return c.old.Operation == banktext.Cheque && c.new.Operation == banktext.Cheque && c.weak && !c.bare
}

// isOneDeal reports whether two rows name the contract of one exchange of money, which is closed on one day and settled
// on another: CAMBIO CONTRATO 00481516 FECHAMENTO, LIQ CONTR CAMBIO 481516 IMPORTACAO. At most one of them says what it
// is for, because one contract may pay for the goods and for their freight.
func (c *comparison) isOneDeal() bool {
	if !c.settles && c.days() > 0 || !slices.Contains(c.old.Words, "cambio") ||
		!slices.Contains(c.new.Words, "cambio") {
		return false
	}
	isStage := func(word string) bool { return dealStages[word] }
	x, y := slices.DeleteFunc(slices.Clone(c.old.Words), isStage), slices.DeleteFunc(slices.Clone(c.new.Words), isStage)
	return (len(x) == 0 || len(y) == 0) && len(sharedValue(c.old.allNumbers, c.new.allNumbers)) >= minMoved
}

// dealStages are words that say only how far an exchange of money has come.
var dealStages = map[string]bool{"cambio": true, "fechamento": true, "contratacao": true}

// isPlaceholder reports whether the text of a pending purchase only names the merchant and says that it is pending:
// RYDR *PENDING, RYDR *TRIP. The amount must be unusual, because the merchant may offer several services.
func (c *comparison) isPlaceholder() bool {
	return c.settles && c.isPurchase() && isOdd(c.new.Amount) && c.old.Scheduled &&
		len(c.old.Words) == 1 && len(c.new.Words) > 0 && c.old.Words[0] == c.new.Words[0] &&
		len(c.old.Words[0]) >= minInstalmentName &&
		strings.Contains(c.old.Description, "*") && strings.Contains(c.new.Description, "*")
}

// beginAlike reports whether two names begin with the same two words or more, which have at least minBeginning letters.
func beginAlike(a, b []string) bool {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n > 1 && lengthOf(a[:n]) >= minBeginning
}

// minBeginning is the minimum number of letters for beginAlike.
const minBeginning = 12

// isOneSlip reports whether two rows of one day have a long number in common that identifies a single slip: SAT
// REF:02190EMP741923257217, RECAUDACION DE IMPUE G REF:02190EMP741923257217. Only the name of the receiver changes.
func (c *comparison) isOneSlip() bool {
	return c.days() == 0 && !c.old.IsPayment() && !c.new.IsPayment() && slices.ContainsFunc(c.old.References,
		func(value string) bool {
			return len(banktext.DigitsOf(value)) > maxContract && slices.Contains(c.new.References, value)
		})
}

// minInstalmentName is the minimum length of a merchant's name for isOneInstalment.
const minInstalmentName = 4

// minContract is the minimum length of the number of a contract, a meter or a telephone.
const minContract = 8

// sharesNumber reports whether two rows have a word of the name and one of the following in common. It returns false
// for transfers and payrolls.
//
//   - the number of a contract, a meter or a telephone: DEBITO AUTOMATICO SABESP RGI 0123456789, AGUA SABESP
//     123456789;
//   - the toll, the day and the minute: SEM PARAR PRACA JACAREI 10/11 07:42, SEM PARAR PEDAGIO JACAREI 10/11
//     07:42:31;
//   - the code of a share and one kind of income: DIVIDENDOS ITSA4, PROVENTO - DIVIDENDO - ITSA4.
func (c *comparison) sharesNumber() bool {
	a, b := &c.old.Evidence, &c.new.Evidence
	if a.IsPayment() || b.IsPayment() || a.Operation == banktext.Payroll || b.Operation == banktext.Payroll {
		return false
	}
	if !c.isOneContract() && !(c.timed && c.anchored && slices.Equal(withoutToll(a.Words), withoutToll(b.Words))) &&
		sharedShare(a.Words, b.Words) == "" {
		return false
	}
	return slices.ContainsFunc(a.Words, func(word string) bool {
		return len(word) >= minAbbreviation &&
			slices.ContainsFunc(
				b.Words,
				func(other string) bool { return banktext.SameWord(word, other) || isCutWord(word, other) },
			)
	})
}

// isOneContract reports whether the rows have a number in common that may identify a contract, a meter or a
// telephone.
func (c *comparison) isOneContract() bool {
	value := sharedValue(c.old.allNumbers, c.new.allNumbers)
	return len(value) >= minContract && banktext.IsNumber(value)
}

// maxContract is the maximum length of the number of a contract. A longer number identifies a single slip.
const maxContract = 13

// mayBeTwoServices reports whether the rows have the number of a contract in common, but each of them also has words
// that the other one lacks: VIVO FIBRA 00077124410, VIVO MOVEL 00077124410.
func (c *comparison) mayBeTwoServices() bool {
	without := func(words, other []string) []string {
		return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
			return slices.ContainsFunc(
				other,
				func(o string) bool { return banktext.SameWord(word, o) || isCutWord(word, o) },
			)
		})
	}
	a, b := c.old.Words, c.new.Words
	return c.isOneContract() && len(sharedValue(c.old.allNumbers, c.new.allNumbers)) <= maxContract &&
		len(without(a, b)) > 0 && len(without(b, a)) > 0
}

// hasWordBeforeNumber reports whether the texts are equal except that one has a further name before the number of a
// contract. It may be the name of another service. Transfers, payrolls and numbers of single movements do not count.
func (c *comparison) hasWordBeforeNumber() bool {
	a, b := c.old, c.new
	if len(a.tokens) > len(b.tokens) {
		a, b = b, a
	}
	short, long := a.tokens, b.tokens
	if len(short) == len(long) || a.IsPayment() || b.IsPayment() ||
		a.Operation == banktext.Payroll || b.Operation == banktext.Payroll ||
		compareVolatile(a.Volatile, b.Volatile) == agree {
		return false
	}
	at := 0
	for at < len(short) && short[at] == long[at] {
		at++
	}
	further, rest := long[at:len(long)-len(short)+at], short[at:]
	isContract := func(word string) bool { return len(word) >= minContract && banktext.IsNumber(word) }
	isName := func(word string) bool { return slices.Contains(b.Words, word) }
	return at > 0 && slices.Equal(rest, long[len(long)-len(rest):]) && slices.ContainsFunc(rest, isContract) &&
		slices.ContainsFunc(further, isName)
}

// compareLabelledWithBare records a doubt if one row has a labelled number, and the other one has a different
// unlabelled number of the same length: CTA 40112233, 40112299.
func (c *comparison) compareLabelledWithBare() {
	for _, rows := range [][2]*row{{c.old, c.new}, {c.new, c.old}} {
		labelled, bare := rows[0].allNumbers[len(rows[0].Numbers):], rows[1].Numbers
		if len(rows[0].Numbers) > 0 || len(labelled) == 0 ||
			sharedValue(rows[0].allNumbers, rows[1].allNumbers) != "" {
			continue
		}
		for _, x := range labelled {
			for _, y := range bare {
				if len(x) == len(y) && len(x) >= minLabelled && banktext.IsNumber(y) {
					c.finding("number", []string{x}, []string{y}, doubtful)
					return
				}
			}
		}
	}
}

// minLabelled is the minimum length of the numbers that compareLabelledWithBare compares.
const minLabelled = 4

// withoutToll returns the words that are not in banktext.TollWords.
func withoutToll(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return banktext.TollWords[word] })
}

// sharedShare returns the code of a share or a fund that both texts contain. It returns "" if there is none, if a text
// has no word of banktext.IncomeWords, or if the texts do not name one kind of income.
func sharedShare(a, b []string) string {
	x, isIncome := banktext.IncomeOf(a)
	y, isOther := banktext.IncomeOf(b)
	if !isIncome || !isOther || len(x)+len(y) > 0 && compareSets(x, y) != agree {
		return ""
	}
	for _, word := range a {
		if banktext.Share.MatchString(word) && slices.Contains(b, word) {
			return word
		}
	}
	return ""
}

// eachNamesMore reports whether each list has words that the other one lacks, for example because one firm offers two
// services (UBER *TRIP, UBER *EATS).
func eachNamesMore(a, b []string) bool {
	return len(withoutNames(a, b)) > 0 && len(withoutNames(b, a)) > 0
}

// compareServices compares the services that two charges name. A charge has no counterparty. An equal service alone
// does not identify a charge.
func (c *comparison) compareServices() {
	x, y := c.old.Service(), c.new.Service()
	r := compareNames(x, y, false)
	if r < contained && r != unknown && banktext.SameWord(c.old.compact, c.new.compact) {
		r = agree
	}
	switch {
	case c.isOneReference() && !differInLetters(c.old.AllWords, c.new.AllWords):
		r = contained
	case r >= contained && differInLetters(c.old.AllWords, c.new.AllWords), (len(x) == 0) != (len(y) == 0):
		r = doubtful
	case r == differ && c.days() == 0 && (c.sameNumbers || sharedValue(c.old.allNumbers, c.new.allNumbers) != ""):
		r = doubtful // one number, translated
	case r == unknown && c.days() == 0 && c.old.Operation == c.new.Operation && c.isOneCharge():
		r, c.weak = contained, true
	}
	if r == doubtful && c.isPositioned() && !differInLetters(c.old.AllWords, c.new.AllWords) {
		r = contained // the same charge, named otherwise
	}
	c.finding("service", x, y, r)
	// One charge of one day, with one text. Its first word says on what it is charged: INTERESES SUJETOS A IVA, IVA
	// INTERESES SUJETOS A IVA.
	c.weak = c.weak || r >= contained && len(x) > 0 && c.days() == 0 && c.old.Operation == c.new.Operation &&
		banktext.SameWord(x[0], y[0])
}

// isOneReference reports whether two charges of one kind and day have one number, which is that of the movement they
// are for, and name one service. One of them may not name the way on which money is moved: COM SPEI ENVIADO REF 88120,
// COMISION TRANSFERENCIA 88120.
func (c *comparison) isOneReference() bool {
	shared := sharedValue(c.old.allNumbers, c.new.allNumbers)
	if c.days() > 0 || c.old.Operation != c.new.Operation || !c.sameNumbers || len(shared) < minMoved {
		return false
	}
	a, x := c.old.ServiceWithoutRail()
	b, y := c.new.ServiceWithoutRail()
	return slices.Equal(a, b) && (len(x) == 0 || len(y) == 0 || slices.Equal(x, y))
}

// isOneCharge reports whether the words of one charge, which names no service, are consecutive words of the other one:
// REND PAGO APLIC AUT MAIS, Rendimentos REND PAGO APLIC AUT MAIS; TARIFA COBRANCA, Tarifa de cobrança. The words may
// be abbreviated: RENDIMENTO APLICACAO AUTOMATICA MAIS.
func (c *comparison) isOneCharge() bool {
	short, long := c.old.ChargeWords(), c.new.ChargeWords()
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short) < minChargeWords {
		return false
	}
	for at := range len(long) - len(short) + 1 {
		if slices.EqualFunc(short, long[at:at+len(short)], func(x, y string) bool {
			return banktext.SameWord(x, y) || isCutWord(x, y)
		}) {
			return true
		}
	}
	return false
}

// minChargeWords is the minimum number of words for isOneCharge.
const minChargeWords = 2

// compareWordsWithParty compares the counterparty of one row with the text of the other one, if only one row states a
// counterparty and the texts alone do not agree. Otherwise it returns its argument text, which is the relation of the
// texts.
func (c *comparison) compareWordsWithParty(text relation) relation {
	party, words := c.old.Party, c.new.Words
	if len(party) == 0 {
		party, words = c.new.Party, c.old.Words
	}
	if len(party) == 0 || text >= contained {
		return text
	}
	found := compareNames(party, words, true)
	if found == unknown || found == differ && c.isMessage() {
		return text
	}
	return found
}

// isMessage reports whether the words of the only text that has some may be what the payer writes: a payment whose
// members name the person with the same tax number, and a text with the number and other words.
func (c *comparison) isMessage() bool {
	isPerson := func(document string) bool { return len(document) == lengthOfCPF }
	return c.documented && c.days() == 0 && c.old.IsPayment() && c.new.IsPayment() &&
		min(len(c.old.Words), len(c.new.Words)) == 0 &&
		slices.ContainsFunc(c.old.Documents, isPerson) && slices.ContainsFunc(c.new.Documents, isPerson)
}

// withoutNames returns a copy of words without the words that also occur in name. Two words count as equal if one of
// them is the beginning of the other.
func withoutNames(words, name []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		return slices.ContainsFunc(name, func(part string) bool {
			return strings.HasPrefix(part, word) || strings.HasPrefix(word, part)
		})
	})
}

// amounts is the relation between the amounts of two rows.
type amounts int

const (
	otherAmount amounts = iota
	nearAmount          // pending and posted with a tip, a rate or a charge
	movedAmount         // the foreign amount is equal, the local one moved by at most 7 %
	sameAmount
)

// maxTip is the maximum difference between a pending and a posted amount, in percent of the pending one, for which a
// pair is suggested.
const maxTip = 25

func (c *comparison) amounts() amounts { return c.amount }

func (c *comparison) compareAmounts() amounts {
	if c.old.hasAmountOf(c.new) {
		return sameAmount
	}
	a, b := c.old.Amount, c.new.Amount
	x, y := c.old.Local(), c.new.Local()
	switch {
	case a.Equal(b) && x.Equal(y):
		return sameAmount
	case a.Equal(b) && (x.Currency != y.Currency || isWithinPercent(x, y, maxPercentMoved)):
		return movedAmount
	case a.Currency != b.Currency && a.Currency != x.Currency && b.Currency != y.Currency:
		return otherAmount
	case a.Currency != b.Currency && x.Equal(y):
		return sameAmount
	case a.Currency != b.Currency && isWithinPercent(x, y, maxPercentMoved):
		return movedAmount
	case c.old.Status == domain.Pending && isWithinPercent(x, y, maxTip):
		return nearAmount
	}
	return otherAmount
}

// isWithinPercent reports whether the later amount differs from the earlier one by at most this percentage of the
// earlier one.
func isWithinPercent(before, after domain.Money, percent int64) bool {
	moved := after.Amount.Sub(before.Amount).Abs().Mul(decimal.NewFromInt(100))
	return before.Currency == after.Currency &&
		moved.LessThanOrEqual(before.Amount.Abs().Mul(decimal.NewFromInt(percent)))
}

// minOddAmount is the smallest amount that can be odd. Smaller amounts are often fares, or yields of a few cents.
const minOddAmount = 10

// isOdd reports whether an amount is unlike a usual price, such as 20.00 or 9.90. Two movements rarely have the same
// odd amount by chance.
func isOdd(m domain.Money) bool {
	if m.Amount.Abs().LessThan(decimal.NewFromInt(minOddAmount)) {
		return false
	}
	cents := m.Amount.Abs().Shift(2).Mod(decimal.NewFromInt(100)).IntPart()
	switch cents {
	case 0, 50, 90, 95, 99:
		return false
	}
	return true
}
