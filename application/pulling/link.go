package pulling

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// link is the account reference at the vendor: what the attempt has learned about its status, its consent and its
// accounts.
type link struct {
	*claim

	journal *journal
	// reported is the connection with the health and the consent that report has stored.
	reported domain.Connection

	vendor       ports.Aggregator
	access       ports.Access
	status       domain.LinkStatus // returned by the check before the first page is read; see isChecked
	latest       domain.LinkStatus // what the vendor has said last: see check and noteReauth
	consent      consentRead
	confirmation confirmation
	listed       listing
}

func newLink(c *claim, j *journal) *link {
	return &link{claim: c, journal: j, reported: c.Connection, listed: listing{initial: c.Initial}}
}

// announced is what the announced removals mean for the rest of the attempt.
type announced struct {
	removed []string         // the sorted external ids of rows whose removal is stored already, and is not held back
	scope   domain.PullScope // what the attempt reads
}

// storeAnnounced stores the announced removals before the first page is read, because the vendor may not respond for
// hours. An initial pull stores them only after the pages (removeMissing), because the pages may contain the removed
// rows.
//
// If there are too many removals to keep in memory, a stored page may restore a removed row. In this case, the removals
// are stored a second time after the pages.
func (l *link) storeAnnounced(ctx context.Context) (announced, error) {
	scope := l.Pull.Scope
	if none := len(scope.Removed)+len(l.Removed) == 0 && !scope.MoreRemoved; l.Initial || none {
		return announced{removed: l.Removed, scope: scope}, nil
	}
	if err := l.markRemoved(ctx); err != nil {
		return announced{}, err
	}
	return l.withoutHeld(ctx)
}

// markRemoved stores the removals that the vendor announced, and removes these rows from the quarantine. The store
// holds back removals that together are a mass removal. If several writes are necessary, all removals are therefore
// announced to the store before the first row is removed.
func (l *link) markRemoved(ctx context.Context) error {
	if l.Pull.Scope.MoreRemoved || len(l.Pull.Scope.Removed) > maxBatchRemovals {
		if err := l.journal.eachAnnounced(ctx, l.journal.announceRemovals); err != nil {
			return err
		}
	}
	return l.journal.eachAnnounced(ctx, l.remove)
}

// remove marks rows as removed, except those that the store holds back. It holds back all of them if it is known that
// the vendor cannot read the account reference.
func (l *link) remove(ctx context.Context, externalIDs []string) error {
	if len(externalIDs) == 0 {
		return nil
	}
	return l.journal.remove(ctx, externalIDs, l.cannotBeRead())
}

// withoutHeld returns the rows that are already marked as removed. If removals of the pull are held back, the attempt
// reads everything, because only a complete listing shows whether the vendor still has the rows.
func (l *link) withoutHeld(ctx context.Context) (announced, error) {
	scope := l.Pull.Scope
	removed := slices.Compact(slices.Sorted(slices.Values(slices.Concat(l.Removed, scope.Removed))))
	held, err := l.journal.held(ctx, removed)
	if err != nil || len(held) == 0 {
		return announced{removed: removed, scope: scope}, err
	}
	isHeld := func(id string) bool {
		_, found := slices.BinarySearch(held, id)
		return found
	}
	if slices.ContainsFunc(scope.Removed, isHeld) {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	return announced{removed: slices.DeleteFunc(removed, isHeld), scope: scope}, nil
}

// open opens the credential, and reads the status of the account reference and its accounts.
func (l *link) open(ctx context.Context) error {
	l.report(ctx, nil)
	credential, err := l.OpenCredential(ctx, l.Connection)
	if err != nil {
		return err
	}
	l.vendor, l.access = l.Aggregators[l.Connection.Vendor], ports.AccessOf(l.Connection, credential)
	if l.vendor == nil { // the vendor was registered when the connection was created, but is no longer registered
		return &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	if l.status, err = l.check(ctx); err != nil {
		return err
	}
	l.report(ctx, nil)
	// There is no new data yet: this write only extends the lease.
	if err := l.journal.storeProgress(ctx, l.journal.progress); err != nil {
		return err
	}
	return l.listAccounts(ctx)
}

// check reads the status of the account reference. The latest one is kept, because the holder may have to sign in since
// the attempt has begun.
func (l *link) check(ctx context.Context) (domain.LinkStatus, error) {
	requestedAt := l.Clock.Now()
	status, err := l.vendor.Check(ctx, l.access)
	if err != nil {
		return status, err
	}
	status.RequestedAt = requestedAt
	if consent := l.learned().Consent; consent.State(requestedAt).Ended() {
		status.SignedIn = false
	}
	l.latest = status
	return status, nil
}

// noteReauth notes that the account holder must sign in. failure is the error of a request that began at requestedAt,
// and does not end the attempt. An event that has arrived since is newer.
func (l *link) noteReauth(ctx context.Context, requestedAt time.Time, failure error) {
	l.noteRevoked(failure)
	l.latest = domain.LinkStatus{NeedsReauth: true, RequestedAt: requestedAt}
	l.report(ctx, nil)
}

// isChecked reports whether the attempt has read the status of the account reference.
func (l *link) isChecked() bool { return !l.status.RequestedAt.IsZero() }

// report stores what the attempt has learned so far about the connection: that the account holder must sign in, or that
// the consent has changed. The attempt may take long, or fail. failure is the reason why it ends; nil if it goes on.
//
// Only the end of the attempt (finish) tells that the connection is healthy. It reports everything again, so report
// ignores the errors of the store.
func (l *link) report(ctx context.Context, failure error) {
	l.noteRevoked(failure)
	now := l.Clock.Now()
	change := func(c *domain.Connection) {
		if !c.SameAccess(l.Connection) {
			return
		}
		c.Report(l.Pull.Scope, l.Pull.StartedAt, now)
		c.Consent = c.Consent.After(l.consent.report, now)
		c.Health = c.Health.AfterStatus(l.status, now).AfterStatus(l.latest, now)
		if errors.Is(failure, domain.ErrHolderMustAct) {
			c.Health = c.Health.AfterReauth(now)
		}
	}
	learned := l.reported
	if change(&learned); learned.Health == l.reported.Health && learned.Consent == l.reported.Consent {
		return
	}
	if l.Pulls.ReportConnection(ctx, l.lease, now, change) == nil {
		l.reported = learned
	}
}

// learned returns the connection with the health and the consent that the attempt has learned so far.
func (l *link) learned() domain.Connection {
	c, now := l.reported, l.Clock.Now()
	c.Consent = l.consentAfter(c.Consent, l.consent.report, now)
	if c.Health = c.Health.AfterSignal(l.Pull.Scope.Signal, l.Pull.StartedAt); l.isChecked() {
		c.Health = c.Health.AfterSuccess(l.status, now).AfterStatus(l.latest, now)
	}
	return c
}

// cannotBeRead reports whether it is known that the vendor cannot read the account reference (CannotBeRead).
func (l *link) cannotBeRead() bool {
	c := l.learned()
	return c.CannotBeRead(l.Clock.Now())
}

// consentAfter returns the state of the consent after the attempt. The argument c is the state before the attempt. It
// first applies the reports in the pull's deliveries. Then it applies the report that the attempt has read from the
// vendor.
func (l *link) consentAfter(c domain.Consent, read domain.ConsentReport, at time.Time) domain.Consent {
	for _, report := range l.Pull.Scope.Consents {
		c = c.After(report, at)
	}
	return c.After(read, at)
}
