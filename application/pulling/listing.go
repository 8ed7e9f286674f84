package pulling

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// listing is the vendor's list of accounts.
type listing struct {
	// initial is set if no pull has succeeded since the connection got its current target, or if an account of the list
	// continues a former one (see journal.stageAgain).
	initial bool
	at      time.Time // when the accounts and their balances were requested
	// inconsistent is set if the list contradicts itself. It then proves nothing about the accounts that it lacks.
	inconsistent bool

	externalIDs []string             // of all accounts; "" means an id that cannot be read
	accounts    []domain.AccountData // accounts with a known external id, including unreadable ones
	readable    []domain.AccountData
	unreadable  []string // the keys in the quarantine of accounts that cannot be read
	// maybe contains, by external id, the accounts of deleted connections that an account of a new connection may
	// continue.
	maybe map[string][]domain.AccountID
	// unlisted contains the external ids of accounts that rows name, and that the list did not contain when it was read
	// again; see confirmUnlisted.
	unlisted map[string]bool
}

// listAccounts reads the accounts of the account reference and stores them.
func (l *link) listAccounts(ctx context.Context) error {
	if err := l.checkNotPaused(ctx); err != nil {
		return err
	}
	l.noteConsentBefore(ctx)
	l.listed.at = l.Clock.Now()
	all, err := l.vendor.Accounts(ctx, l.access)
	if l.listed.inconsistent = errors.Is(err, ports.ErrInconsistentAccounts); err != nil && !l.listed.inconsistent {
		return err
	}
	for i := range all {
		all[i].Institution = l.status.Institution()
	}
	var changes quarantineChanges
	readable := l.journal.quarantine.sortAccounts(all, &changes)
	var maybe map[string][]domain.AccountID
	if l.journal.staging, maybe, err = l.decideStaging(ctx, readable); err != nil {
		return err
	}
	l.listed = l.listed.with(all, readable, maybe)
	w := ports.PageWrite{
		Accounts: readable, Listed: true, Present: l.listed.externalIDs, MaybeContinues: maybe,
		Quarantined: changes.added, Released: changes.released, Progress: l.journal.progress,
	}
	err = l.journal.store(ctx, w)
	if !errors.Is(err, domain.AccountContinues) {
		return err
	}
	// The write has staged the reference again. All accounts are read as under a new reference.
	l.listed.initial, w.Progress = true, l.journal.progress
	return l.journal.store(ctx, w)
}

// confirmUnlisted reads the list of accounts again if rows name an account that it lacks. It returns
// errAccountsChanged if the list contains the account now: the vendor may have given an account another id after the
// list was read. The attempt must then end before it stores the rows, because only a write with the new list finds the
// account that the new one continues (AccountContinues).
func (l *link) confirmUnlisted(ctx context.Context, named []domain.AccountData) error {
	isUnconfirmed := func(account domain.AccountData) bool {
		return !l.listed.unlisted[account.ExternalID] && !slices.Contains(l.listed.externalIDs, account.ExternalID)
	}
	if !slices.ContainsFunc(named, isUnconfirmed) {
		return nil
	}
	if err := l.checkNotPaused(ctx); err != nil {
		return err
	}
	all, err := l.vendor.Accounts(ctx, l.access)
	if err != nil && !errors.Is(err, ports.ErrInconsistentAccounts) {
		return err
	}
	if l.listed.unlisted == nil {
		l.listed.unlisted = map[string]bool{}
	}
	for _, account := range named {
		isAccount := func(other domain.AccountData) bool { return other.ExternalID == account.ExternalID }
		if isUnconfirmed(account) && slices.ContainsFunc(all, isAccount) {
			return errAccountsChanged
		}
		l.listed.unlisted[account.ExternalID] = true
	}
	return nil
}

// errAccountsChanged ends an attempt because the vendor lists other accounts than at its start.
var errAccountsChanged = &domain.Error{Kind: domain.Unavailable, Code: domain.ListChanged}

// with returns the listing with its accounts: all that the vendor lists, and those that can be read.
func (l listing) with(all, readable []domain.AccountData, maybe map[string][]domain.AccountID) listing {
	l.readable, l.maybe = readable, maybe
	for i := range all {
		l.externalIDs = append(l.externalIDs, all[i].ExternalID)
		if all[i].ExternalID != "" {
			l.accounts = append(l.accounts, all[i])
		}
		if all[i].Unreadable != "" {
			l.unreadable = append(l.unreadable, all[i].Quarantined().ID)
		}
	}
	return l
}

// known returns the external ids of the accounts, without those that cannot be read.
func (l listing) known() []string {
	ids := make([]string, len(l.accounts))
	for i := range l.accounts {
		ids[i] = l.accounts[i].ExternalID
	}
	return ids
}

// decideStaging decides before the first page is read whether the rows of the pull are staged: stored, but invisible
// until they are published. They are staged if both conditions hold:
//   - The connection has a new account reference.
//   - One of the vendor's accounts may be the same bank account as an account of an earlier reference, or it is the
//     same one as an account of a deleted connection.
//
// The first result is nil if the rows are not staged. The second one is listing.maybe.
//
// Once rows are staged, all later attempts also stage rows until the rows are published. A later attempt may not see
// the account that caused the decision, because a vendor's list may omit an account temporarily.
func (l *link) decideStaging(
	ctx context.Context, readable []domain.AccountData,
) (*staging, map[string][]domain.AccountID, error) {
	if !l.Connection.NewReference {
		return nil, nil, nil
	}
	if !l.Connection.StagedSince.IsZero() {
		return &staging{}, nil, nil
	}
	former, err := l.Pulls.FormerAccounts(ctx, l.lease)
	if err != nil {
		return nil, nil, err
	}
	staged, open := false, slices.Clone(readable)
	var maybe map[string][]domain.AccountID
	for before := range groupsOf(former) {
		if before[0].Connection == l.Connection.ID {
			staged = slices.ContainsFunc(before, func(account ports.FormerAccount) bool {
				return !account.IsOf(l.Connection.AccountRef)
			})
			open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
				return slices.ContainsFunc(before, func(known ports.FormerAccount) bool {
					return known.ExternalID == account.ExternalID
				})
			})
			continue
		}
		recognized, _ := l.relinked(before, open).Recognize(nil, nil)
		staged = staged || len(recognized.Pairs) > 0
		maybe = withMaybe(maybe, recognized, before[0].DeletedAt, l.Clock.Now())
	}
	if !staged {
		return nil, maybe, nil
	}
	return &staging{}, maybe, nil
}

// withMaybe returns the map with the accounts of a connection that the new ones may continue, if the connection was
// deleted recently. It may change the map.
func withMaybe(
	maybe map[string][]domain.AccountID, found matching.RecognizedAccounts, deletedAt, now time.Time,
) map[string][]domain.AccountID {
	if now.Sub(deletedAt) > domain.MaxMaybeContinued {
		return maybe
	}
	for externalID, accounts := range found.Maybe {
		if maybe == nil {
			maybe = map[string][]domain.AccountID{}
		}
		maybe[externalID] = append(maybe[externalID], accounts...)
	}
	return maybe
}

// groupsOf returns the accounts in groups, one for each connection. The accounts of a connection must be adjacent.
func groupsOf(accounts []ports.FormerAccount) func(yield func([]ports.FormerAccount) bool) {
	return func(yield func([]ports.FormerAccount) bool) {
		for len(accounts) > 0 {
			other := slices.IndexFunc(accounts, func(account ports.FormerAccount) bool {
				return account.Connection != accounts[0].Connection
			})
			if other < 0 {
				other = len(accounts)
			}
			if !yield(accounts[:other]) {
				return
			}
			accounts = accounts[other:]
		}
	}
}

// relinked returns the input for recognising accounts. former are the accounts of one connection.
func (l *link) relinked(former []ports.FormerAccount, accounts []domain.AccountData) matching.RelinkedAccounts {
	r := matching.RelinkedAccounts{
		Occasion: matching.NewConnection, After: accounts, Identity: identityOf(l.vendor),
		Decided: l.Connection.Ambiguity.Continues, Ended: l.Connection.Ambiguity.Ended,
	}
	if former[0].Connection == l.Connection.ID {
		r.Occasion = matching.SameConnection
	}
	for _, account := range former {
		r.Before = append(r.Before, account.Account)
	}
	return r
}

// identityOf returns a vendor's function for identifying accounts. If the vendor has none, the returned function
// identifies no account.
func identityOf(vendor ports.Aggregator) func(domain.AccountData) domain.AccountIdentity {
	if identifier, ok := vendor.(ports.AccountIdentifier); ok {
		return identifier.AccountIdentity
	}
	return func(domain.AccountData) domain.AccountIdentity { return domain.AccountIdentity{} }
}
