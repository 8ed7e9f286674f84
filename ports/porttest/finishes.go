package porttest

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// finishPromises are those of Pulls.Finish.
var finishPromises = []promise{
	{"a pull ends as its last try ended", finishEnds},
	{"a try that cost nothing is given back", attemptsGivenBack},
	{"a success forgets the last error", successForgets},
	{"what a try showed is folded into the connection's health, and into nothing else", healthIsFolded},
	{"health and an operator's change do not lose each other", healthRacesUpdate},
}

func finishEnds(b *bench) {
	for _, o := range []ports.Outcome{
		{State: domain.PullSucceeded, Attempts: 1, At: b.now()},
		{State: domain.PullFailed, LastError: domain.CredentialRejected, Attempts: 25, At: b.now()},
		{State: domain.PullQueued, LastError: domain.VendorRateLimited, NotBefore: epoch.Add(90 * time.Second), Attempts: 1, At: b.now()},
	} {
		c, l := b.running()
		b.write(l, row("1"))
		want := b.pull(l.Pull)
		want.State, want.LastError, want.NotBefore, want.Attempts = o.State, o.LastError, o.NotBefore, o.Attempts
		if o.State != domain.PullQueued {
			want.FinishedAt = o.At
		}
		b.ok(b.Pulls.Finish(b.ctx, l, o))
		got := b.pull(l.Pull)
		b.same("pull", want, got)
		b.same("connection", c, b.get(c))
		if o.State == domain.PullQueued {
			b.utc(got.NotBefore)
		} else {
			b.utc(got.FinishedAt)
		}
	}
}

// attemptsGivenBack fails where a store takes "no attempts" for "not begun".
func attemptsGivenBack(b *bench) {
	c, l := b.running()
	at := b.now()
	b.ok(b.Pulls.Finish(b.ctx, l, ports.Outcome{
		State: domain.PullQueued, LastError: domain.BudgetExhausted, NotBefore: at, Attempts: 0, At: at,
	}))
	b.same("attempts", 0, b.pull(l.Pull).Attempts)
	next := b.request(c, domain.PullScope{Everything: true})
	if next.ID == l.Pull {
		b.Fatal("a request merged into a pull that has begun and was given its attempt back")
	}
	b.notDue(next.ID, at)
	l, claimed := b.claimAt(l.Pull, at)
	b.same("attempts of the next try", 1, claimed.Pull.Attempts)
	b.same("when it was first begun", true, claimed.Pull.StartedAt.Before(at))
	b.finish(l, domain.PullSucceeded, "")
	_, claimed = b.claim(next.ID)
	b.same("the pull behind it", next.Scope, claimed.Pull.Scope)
}

func successForgets(b *bench) {
	_, l := b.running()
	b.finish(l, domain.PullQueued, domain.VendorUnreachable)
	b.same("last error while it waits", domain.VendorUnreachable, b.pull(l.Pull).LastError)
	l, _ = b.claimAt(l.Pull, behind(epoch))
	b.finish(l, domain.PullSucceeded, "")
	b.same("last error afterwards", domain.Code(""), b.pull(l.Pull).LastError)
}

// healthIsFolded: health is no operator's change, so revision and time stay, and no
// If-Match fails because of it.
func healthIsFolded(b *bench) {
	c, l := b.running()
	at := b.now()
	steps := []func(domain.Health) domain.Health{
		func(h domain.Health) domain.Health {
			return h.AfterSignal(domain.SignalReauth).AfterFailure(domain.AccessDenied, at)
		},
		nil,
		func(h domain.Health) domain.Health { return h.AfterSuccess(domain.LinkStatus{}, at.Add(time.Hour)) },
	}
	want := c
	for _, fold := range steps {
		if fold != nil {
			want.Health = fold(want.Health)
		}
		b.ok(b.Pulls.Finish(b.ctx, l, ports.Outcome{State: domain.PullFailed, Attempts: 1, At: b.now(), Health: fold}))
		got := b.get(c)
		b.same("connection", want, got)
		b.utc(got.Health.Since)
		l, _ = b.claim(b.request(c, domain.PullScope{}).ID)
	}
}

// healthRacesUpdate fails where either writes the whole row from an old read.
func healthRacesUpdate(b *bench) {
	c := b.connection()
	for i := range 5 {
		l, _ := b.claim(b.request(c, domain.PullScope{}).ID)
		at := b.now()
		race(2, func(side int) {
			var err error
			if side == 0 {
				err = b.Pulls.Finish(b.ctx, l, ports.Outcome{
					State: domain.PullSucceeded, Attempts: 1, At: at,
					Health: func(h domain.Health) domain.Health {
						return h.AfterSuccess(domain.LinkStatus{NeedsReauth: i%2 == 0}, at)
					},
				})
			} else {
				_, err = b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
					c.Revision++
					return nil
				})
			}
			if err != nil {
				b.Error(err)
			}
		})
		got := b.get(c)
		b.same("revision", int64(i+2), got.Revision)
		b.same("needs reauth", i%2 == 0, got.Health.NeedsReauth)
	}
}
