package gormstore

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// minWait is the shortest wait for another pull that a refused claim asks for.
const minWait = time.Second

// Claim locks the pull, so that claims of one pull come one after the other; the index
// over pulls under way decides between pulls of one connection.
func (s pulls) Claim(ctx context.Context, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	var claimed ports.Claimed
	var refused error // besides what the transaction commits
	err := s.background().change(ctx, func(tx Tx) error {
		row, err := first[pullRow](locked(tx.DB, forUpdate).Where("id = ?", lease.Pull.UUID))
		if err != nil {
			return err
		}
		if row.over() {
			return domain.NotFoundError()
		}
		c, err := first[connectionRow](tx.Where("id = ?", row.Connection))
		if err != nil {
			return err
		}
		if !c.Deleted.IsZero() {
			refused = domain.NotFoundError()
			return tx.Model(&pullRow{}).Where("id = ?", row.ID).Updates(failedAs(domain.ConnectionGone, instant{at})).Error
		}
		claimed, err = s.take(tx.DB, row, lease, at)
		if err != nil {
			return err
		}
		claimed.Connection = c.domain()
		if claimed.Initial, err = firstPull(tx.DB, claimed.Connection); err == nil && claimed.Initial {
			claimed.Empty, err = bare(tx.DB, claimed.Connection)
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

// notDue is the refusal of a claim that is to be tried again after the wait.
func notDue(wait time.Duration) error {
	return &domain.Error{Kind: domain.Conflict, Code: domain.NotDue, RetryAfter: wait}
}

// take makes the locked pull run under the lease. Errors: NotDue, with how long to wait.
func (s pulls) take(tx *gorm.DB, row pullRow, lease domain.Lease, at time.Time) (ports.Claimed, error) {
	if wait := row.ready().Sub(at); wait > 0 {
		return ports.Claimed{}, notDue(wait)
	}
	if row.State == stateQueued {
		if err := alone(tx, row, at); err != nil {
			return ports.Claimed{}, err
		}
	}
	p, err := row.domain()
	if err != nil {
		return ports.Claimed{}, err
	}
	if row.State == stateQueued {
		if p.Scope, err = s.folded(tx, p); err != nil {
			return ports.Claimed{}, err
		}
	}
	p.State, p.NotBefore, p.Attempts = domain.PullRunning, time.Time{}, p.Attempts+1
	if p.StartedAt.IsZero() {
		p.StartedAt = at
	}
	return ports.Claimed{Pull: p}, saveClaim(tx, p, lease)
}

// ready is the time from which the pull may be claimed: the end of the lease it runs
// under, or of its wait for the next try.
func (r pullRow) ready() time.Time {
	if r.State == stateRunning {
		return r.LeaseUntil.Time
	}
	return r.NotBefore.Time
}

// alone refuses while another pull of the connection is under way.
func alone(tx *gorm.DB, row pullRow, at time.Time) error {
	var others []pullRow
	err := tx.Select("state", "lease_until", "not_before").
		Where("connection_id = ? AND "+isUnderWay, row.Connection).Limit(1).Find(&others).Error
	if err != nil || len(others) == 0 {
		return err
	}
	return notDue(max(others[0].ready().Sub(at), minWait))
}

// folded folds the asks of the pull's deliveries, in the order they came, into its own.
// The pull is locked: what joined it has committed by now, and nothing joins any more.
// Receipts wait for that lock, so that thousands of equal asks are read as one, at the
// place of the last of them: to merge an ask twice changes nothing, and the last signal counts.
func (s pulls) folded(tx *gorm.DB, p domain.Pull) (domain.PullScope, error) {
	var asks []string
	err := tx.Table("(?) AS joined", s.dialect.JoinedDeliveries(p)).
		Group("ask").Order("max(received_at), max(CAST(id AS text))").Pluck("ask", &asks).Error
	if err != nil {
		return domain.PullScope{}, err
	}
	all := append(make([]domain.PullScope, 0, len(asks)+1), p.Scope)
	for _, stored := range asks {
		var ask domain.PullScope
		if err := decode(stored, &ask); err != nil {
			return domain.PullScope{}, err
		}
		all = append(all, ask)
	}
	return domain.MergeScopes(all), nil
}

// saveClaim begins the try. The unique index over pulls under way has the last word: two
// pulls of a connection that are claimed at once both saw nobody.
//
// It is one statement: at a second one PostgreSQL would lock the connection, for the key
// that refers to it, and a deletion holds that while it waits for the pull.
func saveClaim(tx *gorm.DB, p domain.Pull, lease domain.Lease) error {
	ask, err := encode(p.Scope)
	if err != nil {
		return err
	}
	err = tx.Model(&pullRow{}).Where("id = ?", p.ID.UUID).Updates(map[string]any{
		"state": stateRunning, "ask": ask, "attempts": p.Attempts, "not_before": nil, "started_at": instant{p.StartedAt},
		"lease_id": lease.ID.UUID, "lease_until": instant{lease.Until},
	}).Error
	if duplicate(err) {
		return notDue(minWait) // another pull of the connection was faster
	}
	return err
}

// firstPull says whether no pull that began where the connection points now has succeeded.
func firstPull(tx *gorm.DB, c domain.Connection) (bool, error) {
	var ids []string
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isSucceeded, c.ID.UUID).
		Where("? OR started_at >= ?", c.TargetChangedAt.IsZero(), instant{c.TargetChangedAt}).
		Limit(1).Pluck("id", &ids).Error
	return len(ids) == 0, err
}

// bare says whether nothing of the connection is stored.
func bare(tx *gorm.DB, c domain.Connection) (bool, error) {
	var ids []string
	err := tx.Table(transactionTable).Where("connection_id = ?", c.ID.UUID).Limit(1).Pluck("external_id", &ids).Error
	return len(ids) == 0, err
}

// leaseLost ends a worker whose pull is in other hands, over, or without a connection.
func leaseLost() error { return &domain.Error{Kind: domain.Conflict, Code: domain.LeaseLost} }

// hold locks the pull that runs under the lease, without ask and progress.
func hold(tx *gorm.DB, lease domain.Lease) (pullRow, error) {
	rows := []pullRow{}
	err := locked(under(tx, lease), forUpdate).Omit("ask", "progress").Limit(1).Find(&rows).Error
	if err != nil {
		return pullRow{}, err
	}
	if len(rows) == 0 {
		return pullRow{}, leaseLost()
	}
	return rows[0], nil
}

// under narrows pulls to the one that runs under the lease.
func under(query *gorm.DB, lease domain.Lease) *gorm.DB {
	return query.Where("id = ? AND lease_id = ? AND state = ?", lease.Pull.UUID, lease.ID.UUID, stateRunning)
}

// isLive is a condition on pulls: their connection was not deleted.
const isLive = "EXISTS (SELECT 1 FROM connections WHERE connections.id = pulls.connection_id AND connections.deleted_at IS NULL)"
