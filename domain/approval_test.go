package domain_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// While an approval is awaited at the bank, the connection keeps its health and nobody must sign in.
func TestAnApprovalIsAwaitedWithoutASignIn(t *testing.T) {
	begin := time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Hour) }
	waits := domain.LinkStatus{Approval: domain.IsWaiting}
	device := domain.LinkStatus{Device: domain.IsWaiting}
	signedOut := domain.Health{Status: domain.Healthy}.AfterSignal(domain.SignalReauth, begin.Add(-time.Hour))
	for name, test := range map[string]struct {
		before domain.Health
		steps  []func(domain.Health, time.Time) domain.Health // one an hour
		since  time.Time
		signIn bool
	}{
		"an account": {
			steps: []func(domain.Health, time.Time) domain.Health{succeeds(waits), succeeds(waits)}, since: begin,
		},
		"an account, not stated meanwhile": {
			steps: []func(domain.Health, time.Time) domain.Health{succeeds(waits), succeeds(domain.LinkStatus{})},
			since: begin,
		},
		"an account that was approved": {steps: []func(domain.Health, time.Time) domain.Health{
			succeeds(waits), succeeds(domain.LinkStatus{Approval: domain.NotWaiting}),
		}},
		"an account, again": {steps: []func(domain.Health, time.Time) domain.Health{
			succeeds(waits), succeeds(domain.LinkStatus{Approval: domain.NotWaiting}), succeeds(waits),
		}, since: hour(2)},
		"an account, learned by an attempt that fails": {
			steps: []func(domain.Health, time.Time) domain.Health{status(waits)}, since: begin,
		},
		"an account, and the holder must sign in": {
			steps: []func(domain.Health, time.Time) domain.Health{
				succeeds(waits), succeeds(domain.LinkStatus{NeedsReauth: true}),
			},
			since: begin, signIn: true,
		},
		"a device": {steps: []func(domain.Health, time.Time) domain.Health{succeeds(device)}, since: begin},
		"a device, by an event": {
			steps: []func(domain.Health, time.Time) domain.Health{signal(domain.SignalDevice)}, since: begin,
		},
		"a device after a sign-in": {
			before: signedOut, since: begin,
			steps: []func(domain.Health, time.Time) domain.Health{signal(domain.SignalDevice)},
		},
		"a device after a sign-in, by the status": {
			before: signedOut, since: begin,
			steps: []func(domain.Health, time.Time) domain.Health{succeeds(device)},
		},
		"a device that was authorised": {
			steps: []func(domain.Health, time.Time) domain.Health{
				succeeds(device), succeeds(domain.LinkStatus{Device: domain.NotWaiting}),
			},
		},
		"a device that was authorised, by an event": {
			steps: []func(domain.Health, time.Time) domain.Health{succeeds(device), signal(domain.SignalRecovered)},
		},
		"a device that was refused": {
			steps:  []func(domain.Health, time.Time) domain.Health{succeeds(device), signal(domain.SignalReauth)},
			signIn: true,
		},
		"a device that was refused, by the status": {
			steps: []func(domain.Health, time.Time) domain.Health{
				succeeds(device), succeeds(domain.LinkStatus{NeedsReauth: true, Device: domain.NotWaiting}),
			},
			signIn: true,
		},
	} {
		h := test.before
		for i, step := range test.steps {
			h = step(h, hour(i))
		}
		if got := h.AwaitsApprovalSince(); !got.Equal(test.since) || h.MustSignIn() != test.signIn {
			t.Errorf("%s: awaits an approval since %v, sign-in %v, want %v and %v",
				name, got, h.MustSignIn(), test.since, test.signIn)
		}
		if h.Status == domain.Unhealthy {
			t.Errorf("%s: the connection is unhealthy", name)
		}
	}
}

func succeeds(s domain.LinkStatus) func(domain.Health, time.Time) domain.Health {
	return func(h domain.Health, at time.Time) domain.Health { return h.AfterSuccess(s, at) }
}

func status(s domain.LinkStatus) func(domain.Health, time.Time) domain.Health {
	return func(h domain.Health, at time.Time) domain.Health { return h.AfterStatus(s, at) }
}

func signal(s domain.Signal) func(domain.Health, time.Time) domain.Health {
	return func(h domain.Health, at time.Time) domain.Health { return h.AfterSignal(s, at) }
}

// A device that the bank has not authorised after a day needs a sign-in, whoever notices it. An account that waits for
// another holder never does.
func TestADeviceIsAwaitedForADay(t *testing.T) {
	begin := time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)
	device := domain.LinkStatus{Device: domain.IsWaiting}
	var before domain.Health
	before = before.AfterSuccess(device, begin)
	for name, after := range map[string]func(domain.Health, time.Time) domain.Health{
		"a pull": succeeds(device), "an attempt": status(device), "an event": signal(domain.SignalDevice),
		"the clock": domain.Health.AfterDeviceWait,
	} {
		if h := after(before, begin.Add(domain.DeviceWait-1)); h.MustSignIn() {
			t.Errorf("%s: a sign-in is needed too early", name)
		}
		at := begin.Add(domain.DeviceWait)
		h := after(before, at)
		if !h.MustSignIn() || !h.ReauthSince.Equal(at) || h.At(at, domain.Consent{}).Reason != domain.ReauthRequired {
			t.Errorf("%s: no sign-in is needed after a day: %+v", name, h)
		}
		if h = h.AfterSuccess(domain.LinkStatus{SyncComplete: true, Device: domain.NotWaiting}, at); h.MustSignIn() {
			t.Errorf("%s: a sign-in is needed after the device was authorised", name)
		}
	}
	waits := domain.Health{}.AfterSuccess(domain.LinkStatus{Approval: domain.IsWaiting}, begin)
	if waits.AfterDeviceWait(begin.AddDate(1, 0, 0)).MustSignIn() {
		t.Error("an account that waits for another holder needs a sign-in")
	}
}

// A status that was requested before an event says nothing about what the event has reported.
func TestAnEarlierStatusDoesNotChangeWhatIsAwaited(t *testing.T) {
	at := time.Date(2026, time.March, 1, 10, 0, 0, 0, time.UTC)
	h := domain.Health{}.AfterSignal(domain.SignalDevice, at)
	earlier := domain.LinkStatus{Device: domain.NotWaiting, RequestedAt: at.Add(-time.Second)}
	if h.AfterSuccess(earlier, at).DeviceSince.IsZero() || h.AfterStatus(earlier, at).DeviceSince.IsZero() {
		t.Error("an earlier status has ended the wait for a device")
	}
	h = domain.Health{}.AfterSuccess(domain.LinkStatus{Device: domain.IsWaiting}, at)
	h = h.AfterSignal(domain.SignalRecovered, at.Add(time.Second))
	earlier = domain.LinkStatus{Device: domain.IsWaiting, RequestedAt: at}
	if !h.AfterSuccess(earlier, at).DeviceSince.IsZero() || !h.AfterStatus(earlier, at).DeviceSince.IsZero() {
		t.Error("an earlier status has begun a wait for a device")
	}
}

// A link session stays open while the bank has not decided, and nothing of it is deleted at the vendor.
func TestALinkSessionAwaitsTheAuthorisationOfADevice(t *testing.T) {
	awaiting := domain.LinkedObject{AccountRef: "item-1", State: domain.LinkedAwaiting}
	failed := domain.LinkedObject{AccountRef: "item-1", State: domain.LinkedFailed}
	pending := domain.LinkedObject{AccountRef: "item-1", State: domain.LinkedPending}
	ready := domain.LinkedObject{AccountRef: "item-1", State: domain.LinkedReady}
	unreachable := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	s := openLink()
	advance := func(after time.Duration, err error, objects ...domain.LinkedObject) string {
		ref, signedIn := s.Advance(objects, err, linkEpoch.Add(after))
		if signedIn {
			return ref
		}
		return string(s.Status())
	}
	steps := []struct {
		after   time.Duration
		err     error
		objects []domain.LinkedObject
		wait    time.Duration
	}{
		{time.Minute, nil, []domain.LinkedObject{awaiting}, 3 * time.Second},
		{2 * time.Hour, nil, []domain.LinkedObject{awaiting}, 6 * time.Minute},
		{3 * time.Hour, unreachable, nil, 9 * time.Minute},
		{4 * time.Hour, nil, []domain.LinkedObject{pending}, 10 * time.Minute},
		{30*24*time.Hour - 1, nil, []domain.LinkedObject{awaiting}, 10 * time.Minute},
	}
	for _, step := range steps {
		if got := advance(step.after, step.err, step.objects...); got != "awaiting_approval" {
			t.Fatalf("after %v: %s", step.after, got)
		}
		if wait := s.DueAt.Sub(linkEpoch.Add(step.after)); wait != step.wait {
			t.Errorf("after %v: asks again after %v, want %v", step.after, wait, step.wait)
		}
		if s.Retry(unreachable, linkEpoch.Add(step.after)) {
			t.Errorf("after %v: given up", step.after)
		}
	}
	known := s
	for range 2 { // the second event names a known object
		known.DueAt = linkEpoch.Add(time.Hour)
		if !known.Announce("item-1", linkEpoch) || !known.DueAt.Equal(linkEpoch) {
			t.Errorf("an event of the object does not make the session due: %v", known.DueAt)
		}
	}
	approved, refused, late := s, s, s
	if s = approved; advance(5*time.Hour, nil, ready) != "item-1" {
		t.Error("an authorised object does not end the wait")
	}
	s = refused
	got := advance(48*time.Hour, nil, failed)
	if got != "abandoned" || len(s.Superfluous([]domain.LinkedObject{failed})) != 1 {
		t.Errorf("a refused object is kept: %+v", s)
	}
	if s.Retry(unreachable, linkEpoch.Add(48*time.Hour)) {
		t.Error("the first failed deletion of a refused object is the last")
	}
	if s = late; advance(30*24*time.Hour, nil, awaiting) != "abandoned" || s.Sealed != nil || !s.DueAt.IsZero() {
		t.Errorf("after 30 days: %+v", s)
	}
	if other := openLink(); len(other.Superfluous([]domain.LinkedObject{awaiting, failed})) != 1 {
		t.Error("an object that awaits an approval is superfluous")
	}
	done := openLink()
	done.Connect("item-2", linkEpoch)
	if len(done.Superfluous([]domain.LinkedObject{awaiting})) != 1 {
		t.Error("a second object of a session with a connection is kept")
	}
}

func TestAWaitForAnApprovalEndsWithTheAnswer(t *testing.T) {
	awaiting := []domain.LinkedObject{{AccountRef: "item-1", State: domain.LinkedAwaiting}}
	failed := []domain.LinkedObject{{AccountRef: "item-1", State: domain.LinkedFailed}}
	s := openLink()
	for _, step := range []struct {
		minute  int
		objects []domain.LinkedObject
		since   int // the minute since which the session waits; 0 if it does not
	}{{1, awaiting, 1}, {2, awaiting, 1}, {3, failed, 0}, {4, failed, 0}, {5, awaiting, 5}} {
		var want time.Time
		if step.since > 0 {
			want = linkEpoch.Add(time.Duration(step.since) * time.Minute)
		}
		s.Advance(step.objects, nil, linkEpoch.Add(time.Duration(step.minute)*time.Minute))
		if !s.AwaitingSince.Equal(want) || (s.Status() == domain.LinkStatusAwaiting) == want.IsZero() {
			t.Errorf("minute %d: %s since %v", step.minute, s.Status(), s.AwaitingSince)
		}
	}
	if s.Close(linkEpoch.Add(time.Hour)); !s.AwaitingSince.IsZero() {
		t.Errorf("a closed session waits since %v", s.AwaitingSince)
	}
}
