package simulation_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// receiver is the URL of the webhook receiver, without the vendor and the token.
const receiver = "https://hooks.example.test/webhooks"

// maxWebhooks is the number of webhooks that the vendor allows for each client id, as Pluggy does.
const maxWebhooks = 5

// vendorWebhook is a webhook that the service has created at the vendor "pluggy". The vendor sends the events of all
// account references of the client id to it.
type vendorWebhook struct {
	id, clientID, authorization string
	raw                         string // the token in the URL
	tenant                      domain.TenantID
}

// registrar is a vendor at which webhooks can be created.
type registrar struct{ *vendor }

var _ ports.WebhookRegistrar = registrar{}

// callRegistrar simulates a call of the vendor's webhook API. The response can be lost after the vendor has handled the
// request.
func callRegistrar[T any](
	ctx context.Context, v registrar, op string, a ports.Access, handle func(clientID string) (T, error),
) (result T, err error) {
	s := v.sim
	s.yieldAt("vendor." + op)
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	lost := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable}
	if !s.faultFree && s.chance(0.05) {
		return result, lost
	}
	if result, err = handle(string(a.Credential.Part(domain.PartClientID).Reveal())); err != nil {
		return result, err
	}
	s.yieldAt("vendor." + op + " answered")
	if !s.faultFree && s.chance(0.15) {
		s.counters.lostResponses++
		var nothing T
		return nothing, lost
	}
	return result, nil
}

func (v registrar) CreateWebhook(ctx context.Context, a ports.Access, w ports.NewWebhook) (string, error) {
	return callRegistrar(ctx, v, "CreateWebhook", a, func(clientID string) (string, error) {
		s := v.sim
		own := 0
		for _, other := range s.webhooks {
			if other.clientID == clientID {
				own++
			}
		}
		if own >= maxWebhooks {
			return "", &domain.Error{Kind: domain.Rejected, Code: domain.AccessDenied}
		}
		s.names++
		created := vendorWebhook{
			id: fmt.Sprintf("webhook-%d", s.names), clientID: clientID, tenant: a.Tenant,
			raw: rawTokenOf(w.URL), authorization: string(w.Authorization.Reveal()),
		}
		s.webhooks = append(s.webhooks, created)
		s.counters.webhooks++
		return created.id, nil
	})
}

func (v registrar) Webhooks(ctx context.Context, a ports.Access) ([]ports.VendorWebhook, error) {
	return callRegistrar(ctx, v, "Webhooks", a, func(clientID string) ([]ports.VendorWebhook, error) {
		var found []ports.VendorWebhook
		for _, w := range v.sim.webhooks {
			if w.clientID == clientID {
				url := domain.WebhookURL(receiver, v.name, domain.SecretText(w.raw))
				found = append(found, ports.VendorWebhook{ID: w.id, URL: url})
			}
		}
		return found, nil
	})
}

func (v registrar) DeleteWebhook(ctx context.Context, a ports.Access, id string) error {
	_, err := callRegistrar(ctx, v, "DeleteWebhook", a, func(clientID string) (struct{}, error) {
		v.sim.webhooks = slices.DeleteFunc(v.sim.webhooks, func(w vendorWebhook) bool {
			return w.id == id && w.clientID == clientID
		})
		return struct{}{}, nil
	})
	return err
}

// rawTokenOf returns the last segment of the URL of a webhook.
func rawTokenOf(url domain.Secret) string {
	text := string(url.Reveal())
	return text[strings.LastIndexByte(text, '/')+1:]
}

// registerWebhook asks the service to create a webhook at the vendor for the connection.
func (s *sim) registerWebhook(ctx context.Context, app *application.Service, c *connection) error {
	if c.Vendor != "pluggy" {
		return nil
	}
	minted, err := app.MintToken(ctx, c.Tenant, ports.MintRequest{
		Vendor: string(c.Vendor), Name: c.Name, Register: true, Receiver: receiver,
	})
	s.checkNoSecret("a registered token", minted)
	if err == nil && minted.Shared {
		s.counters.shared++
	}
	return s.toleratingVendor("register", err)
}

// address is a webhook URL to which a vendor sends an event.
type address struct {
	raw, authorization string
	tenant             domain.TenantID
	revoked            bool
}

// addressFor returns an address to which the vendor sends a notice about the connection's account reference. It
// returns false if there is none. The address may belong to another connection or even to another tenant, because a
// vendor sends all events of a client id to each of its webhooks. A notice without a reference is sent only to an
// address of the connection itself.
func (s *sim) addressFor(c *connection, n notice) (address, bool) {
	own := s.plainAddresses(func(o *connection) bool { return o == c })
	var chosen []address
	switch p := s.rand.Float64(); {
	case n.Ref == "" || p < 0.5:
	case p < 0.75:
		chosen = s.plainAddresses(func(o *connection) bool { return o.Tenant == c.Tenant && o.Vendor == c.Vendor })
	case p < 0.8:
		chosen = s.plainAddresses(func(o *connection) bool { return o.Vendor == c.Vendor })
	default:
		for _, w := range s.webhooks {
			if c.Vendor == "pluggy" {
				chosen = append(chosen, address{w.raw, w.authorization, w.tenant, false})
			}
		}
	}
	if len(chosen) == 0 {
		chosen = own
	}
	if len(chosen) == 0 {
		return address{}, false
	}
	return chosen[s.rand.IntN(len(chosen))], true
}

// plainAddresses returns the webhook addresses that were created for the connections that filter selects. An address
// whose connection was deleted may belong to another connection now.
func (s *sim) plainAddresses(filter func(*connection) bool) (all []address) {
	for _, c := range s.connections {
		for _, t := range c.tokens {
			if filter(c) {
				all = append(all, address{string(t.raw.Reveal()), canary + "-shared", c.Tenant, t.revoked})
			}
		}
	}
	return all
}

// storedTokens returns all stored tokens, by hash. The store must be available.
func (s *sim) storedTokens() map[domain.TokenHash]domain.WebhookToken {
	tokens := map[domain.TokenHash]domain.WebhookToken{}
	for _, hash := range s.hashes {
		if t, err := s.store.Tokens().FindByHash(s.background(), hash); err == nil {
			tokens[hash] = t
		}
	}
	return tokens
}

// changeConnections calls change, which changes stored connections. It then checks what became of the live tokens of
// the connections (see checkHandedOver).
func (s *sim) changeConnections(change func() error) error {
	before := make([]domain.Connection, len(s.connections))
	for i, c := range s.connections {
		before[i] = c.Connection
	}
	tokens := s.storedTokens()
	if err := change(); err != nil {
		return err
	}
	after := s.storedTokens()
	for i := range before {
		for _, hash := range s.hashes {
			if t, known := tokens[hash]; known && t.Live() && t.Connection == before[i].ID {
				s.checkHandedOver(before[i], s.connections[i].Connection, t, after[hash])
			}
		}
	}
	return nil
}

// checkHandedOver checks what became of a live token of a connection that was changed:
//
//   - If the connection was deleted, a token without a registration belongs to the youngest other live connection of
//     the tenant at the vendor. If there is none, the token is revoked.
//   - If the connection was deleted, or got another account reference or client id, a token with an active registration
//     belongs to the youngest other live connection with the former client id. If there is none, it is revoked, unless
//     the connection still has the client id.
//   - If the connection was deleted or got another client id, a token with a pending registration is revoked.
//
// In all other cases the token is as before.
func (s *sim) checkHandedOver(before, after domain.Connection, token, now domain.WebhookToken) {
	deleted := !after.Live()
	left := deleted || before.Client != after.Client
	var moves, ends bool
	switch token.Registration.State {
	case domain.NotRegistered:
		moves, ends = deleted, deleted
	case domain.RegistrationPending:
		ends = left
	default:
		moves, ends = left || before.AccountRef != after.AccountRef, left
	}
	owner, live := token.Connection, true
	successor := s.youngest(before, token.Registration.State != domain.NotRegistered)
	switch {
	case moves && successor != nil:
		owner = successor.ID
		s.counters.handedOver++
	case ends:
		live = false
	}
	if now.Connection != owner || now.Live() != live {
		s.violated("a token (%q) of %s belongs to %s, live %t; want %s, live %t", token.Registration.State, before.ID,
			now.Connection, now.Live(), owner, live)
	}
}

// youngest returns the youngest live connection of c's tenant and vendor other than c, or nil if there is none. If
// sameClient is set, only connections with the client id of c count.
func (s *sim) youngest(c domain.Connection, sameClient bool) *connection {
	var found *connection
	for _, o := range s.liveConnections() {
		if o.ID == c.ID || o.Tenant != c.Tenant || o.Vendor != c.Vendor || sameClient && o.Client != c.Client {
			continue
		}
		if found == nil || cmp.Or(o.CreatedAt.Compare(found.CreatedAt),
			bytes.Compare(o.ID.UUID[:], found.ID.UUID[:])) > 0 {
			found = o
		}
	}
	return found
}

// checkRouted checks for which connection a webhook was stored. token is the stored token of the webhook before it was
// received.
//
//   - A webhook is accepted only with a live token, from a source that the token admits.
//   - An event belongs to the live connection of the token's tenant and vendor that has the account reference of the
//     event, whatever connection the token belongs to.
//   - If there is no such connection, the event is stored as ignored for the connection of the token, without a body.
func (s *sim) checkRouted(
	r ports.IncomingDelivery, token domain.WebhookToken, received ports.ReceiveResult, err error,
) {
	admitted := token.Hash == r.Token && token.Live() && token.Vendor == r.Vendor &&
		token.Source.Admits(r.Authorization, r.SourceAdmitted)
	switch {
	case admitted && errors.Is(err, domain.Unauthenticated):
		s.violated("a webhook with a live token was refused")
	case err != nil:
		return
	case !admitted:
		s.violated("a webhook was accepted without a live token")
	}
	d := received.Delivery
	owner, routed := token.Connection, true
	if r.Event.AccountRef != "" {
		routed = false
		for _, c := range s.liveConnections() {
			if c.Tenant == token.Tenant && c.Vendor == token.Vendor && c.AccountRef == r.Event.AccountRef {
				owner, routed = c.ID, true
			}
		}
	}
	if d.Connection != owner || d.Tenant != token.Tenant {
		s.violated("an event of %q is stored for %s, want %s", r.Event.AccountRef, d.Connection, owner)
	}
	switch wanted := routed && !r.Unreadable && r.Event.WantsPull; {
	case received.Duplicate:
	case !routed && (d.Status != domain.DeliveryIgnored || len(d.Body) > 0):
		s.violated("an event of no connection is %s, with %d bytes", d.Status, len(d.Body))
	case wanted != (d.Status == domain.DeliveryAccepted):
		s.violated("an event is %s, wanted: %t", d.Status, wanted)
	case !routed:
		s.counters.ignoredEvents++
	case owner != token.Connection:
		s.counters.routedEvents++
	}
	if routed && !r.Unreadable && r.Event.WantsPull && r.Event.DedupKey == "" {
		s.checkEqualBody(owner, r.Body, received)
	}
}

// checkEqualBody checks an event without an id. If its body equals that of an earlier event of the connection, the
// service must treat it as a duplicate until the pull of the earlier event has started.
func (s *sim) checkEqualBody(owner domain.ConnectionID, body []byte, received ports.ReceiveResult) {
	key := owner.String() + string(body)
	earlier, known := s.bodies[key]
	same := known && !s.started[earlier]
	if received.Duplicate != same {
		s.violated("an equal body counts as the same event: %t, want %t", received.Duplicate, same)
	}
	if known {
		s.counters.equalBodies++
	}
	s.bodies[key] = received.Delivery.Pull
}

// removeWebhooks runs the tasks that remove superfluous webhooks at the vendor and create missing ones, until all of
// them are done.
func (s *sim) removeWebhooks() {
	for range 3 {
		s.clock.advance(time.Hour) // the longest wait between two attempts
		_, err := porttest.RunDue(s.background(), s.randomReplica().NextRemoval, 1000)
		s.mustSucceed(err)
		_, err = porttest.RunDue(s.background(), s.randomReplica().NextRenewal, 1000)
		s.mustSucceed(err)
	}
}

// checkWebhooks checks that the vendor has exactly the webhooks of the live tokens with a registration. Each webhook
// must belong to a live connection of the application of its token. Each client id of a tenant must have at most one
// webhook.
func (s *sim) checkWebhooks() {
	tokens, applications := s.storedTokens(), map[string]bool{}
	for _, w := range s.webhooks {
		t, ok := tokens[domain.HashToken(w.raw)]
		if !ok || !t.Live() || t.Registration.State != domain.RegistrationActive || t.Registration.ID != w.id {
			s.violated("the vendor has %s, whose token is %+v", w.id, t.Registration)
		}
		delete(tokens, t.Hash)
		key := t.Tenant.String() + w.clientID
		if applications[key] {
			s.violated("the vendor has two webhooks for a tenant and a client id")
		}
		applications[key] = true
		c := s.connectionByID(t.Connection)
		if c.deleted || c.Tenant != t.Tenant || c.Connection.Application() != t.Application {
			s.violated("%s belongs to a connection of another application", w.id)
		}
	}
	for _, hash := range s.hashes {
		if t, left := tokens[hash]; left && t.Live() && t.Registration.Exists() {
			s.violated("a token is %s, but the vendor has no webhook of it", t.Registration.State)
		}
	}
}
