package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// secretSettings contains the settings that can be read from a file. The key is the name of the setting. The field
// value is a valid value, and the field getter returns the setting from a loaded Config.
var secretSettings = map[string]struct {
	value  string
	getter func(configs.Config) string
}{
	"DATABASE_URL": {
		"postgres://u:" + canary + "@127.0.0.1/d", func(c configs.Config) string { return c.DatabaseURL },
	},
	"AUTH_JWT_SECRET": {long, jwtSecretOf},
	"AUDIT_KEY":       {long, auditKeyOf},
	"EGRESS_PROXY": {
		"http://u:" + canary + "@h:3128", func(c configs.Config) string { return string(c.Egress.Proxy.Reveal()) },
	},
	"PLUGGY_WEBHOOK_HMAC_SECRET":   {long, source("pluggy", hmacSecretOf)},
	"PLUGGY_WEBHOOK_AUTHORIZATION": {long, source("pluggy", authorizationOf)},
	"BELVO_WEBHOOK_HMAC_SECRET":    {long, source("belvo", hmacSecretOf)},
	"BELVO_WEBHOOK_AUTHORIZATION":  {long, source("belvo", authorizationOf)},
	"PLAID_WEBHOOK_HMAC_SECRET":    {long, source("plaid", hmacSecretOf)},
	"PLAID_WEBHOOK_AUTHORIZATION":  {long, source("plaid", authorizationOf)},
}

func jwtSecretOf(c configs.Config) string { return string(c.Auth.JWTSecret.Reveal()) }

func auditKeyOf(c configs.Config) string { return string(c.AuditKey.Reveal()) }

func hmacSecretOf(p domain.SourcePolicy) domain.Secret { return p.HMACSecret }

func authorizationOf(p domain.SourcePolicy) domain.Secret { return p.Authorization }

// source returns a function that reads a webhook secret of the vendor from a Config. The function member selects the
// secret.
func source(vendor domain.Vendor, member func(domain.SourcePolicy) domain.Secret) func(configs.Config) string {
	return func(c configs.Config) string { return string(member(c.Sources[vendor]).Reveal()) }
}

// withoutValue returns the pairs, followed by pairs that unset the setting with the given name. For AUTH_JWT_SECRET
// it also unsets AUTH_JWKS_URL, because only one of the two may be set.
func withoutValue(name string, pairs ...string) []string {
	if name == "AUTH_JWT_SECRET" {
		pairs = append(pairs, "AUTH_JWKS_URL", "")
	}
	return append(pairs, name, "")
}

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASecretIsReadFromAFile(t *testing.T) {
	for name, s := range secretSettings {
		t.Run(name, func(t *testing.T) {
			c, err := load(withoutValue(name, name+"_FILE", secretFile(t, s.value+"\n"))...)
			if got := s.getter(c); err != nil || got != s.value {
				t.Errorf("read %q, want %q; %v", got, s.value, err)
			}
		})
	}
}

func TestAnUnusableSecretFileIsAnError(t *testing.T) {
	folder := t.TempDir()
	for name := range secretSettings {
		for problem, path := range map[string]string{
			"missing": filepath.Join(folder, canary), "a folder": folder, "not a regular file": os.DevNull,
			"empty": secretFile(t, " \n"), "too large": secretFile(t, strings.Repeat(canary, 7000)),
		} {
			_, err := load(withoutValue(name, name+"_FILE", path)...)
			wantErrors(t, err, problem, name+"_FILE")
			if err != nil && strings.Contains(err.Error(), folder) {
				t.Errorf("the error repeats the path: %v", err)
			}
		}
	}
}

func TestASettingAndItsFileAreMutuallyExclusive(t *testing.T) {
	for name, s := range secretSettings {
		pairs := []string{name, s.value, name + "_FILE", secretFile(t, s.value)}
		if name == "AUTH_JWT_SECRET" {
			pairs = append(pairs, "AUTH_JWKS_URL", "")
		}
		_, err := load(pairs...)
		wantErrors(t, err, "both", name+"_FILE")
	}
}
