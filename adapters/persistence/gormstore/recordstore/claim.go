package recordstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Claim locks the pull's row, so that concurrent claims of one pull run one after the other. If several pulls of a
// connection are claimed, the unique index over pulls under way lets only one pull start. Claim does not use SKIP
// LOCKED, because a locked pull would then look missing. It is repeated after a deadlock, because it may lock two
// pulls, which a deletion of the connection locks in any order.
func (s pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (claimed ports.Claimed, err error) {
	isGone := false
	err = s.Background().ChangeAgain(ctx, func(tx gormstore.Tx) error {
		row, err := s.lockByID(tx.DB, lease.Pull)
		if err != nil {
			return err
		}
		v, err := s.claimView(tx.DB, row)
		if err != nil {
			return err
		}
		admission, err := records.Admit(v, at)
		if err != nil {
			return err
		}
		if admission.Ended != nil {
			if err := s.endReplaced(tx.DB, admission, v.Pull.ID); err != nil {
				return err
			}
		}
		if isGone = admission.Gone; isGone {
			return nil
		}
		source := claimSource{scopeSource{s.Dialect, tx.DB, v.Pull}, tx}
		started, complete, err := records.Claim(v, admission.Awaited, source, at)
		if err != nil {
			return err
		}
		claimed = started
		return saveClaim(tx.DB, claimed.Pull, complete, lease)
	})
	if err == nil && isGone { // the transaction has committed
		err = domain.NotFoundError()
	}
	if err != nil {
		return ports.Claimed{}, err
	}
	return claimed, nil
}

// claimView returns the facts about the locked pull that records.Admit needs. If the pull has not started, and
// another pull of the connection awaits accounts, claimView locks the other pull, too.
func (s pulls) claimView(tx *gorm.DB, row gormstore.PullRow) (records.ClaimView, error) {
	c, err := gormstore.First[gormstore.ConnectionRow](tx.Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant))
	if err != nil {
		return records.ClaimView{}, err
	}
	v := records.ClaimView{LeaseUntil: row.LeaseUntil.Time, Complete: row.Complete, Connection: c.Domain()}
	if v.Pull, err = row.Domain(); err == nil && row.State == gormstore.StateQueued {
		v.UnderWay, err = s.underWay(tx, row)
	}
	return v, err
}

// underWay returns the pull that is under way for the connection of the queued pull; nil if there is none. If the
// pull under way awaits accounts, underWay also locks it and reads its progress.
func (s pulls) underWay(tx *gorm.DB, queued gormstore.PullRow) (*records.UnderWay, error) {
	var rows []gormstore.PullRow
	err := tx.Select("state", "lease_until", "not_before", "last_error", "started_at").
		Where("connection_id = ? AND "+gormstore.IsUnderWay, queued.Connection).
		Where(s.Dialect.TenantIs("tenant_id", "?"), queued.Tenant).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	other := records.UnderWay{Pull: rows[0].Summary(), LeaseUntil: rows[0].LeaseUntil.Time}
	if !other.AwaitsAccount() {
		return &other, nil
	}
	row, err := gormstore.First[gormstore.PullRow](
		gormstore.Locked(tx, gormstore.ForUpdate).
			Where("connection_id = ? AND "+gormstore.IsAwaiting, queued.Connection).
			Where(s.Dialect.TenantIs("tenant_id", "?"), queued.Tenant),
	)
	if errors.Is(err, domain.NotFound) { // a worker has just resumed the waiting pull
		return &records.UnderWay{Pull: domain.Pull{State: domain.PullRunning}, LeaseUntil: other.NotBefore}, nil
	}
	if err == nil {
		other.Pull, err = row.Domain()
	}
	return &other, err
}

// endReplaced stores the end of the pull a.Ended. It first moves those deliveries of this pull that name
// an account in a.Awaited. They are moved to the pull with the id next.
func (s pulls) endReplaced(tx *gorm.DB, a records.Admission, next domain.PullID) error {
	if err := s.moveAwaiting(tx, *a.Ended, a.Awaited, next); err != nil {
		return err
	}
	return tx.Model(&gormstore.PullRow{}).Where("id = ? AND tenant_id = ?", a.Ended.ID.UUID, a.Ended.Tenant.UUID).
		Updates(endColumns(*a.Ended)).Error
}

// unlimited is a value for the parameter maxBytes of AttachedDeliveries that allows scopes of any size.
const unlimited = math.MaxInt32

// scopeSource implements records.ScopeSource for a pull. The pull must be locked, so that no delivery can be attached
// meanwhile.
type scopeSource struct {
	dialect gormstore.Dialect
	tx      *gorm.DB
	pull    domain.Pull
}

// attached returns a query of the pull's deliveries with scopes of at most maxBytes.
func (s scopeSource) attached(maxBytes int) *gorm.DB {
	return s.tx.Table("(?) AS attached", gormstore.AttachedDeliveries(s.dialect, s.pull, maxBytes))
}

// Scopes implements records.ScopeSource. It first adds up the sizes, and stops at the first delivery at which the sum
// exceeds the limit. It then returns each distinct scope once, at the position of the last delivery with this scope.
// The receipt of webhooks waits for the lock on the pull, so the queries must be fast even for thousands of deliveries.
func (s scopeSource) Scopes(limit int) (scopes []domain.PullScope, large bool, err error) {
	sizes := s.attached(unlimited).Select("sum(octet_length(scope)) OVER (ROWS UNBOUNDED PRECEDING) AS bytes")
	var found []int
	err = s.tx.Table("(?) AS sizes", sizes).Where("bytes > ?", limit).Limit(1).Pluck("bytes", &found).Error
	if err != nil || len(found) > 0 {
		return nil, len(found) > 0, err
	}
	var stored []string
	err = s.attached(unlimited).Group("scope").Order("max(received_at), max(CAST(id AS text))").
		Pluck("scope", &stored).Error
	if err != nil {
		return nil, false, err
	}
	scopes, err = scopesOf(stored)
	return scopes, false, err
}

// scopesOf decodes stored scopes.
func scopesOf(stored []string) ([]domain.PullScope, error) {
	scopes := make([]domain.PullScope, len(stored))
	for i, text := range stored {
		if err := gormstore.DecodeJSON(text, &scopes[i]); err != nil {
			return nil, err
		}
	}
	return scopes, nil
}

// maxSignalScope is the maximum size in bytes of a scope with a signal (a report about the account reference as a
// whole). A scope with a signal is small, because it names no rows.
const maxSignalScope = 1024

// LastScopes implements records.ScopeSource. It reads only scopes of at most maxSignalScope bytes.
func (s scopeSource) LastScopes() (signals, consents []domain.PullScope, err error) {
	if signals, err = s.last(`%"signal":"%`, 1); err == nil {
		consents, err = s.last(`%"consents":[%`, domain.MaxConsentReports)
	}
	return signals, consents, err
}

// lastSignalAt returns when the last delivery with a signal was received; zero if no delivery of the pull has one.
func (s scopeSource) lastSignalAt() (time.Time, error) {
	var received []gormstore.Instant
	err := s.attached(maxSignalScope).Where("scope LIKE ?", `%"signal":"%`).Order("received_at DESC").Limit(1).
		Pluck("received_at", &received).Error
	if err != nil || len(received) == 0 {
		return time.Time{}, err
	}
	return received[0].Time, nil
}

// last returns the last scopes whose JSON matches the LIKE pattern, in the order of receipt.
func (s scopeSource) last(pattern string, limit int) ([]domain.PullScope, error) {
	var stored []string
	err := s.attached(maxSignalScope).Where("scope LIKE ?", pattern).
		Order("received_at DESC, CAST(id AS text) DESC").Limit(limit).Pluck("scope", &stored).Error
	if err != nil {
		return nil, err
	}
	slices.Reverse(stored)
	return scopesOf(stored)
}

// mergedScope returns the pull's own scope, merged with the scopes of its deliveries. The caller must have locked the
// pull.
func (s pulls) mergedScope(tx *gorm.DB, p domain.Pull) (domain.PullScope, error) {
	return records.MergeDeliveries(p.Scope, scopeSource{s.Dialect, tx, p})
}

// saveClaim stores the start of the attempt, and whether the pull is complete (reads everything that the vendor has).
// The unique index over pulls under way lets only one pull of a connection start. Errors: NotDue if another pull of the
// connection was claimed first.
func saveClaim(tx *gorm.DB, p domain.Pull, complete bool, lease domain.Lease) error {
	scope, err := gormstore.EncodeJSON(p.Scope)
	if err != nil {
		return err
	}
	columns := map[string]any{
		"state": gormstore.StateRunning, "scope": scope, "complete": complete, "attempts": p.Attempts,
		"not_before": nil, "started_at": gormstore.At(p.StartedAt),
		"scheduled_at": gormstore.At(p.ScheduledAt), "retry_after_until": nil,
		"lease_id": lease.ID.UUID, "lease_until": gormstore.At(lease.Until),
	}
	if !p.Progress.Planned && p.Progress.Awaited != nil { // p has taken over the awaited accounts of another pull
		if columns["progress"], err = gormstore.EncodeJSON(p.Progress); err != nil {
			return err
		}
	}
	err = tx.Model(&gormstore.PullRow{}).
		Where("id = ? AND tenant_id = ?", p.ID.UUID, p.Tenant.UUID).
		Updates(columns).
		Error
	if gormstore.IsDuplicate(err) {
		return records.Blocked(0) // another pull of the connection was claimed first
	}
	return err
}

// claimSource implements records.ClaimSource for a pull.
type claimSource struct {
	scopeSource

	reader gormstore.Tx
}

// ofConnection returns a query for rows of the pull's connection.
func (s claimSource) ofConnection() *gorm.DB {
	return s.tx.Where("connection_id = ?", s.pull.Connection.UUID).
		Where(s.dialect.TenantIs("tenant_id", "?"), s.pull.Tenant.UUID)
}

// SucceededSince implements records.ClaimSource. It ignores pulls that started before start, unless start is zero.
func (s claimSource) SucceededSince(start time.Time) (bool, error) {
	var ids []string
	err := s.ofConnection().Model(&gormstore.PullRow{}).Where(gormstore.IsSucceeded).
		Where("? OR started_at >= ?", start.IsZero(), gormstore.At(start)).Limit(1).Pluck("id", &ids).Error
	return len(ids) > 0, err
}

// FormerAccountIDs implements records.ClaimSource. It sorts the ids in Go, because a database may sort texts in
// another order.
func (s claimSource) FormerAccountIDs() ([]string, error) {
	var rows []gormstore.AccountRow
	err := s.tx.Select("external_id", "removed_at", "account_refs").
		Where("connection_id = ? AND tenant_id = ?", s.pull.Connection.UUID, s.pull.Tenant.UUID).
		Where("removed_at IS NOT NULL OR account_refs <> ''").Find(&rows).Error
	var ids []string
	for i := range rows {
		account, convErr := rows[i].Domain()
		err = errors.Join(err, convErr)
		if !account.RemovedAt.IsZero() {
			ids = append(ids, account.ExternalID)
		}
		for _, former := range account.References {
			if !former.Until.IsZero() && former.ExternalID != account.ExternalID {
				ids = append(ids, former.ExternalID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// VisitQuarantine implements records.QuarantineSource.
func (s claimSource) VisitQuarantine(limit int, visit func(records.QuarantineEntry)) error {
	return visitQuarantine(s.reader, s.pull.Tenant.UUID, s.pull.Connection.UUID, limit, visit)
}

// Rows implements records.ClaimSource. It runs one query.
func (s claimSource) Rows(start time.Time) (empty, removed, carriedOver bool, err error) {
	id, tenant := gormstore.UUID(s.pull.Connection.UUID), gormstore.UUID(s.pull.Tenant.UUID)
	ofConnection := "(SELECT 1 FROM transactions WHERE connection_id = ? AND " + s.dialect.TenantIs("tenant_id", "?")
	const states = "(SELECT 1 FROM row_states WHERE connection_id = ? AND tenant_id = ?"
	q := gormstore.NewQuery("SELECT NOT EXISTS "+ofConnection+")", id, tenant)
	q.Add(", EXISTS "+ofConnection+" AND removed_at >= ?)", id, tenant, gormstore.At(start).Param(s.tx.Name()))
	q.Add(" OR EXISTS "+states+" AND transaction_id IS NOT NULL)", id, tenant)
	q.Add(", EXISTS "+states+" AND account_id IS NOT NULL)", id, tenant)
	err = s.reader.Read(q.AsRead([]any{&empty, &removed, &carriedOver}, func() error { return nil }))
	return empty, removed, carriedOver, err
}

// NextRemoved implements records.ClaimSource. It merges the scopes of the queued pull without locking the pull.
func (s claimSource) NextRemoved() ([]string, error) {
	queued, err := gormstore.First[gormstore.PullRow](s.ofConnection().Where(gormstore.IsQueued))
	if errors.Is(err, domain.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	next, err := queued.Domain()
	if err != nil {
		return nil, err
	}
	scope, err := records.MergeDeliveries(next.Scope, scopeSource{s.dialect, s.tx, next})
	return scope.Removed, err
}

// lockByID locks a pull of any tenant. Errors: NotFound.
func (s pulls) lockByID(tx *gorm.DB, id domain.PullID) (gormstore.PullRow, error) {
	query, err := s.byID(tx, id)
	if err != nil {
		return gormstore.PullRow{}, err
	}
	return gormstore.First[gormstore.PullRow](gormstore.Locked(query, gormstore.ForUpdate))
}

// byID returns a query of the pull with this id, which names the tenant of the pull. Errors: NotFound.
func (s pulls) byID(tx *gorm.DB, id domain.PullID) (*gorm.DB, error) {
	tenant, err := s.tenantOf(tx, id)
	return tx.Where("id = ? AND tenant_id = ?", id.UUID, tenant), err
}

// TenantOf reads one row by its id, unless this process has queued or listed the pull.
func (s pulls) TenantOf(ctx context.Context, id domain.PullID) (tenant domain.TenantID, err error) {
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		tenant.UUID, err = s.tenantOf(db, id)
		return err
	})
	return tenant, err
}

// tenantOf returns the id of a pull's tenant. A remembered tenant is returned even if the pull was deleted since.
// Errors: NotFound.
func (s pulls) tenantOf(tx *gorm.DB, id domain.PullID) (uuid.UUID, error) {
	if tenant, ok := s.PullTenants.Get(id.UUID); ok {
		return tenant, nil
	}
	row, err := gormstore.First[gormstore.PullRow](tx.Select("tenant_id").Where("id = ?", id.UUID))
	if err == nil {
		s.PullTenants.Set(id.UUID, row.Tenant)
	}
	return row.Tenant, err
}

// running returns the pull that runs under the lease, without scope and progress. The query can lock the pull. Errors:
// LeaseLost if no pull runs under the lease.
func running(query *gorm.DB, lease domain.Lease) (gormstore.PullRow, error) {
	row, err := gormstore.First[gormstore.PullRow](underLease(query, lease).Omit("scope", "progress"))
	if errors.Is(err, domain.NotFound) {
		err = gormstore.LeaseLost()
	}
	return row, err
}

// lockRunning locks the connection of the pull that runs under the lease, and then the pull. Everything that locks both
// does so in this order: a transaction that holds the connection waits for a pull that a claim has locked, and would
// then wait for the next transaction of the claimed pull, too. connections is a query of the connections that may be
// locked. Errors: LeaseLost.
func lockRunning(
	tx gormstore.Tx, connections *gorm.DB, lease domain.Lease,
) (c gormstore.ConnectionRow, pull gormstore.PullRow, err error) {
	c, err = gormstore.First[gormstore.ConnectionRow](gormstore.Locked(connections, gormstore.NoKeyUpdate).
		Where("id = "+connectionOfLease+" AND tenant_id = ?", lease.Pull.UUID, lease.Tenant.UUID, lease.Tenant.UUID))
	if errors.Is(err, domain.NotFound) {
		err = gormstore.LeaseLost()
	}
	if err == nil {
		pull, err = running(gormstore.Locked(tx.DB, gormstore.ForUpdate), lease)
	}
	return c, pull, err
}

// connectionOfLease is the SQL of the connection's id of a pull. Its parameters are the ids of the pull and of its
// tenant.
const connectionOfLease = "(SELECT connection_id FROM pulls WHERE id = ? AND tenant_id = ?)"

// lockConnectionOf returns a read that locks the connection like lockRunning. It must precede the read of the pull.
func lockConnectionOf(d gormstore.Dialect, lease domain.Lease) gormstore.Read {
	tenant := gormstore.UUID(lease.Tenant.UUID)
	q := gormstore.NewQuery("SELECT id FROM connections WHERE id = "+connectionOfLease+" AND tenant_id = ?",
		gormstore.UUID(lease.Pull.UUID), tenant, tenant)
	q.Add(d.Lock(gormstore.NoKeyUpdate))
	var id uuid.UUID
	return q.AsRead([]any{&id}, func() error { return nil })
}

// underLease restricts a query of pulls to the pull that runs under the lease. The id of the lease
// is the fencing token.
func underLease(query *gorm.DB, lease domain.Lease) *gorm.DB {
	return query.Where("id = ? AND tenant_id = ? AND lease_id = ? AND state = ?", lease.Pull.UUID, lease.Tenant.UUID,
		lease.ID.UUID, gormstore.StateRunning)
}

// isLive is an SQL condition on rows of pulls: the connection of the pull is not deleted.
const isLive = "EXISTS (SELECT 1 FROM connections " +
	"WHERE connections.id = pulls.connection_id AND connections.tenant_id = pulls.tenant_id " +
	"AND connections.deleted_at IS NULL)"
