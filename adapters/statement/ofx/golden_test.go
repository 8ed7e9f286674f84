package ofx_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestFormat(t *testing.T) { porttest.TestStatementFormat(t, ofx.Format{}) }

// With the environment variable UPDATE_GOLDEN=1, the test first writes the golden file.
func TestADocumentEqualsItsGoldenFile(t *testing.T) {
	const file = "testdata/statement.ofx"
	s, records := porttest.SampleStatement()
	got := porttest.WriteSample(t, ofx.Format{}, s, porttest.Records(records...))
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
