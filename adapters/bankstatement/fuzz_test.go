package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// FuzzRead reads arbitrary bytes in each format. Every block has a kind; a refused one has its text and a reason.
func FuzzRead(f *testing.F) {
	for _, content := range samples(f) {
		f.Add(content, "")
	}
	f.Add([]byte(newCNAB(debitSegment, creditSegment).String()), "cnab240")
	f.Add([]byte(mt940(":60F:C260831EUR100,00", ":61:2609020902D10,00NTRFNONREF", ":62F:C260930EUR90,00")), "mt940")
	f.Fuzz(func(t *testing.T, content []byte, format string) {
		file := bankstatement.Reader{}.Read(content, witness.Options{Format: witness.Format(format)})
		if file.Refusal != nil {
			if file.Refusal.Message == "" || len(file.Statements) > 0 {
				t.Errorf("the refusal is %+v, with %d statements", file.Refusal, len(file.Statements))
			}
			return
		}
		if len(file.Statements) == 0 {
			t.Error("a file is read and has no statement")
		}
		for _, s := range file.Statements {
			checkStatement(t, s)
		}
	})
}

func checkStatement(t *testing.T, s witness.Statement) {
	t.Helper()
	c := s.Counts()
	if c.Blocks != c.Lines+c.BalanceRows+c.Apart+c.Refused || c.Blocks != len(s.Blocks()) {
		t.Errorf("the counts are %+v of %d blocks", c, len(s.Blocks()))
	}
	for _, b := range s.Blocks() {
		switch {
		case b.Kind == witness.Line && (b.Date == "" || b.Reason != ""):
			t.Errorf("a line is %+v", b)
		case b.Kind == witness.Refused && (b.Reason == "" || len(b.Raw) > witness.MaxRaw):
			t.Errorf("a refused block is %+v", b)
		}
	}
	p := witness.Prove(s)
	if p.Closing.State == witness.Proved && p.Closing.Amount == nil {
		t.Errorf("the closing balance is proved and unknown: %+v", p)
	}
	for i, w := range p.Covered {
		if w.From > w.To || i > 0 && w.From <= p.Covered[i-1].To {
			t.Errorf("covered are %v", p.Covered)
		}
	}
	in := witness.Input{Statement: s, Records: recordsOf(s, "fuzz", 0)}
	if verdict := witness.Compare(in).Verdict; c.Refused > 0 && verdict == witness.Agrees {
		t.Errorf("a statement with refused blocks agrees")
	}
}

// FuzzAmountOfARow reads arbitrary amounts of a CSV row. An amount is either refused, or the exact value of its digits.
func FuzzAmountOfARow(f *testing.F) {
	for _, seed := range []string{"-1.234,56", "1,234.56", "(5.00)", "R$ 1,00-", "1.234", "0,5", "- 160,00", "12"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\";\r\n\x00\x1a") {
			return
		}
		content := table(interTitles, "01/09/2026;Pix;B;"+text+";")
		file := bankstatement.Reader{}.Read([]byte(content), witness.Options{})
		if file.Refusal != nil {
			return
		}
		b := file.Statements[0].Blocks()[0]
		if b.Kind != witness.Line {
			return
		}
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, text)
		want, err := decimal.NewFromString("0" + digits)
		if err != nil {
			t.Fatal(err)
		}
		coefficient := b.Amount.Abs().Shift(int32(len(digits)))
		for range len(digits) + 1 {
			if coefficient.Equal(want) {
				return
			}
			coefficient = coefficient.Shift(-1)
		}
		t.Errorf("%q is read as %s", text, b.Amount)
	})
}
