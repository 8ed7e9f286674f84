package clients_test

import (
	"encoding/csv"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

func TestAWebhookIsRegisteredAtTheVendor(t *testing.T) {
	e := open(t, "PUBLIC_URL=https://hooks.example.com")
	e.create(t, "pluggy-main")
	minted := object(t, e.must(t, "", "tokens", "create", "pluggy-main", "--register", "-o", "json"))
	if registration, _ := minted["registration"].(map[string]any); registration["state"] != "active" {
		t.Fatalf("a token with a webhook at the vendor is %v", minted)
	}
	again := object(t, e.must(t, "", "tokens", "create", "pluggy-main", "--register", "-o", "json"))
	if registration, _ := again["registration"].(map[string]any); registration["shared"] != true ||
		again["id"] != minted["id"] || again["token"] != nil {
		t.Errorf("a second webhook of the application is %v", again)
	}
	if table, note, code := e.discovery(t, "", "tokens", "create", "pluggy-main", "--register"); code != 0 ||
		!strings.Contains(
			note,
			"has a webhook at the aggregator already",
		) || !strings.Contains(table, minted["id"].(string)) {
		t.Errorf("as a table: %d %s %s", code, table, note)
	}
	if made := e.sim.Webhooks(); len(made) != 1 {
		t.Errorf("the vendor has %v", made)
	}
}

func TestTheCommandsDoTheMainJob(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	outcome := object(t, e.must(t, "", "connections", "test", "pluggy-main", "-o", "json"))
	if outcome["healthy"] != true {
		t.Fatalf("the test of the connection returned %v", outcome)
	}
	minted := object(t, e.must(t, "", "tokens", "create", "pluggy-main", "-o", "json"))
	e.send(t, minted["webhookUrl"].(string))
	harness.Eventually(t, "the pull of the webhook", func() bool {
		pulls := objects(t, e.must(t, "", "pulls", "list", "pluggy-main", "-o", "json"))
		return len(pulls) == 1 && pulls[0]["status"] == "succeeded"
	})
	pull := object(t, e.must(t, "", "pulls", "start", "pluggy-main", "--wait", "-o", "json"))
	if pull["status"] != "succeeded" || pull["trigger"] != "manual" {
		t.Errorf("the pull that was waited for is %v", pull)
	}
	rows := objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--all", "-o", "json"))
	if len(rows) == 0 || rows[0]["amount"] == nil {
		t.Fatalf("transactions list printed %v", rows)
	}
	changes := objects(t, e.must(t, "", "changes", "--all", "-o", "json"))
	if len(changes) != len(rows) || changes[0]["change"] != "added" {
		t.Errorf("%d changes of %d transactions; the first is %v", len(changes), len(rows), changes[0])
	}
	if accounts := objects(t, e.must(t, "", "accounts", "list", "pluggy-main", "-o", "json")); len(accounts) == 0 {
		t.Error("no accounts are listed")
	}
	if health := object(
		t,
		e.must(t, "", "connections", "health", "pluggy-main", "-o", "json"),
	); health["health"] != "healthy" {
		t.Errorf("the health is %v", health)
	}

	deliveries := objects(t, e.must(t, "", "deliveries", "list", "pluggy-main", "-o", "json"))
	if len(deliveries) != 1 {
		t.Fatalf("%d deliveries are listed", len(deliveries))
	}
	id := deliveries[0]["id"].(string)
	if detail := object(t, e.must(t, "", "deliveries", "get", id, "-o", "json")); detail["payload"] == nil {
		t.Errorf("the delivery has no payload: %v", detail)
	}
	e.must(t, "", "deliveries", "replay", id)

	secret := object(t, e.must(t, "", "tokens", "create", "pluggy-main", "--source-secret", "-o", "json"))
	if authorization, _ := secret["authorization"].(string); !strings.HasPrefix(authorization, "Bearer ") {
		t.Errorf("a token with a source secret is %v", secret)
	}
	e.must(t, "", "tokens", "revoke", secret["id"].(string), "--yes")
	e.must(t, "", "tokens", "revoke", minted["id"].(string), "--yes")
	if tokens := objects(
		t,
		e.must(t, "", "tokens", "list", "pluggy-main", "-o", "json"),
	); tokens[len(tokens)-1]["revokedAt"] == nil {
		t.Errorf("the revoked token is listed as %v", tokens)
	}
	e.must(t, "", "connections", "update", "pluggy-main", "--name", "renamed")
	e.must(t, "", "connections", "delete", "renamed", "--yes")
	if list := objects(t, e.must(t, "", "connections", "list", "-o", "json")); len(list) != 0 {
		t.Errorf("after the deletion %v is listed", list)
	}
}

func TestAConnectionIsErased(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	connection := object(t, e.must(t, "", "connections", "get", "pluggy-main", "-o", "json"))["id"].(string)
	if _, _, code := e.discovery(t, "", "connections", "erase", "pluggy-main"); code != 2 {
		t.Errorf("without --yes and a terminal, the exit code is %d", code)
	}
	started := object(t, e.must(t, "", "connections", "erase", "pluggy-main", "--at-vendor", "--yes", "-o", "json"))
	if started["connectionId"] != connection || started["status"] != "running" {
		t.Errorf("the erasure is %v", started)
	}
	id := started["id"].(string)
	var got map[string]any
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if got = object(t, e.must(t, "", "erasures", "get", id, "-o", "json")); got["status"] != "running" {
			break
		}
	}
	if got["status"] != "done" {
		t.Errorf("the erasure is %v", got)
	}
	if list := e.must(t, "", "erasures", "list"); !strings.Contains(list, id) || !strings.Contains(list, "done") {
		t.Errorf("the erasures are listed as\n%s", list)
	}
	again := object(t, e.must(t, "", "connections", "erase", connection, "--yes", "-o", "json"))
	if again["id"] != id {
		t.Errorf("the erasure of the deleted connection is %v", again)
	}
	if changes := e.must(t, "", "changes"); !strings.Contains(changes, "removed") || strings.Contains(changes, "BRL") {
		t.Errorf("the changes are\n%s", changes)
	}
}

func TestAPeriodIsClosedAndReopened(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	// CLOSE_OFFSET is -03:00 by default. Before 03:00 UTC, the last complete day is therefore two days before the
	// current day in UTC.
	day := time.Now().UTC().Add(-3*time.Hour).AddDate(0, 0, -1).Format(time.DateOnly)
	var account, external string
	for _, row := range objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--all", "-o", "json")) {
		if date := row["date"].(string); date <= day && row["accountId"] == pluggyBankAccount(t, e) {
			account, external = row["accountId"].(string), row["externalId"].(string)
		}
	}
	closed := object(t, e.must(t, "", "accounts", "close", account, day, "-o", "json"))
	if closed["date"] != day || closed["digest"] == "" {
		t.Errorf("the close is %v", closed)
	}
	_, err := e.sim.UpdateTransaction(external, func(row *pluggysim.Transaction) { row.Amount = "-4321.09" })
	if err != nil {
		t.Fatal(err)
	}
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	adjustments := objects(t, e.must(t, "", "accounts", "adjustments", account, day, "-o", "json"))
	if len(adjustments) != 1 || adjustments[0]["change"] != "modified" {
		t.Errorf("the adjustments are %v", adjustments)
	}
	if table := e.must(t, "", "accounts", "adjustments", account, day); !strings.Contains(table, "4321.09") {
		t.Errorf("the adjustments are printed as\n%s", table)
	}
	if closes := objects(t, e.must(t, "", "accounts", "closes", account, "-o", "json")); len(closes) != 1 {
		t.Errorf("the closes are %v", closes)
	}
	pack, key := filepath.Join(t.TempDir(), "evidence.zip"), e.must(t, "", "audit", "key")
	e.must(t, "", "accounts", "evidence", account, day, "-o", pack)
	if out := e.must(t, "", "evidence", "verify", pack, "--key", strings.TrimSpace(key)); !strings.Contains(out,
		closed["digest"].(string)) {
		t.Errorf("the evidence is printed as\n%s", out)
	}
	e.must(t, "", "accounts", "reopen", account, day, "--yes")
	if closes := objects(t, e.must(t, "", "accounts", "closes", account, "-o", "json")); len(closes) != 0 {
		t.Errorf("after reopening, the closes are %v", closes)
	}
}

// pluggyBankAccount returns the id of the bank account of the simulator.
func pluggyBankAccount(t *testing.T, e *env) string {
	t.Helper()
	for _, account := range objects(t, e.must(t, "", "accounts", "list", "pluggy-main", "-o", "json")) {
		if account["externalId"] == pluggysim.DemoBankAccountID {
			return account["id"].(string)
		}
	}
	t.Fatal("the bank account is not stored")
	return ""
}

func TestTheVersionsOfATransactionAreListed(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	row := objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--limit", "1", "-o", "json"))[0]
	_, err := e.sim.UpdateTransaction(row["externalId"].(string), func(row *pluggysim.Transaction) {
		row.Description = "LOJA NOVA"
	})
	if err != nil {
		t.Fatal(err)
	}
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	versions := objects(t, e.must(t, "", "transactions", "history", row["id"].(string), "-o", "json"))
	if len(versions) != 2 || versions[0]["change"] != "modified" || versions[1]["change"] != "added" {
		t.Errorf("the versions are %v", versions)
	}
	table := e.must(t, "", "transactions", "history", row["id"].(string))
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "modified") || !strings.Contains(lines[1], "> LOJA NOVA") {
		t.Errorf("the table is\n%s", table)
	}
}

func TestQuarantinedRowsAreListed(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	if rows := objects(t, e.must(t, "", "quarantine", "list", "pluggy-main", "-o", "json")); len(rows) != 0 {
		t.Fatalf("%v is quarantined", rows)
	}
	row := objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--limit", "1", "-o", "json"))[0]
	id := row["externalId"].(string)
	if _, err := e.sim.UpdateTransaction(id, func(row *pluggysim.Transaction) { row.Status = "ODD" }); err != nil {
		t.Fatal(err)
	}
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	rows := objects(t, e.must(t, "", "quarantine", "list", "pluggy-main", "-o", "json"))
	if len(rows) != 1 || rows[0]["externalId"] != id || rows[0]["reason"] != "unknown_status" {
		t.Errorf("the quarantine is %v", rows)
	}
}

func TestTheCommandsReadAllConnections(t *testing.T) {
	e := open(t)
	e.create(t, "first")
	e.create(t, "second")
	e.must(t, "", "pulls", "start", "first", "--wait")
	e.must(t, "", "pulls", "start", "second", "--wait")
	for _, args := range [][]string{
		{"connections", "health"}, {"pulls", "list"}, {"pulls", "list", "--status", "succeeded"},
	} {
		if items := objects(t, e.must(t, "", append(args, "-o", "json")...)); len(items) != 2 {
			t.Errorf("%v prints %d items of two connections", args, len(items))
		}
	}
	one := objects(t, e.must(t, "", "accounts", "list", "first", "-o", "json"))
	both := objects(t, e.must(t, "", "accounts", "list", "-o", "json"))
	if len(one) == 0 || len(both) != 2*len(one) {
		t.Errorf("one connection has %d accounts, both together have %d", len(one), len(both))
	}
	for _, args := range [][]string{
		{"pulls", "list"}, {"accounts", "list"}, {"changes"}, {"transactions", "search", "--amount", "-212.45"},
	} {
		table := e.must(t, "", args...)
		if !strings.Contains(table, "\nfirst ") || !strings.Contains(table, "\nsecond ") {
			t.Errorf("%v does not name both connections:\n%s", args, table)
		}
	}
	if table := e.must(t, "", "connections", "list"); strings.Count(table, " healthy ") != 2 {
		t.Errorf("the list of connections does not show their health:\n%s", table)
	}
	if table := e.must(t, "", "pulls", "list", "--columns", "connection,status"); !strings.HasPrefix(
		table, "CONNECTION  STATUS\nsecond      succeeded\nfirst ",
	) {
		t.Errorf("--columns prints\n%s", table)
	}
	found := objects(
		t,
		e.must(t, "", "transactions", "search", "--amount", "-212.45", "--connection", "first", "-o", "json"),
	)
	if len(found) != 1 || found[0]["description"] != "BOLETO DE ENERGIA" {
		t.Fatalf("the search found %v", found)
	}
	if row := object(
		t,
		e.must(t, "", "transactions", "get", found[0]["id"].(string), "-o", "json"),
	); row["amount"] != "-212.45" {
		t.Errorf("the transaction is printed as %v", row)
	}
	_, notes, _ := e.discovery(t, "", "accounts", "coverage", "2026-01-02")
	if want := fmt.Sprintf(
		"%d of %d accounts cover 2026-01-02\n",
		len(both),
		len(both),
	); !strings.HasSuffix(
		notes,
		want,
	) {
		t.Errorf("the coverage of a day is %q, want %q", notes, want)
	}
	if table, notes, code := e.discovery(t, "", "accounts", "coverage", "2999-01-01"); code == 0 || table != "" ||
		!strings.Contains(notes, "CLOSE_OFFSET") {
		t.Errorf("the coverage of a later day ends with %d: %s%s", code, table, notes)
	}
	for _, typed := range [][]string{{"R$ 212,45"}, {"energia", "212,45"}, {"--", "-212.45"}, {"-212.45"}} {
		table, notes, _ := e.discovery(t, "", append([]string{"transactions", "search"}, typed...)...)
		for _, want := range []string{
			"first", "second", "Conta de Ensaio", "posted", "2 payments of 424.9 BRL; searched for ", "the amount",
		} {
			if !strings.Contains(table+notes, want) {
				t.Errorf("search %v does not show %q:\n%s%s", typed, want, table, notes)
			}
		}
	}
	for typed, want := range map[string]string{
		"+212,45": "no transaction matches; searched for the amount +212.45\n",
		"212,45":  "so far 1 payment of 212.45 BRL; searched for the amount 212.45 in both directions\n",
	} {
		if _, notes, _ := e.discovery(
			t,
			"",
			"transactions",
			"search",
			"--limit",
			"1",
			typed,
		); !strings.HasSuffix(
			notes,
			want,
		) {
			t.Errorf("search %s ends with %q, want %q", typed, notes, want)
		}
	}
	if found := objects(t, e.must(t, "", "transactions", "search", "--text", "boleto", "-o", "json")); len(found) != 2 {
		t.Errorf("the search for a text found %d transactions", len(found))
	}
}

func TestListsFitTheTerminalAndNameFurtherPages(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	e.create(t, strings.Repeat("a long name ", 20)+"1")
	e.must(t, "", "pulls", "start", "pluggy-main", "--wait")
	e.must(t, "", "tokens", "create", "pluggy-main")
	account := fmt.Sprint(objects(t, e.must(t, "", "accounts", "list", "pluggy-main", "-o", "json"))[0]["id"])
	e.must(t, "", "accounts", "close", account, "2026-01-31")
	for _, args := range [][]string{
		{"connections", "list"}, {"accounts", "list", "pluggy-main"}, {"transactions", "list", "pluggy-main"},
		{"pulls", "list", "pluggy-main"}, {"tokens", "list"}, {"deliveries", "list"}, {"changes"},
		{"quarantine", "list", "pluggy-main"}, {"institutions", "list"}, {"accounts", "closes", account},
		{"accounts", "coverage"}, {"accounts", "balances", account}, {"bank-statements", "list", account},
		{"applications", "list"}, {"subscriptions", "list"}, {"audit", "list"},
		{"replacements", "list"}, {"accounts", "list"},
		{"connections", "get", "pluggy-main"}, {"connections", "health", "pluggy-main"},
	} {
		for line := range strings.Lines(e.must(t, "", args...)) {
			if width := utf8.RuneCountInString(strings.TrimRight(line, "\n")); width > 100 {
				t.Errorf("%v prints a line of %d columns:\n%s", args, width, line)
			}
		}
	}
	out, fault, _ := e.discovery(t, "", "transactions", "list", "pluggy-main", "--limit", "2")
	if lines := strings.Count(out, "\n"); lines != 3 || !strings.Contains(fault, "more items") {
		t.Errorf("two rows of more are printed as\n%s%s", out, fault)
	}
	all := objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--all", "-o", "json"))
	some := objects(t, e.must(t, "", "transactions", "list", "pluggy-main", "--limit", "3", "-o", "json"))
	if len(some) != 3 || len(all) <= 3 {
		t.Errorf("--limit 3 printed %d of %d transactions", len(some), len(all))
	}
	_, fault, _ = e.discovery(t, "", "transactions", "list", "pluggy-main", "--all")
	if strings.Contains(fault, "more items") {
		t.Errorf("--all leaves items out: %s", fault)
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	e := open(t)
	e.create(t, "=cmd|'/c calc'!A1")
	rows, err := csv.NewReader(strings.NewReader(e.must(t, "", "connections", "list", "-o", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if rows[0][0] != "configName" || rows[1][0] != "'=cmd|'/c calc'!A1" {
		t.Errorf("the name of the connection is printed as %q", rows)
	}
	e.must(t, "", "pulls", "start", rows[1][2], "--wait")
	out := e.must(t, "", "transactions", "list", rows[1][2], "-o", "csv", "--all")
	if !strings.Contains(out, ",-") || strings.Contains(out, "'-") {
		t.Errorf("negative amounts are not numbers:\n%.500s", out)
	}
}

func TestExitCodesTellUsageFromFailure(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		names string // part of the message
	}{
		{"an unknown subcommand", []string{"connections", "show"}, 2, `unknown command "show"`},
		{"a missing argument", []string{"connections", "get"}, 2, "usage: discovery connections get NAME|ID"},
		{"an unknown flag", []string{"connections", "list", "--size", "2"}, 2, "--size"},
		{"an unknown column", []string{"connections", "list", "--columns", "x"}, 2, `no column "x"`},
		{"an unknown format", []string{"connections", "list", "-o", "xml"}, 2, "--output"},
		{"missing flags", []string{"connections", "create"}, 2, "--vendor is required"},
		{"an invalid date", []string{"transactions", "list", "pluggy-main", "--from", "May"}, 2, "--from must be"},
		{"an invalid cursor", []string{"changes", "--cursor", "x"}, 2, "query.cursor"},
		{"an unknown name", []string{"connections", "get", "nobody"}, 1, `"nobody" not found: discovery conn`},
		{"a deletion without a name", []string{"connections", "delete", "pluggy-main"}, 2, "--yes is required"},
		{"no credential", []string{
			"connections", "create", "--vendor", "pluggy", "--name", "b", "--base-url", e.vendor, "--account-ref", "r",
		}, 2, "--client-id-file"},
		{"a taken name", []string{
			"connections", "create", "--vendor", "pluggy", "--name", "pluggy-main", "--base-url", e.vendor,
			"--account-ref", "r", "--client-id-file", "-", "--secret-file", "-",
		}, 1, "409"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, fault, code := e.discovery(t, "id\nsecret\n", c.args...)
			if code != c.code || !strings.Contains(fault, c.names) || out != "" || strings.Count(fault, "\n") != 1 {
				t.Errorf(
					"it ended with %d and printed %q and %q, want %d and a line with %q",
					code,
					out,
					fault,
					c.code,
					c.names,
				)
			}
		})
	}
}

func TestMissingVariablesAreNamed(t *testing.T) {
	clean := []string{"PATH=" + os.Getenv("PATH")}
	_, fault, code := run(t, clean, "", "connections", "list")
	if code != 2 || !strings.Contains(fault, "DISCOVERY_URL") || !strings.Contains(fault, "DISCOVERY_TOKEN") {
		t.Errorf("without variables it ended with %d: %s", code, fault)
	}
	_, fault, code = run(t, append(clean, "DISCOVERY_URL=ftp://x", "DISCOVERY_TOKEN=t"), "", "connections", "list")
	if code != 2 || !strings.Contains(fault, "DISCOVERY_URL must be") {
		t.Errorf("with an invalid URL it ended with %d: %s", code, fault)
	}
	_, fault, code = run(
		t,
		append(clean, "DISCOVERY_URL=http://127.0.0.1:1", "DISCOVERY_TOKEN=t"),
		"",
		"connections",
		"list",
	)
	if code != 1 || !strings.Contains(fault, "does not respond") || !strings.Contains(fault, "check DISCOVERY_URL") {
		t.Errorf("without a service it ended with %d: %s", code, fault)
	}
}

func TestARejectedTokenIsExplainedAndNotPrinted(t *testing.T) {
	e := open(t)
	e.token = "not-a-valid-token"
	_, fault, code := e.discovery(t, "", "connections", "list")
	for _, part := range []string{"401", "request ", "DISCOVERY_TOKEN is expired or", "discovery token TENANT"} {
		if !strings.Contains(fault, part) {
			t.Errorf("the message lacks %q: %s", part, fault)
		}
	}
	if code != 1 || strings.Contains(fault, e.token) {
		t.Errorf("it ended with %d: %s", code, fault)
	}
}

func TestTheShellCompletesNames(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	for _, args := range [][]string{
		{"connections", "get", ""}, {"pulls", "start", ""}, {"transactions", "list", "p"}, {"deliveries", "list", ""},
	} {
		if out := e.must(
			t,
			"",
			append([]string{"__complete"}, args...)...); !strings.HasPrefix(
			out,
			"pluggy-main\tpluggy\n",
		) {
			t.Errorf("%v is completed with %q", args, out)
		}
	}
}

func TestALinkIsPrintedAndAConnectionIsPausedAndResumed(t *testing.T) {
	e := open(t)
	e.create(t, "pluggy-main")
	out, fault, code := e.discovery(t, "", "connections", "link", "pluggy-main")
	if code != 0 || !strings.Contains(out, "https://connect.pluggy.ai/?connect_token=") ||
		!strings.Contains(fault, "account holder only") {
		t.Errorf("link ended with %d and printed\n%s%s", code, out, fault)
	}
	for _, step := range []struct {
		command string
		paused  bool
	}{{"pause", true}, {"pause", true}, {"resume", false}} {
		health := object(t, e.must(t, "", "connections", step.command, "pluggy-main", "-o", "json"))
		if health["paused"] != step.paused {
			t.Errorf("%s prints %v", step.command, health)
		}
	}
	e.must(t, "", "connections", "pause", "pluggy-main")
	if _, fault, code := e.discovery(t, "", "pulls", "start", "pluggy-main"); code != 1 ||
		!strings.Contains(fault, "paused") {
		t.Errorf("a pull of a paused connection ended with %d and printed %s", code, fault)
	}
	e.must(t, "", "connections", "resume", "pluggy-main")
	e.must(t, "", "connections", "refresh", "pluggy-main")
	if n := e.sim.Stats().Refreshes; n != 1 {
		t.Errorf("the vendor has started %d synchronisations, want 1", n)
	}
}

func TestAnUnhealthyConnectionFailsTheTestCommand(t *testing.T) {
	e := open(t)
	e.must(t, pluggysim.DemoClientID+"\nwrong\n", "connections", "create", "--vendor", "pluggy", "--name", "bad",
		"--base-url", e.vendor, "--account-ref", pluggysim.DemoItemID, "--client-id-file", "-", "--secret-file", "-")
	out, fault, code := e.discovery(t, "", "connections", "test", "bad")
	if code != 1 || !strings.Contains(out, "credential_rejected") || !strings.Contains(fault, "credential_rejected") {
		t.Errorf("it ended with %d and printed\n%s%s", code, out, fault)
	}
}

func TestAConnectionHasAnAccessToken(t *testing.T) {
	e := open(t)
	sim := plaidsim.New(plaidsim.Options{})
	if err := sim.Seed(); err != nil {
		t.Fatal(err)
	}
	vendor := httptest.NewServer(sim)
	t.Cleanup(vendor.Close)
	const credential = plaidsim.DemoClientID + "\n" + plaidsim.DemoSecret + "\n"
	e.must(t, credential+plaidsim.DemoAccessToken+"\n", "connections", "create", "--vendor", "plaid", "--name", "main",
		"--base-url", vendor.URL, "--account-ref", plaidsim.DemoItemID, "--client-id-file", "-", "--secret-file", "-",
		"--access-token-file", "-")
	e.must(t, "", "connections", "test", "main")
	e.must(t, "access-sandbox-of-nobody\n", "connections", "update", "main", "--access-token-file", "-")
	if _, fault, code := e.discovery(t, "", "connections", "test", "main"); code != 1 ||
		!strings.Contains(fault, "account_not_found") {
		t.Errorf("it ended with %d and printed %s", code, fault)
	}
	e.must(t, credential+plaidsim.DemoAccessToken+"\n", "connections", "update", "main", "--client-id-file", "-",
		"--secret-file", "-", "--access-token-file", "-")
	e.must(t, "", "connections", "test", "main")
	if _, fault, code := e.discovery(t, "", "connections", "update", "main", "--account-ref", "another"); code != 2 ||
		!strings.Contains(fault, "--access-token-file") {
		t.Errorf("it ended with %d and printed %s", code, fault)
	}
}
