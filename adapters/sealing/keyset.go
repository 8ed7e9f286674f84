package sealing

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// label is part of the associated data. It identifies this use of the keys: a ciphertext that was
// sealed for another use has another label and cannot be opened as a credential.
const label = "aggregator-connections/credential/v1"

// subscriptionLabel is the label for the secrets of subscriptions.
const subscriptionLabel = "aggregator-connections/subscription/v1"

// fileLabel is the label for the files of bank statements.
const fileLabel = "aggregator-connections/file/v1"

// Options configure how a keyset file is checked for changes. The zero value uses the wall clock and
// discards the errors.
type Options struct {
	// Now is the clock that limits how often the file is checked for changes; nil means
	// time.Now.
	Now func() time.Time
	// OnError is called when a changed file is rejected; the previous keys then stay in
	// use. The error contains no part of the file's content. If OnError is nil, the errors
	// are discarded.
	OnError func(error)
}

// Keyset is a ports.Sealer that uses the keys of a keyset file. It reloads the file when the
// file changes. It is safe for concurrent use.
type Keyset struct {
	path string
	opts Options

	keys      atomic.Pointer[loadedKeys]
	lastCheck atomic.Int64 // when the file was last checked, Unix nanoseconds
	reloadMu  sync.Mutex   // held while the file is read
	lastError string       // text of the last error passed to OnError; guarded by reloadMu
}

var _ ports.Sealer = (*Keyset)(nil)

// Open reads a keyset file. The file must contain AEAD keys with Tink's output prefix, in Tink's JSON format, in
// cleartext. It must be a regular file that only its owner and its group can read, and only its owner can write.
//
// Each error is one line that begins with SEALING_KEYSET_FILE. The line contains no part of the file's content.
func Open(path string, opts Options) (*Keyset, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.OnError == nil {
		opts.OnError = func(error) {}
	}
	first, err := load(path)
	if err != nil {
		return nil, err
	}
	k := &Keyset{path: path, opts: opts}
	k.keys.Store(first)
	k.lastCheck.Store(opts.Now().UnixNano())
	return k, nil
}

// Seal encrypts the parts of the credential with the primary key. The ciphertext is bound to
// tenant and connection: it can be opened only with the same two ids. An error is internal
// and contains no part of the credential.
func (k *Keyset) Seal(
	tenant domain.TenantID, connection domain.ConnectionID, c domain.Credential,
) (domain.Sealed, error) {
	return k.seal(c, associatedData(label, tenant.UUID, connection.UUID))
}

// SealSubscription encrypts the secrets of a subscription. It works like Seal, but with subscriptionLabel instead of
// label.
func (k *Keyset) SealSubscription(
	tenant domain.TenantID, subscription events.SubscriptionID, secrets domain.Credential,
) (domain.Sealed, error) {
	return k.seal(secrets, associatedData(subscriptionLabel, tenant.UUID, subscription.UUID))
}

func (k *Keyset) seal(c domain.Credential, data []byte) (domain.Sealed, error) {
	plain, err := encodeParts(c)
	defer clear(plain)
	if err != nil {
		return nil, err
	}
	sealed, err := k.currentKeys().aead.Encrypt(plain, data)
	if err != nil {
		return nil, errors.New("sealing: the primary key does not seal")
	}
	return sealed, nil
}

// Open decrypts a credential with the key that sealed it. Every failure has the same error: Unavailable with the code
// credential_unopened. The usual reason is an old copy of the keyset file, or a different keyset.
func (k *Keyset) Open(
	tenant domain.TenantID, connection domain.ConnectionID, s domain.Sealed,
) (domain.Credential, error) {
	return k.open(s, associatedData(label, tenant.UUID, connection.UUID))
}

// OpenSubscription decrypts the secrets of a subscription. Its errors are those of Open.
func (k *Keyset) OpenSubscription(
	tenant domain.TenantID, subscription events.SubscriptionID, s domain.Sealed,
) (domain.Credential, error) {
	return k.open(s, associatedData(subscriptionLabel, tenant.UUID, subscription.UUID))
}

func (k *Keyset) open(s domain.Sealed, data []byte) (domain.Credential, error) {
	plain, err := k.keysFor(prefixOf(s)).aead.Decrypt(s, data)
	defer clear(plain)
	if err != nil {
		return domain.Credential{}, unopenedError()
	}
	return decodeParts(plain)
}

// SealFile encrypts the file of a bank statement. It works like Seal, but with fileLabel instead of label.
func (k *Keyset) SealFile(
	tenant domain.TenantID, statement witness.BankStatementID, content []byte,
) (domain.Sealed, error) {
	sealed, err := k.currentKeys().aead.Encrypt(content, associatedData(fileLabel, tenant.UUID, statement.UUID))
	if err != nil {
		return nil, errors.New("sealing: the primary key does not seal")
	}
	return sealed, nil
}

// OpenFile decrypts the file of a bank statement. Its errors are those of Open.
func (k *Keyset) OpenFile(
	tenant domain.TenantID, statement witness.BankStatementID, s domain.Sealed,
) ([]byte, error) {
	content, err := k.keysFor(prefixOf(s)).aead.Decrypt(s, associatedData(fileLabel, tenant.UUID, statement.UUID))
	if err != nil {
		return nil, unopenedError()
	}
	return content, nil
}

// NeedsReseal reports whether s was not sealed with the primary key. It also returns true if s
// is not a ciphertext at all.
func (k *Keyset) NeedsReseal(s domain.Sealed) bool { return prefixOf(s) != k.currentKeys().primary }

// unopenedError returns the error of Open. The error has no cause: the details from Tink or from a decoder would be
// useful only for someone who tries to forge a ciphertext.
func unopenedError() error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.CredentialUnopened, Message: "the sealed credential does not open",
	}
}

// associatedData returns the concatenation of a purpose (label or subscriptionLabel), a tenant id and a row id. Each of
// them is prefixed with its length as 4 bytes, big endian, so that two different inputs never result in the same bytes.
func associatedData(purpose string, tenant, row uuid.UUID) []byte {
	var data []byte
	for _, part := range [][]byte{[]byte(purpose), tenant[:], row[:]} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	return data
}

// encodeParts encodes the parts of the credential as a JSON object with base64 values. Base64
// is necessary because a secret need not be valid UTF-8.
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
