package sqlite_test

import (
	"context"
	"errors"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// What a group reads of doors is used by the next one, unless something was written in
// between: here or by another process, which another database over the same file stands for.
func TestADoorThatIsClosedOpensNothingFromTheNextReceiptOn(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	closings := map[string]func(ctx context.Context, s *gormstore.Store, token domain.WebhookToken) error{
		"revoked": func(ctx context.Context, s *gormstore.Store, token domain.WebhookToken) error {
			return s.Tokens().Revoke(ctx, token.Tenant, token.ID, epoch)
		},
		"deleted": func(ctx context.Context, s *gormstore.Store, token domain.WebhookToken) error {
			_, err := s.Connections().Update(ctx, token.Tenant, domain.Aggregator, token.Connection, func(c *domain.Connection) error {
				c.DeletedAt = epoch
				return nil
			})
			return err
		},
	}
	for how, closing := range closings {
		for where, s := range map[string]*gormstore.Store{"here": here, "elsewhere": elsewhere} {
			t.Run(how+" "+where, func(t *testing.T) {
				token := connectionWithToken(t, here)
				given(t, here, asking(token, "first", epoch))
				given(t, here, asking(token, "second", epoch))
				if err := closing(t.Context(), s, token); err != nil {
					t.Fatal(err)
				}
				if _, err := here.Deliveries().Receive(t.Context(), asking(token, "third", epoch)); !errors.Is(err, domain.Unauthenticated) {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

func TestAPullThatIsClaimedElsewhereIsNotJoined(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	token := connectionWithToken(t, here)
	first := given(t, here, asking(token, "a", epoch))
	given(t, here, asking(token, "b", epoch))
	wantAsked(t, elsewhere, first.Pull, "a", "b")
	if late := given(t, here, asking(token, "c", epoch)); late.Pull == first.Pull {
		t.Error("a delivery joined a pull that has begun")
	}
}
