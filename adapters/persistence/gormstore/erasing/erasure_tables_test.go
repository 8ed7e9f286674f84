package erasing_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore/erasing"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// keptTables are the tables that an erasure does not change, each with the reason. They contain no data about an
// account holder, and no text written by an operator or a vendor.
var keptTables = map[string]string{
	"applications":         "what operators have set for the whole tenant",
	"audit_checkpoints":    "sizes and hashes, signed",
	"audit_entries":        "operators, ids, names of members and numbers",
	"audit_hashes":         "hashes",
	"audit_heads":          "sizes and times",
	"audit_keys":           "a sealed key of the service",
	"audit_pending":        "entries without a number yet",
	"client_hash_keys":     "a sealed key of the service",
	"change_clocks":        "ids of connections and times",
	"erasures":             "ids, times and codes",
	"events":               "ids, times and types; the data of an event is read when it is sent",
	"subscription_events":  "ids, times, types and codes",
	"subscriptions":        "what operators have set for the whole tenant",
	"feed":                 "the position of the change feed, and the key of its cursors",
	"goose_db_version":     "versions of the schema",
	"rate_budgets":         "hashes of origins, numbers of calls",
	"day_totals":           "sums over all connections, without the erased transactions",
	"search_progress":      "positions of the change feed",
	"tenant_feeds":         "positions of the change feed",
	"search_texts":         "the texts of search_index, whose triggers remove them",
	"search_texts_config":  "settings of search_texts",
	"search_texts_data":    "the terms of search_texts, which are hashes; removed with secure-delete",
	"search_texts_docsize": "numbers of terms",
	"search_texts_idx":     "the pages of search_texts_data",
	"last_webhook_tokens":  "ids of connections and tokens",
}

// Every table must be listed: either in erasedTables, or in keptTables because it contains no personal data. The test
// fails for a new table that is not listed.
func TestEveryTableIsErasedOrFreeOfPersonalData(t *testing.T) {
	listed := map[string]bool{}
	for _, name := range erasing.ErasedTables() {
		listed[name] = true
		if keptTables[name] != "" {
			t.Errorf("%s is erased and kept", name)
		}
	}
	for name, reason := range keptTables {
		listed[name] = true
		if reason == "" {
			t.Errorf("no reason why %s is kept", name)
		}
	}
	found := map[string]bool{}
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		for _, name := range tablesOf(t, b) {
			found[name] = true
			if !listed[name] {
				t.Errorf("the table %s is neither erased nor listed in keptTables", name)
			}
		}
	})
	for _, name := range erasing.ErasedTables() {
		if !found[name] {
			t.Errorf("the table %s does not exist", name)
		}
	}
}

// tablesOf returns the names of the tables of the database, except for the database's internal tables.
func tablesOf(t *testing.T, b storetest.Backend) (names []string) {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
	if b.GORM.Name() == "postgres" {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	if err := b.GORM.Raw(query).Scan(&names).Error; err != nil || len(names) == 0 {
		t.Fatal(len(names), err)
	}
	return names
}

// An erasure must change every column of the table transactions, except for the columns in the list kept. The test
// therefore fails if a new column is not erased.
func TestEveryOtherColumnOfATransactionIsErased(t *testing.T) {
	kept := []string{"id", "tenant_id", "connection_id"}
	columns := append(erasing.ErasedColumns(), kept...)
	slices.Sort(columns)
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		stored := slices.Sorted(slices.Values(storetest.Columns(t, b.GORM, "transactions")))
		if diff := cmp.Diff(stored, columns); diff != "" {
			t.Errorf("transactions (-table +erased or kept):\n%s", diff)
		}
	})
}

// connectionColumns maps each column of the table connections to what an erasure does with the column.
var connectionColumns = map[string]string{
	"id": "kept", "tenant_id": "kept", "kind": "kept", "vendor": "kept", "type": "empty for this kind",
	"revision": "kept", "created_at": "kept", "updated_at": "kept", "target_changed_at": "kept", "deleted_at": "kept",
	"erased_at": "kept", "paused_at": "removed by the deletion", "new_reference": "kept", "staged_since": "kept",

	"client_key": "erased with the credential", "application_key": "erased with the credential",
	"application_id": "erased with the credential",

	"name": "erased with the data", "config": "erased with the data", "health_status": "erased with the data",
	"health_reason": "erased with the data", "health_since": "erased with the data",
	"needs_reauth": "erased with the data", "reauth_by_event": "erased with the data",
	"consent_status": "erased with the data", "consent_key": "erased with the data",
	"consent_expires_at": "erased with the data", "consent_notice_at": "erased with the data",
	"consent_since": "erased with the data", "reauth_since": "erased with the data",
	"webhook_next_at": "erased with the data", "webhook_every": "erased with the data",
	"webhook_news_only": "erased with the data", "webhook_due_at": "erased with the data",
	"webhook_missed_at": "erased with the data", "usage_month": "erased with the data",
	"usage_refreshes": "erased with the data", "usage_pulls": "erased with the data",
	"reauth_announced": "erased with the data", "failure_announced": "erased with the data",
	"ambiguity": "erased with the data", "stream_position": "erased with the data",
	"institution_id": "erased with the data", "institution_name": "erased with the data",
	"bank_every": "erased with the data", "bank_on_demand": "erased with the data",
	"stale_announced": "erased with the data", "inconsistent_since": "erased with the data",
	"approval_since": "erased with the data", "device_since": "erased with the data",
	"pull_woken_at": "erased with the data", "signal_at": "erased with the data",

	"base_url": "erased at the end", "account_ref": "erased at the end", "sealed": "erased at the end",
}

func TestEveryColumnOfAConnectionIsErasedOrKept(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		stored := slices.Sorted(slices.Values(storetest.Columns(t, b.GORM, "connections")))
		if diff := cmp.Diff(stored, slices.Sorted(maps.Keys(connectionColumns))); diff != "" {
			t.Errorf("connections (-table +listed):\n%s", diff)
		}
	})
}
