package postgres

import "github.com/google/uuid"

// plainID is an id as pgx sends it best. For an array of uuid.UUID it finds the type's
// driver.Valuer and takes the way through text, with an error made and dropped for each.
type plainID = [16]byte

func plain(ids []uuid.UUID) []plainID {
	all := make([]plainID, len(ids))
	for i, id := range ids {
		all[i] = plainID(id)
	}
	return all
}
