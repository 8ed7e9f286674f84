package application_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// snapshotLedger is a Ledger that returns the given view for every account.
type snapshotLedger struct {
	ports.Ledger
	view ports.AccountView
}

func (l snapshotLedger) Snapshot(
	_ context.Context, _ domain.TenantID, _ domain.AccountID, read func(ports.AccountView) error,
) error {
	return read(l.view)
}

// posted returns a function for AccountView.Posted. The returned function yields a record of 1 BRL for each of the
// given days. If failure is not nil, it yields failure after the records.
func posted(
	failure error,
	days ...domain.Date,
) func(context.Context, domain.Window) iter.Seq2[domain.Transaction, error] {
	return func(_ context.Context, w domain.Window) iter.Seq2[domain.Transaction, error] {
		return func(yield func(domain.Transaction, error) bool) {
			for _, day := range days {
				amount := domain.Money{Amount: decimal.NewFromInt(1), Currency: "BRL"}
				var record domain.Transaction
				record.Date, record.Status, record.Amount = day, domain.Posted, amount
				if w.Contains(day) && !yield(record, nil) {
					return
				}
			}
			if failure != nil {
				yield(domain.Transaction{}, failure)
			}
		}
	}
}

// withAccount returns a function that replaces the Ledger. For every account id, the new Ledger returns an account in
// BRL with the completeness c. The records of the account are those that posted yields for days and failure.
func withAccount(c books.Completeness, failure error, days ...domain.Date) func(*application.Deps) {
	return func(d *application.Deps) {
		account := domain.Account{AccountData: domain.AccountData{Currency: "BRL"}}
		d.Ledger = snapshotLedger{d.Ledger, ports.AccountView{
			Account: account, Completeness: c, Posted: posted(failure, days...),
		}}
	}
}

// writeStatement calls WriteStatement. It returns the description of the statement and the days of its records.
func (e *env) writeStatement(q ports.StatementQuery) (st books.Statement, days []domain.Date, err error) {
	err = e.WriteStatement(e.ctx, e.tenant, domain.AccountID{}, q,
		func(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
			st = s
			for r, err := range records {
				if err != nil {
					return err
				}
				days = append(days, r.Date)
			}
			return nil
		})
	return st, days, err
}

// drifting is the completeness of an account whose balance has not agreed with its records since epoch, the start of
// the test.
var drifting = books.Completeness{
	Baseline: &books.Baseline{Anchor: decimal.NewFromInt(10)}, AnchorDrift: epoch,
	Last: &books.AccountReading{Currency: "BRL", BankReadAt: bankReadAt}, AccountReadAt: bankReadAt,
}

// bankReadAt is when the bank of these accounts was read: late enough for all of their records.
var bankReadAt = epoch.AddDate(0, 1, 0)

var forceAll = books.StatementForce{Drift: true, Changed: true, NotCovered: true, Omitted: true}

func TestAStatementWithBalancesEndsWithTheLastCoveredDay(t *testing.T) {
	read := time.Date(2026, 1, 9, 18, 0, 0, 0, time.UTC) // a Friday
	c := books.Completeness{
		Baseline:      &books.Baseline{Anchor: decimal.NewFromInt(10), Confirmed: true},
		Last:          &books.AccountReading{Currency: "BRL", BankReadAt: read},
		AccountReadAt: read,
	}
	undated := c
	undated.AccountReadAt = time.Time{}
	window := func(from, to domain.Date) domain.Window { return domain.Window{From: from, To: to} }
	force := books.StatementForce{NotCovered: true}
	for name, tc := range map[string]struct {
		c       books.Completeness
		query   ports.StatementQuery
		to      domain.Date // "" if the statement is refused before it is read
		refused bool
	}{
		"without an end": {c, ports.StatementQuery{Balances: true}, "2026-01-08", false},
		"a covered end": {
			c, ports.StatementQuery{Balances: true, Window: window("", "2026-01-08")}, "2026-01-08", false,
		},
		"a later end": {
			c, ports.StatementQuery{Balances: true, Window: window("", "2026-01-09")}, "2026-01-09", true,
		},
		"a later end, forced": {
			c, ports.StatementQuery{Balances: true, Window: window("", "2026-01-09"), Force: force},
			"2026-01-09", false,
		},
		"a later beginning": {c, ports.StatementQuery{Balances: true, Window: window("2026-01-09", "")}, "", true},
		"undated":           {undated, ports.StatementQuery{Balances: true}, "", true},
		"undated, with an end": {
			undated, ports.StatementQuery{Balances: true, Window: window("", "2026-01-01")}, "2026-01-01", true,
		},
		"without balances": {c, ports.StatementQuery{Window: window("", "2026-01-09")}, "2026-01-09", false},
		"other things forced": {
			c, ports.StatementQuery{
				Balances: true, Window: window("", "2026-01-09"), Force: books.StatementForce{Drift: true},
			}, "2026-01-09", true,
		},
		"an end in the future, forced": {
			c, ports.StatementQuery{Balances: true, Window: window("", "2199-12-31"), Force: force},
			domain.DateOf(epoch).AddDays(-1), false,
		},
		"a beginning in the future, forced": {
			c, ports.StatementQuery{Balances: true, Window: window("2199-12-31", ""), Force: force},
			domain.DateOf(epoch).AddDays(-1), false,
		},
		"an end in the future": {
			c, ports.StatementQuery{Balances: true, Window: window("", "2199-12-31")}, "2199-12-31", true,
		},
		"an end in the future, without balances": {
			c, ports.StatementQuery{Window: window("", "2199-12-31")}, "2199-12-31", false,
		},
		"without an end, later": {
			c, ports.StatementQuery{Balances: true, Window: window("2026-01-09", ""), Force: force}, "", false,
		},
	} {
		e := newEnv(t, withAccount(tc.c, nil, "2026-01-01", "2026-01-09"))
		st, _, err := e.writeStatement(tc.query)
		refused := errors.Is(err, domain.NotCovered) || st.Doubt == domain.NotCovered
		if refused != tc.refused || tc.to != "" && st.Period.To != tc.to {
			t.Errorf("%s: to %s, refused: %t, %v", name, st.Period.To, refused, err)
		}
		if forced := slices.Contains(st.Forced, domain.NotCovered); forced != (tc.query.Force == force) {
			t.Errorf("%s: forced %v", name, st.Forced)
		}
	}
}

func TestAStatementHasTheRecordsOfItsPeriod(t *testing.T) {
	e := newEnv(t, withAccount(books.Completeness{}, nil, "2026-01-01", "2026-01-02", "2026-01-03"))
	st, days, err := e.writeStatement(ports.StatementQuery{Window: domain.Window{From: "2026-01-02"}})
	e.noError(err)
	if !slices.Equal(days, []domain.Date{"2026-01-02", "2026-01-03"}) || st.Credits.Count != 2 ||
		st.Period.To != domain.DateOf(epoch) || st.CreatedAt.Before(epoch) {
		t.Errorf("%v, %+v", days, st)
	}
	_, _, err = e.writeStatement(ports.StatementQuery{Window: domain.Window{From: "2026-01-02", To: "2026-01-01"}})
	if !errors.Is(err, domain.Invalid) {
		t.Errorf("a period that ends before it starts: %v", err)
	}
}

func TestTheBalancesOfADriftingAccountAreDoubtfulUnlessForced(t *testing.T) {
	e := newEnv(t, withAccount(drifting, nil, "2026-01-01"))
	st, _, err := e.writeStatement(ports.StatementQuery{Balances: true})
	e.noError(err)
	if st.Doubt != domain.AccountDrifting {
		t.Errorf("the doubt is %q", st.Doubt)
	}
	st, _, err = e.writeStatement(ports.StatementQuery{Balances: true, Force: forceAll})
	e.noError(err)
	if st.Doubt != "" || st.Balances == nil || st.Balances.Closing.String() != "11" {
		t.Errorf("the balances are %v", st.Balances)
	}
}

// A format that needs a balance must say why there is none.
func TestTheBalanceOfACardIsNoBalanceOfAStatement(t *testing.T) {
	for missing, want := range map[books.Basis]domain.Code{
		books.BasisInvoice: domain.InvoiceBalance, books.BasisNoBalance: domain.NoBalance,
	} {
		e := newEnv(t, withAccount(books.Completeness{
			Last: &books.AccountReading{Missing: missing, BankReadAt: bankReadAt}, AccountReadAt: bankReadAt,
		}, nil, "2026-01-01"))
		err := e.WriteStatement(e.ctx, e.tenant, domain.AccountID{}, ports.StatementQuery{Balances: true},
			func(books.Statement, iter.Seq2[books.StatementRecord, error]) error {
				return &domain.Error{Kind: domain.Conflict, Code: domain.NoBalance}
			})
		if got := domain.CodeOf(err); got != want {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

func TestAStatementIsOutdatedIfItsRecordsHaveChangedSinceTheReading(t *testing.T) {
	changed := drifting
	changed.AnchorDrift = time.Time{}
	changed.Changed = books.ChangedRecords{Since: epoch, First: "2026-01-02"}
	e := newEnv(t, withAccount(changed, nil, "2026-01-01"))
	for _, c := range []struct {
		query ports.StatementQuery
		doubt domain.Code
	}{
		{ports.StatementQuery{Balances: true, Force: forceAll}, ""},
		{ports.StatementQuery{Balances: true, Window: domain.Window{To: "2026-01-01"}}, ""},
		{ports.StatementQuery{Balances: true, Window: domain.Window{To: "2026-01-02"}}, domain.AccountChanged},
		{ports.StatementQuery{Balances: true}, domain.AccountChanged},
	} {
		st, _, err := e.writeStatement(c.query)
		e.noError(err)
		if st.Doubt != c.doubt {
			t.Errorf("%+v: %q", c.query, st.Doubt)
		}
	}
}

func TestAFailureOfTheStoreEndsAStatement(t *testing.T) {
	want := errors.New("of the store")
	e := newEnv(t, withAccount(books.Completeness{}, want, "2026-01-01"))
	if _, _, err := e.writeStatement(ports.StatementQuery{}); !errors.Is(err, want) {
		t.Errorf("the error is %v", err)
	}
}

func TestFewStatementsOfATenantAreWrittenAtOnce(t *testing.T) {
	e := newEnv(t, withAccount(books.Completeness{}, nil))
	a, b, c := e.tenant, domain.TenantID{UUID: uuid.New()}, domain.TenantID{UUID: uuid.New()}
	// nested writes one statement for each tenant. Each statement begins while the previous ones are still being
	// written.
	var nested func(tenants ...domain.TenantID) error
	nested = func(tenants ...domain.TenantID) error {
		if len(tenants) == 0 {
			return nil
		}
		return e.WriteStatement(e.ctx, tenants[0], domain.AccountID{}, ports.StatementQuery{},
			func(books.Statement, iter.Seq2[books.StatementRecord, error]) error { return nested(tenants[1:]...) })
	}
	e.noError(nested(a, a))
	err := nested(a, a, a)
	if !errors.Is(err, domain.TooManyStatements) || domain.RetryAfterOf(err) == 0 {
		t.Errorf("the third statement: %v", err)
	}
	e.noError(nested(a, a, b, b, c)) // the shares are free again, and one is kept for c
	if err := nested(a, a, b, b, c, c); !errors.Is(err, domain.TooManyStatements) {
		t.Errorf("the second statement of a tenant while two tenants write four: %v", err)
	}
}

// oneByteEach is a statement format. Its header has 10 bytes and the digits of the number of credits, and each record
// has 1 byte. If late is set, it writes the bytes of three records together, as a format with a buffer does.
type oneByteEach struct {
	camt053.Format
	late bool
}

func (f oneByteEach) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	if _, err := fmt.Fprintf(w, "0123456789%d", s.Credits.Count); err != nil {
		return err
	}
	waiting := 0
	for _, err := range records {
		if err != nil {
			return err
		}
		if waiting++; !f.late || waiting == 3 {
			if _, err := w.Write(make([]byte, waiting)); err != nil {
				return err
			}
			waiting = 0
		}
	}
	_, err := w.Write(make([]byte, waiting))
	return err
}

// If a document is too large, LastDay must be the last day of the largest document that fits. For every bound, the
// test finds this day by writing the documents of the shorter periods.
func TestADocumentThatIsTooLargeNamesTheLastDayThatFits(t *testing.T) {
	days := []domain.Date{
		"2026-01-05", "2026-01-05", "2026-01-06", "2026-01-10", "2026-01-10", "2026-01-10", "2026-01-10", "2026-01-11",
		"2026-01-20", "2026-01-20", "2026-01-21", "2026-01-25",
	}
	for _, late := range []bool{false, true} {
		format := oneByteEach{late: late}
		for _, from := range []domain.Date{"", "2026-01-01", "2026-01-10"} {
			e := newEnv(t, withAccount(books.Completeness{}, nil, days...))
			fits := func(to domain.Date, bound int64) bool {
				if to < from || from == "" && to < days[0] {
					return false
				}
				var b bytes.Buffer
				err := e.WriteStatement(e.ctx, e.tenant, domain.AccountID{},
					ports.StatementQuery{Window: domain.Window{From: from, To: to}},
					func(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
						return format.Write(&b, s, records)
					})
				e.noError(err)
				return int64(b.Len()) <= bound
			}
			for bound := int64(1); bound < 26; bound++ {
				const end domain.Date = "2026-01-28"
				want := end
				for want >= "2026-01-01" && !fits(want, bound) {
					want = want.AddDays(-1)
				}
				_, _, err := e.writeStatement(ports.StatementQuery{
					Window: domain.Window{From: from, To: end}, MaxBytes: bound, Format: format,
				})
				failure := (*domain.Error)(nil)
				switch {
				case want == end:
					e.noError(err)
				case want < "2026-01-01":
					want = ""
					fallthrough
				default:
					if !errors.As(err, &failure) || failure.Kind != domain.Oversized || failure.LastDay != want {
						t.Errorf("late %v, from %q, %d bytes: %v %+v, want %q", late, from, bound, err, failure, want)
					}
				}
			}
		}
	}
}
