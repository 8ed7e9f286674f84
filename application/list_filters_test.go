package application_test

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// How a filter of a list is served.
const (
	byIndex = false // every row that the database reads belongs to the page
	byShare = true  // the database may read other rows, and the request takes a share of the tenant's costly reads
)

// filteredList is a list with filters.
type filteredList struct {
	filters map[string]bool // byIndex or byShare, by the name of the query parameter
	pairs   [][2]string     // pairs that take a share although both filters are served by an index
	// always is set if the list takes a share without filters, too.
	always bool
	// list reads a page that has the filters for which set returns true. It is nil if other tests check the list.
	list func(e *env, c domain.ConnectionID, set func(string) bool) error
}

var onePage = domain.PageRequest{Limit: 1}

// some returns value if the filter is set, otherwise the zero value.
func some[T any](set bool, value T) (result T) {
	if set {
		return value
	}
	return result
}

// filteredLists has each list of the API with query parameters other than those of its pages.
var filteredLists = map[string]filteredList{
	"/v1/discovery/accounts": {
		filters: map[string]bool{"connectionId": byIndex, "institution": byShare},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListTenantAccounts(e.ctx, e.tenant, ports.AccountFilter{
				Connection:  some(set("connectionId"), domain.ConnectionID{UUID: uuid.Max}),
				Institution: some(set("institution"), domain.InstitutionKey{Vendor: "pluggy", ID: "1"}),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/accounts/{id}/bank-statements": {
		filters: map[string]bool{"verdict": byShare, "from": byShare, "to": byShare, "withdrawn": byShare},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListBankStatements(e.ctx, e.tenant, domain.AccountID{UUID: uuid.Max}, ports.BankStatementFilter{
				Verdict: some(set("verdict"), witness.Differs), Withdrawn: set("withdrawn"),
				Window: domain.Window{
					From: some[domain.Date](set("from"), "2026-01-01"), To: some[domain.Date](set("to"), "2026-02-01"),
				},
			}, onePage)
			return err
		},
	},
	"/v1/discovery/aggregator-connections": {
		filters: map[string]bool{"health": byShare, "consentExpiresBefore": byShare, "institution": byShare},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListConnections(e.ctx, e.tenant, connectionFilter(set), onePage)
			return err
		},
	},
	"/v1/discovery/aggregator-connections/health": {
		filters: map[string]bool{
			"health":               byShare,
			"consentExpiresBefore": byShare,
			"institution":          byShare,
			"attention":            byShare,
			"q":                    byShare,
		},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListConnectionHealth(e.ctx, e.tenant, ports.HealthFilter{
				ConnectionFilter: connectionFilter(set), Attention: set("attention"), Name: some(set("q"), "name"),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/aggregator-connections/{id}/transactions": {
		filters: map[string]bool{
			"from": byIndex, "to": byIndex, "externalId": byIndex, "accountId": byShare, "status": byShare,
			"pullId": byShare, "asOf": byShare,
		},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListTransactions(e.ctx, e.tenant, c, ports.TransactionFilter{
				Window: domain.Window{
					From: some[domain.Date](set("from"), "1999-01-01"), To: some[domain.Date](set("to"), "1999-02-01"),
				},
				ExternalID: some(
					set("externalId"),
					"x",
				),
				Account: some(set("accountId"), domain.AccountID{UUID: uuid.Max}),
				Status:  some(set("status"), domain.Posted),
				AsOf:    some(set("asOf"), time.Unix(1, 0)),
				Pull:    some(set("pullId") && !set("asOf"), domain.PullID{UUID: uuid.Max}), // the API refuses both
			}, onePage)
			return err
		},
	},
	"/v1/discovery/audit/events": {
		filters: map[string]bool{
			"actor": byIndex, "object": byIndex, "action": byShare, "from": byShare, "to": byShare,
		},
		pairs: [][2]string{{"actor", "object"}},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListAuditEntries(e.ctx, e.tenant, domain.AuditFilter{
				Actor: some(set("actor"), "x"), Object: some(set("object"), "x"), Action: some(set("action"), "x"),
				From: some(set("from"), time.Unix(1, 0)), To: some(set("to"), time.Unix(2, 0)),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/bank-statements/{id}/lines": {filters: map[string]bool{"bucket": byShare}},
	"/v1/discovery/pulls": {
		filters: map[string]bool{"connectionId": byIndex, "status": byShare},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListTenantPulls(e.ctx, e.tenant, ports.PullFilter{
				Connection: some(set("connectionId"), domain.ConnectionID{UUID: uuid.Max}),
				State:      some(set("status"), domain.PullSucceeded),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/webhooks/deliveries": {
		filters: map[string]bool{
			"connectionId": byIndex, "from": byIndex, "to": byIndex, "status": byShare, "eventId": byShare,
		},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListDeliveries(e.ctx, e.tenant, ports.DeliveryFilter{
				Connection: some(set("connectionId"), domain.ConnectionID{UUID: uuid.Max}),
				Status:     some(set("status"), domain.DeliveryFailed), EventID: some(set("eventId"), "x"),
				From: some(set("from"), time.Unix(1, 0)), To: some(set("to"), time.Unix(2, 0)),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/webhooks/tokens": {
		filters: map[string]bool{"connectionId": byIndex},
		list: func(e *env, c domain.ConnectionID, set func(string) bool) error {
			_, err := e.ListTokens(e.ctx, e.tenant, ports.TokenFilter{
				Connection: some(set("connectionId"), domain.ConnectionID{UUID: uuid.Max}),
			}, onePage)
			return err
		},
	},
	"/v1/discovery/accounts/coverage": {
		filters: map[string]bool{"day": byShare, "institution": byShare}, always: true,
	},
	"/v1/discovery/accounts/{id}/balances": {filters: map[string]bool{"from": byIndex, "to": byIndex}},
	"/v1/discovery/accounts/{id}/bills":    {filters: map[string]bool{"from": byIndex, "to": byIndex}},
	"/v1/discovery/accounts/{id}/closes":   {filters: map[string]bool{"reopened": byIndex}},
	"/v1/discovery/possible-replacements":  {filters: map[string]bool{"connectionId": byShare}, always: true},
	"/v1/discovery/transactions": {
		filters: map[string]bool{
			"q":            byShare,
			"amount":       byShare,
			"text":         byShare,
			"reference":    byShare,
			"document":     byShare,
			"from":         byShare,
			"to":           byShare,
			"connectionId": byShare,
			"removed":      byShare,
		},
		always: true,
		list: func(e *env, _ domain.ConnectionID, _ func(string) bool) error {
			_, err := e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{}, onePage)
			return err
		},
	},
	"/v1/discovery/transactions/changes": {filters: map[string]bool{"wait": byShare}, always: true},
}

func connectionFilter(set func(string) bool) ports.ConnectionFilter {
	return ports.ConnectionFilter{
		Health:               some(set("health"), domain.Unhealthy),
		ConsentExpiresBefore: some(set("consentExpiresBefore"), time.Unix(1, 0)),
		Institution:          some(set("institution"), domain.InstitutionKey{Vendor: "pluggy", ID: "1"}),
	}
}

// A list takes a share of the tenant's costly reads unless an index serves all of its filters: each filter alone, and
// in each pair.
func TestAListTakesAShareUnlessAnIndexServesItsFilters(t *testing.T) {
	for path, l := range filteredLists {
		if l.list == nil {
			continue
		}
		t.Run(path, func(t *testing.T) {
			sets := [][]string{{}}
			for a := range l.filters {
				sets = append(sets, []string{a})
				for b := range l.filters {
					if a < b {
						sets = append(sets, []string{a, b})
					}
				}
			}
			for _, set := range sets {
				want := l.always
				for _, name := range set {
					want = want || l.filters[name]
				}
				slices.Sort(set)
				if len(set) == 2 && slices.Contains(l.pairs, [2]string{set[0], set[1]}) {
					want = true
				}
				checkShare(t, l, set, want)
			}
		})
	}
}

// anyAccount is a ledger that has each account.
type anyAccount struct{ ports.Ledger }

func (anyAccount) Account(context.Context, domain.TenantID, domain.AccountID) (domain.Account, error) {
	return domain.Account{}, nil
}

// checkShare reads a list with the filters of a set while searches hold all shares of the tenant.
func checkShare(t *testing.T, l filteredList, set []string, waits bool) {
	synctest.Test(t, func(t *testing.T) {
		var b blockingSearches
		e := newEnv(t, func(d *application.Deps) {
			b = blockingSearches{d.Ledger, make(chan domain.TenantID, 100), make(chan struct{})}
			d.Clock, d.Sleeper, d.Ledger = bubbleClock{}, bubbleClock{}, anyAccount{b}
		})
		c := e.createConnection("c").ID
		for range max(1, runtime.GOMAXPROCS(0)/4) {
			go func() { _, _ = e.SearchTransactions(e.ctx, e.tenant, domain.TransactionSearch{}, onePage) }()
		}
		synctest.Wait()
		ended := false
		go func() {
			err := l.list(e, c, func(name string) bool { return slices.Contains(set, name) })
			if ended = true; err != nil {
				t.Errorf("%v: %v", set, err)
			}
		}()
		synctest.Wait()
		if ended == waits {
			t.Errorf("with the filters %v, the list has ended: %t, want %t", set, ended, !waits)
		}
		close(b.endSignal)
		synctest.Wait()
	})
}

// Each filter of each list of the API must be in filteredLists.
func TestEachFilterOfAListIsServed(t *testing.T) {
	text, err := os.ReadFile("../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]struct {
			Get struct{ Parameters []struct{ Name, In string } }
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths {
		var filters []string
		list := false
		for _, p := range item.Get.Parameters {
			switch {
			case p.In != "query":
			case p.Name == "limit" || p.Name == "cursor":
				list = true
			default:
				filters = append(filters, p.Name)
			}
		}
		known := filteredLists[path].filters
		for _, name := range filters {
			if _, ok := known[name]; list && !ok {
				t.Errorf("%s: the filter %s is not in filteredLists", path, name)
			}
		}
		if list && len(known) > len(filters) {
			t.Errorf("%s has the filters %v, want %v", path, filters, known)
		}
	}
	for path := range filteredLists {
		if _, ok := document.Paths[path]; !ok {
			t.Errorf("%s is not a list", path)
		}
	}
}
