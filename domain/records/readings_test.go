package records_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// bookSource is a records.ReadingSource. calls contains the names of the called methods that read records.
type bookSource struct {
	accounts []records.AccountState
	payloads [][]byte
	changed  time.Time // when a pull last changed a record; zero if none did
	changer  domain.PullID
	rows     []domain.Transaction
	absent   []domain.Transaction // those of rows that have a remembered absence
	held     string               // the external id of the account of which removals are held back; "" if none are
	err      error
	calls    []string
}

func (b *bookSource) Accounts() ([]records.AccountState, error) {
	return slices.Clone(b.accounts), b.err
}

func (b *bookSource) VisitQuarantine(limit int, visit func(records.QuarantineEntry)) error {
	for _, payload := range b.payloads {
		visit(records.QuarantineEntry{Payload: payload[:min(limit, len(payload))]})
	}
	return b.err
}

func (b *bookSource) ChangedSince(start time.Time, except domain.PullID) (bool, error) {
	return !b.changed.IsZero() && !b.changed.Before(start) && except != b.changer, b.err
}

func (b *bookSource) VisitAmounts(visit func(domain.AccountID, books.SumRow)) error {
	b.calls = append(b.calls, "amounts")
	for _, t := range b.rows {
		visit(t.AccountID, books.SumRow{Date: t.Date, Posted: true, Amount: t.Amount, FirstSeenAt: t.FirstSeenAt})
	}
	return b.err
}

func (b *bookSource) VisitAbsent(visit func(domain.AccountID, domain.TransactionID, books.SumRow)) error {
	for _, t := range b.absent {
		row := books.SumRow{Date: t.Date, Posted: true, Amount: t.Amount, FirstSeenAt: t.FirstSeenAt}
		visit(t.AccountID, t.ID, row)
	}
	return b.err
}

func (b *bookSource) VisitAbsences(visit func(account string, held bool)) error {
	for range b.absent {
		visit("a", b.held == "a")
	}
	return b.err
}

func (b *bookSource) VisitArrived(start time.Time, visit func(domain.Transaction)) error {
	b.calls = append(b.calls, "arrived")
	for _, t := range b.rows {
		if !t.FirstSeenAt.Before(start) {
			visit(t)
		}
	}
	return b.err
}

func (b *bookSource) VisitPosted(account domain.AccountID, limit int, visit func(records.PostedRow)) error {
	b.calls = append(b.calls, "posted")
	for _, t := range b.rows[:min(len(b.rows), limit)] {
		if t.AccountID == account {
			visit(records.PostedRow{
				SumRow: books.SumRow{Date: t.Date, Posted: true, Amount: t.Amount}, ID: t.ID, Metadata: t.Metadata,
			})
		}
	}
	return b.err
}

func accountID(n byte) domain.AccountID { return domain.AccountID{UUID: uuid.UUID{n}} }

func brl(amount string) domain.Money {
	return domain.Money{Amount: decimal.RequireFromString(amount), Currency: "BRL"}
}

func balanceOf(amount string) books.VendorBalance {
	return books.VendorBalance{Amount: decimal.RequireFromString(amount), Currency: "BRL"}
}

// bookedRow returns a row of the account. The bank states the given balance of the account after this row.
func bookedRow(n byte, account domain.AccountID, date domain.Date, amount, balance string) domain.Transaction {
	t := domain.Transaction{ID: domain.TransactionID{UUID: uuid.UUID{n}}, AccountID: account, FirstSeenAt: epoch}
	t.Date, t.Amount, t.Metadata = date, brl(amount), json.RawMessage(balance)
	return t
}

// settled returns the outcome of a settled pull that has read the balance of the account "a".
func settled(balance string, at time.Time) records.Outcome {
	return records.Outcome{
		State: domain.PullSucceeded, At: at,
		Settled: &records.SettledRead{Balances: map[string]books.VendorBalance{"a": balanceOf(balance)}},
	}
}

// readingPull is the pull whose end makes the readings. otherPull is another pull of the connection.
var (
	readingPull = domain.PullID{UUID: uuid.MustParse("0193b9f1-0000-7000-8000-000000000001")}
	otherPull   = domain.PullID{UUID: uuid.MustParse("0193b9f1-0000-7000-8000-000000000002")}
)

// mustRead returns the changes of records.Readings and appends them to the stored accounts.
func mustRead(t *testing.T, b *bookSource, counts domain.Counts, o records.Outcome) []records.CompletenessChange {
	t.Helper()
	b.calls = nil
	changes, err := records.Readings(b, domain.Pull{ID: readingPull, Counts: counts}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		for i := range b.accounts {
			if b.accounts[i].ID == change.Account {
				b.accounts[i].Completeness = change.Completeness
			}
		}
	}
	return changes
}

func TestAReadingSumsTheRecordsOfItsAccount(t *testing.T) {
	b := &bookSource{
		accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}, {ID: accountID(2), ExternalID: "b"}},
		rows: []domain.Transaction{
			bookedRow(1, accountID(1), "2026-11-01", "10.50", ""),
			bookedRow(2, accountID(1), "2026-11-01", "-0.50", ""),
			bookedRow(3, accountID(2), "2026-11-01", "99", ""),
		},
	}
	changes := mustRead(t, b, domain.Counts{}, settled("110", epoch))
	if len(changes) != 1 || changes[0].Account != accountID(1) {
		t.Fatalf("changes: %+v", changes)
	}
	last := changes[0].Completeness.Last
	if !last.Posted.Equal(decimal.NewFromInt(10)) || !last.Balance.Equal(decimal.NewFromInt(110)) {
		t.Errorf("reading: %+v", last)
	}
	if day := changes[0].Balance; day == nil || day.Day != "2026-11-02" || !day.Anchor.Equal(decimal.NewFromInt(100)) {
		t.Errorf("balance of the day: %+v", day)
	}
	o := settled("1", epoch.Add(time.Minute))
	o.Settled.Balances["a"] = books.VendorBalance{Missing: books.BasisNoBalance}
	if changes := mustRead(t, b, domain.Counts{Added: 1}, o); len(changes) != 1 || changes[0].Balance != nil {
		t.Errorf("without a balance: %+v", changes)
	}
}

func TestUnchangedRecordsAreNotReadAgain(t *testing.T) {
	for _, tc := range []struct {
		name    string
		counts  domain.Counts
		changed time.Time // by another pull, after the first reading at epoch
		changer domain.PullID
		balance string
		after   time.Duration
		reads   bool
		changes int
	}{
		{"nothing has changed", domain.Counts{Unchanged: 9}, time.Time{}, domain.PullID{}, "110", time.Hour, false, 0},
		{"a new day", domain.Counts{}, time.Time{}, domain.PullID{}, "110", 24 * time.Hour, false, 1},
		{"a record was added", domain.Counts{Added: 1}, time.Time{}, domain.PullID{}, "110", time.Hour, true, 1},
		{"a record was modified", domain.Counts{Modified: 1}, time.Time{}, domain.PullID{}, "110", time.Hour, true, 1},
		{"a record was removed", domain.Counts{Removed: 1}, time.Time{}, domain.PullID{}, "110", time.Hour, true, 1},
		{"another balance", domain.Counts{}, time.Time{}, domain.PullID{}, "111", time.Hour, true, 1},
		{"a pull with an early clock", domain.Counts{}, epoch.Add(-time.Minute), otherPull, "110", time.Hour, true, 1},
		{"an earlier pull", domain.Counts{}, epoch.Add(-time.Minute - 1), otherPull, "110", time.Hour, false, 0},
		{"the pull that made the reading", domain.Counts{}, epoch, readingPull, "110", time.Hour, false, 0},
	} {
		b := &bookSource{
			accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}},
			rows:     []domain.Transaction{bookedRow(1, accountID(1), "2026-11-01", "10", "")},
		}
		mustRead(t, b, domain.Counts{}, settled("110", epoch))
		if !slices.Equal(b.calls, []string{"amounts"}) {
			t.Fatalf("the first reading calls %v", b.calls)
		}
		b.changed, b.changer = tc.changed, tc.changer
		changes := mustRead(t, b, tc.counts, settled(tc.balance, epoch.Add(tc.after)))
		if reads := len(b.calls) > 0; reads != tc.reads || len(changes) != tc.changes {
			t.Errorf("%s: calls %v, changes %+v", tc.name, b.calls, changes)
		}
	}
}

func TestAQuarantinedRowBelongsToTheAccountThatItNames(t *testing.T) {
	for payload, want := range map[string]bool{`{"account":"a"}`: true, `{"account":"ab"}`: false} {
		b := &bookSource{
			accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}}, payloads: [][]byte{[]byte(payload)},
		}
		o := settled("1", epoch)
		o.Settled.Quarantined = true
		if got := mustRead(t, b, domain.Counts{}, o)[0].Completeness.Last.Quarantined; got != want {
			t.Errorf("%s: %t", payload, got)
		}
		o.Settled.Quarantined = false
		if mustRead(t, b, domain.Counts{}, o); b.accounts[0].Completeness.Last.Quarantined {
			t.Errorf("%s: the quarantine is empty", payload)
		}
	}
}

func TestAnnouncedCountsAreComparedOnlyAfterASettledPull(t *testing.T) {
	b := &bookSource{accounts: []records.AccountState{
		{ID: accountID(1), ExternalID: "a"}, {ID: accountID(2), ExternalID: "b"},
	}}
	early, late := bookedRow(1, accountID(1), "2026-11-01", "1", ""), bookedRow(2, accountID(2), "2026-11-01", "1", "")
	early.FirstSeenAt, late.FirstSeenAt = epoch.Add(-time.Hour), epoch.Add(time.Hour)
	b.rows = []domain.Transaction{early, late}
	announced := []domain.AnnouncedCount{{Account: "a", From: epoch, Count: 1}, {Count: 2}}
	if changes := mustRead(t, b, domain.Counts{}, records.Outcome{Announced: announced}); len(changes) != 2 ||
		len(changes[0].Completeness.Announced) != 2 || len(changes[1].Completeness.Announced) != 1 || len(b.calls) > 0 {
		t.Fatalf("changes: %+v, calls %v", changes, b.calls)
	}
	o := settled("110", epoch.Add(2*time.Hour))
	changes := mustRead(t, b, domain.Counts{}, o)
	if len(changes) != 1 || len(changes[0].Completeness.Announced) != 1 {
		t.Fatalf("only the account with a balance is compared: %+v", changes)
	}
	if got := changes[0].Completeness.Counted; got == nil || got.Expected != 1 || got.Actual != 0 {
		t.Errorf("the rows of the account since the announced time: %+v", got)
	}
	b.rows[0].FirstSeenAt = epoch
	o.Settled.CreatedAt = func(json.RawMessage) time.Time { return epoch.Add(-1) }
	if got := mustRead(t, b, domain.Counts{}, o)[0].Completeness.Counted; got.Actual != 0 {
		t.Errorf("a row that is older than the announcement counts: %+v", got)
	}
	o.Settled.CreatedAt = nil
	c := mustRead(t, b, domain.Counts{}, o)[0].Completeness
	if c.Counted.Actual != 1 || len(c.Announced) > 0 || !slices.Contains(b.calls, "arrived") {
		t.Errorf("the announced row: %+v", c)
	}
}

func TestRunningBalancesAreReadOnlyIfTheVendorStatesThem(t *testing.T) {
	b := &bookSource{
		accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}},
		rows: []domain.Transaction{
			bookedRow(2, accountID(1), "2026-11-01", "5", "15"), bookedRow(1, accountID(1), "2026-10-31", "10", "10"),
		},
	}
	o := settled("15", epoch)
	o.Settled.RunningBalance = func(metadata json.RawMessage) books.RunningBalance {
		balance := decimal.RequireFromString(string(metadata))
		return books.RunningBalance{Balance: &balance}
	}
	last := mustRead(t, b, domain.Counts{}, o)[0].Completeness.Last
	if last.Links != 1 || len(last.Gaps) != 0 || !slices.Equal(b.calls, []string{"amounts", "posted"}) {
		t.Errorf("%+v, calls %v", last, b.calls)
	}
	o.Settled.Balances["a"] = books.VendorBalance{Missing: books.BasisInvoice}
	mustRead(t, b, domain.Counts{Added: 1}, o)
	if slices.Contains(b.calls, "posted") {
		t.Error("running balances were read although the balance of the account is not known")
	}
}

func TestErrorsOfTheSourceAreReturned(t *testing.T) {
	failure := errors.New("no answer")
	b := &bookSource{accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}}, err: failure}
	if _, err := records.Readings(b, domain.Pull{}, settled("1", epoch)); !errors.Is(err, failure) {
		t.Error(err)
	}
	if changes, err := records.Readings(b, domain.Pull{}, records.Outcome{}); err != nil || changes != nil {
		t.Errorf("an outcome without a reading needs nothing: %v, %v", changes, err)
	}
}

func TestRecordsThatWaitForTheirSecondAbsenceAreLeftOut(t *testing.T) {
	kept := bookedRow(1, accountID(1), "2026-10-31", "100", "100")
	gone := bookedRow(2, accountID(1), "2026-11-01", "-12.5", "87.5")
	other := bookedRow(3, accountID(2), "2026-11-01", "-1", "1")
	b := &bookSource{accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}}}
	anchor := func(balance string, hours int) string {
		t.Helper()
		changes := mustRead(t, b, domain.Counts{}, settled(balance, epoch.Add(time.Duration(hours)*time.Hour)))
		if len(changes) == 0 {
			return "unchanged"
		}
		c := changes[0].Completeness
		value, _ := c.Last.Anchor()
		return value.String() + " " + strconv.FormatBool(c.DriftSince().IsZero())
	}
	b.rows, b.absent = []domain.Transaction{kept, gone, other}, []domain.Transaction{gone, other}
	if got := anchor("1100", 0); got != "1000 true" {
		t.Errorf("the baseline: %s", got)
	}
	b.rows, b.absent, b.changed = []domain.Transaction{kept, other}, nil, epoch.Add(time.Hour)
	if got := anchor("1100", 1); got != "1000 true" {
		t.Errorf("after the second absence: %s", got)
	}
	b.rows, b.absent, b.changed = []domain.Transaction{kept, gone}, []domain.Transaction{gone}, time.Time{}
	if got := anchor("1087.5", 2); got != "987.5 false" {
		t.Errorf("absent, but still in the balance: %s", got)
	}
	b.absent = nil
	if got := anchor("1087.5", 3); got != "1000 true" {
		t.Errorf("the record is listed again: %s", got)
	}
	b.absent, b.held = []domain.Transaction{gone}, "a"
	if got := anchor("1087.5", 4); got != "unchanged" {
		t.Errorf("the removal is held back: %s", got)
	}
}

func TestAbsentRecordsAreNotInTheChainOfRunningBalances(t *testing.T) {
	first := bookedRow(1, accountID(1), "2026-10-30", "100", "100")
	gone := bookedRow(2, accountID(1), "2026-10-31", "-12.5", "87.5")
	last := bookedRow(3, accountID(1), "2026-11-01", "-10", "90")
	for _, absent := range [][]domain.Transaction{nil, {gone}} {
		b := &bookSource{
			accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}},
			rows:     []domain.Transaction{last, gone, first}, absent: absent,
		}
		o := settled("1090", epoch)
		o.Settled.RunningBalance = func(metadata json.RawMessage) books.RunningBalance {
			balance := decimal.RequireFromString(string(metadata))
			return books.RunningBalance{Balance: &balance}
		}
		changes := mustRead(t, b, domain.Counts{}, o)
		if gaps := changes[0].Completeness.Last.Gaps; len(gaps) > 0 == (absent != nil) {
			t.Errorf("absent %v: gaps %v", absent, gaps)
		}
	}
}

func TestAReadingOfBalancesOnlySetsNoBaseline(t *testing.T) {
	b := &bookSource{
		accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}},
		rows:     []domain.Transaction{bookedRow(1, accountID(1), "2026-10-31", "100", "100")},
	}
	only := func(balance string, hours int) []records.CompletenessChange {
		o := settled(balance, epoch.Add(time.Duration(hours)*time.Hour))
		o.Settled.BalancesOnly = true
		return mustRead(t, b, domain.Counts{}, o)
	}
	if changes := only("1100", 0); len(changes) > 0 {
		t.Errorf("without a baseline: %+v", changes)
	}
	mustRead(t, b, domain.Counts{}, settled("1100", epoch.Add(time.Hour)))
	b.accounts[0].Completeness.Announced = []domain.AnnouncedCount{{Count: 5}}
	b.accounts[0].Completeness.Changed = books.ChangedRecords{Since: epoch, First: "2026-10-31"}
	b.rows = nil
	changes := only("1000", 2)
	if len(changes) != 1 || !changes[0].Completeness.DriftSince().IsZero() ||
		!changes[0].Completeness.Changed.IsZero() || changes[0].Completeness.Counted != nil ||
		!changes[0].Completeness.Last.At.Equal(epoch.Add(2*time.Hour)) {
		t.Errorf("with a baseline: %+v", changes)
	}
	b.accounts[0].Completeness.Baseline.Provisional = true
	if changes := only("900", 3); len(changes) > 0 {
		t.Errorf("with a provisional baseline: %+v", changes)
	}
}

func TestADecisionDuringThePullPreventsAReading(t *testing.T) {
	read := epoch.Add(time.Hour)
	for name, c := range map[string]struct {
		decided time.Time
		want    int
	}{
		"no decision": {time.Time{}, 1},
		"before":      {read.Add(-time.Second), 1},
		"at once":     {read, 0},
		"later":       {read.Add(time.Second), 0},
	} {
		b := &bookSource{accounts: []records.AccountState{{ID: accountID(1), ExternalID: "a"}}}
		b.accounts[0].Completeness.Changed = books.ChangedRecords{Since: epoch, First: "2026-10-31", Decided: c.decided}
		o := settled("1100", read.Add(time.Minute))
		o.Settled.ReadAt = read
		if changes := mustRead(t, b, domain.Counts{}, o); len(changes) != c.want {
			t.Errorf("%s: %+v", name, changes)
		}
	}
}

// The time of the last reading of the bank changes only for accounts that the vendor has listed, and only if the vendor
// states another time.
func TestWhenTheBankWasReadForAnAccount(t *testing.T) {
	before, at := epoch, epoch.Add(time.Hour)
	bank := &domain.BankReading{Bank: domain.ProductReading{At: at}}
	for name, tc := range map[string]struct {
		known time.Time
		bank  *domain.BankReading
		read  []string  // the accounts that the vendor has listed
		want  time.Time // zero if nothing changes
	}{
		"a later time":      {before, bank, []string{"a"}, at},
		"the first time":    {time.Time{}, bank, []string{"a"}, at},
		"the same time":     {at, bank, []string{"a"}, time.Time{}},
		"another account":   {before, bank, []string{"b"}, time.Time{}},
		"nothing is stated": {before, nil, []string{"a"}, time.Time{}},
		"it was never read": {
			before, &domain.BankReading{Bank: domain.ProductReading{Never: true}}, []string{"a"}, time.Time{},
		},
		"several accounts":      {before, bank, []string{"b", "a"}, at},
		"no account was listed": {before, bank, nil, time.Time{}},
	} {
		account := records.AccountState{ID: accountID(1), ExternalID: "a", BankReadAt: tc.known}
		got := records.BankReadings([]records.AccountState{account}, records.Outcome{
			Bank: tc.bank, BankRead: tc.read, ReadAt: at.Add(time.Minute),
		})
		if changed, found := got[accountID(1)]; found == tc.want.IsZero() || !changed.Equal(tc.want) {
			t.Errorf("%s: the times are %v, want %v", name, got, tc.want)
		}
	}
}
