package records

import (
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
)

// absenceRow is a row of absent_transactions: a live transaction that the last complete listing did not contain.
type absenceRow struct {
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	ExternalID string            `gorm:"column:external_id"`
	Account    string            `gorm:"column:account"`
	Pull       uuid.UUID         `gorm:"column:pull_id"`
	Held       gormstore.Instant `gorm:"column:held_at"`
	HeldSync   gormstore.Instant `gorm:"column:held_sync"`
	ProvedBy   uuid.NullUUID     `gorm:"column:proved_by"`
}

// TableName returns the name of the table in the schema.
func (absenceRow) TableName() string { return "absent_transactions" }

// absenceBatch is the maximum number of rows in one INSERT. It keeps the number of parameters below the
// limits of both databases.
const absenceBatch = 200

// Absences implements records.Source. It returns the stored absences of the account, or of the whole connection if
// account is "".
func (s recordSource) Absences(account string) (map[string]domain.Absence, error) {
	var rows []absenceRow
	query := s.own()
	if account != "" {
		query = query.Where("account = ?", account)
	}
	err := query.Find(&rows).Error
	known := make(map[string]domain.Absence, len(rows))
	for _, row := range rows {
		known[row.ExternalID] = domain.Absence{
			ExternalID: row.ExternalID, Account: row.Account, Pull: domain.PullID{UUID: row.Pull},
			ProvedBy: domain.PullID{UUID: row.ProvedBy.UUID},
			Held:     domain.Hold{At: row.Held.Time, Sync: row.HeldSync.Time},
		}
	}
	return known, err
}

// AbsentSince implements records.Source. For each row, it returns the first pull whose listing did not contain the
// row.
func (s recordSource) AbsentSince(externalIDs []string) (map[string]domain.PullID, error) {
	since := map[string]domain.PullID{}
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		var absent []absenceRow
		if err := s.own().Where(s.dialect.AnyOf("external_id", batch)).Find(&absent).Error; err != nil {
			return nil, err
		}
		for _, a := range absent {
			since[a.ExternalID] = domain.PullID{UUID: a.Pull}
		}
	}
	return since, nil
}

// VisitLive implements records.Source. It reads the live rows in the window one by one.
func (s recordSource) VisitLive(
	dates domain.Window, name string, carriedOver bool, visit func(records.LiveRecord),
) error {
	account, selected := "account", "SELECT external_id, account, date, false FROM transactions t"
	if carriedOver {
		if err := s.dialect.JoinByHash(s.tx.DB); err != nil {
			return err
		}
		account, selected = presentAccount, selectLiveRows
	}
	condition := between("t.date", dates)
	if name != "" {
		condition = and(condition, clause.Expr{SQL: " AND " + account + " = ?", Vars: []any{name}})
	}
	return s.visitLive(selected, condition, visit)
}

// presentAccount is the SQL expression in selectLiveRows for the external id of the account. A carried-over row (see
// carriedOverRow) contains the former external id of its account, so the account is looked up.
const presentAccount = "COALESCE(a.external_id, t.account)"

// selectLiveRows is a SELECT of the columns of a records.LiveRecord. The caller appends the conditions.
const selectLiveRows = "SELECT t.external_id, " + presentAccount + `, t.date, u.external_id IS NOT NULL
	FROM transactions t
	LEFT JOIN carried_over_transactions u ON u.connection_id = t.connection_id AND u.external_id = t.external_id
		AND u.tenant_id = t.tenant_id
	LEFT JOIN accounts a ON a.id = u.account_id AND a.tenant_id = u.tenant_id`

// visitLive calls visit with each live row of the connection that matches the condition. The condition begins with
// AND, or is empty.
func (s recordSource) visitLive(selected string, condition clause.Expr, visit func(records.LiveRecord)) error {
	q := gormstore.NewQuery(
		selected+" WHERE t.connection_id = ? AND t.removed_at IS NULL AND "+
			s.dialect.TenantIs("t.tenant_id", "?"),
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	q.AddExpr(condition)
	var row records.LiveRecord
	return s.tx.Read(q.AsRead(gormstore.ScanTargets(
		(*gormstore.Text)(&row.ExternalID), (*gormstore.Text)(&row.Account), (*gormstore.Text)(&row.Date),
		&row.CarriedOver,
	), func() error {
		visit(row)
		return nil
	}))
}

// VisitMetadata implements records.Source. It reads the metadata of the rows with these external ids.
func (s recordSource) VisitMetadata(externalIDs []string, visit func(externalID string, metadata []byte)) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		which := s.dialect.AnyOf("external_id", batch)
		q := gormstore.NewQuery("SELECT external_id, metadata FROM transactions WHERE connection_id = ? AND "+
			s.dialect.TenantIs("tenant_id", "?"), gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
		q.Add(" AND "+which.SQL, which.Vars...)
		var externalID string
		var metadata gormstore.Packed
		err := s.tx.Read(q.AsRead([]any{(*gormstore.Text)(&externalID), &metadata}, func() error {
			visit(externalID, metadata)
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// replaceAbsences deletes the stored absences of an account or of the connection if a.Known is set, and then stores
// a.Remaining.
func (p *pageWriter) replaceAbsences(a *records.Absences) error {
	if a.Known {
		query := p.own()
		if a.Account != "" {
			query = query.Where("account = ?", a.Account)
		}
		if err := query.Delete(&absenceRow{}).Error; err != nil {
			return err
		}
	}
	if len(a.Remaining) == 0 {
		return nil
	}
	rows := make([]absenceRow, 0, len(a.Remaining))
	for _, absence := range a.Remaining {
		rows = append(rows, absenceRow{
			Tenant: p.pull.Tenant, Connection: p.pull.Connection, ExternalID: absence.ExternalID,
			Account: absence.Account, Pull: absence.Pull.UUID, Held: gormstore.At(absence.Held.At),
			HeldSync: gormstore.At(absence.Held.Sync), ProvedBy: gormstore.Optional(absence.ProvedBy.UUID),
		})
	}
	return p.tx.CreateInBatches(rows, absenceBatch).Error
}
