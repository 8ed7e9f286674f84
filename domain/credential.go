package domain

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
)

// The names of the parts of an aggregator's credential.
const (
	PartClientID = "clientId"
	PartSecret   = "secret"
	// PartAccessToken is a secret of one account reference. Only some vendors assign such secrets.
	PartAccessToken = "accessToken"
)

// Credential is a set of named secrets. Aggregators use clientId and secret, and some of them accessToken. Engine
// connections use the parts that their connector requires, such as username and password. All formatting verbs,
// encoders and loggers print a credential as the fixed word "[secret]".
type Credential struct{ parts func() map[string]Secret }

// NewCredential returns a credential with copies of the parts. Empty parts are omitted.
func NewCredential(parts map[string]Secret) Credential {
	held := maps.Clone(parts)
	maps.DeleteFunc(held, func(_ string, s Secret) bool { return s.IsZero() })
	return Credential{parts: func() map[string]Secret { return held }}
}

// AggregatorCredential returns a credential with the two secrets that Pluggy and Belvo
// require.
func AggregatorCredential(clientID, secret Secret) Credential {
	return NewCredential(map[string]Secret{PartClientID: clientID, PartSecret: secret})
}

// Part returns the secret with this name, or the zero Secret if the credential has no such
// part.
func (c Credential) Part(name string) Secret {
	if c.parts == nil {
		return Secret{}
	}
	return c.parts()[name]
}

// With returns a copy of the credential in which one part has the given value. If the value is zero, the copy does
// not have the part.
func (c Credential) With(name string, value Secret) Credential {
	parts := make(map[string]Secret, len(c.Names())+1)
	for _, other := range c.Names() {
		parts[other] = c.Part(other)
	}
	parts[name] = value
	return NewCredential(parts)
}

// Names returns the names of the parts, sorted.
func (c Credential) Names() []string {
	if c.parts == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.parts()))
}

// IsZero reports whether the credential has no parts.
func (c Credential) IsZero() bool { return len(c.Names()) == 0 }

// Equal reports whether both credentials have the same names and values. Values are
// compared in constant time.
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

// Format prints the fixed word "[secret]" for every verb and flag.
func (c Credential) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// String returns the fixed word "[secret]", for callers that do not use fmt.
func (c Credential) String() string { return redacted }

// GoString returns the fixed word "[secret]", for callers that do not use fmt.
func (c Credential) GoString() string { return redacted }

// MarshalText returns the fixed word "[secret]", so that JSON, XML, YAML and text encoders do not
// write the parts.
func (c Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns the fixed word "[secret]", so that slog does not write the parts.
func (c Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// Sealed is an encrypted credential; credentials are stored only in this form. It can be
// decrypted only for the tenant and the connection for which it was sealed.
type Sealed []byte
