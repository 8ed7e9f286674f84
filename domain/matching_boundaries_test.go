package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTextsAreSimilarFromSixtyPercentOn(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"12 of 20 trigrams in common": {
			oldRow: rows{oldRow("a", text("LOJAS VISTA"))}, newRow: rows{newRow("b", text("LOJAS VISTA PADARIA"))},
			want: []string{"a>b similar_text"},
		},
		"12 of 22 trigrams in common": {
			oldRow: rows{oldRow("a", text("LOJAS VISTA"))}, newRow: rows{newRow("b", text("LOJAS VISTA MERCEARIA"))},
		},
		"a rival with 6 of 10 trigrams": {
			oldRow: rows{oldRow("a", text("MARIA SUL"))},
			newRow: rows{newRow("b", text("MARIA SUL AR")), newRow("c", text("MARIA NORTE"))},
		},
		"no rival with 6 of 11 trigrams": {
			oldRow: rows{oldRow("a", text("MARIA LIMA"))},
			newRow: rows{newRow("b", text("MARIA LIMA AR")), newRow("c", text("MARIA NORTE"))},
			want:   []string{"a>b similar_text"},
		},
	})
}

func TestNamesOfTransfersAreSimilarFromSixtyPercentOn(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"6 of 10 trigrams of the shorter name": {
			oldRow: rows{oldRow("a", text("PIX ENVIADO MARIA SUL"))},
			newRow: rows{newRow("b", text("PIX ENVIADO MARIA NORTE"))},
			want:   []string{"a>b similar_text"},
		},
		"6 of 11 trigrams of the shorter name": {
			oldRow: rows{oldRow("a", text("PIX ENVIADO MARIA LIMA"))},
			newRow: rows{newRow("b", text("PIX ENVIADO MARIA NORTE"))},
		},
		"a transfer without a name": {
			oldRow: rows{oldRow("a", text("PIX ENVIADO"))}, newRow: rows{newRow("b", text("PIX ENVIADO QR"))},
			want: []string{"a>b similar_text"},
		},
		"an old transfer, and another name in a new text": {
			oldRow: rows{oldRow("a", text("PIX ENVIADO JOAO SILVA"))},
			newRow: rows{newRow("b", text("SR PIX ENVIADO JOAO SOUZA"))},
		},
		"another name in an old text, and a new transfer": {
			oldRow: rows{oldRow("a", text("SR PIX ENVIADO JOAO SILVA"))},
			newRow: rows{newRow("b", text("PIX ENVIADO JOAO SOUZA"))},
		},
	})
}

// Two groups of identical rows are matched only if they have the same number of rows. With at most 16,384 pairs of
// rows, a row without a possible partner does not count towards this number. With more pairs, every row counts.
func TestRowsThatCannotMatchAreLeftOutOfGroupsWithFewPairs(t *testing.T) {
	for count, want := range map[int]int{127: 126, 128: 127, 129: 0} {
		in := domain.MatchInput{
			Old: append(identical(count-1, oldRow, "l"), oldRow("shown later", readBetween(1, 2))),
			New: append(identical(count-1, newRow, "c"), newRow("shown before", readBetween(1, 3))),
		}
		if got := len(domain.MatchRows(in)); got != want {
			t.Errorf("%d rows on each side: %d matches, want %d", count, got, want)
		}
	}
}

// Two rows with different end-to-end ids must be two movements. Other codes of the same form must not distinguish
// movements, because they may change when a movement is booked again.
func TestOnlyEndToEndIDsOfPaymentsAndReturnsTellMovementsApart(t *testing.T) {
	const first, second = "00000000202611101200AAAAAAAAAAA", "00000000202611101200BBBBBBBBBBB"
	runMatchCases(t, map[string]matchCase{
		"two payments": {
			oldRow: rows{oldRow("a", text("PIX E"+first))},
			newRow: rows{newRow("b", text("PIX E"+second))},
		},
		"two returns": {
			oldRow: rows{oldRow("a", text("PIX D"+first))},
			newRow: rows{newRow("b", text("PIX D"+second))},
		},
		"two other codes": {
			oldRow: rows{oldRow("a", text("PIX F"+first))}, newRow: rows{newRow("b", text("PIX F"+second))},
			want: []string{"a>b same_description"},
		},
	})
}
