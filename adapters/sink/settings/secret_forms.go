package settings

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	minSecret = 4 // characters; a shorter secret occurs in ordinary words by chance
	minPart   = 6 // characters of a part of a value that is taken for a secret
)

// place says where a form of a secret is looked for.
type place int

const (
	anywhere   place = iota
	insideWord       // anywhere, and the whole word around it is hidden
	asWord           // only where it is a whole word
)

// form is a text by which a secret can be recognised, folded and without NUL bytes like the text of a view.
type form struct {
	text  []byte
	where place
}

// formsOf returns the forms of a secret, without the encodings that viewsOf decodes.
func formsOf(secret string) (forms []form) {
	seen := map[string]bool{}
	add := func(text string, where place) {
		folded := fold(bytes.ReplaceAll([]byte(text), nul, nil))
		if len(folded) > 0 && !seen[string(folded)] {
			seen[string(folded)] = true
			forms = append(forms, form{folded, where})
		}
	}
	for _, value := range partsOf(secret) {
		short := utf8.RuneCountInString(value) < minSecret
		where, whereEncoded := anywhere, anywhere
		if short {
			where, whereEncoded = insideWord, asWord
		}
		add(value, where)
		add(fromLatin1(value), where)
		for _, text := range []string{value, strings.ToLower(value), strings.ToUpper(value)} {
			add(toLatin1(text), where)
			add(hex.EncodeToString([]byte(text)), whereEncoded)
			for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				encoded := encoding.EncodeToString([]byte(text))
				add(encoded, whereEncoded)
				add(strings.TrimRight(encoded, "="), whereEncoded)
				for _, part := range base64Parts(encoding, text) {
					add(part, anywhere)
				}
			}
		}
	}
	return forms
}

// base64Parts returns what the base64 of a longer text contains if the text contains this one, for each of the three
// places at which the text can begin in a group. A short text has none.
func base64Parts(encoding *base64.Encoding, text string) (parts []string) {
	if len(text) < minSecret {
		return nil
	}
	for before, skipped := range []int{0, 2, 3} { // characters that depend on the bytes before the text
		encoded := encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		whole := (before + len(text)) * 8 / 6 // characters that do not depend on the bytes after the text
		parts = append(parts, encoded[skipped:whole])
	}
	return parts
}

// schemes are the names of authentication schemes, in lower case. They are no secrets.
var schemes = []string{"apikey", "basic", "bearer", "digest", "hmac", "negotiate", "signature", "token"}

// partsOf returns the texts of a secret that a receiver can take for the secret:
//
//   - the whole text,
//   - the credentials after the scheme, and for Basic the user with the password, and the password,
//   - the parts between separators that have at least six characters,
//   - what each of these is if it was encoded for a URL or as base64.
func partsOf(secret string) (parts []string) {
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	whole := strings.TrimSpace(secret)
	add(whole)
	scheme, credentials, _ := strings.Cut(whole, " ")
	credentials = strings.TrimSpace(credentials)
	isScheme := credentials != "" && slices.Contains(schemes, strings.ToLower(scheme))
	if isScheme || utf8.RuneCountInString(credentials) >= minPart {
		add(credentials)
	}
	if login, ok := fromBase64(credentials); ok && strings.EqualFold(scheme, "basic") {
		add(login)
		_, password, _ := strings.Cut(login, ":")
		add(password)
	}
	if isScheme {
		whole = credentials
	}
	for part := range strings.FieldsFuncSeq(whole, isSeparator) {
		if utf8.RuneCountInString(part) >= minPart {
			add(part)
		}
	}
	for _, part := range slices.Clone(parts) {
		for _, unescape := range []func(string) (string, error){url.QueryUnescape, url.PathUnescape} {
			if text, err := unescape(part); err == nil && utf8.RuneCountInString(strings.TrimSpace(text)) >= minSecret {
				add(text)
			}
		}
		if text, ok := fromBase64(part); ok && len(text) >= minPart {
			add(text)
		}
	}
	return parts
}

// isSeparator reports whether r separates the parts of a value.
func isSeparator(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`,;=:&"'`, r) }

// fromBase64 decodes base64 of either alphabet, with or without padding.
func fromBase64(text string) (string, bool) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	return string(decoded), err == nil
}

// fromLatin1 returns the UTF-8 of a text whose bytes a receiver has read as ISO 8859-1.
func fromLatin1(text string) string {
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// toLatin1 returns the text in ISO 8859-1, or "" if it has other characters.
func toLatin1(text string) string {
	var b []byte
	for _, r := range text {
		if r > 0xff {
			return ""
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// fold returns the text in lower case. The result has as many bytes, so a character whose lower case has another length
// stays. Upper and lower case of a character are therefore folded alike only if their lengths agree.
func fold(text []byte) []byte {
	folded := slices.Clone(text)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if lower := unicode.ToLower(r); r != utf8.RuneError && utf8.RuneLen(lower) == size {
			utf8.EncodeRune(folded[i:], lower)
		}
		i += size
	}
	return folded
}
