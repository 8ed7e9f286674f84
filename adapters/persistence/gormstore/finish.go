package gormstore

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Finish ends an attempt in one transaction:
//
//   - The pull ends or waits for its next attempt, and its lease ends.
//   - A reading of each account is stored if the outcome is settled: the pull has read everything, and the vendor did
//     not synchronise meanwhile.
//   - The connection's health, consent and domain.WebhookWatch are updated.
//   - The connection's next queued pull gets a job in two cases: this pull has ended, or it waits for an account that
//     the vendor does not list yet.
func (s pulls) Finish(ctx context.Context, lease domain.Lease, o ports.Outcome) error {
	return s.background().change(ctx, func(tx Tx) error {
		row, err := lockRunning(tx.DB, lease)
		if err != nil {
			return err
		}
		err = tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Updates(finishColumns(o)).Error
		if err != nil {
			return err
		}
		if err := announceCounts(tx.DB, row, o.Announced); err != nil {
			return err
		}
		if o.Settled != nil {
			w := settledWriter{SettledRead: *o.Settled, dialect: s.dialect, tx: tx, pull: row, at: o.At}
			if err := w.write(); err != nil {
				return err
			}
		}
		if o.Health != nil || o.Consent != nil || o.Webhook != nil {
			if err := s.foldReports(tx, row, o); err != nil {
				return err
			}
		}
		if o.State == domain.PullFailed {
			failed := newEvent{row.Tenant, row.Connection, domain.PullFailedEvent, row.ID.String(), o.At}
			if err := recordEvents(tx, s.dialect, failed); err != nil {
				return err
			}
		}
		if o.Target != "" {
			if err := endNewReference(tx.DB, row, o.Target); err != nil {
				return err
			}
		}
		if o.State == domain.PullQueued && o.LastError != domain.AccountNotListed {
			return nil
		}
		return s.enqueueNext(tx, row)
	})
}

// finishColumns returns the columns that the end of an attempt sets. A pull that will be retried gets the state
// 'waiting' and stays under way, so that the next queued pull of the connection cannot start before it.
func finishColumns(o ports.Outcome) map[string]any {
	columns := map[string]any{
		"state": string(o.State), "last_error": string(o.LastError), "attempts": o.Attempts,
		"not_before": nil, "finished_at": instant{o.At}, "lease_id": nil, "lease_until": nil,
	}
	if o.State == domain.PullQueued {
		columns["state"], columns["not_before"], columns["finished_at"] = stateWaiting, instant{o.NotBefore}, nil
	}
	return columns
}

// foldReports updates the health, the consent and the domain.WebhookWatch of the connection. It applies the functions
// of the outcome to the stored values. The revision of the connection does not change, because no operator made the
// change.
func (s pulls) foldReports(tx Tx, pull pullRow, o ports.Outcome) error {
	row, err := first[connectionRow](locked(tx.DB, noKeyUpdate).
		Where("id = ? AND tenant_id = ?", pull.Connection, pull.Tenant))
	if err != nil {
		return err
	}
	var events []newEvent
	health := row.Health.domain()
	if o.Health != nil {
		row.Health = healthOf(o.Health(health))
	}
	if o.Consent != nil {
		row.Consent = consentOf(o.Consent(row.Consent.domain()))
	}
	if o.Webhook != nil {
		before := row.Webhook.domain()
		next := o.Webhook(before, func(at time.Time) bool {
			heard, failed := heardSince(tx.DB, s.dialect, row, at)
			if failed != nil {
				err = failed
			}
			return heard
		})
		if err != nil {
			return err
		}
		row.Webhook = webhookOf(next)
		if next.BecameSilent(before) {
			events = append(events, newEvent{row.Tenant, row.ID, domain.ConnectionSilent, row.ID.String(), o.At})
		}
	}
	err = tx.Model(&connectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Select(reportedColumns).
		Updates(row).Error
	if err != nil {
		return err
	}
	events = append(events, healthEvents(row, health, row.Health.domain(), o.At)...)
	return recordEvents(tx, s.dialect, events...)
}

// endNewReference deletes the connection's staged rows (stored, but not yet visible) and clears new_reference, because
// the accounts of the new account reference are now stored. It does nothing if the connection no longer has the given
// target.
func endNewReference(tx *gorm.DB, pull pullRow, target string) error {
	row, err := first[connectionRow](locked(tx, noKeyUpdate).
		Where("id = ? AND tenant_id = ?", pull.Connection, pull.Tenant))
	if c := row.domain(); err != nil || c.Target() != target {
		return err
	}
	return endStaging(tx, row.Tenant, row.ID)
}

// enqueueNext enqueues a job for the connection's queued pull, if there is one. The first job of the queued pull may
// have run too early, while the previous pull was still under way.
func (s pulls) enqueueNext(tx Tx, row pullRow) error {
	var next []uuid.UUID
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isQueued, row.Connection).
		Where(tenantIs(s.dialect, "tenant_id"), row.Tenant).Pluck("id", &next).Error
	if err != nil || len(next) == 0 {
		return err
	}
	return tx.Enqueue(next...)
}

// enqueueOpen enqueues a job for each pull of the connection that has not ended. The pulls of a resumed connection need
// new jobs, because jobs that found the connection paused have ended without running a pull.
func (s connections) enqueueOpen(tx Tx, c connectionRow) error {
	var open []uuid.UUID
	err := tx.Model(&pullRow{}).Where("connection_id = ? AND "+isOpen, c.ID).
		Where(tenantIs(s.dialect, "tenant_id"), c.Tenant).
		Order("created_at").Pluck("id", &open).Error
	if err != nil || len(open) == 0 {
		return err
	}
	return tx.Enqueue(open...)
}
