package porttest

import (
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// applicationTests check ports.Applications, and the methods of ports.Tokens that handle the single webhook of an
// application.
var applicationTests = []storeTest{
	{"another hash key makes all connections and tokens unidentified", replacedHashKey},
	{"a connection without a client is listed until it is identified", unidentifiedConnections},
	{"Identify changes only the connection with the same credential", identifyComparesTheCredential},
	{"Identify gives the application to one active token", identifyGivesTheApplication},
	{"an application has one live token, and of concurrent ones exactly one is stored", oneTokenOfAnApplication},
	{"a token is not created for an application that the connection has left", tokenOfAnotherApplication},
	{"an abandoned registration frees the application and is removed when it is due", abandonedRegistration},
	{"the deletion of a connection hands its registration to another one of the application", deletionHandsOver},
	{"a connection that is pointed elsewhere hands its registration over", repointHandsOver},
	{"the last connection that leaves an application keeps its access for the removal", lastOneLeaves},
	{"an erasure hands the registration over", erasureHandsOver},
	{"a connection has a token if its application has one", applicationCountsAsToken},
}

// newMember returns a new connection whose client key begins with the byte client. All test connections have the same
// origin, so those with the same client key belong to one application.
func (f *fixture) newMember(name string, client byte) domain.Connection {
	c := f.newConnection(name)
	c.Client = domain.ClientKey{client}
	return c
}

// register stores a token of the connection c. The token's registration is active, and the argument webhook is the
// vendor's id of the registered webhook.
func (f *fixture) register(c domain.Connection, webhook string) domain.WebhookToken {
	f.Helper()
	token := f.newToken(c)
	token.StartRegistration(c.Application())
	f.noError(f.Tokens.Create(f.ctx, token, nil))
	f.noError(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, webhook, nil))
	token.Registration.State, token.Registration.ID = domain.RegistrationActive, webhook
	return token
}

// repoint changes a connection with fn and increases its revision, like an update by an operator.
func (f *fixture) repoint(c domain.Connection, fn func(*domain.Connection)) {
	f.Helper()
	at := f.now()
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, f.entry("connection.update"),
		func(c *domain.Connection) error {
			fn(c)
			c.BumpRevision(at)
			return nil
		})
	f.noError(err)
}

func replacedHashKey(f *fixture) {
	key, err := f.SealedValues.CreateKey(f.ctx, ports.SealedHashKey, domain.Sealed("first"))
	f.noError(err)
	c := f.createStored(f.newMember("c", 1))
	token := f.register(c, "webhook")
	fresh := domain.Sealed("another key " + newUUID().String())
	replaced, err := f.Applications.ReplaceHashKey(f.ctx, domain.Sealed("another"), fresh)
	f.noError(err)
	f.equal("replaced another key", false, replaced)
	f.equal("the client after that", c.Client, f.getConnection(c).Client)
	replaced, err = f.Applications.ReplaceHashKey(f.ctx, key, fresh)
	f.noError(err)
	f.equal("replaced", true, replaced)
	stored, err := f.SealedValues.Key(f.ctx, ports.SealedHashKey)
	f.noError(err)
	f.equal("the key", string(fresh), string(stored))
	f.equal("the client", domain.ClientKey{}, f.getConnection(c).Client)
	f.equal("the application of the token", domain.ApplicationKey{}, f.findToken(token).Application)
	f.equal("unidentified", []domain.ConnectionID{c.ID}, f.unidentified())
	_, err = f.Applications.Identify(f.ctx, c, domain.ClientKey{9})
	f.noError(err)
	identified := f.getConnection(c)
	f.equal("the application after Identify", identified.Application(), f.findToken(token).Application)
}

// unidentified returns the ids of those connections of the fixture's tenant that ListUnidentified returns.
func (f *fixture) unidentified() (found []domain.ConnectionID) {
	f.Helper()
	for after := (domain.ConnectionID{}); ; {
		batch, err := f.Applications.ListUnidentified(f.ctx, after, 7)
		f.noError(err)
		for _, c := range batch {
			if c.Tenant == f.tenant { // the others belong to other tests
				f.equal("has a sealed credential", true, len(c.Sealed) > 0)
				found = append(found, c.ID)
			}
		}
		if len(batch) < 7 {
			return found
		}
		after = batch[len(batch)-1].ID
	}
}

func unidentifiedConnections(f *fixture) {
	var want []domain.ConnectionID
	for range 9 {
		want = append(want, f.createConnection().ID)
	}
	f.createStored(f.newEngine("engine"))
	f.deleteConnection(f.createConnection())
	known := f.createStored(f.newMember("known", 1))
	f.equal("the stored client", known.Client, f.getConnection(known).Client)
	exactlyOnce(f, want, f.unidentified())
	first := f.getConnection(domain.Connection{Tenant: f.tenant, Kind: domain.Aggregator, ID: want[0]})
	identified, err := f.Applications.Identify(f.ctx, first, domain.ClientKey{2})
	f.noError(err)
	f.equal("identified", true, identified)
	first.Client = domain.ClientKey{2}
	f.equal("the connection", first, f.getConnection(first))
	exactlyOnce(f, want[1:], f.unidentified())
	f.equal("it is listed", false, slices.Contains(f.unidentified(), first.ID))
}

func identifyComparesTheCredential(f *fixture) {
	c := f.createConnection()
	identify := func(c domain.Connection) bool {
		f.Helper()
		identified, err := f.Applications.Identify(f.ctx, c, domain.ClientKey{1})
		f.noError(err)
		return identified
	}
	stale, foreign := c, c
	stale.Sealed, foreign.Tenant = domain.Sealed("stale"), newTenant()
	f.equal("with another credential", false, identify(stale))
	f.equal("of another tenant", false, identify(foreign))
	f.equal("the connection", c, f.getConnection(c))
	f.equal("with the stored credential", true, identify(c))
	f.equal("a second time", false, identify(c))
	f.deleteConnection(c)
	f.equal("a deleted connection", false, identify(c))
}

func identifyGivesTheApplication(f *fixture) {
	c, other := f.createConnection(), f.createConnection()
	var tokens []domain.WebhookToken
	for _, owner := range []domain.Connection{c, c, other} {
		tokens = append(tokens, f.register(owner, newUUID().String()))
	}
	for _, owner := range []domain.Connection{c, other} {
		_, err := f.Applications.Identify(f.ctx, owner, domain.ClientKey{1})
		f.noError(err)
	}
	c.Client = domain.ClientKey{1}
	f.equal("the oldest token of the first one", c.Application(), f.findToken(tokens[0]).Application)
	f.equal("its other token", domain.ApplicationKey{}, f.findToken(tokens[1]).Application)
	f.equal("the token of another connection", domain.ApplicationKey{}, f.findToken(tokens[2]).Application)
}

func oneTokenOfAnApplication(f *fixture) {
	a, b := f.createStored(f.newMember("a", 1)), f.createStored(f.newMember("b", 1))
	_, err := f.Tokens.FindRegistration(f.ctx, f.tenant, a.Application())
	f.errorIs(err, domain.NotFound)
	var mu sync.Mutex
	var stored []domain.WebhookToken
	concurrently(6, func(i int) {
		token := f.newToken([]domain.Connection{a, b}[i%2])
		token.StartRegistration(a.Application())
		switch err := f.Tokens.Create(f.ctx, token, nil); domain.CodeOf(err) {
		case domain.AlreadyRegistered:
			f.errorIs(err, domain.Conflict)
		default:
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				f.Error(err)
			}
			stored = append(stored, token)
		}
	})
	f.equal("tokens that were stored", 1, len(stored))
	found, err := f.Tokens.FindRegistration(f.ctx, f.tenant, a.Application())
	f.noError(err)
	f.equal("found", stored[0], found)
	f.noError(f.Tokens.ActivateRegistration(f.ctx, f.tenant, found.ID, "webhook", nil))
	found, err = f.Tokens.FindRegistration(f.ctx, f.tenant, a.Application())
	f.noError(err)
	f.equal("its state", domain.RegistrationActive, found.Registration.State)
	_, err = f.Tokens.FindRegistration(f.ctx, newTenant(), a.Application())
	f.errorIs(err, domain.NotFound)

	f.createToken(b) // a token without a registration has no application
	f.register(f.createStored(f.newMember("c", 2)), "of another client")
	elsewhere := f.newMember("d", 1)
	elsewhere.BaseURL = "https://sandbox.example.test"
	f.register(f.createStored(elsewhere), "of another origin")
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, found.ID, f.now(), nil, nil))
	f.register(b, "after the revocation")
}

func tokenOfAnotherApplication(f *fixture) {
	c := f.createStored(f.newMember("c", 1))
	token := f.newToken(c)
	token.StartRegistration(c.Application())
	f.repoint(c, func(c *domain.Connection) { c.Rotate(domain.Sealed("fresh"), domain.ClientKey{2}) })
	err := f.Tokens.Create(f.ctx, token, nil)
	f.errorIs(err, domain.Conflict)
	f.equal("the code", domain.TargetChanged, domain.CodeOf(err))
	_, err = f.Tokens.FindByHash(f.ctx, token.Hash)
	f.errorIs(err, domain.NotFound)
}

func abandonedRegistration(f *fixture) {
	c := f.createStored(f.newMember("c", 1))
	token := f.newToken(c)
	token.StartRegistration(c.Application())
	f.noError(f.Tokens.Create(f.ctx, token, nil))
	f.noError(f.Tokens.AbandonRegistration(f.ctx, newTenant(), token.ID, f.now()))
	f.equal("by another tenant", token, f.findToken(token))
	at := f.now()
	f.noError(f.Tokens.AbandonRegistration(f.ctx, f.tenant, token.ID, at))
	token.RevokedAt = at
	f.equal("abandoned", token, f.findToken(token))
	f.noError(f.Tokens.AbandonRegistration(f.ctx, f.tenant, token.ID, f.now()))
	f.equal("abandoned again", token, f.findToken(token))
	f.errorIs(f.Tokens.ActivateRegistration(f.ctx, f.tenant, token.ID, "late", nil), domain.NotFound)
	active := f.register(c, "webhook")
	f.noError(f.Tokens.AbandonRegistration(f.ctx, f.tenant, active.ID, f.now()))
	f.equal("an active one", active, f.findToken(active))
	_, early := f.claimRegistration(token, token.Registration.DueAt.Add(-time.Microsecond))
	f.equal("claimed before it is due", false, early)
	_, due := f.claimRegistration(token, token.Registration.DueAt)
	f.equal("claimed", true, due)
}

// wantOwner checks that the token is live and belongs to the connection owner, and that an event about the account
// reference ref is still accepted through it.
func (f *fixture) wantOwner(what string, token domain.WebhookToken, owner domain.Connection, ref string) {
	f.Helper()
	found := f.findToken(token)
	f.equal(what, []any{true, owner.ID, domain.RegistrationActive, token.Registration.ID},
		[]any{found.Live(), found.Connection, found.Registration.State, found.Registration.ID})
	f.equal(what+": an event", domain.DeliveryAccepted, f.receive(f.incoming(token, about(ref))).Delivery.Status)
}

// members stores n connections of one application, oldest first. Each has its own account reference.
func (f *fixture) members(n int) (created []domain.Connection) {
	f.Helper()
	for i := range n {
		c := f.newMember("member "+string(rune('a'+i)), 1)
		c.AccountRef = "item-" + string(rune('a'+i))
		created = append(created, f.createStored(c))
	}
	return created
}

func deletionHandsOver(f *fixture) {
	m := f.members(3)
	f.createStored(f.newMember("another client", 2))
	unknown := f.createStored(f.newConnection("unknown client"))
	elsewhere := f.newMember("another origin", 1)
	elsewhere.BaseURL = "https://sandbox.example.test"
	f.createStored(elsewhere)
	token := f.register(m[0], "webhook")
	extra := f.newToken(m[0]) // made by an earlier version of the service, besides the other one
	extra.Registration = domain.WebhookRegistration{State: domain.RegistrationActive, ID: "extra"}
	f.noError(f.Tokens.Create(f.ctx, extra, nil))

	f.repoint(m[0], func(c *domain.Connection) { c.Delete(f.now()) })
	f.wantOwner("after the deletion", token, m[2], m[1].AccountRef)
	actions := f.actions()
	slices.Sort(actions) // the two entries have no order
	f.equal("audit entries", []string{"connection.update", "token.move"}, actions)
	f.equal("a second registration", domain.RegistrationRemoving, f.findToken(extra).Registration.State)
	f.deleteConnection(m[2])
	f.wantOwner("after another deletion", token, m[1], m[1].AccountRef)
	f.deleteConnection(m[1])
	found := f.findToken(token)
	f.equal("after the last deletion", []any{false, domain.RegistrationRemoving, m[1].ID},
		[]any{found.Live(), found.Registration.State, found.Connection})
	f.equal("access of its own", true, found.Registration.Access.IsZero())
	ofUnknown := f.listTokens(ports.TokenFilter{Connection: unknown.ID}, 10, nil)
	f.equal("the tokens of a connection without a known client", 0, len(ofUnknown))
}

func repointHandsOver(f *fixture) {
	for what, change := range map[string]func(*domain.Connection){
		"another account": func(c *domain.Connection) { c.Repoint(c.BaseURL, "item-z", f.now()) },
		"another origin": func(c *domain.Connection) {
			c.Repoint("https://other.example.test", c.AccountRef, f.now())
		},
		"another client": func(c *domain.Connection) { c.Rotate(domain.Sealed("fresh"), domain.ClientKey{9}) },
	} {
		f.tenant = newTenant()
		m := f.members(2)
		token, plain := f.register(m[0], newUUID().String()), f.createToken(m[0])
		f.repoint(m[0], func(c *domain.Connection) { c.Rename("renamed"); c.Rotate(domain.Sealed("s"), c.Client) })
		f.wantOwner(what+": after a new name and secret", token, m[0], m[1].AccountRef)
		f.repoint(m[0], change)
		f.wantOwner(what, token, m[1], m[1].AccountRef)
		f.equal(what+": a token without a registration", plain, f.findToken(plain))
	}
}

func lastOneLeaves(f *fixture) {
	c := f.members(1)[0]
	token := f.register(c, "webhook")
	f.repoint(c, func(c *domain.Connection) { c.Repoint(c.BaseURL, "item-z", f.now()) })
	f.wantOwner("with another account", token, c, "item-z")
	f.repoint(c, func(c *domain.Connection) { c.Rotate(domain.Sealed("fresh"), domain.ClientKey{9}) })
	f.repoint(c, func(c *domain.Connection) {
		c.Repoint("https://other.example.test", "item-z", f.now())
		c.Rotate(domain.Sealed("fresher"), domain.ClientKey{10})
	})
	claimed, ok := f.claimRegistration(token, longAfter(f.now()))
	f.equal("claimed", true, ok)
	f.equal("state", domain.RegistrationRemoving, claimed.Token.Registration.State)
	access := claimed.Token.RemovalAccess(claimed.Connection)
	f.equal("the access", []any{c.BaseURL, string(c.Sealed)}, []any{access.BaseURL, string(access.Sealed)})
	f.equal("the connection's own", "fresher", string(claimed.Connection.Sealed))
	f.noError(f.Tokens.EndRegistration(f.ctx, f.tenant, token.ID))
	f.equal("after the end", domain.RegistrationAccess{}, f.findToken(token).Registration.Access)

	pending := f.newToken(c)
	c = f.getConnection(c)
	pending.StartRegistration(c.Application())
	f.noError(f.Tokens.Create(f.ctx, pending, nil))
	f.repoint(c, func(c *domain.Connection) { c.Rotate(domain.Sealed("freshest"), domain.ClientKey{11}) })
	found := f.findToken(pending)
	f.equal("a pending one", []any{false, domain.RegistrationPending, "fresher"},
		[]any{found.Live(), found.Registration.State, string(found.Registration.Access.Sealed)})
}

func erasureHandsOver(f *fixture) {
	m := f.members(2)
	token := f.register(m[0], "webhook")
	_, err := f.Erasures.Start(f.ctx, f.tenant, m[0].ID, domain.ErasureRequest{
		ID: newID[domain.Erasure](), At: f.now(),
	}, f.entry("connection.erase"))
	f.noError(err)
	f.wantOwner("after the erasure has begun", token, m[1], m[1].AccountRef)
}

func applicationCountsAsToken(f *fixture) {
	m := f.members(2)
	f.register(m[0], "webhook")
	outsider := f.createStored(f.newMember("outsider", 2))
	f.equal("the owner", true, f.factsOf(m[0]).Webhooks.HasToken)
	f.equal("another connection of the application", true, f.factsOf(m[1]).Webhooks.HasToken)
	f.equal("a connection of another application", false, f.factsOf(outsider).Webhooks.HasToken)
	due := f.now()
	waiting := f.newMember("waiting", 1)
	waiting.Webhook = dueWatch(due)
	f.createStored(waiting)
	f.equal("a missing webhook is noticed", true, f.pass(waiting, due).BecameSilent)
}
