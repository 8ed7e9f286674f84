package sqlite

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FindChanged passes the page to a single statement, as a JSON array of pairs. Each pair consists of an external id and
// a content hash.
func (d dialect) FindChanged(
	ctx context.Context,
	_, connection uuid.UUID,
	rawRows []domain.RawTransaction,
) ([]int, error) {
	page := make([][2]string, len(rawRows))
	for i, s := range rawRows {
		if page[i][0] = s.ExternalID; !s.ContentHash.IsZero() {
			page[i][1] = hex.EncodeToString(s.ContentHash[:])
		}
	}
	list, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	var changed []int
	err = d.db.reader.WithContext(ctx).Raw(`
		SELECT page.key FROM json_each(?) AS page WHERE NOT EXISTS (
			SELECT 1 FROM transactions t
			WHERE t.connection_id = ? AND t.external_id = page.value ->> 0 AND t.removed_at IS NULL
				AND lower(hex(t.content_hash)) = page.value ->> 1 AND t.content_hash IS NOT NULL)`,
		string(list), connection).Scan(&changed).Error
	return changed, err
}
