package sealing

import (
	"encoding/binary"
	"io/fs"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// prefix is the first five bytes of a ciphertext. They identify the key that sealed it.
type prefix [cryptofmt.TinkPrefixSize]byte

// prefixOf returns the prefix of a ciphertext. If the ciphertext is shorter than a prefix, prefixOf returns the zero
// prefix, which belongs to no key.
func prefixOf(ciphertext []byte) prefix {
	if len(ciphertext) < cryptofmt.TinkPrefixSize {
		return prefix{}
	}
	return prefix(ciphertext[:cryptofmt.TinkPrefixSize])
}

// loadedKeys contains the enabled keys of one version of the keyset file. It is immutable.
type loadedKeys struct {
	aead     tink.AEAD
	primary  prefix
	known    map[prefix]bool
	fileInfo fs.FileInfo // the file's metadata when the file was read
}

// load reads the keyset file at path, decodes it, and validates its keys.
func load(path string) (*loadedKeys, error) {
	content, info, err := readFile(path)
	defer clear(content)
	if err != nil {
		return nil, err
	}
	handle, err := decode(content)
	if err != nil {
		return nil, err
	}
	r, err := newLoadedKeys(handle)
	if err != nil {
		return nil, err
	}
	r.fileInfo = info
	return r, nil
}

// newLoadedKeys returns the enabled keys of a keyset. It accepts only AEAD keys with Tink's
// output prefix. Without the prefix a ciphertext would not identify the key that sealed it,
// and NeedsReseal could not decide whether that key is the primary key.
func newLoadedKeys(handle *keyset.Handle) (*loadedKeys, error) {
	info := handle.KeysetInfo()
	r := &loadedKeys{known: make(map[prefix]bool)}
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() != tinkpb.KeyStatusType_ENABLED {
			continue
		}
		if key.GetOutputPrefixType() != tinkpb.OutputPrefixType_TINK {
			return nil, fileError("holds a key without Tink's output prefix")
		}
		p := tinkPrefix(key.GetKeyId())
		if r.known[p] {
			return nil, fileError("holds two keys with the same id")
		}
		r.known[p] = true
	}
	r.primary = tinkPrefix(info.GetPrimaryKeyId())
	if !r.known[r.primary] {
		return nil, fileError("holds no enabled primary key")
	}
	sealer, err := aead.New(handle)
	if err != nil {
		return nil, fileError("holds a key that is not for AEAD")
	}
	r.aead = sealer
	return r, r.selfTest()
}

// selfTest seals an empty plaintext. It returns an error if the primary key can be parsed but not used. Such a key must
// be refused when the keyset is loaded, and not at the first request.
func (r *loadedKeys) selfTest() error {
	sealed, err := r.aead.Encrypt(nil, nil)
	if err != nil || prefixOf(sealed) != r.primary {
		return fileError("holds a primary key that does not seal")
	}
	return nil
}

func tinkPrefix(id uint32) prefix {
	p := prefix{cryptofmt.TinkStartByte}
	binary.BigEndian.PutUint32(p[1:], id)
	return p
}
