package bankstatement

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// declaredEncodings are the encodings that an XML declaration may name, besides those that the bytes show.
var declaredEncodings = map[string]*charmap.Charmap{
	"iso-8859-2": charmap.ISO8859_2, "iso-8859-15": charmap.ISO8859_15, "windows-1250": charmap.Windows1250,
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]+)["']`)

// decode returns the content as UTF-8, without a byte order mark, and the name of its encoding. The bytes decide,
// because the headers of many files name another encoding: a byte order mark, then valid UTF-8, then the declaration of
// an XML document, then Windows-1252. Single bytes of Windows-1252 in a text that is UTF-8 otherwise are decoded, too.
func decode(content []byte) (text, name string, refusal *witness.Refusal) {
	if refusal = refuseBytes(content); refusal != nil {
		return "", "", refusal
	}
	content, marked := bytes.CutPrefix(content, []byte("\xEF\xBB\xBF"))
	name = "utf-8"
	var decoder *encoding.Decoder
	switch {
	case bytes.HasPrefix(content, []byte("\xFF\xFE")):
		name, decoder = "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
	case bytes.HasPrefix(content, []byte("\xFE\xFF")):
		name, decoder = "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder()
	case isASCII(content):
		name = "ascii"
	case !utf8.Valid(content):
		declared := ""
		if m := xmlEncoding.FindSubmatch(content[:min(len(content), 200)]); m != nil {
			declared = strings.ToLower(string(m[1]))
		}
		switch c := declaredEncodings[declared]; {
		case c != nil:
			name, decoder = declared, c.NewDecoder()
		case marked || isMostlyUTF8(content):
			content = repairUTF8(content)
		default:
			name, decoder = "windows-1252", charmap.Windows1252.NewDecoder()
		}
	}
	if decoder != nil {
		decoded, err := decoder.Bytes(content)
		if err != nil {
			return "", "", &witness.Refusal{Code: witness.NotText, Message: "the text cannot be decoded"}
		}
		content = decoded
	}
	if at := bytes.IndexByte(content, 0); at >= 0 {
		return "", "", &witness.Refusal{
			Code: witness.NotText, Line: 1 + bytes.Count(content[:at], []byte("\n")),
			Message: "the file contains a NUL byte, so it is no text",
		}
	}
	// A file may end with the end-of-file mark of MS-DOS.
	text = strings.TrimRight(string(content), "\x1A")
	if strings.TrimSpace(text) == "" {
		return "", "", &witness.Refusal{Code: witness.EmptyFile, Message: "the file is empty"}
	}
	return text, name, nil
}

// isMostlyUTF8 reports whether more characters beyond ASCII are encoded in UTF-8 than not.
func isMostlyUTF8(content []byte) bool {
	valid, invalid := 0, 0
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		switch {
		case r == utf8.RuneError && size == 1:
			invalid++
		case size > 1:
			valid++
		}
		content = content[size:]
	}
	return valid > invalid
}

// repairUTF8 returns the text with the bytes that are no UTF-8 read as Windows-1252.
func repairUTF8(content []byte) []byte {
	repaired := make([]byte, 0, len(content)+utf8.UTFMax)
	for len(content) > 0 {
		r, size := utf8.DecodeRune(content)
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(content[0])
		}
		repaired, content = utf8.AppendRune(repaired, r), content[size:]
	}
	return repaired
}

func isASCII(content []byte) bool {
	return !bytes.ContainsFunc(content, func(r rune) bool { return r >= utf8.RuneSelf })
}

// textLine is a line of a text with its number.
type textLine struct {
	text   string
	number int
}

// splitLines returns the lines of a text. A line ends with LF, CR LF, or CR alone.
func splitLines(text string) []textLine {
	ends := strings.Count(text, "\n") + strings.Count(text, "\r") - strings.Count(text, "\r\n")
	lines := make([]textLine, 0, 1+ends)
	begin := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '\n' && text[i] != '\r' {
			continue
		}
		lines = append(lines, textLine{text[begin:i], len(lines) + 1})
		if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
		}
		begin = i + 1
	}
	if begin < len(text) {
		lines = append(lines, textLine{text[begin:], len(lines) + 1})
	}
	return lines
}
