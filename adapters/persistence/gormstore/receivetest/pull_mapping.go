package receivetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pullMapping maps the ids of the pulls in the model to the ids of the same pulls in the database.
type pullMapping struct {
	// toStored maps the ids of pulls in the model to the ids of the same pulls in the database; toModel is the inverse
	// map.
	toStored, toModel map[domain.PullID]domain.PullID
}

// match records the ids of one pull, in the model and in the database. The ids may differ, because a new pull gets its
// id from any delivery of the batch that needs it. match returns an error if one of the ids already belongs to another
// pull.
func (m *pullMapping) match(model, storedID domain.PullID) error {
	if m.toStored == nil {
		m.toStored = map[domain.PullID]domain.PullID{{}: {}}
		m.toModel = map[domain.PullID]domain.PullID{{}: {}}
	}
	otherStored, modelKnown := m.toStored[model]
	otherModel, storedKnown := m.toModel[storedID]
	switch {
	case !modelKnown && !storedKnown:
		m.toStored[model], m.toModel[storedID] = storedID, model
	case !modelKnown || !storedKnown || otherStored != storedID || otherModel != model:
		return fmt.Errorf("pull %s, which is the model's %s, instead of its %s", storedID, otherModel, model)
	}
	return nil
}

// stored converts a pull id of the model to the id of the same pull in the database.
func (m *pullMapping) stored(model domain.PullID) domain.PullID { return m.toStored[model] }

// storedAll converts pull ids of the model to the ids of the same pulls in the database, in the order
// of these ids. The database may enqueue jobs in another order than the model.
func (m *pullMapping) storedAll(model []domain.PullID) []domain.PullID {
	translated := make([]domain.PullID, 0, len(model))
	for _, id := range model {
		translated = append(translated, m.stored(id))
	}
	return sorted(translated)
}

func sorted(ids []domain.PullID) []domain.PullID {
	slices.SortFunc(ids, domain.PullID.Compare)
	return ids
}

// compareJobs fails the test unless the model and the database enqueued the same jobs in the current step.
func (p *pair) compareJobs() {
	p.Helper()
	p.equal("jobs", p.ids.storedAll(*p.modelJobs), sorted(p.d.Jobs()))
	*p.modelJobs = nil
}

// withoutOrigin replaces the trace and the creation time of a pull by fixed values if a webhook created the
// pull. The model and the database may take the two values from different deliveries.
func (p *pair) withoutOrigin(pull domain.Pull) domain.Pull {
	if pull.Trigger == domain.TriggerWebhook {
		pull.Trace, pull.CreatedAt = "", epoch
	}
	return pull
}

// matchPulls records the ids of the pulls of all deliveries. A result contains only one pull, but an event can be
// stored for several connections.
func (p *pair) matchPulls() {
	all := domain.PageRequest{Limit: 1000}
	stored := map[domain.DeliveryID]domain.PullID{}
	page, err := p.d.Stores.Deliveries().List(p.ctx, p.tenant, ports.DeliveryFilter{}, all)
	if err != nil {
		p.Fatal(err)
	}
	for _, d := range page.Items {
		stored[d.ID] = d.Pull
	}
	if page, err = p.model.Deliveries().List(p.ctx, p.tenant, ports.DeliveryFilter{}, all); err != nil {
		p.Fatal(err)
	}
	for _, d := range page.Items {
		if err := p.ids.match(d.Pull, stored[d.ID]); err != nil {
			p.Fatalf("delivery %s of %s: %v", d.ID, d.Connection, err)
		}
	}
}

// withoutPullID removes the fingerprint of a delivery if it may depend on the id of a pull, which may
// differ from the id in the model.
func (p *pair) withoutPullID(d domain.Delivery) domain.Delivery {
	if !d.Pull.IsZero() {
		d.Fingerprint = domain.Fingerprint{}
	}
	return d
}

// compareRows fails the test unless the model and the database have the same deliveries and pulls.
func (p *pair) compareRows() {
	wantDeliveries, wantPulls := p.rows(p.model)
	deliveries, pulls := p.rows(p.d.Stores)
	p.checkOrigins(deliveries, pulls)
	for i := range wantDeliveries {
		wantDeliveries[i].Pull = p.ids.stored(wantDeliveries[i].Pull)
		wantDeliveries[i] = p.withoutPullID(wantDeliveries[i])
	}
	for i := range deliveries {
		deliveries[i] = p.withoutPullID(deliveries[i])
	}
	for i := range wantPulls {
		wantPulls[i].ID = p.ids.stored(wantPulls[i].ID)
	}
	p.equal("deliveries", wantDeliveries, deliveries)
	p.equal("pulls", p.comparable(wantPulls), p.comparable(pulls))
}

// checkOrigins checks each pull that a webhook created. It fails the test unless one delivery of the pull has the
// pull's trace, and was received when the pull was created.
func (p *pair) checkOrigins(deliveries []domain.Delivery, pulls []domain.Pull) {
	for _, pull := range pulls {
		hasOrigin := slices.ContainsFunc(deliveries, func(d domain.Delivery) bool {
			return d.Pull == pull.ID && d.ReceivedAt.Equal(pull.CreatedAt) && pull.Trace == traceAt(d.ReceivedAt)
		})
		if pull.Trigger == domain.TriggerWebhook && !hasOrigin {
			p.Fatalf("pull %s of %s, trace %q, was created by none of its deliveries",
				pull.ID, pull.CreatedAt, pull.Trace)
		}
	}
}

func (p *pair) comparable(pulls []domain.Pull) []domain.Pull {
	for i := range pulls {
		pulls[i] = p.withoutOrigin(pulls[i])
	}
	slices.SortFunc(pulls, func(a, b domain.Pull) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return pulls
}

// rows returns all deliveries and pulls of the tenant. It reads each of them with Get, because lists omit some members.
func (p *pair) rows(s Stores) (deliveries []domain.Delivery, pulls []domain.Pull) {
	all := domain.PageRequest{Limit: 1000}
	deliveryPage, err := s.Deliveries().List(p.ctx, p.tenant, ports.DeliveryFilter{}, all)
	if err != nil {
		p.Fatal(err)
	}
	for _, listed := range deliveryPage.Items {
		d, err := s.Deliveries().Get(p.ctx, p.tenant, listed.ID)
		if err != nil {
			p.Fatal(err)
		}
		deliveries = append(deliveries, d)
	}
	pullPage, err := s.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, all)
	if err != nil {
		p.Fatal(err)
	}
	for _, listed := range pullPage.Items {
		pull, err := s.Pulls().Get(p.ctx, p.tenant, listed.ID)
		if err != nil {
			p.Fatal(err)
		}
		pulls = append(pulls, pull)
	}
	return deliveries, pulls
}
