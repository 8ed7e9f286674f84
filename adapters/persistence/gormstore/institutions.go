package gormstore

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// institutionActivity collects the activity of banks.
type institutionActivity struct {
	connections
	tenant domain.TenantID
	banks  []domain.InstitutionKey
	found  map[domain.InstitutionKey]domain.InstitutionActivity
}

// InstitutionActivity runs one query each for the accounts, the pulls and the readings of the banks. The pulls come
// from a partial index of those that count.
func (s connections) InstitutionActivity(
	ctx context.Context, tenant domain.TenantID, banks []domain.InstitutionKey, since time.Time,
	days domain.Coverage,
) (map[domain.InstitutionKey]domain.InstitutionActivity, error) {
	a := institutionActivity{s, tenant, nil, map[domain.InstitutionKey]domain.InstitutionActivity{}}
	for _, bank := range banks {
		if Storable(bank.ID) && Storable(string(bank.Vendor)) {
			a.banks = append(a.banks, bank)
		}
	}
	if len(a.banks) == 0 {
		return a.found, nil
	}
	err := a.countAccounts(ctx)
	if err == nil {
		err = a.sumPulls(ctx, since)
	}
	if err == nil {
		err = a.addDelays(ctx, days.Day(since), days.Offset)
	}
	return a.found, err
}

// countAccounts counts the live accounts of each bank.
func (a institutionActivity) countAccounts(ctx context.Context) error {
	var accounts int
	q := NewQuery("SELECT vendor, institution_id, sum(accounts) FROM (SELECT c.vendor, c.institution_id, " +
		"(SELECT count(*) FROM accounts a WHERE " + a.ofConnection("a") + " AND a.removed_at IS NULL) AS accounts")
	a.addBanks(q)
	q.Add(") banks GROUP BY vendor, institution_id")
	return a.visit(ctx, q, []any{&accounts}, func(activity *domain.InstitutionActivity) {
		activity.Accounts = accounts
	})
}

// sumPulls sums what the pulls that ended at or after since have counted.
func (a institutionActivity) sumPulls(ctx context.Context, since time.Time) error {
	var idChanges, lateRows int
	q := NewQuery("SELECT c.vendor, c.institution_id, sum(p.id_changes), sum(p.late_rows)")
	a.addBanks(q, "pulls p ON "+a.ofConnection("p")+" AND p.state IN ('succeeded', 'failed')"+
		" AND (p.id_changes > 0 OR p.late_rows > 0)")
	q.Add(" AND p.finished_at >= ? GROUP BY c.vendor, c.institution_id", Instant{since}.Param(a.reader.Name()))
	return a.visit(ctx, q, []any{&idChanges, &lateRows}, func(activity *domain.InstitutionActivity) {
		activity.IDChanges, activity.LateRows = idChanges, lateRows
	})
}

// addDelays adds the delays of the readings that were stored on the day first or later. offset is the offset from UTC
// of the time zone of the days.
func (a institutionActivity) addDelays(ctx context.Context, first domain.Date, offset time.Duration) error {
	var hours, days, accounts int
	local, seconds := a.Dialect.UnixSeconds("b.first_read_at")+" + ?", int64(offset/time.Second)
	q := NewQuery("SELECT vendor, institution_id, (read_at % 86400) / 3600, read_at / 86400 - previous_at / 86400, "+
		"count(*) FROM (SELECT c.vendor, c.institution_id, "+local+" AS read_at, lag("+local+") OVER "+
		"(PARTITION BY b.account_id ORDER BY b.day) AS previous_at", seconds, seconds)
	a.addBanks(q, "accounts a ON "+a.ofConnection("a"),
		"account_balances b ON b.account_id = a.id AND "+a.Dialect.TenantIs("b.tenant_id", "c.tenant_id"))
	q.Add(" AND b.day >= ? AND b.first_read_at IS NOT NULL) readings WHERE previous_at IS NOT NULL"+
		" GROUP BY 1, 2, 3, 4", string(first))
	return a.visit(ctx, q, []any{&hours, &days, &accounts}, func(activity *domain.InstitutionActivity) {
		if activity.Delays == nil {
			activity.Delays = domain.ReadingDelays{}
		}
		activity.Delays.Add(hours, days, accounts)
	})
}

// ofConnection returns the condition that a row of the table belongs to the connection c.
func (a institutionActivity) ofConnection(table string) string {
	return table + ".connection_id = c.id AND " + a.Dialect.TenantIs(table+".tenant_id", "c.tenant_id")
}

// addBanks adds FROM with the live connections c to the banks and the joined tables, and WHERE with their condition.
func (a institutionActivity) addBanks(q *Query, joins ...string) {
	q.Add(" FROM connections c")
	for _, join := range joins {
		q.Add(" JOIN " + join)
	}
	q.Add(
		" WHERE c.tenant_id = ? AND c.deleted_at IS NULL AND c.kind = 'aggregator' AND (c.vendor, c.institution_id) IN",
		UUID(a.tenant.UUID),
	)
	for i, bank := range a.banks {
		q.Add([]string{" (VALUES (?, ?)", ", (?, ?)"}[min(i, 1)], string(bank.Vendor), bank.ID)
	}
	q.Add(")")
}

// visit runs a query whose first two columns are the bank. After it has scanned a row, it calls change with the
// activity of the bank.
func (a institutionActivity) visit(
	ctx context.Context, q *Query, columns []any, change func(*domain.InstitutionActivity),
) error {
	var vendor, id string
	targets := append(ScanTargets(&vendor, &id), columns...)
	return a.Rows(ctx, q.String(), q.Args, targets, func() error {
		key := domain.InstitutionKey{Vendor: domain.Vendor(vendor), ID: id}
		activity := a.found[key]
		change(&activity)
		a.found[key] = activity
		return nil
	})
}
