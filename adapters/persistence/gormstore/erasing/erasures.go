package erasing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// New returns the store of erasures.
func New(core *gormstore.Core) ports.Erasures { return erasures{core} }

// erasures implements ports.Erasures. erasure_tables.go lists what is erased.
type erasures struct{ *gormstore.Core }

// erasureRow is a row of erasures.
type erasureRow struct {
	ID         uuid.UUID         `gorm:"column:id;primaryKey"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	AtVendor   bool              `gorm:"column:at_vendor"`
	Status     string            `gorm:"column:status"`
	LastError  string            `gorm:"column:last_error"`
	Created    gormstore.Instant `gorm:"column:created_at"`
	Requested  gormstore.Instant `gorm:"column:requested_at"`
	Ended      gormstore.Instant `gorm:"column:ended_at"`
	Due        gormstore.Instant `gorm:"column:due_at"`
	VendorDone bool              `gorm:"column:vendor_done"`
	Attempts   int               `gorm:"column:attempts"`
	Passes     int               `gorm:"column:passes"`
	Place      string            `gorm:"column:place"`
	Tenant     uuid.UUID         `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (erasureRow) TableName() string { return "erasures" }

func rowOfErasure(e domain.Erasure) (erasureRow, error) {
	place, err := gormstore.EncodeJSON(e.Place)
	return erasureRow{
		ID: e.ID.UUID, Connection: e.Connection.UUID, Tenant: e.Tenant.UUID, AtVendor: e.AtVendor,
		Status: string(e.Status), LastError: string(e.LastError), Created: gormstore.At(e.CreatedAt),
		Requested: gormstore.At(e.RequestedAt), Ended: gormstore.At(e.EndedAt), Due: gormstore.At(e.DueAt),
		VendorDone: e.VendorDone, Attempts: e.Attempts, Passes: e.Passes, Place: place,
	}, err
}

func (r erasureRow) domain() (domain.Erasure, error) {
	e := domain.Erasure{
		ID: domain.ErasureID{UUID: r.ID}, Connection: domain.ConnectionID{UUID: r.Connection},
		Tenant: domain.TenantID{UUID: r.Tenant}, AtVendor: r.AtVendor, Status: domain.ErasureStatus(r.Status),
		LastError: domain.Code(r.LastError), CreatedAt: r.Created.Time, RequestedAt: r.Requested.Time,
		EndedAt: r.Ended.Time, DueAt: r.Due.Time, VendorDone: r.VendorDone, Attempts: r.Attempts, Passes: r.Passes,
	}
	return e, gormstore.DecodeJSON(r.Place, &e.Place)
}

// Start locks the connection before it reads the connection's erasures. Of several concurrent calls, the later ones
// therefore find the erasure that the first one has stored.
func (s erasures) Start(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	r domain.ErasureRequest, entries ports.AuditEntries,
) (e domain.Erasure, err error) {
	var refused error
	err = s.ChangeAgain(ctx, func(tx gormstore.Tx) error {
		if err := s.Dialect.LockTenant(tx.DB, tenant.UUID); err != nil { // like an update of a connection
			return err
		}
		row, err := gormstore.First[gormstore.ConnectionRow](gormstore.Locked(tx.DB, gormstore.ForUpdate).
			Where("id = ? AND tenant_id = ? AND kind = ?", connection.UUID, tenant.UUID, string(domain.Aggregator)))
		if err != nil {
			return err
		}
		latest, err := gormstore.First[erasureRow](tx.Where("connection_id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Order("created_at DESC, id DESC"))
		isNew := errors.Is(err, domain.NotFound)
		if err != nil && !isNew {
			return err
		}
		if !isNew {
			if e, err = latest.domain(); err != nil {
				return err
			}
			if e, isNew, refused = e.Repeat(r); refused != nil {
				return refused
			}
		}
		recorded := entries
		if isNew {
			e, recorded, err = startErasure(tx.DB, s.Dialect, row, r, entries)
		} else {
			err = tx.Model(&erasureRow{}).Where("id = ? AND tenant_id = ?", latest.ID, latest.Tenant).
				Updates(map[string]any{"at_vendor": e.AtVendor, "requested_at": gormstore.At(e.RequestedAt)}).Error
		}
		if err != nil {
			return err
		}
		return tx.Record(tenant, recorded)
	})
	if refused != nil {
		return domain.Erasure{}, refused
	}
	return e, err
}

// startErasure stores a new erasure of the locked connection, and deletes the connection if it is live. If the deletion
// moves tokens, the returned audit entries include entries for these tokens.
func startErasure(
	tx *gorm.DB, d gormstore.Dialect, row gormstore.ConnectionRow, r domain.ErasureRequest, entries ports.AuditEntries,
) (domain.Erasure, ports.AuditEntries, error) {
	c := row.Domain()
	e := r.New(c)
	stored, err := rowOfErasure(e)
	if err != nil {
		return domain.Erasure{}, nil, err
	}
	if err := tx.Create(&stored).Error; err != nil {
		return domain.Erasure{}, nil, err
	}
	before := c
	c.Erase(r.At)
	if before.Live() {
		moved, err := gormstore.SaveConnection(tx, d, before, c)
		return e, entries.WithMoved(moved), err
	}
	return e, entries, tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
		Updates(map[string]any{"erased_at": gormstore.At(c.ErasedAt)}).Error
}

// Get reads one erasure.
func (s erasures) Get(ctx context.Context, tenant domain.TenantID, id domain.ErasureID) (domain.Erasure, error) {
	var e domain.Erasure
	err := s.Read(ctx, func(db *gorm.DB) error {
		row, err := gormstore.First[erasureRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err == nil {
			e, err = row.domain()
		}
		return err
	})
	return e, err
}

// List scans an index backwards, so that the newest erasure comes first.
func (s erasures) List(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (
	found domain.Page[domain.Erasure], err error,
) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		query, err := gormstore.NewestFirst(db.Where("tenant_id = ?", tenant.UUID), "created_at", "id", page.After)
		if err != nil {
			return err
		}
		found, err = gormstore.ListConverted(query, page, erasureRow.domain, func(e domain.Erasure) domain.Position {
			return domain.Position{Key: domain.TimeKey(e.CreatedAt), ID: e.ID.UUID}
		})
		return err
	})
	return found, err
}

// Claim implements ports.Erasures.
func (s erasures) Claim(
	ctx context.Context, now, claimEnd time.Time, atVendor bool, skip []domain.TenantID, limit int,
) ([]ports.ClaimedErasure, error) {
	var due []erasureRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		const asksVendor = "(at_vendor AND NOT vendor_done AND passes >= ?)"
		query := gormstore.WithoutTenants(db.Where(isErasing+" AND due_at <= ?", gormstore.At(now)), skip).
			Where(asksVendor+" = ?", domain.ErasurePasses, atVendor)
		return query.Order("due_at").Limit(limit).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	claim := func(tx gormstore.Tx, row erasureRow) (claimed ports.ClaimedErasure, ok bool, err error) {
		e, err := row.domain()
		if err != nil {
			return claimed, false, err
		}
		changed, err := gormstore.RowsAffected(
			underClaim(tx.DB, e).Updates(map[string]any{"due_at": gormstore.At(claimEnd)}),
		)
		if err != nil || changed == 0 {
			return claimed, false, err
		}
		c, err := gormstore.First[gormstore.ConnectionRow](
			tx.Where("id = ? AND tenant_id = ?", row.Connection, row.Tenant),
		)
		e.DueAt = claimEnd
		return ports.ClaimedErasure{Erasure: e, Connection: c.Domain()}, true, err
	}
	return gormstore.ClaimEach(ctx, s.Background(), due, claim)
}

// isErasing is the condition of the indexes over running erasures.
const isErasing = "status = 'running'"

// underClaim returns a query for the row of the erasure e. The query finds the row only if the erasure is running and
// its claim still ends at e.DueAt.
func underClaim(tx *gorm.DB, e domain.Erasure) *gorm.DB {
	return tx.Model(&erasureRow{}).Where("id = ? AND tenant_id = ? AND "+isErasing+" AND due_at = ?",
		e.ID.UUID, e.Tenant.UUID, gormstore.At(e.DueAt))
}

// updateClaimed changes columns of the erasure. Errors: LeaseLost if the erasure has ended, or if another worker has
// claimed it. e.DueAt is the end of the caller's claim, and identifies the claim.
func updateClaimed(tx *gorm.DB, e domain.Erasure, columns map[string]any) error {
	changed, err := gormstore.RowsAffected(underClaim(tx, e).Updates(columns))
	if err == nil && changed == 0 {
		err = gormstore.LeaseLost()
	}
	return err
}

// Save updates the row with one statement.
func (s erasures) Save(ctx context.Context, e domain.Erasure, claimedDueAt time.Time) error {
	row, err := rowOfErasure(e)
	if err != nil {
		return err
	}
	e.DueAt = claimedDueAt
	return s.Background().Write(ctx, func(db *gorm.DB) error {
		return updateClaimed(db, e, map[string]any{
			"due_at": row.Due, "last_error": row.LastError, "attempts": row.Attempts, "vendor_done": row.VendorDone,
			"passes": row.Passes, "place": row.Place,
		})
	})
}

// lockErased locks and returns the connection of the erasure. To avoid deadlocks, a transaction that also locks the
// row of the erasure must lock the connection first. Inserts of rows that refer to the connection by a foreign key do
// not wait for this lock.
func lockErased(tx *gorm.DB, e domain.Erasure) (gormstore.ConnectionRow, error) {
	return gormstore.First[gormstore.ConnectionRow](gormstore.Locked(tx, "NO KEY UPDATE").
		Where("id = ? AND tenant_id = ?", e.Connection.UUID, e.Tenant.UUID))
}

// EraseBatch begins a pass (one run over all tables) with a batch that only ends the connection's pulls. A later batch
// locks the connection and erases rows. If it also ended pulls, it could deadlock with a worker: the worker may hold
// the lock of a pull while it waits for the connection.
func (s erasures) EraseBatch(
	ctx context.Context, e domain.Erasure, now, deadline time.Time, limit int,
) (domain.Erasure, error) {
	begins := e.Place.Task == ""
	err := s.Background().Change(ctx, func(tx gormstore.Tx) error {
		b := &erasureBatch{tx: tx, dialect: s.Dialect, erasure: e, at: now, limit: limit}
		if begins {
			if err := endPulls(tx.DB, e, now); err != nil {
				return err
			}
			b.erasure.Place.Task, b.erasure.Place.BeganAt = erasedTables[0].task(), now
		} else if err := b.run(); err != nil {
			return err
		}
		b.erasure.DueAt = deadline
		row, err := rowOfErasure(b.erasure)
		if err != nil {
			return err
		}
		err = updateClaimed(tx.DB, e, map[string]any{"due_at": row.Due, "passes": row.Passes, "place": row.Place})
		if err != nil {
			return err
		}
		stored, err := gormstore.First[erasureRow](tx.Where("id = ? AND tenant_id = ?", row.ID, row.Tenant))
		if err == nil {
			e, err = stored.domain()
		}
		return err
	})
	if err != nil {
		return domain.Erasure{}, err
	}
	return e, nil
}

// EraseMatcherEntries deletes and marks entries in one transaction, after it has checked the claim.
func (s erasures) EraseMatcherEntries(
	ctx context.Context, e domain.Erasure, now time.Time, abandon bool, limit int,
) (deleted int, remain bool, err error) {
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		_, err := gormstore.First[erasureRow](underClaim(gormstore.Locked(tx.DB, gormstore.ForUpdate), e))
		if errors.Is(err, domain.NotFound) {
			return gormstore.LeaseLost()
		}
		if err != nil {
			return err
		}
		b := &erasureBatch{tx: tx, dialect: s.Dialect, erasure: e, table: "matcher_entries", at: now, limit: limit}
		erase := entriesNotOpen
		if abandon {
			erase = ofConnection(entryKey)
		}
		if _, err := erase(b); err != nil {
			return err
		}
		deleted = limit - b.limit
		of := tx.Table("matcher_entries").Where("connection_id = ? AND tenant_id = ?", b.owner()...)
		err = of.Session(&gorm.Session{}).Where("due_at IS NULL").
			Updates(map[string]any{"due_at": gormstore.At(now), "marks": gorm.Expr("marks + 1")}).Error
		if err != nil {
			return err
		}
		var left int64
		err = of.Session(&gorm.Session{}).Limit(1).Count(&left).Error
		remain = left > 0
		return err
	})
	return deleted, remain, err
}

// endPulls marks the open pulls of the connection (pulls that have not ended) as failed. If a worker has locked a pull,
// endPulls waits until the worker's write has ended. Later writes of the worker find no running pull and fail.
func endPulls(tx *gorm.DB, e domain.Erasure, at time.Time) error {
	return tx.Model(&gormstore.PullRow{}).
		Where("connection_id = ? AND tenant_id = ? AND "+gormstore.IsOpen, e.Connection.UUID, e.Tenant.UUID).
		Updates(gormstore.FailedColumns(domain.ConnectionGone, gormstore.At(at))).
		Error
}

// End runs eraseAccess in a first transaction, scrubs the files of the database, and ends the erasure in a second
// transaction. If the process dies before the second transaction, all steps are repeated.
func (s erasures) End(ctx context.Context, e domain.Erasure, at time.Time) (hasEnded bool, err error) {
	if e.Status == domain.ErasureDone || !e.AwaitsVendor() {
		if hasEnded, err = s.eraseAccess(ctx, e); err != nil || !hasEnded {
			return false, err
		}
		if err := s.Dialect.Scrub(ctx); err != nil {
			return false, gormstore.Translate(ctx, err)
		}
	}
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		err := updateClaimed(tx.DB, e, map[string]any{
			"status": string(e.Status), "last_error": string(e.LastError), "attempts": e.Attempts,
			"ended_at": gormstore.At(at), "place": "",
		})
		if err != nil {
			return err
		}
		origin := gormstore.EventOrigin{Tenant: e.Tenant.UUID, Connection: e.Connection.UUID, At: at}
		return gormstore.RecordEvents(tx, s.Dialect, origin, records.OfErasure(e)...)
	})
	return err == nil, err
}

// eraseAccess removes the tokens, the account references and the credential of the connection. It reports whether it
// has removed all of them.
//
//   - If the vendor may still have webhooks of the connection, the credential and the tokens of these webhooks remain.
//   - If the vendor must still be asked to erase its data, eraseAccess removes nothing.
func (s erasures) eraseAccess(ctx context.Context, e domain.Erasure) (complete bool, err error) {
	err = s.Background().Change(ctx, func(tx gormstore.Tx) error {
		row, err := lockErased(tx.DB, e)
		if err != nil {
			return err
		}
		stored, err := gormstore.First[erasureRow](underClaim(tx.DB, e))
		if errors.Is(err, domain.NotFound) {
			return gormstore.LeaseLost()
		}
		// A deletion at the vendor may have been requested after e was claimed. The erasure cannot end before the
		// vendor has deleted its data.
		if err != nil || stored.AtVendor && !stored.VendorDone {
			return err
		}
		b := &erasureBatch{tx: tx, dialect: s.Dialect, erasure: e, at: row.Deleted.Time, limit: erasedTokens}
		if _, err := tokensWithoutWebhook(b); err != nil {
			return err
		}
		var waiting int64
		err = tx.Model(&gormstore.TokenRow{}).
			Where("connection_id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Count(&waiting).
			Error
		if err != nil {
			return err
		}
		c := row.Domain()
		if complete = waiting == 0; complete {
			c.EraseAccess()
		}
		c.AccountRef = ""
		if err := forgetReferences(tx.DB, row); err != nil {
			return err
		}
		row = gormstore.RowOfConnection(c)
		return tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Select("base_url", "account_ref", "sealed", "client_key", "application_key").Updates(&row).Error
	})
	return complete, err
}

// erasedTokens is the maximum number of tokens that eraseAccess deletes. No connection has so many tokens at the end of
// its erasure, because earlier batches have deleted most of them.
const erasedTokens = 10_000
