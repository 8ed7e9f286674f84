package camt053_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// children maps the name of an element to a regular expression for the names of its child elements. If an element has
// different children in different parents, the key is "parent/name".
var children = map[string]string{
	"":           "Document",
	"Document":   "BkToCstmrStmt",
	"GrpHdr":     "MsgId CreDtTm",
	"FrToDt":     "FrDtTm ToDtTm",
	"Acct":       "Id Ccy( Nm)? Svcr",
	"Svcr":       "FinInstnId",
	"FinInstnId": "Othr",
	"Bal":        "Tp Amt CdtDbtInd Dt",
	"Tp":         "CdOrPrtry",
	"CdOrPrtry":  "Cd",
	"TxsSummry":  "TtlNtries TtlCdtNtries TtlDbtNtries",
	"TtlNtries":  "NbOfNtries Sum TtlNetNtry",
	"TtlNetNtry": "Amt CdtDbtInd",
	"Ntry":       "Amt CdtDbtInd Sts BookgDt ValDt AcctSvcrRef BkTxCd NtryDtls( AddtlNtryInf)?",
	"Sts":        "Cd",
	"BkTxCd":     "Domn",
	"Domn":       "Cd Fmly",
	"Fmly":       "Cd SubFmlyCd",
	"NtryDtls":   "TxDtls",
	"TxDtls":     "Refs( AmtDtls)?( RltdPties)?( RmtInf)?",
	"Refs":       "AcctSvcrRef( EndToEndId)?( TxId)?",
	"AmtDtls":    "InstdAmt",
	"InstdAmt":   "Amt",
	"RltdPties":  "Dbtr|Cdtr",
	"RmtInf":     "(Ustrd)?( Ustrd)* ?(Strd)?",
	"Strd":       "(CdtrRefInf)? ?(AddtlRmtInf)?",
	"CdtrRefInf": "Ref",

	"Acct/Id":         "Othr",
	"Id/Othr":         "Id",
	"FinInstnId/Othr": "Id",
	"Dbtr":            "Pty",
	"Cdtr":            "Pty",
	"Pty":             "(Nm)? ?(Id)?",
	"Pty/Id":          "OrgId|PrvtId",
	"OrgId":           "Othr",
	"PrvtId":          "Othr",
	"OrgId/Othr":      "Id SchmeNm",
	"PrvtId/Othr":     "Id SchmeNm",
	"SchmeNm":         "Prtry",
	"Bal/Dt":          "Dt",
	"BookgDt":         "Dt",
	"ValDt":           "Dt",
	"TtlCdtNtries":    "NbOfNtries Sum",
	"TtlDbtNtries":    "NbOfNtries Sum",
	"BkToCstmrStmt":   "GrpHdr Stmt",
	"Stmt":            "Id CreDtTm FrToDt Acct Bal Bal TxsSummry( Ntry)*",
}

// texts maps the names of elements to regular expressions for the texts in these elements. A key can also have the form
// "parent/name" or "grandparent/parent/name"; the longest key that applies is used.
var texts = map[string]string{
	"MsgId":   ".{1,35}",
	"Stmt/Id": ".{1,35}",
	// GenericAccountIdentification1 has Max34Text, GenericOrganisationIdentification1 and GenericPersonIdentification1
	// have Max35Text.
	"Othr/Id":        ".{1,34}",
	"OrgId/Othr/Id":  ".{1,35}",
	"PrvtId/Othr/Id": ".{1,35}",
	"AcctSvcrRef":    ".{1,35}",
	"EndToEndId":     ".{1,35}",
	"TxId":           ".{1,35}",
	"Prtry":          ".{1,35}",
	"Acct/Nm":        ".{1,70}",
	"Pty/Nm":         ".{1,140}",
	"Ref":            ".{1,35}",
	"AddtlRmtInf":    ".{1,140}",
	"Ustrd":          ".{1,140}",
	"AddtlNtryInf":   ".{1,500}",
	"CreDtTm":        dateTimes,
	"FrDtTm":         dateTimes,
	"ToDtTm":         dateTimes,
	"Dt/Dt":          dates,
	"BookgDt/Dt":     dates,
	"ValDt/Dt":       dates,
	"Amt":            amounts,
	"Sum":            amounts,
	"NbOfNtries":     "[0-9]{1,15}",
	"CdtDbtInd":      "CRDT|DBIT",
	"Ccy":            "[A-Z]{3}",
	"CdOrPrtry/Cd":   "OPBD|CLBD",
	"Sts/Cd":         "BOOK",
	"Domn/Cd":        codes,
	"Fmly/Cd":        codes,
	"SubFmlyCd":      codes,
}

const (
	dates     = `\d{4}-\d{2}-\d{2}`
	dateTimes = dates + `T\d{2}:\d{2}:\d{2}Z`
	amounts   = `\d{1,18}(\.\d{1,5})?`
	codes     = "[A-Z]{4}"
)

// node is an element of a document.
type node struct {
	name, currency, text string
	children             []*node
}

// check returns an error if the element does not follow the rules in children and texts. The argument parents has the
// names of the elements that contain it, the outermost first.
func (n *node) check(parents ...string) error {
	path := append(slices.Clone(parents), n.name)
	rule := func(rules map[string]string) string {
		for i := range path {
			if specific, ok := rules[strings.Join(path[i:], "/")]; ok {
				return specific
			}
		}
		return ""
	}
	parent := strings.Join(parents, "/")
	follows := func(rule, text string) bool { return regexp.MustCompile(`(?s)^(?:` + rule + `)$`).MatchString(text) }
	inner := rule(children)
	if inner == "" {
		want := rule(texts)
		if len(n.children) > 0 || want == "" || !follows(want, n.text) {
			return fmt.Errorf("%s/%s has the text %q, want %q", parent, n.name, n.text, want)
		}
		money := n.name == "Amt" && !strings.HasSuffix(parent, "TtlNetNtry")
		if money != follows("[A-Z]{3}", n.currency) || n.name == "Amt" && len(strings.Trim(n.text, ".0")) > 19 {
			return fmt.Errorf("%s/%s is %q with the currency %q", parent, n.name, n.text, n.currency)
		}
		return nil
	}
	names := make([]string, len(n.children))
	for i, child := range n.children {
		names[i] = child.name
		if err := child.check(path...); err != nil {
			return err
		}
	}
	if got := strings.Join(names, " "); !follows(inner, got) || strings.TrimSpace(n.text) != "" {
		return fmt.Errorf("%s/%s has the children %q and the text %q, want %q", parent, n.name, got, n.text, inner)
	}
	return nil
}

// parse parses an XML document. It returns a node without a name, whose only child is the root element of the
// document.
func parse(text string) (*node, error) {
	open := []*node{{}}
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return open[0], nil
		}
		if err != nil {
			return nil, err
		}
		inner := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name.Local}
			for _, a := range t.Attr {
				if a.Name.Local == "Ccy" {
					n.currency = a.Value
				}
			}
			inner.children = append(inner.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			inner.text += string(t)
		}
	}
}

// The schema is not in the repository: we found no licence that permits its distribution. The rules above cover the
// elements that this package writes. The rules were checked once: 200 documents of this test were also valid according
// to the schema.
func TestADocumentFollowsTheMessageDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := drawDocument(t)
		root, err := parse(document)
		if err == nil {
			err = root.check()
		}
		if err != nil {
			t.Errorf("%v: %s", err, document)
		}
	})
}

// drawDocument returns the document of a statement with at most three records and all kinds of texts and amounts.
func drawDocument(t *rapid.T) string {
	s, records := porttest.SampleStatement()
	amount := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		const most = 1e18 - 1
		return decimal.New(rapid.Int64Range(-most, most).Draw(t, "digits"), -rapid.Int32Range(0, 5).Draw(t, "scale"))
	})
	long := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.StringN(0, 20, -1).Draw(t, "text"), rapid.IntRange(1, 50).Draw(t, "times"))
	})
	s.Account.Name, s.Account.Number = long.Draw(t, "account name"), long.Draw(t, "account number")
	s.Balances.Opening, s.Balances.Closing = amount.Draw(t, "opening"), amount.Draw(t, "closing")
	records = records[:rapid.IntRange(0, len(records)).Draw(t, "records")]
	for i := range records {
		r := &records[i]
		r.Amount = amount.Draw(t, "amount")
		r.Description = long.Draw(t, "description")
		r.Counterparty = long.Draw(t, "counterparty")
		r.References = domain.References{
			EndToEndID: long.Draw(t, "end-to-end id"), TransactionID: long.Draw(t, "id"), TxID: long.Draw(t, "charge"),
			Barcode: rapid.SampledFrom([]string{"", "99991163200000210000444000457220000012345678"}).Draw(t, "barcode"),
		}
		r.CounterpartyDocument = domain.NewPartyDocument(long.Draw(t, "document"))
		r.Original = nil
		if rapid.Bool().Draw(t, "converted") {
			r.Original = &domain.Money{Amount: amount.Draw(t, "original"), Currency: "USD"}
		}
	}
	var b strings.Builder
	if err := (camt053.Format{}).Write(&b, s, porttest.Records(records...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
