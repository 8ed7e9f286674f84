package lerianmatcher_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/statement/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestAnyTextIsReadBack(t *testing.T) {
	s, records := porttest.SampleStatement()
	rapid.Check(t, func(t *rapid.T) {
		r := records[1]
		r.Description = rapid.String().Draw(t, "description")
		var b strings.Builder
		if err := (lerianmatcher.Format{}).Write(&b, s, porttest.Records(r)); err != nil {
			t.Fatal(err)
		}
		var got []map[string]any
		if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
		want := []map[string]any{{
			"external_id": "m", "transaction_id": r.ID.String(), "amount": "-1355", "currency": "BRL",
			"date": "2026-02-11", "description": r.Description, "reference": r.References.TransactionID,
			"counterparty": "Store", "type": "debit",
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNoRecordsAreAnEmptyArray(t *testing.T) {
	s, _ := porttest.SampleStatement()
	if got := porttest.WriteSample(t, lerianmatcher.Format{}, s, porttest.Records()); strings.TrimSpace(got) != "[]" {
		t.Errorf("%q", got)
	}
}
