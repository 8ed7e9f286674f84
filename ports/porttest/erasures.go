package porttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// erasureTests check ports.Erasures.
var erasureTests = []storeTest{
	{"a start deletes the connection, and stores the erasure", erasureStarts},
	{"a deleted connection can be erased, and no connection of another kind or tenant", erasureOfDeleted},
	{"a repeated start returns the erasure that is running or done", erasureRepeats},
	{"a start after a failed erasure begins another", erasureAgain},
	{"of concurrent starts one begins the erasure", erasureStartsOnce},
	{"of concurrent claims one returns the erasure", erasureClaimedOnce},
	{"a write under a claim that was replaced changes nothing", erasureFences},
	{"nothing of the connection is left", erasureErases},
	{"a batch is bounded, and each transaction changes once", erasureBatches},
	{"no other connection changes", erasureSparesOthers},
	{"deliveries of other connections lose what names the account reference", erasureOfDeliveries},
	{"a delivery that names an erased account reference later has no contents", erasureOfLaterDeliveries},
	{"an account reference of before an edit is erased, too", erasureOfFormerReferences},
	{"stored responses about the connection are deleted", erasureOfResponses},
	{"a pull that runs writes nothing afterwards", erasureStopsPulls},
	{"a name or account reference can be used again meanwhile", erasureFreesName},
	{"the end waits until the vendor has no webhook of the connection", erasureAwaitsWebhooks},
	{"a failed erasure keeps the credential and the account reference", erasureFails},
	{"erasures are listed, newest first", erasurePages},
}

func (f *fixture) startErasure(c domain.Connection, atVendor bool) domain.Erasure {
	f.Helper()
	e, err := f.Erasures.Start(f.ctx, c.Tenant, c.ID, f.erasureRequest(atVendor), nil)
	f.noError(err)
	return e
}

func (f *fixture) erasureRequest(atVendor bool) domain.ErasureRequest {
	return domain.ErasureRequest{ID: newID[domain.Erasure](), AtVendor: atVendor, At: f.now()}
}

// claimErasure claims erasures that are due, and returns the one with this id. ok is false if no such erasure was due.
// The loop is needed because other tests may have erasures that are due.
func (f *fixture) claimErasure(id domain.ErasureID, at time.Time) (c ports.ClaimedErasure, ok bool) {
	f.Helper()
	for _, atVendor := range []bool{false, true} {
		found, claimed := claimOne(f, func(skip []domain.TenantID, limit int) ([]ports.ClaimedErasure, error) {
			return f.Erasures.Claim(f.ctx, at, at.Add(time.Minute), atVendor, skip, limit)
		}, func(c ports.ClaimedErasure) bool { return c.Erasure.ID == id })
		if claimed {
			f.equal("whether a claimed erasure asks the vendor", atVendor, found.Erasure.AsksVendor())
			c, ok = found, true
		}
	}
	return c, ok
}

func (f *fixture) mustClaimErasure(id domain.ErasureID) ports.ClaimedErasure {
	f.Helper()
	c, ok := f.claimErasure(id, f.now())
	if !ok {
		f.Fatal("the erasure is not claimed")
	}
	return c
}

// erasePass runs all batches of one pass of an erasure over the connection's rows. A batch has at most limit rows. If
// hook is not nil, erasePass calls hook after each batch.
func (f *fixture) erasePass(e domain.Erasure, limit int, hook func()) domain.Erasure {
	f.Helper()
	passes := e.Passes
	for range 1000 {
		var err error
		at := f.now()
		e, err = f.Erasures.EraseBatch(f.ctx, e, at, at.Add(time.Minute), limit)
		f.noError(err)
		if hook != nil {
			hook()
		}
		if e.Passes > passes {
			return e
		}
	}
	f.Fatal("the pass does not end")
	return e
}

// erase erases the connection completely, without asking the vendor.
func (f *fixture) erase(c domain.Connection) domain.Erasure {
	f.Helper()
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	for range domain.ErasurePasses {
		e = f.erasePass(e, 100, nil)
	}
	f.endErasure(e, domain.ErasureDone)
	return e
}

func (f *fixture) endErasure(e domain.Erasure, status domain.ErasureStatus) {
	f.Helper()
	e.Status = status
	ended, err := f.Erasures.End(f.ctx, e, f.now())
	f.noError(err)
	f.equal("the erasure has ended", true, ended)
}

func (f *fixture) getErasure(id domain.ErasureID) domain.Erasure {
	f.Helper()
	e, err := f.Erasures.Get(f.ctx, f.tenant, id)
	f.noError(err)
	return e
}

func erasureStarts(f *fixture) {
	c, token := f.connectionWithToken()
	queued := f.receiveWanted(token)
	r := f.erasureRequest(true)
	e, err := f.Erasures.Start(f.ctx, f.tenant, c.ID, r, nil)
	f.noError(err)
	f.equal("the erasure", domain.Erasure{
		ID: r.ID, Tenant: f.tenant, Connection: c.ID, AtVendor: true, Status: domain.ErasureRunning, CreatedAt: r.At,
		RequestedAt: r.At, DueAt: r.At,
	}, e)
	f.equal("the stored erasure", e, f.getErasure(e.ID))
	_, err = f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, c.ID)
	f.errorIs(err, domain.NotFound)
	_, err = f.Deliveries.Receive(f.ctx, f.incoming(token, wantedEvent("later", domain.PullScope{})))
	f.errorIs(err, domain.Unauthenticated)
	f.equal("the queued pull", domain.PullFailed, f.getPull(queued.Pull).State)
	claimed := f.mustClaimErasure(e.ID)
	f.equal("the access", []string{c.BaseURL, c.AccountRef, string(c.Sealed)},
		[]string{claimed.Connection.BaseURL, claimed.Connection.AccountRef, string(claimed.Connection.Sealed)})
	f.equal("the times", []time.Time{r.At, r.At},
		[]time.Time{claimed.Connection.DeletedAt, claimed.Connection.ErasedAt})
	_, err = f.Erasures.Get(f.ctx, newTenant(), e.ID)
	_, absent := f.Erasures.Get(f.ctx, f.tenant, newID[domain.Erasure]())
	f.sameNotFound("Erasures.Get", err, absent)
}

func erasureOfDeleted(f *fixture) {
	c, engine := f.createConnection(), f.createStored(f.newEngine("engine "+newUUID().String()))
	deleted := f.deleteConnection(c)
	e := f.startErasure(c, false)
	f.equal("the time of the deletion", deleted, f.mustClaimErasure(e.ID).Connection.DeletedAt)
	_, foreign := f.Erasures.Start(f.ctx, newTenant(), c.ID, f.erasureRequest(false), nil)
	_, absent := f.Erasures.Start(f.ctx, f.tenant, newID[domain.Connection](), f.erasureRequest(false), nil)
	f.sameNotFound("Erasures.Start", foreign, absent)
	_, err := f.Erasures.Start(f.ctx, f.tenant, engine.ID, f.erasureRequest(false), nil)
	f.errorIs(err, domain.NotFound)
	if _, err := f.Connections.Get(f.ctx, f.tenant, domain.Engine, engine.ID); err != nil {
		f.Errorf("the engine connection: %v", err)
	}
}

func erasureRepeats(f *fixture) {
	c := f.createConnection()
	first := f.startErasure(c, false)
	f.equal("a repetition", first.ID, f.startErasure(c, false).ID)
	second := f.startErasure(c, true)
	f.equal("the same erasure", first.ID, second.ID)
	f.equal("at the vendor", true, second.AtVendor && f.getErasure(first.ID).AtVendor)
	f.equal("a later request is later", true, second.RequestedAt.After(first.RequestedAt))
	f.equal("a repetition with less", true, f.startErasure(c, false).AtVendor)

	other := f.createConnection()
	done := f.erase(other)
	f.equal("a repetition of one that is done", done.ID, f.startErasure(other, false).ID)
	f.equal("its status", domain.ErasureDone, f.getErasure(done.ID).Status)
	_, err := f.Erasures.Start(f.ctx, f.tenant, other.ID, f.erasureRequest(true), nil)
	f.errorIs(err, domain.AlreadyErased)
}

func erasureAgain(f *fixture) {
	c := f.createConnection()
	e := f.mustClaimErasure(f.startErasure(c, true).ID).Erasure
	f.endErasure(e, domain.ErasureFailed)
	second := f.startErasure(c, false)
	f.equal("another erasure", false, second.ID == e.ID)
	f.equal("the first one", domain.ErasureFailed, f.getErasure(e.ID).Status)
	f.equal("a repetition", second.ID, f.startErasure(c, false).ID)
}

func erasureStartsOnce(f *fixture) {
	c := f.createConnection()
	const n = 8
	var started [n]domain.Erasure
	concurrently(n, func(i int) {
		e, err := f.Erasures.Start(f.ctx, f.tenant, c.ID, f.erasureRequest(i%2 == 0), nil)
		if err != nil {
			f.Error(err)
		}
		started[i] = e
	})
	for _, e := range started {
		f.equal("the erasure", started[0].ID, e.ID)
	}
}

// erasureClaimedOnce uses erasures of several tenants that are due at the same time. In a distributed database they are
// stored on different servers, which return them in any order.
func erasureClaimedOnce(f *fixture) {
	at := f.now()
	var ids []domain.ErasureID
	claims := map[domain.ErasureID]*atomic.Int32{}
	for range 12 {
		c := f.newConnection("claimed once")
		if len(ids) > 0 {
			c.Tenant = newTenant()
		}
		r := f.erasureRequest(false)
		r.At = at
		e, err := f.Erasures.Start(f.ctx, c.Tenant, f.createStored(c).ID, r, nil)
		f.noError(err)
		ids, claims[e.ID] = append(ids, e.ID), new(atomic.Int32)
	}
	concurrently(8, func(int) {
		for {
			claimed, err := f.Erasures.Claim(f.ctx, at, at.Add(time.Minute), false, nil, 10)
			if err != nil {
				f.Error(err)
			}
			for _, c := range claimed {
				if n, ok := claims[c.Erasure.ID]; ok {
					n.Add(1)
				}
			}
			if len(claimed) == 0 {
				return
			}
		}
	})
	for _, id := range ids {
		f.equal("claims", int32(1), claims[id].Load())
	}
	_, ok := f.claimErasure(ids[0], at.Add(time.Minute-time.Microsecond))
	f.equal("claimed before the claim has ended", false, ok)
	_, ok = f.claimErasure(ids[0], at.Add(time.Minute))
	f.equal("claimed when the claim has ended", true, ok)
}

func erasureFences(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	next, ok := f.claimErasure(e.ID, e.DueAt)
	f.equal("claimed again", true, ok)
	_, err := f.Erasures.EraseBatch(f.ctx, e, f.now(), longAfter(epoch), 10)
	f.errorIs(err, domain.LeaseLost)
	f.errorIs(f.Erasures.Save(f.ctx, e, e.DueAt), domain.LeaseLost)
	_, err = f.Erasures.End(f.ctx, e, f.now())
	f.errorIs(err, domain.LeaseLost)
	f.equal("the rows", 1, len(f.allRows(c)))
	f.equal("the erasure", next.Erasure, f.getErasure(e.ID))

	saved := next.Erasure
	saved.DueAt, saved.LastError, saved.Attempts = longAfter(epoch), domain.VendorUnreachable, 3
	saved.VendorDone, saved.Passes, saved.Place.After = true, 1, "place"
	f.noError(f.Erasures.Save(f.ctx, saved, next.Erasure.DueAt))
	f.equal("the saved erasure", saved, f.getErasure(e.ID))
}

// filled is a connection with stored data of every kind, for example transactions, an account and a delivery.
type filled struct {
	domain.Connection
	pull     domain.PullID
	delivery domain.DeliveryID
	account  domain.AccountID
	token    domain.WebhookToken
}

// fill creates the connection and stores data of every kind for it.
func (f *fixture) fill(c domain.Connection) filled {
	f.Helper()
	c = f.createStored(c)
	token := f.createToken(c)
	d := f.receive(
		f.incoming(token, wantedEvent("event-"+newUUID().String(), domain.PullScope{Everything: true})),
	).Delivery
	l, _ := f.claim(d.Pull)
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("a")}, Listed: true,
		Quarantined:  []domain.UnreadableData{unreadable("bad", "unknown_status", `{"id":"bad"}`)},
		Transactions: []domain.TransactionData{purchase("x"), purchase("z", withDescription("other"))},
	})
	account := f.listAccounts(c)[0].ID
	f.close(account, closeDay)
	r := &replacements{fixture: f, c: c, l: l}
	r.next()
	r.remove("x")
	r.page(news(), purchase("y"), purchase("z", withDescription("edited"), withAmount("-2", "BRL")))
	f.equal("a replaced row", []string{"x"}, pastIDs(f.getRow(c, "y")))
	f.finishSettled(r.l, f.now(), balances("100"))
	return filled{Connection: c, pull: d.Pull, delivery: d.ID, account: account, token: token}
}

func pastIDs(t domain.Transaction) []string {
	return ids(t.Supersedes, func(s domain.Superseded) string { return s.ExternalID })
}

// contents returns what the stores return for the connection, such as its rows, accounts and closes. It does not read
// the change feed.
func (f *fixture) contents(c filled) []any {
	f.Helper()
	var histories []domain.Page[domain.TransactionVersion]
	rows := f.allRows(c.Connection)
	for _, t := range rows {
		h, err := f.Ledger.History(f.ctx, c.Tenant, t.ID, domain.PageRequest{Limit: 10})
		f.noError(err)
		histories = append(histories, h)
	}
	days, err := f.Ledger.Balances(f.ctx, f.tenant, c.account, domain.Window{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	d, _ := f.Deliveries.Get(f.ctx, f.tenant, c.delivery)
	p, _ := f.Pulls.Get(f.ctx, f.tenant, c.pull)
	completeness, _ := f.Ledger.Completeness(f.ctx, f.tenant, c.account)
	return []any{
		rows,
		histories,
		f.listAccounts(c.Connection),
		f.listQuarantine(c.Connection),
		f.listCloses(c.account),
		days.Items,
		d,
		p,
		completeness,
	}
}

func erasureErases(f *fixture) {
	c := f.fill(f.newConnection("erased " + newUUID().String()))
	before := f.allRows(c.Connection)
	_, start := f.readFeedFrom(domain.Position{}, 100, len(before))
	f.equal("the rows before", 2, len(before))
	e := f.erase(c.Connection)

	changes := f.readFeed(start, 100, len(before))
	f.equal("the changes", len(before), len(changes))
	for _, t := range before {
		got, err := f.Ledger.Transaction(f.ctx, f.tenant, t.ID, time.Time{})
		f.noError(err)
		want := domain.Transaction{
			ID: t.ID, Tenant: f.tenant, Connection: c.ID, Version: t.Version + 1, FirstSeenAt: got.ErasedAt,
			UpdatedAt: got.ErasedAt, RemovedAt: got.ErasedAt, ErasedAt: got.ErasedAt,
		}
		f.equal("an erased transaction", want, got)
		f.equal("the time of the erasure", true, got.ErasedAt.After(e.CreatedAt))
		i := slices.IndexFunc(changes, func(c domain.Transaction) bool { return c.ID == t.ID })
		f.equal("the changed members", domain.ChangedMembers(nil, &want), changes[i].Changed)
		changes[i].Changed = nil
		f.equal("the change", want, changes[i])
		f.equal("the kind of the change", domain.Removed, changes[i].Change())
		history, err := f.Ledger.History(f.ctx, f.tenant, t.ID, domain.PageRequest{Limit: 10})
		f.noError(err)
		f.equal("its history", 0, len(history.Items))
		_, err = f.Ledger.Split(f.ctx, f.tenant, t.ID, newID[domain.Transaction](), ports.Decision{At: f.now()})
		f.errorIs(err, domain.NothingToUndo)
	}
	f.equal("lists", []int{0, 0, 0},
		[]int{len(f.listAccounts(c.Connection)), len(f.listQuarantine(c.Connection)), len(f.listCloses(c.account))})
	found, err := f.Ledger.Search(f.ctx, f.tenant, domain.TransactionSearch{}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("a search", 0, len(found.Items))
	for name, err := range f.readErased(c) {
		if err == nil {
			f.Errorf("%s can be read", name)
			continue
		}
		f.errorIs(err, domain.NotFound)
	}
	tokens, err := f.Tokens.List(f.ctx, f.tenant, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("tokens", 0, len(tokens.Items))
	stored := f.getErasure(e.ID)
	f.equal("the erasure", []any{domain.ErasureDone, domain.Code(""), domain.ErasurePlace{}},
		[]any{stored.Status, stored.LastError, stored.Place})
}

// readErased tries to read each erased object of the connection. It returns the error of each attempt, by the name of
// the object.
func (f *fixture) readErased(c filled) map[string]error {
	all := map[string]error{}
	_, all["the account"] = f.Ledger.Account(f.ctx, f.tenant, c.account)
	_, all["its completeness"] = f.Ledger.Completeness(f.ctx, f.tenant, c.account)
	_, all["its adjustments"] = f.Ledger.Adjustments(f.ctx, f.tenant, c.account, closeDay, domain.PageRequest{Limit: 1})
	_, _, all["a new close"] = f.Ledger.ClosePeriod(
		f.ctx,
		f.tenant,
		c.account,
		f.closeRequest("2026-01-31"),
		ports.CloseSteps{},
		nil,
	)
	_, all["the pull"] = f.Pulls.Get(f.ctx, f.tenant, c.pull)
	_, all["the delivery"] = f.Deliveries.Get(f.ctx, f.tenant, c.delivery)
	_, all["the token"] = f.Tokens.FindByHash(f.ctx, c.token.Hash)
	return all
}

func erasureBatches(f *fixture) {
	c, l := f.runningPull()
	const n = 7
	for i := range n {
		f.storeRows(l, row(fmt.Sprint(i), withDate(domain.Date(fmt.Sprintf("2026-02-1%d", i/2)))))
	}
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"0"}})
	removed := f.getRow(c, "0")
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	erased := 0
	e = f.erasePass(e, 2, func() {
		now := 0
		for _, t := range f.allRows(c) {
			if t.Erased() {
				now++
			}
		}
		if now > erased+2 {
			f.Errorf("%d transactions were erased by one batch", now-erased)
		}
		erased = now
	})
	f.equal("erased transactions", n, erased)
	f.erasePass(e, 2, nil)
	for _, t := range f.allRows(c) {
		want := 2
		if t.ID == removed.ID {
			want = 3
			f.equal("the time of a former removal", removed.RemovedAt, t.RemovedAt)
		}
		f.equal("the version", want, t.Version)
	}
}

func erasureSparesOthers(f *fixture) {
	erased := f.fill(f.newConnection("erased " + newUUID().String()))
	shared := f.fill(f.newConnection("the same account reference " + newUUID().String()))
	other := f.newConnection("another account reference " + newUUID().String())
	other.AccountRef = "item-2"
	another := f.fill(other)
	before := []any{f.contents(shared), f.contents(another)}
	f.erase(erased.Connection)
	f.equal("other connections", before, []any{f.contents(shared), f.contents(another)})
	for _, c := range []filled{shared, another} {
		stored, err := f.Connections.Get(f.ctx, f.tenant, domain.Aggregator, c.ID)
		f.noError(err)
		stored.Health = c.Health
		f.equal("the connection", c.Connection, stored)
		f.receiveWanted(c.token)
	}
}

func erasureOfDeliveries(f *fixture) {
	const ref = "7d2f9c1e-0000-4000-8000-00000000abcd"
	c := f.newConnection("erased " + newUUID().String())
	c.AccountRef = "7D2F9C1E-0000-4000-8000-00000000ABCD"
	f.createStored(c)
	same := f.newConnection("the same reference " + newUUID().String())
	same.AccountRef = ref
	sameToken := f.createToken(f.createStored(same))
	_, otherToken := f.connectionWithToken()
	f.tenant = newTenant()
	_, foreignToken := f.connectionWithToken()
	foreign := f.tenant
	f.tenant = c.Tenant

	receive := func(token domain.WebhookToken, body string) domain.DeliveryID {
		r := f.incoming(token, wantedEvent("event-"+newUUID().String(), domain.PullScope{Removed: []string{"row"}}))
		r.Body, r.Event.WantsPull = []byte(body), false
		return f.receive(r).Delivery.ID
	}
	const named, unnamed = `{"itemId":"` + ref + `"}`, `{"itemId":"7d2f9c1e-0000-4000-8000-00000000abce"}`
	const mixed = `{"ITEMID":"é","itemId":"7D2f9C1E-0000-4000-8000-00000000aBcD"}`
	blanked := []domain.DeliveryID{
		receive(otherToken, named), receive(otherToken, mixed), receive(otherToken, strings.ToUpper(named)),
		receive(otherToken, named),
	}
	kept := []domain.DeliveryID{receive(otherToken, unnamed), receive(sameToken, named)}
	f.tenant = foreign
	ofTenant := f.getDelivery(receive(foreignToken, named))
	f.tenant = c.Tenant
	before := []domain.Delivery{f.getDelivery(kept[0]), f.getDelivery(kept[1])}

	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	e = f.erasePass(e, 1, nil)
	late := receive(otherToken, named)
	e = f.erasePass(e, 1, nil)
	f.endErasure(e, domain.ErasureDone)
	for _, id := range append(blanked, late) {
		f.wantForgotten("a delivery that names the reference", id)
	}
	f.equal("other deliveries", before, []domain.Delivery{f.getDelivery(kept[0]), f.getDelivery(kept[1])})
	f.tenant = foreign
	f.equal("the delivery of another tenant", ofTenant, f.getDelivery(ofTenant.ID))
	f.tenant = c.Tenant
}

// named returns a delivery whose event and body both name the account reference ref.
func (f *fixture) named(token domain.WebhookToken, ref string) ports.IncomingDelivery {
	event := wantedEvent("event-"+newUUID().String(), domain.PullScope{Removed: []string{"row"}})
	event.AccountRef = ref
	in := f.incoming(token, event)
	in.Body = []byte(`{"itemId":"` + ref + `"}`)
	return in
}

// wantForgotten fails the test if the store still has the body, the scope or the event id of the delivery.
func (f *fixture) wantForgotten(what string, id domain.DeliveryID) {
	f.Helper()
	d := f.getDelivery(id)
	f.equal(what, []any{0, domain.PullScope{}, "", domain.DeliveryIgnored},
		[]any{len(d.Body), d.Scope, d.EventID, d.Status})
}

func erasureOfLaterDeliveries(f *fixture) {
	const ref, upper = "7d2f9c1e-0000-4000-8000-00000000abcd", "7D2F9C1E-0000-4000-8000-00000000ABCD"
	c := f.newConnection("erased " + newUUID().String())
	c.AccountRef = upper
	f.createStored(c)
	other, otherToken := f.connectionWithToken()
	f.tenant = newTenant()
	_, foreignToken := f.connectionWithToken()
	foreign := f.tenant
	f.tenant = c.Tenant
	f.erase(c)

	for what, written := range map[string]string{"in lower case": ref, "as the operator wrote it": upper} {
		in := f.named(otherToken, written)
		received := f.receive(in)
		f.equal("the result", []any{0, ""}, []any{len(received.Delivery.Body), received.Delivery.EventID})
		f.wantForgotten("a delivery that names the reference "+what, received.Delivery.ID)
		in.Delivery = domain.DeliveryID{UUID: newUUID()}
		f.equal("the same event again", received.Delivery.ID, f.receive(in).Delivery.ID)
	}
	queued := f.receiveWanted(otherToken) // from now on, the connection has a queued pull
	f.wantForgotten("a delivery beside a queued pull", f.receive(f.named(otherToken, ref)).Delivery.ID)
	unnamed := f.receive(f.named(otherToken, "7d2f9c1e-0000-4000-8000-00000000abce"))
	f.equal("the id of an event that names another reference", unnamed.Delivery.EventID,
		f.getDelivery(unnamed.Delivery.ID).EventID)
	f.equal("the event has an id", false, unnamed.Delivery.EventID == "")
	f.equal("the queued pull", other.ID, f.getDelivery(queued.ID).Connection)

	again := f.newConnection("again " + newUUID().String())
	again.AccountRef = ref
	own := f.receive(f.named(f.createToken(f.createStored(again)), ref)).Delivery
	f.equal("its connection", again.ID, own.Connection)
	f.equal("a delivery of a new connection with the reference", []any{false, domain.DeliveryAccepted},
		[]any{len(f.getDelivery(own.ID).Body) == 0, own.Status})
	f.tenant = foreign
	ofTenant := f.receive(f.named(foreignToken, ref)).Delivery
	f.equal("a delivery of another tenant", false, f.getDelivery(ofTenant.ID).EventID == "")
	f.tenant = c.Tenant
}

func erasureOfFormerReferences(f *fixture) {
	refs := []string{newUUID().String(), newUUID().String(), newUUID().String()}
	c := f.newConnection("erased " + newUUID().String())
	c.AccountRef = refs[0]
	f.createStored(c)
	for _, ref := range refs[1:] {
		_, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.Repoint(c.BaseURL, ref, f.now())
			return nil
		})
		f.noError(err)
	}
	same := f.newConnection("the former reference " + newUUID().String())
	same.AccountRef = refs[0]
	sameToken := f.createToken(f.createStored(same))
	_, otherToken := f.connectionWithToken()
	unrouted := func(token domain.WebhookToken, ref string) ports.IncomingDelivery {
		r := f.named(token, ref) // as events were stored before they were routed
		r.Event.AccountRef, r.Event.WantsPull = "", false
		return r
	}
	var blanked []domain.DeliveryID
	for _, ref := range refs {
		blanked = append(blanked, f.receive(unrouted(otherToken, ref)).Delivery.ID)
	}
	blanked = append(blanked, f.receive(unrouted(sameToken, refs[1])).Delivery.ID)
	own := f.getDelivery(f.receive(f.named(sameToken, refs[0])).Delivery.ID)
	f.erase(c)
	for _, ref := range refs[1:] {
		blanked = append(blanked, f.receive(f.named(otherToken, ref)).Delivery.ID)
	}
	for i, id := range blanked {
		f.wantForgotten(fmt.Sprintf("delivery %d", i), id)
	}
	f.equal("the delivery of a connection that has the former reference", own, f.getDelivery(own.ID))
}

func erasureOfResponses(f *fixture) {
	c := f.fill(f.newConnection("erased " + newUUID().String()))
	e := f.startErasure(c.Connection, false)
	store := func(key, body string) {
		at := f.now()
		f.claimKey(key, domain.Fingerprint{}, at)
		f.noError(f.Idempotency.Finish(f.ctx, f.tenant, key, at, ports.StoredResponse{
			Status: 200, Headers: map[string]string{"Location": "/x"}, Body: []byte(body),
		}, at))
	}
	stored := func(key string) bool {
		r, err := f.beginKey(key, domain.Fingerprint{}, f.now())
		f.noError(err)
		return r != nil
	}
	store("1 of the connection", `{"id":"`+c.ID.String()+`","configName":"canary"}`)
	store("2 of the account", `{"accountId":"`+c.account.String()+`","sum":"12.5"}`)
	store("3 of another", `{"id":"`+newUUID().String()+`"}`)
	store("4 of the erasure", `{"id":"`+e.ID.String()+`","connectionId":"`+c.ID.String()+`"}`)
	claimed := f.mustClaimErasure(e.ID).Erasure
	claimed = f.erasePass(claimed, 1, nil)
	store("5 late, of the account", `{"accountId":"`+c.account.String()+`"}`)
	f.erasePass(claimed, 1, nil)
	for key, want := range map[string]bool{
		"1 of the connection": false, "2 of the account": false, "3 of another": true, "4 of the erasure": true,
		"5 late, of the account": false,
	} {
		f.equal("stored: "+key, want, stored(key))
	}
}

func erasureStopsPulls(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	f.errorIs(f.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row("2")}}), domain.LeaseLost)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			_ = f.storePage(l, ports.PageWrite{Transactions: []domain.TransactionData{row(fmt.Sprint("late ", i))}})
		}
	}()
	e = f.erasePass(e, 100, nil)
	<-done
	f.errorIs(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, At: f.now(), Health: func(h domain.Health) domain.Health {
			h.Status = domain.Healthy
			return h
		},
	}), domain.LeaseLost)
	_, err := f.Pulls.Claim(f.ctx, newLease(l.Pull, f.now()), longAfter(epoch))
	f.errorIs(err, domain.NotFound)
	f.errorIs(f.storePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("acc")}}), domain.LeaseLost)
	f.equal("accounts", 0, len(f.listAccounts(c)))
	for _, t := range f.allRows(c) {
		f.equal("erased", true, t.Erased())
	}
	f.erasePass(e, 100, nil)
	f.equal("rows", 1, len(f.allRows(c)))
}

func erasureFreesName(f *fixture) {
	c := f.createConnection()
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	next := f.newConnection(c.Name)
	filled := f.fill(next)
	before := f.contents(filled)
	for range domain.ErasurePasses {
		e = f.erasePass(e, 3, nil)
	}
	f.endErasure(e, domain.ErasureDone)
	f.equal("the new connection", before, f.contents(filled))
	stored, err := f.Connections.Find(f.ctx, f.tenant, vendor, c.Name)
	f.noError(err)
	f.equal("the new connection", next.ID, stored.ID)
}

func erasureAwaitsWebhooks(f *fixture) {
	c, token := f.activeToken()
	e := f.mustClaimErasure(f.startErasure(c, false).ID).Erasure
	for range domain.ErasurePasses {
		e = f.erasePass(e, 100, nil)
	}
	e.Status = domain.ErasureDone
	ended, err := f.Erasures.End(f.ctx, e, f.now())
	f.noError(err)
	f.equal("ended", false, ended)
	f.equal("the status", domain.ErasureRunning, f.getErasure(e.ID).Status)
	claimed, ok := f.claimRegistration(token, longAfter(epoch))
	f.equal("the webhook is to be removed", true, ok)
	f.equal("the access", []string{c.BaseURL, "", string(c.Sealed), ""}, []string{
		claimed.Connection.BaseURL,
		claimed.Connection.AccountRef,
		string(claimed.Connection.Sealed),
		claimed.Connection.Name,
	})
	f.noError(f.Tokens.EndRegistration(f.ctx, f.tenant, token.ID))
	f.endErasure(e, domain.ErasureDone)
	_, err = f.Tokens.FindByHash(f.ctx, token.Hash)
	f.errorIs(err, domain.NotFound)
}

func erasureFails(f *fixture) {
	c := f.fill(f.newConnection("erased " + newUUID().String()))
	e := f.mustClaimErasure(f.startErasure(c.Connection, true).ID).Erasure
	for range domain.ErasurePasses {
		e = f.erasePass(e, 100, nil)
	}
	done := e
	done.Status = domain.ErasureDone
	ended, err := f.Erasures.End(f.ctx, done, f.now())
	f.noError(err)
	if ended {
		f.Error("the erasure has ended although the vendor was not asked")
	}
	e.Status, e.LastError, e.Attempts = domain.ErasureFailed, domain.VendorUnreachable, 9
	f.endErasure(e, domain.ErasureFailed)
	stored := f.getErasure(e.ID)
	f.equal("the erasure", []any{domain.ErasureFailed, domain.VendorUnreachable, 9},
		[]any{stored.Status, stored.LastError, stored.Attempts})
	_, ok := f.claimErasure(e.ID, longAfter(longAfter(epoch)))
	f.equal("claimed", false, ok)
	again := f.mustClaimErasure(f.startErasure(c.Connection, true).ID).Connection
	f.equal("the access", []string{c.BaseURL, c.AccountRef, string(c.Sealed), ""},
		[]string{again.BaseURL, again.AccountRef, string(again.Sealed), again.Name})
	f.equal("the configuration", json.RawMessage(nil), again.Config)
}

func erasurePages(f *fixture) {
	var want []domain.ErasureID
	for range 5 {
		want = append(want, f.startErasure(f.createConnection(), false).ID)
	}
	slices.Reverse(want)
	listed := collectPages(f, 2, func(page domain.PageRequest) (domain.Page[domain.Erasure], error) {
		return f.Erasures.List(f.ctx, f.tenant, page)
	}, nil)
	f.equal("the erasures", want, ids(listed, func(e domain.Erasure) domain.ErasureID { return e.ID }))
	_, err := f.Erasures.List(
		f.ctx,
		f.tenant,
		domain.PageRequest{Limit: 2, After: domain.Position{Key: "x", ID: newUUID()}},
	)
	f.invalidCursor("Erasures.List", err)
}
