package ports

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Closing closes periods of accounts, so that later changes of reconciled records can be found.
//
// Every method returns NotFound unless the id belongs to an account of the tenant. A returned closed period has its
// present Witness.
type Closing interface {
	// ClosePeriod closes the records of an account up to and including period.To, and returns the closed period. If the
	// day is closed already, it returns the stored closed period and changes nothing. period.From is the first day of
	// its statement; "" if that is the date of the first record. Errors: Invalid on "date" if the day has not ended in
	// the zone of the service; on "from" if that is after the day, or set although the account has an earlier close.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		period domain.Window) (books.Close, error)
	// ClosePeriods closes the same day of several accounts, one after the other. period.From concerns those without an
	// earlier close. A failure for one account does not affect the other accounts. The results have the order of the
	// ids. Errors: Invalid on "date" or "from"; the error of ctx.
	ClosePeriods(ctx context.Context, tenant domain.TenantID, accounts []domain.AccountID,
		period domain.Window) ([]CloseResult, error)
	// WriteClosedStatement calls the given function with the account statement of the period that ends on this day,
	// as it was when it was closed, and returns the function's error. The period may have been reopened since.
	// Errors:
	//
	//   - NotFound if there is no such account, with the code close_not_found if its day was never closed;
	//   - Conflict (no_account_amount) if an amount in the account's currency was not known;
	//   - Unavailable (too_many_statements), as for Statements.WriteStatement.
	WriteClosedStatement(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		writer StatementWriter) error
	// WriteEvidence calls the given function with the evidence of the period that ends on this day, as it was when it
	// was closed, and returns the function's error. The period may have been reopened since. Errors:
	//
	//   - NotFound if the day was never closed;
	//   - Conflict (no_evidence) if the audit entry of the close has no digest, because an earlier version of the
	//     service has closed the period;
	//   - Unavailable (too_many_statements), as for Statements.WriteStatement.
	WriteEvidence(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		writer func(context.Context, Evidence) error) error
	// ReopenPeriod ends the closed period that ends on this day. Errors: NotFound if there is no such period.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date) error
	// ListCloses returns the closed periods of an account, ordered by day, newest first. If reopened is set, it returns
	// those that were reopened instead, ordered by the time of the reopening, newest first.
	ListCloses(ctx context.Context, tenant domain.TenantID, account domain.AccountID, reopened bool,
		page domain.PageRequest) (domain.Page[books.Close], error)
	// ListAdjustments returns the adjustments of the closed period that ends on this day, newest first. Errors:
	// NotFound if there is no such period.
	ListAdjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[books.Adjustment], error)
}

// CloseResult is the result of closing a period of one account: a close, or an error.
type CloseResult struct {
	Account domain.AccountID
	Close   books.Close
	Err     error
}

// ClosedView is a closed period with its records.
type ClosedView struct {
	Close books.Close
	// Posted returns the posted records that were live at ClosedAt, as they were then. FirstSeenAt is not set. The
	// sequence may be ranged over several times, until the function that has received the view returns.
	Posted PostedRecords
	// Records returns the records that the digest covers, ordered by id. Otherwise it is like Posted. No other sequence
	// of the view may be ranged over at the same time.
	Records func(ctx context.Context) iter.Seq2[books.ClosedRecord, error]
}

// Evidence contains the data for the evidence pack of a closed period.
type Evidence struct {
	ClosedView
	ProvenEntry // the audit entry of the close

	// Document writes the document of the close. The detail of the audit entry contains the hash of the document. If
	// the detail contains no hash, there is no document.
	Document func(w io.Writer) error
}

// EvidenceFormat is the file format of evidence packs.
type EvidenceFormat interface {
	// Write writes the evidence pack to the writer that begin returns. It reads the evidence twice: before it calls
	// begin with the size of the pack in bytes, and while it writes. Errors: Oversized (document_too_large) if the
	// format cannot express the size, before begin is called; internal if the records do not have the digest of the
	// close, or the document does not have the hash in the entry.
	Write(ctx context.Context, e Evidence, begin func(size int64) io.Writer) error
}

// CloseSteps are the functions that ClosePeriod calls. Each of them may be nil. They must not call the store.
type CloseSteps struct {
	// Read reads the period and its records as they were at ClosedAt. It may be called several times; the last call
	// receives the period that is stored. It must return soon, because changes of the account may wait for it.
	Read func(context.Context, ClosedView) error
	// Pause is called after each few thousand records that are read while the account may change. It may wait, to let
	// other work run.
	Pause func(context.Context) error
}

// Closes stores the closed periods of accounts and their adjustments.
//
// An adjustment is a change of a closed record that commits after the period was closed. A change that commits earlier
// is included in the digest of the closed period. PullExecution stores the adjustments in the same atomic change as the
// changed records. If one atomic change contains several changes of a record, a store may combine them into one
// adjustment.
type Closes interface {
	// ClosePeriod computes the digest of the account's live records up to the day, and stores the closed period. Both
	// are one atomic change, during which no record of the account changes. If the day is closed already, ClosePeriod
	// returns the stored period, and wasCreated is false. It does not validate the request. Errors: NotFound if there
	// is no such account; those of books.CloseRequest.FirstDay.
	//
	// Before the period is stored, ClosePeriod calls steps.Read. If a step fails, nothing is stored, and ClosePeriod
	// returns its error.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, r books.CloseRequest,
		steps CloseSteps, entries AuditEntries) (c books.Close, wasCreated bool, err error)

	// ReopenPeriod ends the closed period that ends on this day; at becomes its ReopenedAt. ReadClose and
	// Closes still return the period, as a reopened one. Adjustments that belong only to this period are no longer
	// returned. If an adjustment also belongs to another closed period, it is still returned for the other period.
	// Errors: NotFound if the day is not closed.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date, at time.Time,
		entries AuditEntries) error

	// ReadClose calls fn with the closed period that ends on this day, and returns the error of fn. If the day is not
	// closed, it uses the most recently reopened period of this day. The records are those that the account had at
	// ClosedAt. Errors: NotFound if the day was never closed.
	ReadClose(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		fn func(ClosedView) error) error

	// Closes returns the closed periods of an account, ordered by day, newest first. A position in the list consists of
	// the day and the id of the account. If reopened is set, it returns the periods that were reopened instead, ordered
	// by the time of the reopening, newest first; a position then consists of this time, formatted by domain.TimeKey,
	// and the id of the account. For an unknown account, it returns none.
	Closes(ctx context.Context, tenant domain.TenantID, account domain.AccountID, reopened bool,
		page domain.PageRequest) (domain.Page[books.Close], error)

	// Adjustments returns the adjustments of a closed period, newest first. The adjustments of one record are ordered
	// by version, highest first. If a caller undoes them in this order, the records are as they were when the period
	// was closed. Errors: NotFound if the day is not closed.
	Adjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[books.Adjustment], error)
}
