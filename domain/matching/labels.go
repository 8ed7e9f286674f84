package matching

import "regexp"

// The labels of numbers that change when a movement is booked again: the number of the capture (NSU, sequence), of the
// authorisation, of the bank's document, the folio. Sources: BV-06 (AUT: 155528), BX-02 (AUT 00024631), SB-03 (AUT.
// 305884), DOC and NSU of Brazilian acquirers.
var (
	volatileLabel = regexp.MustCompile(
		`\b(?:cod\.?\s+)?(nsu|doc|docto|documento|aut|auto|auth|autorizacao|autorizacion|folio|` +
			`ctrl|controle|protocolo|` +
			`seq|sequencia|cv|operacao|operacion)\b[\s.:#=-]*(?:(?:n|no|nr|num)[.:\s]\s*)?` +
			`([0-9a-z]*\d[0-9a-z]*)\b`,
	)
	// The number of a cash machine or a card terminal tells two withdrawals apart (section 1 of the bank texts).
	referenceLabel = regexp.MustCompile(
		`\b(?:ref|refer|referencia|reference|terminal|term)\b[\s.:#=-]*(?:(?:n|no|nr|num)[.:\s]\s*)?` +
			`([0-9a-z]*\d[0-9a-z]*)\b`)
	// SB-03: MONTO ORIGEN 159.00; BV-06: 315.93 USD 17.40TC018.1568.
	amountLabel = regexp.MustCompile(`\b(?:monto origen|valor|importe|cotacao|cotizacion|tc|t\.c\.)[\s:]*[\d.,]*\d`)
	foreignText = regexp.MustCompile(`\b[\d.,]*\d\s*(?:usd|eur|gbp|us\$)\b|\b(?:usd|eur|gbp)\s*[\d.,]*\d`)
	// The last digits of a card: ST-10 CARTAO MASTER CARD FINAL 4202.
	cardLabel = regexp.MustCompile(
		`\b(?:(?:cartao|card|tarjeta|tdc|tdd)(?:\s+(?:de|credito|debito|visa|master|mastercard|elo))*\s+)?` +
			`(?:final|fin|terminacion|term)[\s:.*]*(\d{4})\b|` +
			`\b(?:cartao|card|tarjeta|tdc|tdd)\s*[*x.]{1,12}\s*(\d{4})\b`)
	email     = regexp.MustCompile(`\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+\b`)
	randomKey = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	// A telephone number: +55 11 91234-5678, (44)90000-0000, 11 92407-9735.
	phone = regexp.MustCompile(`(?:\+?55\s*)?\(?\b(\d{2})\)?\s*(9?\d{4})-(\d{4})\b`)
)

// takePixKeys reads keys of Pix: e-mail addresses, random keys and telephone numbers.
func takePixKeys(s *scan) (keys []string) {
	s.takeWords(email, func(g []string) bool { keys = add(keys, g[0]); return true })
	s.take(randomKey, func(g []string) bool { keys = add(keys, g[0]); return true })
	s.take(phone, func(g []string) bool { keys = add(keys, g[1]+g[2]+g[3]); return true })
	return keys
}

// takeVolatile reads the labelled numbers that may change, by label.
func takeVolatile(s *scan) map[string]string {
	var values map[string]string
	s.take(volatileLabel, func(g []string) bool {
		if values == nil {
			values = map[string]string{}
		}
		values[g[1][:min(3, len(g[1]))]] = trimZeros(g[2])
		return true
	})
	return values
}

// takeCard returns the last digits of the card that the text names.
func takeCard(s *scan) (card string) {
	s.take(cardLabel, func(g []string) bool {
		card = g[1] + g[2]
		return true
	})
	return card
}

// takeAmounts removes amounts and rates: the amount of the row says more.
func takeAmounts(s *scan) {
	remove := func([]string) bool { return true }
	s.take(amountLabel, remove)
	s.take(foreignText, remove)
}

// compareVolatile returns differ if both rows have a labelled number under one label and it differs.
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
