package banktext

import (
	"strings"
)

// The forms in which banks print the account of the other party.
var (
	// agencyAndAccount matches a text such as "Agência: 1 Conta: 1234567-8" (NU-01). The agency of a payment
	// institution is 1 for everybody.
	agencyAndAccount = compile(
		`\bag(?:encia)?[.:]?\s*(\d{1,5}(?:-[\dx])?)[\s,/-]*(?:conta|cta|c/c|cc)[.:]?\s*([\d.]{3,}(?:-[\dx])?)`)
	accountLabel = compile(
		`\b(?:conta|cta/clabe|cta|cuenta|clabe|bnet|c/c)[\s.:]*(?:de\s+la\s+|la\s+)?([\d.]{5,}(?:-[\dx])?)`)
	// clabe matches a Mexican account number (CLABE), which has 18 digits (Banxico).
	clabe = compile(`\b(\d{18})\b`)
	// foreignAccount matches the account numbers of Perú (CCI, 20 digits) and Argentina (CBU and CVU, 22 digits).
	foreignAccount = compile(`\b(?:cci|cbu|cvu)[\s.:]*((?:\d[ -]?){19,21}\d)\b`)
	// Banco Azteca: CUENTA TERMINACION 5481.
	accountEnding = compile(`\b(?:cuenta|conta|cta)\s+(?:(?:term\w*|final)\s+|\*+)(\d{3,5})\b`)
	// afterBankName matches the text that follows the name of a bank: its code in brackets, or the agency (NU-01,
	// NU-02).
	afterBankName = compile(`\(\d{3,4}\)|\bagencia\b`)
	// ispb matches the ISPB (the number of a bank), which precedes the name (IN-01).
	ispb = compile(`\bcp\s*:?\s*\d{8}\s*-?`)
	// BN-01: BCO:0014 SANTANDER.
	bankCode = compile(`\b(?:bco|banco)[\s:]+(\d{3,4})\b`)
)

// takeAccounts returns the account numbers in a text, as digits and check digit without leading zeros. If only the
// last digits are known, the result begins with an asterisk.
func takeAccounts(s *scan) (accounts []string) {
	s.take(ispb, func([]string) bool { return true })
	s.take(bankCode, func([]string) bool { return true })
	s.take(agencyAndAccount, func(groups []string) bool {
		accounts = Add(accounts, accountNumber(groups[2]))
		return true
	})
	s.take(foreignAccount, func(groups []string) bool {
		accounts = Add(accounts, accountNumber(groups[1]))
		return true
	})
	s.take(accountEnding, func(groups []string) bool {
		accounts = Add(accounts, "*"+groups[1])
		return true
	})
	s.take(accountLabel, func(groups []string) bool {
		accounts = Add(accounts, accountNumber(groups[1]))
		return true
	})
	s.take(clabe, func(groups []string) bool {
		accounts = Add(accounts, accountNumber(groups[1]))
		return true
	})
	return accounts
}

// removeBank removes the name and the code of the other party's bank if they stand before an account. Many people use
// the same bank, so an equal bank is no evidence.
func removeBank(s *scan) {
	if !s.mayMatch(afterBankName) {
		return
	}
	at := afterBankName.FindStringIndex(s.text)
	if at == nil {
		return
	}
	before := s.text[:at[0]]
	start := strings.LastIndex(before, " - ")
	if start >= 0 && strings.HasPrefix(strings.TrimSpace(before[start+3:]), "ip") { // NU PAGAMENTOS - IP
		start = strings.LastIndex(before[:start], " - ")
	}
	if start < 0 {
		return
	}
	rest := s.text[at[0]:]
	if rest[0] == '(' {
		rest = s.text[at[1]:]
	}
	s.text = before[:start] + " - " + rest
}

// accountNumber returns the digits of an account number, and an x as its check digit, without leading zeros.
func accountNumber(text string) string {
	text = Fold(text)
	digits := DigitsOf(text)
	if digits != "" && strings.HasSuffix(text, "x") {
		digits += "x"
	}
	return strings.TrimLeft(digits, "0")
}

// bankWords are the names of banks in the texts of wires (BV-01, BV-03, MX-03). Different banks mean different
// receivers, but an equal bank is no evidence.
var bankWords = wordSet(`banorte santander bbva bancomer banamex citibanamex hsbc stp azteca bajio banbajio scotiabank
	inbursa bancoppel banregio afirme mifel itau bradesco nubank multiva actinver banjercito bansi`)

// gluedBank is a bank's name that follows a word without a blank: SPEI RECIBIDOSANTANDER (BV-03).
var gluedBank = compile(`\b(recibido|enviado)([a-z]{3,})`)

// splitGluedBank inserts the missing blank.
func splitGluedBank(s *scan) {
	if !s.mayMatch(gluedBank) {
		return
	}
	s.text = gluedBank.ReplaceAllStringFunc(s.text, func(word string) string {
		for _, verb := range []string{"recibido", "enviado"} {
			if bank, ok := strings.CutPrefix(word, verb); ok && bankWords[bank] {
				return verb + " " + bank
			}
		}
		return word
	})
}
