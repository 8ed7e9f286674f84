package application

import (
	"context"
	"slices"
	"sort"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// FindTransactions implements ports.Reader. It runs one search for each meaning of the text, and merges the results.
func (s *Service) FindTransactions(
	ctx context.Context, tenant domain.TenantID, typed string, filter domain.TransactionSearch,
	request domain.PageRequest,
) (ports.FoundTransactions, error) {
	if err := filter.Window.Validate(); err != nil {
		return ports.FoundTransactions{}, err
	}
	return readShared(ctx, s, tenant, func() (found ports.FoundTransactions, err error) {
		searches, terms, err := s.searchesOf(ctx, tenant, domain.ParseTyped(typed), filter)
		if err != nil {
			return found, err
		}
		if len(terms) == 0 {
			return found, domain.FieldError("q",
				"must be an amount, a tax number, a reference, a bank, or at least 3 characters of a name")
		}
		page, err := s.searchAny(ctx, tenant, searches, request)
		if err != nil {
			return found, err
		}
		found.Terms, found.Next = terms, page.Next
		found.Items, err = s.withPlaces(ctx, tenant, page.Items)
		return found, err
	})
}

// searchesOf returns a search for each term, and the terms in the same order. A term with a bank that the tenant does
// not have is left out.
func (s *Service) searchesOf(
	ctx context.Context, tenant domain.TenantID, all []domain.TypedTerm, filter domain.TransactionSearch,
) (searches []domain.TransactionSearch, terms []ports.SearchedTerm, err error) {
	for _, term := range all {
		search, searched := filter, ports.SearchedTerm{TypedTerm: term}
		search.Amount, search.BothDirections = term.Amount, term.Amount != nil && !term.Signed
		search.Currency = term.Currency
		search.Document, search.Reference, search.Text, search.ID = term.Document, term.Reference, term.Text,
			term.Transaction
		if term.Bank != "" {
			search.Among, searched.Banks, err = s.connectionsTo(ctx, tenant, term.Bank)
			if err != nil {
				return nil, nil, err
			}
			if len(search.Among) == 0 {
				continue
			}
		}
		searches, terms = append(searches, search), append(terms, searched)
	}
	return searches, terms, nil
}

// connectionsTo returns the connections to the banks that the typed text means, including deleted connections, and the
// names of the banks.
func (s *Service) connectionsTo(
	ctx context.Context, tenant domain.TenantID, typed string,
) (ids []domain.ConnectionID, names []string, err error) {
	connections, err := s.Connections.Brief(ctx, tenant, nil)
	for _, c := range connections {
		if domain.HasBankName(c.Institution.Name, typed) {
			ids, names = append(ids, c.ID), append(names, c.Institution.Name)
		}
	}
	slices.Sort(names)
	return ids, slices.Compact(names), err
}

// searchAny returns the transactions that match at least one of the searches, newest first. Each search has examined
// the transactions up to its next position, so the page ends at the newest of these positions.
func (s *Service) searchAny(
	ctx context.Context, tenant domain.TenantID, searches []domain.TransactionSearch, request domain.PageRequest,
) (page domain.Page[domain.Transaction], err error) {
	part := request
	part.MaxBytes = domain.MaxPageBytes / len(searches)
	var found []domain.Transaction
	for _, search := range searches {
		some, err := s.Ledger.Search(ctx, tenant, search, part)
		if err != nil {
			return page, err
		}
		found = append(found, some.Items...)
		if page.Next.IsZero() || !some.Next.IsZero() && some.Next.Compare(page.Next) > 0 {
			page.Next = some.Next
		}
	}
	sort.SliceStable(found, func(i, j int) bool { // slices would add 12 KiB of code for the large elements
		return found[j].DatePosition().Compare(found[i].DatePosition()) < 0
	})
	found = slices.CompactFunc(found, func(x, y domain.Transaction) bool { return x.ID == y.ID })
	for i, t := range found {
		if !page.Next.IsZero() && t.DatePosition().Compare(page.Next) < 0 {
			break
		}
		if i == request.Limit {
			page.Next = found[i-1].DatePosition()
			break
		}
		page.Items = append(page.Items, t)
	}
	return page, nil
}

// withPlaces returns the transactions with their connections and accounts.
func (s *Service) withPlaces(
	ctx context.Context, tenant domain.TenantID, transactions []domain.Transaction,
) ([]ports.FoundTransaction, error) {
	if len(transactions) == 0 {
		return nil, nil
	}
	connections := make([]domain.ConnectionID, len(transactions))
	accounts := make([]domain.AccountID, len(transactions))
	for i, t := range transactions {
		connections[i], accounts[i] = t.Connection, t.AccountID
	}
	brief, err := s.Connections.Brief(ctx, tenant, compacted(connections))
	if err != nil {
		return nil, err
	}
	stored, err := s.Ledger.BriefAccounts(ctx, tenant, compacted(accounts))
	if err != nil {
		return nil, err
	}
	connectionOf, accountOf := map[domain.ConnectionID]domain.BriefConnection{}, map[domain.AccountID]domain.Account{}
	for _, c := range brief {
		connectionOf[c.ID] = c
	}
	for _, a := range stored {
		accountOf[a.ID] = a
	}
	found := make([]ports.FoundTransaction, len(transactions))
	for i, t := range transactions {
		found[i] = ports.FoundTransaction{
			Transaction: t, Connection: connectionOf[t.Connection], Account: accountOf[t.AccountID],
		}
	}
	return found, nil
}

// compacted returns the ids without duplicates, sorted.
func compacted[T any](ids []domain.ID[T]) []domain.ID[T] {
	domain.SortLarge(ids, domain.ID[T].Compare)
	return slices.Compact(ids)
}
