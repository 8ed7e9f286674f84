package witness

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// minSuffix is the minimum number of digits of an account number that lacks its check digit, or of which only the last
// digits are visible.
const minSuffix = 4

// minCardDigits is the minimum number of digits of the whole number of a card (ISO/IEC 7812).
const minCardDigits = 13

// matchAccount compares the account of a statement with ours. fits is false if the statement is clearly that of another
// account.
func matchAccount(theirs Account, ours OurAccount) (match Match, fits bool) {
	bank := ours.Identity.BankCode()
	if banksDiffer(theirs.Bank, bank) {
		return "", false
	}
	their, known := parseNumber(theirs.Number)
	if theirs.Branch != "" {
		their.branch = parseBranch(theirs.Branch)
	}
	our, branch := ours.numbers()
	if branch.differs(their.branch) {
		return "", false
	}
	if !known || len(our) == 0 {
		return MatchAbsent, true
	}
	m := numberMatcher{branch: their.branch, bank: theirs.Bank}
	m.lastDigits = ours.Identity.LastDigits != ""
	m.card = m.lastDigits && (theirs.Card || len(their.digits) >= minCardDigits)
	if digitsWithoutZeros(m.bank) == "" {
		m.bank = bank
	}
	if branch.base != "" {
		m.branch = branch
	}
	for _, n := range our {
		found := m.compare(their, n, theirs.Bank)
		if found == MatchExact {
			return MatchExact, true
		}
		if match == "" || found == MatchNormalised {
			match = found
		}
	}
	return match, match != ""
}

// banksDiffer reports whether both codes are known codes of Brazilian banks and differ. Routing numbers of other
// countries are not compared.
func banksDiffer(theirs, ours string) bool {
	a, b := digitsWithoutZeros(theirs), digitsWithoutZeros(ours)
	return a != "" && b != "" && len(a) <= 3 && len(b) <= 3 && a != b
}

// numbers returns the numbers by which our account is known, and its agency.
func (o OurAccount) numbers() (numbers []bankNumber, branch bankBranch) {
	for _, text := range []string{o.Identity.IBAN, o.Identity.CLABE} {
		if n, ok := parseNumber(text); ok {
			n.clabe = n.iban == ""
			numbers = append(numbers, n)
		}
	}
	n, ok := parseNumber(o.Number)
	branch = bankBranch{base: strings.TrimLeft(o.Identity.Agency, "0")}
	if branch.base == "" || branch.base == n.branch.base {
		branch = n.branch
	}
	isWhole := n.iban == "" && !n.letters && !n.isHidden()
	if number := o.Identity.Number; number != "" && isWhole && strings.TrimLeft(n.digits, "0") != number {
		n, ok = bankNumber{digits: number}, true // the vendor's number lacks the check digit, or has other parts
	}
	n.marked = n.marked || o.Identity.CheckDigit != ""
	n.masked = n.masked || o.Identity.Mask != "" && o.Identity.Number == ""
	n.branch = branch
	if ok {
		numbers = append(numbers, n)
	}
	return numbers, branch
}

// bankNumber is the number of an account, divided into the parts that its text shows.
type bankNumber struct {
	iban   string // without spaces; the other members are zero then
	clabe  bool
	branch bankBranch // in front of a slash
	digits string     // with leading zeros; the last character may be the check digit X
	marked bool       // the last character is the check digit for certain
	masked bool       // only the last digits are visible
	// letters states that digits contains letters, too, so that no part of it is known to be an agency.
	letters bool
	// visible contains the characters in front of hidden ones, and length is the number of all characters; "" and 0 if
	// nothing is hidden behind the first visible character. digits contains what follows the hidden characters.
	visible string
	length  int
}

// bankBranch is the number of an agency.
type bankBranch struct {
	base  string // without leading zeros; "" if it is not known
	check string // its check digit; "" if it is not stated apart
	// glued states that the last digit of base may be the check digit: an agency has four digits.
	glued bool
}

// parseNumber reads the number of an account. ok is false if the text is no number: it is empty, zero, a name, or an id
// such as a UUID.
func parseNumber(text string) (n bankNumber, ok bool) {
	mixed := hasBothCases(hiddenRun.ReplaceAllString(text, ""))
	text = strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "'", "").Replace(text))
	if plain := strings.NewReplacer("-", "", "/", "").Replace(text); isIBAN(plain) && !strings.Contains(plain, "XXXX") {
		return bankNumber{iban: plain}, true
	}
	if at := strings.LastIndexByte(text, '/'); at >= 0 && len(text)-at > 2 {
		n.branch = parseBranch(text[strings.LastIndexByte(text[:at], '/')+1 : at])
		text = text[at+1:]
	}
	text = strings.ReplaceAll(text, "/", "-")
	n.marked = len(text) > 2 && text[len(text)-2] == '-' || strings.HasSuffix(text, "X")
	text = strings.NewReplacer("-", "", "~", "").Replace(text)
	if visible := strings.TrimLeft(text, "X*•"); len(visible) < len(text) {
		text, n.masked = visible, true
	}
	if runs := hiddenRun.FindAllStringIndex(text, -1); runs != nil {
		n.visible, n.digits = text[:runs[0][0]], text[runs[len(runs)-1][1]:]
		n.length = utf8.RuneCountInString(text)
		return n, n.visible+n.digits != "" && !mixed
	}
	n.digits, n.letters = text, isNumberWithLetters(text) && !mixed
	return n, n.letters || digitsWithoutZeros(text) != ""
}

// digitsWithoutZeros returns the digits of a number without leading zeros; "" if the text is no number. The check digit
// may be an X.
func digitsWithoutZeros(text string) string {
	if digits := strings.TrimSuffix(text, "X"); digits == "" || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return strings.TrimLeft(text, "0")
}

// agencyDigits is the number of digits of an agency without its check digit.
const agencyDigits = 4

// parseBranch reads the number of an agency.
func parseBranch(text string) bankBranch {
	base, check, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), "-")
	return bankBranch{
		base: digitsWithoutZeros(base), check: strings.TrimSpace(check),
		glued: check == "" && len(base) > agencyDigits,
	}
}

// differs reports whether both agencies are known and are not the same one, with or without its check digit.
func (b bankBranch) differs(other bankBranch) bool {
	with := func(x, y bankBranch) bool {
		at := len(x.base) - 1
		return x.glued && x.base[:at] == y.base && (y.check == "" || y.check == x.base[at:])
	}
	return b.base != "" && other.base != "" && b.base != other.base && !with(b, other) && !with(other, b)
}

// numberMatcher compares numbers of accounts at one bank and agency.
type numberMatcher struct {
	branch bankBranch // of both accounts
	bank   string     // its code
	// lastDigits states that of our number only the last digits are known, and card that the other one is a card's.
	lastDigits, card bool
}

// compare returns how the numbers are the same; "" if they are not. theirBank is the code that the statement states.
func (m numberMatcher) compare(their, our bankNumber, theirBank string) Match {
	isMasked := their.masked || our.masked || m.card
	switch {
	case their.isHidden():
		return compareHidden(their, our)
	case our.isHidden():
		return compareHidden(our, their)
	case (their.letters || our.letters) && !isMasked:
		return m.compareLetters(their, our, theirBank)
	case their.iban != "" || our.iban != "":
		return compareIBAN(their, our, theirBank)
	case strings.TrimLeft(their.digits, "0") == strings.TrimLeft(our.digits, "0"):
		return MatchExact
	case isMasked:
		return matchIf(endsWith(their.digits, our.digits) || endsWith(our.digits, their.digits))
	case our.clabe && len(our.digits) == clabeDigits:
		return matchIf(sameDigits(our.digits[clabeBranch:clabeDigits-1], their.digits))
	}
	if !m.lastDigits && m.branch.base == "" && gluedAgency(their, our) {
		return MatchNormalised
	}
	for _, a := range m.readings(their) {
		for _, b := range m.readings(our) {
			if a.isSame(b) && (a.operation == "" || b.operation == "" || a.operation == b.operation) {
				return MatchNormalised
			}
		}
	}
	return ""
}

// An agency in front of an account number has at least minAgencyPrefix digits. With its check digit and the code of the
// bank, it has at most maxAgencyPrefix.
const (
	minAgencyPrefix = 3
	maxAgencyPrefix = 8
)

// gluedAgency reports whether one of the numbers ends with the other one, behind an agency that nobody states apart.
// Many banks write it so in OFX. One of the numbers may lack the check digit.
func gluedAgency(x, y bankNumber) bool {
	significant := func(n bankNumber) int { return len(strings.TrimLeft(n.digits, "0")) }
	long, short := x, y
	if significant(long) < significant(short) { // zeros in front of a number are no agency
		long, short = short, long
	}
	end := numberReading{digits: strings.TrimLeft(short.digits, "0"), marked: short.marked}
	for n := minAgencyPrefix; n <= min(maxAgencyPrefix, len(long.digits)); n++ {
		rest := numberReading{digits: strings.TrimLeft(long.digits[n:], "0"), marked: long.marked}
		if len(end.digits) >= minSuffix && len(rest.digits) >= minSuffix && rest.isSame(end) {
			return true
		}
	}
	return false
}

func matchIf(same bool) Match {
	if same {
		return MatchNormalised
	}
	return ""
}

// A CLABE contains bank and place, the number of the account, and a check digit.
const (
	clabeDigits = 18
	clabeBranch = 6
)

// endsWith reports whether a number ends with the visible digits of another one.
func endsWith(number, visible string) bool {
	return len(visible) >= minSuffix && strings.HasSuffix(number, visible)
}

// sameDigits reports whether two numbers are equal without leading zeros.
func sameDigits(a, b string) bool {
	a, b = digitsWithoutZeros(a), digitsWithoutZeros(b)
	return a != "" && a == b
}

// numberReading is what remains of an account number without the bank, the agency and the operation in front of it.
type numberReading struct {
	digits    string // without leading zeros
	marked    bool
	operation string // of Caixa; "" if it is not stated
}

// isSame reports whether both are the same number, of which one may lack the check digit.
func (r numberReading) isSame(other numberReading) bool {
	long, short := r, other
	if len(long.digits) < len(short.digits) {
		long, short = short, long
	}
	lacksCheck := !short.marked && len(long.digits) == len(short.digits)+1 && len(short.digits) >= minSuffix
	return long.digits == short.digits || lacksCheck && strings.HasPrefix(long.digits, short.digits)
}

// readings returns what the number may be without the parts in front of it that are known.
func (m numberMatcher) readings(n bankNumber) []numberReading {
	var all []numberReading
	add := func(digits, operation string) {
		if digits = strings.TrimLeft(digits, "0"); digits != "" {
			all = append(all, numberReading{digits, n.marked, operation})
		}
	}
	add(n.digits, "")
	rests := m.withoutBranch(n.digits)
	for _, rest := range rests {
		add(rest, "")
	}
	if n.branch.base != "" {
		rests = append(rests, n.digits)
	}
	if operation, number, ok := m.longCaixa(n.digits); ok {
		add(number, operation)
	}
	for _, rest := range rests {
		for _, operation := range m.operations() {
			number, found := strings.CutPrefix(rest, operation)
			if !found && rest == n.digits { // the zeros in front may be missing
				number, found = strings.CutPrefix(rest, strings.TrimLeft(operation, "0"))
			}
			if found && len(number) >= caixaDigits {
				add(number, operation)
			}
		}
	}
	return all
}

// A long number of Caixa contains the agency, the product with five digits, and the number with its check digit.
const (
	longCaixaDigits  = 22
	longCaixaProduct = 4
	longCaixaNumber  = 9
)

// longCaixa divides a long number of Caixa. ok is false if it is none, or that of another agency.
func (m numberMatcher) longCaixa(text string) (product, number string, ok bool) {
	if len(text) != longCaixaDigits || m.operations() == nil ||
		m.branch.differs(parseBranch(text[:longCaixaProduct])) {
		return "", "", false
	}
	return strings.TrimLeft(text[longCaixaProduct:longCaixaNumber], "0"), text[longCaixaNumber:], true
}

// withoutBranch returns what follows the agency at the beginning of a number. The code of the bank may precede it.
// Without that code, an agency such as 0001 is not recognised, because a number may begin so.
func (m numberMatcher) withoutBranch(digits string) (rests []string) {
	if m.branch.base == "" {
		return nil
	}
	padded := strings.Repeat("0", max(0, agencyDigits-len(m.branch.base))) + m.branch.base
	cut := func(text, branch string) {
		if rest, found := cutPadded(text, branch); found {
			rests = append(rests, rest)
			if check := m.branch.check; check != "" && strings.HasPrefix(rest, check) {
				rests = append(rests, rest[len(check):])
			}
		}
	}
	switch len(m.branch.base) {
	case 1:
	case 2:
		cut(digits, padded)
	default:
		cut(digits, m.branch.base)
	}
	if bank := digitsWithoutZeros(m.bank); bank != "" && len(bank) <= 3 {
		if rest, found := cutPadded(digits, strings.Repeat("0", 3-len(bank))+bank); found {
			cut(rest, padded)
		}
	}
	return rests
}

// cutPadded returns the text behind a prefix. More zeros may precede the prefix.
func cutPadded(text, prefix string) (rest string, found bool) {
	for !strings.HasPrefix(text, prefix) {
		if text == "" || text[0] != '0' {
			return "", false
		}
		text = text[1:]
	}
	return text[len(prefix):], true
}

const (
	caixa = "104"
	// caixaDigits is the number of digits that follow the operation in a number of Caixa, without the check digit.
	caixaDigits = 8
)

// caixaOperations are the kinds of accounts that Caixa writes between the agency and the number.
var caixaOperations = []string{
	"001", "002", "003", "006", "007", "013", "022", "023", "028", "032", "034", "037", "043", "1288", "1292",
	"3701",
}

// operations returns the texts that the bank writes between the agency and the number.
func (m numberMatcher) operations() []string {
	if digitsWithoutZeros(m.bank) == caixa {
		return caixaOperations
	}
	return nil
}

// isIBAN reports whether the text has the form of an IBAN (ISO 13616): two letters, two digits, 11 to 30 letters or
// digits.
func isIBAN(text string) bool {
	const letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	return len(text) >= 15 && len(text) <= 34 && strings.Trim(text[:2], letters) == "" &&
		strings.Trim(text[2:4], digits) == "" && strings.Trim(text[4:], letters+digits) == ""
}

// ibanBank contains the numbers of characters of the bank's code in an IBAN, for the countries in which nothing but the
// number of the account follows it.
var ibanBank = map[string]int{"AT": 5, "CH": 5, "DE": 8, "LI": 5, "NL": 4}

func isASCIILetter(c byte) bool { return 'A' <= c && c <= 'Z' }

// compareIBAN compares two numbers of which at least one is an IBAN. theirBank is the bank of their number.
func compareIBAN(their, our bankNumber, theirBank string) Match {
	if their.iban != "" && our.iban != "" {
		if their.iban == our.iban {
			return MatchExact
		}
		return ""
	}
	iban, number := our.iban, their.digits
	if iban == "" {
		iban, number, theirBank = their.iban, our.digits, ""
	}
	bban, country := iban[4:], iban[:2]
	theirBank = strings.ToUpper(theirBank)
	switch isBIC := slices.Contains([]int{8, 11}, len(theirBank)) && digitsWithoutZeros(theirBank) == ""; {
	case sameDigits(bban, number):
		return MatchNormalised
	case isBIC && theirBank[4:6] != country, isBIC && isASCIILetter(bban[0]) && theirBank[:4] != bban[:4]:
		return ""
	case theirBank != "" && !isBIC:
		rest, found := strings.CutPrefix(bban, theirBank)
		return matchIf(found && sameDigits(rest, number))
	}
	length, known := ibanBank[country]
	return matchIf(known && sameDigits(bban[length:], number))
}
