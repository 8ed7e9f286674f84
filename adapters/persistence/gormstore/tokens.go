package gormstore

import (
	"bytes"
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// TokenRow is a row of webhook_tokens. It contains only the hash of the token; the token itself never reaches the
// store.
type TokenRow struct {
	ID         uuid.UUID `gorm:"column:id;primaryKey"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Vendor     string    `gorm:"column:vendor"`
	Hash       []byte    `gorm:"column:hash"`
	Source     []byte    `gorm:"column:source_hash"` // NULL unless the token has a source secret
	Created    Instant   `gorm:"column:created_at"`
	LastUsed   Instant   `gorm:"column:last_used_at"`
	Revoked    Instant   `gorm:"column:revoked_at"`

	Registration         string  `gorm:"column:registration"`
	RegistrationID       string  `gorm:"column:registration_id"`
	RegistrationDue      Instant `gorm:"column:registration_due"`
	RegistrationAttempts int     `gorm:"column:registration_attempts"`

	Application         []byte `gorm:"column:application_key"` // NULL unless the token has an application
	RegistrationBaseURL string `gorm:"column:registration_base_url"`
	RegistrationSealed  []byte `gorm:"column:registration_sealed"`

	RegistrationOfReference bool `gorm:"column:registration_of_reference"`

	Moved bool `gorm:"column:moved"` // the token was minted for another connection
}

// TableName returns the name of the table in the schema.
func (TokenRow) TableName() string { return "webhook_tokens" }

func (r TokenRow) domain() domain.WebhookToken {
	return domain.WebhookToken{
		ID: domain.TokenID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		Hash: hashOf[domain.TokenHash](r.Hash), Source: hashOf[domain.SourceHash](r.Source), CreatedAt: r.Created.Time,
		LastUsedAt: r.LastUsed.Time, RevokedAt: r.Revoked.Time,
		Registration: domain.WebhookRegistration{
			State: domain.RegistrationState(r.Registration), ID: r.RegistrationID,
			DueAt: r.RegistrationDue.Time, Attempts: r.RegistrationAttempts,
			OfReference: r.RegistrationOfReference,
			Access: domain.RegistrationAccess{
				BaseURL: r.RegistrationBaseURL, Sealed: domain.Sealed(r.RegistrationSealed),
			},
		},
		Application: hashOf[domain.ApplicationKey](r.Application), Moved: r.Moved,
	}
}

// rowOfToken returns the row that contains t.
func rowOfToken(t domain.WebhookToken) TokenRow {
	row := TokenRow{
		ID: t.ID.UUID, Tenant: t.Tenant.UUID, Connection: t.Connection.UUID, Vendor: string(t.Vendor),
		Hash: t.Hash[:], Created: Instant{t.CreatedAt}, LastUsed: Instant{t.LastUsedAt}, Revoked: Instant{t.RevokedAt},
		Registration: string(t.Registration.State), RegistrationID: t.Registration.ID,
		RegistrationDue: Instant{t.Registration.DueAt}, RegistrationAttempts: t.Registration.Attempts,
		Source: keyColumn(t.Source), Application: keyColumn(t.Application),
		RegistrationBaseURL: t.Registration.Access.BaseURL, RegistrationSealed: t.Registration.Access.Sealed,
		RegistrationOfReference: t.Registration.OfReference, Moved: t.Moved,
	}
	return row
}

// keyColumn returns the value of a column that contains a hash: NULL for the zero hash.
func keyColumn[H ~[32]byte](h H) []byte {
	if h == (H{}) {
		return nil
	}
	return bytes.Clone(h[:])
}

// hashOf converts the bytes of a column to a hash. If the length is not 32 bytes, it returns the zero hash, which is
// never stored.
func hashOf[H ~[32]byte](stored []byte) (h H) {
	if len(stored) == len(h) {
		h = H(stored)
	}
	return h
}

// Tokens returns the store of webhook tokens.
func (s *Store) Tokens() ports.Tokens { return tokens{s.core} }

// tokens implements ports.Tokens. It never deletes a token that was minted successfully. Revoked tokens
// remain stored, because lists contain them.
type tokens struct{ *Core }

// Create locks the connection until the token is committed, so that the connection cannot be deleted and no other token
// can be minted for it in between. It counts the tokens after it has stored the new one, because the unique key of the
// application must be violated first.
func (s tokens) Create(ctx context.Context, t domain.WebhookToken, entries ports.AuditEntries) error {
	row := rowOfToken(t)
	var refused error
	err := s.Change(ctx, func(tx Tx) error {
		c, err := First[ConnectionRow](Locked(byID(tx.DB, t.Tenant, domain.Aggregator, t.Connection), NoKeyUpdate))
		if err != nil {
			return err
		}
		if refused = t.CheckApplication(c.Domain()); refused != nil {
			return refused
		}
		if err := awaitWebhook(tx.DB, c); err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if err := checkTokenCount(tx.DB, c); err != nil {
			return err
		}
		return tx.Record(t.Tenant, entries)
	})
	switch {
	case refused != nil:
		return refused
	case IsDuplicate(err): // of the application; no two tokens have the same id or hash
		return &domain.Error{Kind: domain.Conflict, Code: domain.AlreadyRegistered}
	}
	return err
}

// checkTokenCount returns Conflict (too_many_tokens) if the connection has more live tokens than it may have.
func checkTokenCount(tx *gorm.DB, c ConnectionRow) error {
	var count int64
	err := tx.Model(&TokenRow{}).Where("connection_id = ? AND tenant_id = ?", c.ID, c.Tenant).
		Where("revoked_at IS NULL AND NOT moved").Count(&count).Error
	if err == nil && count > domain.MaxTokens {
		return &domain.Error{Kind: domain.Conflict, Code: domain.TooManyTokens}
	}
	return err
}

// List returns a page of tokens, newest first. It includes revoked tokens.
func (s tokens) List(
	ctx context.Context, tenant domain.TenantID, filter ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	var found domain.Page[domain.WebhookToken]
	err := s.Read(ctx, func(db *gorm.DB) error {
		query := s.InTenant(db, "", tenant, filter.Connection).Where(isListed)
		query, err := NewestFirst(query, "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = List(query, page, TokenRow.domain, func(t domain.WebhookToken) domain.Position {
			return domain.Position{Key: domain.TimeKey(t.CreatedAt), ID: t.ID.UUID}
		})
		if err != nil {
			return err
		}
		return setServes(db, tenant, found.Items)
	})
	return found, err
}

// setServes sets the field Serves of the live tokens: the number of connections whose last webhook arrived with the
// token.
func setServes(db *gorm.DB, tenant domain.TenantID, tokens []domain.WebhookToken) error {
	var ids []uuid.UUID
	for _, t := range tokens {
		if t.Live() {
			ids = append(ids, t.ID.UUID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var counted []struct {
		Token uuid.UUID `gorm:"column:token_id"`
		N     int
	}
	err := db.Table("last_webhook_tokens").Select("token_id, count(*) AS n").
		Where("tenant_id = ? AND token_id IN ?", tenant.UUID, ids).Group("token_id").Scan(&counted).Error
	for _, c := range counted {
		for i := range tokens {
			if tokens[i].ID.UUID == c.Token {
				tokens[i].Serves = c.N
			}
		}
	}
	return err
}

// FindByHash runs outside of the transaction that stores or refuses a delivery with the token. If the token was
// changed in between, FindByHash returns another state of the token than that transaction has read.
func (s tokens) FindByHash(ctx context.Context, hash domain.TokenHash) (domain.WebhookToken, error) {
	var row TokenRow
	err := s.Read(ctx, func(db *gorm.DB) (err error) {
		row, err = First[TokenRow](db.Where("hash = ?", hash[:]))
		return err
	})
	if err != nil {
		return domain.WebhookToken{}, err
	}
	return row.domain(), nil
}

// Revoke revokes a live token. Any replica refuses the next delivery with the token, because each batch of deliveries
// reads its tokens in its own transaction.
func (s tokens) Revoke(ctx context.Context, tenant domain.TenantID, id domain.TokenID, at time.Time,
	entries ports.AuditEntries, check func(domain.WebhookToken) error,
) error {
	const liveToken = "id = ? AND tenant_id = ? AND revoked_at IS NULL AND " + isListed
	var refused error
	err := s.Change(ctx, func(tx Tx) error {
		row, err := First[TokenRow](tx.Where(liveToken, id.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		found := []domain.WebhookToken{row.domain()}
		if err := setServes(tx.DB, tenant, found); err != nil {
			return err
		}
		if refused = nil; check != nil {
			refused = check(found[0])
		}
		if refused != nil {
			return refused
		}
		changed, err := RowsAffected(tx.Model(&TokenRow{}).Where(liveToken, id.UUID, tenant.UUID).
			Updates(revokedColumns(at)))
		if err != nil {
			return err
		}
		if changed == 0 { // revoked since it was read
			return domain.NotFoundError()
		}
		return tx.Record(tenant, entries)
	})
	if refused != nil {
		return refused
	}
	return err
}

// RecordUsage updates the rows in the order of their ids, so that two processes do not deadlock. It ignores a time that
// is not later than the stored time.
func (s tokens) RecordUsage(ctx context.Context, usage map[domain.TokenID]time.Time) error {
	byID := func(a, b domain.TokenID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) }
	ids := domain.SortedKeys(usage, byID)
	if len(ids) == 0 {
		return nil
	}
	return s.Change(ctx, func(tx Tx) error {
		for _, id := range ids {
			at := Instant{usage[id]}
			older := tx.Model(&TokenRow{}).Where("id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id.UUID, at)
			err := older.Updates(map[string]any{"last_used_at": at}).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}
