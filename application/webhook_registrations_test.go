package application_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// registrar is a fake aggregator whose vendor can create webhooks.
type registrar struct {
	*vendor
	webhooks map[string]ports.NewWebhook
	made     int
	// onCreate is called before a webhook is created, and afterCreate before its response is returned.
	onCreate, afterCreate func() error
	failure               error // returned by every other call
	onDelete              func(ports.Access)
}

var _ ports.WebhookRegistrar = (*registrar)(nil)

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (r *registrar) CreateWebhook(_ context.Context, _ ports.Access, w ports.NewWebhook) (string, error) {
	if err := call(r.onCreate); err != nil {
		return "", err
	}
	r.made++
	id := fmt.Sprintf("webhook-%d", r.made)
	r.webhooks[id] = w
	return id, call(r.afterCreate)
}

func (r *registrar) Webhooks(context.Context, ports.Access) (all []ports.VendorWebhook, err error) {
	for id, w := range r.webhooks {
		all = append(all, ports.VendorWebhook{ID: id, URL: w.URL})
	}
	return all, r.failure
}

func (r *registrar) DeleteWebhook(_ context.Context, a ports.Access, id string) error {
	if r.onDelete != nil {
		r.onDelete(a)
	}
	if r.failure == nil {
		delete(r.webhooks, id)
	}
	return r.failure
}

const receiver = "https://discovery.example/v1/discovery/webhooks"

// newRegistrarEnv returns an env with the connection "books" of a vendor that can create webhooks. The vendor already
// has a webhook that another program has created.
func newRegistrarEnv(t *testing.T) (*env, *registrar, domain.Connection) {
	t.Helper()
	r := &registrar{
		webhooks: map[string]ports.NewWebhook{"other": {URL: domain.SecretText("https://elsewhere.example/hook")}},
	}
	e := newEnv(t, func(d *application.Deps) {
		r.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0] = r
	})
	return e, r, e.createConnection("books")
}

func (e *env) register() (ports.MintedToken, error) {
	return e.MintToken(e.ctx, e.tenant, ports.MintRequest{
		Vendor: "pluggy", Name: "books", Register: true, Receiver: receiver,
	})
}

// wantWebhooks fails the test unless the vendor has exactly n webhooks of the service. In addition, it must still have
// the one webhook of another program.
func (r *registrar) wantWebhooks(t *testing.T, n int) {
	t.Helper()
	if _, ok := r.webhooks["other"]; !ok || len(r.webhooks) != n+1 {
		t.Fatalf("the vendor has the webhooks %v, want %d and that of another program", r.webhooks, n)
	}
}

func (e *env) tokensOf(c domain.Connection) []domain.WebhookToken {
	e.Helper()
	page, err := e.ListTokens(e.ctx, e.tenant, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 5})
	e.noError(err)
	return page.Items
}

// removeDue moves the clock forward by d and runs the maintenance task that removes webhooks.
func (e *env) removeDue(d time.Duration) (int, error) {
	e.clock.pass(d)
	return porttest.RunDue(e.ctx, e.NextRemoval, 10)
}

func TestARegisteredWebhookSendsToTheReceiverWithASecretOfItsOwn(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	minted, err := e.register()
	e.noError(err)
	r.wantWebhooks(t, 1)
	made := r.webhooks[minted.Registration.ID]
	raw, secret := string(minted.Raw.Reveal()), string(made.Authorization.Reveal())
	if url := string(made.URL.Reveal()); url != receiver+"/pluggy/"+raw || !minted.Authorization.IsZero() {
		t.Errorf("the webhook sends to %s", url)
	}
	if got := e.tokensOf(c); len(got) != 1 || got[0].Registration.State != domain.RegistrationActive {
		t.Errorf("the tokens are %+v", got)
	}
	request := webhookRequest(raw, eventBody("e1", domain.PullScope{Everything: true}))
	_, err = e.Receive(e.ctx, request) // the deployment accepts the source, but the secret of the token is missing
	e.wantError(err, domain.Unauthenticated)
	request.Authorization = secret
	got, err := e.Receive(e.ctx, request)
	e.noError(err)
	if got.Delivery.Status != domain.DeliveryAccepted {
		t.Errorf("the delivery is %s", got.Delivery.Status)
	}
	foreign := `{"Name":"rows/changed","DedupKey":"k","AccountRef":"another","WantsPull":true}`
	request.Body = []byte(foreign)
	got, err = e.Receive(e.ctx, request)
	e.noError(err)
	if d := e.getDelivery(got.Delivery.ID); d.Status != domain.DeliveryIgnored || len(d.Body) > 0 {
		t.Errorf("an event of another account is stored as %s with the body %q", d.Status, d.Body)
	}
}

func TestARefusedWebhookLeavesNoToken(t *testing.T) {
	for code, reason := range map[domain.Code]string{
		domain.AccessDenied: "access_denied", domain.VendorRefused: "vendor_refused",
		domain.CredentialRejected: "credential_rejected", domain.AddressNotAllowed: "address_not_allowed",
	} {
		e, r, c := newRegistrarEnv(t)
		r.onCreate = func() error { return rejected(code) }
		_, err := e.register()
		e.wantError(err, domain.Rejected, domain.VendorRefused)
		if message := domain.ErrorsOf(err)[0].Message; message != reason {
			t.Errorf("%s: the reason is %q, want %q", code, message, reason)
		}
		r.wantWebhooks(t, 0)
		if n, err := e.removeDue(domain.RegistrationTimeout); n != 0 || err != nil || len(e.tokensOf(c)) > 0 {
			t.Errorf("%s: a token is left (%d removals, %v)", code, n, err)
		}
	}
}

// If the response to the creation of a webhook is lost, or the process dies before it stores the response, the vendor
// may have created the webhook. The webhook must then be removed.
func TestAWebhookIsNotOrphaned(t *testing.T) {
	for name, interrupt := range map[string]func(e *env, r *registrar){
		"the response is lost": func(_ *env, r *registrar) {
			r.afterCreate = func() error { return unavailable(domain.VendorUnreachable) }
		},
		"the process dies before the write": func(e *env, _ *registrar) {
			e.failOperation("Tokens.ActivateRegistration")
		},
		"the vendor is unreachable": func(_ *env, r *registrar) {
			r.onCreate = func() error { return unavailable(domain.VendorUnreachable) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, r, c := newRegistrarEnv(t)
			interrupt(e, r)
			_, err := e.register()
			e.wantError(err, domain.Unavailable)
			if len(e.tokensOf(c)) > 0 {
				t.Error("the token is listed")
			}
			if n, err := e.removeDue(0); n != 0 || err != nil {
				t.Fatalf("%d removals while the request may still run, %v", n, err)
			}
			r.failure = unavailable(domain.VendorUnreachable)
			if n, err := e.removeDue(domain.RegistrationTimeout); n != 1 || err == nil {
				t.Fatalf("%d removals, %v", n, err)
			}
			r.failure = nil
			if n, err := e.removeDue(time.Hour); n != 1 || err != nil {
				t.Fatalf("%d removals, %v", n, err)
			}
			r.wantWebhooks(t, 0)
			if n, err := e.removeDue(24 * time.Hour); n != 0 || err != nil {
				t.Errorf("%d further removals, %v", n, err)
			}
		})
	}
}

func TestARevocationAndADeletionRemoveTheWebhook(t *testing.T) {
	for name, end := range map[string]func(e *env, c domain.Connection, id domain.TokenID) error{
		"revocation": func(e *env, _ domain.Connection, id domain.TokenID) error {
			return e.RevokeToken(e.ctx, e.tenant, id, false)
		},
		"deletion": func(e *env, c domain.Connection, _ domain.TokenID) error {
			return e.DeleteConnection(e.ctx, e.tenant, c.ID, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, r, c := newRegistrarEnv(t)
			minted, err := e.register()
			e.noError(err)
			r.failure = unavailable(domain.VendorUnreachable)
			e.noError(end(e, c, minted.ID)) // this call does not wait for the vendor
			var waits []time.Duration
			for range 4 {
				start := e.clock.now
				for n := 0; n == 0; {
					if n, err = e.removeDue(5 * time.Second); n > 0 && err == nil {
						t.Fatal("the failure is not reported")
					}
				}
				waits = append(waits, e.clock.now.Sub(start).Round(5*time.Second))
			}
			want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
			for i, wait := range waits {
				if wait < want[i] || wait > want[i]+10*time.Second {
					t.Errorf("the removals were attempted after %v, want about %v", waits, want)
				}
			}
			r.wantWebhooks(t, 1)
			r.failure = nil
			if n, err := e.removeDue(time.Hour); n != 1 || err != nil {
				t.Fatalf("%d removals, %v", n, err)
			}
			r.wantWebhooks(t, 0)
		})
	}
}

func TestARemovalThatFailsForAWeekIsGivenUp(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	minted, err := e.register()
	e.noError(err)
	e.noError(e.RevokeToken(e.ctx, e.tenant, minted.ID, false))
	r.failure = rejected(domain.CredentialRejected)
	if _, err := e.removeDue(
		domain.RegistrationGiveUp - time.Hour,
	); err == nil ||
		strings.Contains(err.Error(), "given up") {
		t.Errorf("after less than a week: %v", err)
	}
	if _, err := e.removeDue(2 * time.Hour); err == nil || !strings.Contains(err.Error(), "given up") {
		t.Errorf("after a week: %v", err)
	}
	if n, err := e.removeDue(24 * time.Hour); n != 0 || err != nil {
		t.Errorf("after it was given up: %d removals, %v", n, err)
	}
}

// If a connection is deleted while its webhook is being created, no webhook may remain at the vendor.
func TestADeletionDuringTheRegistration(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	r.afterCreate = func() error { return e.DeleteConnection(e.ctx, e.tenant, c.ID, nil) }
	_, err := e.register()
	e.wantError(err, domain.NotFound)
	r.wantWebhooks(t, 0)
	if _, err := e.removeDue(domain.RegistrationTimeout); err != nil {
		t.Error(err)
	}
}

func TestMintValidatesItsOptions(t *testing.T) {
	e, _, _ := newRegistrarEnv(t)
	for want, r := range map[string]ports.MintRequest{
		"register":     {Vendor: "belvo", Name: "books", Register: true},
		"sourceSecret": {Vendor: "pluggy", Name: "books", Register: true, SourceSecret: true},
	} {
		_, err := e.MintToken(e.ctx, e.tenant, r)
		e.wantError(err, domain.Invalid)
		if diff := cmp.Diff([]string{want}, fields(err)); diff != "" {
			t.Error(diff)
		}
	}
}

// A webhook must be accepted if its Authorization header is the source secret of its token. The deployment needs no
// other check of the sender.
func TestASourceSecretIsEnough(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	clear(e.deps.Sources)
	minted, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books", SourceSecret: true})
	e.noError(err)
	request := webhookRequest(string(minted.Raw.Reveal()), eventBody("e1", domain.PullScope{}))
	secret := string(minted.Authorization.Reveal())
	last := secret[len(secret)-1:]
	for _, wrong := range []string{"", "shared", secret[:len(secret)-1], strings.TrimPrefix(secret, "Bearer "),
		strings.TrimSuffix(secret, last) + map[bool]string{true: "B", false: "A"}[last == "A"]} {
		request.Authorization = wrong
		_, err := e.Receive(e.ctx, request)
		e.wantError(err, domain.Unauthenticated)
		if reason := domain.ErrorsOf(err)[0].Cause; reason == nil || reason.Error() != "source not proved" {
			t.Errorf("the reason is %v", reason)
		}
	}
	request.Authorization = secret
	_, err = e.Receive(e.ctx, request)
	e.noError(err)
	for _, text := range []string{fmt.Sprint(minted), fmt.Sprintf("%+v %#v", minted, minted)} {
		if strings.Contains(text, secret) || strings.Contains(text, request.Token) {
			t.Error("a minted token prints its secrets")
		}
	}
}

func TestBaseURLsMustHaveAnAllowedOrigin(t *testing.T) {
	e := newEnv(t, func(d *application.Deps) {
		d.BaseURLs = map[domain.Vendor][]string{"pluggy": {"https://api.example.test"}}
	})
	c := e.createConnection("books")
	n := newConnection("other")
	n.BaseURL = "https://elsewhere.test"
	_, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"baseUrl"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: n.BaseURL, AccountRef: c.AccountRef,
	})
	e.wantError(err, domain.Invalid)
	_, err = e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: "HTTPS://API.example.test:443/v1", AccountRef: c.AccountRef,
	})
	e.noError(err)
	n.Vendor = "belvo" // no origins are configured for this vendor
	_, err = e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
}

// A connection whose origin is no longer allowed stays stored, but its vendor must not be called.
func TestNoCallLeavesTheAllowedOrigins(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	e.deps.BaseURLs = map[domain.Vendor][]string{"pluggy": {"https://new.example.test"}}
	e.Service = e.newService()
	result, err := e.TestConnection(e.ctx, e.tenant, "pluggy", "books")
	e.noError(err)
	if result.Healthy || result.Reason != domain.AddressNotAllowed || e.vendor.checks > 0 {
		t.Errorf("got %+v after %d calls", result, e.vendor.checks)
	}
	id := e.requestFullPull(c)
	e.runPull(id)
	e.wantPull(id, domain.PullFailed, domain.AddressNotAllowed)
	if e.vendor.checks > 0 {
		t.Error("the pull called the vendor")
	}
}

func TestAPausedConnectionKeepsItsWebhooksAtTheVendor(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	minted, err := e.register()
	e.noError(err)
	_, err = e.PauseConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	_, err = e.register()
	e.wantError(err, domain.Conflict)
	e.noError(e.RevokeToken(e.ctx, e.tenant, minted.ID, false))
	if _, err := e.removeDue(2 * domain.RegistrationGiveUp); err != nil {
		t.Error(err)
	}
	r.wantWebhooks(t, 1)
	_, err = e.ResumeConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	if _, err := e.removeDue(time.Hour); err != nil {
		t.Error(err)
	}
	r.wantWebhooks(t, 0)
}

// registerOf requests a token and a webhook at the vendor for the connection with the given name.
func (e *env) registerOf(name string) (ports.MintedToken, error) {
	return e.MintToken(e.ctx, e.tenant, ports.MintRequest{
		Vendor: "pluggy", Name: name, Register: true, Receiver: receiver,
	})
}

func TestOneWebhookServesAllConnectionsOfAnApplication(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	first, err := e.register()
	e.noError(err)
	audited := len(eventsOf[ports.Audited](e.events))
	for i := range 40 {
		name := fmt.Sprint("member ", i)
		e.createConnection(name)
		audited++ // the creation of the connection
		shared, err := e.registerOf(name)
		e.noError(err)
		if !shared.Shared || shared.ID != first.ID || shared.Registration.ID != first.Registration.ID ||
			!shared.Raw.IsZero() || !shared.Authorization.IsZero() {
			t.Fatalf("connection %d got %+v", i, shared)
		}
	}
	r.wantWebhooks(t, 1)
	if n := len(eventsOf[ports.Audited](e.events)); n != audited {
		t.Errorf("%d audits, want %d", n, audited)
	}
	n := newConnection("other")
	n.ClientID = domain.SecretText("another client")
	_, err = e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
	if minted, err := e.registerOf("other"); err != nil || minted.Shared {
		t.Errorf("another client id: %+v, %v", minted, err)
	}
	r.wantWebhooks(t, 2)
}

func TestTheOwnersDeletionKeepsTheWebhookForTheOthers(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	minted, err := e.register()
	e.noError(err)
	other := e.createConnection("other")
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	if n, err := e.removeDue(time.Hour); n != 0 || err != nil {
		t.Errorf("%d removals, %v", n, err)
	}
	r.wantWebhooks(t, 1)
	if got := e.tokensOf(other); len(got) != 1 || got[0].ID != minted.ID {
		t.Errorf("the tokens of the other connection are %+v", got)
	}
	e.noError(e.DeleteConnection(e.ctx, e.tenant, other.ID, nil))
	if n, err := e.removeDue(time.Hour); n != 1 || err != nil {
		t.Errorf("%d removals after the last deletion, %v", n, err)
	}
	r.wantWebhooks(t, 0)
}

// If the last connection of an application gets another client id, the webhook must be removed with the old credential.
func TestTheWebhookOfALeftApplicationIsRemovedWithItsCredential(t *testing.T) {
	e, r, c := newRegistrarEnv(t)
	_, err := e.register()
	e.noError(err)
	var used []string
	r.onDelete = func(a ports.Access) { used = append(used, string(a.Credential.Part(domain.PartClientID).Reveal())) }
	update := func(clientID string) {
		t.Helper()
		_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
			Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef,
			ClientID: domain.SecretText(clientID), Secret: domain.SecretText("new secret"),
		})
		e.noError(err)
	}
	old := string(newConnection("").ClientID.Reveal())
	update(old)
	if n, err := e.removeDue(time.Hour); n != 0 || err != nil {
		t.Errorf("%d removals after a new secret, %v", n, err)
	}
	update("second client")
	update("third client")
	if n, err := e.removeDue(time.Hour); n != 1 || err != nil {
		t.Errorf("%d removals after a new client id, %v", n, err)
	}
	if diff := cmp.Diff([]string{old}, used); diff != "" {
		t.Error(diff)
	}
	r.wantWebhooks(t, 0)
	if minted, err := e.register(); err != nil || minted.Shared {
		t.Errorf("a webhook for the new client id: %+v, %v", minted, err)
	}
}

func TestARequestWaitsForTheWebhookOfAnother(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	e.createConnection("other")
	var second error
	r.onCreate = func() error {
		r.onCreate = nil
		begin := e.clock.now
		_, second = e.registerOf("other")
		if waited := e.clock.now.Sub(begin); waited < domain.RegistrationTimeout {
			t.Errorf("the second request waited %v", waited)
		}
		return nil
	}
	_, err := e.register()
	e.noError(err)
	e.wantError(second, domain.Unavailable, domain.RegistrationInFlight)
	r.wantWebhooks(t, 1)
	shared, err := e.registerOf("other")
	if err != nil || !shared.Shared {
		t.Errorf("afterwards: %+v, %v", shared, err)
	}
}

// If the response to a request is lost, its webhook must be removed. The next request must not wait for this removal.
func TestAFailedRegistrationDoesNotBlockTheApplication(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	r.afterCreate = func() error { return unavailable(domain.VendorUnreachable) }
	_, err := e.register()
	e.wantError(err, domain.Unavailable)
	r.afterCreate = nil
	begin := e.clock.now
	minted, err := e.register()
	e.noError(err)
	if waited := e.clock.now.Sub(begin); minted.Shared || waited > time.Second {
		t.Errorf("got %+v after %v", minted, waited)
	}
	if n, err := e.removeDue(domain.RegistrationTimeout); n != 1 || err != nil {
		t.Fatalf("%d removals, %v", n, err)
	}
	r.wantWebhooks(t, 1)
}

// A connection that an earlier version of the service has stored has no keyed hash of its client id. IdentifyClients
// must add the hash, so that the connection can share the webhook of its application.
func TestConnectionsOfEarlierVersionsAreIdentified(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	for i := range 5 {
		credential := domain.AggregatorCredential(newConnection("").ClientID, domain.SecretText("secret"))
		c := e.createConnection(fmt.Sprint("new ", i))
		c.ID, c.Name, c.Client = domain.ConnectionID{UUID: e.deps.IDs.New()}, fmt.Sprint("old ", i), domain.ClientKey{}
		var err error
		c.Sealed, err = e.sealer.Seal(e.tenant, c.ID, credential)
		e.noError(err)
		if i == 1 {
			c.Sealed = domain.Sealed("of a lost key")
		}
		e.noError(e.deps.Connections.Create(e.ctx, c, nil))
	}
	for range 4 {
		if _, err := e.IdentifyClients(e.ctx, 2); err != nil {
			t.Fatal(err)
		}
	}
	left, err := e.deps.Applications.ListUnidentified(e.ctx, domain.ConnectionID{}, 10)
	e.noError(err)
	if len(left) != 1 || left[0].Name != "old 1" {
		t.Errorf("%d connections are not identified", len(left))
	}
	_, err = e.register()
	e.noError(err)
	if shared, err := e.registerOf("old 0"); err != nil || !shared.Shared {
		t.Errorf("got %+v, %v", shared, err)
	}
	r.wantWebhooks(t, 1)
}

func TestResealCoversTheKeyOfClientIDs(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	_, err := e.register()
	e.noError(err)
	e.sealer.primary++
	_, err = e.Reseal(e.ctx)
	e.noError(err)
	sealed, err := e.deps.SealedValues.Key(e.ctx, ports.SealedHashKey)
	e.noError(err)
	if e.sealer.NeedsReseal(sealed) {
		t.Error("the key is sealed under the old key")
	}
	e.Service = e.newService() // has not cached the key
	e.createConnection("other")
	if shared, err := e.registerOf("other"); err != nil || !shared.Shared {
		t.Errorf("got %+v, %v", shared, err)
	}
	r.wantWebhooks(t, 1)
}

// If the key of the hashes is lost, a new key must make the connections of one application recognisable again.
func TestALostKeyOfClientIDsIsReplaced(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	first, err := e.register()
	e.noError(err)
	if replaced, err := e.ReplaceHashKey(e.ctx); replaced || err != nil {
		t.Errorf("replaced %v, %v: the key can be decrypted", replaced, err)
	}
	sealed, err := e.deps.SealedValues.Key(e.ctx, ports.SealedHashKey)
	e.noError(err)
	_, err = e.deps.SealedValues.Replace(e.ctx,
		ports.SealedValue{Kind: ports.SealedHashKey, Sealed: sealed}, domain.Sealed("of an unknown key"))
	e.noError(err)
	e.Service = e.newService() // has not cached the key
	if n, err := e.Reseal(e.ctx); !errors.Is(err, domain.CredentialUnopened) {
		t.Errorf("%d credentials, %v", n, err)
	}
	if replaced, err := e.ReplaceHashKey(e.ctx); !replaced || err != nil {
		t.Errorf("replaced %v, %v", replaced, err)
	}
	_, err = e.Reseal(e.ctx)
	e.noError(err)
	e.createConnection("other")
	if shared, err := e.registerOf("other"); err != nil || !shared.Shared || shared.ID != first.ID {
		t.Errorf("got %+v, %v", shared, err)
	}
	r.wantWebhooks(t, 1)
}

// Without the key of the hashes, connections must still be created. Only a registration needs their client ids.
func TestConnectionsWorkWithoutTheKeyOfClientIDs(t *testing.T) {
	e, r, _ := newRegistrarEnv(t)
	clear(e.sealer.held)
	e.Service = e.newService() // has not cached the key
	c := e.createConnection("other")
	if !c.Client.IsZero() {
		t.Errorf("the client id is %x", c.Client)
	}
	e.rotate(c, "rotated")
	_, err := e.registerOf("other")
	e.wantError(err, domain.CredentialUnopened)
	r.wantWebhooks(t, 0)
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
}
