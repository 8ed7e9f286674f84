package e2e_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/evidence/verify"
)

// closedRecords returns a map from record ids to lines. The digest of a closed period is computed from these lines.
// closedRecords starts from the account's current records and undoes all changes since the period was closed.
func (o operator) closedRecords(id, account, day string) map[string]string {
	o.t.Helper()
	records := map[string]object{}
	for _, row := range o.rows(id) {
		if row["removedAt"] == nil && strings.HasSuffix(account, "/"+text(row, "accountId")) {
			records[text(row, "id")] = row
		}
	}
	for _, a := range o.pages(account+"/closes/"+day+"/adjustments", 1) {
		transaction := text(a, "transactionId")
		before, had := a["before"].(object)
		_, has := a["after"].(object)
		switch {
		case !had:
			delete(records, transaction)
		case !has:
			records[transaction] = before
		default:
			records[transaction] = maps.Clone(records[transaction])
			maps.Copy(records[transaction], before)
		}
	}
	return digestLines(records, day)
}

// recordsAsOf is like closedRecords, but reads the records as they were at a past moment (at). For each record, it
// checks that the list and a request for the id of the record return the same members.
func (o operator) recordsAsOf(id, account, day, at string) map[string]string {
	o.t.Helper()
	records := map[string]object{}
	query := "asOf=" + at
	for _, row := range o.pages(pathOf(id, "/transactions?"+query), 2) {
		if strings.HasSuffix(account, "/"+text(row, "accountId")) {
			records[text(row, "id")] = row
		}
		one := o.get(prefix + "/transactions/" + text(row, "id") + "?" + query).want(http.StatusOK).json()
		if diff := cmp.Diff(row, one); diff != "" || row["metadata"] != nil || row["category"] != nil {
			o.t.Errorf("as of %s: %v (-list +by id):\n%s", at, row, diff)
		}
	}
	return digestLines(records, day)
}

// digestLines returns the lines of the records that are dated up to the day, by id.
func digestLines(records map[string]object, day string) map[string]string {
	lines := map[string]string{}
	for transaction, record := range records {
		if text(record, "date") <= day {
			line := transaction
			for _, name := range []string{"date", "status", "amount", "currency", "accountAmount", "accountCurrency"} {
				value, _ := record[name].(string) // null and a missing member are treated as empty
				line += "|" + value
			}
			lines[transaction] = line + "\n"
		}
	}
	return lines
}

// checkDigest recomputes the digest and the count of a closed period, and compares them with the stored values.
func (o operator) checkDigest(when, id, account string, closed object) {
	o.t.Helper()
	lines := o.closedRecords(id, account, text(closed, "date"))
	hash := sha256.New()
	for _, transaction := range slices.Sorted(maps.Keys(lines)) {
		hash.Write([]byte(lines[transaction]))
	}
	want := object{"digest": hex.EncodeToString(hash.Sum(nil)), "count": float64(len(lines))}
	asOf := o.recordsAsOf(id, account, text(closed, "date"), text(closed, "closedAt"))
	if diff := cmp.Diff(lines, asOf); diff != "" {
		o.t.Errorf(
			"%s, the records as of the close of %s (-adjustments undone +as of):\n%s",
			when,
			closed["date"],
			diff,
		)
	}
	if diff := cmp.Diff(want, object{"digest": closed["digest"], "count": closed["count"]}); diff != "" {
		o.t.Errorf("%s, the close of %s (-want +got):\n%s", when, closed["date"], diff)
	}
}

// adjusted returns the member "adjusts" of the last item of each transaction in the change feed, by transaction id.
// The value is the last day of a closed period. An item has this member if a change of the transaction has changed
// the period after it was closed. Transactions whose last item does not have the member are omitted.
func (o operator) adjusted() map[string]string {
	o.t.Helper()
	days := map[string]string{}
	for _, item := range o.get(changes + "?limit=1000").want(http.StatusOK).json()["items"].([]any) {
		transaction := text(item.(object)["transaction"].(object), "id")
		delete(days, transaction)
		if day, ok := item.(object)["adjusts"].(string); ok {
			days[transaction] = day
		}
	}
	return days
}

// TestAPeriodIsClosedAndLaterChangesAreItsAdjustments checks that later changes of records in a closed period are
// listed as adjustments. Undoing the adjustments must result in the digest that was recorded when the period was
// closed.
func TestAPeriodIsClosedAndLaterChangesAreItsAdjustments(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.00")
		o, id, hook := connectAndConfirm(t, w, b)
		account := o.accountPath(id, external)
		yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		late := o.closable(id, account, yesterday)
		earlier := text(late[0], "date")

		first := o.send(http.MethodPut, account+"/closes/"+yesterday, nil, "Idempotency-Key: close-1").
			want(http.StatusOK)
		closed := first.json()
		if closed["closedBy"] == "" || closed["completeness"] != o.ifCovered(account, yesterday, "complete") ||
			closed["sum"] == "" || closed["date"] != yesterday || closed["closedAt"] == nil {
			t.Errorf("the close is %s", first.raw)
		}
		o.checkDigest("at once", id, account, closed)
		documents := o.closedDocuments(account, yesterday)
		o.checkClosedCamt(documents["camt053"], closed)
		o.checkEvidence("at once", account, closed, documents["camt053"])
		oldest := o.send(http.MethodPut, account+"/closes/"+earlier, nil).want(http.StatusOK).json()

		edited, removed := late[0], late[len(late)-1]
		b.changeAmount(t, text(edited, "externalId"), "4321.09")
		o.announce(b, hook, "updated", text(edited, "externalId"))
		o.waitForSuccess(id)
		o.announce(b, hook, "deleted", text(removed, "externalId"))
		o.waitForSuccess(id)
		o.checkDigest("after an edit and a removal", id, account, closed)
		o.pull(id, nil)
		o.waitForSuccess(id)
		for _, c := range []object{closed, oldest} {
			o.checkDigest("after the record was restored", id, account, c)
		}
		if diff := cmp.Diff(documents, o.closedDocuments(account, yesterday)); diff != "" {
			t.Errorf("the documents of the close have changed (-before +after):\n%s", diff)
		}
		o.checkEvidence("after changes", account, closed, documents["camt053"])
		if n := len(o.pages(account+"/closes/"+yesterday+"/adjustments", 2)); n != 3 {
			t.Errorf("%d adjustments, want 3", n)
		}
		again := o.send(http.MethodPut, account+"/closes/"+yesterday, nil).want(http.StatusOK)
		replayed := o.send(http.MethodPut, account+"/closes/"+yesterday, nil, "Idempotency-Key: close-1").
			want(http.StatusOK)
		if string(again.raw) != string(first.raw) || string(replayed.raw) != string(first.raw) {
			t.Errorf("a repeated close is %s and %s, the first one %s", again.raw, replayed.raw, first.raw)
		}
		o.awaitFeed(id)
		days := o.adjusted()
		if days[text(edited, "id")] != earlier || days[text(removed, "id")] == "" || len(days) != 2 {
			t.Errorf("the feed names %v", days)
		}

		before := o.closedDocuments(account, earlier)
		o.send(http.MethodDelete, account+"/closes/"+earlier, nil).want(http.StatusNoContent)
		if diff := cmp.Diff(before, o.closedDocuments(account, earlier)); diff != "" {
			t.Errorf("the documents of the reopened close (-before +after):\n%s", diff)
		}
		reopenedClose := o.pages(account+"/closes?reopened=true", 1)[0]
		o.checkEvidence("reopened", account, reopenedClose, before["camt053"])
		o.get(account+"/closes/2020-01-31/evidence").problem(404, "MTCH-0005")
		if reopened := o.pages(account+"/closes?reopened=true", 1); len(reopened) != 1 ||
			reopened[0]["digest"] != oldest["digest"] || reopened[0]["reopenedAt"] == nil {
			t.Errorf("the reopened closes are %v", reopened)
		}
		if day := o.adjusted()[text(edited, "id")]; day != yesterday {
			t.Errorf("after reopening, the feed names %q", day)
		}
		o.send(http.MethodDelete, account+"/closes/"+earlier, nil).problem(404, "MTCH-0005")
		o.get(account+"/closes/"+earlier+"/adjustments").problem(404, "MTCH-0005")
		if closes := o.pages(account+"/closes", 1); len(closes) != 1 || closes[0]["date"] != yesterday {
			t.Errorf("the closes are %v", closes)
		}
		o.send(http.MethodPut, account+"/closes/"+earlier, nil).want(http.StatusOK)
		if closes := o.pages(account+"/closes", 1); len(closes) != 2 || closes[1]["date"] != earlier {
			t.Errorf("the closes are %v", closes)
		}
	}, func(s *setup) { s.cfg.DriftGrace = time.Hour })
}

// ifCovered returns the completeness that a close of the day has: verdict, but not_covered if the day is after the
// account's coversTo. coversTo depends on the day of the week on which the test runs.
func (o operator) ifCovered(account, day, verdict string) string {
	o.t.Helper()
	coversTo := text(o.get(account).want(http.StatusOK).json(), "coversTo")
	if coversTo == "" {
		o.t.Fatalf("%s has no coversTo", account)
	}
	if day > coversTo {
		return "not_covered"
	}
	return verdict
}

// closedDocuments returns the documents of a closed period by their format.
func (o operator) closedDocuments(account, day string) map[string]string {
	o.t.Helper()
	documents := map[string]string{}
	for _, format := range []string{"camt053", "ofx", "csv", "matcher"} {
		documents[format] = o.statement(account, "close="+day+"&format="+format)
	}
	return documents
}

// checkEvidence verifies the evidence pack of a close, and compares it with the close, its document and the history of
// one of its records.
func (o operator) checkEvidence(when, account string, closed object, document string) {
	o.t.Helper()
	pack := o.get(account + "/closes/" + text(closed, "date") + "/evidence").want(http.StatusOK).raw
	key := strings.TrimSuffix(string(o.get(auditPath+"/key").want(http.StatusOK).raw), "\n")
	if _, err := verify.Pack(bytes.NewReader(pack), key); err != nil {
		o.t.Errorf("%s: the evidence is refused: %v", when, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		o.t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			o.t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			o.t.Fatal(err)
		}
		files[f.Name] = string(content)
	}
	var inPack object
	if err := json.Unmarshal([]byte(files["close.json"]), &inPack); err != nil {
		o.t.Fatal(err)
	}
	if inPack["format"] != 2.0 {
		o.t.Errorf("%s: the format of close.json is %v, want 2", when, inPack["format"])
	}
	delete(inPack, "format")
	if diff := cmp.Diff(closed, inPack); diff != "" {
		o.t.Errorf("%s: close.json (-API +pack):\n%s", when, diff)
	}
	if files["statement.xml"] != document {
		o.t.Errorf("%s: statement.xml is not the document of the close", when)
	}
	for line := range strings.Lines(files["versions.jsonl"]) {
		var version object
		if err := json.Unmarshal([]byte(line), &version); err != nil {
			o.t.Fatal(err)
		}
		for _, v := range o.pages(prefix+"/transactions/"+text(version, "id")+"/history", 5) {
			if v["version"] == version["version"] && (v["pullId"] != version["pullId"] ||
				v["rowSha256"] != version["rowSha256"] || !cmp.Equal(v["deliveryIds"], version["deliveryIds"])) {
				o.t.Errorf("%s: %s, the history says %v", when, line, v)
			}
		}
	}
	pack[len(pack)/2] ^= 1
	if _, err := verify.Pack(bytes.NewReader(pack), key); err == nil {
		o.t.Errorf("%s: a changed pack is accepted", when)
	}
}

// checkClosedCamt compares the balances and the entries of a camt.053 document with the members of its close.
func (o operator) checkClosedCamt(document string, closed object) {
	o.t.Helper()
	var parsed camtDocument
	if err := xml.Unmarshal([]byte(document), &parsed); err != nil || len(parsed.Balances) != 2 {
		o.t.Fatalf("%v: %s", err, document)
	}
	for i, name := range []string{"openingBalance", "closingBalance"} {
		amount := parsed.Balances[i].Amount
		if parsed.Balances[i].Direction == "DBIT" {
			amount = "-" + amount
		}
		if amount != closed[name] {
			o.t.Errorf("%s is %s in the document and %v in the close", name, amount, closed[name])
		}
	}
	if float64(len(parsed.References)) != closed["postedCount"] || !strings.Contains(document, "completeness when") {
		o.t.Errorf("the document has %d entries, the close %v", len(parsed.References), closed["postedCount"])
	}
}

// TestADayOfSeveralAccountsIsClosed closes a day of several accounts in one request. Only one of the ids belongs to an
// account.
func TestADayOfSeveralAccountsIsClosed(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		accountID := account[strings.LastIndex(account, "/")+1:]
		yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		unknown := "019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
		results := o.send(http.MethodPost, prefix+"/closes", object{
			"date": yesterday, "accountIds": []string{unknown, accountID, "no id"},
		}).want(http.StatusOK).json()["results"].([]any)
		for i, want := range []string{unknown, accountID, "no id"} {
			result := results[i].(object)
			problem, failed := result["error"].(object)
			if result["accountId"] != want || failed != (i != 1) || failed &&
				(problem["code"] != "MTCH-0005" || problem["detail"] != "account not found") {
				t.Errorf("result %d is %v", i, result)
			}
		}
		closed := o.send(http.MethodPut, account+"/closes/"+yesterday, nil).want(http.StatusOK).json()
		if diff := cmp.Diff(closed, results[1].(object)["close"]); diff != "" {
			t.Errorf("close (-alone +among several):\n%s", diff)
		}
		future := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
		for _, test := range []struct {
			location string
			body     object
		}{
			{"body.accountIds", object{"date": yesterday}},
			{"body.accountIds", object{"date": yesterday, "accountIds": []string{}}},
			{"body.accountIds", object{"date": yesterday, "accountIds": slices.Repeat([]string{accountID}, 201)}},
			{"body.date", object{"date": "x", "accountIds": []string{accountID}}},
			{"body.date", object{"date": future, "accountIds": []string{accountID}}},
		} {
			o.send(http.MethodPost, prefix+"/closes", test.body).problem(400, "MTCH-0001", test.location)
		}
		for path, detail := range map[string]string{
			account:                         "the day of the account is not closed",
			prefix + "/accounts/" + unknown: "account not found",
		} {
			response := o.get(path + "/statement?format=csv&close=2020-01-31")
			response.problem(404, "MTCH-0005")
			if got := text(response.json(), "detail"); got != detail {
				t.Errorf("%s: %q, want %q", path, got, detail)
			}
		}
		for name, value := range map[string]string{"from": "2020-01-01", "to": "2020-01-01", "force": "true"} {
			o.get(account+"/statement?format=csv&close="+yesterday+"&"+name+"="+value).
				problem(400, "MTCH-0001", "query."+name)
		}
	})
}

// closable returns the account's records that are dated up to and including the given day, oldest first. It fails the
// test if there are fewer than two.
func (o operator) closable(id, account, day string) []object {
	o.t.Helper()
	var records []object
	for _, row := range o.rows(id) {
		if strings.HasSuffix(account, "/"+text(row, "accountId")) && text(row, "date") <= day {
			records = append(records, row)
		}
	}
	slices.SortFunc(records, func(x, y object) int {
		return strings.Compare(text(x, "date")+text(x, "id"), text(y, "date")+text(y, "id"))
	})
	if len(records) < 2 {
		o.t.Fatalf("only %d records up to %s", len(records), day)
	}
	return records
}

func TestAPeriodThatCannotBeClosed(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		today := time.Now().UTC().Format(time.DateOnly)
		for _, day := range []string{today, "2099-01-01", "2026-02-30", "yesterday"} {
			o.send(http.MethodPut, account+"/closes/"+day, nil).problem(400, "MTCH-0001", "path.date")
		}
		o.send(http.MethodPut, account+"/closes/2026-01-31", nil).want(http.StatusOK)
		other, missing := w.operator(t), allAccounts+"/019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"
		for caller, path := range map[operator]string{other: account, o: missing} {
			caller.send(http.MethodPut, path+"/closes/2026-01-31", nil).problem(404, "MTCH-0005")
			caller.send(http.MethodDelete, path+"/closes/2026-01-31", nil).problem(404, "MTCH-0005")
			caller.get(path+"/closes").problem(404, "MTCH-0005")
			caller.get(path+"/closes/2026-01-31/adjustments").problem(404, "MTCH-0005")
		}
		o.get(account+"/closes/not-a-day/adjustments").problem(404, "MTCH-0005")
		o.get(account+"/closes?cursor=x").problem(400, "MTCH-0001", "query.cursor")
	}, func(*setup) {})
}
