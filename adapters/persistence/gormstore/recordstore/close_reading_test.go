package recordstore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/recordstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// pulledAccount is an account that a running pull writes.
type pulledAccount struct {
	testing.TB
	storetest.Backend
	connection domain.Connection
	lease      domain.Lease
	id         domain.AccountID
	at         time.Time
}

// newPulledAccount stores an account with n records.
func newPulledAccount(t testing.TB, b storetest.Backend, n int) *pulledAccount {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	a := &pulledAccount{TB: t, Backend: b, at: now, connection: domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.Must(uuid.NewV7())}, Tenant: domain.TenantID{UUID: uuid.New()},
		Kind: domain.Aggregator, Name: "books", Vendor: "pluggy", AccountRef: uuid.NewString(), Sealed: []byte{1},
		Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now,
	}}
	a.must(b.Connections().Create(t.Context(), a.connection, nil))
	p, err := b.Pulls().Request(t.Context(), a.connection.Tenant, a.connection.ID, ports.PullRequest{
		ID: domain.PullID{UUID: uuid.Must(uuid.NewV7())}, Scope: domain.PullScope{Everything: true}, At: now,
	}, nil)
	a.must(err)
	a.lease = domain.Lease{
		ID: domain.LeaseID{UUID: uuid.New()}, Pull: p.ID, Tenant: p.Tenant, Until: now.Add(time.Hour),
	}
	_, err = b.Pulls().Claim(t.Context(), a.lease, now)
	a.must(err)
	rows := make([]domain.TransactionData, n)
	for i := range rows {
		rows[i] = row(i, int64(i))
	}
	a.store(ports.PageWrite{Transactions: rows})
	page := domain.PageRequest{Limit: 5}
	accounts, err := b.Ledger().
		Accounts(t.Context(), a.connection.Tenant, ports.AccountFilter{Connection: a.connection.ID}, page)
	a.must(err)
	a.id = accounts.Items[0].ID
	return a
}

func (a *pulledAccount) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// row returns a row as a vendor returns it. Its external id contains the number n, and its amount is given in cents.
func row(n int, amount int64) domain.TransactionData {
	return domain.TransactionData{
		ExternalID: fmt.Sprint("row ", n), Account: "account", Date: "2026-02-10", Status: domain.Posted,
		Amount: domain.Money{Amount: decimal.New(amount, -2), Currency: "BRL"},
	}
}

// store stores a page.
func (a *pulledAccount) store(w ports.PageWrite) {
	a.Helper()
	w.Accounts = []domain.AccountData{{ExternalID: "account", Type: domain.BankAccount, Currency: "BRL"}}
	w.At, w.LeaseUntil = a.at, a.lease.Until
	w.NewID = func() domain.TransactionID { return domain.TransactionID{UUID: uuid.Must(uuid.NewV7())} }
	_, err := a.Pulls().StorePage(a.Context(), a.lease, w)
	a.must(err)
}

// check takes the present records, and undoes the adjustments of a closed period. It fails the test unless the result
// has the digest of the period.
func (a *pulledAccount) check(c books.Close) {
	a.Helper()
	page := domain.PageRequest{Limit: 1000}
	records, err := a.Ledger().Transactions(a.Context(), a.connection.Tenant, a.connection.ID,
		ports.TransactionFilter{}, page)
	a.must(err)
	adjustments, err := a.Ledger().Adjustments(a.Context(), a.connection.Tenant, a.id, c.Date,
		domain.PageRequest{Limit: 1000})
	a.must(err)
	digest, count := porttest.DigestBefore(records.Items, adjustments.Items, a.id, c.Date)
	if got := hex.EncodeToString(c.Digest[:]); got != digest || c.Count != count {
		a.Errorf("the digest of %d records is %s, want %s of %d", c.Count, got, digest, count)
	}
}

// A record of a later day does not concern the period, so it must not make the store read the records again.
func TestRecordsOfLaterDaysDoNotRepeatTheReadingOfAClose(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		a, snapshots := newPulledAccount(t, b, 10), 0
		later := row(50, 1)
		later.Date = "2026-03-01"
		core := *b.Core()
		core.Dialect = hookedDialect{core.Dialect, func() {
			snapshots++
			a.store(ports.PageWrite{Transactions: []domain.TransactionData{later}})
		}}
		c, created, err := recordstore.NewLedger(&core).ClosePeriod(t.Context(), a.connection.Tenant, a.id,
			books.CloseRequest{Date: "2026-02-28", At: a.at}, ports.CloseSteps{}, nil)
		a.must(err)
		if !created || snapshots != 1 {
			t.Errorf("%d snapshots were read, want one", snapshots)
		}
		a.check(c)
		later.Date = "2026-02-11" // an adjustment
		a.store(ports.PageWrite{Transactions: []domain.TransactionData{later}})
		a.check(c)
	})
}

// A close must pause after every checkpointInterval rows that it reads in a snapshot, both for the digest and in
// steps.Read. In the last attempt, while it excludes writers, it must not pause.
func TestACloseDoesNotPauseWhileItExcludesWriters(t *testing.T) {
	defer recordstore.SetCheckpointInterval(5)()
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		a, snapshots, changes := newPulledAccount(t, b, 20), 0, 0
		core := *b.Core()
		core.Dialect = hookedDialect{core.Dialect, func() {
			if snapshots++; changes > 0 {
				a.store(ports.PageWrite{Transactions: []domain.TransactionData{row(1, int64(-snapshots))}})
			}
		}}
		reads, pauses := 0, 0
		steps := ports.CloseSteps{
			Read: func(ctx context.Context, view ports.ClosedView) error {
				reads++
				for _, err := range view.Records(ctx) {
					a.must(err)
				}
				return nil
			},
			Pause: func(context.Context) error { pauses++; return nil },
		}
		closePeriod := func(day domain.Date) error {
			reads, pauses = 0, 0
			_, _, err := recordstore.NewLedger(&core).ClosePeriod(t.Context(), a.connection.Tenant, a.id,
				books.CloseRequest{Date: day, At: a.at}, steps, nil)
			return err
		}
		a.must(closePeriod("2026-02-27"))
		once := pauses
		if once < 8 {
			t.Errorf("a close of 20 records paused %d times, want 4 for the digest and 4 for the records", once)
		}
		changes = 1
		a.must(closePeriod("2026-02-28"))
		if limit := 4 * once; reads != 5 || pauses > limit {
			t.Errorf(
				"the records were read %d times with %d pauses, want 4 snapshots and once without pauses",
				reads,
				pauses,
			)
		}
		refused := errors.New("refused")
		steps.Pause = func(context.Context) error { return refused }
		if err := closePeriod("2026-03-01"); !errors.Is(err, refused) {
			t.Errorf("a pause that fails gives %v", err)
		}
	})
}

// TestRecordsThatChangeWhileAPeriodIsClosedAreInTheDigest closes a period and changes records after each of the first
// snapshots. After the fourth change there is no further snapshot: the records are then read while writers are
// excluded.
func TestRecordsThatChangeWhileAPeriodIsClosedAreInTheDigest(t *testing.T) {
	defer recordstore.SetCheckpointInterval(5)()
	steps := []ports.PageWrite{
		{Transactions: []domain.TransactionData{row(33, -1)}},
		{Transactions: []domain.TransactionData{row(100, 7)}},
		{Removed: []string{"row 12"}},
		{Transactions: []domain.TransactionData{row(12, 12), row(13, 5)}},
	}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		for changes := range len(steps) + 1 {
			a, snapshots := newPulledAccount(t, b, 40), 0
			var read books.Close
			core := *b.Core()
			core.Dialect = hookedDialect{core.Dialect, func() {
				if snapshots++; snapshots <= changes {
					a.store(steps[snapshots-1])
				}
			}}
			c, created, err := recordstore.NewLedger(&core).
				ClosePeriod(t.Context(), a.connection.Tenant, a.id, books.CloseRequest{
					Date: "2026-02-28", At: a.at,
				}, ports.CloseSteps{Read: func(ctx context.Context, view ports.ClosedView) error {
					read = view.Close
					digest := sha256.New()
					for record, err := range view.Records(ctx) {
						a.must(err)
						_, _ = digest.Write([]byte(record.Line()))
					}
					if got := digest.Sum(nil); !bytes.Equal(got, view.Close.Digest[:]) {
						t.Errorf("%d changes: the records that were read have the digest %x", changes, got)
					}
					return nil
				}}, nil)
			a.must(err)
			if diff := cmp.Diff(c, read); diff != "" {
				t.Errorf("%d changes: the close that was read last (-stored +read):\n%s", changes, diff)
			}
			if want := min(changes+1, len(steps)); !created || snapshots != want {
				t.Errorf("%d changes: %d snapshots were read, want %d", changes, snapshots, want)
			}
			a.check(c)
			a.store(ports.PageWrite{Transactions: []domain.TransactionData{row(20, 9)}}) // an adjustment
			a.check(c)
		}
	})
}

// hookedDialect is a Dialect that calls a function after each snapshot.
type hookedDialect struct {
	gormstore.Dialect
	afterSnapshot func()
}

// Snapshot implements gormstore.Dialect.
func (d hookedDialect) Snapshot(
	ctx context.Context, timeout time.Duration, fn func(tx gormstore.SnapshotTx) error,
) error {
	err := d.Dialect.Snapshot(ctx, timeout, fn)
	d.afterSnapshot()
	return err
}
