package domain_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestTextsAreSimilarFromSixtyPercentOn(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"12 of 20 trigrams in common": {
			left: rows{left("a", text("LOJAS VISTA"))}, came: rows{came("b", text("LOJAS VISTA PADARIA"))},
			want: []string{"a>b similar_text"},
		},
		"12 of 22 trigrams in common": {
			left: rows{left("a", text("LOJAS VISTA"))}, came: rows{came("b", text("LOJAS VISTA MERCEARIA"))},
		},
		"a rival with 6 of 10 trigrams": {
			left: rows{left("a", text("MARIA SUL"))},
			came: rows{came("b", text("MARIA SUL AR")), came("c", text("MARIA NORTE"))},
		},
		"no rival with 6 of 11 trigrams": {
			left: rows{left("a", text("MARIA LIMA"))},
			came: rows{came("b", text("MARIA LIMA AR")), came("c", text("MARIA NORTE"))},
			want: []string{"a>b similar_text"},
		},
	})
}

func TestNamesOfTransfersAreSimilarFromSixtyPercentOn(t *testing.T) {
	runMatchCases(t, map[string]matchCase{
		"6 of 10 trigrams of the shorter name": {
			left: rows{left("a", text("PIX ENVIADO MARIA SUL"))},
			came: rows{came("b", text("PIX ENVIADO MARIA NORTE"))},
			want: []string{"a>b similar_text"},
		},
		"6 of 11 trigrams of the shorter name": {
			left: rows{left("a", text("PIX ENVIADO MARIA LIMA"))},
			came: rows{came("b", text("PIX ENVIADO MARIA NORTE"))},
		},
		"a transfer without a name": {
			left: rows{left("a", text("PIX ENVIADO"))}, came: rows{came("b", text("PIX ENVIADO QR"))},
			want: []string{"a>b similar_text"},
		},
		"a transfer that left, and another name in a text that came": {
			left: rows{left("a", text("PIX ENVIADO JOAO SILVA"))},
			came: rows{came("b", text("SR PIX ENVIADO JOAO SOUZA"))},
		},
		"another name in a text that left, and a transfer that came": {
			left: rows{left("a", text("SR PIX ENVIADO JOAO SILVA"))},
			came: rows{came("b", text("PIX ENVIADO JOAO SOUZA"))},
		},
	})
}

// A removed row must not count in the comparison of the sizes of two groups if it cannot be matched with any new row.
// The same applies to a new row that cannot be matched with any removed row. This holds only for groups with at most
// 16,384 pairs of rows.
func TestRowsThatCannotMatchAreLeftOutOfGroupsWithFewPairs(t *testing.T) {
	for count, want := range map[int]int{127: 126, 128: 127, 129: 0} {
		in := domain.MatchInput{
			Left: append(identical(count-1, left, "l"), left("shown later", reads(1, 2))),
			Came: append(identical(count-1, came, "c"), came("shown before", reads(1, 3))),
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
		"two payments": {left: rows{left("a", text("PIX E"+first))}, came: rows{came("b", text("PIX E"+second))}},
		"two returns":  {left: rows{left("a", text("PIX D"+first))}, came: rows{came("b", text("PIX D"+second))}},
		"two other codes": {
			left: rows{left("a", text("PIX F"+first))}, came: rows{came("b", text("PIX F"+second))},
			want: []string{"a>b same_description"},
		},
	})
}
