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

// Options say how a keyset file is read. The zero value is a keyset in clear.
type Options struct {
	// KEKURI names the key that wraps the keyset, at a KMS whose client was registered
	// with Tink (registry.RegisterKMSClient). "" means the keyset is in clear.
	KEKURI string
	// Now is the clock that spaces the looks at the file; nil is time.Now.
	Now func() time.Time
	// Observe is told when a changed file was refused; the keys of before then stay in
	// use. The error names no content. Nil is silence.
	OnError func(error)
}

// Keyset is a ports.Sealer over a keyset file, safe for concurrent use. It follows the
// file's changes.
type Keyset struct {
	path string
	opts Options

	keys      atomic.Pointer[loadedKeys]
	lastCheck atomic.Int64 // when the file was last looked at, Unix nanoseconds
	reloadMu  sync.Mutex   // one reader of the file at a time
	lastError string       // what Observe was last told; under reading
}

var _ ports.Sealer = (*Keyset)(nil)

// Open reads a keyset file: Tink's JSON, in clear or wrapped by the KEK, of AEAD keys
// with Tink's output prefix. Errors: one line that begins with SEALING_KEYSET_FILE and
// holds nothing of the content: missing, not a regular file, readable by others than the
// owner, empty, foreign, of other keys than AEAD's, or not unwrapped by the KEK.
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

// Seal encrypts the credential's parts under the primary key, bound to tenant and
// connection. Errors: internal, without a word of the credential.
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

// Open decrypts under whichever key sealed. Errors: Unavailable (credential_unopened), the
// same for every reason: mostly the keyset is an old copy, or another one.
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

// Stale says whether s is sealed under another key than the primary one, or is no
// ciphertext at all.
func (k *Keyset) NeedsReseal(s domain.Sealed) bool { return prefixOf(s) != k.currentKeys().primary }

// unopened has no cause: what Tink or a decoder would add helps only a forger.
func unopenedError() error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.CredentialUnopened, Message: "the sealed credential does not open",
	}
}

// binding is the associated data: label, tenant and connection, each behind its length
// as 4 bytes, big endian, so that no two bindings share their bytes.
func associatedData(tenant domain.TenantID, connection domain.ConnectionID) []byte {
	var data []byte
	for _, part := range [][]byte{[]byte(label), tenant.UUID[:], connection.UUID[:]} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}

// encodeParts writes the parts as base64: a secret need not be UTF-8.
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
