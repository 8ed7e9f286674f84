package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// create makes a connection to a new item, as a caller does who repeats a request that
// got no answer.
func (s *sim) create() {
	app, tenant := s.app(), s.tenants[s.rand.IntN(len(s.tenants))]
	s.names++
	key := fmt.Sprintf("create-%d", s.names)
	s.spawn("operator", func(ctx context.Context) {
		var first []byte
		for range 3 {
			answer, replayed, err := app.Do(ctx, tenant, key, domain.Fingerprint{1}, func(ctx context.Context) (ports.StoredResponse, error) {
				it := s.newItem()
				s.waiting = append(s.waiting, it)
				c, err := app.CreateConnection(ctx, tenant, it.asked())
				if err != nil {
					return ports.StoredResponse{}, err
				}
				s.silent("a created connection", c)
				body, err := json.Marshal(map[string]string{"id": c.ID.String(), "configName": c.Name})
				return ports.StoredResponse{Status: 201, Body: body}, err
			})
			s.expected("create", err)
			if err != nil {
				continue
			}
			// An answer that could not be kept is given once: its claim goes stale.
			if replayed && first != nil && string(first) != string(answer.Body) {
				s.broken("a repeated request was answered otherwise")
			}
			first = answer.Body
		}
	})
}

func (it *item) asked() ports.NewConnection {
	return ports.NewConnection{
		Vendor: string(it.vendor), Name: "to " + it.ref, BaseURL: "https://api.example.test", AccountRef: it.ref,
		ClientID: domain.SecretText(canary + "-id"), Secret: domain.SecretText(it.secret),
	}
}

// operate does something to a connection.
func (s *sim) operate(c *conn) {
	app := s.app()
	acts := []func(context.Context, ports.Service, *conn) error{
		s.rename, s.rotate, s.mint, s.revoke, s.replay, s.replayFailed, s.request, s.test,
	}
	act := acts[s.rand.IntN(len(acts))]
	if s.chance(0.03) {
		act = s.delete
	}
	if len(c.tokens) == 0 {
		act = s.mint
	}
	s.spawn("operator", func(ctx context.Context) { s.expected("operator", act(ctx, app, c)) })
}

// rename sometimes wants a name that is taken.
func (s *sim) rename(ctx context.Context, app ports.Service, c *conn) error {
	u := ports.ConnectionUpdate{Name: fmt.Sprintf("name %d", s.rand.IntN(12)), BaseURL: c.BaseURL, AccountRef: c.AccountRef}
	_, err := app.UpdateConnection(ctx, c.Tenant, c.ID, ports.IfMatch{c.Revision}, u)
	return err
}

// rotate changes the credential at the vendor, and then here.
func (s *sim) rotate(ctx context.Context, app ports.Service, c *conn) error {
	s.names++
	c.item.secret = fmt.Sprintf("%s-secret-%d", canary, s.names)
	return s.hand(ctx, app, c)
}

// hand gives the service the credential that the vendor knows.
func (s *sim) hand(ctx context.Context, app ports.Service, c *conn) error {
	updated, err := app.UpdateConnection(ctx, c.Tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: c.Name, BaseURL: c.BaseURL, AccountRef: c.AccountRef,
		ClientID: domain.SecretText(canary + "-id"), Secret: domain.SecretText(c.item.secret),
	})
	s.silent("an updated connection", updated)
	return err
}

func (s *sim) delete(ctx context.Context, app ports.Service, c *conn) error {
	return app.DeleteConnection(ctx, c.Tenant, c.ID, nil)
}

func (s *sim) mint(ctx context.Context, app ports.Service, c *conn) error {
	minted, err := app.MintToken(ctx, c.Tenant, string(c.Vendor), c.Name)
	s.silent("a minted token", minted)
	if err == nil && minted.Connection == c.ID {
		c.tokens = append(c.tokens, &token{id: minted.ID, raw: minted.Raw})
	}
	return err
}

// revoke ends the oldest token, once there is a second one.
func (s *sim) revoke(ctx context.Context, app ports.Service, c *conn) error {
	if len(c.tokens) < 2 {
		return s.mint(ctx, app, c)
	}
	oldest := c.tokens[0]
	err := app.RevokeToken(ctx, c.Tenant, oldest.id)
	if err == nil {
		oldest.revoked = true
	}
	if len(c.tokens) > 3 {
		c.tokens = c.tokens[1:]
	}
	return err
}

// replay asks for any old delivery's work again.
func (s *sim) replay(ctx context.Context, app ports.Service, _ *conn) error {
	if len(s.knocked) == 0 {
		return nil
	}
	id := s.knocked[s.rand.IntN(len(s.knocked))]
	_, err := app.ReplayDelivery(ctx, s.facts[id].tenant, id)
	return err
}

func (s *sim) replayFailed(ctx context.Context, app ports.Service, c *conn) error {
	_, err := app.ReplayDeliveries(ctx, c.Tenant, ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}, 50)
	return err
}

func (s *sim) request(ctx context.Context, app ports.Service, c *conn) error {
	var w domain.Window
	if s.chance(0.7) {
		w.From = domain.DateOf(s.clock.now).AddDays(-s.rand.IntN(30))
		w.To = w.From.AddDays(s.rand.IntN(15))
	}
	_, err := app.RequestPull(ctx, c.Tenant, c.ID, w)
	return err
}

func (s *sim) test(ctx context.Context, app ports.Service, c *conn) error {
	result, err := app.TestConnection(ctx, c.Tenant, string(c.Vendor), c.Name)
	s.silent("a test", result)
	return err
}
