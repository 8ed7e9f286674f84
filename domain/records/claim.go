package records

import (
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Claimed is a pull that was assigned to a worker, together with its connection.
type Claimed struct {
	Pull       domain.Pull
	Connection domain.Connection
	// Initial is set when no pull has succeeded yet for the connection's current target, or when the connection's
	// NewReference is set. Pulls that started before the target was set do not count.
	Initial bool
	// Empty is set when Initial is set and the store contains no transaction of the connection.
	Empty bool
	// Removed contains the sorted external ids of rows that the vendor has announced as removed. The announcements are
	// stored in the deliveries of the connection's queued pull. RemoveAnnounced may already have removed these rows. An
	// older page of the vendor may still contain them. This pull must not store them again. In the first attempt of a
	// pull, Removed is nil.
	Removed []string
	// FormerAccountIDs contains the sorted external ids under which the vendor no longer lists an account: the ids of
	// the accounts that are marked as removed, and the former ids of the others. It is set only if the scope of the
	// pull names accounts.
	FormerAccountIDs []string
	// Quarantine holds the keys of the connection's quarantined rows (rows that could not be normalised), in any order.
	Quarantine []domain.QuarantineKey
	// Nameless is set if the quarantine contains a row without a readable external id, and a pull has read this row
	// from the current target of the connection. Any new row may then be this row.
	Nameless bool
	// HasRemoved is set in two cases. It is never set together with Empty.
	//
	//   - Rows of the connection were marked as removed within domain.MatchWindow.
	//   - A transaction of the connection has former external ids: its row was replaced.
	HasRemoved bool
	// HasCarriedOver is set if the connection has carried-over rows. Such a row was read under an earlier account
	// reference, and the vendor has not yet returned it under the current one. HasCarriedOver is never set together
	// with Empty.
	HasCarriedOver bool
}

// ClaimView contains the stored values on which the claim of a pull depends.
type ClaimView struct {
	Pull       domain.Pull
	LeaseUntil time.Time // when the lease of the pull expires; zero unless the pull is running
	Complete   bool      // whether the pull is known to be complete: it reads everything that the vendor has
	Connection domain.Connection
	// UnderWay is another pull of the connection that has started and not ended; nil if there is none. It is read only
	// if Pull has not started.
	UnderWay *UnderWay
}

// UnderWay is a pull that has started and not ended. The store need not load its scope. It must load its progress
// only if the pull awaits accounts.
type UnderWay struct {
	domain.Pull

	LeaseUntil time.Time // when its lease expires; zero unless it is running
}

// ReadyAt returns the earliest time at which a pull may be claimed again. leaseUntil is the end of its lease; zero if
// the pull is not running.
func ReadyAt(p domain.Pull, leaseUntil time.Time) time.Time {
	if p.State == domain.PullRunning {
		return leaseUntil
	}
	return p.NotBefore
}

// Admission lists what happens before an attempt of a pull begins.
type Admission struct {
	// Ended is a pull that ends, in its new state; nil if none ends. It is either the pull under way, which the claimed
	// pull replaces, or the claimed pull itself.
	Ended *domain.Pull
	// Gone is set if Ended is the claimed pull, because its connection was deleted. There is no attempt.
	Gone bool
	// Awaited contains the accounts for which the ended pull has waited, with the times at which the wait for them
	// began. Deliveries of the ended pull that name one of these accounts move to the claimed pull.
	Awaited map[string]time.Time
}

// Admit decides whether a pull may be claimed at a time. A pull that has not started replaces a pull that only awaits
// accounts (domain.Pull.AwaitsAccount): that pull has read everything else, and ends as succeeded. Its accounts are
// awaited further only if it has read the current target of the connection.
//
// Errors: NotFound if the pull has succeeded or failed; Conflict (connection_paused); NotDue with RetryAfter.
func Admit(v ClaimView, at time.Time) (Admission, error) {
	if v.Pull.State == domain.PullSucceeded || v.Pull.State == domain.PullFailed {
		return Admission{}, domain.NotFoundError()
	}
	if !v.Connection.Live() {
		return Admission{Ended: ended(v.Pull, domain.PullFailed, domain.ConnectionGone, at), Gone: true}, nil
	}
	if err := v.Connection.CheckNotPaused(); err != nil {
		return Admission{}, err
	}
	if wait := ReadyAt(v.Pull, v.LeaseUntil).Sub(at); wait > 0 {
		return Admission{}, notDue(wait)
	}
	other := v.UnderWay
	if other == nil || !v.Pull.StartedAt.IsZero() {
		return Admission{}, nil
	}
	if !other.AwaitsAccount() {
		return Admission{}, Blocked(ReadyAt(other.Pull, other.LeaseUntil).Sub(at))
	}
	a := Admission{Ended: ended(other.Pull, domain.PullSucceeded, "", other.Progress.ReadAt)}
	if other.Progress.Target == v.Connection.Target() {
		a.Awaited = other.Progress.Awaited
	}
	return a, nil
}

func ended(p domain.Pull, state domain.PullState, reason domain.Code, at time.Time) *domain.Pull {
	p.State, p.LastError, p.NotBefore, p.FinishedAt = state, reason, time.Time{}, at
	p.ScheduledAt, p.RetryAfterUntil = time.Time{}, time.Time{}
	return &p
}

// minWait is the shortest RetryAfter of a claim that is refused because another pull of the connection is under way.
const minWait = time.Second

// Blocked returns the error of a claim that is refused because another pull of the connection is under way. wait is the
// time until that pull may be claimed.
func Blocked(wait time.Duration) error { return notDue(max(wait, minWait)) }

// notDue returns the error of a claim that came too early. The caller should retry after the given delay.
func notDue(delay time.Duration) error {
	return &domain.Error{Kind: domain.Conflict, Code: domain.NotDue, RetryAfter: delay}
}

// ScopeSource reads the scopes of the deliveries of a pull. Its methods change nothing.
type ScopeSource interface {
	// Scopes returns the scopes in the order in which the deliveries were received. Of equal scopes, it may return only
	// the last one. If the scopes together have more than limit bytes, it returns none, and large is true.
	Scopes(limit int) (scopes []domain.PullScope, large bool, err error)
	// LastScopes returns scopes that are not large, in the order of receipt. signals contains the last scope with a
	// signal. consents contains the last scopes with reports about a consent, at most domain.MaxConsentReports. Both
	// may also contain other scopes.
	LastScopes() (signals, consents []domain.PullScope, err error)
}

// MergeDeliveries returns a scope, merged with the scopes of the pull's deliveries. If these scopes together are larger
// than domain.MaxScopeBytes, domain.LargeScope replaces them, with their last signal and their last reports about
// consents. Merging a scope twice changes nothing, and only the last signal is used.
func MergeDeliveries(scope domain.PullScope, source ScopeSource) (domain.PullScope, error) {
	scopes, large, err := source.Scopes(domain.MaxScopeBytes)
	if err != nil || !large {
		return domain.MergeScopes(append([]domain.PullScope{scope}, scopes...)), err
	}
	signals, consents, err := source.LastScopes()
	reports := domain.PullScope{Consents: domain.MergeScopes(consents).Consents}
	return domain.MergeScopes([]domain.PullScope{
		scope, domain.LargeScope(domain.MergeScopes(signals).Signal), reports,
	}), err
}

// ClaimSource reads what an attempt of a pull needs of its connection. Its methods change nothing.
type ClaimSource interface {
	ScopeSource
	QuarantineSource

	// SucceededSince reports whether a pull of the connection has succeeded that started at or after a time.
	SucceededSince(start time.Time) (bool, error)
	// Rows returns three facts about the connection. empty is true if no transaction is stored. removed is true if a
	// row was marked as removed at or after start, or if a transaction has former external ids. carriedOver is true if
	// the connection has carried-over rows.
	Rows(start time.Time) (empty, removed, carriedOver bool, err error)
	// FormerAccountIDs returns the value of Claimed.FormerAccountIDs.
	FormerAccountIDs() ([]string, error)
	// NextRemoved returns the sorted external ids of the rows that the connection's queued pull must mark as removed.
	NextRemoved() ([]string, error)
}

// Claim returns an admitted pull in its new state, and whether it is complete: it reads everything that the vendor has.
// awaited are the accounts of the admission. The first claim merges the scopes of the deliveries, including those
// of a replaced pull. Errors: those of the source.
func Claim(
	v ClaimView, awaited map[string]time.Time, source ClaimSource, at time.Time,
) (claimed Claimed, complete bool, err error) {
	p, first := v.Pull, v.Pull.StartedAt.IsZero()
	if p.State != domain.PullQueued || !at.Before(p.ScheduledAt) { // not an early attempt, or one whose worker died
		p.Attempts, p.ScheduledAt = p.Attempts+1, time.Time{}
	}
	p.State, p.NotBefore, p.RetryAfterUntil = domain.PullRunning, time.Time{}, time.Time{}
	if first {
		p.StartedAt, p.Progress.Awaited = at, awaited
		if p.Scope, err = MergeDeliveries(p.Scope, source); err != nil {
			return Claimed{}, false, err
		}
	}
	claimed = Claimed{Pull: p, Connection: v.Connection, Initial: v.Connection.NewReference}
	if !claimed.Initial {
		succeeded, err := source.SucceededSince(v.Connection.TargetChangedAt)
		if err != nil {
			return Claimed{}, false, err
		}
		claimed.Initial = !succeeded
	}
	err = claimed.read(source, first, at)
	return claimed, v.Complete || claimed.Initial || p.Scope.Everything, err
}

// read sets the members of c that describe the stored rows of the connection. It does not read members that the
// attempt cannot need. The argument first is true in the first attempt of the pull.
func (c *Claimed) read(source ClaimSource, first bool, at time.Time) (err error) {
	var empty bool
	empty, c.HasRemoved, c.HasCarriedOver, err = source.Rows(at.Add(-domain.MatchWindow))
	if err != nil {
		return err
	}
	c.Empty = c.Initial && empty
	if err = source.VisitQuarantine(0, c.addQuarantined); err != nil {
		return err
	}
	if len(c.Pull.Scope.AccountNames()) > 0 {
		if c.FormerAccountIDs, err = source.FormerAccountIDs(); err != nil {
			return err
		}
	}
	if !first {
		c.Removed, err = source.NextRemoved()
	}
	return err
}

// addQuarantined adds a row to the members of c that describe the quarantine. A row that was last read from an earlier
// target does not set Nameless, because the current target does not return it.
func (c *Claimed) addQuarantined(e QuarantineEntry) {
	c.Quarantine = append(c.Quarantine, e.QuarantineKey)
	if e.Kind == domain.QuarantinedTransaction && domain.IsUnreadableRowID(e.ID) &&
		!e.At.Before(c.Connection.TargetChangedAt) {
		c.Nameless = true
	}
}
