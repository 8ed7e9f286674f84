package records_test

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

func TestWhichRecordsCanBeExcluded(t *testing.T) {
	at := time.Date(2026, 3, 10, 8, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		change             func(*records.Record)
		exclude, include   bool // there is a change
		cannotBe, cannotIn bool // there is an error
	}{
		"live":       {func(*records.Record) {}, true, false, false, false},
		"excluded":   {func(r *records.Record) { r.ExcludedAt = at }, false, true, false, false},
		"removed":    {func(r *records.Record) { r.RemovedAt = at }, false, false, true, false},
		"superseded": {func(r *records.Record) { r.SupersededBy = recordID(2) }, false, false, true, true},
		"erased":     {func(r *records.Record) { r.ErasedAt = at }, false, false, true, true},
		"removed while excluded": {
			func(r *records.Record) { r.RemovedAt, r.ExcludedAt = at, at }, false, true, true, false,
		},
		"superseded while excluded": {
			func(r *records.Record) { r.SupersededBy, r.ExcludedAt = recordID(2), at }, false, false, true, true,
		},
	} {
		r := record(1, purchase("a"))
		tc.change(&r)
		c, err := records.Exclude(&r, "maria", "twice")
		if (err != nil) != tc.cannotBe || err != nil && domain.CodeOf(err) != domain.NotExcludable ||
			(c.Exclusion != nil) != tc.exclude || c.Exclusion != nil &&
			(c.Exclusion.Record != r.ID || c.Exclusion.By != "maria" || c.Reason != "twice") {
			t.Errorf("%s: excluding changes %+v: %v", name, c.Exclusion, err)
		}
		c, err = records.Include(&r)
		if (err != nil) != tc.cannotIn || err != nil && domain.CodeOf(err) != domain.NotExcludable ||
			(c.Exclusion != nil) != tc.include || c.Exclusion != nil &&
			(c.Exclusion.Record != r.ID || c.Exclusion.By != "") {
			t.Errorf("%s: including changes %+v: %v", name, c.Exclusion, err)
		}
	}
}
