package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

var judgeFile = flag.String("judge", "", "a file of labelled changes that TestJudge applies to the service")

// wholeAccount is the category of changes in which all ids of an account change. They are counted apart, because one
// of them has hundreds of pairs.
const wholeAccount = "account-churn"

// maxMovement is the maximum size of a line of a file of labelled changes.
const maxMovement = 16 << 20

// TestJudge applies the labelled changes of a file to the service, and prints the pairs that it decides wrongly or does
// not keep, with the rule that decided each. The test fails if a pair was merged wrongly. It is skipped without a file.
func TestJudge(t *testing.T) {
	if *judgeFile == "" {
		t.Skip("no file is given")
	}
	file, err := os.Open(*judgeFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	movements, err := parseMovements(file)
	if err != nil {
		t.Fatalf("%s: %v", *judgeFile, err)
	}
	var all verdicts
	t.Run("sqlite", func(t *testing.T) { // its log is not printed if a pair was merged wrongly
		all = judge(t, open(t, "sqlite", backends["sqlite"](t)), movements)
	})
	t.Log("\n" + all.report())
	if all.wrong() > 0 {
		t.Fail()
	}
}

// judgedPair is a labelled pair of rows, and the decision of the service.
type judgedPair struct {
	movement         string
	whole            bool
	old, new, why    string // the external ids of the rows, and the reason for the label
	verdict, decided string // same, other or open; kept, suggested or apart
	rule             string // the rule of a kept pair, or the evidence of a suggested one; "" if the rows are apart
}

type verdicts []judgedPair

// judge applies the changes to the service, each to a bank and a connection of its own.
func judge(t *testing.T, w *env, movements []movement) (all verdicts) {
	o := w.operator(t)
	for _, m := range movements {
		before, after := m.play(t, o, newPluggy(t))
		suggestions := o.pages("/v1/discovery/possible-replacements", 200)
		for _, e := range m.Expect {
			p := judgedPair{
				movement: m.Name, whole: m.Category == wholeAccount, old: e.Old, new: e.New, why: m.Why,
				verdict: e.Verdict, decided: "apart",
			}
			kept := e.New
			if before[e.Old]["id"] != after[kept]["id"] && e.Verdict == "same" {
				kept = m.alike(e.Old, before, after)
			}
			if kept != "" && before[e.Old]["id"] == after[kept]["id"] {
				p.decided, p.rule = "kept", lastRule(after[kept])
			} else if i := slices.IndexFunc(suggestions, func(s object) bool {
				return s["old"] == before[e.Old]["id"] && s["new"] == after[e.New]["id"]
			}); i >= 0 {
				p.decided, p.rule = "suggested", evidenceOf(suggestions[i])
			}
			all = append(all, p)
		}
	}
	return all
}

// lastRule returns the rule by which a record continued with its present row.
func lastRule(record object) string {
	supersedes, _ := record["supersedes"].([]any)
	if len(supersedes) == 0 {
		return ""
	}
	return text(supersedes[len(supersedes)-1].(object), "rule")
}

// evidenceOf returns the kinds of the evidence of a suggestion, each with the side for which it speaks.
func evidenceOf(suggestion object) string {
	var kinds []string
	evidence, _ := suggestion["evidence"].([]any)
	for _, finding := range evidence {
		kinds = append(kinds, text(finding.(object), "speaks")+" "+text(finding.(object), "kind"))
	}
	return strings.Join(kinds, ", ")
}

// wrong returns the number of pairs that were merged, although they are not labelled as one movement.
func (v verdicts) wrong() (n int) {
	for _, p := range v {
		if p.isWrong() {
			n++
		}
	}
	return n
}

func (p judgedPair) isWrong() bool { return p.decided == "kept" && p.verdict != "same" }

// report returns the wrong merges, the missed pairs, and the counts.
func (v verdicts) report() string {
	var out strings.Builder
	for _, p := range v {
		switch {
		case p.isWrong():
			fmt.Fprintf(&out, "WRONG MERGE  %s: %s continues as %s, labelled %s, by the rule %s: %s\n",
				p.movement, p.old, p.new, p.verdict, p.rule, p.why)
		case p.verdict == "same" && p.decided == "suggested":
			fmt.Fprintf(&out, "MISSED       %s: %s and %s are only suggested (%s): %s\n",
				p.movement, p.old, p.new, p.rule, p.why)
		case p.verdict == "same" && p.decided == "apart":
			fmt.Fprintf(&out, "MISSED       %s: %s and %s are apart, no rule applies: %s\n",
				p.movement, p.old, p.new, p.why)
		}
	}
	for _, whole := range []bool{false, true} {
		counts := map[[2]string]int{}
		for _, p := range v {
			if p.whole == whole {
				counts[[2]string{p.verdict, p.decided}]++
			}
		}
		fmt.Fprintln(&out, map[bool]string{false: "single pairs", true: "whole accounts"}[whole])
		for _, verdict := range []string{"same", "other", "open"} {
			fmt.Fprintf(&out, "  %-5s  %4d kept  %4d suggested  %4d apart\n", verdict,
				counts[[2]string{verdict, "kept"}], counts[[2]string{verdict, "suggested"}],
				counts[[2]string{verdict, "apart"}])
		}
	}
	return out.String()
}

// parseMovements reads labelled changes, one JSON object a line. Errors name the line.
func parseMovements(r io.Reader) (movements []movement, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxMovement)
	names, n := map[string]bool{}, 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		m, err := parseMovement(lines.Bytes())
		if err == nil && names[m.Name] {
			err = fmt.Errorf("another change has the name %q", m.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		names[m.Name] = true
		movements = append(movements, m)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if len(movements) == 0 {
		return nil, errors.New("line 1: the file has no changes")
	}
	return movements, nil
}

// parseMovement reads one labelled change.
func parseMovement(line []byte) (m movement, err error) {
	if err := json.Unmarshal(line, &m); err != nil {
		return m, err
	}
	m.expectInterchangeable()
	switch {
	case m.Name == "":
		return m, errors.New("name is missing")
	case m.Account.Type != "BANK" && m.Account.Type != "CREDIT":
		return m, fmt.Errorf("account.type is %q, want BANK or CREDIT", m.Account.Type)
	case len(m.Account.Currency) != len("BRL"):
		return m, fmt.Errorf("account.currency is %q, want an ISO 4217 code", m.Account.Currency)
	case len(m.Expect) == 0:
		return m, errors.New("expect is empty")
	}
	before, err := idsOf("before", m.Before)
	if err != nil {
		return m, err
	}
	after, err := idsOf("after", m.After)
	if err != nil {
		return m, err
	}
	for i, e := range m.Expect {
		switch {
		case !before[e.Old]:
			return m, fmt.Errorf("expect[%d].old is %q, which is not in before", i, e.Old)
		case !after[e.New]:
			return m, fmt.Errorf("expect[%d].new is %q, which is not in after", i, e.New)
		case !slices.Contains([]string{"same", "other", "open"}, e.Verdict):
			return m, fmt.Errorf("expect[%d].verdict is %q, want same, other or open", i, e.Verdict)
		}
	}
	return m, nil
}

// expectInterchangeable expects a pair for each row of a set of interchangeable rows that no other pair with the label
// same contains.
func (m *movement) expectInterchangeable() {
	expected := map[string]bool{}
	for _, e := range m.Expect {
		if e.Verdict == "same" {
			expected[e.Old], expected[e.New] = true, true
		}
	}
	for _, set := range m.Interchangeable {
		isExpected := func(id string) bool { return expected[id] }
		if len(set.Old) != len(set.New) || slices.ContainsFunc(slices.Concat(set.Old, set.New), isExpected) {
			continue
		}
		for i, id := range set.Old {
			m.Expect = append(m.Expect, struct{ Old, New, Verdict string }{id, set.New[i], "same"})
		}
	}
}

// idsOf returns the ids of the rows in a member of a change.
func idsOf(member string, rows []pluggysim.Transaction) (map[string]bool, error) {
	ids := map[string]bool{}
	for i, row := range rows {
		switch {
		case row.ID == "":
			return nil, fmt.Errorf("%s[%d].id is missing", member, i)
		case ids[row.ID]:
			return nil, fmt.Errorf("%s[%d].id is %q, which an earlier row has", member, i, row.ID)
		case row.Amount == "":
			return nil, fmt.Errorf("%s[%d].amount is missing", member, i)
		}
		ids[row.ID] = true
	}
	return ids, nil
}

// judgedLine is a change whose two rows differ in id only.
const judgedLine = `{"name":"%s","account":{"type":"BANK","currency":"BRL"},"why":"one purchase",` +
	`"before":[{"id":"a","description":"MERCADO BELA VISTA","amount":-47.31,"date":"2026-11-10","type":"DEBIT"}],` +
	`"after":[{"id":"b","description":"%s","amount":-47.31,"date":"2026-11-10","type":"DEBIT"}],` +
	`"expect":[{"old":"a","new":"b","verdict":"%s"}]}` + "\n"

// TestAFileOfLabelledChangesIsJudged judges a wrong merge, a kept pair, a missed one and one that is apart.
func TestAFileOfLabelledChangesIsJudged(t *testing.T) {
	t.Parallel()
	movements, err := parseMovements(strings.NewReader("\n" +
		fmt.Sprintf(judgedLine, "mislabelled", "MERCADO BELA VISTA", "other") +
		fmt.Sprintf(judgedLine, "kept", "MERCADO BELA VISTA", "same") +
		fmt.Sprintf(judgedLine, "missed", "POSTO IPIRANGA CENTRO", "same") +
		fmt.Sprintf(judgedLine, "apart", "POSTO IPIRANGA CENTRO", "other")))
	if err != nil {
		t.Fatal(err)
	}
	all := judge(t, open(t, "sqlite", backends["sqlite"](t)), movements)
	want := "WRONG MERGE  mislabelled: a continues as b, labelled other, by the rule same_description: one purchase\n" +
		"MISSED       missed: a and b are apart, no rule applies: one purchase\n" +
		"single pairs\n" +
		"  same      1 kept     0 suggested     1 apart\n" +
		"  other     1 kept     0 suggested     1 apart\n" +
		"  open      0 kept     0 suggested     0 apart\n"
	if got := all.report(); !strings.HasPrefix(got, want) || all.wrong() != 1 {
		t.Errorf("%d wrong merges:\n%s", all.wrong(), got)
	}
}

func TestAFileOfLabelledChangesNamesTheLineOfAnError(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(judgedLine, "good", "MERCADO BELA VISTA", "same")
	edited := func(old, replacement string) string {
		return good + strings.Replace(fmt.Sprintf(judgedLine, "bad", "x", "same"), old, replacement, 1)
	}
	const expected = `{"old":"a","new":"b","verdict":"same"}`
	for want, file := range map[string]string{
		"line 1: the file has no changes":                                  "",
		"line 2: unexpected end of JSON input":                             good + "{",
		`line 2: another change has the name "good"`:                       good + good,
		"line 2: name is missing":                                          edited(`"name":"bad"`, `"name":""`),
		`line 2: account.type is "LOAN", want BANK or CREDIT`:              edited("BANK", "LOAN"),
		`line 2: account.currency is "R$", want an ISO 4217 code`:          edited("BRL", "R$"),
		"line 2: expect is empty":                                          edited(expected, ""),
		`line 2: expect[0].old is "c", which is not in before`:             edited(`"old":"a"`, `"old":"c"`),
		`line 2: expect[0].new is "c", which is not in after`:              edited(`"new":"b"`, `"new":"c"`),
		`line 2: expect[0].verdict is "perhaps", want same, other or open`: edited(`"same"`, `"perhaps"`),
		"line 2: before[0].id is missing":                                  edited(`"id":"a",`, ""),
		"line 2: after[0].amount is missing":                               edited(`"x","amount":-47.31`, `"x"`),
	} {
		if _, err := parseMovements(strings.NewReader(file)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
