package matching

import (
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Evidence is what a row says about its movement. A member that the row does not state is empty.
type Evidence struct {
	Operation Operation
	Refund    bool // the text says that money is given back
	Scheduled bool // the text says that the movement is not executed or booked yet
	ids       identifiers
	documents []string // tax numbers of the counterparty
	accounts  []string // account numbers of the counterparty
	keys      []string // Pix keys: e-mail, telephone, random key
	party     []string // words of the counterparty's name, as the vendor states it
	initials  []string // the single letters of the counterparty's name, as the vendor states it
	words     []string // the words of the text that name something
	all       []string // all words of the text but stages and numbers, in their order
	channel   []string // the words of the text that name only an operation or a channel
	banks     []string // banks that the text of a wire names
	// facilitators are the payment facilitators whose prefix the text prints before the merchant.
	facilitators []string
	schemes      []string // the card schemes that the text names
	products     []string // debit or credit, if the row is a payout, or a fee or tax of one
	paid         []string // what a payroll or a payout pays, if it is not the usual
	numbers      []string // unlabelled numbers of the text
	volatile     map[string]string
	references   []string // labelled payment references of the text
	unread       Unread   // the parts of the row that are not read
	card         string
	instalment   instalment
	calendar     calendar
}

// Parse reads the evidence of a row. It reads at most maxTextLength characters and maxWords words of each text. Its
// running time is linear in the length of what it reads.
func Parse(row *Row) Evidence {
	e, _ := read(row)
	return e
}

// read returns the evidence of a row and its folded text.
func read(row *Row) (e Evidence, folded string) {
	bounded := row.Bounded()
	row, e.unread = &bounded, bounded.Unread
	folded = foldBounded(row.text(), &e.unread)
	e.readText(folded, row)
	e.ids.addKeys(row)
	e.readInstalment(row)
	e.readParty(row)
	if operation, ok := vendorOperations[strings.ReplaceAll(fold(row.VendorOperation), "_", " ")]; ok &&
		e.Operation == NoOperation {
		e.Operation = operation
	}
	return e, folded
}

// readText reads all kinds of evidence from the text, beginning with the most specific forms.
func (e *Evidence) readText(folded string, row *Row) {
	s := newScan(folded)
	removeBank(s)
	splitGluedBank(s)
	s.takeWords(withoutInterest, func([]string) bool { return true })
	s.takeWords(breB, func([]string) bool { return true })
	e.Operation, e.Refund = operationOf(split(s.text))
	e.calendar.takeLabelledPeriods(s)
	e.ids.take(s)
	e.keys = takePixKeys(s)
	e.documents = takeDocuments(s)
	e.accounts = takeAccounts(s)
	e.calendar.takeClocks(s)
	takeAmounts(s)
	e.card = takeCard(s)
	e.calendar.takeDates(s)
	e.instalment.number, e.instalment.count = takeInstalment(s)
	if e.instalment.number == 0 {
		e.instalment.number = takeLonelyInstalment(s)
	}
	e.volatile = takeVolatile(s)
	e.calendar.takeCompactDates(s)
	for _, label := range []*pattern{referenceLabel, shortTerminal} {
		s.take(label, func(g []string) bool {
			e.references = add(e.references, trimZeros(g[1]))
			return true
		})
	}
	e.calendar.takeFractions(s)
	e.numbers = takeDottedNumbers(s)
	s.takeWords(letterPair, func([]string) bool { return true })
	e.facilitators = facilitatorsOf(s.text)
	e.readWords(split(s.text), row)
}

// readWords divides the remaining words into names, channel words and numbers.
func (e *Evidence) readWords(words []string, row *Row) {
	for _, word := range words {
		e.schemes = add(e.schemes, schemeWords[word])
		if hasProduct(e.Operation) {
			e.products = add(e.products, productWords[word])
		}
		e.paid = add(e.paid, kindWords[e.Operation][word])
		if !stageWords[word] && !isNumberWord(word) {
			e.all = append(e.all, word)
		}
		switch {
		case stageWords[word]:
			e.Scheduled = true
		case isMobile(word) && (e.Operation == TopUp || !domain.IsCPF(word)):
			e.keys = add(e.keys, word[len(word)-mobileDigits:])
		case isNumberWord(word):
			if !isDateReference(word, row.Date) && trimZeros(word) != "0" {
				e.numbers = append(e.numbers, trimZeros(word))
			}
		case e.Operation == Wire && bankWords[word]:
			e.banks = add(e.banks, word)
		case channelWord(word, e.Operation), quotaWords[word] && slices.Contains(e.words, "consorcio"):
			e.channel = append(e.channel, word)
		default:
			e.words = append(e.words, word)
		}
	}
	e.references = slices.DeleteFunc(e.references, func(value string) bool { return isDateReference(value, row.Date) })
	unnamed := func(word string) bool {
		return e.Operation == Pix && (len(word) == 1 || acquirers[word]) || e.Operation == TopUp && telephones[word]
	}
	if !slices.ContainsFunc(e.words, func(word string) bool { return !unnamed(word) }) {
		// PIX QRS PAGSEGURO I: the shop is not named; RECARGA DE CELULAR: neither is the telephone.
		e.channel, e.words = append(e.channel, e.words...), nil
	}
}

// isDateReference reports whether a number is the date of the row in the form in which banks of México print it:
// 0191126 is 19 November 2026 (key-trap, spei-09).
func isDateReference(number string, date domain.Date) bool {
	if len(date) != len("2006-01-02") {
		return false
	}
	day, month, year := string(date[8:]), string(date[5:7]), string(date[2:4])
	number = trimZeros(number)
	return number == trimZeros(day+month+year) || number == trimZeros(year+month+day) ||
		number == trimZeros(day+month+"20"+year) || number == "20"+year+month+day
}

// readInstalment adds the values of the instalment that the vendor states. A fraction in the text that equals the
// instalment is then not read as a date.
func (e *Evidence) readInstalment(row *Row) {
	stated := row.Keys.Instalment
	if stated.Number > 0 {
		e.instalment.number = stated.Number
	}
	if stated.Count > 0 {
		e.instalment.count = stated.Count
	}
	e.instalment.purchased, e.instalment.total = stated.PurchaseDate, stated.Total
	if stated.Card != "" {
		e.card = digitsOf(stated.Card)
	}
	e.card = e.card[max(0, len(e.card)-4):]
	own := fractionOf(e.instalment)
	e.calendar.fractions = slices.DeleteFunc(e.calendar.fractions, func(f string) bool { return f == own })
}

// readParty adds what the vendor states about the counterparty.
func (e *Evidence) readParty(row *Row) {
	words := split(foldBounded(row.Counterparty.Name, &e.unread))
	for _, word := range words {
		if (!noiseWords[word] || firmWords[word]) && !isNumberWord(word) {
			e.party = append(e.party, word)
		}
	}
	e.initials = lettersOf(words)
	e.documents = add(e.documents, normalizeDocument(row.Counterparty.Document))
	e.accounts = add(e.accounts, accountNumber(row.Counterparty.Account))
}

// names reports whether the row names more than an operation or a channel, for example a merchant or a number.
func (e *Evidence) names() bool {
	return len(slices.Concat(e.words, e.party, e.documents, e.accounts, e.keys, e.numbers, e.references)) > 0
}

// isTransfer reports whether the row may be a transfer to or from a person or a firm. If the names of two transfers
// have only one word in common, this is no evidence.
func (e *Evidence) isTransfer() bool {
	switch e.Operation {
	case Pix, Wire, Payroll, Boleto, Tax:
		return true
	case NoOperation:
		return e.instalment.purchased == "" && e.card == "" && !holds(e.words, fares)
	default:
		return false
	}
}

// isPayment reports whether the text names a transfer between two people or firms.
func (e *Evidence) isPayment() bool { return e.Operation == Pix || e.Operation == Wire }
