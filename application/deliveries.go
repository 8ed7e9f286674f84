package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ListDeliveries implements ports.DeliveryLog.
func (s *Service) ListDeliveries(
	ctx context.Context, tenant domain.TenantID, filter ports.DeliveryFilter, page domain.PageRequest,
) (domain.Page[domain.Delivery], error) {
	indexed := filter.Status == "" && filter.EventID == ""
	return readFiltered(ctx, s, tenant, indexed, func() (domain.Page[domain.Delivery], error) {
		return s.Deliveries.List(ctx, tenant, filter, page)
	})
}

// GetDelivery implements ports.DeliveryLog.
func (s *Service) GetDelivery(
	ctx context.Context, tenant domain.TenantID, id domain.DeliveryID,
) (domain.Delivery, error) {
	return s.Deliveries.Get(ctx, tenant, id)
}

// ReplayDelivery implements ports.DeliveryLog.
func (s *Service) ReplayDelivery(
	ctx context.Context, tenant domain.TenantID, id domain.DeliveryID,
) (domain.Delivery, error) {
	if _, err := s.Deliveries.Get(ctx, tenant, id); err != nil {
		return domain.Delivery{}, err
	}
	replayed, err := s.replay(ctx, tenant, []domain.DeliveryID{id})
	if err != nil {
		return domain.Delivery{}, err
	}
	if len(replayed) == 0 {
		return domain.Delivery{}, &domain.Error{
			Kind: domain.Conflict, Message: "the delivery requests no pull, or its connection was deleted",
		}
	}
	return replayed[0], nil
}

// ReplayDeliveries implements ports.DeliveryLog.
func (s *Service) ReplayDeliveries(
	ctx context.Context, tenant domain.TenantID, filter ports.DeliveryFilter, limit int,
) ([]domain.Delivery, error) {
	var ids []domain.DeliveryID
	for after := (domain.Position{}); ; {
		page, err := s.Deliveries.List(ctx, tenant, filter, domain.PageRequest{Limit: limit - len(ids), After: after})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Items {
			ids = append(ids, d.ID)
		}
		if after = page.Next; after.IsZero() || len(ids) >= limit {
			break
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return s.replay(ctx, tenant, ids)
}

func (s *Service) replay(
	ctx context.Context, tenant domain.TenantID, ids []domain.DeliveryID,
) ([]domain.Delivery, error) {
	entries := func() []domain.AuditEntry {
		objects := make([]string, len(ids))
		for i, id := range ids {
			objects[i] = id.String()
		}
		return s.audits.Entries(
			ctx,
			"delivery.replay",
			objects...) // the store drops the entries of the other deliveries
	}
	replayed, err := s.Deliveries.Replay(ctx, tenant, ids, s.Clock.Now(), entries, s.newPullID)
	for _, d := range replayed {
		s.audits.Emit(ctx, tenant, "delivery.replay", d.ID.String())
	}
	return replayed, err
}
