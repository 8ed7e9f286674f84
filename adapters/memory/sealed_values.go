package memory

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// SealedValues returns the implementation of ports.SealedValues on this store.
func (s *Store) SealedValues() ports.SealedValues { return sealedValues{s} }

// sealedValues implements ports.SealedValues on a Store.
type sealedValues struct{ *Store }

// sealedOf returns the values of a kind, each with a pointer to the stored value.
func (v sealedValues) sealedOf(kind ports.SealedKind) map[*domain.Sealed]ports.SealedValue {
	all := map[*domain.Sealed]ports.SealedValue{}
	add := func(stored *domain.Sealed, tenant domain.TenantID, id, boundTo uuid.UUID) {
		all[stored] = ports.SealedValue{
			Kind: kind, Tenant: tenant, ID: id, BoundTo: boundTo, Sealed: slices.Clone(*stored),
		}
	}
	switch kind {
	case ports.SealedConnection:
		for _, c := range v.connections {
			if c.Live() {
				add(&c.Sealed, c.Tenant, c.ID.UUID, c.ID.UUID)
			}
		}
	case ports.SealedLinkSession:
		for _, l := range v.linkSessions {
			if len(l.Sealed) > 0 {
				add(&l.Sealed, l.Tenant, l.ID.UUID, l.Connection.UUID)
			}
		}
	case ports.SealedApplication:
		for _, a := range v.applications {
			add(&a.Sealed, a.Tenant, a.ID.UUID, a.ID.UUID)
		}
	case ports.SealedSubscription:
		for _, s := range v.subscriptions {
			add(&s.Sealed, s.Tenant, s.ID.UUID, s.ID.UUID)
		}
	case ports.SealedHashKey:
		add(&v.hashKey, domain.TenantID{}, uuid.Nil, uuid.Nil)
	case ports.SealedAuditKey:
		add(&v.auditKey, domain.TenantID{}, uuid.Nil, uuid.Nil)
	}
	return all
}

// List sorts all values of the kind by id.
func (v sealedValues) List(
	ctx context.Context, kind ports.SealedKind, afterID uuid.UUID, limit int,
) ([]ports.SealedValue, error) {
	return exclusiveResult(ctx, v.Store, "SealedValues.List", func() ([]ports.SealedValue, error) {
		var found []ports.SealedValue
		for _, value := range v.sealedOf(kind) {
			if bytes.Compare(value.ID[:], afterID[:]) > 0 {
				found = append(found, value)
			}
		}
		slices.SortFunc(found, func(x, y ports.SealedValue) int { return bytes.Compare(x.ID[:], y.ID[:]) })
		return found[:min(limit, len(found))], nil
	})
}

// Replace is a compare-and-swap under one lock.
func (v sealedValues) Replace(ctx context.Context, value ports.SealedValue, fresh domain.Sealed) (bool, error) {
	return exclusiveResult(ctx, v.Store, "SealedValues.Replace", func() (bool, error) {
		for stored, found := range v.sealedOf(value.Kind) {
			if found.ID == value.ID && found.Tenant == value.Tenant && *stored != nil {
				return reseal(stored, value.Sealed, fresh), nil
			}
		}
		return false, nil
	})
}

// key returns the stored key of the kind.
func (v sealedValues) key(kind ports.SealedKind) *domain.Sealed {
	if kind == ports.SealedHashKey {
		return &v.hashKey
	}
	return &v.auditKey
}

// Key returns a copy of the key.
func (v sealedValues) Key(ctx context.Context, kind ports.SealedKind) (domain.Sealed, error) {
	return exclusiveResult(ctx, v.Store, "SealedValues.Key", func() (domain.Sealed, error) {
		if *v.key(kind) == nil {
			return nil, domain.NotFoundError()
		}
		return slices.Clone(*v.key(kind)), nil
	})
}

// CreateKey stores a copy of the key.
func (v sealedValues) CreateKey(
	ctx context.Context, kind ports.SealedKind, sealed domain.Sealed,
) (domain.Sealed, error) {
	return exclusiveResult(ctx, v.Store, "SealedValues.CreateKey", func() (domain.Sealed, error) {
		if *v.key(kind) == nil {
			*v.key(kind) = slices.Clone(sealed)
		}
		return slices.Clone(*v.key(kind)), nil
	})
}
