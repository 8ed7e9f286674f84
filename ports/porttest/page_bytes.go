package porttest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pageBytesTests check, for each list, that a page ends at its limit in bytes, and that the next page continues there.
var pageBytesTests = []storeTest{
	{"a page of connections", func(f *fixture) {
		f.createConnection()
		f.createConnection()
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Connection], error) {
			return f.Connections.List(f.ctx, f.tenant, ports.ConnectionFilter{}, page)
		})
	}},
	{"a page of webhook tokens", func(f *fixture) {
		c, _ := f.connectionWithToken()
		f.createToken(c)
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.WebhookToken], error) {
			return f.Tokens.List(f.ctx, f.tenant, ports.TokenFilter{}, page)
		})
	}},
	{"a page of deliveries", func(f *fixture) {
		_, token := f.connectionWithToken()
		f.receiveWanted(token)
		f.receiveWanted(token)
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Delivery], error) {
			return f.Deliveries.List(f.ctx, f.tenant, ports.DeliveryFilter{}, page)
		})
	}},
	{"a page of pulls", func(f *fixture) {
		f.runningPull()
		f.runningPull()
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Pull], error) {
			return f.Pulls.List(f.ctx, f.tenant, ports.PullFilter{}, page)
		})
	}},
	{"a page of accounts", func(f *fixture) {
		c, l := f.runningPull()
		f.storeAccounts(l, true, "a", "b")
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Account], error) {
			return f.Ledger.Accounts(f.ctx, f.tenant, ports.AccountFilter{Connection: c.ID}, page)
		})
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Account], error) {
			return f.Ledger.Accounts(f.ctx, f.tenant, ports.AccountFilter{}, page)
		})
	}},
	{"a page of the quarantine", func(f *fixture) {
		c, l := f.runningPull()
		for i := range 2 {
			f.mustStorePage(l, ports.PageWrite{
				Quarantined: []domain.UnreadableData{unreadable(strconv.Itoa(i), domain.UnknownType, "{}")},
				At:          f.now(),
			})
		}
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.QuarantinedRow], error) {
			return f.Ledger.Quarantine(f.ctx, f.tenant, c.ID, page)
		})
	}},
	{"a page of a transaction's history", func(f *fixture) {
		c, l := f.runningPull()
		for _, text := range []string{"one", "two", "three", "four"} {
			f.storeRows(l, row("1", withDescription(text)))
		}
		id := f.getRow(c, "1").ID
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.TransactionVersion], error) {
			return f.Ledger.History(f.ctx, f.tenant, id, page)
		})
	}},
	{"a page of balances", func(f *fixture) {
		c, l, id := f.accountWithRows(row("1", withAccount("a")))
		f.finishSettled(l, epoch, balances("1"))
		f.finishSettled(f.startPull(c), epoch.AddDate(0, 0, 1), balances("1"))
		endsEarly(f, func(page domain.PageRequest) (domain.Page[books.AccountBalance], error) {
			return f.Ledger.Balances(f.ctx, f.tenant, id, domain.Window{}, page)
		})
	}},
	{"a page of closes, and of adjustments", func(f *fixture) {
		_, l, id := f.accountWithRows(row("1", withAccount("a")), row("2", withAccount("a")))
		f.close(id, closeDay)
		f.close(id, closeDay.AddDays(1))
		f.storeRows(l, row("1", withAccount("a"), withAmount("-1", "BRL")),
			row("2", withAccount("a"), withAmount("-1", "BRL")))
		endsEarly(f, func(page domain.PageRequest) (domain.Page[books.Close], error) {
			return f.Ledger.Closes(f.ctx, f.tenant, id, false, page)
		})
		endsEarly(f, func(page domain.PageRequest) (domain.Page[books.Adjustment], error) {
			return f.Ledger.Adjustments(f.ctx, f.tenant, id, closeDay, page)
		})
	}},
	{"a page of audit entries", func(f *fixture) {
		f.appendEntry(f.newEntry("one", newUUID().String()))
		f.appendEntry(f.newEntry("two", newUUID().String()))
		f.number(10)
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.AuditEntry], error) {
			return f.AuditLog.List(f.ctx, f.tenant, domain.AuditFilter{}, page)
		})
	}},
	{"a page of erasures", func(f *fixture) {
		f.startErasure(f.createConnection(), false)
		f.startErasure(f.createConnection(), false)
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Erasure], error) {
			return f.Erasures.List(f.ctx, f.tenant, page)
		})
	}},
	{"a page of subscriptions, and of attempts", func(f *fixture) {
		s, l, recorded := f.subscribedWithEvents(2)
		f.subscribe()
		var attempts []events.EventAttempt
		for i, e := range recorded {
			attempts = append(attempts, events.EventAttempt{
				ID: newID[events.EventAttempt](), Sequence: e.Sequence, Event: e.ID, Type: e.Type, Subject: e.Subject,
				Number: i + 1, At: f.now(), Error: domain.SinkRefused,
			})
		}
		f.recordAttempts(l, ports.AttemptsWrite{DeliveredTo: 2, Attempts: attempts})
		endsEarly(f, func(page domain.PageRequest) (domain.Page[ports.SubscriptionStatus], error) {
			return f.Subscriptions.List(f.ctx, f.tenant, page)
		})
		endsEarly(f, func(page domain.PageRequest) (domain.Page[events.EventAttempt], error) {
			return f.Subscriptions.Attempts(f.ctx, f.tenant, s.ID, page)
		})
	}},
	{"a page of transactions", func(f *fixture) {
		c, l := f.runningPull()
		f.storeRows(l, row("1"), row("2"))
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
			return f.Ledger.Transactions(f.ctx, f.tenant, c.ID, ports.TransactionFilter{}, page)
		})
	}},
	{"a page of a search", func(f *fixture) {
		_, l := f.runningPull()
		f.storeRows(l, row("1"), row("2"))
		endsEarly(f, func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
			return f.Ledger.Search(f.ctx, f.tenant, domain.TransactionSearch{}, page)
		})
	}},
	{"a page of the change feed", feedEndsEarly},
	{"a page of large rows has at most the default bound and one row", largeRowsEndEarly},
}

// endsEarly reads a list with a limit of one byte per page. Each page must have one item. All pages together must
// have the same items as one page without this limit. The list must have at least two items.
func endsEarly[T any](f *fixture, list func(domain.PageRequest) (domain.Page[T], error)) {
	f.Helper()
	whole, err := list(domain.PageRequest{Limit: domain.MaxLimit})
	f.noError(err)
	if len(whole.Items) < 2 {
		f.Fatalf("the list has %d items", len(whole.Items))
	}
	request := domain.PageRequest{Limit: domain.MaxLimit, MaxBytes: 1}
	for i, want := range whole.Items {
		page, err := list(request)
		f.noError(err)
		f.equal("the items of a page", []T{want}, page.Items)
		f.equal("whether there is a next page", i+1 < len(whole.Items), !page.Next.IsZero())
		request.After = page.Next
	}
}

func feedEndsEarly(f *fixture) {
	_, l := f.runningPull()
	f.storeRows(l, row("1"), row("2"), row("3"))
	want := f.readFeed(domain.Position{}, 10, 3)
	request := domain.PageRequest{Limit: 10, MaxBytes: 1}
	for i := range want {
		page, err := f.Ledger.Changes(f.ctx, f.tenant, request)
		f.noError(err)
		f.equal("the items of a page", want[i:i+1], page.Items)
		f.equal("More", i+1 < len(want), page.More)
		request.After = page.Next
	}
	page, err := f.Ledger.Changes(f.ctx, f.tenant, request)
	f.noError(err)
	f.equal("the items after the last", 0, len(page.Items))
}

func largeRowsEndEarly(f *fixture) {
	const rows, size = 40, 256 << 10
	c, l := f.runningPull()
	large := []byte(`"` + strings.Repeat("x", size-2) + `"`)
	for i := range rows {
		f.storeRows(l, row(strconv.Itoa(i), func(o *domain.TransactionData) { o.Metadata = large }))
	}
	fits := func(items []domain.Transaction) {
		f.Helper()
		if n := len(items); n < 2 || (n-1)*size >= domain.MaxPageBytes {
			f.Errorf("a page has %d rows of %d bytes", n, size)
		}
	}
	all := f.readFeed(domain.Position{}, domain.MaxFeedLimit, rows)
	f.equal("changes", rows, len(all))
	page, err := f.Ledger.Changes(f.ctx, f.tenant, domain.PageRequest{Limit: domain.MaxFeedLimit})
	f.noError(err)
	fits(page.Items)
	f.equal("More", true, page.More)
	for _, list := range []func(domain.PageRequest) (domain.Page[domain.Transaction], error){
		func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
			return f.Ledger.Transactions(f.ctx, f.tenant, c.ID, ports.TransactionFilter{}, page)
		},
		func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
			return f.Ledger.Search(f.ctx, f.tenant, domain.TransactionSearch{}, page)
		},
	} {
		var listed []domain.Transaction
		for request := (domain.PageRequest{Limit: domain.MaxLimit}); ; {
			page, err := list(request)
			f.noError(err)
			listed = append(listed, page.Items...)
			if page.Next.IsZero() {
				break
			}
			fits(page.Items)
			request.After = page.Next
		}
		f.equal("rows", rows, len(listed))
		f.equal("distinct rows", rows, len(slices.Compact(ids(listed, externalID))))
	}
}
