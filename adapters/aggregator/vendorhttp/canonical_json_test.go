package vendorhttp

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// Append takes its buffers from a pool. A reused buffer must not affect the canonical form of another row, even if rows
// are written concurrently.
func TestRowsDoNotAffectEachOthersCanonicalForm(t *testing.T) {
	form := CanonicalForm{KeepNulls: true, AppendText: AppendCanonical, AppendNumber: AppendCanonical}
	wide := make([]string, 0, 100)
	for i := range 100 {
		wide = append(wide, fmt.Sprintf(`"member %02d":%d`, 99-i, i))
	}
	rows := []string{
		`{"b":1,"a":{"d":2,"c":[{"f":1,"e":2}]}}`, `{}`, `{"aa":1,"a":2,"aaaaaaaab":3,"aaaaaaaaa":4,"":5}`,
		"{" + strings.Join(wide, ",") + "}",
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 100 {
				for _, row := range rows {
					want := jsontext.Value(row)
					if err := want.Canonicalize(); err != nil {
						t.Error(err)
					}
					if got, plain := form.Append(nil, []byte(row)); !plain || string(got) != string(want) {
						t.Errorf("got %s\nwant %s", got, want)
					}
				}
			}
		})
	}
	writers.Wait()
}
