package belvo

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/goldenfile"
)

// goldenReferences contains the identifiers of a row as the golden file lists them.
type goldenReferences struct {
	References domain.References
	Document   domain.PartyDocument
}

func TestReferencesGolden(t *testing.T) {
	got := map[string]goldenReferences{}
	for _, raw := range readResults(t, "references.json") {
		data, err := testContext().normalize(raw)
		if err != nil {
			t.Fatalf("%s: %v", rowName(t, raw), err)
		}
		got[rowName(t, raw)] = goldenReferences{data.References, data.CounterpartyDocument}
	}
	goldenfile.Compare(t, "testdata/references.golden.json", got)
}
