package memory

import (
	"context"
	"maps"
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
		rows := matching(maps.Values(v.accounts[connection]),
			func(a *domain.Account) bool { return a.Tenant == tenant }, cloneAccount)
		return cutPage(rows, page, ascending, func(a domain.Account) domain.Position {
			return domain.Position{Key: a.ExternalID, ID: a.ID.UUID}
		}), nil
	})
}

// Transactions returns pages ordered by transaction date. A row whose date changes between two
// pages moves, and may be returned twice or not at all.
func (v ledger) Transactions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	f ports.TransactionFilter, page domain.PageRequest,
) (domain.Page[domain.Transaction], error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Transactions", func() (domain.Page[domain.Transaction], error) {
		if err := checkDate(page.After); err != nil {
			return domain.Page[domain.Transaction]{}, err
		}
		rows := func(yield func(domain.Transaction) bool) {
			for _, t := range v.transactions[connection] {
				if t.Tenant == tenant && matches(f, t.Transaction) && !yield(cloneTransaction(t.Transaction)) {
					return
				}
			}
		}
		return cutPage(rows, page, descending, func(t domain.Transaction) domain.Position {
			return domain.Position{Key: string(t.Date), ID: t.ID.UUID}
		}), nil
	})
}

// matches reports whether the filter selects the transaction. A member of the filter that is zero
// selects every transaction.
func matches(f ports.TransactionFilter, t domain.Transaction) bool {
	return f.Window.Contains(t.Date) && (f.Account.IsZero() || t.AccountID == f.Account) &&
		(f.Status == "" || t.Status == f.Status)
}

// Changes reads the tenant's feed. A position is the number of entries that were already read.
// Entries are appended in the order of their commits, because of the mutex, so that no entry is
// ever inserted before a position.
func (v ledger) Changes(ctx context.Context, tenant domain.TenantID, page domain.PageRequest) (domain.FeedPage, error) {
	return exclusiveResult(ctx, v.Store, "Ledger.Changes", func() (domain.FeedPage, error) {
		read, err := entriesRead(page.After)
		if err != nil {
			return domain.FeedPage{}, err
		}
		feed := v.changes[tenant]
		result := domain.FeedPage{}
		for read = min(read, len(feed)); read < len(feed); read++ {
			entry := feed[read]
			if entry.row.Version != entry.version {
				continue
			}
			if len(result.Items) == page.Limit {
				result.More = true
				break
			}
			result.Items = append(result.Items, cloneTransaction(entry.row.Transaction))
		}
		result.Next = domain.Position{Key: strconv.Itoa(read)}
		return result, nil
	})
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
