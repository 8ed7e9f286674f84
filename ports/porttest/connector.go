package porttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ConnectorSuite describes a connector and the configurations that it accepts and rejects. Each secret value contains
// the word "canary", so that the suite can check that no error contains a secret.
type ConnectorSuite struct {
	// Open returns a connector that checks addresses with the given guard. With a nil guard, the
	// connector checks no address.
	Open func(ports.EgressGuard) ports.Connector
	// Config and Credential are valid for the connector.
	Config     string
	Credential domain.Credential
	// Canonical is what Validate must return for Config: the same configuration with every default. Address is the
	// URL in Config: Validate passes it to the guard.
	Canonical, Address string
	// Invalid maps the name of a mistake to an invalid configuration that contains the mistake.
	Invalid map[string]InvalidConfig
}

// InvalidConfig contains a configuration and a credential. The configuration, the credential, or both are invalid. Use
// [NewInvalidConfig] to create one.
type InvalidConfig struct {
	config     string
	credential domain.Credential
	fields     []string
}

// NewInvalidConfig returns an invalid configuration. The argument fields contains the names of the invalid fields, in
// the order in which the connector's errors must name them.
func NewInvalidConfig(config string, c domain.Credential, fields ...string) InvalidConfig {
	return InvalidConfig{config, c, fields}
}

// TestConnector checks the Validate method of a ports.Connector against its contract. It does not
// call Probe, which needs a peer and is tested by the connector's own tests.
func TestConnector(t *testing.T, s ConnectorSuite) {
	t.Helper()
	t.Run("the canonical form has every default and is its own canonical form", s.canonical)
	t.Run("the guard checks the address", s.address)
	for name, invalid := range s.Invalid {
		t.Run("every invalid field is named/"+name, func(t *testing.T) { s.invalidFields(t, invalid) })
	}
}

func (s ConnectorSuite) canonical(t *testing.T) {
	connector := s.Open(nil)
	for _, config := range []string{s.Config, s.Canonical} {
		got, err := connector.Validate(t.Context(), json.RawMessage(config), s.Credential)
		if diff := cmp.Diff(s.Canonical, string(got)); diff != "" || err != nil {
			t.Errorf("%s became %s (%v)", config, diff, err)
		}
	}
}

// denyingGuard is a ports.EgressGuard that rejects every URL and records the URLs.
type denyingGuard struct{ urls []string }

// Check implements ports.EgressGuard.
func (g *denyingGuard) Check(_ context.Context, rawURL string) error {
	g.urls = append(g.urls, rawURL)
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}
}

func (s ConnectorSuite) address(t *testing.T) {
	guard := &denyingGuard{}
	_, err := s.Open(guard).Validate(t.Context(), json.RawMessage(s.Config), s.Credential)
	if diff := cmp.Diff([]string{s.Address}, guard.urls); diff != "" || !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("got %v after %s", err, diff)
	}
}

func (s ConnectorSuite) invalidFields(t *testing.T, invalid InvalidConfig) {
	_, err := s.Open(nil).Validate(t.Context(), json.RawMessage(invalid.config), invalid.credential)
	var fields []string
	for _, fault := range domain.ErrorsOf(err) {
		fields = append(fields, fault.Field)
		if fault.Kind != domain.Invalid {
			t.Errorf("%v is not Invalid", fault)
		}
	}
	if diff := cmp.Diff(invalid.fields, fields); diff != "" {
		t.Errorf("invalid fields (-want +got):\n%s", diff)
	}
	SecretFree(t, err)
}

// SecretFree fails the test if err, or one of the errors that it wraps, contains the word "canary".
func SecretFree(t testing.TB, err error) {
	t.Helper()
	for deep := err; deep != nil; deep = errors.Unwrap(deep) {
		if strings.Contains(fmt.Sprintf("%v %+v", deep, deep), "canary") {
			t.Errorf("the error contains a secret value: %v", deep)
		}
	}
}

// Credential returns a credential with the given parts. The arguments are alternately the name and the value of a part.
func Credential(parts ...string) domain.Credential {
	secrets := make(map[string]domain.Secret)
	for i := 0; i < len(parts); i += 2 {
		secrets[parts[i]] = domain.SecretText(parts[i+1])
	}
	return domain.NewCredential(secrets)
}
