// Package pace checks time limits and other measurements on machines that may be busy.
package pace

import (
	"fmt"
	"testing"
	"time"
)

// attempts is the maximum number of attempts for a measurement. A busy machine can make one or two attempts fail. A
// defect makes all of them fail.
const attempts = 3

// Within calls attempt until it returns a duration of at most limit. It fails the test if no attempt was that fast.
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

// Try calls attempt until it returns nil. It fails the test with the last error if all attempts return an error. It
// stops early if an attempt has failed the test.
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
