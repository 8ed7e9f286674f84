package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// RequestPull implements ports.PullService.
func (s *Service) RequestPull(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, w domain.Window,
) (domain.Pull, error) {
	if err := w.Validate(); err != nil {
		return domain.Pull{}, err
	}
	scope := domain.PullScope{Everything: true}
	if w != (domain.Window{}) {
		scope = domain.PullScope{Window: &w}
	}
	entries := s.audits.EntriesOf(ctx, "pull.request", connection.String())
	p, err := s.Pulls.Request(ctx, tenant, connection, ports.PullRequest{
		ID:      s.newPullID(),
		Scope:   scope,
		Trigger: domain.TriggerOperator,
		At:      s.Clock.Now(),
		Trace:   s.Tracer.Inject(ctx),
	}, entries)
	if err == nil {
		s.audits.Emit(ctx, tenant, "pull.request", connection.String())
	}
	return p, err
}

// GetPull implements ports.PullService.
func (s *Service) GetPull(ctx context.Context, tenant domain.TenantID, id domain.PullID) (domain.Pull, error) {
	return s.Pulls.Get(ctx, tenant, id)
}

// ListPulls implements ports.PullService.
func (s *Service) ListPulls(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, page domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	if err := s.requireConnection(ctx, tenant, connection); err != nil {
		return domain.Page[domain.Pull]{}, err
	}
	return s.Pulls.List(ctx, tenant, ports.PullFilter{Connection: connection}, page)
}

// ListTenantPulls implements ports.PullService.
func (s *Service) ListTenantPulls(
	ctx context.Context, tenant domain.TenantID, filter ports.PullFilter, page domain.PageRequest,
) (domain.Page[domain.Pull], error) {
	indexed := filter.State == "" || filter.State == domain.PullFailed && filter.Connection.IsZero()
	return readFiltered(ctx, s, tenant, indexed, func() (domain.Page[domain.Pull], error) {
		return s.Pulls.List(ctx, tenant, filter, page)
	})
}

// requireConnection returns NotFound unless the id belongs to a live aggregator connection of the
// tenant.
func (s *Service) requireConnection(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
) error {
	_, err := s.Connections.Get(ctx, tenant, domain.Aggregator, connection)
	return err
}
