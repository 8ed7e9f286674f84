package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// createConnection creates a connection to a new account reference. It sends the request three times
// with the same idempotency key, like a caller that has not received a response.
func (s *sim) createConnection() {
	app, tenant := s.randomReplica(), s.tenants[s.rand.IntN(len(s.tenants))]
	s.names++
	key := fmt.Sprintf("create-%d", s.names)
	s.spawn("operator", func(ctx context.Context) {
		var first []byte
		for range 3 {
			response, replayed, err := app.Do(ctx, tenant, key, domain.Fingerprint{1},
				func(ctx context.Context) (ports.StoredResponse, error) {
					ref, request, ok := s.newMember(tenant)
					if !ok || s.chance(0.5) {
						ref = s.newAccountRef()
						request = ref.newConnection()
						if tenant == s.tenants[0] {
							s.makeHostile(ref)
						}
					}
					s.refs = append(s.refs, ref)
					c, err := app.CreateConnection(ctx, tenant, request)
					if err != nil {
						return ports.StoredResponse{}, err
					}
					s.checkNoSecret("a created connection", c)
					body, err := json.Marshal(map[string]string{"id": c.ID.String(), "configName": c.Name})
					return ports.StoredResponse{Status: 201, Body: body}, err
				})
			s.checkExpectedError("create", err)
			if err != nil {
				continue
			}
			// Only a replayed response must equal the previous response. If the service could not store the previous
			// response, the idempotency key stays claimed. When this claim is stale, the service executes the request
			// again and returns a new response.
			if replayed && first != nil && string(first) != string(response.Body) {
				s.violated("a repeated request got another response")
			}
			first = response.Body
		}
	})
}

func (ref *accountRef) newConnection() ports.NewConnection {
	return ports.NewConnection{
		Vendor: string(ref.vendor), Name: "to " + ref.id, BaseURL: "https://api.example.test", AccountRef: ref.id,
		ClientID: domain.SecretText(canary + "-id"), Secret: domain.SecretText(ref.secret),
	}
}

// startOperator starts one random use case of an operator on a connection.
func (s *sim) startOperator(c *connection) {
	app := s.randomReplica()
	acts := []func(context.Context, *application.Service, *connection) error{
		s.renameConnection, s.rotateCredential, s.mintToken, s.revokeToken, s.replayDelivery,
		s.replayFailedDeliveries, s.requestPull, s.testConnection, s.pauseOrResume, s.closePeriod, s.closePeriod,
		s.reopenPeriod, s.splitTransaction, s.decidePair, s.decidePair, s.createApplication, s.rotateApplication,
		s.rotateApplication, s.rotateApplication, s.rotateApplication, s.joinOrLeave, s.registerWebhook,
		s.registerWebhook, s.registerWebhook,
	}
	act := acts[s.rand.IntN(len(acts))]
	switch {
	case s.chance(0.03):
		act = s.deleteConnection
	case s.chance(0.03):
		act = s.relinkConnection
	case s.chance(0.02):
		act = s.deleteApplication
	}
	if len(c.tokens) == 0 {
		act = s.mintToken
	}
	s.spawn("operator", func(ctx context.Context) { s.checkExpectedError("operator", act(ctx, app, c)) })
}

// renameConnection renames a connection. Sometimes the new name is already used by another connection.
func (s *sim) renameConnection(ctx context.Context, app *application.Service, c *connection) error {
	u := ports.ConnectionUpdate{Name: fmt.Sprintf("name %d", s.rand.IntN(12)), AccountRef: c.AccountRef}
	return s.updateConnection(ctx, app, c, ports.IfMatch{c.Revision}, u)
}

// rotateCredential changes the credential at the vendor, and afterwards in the service.
func (s *sim) rotateCredential(ctx context.Context, app *application.Service, c *connection) error {
	s.names++
	c.ref.secret = fmt.Sprintf("%s-secret-%d", canary, s.names)
	return s.updateCredential(ctx, app, c)
}

// updateCredential replaces the credential stored in the service with the one that the vendor accepts for the account
// reference. If the connection uses an application, it leaves the application. If another operator changes the account
// reference meanwhile, the update is refused; without the revision, it would restore the former reference.
func (s *sim) updateCredential(ctx context.Context, app *application.Service, c *connection) error {
	return s.updateConnection(ctx, app, c, ports.IfMatch{c.Revision}, ports.ConnectionUpdate{
		Name: c.Name, AccountRef: c.AccountRef,
		ClientID: domain.SecretText(canary + "-id"), Secret: domain.SecretText(c.ref.secret),
	})
}

func (s *sim) deleteConnection(ctx context.Context, app *application.Service, c *connection) error {
	return app.DeleteConnection(ctx, c.Tenant, c.ID, nil)
}

func (s *sim) mintToken(ctx context.Context, app *application.Service, c *connection) error {
	minted, err := app.MintToken(ctx, c.Tenant, ports.MintRequest{Vendor: string(c.Vendor), Name: c.Name})
	s.checkNoSecret("a minted token", minted)
	if err == nil && minted.Connection == c.ID {
		c.tokens = append(c.tokens, &token{id: minted.ID, raw: minted.Raw})
	}
	return err
}

// revokeToken revokes the oldest token of a connection. If the connection has fewer than two tokens, revokeToken
// creates a token and revokes none.
func (s *sim) revokeToken(ctx context.Context, app *application.Service, c *connection) error {
	if len(c.tokens) < 2 {
		return s.mintToken(ctx, app, c)
	}
	oldest := c.tokens[0]
	err := app.RevokeToken(ctx, c.Tenant, oldest.id, true)
	if err == nil {
		oldest.revoked = true
	}
	if len(c.tokens) > 3 {
		c.tokens = c.tokens[1:]
	}
	return err
}

// replayDelivery replays a random delivery, chosen from all deliveries that were ever accepted.
func (s *sim) replayDelivery(ctx context.Context, app *application.Service, _ *connection) error {
	if len(s.deliveryIDs) == 0 {
		return nil
	}
	id := s.deliveryIDs[s.rand.IntN(len(s.deliveryIDs))]
	_, err := app.ReplayDelivery(ctx, s.deliveries[id].tenant, id)
	return err
}

func (s *sim) replayFailedDeliveries(ctx context.Context, app *application.Service, c *connection) error {
	_, err := app.ReplayDeliveries(ctx, c.Tenant,
		ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}, 50)
	return err
}

func (s *sim) requestPull(ctx context.Context, app *application.Service, c *connection) error {
	var w domain.Window
	if s.chance(0.7) {
		w.From = domain.DateOf(s.clock.now).AddDays(-s.rand.IntN(30))
		w.To = w.From.AddDays(s.rand.IntN(15))
	}
	_, err := app.RequestPull(ctx, c.Tenant, c.ID, w)
	return err
}

func (s *sim) testConnection(ctx context.Context, app *application.Service, c *connection) error {
	result, err := app.TestConnection(ctx, c.Tenant, string(c.Vendor), c.Name)
	s.checkNoSecret("a test", result)
	return err
}

// pauseOrResume pauses a connection that is not paused, and resumes a paused one. Sometimes it repeats the last
// change, which has no effect.
func (s *sim) pauseOrResume(ctx context.Context, app *application.Service, c *connection) error {
	change := app.PauseConnection
	if c.Paused() != s.chance(0.1) {
		change = app.ResumeConnection
	}
	h, err := change(ctx, c.Tenant, c.ID)
	if err == nil && h.Facts.Paused {
		s.counters.pauses++
	}
	return err
}
