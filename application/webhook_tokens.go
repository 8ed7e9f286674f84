package application

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// MintToken implements ports.TokenManager.
func (s *Service) MintToken(ctx context.Context, tenant domain.TenantID, vendor, name string) (ports.Minted, error) {
	v, err := s.validateAddress(vendor, name, "connection_config_name")
	if err != nil {
		return ports.Minted{}, err
	}
	c, err := s.Connections.Find(ctx, tenant, v, name)
	if err != nil {
		return ports.Minted{}, err
	}
	token, raw, err := domain.MintToken(domain.TokenID{UUID: s.IDs.New()}, c, s.Entropy, s.Clock.Now())
	if err != nil {
		return ports.Minted{}, err
	}
	if err := s.Tokens.Create(ctx, token); err != nil {
		return ports.Minted{}, err
	}
	s.audit(ctx, tenant, "token.mint", token.ID.String())
	return ports.Minted{WebhookToken: token, Raw: raw}, nil
}

// ListTokens implements ports.TokenManager.
func (s *Service) ListTokens(
	ctx context.Context, tenant domain.TenantID, filter ports.TokenFilter, page domain.PageRequest,
) (domain.Page[domain.WebhookToken], error) {
	return s.Tokens.List(ctx, tenant, filter, page)
}

// RevokeToken implements ports.TokenManager.
func (s *Service) RevokeToken(ctx context.Context, tenant domain.TenantID, id domain.TokenID) error {
	if err := s.Tokens.Revoke(ctx, tenant, id, s.Clock.Now()); err != nil {
		return err
	}
	s.audit(ctx, tenant, "token.revoke", id.String())
	return nil
}

// touches gathers when tokens were used, so that the door writes nothing for it.
type tokenUsage struct {
	mu   sync.Mutex
	used map[domain.TokenID]time.Time
}

func (t *tokenUsage) record(id domain.TokenID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		t.used = make(map[domain.TokenID]time.Time)
	}
	t.used[id] = at
}

func (t *tokenUsage) take() map[domain.TokenID]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	used := t.used
	t.used = nil
	return used
}

// putBack restores what could not be written, without undoing later uses.
func (t *tokenUsage) restore(used map[domain.TokenID]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(used, t.used)
	t.used = used
}

// FlushTouches implements ports.Keeper.
func (s *Service) FlushTokenUsage(ctx context.Context) error {
	used := s.tokenUsage.take()
	if len(used) == 0 {
		return nil
	}
	if err := s.Tokens.RecordUsage(ctx, used); err != nil {
		s.tokenUsage.restore(used)
		return err
	}
	return nil
}
