package gormstore_test

import (
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// indexUses contains, for each index that is not a unique key, a statement that needs it: the table, and the conditions
// and the order of a statement of the store. In the text, :id is an id, :text a text, and :at a time.
//
// An index costs each insert a page of the disk. An index without a line here has no use, and must not exist.
var indexUses = map[string]string{
	"row_states_held": "row_states WHERE tenant_id = :id AND held_at IS NOT NULL",
	"row_states_announced": "row_states " +
		"WHERE connection_id = :id AND announced_state <> '' AND announced_at < :at",
	"account_closes_connection":     "account_closes WHERE connection_id = :id",
	"account_closes_tenant":         "account_closes WHERE tenant_id = :id",
	"account_completeness_drifting": "account_completeness WHERE tenant_id = :id AND drift_since IS NOT NULL",

	"account_completeness_connection":  "account_completeness WHERE connection_id = :id",
	"account_references_by_connection": "account_references WHERE connection_id = :id AND tenant_id = :id",
	"accounts_bank_read": "accounts WHERE bank_read_at IS NOT NULL AND removed_at IS NULL " +
		"AND bank_read_at < :at",
	"accounts_by_external_id": "accounts WHERE external_id = :text AND tenant_id = :id",
	"accounts_by_key":         "accounts WHERE account_key = :text AND account_key <> '' AND tenant_id = :id",
	"accounts_held":           "accounts WHERE tenant_id = :id AND held_at IS NOT NULL",
	"accounts_readings": "accounts WHERE tenant_id = :id AND connection_id = :id AND removed_at IS NULL " +
		"AND bank_read_at IS NOT NULL",
	"accounts_maybe": "accounts WHERE tenant_id = :id AND connection_id = :id " +
		"AND maybe_continues <> ''",
	"accounts_of_tenant":        "accounts WHERE tenant_id = :id ORDER BY external_id, id",
	"row_states_announced_held": "row_states WHERE tenant_id = :id AND announced_state = 'held'",
	"applications_list":         "applications WHERE tenant_id = :id ORDER BY name, id",
	"applications_renewal":      "applications WHERE renewal_due_at <= :at ORDER BY renewal_due_at",
	"audit_entries_actor":       "audit_entries WHERE actor = :text AND tenant_id = :id ORDER BY sequence DESC",
	"audit_entries_object": "audit_entries WHERE object = :text AND tenant_id = :id ORDER BY sequence" +
		" DESC",
	"audit_entries_tenant": "audit_entries WHERE tenant_id = :id ORDER BY sequence DESC",
	"bank_statements_alerting": "bank_statements WHERE tenant_id = :id AND connection_id = :id " +
		"AND alerting_since IS NOT NULL",
	"bank_statements_connection": "bank_statements WHERE connection_id = :id",
	"bank_statements_due":        "bank_statements WHERE due_at IS NOT NULL AND due_at <= :at ORDER BY due_at",
	"bank_statements_list":       "bank_statements WHERE account_id = :id ORDER BY uploaded_at DESC, id DESC",
	"bank_statements_witness": "bank_statements WHERE witness_connection_id = :id " +
		"AND witness_connection_id IS NOT NULL",
	"csv_mappings_connection": "csv_mappings WHERE connection_id = :id",
	"row_states_carried_over": "row_states " +
		"WHERE connection_id = :id AND account_id IS NOT NULL AND date >= :text",
	"close_adjustments_transaction": "close_adjustments WHERE transaction_id = :id",
	"connections_application": "connections WHERE application_id = :id AND application_id IS NOT NULL " +
		"AND tenant_id = :id",
	"connections_consent_expiry": "connections WHERE consent_expires_at IS NOT NULL AND deleted_at IS NULL " +
		"AND consent_expires_at <= :at ORDER BY consent_expires_at",
	"connections_consent_notice": "connections WHERE consent_notice_at IS NOT NULL AND deleted_at IS NULL " +
		"AND consent_notice_at <= :at ORDER BY consent_notice_at",
	"connections_deleted":   "connections WHERE tenant_id = :id AND vendor = :text AND deleted_at >= :at",
	"connections_of_tenant": "connections WHERE tenant_id = :id ORDER BY id",
	"connections_institution": "connections WHERE tenant_id = :id AND vendor = :text AND institution_id = :text " +
		"AND deleted_at IS NULL",
	"connections_device": "connections WHERE device_since IS NOT NULL AND NOT needs_reauth AND deleted_at IS NULL " +
		"AND device_since <= :at ORDER BY device_since",
	"connections_stale": "connections WHERE stale_announced AND deleted_at IS NULL ORDER BY id",
	"connections_reference": "connections WHERE tenant_id = :id AND lower(account_ref:c) = :text AND deleted_at IS" +
		" NULL",
	"connections_silent": "connections WHERE webhook_missed_at IS NOT NULL AND deleted_at IS NULL " +
		"AND paused_at IS NULL AND webhook_missed_at <= :at ORDER BY webhook_missed_at",
	"connections_unidentified": "connections WHERE client_key IS NULL AND kind = 'aggregator' AND deleted_at IS NULL " +
		"AND id > :id ORDER BY id",
	"connections_webhook_due": "connections WHERE webhook_due_at IS NOT NULL AND deleted_at IS NULL " +
		"AND paused_at IS NULL AND webhook_due_at <= :at ORDER BY webhook_due_at",
	"day_totals_by_tenant":        "day_totals WHERE tenant_id = :id AND date >= :text",
	"deliveries_age":              "deliveries WHERE received_at < :at",
	"deliveries_newest":           "deliveries WHERE tenant_id = :id ORDER BY received_at DESC, id DESC",
	"deliveries_of_connection":    "deliveries WHERE connection_id = :id ORDER BY received_at DESC, id DESC",
	"deliveries_pull":             "deliveries WHERE pull_id = :id", // on SQLite, see late_joins
	"erasures_due":                "erasures WHERE status = 'running' AND due_at <= :at ORDER BY due_at",
	"erasures_newest":             "erasures WHERE tenant_id = :id ORDER BY created_at DESC, id DESC",
	"erasures_of_connection":      "erasures WHERE connection_id = :id ORDER BY created_at DESC",
	"events_age":                  "events WHERE made_at < :at ORDER BY made_at",
	"events_feed":                 "events WHERE tenant_id = :id AND change_tx > 5 ORDER BY change_tx, id",
	"idempotency_keys_age":        "idempotency_keys WHERE claimed_at < :at",
	"last_webhook_tokens_token":   "last_webhook_tokens WHERE token_id = :id",
	"link_sessions_application":   "link_sessions WHERE application_id = :id AND application_id IS NOT NULL",
	"link_sessions_due":           "link_sessions WHERE due_at IS NOT NULL AND due_at <= :at ORDER BY due_at",
	"link_sessions_ended":         "link_sessions WHERE due_at IS NULL AND ended_at < :at",
	"link_sessions_open":          "link_sessions WHERE tenant_id = :id AND state = 'open'",
	"link_sessions_of_connection": "link_sessions WHERE connection_id = :id",
	"matcher_entries_conflicts": "matcher_entries WHERE subscription_id = :id AND conflict_since IS NOT NULL " +
		"ORDER BY conflict_since, transaction_id",
	"matcher_entries_due": "matcher_entries WHERE subscription_id = :id AND due_at IS NOT NULL AND due_at <= :at " +
		"ORDER BY due_at, transaction_id",
	"matcher_entries_external_id": "matcher_entries WHERE subscription_id = :id AND source_id = :text " +
		"AND external_id = :text AND external_id <> ''",
	"matcher_entries_of_connection": "matcher_entries WHERE connection_id = :id",
	"possible_replacements_by_new":  "possible_replacements WHERE new_id = :id AND tenant_id = :id",
	"possible_replacements_listed": "possible_replacements WHERE tenant_id = :id AND " +
		"state IN ('open', 'join_undone') " +
		"ORDER BY since DESC, old_id DESC, new_id DESC",
	"possible_replacements_of_account":    "possible_replacements WHERE account_id = :id AND tenant_id = :id",
	"possible_replacements_of_connection": "possible_replacements WHERE connection_id = :id AND state = :text",
	"pulls_complete": "pulls WHERE connection_id = :id AND complete AND state IN ('succeeded', 'failed') " +
		"ORDER BY finished_at DESC",
	"pulls_ended": "pulls WHERE connection_id = :id AND state IN ('succeeded', 'failed') " +
		"ORDER BY finished_at DESC",
	"pulls_failed": "pulls WHERE tenant_id = :id AND state = 'failed' ORDER BY created_at DESC, id DESC",
	"pulls_irregular": "pulls WHERE connection_id = :id AND state IN ('succeeded', 'failed') " +
		"AND (id_changes > 0 OR late_rows > 0) AND finished_at >= :at",
	"pulls_newest":        "pulls WHERE tenant_id = :id ORDER BY created_at DESC, id DESC",
	"pulls_of_connection": "pulls WHERE connection_id = :id ORDER BY created_at DESC, id DESC",
	"pulls_unchanged": "pulls WHERE state IN ('succeeded', 'failed') AND added = 0 AND modified = 0 " +
		"AND removed = 0 AND NOT uncounted AND finished_at < :at ORDER BY finished_at",
	"pulls_open":                 "pulls WHERE state IN ('queued', 'running', 'waiting') ORDER BY created_at",
	"quarantined_rows_of_tenant": "quarantined_rows WHERE tenant_id = :id ORDER BY connection_id, first_seen_at",
	"reopened_closes_connection": "reopened_closes WHERE connection_id = :id",
	"search_index_account_amount": "search_index WHERE tenant_id = :id AND account_amount = :text " +
		"AND account_amount <> '' ORDER BY date DESC, transaction_id DESC",
	"search_index_amount": "search_index WHERE tenant_id = :id AND amount = :text " +
		"ORDER BY date DESC, transaction_id DESC",
	"search_index_connection":       "search_index WHERE connection_id = :id",
	"search_index_folded":           "search_index WHERE folded LIKE '%abc%'", // on SQLite, see search_texts
	"search_index_newest":           "search_index WHERE tenant_id = :id ORDER BY date DESC, transaction_id DESC",
	"staged_transactions_by_date":   "staged_transactions WHERE connection_id = :id AND date >= :text",
	"subscription_attempts_answers": "subscription_attempts WHERE tenant_id = :id AND response_body <> ''",
	"subscription_events_parked":    "subscription_events WHERE subscription_id = :id AND parked GROUP BY subject",
	"subscription_events_skipped":   "subscription_events WHERE subscription_id = :id AND last_error = 'skipped'",
	"subscriptions_tenant":          "subscriptions WHERE tenant_id = :id ORDER BY created_at DESC, id DESC",
	"transaction_versions_by_date": "transaction_versions WHERE connection_id = :id AND updated_at <= :at " +
		"AND replaced_at > :at ORDER BY date DESC, id DESC",
	"transaction_versions_first": "transaction_versions WHERE version = 1 AND tenant_id = :id AND change_tx > 5 " +
		"ORDER BY change_tx, id",
	"transactions_amount": "transactions WHERE account_id = :id AND amount = 5 AND date >= :text " +
		"AND removed_at IS NULL ORDER BY date DESC LIMIT 101",
	"bill_lists_connection": "bill_lists WHERE connection_id = :id",
	"bill_lists_due":        "bill_lists WHERE due_at IS NOT NULL AND due_at <= :at ORDER BY due_at",
	"bills_connection":      "bills WHERE connection_id = :id",
	"bills_list":            "bills WHERE account_id = :id ORDER BY due_date DESC, id DESC",
	"transactions_bill":     "transactions WHERE bill_id = :id ORDER BY date DESC, id DESC",
	"transactions_by_date":  "transactions WHERE connection_id = :id ORDER BY date DESC, id DESC",
	"transactions_feed":     "transactions WHERE tenant_id = :id AND change_tx > 5 ORDER BY change_tx, id",
	"transactions_pending": "transactions WHERE connection_id = :id AND status = 'pending' " +
		"ORDER BY date DESC, id DESC",
	"transactions_excluded": "transactions WHERE connection_id = :id AND excluded_at IS NOT NULL ORDER BY id",
	"transactions_removed":  "transactions WHERE connection_id = :id AND removed_at >= :at",
	"transactions_authentication_code": "transactions WHERE tenant_id = :id AND lower(authentication_code) = :text " +
		"AND authentication_code <> '' ORDER BY date DESC, id DESC",
	"transactions_barcode": "transactions WHERE tenant_id = :id AND lower(barcode) = :text AND barcode <> '' " +
		"ORDER BY date DESC, id DESC",
	"transactions_counterparty_document": "transactions WHERE tenant_id = :id AND counterparty_document = :text " +
		"AND counterparty_document <> '' ORDER BY date DESC, id DESC",
	"transactions_tx_id": "transactions WHERE tenant_id = :id AND lower(tx_id) = :text AND tx_id <> '' " +
		"ORDER BY date DESC, id DESC",
	"transactions_cheque_number": "transactions WHERE tenant_id = :id AND lower(cheque_number) = :text " +
		"AND cheque_number <> '' ORDER BY date DESC, id DESC",
	"transactions_end_to_end_id": "transactions WHERE tenant_id = :id AND lower(end_to_end_id) = :text " +
		"AND end_to_end_id <> '' ORDER BY date DESC, id DESC",
	"transactions_institution_id": "transactions WHERE tenant_id = :id AND lower(institution_id) = :text " +
		"AND institution_id <> '' ORDER BY date DESC, id DESC",
	"transactions_receiver_reference_id": "transactions WHERE tenant_id = :id " +
		"AND lower(receiver_reference_id) = :text AND receiver_reference_id <> '' ORDER BY date DESC, id DESC",
	"transactions_reference_number": "transactions WHERE tenant_id = :id AND lower(reference_number) = :text " +
		"AND reference_number <> '' AND lower(reference_number) <> lower(end_to_end_id) ORDER BY date DESC, id DESC",
	"transactions_tracking_key": "transactions WHERE tenant_id = :id AND lower(tracking_key) = :text " +
		"AND tracking_key <> '' ORDER BY date DESC, id DESC",
	"webhook_tokens_connection": "webhook_tokens WHERE connection_id = :id",
	"webhook_tokens_newest":     "webhook_tokens WHERE tenant_id = :id ORDER BY created_at DESC, id DESC",
	"webhook_tokens_registration": "webhook_tokens WHERE registration IN ('pending', 'removing') " +
		"AND registration_due <= :at",
}

// largerIndexes are indexes that the planner could use instead of the one in the key. On an empty table, it does not
// know that they are larger. The test drops them, and rolls this back.
var largerIndexes = map[string]string{
	"accounts_bank_read":      "accounts_readings",
	"deliveries_age":          "deliveries_of_connection, deliveries_newest",
	"connections_institution": "connections_reference, connections_of_tenant, connections_deleted",
}

func TestEachIndexHasAStatementThatUsesIt(t *testing.T) {
	storetest.OnEach(t, func(t *testing.T, b storetest.Backend) {
		onPostgreSQL := b.GORM.Name() == "postgres"
		list := `SELECT relname FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
			WHERE NOT indisunique AND relnamespace = 'public'::regnamespace`
		values := strings.NewReplacer(":id", "'01a2192e-a78c-7d7a-be6c-ebfa1fd9b0b9'", ":text", "'E-8'",
			":at", "CURRENT_TIMESTAMP", ":c", ` COLLATE "C"`)
		var onlyElsewhere []string
		if !onPostgreSQL {
			list = `SELECT i.name FROM pragma_table_list t, pragma_index_list(t.name) i
				WHERE t.type = 'table' AND NOT i."unique" AND t.name NOT LIKE 'search_texts%'`
			values = strings.NewReplacer(
				":id",
				"'01a2192e-a78c-7d7a-be6c-ebfa1fd9b0b9'",
				":text",
				"'E-8'",
				":at",
				"5",
				":c",
				"",
			)
			onlyElsewhere = []string{"deliveries_pull", "search_index_folded"}
		}
		var indexes []string
		if err := b.GORM.Raw(list).Scan(&indexes).Error; err != nil {
			t.Fatal(err)
		}
		for _, index := range indexes {
			if indexUses[index] == "" {
				t.Errorf("no statement uses the index %s", index)
			}
		}
		for index, from := range indexUses {
			if !slices.Contains(indexes, index) {
				if !slices.Contains(onlyElsewhere, index) {
					t.Errorf("the index %s does not exist", index)
				}
				continue
			}
			plan := explained(t, b.GORM, largerIndexes[index], "SELECT 1 FROM "+values.Replace(from))
			if !strings.Contains(plan, " "+index+" ") && !strings.HasSuffix(plan, " "+index) {
				t.Errorf("%s is not used by %s:\n%s", index, from, plan)
			}
		}
	})
}

// explained returns the plan of a statement, on one line. PostgreSQL's planner must use an index if it can, although
// the tables are empty. It does not use the indexes without, a list that may be empty.
func explained(t *testing.T, db *gorm.DB, without, statement string) string {
	t.Helper()
	tx := db.Begin()
	defer tx.Rollback()
	var lines []string
	if tx.Name() == "postgres" {
		settings := "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;" +
			" SET LOCAL enable_incremental_sort = off"
		if without != "" {
			settings += "; DROP INDEX " + without
		}
		for setting := range strings.SplitSeq(settings, ";") {
			tx.Exec(setting)
		}
		tx.Raw("EXPLAIN " + statement).Scan(&lines)
	} else {
		var steps []struct{ Detail string }
		tx.Raw("EXPLAIN QUERY PLAN " + statement).Scan(&steps)
		for _, step := range steps {
			lines = append(lines, step.Detail)
		}
	}
	if tx.Error != nil {
		t.Fatalf("%s: %v", statement, tx.Error)
	}
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}
