package gormstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// applicationRow is a row of applications.
type applicationRow struct {
	ID       uuid.UUID      `gorm:"column:id;primaryKey"`
	Tenant   uuid.UUID      `gorm:"column:tenant_id;primaryKey"`
	Vendor   string         `gorm:"column:vendor"`
	Name     string         `gorm:"column:name"`
	BaseURL  string         `gorm:"column:base_url"`
	Sealed   []byte         `gorm:"column:sealed"`
	Revision int64          `gorm:"column:revision"`
	Created  Instant        `gorm:"column:created_at"`
	Updated  Instant        `gorm:"column:updated_at"`
	Renewal  renewalColumns `gorm:"embedded"`
}

// renewalColumns are the columns of an application's domain.RegistrationRenewal.
type renewalColumns struct {
	Due      Instant `gorm:"column:renewal_due_at"`
	Since    Instant `gorm:"column:renewal_since"`
	Attempts int     `gorm:"column:renewal_attempts"`
	Receiver string  `gorm:"column:renewal_receiver"`
	Actor    string  `gorm:"column:renewal_actor"`
}

// TableName returns the name of the table in the schema.
func (applicationRow) TableName() string { return "applications" }

func renewalOf(r domain.RegistrationRenewal) renewalColumns {
	return renewalColumns{Instant{r.DueAt}, Instant{r.Since}, r.Attempts, r.Receiver, r.Actor}
}

func rowOfApplication(a domain.Application) applicationRow {
	return applicationRow{
		ID: a.ID.UUID, Tenant: a.Tenant.UUID, Vendor: string(a.Vendor), Name: a.Name, BaseURL: a.BaseURL,
		Sealed: a.Sealed, Revision: a.Revision, Created: Instant{a.CreatedAt}, Updated: Instant{a.UpdatedAt},
		Renewal: renewalOf(a.Renewal),
	}
}

func (r applicationRow) domain() domain.Application {
	return domain.Application{
		ID: domain.ApplicationID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant}, Vendor: domain.Vendor(r.Vendor),
		Name: r.Name, BaseURL: r.BaseURL, Sealed: domain.Sealed(r.Sealed), Revision: r.Revision,
		CreatedAt: r.Created.Time, UpdatedAt: r.Updated.Time,
		Renewal: domain.RegistrationRenewal{
			DueAt: r.Renewal.Due.Time, Since: r.Renewal.Since.Time, Attempts: r.Renewal.Attempts,
			Receiver: r.Renewal.Receiver, Actor: r.Renewal.Actor,
		},
	}
}

// Create stores an application. The unique index rejects a second application with the same name.
func (s applications) Create(ctx context.Context, a domain.Application, entries ports.AuditEntries) error {
	row := rowOfApplication(a)
	_, err := s.writeRecorded(ctx, a.Tenant, entries, func(db *gorm.DB) *gorm.DB { return db.Create(&row) })
	if IsDuplicate(err) {
		return nameTaken()
	}
	return err
}

// ofApplication restricts a query to the application with this id.
func ofApplication(db *gorm.DB, tenant domain.TenantID, id domain.ApplicationID) *gorm.DB {
	return db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID)
}

// Get reads the application, and counts its connections.
func (s applications) Get(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID,
) (domain.Application, error) {
	var found []domain.Application
	err := s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[applicationRow](ofApplication(db, tenant, id))
		if err != nil {
			return err
		}
		found = []domain.Application{row.domain()}
		return countMembers(db, tenant, found)
	})
	if err != nil {
		return domain.Application{}, err
	}
	return found[0], nil
}

// countMembers sets the field Connections of each application to the number of its live connections.
func countMembers(db *gorm.DB, tenant domain.TenantID, found []domain.Application) error {
	ids := ConvertAll(found, func(a domain.Application) uuid.UUID { return a.ID.UUID })
	if len(ids) == 0 {
		return nil
	}
	var counted []struct {
		Application uuid.UUID `gorm:"column:application_id"`
		N           int
	}
	err := Live(db.Model(&ConnectionRow{})).Select("application_id, count(*) AS n").
		Where("tenant_id = ? AND application_id IN ?", tenant.UUID, ids).Group("application_id").Find(&counted).Error
	for _, c := range counted {
		i := slices.Index(ids, c.Application)
		found[i].Connections = c.N
	}
	return err
}

// List returns a page of applications, ordered by name.
func (s applications) List(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (found domain.Page[domain.Application], err error) {
	if !Storable(page.After.Key) {
		return found, InvalidCursor()
	}
	err = s.Read(ctx, func(db *gorm.DB) error {
		query := db.Omit("sealed").Where("tenant_id = ?", tenant.UUID).Order("name, id")
		if !page.After.IsZero() {
			query = query.Where("(name, id) > (?, ?)", page.After.Key, page.After.ID)
		}
		found, err = List(query, page, applicationRow.domain, func(a domain.Application) domain.Position {
			return domain.Position{Key: a.Name, ID: a.ID.UUID}
		})
		if err != nil {
			return err
		}
		return countMembers(db, tenant, found.Items)
	})
	return found, err
}

// Update excludes other changes of the tenant's connections, and locks the application. If u.Rotates is set, it then
// locks the application's connections in the order of their ids.
func (s applications) Update(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, u ports.ApplicationChange,
	entries ports.AuditEntries, fn func(*domain.Application, []*domain.Connection) error,
) (domain.Application, error) {
	var found []domain.Application
	var refused error
	err := s.ChangeAgain(ctx, func(tx Tx) error {
		if err := s.Dialect.LockTenant(tx.DB, tenant.UUID); err != nil {
			return err
		}
		row, err := First[applicationRow](Locked(ofApplication(tx.DB, tenant, id), ForUpdate))
		if err != nil {
			return err
		}
		found = []domain.Application{row.domain()}
		a := &found[0]
		var rows []ConnectionRow
		if u.Rotates {
			if rows, err = lockMembers(tx.DB, *a); err != nil {
				return err
			}
		}
		members := make([]*domain.Connection, len(rows))
		for i := range rows {
			members[i] = new(rows[i].Domain())
		}
		if refused = fn(a, members); refused != nil {
			return refused
		}
		changed, moved, err := saveMembers(tx, s.Dialect, rows, members)
		if err != nil {
			return err
		}
		a.RenewRegistration(changed, u.Receiver, u.Actor, a.UpdatedAt)
		if err := saveApplication(tx.DB, *a); err != nil {
			return err
		}
		if err := countMembers(tx.DB, tenant, found); err != nil {
			return err
		}
		return tx.Record(tenant, entries.WithMoved(moved))
	})
	switch {
	case refused != nil:
		return domain.Application{}, refused
	case err != nil:
		return domain.Application{}, err
	}
	return found[0], nil
}

// saveApplication writes all columns that can change. Errors: NameTaken.
func saveApplication(tx *gorm.DB, a domain.Application) error {
	row := rowOfApplication(a)
	err := ofApplication(tx.Model(&applicationRow{}), a.Tenant, a.ID).
		Select("*").Omit("id", "tenant_id", "vendor", "base_url", "created_at").Updates(&row).Error
	if IsDuplicate(err) {
		return nameTaken()
	}
	return err
}

// lockMembers locks the connections of the application in the order of their ids, and returns them.
func lockMembers(tx *gorm.DB, a domain.Application) (rows []ConnectionRow, err error) {
	err = Locked(ofMembers(tx, a.Tenant, a.ID), ForUpdate).Order("id").Find(&rows).Error
	return rows, err
}

// ofMembers restricts a query to the connections of the application, including deleted ones.
func ofMembers(db *gorm.DB, tenant domain.TenantID, id domain.ApplicationID) *gorm.DB {
	return db.Where("application_id = ? AND tenant_id = ?", id.UUID, tenant.UUID)
}

// saveMembers stores connections of an application, and then changes their tokens. rows are the connections as they are
// stored. changed contains all changed tokens, and moved contains the tokens that now belong to another connection.
func saveMembers(
	tx Tx, d Dialect, rows []ConnectionRow, members []*domain.Connection,
) (changed, moved []domain.WebhookToken, err error) {
	for i, c := range members {
		var events []records.Event
		c.Announced, events = records.OfHealth(rows[i].Domain(), *c)
		if err := saveColumns(tx.DB, *c); err != nil {
			return nil, nil, err
		}
		origin := EventOrigin{rows[i].Tenant, rows[i].ID, c.Health.Since}
		if err := RecordEvents(tx, d, origin, events...); err != nil {
			return nil, nil, err
		}
	}
	for i, c := range members {
		more, gone, err := rebindTokens(tx.DB, rows[i].Domain(), *c)
		if err != nil {
			return nil, nil, err
		}
		changed, moved = append(changed, more...), append(moved, gone...)
	}
	return changed, moved, nil
}

// lockApplication reads the application that a connection or a link session is about to use, and locks it, so that it
// cannot be changed or deleted until the transaction ends. Errors: NotFound (application_not_found).
func lockApplication(tx *gorm.DB, tenant domain.TenantID, id domain.ApplicationID) (domain.Application, error) {
	row, err := First[applicationRow](Locked(ofApplication(tx, tenant, id), "SHARE"))
	if errors.Is(err, domain.NotFound) {
		return domain.Application{}, domain.ApplicationNotFoundError()
	}
	return row.domain(), err
}

// checkJoined checks a connection that is about to be stored if it joins an application
// (domain.Connection.CheckJoined), and locks the application. Errors: NotFound (application_not_found).
func checkJoined(tx *gorm.DB, c domain.Connection) error {
	if c.JoinedRevision == 0 {
		return nil
	}
	a, err := lockApplication(tx, c.Tenant, c.ApplicationID)
	if err != nil {
		return err
	}
	return c.CheckJoined(a)
}

// Members reads the live connections of the application.
func (s applications) Members(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID,
) ([]domain.Connection, error) {
	var rows []ConnectionRow
	err := s.Read(ctx, func(db *gorm.DB) error {
		return Live(ofMembers(db, tenant, id)).Omit("sealed").Order("created_at, id").Find(&rows).Error
	})
	return ConvertAll(rows, ConnectionRow.Domain), err
}

// Delete locks the application, so that nothing can begin to use it.
func (s applications) Delete(
	ctx context.Context, tenant domain.TenantID, id domain.ApplicationID, entries ports.AuditEntries,
	check func(domain.Application) error,
) error {
	return s.Change(ctx, func(tx Tx) error {
		row, err := First[applicationRow](Locked(ofApplication(tx.DB, tenant, id), ForUpdate))
		if err != nil {
			return err
		}
		if err := check(row.domain()); err != nil {
			return err
		}
		used, err := isApplicationUsed(tx.DB, tenant, id)
		if err != nil {
			return err
		}
		if used {
			return &domain.Error{Kind: domain.Conflict, Code: domain.ApplicationInUse}
		}
		if err := ofApplication(tx.DB, tenant, id).Delete(&applicationRow{}).Error; err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
}

// isApplicationUsed reports whether a live connection, a link session or an erasure at the vendor uses the application.
func isApplicationUsed(tx *gorm.DB, tenant domain.TenantID, id domain.ApplicationID) (bool, error) {
	var connections, sessions int64
	err := ofMembers(tx.Model(&ConnectionRow{}), tenant, id).
		Where(`(deleted_at IS NULL OR EXISTS (SELECT 1 FROM erasures e WHERE e.connection_id = connections.id
			AND e.tenant_id = connections.tenant_id AND e.status = ? AND e.at_vendor AND NOT e.vendor_done))`,
			string(domain.ErasureRunning)).Count(&connections).Error
	if err == nil {
		err = ofMembers(tx.Model(&linkSessionRow{}), tenant, id).Count(&sessions).Error
	}
	return connections+sessions > 0, err
}

// ClaimRenewals implements ports.Applications.
func (s applications) ClaimRenewals(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int,
) ([]ports.ClaimedRenewal, error) {
	var due []applicationRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := WithoutTenants(db.Where("renewal_due_at <= ?", Instant{now}), skip)
		return query.Order("renewal_due_at").Limit(limit).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	return ClaimEach(ctx, s.Background(), due, func(tx Tx, row applicationRow) (ports.ClaimedRenewal, bool, error) {
		return claimRenewal(tx.DB, row, claimEnd)
	})
}

// claimRenewal claims the renewal of one application. It also returns the connection whose credential the renewal
// uses. It returns false if another process has changed the row since it was read.
func claimRenewal(tx *gorm.DB, row applicationRow, until time.Time) (c ports.ClaimedRenewal, ok bool, err error) {
	changed, err := RowsAffected(dueRenewal(tx, row.domain()).Updates(map[string]any{
		"renewal_due_at": Instant{until}, "renewal_attempts": row.Renewal.Attempts + 1,
	}))
	if err != nil || changed == 0 {
		return c, false, err
	}
	row.Renewal.Due, row.Renewal.Attempts = Instant{until}, row.Renewal.Attempts+1
	c.Application = row.domain()
	member, err := First[ConnectionRow](Live(ofMembers(tx, c.Application.Tenant, c.Application.ID)).
		Order("paused_at IS NOT NULL, created_at, id"))
	if errors.Is(err, domain.NotFound) {
		return c, true, nil // an application without connections
	}
	c.Connection = member.Domain()
	return c, err == nil, err
}

// dueRenewal returns a query for the row of the application. It finds the row only if the stored due time still equals
// a.Renewal.DueAt.
func dueRenewal(db *gorm.DB, a domain.Application) *gorm.DB {
	return ofApplication(db.Model(&applicationRow{}), a.Tenant, a.ID).
		Where("renewal_due_at = ?", Instant{a.Renewal.DueAt})
}

// EndRenewal stores the next renewal with a compare-and-swap on the due time.
func (s applications) EndRenewal(
	ctx context.Context, claimed domain.Application, next domain.RegistrationRenewal,
) error {
	columns := renewalOf(next)
	return s.Background().Write(ctx, func(db *gorm.DB) error {
		return dueRenewal(db, claimed).Updates(map[string]any{
			"renewal_due_at": columns.Due, "renewal_since": columns.Since, "renewal_attempts": columns.Attempts,
			"renewal_receiver": columns.Receiver, "renewal_actor": columns.Actor,
		}).Error
	})
}
