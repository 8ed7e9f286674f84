package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// view describes how objects of one schema are printed.
type view struct {
	schema  reflect.Type // the generated type, whose members are the columns of CSV
	inner   string       // name of a nested object whose members are printed like the object's own; may be ""
	columns []column     // the columns of the table
	only    bool         // only the members in columns are printed
}

// column is one column of a table.
type column struct {
	member   string // name of the JSON member that the column shows
	title    string
	width    int  // width of the column in a table whose items are not known in advance
	flexible bool // values may be shortened
	// key means that the values of this column tell the rows apart. The column is never left out, and is shortened
	// only while its different values stay different.
	key   bool
	keep  bool // the column is never left out
	right bool // values are aligned to the right
	// connectionName means that the member is the id of a connection, and that the table shows its name.
	connectionName bool
	// format returns the printed value. If format is nil, the value of member is printed; a time is shortened.
	format func(record) string
}

// value returns the printed value of the column.
func (c column) value(r record) string {
	if c.format != nil {
		return c.format(r)
	}
	return shortTime(r.text(c.member))
}

// members returns the names of all members: first the members that the table shows, then all others, sorted by name.
func (v view) members() []string {
	var names []string
	for _, c := range v.columns {
		if v.only || !c.connectionName {
			names = append(names, c.member)
		}
	}
	if v.only {
		return names
	}
	var others []string
	for _, name := range jsonNames(v.schema) {
		if name != v.inner && !slices.Contains(names, name) {
			others = append(others, name)
		}
	}
	if v.inner != "" {
		field, _ := fieldOf(v.schema, v.inner)
		for _, name := range jsonNames(field) {
			if !slices.Contains(names, name) {
				others = append(others, name)
			}
		}
	}
	slices.Sort(others)
	return append(names, others...)
}

// jsonNames returns the JSON names of the fields of a struct.
func jsonNames(schema reflect.Type) []string {
	var names []string
	for field := range schema.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// fieldOf returns the type of the field with the given JSON name. It returns false if there is no such field.
func fieldOf(schema reflect.Type, name string) (reflect.Type, bool) {
	i := slices.Index(jsonNames(schema), name)
	if i < 0 {
		return nil, false
	}
	return schema.Field(i).Type, true
}

// record parses an object and returns its members, including those of the nested object v.inner.
func (v view) record(object []byte) (record, error) {
	r := record{}
	if err := json.Unmarshal(object, &r); err != nil {
		return nil, fmt.Errorf("the response contains an item that is not an object: check %s", urlVariable)
	}
	if v.inner == "" {
		return r, nil
	}
	var inner record
	if err := json.Unmarshal(r[v.inner], &inner); err != nil {
		return nil, fmt.Errorf("the response contains an item without the object %s", v.inner)
	}
	for name, value := range inner {
		if _, taken := r[name]; !taken {
			r[name] = value
		}
	}
	return r, nil
}

// record maps the names of the members of a JSON object to their values.
type record map[string]json.RawMessage

// text returns the value of a member as text: a string without its quotes, any other value as JSON, and "" for null or
// an absent member.
func (r record) text(member string) string {
	raw := r[member]
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// connectionMember is the member with the id of the connection to which an object belongs.
const connectionMember = "connectionId"

// overSeveral returns the view of a list. If connection is nil, the list contains items of all connections, and the
// table begins with the name of the connection. Otherwise overSeveral returns v unchanged.
func (v view) overSeveral(connection *string) view {
	if connection == nil {
		name := column{
			member: connectionMember, title: "CONNECTION", width: 20, flexible: true, key: true, connectionName: true,
		}
		v.columns = append([]column{name}, v.columns...)
	}
	return v
}

const (
	idWidth   = 36
	timeWidth = 20
)

var connectionView = view{
	schema: reflect.TypeFor[discovery.Descriptor](),
	columns: []column{
		{member: "configName", title: "NAME", width: 30, flexible: true, key: true},
		{member: "vendor", title: "VENDOR"},
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "updatedAt", title: "UPDATED", width: timeWidth},
	},
}

// connectionListView is the table of connections. Its items are of the type ConnectionHealthItem, which describes the
// health of a connection. The id may be left out, because every command also accepts the name, which is unique.
var connectionListView = view{
	schema: reflect.TypeFor[discovery.ConnectionHealthItem](),
	columns: []column{
		{member: "configName", title: "NAME", width: 30, flexible: true, key: true},
		{member: "vendor", title: "VENDOR"},
		{member: "health", title: "HEALTH", width: 9, format: healthState},
		{member: "attention", title: "NEEDS", flexible: true, keep: true, format: reasonNames},
		{member: "connectionId", title: "ID", width: idWidth},
	},
}

// healthState returns the health of a connection, or "paused".
func healthState(r record) string {
	if r.text("paused") == "true" {
		return "paused"
	}
	return r.text("health")
}

var healthView = view{schema: reflect.TypeFor[discovery.HealthView](), columns: []column{
	{member: "health", title: "HEALTH"},
	{member: "reason", title: "REASON", flexible: true},
	{member: "paused", title: "PAUSED"},
	{member: "consent", title: "CONSENT", format: consentState},
	{member: "webhook", title: "WEBHOOKS", format: webhookState},
	{member: "bankReadAt", title: "BANK READ", width: timeWidth},
	{member: "awaitingApprovalSince", title: "AWAITS APPROVAL", width: timeWidth},
}}

var summaryView = view{schema: reflect.TypeFor[discovery.ConnectionSummary](), columns: []column{
	{member: "connections", title: "CONNECTIONS"},
	{member: "healthy", title: "HEALTHY"},
	{member: "needy", title: "NEEDY"},
	{member: "attention", title: "ATTENTION", format: reasonCounts},
	{member: "quarantined", title: "QUARANTINED"},
	{member: "drifting", title: "DRIFTING"},
}}

var bankView = view{schema: reflect.TypeFor[discovery.BankView](), columns: []column{
	{member: "name", title: "NAME", width: 30, flexible: true, key: true},
	{member: "vendor", title: "VENDOR"},
	{member: "id", title: "ID", width: 12},
	{member: "connections", title: "CONNECTIONS", right: true},
	{member: "attention", title: "NEEDS", flexible: true, keep: true, format: reasonCounts},
	{member: "bankReadAt", title: "BANK READ", width: timeWidth},
	{member: "delay", title: "DELAY", format: delayHours},
	{member: "idChanges", title: "ID CHANGES", right: true},
	{member: "lateRows", title: "LATE ROWS", right: true},
}}

// delayHours returns the median and the 95th percentile of the delays of a bank.
func delayHours(r record) string {
	var delay struct{ P50, P95 int }
	if json.Unmarshal(r["delay"], &delay) != nil {
		return ""
	}
	return fmt.Sprintf("%d to %d h", delay.P50, delay.P95)
}

// reasonCounts returns the numbers of connections by reason, the most frequent reason first.
func reasonCounts(r record) string {
	var counts map[string]int
	if json.Unmarshal(r["attention"], &counts) != nil {
		return ""
	}
	reasons := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s %d", reason, counts[reason])
	}
	return strings.Join(reasons, ", ")
}

// reasonNames returns the reasons why a connection needs a person, the most urgent one first.
func reasonNames(r record) string {
	var reasons []struct{ Reason string }
	if json.Unmarshal(r["attention"], &reasons) != nil {
		return ""
	}
	names := make([]string, len(reasons))
	for i, reason := range reasons {
		names[i] = reason.Reason
	}
	return strings.Join(names, ", ")
}

var dayTotalView = view{schema: reflect.TypeFor[discovery.DayTotalView](), columns: []column{
	{member: "date", title: "DATE", width: 10},
	{member: "currency", title: "CUR"},
	{member: "in", title: "IN", width: 14, right: true},
	{member: "out", title: "OUT", width: 14, right: true},
	{member: "count", title: "COUNT", width: 8, right: true},
}}

// consentState returns the state of a consent and the day on which it expires.
func consentState(r record) string {
	var c struct{ State, ExpiresAt string }
	if json.Unmarshal(r["consent"], &c) != nil {
		return ""
	}
	return strings.TrimSpace(c.State + " " + c.ExpiresAt[:min(len(c.ExpiresAt), len(time.DateOnly))])
}

// webhookState returns the state of the webhooks of a connection.
func webhookState(r record) string {
	var w struct{ State string }
	if json.Unmarshal(r["webhook"], &w) != nil {
		return ""
	}
	return w.State
}

var linkSessionView = view{schema: reflect.TypeFor[discovery.LinkSession](), columns: []column{
	{member: "expiresAt", title: "EXPIRES", width: timeWidth},
	{member: "url", title: "URL"},
}}

var openLinkSessionView = view{schema: reflect.TypeFor[discovery.OpenLinkSession](), columns: []column{
	{member: "id", title: "ID", key: true},
	{member: "expiresAt", title: "EXPIRES", width: timeWidth},
	{member: "url", title: "URL"},
}}

var linkSessionStateView = view{schema: reflect.TypeFor[discovery.LinkSessionView](), columns: []column{
	{member: "id", title: "ID", key: true},
	{member: "status", title: "STATUS"},
	{member: "connectionId", title: "CONNECTION"},
	{member: "expiresAt", title: "EXPIRES", width: timeWidth},
}}

var healthListView = view{
	schema: reflect.TypeFor[discovery.ConnectionHealthItem](),
	columns: []column{
		{member: "configName", title: "NAME", width: 30, flexible: true, key: true},
		{member: "vendor", title: "VENDOR"},
		{member: "health", title: "HEALTH", width: 9},
		{member: "attention", title: "NEEDS", flexible: true, keep: true, format: reasonNames},
		{member: "paused", title: "PAUSED"},
		{member: "consent", title: "CONSENT", flexible: true, format: consentState},
		{member: "webhook", title: "WEBHOOKS", format: webhookState},
		{member: "bankReadAt", title: "BANK READ", width: timeWidth},
		{member: "lastPullAt", title: "LAST PULL", width: timeWidth},
		{member: "lastWebhookAt", title: "LAST WEBHOOK", width: timeWidth},
		{member: "connectionId", title: "ID", width: idWidth},
	},
}

var testView = view{schema: reflect.TypeFor[discovery.TestOutcome](), columns: []column{
	{member: "configName", title: "NAME", flexible: true},
	{member: "vendor", title: "VENDOR"},
	{member: "healthy", title: "HEALTHY"},
	{member: "reason", title: "REASON"},
	{member: "latencyMs", title: "LATENCY MS"},
}}

var accountView = view{
	schema: reflect.TypeFor[discovery.AccountView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "name", title: "NAME", flexible: true},
		{member: "number", title: "NUMBER", flexible: true},
		{member: "balance", title: "BALANCE", right: true, format: balanceOf},
		{member: "currency", title: "CUR"},
		{member: "coversTo", title: "COVERS TO"},
	},
}

// balanceOf returns the balance of an account. That of a card can be the used part of its limit.
func balanceOf(r record) string {
	if r.text("balanceKind") == "limit_used" {
		return "used " + r.text("balance")
	}
	return r.text("balance")
}

var completenessView = view{
	schema: reflect.TypeFor[discovery.CompletenessView](),
	columns: []column{
		{member: "accountId", title: "ACCOUNT", width: idWidth},
		{member: "state", title: "STATE"},
		{member: "basis", title: "BASIS"},
		{member: "changedSince", title: "CHANGED"},
		{member: "coversTo", title: "COVERS TO"},
		{member: "bankReadAt", title: "BANK READ", width: timeWidth},
		{member: "since", title: "SINCE"},
		{member: "checks", title: "DIFFERENCES", flexible: true, format: differences},
	},
}

// differences returns a text with the differences that the completeness checks have found.
func differences(r record) string {
	var checks []struct{ Check, Difference string }
	if json.Unmarshal(r["checks"], &checks) != nil {
		return ""
	}
	var all []string
	for _, c := range checks {
		all = append(all, c.Check+" "+cmp.Or(c.Difference, "unknown"))
	}
	return strings.Join(all, ", ")
}

var balanceView = view{
	schema: reflect.TypeFor[discovery.BalanceView](),
	columns: []column{
		{member: "at", title: "AT"},
		{member: "balance", title: "BALANCE", right: true},
		{member: "currency", title: "CUR"},
		{member: "posted", title: "POSTED", right: true},
		{member: "anchor", title: "ANCHOR", right: true},
		{member: "coversTo", title: "COVERS TO"},
		{member: "bankReadAt", title: "BANK READ", width: timeWidth},
	},
}

var billView = view{
	schema: reflect.TypeFor[discovery.BillView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth},
		{member: "dueDate", title: "DUE"},
		{member: "closingDate", title: "CLOSED"},
		{member: "total", title: "TOTAL", right: true},
		{member: "currency", title: "CUR"},
		{member: "state", title: "STATE"},
		{member: "check", title: "CHECK"},
		{member: "difference", title: "DIFF", right: true},
	},
}

var applicationView = view{
	schema: reflect.TypeFor[discovery.ApplicationView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth},
		{member: "name", title: "NAME", flexible: true},
		{member: "vendor", title: "VENDOR"},
		{member: "connections", title: "CONNECTIONS"},
		{member: "baseUrl", title: "BASE URL", flexible: true},
	},
}

var erasureView = view{
	schema: reflect.TypeFor[discovery.ErasureView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "connectionId", title: "CONNECTION", width: idWidth},
		{member: "status", title: "STATUS"},
		{member: "lastError", title: "ERROR", flexible: true},
	},
}

var closeView = view{
	schema: reflect.TypeFor[discovery.CloseView](),
	columns: []column{
		{member: "date", title: "DATE"},
		{member: "count", title: "COUNT", right: true},
		{member: "sum", title: "SUM", right: true},
		{member: "currency", title: "CUR"},
		{member: "closingBalance", title: "CLOSING", right: true},
		{member: "digest", title: "DIGEST", flexible: true},
		{member: "closedBy", title: "BY", flexible: true},
		{member: "completeness", title: "STATE"},
		{member: "bankReadAt", title: "BANK READ", width: timeWidth},
		{member: "witness", title: "WITNESS", format: verdictIn("witness")},
	},
}

var bankStatementView = view{
	schema: reflect.TypeFor[discovery.BankStatementView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "state", title: "STATE"},
		{member: "comparison", title: "VERDICT", format: verdictIn("comparison")},
		{member: "source", title: "SOURCE", flexible: true, format: sourceOf},
		{member: "uploadedAt", title: "UPLOADED AT"},
		{member: "reason", title: "REASON", flexible: true},
	},
}

var bankStatementLineView = view{
	schema: reflect.TypeFor[discovery.BankStatementLineView](),
	columns: []column{
		{member: "position", title: "POSITION", right: true},
		{member: "date", title: "DATE"},
		{member: "amount", title: "AMOUNT", right: true},
		{member: "text", title: "TEXT", flexible: true},
		{member: "bucket", title: "BUCKET"},
		{member: "matchedBy", title: "MATCHED BY"},
		{member: "reason", title: "REASON", flexible: true},
	},
}

// verdictIn returns a function that returns the verdict in the member of a record; "" if there is none.
func verdictIn(member string) func(record) string {
	return func(r record) string {
		var comparison struct {
			Verdict string `json:"verdict"`
			Stale   bool   `json:"stale"`
		}
		if r[member] == nil || json.Unmarshal(r[member], &comparison) != nil {
			return ""
		}
		if comparison.Stale {
			return comparison.Verdict + " (stale)"
		}
		return comparison.Verdict
	}
}

// sourceOf returns the name of the file of a bank statement, or the id of the account that is the witness.
func sourceOf(r record) string {
	var source struct {
		Name      string `json:"name"`
		Format    string `json:"format"`
		AccountID string `json:"accountId"`
	}
	if json.Unmarshal(r["source"], &source) != nil {
		return ""
	}
	return cmp.Or(source.AccountID, source.Name, source.Format)
}

var adjustmentView = view{
	schema: reflect.TypeFor[discovery.AdjustmentView](),
	columns: []column{
		{member: "at", title: "AT"},
		{member: "change", title: "CHANGE"},
		{member: "after", title: "CHANGES", flexible: true, format: adjustedMembers},
		{member: "transactionId", title: "TRANSACTION", width: idWidth},
	},
}

// adjustedMembers returns, for each member that an adjustment changed, the values before and after the adjustment. A
// value is empty if the member was absent, or if the account did not have the record at that time.
func adjustedMembers(r record) string {
	var before, after map[string]string
	if r["before"] != nil && json.Unmarshal(r["before"], &before) != nil {
		return ""
	}
	if r["after"] != nil && json.Unmarshal(r["after"], &after) != nil {
		return ""
	}
	var all []string
	for _, name := range []string{"amount", "currency", "accountAmount", "accountCurrency", "date", "status"} {
		if before[name] != after[name] {
			all = append(all, before[name]+" > "+after[name])
		}
	}
	return strings.Join(all, ", ")
}

var transactionColumns = []column{
	{member: "date", title: "DATE", width: 10},
	{member: "amount", title: "AMOUNT", width: 14, right: true},
	{member: "currency", title: "CUR"},
	{member: "status", title: "STATUS", width: 7, format: transactionStatus},
	{member: "description", title: "DESCRIPTION", width: 40, flexible: true},
	{member: "id", title: "ID", width: idWidth},
}

var transactionView = view{schema: reflect.TypeFor[discovery.TransactionView](), columns: transactionColumns}

// foundView is the table of a search for a typed text.
var foundView = view{schema: reflect.TypeFor[discovery.FoundView](), columns: []column{
	{member: "date", title: "DATE", width: 10},
	{member: "amount", title: "AMOUNT", width: 14, right: true},
	{member: "currency", title: "CUR"},
	{member: "status", title: "STATUS", width: 7, format: transactionStatus},
	{member: "institution", title: "BANK", flexible: true, keep: true, format: institutionName},
	{member: "configName", title: "CONNECTION", flexible: true, keep: true},
	{member: "accountName", title: "ACCOUNT", flexible: true, keep: true, format: func(r record) string {
		return cmp.Or(r.text("accountName"), r.text("accountNumber"))
	}},
	{member: "description", title: "DESCRIPTION", flexible: true},
}}

// institutionName returns the name of a bank, or its id if the name is not known.
func institutionName(r record) string {
	var bank struct{ ID, Name string }
	if json.Unmarshal(r["institution"], &bank) != nil {
		return ""
	}
	return cmp.Or(bank.Name, bank.ID)
}

// transactionStatus returns "erased" for an erased transaction, "removed" for a removed one, and otherwise the status
// of the transaction.
func transactionStatus(r record) string {
	switch {
	case r.text("erasedAt") != "":
		return "erased"
	case r.text("removedAt") != "":
		return "removed"
	}
	return r.text("status")
}

var versionView = view{
	schema: reflect.TypeFor[discovery.TransactionVersionView](),
	columns: []column{
		{member: "version", title: "VERSION", right: true},
		{member: "change", title: "CHANGE", width: 10},
		{member: "at", title: "AT", width: timeWidth},
		{member: "trigger", title: "TRIGGER", width: 9},
		{member: "after", title: "CHANGED", flexible: true, format: changedMembers},
	},
}

// changedMembers returns the names of the members that a version changed. Each name is followed by the values before
// and after the change. The values are omitted if one of the two is an object or an array.
func changedMembers(r record) string {
	var before, after map[string]any
	if json.Unmarshal(r["before"], &before) != nil || json.Unmarshal(r["after"], &after) != nil {
		return ""
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		text := name
		if !isComposite(before[name]) && !isComposite(after[name]) {
			text += " " + scalarText(before[name]) + " > " + scalarText(after[name])
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// isComposite reports whether a decoded JSON value is an object or an array.
func isComposite(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

// scalarText returns a decoded JSON value as text. It returns "-" for null and for an absent member.
func scalarText(value any) string {
	if value == nil {
		return "-"
	}
	return fmt.Sprint(value)
}

var changeView = view{
	schema: reflect.TypeFor[discovery.ChangeView](),
	inner:  "transaction",
	columns: append([]column{{member: "change", title: "CHANGE", width: 8}}, slices.DeleteFunc(
		slices.Clone(transactionColumns), func(c column) bool { return c.member == "status" },
	)...),
}

var pullView = view{
	schema: reflect.TypeFor[discovery.PullView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "status", title: "STATUS", width: 9},
		{member: "createdAt", title: "CREATED", width: timeWidth},
		{member: "counts", title: "CHANGES", flexible: true, format: pullChanges},
		{member: "lastError", title: "ERROR", flexible: true},
		{member: "trigger", title: "TRIGGER", width: 9},
	},
}

// pullChanges returns how many transactions a pull added (+), modified (~) and removed (-).
func pullChanges(r record) string {
	var counts struct{ Added, Modified, Removed int64 }
	if json.Unmarshal(r["counts"], &counts) != nil {
		return ""
	}
	return fmt.Sprintf("+%d ~%d -%d", counts.Added, counts.Modified, counts.Removed)
}

var deliveryView = view{
	schema: reflect.TypeFor[discovery.DeliveryView](),
	columns: []column{
		{member: "receivedAt", title: "RECEIVED", width: timeWidth},
		{member: "event", title: "EVENT", width: 28, flexible: true},
		{member: "status", title: "STATUS", width: 10},
		{member: "id", title: "ID", width: idWidth, key: true},
	},
}

var deliveryDetailView = view{
	schema: reflect.TypeFor[discovery.DeliveryDetail](), columns: deliveryView.columns,
}

var quarantineView = view{
	schema: reflect.TypeFor[discovery.QuarantinedView](),
	columns: []column{
		{member: "lastSeenAt", title: "LAST SEEN", width: timeWidth},
		{member: "kind", title: "KIND", width: 11},
		{member: "reason", title: "REASON", width: 16, flexible: true},
		{member: "externalId", title: "EXTERNAL ID", width: idWidth, flexible: true},
	},
}

var auditView = view{
	schema: reflect.TypeFor[discovery.AuditEntryView](),
	columns: []column{
		{member: "sequence", title: "NO", width: 6, right: true},
		{member: "at", title: "AT", width: timeWidth},
		{member: "actor", title: "ACTOR", width: 20, flexible: true},
		{member: "action", title: "ACTION", width: 26},
		{member: "object", title: "OBJECT", width: idWidth, flexible: true},
		{member: "detail", title: "DETAIL", flexible: true},
	},
}

var tokenView = view{
	schema: reflect.TypeFor[discovery.TokenView](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "vendor", title: "VENDOR"},
		{member: "createdAt", title: "CREATED", format: func(r record) string {
			day := r.text("createdAt")
			return day[:min(len(day), len(time.DateOnly))]
		}},
		{member: "lastUsedAt", title: "LAST USED", width: timeWidth},
		{member: "revokedAt", title: "STATE", format: func(r record) string {
			if r.text("revokedAt") != "" {
				return "revoked"
			}
			return "active"
		}},
	},
}

var mintedView = view{schema: reflect.TypeFor[discovery.MintedToken](), columns: []column{
	{member: "id", title: "ID", key: true},
	{member: "webhookUrl", title: "WEBHOOK URL"},
	{member: "token", title: "TOKEN"},
}}

var sharedView = view{schema: reflect.TypeFor[discovery.SharedToken](), columns: []column{
	{member: "id", title: "ID", key: true},
	{member: "vendor", title: "VENDOR"},
}}

// subscriptionColumns are the columns of a subscription.
var subscriptionColumns = []column{
	{member: "id", title: "ID", width: idWidth, key: true},
	{member: "name", title: "NAME", flexible: true},
	{member: "state", title: "STATE"},
	{member: "reason", title: "REASON", flexible: true},
	{member: "position", title: "POSITION", right: true},
	{member: "lastSequence", title: "LAST", right: true},
	{member: "waiting", title: "WAITING", right: true},
	{member: "retrying", title: "RETRYING", right: true},
	{member: "types", title: "TYPES", flexible: true},
}

var subscriptionView = view{schema: reflect.TypeFor[discovery.SubscriptionView](), columns: subscriptionColumns}

var createdSubscriptionView = view{
	schema: reflect.TypeFor[discovery.CreatedSubscription](),
	columns: []column{
		{member: "id", title: "ID", width: idWidth, key: true},
		{member: "name", title: "NAME", flexible: true},
		{member: "secret", title: "SECRET"},
	},
}

var sinkTestView = view{
	schema: reflect.TypeFor[discovery.SinkTestOutcome](),
	columns: []column{
		{member: "delivered", title: "DELIVERED"},
		{member: "reason", title: "REASON", flexible: true},
		{member: "latencyMs", title: "MS", right: true},
	},
}

var conflictView = view{
	schema: reflect.TypeFor[discovery.ConflictView](),
	columns: []column{
		{member: "since", title: "SINCE"},
		{member: "transactionId", title: "TRANSACTION", width: idWidth},
		{member: "version", title: "VERSION", right: true},
		{member: "change", title: "CHANGE"},
		{member: "reason", title: "REASON"},
		{member: "matcherId", title: "MATCHER ID", width: idWidth},
		{title: "OURS", right: true, format: amountOf("ours")},
		{title: "THEIRS", right: true, format: amountOf("theirs")},
	},
}

// amountOf returns a function that prints the amount and the currency in the given member, which is an object.
func amountOf(member string) func(record) string {
	return func(r record) string {
		var side struct{ Amount, Currency string }
		if json.Unmarshal(r[member], &side) != nil {
			return ""
		}
		return strings.TrimSpace(side.Amount + " " + side.Currency)
	}
}

var unmappedView = view{
	schema: reflect.TypeFor[discovery.UnmappedView](),
	columns: []column{
		{member: "accountId", title: "ACCOUNT", width: idWidth},
		{member: "connectionId", title: "CONNECTION", width: 20, flexible: true, connectionName: true},
		{member: "reason", title: "REASON"},
		{member: "type", title: "TYPE"},
		{member: "name", title: "NAME", flexible: true},
		{member: "number", title: "NUMBER", flexible: true},
	},
}

var attemptView = view{
	schema: reflect.TypeFor[discovery.AttemptView](),
	columns: []column{
		{member: "at", title: "AT"},
		{member: "sequence", title: "SEQUENCE", right: true},
		{member: "number", title: "NUMBER", right: true},
		{member: "type", title: "TYPE", flexible: true},
		{member: "subject", title: "SUBJECT", width: idWidth},
		{member: "delivered", title: "DELIVERED"},
		{member: "reason", title: "REASON", flexible: true},
		{member: "latencyMs", title: "MS", right: true},
	},
}
