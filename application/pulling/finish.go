package pulling

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// retryMin is the minimum wait after an attempt that does not count towards domain.MaxAttempts.
const retryMin = 250 * time.Millisecond

// ending is how an attempt has ended.
type ending struct {
	failure error // nil if the pull has succeeded
	consent domain.ConsentReport
	held    withheld
}

// finish records the outcome of the attempt, and returns the wait before the next attempt; 0 if there is no next
// attempt. finish records the outcome even if ctx is already canceled, for example because the worker stops. Another
// worker can then continue the pull immediately.
func (a *attempt) finish(ctx context.Context, e ending, startedAt time.Time) (time.Duration, error) {
	work := ctx
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	if errors.Is(e.failure, domain.LeaseLost) {
		return 0, nil
	}
	replaced, err := a.targetReplaced(ctx)
	if err != nil {
		return 0, err
	}
	now := a.Clock.Now()
	outcome := a.outcome(e, replaced, now)
	if err := a.journal.finish(work, outcome); err != nil {
		if errors.Is(err, domain.LeaseLost) {
			return 0, nil
		}
		return 0, err
	}
	pull := a.Pull
	pull.State, pull.Attempts, pull.LastError = outcome.State, outcome.Attempts, outcome.LastError
	pull.Progress = a.journal.progress
	a.Observer.Emit(ctx, ports.PullAttempted{
		Pull: pull, Took: now.Sub(startedAt), Counts: a.journal.counts, Err: e.failure,
	})
	if outcome.State != domain.PullQueued {
		return 0, nil
	}
	return max(outcome.NotBefore.Sub(now), time.Millisecond), nil
}

// targetReplaced reports whether the connection's credential or target was replaced during the attempt, so
// that the result of the attempt no longer applies. It returns false for a deleted connection, which Finish
// handles.
func (c *claim) targetReplaced(ctx context.Context) (bool, error) {
	now, err := c.Connections.Get(ctx, c.Connection.Tenant, domain.Aggregator, c.Connection.ID)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	return err == nil && !now.SameAccess(c.Connection), err
}

// outcome returns the result of an attempt: the new state of the pull, and the changes to the connection. These changes
// concern the health, the consent and the record of missing webhooks.
func (a *attempt) outcome(e ending, replaced bool, now time.Time) ports.Outcome {
	o := ports.Outcome{
		State: domain.PullSucceeded, Attempts: a.Pull.Attempts, At: now,
		Health: func(h domain.Health) domain.Health {
			if h = h.AfterSignal(a.Pull.Scope.Signal, a.Pull.StartedAt); replaced {
				return h
			}
			// The last status may tell that the holder must sign in. It clears nothing that an event has told.
			return h.After(a.link.status, e.failure, now).AfterStatus(a.link.latest, now)
		},
		Coverage: a.Coverage, Grace: a.DriftGrace,
	}
	if !replaced && a.link.isChecked() {
		o.Bank, o.ReadAt = a.link.status.Bank, a.link.listed.at
	}
	if !replaced {
		o.Consent = func(c domain.Consent) domain.Consent { return a.link.consentAfter(c, e.consent, now) }
		o.Webhook = func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch {
			return a.webhookAfter(w, e.failure, heardSince)
		}
	}
	if e.failure == nil {
		a.steps.addRead(&o, replaced)
		// A vendor can state a reading although nothing may be read at the bank any longer.
		if a.link.consentAfter(a.link.learned().Consent, e.consent, now).State(now).Ended() {
			o.BankRead = nil
		}
		o.Ambiguous, o.Unmatched = e.held.ambiguous, e.held.unmatched
	} else {
		a.addFailure(&o, e.failure, replaced)
	}
	return o
}

// addRead adds to the outcome of a successful attempt what the attempt has read. replaced is the result of
// targetReplaced.
func (r *stepReader) addRead(o *ports.Outcome, replaced bool) {
	o.Complete = r.scope.Everything
	progress, staged := r.journal.progress, r.journal.staging != nil
	if r.Connection.NewReference && !staged && r.journal.published == nil {
		o.Target = r.Connection.Target()
	}
	if replaced {
		return
	}
	if r.readsAll() && !staged && r.status.Bank != nil {
		o.BankRead = r.listed.known()
	}
	o.Bills = r.bills
	if inconsistent := progress.Inconsistent || r.listed.inconsistent; inconsistent || r.readsEverything() {
		o.Inconsistent = &inconsistent
	}
	o.Settled, o.Announced = r.settledRead(), r.Pull.Scope.Announced
	if progress.StreamPosition != "" && !staged {
		o.Stream = &records.StreamRead{Target: progress.Target, Position: progress.StreamPosition}
	}
}

// addFailure adds the new state of the pull to the outcome of a failed attempt. If the vendor refused the attempt, the
// pull fails. But if the credential or the target was replaced during the attempt, the pull is retried. When the last
// permitted attempt of a pull fails, the connection becomes unhealthy.
func (a *attempt) addFailure(o *ports.Outcome, failure error, replaced bool) {
	o.LastError = codeOf(failure)
	asked := domain.RetryAfterOf(failure)
	if asked > 0 {
		o.RetryAfterUntil = o.At.Add(asked)
	}
	switch {
	case errors.Is(failure, domain.Rejected) && !replaced:
		o.State = domain.PullFailed
	case o.LastError == domain.BudgetExhausted, o.LastError == domain.MemoryExhausted,
		o.LastError == domain.Interrupted, o.LastError == domain.ConnectionPaused:
		o.State, o.NotBefore = domain.PullQueued, o.At.Add(max(asked, retryMin))
		if o.ScheduledAt = a.Pull.ScheduledAt; !a.Pull.IsEarly() {
			o.Attempts--
		}
	case a.Pull.IsEarly(): // the next attempt is due when it was due before
		o.State, o.NotBefore = domain.PullQueued, a.Pull.ScheduledAt
		if earliest := o.At.Add(max(min(asked, domain.MaxBackoff), retryMin)); earliest.After(o.NotBefore) {
			o.NotBefore = earliest
		}
	case a.Pull.Attempts >= domain.MaxAttempts:
		o.State = domain.PullFailed
		if code, at := domain.CodeOf(failure), o.At; !replaced { // the health has NeedsReauth besides
			o.Health = func(h domain.Health) domain.Health {
				return h.AfterSignal(a.Pull.Scope.Signal, a.Pull.StartedAt).AfterFailure(code, at)
			}
		}
	default:
		o.State = domain.PullQueued
		o.NotBefore = o.At.Add(domain.Backoff(a.Pull.Attempts, domain.Jitter(a.Entropy), asked))
	}
}

// codeOf returns domain.CodeOf(failure), with two exceptions: Interrupted if the worker's own context was canceled, and
// ReauthRequired if the vendor can be reached, but waits for the account holder to sign in again.
func codeOf(failure error) domain.Code {
	switch {
	case errors.Is(failure, context.Canceled):
		return domain.Interrupted
	case errors.Is(failure, domain.ErrHolderMustAct) && errors.Is(failure, domain.Unavailable):
		return domain.ReauthRequired
	}
	return domain.CodeOf(failure)
}

// webhookAfter returns the state of the watch for missing webhooks after the attempt. The first argument is the earlier
// state. The error is the attempt's failure, or nil. The function heardSince reports whether a webhook about the
// connection was received at or after a time.
func (a *attempt) webhookAfter(
	w domain.WebhookWatch, failure error, heardSince func(time.Time) bool,
) domain.WebhookWatch {
	if a.link.isChecked() {
		w = w.After(a.link.status.Schedule)
	}
	if !w.MissedAt.IsZero() && heardSince(w.MissedAt) {
		w = w.AfterWebhook()
	}
	missed := a.Pull.Scope.Unheard
	done := failure == nil || errors.Is(failure, domain.AccountNotListed)
	if missed.IsZero() || !done || a.link.listed.initial {
		return w
	}
	changed := a.Pull.Counts.Plus(a.journal.counts)
	return w.AfterPull(missed, changed.Added+changed.Modified+changed.Removed > 0, heardSince(missed))
}

// settledRead returns the balances that the attempt has read. It returns nil in these cases:
//   - Both readSettled and readBalances return false, for example because the vendor synchronised while the attempt
//     read everything.
//   - An earlier attempt has read pages of the pull, or a list changed while it was read. The balances and the rows are
//     then not from the same time.
//   - The adapter reads no balances.
//   - The vendor's last synchronisation has not read the balances, which are then older than the rows.
//   - The rows are still staged (stored, but not visible yet).
func (r *stepReader) settledRead() *ports.SettledRead {
	reader, ok := r.vendor.(ports.BalanceReader)
	settled := r.readSettled()
	if !ok || r.status.OldBalances || r.journal.staging != nil || !r.fromStart || r.restarts > 0 ||
		!settled && !r.readBalances() {
		return nil
	}
	read := &ports.SettledRead{
		BalancesOnly: !settled, ReadAt: r.listed.at,
		Balances:    make(map[string]books.VendorBalance, len(r.listed.accounts)),
		Quarantined: r.journal.quarantine.remaining() > 0,
	}
	for i := range r.listed.accounts {
		if r.listed.accounts[i].Unreadable == "" {
			read.Balances[r.listed.accounts[i].ExternalID] = reader.Balance(r.listed.accounts[i])
		}
	}
	if chains, ok := r.vendor.(ports.RunningBalanceReader); ok {
		read.RunningBalance = chains.RunningBalance
	}
	if creations, ok := r.vendor.(ports.CreationReader); ok {
		read.CreatedAt = creations.CreatedAt
	}
	return read
}

// readSettled reports whether the attempt has read everything, and the vendor did not synchronise meanwhile. It
// returns false if the account holder must sign in again, or the consent has ended.
//
// If the proof is TwoReads, the vendor does not report that it synchronises, and may not report when it last did. In
// this case, confirmation need not be statusSame (see confirmBalances).
func (r *stepReader) readSettled() bool {
	if !r.readsEverything() || r.confirmation == statusChanged {
		return false
	}
	proof := r.ground().Rows
	return proof == domain.TwoReads || proof == domain.OneRead && r.confirmation == statusSame
}

// confirmBalances reads the status again if settledRead would return balances, and nothing has compared the status with
// that before the first page. If the vendor has synchronised meanwhile, the balances may be older than the rows. The
// same is assumed if the status cannot be read, or if the connection was paused, since the vendor must not be called
// then.
func (r *stepReader) confirmBalances(ctx context.Context) {
	if r.confirmation != notCompared || r.status.SyncedAt.IsZero() || !r.readSettled() || r.settledRead() == nil {
		return
	}
	if r.checkNotPaused(ctx) != nil {
		r.confirmation = statusChanged
		return
	}
	status, err := r.check(ctx)
	if err != nil || !status.SameState(r.status) || !status.SyncedAt.Equal(r.status.SyncedAt) {
		r.confirmation = statusChanged
	}
}

// readBalances reports whether the attempt has read balances that must equal the sums of the records, although it has
// not read all rows. The vendor's last synchronisation must be over, and one of these conditions must be true:
//   - The scope has changed the sums of the records.
//   - The attempt has read the vendor's stream of changes to its end, and the vendor has the whole history. The store
//     then has a record of each row.
func (r *stepReader) readBalances() bool {
	progress := r.journal.progress
	atEnd := progress.StreamPosition != "" && !progress.Incomplete
	return (r.Pull.Scope.ChangesSums() || atEnd) && !r.readsEverything() && r.ground().Rows != domain.NoProof
}
