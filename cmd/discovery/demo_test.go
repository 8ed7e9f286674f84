package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// rawToken matches text that could be a webhook token or a JWT: at least 40 consecutive characters
// of the kind that both contain.
var rawToken = regexp.MustCompile(`[A-Za-z0-9_-]{40,}`)

func TestDemoShowsAllVendorsAndNoSecret(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := demo(t.Context(), &out); err != nil {
		t.Fatalf("%v, after:\n%s", err, out.String())
	}
	reported := out.String()
	if n := strings.Count(reported, "one transaction, the same id as before"); n != 3 {
		t.Errorf("%d replacements are shown, want one for each vendor:\n%s", n, reported)
	}
	for _, vendor := range []string{"-- pluggy", "-- belvo", "-- plaid"} {
		if !strings.Contains(reported, vendor) {
			t.Errorf("the output of the demo does not contain %q", vendor)
		}
	}
	compared := []string{" records; its closing balance", "verdict differs, from ", "-89.9 SEGURO DA CASA"}
	if later := "the records are later, and compared after its next reading"; strings.Contains(reported, later) {
		compared = nil // no banking day of the records has passed, as on a Monday morning
	}
	for _, line := range append(compared,
		"attention stale: the bank was read at", "says not_covered; what to do: let pluggy read the bank",
		"pluggy has read the bank, and nothing needs attention",
		"744.52 BRL, paid: 3 rows of 480, carried 244.26, check adds_up",
		"4 rows of 891.02, carried 0, check differs", "rows of 108.98 are missing",
		"on no closed bill yet, due in a later month: rows 1, sum 58.9",
	) {
		if !strings.Contains(reported, line) {
			t.Errorf("the output of the demo does not contain %q:\n%s", line, reported)
		}
	}
	_, cards, _ := strings.Cut(reported, "-- a card")
	for line := range strings.Lines(cards) {
		if n := len([]rune(strings.TrimSpace(line))); n > 100 {
			t.Errorf("a line about the card has %d characters: %s", n, line)
		}
	}
	for _, secret := range []string{
		pluggysim.DemoClientID, pluggysim.DemoClientSecret, belvosim.DemoSecretID, belvosim.DemoSecretPassword,
		plaidsim.DemoClientID, plaidsim.DemoSecret, plaidsim.DemoAccessToken[:20],
		demoHMACSecret, demoAuthorization, "eyJ",
	} {
		if strings.Contains(reported, secret) {
			t.Errorf("shows %q", secret)
		}
	}
	if token := rawToken.FindString(reported); token != "" {
		t.Errorf("the output of the demo contains what could be a token: %q", token)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) != 0 {
		t.Errorf("leaves %v behind, %v", left, err)
	}
}
