package matching_test

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// stated says how a fact of two accounts relates.
type stated int

const (
	equal stated = iota
	different
	oneSide // only the former account states it
	absent
	// The following states exist for some of the facts only.
	maskedAgrees      // document: masked in the present account, with equal visible characters
	maskedContradicts // document: masked in the present account, with other visible characters
	behindItsAgency   // number: in the present account behind the agency of the former one, without a separator
	contradictory     // number: equal, beside another number in the present account, whose agency is left out therefore
	equalButShort     // id: equal, but so short that other accounts may have it, too
)

// The states of the facts.
var (
	usual          = []stated{equal, different, oneSide, absent}
	numberStates   = append([]stated{behindItsAgency, contradictory}, usual...)
	documentStates = append([]stated{maskedAgrees, maskedContradicts}, usual...)
	idStates       = append([]stated{equalButShort}, usual...)
)

// accountFacts contains the relation of each fact of two accounts. The check digit is a part of the number.
type accountFacts struct{ number, bank, agency, digit, document, institution, id, subtype stated }

// hasUsualStates reports whether each fact has a state that exists for all facts.
func (f accountFacts) hasUsualStates() bool { return max(f.number, f.document, f.id) <= absent }

// accountCase is a case of the matrix: the facts of the only account of each side, and the number of rows, all of which
// both accounts have.
type accountCase struct {
	accountFacts
	occasion matching.Occasion
	rows     int
}

func (c accountCase) fullNumber() bool {
	return c.bank == equal && c.agency == equal && c.number == equal && c.digit == equal
}

func (c accountCase) sameType() bool { return c.subtype == equal || c.subtype == absent }

func (c accountCase) bothBanks() bool { return c.bank == equal || c.bank == different }

func (c accountCase) otherHolder() bool {
	return c.document == different || c.document == maskedContradicts
}

// equalDigits reports whether the digits of the numbers agree. A number behind its agency is recognised only if the
// agency is known.
func (c accountCase) equalDigits() bool {
	return c.number == equal || c.number == contradictory || c.number == behindItsAgency && c.agency != absent
}

// accountSentences are the sentences of the documentation (docs/reconcile.md, "Linked again"), in the order in
// which they apply. They are written without regard to the code that decides.
var accountSentences = []struct {
	text    string
	applies func(accountCase) bool
	ground  matching.Ground
}{
	{"a part of the number that both state differs", func(c accountCase) bool {
		return c.number == different || c.agency == different && c.number != contradictory ||
			c.equalDigits() && c.digit == different
	}, matching.NewAccount},
	{"a number behind an agency that no account states is another number", func(c accountCase) bool {
		return c.number == behindItsAgency && c.agency == absent
	}, matching.NewAccount},
	{"another bank by its code", func(c accountCase) bool { return c.bank == different }, matching.NewAccount},
	{"another institution, and the codes are not known", func(c accountCase) bool {
		return !c.bothBanks() && c.institution == different
	}, matching.NewAccount},
	{"another holder (masked: visible digits), without a full number", func(c accountCase) bool {
		return c.otherHolder() && !(c.fullNumber() && c.sameType())
	}, matching.NewAccount},
	{"another holder of a full number, in one connection", func(c accountCase) bool {
		return c.otherHolder() && c.occasion == matching.SameConnection
	}, matching.Undecided},
	{"another holder of a full number, in a new connection", func(c accountCase) bool {
		return c.otherHolder()
	}, matching.MaybeContinues},
	{
		"the id of the institution",
		func(c accountCase) bool { return c.id == equal && c.sameType() },
		matching.ByIdentity,
	},
	{"a short id of the institution identifies an account in one connection", func(c accountCase) bool {
		return c.id == equalButShort && c.sameType() && c.occasion == matching.SameConnection
	}, matching.ByIdentity},
	{"the full number", func(c accountCase) bool { return c.fullNumber() && c.sameType() }, matching.ByIdentity},
	{"a new connection: the same bank and equal digits", func(c accountCase) bool {
		sameBank := c.bank == equal || !c.bothBanks() && c.institution == equal
		return c.occasion == matching.NewConnection && sameBank && c.equalDigits() && c.subtype != different
	}, matching.MaybeContinues},
	{"a new connection otherwise", func(c accountCase) bool {
		return c.occasion == matching.NewConnection
	}, matching.NewAccount},
	{"ten common rows", func(c accountCase) bool { return c.rows >= 10 }, matching.ByRows},
	{"another type", func(c accountCase) bool { return c.subtype == different }, matching.NewAccount},
	{"equal digits", accountCase.equalDigits, matching.Undecided},
	{"a few common rows", func(c accountCase) bool { return c.rows > 0 }, matching.Undecided},
	{"nothing", func(accountCase) bool { return true }, matching.NewAccount},
}

// sides returns the values of both accounts for a fact.
func (s stated) sides(value, other string) (before, after string) {
	switch s {
	case equal, contradictory:
		return value, value
	case different, maskedAgrees, maskedContradicts, behindItsAgency:
		return value, other
	case oneSide:
		return value, ""
	default:
		return "", ""
	}
}

// The values of the present account that the states of single facts have, instead of another one.
var otherValues = map[stated]string{
	maskedAgrees: "***.444.777-**", maskedContradicts: "***.982.247-**", behindItsAgency: "000112345",
}

// accounts returns the accounts of a case.
func (c accountCase) accounts(rows []banktext.Row) (before, after matching.LinkedAccount) {
	bank, bank2 := c.bank.sides("341", "237")
	agency, agency2 := c.agency.sides("0001", "0002")
	number, number2 := c.number.sides("12345", cmp.Or(otherValues[c.number], "54321"))
	digit, digit2 := c.digit.sides("-6", "-7")
	document, document2 := c.document.sides("111.444.777-35", cmp.Or(otherValues[c.document], "529.982.247-25"))
	institution, institution2 := c.institution.sides("201", "202")
	id, id2 := c.id.sides("c7e9-41d0-55ab", "0A1B2C3D4E")
	if c.id == equalButShort {
		id, id2 = "0001", "0001"
	}
	if c.number == contradictory {
		agency2 = ""
	}
	subtype, subtype2 := c.subtype.sides("CHECKING_ACCOUNT", "SAVINGS_ACCOUNT")
	account := func(externalID, subtype, bank, agency, number, digit, id string) matching.LinkedAccount {
		if number == "" {
			digit = ""
		}
		return matching.LinkedAccount{
			ExternalID: externalID, Type: domain.BankAccount, Subtype: subtype, Currency: "BRL", Rows: rows,
			Identity: domain.NewAccountIdentity(bank, agency, number+digit, "", id),
		}
	}
	before = account("o", subtype, bank, agency, number, digit, id)
	after = account("n", subtype2, bank2, agency2, number2, digit2, id2)
	before.Identity, after.Identity = before.Identity.WithDocument(document), after.Identity.WithDocument(document2)
	before.Identity.Institution.ID, after.Identity.Institution.ID = institution, institution2
	return before, after
}

func (c accountCase) want() (ground matching.Ground, sentence string) {
	for _, s := range accountSentences {
		if s.applies(c) {
			return s.ground, s.text
		}
	}
	panic("no sentence applies")
}

// eachCombination calls do for the combinations of the states of all facts: for each combination of the usual states,
// and for every 31st with another state.
func eachCombination(do func(accountFacts)) {
	radices := [][]stated{
		numberStates, usual, usual, usual, documentStates, usual, idStates, usual,
	}
	all := 1
	for _, states := range radices {
		all *= len(states)
	}
	for n := range all {
		var drawn [8]stated
		rest := n
		for i, states := range radices {
			drawn[i] = states[rest%len(states)]
			rest /= len(states)
		}
		facts := accountFacts{
			drawn[0], drawn[1], drawn[2], drawn[3], drawn[4], drawn[5], drawn[6], drawn[7],
		}
		if facts.hasUsualStates() || n%31 == 0 {
			do(facts)
		}
	}
}

// Each combination of facts is compared with the sentences of the documentation, on each occasion and with several
// numbers of common rows. The tests in short mode take every eleventh combination.
func TestEachCombinationOfFactsAboutTwoAccounts(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 7
	}
	all, failed, combination := linked(t, "x", "", 1, 60, "A").Rows, 0, 0
	used := map[string]bool{}
	eachCombination(func(facts accountFacts) {
		if combination++; combination%step != 0 {
			return
		}
		for _, rows := range []int{0, 3, 12, 60} {
			for _, occasion := range []matching.Occasion{matching.SameConnection, matching.NewConnection} {
				c := accountCase{facts, occasion, rows}
				before, after := c.accounts(all[:rows])
				want, sentence := c.want()
				used[sentence] = true
				got := matching.Recognize(occasion, []matching.LinkedAccount{before}, []matching.LinkedAccount{after})
				wantBefore := []string{"o"}
				if want == matching.NewAccount {
					wantBefore = nil
				}
				if len(got) != 1 || got[0].Ground != want || fmt.Sprint(got[0].Before) != fmt.Sprint(wantBefore) {
					if failed++; failed < 10 {
						t.Errorf("%+v: %v, want %s: %s", c, got, want, sentence)
					}
				}
			}
		}
	})
	if failed > 0 {
		t.Errorf("%d cases failed", failed)
	}
	for _, s := range accountSentences {
		if !used[s.text] {
			t.Errorf("no case for: %s", s.text)
		}
	}
}

// A card has only its last digits, and Plaid shows a mask.
func TestPartsOfANumberIdentifyNoAccount(t *testing.T) {
	card := func(digits string) domain.AccountIdentity { return domain.AccountIdentity{}.OfCard(digits) }
	masked := func(mask string) domain.AccountIdentity { return domain.AccountIdentity{Mask: mask} }
	full := func(number string) domain.AccountIdentity { return domain.NewAccountIdentity("1", "2", number, "", "") }
	iban := func(text string) domain.AccountIdentity { return domain.AccountIdentity{}.WithIBAN(text) }
	for name, c := range map[string]struct {
		before, after domain.AccountIdentity
		rows          int
		want          matching.Ground
	}{
		"equal digits of a card":            {card("8671"), card("8671"), 0, matching.Undecided},
		"more digits of a card":             {card("8671"), card("5502098671"), 0, matching.Undecided},
		"other digits of a card":            {card("8671"), card("8672"), 60, matching.NewAccount},
		"digits of a card and equal rows":   {card("8671"), card("8671"), 12, matching.ByRows},
		"digits of only one card":           {card("8671"), domain.AccountIdentity{}, 0, matching.NewAccount},
		"digits of a number":                {full("12345-6"), card("3456"), 0, matching.Undecided},
		"digits without the check digit":    {full("12345-6"), card("2345"), 0, matching.Undecided},
		"other digits of a number":          {full("12345-6"), card("9999"), 60, matching.NewAccount},
		"an equal mask":                     {masked("0000"), masked("0000"), 0, matching.Undecided},
		"another mask":                      {masked("0000"), masked("1111"), 0, matching.NewAccount},
		"another mask and equal rows":       {masked("0000"), masked("1111"), 12, matching.ByRows},
		"a number formatted in another way": {full("0012345-6"), full("123456"), 0, matching.ByIdentity},
		"a short number":                    {full("123-4"), full("123-4"), 0, matching.Undecided},
		"an IBAN":                           {iban("GB82 WEST 1234"), iban("gb82west1234"), 0, matching.ByIdentity},
		"another IBAN":                      {iban("GB82 WEST 1234"), iban("GB82 WEST 9999"), 60, matching.NewAccount},
	} {
		before := linked(t, "o", "", 1, c.rows, "A")
		after := linked(t, "n", "", 1, c.rows, "A")
		before.Identity, after.Identity = c.before, c.after
		got := matching.Recognize(matching.SameConnection,
			[]matching.LinkedAccount{before}, []matching.LinkedAccount{after})
		if got[0].Ground != c.want {
			t.Errorf("%s: %s, want %s", name, got[0].Ground, c.want)
		}
	}
}

// An equal CLABE or IBAN identifies no account if only one side states the subtype, but its digits speak for it.
func TestAnEqualNumberWithoutASubtypeIsUndecided(t *testing.T) {
	for name, identity := range map[string]domain.AccountIdentity{
		"a CLABE": {CLABE: "012320015577031469"}, "an IBAN": domain.AccountIdentity{}.WithIBAN("GB82 WEST 1234"),
	} {
		before, after := linked(t, "o", "", 1, 0, "A"), linked(t, "n", "", 1, 0, "A")
		before.Identity, after.Identity, after.Subtype = identity, identity, ""
		got := matching.Recognize(matching.SameConnection,
			[]matching.LinkedAccount{before}, []matching.LinkedAccount{after})
		if got[0].Ground != matching.Undecided {
			t.Errorf("%s: %s, want %s", name, got[0].Ground, matching.Undecided)
		}
	}
}

// A masked document identifies no holder. Its visible characters contradict a document of the same length if that one
// has other characters at their positions.
func TestVisibleCharactersOfAMaskedDocumentContradictAnother(t *testing.T) {
	const number, card = "12345-6", ""
	const same, fresh = matching.SameConnection, matching.NewConnection
	for name, c := range map[string]struct {
		before, after, number string
		occasion              matching.Occasion
		want                  matching.Ground
	}{
		"equal digits":               {"***.444.777-**", "111.444.777-35", number, fresh, matching.ByIdentity},
		"other digits":               {"***.444.777-**", "529.982.247-25", number, fresh, matching.MaybeContinues},
		"other digits, in place":     {"111.444.777-35", "***.982.247-**", number, same, matching.Undecided},
		"masks with no common place": {"111.***.***-**", "***.982.247-25", number, same, matching.ByIdentity},
		"masks with equal digits":    {"1**.444.***-**", "***.444.777-**", number, same, matching.ByIdentity},
		"masks with other digits":    {"1**.444.***-**", "***.445.777-**", number, same, matching.Undecided},
		"a person and a company":     {"***.444.777-**", "11.444.777/0001-61", number, same, matching.ByIdentity},
		"too few characters":         {"***.44-**", "529.982.247-25", number, same, matching.ByIdentity},
		"a letter of a CNPJ":         {"12.A**.***/0001-**", "12.ABC.345/01DE-35", number, same, matching.Undecided},
		"an X that may be hidden":    {"XX.XBC.345/01DE-XX", "12.ABC.345/01DE-35", number, same, matching.ByIdentity},
		"a card, equal digits":       {"***.444.777-**", "111.444.777-35", card, same, matching.Undecided},
		"a card, other digits":       {"***.444.777-**", "529.982.247-25", card, same, matching.NewAccount},
	} {
		before, after := linked(t, "o", "", 1, 0, "A"), linked(t, "n", "", 1, 0, "A")
		identity := domain.NewAccountIdentity("341", "0001", c.number, "", "")
		if c.number == card {
			identity = identity.OfCard("8671")
		}
		before.Identity, after.Identity = identity.WithDocument(c.before), identity.WithDocument(c.after)
		got := matching.Recognize(c.occasion, []matching.LinkedAccount{before}, []matching.LinkedAccount{after})
		if got[0].Ground != c.want {
			t.Errorf("%s: %s, want %s", name, got[0].Ground, c.want)
		}
	}
}

// A direct connector and one of Open Finance are one bank: by the code that other accounts of the item state, or by the
// name.
func TestConnectorsOfOneBankAreOneBank(t *testing.T) {
	card := func(id, connector, name string) matching.LinkedAccount {
		a := linked(t, id, "", 1, 12, "A")
		a.Type, a.Subtype = domain.CreditAccount, "CREDIT_CARD"
		a.Identity = domain.AccountIdentity{}.OfCard("8671")
		a.Identity.Institution = domain.Institution{ID: connector, Name: name}
		return a
	}
	bank := func(id, code, connector string) matching.LinkedAccount {
		a := linked(t, id, "", 7, 0, "A")
		a.Identity = domain.NewAccountIdentity(code, "1", "55555-5", "", "")
		a.Identity.Institution = domain.Institution{ID: connector}
		return a
	}
	for name, c := range map[string]struct {
		before, after []matching.LinkedAccount
		want          matching.Ground
	}{
		"another connector": {
			[]matching.LinkedAccount{card("o", "201", "Itaú")}, []matching.LinkedAccount{card("n", "612", "Bradesco")},
			matching.NewAccount,
		},
		"a connector of the same name": {
			[]matching.LinkedAccount{card("o", "201", "Itaú")},
			[]matching.LinkedAccount{card("n", "612", "Itau (Open Finance)")}, matching.ByRows,
		},
		"connectors with one code": {
			[]matching.LinkedAccount{card("o", "201", "Itaú"), bank("o2", "341", "201")},
			[]matching.LinkedAccount{card("n", "612", "ITAU UNIBANCO"), bank("n2", "341", "612")}, matching.ByRows,
		},
		"connectors with codes of two kinds": {
			[]matching.LinkedAccount{card("o", "201", "Itaú"), bank("o2", "341", "201")},
			[]matching.LinkedAccount{card("n", "612", "Itaú"), bank("n2", "60701190", "612")}, matching.ByRows,
		},
		"connectors with a code of three digits and one of four": {
			[]matching.LinkedAccount{card("o", "201", "Itaú"), bank("o2", "341", "201")},
			[]matching.LinkedAccount{card("n", "612", "Itaú"), bank("n2", "1341", "612")}, matching.NewAccount,
		},
		"connectors with other codes": {
			[]matching.LinkedAccount{card("o", "201", "Itaú"), bank("o2", "341", "201")},
			[]matching.LinkedAccount{card("n", "612", "Itaú"), bank("n2", "237", "612")}, matching.NewAccount,
		},
	} {
		got := matching.Recognize(matching.SameConnection, c.before, c.after)
		if got[0].After != "n" || got[0].Ground != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}
