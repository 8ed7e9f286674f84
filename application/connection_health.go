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
) (health ports.ConnectionHealth, err error) {
	found := false
	err = s.visitHealth(ctx, tenant, []domain.ConnectionID{id}, func(h ports.ConnectionHealth) {
		health, found = h, true
	})
	if err == nil && !found {
		err = domain.NotFoundError()
	}
	return health, err
}

// visitHealth calls visit with the health of each live aggregator connection of the tenant that has one of the ids, in
// any order.
func (s *Service) visitHealth(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(ports.ConnectionHealth),
) error {
	now := s.Clock.Now()
	return s.Connections.VisitFacts(ctx, tenant, ids, func(f *domain.ConnectionFacts) error {
		visit(s.healthAt(now, f))
		return nil
	})
}

// healthAt derives the health of a connection at the time now from the facts about it.
func (s *Service) healthAt(now time.Time, f *domain.ConnectionFacts) ports.ConnectionHealth {
	grace, reasons := s.WebhookSilenceGrace, f.Attention(now, s.attentionGrace())
	return ports.ConnectionHealth{
		Facts:        *f,
		Health:       f.Health.At(now, f.Consent),
		Completeness: s.completenessOf(now, f),
		ThisMonth:    f.Usage.In(now),
		Consent:      ports.ConsentHealth{State: f.Consent.State(now), ExpiresAt: f.Consent.ExpiresAt},
		Webhook: ports.WebhookHealth{
			State:      f.Webhook.State(now, grace, f.Webhooks, f.LastWebhookAt, f.Paused),
			LastAt:     f.LastWebhookAt,
			ExpectedBy: f.Webhook.ExpectedBy(grace, f.Webhooks.HasToken),
		},
		Attention: reasons,
		Warnings:  domain.ConnectionWarnings(reasons),
	}
}

func (s *Service) attentionGrace() domain.AttentionGrace {
	return domain.AttentionGrace{Drift: s.DriftGrace, Silence: s.WebhookSilenceGrace, Stale: s.StaleAfter}
}

// SummarizeConnections implements ports.ConnectionManager.
func (s *Service) SummarizeConnections(
	ctx context.Context, tenant domain.TenantID,
) (summary domain.AttentionSummary, err error) {
	now := s.Clock.Now()
	err = s.withShare(ctx, s.readShares, tenant, func() error {
		return s.Connections.VisitFacts(ctx, tenant, nil, func(f *domain.ConnectionFacts) error {
			summary.Add(f, f.Attention(now, s.attentionGrace()), now)
			return nil
		})
	})
	return summary, err
}

// ListConnectionHealth implements ports.ConnectionManager. A connection that is deleted while the page is read is left
// out.
func (s *Service) ListConnectionHealth(
	ctx context.Context, tenant domain.TenantID, filter ports.HealthFilter, request domain.PageRequest,
) (domain.Page[ports.ConnectionStatus], error) {
	page, err := s.selectConnections(ctx, tenant, filter, request)
	if err != nil || len(page.Items) == 0 {
		return domain.Page[ports.ConnectionStatus]{}, err
	}
	first := domain.DateOf(s.Clock.Now().UTC()).AddDays(1 - ports.HealthDays)
	added, err := s.Connections.CountAdded(ctx, tenant, page.Items, first)
	if err != nil {
		return domain.Page[ports.ConnectionStatus]{}, err
	}
	statuses := domain.Page[ports.ConnectionStatus]{Next: page.Next}
	err = s.visitHealth(ctx, tenant, page.Items, func(h ports.ConnectionHealth) {
		if filter.Attention && len(h.Attention) == 0 {
			return // since the page was selected, somebody has done what was needed
		}
		status := ports.ConnectionStatus{ConnectionHealth: h}
		for i := range status.Added {
			day := first.AddDays(i)
			status.Added[i] = ports.AddedRows{Date: day, Count: added[h.Facts.ID][day]}
		}
		statuses.Items = append(statuses.Items, status)
	})
	domain.SortLarge(statuses.Items, func(x, y ports.ConnectionStatus) int {
		return cmp.Compare(slices.Index(page.Items, x.Facts.ID), slices.Index(page.Items, y.Facts.ID))
	})
	return statuses, err
}

// selectConnections returns the ids of the connections of one page of ListConnectionHealth, in the order of the list.
// If the filter uses neither reasons nor names, the store filters and sorts the connections. Otherwise,
// selectConnections examines all connections of the tenant, with a share of the tenant's costly reads: only their
// names, if that suffices, because the facts take ten times as long.
func (s *Service) selectConnections(
	ctx context.Context, tenant domain.TenantID, filter ports.HealthFilter, request domain.PageRequest,
) (page domain.Page[domain.ConnectionID], err error) {
	if !filter.Attention && filter.Name == "" {
		listed, err := s.ListConnections(ctx, tenant, filter.ConnectionFilter, request)
		for _, c := range listed.Items {
			page.Items = append(page.Items, c.ID)
		}
		page.Next = listed.Next
		return page, err
	}
	now, selection := s.Clock.Now(), newConnectionSelection(filter, request)
	byName := !filter.Attention && filter.Health == "" && filter.ConsentExpiresBefore.IsZero()
	err = s.withShare(ctx, s.readShares, tenant, func() error {
		if byName {
			return s.visitNames(ctx, tenant, filter.IDs, func(f *domain.ConnectionFacts) {
				selection.add(f, nil, now)
			})
		}
		return s.Connections.VisitFacts(ctx, tenant, filter.IDs, func(f *domain.ConnectionFacts) error {
			selection.add(f, f.Attention(now, s.attentionGrace()), now)
			return nil
		})
	})
	selected := selection.first()
	if len(selected) > request.Limit {
		selected = selected[:request.Limit]
		page.Next = selected[request.Limit-1]
	}
	for _, position := range selected {
		page.Items = append(page.Items, domain.ConnectionID{UUID: position.ID})
	}
	return page, err
}

// visitNames is like the method VisitFacts of the store, but sets only the members that name the connection and its
// bank.
func (s *Service) visitNames(
	ctx context.Context, tenant domain.TenantID, ids []domain.ConnectionID, visit func(*domain.ConnectionFacts),
) error {
	all, err := s.Connections.Brief(ctx, tenant, ids)
	for _, c := range all {
		if !c.Deleted {
			f := domain.ConnectionFacts{ID: c.ID, Name: c.Name, Vendor: c.Vendor}
			f.Bank.Institution = c.Institution
			visit(&f)
		}
	}
	return err
}

// connectionSelection collects the first connections after a position of a list.
type connectionSelection struct {
	filter  ports.HealthFilter
	folded  string // the folded name of the filter
	request domain.PageRequest
	found   []domain.Position // more than the page needs, in any order
}

func newConnectionSelection(filter ports.HealthFilter, request domain.PageRequest) *connectionSelection {
	return &connectionSelection{filter: filter, folded: domain.FoldText(filter.Name), request: request}
}

// add collects the position of a connection with these reasons, if the connection matches the filter and comes after
// the position of the request. The reasons are those at the time now.
func (p *connectionSelection) add(f *domain.ConnectionFacts, reasons []domain.Attention, now time.Time) {
	position := domain.Position{Key: f.Name, ID: f.ID.UUID}
	if p.filter.Attention {
		if len(reasons) == 0 {
			return
		}
		position.Key = urgencyKey(reasons[0])
	}
	institution := domain.InstitutionKey{Vendor: f.Vendor, ID: f.Bank.Institution.ID}
	switch before := p.filter.ConsentExpiresBefore; {
	case !p.request.After.IsZero() && position.Compare(p.request.After) <= 0,
		p.filter.Health != "" && f.Health.At(now, f.Consent).StatusOrUnknown() != p.filter.Health,
		!before.IsZero() && (f.Consent.ExpiresAt.IsZero() || !f.Consent.ExpiresAt.Before(before)),
		p.filter.Institution != domain.InstitutionKey{} && p.filter.Institution != institution,
		!strings.Contains(domain.FoldText(f.Name), p.folded):
		return
	}
	p.found = append(p.found, position)
	if enough := p.request.Limit + 1; len(p.found) >= 4*enough {
		p.found = p.first()
	}
}

// first returns the positions of the first connections of the list: at most one more than the page may contain.
func (p *connectionSelection) first() []domain.Position {
	domain.SortLarge(p.found, domain.Position.Compare)
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
