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

// all is the progress of a pull that has read the whole list.
func all() domain.Progress {
	return domain.Progress{Planned: true, Steps: []domain.Step{{Sweep: true}}}
}

// Two rows that may have existed together must not be matched. Each case has a row "x", which left (the vendor has
// removed it), a row "y", which came (it is new), and the reads that decide whether both may have existed together.
// Pull n starts at hour n.
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
		reads    []domain.Progress // of the pulls 1, 2, …
		left     int               // the hour at which "x" was found to be removed
		absent   int               // the pull whose list did not contain "x"; 0 if it is not known
		written  int               // the pull that wrote "x" last
		live     bool              // "x" is not marked as removed yet
		came     int               // the pull that stored the new row; 0 if it is not stored yet
		complete bool              // the new row is in the complete list of the last pull, which does not contain "x"
		want     bool
	}{
		"the new row came with a later read": {
			reads: []domain.Progress{all(), all()}, left: 1, came: 2, want: true,
		},
		"the new row came with the list that showed the old one": {
			reads: []domain.Progress{all(), all()}, left: 2, came: 2, want: false,
		},
		"the new row came before the old one left": {
			reads: []domain.Progress{all(), all()}, left: 2, came: 1, want: false,
		},
		"the list without the old row shows the new one": {
			reads: []domain.Progress{all(), all()}, left: 2, absent: 2, came: 2, want: true,
		},
		"an earlier list of that pull showed the old row": {
			reads: []domain.Progress{all(), reread}, left: 2, absent: 2, came: 2, want: false,
		},
		"the pull before the absence showed the old row": {
			reads: []domain.Progress{all(), all()}, left: 2, absent: 2, came: 1, want: false,
		},
		"the absence is older than all reads": {
			reads: []domain.Progress{all()}, left: 0, absent: 9, came: 1, want: true,
		},
		"the new row is not stored":                           {reads: []domain.Progress{all()}, left: 0, want: true},
		"the new row is not stored, and the read showed both": {reads: []domain.Progress{all()}, left: 1, want: false},
		"the new row is not stored, and the read before showed the old one": {
			reads: []domain.Progress{all(), all()}, left: 1, want: true,
		},
		"the complete list shows only the new row": {
			reads: []domain.Progress{all()}, left: 1, absent: 1, complete: true, want: true,
		},
		"the complete list comes after a list with both": {
			reads: []domain.Progress{reread}, left: 1, absent: 1, complete: true, want: true,
		},
		"the complete list of the second pull comes after its list with both": {
			reads: []domain.Progress{all(), reread}, left: 2, absent: 2, complete: true, want: true,
		},
		"the pull that wrote the old row stored the new one": {
			reads: []domain.Progress{named("z")}, left: 1, written: 1, live: true, came: 1, want: false,
		},
		"the removed row was written before": {
			reads: []domain.Progress{named("z")}, left: 1, written: 1, came: 1, want: true,
		},
		"the old row was read by its id": {
			reads: []domain.Progress{named("x")}, left: 1, came: 1, want: false,
		},
		"another row was read by its id": {
			reads: []domain.Progress{named("z")}, left: 1, came: 1, want: true,
		},
		"the list is of other days": {
			reads: []domain.Progress{window("2026-01-01", "2026-01-31")}, left: 1, came: 1, want: true,
		},
		"the list is of its days": {
			reads: []domain.Progress{window("2026-03-01", "2026-03-31")}, left: 1, came: 1, want: false,
		},
		"the pull of the new row is not known": {
			reads: []domain.Progress{all()}, left: 0, came: 9, want: false,
		},
		"the second of three reads showed the old row last": {
			reads: []domain.Progress{all(), all(), named("z")}, left: 2, came: 3, want: true,
		},
		"the second of three reads showed both": {
			reads: []domain.Progress{all(), all(), named("z")}, left: 2, came: 2, want: false,
		},
	} {
		left := domain.LeftRow{
			Transaction: purchaseAt("x", "2026-03-09"),
			LeftAt:      hour(tc.left),
			AbsentSince: pullID(tc.absent),
		}
		left.Pull = pullID(tc.written)
		if !tc.live {
			left.RemovedAt = left.LeftAt
		}
		in := domain.ReplacementInput{
			Left:     []domain.LeftRow{left},
			Complete: tc.complete,
			Came: []domain.CameRow{
				{Transaction: purchaseAt("y", "2026-03-09"), FirstPull: pullID(tc.came), CameAt: hour(tc.came)},
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
	input := func(left, came int) domain.ReplacementInput {
		in := domain.ReplacementInput{
			Reads: []domain.PullRead{{ID: pullID(1), StartedAt: hour(1), Progress: all()}},
			Keys: func(d domain.TransactionData) domain.InstitutionKeys {
				return domain.InstitutionKeys{Transaction: d.ExternalID[1:]}
			},
		}
		for i := range left {
			in.Left = append(
				in.Left,
				domain.LeftRow{Transaction: purchaseAt(fmt.Sprintf("x%d", i), "2026-03-09"), LeftAt: hour(0)},
			)
		}
		for i := range came {
			in.Came = append(
				in.Came,
				domain.CameRow{Transaction: purchaseAt(fmt.Sprintf("y%d", i), "2026-03-09"), CameAt: hour(1)},
			)
		}
		return in
	}
	for _, tc := range []struct{ left, came, want int }{
		{0, 1, 0}, {1, 0, 0}, {1, 1, 1}, {domain.MaxMatchRows, 1, 1}, {1, domain.MaxMatchRows, 1},
		{domain.MaxMatchRows + 1, 1, 0}, {1, domain.MaxMatchRows + 1, 0},
		{domain.MaxReplacements + 1, domain.MaxReplacements + 1, domain.MaxReplacements},
	} {
		if got := len(domain.FindReplacements(input(tc.left, tc.came))); got != tc.want {
			t.Errorf("%d rows left, %d came: %d replacements, want %d", tc.left, tc.came, got, tc.want)
		}
	}
	in := input(1, 1)
	in.Never = map[domain.MatchPair]bool{{Left: "x0", Came: "y0"}: true}
	if got := domain.FindReplacements(in); got != nil {
		t.Errorf("a pair that was split: %v", got)
	}
	in.Never = map[domain.MatchPair]bool{{Came: "y0"}: true}
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

// relinked returns accounts before and after they were linked again. The maps contain the number by which each account
// is recognised.
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

// Rows that were removed only because no read had shown them must be matched like live rows, but after them. Rows that
// the vendor has withdrawn must be matched only if they can be distinguished.
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
		want string // the rows that are continued
	}{
		"after the live row": {
			domain.RelinkInput{Live: rows("live"), NotShown: rows("n1"), Came: rows("c1")}, "live",
		},
		"beside the live row": {
			domain.RelinkInput{Live: rows("live"), NotShown: rows("n1"), Came: rows("c1", "c2")}, "live n1",
		},
		"several that cannot be distinguished": {
			domain.RelinkInput{NotShown: rows("n1", "n2"), Came: rows("c1", "c2", "c3")}, "n1 n2",
		},
		"before a row that left": {
			domain.RelinkInput{NotShown: rows("n1"), Left: rows("left"), Came: rows("c1")}, "n1",
		},
		"rows that left, which cannot be distinguished": {
			domain.RelinkInput{NotShown: rows("n1"), Left: rows("l1", "l2"), Came: rows("c1", "c2")}, "n1",
		},
	} {
		var continued []string
		for _, match := range domain.MatchRelinked(tc.in) {
			continued = append(continued, match.Left)
		}
		if got := strings.Join(continued, " "); got != tc.want {
			t.Errorf("%s: %s are continued, want %s", name, got, tc.want)
		}
	}
	in := domain.RelinkInput{Left: rows("left"), NotShown: rows("n1"), Came: rows("c1", "c2")}
	in.Never = map[domain.MatchPair]bool{{Came: "c1"}: true}
	matches := domain.MatchUnshown(in)
	if len(matches) != 1 || matches[0].MatchPair != (domain.MatchPair{Left: "n1", Came: "c2"}) {
		t.Errorf("MatchUnshown returns %v", matches)
	}
}

func TestRowsThatLeftAreMatchedOnlyWithWhatNoLiveRowContinues(t *testing.T) {
	row := func(id string) domain.MatchRow {
		return domain.NewMatchRow(purchaseAt(id, "2026-03-09").TransactionData, matchAccount, domain.InstitutionKeys{})
	}
	in := domain.RelinkInput{Live: []domain.MatchRow{row("live")}, Came: []domain.MatchRow{row("c1")}}
	for name, tc := range map[string]struct {
		left, came []string
		want       int
	}{
		"nothing left":                     {nil, []string{"c1"}, 1},
		"the live row has the partner":     {[]string{"left"}, []string{"c1"}, 1},
		"the row that left has the second": {[]string{"left"}, []string{"c1", "c2"}, 2},
	} {
		in.Left, in.Came = nil, nil
		for _, id := range tc.left {
			in.Left = append(in.Left, row(id))
		}
		for _, id := range tc.came {
			in.Came = append(in.Came, row(id))
		}
		matches := domain.MatchRelinked(in)
		if len(matches) != tc.want || matches[0].Left != "live" {
			t.Errorf("%s: %v", name, matches)
		}
	}
}
