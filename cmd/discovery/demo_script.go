package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

const apiPath = "/v1/discovery"

// vendorScript contains the data and the actions of the demo that are specific to one vendor.
type vendorScript struct {
	vendor, accountRef, clientID, secret string

	accessToken string // "" if the vendor has none
	accepted    int    // the status with which the service accepts a webhook of the vendor
	// sendWebhook makes the simulator announce new data with a webhook to url. It returns the name of the event, and
	// the status with which the service responded.
	sendWebhook func(ctx context.Context, url string) (event string, status int, err error)
	// edit makes the simulator change one row, delete another one, and send webhooks about both changes to url.
	edit func(ctx context.Context, url string) (reported string, err error)
	// replace makes the simulator delete one row, create it again under a new id, and send webhooks about both
	// changes to url. It returns the old and the new id.
	replace func(ctx context.Context, url string) (before, after string, err error)
	// rows is the number of transactions that the vendor has before the edit.
	rows int
}

// run performs the steps of the demo, once for each vendor.
func (e *demoEnv) run(ctx context.Context, out io.Writer) error {
	c := &demoClient{ctx: ctx, out: out, origin: e.service, token: e.token}
	c.printf(
		"The service runs at %s on SQLite. The vendors' simulators run at %s (pluggy), %s (belvo) and %s (plaid).",
		e.service, e.origins["pluggy"], e.origins["belvo"], e.origins["plaid"],
	)
	c.waitFor("the service", func() bool {
		_, _, status, err := c.exchange("GET", "/readyz", nil)
		return err == nil && status == 200
	})
	c.call("types", "GET", apiPath+"/connector-types", nil, 200)
	for _, script := range []vendorScript{e.pluggyScript(), e.belvoScript(), e.plaidScript()} {
		c.printf("\n-- %s", script.vendor)
		e.runVendor(c, script)
	}
	e.showUnreadBank(c)
	e.showCard(c)
	if c.err == nil {
		c.printf("\nAll requests above were sent over HTTP on loopback. No data was kept.")
	}
	return c.err
}

func (e *demoEnv) runVendor(c *demoClient, script vendorScript) {
	name := script.vendor + "-main"
	creation := object{
		"vendor": script.vendor, "configName": name, "baseUrl": e.origins[script.vendor],
		"accountRef": script.accountRef, "clientId": script.clientID, "secret": script.secret,
	}
	if script.accessToken != "" {
		creation["accessToken"] = script.accessToken
	}
	created := c.call("create", "POST", apiPath+"/aggregator-connections", creation, 201)
	id, _ := created["id"].(string)
	e.showSealed(c, name, script)
	c.call(
		"test", "POST", apiPath+"/aggregator-connections/test",
		object{"vendor": script.vendor, "configName": name}, 200,
	)

	minted := c.call(
		"mint", "POST", apiPath+"/webhooks/tokens",
		object{"vendor": script.vendor, "connection_config_name": name}, 201,
	)
	url, _ := minted["webhookUrl"].(string)
	raw, _ := minted["token"].(string)
	hash := sha256.Sum256([]byte(raw))
	c.printf("             stored as SHA-256 %s…", hex.EncodeToString(hash[:8]))

	e.showPull(c, script, id, url)
	e.showEdit(c, script, id, url)
	e.showReplacement(c, script, id, url)
	c.call("delete", "DELETE", apiPath+"/aggregator-connections/"+id, nil, 204)
	e.webhookAfterDelete(c, script, url)
}

// showUnreadBank shows a connection whose vendor last read the bank nine days ago: what the service says of it, and how
// that ends when the vendor reads the bank again.
func (e *demoEnv) showUnreadBank(c *demoClient) {
	const name = "pluggy-unread"
	c.printf("\n-- a bank that pluggy last read nine days ago, although its item says UPDATED")
	created := c.call(
		"create", "POST", apiPath+"/aggregator-connections", object{
			"vendor":     "pluggy",
			"configName": name,
			"baseUrl":    e.origins["pluggy"],
			"accountRef": pluggysim.UnreadItemID,
			"clientId":   pluggysim.DemoClientID,
			"secret":     pluggysim.DemoClientSecret,
		}, 201,
	)
	id, _ := created["id"].(string)
	path := apiPath + "/aggregator-connections/" + id
	stale := func() bool { return attentionOf(c.get(path + "/health"))["stale"] }
	c.call("pull", "POST", path+"/pulls", object{}, 202)
	c.waitFor("the age of the reading", stale)
	health := c.get(path + "/health")
	accounts := items(c.get(path + "/accounts?limit=1"))
	if c.err != nil || len(accounts) != 1 {
		return
	}
	account, _ := accounts[0]["id"].(string)
	yesterday := domain.DateOf(time.Now().UTC().Add(demoCloseOffset)).AddDays(-1)
	closed := c.call("close", "PUT", apiPath+"/accounts/"+account+"/closes/"+string(yesterday), object{}, 200)
	c.printf("             health %v, attention stale: the bank was read at %v, which covers the days up to %v",
		health["health"], health["bankReadAt"], accounts[0]["coversTo"])
	c.printf(
		"             the close of %v says %v; what to do: let pluggy read the bank (POST …/refresh), or send the "+
			"holder a sign-in link",
		yesterday,
		closed["completeness"],
	)
	if c.err == nil && closed["completeness"] != "not_covered" {
		c.err = fmt.Errorf("the close of %s says %v", yesterday, closed["completeness"])
	}
	c.call("refresh", "POST", path+"/refresh", object{}, 202)
	if c.err == nil {
		c.err = e.pluggy.SetItemStatus(pluggysim.UnreadItemID, "UPDATED", "")
	}
	c.call("pull", "POST", path+"/pulls", object{}, 202)
	c.waitFor("the reading", func() bool { return !stale() })
	c.printf("             pluggy has read the bank, and nothing needs attention")
	c.call("delete", "DELETE", path, nil, 204)
}

// attentionOf returns the reasons for which a connection needs a person.
func attentionOf(health object) map[string]bool {
	reasons := map[string]bool{}
	list, _ := health["attention"].([]any)
	for _, item := range list {
		if reason, ok := item.(object); ok {
			reasons[fmt.Sprint(reason["reason"])] = true
		}
	}
	return reasons
}

// showSealed prints how the credential is stored. It also searches the database file for the credential in cleartext,
// as a thief of the file would.
func (e *demoEnv) showSealed(c *demoClient, name string, script vendorScript) {
	if c.err != nil {
		return
	}
	sealed, err := e.readSealed(c.ctx, name)
	if err != nil {
		c.err = err
		return
	}
	for _, file := range []string{e.db, e.db + "-wal"} {
		raw, err := os.ReadFile(file)
		if err == nil && (contains(raw, script.secret) || contains(raw, script.clientID)) {
			c.err = fmt.Errorf("the credential is in cleartext in the database")
		}
	}
	c.printf(
		"             stored as %d bytes of ciphertext, %s…; the database file contains no cleartext",
		len(sealed), hex.EncodeToString(sealed[:min(12, len(sealed))]),
	)
}

func (e *demoEnv) readSealed(ctx context.Context, name string) ([]byte, error) {
	db, err := sql.Open("sqlite", "file:"+e.db+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var sealed []byte
	err = db.QueryRowContext(
		ctx, "SELECT sealed FROM connections WHERE name = ? AND deleted_at IS NULL", name,
	).Scan(&sealed)
	return sealed, err
}

// showPull makes the vendor send a webhook, waits until the pull has succeeded, and prints the
// rows that the pull has stored.
func (e *demoEnv) showPull(c *demoClient, script vendorScript, id, url string) {
	if c.err != nil {
		return
	}
	event, status, err := script.sendWebhook(c.ctx, url)
	if err != nil || status != script.accepted {
		c.err = fmt.Errorf("the response to the webhook is %d: %w", status, err)
		return
	}
	c.step++
	c.printf("%2d webhook   %s sends %s -> %d", c.step, script.vendor, event, status)
	path := apiPath + "/aggregator-connections/" + id
	c.waitFor("the pull", func() bool {
		pulls := items(c.get(path + "/pulls?limit=1"))
		return len(pulls) == 1 && pulls[0]["status"] == "succeeded"
	})
	c.call("pull", "GET", path+"/pulls?limit=1", nil, 200)
	c.call("accounts", "GET", path+"/accounts?limit=1", nil, 200)
	rows := items(c.call("rows", "GET", path+"/transactions?limit=100", nil, 200))
	c.table(rows)
	if c.err == nil && len(rows) != script.rows {
		c.err = fmt.Errorf("%d rows, but the vendor has %d", len(rows), script.rows)
	}
}

// showEdit makes the vendor change one row and delete another one, and prints both rows when the
// service has stored the changes.
func (e *demoEnv) showEdit(c *demoClient, script vendorScript, id, url string) {
	if c.err != nil {
		return
	}
	reported, err := script.edit(c.ctx, url)
	if err != nil {
		c.err = err
		return
	}
	c.step++
	c.printf("%2d edit      %s", c.step, reported)
	var edited, removed object
	c.waitFor("the edit", func() bool {
		edited, removed = nil, nil
		for _, row := range items(c.get(apiPath + "/aggregator-connections/" + id + "/transactions?limit=100")) {
			switch {
			case row["removedAt"] != nil:
				removed = row
			case row["version"] == 2.0:
				edited = row
			}
		}
		return edited != nil && removed != nil
	})
	c.table([]object{edited, removed})
}

// showReplacement makes the vendor delete a row and create it again under a new id. It prints the transaction when the
// service has stored the change. The transaction then shows the new row, but can still be looked up by the old row's
// id.
func (e *demoEnv) showReplacement(c *demoClient, script vendorScript, id, url string) {
	if c.err != nil {
		return
	}
	before, after, err := script.replace(c.ctx, url)
	if err != nil {
		c.err = err
		return
	}
	c.step++
	c.printf("%2d replace   %s deletes a row and creates it again under a new id, as when a purchase posts", c.step,
		script.vendor)
	var record object
	c.waitFor("the replacement", func() bool {
		found := items(c.get(apiPath + "/aggregator-connections/" + id + "/transactions?externalId=" + before))
		if len(found) != 1 || found[0]["externalId"] != after || found[0]["removedAt"] != nil {
			return false
		}
		record = found[0]
		return true
	})
	c.table([]object{record})
	if past, _ := record["supersedes"].([]any); len(past) == 1 {
		c.printf("             one transaction, the same id as before; it was %s, the rule is %v", before,
			past[0].(object)["rule"])
	}
}

func (e *demoEnv) webhookAfterDelete(c *demoClient, script vendorScript, url string) {
	if c.err != nil {
		return
	}
	_, status, err := script.sendWebhook(c.ctx, url)
	if err != nil || status != 401 {
		c.err = fmt.Errorf("the response to a webhook after the deletion is %d: %w", status, err)
		return
	}
	c.step++
	const format = "%2d webhook   %s sends another webhook -> %d: the token was deleted with the connection"
	c.printf(format, c.step, script.vendor, status)
}

// table prints one line for each row.
func (c *demoClient) table(rows []object) {
	for _, row := range rows {
		note := fmt.Sprint("v", row["version"])
		if row["removedAt"] != nil {
			note += " removed"
		}
		c.printf(
			"             %v %12v %v %-7v %-10s %.44v", row["date"], row["amount"], row["currency"],
			row["status"], note, row["description"],
		)
	}
}

func (e *demoEnv) pluggyScript() vendorScript {
	target := func(url string) pluggysim.Target {
		return pluggysim.Target{URL: url, Sign: pluggysim.Signed(demoHMACSecret)}
	}
	return vendorScript{
		vendor: "pluggy", accountRef: pluggysim.DemoItemID, clientID: pluggysim.DemoClientID,
		secret: pluggysim.DemoClientSecret, accepted: 202,
		rows: len(
			e.pluggy.Transactions(pluggysim.DemoBankAccountID),
		) + len(e.pluggy.Transactions(pluggysim.DemoCardAccountID)),
		sendWebhook: func(ctx context.Context, url string) (string, int, error) {
			status, err := e.pluggy.SendWebhook(
				ctx, target(url), pluggysim.Event{Name: "item/updated", ItemID: pluggysim.DemoItemID},
			)
			return "item/updated", status, err
		},
		edit: func(ctx context.Context, url string) (string, error) { return e.editPluggy(ctx, target(url)) },
		replace: func(ctx context.Context, url string) (before, after string, err error) {
			return e.replacePluggy(ctx, target(url))
		},
	}
}

func (e *demoEnv) editPluggy(ctx context.Context, to pluggysim.Target) (string, error) {
	rows := e.pluggy.Transactions(pluggysim.DemoCardAccountID)
	pending, deleted := rows[0], rows[1]
	if _, err := e.pluggy.UpdateTransaction(
		pending.ID, func(t *pluggysim.Transaction) { t.Status = "POSTED" },
	); err != nil {
		return "", err
	}
	if err := e.pluggy.RemoveTransaction(deleted.ID); err != nil {
		return "", err
	}
	for _, event := range []pluggysim.Event{
		{Name: "transactions/updated", AccountID: pending.AccountID, TransactionIDs: []string{pending.ID}},
		{Name: "transactions/deleted", AccountID: deleted.AccountID, TransactionIDs: []string{deleted.ID}},
	} {
		if status, err := e.pluggy.SendWebhook(ctx, to, event); err != nil || status != 202 {
			return "", fmt.Errorf("%s answered %d: %w", event.Name, status, err)
		}
	}
	return "pluggy posts a pending row, deletes another, and sends a webhook for each", nil
}

func (e *demoEnv) replacePluggy(ctx context.Context, to pluggysim.Target) (before, after string, err error) {
	row := e.pluggy.Transactions(pluggysim.DemoCardAccountID)[0]
	created, err := e.pluggy.Churn(row.ID)
	if err != nil {
		return "", "", err
	}
	for _, event := range []pluggysim.Event{
		{Name: "transactions/created", AccountID: row.AccountID, TransactionIDs: []string{created.ID}},
		{Name: "transactions/deleted", AccountID: row.AccountID, TransactionIDs: []string{row.ID}},
	} {
		if status, err := e.pluggy.SendWebhook(ctx, to, event); err != nil || status != 202 {
			return "", "", fmt.Errorf("%s answered %d: %w", event.Name, status, err)
		}
	}
	return row.ID, created.ID, nil
}

func (e *demoEnv) belvoScript() vendorScript {
	target := func(url string) belvosim.Target {
		return belvosim.Target{URL: url, Headers: map[string]string{"Authorization": demoAuthorization}}
	}
	return vendorScript{
		vendor: "belvo", accountRef: belvosim.DemoLinkID, clientID: belvosim.DemoSecretID,
		secret: belvosim.DemoSecretPassword, accepted: 202,
		rows: len(e.belvo.Transactions(belvosim.DemoLinkID)),
		sendWebhook: func(ctx context.Context, url string) (string, int, error) {
			status, err := e.belvo.SendWebhook(
				ctx, target(url),
				belvosim.Event{Name: "TRANSACTIONS/historical_update", LinkID: belvosim.DemoLinkID},
			)
			return "TRANSACTIONS historical_update", status, err
		},
		edit: func(ctx context.Context, url string) (string, error) { return e.editBelvo(ctx, target(url)) },
		replace: func(ctx context.Context, url string) (before, after string, err error) {
			return e.replaceBelvo(ctx, target(url))
		},
	}
}

func (e *demoEnv) editBelvo(ctx context.Context, to belvosim.Target) (string, error) {
	rows := e.belvo.Transactions(belvosim.DemoLinkID)
	edited, deleted := rows[0], rows[1]
	corrected := "CORRECTED BY THE BANK"
	if _, err := e.belvo.UpdateTransaction(
		edited.ID, func(t *belvosim.Transaction) { t.Description = &corrected },
	); err != nil {
		return "", err
	}
	if err := e.belvo.RemoveTransaction(deleted.ID); err != nil {
		return "", err
	}
	for _, event := range []belvosim.Event{
		{Name: "TRANSACTIONS/transactions_updated", LinkID: belvosim.DemoLinkID, TransactionIDs: []string{edited.ID}},
		{Name: "TRANSACTIONS/transactions_deleted", LinkID: belvosim.DemoLinkID, TransactionIDs: []string{deleted.ID}},
	} {
		if status, err := e.belvo.SendWebhook(ctx, to, event); err != nil || status != 202 {
			return "", fmt.Errorf("%s answered %d: %w", event.Name, status, err)
		}
	}
	return "belvo corrects a row, deletes another, and sends a webhook for each", nil
}

func (e *demoEnv) replaceBelvo(ctx context.Context, to belvosim.Target) (before, after string, err error) {
	row := e.belvo.Transactions(belvosim.DemoLinkID)[0]
	created, err := e.belvo.Churn(row.ID)
	if err != nil {
		return "", "", err
	}
	for _, event := range []belvosim.Event{
		{Name: "TRANSACTIONS/new_transactions_available", LinkID: belvosim.DemoLinkID},
		{Name: "TRANSACTIONS/transactions_deleted", LinkID: belvosim.DemoLinkID, TransactionIDs: []string{row.ID}},
	} {
		if status, err := e.belvo.SendWebhook(ctx, to, event); err != nil || status != 202 {
			return "", "", fmt.Errorf("%s answered %d: %w", event.Name, status, err)
		}
	}
	return row.ID, created.ID, nil
}

func items(page object) []object {
	list, _ := page["items"].([]any)
	rows := make([]object, 0, len(list))
	for _, item := range list {
		if row, ok := item.(object); ok {
			rows = append(rows, row)
		}
	}
	return rows
}

func contains(raw []byte, text string) bool {
	return bytes.Contains(raw, []byte(text))
}

func (e *demoEnv) plaidScript() vendorScript {
	news := func(ctx context.Context, url string) error {
		const code = "SYNC_UPDATES_AVAILABLE"
		status, err := e.plaid.SendWebhook(ctx, url, plaidsim.DemoItemID, "TRANSACTIONS", code)
		if err != nil || status != 200 {
			return fmt.Errorf("%s answered %d: %w", code, status, err)
		}
		return nil
	}
	return vendorScript{
		vendor: "plaid", accountRef: plaidsim.DemoItemID, clientID: plaidsim.DemoClientID,
		secret: plaidsim.DemoSecret, accessToken: plaidsim.DemoAccessToken, accepted: 200,
		rows: len(e.plaid.Transactions(plaidsim.DemoItemID)),
		sendWebhook: func(ctx context.Context, url string) (string, int, error) {
			const code = "SYNC_UPDATES_AVAILABLE"
			status, err := e.plaid.SendWebhook(ctx, url, plaidsim.DemoItemID, "TRANSACTIONS", code)
			return "TRANSACTIONS " + code, status, err
		},
		edit: func(ctx context.Context, url string) (string, error) {
			rows := e.plaid.Transactions(plaidsim.DemoItemID)
			edited, deleted := rows[len(rows)-1], rows[len(rows)-2]
			corrected := "CORRECTED BY THE BANK"
			edited.Original = &corrected
			if _, err := e.plaid.Put(plaidsim.DemoItemID, edited); err != nil {
				return "", err
			}
			if err := e.plaid.Remove(plaidsim.DemoItemID, deleted.ID); err != nil {
				return "", err
			}
			return "plaid corrects a row, deletes another, and sends one webhook", news(ctx, url)
		},
		replace: func(ctx context.Context, url string) (before, after string, err error) {
			pending := e.plaid.Transactions(plaidsim.DemoItemID)[0]
			posted, err := e.plaid.Post(plaidsim.DemoItemID, pending.ID, true, nil)
			if err != nil {
				return "", "", err
			}
			return pending.ID, posted.ID, news(ctx, url)
		},
	}
}
