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

func TestCreateNamesEveryFieldAtOnce(t *testing.T) {
	b := newBench(t)
	_, err := b.CreateConnection(b.ctx, b.tenant, ports.NewConnection{Vendor: "nobody", BaseURL: "ftp://x"})
	b.fails(err, domain.Invalid, domain.TypeUnknown)
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
		"an address that egress forbids": {func(n *ports.NewConnection) { n.BaseURL = "https://inside.example.test" }, "baseUrl"},
		"plain http":                     {func(n *ports.NewConnection) { n.BaseURL = "http://api.example.test" }, "baseUrl"},
		"a control character":            {func(n *ports.NewConnection) { n.Name = "a\nb" }, "configName"},
		"an endless secret": {func(n *ports.NewConnection) {
			n.Secret = domain.NewSecret(make([]byte, domain.MaxSecret+1))
		}, "secret"},
	}
	for rule, test := range tests {
		t.Run(rule, func(t *testing.T) {
			b, n := newBench(t), fresh("books")
			test.edit(&n)
			_, err := b.CreateConnection(b.ctx, b.tenant, n)
			b.fails(err, domain.Invalid)
			if diff := cmp.Diff([]string{test.field}, fields(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDevelopmentAdmitsPlainHTTP(t *testing.T) {
	b, n := newBench(t, func(d *application.Deps) { d.AllowHTTP = true }), fresh("books")
	n.BaseURL = "http://api.example.test"
	_, err := b.CreateConnection(b.ctx, b.tenant, n)
	b.ok(err)
}

// A check that was cut off is no verdict on the address.
func TestAnInterruptedAddressCheckIsNoFault(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	_, err := b.CreateConnection(ctx, b.tenant, fresh("other"))
	b.fails(err, context.Canceled)
	_, err = b.UpdateConnection(ctx, b.tenant, c.ID, nil, ports.ConnectionUpdate{Name: "x", BaseURL: c.BaseURL, AccountRef: "y"})
	b.fails(err, context.Canceled)
	if errors.Is(err, domain.Invalid) {
		t.Error("the caller was blamed")
	}
}

func TestCreateSealsAndAudits(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	if len(c.Sealed) == 0 || c.Revision != 1 || c.Kind != domain.Aggregator {
		t.Errorf("got %+v", c)
	}
	stored, err := b.GetConnection(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if diff := cmp.Diff(c, stored, cmp.AllowUnexported()); diff != "" {
		t.Error(diff)
	}
	want := []ports.Audited{{Tenant: b.tenant, Action: "connection.create", Object: c.ID.String()}}
	if diff := cmp.Diff(want, noted[ports.Audited](b.seen)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefusesATakenName(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	_, err := b.CreateConnection(b.ctx, b.tenant, fresh("books"))
	b.fails(err, domain.Conflict, domain.NameTaken)
	if n := len(noted[ports.Audited](b.seen)); n != 1 {
		t.Errorf("%d audits, want 1", n)
	}
}

func TestASealingFailureIsObservedAndStoresNothing(t *testing.T) {
	b := newBench(t)
	b.sealer.err = errors.New("no key")
	_, err := b.CreateConnection(b.ctx, b.tenant, fresh("books"))
	b.fails(err, b.sealer.err)
	if len(noted[ports.SealingFailed](b.seen)) != 1 {
		t.Error("the failure was not observed")
	}
	page, err := b.ListConnections(b.ctx, b.tenant, "", domain.PageRequest{Limit: 5})
	b.ok(err)
	if len(page.Items) != 0 {
		t.Error("a connection was stored")
	}
}

func TestHalfACredentialNamesTheMissingHalf(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	for missing, u := range map[string]ports.ConnectionUpdate{
		"secret":   {ClientID: domain.SecretText("id")},
		"clientId": {Secret: domain.SecretText("new")},
	} {
		u.Name, u.BaseURL, u.AccountRef = c.Name, c.BaseURL, c.AccountRef
		_, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, u)
		b.fails(err, domain.Invalid, domain.HalfCredential)
		if diff := cmp.Diff([]string{missing}, fields(err)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUpdateNamesEveryFieldAtOnce(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	_, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, ports.ConnectionUpdate{
		ClientID: domain.SecretText("id"), Secret: domain.NewSecret(make([]byte, domain.MaxSecret+1)),
	})
	b.fails(err, domain.Invalid)
	if diff := cmp.Diff([]string{"configName", "accountRef", "baseUrl", "secret"}, fields(err)); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateKeepsTheCredentialUnlessGivenOne(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	renamed, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: "ledger", BaseURL: "https://eu.example.test", AccountRef: "item-2",
	})
	b.ok(err)
	if renamed.Name != "ledger" || renamed.BaseURL != "https://eu.example.test" || renamed.AccountRef != "item-2" ||
		renamed.Revision != 2 || string(renamed.Sealed) != string(c.Sealed) {
		t.Errorf("got %+v", renamed)
	}
	b.rotate(renamed, "next")
	rotated, err := b.GetConnection(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if string(rotated.Sealed) == string(c.Sealed) || rotated.Revision != 3 {
		t.Errorf("got %+v", rotated)
	}
}

func TestIfMatch(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	same := ports.ConnectionUpdate{Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef}
	_, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, ports.IfMatch{7, 9}, same)
	b.fails(err, domain.Conflict, domain.RevisionMismatch)
	b.fails(b.DeleteConnection(b.ctx, b.tenant, c.ID, ports.IfMatch{}), domain.Conflict, domain.RevisionMismatch)
	updated, err := b.UpdateConnection(b.ctx, b.tenant, c.ID, ports.IfMatch{7, 1}, same)
	b.ok(err)
	b.ok(b.DeleteConnection(b.ctx, b.tenant, c.ID, ports.IfMatch{updated.Revision}))
}

func TestDeleteFreesTheNameAndRevokesTheTokens(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	token := b.mint(c)
	b.ok(b.DeleteConnection(b.ctx, b.tenant, c.ID, nil))
	b.fails(b.DeleteConnection(b.ctx, b.tenant, c.ID, nil), domain.NotFound)
	_, err := b.Receive(b.ctx, knock(token, event("e1", domain.PullScope{})))
	b.fails(err, domain.Unauthenticated)
	b.connection("books")
}

// Whatever is not one of the tenant's live aggregator connections is one answer.
func TestForeignConnectionsAreAbsent(t *testing.T) {
	b := newBench(t)
	c, stranger := b.connection("books"), domain.TenantID{UUID: uuid.New()}
	engine := b.engine("engine")
	gone := b.connection("gone")
	b.ok(b.DeleteConnection(b.ctx, b.tenant, gone.ID, nil))
	for _, who := range []struct {
		tenant domain.TenantID
		id     domain.ConnectionID
	}{{stranger, c.ID}, {b.tenant, engine.ID}, {b.tenant, gone.ID}, {b.tenant, domain.ConnectionID{UUID: uuid.New()}}} {
		for name, use := range b.uses(who.tenant, who.id) {
			if err := use(); !errors.Is(err, domain.NotFound) {
				t.Errorf("%s: got %v, want NotFound", name, err)
			}
		}
	}
}

// uses are all the use cases that take a connection's id.
func (b *bench) uses(tenant domain.TenantID, id domain.ConnectionID) map[string]func() error {
	page := domain.PageRequest{Limit: 1}
	u := ports.ConnectionUpdate{
		Name: "n", BaseURL: "https://api.example.test", AccountRef: "r",
		ClientID: domain.SecretText("a"), Secret: domain.SecretText("b"),
	}
	return map[string]func() error{
		"get":          func() error { _, err := b.GetConnection(b.ctx, tenant, id); return err },
		"rotate":       func() error { _, err := b.UpdateConnection(b.ctx, tenant, id, nil, u); return err },
		"delete":       func() error { return b.DeleteConnection(b.ctx, tenant, id, nil) },
		"health":       func() error { _, err := b.ConnectionHealth(b.ctx, tenant, id); return err },
		"request pull": func() error { _, err := b.RequestPull(b.ctx, tenant, id, domain.Window{}); return err },
		"list pulls":   func() error { _, err := b.ListPulls(b.ctx, tenant, id, page); return err },
		"accounts":     func() error { _, err := b.ListAccounts(b.ctx, tenant, id, page); return err },
		"transactions": func() error {
			_, err := b.ListTransactions(b.ctx, tenant, id, ports.TransactionFilter{}, page)
			return err
		},
	}
}

func TestListFiltersByHealth(t *testing.T) {
	b := newBench(t)
	well, ill := b.connection("a"), b.connection("b")
	b.run(b.everything(well))
	b.rotate(ill, "wrong")
	b.run(b.everything(ill))
	for status, want := range map[domain.HealthStatus]string{domain.Healthy: "a", domain.Unhealthy: "b"} {
		page, err := b.ListConnections(b.ctx, b.tenant, status, domain.PageRequest{Limit: 5})
		b.ok(err)
		if len(page.Items) != 1 || page.Items[0].Name != want {
			t.Errorf("%s: got %v", status, page.Items)
		}
	}
}

func TestHealthTellsWhenItLastDidSomething(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	b.receive(b.mint(c), event("e1", domain.PullScope{Everything: true}))
	b.clock.pass(time.Minute)
	b.run(b.kicked[0])
	h, err := b.ConnectionHealth(b.ctx, b.tenant, c.ID)
	b.ok(err)
	if h.Status != domain.Healthy || h.LastWebhookAt.IsZero() || !h.LastPullAt.After(h.LastWebhookAt) {
		t.Errorf("got %+v", h)
	}
}
