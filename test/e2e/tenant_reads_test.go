package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The paths of the lists that cover all connections of a tenant.
const (
	allPulls        = prefix + "/pulls"
	allAccounts     = prefix + "/accounts"
	allTransactions = prefix + "/transactions"
)

func TestTheReadsOverAllConnectionsReturnWhatTheConnectionsReturn(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, id, _ := connectAndPull(t, w, b)
		second := o.connect(b, "second")
		o.pull(second, nil)
		for all, one := range map[string]string{
			allAccounts: "/accounts", allTransactions: "/transactions", allPulls: "/pulls",
		} {
			for _, connection := range []string{id, second} {
				want := o.pages(pathOf(connection, one), 200)
				if diff := cmp.Diff(want, o.pages(all+"?connectionId="+connection, 3)); diff != "" || len(want) == 0 {
					t.Errorf("%s of one connection (-%s +%s):\n%s", all, one, all, diff)
				}
				if all != allPulls {
					first := text(want[0], "id")
					if diff := cmp.Diff(want[0], o.get(all+"/"+first).want(200).json()); diff != "" {
						t.Errorf("by id:\n%s", diff)
					}
				}
			}
			want := len(o.pages(pathOf(id, one), 200)) + len(o.pages(pathOf(second, one), 200))
			if got := o.pages(all, 3); len(got) != want {
				t.Errorf("%s returns %d items, the two connections %d", all, len(got), want)
			}
		}
		o.checkSearch(id, second)
		o.checkTyped(id, second)
		o.checkCoverage()
		o.checkHealthList(id, second)
		o.send(http.MethodDelete, pathOf(second, ""), nil).want(http.StatusNoContent)
		if n := len(o.pages(allTransactions+"?connectionId="+second, 20)); n == 0 {
			t.Error("the transactions of a deleted connection cannot be searched")
		}
	})
}

// checkSearch checks that a transaction of the first connection is found when its values are used as filters.
func (o operator) checkSearch(first, second string) {
	o.t.Helper()
	rows := o.pages(pathOf(first, "/transactions"), 200)
	row := rows[len(rows)/2]
	amount := text(row, "amount")
	if !strings.Contains(amount, ".") {
		amount += "."
	}
	for name, query := range map[string]url.Values{
		"amount with more zeros": {"amount": {amount + "00"}},
		"text in capitals":       {"text": {strings.ToUpper(text(row, "description"))}},
		"day":                    {"from": {text(row, "date")}, "to": {text(row, "date")}, "removed": {"false"}},
	} {
		found := map[string]int{}
		for _, item := range o.pages(allTransactions+"?"+query.Encode(), 2) {
			if text(item, "externalId") == text(row, "externalId") {
				found[text(item, "connectionId")]++
			}
		}
		if diff := cmp.Diff(map[string]int{first: 1, second: 1}, found); diff != "" {
			o.t.Errorf("search by %s (-want +found):\n%s", name, diff)
		}
	}
	if found := o.pages(allTransactions+"?removed=true", 20); len(found) > 0 {
		o.t.Errorf("%d transactions were found as removed", len(found))
	}
	external := pathOf(first, "/transactions?externalId="+url.QueryEscape(text(row, "externalId")))
	if diff := cmp.Diff([]object{row}, o.pages(external, 20)); diff != "" {
		o.t.Errorf("by external id:\n%s", diff)
	}
}

// items returns the items of a list that fits on one page, and whose envelope may have further members.
func (o operator) items(path string) (all []object) {
	o.t.Helper()
	body := o.get(path + "&limit=200").want(200).json()
	if body["hasMore"] != false {
		o.t.Errorf("%s has more than one page", path)
	}
	for _, item := range body["items"].([]any) {
		all = append(all, item.(object))
	}
	return all
}

// checkTyped checks that a transaction of the first connection is found by what a person types about it, and with where
// it is.
func (o operator) checkTyped(first, second string) {
	o.t.Helper()
	rows := o.pages(pathOf(first, "/transactions"), 200)
	row := rows[len(rows)/2]
	amount := strings.TrimPrefix(text(row, "amount"), "-")
	whole, part, _ := strings.Cut(amount, ".")
	amount = whole + "," + (part + "00")[:2]
	accounts := map[string]object{}
	for _, a := range o.pages(allAccounts, 200) {
		accounts[text(a, "id")] = a
	}
	for _, typed := range []string{
		text(row, "currency") + " " + amount, amount, strings.ToLower(text(row, "description")),
		text(row, "description") + " " + amount,
		strings.ToUpper(text(row, "id")),
	} {
		found := map[string]int{}
		for _, item := range o.items(allTransactions + "?q=" + url.QueryEscape(typed)) {
			if text(item, "externalId") != text(row, "externalId") {
				continue
			}
			found[text(item, "connectionId")]++
			account := accounts[text(item, "accountId")]
			for member, want := range map[string]string{
				"configName":  text(o.get(pathOf(text(item, "connectionId"), "")).want(200).json(), "configName"),
				"accountName": text(account, "name"), "accountNumber": text(account, "number"),
			} {
				if got := text(item, member); got != want {
					o.t.Errorf("%q: %s is %q, want %q", typed, member, got, want)
				}
			}
		}
		want := map[string]int{first: 1, second: 1}
		if typed == strings.ToUpper(text(row, "id")) {
			delete(want, second)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			o.t.Errorf("search for %q (-want +found):\n%s", typed, diff)
		}
	}
	sign := "-"
	if strings.HasPrefix(text(row, "amount"), "-") {
		sign = "+"
	}
	for _, item := range o.items(allTransactions + "?q=" + url.QueryEscape(sign+amount)) {
		if strings.HasPrefix(text(item, "amount"), "-") != (sign == "-") {
			o.t.Errorf("%s finds %s", sign+amount, text(item, "amount"))
		}
	}
	body := o.get(allTransactions + "?q=nothing+like+it").want(200).json()
	if len(body["items"].([]any)) > 0 || len(body["searchedFor"].([]any)) != 1 {
		o.t.Errorf("nothing is found as %v", body)
	}
	o.get(allTransactions + "?q=%20").want(http.StatusBadRequest)
}

// checkCoverage checks that the coverage of a day counts each account once, as coversTo of the accounts says.
func (o operator) checkCoverage() {
	o.t.Helper()
	accounts := o.pages(allAccounts, 200)
	for _, day := range []string{"", "2026-01-02", "2001-01-01"} {
		query := "?limit=1"
		if day != "" {
			query += "&day=" + day
		}
		body := o.get(allAccounts + "/coverage" + query).want(200).json()
		day, uncovered := text(body, "day"), map[string]string{}
		for _, item := range o.items(allAccounts + "/coverage?day=" + day) {
			uncovered[text(item, "accountId")] = text(item, "state") + " " + text(item, "coversTo")
		}
		want := map[string]string{}
		for _, a := range accounts {
			switch {
			case text(a, "bankReadAt") == "":
				want[text(a, "id")] = "undated "
			case text(a, "coversTo") < day && text(a, "bankReadAt")[:10] > day:
				want[text(a, "id")] = "read_since " + text(a, "coversTo")
			case text(a, "coversTo") < day:
				want[text(a, "id")] = "not_read " + text(a, "coversTo")
			}
		}
		if diff := cmp.Diff(want, uncovered); diff != "" {
			o.t.Errorf("accounts that do not cover %s (-want +found):\n%s", day, diff)
		}
		counted := fmt.Sprint(body["covered"], " of ", body["accounts"])
		if want := fmt.Sprint(len(accounts)-len(want), " of ", len(accounts)); counted != want {
			o.t.Errorf("%s cover %s, want %s", counted, day, want)
		}
	}
	o.get(allAccounts + "/coverage?day=2999-01-01").want(http.StatusBadRequest)
}

// checkHealthList checks that the list of the health of all connections has the same content as the health of each
// connection.
func (o operator) checkHealthList(first, second string) {
	o.t.Helper()
	list := o.pages(connections+"/health?health=healthy", 1)
	if len(list) != 2 || list[0]["configName"] != "main" || list[1]["configName"] != "second" {
		o.t.Fatalf("health of all connections: %v", list)
	}
	for i, id := range []string{first, second} {
		want := o.get(pathOf(id, "/health")).want(200).json()
		if days, _ := list[i]["rowsByDay"].([]any); len(days) != 14 {
			o.t.Errorf("rowsByDay of %s has %d days, want 14", id, len(days))
		}
		delete(list[i], "rowsByDay") // only the list has this member
		want["connectionId"], want["configName"], want["vendor"] = id, list[i]["configName"], list[i]["vendor"]
		if diff := cmp.Diff(want, list[i]); diff != "" {
			o.t.Errorf("health of %s (-one +list):\n%s", id, diff)
		}
	}
	if list := o.pages(connections+"/health?health=unhealthy", 20); len(list) > 0 {
		o.t.Errorf("unhealthy connections: %v", list)
	}
	if failed := o.pages(allPulls+"?status=failed", 20); len(failed) > 0 {
		o.t.Errorf("failed pulls: %v", failed)
	}
}
