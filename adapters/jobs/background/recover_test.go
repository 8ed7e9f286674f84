package background_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/jobs/background"
)

// rethrown is a panic value that was recovered in another goroutine. Its Origin method returns the
// type and the stack of the original panic.
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
		t.Errorf("the error %v does not contain the stack of the panic", err)
	}
}
