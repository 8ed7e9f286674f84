package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// A card of a new connection has the last digits of one whose connection was deleted. Only the operator knows that both
// are the same card.
func TestAnOperatorSaysWhichStoredAccountContinuesAFormerOne(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		card := holderAccount{"CREDIT", "CREDIT_CARD", "8671", "", holderA, "201"}
		b.item, _ = b.addHolder(t, card, 12)
		first := o.connect(b, "first")
		o.pull(first, nil)
		former, before := text(o.accountsOf(first)[0], "id"), o.liveIDs(first)
		o.send(http.MethodDelete, pathOf(first, ""), nil).want(http.StatusNoContent)

		var external string
		b.item, external = b.addHolder(t, card, 12)
		own, err := b.sim.AddTransaction(pluggysim.Transaction{ // bought meanwhile
			AccountID: external, Type: "DEBIT", Amount: "-999.99", Description: "AGENCIA DE VIAGENS",
			Date: holderRowsAt,
		})
		if err != nil {
			t.Fatal(err)
		}
		second := o.connect(b, "second")
		o.pull(second, nil)
		account := text(o.accountsOf(second)[0], "id")
		if account == former || o.severityOf(second, "account_ambiguous") == "" {
			t.Fatalf("the account %s of the new connection is not in doubt", account)
		}
		o.awaitFeed(second)
		young, cursor := o.liveIDs(second), o.feedEnd()
		path := allAccounts + "/" + former + "/continue"
		unknown := "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02"
		o.send(http.MethodPost, path, object{"accountId": unknown}).want(http.StatusNotFound)
		o.send(http.MethodPost, path, object{"accountId": account, "none": true}).want(http.StatusBadRequest)
		o.send(http.MethodPost, path, object{"accountId": former}).want(http.StatusConflict)
		o.send(http.MethodPost, allAccounts+"/"+account+"/continue", object{"accountId": former}).
			want(http.StatusConflict)
		foreign := w.operator(t)
		foreign.send(http.MethodPost, path, object{"accountId": account}).want(http.StatusNotFound)

		now := o.send(http.MethodPost, path, object{"accountId": account}).want(http.StatusOK).json()
		if text(now, "id") != former || text(now, "connectionId") != second || text(now, "externalId") != external ||
			now["removedAt"] != nil || len(now["references"].([]any)) != 2 {
			t.Errorf("the account is %v", now)
		}
		check := func(when string) {
			t.Helper()
			if all := o.accountsOf(second); len(all) != 1 || text(all[0], "id") != former {
				t.Errorf("%s, the accounts are %v", when, all)
			}
			live := o.presentIDs(second)
			for id := range before {
				if !live[id] {
					t.Errorf("%s, the record %s does not continue", when, id)
				}
			}
			if len(live) != 13 {
				t.Errorf("%s, %d records are live, want 13", when, len(live))
			}
			if got := o.severityOf(second, "account_ambiguous"); got != "" {
				t.Errorf("%s, account_ambiguous is still %s", when, got)
			}
		}
		check("after the decision")
		kept := maps.Clone(before)
		for _, c := range o.changesSince(cursor, 25) {
			switch kind, id := c[0], c[1]; {
			case kind == "modified" && before[id], kind == "removed" && young[id]:
				delete(kept, id)
			case kind == "modified" && young[id]: // the purchase, which is of the former account now
			default:
				t.Errorf("the feed has %s %s", kind, id)
			}
		}
		if len(kept) > 0 {
			t.Errorf("the feed does not have %v", kept)
		}
		for _, row := range o.rowsOf(second) {
			if row["removedAt"] == nil && text(row, "accountId") != former {
				t.Errorf("the record is of the account %s", text(row, "accountId"))
			}
			if row["externalId"] == own.ID && !young[text(row, "id")] {
				t.Errorf("the purchase has the new id %s", text(row, "id"))
			}
		}
		o.send(http.MethodPost, path, object{"accountId": account}).want(http.StatusConflict)
		o.pull(second, nil)
		check("after a pull")
		entries := o.pages("/v1/discovery/audit/events?action=account.continue", 50)
		if len(entries) != 1 {
			t.Errorf("the audit log has %v", entries)
		}
	})
}

// The vendor lists an account with another number in place of one that is gone. It was stored as a new account, but the
// operator knows that the bank has only renumbered it.
func TestAnOperatorSaysThatAStoredAccountContinuesOneThatIsGone(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		account := holderAccount{"BANK", "CHECKING_ACCOUNT", "0001/12345-6", fullNumber, holderA, "201"}
		var gone string
		b.item, gone = b.addHolder(t, account, 15)
		id := o.connect(b, "main")
		o.pull(id, nil)
		former, before := text(o.accountsOf(id)[0], "id"), o.liveIDs(id)
		if err := b.sim.SetAccountListed(gone, false); err != nil {
			t.Fatal(err)
		}
		account.transfer, account.number = "341/0001/54321-0", "0001/54321-0"
		present := b.addHolderAccount(t, b.item, account, 15)
		o.pull(id, nil)
		if now := o.accountsOf(id); len(now) != 1 || text(now[0], "id") == former {
			t.Fatalf("the accounts are %v", now)
		}
		path := allAccounts + "/" + former + "/continue"
		o.send(http.MethodPost, path, object{"externalId": "unknown"}).want(http.StatusNotFound)
		response := o.send(http.MethodPost, path, object{"externalId": present}).want(http.StatusAccepted)
		if response.header.Get("Location") == "" {
			t.Error("the response names no pull")
		}
		o.waitForSuccess(id)
		if now := o.accountsOf(id); len(now) != 1 || text(now[0], "id") != former ||
			text(now[0], "externalId") != present {
			t.Errorf("the accounts are %v", now)
		}
		live := o.presentIDs(id)
		for record := range before {
			if !live[record] {
				t.Errorf("the record %s does not continue", record)
			}
		}
		if len(live) != len(before) {
			t.Errorf("%d records are live, want %d", len(live), len(before))
		}
		historyPath := fmt.Sprintf("/v1/discovery/transactions/%s/history", firstOf(before))
		history := o.get(historyPath).want(http.StatusOK).json()
		if versions := history["items"].([]any); len(versions) < 2 {
			t.Errorf("the history of a record is %v", versions)
		}
	})
}

// presentIDs is like liveIDs, for connections with superseded records. The list contains the external ids of these
// records twice.
func (o operator) presentIDs(id string) map[string]bool {
	live := map[string]bool{}
	for _, row := range o.rowsOf(id) {
		if row["removedAt"] == nil {
			live[text(row, "id")] = true
		}
	}
	return live
}

// rowsOf returns the transactions of a connection, at most 200.
func (o operator) rowsOf(id string) []object {
	return o.get(pathOf(id, "/transactions") + "?limit=200").items()
}

func firstOf(ids map[string]bool) string {
	for id := range ids {
		return id
	}
	return ""
}
