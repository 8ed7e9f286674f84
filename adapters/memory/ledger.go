package memory

import (
	"context"
	"iter"
	"strconv"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// ledger implements ports.Ledger on a Store.
type ledger struct{ *Store }

// Accounts compares the tenant of each row, because a caller that knows the id of another tenant's
// connection must not be able to read its accounts.
func (v ledger) Accounts(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest) (domain.Page[domain.Account], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Accounts", func() (domain.Page[domain.Account], error) {
		var found []domain.Account
		for id, accounts := range v.accounts {
			for _, a := range accounts {
				if a.Tenant == tenant && (connection.IsZero() || id == connection) {
					found = append(found, cloneAccount(a.Account))
				}
			}
		}
		return cutPage(found, page, byName, func(a domain.Account) domain.Position {
			return domain.Position{Key: a.ExternalID, ID: a.ID.UUID}
		})
	})
}

// Account searches all accounts, because no map contains them by id.
func (v ledger) Account(ctx context.Context, tenant domain.TenantID, id domain.AccountID) (domain.Account, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Account", func() (domain.Account, error) {
		if a := v.accountOf(tenant, id); a != nil {
			return cloneAccount(a.Account), nil
		}
		return domain.Account{}, domain.NotFoundError()
	})
}

// Transaction searches all transactions, because no map contains them by id.
func (v ledger) Transaction(ctx context.Context, tenant domain.TenantID,
	id domain.TransactionID) (domain.Transaction, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Transaction", func() (domain.Transaction, error) {
		if row := v.rowByID(tenant, id); row != nil {
			return cloneTransaction(row.Transaction), nil
		}
		return domain.Transaction{}, domain.NotFoundError()
	})
}

// Search examines all transactions of the tenant, so only the last page can have fewer items than requested.
func (v ledger) Search(ctx context.Context, tenant domain.TenantID, search domain.TransactionSearch,
	page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Search", func() (domain.Page[domain.Transaction], error) {
		var found []domain.Transaction
		for t := range v.transactionsOf(tenant) {
			if search.Matches(t) {
				found = append(found, cloneTransaction(t))
			}
		}
		return cutPage(found, page, byDate, domain.Transaction.DatePosition)
	})
}

// IndexTexts does nothing: Search examines all transactions.
func (v ledger) IndexTexts(ctx context.Context, _ int) (int, error) {
	return 0, v.exclusive(ctx, "Ledger.IndexTexts", func() error { return nil })
}

// Sum adds the amounts of all matching transactions.
func (v ledger) Sum(
	ctx context.Context, tenant domain.TenantID, f domain.SumFilter,
) ([]domain.DayTotal, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Sum", func() ([]domain.DayTotal, error) {
		var all []domain.DayTotal
		for t := range v.transactionsOf(tenant) {
			if f.Matches(&t) {
				all = append(all, domain.DayTotal{Date: t.Date, Total: domain.TotalOf(&t)})
			}
		}
		if all = domain.SumDays(all); len(all) > domain.MaxDayTotals {
			return nil, domain.TooManyDays()
		}
		return all, nil
	})
}

// transactionsOf returns the transactions of all connections of the tenant, in any order. They are not
// copies.
func (s *Store) transactionsOf(tenant domain.TenantID) iter.Seq[domain.Transaction] {
	return func(yield func(domain.Transaction) bool) {
		for _, rows := range s.transactions {
			for _, t := range rows {
				if t.Tenant == tenant && !yield(t.Transaction) {
					return
				}
			}
		}
	}
}

// Transactions returns pages ordered by transaction date. A row whose date changes between two
// pages moves, and may be returned twice or not at all.
func (v ledger) Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	f ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Transactions", func() (domain.Page[domain.Transaction], error) {
		var found []domain.Transaction
		for _, t := range v.transactions[connection] {
			version, exists := t.asOf(f.AsOf)
			if exists && t.Tenant == tenant && matches(f, version) && v.hasExternalID(t, f.ExternalID) {
				found = append(found, cloneTransaction(version))
			}
		}
		return cutPage(found, page, byDate, domain.Transaction.DatePosition)
	})
}

// matches reports whether the filter selects the transaction. A member of the filter that is zero
// selects every transaction.
func matches(f ports.TransactionFilter, t domain.Transaction) bool {
	return f.Window.Contains(t.Date) && (f.Account.IsZero() || t.AccountID == f.Account) &&
		(f.Status == "" || t.Status == f.Status)
}

// hasExternalID reports whether the transaction has this external id, or had it before. It returns true for "".
func (s *Store) hasExternalID(t *transaction, externalID string) bool {
	return externalID == "" || s.pastIDs[t.Connection][externalID] == t.ID ||
		t.ExternalID == externalID && t.SupersededBy.IsZero()
}

// Changes reads the tenant's feed. A position is the number of feed entries that a reader has already received. Entries
// are only appended, and the mutex is locked from the change to its commit. No entry is ever inserted before a
// position.
func (v ledger) Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Changes", func() (domain.FeedPage, error) {
		feed := v.changes[tenant]
		if page.After == domain.FeedEnd {
			return domain.FeedPage{Next: domain.Position{Key: strconv.Itoa(len(feed))}}, nil
		}
		read, err := entriesRead(page.After)
		if err != nil {
			return domain.FeedPage{}, err
		}
		found, result := domain.PageBuilder[domain.Transaction]{Request: page}, domain.FeedPage{}
		for read = min(read, len(feed)); read < len(feed); read++ {
			entry := feed[read]
			if entry.row.Version != entry.version {
				continue
			}
			if result.More = found.Complete() || found.Full(); result.More {
				break
			}
			t := cloneTransaction(entry.row.Transaction)
			t.Adjusts = v.earliestAdjusted(entry.row)
			if n := len(entry.row.replaced); n > 0 {
				t.Changed = domain.ChangedMembers(&entry.row.replaced[n-1], &t)
			} else if t.Erased() {
				t.Changed = domain.ChangedMembers(nil, &t)
			}
			found.Add(t)
		}
		result.Items = found.Items
		result.Next = domain.Position{Key: strconv.Itoa(read)}
		return result, nil
	})
}

// FeedHold returns the zero FeedHold: readers never see an unfinished write, so no writer holds the feed
// back.
func (v ledger) FeedHold(ctx context.Context) (ports.FeedHold, error) {
	return ports.FeedHold{}, v.exclusive(ctx, "Ledger.FeedHold", func() error { return nil })
}

// entriesRead parses a position of the feed. It returns the number of entries that were read
// before that position. Errors: Invalid on "cursor".
func entriesRead(after domain.Position) (int, error) {
	if after.IsZero() {
		return 0, nil
	}
	read, err := strconv.ParseUint(after.Key, 10, 31)
	if err != nil || after.ID != uuid.Nil {
		return 0, foreignCursor()
	}
	return int(read), nil
}
