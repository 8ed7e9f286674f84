package domain

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// redacted is the text that every formatting verb, encoder and logger prints for a secret.
const redacted = "[secret]"

// Secret holds bytes that must not be printed. A closure holds the bytes, because fmt prints only the address of a
// closure. If a struct has an unexported field of the type Secret, fmt calls no methods of this field. It would
// therefore print a byte slice. The zero Secret is empty.
type Secret struct{ reveal func() []byte }

// NewSecret returns a secret with a copy of the bytes, so the caller can overwrite its own
// bytes afterwards.
func NewSecret(value []byte) Secret {
	held := bytes.Clone(value)
	return Secret{reveal: func() []byte { return held }}
}

// SecretText returns a secret with the bytes of a string, like NewSecret.
func SecretText(value string) Secret { return NewSecret([]byte(value)) }

// Reveal returns a copy of the bytes. Only code for these tasks may call Reveal: sealing, requests of vendor and
// connector adapters, and the response with a new token. The package test/arch contains the list of permitted callers.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return bytes.Clone(s.reveal())
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.reveal == nil || len(s.reveal()) == 0 }

// Equal reports whether both secrets have the same bytes, in time that depends only on
// the lengths.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.bytes(), other.bytes()) == 1
}

func (s Secret) bytes() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Format prints the fixed word "[secret]" for every verb and flag.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// String returns the fixed word "[secret]", for callers that do not use fmt.
func (s Secret) String() string { return redacted }

// GoString returns the fixed word "[secret]", for callers that do not use fmt.
func (s Secret) GoString() string { return redacted }

// MarshalText returns the fixed word "[secret]", so that JSON, XML, YAML and text encoders do not
// write the bytes.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalText stores the text as the secret's bytes. It lets input types have Secret fields
// instead of plain strings.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(text)
	return nil
}

// LogValue returns the fixed word "[secret]", so that slog does not write the bytes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
