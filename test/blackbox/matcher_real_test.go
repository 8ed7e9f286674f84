package blackbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// matcherURLEnv names the environment variable with the URL of a running Matcher. That Matcher must not require
// authentication; see docs/events.md.
const matcherURLEnv = "MATCHER_URL"

// ledgerRows is the number of rows of the ledger, and correctedRows the number of records that are corrected after the
// first matching run.
const (
	ledgerRows    = 1000
	correctedRows = 50
)

// TestRecordsMatchALedgerInMatcher sends the records of an account to a running Matcher, and imports a ledger with the
// same references there. It counts the transactions that Matcher's rules match. It is run by hand; see docs/events.md.
func TestRecordsMatchALedgerInMatcher(t *testing.T) {
	url := os.Getenv(matcherURLEnv)
	if url == "" {
		t.Skip(matcherURLEnv + " is not set")
	}
	m := &realMatcher{t: t, url: url}
	m.createContext()
	r := newMatcherRun(t, newEnv(t, ""), 0)
	var ledger []object
	for i := range ledgerRows {
		ledger = append(ledger, r.ledgerRow(i))
	}
	r.mirrorTo(m)
	m.await(m.bank, "UNMATCHED", ledgerRows)
	m.upload(m.ledger, ledger)
	m.match()
	first := len(m.transactions(m.bank, "MATCHED"))
	t.Logf("%d of %d records match by their reference", first, ledgerRows)
	if first < ledgerRows*99/100 {
		t.Errorf("%d of %d records match", first, ledgerRows)
	}
	corrected := r.correct(correctedRows)
	m.await(m.bank, "UNMATCHED", correctedRows)
	m.await(m.bank, "IGNORED", correctedRows)
	m.upload(m.ledger, corrected)
	m.match()
	again := len(m.transactions(m.bank, "MATCHED")) - first
	t.Logf("%d of %d corrected records match by amount, currency and day", again, correctedRows)
	if again == 0 {
		t.Error("no corrected record matches")
	}
}

// ledgerRow adds a row at the vendor, and returns the row of the ledger with the same reference. The amount is
// positive, because Matcher 2.1.1 cannot match a negative one.
func (r *matcherRun) ledgerRow(i int) object {
	day := time.Now().AddDate(0, 0, -1-i%200).UTC().Truncate(24 * time.Hour)
	reference, amount := fmt.Sprintf("R%06d", i), money(1000+i)
	row := must(r.sim.AddTransaction(pluggysim.Transaction{
		AccountID: r.account, Type: "CREDIT", Amount: pluggysim.Number(amount), Description: "PIX " + reference,
		Date:        pluggysim.At(day),
		PaymentData: json.RawMessage(`{"referenceNumber":"` + reference + `"}`),
	}))
	r.rows = append(r.rows, row.ID)
	return object{
		"external_id": reference, "amount": amount, "currency": "BRL", "date": day.Format(time.DateOnly),
		"description": "ledger " + reference,
	}
}

// correct adds rows, waits until Matcher has them, and changes their amounts. It returns the rows of the ledger
// with the new amounts.
func (r *matcherRun) correct(n int) (ledger []object) {
	r.t.Helper()
	for i := range n {
		row := r.ledgerRow(ledgerRows + i)
		row["external_id"] = fmt.Sprint("L", row["external_id"])
		ledger = append(ledger, row)
	}
	r.pull()
	r.settlePulls()
	time.Sleep(10 * time.Second) // until Matcher has the rows
	for i := range n {
		amount := money(900_000 + i)
		ledger[i]["amount"] = amount
		must(r.sim.UpdateTransaction(r.rows[ledgerRows+i], func(row *pluggysim.Transaction) {
			row.Amount = pluggysim.Number(amount)
		}))
	}
	r.pull()
	r.settlePulls()
	return ledger
}

// mirrorTo replaces the subscription by one that sends the records to the running Matcher instead of the simulated one.
func (r *matcherRun) mirrorTo(m *realMatcher) {
	r.t.Helper()
	r.pull()
	r.settlePulls()
	one := r.all(r.p, "/subscriptions")[0]
	account := text(r.all(r.p, "/accounts")[0], "id")
	r.call(r.p, "DELETE", "/subscriptions/"+text(one, "id"), nil, http.StatusNoContent)
	r.call(r.p, "POST", "/subscriptions", object{
		"name": "matcher", "types": []string{"transaction.*"}, "fromStart": true, "sink": object{
			"kind": "matcher", "url": m.url,
			"sources": []object{{"accountId": account, "contextId": m.context, "sourceId": m.bank}},
		},
	}, http.StatusCreated)
}

// realMatcher is a running Matcher with a context of two sources.
type realMatcher struct {
	t                          *testing.T
	url, context, bank, ledger string
}

// do sends a request, and returns the response.
func (m *realMatcher) do(method, path, contentType string, body io.Reader) object {
	m.t.Helper()
	request := must(http.NewRequestWithContext(m.t.Context(), method, m.url+path, body))
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Idempotency-Key", fmt.Sprint(time.Now().UnixNano())) // keeps equal bodies distinct
	response := must(client.Do(request))
	defer func() { _ = response.Body.Close() }()
	content := must(io.ReadAll(response.Body))
	if response.StatusCode/100 != 2 {
		m.t.Fatalf("%s %s answered %d: %s", method, path, response.StatusCode, content)
	}
	var answer object
	_ = json.Unmarshal(content, &answer)
	return answer
}

func (m *realMatcher) post(path string, body object) object {
	m.t.Helper()
	return m.do("POST", path, "application/json", bytes.NewReader(must(json.Marshal(body))))
}

// createContext creates a context with the sources, their field maps, the default rule, and the rule of
// docs/events.md.
func (m *realMatcher) createContext() {
	m.t.Helper()
	name := fmt.Sprint("discovery ", time.Now().UnixNano())
	m.context = text(m.post("/v1/contexts", object{"name": name, "type": "1:1", "interval": "daily"}), "id")
	path := "/v1/contexts/" + m.context
	source := func(name, kind, side string) string {
		id := text(m.post(path+"/sources", object{"name": name, "type": kind, "side": side, "config": object{}}), "id")
		m.post(path+"/sources/"+id+"/field-maps", object{"mapping": object{
			"external_id": "external_id", "amount": "amount", "currency": "currency", "date": "date",
			"description": "description",
		}})
		return id
	}
	m.bank, m.ledger = source("bank", "BANK", "LEFT"), source("ledger", "LEDGER", "RIGHT")
	exact := object{"matchAmount": true, "matchCurrency": true, "matchDate": true, "datePrecision": "DAY"}
	m.post(path+"/rules", object{"priority": 1, "type": "EXACT", "config": exact})
	loose := object{"matchReference": false}
	maps.Copy(loose, exact)
	m.post(path+"/rules", object{"priority": 2, "type": "EXACT", "config": loose})
	m.do("PATCH", path, "application/json", bytes.NewReader([]byte(`{"status":"ACTIVE"}`)))
}

// upload imports rows as a file.
func (m *realMatcher) upload(source string, rows []object) {
	m.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	check(form.WriteField("format", "json"))
	part := must(form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="ledger.json"`}, "Content-Type": {"application/json"},
	}))
	_ = must(part.Write(must(json.Marshal(rows))))
	check(form.Close())
	m.do("POST", "/v1/imports/contexts/"+m.context+"/sources/"+source+"/upload", form.FormDataContentType(), &body)
	m.await(source, "UNMATCHED", len(rows))
}

// transactions returns the external ids of the transactions of a source that have the given status.
func (m *realMatcher) transactions(source, status string) (ids []string) {
	m.t.Helper()
	for offset := 0; ; {
		page := m.do(
			"GET",
			fmt.Sprintf("/v1/imports/contexts/%s/transactions/search?source_id=%s&status=%s&limit=50&offset=%d",
				m.context, source, status, offset),
			"application/json",
			nil,
		)
		items, _ := page["items"].([]any)
		for _, item := range items {
			one, _ := item.(object)
			ids = append(ids, text(one, "externalId"))
		}
		if offset += len(items); len(items) < 50 {
			return ids
		}
	}
}

// await waits until the source has n transactions with the given status.
func (m *realMatcher) await(source, status string, n int) {
	m.t.Helper()
	eventually(m.t, 5*time.Minute, fmt.Sprint(n, " transactions that are ", status), func() bool {
		return len(m.transactions(source, status)) == n
	})
}

// match starts a matching run, and waits for its end.
func (m *realMatcher) match() {
	m.t.Helper()
	run := text(m.post("/v1/matching/contexts/"+m.context+"/run", object{"mode": "COMMIT"}), "runId")
	eventually(m.t, 5*time.Minute, "the end of the run", func() bool {
		status := text(m.do("GET", "/v1/matching/runs/"+run+"?contextId="+m.context, "application/json", nil), "status")
		return status == "COMPLETED" || status == "FAILED"
	})
}
