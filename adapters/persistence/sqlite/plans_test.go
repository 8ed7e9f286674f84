package sqlite_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
)

// largeTables are the tables that have more rows than a statement may read, unless an index selects the rows.
var largeTables = []string{
	"transactions", "transaction_versions", "deliveries", "pulls", "row_states", "search_index", "staged_transactions",
	"prepared_transactions", "events", "subscription_events", "subscription_attempts", "possible_replacements",
	"quarantined_rows", "matcher_entries", "close_adjustments", "account_balances", "bank_statement_lines",
	"bank_statement_files", "audit_entries", "webhook_tokens", "bills",
}

// broadStatements are the beginnings of statements that may read more, each with the reason.
var broadStatements = map[string]string{
	"UPDATE `webhook_tokens` SET `application_key`=? WHERE application_key IS NOT NULL": "the keyset has changed",
	"SELECT tenant_id FROM audit_heads UNION":                                           "the tenants of all audit logs",
	"SELECT `webhook_tokens`.`id`":                                                      "a connection is identified once",
	"DELETE FROM pulls AS p":                                                            "few rows have a state",
	"SELECT (SELECT count(*) FROM (SELECT 1 FROM transactions WHERE connection_id = (":  "the id is that of a pull",
}

// value matches one parameter, or a list of them.
const value = `(?:\(?[?$]|\(SELECT value FROM json_each)`

var (
	planStep = regexp.MustCompile(
		`^(SCAN|SEARCH) (\w+)(?: (?:EXISTS )?USING (?:COVERING )?(?:INDEX|PRIMARY KEY) ?(\w*))?` +
			`(?: \((.*)\))?$`,
	)
	tableNames = regexp.MustCompile(`\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: AS)? (\w+)\b`)
	// ofOwner matches a condition that selects rows of a connection or of an account, ofRow one that selects rows.
	ofOwner = regexp.MustCompile(`\b(?:connection_id|account_id) (?:=|IN) ` + value)
	ofRow   = regexp.MustCompile(`[ (](?:id|external_id) (?:=|IN) ` + value)
)

// checkPlans checks that the statements that were run read a large table by an index that selects what they need.
// SQLite has no statistics of the tables, so it may prefer an index that selects all rows of a tenant or a connection.
func checkPlans(t *testing.T) {
	checked := 0
	for text, steps := range sqlite.ObservedPlans() {
		isBroad := false
		for beginning := range broadStatements {
			isBroad = isBroad || strings.HasPrefix(text, beginning)
		}
		for _, step := range steps {
			m := planStep.FindStringSubmatch(step)
			if m == nil || isBroad || !slices.Contains(largeTables, tableOf(text, m[2])) {
				continue
			}
			checked++
			switch index, columns := m[3], m[4]; {
			case index == "pulls_open": // few pulls are open
			case m[1] == "SCAN", columns == "tenant_id=?" && (ofOwner.MatchString(text) || ofRow.MatchString(text)),
				columns == "connection_id=?" && ofRow.MatchString(text):
				t.Errorf("%s\n\t%s", step, text)
			}
		}
	}
	if checked < 500 {
		t.Errorf("%d steps of plans were checked", checked)
	}
}

// tableOf returns the table of a name in a statement, which may be an alias; "" for the result of a SELECT.
func tableOf(statement, name string) string {
	if strings.Contains(statement, ") AS "+name+" ") {
		return ""
	}
	for _, m := range tableNames.FindAllStringSubmatch(statement, -1) {
		if m[2] == name && !slices.Contains(largeTables, name) {
			return m[1]
		}
	}
	return name
}
