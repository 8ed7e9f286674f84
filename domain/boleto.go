package domain

import (
	"errors"
	"strings"
)

// Lengths of the numbers of a boleto.
const (
	lengthOfBarcode        = 44
	lengthOfBoletoLine     = 47 // the digitable line of a boleto of a bank
	lengthOfCollectionLine = 48 // the digitable line of a bill of a utility or a tax
)

// collection is the first digit of the barcodes of bills of utilities, taxes and fines (arrecadação).
const collection = '8'

// Reasons why a text is no number of a boleto.
var (
	errBoletoForm  = errors.New("a number of a boleto has 44, 47 or 48 digits")
	errBoletoKind  = errors.New("48 digits begin with 8, and 47 digits do not")
	errBoletoField = errors.New("the check digit of a field is wrong")
	errBoletoCheck = errors.New("the check digit of the barcode is wrong")
)

// withoutGrouping removes the characters that are printed between the digits of a digitable line, or between the groups
// of an end-to-end id.
var withoutGrouping = strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "")

// ParseBoleto returns the 44 digits of the barcode of a boleto. The text is the barcode or the digitable line, in any
// printed form: with or without dots, hyphens and blanks between the digits. A boleto of a bank has a line of 47
// digits. A bill of a utility or a tax, whose barcode begins with 8, has one of 48. All check digits must be right; a
// wrong digit is an error and is never corrected.
//
// Source: FEBRABAN, layout padrão de código de barras: cobrança (mod 10 for the fields of the line, mod 11 for the
// barcode) and arrecadação (mod 10 or mod 11, by the third digit).
func ParseBoleto(text string) (barcode string, err error) {
	if len(text) < lengthOfBarcode {
		return "", errBoletoForm
	}
	digits := withoutGrouping.Replace(text)
	if !isNumber(digits) {
		return "", errBoletoForm
	}
	switch len(digits) {
	case lengthOfBarcode:
		barcode = digits
	case lengthOfBoletoLine:
		if digits[0] == collection {
			return "", errBoletoKind
		}
		barcode = digits[:4] + digits[32:] + digits[4:9] + digits[10:20] + digits[21:31]
	case lengthOfCollectionLine:
		if digits[0] != collection {
			return "", errBoletoKind
		}
		barcode = digits[:11] + digits[12:23] + digits[24:35] + digits[36:47]
	default:
		return "", errBoletoForm
	}
	line := BoletoLine(barcode)
	switch {
	case line == "":
		return "", errBoletoCheck
	case len(digits) != lengthOfBarcode && digits != line:
		return "", errBoletoField
	}
	return barcode, nil
}

// UncheckedBoletoLine returns the digits of a digitable line of which a check digit is wrong. It returns "" for a right
// line, and for any other text. Such a line is no number by which a boleto is paid, but two of them are two boletos.
func UncheckedBoletoLine(text string) string {
	digits := withoutGrouping.Replace(text)
	if len(digits) != lengthOfBoletoLine && len(digits) != lengthOfCollectionLine || !isNumber(digits) ||
		strings.Trim(digits, digits[:1]) == "" {
		return ""
	}
	if _, err := ParseBoleto(digits); err == nil {
		return ""
	}
	return digits
}

// BoletoLine returns the digitable line of a barcode, digits only. It returns "" if the barcode does not have 44 digits
// or if its check digit is wrong.
func BoletoLine(barcode string) string {
	if len(barcode) != lengthOfBarcode || !isNumber(barcode) {
		return ""
	}
	if barcode[0] == collection {
		return collectionLine(barcode)
	}
	const check = 4 // the position of the check digit
	digit := 11 - weighted(barcode[:check]+barcode[check+1:])%11
	if digit == 10 || digit == 11 {
		digit = 1
	}
	if barcode[check] != byte('0'+digit) {
		return ""
	}
	first, second, third := barcode[:4]+barcode[19:24], barcode[24:34], barcode[34:]
	return first + mod10(first) + second + mod10(second) + third + mod10(third) + barcode[check:19]
}

// collectionLine returns the digitable line of the barcode of a bill.
func collectionLine(barcode string) string {
	const check = 3 // the position of the check digit
	var module func(digits string) string
	switch barcode[2] {
	case '6', '7':
		module = mod10
	case '8', '9':
		module = mod11
	default:
		return ""
	}
	if barcode[check:check+1] != module(barcode[:check]+barcode[check+1:]) {
		return ""
	}
	var line strings.Builder
	for field := range 4 {
		digits := barcode[field*11 : field*11+11]
		line.WriteString(digits + module(digits))
	}
	return line.String()
}

// mod10 returns the check digit of a field: the digits are multiplied by 2, 1, 2, 1 and so on from the right, and the
// digits of the products are added.
func mod10(digits string) string {
	sum, weight := 0, 2
	for i := len(digits) - 1; i >= 0; i-- {
		product := int(digits[i]-'0') * weight
		sum += product/10 + product%10
		weight = 3 - weight
	}
	return string(rune('0' + (10-sum%10)%10))
}

// mod11 returns the check digit of a bill of a utility or a tax. A boleto of a bank has another rule for the remainders
// 0, 1 and 10.
func mod11(digits string) string {
	digit := 11 - weighted(digits)%11
	if digit >= 10 {
		digit = 0
	}
	return string(rune('0' + digit))
}

// weighted returns the sum of the digits, multiplied by 2 to 9, 2 to 9 and so on from the right.
func weighted(digits string) int {
	sum := 0
	for i := range len(digits) {
		sum += int(digits[len(digits)-1-i]-'0') * (2 + i%8)
	}
	return sum
}
