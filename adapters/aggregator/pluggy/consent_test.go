package pluggy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestConsentIsTheOneThatWasGrantedLast(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	got, err := e.adapter.Consent(t.Context(), e.access)
	if err != nil || got != (domain.ConsentReport{}) {
		t.Fatalf("without a consent: %+v, %v", got, err)
	}
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	add := func(c pluggysim.Consent) pluggysim.Consent {
		c.ItemID = pluggysim.DemoItemID
		added, err := e.sim.AddConsent(c)
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	newer := add(pluggysim.Consent{CreatedAt: pluggysim.At(day(2)), ExpiresAt: pluggysim.At(day(20))})
	add(pluggysim.Consent{CreatedAt: pluggysim.At(day(1))})
	want := domain.ConsentReport{Status: domain.ReportedGranted, Key: domain.ConsentKey(newer.ID), ExpiresAt: day(20)}
	if got, err = e.adapter.Consent(t.Context(), e.access); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if err := e.sim.RevokeConsent(newer.ID); err != nil {
		t.Fatal(err)
	}
	want.Status = domain.ReportedRevoked
	if got, err = e.adapter.Consent(t.Context(), e.access); err != nil || got != want {
		t.Errorf("revoked: got %+v, %v, want %+v", got, err, want)
	}
	last := add(pluggysim.Consent{CreatedAt: pluggysim.At(day(3))})
	want = domain.ConsentReport{Status: domain.ReportedGranted, Key: domain.ConsentKey(last.ID), NoExpiry: true}
	if got, err = e.adapter.Consent(t.Context(), e.access); err != nil || got != want {
		t.Errorf("granted again: got %+v, %v, want %+v", got, err, want)
	}
}

// respondingEnv returns an environment whose server answers GET /consents with the text that body returns for the
// requested page. The simulator responds to all other requests.
func respondingEnv(t *testing.T, body func(page string) string) *env {
	t.Helper()
	e := newEnv(t, vendorhttp.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/consents" {
			_, _ = w.Write([]byte(body(r.URL.Query().Get("page"))))
			return
		}
		e.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	e.access.BaseURL = server.URL
	return e
}

// TestConsentGolden checks that a response in the form that the vendor documents is read correctly.
func TestConsentGolden(t *testing.T) {
	body, err := os.ReadFile("testdata/consents.json")
	if err != nil {
		t.Fatal(err)
	}
	e := respondingEnv(t, func(string) string { return string(body) })
	got, err := e.adapter.Consent(t.Context(), e.access)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/consents.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestConsentAcceptsEveryValue(t *testing.T) {
	granted := func(key string) domain.ConsentReport {
		return domain.ConsentReport{Status: domain.ReportedGranted, Key: domain.ConsentKey(key)}
	}
	revoked, dated, endless := granted("c"), granted("c"), granted("c")
	revoked.Status = domain.ReportedRevoked
	dated.ExpiresAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	endless.NoExpiry = true
	for name, test := range map[string]struct {
		results string
		want    domain.ConsentReport
	}{
		"no list":               {`null`, domain.ConsentReport{}},
		"entries of other kind": {`[null,1,"x",[],true]`, domain.ConsentReport{}},
		"not a date":            {`[{"id":"c","expiresAt":"tomorrow"}]`, granted("c")},
		"a number":              {`[{"id":"c","expiresAt":1e400}]`, granted("c")},
		"a year of five digits": {`[{"id":"c","expiresAt":"12026-01-01T00:00:00Z"}]`, granted("c")},
		"the last year":         {`[{"id":"c","expiresAt":"9999-12-31T23:59:59Z"}]`, dated},
		"before the epoch":      {`[{"id":"c","expiresAt":"0001-01-01T00:00:00Z"}]`, granted("c")},
		"null":                  {`[{"id":"c","expiresAt":null,"revokedAt":null,"createdAt":null}]`, endless},
		"revoked at no time":    {`[{"id":"c","expiresAt":"x","revokedAt":"once"}]`, revoked},
		"an object for an id": {
			`[{"id":{},"expiresAt":null}]`, domain.ConsentReport{Status: domain.ReportedGranted, NoExpiry: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := respondingEnv(t, func(string) string { return `{"totalPages":"many","results":` + test.results + `}` })
			got, err := e.adapter.Consent(t.Context(), e.access)
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestAListOfConsentsThatNeverEndsIsCut(t *testing.T) {
	pages := 0
	e := respondingEnv(t, func(page string) string {
		pages++
		many := strings.TrimSuffix(strings.Repeat(`{"id":"old","createdAt":"2020-01-01T00:00:00Z"},`, 2000), ",")
		return fmt.Sprintf(`{"totalPages":1000000,"results":[%s]}`, many)
	})
	got, err := e.adapter.Consent(t.Context(), e.access)
	if err != nil || got.Key != domain.ConsentKey("old") || pages != 5 {
		t.Errorf("%d pages, %+v, %v", pages, got, err)
	}
}

func TestAnItemWithOddTimesIsStillAnItem(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/items/") {
			_, _ = fmt.Fprintf(w, `{"id":%q,"status":"UPDATED","executionStatus":"SUCCESS","nextAutoSyncAt":[1],`+
				`"consentExpiresAt":{"at":"2026-01-01"}}`, e.access.AccountRef)
			return
		}
		e.sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	e.access.BaseURL = server.URL
	got, err := e.adapter.Check(t.Context(), e.access)
	if err != nil || !got.SyncComplete || !got.Schedule.NextAt.IsZero() || !got.ConsentExpiresAt.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckReportsTheNextSynchronisation(t *testing.T) {
	e := newEnv(t, vendorhttp.Config{})
	at := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	_, err := e.sim.UpdateItem(pluggysim.DemoItemID, func(i *pluggysim.Item) {
		i.NextAutoSyncAt, i.ConsentExpires = pluggysim.At(at), pluggysim.At(at.Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.adapter.Check(t.Context(), e.access)
	if err != nil || !got.Schedule.NextAt.Equal(at) || !got.ConsentExpiresAt.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
}
