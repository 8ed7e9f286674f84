package application_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// fields returns the names of the invalid fields: the member Field of each domain.Error that err contains.
func fields(err error) []string {
	var named []string
	for _, f := range domain.ErrorsOf(err) {
		named = append(named, f.Field)
	}
	return named
}

func TestNewNamesEveryMissingMember(t *testing.T) {
	_, err := application.New(application.Deps{})
	if err == nil {
		t.Fatal("an empty Deps was accepted")
	}
	for _, member := range []string{
		"Connections", "Tokens", "Deliveries", "Idempotency", "Pulls", "Ledger", "Sealer",
		"Egress", "Aggregators", "Clock", "Sleeper", "IDs", "Entropy", "Observer",
	} {
		if !strings.Contains(err.Error(), member) {
			t.Errorf("%q does not name %s", err, member)
		}
	}
	for _, optional := range []string{"Connectors", "Sources", "Tracer"} {
		if strings.Contains(err.Error(), optional) {
			t.Errorf("%q names the optional %s", err, optional)
		}
	}
}

func TestNewRefusesDuplicates(t *testing.T) {
	e := newEnv(t)
	e.deps.Aggregators = append(e.deps.Aggregators, newVendor("belvo"))
	e.deps.Connectors = append(e.deps.Connectors, connector{"postgres", domain.CategoryDatabase})
	_, err := application.New(e.deps)
	if err == nil || !strings.Contains(err.Error(), "belvo twice") || !strings.Contains(err.Error(), "postgres twice") {
		t.Fatalf("got %v, want both duplicates named", err)
	}
}

func TestConnectorTypesAreTheRegisteredOnes(t *testing.T) {
	e := newEnv(t)
	want := []ports.ConnectorType{
		{Type: "postgres", Category: domain.CategoryDatabase}, {Type: "rest-generic", Category: domain.CategoryREST},
	}
	if diff := cmp.Diff(want, e.ConnectorTypes(e.ctx)); diff != "" {
		t.Error(diff)
	}
}
