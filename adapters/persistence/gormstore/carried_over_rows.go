package gormstore

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// carriedOverRow is a row of unshown_transactions. It names a transaction that the vendor has not yet returned under
// the account's current account reference. The transaction is live, or was removed within domain.MatchWindow because no
// pull had returned it.
type carriedOverRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	Account    uuid.UUID `gorm:"column:account_id"`
	Date       string    `gorm:"column:date"`
}

// TableName returns the name of the table in the schema.
func (carriedOverRow) TableName() string { return "unshown_transactions" }

// followCarriedOver deletes the page's rows from unshown_transactions (see carriedOverRow). It then matches the
// remaining rows of that table with new rows of the page, a few days at a time. A matched transaction continues with
// the new row.
func (r *replacer) followCarriedOver() error {
	if len(r.pageWriter.rows) == 0 {
		return nil
	}
	if err := r.forgetCarriedOver(keys(r.Transactions, transactionKey)); err != nil || r.Matching == nil {
		return err
	}
	unknown := slices.DeleteFunc(r.unknownRows(), func(row *TransactionRow) bool {
		return slices.Contains(r.Unmatched, row.ExternalID)
	})
	if len(unknown) == 0 {
		return nil
	}
	if err := r.readSplitPairs(); err != nil {
		return err
	}
	slices.SortFunc(unknown, func(a, b *TransactionRow) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	for len(unknown) > 0 {
		end := min(matchWindowRows, len(unknown))
		for end < len(unknown) && unknown[end].Date == unknown[end-1].Date {
			end++
		}
		if err := r.matchCarriedOver(unknown[:end]); err != nil {
			return err
		}
		unknown = unknown[end:]
	}
	return nil
}

// matchCarriedOver matches new rows of the page with carried-over rows (see carriedOverRow), and writes the
// replacements. The new rows must be ordered by date.
func (r *replacer) matchCarriedOver(unknown []*TransactionRow) error {
	stored := map[string]*TransactionRow{}
	in := domain.RelinkInput{Never: r.never}
	err := r.load(func(row *TransactionRow, t domain.Transaction) {
		stored[t.ExternalID] = row
		side := &in.Live
		if !t.RemovedAt.IsZero() {
			side = &in.NotShown
		}
		*side = append(*side, domain.NewMatchRow(t.TransactionData, t.AccountID, r.Matching.Keys(t.TransactionData)))
	}, `(removed_at IS NULL OR removed_at >= ?) AND superseded_by IS NULL AND external_id IN
		(SELECT external_id FROM unshown_transactions
			WHERE connection_id = ? AND tenant_id = ? AND date BETWEEN ? AND ?)`,
		r.windowStart(), uuidColumn(r.pull.Connection), uuidColumn(r.pull.Tenant),
		string(unknown[0].Date.AddDays(-domain.MatchDays)),
		string(unknown[len(unknown)-1].Date.AddDays(domain.MatchDays)))
	if err != nil || len(stored) == 0 {
		return err
	}
	for _, row := range unknown {
		account := domain.AccountID{UUID: r.accountIDs[row.Account]}
		in.New = append(
			in.New,
			domain.NewMatchRow(row.TransactionData, account, r.Matching.Keys(row.TransactionData)),
		)
	}
	matches := domain.MatchCarriedOver(in)
	if len(matches) == 0 {
		return nil
	}
	if err := r.reserveChangeSeq(); err != nil {
		return err
	}
	var taken []string
	for _, match := range matches {
		old := stored[match.Old]
		if err := r.archiveByID(old.ID.UUID); err != nil {
			return err
		}
		past := domain.Superseded{ExternalID: match.Old, At: r.At, Rule: match.Rule, Version: old.Version}
		if err := r.rename(old, match.New, append(slices.Clone(old.Supersedes), past)); err != nil {
			return err
		}
		if err := r.rememberPast(match.Old, old.ID.UUID); err != nil {
			return err
		}
		r.expectReplaced(match.New, old)
		delete(r.leaving, match.Old)
		taken = append(taken, match.Old)
	}
	return r.forgetCarriedOver(taken)
}

// forgetExpired deletes the entries of unshown_transactions whose rows were removed more than domain.MatchWindow ago,
// or were replaced by other rows.
func (p *pageWriter) forgetExpired() error {
	since := instant{p.At.Add(-domain.MatchWindow)}.value(p.tx.Name())
	return p.tx.Exec(`DELETE FROM unshown_transactions WHERE connection_id = ? AND tenant_id = ? AND NOT EXISTS
		(SELECT 1 FROM transactions t WHERE t.connection_id = unshown_transactions.connection_id
			AND t.external_id = unshown_transactions.external_id AND t.tenant_id = unshown_transactions.tenant_id
			AND t.superseded_by IS NULL AND (t.removed_at IS NULL OR t.removed_at >= ?))`,
		p.pull.Connection, p.pull.Tenant, since).Error
}

// forgetCarriedOver deletes the rows with these external ids from unshown_transactions.
func (p *pageWriter) forgetCarriedOver(externalIDs []string) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		err := p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
			Where(p.dialect.AnyOf("external_id", batch)).Delete(&carriedOverRow{}).Error
		if err != nil {
			return err
		}
	}
	return nil
}
