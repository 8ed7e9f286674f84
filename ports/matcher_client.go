package ports

import (
	"context"
	"errors"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
)

// ErrUploadFailed is the cause of an error if Matcher has answered an upload with an internal error. The file may
// contain a row with which Matcher always fails.
var ErrUploadFailed = errors.New("an upload to Matcher has failed")

// ErrRateLimited is the cause of an error if Matcher has answered that there were too many requests.
var ErrRateLimited = errors.New("too many requests to Matcher")

// ErrTargetRefused is the cause of an error if Matcher has refused a call for a reason that may concern only its
// target, for example because Matcher does not know the source.
var ErrTargetRefused = errors.New("the target was refused by Matcher")

// MatcherRow is a row of a file that is uploaded to Matcher.
type MatcherRow struct {
	Record  domain.TransactionID
	Content lerianmatcher.Content
}

// MatcherJob is the import of one file.
type MatcherJob struct {
	ID         string
	Done       bool // whether the import has ended
	Rows       int  // number of rows of the file; 0 if it is not known
	FailedRows int  // number of rows that Matcher has refused
}

// MatcherClient calls Matcher for one subscription. Its methods are not called concurrently.
//
// Errors of all methods:
//
//   - Unavailable (sink_refused), with RetryAfter if Matcher requires a delay: Matcher has not carried out the call.
//     The cause is ErrRateLimited, ErrTargetRefused, or nil if Matcher does not accept the credential.
//   - Unavailable (sink_unreachable): Matcher may have carried out the call.
//   - Unavailable (interrupted) if ctx was canceled. Matcher may have carried out the call.
//   - Rejected (address_not_allowed).
//
// An error never contains a URL, a secret or text from Matcher.
type MatcherClient interface {
	// Upload imports the rows as a file with the given name. It returns when the import has ended, within 60 s.
	// Matcher skips a row if the source already has a row with the same external id. Errors: Rejected (sink_refused)
	// if Matcher refuses the file, and has imported none of it; Unavailable (sink_unreachable) with the cause
	// ErrUploadFailed.
	Upload(ctx context.Context, t lerianmatcher.Target, file string, rows []MatcherRow) (MatcherJob, error)
	// RowSize returns the number of bytes that the row takes in a file.
	RowSize(r MatcherRow) int
	// FindJob returns the import of the latest file with the name. Only the last 1,000 imports of the context are
	// searched. Errors: NotFound.
	FindJob(ctx context.Context, t lerianmatcher.Target, file string) (MatcherJob, error)
	// JobTransactions returns the transactions that the import of a file has created.
	JobTransactions(ctx context.Context, t lerianmatcher.Target, job string) ([]lerianmatcher.Transaction, error)
	// FindTransaction returns the transaction of the source with this external id. Errors: NotFound.
	FindTransaction(ctx context.Context, t lerianmatcher.Target, externalID string) (lerianmatcher.Transaction, error)
	// IgnoreTransaction sets the status of a transaction to ignored. Errors: NotFound; Conflict (not_offered) if the
	// transaction is not unmatched.
	IgnoreTransaction(ctx context.Context, t lerianmatcher.Target, id, reason string) error
	// Answer returns the answer that made the last call fail, of Matcher or of its token endpoint; zero if there was
	// none.
	Answer() events.SinkAnswer
	// Close releases the connections of the client.
	Close()
}

// MatcherSettings are the settings of a subscription to Matcher that the service itself uses.
type MatcherSettings struct {
	Sources  []MatcherSource // no account occurs twice
	DateFrom domain.Date     // records before this day are not sent; "" if all are
	// ByReference is set if the main reference of a record becomes its external id, provided that the reference is
	// unique.
	ByReference bool
}

// MatcherSink is a Sink that keeps the transactions in Matcher equal to the records of accounts. It receives no
// events.
type MatcherSink interface {
	Sink
	// MatcherSettings returns the settings of a result of Sink.Parse or Sink.Current.
	MatcherSettings(stored SinkSettings) MatcherSettings
	// OpenMatcher returns a client for a valid target. It does not connect.
	OpenMatcher(t SinkTarget) MatcherClient
}
