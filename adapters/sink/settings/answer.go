package settings

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// hiddenSecret replaces a secret in the text of an answer.
const hiddenSecret = "…"

// WithoutSecrets returns the body of an answer with "…" instead of each secret. A secret is hidden:
//
//   - as a whole, and each part of it that can be the secret itself (see partsOf),
//   - in upper and lower case, in base64 and in hexadecimal digits,
//   - if any of these is encoded for a URL, HTML or JSON, up to three times (see viewsOf),
//   - if the body, or a part of it, is UTF-16.
//
// A secret of fewer than four characters occurs in ordinary words by chance. Dots inside such a word would show which
// characters the secret has. Therefore each word that contains it is hidden as a whole.
//
// If the body is cut, its end is hidden if it can be the beginning of a secret.
func WithoutSecrets(body []byte, cut bool, secrets []domain.Secret) []byte {
	if len(body) == 0 {
		return body
	}
	var forms []form
	for _, secret := range secrets {
		forms = append(forms, formsOf(string(secret.Reveal()))...)
	}
	var hidden []span
	for _, v := range viewsOf(body, cut) {
		for _, f := range forms {
			hidden = append(hidden, v.find(body, f)...)
			if cut {
				hidden = append(hidden, v.beginning(f, len(body))...)
			}
		}
	}
	return without(body, hidden)
}

// span is the range of bytes of a body from begin to before end.
type span struct{ begin, end int }

// without returns the body with "…" instead of each of the spans. Spans that overlap are one.
func without(body []byte, hidden []span) []byte {
	domain.SortLarge(hidden, func(a, b span) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return b.end - a.end
	})
	var shown []byte
	end := 0
	for i, h := range hidden {
		if i == 0 || h.begin >= end {
			shown = append(append(shown, body[end:h.begin]...), hiddenSecret...)
		}
		end = max(end, h.end)
	}
	return append(shown, body[end:]...)
}

// find returns where the view contains the form, as spans of the body.
func (v view) find(body []byte, f form) (found []span) {
	for from := 0; ; {
		i := bytes.Index(v.text[from:], f.text)
		if i < 0 {
			return found
		}
		i += from
		from = i + 1
		s := span{v.begin[i], v.end[i+len(f.text)-1]}
		switch {
		case f.where == insideWord:
			s = wordAround(body, s)
			for from < len(v.text) && v.end[from] <= s.end { // the word is hidden already
				from++
			}
		case f.where == asWord && !isWord(body, s):
			continue
		}
		found = append(found, s)
	}
}

// beginning returns the span of the longest end of the view that is the beginning of the form, if there is one. The
// span reaches to the end of the body, which is cut. The view may end inside a character.
func (v view) beginning(f form, end int) []span {
	for _, text := range [][]byte{v.text, wholeRunes(v.text)} {
		for n := min(len(f.text)-1, len(text)); n > 0; n-- {
			if i := len(text) - n; bytes.HasPrefix(f.text, text[i:]) {
				return []span{{v.begin[i], end}}
			}
		}
	}
	return nil
}

// wholeRunes returns the text without the incomplete UTF-8 of a character at its end.
func wholeRunes(text []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if i := len(text) - n; utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

// wordAround returns the span with the letters and digits before and after it.
func wordAround(body []byte, s span) span {
	for n := lastOfWord(body[:s.begin]); n > 0; n = lastOfWord(body[:s.begin]) {
		s.begin -= n
	}
	for n := firstOfWord(body[s.end:]); n > 0; n = firstOfWord(body[s.end:]) {
		s.end += n
	}
	return s
}

// isWord reports whether there is no letter or digit beside the span.
func isWord(body []byte, s span) bool {
	return lastOfWord(body[:s.begin]) == 0 && firstOfWord(body[s.end:]) == 0
}

// firstOfWord returns the length of the first character if it is a letter, a mark or a digit, otherwise 0. NUL bytes
// before the character belong to it.
func firstOfWord(text []byte) int {
	rest := bytes.TrimLeft(text, "\x00")
	r, size := utf8.DecodeRune(rest)
	if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
		return 0
	}
	return len(text) - len(rest) + size
}

// lastOfWord does what firstOfWord does, for the last character and the NUL bytes after it.
func lastOfWord(text []byte) int {
	rest := bytes.TrimRight(text, "\x00")
	r, size := utf8.DecodeLastRune(rest)
	if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
		return 0
	}
	return len(text) - len(rest) + size
}
