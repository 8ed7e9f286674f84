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

// The lists of vendors in the chart and in the console are not generated, so they must be checked.
func TestTheChartAndTheConsoleNameEveryVendor(t *testing.T) {
	for _, file := range []string{"deploy/helm/values.schema.json", "adapters/rest/console/assets/vendors.js"} {
		text, err := os.ReadFile("../../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, vendor := range compose.VendorNames() {
			if !strings.Contains(string(text), string(vendor)) {
				t.Errorf("%s does not name the vendor %s", file, vendor)
			}
		}
	}
}
