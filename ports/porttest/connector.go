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

// ConnectorBench is a connector and what it takes and refuses. Every value of it that an
// error must not show holds the word "canary".
type ConnectorSuite struct {
	// Open makes a connector that asks about addresses; nil asks nobody.
	Open func(ports.EgressGuard) ports.Connector
	// Config and Credential are taken.
	Config     string
	Credential domain.Credential
	// Canonical is what becomes of Config, Address the URL that is asked about.
	Canonical, Address string
	// Refused are named for what is wrong with them.
	Invalid map[string]InvalidConfig
}

// RefusedConfig is a configuration or a credential at fault; make one with [Refused].
type InvalidConfig struct {
	config     string
	credential domain.Credential
	fields     []string
}

// Refused names the fields at fault in the order in which the connector must.
func NewInvalidConfig(config string, c domain.Credential, fields ...string) InvalidConfig {
	return InvalidConfig{config, c, fields}
}

// TestConnector holds what a ports.Connector makes of configurations to its contract.
// Probes need a peer, and are the connector's own tests' business.
func TestConnector(t *testing.T, f ConnectorSuite) {
	t.Helper()
	t.Run("the canonical form has every default and is its own", f.canonical)
	t.Run("the address is asked about", f.address)
	for name, refused := range f.Invalid {
		t.Run("every fault is named/"+name, func(t *testing.T) { f.faults(t, refused) })
	}
}

func (f ConnectorSuite) canonical(t *testing.T) {
	connector := f.Open(nil)
	for _, config := range []string{f.Config, f.Canonical} {
		got, err := connector.Validate(t.Context(), json.RawMessage(config), f.Credential)
		if diff := cmp.Diff(f.Canonical, string(got)); diff != "" || err != nil {
			t.Errorf("%s became %s (%v)", config, diff, err)
		}
	}
}

// forbidding is a ports.Addresses that refuses what it is asked about, and remembers it.
type denyingGuard struct{ urls []string }

// Check implements ports.Addresses.
func (fingerprint *denyingGuard) Check(_ context.Context, rawURL string) error {
	fingerprint.urls = append(fingerprint.urls, rawURL)
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}
}

func (f ConnectorSuite) address(t *testing.T) {
	seen := &denyingGuard{}
	_, err := f.Open(seen).Validate(t.Context(), json.RawMessage(f.Config), f.Credential)
	if diff := cmp.Diff([]string{f.Address}, seen.urls); diff != "" || !errors.Is(err, domain.AddressNotAllowed) {
		t.Errorf("gave %v after %s", err, diff)
	}
}

func (f ConnectorSuite) faults(t *testing.T, refused InvalidConfig) {
	_, err := f.Open(nil).Validate(t.Context(), json.RawMessage(refused.config), refused.credential)
	var fields []string
	for _, fault := range domain.ErrorsOf(err) {
		fields = append(fields, fault.Field)
		if fault.Kind != domain.Invalid {
			t.Errorf("%v is not Invalid", fault)
		}
	}
	if diff := cmp.Diff(refused.fields, fields); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	SecretFree(t, err)
}

// SecretFree asks that no error of the chain shows a canary.
func SecretFree(t testing.TB, err error) {
	t.Helper()
	for deep := err; deep != nil; deep = errors.Unwrap(deep) {
		if strings.Contains(fmt.Sprintf("%v %+v", deep, deep), "canary") {
			t.Errorf("the error shows a value: %v", deep)
		}
	}
}

// Credential has the parts given as name and value in turns.
func Credential(parts ...string) domain.Credential {
	held := make(map[string]domain.Secret)
	for i := 0; i < len(parts); i += 2 {
		held[parts[i]] = domain.SecretText(parts[i+1])
	}
	return domain.NewCredential(held)
}
