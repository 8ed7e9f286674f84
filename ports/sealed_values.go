package ports

import (
	"context"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// SealedKind states to what a sealed value belongs.
type SealedKind string

// The kinds of sealed values that belong to an object of a tenant.
const (
	SealedConnection   SealedKind = "connection"   // the credential of a live connection, of either kind
	SealedLinkSession  SealedKind = "link_session" // the credential of a session that has one
	SealedApplication  SealedKind = "application"  // the credential of an application
	SealedSubscription SealedKind = "subscription" // the secrets of a subscription
	SealedFile         SealedKind = "file"         // the file of a bank statement
)

// The kinds of keys of the service. There is at most one key of each kind.
const (
	SealedHashKey  SealedKind = "hash_key"  // the key with which client ids are hashed; see domain.HashClientID
	SealedAuditKey SealedKind = "audit_key" // the key that signs the checkpoints of audit entries
)

// SealedValue is a stored value that a Sealer has sealed. For a key of the service, Tenant, ID and BoundTo are zero.
type SealedValue struct {
	Kind   SealedKind
	Tenant domain.TenantID
	ID     uuid.UUID // of the object that has the value
	// BoundTo is the id to which the ciphertext is bound: for a link session, the id of its connection; otherwise, ID.
	BoundTo uuid.UUID
	Sealed  domain.Sealed
}

// SealedValues reads and replaces all sealed values, in order to re-encrypt them. It is not limited to one tenant.
type SealedValues interface {
	// List returns at most limit values of objects of one kind, ordered by ID, with IDs greater than afterID.
	List(ctx context.Context, kind SealedKind, afterID uuid.UUID, limit int) ([]SealedValue, error)

	// Replace replaces a stored value by fresh, if the stored value still equals v.Sealed. It reports whether it has
	// replaced the value; false if the object is deleted or does not exist. Nothing else of the object changes, neither
	// its revision nor the time of its last update.
	Replace(ctx context.Context, v SealedValue, fresh domain.Sealed) (bool, error)

	// Key returns the sealed key of the kind. Errors: NotFound.
	Key(ctx context.Context, kind SealedKind) (domain.Sealed, error)

	// CreateKey stores a sealed key unless a key of the kind is stored already, and returns the stored key.
	CreateKey(ctx context.Context, kind SealedKind, sealed domain.Sealed) (domain.Sealed, error)
}
