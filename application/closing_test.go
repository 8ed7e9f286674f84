package application_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The first close of a period and its reopening must emit an audit event. Closing a closed period again changes
// nothing, so it must not emit an audit event.
func TestClosingAndReopeningIsAudited(t *testing.T) {
	e := newEnv(t)
	e.ctx = ports.WithCaller(e.ctx, ports.Caller{Actor: "al\x00ice"})
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	account := accounts.Items[0].ID
	day := domain.DateOf(e.clock.Now().UTC()).AddDays(-1)
	before := len(eventsOf[ports.Audited](e.events))
	first, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
	e.noError(err)
	e.clock.pass(time.Hour)
	second, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
	e.noError(err)
	if diff := cmp.Diff(first, second); diff != "" || first.ClosedBy != "alice" {
		t.Errorf("closed by %q; the repeated close differs:\n%s", first.ClosedBy, diff)
	}
	for _, period := range []domain.Window{{To: day.AddDays(1)}, {From: day.AddDays(1), To: day}} {
		_, err = e.ClosePeriod(e.ctx, e.tenant, account, period)
		e.wantError(err, domain.Invalid)
		_, err = e.ClosePeriods(e.ctx, e.tenant, []domain.AccountID{account}, period)
		e.wantError(err, domain.Invalid)
	}
	e.noError(e.ReopenPeriod(e.ctx, e.tenant, account, day))
	e.wantError(e.ReopenPeriod(e.ctx, e.tenant, account, day), domain.NotFound)
	object := account.String() + "/" + string(day)
	want := []ports.Audited{
		{Tenant: e.tenant, Caller: ports.Caller{Actor: "al\x00ice"}, Action: "account.close", Object: object},
		{Tenant: e.tenant, Caller: ports.Caller{Actor: "al\x00ice"}, Action: "account.reopen", Object: object},
	}
	if diff := cmp.Diff(want, eventsOf[ports.Audited](e.events)[before:]); diff != "" {
		t.Error(diff)
	}
}

// The audit entry of a close contains the day of the close and its digest. It contains the hash of the document if a
// balance was known.
func TestTheAuditEntryOfACloseHasItsHashes(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 1})
	e.noError(err)
	account, day := accounts.Items[0].ID, domain.DateOf(e.clock.Now().UTC()).AddDays(-1)
	_, err = e.Ledger.UpdateCompleteness(e.ctx, e.tenant, account, nil,
		func(books.Completeness) (books.Completeness, error) {
			return books.Completeness{
				Baseline: &books.Baseline{Anchor: decimal.NewFromInt(10)},
				Last:     &books.AccountReading{Currency: accounts.Items[0].Currency},
			}, nil
		})
	e.noError(err)
	closed, err := e.ClosePeriod(e.ctx, e.tenant, account, domain.Window{To: day})
	e.noError(err)
	var document bytes.Buffer
	err = e.WriteClosedStatement(e.ctx, e.tenant, account, day,
		func(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
			return camt053.Format{}.Write(&document, s, records)
		})
	e.noError(err)
	entries, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{Action: "account.close"},
		domain.PageRequest{Limit: 5})
	e.noError(err)
	want := domain.AuditDetail{
		Numbers: map[string]int64{"count": int64(closed.Count)}, Dates: map[string]domain.Date{"date": day},
		Hashes: map[string]domain.AuditHash{
			"digest": closed.Digest, "statementSha256": sha256.Sum256(document.Bytes()),
		},
	}
	if len(entries.Items) != 1 || !entries.Items[0].At.Equal(closed.ClosedAt) {
		t.Fatalf("the entries are %v, the period was closed at %v", entries.Items, closed.ClosedAt)
	}
	if diff := cmp.Diff(want, entries.Items[0].Detail); diff != "" {
		t.Errorf("the detail (-want +got):\n%s", diff)
	}
}

// blockingCloses is a ledger in which closing a period blocks until the channel endSignal delivers an element.
type blockingCloses struct {
	ports.Ledger
	started   chan struct{}
	endSignal chan struct{}
}

func (b blockingCloses) ClosePeriod(
	context.Context, domain.TenantID, domain.AccountID, books.CloseRequest, ports.CloseSteps, ports.AuditEntries,
) (books.Close, bool, error) {
	b.started <- struct{}{}
	<-b.endSignal
	return books.Close{}, false, nil
}

func TestPeriodsOfATenantAreClosedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := blockingCloses{nil, make(chan struct{}, 10), make(chan struct{})}
		e := newEnv(t, func(d *application.Deps) {
			b.Ledger, d.Clock, d.Sleeper = d.Ledger, bubbleClock{}, bubbleClock{}
			d.Ledger = b
		})
		results := make(chan error, 10)
		yesterday := domain.DateOf(time.Now().UTC()).AddDays(-1)
		closePeriod := func(tenant domain.TenantID) {
			go func() {
				_, err := e.ClosePeriod(e.ctx, tenant, domain.AccountID{}, domain.Window{To: yesterday})
				results <- err
			}()
			synctest.Wait()
		}
		closePeriod(e.tenant)
		closePeriod(e.tenant)
		closePeriod(domain.TenantID{UUID: uuid.New()})
		if got := len(b.started); got != 2 {
			t.Errorf("%d periods are being closed, want one of each tenant", got)
		}
		b.endSignal <- struct{}{}
		synctest.Wait()
		if got := len(b.started); got != 3 {
			t.Errorf("%d closes have started, want all 3", got)
		}
		close(b.endSignal)
		for range 3 {
			e.noError(<-results)
		}
	})
}
