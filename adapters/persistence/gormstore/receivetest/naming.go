package receivetest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// naming says which pull of the database is which of the model: each is exactly one.
type naming struct {
	exact         bool
	stored, model map[domain.PullID]domain.PullID // by the model's id, by the database's
}

// match holds two ids for those of one pull. Errors: one of them is known for another's.
func (n *naming) match(model, stored domain.PullID) error {
	if n.stored == nil {
		n.stored = map[domain.PullID]domain.PullID{{}: {}}
		n.model = map[domain.PullID]domain.PullID{{}: {}}
	}
	known, named := n.stored[model]
	other, taken := n.model[stored]
	switch {
	case n.exact && model != stored:
		return fmt.Errorf("pull %s, the model's is %s", stored, model)
	case !named && !taken:
		n.stored[model], n.model[stored] = stored, model
	case !named || !taken || known != stored || other != model:
		return fmt.Errorf("pull %s, which is the model's %s, for its %s", stored, other, model)
	}
	return nil
}

// of is the database's id of a pull of the model's.
func (n *naming) of(model domain.PullID) domain.PullID { return n.stored[model] }

// all translates, and sorts where the order is not the model's.
func (n *naming) all(model []domain.PullID) []domain.PullID {
	translated := make([]domain.PullID, 0, len(model))
	for _, id := range model {
		translated = append(translated, n.of(id))
	}
	return n.ordered(translated)
}

func (n *naming) ordered(ids []domain.PullID) []domain.PullID {
	if !n.exact {
		slices.SortFunc(ids, func(a, b domain.PullID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	}
	return ids
}

// jobs compares those of a step.
func (p *pair) jobs() {
	p.Helper()
	p.same("jobs", p.names.all(p.kicked), p.names.ordered(p.d.Jobs()))
	p.kicked = nil
}

// loose leaves out of a pull what the knock that brought it gave, where another knock of
// the model's group may have brought it.
func (p *pair) loose(pull domain.Pull) domain.Pull {
	if !p.d.Exact && pull.Trigger == domain.TriggerWebhook {
		pull.Trace, pull.CreatedAt = "", epoch
	}
	return pull
}

// compare reads every row of both sides.
func (p *pair) compare() {
	wantDeliveries, wantPulls := p.rows(p.model)
	deliveries, pulls := p.rows(p.d.Stores)
	p.origins(deliveries, pulls)
	for i := range wantDeliveries {
		wantDeliveries[i].Pull = p.names.of(wantDeliveries[i].Pull)
	}
	for i := range wantPulls {
		wantPulls[i].ID = p.names.of(wantPulls[i].ID)
	}
	p.same("deliveries", wantDeliveries, deliveries)
	p.same("pulls", p.sorted(wantPulls), p.sorted(pulls))
}

// origins holds that each pull was brought by one of its own deliveries.
func (p *pair) origins(deliveries []domain.Delivery, pulls []domain.Pull) {
	for _, pull := range pulls {
		brought := slices.ContainsFunc(deliveries, func(d domain.Delivery) bool {
			return d.Pull == pull.ID && d.ReceivedAt.Equal(pull.CreatedAt) && pull.Trace == traceAt(d.ReceivedAt)
		})
		if pull.Trigger == domain.TriggerWebhook && !brought {
			p.Fatalf("pull %s of %s, trace %q, is none of its deliveries'", pull.ID, pull.CreatedAt, pull.Trace)
		}
	}
}

func (p *pair) sorted(pulls []domain.Pull) []domain.Pull {
	for i := range pulls {
		pulls[i] = p.loose(pulls[i])
	}
	slices.SortFunc(pulls, func(a, b domain.Pull) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
	return pulls
}

// rows reads them whole, as no list does.
func (p *pair) rows(s Stores) (deliveries []domain.Delivery, pulls []domain.Pull) {
	all := domain.PageRequest{Limit: 1000}
	foundDeliveries, err := s.Deliveries().List(p.ctx, p.tenant, ports.DeliveryFilter{}, all)
	if err != nil {
		p.Fatal(err)
	}
	for _, d := range foundDeliveries.Items {
		whole, err := s.Deliveries().Get(p.ctx, p.tenant, d.ID)
		if err != nil {
			p.Fatal(err)
		}
		deliveries = append(deliveries, whole)
	}
	foundPulls, err := s.Pulls().List(p.ctx, p.tenant, ports.PullFilter{}, all)
	if err != nil {
		p.Fatal(err)
	}
	for _, pull := range foundPulls.Items {
		whole, err := s.Pulls().Get(p.ctx, p.tenant, pull.ID)
		if err != nil {
			p.Fatal(err)
		}
		pulls = append(pulls, whole)
	}
	return deliveries, pulls
}
