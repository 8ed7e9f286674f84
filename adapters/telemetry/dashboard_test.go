package telemetry

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// vocabulary is the set of words that a query may contain: the words of PromQL, the names of the
// series including the suffixes of histograms, and the names of their labels.
type vocabulary map[string]bool

// promQL contains the words of PromQL that the alert rules and the dashboard use, and the labels
// that Prometheus adds to series.
var promQL = []string{
	"sum", "min", "max", "by", "and", "on", "rate", "increase", "absent", "histogram_quantile", "label_values",
	"le", "instance",
}

func knownWords(t *testing.T) vocabulary {
	t.Helper()
	known := vocabulary{}
	for _, segment := range promQL {
		known[segment] = true
	}
	all, err := usedMetrics(t).Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		name := family.GetName()
		if family.GetType() == dto.MetricType_HISTOGRAM {
			known[name+"_bucket"], known[name+"_sum"], known[name+"_count"] = true, true, true
		} else {
			known[name] = true
		}
		for _, label := range family.GetMetric()[0].GetLabel() {
			known[label.GetName()] = true
		}
	}
	return known
}

var (
	literal = regexp.MustCompile(`"[^"]*"|\[[^]]*\]`) // string literals, and time ranges with their brackets
	word    = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
	shown   = regexp.MustCompile(`\{\{ ?(?:\$labels\.)?(\w+) ?\}\}`)
)

// unknown returns the words of a query that the vocabulary does not contain. It ignores string literals and time
// ranges.
func (v vocabulary) unknown(query string) []string {
	unknown := word.FindAllString(literal.ReplaceAllString(query, " "), -1)
	return slices.DeleteFunc(unknown, func(w string) bool { return v[w] })
}

// balanced reports whether every bracket of a query is closed by the matching bracket, in the right order.
func balanced(query string) bool {
	var open []rune
	pairs := map[rune]rune{')': '(', '}': '{', ']': '['}
	for _, r := range query {
		switch r {
		case '(', '{', '[':
			open = append(open, r)
		case ')', '}', ']':
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

func (v vocabulary) check(t *testing.T, where, query, text string) {
	t.Helper()
	if unknown := v.unknown(query); len(unknown) > 0 || !balanced(query) {
		t.Errorf("%s: the query %s\ncontains unknown words (%v) or unbalanced brackets", where, query, unknown)
	}
	for _, label := range shown.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(query, label[1]) && label[1] != "instance" {
			t.Errorf("%s: the text refers to the label %s, which the query does not contain", where, label[1])
		}
	}
}

// rules returns the alert rules of configs/alerts.yaml. The file must have one "key: value" per line.
// A line in any other form fails the test, so that no line is skipped.
func rules(t *testing.T) []map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../configs/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	entry := regexp.MustCompile(
		`^ {6}(?:- |  )(?:  )?(alert|expr|for|severity|runbook_url|summary|description|labels|annotations):(?: (.+))?$`,
	)
	var all []map[string]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch got := entry.FindStringSubmatch(line); {
		case line == "", strings.HasPrefix(line, "#"),
			slices.Contains([]string{"groups:", "  - name: discovery", "    rules:"}, line):
		case got == nil:
			t.Fatalf("line %q of the alert rules has an unknown form", line)
		case got[1] == "alert":
			all = append(all, map[string]string{"alert": got[2]})
		default:
			all[len(all)-1][got[1]] = got[2]
		}
	}
	return all
}

// runbook is the address of the table of alerts, without the anchor of an alert. test/arch checks the anchors.
const runbook = "https://github.com/LerianStudio/aggregator-connections/blob/main/docs/operate.md#"

var (
	selector = regexp.MustCompile(`(discovery_\w+)(\{[^}]*\}+)?`)
	matcher  = regexp.MustCompile(`(\w+)(=~|!=|=)"([^"]*)"`)
)

// selects reports whether the matchers of a selector select a series.
func selects(t *testing.T, matchers string, series *dto.Metric) bool {
	t.Helper()
	labels := map[string]string{}
	for _, label := range series.GetLabel() {
		labels[label.GetName()] = label.GetValue()
	}
	for _, m := range matcher.FindAllStringSubmatch(matchers, -1) {
		matches := labels[m[1]] == m[3]
		if m[2] == "=~" {
			matches = regexp.MustCompile("^(?:" + m[3] + ")$").MatchString(labels[m[1]])
		}
		if matches == (m[2] == "!=") {
			return false
		}
	}
	return true
}

// If the first event creates a series, the series begins with the value 1. An alert about its increase then misses
// that event.
func TestTheSeriesOfAlertsExistFromTheStart(t *testing.T) {
	families, err := NewMetrics("pluggy", "belvo").Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	exists := func(name, matchers string) bool {
		for _, family := range families {
			if family.GetName() == name || family.GetType() == dto.MetricType_HISTOGRAM &&
				slices.Contains([]string{family.GetName() + "_count", family.GetName() + "_bucket"}, name) {
				return slices.ContainsFunc(family.GetMetric(), func(series *dto.Metric) bool {
					return selects(t, matchers, series)
				})
			}
		}
		return false
	}
	for _, rule := range rules(t) {
		for _, found := range selector.FindAllStringSubmatch(rule["expr"], -1) {
			// The series with the budget of a vendor does not exist before the first call to the vendor.
			if found[1] != "discovery_vendor_budget_remaining" && !exists(found[1], found[2]) {
				t.Errorf("%s: there is no series of %s", rule["alert"], found[0])
			}
		}
	}
}

func TestAlertsNameSeriesThatExist(t *testing.T) {
	known, seen := knownWords(t), map[string]bool{}
	for _, rule := range rules(t) {
		name := rule["alert"]
		if seen[name] || rule["expr"] == "" || rule["summary"] == "" ||
			!slices.Contains([]string{"warning", "critical"}, rule["severity"]) {
			t.Errorf("%s is incomplete or a duplicate: %v", name, rule)
		}
		seen[name] = true
		// In YAML, an unquoted value must not contain ": " or " #", and must not start with a brace.
		for key, value := range rule {
			if !strings.HasPrefix(value, `"`) &&
				(strings.Contains(value, ": ") || strings.Contains(value, " #") || strings.HasPrefix(value, "{")) {
				t.Errorf("%s: the value of %s must be quoted", name, key)
			}
		}
		if want := runbook + strings.ToLower(name); rule["runbook_url"] != want {
			t.Errorf("%s: the runbook_url is %q, want %q", name, rule["runbook_url"], want)
		}
		known.check(t, name, rule["expr"], rule["summary"]+rule["description"])
	}
	if len(seen) < 10 {
		t.Errorf("found %d rules", len(seen))
	}
}

func TestTheDashboardNamesSeriesThatExist(t *testing.T) {
	text, err := os.ReadFile("../../configs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Templating struct {
			List []struct{ Type, Query string }
		}
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	known, shownAs := knownWords(t), map[int]bool{}
	for _, panel := range board.Panels {
		if shownAs[panel.ID] || len(panel.Targets) == 0 && panel.Type != "row" {
			t.Errorf("panel %d (%s) has no query or a duplicate id", panel.ID, panel.Title)
		}
		shownAs[panel.ID] = true
		for _, target := range panel.Targets {
			known.check(t, panel.Title, target.Expr, target.LegendFormat)
		}
	}
	for _, variable := range board.Templating.List {
		if variable.Type == "query" {
			known.check(t, "variable", variable.Query, "")
		}
	}
	for name := range families(t, usedMetrics(t)) {
		if !strings.Contains(string(text), name) {
			t.Errorf("no panel of the dashboard contains the series %s", name)
		}
	}
}

func TestAQueryForAnUnknownSeriesIsFound(t *testing.T) {
	known := knownWords(t)
	for _, bad := range []string{
		"discovery_gone_total", `rate(discovery_webhooks_total{tenant="x"}[5m])`,
		"sum by (connection) (discovery_webhooks_total)", "discovery_http_request_duration_seconds",
		"discovery_webhooks_total_count",
	} {
		if len(known.unknown(bad)) != 1 {
			t.Errorf("%s passes", bad)
		}
	}
}
