package witness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Match states how the account of a statement was recognised.
type Match string

// The kinds of matches.
const (
	MatchExact      Match = "exact"      // the same number
	MatchNormalised Match = "normalised" // the same number in another notation
	MatchChosen     Match = "chosen"     // the caller named it
	MatchAbsent     Match = "absent"     // the number is not known on both sides
)

// OurAccount contains what the service knows about the account whose records are compared.
type OurAccount struct {
	Identity domain.AccountIdentity
	Number   string // as the vendor writes it
	Currency string
}

// Selected is the statement of one account, taken from a file.
type Selected struct {
	Statement Statement
	Match     Match
}

// Select returns the statement of the account. chosen is the label or the number of the statement that the caller
// wants; "" if the numbers decide. The refusal is set if there is no such statement:
//
//   - NeedsAccount if the file has several accounts and none or several fit.
//   - OtherAccount if its only account is clearly another one.
//   - OtherCurrency if its currency is another one, unless the caller has chosen it.
func Select(file File, ours OurAccount, chosen string) (Selected, *Refusal) {
	if file.Refusal != nil {
		return Selected{}, file.Refusal
	}
	unclassified := takeUnclassified(&file)
	selected, refusal := selectStatement(file, ours, chosen)
	if refusal == nil && len(unclassified) > 0 {
		selected.Statement.Sections = slices.Concat(selected.Statement.Sections, unclassified)
	}
	return selected, refusal
}

// takeUnclassified removes the statements that consist of refused blocks without an account, and returns their
// sections. They may belong to any account of the file.
func takeUnclassified(file *File) (unclassified []Section) {
	isUnclassified := func(s Statement) bool {
		c := s.Counts()
		return s.Account == (Account{}) && c.Blocks > 0 && c.Refused == c.Blocks
	}
	var kept []Statement
	for _, s := range file.Statements {
		if isUnclassified(s) {
			unclassified = append(unclassified, s.Sections...)
		} else {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	file.Statements = kept
	return unclassified
}

func selectStatement(file File, ours OurAccount, chosen string) (Selected, *Refusal) {
	if chosen != "" {
		return selectChosen(file, ours, chosen)
	}
	byMatch := map[Match][]Statement{}
	for _, s := range file.Statements {
		match, fits := matchAccount(s.Account, ours)
		if fits {
			byMatch[match] = append(byMatch[match], s)
		}
	}
	for _, match := range []Match{MatchExact, MatchNormalised, MatchAbsent} {
		switch found := byMatch[match]; {
		case len(found) == 1 && (match != MatchAbsent || len(file.Statements) == 1):
			return checkCurrency(Selected{found[0], match}, ours)
		case len(found) > 0:
			return Selected{}, needsAccount(file)
		}
	}
	if len(file.Statements) == 1 {
		return Selected{}, &Refusal{
			Code: OtherAccount, Message: "the statement is that of " + file.Statements[0].Account.description(),
		}
	}
	return Selected{}, needsAccount(file)
}

func selectChosen(file File, ours OurAccount, chosen string) (Selected, *Refusal) {
	var found []Statement
	for _, s := range file.Statements {
		if s.Account.Label() == chosen || s.Account.Number == chosen {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return Selected{}, needsAccount(file)
	}
	s := found[0]
	if match, fits := matchAccount(s.Account, ours); fits && match != MatchAbsent {
		return checkCurrency(Selected{s, match}, ours)
	}
	if currencyDiffers(s, ours) {
		s.Warnings = AddWarning(s.Warnings, CurrencyDiffers, 0)
	}
	return Selected{s, MatchChosen}, nil
}

func currencyDiffers(s Statement, ours OurAccount) bool {
	return s.Currency != "" && ours.Currency != "" && s.Currency != ours.Currency
}

func checkCurrency(s Selected, ours OurAccount) (Selected, *Refusal) {
	if currencyDiffers(s.Statement, ours) {
		return Selected{}, &Refusal{Code: OtherCurrency, Message: fmt.Sprintf(
			"the statement is in %s, and the account in %s", s.Statement.Currency, ours.Currency)}
	}
	return s, nil
}

func needsAccount(file File) *Refusal {
	labels := make([]string, len(file.Statements))
	for i, s := range file.Statements {
		labels[i] = s.Account.Label()
	}
	return &Refusal{
		Code:    NeedsAccount,
		Message: "the file has the accounts " + strings.Join(labels, ", ") + "; name one of them",
	}
}

// minSuffix is the minimum number of digits of an account number that identifies the end of another one.
const minSuffix = 4

// matchAccount compares the account of a statement with ours. fits is false if the statement is clearly that of another
// account.
func matchAccount(theirs Account, ours OurAccount) (match Match, fits bool) {
	if banksDiffer(theirs.Bank, ours.Identity.Bank) {
		return "", false
	}
	number, known := accountNumber(theirs.Number)
	match = MatchAbsent
	for _, text := range []string{ours.Number, ours.Identity.Number, ours.Identity.CLABE} {
		our, ok := accountNumber(text)
		if !known || !ok {
			continue
		}
		switch branch, _ := accountNumber(ours.Identity.Agency); {
		case number == our:
			return MatchExact, true
		case sameNumber(number, our) || branch != "" && sameNumber(number, branch+our):
			match = MatchNormalised
		case match == MatchAbsent:
			match = ""
		}
	}
	return match, match != ""
}

// sameNumber reports whether two numbers may be notations of one account. One of them may begin with the agency, or
// lack the check digit.
func sameNumber(a, b string) bool {
	for _, x := range []string{a, a[:len(a)-1]} {
		for _, y := range []string{b, b[:len(b)-1]} {
			if len(x) < len(a) && len(y) < len(b) {
				continue // both without their last digit
			}
			long, short := x, y
			if len(long) < len(short) {
				long, short = short, long
			}
			if len(short) >= minSuffix && strings.HasSuffix(long, strings.TrimLeft(short, "0")) {
				return true
			}
		}
	}
	return false
}

// banksDiffer reports whether both codes are known codes of Brazilian banks and differ. Routing numbers of other
// countries are not compared.
func banksDiffer(theirs, ours string) bool {
	a, okA := accountNumber(theirs)
	b, okB := accountNumber(ours)
	return okA && okB && len(a) <= 3 && len(b) <= 3 && a != b
}

// accountNumber returns the digits of an account number without leading zeros; the check digit may be an X. ok is false
// if the text is no number of an account: it is empty, or a name or an id with letters. An IBAN keeps its letters. Of a
// masked card number the visible digits at its end remain.
func accountNumber(text string) (number string, ok bool) {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "-", "", ".", "", "/", "", "'", "", "~", "").Replace(text))
	if visible := strings.TrimLeft(text, "X*"); len(visible) < len(text) {
		text = visible
	}
	if isIBAN(text) {
		return text, true
	}
	digits := strings.TrimSuffix(text, "X")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	text = strings.TrimLeft(text, "0")
	return text, text != ""
}

// isIBAN reports whether the text has the form of an IBAN (ISO 13616): two letters, two digits, 11 to 30 letters or
// digits.
func isIBAN(text string) bool {
	const letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	return len(text) >= 15 && len(text) <= 34 && strings.Trim(text[:2], letters) == "" &&
		strings.Trim(text[2:4], digits) == "" && strings.Trim(text[4:], letters+digits) == ""
}
