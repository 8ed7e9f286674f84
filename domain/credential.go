package domain

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
)

// The parts of an aggregator's credential.
const (
	PartClientID = "clientId"
	PartSecret   = "secret"
)

// Credential is a set of named secrets: clientId and secret for an aggregator, what
// the connector asks for (username, password, token, …) for an engine connection.
// It prints as one word, whatever the verb, encoder or logger.
type Credential struct{ parts func() map[string]Secret }

// NewCredential keeps a copy of the parts; empty parts are left out.
func NewCredential(parts map[string]Secret) Credential {
	held := maps.Clone(parts)
	maps.DeleteFunc(held, func(_ string, s Secret) bool { return s.IsZero() })
	return Credential{parts: func() map[string]Secret { return held }}
}

// AggregatorCredential is the pair that Pluggy and Belvo ask for.
func AggregatorCredential(clientID, secret Secret) Credential {
	return NewCredential(map[string]Secret{PartClientID: clientID, PartSecret: secret})
}

// Part gives one secret; the zero Secret where there is none.
func (c Credential) Part(name string) Secret {
	if c.parts == nil {
		return Secret{}
	}
	return c.parts()[name]
}

// Names lists the parts, sorted.
func (c Credential) Names() []string {
	if c.parts == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.parts()))
}

// IsZero says whether the credential has no part.
func (c Credential) IsZero() bool { return len(c.Names()) == 0 }

// Equal compares names, and values in constant time.
func (c Credential) Equal(other Credential) bool {
	if !slices.Equal(c.Names(), other.Names()) {
		return false
	}
	same := true
	for _, name := range c.Names() {
		same = c.Part(name).Equal(other.Part(name)) && same
	}
	return same
}

// Format answers every verb and flag with the same word.
func (c Credential) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// String is for callers that skip fmt.
func (c Credential) String() string { return redacted }

// GoString is for callers that skip fmt.
func (c Credential) GoString() string { return redacted }

// MarshalText keeps JSON, XML, YAML and text encoders from the parts.
func (c Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue keeps slog from the parts.
func (c Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// Sealed is a credential as it is stored: ciphertext that opens only for the tenant
// and connection it was sealed for.
type Sealed []byte
