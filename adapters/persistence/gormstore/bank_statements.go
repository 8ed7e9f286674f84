package gormstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// BankStatements returns the store of bank statements.
func (s *Store) BankStatements() ports.BankStatements { return bankStatements{s.core} }

// bankStatements implements ports.BankStatements on a Store.
//
// A statement in the state "reading" is stored before the records are read. From then on, each transaction that changes
// records of the account increases the column changes; see records.pageWriter. Reserve waits for the transactions that
// have begun before.
type bankStatements struct{ *Core }

// withoutReading is the condition on the statements that callers see.
const withoutReading = "state <> 'reading'"

// Reserve implements ports.BankStatements. It locks the connections exclusively, so that it waits for their writers.
func (s bankStatements) Reserve(
	ctx context.Context, statement witness.BankStatement, due time.Time,
) (stored witness.BankStatement, isNew bool, err error) {
	err = s.Background().ChangeAgain(ctx, func(tx Tx) error {
		row, err := rowOfBankStatement(statement)
		if err != nil {
			return err
		}
		row.State, row.Revision, row.Due = string(witness.StateReading), 1, Instant{due}
		if err := s.lockAccounts(tx, &row); err != nil {
			return err
		}
		stored, err = s.bySource(tx.DB, row)
		if isNew = errors.Is(err, domain.NotFound); !isNew {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		stored, err = row.domain()
		return err
	})
	return stored, isNew, err
}

func (s bankStatements) bySource(db *gorm.DB, row bankStatementRow) (witness.BankStatement, error) {
	found, err := First[bankStatementRow](db.Where("account_id = ? AND source_key = ? AND tenant_id = ?",
		row.Account, row.Key, row.Tenant))
	if err != nil {
		return witness.BankStatement{}, err
	}
	return found.domain()
}

// lockAccounts sets the connections of the row, and waits for all transactions that change their records.
func (s bankStatements) lockAccounts(tx Tx, row *bankStatementRow) error {
	connections := map[uuid.UUID]uuid.UUID{}
	for _, account := range []uuid.UUID{row.Account, row.Witness.UUID} {
		if account == uuid.Nil {
			continue
		}
		found, err := First[AccountRow](tx.Where("id = ? AND tenant_id = ?", account, row.Tenant))
		if err != nil {
			return err
		}
		connections[account] = found.Connection
	}
	row.Connection, row.WitnessConnection = connections[row.Account], Optional(connections[row.Witness.UUID])
	ids := domain.Sorted(maps.Values(connections), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(ids) {
		if err := s.Dialect.ExcludeWriters(tx.DB, row.Tenant, id); err != nil {
			return err
		}
	}
	return nil
}

// Get implements ports.BankStatements.
func (s bankStatements) Get(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (found witness.BankStatement, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[bankStatementRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err == nil {
			found, err = row.domain()
		}
		return err
	})
	return found, err
}

// savedColumns are the columns that Save replaces.
var savedColumns = []string{
	"state", "verdict", "first_day", "last_day", "waits_for", "reading", "comparison", "overview", "decisions",
	"uploaded_by", "uploaded_at", "revision", "compared_changes", "due_at", "alerting_since",
}

// Save implements ports.BankStatements.
func (s bankStatements) Save(
	ctx context.Context, statement witness.BankStatement, w ports.BankStatementWrite, entries ports.AuditEntries,
) error {
	row, err := rowOfBankStatement(statement)
	if err != nil {
		return err
	}
	portions, err := portionsOf(row, w.Findings)
	if err != nil {
		return err
	}
	return s.Background().ChangeAgain(ctx, func(tx Tx) error {
		stored, err := First[bankStatementRow](Locked(tx.DB, NoKeyUpdate).
			Where("id = ? AND tenant_id = ?", row.ID, row.Tenant))
		if err == nil && stored.Revision != statement.Revision {
			err = &domain.Error{Kind: domain.Conflict, Code: domain.RevisionMismatch}
		}
		if err != nil {
			return err
		}
		saved := row
		saved.Revision, saved.Alerting = stored.Revision+1, stored.Alerting
		if stored.Changes > row.ComparedChanges && statement.State == witness.StateCompared {
			saved.Due = Instant{w.At}
		}
		err = tx.Model(&bankStatementRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
			Select(savedColumns).Updates(&saved).Error
		if err == nil {
			err = s.saveContent(tx, row, portions, w)
		}
		if err == nil {
			err = updateAlerting(tx.DB, stored, w.At)
		}
		if err == nil && w.Compared {
			err = RecordEvents(tx, s.Dialect,
				EventOrigin{Tenant: row.Tenant, Connection: stored.Connection, At: w.At},
				records.OfBankStatement(statement.ID))
		}
		if err != nil {
			return err
		}
		return tx.Record(statement.Tenant, entries)
	})
}

// saveContent replaces the file and the lines of a statement.
func (s bankStatements) saveContent(
	tx Tx, row bankStatementRow, portions []bankStatementLinesRow, w ports.BankStatementWrite,
) error {
	if w.File != nil || w.DropFile {
		err := tx.Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Delete(&bankStatementFileRow{}).Error
		if err != nil {
			return err
		}
	}
	if w.File != nil {
		if err := tx.Create(&bankStatementFileRow{row.ID, w.File, row.Tenant}).Error; err != nil {
			return err
		}
	}
	if !w.SetFindings {
		return nil
	}
	err := tx.Where("statement_id = ? AND tenant_id = ?", row.ID, row.Tenant).Delete(&bankStatementLinesRow{}).Error
	for i := 0; i < len(portions) && err == nil; i++ {
		err = tx.Create(&portions[i]).Error
	}
	return err
}

// updateAlerting sets which statements of the account need attention, and since when.
func updateAlerting(tx *gorm.DB, row bankStatementRow, at time.Time) error {
	rows, err := comparedRows(tx, row.Tenant, row.Account)
	if err != nil {
		return err
	}
	alerting, err := alertingOf(rows)
	if err != nil {
		return err
	}
	for _, other := range rows {
		if alerting[witness.BankStatementID{UUID: other.ID}] == !other.Alerting.IsZero() {
			continue
		}
		since := Instant{at}
		if !other.Alerting.IsZero() {
			since = Instant{}
		}
		err := tx.Model(&bankStatementRow{}).Where("id = ? AND tenant_id = ?", other.ID, row.Tenant).
			Updates(map[string]any{"alerting_since": since}).Error
		if err != nil {
			return err
		}
	}
	return tx.Model(&bankStatementRow{}).
		Where("account_id = ? AND tenant_id = ?", row.Account, row.Tenant).
		Where("state <> ?", string(witness.StateCompared)).
		Where("alerting_since IS NOT NULL").Updates(map[string]any{"alerting_since": Instant{}}).Error
}

func alertingOf(rows []bankStatementRow) (map[witness.BankStatementID]bool, error) {
	all, err := overviewsOf(rows)
	return witness.Alerting(all), err
}

func overviewsOf(rows []bankStatementRow) ([]witness.Overview, error) {
	all := make([]witness.Overview, len(rows))
	var err error
	for i := 0; i < len(rows) && err == nil; i++ {
		all[i], err = rows[i].overview()
	}
	return all, err
}

// maxOverviews is the maximum number of statements of an account that are compared with each other: the latest uploads.
const maxOverviews = 1000

// comparedRows returns the compared statements of an account, with the columns that overviews need.
func comparedRows(db *gorm.DB, tenant, account uuid.UUID) (rows []bankStatementRow, err error) {
	err = db.Select("id", "verdict", "first_day", "last_day", "overview", "uploaded_at", "alerting_since").
		Where("account_id = ? AND tenant_id = ? AND state = ?", account, tenant, string(witness.StateCompared)).
		Order("uploaded_at DESC, id DESC").Limit(maxOverviews).Find(&rows).Error
	return rows, err
}

// Overviews implements ports.BankStatements.
func (s bankStatements) Overviews(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (all []witness.Overview, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		rows, err := comparedRows(db, tenant.UUID, account.UUID)
		if err == nil {
			all, err = overviewsOf(rows)
		}
		return err
	})
	return all, err
}

// List implements ports.BankStatements.
func (s bankStatements) List(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	filter ports.BankStatementFilter, page domain.PageRequest,
) (found domain.Page[witness.BankStatement], err error) {
	var failed error
	err = s.Read(ctx, func(db *gorm.DB) error {
		query, err := NewestFirst(db.Where("account_id = ? AND tenant_id = ? AND "+withoutReading, account.UUID,
			tenant.UUID), "uploaded_at", "id", page.After)
		if err != nil {
			return err
		}
		withdrawn := string(witness.StateWithdrawn)
		if filter.Withdrawn {
			query = query.Where("state = ?", withdrawn)
		} else {
			query = query.Where("state <> ?", withdrawn)
		}
		if filter.Verdict != "" {
			query = query.Where("verdict = ?", string(filter.Verdict))
		}
		if filter.Window != (domain.Window{}) {
			query = query.Where("last_day >= ? AND last_day <> ''", string(filter.Window.From))
		}
		if filter.Window.To != "" {
			query = query.Where("first_day <= ?", string(filter.Window.To))
		}
		found, err = List(query, page, func(r bankStatementRow) witness.BankStatement {
			statement, err := r.domain()
			failed = errors.Join(failed, err)
			return statement
		}, func(s witness.BankStatement) domain.Position {
			return domain.Position{Key: domain.TimeKey(s.UploadedAt), ID: s.ID.UUID}
		})
		return errors.Join(err, failed)
	})
	return found, err
}

// portionSize is the maximum number of findings in a row of bank_statement_lines.
const portionSize = 500

// portionsOf returns the findings as rows.
func portionsOf(row bankStatementRow, findings []witness.Finding) (portions []bankStatementLinesRow, err error) {
	number := 1
	for portion := range slices.Chunk(findings, portionSize) {
		content, err := json.Marshal(portion)
		if err != nil {
			return nil, err
		}
		buckets := map[string]bool{}
		for i := range portion {
			buckets[string(portion[i].Bucket)] = true
		}
		portions = append(portions, bankStatementLinesRow{
			Statement: row.ID, Number: number, Buckets: strings.Join(slices.Sorted(maps.Keys(buckets)), ","),
			Content: Pack(content), Tenant: row.Tenant,
		})
		number += len(portion)
	}
	return portions, nil
}

// maxPortions is the maximum number of rows that one call of Lines reads.
const maxPortions = 50

// Lines implements ports.BankStatements. It reads the portions in which the bucket occurs.
func (s bankStatements) Lines(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
	bucket witness.Bucket, page domain.PageRequest,
) (found domain.Page[witness.Finding], err error) {
	after := 0
	if !page.After.IsZero() {
		if after, err = strconv.Atoi(page.After.Key); err != nil || page.After.ID != id.UUID {
			return found, domain.FieldError("cursor", "is not a cursor of this list")
		}
	}
	builder := domain.PageBuilder[witness.Finding]{Request: page}
	position := func(number int) domain.Position {
		return domain.Position{Key: strconv.Itoa(number), ID: id.UUID}
	}
	err = s.Read(ctx, func(db *gorm.DB) error {
		for range maxPortions {
			portion, more, err := nextPortion(db, tenant, id, bucket, after)
			if err != nil || len(portion.findings) == 0 {
				return err
			}
			for i := range portion.findings {
				number := portion.number + i
				if number <= after || bucket != "" && portion.findings[i].Bucket != bucket {
					continue
				}
				if builder.Complete() || builder.Full() {
					found.Next = position(after)
					return nil
				}
				builder.Add(portion.findings[i])
				after = number
			}
			after = portion.number + len(portion.findings) - 1
			if !more {
				return nil
			}
		}
		found.Next = position(after)
		return nil
	})
	found.Items = builder.Items
	return found, err
}

// linePortion is a row of bank_statement_lines.
type linePortion struct {
	number   int // of the first finding
	findings []witness.Finding
}

// nextPortion returns the next portion that has a finding of the bucket after the given number. more reports whether
// further such portions may follow.
func nextPortion(db *gorm.DB, tenant domain.TenantID, id witness.BankStatementID, bucket witness.Bucket, after int,
) (p linePortion, more bool, err error) {
	var rows []bankStatementLinesRow
	query := db.Where("statement_id = ? AND tenant_id = ? AND number > ?", id.UUID, tenant.UUID, after-portionSize)
	if bucket != "" {
		query = query.Where("',' || buckets || ',' LIKE ?", "%,"+string(bucket)+",%")
	}
	if err := query.Order("number").Limit(3).Find(&rows).Error; err != nil {
		return p, false, err
	}
	for i, row := range rows {
		content, err := Unpack(row.Content)
		if err != nil {
			return p, false, err
		}
		p = linePortion{number: row.Number}
		if err := json.Unmarshal(content, &p.findings); err != nil {
			return p, false, err
		}
		if p.number+len(p.findings) > after+1 {
			return p, i < len(rows)-1, nil
		}
	}
	return linePortion{}, false, nil
}

// File implements ports.BankStatements.
func (s bankStatements) File(
	ctx context.Context, tenant domain.TenantID, id witness.BankStatementID,
) (sealed domain.Sealed, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[bankStatementFileRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		sealed = row.Sealed
		return err
	})
	return sealed, err
}

// Claim implements ports.BankStatements.
func (s bankStatements) Claim(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID,
) (*witness.BankStatement, error) {
	var due []bankStatementRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := WithoutTenants(db.Where("due_at IS NOT NULL AND due_at <= ?", Instant{now}), skip)
		return query.Order("due_at").Limit(1).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	claimed, err := ClaimEach(ctx, s.Background(), due, func(tx Tx, row bankStatementRow) (
		statement witness.BankStatement, claimed bool, err error,
	) {
		changed, err := RowsAffected(tx.Model(&bankStatementRow{}).
			Where("id = ? AND tenant_id = ? AND due_at = ?", row.ID, row.Tenant, row.Due).
			Updates(map[string]any{"due_at": Instant{claimEnd}}))
		if err != nil || changed == 0 {
			return statement, false, err
		}
		row, err = First[bankStatementRow](tx.Where("id = ? AND tenant_id = ?", row.ID, row.Tenant))
		if err == nil {
			statement, err = row.domain()
		}
		return statement, true, err
	})
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	return &claimed[0], nil
}

// Discard implements ports.BankStatements.
func (s bankStatements) Discard(ctx context.Context, tenant domain.TenantID, id witness.BankStatementID) error {
	return s.Background().Change(ctx, func(tx Tx) error {
		return tx.Where("id = ? AND tenant_id = ? AND state = ?", id.UUID, tenant.UUID, string(witness.StateReading)).
			Delete(&bankStatementRow{}).Error
	})
}

// CSVMapping implements ports.BankStatements.
func (s bankStatements) CSVMapping(
	ctx context.Context, tenant domain.TenantID, account domain.AccountID,
) (m *witness.CSVMapping, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[csvMappingRow](db.Where("account_id = ? AND tenant_id = ?", account.UUID, tenant.UUID))
		if errors.Is(err, domain.NotFound) {
			return nil
		}
		if err == nil {
			err = DecodeJSON(row.Mapping, &m)
		}
		return err
	})
	return m, err
}

// SaveCSVMapping implements ports.BankStatements.
func (s bankStatements) SaveCSVMapping(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
	m witness.CSVMapping, at time.Time, entries ports.AuditEntries,
) error {
	text, err := EncodeJSON(m)
	if err != nil {
		return err
	}
	return s.Change(ctx, func(tx Tx) error {
		found, err := First[AccountRow](tx.Where("id = ? AND tenant_id = ?", account.UUID, tenant.UUID))
		if err != nil {
			return err
		}
		row := csvMappingRow{account.UUID, found.Connection, text, Instant{at}, tenant.UUID}
		err = tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "account_id"}, {Name: "tenant_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"connection_id", "mapping", "updated_at"}),
		}).Create(&row).Error
		if err != nil {
			return err
		}
		err = tx.Model(&bankStatementRow{}).
			Where("account_id = ? AND tenant_id = ? AND state = ?", account.UUID, tenant.UUID,
				string(witness.StateNeedsMapping)).
			Updates(map[string]any{"due_at": Instant{at}}).Error
		if err != nil {
			return err
		}
		return tx.Record(tenant, entries)
	})
}
