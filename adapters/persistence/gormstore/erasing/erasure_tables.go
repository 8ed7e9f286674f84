package erasing

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// erasedTables are the tables with data of connections. A pass is one run over all of these tables, in this order.
// Tables whose rows are found through the connection's accounts must precede "accounts". A test lists all other tables,
// each with the reason why an erasure keeps it.
var erasedTables = []erasedTable{
	{"account_references", "", markReferences}, // a later task removes the texts of the references
	{"idempotency_keys", "", responses},
	{"deliveries", "of other connections", namedByOthers},
	{"deliveries", "", ofConnection("id")},
	{"row_states", "", ofConnection("external_id")},
	{"quarantined_rows", "", ofConnection("kind, row_key")},
	{"split_pairs", "", ofConnection("old_external_id, new_external_id")},
	{"possible_replacements", "", ofConnection("old_id, new_id")},
	{"subscription_attempts", "answers", answers},
	{"matcher_entries", "", entriesNotOpen}, // EraseMatcherEntries deletes the others
	{"staged_transactions", "", ofConnection("external_id")},
	{"prepared_transactions", "", ofConnection("external_id")},
	{"transaction_versions", "", ofConnection("id, version")},
	{"transactions", "", transactionsLeft},
	{"search_index", "", indexedLeft}, // after transactions, which empties it for most rows
	{"close_adjustments", "", ofAccounts("account_id, seq")},
	{"account_closes", "", ofConnection("account_id, date")},
	{"reopened_closes", "", ofConnection("account_id, date, closed_at")},
	{"account_balances", "", ofAccounts("account_id, day")},
	{"bank_statement_files", "", ofStatements("connection_id", "id", "id")},
	{"bank_statement_files", "of witnesses", ofStatements("witness_connection_id", "id", "id")},
	{"bank_statement_lines", "", ofStatements("connection_id", "statement_id", "statement_id, number")},
	{"bank_statement_lines", "of witnesses",
		ofStatements("witness_connection_id", "statement_id", "statement_id, number")},
	{"bank_statements", "", ofConnection("id")},
	{"bank_statements", "of witnesses", deleteWhere("witness_connection_id = ? AND tenant_id = ?", "id")},
	{"csv_mappings", "", ofConnection("account_id")},
	{"account_completeness", "", ofConnection("account_id")},
	{"bill_lists", "", ofConnection("account_id")}, // before bills: an evaluation locks the list, and needs it
	{"bills", "", ofConnection("id")},
	{"accounts", "", ofConnection("id")},
	{"pulls", "", ofConnection("id")},
	{"link_sessions", "", ofConnection("id")},
	{"webhook_tokens", "", tokensWithoutWebhook},
	{"connections", "", connectionLeft},
}

// answers removes what receivers of the tenant's events have answered, because a receiver may repeat an event.
func answers(b *erasureBatch) (bool, error) {
	n, err := gormstore.RowsAffected(b.tx.Exec(`UPDATE subscription_attempts SET response_body = ''
		WHERE tenant_id = ? AND response_body <> '' AND id IN (SELECT id FROM subscription_attempts
			WHERE tenant_id = ? AND response_body <> '' LIMIT ?)`,
		b.erasure.Tenant.UUID, b.erasure.Tenant.UUID, b.limit))
	done := n < b.limit
	b.limit -= n
	return done, err
}

// erasedTable is one task of an erasure. A task erases rows of the erased connection in one table, either all of them
// or a part. A pass executes all tasks once, in the order of erasedTables.
type erasedTable struct {
	name, part string
	// erase erases at most b.limit rows and subtracts their number from b.limit. It reports whether no rows remain for
	// the task.
	erase func(b *erasureBatch) (done bool, err error)
}

// task returns the name of the task, which is stored in Erasure.Place.Task.
func (t erasedTable) task() string { return strings.TrimSpace(t.name + " " + t.part) }

// erasureBatch is one batch of an erasure, which runs in a separate transaction.
type erasureBatch struct {
	tx      gormstore.Tx
	dialect gormstore.Dialect
	erasure domain.Erasure
	table   string
	at      time.Time
	limit   int // the number of rows that the batch may still erase or examine
}

// run continues the current pass where the previous batch stopped (Erasure.Place). It returns when the pass is complete
// or the limit of the batch is reached. If the stored task does not exist in this version of the service, the pass
// starts from the beginning. During run, no worker can write for the connection.
func (b *erasureBatch) run() error {
	row, err := lockErased(b.tx.DB, b.erasure)
	if err != nil {
		return err
	}
	if err := b.dialect.ExcludeWriters(b.tx.DB, row.Tenant, row.ID); err != nil {
		return err
	}
	place := &b.erasure.Place
	next := max(slices.IndexFunc(erasedTables, func(t erasedTable) bool { return t.task() == place.Task }), 0)
	if erasedTables[next].task() != place.Task {
		place.After = ""
	}
	for ; next < len(erasedTables); next++ {
		place.Task, b.table = erasedTables[next].task(), erasedTables[next].name
		if b.limit <= 0 {
			return nil
		}
		done, err := erasedTables[next].erase(b)
		if err != nil || !done {
			return err
		}
		place.After = ""
	}
	b.erasure.Passes++
	place.Task, place.ScannedTo, place.BeganAt = "", place.BeganAt, time.Time{}
	return nil
}

// owner returns the ids of the connection and of the tenant, which are the parameters of most conditions.
func (b *erasureBatch) owner() []any { return []any{b.erasure.Connection.UUID, b.erasure.Tenant.UUID} }

// ofConnection returns an erase function for a table with the column connection_id. The function deletes the rows of
// the erased connection. The columns listed in key, together with the connection and the tenant, identify a row.
func ofConnection(key string) func(*erasureBatch) (bool, error) {
	return deleteWhere("connection_id = ? AND tenant_id = ?", key)
}

// entryKey is the key of matcher_entries.
const entryKey = "subscription_id, transaction_id"

// entriesNotOpen deletes the rows of matcher_entries for records that have no open transaction in Matcher: they were
// never imported there, or Matcher ignores them.
func entriesNotOpen(b *erasureBatch) (bool, error) {
	return deleteWhere("connection_id = ? AND tenant_id = ? AND state IN ('none', 'ignored')", entryKey)(b)
}

// ofAccounts returns an erase function for a table with the column account_id. The function deletes the rows of all
// accounts of the erased connection.
func ofAccounts(key string) func(*erasureBatch) (bool, error) {
	return deleteOwned("account_id IN (SELECT a.id FROM accounts a WHERE a.connection_id = ? AND a.tenant_id = ?)", key)
}

// ofStatements returns an erase function for a table whose column id contains the id of a bank statement. connection is
// the column of bank_statements with the id of the erased connection.
func ofStatements(connection, id, key string) func(*erasureBatch) (bool, error) {
	return deleteOwned(
		id+" IN (SELECT s.id FROM bank_statements s WHERE s."+connection+" = ? AND s.tenant_id = ?)", key)
}

// deleteOwned is like deleteWhere, for a table whose rows belong to rows of another table: the condition selects these.
// It does not name the table, so that the database first finds the owners, and then their rows by an index.
func deleteOwned(condition, key string) func(*erasureBatch) (bool, error) {
	return func(b *erasureBatch) (bool, error) {
		return b.deleteRows(condition+" AND tenant_id = ?", key, append(b.owner(), b.erasure.Tenant.UUID))
	}
}

// deleteWhere returns an erase function that deletes the rows that match the condition. The parameters of the
// condition are the connection and the tenant.
func deleteWhere(condition, key string) func(*erasureBatch) (bool, error) {
	return func(b *erasureBatch) (bool, error) { return b.deleteRows(condition, key, b.owner()) }
}

// deleteRows deletes rows that match the condition, as an erase function does.
//
// A batch consists of all rows up to a certain key. A join with the keys of the batch could be slow, because the
// planner's statistics may be older than the connection. The planner might then compare each key with all rows of the
// connection.
func (b *erasureBatch) deleteRows(condition, key string, args []any) (bool, error) {
	where := " FROM " + b.table + " WHERE " + condition
	n, err := gormstore.RowsAffected(b.tx.Exec(
		"DELETE"+where+" AND ("+key+") <= (SELECT "+key+where+" ORDER BY "+key+" LIMIT 1 OFFSET ?)",
		slices.Concat(args, args, []any{b.limit - 1})...))
	if err == nil && n == 0 { // fewer rows than the limit are left
		n, err = gormstore.RowsAffected(b.tx.Exec("DELETE"+where, args...))
	}
	done := n < b.limit
	b.limit -= n
	return done, err
}

// tokensWithoutWebhook deletes the tokens of the connection that have no webhook at the vendor. The other tokens are
// still needed to remove their webhooks from the vendor.
func tokensWithoutWebhook(b *erasureBatch) (bool, error) {
	b.table = "webhook_tokens"
	return deleteWhere("connection_id = ? AND tenant_id = ? AND NOT ("+gormstore.AwaitsRemoval+")", "id")(b)
}

// connectionLeft clears the columns of the connection that are no longer needed.
func connectionLeft(b *erasureBatch) (bool, error) {
	row, err := lockErased(b.tx.DB, b.erasure)
	if err != nil {
		return false, err
	}
	c := row.Domain()
	c.EraseData()
	row = gormstore.RowOfConnection(c)
	return true, b.tx.Model(&gormstore.ConnectionRow{}).Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).
		Select("name", "config", "health_status", "health_reason", "health_since", "needs_reauth", "reauth_by_event",
			"reauth_since", "consent_status", "consent_key", "consent_expires_at", "consent_since", "consent_notice_at",
			"webhook_next_at", "webhook_every", "webhook_news_only", "webhook_due_at", "webhook_missed_at",
			"usage_month", "usage_refreshes", "usage_pulls", "reauth_announced", "failure_announced", "ambiguity",
			"stream_position", "institution_id", "institution_name", "bank_every", "bank_on_demand", "stale_announced",
			"inconsistent_since", "pull_woken_at", "signal_at", "approval_since", "device_since").
		Updates(&row).Error
}

// transactionsLeft is the erase function of the table transactions; see erasedTable. It erases rows in the same way as
// domain.Transaction.Erase. An erased row has an empty date. The function selects only rows with a date, so it finds no
// row twice.
func transactionsLeft(b *erasureBatch) (bool, error) {
	var rows []struct {
		ID   uuid.UUID
		Date string
	}
	query := b.tx.Table(gormstore.TransactionTable).Select("id", "date").
		Where("connection_id = ? AND "+b.dialect.TenantIs("tenant_id", "?")+" AND date > ''", b.owner()...)
	if date, id, ok := strings.Cut(b.erasure.Place.After, " "); ok {
		query = query.Where("(date, id) > (?, ?)", date, id)
	}
	if err := query.Order("date, id").Limit(b.limit).Scan(&rows).Error; err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return true, nil
	}
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.ID.String())
	}
	if err := gormstore.LockIndex(b.tx, b.dialect, b.erasure.Tenant.UUID); err != nil {
		return false, err
	}
	indexed, err := gormstore.PlanIndexed(b.tx, b.dialect, b.erasure.Tenant.UUID, ids, nil)
	if err != nil {
		return false, err
	}
	last, done := rows[indexed.N-1], indexed.N < b.limit && indexed.N == len(rows)
	b.erasure.Place.After = last.Date + " " + last.ID.String()
	b.limit -= indexed.N
	var seq int64
	err = b.dialect.ReadChangeSeq(b.tx, b.erasure.Tenant.UUID, &seq, gormstore.Values{})
	if err != nil {
		return false, err
	}
	err = b.tx.Table(gormstore.TransactionTable).
		Where(b.dialect.AnyOf("id", ids[:indexed.N])).
		Where(gormstore.EqualUnindexed("connection_id", "?"), b.erasure.Connection.UUID).
		Where(b.dialect.TenantIs("tenant_id", "?"), b.erasure.Tenant.UUID).
		Updates(erasedColumns(b.at, seq)).Error
	if err != nil {
		return false, err
	}
	return done, indexed.Apply(b.tx, b.dialect, b.erasure.Tenant.UUID)
}

// indexedLeft deletes the remaining rows of search_index that contain the id of the connection. The transactions of
// these rows were moved to another connection.
func indexedLeft(b *erasureBatch) (bool, error) {
	if err := gormstore.LockIndex(b.tx, b.dialect, b.erasure.Tenant.UUID); err != nil {
		return false, err
	}
	var ids []string
	err := b.tx.Model(&gormstore.IndexedRow{}).
		Where("connection_id = ? AND "+b.dialect.TenantIs("tenant_id", "?"), b.owner()...).
		Limit(b.limit).Pluck("CAST(transaction_id AS text)", &ids).Error
	if err != nil || len(ids) == 0 {
		return true, err
	}
	indexed, err := gormstore.PlanIndexed(b.tx, b.dialect, b.erasure.Tenant.UUID, ids, nil)
	if err != nil {
		return false, err
	}
	done := indexed.N < b.limit && indexed.N == len(ids)
	b.limit -= indexed.N
	return done, indexed.Apply(b.tx, b.dialect, b.erasure.Tenant.UUID)
}

// erasedColumns returns the columns of a transaction that an erasure changes, with their new values. The ids of the
// transaction, of its tenant and of its connection are kept. All other columns become empty, unless this function lists
// a value for them.
func erasedColumns(at time.Time, seq int64) map[string]any {
	columns := make(map[string]any, len(gormstore.TransactionColumns))
	for _, c := range gormstore.TransactionColumns {
		columns[c.Name] = nil
		if c.Type == "text" {
			columns[c.Name] = ""
		}
	}
	maps.Copy(columns, map[string]any{
		"version": gorm.Expr("version + 1"), "change_tx": seq, "erased_at": gormstore.At(at),
		"removed_at": gorm.Expr("coalesce(removed_at, ?)", gormstore.At(at)), "first_seen_at": gormstore.At(at),
		"updated_at": gormstore.At(at), "external_id": gorm.Expr("CAST(id AS text)"), "amount": gorm.Expr("0"),
		"digest": make([]byte, sha256.Size),
	})
	for _, kept := range []string{"id", "tenant_id", "connection_id"} {
		delete(columns, kept)
	}
	return columns
}

// responseBatch is the maximum number of responses that are in memory at the same time.
const responseBatch = 100

// responses deletes the tenant's stored responses that may contain data of the connection. These are the responses that
// contain the id of the connection or of one of its accounts. Responses about the erasures of the connection contain no
// such data and are kept.
func responses(b *erasureBatch) (bool, error) {
	place := &b.erasure.Place
	if err := b.rememberAccounts(); err != nil {
		return false, err
	}
	var except []string
	err := b.tx.Model(&erasureRow{}).
		Where("connection_id = ? AND tenant_id = ?", b.owner()...).
		Pluck("id", &except).
		Error
	if err != nil {
		return false, err
	}
	ids := append(slices.Clone(place.Accounts), b.erasure.Connection.String())
	tenant := clause.Eq{Column: "tenant_id", Value: b.erasure.Tenant.UUID}
	for b.limit > 0 {
		var rows []gormstore.KeyRow
		err := b.tx.Where(tenant, clause.Gt{Column: "key", Value: place.After}).
			Order(clause.OrderByColumn{Column: clause.Column{Name: "key"}}).Limit(min(b.limit, responseBatch)).
			Find(&rows).Error
		if err != nil || len(rows) == 0 {
			return err == nil, err
		}
		b.limit -= len(rows)
		place.After = rows[len(rows)-1].Key
		for _, row := range rows {
			if !domain.ResponseNames(row.Body, row.Headers, ids, except) {
				continue
			}
			err := gormstore.WhereKey(b.tx.DB, b.erasure.Tenant, row.Key).Delete(&gormstore.KeyRow{}).Error
			if err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// rememberAccounts adds the ids of the connection's accounts to Erasure.Place, because a later pass still needs the ids
// after the accounts have been deleted.
func (b *erasureBatch) rememberAccounts() error {
	var ids []string
	err := b.tx.Model(&gormstore.AccountRow{}).
		Where("connection_id = ? AND tenant_id = ?", b.owner()...).
		Pluck("id", &ids).
		Error
	all := append(b.erasure.Place.Accounts, ids...)
	slices.Sort(all)
	b.erasure.Place.Accounts = slices.Compact(all)
	return err
}

// scanOverlap is the maximum time between the receipt of a delivery and its commit.
const scanOverlap = time.Minute

// namedByOthers removes the contents of deliveries to the tenant's other connections if they name an account
// reference of the erased connection. Such deliveries exist because a vendor sends the events of all account
// references to each webhook.
//
// The deliveries are examined in the order of receipt. The first pass examines all deliveries. Later passes skip
// deliveries that were received more than scanOverlap before the previous pass began.
func namedByOthers(b *erasureBatch) (bool, error) {
	place := &b.erasure.Place
	names, err := b.namesReference()
	if err != nil || names.SQL == "" {
		return err == nil, err
	}
	after, id := place.ScannedTo.Add(-scanOverlap), uuid.Nil
	if place.ScannedTo.IsZero() {
		after = time.Unix(0, 0)
	}
	if micros, last, ok := strings.Cut(place.After, " "); ok {
		at, err := strconv.ParseInt(micros, 10, 64)
		if err != nil {
			return false, err
		}
		after, id = time.UnixMicro(at), uuid.MustParse(last)
	}
	var rows []struct {
		ID       uuid.UUID
		Received gormstore.Instant `gorm:"column:received_at"`
		Names    bool              `gorm:"column:names"`
	}
	err = b.tx.Model(&gormstore.DeliveryRow{}).Select("id, received_at, ("+names.SQL+") AS names", names.Vars...).
		Where("tenant_id = ? AND (received_at, id) > (?, ?)", b.erasure.Tenant.UUID, gormstore.At(after), id).
		Order("received_at, id").
		Limit(b.limit).
		Scan(&rows).
		Error
	if err != nil || len(rows) == 0 {
		return err == nil, err
	}
	last, done := rows[len(rows)-1], len(rows) < b.limit
	b.limit -= len(rows)
	place.After = strconv.FormatInt(last.Received.UnixMicro(), 10) + " " + last.ID.String()
	var named []string
	for _, row := range rows {
		if row.Names {
			named = append(named, row.ID.String())
		}
	}
	if len(named) == 0 {
		return done, nil
	}
	return done, b.tx.Model(&gormstore.DeliveryRow{}).Where("tenant_id = ?", b.erasure.Tenant.UUID).
		Where(b.dialect.AnyOf("id", named)).
		Updates(map[string]any{"body": []byte{}, "scope": "", "event_id": ""}).Error
}

// namesReference returns an SQL condition on deliveries. It selects deliveries whose body names an account reference of
// the erased connection. Deliveries to a connection that has this reference are excluded. The SQL is "" if the erased
// connection has no reference.
func (b *erasureBatch) namesReference() (condition clause.Expr, err error) {
	refs, err := b.references()
	if err != nil {
		return condition, err
	}
	conditions := make([]string, 0, len(refs))
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		same, err := b.connectionsOf(ref)
		if err != nil {
			return condition, err
		}
		contains := b.dialect.ContainsFold("body", domain.ReferenceText(ref))
		names, vars := "("+contains.SQL+")", contains.Vars
		if len(same) > 0 {
			own := b.dialect.AnyOf("connection_id", same)
			names, vars = names+" AND NOT ("+own.SQL+")", append(vars, own.Vars...)
		}
		conditions, condition.Vars = append(conditions, names), append(condition.Vars, vars...)
	}
	condition.SQL = strings.Join(conditions, " OR ")
	return condition, nil
}

// connectionsOf returns the ids of the tenant's connections with this account reference. They may include the erased
// connection.
func (b *erasureBatch) connectionsOf(ref string) (ids []string, err error) {
	var rows []struct {
		ID         uuid.UUID
		AccountRef string
	}
	err = b.tx.Model(&gormstore.ConnectionRow{}).
		Select("id", "account_ref").
		Where("tenant_id = ?", b.erasure.Tenant.UUID).
		Where("account_ref = ? OR lower(account_ref) = ?", ref, strings.ToLower(ref)).
		Scan(&rows).
		Error
	for _, row := range rows {
		if domain.CanonicalAccountRef(row.AccountRef) == domain.CanonicalAccountRef(ref) {
			ids = append(ids, row.ID.String())
		}
	}
	return ids, err
}
