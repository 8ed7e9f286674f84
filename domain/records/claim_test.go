package records_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// queuedView returns a view of a queued pull of a live connection.
func queuedView() records.ClaimView {
	return records.ClaimView{
		Pull: domain.Pull{ID: domain.PullID{UUID: someID}, State: domain.PullQueued},
		Connection: domain.Connection{
			ID: connectionID, Kind: domain.Aggregator, AccountRef: "item", TargetChangedAt: epoch.Add(-time.Hour),
		},
	}
}

// awaitingPull returns a pull that has read everything of the connection of queuedView except the account "late".
func awaitingPull() *records.UnderWay {
	c := queuedView().Connection
	return &records.UnderWay{Pull: domain.Pull{
		ID: domain.PullID{UUID: uuid.UUID{8}}, State: domain.PullQueued, StartedAt: epoch, Attempts: 2,
		LastError: domain.AccountNotListed, NotBefore: epoch.Add(time.Hour),
		Progress: domain.Progress{
			Target: c.Target(), ReadAt: epoch.Add(time.Second), Awaited: map[string]time.Time{"late": epoch},
		},
	}}
}

func TestAPullIsRefused(t *testing.T) {
	at := epoch
	for _, tc := range []struct {
		name string
		edit func(*records.ClaimView)
		code domain.Code
		wait time.Duration
	}{
		{"paused", func(v *records.ClaimView) { v.Connection.PausedAt = at }, domain.ConnectionPaused, 0},
		{"not due", func(v *records.ClaimView) { v.Pull.NotBefore = at.Add(time.Millisecond) }, domain.NotDue,
			time.Millisecond},
		{"running under a lease", func(v *records.ClaimView) {
			v.Pull.State, v.LeaseUntil = domain.PullRunning, at.Add(time.Minute)
		}, domain.NotDue, time.Minute},
		{"another pull is running", func(v *records.ClaimView) {
			v.UnderWay = &records.UnderWay{LeaseUntil: at.Add(time.Minute)}
			v.UnderWay.State = domain.PullRunning
		}, domain.NotDue, time.Minute},
		{"the lease of another pull has expired", func(v *records.ClaimView) {
			v.UnderWay = &records.UnderWay{Pull: domain.Pull{State: domain.PullRunning}, LeaseUntil: at}
		}, domain.NotDue, time.Second},
		{"another pull will be retried", func(v *records.ClaimView) {
			v.UnderWay = awaitingPull()
			v.UnderWay.LastError = domain.VendorUnreachable
		}, domain.NotDue, time.Hour},
	} {
		v := queuedView()
		tc.edit(&v)
		a, err := records.Admit(v, at)
		if !errors.Is(err, domain.Conflict) || !errors.Is(err, tc.code) || domain.RetryAfterOf(err) != tc.wait ||
			a.Ended != nil {
			t.Errorf("%s: %+v, %v", tc.name, a, err)
		}
	}
	for _, state := range []domain.PullState{domain.PullSucceeded, domain.PullFailed} {
		v := queuedView()
		v.Pull.State, v.Connection.DeletedAt = state, epoch
		if a, err := records.Admit(v, at); !errors.Is(err, domain.NotFound) || a.Ended != nil {
			t.Errorf("%s: %+v, %v", state, a, err)
		}
	}
}

func TestAPullIsAdmitted(t *testing.T) {
	for _, edit := range []func(*records.ClaimView){
		func(*records.ClaimView) {},
		func(v *records.ClaimView) { v.Pull.NotBefore = epoch },
		func(v *records.ClaimView) { v.Pull.State, v.LeaseUntil = domain.PullRunning, epoch },
		func(v *records.ClaimView) { v.Pull.StartedAt, v.UnderWay = epoch, awaitingPull() },
	} {
		v := queuedView()
		edit(&v)
		if a, err := records.Admit(v, epoch); err != nil || a.Ended != nil || a.Gone || a.Awaited != nil {
			t.Errorf("%+v: %+v, %v", v, a, err)
		}
	}
}

func TestAPullOfADeletedConnectionFails(t *testing.T) {
	v := queuedView()
	v.Connection.DeletedAt, v.Connection.PausedAt = epoch, epoch
	v.Pull.NotBefore = epoch.Add(time.Hour)
	a, err := records.Admit(v, epoch)
	if err != nil || !a.Gone || a.Ended == nil || a.Ended.ID != v.Pull.ID || a.Ended.State != domain.PullFailed ||
		a.Ended.LastError != domain.ConnectionGone || !a.Ended.FinishedAt.Equal(epoch) || !a.Ended.NotBefore.IsZero() {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestANewPullTakesOverFromAPullThatAwaitsAccounts(t *testing.T) {
	v := queuedView()
	v.UnderWay = awaitingPull()
	v.UnderWay.ScheduledAt, v.UnderWay.RetryAfterUntil = epoch, epoch
	a, err := records.Admit(v, epoch)
	if a.Ended != nil && (!a.Ended.ScheduledAt.IsZero() || !a.Ended.RetryAfterUntil.IsZero()) {
		t.Errorf("the ended pull has a next attempt: %+v", a.Ended)
	}
	if err != nil || a.Gone || a.Ended == nil || a.Ended.ID != v.UnderWay.ID || a.Ended.State != domain.PullSucceeded ||
		a.Ended.LastError != "" || !a.Ended.FinishedAt.Equal(epoch.Add(time.Second)) || !a.Ended.NotBefore.IsZero() {
		t.Fatalf("%+v, %v", a, err)
	}
	if !maps.Equal(a.Awaited, v.UnderWay.Progress.Awaited) || v.UnderWay.State != domain.PullQueued {
		t.Errorf("awaited: %v; the view is now %+v", a.Awaited, v.UnderWay)
	}
	v.UnderWay.Progress.Target = "another"
	if a, err := records.Admit(v, epoch); err != nil || a.Ended == nil || len(a.Awaited) > 0 {
		t.Errorf("accounts of another target: %+v, %v", a, err)
	}
}

// deliveries is a records.ClaimSource.
type deliveries struct {
	scopes            []domain.PullScope
	large             bool
	signals, consents []domain.PullScope
	succeeded         time.Time
	empty             bool
	quarantine        map[domain.QuarantineKey]time.Time
	removed           time.Time // when a row was removed
	err               error
	calls             []string
}

func (d *deliveries) Scopes(int) ([]domain.PullScope, bool, error) {
	if d.large {
		return nil, true, d.err
	}
	return d.scopes, false, d.err
}

func (d *deliveries) LastScopes() (s, c []domain.PullScope, _ error) {
	return d.signals, d.consents, d.err
}

func (d *deliveries) SucceededSince(start time.Time) (bool, error) {
	return !d.succeeded.IsZero() && !d.succeeded.Before(start), d.err
}

func (d *deliveries) VisitQuarantine(_ int, visit func(records.QuarantineEntry)) error {
	if d.quarantine == nil {
		visit(records.QuarantineEntry{QuarantineKey: domain.QuarantineKey{ID: "unreadable"}, At: epoch})
	}
	for key, at := range d.quarantine {
		visit(records.QuarantineEntry{QuarantineKey: key, At: at})
	}
	return d.err
}

func TestARowWithoutAnIDCountsOnlyUnderItsTarget(t *testing.T) {
	nameless := domain.UnreadableRowID([]byte(`{"amount":1}`))
	const transaction = domain.QuarantinedTransaction
	for name, tc := range map[string]struct {
		key  domain.QuarantineKey
		seen time.Duration // after the target changed
		want bool
	}{
		"read since then":      {domain.QuarantineKey{Kind: transaction, ID: nameless}, time.Second, true},
		"read at that time":    {domain.QuarantineKey{Kind: transaction, ID: nameless}, 0, true},
		"of the former target": {domain.QuarantineKey{Kind: transaction, ID: nameless}, -1, false},
		"an account": {
			domain.QuarantineKey{Kind: domain.QuarantinedAccount, ID: nameless}, time.Second, false,
		},
		"a row with an id": {domain.QuarantineKey{Kind: transaction, ID: "x"}, time.Second, false},
	} {
		v := queuedView()
		v.Connection.TargetChangedAt = epoch
		d := &deliveries{quarantine: map[domain.QuarantineKey]time.Time{tc.key: epoch.Add(tc.seen)}}
		claimed, _, err := records.Claim(v, nil, d, epoch.Add(time.Hour))
		if err != nil || claimed.Nameless != tc.want || len(claimed.Quarantine) != 1 {
			t.Errorf("%s: %t %v, %v", name, claimed.Nameless, claimed.Quarantine, err)
		}
	}
}

func (d *deliveries) Rows(start time.Time) (empty, removed, carriedOver bool, err error) {
	d.calls = append(d.calls, "rows")
	return d.empty, !d.removed.IsZero() && !d.removed.Before(start), !d.empty, d.err
}

func (d *deliveries) FormerAccountIDs() ([]string, error) {
	d.calls = append(d.calls, "accounts")
	return []string{"gone"}, d.err
}

func (d *deliveries) NextRemoved() ([]string, error) {
	d.calls = append(d.calls, "next")
	return []string{"row"}, d.err
}

func TestTheFirstAttemptMergesTheDeliveries(t *testing.T) {
	v, d := queuedView(), &deliveries{succeeded: epoch, removed: epoch.Add(-domain.MatchWindow)}
	v.Pull.Scope = domain.PullScope{Removed: []string{"b"}}
	d.scopes = []domain.PullScope{
		{Removed: []string{"a"}, Signal: domain.SignalReauth}, {Signal: domain.SignalRecovered},
	}
	awaited := map[string]time.Time{"late": epoch}
	claimed, complete, err := records.Claim(v, awaited, d, epoch)
	p := claimed.Pull
	if err != nil || complete || claimed.Initial || claimed.Empty || !claimed.HasCarriedOver || !claimed.HasRemoved ||
		len(claimed.Quarantine) != 1 {
		t.Fatalf("%+v, complete %t, %v", claimed, complete, err)
	}
	if p.State != domain.PullRunning || p.Attempts != 1 || !p.StartedAt.Equal(epoch) || !p.NotBefore.IsZero() ||
		!maps.Equal(p.Progress.Awaited, awaited) {
		t.Errorf("pull: %+v", p)
	}
	if !slices.Equal(p.Scope.Removed, []string{"a", "b"}) || p.Scope.Signal != domain.SignalRecovered {
		t.Errorf("scope: %+v", p.Scope)
	}
	if !slices.Equal(d.calls, []string{"rows"}) || claimed.Removed != nil || claimed.FormerAccountIDs != nil {
		t.Errorf("calls: %v, claimed %+v", d.calls, claimed)
	}
	d.removed = d.removed.Add(-1)
	if claimed, _, _ := records.Claim(v, nil, d, epoch); claimed.HasRemoved {
		t.Error("a row that was removed before the window may be replaced")
	}
}

func TestALaterAttemptKeepsItsScope(t *testing.T) {
	v, d := queuedView(), &deliveries{succeeded: epoch, scopes: []domain.PullScope{{Everything: true}}}
	v.Pull.StartedAt, v.Pull.Attempts = epoch.Add(-time.Hour), 4
	v.Pull.Progress.Awaited = map[string]time.Time{"late": epoch}
	v.Pull.Scope = domain.PullScope{Changed: map[string][]string{"acc": {"1"}}}
	claimed, complete, err := records.Claim(v, nil, d, epoch)
	p := claimed.Pull
	if err != nil || complete || p.Attempts != 5 || !p.StartedAt.Equal(epoch.Add(-time.Hour)) || p.Scope.Everything ||
		len(p.Progress.Awaited) != 1 {
		t.Errorf("%+v, complete %t, %v", p, complete, err)
	}
	if !slices.Equal(claimed.Removed, []string{"row"}) || !slices.Equal(claimed.FormerAccountIDs, []string{"gone"}) {
		t.Errorf("%+v", claimed)
	}
}

func TestInitialAndCompletePulls(t *testing.T) {
	for _, tc := range []struct {
		name              string
		edit              func(*records.ClaimView, *deliveries)
		initial, complete bool
	}{
		{"a pull of the target has succeeded", func(*records.ClaimView, *deliveries) {}, false, false},
		{"no pull has succeeded", func(_ *records.ClaimView, d *deliveries) { d.succeeded = time.Time{} }, true, true},
		{"only a pull of an earlier target has succeeded", func(v *records.ClaimView, d *deliveries) {
			d.succeeded = v.Connection.TargetChangedAt.Add(-1)
		}, true, true},
		{"new reference", func(v *records.ClaimView, _ *deliveries) { v.Connection.NewReference = true }, true, true},
		{"everything", func(v *records.ClaimView, _ *deliveries) { v.Pull.Scope.Everything = true }, false, true},
		{"known to be complete", func(v *records.ClaimView, _ *deliveries) { v.Complete = true }, false, true},
	} {
		v := queuedView()
		d := &deliveries{empty: true, succeeded: v.Connection.TargetChangedAt}
		tc.edit(&v, d)
		claimed, complete, err := records.Claim(v, nil, d, epoch)
		if len(claimed.Quarantine) != 1 {
			t.Errorf("%s: the quarantine is %v", tc.name, claimed.Quarantine)
		}
		if err != nil || claimed.Initial != tc.initial || complete != tc.complete || claimed.Empty != tc.initial {
			t.Errorf("%s: %+v, complete %t, %v", tc.name, claimed, complete, err)
		}
		if claimed.Empty && (claimed.HasRemoved || claimed.HasCarriedOver) {
			t.Errorf("%s: an empty connection has rows: %+v", tc.name, claimed)
		}
	}
}

func TestLargeScopesAreReplaced(t *testing.T) {
	reports := func(key string) domain.PullScope {
		return domain.PullScope{
			Removed: []string{key}, Signal: domain.SignalReauth, Consents: []domain.ConsentReport{{Key: key}},
		}
	}
	d := &deliveries{
		large: true, scopes: []domain.PullScope{reports("dropped")}, signals: []domain.PullScope{{
			Removed: []string{"x"}, Signal: domain.SignalRecovered,
		}},
		consents: []domain.PullScope{reports("1"), reports("2")},
	}
	got, err := records.MergeDeliveries(domain.PullScope{Removed: []string{"own"}}, d)
	if err != nil || !got.Everything || !got.MoreRemoved || !slices.Equal(got.Removed, []string{"own"}) ||
		got.Signal != domain.SignalRecovered {
		t.Errorf("%+v, %v", got, err)
	}
	if len(got.Consents) != 2 || got.Consents[0].Key != "1" || got.Consents[1].Key != "2" {
		t.Errorf("consents: %+v", got.Consents)
	}
}

func TestErrorsOfTheDeliveriesAreReturned(t *testing.T) {
	failure := errors.New("no answer")
	for _, large := range []bool{true, false} {
		_, _, err := records.Claim(queuedView(), nil, &deliveries{err: failure, large: large}, epoch)
		if !errors.Is(err, failure) {
			t.Error(err)
		}
	}
}

// An attempt before the scheduled time does not count, unless the worker of the attempt before has died.
func TestWhichAttemptsCount(t *testing.T) {
	for name, tc := range map[string]struct {
		state     domain.PullState
		scheduled time.Time
		want      int
	}{
		"an early attempt":            {domain.PullQueued, epoch.Add(time.Minute), 4},
		"the scheduled attempt":       {domain.PullQueued, epoch, 5},
		"the worker has died":         {domain.PullRunning, epoch.Add(time.Minute), 5},
		"no attempt has been planned": {domain.PullQueued, time.Time{}, 5},
	} {
		v := queuedView()
		v.Pull.State, v.Pull.ScheduledAt, v.Pull.Attempts = tc.state, tc.scheduled, 4
		v.Pull.StartedAt = epoch.Add(-time.Hour)
		claimed, _, err := records.Claim(v, nil, &deliveries{succeeded: epoch}, epoch)
		if p := claimed.Pull; err != nil || p.Attempts != tc.want || p.State != domain.PullRunning ||
			(tc.want == 5) != p.ScheduledAt.IsZero() {
			t.Errorf("%s: %d attempts, want %d: %+v, %v", name, p.Attempts, tc.want, p, err)
		}
	}
}
