package pulling

import (
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// relink contains what an attempt has found out about the accounts of a new account reference.
type relink struct {
	staged     bool // rows are stored but not visible yet (see decideStaging)
	published  bool // this attempt has published the rows
	listed     []domain.AccountData
	embedded   []domain.AccountData // accounts that are embedded in rows of this attempt, but not listed
	unreadable []string             // the external ids of the listed accounts that cannot be read
	// maybe contains, by external id, the accounts of deleted connections that an account of a new connection may
	// continue.
	maybe map[string][]domain.AccountID
	// open is set if an account continues one of a deleted connection, and another one of it has no successor.
	open      bool
	ambiguous *records.AmbiguousAccounts
	unmatched *records.UnmatchedRows
}

// decideStaging returns what is known about the accounts before the first page is read. It decides whether the rows of
// the pull are staged: stored, but invisible until they are published. They are staged if both conditions hold:
//   - The connection has a new account reference.
//   - One of the vendor's accounts may be the same bank account as an account of an earlier reference, or it is the
//     same one as an account of a deleted connection.
//
// Once rows are staged, all later attempts also stage rows until the rows are published. A later attempt may not see
// the account that caused the decision, because a vendor's list may omit an account temporarily.
//
// The argument accounts contains all accounts that the vendor lists. The argument readable contains only the accounts
// that can be read.
func (a *attempt) decideStaging(
	ctx context.Context, readable, accounts []domain.AccountData,
) (relink, error) {
	found := relink{listed: readable}
	for i := range accounts {
		if accounts[i].Unreadable != "" {
			found.unreadable = append(found.unreadable, accounts[i].Quarantined().ID)
		}
	}
	if !a.connection.NewReference {
		return found, nil
	}
	if found.staged = !a.connection.StagedSince.IsZero(); found.staged {
		return found, nil
	}
	former, err := a.Pulls.FormerAccounts(ctx, a.lease)
	if err != nil {
		return relink{}, err
	}
	open := slices.Clone(readable)
	for before := range groupsOf(former) {
		if before[0].Connection == a.connection.ID {
			found.staged = slices.ContainsFunc(before, func(account ports.FormerAccount) bool {
				return !account.IsOf(a.connection.AccountRef)
			})
			open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
				return slices.ContainsFunc(before, func(known ports.FormerAccount) bool {
					return known.ExternalID == account.ExternalID
				})
			})
			continue
		}
		recognized, _ := a.relinked(before, open).Recognize(nil, nil)
		found.staged = found.staged || len(recognized.Pairs) > 0
		found.addMaybe(recognized, before[0].DeletedAt, a.Clock.Now())
	}
	return found, nil
}

// addMaybe adds the accounts of a connection that the new ones may continue, if the connection was deleted recently.
func (r *relink) addMaybe(found matching.RecognizedAccounts, deletedAt, now time.Time) {
	if now.Sub(deletedAt) > domain.MaxMaybeContinued {
		return
	}
	for externalID, accounts := range found.Maybe {
		if r.maybe == nil {
			r.maybe = map[string][]domain.AccountID{}
		}
		r.maybe[externalID] = append(r.maybe[externalID], accounts...)
	}
}

// stageAgain marks the account reference of the connection as new again, so that the next attempt stages all rows. If
// the store call fails, stageAgain returns the error of the store. If it succeeds, stageAgain returns failure.
//
// stageAgain is needed if a write finds an account that continues a former account. decideStaging misses such an
// account if the vendor lists it too late, or only embeds it in rows.
func (a *attempt) stageAgain(ctx context.Context, failure error) error {
	a.relink.staged, a.pull.Progress = true, domain.Progress{Awaited: a.pull.Progress.Awaited}
	a.pending = pendingProgress{}
	if err := a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress}); err != nil {
		return err
	}
	return failure
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
func (a *attempt) relinked(former []ports.FormerAccount, accounts []domain.AccountData) matching.RelinkedAccounts {
	r := matching.RelinkedAccounts{
		Occasion: matching.NewConnection, After: accounts, Identity: a.identity(),
		Decided: a.connection.Ambiguity.Continues, Ended: a.connection.Ambiguity.Ended,
	}
	if former[0].Connection == a.connection.ID {
		r.Occasion = matching.SameConnection
	}
	for _, account := range former {
		r.Before = append(r.Before, account.Account)
	}
	return r
}

// identity returns the vendor's function for identifying accounts. If the vendor has none, the returned function
// identifies no account.
func (a *attempt) identity() func(domain.AccountData) domain.AccountIdentity {
	if identifier, ok := a.vendor.(ports.AccountIdentifier); ok {
		return identifier.AccountIdentity
	}
	return func(domain.AccountData) domain.AccountIdentity { return domain.AccountIdentity{} }
}

// startStaging deletes the rows that were staged under an earlier plan, if the pull is at its start.
func (a *attempt) startStaging(ctx context.Context) error {
	if !a.relink.staged || !a.pull.Progress.AtStart() {
		return nil
	}
	return a.writePage(ctx, ports.PageWrite{Progress: a.pull.Progress})
}

// forStage returns w with the members AccountRef, Identity and MaybeContinues. If the rows are staged, it also sets
// w.Staged.
func (a *attempt) forStage(w ports.PageWrite) ports.PageWrite {
	w.AccountRef, w.Identity, w.MaybeContinues = a.connection.AccountRef, a.identity(), a.relink.maybe
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

// publish makes the staged rows visible if the vendor has read its whole history, and has not synchronised meanwhile
// (see proof). Otherwise the rows stay staged, and the next pull reads them again.
//
// Rows that have been staged for domain.MaxStaged become visible even then. In this case, nothing is marked as removed,
// because nothing proves the absence of earlier rows and accounts.
//
// If fewer than half of the transactions of an account found a partner (see matching.Unmatched), the rows stay staged
// until a complete read an hour later shows the same.
func (a *attempt) publish(ctx context.Context) error {
	if !a.relink.staged {
		return nil
	}
	settled := false
	if !a.pull.Progress.Incomplete {
		proof, err := a.proof(ctx, func(g domain.Ground) domain.AbsenceProof { return min(g.Accounts, g.Rows) }, false)
		if err != nil {
			return err
		}
		settled = proof != domain.NoProof
	}
	if !settled && !a.stagedTooLong() {
		return nil
	}
	accounts, unmatched, err := a.compareAccounts(ctx, settled)
	if err != nil || a.relink.ambiguous != nil {
		return err
	}
	if settled {
		if !a.connection.Ambiguity.MayPublish(unmatched, a.Clock.Now()) {
			a.relink.unmatched = &records.UnmatchedRows{Target: a.connection.Target(), Rows: unmatched}
			return nil
		}
	}
	w := ports.Publication{
		Target:     a.connection.Target(),
		AccountRef: a.connection.AccountRef,
		Accounts:   accounts,
		Unreadable: a.relink.unreadable,
		Open:       a.relink.open,
		Unproved:   !settled,
		Identity:   a.identity(),
		Coverage:   a.Coverage,
		Matching:   a.Matching(ctx, a.connection.Vendor),
		Progress:   a.pull.Progress,
		NewID:      func() domain.TransactionID { return domain.TransactionID{UUID: a.IDs.New()} },
	}
	w.Progress.Staged = false
	w.Progress.Steps = append(slices.Clone(w.Progress.Steps), a.stepsAfterPublication()...)
	w.At, w.LeaseUntil = a.leaseTimes()
	published, err := a.Pulls.Publish(ctx, a.lease, w)
	if err != nil {
		return err
	}
	a.pull.Progress, a.counts, a.lastWrite = w.Progress, a.counts.Plus(published.Counts), w.At
	a.connection.NewReference = !published.Complete
	a.relink.staged, a.relink.published, a.recentlyRemoved, a.carriedOver, a.storedRows = false, true, true, true, true
	return nil
}

// isOpen reports whether the pairs continue accounts of a former connection, but not all that it listed at its end.
func isOpen(former []ports.FormerAccount, pairs []matching.RecognizedPair) bool {
	return len(pairs) > 0 && slices.ContainsFunc(former, func(account ports.FormerAccount) bool {
		return account.RemovedAt.IsZero() && !slices.ContainsFunc(pairs, func(pair matching.RecognizedPair) bool {
			return pair.Before.ID == account.ID
		})
	})
}

// compareAccounts returns the results of recognizeAccounts and, if settled is set, of countUnmatched. It reserves
// memory for the rows that they compare.
func (a *attempt) compareAccounts(
	ctx context.Context, settled bool,
) (accounts []ports.PublishedAccount, unmatched int, err error) {
	release, err := a.reserveComparison(ctx, a.connection.Tenant, ports.MaxComparedRows, true)
	if err != nil {
		return nil, 0, err
	}
	defer release()
	accounts, err = a.recognizeAccounts(ctx)
	if err == nil && settled && a.relink.ambiguous == nil {
		unmatched, err = a.countUnmatched(ctx, accounts)
	}
	return accounts, unmatched, err
}

// countUnmatched returns the number of transactions without a partner. It counts only continued accounts in which
// fewer than half of the transactions have a partner; see matching.Unmatched. It returns 0 if KeepReplacementsApart
// is set.
func (a *attempt) countUnmatched(ctx context.Context, accounts []ports.PublishedAccount) (unmatched int, err error) {
	if a.KeepReplacementsApart {
		return 0, nil
	}
	rules := a.matchingRules(ctx, a.connection.Vendor)
	for _, account := range accounts {
		if account.Continues.IsZero() {
			continue
		}
		before, err := a.Pulls.RowsOfAccount(ctx, a.lease, account.Continues, "", rules)
		if err != nil {
			return 0, err
		}
		after, err := a.Pulls.RowsOfAccount(ctx, a.lease, domain.AccountID{}, account.Data.ExternalID, rules)
		if err != nil {
			return 0, err
		}
		unmatched += matching.Unmatched(before, after)
	}
	return unmatched, nil
}

// syncedSince reports whether the rows that earlier attempts have staged are outdated. They are outdated if the vendor
// has synchronised since the steps were planned. syncedSince returns false if stagedTooLong returns true, because such
// rows are published even if they are outdated.
func (a *attempt) syncedSince(progress domain.Progress) bool {
	return progress.Staged && progress.SyncState != a.status.State() && !a.stagedTooLong()
}

// stagedTooLong reports whether rows of the current account reference have been staged for at least domain.MaxStaged.
func (a *attempt) stagedTooLong() bool {
	since := a.connection.StagedSince
	return !since.IsZero() && a.Clock.Now().Sub(since) >= domain.MaxStaged
}

// recognizeAccounts returns the accounts of the new reference. If an account is already stored under another external
// id, its field Continues is the id of the stored account. If some accounts cannot be told apart, it returns none, and
// sets a.relink.ambiguous.
func (a *attempt) recognizeAccounts(ctx context.Context) (accounts []ports.PublishedAccount, err error) {
	former, err := a.Pulls.FormerAccounts(ctx, a.lease)
	if err != nil {
		return nil, err
	}
	rules := a.matchingRules(ctx, a.connection.Vendor)
	rowsBefore := func(account domain.Account) ([]banktext.Row, error) {
		return a.Pulls.RowsOfAccount(ctx, a.lease, account.ID, "", rules)
	}
	rowsAfter := func(externalID string) ([]banktext.Row, error) {
		return a.Pulls.RowsOfAccount(ctx, a.lease, domain.AccountID{}, externalID, rules)
	}
	a.relink.maybe, a.relink.open = nil, false
	open := slices.Concat(a.relink.listed, a.relink.embedded)
	continues := map[string]domain.AccountID{}
	for before := range groupsOf(former) {
		found, err := a.relinked(before, open).Recognize(rowsBefore, rowsAfter)
		if err != nil {
			return nil, err
		}
		if found.IsAmbiguous() {
			a.relink.ambiguous = &records.AmbiguousAccounts{
				Target: a.connection.Target(), Before: found.AmbiguousBefore, After: found.AmbiguousAfter,
			}
			return nil, nil
		}
		for _, pair := range found.Pairs {
			continues[pair.After] = pair.Before.ID
		}
		a.relink.open = a.relink.open || before[0].Connection != a.connection.ID && isOpen(before, found.Pairs)
		a.relink.addMaybe(found, before[0].DeletedAt, a.Clock.Now())
		open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
			_, found := continues[account.ExternalID]
			return found
		})
	}
	for i, account := range slices.Concat(a.relink.listed, a.relink.embedded) {
		accounts = append(accounts, ports.PublishedAccount{
			Data: account, Listed: i < len(a.relink.listed), Continues: continues[account.ExternalID],
		})
		if last := &accounts[i]; last.Continues.IsZero() {
			last.MaybeContinues = a.relink.maybe[account.ExternalID]
		}
	}
	return accounts, nil
}
