package gormstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// publishTimeout limits a publication. It writes all rows of a connection in one transaction.
const publishTimeout = 10 * time.Minute

// Batches of a publication, in rows. They keep the numbers of parameters below the limits of both databases.
const (
	publishBatch = 500
	renameBatch  = 100
)

// publisher makes the staged rows of one connection visible.
type publisher struct {
	*replacer
	w ports.Publication

	accounts map[uuid.UUID]*accountRow // of the connection
	relinked map[uuid.UUID]bool        // the accounts that were not of this reference before
	held     map[string]bool           // the external ids of accounts whose rows remain staged

	staged     map[string]bool                   // the external ids of the rows that become visible
	oldest     map[uuid.UUID]domain.Date         // of those, by account
	candidates map[string]*candidate             // rows that leave or left recently, by external id
	byID       map[uuid.UUID]*candidate          // the same rows
	past       map[string]uuid.UUID              // the transactions that had a staged row before, by its external id
	archived   map[string]bool                   // new external ids of rows whose present version is archived already
	inputs     map[uuid.UUID]*domain.RelinkInput // by account
}

// candidate is a stored row that a staged row may continue.
type candidate struct {
	id, account uuid.UUID
	externalID  string
	version     int
	date        domain.Date
	past        []domain.Superseded
	leaves      bool // the row is live
	taken       bool // the transaction of the row has got another row
}

// renaming gives the transaction of a candidate another row.
type renaming struct {
	*candidate
	externalID string
	past       []domain.Superseded
}

// Publish runs in one transaction. It reads the staged rows twice, so that only what a match needs is in memory.
func (s pulls) Publish(ctx context.Context, lease domain.Lease, w ports.Publication) (ports.Published, error) {
	p := s.newPageWriter(ports.PageWrite{
		Matching:   w.Matching,
		AccountKey: w.AccountKey,
		NewID:      w.NewID,
		AccountRef: w.AccountRef,
		Progress:   w.Progress,
		At:         w.At,
		LeaseUntil: w.LeaseUntil,
	})
	b := &publisher{
		replacer: &replacer{
			pageWriter: p, leaving: map[string]leavingRow{}, rows: map[uuid.UUID]*TransactionRow{}, complete: true,
		},
		w: w, accounts: map[uuid.UUID]*accountRow{}, relinked: map[uuid.UUID]bool{}, held: map[string]bool{},
		staged: map[string]bool{}, oldest: map[uuid.UUID]domain.Date{}, candidates: map[string]*candidate{},
		byID: map[uuid.UUID]*candidate{}, past: map[string]uuid.UUID{}, archived: map[string]bool{},
		inputs: map[uuid.UUID]*domain.RelinkInput{},
	}
	b.shown = func(externalID string) bool { return b.staged[externalID] }
	published := ports.Published{}
	counts, err := s.runPageWithin(ctx, publishTimeout, lease, p, func() (err error) {
		published.Complete, err = b.publish(s)
		return err
	})
	published.Counts = counts
	if err != nil {
		return ports.Published{}, err
	}
	return published, nil
}

// publish returns Published.Complete.
func (b *publisher) publish(s pulls) (complete bool, err error) {
	steps := []func() error{
		b.checkTarget,
		b.reserveChangeSeq,
		func() error { return b.putAccounts(s) },
		func() (err error) {
			complete, err = b.endFormer()
			return err
		},
		b.readPast, b.readStored, b.returnToPast, b.readStaged, b.match, b.writeStaged, b.attachFirstStored,
		b.removeUnmatched,
		func() error { return b.replaceAbsences("", 1, nil) },
		func() error { return b.end(complete) },
		func() error { return b.updatePull(&b.Progress) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return false, err
		}
	}
	return complete, nil
}

func targetChanged() error { return &domain.Error{Kind: domain.Conflict, Code: domain.TargetChanged} }

// checkTarget locks the connection, so that nobody changes its target before the transaction ends. Errors:
// TargetChanged.
func (b *publisher) checkTarget() error {
	row, err := first[connectionRow](locked(b.tx.DB, noKeyUpdate).
		Where("id = ? AND tenant_id = ? AND deleted_at IS NULL", b.pull.Connection, b.pull.Tenant))
	if errors.Is(err, domain.NotFound) {
		return leaseLost()
	}
	if c := row.domain(); err == nil && c.Target() != b.w.Target {
		err = targetChanged()
	}
	return err
}

// putAccounts stores the accounts of the new reference.
func (b *publisher) putAccounts(s pulls) error {
	var own []accountRow
	err := b.tx.Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).Find(&own).Error
	if err != nil {
		return err
	}
	for i := range own {
		b.accounts[own[i].ID] = &own[i]
	}
	for _, published := range b.w.Accounts {
		if err := b.putAccount(s, published); err != nil {
			return err
		}
	}
	for _, account := range b.accounts {
		b.accountIDs[account.ExternalID] = account.ID
	}
	b.counts.Accounts = len(b.w.Accounts)
	return nil
}

func (b *publisher) putAccount(s pulls, published ports.PublishedAccount) error {
	if published.Continues.IsZero() {
		row := accountRow{
			ID: b.NewID().UUID, Tenant: b.pull.Tenant, Connection: b.pull.Connection, Vendor: b.pull.Vendor,
			FirstSeen: instant{b.At}, Updated: instant{b.At}, AccountRef: b.AccountRef,
		}
		row.set(published.Data)
		row.AccountKey = b.KeyOf(published.Data)
		if published.Listed {
			row.markListed()
		}
		b.accounts[row.ID] = &row
		b.firstStored = append(b.firstStored, row.ExternalID)
		if err := b.tx.Create(&row).Error; err != nil {
			return err
		}
		return b.recordEvents(domain.AccountAdded, row.ID.String())
	}
	row := b.accounts[published.Continues.UUID]
	moves := row == nil
	if moves {
		var err error
		if row, err = b.moveAccount(s, published.Continues.UUID); err != nil {
			return err
		}
	}
	account, err := row.domain()
	if err != nil {
		return err
	}
	b.relinked[row.ID] = moves || !account.IsOf(b.AccountRef) || account.ExternalID != published.Data.ExternalID
	account.Relink(b.AccountRef, published.Data.ExternalID, b.At)
	before := *row
	row.set(published.Data)
	row.AccountKey = b.KeyOf(published.Data)
	if published.Listed {
		row.markListed()
	}
	changed := !row.equal(before)
	if err := b.saveAccount(row, account); err != nil {
		return err
	}
	if b.relinked[row.ID] {
		if err := b.recordEvents(domain.AccountRelinked, row.ID.String()); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return b.recordEvents(domain.AccountModified, row.ID.String())
}

// saveAccount stores a row with the references of account.
func (b *publisher) saveAccount(row *accountRow, account domain.Account) (err error) {
	row.Updated = instant{b.At}
	if row.References, err = encode(account.References); err != nil {
		return err
	}
	return b.tx.Model(&accountRow{}).Where("id = ? AND tenant_id = ?", row.ID, b.pull.Tenant).
		Select("*").Updates(row).Error
}

// accountTables are the tables whose rows belong to an account and name its connection.
var accountTables = []string{"account_closes", "account_completeness", "account_balances"}

// moveAccount makes an account of a deleted connection, and everything that belongs to it, an account of the pull's
// connection. Errors: TargetChanged if there is no such account any more.
func (b *publisher) moveAccount(s pulls, id uuid.UUID) (*accountRow, error) {
	find := func() (accountRow, error) {
		row, err := first[accountRow](b.tx.Where("id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Where(`connection_id IN (SELECT id FROM connections WHERE tenant_id = ? AND deleted_at IS NOT NULL
				AND erased_at IS NULL)`, b.pull.Tenant))
		if errors.Is(err, domain.NotFound) {
			err = targetChanged()
		}
		return row, err
	}
	row, err := find()
	if err == nil {
		err = s.shareConnection(b.tx, row.Connection)
	}
	if err != nil {
		return nil, err
	}
	from, to := row.Connection, b.pull.Connection
	moved, err := rowsOf(b.tx.Model(&accountRow{}).
		Where("id = ? AND tenant_id = ? AND connection_id = ?", id, b.pull.Tenant, from).Update("connection_id", to))
	if err == nil && moved == 0 {
		err = targetChanged()
	}
	if err != nil {
		return nil, err
	}
	for _, table := range accountTables {
		err := b.tx.Table(table).Where("account_id = ? AND tenant_id = ?", id, b.pull.Tenant).
			Update("connection_id", to).Error
		if err != nil {
			return nil, err
		}
	}
	row.Connection = to
	b.accounts[id] = &row
	return &row, b.moveRows(from, id)
}

// moveRows makes the transactions of an account those of the pull's connection. Each gets a new version.
func (b *publisher) moveRows(from, account uuid.UUID) error {
	to, tenant := b.pull.Connection, b.pull.Tenant
	if err := b.tx.Read(b.readChangeSeq(domain.PullID{UUID: b.pull.ID})); err != nil { // there may be closes now
		return err
	}
	err := b.readReplacedOf(from, clause.Expr{SQL: "account_id = ?", Vars: []any{uuidColumn(account)}})
	if err != nil {
		return err
	}
	const ofAccount = "connection_id = ? AND tenant_id = ? AND account_id = ?"
	const ids = " IN (SELECT id FROM transactions WHERE " + ofAccount + ")"
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{archiveSQL + " AND account_id = ?", []any{from, tenant, account}},
		{"UPDATE transaction_versions SET connection_id = ? WHERE connection_id = ? AND tenant_id = ? AND id" + ids,
			[]any{to, from, tenant, from, tenant, account}},
		{"UPDATE transaction_past_ids SET connection_id = ? WHERE connection_id = ? AND tenant_id = ? " +
			"AND transaction_id" + ids, []any{to, from, tenant, from, tenant, account}},
		{`INSERT INTO split_pairs (connection_id, left_external_id, came_external_id, tenant_id)
			SELECT ?, left_external_id, came_external_id, tenant_id FROM split_pairs
			WHERE connection_id = ? AND tenant_id = ? ON CONFLICT DO NOTHING`, []any{to, from, tenant}},
		{`UPDATE transactions SET connection_id = ?, version = version + 1, updated_at = ?, change_tx = ?, pull_id = ?
			WHERE ` + ofAccount,
			[]any{to, instant{b.At}.value(b.tx.Name()), b.changeSeq, b.pull.ID, from, tenant, account}},
	} {
		if err := b.tx.Exec(statement.sql, statement.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// endFormer marks the accounts as removed that no account of the new reference continues. It reports whether no account
// that cannot be read may be one of them.
func (b *publisher) endFormer() (complete bool, err error) {
	var former []domain.Account
	open := false
	for _, row := range b.accounts {
		account, err := row.domain()
		if err != nil {
			return false, err
		}
		if !account.IsOf(b.AccountRef) && account.RemovedAt.IsZero() {
			former, open = append(former, account), true
		}
	}
	if open && len(b.w.Unreadable) > 0 {
		for _, id := range b.w.Unreadable {
			b.held[id] = true
		}
		return false, nil
	}
	for _, account := range former {
		account.EndReference(b.At)
		row := b.accounts[account.ID.UUID]
		row.Removed = instant{b.At}
		if err := b.saveAccount(row, account); err != nil {
			return false, err
		}
		if err := b.recordEvents(domain.AccountRemoved, row.ID.String()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// readPast fills past and staged.
func (b *publisher) readPast() error {
	var externalID, account string
	q := newQuery("SELECT external_id, account FROM staged_transactions WHERE connection_id = ? AND tenant_id = ?",
		uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
	err := b.tx.Read(q.into([]any{(*textColumn)(&externalID), (*textColumn)(&account)}, func() error {
		if !b.held[account] {
			b.staged[externalID] = true
		}
		return nil
	}))
	if err != nil {
		return err
	}
	var transaction uuid.UUID
	q = newQuery(`SELECT p.external_id, p.transaction_id FROM transaction_past_ids p
		JOIN staged_transactions s ON s.connection_id = p.connection_id AND s.tenant_id = p.tenant_id
			AND s.external_id = p.external_id
		WHERE p.connection_id = ? AND p.tenant_id = ? AND NOT EXISTS (SELECT 1 FROM transactions t
			WHERE t.connection_id = p.connection_id AND t.external_id = p.external_id)`,
		uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
	return b.tx.Read(q.into([]any{(*textColumn)(&externalID), (*uuidColumn)(&transaction)}, func() error {
		if b.staged[externalID] {
			b.past[externalID] = transaction
		}
		return nil
	}))
}

// readStored fills candidates, and the live rows and those that left in inputs.
func (b *publisher) readStored() error {
	for id, relinked := range b.relinked {
		if relinked {
			b.inputs[id] = &domain.RelinkInput{}
		}
	}
	return b.load(func(_ *TransactionRow, t domain.Transaction) {
		in := b.inputs[t.AccountID.UUID]
		leaves := t.RemovedAt.IsZero()
		if b.staged[t.ExternalID] || in == nil && !(leaves && t.AccountID.IsZero()) {
			return
		}
		c := &candidate{
			id: t.ID.UUID, account: t.AccountID.UUID, externalID: t.ExternalID, version: t.Version, date: t.Date,
			past: t.Supersedes, leaves: leaves,
		}
		b.candidates[t.ExternalID], b.byID[c.id] = c, c
		if leaves {
			b.leaving[t.ExternalID] = leavingRow{externalID: t.ExternalID}
		}
		if in == nil || b.Matching == nil {
			return
		}
		row := domain.NewMatchRow(t.TransactionData, t.AccountID, b.Matching.Keys(t.TransactionData))
		if leaves {
			in.Live = append(in.Live, row)
		} else {
			in.Left = append(in.Left, row)
		}
	}, "superseded_by IS NULL AND (removed_at IS NULL OR removed_at >= ?)", b.since())
}

// returnToPast lets transactions whose past rows are staged return to them. Most of them have left with their present
// row. The others need splits, which are made one by one.
func (b *publisher) returnToPast() error {
	times := map[uuid.UUID]int{}
	for _, transaction := range b.past {
		times[transaction]++
	}
	var returns []renaming
	var rest []string
	for _, externalID := range slices.Sorted(maps.Keys(b.past)) {
		c := b.byID[b.past[externalID]]
		if c == nil || times[c.id] > 1 {
			rest = append(rest, externalID)
			continue
		}
		others, past, _ := domain.Transaction{Supersedes: c.past}.WithoutPast(externalID)
		returns = append(returns, renaming{c, externalID, append(others, domain.Superseded{
			ExternalID: c.externalID, At: b.At, Rule: past.Rule, Version: c.version,
		})})
	}
	if len(returns) > 0 {
		which := b.dialect.AnyOf("external_id", keys(returns, func(r *renaming) string { return r.externalID }))
		err := b.tx.Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).Where(which).
			Delete(&pastIDRow{}).Error
		if err != nil {
			return err
		}
	}
	for batch := range slices.Chunk(returns, renameBatch) {
		if err := b.rename(batch); err != nil {
			return err
		}
	}
	return b.followOthers(rest)
}

// followOthers follows the past rows with these external ids as StorePage does.
func (b *publisher) followOthers(externalIDs []string) error {
	if len(externalIDs) == 0 {
		return nil
	}
	b.pageWriter.rows = make([]TransactionRow, len(externalIDs))
	for i, id := range externalIDs {
		b.pageWriter.rows[i].ExternalID = id
		if c := b.byID[b.past[id]]; c != nil {
			c.taken = true
		}
	}
	if err := b.followPast(); err != nil {
		return err
	}
	for externalID, stored := range b.stored {
		b.archived[externalID] = stored.archived
	}
	b.pageWriter.rows, b.stored = nil, nil
	return nil
}

// rename archives the present versions of candidates and gives their transactions other rows. The caller stores the new
// content.
func (b *publisher) rename(batch []renaming) error {
	which := b.dialect.AnyOf("external_id", keys(batch, func(r *renaming) string { return r.candidate.externalID }))
	if err := b.archive(which); err != nil {
		return err
	}
	var names, texts strings.Builder
	var nameArgs, textArgs []any
	past := make([]pastIDRow, 0, len(batch))
	for _, r := range batch {
		text, err := encodePast(r.past)
		if err != nil {
			return err
		}
		names.WriteString(" WHEN ? THEN ?")
		texts.WriteString(" WHEN ? THEN ?")
		nameArgs = append(nameArgs, r.id, r.externalID)
		textArgs = append(textArgs, r.id, text)
		past = append(past, pastIDRow{
			Tenant: b.pull.Tenant, Connection: b.pull.Connection, ExternalID: r.candidate.externalID, Transaction: r.id,
		})
		r.taken, b.archived[r.externalID] = true, true
		delete(b.leaving, r.candidate.externalID)
	}
	args := slices.Concat(nameArgs, textArgs, []any{b.pull.Connection, b.pull.Tenant}, which.Vars)
	err := b.tx.Exec("UPDATE transactions SET external_id = CASE id"+names.String()+" END, supersedes = CASE id"+
		texts.String()+" END WHERE connection_id = ? AND "+equalUnindexed("tenant_id")+" AND "+which.SQL, args...).Error
	if err != nil {
		return err
	}
	return b.tx.Create(&past).Error
}

// readStaged fills oldest, and the rows that came in inputs.
func (b *publisher) readStaged() error {
	known := map[string]bool{}
	var externalID string
	q := newQuery(`SELECT t.external_id FROM transactions t JOIN staged_transactions s
		ON s.connection_id = t.connection_id AND s.external_id = t.external_id
		WHERE t.connection_id = ? AND s.tenant_id = ?`, uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
	err := b.tx.Read(q.into([]any{(*textColumn)(&externalID)}, func() error {
		known[externalID] = true
		return nil
	}))
	if err != nil {
		return err
	}
	return b.visitStaged(func(data domain.TransactionData) error {
		if !b.staged[data.ExternalID] {
			return nil
		}
		account := b.accountIDs[data.Account]
		if oldest, ok := b.oldest[account]; !ok || data.Date < oldest {
			b.oldest[account] = data.Date
		}
		if in := b.inputs[account]; in != nil && b.Matching != nil && !known[data.ExternalID] {
			in.Came = append(in.Came,
				domain.NewMatchRow(data, domain.AccountID{UUID: account}, b.Matching.Keys(data)))
		}
		return nil
	}, "")
}

// match lets transactions of continued accounts continue with the staged rows.
func (b *publisher) match() error {
	if b.Matching == nil {
		return nil
	}
	if err := b.readSplitPairs(); err != nil {
		return err
	}
	taken := func(row domain.MatchRow) bool { return b.candidates[row.ExternalID].taken }
	for _, in := range b.inputs {
		in.Live, in.Left = slices.DeleteFunc(in.Live, taken), slices.DeleteFunc(in.Left, taken)
		in.Never = b.never
		var found []renaming
		for _, match := range domain.MatchRelinked(*in) {
			c := b.candidates[match.Left]
			found = append(found, renaming{c, match.Came, append(slices.Clone(c.past), domain.Superseded{
				ExternalID: match.Left, At: b.At, Rule: match.Rule, Version: c.version,
			})})
		}
		*in = domain.RelinkInput{}
		for batch := range slices.Chunk(found, renameBatch) {
			if err := b.rename(batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeStaged writes the staged rows that become visible, as pages.
func (b *publisher) writeStaged() error {
	for after := ""; ; {
		var page []domain.TransactionData
		read := 0
		err := b.visitStaged(func(data domain.TransactionData) error {
			read, after = read+1, data.ExternalID
			if b.staged[data.ExternalID] {
				page = append(page, data)
			}
			return nil
		}, " AND external_id > ? ORDER BY external_id LIMIT ?", after, publishBatch)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			if err := b.writePage(page); err != nil {
				return err
			}
		}
		if read < publishBatch {
			return nil
		}
	}
}

// writePage writes rows that differ from the stored ones.
func (b *publisher) writePage(page []domain.TransactionData) error {
	p := b.pageWriter
	p.Transactions, p.stored = page, nil
	p.convert()
	defer func() { p.Transactions, p.rows, p.stored = nil, nil, nil }()
	if err := p.tx.Read(p.readStored(domain.Lease{Pull: domain.PullID{UUID: p.pull.ID}})); err != nil {
		return err
	}
	for externalID, stored := range p.stored {
		stored.archived = b.archived[externalID]
		p.stored[externalID] = stored
	}
	read := p.counts.Read
	changed := p.changedRows()
	p.counts.Read = read // the rows were counted when they were staged
	if len(changed) > 0 {
		if err := p.archiveReplaced(changed); err != nil {
			return err
		}
		if err := p.dialect.UpsertTransactions(p.tx.DB, changed); err != nil {
			return err
		}
	}
	if len(p.refreshed) == 0 {
		return nil
	}
	err := p.dialect.SaveMetadata(p.tx.DB, p.pull.Connection, p.refreshed, p.metadata, p.hashes)
	p.refreshed, p.metadata, p.hashes = nil, nil, nil
	return err
}

// removeUnmatched removes the rows that leave, unless they are older than what the new reference returns.
func (b *publisher) removeUnmatched() error {
	var removed []string
	for externalID := range b.leaving {
		c := b.candidates[externalID]
		if oldest, ok := b.oldest[c.account]; ok && c.date >= oldest {
			removed = append(removed, externalID)
		}
	}
	slices.Sort(removed)
	return b.markRemoved(removed)
}

// end deletes the staged rows and ends the new reference, if the publication is complete.
func (b *publisher) end(complete bool) error {
	if !complete {
		return nil
	}
	if err := b.pageWriter.staged().Delete(&stagedRow{}).Error; err != nil {
		return err
	}
	return b.tx.Model(&connectionRow{}).Where("id = ?", b.pull.Connection).Update("new_reference", false).Error
}
