package application

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// CoverageOfDay implements ports.Reader. It reads all accounts and the facts about all connections, each with one
// query.
func (s *Service) CoverageOfDay(
	ctx context.Context, tenant domain.TenantID, day domain.Date, bank domain.InstitutionKey,
	request domain.PageRequest,
) (ports.DayCoverage, error) {
	yesterday := s.coverage().Day(s.Clock.Now()).AddDays(-1)
	if day = cmp.Or(day, yesterday); day > yesterday {
		return ports.DayCoverage{}, domain.FieldError("day", "must be a day that has ended at CLOSE_OFFSET")
	}
	return readShared(ctx, s, tenant, func() (ports.DayCoverage, error) {
		connections, err := s.uncoveredConnections(ctx, tenant, bank)
		if err != nil {
			return ports.DayCoverage{}, err
		}
		accounts, err := s.Ledger.BriefAccounts(ctx, tenant, nil)
		if err != nil {
			return ports.DayCoverage{}, err
		}
		covered := ports.DayCoverage{Day: day, Accounts: map[domain.DayState]int{}}
		banks := map[domain.InstitutionKey]*ports.BankCoverage{}
		for _, account := range accounts {
			if connection := connections[account.Connection]; connection != nil {
				s.addAccount(&covered, banks, *connection, account)
			}
		}
		for _, b := range banks {
			covered.Banks = append(covered.Banks, *b)
		}
		domain.SortLarge(covered.Banks, func(x, y ports.BankCoverage) int {
			return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Vendor, y.Vendor), cmp.Compare(x.ID, y.ID))
		})
		domain.SortLarge(covered.Items, func(x, y ports.UncoveredAccount) int {
			return uncoveredPosition(x).Compare(uncoveredPosition(y))
		})
		covered.Page = pageAfter(covered.Items, request)
		return covered, nil
	})
}

// uncoveredConnections returns what an account of each live connection states about its connection. A bank that is not
// zero selects the connections to it.
func (s *Service) uncoveredConnections(
	ctx context.Context, tenant domain.TenantID, bank domain.InstitutionKey,
) (map[domain.ConnectionID]*ports.UncoveredAccount, error) {
	now, found := s.Clock.Now(), map[domain.ConnectionID]*ports.UncoveredAccount{}
	err := s.Connections.VisitFacts(ctx, tenant, nil, func(f *domain.ConnectionFacts) error {
		institution := f.Bank.Institution
		if (bank != domain.InstitutionKey{} && bank != domain.InstitutionKey{Vendor: f.Vendor, ID: institution.ID}) {
			return nil
		}
		found[f.ID] = &ports.UncoveredAccount{
			Paused: f.Paused, Connection: domain.BriefConnection{
				ID: f.ID, Vendor: f.Vendor, Name: f.Name, Institution: institution,
			},
			Reasons: slices.DeleteFunc(f.Attention(now, s.attentionGrace()), func(a domain.Attention) bool {
				return !a.Reason.StopsReading()
			}),
		}
		return nil
	})
	return found, err
}

// addAccount counts an account of a connection, and adds it to the items unless it covers the day.
func (s *Service) addAccount(
	covered *ports.DayCoverage, banks map[domain.InstitutionKey]*ports.BankCoverage,
	account ports.UncoveredAccount, stored domain.Account,
) {
	institution := account.Connection.Institution
	key := domain.InstitutionKey{Vendor: account.Connection.Vendor, ID: institution.ID}
	if banks[key] == nil {
		banks[key] = &ports.BankCoverage{InstitutionKey: key}
	}
	bank, rules := banks[key], s.coverage()
	bank.Name = max(bank.Name, institution.Name)
	bank.Accounts++
	account.State = rules.StateOf(covered.Day, stored.BankReadAt, stored.Currency)
	covered.Accounts[account.State]++
	if account.State == domain.DayCovered {
		bank.Covered++
		return
	}
	s.describeAccount(&stored)
	account.Account, account.CoveredFrom = stored, rules.From(covered.Day, stored.Currency)
	covered.Items = append(covered.Items, account)
}

// uncoveredPosition returns the position of an account in the list of CoverageOfDay. The separator is less than every
// letter, so that a name is less than all longer names.
func uncoveredPosition(a ports.UncoveredAccount) domain.Position {
	const separator = "\x1f"
	order := map[domain.DayState]string{domain.DayNotRead: "1", domain.DayUndated: "2", domain.DayReadSince: "3"}
	return domain.Position{
		Key: strings.Join([]string{order[a.State], a.Connection.Institution.Name, a.Connection.Name}, separator),
		ID:  a.Account.ID.UUID,
	}
}

// pageAfter returns the items after the position of the request. The items are in the order of their positions.
func pageAfter(items []ports.UncoveredAccount, request domain.PageRequest) (page domain.Page[ports.UncoveredAccount]) {
	first := slices.IndexFunc(items, func(a ports.UncoveredAccount) bool {
		return uncoveredPosition(a).Compare(request.After) > 0
	})
	if first < 0 {
		return page
	}
	page.Items = items[first:]
	if len(page.Items) > request.Limit {
		page.Items = page.Items[:request.Limit]
		page.Next = uncoveredPosition(page.Items[request.Limit-1])
	}
	return page
}
