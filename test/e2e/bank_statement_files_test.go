package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// samples is the folder of statement files in the dialects of real banks, with invented contents.
const samples = "../../adapters/bankstatement/testdata"

func readSample(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// sampleRecord is a record of an account with which a sample is compared.
type sampleRecord struct {
	ID          string `json:"id"`
	BookingDate string `json:"booking_date"`
	Amount      string `json:"amount"`
	Currency    string `json:"currency"`
	Description string `json:"description"`
	Status      string `json:"status"`
}

// sampleFeed is feed.json of a sample: an account and its records.
type sampleFeed struct {
	Account string         `json:"account"`
	Records []sampleRecord `json:"records"`
}

func readSampleJSON(t *testing.T, name string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(readSample(t, name)), into); err != nil {
		t.Fatal(err)
	}
}

// addFeed adds an account with the records to the item of the bank. It returns the external id of the account, and
// those of the rows by the ids of the records.
func (b *pluggyBank) addFeed(t *testing.T, feed sampleFeed) (account string, rows map[string]string) {
	t.Helper()
	currency := "BRL"
	if len(feed.Records) > 0 {
		currency = feed.Records[0].Currency
	}
	added, err := b.sim.AddAccount(pluggysim.Account{
		ItemID: b.item, Type: "BANK", Subtype: "CHECKING_ACCOUNT", Name: feed.Account,
		Number: pluggysim.Text(feed.Account), CurrencyCode: currency,
	})
	if err != nil {
		t.Fatal(err)
	}
	rows = map[string]string{}
	for _, r := range feed.Records {
		rows[r.ID] = b.addRecord(t, added.ID, r)
	}
	return added.ID, rows
}

// addRecord adds a record to an account of the bank, and returns the id of its row.
func (b *pluggyBank) addRecord(t *testing.T, account string, r sampleRecord) string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, r.BookingDate)
	if err != nil {
		t.Fatal(err)
	}
	kind := pluggysim.Text("CREDIT")
	if strings.HasPrefix(r.Amount, "-") {
		kind = "DEBIT"
	}
	row, err := b.sim.AddTransaction(pluggysim.Transaction{
		AccountID: account, Type: kind, Amount: pluggysim.Number(r.Amount), CurrencyCode: r.Currency,
		Description: r.Description, Date: pluggysim.At(at.Add(12 * time.Hour)),
		Status: pluggysim.Text(strings.ToUpper(r.Status)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return row.ID
}

// counts returns the numbers of lines of a comparison by bucket.
func counts(t *testing.T, s object) map[string]int {
	t.Helper()
	comparison, ok := s["comparison"].(object)
	if !ok {
		t.Fatalf("not compared: %v", s)
	}
	all := map[string]int{}
	for bucket, total := range comparison["buckets"].(object) {
		all[bucket] = int(total.(object)["count"].(float64))
	}
	return all
}

// TestTheSamplesHaveTheirFigures adds each sample and checks the sums of its lines.
func TestTheSamplesHaveTheirFigures(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		accounts := map[string]string{}
		for _, currency := range []string{"BRL", "USD", "EUR"} {
			accounts[currency], _ = b.addFeed(t, sampleFeed{Records: []sampleRecord{
				{"r", "2026-09-02", "1.00", currency, currency, "posted"},
			}})
		}
		o, id, _ := connectAndPull(t, w, b)
		for _, c := range []struct {
			file, account, currency string
			format                  string
			lines, apart, rows      float64
			credits, debits         string
		}{
			{"01-itau.ofx", "", "BRL", "ofx", 8, 0, 0, "7362.34", "4762.40"},
			{"02-bradesco.ofx", "", "BRL", "ofx", 3, 0, 0, "10000.00", "1279.56"},
			{"03-santander.ofx", "", "BRL", "ofx", 4, 0, 0, "1234.56", "575.28"},
			{"04-c6.ofx", "", "BRL", "ofx", 5, 0, 0, "4855.23", "2689.02"},
			{"05-banrisul.ofx", "", "BRL", "ofx", 3, 1, 0, "4383.30", "2444.62"},
			{"06-two-accounts.ofx", "000111222", "USD", "ofx", 2, 0, 0, "2500.00", "612.50"},
			{"07-inter.csv", "", "BRL", "csv", 4, 0, 0, "2500.00", "1555.90"},
			{"08-bradesco.csv", "", "BRL", "csv", 3, 1, 1, "150.00", "1246.40"},
			{"09-mercadopago.csv", "", "BRL", "csv", 5, 0, 0, "4526.79", "458.93"},
			{"10-itau-extrato.ret", "341/1234/11111-8", "BRL", "cnab240", 5, 1, 0, "6121.33", "23.10"},
			{"11-camt053.xml", "", "EUR", "camt", 3, 1, 0, "1874.00", "429.50"},
			{"12-mt940.sta", "", "EUR", "mt940", 4, 0, 0, "62.50", "68"},
			{"13-bb-saldo-lines.ofx", "", "BRL", "ofx", 5, 0, 3, "3400.00", "3700.00"},
			{"14-itau-saldo-lines.ofx", "", "BRL", "ofx", 3, 0, 3, "90.00", "2800.00"},
		} {
			path := o.accountPath(id, accounts[c.currency])
			query := url.Values{"name": {c.file}}
			if c.account != "" {
				query.Set("statementAccount", c.account)
			}
			s := o.addFile(path, "?"+query.Encode(), readSample(t, c.file), http.StatusCreated)
			if s["state"] != "compared" || s["currency"] != c.currency {
				t.Errorf("%s is %v in %v: %v", c.file, s["state"], s["currency"], s["reason"])
				continue
			}
			n, sums := s["counts"].(object), s["sums"].(object)
			got := []any{
				s["source"].(object)["format"], n["lines"], n["apart"], n["balanceRows"], n["refused"],
				fraction(t, text(sums, "credits")), fraction(t, text(sums, "debits")),
			}
			want := []any{c.format, c.lines, c.apart, c.rows, 0.0, fraction(t, c.credits), fraction(t, c.debits)}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", c.file, diff)
			}
		}
		several := o.addFile(o.accountPath(id, accounts["USD"]), "?format=ofx", readSample(t, "06-two-accounts.ofx"),
			http.StatusOK)
		if several["state"] != "needs_account" {
			t.Errorf("of two accounts: %v", several)
		}
	})
}

// expectedSample is expected.json of a sample.
type expectedSample struct {
	Statement string `json:"statement"`
	Expected  struct {
		Counts    map[string]int `json:"counts"`
		OnlyOurs  []string       `json:"only_in_feed"`
		Different []struct {
			Feed      string `json:"feed"`
			What      string `json:"what"`
			File      string `json:"file"`
			FeedValue string `json:"feed_value"`
		} `json:"different"`
	} `json:"expected"`
}

// TestTheSamplesAreComparedWithTheirRecords compares each sample with the records that a vendor has delivered.
func TestTheSamplesAreComparedWithTheirRecords(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		verdicts := map[string]string{
			"01-itau": "differs", "02-cnab-future-line": "agrees", "03-camt-batch": "agrees",
			"04-scheduled-line": "lines_agree", "05-balance-lines": "agrees",
		}
		accounts, rows := map[string]string{}, map[string]map[string]string{}
		for name := range verdicts {
			var feed sampleFeed
			readSampleJSON(t, filepath.Join("compare", name, "feed.json"), &feed)
			accounts[name], rows[name] = b.addFeed(t, feed)
		}
		o, id, _ := connectAndPull(t, w, b)
		records := o.rows(id)
		for name, verdict := range verdicts {
			var want expectedSample
			readSampleJSON(t, filepath.Join("compare", name, "expected.json"), &want)
			file := filepath.Base(want.Statement)
			s := o.addFile(o.accountPath(id, accounts[name]), "?name="+file, readSample(t, file), http.StatusCreated)
			if got := verdictOf(t, s); got != verdict {
				t.Errorf("%s: the verdict is %s, want %s: %v", name, got, verdict, s)
			}
			o.checkSample(name, s, want, func(record string) string { return text(records[rows[name][record]], "id") })
		}
	})
}

// checkSample compares a comparison with the expected one. idOf returns the id of a record of the sample.
func (o operator) checkSample(name string, s object, want expectedSample, idOf func(string) string) {
	o.t.Helper()
	got := counts(o.t, s)
	for bucket, count := range want.Expected.Counts {
		switch bucket {
		case "only_in_file":
			bucket = "only_theirs"
		case "only_in_feed":
			bucket = "only_ours"
		}
		if got[bucket] != count {
			o.t.Errorf("%s: %d lines are %s, want %d", name, got[bucket], bucket, count)
		}
	}
	byRecord := map[string]object{}
	for _, line := range o.pages(statementPath(s, "/lines"), 3) {
		ids, _ := line["transactionIds"].([]any)
		for _, id := range ids {
			byRecord[id.(string)] = line
		}
	}
	for _, record := range want.Expected.OnlyOurs {
		if line := byRecord[idOf(record)]; line["bucket"] != "only_ours" {
			o.t.Errorf("%s: %s is %v", name, record, line)
		}
	}
	for _, d := range want.Expected.Different {
		line := byRecord[idOf(d.Feed)]
		sides, _ := line["different"].(object)[d.What].([]any)
		exact := func(side any) string {
			if text, ok := side.(string); ok && d.What == "amount" {
				return fraction(o.t, text)
			}
			return fmt.Sprint(side)
		}
		if len(sides) != 2 || exact(sides[0]) != exact(d.File) || exact(sides[1]) != exact(d.FeedValue) {
			o.t.Errorf("%s: %s differs as %v, want %s: %s and %s", name, d.Feed, line, d.What, d.File, d.FeedValue)
		}
	}
}

// attentionReasons returns why a connection needs attention.
func (o operator) attentionReasons(id string) (reasons []string) {
	o.t.Helper()
	health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	listed, _ := health["attention"].([]any)
	for _, r := range listed {
		reasons = append(reasons, text(r.(object), "reason"))
	}
	return reasons
}

// TestAChangedRecordIsComparedAgain lets the vendor change a record that a bank statement covers, and change it back.
// After each pull the service must compare again by itself, and send an event. A close of the days states the verdict.
func TestAChangedRecordIsComparedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, r := newPluggy(t), newReceiver(t)
		var feed sampleFeed
		readSampleJSON(t, "compare/05-balance-lines/feed.json", &feed)
		external, rows := b.addFeed(t, feed)
		feed.Records, feed.Account = feed.Records[1:], feed.Account+"0"
		otherExternal, _ := b.addFeed(t, feed)
		o, id, _ := connectAndPull(t, w, b)
		subscription := o.subscribe(r.URL, nil, "bank_statement.*")
		account := o.accountPath(id, external)
		closed := func() object {
			t.Helper()
			c := o.send(http.MethodPut, account+"/closes/2026-09-30", nil).want(http.StatusOK).json()
			w, _ := c["witness"].(object)
			return w
		}
		if witness := closed(); witness != nil {
			t.Errorf("without a statement, the witness is %v", witness)
		}
		s := o.addFile(account, "?name=itau.ofx", readSample(t, "14-itau-saldo-lines.ofx"), http.StatusCreated)
		want := []string{"agrees"}
		check := func(verdict string) {
			t.Helper()
			eventually(t, "the verdict "+verdict, func() bool {
				s = o.get(statementPath(s, "")).want(http.StatusOK).json()
				return verdictOf(t, s) == verdict && s["comparison"].(object)["stale"] == false
			})
			witness := object{
				"bankStatementId": s["id"], "sha256": s["source"].(object)["sha256"], "verdict": verdict,
			}
			if diff := cmp.Diff(witness, closed()); diff != "" {
				t.Errorf("the witness of the close: %s", diff)
			}
			var got []string
			o.delivered(subscription, "the event of "+verdict, func() bool {
				got = nil
				for _, e := range r.got() {
					got = append(got, verdictOf(t, e["data"].(object)))
				}
				return len(got) >= len(want)
			})
			if got[len(got)-1] != verdict {
				t.Errorf("the events state %v", got)
			}
			if needs := strings.Contains(strings.Join(o.attentionReasons(id), " "), "statement_differs"); needs !=
				(verdict == "differs") {
				t.Errorf("%s, and the connection needs attention: %v", verdict, needs)
			}
		}
		check("agrees")
		for _, c := range []struct{ amount, verdict string }{{"300.01", "differs"}, {"300", "agrees"}} {
			b.changeAmount(t, rows["f003"], c.amount)
			o.pull(id, nil)
			want = append(want, c.verdict)
			check(c.verdict)
		}
		other := o.accountPath(id, otherExternal)
		body := object{"accountId": other[strings.LastIndex(other, "/")+1:], "from": "2026-09-28", "to": "2026-09-30"}
		second := o.send(http.MethodPost, account+"/bank-statements", body).want(http.StatusCreated).json()
		if got := counts(t, second); verdictOf(t, second) != "differs" || got["both"] != 2 || got["only_ours"] != 1 {
			t.Errorf("another account: %v", second)
		}
		b.addRecord(t, otherExternal, sampleRecord{"f001", "2026-09-30", "-2500.00", "BRL", "ALUGUEL", "posted"})
		o.pull(id, nil)
		eventually(t, "an equal account", func() bool {
			second = o.get(statementPath(second, "")).want(http.StatusOK).json()
			return verdictOf(t, second) == "lines_agree" || verdictOf(t, second) == "agrees"
		})
	}, withPlainSink)
}
