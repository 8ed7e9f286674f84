package receivetest

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// connect makes a connection with two tokens.
func (p *pair) connect(name string) {
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: p.tenant, Kind: domain.Aggregator, Name: name, Vendor: "pluggy",
		AccountRef: "item", Sealed: domain.Sealed("sealed"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	p.connections = append(p.connections, c)
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error { return s.Connections().Create(p.ctx, c) })
	for range 2 {
		token := domain.WebhookToken{
			ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
		}
		p.tokens = append(p.tokens, token)
		_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error { return s.Tokens().Create(p.ctx, token) })
	}
}

func traceAt(at time.Time) string { return "trace-" + at.String() }

// knock has few keys, bodies and tokens, so that copies are many; one token is nobody's.
// Some came long before they are stored, so that they may join a pull that is younger.
func (p *pair) knock(keys int) gormstore.PendingDelivery {
	p.at = p.at.Add(time.Millisecond)
	at := p.at
	if rapid.IntRange(0, 3).Draw(p.T, "late") == 3 {
		at = at.Add(-90 * time.Minute)
	}
	r := ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Vendor: "pluggy", At: at, Trace: traceAt(at),
		Unreadable: rapid.IntRange(0, 9).Draw(p.T, "unreadable") == 9,
		Body:       append([]byte{}, rapid.SliceOfN(rapid.SampledFrom([]byte("a\x00\xff'")), 0, 2).Draw(p.T, "body")...),
	}
	if i := rapid.IntRange(0, 8*len(p.tokens)).Draw(p.T, "token"); i < 8*len(p.tokens) {
		r.Token = p.tokens[i%len(p.tokens)].Hash
	}
	if rapid.IntRange(0, 29).Draw(p.T, "vendor") == 29 {
		r.Vendor = "another"
	}
	if !r.Unreadable {
		r.Event = p.event(keys)
	}
	ask, err := json.Marshal(r.Event.Scope)
	if err != nil {
		p.Fatal(err)
	}
	return gormstore.PendingDelivery{IncomingDelivery: r, Scope: string(ask), Fingerprint: domain.FingerprintOf(r.Event, r.Body)}
}

func (p *pair) event(keys int) domain.WebhookEvent {
	key := ""
	if k := rapid.IntRange(0, keys).Draw(p.T, "key"); k > 0 {
		key = strconv.Itoa(k)
	}
	text := rapid.StringOfN(rapid.SampledFrom([]rune("a'\"\\,{}é\u2028")), 0, 2, -1)
	return domain.WebhookEvent{
		Name: "e", ID: text.Draw(p.T, "id"),
		DedupKey:   key,
		WantsPull:  rapid.IntRange(0, 3).Draw(p.T, "wanted") > 0,
		AccountRef: rapid.SampledFrom([]string{"", "item", "item", "another"}).Draw(p.T, "account"),
		Scope:      domain.PullScope{Removed: rapid.SliceOfN(text, 0, 2).Draw(p.T, "removed")},
	}
}

// stays is the fate of a pull that goes on running while groups come.
const stays domain.PullState = ""

// work claims each pull that may be, and compares what it was claimed to ask; then ends
// it, or not, so that copies meet deliveries of every status and events a pull at work.
func (p *pair) work() {
	state := rapid.SampledFrom([]domain.PullState{domain.PullSucceeded, domain.PullFailed, domain.PullQueued, stays}).Draw(p.T, "state")
	page, err := p.model.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		p.Fatal(err)
	}
	for _, pull := range page.Items {
		if !pull.FinishedAt.IsZero() {
			continue
		}
		p.at = p.at.Add(time.Hour)
		p.run(pull.ID, state)
	}
}

// run claims a pull, and ends its try.
func (p *pair) run(pull domain.PullID, state domain.PullState) {
	var asked []domain.Pull
	l := domain.Lease{ID: newID[domain.Lease](), Until: p.at.Add(time.Minute)}
	refused := p.both(func(s Stores, name func(domain.PullID) domain.PullID) error {
		l.Pull = name(pull)
		claimed, err := s.Pulls().Claim(p.ctx, l, p.at)
		claimed.Pull.ID = domain.PullID{}
		asked = append(asked, p.loose(claimed.Pull))
		return err
	})
	p.same("what was claimed", asked[0], asked[1])
	if refused != nil || state == stays {
		return
	}
	_ = p.both(func(s Stores, name func(domain.PullID) domain.PullID) error {
		l.Pull = name(pull)
		return s.Pulls().Finish(p.ctx, l, ports.Outcome{State: state, Attempts: 1, At: p.at, NotBefore: p.at})
	})
}

// request is an operator's, so that groups meet a pull that no knock brought.
func (p *pair) request() {
	c := rapid.SampledFrom(p.connections).Draw(p.T, "connection")
	r := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: p.at}
	var queued []domain.PullID
	err := p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		pull, err := s.Pulls().Request(p.ctx, p.tenant, c.ID, r)
		queued = append(queued, pull.ID)
		return err
	})
	if err == nil {
		err = p.names.match(queued[0], queued[1])
		if err != nil {
			p.Fatalf("request: %v", err)
		}
	}
}

func (p *pair) revoke() {
	token := rapid.SampledFrom(p.tokens).Draw(p.T, "token")
	p.revoked[token.Hash] = true
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		return s.Tokens().Revoke(p.ctx, p.tenant, token.ID, p.at)
	})
}

func (p *pair) remove() {
	c := rapid.SampledFrom(p.connections).Draw(p.T, "connection")
	p.deleted[c.ID] = true
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		_, err := s.Connections().Update(p.ctx, p.tenant, c.Kind, c.ID, func(c *domain.Connection) error {
			c.DeletedAt = p.at
			return nil
		})
		return err
	})
}
