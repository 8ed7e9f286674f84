package gormstore_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

func TestATextThatNoRowCanHoldFindsNothing(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		c, _ := connectionWithToken(t, b)
		for _, text := range []string{"\x00", "c\x00", "\xff"} {
			if _, err := b.Connections().Find(t.Context(), c.Tenant, c.Vendor, text); !errors.Is(err, domain.NotFound) {
				t.Errorf("Find of %q: %v", text, err)
			}
			all := domain.PageRequest{Limit: 10}
			found, err := b.Deliveries().List(t.Context(), c.Tenant, ports.DeliveryFilter{EventID: text}, all)
			if err != nil || len(found.Items) > 0 {
				t.Errorf("List of event %q: %v", text, err)
			}
			all.After = domain.Position{Key: text, ID: uuid.New()}
			_, connections := b.Connections().List(t.Context(), c.Tenant, ports.ConnectionFilter{}, all)
			_, accounts := b.Ledger().Accounts(t.Context(), c.Tenant, ports.AccountFilter{Connection: c.ID}, all)
			for name, err := range map[string]error{"connections": connections, "accounts": accounts} {
				if faults := domain.ErrorsOf(err); len(faults) != 1 || faults[0].Field != "cursor" {
					t.Errorf("%s after the cursor %q: %v, want an error of the cursor", name, text, err)
				}
			}
		}
	})
}
