package receivetest

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// coverage maps each test case to the number of times that it occurred in the deliveries and batches of all runs.
type coverage map[testCase]int

type testCase string

// The situations that must occur at least once in all runs together.
const (
	attachedOnly     testCase = "a batch whose new events are all attached to queued pulls"
	createdOnly      testCase = "a batch whose new events all create pulls"
	mixed            testCase = "a batch with new events that are attached to queued pulls and others that create pulls"
	duplicatesOnly   testCase = "a batch of duplicates only"
	duplicateInBatch testCase = "a duplicate of an event of its own batch"
	duplicateOfRow   testCase = "a duplicate of a stored event"
	wantedDuplicate  testCase = "a duplicate, which wants a pull, of an event of its own batch that does not"
	wantedAndNoPull  testCase = "a duplicate of this kind in a batch that creates no pull"
	twoTokens        testCase = "a batch that comes through two tokens of a connection"
	otherToken       testCase = "a duplicate through another token than the first delivery's"
	unknownToken     testCase = "an unknown token"
	revokedToken     testCase = "a revoked token"
	deletedTarget    testCase = "a token of a deleted connection"
	otherVendor      testCase = "a token of another vendor"
	unprovedSource   testCase = "a source that the deployment does not admit, with a token without a secret"
	wrongSecret      testCase = "another source secret than the token's, from a source that the deployment admits"
	secretOnly       testCase = "the source secret of the token, from a source that the deployment does not admit"
	severalReceivers testCase = "an event that is stored for several connections"
	equalBody        testCase = "a stored event whose equal body was stored with an earlier pull"
	otherAccount     testCase = "an event about another account"
	unreadableBody   testCase = "an unreadable body"
	whileRunning     testCase = "an event that queues a pull while another is running"
)

var testCases = []testCase{
	attachedOnly, createdOnly, mixed, duplicatesOnly, duplicateInBatch, duplicateOfRow, wantedDuplicate,
	wantedAndNoPull, twoTokens, otherToken, unknownToken, revokedToken, deletedTarget, otherVendor, otherAccount,
	unprovedSource, wrongSecret, secretOnly, severalReceivers, equalBody, unreadableBody, whileRunning,
}

// check logs the count of each case, and fails the test for each case that did not occur.
func (c coverage) check(t *testing.T) {
	t.Helper()
	for _, covered := range testCases {
		if t.Logf("%5d × %s", c[covered], covered); c[covered] == 0 {
			t.Errorf("no run covered %s", covered)
		}
	}
}

// batch returns a counter for the test cases that occur in these deliveries. It must be called before the model
// receives the deliveries.
func (c coverage) batch(p *pair, deliveries []gormstore.PendingDelivery) *batch {
	b := &batch{
		pair: p, own: make(map[domain.PullID]bool), running: make(map[domain.ConnectionID]bool),
		first: make(map[domain.DeliveryID]firstDelivery), through: make(map[domain.ConnectionID]domain.TokenID),
	}
	for _, d := range deliveries {
		b.own[d.Pull] = true
	}
	page, err := p.model.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		p.Fatal(err)
	}
	for _, pull := range page.Items {
		if pull.State == domain.PullRunning {
			b.running[pull.Connection] = true
		}
	}
	return b
}

// batch counts the test cases that occur in one batch of deliveries. A test case is a situation, such as a repeated
// event. Some test cases depend on earlier deliveries of the batch. batch therefore records how the model has handled
// these deliveries.
type batch struct {
	*pair
	own     map[domain.PullID]bool       // the ids that this batch may assign to new pulls
	running map[domain.ConnectionID]bool // connections that have a running pull
	first   map[domain.DeliveryID]firstDelivery
	through map[domain.ConnectionID]domain.TokenID // the token of the last delivery of each connection

	attached, created, duplicates, wanted, others int
}

// firstDelivery describes the first delivery of an event, if that delivery is in this batch.
type firstDelivery struct {
	token  domain.TokenID
	wanted bool
}

// delivery updates the counters for the delivery d. The other arguments are the result and the error that the model has
// returned for d.
func (b *batch) delivery(d gormstore.PendingDelivery, got ports.ReceiveResult, refusal error) {
	if refusal != nil {
		b.refused(d)
		return
	}
	stored := got.Delivery
	if through, ok := b.through[stored.Connection]; ok && through != got.Token {
		b.seen[twoTokens]++
	}
	b.through[stored.Connection] = got.Token
	if got.Duplicate {
		b.duplicate(d, got)
		return
	}
	if !d.SourceAdmitted {
		b.seen[secretOnly]++
	}
	if d.Event.AccountRef == ownRef && len(b.deleted) == 0 {
		b.seen[severalReceivers]++
	}
	if content := d.Fingerprint; d.Event.DedupKey == "" && !stored.Pull.IsZero() {
		if last, ok := b.lastPull[content]; ok && last != stored.Pull {
			b.seen[equalBody]++
		}
		b.lastPull[content] = stored.Pull
	}
	b.first[stored.ID] = firstDelivery{got.Token, stored.Status == domain.DeliveryAccepted}
	b.stored(d, stored)
}

func (b *batch) refused(d gormstore.PendingDelivery) {
	reason := unknownToken
	for _, t := range b.tokens {
		switch {
		case t.Hash != d.Token:
		case t.Vendor != d.Vendor:
			reason = otherVendor
		case b.deleted[t.Connection]:
			reason = deletedTarget
		case b.revoked[t.Hash]:
			reason = revokedToken
		case t.Source.IsZero() && !d.SourceAdmitted:
			reason = unprovedSource
		case d.SourceAdmitted && !t.Source.Admits(d.Authorization, true):
			reason = wrongSecret
		}
	}
	b.seen[reason]++
}

func (b *batch) duplicate(d gormstore.PendingDelivery, got ports.ReceiveResult) {
	b.duplicates++
	first, own := b.first[got.Delivery.ID]
	if !own {
		b.seen[duplicateOfRow]++
		return
	}
	b.seen[duplicateInBatch]++
	if first.token != got.Token {
		b.seen[otherToken]++
	}
	if !first.wanted && d.Event.WantsPull && d.Event.AccountRef != otherRef {
		b.seen[wantedDuplicate]++
		b.wanted++
	}
}

func (b *batch) stored(d gormstore.PendingDelivery, stored domain.Delivery) {
	switch {
	case stored.Status == domain.DeliveryUnreadable:
		b.seen[unreadableBody]++
	case stored.Status == domain.DeliveryIgnored && d.Event.WantsPull:
		b.seen[otherAccount]++
	}
	switch {
	case stored.Pull.IsZero():
		b.others++
	case b.own[stored.Pull]:
		b.created++
		if b.running[stored.Connection] {
			b.seen[whileRunning]++
		}
	default:
		b.attached++
	}
}

// end is called after the last delivery. It counts the test cases that are known only when the batch is complete.
func (b *batch) end() {
	if b.wanted > 0 && b.created == 0 {
		b.seen[wantedAndNoPull]++
	}
	switch {
	case b.attached > 0 && b.created > 0:
		b.seen[mixed]++
	case b.attached > 0:
		b.seen[attachedOnly]++
	case b.created > 0:
		b.seen[createdOnly]++
	case b.duplicates > 0 && b.others == 0:
		b.seen[duplicatesOnly]++
	}
}
