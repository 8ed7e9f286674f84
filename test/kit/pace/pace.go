// Package pace checks time limits, and shares of a time, on machines that may be busy.
package pace

import (
	"fmt"
	"testing"
	"time"
)

// attempts is how often a measurement is tried. A busy machine can spoil one attempt or two. A defect spoils each of
// them.
const attempts = 3

// Within calls attempt until it returns a duration of at most limit. It reports an error if no attempt was that fast.
// Each attempt must be independent of the one before. An attempt that waits for something must wait much longer than
// limit before it fails the test.
func Within(t testing.TB, limit time.Duration, attempt func() time.Duration) {
	t.Helper()
	Try(t, func() error {
		if took := attempt(); took > limit {
			return fmt.Errorf("it took %v, want at most %v", took, limit)
		}
		return nil
	})
}

// Try calls attempt until it returns nil. If no attempt did, or if one has failed the test, Try reports the last error.
func Try(t testing.TB, attempt func() error) {
	t.Helper()
	for n := 1; ; n++ {
		err := attempt()
		switch {
		case err == nil:
			return
		case n == attempts || t.Failed():
			t.Errorf("attempt %d: %v", n, err)
			return
		}
		t.Logf("attempt %d: %v", n, err)
	}
}
