package postgres

import (
	"context"

	"github.com/google/uuid"
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

// strange gives the places that are not known. Most pages are lists by date of which most
// is known, and are looked up by what stands in their dates; what is not found there is
// looked up row by row.
func (d dialect) strange(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction) ([]int, error) {
	known := make([]bool, len(seen))
	if len(seen) >= manySeen {
		if err := d.near(ctx, connection, seen, known); err != nil {
			return nil, err
		}
	}
	var places []int
	for i := range seen {
		if !known[i] {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return nil, nil
	}
	return d.strangeOf(ctx, connection, seen, places)
}

// strangeOf looks places up one by one, and gives those that are not known.
func (d dialect) strangeOf(ctx context.Context, connection uuid.UUID, seen []domain.RawTransaction, of []int) ([]int, error) {
	ids, sources := make([]string, len(of)), make([][]byte, len(of))
	for i, place := range of {
		if ids[i] = seen[place].ExternalID; !seen[place].ContentHash.IsZero() {
			sources[i] = seen[place].ContentHash[:]
		}
	}
	var places []int
	var place int
	err := d.query(ctx, strangeSQL, []any{plainID(connection), ids, sources}, []any{&place}, func() error {
		places = append(places, of[place-1])
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
