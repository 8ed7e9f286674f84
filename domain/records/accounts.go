package records

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// Account is a stored account with its state in the vendor's list of accounts.
type Account struct {
	domain.Account

	Key         string        // see domain.AccountIdentity.Key
	Listed      bool          // the vendor has listed the account; if not, it is known only from rows
	AbsentSince domain.PullID // the first pull whose list lacked the account; zero while the account is listed
	Held        domain.Hold   // since when its removal is delayed; see SweepAccounts
}

// AccountSource reads stored accounts. Its methods change nothing.
type AccountSource interface {
	// Accounts returns the selected accounts.
	Accounts(of AccountsOf) ([]Account, error)
}

// AccountsOf selects stored accounts by one of its members.
type AccountsOf struct {
	ExternalIDs []string // the connection's accounts with these external ids
	// Keys selects the accounts that have one of the keys: accounts of the connection, and accounts of deleted
	// connections of the same tenant and vendor, except connections that are being erased.
	Keys   []string
	Listed bool // the accounts of the connection that the vendor has listed
}

// AccountChanges lists the changes that a write makes to the accounts of a connection.
type AccountChanges struct {
	Save   []Account // new accounts, and stored accounts with a new state
	Events []Event
	// FirstStored contains the external ids under which no account was stored before.
	FirstStored []string
	// Removed contains the external ids of accounts that were marked as removed by a listing. The store forgets the
	// remembered absences and announced removals of their rows.
	Removed []string
}

// save adds an account, and events about it.
func (c *AccountChanges) save(a Account, types ...events.EventType) {
	c.Save = append(c.Save, a)
	for _, t := range types {
		c.Events = append(c.Events, Event{t, a.ID.String()})
	}
}

// ModifiedAccount returns the event that an account was modified.
func ModifiedAccount(id domain.AccountID) Event { return Event{events.AccountModified, id.String()} }

// StoreAccounts decides how a page changes the accounts of its connection. It also returns the ids of the page's
// accounts by external id. A stored account keeps its id. An account that does not change is not saved.
//
// Errors: AccountContinues (Conflict) if a new account has the key of a former account, which was read under another
// account reference or belongs to a deleted connection, or if it may be an account that the vendor lists no longer;
// those of the source.
func StoreAccounts(w PageWrite, v View, source AccountSource) (
	changes AccountChanges, ids map[string]domain.AccountID, err error,
) {
	if len(w.Accounts) == 0 {
		return AccountChanges{}, nil, nil
	}
	externalIDs := make([]string, len(w.Accounts))
	for i := range w.Accounts {
		externalIDs[i] = w.Accounts[i].ExternalID
	}
	listed, err := source.Accounts(AccountsOf{ExternalIDs: externalIDs})
	if err != nil {
		return AccountChanges{}, nil, err
	}
	stored := make(map[string]*Account, len(listed))
	for i := range listed {
		stored[listed[i].ExternalID] = &listed[i]
	}
	ids = make(map[string]domain.AccountID, len(w.Accounts))
	added := map[string]bool{} // keys
	for _, data := range w.Accounts {
		before := stored[data.ExternalID]
		if before == nil {
			a := v.newAccount(data, w)
			ids[data.ExternalID], added[a.Key] = a.ID, true
			changes.FirstStored = append(changes.FirstStored, data.ExternalID)
			changes.save(a, events.AccountAdded)
			continue
		}
		ids[data.ExternalID] = before.ID
		if a := before.with(data, w.KeyOf(data), w.Listed); !a.equal(*before) {
			a.UpdatedAt = w.At
			changes.save(a, events.AccountModified)
		}
	}
	if err := checkReplaces(w, changes.FirstStored, source); err != nil {
		return changes, ids, err
	}
	return changes, ids, checkContinues(added, w.AccountRef, v.Connection, source)
}

// checkReplaces returns the error AccountContinues if a new account of the vendor's list may be the same as an account
// that the list lacks: the vendor may have given it another id. Only a complete read shows whether it is.
func checkReplaces(w PageWrite, added []string, source AccountSource) error {
	if len(added) == 0 || w.Present == nil || slices.Contains(w.Present, "") {
		return nil
	}
	known, err := source.Accounts(AccountsOf{Listed: true})
	if err != nil {
		return err
	}
	relinked := matching.RelinkedAccounts{Identity: func(account domain.AccountData) domain.AccountIdentity {
		if w.Identity == nil {
			return domain.AccountIdentity{}
		}
		return w.Identity(account)
	}}
	for _, a := range known {
		if !slices.Contains(w.Present, a.ExternalID) {
			relinked.Before = append(relinked.Before, a.Account)
		}
	}
	for _, account := range w.Accounts {
		if slices.Contains(added, account.ExternalID) {
			relinked.After = append(relinked.After, account)
		}
	}
	if found, _ := relinked.Recognize(nil, nil); found.ByRows || len(found.Pairs) > 0 {
		return &domain.Error{Kind: domain.Conflict, Code: domain.AccountContinues}
	}
	return nil
}

// checkContinues returns the error AccountContinues if an account of an earlier account reference, or of a deleted
// connection, has one of the keys.
func checkContinues(
	keys map[string]bool, accountRef string, connection domain.ConnectionID, source AccountSource,
) error {
	if delete(keys, ""); len(keys) == 0 {
		return nil
	}
	known, err := source.Accounts(AccountsOf{Keys: slices.Sorted(maps.Keys(keys))})
	for _, a := range known {
		if a.Connection != connection || !a.IsOf(accountRef) {
			return &domain.Error{Kind: domain.Conflict, Code: domain.AccountContinues}
		}
	}
	return err
}

// newAccount returns an account that is stored for the first time.
func (v View) newAccount(data domain.AccountData, w PageWrite) Account {
	a := Account{Account: domain.Account{
		ID: domain.AccountID{UUID: w.NewID().UUID}, Tenant: v.Tenant, Connection: v.Connection, Vendor: v.Vendor,
		FirstSeenAt: w.At, UpdatedAt: w.At, MaybeContinues: w.MaybeContinues[data.ExternalID],
		References: []domain.AccountReference{{AccountRef: w.AccountRef, ExternalID: data.ExternalID, From: w.At}},
	}}
	return a.with(data, w.KeyOf(data), w.Listed)
}

// with returns the account with the given data and key. If isListed is set, the vendor lists the account, so it is not
// removed.
func (a Account) with(data domain.AccountData, key string, isListed bool) Account {
	a.AccountData, a.Key = data, key
	if isListed {
		a.Listed, a.AbsentSince, a.RemovedAt, a.Held = true, domain.PullID{}, time.Time{}, domain.Hold{}
	}
	return a
}

// equal reports whether two accounts have the same data, the same key and the same state in the vendor's list.
func (a Account) equal(b Account) bool {
	return a.ExternalID == b.ExternalID && a.Type == b.Type && a.Subtype == b.Subtype && a.Name == b.Name &&
		a.Number == b.Number && a.Currency == b.Currency && sameMoney(a.Balance, b.Balance) &&
		bytes.Equal(
			a.Metadata,
			b.Metadata,
		) && a.Institution == b.Institution && a.Key == b.Key && a.Listed == b.Listed &&
		a.AbsentSince == b.AbsentSince && a.RemovedAt.Equal(b.RemovedAt) && a.Held.Equal(b.Held)
}

// sameMoney reports whether two amounts, which may be nil, are equal.
func sameMoney(a, b *domain.Money) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Currency == b.Currency && a.Amount.Equal(b.Amount)
}

// AccountSweepWrite describes a complete listing of the accounts.
type AccountSweepWrite struct {
	Listed     []string        // the external ids of all accounts that the vendor lists
	Ground     domain.Ground   // what the listing proves
	Sync       domain.SyncTime // the vendor's synchronisation that the listing shows
	At         time.Time
	LeaseUntil time.Time // the lease's new expiry
}

// SweepAccounts decides which accounts of a connection are marked as removed, because the vendor does not list them,
// and which removed accounts become live again. pull is the pull that has read the listing. stored are the
// connection's accounts.
//
//   - An account that the vendor has never listed does not change: it is known only from rows.
//   - If the proof of an account is TwoReads, the first pull only remembers that the account is absent. Another pull
//     removes it. If it is NoProof, the account does not change.
//   - An empty list is a mass removal: it removes an account only after a Hold.
//   - StorePage has already restored most of the listed accounts, but it does not store accounts that cannot be read.
func SweepAccounts(w AccountSweepWrite, pull domain.PullID, stored []Account) AccountChanges {
	var changes AccountChanges
	for _, a := range stored {
		isRemoved, isAbsent, isHeld := !a.RemovedAt.IsZero(), !a.AbsentSince.IsZero(), a.Held != domain.Hold{}
		proof := w.Ground.Account(a.Type)
		switch {
		case !a.Listed:
		case slices.Contains(w.Listed, a.ExternalID):
			a.RemovedAt, a.AbsentSince, a.Held, a.UpdatedAt = time.Time{}, domain.PullID{}, domain.Hold{}, w.At
			if isRemoved {
				changes.save(a, events.AccountModified)
			} else if isAbsent || isHeld {
				changes.save(a)
			}
		case isRemoved, proof == domain.NoProof:
		case proof == domain.TwoReads && !isAbsent:
			a.AbsentSince = pull
			changes.save(a)
		case proof == domain.TwoReads && a.AbsentSince == pull:
		case len(w.Listed) == 0 && !a.Held.ReleasedBy(w.At, w.Sync):
			if !isHeld {
				a.Held = domain.HoldAt(w.At, w.Sync)
				changes.save(a)
			}
		default:
			gone := ApplyHeldAccount(a, w.At)
			changes.Save, changes.Events = append(changes.Save, gone.Save...), append(changes.Events, gone.Events...)
			changes.Removed = append(changes.Removed, gone.Removed...)
		}
	}
	return changes
}

// ApplyHeldAccount marks an account as removed whose removal is held back, because an operator has confirmed it.
func ApplyHeldAccount(a Account, at time.Time) AccountChanges {
	var changes AccountChanges
	a.RemovedAt, a.UpdatedAt, a.Held = at, at, domain.Hold{}
	changes.Removed = append(changes.Removed, a.ExternalID)
	changes.save(a, events.AccountRemoved)
	return changes
}

// PublishedAccounts lists the changes that a publication makes to the accounts of its connection.
type PublishedAccounts struct {
	AccountChanges

	// Moved contains accounts of deleted connections, in their state before the publication. The store moves them to
	// the connection of the publication, with everything that belongs to them, before it saves the accounts.
	Moved []Account
	// Relinked contains the continued accounts whose account reference, external id or connection has changed.
	Relinked []domain.AccountID
	// Held contains the external ids of the accounts whose rows remain staged. Published.Complete is set if there are
	// none.
	Held []string
}

// PublishAccounts decides how a publication changes the accounts of its connection. stored contains the accounts of
// the connection, and the accounts of deleted connections that continue under it.
//
// An account of an earlier account reference ends if it has no successor under the new one. No account ends in two
// cases:
//
//   - w.Unproved is set: the absence of an account proves nothing.
//   - A live account of an earlier reference has no successor, and an account of the new reference is held. Both may be
//     the same bank account.
//
// An account is held if it may continue such an account, or one of a deleted connection (w.Open), and if it cannot be
// read. It is also held if it has staged rows but is not in w.Accounts, because the vendor has listed it in an earlier
// attempt only.
//
// Errors: TargetChanged (Conflict) if an account to continue is not among the stored accounts.
func PublishAccounts(
	w Publication, v View, stored []Account, source PublicationSource,
) (PublishedAccounts, error) {
	var changes PublishedAccounts
	byID := make(map[domain.AccountID]*Account, len(stored))
	for i := range stored {
		byID[stored[i].ID] = &stored[i]
	}
	continued := map[domain.AccountID]bool{}
	for _, published := range w.Accounts {
		if published.Continues.IsZero() {
			changes.FirstStored = append(changes.FirstStored, published.Data.ExternalID)
			changes.save(v.newAccount(published.Data, PageWrite{
				Identity: w.Identity, NewID: w.NewID, At: w.At, AccountRef: w.AccountRef, Listed: published.Listed,
				MaybeContinues: map[string][]domain.AccountID{published.Data.ExternalID: published.MaybeContinues},
			}), events.AccountAdded)
			continue
		}
		known := byID[published.Continues]
		if known == nil {
			return PublishedAccounts{}, &domain.Error{Kind: domain.Conflict, Code: domain.TargetChanged}
		}
		changes.relink(published, *known, w, v.Connection)
		continued[known.ID] = true
	}
	if err := changes.endFormer(w, stored, continued, source); err != nil {
		return PublishedAccounts{}, err
	}
	return changes, nil
}

// Continued returns the ids of the accounts that continue under another account reference or connection.
func (c AccountChanges) Continued() (accounts []string) {
	for _, e := range c.Events {
		if e.Type == events.AccountRelinked {
			accounts = append(accounts, e.Subject)
		}
	}
	return accounts
}

// relink saves a stored account that the vendor lists under the new account reference. An account that continues has no
// candidates besides.
func (c *PublishedAccounts) relink(
	published PublishedAccount, before Account, w Publication, connection domain.ConnectionID,
) {
	moves := before.Connection != connection
	if moves {
		c.Moved = append(c.Moved, before)
	}
	var recorded []events.EventType
	if moves || !before.IsOf(w.AccountRef) || before.ExternalID != published.Data.ExternalID {
		c.Relinked = append(c.Relinked, before.ID)
		c.FirstStored = append(c.FirstStored, published.Data.ExternalID)
		recorded = append(recorded, events.AccountRelinked)
	}
	a := before.with(published.Data, PageWrite{Identity: w.Identity}.KeyOf(published.Data), published.Listed)
	if !a.equal(before) {
		recorded = append(recorded, events.AccountModified)
	}
	a.Relink(w.AccountRef, published.Data.ExternalID, w.At)
	a.Connection, a.UpdatedAt = connection, w.At
	if slices.Contains(recorded, events.AccountRelinked) {
		a.MaybeContinues = nil
	}
	c.save(a, recorded...)
}

// endFormer ends the live accounts of earlier account references that are not continued. If an account is held,
// endFormer only sets c.Held, because the held account may continue one of them.
func (c *PublishedAccounts) endFormer(
	w Publication, stored []Account, continued map[domain.AccountID]bool, source PublicationSource,
) (err error) {
	var former []Account
	for _, a := range stored {
		if !continued[a.ID] && !a.IsOf(w.AccountRef) && a.RemovedAt.IsZero() {
			former = append(former, a)
		}
	}
	if w.Unproved || len(former) == 0 && !w.Open {
		return nil
	}
	if c.Held, err = w.held(source); err != nil || len(c.Held) > 0 {
		return err
	}
	for _, a := range former {
		a.EndReference(w.At)
		a.RemovedAt, a.UpdatedAt = w.At, w.At
		c.save(a, events.AccountRemoved)
	}
	return nil
}

// held returns the external ids of the accounts that cannot be read, and of those that have staged rows but are not
// in w.Accounts.
func (w Publication) held(source PublicationSource) ([]string, error) {
	staged, err := source.OldestStaged(StagedRowsOf{})
	if err != nil {
		return nil, err
	}
	delete(staged, "") // rows that name no account
	for _, published := range w.Accounts {
		delete(staged, published.Data.ExternalID)
	}
	for _, unreadable := range w.Unreadable {
		staged[unreadable] = ""
	}
	return slices.Sorted(maps.Keys(staged)), nil
}
