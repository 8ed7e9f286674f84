package gormstore

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Connections returns the store of connections.
func (s *Store) Connections() ports.Connections { return connections{s.core} }

// connections implements ports.Connections. It reads and changes only live rows.
// Deleted rows stay in the table, because other rows refer to them.
type connections struct{ *Core }

// nameTaken returns the error for a name that another connection has. The error does not contain
// the name, because the caller knows it.
func nameTaken() error { return &domain.Error{Kind: domain.Conflict, Code: domain.NameTaken} }

// Create stores a connection. If two connections with the same name are created at the same time, the unique index
// decides which of them gets the name. Errors: NameTaken.
func (s connections) Create(ctx context.Context, c domain.Connection, entries ports.AuditEntries) error {
	row := RowOfConnection(c)
	return s.Change(ctx, func(tx Tx) error {
		if err := checkJoined(tx.DB, c); err != nil {
			return err
		}
		if err := checkNotReserved(tx.DB, s.Dialect, c); err != nil {
			return err
		}
		if err := insertConnection(tx.DB, row); err != nil {
			return err
		}
		return tx.Record(c.Tenant, entries)
	})
}

// insertConnection stores a new connection. Errors: NameTaken.
func insertConnection(tx *gorm.DB, row ConnectionRow) error {
	err := tx.Create(&row).Error
	if IsDuplicate(err) {
		return nameTaken()
	}
	return err
}

// Live restricts a query of connections to rows that are not deleted. The partial index over names has the same
// condition.
func Live(query *gorm.DB) *gorm.DB { return query.Where("deleted_at IS NULL") }

// byID restricts a query to the live connection with this id, tenant and kind.
func byID(db *gorm.DB, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID) *gorm.DB {
	return Live(db).Where("id = ? AND tenant_id = ? AND kind = ?", id.UUID, tenant.UUID, string(kind))
}

// Get reads the live connection with this id, if it is of the given kind.
func (s connections) Get(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID,
) (domain.Connection, error) {
	const sql = selectSealedConnection + ` FROM connections
		WHERE deleted_at IS NULL AND tenant_id = $1 AND id = $2 AND kind = $3`
	return s.getOne(ctx, sql, UUID(tenant.UUID), UUID(id.UUID), string(kind))
}

// Find reads a live aggregator connection by vendor and name.
func (s connections) Find(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor,
	name string,
) (domain.Connection, error) {
	if !Storable(name) {
		return domain.Connection{}, domain.NotFoundError()
	}
	const sql = selectSealedConnection + ` FROM connections
		WHERE deleted_at IS NULL AND tenant_id = $1 AND name = $2 AND vendor = $3 AND kind = 'aggregator'`
	return s.getOne(ctx, sql, UUID(tenant.UUID), name, string(vendor))
}

// getOne runs a query for one connection and returns the connection with its sealed credential.
// Errors: NotFound if the query finds no row.
func (s connections) getOne(ctx context.Context, sql string, args ...any) (domain.Connection, error) {
	var row ConnectionRow
	found := false
	err := s.Rows(ctx, sql, args, append(row.targets(), &row.Sealed), func() error {
		found = true
		return nil
	})
	if err == nil && !found {
		err = domain.NotFoundError()
	}
	if err != nil {
		return domain.Connection{}, err
	}
	return row.Domain(), nil
}

// List returns a page of live connections, ordered by name. Both databases compare names byte by
// byte: in PostgreSQL the column has the collation "C", and SQLite does so by default.
func (s connections) List(ctx context.Context, tenant domain.TenantID, filter ports.ConnectionFilter,
	page domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	if !Storable(page.After.Key) {
		return domain.Page[domain.Connection]{}, InvalidCursor()
	}
	q := NewQuery(selectConnection+" FROM connections WHERE deleted_at IS NULL AND tenant_id = ?",
		UUID(tenant.UUID))
	if filter.Kind != "" {
		q.Add(" AND kind = ?", string(filter.Kind))
	}
	s.addHealth(q, filter)
	if !filter.ConsentExpiresBefore.IsZero() {
		q.Add(" AND consent_expires_at < ?", s.TimeParam(filter.ConsentExpiresBefore))
	}
	if bank := filter.Institution; bank != (domain.InstitutionKey{}) {
		if !Storable(bank.ID) {
			return domain.Page[domain.Connection]{}, nil
		}
		q.Add(" AND vendor = ? AND institution_id = ?", string(bank.Vendor), bank.ID)
	}
	if filter.IDs != nil {
		among := s.Dialect.AnyOf("id", TextsOf(filter.IDs))
		q.Add(" AND "+among.SQL, among.Vars...)
	}
	if !page.After.IsZero() {
		q.Add(" AND (name, id) > (?, ?)", page.After.Key, UUID(page.After.ID))
	}
	q.Add(" ORDER BY name, id")
	var row ConnectionRow
	return Paged(ctx, s.Rows, q, page, row.targets(),
		func() (domain.Connection, error) { return row.Domain(), nil },
		func(c domain.Connection) domain.Position { return domain.Position{Key: c.Name, ID: c.ID.UUID} })
}

// stoppedConnection is an SQL condition that is true if nothing can arrive from the connection at the time in the
// parameter; see domain.Health.At. A rejected credential, too, sets needs_reauth and is unhealthy.
const stoppedConnection = "(needs_reauth OR consent_status IN ('expired', 'revoked') OR " +
	"(consent_status <> '' AND consent_expires_at IS NOT NULL AND consent_expires_at <= ?))"

// addHealth adds the condition for the health of the filter.
func (s connections) addHealth(q *Query, filter ports.ConnectionFilter) {
	now := s.TimeParam(filter.Now)
	switch filter.Health {
	case "":
	case domain.Unhealthy:
		q.Add(" AND (health_status = ? OR "+stoppedConnection+")", string(domain.Unhealthy), now)
	case domain.Unknown:
		q.Add(" AND health_status IN ('', ?) AND NOT "+stoppedConnection, string(domain.Unknown), now)
	default:
		q.Add(" AND health_status = ? AND NOT "+stoppedConnection, string(filter.Health), now)
	}
}

// Update locks the row before it reads the connection, and holds the lock until the edit is committed. A deletion locks
// other connections, too, to which tokens move. Changes of a tenant's connections therefore exclude each other. A
// deletion also locks pulls, so Update is repeated after a deadlock.
func (s connections) Update(ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind,
	id domain.ConnectionID,
	entries ports.AuditEntries, fn func(*domain.Connection) error,
) (domain.Connection, error) {
	var c domain.Connection
	var refused error
	err := s.ChangeAgain(ctx, func(tx Tx) error {
		if err := s.Dialect.LockTenant(tx.DB, tenant.UUID); err != nil {
			return err
		}
		row, err := First[ConnectionRow](Locked(byID(tx.DB, tenant, kind, id), ForUpdate))
		if err != nil {
			return err
		}
		c = row.Domain()
		before := c
		if refused = fn(&c); refused != nil {
			return refused
		}
		if err := checkJoined(tx.DB, c); err != nil {
			return err
		}
		c.JoinedRevision = 0
		if c.Live() && c.Name != before.Name {
			if err := checkNotReserved(tx.DB, s.Dialect, c); err != nil {
				return err
			}
		}
		var events []records.Event
		c.Announced, events = records.OfHealth(before, c)
		moved, err := SaveConnection(tx.DB, s.Dialect, before, c)
		if err != nil {
			return err
		}
		if err := rememberReference(tx.DB, row, c); err != nil {
			return err
		}
		// Before the first check, only ReauthSince is set.
		origin := EventOrigin{row.Tenant, row.ID, domain.Later(c.Health.Since, c.Health.ReauthSince)}
		err = RecordEvents(tx, s.Dialect, origin, events...)
		if err == nil && before.Paused() && !c.Paused() {
			err = s.enqueueOpen(tx, row)
		}
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries.WithMoved(moved))
	})
	if refused != nil {
		return domain.Connection{}, refused
	}
	if err != nil {
		return domain.Connection{}, err
	}
	return c, nil
}

// SaveConnection writes all columns except id, tenant and kind, which never change. It also changes the tokens of the
// connection (see rebindTokens) and, if the connection is deleted, ends its pulls. It returns the tokens that now
// belong to another connection.
func SaveConnection(
	tx *gorm.DB, d Dialect, before, after domain.Connection,
) (moved []domain.WebhookToken, err error) {
	err = saveColumns(tx, after)
	if IsDuplicate(err) {
		return nil, nameTaken()
	}
	if err == nil && !after.Live() {
		err = endPullsOfDeleted(tx, d, after)
	}
	if err == nil {
		_, moved, err = rebindTokens(tx, before, after)
	}
	return moved, err
}

// saveColumns writes all columns of a connection except id, tenant and kind, which never change.
func saveColumns(tx *gorm.DB, c domain.Connection) error {
	row := RowOfConnection(c)
	return tx.Model(&ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
		Select("*").Omit("id", "tenant_id", "kind", "pull_woken_at").Updates(&row).Error
}

// endPullsOfDeleted marks the pulls of a deleted connection as failed if they are queued or waiting for their next
// attempt. It does not change a running pull: the worker loses the lease at its next write. endPullsOfDeleted also
// deletes the staged and prepared rows of the connection, and its row in last_webhook_tokens.
//
// The pulls are changed first. A batch of webhooks locks the queued pull first and writes to last_webhook_tokens last;
// with another order here, the two could deadlock.
func endPullsOfDeleted(tx *gorm.DB, d Dialect, c domain.Connection) error {
	err := tx.Model(&PullRow{}).Where("connection_id = ? AND state IN ('queued', 'waiting')", c.ID.UUID).
		Where(d.TenantIs("tenant_id", "?"), c.Tenant.UUID).
		Updates(FailedColumns(domain.ConnectionGone, Instant{c.DeletedAt})).Error
	if err != nil {
		return err
	}
	if err := StagedRows(tx, c.Tenant.UUID, c.ID.UUID).Delete(&StagedRow{}).Error; err != nil {
		return err
	}
	if err := tx.Exec(DeletePrepared, c.ID.UUID, c.Tenant.UUID).Error; err != nil {
		return err
	}
	return tx.Exec("DELETE FROM last_webhook_tokens WHERE connection_id = ? AND tenant_id = ?", c.ID.UUID,
		c.Tenant.UUID).Error
}

// TextsOf returns the canonical texts of the ids.
func TextsOf[T any](ids []domain.ID[T]) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return texts
}

// Brief reads the columns of domain.BriefConnection.
func (s connections) Brief(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID,
) (found []domain.BriefConnection, err error) {
	q := NewQuery("SELECT id, vendor, name, institution_id, institution_name, deleted_at IS NOT NULL FROM connections "+
		"WHERE kind = 'aggregator' AND tenant_id = ?", UUID(tenant.UUID))
	if ids != nil {
		among := s.Dialect.AnyOf("id", TextsOf(ids))
		q.Add(" AND "+among.SQL, among.Vars...)
	}
	var c domain.BriefConnection
	columns := append(ScanTargets(&c.ID.UUID, (*string)(&c.Vendor), &c.Name, &c.Institution.ID, &c.Institution.Name),
		&c.Deleted)
	err = s.Rows(ctx, q.String(), q.Args, columns, func() error {
		found = append(found, c)
		return nil
	})
	return found, err
}

// ConvertAll converts each row with the given function, and returns the results in the order of the rows.
func ConvertAll[R, T any](rows []R, item func(R) T) []T {
	items := make([]T, 0, len(rows))
	for _, row := range rows {
		items = append(items, item(row))
	}
	return items
}

// LiveAggregator reads a live aggregator connection and locks it, so that it cannot be deleted
// until the transaction ends. Errors: NotFound.
func LiveAggregator(tx *gorm.DB, tenant domain.TenantID, id domain.ConnectionID) (ConnectionRow, error) {
	return First[ConnectionRow](Locked(byID(tx, tenant, domain.Aggregator, id), KeyShare))
}

// enqueueOpen enqueues a job for each pull of the connection that has not ended. The pulls of a resumed connection need
// new jobs, because jobs that found the connection paused have ended without running a pull.
func (s connections) enqueueOpen(tx Tx, c ConnectionRow) error {
	var open []uuid.UUID
	err := tx.Model(&PullRow{}).Where("connection_id = ? AND "+IsOpen, c.ID).
		Where(s.Dialect.TenantIs("tenant_id", "?"), c.Tenant).
		Order("created_at").Pluck("id", &open).Error
	if err != nil || len(open) == 0 {
		return err
	}
	return tx.Enqueue(c.Tenant, open...)
}
