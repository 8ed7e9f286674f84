package porttest

import (
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
}

// reported stores a new connection and returns it. The arguments are the consent of the connection and its watch for
// missing webhooks.
func (f *fixture) reported(consent domain.Consent, watch domain.WebhookWatch) domain.Connection {
	f.Helper()
	c := f.newConnection("connection " + newUUID().String())
	c.Consent, c.Webhook = consent, watch
	return f.createStored(c)
}

// dueWatch returns a watch that awaits the webhook of a synchronisation at the given time.
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

// isUnheard reports whether ListUnheard returns the connection.
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

// pass calls PassWebhook after the deadline of the webhook that was due at the given time. It ends the test if the call
// fails.
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
	f.noError(f.Tokens.Revoke(f.ctx, c.Tenant, token.ID, f.now(), nil))
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
	evidence := func() domain.Evidence { return f.activity(c).Webhooks }
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
