package postgres

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Constants of the binary form of a numeric value. The form contains a sign, the number of decimal places, a weight,
// and digits in base 10,000. The first digit is multiplied by 10,000^weight, the next digit by 10,000^(weight-1), and
// so on. Source: PostgreSQL, src/backend/utils/adt/numeric.c, numeric_recv.
const (
	base      = 4 // one digit in base 10,000 stores four decimal digits
	maxDigits = 1000
	negative  = 0x4000
)

var errNumber = errors.New("an amount that is not a decimal number")

// appendNumeric appends a decimal number in PostgreSQL's binary form. It keeps every digit, including trailing zeros.
// It returns an error if the text is not a plain decimal number or is too long. pgx is not used, because it would first
// convert the number to a big.Int.
func appendNumeric(to []byte, text string) ([]byte, error) {
	sign := uint16(0)
	if strings.HasPrefix(text, "-") {
		sign, text = negative, text[1:]
	}
	whole, part, _ := strings.Cut(text, ".")
	if len(whole)+len(part) > maxDigits || whole == "" || !onlyDigits(whole) || !onlyDigits(part) {
		return to, errNumber
	}
	begin := len(to)
	to = append(to, 0, 0, 0, 0, 0, 0, 0, 0) // room for the header, which is filled in below
	weight := (len(whole) - 1) / base
	to = appendDigits(to, whole, len(whole)-base*(weight+1))
	to = appendDigits(to, part, 0)
	digits := to[begin+8:]
	for len(digits) > 0 && digits[0]|digits[1] == 0 {
		digits, weight = digits[2:], weight-1
	}
	for len(digits) > 0 && digits[len(digits)-1]|digits[len(digits)-2] == 0 {
		digits = digits[:len(digits)-2]
	}
	if len(digits) == 0 {
		weight, sign = 0, 0
	}
	head := to[begin:begin:cap(to)]
	for _, field := range []uint16{uint16(len(digits) / 2), uint16(int16(weight)), sign, uint16(len(part))} {
		head = binary.BigEndian.AppendUint16(head, field)
	}
	return append(to[:begin+len(head)], digits...), nil
}

// appendDigits appends decimal digits in groups of four. Each group becomes one digit of the binary form. The first
// group starts at text[index]. If index is negative, or if text ends within a group, the missing decimal digits are
// zeros.
func appendDigits(to []byte, text string, index int) []byte {
	for ; index < len(text); index += base {
		digit := uint16(0)
		for i := index; i < index+base; i++ {
			digit *= 10
			if i >= 0 && i < len(text) {
				digit += uint16(text[i] - '0')
			}
		}
		to = binary.BigEndian.AppendUint16(to, digit)
	}
	return to
}

func onlyDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
