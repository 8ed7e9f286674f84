package domain_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestMoneyIsExact(t *testing.T) {
	for in, want := range map[string]string{
		"0.1": "0.1", "-212.45": "-212.45", "1500": "1500", "900.0": "900", "1e3": "1000", "1.50": "1.5", "-0.0": "0",
		"9999999999999999.999": "9999999999999999.999", "0.0000000000000000001": "0.0000000000000000001",
	} {
		m, err := domain.ParseMoney(in, "BRL")
		if err != nil || m.Amount.String() != want {
			t.Errorf("%s: %s, %v", in, m.Amount, err)
		}
	}
	for _, bad := range []string{
		"", "NaN", "Inf", "1e400", "12345678901234567890", "0.00000000000000000001", "1.00000000000000000001",
		"0x10", "1,5", " 1", "1 ", "--1", "1e", "١",
	} {
		if m, err := domain.ParseMoney(bad, "BRL"); err == nil {
			t.Errorf("%q became %s", bad, m.Amount)
		}
	}
	for length, want := range map[int]bool{330: true, 331: false} {
		text := "1." + strings.Repeat("0", length-2)
		if _, err := domain.ParseAmount(text); (err == nil) != want {
			t.Errorf("an amount of %d characters: %v", length, err)
		}
	}
	for _, bad := range []string{"", "brl", "BR", "BRLX", "B1L", "BR\n"} {
		if _, err := domain.ParseMoney("1", bad); err == nil {
			t.Errorf("currency %q was accepted", bad)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, seed := range []string{"0.1", "-212.45", "1e400", "NaN", "12345678901234567890", "1e-19", "+5", ".5", "5."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := domain.ParseMoney(text, "BRL")
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if stored, _ := new(big.Rat).SetString(m.Amount.String()); !ok || exact.Cmp(stored) != 0 {
			t.Fatalf("%q became %s", text, m.Amount)
		}
		again, err := domain.ParseMoney(m.Amount.String(), "BRL")
		if err != nil || !again.Equal(m) || again.Amount.String() != m.Amount.String() {
			t.Fatalf("%q: %s does not survive a round trip: %v", text, m.Amount, err)
		}
		if in, out := m.In(), m.Out(); in.Amount.IsNegative() || out.Amount.IsPositive() || !in.Equal(out.Negate()) {
			t.Fatalf("%q: directions %s and %s", text, in.Amount, out.Amount)
		}
	})
}

func TestDatesAreCalendarDates(t *testing.T) {
	for _, bad := range []string{"", "2026-02-30", "2026-1-1", "20260101", "2026-01-01T00:00:00Z", "0000-00-00"} {
		if _, err := domain.ParseDate(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	d, err := domain.ParseDate("2026-02-28")
	if err != nil || d.AddDays(1) != "2026-03-01" || d.AddDays(-28) != "2026-01-31" ||
		domain.Date("").AddDays(1) != "" {
		t.Fatalf("%s, %v", d, err)
	}
}

func TestWindowsSpan(t *testing.T) {
	a, b := domain.Window{From: "2026-01-01", To: "2026-01-31"}, domain.Window{From: "2026-01-15", To: "2026-02-15"}
	if got := a.Span(b); got != (domain.Window{From: "2026-01-01", To: "2026-02-15"}) {
		t.Fatalf("%+v", got)
	}
	if got := a.Span(domain.Window{From: "2026-01-15"}); got != (domain.Window{From: "2026-01-01"}) {
		t.Fatalf("an open end was closed: %+v", got)
	}
	if got := a.Span(domain.Window{To: "2025-01-01"}); got != (domain.Window{To: "2026-01-31"}) {
		t.Fatalf("an open start was closed: %+v", got)
	}
	if a.Contains("2026-02-01") || !a.Contains("2026-01-31") || !a.Contains("2026-01-01") ||
		!(domain.Window{}).Contains("1999-01-01") {
		t.Fatal("a window must include both ends")
	}
}

func TestAWindowMustNotEndBeforeItStarts(t *testing.T) {
	for name, tc := range map[string]struct {
		window domain.Window
		valid  bool
	}{
		"some days":               {domain.Window{From: "2026-01-01", To: "2026-01-31"}, true},
		"one day":                 {domain.Window{From: "2026-01-31", To: "2026-01-31"}, true},
		"open at the start":       {domain.Window{To: "2026-01-31"}, true},
		"open at the end":         {domain.Window{From: "2026-01-31"}, true},
		"an end before the start": {domain.Window{From: "2026-02-01", To: "2026-01-31"}, false},
	} {
		if err := tc.window.Validate(); (err == nil) != tc.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// scopes returns a generator of realistic scopes, similar to the results of the vendors' parsers. The scopes contain
// only a few different accounts, ids, times and windows.
func scopes() *rapid.Generator[domain.PullScope] {
	return rapid.Custom(func(t *rapid.T) domain.PullScope {
		ids := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4)
		var ask domain.PullScope
		ask.Everything = rapid.IntRange(0, 5).Draw(t, "everything") == 0
		ask.Balances = rapid.IntRange(0, 5).Draw(t, "balances") == 0
		if rapid.Bool().Draw(t, "windowed") {
			ask.Window = &domain.Window{
				From: domain.Date(rapid.SampledFrom([]string{"", "2026-01-01", "2026-03-01"}).Draw(t, "from")),
			}
		}
		if rapid.Bool().Draw(t, "created") {
			ask.Created = map[string]time.Time{
				rapid.SampledFrom([]string{"x", "y"}).Draw(t, "account"): noon.Add(
					time.Duration(rapid.IntRange(-5, 5).Draw(t, "hours")) * time.Hour,
				),
			}
		}
		if changed := ids.Draw(t, "changed"); len(changed) > 0 {
			ask.Changed = map[string][]string{rapid.SampledFrom([]string{"x", "y"}).Draw(t, "of"): changed}
		}
		ask.Removed = ids.Draw(t, "removed")
		ask.Signal = rapid.SampledFrom([]domain.Signal{"", domain.SignalReauth, domain.SignalRecovered}).
			Draw(t, "signal")
		return ask
	})
}

// covers reports whether the first scope requests everything that the second scope requests.
func covers(merged, component domain.PullScope) bool {
	for _, id := range component.Removed {
		if !slices.Contains(merged.Removed, id) {
			return false
		}
	}
	if component.Balances && !merged.Balances || component.ChangesSums() && !merged.ChangesSums() {
		return false
	}
	if merged.Everything {
		return true
	}
	if component.Everything ||
		component.Window != nil && (merged.Window == nil || merged.Window.Span(*component.Window) != *merged.Window) {
		return false
	}
	for account, at := range component.Created {
		if since, ok := merged.Created[account]; !ok || since.After(at) {
			return false
		}
	}
	for account, ids := range component.Changed {
		for _, id := range ids {
			if !slices.Contains(merged.Changed[account], id) {
				return false
			}
		}
	}
	return true
}

func TestAMergedScopeCoversBothAndIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := scopes().Draw(t, "a"), scopes().Draw(t, "b"), scopes().Draw(t, "c")
		before := fmt.Sprintf("%+v%+v", a, b)
		merged := a.Merge(b)
		if !covers(merged, a) || !covers(merged, b) {
			t.Fatalf("%+v\n+ %+v\n= %+v loses a part", a, b, merged)
		}
		if after := fmt.Sprintf("%+v%+v", a, b); after != before {
			t.Fatalf("merging changed its arguments: %s", after)
		}
		left, right := a.Merge(b).Merge(c), a.Merge(b.Merge(c))
		if !covers(left, right) || !covers(right, left) {
			t.Fatalf("not associative:\n%+v\n%+v", left, right)
		}
		if b.Signal != "" && merged.Signal != b.Signal {
			t.Fatal("the later signal did not win")
		}
	})
}

func TestMergingManyScopesEqualsMergingOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(scopes(), 0, 6).Draw(t, "asks")
		want := domain.PullScope{}
		for _, a := range all {
			want = want.Merge(a)
		}
		if got := domain.MergeScopes(all); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// Every removal is announced in a separate webhook, so many scopes are merged. Comparing each scope with
// all scopes merged so far would take hours.
func TestMergingHundredsOfThousandsOfScopesIsFast(t *testing.T) {
	all := make([]domain.PullScope, 300_000)
	for i := range all {
		all[i].Removed = []string{fmt.Sprint(i)}
	}
	if got := len(domain.MergeScopes(all).Removed); got != len(all) {
		t.Errorf("%d ids of %d", got, len(all))
	}
}

func TestAScopeSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := domain.PullScope{}.Merge(scopes().Draw(t, "a"))
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back domain.PullScope
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(a, back) {
			t.Fatalf("%s: %+v, %v", text, back, err)
		}
	})
}

func TestWhatAScopeAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		scope               domain.PullScope
		read, reports, sums bool
	}{
		"nothing":      {domain.PullScope{}, false, false, false},
		"everything":   {domain.PullScope{Everything: true}, true, false, false},
		"news":         {domain.PullScope{News: true}, true, false, false},
		"a window":     {domain.PullScope{Window: &domain.Window{}}, true, false, false},
		"new rows":     {domain.PullScope{Created: map[string]time.Time{"x": noon}}, true, false, false},
		"changed rows": {domain.PullScope{Changed: map[string][]string{"x": {"1"}}}, true, false, false},
		"new and changed": {
			domain.PullScope{Created: map[string]time.Time{"x": noon}, Changed: map[string][]string{"x": {"1"}}},
			true, false, false,
		},
		"bills now":       {domain.PullScope{Bills: domain.BillsNow}, true, false, false},
		"bills daily":     {domain.PullScope{Bills: domain.BillsDaily}, false, false, false},
		"a recovery":      {domain.PullScope{Signal: domain.SignalRecovered}, true, true, false},
		"a sign-in":       {domain.PullScope{Signal: domain.SignalReauth}, false, true, false},
		"a problem":       {domain.PullScope{Problem: true}, true, true, false},
		"a consent":       {domain.PullScope{Consents: make([]domain.ConsentReport, 1)}, false, true, false},
		"removals":        {domain.PullScope{Removed: []string{"r"}}, false, false, true},
		"more removals":   {domain.PullScope{MoreRemoved: true}, false, false, true},
		"doubted rows":    {domain.PullScope{Doubted: map[string][]string{"x": {"1"}}}, false, false, true},
		"balances":        {domain.PullScope{Balances: true}, false, false, true},
		"announced count": {domain.PullScope{Announced: []domain.AnnouncedCount{{Count: 1}}}, false, false, false},
	} {
		read, reports, sums := c.scope.AsksForRead(), c.scope.ReportsConnection(), c.scope.ChangesSums()
		if read != c.read || reports != c.reports || sums != c.sums {
			t.Errorf("%s: asks for a read %t, reports the connection %t, changes sums %t", name, read, reports, sums)
		}
	}
}

func TestAMergedScopeReadsBillsAsOftenAsOneOfItsPartsAsks(t *testing.T) {
	everything := domain.PullScope{Everything: true}
	with := func(bills domain.BillReading) domain.PullScope { return domain.PullScope{Bills: bills} }
	daily := domain.PullScope{Everything: true, Bills: domain.BillsDaily}
	for name, c := range map[string]struct {
		scopes []domain.PullScope
		want   domain.PullScope
	}{
		"neither":               {[]domain.PullScope{{}, {}}, domain.PullScope{}},
		"now":                   {[]domain.PullScope{with("now")}, with("now")},
		"now, then daily":       {[]domain.PullScope{with("now"), with("daily")}, with("now")},
		"daily, then now":       {[]domain.PullScope{with("daily"), with("now")}, with("now")},
		"daily, then nothing":   {[]domain.PullScope{with("daily"), {}}, with("daily")},
		"nothing, then daily":   {[]domain.PullScope{{}, with("daily")}, with("daily")},
		"everything":            {[]domain.PullScope{everything, {}}, everything},
		"everything, now":       {[]domain.PullScope{everything, with("now")}, everything},
		"daily, everything":     {[]domain.PullScope{with("daily"), everything}, everything},
		"everything with daily": {[]domain.PullScope{daily, {}}, daily},
	} {
		if diff := cmp.Diff(c.want, domain.MergeScopes(c.scopes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAMergedScopeKeepsTheFlagsAndTheSetsOfItsParts(t *testing.T) {
	rows := func(ids ...string) map[string][]string { return map[string][]string{"x": ids} }
	for name, part := range map[string]domain.PullScope{
		"news": {News: true}, "a problem": {Problem: true}, "balances": {Balances: true},
		"more removals": {MoreRemoved: true}, "an announced count": {Announced: []domain.AnnouncedCount{{Count: 2}}},
	} {
		for _, scopes := range [][]domain.PullScope{{part, {}}, {{}, part}, {part, part}} {
			if diff := cmp.Diff(part, domain.MergeScopes(scopes)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	got := domain.PullScope{Changed: rows("2", "1"), Doubted: rows("4", "3"), Removed: []string{"6", "5"}}.Merge(
		domain.PullScope{Changed: rows("1"), Doubted: rows("3"), Removed: []string{"5"}})
	want := domain.PullScope{Changed: rows("1", "2"), Doubted: rows("3", "4"), Removed: []string{"5", "6"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestTooManyNamedIDsBecomeEverything(t *testing.T) {
	ids := make([]string, 10_001)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	most := domain.PullScope{}.Merge(domain.PullScope{Changed: map[string][]string{"x": ids[1:]}})
	if most.Everything || len(most.Changed["x"]) != 10_000 {
		t.Errorf("10,000 ids: everything %v, changed %d", most.Everything, len(most.Changed["x"]))
	}
	got := domain.PullScope{Removed: []string{"r"}}.Merge(domain.PullScope{Changed: map[string][]string{"x": ids}})
	if !got.Everything || got.Changed != nil || len(got.Removed) != 1 {
		t.Fatalf("everything %v, changed %d, removed %v", got.Everything, len(got.Changed), got.Removed)
	}
}

func TestAReplayRequestsEverythingInsteadOfTheRemovals(t *testing.T) {
	changed := map[string][]string{"x": {"1"}}
	for name, tc := range map[string]struct{ scope, want domain.PullScope }{
		"nothing":  {domain.PullScope{}, domain.PullScope{}},
		"changes":  {domain.PullScope{Changed: changed}, domain.PullScope{Changed: changed}},
		"removals": {domain.PullScope{Removed: []string{"r"}}, domain.PullScope{Everything: true}},
		"changes and removals": {
			domain.PullScope{Changed: changed, Removed: []string{"r"}},
			domain.PullScope{Everything: true, Accounts: []string{"x"}},
		},
	} {
		if diff := cmp.Diff(tc.want, tc.scope.Replayed()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestProgressGoesForwardAndBack(t *testing.T) {
	p := domain.Progress{Planned: true, Steps: make([]domain.Step, 2)}
	p = p.Count(7, new(9)).Advance("next")
	if p.Step != 0 || p.Cursor != "next" || p.Pages != 1 || p.Rows != 7 || *p.Total != 9 {
		t.Fatalf("%+v", p)
	}
	if back := p.Restart(); back.Step != 0 || back.Cursor != "" || back.Pages != 0 || back.Rows != 0 ||
		back.Total != nil {
		t.Fatalf("%+v", back)
	}
	if p = p.Advance(""); p.Rows != 0 || p.Total != nil {
		t.Fatalf("%+v has rows of the step before it", p)
	}
	if p = p.Advance(""); !p.Done() {
		t.Fatalf("%+v is not done", p)
	}
	if (domain.Progress{}).Done() {
		t.Fatal("an unplanned pull is done")
	}
}

// A list must be treated as complete if its first page came without a total. A list with a total must be treated as
// complete if every page came with the same total, or with none, and the list has this number of rows.
func TestAListIsCompleteIfEveryTotalIsWhatWasRead(t *testing.T) {
	type page struct {
		rows  int
		total *int
	}
	for name, tc := range map[string]struct {
		pages []page
		want  bool
	}{
		"no totals":                     {[]page{{5, nil}, {2, nil}}, true},
		"equal totals":                  {[]page{{5, new(7)}, {2, new(7)}}, true},
		"an empty list":                 {[]page{{0, new(0)}}, true},
		"the total of a later page":     {[]page{{5, new(7)}, {1, new(6)}}, false},
		"another total on a later page": {[]page{{5, new(7)}, {2, new(8)}}, false},
		"back to the first total":       {[]page{{5, new(9)}, {2, new(8)}, {2, new(9)}}, false},
		"a row too few":                 {[]page{{5, new(7)}, {1, new(7)}}, false},
		"a row too many":                {[]page{{5, new(7)}, {3, new(7)}}, false},
		"a page without a total":        {[]page{{5, new(7)}, {2, nil}}, true},
		"no total on the first page":    {[]page{{5, nil}, {2, new(8)}}, true},
	} {
		p := domain.Progress{Planned: true, Steps: make([]domain.Step, 1)}
		for _, page := range tc.pages {
			p = p.Count(page.rows, page.total)
			p.Cursor, p.Pages = "next", p.Pages+1
		}
		if got := p.Complete(p.Rows); got != tc.want {
			t.Errorf("%s: complete %t, want %t", name, got, tc.want)
		}
	}
}

func TestAListThatContradictsItselfThreeTimesInTheSameWayIsStored(t *testing.T) {
	found := domain.Inconsistency{Missing: 2}
	var seen domain.Inconsistency
	for attempt := 1; attempt <= 3; attempt++ {
		if got := seen.IsLasting(found); got != (attempt == 3) {
			t.Errorf("attempt %d: lasting %t", attempt, got)
		}
		if seen = seen.Again(found); seen.Attempts != attempt || seen.Missing != 2 {
			t.Errorf("attempt %d: %+v", attempt, seen)
		}
	}
	for name, other := range map[string]domain.Inconsistency{
		"another number of rows": {Missing: 3}, "other counts": {Missing: 2, Shifted: true},
		"a row twice": {Missing: 2, Repeated: 1}, "none": {},
	} {
		if seen.IsLasting(other) {
			t.Errorf("%s: the list has contradicted itself in another way", name)
		}
		if again := seen.Again(other); again.Attempts != 1 || again.Missing != other.Missing {
			t.Errorf("%s: %+v", name, again)
		}
	}
}

func TestTheInconsistencyOfAListEndsWithIt(t *testing.T) {
	p := domain.Progress{Planned: true, Steps: make([]domain.Step, 2)}.Count(5, new(9)).Advance("next").Count(1, new(8))
	if got := p.InconsistencyOf(6); got != (domain.Inconsistency{Missing: 3, Shifted: true}) {
		t.Errorf("6 rows of 9: %+v", got)
	}
	if got := (domain.Progress{}).InconsistencyOf(6); got != (domain.Inconsistency{}) {
		t.Errorf("a list without a count: %+v", got)
	}
	p.Inconsistency, p.ChangeFailures = domain.Inconsistency{Missing: 3, Attempts: 1}, 2
	if next := p.Advance("more"); next.Inconsistency != p.Inconsistency || next.ChangeFailures != 2 {
		t.Errorf("after a page: %+v", next)
	}
	next := p.Advance("")
	if next.Inconsistency != (domain.Inconsistency{}) || next.ChangeFailures != 0 || next.Shifted {
		t.Errorf("after the list: %+v", next)
	}
}

func TestTheDigestChangesWithEveryEditAndOnlyThen(t *testing.T) {
	money := func(s string) domain.Money {
		return domain.Money{Amount: decimal.RequireFromString(s), Currency: "BRL"}
	}
	base := domain.TransactionData{
		ExternalID:   "t",
		Account:      "a",
		Amount:       money("-1.5"),
		Status:       domain.Posted,
		Date:         "2026-11-20",
		Description:  "d",
		Category:     "c",
		Counterparty: "p",
		Metadata:     json.RawMessage(`{"a":1}`),
	}
	other := money("2")
	edits := map[string]func(*domain.TransactionData){
		"account":      func(o *domain.TransactionData) { o.Account = "b" },
		"amount":       func(o *domain.TransactionData) { o.Amount = money("1.5") },
		"currency":     func(o *domain.TransactionData) { o.Amount.Currency = "USD" },
		"accountMoney": func(o *domain.TransactionData) { o.AccountMoney = &other },
		"status":       func(o *domain.TransactionData) { o.Status = domain.Pending },
		"date":         func(o *domain.TransactionData) { o.Date = "2026-11-21" },
		"occurredAt":   func(o *domain.TransactionData) { o.OccurredAt = noon },
		"description":  func(o *domain.TransactionData) { o.Description = "dc" },
		"counterparty": func(o *domain.TransactionData) { o.Counterparty = "q" },
		"reference":    func(o *domain.TransactionData) { o.References.ReferenceNumber = "1" },
		"cheque":       func(o *domain.TransactionData) { o.References.ChequeNumber = "1" },
		"barcode":      func(o *domain.TransactionData) { o.References.Barcode = "1" },
		"barcode 2":    func(o *domain.TransactionData) { o.References.Barcode = "2" },
		"txId":         func(o *domain.TransactionData) { o.References.TxID = "1" },
		"txId 2":       func(o *domain.TransactionData) { o.References.TxID = "2" },
		"document": func(o *domain.TransactionData) {
			o.CounterpartyDocument = domain.PartyDocument{Type: domain.CPF, Value: "1"}
		},
		"warnings":   func(o *domain.TransactionData) { o.Warnings = []domain.Warning{domain.DirectionConflict} },
		"moved text": func(o *domain.TransactionData) { o.Description, o.Counterparty = "", "dp" },
	}
	seen := map[[32]byte]string{base.Digest(): "nothing"}
	for name, edit := range edits {
		o := base
		edit(&o)
		if twin, clash := seen[o.Digest()]; clash {
			t.Errorf("an edit of %s looks like %s", name, twin)
		}
		seen[o.Digest()] = name
	}
	moved := base
	moved.Metadata, moved.Category = json.RawMessage(`{"a":2}`), "enriched"
	if moved.Digest() != base.Digest() {
		t.Error("a change of the metadata or of the category looks like an edit")
	}
}

func TestChangeReportsTheLastChange(t *testing.T) {
	for want, tx := range map[domain.ChangeKind]domain.Transaction{
		domain.Added: {Version: 1}, domain.Modified: {Version: 2}, domain.Removed: {Version: 2, RemovedAt: noon},
	} {
		if got := tx.Change(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestCleanTextMarksATextThatItCuts(t *testing.T) {
	whole := strings.Repeat("é", 2048)
	for text, want := range map[string]string{
		whole: whole, whole[:4094]: whole[:4094], whole + "x": whole[:4092] + "…",
		"x" + whole: "x" + whole[:4092] + "…", " " + whole + "\x00\n": whole,
	} {
		got := domain.CleanText(text)
		if got != want || len(got) > 4096 {
			t.Errorf("a text of %d bytes became one of %d bytes that ends with %q, want %q",
				len(text), len(got), got[len(got)-5:], want[len(want)-5:])
		}
		if again := domain.CleanText(got); again != got {
			t.Errorf("a text of %d bytes is cut again to %d bytes", len(got), len(again))
		}
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add("a\x00b")
	f.Add("\xff\xfe")
	f.Add(strings.Repeat("é", 4096))
	f.Fuzz(func(t *testing.T, s string) {
		got := domain.CleanText(s)
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") || len(got) > 4096 {
			t.Fatalf("%q", got)
		}
	})
}

func TestTimeKeysSortAndSurviveARoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Time {
			return time.UnixMicro(rapid.Int64Range(0, 4_000_000_000_000_000).Draw(t, name)).UTC()
		}
		a, b := draw("a"), draw("b")
		if a.Before(b) != (domain.TimeKey(a) < domain.TimeKey(b)) {
			t.Fatalf("%v and %v sort differently as text", a, b)
		}
		if back, err := domain.ParseTimeKey(domain.TimeKey(a)); err != nil || !back.Equal(a) {
			t.Fatalf("%v, %v", back, err)
		}
	})
}
