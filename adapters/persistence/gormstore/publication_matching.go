package gormstore

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The rows of the relinked accounts are compared in windows of dates. A window consists of whole days. It ends with the
// day of its 1,000th stored row (matchWindowRows), or with the day of the last stored row. Only matches of stored rows
// in the window are used.
//
// The matches must not depend on where a window ends. Each comparison therefore includes rows around the window:
//
//   - New rows up to 10 days before and after the window. A stored row never matches a new row by description if their
//     dates are more than 10 days apart.
//   - Stored rows up to 20 days before and after the window. They compete with the rows of the window for the same new
//     rows.
const (
	matchWindowRows  = 1000
	daysAroundNewRow = 10
	daysAroundOldRow = 20
)

// andCondition returns a condition that consists of the word AND and the given text, in which "(...)" is replaced by
// one parameter for each value of list.
func andCondition(text string, list ...any) clause.Expr {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", ") + ")"
	return clause.Expr{SQL: " AND " + strings.Replace(text, "(...)", marks, 1), Vars: list}
}

// visible returns an SQL condition on staged rows. It selects the rows that Publish makes visible. The condition begins
// with AND. It is empty if all staged rows become visible.
func (b *publisher) visible() clause.Expr {
	if len(b.held) == 0 {
		return clause.Expr{}
	}
	held := make([]any, len(b.held))
	for i, id := range b.held {
		held[i] = id
	}
	return andCondition("account NOT IN (...)", held...)
}

// anyRelinked reports whether at least one account is relinked, that is, its account reference or external id has
// changed.
func (b *publisher) anyRelinked() bool {
	for _, relinked := range b.relinked {
		if relinked {
			return true
		}
	}
	return false
}

// readCarriedOver sets b.carriedOver to those accounts of the connection that have carried-over rows. Carried-over rows
// were read under the earlier account reference. The vendor has not yet returned them under the current reference.
func (b *publisher) readCarriedOver() error {
	var ids []uuid.UUID
	err := b.tx.Model(&carriedOverRow{}).Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).
		Distinct().Pluck("account_id", &ids).Error
	b.carriedOver = make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		b.carriedOver[id] = true
	}
	return err
}

// ofRelinked returns an SQL condition on stored rows: the row belongs to a relinked account.
func (b *publisher) ofRelinked() clause.Expr {
	accounts := []any{uuidColumn(uuid.Nil)} // the list must not be empty; the nil UUID matches no account
	for id, relinked := range b.relinked {
		if relinked {
			accounts = append(accounts, uuidColumn(id))
		}
	}
	return andCondition("account_id IN (...)", accounts...)
}

// isCarriedOver is an SQL condition on stored rows: the row is listed in unshown_transactions.
const isCarriedOver = `EXISTS (SELECT 1 FROM unshown_transactions u WHERE u.connection_id = transactions.connection_id
	AND u.external_id = transactions.external_id AND u.tenant_id = transactions.tenant_id)`

// notShown returns an SQL condition on stored rows. It selects the rows that the vendor does not return under the new
// reference. A row counts as returned in two cases:
//
//   - A staged row that becomes visible has the same external id.
//   - The pull has quarantined the row since rows were first staged. Older entries of the quarantine do not count,
//     because the pull may have begun under the earlier account reference.
func (b *publisher) notShown() clause.Expr {
	visible := b.visible()
	hidden := clause.Expr{
		SQL: ` AND NOT EXISTS (SELECT 1 FROM staged_transactions s
			WHERE s.connection_id = transactions.connection_id AND s.external_id = transactions.external_id
			AND s.tenant_id = transactions.tenant_id` + strings.Replace(visible.SQL, "account", "s.account", 1) + `)`,
		Vars: visible.Vars,
	}
	if b.stagedSince.IsZero() {
		// No row was staged, so no entry of the quarantine counts. The condition below would also fail on Citus,
		// because it would compare last_seen_at with NULL in a subquery.
		return hidden
	}
	return and(hidden, clause.Expr{
		SQL: ` AND NOT EXISTS (SELECT 1 FROM quarantined_rows q WHERE q.connection_id = transactions.connection_id
			AND q.tenant_id = transactions.tenant_id AND q.kind = ? AND q.row_key = transactions.external_id
			AND q.pull_id = ? AND q.last_seen_at >= ?)`,
		Vars: []any{
			domain.QuarantinedTransaction, uuidColumn(b.pull.ID), instant{b.stagedSince}.value(b.tx.Name()),
		},
	})
}

// isOpenLive is an SQL condition on stored rows: the row is live, and no other transaction has taken it over.
const isOpenLive = " AND removed_at IS NULL AND superseded_by IS NULL"

// leavesOf returns an SQL condition on stored rows of the connection. It selects the account's live rows, except rows
// that the vendor returns under the new reference. The nil UUID selects the rows without an account.
func (b *publisher) leavesOf(account uuid.UUID) clause.Expr {
	of, hidden := clause.Expr{SQL: " AND account_id = ?", Vars: []any{uuidColumn(account)}}, b.notShown()
	if account == uuid.Nil {
		of = clause.Expr{SQL: " AND account_id IS NULL"}
	}
	return clause.Expr{SQL: isOpenLive + of.SQL + hidden.SQL, Vars: slices.Concat(of.Vars, hidden.Vars)}
}

// leavesRelinked returns an SQL condition on stored rows of the connection: the row is a live row of a relinked
// account, and the vendor does not return the row under the new reference.
func (b *publisher) leavesRelinked() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{SQL: isOpenLive + of.SQL + hidden.SQL, Vars: slices.Concat(of.Vars, hidden.Vars)}
}

// liveBefore returns an SQL condition on stored rows of the connection. A row must meet three conditions:
//
//   - The row is live.
//   - The vendor does not return the row under the new account reference.
//   - The row belongs to a relinked account, or is a carried-over row (see carriedOverRow).
func (b *publisher) liveBefore() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{
		SQL:  isOpenLive + " AND (" + strings.TrimPrefix(of.SQL, " AND ") + " OR " + isCarriedOver + ")" + hidden.SQL,
		Vars: slices.Concat(of.Vars, hidden.Vars),
	}
}

// removedCarriedOver returns an SQL condition on stored rows of the connection. It selects the carried-over rows (see
// carriedOverRow) that were removed at or after windowStart. Rows that the vendor now returns are excluded.
func (b *publisher) removedCarriedOver() clause.Expr {
	hidden := b.notShown()
	return clause.Expr{
		SQL:  " AND removed_at >= ? AND superseded_by IS NULL AND " + isCarriedOver + hidden.SQL,
		Vars: slices.Concat([]any{b.windowStart()}, hidden.Vars),
	}
}

// relinkedOldRows returns an SQL condition on stored rows of the connection. It selects rows of relinked accounts. The
// rows were removed at or after windowStart, and the vendor does not return them.
func (b *publisher) relinkedOldRows() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{
		SQL:  " AND removed_at >= ? AND superseded_by IS NULL" + of.SQL + hidden.SQL,
		Vars: slices.Concat([]any{b.windowStart()}, of.Vars, hidden.Vars),
	}
}

// visitNewRows calls the given function with each new row that matches the condition. A new row is a staged row that
// becomes visible. No stored transaction has its external id. Only rows of the accounts in b.relinked and b.carriedOver
// are visited.
func (b *publisher) visitNewRows(visit func(domain.MatchRow), condition clause.Expr) error {
	var names []any
	for id, account := range b.accounts {
		if b.relinked[id] || b.carriedOver[id] {
			names = append(names, account.ExternalID)
		}
	}
	of, visible := andCondition("account IN (...)", names...), b.visible()
	return b.visitStaged(func(data domain.TransactionData) error {
		account := domain.AccountID{UUID: b.accountIDs[data.Account]}
		visit(domain.NewMatchRow(data, account, b.Matching.Keys(data)))
		return nil
	}, of.SQL+visible.SQL+condition.SQL+` AND NOT EXISTS (SELECT 1 FROM transactions t
		WHERE t.connection_id = staged_transactions.connection_id AND t.external_id = staged_transactions.external_id
			AND t.tenant_id = staged_transactions.tenant_id)`,
		slices.Concat(of.Vars, visible.Vars, condition.Vars)...)
}

// visitStored calls visit with the stored rows of the connection that match the condition. The text of the condition
// begins with AND.
func (b *publisher) visitStored(visit func(*candidate), condition clause.Expr) error {
	return b.load(func(_ *TransactionRow, t domain.Transaction) {
		visit(&candidate{
			MatchRow: domain.NewMatchRow(t.TransactionData, t.AccountID, b.Matching.Keys(t.TransactionData)),
			id:       t.ID.UUID, version: t.Version, past: t.Supersedes,
		})
	}, strings.TrimPrefix(condition.SQL, " AND "), condition.Vars...)
}

func and(a, b clause.Expr) clause.Expr {
	return clause.Expr{SQL: a.SQL + b.SQL, Vars: slices.Concat(a.Vars, b.Vars)}
}

// anyOf returns an SQL condition that selects the rows with one of the given external ids. The text of the condition
// begins with AND.
func (b *publisher) anyOf(externalIDs []string) clause.Expr {
	which := b.dialect.AnyOf("external_id", externalIDs)
	return clause.Expr{SQL: " AND " + which.SQL, Vars: which.Vars}
}

// match finds the stored rows that new rows replace. The transaction of a replaced row keeps its id and gets the
// external id of the new row. The stored rows are considered in this order (see domain.MatchRelinked):
//
//   - Live rows.
//   - Rows that were removed because the vendor had not returned them under the new account reference.
//   - Other rows that were removed recently.
func (b *publisher) match() error {
	if b.Matching == nil {
		return nil
	}
	if err := b.readCarriedOver(); err != nil || !b.anyRelinked() && len(b.carriedOver) == 0 {
		return err
	}
	if err := b.readSplitPairs(); err != nil {
		return err
	}
	live := func(stored, newRows []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{Live: stored, New: newRows, Never: b.never}
	}
	notShown := func(stored, newRows []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{NotShown: stored, New: newRows, Never: b.never}
	}
	oldRows := func(stored, newRows []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{Old: stored, New: newRows, Never: b.never}
	}
	if err := b.matchSide(b.liveBefore(), live); err != nil {
		return err
	}
	if err := b.matchSide(b.removedCarriedOver(), notShown); err != nil {
		return err
	}
	return b.matchSide(b.relinkedOldRows(), oldRows)
}

// relinkInput is a function that returns the input of domain.MatchRelinked for some stored rows and some new rows.
type relinkInput func(stored, newRows []domain.MatchRow) domain.RelinkInput

func (b *publisher) matchSide(open clause.Expr, input relinkInput) error {
	if err := b.matchKeys(open, input); err != nil {
		return err
	}
	return b.matchWindows(open, input)
}

// keyedRow describes the rows with a certain institution key: one stored row, and one new row if hasNew is set.
type keyedRow struct {
	stored uuid.UUID
	newID  string
	shared bool // several stored rows or several new rows have the key
	hasNew bool
}

// matchKeys matches stored rows with new rows by their institution keys. A key must be unique within its account, even
// among rows with distant dates. matchKeys therefore keeps the hashes of all keys in memory.
func (b *publisher) matchKeys(open clause.Expr, input relinkInput) error {
	seed := maphash.MakeSeed()
	byKind := make([]map[uint64]keyedRow, domain.MatchKeyKinds)
	err := b.visitStored(func(c *candidate) {
		for kind, key := range domain.MatchKeys(c.MatchRow) {
			if byKind[kind] == nil {
				byKind[kind] = map[uint64]keyedRow{}
			}
			hash := maphash.String(seed, key)
			_, shared := byKind[kind][hash]
			byKind[kind][hash] = keyedRow{stored: c.id, shared: shared}
		}
	}, open)
	if err != nil {
		return err
	}
	err = b.visitNewRows(func(row domain.MatchRow) {
		for kind, key := range domain.MatchKeys(row) {
			hash := maphash.String(seed, key)
			if known, ok := byKind[kind][hash]; ok {
				known.shared, known.newID, known.hasNew = known.shared || known.hasNew, row.ExternalID, true
				byKind[kind][hash] = known
			}
		}
	}, clause.Expr{})
	if err != nil {
		return err
	}
	for _, known := range byKind {
		maps.DeleteFunc(known, func(_ uint64, row keyedRow) bool { return row.shared || !row.hasNew })
		pairs := slices.SortedFunc(maps.Values(known), func(x, y keyedRow) int { return cmp.Compare(x.newID, y.newID) })
		clear(known)
		for batch := range slices.Chunk(pairs, renameBatch) {
			if err := b.matchKeyed(batch, open, input); err != nil {
				return err
			}
		}
	}
	return nil
}

// matchKeyed matches pairs of rows with a common key. It skips a pair if one of its rows was matched in the meantime.
func (b *publisher) matchKeyed(pairs []keyedRow, open clause.Expr, input relinkInput) error {
	stored, newRows := map[uuid.UUID]*candidate{}, map[string]domain.MatchRow{}
	ids := make([]any, len(pairs))
	for i := range pairs {
		ids[i] = uuidColumn(pairs[i].stored)
	}
	err := b.visitStored(func(c *candidate) { stored[c.id] = c }, and(open, andCondition("id IN (...)", ids...)))
	if err != nil {
		return err
	}
	err = b.visitNewRows(func(row domain.MatchRow) { newRows[row.ExternalID] = row },
		b.anyOf(keys(pairs, func(p *keyedRow) string { return p.newID })))
	if err != nil {
		return err
	}
	var found []renaming
	for _, pair := range pairs {
		c, row := stored[pair.stored], newRows[pair.newID]
		if c == nil || row.ExternalID == "" {
			continue
		}
		for _, match := range domain.MatchRelinked(input([]domain.MatchRow{c.MatchRow}, []domain.MatchRow{row})) {
			found = append(found, b.renamingOf(c, match))
		}
	}
	return b.rename(found)
}

// matchWindows matches stored rows with new rows by their descriptions. It handles one window of dates after the other,
// and only stored rows that meet the condition.
func (b *publisher) matchWindows(condition clause.Expr, input relinkInput) error {
	for from := domain.Date(""); ; {
		window, err := b.nextWindow(from, condition)
		if err != nil || window.From == "" {
			return err
		}
		if err := b.matchWindow(window, condition, input); err != nil {
			return err
		}
		from = window.To.AddDays(1)
	}
}

// nextWindow returns the next window of days at or after start. The window begins on the first day with a stored row
// that meets the condition. If there is no such day, the result is zero.
func (b *publisher) nextWindow(start domain.Date, condition clause.Expr) (window domain.Window, err error) {
	q := newQuery("SELECT date FROM transactions WHERE connection_id = ? AND date >= ? AND "+
		tenantIs(b.dialect, "tenant_id"), uuidColumn(b.pull.Connection), string(start), uuidColumn(b.pull.Tenant))
	q.add(condition.SQL, condition.Vars...)
	q.add(" ORDER BY date LIMIT ?", matchWindowRows)
	var date string
	err = b.tx.Read(q.asRead([]any{(*textColumn)(&date)}, func() error {
		if window.From == "" {
			window.From = domain.Date(date)
		}
		window.To = domain.Date(date)
		return nil
	}))
	return window, err
}

func (b *publisher) matchWindow(window domain.Window, open clause.Expr, input relinkInput) error {
	around := func(days int) clause.Expr {
		return clause.Expr{SQL: " AND date BETWEEN ? AND ?", Vars: []any{
			string(window.From.AddDays(-days)), string(window.To.AddDays(days)),
		}}
	}
	var newRows, rows []domain.MatchRow
	if err := b.visitNewRows(
		func(row domain.MatchRow) { newRows = append(newRows, row) },
		around(daysAroundNewRow),
	); err != nil {
		return err
	}
	if len(newRows) == 0 {
		return nil
	}
	stored := map[string]*candidate{}
	err := b.visitStored(func(c *candidate) {
		stored[c.ExternalID] = c
		rows = append(rows, c.MatchRow)
	}, and(open, around(daysAroundOldRow)))
	if err != nil {
		return err
	}
	in := input(rows, newRows)
	in.WithoutKeys = true
	var found []renaming
	for _, match := range domain.MatchRelinked(in) {
		if c := stored[match.Old]; window.Contains(c.Date) {
			found = append(found, b.renamingOf(c, match))
		}
	}
	for batch := range slices.Chunk(found, renameBatch) {
		if err := b.rename(batch); err != nil {
			return err
		}
	}
	return nil
}

func (b *publisher) renamingOf(c *candidate, match domain.Match) renaming {
	return renaming{c, match.New, append(slices.Clone(c.past), domain.Superseded{
		ExternalID: match.Old, At: b.At, Rule: match.Rule, Version: c.version,
	})}
}

// pastRow is a staged row whose external id is a former external id of a stored transaction.
type pastRow struct {
	externalID  string
	transaction uuid.UUID
}

// readPast returns the staged rows whose external id is a former id of a transaction, ordered by external id. It omits
// ids that are the current id of another transaction.
func (b *publisher) readPast() (past []pastRow, err error) {
	visible := b.visible()
	var row pastRow
	q := newQuery(`SELECT p.external_id, p.transaction_id FROM transaction_past_ids p
		JOIN staged_transactions s ON s.connection_id = p.connection_id AND s.tenant_id = p.tenant_id
			AND s.external_id = p.external_id
		WHERE p.connection_id = ? AND p.tenant_id = ? AND NOT EXISTS (SELECT 1 FROM transactions t
			WHERE t.connection_id = p.connection_id AND t.external_id = p.external_id AND t.tenant_id = p.tenant_id)`,
		uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant))
	q.add(visible.SQL+" ORDER BY p.external_id", visible.Vars...)
	err = b.tx.Read(q.asRead([]any{(*textColumn)(&row.externalID), (*uuidColumn)(&row.transaction)}, func() error {
		past = append(past, row)
		return nil
	}))
	return past, err
}

// returnToPast handles staged rows whose external id is a former id of a transaction: the vendor returns a former row
// again. If the vendor no longer returns the transaction's current row, the former row becomes the current row again.
// This is the usual case, which returnBatch handles. followOthers handles all other cases.
func (b *publisher) returnToPast() error {
	all, err := b.readPast()
	if err != nil {
		return err
	}
	times := map[uuid.UUID]int{}
	for _, row := range all {
		times[row.transaction]++
	}
	var rest []string
	for batch := range slices.Chunk(all, renameBatch) {
		var once []pastRow
		for _, row := range batch {
			if times[row.transaction] > 1 {
				rest = append(rest, row.externalID)
			} else {
				once = append(once, row)
			}
		}
		others, err := b.returnBatch(once)
		if err != nil {
			return err
		}
		rest = append(rest, others...)
	}
	return b.followOthers(rest)
}

// returnBatch handles former rows that the vendor returns again. The former row becomes the transaction's current row
// if leavesRelinked or relinkedOldRows selects the present current row. For all other transactions, returnBatch returns
// the external ids of the former rows.
func (b *publisher) returnBatch(pastRows []pastRow) (others []string, err error) {
	if len(pastRows) == 0 || !b.anyRelinked() {
		return keys(pastRows, func(p *pastRow) string { return p.externalID }), nil
	}
	ids := make([]any, len(pastRows))
	for i := range pastRows {
		ids[i] = uuidColumn(pastRows[i].transaction)
	}
	found := map[uuid.UUID]*candidate{}
	for _, open := range []clause.Expr{b.leavesRelinked(), b.relinkedOldRows()} {
		condition := strings.TrimPrefix(open.SQL, " AND ") + andCondition("id IN (...)", ids...).SQL
		err := b.load(func(_ *TransactionRow, t domain.Transaction) {
			found[t.ID.UUID] = &candidate{
				MatchRow: domain.MatchRow{
					ExternalID: t.ExternalID,
				},
				id:      t.ID.UUID,
				version: t.Version,
				past:    t.Supersedes,
			}
		}, condition, slices.Concat(open.Vars, ids)...)
		if err != nil {
			return nil, err
		}
	}
	var returns []renaming
	for _, row := range pastRows {
		c := found[row.transaction]
		if c == nil {
			others = append(others, row.externalID)
			continue
		}
		rest, last, _ := domain.Transaction{Supersedes: c.past}.WithoutPast(row.externalID)
		returns = append(returns, renaming{c, row.externalID, append(rest, domain.Superseded{
			ExternalID: c.ExternalID, At: b.At, Rule: last.Rule, Version: c.version,
		})})
	}
	if len(returns) == 0 {
		return others, nil
	}
	which := b.dialect.AnyOf("external_id", keys(returns, func(r *renaming) string { return r.externalID }))
	err = b.tx.Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).Where(which).
		Delete(&pastIDRow{}).Error
	if err != nil {
		return nil, err
	}
	return others, b.rename(returns)
}

// followOthers applies followPast to the staged rows with these external ids. The ids must be former ids of
// transactions.
func (b *publisher) followOthers(externalIDs []string) error {
	if len(externalIDs) == 0 {
		return nil
	}
	present, err := b.presentRows(externalIDs)
	if err != nil {
		return err
	}
	b.shown = func(externalID string) bool { return present[externalID] }
	b.pageWriter.rows = make([]TransactionRow, len(externalIDs))
	for i, id := range externalIDs {
		b.pageWriter.rows[i].ExternalID = id
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

// presentRows returns which rows of the given transactions the vendor returns: the row is staged, or the pull has
// quarantined it. The transactions are given by former ids. The result contains external ids of current rows and former
// rows.
//
// presentRows also adds live current rows to b.leaving if the vendor does not return them. It adds no rows of accounts
// that are not relinked.
func (b *publisher) presentRows(past []string) (map[string]bool, error) {
	shown := map[string]bool{}
	for batch := range slices.Chunk(past, renameBatch) {
		var names []string
		which := b.dialect.AnyOf("p.external_id", batch)
		of := clause.Expr{
			SQL: "id IN (SELECT p.transaction_id FROM transaction_past_ids p WHERE p.connection_id = ? AND " +
				"p.tenant_id = ? AND " + which.SQL + ")",
			Vars: slices.Concat([]any{
				uuidColumn(b.pull.Connection), uuidColumn(b.pull.Tenant),
			}, which.Vars),
		}
		err := b.load(func(_ *TransactionRow, t domain.Transaction) {
			names = append(names, t.ExternalID)
			for _, p := range t.Supersedes {
				names = append(names, p.ExternalID)
			}
			if t.RemovedAt.IsZero() && (b.relinked[t.AccountID.UUID] || t.AccountID.IsZero()) {
				b.leaving[t.ExternalID] = leavingRow{externalID: t.ExternalID}
			}
		}, of.SQL, of.Vars...)
		if err != nil {
			return nil, err
		}
		for ids := range slices.Chunk(names, publishBatch) {
			staged := b.anyOf(ids)
			visible := b.visible()
			err := b.visitStaged(func(data domain.TransactionData) error {
				shown[data.ExternalID] = true
				delete(b.leaving, data.ExternalID)
				return nil
			}, staged.SQL+visible.SQL, slices.Concat(staged.Vars, visible.Vars)...)
			if err != nil {
				return nil, err
			}
			var unreadable []string
			err = b.tx.Model(&quarantinedRow{}).
				Where("connection_id = ? AND tenant_id = ? AND kind = ? AND pull_id = ? AND last_seen_at >= ?",
					b.pull.Connection, b.pull.Tenant, domain.QuarantinedTransaction, b.pull.ID, instant{b.stagedSince}).
				Where(b.dialect.AnyOf("row_key", ids)).Pluck("row_key", &unreadable).Error
			if err != nil {
				return nil, err
			}
			for _, id := range unreadable {
				shown[id] = true
				delete(b.leaving, id)
			}
		}
	}
	return shown, nil
}

// rename stores the new external ids and the former rows of the given transactions. It archives the version of each
// transaction before the change. writeStaged stores the new content later. Until then, the digests of the transactions
// are empty.
func (b *publisher) rename(batch []renaming) error {
	if len(batch) == 0 {
		return nil
	}
	which := b.dialect.AnyOf("external_id", keys(batch, func(r *renaming) string { return r.candidate.ExternalID }))
	if err := b.archive(which); err != nil {
		return err
	}
	var names, texts strings.Builder
	var nameArgs, textArgs []any
	past := make([]pastIDRow, 0, len(batch))
	for _, r := range batch {
		text, err := encodePast(r.pastRows)
		if err != nil {
			return err
		}
		names.WriteString(" WHEN id = ? THEN ?")
		texts.WriteString(" WHEN id = ? THEN ?")
		nameArgs = append(nameArgs, r.id, r.externalID)
		textArgs = append(textArgs, r.id, text)
		past = append(past, pastIDRow{
			Tenant: b.pull.Tenant, Connection: b.pull.Connection, ExternalID: r.candidate.ExternalID, Transaction: r.id,
		})
	}
	args := slices.Concat([]any{[]byte{}}, nameArgs, textArgs, []any{b.pull.Connection, b.pull.Tenant}, which.Vars)
	err := b.tx.Exec("UPDATE transactions SET digest = ?, external_id = CASE"+names.String()+
		" END, supersedes = CASE"+texts.String()+" END WHERE connection_id = ? AND "+tenantIs(b.dialect, "tenant_id")+
		" AND "+which.SQL, args...).Error
	if err != nil {
		return err
	}
	return b.tx.Create(&past).Error
}
