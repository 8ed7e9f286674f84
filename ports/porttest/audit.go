package porttest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"reflect"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// auditTests check ports.AuditLog, and that a change stores its audit entries.
var auditTests = []storeTest{
	{"each store method with audit entries stores them with its change", auditedChanges},
	{"a change that fails stores no entry", auditedFailures},
	{"a change without effect stores no entry", auditedNothing},
	{"an entry is stored once, also by a repeated close that races", auditedCloseRaces},
	{"a replay stores the entries of the replayed deliveries", auditedReplay},
	{"entries keep all their members", auditKeepsEntries},
	{"texts that a store cannot keep are cleaned", auditCleansTexts},
	{"numbers follow the time and the id", auditNumbers},
	{"numbers have no gaps although writers and numberers run concurrently", auditConcurrentNumbers},
	{"a refused batch changes nothing", auditRefusedBatch},
	{"hashes and checkpoints are returned as they were stored", auditTree},
	{"a snapshot contains everything about the tree of one tenant", auditSnapshots},
	{"entries are listed newest first, by filter, and pages return each of them once", auditLists},
	{"entries, hashes and heads are limited to the tenant", auditTenants},
	{"a position of another list is Invalid", auditPositions},
	{"a tenant is announced once in an interval, also concurrently", auditAnnouncements},
}

// newEntry returns an entry that has no number and no detail.
func (f *fixture) newEntry(action, object string) domain.AuditEntry {
	return domain.AuditEntry{
		ID: newUUID(), At: f.now(), Actor: "alice", Action: action, Object: object, RequestID: "r1",
	}
}

// entriesOf returns a function that returns the entries. Store methods take audit entries in this form.
func entriesOf(entries ...domain.AuditEntry) ports.AuditEntries {
	return func() []domain.AuditEntry { return entries }
}

// entry returns one new audit entry with the given action, in the form in which store methods take it.
func (f *fixture) entry(action string) ports.AuditEntries {
	return entriesOf(f.newEntry(action, newUUID().String()))
}

func (f *fixture) appendEntry(e domain.AuditEntry) {
	f.Helper()
	f.noError(f.AuditLog.Append(f.ctx, f.tenant, e))
}

// extendTree is an AuditLog.Number callback for a simple tree, which has one hash for each entry.
func extendTree(b ports.AuditBatch) (ports.AuditExtension, error) {
	added := ports.AuditExtension{FirstHash: b.Head.Size}
	for _, e := range b.Pending {
		added.Hashes = append(added.Hashes, hashOfEntry(e))
	}
	added.Checkpoint = []byte("checkpoint " + strconv.FormatInt(b.Head.Size+int64(len(b.Pending)), 10))
	return added, nil
}

func hashOfEntry(e domain.AuditEntry) domain.AuditHash {
	return sha256.Sum256([]byte(strconv.FormatInt(e.Sequence, 10) + e.Object))
}

// number calls AuditLog.Number with the given limit until all entries of the tenant have a number.
func (f *fixture) number(limit int) {
	f.Helper()
	for {
		n, err := f.AuditLog.Number(f.ctx, f.tenant, limit, extendTree)
		f.noError(err)
		if n < limit {
			return
		}
	}
}

func (f *fixture) listEntries(filter domain.AuditFilter, limit int) []domain.AuditEntry {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.AuditEntry], error) {
		return f.AuditLog.List(f.ctx, f.tenant, filter, page)
	}, nil)
}

// actions returns the actions of all entries, oldest first. It first assigns numbers to all entries.
func (f *fixture) actions() []string {
	f.Helper()
	f.number(100)
	var all []string
	for _, e := range f.listEntries(domain.AuditFilter{}, 100) {
		all = append(all, e.Action)
	}
	slices.Reverse(all)
	return all
}

// auditedMethods returns the store methods that store audit entries, in the form "Tokens.Create".
func auditedMethods() (names []string) {
	stores := reflect.TypeFor[Stores]()
	for port := range stores.Fields() {
		for method := range port.Type.Methods() {
			for in := range method.Type.Ins() {
				if in == reflect.TypeFor[ports.AuditEntries]() || in == reflect.TypeFor[ports.Decision]() {
					names = append(names, port.Name+"."+method.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// auditedChanges calls each method of auditedMethods once. All entries have the same object, because the stores compare
// it only with the ids of replayed deliveries.
func auditedChanges(f *fixture) {
	c, edited := f.newConnection("audited"), func(*domain.Connection) error { return nil }
	token := f.newToken(c)
	_, registered := f.registeredToken()
	_, used := f.connectionWithToken()
	delivery := f.receiveWanted(used)
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	sub := f.newSubscription()
	_, held, heldAccount := f.accountWithRows()
	f.mustStorePage(held, ports.PageWrite{Removed: f.manyRows(held, "a", 30)})
	var methods []string
	audited := func(method string) ports.AuditEntries {
		methods = append(methods, method)
		return entriesOf(f.newEntry(method, delivery.ID.String()))
	}
	f.noError(f.Connections.Create(f.ctx, c, audited("Connections.Create")))
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, audited("Connections.Update"), edited)
	f.noError(err)
	f.noError(f.Tokens.Create(f.ctx, token, audited("Tokens.Create")))
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, f.now(), audited("Tokens.Revoke"), nil))
	f.noError(f.Tokens.ActivateRegistration(f.ctx, f.tenant, registered.ID, "webhook",
		audited("Tokens.ActivateRegistration")))
	_, err = f.Pulls.Request(f.ctx, f.tenant, c.ID,
		ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()},
		audited("Pulls.Request"))
	f.noError(err)
	_, err = f.Deliveries.Replay(f.ctx, f.tenant, []domain.DeliveryID{delivery.ID}, f.now(),
		audited("Deliveries.Replay"), newID[domain.Pull])
	f.noError(err)
	_, _, err = f.Ledger.ClosePeriod(f.ctx, f.tenant, account, f.closeRequest(closeDay),
		ports.CloseSteps{}, audited("Ledger.ClosePeriod"))
	f.noError(err)
	f.noError(f.Ledger.ReopenPeriod(f.ctx, f.tenant, account, closeDay, f.now(), audited("Ledger.ReopenPeriod")))
	_, err = f.Ledger.UpdateCompleteness(f.ctx, f.tenant, account, audited("Ledger.UpdateCompleteness"),
		func(c books.Completeness) (books.Completeness, error) { return c, nil })
	f.noError(err)
	f.decideAudited(audited)
	statement := f.reserve(account, "audited")
	f.noError(f.BankStatements.Save(f.ctx, statement, ports.BankStatementWrite{At: f.now()},
		audited("BankStatements.Save")))
	f.noError(f.BankStatements.SaveCSVMapping(f.ctx, f.tenant, account, witness.CSVMapping{}, f.now(),
		audited("BankStatements.SaveCSVMapping")))
	link := f.createLinkSession()
	f.noError(f.LinkSessions.Open(f.ctx, link, link.DueAt, audited("LinkSessions.Open")))
	connected, linked := f.linked(link)
	f.noError(f.LinkSessions.Connect(f.ctx, connected, link.DueAt, linked, audited("LinkSessions.Connect")))
	_, err = f.Ledger.ApplyRemovals(f.ctx, f.tenant, heldAccount, withoutMatching,
		ports.Decision{At: f.now(), Entries: audited("Ledger.ApplyRemovals")})
	f.noError(err)
	_, err = f.Ledger.ForgetCandidates(f.ctx, f.tenant, f.accountWithCandidates(f.createConnection()), f.now(),
		audited("Ledger.ForgetCandidates"))
	f.noError(err)
	a := f.newApplication("audited")
	f.noError(f.Applications.Create(f.ctx, a, audited("Applications.Create")))
	_, err = f.Applications.Update(f.ctx, f.tenant, a.ID, ports.ApplicationChange{}, audited("Applications.Update"),
		func(*domain.Application, []*domain.Connection) error { return nil })
	f.noError(err)
	f.noError(f.Applications.Delete(f.ctx, f.tenant, a.ID, audited("Applications.Delete"), allowed))
	m := f.newMatched()
	at := m.now()
	record := m.mark(at)[0]
	m.save(sentEntry(m.due(at)[0], at))
	f.noError(f.MatcherEntries.RetryConflict(f.ctx, f.tenant, m.ID, record, at,
		audited("MatcherEntries.RetryConflict")))
	f.noError(f.Subscriptions.Create(f.ctx, sub, audited("Subscriptions.Create")))
	_, err = f.Subscriptions.Update(f.ctx, f.tenant, sub.ID, audited("Subscriptions.Update"),
		func(*events.Subscription) error { return nil })
	f.noError(err)
	_, err = f.Subscriptions.Replay(f.ctx, f.tenant, sub.ID, 1, audited("Subscriptions.Replay"))
	f.noError(err)
	f.skipAudited(audited("Subscriptions.Skip"))
	f.noError(f.Subscriptions.Delete(f.ctx, f.tenant, sub.ID, audited("Subscriptions.Delete"),
		func(events.Subscription) error { return nil }))
	_, err = f.Erasures.Start(f.ctx, f.tenant, c.ID, f.erasureRequest(false), audited("Erasures.Start"))
	f.noError(err)
	f.equal("actions", methods, f.actions())
	slices.Sort(methods)
	f.equal("audited methods", auditedMethods(), methods)
}

// skipAudited skips an event.
func (f *fixture) skipAudited(entries ports.AuditEntries) {
	s, l, recorded := f.subscribedWithEvents(1)
	f.recordAttempts(
		l,
		ports.AttemptsWrite{DeliveredTo: 1, Parked: []events.SubscriptionEvent{f.failedOnce(recorded[0])}},
	)
	_, err := f.Subscriptions.Skip(f.ctx, f.tenant, s.ID, ports.EventSkip{Sequence: 1, At: f.now()}, entries)
	f.noError(err)
}

// decideAudited calls the methods of the ledger that store an operator's decision about records.
func (f *fixture) decideAudited(audited func(method string) ports.AuditEntries) {
	f.Helper()
	r := newReplacements(f)
	r.sweepPage(domain.OneRead, nil, purchase("y"))
	r.next()
	_, err := f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](),
		ports.Decision{At: f.now(), Entries: audited("Ledger.Split")})
	f.noError(err)
	pair := ports.RecordPair{Old: r.older, New: f.getRow(r.c, "y").ID}
	_, err = f.Ledger.Join(f.ctx, f.tenant, pair, ports.Decision{At: f.now(), Entries: audited("Ledger.Join")})
	f.noError(err)
	_, err = f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](), ports.Decision{At: f.now()})
	f.noError(err)
	f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{pair},
		ports.Decision{At: f.now(), Entries: audited("Ledger.Dismiss")}))
	_, err = f.Ledger.Exclude(f.ctx, f.tenant, pair.New, "alice",
		ports.Decision{At: f.now(), Entries: audited("Ledger.Exclude")})
	f.noError(err)
	_, err = f.Ledger.Include(f.ctx, f.tenant, pair.New,
		ports.Decision{At: f.now(), Entries: audited("Ledger.Include")})
	f.noError(err)
	merged, _ := f.twoAccounts(nil, nil)
	_, err = f.Ledger.MergeAccounts(f.ctx, f.tenant, merged, withoutMatching,
		ports.Decision{At: f.now(), Entries: audited("Ledger.MergeAccounts")})
	f.noError(err)
}

func auditedFailures(f *fixture) {
	c, token := f.connectionWithToken()
	taken, refused := f.newConnection(c.Name), errors.New("refused")
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	for name, err := range map[string]error{
		"Create": f.Connections.Create(f.ctx, taken, f.entry("create")),
		"Update": func() error {
			_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID,
				f.entry("update"), func(*domain.Connection) error { return refused })
			return err
		}(),
		"Tokens.Create": f.Tokens.Create(f.ctx, f.newToken(f.newConnection("absent")), f.entry("mint")),
		"Revoke":        f.Tokens.Revoke(f.ctx, newTenant(), token.ID, f.now(), f.entry("revoke"), nil),
		"Request": func() error {
			r := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: f.now()}
			_, err := f.Pulls.Request(f.ctx, f.tenant, newID[domain.Connection](), r, f.entry("pull"))
			return err
		}(),
		"ReopenPeriod": f.Ledger.ReopenPeriod(f.ctx, f.tenant, account, closeDay, f.now(), f.entry("reopen")),
		"Split": func() error {
			_, err := f.Ledger.Split(f.ctx, f.tenant, newID[domain.Transaction](),
				newID[domain.Transaction](), ports.Decision{At: f.now(), Entries: f.entry("split")})
			return err
		}(),
		"UpdateCompleteness": func() error {
			_, err := f.Ledger.UpdateCompleteness(f.ctx, f.tenant, account,
				f.entry("accept"), func(c books.Completeness) (books.Completeness, error) { return c, refused })
			return err
		}(),
	} {
		if err == nil {
			f.Errorf("%s succeeded", name)
		}
	}
	f.equal("actions", []string(nil), f.actions())
}

func auditedNothing(f *fixture) {
	c := f.createConnection()
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, entriesOf(),
		func(*domain.Connection) error { return nil })
	f.noError(err)
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	f.close(account, closeDay)
	_, created, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, account, f.closeRequest(closeDay),
		ports.CloseSteps{}, f.entry("close"))
	f.noError(err)
	f.equal("created", false, created)
	f.equal("actions", []string(nil), f.actions())
}

func auditedCloseRaces(f *fixture) {
	_, _, account := f.accountWithRows(row("1", withAccount("a")))
	concurrently(6, func(int) {
		_, _, err := f.Ledger.ClosePeriod(f.ctx, f.tenant, account, f.closeRequest(closeDay),
			ports.CloseSteps{}, f.entry("close"))
		if err != nil {
			f.Error(err)
		}
	})
	f.equal("actions", []string{"close"}, f.actions())
}

func auditedReplay(f *fixture) {
	_, token := f.connectionWithToken()
	wanted := f.receiveWanted(token)
	ignored := f.receive(f.incoming(token, domain.WebhookEvent{Name: "ignored", DedupKey: "ignored"})).Delivery
	deliveries := []domain.DeliveryID{wanted.ID, ignored.ID, newID[domain.Delivery]()}
	var entries []domain.AuditEntry
	for _, id := range deliveries {
		entries = append(entries, f.newEntry("replay", id.String()))
	}
	newPull := func() domain.PullID { return newID[domain.Pull]() }
	_, err := f.Deliveries.Replay(f.ctx, f.tenant, deliveries, f.now(), entriesOf(entries...), newPull)
	f.noError(err)
	_, err = f.Deliveries.Replay(f.ctx, f.tenant, deliveries[1:2], f.now(), entriesOf(entries[1]), newPull)
	f.noError(err)
	f.number(100)
	f.equal("objects", []string{wanted.ID.String()},
		ids(f.listEntries(domain.AuditFilter{}, 10), func(e domain.AuditEntry) string { return e.Object }))
}

func auditKeepsEntries(f *fixture) {
	e := f.newEntry("connection.update", newUUID().String())
	e.Detail = domain.AuditDetail{
		Changed: []string{"baseUrl", "configName"}, IDs: map[string]uuid.UUID{"connectionId": newUUID()},
		Numbers: map[string]int64{"count": 1<<53 - 1, "difference": -3},
		Dates:   map[string]domain.Date{"date": "2026-02-28"},
		Hashes:  map[string]domain.AuditHash{"digest": {1, 31: 2}},
	}
	bare := domain.AuditEntry{ID: newUUID(), At: f.now(), Actor: ports.UnknownActor, Action: "a", Object: "o"}
	f.appendEntry(e)
	f.appendEntry(bare)
	f.number(10)
	e.ID, bare.ID, bare.Sequence = uuid.Nil, uuid.Nil, 1
	got := f.listEntries(domain.AuditFilter{}, 10)
	for i := range got {
		got[i].ID = uuid.Nil
		f.inUTC(got[i].At)
	}
	f.equal("entries", []domain.AuditEntry{bare, e}, got)
}

func auditCleansTexts(f *fixture) {
	e := f.newEntry("action", "object")
	e.Actor, e.RequestID = "a\x00b\xff", "r\xfe"
	f.appendEntry(e)
	f.number(10)
	got := f.listEntries(domain.AuditFilter{Actor: "ab\uFFFD"}, 10)
	f.equal("entries", 1, len(got))
	f.equal("request id", "r\uFFFD", got[0].RequestID)
}

func auditNumbers(f *fixture) {
	at := f.now()
	var entries []domain.AuditEntry
	for i := range 7 {
		e := f.newEntry("action", strconv.Itoa(i))
		if i%2 == 0 {
			e.At = at
		}
		entries = append(entries, e)
	}
	for _, i := range []int{4, 0, 6, 3, 1, 5, 2} {
		f.appendEntry(entries[i])
	}
	slices.SortFunc(entries, func(x, y domain.AuditEntry) int {
		return cmp.Or(x.At.Compare(y.At), bytes.Compare(x.ID[:], y.ID[:]))
	})
	f.number(3)
	got := f.listEntries(domain.AuditFilter{}, 10)
	slices.Reverse(got)
	for i, e := range got {
		f.equal("number", int64(i), e.Sequence)
		f.equal("object", entries[i].Object, e.Object)
	}
	f.equal("entries", len(entries), len(got))
	n, err := f.AuditLog.Number(f.ctx, f.tenant, 3, func(ports.AuditBatch) (ports.AuditExtension, error) {
		f.Error("extend was called although no entry is pending")
		return ports.AuditExtension{}, nil
	})
	f.noError(err)
	f.equal("numbered", 0, n)
}

func auditConcurrentNumbers(f *fixture) {
	const writers, each = 6, 8
	concurrently(writers+2, func(i int) {
		for range each {
			if i >= writers {
				if _, err := f.AuditLog.Number(f.ctx, f.tenant, 3, extendTree); err != nil {
					f.Error(err)
				}
				continue
			}
			if err := f.Connections.Create(f.ctx, f.newConnection(newUUID().String()), f.entry("create")); err != nil {
				f.Error(err)
			}
		}
	})
	f.number(5)
	got := f.listEntries(domain.AuditFilter{}, 7)
	f.equal("entries", writers*each, len(got))
	objects := map[string]bool{}
	for i, e := range got {
		f.equal("number", int64(len(got)-1-i), e.Sequence)
		objects[e.Object] = true
	}
	f.equal("objects", len(got), len(objects))
}

func auditRefusedBatch(f *fixture) {
	f.appendEntry(f.newEntry("action", "object"))
	refused := errors.New("refused")
	n, err := f.AuditLog.Number(f.ctx, f.tenant, 10, func(ports.AuditBatch) (ports.AuditExtension, error) {
		return ports.AuditExtension{}, refused
	})
	if n != 0 || err != refused {
		f.Fatalf("Number returned %d and %v", n, err)
	}
	head, err := f.AuditLog.Head(f.ctx, f.tenant)
	f.noError(err)
	f.equal("head", ports.AuditHead{}, head)
	f.equal("entries", 0, len(f.listEntries(domain.AuditFilter{}, 10)))
	f.equal("actions", []string{"action"}, f.actions())
}

// hasPending reports whether ListPending returns the tenant.
func (f *fixture) hasPending() bool {
	f.Helper()
	tenants, err := f.AuditLog.ListPending(f.ctx, 10000)
	f.noError(err)
	return slices.Contains(tenants, f.tenant)
}

func auditTree(f *fixture) {
	f.equal("pending", false, f.hasPending())
	for i := range 5 {
		f.appendEntry(f.newEntry("action", strconv.Itoa(i)))
	}
	f.equal("pending", true, f.hasPending())
	seen := 0
	for seen < 5 {
		n, err := f.AuditLog.Number(f.ctx, f.tenant, 2, func(b ports.AuditBatch) (ports.AuditExtension, error) {
			f.equal("size", int64(seen), b.Head.Size)
			f.equal("new", seen == 0, b.Head.Checkpoint == nil)
			f.equal("number", int64(seen), b.Pending[0].Sequence)
			if seen > 0 {
				hashes, err := b.Hashes([]int64{int64(seen - 1), 0})
				f.noError(err)
				first := domain.AuditEntry{Object: "0"}
				f.equal("hash", hashOfEntry(first), hashes[1])
			}
			_, err := b.Hashes([]int64{int64(seen)})
			f.errorIs(err, domain.NotFound)
			return extendTree(b)
		})
		f.noError(err)
		seen += n
	}
	f.equal("pending", false, f.hasPending())
	head, err := f.AuditLog.Head(f.ctx, f.tenant)
	f.noError(err)
	f.equal("head", ports.AuditHead{Size: 5, Checkpoint: []byte("checkpoint 5")}, head)
	hashes, err := f.AuditLog.Hashes(f.ctx, f.tenant, []int64{4, 1})
	f.noError(err)
	f.equal("hashes", []domain.AuditHash{
		hashOfEntry(
			domain.AuditEntry{Sequence: 4, Object: "4"},
		),
		hashOfEntry(domain.AuditEntry{Sequence: 1, Object: "1"}),
	}, hashes)
	_, err = f.AuditLog.Hashes(f.ctx, f.tenant, []int64{1, 5})
	f.errorIs(err, domain.NotFound)
}

func auditSnapshots(f *fixture) {
	read := func() (size int64, sizes []int64, objects []string, hashes []int64) {
		f.noError(f.AuditLog.Snapshot(f.ctx, f.tenant, func(s ports.AuditSnapshot) error {
			size = s.Size
			for _, c := range s.Checkpoints {
				sizes = append(sizes, c.Size)
				f.equal("note", "checkpoint "+strconv.FormatInt(c.Size, 10), string(c.Note))
			}
			for e, err := range s.Entries {
				f.noError(err)
				f.equal("number", int64(len(objects)), e.Sequence)
				objects = append(objects, e.Object)
			}
			for h, err := range s.Hashes {
				f.noError(err)
				f.equal("hash", hashOfEntry(domain.AuditEntry{Sequence: h.Index, Object: objects[h.Index]}), h.Hash)
				hashes = append(hashes, h.Index)
			}
			return nil
		}))
		return size, sizes, objects, hashes
	}
	size, sizes, objects, hashes := read()
	f.equal("empty", 0, int(size)+len(sizes)+len(objects)+len(hashes))
	for i := range 3 {
		f.appendEntry(f.newEntry("action", strconv.Itoa(i)))
	}
	f.number(2)
	f.appendEntry(f.newEntry("action", "pending"))
	size, sizes, objects, hashes = read()
	f.equal("size", int64(3), size)
	f.equal("checkpoints", []int64{2, 3}, sizes)
	f.equal("objects", []string{"0", "1", "2"}, objects)
	f.equal("hashes", []int64{0, 1, 2}, hashes)
	tenants, err := f.AuditLog.Tenants(f.ctx)
	f.noError(err)
	f.equal("tenants", true, slices.Contains(tenants, f.tenant))
	refused := errors.New("refused")
	err = f.AuditLog.Snapshot(f.ctx, f.tenant, func(ports.AuditSnapshot) error { return refused })
	f.errorIs(err, refused)
}

func auditLists(f *fixture) {
	var entries []domain.AuditEntry
	for i := range 12 {
		e := f.newEntry([]string{"x", "y"}[i%2], strconv.Itoa(i%3))
		e.Actor = []string{"alice", "bob", "carol", "dave"}[i%4]
		f.appendEntry(e)
		entries = append(entries, e)
	}
	f.number(100)
	for _, filter := range []domain.AuditFilter{
		{}, {Actor: "bob"}, {Action: "x"}, {Object: "2"}, {Action: "y", Object: "1"}, {Actor: "alice", Action: "y"},
		{From: entries[4].At}, {To: entries[4].At}, {From: entries[3].At, To: entries[7].At, Action: "x"},
		{Actor: "bob\x00"}, {Object: "\xff"},
	} {
		var want []int64
		for i, e := range entries {
			if filter.Selects(e) {
				want = append(want, int64(i))
			}
		}
		slices.Reverse(want)
		got := ids(f.listEntries(filter, 2), func(e domain.AuditEntry) int64 { return e.Sequence })
		if !slices.Equal(want, got) {
			f.Errorf("%+v: numbers %v, want %v", filter, got, want)
		}
	}
}

func auditTenants(f *fixture) {
	f.appendEntry(f.newEntry("action", "mine"))
	f.number(10)
	foreign := newTenant()
	page, err := f.AuditLog.List(f.ctx, foreign, domain.AuditFilter{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("foreign entries", 0, len(page.Items))
	_, err = f.AuditLog.Hashes(f.ctx, foreign, []int64{0})
	f.errorIs(err, domain.NotFound)
	head, err := f.AuditLog.Head(f.ctx, foreign)
	f.noError(err)
	f.equal("foreign head", ports.AuditHead{}, head)
	f.noError(f.AuditLog.Append(f.ctx, foreign, f.newEntry("action", "theirs")))
	f.number(10)
	f.equal("entries", 1, len(f.listEntries(domain.AuditFilter{}, 10)))
}

func auditPositions(f *fixture) {
	f.appendEntry(f.newEntry("action", "object"))
	f.number(10)
	for _, position := range []domain.Position{
		{Key: "x", ID: f.tenant.UUID}, {Key: "-1", ID: f.tenant.UUID}, {Key: "1", ID: newUUID()},
	} {
		_, err := f.AuditLog.List(f.ctx, f.tenant, domain.AuditFilter{}, domain.PageRequest{Limit: 1, After: position})
		f.invalidCursor("List", err)
	}
}

func auditAnnouncements(f *fixture) {
	at := f.now()
	claim := func() int {
		claimed, err := f.AuditLog.ClaimAnnouncements(f.ctx, at, at.Add(-1), 10000)
		if err != nil {
			f.Error(err)
		}
		if slices.Contains(claimed, f.tenant) {
			return 1
		}
		return 0
	}
	f.appendEntry(f.newEntry("action", "object"))
	f.equal("without a number", 0, claim())
	f.number(10)
	counts := make([]int, 4)
	concurrently(len(counts), func(i int) { counts[i] = claim() })
	sum := 0
	for _, n := range counts {
		sum += n
	}
	f.equal("claims", 1, sum)
	f.equal("a repeated claim", 0, claim())
	at = longAfter(f.now())
	f.equal("a later claim", 1, claim())
}
