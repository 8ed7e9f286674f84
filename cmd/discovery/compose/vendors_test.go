package compose_test

import (
	"os"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

func TestTheSettingsOfEveryVendorAreListed(t *testing.T) {
	for _, vendor := range compose.VendorNames() {
		for _, suffix := range []string{
			"_BASE_URLS", "_WEBHOOK_HMAC_SECRET", "_WEBHOOK_AUTHORIZATION", "_WEBHOOK_SOURCE_CIDRS",
		} {
			name := strings.ToUpper(string(vendor)) + suffix
			listed := strings.Contains(configs.Reference, "\n"+name+"=") ||
				strings.Contains(configs.Reference, "\n#"+name+"=")
			if !listed {
				t.Errorf("configs/production.env does not list %s (add %s to vendors in configs/load_test.go, too)",
					name, vendor)
			}
		}
	}
}

// The list of vendors in the console is not generated, so it must be checked.
func TestTheConsoleNamesEveryVendor(t *testing.T) {
	text, err := os.ReadFile("../../../adapters/rest/console/assets/vendors.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, vendor := range compose.VendorNames() {
		if !strings.Contains(string(text), string(vendor)) {
			t.Errorf("vendors.js does not name the vendor %s", vendor)
		}
	}
}
