package application_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// setHealth replaces the health of a connection.
func (e *env) setHealth(id domain.ConnectionID, h domain.Health) {
	e.Helper()
	_, err := e.deps.Connections.Update(e.ctx, e.tenant, domain.Aggregator, id, nil,
		func(c *domain.Connection) error {
			c.Health = h
			return nil
		})
	e.noError(err)
}

// healthNames returns the names of the connections in the list. It reads the list in pages of at most limit items.
func (e *env) healthNames(filter ports.HealthFilter, limit int) []string {
	e.Helper()
	names, request := []string{}, domain.PageRequest{Limit: limit}
	for {
		page, err := e.ListConnectionHealth(e.ctx, e.tenant, filter, request)
		e.noError(err)
		if len(page.Items) > limit {
			e.Fatalf("a page has %d items, limit %d", len(page.Items), limit)
		}
		for _, item := range page.Items {
			names = append(names, item.Facts.Name)
		}
		if page.Next.IsZero() {
			return names
		}
		request.After = page.Next
	}
}

func TestConnectionsThatNeedAPersonAreOrderedByUrgency(t *testing.T) {
	e := newEnv(t)
	var broken []string
	for i := range 12 {
		c := e.createConnection(fmt.Sprintf("broken %02d", i))
		e.setHealth(c.ID, domain.Health{
			Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: epoch.Add(-time.Duration(i) * time.Hour),
		})
		broken = append(broken, c.Name)
	}
	slices.Reverse(broken) // the oldest problem comes first
	e.createConnection("quiet")
	good := e.createConnection("good")
	e.setHealth(good.ID, domain.Health{Status: domain.Healthy, Since: epoch})
	expiring := e.createConnection("expiring")
	_, err := e.deps.Connections.Update(e.ctx, e.tenant, domain.Aggregator, expiring.ID, nil,
		func(c *domain.Connection) error {
			c.Consent = domain.Consent{Status: domain.ReportedExpiring, Since: epoch.Add(-1000 * time.Hour)}
			return nil
		})
	e.noError(err)
	want := append(broken, "expiring")
	for _, limit := range []int{1, 2, 5, 200} {
		if got := e.healthNames(ports.HealthFilter{Attention: true}, limit); !slices.Equal(got, want) {
			t.Errorf("by pages of %d: %v", limit, got)
		}
	}
	unhealthy := ports.HealthFilter{Attention: true, Name: "BRÓKEN 0"}
	unhealthy.Health = domain.Unhealthy
	if got := e.healthNames(unhealthy, 3); !slices.Equal(got, broken[2:]) {
		t.Errorf("unhealthy ones with a name: %v", got)
	}
	summary, err := e.SummarizeConnections(e.ctx, e.tenant)
	e.noError(err)
	if summary.Connections != 15 || summary.Needy != 13 || summary.Healthy != 1 ||
		summary.Reasons[domain.NeedsPull] != 12 || summary.Reasons[domain.NeedsConsentRenewal] != 1 {
		t.Errorf("%+v", summary)
	}
	h, err := e.ConnectionHealth(e.ctx, e.tenant, expiring.ID)
	e.noError(err)
	if len(h.Attention) != 1 || h.Attention[0].Reason != domain.NeedsConsentRenewal {
		t.Errorf("%+v", h.Attention)
	}
}

func TestConnectionsAreFoundByAPartOfTheName(t *testing.T) {
	e := newEnv(t)
	for _, name := range []string{"São Paulo", "sao luis", "Rio"} {
		e.createConnection(name)
	}
	if got := e.healthNames(ports.HealthFilter{Name: "SAO"}, 1); !slices.Equal(got, []string{"São Paulo", "sao luis"}) {
		t.Errorf("%v", got)
	}
	if got := e.healthNames(ports.HealthFilter{}, 2); !slices.Equal(got, []string{"Rio", "São Paulo", "sao luis"}) {
		t.Errorf("%v", got)
	}
}

func TestTheHealthListHasTheNewRecordsOfTheLastDays(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	page, err := e.ListConnectionHealth(e.ctx, e.tenant, ports.HealthFilter{}, domain.PageRequest{Limit: 5})
	e.noError(err)
	days := page.Items[0].Added
	if days[0].Date != "2026-02-17" || days[ports.HealthDays-1].Date != "2026-03-02" || days[3].Count != 0 {
		t.Errorf("%v", days)
	}
}

// countedConnections records the calls of the methods with which the health of connections is read.
type countedConnections struct {
	ports.Connections
	calls []string
}

func (c *countedConnections) Get(
	ctx context.Context, tenant domain.TenantID, kind domain.ConnectionKind, id domain.ConnectionID,
) (domain.Connection, error) {
	c.calls = append(c.calls, "Get")
	return c.Connections.Get(ctx, tenant, kind, id)
}

func (c *countedConnections) List(
	ctx context.Context, tenant domain.TenantID, filter ports.ConnectionFilter, page domain.PageRequest,
) (domain.Page[domain.Connection], error) {
	c.calls = append(c.calls, "List")
	return c.Connections.List(ctx, tenant, filter, page)
}

func (c *countedConnections) VisitFacts(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(*domain.ConnectionFacts) error,
) error {
	c.calls = append(c.calls, "VisitFacts")
	return c.Connections.VisitFacts(ctx, tenant, ids, visit)
}

func TestTheHealthOfConnectionsTakesTheSameQueriesHoweverManyThereAre(t *testing.T) {
	e := newEnv(t)
	var ids []domain.ConnectionID
	for i := range 7 {
		c := e.createConnection(fmt.Sprintf("broken %d", i))
		e.setHealth(c.ID, domain.Health{Status: domain.Unhealthy, Reason: domain.AccessDenied, Since: epoch})
		ids = append(ids, c.ID)
	}
	counted := &countedConnections{Connections: e.deps.Connections}
	e.deps.Connections = counted
	service := e.newService()
	list := func(filter ports.HealthFilter) func() error {
		return func() error {
			page, err := service.ListConnectionHealth(e.ctx, e.tenant, filter, domain.PageRequest{Limit: 5})
			if err == nil && len(page.Items) != 5 {
				t.Errorf("%d items, want 5", len(page.Items))
			}
			return err
		}
	}
	for name, c := range map[string]struct {
		use  func() error
		want []string
	}{
		"summary": {
			func() error { _, err := service.SummarizeConnections(e.ctx, e.tenant); return err },
			[]string{"VisitFacts"},
		},
		"health": {
			func() error { _, err := service.ConnectionHealth(e.ctx, e.tenant, ids[0]); return err },
			[]string{"VisitFacts"},
		},
		"list":      {list(ports.HealthFilter{}), []string{"List", "VisitFacts"}},
		"attention": {list(ports.HealthFilter{Attention: true}), []string{"VisitFacts", "VisitFacts"}},
	} {
		counted.calls = nil
		e.noError(c.use())
		if !slices.Equal(counted.calls, c.want) {
			t.Errorf("%s: %v, want %v", name, counted.calls, c.want)
		}
	}
}
