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
	return ports.Access{BaseURL: base, Credential: domain.AggregatorCredential(domain.SecretText(id), domain.SecretText(secret))}
}

func TestKeysAreToldApart(t *testing.T) {
	k := newKeyring(&porttest.Clock{})
	base, err := k.id(accessOf("https://api.example", "id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]ports.Access{
		"origin":          accessOf("https://api2.example", "id", "secret"),
		"port":            accessOf("https://api.example:8443", "id", "secret"),
		"client":          accessOf("https://api.example", "id2", "secret"),
		"secret":          accessOf("https://api.example", "id", "secret2"),
		"where one ends":  accessOf("https://api.example", "idsec", "ret"),
		"which is which":  accessOf("https://api.example", "secret", "id"),
		"no secret":       accessOf("https://api.example", "idsecret", ""),
		"another process": accessOf("https://api.example", "id", "secret"),
	} {
		from := k
		if name == "another process" {
			from = newKeyring(&porttest.Clock{})
		}
		if got, err := from.id(at); err != nil || got == base {
			t.Errorf("%s: the same key (%v)", name, err)
		}
	}
	if got, _ := k.id(accessOf("HTTPS://API.example:443/", "id", "secret")); got != base {
		t.Error("one origin, two keys")
	}
	if _, err := k.id(accessOf("api.example", "id", "secret")); err == nil {
		t.Error("a base URL that is none passed")
	}
}

func TestTheKeyringPrintsNoSecret(t *testing.T) {
	k := newKeyring(porttest.NewClock(time.Unix(1, 0)))
	id, _ := k.id(accessOf("https://api.example", "canary-id", "canary-secret"))
	k.put(id, domain.SecretText("canary-key"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		for _, shown := range []any{k, k.held, k.held[id]} {
			if text := fmt.Sprintf(verb, shown); strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T shows a secret", verb, shown)
			}
		}
	}
}

func TestTheKeyringIsBounded(t *testing.T) {
	clock := porttest.NewClock(time.Unix(1, 0))
	k := newKeyring(clock)
	fill := func(from int) {
		for i := range maxKeys {
			k.put(keyID([]byte(fmt.Sprintf("%032d", from+i))), domain.SecretText("x"))
		}
	}
	fill(0)
	fill(1_000_000)
	if len(k.held) > maxKeys {
		t.Errorf("%d keys held", len(k.held))
	}
	clock.Pass(maxLife)
	k.put(keyID{1}, domain.SecretText("x"))
	if len(k.held) != 1 {
		t.Errorf("%d keys held after their end, want 1", len(k.held))
	}
}

func TestALateRefusalSparesTheNewKey(t *testing.T) {
	k := newKeyring(porttest.NewClock(time.Unix(1, 0)))
	old, fresh := domain.SecretText("old"), domain.SecretText("fresh")
	k.put(keyID{1}, old)
	k.put(keyID{1}, fresh)
	k.drop(keyID{1}, old)
	if got, ok := k.find(keyID{1}); !ok || !got.Equal(fresh) {
		t.Error("the new key was dropped")
	}
	k.drop(keyID{1}, fresh)
	if _, ok := k.find(keyID{1}); ok {
		t.Error("the refused key was kept")
	}
}

func TestTheLifeOfAKey(t *testing.T) {
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	for key, want := range map[string]time.Duration{
		jwt(`{"iat":1000,"exp":8200}`):     115 * time.Minute,
		jwt(`{"iat":1000,"exp":1100}`):     90 * time.Second,
		jwt(`{"iat":1000,"exp":99999999}`): 115 * time.Minute,
		jwt(`{"iat":1000,"exp":1e300}`):    115 * time.Minute,
		jwt(`{"iat":1000,"exp":1000}`):     unknownLife,
		jwt(`{"exp":8200}`):                unknownLife,
		jwt(`{"iat":"1000","exp":"8200"}`): unknownLife,
		jwt(`nonsense`):                    unknownLife,
		"e30.%%%.c2ln":                     unknownLife,
		"opaque":                           unknownLife,
	} {
		if got := lifeOf(domain.SecretText(key)); got != want {
			t.Errorf("%s lives %v, want %v", key, got, want)
		}
	}
}
