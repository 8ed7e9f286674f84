package belvo

import (
	"encoding/json"
	"os"
	"testing"
)

// BenchmarkNormalize measures the normalization of the rows of one link.
func BenchmarkNormalize(b *testing.B) {
	raw, err := os.ReadFile("testdata/transactions_mx.json")
	if err != nil {
		b.Fatal(err)
	}
	var page struct{ Results []json.RawMessage }
	if err := json.Unmarshal(raw, &page); err != nil || len(page.Results) == 0 {
		b.Fatal("no rows: ", err)
	}
	s := newLinkContext(mexican, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, row := range page.Results {
			if _, err := s.normalize(row); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(len(page.Results)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
