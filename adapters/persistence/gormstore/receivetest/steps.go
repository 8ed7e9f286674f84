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

// ownRef is the account reference of every connection, in the spelling that an operator has entered. ownRefOfVendor is
// the same reference in the spelling of the vendor. otherRef is a reference that no connection has.
const (
	ownRef         = "6D1A9C34-20B7-4F5E-8C61-93E7A5D40B12"
	ownRefOfVendor = "6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12"
	otherRef       = "another"
)

// ownSource is the hash of a source secret. The second token of each connection has this secret; see connect.
var ownSource = domain.HashSource("Bearer own")

// connect creates a connection with two tokens, in the model and in the database. The second token has a source secret,
// and belongs to a webhook that the service has created at the vendor.
func (p *pair) connect(name string) {
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: p.tenant, Kind: domain.Aggregator, Name: name, Vendor: "pluggy",
		AccountRef: ownRef, Sealed: domain.Sealed("sealed"), Revision: 1, CreatedAt: epoch, UpdatedAt: epoch,
	}
	p.connections = append(p.connections, c)
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		return s.Connections().Create(p.ctx, c, nil)
	})
	for i := range 2 {
		token := domain.WebhookToken{
			ID: newID[domain.WebhookToken](), Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor,
			Hash: domain.HashToken(uuid.NewString()), CreatedAt: epoch,
		}
		if i == 1 {
			token.Source = ownSource
			token.Registration = domain.WebhookRegistration{State: domain.RegistrationActive, ID: "webhook"}
		}
		p.tokens = append(p.tokens, token)
		_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
			return s.Tokens().Create(p.ctx, token, nil)
		})
	}
}

// traceAt returns the trace of the delivery that is received at this time. No two deliveries have the same time, so no
// two deliveries have the same trace.
func traceAt(receivedAt time.Time) string { return "trace-" + receivedAt.String() }

// delivery returns a random delivery. There are few different keys, bodies and tokens, so that many deliveries are
// duplicates. Some deliveries have a time of receipt in the past. A delivery may therefore be older than its pull.
func (p *pair) delivery(keys int) gormstore.PendingDelivery {
	p.at = p.at.Add(time.Millisecond)
	at := p.at
	if rapid.IntRange(0, 3).Draw(p.T, "late") == 3 {
		at = at.Add(-90 * time.Minute)
	}
	body := rapid.SliceOfN(rapid.SampledFrom([]byte("a\x00\xff'")), 0, 2)
	incoming := ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Vendor: "pluggy", At: at, Trace: traceAt(at),
		Unreadable: rapid.IntRange(0, 9).Draw(p.T, "unreadable") == 9,
		Body:       append([]byte{}, body.Draw(p.T, "body")...),

		SourceAdmitted: rapid.IntRange(0, 7).Draw(p.T, "admitted") > 0, Authorization: domain.HashSource("another"),
	}
	if rapid.IntRange(0, 5).Draw(p.T, "secret") > 0 {
		incoming.Authorization = ownSource
	}
	if i := rapid.IntRange(0, 8*len(p.tokens)).Draw(p.T, "token"); i < 8*len(p.tokens) {
		incoming.Token = p.tokens[i%len(p.tokens)].Hash
	}
	if rapid.IntRange(0, 29).Draw(p.T, "vendor") == 29 {
		incoming.Vendor = "another"
	}
	if !incoming.Unreadable {
		incoming.Event = p.event(keys)
	}
	scope, err := json.Marshal(incoming.Event.Scope)
	if err != nil {
		p.Fatal(err)
	}
	return gormstore.PendingDelivery{
		IncomingDelivery: incoming, Scope: string(scope),
		Fingerprint: domain.FingerprintOf(incoming.Event, incoming.Body),
	}
}

// event returns a random event for a delivery with a readable body. The deduplication key of the event is either empty
// or a number from 1 to the given maximum.
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
		AccountRef: rapid.SampledFrom([]string{"", ownRef, ownRefOfVendor, otherRef}).Draw(p.T, "account"),
		Scope:      domain.PullScope{Removed: rapid.SliceOfN(text, 0, 2).Draw(p.T, "removed")},
	}
}

// keepsRunning means that work does not end its attempts. Their pulls are then still running when the next batches of
// deliveries arrive.
const keepsRunning domain.PullState = ""

// work claims all open pulls in the model and in the database, and compares the claimed pulls. It chooses one random
// state. If the state is keepsRunning, all attempts go on. With any other state, work ends all attempts with this
// state.
//
// The next batches of deliveries therefore find deliveries and pulls in every state.
func (p *pair) work() {
	states := []domain.PullState{domain.PullSucceeded, domain.PullFailed, domain.PullQueued, keepsRunning}
	state := rapid.SampledFrom(states).Draw(p.T, "state")
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

// run claims the pull in the model and in the database, compares the two claimed pulls, and ends both attempts with the
// given state. If the state is keepsRunning, it does not end the attempts.
func (p *pair) run(pull domain.PullID, state domain.PullState) {
	var pulls []domain.Pull
	l := domain.Lease{ID: newID[domain.Lease](), Until: p.at.Add(time.Minute)}
	refused := p.both(func(s Stores, storedID func(domain.PullID) domain.PullID) error {
		l.Pull = storedID(pull)
		claimed, err := s.Pulls().Claim(p.ctx, l, p.at)
		l.Tenant = claimed.Pull.Tenant
		claimed.Pull.ID = domain.PullID{}
		pulls = append(pulls, p.withoutOrigin(claimed.Pull))
		return err
	})
	p.equal("the claimed pull", pulls[0], pulls[1])
	if refused != nil || state == keepsRunning {
		return
	}
	_ = p.both(func(s Stores, storedID func(domain.PullID) domain.PullID) error {
		l.Pull = storedID(pull)
		return s.Pulls().Finish(p.ctx, l, ports.Outcome{State: state, Attempts: 1, At: p.at, NotBefore: p.at})
	})
}

// request queues a pull with the trigger domain.TriggerOperator. Such a pull is created without a delivery.
func (p *pair) request() {
	c := rapid.SampledFrom(p.connections).Draw(p.T, "connection")
	r := ports.PullRequest{ID: newID[domain.Pull](), Trigger: domain.TriggerOperator, At: p.at}
	var queued []domain.PullID
	err := p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		pull, err := s.Pulls().Request(p.ctx, p.tenant, c.ID, r, nil)
		queued = append(queued, pull.ID)
		return err
	})
	if err == nil {
		err = p.ids.match(queued[0], queued[1])
		if err != nil {
			p.Fatalf("request: %v", err)
		}
	}
}

// revoke revokes a random token.
func (p *pair) revoke() {
	token := rapid.SampledFrom(p.tokens).Draw(p.T, "token")
	p.revoked[token.Hash] = true
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		return s.Tokens().Revoke(p.ctx, p.tenant, token.ID, p.at, nil, nil)
	})
}

// remove deletes a random connection.
func (p *pair) remove() {
	c := rapid.SampledFrom(p.connections).Draw(p.T, "connection")
	p.deleted[c.ID] = true
	_ = p.both(func(s Stores, _ func(domain.PullID) domain.PullID) error {
		_, err := s.Connections().Update(p.ctx, p.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
			c.DeletedAt = p.at
			return nil
		})
		return err
	})
}
