package bankstatement

import (
	"html"
	"regexp"
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

// ofxTag matches a tag at the beginning of a text.
var ofxTag = regexp.MustCompile(`^<(/?)([A-Za-z][A-Za-z0-9._]*)\s*(?:\s[^<>]*)?>`)

// ofxEntity matches the entities that are decoded. A raw "&" stays as it is.
var ofxEntity = regexp.MustCompile(`&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});`)

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
		m := ofxTag.FindStringSubmatch(t.text[t.at:min(len(t.text), t.at+maxTag)])
		if m == nil {
			t.skip(1)
			continue
		}
		token = ofxToken{name: strings.ToUpper(m[2]), close: m[1] != "", line: t.line, start: t.at}
		t.skip(len(m[0]))
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
		m := ofxTag.FindStringSubmatch(rest[:min(len(rest), maxTag)])
		if m == nil && !strings.HasPrefix(rest, "<!") || m != nil && isOFXText(name) &&
			!ofxKnown(strings.ToUpper(m[2])) {
			t.skip(1)
			continue
		}
		break
	}
	value := cdata.String() + unescapeOFX(t.text[start:t.at])
	return strings.Join(strings.Fields(value), " ")
}

func unescapeOFX(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	return ofxEntity.ReplaceAllStringFunc(text, html.UnescapeString)
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
	MKTGINFO ADDR1 ADDR2 ADDR3 CITY STATE POSTALCODE COUNTRY PHONE DTPROFUP DTACCTUP SESSCOOKIE USERKEY DTEXPIRE`)

// ofxAggregates are the elements that contain elements.
var ofxAggregates = nameSet(`OFX SIGNONMSGSRSV1 SONRS STATUS FI BANKMSGSRSV1 CREDITCARDMSGSRSV1 STMTTRNRS CCSTMTTRNRS
	STMTRS CCSTMTRS BANKACCTFROM CCACCTFROM BANKTRANLIST BANKTRANLISTP STMTTRN STMTTRNP LEDGERBAL AVAILBAL BALLIST BAL
	BANKACCTTO CCACCTTO CURRENCY ORIGCURRENCY PAYEE IMAGEDATA INVSTMTRS INVSTMTTRNRS CASHADVBALAMT LOANACCTFROM
	LOANACCTTO`)
