package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrKey is the error for a text that is not a verifier key in its canonical form.
var ErrKey = errors.New("the key is not a verifier key of the form NAME+HASH+KEY")

// verifierKey is a verifier key of signed notes (C2SP signed-note) with an Ed25519 key.
type verifierKey struct {
	text, name string
	hash       []byte // 4 bytes
	public     ed25519.PublicKey
}

// algorithm is the type of an Ed25519 key.
const algorithm = 1

// parseKey parses a verifier key. Errors: ErrKey.
func parseKey(text string) (verifierKey, error) {
	parts := strings.Split(text, "+")
	if len(parts) < 3 {
		return verifierKey{}, ErrKey
	}
	name := parts[0]
	encoded := strings.Join(parts[2:], "+") // base64 has this character, too
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algorithm || name == "" ||
		strings.ContainsAny(name, " \t\r\n") {
		return verifierKey{}, ErrKey
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	k := verifierKey{text: text, name: name, hash: sum[:4], public: key[1:]}
	if text != fmt.Sprintf("%s+%x+%s", name, k.hash, base64.StdEncoding.EncodeToString(key)) {
		return verifierKey{}, ErrKey
	}
	return k, nil
}

// open verifies a signed note and returns its text. The note must have exactly one signature, by this key, in the
// canonical form.
func (k verifierKey) open(note []byte) ([]byte, error) {
	before, line, found := bytes.Cut(note, []byte("\n\n— "+k.name+" "))
	text := append(bytes.Clone(before), '\n')
	if !found {
		return nil, errors.New("it is not a signed note with a signature of this key")
	}
	signature, err := base64.StdEncoding.DecodeString(string(line))
	if err != nil || len(signature) != 4+ed25519.SignatureSize ||
		string(line) != base64.StdEncoding.EncodeToString(signature)+"\n" || !bytes.Equal(signature[:4], k.hash) {
		return nil, errors.New("it does not have exactly one signature, of this key, in the canonical form")
	}
	if !ed25519.Verify(k.public, text, signature[4:]) {
		return nil, errors.New("the signature is wrong")
	}
	return text, nil
}

// checkpoint contains the size and the root hash of the tree that a checkpoint states.
type checkpoint struct {
	size int64
	root tlog.Hash
}

// parseCheckpoint parses the text of a checkpoint, which has exactly three lines.
func parseCheckpoint(origin, text string) (c checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" || len(lines[1]) > maxCountDigit {
		return c, faultf(checkpointName, "it is not a checkpoint of the key's tree")
	}
	size, sizeErr := strconv.ParseInt(lines[1], 10, 64)
	root, rootErr := base64.StdEncoding.DecodeString(lines[2])
	if sizeErr != nil || rootErr != nil || size < 0 || len(root) != tlog.HashSize ||
		strconv.FormatInt(size, 10) != lines[1] || base64.StdEncoding.EncodeToString(root) != lines[2] {
		return c, faultf(checkpointName, "its size or its root is not in the canonical form")
	}
	return checkpoint{size, tlog.Hash(root)}, nil
}

// proves reports whether the hashes prove that the tree contains the entry with this number (RFC 6962, section 2.1.1).
func proves(hashes [][]byte, c checkpoint, sequence int64, entry []byte) bool {
	if sequence < 0 || sequence >= c.size {
		return false
	}
	proof := make(tlog.RecordProof, len(hashes))
	for i, h := range hashes {
		if len(h) != tlog.HashSize {
			return false
		}
		proof[i] = tlog.Hash(h)
	}
	return tlog.CheckRecord(proof, c.size, c.root, sequence, tlog.RecordHash(entry)) == nil
}
