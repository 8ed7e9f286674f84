package porttest

import (
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// attentionTests check what a store records about consents and about missing webhooks.
var attentionTests = []storeTest{
	{"the consent and the watch for webhooks of a connection are stored", attentionIsStored},
	{"a list is filtered by the expiry of consents", listByConsentExpiry},
	{"a consent that begins to expire is noticed once", consentIsNoticedOnce},
	{"of concurrent calls only one notices a consent", consentNoticedConcurrently},
	{"a wait for a device is listed until the holder must sign in", deviceWaitsAreListed},
	{"the outcome of an attempt updates consent and watch", finishUpdatesReports},
	{"an outcome asks for the webhooks since a time", finishAsksForWebhooks},
	{"a missing webhook starts one pull", missingWebhookStartsOnePull},
	{"a connection with a webhook since then starts no pull", heardStartsNoPull},
	{"a connection without a token starts no pull and awaits a webhook with its first token", tokenlessIsNotSilent},
	{"paused and deleted connections await no webhook", pausedAwaitsNoWebhook},
	{"of concurrent calls only one ends the wait", waitEndsOnce},
	{"a missing webhook merges into the queued pull", missingWebhookMerges},
	{"the activity tells whether a silent connection was heard", activityTellsHeard},
	{"connections that need attention are counted", attentionIsCounted},
	{"the facts of all live connections are visited", factsOfConnections},
	{"the facts contain the quarantine, the drift and the shared accounts", factsOfRows},
	{"the facts contain held removals", factsOfHeldRemovals},
	{"the records that pulls have added are counted by day", addedByDay},
	{"a list is filtered by ids", listByIDs},
	{"lists are filtered by the bank", listByInstitution},
}

// reported stores a new connection with this consent and this watch for missing webhooks, and returns the connection.
func (f *fixture) reported(consent domain.Consent, watch domain.WebhookWatch) domain.Connection {
	f.Helper()
	c := f.newConnection("connection " + newUUID().String())
	c.Consent, c.Webhook = consent, watch
	return f.createStored(c)
}

// dueWatch returns a watch that expects a webhook after a synchronisation of the vendor at the given time.
func dueWatch(at time.Time) domain.WebhookWatch {
	return domain.WebhookWatch{}.After(domain.SyncSchedule{NextAt: at})
}

func attentionIsStored(f *fixture) {
	at := f.now()
	c := f.reported(
		domain.Consent{Status: domain.ReportedGranted, Key: "k", ExpiresAt: longAfter(at), NoticeAt: at},
		domain.WebhookWatch{
			Schedule: domain.SyncSchedule{NextAt: longAfter(at), Every: 6 * time.Hour, NewsOnly: true},
			DueAt:    longAfter(at), MissedAt: at,
		})
	got := f.getConnection(c)
	f.equal("Get", c, got)
	f.inUTC(got.Consent.ExpiresAt, got.Consent.NoticeAt, got.Webhook.DueAt, got.Webhook.MissedAt)
	updated, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		c.Consent, c.Webhook = domain.Consent{}, domain.WebhookWatch{}
		return nil
	})
	f.noError(err)
	f.equal("after the update", updated, f.getConnection(c))
	f.equal("consent", domain.Consent{}, updated.Consent)
}

func listByConsentExpiry(f *fixture) {
	at := f.now()
	consent := func(expires time.Time) domain.Consent {
		return domain.Consent{Status: domain.ReportedGranted, ExpiresAt: expires}
	}
	far := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	early, late := f.reported(consent(at), dueWatch(at)), f.reported(consent(longAfter(at)), dueWatch(at))
	f.reported(consent(time.Time{}), dueWatch(at))
	f.reported(consent(far), dueWatch(at))
	listed := func(before time.Time, health domain.HealthStatus) []domain.ConnectionID {
		found := f.listConnections(ports.ConnectionFilter{
			Kind: domain.Aggregator, ConsentExpiresBefore: before, Health: health,
			Now: at.Add(-timeResolution),
		}, 1, nil)
		return ids(found, connectionID)
	}
	f.equal("before the first", []domain.ConnectionID{}, listed(at, ""))
	f.equal("after the first", []domain.ConnectionID{early.ID}, listed(at.Add(timeResolution), ""))
	both := []domain.ConnectionID{early.ID, late.ID}
	if early.Name > late.Name {
		slices.Reverse(both)
	}
	f.equal("after both", both, listed(far, ""))
	f.equal("after both, unhealthy", []domain.ConnectionID{}, listed(far, domain.Unhealthy))
	f.equal("after both, unknown", both, listed(far, domain.Unknown))
}

// noticed calls NoticeConsents and returns how often the result contains the connection.
func (f *fixture) noticed(c domain.Connection, at time.Time) int {
	f.Helper()
	found, err := f.Connections.NoticeConsents(f.ctx, at, noLimit)
	f.noError(err)
	times := 0
	for _, other := range found {
		if other.ID == c.ID {
			times++
		}
	}
	return times
}

func consentIsNoticedOnce(f *fixture) {
	at := f.now()
	consent := domain.Consent{Status: domain.ReportedGranted, ExpiresAt: longAfter(at), NoticeAt: at}
	c := f.reported(consent, domain.WebhookWatch{})
	deleted := f.reported(consent, domain.WebhookWatch{})
	f.deleteConnection(deleted)
	f.equal("too early", 0, f.noticed(c, at.Add(-timeResolution)))
	f.equal("a deleted connection", 0, f.noticed(deleted, at))
	c2 := f.reported(consent, domain.WebhookWatch{})
	f.equal("in time", 1, f.noticed(c2, at))
	f.equal("again", 0, f.noticed(c2, longAfter(at)))
	stored := f.getConnection(c2)
	want := c2
	want.Consent = consent.Noticed()
	f.equal("stored", want, stored)
}

func deviceWaitsAreListed(f *fixture) {
	at := f.now()
	waiting := func(begun time.Time) domain.Connection {
		c := f.newConnection("connection " + newUUID().String())
		c.Health = domain.Health{Status: domain.Healthy, Since: begun, DeviceSince: begun, ApprovalSince: begun}
		return f.createStored(c)
	}
	late, early, deleted, paused, overdue := waiting(
		at,
	), waiting(
		at.Add(-time.Hour),
	), waiting(
		at,
	), waiting(
		at,
	), waiting(
		at,
	)
	account := f.newConnection("connection " + newUUID().String())
	account.Health.ApprovalSince = at
	f.createStored(account)
	f.deleteConnection(deleted)
	change := func(c domain.Connection, fn func(*domain.Connection)) {
		_, err := f.Connections.Update(f.ctx, c.Tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			fn(c)
			return nil
		})
		f.noError(err)
	}
	change(paused, func(c *domain.Connection) { c.Pause(at) })
	change(overdue, func(c *domain.Connection) { c.Health = c.Health.AfterDeviceWait(at.Add(domain.DeviceWait)) })
	listed := func(begun time.Time, limit int) (ids []domain.ConnectionID) {
		f.Helper()
		found, err := f.Connections.ListDeviceWaits(f.ctx, begun, limit)
		f.noError(err)
		for _, c := range found {
			if c.Tenant == f.tenant {
				ids = append(ids, c.ID)
			}
		}
		return ids
	}
	f.equal("in time", []domain.ConnectionID{early.ID, late.ID}, listed(at, noLimit))
	f.equal("too early for one", []domain.ConnectionID{early.ID}, listed(at.Add(-timeResolution), noLimit))
	found, err := f.Connections.ListDeviceWaits(f.ctx, at, noLimit)
	f.noError(err)
	for _, c := range found {
		if c.ID == early.ID {
			want := early
			want.Sealed = nil
			f.equal("listed", want, c)
		}
	}
}

func consentNoticedConcurrently(f *fixture) {
	at := f.now()
	c := f.reported(
		domain.Consent{Status: domain.ReportedGranted, ExpiresAt: longAfter(at), NoticeAt: at}, domain.WebhookWatch{})
	const calls = 4
	var times [calls]int
	concurrently(calls, func(i int) {
		found, _ := f.Connections.NoticeConsents(f.ctx, at, noLimit)
		for _, other := range found {
			if other.ID == c.ID {
				times[i]++
			}
		}
	})
	total := f.noticed(c, at)
	for _, n := range times {
		total += n
	}
	f.equal("times", 1, total)
}

func finishUpdatesReports(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	consent := domain.Consent{Status: domain.ReportedRevoked, Key: "k", ExpiresAt: longAfter(at)}
	watch := dueWatch(longAfter(at))
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: at,
		Consent: func(before domain.Consent) domain.Consent {
			f.equal("consent before", domain.Consent{}, before)
			return consent
		},
		Webhook: func(before domain.WebhookWatch, _ func(time.Time) bool) domain.WebhookWatch {
			f.equal("watch before", domain.WebhookWatch{}, before)
			return watch
		},
	}))
	c.Consent, c.Webhook = consent, watch
	f.equal("connection", c, f.getConnection(c))
}

func finishAsksForWebhooks(f *fixture) {
	c, token := f.connectionWithToken()
	ignored := domain.WebhookEvent{Name: "item/updated", DedupKey: "other", AccountRef: "item-2", WantsPull: true}
	received := f.receiveWanted(token)
	f.receive(f.incoming(token, ignored))
	l, _ := f.claim(received.Pull)
	var heard []bool
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(),
		Webhook: func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch {
			heard = []bool{heardSince(received.ReceivedAt), heardSince(received.ReceivedAt.Add(timeResolution))}
			return w
		},
	}))
	f.equal("heard at and after the webhook", []bool{true, false}, heard)
	f.equal("connection", c, f.getConnection(c))
}

// isUnheard reports whether ListUnheard returns the connection as one whose expected webhook has not arrived by the
// time due.
func (f *fixture) isUnheard(c domain.Connection, due time.Time) bool {
	f.Helper()
	found, err := f.Pulls.ListUnheard(f.ctx, due, noLimit)
	f.noError(err)
	return slices.ContainsFunc(found, func(other domain.Connection) bool { return other.ID == c.ID })
}

func (f *fixture) silencePull(due time.Time) ports.PullRequest {
	return ports.PullRequest{
		ID: newID[domain.Pull](), Trigger: domain.TriggerSilence, At: longAfter(due),
		Scope: domain.PullScope{Everything: true, Unheard: due},
	}
}

// pass calls PassWebhook for the expected webhook that was due at the given time. It ends the test if the call fails.
func (f *fixture) pass(c domain.Connection, due time.Time) ports.WebhookPassed {
	f.Helper()
	passed, err := f.Pulls.PassWebhook(f.ctx, c, due, f.silencePull(due))
	f.noError(err)
	return passed
}

func missingWebhookStartsOnePull(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.createToken(c)
	f.equal("before", false, f.isUnheard(c, at.Add(-timeResolution)))
	f.equal("after", true, f.isUnheard(c, at))
	passed := f.pass(c, at)
	f.equal("became silent", true, passed.BecameSilent)
	pull := f.getPull(passed.Pull)
	f.equal("trigger", domain.TriggerSilence, pull.Trigger)
	f.equal("scope", domain.PullScope{Everything: true, Unheard: at}, pull.Scope)
	f.equal("missed", at, f.getConnection(c).Webhook.MissedAt)
	f.equal("listed again", false, f.isUnheard(c, longAfter(at)))
	f.equal("a second call", ports.WebhookPassed{}, f.pass(c, at))
	_, claimed := f.claimAt(pull.ID, longAfter(pull.CreatedAt))
	f.equal("unheard", at, claimed.Pull.Scope.Unheard)
}

func heardStartsNoPull(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	token := f.createToken(c)
	f.receiveWanted(token)
	f.equal("with a webhook", ports.WebhookPassed{}, f.pass(c, at))
	stored := f.getConnection(c)
	f.equal("silent", true, stored.Webhook.MissedAt.IsZero())
	f.equal("awaits", true, stored.Webhook.DueAt.IsZero())

	other := f.reported(domain.Consent{}, dueWatch(f.now()))
	token = f.createToken(other)
	event := domain.WebhookEvent{Name: "item/updated", DedupKey: "x", AccountRef: "item-2", WantsPull: true}
	f.receive(f.incoming(token, event))
	f.equal("with a webhook about another item", true, f.pass(other, other.Webhook.DueAt).BecameSilent)
}

func tokenlessIsNotSilent(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.equal("without a token", ports.WebhookPassed{}, f.pass(c, at))
	f.equal("awaits", true, f.getConnection(c).Webhook.DueAt.IsZero())
	token := f.createToken(c)
	f.equal("after the first token", dueWatch(at), f.getConnection(c).Webhook)
	f.noError(f.Tokens.Revoke(f.ctx, c.Tenant, token.ID, f.now(), nil, nil))
	f.equal("with a revoked token", ports.WebhookPassed{}, f.pass(c, at))
}

func pausedAwaitsNoWebhook(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.createToken(c)
	f.setPaused(c, true)
	f.equal("listed while paused", false, f.isUnheard(c, at))
	f.equal("while paused", ports.WebhookPassed{}, f.pass(c, at))
	f.setPaused(c, false)
	f.equal("listed after the resume", true, f.isUnheard(c, at))
	f.deleteConnection(c)
	f.equal("listed after the deletion", false, f.isUnheard(c, at))
	f.equal("after the deletion", ports.WebhookPassed{}, f.pass(c, at))
}

func waitEndsOnce(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.createToken(c)
	const calls = 4
	var passed [calls]ports.WebhookPassed
	concurrently(calls, func(i int) {
		passed[i], _ = f.Pulls.PassWebhook(f.ctx, c, at, f.silencePull(at))
	})
	silent := 0
	for _, p := range append(passed[:], f.pass(c, at)) {
		if p.BecameSilent {
			silent++
		}
	}
	f.equal("times", 1, silent)
}

func missingWebhookMerges(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.createToken(c)
	queued := f.requestPull(c, domain.PullScope{})
	f.equal("pull", queued.ID, f.pass(c, at).Pull)
	got := f.getPull(queued.ID)
	f.equal("scope", domain.PullScope{Everything: true, Unheard: at}, got.Scope)
	f.equal("trigger", domain.TriggerOperator, got.Trigger)
}

func activityTellsHeard(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, domain.WebhookWatch{MissedAt: at})
	evidence := func() domain.Evidence { return f.factsOf(c).Webhooks }
	f.equal("without a token", domain.Evidence{}, evidence())
	token := f.createToken(c)
	f.equal("with a token", domain.Evidence{HasToken: true}, evidence())
	f.receiveWanted(token)
	f.equal("with a webhook", domain.Evidence{HasToken: true, Heard: true}, evidence())
}

func attentionIsCounted(f *fixture) {
	at := f.now()
	count := func() ports.Attention {
		got, err := f.Connections.CountAttention(f.ctx, at)
		f.noError(err)
		return got
	}
	before := count()
	soon := at.Add(domain.ConsentNotice)
	granted := domain.Consent{Status: domain.ReportedGranted, ExpiresAt: soon}
	c := f.reported(granted, domain.WebhookWatch{MissedAt: at})
	f.reported(domain.Consent{Status: domain.ReportedRevoked, ExpiresAt: soon}, domain.WebhookWatch{})
	f.reported(domain.Consent{Status: domain.ReportedGranted, ExpiresAt: soon.Add(timeResolution)},
		domain.WebhookWatch{})
	want := before
	want.ConsentExpiring++
	want.Silent++
	f.equal("count", want, count())
	f.setPaused(c, true)
	want.Silent--
	f.equal("while paused", want, count())
	f.deleteConnection(c)
	f.equal("after the deletion", before, count())
}

// facts collects what VisitFacts reports about each live connection of the fixture's tenant, by connection id. It
// fails the test if a connection is visited twice.
func (f *fixture) facts() map[domain.ConnectionID]domain.ConnectionFacts {
	f.Helper()
	return f.factsAmong(f.tenant, nil)
}

// factsAmong is like facts, for the connections of a tenant with these ids; nil for all of them.
func (f *fixture) factsAmong(
	tenant domain.TenantID, ids []domain.ConnectionID,
) map[domain.ConnectionID]domain.ConnectionFacts {
	f.Helper()
	all := map[domain.ConnectionID]domain.ConnectionFacts{}
	f.noError(f.Connections.VisitFacts(f.ctx, tenant, ids, func(facts *domain.ConnectionFacts) error {
		if _, twice := all[facts.ID]; twice {
			f.Errorf("%s is visited twice", facts.Name)
		}
		all[facts.ID] = *facts
		return nil
	}))
	return all
}

func factsOfConnections(f *fixture) {
	at := f.now()
	plain := f.createConnection()
	full := f.newConnection("full")
	full.Health = domain.Health{
		Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: f.now(), NeedsReauth: true, ReauthSince: f.now(),
	}
	full.Consent = domain.Consent{Status: domain.ReportedGranted, ExpiresAt: longAfter(at), Since: f.now()}
	full.Webhook = domain.WebhookWatch{Schedule: domain.SyncSchedule{NextAt: longAfter(at)}, MissedAt: at}
	f.createStored(full)
	f.createStored(f.newEngine("engine"))
	f.deleteConnection(f.createConnection())
	f.setPaused(plain, true)
	token := f.createToken(full)

	all := f.facts()
	f.equal("number of connections", 2, len(all))
	f.equal("a plain connection", domain.ConnectionFacts{
		ID: plain.ID, Vendor: plain.Vendor, Name: plain.Name, Paused: true, UpdatedAt: all[plain.ID].UpdatedAt,
	}, all[plain.ID])
	want := domain.ConnectionFacts{
		ID: full.ID, Vendor: full.Vendor, Name: full.Name, Health: full.Health, Consent: full.Consent,
		Webhook: full.Webhook, UpdatedAt: full.UpdatedAt, Webhooks: domain.Evidence{HasToken: true},
	}
	want.Webhook = full.Webhook.Awaiting()
	got := all[full.ID]
	f.equal("a connection with problems", want, got)
	f.factsOf(full)
	f.receiveWanted(token)
	f.equal("after a webhook", domain.Evidence{HasToken: true, Heard: true}, f.facts()[full.ID].Webhooks)
	f.noError(f.Connections.VisitFacts(f.ctx, newTenant(), nil, func(*domain.ConnectionFacts) error {
		f.Error("a connection of another tenant is visited")
		return nil
	}))
	var some []domain.ConnectionID
	wanted := []domain.ConnectionID{full.ID, newID[domain.Connection]()}
	f.noError(f.Connections.VisitFacts(f.ctx, f.tenant, wanted, func(facts *domain.ConnectionFacts) error {
		some = append(some, facts.ID)
		return nil
	}))
	f.equal("by id", []domain.ConnectionID{full.ID}, some)
	stop := errors.New("stop")
	visits := 0
	err := f.Connections.VisitFacts(f.ctx, f.tenant, nil, func(*domain.ConnectionFacts) error {
		visits++
		return stop
	})
	f.errorIs(err, stop)
	f.equal("visits until the error", 1, visits)
}

// factsOfRows checks the facts that a store derives from the rows and the accounts of a connection.
func factsOfRows(f *fixture) {
	c, l, _ := f.accountWithRows(row("1", withAccount("a")))
	f.finishSettled(l, f.now(), balances("100"))
	l = f.startPull(c)
	f.storeRows(l, row("2", withAccount("a")))
	f.finish(l, domain.PullSucceeded, "")
	l = f.startPull(c)
	drift := f.now()
	f.finishSettled(l, drift, balances("100"))
	l = f.startPull(c)
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{
		unreadable("bad 1", domain.UnknownType, "{}"),
	}, At: f.now()})
	f.mustStorePage(l, ports.PageWrite{Quarantined: []domain.UnreadableData{
		unreadable("bad 2", domain.UnknownType, "{}"),
	}, At: f.now()})
	facts := f.facts()[c.ID]
	first := f.listQuarantine(c)
	f.equal("quarantined", 2, facts.Quarantined)
	f.equal("quarantined since", first[len(first)-1].FirstSeenAt, facts.QuarantinedSince)
	f.equal("drift", drift, facts.DriftSince)
	f.equal("shared by one connection", true, facts.SharedSince.IsZero())

	other, l := f.runningPull()
	f.storeAccounts(l, true, "a")
	joined := f.listAccounts(other)[0].FirstSeenAt
	for _, id := range []domain.ConnectionID{c.ID, other.ID} {
		f.equal("shared since", joined, f.facts()[id].SharedSince)
		f.equal("shared since, by id", joined, f.factsAmong(f.tenant, []domain.ConnectionID{id})[id].SharedSince)
	}
	f.deleteConnection(other)
	f.equal("shared with a deleted connection", true, f.facts()[c.ID].SharedSince.IsZero())
}

func factsOfHeldRemovals(f *fixture) {
	c, l := f.runningPull()
	f.manyRows(l, "a", 30)
	f.sweep(l, ports.SweepWrite{Proof: domain.OneRead})
	facts := f.factsOf(c)
	f.equal("held", facts.HeldRemovals > 0, !facts.RemovalsHeldAt.IsZero())
	f.equal("held at all", false, facts.RemovalsHeldAt.IsZero())
}

func addedByDay(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"), row("2"))
	at := f.now()
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: at}))
	l = f.startPull(c)
	f.storeRows(l, row("3"))
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullFailed, Attempts: 1, At: longAfter(at)}))
	l = f.startPull(c)
	f.storeRows(l, row("4"))
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{State: domain.PullSucceeded, Attempts: 1, At: longAfter(at)}))
	f.storeRows(f.startPull(c), row("5"))
	quiet := f.createConnection()
	day := domain.DateOf(at)
	count := func(tenant domain.TenantID, first domain.Date) map[domain.ConnectionID]map[domain.Date]int {
		counts, err := f.Connections.CountAdded(f.ctx, tenant, []domain.ConnectionID{c.ID, quiet.ID}, first)
		f.noError(err)
		return counts
	}
	type counts = map[domain.ConnectionID]map[domain.Date]int
	f.equal("both days", counts{c.ID: {day: 2, day.AddDays(1): 2}}, count(f.tenant, day))
	f.equal("the second day", counts{c.ID: {day.AddDays(1): 2}}, count(f.tenant, day.AddDays(1)))
	f.equal("another tenant", counts{}, count(newTenant(), day))
}

func listByInstitution(f *fixture) {
	at := func(vendor domain.Vendor, id string) domain.Connection {
		c := f.newConnection(id + " " + newID[domain.Connection]().String())
		c.Vendor = vendor
		c.Bank.Institution = domain.Institution{ID: id, Name: "Bank"}
		return f.createStored(c)
	}
	a, b := at("pluggy", "201"), at("pluggy", "201")
	at("pluggy", "202")
	at("belvo", "201")
	key := domain.InstitutionKey{Vendor: "pluggy", ID: "201"}
	f.deleteConnection(at("pluggy", "201"))
	filter := ports.ConnectionFilter{Kind: domain.Aggregator, Institution: key}
	exactlyOnce(f, []domain.ConnectionID{a.ID, b.ID}, ids(f.listConnections(filter, 1, nil), connectionID))
	filter.Institution.ID = "\x00"
	f.equal("an id that cannot be stored", 0, len(f.listConnections(filter, 10, nil)))
	l := f.startPull(a)
	f.storeAccounts(l, true, "a1", "a2")
	f.finish(l, domain.PullSucceeded, "")
	other, l := f.runningPull()
	f.storeAccounts(l, true, "a3")
	f.finish(l, domain.PullSucceeded, "")
	accounts := func(filter ports.AccountFilter) []string {
		page, err := f.Ledger.Accounts(f.ctx, f.tenant, filter, domain.PageRequest{Limit: 10})
		f.noError(err)
		return ids(page.Items, func(a domain.Account) string { return a.ExternalID })
	}
	f.equal("accounts of the bank", []string{"a1", "a2"}, accounts(ports.AccountFilter{Institution: key}))
	f.equal(
		"of one connection",
		[]string{"a1", "a2"},
		accounts(ports.AccountFilter{Connection: a.ID, Institution: key}),
	)
	f.equal("of another connection", []string{}, accounts(ports.AccountFilter{Connection: other.ID, Institution: key}))
	f.equal("of an unknown bank", []string{}, accounts(ports.AccountFilter{Institution: filter.Institution}))
	f.deleteConnection(a)
	f.equal("of a deleted connection", []string{}, accounts(ports.AccountFilter{Institution: key}))
}

func listByIDs(f *fixture) {
	a, b := f.createConnection(), f.createConnection()
	f.createConnection()
	filter := ports.ConnectionFilter{
		Kind: domain.Aggregator, IDs: []domain.ConnectionID{b.ID, a.ID, newID[domain.Connection]()},
	}
	got := ids(f.listConnections(filter, 1, nil), connectionID)
	f.equal("number", 2, len(got))
	exactlyOnce(f, []domain.ConnectionID{a.ID, b.ID}, got)
	filter.IDs = []domain.ConnectionID{}
	f.equal("no ids", 0, len(f.listConnections(filter, 10, nil)))
}
