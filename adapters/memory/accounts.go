package memory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Accounts implements records.AccountSource. It looks up each external id.
func (s recordSource) Accounts(externalIDs []string) ([]records.Account, error) {
	var found []records.Account
	for _, id := range externalIDs {
		if a := s.accounts[s.p.Connection][id]; a != nil {
			found = append(found, *a)
		}
	}
	return found, nil
}

// AccountsOfKeys implements records.AccountSource. It examines the accounts of all connections.
func (s recordSource) AccountsOfKeys(keys []string) ([]records.Account, error) {
	var found []records.Account
	for id, accounts := range s.accounts {
		for _, a := range accounts {
			if (id == s.p.Connection || s.isContinuable(s.p, id)) && slices.Contains(keys, a.Key) {
				found = append(found, *a)
			}
		}
	}
	return found, nil
}

// isContinuable reports whether the connection of the pull may take over the accounts of the connection with this id.
func (s *Store) isContinuable(p *pull, id domain.ConnectionID) bool {
	c := s.connections[id]
	return c.Tenant == p.Tenant && c.Vendor == p.Vendor && !c.Live() && c.ErasedAt.IsZero()
}

// saveAccounts applies changes to the accounts of the pull's connection. The changes were made at the given time.
func (s *Store) saveAccounts(p *pull, changes records.AccountChanges, at time.Time) {
	accounts := innerMap(s.accounts, p.Connection)
	for _, a := range changes.Save { // external ids may have changed
		maps.DeleteFunc(accounts, func(_ string, known *records.Account) bool { return known.ID == a.ID })
	}
	for _, a := range changes.Save {
		a.Account = cloneAccount(a.Account)
		accounts[a.ExternalID] = &a
	}
	for _, externalID := range changes.Removed {
		s.forgetAbsences(p.Connection, externalID)
		s.forgetAnnounced(p.Connection, externalID)
	}
	s.recordEvents(p.Tenant, p.Connection, at, changes.Events...)
}

// storedAccounts returns the accounts of a connection, ordered by external id.
func (s *Store) storedAccounts(id domain.ConnectionID) []records.Account {
	var stored []records.Account
	for _, externalID := range slices.Sorted(maps.Keys(s.accounts[id])) {
		stored = append(stored, *s.accounts[id][externalID])
	}
	return stored
}

// SweepAccounts applies the changes of records.SweepAccounts.
func (v pulls) SweepAccounts(ctx context.Context, lease domain.Lease, w ports.AccountSweepWrite) error {
	return v.exclusive(ctx, "Pulls.SweepAccounts", func() error {
		p, err := v.writable(lease)
		if err != nil {
			return err
		}
		v.saveAccounts(p, records.SweepAccounts(w, p.ID, v.storedAccounts(p.Connection)), w.At)
		p.lease.Until = w.LeaseUntil
		return nil
	})
}
