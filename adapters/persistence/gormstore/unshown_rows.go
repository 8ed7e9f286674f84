package gormstore

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// unshownRow is a row of unshown_transactions. It names a transaction of a relinked account, that is, an account that
// is now read under another account reference. The vendor has not returned the transaction under the present reference.
// The transaction is live, or was removed within domain.MatchWindow because no read had returned it.
type unshownRow struct {
	Tenant     uuid.UUID `gorm:"column:tenant_id"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	ExternalID string    `gorm:"column:external_id"`
	Account    uuid.UUID `gorm:"column:account_id"`
	Date       string    `gorm:"column:date"`
}

// TableName returns the name of the table in the schema.
func (unshownRow) TableName() string { return "unshown_transactions" }

// followUnshown deletes the rows that the page contains from unshown_transactions. It then matches the other unshown
// rows with the new rows of the page. If an unshown row matches a new row, the new row becomes the present row of its
// transaction. followUnshown compares the rows of a few days at a time.
func (r *replacer) followUnshown() error {
	if len(r.pageWriter.rows) == 0 {
		return nil
	}
	if err := r.forgetUnshown(keys(r.Transactions, transactionKey)); err != nil || r.Matching == nil {
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
		if err := r.matchUnshown(unknown[:end]); err != nil {
			return err
		}
		unknown = unknown[end:]
	}
	return nil
}

// matchUnshown matches new rows of the page with unshown rows, and writes the replacements. The new rows must be
// ordered by date.
func (r *replacer) matchUnshown(unknown []*TransactionRow) error {
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
		r.since(), uuidColumn(r.pull.Connection), uuidColumn(r.pull.Tenant),
		string(unknown[0].Date.AddDays(-domain.MatchDays)),
		string(unknown[len(unknown)-1].Date.AddDays(domain.MatchDays)))
	if err != nil || len(stored) == 0 {
		return err
	}
	for _, row := range unknown {
		account := domain.AccountID{UUID: r.accountIDs[row.Account]}
		in.Came = append(
			in.Came,
			domain.NewMatchRow(row.TransactionData, account, r.Matching.Keys(row.TransactionData)),
		)
	}
	matches := domain.MatchUnshown(in)
	if len(matches) == 0 {
		return nil
	}
	if err := r.reserveChangeSeq(); err != nil {
		return err
	}
	var taken []string
	for _, match := range matches {
		old := stored[match.Left]
		if err := r.archiveByID(old.ID.UUID); err != nil {
			return err
		}
		past := domain.Superseded{ExternalID: match.Left, At: r.At, Rule: match.Rule, Version: old.Version}
		if err := r.rename(old, match.Came, append(slices.Clone(old.Supersedes), past)); err != nil {
			return err
		}
		if err := r.rememberPast(match.Left, old.ID.UUID); err != nil {
			return err
		}
		r.expectReplaced(match.Came, old)
		delete(r.leaving, match.Left)
		taken = append(taken, match.Left)
	}
	return r.forgetUnshown(taken)
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

// forgetUnshown deletes the rows with these external ids from unshown_transactions.
func (p *pageWriter) forgetUnshown(externalIDs []string) error {
	for batch := range slices.Chunk(externalIDs, removalBatch) {
		err := p.tx.Where("connection_id = ? AND tenant_id = ?", p.pull.Connection, p.pull.Tenant).
			Where(p.dialect.AnyOf("external_id", batch)).Delete(&unshownRow{}).Error
		if err != nil {
			return err
		}
	}
	return nil
}
