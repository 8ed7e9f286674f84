package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FindChanged looks a page up in two steps. Most pages are lists by date in which most rows are
// unchanged, so a scan by date finds those; each row that the scan does not find is looked up by its key.
func (d dialect) FindChanged(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error) {
	unchanged := make([]bool, len(seen))
	if len(seen) >= minDateScan {
		if err := d.dateScan(ctx, connection, seen, unchanged); err != nil {
			return nil, err
		}
	}
	var rest []int
	for i := range seen {
		if !unchanged[i] {
			rest = append(rest, i)
		}
	}
	if len(rest) == 0 {
		return nil, nil
	}
	return d.findChangedByKey(ctx, connection, seen, rest)
}

// dateScanSQL reads the stored rows of the dates between which the page's samples lie, if the samples
// are in the order of their dates: one index range scan per page, where a lookup of each of its rows
// takes four times as long. The limit bounds the rows that are scanned, which include rows of other accounts.
const dateScanSQL = `
WITH sampled AS (
	SELECT stored.date, stored.account, lag(stored.date) OVER (ORDER BY page.place) AS before
	FROM unnest($2::text[]) WITH ORDINALITY AS page (external_id, place) CROSS JOIN LATERAL (
		SELECT t.date, t.account FROM transactions t
		WHERE t.connection_id = $1 AND t.external_id = page.external_id OFFSET 0) stored
), span AS (
	SELECT min(date) AS oldest, max(date) AS newest, min(account) AS lowest, max(account) AS highest FROM sampled
	HAVING bool_and(coalesce(date <= before, true)) OR bool_and(coalesce(date >= before, true))
)
SELECT stored.external_id, stored.source FROM span CROSS JOIN LATERAL (
	SELECT t.external_id, t.source, t.account, t.removed_at FROM transactions t
	WHERE t.connection_id = $1 AND t.date BETWEEN span.oldest AND span.newest LIMIT $3) stored
WHERE stored.removed_at IS NULL AND stored.source IS NOT NULL AND stored.account BETWEEN span.lowest AND span.highest`

const (
	minDateScan    = 64 // rows; for smaller pages a lookup of each row is as fast
	dateSamples    = 8
	dateScanFactor = 4 // at most this many times the page is scanned
)

// dateScan marks rows that it finds stored and unchanged: not all of those, but no others.
func (d dialect) dateScan(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction,
	unchanged []bool,
) error {
	index := make(map[string]int, len(seen))
	for i := range seen {
		index[seen[i].ExternalID] = i
	}
	// The error of Query is the rows' too.
	rows, _ := d.db.Pool.Query(ctx, dateScanSQL, plainID(connection), sampleIDs(seen), dateScanFactor*len(seen))
	defer rows.Close()
	for rows.Next() {
		values := rows.RawValues() // the binary forms of text and bytea are their bytes
		if i, shown := index[string(values[0])]; shown {
			unchanged[i] = !seen[i].ContentHash.IsZero() && string(values[1]) == string(seen[i].ContentHash[:])
		}
	}
	return rows.Err()
}

// sampleIDs returns external ids from all over the page, in its order, including the first and the
// last.
func sampleIDs(seen []domain.RawTransaction) []string {
	ids := make([]string, dateSamples)
	for i := range ids {
		ids[i] = seen[i*(len(seen)-1)/(dateSamples-1)].ExternalID
	}
	return ids
}

// changedSQL looks each row up in the unique index: with a join the planner might read all of the
// connection's rows for one page of them.
const changedSQL = `
SELECT place FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS page (external_id, source, place)
WHERE NOT coalesce((
	SELECT t.source = page.source AND t.removed_at IS NULL FROM transactions t
	WHERE t.connection_id = $1 AND t.external_id = page.external_id), false)`

// findChangedByKey looks up the rows with these indexes one by one, and returns those that changed.
func (d dialect) findChangedByKey(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction,
	indexes []int,
) ([]int, error) {
	ids, hashes := make([]string, len(indexes)), make([][]byte, len(indexes))
	for i, at := range indexes {
		ids[i], hashes[i] = seen[at].ExternalID, hashOrNull(&seen[at].ContentHash)
	}
	var changed []int
	var place int
	err := query(ctx, d.db.Pool, changedSQL, []any{plainID(connection), ids, hashes}, []any{&place}, func() error {
		changed = append(changed, indexes[place-1])
		return nil
	})
	return changed, err
}
