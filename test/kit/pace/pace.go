// Package pace checks time limits on machines that may be busy.
package pace

import (
	"testing"
	"time"
)

// attempts is how often a time limit is tried. A busy machine can delay one attempt or two. A defect delays each of
// them.
const attempts = 3

// Within calls attempt until it returns a duration of at most limit. It reports an error if no attempt was that fast.
// Each attempt must be independent of the one before. An attempt that waits for something must wait much longer than
// limit before it fails the test.
func Within(t testing.TB, limit time.Duration, attempt func() time.Duration) {
	t.Helper()
	var took time.Duration
	for range attempts {
		if took = attempt(); took <= limit || t.Failed() {
			return
		}
		t.Logf("it took %v, want at most %v", took, limit)
	}
	t.Errorf("none of %d attempts took at most %v", attempts, limit)
}
