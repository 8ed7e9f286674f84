package recordstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// feedCipher encrypts the positions of the change feed. A position depends on the writes of all tenants, so no tenant
// may learn it. On PostgreSQL, it is a transaction id of the server.
//
// A migration creates the key and stores it in the table feed. All processes on the database therefore accept the same
// cursors, even after a restart or the restore of a dump.
type feedCipher struct {
	mu   sync.Mutex
	keys *feedKeys // nil until the keys were read
}

// feedKeys contains the values that encode and decode need.
type feedKeys struct {
	block      cipher.Block
	plainUntil int64 // the highest plain (not encrypted) position that is accepted
}

// encryptedKey is the first character of a cursor key that contains an encrypted position. Older versions returned
// plain decimal numbers. A plain number is still accepted if it is at most plainUntil. Higher plain numbers are
// refused, because a tenant could try them to find out the positions of its rows.
const encryptedKey = "e"

// load returns the keys. It reads them from the database on the first call, and keeps them.
func (c *feedCipher) load(ctx context.Context, s *gormstore.Core) (*feedKeys, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys != nil {
		return c.keys, nil
	}
	var row struct {
		CursorKey  []byte
		PlainUntil int64
	}
	err := s.Read(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT cursor_key, plain_until FROM feed").Scan(&row).Error
	})
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(row.CursorKey)
	if err == nil {
		c.keys = &feedKeys{block, row.PlainUntil}
	}
	return c.keys, err
}

// encode returns the cursor key for a position and a tenant. It encrypts one AES block of 16 bytes. The first half of
// the block is the position. The second half consists of the last 8 bytes of the tenant's id, which are random.
func (k *feedKeys) encode(tenant domain.TenantID, place int64) string {
	var text [aes.BlockSize]byte
	binary.BigEndian.PutUint64(text[:8], uint64(place))
	copy(text[8:], tenant.UUID[8:])
	k.block.Encrypt(text[:], text[:])
	return encryptedKey + base64.RawURLEncoding.EncodeToString(text[:])
}

// decode returns the position that encode has encoded. Errors: Invalid for the field "cursor" if the cursor is
// malformed or was encoded for another tenant.
func (k *feedKeys) decode(tenant domain.TenantID, after domain.Position) (int64, error) {
	if after.IsZero() {
		return 0, nil
	}
	encrypted, isEncrypted := strings.CutPrefix(after.Key, encryptedKey)
	if !isEncrypted {
		place, err := strconv.ParseInt(after.Key, 10, 64)
		if err != nil || place < 0 || place > k.plainUntil {
			return 0, gormstore.InvalidCursor()
		}
		return place, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(encrypted)
	if err != nil || len(text) != aes.BlockSize {
		return 0, gormstore.InvalidCursor()
	}
	k.block.Decrypt(text, text)
	place := int64(binary.BigEndian.Uint64(text[:8]))
	if string(text[8:]) != string(tenant.UUID[8:]) || place < 0 {
		return 0, gormstore.InvalidCursor()
	}
	return place, nil
}
