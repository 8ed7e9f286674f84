package e2e_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
)

const matcherToken = "canary-matcher-authorization-9c2"

// mirror is a connection whose records a subscription sends to a simulated Matcher.
type mirror struct {
	operator
	b                    bank
	id, hook, account    string
	server               *matchersim.Server
	url, context, source string
	subscription         string
}

// mirrored creates a connection to the bank, and a subscription that sends its records to a simulated Matcher.
func mirrored(t *testing.T, w *env, b bank) *mirror {
	t.Helper()
	o, id, hook := connectAndPull(t, w, b)
	m := &mirror{operator: o, b: b, id: id, hook: hook, server: matchersim.New()}
	m.server.Rate, m.server.Token = 0, "Bearer "+matcherToken
	listener := httptest.NewServer(m.server)
	t.Cleanup(listener.Close)
	m.url = listener.URL
	m.context, m.source = m.server.AddSource()
	m.account = text(o.bankAccount(id), "id")
	created := o.send(http.MethodPost, subscriptions, m.body(m.account)).want(http.StatusCreated).json()
	if created["secret"] != nil || !slices.Equal(created["types"].([]any), []any{"transaction.*"}) {
		t.Errorf("the subscription is %v", created)
	}
	m.subscription = subscriptions + "/" + text(created, "id")
	return m
}

// bankAccount returns the bank account of the connection.
func (o operator) bankAccount(id string) object {
	o.t.Helper()
	for _, account := range o.pages(pathOf(id, "/accounts"), 20) {
		if account["type"] == "bank" {
			return account
		}
	}
	o.t.Fatal("the connection has no bank account")
	return nil
}

// body returns the request for a subscription that sends the records of the accounts.
func (m *mirror) body(accounts ...string) object {
	sources := []object{}
	for _, account := range accounts {
		sources = append(sources, object{"accountId": account, "contextId": m.context, "sourceId": m.source})
	}
	return object{"name": "matcher", "types": []string{"account.*"}, "fromStart": true, "sink": object{
		"kind": "matcher", "url": m.url, "auth": object{"authorization": "Bearer " + matcherToken}, "sources": sources,
	}}
}

// ours returns the amount and the date of each record that Matcher must have for the accounts, by the id of the
// record.
func (m *mirror) ours(accounts ...string) map[string]string {
	m.t.Helper()
	records := map[string]string{}
	for _, row := range m.pages(allTransactions, 200) {
		if !slices.Contains(accounts, text(row, "accountId")) || row["removedAt"] != nil || row["status"] != "posted" {
			continue
		}
		amount := text(row, "amount")
		if other := text(row, "accountAmount"); other != "" {
			amount = other
		}
		records[text(row, "id")] = amount + " " + text(row, "date")
	}
	return records
}

// theirs returns the amount and the date of each transaction in Matcher that is not ignored, by the id of its record.
func (m *mirror) theirs() map[string]string {
	open := map[string]string{}
	for _, one := range m.server.Open(m.source) {
		key := one.Record
		for open[key] != "" {
			key += " doubled"
		}
		open[key] = one.Amount.String() + " " + one.Date[:10]
	}
	return open
}

// equal waits until Matcher has exactly the records of the accounts.
func (m *mirror) equal(accounts ...string) {
	m.t.Helper()
	var diff string
	defer func() {
		if m.t.Failed() {
			m.t.Logf("(-ours +theirs)\n%.3000s", diff)
		}
	}()
	eventually(m.t, "the records in Matcher", func() bool {
		diff = cmp.Diff(m.ours(accounts...), m.theirs())
		return diff == ""
	})
}

func TestMatcherFollowsTheRecords(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		m := mirrored(t, w, b)
		if got := m.send(http.MethodPost, m.subscription+"/test", nil).want(200).json(); got["delivered"] != true {
			t.Errorf("the test is %v", got)
		}
		m.equal(m.account)
		edited, moved, removed, old := b.add(t), b.add(t), b.add(t), b.add(t)
		for i, row := range []string{edited, moved, removed, old} { // with equal amounts they could replace each other
			b.changeAmount(t, row, digits(i+1)+"00.17")
		}
		m.pull(m.id, nil)
		m.equal(m.account)
		if len(m.theirs()) < 4 {
			t.Fatalf("Matcher has %v", m.theirs())
		}

		b.changeAmount(t, edited, "77.01")
		newer := b.post(t, moved)
		b.remove(t, removed)
		m.announce(b, m.hook, "deleted", removed, moved)
		m.waitForSuccess(m.id)
		m.pull(m.id, nil)
		m.equal(m.account)

		record := text(m.byExternalID(m.id, newer)[0], "id")
		m.send(http.MethodPost, allTransactions+"/"+record+"/split", nil).want(http.StatusOK)
		m.equal(m.account)
		oldRecord := text(m.byExternalID(m.id, old)[0], "id")
		b.remove(t, old)
		other := b.add(t)
		b.changeAmount(t, other, "901.55")
		m.announce(b, m.hook, "deleted", old)
		m.waitForSuccess(m.id)
		m.pull(m.id, nil)
		m.equal(m.account)
		if found := m.byExternalID(m.id, other); len(found) == 1 && text(found[0], "id") != oldRecord {
			m.send(http.MethodPost, allTransactions+"/"+oldRecord+"/join", object{"with": text(found[0], "id")}).
				want(200)
			m.equal(m.account)
		}
		if found := m.pages(m.subscription+"/conflicts", 20); len(found) > 0 {
			t.Errorf("conflicts %v", found)
		}
		for where, found := range map[string]string{
			"answers": w.responses.String(), "log": w.log.String(), "database": w.dump(t),
		} {
			search(t, where, map[string]string{"authorization": matcherToken}, found)
		}
	})
}

func TestAMatchedTransactionIsAConflictThatCanBeRetried(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		m := mirrored(t, w, b)
		row := b.add(t)
		m.pull(m.id, nil)
		m.equal(m.account)
		r := newReceiver(t)
		m.subscribe(r.URL, nil, "matcher.conflict")
		record := text(m.byExternalID(m.id, row)[0], "id")
		status := func(status string) {
			for _, one := range m.server.Open(m.source) {
				if one.Record == record {
					m.server.SetStatus(m.source, one.ExternalID, status)
				}
			}
		}
		status("MATCHED")
		b.changeAmount(t, row, "55.5")
		m.pull(m.id, nil)
		var conflicts []object
		eventually(t, "a conflict", func() bool {
			conflicts = m.pages(m.subscription+"/conflicts", 20)
			return len(conflicts) == 1
		})
		c := conflicts[0]
		ours, theirs := c["ours"].(object), c["theirs"].(object)
		if diff := cmp.Diff([]string{
			"change", "matcherId", "ours", "reason", "since", "theirs", "transactionId", "version",
		}, slices.Sorted(maps.Keys(c))); diff != "" || c["transactionId"] != record || c["reason"] != "matched" ||
			c["change"] != "modified" || c["version"] != 2.0 || !strings.HasSuffix(text(ours, "amount"), "55.5") ||
			theirs["status"] != "MATCHED" || !strings.HasSuffix(text(theirs, "amount"), "12.34") {
			t.Errorf("the conflict is %v: %s", c, diff)
		}
		eventually(t, "the event of the conflict", func() bool { return len(r.got()) > 0 })
		e := r.got()[0]
		if diff := cmp.Diff(c, e["data"]); diff != "" || e["subject"] != record ||
			e["type"] != "studio.lerian.discovery.matcher.conflict" {
			t.Errorf("the event is %v: %s", e, diff)
		}

		retry := m.subscription + "/conflicts/" + record + "/retry"
		if got := m.send(http.MethodPost, retry, nil).want(http.StatusAccepted).json(); got["transactionId"] != record {
			t.Errorf("the retried conflict is %v", got)
		}
		if actions := m.actions(); !slices.Contains(actions, "subscription.conflict.retry") {
			t.Errorf("audit entries %v", actions)
		}
		status("UNMATCHED")
		m.send(http.MethodPost, retry, nil)
		m.equal(m.account)
		eventually(t, "no conflict", func() bool { return len(m.pages(m.subscription+"/conflicts", 20)) == 0 })
		m.send(http.MethodPost, retry, nil).problem(http.StatusNotFound, "MTCH-0005")
		webhook := subscriptions + "/" + text(m.subscribe(r.URL, nil, "pull.failed"), "id")
		for _, path := range []string{"/conflicts", "/unmapped"} {
			m.get(webhook+path).problem(http.StatusConflict, "MTCH-0007")
		}
		m.send(http.MethodPost, webhook+"/conflicts/"+record+"/retry", nil).problem(http.StatusConflict, "MTCH-0007")
	})
}

func TestAnAccountThatIsMappedLaterIsSentWithItsRecords(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		m := mirrored(t, w, b)
		m.equal(m.account)
		var unmapped []object
		for _, item := range m.pages(m.subscription+"/unmapped", 20) {
			if item["reason"] != "no_source" || item["connectionId"] != m.id || item["accountId"] == m.account {
				t.Errorf("unmapped: %v", item)
			}
			unmapped = append(unmapped, item)
		}
		if len(unmapped) == 0 {
			t.Fatal("no account without a source is listed")
		}
		before := len(m.server.Transactions(m.source))
		second := text(unmapped[0], "accountId")
		if b.vendor() == "pluggy" && len(m.ours(second)) == 0 {
			t.Fatal("the second account has no record")
		}
		body := m.body(m.account, second)
		delete(body, "fromStart")
		delete(body["sink"].(object), "auth")
		m.send(http.MethodPut, m.subscription, body).want(200)
		m.equal(m.account) // without a credential, nothing arrives
		body["sink"].(object)["auth"] = object{"authorization": "Bearer " + matcherToken}
		m.send(http.MethodPut, m.subscription, body).want(200)
		m.equal(m.account, second)
		if got, want := len(m.server.Transactions(m.source)), before+len(m.ours(second)); got != want {
			t.Errorf("Matcher has %d transactions, want %d", got, want)
		}
		if left := m.pages(m.subscription+"/unmapped", 20); len(left) != len(unmapped)-1 {
			t.Errorf("unmapped: %v", left)
		}
		body["sink"].(object)["sources"] = []object{}
		m.send(http.MethodPut, m.subscription, body).want(200)
		m.equal()
		body["sink"].(object)["sources"] = []object{{"accountId": "x", "contextId": m.context, "sourceId": m.source}}
		m.send(http.MethodPut, m.subscription, body).problem(400, "MTCH-0001", "body.sink.sources[0].accountId")
		body["connectionId"] = m.id
		body["sink"].(object)["sources"] = []object{}
		m.send(http.MethodPut, m.subscription, body).problem(400, "MTCH-0001", "body.connectionId")
		delete(body, "connectionId")
		body["accountId"] = m.account
		m.send(http.MethodPut, m.subscription, body).problem(400, "MTCH-0001", "body.accountId")
	})
}

func TestASharedAccountIsSentThroughTheOldestConnection(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		m := mirrored(t, w, b)
		m.equal(m.account)
		younger := m.connect(b, "younger")
		m.pull(younger, nil)
		second := text(m.bankAccount(younger), "id")
		if second == m.account {
			t.Fatal("the connections have one account")
		}
		change := m.body(m.account, second)
		delete(change, "fromStart")
		m.send(http.MethodPut, m.subscription, change).want(200)
		m.equal(m.account)
		shared := slices.DeleteFunc(m.pages(m.subscription+"/unmapped", 20), func(item object) bool {
			return item["reason"] != "account_shared" || item["accountId"] != second
		})
		if len(shared) != 1 || text(shared[0], "connectionId") != younger {
			t.Errorf("shared accounts: %v", shared)
		}
		m.send(http.MethodDelete, pathOf(m.id, ""), nil).want(http.StatusNoContent)
		m.send(http.MethodPut, m.subscription, change).want(200) // without it, the deletion is noticed within a minute
		m.equal(second)
		if len(m.theirs()) == 0 {
			t.Error("Matcher has nothing")
		}
	})
}

func TestAnErasureIgnoresTheTransactionsInMatcherFirst(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		m := mirrored(t, w, b)
		row := b.add(t)
		m.pull(m.id, nil)
		m.equal(m.account)
		if len(m.theirs()) == 0 {
			t.Fatal("Matcher has nothing")
		}
		record := text(m.byExternalID(m.id, row)[0], "id")
		personal := m.personal(m.id)
		m.send(http.MethodPost, m.subscription+"/pause", nil).want(200)
		erasure := m.requestErasure(m.id, false)
		eventually(t, "an erasure that waits for Matcher", func() bool {
			return m.get(erasure).want(200).json()["lastError"] == "matcher_not_ignored"
		})
		if got := m.get(erasure).want(200).json(); got["status"] != "running" || len(m.theirs()) == 0 {
			t.Errorf("the erasure is %v, Matcher has %v", got, m.theirs())
		}
		m.send(http.MethodPost, m.subscription+"/resume", nil).want(200)
		eventually(
			t,
			"the end of the erasure",
			func() bool { return m.get(erasure).want(200).json()["status"] == "done" },
		)
		if left := m.theirs(); len(left) > 0 {
			t.Errorf("open in Matcher: %v", left)
		}
		if got := m.get(allTransactions + "/" + record).want(200).json(); got["erasedAt"] == nil {
			t.Errorf("the record is %v", got)
		}
		wantAbsent(t, "the database", personal, w.dump(t))
	}, func(*setup) {}) // an environment of its own, without equal data of other tenants
}
