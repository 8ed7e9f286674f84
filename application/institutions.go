package application

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ListInstitutions implements ports.ConnectionManager.
func (s *Service) ListInstitutions(
	ctx context.Context, tenant domain.TenantID, request domain.PageRequest,
) (domain.Page[domain.InstitutionStatus], error) {
	return readShared(ctx, s, tenant, func() (domain.Page[domain.InstitutionStatus], error) {
		return s.pageOfInstitutions(ctx, tenant, request)
	})
}

// pageOfInstitutions groups the facts about all connections of the tenant, and reads the activity of the banks of the
// page only.
func (s *Service) pageOfInstitutions(
	ctx context.Context, tenant domain.TenantID, request domain.PageRequest,
) (page domain.Page[domain.InstitutionStatus], err error) {
	banks, err := s.institutions(ctx, tenant)
	if err != nil {
		return page, err
	}
	for _, bank := range banks {
		if institutionPosition(bank).Compare(request.After) <= 0 {
			continue
		}
		if len(page.Items) == request.Limit {
			page.Next = institutionPosition(page.Items[request.Limit-1])
			break
		}
		page.Items = append(page.Items, bank)
	}
	keys := make([]domain.InstitutionKey, len(page.Items))
	for i, bank := range page.Items {
		keys[i] = bank.InstitutionKey
	}
	since := s.Clock.Now().AddDate(0, 0, -domain.InstitutionDays)
	activity, err := s.Connections.InstitutionActivity(ctx, tenant, keys, since, s.coverage())
	for i, key := range keys {
		page.Items[i].Activity = activity[key]
	}
	return page, err
}

// institutions returns the banks of the tenant's connections in the order of ListInstitutions, without their activity.
func (s *Service) institutions(ctx context.Context, tenant domain.TenantID) ([]domain.InstitutionStatus, error) {
	now, banks := s.Clock.Now(), map[domain.InstitutionKey]*domain.InstitutionStatus{}
	err := s.Connections.VisitFacts(ctx, tenant, nil, func(f *domain.ConnectionFacts) error {
		key := domain.InstitutionKey{Vendor: f.Vendor, ID: f.Bank.Institution.ID}
		if key.ID == "" {
			return nil
		}
		if banks[key] == nil {
			banks[key] = &domain.InstitutionStatus{InstitutionKey: key}
		}
		banks[key].Add(f, f.Attention(now, s.attentionGrace()))
		return nil
	})
	all := make([]domain.InstitutionStatus, 0, len(banks))
	for _, bank := range banks {
		all = append(all, *bank)
	}
	domain.SortLarge(all, func(x, y domain.InstitutionStatus) int {
		return institutionPosition(x).Compare(institutionPosition(y))
	})
	return all, err
}

// institutionPosition returns the position of a bank in the list of banks. The separator is less than every letter, so
// that a name is less than all longer names.
func institutionPosition(s domain.InstitutionStatus) domain.Position {
	const separator = "\x1f"
	return domain.Position{Key: s.Name + separator + string(s.Vendor) + separator + s.ID}
}
