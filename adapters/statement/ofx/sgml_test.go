package ofx_test

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// sgml is what a reader of OFX 1.x finds in a document.
type sgml struct {
	header map[string]string
	values map[string][]string // the texts of the elements without children, by name, in their order
}

var tag = regexp.MustCompile(`<(/?)([A-Z0-9.]+)>([^<]*)`)

// readSGML reads a document as ofxparse does, which Odoo and other programs use: it takes the encoding from the header
// of lines "NAME:VALUE", reads a document without one as ASCII, and ends an element at the next tag.
func readSGML(text string) (d sgml, err error) {
	d = sgml{map[string]string{}, map[string][]string{}}
	head, body, ok := strings.Cut(text, "<OFX>")
	if !ok {
		return d, errors.New("no element OFX")
	}
	for line := range strings.Lines(head) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			d.header[name] = value
		}
	}
	switch d.header["ENCODING"] {
	case "UTF-8", "UNICODE":
		if !utf8.ValidString(body) {
			return d, errors.New("not UTF-8")
		}
	default:
		if i := strings.IndexFunc(body, func(r rune) bool { return r > '~' }); i >= 0 {
			return d, fmt.Errorf("'ascii' codec can't decode byte in position %d", i)
		}
	}
	for _, found := range tag.FindAllStringSubmatch(body, -1) {
		if value := strings.TrimSpace(found[3]); found[1] == "" && value != "" {
			d.values[found[2]] = append(d.values[found[2]], html.UnescapeString(value))
		}
	}
	return d, nil
}

func TestSGMLFormat(t *testing.T) { porttest.TestStatementFormat(t, ofx.Format{SGML: true}) }

func TestAReaderOfOFX102ReadsTheDocument(t *testing.T) {
	s, records := porttest.SampleStatement()
	s.Bank, s.Branch = "001", "0001"
	records[0].Description, records[0].Counterparty = "PIX JOS\u00c9 & FILHOS <1>", "JOS\u00c9 & FILHOS"
	text := porttest.WriteSample(t, ofx.Format{SGML: true}, s, porttest.Records(records...))
	d, err := readSGML(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if d.header["OFXHEADER"] != "100" || d.header["VERSION"] != "102" || d.header["DATA"] != "OFXSGML" {
		t.Errorf("the header is %v", d.header)
	}
	for name, want := range map[string][]string{
		"BANKID": {"001"}, "BRANCHID": {"0001"}, "ACCTID": {"0001/12345-0"}, "CURDEF": {"BRL"},
		"TRNTYPE": {"CREDIT", "DEBIT", "CREDIT"}, "BALAMT": {"-104.25"},
		"FITID": {records[0].ID.String(), records[1].ID.String(), records[2].ID.String()},
	} {
		if diff := cmp.Diff(want, d.values[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if memo := d.values["MEMO"][0]; memo != records[0].Description {
		t.Errorf("the memo is %q", memo)
	}
	if name := d.values["NAME"][0]; name != records[0].Counterparty {
		t.Errorf("the name is %q", name)
	}
}

// The reader of this test must fail where ofxparse fails.
func TestAReaderOfOFX1DoesNotReadOFX22(t *testing.T) {
	s, records := porttest.SampleStatement()
	records[0].Description = "PIX JOS\u00c9"
	if _, err := readSGML(porttest.WriteSample(t, ofx.Format{}, s, porttest.Records(records...))); err == nil {
		t.Error("the reader reads a document in XML")
	}
}
