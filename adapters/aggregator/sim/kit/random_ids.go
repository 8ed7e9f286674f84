package kit

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
)

// NewEntropy returns a source of pseudorandom bytes for ids and numbers. Equal seeds produce equal bytes. If seed is 0,
// NewEntropy chooses a random seed. The source is not safe for concurrent use.
func NewEntropy(seed uint64) *rand.ChaCha8 {
	var whole [32]byte
	if seed == 0 {
		_, _ = crand.Read(whole[:]) // never fails
	}
	binary.LittleEndian.PutUint64(whole[24:], seed)
	return rand.NewChaCha8(whole)
}

// NewID returns a random UUID (version 4) from the source.
func NewID(entropy *rand.ChaCha8) uuid.UUID {
	return uuid.Must(uuid.NewRandomFromReader(entropy)) // ChaCha8 never fails
}
