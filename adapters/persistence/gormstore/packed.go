package gormstore

import (
	_ "embed"
	"encoding/json"
	"errors"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The vendor's object of a transaction is most of what is stored for it, and consists mainly of the names of its
// members. The column metadata therefore contains a compressed form. JSON starts with none of the first bytes below, so
// an object that does not get smaller is stored as it is.
const (
	// packedZstd1 is followed by a Zstandard frame (RFC 8878) without its magic number, which was made with
	// dictionary1.
	packedZstd1 = 0x01
	// packedRaw is followed by the object itself. It is needed only if the object starts with a byte below firstOfJSON.
	packedRaw = 0x00
	// firstOfJSON is the lowest byte with which JSON can start, a horizontal tab.
	firstOfJSON = 0x09
)

// dictionary1 contains what rows of the vendors have in common. It must never change, because stored objects can only
// be read with it. Better contents are another file with another first byte.
//
//go:embed packed_dictionary1.txt
var dictionary1 []byte

// dictionaryID is the number of dictionary1 in the frames.
const dictionaryID = 1

// zstdMagic is the magic number of a frame.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

const (
	// maxObject is the maximum size of an object that is unpacked. Vendors' rows of more than 262,144 bytes are not
	// stored as transactions.
	maxObject = 64 << 20
	// packWindow is the distance over which equal texts are found.
	packWindow = 256 << 10
	// maxPackers is the maximum number of objects that are packed, or unpacked, at the same time. Each needs about a
	// megabyte of memory after its first use.
	maxPackers = 4
)

var packer = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(dictionaryID, dictionary1),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(packWindow),
		zstd.WithEncoderConcurrency(min(runtime.GOMAXPROCS(0), maxPackers)))
	if err != nil {
		panic(err) // the options are constants
	}
	return e
})

var unpacker = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(
		nil,
		zstd.WithDecoderDictRaw(dictionaryID, dictionary1),
		zstd.WithDecoderMaxMemory(maxObject),
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderConcurrency(min(runtime.GOMAXPROCS(0), maxPackers)),
	)
	if err != nil {
		panic(err) // the options are constants
	}
	return d
})

// AppendPacked appends the stored form of a vendor's object to dst. The same object can have several stored forms, so
// objects must not be compared by them.
func AppendPacked(dst, object []byte) []byte {
	start := len(dst)
	dst = packer().EncodeAll(object, dst)
	frame := dst[start:]
	// The prefix takes the place of the last byte of the magic number.
	if size := len(frame) - len(zstdMagic) + 1; size < len(object) {
		frame[0] = packedZstd1
		return dst[:start+1+copy(frame[1:], frame[len(zstdMagic):])]
	}
	dst = dst[:start]
	if len(object) > 0 && object[0] < firstOfJSON {
		dst = append(dst, packedRaw)
	}
	return append(dst, object...)
}

// Pack returns the stored form of a vendor's object; nil for nil. See AppendPacked.
func Pack(object []byte) []byte {
	if object == nil {
		return nil
	}
	return AppendPacked(make([]byte, 0, len(object)/2+len(zstdMagic)), object)
}

// PackedObject is a vendor's object and its stored form.
type PackedObject struct{ object, stored []byte }

// PackObject packs a vendor's object before it is known whether it is stored.
func PackObject(object []byte) PackedObject { return PackedObject{object, Pack(object)} }

// errPacked reports that a stored object cannot be read. It does not contain the object.
var errPacked = errors.New("a stored object of the vendor is not readable")

// Unpack returns the vendor's object with this stored form; nil for nil. The result is a copy.
func Unpack(stored []byte) (json.RawMessage, error) {
	switch {
	case stored == nil:
		return nil, nil
	case len(stored) == 0 || stored[0] >= firstOfJSON:
		return append(json.RawMessage{}, stored...), nil
	case stored[0] == packedRaw:
		return append(json.RawMessage{}, stored[1:]...), nil
	case stored[0] != packedZstd1:
		return nil, errPacked
	}
	frame := make([]byte, 0, len(zstdMagic)+len(stored)-1)
	frame = append(append(frame, zstdMagic...), stored[1:]...)
	object, err := unpacker().DecodeAll(frame, nil)
	if err != nil {
		return nil, errPacked
	}
	return object, nil
}

// Packed is a scan target for a vendor's object.
type Packed json.RawMessage

// ScanBytes scans an object from pgx; nil means NULL.
func (p *Packed) ScanBytes(stored []byte) error {
	object, err := Unpack(stored)
	*p = Packed(object)
	return err
}

// Scan scans an object from database/sql.
func (p *Packed) Scan(value any) error {
	stored, _ := value.([]byte)
	return p.ScanBytes(stored)
}

// The codecs create channels at their first use, which must not be inside the bubble of a test with testing/synctest.
func init() {
	packer().EncodeAll(nil, nil)
	unpacker()
}
