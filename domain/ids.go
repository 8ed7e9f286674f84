package domain

import "github.com/google/uuid"

// ID is a UUID that cannot be taken for the id of another thing. Ids that the
// service makes are UUIDv7 (RFC 9562, section 5.7), so that they sort by creation.
type ID[T any] struct{ uuid.UUID }

// The ids in use.
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

// tenant exists only to give TenantID its own type: the service keeps no tenants.
type tenant struct{}

// ParseID reads the canonical 36-character form. Anything else, the nil UUID
// included, is NotFound: a malformed id is answered like an unknown one.
func ParseID[T any](text string) (ID[T], error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil {
		return ID[T]{}, NotFoundError()
	}
	return ID[T]{id}, nil
}

// IsZero says whether the id is the nil UUID, which names nothing.
func (id ID[T]) IsZero() bool { return id.UUID == uuid.Nil }
