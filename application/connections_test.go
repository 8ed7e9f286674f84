package application_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestCreateReportsEveryInvalidField(t *testing.T) {
	e := newEnv(t)
	_, err := e.CreateConnection(e.ctx, e.tenant, ports.NewConnection{Vendor: "unknown", BaseURL: "ftp://x"})
	e.wantError(err, domain.Invalid, domain.TypeUnknown)
	want := []string{"vendor", "configName", "accountRef", "baseUrl", "clientId", "secret"}
	if diff := cmp.Diff(want, fields(err)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	tests := map[string]struct {
		edit  func(*ports.NewConnection)
		field string
	}{
		"an address that egress forbids": {func(n *ports.NewConnection) {
			n.BaseURL = "https://inside.example.test"
		}, "baseUrl"},
		"plain http": {func(n *ports.NewConnection) {
			n.BaseURL = "http://api.example.test"
		}, "baseUrl"},
		"a control character": {func(n *ports.NewConnection) { n.Name = "a\nb" }, "configName"},
		"a secret that is too long": {func(n *ports.NewConnection) {
			n.Secret = domain.NewSecret(make([]byte, domain.MaxSecret+1))
		}, "secret"},
	}
	for rule, test := range tests {
		t.Run(rule, func(t *testing.T) {
			e, n := newEnv(t), newConnection("books")
			test.edit(&n)
			_, err := e.CreateConnection(e.ctx, e.tenant, n)
			e.wantError(err, domain.Invalid)
			if diff := cmp.Diff([]string{test.field}, fields(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDevelopmentAdmitsPlainHTTP(t *testing.T) {
	e, n := newEnv(t, func(d *application.Deps) { d.AllowHTTP = true }), newConnection("books")
	n.BaseURL = "http://api.example.test"
	_, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
}

// An interrupted address check does not show whether the address is allowed, so it must not become a field
// error.
func TestAnInterruptedAddressCheckIsNotAFieldError(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	_, err := e.CreateConnection(ctx, e.tenant, newConnection("other"))
	e.wantError(err, context.Canceled)
	_, err = e.UpdateConnection(ctx, e.tenant, c.ID, nil,
		ports.ConnectionUpdate{Name: "x", BaseURL: c.BaseURL, AccountRef: "y"})
	e.wantError(err, context.Canceled)
	if errors.Is(err, domain.Invalid) {
		t.Error("an interrupted check was returned as an error of kind Invalid")
	}
}

func TestCreateSealsAndAudits(t *testing.T) {
	e := newEnv(t)
	alice := ports.Caller{Actor: "alice", Peer: "192.0.2.1", RequestID: "request-1"}
	e.ctx = ports.WithCaller(e.ctx, alice)
	c := e.createConnection("books")
	if len(c.Sealed) == 0 || c.Revision != 1 || c.Kind != domain.Aggregator {
		t.Errorf("got %+v", c)
	}
	stored, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if diff := cmp.Diff(c, stored, cmp.AllowUnexported()); diff != "" {
		t.Error(diff)
	}
	e.ctx = ports.WithCaller(e.ctx, ports.Caller{})
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	want := []ports.Audited{
		{Tenant: e.tenant, Caller: alice, Action: "connection.create", Object: c.ID.String()},
		{
			Tenant: e.tenant, Caller: ports.Caller{Actor: ports.UnknownActor}, Action: "connection.delete",
			Object: c.ID.String(),
		},
	}
	if diff := cmp.Diff(want, eventsOf[ports.Audited](e.events)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefusesATakenName(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	_, err := e.CreateConnection(e.ctx, e.tenant, newConnection("books"))
	e.wantError(err, domain.Conflict, domain.NameTaken)
	if n := len(eventsOf[ports.Audited](e.events)); n != 1 {
		t.Errorf("%d audits, want 1", n)
	}
}

func TestASealingFailureIsObservedAndStoresNothing(t *testing.T) {
	e := newEnv(t)
	e.sealer.err = errors.New("no key")
	_, err := e.CreateConnection(e.ctx, e.tenant, newConnection("books"))
	e.wantError(err, e.sealer.err)
	if len(eventsOf[ports.SealingFailed](e.events)) != 1 {
		t.Error("the failure was not emitted")
	}
	page, err := e.ListConnections(e.ctx, e.tenant, ports.ConnectionFilter{}, domain.PageRequest{Limit: 5})
	e.noError(err)
	if len(page.Items) != 0 {
		t.Error("a connection was stored")
	}
}

func TestHalfACredentialNamesTheMissingHalf(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	for missing, u := range map[string]ports.ConnectionUpdate{
		"secret":   {ClientID: domain.SecretText("id")},
		"clientId": {Secret: domain.SecretText("new")},
	} {
		u.Name, u.BaseURL, u.AccountRef = c.Name, c.BaseURL, c.AccountRef
		_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, u)
		e.wantError(err, domain.Invalid, domain.HalfCredential)
		if diff := cmp.Diff([]string{missing}, fields(err)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUpdateReportsEveryInvalidField(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		ClientID: domain.SecretText("id"), Secret: domain.NewSecret(make([]byte, domain.MaxSecret+1)),
	})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"configName", "accountRef", "baseUrl", "secret"}, fields(err)); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateKeepsTheCredentialUnlessGivenOne(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	renamed, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: "ledger", BaseURL: "https://eu.example.test", AccountRef: "item-2",
	})
	e.noError(err)
	if renamed.Name != "ledger" || renamed.BaseURL != "https://eu.example.test" || renamed.AccountRef != "item-2" ||
		renamed.Revision != 2 || string(renamed.Sealed) != string(c.Sealed) {
		t.Errorf("got %+v", renamed)
	}
	e.rotate(renamed, "next")
	rotated, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if string(rotated.Sealed) == string(c.Sealed) || rotated.Revision != 3 {
		t.Errorf("got %+v", rotated)
	}
}

func TestIfMatch(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	same := ports.ConnectionUpdate{Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef}
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, ports.IfMatch{7, 9}, same)
	e.wantError(err, domain.Conflict, domain.RevisionMismatch)
	e.wantError(e.DeleteConnection(e.ctx, e.tenant, c.ID, ports.IfMatch{}), domain.Conflict, domain.RevisionMismatch)
	updated, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, ports.IfMatch{7, 1}, same)
	e.noError(err)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, ports.IfMatch{updated.Revision}))
}

func TestDeleteFreesTheNameAndRevokesTheTokens(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	token := e.mintToken(c)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	e.wantError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil), domain.NotFound)
	_, err := e.Receive(e.ctx, webhookRequest(token, eventBody("e1", domain.PullScope{})))
	e.wantError(err, domain.Unauthenticated)
	e.createConnection("books")
}

// Every use case returns the same error for an id that does not belong to a live aggregator
// connection of the tenant.
func TestConnectionsOfOtherTenantsOrKindsAreNotFound(t *testing.T) {
	e := newEnv(t)
	c, otherTenant := e.createConnection("books"), domain.TenantID{UUID: uuid.New()}
	engine := e.createEngine("engine")
	gone := e.createConnection("gone")
	e.noError(e.DeleteConnection(e.ctx, e.tenant, gone.ID, nil))
	for _, caller := range []struct {
		tenant domain.TenantID
		id     domain.ConnectionID
	}{{otherTenant, c.ID}, {e.tenant, engine.ID}, {e.tenant, gone.ID},
		{e.tenant, domain.ConnectionID{UUID: uuid.New()}}} {
		for name, use := range e.connectionUseCases(caller.tenant, caller.id) {
			if err := use(); !errors.Is(err, domain.NotFound) {
				t.Errorf("%s: got %v, want NotFound", name, err)
			}
		}
	}
}

// connectionUseCases returns a call of every use case that takes a connection's id. The keys are the names
// of the use cases, and each call returns the error of its use case.
func (e *env) connectionUseCases(tenant domain.TenantID, id domain.ConnectionID) map[string]func() error {
	page := domain.PageRequest{Limit: 1}
	u := ports.ConnectionUpdate{
		Name: "n", BaseURL: "https://api.example.test", AccountRef: "r",
		ClientID: domain.SecretText("a"), Secret: domain.SecretText("b"),
	}
	return map[string]func() error{
		"get":    func() error { _, err := e.GetConnection(e.ctx, tenant, id); return err },
		"rotate": func() error { _, err := e.UpdateConnection(e.ctx, tenant, id, nil, u); return err },
		"keep address": func() error {
			_, err := e.UpdateConnection(e.ctx, tenant, id, nil, ports.ConnectionUpdate{Name: "n", AccountRef: "r"})
			return err
		},
		"delete":       func() error { return e.DeleteConnection(e.ctx, tenant, id, nil) },
		"health":       func() error { _, err := e.ConnectionHealth(e.ctx, tenant, id); return err },
		"request pull": func() error { _, err := e.RequestPull(e.ctx, tenant, id, domain.Window{}); return err },
		"list pulls":   func() error { _, err := e.ListPulls(e.ctx, tenant, id, page); return err },
		"accounts":     func() error { _, err := e.ListAccounts(e.ctx, tenant, id, page); return err },
		"transactions": func() error {
			_, err := e.ListTransactions(e.ctx, tenant, id, ports.TransactionFilter{}, page)
			return err
		},
	}
}

func TestListFiltersByHealth(t *testing.T) {
	e := newEnv(t)
	healthy, unhealthy := e.createConnection("a"), e.createConnection("b")
	e.runPull(e.requestFullPull(healthy))
	e.rotate(unhealthy, "wrong")
	e.runPull(e.requestFullPull(unhealthy))
	for status, want := range map[domain.HealthStatus]string{domain.Healthy: "a", domain.Unhealthy: "b"} {
		page, err := e.ListConnections(
			e.ctx,
			e.tenant,
			ports.ConnectionFilter{Health: status},
			domain.PageRequest{Limit: 5},
		)
		e.noError(err)
		if len(page.Items) != 1 || page.Items[0].Name != want {
			t.Errorf("%s: got %v", status, page.Items)
		}
	}
}

func TestHealthShowsTheLastPullAndWebhook(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.receive(e.mintToken(c), eventBody("e1", domain.PullScope{Everything: true}))
	e.clock.pass(time.Minute)
	e.runPull(e.nudged[0])
	h, err := e.ConnectionHealth(e.ctx, e.tenant, c.ID)
	e.noError(err)
	f := h.Facts
	if f.Health.Status != domain.Healthy || f.LastWebhookAt.IsZero() || !f.LastPullAt.After(f.LastWebhookAt) {
		t.Errorf("the health is %+v", h)
	}
}
