package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// consentVendor is a vendor that reports the consent of an account holder.
type consentVendor struct {
	*vendor
	report domain.ConsentReport
	err    error
	calls  int
}

func (v *consentVendor) Consent(context.Context, ports.Access) (domain.ConsentReport, error) {
	v.calls++
	return v.report, v.err
}

// withConsents returns an option that replaces the fake vendor "pluggy" with v. The vendor v can report consents.
func withConsents(v *consentVendor) func(*application.Deps) { return withVendor(v, v) }

// withVendor returns an option that replaces the fake vendor "pluggy" with v, which embeds base. The replaced vendor
// becomes base.vendor.
func withVendor(v ports.Aggregator, base *consentVendor) func(*application.Deps) {
	return func(d *application.Deps) {
		for i, a := range d.Aggregators {
			if a.Vendor() == "pluggy" {
				base.vendor = a.(*vendor)
				d.Aggregators[i] = v
			}
		}
	}
}

func TestAConsentThatCannotBeReadFailsNothingAndLosesNothing(t *testing.T) {
	v := &consentVendor{}
	e := newEnv(t, withConsents(v))
	c := e.createConnection("books")
	expires := e.clock.Now().Add(240 * time.Hour)
	v.report = domain.ConsentReport{Status: domain.ReportedGranted, Key: "k", ExpiresAt: expires}
	e.runPull(e.requestFullPull(c))
	want := ports.ConsentHealth{State: domain.ConsentExpiring, ExpiresAt: expires}
	check := func(when string) {
		t.Helper()
		h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
		e.noError(err)
		if h.Consent != want {
			t.Errorf("%s: %+v, want %+v", when, h.Consent, want)
		}
	}
	check("after a pull")
	v.report, v.err = domain.ConsentReport{}, errors.New("no consents")
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	check("after a failed request")
	v.err = nil
	_, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	check("after an empty list")
	v.report = domain.ConsentReport{Status: domain.ReportedRevoked, Key: "k"}
	_, err = e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	want.State = domain.ConsentRevoked
	check("after the revocation")
	e.clock.pass(1000 * time.Hour)
	check("long after the revocation")
}

func TestAConsentIsNoticedOnce(t *testing.T) {
	v := &consentVendor{}
	e := newEnv(t, withConsents(v))
	c := e.createConnection("books")
	v.report = domain.ConsentReport{
		Status: domain.ReportedGranted, Key: "k", ExpiresAt: e.clock.Now().Add(domain.ConsentNotice + time.Hour),
	}
	e.runPull(e.requestFullPull(c))
	for i, advance := range []time.Duration{0, 2 * time.Hour, time.Hour} {
		e.clock.pass(advance)
		n, err := e.NoticeConsents(e.ctx, 10)
		e.noError(err)
		if want := map[int]int{1: 1}[i]; n != want {
			t.Errorf("round %d noticed %d, want %d", i, n, want)
		}
		e.runPull(e.requestFullPull(c))
	}
	if n := len(eventsOf[ports.ConsentExpiring](e.events)); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestADeviceIsNotAwaitedForEver checks that the holder must sign in after domain.DeviceWait, and that a pull then
// finds out whether that is true.
func TestADeviceIsNotAwaitedForEver(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.vendor.status = domain.LinkStatus{Device: domain.IsWaiting}
	e.runPull(e.requestFullPull(c))
	for i, advance := range []time.Duration{0, domain.DeviceWait - time.Minute, time.Minute, time.Hour} {
		e.clock.pass(advance)
		n, err := e.NoticeConsents(e.ctx, 10)
		e.noError(err)
		stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
		e.noError(err)
		if overdue := i >= 2; n != map[int]int{2: 1}[i] || stored.Health.MustSignIn() != overdue {
			t.Errorf("round %d: %d connections, sign-in %v, want %v", i, n, stored.Health.MustSignIn(), overdue)
		}
	}
	due, err := e.ListDue(e.ctx, 10)
	e.noError(err)
	if len(due) != 1 {
		t.Fatalf("%d pulls were requested", len(due))
	}
	e.vendor.status = domain.LinkStatus{SyncComplete: true, Device: domain.NotWaiting}
	e.runPull(due[0])
	stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
	e.noError(err)
	if stored.Health.MustSignIn() || !stored.Health.AwaitsApprovalSince().IsZero() {
		t.Errorf("after the device was authorised: %+v", stored.Health)
	}
}

func TestTheConsentIsTheLastRequestOfAnAttempt(t *testing.T) {
	v := &consentVendor{}
	e := newEnv(t, withConsents(v))
	c := e.createConnection("books")
	v.onAccounts = func() error { return unavailable(domain.VendorRateLimited) }
	e.runPull(e.requestFullPull(c))
	if v.calls != 0 {
		t.Errorf("%d requests for consents although the vendor accepts no more", v.calls)
	}
}

// TestAFailedAttemptShowsWhatItHasLearned checks that the health and the consent are stored although the attempt fails
// and is retried.
func TestAFailedAttemptShowsWhatItHasLearned(t *testing.T) {
	for name, failure := range map[string]error{
		"the status says so": unavailable(domain.VendorUnreachable),
		"a list says so": &domain.Error{
			Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: domain.ErrHolderMustAct,
		},
	} {
		v := &consentVendor{}
		e := newEnv(t, withConsents(v))
		c := e.createConnection("books")
		e.vendor.status = domain.LinkStatus{NeedsReauth: name == "the status says so"}
		v.report = domain.ConsentReport{Status: domain.ReportedRevoked}
		v.onAccounts = func() error { return failure }
		id := e.requestFullPull(c)
		e.runPull(id)
		code := domain.VendorUnreachable
		if errors.Is(failure, domain.ErrHolderMustAct) {
			code = domain.ReauthRequired
		}
		e.wantPull(id, domain.PullQueued, code)
		stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
		e.noError(err)
		if !stored.Health.NeedsReauth || stored.Consent.Status != domain.ReportedRevoked {
			t.Errorf("%s: the health is %+v, the consent %+v", name, stored.Health, stored.Consent)
		}
	}
}

// TestARequestThatTellsOfARevokedConsentRevokesIt checks that the health has the same reason whichever request of the
// vendor says that the holder has withdrawn the consent.
func TestARequestThatTellsOfARevokedConsentRevokesIt(t *testing.T) {
	revoked := &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied, Cause: domain.ErrConsentRevoked}
	for name, state := range map[string]domain.PullState{
		"status": domain.PullFailed, "accounts": domain.PullFailed, "rows": domain.PullFailed,
		"bills": domain.PullSucceeded, "status, as a status": domain.PullSucceeded,
	} {
		t.Run(name, func(t *testing.T) {
			e, v := newBillEnv(t)
			c := e.createConnection("cards")
			v.status.ConsentExpiresAt = e.clock.Now().Add(time.Hour)
			e.runPull(e.requestFullPull(c))
			switch name {
			case "status":
				v.onCheck = func() error { return revoked }
			case "status, as a status":
				v.status = domain.LinkStatus{NeedsReauth: true, ConsentRevoked: true}
			case "accounts":
				v.accountsFail = revoked
			case "rows":
				v.onRead = func(domain.Step, string) (*ports.VendorPage, error) { return nil, revoked }
			case "bills":
				v.fails[account] = revoked
			}
			id := e.requestFullPull(c)
			e.runPull(id)
			e.wantPull(id, state, map[bool]domain.Code{true: domain.AccessDenied}[state == domain.PullFailed])
			stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
			e.noError(err)
			h := stored.Health.At(e.clock.Now(), stored.Consent)
			if h.Reason != domain.ConsentTaken || !h.NeedsReauth || stored.Consent.Status != domain.ReportedRevoked {
				t.Errorf("the health is %+v, the consent %+v", h, stored.Consent)
			}
		})
	}
}

// TestAPullShowsTheStatusThatItReadLast checks that the holder must sign in if the vendor says so after the last page
// only: the status from before the first page is older.
func TestAPullShowsTheStatusThatItReadLast(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.runPull(e.requestFullPull(c))
	e.vendor.rows = []domain.TransactionData{row("a", "Rent")}
	e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
		e.vendor.status.NeedsReauth, e.vendor.status.SyncComplete = true, false
		return &ports.VendorPage{Transactions: domain.RawTransactionsOf(e.vendor.rows...)}, nil
	}
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullSucceeded, "")
	stored, err := e.deps.Connections.Get(e.ctx, c.Tenant, c.Kind, c.ID)
	e.noError(err)
	if stored.Health.Status != domain.Healthy || !stored.Health.NeedsReauth {
		t.Errorf("the health is %+v, want healthy, with a holder who must sign in", stored.Health)
	}
}

func TestMissingWebhooksAreExaminedInBatches(t *testing.T) {
	e := newEnv(t, func(d *application.Deps) { d.WebhookSilenceGrace = 2 * time.Hour })
	due := e.clock.Now().Add(-3 * time.Hour)
	e.vendor.status.Schedule = domain.SyncSchedule{NextAt: due}
	names := []string{"a", "b", "c"}
	for _, name := range names {
		c := e.createConnection(name)
		e.runPull(e.requestFullPull(c))
		e.mintToken(c)
	}
	for i, want := range []int{2, 1, 0} {
		n, err := e.NoticeSilence(e.ctx, 2)
		e.noError(err)
		if n != want {
			t.Errorf("round %d examined %d, want %d", i, n, want)
		}
	}
	missed := eventsOf[ports.WebhookMissed](e.events)
	if len(missed) != len(names) {
		t.Fatalf("%d events", len(missed))
	}
	for _, m := range missed {
		e.runPull(m.Pull)
		p := e.wantPull(m.Pull, domain.PullSucceeded, "")
		if !m.BecameSilent || p.Trigger != domain.TriggerSilence {
			t.Errorf("%+v %s", m, p.Trigger)
		}
	}
	count, err := e.CountAttention(e.ctx)
	e.noError(err)
	if count.Silent != len(names) {
		t.Errorf("%+v", count)
	}
}

func TestAStoreFailureEndsTheRoundOfMissingWebhooks(t *testing.T) {
	e := newEnv(t)
	e.vendor.status.Schedule = domain.SyncSchedule{NextAt: e.clock.Now().Add(-time.Hour)}
	c := e.createConnection("a")
	e.runPull(e.requestFullPull(c))
	e.mintToken(c)
	restore := e.failOperation("Pulls.PassWebhook")
	_, err := e.NoticeSilence(e.ctx, 2)
	e.wantError(err, domain.StoreUnavailable)
	restore()
	n, err := e.NoticeSilence(e.ctx, 2)
	e.noError(err)
	if n != 1 {
		t.Errorf("%d examined after the failure, want 1", n)
	}
}

// TestAListProvesAnAbsenceOnlyIfItWasReadWithTheConsent checks the lists of a pull around a renewal of the consent. The
// renewed consent has a key of its own.
func TestAListProvesAnAbsenceOnlyIfItWasReadWithTheConsent(t *testing.T) {
	granted := func(key string) domain.ConsentReport {
		return domain.ConsentReport{Status: domain.ReportedGranted, Key: key}
	}
	revoked := domain.ConsentReport{Status: domain.ReportedRevoked, Key: "k"}
	for name, tc := range map[string]struct {
		stored, before, after domain.ConsentReport // the reports of an earlier pull, and around the list of this pull
		proves                bool
	}{
		"granted all the time":              {granted("k"), granted("k"), granted("k"), true},
		"revoked before":                    {granted("k"), revoked, revoked, false},
		"revoked during the list":           {granted("k"), granted("k"), revoked, false},
		"still revoked":                     {revoked, revoked, revoked, false},
		"renewed before the list":           {revoked, granted("k2"), granted("k2"), true},
		"renewed during the list":           {revoked, revoked, granted("k2"), false},
		"renewed and revoked again":         {revoked, granted("k2"), revoked, false},
		"revoked and renewed since":         {granted("k"), granted("k"), granted("k2"), false},
		"renewed before, and again after":   {revoked, granted("k2"), granted("k3"), false},
		"revoked without a key, then known": {granted(""), granted("k"), granted("k"), true},
	} {
		t.Run(name, func(t *testing.T) {
			v := &consentVendor{report: tc.stored}
			e := newEnv(t, withConsents(v))
			e.vendor.setRows("r1", "r2")
			c := e.createConnection("books")
			e.runPull(e.requestFullPull(c))
			e.runPull(e.requestFullPull(c))
			e.vendor.setRows("r1")
			v.report = tc.before
			e.vendor.onRead = func(domain.Step, string) (*ports.VendorPage, error) {
				v.report = tc.after
				return nil, nil
			}
			e.runPull(e.requestFullPull(c))
			want := []string{"r1 v1", "r2 v1"}
			if tc.proves {
				want[1] = "r2 v2 removed"
			}
			if diff := cmp.Diff(want, e.storedRows(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoBankReadingWithoutConsent checks that the time of a bank reading stays if the vendor states a later one
// although the consent has ended.
func TestNoBankReadingWithoutConsent(t *testing.T) {
	for name, tc := range map[string]struct {
		report domain.ConsentReport
		moves  bool
	}{
		"granted": {domain.ConsentReport{Status: domain.ReportedGranted}, true},
		"unknown": {domain.ConsentReport{}, true},
		"revoked": {domain.ConsentReport{Status: domain.ReportedRevoked}, false},
		"expired": {domain.ConsentReport{Status: domain.ReportedExpired}, false},
		"expired since": {domain.ConsentReport{
			Status: domain.ReportedGranted, ExpiresAt: epoch.Add(time.Hour),
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := &consentVendor{}
			e := newEnv(t, withConsents(v))
			e.vendor.setRows("r1")
			c := e.createConnection("books")
			readAt := e.clock.Now()
			state := func(at time.Time) {
				e.vendor.status.Bank = &domain.BankReading{Bank: domain.ProductReading{At: at}}
			}
			state(readAt)
			e.runPull(e.requestFullPull(c))
			e.clock.pass(72 * time.Hour)
			v.report = tc.report
			later := e.clock.Now()
			state(later)
			if tc.moves {
				readAt = later
			}
			e.runPull(e.requestFullPull(c))
			accounts, err := e.ListAccounts(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 10})
			e.noError(err)
			if len(accounts.Items) == 0 {
				t.Fatal("there is no account")
			}
			for _, a := range accounts.Items {
				if !a.BankReadAt.Equal(readAt) {
					t.Errorf("%s was read at %v, want %v", a.ExternalID, a.BankReadAt, readAt)
				}
			}
		})
	}
}

// TestAConnectionThatCannotBeChangedKeepsNoOtherWaiting checks that the waits of other connections end all the same.
func TestAConnectionThatCannotBeChangedKeepsNoOtherWaiting(t *testing.T) {
	e := newEnv(t)
	e.vendor.status = domain.LinkStatus{Device: domain.IsWaiting}
	for _, name := range []string{"first", "second"} {
		e.runPull(e.requestFullPull(e.createConnection(name)))
		e.clock.pass(time.Minute)
	}
	e.clock.pass(domain.DeviceWait)
	updates := 0
	e.fault = func(op string) error {
		if op == "Connections.Update" {
			if updates++; updates == 1 {
				return unavailable(domain.StoreUnavailable)
			}
		}
		return nil
	}
	n, err := e.NoticeConsents(e.ctx, 10)
	if n != 2 || err == nil || updates != 2 {
		t.Errorf("%d connections, %d changes, error %v", n, updates, err)
	}
}
