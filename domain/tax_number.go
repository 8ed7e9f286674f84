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
