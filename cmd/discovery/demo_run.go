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

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

const surface = "/v1/discovery"

// act is the guide for one vendor.
type act struct {
	vendor, accountRef, clientID, secret string
	// announce has the vendor call the webhook: what is new is there to be pulled.
	announce func(ctx context.Context, url string) (event string, status int, err error)
	// edit has the vendor change one row and delete another, and call the webhook.
	edit func(ctx context.Context, url string) (told string, err error)
	// rows is how many transactions the vendor has before the edit.
	rows int
}

// play walks through the guide once for each vendor.
func (s *stage) play(ctx context.Context, out io.Writer) error {
	g := &guide{ctx: ctx, out: out, origin: s.service, token: s.token}
	g.say("service %s on SQLite; the vendors' simulators at %s (pluggy) and %s (belvo)", s.service, s.origins["pluggy"], s.origins["belvo"])
	g.eventually("the service", func() bool {
		_, _, status, err := g.exchange("GET", "/readyz", nil)
		return err == nil && status == 200
	})
	g.call("types", "GET", surface+"/connector-types", nil, 200)
	for _, a := range []act{s.pluggyAct(), s.belvoAct()} {
		g.say("\n-- %s", a.vendor)
		s.perform(g, a)
	}
	if g.err == nil {
		g.say("\nEverything above happened over HTTP on loopback; nothing of it is kept.")
	}
	return g.err
}

func (s *stage) perform(g *guide, a act) {
	name := a.vendor + "-main"
	made := g.call("create", "POST", surface+"/aggregator-connections", object{
		"vendor": a.vendor, "configName": name, "baseUrl": s.origins[a.vendor],
		"accountRef": a.accountRef, "clientId": a.clientID, "secret": a.secret,
	}, 201)
	id, _ := made["id"].(string)
	s.showSealed(g, name, a)
	g.call("test", "POST", surface+"/aggregator-connections/test", object{"vendor": a.vendor, "configName": name}, 200)

	minted := g.call("mint", "POST", surface+"/webhooks/tokens", object{"vendor": a.vendor, "connection_config_name": name}, 201)
	url, _ := minted["webhookUrl"].(string)
	raw, _ := minted["token"].(string)
	hash := sha256.Sum256([]byte(raw))
	g.say("             stored as SHA-256 %s…", hex.EncodeToString(hash[:8]))

	s.pull(g, a, id, url)
	s.change(g, a, id, url)
	g.call("delete", "DELETE", surface+"/aggregator-connections/"+id, nil, 204)
	s.knockAfterwards(g, a, url)
}

// showSealed looks into the database file as a thief would.
func (s *stage) showSealed(g *guide, name string, a act) {
	if g.err != nil {
		return
	}
	sealed, err := s.sealed(g.ctx, name)
	if err != nil {
		g.err = err
		return
	}
	for _, file := range []string{s.db, s.db + "-wal"} {
		raw, err := os.ReadFile(file)
		if err == nil && (contains(raw, a.secret) || contains(raw, a.clientID)) {
			g.err = fmt.Errorf("the credential is in clear in the database")
		}
	}
	g.say("             stored as %d bytes of ciphertext, %s…; in clear nowhere in the database file", len(sealed), hex.EncodeToString(sealed[:min(12, len(sealed))]))
}

func (s *stage) sealed(ctx context.Context, name string) ([]byte, error) {
	db, err := sql.Open("sqlite", "file:"+s.db+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var sealed []byte
	err = db.QueryRowContext(ctx, "SELECT sealed FROM connections WHERE name = ? AND deleted_at IS NULL", name).Scan(&sealed)
	return sealed, err
}

// pull has the vendor knock and waits for its rows.
func (s *stage) pull(g *guide, a act, id, url string) {
	if g.err != nil {
		return
	}
	event, status, err := a.announce(g.ctx, url)
	if err != nil || status != 202 {
		g.err = fmt.Errorf("the webhook answered %d: %w", status, err)
		return
	}
	g.step++
	g.say("%2d webhook   %s knocks with %s -> %d", g.step, a.vendor, event, status)
	path := surface + "/aggregator-connections/" + id
	g.eventually("the pull", func() bool {
		pulls := items(g.get(path + "/pulls?limit=1"))
		return len(pulls) == 1 && pulls[0]["status"] == "succeeded"
	})
	g.call("pull", "GET", path+"/pulls?limit=1", nil, 200)
	g.call("accounts", "GET", path+"/accounts?limit=1", nil, 200)
	rows := items(g.call("rows", "GET", path+"/transactions?limit=100", nil, 200))
	g.table(rows)
	if g.err == nil && len(rows) != a.rows {
		g.err = fmt.Errorf("%d rows, and the vendor has %d", len(rows), a.rows)
	}
}

// change has the vendor edit and delete, and shows what became of the rows.
func (s *stage) change(g *guide, a act, id, url string) {
	if g.err != nil {
		return
	}
	told, err := a.edit(g.ctx, url)
	if err != nil {
		g.err = err
		return
	}
	g.step++
	g.say("%2d edit      %s", g.step, told)
	var edited, removed object
	g.eventually("the edit", func() bool {
		edited, removed = nil, nil
		for _, row := range items(g.get(surface + "/aggregator-connections/" + id + "/transactions?limit=100")) {
			switch {
			case row["removedAt"] != nil:
				removed = row
			case row["version"] == 2.0:
				edited = row
			}
		}
		return edited != nil && removed != nil
	})
	g.table([]object{edited, removed})
}

func (s *stage) knockAfterwards(g *guide, a act, url string) {
	if g.err != nil {
		return
	}
	_, status, err := a.announce(g.ctx, url)
	if err != nil || status != 401 {
		g.err = fmt.Errorf("a knock after the deletion answered %d: %w", status, err)
		return
	}
	g.step++
	g.say("%2d webhook   %s knocks again -> %d: the token went with the connection", g.step, a.vendor, status)
}

// table shows rows in one line each.
func (g *guide) table(rows []object) {
	for _, row := range rows {
		note := fmt.Sprint("v", row["version"])
		if row["removedAt"] != nil {
			note += " removed"
		}
		g.say("             %v %12v %v %-7v %-10s %.44v", row["date"], row["amount"], row["currency"], row["status"], note, row["description"])
	}
}

func (s *stage) pluggyAct() act {
	target := func(url string) pluggysim.Target {
		return pluggysim.Target{URL: url, Sign: pluggysim.Signed(demoSigning)}
	}
	return act{
		vendor: "pluggy", accountRef: pluggysim.DemoItemID, clientID: pluggysim.DemoClientID, secret: pluggysim.DemoClientSecret,
		rows: len(s.pluggy.Transactions(pluggysim.DemoBankAccountID)) + len(s.pluggy.Transactions(pluggysim.DemoCardAccountID)),
		announce: func(ctx context.Context, url string) (string, int, error) {
			status, err := s.pluggy.SendWebhook(ctx, target(url), pluggysim.Event{Name: "item/updated", ItemID: pluggysim.DemoItemID})
			return "item/updated", status, err
		},
		edit: func(ctx context.Context, url string) (string, error) { return s.editPluggy(ctx, target(url)) },
	}
}

func (s *stage) editPluggy(ctx context.Context, to pluggysim.Target) (string, error) {
	rows := s.pluggy.Transactions(pluggysim.DemoCardAccountID)
	pending, gone := rows[0], rows[1]
	if _, err := s.pluggy.UpdateTransaction(pending.ID, func(t *pluggysim.Transaction) { t.Status = "POSTED" }); err != nil {
		return "", err
	}
	if err := s.pluggy.RemoveTransaction(gone.ID); err != nil {
		return "", err
	}
	for _, e := range []pluggysim.Event{
		{Name: "transactions/updated", AccountID: pending.AccountID, TransactionIDs: []string{pending.ID}},
		{Name: "transactions/deleted", AccountID: gone.AccountID, TransactionIDs: []string{gone.ID}},
	} {
		if status, err := s.pluggy.SendWebhook(ctx, to, e); err != nil || status != 202 {
			return "", fmt.Errorf("%s answered %d: %w", e.Name, status, err)
		}
	}
	return "pluggy posts a pending row and deletes another, and tells both", nil
}

func (s *stage) belvoAct() act {
	target := func(url string) belvosim.Target {
		return belvosim.Target{URL: url, Headers: map[string]string{"Authorization": demoShared}}
	}
	return act{
		vendor: "belvo", accountRef: belvosim.DemoLinkID, clientID: belvosim.DemoSecretID, secret: belvosim.DemoSecretPassword,
		rows: len(s.belvo.Transactions(belvosim.DemoLinkID)),
		announce: func(ctx context.Context, url string) (string, int, error) {
			status, err := s.belvo.SendWebhook(ctx, target(url), belvosim.Event{Name: "TRANSACTIONS/historical_update", LinkID: belvosim.DemoLinkID})
			return "TRANSACTIONS historical_update", status, err
		},
		edit: func(ctx context.Context, url string) (string, error) { return s.editBelvo(ctx, target(url)) },
	}
}

func (s *stage) editBelvo(ctx context.Context, to belvosim.Target) (string, error) {
	rows := s.belvo.Transactions(belvosim.DemoLinkID)
	edited, gone := rows[0], rows[1]
	corrected := "CORRECTED BY THE BANK"
	if _, err := s.belvo.UpdateTransaction(edited.ID, func(t *belvosim.Transaction) { t.Description = &corrected }); err != nil {
		return "", err
	}
	if err := s.belvo.RemoveTransaction(gone.ID); err != nil {
		return "", err
	}
	for _, e := range []belvosim.Event{
		{Name: "TRANSACTIONS/transactions_updated", LinkID: belvosim.DemoLinkID, TransactionIDs: []string{edited.ID}},
		{Name: "TRANSACTIONS/transactions_deleted", LinkID: belvosim.DemoLinkID, TransactionIDs: []string{gone.ID}},
	} {
		if status, err := s.belvo.SendWebhook(ctx, to, e); err != nil || status != 202 {
			return "", fmt.Errorf("%s answered %d: %w", e.Name, status, err)
		}
	}
	return "belvo corrects a row and deletes another, and tells both", nil
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
