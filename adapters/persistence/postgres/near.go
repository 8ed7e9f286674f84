package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// nearSQL reads the stored rows of the dates between which the page's samples lie, if they
// lie in their order: a walk along an index for a page, where to look each of its rows up
// takes four times as long. The limit is on what is walked over, of which rows of other
// accounts are a part.
const nearSQL = `
WITH sampled AS (
	SELECT stored.date, stored.account, lag(stored.date) OVER (ORDER BY page.place) AS before
	FROM unnest($2::text[]) WITH ORDINALITY AS page (external_id, place) CROSS JOIN LATERAL (
		SELECT t.date, t.account FROM transactions t WHERE t.connection_id = $1 AND t.external_id = page.external_id OFFSET 0) stored
), span AS (
	SELECT min(date) AS oldest, max(date) AS newest, min(account) AS lowest, max(account) AS highest FROM sampled
	HAVING bool_and(coalesce(date <= before, true)) OR bool_and(coalesce(date >= before, true))
)
SELECT stored.external_id, stored.source FROM span CROSS JOIN LATERAL (
	SELECT t.external_id, t.source, t.account, t.removed_at FROM transactions t
	WHERE t.connection_id = $1 AND t.date BETWEEN span.oldest AND span.newest LIMIT $3) stored
WHERE stored.removed_at IS NULL AND stored.source IS NOT NULL AND stored.account BETWEEN span.lowest AND span.highest`

const (
	manySeen = 64 // below, row by row is as fast
	samples  = 8
	maxWalk  = 4 // times the page
)

// near marks sightings that it finds stored as they are: not all of them, but none that is
// not.
func (d dialect) near(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction, known []bool) error {
	places := make(map[string]int, len(seen))
	for i := range seen {
		places[seen[i].ExternalID] = i
	}
	rows, _ := d.db.Pool.Query(ctx, nearSQL, plainID(connection), sampled(seen), maxWalk*len(seen)) // its error is the rows' too
	defer rows.Close()
	for rows.Next() {
		values := rows.RawValues() // a text and bytes are sent as they are
		if i, shown := places[string(values[0])]; shown {
			known[i] = !seen[i].ContentHash.IsZero() && string(values[1]) == string(seen[i].ContentHash[:])
		}
	}
	return rows.Err()
}

// sampled gives external ids from all over the page, in its order, the first and the last
// among them.
func sampled(seen []domain.RawTransaction) []string {
	ids := make([]string, samples)
	for i := range ids {
		ids[i] = seen[i*(len(seen)-1)/(samples-1)].ExternalID
	}
	return ids
}
