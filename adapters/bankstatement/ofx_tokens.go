package bankstatement

import (
	"html"
	"strconv"
	"strings"
)

// ofxToken is a tag of an OFX file, together with the text behind it.
type ofxToken struct {
	name  string // in capital letters
	close bool
	value string // of a leaf element: the text up to the next tag
	line  int
	start int // offset of the tag
}

// ofxTag is the beginning of a text that is a tag.
type ofxTag struct {
	name  string // as it is written
	close bool
	size  int // of the whole tag, in bytes
}

// ofxTagAt returns the tag at the beginning of a text: a name, and attributes after a white space. It uses no regular
// expression, because a file may consist of millions of tags.
func ofxTagAt(text string) (tag ofxTag, ok bool) {
	rest, found := strings.CutPrefix(text, "<")
	if !found {
		return tag, false
	}
	rest, tag.close = strings.CutPrefix(rest, "/")
	end := strings.IndexFunc(rest, func(r rune) bool { return !isOFXName(r) })
	if end <= 0 || !isASCIILetter(rune(rest[0])) {
		return tag, false
	}
	tag.name, rest = rest[:end], rest[end:]
	closing := strings.IndexAny(rest, "<>")
	if closing < 0 || rest[closing] != '>' || closing > 0 && !strings.ContainsRune(" \t\n\f\r", rune(rest[0])) {
		return tag, false
	}
	tag.size = len(text) - len(rest) + closing + 1
	return tag, true
}

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func isOFXName(r rune) bool { return isASCIILetter(r) || '0' <= r && r <= '9' || r == '.' || r == '_' }

// ofxTokens reads the tags of an OFX file, which is SGML whose leaf elements need no end tag, or XML.
type ofxTokens struct {
	text string
	at   int
	line int
	// newline is the character that ends a line.
	newline string
	// err is the reason why the file cannot be read.
	err string
}

// newOFXTokens returns the tags of a text, whose lines may end with CR alone.
func newOFXTokens(text string) ofxTokens {
	t := ofxTokens{text: text, line: 1, newline: "\n"}
	if !strings.Contains(text, "\n") {
		t.newline = "\r"
	}
	return t
}

// next returns the next tag. ok is false at the end of the file, and if err is set.
func (t *ofxTokens) next() (token ofxToken, ok bool) {
	for t.err == "" {
		open := strings.IndexByte(t.text[t.at:], '<')
		if open < 0 {
			return token, false
		}
		t.skip(open)
		if t.special() {
			continue
		}
		tag, isTag := ofxTagAt(t.text[t.at:min(len(t.text), t.at+maxTag)])
		if !isTag {
			t.skip(1)
			continue
		}
		token = ofxToken{name: strings.ToUpper(tag.name), close: tag.close, line: t.line, start: t.at}
		t.skip(tag.size)
		if !token.close && ofxLeaves[token.name] {
			token.value = t.value(token.name)
		}
		return token, true
	}
	return token, false
}

// maxTag is the maximum length of a tag in bytes.
const maxTag = 512

// skip moves forward by a number of bytes.
func (t *ofxTokens) skip(n int) {
	t.line += strings.Count(t.text[t.at:t.at+n], t.newline)
	t.at += n
}

// special skips a comment or a processing instruction. A document type is an error.
func (t *ofxTokens) special() bool {
	rest := t.text[t.at:]
	for _, mark := range []struct{ begin, end string }{{"<!--", "-->"}, {"<?", "?>"}, {"<![CDATA[", "]]>"}} {
		if !strings.HasPrefix(rest, mark.begin) {
			continue
		}
		end := strings.Index(rest, mark.end)
		if end < 0 {
			t.err = mark.begin + " has no end"
			return true
		}
		t.skip(end + len(mark.end))
		return true
	}
	if strings.HasPrefix(rest, "<!") {
		t.err = "document types and entities are not allowed"
		return true
	}
	return false
}

// value returns the text of a leaf element. In a text element, tags that OFX does not know are part of the text.
func (t *ofxTokens) value(name string) string {
	start := t.at
	var cdata strings.Builder
	for {
		open := strings.IndexByte(t.text[t.at:], '<')
		if open < 0 {
			t.skip(len(t.text) - t.at)
			break
		}
		t.skip(open)
		rest := t.text[t.at:]
		if strings.HasPrefix(rest, "<![CDATA[") {
			end := strings.Index(rest, "]]>")
			if end < 0 {
				t.err = "<![CDATA[ has no end"
				return ""
			}
			cdata.WriteString(rest[len("<![CDATA["):end])
			t.skip(end + len("]]>"))
			start = t.at
			continue
		}
		tag, isTag := ofxTagAt(rest[:min(len(rest), maxTag)])
		isText := isOFXText(name) && !ofxKnown(strings.ToUpper(tag.name))
		if !isTag && !strings.HasPrefix(rest, "<!") || isTag && isText {
			t.skip(1)
			continue
		}
		break
	}
	value := cdata.String() + unescapeOFX(t.text[start:t.at])
	return strings.Join(strings.Fields(value), " ")
}

// unescapeOFX decodes the entities of a text. Any other "&" stays as it is.
func unescapeOFX(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	var decoded strings.Builder
	for {
		before, rest, found := strings.Cut(text, "&")
		decoded.WriteString(before)
		if !found {
			return decoded.String()
		}
		name, after, ended := strings.Cut(rest[:min(len(rest), maxEntity)], ";")
		if text = rest; !ended || !isOFXEntity(name) {
			decoded.WriteByte('&')
			continue
		}
		decoded.WriteString(html.UnescapeString("&" + name + ";"))
		text = rest[len(rest[:min(len(rest), maxEntity)])-len(after):]
	}
}

// maxEntity is the maximum length of an entity in bytes, without "&": that of #1234567; and #x10FFFF;.
const maxEntity = len("#1234567;")

// isOFXEntity reports whether the name is that of an entity that is decoded.
func isOFXEntity(name string) bool {
	switch name {
	case "amp", "lt", "gt", "quot", "apos", "nbsp":
		return true
	}
	number, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(strings.ToLower(number), "x"); isHex {
		number, base = hex, 16
	}
	_, err := strconv.ParseUint(number, base, 32)
	return ok && err == nil
}

func isOFXText(name string) bool { return name == "MEMO" || name == "NAME" || name == "MESSAGE" }

// ofxKnown reports whether a name is one of OFX, or an extension of it.
func ofxKnown(name string) bool {
	return ofxLeaves[name] || ofxAggregates[name] || strings.Contains(name, ".") || strings.HasSuffix(name, "MSGSRSV1")
}

func nameSet(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

// ofxLeaves are the elements whose text is read, or which may stand between them.
var ofxLeaves = nameSet(`TRNTYPE DTPOSTED DTUSER DTAVAIL TRNAMT FITID CORRECTFITID CORRECTACTION SRVRTID CHECKNUM REFNUM
	SIC PAYEEID NAME EXTDNAME MEMO INV401KSOURCE CURRATE CURSYM CURDEF BANKID BRANCHID ACCTID ACCTTYPE ACCTKEY
	DTSTART DTEND BALAMT DTASOF DTSERVER LANGUAGE ORG FID CODE SEVERITY MESSAGE TRNUID CLTCOOKIE DESC BALTYPE VALUE
	MKTGINFO ADDR1 ADDR2 ADDR3 CITY STATE POSTALCODE COUNTRY PHONE DTPROFUP DTACCTUP SESSCOOKIE USERKEY DTEXPIRE
	DTTRAN`)

// ofxAggregates are the elements that contain elements.
var ofxAggregates = nameSet(`OFX SIGNONMSGSRSV1 SONRS STATUS FI BANKMSGSRSV1 CREDITCARDMSGSRSV1 STMTTRNRS CCSTMTTRNRS
	STMTRS CCSTMTRS BANKACCTFROM CCACCTFROM BANKTRANLIST BANKTRANLISTP STMTTRN STMTTRNP LEDGERBAL AVAILBAL BALLIST BAL
	BANKACCTTO CCACCTTO CURRENCY ORIGCURRENCY PAYEE IMAGEDATA INVSTMTRS INVSTMTTRNRS CASHADVBALAMT LOANACCTFROM
	LOANACCTTO`)
