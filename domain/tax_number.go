package domain

import "strings"

// The lengths of Brazilian tax numbers: of a person (CPF) and of a company (CNPJ).
const (
	lengthOfCPF  = 11
	lengthOfCNPJ = 14
)

// withoutPunctuation removes the punctuation of tax numbers.
var withoutPunctuation = strings.NewReplacer(".", "", "-", "", "/", "", " ", "")

// TaxNumber returns a complete CPF (11 digits) or CNPJ (14 characters) without punctuation and with letters in upper
// case. It returns "" for any other text, because a masked number identifies nobody.
//
// From July 2026 the first twelve characters of a CNPJ may be letters (Receita Federal, Instrução Normativa RFB
// 2.229/2024). A text with letters is a CNPJ only if its check digits are right. Digits are not checked: the number
// comes from the institution, and a test account may have any number.
func TaxNumber(text string) string {
	number := strings.ToUpper(withoutPunctuation.Replace(text))
	switch {
	case isNumber(number) && (len(number) == lengthOfCPF || len(number) == lengthOfCNPJ):
		return number
	case IsCNPJ(number):
		return number
	}
	return ""
}

// hiddenCharacters replaces the characters that stand for a hidden one, other than X.
var hiddenCharacters = strings.NewReplacer("•", "*", "#", "*")

// minHiddenX is the number of X in a CNPJ that are hidden characters, although nothing else in it is hidden.
const minHiddenX = 3

// MaskedTaxNumber returns a CPF or CNPJ of which some characters are hidden: without punctuation, with letters in upper
// case, and with an asterisk for each hidden character. It returns "" for any other text: for a complete number, for
// one whose characters are all hidden, and for one whose positions are not those of a CPF or CNPJ.
//
// A hidden character is printed as *, #, • or X. Letters are possible in the first twelve characters of a CNPJ. An X
// among them is a letter, unless another character is hidden or the number has at least three X.
func MaskedTaxNumber(text string) string {
	number := hiddenCharacters.Replace(strings.ToUpper(withoutPunctuation.Replace(text)))
	if len(number) != lengthOfCPF && len(number) != lengthOfCNPJ {
		return ""
	}
	first, last := number[:len(number)-2], number[len(number)-2:]
	const digits, letters = "0123456789*X", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	isCNPJ, allowed := len(number) == lengthOfCNPJ, digits
	if isCNPJ {
		allowed += letters
	}
	if strings.Trim(first, allowed) != "" || strings.Trim(last, digits) != "" {
		return ""
	}
	if !isCNPJ || strings.Contains(number, "*") || strings.Contains(last, "X") ||
		strings.Count(number, "X") >= minHiddenX {
		number = strings.ReplaceAll(number, "X", "*")
	}
	if !strings.Contains(number, "*") || strings.Trim(number, "*") == "" {
		return ""
	}
	return number
}

// IsCPF reports whether the text consists of the eleven digits of a CPF with valid check digits. Eleven equal digits
// are no CPF.
func IsCPF(number string) bool {
	if len(number) != lengthOfCPF || !isNumber(number) || isRepeated(number) {
		return false
	}
	first := checkDigit(number[:9], 11)
	return number[9] == first && number[10] == checkDigit(number[:10], 11)
}

// IsCNPJ reports whether the text is a CNPJ without punctuation, with valid check digits: twelve digits or capital
// letters, and two digits. One character repeated is no CNPJ.
func IsCNPJ(number string) bool {
	if len(number) != lengthOfCNPJ || !isNumber(number[12:]) || isRepeated(number) {
		return false
	}
	for _, r := range number[:12] {
		if !isDigit(r) && (r < 'A' || r > 'Z') {
			return false
		}
	}
	first := checkDigit(number[:12], 9)
	return number[12] == first && number[13] == checkDigit(number[:13], 9)
}

// checkDigit returns the check digit of modulus 11. The value of a character is its ASCII code minus 48. The weights
// are 2, 3, … from right to left. After maxWeight they begin again with 2.
//
// Source: Receita Federal, "Cálculo do dígito verificador do CNPJ alfanumérico".
func checkDigit(characters string, maxWeight int) byte {
	sum, weight := 0, 2
	for i := len(characters) - 1; i >= 0; i-- {
		sum += int(characters[i]-'0') * weight
		if weight++; weight > maxWeight {
			weight = 2
		}
	}
	if rest := sum % 11; rest >= 2 {
		return byte('0' + 11 - rest)
	}
	return '0'
}

// isRepeated reports whether the text is one character repeated.
func isRepeated(text string) bool { return text != "" && strings.Count(text, text[:1]) == len(text) }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

func isNumber(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !isDigit(r) })
}
