package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

func TestTheDocumentOfTheCommandsWorks(t *testing.T) {
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "discovery"), "../../cmd/discovery")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	steps := document(t, "cli.md")
	w := open(t, harness.SQLite(t))
	environment := slices.DeleteFunc(w.environment(t), func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	outputs := runSteps(t, "cli.md", steps, append(environment, "PATH="+folder+":"+os.Getenv("PATH")))
	if len(outputs) > 1 && !strings.Contains(outputs[1], "BOLETO DE ENERGIA") {
		t.Errorf("the first connection prints\n%s", outputs[1])
	}
}
