package records_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// An event says that the holder has signed in, for example. The vendor's Retry-After counts, and each connection has at
// most one early attempt in a minute.
func TestAWaitingPullIsTriedEarly(t *testing.T) {
	at := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	in := func(minutes int) time.Time { return at.Add(time.Duration(minutes) * time.Minute) }
	var never time.Time
	for name, tc := range map[string]struct {
		due, scheduled, retryAfter, lastWake time.Time
		next                                 time.Time
		early                                bool
		wantScheduled                        time.Time
	}{
		"at once":                   {in(30), never, never, never, at, true, in(30)},
		"it was tried early before": {in(30), in(20), never, in(-5), at, true, in(20)},
		"a minute after the last attempt": {
			in(30),
			never,
			never,
			at.Add(-20 * time.Second),
			at.Add(40 * time.Second),
			true,
			in(30),
		},
		"the vendor asks for time":      {in(30), never, in(10), never, in(10), true, in(30)},
		"the vendor asks for more time": {in(30), never, in(40), never, in(30), false, never},
		"it is due now":                 {at, never, never, never, at, false, never},
		"it is due before":              {in(-1), never, never, never, in(-1), false, never},
	} {
		p := domain.Pull{NotBefore: tc.due, ScheduledAt: tc.scheduled, RetryAfterUntil: tc.retryAfter}
		woken, next, early := records.Wake(p, tc.lastWake, at)
		if !next.Equal(tc.next) || early != tc.early || !woken.NotBefore.Equal(tc.next) ||
			!woken.ScheduledAt.Equal(tc.wantScheduled) {
			t.Errorf("%s: next at %v, early %t: %+v", name, next, early, woken)
		}
	}
}

// A waiting pull also reads everything that a new scope requests. It keeps its steps only if it has read nothing yet
// and reads everything already.
func TestAWaitingPullIsWidened(t *testing.T) {
	all := domain.PullScope{Everything: true}
	for name, tc := range map[string]struct {
		change   func(*domain.Pull)
		complete bool
		ok       bool
		widened  bool
	}{
		"it has planned nothing":    {func(*domain.Pull) {}, false, true, false},
		"it has planned a part":     {func(p *domain.Pull) { p.Progress.Planned = true }, false, true, true},
		"it has planned everything": {func(p *domain.Pull) { p.Progress.Planned = true }, true, true, false},
		"it has begun to read": {
			func(p *domain.Pull) { p.Progress.Planned, p.Progress.Step = true, 1 }, true, true, true,
		},
		"it was widened before": {func(p *domain.Pull) { p.Progress.Widened = true }, true, true, true},
		"it awaits accounts":    {func(p *domain.Pull) { p.LastError = domain.AccountNotListed }, true, false, false},
		"it has begun with the target": {
			func(p *domain.Pull) { p.StartedAt = epoch.Add(-time.Hour) }, true, true, false,
		},
		"it has begun before the target": {
			func(p *domain.Pull) { p.StartedAt = epoch.Add(-2 * time.Hour) }, true, false, false,
		},
	} {
		p := awaitingPull().Pull
		p.LastError = domain.VendorUnreachable
		tc.change(&p)
		got, ok := records.Widen(p, tc.complete, queuedView().Connection, all)
		if ok != tc.ok || got.Scope.Everything != tc.ok || got.Progress.Widened != tc.widened {
			t.Errorf("%s: widened %t, everything %t, new steps %t; want %t, %t", name, ok, got.Scope.Everything,
				got.Progress.Widened, tc.ok, tc.widened)
		}
	}
}
