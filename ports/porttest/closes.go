package porttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// closeTests check Ledger.ClosePeriod, ReopenPeriod and Closes.
var closeTests = []storeTest{
	{"a close covers the live records of the account up to its day, in the order of their ids", closeCovers},
	{"a sum leaves out the records without an amount in the currency of the account", closeWithoutAmount},
	{"a period without records can be closed", closeWithoutRecords},
	{"the statement of a first close begins with the requested day", closeFirstDay},
	{"a close has the completeness of the account", closeCompleteness},
	{"a repeated close returns the first one, also concurrently", closeRepeats},
	{"closes are listed by day, newest first, and pages return each of them once", closePages},
	{"a reopened period can be closed again", closeReopens},
	{"closes are limited to the account and the tenant", closeTenant},
	{"a position of another list is Invalid", closePositions},
}

// closeDay is the last day of the period that most tests close. The rows of the tests are dated 2026-02-10.
const closeDay domain.Date = "2026-02-28"

func (f *fixture) close(id domain.AccountID, date domain.Date) books.Close {
	f.Helper()
	c, created, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(date), ports.CloseSteps{}, nil)
	f.noError(err)
	f.equal("a new close", true, created)
	return c
}

func (f *fixture) closeRequest(date domain.Date) books.CloseRequest {
	return books.CloseRequest{Date: date, At: f.now(), By: "alice"}
}

func (f *fixture) reopen(id domain.AccountID, date domain.Date) {
	f.Helper()
	f.noError(f.Ledger.ReopenPeriod(f.ctx, f.tenant, id, date, f.now(), nil))
}

func (f *fixture) listCloses(id domain.AccountID) []books.Close {
	f.Helper()
	return collectPages(f, 2, func(page domain.PageRequest) (domain.Page[books.Close], error) {
		return f.Ledger.Closes(f.ctx, f.tenant, id, false, page)
	}, nil)
}

func (f *fixture) adjustments(id domain.AccountID, date domain.Date) []books.Adjustment {
	f.Helper()
	return collectPages(f, 3, func(page domain.PageRequest) (domain.Page[books.Adjustment], error) {
		return f.Ledger.Adjustments(f.ctx, f.tenant, id, date, page)
	}, nil)
}

// DigestBefore returns the digest (in hex) and the count of an account's records before the given adjustments were
// made. The adjustments must be ordered newest first, because DigestBefore undoes them one after the other. Records
// that are dated after the given day are left out. DigestBefore uses no code of the service for the digest, so that it
// is an independent check of a closed period.
func DigestBefore(records []domain.Transaction, adjustments []books.Adjustment, id domain.AccountID,
	date domain.Date,
) (digest string, count int) {
	lines := map[domain.TransactionID]domain.CoveredMembers{}
	for _, t := range records {
		if t.AccountID == id && t.Counts() {
			lines[t.ID] = t.Covered()
		}
	}
	for _, a := range adjustments {
		delete(lines, a.Transaction)
		if a.Before != nil {
			lines[a.Transaction] = *a.Before
		}
	}
	order := make([]domain.TransactionID, 0, len(lines))
	for id, m := range lines {
		if m.Date <= string(date) {
			order = append(order, id)
		}
	}
	slices.SortFunc(order, func(x, y domain.TransactionID) int { return bytes.Compare(x.UUID[:], y.UUID[:]) })
	var text strings.Builder
	for _, id := range order {
		m := lines[id]
		fmt.Fprintf(&text, "%s|%s|%s|%s|%s|%s|%s\n",
			id, m.Date, m.Status, m.Amount, m.Currency, m.AccountAmount, m.AccountCurrency)
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:]), len(order)
}

// reproduces checks the digest and the count of a closed period. It takes the current records, undoes the adjustments
// of the period, and computes the digest and the count from the result.
func (f *fixture) reproduces(when string, c domain.Connection, closed books.Close) {
	f.Helper()
	digest, count := DigestBefore(f.allRows(c), f.adjustments(closed.Account, closed.Date), closed.Account, closed.Date)
	f.equal(when+": digest", hex.EncodeToString(closed.Digest[:]), digest)
	f.equal(when+": count", closed.Count, count)
}

func closeCovers(f *fixture) {
	brl := money("-51.250", "BRL")
	c, l, id := f.accountWithRows(
		row("posted", withAccount("a")),
		row("pending", withAccount("a"), func(o *domain.TransactionData) { o.Status = domain.Pending }),
		row("foreign", withAccount("a"), withAmount("-10.00", "USD"), func(o *domain.TransactionData) {
			o.AccountMoney = &brl
		}),
		row("last day", withAccount("a"), withDate(closeDay)),
		row("later", withAccount("a"), withDate("2026-03-01")),
		row("other account", withAccount("b")), row("no account"), row("removed", withAccount("a")),
	)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"removed"}})
	r := f.closeRequest(closeDay)
	got, created, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, r, ports.CloseSteps{}, nil)
	f.noError(err)
	digest, count := DigestBefore(f.allRows(c), nil, id, closeDay)
	f.equal("created", true, created)
	f.equal("digest", digest, hex.EncodeToString(got.Digest[:]))
	f.equal("count", []int{4, 4}, []int{count, got.Count})
	f.equal("sum", "-88.75 BRL", got.Sum.Decimal.String()+" "+got.Currency)
	f.equal("facts", []any{id, closeDay, "alice", true, books.CompletenessUnknown},
		[]any{got.Account, got.Date, got.ClosedBy, got.Sum.Valid, got.Completeness})
	f.equal("time", r.At, got.ClosedAt)
	f.equal("list", []books.Close{got}, f.listCloses(id))
	f.equal("adjustments", 0, len(f.adjustments(id, closeDay)))
	f.inUTC(f.listCloses(id)[0].ClosedAt)
}

func closeWithoutAmount(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a"), withAmount("-1", "USD")))
	got := f.close(id, closeDay)
	f.equal("the close", "2 1 -12.5 BRL", fmt.Sprint(got.Count, " ", got.WithoutAmount, " ", got.Sum.Decimal, " ",
		got.Currency))
	f.equal("the statement", []int{1, 1}, []int{got.Statement.PostedCount(), got.Statement.Omitted})
	f.equal("list", []books.Close{got}, f.listCloses(id))
	f.reopen(id, closeDay)
	reopened, err := f.Ledger.Closes(f.ctx, f.tenant, id, true, domain.PageRequest{Limit: 2})
	f.noError(err)
	f.equal("of the reopened close", 1, reopened.Items[0].WithoutAmount)
}

func closeWithoutRecords(f *fixture) {
	_, _, id := f.accountWithRows()
	got := f.close(id, closeDay)
	f.equal("digest of no bytes", sha256.Sum256(nil), got.Digest)
	f.equal("count and sum", "0 0 BRL", fmt.Sprint(got.Count, got.Sum.Decimal, " ", got.Currency))
}

func closeFirstDay(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	closeFrom := func(date, from domain.Date, isStrict bool) (books.Close, error) {
		r := f.closeRequest(date)
		r.From, r.FromIsStrict = from, isStrict
		c, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, r, ports.CloseSteps{}, nil)
		return c, err
	}
	first, err := closeFrom(closeDay, "2026-02-01", true)
	f.noError(err)
	f.equal("the first day", domain.Date("2026-02-01"), first.Statement.From)
	for _, from := range []domain.Date{"2026-02-01", "2026-01-15"} {
		again, err := closeFrom(closeDay, from, true)
		f.noError(err)
		f.equal("repeated", first, again)
	}
	_, err = closeFrom("2026-03-31", "2026-03-01", true)
	f.errorIs(err, domain.Invalid)
	second, err := closeFrom("2026-03-31", "2026-02-15", false)
	f.noError(err)
	f.equal("the day after the close before", domain.Date("2026-03-01"), second.Statement.From)
	_, err = closeFrom("2026-03-31", "2026-03-01", true)
	f.errorIs(err, domain.Invalid) // a repeat, but not of the first close
	_, err = closeFrom("2026-03-31", "2026-03-01", false)
	f.noError(err)
}

func closeCompleteness(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	monday := f.now().Add(3 * 24 * time.Hour) // the bank was read after the days that are closed
	f.finishRead(l, f.now(), monday, balances("100"))
	f.finishRead(f.startPull(c), f.now(), monday.Add(time.Hour), balances("100"))
	f.equal("after the baseline", books.Complete, f.close(id, closeDay).Completeness)
	f.finishRead(f.startPull(c), f.now(), monday.Add(2*time.Hour), balances("90"))
	f.equal("after a difference", books.Drifting, f.close(id, "2026-02-27").Completeness)
	f.equal("the older one", books.Complete, f.listCloses(id)[0].Completeness)
}

func closeRepeats(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a")))
	var created atomic.Int32
	const callers = 6
	closes := make([]books.Close, callers)
	concurrently(callers, func(i int) {
		c, isNew, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(closeDay), ports.CloseSteps{}, nil)
		if err != nil {
			f.Error(err)
		}
		if isNew {
			created.Add(1)
		}
		closes[i] = c
	})
	f.equal("new closes", int32(1), created.Load())
	f.storeRows(l, row("2", withAccount("a")))
	again, isNew, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(closeDay), ports.CloseSteps{}, nil)
	f.noError(err)
	f.equal("a repeated close is new", false, isNew)
	for _, c := range closes {
		f.equal("a repeated close", again, c)
	}
	f.equal("adjustments", 1, len(f.adjustments(id, closeDay)))
}

func closePages(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	for _, day := range []domain.Date{"2026-01-31", "2025-12-31", "2026-02-28", "2025-11-30"} {
		f.close(id, day)
	}
	want := []domain.Date{"2026-02-28", "2026-01-31", "2025-12-31", "2025-11-30"}
	f.equal("days", want, ids(f.listCloses(id), func(c books.Close) domain.Date { return c.Date }))
}

func closeReopens(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	first := f.close(id, closeDay)
	f.storeRows(l, row("1", withAccount("a"), withAmount("-1", "BRL")))
	f.reopen(id, closeDay)
	f.errorIs(f.Ledger.ReopenPeriod(f.ctx, f.tenant, id, closeDay, f.now(), nil), domain.NotFound)
	f.equal("closes", 0, len(f.listCloses(id)))
	_, err := f.Ledger.Adjustments(f.ctx, f.tenant, id, closeDay, domain.PageRequest{Limit: 1})
	f.errorIs(err, domain.NotFound)
	f.storeRows(l, row("1", withAccount("a"), withAmount("-2", "BRL")))
	second := f.close(id, closeDay)
	f.equal("the digests are equal", false, first.Digest == second.Digest)
	f.equal("adjustments", 0, len(f.adjustments(id, closeDay)))
	f.reproduces("closed again", c, second)
}

func closeTenant(f *fixture) {
	_, _, id := f.accountWithRows(row("1", withAccount("a")))
	f.close(id, closeDay)
	page := domain.PageRequest{Limit: 5}
	for _, caller := range []struct {
		tenant  domain.TenantID
		account domain.AccountID
	}{{newTenant(), id}, {f.tenant, newID[domain.Account]()}} {
		_, _, err := f.Ledger.ClosePeriod(
			f.ctx,
			caller.tenant,
			caller.account,
			f.closeRequest(closeDay),
			ports.CloseSteps{},
			nil,
		)
		f.errorIs(err, domain.NotFound)
		f.errorIs(f.Ledger.ReopenPeriod(f.ctx, caller.tenant, caller.account, closeDay, f.now(), nil), domain.NotFound)
		_, err = f.Ledger.Adjustments(f.ctx, caller.tenant, caller.account, closeDay, page)
		f.errorIs(err, domain.NotFound)
		closes, err := f.Ledger.Closes(f.ctx, caller.tenant, caller.account, false, page)
		f.noError(err)
		f.equal("closes", 0, len(closes.Items))
	}
	f.equal("closes of the tenant", 1, len(f.listCloses(id)))
}

func closePositions(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.close(id, closeDay)
	f.storeRows(l, row("2", withAccount("a")))
	foreign := domain.PageRequest{Limit: 1, After: domain.Position{Key: "no date and no number", ID: id.UUID}}
	_, err := f.Ledger.Closes(f.ctx, f.tenant, id, false, foreign)
	f.invalidCursor("a foreign position", err)
	_, err = f.Ledger.Adjustments(f.ctx, f.tenant, id, closeDay, foreign)
	f.invalidCursor("a foreign position", err)
	foreign.After = domain.Position{Key: "7", ID: newUUID()}
	_, err = f.Ledger.Adjustments(f.ctx, f.tenant, id, closeDay, foreign)
	f.invalidCursor("a foreign position", err)
}
