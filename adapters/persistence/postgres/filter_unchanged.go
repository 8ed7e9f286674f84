package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// FindChanged looks up the rows of a page in two steps. Most pages are ordered by date and contain few changed rows, so
// a scan by date finds most rows unchanged. The other rows are then looked up by key.
func (d dialect) FindChanged(
	ctx context.Context, tenant, connection uuid.UUID, seen []domain.RawTransaction,
) ([]int, error) {
	unchanged := make([]bool, len(seen))
	if len(seen) >= minDateScan {
		if err := d.dateScan(ctx, tenant, connection, seen, unchanged); err != nil {
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
	return d.findChangedByKey(ctx, tenant, connection, seen, rest)
}

// ofConnection is a condition that compares the connection with $1 in a way that hides the value of $1 from the
// planner. The planner assumes that a connection that is newer than its statistics has one row. It would then not use
// the unique index, but read all rows of the connection for each row that is looked up.
const ofConnection = "t.connection_id = (SELECT $1::uuid)"

// dateScanSQL returns a SELECT of the stored rows whose dates lie between those of a few rows of the page, the samples
// (see sampleIDs). The SELECT returns no row if the stored dates of the samples are neither in ascending nor in
// descending order. The scan is one index range scan for the whole page; a lookup of each row takes four times as long.
// The limit bounds the number of scanned rows, which include rows of other accounts.
//
// The statement looks up the samples with the condition ofConnection.
func (d dialect) dateScanSQL() string {
	ofTenant := d.tenantIs("t.tenant_id", "$4")
	return `
WITH sampled AS (
	SELECT stored.date, stored.account, lag(stored.date) OVER (ORDER BY page.place) AS before
	FROM unnest($2::text[]) WITH ORDINALITY AS page (external_id, place) CROSS JOIN LATERAL (
		SELECT t.date, t.account FROM transactions t
		WHERE ` + ofConnection + ` AND t.external_id = page.external_id AND ` + ofTenant + ` OFFSET 0) stored
), span AS (
	SELECT min(date) AS oldest, max(date) AS newest, min(account) AS lowest, max(account) AS highest FROM sampled
	HAVING bool_and(coalesce(date <= before, true)) OR bool_and(coalesce(date >= before, true))
)
SELECT stored.external_id, stored.source FROM span CROSS JOIN LATERAL (
	SELECT t.external_id, t.source, t.account, t.removed_at FROM transactions t
	WHERE t.connection_id = $1 AND t.date BETWEEN span.oldest AND span.newest AND ` + ofTenant + ` LIMIT $3) stored
WHERE stored.removed_at IS NULL AND stored.source IS NOT NULL AND stored.account BETWEEN span.lowest AND span.highest`
}

const (
	minDateScan    = 64 // minimum page size in rows; for smaller pages, lookups are as fast as the scan
	dateSamples    = 8
	dateScanFactor = 4 // the scan reads at most this many times the number of rows of the page
)

// dateScan sets unchanged for the rows that it finds stored and unchanged. It may miss some of the
// unchanged rows, but never sets unchanged for a changed row.
func (d dialect) dateScan(ctx context.Context, tenant, connection uuid.UUID, seen []domain.RawTransaction,
	unchanged []bool,
) error {
	index := make(map[string]int, len(seen))
	for i := range seen {
		index[seen[i].ExternalID] = i
	}
	// The error of Query is returned by rows.Err.
	rows, _ := d.db.Pool.Query(ctx, d.dateScanSQL(), plainID(connection), sampleIDs(seen), dateScanFactor*len(seen),
		plainID(tenant))
	defer rows.Close()
	for rows.Next() {
		values := rows.RawValues() // the binary form of text and bytea consists of the bytes themselves
		if i, shown := index[string(values[0])]; shown {
			unchanged[i] = !seen[i].ContentHash.IsZero() && string(values[1]) == string(seen[i].ContentHash[:])
		}
	}
	return rows.Err()
}

// sampleIDs returns the external ids of dateSamples rows in the order of the page. The rows are
// spread evenly over the page and include its first and its last row.
func sampleIDs(seen []domain.RawTransaction) []string {
	ids := make([]string, dateSamples)
	for i := range ids {
		ids[i] = seen[i*(len(seen)-1)/(dateSamples-1)].ExternalID
	}
	return ids
}

// changedSQL returns a SELECT of the changed rows' positions in the page, counted from 1. It looks up each row in the
// unique index by a subquery. With a join, the planner might read all rows of the connection although the page has only
// a few.
func (d dialect) changedSQL() string {
	return `
SELECT place FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS page (external_id, source, place)
WHERE NOT coalesce((
	SELECT t.source = page.source AND t.removed_at IS NULL FROM transactions t
	WHERE ` + ofConnection + ` AND t.external_id = page.external_id
		AND ` + d.tenantIs("t.tenant_id", "$4") + `), false)`
}

// findChangedByKey looks up the rows of seen with these indexes by their keys, in one statement. It returns
// the indexes of the rows that have changed.
func (d dialect) findChangedByKey(ctx context.Context, tenant, connection uuid.UUID, seen []domain.RawTransaction,
	indexes []int,
) ([]int, error) {
	ids, hashes := make([]string, len(indexes)), make([][]byte, len(indexes))
	for i, at := range indexes {
		ids[i], hashes[i] = seen[at].ExternalID, hashOrNull(&seen[at].ContentHash)
	}
	var changed []int
	var place int
	args := []any{plainID(connection), ids, hashes, plainID(tenant)}
	err := query(ctx, d.db.Pool, d.changedSQL(), args, []any{&place}, func() error {
		changed = append(changed, indexes[place-1])
		return nil
	})
	return changed, err
}
