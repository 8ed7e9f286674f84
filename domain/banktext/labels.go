package banktext

import "slices"

// The labels of numbers that change when a movement is booked again, such as the NSU, the number of the authorisation
// or of the bank's document, and the folio. Sources: BV-06 (AUT: 155528), BX-02 (AUT 00024631), SB-03 (AUT. 305884),
// DOC and NSU of Brazilian acquirers.
var (
	volatileLabel = compile(
		`\b(?:cod\.?\s+)?(nsu|doc|docto|documento|aut|auto|auth|autorizacao|autorizacion|folio|` +
			`ctrl|controle|protocolo|` +
			`seq|sequencia|cv|operacao|operacion)\b[\s.:#=-]*(?:(?:n|no|nr|num)[.:\s]\s*)?` +
			`([0-9a-z]*\d[0-9a-z]*)\b`,
	)
	// gluedLabel matches the same without a blank between the label and the number: FOLIO77120.
	gluedLabel = compile(`\b(nsu|doc|aut|auth|folio)(\d{3,12})\b`)
	// referenceLabel matches the labelled number of a cash machine, a card terminal, an employee, a ticket or a rental
	// agreement. The number of a machine can tell two withdrawals apart (section 1 of the bank texts).
	referenceLabel = compile(
		`\b(?:ref|refer|referencia|reference|terminal|term|func|funcionario|empleado|emp|tkt|ticket|ra)\b[\s.:#=-]*` +
			`(?:(?:n|no|nr|num)[.:\s]\s*)?` +
			`([0-9a-z]*\d[0-9a-z]*)\b`,
	)
	// amountLabel matches an amount or a rate with a label: MONTO ORIGEN 159.00 (SB-03), TC018.1568 (BV-06).
	amountLabel = compile(`\b(?:monto origen|valor|importe|cotacao|cotizacion|tc|t\.c\.)[\s:]*[\d.,]*\d`)
	// foreignText matches an amount with decimal places in a foreign currency. A whole number beside a currency may
	// be the number of a deal: CAMBIO FECHAMENTO 8812 USD.
	foreignText = compile(
		`\b[\d.,]*[.,]\d{2}\s*(?:usd|eur|gbp|mxn|brl|cop|us\$)\b|\b(?:usd|eur|gbp|mxn|brl|cop)\s*[\d.,]*[.,]\d{2}\b`)
	// cardLabel matches the last digits of a card: CARTAO MASTER CARD FINAL 4202 (ST-10), CARTAO CRED 5***1234.
	cardLabel = compile(
		`\b(?:(?:cartao|card|tarjeta|tdc|tdd)(?:\s+(?:de|credito|debito|visa|master|mastercard|elo))*\s+)?` +
			`(?:final|fin|terminacion|term)[\s:.*]*(\d{4})\b|` +
			`\b(?:cartao|card|tarjeta|tdc|tdd)\s*[*x.]{1,12}\s*(\d{4})\b|` +
			`\b(?:cartao|card|tarjeta|tdc|tdd)(?:\s+(?:cred|credito|credit))?\s+\d{1,6}\*{2,12}(\d{4})\b`)
	// Abbreviations of one or two letters that are no part of a name: C/C, P/, S/A, S.A., D+2, R$.
	letterPair = compile(`\b[a-z]/(?:[a-z]\b)?|\bs\.\s?a\b|\bd\+\d\b|\br\$`)
	// Numbers of contracts and slips with dots: Porto Seguro, APOLICE 531.22.18877. An amount has a comma.
	dottedNumber = compile(
		`(^|[^0-9.,$])(\d{1,5}(?:\.\d{2,8}){2,}|\d{1,3}(?:\.\d{3})+)($|[^0-9.,]|\.[^0-9])`,
	)
	// Numbers of slips, policies and contracts with a check digit or a prefix: GUIA 0126091800457721-3.
	dashedNumber = compile(`(^|[^0-9.,$/-])(\d[\d.]{5,}\d-\d{1,2}|\d{2,4}-\d{6,})($|[^0-9.,/-])`)
	// Numbers in several groups: GUIA 0126-1013-4567-8901, LOT 21-004417-3.
	groupedNumber = compile(`(^|[^0-9.,$/-])(\d{2,}(?:-\d+){2,})($|[^0-9.,/-])`)
	// A telephone of México: TELCEL 55 4012 7781, TELCEL 811 020 3040.
	mexicanPhone = compile(`(^|[^0-9.,$/-] )(\d{2} \d{4}|\d{3} \d{3}) (\d{4})($|[^0-9.,/-])`)
	// The number of a cash machine: SAQUE BANCO24H 11/09 18:22 T0418.
	shortTerminal = compile(`\bt(\d{3,5})\b`)
	// A mobile telephone of Colombia, the key of Nequi and Daviplata: NEQUI 310 447 7182.
	colombianMobile = compile(
		`(^|nequi |daviplata |transfiya )(3\d{2})[ -](\d{3})[ -](\d{4})($|[^0-9])`)
	email     = compile(`\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+\b`)
	randomKey = compile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	// A telephone number: +55 11 91234-5678, (44)90000-0000, 11 92407-9735.
	phone = compile(`(?:\+?55\s*)?\(?\b(\d{2})\)?\s*(9?\d{4})-(\d{4})\b`)
)

// takePixKeys reads keys of Pix: e-mail addresses, random keys and telephone numbers.
func takePixKeys(s *scan) (keys []string) {
	s.takeWords(email, func(g []string) bool { keys = Add(keys, g[0]); return true })
	s.take(randomKey, func(g []string) bool { keys = Add(keys, g[0]); return true })
	s.take(phone, func(g []string) bool { keys = Add(keys, g[1]+g[2]+g[3]); return true })
	return keys
}

// mobileDigits is the number of digits of a mobile telephone of Brazil with its area code.
const mobileDigits = 11

// mobile matches a mobile telephone of Brazil without punctuation: area code, 9 and eight digits, perhaps after 55.
var mobile = compile(`^(?:55)?[1-9][1-9]9\d{8}$`)

// plate matches the plate of a car in Brazil: ABC1234, ABC1D23.
var plate = compile(`^[a-z]{3}\d[a-z0-9]\d{2}$`)

// IsPlate reports whether a word is the plate of a car.
func IsPlate(word string) bool { return plate.MatchString(word) }

// isMobile reports whether a word is a Brazilian mobile telephone number. Banks print such a number with or without
// punctuation: BB-10 (44)90000-0000, Inter RECARGA 11988881234.
func isMobile(word string) bool { return mobile.MatchString(word) }

// takeVolatile reads the labelled numbers that may change, by label.
func takeVolatile(s *scan) map[string]string {
	var values map[string]string
	for _, label := range []*pattern{volatileLabel, gluedLabel} {
		s.take(label, func(g []string) bool {
			if values == nil {
				values = map[string]string{}
			}
			values[g[1][:min(3, len(g[1]))]] = TrimZeros(g[2])
			return true
		})
	}
	return values
}

// takeDottedNumbers reads numbers that are written with dots, or with a dash.
func takeDottedNumbers(s *scan) (numbers []string) {
	read := func(g []string) bool {
		number := TrimZeros(DigitsOf(g[2]))
		if len(number) < MinWeakNumber {
			return false
		}
		numbers = Add(numbers, number)
		return true
	}
	s.take(colombianMobile, func(g []string) bool {
		numbers = Add(numbers, g[2]+g[3]+g[4])
		return true
	})
	s.take(mexicanPhone, func(g []string) bool {
		numbers = Add(numbers, DigitsOf(g[2])+g[3])
		return true
	})
	s.take(groupedNumber, read)
	s.take(dashedNumber, read)
	s.take(dottedNumber, read)
	return numbers
}

// takeCard returns the last digits of the card that the text names.
func takeCard(s *scan) (card string) {
	s.take(cardLabel, func(g []string) bool {
		card = g[1] + g[2] + g[3]
		return true
	})
	return card
}

// takeAmounts removes amounts and rates from the text, because the row states its amount exactly.
func takeAmounts(s *scan) {
	remove := func([]string) bool { return true }
	s.take(amountLabel, remove)
	s.take(foreignText, remove)
}

// LabelledValues returns the labels with their numbers, in ascending order.
func LabelledValues(numbers map[string]string) (values []string) {
	for label, value := range numbers {
		values = append(values, label+" "+value)
	}
	slices.Sort(values)
	return values
}
