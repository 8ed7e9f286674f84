package domain

// ReceiveResult contains what the store has done with a delivery that it did not refuse.
type ReceiveResult struct {
	Token TokenID
	// Delivery is the stored delivery. If the event is stored for several connections, it is one of these deliveries.
	// If Duplicate is set, it is a delivery that was stored when the event was received for the first time.
	Delivery Delivery
	// Reporting contains the pulls of the stored deliveries that report about their connections
	// (PullScope.ReportsConnection).
	Reporting []PullID
	// Asking contains the pulls of the other stored deliveries that ask for a read (PullScope.AsksForRead).
	Asking []PullID
	// Duplicate is set if nothing was stored: each connection of the event has received it before.
	Duplicate bool
}

// WebhookResult is the outcome of one delivery of a batch.
type WebhookResult struct {
	ReceiveResult
	Err error
}

// RefusedWebhook returns the result of a refused delivery, with the error Unauthenticated.
func RefusedWebhook() WebhookResult { return WebhookResult{Err: &Error{Kind: Unauthenticated}} }

// WebhookView contains the stored values on which a batch of webhooks depends.
type WebhookView struct {
	// Bindings contains the live tokens of the batch whose connections are live.
	Bindings map[TokenHash]TokenBinding
	// Holders maps each account reference that an event names to the live connections with this account reference.
	Holders map[ReferenceKey][]Receiver
	// Erased contains the references that an erased connection had.
	Erased map[ReferenceKey]bool
	// Queued contains the queued pulls of the connections.
	Queued map[ConnectionID]PullID
	// LastTokens contains the tokens through which the last webhooks of the connections came.
	LastTokens map[ConnectionID]TokenID
	// Stored returns the stored delivery with this key, or nil if there is none. If the function itself is nil, the
	// stored deliveries are not known, and the caller sets PlannedDelivery.Inserted and Earlier.
	Stored func(DeliveryKey) *Delivery
}

// DeliveryKey is the deduplication key of a delivery. A connection has at most one delivery with the same fingerprint.
type DeliveryKey struct {
	Connection  ConnectionID
	Fingerprint Fingerprint
}

// Key returns the deduplication key of d.
func (d *Delivery) Key() DeliveryKey { return DeliveryKey{d.Connection, d.Fingerprint} }

// PlannedDelivery is a delivery of a batch that is stored unless its connection has a delivery with the same key.
type PlannedDelivery struct {
	Delivery         // as it is stored; Pull is zero unless the delivery needs a pull
	ScopeText string // the scope as JSON; "" if the delivery is stored without scope
	Token     TokenID
	Trace     string
	NewPull   bool // Pull is not queued yet; it must be created if at least one of its deliveries is new
	NewToken  bool // the last webhook of the connection came through another token, or there is none

	// Inserted means that the delivery was stored with this batch.
	Inserted bool
	// Earlier is the delivery with the same key that was stored before this batch; nil if there is none, or if it was
	// not read.
	Earlier *Delivery
}

// WebhookBatch contains the deliveries that a batch of webhooks results in.
type WebhookBatch struct {
	// Planned are the deliveries to store, with different keys.
	Planned []*PlannedDelivery
	// Receivers are the connections of the planned deliveries, as they were in the view, without duplicates.
	Receivers []Receiver

	byKey   map[DeliveryKey]*PlannedDelivery
	members []batchMember // one for each incoming delivery
}

// batchMember contains the planned deliveries of one incoming delivery.
type batchMember struct {
	token   TokenID
	planned []*PlannedDelivery // one for each connection; none if the delivery is refused
	first   []bool             // whether planned[i] was planned for this delivery; otherwise it is a duplicate
}

// PlanWebhooks decides what is stored for a batch of deliveries. It stores nothing.
//
// A delivery is refused in three cases: its token is not in the view, the token belongs to another vendor, or the token
// does not admit the source of the delivery.
//
// A delivery that needs a pull gets the queued pull of its connection. If none is queued, the deliveries of the
// connection share a new pull, whose id comes from the first of them.
func PlanWebhooks(deliveries []PendingDelivery, view WebhookView) *WebhookBatch {
	b := &WebhookBatch{
		byKey: make(map[DeliveryKey]*PlannedDelivery, len(deliveries)), members: make([]batchMember, len(deliveries)),
	}
	newPulls, receivers := map[ConnectionID]PullID{}, map[ConnectionID]bool{}
	for i := range deliveries {
		d := &deliveries[i]
		binding, ok := view.Bindings[d.Token]
		if !ok || !binding.admits(d) {
			continue
		}
		member := batchMember{token: binding.Token}
		reference, _ := binding.Reference(d)
		for n, routed := range binding.route(d, view.Holders[reference], view.Erased[reference]) {
			if !receivers[routed.Connection] {
				receivers[routed.Connection] = true
				b.Receivers = append(b.Receivers, routed.Receiver)
			}
			p := newPlanned(d, binding, routed, n > 0)
			p.assignPull(d, view.Queued, newPulls)
			known, duplicate := b.byKey[p.Key()]
			if !duplicate {
				known = p
				p.find(view, newPulls)
				b.byKey[p.Key()] = p
				b.Planned = append(b.Planned, p)
			}
			member.planned, member.first = append(member.planned, known), append(member.first, !duplicate)
		}
		b.members[i] = member
	}
	return b
}

// newPlanned returns the delivery of a routed event. derived means that the delivery for another connection already has
// the ids of the incoming delivery. newPlanned then derives other ids from them.
func newPlanned(d *PendingDelivery, b TokenBinding, r routedEvent, derived bool) *PlannedDelivery {
	p := &PlannedDelivery{
		Delivery: Delivery{
			ID: d.Delivery, Tenant: b.Tenant, Connection: r.Connection, Vendor: b.Vendor, Event: d.Event.Name,
			EventID: r.eventID, Fingerprint: d.Fingerprint, Body: r.body, Scope: r.scope, Status: r.status,
			ReceivedAt: d.At,
		},
		ScopeText: r.text, Token: b.Token, Trace: d.Trace,
	}
	if p.Status == DeliveryAccepted {
		p.Pull = d.Pull
	}
	if derived {
		p.ID = DeliveryID{derivedID(d.Delivery.UUID, r.Connection.UUID)}
		if !p.Pull.IsZero() {
			p.Pull = PullID{derivedID(d.Pull.UUID, r.Connection.UUID)}
		}
	}
	return p
}

// assignPull replaces the proposed pull by the queued pull of the connection, or by the new pull of an earlier delivery
// of the batch. If the event has no deduplication key, the fingerprint depends on the pull. A vendor without event ids
// sends equal bodies for different events. An equal body is therefore the same event only until its pull has started.
func (p *PlannedDelivery) assignPull(d *PendingDelivery, queued, newPulls map[ConnectionID]PullID) {
	if p.Pull.IsZero() {
		return
	}
	if pull, ok := queued[p.Connection]; ok {
		p.Pull = pull
	} else {
		p.NewPull = true
		if pull, ok := newPulls[p.Connection]; ok {
			p.Pull = pull
		}
	}
	if d.Event.DedupKey == "" {
		p.Fingerprint = p.Fingerprint.inPull(p.Pull)
	}
}

// find sets Earlier if the same delivery is known to be stored already. Otherwise, find sets NewToken. If the
// delivery needs a new pull, the later deliveries of the connection then get this pull, too.
func (p *PlannedDelivery) find(view WebhookView, newPulls map[ConnectionID]PullID) {
	if view.Stored != nil {
		p.Earlier = view.Stored(p.Key())
	}
	if p.Earlier != nil {
		return
	}
	if p.NewPull {
		newPulls[p.Connection] = p.Pull
	}
	// A webhook whose event names no connection of the token is stored with the token's own connection. It does not
	// show that webhooks about this connection arrive with the token.
	p.NewToken = view.LastTokens[p.Connection] != p.Token && (p.Status != DeliveryIgnored || p.ScopeText != "")
}

// NewPulls returns, for each pull to create, the first of its deliveries that is stored with this batch. The fields
// Inserted must be set.
func (b *WebhookBatch) NewPulls() (first []*PlannedDelivery) {
	created := map[PullID]bool{}
	for _, p := range b.Planned {
		if p.Inserted && p.NewPull && !created[p.Pull] {
			created[p.Pull] = true
			first = append(first, p)
		}
	}
	return first
}

// NeedsPulls reports whether a delivery needs a pull that is not queued yet.
func (b *WebhookBatch) NeedsPulls() bool {
	for _, p := range b.Planned {
		if p.NewPull && p.Earlier == nil {
			return true
		}
	}
	return false
}

// SetEarlier sets the field Earlier of the delivery with the key of d. If the batch does not contain this delivery,
// SetEarlier does nothing.
func (b *WebhookBatch) SetEarlier(d Delivery) {
	if p, ok := b.byKey[d.Key()]; ok {
		p.Earlier = &d
	}
}

// Results returns a result for each incoming delivery, in their order:
//
//   - A refused delivery has the error Unauthenticated.
//   - A delivery is reported as stored if it was stored for at least one connection.
//   - Any other delivery is a duplicate. If the delivery that it repeats is neither inserted nor known, the result has
//     the error missingErr.
func (b *WebhookBatch) Results(missingErr error) []WebhookResult {
	results := make([]WebhookResult, len(b.members))
	for i, m := range b.members {
		if len(m.planned) == 0 {
			results[i] = RefusedWebhook()
			continue
		}
		results[i] = m.result(missingErr)
	}
	return results
}

func (m batchMember) result(missingErr error) WebhookResult {
	result := WebhookResult{ReceiveResult: ReceiveResult{Token: m.token, Duplicate: true}}
	for i, p := range m.planned {
		stored := p.Inserted && m.first[i]
		switch {
		case !stored || p.Pull.IsZero():
		case p.Scope.ReportsConnection():
			result.Reporting = append(result.Reporting, p.Pull)
		case p.Scope.AsksForRead():
			result.Asking = append(result.Asking, p.Pull)
		}
		switch {
		case !p.Inserted && p.Earlier == nil:
			return WebhookResult{Err: missingErr}
		case stored && result.Duplicate:
			result.Delivery, result.Duplicate = p.Delivery, false
		case i > 0:
		case p.Inserted:
			result.Delivery = p.Delivery
		default:
			result.Delivery = *p.Earlier
		}
	}
	return result
}
