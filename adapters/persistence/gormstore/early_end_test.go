package gormstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// copies is the number of rows that the tests below add to one row: more than one page may examine.
const copies = 10_500

// copyRows adds copies of the only row of a table. changed contains expressions for the columns that differ, with n for
// the number of the copy.
func copyRows(t *testing.T, db *gorm.DB, table string, changed map[string]string) {
	t.Helper()
	columns := storetest.Columns(t, db, table)
	values := make([]string, len(columns))
	for i, column := range columns {
		if values[i] = changed[column]; values[i] == "" {
			values[i] = "r." + column
		}
	}
	err := db.Exec(fmt.Sprintf(`INSERT INTO %s (%s)
		WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d)
		SELECT %s FROM %s r, s`, table, strings.Join(columns, ", "), copies, strings.Join(values, ", "), table)).Error
	if err != nil {
		t.Fatal(err)
	}
}

// idOfCopy returns the SQL expression of the id of copy n.
func idOfCopy(db *gorm.DB) string {
	if db.Name() == "postgres" {
		return "(lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid"
	}
	return "printf('%08x-0000-7000-8000-000000000000', n)"
}

// pages reads all pages of a list, and returns the number of the items and of the pages.
func pages[T any](t *testing.T, read func(domain.PageRequest) (domain.Page[T], error)) (items, n int) {
	t.Helper()
	request := domain.PageRequest{Limit: 20}
	for {
		page, err := read(request)
		if err != nil {
			t.Fatal(err)
		}
		items, n = items+len(page.Items), n+1
		if page.Next.IsZero() {
			return items, n
		}
		request.After = page.Next
	}
}

// A filter that no index serves must not make one request read a whole connection: the page ends early, and the oldest
// record is found on a later page. A filter that an index serves finds it at once.
func TestAPageOfTransactionsEndsEarly(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		token := storetest.ConnectionWithToken(t, b.Stores)
		pull, err := b.Stores.Pulls().Request(t.Context(), token.Tenant, token.Connection, ports.PullRequest{
			ID: storetest.NewID[domain.Pull](), Scope: domain.PullScope{Everything: true},
			Trigger: domain.TriggerOperator, At: storetest.Epoch,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		lease := domain.Lease{
			ID: storetest.NewID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant,
			Until: storetest.Epoch.Add(time.Hour),
		}
		if _, err := b.Stores.Pulls().Claim(t.Context(), lease, storetest.Epoch); err != nil {
			t.Fatal(err)
		}
		oldest := domain.TransactionData{
			ExternalID: "oldest", Account: "a", Status: domain.Pending, Date: "2020-01-01",
			Amount: domain.Money{Amount: decimal.New(1, 0), Currency: "BRL"}, Metadata: []byte(`{}`),
		}
		if _, err := b.Stores.Pulls().StorePage(t.Context(), lease, ports.PageWrite{
			Accounts:     []domain.AccountData{{ExternalID: "a", Type: domain.BankAccount, Currency: "BRL"}},
			Transactions: []domain.TransactionData{oldest}, NewID: storetest.NewID[domain.Transaction],
			At: storetest.Epoch, LeaseUntil: lease.Until,
		}); err != nil {
			t.Fatal(err)
		}
		list := func(filter ports.TransactionFilter) func(domain.PageRequest) (domain.Page[domain.Transaction], error) {
			return func(page domain.PageRequest) (domain.Page[domain.Transaction], error) {
				return b.Stores.Ledger().Transactions(t.Context(), token.Tenant, token.Connection, filter, page)
			}
		}
		first, err := list(ports.TransactionFilter{})(domain.PageRequest{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		account := first.Items[0].AccountID
		copyRows(t, b.GORM, "transactions", map[string]string{
			"id": idOfCopy(b.GORM), "external_id": "'copy ' || n", "date": "'2026-01-01'", "status": "'posted'",
			"account_id": "NULL", "account": "''",
		})
		later := storetest.Epoch.Add(time.Minute)
		for name, tc := range map[string]struct {
			filter       ports.TransactionFilter
			items, pages int
		}{
			"external id":           {ports.TransactionFilter{ExternalID: "oldest"}, 1, 1},
			"unknown external id":   {ports.TransactionFilter{ExternalID: "unknown"}, 0, 1},
			"pending":               {ports.TransactionFilter{Status: domain.Pending}, 1, 1},
			"pending of an account": {ports.TransactionFilter{Status: domain.Pending, Account: account}, 1, 2},
			"account":               {ports.TransactionFilter{Account: account}, 1, 2},
			"account without rows":  {ports.TransactionFilter{Account: storetest.NewID[domain.Account]()}, 0, 2},
			"account and first days": {
				ports.TransactionFilter{Account: account, Window: domain.Window{To: "2020-01-01"}}, 1, 1,
			},
			"pending, as of a moment": {
				ports.TransactionFilter{Status: domain.Pending, AsOf: later}, 1, 2,
			},
			"external id, as of a moment": {ports.TransactionFilter{ExternalID: "oldest", AsOf: later}, 1, 1},
		} {
			if items, n := pages(t, list(tc.filter)); items != tc.items || n != tc.pages {
				t.Errorf("%s: %d items on %d pages, want %d on %d", name, items, n, tc.items, tc.pages)
			}
		}
		if items, _ := pages(t, list(ports.TransactionFilter{Status: domain.Posted})); items != copies {
			t.Errorf("%d posted transactions, want %d", items, copies)
		}
	})
}

// A filter of deliveries by status or event id must not make one request read all deliveries of a tenant.
func TestAPageOfDeliveriesEndsEarly(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		token := storetest.ConnectionWithToken(t, b.Stores)
		if _, err := storetest.Receive(t.Context(), b.Stores, token, "oldest"); err != nil {
			t.Fatal(err)
		}
		later, fingerprint := "received_at + n", "CAST(n AS BLOB)"
		if b.GORM.Name() == "postgres" {
			later, fingerprint = "received_at + n * interval '1 second'", "int4send(n)"
		}
		copyRows(t, b.GORM, "deliveries", map[string]string{
			"id": idOfCopy(b.GORM), "event_id": "'copy ' || n", "status": "'ignored'", "pull_id": "NULL",
			"received_at": later, "fingerprint": fingerprint,
		})
		for name, tc := range map[string]struct {
			filter       ports.DeliveryFilter
			items, pages int
		}{
			"event id":         {ports.DeliveryFilter{EventID: "oldest"}, 1, 2},
			"unknown event id": {ports.DeliveryFilter{EventID: "unknown", Connection: token.Connection}, 0, 2},
			"status":           {ports.DeliveryFilter{Status: domain.DeliveryAccepted}, 1, 2},
			"status and time": {
				ports.DeliveryFilter{Status: domain.DeliveryAccepted, To: storetest.Epoch.Add(time.Millisecond / 10)},
				1, 1,
			},
		} {
			items, n := pages(t, func(page domain.PageRequest) (domain.Page[domain.Delivery], error) {
				return b.Stores.Deliveries().List(t.Context(), token.Tenant, tc.filter, page)
			})
			if items != tc.items || n != tc.pages {
				t.Errorf("%s: %d items on %d pages, want %d on %d", name, items, n, tc.items, tc.pages)
			}
		}
	})
}

// A filter of audit entries that no index serves must not make one request read all entries of a tenant.
func TestAPageOfAuditEntriesEndsEarly(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		tenant := domain.TenantID{UUID: uuid.Must(uuid.NewV7())}
		later := "made_at + n"
		if b.GORM.Name() == "postgres" {
			later = "made_at + n * interval '1 second'"
		}
		if err := b.GORM.Exec(
			"INSERT INTO audit_entries (sequence, made_at, actor, action, object, request_id, detail, "+
				"tenant_id) VALUES (0, ?, 'oldest', 'oldest', 'oldest', '', '{}', ?)",
			gormstore.Instant{Time: storetest.Epoch},
			tenant.UUID,
		).Error; err != nil {
			t.Fatal(err)
		}
		copyRows(t, b.GORM, "audit_entries", map[string]string{
			"sequence": "r.sequence + n", "made_at": later, "action": "'other'", "object": "'other'",
		})
		for name, tc := range map[string]struct {
			filter       domain.AuditFilter
			items, pages int
		}{
			"actor and object":  {domain.AuditFilter{Actor: "oldest", Object: "oldest"}, 1, 1},
			"object":            {domain.AuditFilter{Object: "oldest"}, 1, 1},
			"action":            {domain.AuditFilter{Action: "oldest"}, 1, 2},
			"unknown action":    {domain.AuditFilter{Action: "unknown", Actor: "oldest"}, 0, 2},
			"time":              {domain.AuditFilter{To: storetest.Epoch.Add(time.Microsecond)}, 1, 2},
			"object and action": {domain.AuditFilter{Object: "oldest", Action: "oldest"}, 1, 1},
		} {
			items, n := pages(t, func(page domain.PageRequest) (domain.Page[domain.AuditEntry], error) {
				return b.Stores.AuditLog().List(t.Context(), tenant, tc.filter, page)
			})
			if items != tc.items || n != tc.pages {
				t.Errorf("%s: %d items on %d pages, want %d on %d", name, items, n, tc.items, tc.pages)
			}
		}
	})
}
