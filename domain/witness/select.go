package witness

import (
	"cmp"
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
	Subtype  string // the vendor's own term; "" when unknown
}

// description names the account in a message.
func (o OurAccount) description() string {
	number := cmp.Or(o.Number, o.Identity.Number, o.Identity.CLABE, o.Identity.IBAN)
	return Account{Bank: o.Identity.BankCode(), Number: number}.description()
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
//   - OtherCurrency if its currency is another one, also if the caller has chosen it.
func Select(file File, ours OurAccount, chosen string) (Selected, *Refusal) {
	if file.Refusal != nil {
		return Selected{}, file.Refusal
	}
	unclassified := takeUnclassified(&file)
	selected, refusal := selectStatement(file, ours, chosen)
	if file.wantsInvestment(selected, refusal, ours, chosen) {
		return Selected{}, &Refusal{Code: NotAStatement, Message: "statements of investments are not read"}
	}
	if refusal == nil && len(unclassified) > 0 {
		selected.Statement.Sections = slices.Concat(selected.Statement.Sections, unclassified)
	}
	return selected, refusal
}

// wantsInvestment reports whether the wanted account is one of investments: no statement has its number.
func (f File) wantsInvestment(selected Selected, refusal *Refusal, ours OurAccount, chosen string) bool {
	if refusal == nil && selected.Match != MatchAbsent {
		return false
	}
	return slices.ContainsFunc(f.Investments, func(a Account) bool {
		match, fits := matchAccount(a, ours)
		if chosen != "" {
			return a.Number == chosen || a.Label() == chosen
		}
		return fits && match != MatchAbsent
	})
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
		switch found := inOurCurrency(ofOurType(withoutProducts(byMatch[match]), ours), ours); {
		case len(found) == 1 && (match != MatchAbsent || len(file.Statements) == 1):
			return checkCurrency(Selected{found[0], match}, ours)
		case len(found) > 0:
			return Selected{}, needsAccount(file)
		}
	}
	if len(file.Statements) == 1 {
		return Selected{}, &Refusal{
			Code: OtherAccount, Message: fmt.Sprintf("the statement is that of %s, and not of %s",
				file.Statements[0].Account.description(), ours.description()),
		}
	}
	return Selected{}, needsAccount(file)
}

func selectChosen(file File, ours OurAccount, chosen string) (Selected, *Refusal) {
	var found []Statement
	for i, label := range labelsOf(file.Statements) {
		s := file.Statements[i]
		if label == chosen {
			found = []Statement{s}
			break
		}
		if s.Account.Label() == chosen || s.Account.Number == chosen {
			found = append(found, s)
		}
	}
	found = inOurCurrency(ofOurType(withoutProducts(found), ours), ours)
	if len(found) != 1 {
		return Selected{}, needsAccount(file)
	}
	match, fits := matchAccount(found[0].Account, ours)
	if !fits || match == MatchAbsent {
		match = MatchChosen
	}
	return checkCurrency(Selected{found[0], match}, ours)
}

// withoutProducts returns the statements without those of products that belong to the same numbered account, such as
// the automatic investment of Itaú, if it has a statement of its own.
func withoutProducts(found []Statement) []Statement {
	var own []Statement
	for _, s := range found {
		main := s.Account
		main.Sub = ""
		if s.Account.Number == "" || s.Account.Sub == "" || !slices.ContainsFunc(found, func(other Statement) bool {
			return other.Account == main
		}) {
			own = append(own, s)
		}
	}
	return own
}

// ofOurType returns the statements of our type of account if the statements are those of one number with several types.
// Otherwise it returns all of them.
func ofOurType(found []Statement, ours OurAccount) []Statement {
	var fits []Statement
	for _, s := range found {
		if s.Account.Number == "" || s.Account.Number != found[0].Account.Number {
			return found
		}
		if s.Account.Sub != "" && strings.Contains(strings.ToUpper(ours.Subtype), strings.ToUpper(s.Account.Sub)) {
			fits = append(fits, s)
		}
	}
	if len(fits) == 0 {
		return found
	}
	return fits
}

// inOurCurrency returns the statement in the currency of our account if the statements are those of one numbered
// account in several currencies. Otherwise it returns all of them.
func inOurCurrency(found []Statement, ours OurAccount) []Statement {
	var fits []Statement
	for _, s := range found {
		if s.Account != found[0].Account || s.Account.Number == "" {
			return found
		}
		if s.Currency == ours.Currency && s.Currency != "" {
			fits = append(fits, s)
		}
	}
	if len(fits) != 1 {
		return found
	}
	return fits
}

// CheckCurrency returns OtherCurrency if both currencies are known and differ, and nil otherwise.
func CheckCurrency(theirs, ours string) *Refusal {
	if theirs == "" || ours == "" || theirs == ours {
		return nil
	}
	return &Refusal{
		Code: OtherCurrency, Message: fmt.Sprintf("the statement is in %s, and the account in %s", theirs, ours),
	}
}

func checkCurrency(s Selected, ours OurAccount) (Selected, *Refusal) {
	if refusal := CheckCurrency(s.Statement.Currency, ours.Currency); refusal != nil {
		return Selected{}, refusal
	}
	return s, nil
}

func needsAccount(file File) *Refusal {
	return &Refusal{
		Code:    NeedsAccount,
		Message: "the file has the accounts " + strings.Join(labelsOf(file.Statements), ", ") + "; name one of them",
	}
}

// noNumber is the label of an account without a number.
const noNumber = "(no number)"

// labelsOf returns the labels of the statements. If several have the same one, the currency follows it.
func labelsOf(statements []Statement) []string {
	count := map[string]int{}
	for _, s := range statements {
		count[s.Account.Label()]++
	}
	labels := make([]string, len(statements))
	for i, s := range statements {
		label := s.Account.Label()
		if count[label] > 1 && s.Currency != "" {
			label = strings.TrimPrefix(label+"/"+s.Currency, "/")
		}
		labels[i] = cmp.Or(label, noNumber)
	}
	return labels
}
