package gormstore

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// minWait is the shortest RetryAfter of a claim that is refused because another pull of the
// connection is under way.
const minWait = time.Second

// Claim locks the pull's row, so that concurrent claims of one pull run one after the other. If several pulls of a
// connection are claimed, the unique index over pulls under way lets only one pull start. Claim does not use SKIP
// LOCKED, because a locked pull would then look missing.
func (s pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	var claimed ports.Claimed
	var refused error // an error to return after the transaction has committed
	err := s.background().change(ctx, func(tx Tx) error {
		row, err := s.lockByID(tx.DB, lease.Pull)
		if err != nil {
			return err
		}
		if row.over() {
			return domain.NotFoundError()
		}
		c, err := first[connectionRow](tx.Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant))
		if err != nil {
			return err
		}
		if !c.Deleted.IsZero() {
			refused = domain.NotFoundError()
			failed := failedColumns(domain.ConnectionGone, instant{at})
			return tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Updates(failed).Error
		}
		connection := c.domain()
		if err := connection.CheckNotPaused(); err != nil {
			return err
		}
		claimed, err = s.startAttempt(tx.DB, row, connection, lease, at)
		if err == nil && claimed.Initial {
			claimed.Empty, err = s.isEmpty(tx.DB, claimed.Connection)
		}
		if err == nil {
			claimed.Quarantine, err = quarantineKeys(tx.DB, claimed.Connection)
		}
		if err == nil && !claimed.Empty {
			err = s.readReplaceable(tx, &claimed, at)
		}
		if err == nil && len(claimed.Pull.Scope.AccountNames()) > 0 {
			claimed.RemovedAccounts, err = removedAccounts(tx.DB, claimed.Connection)
		}
		if err == nil && row.State != stateQueued {
			claimed.Removed, err = s.removedNext(tx.DB, row)
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return ports.Claimed{}, err
	}
	return claimed, nil
}

// notDue returns the error of a claim that came too early. The caller should retry after the given delay.
func notDue(delay time.Duration) error {
	return &domain.Error{Kind: domain.Conflict, Code: domain.NotDue, RetryAfter: delay}
}

// startAttempt marks the locked pull as running under the lease. The id of the lease becomes the pull's fencing token.
// The result contains only Pull, Connection and Initial. Errors: NotDue, with the time to wait in RetryAfter.
func (s pulls) startAttempt(
	tx *gorm.DB, row pullRow, c domain.Connection, lease domain.Lease, at time.Time,
) (ports.Claimed, error) {
	if wait := row.ready().Sub(at); wait > 0 {
		return ports.Claimed{}, notDue(wait)
	}
	p, err := row.domain()
	if err != nil {
		return ports.Claimed{}, err
	}
	if row.State == stateQueued {
		if p.Progress.Awaited, err = s.takeOver(tx, row, c, at); err != nil {
			return ports.Claimed{}, err
		}
	}
	if row.State == stateQueued {
		if p.Scope, err = s.mergedScope(tx, p); err != nil {
			return ports.Claimed{}, err
		}
	}
	p.State, p.NotBefore, p.Attempts = domain.PullRunning, time.Time{}, p.Attempts+1
	if p.StartedAt.IsZero() {
		p.StartedAt = at
	}
	initial, err := s.firstPull(tx, c)
	initial = initial || c.NewReference
	if err != nil {
		return ports.Claimed{}, err
	}
	complete := row.Complete || initial || p.Scope.Everything
	return ports.Claimed{Pull: p, Connection: c, Initial: initial}, saveClaim(tx, p, complete, lease)
}

// ready returns the earliest time at which the pull may be claimed. For a running pull, this is the end of the lease;
// for a waiting pull, the time of the next attempt. For a queued pull, it is zero.
func (r pullRow) ready() time.Time {
	if r.State == stateRunning {
		return r.LeaseUntil.Time
	}
	return r.NotBefore.Time
}

// mergedScope returns the pull's own scope, merged with the scopes of its deliveries in the order of receipt. The
// caller must have locked the pull, so that no delivery can be attached meanwhile.
//
// The receipt of webhooks waits for the lock, so the query must be fast even for thousands of deliveries. The query
// therefore returns each distinct scope only once, at the position of the last delivery with this scope. The omitted
// repetitions would not change the result, because merging is idempotent and only the last signal is used.
func (s pulls) mergedScope(tx *gorm.DB, p domain.Pull) (domain.PullScope, error) {
	large, err := s.exceedsScope(tx, p)
	if err != nil {
		return domain.PullScope{}, err
	}
	if large {
		return s.largeScope(tx, p)
	}
	var scopes []string
	err = tx.Table("(?) AS attached", s.dialect.AttachedDeliveries(p, unlimited)).
		Group("ask").Order("max(received_at), max(CAST(id AS text))").Pluck("ask", &scopes).Error
	if err != nil {
		return domain.PullScope{}, err
	}
	all := append(make([]domain.PullScope, 0, len(scopes)+1), p.Scope)
	for _, stored := range scopes {
		var scope domain.PullScope
		if err := decode(stored, &scope); err != nil {
			return domain.PullScope{}, err
		}
		all = append(all, scope)
	}
	return domain.MergeScopes(all), nil
}

// unlimited is a value for the parameter maxBytes of AttachedDeliveries that allows scopes of any size.
const unlimited = math.MaxInt32

// exceedsScope reports whether the scopes of the pull's deliveries are together larger than domain.MaxScopeBytes. The
// query adds up the sizes and stops at the first delivery at which the sum exceeds the limit.
func (s pulls) exceedsScope(tx *gorm.DB, p domain.Pull) (bool, error) {
	sizes := tx.Table("(?) AS attached", s.dialect.AttachedDeliveries(p, unlimited)).
		Select("sum(octet_length(ask)) OVER (ROWS UNBOUNDED PRECEDING) AS bytes")
	var found []int
	err := tx.Table("(?) AS sizes", sizes).
		Where("bytes > ?", domain.MaxScopeBytes).
		Limit(1).
		Pluck("bytes", &found).
		Error
	return len(found) > 0, err
}

// maxSignalScope is the maximum size in bytes of a scope with a signal (a report about the account reference as a
// whole). A scope with a signal is small, because it names no rows.
const maxSignalScope = 1024

// largeScope returns the scope of a pull if the scopes of its deliveries are together larger than domain.MaxScopeBytes.
// The result is domain.LargeScope, merged with the pull's own scope. The last signal and the last consent reports of
// the deliveries are added. largeScope reads only small scopes from the database.
func (s pulls) largeScope(tx *gorm.DB, p domain.Pull) (domain.PullScope, error) {
	signals, err := s.lastScopes(tx, p, `%"signal":"%`, 1)
	if err != nil {
		return domain.PullScope{}, err
	}
	consents, err := s.lastScopes(tx, p, `%"consents":[%`, domain.MaxConsentReports)
	if err != nil {
		return domain.PullScope{}, err
	}
	reports := domain.PullScope{Consents: domain.MergeScopes(consents).Consents}
	return domain.MergeScopes([]domain.PullScope{
		p.Scope, domain.LargeScope(domain.MergeScopes(signals).Signal), reports,
	}), nil
}

// lastScopes returns the scopes of at most limit deliveries. It selects the deliveries that were received last, and
// returns their scopes in the order of receipt. It considers only scopes of at most maxSignalScope bytes whose JSON
// matches the LIKE pattern.
func (s pulls) lastScopes(tx *gorm.DB, p domain.Pull, pattern string, limit int) ([]domain.PullScope, error) {
	var stored []string
	err := tx.Table("(?) AS attached", s.dialect.AttachedDeliveries(p, maxSignalScope)).Where("ask LIKE ?", pattern).
		Order("received_at DESC, CAST(id AS text) DESC").Limit(limit).Pluck("ask", &stored).Error
	scopes := make([]domain.PullScope, len(stored))
	for i, text := range slices.Backward(stored) {
		if err == nil {
			err = decode(text, &scopes[len(stored)-1-i])
		}
	}
	return scopes, err
}

// saveClaim stores the start of the attempt, and whether the pull is complete (reads everything that the vendor has).
// The unique index over pulls under way lets only one pull of a connection start. Errors: NotDue if another pull of the
// connection was claimed first.
//
// saveClaim must be a single UPDATE. A second UPDATE of the same row would check the foreign key, for which PostgreSQL
// locks the row of the connection. A deletion of the connection holds this lock while it waits for the pull. The
// deletion and the claim would deadlock.
func saveClaim(tx *gorm.DB, p domain.Pull, complete bool, lease domain.Lease) error {
	scope, err := encode(p.Scope)
	if err != nil {
		return err
	}
	columns := map[string]any{
		"state": stateRunning, "ask": scope, "complete": complete, "attempts": p.Attempts,
		"not_before": nil, "started_at": instant{p.StartedAt},
		"lease_id": lease.ID.UUID, "lease_until": instant{lease.Until},
	}
	if !p.Progress.Planned && p.Progress.Awaited != nil { // p has taken over the awaited accounts of another pull
		if columns["progress"], err = encode(p.Progress); err != nil {
			return err
		}
	}
	err = tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", p.ID.UUID, p.Tenant.UUID).Updates(columns).Error
	if duplicate(err) {
		return notDue(minWait) // another pull of the connection was claimed first
	}
	return err
}

// firstPull reports whether no pull has succeeded yet for the connection's current target. It ignores pulls that
// started before the last change of the target.
func (s pulls) firstPull(tx *gorm.DB, c domain.Connection) (bool, error) {
	var ids []string
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isSucceeded, c.ID.UUID).
		Where(tenantIs(s.dialect, "tenant_id"), c.Tenant.UUID).
		Where("? OR started_at >= ?", c.TargetChangedAt.IsZero(), instant{c.TargetChangedAt}).
		Limit(1).Pluck("id", &ids).Error
	return len(ids) == 0, err
}

// removedAccounts returns the sorted external ids of those accounts of the connection that are marked as removed.
func removedAccounts(tx *gorm.DB, c domain.Connection) ([]string, error) {
	var ids []string
	err := tx.Model(&accountRow{}).Where("connection_id = ? AND tenant_id = ?", c.ID.UUID, c.Tenant.UUID).
		Where("removed_at IS NOT NULL").Pluck("external_id", &ids).Error
	slices.Sort(ids)
	return ids, err
}

// isEmpty reports whether no transaction of the connection is stored.
func (s pulls) isEmpty(tx *gorm.DB, c domain.Connection) (bool, error) {
	var ids []string
	err := tx.Table(transactionTable).Where("connection_id = ?", c.ID.UUID).
		Where(tenantIs(s.dialect, "tenant_id"), c.Tenant.UUID).Limit(1).Pluck("external_id", &ids).Error
	return len(ids) == 0, err
}

// leaseLost returns the error that makes a worker stop, because its pull is leased to another worker, has
// ended, or belongs to a deleted connection.
func leaseLost() error { return &domain.Error{Kind: domain.Conflict, Code: domain.LeaseLost} }

// lockByID locks a pull of any tenant. A distributed database can lock a row only on the server of the row's tenant; in
// such a database, lockByID first looks up the tenant of the pull. Errors: NotFound.
func (s pulls) lockByID(tx *gorm.DB, id domain.PullID) (pullRow, error) {
	query := locked(tx, forUpdate).Where("id = ?", id.UUID)
	if s.dialect.Distributed() {
		tenant, err := tenantOfPull(tx, id)
		if err != nil {
			return pullRow{}, err
		}
		query = query.Where("tenant_id = ?", tenant)
	}
	return first[pullRow](query)
}

// tenantOfPull returns the id of a pull's tenant. Errors: NotFound.
func tenantOfPull(tx *gorm.DB, id domain.PullID) (uuid.UUID, error) {
	row, err := first[pullRow](tx.Select("tenant_id").Where("id = ?", id.UUID))
	return row.Tenant, err
}

// lockRunning locks the pull that runs under the lease, and returns the pull without scope and progress. Errors:
// LeaseLost if no pull runs under the lease.
func lockRunning(tx *gorm.DB, lease domain.Lease) (pullRow, error) {
	rows := []pullRow{}
	err := locked(underLease(tx, lease), forUpdate).Omit("ask", "progress").Limit(1).Find(&rows).Error
	if err != nil {
		return pullRow{}, err
	}
	if len(rows) == 0 {
		return pullRow{}, leaseLost()
	}
	return rows[0], nil
}

// underLease restricts a query of pulls to the pull that runs under the lease. The id of the lease
// is the fencing token.
func underLease(query *gorm.DB, lease domain.Lease) *gorm.DB {
	return query.Where("id = ? AND tenant_id = ? AND lease_id = ? AND state = ?", lease.Pull.UUID, lease.Tenant.UUID,
		lease.ID.UUID, stateRunning)
}

// isLive is an SQL condition on rows of pulls: the connection of the pull is not deleted.
const isLive = "EXISTS (SELECT 1 FROM connections " +
	"WHERE connections.id = pulls.connection_id AND connections.tenant_id = pulls.tenant_id " +
	"AND connections.deleted_at IS NULL)"

// isOfActive is an SQL condition on rows of pulls with the alias p: the connection of the pull is not paused.
const isOfActive = "NOT EXISTS (SELECT 1 FROM connections " +
	"WHERE connections.id = p.connection_id AND connections.tenant_id = p.tenant_id " +
	"AND connections.paused_at IS NOT NULL)"
