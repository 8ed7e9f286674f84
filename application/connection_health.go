package application

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ConnectionHealth implements ports.ConnectionManager.
func (s *Service) ConnectionHealth(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	c, err := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if err != nil {
		return ports.ConnectionHealth{}, err
	}
	return s.healthOf(ctx, c)
}

// healthOf reads the activity of the connection and returns its health.
func (s *Service) healthOf(ctx context.Context, c domain.Connection) (ports.ConnectionHealth, error) {
	activity, err := s.Connections.Activity(ctx, c.Tenant, c.ID)
	health := s.connectionHealth(c, activity)
	if err != nil {
		return health, err
	}
	now := s.Clock.Now()
	err = s.Connections.VisitFacts(ctx, c.Tenant, []domain.ConnectionID{c.ID}, func(f *domain.ConnectionFacts) error {
		health.Attention = f.Attention(now, s.attentionGrace())
		return nil
	})
	return health, err
}

// connectionHealth returns the health of a connection, without the member Attention.
func (s *Service) connectionHealth(c domain.Connection, a ports.Activity) ports.ConnectionHealth {
	now, grace := s.Clock.Now(), s.WebhookSilenceGrace
	a.HeldRemovals += c.Ambiguity.Unmatched
	return ports.ConnectionHealth{
		Health: c.Health, Activity: a, Completeness: s.completenessOf(a), Paused: c.Paused(),
		ThisMonth: c.Usage.In(now), Ambiguity: c.Ambiguity,
		Consent: ports.ConsentHealth{State: c.Consent.State(now), ExpiresAt: c.Consent.ExpiresAt},
		Webhook: ports.WebhookHealth{
			State:      c.Webhook.State(now, grace, a.Webhooks, a.LastWebhookAt, c.Paused()),
			LastAt:     a.LastWebhookAt,
			ExpectedBy: c.Webhook.ExpectedBy(grace, a.Webhooks.HasToken),
		},
	}
}

func (s *Service) attentionGrace() domain.AttentionGrace {
	return domain.AttentionGrace{Drift: s.DriftGrace, Silence: s.WebhookSilenceGrace}
}

// SummarizeConnections implements ports.ConnectionManager.
func (s *Service) SummarizeConnections(
	ctx context.Context, tenant domain.TenantID,
) (summary domain.AttentionSummary, err error) {
	now := s.Clock.Now()
	err = s.Connections.VisitFacts(ctx, tenant, nil, func(f *domain.ConnectionFacts) error {
		summary.Add(f, f.Attention(now, s.attentionGrace()))
		return nil
	})
	return summary, err
}

// ListConnectionHealth implements ports.ConnectionManager. A connection that is deleted while the page is read is left
// out, or listed without activity.
func (s *Service) ListConnectionHealth(
	ctx context.Context, tenant domain.TenantID, filter ports.HealthFilter, request domain.PageRequest,
) (domain.Page[ports.ConnectionStatus], error) {
	now := s.Clock.Now()
	page, attention, err := s.selectConnections(ctx, tenant, filter, request, now)
	if err != nil {
		return domain.Page[ports.ConnectionStatus]{}, err
	}
	ids := make([]domain.ConnectionID, len(page.Items))
	for i, c := range page.Items {
		ids[i] = c.ID
	}
	activities, err := s.Connections.Activities(ctx, tenant, ids)
	if err != nil {
		return domain.Page[ports.ConnectionStatus]{}, err
	}
	first := domain.DateOf(now.UTC()).AddDays(1 - ports.HealthDays)
	added, err := s.Connections.CountAdded(ctx, tenant, ids, first)
	if err != nil {
		return domain.Page[ports.ConnectionStatus]{}, err
	}
	if attention == nil {
		attention = make(map[domain.ConnectionID][]domain.Attention, len(ids))
		err = s.Connections.VisitFacts(ctx, tenant, ids, func(f *domain.ConnectionFacts) error {
			attention[f.ID] = f.Attention(now, s.attentionGrace())
			return nil
		})
	}
	statuses := domain.Page[ports.ConnectionStatus]{Next: page.Next}
	for _, c := range page.Items {
		status := ports.ConnectionStatus{Connection: c, ConnectionHealth: s.connectionHealth(c, activities[c.ID])}
		status.Attention = attention[c.ID]
		for i := range status.Added {
			day := first.AddDays(i)
			status.Added[i] = ports.AddedRows{Date: day, Count: added[c.ID][day]}
		}
		statuses.Items = append(statuses.Items, status)
	}
	return statuses, err
}

// selectConnections returns the connections of one page of ListConnectionHealth. If the filter uses neither reasons
// nor names, the store filters and sorts the connections. Otherwise, selectConnections examines all connections of
// the tenant, and also returns why each connection of the page needs attention.
func (s *Service) selectConnections(
	ctx context.Context, tenant domain.TenantID, filter ports.HealthFilter, request domain.PageRequest, now time.Time,
) (page domain.Page[domain.Connection], attention map[domain.ConnectionID][]domain.Attention, err error) {
	if !filter.Attention && filter.Name == "" {
		page, err = s.ListConnections(ctx, tenant, filter.ConnectionFilter, request)
		return page, nil, err
	}
	selection := newConnectionSelection(filter, request)
	err = s.Connections.VisitFacts(ctx, tenant, filter.IDs, func(f *domain.ConnectionFacts) error {
		selection.add(f, f.Attention(now, s.attentionGrace()))
		return nil
	})
	if err != nil {
		return page, nil, err
	}
	selected := selection.first()
	if len(selected) > request.Limit {
		selected = selected[:request.Limit]
		page.Next = selected[request.Limit-1].position
	}
	attention = make(map[domain.ConnectionID][]domain.Attention, len(selected))
	if len(selected) == 0 {
		return page, attention, nil
	}
	ids := make([]domain.ConnectionID, len(selected))
	for i, c := range selected {
		ids[i] = domain.ConnectionID{UUID: c.position.ID}
		attention[ids[i]] = c.reasons
	}
	found, err := s.ListConnections(ctx, tenant, ports.ConnectionFilter{IDs: ids}, domain.PageRequest{Limit: len(ids)})
	page.Items = found.Items
	slices.SortFunc(page.Items, func(x, y domain.Connection) int {
		return cmp.Compare(slices.Index(ids, x.ID), slices.Index(ids, y.ID))
	})
	return page, attention, err
}

// selectedConnection is the position of a connection in a list, and the reasons why the connection needs attention.
type selectedConnection struct {
	position domain.Position
	reasons  []domain.Attention
}

// connectionSelection collects the first connections after a position of a list.
type connectionSelection struct {
	filter  ports.HealthFilter
	folded  string // the folded name of the filter
	request domain.PageRequest
	found   []selectedConnection // more than the page needs, in any order
}

func newConnectionSelection(filter ports.HealthFilter, request domain.PageRequest) *connectionSelection {
	return &connectionSelection{filter: filter, folded: domain.FoldText(filter.Name), request: request}
}

// compareSelected orders two connections of a list by key, then by id.
func compareSelected(x, y selectedConnection) int { return x.position.Compare(y.position) }

// add collects a connection with these reasons if it matches the filter and comes after the position of the request.
func (p *connectionSelection) add(f *domain.ConnectionFacts, reasons []domain.Attention) {
	position := domain.Position{Key: f.Name, ID: f.ID.UUID}
	if p.filter.Attention {
		if len(reasons) == 0 {
			return
		}
		position.Key = urgencyKey(reasons[0])
	}
	switch before := p.filter.ConsentExpiresBefore; {
	case !p.request.After.IsZero() && position.Compare(p.request.After) <= 0,
		p.filter.Health != "" && f.Health.StatusOrUnknown() != p.filter.Health,
		!before.IsZero() && (f.Consent.ExpiresAt.IsZero() || !f.Consent.ExpiresAt.Before(before)),
		!strings.Contains(domain.FoldText(f.Name), p.folded):
		return
	}
	p.found = append(p.found, selectedConnection{position, reasons})
	if enough := p.request.Limit + 1; len(p.found) >= 4*enough {
		p.found = p.first()
	}
}

// first returns the first connections of the list: at most one more than the page may contain.
func (p *connectionSelection) first() []selectedConnection {
	slices.SortFunc(p.found, compareSelected)
	return p.found[:min(len(p.found), p.request.Limit+1)]
}

// urgencyKey returns a text by which connections are sorted. The order of these texts is that of
// domain.Attention.Compare.
func urgencyKey(a domain.Attention) string {
	severity := "1"
	if a.Severity == domain.SeverityNow {
		severity = "0"
	}
	return severity + domain.TimeKey(a.Since)
}
