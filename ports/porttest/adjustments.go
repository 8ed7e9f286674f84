package porttest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// adjustmentTests check the adjustments that PullExecution stores.
var adjustmentTests = []storeTest{
	{"a change of a covered member is an adjustment, and another change is none", adjustmentMembers},
	{"adding, removing and restoring a record are adjustments", adjustmentKinds},
	{"a change adjusts each close of the day before or after it, or of a later day", adjustmentDays},
	{"a record that moves to another account adjusts both accounts", adjustmentMoves},
	{"a record that gets its account later is added to it", adjustmentAttached},
	{"removals by sweep and by announcement are adjustments", adjustmentRemovals},
	{"several changes of a record in one page lead back to the record before the page", adjustmentPage},
	{"the feed has the earliest adjusted day until it is reopened", adjustmentFeed},
	{"a page under a lost lease stores no adjustment", adjustmentLostLease},
}

// closeHistoryTests check that undoing the adjustments of a closed period always restores the records from which the
// period's digest was computed.
var closeHistoryTests = []storeTest{
	{"undoing the adjustments reproduces every digest, after any history", closeRandomHistory},
	{"undoing the adjustments reproduces digests that were computed while pages were stored", closeConcurrently},
}

// brief returns an adjustment in the form "kind before>after", where before and after consist of the date, the amount
// and the status.
func brief(a books.Adjustment) string {
	text := func(m *domain.CoveredMembers) string {
		if m == nil {
			return ""
		}
		return strings.TrimPrefix(m.Date, "2026-") + " " + m.Amount + " " + m.Status
	}
	return fmt.Sprintf("%s %s>%s", a.Change, text(a.Before), text(a.After))
}

func (f *fixture) briefAdjustments(id domain.AccountID, date domain.Date) []string {
	f.Helper()
	return ids(f.adjustments(id, date), brief)
}

func adjustmentMembers(f *fixture) {
	brl := money("-60", "BRL")
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	closed := f.close(id, closeDay)
	versions := []func(*domain.TransactionData){
		withDescription("another text"),
		withAmount("-13", "BRL"),
		withAmount("-13", "USD"),
		func(o *domain.TransactionData) { o.Amount, o.AccountMoney = money("-13", "USD"), &brl },
		func(o *domain.TransactionData) {
			o.Amount, o.AccountMoney, o.Status = money("-13", "USD"), &brl, domain.Pending
		},
		withDate("2026-03-05"),
	}
	for _, edit := range versions {
		f.storeRows(l, row("1", withAccount("a"), edit))
	}
	f.equal("adjustments", []string{
		"modified 02-10 -13 pending>03-05 -12.5 posted", "modified 02-10 -13 posted>02-10 -13 pending",
		"modified 02-10 -13 posted>02-10 -13 posted", "modified 02-10 -13 posted>02-10 -13 posted",
		"modified 02-10 -12.5 posted>02-10 -13 posted",
	}, f.briefAdjustments(id, closeDay))
	all, present := f.adjustments(id, closeDay), f.getRow(c, "1")
	f.equal("the last one", []any{id, present.ID, 7, present.UpdatedAt},
		[]any{all[0].Account, all[0].Transaction, all[0].Version, all[0].At})
	f.equal("account money", "-60 BRL", all[1].After.AccountAmount+" "+all[1].After.AccountCurrency)
	f.inUTC(all[0].At)
	f.reproduces("after edits", c, closed)
}

func adjustmentKinds(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	closed := f.close(id, closeDay)
	f.storeRows(l, row("2", withAccount("a"), withAmount("5", "BRL")))
	f.reproduces("added", c, closed)
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.reproduces("removed", c, closed)
	f.storeRows(l, row("1", withAccount("a"), withAmount("7", "BRL")))
	f.reproduces("restored", c, closed)
	f.equal("adjustments", []string{
		"restored >02-10 7 posted", "removed 02-10 -12.5 posted>", "added >02-10 5 posted",
	}, f.briefAdjustments(id, closeDay))
}

func adjustmentDays(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a"), withDate("2026-03-10")))
	closes := []books.Close{f.close(id, "2026-01-31"), f.close(id, closeDay), f.close(id, "2026-03-31")}
	counts := func(when string, want ...int) {
		f.Helper()
		var got []int
		for _, closed := range closes {
			f.reproduces(when, c, closed)
			got = append(got, len(f.adjustments(id, closed.Date)))
		}
		f.equal(when, want, got)
	}
	f.storeRows(l, row("1", withAccount("a"), withDate("2026-02-28")))
	counts("moved into February", 0, 1, 1)
	f.storeRows(l, row("1", withAccount("a"), withDate("2026-04-01")))
	counts("moved to April", 0, 2, 2)
	f.storeRows(l, row("1", withAccount("a"), withDate("2026-04-02")),
		row("2", withAccount("a"), withDate("2026-04-01")))
	counts("changed in April", 0, 2, 2)
	f.storeRows(l, row("3", withAccount("a"), withDate("2026-01-31")))
	counts("added in January", 1, 3, 3)
	closes = append(closes, f.close(id, "2026-04-30"))
	counts("April is closed", 1, 3, 3, 0)
}

func adjustmentMoves(f *fixture) {
	c, l, a := f.accountWithRows(row("1", withAccount("a")))
	b := f.listAccounts(c)[1].ID
	first, second := f.close(a, closeDay), f.close(b, closeDay)
	f.storeRows(l, row("1", withAccount("b")))
	f.equal("left", []string{"removed 02-10 -12.5 posted>"}, f.briefAdjustments(a, closeDay))
	f.equal("came", []string{"added >02-10 -12.5 posted"}, f.briefAdjustments(b, closeDay))
	f.reproduces("account a", c, first)
	f.reproduces("account b", c, second)
}

func adjustmentAttached(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("late")))
	odd := domain.NewUnreadableData(domain.QuarantinedAccount, "late", domain.InvalidAmount, []byte("{}"))
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{odd}})
	f.close(id, closeDay)
	f.storeAccounts(l, false, "late")
	late := f.listAccounts(c)[2].ID
	closed := f.close(late, closeDay)
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("late")}, Released: []domain.QuarantineKey{odd.QuarantineKey},
	})
	f.equal("adjustments", []string{"added >02-10 -12.5 posted"}, f.briefAdjustments(late, closeDay))
	f.reproduces("attached", c, closed)
}

func adjustmentRemovals(f *fixture) {
	c, token := f.connectionWithToken()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{Everything: true}).ID)
	f.storeAccounts(l, true, "a")
	f.storeRows(l, row("1", withAccount("a")), row("2", withAccount("a")), row("3", withAccount("a")))
	id := f.listAccounts(c)[0].ID
	closed := f.close(id, closeDay)
	f.sweep(l, ports.SweepWrite{}, "1", "2")
	f.reproduces("swept", c, closed)
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.VendorUnreachable, NotBefore: longAfter(at), Attempts: 1, At: at,
	}))
	event := wantedEvent("deleted", domain.PullScope{Removed: []string{"1", "unknown"}})
	queued := f.receive(f.incoming(token, event)).Delivery.Pull
	blocked, err := f.Pulls.RemoveAnnounced(f.ctx, queued, f.now(), withoutMatching)
	f.noError(err)
	f.equal("blocked", true, blocked)
	f.equal("adjustments", 2, len(f.adjustments(id, closeDay)))
	f.reproduces("announced", c, closed)
}

func adjustmentPage(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")))
	closed := f.close(id, closeDay)
	f.mustStorePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{
			row("1", withAccount("a"), withAmount("1", "BRL")), row("2", withAccount("a")),
		},
		Removed: []string{"1", "2"},
	})
	f.reproduces("edited or added, and removed", c, closed)
}

func adjustmentFeed(f *fixture) {
	c, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")))
	f.close(id, closeDay)
	f.close(id, "2026-02-20")
	f.close(id, "2026-01-31")
	f.storeRows(l, row("1", withAccount("a"), withAmount("1", "BRL")))
	f.storeRows(l, row("1", withAccount("a"), withAmount("1", "BRL"), withDescription("x")), row("3", withAccount("b")))
	feed := func(when string, want ...string) {
		f.Helper()
		var got []string
		for _, t := range f.readFeed(domain.Position{}, 2, 3) {
			got = append(got, t.ExternalID+" "+string(t.Adjusts))
			read := f.getRow(c, t.ExternalID)
			read.Adjusts, t.Changed = t.Adjusts, nil
			f.equal("row", read, t)
		}
		f.equal(when, want, got)
	}
	feed("after a change of no covered member", "2 ", "1 2026-02-20", "3 ")
	f.reopen(id, "2026-02-20")
	feed("after the earliest was reopened", "2 ", "1 2026-02-28", "3 ")
	f.close(id, "2026-02-20")
	feed("after it was closed again", "2 ", "1 2026-02-28", "3 ")
	f.reopen(id, closeDay)
	feed("after all of them were reopened", "2 ", "1 ", "3 ")
	f.equal("a list", domain.Date(""), f.getRow(c, "1").Adjusts)
}

func adjustmentLostLease(f *fixture) {
	_, l, id := f.accountWithRows(row("1", withAccount("a")))
	f.close(id, closeDay)
	f.claimAt(l.Pull, longAfter(l.Until))
	f.errorIs(f.storePage(l, ports.PageWrite{
		Transactions: []domain.TransactionData{row("2", withAccount("a"))},
	}), domain.LeaseLost)
	f.equal("adjustments", 0, len(f.adjustments(id, closeDay)))
}

// closeDays are the last days of the closed periods in tests with random histories.
var closeDays = []domain.Date{"2026-01-31", "2026-02-15", "2026-02-28"}

// randomPage returns a page with random changes of the rows 0 to 9 of the accounts "a" and "b".
func randomPage(random *rand.Rand) ports.PageWrite {
	var w ports.PageWrite
	for range 1 + random.IntN(4) {
		id := fmt.Sprint(random.IntN(10))
		if random.IntN(5) == 0 {
			w.Removed = append(w.Removed, id)
			continue
		}
		w.Transactions = append(w.Transactions, row(id,
			withAccount([]string{"a", "a", "b", ""}[random.IntN(4)]), withAmount(fmt.Sprint(random.IntN(3)), "BRL"),
			withDate(domain.Date("2026-02-10").AddDays(random.IntN(40)-20)),
			withDescription(fmt.Sprint(random.IntN(2))),
			func(o *domain.TransactionData) {
				o.Status = []domain.TransactionStatus{domain.Pending, domain.Posted}[random.IntN(2)]
			}))
	}
	return w
}

func closeRandomHistory(f *fixture) {
	random := rand.New(rand.NewPCG(7, 36))
	c, l, _ := f.accountWithRows()
	accounts := f.listAccounts(c)
	adjusted := 0
	for step := range 120 {
		id, day := accounts[random.IntN(2)].ID, closeDays[random.IntN(len(closeDays))]
		switch random.IntN(8) {
		case 0:
			_, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, id, f.closeRequest(day), ports.CloseSteps{}, nil)
			f.noError(err)
		case 1:
			if err := f.Ledger.ReopenPeriod(f.ctx, f.tenant, id, day, f.now(), nil); !errors.Is(err, domain.NotFound) {
				f.noError(err)
			}
		default:
			f.mustStorePage(l, randomPage(random))
		}
		if step%6 == 5 {
			adjusted += f.checkCloses(fmt.Sprintf("step %d", step), c)
		}
	}
	if adjusted < 50 {
		f.Errorf("only %d adjustments were undone", adjusted)
	}
}

// checkCloses undoes the adjustments of each closed period, and checks that the result has the digest of the period. It
// also checks that each record in the change feed names the earliest closed period with an adjustment of this record.
// checkCloses returns the number of adjustments.
func (f *fixture) checkCloses(when string, c domain.Connection) (adjusted int) {
	f.Helper()
	earliest := map[domain.TransactionID]domain.Date{}
	for _, account := range f.listAccounts(c) {
		for _, closed := range f.listCloses(account.ID) { // newest first
			f.reproduces(fmt.Sprintf("%s, %s of %s", when, closed.Date, account.ExternalID), c, closed)
			for _, a := range f.adjustments(account.ID, closed.Date) {
				adjusted++
				if day := earliest[a.Transaction]; day == "" || closed.Date < day {
					earliest[a.Transaction] = closed.Date
				}
			}
		}
	}
	for _, t := range f.readFeed(domain.Position{}, 100, len(f.allRows(c))) {
		f.equal(when+": day in the feed", earliest[t.ID], t.Adjusts)
	}
	return adjusted
}

// closeConcurrently reopens and closes periods of two accounts while another goroutine stores pages. Digests are
// therefore computed while pages are being stored. The goroutine stores pages until the last period is closed.
func closeConcurrently(f *fixture) {
	const rounds, closes = 25, 4
	c, l, _ := f.accountWithRows()
	accounts := f.listAccounts(c)
	for round := range rounds {
		random := rand.New(rand.NewPCG(uint64(round), 36))
		var closed atomic.Bool
		concurrently(2, func(i int) {
			if i == 0 {
				f.storePagesUntil(&closed, l, random, round)
				return
			}
			defer closed.Store(true)
			for n := range closes {
				account, day := accounts[n%2].ID, closeDays[round%3]
				err := f.Ledger.ReopenPeriod(f.ctx, f.tenant, account, day, f.now(), nil)
				if err == nil || errors.Is(err, domain.NotFound) {
					_, _, err = f.Ledger.ClosePeriod(
						f.ctx,
						f.tenant,
						account,
						f.closeRequest(day),
						ports.CloseSteps{},
						nil,
					)
				}
				if err != nil {
					f.Error(err)
				}
			}
		})
		f.checkCloses(fmt.Sprintf("round %d", round), c)
	}
}

// storePagesUntil stores random pages until isDone is true. The first pages also add rows.
func (f *fixture) storePagesUntil(isDone *atomic.Bool, l domain.Lease, random *rand.Rand, round int) {
	for n := 0; !isDone.Load(); n++ {
		w := randomPage(random)
		if n < 5 {
			w.Transactions = append(w.Transactions, row(fmt.Sprint("new ", round, " ", n), withAccount("a")))
		}
		if err := f.storePage(l, w); err != nil {
			f.Error(err)
			return
		}
		time.Sleep(time.Millisecond) // a close that waits for the lock of the writers would wait for hundreds of pages
	}
}
