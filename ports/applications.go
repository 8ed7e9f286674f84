package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Applications stores which connections belong to one application at a vendor, and the key with which client ids are
// hashed (domain.HashClientID).
type Applications interface {
	// HashKey returns the sealed key with which client ids are hashed. Errors: NotFound. It is not limited to one
	// tenant.
	HashKey(ctx context.Context) (domain.Sealed, error)

	// CreateHashKey stores the sealed key unless a key is stored already, and returns the stored key. It is not limited
	// to one tenant.
	CreateHashKey(ctx context.Context, sealed domain.Sealed) (domain.Sealed, error)

	// ResealHashKey replaces the stored key if it still equals the given previous key. It reports whether it has
	// replaced the key. It is not limited to one tenant.
	ResealHashKey(ctx context.Context, previous, fresh domain.Sealed) (bool, error)

	// ListUnidentified returns live aggregator connections of all tenants whose Client is zero, with their sealed
	// credentials: at most limit, ordered by id, with ids greater than afterID.
	ListUnidentified(ctx context.Context, afterID domain.ConnectionID, limit int) ([]domain.Connection, error)

	// Identify sets the Client of a live connection, if it is still zero and the sealed credential still equals that of
	// c. It reports whether it has done so. Revision and UpdatedAt do not change.
	//
	// In the same atomic change, the oldest live token of the connection with an active registration gets the
	// application of the connection, unless a live token of the tenant has it already.
	Identify(ctx context.Context, c domain.Connection, client domain.ClientKey) (bool, error)
}
