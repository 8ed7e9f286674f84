package records_test

import (
	"errors"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// runningView returns a view of a running pull of a live connection.
func runningView() records.FinishView {
	return records.FinishView{
		Pull: domain.Pull{
			ID: domain.PullID{UUID: someID}, Connection: connectionID, State: domain.PullRunning, Attempts: 3,
			StartedAt: epoch, NotBefore: epoch, LastError: domain.VendorUnreachable,
		},
		Connection: domain.Connection{
			ID: connectionID, Kind: domain.Aggregator, AccountRef: "item", BaseURL: "https://bank.example",
		},
		HeardSince: func(time.Time) (bool, error) { return false, nil },
	}
}

func TestThePositionInTheStreamIsStoredForItsTarget(t *testing.T) {
	v := runningView()
	v.Connection.StreamPosition = "before"
	for _, tc := range []struct {
		read *records.StreamRead
		want string
	}{
		{nil, "before"},
		{&records.StreamRead{Target: v.Connection.Target(), Position: "after"}, "after"},
		{&records.StreamRead{Target: "another", Position: "after"}, "before"},
	} {
		changes, err := records.Finish(v, records.Outcome{State: domain.PullSucceeded, Stream: tc.read, At: epoch})
		if err != nil || changes.Connection.StreamPosition != tc.want || changes.Reported != (tc.read != nil) {
			t.Errorf("%+v: %q, reported %t, %v", tc.read, changes.Connection.StreamPosition, changes.Reported, err)
		}
	}
}

func TestStateOfAPullAfterAnAttempt(t *testing.T) {
	at, retry := epoch.Add(time.Minute), epoch.Add(time.Hour)
	deleted := runningView()
	deleted.Connection.DeletedAt = epoch
	for _, tc := range []struct {
		name  string
		view  records.FinishView
		o     records.Outcome
		want  domain.Pull // only the members that Finish sets
		next  bool
		event events.EventType
	}{
		{"success", runningView(), records.Outcome{State: domain.PullSucceeded, Attempts: 3},
			domain.Pull{State: domain.PullSucceeded, Attempts: 3, FinishedAt: at}, true, ""},
		{"failure", runningView(), records.Outcome{State: domain.PullFailed, LastError: domain.Interrupted,
			Attempts: 2},
			domain.Pull{State: domain.PullFailed, LastError: domain.Interrupted, Attempts: 2, FinishedAt: at}, true,
			events.PullFailedEvent},
		{"retry", runningView(), records.Outcome{State: domain.PullQueued, LastError: domain.Interrupted,
			NotBefore: retry}, domain.Pull{State: domain.PullQueued, LastError: domain.Interrupted, NotBefore: retry},
			false, ""},
		{"wait for an account", runningView(), records.Outcome{State: domain.PullQueued,
			LastError: domain.AccountNotListed, NotBefore: retry},
			domain.Pull{State: domain.PullQueued, LastError: domain.AccountNotListed, NotBefore: retry}, true, ""},
		{"retry after the connection was deleted", deleted, records.Outcome{State: domain.PullQueued,
			LastError: domain.Interrupted, NotBefore: retry},
			domain.Pull{State: domain.PullFailed, LastError: domain.ConnectionGone, FinishedAt: at}, true, ""},
		{"success after the connection was deleted", deleted, records.Outcome{State: domain.PullSucceeded},
			domain.Pull{State: domain.PullSucceeded, FinishedAt: at}, true, ""},
	} {
		tc.o.At = at
		changes, err := records.Finish(tc.view, tc.o)
		got := changes.Pull
		set := domain.Pull{
			State: got.State, LastError: got.LastError, Attempts: got.Attempts, NotBefore: got.NotBefore,
			FinishedAt: got.FinishedAt,
		}
		if err != nil || !samePull(set, tc.want) || got.ID != tc.view.Pull.ID || !got.StartedAt.Equal(epoch) {
			t.Errorf("%s: %+v, %v", tc.name, got, err)
		}
		// The connection stores that the failure of a pull was announced. No other end of an attempt changes the
		// connection here.
		if changes.NextMayStart != tc.next || changes.Reported != (tc.event == events.PullFailedEvent) {
			t.Errorf("%s: next %t, reported %t", tc.name, changes.NextMayStart, changes.Reported)
		}
		wantEvents(t, tc.name, changes.Events, tc.event)
	}
}

func samePull(a, b domain.Pull) bool {
	return a.State == b.State && a.LastError == b.LastError && a.Attempts == b.Attempts &&
		a.NotBefore.Equal(b.NotBefore) && a.FinishedAt.Equal(b.FinishedAt)
}

func TestAnOutcomeChangesTheConnection(t *testing.T) {
	v := runningView()
	v.HeardSince = func(at time.Time) (bool, error) { return at.Equal(epoch), nil }
	changes, err := records.Finish(v, records.Outcome{
		State: domain.PullFailed, At: epoch,
		Health:  func(h domain.Health) domain.Health { return h.AfterSignal(domain.SignalReauth, epoch) },
		Consent: func(c domain.Consent) domain.Consent { c.Key = "new" + c.Key; return c },
		Webhook: func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch {
			if heardSince(epoch) && !heardSince(epoch.Add(1)) {
				w.MissedAt = epoch
			}
			return w
		},
	})
	c := changes.Connection
	if err != nil || !changes.Reported || !c.Health.NeedsReauth || c.Consent.Key != "new" ||
		!c.Webhook.MissedAt.Equal(epoch) {
		t.Errorf("%+v, %v", changes, err)
	}
	wantEvents(t, "events", changes.Events,
		events.ConnectionReauthRequired, events.ConnectionSilent, events.PullFailedEvent)

	failure := errors.New("no answer")
	v.HeardSince = func(time.Time) (bool, error) { return true, failure }
	_, err = records.Finish(v, records.Outcome{
		Webhook: func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch {
			heardSince(epoch)
			return w
		},
	})
	if !errors.Is(err, failure) {
		t.Errorf("an error of HeardSince is lost: %v", err)
	}
}

func TestAnOutcomeIsReportedIfItMayHaveChangedTheConnection(t *testing.T) {
	sameWatch := func(w domain.WebhookWatch, _ func(time.Time) bool) domain.WebhookWatch { return w }
	for name, o := range map[string]records.Outcome{
		"health":             {Health: func(h domain.Health) domain.Health { return h }},
		"consent":            {Consent: func(c domain.Consent) domain.Consent { return c }},
		"webhook":            {Webhook: sameWatch},
		"ambiguous accounts": {Ambiguous: &records.AmbiguousAccounts{}},
		"unmatched rows":     {Unmatched: &records.UnmatchedRows{}},
		"nothing":            {},
	} {
		o.State, o.At = domain.PullSucceeded, epoch
		changes, err := records.Finish(runningView(), o)
		if err != nil || changes.Reported != (name != "nothing") {
			t.Errorf("%s: reported %t, %v", name, changes.Reported, err)
		}
	}
}

// The reason why rows of a new reference stay staged is stored only for the present target, while the reference is new.
func TestRowsThatStayStagedAreStoredWithTheConnection(t *testing.T) {
	present := runningView().Connection
	for name, tc := range map[string]struct {
		isNew  bool
		target string
		stored bool
	}{
		"new reference":   {true, present.Target(), true},
		"known reference": {false, present.Target(), false},
		"another target":  {true, "another", false},
	} {
		v := runningView()
		v.Connection.NewReference = tc.isNew
		changes, err := records.Finish(v, records.Outcome{
			State:     domain.PullSucceeded,
			Ambiguous: &records.AmbiguousAccounts{Target: tc.target, After: []string{"x"}},
			Unmatched: &records.UnmatchedRows{Target: tc.target, Rows: 7},
			At:        epoch,
		})
		a := changes.Connection.Ambiguity
		if err != nil || (len(a.After) == 1) != tc.stored || (a.Unmatched == 7) != tc.stored {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestAPullEndsTheNewReferenceOnlyOfItsOwnTarget(t *testing.T) {
	v := runningView()
	for target, want := range map[string]bool{v.Connection.Target(): true, "another": false, "": false} {
		changes, err := records.Finish(v, records.Outcome{State: domain.PullSucceeded, Target: target, At: epoch})
		if changes.ReferenceStored != want || err != nil {
			t.Errorf("target %q: %t, %v", target, changes.ReferenceStored, err)
		}
	}
}

func TestOnlyASucceededCompletePullCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		o     records.Outcome
		pulls int
	}{
		"complete":   {records.Outcome{State: domain.PullSucceeded, Complete: true}, 1},
		"incomplete": {records.Outcome{State: domain.PullSucceeded}, 0},
		"failed":     {records.Outcome{State: domain.PullFailed, Complete: true}, 0},
		"retried":    {records.Outcome{State: domain.PullQueued, Complete: true}, 0},
	} {
		tc.o.At = epoch
		changes, err := records.Finish(runningView(), tc.o)
		reported := tc.pulls > 0 || tc.o.State == domain.PullFailed
		if got := changes.Connection.Usage.Pulls; err != nil || got != tc.pulls || changes.Reported != reported {
			t.Errorf("%s: %d pulls, reported %t, error %v", name, got, changes.Reported, err)
		}
	}
}

// A list that contradicts itself is remembered since its first reading, until a pull has read everything without one.
func TestSinceWhenAListContradictsItself(t *testing.T) {
	before := epoch.Add(-time.Hour)
	yes, no := true, false
	for name, tc := range map[string]struct {
		since time.Time
		found *bool
		want  time.Time
	}{
		"first contradiction":    {time.Time{}, &yes, epoch},
		"further contradiction":  {before, &yes, before},
		"no contradiction":       {before, &no, time.Time{}},
		"not everything is read": {before, nil, before},
	} {
		v := runningView()
		v.Connection.InconsistentSince = tc.since
		changes, err := records.Finish(v, records.Outcome{
			State: domain.PullSucceeded, Inconsistent: tc.found, At: epoch,
		})
		if got := changes.Connection.InconsistentSince; err != nil || !got.Equal(tc.want) ||
			changes.Reported != (tc.found != nil) {
			t.Errorf("%s: since %v, want %v; reported: %t; %v", name, got, tc.want, changes.Reported, err)
		}
	}
}

// The times of the next attempt are kept only if the pull is retried.
func TestTheTimesOfTheNextAttempt(t *testing.T) {
	for state, kept := range map[domain.PullState]bool{
		domain.PullQueued: true, domain.PullSucceeded: false, domain.PullFailed: false,
	} {
		v := runningView()
		v.Pull.ScheduledAt, v.Pull.RetryAfterUntil = epoch.Add(1), epoch.Add(2)
		changes, err := records.Finish(v, records.Outcome{
			State: state, At: epoch, ScheduledAt: epoch.Add(3), RetryAfterUntil: epoch.Add(4),
		})
		p := changes.Pull
		if err != nil || kept != p.ScheduledAt.Equal(epoch.Add(3)) || kept != p.RetryAfterUntil.Equal(epoch.Add(4)) ||
			kept == p.ScheduledAt.IsZero() || kept == p.RetryAfterUntil.IsZero() {
			t.Errorf("%s: scheduled at %v, not before %v, %v", state, p.ScheduledAt, p.RetryAfterUntil, err)
		}
	}
}

// What the vendor states about the bank is stored with the connection.
func TestTheFactsOfTheBankAreStored(t *testing.T) {
	changes, err := records.Finish(runningView(), records.Outcome{
		State: domain.PullSucceeded, At: epoch, Bank: &domain.BankReading{Every: time.Hour, OnDemand: true},
	})
	if b := changes.Connection.Bank; err != nil || b.Every != time.Hour || !b.OnDemand || !changes.Reported {
		t.Errorf("the facts are %+v, reported %t: %v", b, changes.Reported, err)
	}
}
