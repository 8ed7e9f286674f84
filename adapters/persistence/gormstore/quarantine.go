package gormstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// quarantinedRow is a row of quarantined_rows: an account or a transaction of the vendor that cannot be read.
type quarantinedRow struct {
	ID         uuid.UUID `gorm:"column:id"`
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Kind       string    `gorm:"column:kind"`
	Key        string    `gorm:"column:row_key"`
	Reason     string    `gorm:"column:reason"`
	Payload    []byte    `gorm:"column:payload"`
	Pull       uuid.UUID `gorm:"column:pull_id"`
	FirstSeen  instant   `gorm:"column:first_seen_at"`
	LastSeen   instant   `gorm:"column:last_seen_at"`
}

// TableName returns the name of the table in the schema.
func (quarantinedRow) TableName() string { return "quarantined_rows" }

func (r quarantinedRow) key() domain.QuarantineKey {
	return domain.QuarantineKey{Kind: domain.QuarantineKind(r.Kind), ID: r.Key}
}

func (r quarantinedRow) domain() domain.QuarantinedRow {
	return domain.QuarantinedRow{
		ID: r.ID, Tenant: domain.TenantID{UUID: r.Tenant}, Connection: domain.ConnectionID{UUID: r.Connection},
		UnreadableData: domain.UnreadableData{
			QuarantineKey: r.key(), Reason: domain.Code(r.Reason), Payload: r.Payload,
		},
		Pull: domain.PullID{UUID: r.Pull}, FirstSeenAt: r.FirstSeen.Time, LastSeenAt: r.LastSeen.Time,
	}
}

// quarantineOf restricts a query to the quarantine of one connection.
func quarantineOf(db *gorm.DB, tenant, connection uuid.UUID) *gorm.DB {
	return db.Model(&quarantinedRow{}).Where("connection_id = ? AND tenant_id = ?", connection, tenant)
}

// quarantineKeys returns the keys of the rows in the connection's quarantine.
func quarantineKeys(tx *gorm.DB, c domain.Connection) ([]domain.QuarantineKey, error) {
	var rows []quarantinedRow
	err := quarantineOf(tx, c.Tenant.UUID, c.ID.UUID).Select("kind", "row_key").Find(&rows).Error
	return convertAll(rows, quarantinedRow.key), err
}

// updateQuarantine removes the page's released rows from the quarantine, and then adds its quarantined rows. The order
// matters, because a row that is both released and quarantined must stay in the quarantine. For a page with neither,
// updateQuarantine runs no statement.
func (p *pageWriter) updateQuarantine() error {
	for _, kind := range []domain.QuarantineKind{domain.QuarantinedAccount, domain.QuarantinedTransaction} {
		if err := p.release(kind); err != nil {
			return err
		}
	}
	return p.quarantine()
}

// release deletes the page's released rows of one kind from the quarantine.
func (p *pageWriter) release(kind domain.QuarantineKind) error {
	var released []string
	for _, key := range p.Released {
		if key.Kind == kind {
			released = append(released, key.ID)
		}
	}
	if len(released) == 0 {
		return nil
	}
	err := quarantineOf(p.tx.DB, p.pull.Tenant, p.pull.Connection).Where("kind = ?", string(kind)).
		Where(p.dialect.AnyOf("row_key", released)).Delete(&quarantinedRow{}).Error
	if err != nil || kind != domain.QuarantinedAccount {
		return err
	}
	return p.attachRows(released)
}

// attachFirstStored sets the account id of rows that were stored before their account. It does so for the accounts that
// this page stores for the first time. It skips quarantined accounts: their rows are attached when the account is
// released.
func (p *pageWriter) attachFirstStored() error {
	if len(p.firstStored) == 0 {
		return nil
	}
	var quarantined []string
	err := quarantineOf(p.tx.DB, p.pull.Tenant, p.pull.Connection).
		Where("kind = ?", string(domain.QuarantinedAccount)).Pluck("row_key", &quarantined).Error
	if err != nil {
		return err
	}
	return p.attachRows(slices.DeleteFunc(p.firstStored, func(id string) bool {
		return slices.Contains(quarantined, id)
	}))
}

// attachRows sets the account id of the stored rows that belong to these accounts and have no account id yet. It skips
// accounts that are not stored, for example accounts that the vendor temporarily does not list.
//
// attachRows reads all rows of the connection. This cost is acceptable, because attachRows is rarely needed: only after
// an account leaves the quarantine or is stored for the first time.
func (p *pageWriter) attachRows(accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	if err := p.reserveChangeSeq(); err != nil {
		return err
	}
	for _, account := range accounts {
		id, stored := p.accountIDs[account]
		if !stored {
			continue
		}
		unattached := clause.Expr{SQL: "account = ? AND account_id IS NULL", Vars: []any{account}}
		if err := p.archive(unattached); err != nil {
			return err
		}
		n, err := rowsOf(p.tx.Table(transactionTable).
			Where("connection_id = ? AND "+tenantIs(p.dialect, "tenant_id"), p.pull.Connection, p.pull.Tenant).
			Where(unattached).
			Updates(map[string]any{
				"account_id": id, "version": gorm.Expr("version + 1"), "updated_at": instant{p.At},
				"change_tx": p.changeSeq, "pull_id": p.pull.ID,
			}))
		if err != nil {
			return err
		}
		p.counts.Modified += n
	}
	return nil
}

// upsertQuarantined is the conflict clause of an INSERT. If a row with the same key is stored, the INSERT overwrites
// the columns of that row that can change.
var upsertQuarantined = clause.OnConflict{
	Columns: []clause.Column{
		{Name: "connection_id"}, {Name: "kind"}, {Name: "row_key"}, {Name: "tenant_id"},
	},
	DoUpdates: clause.AssignmentColumns([]string{"reason", "payload", "pull_id", "last_seen_at"}),
}

// quarantine stores the page's quarantined rows, and counts each of them once per pull. If the quarantine is full
// (domain.MaxQuarantined), it adds no new rows.
func (p *pageWriter) quarantine() error {
	if len(p.Quarantined) == 0 {
		return nil
	}
	var stored []quarantinedRow
	err := quarantineOf(p.tx.DB, p.pull.Tenant, p.pull.Connection).Select("kind", "row_key", "pull_id").
		Find(&stored).Error
	if err != nil {
		return err
	}
	pulls := make(map[domain.QuarantineKey]uuid.UUID, len(stored))
	for _, row := range stored {
		pulls[row.key()] = row.Pull
	}
	var rows []quarantinedRow
	for _, data := range deduplicate(p.Quarantined, func(r *domain.UnreadableData) string {
		return string(r.Kind) + r.ID
	}) {
		pull, found := pulls[data.QuarantineKey]
		if pull != p.pull.ID {
			p.counts.Quarantined++
		}
		if !found && len(pulls) >= domain.MaxQuarantined {
			continue
		}
		pulls[data.QuarantineKey] = p.pull.ID
		rows = append(rows, p.quarantinedRow(data))
	}
	if len(rows) == 0 {
		return nil
	}
	return p.tx.Clauses(upsertQuarantined).CreateInBatches(rows, quarantineBatch).Error
}

// quarantineBatch is the maximum number of quarantined rows in one INSERT. It is small, because these rows may have
// large payloads.
const quarantineBatch = 50

func (p *pageWriter) quarantinedRow(data domain.UnreadableData) quarantinedRow {
	return quarantinedRow{
		ID: p.NewID().UUID, Tenant: p.pull.Tenant, Connection: p.pull.Connection, Kind: string(data.Kind),
		Key: data.ID, Reason: string(data.Reason), Payload: nonNil(data.Payload), Pull: p.pull.ID,
		FirstSeen: instant{p.At}, LastSeen: instant{p.At},
	}
}

// Quarantine returns a page of the connection's quarantine, newest first. It reads and sorts the whole
// quarantine without the payloads; the size of a quarantine is bounded.
func (s ledger) Quarantine(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[domain.QuarantinedRow], error) {
	var found domain.Page[domain.QuarantinedRow]
	err := s.read(ctx, func(db *gorm.DB) error {
		query, err := newestFirst(quarantineOf(db, tenant.UUID, connection.UUID), "first_seen_at", "id", page.After)
		if err != nil {
			return err
		}
		position := func(r domain.QuarantinedRow) domain.Position {
			return domain.Position{Key: domain.TimeKey(r.FirstSeenAt), ID: r.ID}
		}
		found, err = list(query, page.Limit, quarantinedRow.domain, position)
		return err
	})
	return found, err
}

// RemoveAnnounced takes its locks in this order:
//
//   - the shared lock that excludes the closing of periods (see closes.go)
//   - the row of the connection
//   - the waiting pull
//   - the queued pull
//
// While the waiting pull is locked, no worker can start it. Therefore no page of the connection is written in the
// meantime.
func (s pulls) RemoveAnnounced(
	ctx context.Context, id domain.PullID, at time.Time, matching func(domain.Vendor) *ports.Matching,
) (blocked bool, err error) {
	err = s.background().change(ctx, func(tx Tx) error {
		queued, err := s.lockBlocked(tx, id)
		if errors.Is(err, domain.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		blocked = true
		next, err := queued.domain()
		if err != nil {
			return err
		}
		scope, err := s.mergedScope(tx.DB, next)
		if err != nil || len(scope.Removed) == 0 {
			return err
		}
		p := s.newPageWriter(ports.PageWrite{At: at, Matching: matching(next.Vendor)})
		p.tx, p.pull = tx, queued
		removed, err := p.replaceRows(announced(scope.Removed), nil)
		if err != nil {
			return err
		}
		if err := p.markRemoved(removed); err != nil || p.counts.Removed == 0 {
			return err
		}
		if err := p.storeAdjustments(); err != nil {
			return err
		}
		return tx.Model(&pullRow{}).Where("id = ? AND tenant_id = ?", queued.ID, queued.Tenant).Updates(map[string]any{
			"removed":  gorm.Expr("removed + ?", p.counts.Removed),
			"modified": gorm.Expr("modified + ?", p.counts.Modified),
		}).Error
	})
	return blocked, err
}

// removedNext returns the external ids that the connection's queued pull must mark as removed, according to its scope.
// The given pull is under way, and the queued pull is the next one. The result is nil if no pull is queued.
func (s pulls) removedNext(tx *gorm.DB, row pullRow) ([]string, error) {
	queued, err := first[pullRow](tx.Where("connection_id = ? AND "+isQueued, row.Connection).
		Where(tenantIs(s.dialect, "tenant_id"), row.Tenant))
	if errors.Is(err, domain.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	next, err := queued.domain()
	if err != nil {
		return nil, err
	}
	scope, err := s.mergedScope(tx, next)
	return scope.Removed, err
}

// lockBlocked locks and returns the queued pull with this id. Errors: NotFound unless the pull is queued,
// its connection is live and not paused, and another pull of the connection waits for its next attempt.
func (s pulls) lockBlocked(tx Tx, id domain.PullID) (pullRow, error) {
	queued, err := first[pullRow](tx.Omit("ask", "progress").Where("id = ? AND "+isQueued, id.UUID))
	if err != nil {
		return pullRow{}, err
	}
	if err := s.shareConnection(tx, queued.Tenant, queued.Connection); err != nil {
		return pullRow{}, err
	}
	_, err = first[connectionRow](locked(live(tx.DB), keyShare).
		Where("id = ? AND tenant_id = ? AND paused_at IS NULL", queued.Connection, queued.Tenant))
	if err != nil {
		return pullRow{}, err
	}
	_, err = first[pullRow](locked(tx.DB, forUpdate).Omit("ask", "progress").
		Where("connection_id = ? AND "+isUnderWay+" AND state = ?", queued.Connection, stateWaiting).
		Where(tenantIs(s.dialect, "tenant_id"), queued.Tenant))
	if err != nil {
		return pullRow{}, err
	}
	return first[pullRow](
		locked(tx.DB, forUpdate).Where("id = ? AND tenant_id = ? AND "+isQueued, id.UUID, queued.Tenant),
	)
}
