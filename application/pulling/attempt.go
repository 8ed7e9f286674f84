package pulling

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// claim is what the store handed out for one attempt at a pull. Nothing in it changes during the attempt.
type claim struct {
	*Engine
	ports.Claimed

	lease domain.Lease
}

func (c *claim) newID() domain.TransactionID { return domain.TransactionID{UUID: c.IDs.New()} }

// attempt is one attempt at a pull, under one lease.
type attempt struct {
	*claim

	journal *journal
	link    *link
	steps   *stepReader // nil until the steps of the pull are planned
}

func newAttempt(c *claim) *attempt {
	j := newJournal(c)
	return &attempt{claim: c, journal: j, link: newLink(c, j)}
}

// runAndFinish makes the attempt and records its outcome. It returns the wait before the next attempt; 0 if there is no
// next attempt.
func (a *attempt) runAndFinish(ctx context.Context, startedAt time.Time) (time.Duration, error) {
	if a.Pull.Attempts > domain.MaxAttempts { // the process died in each of the attempts
		died := &domain.Error{Kind: domain.Rejected, Code: domain.Interrupted}
		return a.finish(ctx, ending{failure: died}, startedAt)
	}
	traced, endSpan := a.Tracer.StartSpan(ctx, a.Pull.Trace, "pull "+string(a.Pull.Vendor))
	timeout := domain.RequestTimeout(a.Pull.Attempts)
	patient, stop := ports.WithRequestTimeout(traced, timeout), func() {}
	if timeout > domain.MinRequestTimeout {
		stop = a.journal.keepLease(ctx)
	}
	held, failure := a.run(patient)
	a.link.report(ctx, failure)
	consent := a.link.readConsent(patient, failure)
	stop()
	endSpan(failure)
	if errors.Is(failure, domain.StoreUnavailable) {
		// The outcome cannot be stored either. The lease will expire, and the pull will resume from its
		// stored progress.
		return 0, failure
	}
	return a.finish(ctx, ending{failure: failure, consent: consent, held: held}, startedAt)
}

// withheld is the reason why staged rows remain invisible after all steps were read. Its members are nil if no decision
// of an operator is needed.
type withheld struct {
	ambiguous *records.AmbiguousAccounts
	unmatched *records.UnmatchedRows
}

// run executes the attempt. It returns a nil error when every step has been read and every removal has been stored.
func (a *attempt) run(ctx context.Context) (held withheld, err error) {
	announced, err := a.link.storeAnnounced(ctx)
	if err != nil {
		return held, err
	}
	if err = a.link.open(ctx); err != nil {
		return held, err
	}
	a.steps = newStepReader(a.link, announced)
	if err = a.steps.readAll(ctx); err != nil {
		return held, err
	}
	if a.journal.staging != nil {
		if held, err = a.steps.publish(ctx); err != nil {
			return held, err
		}
	}
	if err = a.steps.removeMissing(ctx); err != nil {
		return held, err
	}
	a.steps.confirmBalances(ctx)
	return held, a.steps.readBills(ctx)
}
