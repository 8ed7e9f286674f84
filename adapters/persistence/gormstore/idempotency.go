package gormstore

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// KeyRow is a row of idempotency_keys: an idempotency key and the claim of the request that uses it. Finish adds the
// response to the row.
type KeyRow struct {
	Tenant      uuid.UUID `gorm:"column:tenant_id;primaryKey"`
	Key         string    `gorm:"column:key;primaryKey"`
	Fingerprint []byte    `gorm:"column:fingerprint"`
	Claimed     Instant   `gorm:"column:claimed_at"`
	Answered    Instant   `gorm:"column:answered_at"`
	Status      int       `gorm:"column:status"`
	Headers     string    `gorm:"column:headers"`
	Body        []byte    `gorm:"column:body"`
}

// TableName returns the name of the table in the schema.
func (KeyRow) TableName() string { return "idempotency_keys" }

// Idempotency returns the store of the responses to requests with an idempotency key.
func (s *Store) Idempotency() ports.IdempotencyStore { return idempotency{s.core} }

// idempotency implements ports.IdempotencyStore. It stores responses without
// interpreting them.
type idempotency struct{ *Core }

// WhereKey selects the row of an idempotency key. It uses GORM clauses, which quote column names, because
// key is an SQL keyword.
func WhereKey(db *gorm.DB, tenant domain.TenantID, key string) *gorm.DB {
	return db.Where(clause.Eq{Column: "tenant_id", Value: tenant.UUID}, clause.Eq{Column: "key", Value: key})
}

// whereClaim selects the row of an idempotency key if its claim was made at claimedAt and has no response yet. If
// another request has taken over the claim, the time in the row is later and whereClaim selects nothing.
func whereClaim(db *gorm.DB, tenant domain.TenantID, key string, claimedAt time.Time) *gorm.DB {
	return WhereKey(db, tenant, key).Where("claimed_at = ? AND answered_at IS NULL", Instant{claimedAt})
}

// Begin inserts the claim. If the key already has a row, the result depends on this row. The row stays locked until the
// commit, so that only one of several callers can take over a stale claim.
func (s idempotency) Begin(
	ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint, claimedAt time.Time,
) (*ports.StoredResponse, error) {
	var response *ports.StoredResponse
	claim := KeyRow{Tenant: tenant.UUID, Key: key, Fingerprint: fingerprint[:], Claimed: Instant{claimedAt}}
	err := s.Change(ctx, func(tx Tx) error {
		for range maxAttachAttempts {
			inserted, err := RowsAffected(tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&claim))
			if err != nil || inserted > 0 {
				return err
			}
			existing, err := First[KeyRow](WhereKey(Locked(tx.DB, ForUpdate), tenant, key))
			if errors.Is(err, domain.NotFound) {
				continue // another caller released the key after the insert failed
			}
			if err != nil {
				return err
			}
			if existing.stale(claimedAt) {
				return tx.Select("*").Updates(&claim).Error
			}
			response, err = existing.response(fingerprint)
			return err
		}
		return Unavailable(errors.New("the idempotency key changes too fast"))
	})
	return response, err
}

// stale reports whether the row may be replaced: its response is older than ports.ResponseRetention, or it has no
// response and its claim is older than ports.ClaimTimeout.
func (r KeyRow) stale(at time.Time) bool {
	if r.Answered.IsZero() {
		return at.Sub(r.Claimed.Time) > ports.ClaimTimeout
	}
	return at.Sub(r.Answered.Time) > ports.ResponseRetention
}

// response returns the stored response. Errors: Conflict, with the code key_reused if the row has another fingerprint,
// or with the code key_in_flight if the row has no response yet.
func (r KeyRow) response(fingerprint domain.Fingerprint) (*ports.StoredResponse, error) {
	switch {
	case hashOf[domain.Fingerprint](r.Fingerprint) != fingerprint:
		return nil, &domain.Error{Kind: domain.Conflict, Code: domain.KeyReused}
	case r.Answered.IsZero():
		return nil, &domain.Error{Kind: domain.Conflict, Code: domain.KeyInFlight}
	}
	stored := &ports.StoredResponse{Status: r.Status, Body: r.Body}
	return stored, DecodeJSON(r.Headers, &stored.Headers)
}

// Finish stores the response in the row of its claim.
func (s idempotency) Finish(
	ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time,
	response ports.StoredResponse, now time.Time,
) error {
	headers, err := EncodeJSON(response.Headers)
	if err != nil {
		return Translate(ctx, err)
	}
	return s.Write(ctx, func(db *gorm.DB) error {
		return whereClaim(db.Model(&KeyRow{}), tenant, key, claimedAt).Updates(map[string]any{
			"answered_at": Instant{now}, "status": response.Status, "headers": headers, "body": response.Body,
		}).Error
	})
}

// Release deletes the row of the claim.
func (s idempotency) Release(ctx context.Context, tenant domain.TenantID, key string, claimedAt time.Time) error {
	return s.Write(ctx, func(db *gorm.DB) error {
		return whereClaim(db, tenant, key, claimedAt).Delete(&KeyRow{}).Error
	})
}

// Prune selects the rows first, and skips rows that are locked by other transactions. It also deletes old claims
// without a response, because their requests can no longer be running.
func (s idempotency) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	pruned := 0
	err := s.Background().Change(ctx, func(tx Tx) error {
		var old []KeyRow
		const isOld = "claimed_at < ? AND (answered_at IS NULL OR answered_at < ?)"
		query := tx.Select("tenant_id", "key")
		if s.Dialect.LocksAcrossTenants() {
			query = query.Clauses(clause.Locking{Strength: ForUpdate, Options: "SKIP LOCKED"})
		}
		err := query.Where(isOld, Instant{before}, Instant{before}).Limit(limit).Find(&old).Error
		for _, row := range old {
			if err == nil {
				err = tx.Where(isOld, Instant{before}, Instant{before}).Delete(&row).Error
			}
		}
		pruned = len(old)
		return err
	})
	if err != nil {
		return 0, err
	}
	return pruned, nil
}
