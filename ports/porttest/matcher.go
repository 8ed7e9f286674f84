package porttest

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// matcherTests check ports.MatcherEntries.
var matcherTests = []storeTest{
	{"a marked record has a new entry, and a saved entry is read as it was saved", matcherStored},
	{"a mark makes an entry due, but not later than it was", matcherMarked},
	{"due entries are ordered by time and record, and limited", matcherDue},
	{"only records that Matcher does not have are marked as unsent", matcherMarkedUnsent},
	{"imported entries without a source of their account are marked", matcherUnmappedEntries},
	{"an account that several connections have is sent through one of them", matcherSharedAccounts},
	{"an account without a source, or a shared one, is unmapped", matcherUnmappedAccounts},
	{"the state of the worker is stored", matcherState},
	{"while the calls fail, the due records are retried, and are as old as the failures", matcherFailing},
	{"an entry that was marked since it was read stays due", matcherMarkedSince},
	{"an empty entry is deleted, unless it was marked since", matcherEmptied},
	{"a deleted entry stays deleted", matcherDeleted},
	{"external ids are taken within a source of a tenant", matcherTaken},
	{"conflicts are listed newest first, and retried at once", matcherConflicts},
	{"a new conflict stores an event", matcherAnnounced},
	{"calls without the lease fail with LeaseLost", matcherLeaseLost},
	{"entries are limited to the subscription and the tenant", matcherTenant},
	{"an erasure deletes the entries of the connection, but open ones only if they are given up", matcherErased},
}

// matched contains a subscription, its lease, and a connection. The subscription has one entry (a lerianmatcher.Entry)
// for each record of the connection that a test marks.
type matched struct {
	*fixture
	events.Subscription
	lease      ports.SubscriptionLease
	connection domain.Connection
}

func (f *fixture) newMatched() *matched {
	f.Helper()
	s := f.subscribe()
	return &matched{fixture: f, Subscription: s, lease: f.lease(s), connection: f.createConnection()}
}

// mark calls MatcherEntries.Mark for the given records. If no record is given, it marks one new record. It returns
// the ids of the marked records.
func (m *matched) mark(at time.Time, records ...domain.TransactionID) []domain.TransactionID {
	m.Helper()
	if len(records) == 0 {
		records = []domain.TransactionID{newID[domain.Transaction]()}
	}
	var marks []ports.MatcherMark
	for _, record := range records {
		marks = append(marks, ports.MatcherMark{Record: record, Connection: m.connection.ID})
	}
	m.noError(m.MatcherEntries.Mark(m.ctx, m.lease, marks, at))
	return records
}

func (m *matched) due(at time.Time) []lerianmatcher.Entry {
	m.Helper()
	entries, _, err := m.MatcherEntries.Due(m.ctx, m.lease, at, 100)
	m.noError(err)
	return entries
}

func (m *matched) nextDue() time.Time {
	m.Helper()
	due, next, err := m.MatcherEntries.Due(m.ctx, m.lease, time.Time{}, 1)
	m.noError(err)
	m.equal("entries that are due at the zero time", 0, len(due))
	return next
}

func (m *matched) save(entries ...lerianmatcher.Entry) {
	m.Helper()
	m.noError(m.MatcherEntries.Save(m.ctx, m.lease, entries, m.now()))
}

func (m *matched) conflicts(limit int) (all []lerianmatcher.Entry) {
	m.Helper()
	request := domain.PageRequest{Limit: limit}
	for {
		page, err := m.MatcherEntries.Conflicts(m.ctx, m.Tenant, m.ID, request)
		m.noError(err)
		all = append(all, page.Items...)
		if page.Next.IsZero() {
			return all
		}
		request.After = page.Next
	}
}

// sentEntry returns the entry e with every member set, as if it had been sent to Matcher. The entry has had a
// conflict since the given time.
func sentEntry(e lerianmatcher.Entry, since time.Time) lerianmatcher.Entry {
	amount := decimal.RequireFromString("-1234.56")
	content := lerianmatcher.Content{
		ExternalID: "E1.3", Version: 3, Amount: amount, Currency: "BRL", Date: "2026-03-04", Reference: "E1",
		Description: `"<é\`, Counterparty: "Ana", Digest: "0a0b",
	}
	e.State, e.ExternalID, e.Content = lerianmatcher.Ignoring, "E1", content
	e.Account = newID[domain.Account]()
	e.Target = lerianmatcher.Target{Context: newUUID().String(), Source: newUUID().String()}
	e.MatcherID, e.Imports, e.LastVersion = newUUID().String(), 2, 3
	e.File, e.Tries, e.MaxRow = "file.json", 4, 31
	e.Conflict = &lerianmatcher.Conflict{
		Reason: lerianmatcher.ReasonMatched, Change: domain.Modified, Version: 4, Since: since, Ours: &content,
		Theirs: &lerianmatcher.Transaction{
			ID: e.MatcherID, ExternalID: "E1.3", Status: lerianmatcher.Matched, Amount: amount, Currency: "BRL",
			Date: "2026-03-04", Description: "theirs \x00",
		},
	}
	e.DueAt = since.Add(time.Hour)
	return e
}

func matcherStored(f *fixture) {
	m := f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	marked := m.due(at)
	want := lerianmatcher.NewEntry(record)
	want.Connection, want.DueAt, want.Marks = m.connection.ID, at, 1
	f.equal("the new entry", []lerianmatcher.Entry{want}, marked)

	sent := sentEntry(marked[0], m.now())
	m.save(sent)
	f.equal("before it is due", 0, len(m.due(sent.DueAt.Add(-time.Microsecond))))
	f.equal("when it is due", []lerianmatcher.Entry{sent}, m.due(sent.DueAt))
	f.equal("the next time", sent.DueAt, m.nextDue())

	sent.DueAt, sent.Conflict, sent.State = time.Time{}, nil, lerianmatcher.Imported
	m.save(sent)
	f.equal("the next time of a settled entry", time.Time{}, m.nextDue())
	m.mark(at, record)
	sent.DueAt, sent.Marks = at, 2
	f.equal("the entry after a mark", []lerianmatcher.Entry{sent}, m.due(at))
}

func matcherMarked(f *fixture) {
	m := f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	m.mark(at.Add(time.Minute), record)
	f.equal("after a later mark", at, m.nextDue())
	m.mark(at.Add(-time.Minute), record)
	f.equal("after an earlier mark", at.Add(-time.Minute), m.nextDue())
	f.equal("marks", int64(3), m.due(at)[0].Marks)

	other := m.createConnection()
	f.noError(f.MatcherEntries.Mark(f.ctx, m.lease, []ports.MatcherMark{{Record: record, Connection: other.ID}}, at))
	f.equal("the connection of the last mark", other.ID, m.due(at)[0].Connection)
}

func matcherDue(f *fixture) {
	m := f.newMatched()
	at := m.now()
	var records []domain.TransactionID
	for range 200 { // ids increase
		records = append(records, newID[domain.Transaction]())
	}
	m.mark(at, records[100:]...)
	m.mark(at.Add(-time.Second), records[:100]...)
	entries, _, err := f.MatcherEntries.Due(f.ctx, m.lease, at, 150)
	f.noError(err)
	got := ids(entries, func(e lerianmatcher.Entry) domain.TransactionID { return e.Record })
	f.equal("due entries", records[:150], got)
}

func matcherMarkedUnsent(f *fixture) {
	m := f.newMatched()
	at := m.now()
	records := []domain.TransactionID{newID[domain.Transaction]()}
	states := []lerianmatcher.State{
		lerianmatcher.None,
		lerianmatcher.Importing,
		lerianmatcher.Imported,
		lerianmatcher.Ignoring,
		lerianmatcher.Ignored,
	}
	for _, state := range states {
		records = append(records, m.mark(at)...)
		e := sentEntry(m.due(at)[0], m.now())
		e.State, e.DueAt = state, time.Time{}
		if state != lerianmatcher.None { // without a conflict, such an entry is empty
			e.Conflict = nil
		}
		m.save(e)
	}
	records = append(records, m.mark(at)...)
	inConflict := sentEntry(m.due(at)[0], m.now())
	inConflict.State, inConflict.DueAt = lerianmatcher.Imported, time.Time{}
	m.save(inConflict)
	var marks []ports.MatcherMark
	for _, record := range records {
		marks = append(marks, ports.MatcherMark{Record: record, Connection: m.connection.ID})
	}
	f.noError(f.MatcherEntries.MarkUnsent(f.ctx, m.lease, marks, at))
	got := ids(
		m.due(at),
		func(e lerianmatcher.Entry) string { return fmt.Sprint(e.Record, " ", e.State, " ", e.Marks) },
	)
	f.equal("entries", []string{
		records[0].String() + " none 1", records[1].String() + " none 2", records[5].String() + " ignored 2",
		records[6].String() + " imported 2",
	}, got)
}

func matcherUnmappedEntries(f *fixture) {
	m := f.newMatched()
	at := m.now()
	var entries []lerianmatcher.Entry
	var sources []ports.MatcherSource
	for range 4 {
		m.mark(at)
		e := sentEntry(m.due(at)[0], m.now())
		e.State, e.DueAt, e.Conflict = lerianmatcher.Imported, time.Time{}, nil
		entries = append(entries, e)
		sources = append(sources, ports.MatcherSource{Account: e.Account, Target: e.Target})
		m.save(e)
	}
	entries[3].State = lerianmatcher.Ignored
	m.save(entries[3])
	f.noError(f.MatcherEntries.MarkUnmapped(f.ctx, m.lease, sources[:3], at))
	f.equal("entries without a change", 0, len(m.due(at)))
	sources[0].Account = newID[domain.Account]()
	sources[1].Target.Source = newUUID().String()
	f.noError(f.MatcherEntries.MarkUnmapped(f.ctx, m.lease, sources[:3], at))
	for i := range 2 {
		entries[i].DueAt, entries[i].Marks = at, 2
	}
	f.equal("entries of other sources", entries[:2], m.due(at))
	f.noError(f.MatcherEntries.MarkUnmapped(f.ctx, m.lease, nil, at))
	f.equal("entries without sources", 3, len(m.due(at)))
}

// readAccount stores an account that a pull of the connection has read, and returns the account's id.
func (f *fixture) readAccount(c domain.Connection, externalID, number string) domain.AccountID {
	f.Helper()
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	account := accountData(externalID)
	account.Number = number
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{account}, Listed: true,
		Identity: idOfNumber,
	})
	f.finish(l, domain.PullSucceeded, "")
	for _, a := range f.listAccounts(c) {
		if a.ExternalID == externalID {
			return a.ID
		}
	}
	f.Fatal("the account is not stored")
	return domain.AccountID{}
}

func matcherSharedAccounts(f *fixture) {
	shared := func() map[domain.AccountID]bool {
		f.Helper()
		found, err := f.MatcherEntries.SharedAccounts(f.ctx, f.tenant)
		f.noError(err)
		return found
	}
	other := f.newConnection("of another vendor " + newUUID().String())
	other.Vendor = otherVendor
	oldest, second, third := f.createConnection(), f.createConnection(), f.createConnection()
	f.readAccount(f.createStored(other), "a", "1")
	first := f.readAccount(oldest, "a", "1")
	f.equal("before", map[domain.AccountID]bool{}, shared())
	byKey, byExternalID := f.readAccount(second, "b", "1"), f.readAccount(third, "a", "")
	f.equal("shared", map[domain.AccountID]bool{byKey: true, byExternalID: true}, shared())
	f.tenant, other.Tenant = newTenant(), f.tenant
	f.equal("of another tenant", map[domain.AccountID]bool{}, shared())
	f.tenant = other.Tenant
	f.deleteConnection(oldest)
	f.equal("after the deletion of the oldest", map[domain.AccountID]bool{first: true}, shared())
	f.deleteConnection(second)
	f.deleteConnection(third)
	f.equal("without a live connection", map[domain.AccountID]bool{}, shared())
}

func matcherUnmappedAccounts(f *fixture) {
	oldest, second, deleted := f.createConnection(), f.createConnection(), f.createConnection()
	mapped, unmapped := f.readAccount(oldest, "a", "1"), f.readAccount(oldest, "b", "2")
	shared, own := f.readAccount(second, "a", "1"), f.readAccount(second, "c", "3")
	f.readAccount(deleted, "d", "4")
	f.deleteConnection(deleted)
	list := func(limit int, mapped ...domain.AccountID) (lines []string) {
		f.Helper()
		request := domain.PageRequest{Limit: limit}
		for {
			page, err := f.MatcherEntries.Unmapped(f.ctx, f.tenant, mapped, request)
			f.noError(err)
			for _, a := range page.Items {
				lines = append(lines, fmt.Sprint(a.Account, " ", a.Connection, " ", a.Number, " ", a.Shared))
			}
			if page.Next.IsZero() {
				return lines
			}
			request.After = page.Next
		}
	}
	line := func(a domain.AccountID, c domain.Connection, rest string) string {
		return fmt.Sprint(a, " ", c.ID, " ", rest)
	}
	want := []string{line(unmapped, oldest, "2 false"), line(shared, second, "1 true"), line(own, second, "3 false")}
	slices.Sort(want)
	f.equal("unmapped", want, list(2, mapped))
	f.equal("a shared account that is mapped", []string{line(shared, second, "1 true")},
		list(10, mapped, unmapped, shared, own))
	all := append(want, line(mapped, oldest, "1 false"))
	slices.Sort(all)
	f.equal("without sources", all, list(1))
	f.tenant = newTenant()
	f.equal("of another tenant", 0, len(list(10)))
}

func matcherState(f *fixture) {
	m := f.newMatched()
	state := func() ports.MatcherState {
		found, err := f.MatcherEntries.State(f.ctx, m.lease)
		f.noError(err)
		return found
	}
	f.equal("before", ports.MatcherState{}, state())
	for _, want := range []ports.MatcherState{{ScannedSources: -7, FailingSince: f.now()}, {ScannedSources: 8}} {
		f.noError(f.MatcherEntries.SetState(f.ctx, m.lease, want))
		f.equal("after", want, state())
	}
}

func matcherFailing(f *fixture) {
	m := f.newMatched()
	m.mark(m.now())
	m.mark(m.now())
	since := f.now()
	check := func(what string, failing time.Time, retrying int, oldest time.Time) {
		f.Helper()
		f.noError(f.MatcherEntries.SetState(f.ctx, m.lease, ports.MatcherState{FailingSince: failing}))
		status := f.status(m.Subscription)
		f.equal(what+": waiting", 2, status.Waiting)
		f.equal(what+": retrying", retrying, status.Retrying)
		f.equal(what+": oldest", oldest, status.OldestWaiting)
	}
	check("without failures", time.Time{}, 0, time.Time{})
	check("with failures", since, 2, since)
	check("with failures before the last change of the state", m.StateSince.Add(-time.Second), 0, time.Time{})
	check("after the failures", time.Time{}, 0, time.Time{})
}

func matcherMarkedSince(f *fixture) {
	m := f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	e := m.due(at)[0]
	later := m.now()
	m.mark(later, record)
	sent := sentEntry(e, m.now())
	m.save(sent)
	sent.DueAt, sent.Marks = at, 2
	f.equal("the entry", []lerianmatcher.Entry{sent}, m.due(later))
}

func matcherEmptied(f *fixture) {
	m := f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	e := m.due(at)[0]
	e.DueAt = time.Time{}
	m.save(e)
	m.mark(at, record)
	again := m.due(at)[0]
	f.equal("marks of a new entry", int64(1), again.Marks)

	m.mark(at, record)
	again.DueAt = time.Time{}
	m.save(again)
	f.equal("entries that were marked since", 1, len(m.due(at)))
}

func matcherDeleted(f *fixture) {
	m := f.newMatched()
	at := m.now()
	m.mark(at)
	e := m.due(at)[0]
	empty := e
	empty.DueAt = time.Time{}
	m.save(empty)
	m.save(sentEntry(e, m.now()))
	f.equal("entries", 0, len(m.due(at.Add(24*time.Hour))))
}

func matcherTaken(f *fixture) {
	m := f.newMatched()
	at := m.now()
	m.mark(at)
	e := sentEntry(m.due(at)[0], m.now())
	m.save(e)
	taken := func(m *matched, source string, texts ...string) map[string]domain.TransactionID {
		found, err := f.MatcherEntries.Taken(f.ctx, m.lease, source, texts)
		f.noError(err)
		return found
	}
	want := map[string]domain.TransactionID{"E1": e.Record}
	f.equal("taken", want, taken(m, e.Target.Source, "E0", "E1", "", "\x00"))
	none := map[string]domain.TransactionID{}
	f.equal("of another source", none, taken(m, newUUID().String(), "E1"))
	f.equal("of another subscription", want, taken(f.newMatched(), e.Target.Source, "E1"))
	foreign := f.subscribe(func(s *events.Subscription) { s.Tenant = newTenant() })
	f.equal("of another tenant", none, taken(&matched{fixture: f, lease: f.lease(foreign)}, e.Target.Source, "E1"))
}

func matcherConflicts(f *fixture) {
	m := f.newMatched()
	at := m.now()
	var want []lerianmatcher.Entry
	for range 5 {
		m.mark(at)
		e := sentEntry(m.due(at)[0], m.now())
		m.save(e)
		want = append([]lerianmatcher.Entry{e}, want...)
	}
	m.mark(at) // an entry without a conflict
	f.equal("conflicts", want, m.conflicts(2))
	f.equal("waiting", 1, f.status(m.Subscription).Waiting)
	one, err := f.MatcherEntries.Conflict(f.ctx, m.Tenant, m.ID, want[3].Record)
	f.noError(err)
	f.equal("one conflict", want[3], one)
	f.noError(f.MatcherEntries.RetryConflict(f.ctx, m.Tenant, m.ID, want[1].Record, at, f.entry("retry")))
	want[1].DueAt, want[1].Marks = at, 2
	f.equal("after a retry", want, m.conflicts(100))
	f.equal("audit entries", []string{"retry"}, f.actions())

	// If an operator requests a retry during an attempt, the end of the attempt must not discard the retry.
	before := want[1]
	before.Marks, before.DueAt = 1, at.Add(time.Hour)
	m.save(before)
	f.equal("after the attempt", want, m.conflicts(100))

	resolved := want[0]
	resolved.Conflict = nil
	m.save(resolved)
	f.equal("without a resolved one", want[1:], m.conflicts(100))
	_, err = f.MatcherEntries.Conflict(f.ctx, m.Tenant, m.ID, resolved.Record)
	f.errorIs(err, domain.NotFound)
	err = f.MatcherEntries.RetryConflict(f.ctx, m.Tenant, m.ID, resolved.Record, at, f.entry("refused"))
	f.errorIs(err, domain.NotFound)
	f.equal("audit entries after a refusal", []string{"retry"}, f.actions())
	_, err = f.MatcherEntries.Conflicts(f.ctx, m.Tenant, m.ID, domain.PageRequest{
		Limit: 1, After: domain.Position{Key: "x", ID: newUUID()},
	})
	f.invalidCursor("conflicts", err)
}

func matcherAnnounced(f *fixture) {
	m := f.newMatched()
	at := m.now()
	m.mark(at)
	e := sentEntry(m.due(at)[0], m.now())
	listener := f.subscribe(withTypes("matcher.*"))
	lease := f.lease(listener)
	e.Announce = true
	m.save(e)
	e.Announce = false
	m.save(e)
	appended := f.appended(lease, listener, 1)
	subject := events.ConflictSubject(m.ID, e.Record)
	f.equal("the event", fmt.Sprint(events.MatcherConflict, " ", subject, " ", m.connection.ID),
		fmt.Sprint(appended[0].Type, " ", appended[0].Subject, " ", appended[0].Connection))
}

func matcherLeaseLost(f *fixture) {
	m := f.newMatched()
	at := m.now()
	m.mark(at)
	stored := m.due(at)
	for _, lost := range []ports.SubscriptionLease{
		{Tenant: m.Tenant, Subscription: m.ID, Holder: newID[domain.Lease](), Epoch: m.lease.Epoch},
		{Tenant: m.Tenant, Subscription: m.ID, Holder: m.lease.Holder, Epoch: m.lease.Epoch + 1},
		{Tenant: newTenant(), Subscription: m.ID, Holder: m.lease.Holder, Epoch: m.lease.Epoch},
	} {
		marks := []ports.MatcherMark{{Record: newID[domain.Transaction](), Connection: m.connection.ID}}
		f.errorIs(f.MatcherEntries.Mark(f.ctx, lost, marks, at), domain.LeaseLost)
		_, _, err := f.MatcherEntries.Due(f.ctx, lost, at, 1)
		f.errorIs(err, domain.LeaseLost)
		f.errorIs(
			f.MatcherEntries.Save(f.ctx, lost, []lerianmatcher.Entry{sentEntry(stored[0], at)}, at),
			domain.LeaseLost,
		)
		f.errorIs(f.MatcherEntries.MarkUnsent(f.ctx, lost, marks, at), domain.LeaseLost)
		f.errorIs(f.MatcherEntries.MarkUnmapped(f.ctx, lost, nil, at), domain.LeaseLost)
		f.errorIs(f.MatcherEntries.SetState(f.ctx, lost, ports.MatcherState{}), domain.LeaseLost)
		_, err = f.MatcherEntries.State(f.ctx, lost)
		f.errorIs(err, domain.LeaseLost)
		_, err = f.MatcherEntries.Taken(f.ctx, lost, "s", []string{"x"})
		f.errorIs(err, domain.LeaseLost)
	}
	f.equal("entries", stored, m.due(at.Add(48*time.Hour)))
}

func matcherTenant(f *fixture) {
	m, other := f.newMatched(), f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	other.mark(at, record)
	m.save(sentEntry(m.due(at)[0], m.now()))
	f.equal("conflicts of another subscription", 0, len(other.conflicts(10)))
	page, err := f.MatcherEntries.Conflicts(f.ctx, newTenant(), m.ID, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("conflicts of another tenant", 0, len(page.Items))
	foreign := f.MatcherEntries.RetryConflict(f.ctx, newTenant(), m.ID, record, at, nil)
	absent := f.MatcherEntries.RetryConflict(f.ctx, m.Tenant, newID[events.Subscription](), record, at, nil)
	f.sameNotFound("RetryConflict", foreign, absent)
	_, foreign = f.MatcherEntries.Conflict(f.ctx, newTenant(), m.ID, record)
	_, absent = f.MatcherEntries.Conflict(f.ctx, m.Tenant, newID[events.Subscription](), record)
	f.sameNotFound("Conflict", foreign, absent)
	f.equal("the other entry", 1, len(other.due(at)))
}

// entryIn stores a Matcher entry in the given state for a record of the connection, and returns the id of that
// record.
func (m *matched) entryIn(state lerianmatcher.State) domain.TransactionID {
	m.Helper()
	at := m.now()
	record := m.mark(at)[0]
	for _, e := range m.due(at) {
		if e.Record == record {
			e = sentEntry(e, m.now())
			e.State, e.DueAt, e.Conflict = state, time.Time{}, nil
			m.save(e)
		}
	}
	return record
}

func matcherErased(f *fixture) {
	m := f.newMatched()
	erased := m.connection
	for _, state := range []lerianmatcher.State{lerianmatcher.None, lerianmatcher.Ignored} {
		m.entryIn(state)
	}
	open := []domain.TransactionID{
		m.entryIn(lerianmatcher.Importing), m.entryIn(lerianmatcher.Imported), m.entryIn(lerianmatcher.Ignoring),
	}
	m.connection = f.createConnection()
	kept := m.mark(f.now().Add(time.Hour))[0]
	e := f.mustClaimErasure(f.startErasure(erased, false).ID).Erasure
	for range domain.ErasurePasses {
		e = f.erasePass(e, 100, nil)
	}
	erase := func(abandon bool, limit int) bool {
		f.Helper()
		_, remain, err := f.Erasures.EraseMatcherEntries(f.ctx, e, f.now(), abandon, limit)
		f.noError(err)
		return remain
	}
	dueNow := func() []domain.TransactionID {
		return ids(m.due(f.now()), func(e lerianmatcher.Entry) domain.TransactionID { return e.Record })
	}
	f.equal("open entries remain", true, erase(false, 100))
	f.equal("entries that are due", open, dueNow())
	f.equal("marks", int64(2), m.due(f.now())[0].Marks)
	ignored := m.due(f.now())[0]
	ignored.State, ignored.DueAt = lerianmatcher.Ignored, time.Time{}
	m.save(ignored)
	f.equal("after one was ignored", true, erase(false, 100))
	f.equal("entries that are left", open[1:], dueNow())
	_, _, err := f.Erasures.EraseMatcherEntries(f.ctx, domain.Erasure{
		ID: e.ID, Tenant: e.Tenant, Connection: e.Connection, DueAt: e.DueAt.Add(time.Second),
	}, f.now(), true, 100)
	f.errorIs(err, domain.LeaseLost)
	f.equal("the first of two that are given up", true, erase(true, 1))
	f.equal("the last one", false, erase(true, 1))
	f.equal("entries of the other connection", []domain.TransactionID{kept},
		ids(m.due(f.now().Add(48*time.Hour)), func(e lerianmatcher.Entry) domain.TransactionID { return e.Record }))
}
