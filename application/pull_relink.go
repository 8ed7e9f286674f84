package application

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// relink contains what an attempt has found out about the accounts of a new account reference.
type relink struct {
	staged     bool // rows are stored but not visible yet (see decideStaging)
	published  bool // this attempt has published the rows
	listed     []domain.AccountData
	embedded   []domain.AccountData // accounts that are embedded in rows of this attempt, but not listed
	unreadable []string             // the external ids of the listed accounts that cannot be read
}

// decideStaging decides whether the rows of the pull are staged, which means that they are not visible before they are
// published. Rows are staged if the connection has a new account reference, and its accounts may continue accounts of
// an earlier reference or of a deleted connection. The decision to stage rows is kept until they are published, because
// the vendor may list such an account at one time and not at another. The argument listed contains all accounts that
// the vendor lists, and readable only those that can be read.
func (a *attempt) decideStaging(ctx context.Context, readable, listed []domain.AccountData) error {
	a.relink = relink{listed: readable}
	for i := range listed {
		if listed[i].Unreadable != "" {
			a.relink.unreadable = append(a.relink.unreadable, listed[i].Quarantined().ID)
		}
	}
	if !a.connection.NewReference {
		return nil
	}
	if a.relink.staged = !a.connection.StagedSince.IsZero(); a.relink.staged {
		return nil
	}
	former, err := a.Pulls.FormerAccounts(ctx, a.lease)
	if err != nil {
		return err
	}
	open := slices.Clone(readable)
	for before := range groupsOf(former) {
		if before[0].Connection == a.connection.ID {
			a.relink.staged = slices.ContainsFunc(before, func(account domain.Account) bool {
				return !account.IsOf(a.connection.AccountRef)
			})
			open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
				return slices.ContainsFunc(before, func(known domain.Account) bool {
					return known.ExternalID == account.ExternalID
				})
			})
			continue
		}
		pairs, comparable, _ := a.relinked(before, open).Recognize(nil, nil)
		a.relink.staged = a.relink.staged || len(pairs) > 0 || comparable
	}
	return nil
}

// stageAgain marks the account reference of the connection as new again, after a write has found an account that
// continues a former one. The vendor has listed this account late, or has only embedded it in rows. The next attempt
// stages all rows. stageAgain returns failure, or the error of its own write.
func (a *attempt) stageAgain(ctx context.Context, failure error) error {
	a.relink.staged, a.pull.Progress = true, domain.Progress{Awaited: a.pull.Progress.Awaited}
	a.pending = pendingProgress{}
	if err := a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	return failure
}

// groupsOf returns the accounts in groups, one for each connection. The accounts of a connection must be adjacent.
func groupsOf(accounts []domain.Account) func(yield func([]domain.Account) bool) {
	return func(yield func([]domain.Account) bool) {
		for len(accounts) > 0 {
			other := slices.IndexFunc(accounts, func(account domain.Account) bool {
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

// relinked returns the input for recognising which of the new accounts (after) continue earlier ones (before).
func (a *attempt) relinked(before []domain.Account, after []domain.AccountData) domain.RelinkedAccounts {
	return domain.RelinkedAccounts{Before: before, After: after, Identity: a.identity()}
}

// identity returns the vendor's function for identifying accounts. If the vendor has none, the returned function
// identifies no account.
func (a *attempt) identity() func(domain.AccountData) domain.AccountIdentity {
	if identifier, ok := a.vendor.(ports.AccountIdentifier); ok {
		return identifier.AccountIdentity
	}
	return func(domain.AccountData) domain.AccountIdentity { return domain.AccountIdentity{} }
}

// accountKey returns the function for PageWrite.AccountKey.
func (a *attempt) accountKey() func(domain.AccountData) string {
	identity := a.identity()
	return func(account domain.AccountData) string { return identity(account).Key(account) }
}

// startStaging deletes the rows that were staged under an earlier plan, if the pull is at its start.
func (a *attempt) startStaging(ctx context.Context) error {
	if !a.relink.staged || !a.pull.Progress.AtStart() {
		return nil
	}
	return a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress})
}

// forStage returns the write w with its account reference and its account key function set. If the rows are staged, it
// also sets the step to which they belong.
func (a *attempt) forStage(w ports.PageWrite) ports.PageWrite {
	w.AccountRef, w.AccountKey = a.connection.AccountRef, a.accountKey()
	if progress := a.pull.Progress; a.relink.staged {
		w.Staged = &ports.Staging{Step: progress.Step, Restart: progress.Pages == 0}
	}
	return w
}

// noteEmbedded remembers the accounts that are embedded in staged rows but missing from the vendor's list of accounts.
func (a *attempt) noteEmbedded(accounts []domain.AccountData) {
	if !a.relink.staged {
		return
	}
	for _, account := range accounts {
		known := func(other domain.AccountData) bool { return other.ExternalID == account.ExternalID }
		if !slices.ContainsFunc(a.relink.listed, known) && !slices.ContainsFunc(a.relink.embedded, known) {
			a.relink.embedded = append(a.relink.embedded, account)
		}
	}
}

// publish makes the staged rows visible, if the vendor did not synchronise while they were read. Otherwise they stay
// staged, and the next pull reads them again. If this lasts longer than domain.MaxStaged, they become visible anyway.
// In that case, stored rows and accounts without a successor are not marked as removed, because there is no proof that
// the vendor has removed them.
func (a *attempt) publish(ctx context.Context) error {
	if !a.relink.staged {
		return nil
	}
	settled := false
	if a.status.Accounts != domain.NoProof {
		var err error
		if settled, err = a.settled(ctx, a.status.Transactions); err != nil {
			return err
		}
	}
	if !settled && !a.stagedTooLong() {
		return nil
	}
	accounts, err := a.recognizeAccounts(ctx)
	if err != nil {
		return err
	}
	w := ports.Publication{
		Target:     a.connection.Target(),
		AccountRef: a.connection.AccountRef,
		Accounts:   accounts,
		Unreadable: a.relink.unreadable,
		Unproved:   !settled,
		AccountKey: a.accountKey(),
		Matching:   a.matching(a.connection.Vendor),
		Progress:   a.pull.Progress,
		NewID:      func() domain.TransactionID { return domain.TransactionID{UUID: a.IDs.New()} },
	}
	w.Progress.Staged = false
	w.At, w.LeaseUntil = a.leaseTimes()
	published, err := a.Pulls.Publish(ctx, a.lease, w)
	if err != nil {
		return err
	}
	a.pull.Progress, a.counts, a.lastWrite = w.Progress, a.counts.Plus(published.Counts), w.At
	a.connection.NewReference = !published.Complete
	a.relink.staged, a.relink.published, a.recentlyLeft, a.unshown, a.storedRows = false, true, true, true, true
	return nil
}

// syncedSince reports whether the vendor has synchronised since the steps of a staged pull were planned. Rows that an
// earlier attempt has staged then come from another list than the one that this attempt reads. syncedSince returns
// false if the rows have been staged for so long that they are published in any case.
func (a *attempt) syncedSince(progress domain.Progress) bool {
	return progress.Staged && progress.SyncState != a.status.State() && !a.stagedTooLong()
}

// stagedTooLong reports whether rows of the present account reference have been staged for at least domain.MaxStaged.
func (a *attempt) stagedTooLong() bool {
	since := a.connection.StagedSince
	return !since.IsZero() && a.Clock.Now().Sub(since) >= domain.MaxStaged
}

// recognizeAccounts returns the accounts of the new reference, each with the stored account that it continues.
func (a *attempt) recognizeAccounts(ctx context.Context) ([]ports.PublishedAccount, error) {
	former, err := a.Pulls.FormerAccounts(ctx, a.lease)
	if err != nil {
		return nil, err
	}
	keys := withoutKeys
	if matching := a.matching(a.connection.Vendor); matching != nil {
		keys = matching.Keys
	}
	rowsBefore := func(account domain.Account) ([]domain.MatchRow, error) {
		return a.Pulls.RowsOfAccount(ctx, a.lease, account.ID, "", keys)
	}
	rowsAfter := func(externalID string) ([]domain.MatchRow, error) {
		return a.Pulls.RowsOfAccount(ctx, a.lease, domain.AccountID{}, externalID, keys)
	}
	open := slices.Concat(a.relink.listed, a.relink.embedded)
	continues := map[string]domain.AccountID{}
	for before := range groupsOf(former) {
		pairs, _, err := a.relinked(before, open).Recognize(rowsBefore, rowsAfter)
		if err != nil {
			return nil, err
		}
		for _, pair := range pairs {
			continues[pair.After] = pair.Before.ID
		}
		open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
			_, found := continues[account.ExternalID]
			return found
		})
	}
	var accounts []ports.PublishedAccount
	for i, account := range slices.Concat(a.relink.listed, a.relink.embedded) {
		accounts = append(accounts, ports.PublishedAccount{
			Data: account, Listed: i < len(a.relink.listed), Continues: continues[account.ExternalID],
		})
	}
	return accounts, nil
}
