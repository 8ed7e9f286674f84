package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// someKey is a verifier key in its canonical form.
const someKey = "example.com/log+174d7a8e+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"

func TestEvidenceThatIsWrongFailsAndNamesTheFile(t *testing.T) {
	folder := t.TempDir()
	pack, key := filepath.Join(folder, "evidence.zip"), filepath.Join(folder, "key.txt")
	for name, text := range map[string]string{pack: "PK", key: someKey + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := environment(t)
	for name, c := range map[string]struct {
		args []string
		code int
		text string
	}{
		"a wrong pack":  {[]string{pack, "--key", someKey}, exitFailure, "close.json"},
		"a key file":    {[]string{pack, "--key", "@" + key}, exitFailure, "close.json"},
		"no key":        {[]string{pack}, exitUsage, "--key"},
		"a wrong key":   {[]string{pack, "--key", someKey + "="}, exitUsage, "--key"},
		"no key file":   {[]string{pack, "--key", "@" + folder + "/absent"}, exitUsage, "--key"},
		"no pack":       {[]string{folder + "/absent", "--key", someKey}, exitUsage, "absent"},
		"no argument":   {[]string{"--key", someKey}, exitUsage, "usage"},
		"two arguments": {[]string{pack, pack, "--key", someKey}, exitUsage, "usage"},
	} {
		code, _, stderr := program(t, env, append([]string{"evidence", "verify"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, %q", name, code, stderr)
		}
	}
}
