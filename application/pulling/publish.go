package pulling

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// publish makes the staged rows visible if the vendor has read its whole history, and has not synchronised meanwhile
// (see proof). Otherwise the rows stay staged, and the next pull reads them again.
//
// Rows that have been staged for domain.MaxStaged become visible even then. In this case, nothing is marked as removed,
// because nothing proves the absence of earlier rows and accounts.
//
// If fewer than half of the transactions of an account found a partner (see matching.Unmatched), the rows stay staged
// until a complete read an hour later shows the same.
//
// After the publication, publish reads the steps that it has added; see stepsAfterPublication.
func (r *stepReader) publish(ctx context.Context) (withheld, error) {
	settled, err := r.isSettled(ctx)
	if err != nil || !settled && !r.stagedTooLong() {
		return withheld{}, err
	}
	found, unmatched, err := r.compareAccounts(ctx, settled)
	if err != nil || found.ambiguous != nil {
		return withheld{ambiguous: found.ambiguous}, err
	}
	if settled && !r.Connection.Ambiguity.MayPublish(unmatched, r.Clock.Now()) {
		return withheld{unmatched: &records.UnmatchedRows{Target: r.Connection.Target(), Rows: unmatched}}, nil
	}
	w := ports.Publication{
		Accounts: found.accounts, Unreadable: r.listed.unreadable, Open: found.open, Unproved: !settled,
		Progress: r.journal.progress,
	}
	w.Progress.Staged = false
	w.Progress.Steps = append(slices.Clone(w.Progress.Steps), r.stepsAfterPublication()...)
	if err := r.journal.publish(ctx, w); err != nil {
		return withheld{}, err
	}
	return withheld{}, r.read(ctx)
}

// isSettled reports whether the staged rows are everything that the vendor has.
func (r *stepReader) isSettled(ctx context.Context) (bool, error) {
	if r.journal.progress.Incomplete {
		return false, nil
	}
	proof, err := r.proof(ctx, func(g domain.Ground) domain.AbsenceProof { return min(g.Accounts, g.Rows) }, false)
	return proof != domain.NoProof, err
}

// compareAccounts returns the results of recognizeAccounts and, if settled is set, of countUnmatched. It reserves
// memory for the rows that they compare.
func (r *stepReader) compareAccounts(
	ctx context.Context, settled bool,
) (found recognizedAccounts, unmatched int, err error) {
	release, err := r.reserveComparison(ctx, r.Connection.Tenant, ports.MaxComparedRows, true)
	if err != nil {
		return found, 0, err
	}
	defer release()
	found, err = r.recognizeAccounts(ctx)
	if err == nil && settled && found.ambiguous == nil {
		unmatched, err = r.countUnmatched(ctx, found.accounts)
	}
	return found, unmatched, err
}

// recognizedAccounts contains the accounts of a new account reference.
type recognizedAccounts struct {
	accounts []ports.PublishedAccount
	// open is set if an account continues one of a deleted connection, and another one of it has no successor.
	open      bool
	ambiguous *records.AmbiguousAccounts // the accounts that cannot be told apart; nil if there are none
}

// recognizeAccounts returns the accounts of the new reference. If an account is already stored under another external
// id, its field Continues is the id of the stored account. If some accounts cannot be told apart, it returns only
// these.
func (r *stepReader) recognizeAccounts(ctx context.Context) (found recognizedAccounts, err error) {
	former, err := r.Pulls.FormerAccounts(ctx, r.lease)
	if err != nil {
		return found, err
	}
	rowsBefore := func(account domain.Account) ([]banktext.Row, error) {
		return r.rowsOf(ctx, account.ID, "")
	}
	rowsAfter := func(externalID string) ([]banktext.Row, error) {
		return r.rowsOf(ctx, domain.AccountID{}, externalID)
	}
	all := slices.Concat(r.listed.readable, r.journal.staging.notIn(r.listed.readable))
	open, continues := slices.Clone(all), map[string]domain.AccountID{}
	var maybe map[string][]domain.AccountID
	for before := range groupsOf(former) {
		recognized, err := r.relinked(before, open).Recognize(rowsBefore, rowsAfter)
		if err != nil {
			return found, err
		}
		if recognized.IsAmbiguous() {
			return recognizedAccounts{ambiguous: &records.AmbiguousAccounts{
				Target: r.Connection.Target(), Before: recognized.AmbiguousBefore, After: recognized.AmbiguousAfter,
			}}, nil
		}
		for _, pair := range recognized.Pairs {
			continues[pair.After] = pair.Before.ID
		}
		found.open = found.open || before[0].Connection != r.Connection.ID && isOpen(before, recognized.Pairs)
		maybe = withMaybe(maybe, recognized, before[0].DeletedAt, r.Clock.Now())
		open = slices.DeleteFunc(open, func(account domain.AccountData) bool {
			_, found := continues[account.ExternalID]
			return found
		})
	}
	found.accounts = publishedAccounts(all, len(r.listed.readable), continues, maybe)
	return found, nil
}

// rowsOf returns the rows of a stored account, or the staged rows of an account with this external id.
func (r *stepReader) rowsOf(
	ctx context.Context, account domain.AccountID, externalID string,
) ([]banktext.Row, error) {
	rules := r.matchingRules(ctx, r.Connection.Vendor)
	return r.Pulls.RowsOfAccount(ctx, r.lease, account, externalID, rules)
}

// publishedAccounts returns the accounts in the form in which they are published. The vendor lists the first ones of
// them; their number is listed.
func publishedAccounts(
	all []domain.AccountData, listed int, continues map[string]domain.AccountID, maybe map[string][]domain.AccountID,
) []ports.PublishedAccount {
	var accounts []ports.PublishedAccount
	for i, data := range all {
		account := ports.PublishedAccount{Data: data, Listed: i < listed, Continues: continues[data.ExternalID]}
		if account.Continues.IsZero() {
			account.MaybeContinues = maybe[data.ExternalID]
		}
		accounts = append(accounts, account)
	}
	return accounts
}

// isOpen reports whether the pairs continue accounts of a former connection, but not all that it listed at its end.
func isOpen(former []ports.FormerAccount, pairs []matching.RecognizedPair) bool {
	return len(pairs) > 0 && slices.ContainsFunc(former, func(account ports.FormerAccount) bool {
		return account.RemovedAt.IsZero() && !slices.ContainsFunc(pairs, func(pair matching.RecognizedPair) bool {
			return pair.Before.ID == account.ID
		})
	})
}

// countUnmatched returns the number of transactions without a partner. It counts only continued accounts in which
// fewer than half of the transactions have a partner; see matching.Unmatched. It returns 0 if KeepReplacementsApart
// is set.
func (r *stepReader) countUnmatched(ctx context.Context, accounts []ports.PublishedAccount) (unmatched int, err error) {
	if r.KeepReplacementsApart {
		return 0, nil
	}
	for _, account := range accounts {
		if account.Continues.IsZero() {
			continue
		}
		before, err := r.rowsOf(ctx, account.Continues, "")
		if err != nil {
			return 0, err
		}
		after, err := r.rowsOf(ctx, domain.AccountID{}, account.Data.ExternalID)
		if err != nil {
			return 0, err
		}
		unmatched += matching.Unmatched(before, after)
	}
	return unmatched, nil
}
