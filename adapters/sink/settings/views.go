package settings

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// nul is the byte that views leave out. Without it, UTF-16 of either byte order is ISO 8859-1, as far as that has the
// characters.
var nul = []byte{0}

// view is the text of a body after some decodings, in lower case and without NUL bytes. Its byte i stems from the bytes
// of the body from begin[i] to before end[i].
type view struct {
	text       []byte
	begin, end []int
}

// decoder returns what the escape sequence at the start of a text means, and its length. The length is 0 if the
// text does not begin with an escape sequence, and -1 if the text ends inside one.
type decoder func(text []byte) (decoded []byte, length int)

// maxLayers is the maximum number of decodings of a view, one after the other.
const maxLayers = 3

// viewsOf returns the views of a body: the body itself, and the results of each sequence of up to maxLayers decodings.
// If the body is cut, a view has no incomplete escape sequence at its end.
func viewsOf(body []byte, cut bool) (all []view) {
	var first view
	for i := range body {
		first.add(body[i:i+1], i, i+1)
	}
	seen := map[string]bool{string(first.text): true}
	all = []view{first}
	for layer, from := 0, 0; layer < maxLayers; layer++ {
		before := all[from:]
		from = len(all)
		for _, v := range before {
			for _, decode := range []decoder{plus, percent, entity, backslash} {
				if next := v.decoded(decode, cut); !seen[string(next.text)] {
					seen[string(next.text)] = true
					all = append(all, next)
				}
			}
		}
	}
	for i := range all {
		all[i].text = fold(all[i].text)
	}
	return all
}

// decoded returns the view after a decoding.
func (v view) decoded(decode decoder, cut bool) (next view) {
	for i := 0; i < len(v.text); {
		text, length := decode(v.text[i:])
		if length < 0 && cut {
			break
		}
		if length <= 0 {
			text, length = v.text[i:i+1], 1
		}
		next.add(text, v.begin[i], v.end[i+length-1])
		i += length
	}
	return next
}

// add appends a text that stems from these bytes of the body.
func (v *view) add(text []byte, begin, end int) {
	for _, b := range text {
		if b != nul[0] {
			v.text, v.begin, v.end = append(v.text, b), append(v.begin, begin), append(v.end, end)
		}
	}
}

// plus decodes the space of a query.
func plus(text []byte) ([]byte, int) {
	if text[0] == '+' {
		return []byte(" "), 1
	}
	return nil, 0
}

// percent decodes an escape sequence of a URL.
func percent(text []byte) ([]byte, int) {
	if text[0] != '%' {
		return nil, 0
	}
	n, length := hexadecimal(text[1:], 2)
	if length <= 0 {
		return nil, length
	}
	return []byte{byte(n)}, 3
}

// maxEntity is the maximum length of a character reference.
const maxEntity = 12

// entity decodes a character reference of HTML.
func entity(text []byte) ([]byte, int) {
	if text[0] != '&' {
		return nil, 0
	}
	end := bytes.IndexByte(text[:min(len(text), maxEntity)], ';')
	switch {
	case end < 0 && len(text) < maxEntity:
		return nil, -1
	case end < 0:
		return nil, 0
	}
	reference := string(text[:end+1])
	decoded := html.UnescapeString(reference)
	if decoded == reference {
		return nil, 0
	}
	return []byte(decoded), end + 1
}

// controls are the characters of the escape sequences with one letter.
var controls = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// backslash decodes an escape sequence of JSON, and one with two hexadecimal digits as programming languages print it.
func backslash(text []byte) ([]byte, int) {
	if text[0] != '\\' {
		return nil, 0
	}
	if len(text) == 1 {
		return nil, -1
	}
	if control, ok := controls[text[1]]; ok {
		return []byte{control}, 2
	}
	switch text[1] {
	case 'u':
		return utf16Unit(text)
	case 'x':
		n, length := hexadecimal(text[2:], 2)
		if length <= 0 {
			return nil, length
		}
		return []byte{byte(n)}, 4
	case '"', '\\', '/', '\'':
		return text[1:2], 2
	}
	return nil, 0
}

// utf16Unit decodes \uXXXX, or two of them that are a surrogate pair.
func utf16Unit(text []byte) ([]byte, int) {
	n, length := hexadecimal(text[2:], 4)
	if length <= 0 {
		return nil, length
	}
	first := rune(n)
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(nil, first), 6
	}
	if len(text) < 12 && bytes.HasPrefix([]byte(`\u`), text[6:min(len(text), 8)]) {
		return nil, -1
	}
	if !bytes.HasPrefix(text[6:], []byte(`\u`)) {
		return nil, 0
	}
	low, length := hexadecimal(text[8:], 4)
	if length <= 0 {
		return nil, length
	}
	return utf8.AppendRune(nil, utf16.DecodeRune(first, rune(low))), 12
}

// hexadecimal reads a number of exactly this many digits. The length is 0 if there is another character, and -1 if the
// text ends before.
func hexadecimal(text []byte, digits int) (n uint64, length int) {
	read := text[:min(len(text), digits)]
	for _, b := range read {
		if !bytes.ContainsRune([]byte("0123456789abcdefABCDEF"), rune(b)) {
			return 0, 0
		}
	}
	if len(read) < digits {
		return 0, -1
	}
	n, _ = strconv.ParseUint(string(read), 16, 32)
	return n, digits
}
