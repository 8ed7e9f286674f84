package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// eventOccasionTests check which changes of connections, audit entries and account references make the store record
// an event.
var eventOccasionTests = []storeTest{
	{"a consent that is noticed stores one event", eventsOfConsents},
	{"a missing webhook stores one event when the connection becomes silent", eventsOfSilence},
	{"a pull that brings rows can make its connection silent, which stores an event", eventsOfLateSilence},
	{"an erasure stores an event when it is done", eventsOfErasures},
	{"an announced checkpoint stores an event", eventsOfCheckpoints},
	{"a publication stores the events of its accounts", eventsOfRelinks},
}

func eventsOfConsents(f *fixture) {
	at := f.now()
	c := f.reported(
		domain.Consent{Status: domain.ReportedGranted, ExpiresAt: longAfter(at), NoticeAt: at}, domain.WebhookWatch{})
	s := f.subscribe(withTypes("connection.*"))
	f.noticed(c, at)
	f.noticed(c, longAfter(at))
	want := []string{"connection.consent_expiring " + c.ID.String()}
	f.equal("events", want, kinds(f.appended(f.lease(s), s, 1)))
}

func eventsOfSilence(f *fixture) {
	at := f.now()
	c := f.reported(domain.Consent{}, dueWatch(at))
	f.createToken(c)
	s := f.subscribe(withTypes("connection.*"))
	f.pass(c, at)
	f.pass(c, at)
	f.equal("events", []string{"connection.silent " + c.ID.String()}, kinds(f.appended(f.lease(s), s, 1)))
}

func eventsOfLateSilence(f *fixture) {
	c, running := f.runningPull()
	s := f.subscribe(withTypes("connection.*"))
	at := f.now()
	for range 2 {
		f.noError(f.Pulls.Finish(f.ctx, running, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: f.now(),
			Webhook: func(w domain.WebhookWatch, _ func(time.Time) bool) domain.WebhookWatch {
				w.MissedAt = at
				return w
			},
		}))
		running = f.startPull(c)
	}
	f.equal("events", []string{"connection.silent " + c.ID.String()}, kinds(f.appended(f.lease(s), s, 1)))
}

func eventsOfErasures(f *fixture) {
	c, _ := f.runningPull()
	s := f.subscribe(withTypes("connection.*"))
	f.erase(c)
	f.equal("events", []string{"connection.erased " + c.ID.String()}, kinds(f.appended(f.lease(s), s, 1)))
}

func eventsOfCheckpoints(f *fixture) {
	s := f.subscribe(withTypes("audit.checkpoint"))
	f.appendEntry(f.newEntry("action", "object"))
	f.number(10)
	at := f.now()
	for range 2 {
		_, err := f.AuditLog.ClaimAnnouncements(f.ctx, at, at.Add(-1), noLimit)
		f.noError(err)
	}
	f.equal("events", []string{"audit.checkpoint " + f.tenant.String()}, kinds(f.appended(f.lease(s), s, 1)))
}

func eventsOfRelinks(f *fixture) {
	r := newRelinks(f)
	a, b := r.accountID("a").String(), r.accountID("b").String()
	s := f.subscribe(withTypes("account.*"))
	r.stage(0, renewed("y"))
	r.publish("a2=a", "c")
	want := []string{
		"account.added " + r.accountID("c").
			String(),
		"account.modified " + a,
		"account.relinked " + a,
		"account.removed " + b,
	}
	f.equal("events", slices.Sorted(slices.Values(want)), kinds(f.appended(f.lease(s), s, 4)))
}
