package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// TestRefreshesHaveABudgetOfTheirOwn requests forty refreshes of an item in quick succession: 35 by one tenant, and 5
// by another one. The simulator has the vendor's limits. The refreshes must not delay a pull of the other tenant.
func TestRefreshesHaveABudgetOfTheirOwn(t *testing.T) {
	limited := func(o *pluggysim.Options) { o.RateLimit = pluggysim.RealRateLimit }
	vendorsLimits := func(s *setup) { s.over.PerMinute = 0 }
	each(t, func(t *testing.T, w *env) {
		b, o, other := newPluggy(t, limited), w.operator(t), w.operator(t)
		id, theirs := o.connect(b, "main"), other.connect(b, "main")
		other.send(http.MethodPost, pathOf(theirs, "/refresh"), nil).want(http.StatusAccepted)
		accepted, begun := map[string]int{}, time.Now()
		for i := range 40 {
			o := o
			if i >= 35 {
				o, id = other, theirs
			}
			a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
			if a.status == http.StatusAccepted {
				accepted[o.tenant]++
				continue
			}
			a.problem(http.StatusTooManyRequests, "MTCH-0009")
			least := 60 - int(time.Since(begun).Seconds()) - 2 // until the first refresh is a minute old, less 2 s
			if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < max(least, 1) || s > 62 {
				t.Errorf("Retry-After: %q, want %d to 62", a.header.Get("Retry-After"), max(least, 1))
			}
		}
		if accepted[o.tenant] != 15 || accepted[other.tenant] != 4 {
			t.Errorf("accepted %d and %d refreshes, want 15 and 4 more", accepted[o.tenant], accepted[other.tenant])
		}
		other.pullNow(theirs)
		if time.Since(begun) < 50*time.Second {
			// The pull has not waited for the budget of refreshes, which is still used up.
			other.send(http.MethodPost, pathOf(theirs, "/refresh"), nil).
				problem(http.StatusTooManyRequests, "MTCH-0009")
		}
		got := other.get(pathOf(theirs, "/health")).want(http.StatusOK).json()["thisMonth"].(object)
		if got["refreshes"] != 5.0 || got["pulls"] != 1.0 {
			t.Errorf("thisMonth is %v", got)
		}
		for resource, of := range b.sim.Stats().Resources {
			if of.Limited > 0 {
				t.Errorf("%s: %d of %d requests got a 429", resource, of.Limited, of.Requests)
			}
		}
	}, vendorsLimits)
}

// A 429 of the vendor to a refresh blocks refreshes only.
func TestA429ToARefreshDoesNotBlockPulls(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id := o.connect(b, "main")
		b.inject(t, fault{
			path: "/items/" + b.item, kind: "status", status: http.StatusTooManyRequests, times: 1, retryAfter: "300",
		})
		a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
		a.problem(http.StatusTooManyRequests, "MTCH-0009")
		o.pullNow(id) // must not wait for the five minutes of Retry-After
		a = o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
		a.problem(http.StatusTooManyRequests, "MTCH-0009")
	}, func(s *setup) { s.over.PerMinute = 0 })
}

// The answer to a refused refresh must tell the caller what helps, with the vendor's code.
func TestARefusedRefreshSaysWhatHelps(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		id := o.connect(b, "main")
		refuse := func(status int, code, data string) response {
			t.Helper()
			body := fmt.Sprintf(`{"code":%d,"codeDescription":%q,"message":"refused","data":{%s}}`, status, code, data)
			b.inject(t, fault{path: "/items/" + b.item, kind: "status", status: status, body: body, times: 1})
			a := o.send(http.MethodPost, pathOf(id, "/refresh"), nil)
			if upstream, _ := a.json()["upstream"].(object); upstream["code"] != code {
				t.Errorf("%s: upstream is %v", code, a.json()["upstream"])
			}
			return a
		}
		retry := func(a response, least, most int) {
			t.Helper()
			a.problem(http.StatusTooManyRequests, "MTCH-0009")
			if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < least || s > most {
				t.Errorf("Retry-After: %q, want %d to %d", a.header.Get("Retry-After"), least, most)
			}
		}
		at := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
		named := `"canRetryAfterDate":"` + at(15*time.Minute) + `"`
		retry(refuse(400, "TOO_MANY_CONSECUTIVE_LOGIN_FAILURES", named), 870, 900)
		retry(refuse(409, "CLIENT_IS_UPDATING_BEFORE_ALLOWED_FREQUENCY",
			`"minUpdateFrequencyAllowedInHours":12,"lastUpdatedAt":"`+at(-10*time.Minute)+`"`), 42_570, 42_600)
		retry(refuse(409, "ITEM_IN_ERROR_COOLDOWN", ""), 3600, 3600)
		retry(refuse(409, "CONNECTOR_OFFLINE", ""), 3600, 3600)
		for _, code := range []string{
			"TOO_MANY_CONSECUTIVE_ERRORS", "ITEM_ORIGINAL_CONNECTED_WITH_DIFFERENT_ACCOUNT",
			"CLIENT_HAS_ITEM_UPDATES_DISABLED", "SANDBOX_CLIENT_ITEM_UPDATE_NOT_ALLOWED",
		} {
			refuse(409, code, "").problem(http.StatusConflict, "MTCH-0007")
		}
		refuse(404, "ITEM_NOT_FOUND", "").refused(t, "account_not_found")
		health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if health["needsReauth"] != false || health["health"] == "unhealthy" {
			t.Errorf("the health before the holder must sign in is %v", health)
		}
		refuse(400, "LAST_EXECUTION_HAD_LOGIN_ERROR", "").refused(t, "reauth_required")
		health = o.get(pathOf(id, "/health")).want(http.StatusOK).json()
		if health["needsReauth"] != true || health["reason"] != "reauth_required" {
			t.Errorf("the health after the vendor has asked for a sign-in is %v", health)
		}
		if usage := health["thisMonth"].(object); usage["refreshes"] != 0.0 {
			t.Errorf("thisMonth is %v, want no refresh", usage)
		}
	})
}
