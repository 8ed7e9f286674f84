package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokenTests check ports.Tokens.
var tokenTests = []storeTest{
	{"List returns the token that was created", listReturnsCreatedToken},
	{"another tenant's token is not found, like an absent one", tokensAreTenantScoped},
	{"no token stays live when its creation races with the deletion", tokenRacesDeletion},
	{"a token is revoked once, and keeps the time of its revocation", tokenIsRevokedOnce},
	{"a token serves the live connections whose last webhook came through it", tokensServe},
	{"FindByHash returns live and revoked tokens of every tenant", findByHash},
	{"a list filters by connection and includes revoked tokens", tokenFilters},
	{"paging newest first returns every row once while rows are added", tokenPaging},
	{"a position of another list is Invalid", tokenPositions},
	{"a connection has a maximum of live tokens, without those that have moved to it", tokensAreLimited},
	{"RecordUsage never moves LastUsedAt back, and ignores unknown tokens", usageOnlyMovesForward},
}

func (f *fixture) listTokens(filter ports.TokenFilter, limit int, between func()) []domain.WebhookToken {
	f.Helper()
	return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[domain.WebhookToken], error) {
		return f.Tokens.List(f.ctx, f.tenant, filter, page)
	}, between)
}

func listReturnsCreatedToken(f *fixture) {
	_, token := f.connectionWithToken()
	got := f.listTokens(ports.TokenFilter{}, 10, nil)
	f.equal("List", []domain.WebhookToken{token}, got)
	f.inUTC(got[0].CreatedAt)
}

// tokensAreTenantScoped checks that no method finds another tenant's token, and that no token can be created for
// another tenant's connection.
func tokensAreTenantScoped(f *fixture) {
	c, token := f.connectionWithToken()
	foreign := newTenant()
	revoke := func(tenant domain.TenantID, id domain.TokenID) error {
		return f.Tokens.Revoke(f.ctx, tenant, id, f.now(), nil, nil)
	}
	f.sameNotFound("Revoke", revoke(foreign, token.ID), revoke(f.tenant, newID[domain.WebhookToken]()))
	theirs, nobodys := f.newToken(c), f.newToken(c)
	theirs.Tenant, nobodys.Connection = foreign, newID[domain.Connection]()
	f.sameNotFound("Create", f.Tokens.Create(f.ctx, theirs, nil), f.Tokens.Create(f.ctx, nobodys, nil))
	page, err := f.Tokens.List(f.ctx, foreign, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	f.noError(err)
	f.equal("List of another tenant", domain.Page[domain.WebhookToken]{}, page)
	f.equal("the token afterwards", []domain.WebhookToken{token}, f.listTokens(ports.TokenFilter{}, 10, nil))
}

// tokenRacesDeletion fails if a token is created after a concurrent deletion of the connection has
// revoked all tokens. Such a token would remain valid, and no operator could revoke it.
func tokenRacesDeletion(f *fixture) {
	for range 5 {
		c := f.createConnection()
		concurrently(8, func(i int) {
			if i == 4 {
				_, _ = f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
					c.Delete(epoch)
					return nil
				})
				return
			}
			if err := f.Tokens.Create(f.ctx, f.newToken(c), nil); err != nil &&
				domain.ErrorsOf(err)[0].Kind != domain.NotFound {
				f.Error(err)
			}
		})
		for _, token := range f.listTokens(ports.TokenFilter{Connection: c.ID}, 10, nil) {
			if token.Live() {
				f.Error("a deleted connection has a live token")
			}
		}
	}
}

func tokenIsRevokedOnce(f *fixture) {
	_, token := f.connectionWithToken()
	at := f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, at, nil, nil))
	f.errorIs(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, f.now(), nil, nil), domain.NotFound)
	f.equal("revoked at", at, f.listTokens(ports.TokenFilter{}, 10, nil)[0].RevokedAt)
	_, err := f.Deliveries.Receive(f.ctx, f.incoming(token, wantedEvent("late", domain.PullScope{})))
	f.errorIs(err, domain.Unauthenticated)
}

func findByHash(f *fixture) {
	c, token := f.connectionWithToken()
	got, err := f.Tokens.FindByHash(f.ctx, token.Hash)
	f.noError(err)
	f.equal("a live token", token, got)
	token.RevokedAt = f.now()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, token.ID, token.RevokedAt, nil, nil))
	f.createToken(c)
	got, err = f.Tokens.FindByHash(f.ctx, token.Hash)
	f.noError(err)
	f.equal("a revoked token", token, got)
	f.inUTC(got.RevokedAt)
	for _, hash := range []domain.TokenHash{{}, f.newToken(c).Hash} {
		_, err = f.Tokens.FindByHash(f.ctx, hash)
		f.errorIs(err, domain.NotFound)
	}
}

func tokenFilters(f *fixture) {
	c, first := f.connectionWithToken()
	second := f.createToken(c)
	_, other := f.connectionWithToken()
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, first.ID, f.now(), nil, nil))
	f.equal("of one connection", []domain.TokenID{second.ID, first.ID},
		ids(f.listTokens(ports.TokenFilter{Connection: c.ID}, 10, nil), tokenID))
	f.equal("of all", []domain.TokenID{other.ID, second.ID, first.ID},
		ids(f.listTokens(ports.TokenFilter{}, 10, nil), tokenID))
	f.equal("of none", 0, len(f.listTokens(ports.TokenFilter{Connection: newID[domain.Connection]()}, 10, nil)))
}

// tokenPaging checks paging when several tokens have the same time. A store that does not also sort them by id loses or
// repeats tokens between pages.
func tokenPaging(f *fixture) {
	c := f.createConnection()
	var want []domain.TokenID
	at := f.now()
	for i := range 7 {
		token := f.newToken(c)
		token.CreatedAt = at.Add(time.Duration(i/3) * time.Microsecond) // three have the same time; the id breaks ties
		f.noError(f.Tokens.Create(f.ctx, token, nil))
		want = append(want, token.ID)
	}
	got := ids(f.listTokens(ports.TokenFilter{}, 2, func() { f.createToken(c) }), tokenID)
	slices.Reverse(want)
	f.equal("newest first", want, got)
	page, err := f.Tokens.List(f.ctx, f.tenant, ports.TokenFilter{}, domain.PageRequest{Limit: 1})
	f.noError(err)
	newest := page.Items[0]
	f.equal("position", domain.Position{Key: domain.TimeKey(newest.CreatedAt), ID: newest.ID.UUID}, page.Next)
}

// foreignKeys are invalid keys for a cursor in a list that is sorted by time.
var foreignKeys = []string{"a name", "2026-03-01", "17", "2026-13-01T00:00:00.000000000Z", "';--"}

func tokenPositions(f *fixture) {
	f.connectionWithToken()
	for _, key := range foreignKeys {
		_, err := f.Tokens.List(f.ctx, f.tenant, ports.TokenFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		f.invalidCursor(key, err)
	}
}

// usageOnlyMovesForward checks that RecordUsage never moves LastUsedAt back. Replicas write their
// usage records late and in any order.
func usageOnlyMovesForward(f *fixture) {
	_, first := f.connectionWithToken()
	_, second := f.connectionWithToken()
	early, late := f.now(), f.now()
	touch := func(used map[domain.TokenID]time.Time) {
		f.Helper()
		f.noError(f.Tokens.RecordUsage(f.ctx, used))
	}
	used := func(id domain.TokenID) time.Time {
		all := f.listTokens(ports.TokenFilter{}, 10, nil)
		return all[slices.IndexFunc(all, func(t domain.WebhookToken) bool { return t.ID == id })].LastUsedAt
	}
	touch(map[domain.TokenID]time.Time{first.ID: late, newID[domain.WebhookToken](): late})
	f.equal("first", late, used(first.ID))
	f.equal("second", time.Time{}, used(second.ID))
	touch(map[domain.TokenID]time.Time{first.ID: early, second.ID: early})
	f.equal("first after an older usage record", late, used(first.ID))
	f.equal("second", early, used(second.ID))
	touch(nil)
	f.inUTC(used(first.ID))
}

// tokensServe receives events through two tokens of one connection and checks how many connections each token serves.
func tokensServe(f *fixture) {
	c, first := f.connectionWithToken()
	second := f.createToken(c)
	var connections []domain.Connection
	for _, ref := range []string{"item-2", "item-3"} {
		other := f.newConnection("connection of " + ref)
		other.AccountRef = ref
		connections = append(connections, f.createStored(other))
	}
	send := func(token domain.WebhookToken, ref string) { f.receive(f.incoming(token, about(ref))) }
	want := func(what string, ofFirst, ofSecond int) {
		f.Helper()
		serves := map[domain.TokenID]int{}
		for _, t := range f.listTokens(ports.TokenFilter{}, 10, nil) {
			serves[t.ID] = t.Serves
		}
		f.equal(what, []int{ofFirst, ofSecond}, []int{serves[first.ID], serves[second.ID]})
	}
	want("before the first webhook", 0, 0)
	send(first, "item-2")
	send(first, "item-3")
	want("after two webhooks", 2, 0)
	send(first, "unknown item")
	want("after a webhook that belongs to no connection", 2, 0)
	send(first, c.AccountRef)
	want("after a webhook of its own connection", 3, 0)
	refused := f.Tokens.Revoke(f.ctx, f.tenant, first.ID, f.now(), nil, domain.WebhookToken.CheckUnused)
	f.errorIs(refused, domain.TokenInUse)
	send(second, "item-2")
	want("after a webhook through the other token", 2, 1)
	f.deleteConnection(connections[1])
	want("after a deletion", 1, 1)
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, first.ID, f.now(), nil, domain.WebhookToken.CheckUnused))
	want("after the revocation", 0, 1)
}

// tokensAreLimited mints tokens concurrently until they are refused, at a connection that has got one from a deleted
// connection.
func tokensAreLimited(f *fixture) {
	deleted, moved := f.connectionWithToken()
	c := f.createConnection()
	f.deleteConnection(deleted)
	mint := func() error { return f.Tokens.Create(f.ctx, f.newToken(c), nil) }
	for range domain.MaxTokens - 4 {
		f.noError(mint())
	}
	refused := make([]error, 8)
	concurrently(len(refused), func(i int) { refused[i] = mint() })
	count := 0
	for _, err := range refused {
		if err != nil {
			f.errorIs(err, domain.TooManyTokens)
			count++
		}
	}
	f.equal("refused tokens", 4, count)
	var live []domain.WebhookToken
	for _, token := range f.listTokens(ports.TokenFilter{Connection: c.ID}, 200, nil) {
		f.equal("moved", token.ID == moved.ID, token.Moved)
		live = append(live, token)
	}
	f.equal("tokens of the connection", domain.MaxTokens+1, len(live))
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, moved.ID, f.now(), nil, nil))
	f.errorIs(mint(), domain.TooManyTokens)
	f.noError(f.Tokens.Revoke(f.ctx, f.tenant, live[0].ID, f.now(), nil, nil))
	f.noError(mint())
	f.noError(f.Tokens.Create(f.ctx, f.newToken(f.createConnection()), nil))
}
