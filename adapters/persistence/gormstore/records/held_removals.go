package records

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// announcedRow is a row of announced_removals.
type announcedRow struct {
	Connection uuid.UUID         `gorm:"column:connection_id"`
	ExternalID string            `gorm:"column:external_id"`
	Account    string            `gorm:"column:account"`
	Date       string            `gorm:"column:date"`
	At         gormstore.Instant `gorm:"column:announced_at"`
	Pull       uuid.UUID         `gorm:"column:pull_id"`
	State      string            `gorm:"column:state"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (announcedRow) TableName() string { return "announced_removals" }

func (r *announcedRow) domain() domain.AnnouncedRemoval {
	return domain.AnnouncedRemoval{
		ExternalID: r.ExternalID, Account: r.Account, Date: domain.Date(r.Date), At: r.At.Time,
		Pull: domain.PullID{UUID: r.Pull}, State: domain.AnnouncedState(r.State),
	}
}

// upsertAnnounced replaces the stored announced removal of a row.
var upsertAnnounced = clause.OnConflict{
	Columns: gormstore.UniqueColumns("connection_id", "external_id"),
	DoUpdates: clause.AssignmentColumns(
		[]string{"account", "date", "announced_at", "pull_id", "state"},
	),
}

// AnnouncedRemovals implements records.AnnouncedSource. It reads the rows of announced_removals with these external
// ids.
func (s recordSource) AnnouncedRemovals(externalIDs []string) (map[string]domain.AnnouncedRemoval, error) {
	found := map[string]domain.AnnouncedRemoval{}
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		if err := addAnnounced(s.own().Where(s.dialect.AnyOf("external_id", batch)), found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// HeldRemovals implements records.AnnouncedSource. It reads the rows of announced_removals that are held back.
func (s recordSource) HeldRemovals(account string) (map[string]domain.AnnouncedRemoval, error) {
	query := s.own().Where("state = ?", string(domain.AnnouncedHeld))
	if account != "" {
		query = query.Where("account = ?", account)
	}
	held := map[string]domain.AnnouncedRemoval{}
	return held, addAnnounced(query, held)
}

// addAnnounced adds the announced removals that the query selects to found, by external id.
func addAnnounced(query *gorm.DB, found map[string]domain.AnnouncedRemoval) error {
	var rows []announcedRow
	if err := query.Find(&rows).Error; err != nil {
		return err
	}
	for i := range rows {
		found[rows[i].ExternalID] = rows[i].domain()
	}
	return nil
}

// AnnouncedSums implements records.AnnouncedSource. It groups the rows of announced_removals by account.
func (s recordSource) AnnouncedSums(after time.Time) (map[string]domain.AnnouncedSum, error) {
	q := gormstore.NewQuery(
		`SELECT account, count(*), sum(CASE state WHEN 'applied' THEN 1 ELSE 0 END), min(date), max(date)
		FROM announced_removals WHERE connection_id = ? AND tenant_id = ? AND state <> 'void' AND announced_at > ?
		GROUP BY account`,
		gormstore.UUID(s.pull.Connection),
		gormstore.UUID(s.pull.Tenant),
		s.time(after),
	)
	sums := map[string]domain.AnnouncedSum{}
	var sum domain.AnnouncedSum
	return sums, s.tx.Read(q.AsRead([]any{
		(*gormstore.Text)(&sum.Account), &sum.Count, &sum.Applied, (*gormstore.Text)(&sum.Dates.From),
		(*gormstore.Text)(&sum.Dates.To),
	}, func() error {
		sums[sum.Account] = sum
		return nil
	}))
}

// LiveRows implements records.AnnouncedSource. It reads live records by their external ids.
func (s recordSource) LiveRows(externalIDs []string) (live []records.LiveRecord, err error) {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		which := s.dialect.AnyOf("t.external_id", batch)
		which.SQL = " AND " + which.SQL
		err := s.visitLive(selectLiveRows, which, func(row records.LiveRecord) { live = append(live, row) })
		if err != nil {
			return nil, err
		}
	}
	return live, nil
}

// changeAnnounced changes the announced removals of the connection.
func (p *pageWriter) changeAnnounced(c *records.Changes) error {
	changes := c.Announced
	if changes == nil {
		return nil
	}
	if changes.All {
		if err := p.own().Delete(&announcedRow{}).Error; err != nil {
			return err
		}
	}
	if !changes.Before.IsZero() {
		old := p.own().
			Where("state <> ? AND announced_at < ?", string(domain.AnnouncedHeld), gormstore.At(changes.Before))
		if err := old.Delete(&announcedRow{}).Error; err != nil {
			return err
		}
	}
	if err := p.forget(&announcedRow{}, changes.Forget); err != nil {
		return err
	}
	if len(changes.Put) == 0 {
		return nil
	}
	rows := make([]announcedRow, len(changes.Put))
	for i, a := range changes.Put {
		rows[i] = announcedRow{
			p.pull.Connection,
			a.ExternalID,
			a.Account,
			string(a.Date),
			gormstore.At(a.At),
			a.Pull.UUID,
			string(a.State),
			p.pull.Tenant,
		}
	}
	return p.tx.Clauses(upsertAnnounced).CreateInBatches(rows, absenceBatch).Error
}

// FilterHeld reads announced_removals.
func (s pulls) FilterHeld(ctx context.Context, lease domain.Lease, externalIDs []string) (held []string, err error) {
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		pull, err := running(db, lease)
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(externalIDs, removalBatch) {
			var found []string
			query := db.Model(&announcedRow{}).
				Where("connection_id = ? AND tenant_id = ? AND state = ?", pull.Connection, pull.Tenant,
					string(domain.AnnouncedHeld)).Where(s.Dialect.AnyOf("external_id", batch))
			if err := query.Pluck("external_id", &found).Error; err != nil {
				return err
			}
			held = append(held, found...)
		}
		slices.Sort(held)
		return nil
	})
	return held, err
}

// ForgetCandidates locks the connection, so that no page stores the account meanwhile.
func (s ledger) ForgetCandidates(ctx context.Context, tenant domain.TenantID, id domain.AccountID, at time.Time,
	entries ports.AuditEntries,
) (domain.Account, error) {
	account, err := s.Account(ctx, tenant, id)
	if err != nil {
		return domain.Account{}, err
	}
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		decision := ports.Decision{At: at}
		err := s.writeDecision(tx, tenant, account.Connection.UUID, decision, func(p *pageWriter) error {
			changed, err := gormstore.RowsAffected(tx.Model(&gormstore.AccountRow{}).
				Where("id = ? AND tenant_id = ? AND maybe_continues <> ''", id.UUID, tenant.UUID).
				Updates(map[string]any{"maybe_continues": "", "updated_at": gormstore.At(at)}))
			if err == nil && changed == 0 {
				err = domain.NotAmbiguous()
			}
			if err != nil {
				return err
			}
			return p.recordEvents(records.ModifiedAccount(id))
		})
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
	if err != nil {
		return domain.Account{}, err
	}
	return s.Account(ctx, tenant, id)
}

// heldPage returns the page that removes the rows of an account whose removal is held back (records.ApplyHeld).
func (s recordSource) heldPage(account string, w ports.PageWrite) (*records.Page, error) {
	announced, err := s.HeldRemovals(account)
	if err != nil {
		return nil, err
	}
	absent, err := s.Absences(account)
	return records.ApplyHeld(announced, absent, w), err
}

// applyHeldAccount marks the account as removed if its removal is held back, and reports whether it was.
func (p *pageWriter) applyHeldAccount(id domain.AccountID) (held bool, err error) {
	stored, err := p.readAccounts("id = ? AND tenant_id = ? AND held_at IS NOT NULL", id.UUID, p.pull.Tenant)
	if err != nil || len(stored) == 0 {
		return false, err
	}
	return true, p.saveAccounts(records.ApplyHeldAccount(stored[0], p.At))
}

// ApplyRemovals locks the connection, so that no page of the connection is written meanwhile.
func (s ledger) ApplyRemovals(ctx context.Context, tenant domain.TenantID, id domain.AccountID, at time.Time,
	matching func(domain.Vendor) *ports.Matching, entries ports.AuditEntries,
) (removed int, err error) {
	account, err := s.Account(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	comparisons := &records.Comparisons{}
	defer comparisons.Release()
	err = compared(comparisons, func() error {
		return s.Background().Change(ctx, func(tx gormstore.Tx) error {
			decision := ports.Decision{At: at}
			err := s.writeDecision(tx, tenant, account.Connection.UUID, decision, func(p *pageWriter) error {
				p.pull.Vendor = string(account.Vendor)
				err := p.applyHeld(account, matching(account.Vendor), comparisons)
				removed = p.counts.Removed
				return err
			})
			if err != nil {
				return err
			}
			return tx.Record(tenant, entries)
		})
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// applyHeld removes the rows of the account whose removals are held back, and the account itself if its removal is.
// Errors: records.ErrNotCompared; domain.NoHeldRemovals if there are none.
func (p *pageWriter) applyHeld(account domain.Account, rules *ports.Matching, comparisons *records.Comparisons) error {
	source := recordSource{p}
	page, err := source.heldPage(account.ExternalID, ports.PageWrite{At: p.At, Matching: rules})
	if err != nil {
		return err
	}
	if page != nil {
		page.Share(comparisons)
		p.PageWrite, p.page = page.PageWrite, page
		if err := p.apply(page.Changes(p.view(), source)); err != nil {
			return err
		}
		if err := p.forget(&absenceRow{}, page.Removed); err != nil {
			return err
		}
	}
	held, err := p.applyHeldAccount(account.ID)
	if err == nil && page == nil && !held {
		err = domain.NoHeldRemovals()
	}
	return err
}
