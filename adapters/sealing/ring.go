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

// prefix is what a ciphertext begins with: it names its key.
type prefix [cryptofmt.TinkPrefixSize]byte

// prefixOf reads the prefix; the zero prefix, which is no key's, where there is none.
func prefixOf(sealed []byte) prefix {
	if len(sealed) < cryptofmt.TinkPrefixSize {
		return prefix{}
	}
	return prefix(sealed[:cryptofmt.TinkPrefixSize])
}

// ring is one reading of the file. It never changes.
type ring struct {
	aead    tink.AEAD
	primary prefix
	known   map[prefix]bool
	read    fs.FileInfo // the file's state when it was read
}

// load reads, decodes and checks the file.
func load(path, kekURI string) (*ring, error) {
	content, info, err := readFile(path)
	defer clear(content)
	if err != nil {
		return nil, err
	}
	handle, err := decode(content, kekURI)
	if err != nil {
		return nil, err
	}
	r, err := ringOf(handle)
	if err != nil {
		return nil, err
	}
	r.read = info
	return r, nil
}

// ringOf takes AEAD keys with Tink's prefix alone: without one, neither the key that
// sealed a row nor its age could be told.
func ringOf(handle *keyset.Handle) (*ring, error) {
	info := handle.KeysetInfo()
	r := &ring{known: make(map[prefix]bool)}
	for _, key := range info.GetKeyInfo() {
		if key.GetStatus() != tinkpb.KeyStatusType_ENABLED {
			continue
		}
		if key.GetOutputPrefixType() != tinkpb.OutputPrefixType_TINK {
			return nil, fault("holds a key without Tink's output prefix")
		}
		p := tinkPrefix(key.GetKeyId())
		if r.known[p] {
			return nil, fault("holds two keys of one id")
		}
		r.known[p] = true
	}
	r.primary = tinkPrefix(info.GetPrimaryKeyId())
	if !r.known[r.primary] {
		return nil, fault("holds no enabled primary key")
	}
	sealer, err := aead.New(handle)
	if err != nil {
		return nil, fault("holds a key that is not for AEAD")
	}
	r.aead = sealer
	return r, r.try()
}

// try seals once, so that a key that parses but does not work ends the start, not the
// first request.
func (r *ring) try() error {
	sealed, err := r.aead.Encrypt(nil, nil)
	if err != nil || prefixOf(sealed) != r.primary {
		return fault("holds a primary key that does not seal")
	}
	return nil
}

func tinkPrefix(id uint32) prefix {
	p := prefix{cryptofmt.TinkStartByte}
	binary.BigEndian.PutUint32(p[1:], id)
	return p
}
