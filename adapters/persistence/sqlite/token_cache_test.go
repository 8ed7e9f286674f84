package sqlite_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// A batch must not use the tokens that the previous batch has cached if anything was written in between, whether by
// this process or by another one. A second DB on the same file simulates the other process.
func TestARevokedTokenIsRefusedFromTheNextDeliveryOn(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	revocations := map[string]func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error{
		"token revoked": func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error {
			return s.Tokens().Revoke(ctx, token.Tenant, token.ID, epoch, nil, nil)
		},
		"connection deleted": func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error {
			_, err := s.Connections().Update(ctx, token.Tenant, domain.Aggregator, token.Connection,
				nil, func(c *domain.Connection) error {
					c.DeletedAt = epoch
					return nil
				})
			return err
		},
	}
	for how, revoke := range revocations {
		for where, s := range map[string]*sqlite.Store{"here": here, "elsewhere": elsewhere} {
			t.Run(how+" "+where, func(t *testing.T) {
				token := connectionWithToken(t, here)
				received(t, here, incomingFor(token, "first", epoch))
				received(t, here, incomingFor(token, "second", epoch))
				if err := revoke(t.Context(), s, token); err != nil {
					t.Fatal(err)
				}
				_, err := here.Deliveries().Receive(t.Context(), incomingFor(token, "third", epoch))
				if !errors.Is(err, domain.Unauthenticated) {
					t.Errorf("error %v, want Unauthenticated", err)
				}
			})
		}
	}
}

func TestNoDeliveryIsAttachedToAPullThatAnotherProcessClaimed(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	token := connectionWithToken(t, here)
	first := received(t, here, incomingFor(token, "a", epoch))
	received(t, here, incomingFor(token, "b", epoch))
	wantScope(t, elsewhere, first.Pull, "a", "b")
	if late := received(t, here, incomingFor(token, "c", epoch)); late.Pull == first.Pull {
		t.Error("a delivery was attached to a pull that has started")
	}
}
