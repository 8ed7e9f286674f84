package domain_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var consentNow = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func TestTheStateOfAConsentFollowsTheTime(t *testing.T) {
	until := func(after time.Duration) domain.Consent {
		return domain.Consent{Status: domain.ReportedGranted, ExpiresAt: consentNow.Add(after)}
	}
	far := domain.Consent{
		Status: domain.ReportedGranted, ExpiresAt: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	for name, test := range map[string]struct {
		consent domain.Consent
		want    domain.ConsentState
	}{
		"nothing was reported":    {domain.Consent{}, domain.ConsentUnknown},
		"no expiry":               {domain.Consent{Status: domain.ReportedGranted}, domain.ConsentActive},
		"far future":              {far, domain.ConsentActive},
		"31 days":                 {until(31 * 24 * time.Hour), domain.ConsentActive},
		"30 days":                 {until(30 * 24 * time.Hour), domain.ConsentExpiring},
		"a moment":                {until(1), domain.ConsentExpiring},
		"now":                     {until(0), domain.ConsentExpired},
		"before":                  {until(-1), domain.ConsentExpired},
		"soon, nobody knows when": {domain.Consent{Status: domain.ReportedExpiring}, domain.ConsentExpiring},
		"soon, and a date in a year": {
			domain.Consent{Status: domain.ReportedExpiring, ExpiresAt: consentNow.AddDate(1, 0, 0)},
			domain.ConsentActive,
		},
		"reported as expired": {domain.Consent{Status: domain.ReportedExpired}, domain.ConsentExpired},
		"revoked, although it is not over": {
			domain.Consent{Status: domain.ReportedRevoked, ExpiresAt: consentNow.AddDate(1, 0, 0)},
			domain.ConsentRevoked,
		},
	} {
		if got := test.consent.State(consentNow); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestReportsChangeAConsent(t *testing.T) {
	day := func(n int) time.Time { return consentNow.AddDate(0, 0, n) }
	granted := func(key string, expires time.Time) domain.ConsentReport {
		return domain.ConsentReport{Status: domain.ReportedGranted, Key: key, ExpiresAt: expires}
	}
	ended := func(expires time.Time) domain.ConsentReport {
		return domain.ConsentReport{Status: domain.ReportedExpired, Key: "a", ExpiresAt: expires}
	}
	of := func(status domain.ConsentStatus, key string) domain.ConsentReport {
		return domain.ConsentReport{Status: status, Key: key}
	}
	read := func(at time.Time) domain.ConsentReport { return domain.ConsentReport{InForceAt: at} }
	readWith := func(expires, at time.Time) domain.ConsentReport {
		return domain.ConsentReport{Status: domain.ReportedGranted, ExpiresAt: expires, InForceAt: at}
	}
	for name, test := range map[string]struct {
		reports []domain.ConsentReport
		want    domain.ConsentState
		expires time.Time
	}{
		"revoked, and the bank was read before": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, ""), read(consentNow)},
			domain.ConsentRevoked, time.Time{},
		},
		"revoked, and the bank was read later": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, ""), read(consentNow.Add(1))},
			domain.ConsentActive, time.Time{},
		},
		"revoked, and the bank was read later with another expiry": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, ""), readWith(day(90), consentNow.Add(1))},
			domain.ConsentActive, day(90),
		},
		"expired, and the bank was read before": {
			[]domain.ConsentReport{ended(day(-2)), read(day(-2))}, domain.ConsentExpired, day(-2),
		},
		"expired, and the bank was read later": {
			[]domain.ConsentReport{ended(day(-2)), read(day(-1))}, domain.ConsentActive, time.Time{},
		},
		"its date has passed, and the bank was read later": {
			[]domain.ConsentReport{granted("a", day(-2)), read(day(-1)), read(day(-1))},
			domain.ConsentActive, time.Time{},
		},
		"its date has passed, is still stated, and the bank was read later": {
			[]domain.ConsentReport{
				readWith(day(-2), day(-3)), readWith(day(-2), day(-1)), readWith(day(-2), day(-1)),
			},
			domain.ConsentActive, time.Time{},
		},
		"its date has passed, is still stated, and the bank was read before": {
			[]domain.ConsentReport{readWith(day(-2), day(-3)), readWith(day(-2), day(-3))},
			domain.ConsentExpired, day(-2),
		},
		"unknown, and the bank was read": {[]domain.ConsentReport{read(day(0))}, domain.ConsentUnknown, time.Time{}},
		"the bank was read, and then revoked": {
			[]domain.ConsentReport{read(day(0)), of(domain.ReportedRevoked, "")}, domain.ConsentRevoked, time.Time{},
		},
		"nothing": {[]domain.ConsentReport{granted("a", day(90)), {}}, domain.ConsentActive, day(90)},
		"an expiry is lost": {
			[]domain.ConsentReport{granted("a", day(90)), of(domain.ReportedGranted, "a")},
			domain.ConsentActive, day(90),
		},
		"an expiry is taken back": {
			[]domain.ConsentReport{granted("a", day(9)), {Status: domain.ReportedGranted, Key: "a", NoExpiry: true}},
			domain.ConsentActive, time.Time{},
		},
		"extended": {
			[]domain.ConsentReport{granted("a", day(-1)), granted("a", day(90))},
			domain.ConsentActive, day(90),
		},
		"revoked, and shown again": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, "a"), granted("a", day(90))},
			domain.ConsentRevoked, time.Time{},
		},
		"revoked, and shown without key": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, "a"), granted("", day(90))},
			domain.ConsentRevoked, time.Time{},
		},
		"revoked, and extended": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, "a"), granted("a", day(190))},
			domain.ConsentRevoked, time.Time{},
		},
		"revoked, and another one": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, "a"), granted("b", day(90))},
			domain.ConsentActive, day(90),
		},
		"revoked, and renewed": {
			[]domain.ConsentReport{of(domain.ReportedRevoked, "a"), of(domain.ReportedRenewed, "a")},
			domain.ConsentActive, time.Time{},
		},
		"expired, nobody knows when": {
			[]domain.ConsentReport{of(domain.ReportedExpired, "a")},
			domain.ConsentExpired, consentNow,
		},
		"expired before its date": {
			[]domain.ConsentReport{granted("a", day(9)), of(domain.ReportedExpired, "a")},
			domain.ConsentExpired, consentNow,
		},
		"expired, and a late notice": {
			[]domain.ConsentReport{
				of(domain.ReportedExpired, "a"), {Status: domain.ReportedExpiring, Key: "a", ExpiresAt: day(9)},
			},
			domain.ConsentExpired, consentNow,
		},
		"expired, and a late notice of the same date": {
			[]domain.ConsentReport{
				ended(day(-1)),
				{Status: domain.ReportedExpiring, Key: "a", ExpiresAt: day(-1)},
				granted("a", day(-1)), of(domain.ReportedGranted, "a"),
			},
			domain.ConsentExpired, day(-1),
		},
		"expired, and extended": {
			[]domain.ConsentReport{ended(day(-1)), granted("a", day(90))},
			domain.ConsentActive, day(90),
		},
		"expired, and soon again after a long time": {
			[]domain.ConsentReport{
				ended(day(-80)),
				{Status: domain.ReportedExpiring, Key: "a", ExpiresAt: day(12)},
			},
			domain.ConsentExpiring, day(12),
		},
		"extended, and a late end of the time before": {
			[]domain.ConsentReport{granted("a", day(90)), ended(day(-1))},
			domain.ConsentActive, day(90),
		},
		"shortened": {
			[]domain.ConsentReport{granted("a", day(90)), granted("a", day(30))}, domain.ConsentExpiring, day(30),
		},
		"extended, and the end of another one": {
			[]domain.ConsentReport{
				granted("a", day(90)), {Status: domain.ReportedExpired, Key: "b", ExpiresAt: day(-1)},
			},
			domain.ConsentExpired, day(-1),
		},
		"shown and revoked without key, and another one": {
			[]domain.ConsentReport{
				granted("a", day(90)), granted("", day(90)), of(domain.ReportedRevoked, ""), granted("b", day(80)),
			},
			domain.ConsentActive, day(80),
		},
		"extended, and expired at that time": {
			[]domain.ConsentReport{granted("a", day(90)), ended(day(90))},
			domain.ConsentExpired, consentNow,
		},
		"expired, and then revoked": {
			[]domain.ConsentReport{of(domain.ReportedExpired, "a"), of(domain.ReportedRevoked, "a")},
			domain.ConsentRevoked, consentNow,
		},
		"renewed without a date": {
			[]domain.ConsentReport{granted("a", day(-9)), of(domain.ReportedRenewed, "a")},
			domain.ConsentActive, time.Time{},
		},
	} {
		var c domain.Consent
		for _, r := range test.reports {
			c = c.After(r, consentNow)
		}
		if got := c.State(consentNow); got != test.want || !c.ExpiresAt.Equal(test.expires) {
			t.Errorf("%s: %s %v, want %s %v", name, got, c.ExpiresAt, test.want, test.expires)
		}
	}
}

func TestTheBeginningOfAnExpiryIsNoticedOnce(t *testing.T) {
	report := domain.ConsentReport{Status: domain.ReportedGranted, Key: "a", ExpiresAt: consentNow.AddDate(0, 0, 40)}
	c := domain.Consent{}.After(report, consentNow)
	begins := report.ExpiresAt.Add(-domain.ConsentNotice)
	if !c.NoticeAt.Equal(begins) || !c.After(report, consentNow).NoticeAt.Equal(begins) {
		t.Errorf("it is noticed at %v, want %v", c.NoticeAt, begins)
	}
	c = c.Noticed()
	if again := c.After(report, begins.Add(time.Hour)); !again.NoticeAt.IsZero() {
		t.Errorf("it is noticed again at %v", again.NoticeAt)
	}
	report.ExpiresAt = report.ExpiresAt.Add(time.Hour)
	if moved := c.After(report, begins.Add(2*time.Hour)); !moved.NoticeAt.IsZero() {
		t.Errorf("it is noticed again at %v because the expiry has moved", moved.NoticeAt)
	}
	report.ExpiresAt = report.ExpiresAt.AddDate(1, 0, 0)
	if renewed := c.After(report, begins.Add(2*time.Hour)); renewed.NoticeAt.IsZero() {
		t.Error("the renewed consent is never noticed")
	}
	revoked := c.After(domain.ConsentReport{Status: domain.ReportedRevoked, Key: "a"}, begins)
	if !revoked.NoticeAt.IsZero() {
		t.Error("a revoked consent is noticed as expiring")
	}
}

func TestAnExpiryThatIsReportedWithoutADateIsNoticedAtOnce(t *testing.T) {
	for name, before := range map[string]domain.Consent{
		"a consent without expiry": {Status: domain.ReportedGranted, Key: "a"},
		"an unknown consent":       {},
	} {
		report := domain.ConsentReport{Status: domain.ReportedExpiring, Key: "a"}
		c := before.After(report, consentNow)
		if !c.NoticeAt.Equal(consentNow) {
			t.Errorf("%s: it is noticed at %v", name, c.NoticeAt)
		}
		if again := c.Noticed().After(report, consentNow.Add(time.Hour)); !again.NoticeAt.IsZero() {
			t.Errorf("%s: it is noticed again at %v", name, again.NoticeAt)
		}
	}
	expired := domain.Consent{}.After(domain.ConsentReport{Status: domain.ReportedExpired, Key: "a"}, consentNow)
	report := domain.ConsentReport{Status: domain.ReportedExpiring, Key: "b"}
	if next := expired.Noticed().After(report, consentNow.Add(time.Hour)); !next.NoticeAt.IsZero() {
		t.Errorf("a consent that follows an expired one is noticed again at %v", next.NoticeAt)
	}
}

func TestTimesOfAVendorAreParsedOrRefused(t *testing.T) {
	for text, want := range map[string]bool{
		"2026-12-26T10:45:58.000Z": true, "2026-12-26": true, "2026-12-26T10:45:58-03:00": true,
		"9999-12-31T23:59:59Z": true, "": false, "soon": false, "10000-01-01T00:00:00Z": false,
		"0000-01-01T00:00:00Z": false, "1970-01-01": true, "1969-12-31": false,
		"2026-13-01": false, "9999-12-31T23:59:59-23:00": false,
	} {
		if _, ok := domain.ParseConsentTime(text); ok != want {
			t.Errorf("%q: %v, want %v", text, ok, want)
		}
	}
}

// A WebhookWatch must report each missed synchronisation only once. After a webhook has arrived, the state must not
// be WebhookSilent.
func TestEachSynchronisationIsMissedAtMostOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w domain.WebhookWatch
		missed := map[time.Time]int{}
		now := consentNow
		every := rapid.SampledFrom([]time.Duration{0, 6 * time.Hour, 30 * 24 * time.Hour}).Draw(t, "every")
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(-3, 30).Draw(t, "hours")) * time.Hour)
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				next := consentNow.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "next")) * 12 * time.Hour)
				w = w.After(domain.SyncSchedule{NextAt: next, Every: every, NewsOnly: every > 0})
			case 1:
				before := w
				if w.DueAt.IsZero() || w.DueAt.After(now) {
					continue
				}
				evidence := domain.Evidence{
					HasToken: rapid.Bool().Draw(t, "token"),
					Heard:    rapid.Bool().Draw(t, "heard"),
				}
				var late bool
				if w, late = w.Pass(evidence, now); late {
					missed[before.DueAt]++
				}
				if late && (evidence.Heard || !evidence.HasToken) {
					t.Fatalf("missed with %+v", evidence)
				}
				if !w.DueAt.IsZero() && !w.DueAt.After(now) {
					t.Fatalf("at %v it awaits %v again", now, w.DueAt)
				}
			case 2:
				if w = w.AfterWebhook(); w.State(
					now,
					0,
					domain.Evidence{HasToken: true},
					now,
					false,
				) == domain.WebhookSilent {
					t.Fatal("silent after a webhook")
				}
			case 3:
				evidence := domain.Evidence{
					HasToken: rapid.Bool().Draw(t, "token"),
					Heard:    rapid.Bool().Draw(t, "heard"),
				}
				paused := rapid.Bool().Draw(t, "paused")
				state := w.State(now, time.Hour, evidence, time.Time{}, paused)
				if state == domain.WebhookSilent &&
					(paused || evidence.Heard || !evidence.HasToken || w.MissedAt.IsZero()) {
					t.Fatalf("silent with %+v, paused %v, %+v", evidence, paused, w)
				}
			}
		}
	})
}

func TestAWebhookWatch(t *testing.T) {
	at := consentNow
	pluggy := domain.WebhookWatch{}.After(domain.SyncSchedule{NextAt: at})
	if by := pluggy.ExpectedBy(2*time.Hour, true); !by.Equal(at.Add(2 * time.Hour)) {
		t.Errorf("expected by %v", by)
	}
	if by := pluggy.ExpectedBy(2*time.Hour, false); !by.IsZero() {
		t.Errorf("without a token expected by %v", by)
	}
	token := domain.Evidence{HasToken: true}
	silent, missed := pluggy.Pass(token, at.Add(2*time.Hour))
	if !missed || !silent.BecameSilent(pluggy) || !silent.DueAt.IsZero() {
		t.Errorf("%v %+v", missed, silent)
	}
	if again := silent.After(domain.SyncSchedule{NextAt: at}); again != silent {
		t.Errorf("the same synchronisation is awaited again: %+v", again)
	}
	next, missed := silent.After(domain.SyncSchedule{NextAt: at.AddDate(0, 0, 1)}).Pass(token, at.AddDate(0, 0, 2))
	if !missed || next.BecameSilent(silent) || !next.MissedAt.Equal(at) {
		t.Errorf("the second missed synchronisation: %v %+v", missed, next)
	}
	if state := silent.State(at, 2*time.Hour, token, at, false); state != domain.WebhookActive {
		t.Errorf("after the clock was set back it is %s", state)
	}
	heard, missed := next.Pass(domain.Evidence{HasToken: true, Heard: true}, at.AddDate(0, 0, 3))
	if missed || !heard.MissedAt.IsZero() {
		t.Errorf("a webhook that came: %v %+v", missed, heard)
	}
	tokenless, missed := pluggy.Pass(domain.Evidence{}, at.Add(2*time.Hour))
	if missed || !tokenless.MissedAt.IsZero() || !tokenless.DueAt.IsZero() {
		t.Errorf("without a token: %v %+v", missed, tokenless)
	}
	if again := tokenless.Awaiting(); !again.DueAt.Equal(at) {
		t.Errorf("a connection that has got a token awaits %v", again.DueAt)
	}
	later := pluggy.After(domain.SyncSchedule{NextAt: at.AddDate(0, 0, 1)})
	later.DueAt = at
	if again := later.Awaiting(); !again.DueAt.Equal(at) {
		t.Errorf("a connection that awaits a webhook already awaits %v", again.DueAt)
	}
	old := domain.WebhookWatch{}.After(domain.SyncSchedule{NextAt: at.AddDate(-400, 0, 0), Every: 6 * time.Hour})
	if passed, _ := old.Pass(token, at); !passed.DueAt.After(at) || passed.DueAt.After(at.Add(6*time.Hour)) {
		t.Errorf("after 400 years, %v is awaited", passed.DueAt)
	}
	belvo := domain.WebhookWatch{}.After(domain.SyncSchedule{NextAt: at, Every: 6 * time.Hour, NewsOnly: true})
	quiet, missed := belvo.Pass(token, at.Add(20*time.Hour))
	if !missed || !quiet.MissedAt.IsZero() || !quiet.DueAt.Equal(at.Add(24*time.Hour)) {
		t.Errorf("%v %+v", missed, quiet)
	}
	if w := quiet.AfterPull(at, false, false); !w.MissedAt.IsZero() {
		t.Error("silent without news")
	}
	if w := quiet.AfterPull(at, true, true); !w.MissedAt.IsZero() {
		t.Error("silent although a webhook arrived")
	}
	if w := quiet.AfterPull(at, true, false); !w.BecameSilent(quiet) {
		t.Error("not silent although there was news")
	}
}

func TestScopesKeepReportsAboutTheConsent(t *testing.T) {
	report := func(status domain.ConsentStatus) domain.PullScope {
		return domain.PullScope{Consents: []domain.ConsentReport{{Status: status}}}
	}
	merged := domain.MergeScopes([]domain.PullScope{
		report(domain.ReportedRevoked), {Everything: true, Unheard: consentNow}, report(domain.ReportedRenewed),
		report(domain.ReportedRevoked),
	})
	if len(merged.Consents) != 2 || merged.Consents[1].Status != domain.ReportedRevoked ||
		!merged.Unheard.Equal(consentNow) {
		t.Errorf("%+v", merged)
	}
	if replayed := merged.Replayed(); replayed.Consents != nil {
		t.Errorf("a replay repeats %+v", replayed.Consents)
	}
	many := make([]domain.PullScope, 100)
	for i := range many {
		many[i].Consents = []domain.ConsentReport{
			{Status: domain.ReportedGranted, ExpiresAt: consentNow.AddDate(0, 0, i)},
		}
	}
	if kept := domain.MergeScopes(many).Consents; len(kept) != domain.MaxConsentReports ||
		!kept[len(kept)-1].ExpiresAt.Equal(consentNow.AddDate(0, 0, 99)) {
		t.Errorf("%d reports are kept", len(kept))
	}
}
