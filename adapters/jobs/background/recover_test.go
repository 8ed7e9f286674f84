package background_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// rethrown is the panic value of another goroutine, passed on with its origin.
type rethrown struct{}

func (rethrown) Origin() (typeName string, stack []byte) { return "map.writer", []byte("at the bug") }

func TestRecoverReportsTypeAndStackOfAPanicButNotItsValue(t *testing.T) {
	for want, value := range map[string]any{
		"panic of a string\n":               "panic-canary",
		"panic of a map.writer\nat the bug": rethrown{},
	} {
		err := background.Recover(func() error { panic(value) })
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := background.Recover(func() error { panic("x") }); !strings.Contains(err.Error(), "TestRecoverReports") {
		t.Errorf("no stack in %v", err)
	}
}
