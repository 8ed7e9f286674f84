package porttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// manyRows is a number of rows for which every vendor needs several pages. The last page is not full.
const manyRows = 1203

// maxPages is the number of pages after which a test fails, because the pagination seems to be endless.
const maxPages = 100

// testAccess checks that Check returns the status of a valid account reference. It also checks that
// a wrong credential and a wrong reference return different errors, both of the kind Rejected.
func testAccess(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	if _, err := domain.ParseVendor(string(env.Adapter.Vendor())); err != nil {
		t.Errorf("Vendor: %v", err)
	}
	status, err := env.Adapter.Check(t.Context(), env.Good)
	want := domain.LinkStatus{
		SyncComplete: true, Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead,
	}
	if env.NeverSyncComplete {
		want = domain.LinkStatus{
			Accounts: domain.TwoReads, Cards: domain.TwoReads, Transactions: domain.TwoReads,
		}
	}
	status.Approval, status.Device = domain.WaitingNotStated, domain.WaitingNotStated
	if status.SyncMarker = ""; err != nil || !status.SameState(want) {
		t.Errorf(
			"Check of a valid access: %+v, %v, want %+v (for a vendor that reports when its data is complete, set "+
				"SyncComplete and OneRead; for any other vendor, TwoReads and VendorEnv.NeverSyncComplete)",
			status, err, want,
		)
	}
	for name, call := range env.vendorCalls() {
		if err := call(t.Context(), env.BadCredential); !isError(err, domain.Rejected, domain.CredentialRejected) {
			t.Errorf("%s with a bad credential: %v", name, err)
		} else {
			env.assertNoLeak(t, err)
		}
	}
	if _, err := env.Adapter.Check(t.Context(), env.BadAccountRef); !isError(err, domain.Rejected,
		domain.AccountNotFound) {
		t.Errorf("Check of an unknown account reference: %v", err)
	} else {
		env.assertNoLeak(t, err)
	}
}

// testAccounts checks that Accounts returns all accounts of the reference, and that a second call
// returns the same accounts in the same order.
func testAccounts(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	first := env.listAccounts(t)
	if diff := cmp.Diff(first, env.listAccounts(t), cmp.Comparer(sameMoney)); diff != "" {
		t.Errorf("two reads differ: %s", diff)
	}
	var ids []string
	for _, a := range first {
		ids = append(ids, a.ExternalID)
		if !json.Valid(a.Metadata) {
			t.Errorf("metadata of %s is not JSON", a.ExternalID)
		}
		if !slices.Contains([]domain.AccountType{domain.BankAccount, domain.CreditAccount, domain.OtherAccount},
			a.Type) {
			t.Errorf("type %q", a.Type)
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff(env.Accounts, ids); diff != "" {
		t.Errorf("accounts: %s", diff)
	}
}

// sameMoney reports whether two amounts are equal. The tests pass sameMoney to package cmp, because that package cannot
// compare the unexported fields of the decimal type.
func sameMoney(x, y domain.Money) bool { return x.Equal(y) }

// testPlan checks that Plan is a pure function of scope, accounts and today. It also checks that every sweep has a
// start date: every vendor purges old rows, so an old row that the vendor no longer lists must not be treated as
// removed.
func testPlan(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	accounts := env.listAccounts(t)
	for name, scope := range map[string]domain.PullScope{
		"nothing": {}, "removed": {Removed: []string{"x"}}, "signal": {Signal: domain.SignalReauth},
		"changed without ids": {Changed: map[string][]string{env.Accounts[0]: {}}},
	} {
		if steps := env.Adapter.Plan(scope, accounts, env.Today); len(steps) != 0 {
			t.Errorf("the scope %s returned %d steps", name, len(steps))
		}
	}
	partial := domain.PullScope{
		Window:  &domain.Window{From: env.Today.AddDays(-9)},
		Changed: map[string][]string{env.Accounts[0]: {"b", "a"}},
	}
	for _, scope := range []domain.PullScope{partial, {Everything: true}} {
		first := env.Adapter.Plan(scope, accounts, env.Today)
		if diff := cmp.Diff(first, env.Adapter.Plan(scope, accounts, env.Today)); diff != "" {
			t.Errorf("two plans differ: %s", diff)
		}
		if len(first) == 0 {
			t.Error("a scope that names rows returned no step")
		}
		for _, step := range first {
			// A sweep without a start date is safe only at a vendor with NeverSyncComplete: a row is then removed
			// only after two pulls have not returned it.
			if step.Sweep && step.Window.From == "" && !env.NeverSyncComplete {
				t.Error("a sweep without a start date removes rows that the vendor only purged: let Step.Window.From " +
					"be the date from which the vendor's list is complete")
			}
		}
	}
}

// testPaging reads a list of several pages. It checks that Read returns every row exactly once and fully normalized,
// and that a row has the same digest when it is read again.
func testPaging(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	seeded := env.Seed(t, env.Accounts[0], manyRows)
	rows := env.readOnce(t, domain.PullScope{Everything: true})
	for _, id := range seeded {
		if _, ok := rows[id]; !ok {
			t.Fatalf("row %s was not read", id)
		}
	}
	sources := map[domain.ContentHash]string{}
	for id, row := range rows {
		checkRow(t, env, row)
		if other, ok := sources[row.ContentHash]; ok {
			t.Fatalf("rows %s and %s have the same content hash", id, other)
		}
		sources[row.ContentHash] = id
	}
	for id, row := range env.readOnce(t, domain.PullScope{Everything: true}) {
		if first := rows[id]; row.Digest() != first.Digest() {
			t.Fatalf("row %s looks edited when read again", id)
		}
		if row.ContentHash.IsZero() || row.ContentHash != rows[id].ContentHash {
			t.Fatalf("row %s has another content hash when read again", id)
		}
	}
}

// checkRow checks that the row is valid, for example its account, its date, its amount and the hash of its metadata.
func checkRow(t *testing.T, env VendorEnv, row domain.TransactionData) {
	t.Helper()
	if !slices.Contains(env.Accounts, row.Account) {
		t.Errorf("row of account %q", row.Account)
	}
	if _, err := domain.ParseDate(string(row.Date)); err != nil {
		t.Errorf("date %q: %v", row.Date, err)
	}
	if _, err := domain.ParseMoney(row.Amount.Amount.String(), row.Amount.Currency); err != nil {
		t.Errorf("amount: %v", err)
	}
	if row.Status != domain.Pending && row.Status != domain.Posted {
		t.Errorf("status %q", row.Status)
	}
	if !json.Valid(row.Metadata) {
		t.Errorf("the metadata of %s is missing", row.ExternalID)
	}
	if hash := sha256.Sum256(row.Metadata); !bytes.Equal(row.RowSHA256, hash[:]) {
		t.Errorf("row %s has the hash %x, want that of its bytes, %x", row.ExternalID, row.RowSHA256, hash)
	}
	if !strings.HasPrefix(row.Normalizer, string(env.Adapter.Vendor())) {
		t.Errorf("row %s was normalised by %q", row.ExternalID, row.Normalizer)
	}
}

// testScopes checks that a pull of each kind of scope returns at least the rows that the scope names.
// Further rows are allowed, because a vendor may have no exact filter for the scope.
func testScopes(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	account := env.Accounts[0]
	seeded := env.Seed(t, account, manyRows)
	all := env.readOnce(t, domain.PullScope{Everything: true})
	t.Run("changed", func(t *testing.T) {
		for _, n := range []int{1, 500, 501, manyRows} {
			got := env.readOnce(t, domain.PullScope{Changed: map[string][]string{account: seeded[:n]}})
			env.containsRows(t, got, seeded[:n])
		}
	})
	t.Run("created", func(t *testing.T) {
		since, _ := time.Parse(time.DateOnly, string(env.Today.AddDays(-1)))
		got := env.readOnce(t, domain.PullScope{Created: map[string]time.Time{account: since}})
		env.containsRows(t, got, seeded)
	})
	t.Run("window", func(t *testing.T) {
		window := domain.Window{From: env.Today.AddDays(-60), To: env.Today.AddDays(-30)}
		wide := domain.Window{From: window.From.AddDays(-7), To: window.To.AddDays(7)}
		var inside []string
		for id, row := range all {
			if window.Contains(row.Date) {
				inside = append(inside, id)
			}
		}
		got := env.readOnce(t, domain.PullScope{Window: &window})
		env.containsRows(t, got, inside)
		for id, row := range got {
			if !wide.Contains(row.Date) {
				t.Errorf("row %s of %s is far outside the window", id, row.Date)
			}
		}
	})
	t.Run("unknown account", func(t *testing.T) {
		scope := domain.PullScope{Changed: map[string][]string{"11111111-2222-4333-8444-555555555555": {"a"}}}
		env.readOnce(t, scope)
	})
}

// readOnce reads all steps of a scope and returns the rows by external id. It ends the test if a
// step returns a row twice.
func (env VendorEnv) readOnce(t *testing.T, scope domain.PullScope) map[string]domain.TransactionData {
	t.Helper()
	accounts := env.listAccounts(t)
	rows := map[string]domain.TransactionData{}
	for _, step := range env.Adapter.Plan(scope, accounts, env.Today) {
		seen := map[string]bool{}
		for _, row := range env.readStep(t, step, accounts) {
			if seen[row.ExternalID] {
				t.Fatalf("row %s was returned twice", row.ExternalID)
			}
			seen[row.ExternalID] = true
			rows[row.ExternalID] = row
		}
	}
	return rows
}

// readStep returns the rows of all pages of a step.
func (env VendorEnv) readStep(t *testing.T, step domain.Step, accounts []domain.AccountData) []domain.TransactionData {
	t.Helper()
	var rows []domain.TransactionData
	cursor := ""
	for range maxPages {
		batch, err := env.Adapter.Read(t.Context(), env.Good, step, accounts, cursor)
		if err != nil {
			t.Fatalf("Read: %v (%v)", err, errors.Unwrap(err))
		}
		for _, raw := range batch.Transactions {
			rows = append(rows, normalizeTwice(t, raw))
		}
		if cursor = batch.Next; cursor == "" {
			return rows
		}
	}
	t.Fatalf("a step of more than %d pages", maxPages)
	return nil
}

// normalizeTwice normalizes the row twice and returns the result. It ends the test if the two results differ, or if
// their external id is not that of the raw transaction.
func normalizeTwice(t *testing.T, raw domain.RawTransaction) domain.TransactionData {
	t.Helper()
	row, err := raw.Normalize()
	if err != nil {
		t.Fatalf("Normalize: %v (%v)", err, errors.Unwrap(err))
	}
	again, err := raw.Normalize()
	if err != nil || again.Digest() != row.Digest() {
		t.Fatalf("row %s normalizes differently a second time (%v)", raw.ExternalID, err)
	}
	if row.ExternalID != raw.ExternalID {
		t.Fatalf("row %q has the raw id %q", row.ExternalID, raw.ExternalID)
	}
	row.ContentHash = raw.ContentHash
	return row
}

// containsRows fails the test if rows does not contain all of the ids, or if ids is empty.
func (env VendorEnv) containsRows(t *testing.T, rows map[string]domain.TransactionData, ids []string) {
	t.Helper()
	if len(ids) == 0 {
		t.Error("no ids to look for")
	}
	for _, id := range ids {
		if _, ok := rows[id]; !ok {
			t.Errorf("row %s was not read", id)
			return
		}
	}
}

// listAccounts returns the accounts of the valid account reference env.Good. Plan and Read need these accounts.
func (env VendorEnv) listAccounts(t *testing.T) []domain.AccountData {
	t.Helper()
	found, err := env.Adapter.Accounts(t.Context(), env.Good)
	if err != nil {
		t.Fatalf("Accounts: %v (%v)", err, errors.Unwrap(err))
	}
	return found
}
