package gormstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestAChangeWhoseEntryCannotBeStoredIsNotMade(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		at, tenant := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), domain.TenantID{UUID: uuid.New()}
		newConnection := func(name string) domain.Connection {
			return domain.Connection{
				ID: domain.ConnectionID{UUID: uuid.New()}, Tenant: tenant, Kind: domain.Aggregator, Name: name,
				Vendor: "pluggy", BaseURL: "https://api.example.test", AccountRef: uuid.NewString(),
				Sealed: domain.Sealed("sealed"), Revision: 1, CreatedAt: at, UpdatedAt: at, TargetChangedAt: at,
			}
		}
		c, absent := newConnection("c"), newConnection("absent")
		token := domain.WebhookToken{
			ID: domain.TokenID{UUID: uuid.New()}, Tenant: tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken("token"), CreatedAt: at,
		}
		entry := domain.AuditEntry{ID: uuid.New(), At: at, Actor: "maria", Action: "a", Object: "o"}
		if err := b.Connections().Create(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.Tokens().Create(t.Context(), token, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.GORM.Exec("ALTER TABLE audit_pending RENAME TO audit_missing").Error; err != nil {
			t.Fatal(err)
		}
		entries := func() []domain.AuditEntry { return []domain.AuditEntry{entry} }
		_, updateErr := b.Connections().Update(t.Context(), tenant, c.Kind, c.ID, entries,
			func(c *domain.Connection) error {
				c.Rename("renamed")
				return nil
			})
		for name, err := range map[string]error{
			"Create": b.Connections().Create(t.Context(), absent, entries),
			"Update": updateErr,
			"Revoke": b.Tokens().Revoke(t.Context(), tenant, token.ID, at, entries, nil),
		} {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if _, err := b.Connections().Get(t.Context(), tenant, c.Kind, absent.ID); err == nil {
			t.Error("the connection was created")
		}
		stored, err := b.Connections().Get(t.Context(), tenant, c.Kind, c.ID)
		if err != nil || stored.Name != c.Name {
			t.Errorf("the connection has the name %q: %v", stored.Name, err)
		}
		found, err := b.Tokens().FindByHash(t.Context(), token.Hash)
		if err != nil || !found.RevokedAt.IsZero() {
			t.Errorf("the token was revoked at %v: %v", found.RevokedAt, err)
		}
	})
}
