package application_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// setBank stores the bank of a connection.
func (e *env) setBank(id domain.ConnectionID, bankID, name string) {
	e.Helper()
	_, err := e.deps.Connections.Update(e.ctx, e.tenant, domain.Aggregator, id, nil,
		func(c *domain.Connection) error {
			c.Bank.Institution = domain.Institution{ID: bankID, Name: name}
			return nil
		})
	e.noError(err)
}

func TestBanksAreListedByName(t *testing.T) {
	e := newEnv(t)
	for i, bank := range []domain.Institution{
		{ID: "201", Name: "Itaú"}, {ID: "612", Name: "Nubank"}, {ID: "77", Name: "Banco"}, {ID: "201", Name: "Itaú"},
		{ID: "202", Name: "Itaú"}, {ID: "8"}, {},
	} {
		e.setBank(e.createConnection(fmt.Sprint("connection ", i)).ID, bank.ID, bank.Name)
	}
	broken := e.createConnection("broken")
	e.setBank(broken.ID, "612", "Nubank")
	e.setHealth(broken.ID, domain.Health{Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: epoch})
	want := []string{"8 1 map[]", "77 1 map[]", "201 2 map[]", "202 1 map[]", "612 2 map[pull_failed:1]"}
	for _, limit := range []int{1, 2, 4, 5, 200} {
		var got []string
		request := domain.PageRequest{Limit: limit}
		for more := true; more; {
			page, err := e.ListInstitutions(e.ctx, e.tenant, request)
			e.noError(err)
			for _, bank := range page.Items {
				got = append(got, fmt.Sprint(bank.ID, " ", bank.Connections, " ", bank.Reasons))
			}
			if len(page.Items) > limit {
				t.Errorf("%d banks on a page of %d", len(page.Items), limit)
			}
			request.After, more = page.Next, !page.Next.IsZero()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by pages of %d: %s", limit, diff)
		}
	}
}
