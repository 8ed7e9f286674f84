package pluggy

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func accessOf(base, id, secret string) ports.Access {
	credential := domain.AggregatorCredential(domain.SecretText(id), domain.SecretText(secret))
	return ports.Access{BaseURL: base, Credential: credential}
}

func TestEachCredentialAndOriginHasItsOwnKey(t *testing.T) {
	cache := newAPIKeyCache(&porttest.Clock{})
	base, err := cache.id(accessOf("https://api.example", "id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]ports.Access{
		"origin":          accessOf("https://api2.example", "id", "secret"),
		"port":            accessOf("https://api.example:8443", "id", "secret"),
		"client":          accessOf("https://api.example", "id2", "secret"),
		"secret":          accessOf("https://api.example", "id", "secret2"),
		"other boundary":  accessOf("https://api.example", "idsec", "ret"),
		"swapped parts":   accessOf("https://api.example", "secret", "id"),
		"no secret":       accessOf("https://api.example", "idsecret", ""),
		"another process": accessOf("https://api.example", "id", "secret"),
	} {
		from := cache
		if name == "another process" {
			from = newAPIKeyCache(&porttest.Clock{})
		}
		if got, err := from.id(at); err != nil || got == base {
			t.Errorf("%s: the same key (%v)", name, err)
		}
	}
	if got, _ := cache.id(accessOf("HTTPS://API.example:443/", "id", "secret")); got != base {
		t.Error("one origin, two keys")
	}
	if _, err := cache.id(accessOf("api.example", "id", "secret")); err == nil {
		t.Error("an invalid base URL passed")
	}
}

func TestTheKeyCachePrintsNoSecret(t *testing.T) {
	cache := newAPIKeyCache(porttest.NewClock(time.Unix(1, 0)))
	id, _ := cache.id(accessOf("https://api.example", "canary-id", "canary-secret"))
	cache.put(id, domain.SecretText("canary-key"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		for _, shown := range []any{cache, cache.entries, cache.entries[id]} {
			text := fmt.Sprintf(verb, shown)
			if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T shows a secret", verb, shown)
			}
		}
	}
}

func TestTheKeyCacheIsBounded(t *testing.T) {
	clock := porttest.NewClock(time.Unix(1, 0))
	cache := newAPIKeyCache(clock)
	fill := func(from int) {
		for i := range maxCachedKeys {
			cache.put(keyID([]byte(fmt.Sprintf("%032d", from+i))), domain.SecretText("x"))
		}
	}
	fill(0)
	fill(1_000_000)
	if len(cache.entries) > maxCachedKeys {
		t.Errorf("%d keys cached", len(cache.entries))
	}
	clock.Advance(maxLifetime)
	cache.put(keyID{1}, domain.SecretText("x"))
	if len(cache.entries) != 1 {
		t.Errorf("%d keys cached after the others expired, want 1", len(cache.entries))
	}
}

func TestALateRefusalDoesNotRemoveTheNewKey(t *testing.T) {
	cache := newAPIKeyCache(porttest.NewClock(time.Unix(1, 0)))
	old, fresh := domain.SecretText("old"), domain.SecretText("fresh")
	cache.put(keyID{1}, old)
	cache.put(keyID{1}, fresh)
	cache.removeRefused(keyID{1}, old)
	if got, ok := cache.get(keyID{1}); !ok || !got.Equal(fresh) {
		t.Error("the new key was removed")
	}
	cache.removeRefused(keyID{1}, fresh)
	if _, ok := cache.get(keyID{1}); ok {
		t.Error("the refused key is still cached")
	}
}

func TestTheLifetimeOfAKey(t *testing.T) {
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for key, want := range map[string]time.Duration{
		jwt(`{"iat":1000,"exp":8200}`):     115 * time.Minute,
		jwt(`{"iat":1000,"exp":1100}`):     90 * time.Second,
		jwt(`{"iat":1000,"exp":99999999}`): 115 * time.Minute,
		jwt(`{"iat":1000,"exp":1e300}`):    115 * time.Minute,
		jwt(`{"iat":1000,"exp":1000}`):     defaultLifetime,
		jwt(`{"exp":8200}`):                defaultLifetime,
		jwt(`{"iat":"1000","exp":"8200"}`): defaultLifetime,
		jwt(`nonsense`):                    defaultLifetime,
		"e30.%%%.c2ln":                     defaultLifetime,
		"opaque":                           defaultLifetime,
	} {
		if got := lifetimeOf(domain.SecretText(key)); got != want {
			t.Errorf("%s is used for %v, want %v", key, got, want)
		}
	}
}
