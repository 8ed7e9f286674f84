package pluggy

import (
	"encoding/json"
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
	for _, raw := range objects(t, "references") {
		var row struct{ Case string }
		if err := json.Unmarshal(raw, &row); err != nil {
			t.Fatal(err)
		}
		data, err := normalize(raw, goldenAccounts(t)[0])
		if err != nil {
			t.Fatalf("%s: %v", row.Case, err)
		}
		got[row.Case] = goldenReferences{data.References, data.CounterpartyDocument}
	}
	goldenfile.Compare(t, "testdata/golden/references.json", got)
}
