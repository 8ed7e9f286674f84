package docs_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/ports"
)

// The table of the page must name every method that a scheduler of an embedder has to call.
func TestTheTableOfSchedulersIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/internals/extend.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []reflect.Type{
		reflect.TypeFor[ports.Maintenance](), reflect.TypeFor[ports.Worker](), reflect.TypeFor[ports.EventDispatcher](),
	} {
		for method := range role.Methods() {
			name := method.Name
			if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "."+name+"`") {
				t.Errorf("the page does not name %s.%s", role.Name(), name)
			}
		}
	}
}
