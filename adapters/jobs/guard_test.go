package jobs_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs"
)

// elsewhere is a panic of another goroutine.
type elsewhere struct{}

func (elsewhere) Origin() (sort string, stack []byte) { return "map.writer", []byte("at the bug") }

func TestAPanicTellsItsTypeAndItsPlace(t *testing.T) {
	for want, value := range map[string]any{"panic of a string\n": "panic-canary", "panic of a map.writer\nat the bug": elsewhere{}} {
		err := jobs.Guarded(func() error { panic(value) })
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := jobs.Guarded(func() error { panic("x") }); !strings.Contains(err.Error(), "TestAPanicTells") {
		t.Errorf("no place in %v", err)
	}
}
