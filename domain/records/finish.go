package records

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Outcome describes how an attempt of a pull ended.
type Outcome struct {
	State     domain.PullState // PullSucceeded, PullFailed, or PullQueued if the pull will be retried
	LastError domain.Code      // "" if the pull succeeded
	NotBefore time.Time        // the earliest time of the retry; only if State is PullQueued
	// ScheduledAt and RetryAfterUntil are members of the pull that will be retried.
	ScheduledAt     time.Time
	RetryAfterUntil time.Time
	// Attempts is the pull's new attempt count and replaces the stored count. Claim has already counted the attempt.
	// The caller subtracts one if our own rate budget, a shutdown or a pause of the connection has ended the attempt.
	// Claim does not count an early attempt.
	Attempts int
	// Health computes the connection's new health from the stored health. If the function is nil, the health does not
	// change.
	Health func(domain.Health) domain.Health
	// Consent computes the connection's new consent from the stored consent. If the function is nil, the consent does
	// not change.
	Consent func(domain.Consent) domain.Consent
	// Webhook computes the connection's new WebhookWatch from the stored one. If the function is nil, the WebhookWatch
	// does not change. heardSince reports whether a webhook about the connection was received at or after a time.
	Webhook func(w domain.WebhookWatch, heardSince func(time.Time) bool) domain.WebhookWatch
	// Target is the connection's target (see domain.Connection) during the pull. It is "" if an account of the target
	// is not stored yet. If the connection still has this target, Finish clears the connection's NewReference.
	Target string
	// Settled is the result of a settled pull (see SettledRead); nil if the pull is not settled. If Settled is set,
	// Finish stores a reading of each account with an entry in Settled.Balances.
	Settled *SettledRead
	// Announced contains how many rows the vendor's webhooks have announced. Finish stores these counts. If Settled
	// is set, Finish also compares all stored counts with the stored rows.
	Announced []domain.AnnouncedCount
	// Complete is set if the pull has read everything that the vendor has. Such a pull counts in the connection's usage
	// when it succeeds.
	Complete bool
	// Ambiguous contains the accounts of the connection's target that cannot be told apart; nil if there are none, or
	// they were not compared. Finish stores them if the connection still has this target, and its rows stay staged.
	Ambiguous *AmbiguousAccounts
	// Unmatched describes rows that stay staged because too few of the known transactions have a partner among
	// them; nil if there are none. Finish stores it under the same conditions as Ambiguous.
	Unmatched *UnmatchedRows
	// Stream is the position in the vendor's stream of changes that the pull has read; nil if it has not read the
	// stream to its end. If the connection still has the target of the stream, Finish stores the position.
	Stream *StreamRead
	// Inconsistent states whether a list of the pull contradicted itself; nil if the pull has not read everything.
	Inconsistent *bool
	// Bank is what the vendor has stated about the bank before the pull read it; nil if that is not known, or if the
	// target was replaced during the attempt. Finish stores its facts with the connection.
	Bank *domain.BankReading
	// BankRead contains the external ids of the accounts that the pull has listed, if it has read everything that the
	// vendor had when it stated Bank; otherwise it is empty. Finish stores BankReading.ReadAt with each of these
	// accounts: a reading of the bank proves nothing about an account that the vendor did not list. ReadAt is when the
	// vendor stated it.
	BankRead []string
	ReadAt   time.Time
	// Bills contains what the pull has read of the bills of cards, by the external id of the account. Finish stores it
	// if the pull has succeeded, and evaluates the bills of the connection again.
	Bills map[string]bills.Read
	// Coverage determines up to which day a bank reading is complete, and Grace how long a check must fail. They are
	// used for closes that were not covered.
	Coverage domain.Coverage
	Grace    time.Duration
	At       time.Time
}

// StreamRead is the position up to which a pull has read the vendor's stream of changes. See
// domain.Connection.StreamPosition.
type StreamRead struct {
	Target   string // see domain.Connection
	Position string
}

// UnmatchedRows is the number of transactions that would be removed if the rows of the target became visible. See
// domain.AccountAmbiguity.
type UnmatchedRows struct {
	Target string // see domain.Connection
	Rows   int
}

// AmbiguousAccounts contains accounts that cannot be told apart: former ones, and the external ids of those of the
// target. See domain.AccountAmbiguity.
type AmbiguousAccounts struct {
	Target string // see domain.Connection
	Before []domain.AccountID
	After  []string
}

// SettledRead is the result of a settled pull. A pull is settled if all of this is true:
//
//   - The pull has read everything that the vendor has, in one attempt, and each list once.
//   - The pull has succeeded.
//   - The vendor did not synchronise during the pull.
type SettledRead struct {
	// BalancesOnly is set if the pull has read the balances, but not all records: the sums of the records have changed,
	// or the pull has read the vendor's stream of changes to its end. Such a pull sets no baseline, and compares no
	// announced counts.
	BalancesOnly bool
	// ReadAt is when the balances were requested. An account gets no reading if an operator's decision has changed its
	// records since.
	ReadAt time.Time
	// Balances contains the balances of the accounts that were read. The keys are the external ids of the accounts.
	Balances map[string]books.VendorBalance
	// Quarantined is set if the quarantine of the connection is not empty.
	Quarantined bool
	// RunningBalance returns the account balance in the metadata of a record. The field RunningBalance is nil if the
	// vendor states no running balances.
	RunningBalance func(metadata json.RawMessage) books.RunningBalance
	// CreatedAt returns when the vendor created the row with this metadata; zero if the metadata of this row lacks the
	// time. The field CreatedAt is nil if the vendor never states the time.
	CreatedAt func(metadata json.RawMessage) time.Time
}

// FinishView contains the stored values on which the end of an attempt depends.
type FinishView struct {
	Pull       domain.Pull // the running pull; its scope and progress are not needed
	Connection domain.Connection
	// HeardSince reports whether a webhook about the connection was received at or after a time. Ignored deliveries do
	// not count.
	HeardSince func(time.Time) (bool, error)
}

// FinishChanges lists what a store must change when an attempt ends.
type FinishChanges struct {
	Pull domain.Pull // with its new state
	// Connection is the connection with its new health, consent, WebhookWatch, usage, announced problems, Ambiguity and
	// StreamPosition.
	// Reported is set if one of them may have changed.
	Connection domain.Connection
	Reported   bool
	// ReferenceStored is set if all accounts of the connection's account reference are stored now. The store deletes
	// the connection's staged rows and clears NewReference and StagedSince.
	ReferenceStored bool
	// NextMayStart is set if the next pull of the connection may start. If a pull is queued, it needs a job.
	NextMayStart bool
	Events       []Event
}

// Finish decides what the end of an attempt changes. The pull of a deleted connection fails instead of being retried:
// the deletion itself did not end this pull, because the pull was running. Errors: those of v.HeardSince.
func Finish(v FinishView, o Outcome) (FinishChanges, error) {
	c, err := report(v, o)
	if err != nil {
		return FinishChanges{}, err
	}
	counts := o.Complete && o.State == domain.PullSucceeded
	if counts {
		c.Usage = c.Usage.AddPull(o.At)
	}
	var ofHealth, ofPull []Event
	c.Announced, ofHealth = OfHealth(v.Connection, c)
	c.Announced, ofPull = OfPull(c, v.Pull.ID, o.State)
	changes := FinishChanges{
		Pull: v.Pull, Connection: c,
		Reported: o.Health != nil || o.Consent != nil || o.Webhook != nil || o.Ambiguous != nil ||
			o.Unmatched != nil || o.Stream != nil || o.Bank != nil || o.Inconsistent != nil || counts ||
			c.Announced != v.Connection.Announced,
		ReferenceStored: o.Target != "" && o.Target == c.Target(),
		Events:          slices.Concat(ofHealth, OfSilence(v.Connection, c), ofPull),
	}
	p := &changes.Pull
	p.State, p.LastError, p.Attempts = o.State, o.LastError, o.Attempts
	p.NotBefore, p.FinishedAt = time.Time{}, o.At
	p.ScheduledAt, p.RetryAfterUntil = time.Time{}, time.Time{}
	switch {
	case o.State == domain.PullQueued && c.Live():
		p.NotBefore, p.FinishedAt = o.NotBefore, time.Time{}
		p.ScheduledAt, p.RetryAfterUntil = o.ScheduledAt, o.RetryAfterUntil
	case o.State == domain.PullQueued:
		p.State, p.LastError = domain.PullFailed, domain.ConnectionGone
	}
	changes.NextMayStart = !p.FinishedAt.IsZero() || p.AwaitsAccount()
	return changes, nil
}

// report returns the connection with the health, the consent, the WebhookWatch, the Ambiguity and the StreamPosition
// that result from the outcome.
func report(v FinishView, o Outcome) (domain.Connection, error) {
	c := v.Connection
	if o.Health != nil {
		c.Health = o.Health(c.Health)
	}
	if o.Consent != nil {
		c.Consent = o.Consent(c.Consent)
	}
	if a := o.Ambiguous; a != nil && c.NewReference && a.Target == c.Target() {
		c.Ambiguity = c.Ambiguity.Found(a.Before, a.After, o.At)
	}
	if u := o.Unmatched; u != nil && c.NewReference && u.Target == c.Target() {
		c.Ambiguity = c.Ambiguity.FoundUnmatched(u.Rows, o.At)
	}
	if r := o.Stream; r != nil && r.Target == c.Target() {
		c.StreamPosition = r.Position
	}
	switch i := o.Inconsistent; {
	case i == nil:
	case !*i:
		c.InconsistentSince = time.Time{}
	case c.InconsistentSince.IsZero():
		c.InconsistentSince = o.At
	}
	if o.Bank != nil {
		c.Bank = c.Bank.After(*o.Bank)
	}
	var err error
	if o.Webhook != nil {
		c.Webhook = o.Webhook(c.Webhook, func(at time.Time) bool {
			heard, failed := v.HeardSince(at)
			if failed != nil {
				err = failed
			}
			return heard
		})
	}
	return c, err
}
