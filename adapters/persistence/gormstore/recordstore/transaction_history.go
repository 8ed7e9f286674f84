package recordstore

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The table transaction_versions contains the earlier versions of rows. Before a row of the table transactions is
// overwritten, its current version is copied to transaction_versions. A row that never changes has no row there.

// archiveSQL returns the statement that copies the current versions of rows to transaction_versions. prefix is the
// alias of transactions with a dot, or "". The parameter is the time of the transaction, which gives the time at which
// the versions are replaced. The rest of the SELECT must be appended to the text.
func archiveSQL(dialect, prefix string) string {
	return archiveColumnsSQL(dialect, prefix, func(c gormstore.Column) string { return prefix + c.Name })
}

// archiveMovedSQL is like archiveSQL, for rows that are about to move to another connection, whose id is the first
// parameter. The versions have its id, too.
func archiveMovedSQL(dialect string) string {
	return archiveColumnsSQL(dialect, "", func(c gormstore.Column) string {
		if c.Name == "connection_id" {
			return "?"
		}
		return c.Name
	})
}

func archiveColumnsSQL(dialect, prefix string, value func(gormstore.Column) string) string {
	return "INSERT INTO transaction_versions (" + versionColumns + ", replaced_at) SELECT " +
		gormstore.JoinColumns(func(c gormstore.Column) string {
			if !gormstore.IsVersioned(c) {
				return ""
			}
			return value(c)
		}) + ", " + gormstore.NextTime(dialect, "CAST(? AS timestamptz)", prefix+"updated_at")
}

// versionColumns are the columns of transaction_versions.
var versionColumns = gormstore.JoinColumns(func(c gormstore.Column) string {
	if !gormstore.IsVersioned(c) {
		return ""
	}
	return c.Name
})

// archive copies the current versions of rows to transaction_versions. It copies the rows that match the condition,
// which must select rows of the connection. It must be called before the statement that updates these rows. The lock on
// the pull excludes all other writers of these rows.
func (p *pageWriter) archive(condition clause.Expr) error {
	p.archived++
	return p.tx.Exec(archiveSQL(p.tx.Name(), "")+" FROM transactions WHERE "+condition.SQL,
		append([]any{p.time(p.At)}, condition.Vars...)...).Error
}

// History reads the versions of one transaction, and then their pulls and deliveries. It may use several statements
// without a transaction, because earlier versions never change.
func (s ledger) History(ctx context.Context, tenant domain.TenantID, id domain.TransactionID,
	page domain.PageRequest,
) (domain.Page[domain.TransactionVersion], error) {
	var none domain.Page[domain.TransactionVersion]
	before, err := domain.VersionBefore(id, page.After)
	if err != nil {
		return none, err
	}
	present, err := s.present(ctx, tenant, id)
	if err != nil {
		return none, err
	}
	if present.Erased() {
		return none, nil
	}
	stored, err := s.versions(ctx, present, before, page)
	if err != nil {
		return none, err
	}
	versions := domain.PageOfVersions(stored, page)
	err = s.Read(ctx, func(db *gorm.DB) error {
		return errors.Join(
			addOrigins(db, s.Dialect, present, stored, versions.Items), addAdjusts(db, present, versions.Items))
	})
	return domain.CutVersions(versions, page), err
}

// versions returns the versions of a transaction for a page, newest first, followed by one further version if there
// is one. It returns only versions with a number below endVersion.
func (s ledger) versions(
	ctx context.Context, present domain.Transaction, endVersion int, page domain.PageRequest,
) ([]domain.Transaction, error) {
	const which = " WHERE connection_id = ? AND id = ? AND tenant_id = ? AND version < ?"
	key := []any{
		gormstore.UUID(present.Connection.UUID), gormstore.UUID(present.ID.UUID),
		gormstore.UUID(present.Tenant.UUID), endVersion,
	}
	columns := gormstore.SelectedColumns(gormstore.IsVersioned)
	q := gormstore.NewQuery("SELECT "+columns+" FROM transactions"+which, key...)
	q.Add(" UNION ALL SELECT * FROM (SELECT "+columns+" FROM transaction_versions"+which, key...)
	q.Add(" ORDER BY version DESC LIMIT ?) AS replaced ORDER BY version DESC LIMIT ?", page.Limit+1, page.Limit+1)
	// The values of Vendor and FirstSeenAt are not stored per version, because they never change.
	row := gormstore.NewTransactionRow()
	row.Vendor, row.FirstSeenAt = present.Vendor, present.FirstSeenAt
	// Each item of the page contains two versions. The page therefore reaches its maximum size before these rows do.
	rows := domain.PageBuilder[domain.Transaction]{Request: page}
	rows.Request.Limit++
	err := s.Rows(ctx, q.String(), q.Args, row.TargetsOf(gormstore.IsVersioned), func() error {
		t, err := row.Domain()
		if err != nil {
			return err
		}
		enough := rows.Full()
		rows.Add(t)
		if enough {
			return gormstore.ErrStop
		}
		return nil
	})
	if errors.Is(err, gormstore.ErrStop) {
		err = nil
	}
	return rows.Items, err
}

// addOrigins sets the fields Trigger and Deliveries of each version to those of the pull that stored the version. It
// also sets the connections of the transactions. stored are the transactions of versions, followed by one further
// version if there is one.
func addOrigins(
	db *gorm.DB, d gormstore.Dialect, t domain.Transaction, stored []domain.Transaction,
	versions []domain.TransactionVersion,
) error {
	var ids []uuid.UUID
	for i := range stored {
		if pull := stored[i].Pull; !pull.IsZero() {
			ids = append(ids, pull.UUID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	pulls, err := pullsOf(db, t, ids)
	if err != nil {
		return err
	}
	deliveries, err := deliveriesOf(db, d, t, ids)
	if err != nil {
		return err
	}
	addConnections(stored, pulls)
	for i := range versions {
		pull := versions[i].Transaction.Pull.UUID
		versions[i].Transaction.Connection = stored[i].Connection
		versions[i].Trigger, versions[i].Deliveries = domain.Trigger(pulls[pull].Trigger), deliveries[pull]
	}
	return nil
}

// addConnections sets the connections of versions, which are ordered from the newest to the oldest. The stores keep
// only the present connection of a record, also for its earlier versions. When another connection continued the
// account, a pull of that connection made a version, so the earlier connections are those of the pulls. A version whose
// pull is not known has the connection of the one before it.
func addConnections(versions []domain.Transaction, pulls map[uuid.UUID]gormstore.PullRow) {
	known := domain.ConnectionID{}
	for _, v := range slices.Backward(versions) {
		if known = connectionOf(v, pulls); !known.IsZero() {
			break
		}
	}
	for i, v := range slices.Backward(versions) {
		if of := connectionOf(v, pulls); !of.IsZero() {
			known = of
		}
		if !known.IsZero() {
			versions[i].Connection = known
		}
	}
}

// connectionOf returns the connection of the pull that made the version; zero if the pull is not known.
func connectionOf(v domain.Transaction, pulls map[uuid.UUID]gormstore.PullRow) domain.ConnectionID {
	return domain.ConnectionID{UUID: pulls[v.Pull.UUID].Connection}
}

// addAdjusts sets the field Adjusts of each version.
func addAdjusts(db *gorm.DB, t domain.Transaction, versions []domain.TransactionVersion) error {
	var rows []struct {
		Version int
		Date    string
	}
	err := db.Raw(`SELECT close_adjustments.version, min(account_closes.date) AS date
		FROM close_adjustments JOIN account_closes ON `+gormstore.OfClose+`
		WHERE close_adjustments.transaction_id = ? AND close_adjustments.tenant_id = ?
		GROUP BY close_adjustments.version`, t.ID.UUID, t.Tenant.UUID).Scan(&rows).Error
	for _, row := range rows {
		for i := range versions {
			if versions[i].Transaction.Version == row.Version {
				versions[i].Adjusts = domain.Date(row.Date)
			}
		}
	}
	return err
}

// pullsOf returns the pulls with these ids, with their triggers and connections, keyed by pull id.
func pullsOf(db *gorm.DB, t domain.Transaction, ids []uuid.UUID) (map[uuid.UUID]gormstore.PullRow, error) {
	var rows []gormstore.PullRow
	err := db.Select("id", "trigger", "connection_id").Where("tenant_id = ? AND id IN ?", t.Tenant.UUID, ids).
		Find(&rows).Error
	pulls := make(map[uuid.UUID]gormstore.PullRow, len(rows))
	for _, row := range rows {
		pulls[row.ID] = row
	}
	return pulls, err
}

// deliveriesOf returns the ids of the first domain.MaxVersionDeliveries deliveries of each pull, keyed by pull id. On
// SQLite, there is no index over the pulls of deliveries, so the query reads all deliveries of the connection once.
func deliveriesOf(
	db *gorm.DB, d gormstore.Dialect, t domain.Transaction, ids []uuid.UUID,
) (map[uuid.UUID][]domain.DeliveryID, error) {
	var rows []gormstore.DeliveryRow
	numbered := db.Model(&gormstore.DeliveryRow{}).
		Select("id, pull_id, row_number() OVER (PARTITION BY pull_id ORDER BY id) AS place").
		Where("connection_id = ? AND pull_id IN ?", t.Connection.UUID, ids).
		Where(d.TenantIs("tenant_id", "?"), t.Tenant.UUID)
	err := db.Table("(?) AS numbered", numbered).Select("id", "pull_id").
		Where("place <= ?", domain.MaxVersionDeliveries).Order("pull_id, id").Find(&rows).Error
	deliveries := make(map[uuid.UUID][]domain.DeliveryID, len(ids))
	for _, row := range rows {
		deliveries[row.Pull.UUID] = append(deliveries[row.Pull.UUID], domain.DeliveryID{UUID: row.ID})
	}
	return deliveries, err
}
