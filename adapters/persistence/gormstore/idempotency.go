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

// keyRow is a claim, and from Finish on an answer.
type keyRow struct {
	Tenant      uuid.UUID `gorm:"column:tenant_id;primaryKey"`
	Key         string    `gorm:"column:key;primaryKey"`
	Fingerprint []byte    `gorm:"column:fingerprint"`
	Claimed     instant   `gorm:"column:claimed_at"`
	Answered    instant   `gorm:"column:answered_at"`
	Status      int       `gorm:"column:status"`
	Headers     string    `gorm:"column:headers"`
	Body        []byte    `gorm:"column:body"`
}

// TableName is that of the schema.
func (keyRow) TableName() string { return "idempotency_keys" }

// Idempotency is the store of first answers.
func (s *Store) Idempotency() ports.IdempotencyStore { return idempotency{s} }

// idempotency knows nothing of what the answers mean.
type idempotency struct{ *Store }

// keyed quotes its columns, since key is a word of SQL.
func keyed(db *gorm.DB, tenant domain.TenantID, key string) *gorm.DB {
	return db.Where(clause.Eq{Column: "tenant_id", Value: tenant.UUID}, clause.Eq{Column: "key", Value: key})
}

// Begin inserts the claim, or decides over the row that stands in the way. That row is
// locked meanwhile, so that of many who find it stale one takes it over.
func (s idempotency) Begin(ctx context.Context, tenant domain.TenantID, key string, fingerprint domain.Fingerprint, at time.Time) (*ports.StoredResponse, error) {
	var answer *ports.StoredResponse
	claim := keyRow{Tenant: tenant.UUID, Key: key, Fingerprint: fingerprint[:], Claimed: instant{at}}
	err := s.change(ctx, func(tx Tx) error {
		for range maxJoinAttempts {
			made, err := rowsOf(tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&claim))
			if err != nil || made > 0 {
				return err
			}
			held, err := first[keyRow](keyed(locked(tx.DB, forUpdate), tenant, key))
			if errors.Is(err, domain.NotFound) {
				continue // freed in between
			}
			if err != nil {
				return err
			}
			if held.stale(at) {
				return tx.Select("*").Updates(&claim).Error
			}
			answer, err = held.answer(fingerprint)
			return err
		}
		return Unavailable(errors.New("the key changes too fast"))
	})
	return answer, err
}

// stale says whether the claim is to be given up, or the answer past its time.
func (r keyRow) stale(at time.Time) bool {
	if r.Answered.IsZero() {
		return at.Sub(r.Claimed.Time) > ports.ClaimTimeout
	}
	return at.Sub(r.Answered.Time) > ports.ResponseRetention
}

// answer gives the first answer again. Errors: Conflict (key_reused, key_in_flight).
func (r keyRow) answer(fingerprint domain.Fingerprint) (*ports.StoredResponse, error) {
	switch {
	case hashOf[domain.Fingerprint](r.Fingerprint) != fingerprint:
		return nil, &domain.Error{Kind: domain.Conflict, Code: domain.KeyReused}
	case r.Answered.IsZero():
		return nil, &domain.Error{Kind: domain.Conflict, Code: domain.KeyInFlight}
	}
	answer := &ports.StoredResponse{Status: r.Status, Body: r.Body}
	return answer, decode(r.Headers, &answer.Headers)
}

// Finish stores the answer beside its claim.
func (s idempotency) Finish(ctx context.Context, tenant domain.TenantID, key string, answer ports.StoredResponse, at time.Time) error {
	headers, err := encode(answer.Headers)
	if err != nil {
		return Translate(ctx, err)
	}
	return s.write(ctx, func(db *gorm.DB) error {
		return keyed(db.Model(&keyRow{}), tenant, key).Updates(map[string]any{
			"answered_at": instant{at}, "status": answer.Status, "headers": headers, "body": answer.Body,
		}).Error
	})
}

// Abandon leaves a row that has an answer.
func (s idempotency) Release(ctx context.Context, tenant domain.TenantID, key string) error {
	return s.write(ctx, func(db *gorm.DB) error {
		return keyed(db, tenant, key).Where("answered_at IS NULL").Delete(&keyRow{}).Error
	})
}

// Forget chooses rows first, like Prune. A claim as old as that is dead, and goes too.
func (s idempotency) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	forgotten := 0
	err := s.background().change(ctx, func(tx Tx) error {
		var old []keyRow
		skip := clause.Locking{Strength: forUpdate, Options: "SKIP LOCKED"}
		err := tx.Clauses(skip).Select("tenant_id", "key").
			Where("claimed_at < ? AND (answered_at IS NULL OR answered_at < ?)", instant{before}, instant{before}).
			Limit(limit).Find(&old).Error
		for _, row := range old {
			if err == nil {
				err = tx.Delete(&row).Error
			}
		}
		forgotten = len(old)
		return err
	})
	if err != nil {
		return 0, err
	}
	return forgotten, nil
}
