package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// strange hands a page over as one JSON object of places, ids and sources.
func (d dialect) strange(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error) {
	page := make([][2]string, len(seen))
	for i, s := range seen {
		if page[i][0] = s.ExternalID; !s.ContentHash.IsZero() {
			page[i][1] = hex.EncodeToString(s.ContentHash[:])
		}
	}
	list, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	var places []int
	err = d.db.reader.WithContext(ctx).Raw(`
		SELECT page.key FROM json_each(?) AS page WHERE NOT EXISTS (
			SELECT 1 FROM transactions t
			WHERE t.connection_id = ? AND t.external_id = page.value ->> 0 AND t.removed_at IS NULL
				AND lower(hex(t.source)) = page.value ->> 1 AND t.source IS NOT NULL)`, string(list), connection).Scan(&places).Error
	return places, err
}

// saveSources writes row by row, which is what a file is good at.
func saveSources(tx *gorm.DB, ids []uuid.UUID, sources [][]byte) error {
	for i := range ids {
		if err := tx.Exec("UPDATE transactions SET source = ? WHERE id = ?", sources[i], ids[i]).Error; err != nil {
			return err
		}
	}
	return nil
}
