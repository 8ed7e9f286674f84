package domain

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// TypedTerm is one meaning of a text that a person has typed to find transactions. It selects the transactions that
// have all of its members that are set.
type TypedTerm struct {
	Amount      *decimal.Decimal
	Currency    string // of Amount, ISO 4217; "" if none was typed, or a sign of several currencies
	Signed      bool   // the sign of Amount was typed; without it, both directions are meant
	Document    PartyDocument
	Transaction TransactionID
	Reference   string
	Text        string
	Bank        string // part of the name of the bank; see HasBankName
}

const (
	// minTypedText is the minimum length of a text that is searched in descriptions and counterparties, in characters.
	minTypedText = 3
	// maxTypedText is the maximum length of such a text, in characters.
	maxTypedText = 200
)

// ParseTyped returns the meanings of a text that a person has typed to find transactions. A transaction is meant if one
// of them selects it. It returns nil if the text has no meaning. The rules:
//
//   - A digitable line or a barcode of a boleto, and an end-to-end id, in any grouping, mean a reference only.
//   - A CPF, CNPJ or RFC, in any form, means the tax number of the counterparty. As it may also stand in a
//     description, both its plain and its printed form are searched as a text, and what was typed as a reference.
//   - An amount with a sign, a currency, or two digits after the last mark means this amount only. Of two kinds of
//     marks, the last one separates the decimals; a mark that is repeated separates thousands. A single mark before
//     exactly three digits can be either, so both amounts are meant. A dollar sign alone names no currency.
//   - Other numbers mean an amount, a reference and a text.
//   - An amount with two decimals or a currency that stands before or after other words narrows what they mean.
//   - Everything else means a reference if it has a digit or is one word, a text of at least three characters, and the
//     name of a bank.
func ParseTyped(text string) []TypedTerm {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\u2212", "-")), " ")
	if _, err := ParseBoleto(text); err == nil || ungroupedEndToEndID(text) != "" {
		return []TypedTerm{{Reference: text}}
	}
	typed := typedAmounts(text)
	if len(typed.amounts) > 0 && documentOf(text).IsZero() {
		var terms []TypedTerm
		for _, amount := range typed.amounts {
			terms = append(terms, TypedTerm{Amount: &amount, Currency: typed.currency, Signed: typed.signed})
		}
		if !typed.certain {
			terms = append(terms, typedWords(text)...)
		}
		return terms
	}
	if terms := wordsWithAmount(text); terms != nil {
		return terms
	}
	return typedWords(text)
}

// wordsWithAmount returns the meanings of a text of words and one amount; nil if it is no such text.
func wordsWithAmount(text string) []TypedTerm {
	found := amountAmongWords.FindAllStringSubmatchIndex(text, 2)
	if len(found) != 1 {
		return nil
	}
	begin, end := found[0][2], found[0][3]
	words := strings.Join(strings.Fields(text[:begin]+" "+text[end:]), " ")
	typed := typedAmounts(text[begin:end])
	if !typed.certain || !strings.ContainsFunc(words, unicode.IsLetter) {
		return nil
	}
	var terms []TypedTerm
	for _, amount := range typed.amounts {
		for _, term := range typedWords(words) {
			term.Amount, term.Currency, term.Signed = &amount, typed.currency, typed.signed
			terms = append(terms, term)
		}
	}
	return terms
}

// typedWords returns the meanings of a text that is no amount, or not only an amount.
func typedWords(text string) (terms []TypedTerm) {
	document := documentOf(text)
	if !document.IsZero() {
		terms = append(terms, TypedTerm{Document: document})
	}
	id, err := ParseID[Transaction](text)
	if err == nil {
		terms = append(terms, TypedTerm{Transaction: id})
	}
	isReference := !strings.Contains(text, " ") || strings.ContainsFunc(text, isDigit)
	if isReference && text != "" && len(text) <= maxReference {
		terms = append(terms, TypedTerm{Reference: text})
	}
	texts := []string{text}
	if !document.IsZero() {
		texts = slices.Compact([]string{document.Value, document.Printed()})
	}
	for _, t := range texts {
		if n := utf8.RuneCountInString(t); n >= minTypedText && n <= maxTypedText && err != nil {
			terms = append(terms, TypedTerm{Text: t})
		}
	}
	if document.IsZero() && strings.ContainsFunc(text, unicode.IsLetter) {
		terms = append(terms, TypedTerm{Bank: text})
	}
	return terms
}

// documentOf returns the CPF, CNPJ or RFC that the text is, and otherwise the zero PartyDocument.
func documentOf(text string) PartyDocument {
	if d := NewPartyDocument(text); d.Type != OtherDocument {
		return d
	}
	return PartyDocument{}
}

// Printed returns the number as it is printed: a CPF or CNPJ with its punctuation.
func (d PartyDocument) Printed() string {
	switch v := d.Value; d.Type {
	case CPF:
		return v[:3] + "." + v[3:6] + "." + v[6:9] + "-" + v[9:]
	case CNPJ:
		return v[:2] + "." + v[2:5] + "." + v[5:8] + "/" + v[8:12] + "-" + v[12:]
	case RFC, OtherDocument:
	}
	return d.Value
}

// The parts of an amount as people type it.
const (
	typedCurrency = `(?:R\$|US\$|MX\$|\$|BRL|USD|MXN)`
	typedDigits   = `\d[\d.,]*`
)

var (
	// amountAlone is an amount: a sign and a currency in any order, the digits, and a currency or a sign. Statements of
	// banks print D (debit) and C (credit) after an amount.
	amountAlone = regexp.MustCompile(
		`(?i)^([+-]?) ?(` + typedCurrency + `?) ?([+-]?) ?(\d[\d., ]*?) ?(` + typedCurrency + `?) ?([-+CD]?)$`)
	// amountAmongWords is an amount in a text with other words: one with a currency, or with two decimals.
	amountAmongWords = regexp.MustCompile(`(?i)(?:^| )([+-]?(?:` + typedCurrency + ` ?[+-]?` + typedDigits +
		`|` + typedDigits + `[.,]\d{2}))(?: |$)`)
	// The forms of the digits with marks: thousands, thousands or decimals, and decimals after one mark.
	onlyThousands = regexp.MustCompile(`^\d{1,3}(?:(?:\.\d{3}){2,}|(?:,\d{3}){2,})$`)
	eitherMark    = regexp.MustCompile(`^[1-9]\d{0,2}[.,]\d{3}$`)
	withDecimals  = regexp.MustCompile(
		`^(?:(?:\d+|\d{1,3}(?:\.\d{3})+),\d+|(?:\d+|\d{1,3}(?:,\d{3})+)\.\d+)$`)
	withoutMarks    = strings.NewReplacer(".", "", ",", "")
	spacedThousands = regexp.MustCompile(`^\d{1,3}(?: \d{3})+(?:[.,]\d+)?$`)
)

// typedCurrencies are the currencies of typedCurrency, in upper case. A dollar sign is that of several.
var typedCurrencies = map[string]string{
	"R$": "BRL", "US$": "USD", "MX$": "MXN", "BRL": "BRL", "USD": "USD", "MXN": "MXN",
}

// typedAmount is what a text can mean as an amount.
type typedAmount struct {
	amounts  []decimal.Decimal // none, one, or two if a mark can separate thousands or decimals
	currency string            // see TypedTerm.Currency
	signed   bool              // the text has a sign
	certain  bool              // the text can mean nothing else
}

func typedAmounts(text string) (typed typedAmount) {
	parts := amountAlone.FindStringSubmatch(text)
	if parts == nil {
		return typedAmount{}
	}
	digits, sign := parts[4], strings.ToUpper(parts[1]+parts[3]+parts[6])
	if strings.Contains(digits, " ") {
		if !spacedThousands.MatchString(digits) {
			return typedAmount{}
		}
		digits = strings.ReplaceAll(digits, " ", "")
	}
	numbers, certain := readMarks(digits)
	if len(sign) > 1 || len(numbers) == 0 {
		return typedAmount{}
	}
	for _, number := range numbers {
		amount, err := ParseAmount(number)
		if err != nil {
			return typedAmount{}
		}
		if sign == "-" || sign == "D" {
			amount = amount.Neg()
		}
		typed.amounts = append(typed.amounts, amount)
	}
	currency := strings.ToUpper(parts[2] + parts[5])
	typed.currency, typed.signed = typedCurrencies[currency], sign != ""
	typed.certain = certain || typed.signed || currency != ""
	return typed
}

// readMarks returns the numbers, in the form of ParseAmount, that digits with dots and commas can mean. certain reports
// whether exactly two digits follow the mark of the decimals, or whether there are both kinds of marks.
func readMarks(digits string) (numbers []string, certain bool) {
	plain := withoutMarks.Replace(digits)
	last := strings.LastIndexAny(digits, ".,")
	part := digits[last+1:]
	whole := plain[:len(plain)-len(part)]
	switch {
	case last < 0, onlyThousands.MatchString(digits):
		return []string{plain}, false
	case eitherMark.MatchString(digits):
		return []string{plain, whole + "." + part}, false
	case withDecimals.MatchString(digits):
		return []string{whole + "." + part}, len(part) == 2 || len(whole) < last
	}
	return nil, false
}

// HasBankName reports whether a bank with this name is meant by the typed text: the words of the text stand together in
// the name. Case and accents are ignored.
func HasBankName(name, typed string) bool {
	words := func(text string) string { return " " + strings.Join(strings.Fields(FoldText(text)), " ") + " " }
	return strings.TrimSpace(typed) != "" && strings.Contains(words(name), words(typed))
}
