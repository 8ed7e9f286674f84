package postgres

import "github.com/google/uuid"

// plainID is an id in the form that pgx encodes fastest. For an array of uuid.UUID pgx finds the
// driver.Valuer of the type and encodes through text, with an error made and dropped for each id.
type plainID = [16]byte

// plain converts ids for use as one array parameter.
func plain(ids []uuid.UUID) []plainID {
	all := make([]plainID, len(ids))
	for i, id := range ids {
		all[i] = plainID(id)
	}
	return all
}
