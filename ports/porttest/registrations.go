package porttest

import (
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// registrationTests check the methods of ports.Tokens for webhooks that the service has created at the vendor
// (registrations).
var registrationTests = []storeTest{
	{"a pending token receives webhooks, but is neither listed nor revoked", pendingTokenIsHidden},
	{"an active registration has the vendor's id, and its token is listed", activateRegistration},
	{"a revocation makes an active registration due, and its end makes it removed", revokedRegistrationIsDue},
	{"the deletion of a connection makes its active registration due", deletionMakesRegistrationDue},
	{"a pending registration is claimed when it is due, and its end deletes the token", pendingRegistrationExpires},
	{"of concurrent claims exactly one returns the token", registrationIsClaimedOnce},
	{"a postponed registration is due again later", postponedRegistration},
	{"other tenants and other states change no registration", registrationsOfOthers},
	{"only the source secret of the token is admitted", sourceSecretIsRequired},
	{"a registration of an account reference is stored, and ends with the reference", referenceRegistrationEnds},
	{"an event about another account is stored without body and scope", foreignEventsAreBare},
}

// registeredToken stores a token for a new connection. The state of the token's registration is "pending".
func (f *fixture) registeredToken() (domain.Connection, domain.WebhookToken) {
	f.Helper()
	c := f.createConnection()
	token := f.newToken(c)
	token.StartRegistration(c.Application())
	f.noError(f.Tokens.Create(f.ctx, token, nil))
	return c, token
}

// activeToken stores a token for a new connection. The state of the token's registration is "active".
func (f *fixture) activeToken() (domain.Connection, domain.WebhookToken) {
	f.Helper()
	c, token := f.registeredToken()
	f.noError(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, "webhook-1", nil))
	token.Registration.State, token.Registration.ID = domain.RegistrationActive, "webhook-1"
	return c, token
}

// findToken returns the stored token.
func (f *fixture) findToken(token domain.WebhookToken) domain.WebhookToken {
	f.Helper()
	found, err := f.Tokens.FindByHash(f.ctx, token.Hash)
	f.noError(err)
	return found
}

// claimRegistration claims registrations that are due at the given time, and returns the registration of the token. ok
// is false if the token's registration was not claimed.
func (f *fixture) claimRegistration(token domain.WebhookToken, now time.Time) (c ports.ClaimedRegistration, ok bool) {
	f.Helper()
	return claimOne(f, func(skip []domain.TenantID, limit int) ([]ports.ClaimedRegistration, error) {
		return f.Tokens.ClaimRegistrations(f.ctx, now, now.Add(time.Hour), skip, limit)
	}, func(c ports.ClaimedRegistration) bool { return c.Token.ID == token.ID })
}

// claimOne claims everything that is due, and returns the claim for which wanted returns true. ok is false if there is
// none. The loop is needed because other tests may have left something that is due. claimOne first checks that nothing
// of the tenant is claimed if the tenant is to be skipped.
func claimOne[T any](
	f *fixture, claim func(skip []domain.TenantID, limit int) ([]T, error), wanted func(T) bool,
) (found T, ok bool) {
	f.Helper()
	for _, skip := range [][]domain.TenantID{{newTenant(), f.tenant}, nil} {
		for more := true; more; {
			const limit = 100
			claimed, err := claim(skip, limit)
			f.noError(err)
			for _, c := range claimed {
				if wanted(c) {
					found, ok = c, true
				}
			}
			more = len(claimed) == limit
		}
		if skip != nil && ok {
			f.Error("work of a tenant that was to be skipped was claimed")
		}
	}
	return found, ok
}

// referenceRegistrationEnds checks that the registration of an account reference ends when its connection gets
// another reference, or is deleted. The connections of the test belong to one application.
func referenceRegistrationEnds(f *fixture) {
	var connections []domain.Connection
	var tokens []domain.WebhookToken
	for range 2 {
		c := f.createConnection()
		token := f.newToken(c)
		token.StartReferenceRegistration()
		f.noError(f.Tokens.Create(f.ctx, token, nil))
		f.equal("stored", token, f.findToken(token))
		f.noError(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, "webhook", nil))
		connections, tokens = append(connections, c), append(tokens, token)
	}
	_, err := f.Connections.Update(f.ctx, f.tenant, domain.Aggregator, connections[0].ID, nil,
		func(c *domain.Connection) error {
			c.Repoint(c.BaseURL, c.AccountRef+"-2", f.now())
			c.BumpRevision(f.now())
			return nil
		})
	f.noError(err)
	f.deleteConnection(connections[1])
	for i, token := range tokens {
		found := f.findToken(token)
		f.equal("state", domain.RegistrationRemoving, found.Registration.State)
		f.equal("connection", connections[i].ID, found.Connection)
		f.equal("live", false, found.Live())
	}
}

func pendingTokenIsHidden(f *fixture) {
	_, token := f.registeredToken()
	f.equal("stored", token, f.findToken(token))
	f.equal("listed", 0, len(f.listTokens(ports.TokenFilter{}, 10, nil)))
	f.errorIs(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, f.now(), nil, nil), domain.NotFound)
	f.equal("the status of a delivery", domain.DeliveryAccepted, f.receiveWanted(token).Status)
}

func activateRegistration(f *fixture) {
	_, token := f.activeToken()
	f.equal("listed", []domain.WebhookToken{token}, f.listTokens(ports.TokenFilter{}, 10, nil))
	f.errorIs(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, "webhook-2", nil), domain.NotFound)
	_, claimed := f.claimRegistration(token, longAfter(f.now()))
	f.equal("an active registration is claimed", false, claimed)
}

func revokedRegistrationIsDue(f *fixture) {
	c, token := f.activeToken()
	at := f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, at, nil, nil))
	token.Revoke(at)
	f.equal("after the revocation", token, f.findToken(token))
	claimed, ok := f.claimRegistration(token, at)
	f.equal("claimed", true, ok)
	token.Registration.DueAt, token.Registration.Attempts = at.Add(time.Hour), 1
	f.equal("the claim", ports.ClaimedRegistration{Token: token, Connection: c}, claimed)
	f.equal("after the claim", token, f.findToken(token))
	f.noError(f.Tokens.EndRegistration(f.ctx, f.tenant, token.ID))
	token.Registration.State = domain.RegistrationRemoved
	f.equal("after the end", []domain.WebhookToken{token}, f.listTokens(ports.TokenFilter{}, 10, nil))
}

func deletionMakesRegistrationDue(f *fixture) {
	c, token := f.activeToken()
	f.deleteConnection(c)
	claimed, ok := f.claimRegistration(token, longAfter(f.now()))
	f.equal("claimed", true, ok)
	f.equal("state", domain.RegistrationRemoving, claimed.Token.Registration.State)
	f.equal("the sealed credential", c.Sealed, claimed.Connection.Sealed)
	f.equal("the connection is live", false, claimed.Connection.Live())
}

func pendingRegistrationExpires(f *fixture) {
	_, token := f.registeredToken()
	due := token.Registration.DueAt
	_, early := f.claimRegistration(token, due.Add(-time.Microsecond))
	f.equal("claimed before it is due", false, early)
	claimed, ok := f.claimRegistration(token, due)
	f.equal("claimed", true, ok)
	f.equal("revoked at", due, claimed.Token.RevokedAt)
	f.equal("state", domain.RegistrationPending, claimed.Token.Registration.State)
	f.errorIs(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, "late", nil), domain.NotFound)
	_, err := f.Deliveries.Receive(f.ctx, f.incoming(token, wantedEvent("late", domain.PullScope{})))
	f.errorIs(err, domain.Unauthenticated)
	f.noError(f.Tokens.EndRegistration(f.ctx, f.tenant, token.ID))
	_, err = f.Tokens.FindByHash(f.ctx, token.Hash)
	f.errorIs(err, domain.NotFound)
}

func registrationIsClaimedOnce(f *fixture) {
	_, token := f.activeToken()
	at := f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, at, nil, nil))
	var mu sync.Mutex
	times := 0
	concurrently(8, func(int) {
		claimed, err := f.Tokens.ClaimRegistrations(f.ctx, at, at.Add(time.Hour), nil, 100)
		if err != nil {
			f.Error(err)
		}
		for _, c := range claimed {
			if c.Token.ID == token.ID {
				mu.Lock()
				times++
				mu.Unlock()
			}
		}
	})
	f.equal("claims that returned the token", 1, times)
}

func postponedRegistration(f *fixture) {
	_, token := f.activeToken()
	at := f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, at, nil, nil))
	f.claimRegistration(token, at)
	later := at.Add(2 * time.Hour)
	f.noError(f.Tokens.PostponeRegistration(f.ctx, f.tenant, token.ID, later))
	_, early := f.claimRegistration(token, later.Add(-time.Microsecond))
	f.equal("claimed before it is due", false, early)
	claimed, ok := f.claimRegistration(token, later)
	f.equal("claimed", true, ok)
	f.equal("attempts", 2, claimed.Token.Registration.Attempts)
	f.equal("revoked at", at, claimed.Token.RevokedAt)
}

func registrationsOfOthers(f *fixture) {
	_, pending := f.registeredToken()
	_, active := f.activeToken()
	foreign := newTenant()
	f.errorIs(f.Tokens.ActivateRegistration(f.ctx, foreign, pending.ID, "webhook", nil), domain.NotFound)
	for _, tenant := range []domain.TenantID{foreign, f.tenant} {
		id := pending.ID
		if tenant == f.tenant {
			id = active.ID // its registration needs no removal
		}
		f.noError(f.Tokens.PostponeRegistration(f.ctx, tenant, id, f.now()))
		f.noError(f.Tokens.EndRegistration(f.ctx, tenant, id))
	}
	f.equal("pending", pending, f.findToken(pending))
	f.equal("active", active, f.findToken(active))
	plain := f.createToken(f.createConnection())
	f.noError(f.Tokens.EndRegistration(f.ctx, f.tenant, plain.ID))
	f.equal("a token without a registration", plain, f.findToken(plain))
}

// sourceSecretIsRequired checks that a delivery for a token with a source secret is accepted only with this secret.
// It checks this twice. During the second check a pull is queued, and a store may then use a different code path.
func sourceSecretIsRequired(f *fixture) {
	c := f.createConnection()
	token, plain := f.newToken(c), f.createToken(c)
	token.Source = domain.HashSource("Bearer own")
	f.noError(f.Tokens.Create(f.ctx, token, nil))
	f.equal("stored", token, f.findToken(token))
	for range 2 {
		wrong := f.incoming(token, wantedEvent("wrong", domain.PullScope{}))
		wrong.Authorization = domain.HashSource("Bearer another")
		_, err := f.Deliveries.Receive(f.ctx, wrong) // must fail although SourceAdmitted is set
		f.errorIs(err, domain.Unauthenticated)
		unproved := f.incoming(plain, wantedEvent("unproved", domain.PullScope{}))
		unproved.SourceAdmitted, unproved.Authorization = false, token.Source
		_, err = f.Deliveries.Receive(f.ctx, unproved)
		f.errorIs(err, domain.Unauthenticated)
		right := f.incoming(token, wantedEvent(newUUID().String(), domain.PullScope{}))
		right.SourceAdmitted, right.Authorization = false, token.Source
		f.equal("status", domain.DeliveryAccepted, f.receive(right).Delivery.Status)
	}
}

// foreignEventsAreBare checks events about an account that no connection has. Such an event is stored without body and
// scope. The fingerprint for deduplication is stored. The test sends two events through a token with a registration,
// and two through a token without: a pull may already be queued when the second one arrives, and a store may handle
// this case differently.
func foreignEventsAreBare(f *fixture) {
	c, registered := f.activeToken()
	for _, token := range []domain.WebhookToken{registered, registered, f.createToken(c), f.createToken(c)} {
		event := wantedEvent("", domain.PullScope{Removed: []string{"r"}})
		event.Name, event.AccountRef = "item/updated "+newUUID().String(), "another"
		r := f.incoming(token, event)
		r.Body = []byte(event.Name)
		stored := f.getDelivery(f.receive(r).Delivery.ID)
		f.equal("status", domain.DeliveryIgnored, stored.Status)
		f.equal("body", 0, len(stored.Body))
		f.equal("scope", domain.PullScope{}, stored.Scope)
		f.equal("fingerprint", domain.FingerprintOf(r.Event, r.Body), stored.Fingerprint)
		r.Delivery = newID[domain.Delivery]()
		f.equal("duplicate", true, f.receive(r).Duplicate)

		event.AccountRef = c.AccountRef
		event.DedupKey = newUUID().String()
		own := f.incoming(token, event)
		f.equal("the body of an event about its own account", own.Body, f.getDelivery(f.receive(own).Delivery.ID).Body)
	}
}
