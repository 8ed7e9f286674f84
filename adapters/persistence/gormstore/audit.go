package gormstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// A change by an operator inserts its audit entry into audit_pending in the same transaction. A later call of Number
// moves the entry to audit_entries. Only Number locks the tenant's row of audit_heads. A change therefore does not wait
// for other changes or for the tenant's Merkle tree.

// auditColumns are the columns that audit_pending and audit_entries have in common.
type auditColumns struct {
	At        Instant   `gorm:"column:made_at"`
	Actor     string    `gorm:"column:actor"`
	Action    string    `gorm:"column:action"`
	Object    string    `gorm:"column:object"`
	RequestID string    `gorm:"column:request_id"`
	Detail    string    `gorm:"column:detail"`
	Tenant    uuid.UUID `gorm:"column:tenant_id"`
}

func newAuditColumns(tenant domain.TenantID, e domain.AuditEntry) (auditColumns, error) {
	detail, err := e.Detail.MarshalJSON()
	e = e.Clean()
	return auditColumns{
		At: Instant{e.At}, Actor: e.Actor, Action: e.Action, Object: e.Object, RequestID: e.RequestID,
		Detail: string(detail), Tenant: tenant.UUID,
	}, err
}

// domain converts the columns to an entry. The entry has no sequence number yet; the caller sets it. The method returns
// an error if the detail is not valid, which can happen only if another program wrote the row.
func (c auditColumns) domain() (domain.AuditEntry, error) {
	detail, err := domain.ParseAuditDetail([]byte(c.Detail))
	return domain.AuditEntry{
		At: c.At.Time, Actor: c.Actor, Action: c.Action, Object: c.Object, RequestID: c.RequestID, Detail: detail,
	}, err
}

// pendingEntryRow is a row of audit_pending.
type pendingEntryRow struct {
	ID      uuid.UUID    `gorm:"column:id"`
	Columns auditColumns `gorm:"embedded"`
}

// TableName returns the name of the table in the schema.
func (pendingEntryRow) TableName() string { return "audit_pending" }

// auditEntryRow is a row of audit_entries.
type auditEntryRow struct {
	Sequence int64        `gorm:"column:sequence"`
	Columns  auditColumns `gorm:"embedded"`
}

// TableName returns the name of the table in the schema.
func (auditEntryRow) TableName() string { return "audit_entries" }

// auditHashRow is a row of audit_hashes.
type auditHashRow struct {
	Position int64     `gorm:"column:position"`
	Hash     []byte    `gorm:"column:hash"`
	Tenant   uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (auditHashRow) TableName() string { return "audit_hashes" }

// auditCheckpointRow is a row of audit_checkpoints.
type auditCheckpointRow struct {
	Size   int64     `gorm:"column:size"`
	Note   []byte    `gorm:"column:note"`
	Tenant uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (auditCheckpointRow) TableName() string { return "audit_checkpoints" }

// auditHeadRow is a row of audit_heads.
type auditHeadRow struct {
	Size      int64     `gorm:"column:size"`
	Announced Instant   `gorm:"column:announced_at"`
	Tenant    uuid.UUID `gorm:"column:tenant_id"`
}

// TableName returns the name of the table in the schema.
func (auditHeadRow) TableName() string { return "audit_heads" }

// Record stores the audit entries of the change that the transaction makes. The entries are inserted when the
// transaction commits.
func (tx Tx) Record(tenant domain.TenantID, entries ports.AuditEntries) error {
	for batch := range slices.Chunk(entries.Make(), pendingBatch) {
		var values []any
		for _, e := range batch {
			one, err := pendingValues(tx.Name(), tenant, e)
			if err != nil {
				return err
			}
			values = append(values, one...)
		}
		if err := tx.ExecAtCommit(insertPendings(len(batch)), values...); err != nil {
			return err
		}
	}
	return nil
}

// pendingBatch is the maximum number of entries that one statement stores.
const pendingBatch = 64

// insertPendings returns the statement that stores n entries.
func insertPendings(n int) string {
	if n == 1 {
		return insertPending
	}
	var sql strings.Builder
	sql.WriteString("INSERT INTO " + pendingTable + " VALUES ")
	for i := range n {
		if i > 0 {
			sql.WriteString(", ")
		}
		for column := range 8 {
			fmt.Fprintf(&sql, "%c$%d", "(,"[min(column, 1)], 8*i+column+1)
		}
		sql.WriteString(")")
	}
	return sql.String()
}

// insertPending is the statement that stores an entry without a number. GORM does not generate the statement, because
// the generation would take longer than the execution by the database.
const insertPending = `INSERT INTO ` + pendingTable + ` VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

const pendingTable = "audit_pending (id, made_at, actor, action, object, request_id, detail, tenant_id)"

// pendingValues returns the values of the columns of pendingTable, in the form that the driver of the given database
// (dialect) accepts.
func pendingValues(dialect string, tenant domain.TenantID, e domain.AuditEntry) ([]any, error) {
	row, err := newAuditColumns(tenant, e)
	return []any{
		e.ID, row.At.Param(dialect), row.Actor, row.Action, row.Object, row.RequestID, row.Detail, row.Tenant,
	}, err
}

// writeRecorded executes the statement that build returns, and stores the audit entries of the change. The statement
// inserts, updates or deletes at most one row. If it changes no row, no entry is stored. writeRecorded returns the
// number of changed rows. A single entry is stored together with the statement (Dialect.ExecBoth).
func (c *Core) writeRecorded(ctx context.Context, tenant domain.TenantID, entries ports.AuditEntries,
	build func(db *gorm.DB) *gorm.DB,
) (changed int, err error) {
	if entries == nil {
		err = c.Write(ctx, func(db *gorm.DB) (err error) {
			changed, err = RowsAffected(build(db))
			return err
		})
		return changed, err
	}
	made := entries()
	if len(made) == 1 {
		err = c.Write(ctx, func(db *gorm.DB) error {
			changed, err = c.execBoth(build(db.Session(&gorm.Session{DryRun: true})), tenant, made[0])
			return err
		})
		return changed, err
	}
	err = c.Change(ctx, func(tx Tx) error {
		changed, err = RowsAffected(build(tx.DB))
		if err != nil || changed == 0 {
			return err
		}
		return tx.Record(tenant, func() []domain.AuditEntry { return made })
	})
	return changed, err
}

// execBoth executes a statement that GORM has built but not executed, together with the insertion of the entry.
func (c *Core) execBoth(built *gorm.DB, tenant domain.TenantID, e domain.AuditEntry) (changed int, err error) {
	if built.Error != nil {
		return 0, built.Error
	}
	values, err := pendingValues(built.Name(), tenant, e)
	if err != nil {
		return 0, err
	}
	statement := built.Statement
	result, err := c.Dialect.ExecBoth(
		statement.Context, statement.SQL.String(), statement.Vars, InsertedRow{pendingTable, values},
	)
	if err != nil {
		return 0, built.AddError(err) // AddError translates the error
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// AuditLog returns the store of audit entries.
func (s *Store) AuditLog() ports.AuditLog { return auditLog{s.core} }

// auditLog implements ports.AuditLog.
type auditLog struct{ *Core }

// Append implements ports.AuditLog. It stores an entry with one statement.
func (s auditLog) Append(ctx context.Context, tenant domain.TenantID, e domain.AuditEntry) error {
	return s.Write(ctx, func(db *gorm.DB) error {
		values, err := pendingValues(db.Name(), tenant, e)
		if err != nil {
			return err
		}
		_, err = db.Statement.ConnPool.ExecContext(db.Statement.Context, insertPending, values...)
		return err
	})
}

// ListPending implements ports.AuditLog. It returns the tenants with rows in audit_pending. The query is cheap, because
// this table is empty most of the time.
func (s auditLog) ListPending(ctx context.Context, limit int) ([]domain.TenantID, error) {
	return s.tenants(ctx, "SELECT DISTINCT tenant_id FROM audit_pending ORDER BY tenant_id LIMIT ?", limit)
}

// Tenants implements ports.AuditLog. It searches all tables of the audit log. It therefore finds a tenant even if the
// tenant's rows in some of the tables were deleted.
func (s auditLog) Tenants(ctx context.Context) ([]domain.TenantID, error) {
	return s.tenants(ctx, `SELECT tenant_id FROM audit_heads UNION SELECT tenant_id FROM audit_pending
		UNION SELECT tenant_id FROM audit_entries UNION SELECT tenant_id FROM audit_checkpoints ORDER BY tenant_id`)
}

func (s auditLog) tenants(ctx context.Context, sql string, args ...any) ([]domain.TenantID, error) {
	var ids []uuid.UUID
	err := s.Background().Read(ctx, func(db *gorm.DB) error { return db.Raw(sql, args...).Scan(&ids).Error })
	return tenantIDs(ids), err
}

func tenantIDs(ids []uuid.UUID) []domain.TenantID {
	tenants := make([]domain.TenantID, len(ids))
	for i, id := range ids {
		tenants[i] = domain.TenantID{UUID: id}
	}
	return tenants
}

// Number implements ports.AuditLog. It locks the tenant's row of audit_heads. If several replicas call it at the same
// time, one of them numbers the entries, and the others then find no entries without a number.
func (s auditLog) Number(ctx context.Context, tenant domain.TenantID, limit int,
	extend func(ports.AuditBatch) (ports.AuditExtension, error),
) (n int, err error) {
	var refused error
	err = s.Background().Change(ctx, func(tx Tx) error {
		n = 0
		head, err := lockHead(tx.DB, tenant)
		if err != nil {
			return err
		}
		var rows []pendingEntryRow
		err = tx.Where("tenant_id = ?", tenant.UUID).Order("made_at, id").Limit(limit).Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err
		}
		batch, err := batchOf(tx.DB, tenant, head, rows)
		if err != nil {
			return err
		}
		added, err := extend(batch)
		if err != nil {
			refused = err
			return err
		}
		n = len(rows)
		return storeBatch(tx.DB, tenant, head, rows, added)
	})
	if refused != nil {
		return 0, refused
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// lockHead locks the tenant's row of audit_heads until the transaction ends, and returns the size of the tree. It
// creates the row if the tenant is new.
func lockHead(tx *gorm.DB, tenant domain.TenantID) (int64, error) {
	read := func() (auditHeadRow, error) {
		return First[auditHeadRow](Locked(tx, ForUpdate).Where("tenant_id = ?", tenant.UUID))
	}
	row, err := read()
	if errors.Is(err, domain.NotFound) {
		err = tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&auditHeadRow{Tenant: tenant.UUID}).Error
		if err == nil {
			row, err = read()
		}
	}
	return row.Size, err
}

// batchOf returns the rows as a batch of new entries for the tenant's tree. Entries are numbered from 0, so the
// number of the first new entry is the size of the tree.
func batchOf(tx *gorm.DB, tenant domain.TenantID, size int64, rows []pendingEntryRow) (ports.AuditBatch, error) {
	head, err := headOf(tx, tenant, size)
	if err != nil {
		return ports.AuditBatch{}, err
	}
	batch := ports.AuditBatch{
		Head:    head,
		Hashes:  func(indexes []int64) ([]domain.AuditHash, error) { return readHashes(tx, tenant, indexes) },
		Pending: make([]domain.AuditEntry, len(rows)),
	}
	for i, row := range rows {
		if batch.Pending[i], err = row.Columns.domain(); err != nil {
			return ports.AuditBatch{}, err
		}
		batch.Pending[i].ID, batch.Pending[i].Sequence = row.ID, size+int64(i)
	}
	return batch, nil
}

// storeBatch numbers the rows and moves them to audit_entries. It also stores the new hashes, the new checkpoint and
// the new size of the tree.
func storeBatch(
	tx *gorm.DB, tenant domain.TenantID, size int64, rows []pendingEntryRow, added ports.AuditExtension,
) error {
	entries, ids := make([]auditEntryRow, len(rows)), make([]uuid.UUID, len(rows))
	for i, row := range rows {
		entries[i] = auditEntryRow{Sequence: size + int64(i), Columns: row.Columns}
		ids[i] = row.ID
	}
	hashes := make([]auditHashRow, len(added.Hashes))
	for i, h := range added.Hashes {
		hashes[i] = auditHashRow{Position: added.FirstHash + int64(i), Hash: h[:], Tenant: tenant.UUID}
	}
	checkpoint := auditCheckpointRow{Size: size + int64(len(rows)), Note: added.Checkpoint, Tenant: tenant.UUID}
	return cmp.Or(
		tx.Create(&entries).Error,
		tx.Create(&hashes).Error,
		tx.Create(&checkpoint).Error,
		tx.Model(&auditHeadRow{}).Where("tenant_id = ?", tenant.UUID).Update("size", checkpoint.Size).Error,
		tx.Where("tenant_id = ? AND id IN ?", tenant.UUID, ids).Delete(&pendingEntryRow{}).Error,
	)
}

// headOf returns the head of the tenant's tree at this size. The head's checkpoint is nil if it is not stored.
func headOf(db *gorm.DB, tenant domain.TenantID, size int64) (ports.AuditHead, error) {
	row, err := First[auditCheckpointRow](db.Where("size = ? AND tenant_id = ?", size, tenant.UUID))
	if errors.Is(err, domain.NotFound) {
		err = nil
	}
	return ports.AuditHead{Size: size, Checkpoint: row.Note}, err
}

// Head implements ports.AuditLog. It reads the newest checkpoint.
func (s auditLog) Head(ctx context.Context, tenant domain.TenantID) (head ports.AuditHead, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[auditHeadRow](db.Where("tenant_id = ?", tenant.UUID))
		if errors.Is(err, domain.NotFound) || err == nil && row.Size == 0 {
			return nil
		}
		if err == nil {
			head, err = headOf(db, tenant, row.Size)
		}
		return err
	})
	return head, err
}

// Hashes implements ports.AuditLog. It reads the hashes with one statement.
func (s auditLog) Hashes(
	ctx context.Context, tenant domain.TenantID, indexes []int64,
) (hashes []domain.AuditHash, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		hashes, err = readHashes(db, tenant, indexes)
		return err
	})
	return hashes, err
}

// readHashes implements ports.AuditHashes.
func readHashes(db *gorm.DB, tenant domain.TenantID, indexes []int64) ([]domain.AuditHash, error) {
	var rows []auditHashRow
	if len(indexes) > 0 {
		err := db.Where("tenant_id = ? AND position IN ?", tenant.UUID, indexes).Find(&rows).Error
		if err != nil {
			return nil, err
		}
	}
	stored := make(map[int64]domain.AuditHash, len(rows))
	for _, row := range rows {
		stored[row.Position] = hashOf[domain.AuditHash](row.Hash)
	}
	hashes := make([]domain.AuditHash, len(indexes))
	for i, index := range indexes {
		h, ok := stored[index]
		if !ok {
			return nil, domain.NotFoundError()
		}
		hashes[i] = h
	}
	return hashes, nil
}

// maxScannedEntries is the maximum number of entries that the read of one page examines if no index serves the whole
// filter. Such a page can be short or empty although others follow.
const maxScannedEntries = 10_000

// List implements ports.AuditLog. It finds the entries by an index. It uses an index over objects or over actors if the
// filter contains an object or an actor, and otherwise an index over tenants.
func (s auditLog) List(ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter,
	page domain.PageRequest,
) (found domain.Page[domain.AuditEntry], err error) {
	before := int64(-1)
	if !page.After.IsZero() {
		before, err = strconv.ParseInt(page.After.Key, 10, 64)
		if err != nil || before < 0 || page.After.ID != tenant.UUID {
			return found, InvalidCursor()
		}
	}
	if !filter.Storable() {
		return found, nil
	}
	err = s.ReadInOrder(ctx, func(tx SnapshotTx) error {
		db := tx.DB
		after := func(query *gorm.DB) *gorm.DB {
			if before >= 0 {
				query = query.Where("sequence < ?", before)
			}
			return query.Order("sequence DESC")
		}
		query, end := after(selectedEntries(db, tenant, filter)), []int64(nil)
		if !filter.Indexed() {
			scanned := domain.AuditFilter{Object: filter.Object}
			if filter.Object == "" {
				scanned.Actor = filter.Actor
			}
			err := after(selectedEntries(db.Model(auditEntryRow{}), tenant, scanned)).Limit(1).
				Offset(maxScannedEntries-1).Pluck("sequence", &end).Error
			if err != nil {
				return err
			}
		}
		if len(end) > 0 {
			query = query.Where("sequence >= ?", end[0])
		}
		rows, err := List(query, page, func(r auditEntryRow) auditEntryRow { return r },
			func(r auditEntryRow) domain.Position {
				return domain.Position{Key: strconv.FormatInt(r.Sequence, 10), ID: tenant.UUID}
			})
		if found.Next = rows.Next; err == nil && found.Next.IsZero() && len(end) > 0 {
			found.Next = domain.Position{Key: strconv.FormatInt(end[0], 10), ID: tenant.UUID}
		}
		for _, row := range rows.Items {
			e, err := row.Columns.domain()
			if err != nil {
				return err
			}
			e.Sequence = row.Sequence
			found.Items = append(found.Items, e)
		}
		return err
	})
	return found, err
}

// selectedEntries returns a query for the entries that match the filter.
func selectedEntries(db *gorm.DB, tenant domain.TenantID, filter domain.AuditFilter) *gorm.DB {
	query := db.Where("tenant_id = ?", tenant.UUID)
	for column, value := range map[string]string{
		"actor": filter.Actor, "action": filter.Action, "object": filter.Object,
	} {
		if value != "" {
			query = query.Where(column+" = ?", value)
		}
	}
	if !filter.From.IsZero() {
		query = query.Where("made_at >= ?", Instant{filter.From})
	}
	if !filter.To.IsZero() {
		query = query.Where("made_at < ?", Instant{filter.To})
	}
	return query
}

// Snapshot implements ports.AuditLog. It calls fn in a transaction whose statements all see the same state of the
// database.
func (s auditLog) Snapshot(
	ctx context.Context, tenant domain.TenantID, fn func(ports.AuditSnapshot) error,
) error {
	var refused error
	err := s.Core.Snapshot(ctx, s.WorkTimeout, func(tx SnapshotTx) error {
		snapshot, err := auditSnapshot(ctx, tx, tenant)
		if err == nil {
			refused = fn(snapshot)
			err = refused
		}
		return err
	})
	if refused != nil {
		return refused
	}
	return Translate(ctx, err)
}

func auditSnapshot(ctx context.Context, tx SnapshotTx, tenant domain.TenantID) (ports.AuditSnapshot, error) {
	head, err := First[auditHeadRow](tx.Where("tenant_id = ?", tenant.UUID))
	if err != nil && !errors.Is(err, domain.NotFound) {
		return ports.AuditSnapshot{}, err
	}
	snapshot := ports.AuditSnapshot{
		Size: head.Size, Entries: storedEntries(ctx, tx, tenant), Hashes: storedHashes(ctx, tx, tenant),
	}
	var rows []auditCheckpointRow
	err = tx.Where("tenant_id = ?", tenant.UUID).Order("size").Find(&rows).Error
	for _, row := range rows {
		snapshot.Checkpoints = append(snapshot.Checkpoints, ports.AuditCheckpoint{Size: row.Size, Note: row.Note})
	}
	return snapshot, err
}

// treePage is the number of rows that a snapshot of a tree reads with one statement.
const treePage = 1000

// storedEntries yields the entries of a tenant. If the detail of an entry cannot be parsed, all members of the entry
// except its number are zero.
func storedEntries(ctx context.Context, tx SnapshotTx, tenant domain.TenantID) iter.Seq2[domain.AuditEntry, error] {
	return inPages(ctx, tx, tenant, "sequence", func(r auditEntryRow) (domain.AuditEntry, int64) {
		e, err := r.Columns.domain()
		if err != nil {
			e = domain.AuditEntry{}
		}
		e.Sequence = r.Sequence
		return e, r.Sequence
	})
}

// storedHashes yields the hashes of a tenant.
func storedHashes(
	ctx context.Context, tx SnapshotTx, tenant domain.TenantID,
) iter.Seq2[ports.AuditStoredHash, error] {
	return inPages(ctx, tx, tenant, "position", func(r auditHashRow) (ports.AuditStoredHash, int64) {
		return ports.AuditStoredHash{Index: r.Position, Hash: hashOf[domain.AuditHash](r.Hash)}, r.Position
	})
}

// inPages reads the rows of a tenant page by page, ordered by the given column, and yields a value for each row. The
// callback returns the value to yield for a row, and the content of the given column.
func inPages[R, T any](ctx context.Context, tx SnapshotTx, tenant domain.TenantID, column string,
	item func(R) (T, int64),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		query := tx.WithContext(ctx).Where("tenant_id = ?", tenant.UUID).Order(column).Limit(treePage)
		for after, started := int64(0), false; ; started = true {
			page := query.Session(&gorm.Session{})
			if started {
				page = page.Where(column+" > ?", after)
			}
			var rows []R
			if err := page.Find(&rows).Error; err != nil {
				yield(*new(T), err)
				return
			}
			for _, row := range rows {
				value, at := item(row)
				if after = at; !yield(value, nil) {
					return
				}
			}
			if len(rows) < treePage {
				return
			}
		}
	}
}

// ClaimAnnouncements implements ports.AuditLog. It updates each due row with a separate statement. The statement
// changes nothing if another replica has claimed the row meanwhile.
func (s auditLog) ClaimAnnouncements(
	ctx context.Context, now, cutoff time.Time, limit int,
) (claimed []domain.TenantID, err error) {
	const isDue = "size > 0 AND (announced_at IS NULL OR announced_at < ?)"
	err = s.Background().Read(ctx, func(db *gorm.DB) error {
		var ids []uuid.UUID
		err := db.Model(&auditHeadRow{}).Where(isDue, Instant{cutoff}).Order("tenant_id").Limit(limit).
			Pluck("tenant_id", &ids).Error
		claimed = tenantIDs(ids)
		return err
	})
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	err = s.Background().Change(ctx, func(tx Tx) error {
		mine := claimed[:0]
		for _, tenant := range claimed {
			n, err := RowsAffected(
				tx.Model(&auditHeadRow{}).Where("tenant_id = ? AND "+isDue, tenant.UUID, Instant{cutoff}).
					Update("announced_at", Instant{now}),
			)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			mine = append(mine, tenant)
			origin := EventOrigin{Tenant: tenant.UUID, At: now}
			err = RecordEvents(tx, s.Dialect, origin, records.OfCheckpoint(tenant))
			if err != nil {
				return err
			}
		}
		claimed = mine
		return nil
	})
	return claimed, err
}
