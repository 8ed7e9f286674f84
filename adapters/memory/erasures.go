package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// erasures implements ports.Erasures on a Store.
type erasures struct{ *Store }

// Start starts the erasure of a live or deleted connection.
func (v erasures) Start(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r domain.ErasureRequest, entries ports.AuditEntries) (domain.Erasure, error) {
	return exclusiveResult(ctx, v.Store, "Erasures.Start", func() (domain.Erasure, error) {
		c := v.connections[connection]
		if c == nil || c.Tenant != tenant || c.Kind != domain.Aggregator {
			return domain.Erasure{}, domain.NotFoundError()
		}
		if latest := v.latestErasure(connection); latest != nil {
			repeated, again, err := latest.Repeat(r)
			if err != nil {
				return domain.Erasure{}, err
			}
			if !again {
				*latest = repeated
				v.record(tenant, entries)
				return cloneErasure(repeated), nil
			}
		}
		e := r.New(*c)
		v.erasures[e.ID] = &e
		before := *c
		c.Erase(r.At)
		if before.Live() {
			_, moved := v.rebindTokens(before, *c)
			entries = entries.WithMoved(moved)
			v.closeDeleted(c.ID, c.DeletedAt)
		}
		v.record(tenant, entries)
		return cloneErasure(e), nil
	})
}

// latestErasure returns the connection's most recent erasure, or nil.
func (s *Store) latestErasure(connection domain.ConnectionID) (latest *domain.Erasure) {
	for _, e := range s.erasures {
		if e.Connection == connection && (latest == nil || compareErasures(latest, e) < 0) {
			latest = e
		}
	}
	return latest
}

func compareErasures(x, y *domain.Erasure) int {
	return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), x.ID.Compare(y.ID))
}

func cloneErasure(e domain.Erasure) domain.Erasure {
	e.Place.Accounts = slices.Clone(e.Place.Accounts)
	return e
}

// Get checks the tenant, because a caller may know the id of another tenant's erasure.
func (v erasures) Get(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error) {
	return exclusiveResult(ctx, v.Store, "Erasures.Get", func() (domain.Erasure, error) {
		e := v.erasures[id]
		if e == nil || e.Tenant != tenant {
			return domain.Erasure{}, domain.NotFoundError()
		}
		return cloneErasure(*e), nil
	})
}

// List returns running and ended erasures.
func (v erasures) List(ctx context.Context, tenant domain.TenantID,
	page domain.PageRequest) (domain.Page[domain.Erasure], error) {
	return exclusiveResult(ctx, v.Store, "Erasures.List", func() (domain.Page[domain.Erasure], error) {
		rows := filtered(v.erasures, func(e *domain.Erasure) bool { return e.Tenant == tenant },
			cloneErasure)
		return cutPage(rows, page, byTime, func(e domain.Erasure) domain.Position {
			return timePosition(e.CreatedAt, e.ID.UUID)
		})
	})
}

// Claim claims under the store's mutex, so that concurrent claims return different erasures.
func (v erasures) Claim(ctx context.Context, now, claimEnd time.Time, limit int) ([]ports.ClaimedErasure, error) {
	return exclusiveResult(ctx, v.Store, "Erasures.Claim", func() ([]ports.ClaimedErasure, error) {
		due := slices.SortedFunc(maps.Values(v.erasures), func(x, y *domain.Erasure) int {
			return cmp.Or(x.DueAt.Compare(y.DueAt), compareErasures(x, y))
		})
		var claimed []ports.ClaimedErasure
		for _, e := range due {
			if len(claimed) < limit && e.Status == domain.ErasureRunning && !e.DueAt.After(now) {
				e.DueAt = claimEnd
				claimed = append(claimed, ports.ClaimedErasure{
					Erasure: cloneErasure(*e), Connection: cloneConnection(*v.connections[e.Connection]),
				})
			}
		}
		return claimed, nil
	})
}

// claimedErasure returns the stored erasure if the claim that ends at claimEnd is still valid. Errors: LeaseLost.
func (s *Store) claimedErasure(e domain.Erasure, claimEnd time.Time) (*domain.Erasure, error) {
	stored := s.erasures[e.ID]
	if stored == nil || stored.Status != domain.ErasureRunning || !stored.DueAt.Equal(claimEnd) {
		return nil, conflict(domain.LeaseLost)
	}
	return stored, nil
}

// Save stores only the fields that an attempt changes. A new request for the erasure may have changed the other fields
// since the claim.
func (v erasures) Save(ctx context.Context, e domain.Erasure, claimedDueAt time.Time) error {
	return v.exclusive(ctx, "Erasures.Save", func() error {
		stored, err := v.claimedErasure(e, claimedDueAt)
		if err != nil {
			return err
		}
		e = cloneErasure(e)
		stored.DueAt, stored.LastError, stored.Attempts = e.DueAt, e.LastError, e.Attempts
		stored.VendorDone, stored.Passes, stored.Place = e.VendorDone, e.Passes, e.Place
		return nil
	})
}

// End ends the erasure with the status of e, and returns true. Unless the vendor has failed, End returns false in two
// cases, and the erasure continues:
//
//   - The vendor must still be asked to delete the account reference.
//   - The vendor may still have a webhook of the connection.
func (v erasures) End(ctx context.Context, e domain.Erasure, at time.Time) (bool, error) {
	return exclusiveResult(ctx, v.Store, "Erasures.End", func() (bool, error) {
		stored, err := v.claimedErasure(e, e.DueAt)
		if err != nil {
			return false, err
		}
		c := v.connections[e.Connection]
		if e.Status == domain.ErasureDone || !e.AwaitsVendor() {
			if stored.AwaitsVendor() { // a deletion at the vendor may have been requested after e was claimed
				return false, nil
			}
			c.AccountRef = ""
			delete(v.pastRefs, c.ID)
			v.deleteTokens(c.ID)
			for _, token := range v.tokens {
				if token.Connection == c.ID {
					return false, nil
				}
			}
			c.EraseAccess()
		}
		stored.Status, stored.LastError, stored.Attempts, stored.EndedAt = e.Status, e.LastError, e.Attempts, at
		stored.Place = domain.ErasurePlace{}
		v.recordEvents(e.Tenant, e.Connection, at, records.OfErasure(e)...)
		return true, nil
	})
}

// deleteTokens deletes the connection's tokens, except tokens whose webhook may still exist at the vendor.
func (s *Store) deleteTokens(connection domain.ConnectionID) {
	maps.DeleteFunc(s.tokens, func(_ domain.TokenHash, t *domain.WebhookToken) bool {
		return t.Connection == connection && !awaitsRemoval(t)
	})
}

// EraseBatch erases transactions in batches, and everything else in one step after the last batch.
func (v erasures) EraseBatch(
	ctx context.Context, e domain.Erasure, now, deadline time.Time, limit int,
) (domain.Erasure, error) {
	return exclusiveResult(ctx, v.Store, "Erasures.EraseBatch", func() (domain.Erasure, error) {
		stored, err := v.claimedErasure(e, e.DueAt)
		if err != nil {
			return domain.Erasure{}, err
		}
		stored.DueAt = deadline
		if v.endPulls(e.Connection, now); !v.eraseTransactions(e.Connection, now, limit) {
			stored.Place.Task = "transactions"
			return cloneErasure(*stored), nil
		}
		for _, a := range v.accounts[e.Connection] {
			stored.Place.Accounts = append(stored.Place.Accounts, a.ID.String())
		}
		v.eraseResponses(*stored)
		v.eraseDeliveries(e.Connection)
		v.eraseAccounts(e.Connection)
		v.deleteTokens(e.Connection)
		maps.DeleteFunc(v.linkSessions, func(_ domain.LinkSessionID, l *domain.LinkSession) bool {
			return l.Connection == e.Connection
		})
		v.connections[e.Connection].EraseData()
		stored.Passes++
		stored.Place.Task = ""
		return cloneErasure(*stored), nil
	})
}

// endPulls ends the open pulls of the connection, and then deletes all of its pulls.
func (s *Store) endPulls(connection domain.ConnectionID, at time.Time) {
	for _, p := range s.openPullsOf(connection).open() {
		s.end(p, domain.PullFailed, domain.ConnectionGone, at)
	}
	s.nudged = nil // these pulls are deleted below, so they need no job
	maps.DeleteFunc(s.pulls, func(_ domain.PullID, p *pull) bool { return p.Connection == connection })
	delete(s.openPulls, connection)
}

// eraseTransactions erases at most limit transactions of the connection, and reports whether all of its transactions
// are erased.
func (s *Store) eraseTransactions(connection domain.ConnectionID, now time.Time, limit int) bool {
	rows := s.transactions[connection]
	for _, externalID := range slices.Sorted(maps.Keys(rows)) {
		row := rows[externalID]
		if row.Erased() {
			continue
		}
		if limit == 0 {
			return false
		}
		limit--
		delete(rows, externalID)
		row.Erase(now)
		*row = transaction{Transaction: row.Transaction}
		rows[row.ID.String()] = row
		s.changes[row.Tenant] = append(s.changes[row.Tenant], change{row, row.Version})
	}
	return true
}

// eraseAccounts deletes the connection's accounts with all data of each account. It also deletes the connection's
// activity and quarantine, and the entries about former, split and absent rows.
func (s *Store) eraseAccounts(connection domain.ConnectionID) {
	for _, a := range s.accounts[connection] {
		delete(s.completeness, a.ID)
		delete(s.balances, a.ID)
		delete(s.closings, a.ID)
	}
	delete(s.accounts, connection)
	delete(s.activity, connection)
	delete(s.pastIDs, connection)
	delete(s.carriedOver, connection)
	delete(s.splitPairs, connection)
	delete(s.suggestions, connection)
	delete(s.absences, connection)
	delete(s.announcedRows, connection)
	delete(s.quarantine, connection)
}

// eraseResponses deletes the stored responses that contain erased data.
func (s *Store) eraseResponses(e domain.Erasure) {
	var except []string
	for _, other := range s.erasures {
		if other.Connection == e.Connection {
			except = append(except, other.ID.String())
		}
	}
	ids := append(slices.Clone(e.Place.Accounts), e.Connection.String())
	maps.DeleteFunc(s.responses, func(r request, c *claim) bool {
		if r.tenant != e.Tenant || c.response == nil {
			return false
		}
		headers, _ := json.Marshal(c.response.Headers) // a map of strings can always be encoded
		return domain.ResponseNames(c.response.Body, string(headers), ids, except)
	})
}

// eraseDeliveries deletes the deliveries of the connection. It also empties the tenant's other deliveries if they
// contain an erased account reference. A delivery is not changed if its own connection has the same account reference.
func (s *Store) eraseDeliveries(connection domain.ConnectionID) {
	erased := s.connections[connection]
	refs := s.markReferences(erased)
	for id, d := range s.deliveries {
		own := domain.CanonicalAccountRef(s.connections[d.Connection].AccountRef)
		switch {
		case d.Connection == connection:
			delete(s.deliveries, id)
			delete(s.byKey, d.Key())
		case d.Tenant == erased.Tenant && slices.ContainsFunc(refs, func(ref string) bool {
			return domain.CanonicalAccountRef(ref) != own && names(d.Body, ref)
		}):
			d.Body, d.Scope, d.EventID = []byte{}, domain.PullScope{}, ""
		}
	}
}

// markReferences returns all account references of the connection, and marks the references as erased. It adds the
// references of the connection's accounts to pastRefs. A later call therefore still returns the references after the
// accounts have been deleted.
func (s *Store) markReferences(c *domain.Connection) []string {
	for _, a := range s.accounts[c.ID] {
		for _, r := range a.References {
			s.pastRefs[c.ID] = append(s.pastRefs[c.ID], r.AccountRef)
		}
	}
	refs := append(slices.Clone(s.pastRefs[c.ID]), c.AccountRef)
	for _, ref := range refs {
		if ref != "" {
			s.erasedRefs[erasedRef{c.Tenant, domain.DigestOfReference(ref)}] = true
		}
	}
	return refs
}

// names reports whether a webhook body contains the account reference ref. The letter case is ignored.
func names(body []byte, ref string) bool {
	return ref != "" && bytes.Contains(domain.LowerASCII(body), domain.ReferenceText(ref))
}
