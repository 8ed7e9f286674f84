package matching_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

func pull(n byte) domain.PullID { return domain.PullID{UUID: uuid.UUID{6: 0x70, 8: 0x80, 15: n}} }

// whole is a pull that read a complete list.
func whole(n byte, at time.Time) domain.PullRead {
	return domain.PullRead{ID: pull(n), StartedAt: at, Progress: domain.Progress{Steps: []domain.Step{{Sweep: true}}}}
}

func transaction(id, text string) domain.Transaction {
	amount, err := domain.ParseMoney("-47.31", "BRL")
	if err != nil {
		panic(err)
	}
	return domain.Transaction{AccountID: account, TransactionData: domain.TransactionData{
		ExternalID: id, Amount: amount, Status: domain.Posted, Date: "2026-11-10", Description: text,
	}}
}

// plainRow returns the evidence of a row without metadata.
func plainRow(data domain.TransactionData, account domain.AccountID) banktext.Row {
	return banktext.NewRow(data, account, domain.InstitutionKeys{})
}

// isOneOf returns a function that reports whether an id is one of these.
func isOneOf(ids ...string) func(string) bool {
	return func(id string) bool { return slices.Contains(ids, id) }
}

// TestFindReplacements checks that a new row replaces an old row only if the first listing with the new row is later
// than the last listing with the old row. Each case states what the pulls have read.
func TestFindReplacements(t *testing.T) {
	noon := time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)
	oldRow := func(absent domain.PullID, learned time.Time) domain.OldRow {
		return domain.OldRow{Transaction: transaction("o", "PADARIA REAL"), LearnedAt: learned, AbsentSince: absent}
	}
	newRow := func(first domain.PullID) domain.NewRow {
		return domain.NewRow{Transaction: transaction("n", "Padaria Real"), FirstPull: first, LearnedAt: noon}
	}
	unknown := domain.PullID{}
	shown := whole(2, noon)
	shown.Progress.Shown = []string{"o"}
	reread := whole(1, noon)
	reread.Progress.Reread = true
	reads := []domain.PullRead{whole(1, noon)}
	// listed returns an interrupted pull that has read these rows, page by page.
	listed := func(n byte, pages ...[]string) domain.PullRead {
		read := whole(n, noon)
		read.Progress.Reread, read.Progress.Listed = true, &domain.ListedRows{}
		for _, ids := range pages {
			rows := read.Progress.Listed.WithPages(domain.HashedPage(ids))
			read.Progress.Listed = &rows
		}
		return read
	}
	excluded, second := oldRow(pull(1), noon), oldRow(pull(1), noon)
	excluded.ExcludedAt, second.Transaction = noon, transaction("second", "PADARIA REAL")
	unlisted := listed(1)
	unlisted.Progress.Listed = &domain.ListedRows{More: true}
	for name, test := range map[string]struct {
		in   matching.Replacements
		want string
	}{
		"absent from the complete list that shows the new row": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(unknown)}, Reads: reads,
				Complete: true,
			}}, "o n"},
		"stored by the pull that did not show the old row": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))}, Reads: reads,
			}}, "o n"},
		"the pull read the list twice": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{reread},
			}}, ""},
		"the pull read the list twice, and returned both rows in the first list": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{reread}, Complete: true, ShownBefore: isOneOf("o", "n"),
			}}, ""},
		"the pull returned the old row in its first list, and the new one in its last": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{reread}, Complete: true, ShownBefore: isOneOf("o"),
			}}, "o n"},
		"the pull returned the new row in both of its lists, and the old one in none": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{reread}, Complete: true, ShownBefore: isOneOf("n"),
			}}, "o n"},
		"an interrupted pull has read the new row, and not the old one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{listed(1, []string{"n"}), whole(2, noon)},
			}}, "o n"},
		"an interrupted pull has read the old row on an earlier page": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{listed(1, []string{"o"}, []string{"n"}), whole(2, noon)},
			}}, "o n"},
		"an interrupted pull has read both rows on one page": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{listed(1, []string{"x", "o", "n"}), whole(2, noon)},
			}}, ""},
		"an interrupted pull has read the old row on a later page": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{listed(1, []string{"n"}, []string{"o"}), whole(2, noon)},
			}}, ""},
		"an interrupted pull has read the old row again after the new one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{listed(1, []string{"o"}, []string{"n"}, []string{"o"}), whole(2, noon)},
			}}, ""},
		"an interrupted pull has read too many rows": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{unlisted, whole(2, noon)},
			}}, ""},
		"the running pull has read the old row on an earlier page than the new one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(unknown)},
				Reads: []domain.PullRead{listed(1, []string{"o"}, []string{"n"})}, Complete: true,
			}}, "o n"},
		"the running pull has read both rows on one page": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(unknown)},
				Reads: []domain.PullRead{listed(1, []string{"o", "n"}, []string{"n"})}, Complete: true,
			}}, ""},
		"a later pull may have shown both": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{whole(1, noon), whole(2, noon)},
			}}, ""},
		"a later pull did show the old one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{whole(1, noon), shown},
			}}, ""},
		"announced before the pull began": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(unknown, noon.Add(-1))}, New: []domain.NewRow{newRow(pull(1))},
				Reads: reads,
			}}, "o n"},
		"announced after the pull began": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(unknown, noon)}, New: []domain.NewRow{newRow(pull(1))}, Reads: reads,
			}}, ""},
		"the first pull is not known": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(9))}, Reads: reads,
			}}, ""},
		"a split made the record of the new row, which an earlier one read beside the old one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(3), noon)}, New: []domain.NewRow{newRow(pull(3))},
				Reads: []domain.PullRead{whole(1, noon), whole(2, noon), whole(3, noon.Add(1))},
			}}, ""},
		"a split made the record of the new row, and no pull has read it beside the old one": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(2))},
				Reads: []domain.PullRead{whole(1, noon), whole(2, noon.Add(1))},
			}}, "o n"},
		"a split made the record of the new row, and the pull that had read it is not known": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))},
				Reads: []domain.PullRead{whole(1, noon.Add(1))},
			}}, ""},
		"the service knows what each read showed": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(2), noon)}, New: []domain.NewRow{newRow(pull(9))},
				Reads: []domain.PullRead{whole(1, noon), whole(2, noon)},
			},
			Context: matching.Context{SeenTogether: func(_, _ *banktext.Row) bool { return false }}}, "o n"},
		"forbidden": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))}, Reads: reads,
				Never: map[domain.MatchPair]bool{{Old: "o", New: "n"}: true},
			}}, ""},
		"two equal old rows, one of which is excluded": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{excluded, second}, New: []domain.NewRow{newRow(pull(1))}, Reads: reads,
			},
			Context: matching.Context{AsMany: true}}, "second n"},
		"rows of the vendor's adapter": {matching.Replacements{
			ReplacementInput: domain.ReplacementInput{
				Old: []domain.OldRow{oldRow(pull(1), noon)}, New: []domain.NewRow{newRow(pull(1))}, Reads: reads,
			},
			RowOf: func(data domain.TransactionData, account domain.AccountID) banktext.Row {
				row := plainRow(data, account)
				row.Counterparty.Name = map[string]string{"o": "ANA LEAL", "n": "RUI SALES"}[data.ExternalID]
				return row
			}}, ""},
	} {
		if test.in.RowOf == nil {
			test.in.RowOf = plainRow
		}
		var pairs []string
		for _, match := range matching.FindReplacements(test.in).Matches() {
			pairs = append(pairs, match.Old+" "+match.New)
		}
		if got := strings.Join(pairs, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestMatchRelinked checks that new rows are matched with Live first, then with NotShown, and then with Old.
func TestMatchRelinked(t *testing.T) {
	const row = "2026-11-10 P -25.9 BRL FAST FOOD SOL"
	in := matching.Relink{
		Live: rowsFrom(t, "l", repeat(row, 2)), NotShown: rowsFrom(t, "s", repeat(row, 2)),
		Old: rowsFrom(t, "r", repeat(row, 2)), New: rowsFrom(t, "n", repeat(row, 3)),
	}
	in.Live[0].LastRead, in.New[0].FirstRead = 9, 1 // ignored
	in.New[1].LearnedAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	result := matching.MatchRelinked(in)
	var old []string
	for _, pair := range result.Pairs {
		old = append(old, pair.Old)
	}
	if got := strings.Join(old, " "); got != "l1 l2 s1" {
		t.Errorf("matched %q", got)
	}
	in.Live, in.NotShown = nil, nil
	in.Old, in.New = in.Old[:1], in.New[:1]
	if n := len(matching.MatchRelinked(in).Pairs); n != 1 {
		t.Errorf("%d removed rows are matched, want 1", n)
	}
	if n := len(matching.MatchCarriedOver(in).Pairs); n != 0 {
		t.Errorf("%d removed rows are matched as carried over, want none", n)
	}
	in.Old, in.New = rowsFrom(t, "r", repeat(row, 2)), rowsFrom(t, "n", repeat(row, 3))
	if result := matching.MatchRelinked(in); len(result.Pairs) > 0 || len(result.Suggestions) != 6 {
		t.Errorf("%d pairs and %d suggestions of two removed rows", len(result.Pairs), len(result.Suggestions))
	}
}

// A new row can be suggested for a row in Live, and then be paired with a row in Old. The suggestion must then be
// left out.
func TestMatchRelinkedEndsSuggestionsOfPairs(t *testing.T) {
	in := matching.Relink{
		Live: rowsFrom(t, "l", "2026-11-03 P -47.31 BRL PADARIA REAL"),
		Old:  rowsFrom(t, "r", "2026-11-10 P -47.31 BRL PADARIA REAL"),
		New:  rowsFrom(t, "n", "2026-11-10 P -47.31 BRL PADARIA REAL"),
	}
	result := matching.MatchRelinked(in)
	if len(result.Pairs) != 1 || result.Pairs[0].Old != "r1" || len(result.Suggestions) > 0 {
		t.Errorf("%d pairs, suggestions %v", len(result.Pairs), result.Suggestions)
	}
	in.Old = nil
	if result = matching.MatchRelinked(in); len(result.Pairs) > 0 || len(result.Suggestions) != 1 {
		t.Errorf("without the removed row: %d pairs, suggestions %v", len(result.Pairs), result.Suggestions)
	}
}

func TestStrongKeys(t *testing.T) {
	row := parseRow(t, "2026-11-10 P -50 BRL PIX {id=A1B2C3D4E5; rref=SHOP0001; link=x}")
	keys := matching.StrongKeys(row)
	if len(keys) != 1 || keys[0] != account.String()+" transaction_id a1b2c3d4e5" {
		t.Errorf("%q", keys)
	}
	row = parseRow(t, "2026-11-10 P -50 BRL PIX E00000000202611101200AAAAAAAAAAA")
	keys = matching.StrongKeys(row)
	if len(keys) != 1 || keys[0] != account.String()+" end_to_end_id e00000000202611101200aaaaaaaaaaa" {
		t.Errorf("%q", keys)
	}
	row.Date = "?"
	if keys := matching.StrongKeys(row); keys != nil {
		t.Errorf("%q", keys)
	}
	keys = matching.StrongReferences(account, domain.References{
		EndToEndID: "E00000000202611101200AAAAAAAAAAA", TrackingKey: "036APPM15012023107434731",
		TransactionID: "A1B2C3D4E5", AuthenticationCode: "F6A7B8C9D0", ReceiverReferenceID: "SHOP0001",
		Barcode: "03396158000000310006727434119077550828277845",
	})
	if len(keys) != 5 {
		t.Errorf("the stored references have the keys %q, want five", keys)
	}
}
