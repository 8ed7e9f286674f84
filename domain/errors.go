package domain

import (
	"errors"
	"time"
)

// Kind classifies a failure by what the caller can do about it. A Kind is itself an
// error, so errors.Is(err, domain.NotFound) is true for every Error of that kind. A
// failure without a Kind is internal: its text is written only to the log.
type Kind string

// The kinds, each with its meaning for the caller.
const (
	Invalid         Kind = "invalid"         // correct the named field
	Unauthenticated Kind = "unauthenticated" // the caller is not known
	Forbidden       Kind = "forbidden"       // the caller is known, but lacks the permission
	NotFound        Kind = "not found"       // the object is absent or another tenant's; the caller cannot know which
	Conflict        Kind = "conflict"        // the request conflicts with the current state
	Rejected        Kind = "rejected"        // the vendor refuses the request; a retry would not help
	Unavailable     Kind = "unavailable"     // try again later
	Oversized       Kind = "oversized"       // ask for less
)

// Error returns the kind as text. With this method a Kind is an error, as errors.Is requires.
func (r Kind) Error() string { return string(r) }

// Code distinguishes failures of one kind. It appears in responses of the API and in pull
// records. A code never contains a value from a request or from a vendor's response.
type Code string

// The codes to which callers can react. Each comment ends with the Kind of the error, in parentheses. EventSkipped,
// InternalFailure and MatcherNotIgnored have no Kind.
const (
	NameTaken        Code = "name_taken"        // a live connection has this name (Conflict)
	Immutable        Code = "immutable"         // the field cannot be changed (Invalid)
	HalfCredential   Code = "half_credential"   // clientId and secret must be sent together (Invalid)
	RevisionMismatch Code = "revision_mismatch" // the connection has changed since the caller read it (Conflict)
	KeyInFlight      Code = "key_in_flight"     // a request with this idempotency key is still running (Conflict)
	KeyReused        Code = "key_reused"        // the idempotency key was used for another request (Conflict)
	ShownOnce        Code = "shown_once"        // a token is returned only once, and is not stored (Conflict)
	NoAnchor         Code = "no_anchor"         // the balance of the account cannot be compared (Conflict)
	// AccountNotAmbiguous: no rows wait for a decision about the account (Conflict).
	AccountNotAmbiguous Code = "account_not_ambiguous"

	// AccountLeft: the connection of the account was deleted, and no rows wait for a decision about it (Conflict).
	AccountLeft Code = "account_left"
	// CurrencyDiffers: an account continues no account of another currency (Conflict).
	CurrencyDiffers Code = "currency_differs"
	// HeldNone: no removal of the account or of its rows is held back (Conflict).
	HeldNone Code = "no_held_removals"
	// EventNotFailed: an event can be skipped only after an attempt to send it has failed (Conflict).
	EventNotFailed Code = "event_not_failed"
	// EventDelivered: an event was delivered or skipped, so it cannot be skipped (Conflict).
	EventDelivered Code = "event_delivered"
	// EventNotStored: no event with the sequence is stored, so it cannot be skipped (Conflict).
	EventNotStored Code = "event_not_stored"
	// EventSkipped: the result of an attempt whose event an operator has passed over.
	EventSkipped Code = "skipped"
	// NotJoinable: two transactions cannot be joined or dismissed as a pair (Conflict).
	NotJoinable        Code = "not_joinable"
	NotExcludable      Code = "not_excludable"       // the transaction cannot be excluded or included (Conflict)
	NothingToUndo      Code = "nothing_to_undo"      // the transaction has replaced no other row (Conflict)
	AccountDrifting    Code = "account_drifting"     // the records of the account do not explain its balance (Conflict)
	AccountChanged     Code = "account_changed"      // records have changed, or were read, after the balance (Conflict)
	NotCovered         Code = "not_covered"          // the bank was read too early for the last day (Conflict)
	NoBalance          Code = "no_balance"           // no balance of the account is known (Conflict)
	InvoiceBalance     Code = "invoice_balance"      // the balance of the card is no balance of a statement (Conflict)
	NoAccountAmount    Code = "no_account_amount"    // an amount in the account's currency is not known (Conflict)
	NoEvidence         Code = "no_evidence"          // the audit entry of the close has no digest (Conflict)
	DocumentTooLarge   Code = "document_too_large"   // the document is larger than the caller allows (Oversized)
	NotRepresentable   Code = "not_representable"    // the format cannot express a number of the statement (Conflict)
	ConnectionPaused   Code = "connection_paused"    // no request is sent to the vendor (Conflict)
	NotOffered         Code = "not_offered"          // the vendor does not have this feature (Conflict)
	SyncsFailed        Code = "syncs_failed"         // the vendor has stopped synchronising after failures (Conflict)
	LoginDiffers       Code = "login_differs"        // the login differs from the first one (Conflict)
	SinkLacks          Code = "sink_lacks"           // the kind of sink does not have this feature (Conflict)
	AlreadyErased      Code = "already_erased"       // the connection is erased; the vendor cannot be asked (Conflict)
	LeaseLost          Code = "lease_lost"           // another worker has taken over the pull (Conflict)
	TargetChanged      Code = "target_changed"       // the connection's address or reference has changed (Conflict)
	AccountContinues   Code = "account_continues"    // a new account may be a former one with a new id (Conflict)
	NotDue             Code = "not_due"              // the pull must not run yet (Conflict)
	CredentialRejected Code = "credential_rejected"  // the vendor does not accept the credential (Rejected)
	AccountNotFound    Code = "account_not_found"    // the vendor does not know the account reference (Rejected)
	VendorRefused      Code = "vendor_refused"       // the vendor refuses a request for another reason (Rejected)
	AccountNotListed   Code = "account_not_listed"   // an event names an account that is not listed yet (Unavailable)
	AccessDenied       Code = "access_denied"        // the vendor accepted the credential but refused access (Rejected)
	AddressNotAllowed  Code = "address_not_allowed"  // the egress policy forbids the address (Rejected)
	VendorUnreachable  Code = "vendor_unreachable"   // no response, or a 5xx (Unavailable)
	VendorRateLimited  Code = "vendor_rate_limited"  // the vendor answered 429 (Unavailable)
	BudgetExhausted    Code = "budget_exhausted"     // our rate budget is empty; the vendor is not called (Unavailable)
	RefreshesUsedUp    Code = "refreshes_used_up"    // no refresh is allowed at the moment (Unavailable)
	TooManyProbes      Code = "too_many_probes"      // too many tests of connections are running (Unavailable)
	TooManyReads       Code = "too_many_reads"       // too many costly reads of the tenant are running (Unavailable)
	TooManyStatements  Code = "too_many_statements"  // too many statements are being written (Unavailable)
	MemoryExhausted    Code = "memory_exhausted"     // the tenant's share of the memory is in use (Unavailable)
	SinkUnreachable    Code = "sink_unreachable"     // the destination of events did not answer (Unavailable)
	SinkRefused        Code = "sink_refused"         // the destination of events did not accept an event (Unavailable)
	MalformedResponse  Code = "malformed_response"   // the response is not in the vendor's format (Unavailable)
	EndlessCursor      Code = "endless_cursor"       // the pagination does not end (Unavailable)
	CursorGone         Code = "cursor_gone"          // the vendor no longer finds the next page of a list (Unavailable)
	StreamGone         Code = "stream_gone"          // the vendor no longer accepts the stream position (Unavailable)
	ListChanged        Code = "list_changed"         // rows were added or removed while a list was read (Unavailable)
	ConnectionGone     Code = "connection_deleted"   // the connection was deleted before its pull could run (Rejected)
	CredentialUnopened Code = "credential_unopened"  // the sealed credential could not be decrypted (Unavailable)
	Interrupted        Code = "interrupted"          // the process stopped during the work (Unavailable)
	StoreUnavailable   Code = "database_unavailable" // our own database is not available (Unavailable)
	TypeUnknown        Code = "type_unknown"         // no such connector or vendor is registered (Invalid)
	InternalFailure    Code = "internal_error"       // any other failure; only the log contains its cause

	MatcherNotIgnored Code = "matcher_not_ignored" // of an erasure: Matcher has not set all transactions to ignored

	TokenInUse           Code = "token_in_use"            // the webhook token serves several connections (Conflict)
	ApplicationInUse     Code = "application_in_use"      // something uses the application (Conflict)
	ApplicationChanged   Code = "application_changed"     // the application has changed since it was read (Conflict)
	ApplicationNotFound  Code = "application_not_found"   // the application in a request does not exist (NotFound)
	EventAccountNotFound Code = "event_account_not_found" // the account of a subscription does not exist (NotFound)
	CloseNotFound        Code = "close_not_found"         // the account exists, but its day was never closed (NotFound)
	AlreadyRegistered    Code = "already_registered"      // the application has a webhook of the tenant (Conflict)
	RegistrationInFlight Code = "registration_in_flight"  // another request creates the webhook (Unavailable)
	TooManySubscriptions Code = "too_many_subscriptions"  // the tenant has MaxSubscriptions subscriptions (Conflict)
	TooManyTokens        Code = "too_many_tokens"         // the connection has MaxTokens live tokens (Conflict)
	TooManyLinkSessions  Code = "too_many_link_sessions"  // the tenant has MaxLinkSessions open sessions (Conflict)
)

// Error returns the code as text. Because of this method, a Code can be the target of errors.Is.
func (c Code) Error() string { return string(c) }

// Error is the only error type that the service creates.
type Error struct {
	Kind Kind
	Code Code
	// Field names the invalid input with the name that the caller used ("configName"); it
	// is set only for Invalid.
	Field string
	// Message is a sentence for the caller. It never contains a value from the request.
	Message string
	// LastDay is the last day of the largest document that fits; set only with DocumentTooLarge, and "" if none fits.
	LastDay Date
	// Records contains the ids of the records that caused the error; set only with NoAccountAmount.
	Records []TransactionID
	// UpstreamCode is the vendor's code for the error; "" unless the documentation of the vendor lists the code.
	UpstreamCode string
	// RetryAfter is the delay that the vendor or the rate limiter requests; zero if none was requested.
	RetryAfter time.Duration
	// Cause is the underlying error. It is written only to the log.
	Cause error
}

// Error returns kind, code, field and message as one text. It omits the cause, because error
// messages are shown to more people than log lines.
func (e *Error) Error() string {
	text := string(e.Kind)
	if e.Code != "" {
		text += " (" + string(e.Code) + ")"
	}
	if e.Field != "" {
		text += ": " + e.Field
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether target is the error's kind or its code.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return t == e.Kind
	case Code:
		return t == e.Code
	}
	return false
}

// FieldError returns an Invalid error with the given field and message. It is not inlined, because its many calls would
// make the binary larger.
//
//go:noinline
func FieldError(field, message string) *Error {
	return &Error{Kind: Invalid, Field: field, Message: message}
}

// NotFoundError returns the error for an object that does not exist or belongs to another tenant. The error
// is the same in both cases.
//
//go:noinline
func NotFoundError() *Error { return &Error{Kind: NotFound} }

// ApplicationNotFoundError returns the error for a request that names an application which does not exist or belongs
// to another tenant. The error is the same in both cases.
func ApplicationNotFoundError() *Error { return &Error{Kind: NotFound, Code: ApplicationNotFound} }

// ErrorsOf returns every *Error that err contains, in order. It looks into wrapped and joined
// errors.
func ErrorsOf(err error) []*Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // each level is walked by hand below
		return []*Error{e}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, part := range joined.Unwrap() {
			all = append(all, ErrorsOf(part)...)
		}
		return all
	}
	return ErrorsOf(errors.Unwrap(err))
}

// Join returns one error that combines all of errs, or nil if errs is empty. ErrorsOf returns the combined
// errors.
func Join(errs []*Error) error {
	all := make([]error, len(errs))
	for i, err := range errs {
		all[i] = err
	}
	return errors.Join(all...)
}

// CodeOf returns the code of the first Error that err contains, or InternalFailure if err
// contains no Error or the Error has no code.
func CodeOf(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return InternalFailure
}

// RetryAfterOf returns the RetryAfter of the first Error that err contains; zero if it
// contains none or the Error requests no delay.
func RetryAfterOf(err error) time.Duration {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

// UpstreamCodeOf returns the first UpstreamCode of the Errors that err wraps one in another; "" if there is none.
func UpstreamCodeOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Cause {
		if e.UpstreamCode != "" {
			return e.UpstreamCode
		}
	}
	return ""
}
