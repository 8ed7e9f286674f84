package e2e_test

import (
	"encoding/csv"
	"encoding/xml"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// statement requests an account statement and returns the document. The argument query contains the format and other
// query parameters.
func (o operator) statement(account, query string) string {
	o.t.Helper()
	return string(o.get(account + "/statement?" + query).want(http.StatusOK).raw)
}

// camtDocument contains the elements of a camt.053 document that the tests read.
type camtDocument struct {
	Balances []struct {
		Code      string `xml:"Tp>CdOrPrtry>Cd"`
		Amount    string `xml:"Amt"`
		Direction string `xml:"CdtDbtInd"`
		Date      string `xml:"Dt>Dt"`
	} `xml:"BkToCstmrStmt>Stmt>Bal"`
	References []string `xml:"BkToCstmrStmt>Stmt>Ntry>AcctSvcrRef"`
}

// camt requests a statement in the camt.053 format. It returns the references of the statement's entries, and the
// statement's opening and closing balance with their dates.
func (o operator) camt(account, query string) (references, balances []string) {
	o.t.Helper()
	var d camtDocument
	if err := xml.Unmarshal([]byte(o.statement(account, "format=camt053"+query)), &d); err != nil {
		o.t.Fatal(err)
	}
	for _, b := range d.Balances {
		sign := map[string]string{"DBIT": "-", "CRDT": ""}[b.Direction]
		balances = append(balances, b.Code+" "+sign+b.Amount+" "+b.Date)
	}
	return d.References, balances
}

// posted returns the live posted transactions of the connection's account, oldest first.
func (o operator) posted(id, account string) []object {
	o.t.Helper()
	own := strings.TrimPrefix(account, prefix+"/accounts/")
	rows := o.pages(pathOf(id, "/transactions?status=posted&accountId="+own), 200)
	rows = slices.DeleteFunc(rows, func(row object) bool { return row["removedAt"] != nil })
	slices.Reverse(rows)
	return rows
}

// sumOf returns the sum of the rows' amounts, in the currency of the account.
func sumOf(t *testing.T, rows []object) string {
	t.Helper()
	sum := new(big.Rat)
	for _, row := range rows {
		text := text(row, "amount")
		if converted, ok := row["accountAmount"].(string); ok {
			text = converted
		}
		amount, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("the amount is %q", text)
		}
		sum.Add(sum, amount)
	}
	return strings.TrimSuffix(strings.TrimRight(sum.FloatString(6), "0"), ".")
}

func minus(t *testing.T, a, b string) string {
	t.Helper()
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY {
		t.Fatalf("%q − %q", a, b)
	}
	return strings.TrimSuffix(strings.TrimRight(x.Sub(x, y).FloatString(6), "0"), ".")
}

// TestAStatementHasTheRecordsAndTheBalancesOfAnAccount checks that a statement contains the same transactions and
// balances as the lists of the API.
func TestAStatementHasTheRecordsAndTheBalancesOfAnAccount(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.25")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		rows := o.posted(id, account)
		if len(rows) < 2 {
			t.Fatalf("only %d posted rows", len(rows))
		}
		first, last, today := text(
			rows[0],
			"date",
		), text(
			rows[len(rows)-1],
			"date",
		), time.Now().
			UTC().
			Format(time.DateOnly)
		opening := minus(t, "1000.25", sumOf(t, rows))
		end := max(today, last)
		references, balances := o.camt(account, "&force=not_covered&to="+end)
		want := []string{"OPBD " + opening + " " + first, "CLBD 1000.25 " + end}
		if diff := cmp.Diff(want, balances); diff != "" {
			t.Error(diff)
		}
		for i, row := range rows {
			if references[i] != strings.ReplaceAll(text(row, "id"), "-", "") {
				t.Errorf("entry %d is %s, want that of %v", i, references[i], row["id"])
			}
		}
		if len(references) != len(rows) {
			t.Errorf("%d entries, want %d", len(references), len(rows))
		}

		// Without an end, a statement with balances must end with the last day that the bank reading covers.
		_, covered := o.camt(account, "")
		coversTo := text(o.get(account).want(http.StatusOK).json(), "coversTo")
		if coversTo == "" || !strings.HasSuffix(covered[1], " "+coversTo) {
			t.Errorf("the balances are %v, and the account is covered to %q", covered, coversTo)
		}
		o.get(account+"/statement?format=camt053&to="+end).problem(409, "MTCH-0007", "query.force")

		// The closing balance of a day must be the opening balance of the next day.
		before := slices.IndexFunc(rows, func(row object) bool { return text(row, "date") == last })
		_, until := o.camt(account, "&force=not_covered&to="+last)
		_, since := o.camt(account, "&force=not_covered&from="+last+"&to="+last)
		if got := minus(t, balanceText(until[1]), balanceText(since[0])); got != sumOf(t, rows[before:]) ||
			until[1] != since[1] {
			t.Errorf("until %v, on the last day %v", until, since)
		}

		list, err := csv.NewReader(strings.NewReader(o.statement(account, "format=csv"))).ReadAll()
		if err != nil || len(list) != len(rows)+1 {
			t.Errorf("the CSV has %d lines: %v", len(list), err)
		}
		head := o.send(http.MethodHead, account+"/statement?format=csv", nil).want(http.StatusOK)
		if len(head.raw) != 0 || !strings.HasPrefix(head.header.Get("Content-Disposition"), "attachment; filename=") {
			t.Errorf("HEAD: %v", head.header)
		}
		for _, format := range []string{"camt053", "ofx", "csv", "matcher"} {
			o.get(account + "/statement?from=2001-01-01&to=2001-01-31&format=" + format).want(http.StatusOK)
			w.operator(t).get(account+"/statement?format="+format).problem(404, "MTCH-0005")
		}
		for _, format := range []string{"camt053", "ofx", "csv", "matcher"} {
			o.checkMaxBytes(account, format, rows)
		}
		o.get(account+"/statement").problem(400, "MTCH-0001", "query.format")
		o.get(account+"/statement?format=csv&from=2026-02-01&to=2026-01-01").problem(400, "MTCH-0001", "query.to")
	})
}

// checkMaxBytes checks that a document larger than maxBytes is refused, and that the problem names a day up to which
// the document fits. It uses the size of the document up to each day as maxBytes.
func (o operator) checkMaxBytes(account, format string, rows []object) {
	o.t.Helper()
	first, last := text(rows[0], "date"), text(rows[len(rows)-1], "date")
	path := account + "/statement?force=not_covered&format=" + format + "&from=" + first + "&to="
	whole := len(o.get(path + last).want(http.StatusOK).raw)
	o.get(path + last + "&maxBytes=" + strconv.Itoa(whole)).want(http.StatusOK)
	for _, row := range rows {
		day := text(row, "date")
		size := len(o.get(path + day).want(http.StatusOK).raw)
		if day == last || size >= whole {
			continue
		}
		problem := o.get(path + last + "&maxBytes=" + strconv.Itoa(size)).want(http.StatusRequestEntityTooLarge).json()
		to, _ := problem["to"].(string)
		if problem["code"] != "MTCH-0010" || to < day {
			o.t.Fatalf("%s, %d bytes, which hold %s to %s: %v", format, size, first, day, problem)
		}
		if got := len(o.get(path + to).want(http.StatusOK).raw); got > size {
			o.t.Errorf("%s: the document up to %s has %d bytes, want at most %d", format, to, got, size)
		}
	}
	problem := o.get(path + last + "&maxBytes=1").want(http.StatusRequestEntityTooLarge).json()
	if to, ok := problem["to"]; ok {
		o.t.Errorf("%s: one byte holds the days up to %v", format, to)
	}
}

func balanceText(balance string) string { return strings.Fields(balance)[1] }

// TestAStatementOfADriftingAccountMustBeForced changes the bank's balance without a transaction. The balance is then
// not equal to the sum of the stored transactions. A format with balances must be refused, except if the caller forces
// it. After an operator has accepted the difference, no statement may be refused.
func TestAStatementOfADriftingAccountMustBeForced(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		end := "&to=" + time.Now().UTC().Format(time.DateOnly)
		_, before := o.camt(account, "&force=not_covered"+end)
		b.setBalance(t, "987.66")
		o.pull(id, nil)
		for _, format := range []string{"camt053", "ofx"} {
			o.get(account+"/statement?force=not_covered&format="+format+end).problem(409, "MTCH-0007", "query.force")
			o.get(account + "/statement?force=true&format=" + format + end).want(http.StatusOK)
		}
		for _, format := range []string{"csv", "matcher"} {
			o.get(account + "/statement?format=" + format).want(http.StatusOK)
		}
		if _, forced := o.camt(account, "&force=true"+end); cmp.Diff(before, forced) != "" {
			t.Errorf("the balances of the records are %v, and %v while the account drifts", before, forced)
		}
		o.send(http.MethodPost, account+"/completeness/accept", object{"reason": "checked"}).want(200)
		if _, after := o.camt(account, "&force=not_covered"+end); balanceText(after[1]) != "987.66" {
			t.Errorf("the balances after the difference was accepted are %v", after)
		}
	}, func(s *setup) { s.cfg.DriftGrace = 0 })
}

// TestAStatementOfAnAccountWithoutAKnownBalance requests statements of a Pluggy card account. Pluggy reports the amount
// of the open invoice as its balance, so the real balance is not known. A camt.053 must then be refused, and the other
// formats must not.
func TestAStatementOfAnAccountWithoutAKnownBalance(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		o, id, _ := connectAndPull(t, w, newPluggy(t))
		card := o.accountPath(id, pluggyAccounts[1])
		o.get(card+"/statement?format=camt053").problem(409, "MTCH-0007")
		for _, format := range []string{"csv", "matcher"} {
			o.get(card + "/statement?format=" + format).want(http.StatusOK)
		}
		if document := o.statement(card, "format=ofx"); !strings.Contains(document, "<CCSTMTRS>") {
			t.Errorf("the OFX of a card is %s", document)
		}
	})
}
