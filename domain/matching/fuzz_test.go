package matching_test

import (
	"testing"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// FuzzJudge parses two arbitrary texts. The verdict on a row and itself must be Same or Possible, and the verdict on
// two rows must not depend on the case of the letters.
func FuzzJudge(f *testing.F) {
	for _, pair := range loadPairs(f, "testdata/holdout.txt") {
		f.Add(pair.oldRow.Description, pair.newRow.Description)
	}
	f.Add("\xff\xfe", "\u0301\u0301")
	f.Add("\x80 AAA 11225799", "B 11225799") // a lost letter proves nothing
	f.Add("....//--::**", "00/00/0000 00:00 0/0")
	f.Fuzz(func(t *testing.T, a, b string) {
		oldRow, newRow := parseRow(t, "2026-11-10 P -47.31 BRL X"), parseRow(t, "2026-11-10 P -47.31 BRL X")
		oldRow.Description, newRow.Description = a, b
		verdict, findings := matching.Judge(oldRow, newRow, matching.Context{})
		for _, finding := range findings {
			if !utf8.ValidString(finding.Old) || !utf8.ValidString(finding.New) {
				t.Errorf("a finding is no valid UTF-8: %q", finding)
			}
		}
		back, _ := matching.Judge(newRow, oldRow, matching.Context{})
		if back != verdict {
			t.Errorf("%q, %q: %s, but %s the other way round", a, b, verdict, back)
		}
		newRow.Description = a
		if same, _ := matching.Judge(oldRow, newRow, matching.Context{}); same == matching.Other {
			t.Errorf("%q is another movement than itself", a)
		}
	})
}

// FuzzTextReferences checks that each reference is a part of the text from which it was read.
func FuzzTextReferences(f *testing.F) {
	f.Add("PIX E12345678202611101200abcDEF12345 CHEQUE 12345 12.ABC.345/01DE-35")
	f.Fuzz(func(t *testing.T, text string) {
		references, document := banktext.TextReferences(text), banktext.TextDocument(text)
		if n := len(references.EndToEndID); n != 0 && n != 32 {
			t.Errorf("%q: %q", text, references.EndToEndID)
		}
		if document.Type == domain.OtherDocument {
			t.Errorf("%q: %v", text, document)
		}
	})
}
