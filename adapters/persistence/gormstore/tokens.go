package gormstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokenRow holds the hash of a token; the token itself is never seen here.
type tokenRow struct {
	ID         uuid.UUID `gorm:"column:id;primaryKey"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Vendor     string    `gorm:"column:vendor"`
	Hash       []byte    `gorm:"column:hash"`
	Created    instant   `gorm:"column:created_at"`
	LastUsed   instant   `gorm:"column:last_used_at"`
	Revoked    instant   `gorm:"column:revoked_at"`
}

// TableName is that of the schema.
func (tokenRow) TableName() string { return "webhook_tokens" }

func (r tokenRow) domain() domain.WebhookToken {
	return domain.WebhookToken{
		ID: domain.TokenID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		Hash: hashOf[domain.TokenHash](r.Hash), CreatedAt: r.Created.Time,
		LastUsedAt: r.LastUsed.Time, RevokedAt: r.Revoked.Time,
	}
}

// hashOf reads 32 bytes; a column of another length gives the zero hash, which is
// nobody's.
func hashOf[H ~[32]byte](stored []byte) (h H) {
	if len(stored) == len(h) {
		h = H(stored)
	}
	return h
}

// Tokens is the store of webhook tokens.
func (s *Store) Tokens() ports.Tokens { return tokens{s} }

// tokens never deletes: a revoked token stays to be shown.
type tokens struct{ *Store }

// Create holds the connection while it stores, so that no deletion comes in between.
func (s tokens) Create(ctx context.Context, t domain.WebhookToken) error {
	row := tokenRow{
		ID: t.ID.UUID, Tenant: t.Tenant.UUID, Connection: t.Connection.UUID, Vendor: string(t.Vendor), Hash: t.Hash[:],
		Created: instant{t.CreatedAt}, LastUsed: instant{t.LastUsedAt}, Revoked: instant{t.RevokedAt},
	}
	return s.change(ctx, func(tx Tx) error {
		if _, err := liveAggregator(tx.DB, t.Tenant, t.Connection); err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
}

// List gives tokens newest first, revoked ones among them.
func (s tokens) List(ctx context.Context, tenant domain.TenantID, filter ports.TokenFilter, page domain.PageRequest) (domain.Page[domain.WebhookToken], error) {
	var found domain.Page[domain.WebhookToken]
	err := s.read(ctx, func(db *gorm.DB) error {
		query, err := newestFirst(inTenant(db, "", tenant, filter.Connection), "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = list(query, page.Limit, tokenRow.domain, func(t domain.WebhookToken) domain.Position {
			return domain.Position{Key: domain.TimeKey(t.CreatedAt), ID: t.ID.UUID}
		})
		return err
	})
	return found, err
}

// Revoke ends a live token. Receipts read tokens inside their own transaction and keep
// no copy, so that the next one on any replica is refused.
func (s tokens) Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time) error {
	return s.write(ctx, func(db *gorm.DB) error {
		changed, err := rowsOf(db.Model(&tokenRow{}).Where("id = ? AND tenant_id = ? AND revoked_at IS NULL", id.UUID, tenant.UUID).
			Updates(map[string]any{"revoked_at": instant{at}}))
		if err == nil && changed == 0 {
			return domain.NotFoundError()
		}
		return err
	})
}

// Touch writes in the order of ids, so that two processes do not lock each other out.
func (s tokens) RecordUsage(ctx context.Context, used map[domain.TokenID]time.Time) error {
	ids := slices.SortedFunc(maps.Keys(used), func(a, b domain.TokenID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	if len(ids) == 0 {
		return nil
	}
	return s.change(ctx, func(tx Tx) error {
		for _, id := range ids {
			at := instant{used[id]}
			err := tx.Model(&tokenRow{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id.UUID, at).
				Updates(map[string]any{"last_used_at": at}).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}
