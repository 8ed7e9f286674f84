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

// The rows of the relinked accounts are compared in windows of dates. A window consists of whole days with at least
// matchWindowRows stored rows, unless fewer rows are left. Only matches of these stored rows are used. The matches must
// not depend on where a window ends. Therefore rows of some days before and after the window are compared, too. For new
// rows, these are daysAroundCame days, because no rule that compares descriptions matches rows that are more than 10
// days apart. For stored rows, these are daysAroundLeft days, because these rows compete for the same new rows.
const (
	matchWindowRows = 1000
	daysAroundCame  = 10
	daysAroundLeft  = 20
)

// with returns a condition that consists of the word AND and the given text, in which "(...)" is replaced by one
// parameter for each value of list.
func with(text string, list ...any) clause.Expr {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(list)), ", ") + ")"
	return clause.Expr{SQL: " AND " + strings.Replace(text, "(...)", marks, 1), Vars: list}
}

// visible returns an SQL condition on staged rows: the publication makes the row visible. The condition begins with
// AND, or is empty if all staged rows become visible.
func (b *publisher) visible() clause.Expr {
	if len(b.held) == 0 {
		return clause.Expr{}
	}
	held := make([]any, len(b.held))
	for i, id := range b.held {
		held[i] = id
	}
	return with("account NOT IN (...)", held...)
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

// readUnshown sets b.unshown to the accounts of the connection that have unshown rows.
func (b *publisher) readUnshown() error {
	var ids []uuid.UUID
	err := b.tx.Model(&unshownRow{}).Where("connection_id = ? AND tenant_id = ?", b.pull.Connection, b.pull.Tenant).
		Distinct().Pluck("account_id", &ids).Error
	b.unshown = make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		b.unshown[id] = true
	}
	return err
}

// ofRelinked returns an SQL condition on stored rows: the row belongs to a relinked account.
func (b *publisher) ofRelinked() clause.Expr {
	accounts := []any{uuidColumn(uuid.Nil)} // a list must not be empty, and no account has the nil UUID
	for id, relinked := range b.relinked {
		if relinked {
			accounts = append(accounts, uuidColumn(id))
		}
	}
	return with("account_id IN (...)", accounts...)
}

// isUnshown is an SQL condition on stored rows: the row is listed in unshown_transactions.
const isUnshown = `EXISTS (SELECT 1 FROM unshown_transactions u WHERE u.connection_id = transactions.connection_id
	AND u.external_id = transactions.external_id AND u.tenant_id = transactions.tenant_id)`

// notShown returns an SQL condition on stored rows: the vendor does not show the row under the new reference. That is,
// no staged row that becomes visible has its external id, and the pull has not put the row into the quarantine since
// rows were first staged. Rows that the pull quarantined before do not count, because a pull can begin under the
// earlier account reference.
func (b *publisher) notShown() clause.Expr {
	visible := b.visible()
	hidden := clause.Expr{
		SQL: ` AND NOT EXISTS (SELECT 1 FROM staged_transactions s
			WHERE s.connection_id = transactions.connection_id AND s.external_id = transactions.external_id
			AND s.tenant_id = transactions.tenant_id` + strings.Replace(visible.SQL, "account", "s.account", 1) + `)`,
		Vars: visible.Vars,
	}
	if b.stagedSince.IsZero() {
		// No quarantined row counts. The subquery on the quarantine would compare with NULL and be always empty, and
		// Citus rejects such a subquery.
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

// leavesOf returns an SQL condition on stored rows of the connection: the row is a live row of the account, and the
// vendor does not show the row under the new reference. If account is the nil UUID, the condition is about the rows
// without an account.
func (b *publisher) leavesOf(account uuid.UUID) clause.Expr {
	of, hidden := clause.Expr{SQL: " AND account_id = ?", Vars: []any{uuidColumn(account)}}, b.notShown()
	if account == uuid.Nil {
		of = clause.Expr{SQL: " AND account_id IS NULL"}
	}
	return clause.Expr{SQL: isOpenLive + of.SQL + hidden.SQL, Vars: slices.Concat(of.Vars, hidden.Vars)}
}

// leavesRelinked returns an SQL condition on stored rows of the connection: the row is a live row of a relinked
// account, and the vendor does not show the row under the new reference.
func (b *publisher) leavesRelinked() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{SQL: isOpenLive + of.SQL + hidden.SQL, Vars: slices.Concat(of.Vars, hidden.Vars)}
}

// liveBefore returns an SQL condition on stored rows of the connection: the row is live, the vendor does not show it
// under the new reference, and it belongs to a relinked account or is an unshown row.
func (b *publisher) liveBefore() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{
		SQL:  isOpenLive + " AND (" + strings.TrimPrefix(of.SQL, " AND ") + " OR " + isUnshown + ")" + hidden.SQL,
		Vars: slices.Concat(of.Vars, hidden.Vars),
	}
}

// removedUnshown returns an SQL condition on stored rows of the connection: the row is an unshown row that was removed
// recently (see since), and the vendor still does not show it.
func (b *publisher) removedUnshown() clause.Expr {
	hidden := b.notShown()
	return clause.Expr{
		SQL:  " AND removed_at >= ? AND superseded_by IS NULL AND " + isUnshown + hidden.SQL,
		Vars: slices.Concat([]any{b.since()}, hidden.Vars),
	}
}

// leftRelinked returns an SQL condition on stored rows of the connection: the row is a row of a relinked account that
// was removed recently (see since), and the vendor does not show it.
func (b *publisher) leftRelinked() clause.Expr {
	of, hidden := b.ofRelinked(), b.notShown()
	return clause.Expr{
		SQL:  " AND removed_at >= ? AND superseded_by IS NULL" + of.SQL + hidden.SQL,
		Vars: slices.Concat([]any{b.since()}, of.Vars, hidden.Vars),
	}
}

// visitCame calls visit with each new row that matches the condition: a staged row that becomes visible, is not stored
// yet, and belongs to an account that is relinked or has unshown rows.
func (b *publisher) visitCame(visit func(domain.MatchRow), condition clause.Expr) error {
	var names []any
	for id, account := range b.accounts {
		if b.relinked[id] || b.unshown[id] {
			names = append(names, account.ExternalID)
		}
	}
	of, visible := with("account IN (...)", names...), b.visible()
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

// anyOf returns a condition on the column external_id that begins with AND: the value is one of externalIDs.
func (b *publisher) anyOf(externalIDs []string) clause.Expr {
	which := b.dialect.AnyOf("external_id", externalIDs)
	return clause.Expr{SQL: " AND " + which.SQL, Vars: which.Vars}
}

// match finds the stored rows that new rows replace, and makes each new row the present row of the replaced row's
// transaction. As in domain.MatchRelinked, it first considers live rows, then rows that were removed because the vendor
// had not shown them under the reference, and last other rows that were removed recently.
func (b *publisher) match() error {
	if b.Matching == nil {
		return nil
	}
	if err := b.readUnshown(); err != nil || !b.anyRelinked() && len(b.unshown) == 0 {
		return err
	}
	if err := b.readSplitPairs(); err != nil {
		return err
	}
	live := func(stored, came []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{Live: stored, Came: came, Never: b.never}
	}
	notShown := func(stored, came []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{NotShown: stored, Came: came, Never: b.never}
	}
	left := func(stored, came []domain.MatchRow) domain.RelinkInput {
		return domain.RelinkInput{Left: stored, Came: came, Never: b.never}
	}
	if err := b.matchSide(b.liveBefore(), live); err != nil {
		return err
	}
	if err := b.matchSide(b.removedUnshown(), notShown); err != nil {
		return err
	}
	return b.matchSide(b.leftRelinked(), left)
}

// relinkInput returns the input of domain.MatchRelinked for some stored rows and for new rows (came).
type relinkInput func(stored, came []domain.MatchRow) domain.RelinkInput

func (b *publisher) matchSide(open clause.Expr, input relinkInput) error {
	if err := b.matchKeys(open, input); err != nil {
		return err
	}
	return b.matchWindows(open, input)
}

// keyedRow records which stored row and which new row have an institution key.
type keyedRow struct {
	stored  uuid.UUID
	came    string
	shared  bool // several stored rows or several new rows have the key
	hasCame bool
}

// matchKeys matches stored rows with new rows by their institution keys. A key can match rows whatever their dates, and
// it must be unique within its account. matchKeys therefore keeps the keys of all rows in memory, as hashes.
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
	err = b.visitCame(func(row domain.MatchRow) {
		for kind, key := range domain.MatchKeys(row) {
			hash := maphash.String(seed, key)
			if known, ok := byKind[kind][hash]; ok {
				known.shared, known.came, known.hasCame = known.shared || known.hasCame, row.ExternalID, true
				byKind[kind][hash] = known
			}
		}
	}, clause.Expr{})
	if err != nil {
		return err
	}
	for _, known := range byKind {
		maps.DeleteFunc(known, func(_ uint64, row keyedRow) bool { return row.shared || !row.hasCame })
		pairs := slices.SortedFunc(maps.Values(known), func(x, y keyedRow) int { return cmp.Compare(x.came, y.came) })
		clear(known)
		for batch := range slices.Chunk(pairs, renameBatch) {
			if err := b.matchKeyed(batch, open, input); err != nil {
				return err
			}
		}
	}
	return nil
}

// matchKeyed matches the pairs of rows that have a key in common. It skips a pair if one of its rows was matched in the
// meantime.
func (b *publisher) matchKeyed(pairs []keyedRow, open clause.Expr, input relinkInput) error {
	stored, came := map[uuid.UUID]*candidate{}, map[string]domain.MatchRow{}
	ids := make([]any, len(pairs))
	for i := range pairs {
		ids[i] = uuidColumn(pairs[i].stored)
	}
	err := b.visitStored(func(c *candidate) { stored[c.id] = c }, and(open, with("id IN (...)", ids...)))
	if err != nil {
		return err
	}
	err = b.visitCame(func(row domain.MatchRow) { came[row.ExternalID] = row },
		b.anyOf(keys(pairs, func(p *keyedRow) string { return p.came })))
	if err != nil {
		return err
	}
	var found []renaming
	for _, pair := range pairs {
		c, row := stored[pair.stored], came[pair.came]
		if c == nil || row.ExternalID == "" {
			continue
		}
		for _, match := range domain.MatchRelinked(input([]domain.MatchRow{c.MatchRow}, []domain.MatchRow{row})) {
			found = append(found, b.renamingOf(c, match))
		}
	}
	return b.rename(found)
}

// matchWindows matches the stored rows that meet the condition open with new rows by their descriptions, one window of
// dates at a time.
func (b *publisher) matchWindows(open clause.Expr, input relinkInput) error {
	for from := domain.Date(""); ; {
		window, err := b.nextWindow(from, open)
		if err != nil || window.From == "" {
			return err
		}
		if err := b.matchWindow(window, open, input); err != nil {
			return err
		}
		from = window.To.AddDays(1)
	}
}

// nextWindow returns the window that begins with the first day at or after from on which a stored row matches the
// condition open. It returns the zero window if there is no such day.
func (b *publisher) nextWindow(from domain.Date, open clause.Expr) (window domain.Window, err error) {
	q := newQuery("SELECT date FROM transactions WHERE connection_id = ? AND date >= ? AND "+
		tenantIs(b.dialect, "tenant_id"), uuidColumn(b.pull.Connection), string(from), uuidColumn(b.pull.Tenant))
	q.add(open.SQL, open.Vars...)
	q.add(" ORDER BY date LIMIT ?", matchWindowRows)
	var date string
	err = b.tx.Read(q.into([]any{(*textColumn)(&date)}, func() error {
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
	var came, rows []domain.MatchRow
	if err := b.visitCame(func(row domain.MatchRow) { came = append(came, row) }, around(daysAroundCame)); err != nil {
		return err
	}
	if len(came) == 0 {
		return nil
	}
	stored := map[string]*candidate{}
	err := b.visitStored(func(c *candidate) {
		stored[c.ExternalID] = c
		rows = append(rows, c.MatchRow)
	}, and(open, around(daysAroundLeft)))
	if err != nil {
		return err
	}
	in := input(rows, came)
	in.WithoutKeys = true
	var found []renaming
	for _, match := range domain.MatchRelinked(in) {
		if c := stored[match.Left]; window.Contains(c.Date) {
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
	return renaming{c, match.Came, append(slices.Clone(c.past), domain.Superseded{
		ExternalID: match.Left, At: b.At, Rule: match.Rule, Version: c.version,
	})}
}

// pastRow is a staged row that is a past row of a transaction: the transaction had this external id before its present
// one.
type pastRow struct {
	externalID  string
	transaction uuid.UUID
}

// readPast returns the staged rows that are past rows of transactions, ordered by external id. It omits rows that are
// stored, because their external id is the present external id of another transaction.
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
	err = b.tx.Read(q.into([]any{(*textColumn)(&row.externalID), (*uuidColumn)(&row.transaction)}, func() error {
		past = append(past, row)
		return nil
	}))
	return past, err
}

// returnToPast handles transactions for which the vendor shows an earlier row again: one of their past rows is staged.
// For most of these transactions, the vendor no longer shows the present row, so the past row simply becomes the
// present row. The other transactions must be split, one by one.
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

// returnBatch handles those past rows whose transactions belong to relinked accounts and whose present rows the vendor
// no longer shows: each of these past rows becomes the present row of its transaction again. returnBatch returns the
// external ids of the other past rows.
func (b *publisher) returnBatch(past []pastRow) (others []string, err error) {
	if len(past) == 0 || !b.anyRelinked() {
		return keys(past, func(p *pastRow) string { return p.externalID }), nil
	}
	ids := make([]any, len(past))
	for i := range past {
		ids[i] = uuidColumn(past[i].transaction)
	}
	found := map[uuid.UUID]*candidate{}
	for _, open := range []clause.Expr{b.leavesRelinked(), b.leftRelinked()} {
		err := b.load(func(_ *TransactionRow, t domain.Transaction) {
			found[t.ID.UUID] = &candidate{
				MatchRow: domain.MatchRow{
					ExternalID: t.ExternalID,
				},
				id:      t.ID.UUID,
				version: t.Version,
				past:    t.Supersedes,
			}
		}, strings.TrimPrefix(open.SQL, " AND ")+with("id IN (...)", ids...).SQL, slices.Concat(open.Vars, ids)...)
		if err != nil {
			return nil, err
		}
	}
	var returns []renaming
	for _, row := range past {
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

// followOthers handles the past rows with these external ids in the same way as StorePage; see followPast.
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

// presentRows examines the present and past rows of the transactions that have one of these past rows. It returns the
// external ids of those rows that the vendor shows: they are staged, or the pull has put them into the quarantine. It
// also adds the present rows that the vendor does not show to b.leaving.
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

// rename archives the present versions of the candidates, and stores the new external ids and past rows of their
// transactions. writeStaged stores the new content later. Until then, the digests of these rows are empty.
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
		text, err := encodePast(r.past)
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
