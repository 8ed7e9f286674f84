package banktext

import (
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Evidence is what a row says about its movement. A member that the row does not state is empty.
type Evidence struct {
	Operation Operation
	Refund    bool // the text says that money is given back
	Scheduled bool // the text says that the movement is not executed or booked yet
	IDs       Identifiers
	Documents []string // tax numbers of the counterparty
	Accounts  []string // account numbers of the counterparty
	PixKeys   []string // Pix keys: e-mail, telephone, random key
	Party     []string // words of the counterparty's name, as the vendor states it
	Initials  []string // the single letters of the counterparty's name, as the vendor states it
	Message   []string // the words and numbers of the payer's message; see readMessage
	Words     []string // the words of the text that name something
	AllWords  []string // all words of the text but stages and numbers, in their order
	channel   []string // the words of the text that name only an operation or a channel
	Banks     []string // banks that the text of a wire names
	// Facilitators are the payment facilitators whose prefix the text prints before the merchant.
	Facilitators []string
	Schemes      []string // the card schemes that the text names
	Products     []string // debit or credit, if the row is a payout, or a fee or tax of one
	Paid         []string // what a payroll or a payout pays, if it is not the usual
	Further      []string // words for a charge beside the usual one of the party: see furtherWords
	Shares       []string // the kinds of movements that share the number of a contract or an invoice: see sharingWords
	Numbers      []string // unlabelled numbers of the text
	Volatile     map[string]string
	References   []string // labelled payment references of the text
	Excess       Unread   // the parts of the row that are not read
	Card         string
	Instalment   Instalment
	Calendar     calendar
}

// Parse reads the evidence of a row. It reads at most MaxTextLength characters and MaxWords words of each text. Its
// running time is linear in the length of what it reads.
func Parse(row *Row) Evidence {
	e, _ := Read(row)
	return e
}

// Read returns the evidence of a row and its folded text.
func Read(row *Row) (e Evidence, folded string) {
	bounded := row.Bounded()
	row, e.Excess = &bounded, bounded.Unread
	folded = foldBounded(row.text(), &e.Excess)
	e.readText(folded, row)
	e.IDs.addKeys(row)
	if number := TrimZeros(row.Code); e.Operation == Cheque && IsNumber(number) && len(number) >= minChequeNumber &&
		len(e.IDs[ChequeNumber]) == 0 {
		e.IDs[ChequeNumber] = []string{number} // CHECK, with the number in a member
	}
	e.readInstalment(row)
	e.readParty(row)
	e.readMessage(row)
	if operation, ok := vendorOperations[strings.ReplaceAll(Fold(row.VendorOperation), "_", " ")]; ok &&
		e.Operation == NoOperation {
		e.Operation = operation
	}
	return e, folded
}

// minChequeNumber is the minimum number of digits of a cheque's number in a member.
const minChequeNumber = 3

// shortCheque matches a cheque with a short word: CH COMP. N. 413 (Santander). The word is too short for
// referenceWords, so it is no respelling.
var shortCheque = compile(`\bch\.? (?:comp(?:ensado)?|pago)\.?(?: n(?:r|o|um)?\.?)? *0*(\d{3,9})\b`)

// readText reads all kinds of evidence from the text, beginning with the most specific forms.
func (e *Evidence) readText(folded string, row *Row) {
	s := newScan(folded)
	s.monthFirst = isMonthFirst(row, folded)
	removeBank(s)
	splitGluedBank(s)
	if s.mayMatch(shortCheque) {
		s.text = shortCheque.ReplaceAllString(s.text, "cheque $1")
	}
	s.takeWords(withoutInterest, func([]string) bool { return true })
	s.takeWords(breB, func([]string) bool { return true })
	e.Operation, e.Refund = operationOf(Split(s.text))
	e.Calendar.takeLabelledPeriods(s)
	e.IDs.take(s)
	e.IDs.takeTransferCode(s)
	e.PixKeys = takePixKeys(s)
	e.Documents = takeDocuments(s)
	e.Accounts = takeAccounts(s)
	e.Calendar.takeClocks(s)
	takeAmounts(s)
	e.Card = takeCard(s)
	e.Calendar.takeDates(s)
	e.Instalment.Number, e.Instalment.Count = takeInstalment(s)
	if e.Instalment.Number == 0 {
		e.Instalment.Number = takeLonelyInstalment(s)
	}
	e.Volatile = takeVolatile(s)
	e.Calendar.takeCompactDates(s)
	for _, label := range []*pattern{referenceLabel, shortTerminal} {
		s.take(label, func(g []string) bool {
			e.References = Add(e.References, TrimZeros(g[1]))
			return true
		})
	}
	e.Calendar.takeFractions(s)
	e.Numbers = takeDottedNumbers(s)
	s.takeWords(letterPair, func([]string) bool { return true })
	e.Facilitators = facilitatorsOf(s.text)
	e.readWords(Split(s.text), row)
}

// readWords divides the remaining words into names, channel words and numbers.
func (e *Evidence) readWords(words []string, row *Row) {
	for _, word := range words {
		e.Schemes = Add(e.Schemes, schemeWords[word])
		if hasProduct(e.Operation) {
			e.Products = Add(e.Products, productWords[word])
		}
		e.Paid = Add(e.Paid, kindWords[e.Operation][word])
		e.Shares = Add(e.Shares, sharingWords[word])
		if furtherWords[word] {
			e.Further = append(e.Further, word)
		}
		if !stageWords[word] && !isNumberWord(word) {
			e.AllWords = append(e.AllWords, word)
		}
		switch {
		case stageWords[word]:
			e.Scheduled = true
		case isMobile(word) && (e.Operation == TopUp || !domain.IsCPF(word)):
			e.PixKeys = Add(e.PixKeys, word[len(word)-mobileDigits:])
		case isNumberWord(word):
			if !isDateReference(word, row.Date) && TrimZeros(word) != "0" {
				e.Numbers = append(e.Numbers, TrimZeros(word))
			}
		case e.Operation == Wire && bankWords[word]:
			e.Banks = Add(e.Banks, word)
		case channelWord(word, e.Operation), len(e.Words) == 0 && leadingNoise[word],
			quotaWords[word] && slices.Contains(e.Words, "consorcio"):
			e.channel = append(e.channel, word)
		default:
			e.Words = append(e.Words, word)
		}
	}
	e.References = slices.DeleteFunc(e.References, func(value string) bool { return isDateReference(value, row.Date) })
	unnamed := func(word string) bool {
		return e.Operation == Pix && (len(word) == 1 || acquirers[word]) || e.Operation == TopUp && telephones[word]
	}
	if !slices.ContainsFunc(e.Words, func(word string) bool { return !unnamed(word) }) {
		// PIX QRS PAGSEGURO I: the shop is not named; RECARGA DE CELULAR: neither is the telephone.
		e.channel, e.Words = append(e.channel, e.Words...), nil
	}
}

// isDateReference reports whether a number is the date of the row in the form in which banks of México print it:
// 0191126 is 19 November 2026 (key-trap, spei-09).
func isDateReference(number string, date domain.Date) bool {
	if len(date) != len("2006-01-02") {
		return false
	}
	day, month, year := string(date[8:]), string(date[5:7]), string(date[2:4])
	number = TrimZeros(number)
	return number == TrimZeros(day+month+year) || number == TrimZeros(year+month+day) ||
		number == TrimZeros(day+month+"20"+year) || number == "20"+year+month+day
}

// readInstalment adds the values of the instalment that the vendor states. A fraction in the text that equals the
// instalment is then not read as a date.
func (e *Evidence) readInstalment(row *Row) {
	stated := row.Keys.Instalment
	if stated.Number > 0 {
		e.Instalment.Number = stated.Number
	}
	if stated.Count > 0 {
		e.Instalment.Count = stated.Count
	}
	e.Instalment.Purchased, e.Instalment.Total = stated.PurchaseDate, stated.Total
	if stated.Card != "" {
		e.Card = DigitsOf(stated.Card)
	}
	e.Card = e.Card[max(0, len(e.Card)-4):]
	own := FractionOf(e.Instalment)
	e.Calendar.Fractions = slices.DeleteFunc(e.Calendar.Fractions, func(f string) bool { return f == own })
}

// readParty adds what the vendor states about the counterparty.
func (e *Evidence) readParty(row *Row) {
	words := Split(foldBounded(row.Counterparty.Name, &e.Excess))
	for _, word := range words {
		if (!noiseWords[word] || firmWords[word]) && !isNumberWord(word) {
			e.Party = append(e.Party, word)
		}
	}
	e.Initials = LettersOf(words)
	e.Documents = Add(e.Documents, normalizeDocument(row.Counterparty.Document))
	e.Accounts = Add(e.Accounts, accountNumber(row.Counterparty.Account))
}

// Names reports whether the row names more than an operation or a channel, for example a merchant or a number.
func (e *Evidence) Names() bool {
	return len(slices.Concat(e.Words, e.Party, e.Documents, e.Accounts, e.PixKeys, e.Numbers, e.References)) > 0
}

// IsTransfer reports whether the row may be a transfer to or from a person or a firm. If the names of two transfers
// have only one word in common, this is no evidence.
func (e *Evidence) IsTransfer() bool {
	switch e.Operation {
	case Pix, Wire, Payroll, Boleto, Tax:
		return true
	case NoOperation:
		return e.Instalment.Purchased == "" && e.Card == "" && len(e.Facilitators) == 0 && !Holds(e.Words, Fares)
	default:
		return false
	}
}

// IsPayment reports whether the text names a transfer between two people or firms.
func (e *Evidence) IsPayment() bool { return e.Operation == Pix || e.Operation == Wire }

// MinWeakNumber is the minimum length of a number that is evidence for one movement.
const MinWeakNumber = 4

// IsCharge reports whether the row is a fee, interest or tax, which has no counterparty.
func (e *Evidence) IsCharge() bool {
	return e.Operation == Fee || e.Operation == Levy || e.Operation == Interest || e.Operation == Tax
}

// OperationText returns the operation, and the word refund if money is given back.
func (e *Evidence) OperationText() string {
	if e.Refund {
		return strings.TrimSpace(string(e.Operation) + " refund")
	}
	return string(e.Operation)
}

// IsInstalment reports whether a fraction may be one of the given number of instalments.
func IsInstalment(fraction string, count int) bool {
	number, of, _ := strings.Cut(fraction, "/")
	return count > 1 && Atoi(of) == count && Atoi(number) <= count
}

// FractionOf returns the number and the count of an instalment in the form "2/10"; "" if it has no number.
func FractionOf(i Instalment) string {
	if i.Number == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", i.Number, i.Count)
}

// MayHaveInstalment reports whether the text has a fraction that may be an instalment or a day: LOJA 10/12. A fraction
// beside a time is a day.
func (e *Evidence) MayHaveInstalment() bool {
	return len(e.Calendar.Clocks) == 0 && slices.ContainsFunc(e.Calendar.Fractions, func(f string) bool {
		_, count, _ := strings.Cut(f, "/")
		return IsInstalment(f, Atoi(count))
	})
}

// ListNumbers returns the numbers of a row, with and without a label.
func (e *Evidence) ListNumbers() []string {
	return slices.Concat(
		e.Numbers,
		e.References,
		e.Accounts,
		e.PixKeys,
		e.IDs[ChequeNumber],
		e.IDs[InvoiceNumber],
		e.IDs[OrderNumber],
	)
}

// TollWords are words for a toll. A bank may print one of them in one row, and another in the next.
var TollWords = wordSet("praca plaza pedagio pedagios peaje caseta passagem cruce")

// Share matches the code of a share or a fund at the Brazilian stock exchange: four letters, and the number of the
// class.
var Share = compile(`^[a-z]{4}(?:[3-8]|11|3[2-9])$`)

// IncomeWords map words for the income of a share or a fund to its kind. A share may pay several kinds on one day.
var IncomeWords = map[string]string{
	"dividendo": "dividend", "dividendos": "dividend", "div": "dividend", "jcp": "interest", "jscp": "interest",
	"provento": "", "proventos": "", "rendimento": "yield", "rendimentos": "yield", "amortizacao": "repayment",
	"bonificacao": "bonus",
}

// IncomeOf returns the kinds of income that the words name. ok is false if no word is in IncomeWords.
func IncomeOf(words []string) (kinds []string, ok bool) {
	for _, word := range words {
		kind, isIncome := IncomeWords[word]
		kinds, ok = Add(kinds, kind), ok || isIncome
	}
	return kinds, ok
}

// generalTaxes are words that say only that a federal tax is paid. The revenue code says which.
var generalTaxes = wordSet("int darf receita receitas federal federais tributo tributos pagamento")

// NamesFederalTax reports whether a text only says that a federal tax is paid.
func (e *Evidence) NamesFederalTax() bool {
	return e.Operation == Tax && len(e.Words) > 0 &&
		!slices.ContainsFunc(e.Words, func(word string) bool { return !generalTaxes[word] })
}

// rails are words for the way on which money is moved.
var rails = wordSet("spei ted tef doc pix")

// ServiceWithoutRail returns the words of a charge that name the service, and those that name the way on which money is
// moved.
func (e *Evidence) ServiceWithoutRail() (service, rail []string) {
	for _, word := range e.Service() {
		if rails[word] {
			rail = append(rail, word)
		} else {
			service = append(service, word)
		}
	}
	return service, rail
}

// Service returns the words of a charge that name the service. Of a charge that is given back, the words that say so
// name none.
func (e *Evidence) Service() []string {
	return slices.DeleteFunc(slices.Clone(e.AllWords), func(word string) bool {
		return fillers[word] || e.Refund && refundWords[word]
	})
}

// particles are words that connect others.
var particles = wordSet("a de da do das dos del la el los las por on of pago")

// ChargeWords returns the words of a charge that are no particles.
func (e *Evidence) ChargeWords() []string {
	return slices.DeleteFunc(slices.Clone(e.AllWords), func(word string) bool { return particles[word] })
}

// IsDaily reports whether an institution can book such a movement every day. Two of them can then be told apart only
// by their days.
func (e *Evidence) IsDaily() bool {
	return e.Operation == Interest || e.Operation == Fee || e.Operation == Levy
}
