package witness_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// compared returns a stored statement with the comparison of its lines and the records. What is compared is complete up
// to the 20th.
func compared(s witness.Statement, records ...witness.Record) (witness.BankStatement, witness.Comparison) {
	c := witness.Compare(witness.Input{Statement: s, Records: records, CoversTo: day(20)})
	var stored witness.BankStatement
	stored.Reading.Read(witness.Selected{Statement: s, Match: witness.MatchExact})
	stored.Compared(c, time.Unix(1, 0), true)
	return stored, c
}

func TestWhatIsStoredOfAComparison(t *testing.T) {
	s := linesOnly(line(2, "-50", "A"), line(9, "20", "B"), line(25, "1", "C"), line(23, "1", "D"),
		witness.Block{Kind: witness.Apart, Date: day(40), Amount: amount("1")}, refused(noDay))
	s.Account, s.Currency = witness.Account{Number: "1"}, "BRL"
	s.Warnings = []witness.Warning{{Code: witness.RepeatedIDs, Blocks: make([]int, 1001)}}
	s.Sections[0].Declared = declared(5, 5)
	got, c := compared(s, ours("a", 2, "-50", "A"), ours("x", 45, "7", "X"))
	r, result := got.Reading, got.Comparison
	if got.State != witness.StateCompared || !result.At.Equal(time.Unix(1, 0)) || result.Verdict != c.Verdict ||
		result.CoversTo != day(20) || result.Basis != witness.BasisNone || len(result.Buckets) != len(c.Buckets) {
		t.Errorf("the comparison is %+v", result)
	}
	if r.Account.Number != "1" || r.Match != witness.MatchExact || r.Currency != "BRL" || r.Counts.Lines != 4 ||
		r.Counts.Blocks != 6 || !r.Sums.Credits.Equal(amount("22")) || !r.Sums.Debits.Equal(amount("50")) {
		t.Errorf("the reading is %+v", r)
	}
	if r.Period != declared(2, 25) || result.WaitsFor != day(23) {
		t.Errorf("the period is %v, and a line of %s waits", r.Period, result.WaitsFor)
	}
	if len(r.Warnings) != 2 || len(r.Warnings[0].Blocks) != 1000 || r.Warnings[1].Code != witness.PeriodNotTrusted {
		t.Errorf("%d warnings: %v", len(r.Warnings), r.Warnings[1:])
	}
	whole, _ := compared(september(line(2, "-50", "A")), ours("a", 2, "-50", "A"))
	if whole.Reading.Period != declared(1, 30) || whole.Comparison.WaitsFor != day(21) {
		t.Errorf(
			"the period of covered days is %v, and its day %q waits",
			whole.Reading.Period,
			whole.Comparison.WaitsFor,
		)
	}
	whole.ComparedChanges, whole.Changes = 3, 3
	if whole.Stale() {
		t.Error("no record has changed, and the comparison is stale")
	}
	if whole.Changes++; !whole.Stale() {
		t.Error("a record has changed, and the comparison is not stale")
	}
	if whole.State = witness.StateRefused; whole.Stale() {
		t.Error("a refused statement is stale")
	}
}

func TestAStatementThatIsNotCompared(t *testing.T) {
	for code, want := range map[witness.RefusalCode]witness.StatementState{
		witness.NeedsAccount: witness.StateNeedsAccount, witness.NeedsMapping: witness.StateNeedsMapping,
		witness.Malformed: witness.StateRefused,
	} {
		s, _ := compared(september())
		s.Decline(witness.Refusal{Code: code, Line: 3, Message: "why"})
		if s.State != want || s.Reading.Reason != "line 3: why" || s.Comparison != nil {
			t.Errorf("%s: %s, %q", code, s.State, s.Reading.Reason)
		}
		if s.Decline(witness.Refusal{Code: code, Message: "why"}); s.Reading.Reason != "why" {
			t.Errorf("without a line: %q", s.Reading.Reason)
		}
		s.Reading.Read(witness.Selected{})
		if s.Reading.Reason != "" {
			t.Errorf("a statement that was read again keeps the reason %q", s.Reading.Reason)
		}
	}
	s, _ := compared(september(line(2, "-50", "A")))
	s.Reading.Name, s.Reading.SHA256 = "a.ofx", "1"
	if s.Withdraw(); s.State != witness.StateWithdrawn || s.Comparison != nil || s.Reading.Name != "a.ofx" ||
		s.Reading.SHA256 != "1" || s.Reading.Counts.Lines != 0 || s.Reading.Period != declared(1, 30) {
		t.Errorf("a withdrawn statement has %+v", s)
	}
}

func TestADecisionIsValidated(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*witness.Decision)
		want   string // the members at fault
	}{
		"of the whole statement":      {func(*witness.Decision) {}, ""},
		"of lines":                    {func(d *witness.Decision) { d.Lines = []int{1} }, ""},
		"of as many lines as allowed": {func(d *witness.Decision) { d.Lines = make([]int, 1000) }, ""},
		"of too many lines":           {func(d *witness.Decision) { d.Lines = make([]int, 1001) }, "lines"},
		"accepted":                    {func(d *witness.Decision) { d.Kind = witness.Accepted }, ""},
		"a confirmed group": {
			func(d *witness.Decision) { d.Kind, d.Lines = witness.GroupConfirmed, []int{1} },
			"",
		},
		"a rejected group": {
			func(d *witness.Decision) { d.Kind, d.Lines = witness.GroupRejected, []int{1} },
			"",
		},
		"a confirmed group of no line": {func(d *witness.Decision) { d.Kind = witness.GroupConfirmed }, "lines"},
		"a rejected group of no line":  {func(d *witness.Decision) { d.Kind = witness.GroupRejected }, "lines"},
		"another decision":             {func(d *witness.Decision) { d.Kind = "x" }, "decision"},
		"no note":                      {func(d *witness.Decision) { d.Note = "" }, "note"},
		"a note as long as allowed":    {func(d *witness.Decision) { d.Note = strings.Repeat("é", 1000) }, ""},
		"too long a note":              {func(d *witness.Decision) { d.Note = strings.Repeat("é", 1001) }, "note"},
	} {
		d := witness.Decision{Kind: witness.Explained, Note: "n"}
		tc.change(&d)
		err := d.Validate()
		if (err != nil) != (tc.want != "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecisionsAboutAStatement(t *testing.T) {
	s := september(line(2, "-100", "LOTE"), line(3, "-7", "B"))
	stored, c := compared(s, ours("a", 2, "-60", "A"), ours("b", 2, "-40", "B"))
	decide := func(kind witness.DecisionKind, lines ...int) error {
		return stored.Decide(witness.Decision{Kind: kind, Lines: lines, Note: "n"}, c.Findings)
	}
	for name, err := range map[string]error{
		"a line that the statement lacks": decide(witness.Explained, 3),
		"a group of a line without one":   decide(witness.GroupConfirmed, 2),
		"no group":                        decide(witness.GroupRejected, 2),
	} {
		if !errors.Is(err, domain.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, err := range []error{
		decide(witness.Explained, 2), decide(witness.GroupRejected, 1), decide(witness.GroupConfirmed, 1),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	groups := stored.Confirmed()
	if len(stored.Decisions) != 3 || len(groups) != 1 || groups[0].Position != 1 || len(groups[0].Records) != 2 {
		t.Errorf("the groups are %+v, the decisions %+v", groups, stored.Decisions)
	}
	stored.Decisions = make([]witness.Decision, witness.MaxDecisions-1)
	if err := decide(witness.Explained); err != nil {
		t.Errorf("the last decision: %v", err)
	}
	if err := decide(witness.Explained); !errors.Is(err, domain.Conflict) {
		t.Errorf("one decision too many: %v", err)
	}
	stored.Decisions = nil
	if stored.State = witness.StateRefused; !errors.Is(decide(witness.Explained), domain.Conflict) {
		t.Error("a statement that is not compared has a decision")
	}
}

func TestANewDifferenceEndsTheAcceptance(t *testing.T) {
	lines := []witness.Block{line(2, "-50", "A"), line(3, "-7", "B")}
	a, moved, late := ours("a", 2, "-50", "A"), ours("b", 4, "-7", "B"), ours("b", 7, "-7", "B")
	for name, tc := range map[string]struct {
		before, after []witness.Record
		balance       string // ours of the 30th; "" if it is not known
		ends          bool
	}{
		"the same":                {[]witness.Record{a}, []witness.Record{a}, "", false},
		"a difference less":       {nil, []witness.Record{a}, "", false},
		"no difference any more":  {[]witness.Record{a}, []witness.Record{a, ours("b", 3, "-7", "B")}, "", false},
		"a difference more":       {[]witness.Record{a}, nil, "", true},
		"a record that they lack": {[]witness.Record{a}, []witness.Record{a, ours("c", 9, "1", "C")}, "", true},
		"another date":            {[]witness.Record{a, moved}, []witness.Record{a, moved}, "", false},
		"yet another date":        {[]witness.Record{a, moved}, []witness.Record{a, late}, "", true},
		"a balance that differs":  {[]witness.Record{a}, []witness.Record{a}, "44", true},
		"a balance that agrees":   {[]witness.Record{a}, []witness.Record{a}, "43", false},
	} {
		stored, c := compared(september(lines...), tc.before...)
		if err := stored.Decide(witness.Decision{Kind: witness.Accepted, Note: "n"}, c.Findings); err != nil {
			t.Fatal(err)
		}
		if !stored.Accepted() || !witness.NewOverview(stored).Accepted {
			t.Errorf("%s: it was not accepted", name)
		}
		in := witness.Input{Statement: september(lines...), Records: tc.after, CoversTo: day(20)}
		if tc.balance != "" {
			in.Balances = []witness.DayBalance{{Date: day(30), Amount: amount(tc.balance)}}
		}
		stored.Compared(witness.Compare(in), time.Unix(2, 0), true)
		ended := stored.Decisions[0].EndedAt
		if stored.Accepted() == tc.ends || tc.ends != ended.Equal(time.Unix(2, 0)) || !tc.ends && !ended.IsZero() {
			t.Errorf("%s: accepted %t, ended at %v", name, stored.Accepted(), ended)
		}
	}
}

// Only the newest comparison of a covered day counts.
func TestWhichStatementsNeedAttention(t *testing.T) {
	differs := overview(1, witness.Differs, days(1, 10))
	accepted := differs
	accepted.Accepted = true
	for name, tc := range map[string]struct {
		all  []witness.Overview
		want int
	}{
		"it differs":               {[]witness.Overview{differs}, 1},
		"a person has accepted it": {[]witness.Overview{accepted}, 0},
		"it agrees":                {[]witness.Overview{overview(1, witness.Agrees, days(1, 10))}, 0},
		"a newer one of all days":  {[]witness.Overview{differs, overview(2, witness.Agrees, days(1, 10))}, 0},
		"newer ones of all days": {
			[]witness.Overview{
				overview(3, witness.Agrees, days(6, 30)),
				differs,
				overview(2, witness.Agrees, days(-9, 5)),
			},
			0,
		},
		"a newer one of the first days": {[]witness.Overview{differs, overview(2, witness.Agrees, days(1, 9))}, 1},
		"a newer one of the last days":  {[]witness.Overview{differs, overview(2, witness.Agrees, days(2, 10))}, 1},
		"an older one":                  {[]witness.Overview{differs, overview(0, witness.Agrees, days(1, 10))}, 1},
		"no covered day":                {[]witness.Overview{overview(1, witness.Differs)}, 0},
		"two":                           {[]witness.Overview{differs, overview(2, witness.Differs, days(2, 10))}, 2},
	} {
		before := slices.Clone(tc.all)
		if got := witness.Alerting(tc.all); len(got) != tc.want || tc.want > 0 && !got[differs.ID] {
			t.Errorf("%s: %v", name, got)
		}
		for i := range before {
			if tc.all[i].ID != before[i].ID {
				t.Errorf("%s: the order of the caller was changed", name)
			}
		}
	}
}

func TestTheCoverageOfAMonth(t *testing.T) {
	list := func(all ...witness.Overview) []witness.Overview { return all }
	lines := overview(2, witness.LinesAgree)
	lines.Period = days(5, 40)
	for name, tc := range map[string]struct {
		all  []witness.Overview
		want witness.Verdict
		ids  int
	}{
		"nothing":                 {nil, witness.CoverageNone, 0},
		"all days":                {list(overview(1, witness.Agrees, days(1, 30))), witness.Agrees, 1},
		"more days":               {list(overview(1, witness.Agrees, days(-9, 40))), witness.Agrees, 1},
		"the last day is missing": {list(overview(1, witness.Agrees, days(1, 29))), witness.CoveragePartial, 1},
		"a part that differs":     {list(overview(1, witness.Differs, days(1, 9))), witness.Differs, 1},
		"another month":           {list(overview(1, witness.Differs, days(31, 60))), witness.CoverageNone, 0},
		"days before and after": {
			list(overview(1, witness.Agrees, days(-5, 0), days(31, 40))), witness.CoverageNone, 0,
		},
		"the last day only": {list(overview(1, witness.Agrees, days(30, 60))), witness.CoveragePartial, 1},
		"the worst of two": {
			list(overview(1, witness.DatesDiffer, days(1, 9)), overview(2, witness.Agrees, days(10, 30))),
			witness.DatesDiffer, 2,
		},
		"a newer one of all days": {
			list(overview(1, witness.Differs, days(1, 9)), overview(2, witness.Agrees, days(1, 30))),
			witness.Agrees,
			1,
		},
		"a newer one of some days": {
			list(overview(1, witness.Differs, days(1, 30)), overview(2, witness.Agrees, days(1, 9))),
			witness.Differs,
			2,
		},
		"lines without covered days": {list(lines), witness.CoveragePartial, 1},
		"lines beside covered days":  {list(lines, overview(1, witness.Agrees, days(1, 4))), witness.LinesAgree, 2},
	} {
		got := witness.CoverageOf(tc.all, days(1, 30))
		if got.Verdict != tc.want || len(got.IDs) != tc.ids {
			t.Errorf("%s: %s, %d statements", name, got.Verdict, len(got.IDs))
		}
	}
}

// The statement before is a file whose days begin earlier; of several, the one whose days end last.
func TestTheStatementBeforeAnotherOne(t *testing.T) {
	file := func(n, from, to int) witness.Overview {
		o := overview(n, witness.Agrees, days(from, to))
		o.SHA256 = "x"
		return o
	}
	account := overview(4, witness.Agrees, days(1, 9))
	unread := file(5, 1, 9)
	unread.Period = domain.Window{}
	for name, tc := range map[string]struct {
		all          []witness.Overview
		want         int // the number of the overview; 0 for none
		gap, overlap int
	}{
		"none":                        {nil, 0, 0, 0},
		"the next day":                {[]witness.Overview{file(1, 1, 9)}, 1, 0, 0},
		"a gap":                       {[]witness.Overview{file(1, 1, 7)}, 1, 2, 0},
		"an overlap":                  {[]witness.Overview{file(1, 1, 12)}, 1, 0, 3},
		"within it":                   {[]witness.Overview{file(1, 1, 40)}, 1, 0, 11},
		"the same first day":          {[]witness.Overview{file(1, 10, 12)}, 0, 0, 0},
		"the one that ends last":      {[]witness.Overview{file(1, 2, 7), file(2, 1, 8), file(3, 3, 6)}, 2, 1, 0},
		"the first of two equal ends": {[]witness.Overview{file(1, 2, 8), file(2, 1, 8)}, 1, 1, 0},
		"another account":             {[]witness.Overview{account}, 0, 0, 0},
		"itself":                      {[]witness.Overview{file(9, 1, 9)}, 0, 0, 0},
		"without days":                {[]witness.Overview{unread}, 0, 0, 0},
	} {
		s := witness.BankStatement{
			ID: file(9, 1, 1).ID, State: witness.StateCompared, Comparison: &witness.Result{},
		}
		s.Reading.Period = days(10, 20)
		p := witness.PreviousOf(s, tc.all)
		if (p == nil) != (tc.want == 0) || p != nil &&
			(p.ID != file(tc.want, 1, 1).ID || p.GapDays != tc.gap || p.OverlapDays != tc.overlap) {
			t.Errorf("%s: %+v", name, p)
		}
		s.State = witness.StateRefused
		if witness.PreviousOf(s, tc.all) != nil {
			t.Errorf("%s: a refused statement has one before it", name)
		}
		s.State, s.Witness = witness.StateCompared, domain.AccountID{UUID: idOf("a").UUID}
		if witness.PreviousOf(s, tc.all) != nil {
			t.Errorf("%s: another account has a statement before it", name)
		}
		s.Witness, s.Reading.Period = domain.AccountID{}, domain.Window{}
		if witness.PreviousOf(s, tc.all) != nil {
			t.Errorf("%s: a statement without days has one before it", name)
		}
	}
}

func TestAMappingIsValidated(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*witness.CSVMapping)
		want   string // the member at fault
	}{
		"an amount":                  {func(*witness.CSVMapping) {}, ""},
		"credit and debit":           {func(m *witness.CSVMapping) { m.Amount, m.Credit, m.Debit = "", "c", "d" }, ""},
		"no amount":                  {func(m *witness.CSVMapping) { m.Amount = "" }, "amount"},
		"only credit":                {func(m *witness.CSVMapping) { m.Amount, m.Credit = "", "c" }, "amount"},
		"only debit":                 {func(m *witness.CSVMapping) { m.Amount, m.Debit = "", "d" }, "amount"},
		"an amount and credit":       {func(m *witness.CSVMapping) { m.Credit = "c" }, "amount"},
		"an amount and debit":        {func(m *witness.CSVMapping) { m.Debit = "d" }, "amount"},
		"no date":                    {func(m *witness.CSVMapping) { m.Date = "" }, "date"},
		"a point":                    {func(m *witness.CSVMapping) { m.Decimal = "." }, ""},
		"another decimal sign":       {func(m *witness.CSVMapping) { m.Decimal = "" }, "decimal"},
		"as many rows as allowed":    {func(m *witness.CSVMapping) { m.SkipRows = 1000 }, ""},
		"too many rows":              {func(m *witness.CSVMapping) { m.SkipRows = 1001 }, "skipRows"},
		"a negative number of rows":  {func(m *witness.CSVMapping) { m.SkipRows = -1 }, "skipRows"},
		"a date format without days": {func(m *witness.CSVMapping) { m.DateFormat = "MM/yyyy" }, "dateFormat"},
	} {
		m := witness.CSVMapping{Date: "Data", DateFormat: "dd/MM/yyyy", Amount: "Valor", Decimal: ","}
		tc.change(&m)
		err := m.Validate()
		if (err != nil) != (tc.want != "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for format, want := range map[string]string{
		"dd/MM/yyyy": "02/01/2006", "yyyy-MM-dd": "2006-01-02", "dd.MM.yy": "02.01.06", "d/M/yyyy": "2/1/2006",
		"yyyyMMdd": "20060102", "d/M/yyy": "", "dd/MM": "", "dd/MM/y": "", "dd/dd/MM/yyyy": "", "ddd/MM/yyyy": "",
		"dd/MM/MM/yyyy": "", "dd/MM/yyyy/yy": "", "dd/MM/yyyy HH": "", "dd/MMM/yyyy": "", "yyxyy/MM/dd": "", "": "",
		"MM/yyyy": "", "dd/yyyy": "", "dd MM yyyy": "02 01 2006", "ddxMM/yyyy": "", "yy/yy/MM/dd": "",
	} {
		layout, ok := witness.DateLayout(format)
		if ok != (want != "") || ok && layout != want {
			t.Errorf("%q: %q, %t", format, layout, ok)
		}
	}
}

func TestARecordIsComparedInTheCurrencyOfTheAccount(t *testing.T) {
	reais := &domain.Money{Amount: amount("-55"), Currency: "BRL"}
	for name, tc := range map[string]struct {
		paid     string
		account  *domain.Money
		currency string
		want     string
		unknown  bool
	}{
		"the same":          {"BRL", nil, "BRL", "-10", false},
		"converted":         {"USD", reais, "BRL", "-55", false},
		"not converted":     {"USD", nil, "BRL", "0", true},
		"another account's": {"USD", reais, "EUR", "0", true},
	} {
		for _, status := range []domain.TransactionStatus{domain.Posted, domain.Pending} {
			var record domain.Transaction
			record.Status, record.Description = status, "A"
			record.Amount, record.AccountMoney = domain.Money{Amount: amount("-10"), Currency: tc.paid}, tc.account
			r := witness.RecordOf(record, tc.currency)
			if !r.Amount.Equal(amount(tc.want)) || r.Unknown != tc.unknown || r.Text != "A" ||
				r.Pending != (status == domain.Pending) {
				t.Errorf("%s, %s: %+v", name, status, r)
			}
		}
	}
}

func TestTheRecordsOfAnotherAccountAreItsStatement(t *testing.T) {
	key := func(r *witness.Record) { r.References.EndToEndID, r.References.TrackingKey = "E1", "T1" }
	records := []witness.Record{
		ours("c", 5, "3", "C"), ours("a", 2, "1", "A", key), ours("b", 3, "2", "B", pending), ours("d", 6, "4", "D"),
		ours("e", 4, "0", "E", func(r *witness.Record) { r.Unknown = true }), ours("f", 1, "5", "F"),
	}
	s := witness.AccountStatement(witness.Account{Number: "1"}, "BRL", days(2, 5), records,
		[]witness.DayBalance{{Date: day(4), Amount: amount("30")}})
	kinds := ""
	for _, b := range s.Blocks() {
		kinds += b.Text + " " + string(b.Kind) + " " + b.Reason + ";"
	}
	const want = "F apart outside of the compared days;A line ;B apart pending;" +
		"E refused the amount in the currency of the account is not known;C line ;D apart outside of the compared days;"
	if kinds != want || records[0].Text != "C" {
		t.Errorf("the blocks are %s want %s", kinds, want)
	}
	if ids := s.Blocks()[1].IDs; len(ids) != 2 || ids[0].Value != "E1" || ids[1].Value != "T1" || !ids[0].Stable ||
		!ids[1].Stable || len(s.Blocks()[0].IDs) != 0 {
		t.Errorf("the ids are %+v", ids)
	}
	if s.CoversTo != day(5) || s.Sections[0].Declared != days(2, 5) || len(s.Sections[0].Balances) != 1 {
		t.Errorf("the statement is %+v", s)
	}
	never := witness.AccountStatement(witness.Account{}, "BRL", domain.Window{}, records[:1], nil)
	if b := never.Blocks()[0]; b.Kind != witness.Apart {
		t.Errorf("a record of an account that is complete on no day is %+v", b)
	}
}

func TestTheSumsOfAStatementAreThoseOfItsLines(t *testing.T) {
	apart := line(3, "1000", "X")
	apart.Kind = witness.Apart
	s := witness.Statement{Sections: []witness.Section{
		{Blocks: blocks(line(1, "10", "A"), line(2, "-3", "B"), apart)},
		{Blocks: blocks(line(3, "5", "C"), refused(4), balanceRow(5))},
	}}
	c, sums := s.Counts(), s.Sums()
	if c != (witness.Counts{Blocks: 6, Lines: 3, BalanceRows: 1, Apart: 1, Refused: 1}) || len(s.Blocks()) != 6 {
		t.Errorf("the counts are %+v", c)
	}
	if !sums.Credits.Equal(amount("15")) || !sums.Debits.Equal(decimal.NewFromInt(3)) {
		t.Errorf("the sums are %+v", sums)
	}
}

// Only a confirmed group counts for the next comparison, and a decision about lines needs positions of lines.
func TestOnlyConfirmedGroupsCount(t *testing.T) {
	for name, tc := range map[string]struct {
		kind   witness.DecisionKind
		lines  []int
		groups int
		err    error
	}{
		"a rejected group":           {witness.GroupRejected, []int{1}, 0, nil},
		"a confirmed group":          {witness.GroupConfirmed, []int{1}, 1, nil},
		"an explained line":          {witness.Explained, []int{1}, 0, nil},
		"a record without a line":    {witness.Explained, []int{0}, 0, domain.Invalid},
		"a line without a group":     {witness.GroupConfirmed, []int{2}, 0, domain.Invalid},
		"a position behind the last": {witness.Explained, []int{3}, 0, domain.Invalid},
	} {
		stored, c := compared(september(line(2, "-100", "LOTE"), line(3, "-7", "B")), ours("a", 2, "-60", "A"),
			ours("b", 2, "-40", "B"), ours("x", 9, "-3", "X"))
		err := stored.Decide(witness.Decision{Kind: tc.kind, Lines: tc.lines, Note: "n"}, c.Findings)
		if !errors.Is(err, tc.err) || len(stored.Confirmed()) != tc.groups {
			t.Errorf("%s: %d groups, want %d: %v", name, len(stored.Confirmed()), tc.groups, err)
		}
	}
}

// A new difference ends the acceptance, and nothing else: other decisions and acceptances that have ended before keep
// their times, and a copy of the statement keeps its decisions.
func TestANewDifferenceEndsOnlyTheAcceptance(t *testing.T) {
	accepted, c := compared(september(line(2, "-5", "0")))
	for _, kind := range []witness.DecisionKind{witness.Accepted, witness.Explained} {
		if err := accepted.Decide(witness.Decision{Kind: kind, Note: "n"}, c.Findings); err != nil {
			t.Fatal(err)
		}
	}
	ended := accepted.Decisions[0]
	ended.EndedAt = time.Unix(2, 0)
	accepted.Decisions = append(accepted.Decisions, ended)
	later := accepted
	// The text and the amount of the new line have the same characters as those of the accepted one.
	other := witness.Compare(witness.Input{Statement: september(line(2, "-50", "")), CoversTo: day(20)})
	later.Compared(other, time.Unix(9, 0), true)
	var got []int64
	for _, d := range later.Decisions {
		if d.EndedAt.IsZero() {
			got = append(got, 0)
		} else {
			got = append(got, d.EndedAt.Unix())
		}
	}
	if want := []int64{9, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("the decisions end at %v, want %v", got, want)
	}
	if !accepted.Decisions[0].EndedAt.IsZero() {
		t.Error("the decisions of a copy have changed, too")
	}
}

// A warning of one kind is there once, with the positions of all its blocks.
func TestAWarningContainsThePositionsOfItsBlocks(t *testing.T) {
	var got []witness.Warning
	for _, w := range []struct {
		code     witness.WarningCode
		position int
	}{
		{witness.RepeatedIDs, 0}, {witness.DateClamped, 3}, {witness.MixedDates, 0}, {witness.DateClamped, 1},
		{witness.RepeatedIDs, 7},
	} {
		got = witness.AddWarning(got, w.code, w.position)
	}
	want := []witness.Warning{
		{Code: witness.RepeatedIDs, Blocks: []int{7}}, {Code: witness.DateClamped, Blocks: []int{3, 1}},
		{Code: witness.MixedDates},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The service compares statements again when records change. Which one it compares last says nothing about them.
func TestTheServiceDoesNotChangeWhichComparisonIsTheNewest(t *testing.T) {
	first, c := compared(september(line(2, "-50", "A")), ours("a", 2, "-50", "A"))
	second := first
	second.ID = witness.BankStatementID{UUID: uuid.UUID{15: 2}}
	second.Compared(c, time.Unix(5, 0), true)
	newest := func() witness.BankStatementID {
		all := []witness.Overview{witness.NewOverview(first), witness.NewOverview(second)}
		return witness.Of(all, declared(1, 5)).ID
	}
	for at := range 3 {
		first.Compared(c, time.Unix(int64(10+at), 0), false)
		if newest() != second.ID || !first.Comparison.At.Equal(time.Unix(int64(10+at), 0)) {
			t.Errorf("the service has made %v the newest, at %v", newest(), first.Comparison.At)
		}
	}
	if first.Compared(c, time.Unix(20, 0), true); newest() != first.ID {
		t.Error("the comparison that a caller has asked for is not the newest")
	}
}
