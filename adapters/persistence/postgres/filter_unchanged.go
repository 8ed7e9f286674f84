package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// FindChanged compares a page with the stored rows in two steps. First, a scan by date recognises unchanged rows: most
// pages are ordered by date and contain few changed rows. Then the other rows are looked up by key.
func (d Dialect) FindChanged(
	ctx context.Context, tenant, connection uuid.UUID, rawRows []domain.RawTransaction,
) ([]int, error) {
	return d.FindChangedWith(ctx, d.Query, tenant, connection, rawRows)
}

// FindChangedWith is FindChanged with the function that runs its statements.
func (d Dialect) FindChangedWith(ctx context.Context, query gormstore.QueryFunc, tenant, connection uuid.UUID,
	rawRows []domain.RawTransaction,
) ([]int, error) {
	unchanged := make([]bool, len(rawRows))
	if len(rawRows) >= minDateScan {
		if err := d.dateScan(ctx, query, tenant, connection, rawRows, unchanged); err != nil {
			return nil, err
		}
	}
	var rest []int
	for i := range rawRows {
		if !unchanged[i] {
			rest = append(rest, i)
		}
	}
	if len(rest) == 0 {
		return nil, nil
	}
	return d.findChangedByKey(ctx, query, tenant, connection, rawRows, rest)
}

// ofConnection is a condition that compares the connection with $1, but hides the value of $1 from the planner. For a
// value that is missing in the statistics, the planner expects one row. It might then choose a plan in which each
// lookup reads all rows of the connection.
const ofConnection = "t.connection_id = (SELECT $1::uuid)"

// dateScanSQL returns a SELECT of the stored rows in a range of dates. The range spans the stored dates of a few sample
// rows of the page (see sampleIDs). If the dates of the samples are neither ascending nor descending, the page is not
// ordered by date. The SELECT then returns no row.
//
// The SELECT scans one range of an index. A lookup of each row of the page would take four times as long. The scan also
// reads rows of other accounts, so a limit bounds the number of rows.
func (d Dialect) dateScanSQL() string {
	ofTenant := d.TenantIs("t.tenant_id", "$4")
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
SELECT stored.external_id, stored.content_hash FROM span CROSS JOIN LATERAL (
	SELECT t.external_id, t.content_hash, t.account, t.removed_at FROM transactions t
	WHERE t.connection_id = $1 AND t.date BETWEEN span.oldest AND span.newest AND ` + ofTenant + ` LIMIT $3) stored
WHERE stored.removed_at IS NULL AND stored.content_hash IS NOT NULL
	AND stored.account BETWEEN span.lowest AND span.highest`
}

const (
	minDateScan    = 64 // minimum page size in rows; for a smaller page, lookups by key are as fast as a scan by date
	dateSamples    = 8
	dateScanFactor = 4 // maximum number of rows that the scan reads for each row of the page
)

// dateScan sets unchanged for each row that it finds stored with the same content. It may miss some unchanged rows,
// but never sets unchanged for a changed row.
func (d Dialect) dateScan(ctx context.Context, query gormstore.QueryFunc, tenant, connection uuid.UUID,
	seen []domain.RawTransaction, unchanged []bool,
) error {
	index := make(map[string]int, len(seen))
	for i := range seen {
		index[seen[i].ExternalID] = i
	}
	args := []any{plainID(connection), sampleIDs(seen), dateScanFactor * len(seen), plainID(tenant)}
	var id, hash pgtype.DriverBytes // no copy is needed: the bytes of a row are valid until the next row
	return query(ctx, d.dateScanSQL(), args, []any{&id, &hash}, func() error {
		if i, shown := index[string(id)]; shown {
			unchanged[i] = !seen[i].ContentHash.IsZero() && string(hash) == string(seen[i].ContentHash[:])
		}
		return nil
	})
}

// sampleIDs returns the external ids of dateSamples rows, in the order of the page. The rows are spread evenly over
// the page and include its first and its last row.
func sampleIDs(seen []domain.RawTransaction) []string {
	ids := make([]string, dateSamples)
	for i := range ids {
		ids[i] = seen[i*(len(seen)-1)/(dateSamples-1)].ExternalID
	}
	return ids
}

// changedSQL returns a SELECT of the positions of the changed rows in the page, counted from 1. A subquery looks up
// each row in the unique index. A join is not used, because the planner might read all rows of the connection for it,
// even for a small page.
func (d Dialect) changedSQL() string {
	return `
SELECT place FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS page (external_id, content_hash, place)
WHERE NOT coalesce((
	SELECT t.content_hash = page.content_hash AND t.removed_at IS NULL FROM transactions t
	WHERE ` + ofConnection + ` AND t.external_id = page.external_id
		AND ` + d.TenantIs("t.tenant_id", "$4") + `), false)`
}

// findChangedByKey looks up some of the rows by their external ids, in one statement. The last argument contains the
// indexes of these rows in rawRows. The result contains the indexes of the new and the changed rows.
func (d Dialect) findChangedByKey(ctx context.Context, query gormstore.QueryFunc, tenant, connection uuid.UUID,
	rawRows []domain.RawTransaction, indexes []int,
) (changed []int, err error) {
	ids, hashes := make([]string, len(indexes)), make([][]byte, len(indexes))
	for i, at := range indexes {
		ids[i], hashes[i] = rawRows[at].ExternalID, hashOrNull(&rawRows[at].ContentHash)
	}
	args := []any{plainID(connection), ids, hashes, plainID(tenant)}
	var place int // in the page, counted from 1
	err = query(ctx, d.changedSQL(), args, []any{&place}, func() error {
		changed = append(changed, indexes[place-1])
		return nil
	})
	return changed, err
}
