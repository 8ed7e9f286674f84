package domain_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var matchAccount = domain.AccountID{UUID: [16]byte{7}}

// pullID returns the id of the pull with this number; zero for 0.
func pullID(n int) (id domain.PullID) {
	id.UUID[15] = byte(n)
	return id
}

// purchaseAt returns a purchase of one account. Purchases differ only in their external ids and dates.
func purchaseAt(externalID string, date domain.Date) domain.Transaction {
	amount, _ := domain.ParseMoney("-50", "BRL")
	return domain.Transaction{
		AccountID: matchAccount,
		TransactionData: domain.TransactionData{
			ExternalID:  externalID,
			Account:     "a",
			Amount:      amount,
			Status:      domain.Posted,
			Date:        date,
			Description: "PADARIA DO ZE",
		},
	}
}

// hour returns the time n hours after the first reading.
func hour(n int) time.Time { return firstReading.Add(time.Duration(n) * time.Hour) }

// all returns the progress of a pull that has read the whole list.
func all() domain.Progress {
	return domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}
}

// Two rows that may have existed together must not be matched. Each case has an old row "x", which the vendor has
// removed, and a new row "y". The pulls decide whether both rows may have existed together. Pull n starts at hour n.
func TestTheReadsDecideWhetherTwoRowsExistedTogether(t *testing.T) {
	window := func(from, to domain.Date) domain.Progress {
		return domain.Progress{Planned: true, Steps: []domain.Step{{Window: domain.Window{From: from, To: to}}}}
	}
	named := func(shown ...string) domain.Progress {
		p := domain.Progress{Planned: true, Steps: []domain.Step{{IDs: shown}}}
		return p.WithShown(shown)
	}
	reread := all()
	reread.Reread = true
	for name, tc := range map[string]struct {
		reads    []domain.Progress // the progress of pull 1, of pull 2, …
		oldRows  int               // the hour of OldRow.LearnedAt
		absent   int               // which pull OldRow.AbsentSince is, counted from 1; 0 if the pull is not known
		written  int               // the number of the pull OldRow.Pull; 0 if the pull is not known
		live     bool              // OldRow.RemovedAt is not set yet
		newRows  int               // which pull NewRow.FirstPull is, counted from 1; 0 if the new row is not stored yet
		complete bool              // whether the last pull read a complete list with only the new row
		want     bool
	}{
		"the new row was first read later": {
			reads: []domain.Progress{all(), all()}, oldRows: 1, newRows: 2, want: true,
		},
		"the new row was first read with the old one": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, newRows: 2, want: false,
		},
		"the new row was added before the old one was removed": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, newRows: 1, want: false,
		},
		"the list without the old row shows the new one": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, absent: 2, newRows: 2, want: true,
		},
		"an earlier list of that pull showed the old row": {
			reads: []domain.Progress{all(), reread}, oldRows: 2, absent: 2, newRows: 2, want: false,
		},
		"the pull before the absence showed the old row": {
			reads: []domain.Progress{all(), all()}, oldRows: 2, absent: 2, newRows: 1, want: false,
		},
		"the absence is older than all reads": {
			reads: []domain.Progress{all()}, oldRows: 0, absent: 9, newRows: 1, want: true,
		},
		"the new row is not stored": {
			reads: []domain.Progress{all()}, oldRows: 0, want: true,
		},
		"the new row is not stored, and the read showed both": {
			reads: []domain.Progress{all()}, oldRows: 1, want: false,
		},
		"the new row is not stored, and the read before showed the old one": {
			reads: []domain.Progress{all(), all()}, oldRows: 1, want: true,
		},
		"the complete list shows only the new row": {
			reads: []domain.Progress{all()}, oldRows: 1, absent: 1, complete: true, want: true,
		},
		"the complete list comes after a list with both": {
			reads: []domain.Progress{reread}, oldRows: 1, absent: 1, complete: true, want: true,
		},
		"the complete list of the second pull comes after its list with both": {
			reads: []domain.Progress{all(), reread}, oldRows: 2, absent: 2, complete: true, want: true,
		},
		"the pull that wrote the old row stored the new one": {
			reads: []domain.Progress{named("z")}, oldRows: 1, written: 1, live: true, newRows: 1, want: false,
		},
		"the removed row was written before": {
			reads: []domain.Progress{named("z")}, oldRows: 1, written: 1, newRows: 1, want: true,
		},
		"the old row was read by its id": {
			reads: []domain.Progress{named("x")}, oldRows: 1, newRows: 1, want: false,
		},
		"another row was read by its id": {
			reads: []domain.Progress{named("z")}, oldRows: 1, newRows: 1, want: true,
		},
		"the list is of other days": {
			reads: []domain.Progress{window("2026-01-01", "2026-01-31")}, oldRows: 1, newRows: 1, want: true,
		},
		"the list is of its days": {
			reads: []domain.Progress{window("2026-03-01", "2026-03-31")}, oldRows: 1, newRows: 1, want: false,
		},
		"the pull of the new row is not known": {
			reads: []domain.Progress{all()}, oldRows: 0, newRows: 9, want: false,
		},
		"the second of three reads showed the old row last": {
			reads: []domain.Progress{all(), all(), named("z")}, oldRows: 2, newRows: 3, want: true,
		},
		"the second of three reads showed both": {
			reads: []domain.Progress{all(), all(), named("z")}, oldRows: 2, newRows: 2, want: false,
		},
	} {
		oldRow := domain.OldRow{
			Transaction: purchaseAt("x", "2026-03-09"),
			LearnedAt:   hour(tc.oldRows),
			AbsentSince: pullID(tc.absent),
		}
		oldRow.Pull = pullID(tc.written)
		if !tc.live {
			oldRow.RemovedAt = oldRow.LearnedAt
		}
		in := domain.ReplacementInput{
			Old:      []domain.OldRow{oldRow},
			Complete: tc.complete,
			New: []domain.NewRow{
				{
					Transaction: purchaseAt("y", "2026-03-09"),
					FirstPull:   pullID(tc.newRows),
					LearnedAt:   hour(tc.newRows),
				},
			},
			Keys: func(domain.TransactionData) domain.InstitutionKeys { return domain.InstitutionKeys{} },
		}
		for i, progress := range tc.reads {
			in.Reads = append(in.Reads, domain.PullRead{ID: pullID(i + 1), StartedAt: hour(i + 1), Progress: progress})
		}
		if got := len(domain.FindReplacements(in)) == 1; got != tc.want {
			t.Errorf("%s: matched %v", name, got)
		}
	}
}

func TestReplacementsAreSearchedAmongABoundedNumberOfRows(t *testing.T) {
	input := func(oldRows, newRows int) domain.ReplacementInput {
		in := domain.ReplacementInput{
			Reads: []domain.PullRead{{ID: pullID(1), StartedAt: hour(1), Progress: all()}},
			Keys: func(d domain.TransactionData) domain.InstitutionKeys {
				return domain.InstitutionKeys{Transaction: d.ExternalID[1:]}
			},
		}
		for i := range oldRows {
			in.Old = append(
				in.Old,
				domain.OldRow{Transaction: purchaseAt(fmt.Sprintf("x%d", i), "2026-03-09"), LearnedAt: hour(0)},
			)
		}
		for i := range newRows {
			in.New = append(
				in.New,
				domain.NewRow{Transaction: purchaseAt(fmt.Sprintf("y%d", i), "2026-03-09"), LearnedAt: hour(1)},
			)
		}
		return in
	}
	for _, tc := range []struct{ oldRows, newRows, want int }{
		{0, 1, 0}, {1, 0, 0}, {1, 1, 1}, {domain.MaxMatchRows, 1, 1}, {1, domain.MaxMatchRows, 1},
		{domain.MaxMatchRows + 1, 1, 0}, {1, domain.MaxMatchRows + 1, 0},
		{domain.MaxReplacements + 1, domain.MaxReplacements + 1, domain.MaxReplacements},
	} {
		if got := len(domain.FindReplacements(input(tc.oldRows, tc.newRows))); got != tc.want {
			t.Errorf("%d old rows, %d new rows: %d replacements, want %d", tc.oldRows, tc.newRows, got, tc.want)
		}
	}
	in := input(1, 1)
	in.Never = map[domain.MatchPair]bool{{Old: "x0", New: "y0"}: true}
	if got := domain.FindReplacements(in); got != nil {
		t.Errorf("a pair that was split: %v", got)
	}
	in.Never = map[domain.MatchPair]bool{{New: "y0"}: true}
	if got := domain.FindReplacements(in); got != nil {
		t.Errorf("a row that replaces no row: %v", got)
	}
}

func TestWhichRowsAPullMayHaveShown(t *testing.T) {
	row := purchaseAt("x", "2026-03-09").TransactionData
	march := domain.Window{From: "2026-03-01", To: "2026-03-31"}
	for name, tc := range map[string]struct {
		step domain.Step
		more bool
		want bool
	}{
		"a list of everything":      {domain.Step{}, false, true},
		"a list of its account":     {domain.Step{Account: "a"}, false, true},
		"a list of another account": {domain.Step{Account: "b"}, false, false},
		"a list of its days":        {domain.Step{Window: march}, false, true},
		"a list of other days": {
			domain.Step{Window: domain.Window{From: "2026-03-10"}}, false, false,
		},
		"rows that are named are in Shown":            {domain.Step{IDs: []string{"y"}}, false, false},
		"new rows are in Shown":                       {domain.Step{CreatedFrom: hour(0)}, false, false},
		"too many rows were named to remember them":   {domain.Step{IDs: []string{"y"}}, true, true},
		"too many rows were new to remember them":     {domain.Step{CreatedFrom: hour(0)}, true, true},
		"too many rows of another account were named": {domain.Step{IDs: []string{"y"}, Account: "b"}, true, false},
	} {
		p := domain.Progress{Steps: []domain.Step{{Account: "none"}, tc.step}, ShownMore: tc.more}
		if got := p.MayHaveShown(row); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOnlyABoundedNumberOfShownRowsIsRemembered(t *testing.T) {
	ids := strings.Fields(strings.Repeat("id ", 300))
	p := domain.Progress{}.WithShown(ids).WithShown(ids[:200])
	if len(p.Shown) != 500 || p.ShownMore {
		t.Fatalf("500 rows: %d, %v", len(p.Shown), p.ShownMore)
	}
	for name, next := range map[string]domain.Progress{
		"one more":   p.WithShown(ids[:1]),
		"afterwards": p.WithShown(ids[:1]).WithShown(nil),
	} {
		if len(next.Shown) != 0 || !next.ShownMore {
			t.Errorf("%s: %d, %v", name, len(next.Shown), next.ShownMore)
		}
	}
}

func TestASplitRestoresTheLastRow(t *testing.T) {
	past := []domain.Superseded{{ExternalID: "a"}, {ExternalID: "b"}, {ExternalID: "c"}}
	if got, err := (domain.Transaction{Supersedes: past}).LastPast(); err != nil || got.ExternalID != "c" {
		t.Errorf("%v, %v", got, err)
	}
	for name, tx := range map[string]domain.Transaction{
		"it replaced no row":             {},
		"another transaction has it now": {Supersedes: past, SupersededBy: domain.TransactionID{UUID: [16]byte{1}}},
	} {
		if _, err := tx.LastPast(); !isCode(err, domain.NothingToUndo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rest, found, ok := (domain.Transaction{Supersedes: past}).WithoutPast("b")
	if diff := cmp.Diff([]domain.Superseded{past[0], past[2]}, rest); diff != "" || !ok || found.ExternalID != "b" {
		t.Error(diff, found, ok)
	}
	if rest, _, ok := (domain.Transaction{Supersedes: past}).WithoutPast("z"); ok || len(rest) != 3 {
		t.Errorf("a row that it never had: %v, %v", rest, ok)
	}
}

// relinked returns accounts before and after they were linked again. Each map has the external id of an account as the
// key, and the account number as the value. Equal numbers mean the same bank account.
func relinked(before, after map[string]string) domain.RelinkedAccounts {
	r := domain.RelinkedAccounts{Identity: func(a domain.AccountData) domain.AccountIdentity {
		return domain.NewAccountIdentity("", "", a.Number, "", "")
	}}
	for _, id := range slices.Sorted(maps.Keys(before)) {
		r.Before = append(r.Before, domain.Account{AccountData: domain.AccountData{
			ExternalID: id, Type: domain.BankAccount, Currency: "BRL", Number: before[id],
		}})
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		r.After = append(r.After, domain.AccountData{
			ExternalID: id, Type: domain.BankAccount, Currency: "BRL", Number: after[id],
		})
	}
	return r
}

func TestAccountsOfANewLinkAreRecognisedByIDNumberOrRows(t *testing.T) {
	rows := func(prefix string) (all []domain.MatchRow) {
		for i := range 12 {
			tx := purchaseAt(fmt.Sprint(prefix, i), domain.Date("2026-03-01").AddDays(i))
			all = append(all, domain.NewMatchRow(tx.TransactionData, matchAccount, domain.InstitutionKeys{}))
		}
		return all
	}
	failed := errors.New("failed")
	before := func(domain.Account) ([]domain.MatchRow, error) { return rows("x"), nil }
	after := func(string) ([]domain.MatchRow, error) { return rows("y"), nil }
	for name, tc := range map[string]struct {
		before, after map[string]string
		rows          func(domain.Account) ([]domain.MatchRow, error)
		rowsAfter     func(string) ([]domain.MatchRow, error)
		want          string
		comparable    bool
		err           error
	}{
		"the same external id": {
			map[string]string{"a": "1"}, map[string]string{"a": "2"}, before, after, "a=a", false, nil,
		},
		"the same number": {
			map[string]string{"a": "12345", "b": "67890"}, map[string]string{"c": "67890", "d": "12345"},
			before, after, "a=d b=c", false, nil,
		},
		"by their rows": {map[string]string{"a": ""}, map[string]string{"b": ""}, before, after, "a=b", true, nil},
		"without rows":  {map[string]string{"a": ""}, map[string]string{"b": ""}, nil, nil, "", true, nil},
		"two accounts are left": {
			map[string]string{"a": "", "b": ""}, map[string]string{"c": ""}, before, after, "", false, nil,
		},
		"an account of its own": {map[string]string{"a": "1"}, map[string]string{}, before, after, "", false, nil},
		"the old rows cannot be read": {map[string]string{"a": ""}, map[string]string{"b": ""},
			func(domain.Account) ([]domain.MatchRow, error) { return nil, failed }, after, "", false, failed},
		"the new rows cannot be read": {map[string]string{"a": ""}, map[string]string{"b": ""}, before,
			func(string) ([]domain.MatchRow, error) { return nil, failed }, "", false, failed},
	} {
		pairs, comparable, err := relinked(tc.before, tc.after).Recognize(tc.rows, tc.rowsAfter)
		var got []string
		for _, pair := range pairs {
			got = append(got, pair.Before.ExternalID+"="+pair.After)
		}
		slices.Sort(got)
		if text := strings.Join(got, " "); text != tc.want || comparable != tc.comparable || !errors.Is(err, tc.err) {
			t.Errorf("%s: %q, %v, %v", name, text, comparable, err)
		}
	}
}

// Rows in NotShown must be matched in the same way as rows in Live, even if several rows are identical. Rows in Live
// have precedence. Rows in Old must be matched only if they can be distinguished.
func TestRowsThatWereNotShownAreMatchedLikeLiveRows(t *testing.T) {
	rows := func(ids ...string) (rows []domain.MatchRow) {
		for _, id := range ids {
			rows = append(rows, domain.NewMatchRow(
				purchaseAt(id, "2026-03-09").TransactionData, matchAccount, domain.InstitutionKeys{},
			))
		}
		return rows
	}
	for name, tc := range map[string]struct {
		in   domain.RelinkInput
		want string // the external ids of the matched old rows, separated by spaces
	}{
		"after the live row": {
			domain.RelinkInput{Live: rows("live"), NotShown: rows("n1"), New: rows("c1")}, "live",
		},
		"beside the live row": {
			domain.RelinkInput{Live: rows("live"), NotShown: rows("n1"), New: rows("c1", "c2")}, "live n1",
		},
		"several that cannot be distinguished": {
			domain.RelinkInput{NotShown: rows("n1", "n2"), New: rows("c1", "c2", "c3")}, "n1 n2",
		},
		"before an old row": {
			domain.RelinkInput{NotShown: rows("n1"), Old: rows("left"), New: rows("c1")}, "n1",
		},
		"old rows that cannot be distinguished": {
			domain.RelinkInput{NotShown: rows("n1"), Old: rows("l1", "l2"), New: rows("c1", "c2")}, "n1",
		},
	} {
		var continued []string
		for _, match := range domain.MatchRelinked(tc.in) {
			continued = append(continued, match.Old)
		}
		if got := strings.Join(continued, " "); got != tc.want {
			t.Errorf("%s: %s are continued, want %s", name, got, tc.want)
		}
	}
	in := domain.RelinkInput{Old: rows("left"), NotShown: rows("n1"), New: rows("c1", "c2")}
	in.Never = map[domain.MatchPair]bool{{New: "c1"}: true}
	matches := domain.MatchCarriedOver(in)
	if len(matches) != 1 || matches[0].MatchPair != (domain.MatchPair{Old: "n1", New: "c2"}) {
		t.Errorf("MatchCarriedOver returns %v", matches)
	}
}

func TestOldRowsAreMatchedOnlyWithRowsThatNoLiveRowMatches(t *testing.T) {
	row := func(id string) domain.MatchRow {
		return domain.NewMatchRow(purchaseAt(id, "2026-03-09").TransactionData, matchAccount, domain.InstitutionKeys{})
	}
	in := domain.RelinkInput{Live: []domain.MatchRow{row("live")}, New: []domain.MatchRow{row("c1")}}
	for name, tc := range map[string]struct {
		oldRows, newRows []string
		want             int
	}{
		"nothing left":                 {nil, []string{"c1"}, 1},
		"the live row has the partner": {[]string{"left"}, []string{"c1"}, 1},
		"the old row has the second":   {[]string{"left"}, []string{"c1", "c2"}, 2},
	} {
		in.Old, in.New = nil, nil
		for _, id := range tc.oldRows {
			in.Old = append(in.Old, row(id))
		}
		for _, id := range tc.newRows {
			in.New = append(in.New, row(id))
		}
		matches := domain.MatchRelinked(in)
		if len(matches) != tc.want || matches[0].Old != "live" {
			t.Errorf("%s: %v", name, matches)
		}
	}
}
