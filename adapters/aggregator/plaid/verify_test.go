package plaid

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// event returns the body of a webhook.
func (e *env) event() []byte {
	e.Helper()
	body, err := e.sim.Event(e.item.ID, "TRANSACTIONS", "SYNC_UPDATES_AVAILABLE", nil)
	e.noError(err)
	return body
}

// verify verifies a webhook with this body and proof.
func (e *env) verify(body []byte, proof string) error {
	header := http.Header{}
	if proof != "" {
		header.Set("plaid-verification", proof)
	}
	return e.adapter.VerifyWebhook(e.Context(), e.access, domain.WebhookRequest{Body: body, Header: header.Get})
}

const keyPath = "/webhook_verification_key/get"

func TestASignedWebhookIsProved(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	for range 3 {
		e.noError(e.verify(body, e.sim.Sign(body, nil)))
	}
	proof := e.sim.Sign(body, nil)
	e.clock.pass(5 * time.Minute)
	e.noError(e.verify(body, proof))
	if n := e.sim.Requests(keyPath); n != 1 {
		t.Errorf("the key was requested %d times", n)
	}
	e.clock.pass(time.Hour)
	e.noError(e.verify(body, e.sim.Sign(body, nil)))
	if n := e.sim.Requests(keyPath); n != 2 {
		t.Errorf("the key was requested %d times", n)
	}
}

func TestForgedWebhooksAreNotProved(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	e.noError(e.verify(body, e.sim.Sign(body, nil)))
	header := func(name string, value any) string {
		return e.sim.Sign(body, func(p *plaidsim.Proof) { p.Header[name] = value })
	}
	claim := func(name string, value any) string {
		return e.sim.Sign(body, func(p *plaidsim.Proof) { p.Claims[name] = value })
	}
	valid := e.sim.Sign(body, nil)
	parts := strings.Split(valid, ".")
	var compact bytes.Buffer
	e.noError(json.Compact(&compact, body))
	hs256 := hmac.New(sha256.New, []byte("public key"))
	hs256.Write([]byte(parts[0] + "." + parts[1]))
	for name, tc := range map[string]struct {
		body  []byte
		proof string
	}{
		"no proof":                     {body, ""},
		"no signature":                 {body, parts[0] + "." + parts[1] + "."},
		"no third part":                {body, parts[0] + "." + parts[1]},
		"four parts":                   {body, valid + ".x"},
		"alg none":                     {body, header("alg", "none")},
		"alg HS256":                    {body, header("alg", "HS256")},
		"alg RS256":                    {body, header("alg", "RS256")},
		"alg in lower case":            {body, header("alg", "es256")},
		"no alg":                       {body, header("alg", nil)},
		"no key id":                    {body, header("kid", nil)},
		"an unknown extension":         {body, header("crit", []string{"exp"})},
		"null for the extensions":      {body, header("crit", json.RawMessage("null"))},
		"a path as key id":             {body, header("kid", "../key")},
		"issued too early":             {body, claim("iat", noon.Add(-5*time.Minute-time.Second).Unix())},
		"issued in the future":         {body, claim("iat", noon.Add(time.Minute+time.Second).Unix())},
		"issued at no time":            {body, claim("iat", nil)},
		"issued at a text":             {body, claim("iat", "now")},
		"a far time":                   {body, claim("iat", int64(1)<<62)},
		"the hash of another body":     {body, claim("request_body_sha256", strings.Repeat("0", 64))},
		"a short hash":                 {body, claim("request_body_sha256", "00")},
		"no hash":                      {body, claim("request_body_sha256", nil)},
		"another body":                 {append(bytes.Clone(body), ' '), valid},
		"the same JSON in other bytes": {compact.Bytes(), valid},
		"the signature of another token": {
			body, parts[0] + "." + parts[1] + "." + strings.Split(header("x", 1), ".")[2],
		},
		"an HMAC as signature": {
			body, parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(hs256.Sum(nil)),
		},
		"a signature of zeros": {
			body, parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		},
		"a duplicate member": {
			body, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","alg":"ES256","kid":"k"}`)) + "." +
				parts[1] + "." + parts[2],
		},
		"too long": {body, valid + strings.Repeat("A", maxProofSize)},
	} {
		if err := e.verify(tc.body, tc.proof); !errors.Is(err, domain.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := e.sim.Requests(keyPath); n != 1 {
		t.Errorf("forged webhooks have requested keys: %d requests", n)
	}
}

func TestAnUnknownKeyIsRequestedAtMostEveryTenSeconds(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	forged := func(kid string) error {
		return e.verify(body, e.sim.Sign(body, func(p *plaidsim.Proof) { p.Header["kid"] = kid }))
	}
	if err := forged("unknown-1"); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("an unknown key: %v", err)
	}
	if err := forged("unknown-1"); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("the same unknown key: %v", err)
	}
	err := forged("unknown-2")
	if !errors.Is(err, domain.Unavailable) || domain.RetryAfterOf(err) != lookupInterval {
		t.Errorf("another unknown key: %v, retry after %v", err, domain.RetryAfterOf(err))
	}
	if n := e.sim.Requests(keyPath); n != 1 {
		t.Errorf("%d requests", n)
	}
	other := *e
	other.access.Connection = domain.ConnectionID{UUID: uuid.UUID{15: 2}}
	other.noError(other.verify(body, e.sim.Sign(body, nil)))
	e.clock.pass(lookupInterval)
	body = e.event()
	if err := forged("unknown-2"); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("after the interval: %v", err)
	}
}

func TestAReplacedKeyIsNotAccepted(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	old := e.sim.Sign(body, nil)
	e.noError(e.verify(body, old))
	e.sim.RotateKey()
	e.clock.pass(lookupInterval)
	e.noError(e.verify(body, e.sim.Sign(body, nil)))
	e.clock.pass(time.Hour)
	var oldKey string
	header, _, _ := strings.Cut(old, ".")
	text, err := base64.RawURLEncoding.DecodeString(header)
	e.noError(err)
	var h struct{ Kid string }
	e.noError(json.Unmarshal(text, &h))
	oldKey = h.Kid
	forged := e.sim.Sign(body, func(p *plaidsim.Proof) { p.Header["kid"] = oldKey })
	if err := e.verify(body, forged); !errors.Is(err, domain.Unauthenticated) {
		t.Errorf("a replaced key: %v", err)
	}
}

// If the key cannot be read at the moment, the error is Unavailable. The webhook is not refused, and the vendor sends
// it again later.
func TestAKeyThatCannotBeReadIsUnavailable(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	for _, f := range []faultinject.Fault{
		{Path: keyPath, Kind: faultinject.Status, Status: 500}, {Path: keyPath, Kind: faultinject.Types},
		{Path: keyPath, Kind: faultinject.Replace, Replacements: map[string]string{`"P-256"`: `"P-384"`}},
		{Path: keyPath, Kind: faultinject.Replace, Replacements: map[string]string{`"x":"`: `"x":"A`}},
	} {
		e.noError(e.sim.Inject(f))
		if err := e.verify(body, e.sim.Sign(body, nil)); !errors.Is(err, domain.Unavailable) {
			t.Errorf("%+v: %v", f, err)
		}
		e.clock.pass(lookupInterval)
	}
	e.noError(e.verify(body, e.sim.Sign(body, nil)))
}

func TestConcurrentWebhooksShareTheRequestForTheirKey(t *testing.T) {
	e := newEnv(t)
	body := e.event()
	proof := e.sim.Sign(body, nil)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := e.verify(body, proof); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := e.sim.Requests(keyPath); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestOnlyPointsOnTheCurveAreKeys(t *testing.T) {
	text := func(b byte, n int) string {
		return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{b}, n))
	}
	for _, c := range [][2]string{{text(1, 32), text(1, 32)}, {text(0, 32), text(0, 32)}, {text(1, 31), text(1, 32)},
		{"?", text(1, 32)}, {text(255, 32), text(1, 32)}} {
		if key := publicKey(c[0], c[1]); key != (*ecdsa.PublicKey)(nil) {
			t.Errorf("%v is a key", c)
		}
	}
}
