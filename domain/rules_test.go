package domain_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestOnlyCanonicalIDsAreIDs(t *testing.T) {
	good := "01939d2e-7c1b-7e0a-8f00-0123456789ab"
	if id, err := domain.ParseID[domain.Connection](good); err != nil || id.String() != good {
		t.Fatalf("%v, %v", id, err)
	}
	for _, bad := range []string{
		"", "x", strings.ToUpper(good) + "0", "{" + good + "}", "urn:uuid:" + good,
		strings.ReplaceAll(good, "-", ""), uuid.Nil.String(), good + "\n",
	} {
		if _, err := domain.ParseID[domain.Connection](bad); !errors.Is(err, domain.NotFound) {
			t.Errorf("%q: got %v, want NotFound", bad, err)
		}
	}
}

func TestValidateBaseURL(t *testing.T) {
	tests := map[string]struct {
		url       string
		allowHTTP bool
		good      bool
	}{
		"https":               {"https://api.pluggy.ai", false, true},
		"a path and a port":   {"https://api.example.com:8443/v1/", false, true},
		"http when allowed":   {"http://127.0.0.1:8080", true, true},
		"http":                {"http://api.pluggy.ai", false, false},
		"upper-case scheme":   {"HTTPS://api.pluggy.ai", false, true},
		"empty":               {"", true, false},
		"relative":            {"/api", true, false},
		"no scheme":           {"api.pluggy.ai", true, false},
		"no host":             {"https://", true, false},
		"only a port":         {"https://:443", true, false},
		"opaque":              {"https:api.pluggy.ai", true, false},
		"userinfo":            {"https://user:pass@api.pluggy.ai", true, false},
		"an empty userinfo":   {"https://@api.pluggy.ai", true, false},
		"a query":             {"https://api.pluggy.ai?x=1", true, false},
		"an empty query":      {"https://api.pluggy.ai?", true, false},
		"a fragment":          {"https://api.pluggy.ai#x", true, false},
		"an empty fragment":   {"https://api.pluggy.ai#", true, false},
		"another scheme":      {"ftp://api.pluggy.ai", true, false},
		"a file":              {"file:///etc/passwd", true, false},
		"a control character": {"https://api.pluggy.ai/\n", true, false},
		"an invalid port":     {"https://api.pluggy.ai:65536", true, false},
		"port 0":              {"https://api.pluggy.ai:0", true, false},
		"an empty label":      {"https://api..pluggy.ai", true, false},
		"only a dot":          {"https://.", true, false},
		"a fully qualified name with a final dot": {"https://api.pluggy.ai.", true, true},
		"an IPv6 address":                         {"https://[2001:db8::1]:8443", true, true},
		"a space in the host":                     {"https://api pluggy.ai", true, false},
		"longer than the bound": {
			"https://api.pluggy.ai/" + strings.Repeat("a", domain.MaxBaseURL),
			true,
			false,
		},
	}
	for name, tt := range tests {
		err := domain.ValidateBaseURL(tt.url, tt.allowHTTP)
		if (err == nil) != tt.good {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && (err.Field != "baseUrl" || err.Kind != domain.Invalid) {
			t.Errorf("%s: the error does not name its field: %v", name, err)
		}
	}
}

func TestTextsAreBoundedAndPrintable(t *testing.T) {
	for name, value := range map[string]string{
		"empty": "", "a NUL": "a\x00b", "a newline": "a\nb", "invalid UTF-8": "a\xffb",
		"too long": strings.Repeat("é", domain.MaxName+1),
	} {
		c := domain.Connection{Kind: domain.Aggregator, Name: value, AccountRef: value}
		if got := len(c.Validate()); got != 2 {
			t.Errorf("%s: %d errors, want one per field", name, got)
		}
	}
	c := domain.Connection{Kind: domain.Aggregator, Name: strings.Repeat("é", domain.MaxName), AccountRef: "ok"}
	if errs := c.Validate(); len(errs) != 0 {
		t.Errorf("the bound counts characters: %v", errs)
	}
}

func TestEachChangeIsOneRevision(t *testing.T) {
	c := domain.Connection{
		Kind:      domain.Aggregator,
		Vendor:    "pluggy",
		Name:      "a",
		Revision:  1,
		UpdatedAt: noon,
		Health:    domain.Health{Status: domain.Healthy},
	}
	later := noon.Add(time.Second)
	c.Rename("b")
	c.Repoint("https://x.example", "ref", later)
	c.Rotate(domain.Sealed("sealed"), domain.ClientKey{1})
	c.BumpRevision(later)
	if c.Name != "b" || c.Revision != 2 || c.UpdatedAt != later {
		t.Fatalf("revision %d at %v", c.Revision, c.UpdatedAt)
	}
	if c.Health != (domain.Health{}) {
		t.Fatal("the health of the old credential was kept for the new one")
	}
	c.Delete(later.Add(time.Second))
	c.BumpRevision(later)
	if c.Live() || c.Revision != 3 || c.Vendor != "pluggy" {
		t.Fatalf("%+v", c)
	}
}

func TestOnlyAChangedTargetResetsHealth(t *testing.T) {
	c := domain.Connection{
		BaseURL:         "https://x.example",
		AccountRef:      "ref",
		TargetChangedAt: noon,
		Health:          domain.Health{Status: domain.Healthy},
	}
	before := c.Target()
	c.Repoint("https://x.example", "ref", noon.Add(time.Hour))
	if c.TargetChangedAt != noon || c.Health.Status != domain.Healthy || c.Target() != before {
		t.Fatalf("the target did not change, but the connection did: %+v", c)
	}
	c.Repoint("https://x.example", "other", noon.Add(time.Hour))
	if c.TargetChangedAt != noon.Add(time.Hour) || c.Health != (domain.Health{}) || c.Target() == before {
		t.Fatalf("after a change of target: %+v", c)
	}
}

func TestATokenMatchesOnlyItsOwnHash(t *testing.T) {
	c := domain.Connection{ID: domain.ConnectionID{UUID: uuid.New()}, Vendor: "pluggy"}
	token, raw, err := domain.MintToken(
		domain.TokenID{},
		c,
		strings.NewReader(strings.Repeat("k", domain.TokenBytes)),
		noon,
	)
	if err != nil {
		t.Fatal(err)
	}
	written := string(raw.Reveal())
	if len(written) != 43 || !token.Matches(written) || token.Matches(written+"x") || token.Matches("") {
		t.Fatalf("a token of %d characters does not match only itself", len(written))
	}
	if token.Hash != sha256.Sum256([]byte(written)) {
		t.Fatal("the hash is not the SHA-256 of the raw token")
	}
	if _, _, err := domain.MintToken(domain.TokenID{}, c, strings.NewReader("short"), noon); err == nil {
		t.Fatal("a token was minted from too little entropy")
	}
}

func TestOnePassedSourceCheckIsEnough(t *testing.T) {
	body := []byte(`{"event":"item/updated"}`)
	mac := hmac.New(sha256.New, []byte("hmac-secret"))
	mac.Write(body)
	signature := hex.EncodeToString(mac.Sum(nil))
	signed := domain.SourcePolicy{HMACSecret: domain.SecretText("hmac-secret")}
	shared := domain.SourcePolicy{Authorization: domain.SecretText("Bearer x")}
	network := domain.SourcePolicy{Networks: []netip.Prefix{netip.MustParsePrefix("52.67.145.81/32")}}
	vendorIP := netip.MustParseAddr("52.67.145.81")

	tests := map[string]struct {
		policy  domain.SourcePolicy
		request domain.WebhookRequest
		admits  bool
	}{
		"no check configured": {
			domain.SourcePolicy{},
			domain.WebhookRequest{Body: body, Signature: signature, Authorization: "Bearer x", Peer: vendorIP},
			false,
		},
		"signature": {signed, domain.WebhookRequest{Body: body, Signature: signature}, true},
		"prefixed signature": {
			signed,
			domain.WebhookRequest{Body: body, Signature: "sha256=" + signature},
			true,
		},
		"upper-case signature": {
			signed,
			domain.WebhookRequest{Body: body, Signature: strings.ToUpper(signature)},
			true,
		},
		"no signature": {signed, domain.WebhookRequest{Body: body}, false},
		"signature of other bytes": {
			signed,
			domain.WebhookRequest{Body: append(body, ' '), Signature: signature},
			false,
		},
		"truncated signature": {
			signed,
			domain.WebhookRequest{Body: body, Signature: signature[:62]},
			false,
		},
		"longer signature": {
			signed,
			domain.WebhookRequest{Body: body, Signature: signature + "00"},
			false,
		},
		"signature with trailing garbage": {
			signed,
			domain.WebhookRequest{Body: body, Signature: signature + "zz"},
			false,
		},
		"signature with the empty key": {
			signed,
			domain.WebhookRequest{Body: body, Signature: emptyKeySignature(body)},
			false,
		},
		"shared value": {shared, domain.WebhookRequest{Body: body, Authorization: "Bearer x"}, true},
		"another value": {
			shared,
			domain.WebhookRequest{Body: body, Authorization: "Bearer y"},
			false,
		},
		"no value":      {shared, domain.WebhookRequest{Body: body}, false},
		"known address": {network, domain.WebhookRequest{Peer: vendorIP}, true},
		"known address, mapped": {
			network,
			domain.WebhookRequest{Peer: netip.MustParseAddr("::ffff:52.67.145.81")},
			true,
		},
		"another address": {
			network,
			domain.WebhookRequest{Peer: netip.MustParseAddr("52.67.145.82")},
			false,
		},
		"no address": {network, domain.WebhookRequest{}, false},
	}
	for name, tt := range tests {
		if got := tt.policy.Admits(tt.request, time.Unix(1_800_000_000, 0)); got != tt.admits {
			t.Errorf("%s: admitted = %v", name, got)
		}
	}
}

func emptyKeySignature(body []byte) string {
	mac := hmac.New(sha256.New, nil)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func TestTheFirstFiveRetriesComeWithin30Seconds(t *testing.T) {
	var total time.Duration
	for attempt := 1; attempt <= 5; attempt++ {
		total += domain.Backoff(attempt, 0, 0)
	}
	if total > 30*time.Second {
		t.Fatalf("the first backoffs take %v together", total)
	}
}

func TestLaterAttemptsAllowSlowerVendors(t *testing.T) {
	var got []time.Duration
	for _, attempt := range []int{1, 2, 3, 4, 5, domain.MaxAttempts} {
		got = append(got, domain.RequestTimeout(attempt)/time.Second)
	}
	if want := []time.Duration{8, 8, 20, 20, 60, 60}; !slices.Equal(got, want) {
		t.Errorf("seconds for a request: %d, want %d", got, want)
	}
}

func TestBackoffGrowsHasJitterAndHonoursRetryAfter(t *testing.T) {
	last := time.Duration(0)
	for attempt := 1; attempt <= domain.MaxAttempts; attempt++ {
		wait := domain.Backoff(attempt, 0, 0)
		if wait < last || wait > time.Hour {
			t.Errorf("attempt %d waits %v after %v", attempt, wait, last)
		}
		if early := domain.Backoff(attempt, 0.999, 0); early < wait*3/4 || early >= wait {
			t.Errorf("attempt %d: jitter turns %[3]v into %[2]v", attempt, early, wait)
		}
		last = wait
	}
	if got := domain.Backoff(1, 0, time.Minute); got != time.Minute {
		t.Errorf("retryAfter of a minute returns %v", got)
	}
	if got := domain.Backoff(1, 0, 1000*time.Hour); got != time.Hour {
		t.Errorf("an absurd retryAfter returns %v", got)
	}
}

func TestHealthFollowsChecksAndSignals(t *testing.T) {
	h := domain.Health{}.AfterFailure(domain.CredentialRejected, noon)
	if h.StatusOrUnknown() != domain.Unhealthy || !h.NeedsReauth || h.Since != noon {
		t.Fatalf("%+v", h)
	}
	later := noon.Add(time.Hour)
	if same := h.AfterFailure(domain.CredentialRejected, later); same.Since != noon {
		t.Fatalf("the same failure changed Since: %+v", same)
	}
	if h = h.AfterSuccess(
		domain.LinkStatus{},
		later,
	); h.StatusOrUnknown() != domain.Healthy || h.NeedsReauth || h.Reason != "" ||
		h.Since != later {
		t.Fatalf("%+v", h)
	}
	if h = h.AfterSignal(domain.SignalReauth, later).AfterSuccess(domain.LinkStatus{}, later); !h.NeedsReauth {
		t.Fatal("a status check cleared what an event had reported")
	}
	if settled := h.AfterSuccess(domain.LinkStatus{SyncComplete: true}, later); settled.NeedsReauth {
		t.Fatal("a complete synchronisation after the event did not clear it")
	}
	if working := h.AfterSuccess(domain.LinkStatus{SignedIn: true}, later); working.NeedsReauth {
		t.Fatal("a working login after the event did not clear it")
	}
	before := domain.LinkStatus{SignedIn: true, SyncComplete: true, RequestedAt: noon}
	if late := h.AfterSuccess(before, later); !late.NeedsReauth {
		t.Fatal("a status that was requested before the event cleared it")
	}
	if h = h.AfterSignal(domain.SignalRecovered, later).AfterSuccess(domain.LinkStatus{}, later); h.NeedsReauth {
		t.Fatal("the recovery event did not clear it")
	}
	if (domain.Health{}).StatusOrUnknown() != domain.Unknown {
		t.Fatal("the zero health is not Unknown")
	}
}

func TestAMomentOfThePastMayBeSlightlyAhead(t *testing.T) {
	for offset, want := range map[time.Duration]bool{
		-time.Hour: true, 0: true, domain.MaxAhead: true, domain.MaxAhead + 1: false,
	} {
		err := domain.CheckAsOf(noon.Add(offset), noon)
		if (err == nil) != want || err != nil && domain.ErrorsOf(err)[0].Field != "asOf" {
			t.Errorf("%v later: %v", offset, err)
		}
	}
}

func TestTheCodeOfAVendorIsFoundInTheCauses(t *testing.T) {
	inner := &domain.Error{Kind: domain.Rejected, UpstreamCode: "ITEM_LOCKED"}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"none":            {nil, ""},
		"a foreign error": {errors.New("x"), ""},
		"no code":         {&domain.Error{Kind: domain.Rejected, Cause: errors.New("x")}, ""},
		"its own":         {inner, "ITEM_LOCKED"},
		"of its cause":    {&domain.Error{Kind: domain.Unavailable, Cause: inner}, "ITEM_LOCKED"},
		"the first one":   {&domain.Error{UpstreamCode: "OTHER", Cause: inner}, "OTHER"},
	} {
		if got := domain.UpstreamCodeOf(c.err); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestErrorsAreFoundThroughJoiningAndWrapping(t *testing.T) {
	a, b := domain.FieldError("a", "m"), domain.FieldError("b", "m")
	err := errors.Join(a, errors.Join(b), errors.New("other"))
	if got := domain.ErrorsOf(err); len(got) != 2 || got[0] != a || got[1] != b {
		t.Fatalf("%v", got)
	}
	if got := domain.ErrorsOf(
		domain.Join([]*domain.Error{a, b}),
	); len(got) != 2 || got[0] != a || got[1] != b ||
		domain.Join(nil) != nil {
		t.Fatalf("the joined errors come apart as %v", got)
	}
	if domain.ErrorsOf(nil) != nil || domain.CodeOf(errors.New("x")) != domain.InternalFailure {
		t.Fatal("a foreign error was listed as an Error")
	}
}
