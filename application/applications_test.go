package application_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func (e *env) createApplication(name string) domain.Application {
	e.Helper()
	n := newConnection("")
	a, err := e.CreateApplication(e.ctx, e.tenant, ports.NewApplication{
		Vendor: n.Vendor, Name: name, BaseURL: n.BaseURL, ClientID: n.ClientID, Secret: n.Secret,
	})
	e.noError(err)
	return a
}

// joinApplication creates a connection that uses the credential of the application.
func (e *env) joinApplication(a domain.Application, name string) domain.Connection {
	e.Helper()
	c, err := e.CreateConnection(e.ctx, e.tenant, ports.NewConnection{
		Vendor: "pluggy", Name: name, AccountRef: "item-1", Application: a.ID,
	})
	e.noError(err)
	return c
}

func (e *env) rotateApplication(a domain.Application, clientID, secret string, force bool) (domain.Application, error) {
	return e.UpdateApplication(e.ctx, e.tenant, a.ID, nil, ports.ApplicationUpdate{
		Name: a.Name, ClientID: domain.SecretText(clientID), Secret: domain.SecretText(secret), Force: force,
		Receiver: receiver,
	})
}

// secretOf returns the secret of the connection's credential.
func (e *env) secretOf(c domain.Connection) string {
	e.Helper()
	stored, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	credential, err := e.sealer.Open(e.tenant, c.ID, stored.Sealed)
	e.noError(err)
	return string(credential.Part(domain.PartSecret).Reveal())
}

func TestAnApplicationReportsEveryInvalidField(t *testing.T) {
	e := newEnv(t)
	_, err := e.CreateApplication(e.ctx, e.tenant, ports.NewApplication{Vendor: "unknown", BaseURL: "ftp://x"})
	e.wantError(err, domain.Invalid, domain.TypeUnknown)
	if diff := cmp.Diff([]string{"vendor", "name", "baseUrl", "clientId", "secret"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	a := e.createApplication("production")
	for missing, u := range map[string]ports.ApplicationUpdate{
		"secret":   {Name: "x", ClientID: domain.SecretText("id")},
		"clientId": {Name: "x", Secret: domain.SecretText("new")},
	} {
		_, err := e.UpdateApplication(e.ctx, e.tenant, a.ID, nil, u)
		e.wantError(err, domain.Invalid, domain.HalfCredential)
		if diff := cmp.Diff([]string{missing}, fields(err)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestARotationReachesAllConnectionsAtOnce(t *testing.T) {
	e := newEnv(t)
	a := e.createApplication("production")
	var members []domain.Connection
	for i := range 40 {
		members = append(members, e.joinApplication(a, fmt.Sprint("member ", i)))
	}
	own := e.createConnection("own")
	_, err := e.rotateApplication(a, "id", "wrong", false)
	e.wantError(err, domain.Rejected, domain.VendorRefused)
	if message := domain.ErrorsOf(err)[0].Message; message != "credential_rejected" {
		t.Errorf("the reason is %q", message)
	}
	if got := e.secretOf(members[7]); got != "right" {
		t.Errorf("after the refusal, the secret is %q", got)
	}
	updated, err := e.rotateApplication(a, "id", "forced", true)
	e.noError(err)
	if updated.Connections != 40 || updated.Revision != 2 {
		t.Errorf("got %+v", updated)
	}
	for _, c := range members {
		if got := e.secretOf(c); got != "forced" {
			t.Fatalf("%s has the secret %q", c.Name, got)
		}
	}
	if got := e.secretOf(own); got != "right" {
		t.Errorf("a connection with a credential of its own has the secret %q", got)
	}
	checks := e.vendor.checks
	_, err = e.rotateApplication(a, "id", "right", false)
	e.noError(err)
	if n := e.vendor.checks - checks; n != 1 {
		t.Errorf("%d live calls for 40 connections", n)
	}
}

func TestAConnectionHasEitherAnApplicationOrACredential(t *testing.T) {
	e := newEnv(t)
	a := e.createApplication("production")
	n := newConnection("both")
	n.Application = a.ID
	_, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"baseUrl", "clientId", "secret"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	c := e.joinApplication(a, "books")
	update := func(u ports.ConnectionUpdate) (domain.Connection, error) {
		u.Name, u.AccountRef = "books", "item-1"
		return e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, u)
	}
	kept, err := update(ports.ConnectionUpdate{})
	e.noError(err)
	if kept.ApplicationID != a.ID || kept.BaseURL != a.BaseURL {
		t.Errorf("an update without a credential: %+v", kept)
	}
	_, err = update(ports.ConnectionUpdate{BaseURL: "https://other.example.test"})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"baseUrl"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	left, err := update(ports.ConnectionUpdate{
		BaseURL: "https://other.example.test", ClientID: domain.SecretText("mine"), Secret: domain.SecretText("own"),
	})
	e.noError(err)
	if !left.ApplicationID.IsZero() || e.secretOf(c) != "own" {
		t.Errorf("with a credential of its own: %+v", left)
	}
	joined, err := update(ports.ConnectionUpdate{Application: a.ID})
	e.noError(err)
	if joined.ApplicationID != a.ID || joined.BaseURL != a.BaseURL || e.secretOf(c) != "right" {
		t.Errorf("after it has joined: %+v", joined)
	}
	_, err = update(ports.ConnectionUpdate{Application: domain.ApplicationID{UUID: e.deps.IDs.New()}})
	e.wantError(err, domain.NotFound, domain.ApplicationNotFound)
	_, err = e.CreateConnection(e.ctx, e.tenant, ports.NewConnection{
		Vendor: "belvo", Name: "belvo", AccountRef: "link", Application: a.ID,
	})
	e.wantError(err, domain.Invalid)
}

// wantPulls checks how many pulls of everything were requested of a connection.
func (e *env) wantPulls(name string, want int) {
	e.Helper()
	c, err := e.deps.Connections.Find(e.ctx, e.tenant, "pluggy", name)
	e.noError(err)
	pulls, err := e.ListPulls(e.ctx, e.tenant, c.ID, domain.PageRequest{Limit: 10})
	e.noError(err)
	found := 0
	for _, p := range pulls.Items {
		if p, err := e.GetPull(e.ctx, e.tenant, p.ID); err == nil && p.Scope.Everything {
			found++
		}
	}
	if found != want {
		e.Errorf("%d pulls of everything of %s, want %d", found, name, want)
	}
}

func TestAnotherClientIDMakesANewWebhook(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	a := e.createApplication("production")
	e.joinApplication(a, "books")
	first, err := e.register()
	e.noError(err)
	e.joinApplication(a, "other")
	if shared, err := e.registerOf("other"); err != nil || !shared.Shared || shared.ID != first.ID {
		t.Errorf("got %+v, %v", shared, err)
	}
	_, err = e.rotateApplication(a, "second client", "right", true)
	e.noError(err)
	r.onCreate = func() error { return unavailable(domain.VendorUnreachable) }
	if n, err := porttest.RunDue(e.ctx, e.NextRenewal, 10); n != 1 || err == nil {
		t.Errorf("%d renewals, %v", n, err)
	}
	r.onCreate = nil
	e.clock.pass(time.Minute)
	e.wantPulls("books", 0)
	if n, err := porttest.RunDue(e.ctx, e.NextRenewal, 10); n != 1 || err != nil {
		t.Errorf("%d renewals, %v", n, err)
	}
	for _, name := range []string{"books", "other"} { // no webhook has arrived since the change
		e.wantPulls(name, 1)
	}
	if n, err := porttest.RunDue(e.ctx, e.NextRenewal, 10); n != 0 || err != nil {
		t.Errorf("%d further renewals, %v", n, err)
	}
	if _, err := e.removeDue(time.Hour); err != nil {
		t.Error(err)
	}
	r.wantWebhooks(t, 1)
	if shared, err := e.registerOf("other"); err != nil || !shared.Shared || shared.ID == first.ID {
		t.Errorf("got %+v, %v", shared, err)
	}
	e.wantError(e.DeleteApplication(e.ctx, e.tenant, a.ID, nil), domain.Conflict, domain.ApplicationInUse)
}

// joinLink starts a link session whose new connection will use the credential of the application.
func (e *env) joinLink(a domain.Application, name string) ports.OpenLinkSession {
	e.Helper()
	s, err := e.StartLinkSession(e.ctx, e.tenant, ports.NewLinkSession{
		Vendor: "pluggy", Name: name, Receiver: receiver, Application: a.ID,
	})
	e.noError(err)
	return s
}

func TestALinkSessionFollowsItsApplication(t *testing.T) {
	e, linker := newLinkerEnv(t)
	a := e.createApplication("production")
	s := e.joinLink(a, "books")
	e.wantError(e.DeleteApplication(e.ctx, e.tenant, a.ID, nil), domain.Conflict, domain.ApplicationInUse)
	_, err := e.rotateApplication(a, "id", "second", true)
	e.noError(err)
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	e.vendor = linker.vendor
	linker.used = nil
	e.runLinks(10 * time.Second)
	if diff := cmp.Diff("id/second", linker.used[0]); diff != "" {
		t.Error(diff)
	}
	if got := e.linkStatus(s); got != domain.LinkStatusOpen {
		t.Errorf("with a secret that the vendor refuses, the session is %s", got)
	}
	_, err = e.rotateApplication(a, "id", "right", true)
	e.noError(err)
	e.runLinks(time.Minute)
	if got := e.linkStatus(s); got != domain.LinkStatusDone {
		t.Errorf("the session is %s", got)
	}
	c, err := e.GetConnection(e.ctx, e.tenant, s.Connection)
	e.noError(err)
	if c.ApplicationID != a.ID || e.secretOf(c) != "right" || c.BaseURL != a.BaseURL {
		t.Errorf("the connection is %+v", c)
	}
	e.wantError(e.DeleteApplication(e.ctx, e.tenant, a.ID, nil), domain.Conflict, domain.ApplicationInUse)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	e.noError(e.DeleteApplication(e.ctx, e.tenant, a.ID, nil))
}

// The object that a link session creates at the vendor belongs to the client id with which the session was started.
// If the client id of the application changes during the session, the object cannot become a connection of the
// application. The service must delete the object with the old credential.
func TestALinkSessionOfAnOldClientIDIsAbandoned(t *testing.T) {
	e, linker := newLinkerEnv(t)
	a := e.createApplication("production")
	s := e.joinLink(a, "books")
	_, err := e.rotateApplication(a, "other", "right", true)
	e.noError(err)
	linker.objects["item-7"] = linkedObject{s.ID.String(), domain.LinkedReady}
	e.runLinks(40 * time.Minute)
	if got := e.linkStatus(s); got != domain.LinkStatusAbandoned || len(linker.objects) > 0 {
		t.Errorf("the session is %s, and the vendor has %v", got, linker.objects)
	}
	for _, used := range linker.used {
		if used != "id/right" {
			t.Errorf("the vendor was called with %s", used)
		}
	}
	e.noError(e.DeleteApplication(e.ctx, e.tenant, a.ID, nil))
}

func TestALinkSessionDoesNotWaitForAnotherRegistration(t *testing.T) {
	e, linker := newLinkerEnv(t)
	first, second := e.startLink("first"), e.startLink("second")
	linker.objects["item-1"] = linkedObject{first.ID.String(), domain.LinkedReady}
	linker.objects["item-2"] = linkedObject{second.ID.String(), domain.LinkedReady}
	inFlight := true
	linker.failure = func(call string) error {
		if call == "CreateWebhook" && inFlight {
			return unavailable(domain.VendorUnreachable)
		}
		return nil
	}
	began := e.clock.now
	for range 20 {
		_, _ = porttest.RunDue(e.ctx, e.NextLinkSession, 16) // returns the errors of the registration
		e.clock.now = e.clock.now.Add(time.Second)
	}
	if waited := e.clock.now.Sub(began); waited > 25*time.Second {
		t.Errorf("the steps have waited for %v", waited)
	}
	inFlight = false
	e.runLinks(2 * time.Minute)
	for _, s := range []ports.OpenLinkSession{first, second} {
		if got := e.linkStatus(s); got != domain.LinkStatusDone {
			t.Errorf("the session is %s", got)
		}
	}
	if len(linker.created) != 1 {
		t.Errorf("%d webhooks", len(linker.created))
	}
}

func TestResealCoversApplications(t *testing.T) {
	e := newEnv(t)
	a := e.createApplication("production")
	e.sealer.primary++
	if n, err := e.Reseal(e.ctx); err != nil || n != 1 {
		t.Errorf("%d credentials, %v", n, err)
	}
	e.joinApplication(a, "books")
	stored, err := e.deps.Applications.Get(e.ctx, e.tenant, a.ID)
	e.noError(err)
	if e.sealer.NeedsReseal(stored.Sealed) {
		t.Error("the application is still sealed under the old key")
	}
}

// A rotation of the credential makes the health of all connections unknown. Connections whose health was known before
// are read at once.
func TestARotationReadsTheConnectionsWhoseHealthWasKnown(t *testing.T) {
	e := newEnv(t)
	a := e.createApplication("production")
	members := map[string]domain.Connection{}
	for _, name := range []string{"healthy", "rejected", "never read", "paused", "deleted"} {
		members[name] = e.joinApplication(a, name)
	}
	for _, name := range []string{"healthy", "rejected", "paused", "deleted"} {
		e.vendor.onCheck = nil
		if name == "rejected" {
			e.vendor.onCheck = func() error { return rejected(domain.CredentialRejected) }
		}
		_, err := e.TestConnection(e.ctx, e.tenant, "pluggy", name)
		e.noError(err)
	}
	e.vendor.onCheck = nil
	_, err := e.PauseConnection(e.ctx, e.tenant, members["paused"].ID)
	e.noError(err)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, members["deleted"].ID, nil))
	_, err = e.rotateApplication(a, "id", "right", false)
	e.noError(err)
	got := map[string]bool{} // whether the pull reads everything
	page, err := e.ListTenantPulls(e.ctx, e.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 10})
	e.noError(err)
	for _, p := range page.Items {
		for name, c := range members {
			if c.ID == p.Connection {
				got[name] = e.getPull(p.ID).Scope.Everything
			}
		}
		e.runPull(p.ID)
	}
	if diff := cmp.Diff(map[string]bool{"healthy": false, "rejected": true}, got); diff != "" {
		t.Errorf("pulls (-want +got):\n%s", diff)
	}
	for _, name := range []string{"healthy", "rejected"} {
		h, err := e.ConnectionHealth(e.ctx, e.tenant, members[name].ID)
		e.noError(err)
		if h := h.Facts.Health; h.Status != domain.Healthy {
			t.Errorf("%s is %s (%s)", name, h.Status, h.Reason)
		}
	}
	_, err = e.UpdateApplication(e.ctx, e.tenant, a.ID, nil, ports.ApplicationUpdate{Name: "renamed"})
	e.noError(err)
	page, err = e.ListTenantPulls(e.ctx, e.tenant, ports.PullFilter{}, domain.PageRequest{Limit: 10})
	e.noError(err)
	if len(page.Items) != 2 {
		t.Errorf("%d pulls after a rename", len(page.Items))
	}
}
