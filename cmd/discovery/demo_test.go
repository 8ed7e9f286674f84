package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// rawToken matches what looks like a webhook token or a JWT: 40 of their characters in a row,
// in both cases.
var rawToken = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)

func TestDemoShowsBothVendorsAndNoSecret(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := demo(t.Context(), &out); err != nil {
		t.Fatalf("%v, after:\n%s", err, out.String())
	}
	reported := out.String()
	for _, vendor := range []string{"-- pluggy", "-- belvo"} {
		if !strings.Contains(reported, vendor) {
			t.Errorf("%q is not in the output", vendor)
		}
	}
	for _, secret := range []string{
		pluggysim.DemoClientID, pluggysim.DemoClientSecret, belvosim.DemoSecretID, belvosim.DemoSecretPassword,
		demoHMACSecret, demoAuthorization, "eyJ",
	} {
		if strings.Contains(reported, secret) {
			t.Errorf("shows %q", secret)
		}
	}
	if token := rawToken.FindString(reported); token != "" {
		t.Errorf("shows what looks like a token: %q", token)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("leaves %v behind, %v", left, err)
	}
}
