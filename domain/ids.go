package domain

import (
	"bytes"

	"github.com/google/uuid"
)

// ID is a UUID with a separate type for each kind of object, so the compiler rejects the id of another
// kind. Ids that the service creates are UUIDv7 (RFC 9562, section 5.7), which sort by creation time.
type ID[T any] struct{ uuid.UUID }

type (
	// TenantID identifies a tenant. The service stores no tenants; a tenant's id comes from its token.
	TenantID = ID[tenant]
	// ConnectionID identifies a connection of either kind.
	ConnectionID = ID[Connection]
	// TokenID identifies a webhook token. It is not the token itself and is no secret.
	TokenID = ID[WebhookToken]
	// DeliveryID identifies a delivery.
	DeliveryID = ID[Delivery]
	// PullID identifies a pull.
	PullID = ID[Pull]
	// AccountID identifies an account. It is not the vendor's id of the account.
	AccountID = ID[Account]
	// TransactionID identifies a transaction. It stays the same when the transaction is updated.
	TransactionID = ID[Transaction]
	// ApplicationID identifies an application.
	ApplicationID = ID[Application]
	// ErasureID identifies an erasure of a connection.
	ErasureID = ID[Erasure]
	// LinkSessionID identifies a link session for a new account. The object that the vendor creates in the session,
	// such as an item, contains this id.
	LinkSessionID = ID[LinkSession]
	// LeaseID identifies a lease of a pull. It is the fencing token of that lease.
	LeaseID = ID[Lease]
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

// Compare compares two ids byte by byte, like bytes.Compare. Their texts have the same order.
func (id ID[T]) Compare(other ID[T]) int { return bytes.Compare(id.UUID[:], other.UUID[:]) }

// IsZero reports whether the id is the nil UUID, which identifies no object.
func (id ID[T]) IsZero() bool { return id.UUID == uuid.Nil }
