package sealing

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// label separates this use of the keys from any other.
const label = "aggregator-connections/credential/v1"

// Options configure how a keyset file is read. The zero value reads a keyset in cleartext.
type Options struct {
	// KEKURI names the key that wraps the keyset, at a KMS whose client was registered
	// with Tink (registry.RegisterKMSClient). "" means the keyset is in cleartext.
	KEKURI string
	// Now is the clock that limits how often the file is checked; nil means time.Now.
	Now func() time.Time
	// OnError is called when a changed file is rejected; the previous keys then stay in
	// use. The error contains none of the file's content. Nil discards the errors.
	OnError func(error)
}

// Keyset is a ports.Sealer that uses a keyset file, and reloads it when it changes. It is
// safe for concurrent use.
type Keyset struct {
	path string
	opts Options

	keys      atomic.Pointer[loadedKeys]
	lastCheck atomic.Int64 // when the file was last checked, Unix nanoseconds
	reloadMu  sync.Mutex   // held while the file is read
	lastError string       // what was last passed to OnError; guarded by reloadMu
}

var _ ports.Sealer = (*Keyset)(nil)

// Open reads a keyset file: Tink's JSON, in cleartext or wrapped by the KEK, of AEAD keys
// with Tink's output prefix. Errors: one line that begins with SEALING_KEYSET_FILE and
// contains none of the content: missing, not a regular file, readable by others than the
// owner, empty, not a keyset, of other keys than AEAD's, or not unwrapped by the KEK.
func Open(path string, opts Options) (*Keyset, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OnError == nil {
		opts.OnError = func(error) {}
	}
	first, err := load(path, opts.KEKURI)
	if err != nil {
		return nil, err
	}
	k := &Keyset{path: path, opts: opts}
	k.keys.Store(first)
	k.lastCheck.Store(opts.Now().UnixNano())
	return k, nil
}

// Seal encrypts the credential's parts with the primary key, bound to tenant and
// connection. Errors: internal, without any part of the credential.
func (k *Keyset) Seal(
	tenant domain.TenantID, connection domain.ConnectionID, c domain.Credential,
) (domain.Sealed, error) {
	plain, err := encodeParts(c)
	defer clear(plain)
	if err != nil {
		return nil, err
	}
	sealed, err := k.currentKeys().aead.Encrypt(plain, associatedData(tenant, connection))
	if err != nil {
		return nil, errors.New("sealing: the primary key does not seal")
	}
	return sealed, nil
}

// Open decrypts with the key that sealed. Errors: Unavailable (credential_unopened), the
// same for every reason; usually the keyset is an old copy, or a different one.
func (k *Keyset) Open(
	tenant domain.TenantID, connection domain.ConnectionID, s domain.Sealed,
) (domain.Credential, error) {
	plain, err := k.keysFor(prefixOf(s)).aead.Decrypt(s, associatedData(tenant, connection))
	defer clear(plain)
	if err != nil {
		return domain.Credential{}, unopenedError()
	}
	return decodeParts(plain)
}

// NeedsReseal reports whether s is sealed with a key other than the primary one, or is not
// a ciphertext at all.
func (k *Keyset) NeedsReseal(s domain.Sealed) bool { return prefixOf(s) != k.currentKeys().primary }

// unopenedError returns an error without a cause: what Tink or a decoder would add helps
// only a forger.
func unopenedError() error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.CredentialUnopened, Message: "the sealed credential does not open",
	}
}

// associatedData returns label, tenant and connection, each prefixed with its length as 4
// bytes, big endian, so that two different inputs never have the same bytes.
func associatedData(tenant domain.TenantID, connection domain.ConnectionID) []byte {
	var data []byte
	for _, part := range [][]byte{[]byte(label), tenant.UUID[:], connection.UUID[:]} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}

// encodeParts encodes the parts as JSON with base64 values: a secret need not be UTF-8.
func encodeParts(c domain.Credential) ([]byte, error) {
	parts := make(map[string][]byte)
	for _, name := range c.Names() {
		value := c.Part(name).Reveal()
		defer clear(value)
		parts[name] = value
	}
	plain, err := json.Marshal(parts)
	if err != nil {
		return nil, errors.New("sealing: the credential cannot be encoded")
	}
	return plain, nil
}

func decodeParts(plain []byte) (domain.Credential, error) {
	var parts map[string][]byte
	if json.Unmarshal(plain, &parts) != nil {
		return domain.Credential{}, unopenedError()
	}
	secrets := make(map[string]domain.Secret, len(parts))
	for name, value := range parts {
		secrets[name] = domain.NewSecret(value)
		clear(value)
	}
	return domain.NewCredential(secrets), nil
}
