package belvo

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestCheckReportsWhenTheVendorRefreshesTheLink(t *testing.T) {
	const accessed = "2026-11-19T09:00:00.000000Z"
	next := func(every time.Duration) domain.SyncSchedule {
		at := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
		return domain.SyncSchedule{NextAt: at.Add(every), Every: every, NewsOnly: true}
	}
	for name, test := range map[string]struct {
		edit func(*belvosim.Link)
		want domain.SyncSchedule
	}{
		"every six hours":  {func(l *belvosim.Link) { l.RefreshRate = "6h" }, next(6 * time.Hour)},
		"every month":      {func(l *belvosim.Link) { l.RefreshRate = "30d" }, next(30 * 24 * time.Hour)},
		"single":           {func(l *belvosim.Link) { l.AccessMode = "single" }, domain.SyncSchedule{}},
		"an unknown rate":  {func(l *belvosim.Link) { l.RefreshRate = "-1h" }, domain.SyncSchedule{}},
		"no rate":          {func(l *belvosim.Link) { l.RefreshRate = "" }, domain.SyncSchedule{}},
		"no access":        {func(l *belvosim.Link) { l.LastAccessedAt = "" }, domain.SyncSchedule{}},
		"not a time":       {func(l *belvosim.Link) { l.LastAccessedAt = "yesterday" }, domain.SyncSchedule{}},
		"not a valid link": {func(l *belvosim.Link) { l.Status = belvosim.LinkInvalid }, domain.SyncSchedule{}},
	} {
		t.Run(name, func(t *testing.T) {
			sim, a, access := newSimulatedVendor(t, belvosim.Options{})
			if _, err := sim.UpdateLink(access.AccountRef, func(l *belvosim.Link) {
				l.RefreshRate, l.LastAccessedAt = "24h", accessed
				test.edit(l)
			}); err != nil {
				t.Fatal(err)
			}
			got, err := a.Check(t.Context(), access)
			if diff := cmp.Diff(test.want, got.Schedule); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestConsentEventsAreReported(t *testing.T) {
	key, due := domain.ConsentKey("c-1"), time.Date(2026, 12, 26, 10, 45, 58, 0, time.UTC)
	for name, test := range map[string]struct {
		code, data string
		want       domain.ConsentReport
		signal     domain.Signal
	}{
		"about to expire": {
			"openfinance_consent_about_to_expire", `{"consent_id":"c-1","consent_due_date":"2026-12-26T10:45:58.000Z"}`,
			domain.ConsentReport{Status: domain.ReportedExpiring, Key: key, ExpiresAt: due}, "",
		},
		"about to expire, nobody knows when": {
			"openfinance_consent_about_to_expire", `{"consent_id":"c-1","consent_due_date":"soon"}`,
			domain.ConsentReport{Status: domain.ReportedExpiring, Key: key}, "",
		},
		"with another expiry": {
			"openfinance_consent_expiration_changed",
			`{"consent_id":"c-1","consent_due_date":"2026-12-26T10:45:58.000Z"}`,
			domain.ConsentReport{Status: domain.ReportedGranted, Key: key, ExpiresAt: due}, domain.SignalRecovered,
		},
		"with another expiry that cannot be read": {
			"openfinance_consent_expiration_changed", `{"consent_id":"c-1","consent_due_date":null}`,
			domain.ConsentReport{Status: domain.ReportedGranted, Key: key}, "",
		},
		"expired": {
			"consent_expired", `{"consent_id":"c-1","consent_due_date":null}`,
			domain.ConsentReport{Status: domain.ReportedExpired, Key: key}, domain.SignalReauth,
		},
		"revoked, with members of other types": {
			"openfinance_consent_revoked", `{"consent_id":["c-1"],"consent_due_date":{"at":1}}`,
			domain.ConsentReport{Status: domain.ReportedRevoked}, domain.SignalReauth,
		},
		"revoked, without data": {
			"consent_rejected", `null`, domain.ConsentReport{Status: domain.ReportedRevoked}, domain.SignalReauth,
		},
		"renewed, far in the future": {
			"openfinance_consent_renewed", `{"consent_id":"c-1","consent_due_date":"12026-12-26T10:45:58Z"}`,
			domain.ConsentReport{Status: domain.ReportedRenewed, Key: key}, domain.SignalRecovered,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := fmt.Sprintf(`{"webhook_id":"w","webhook_type":"CONSENT","webhook_code":%q,"link_id":"l","data":%s}`,
				test.code, test.data)
			event, err := new(Adapter).Parse([]byte(body))
			want := domain.PullScope{Signal: test.signal, Consents: []domain.ConsentReport{test.want}}
			if diff := cmp.Diff(want, event.Scope); err != nil || diff != "" || !event.WantsPull {
				t.Errorf("%v, wants a pull: %v %s", err, event.WantsPull, diff)
			}
		})
	}
}
