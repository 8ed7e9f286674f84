package recordstore

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// stagedContent is the value of the column content, encoded as JSON. The field Metadata, which contains JSON, is a
// byte slice, because encoding/json would change the bytes of embedded JSON.
type stagedContent struct {
	Data     domain.TransactionData
	Metadata []byte
	Hash     []byte
}

func encodeStaged(data domain.TransactionData) ([]byte, error) {
	content := stagedContent{Data: data, Metadata: data.Metadata}
	content.Hash = gormstore.HashColumn(data.ContentHash)
	content.Data.Metadata, content.Data.ContentHash = nil, domain.ContentHash{}
	return json.Marshal(content)
}

func decodeStaged(text []byte) (domain.TransactionData, error) {
	var content stagedContent
	if err := json.Unmarshal(text, &content); err != nil {
		return domain.TransactionData{}, err
	}
	data := content.Data
	data.Metadata = content.Metadata
	copy(data.ContentHash[:], content.Hash)
	return data, nil
}

// stageBatch is the maximum number of rows in one INSERT. It keeps the number of parameters below the limits of both
// databases.
const stageBatch = 100

// stageRows stores rows that are not visible yet. If Restart is set, it first deletes the staged rows of this step and
// of all later steps. In all cases, it deletes the staged rows that the page reports as removed.
func (p *pageWriter) stageRows(c *records.Changes) error {
	if c.Stage.Restart {
		if err := p.restartStaging(c.Stage.Step); err != nil {
			return err
		}
	}
	rows := make([]gormstore.StagedRow, 0, len(c.Stage.Rows))
	for i := range c.Stage.Rows {
		data := &c.Stage.Rows[i]
		content, err := encodeStaged(*data)
		if err != nil {
			return err
		}
		rows = append(rows, gormstore.StagedRow{
			Tenant: p.pull.Tenant, Connection: p.pull.Connection, ExternalID: data.ExternalID, Step: c.Stage.Step,
			Account: data.Account, Date: string(data.Date), Content: content,
		})
	}
	if len(rows) > 0 {
		if err := p.tx.Clauses(upsertStaged).CreateInBatches(rows, stageBatch).Error; err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(c.Stage.Removed, removalBatch) {
		removed := p.own().Where(p.dialect.AnyOf("external_id", batch))
		if err := removed.Delete(&gormstore.StagedRow{}).Error; err != nil {
			return err
		}
	}
	return nil
}

// restartStaging deletes the staged rows of a step and of all later steps, and records that the connection has a new
// account reference.
func (p *pageWriter) restartStaging(step int) error {
	if err := p.own().Where("step >= ?", step).Delete(&gormstore.StagedRow{}).Error; err != nil {
		return err
	}
	return p.tx.Model(&gormstore.ConnectionRow{}).
		Where("id = ? AND (NOT new_reference OR staged_since IS NULL)", p.pull.Connection).
		Updates(map[string]any{
			"new_reference": true, "staged_since": gorm.Expr("COALESCE(staged_since, ?)", gormstore.At(p.At)),
		}).Error
}

// upsertStaged makes an INSERT overwrite the staged row with the same external id.
var upsertStaged = clause.OnConflict{
	Columns:   []clause.Column{{Name: "connection_id"}, {Name: "external_id"}, {Name: "tenant_id"}},
	UpdateAll: true,
}

// visitStaged calls visit with each staged row of the connection that matches the condition. The text of the condition
// may end with ORDER BY and LIMIT.
func (p *pageWriter) visitStaged(visit func(domain.TransactionData), condition string, args ...any) error {
	q := gormstore.NewQuery("SELECT content FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?",
		gormstore.UUID(p.pull.Connection), gormstore.UUID(p.pull.Tenant))
	q.Add(condition, args...)
	var content []byte
	return p.tx.Read(q.AsRead([]any{&content}, func() error {
		data, err := decodeStaged(content)
		if err == nil {
			visit(data)
		}
		return err
	}))
}

// FormerAccounts returns the accounts of the connection. If all these accounts belong to the current account reference,
// it also returns accounts of deleted connections.
func (s pulls) FormerAccounts(ctx context.Context, lease domain.Lease) ([]ports.FormerAccount, error) {
	var former []ports.FormerAccount
	p := newPageWriter(s.Dialect, ports.PageWrite{})
	err := s.readUnderLease(ctx, s.WorkTimeout, lease, p, func() (err error) {
		own := p.tx.Table("accounts").Select("accounts.*").
			Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
			Order("external_id").Limit(ports.MaxFormerAccounts)
		if former, err = formerAccounts(own); err != nil {
			return err
		}
		var connection gormstore.ConnectionRow
		err = p.tx.Select("account_ref").Where("id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
			Take(&connection).Error
		if err != nil {
			return err
		}
		if slices.ContainsFunc(former, func(a ports.FormerAccount) bool { return !a.IsOf(connection.AccountRef) }) {
			return nil
		}
		deleted, err := formerAccounts(p.tx.Table("accounts").Select("accounts.*, c.deleted_at").
			Joins("JOIN connections c ON c.id = accounts.connection_id AND c.tenant_id = accounts.tenant_id").
			Where("c.tenant_id = ? AND c.vendor = ? AND "+isContinuable, p.pull.Tenant, p.pull.Vendor).
			Order("c.deleted_at DESC, c.id DESC, accounts.external_id").Limit(ports.MaxFormerAccounts - len(former)))
		former = append(former, deleted...)
		return err
	})
	return former, err
}

// formerAccounts runs a query of accounts. The column deleted_at is that of the connection.
func formerAccounts(query *gorm.DB) ([]ports.FormerAccount, error) {
	var rows []struct {
		gormstore.AccountRow
		Deleted gormstore.Instant `gorm:"column:deleted_at"`
	}
	if err := query.Find(&rows).Error; err != nil {
		return nil, err
	}
	accounts := make([]ports.FormerAccount, len(rows))
	for i := range rows {
		account, err := rows[i].Domain()
		if err != nil {
			return nil, err
		}
		accounts[i] = ports.FormerAccount{Account: account, DeletedAt: rows[i].Deleted.Time}
	}
	return accounts, nil
}

// isContinuable is an SQL condition on rows of connections with the alias c. It is true for a deleted connection whose
// accounts another connection may take over.
const isContinuable = "c.deleted_at IS NOT NULL AND c.erased_at IS NULL"

// RowsOfAccount reads the rows one by one, so that it does not keep the metadata of all rows in memory at the same
// time.
func (s pulls) RowsOfAccount(ctx context.Context, lease domain.Lease, account domain.AccountID, externalID string,
	rules *ports.Matching,
) ([]banktext.Row, error) {
	var rows []banktext.Row
	p := newPageWriter(s.Dialect, ports.PageWrite{})
	add := func(data domain.TransactionData) { rows = append(rows, rules.Row(data, account)) }
	err := s.readUnderLease(ctx, s.WorkTimeout, lease, p, func() error {
		if account.IsZero() {
			return p.visitStaged(add, " AND account = ? ORDER BY date DESC, external_id LIMIT ?", externalID,
				ports.MaxComparedRows)
		}
		var connection uuid.UUID
		owner := gormstore.NewQuery("SELECT connection_id FROM accounts WHERE id = ? AND tenant_id = ?",
			gormstore.UUID(account.UUID), gormstore.UUID(p.pull.Tenant))
		err := p.tx.Read(owner.AsRead([]any{(*gormstore.UUID)(&connection)}, func() error { return nil }))
		if err != nil {
			return err
		}
		return p.visitScope(gormstore.TransactionTable, isStored, ofConnection(connection),
			func(r *records.Record) { add(r.TransactionData) },
			"account_id = ? AND removed_at IS NULL ORDER BY date DESC, external_id LIMIT ?",
			gormstore.UUID(account.UUID), ports.MaxComparedRows)
	})
	return rows, err
}
