package receivetest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pullMapping maps the pulls of the model to those of the database, one to one.
type pullMapping struct {
	exact             bool
	toStored, toModel map[domain.PullID]domain.PullID // by the model's id; by the database's id
}

// match records that two ids belong to one pull. Errors: one of them belongs to another pull already.
func (m *pullMapping) match(model, stored domain.PullID) error {
	if m.toStored == nil {
		m.toStored = map[domain.PullID]domain.PullID{{}: {}}
		m.toModel = map[domain.PullID]domain.PullID{{}: {}}
	}
	otherStored, modelKnown := m.toStored[model]
	otherModel, storedKnown := m.toModel[stored]
	switch {
	case m.exact && model != stored:
		return fmt.Errorf("pull %s, the model's is %s", stored, model)
	case !modelKnown && !storedKnown:
		m.toStored[model], m.toModel[stored] = stored, model
	case !modelKnown || !storedKnown || otherStored != stored || otherModel != model:
		return fmt.Errorf("pull %s, which is the model's %s, instead of its %s", stored, otherModel, model)
	}
	return nil
}

// stored returns the database's id of a pull of the model.
func (m *pullMapping) stored(model domain.PullID) domain.PullID { return m.toStored[model] }

// storedAll translates the ids, and sorts them where the order may differ from the model's.
func (m *pullMapping) storedAll(model []domain.PullID) []domain.PullID {
	translated := make([]domain.PullID, 0, len(model))
	for _, id := range model {
		translated = append(translated, m.stored(id))
	}
	return m.sorted(translated)
}

func (m *pullMapping) sorted(ids []domain.PullID) []domain.PullID {
	if !m.exact {
		slices.SortFunc(ids, func(a, b domain.PullID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	}
	return ids
}

// compareJobs compares the jobs that the current step enqueued.
func (p *pair) compareJobs() {
	p.Helper()
	p.equal("jobs", p.ids.storedAll(p.modelJobs), p.ids.sorted(p.d.Jobs()))
	p.modelJobs = nil
}

// withoutOrigin clears the members of a pull that come from the delivery which created it, where
// another delivery of the model's batch may have created it.
func (p *pair) withoutOrigin(pull domain.Pull) domain.Pull {
	if !p.d.Exact && pull.Trigger == domain.TriggerWebhook {
		pull.Trace, pull.CreatedAt = "", epoch
	}
	return pull
}

// compareRows reads and compares every row of both sides.
func (p *pair) compareRows() {
	wantDeliveries, wantPulls := p.rows(p.model)
	deliveries, pulls := p.rows(p.d.Stores)
	p.checkOrigins(deliveries, pulls)
	for i := range wantDeliveries {
		wantDeliveries[i].Pull = p.ids.stored(wantDeliveries[i].Pull)
	}
	for i := range wantPulls {
		wantPulls[i].ID = p.ids.stored(wantPulls[i].ID)
	}
	p.equal("deliveries", wantDeliveries, deliveries)
	p.equal("pulls", p.comparable(wantPulls), p.comparable(pulls))
}

// checkOrigins fails unless each pull has the time and the trace of one of its own deliveries.
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

// rows reads every row by Get, because lists leave members out.
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
