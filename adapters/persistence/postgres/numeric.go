package postgres

import (
	"encoding/binary"
	"errors"
	"strings"
)

// The binary form of a numeric value. It contains the sign, the number of decimal digits after the decimal
// point, and digits in base 10,000. The first digit is multiplied by 10,000 to the power of the weight, the
// second digit by the next lower power, and so on. Source: PostgreSQL, src/backend/utils/adt/numeric.c,
// numeric_recv.
const (
	base      = 4 // number of decimal digits in one digit of the binary form
	maxDigits = 1000
	negative  = 0x4000
)

var errNumber = errors.New("an amount that is not a decimal number")

// appendNumeric appends a decimal number, given as text, in PostgreSQL's binary form. It keeps every digit, including
// trailing zeros. pgx is not used, because it would convert the number to a big.Int first. It returns an error if the
// text is not a plain decimal number.
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

// appendDigits appends decimal digits in groups of four; each group becomes one digit of the
// binary form. The first group starts at index at, which may be negative. Positions of a group
// that lie outside of text count as zeros.
func appendDigits(to []byte, text string, at int) []byte {
	for ; at < len(text); at += base {
		digit := uint16(0)
		for i := at; i < at+base; i++ {
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
