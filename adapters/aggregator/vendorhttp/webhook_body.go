package vendorhttp

import (
	"bytes"
	"strconv"
)

// DecodeWebhook decodes the body of a webhook like [Decode], but accepts escapes of half a surrogate pair (\ud800),
// although such an escape represents no Unicode character. It decodes such an escape as U+FFFD and sets odd. If odd
// is set, the caller must not rely on the ids, because an id may differ from the one that the vendor meant.
func DecodeWebhook(body []byte, dst any) (odd bool, err error) {
	text := replaceHalfSurrogates(body)
	return !bytes.Equal(text, body), Decode(text, dst)
}

// replaceHalfSurrogates returns the JSON text with \ufffd in place of each escape of half a surrogate pair. It changes
// nothing else, and does not change its argument.
func replaceHalfSurrogates(text []byte) []byte {
	replaced := text
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			i++
			continue
		}
		unit, ok := escapedUnit(text[i:])
		switch {
		case !ok:
			i += 2 // another escape, such as \\ or \"
			continue
		case unit&0xfc00 == 0xd800:
			if low, ok := escapedUnit(text[i+6:]); ok && low&0xfc00 == 0xdc00 {
				i += 12
				continue
			}
			fallthrough
		case unit&0xfc00 == 0xdc00:
			if &replaced[0] == &text[0] {
				replaced = bytes.Clone(text)
			}
			copy(replaced[i:], `\ufffd`)
		}
		i += 6
	}
	return replaced
}

// escapedUnit returns the UTF-16 code unit of the escape \uXXXX with which the text begins. It returns false if the
// text begins with anything else.
func escapedUnit(text []byte) (unit uint64, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return unit, err == nil
}
