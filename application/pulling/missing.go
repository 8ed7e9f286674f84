package pulling

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// removeMissing stores, after all steps were read, what the vendor no longer has. It returns an error if the pull must
// wait for accounts (see awaitAccounts).
func (r *stepReader) removeMissing(ctx context.Context) error {
	if r.listed.initial || r.Pull.Scope.MoreRemoved && r.journal.stored.any() {
		if err := r.markRemoved(ctx); err != nil {
			return err
		}
		if err := r.journal.confirmHeld(ctx, r.Pull.Scope.Removed); err != nil {
			return err
		}
	}
	if len(r.scope.Doubted) > 0 && r.journal.staging == nil && r.readsDoubted() {
		if err := r.removeDoubted(ctx); err != nil {
			return err
		}
	}
	if err := r.sweepAccounts(ctx); err != nil {
		return err
	}
	if len(r.journal.progress.Awaited) == 0 {
		return nil
	}
	return r.awaitAccounts(ctx)
}

// removeDoubted removes the doubted rows that the vendor no longer returns.
func (r *stepReader) removeDoubted(ctx context.Context) error {
	var gone []string
	for account, ids := range r.scope.Doubted {
		if account != "" && !slices.Contains(r.listed.externalIDs, account) {
			continue // nothing was read of the account
		}
		for _, id := range ids {
			if !r.doubted[id] && !slices.Contains(r.journal.read.shown.Shown, id) {
				gone = append(gone, id)
			}
		}
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	if err := r.remove(ctx, gone); err != nil {
		return err
	}
	return r.journal.confirmHeld(ctx, gone)
}

// readsDoubted reports whether the pull would have read the doubted rows if the vendor still had them. If not, a later
// complete listing finds their removal. It returns true in two cases:
//
//   - The pull has read the rows by id, and the ids of the returned rows are known from all attempts: ShownMore is
//     not set.
//   - The pull reads everything without a window of dates, in its first attempt. With a window, it would miss older
//     rows.
func (r *stepReader) readsDoubted() bool {
	if !r.readsEverything() {
		return !r.journal.read.shown.ShownMore
	}
	return !r.resumes() && !slices.ContainsFunc(r.journal.progress.Steps, func(s domain.Step) bool {
		return s.Window != domain.Window{}
	})
}

// sweepAccounts marks stored accounts as removed if the vendor no longer lists them. It marks nothing in these cases:
//   - The pull does not read everything.
//   - The rows of the pull are staged (stored, but not visible yet).
//   - The vendor's list of accounts does not prove that an account was removed.
//   - The list contains an account whose id cannot be read.
//   - The vendor has synchronised during the attempt (see proof), or has not read the whole history yet.
func (r *stepReader) sweepAccounts(ctx context.Context) error {
	if !r.readsEverything() || r.journal.staging != nil || r.journal.progress.Incomplete {
		return nil
	}
	listed := r.listed.externalIDs
	if slices.Contains(listed, "") { // the id of an unreadable account is not known; it may be any account
		return nil
	}
	proves := func(g domain.Ground) domain.AbsenceProof { return g.Accounts }
	proof := proves(r.ground())
	if r.confirmation != statusSame || len(listed) == 0 {
		var err error
		if proof, err = r.proof(ctx, proves, len(listed) == 0); err != nil {
			return err
		}
	}
	if proof == domain.NoProof {
		return nil
	}
	return r.journal.sweepAccounts(ctx, ports.AccountSweepWrite{
		Ground: r.ground(), Sync: r.status.SyncTime(r.Clock.Now()), Listed: listed,
	})
}

// awaitAccounts returns an error with the code account_not_listed, because the vendor does not list all accounts that
// the scope names. The kind of the error is Unavailable at first, and Rejected when
// the pull has waited too long.
func (r *stepReader) awaitAccounts(ctx context.Context) error {
	progress := r.journal.progress
	failure := &domain.Error{Kind: domain.Unavailable, Code: domain.AccountNotListed}
	for _, since := range progress.Awaited {
		if r.Clock.Now().Sub(since) >= domain.MaxAccountWait {
			failure.Kind = domain.Rejected
		}
	}
	if progress.ReadAt.IsZero() {
		progress.ReadAt = r.Clock.Now()
	}
	if err := r.journal.storeProgress(ctx, progress); err != nil {
		return err
	}
	return failure
}
