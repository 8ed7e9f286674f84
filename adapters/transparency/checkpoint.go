package transparency

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// originPrefix is the beginning of every origin. The id of the tenant follows.
const originPrefix = "studio.lerian.discovery/audit/"

// maxCheckpoint is the maximum length of a checkpoint that is read, in bytes.
const maxCheckpoint = 16 << 10

// origin returns the first line of a tenant's checkpoints, which is also the name of their key.
func origin(tenant domain.TenantID) string { return originPrefix + tenant.String() }

// checkpoint contains the values of a checkpoint of a tenant's audit log: the number of entries and the root of their
// Merkle tree.
type checkpoint struct {
	size int64
	root tlog.Hash
}

// text returns the checkpoint of the tenant as the text that is signed.
func (c checkpoint) text(tenant domain.TenantID) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin(tenant), c.size, base64.StdEncoding.EncodeToString(c.root[:]))
}

var errNoCheckpoint = errors.New("it is not a checkpoint of the tenant's tree")

// parseCheckpoint parses a text that checkpoint.text returned. Lines after the third one are ignored, because a
// checkpoint may have extensions.
func parseCheckpoint(tenant domain.TenantID, text string) (checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] != origin(tenant) {
		return checkpoint{}, errNoCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, errNoCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return checkpoint{}, errNoCheckpoint
	}
	return checkpoint{size, tlog.Hash(root)}, nil
}

// TenantOf implements ports.AuditTree.
func (Tree) TenantOf(signed []byte) (domain.TenantID, error) {
	invalid := domain.FieldError("checkpoint", "is not a checkpoint of this service")
	first, _, _ := strings.Cut(string(signed), "\n")
	id, ok := strings.CutPrefix(first, originPrefix)
	parsed, err := uuid.Parse(id)
	tenant := domain.TenantID{UUID: parsed}
	if !ok || err != nil || tenant.String() != id || len(signed) > maxCheckpoint {
		return domain.TenantID{}, invalid
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	if _, err := parseCheckpoint(tenant, text+"\n"); err != nil {
		return domain.TenantID{}, invalid
	}
	return tenant, nil
}

// VerifierKey implements ports.AuditTree.
func (Tree) VerifierKey(key domain.Secret, tenant domain.TenantID) (string, error) {
	private, err := privateKey(key)
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(origin(tenant), private.Public().(ed25519.PublicKey))
}

// privateKey returns the Ed25519 key of a seed.
func privateKey(key domain.Secret) (ed25519.PrivateKey, error) {
	seed := key.Reveal()
	defer clear(seed)
	if len(seed) != ed25519.SeedSize {
		return nil, errors.New("transparency: the key is not the seed of an Ed25519 key")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// sign returns the signed note of a checkpoint.
func (t Tree) sign(key domain.Secret, tenant domain.TenantID, c checkpoint) ([]byte, error) {
	return t.SignNote(key, tenant, []byte(c.text(tenant)))
}

// SignCheckpoint implements ports.AuditTree.
func (t Tree) SignCheckpoint(keys []domain.Secret, tenant domain.TenantID, signed []byte) ([]byte, error) {
	c, err := t.open(keys, tenant, signed)
	if err != nil {
		return nil, err
	}
	return t.sign(keys[0], tenant, c)
}

// SignNote implements ports.AuditTree.
func (t Tree) SignNote(key domain.Secret, tenant domain.TenantID, text []byte) ([]byte, error) {
	verifier, err := t.VerifierKey(key, tenant)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return nil, err
	}
	private, err := privateKey(key)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: string(text)}, signer{v, private})
}

// signer implements note.Signer. Unlike the signer of package note, it does not need the private key as a string, which
// could not be erased from memory.
type signer struct {
	note.Verifier

	key ed25519.PrivateKey
}

// Sign returns the signature of the text of a note.
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

// open verifies a signed note and returns its checkpoint. The note can be signed with any of the keys.
func (t Tree) open(keys []domain.Secret, tenant domain.TenantID, signed []byte) (checkpoint, error) {
	if len(signed) > maxCheckpoint {
		return checkpoint{}, errNoCheckpoint
	}
	var verifiers []note.Verifier
	for _, key := range keys {
		text, err := t.VerifierKey(key, tenant)
		if err != nil {
			return checkpoint{}, err
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			return checkpoint{}, err
		}
		verifiers = append(verifiers, v)
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return checkpoint{}, errors.New("it is not signed by the key of this service")
	}
	return parseCheckpoint(tenant, opened.Text)
}

// ParseKeys parses the Ed25519 keys (PKCS #8, RFC 8410) of a PEM file. It returns an error if the text contains no key,
// or contains data other than keys. The error contains no part of the text.
func ParseKeys(file domain.Secret) ([]domain.Secret, error) {
	rest := file.Reveal()
	defer clear(rest)
	var keys []domain.Secret
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, ok := parsed.(ed25519.PrivateKey)
		if err != nil || !ok {
			return nil, errNoKeys
		}
		keys = append(keys, domain.NewSecret(private.Seed()))
	}
	if len(keys) == 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errNoKeys
	}
	return keys, nil
}

var errNoKeys = errors.New(
	"must contain Ed25519 private keys in PEM, as openssl genpkey -algorithm ed25519 writes them",
)
