package porttest

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokenPromises are those of ports.Tokens.
var tokenPromises = []promise{
	{"what was created is given back as it was", tokenGivenBack},
	{"another tenant's token is answered like an absent one", tokensKeepTenants},
	{"no token is left live when its creation races the deletion", tokenRacesDeletion},
	{"a token is revoked once, and its time is kept", revokeOnce},
	{"a list narrows by connection and shows revoked tokens", tokenFilters},
	{"paging newest first meets every row once while rows come", tokenPaging},
	{"a position of another list is Invalid", tokenPositions},
	{"a touch never goes back, and passes unknown tokens over", touchGoesForward},
}

func (b *bench) tokens(filter ports.TokenFilter, limit int, between func()) []domain.WebhookToken {
	b.Helper()
	return walk(b, limit, func(page domain.PageRequest) (domain.Page[domain.WebhookToken], error) {
		return b.Tokens.List(b.ctx, b.tenant, filter, page)
	}, between)
}

func tokenGivenBack(b *bench) {
	_, token := b.door()
	got := b.tokens(ports.TokenFilter{}, 10, nil)
	b.same("List", []domain.WebhookToken{token}, got)
	b.utc(got[0].CreatedAt)
}

// tokensKeepTenants also makes a token for another tenant's connection.
func tokensKeepTenants(b *bench) {
	c, token := b.door()
	foreign := newTenant()
	revoke := func(tenant domain.TenantID, id domain.TokenID) error {
		return b.Tokens.Revoke(b.ctx, tenant, id, b.now())
	}
	b.alike("Revoke", revoke(foreign, token.ID), revoke(b.tenant, newID[domain.WebhookToken]()))
	theirs, nobodys := b.freshToken(c), b.freshToken(c)
	theirs.Tenant, nobodys.Connection = foreign, newID[domain.Connection]()
	b.alike("Create", b.Tokens.Create(b.ctx, theirs), b.Tokens.Create(b.ctx, nobodys))
	page, err := b.Tokens.List(b.ctx, foreign, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 10})
	b.ok(err)
	b.same("List of another tenant", domain.Page[domain.WebhookToken]{}, page)
	b.same("the token afterwards", []domain.WebhookToken{token}, b.tokens(ports.TokenFilter{}, 10, nil))
}

// tokenRacesDeletion fails where a token is created after the deletion has revoked the
// others: it would open a door that nobody can close.
func tokenRacesDeletion(b *bench) {
	for range 5 {
		c := b.connection()
		race(8, func(i int) {
			if i == 4 {
				_, _ = b.Connections.Update(b.ctx, b.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
					c.Delete(epoch)
					return nil
				})
				return
			}
			if err := b.Tokens.Create(b.ctx, b.freshToken(c)); err != nil && domain.ErrorsOf(err)[0].Kind != domain.NotFound {
				b.Error(err)
			}
		})
		for _, token := range b.tokens(ports.TokenFilter{Connection: c.ID}, 10, nil) {
			if token.Live() {
				b.Error("a deleted connection has a live token")
			}
		}
	}
}

func revokeOnce(b *bench) {
	_, token := b.door()
	at := b.now()
	b.ok(b.Tokens.Revoke(b.ctx, b.tenant, token.ID, at))
	b.fails(b.Tokens.Revoke(b.ctx, b.tenant, token.ID, b.now()), domain.NotFound)
	b.same("revoked at", at, b.tokens(ports.TokenFilter{}, 10, nil)[0].RevokedAt)
	_, err := b.Deliveries.Receive(b.ctx, b.receipt(token, wanted("late", domain.PullScope{})))
	b.fails(err, domain.Unauthenticated)
}

func tokenFilters(b *bench) {
	c, first := b.door()
	second := b.token(c)
	_, other := b.door()
	b.ok(b.Tokens.Revoke(b.ctx, b.tenant, first.ID, b.now()))
	b.same("of one connection", []domain.TokenID{second.ID, first.ID}, ids(b.tokens(ports.TokenFilter{Connection: c.ID}, 10, nil), tokenID))
	b.same("of all", []domain.TokenID{other.ID, second.ID, first.ID}, ids(b.tokens(ports.TokenFilter{}, 10, nil), tokenID))
	b.same("of none", 0, len(b.tokens(ports.TokenFilter{Connection: newID[domain.Connection]()}, 10, nil)))
}

// tokenPaging has times that tie, so that a store which forgets the id drops or doubles
// rows at the page's edge.
func tokenPaging(b *bench) {
	c := b.connection()
	var want []domain.TokenID
	at := b.now()
	for i := range 7 {
		token := b.freshToken(c)
		token.CreatedAt = at.Add(time.Duration(i/3) * time.Microsecond) // three at a time: the id breaks ties
		b.ok(b.Tokens.Create(b.ctx, token))
		want = append(want, token.ID)
	}
	got := ids(b.tokens(ports.TokenFilter{}, 2, func() { b.token(c) }), tokenID)
	slices.Reverse(want)
	b.same("newest first", want, got)
	page, err := b.Tokens.List(b.ctx, b.tenant, ports.TokenFilter{}, domain.PageRequest{Limit: 1})
	b.ok(err)
	newest := page.Items[0]
	b.same("position", domain.Position{Key: domain.TimeKey(newest.CreatedAt), ID: newest.ID.UUID}, page.Next)
}

// foreignKeys are sort keys that no list by time has.
var foreignKeys = []string{"a name", "2026-03-01", "17", "2026-13-01T00:00:00.000000000Z", "';--"}

func tokenPositions(b *bench) {
	b.door()
	for _, key := range foreignKeys {
		_, err := b.Tokens.List(b.ctx, b.tenant, ports.TokenFilter{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		b.badCursor(key, err)
	}
}

// touchGoesForward: replicas flush their touches late and in any order.
func touchGoesForward(b *bench) {
	_, first := b.door()
	_, second := b.door()
	early, late := b.now(), b.now()
	touch := func(used map[domain.TokenID]time.Time) {
		b.Helper()
		b.ok(b.Tokens.RecordUsage(b.ctx, used))
	}
	used := func(id domain.TokenID) time.Time {
		all := b.tokens(ports.TokenFilter{}, 10, nil)
		return all[slices.IndexFunc(all, func(t domain.WebhookToken) bool { return t.ID == id })].LastUsedAt
	}
	touch(map[domain.TokenID]time.Time{first.ID: late, newID[domain.WebhookToken](): late})
	b.same("first", late, used(first.ID))
	b.same("second", time.Time{}, used(second.ID))
	touch(map[domain.TokenID]time.Time{first.ID: early, second.ID: early})
	b.same("first after an older touch", late, used(first.ID))
	b.same("second", early, used(second.ID))
	touch(nil)
	b.utc(used(first.ID))
}
