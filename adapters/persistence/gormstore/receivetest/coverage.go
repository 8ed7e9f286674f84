package receivetest

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// coverage counts the ways that knocks and groups went.
type coverage map[way]int

type way string

// The ways that no run may leave out.
const (
	joinedAll      way = "a group whose new events all join queued pulls"
	broughtAll     way = "a group whose new events all bring pulls"
	mixed          way = "a group of both"
	onlyCopies     way = "a group of copies alone"
	copyInGroup    way = "a copy of an event of its own group"
	copyOfStored   way = "a copy of a stored event"
	wantedCopy     way = "a wanted copy of an unwanted event of its own group"
	copiesAlone    way = "such a copy in a group that brings no pull"
	twoTokens      way = "a group that comes through two tokens of a connection"
	copyByAnother  way = "a copy through another token than the first's"
	unknownToken   way = "a token of nobody's"
	revokedToken   way = "a revoked token"
	deletedBehind  way = "a token of a deleted connection"
	foreignVendor  way = "another vendor's door"
	foreignAccount way = "another account's event"
	unreadableBody way = "an unreadable body"
	atWork         way = "an event that queues behind a pull at work"
)

var ways = []way{
	joinedAll, broughtAll, mixed, onlyCopies, copyInGroup, copyOfStored, wantedCopy, copiesAlone, twoTokens, copyByAnother,
	unknownToken, revokedToken, deletedBehind, foreignVendor, foreignAccount, unreadableBody, atWork,
}

// check fails for what was left out.
func (c coverage) check(t *testing.T) {
	t.Helper()
	for _, w := range ways {
		if t.Logf("%5d × %s", c[w], w); c[w] == 0 {
			t.Errorf("no drawn world has %s", w)
		}
	}
}

// group follows one group through the model.
func (c coverage) group(p *pair, knocks []gormstore.PendingDelivery) *group {
	g := &group{
		pair: p, own: make(map[domain.PullID]bool), at: make(map[domain.ConnectionID]bool),
		first: make(map[domain.DeliveryID]told), through: make(map[domain.ConnectionID]domain.TokenID),
	}
	for _, k := range knocks {
		g.own[k.Pull] = true
	}
	page, err := p.model.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		p.Fatal(err)
	}
	for _, pull := range page.Items {
		if pull.State == domain.PullRunning {
			g.at[pull.Connection] = true
		}
	}
	return g
}

// group is what one has shown so far.
type group struct {
	*pair
	own     map[domain.PullID]bool       // brought by its knocks
	at      map[domain.ConnectionID]bool // with a pull at work
	first   map[domain.DeliveryID]told
	through map[domain.ConnectionID]domain.TokenID

	joined, brought, copies, wanted, others int
}

// told is the first of an event.
type told struct {
	token  domain.TokenID
	wanted bool
}

// knock notes what the model made of one.
func (g *group) knock(k gormstore.PendingDelivery, got ports.ReceiveResult, refused error) {
	if refused != nil {
		g.refused(k)
		return
	}
	d := got.Delivery
	if through, ok := g.through[d.Connection]; ok && through != got.Token {
		g.seen[twoTokens]++
	}
	g.through[d.Connection] = got.Token
	if got.Duplicate {
		g.copy(k, got)
		return
	}
	g.first[d.ID] = told{got.Token, d.Status == domain.DeliveryAccepted}
	g.stored(k, d)
}

func (g *group) refused(k gormstore.PendingDelivery) {
	w := unknownToken
	for _, t := range g.tokens {
		switch {
		case t.Hash != k.Token:
		case t.Vendor != k.Vendor:
			w = foreignVendor
		case g.deleted[t.Connection]:
			w = deletedBehind
		case g.revoked[t.Hash]:
			w = revokedToken
		}
	}
	g.seen[w]++
}

func (g *group) copy(k gormstore.PendingDelivery, got ports.ReceiveResult) {
	g.copies++
	first, own := g.first[got.Delivery.ID]
	if !own {
		g.seen[copyOfStored]++
		return
	}
	g.seen[copyInGroup]++
	if first.token != got.Token {
		g.seen[copyByAnother]++
	}
	if !first.wanted && k.Event.WantsPull && k.Event.AccountRef != "another" {
		g.seen[wantedCopy]++
		g.wanted++
	}
}

func (g *group) stored(k gormstore.PendingDelivery, d domain.Delivery) {
	switch {
	case d.Status == domain.DeliveryUnreadable:
		g.seen[unreadableBody]++
	case d.Status == domain.DeliveryIgnored && k.Event.WantsPull:
		g.seen[foreignAccount]++
	}
	switch {
	case d.Pull.IsZero():
		g.others++
	case g.own[d.Pull]:
		g.brought++
		if g.at[d.Connection] {
			g.seen[atWork]++
		}
	default:
		g.joined++
	}
}

// end notes what the group was as a whole.
func (g *group) end() {
	if g.wanted > 0 && g.brought == 0 {
		g.seen[copiesAlone]++
	}
	switch {
	case g.joined > 0 && g.brought > 0:
		g.seen[mixed]++
	case g.joined > 0:
		g.seen[joinedAll]++
	case g.brought > 0:
		g.seen[broughtAll]++
	case g.copies > 0 && g.others == 0:
		g.seen[onlyCopies]++
	}
}
