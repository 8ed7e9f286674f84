package domain

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is what every verb, encoder and logger sees of a secret.
const redacted = "[secret]"

// Secret holds bytes that must not be printed. They live in a closure, because fmt
// cannot call methods on an unexported field and would print a plain byte slice
// there; a func value prints as an address. The zero Secret is empty.
type Secret struct{ reveal func() []byte }

// NewSecret copies the bytes; the caller may wipe its own.
func NewSecret(value []byte) Secret {
	held := bytes.Clone(value)
	return Secret{reveal: func() []byte { return held }}
}

// SecretText is NewSecret for a string.
func SecretText(value string) Secret { return NewSecret([]byte(value)) }

// Reveal gives a copy of the bytes. Only sealing, the vendor and connector adapters
// and the mint response may call it; test/arch keeps that list.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return bytes.Clone(s.reveal())
}

// IsZero says whether there is nothing to hide.
func (s Secret) IsZero() bool { return s.reveal == nil || len(s.reveal()) == 0 }

// Equal compares in time that depends on the lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.bytes(), other.bytes()) == 1
}

func (s Secret) bytes() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Format answers every verb and flag with the same word.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// String is for callers that skip fmt.
func (s Secret) String() string { return redacted }

// GoString is for callers that skip fmt.
func (s Secret) GoString() string { return redacted }

// MarshalText keeps JSON, XML, YAML and text encoders from the bytes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText reads an incoming secret, so that no input type needs a plain string.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(text)
	return nil
}

// LogValue keeps slog from the bytes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
