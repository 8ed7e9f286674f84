package simulation_test

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// intercept calls a store method for an actor and injects faults. First the actor yields. There are four cases:
//
//   - The call succeeds.
//   - The call fails without any effect.
//   - The call fails although it was completely executed.
//   - The process dies directly after the call.
//
// If ctx is canceled, the method is not called. Deadlines of ctx are ignored, because they are in real time.
func intercept[T any](
	ctx context.Context, s *sim, op string, do func(context.Context) (T, error),
) (result T, err error) {
	s.yieldAt(op)
	if errors.Is(ctx.Err(), context.Canceled) {
		return result, ctx.Err()
	}
	fault := 1.0
	if s.current != nil && !s.faultFree {
		fault = s.rand.Float64()
	}
	if fault < 0.006 {
		s.counters.faultsBefore++
		return result, storeUnavailable()
	}
	result, err = do(context.WithoutCancel(ctx))
	switch {
	case fault < 0.012:
		s.counters.faultsAfter++
		var nothing T
		return nothing, storeUnavailable()
	case fault < 0.016:
		s.crashCurrent()
	case errors.Is(err, domain.LeaseLost):
		s.counters.leasesLost++
	}
	if err != nil && s.current != nil {
		s.log(s.current.name, op+" failed: "+string(domain.CodeOf(err)))
	}
	return result, err
}

// interceptError is like intercept, for a store method that returns only an error.
func interceptError(ctx context.Context, s *sim, op string, do func(context.Context) error) error {
	_, err := intercept(ctx, s, op, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

type connections struct {
	sim *sim
	ports.Connections
}

func (v connections) Create(ctx context.Context, c domain.Connection, entries ports.AuditEntries) error {
	return interceptError(ctx, v.sim, "Connections.Create", func(ctx context.Context) error {
		err := v.Connections.Create(ctx, c, entries)
		if err == nil {
			v.sim.connectionCreated(c)
		}
		return err
	})
}

func (v connections) Get(
	ctx context.Context, t domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
) (domain.Connection, error) {
	return intercept(ctx, v.sim, "Connections.Get", func(ctx context.Context) (domain.Connection, error) {
		c, err := v.Connections.Get(ctx, t, kind, id)
		if err == nil {
			v.sim.readNotPaused(c)
		}
		return c, err
	})
}

func (v connections) Find(
	ctx context.Context, t domain.TenantID, vendor domain.Vendor, name string,
) (domain.Connection, error) {
	return intercept(ctx, v.sim, "Connections.Find", func(ctx context.Context) (domain.Connection, error) {
		return v.Connections.Find(ctx, t, vendor, name)
	})
}

func (v connections) Update(ctx context.Context, t domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID,
	entries ports.AuditEntries, fn func(*domain.Connection) error,
) (domain.Connection, error) {
	return intercept(ctx, v.sim, "Connections.Update", func(ctx context.Context) (domain.Connection, error) {
		var c domain.Connection
		err := v.sim.changeConnections(func() (err error) {
			if c, err = v.Connections.Update(ctx, t, kind, id, entries, fn); err == nil {
				v.sim.connectionUpdated(c)
			}
			return err
		})
		return c, err
	})
}

// sealedValues intercepts the methods with which values are re-encrypted.
type sealedValues struct {
	sim *sim
	ports.SealedValues
}

func (v sealedValues) List(
	ctx context.Context, kind ports.SealedKind, afterID uuid.UUID, limit int,
) ([]ports.SealedValue, error) {
	return intercept(ctx, v.sim, "SealedValues.List", func(ctx context.Context) ([]ports.SealedValue, error) {
		return v.SealedValues.List(ctx, kind, afterID, limit)
	})
}

func (v sealedValues) Replace(ctx context.Context, value ports.SealedValue, fresh domain.Sealed) (bool, error) {
	return intercept(ctx, v.sim, "SealedValues.Replace", func(ctx context.Context) (bool, error) {
		return v.SealedValues.Replace(ctx, value, fresh)
	})
}

type tokens struct {
	sim *sim
	ports.Tokens
}

func (v tokens) Create(ctx context.Context, t domain.WebhookToken, entries ports.AuditEntries) error {
	return interceptError(ctx, v.sim, "Tokens.Create", func(ctx context.Context) error {
		err := v.Tokens.Create(ctx, t, entries)
		if err == nil {
			v.sim.hashes = append(v.sim.hashes, t.Hash)
		}
		return err
	})
}

func (v tokens) FindRegistration(
	ctx context.Context, t domain.TenantID, application domain.ApplicationKey,
) (domain.WebhookToken, error) {
	return intercept(ctx, v.sim, "Tokens.FindRegistration", func(ctx context.Context) (domain.WebhookToken, error) {
		return v.Tokens.FindRegistration(ctx, t, application)
	})
}

func (v tokens) AbandonRegistration(
	ctx context.Context, t domain.TenantID, id domain.TokenID, at time.Time,
) error {
	return interceptError(ctx, v.sim, "Tokens.AbandonRegistration", func(ctx context.Context) error {
		return v.Tokens.AbandonRegistration(ctx, t, id, at)
	})
}

func (v tokens) ActivateRegistration(
	ctx context.Context, t domain.TenantID, id domain.TokenID, webhook string, entries ports.AuditEntries,
) error {
	return interceptError(ctx, v.sim, "Tokens.ActivateRegistration", func(ctx context.Context) error {
		err := v.Tokens.ActivateRegistration(ctx, t, id, webhook, entries)
		if err == nil {
			v.sim.counters.registered++
		}
		return err
	})
}

func (v tokens) ClaimRegistrations(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int,
) ([]ports.ClaimedRegistration, error) {
	return intercept(ctx, v.sim, "Tokens.ClaimRegistrations",
		func(ctx context.Context) ([]ports.ClaimedRegistration, error) {
			return v.Tokens.ClaimRegistrations(ctx, now, claimEnd, skip, limit)
		})
}

func (v tokens) PostponeRegistration(
	ctx context.Context, t domain.TenantID, id domain.TokenID, due time.Time,
) error {
	return interceptError(ctx, v.sim, "Tokens.PostponeRegistration", func(ctx context.Context) error {
		return v.Tokens.PostponeRegistration(ctx, t, id, due)
	})
}

func (v tokens) EndRegistration(ctx context.Context, t domain.TenantID, id domain.TokenID) error {
	return interceptError(ctx, v.sim, "Tokens.EndRegistration", func(ctx context.Context) error {
		err := v.Tokens.EndRegistration(ctx, t, id)
		if err == nil {
			v.sim.counters.unregistered++
		}
		return err
	})
}

func (v tokens) Revoke(ctx context.Context, t domain.TenantID, id domain.TokenID, at time.Time,
	entries ports.AuditEntries, check func(domain.WebhookToken) error,
) error {
	return interceptError(ctx, v.sim, "Tokens.Revoke", func(ctx context.Context) error {
		return v.Tokens.Revoke(ctx, t, id, at, entries, check)
	})
}

func (v tokens) RecordUsage(ctx context.Context, usage map[domain.TokenID]time.Time) error {
	return interceptError(ctx, v.sim, "Tokens.RecordUsage", func(ctx context.Context) error {
		return v.Tokens.RecordUsage(ctx, usage)
	})
}

type deliveries struct {
	sim *sim
	ports.Deliveries
}

func (v deliveries) Receive(ctx context.Context, r ports.IncomingDelivery) (ports.ReceiveResult, error) {
	return intercept(ctx, v.sim, "Deliveries.Receive", func(ctx context.Context) (ports.ReceiveResult, error) {
		token := v.sim.storedTokens()[r.Token]
		received, err := v.Deliveries.Receive(ctx, r)
		v.sim.checkRouted(r, token, received, err)
		if err == nil && !received.Duplicate && received.Delivery.Status == domain.DeliveryAccepted {
			v.sim.countAnnouncedRemovals(received.Delivery.Connection, r.Event.Scope.Removed)
		}
		return received, err
	})
}

func (v deliveries) Replay(ctx context.Context, t domain.TenantID, ids []domain.DeliveryID, at time.Time,
	entries ports.AuditEntries, fresh func() domain.PullID,
) ([]domain.Delivery, error) {
	return intercept(ctx, v.sim, "Deliveries.Replay", func(ctx context.Context) ([]domain.Delivery, error) {
		replayed, err := v.Deliveries.Replay(ctx, t, ids, at, entries, fresh)
		for _, d := range replayed {
			v.sim.countAnnouncedRemovals(d.Connection, d.Scope.Removed)
		}
		return replayed, err
	})
}

func (v deliveries) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return intercept(ctx, v.sim, "Deliveries.Prune", func(ctx context.Context) (int, error) {
		n, err := v.Deliveries.Prune(ctx, before, limit)
		v.sim.counters.pruned += n
		return n, err
	})
}

type idempotency struct {
	sim *sim
	ports.IdempotencyStore
}

func (v idempotency) Begin(
	ctx context.Context, t domain.TenantID, key string, f domain.Fingerprint, claimedAt time.Time,
) (*ports.StoredResponse, error) {
	return intercept(ctx, v.sim, "Idempotency.Begin", func(ctx context.Context) (*ports.StoredResponse, error) {
		return v.IdempotencyStore.Begin(ctx, t, key, f, claimedAt)
	})
}

func (v idempotency) Finish(
	ctx context.Context, t domain.TenantID, key string, claimedAt time.Time,
	response ports.StoredResponse, now time.Time,
) error {
	v.sim.checkNoSecret("a stored response", string(response.Body))
	return interceptError(ctx, v.sim, "Idempotency.Finish", func(ctx context.Context) error {
		return v.IdempotencyStore.Finish(ctx, t, key, claimedAt, response, now)
	})
}

func (v idempotency) Release(ctx context.Context, t domain.TenantID, key string, claimedAt time.Time) error {
	return interceptError(ctx, v.sim, "Idempotency.Release", func(ctx context.Context) error {
		return v.IdempotencyStore.Release(ctx, t, key, claimedAt)
	})
}

type pulls struct {
	sim *sim
	ports.Pulls
}

func (v pulls) Request(
	ctx context.Context, t domain.TenantID, c domain.ConnectionID, r ports.PullRequest, entries ports.AuditEntries,
) (domain.Pull, error) {
	return intercept(ctx, v.sim, "Pulls.Request", func(ctx context.Context) (domain.Pull, error) {
		p, err := v.Pulls.Request(ctx, t, c, r, entries)
		if err == nil && r.Scope.Everything {
			v.sim.openComplete[p.ID] = c
		}
		return p, err
	})
}

func (v pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	return intercept(ctx, v.sim, "Pulls.Claim", func(ctx context.Context) (ports.Claimed, error) {
		claimed, err := v.Pulls.Claim(ctx, lease, at)
		if err == nil {
			v.sim.pullClaimed(lease, claimed)
		}
		return claimed, err
	})
}

func (v pulls) FilterUnchanged(
	ctx context.Context, t domain.TenantID, c domain.ConnectionID, rows []domain.RawTransaction,
) ([]bool, error) {
	return intercept(ctx, v.sim, "Pulls.FilterUnchanged", func(ctx context.Context) ([]bool, error) {
		unchanged, err := v.Pulls.FilterUnchanged(ctx, t, c, rows)
		for _, same := range unchanged {
			if same {
				v.sim.counters.unchangedRows++
			}
		}
		return unchanged, err
	})
}

func (v pulls) StorePage(ctx context.Context, lease domain.Lease, w ports.PageWrite) (domain.Counts, error) {
	return intercept(ctx, v.sim, "Pulls.StorePage", func(ctx context.Context) (domain.Counts, error) {
		counts, err := v.Pulls.StorePage(ctx, lease, w)
		v.sim.checkFencing(lease, err)
		if err == nil && w.Listed && w.Staged == nil {
			c := v.sim.connectionByID(v.sim.claims[lease.ID].Connection)
			for _, account := range w.Accounts {
				c.everListed[account.ExternalID] = true
			}
		}
		if err == nil {
			v.sim.readAt[lease.Pull] = w.Progress.ReadAt
			v.sim.recordOriginals(lease, w)
			v.sim.counters.quarantined += len(w.Quarantined)
			v.sim.counters.released += len(w.Released)
			v.sim.checkReadableReleased(lease, w)
		}
		return counts, err
	})
}

func (v pulls) RemoveAnnounced(
	ctx context.Context, id domain.PullID, at time.Time, matching func(domain.Vendor) *ports.Matching,
) (bool, error) {
	return intercept(ctx, v.sim, "Pulls.RemoveAnnounced", func(ctx context.Context) (bool, error) {
		blocked, err := v.Pulls.RemoveAnnounced(ctx, id, at, matching)
		if err == nil && blocked {
			v.sim.counters.removedBlocked++
			v.sim.checkRemovalsApplied(id)
		}
		return blocked, err
	})
}

func (v pulls) ReportConnection(
	ctx context.Context, lease domain.Lease, at time.Time, change func(*domain.Connection),
) error {
	_, err := intercept(ctx, v.sim, "Pulls.ReportConnection", func(ctx context.Context) (struct{}, error) {
		err := v.Pulls.ReportConnection(ctx, lease, at, change)
		v.sim.checkFencing(lease, err)
		return struct{}{}, err
	})
	return err
}

func (v pulls) Sweep(ctx context.Context, lease domain.Lease, w ports.SweepWrite) (domain.Counts, error) {
	return intercept(ctx, v.sim, "Pulls.Sweep", func(ctx context.Context) (domain.Counts, error) {
		before := v.sim.windowOf(lease, w)
		counts, err := v.Pulls.Sweep(ctx, lease, w)
		v.sim.checkFencing(lease, err)
		if err == nil {
			v.sim.checkMassRemoval(lease, w, before)
		}
		v.sim.counters.swept += counts.Removed
		if err == nil {
			v.sim.readAt[lease.Pull] = w.Page.Progress.ReadAt
			v.sim.recordOriginals(lease, w.Page)
			v.sim.counters.quarantined += len(w.Page.Quarantined)
			v.sim.counters.released += len(w.Page.Released)
			v.sim.checkReadableReleased(lease, w.Page)
		}
		return counts, err
	})
}

// Publish also records which of the published accounts the vendor has listed. A published account may continue a former
// account, under a new account reference. Such an account also counts as listed if the former account was listed.
func (v pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	return intercept(ctx, v.sim, "Pulls.Publish", func(ctx context.Context) (ports.Published, error) {
		listed := v.sim.listedBefore()
		published, err := v.Pulls.Publish(ctx, lease, w)
		v.sim.checkFencing(lease, err)
		if err != nil {
			return published, err
		}
		c := v.sim.connectionByID(v.sim.claims[lease.ID].Connection)
		c.carriedOver = true
		for _, account := range w.Accounts {
			if account.Listed || listed[account.Continues] {
				c.everListed[account.Data.ExternalID] = true
			}
		}
		v.sim.readAt[lease.Pull], v.sim.published[lease.Pull] = w.Progress.ReadAt, true
		v.sim.counters.staged++
		v.sim.publishOriginals(c)
		v.sim.forgetUnpublished(c)
		v.sim.accountsMoved(c)
		return published, nil
	})
}

// listedBefore returns a map whose keys are the ids of all stored accounts. The value is true if the vendor has
// listed the account at least once.
func (s *sim) listedBefore() map[domain.AccountID]bool {
	listed := map[domain.AccountID]bool{}
	for _, c := range s.connections {
		for _, a := range s.accountsOf(c) {
			listed[a.ID] = c.everListed[a.ExternalID]
		}
	}
	return listed
}

func (v pulls) FormerAccounts(ctx context.Context, lease domain.Lease) ([]ports.FormerAccount, error) {
	return intercept(ctx, v.sim, "Pulls.FormerAccounts", func(ctx context.Context) ([]ports.FormerAccount, error) {
		return v.Pulls.FormerAccounts(ctx, lease)
	})
}

func (v pulls) SweepAccounts(ctx context.Context, lease domain.Lease, w ports.AccountSweepWrite) error {
	return interceptError(ctx, v.sim, "Pulls.SweepAccounts", func(ctx context.Context) error {
		c := v.sim.connectionByID(v.sim.claims[lease.ID].Connection)
		before := v.sim.liveAccounts(c)
		err := v.Pulls.SweepAccounts(ctx, lease, w)
		v.sim.checkFencing(lease, err)
		if err == nil {
			v.sim.forgetRemovedAccounts(c, before)
		}
		return err
	})
}

func (v pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return interceptError(ctx, v.sim, "Pulls.Finish", func(ctx context.Context) error {
		err := v.Pulls.Finish(ctx, lease, o)
		v.sim.checkFencing(lease, err)
		if err == nil {
			v.sim.attemptEnded(lease.Pull, o)
		}
		if err == nil && o.State == domain.PullFailed && o.LastError == domain.AccountNotListed {
			v.sim.endListingLag(v.sim.claims[lease.ID]) // the pull no longer waits for an account
		}
		if err == nil && o.State == domain.PullSucceeded {
			p := v.sim.claims[lease.ID]
			ref := v.sim.connectionByID(p.Connection).ref
			ref.keepReads(p)
			v.sim.checkPullComplete(p)
			v.sim.checkAwaited(p)
			v.sim.checkSweepComplete(p)
			v.sim.checkChangesApplied(p)
			v.sim.checkAnnouncedApplied(p)
			v.sim.checkHealedReleased(p)
			v.sim.endListingLag(p)
		}
		return err
	})
}

func (v pulls) VisitAnnouncedRemovals(
	ctx context.Context, lease domain.Lease, visit func(externalIDs []string) error,
) error {
	return interceptError(ctx, v.sim, "Pulls.VisitAnnouncedRemovals", func(ctx context.Context) error {
		return v.Pulls.VisitAnnouncedRemovals(ctx, lease, visit)
	})
}

func (v pulls) ListStuck(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]domain.PullID, error) {
	return intercept(ctx, v.sim, "Pulls.ListStuck", func(ctx context.Context) ([]domain.PullID, error) {
		return v.Pulls.ListStuck(ctx, now, grace, limit)
	})
}

func (v pulls) ListWaiting(
	ctx context.Context, now time.Time, excludedTenants []domain.TenantID, limit int,
) ([]domain.Pull, error) {
	return intercept(ctx, v.sim, "Pulls.ListWaiting", func(ctx context.Context) ([]domain.Pull, error) {
		return v.Pulls.ListWaiting(ctx, now, excludedTenants, limit)
	})
}

func (v pulls) ListDueForReconcile(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error) {
	return intercept(ctx, v.sim, "Pulls.ListDueForReconcile", func(ctx context.Context) ([]domain.Connection, error) {
		due, err := v.Pulls.ListDueForReconcile(ctx, cutoff, limit)
		if err == nil {
			v.sim.checkDueForReconcile(due, cutoff, limit)
		}
		return due, err
	})
}

func (v pulls) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return intercept(ctx, v.sim, "Pulls.Prune", func(ctx context.Context) (int, error) {
		return v.Pulls.Prune(ctx, before, limit)
	})
}

type ledger struct {
	sim *sim
	ports.Ledger
}

func (v ledger) Quarantine(ctx context.Context, t domain.TenantID, c domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[domain.QuarantinedRow], error) {
	return intercept(
		ctx,
		v.sim,
		"Ledger.Quarantine",
		func(ctx context.Context) (domain.Page[domain.QuarantinedRow], error) {
			return v.Ledger.Quarantine(ctx, t, c, page)
		},
	)
}

func (v ledger) Split(
	ctx context.Context, t domain.TenantID, id, newID domain.TransactionID, decision ports.Decision,
) (domain.Transaction, error) {
	return intercept(ctx, v.sim, "Ledger.Split", func(ctx context.Context) (domain.Transaction, error) {
		before, _ := v.Ledger.Transaction(ctx, t, id, time.Time{})
		after, err := v.Ledger.Split(ctx, t, id, newID, decision)
		if err == nil {
			v.sim.splitDone(before, after)
		}
		return after, err
	})
}

func (v ledger) Join(
	ctx context.Context, t domain.TenantID, pair ports.RecordPair, decision ports.Decision,
) (domain.Transaction, error) {
	return intercept(ctx, v.sim, "Ledger.Join", func(ctx context.Context) (domain.Transaction, error) {
		old, _ := v.Ledger.Transaction(ctx, t, pair.Old, time.Time{})
		with, _ := v.Ledger.Transaction(ctx, t, pair.New, time.Time{})
		after, err := v.Ledger.Join(ctx, t, pair, decision)
		if err == nil {
			v.sim.joinDone(pair, old, with)
		}
		return after, err
	})
}

func (v ledger) Exclude(
	ctx context.Context, t domain.TenantID, id domain.TransactionID, by string, decision ports.Decision,
) (domain.Transaction, error) {
	return intercept(ctx, v.sim, "Ledger.Exclude", func(ctx context.Context) (domain.Transaction, error) {
		return v.Ledger.Exclude(ctx, t, id, by, decision)
	})
}

func (v ledger) Include(
	ctx context.Context, t domain.TenantID, id domain.TransactionID, decision ports.Decision,
) (domain.Transaction, error) {
	return intercept(ctx, v.sim, "Ledger.Include", func(ctx context.Context) (domain.Transaction, error) {
		return v.Ledger.Include(ctx, t, id, decision)
	})
}

func (v ledger) Dismiss(
	ctx context.Context, t domain.TenantID, pairs []ports.RecordPair, decision ports.Decision,
) error {
	return interceptError(ctx, v.sim, "Ledger.Dismiss", func(ctx context.Context) error {
		old, _ := v.Ledger.Transaction(ctx, t, pairs[0].Old, time.Time{})
		with, _ := v.Ledger.Transaction(ctx, t, pairs[0].New, time.Time{})
		err := v.Ledger.Dismiss(ctx, t, pairs, decision)
		if err == nil {
			v.sim.dismissDone(pairs[0], old, with)
		}
		return err
	})
}

func (v ledger) Changes(ctx context.Context, t domain.TenantID, page domain.PageRequest) (domain.FeedPage, error) {
	return intercept(ctx, v.sim, "Ledger.Changes", func(ctx context.Context) (domain.FeedPage, error) {
		return v.Ledger.Changes(ctx, t, page)
	})
}

func (v ledger) History(ctx context.Context, t domain.TenantID, id domain.TransactionID,
	page domain.PageRequest,
) (domain.Page[domain.TransactionVersion], error) {
	return intercept(
		ctx,
		v.sim,
		"Ledger.History",
		func(ctx context.Context) (domain.Page[domain.TransactionVersion], error) {
			return v.Ledger.History(ctx, t, id, page)
		},
	)
}

type erasures struct {
	sim *sim
	ports.Erasures
}

func (v erasures) Start(ctx context.Context, t domain.TenantID, c domain.ConnectionID, r domain.ErasureRequest,
	entries ports.AuditEntries) (
	domain.Erasure, error,
) {
	return intercept(ctx, v.sim, "Erasures.Start", func(ctx context.Context) (domain.Erasure, error) {
		return v.Erasures.Start(ctx, t, c, r, entries)
	})
}

func (v erasures) Claim(
	ctx context.Context, now, claimEnd time.Time, atVendor bool, skip []domain.TenantID, limit int,
) ([]ports.ClaimedErasure, error) {
	return intercept(ctx, v.sim, "Erasures.Claim", func(ctx context.Context) ([]ports.ClaimedErasure, error) {
		return v.Erasures.Claim(ctx, now, claimEnd, atVendor, skip, limit)
	})
}

func (v erasures) EraseBatch(ctx context.Context, e domain.Erasure, now, deadline time.Time, limit int) (
	domain.Erasure, error,
) {
	return intercept(ctx, v.sim, "Erasures.EraseBatch", func(ctx context.Context) (domain.Erasure, error) {
		return v.Erasures.EraseBatch(ctx, e, now, deadline, limit)
	})
}

func (v erasures) Save(ctx context.Context, e domain.Erasure, claimedDueAt time.Time) error {
	return interceptError(ctx, v.sim, "Erasures.Save", func(ctx context.Context) error {
		return v.Erasures.Save(ctx, e, claimedDueAt)
	})
}

func (v erasures) End(ctx context.Context, e domain.Erasure, at time.Time) (bool, error) {
	return intercept(ctx, v.sim, "Erasures.End", func(ctx context.Context) (bool, error) {
		return v.Erasures.End(ctx, e, at)
	})
}
