package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// strangeSQL looks every row up by the unique index: a join would let the planner read all
// of the connection's rows for one page of them.
const strangeSQL = `
SELECT place FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS page (external_id, source, place)
WHERE NOT coalesce((
	SELECT t.source = page.source AND t.removed_at IS NULL FROM transactions t
	WHERE t.connection_id = $1 AND t.external_id = page.external_id), false)`

// strange gives the places that are not known.
func (d dialect) strange(ctx context.Context, connection uuid.UUID, seen []domain.Sighting) ([]int, error) {
	ids, sources := make([]string, len(seen)), make([][]byte, len(seen))
	for i := range seen {
		if ids[i] = seen[i].ExternalID; !seen[i].Source.IsZero() {
			sources[i] = seen[i].Source[:]
		}
	}
	rows, err := d.db.Pool.Query(ctx, strangeSQL, plainID(connection), ids, sources)
	if err != nil {
		return nil, err
	}
	var places []int
	var place int
	_, err = pgx.ForEachRow(rows, []any{&place}, func() error {
		places = append(places, place-1)
		return nil
	})
	return places, err
}

// saveSources writes nothing else of the rows: what they say is as it was.
func saveSources(tx *gorm.DB, ids []uuid.UUID, sources [][]byte) error {
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, `
		UPDATE transactions t SET source = page.source
		FROM unnest($1::uuid[], $2::bytea[]) AS page (id, source) WHERE t.id = page.id`, plain(ids), sources)
	return err
}
