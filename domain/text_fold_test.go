package domain_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The letters of Latin scripts have the same results beside each other as beside a letter of another script.
func TestFoldTextFoldsLatinLettersAsOthers(t *testing.T) {
	const other = "中"
	for r := range rune(0x370) {
		for _, text := range []string{string(r), "a" + string(r) + "é", string(r) + string(r), "ß" + string(r) + "z"} {
			want, _ := strings.CutSuffix(domain.FoldText(text+other), other)
			if got := domain.FoldText(text); got != want {
				t.Errorf("FoldText(%q) = %q, want %q", text, got, want)
			}
		}
	}
}
