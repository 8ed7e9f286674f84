package postgres

import "github.com/google/uuid"

// plainID is an id in the form that pgx encodes fastest. For an array of uuid.UUID, pgx would use the
// driver.Valuer of that type: it would encode each id as text, and create and discard an error for each id.
type plainID = [16]byte

// plain converts ids to the type for an array parameter.
func plain(ids []uuid.UUID) []plainID {
	all := make([]plainID, len(ids))
	for i, id := range ids {
		all[i] = plainID(id)
	}
	return all
}
