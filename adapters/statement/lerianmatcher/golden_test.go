package lerianmatcher_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestFormat(t *testing.T) { porttest.TestStatementFormat(t, lerianmatcher.Format{}) }

// With the environment variable UPDATE_GOLDEN=1, the test first writes the golden file.
func TestADocumentEqualsItsGoldenFile(t *testing.T) {
	const file = "testdata/statement.json"
	s, records := porttest.SampleStatement()
	got := porttest.WriteSample(t, lerianmatcher.Format{}, s, porttest.Records(records...))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}
