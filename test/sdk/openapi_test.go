package sdk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"

	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
)

// Both linters must accept the OpenAPI document. The environment variables prevent Redocly's
// command line from sending telemetry and from looking for updates.
func TestTheOpenAPIDocumentPassesTheRulesOfRedoclyAndSpectral(t *testing.T) {
	nodejs.Require(t)
	document, err := compose.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for name, text := range map[string][]byte{
		"openapi.json": document, "rules.yaml": []byte("extends: ['spectral:oas']\n"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	programs, err := filepath.Abs(filepath.Join("node_modules", ".bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"redocly", "lint", "--extends", "recommended", "openapi.json"},
		{"spectral", "lint", "--ruleset", "rules.yaml", "--fail-severity", "error", "openapi.json"},
	} {
		t.Run(command[0], func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(programs, command[0]), command[1:]...)
			cmd.Dir = folder
			cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
