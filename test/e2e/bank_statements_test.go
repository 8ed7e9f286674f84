package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// octets is the header of a request whose body is a file.
const octets = "Content-Type: application/octet-stream"

// addFile adds a statement file to the account, and returns the bank statement.
func (o operator) addFile(account, query, content string, status int) object {
	o.t.Helper()
	return o.send(http.MethodPost, account+"/bank-statements"+query, content, octets).want(status).json()
}

func statementPath(s object, tail string) string {
	return prefix + "/bank-statements/" + s["id"].(string) + tail
}

func verdictOf(t *testing.T, s object) string {
	t.Helper()
	comparison, ok := s["comparison"].(object)
	if !ok {
		t.Fatalf("not compared: %v", s)
	}
	return text(comparison, "verdict")
}

// TestOwnStatementsAreReadBackAndAgree adds the service's own statements as statements of the bank.
func TestOwnStatementsAreReadBackAndAgree(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		external := b.setBalance(t, "1000.25")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		for format, verdicts := range map[string][]string{
			"camt053": {"agrees"}, "ofx": {"agrees", "lines_agree"}, "csv": {"lines_agree"},
		} {
			file := o.statement(account, "format="+format)
			s := o.addFile(account, "?name=own."+format, file, http.StatusCreated)
			if verdict := verdictOf(t, s); !slices.Contains(verdicts, verdict) {
				t.Errorf("%s: the verdict is %s: %v", format, verdict, s)
			}
			again := o.addFile(account, "", file, http.StatusOK)
			if again["id"] != s["id"] || again["uploadedAt"] != s["uploadedAt"] {
				t.Errorf("%s: the same file is another statement: %v", format, again)
			}
			raw := o.get(statementPath(s, "/file")).want(http.StatusOK)
			if string(raw.raw) != file || !strings.Contains(raw.header.Get("Content-Disposition"), "own."+format) {
				t.Errorf("%s: the file is another one: %v", format, raw.header)
			}
		}
		if n := len(o.pages(account+"/bank-statements", 2)); n != 3 {
			t.Errorf("%d bank statements", n)
		}
		w.operator(t).get(account+"/bank-statements").problem(404, "MTCH-0005")
	})
}

// TestABankStatementIsComparedDecidedAndWithdrawn follows one statement through its life.
func TestABankStatementIsComparedDecidedAndWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1000.25")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		rows := o.posted(id, account)
		first := text(rows[0], "date")
		file := "Data,Valor,Identificador,Descrição\n" +
			first[8:] + "/" + first[5:7] + "/" + first[:4] + ",-12345.67,id-1,Not in the records\n"
		s := o.addFile(account, "?name=n.csv", file, http.StatusCreated)
		if verdict := verdictOf(t, s); verdict != "differs" || s["state"] != "compared" {
			t.Fatalf("%v", s)
		}
		lines := o.pages(statementPath(s, "/lines?bucket=only_theirs"), 1)
		if len(lines) != 1 || text(lines[0], "amount") != "-12345.67" {
			t.Errorf("only theirs: %v", lines)
		}
		o.get(statementPath(s, "/lines?bucket=none")).problem(400, "MTCH-0001", "query.bucket")

		decide := object{"decision": "accepted", "note": "known", "lines": []int{1}}
		decided := o.send(http.MethodPost, statementPath(s, "/decisions"), decide).want(http.StatusOK).json()
		if verdictOf(t, decided) != "differs" || len(decided["decisions"].([]any)) != 1 {
			t.Errorf("decided: %v", decided)
		}
		o.send(
			http.MethodPost,
			statementPath(s, "/decisions"),
			object{
				"decision": "group_confirmed",
				"note":     "x",
				"lines":    []int{1},
			},
		).problem(400, "MTCH-0001", "body.lines")
		again := o.send(http.MethodPost, statementPath(s, "/comparisons"), nil).want(http.StatusOK).json()
		if decision := again["decisions"].([]any)[0].(object); decision["endedAt"] != nil {
			t.Errorf("an equal comparison has ended the acceptance: %v", decision)
		}

		months := o.get(account + "/coverage?from=" + first[:7] + "&to=" + first[:7]).want(http.StatusOK).items()
		if len(months) != 1 || text(months[0], "month") != first[:7] {
			t.Errorf("coverage: %v", months)
		}
		o.send(http.MethodDelete, statementPath(s, ""), nil).want(http.StatusNoContent)
		o.get(statementPath(s, "/file")).problem(404, "MTCH-0005")
		if listed := o.pages(account+"/bank-statements", 5); len(listed) != 0 {
			t.Errorf("withdrawn, and listed: %v", listed)
		}
		withdrawn := o.pages(account+"/bank-statements?withdrawn=true", 5)
		if len(withdrawn) != 1 || withdrawn[0]["state"] != "withdrawn" {
			t.Errorf("withdrawn: %v", withdrawn)
		}
		if n := len(o.pages(statementPath(s, "/lines"), 5)); n != 0 {
			t.Errorf("%d lines are left", n)
		}
		back := o.addFile(account, "", file, http.StatusOK)
		if back["id"] != s["id"] || verdictOf(t, back) != "differs" {
			t.Errorf("added again: %v", back)
		}
	})
}

// TestTheLargestFileIsCompared adds a file of the maximum size, for which a comparison needs more memory than the share
// of a tenant, and more than the smallest budget.
func TestTheLargestFileIsCompared(t *testing.T) {
	const maxBytes = 8 << 20
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1000.25")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		row := "03/01/2020,-10.50,id-1," + strings.Repeat("x", 500) + "\n"
		file := "Data,Valor,Identificador,Descrição\n" + strings.Repeat(row, maxBytes/len(row)-1)
		s := o.addFile(account, "?name=large.csv", file, http.StatusCreated)
		if verdict := verdictOf(t, s); verdict != "differs" || len(file) < maxBytes*99/100 {
			t.Errorf("a file of %d bytes: %v", len(file), s)
		}
		tooLarge := file + strings.Repeat(row, 2)
		o.send(http.MethodPost, account+"/bank-statements", tooLarge, octets).want(http.StatusRequestEntityTooLarge)
	}, func(s *setup) { s.cfg.MemoryBudget = 32 << 20 })
}

func TestFilesThatCannotBeComparedSayWhy(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b := newPluggy(t)
		external := b.setBalance(t, "1000.25")
		o, id, _ := connectAndPull(t, w, b)
		account := o.accountPath(id, external)
		pdf := o.addFile(account, "", "%PDF-1.7 x", http.StatusCreated)
		if pdf["state"] != "refused" || !strings.Contains(text(pdf, "reason"), "PDF") {
			t.Errorf("%v", pdf)
		}
		o.get(statementPath(pdf, "/file")).problem(404, "MTCH-0005")
		unknown := "When;How much;What\n02/09/2026;-1,50;CAFE\n"
		waiting := o.addFile(account, "", unknown, http.StatusCreated)
		if waiting["state"] != "needs_mapping" {
			t.Fatalf("%v", waiting)
		}
		mapping := object{
			"date":        "When",
			"dateFormat":  "dd/MM/yyyy",
			"amount":      "How many", // no title of the file
			"decimal":     ",",
			"description": []string{"What"},
		}
		o.send(http.MethodPut, account+"/csv-mapping", mapping).want(http.StatusOK)
		if read := o.get(statementPath(waiting, "")).want(http.StatusOK).json(); read["state"] != "needs_mapping" {
			t.Errorf("after a mapping with another title: %v", read)
		}
		mapping["amount"] = "How much"
		o.send(http.MethodPut, account+"/csv-mapping", mapping).want(http.StatusOK)
		read := o.get(statementPath(waiting, "")).want(http.StatusOK).json()
		if read["state"] != "compared" || read["source"].(object)["dialect"] != "mapping" {
			t.Errorf("after the mapping: %v", read)
		}
		mapping["decimal"] = "x"
		o.send(http.MethodPut, account+"/csv-mapping", mapping).problem(400, "MTCH-0001", "body.decimal")
		o.send(http.MethodPost, account+"/bank-statements", "x", "Content-Type: text/csv").problem(415, "MTCH-0001")
		o.send(http.MethodPost, account+"/bank-statements", strings.Repeat("x", 8<<20+1), octets).
			problem(413, "MTCH-0010")
		same := object{
			"accountId": account[strings.LastIndex(account, "/")+1:],
			"from":      "2026-01-01",
			"to":        "2026-01-31",
		}
		o.send(http.MethodPost, account+"/bank-statements", same).problem(400, "MTCH-0001", "body.accountId")
	})
}
