package domain

import "github.com/google/uuid"

// ID is a UUID with a type of its own for each kind of object, so the compiler rejects the
// id of another kind. Ids that the service creates are UUIDv7 (RFC 9562, section 5.7), so
// they sort by creation time.
type ID[T any] struct{ uuid.UUID }

// The id types.
type (
	TenantID      = ID[tenant]
	ConnectionID  = ID[Connection]
	TokenID       = ID[WebhookToken]
	DeliveryID    = ID[Delivery]
	PullID        = ID[Pull]
	AccountID     = ID[Account]
	TransactionID = ID[Transaction]
	LeaseID       = ID[Lease]
)

// tenant exists only as the type parameter of TenantID. The service stores no tenants.
type tenant struct{}

// ParseID parses the canonical form of 36 characters. It returns NotFound for any other
// text and for the nil UUID, so a malformed id gets the same response as an unknown id.
func ParseID[T any](text string) (ID[T], error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil {
		return ID[T]{}, NotFoundError()
	}
	return ID[T]{id}, nil
}

// IsZero reports whether the id is the nil UUID, which identifies no object.
func (id ID[T]) IsZero() bool { return id.UUID == uuid.Nil }
