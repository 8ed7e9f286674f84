package recordstore

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// FilterHeld reads row_states.
func (s pulls) FilterHeld(ctx context.Context, lease domain.Lease, externalIDs []string) (held []string, err error) {
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		pull, err := running(db, lease)
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(externalIDs, removalBatch) {
			var found []string
			query := db.Model(&stateRow{}).
				Where("connection_id = ? AND tenant_id = ? AND announced_state = ?", pull.Connection, pull.Tenant,
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
	var states []records.RowState
	for _, which := range []records.StatesOf{
		{Mark: records.MarkAnnounced, Account: account, Held: true}, {Mark: records.MarkAbsent, Account: account},
	} {
		err := s.VisitStates(which, func(state records.RowState) { states = append(states, state) })
		if err != nil {
			return nil, err
		}
	}
	return records.ApplyHeld(slices.Values(states), w), nil
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
func (s ledger) ApplyRemovals(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	matching func(domain.Vendor) *ports.Matching, decision ports.Decision,
) (removed int, err error) {
	account, err := s.Account(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	comparisons := &records.Comparisons{}
	defer comparisons.Release()
	err = compared(comparisons, func() error {
		return s.Background().Change(ctx, func(tx gormstore.Tx) error {
			err := s.writeDecision(tx, tenant, account.Connection.UUID, decision, func(p *pageWriter) error {
				p.pull.Vendor = string(account.Vendor)
				err := p.applyHeld(account, matching(account.Vendor), comparisons)
				removed = p.counts.Removed
				return err
			})
			if err != nil {
				return err
			}
			return tx.Record(tenant, decision.Entries)
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
		absent := records.StatesOf{Mark: records.MarkAbsent, ExternalIDs: page.Removed}
		if err := p.changeStates(&records.Changes{Clear: []records.StatesOf{absent}}); err != nil {
			return err
		}
	}
	held, err := p.applyHeldAccount(account.ID)
	if err == nil && page == nil && !held {
		err = domain.NoHeldRemovals()
	}
	return err
}
