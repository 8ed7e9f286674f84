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
	Forbidden       Kind = "forbidden"       // the caller is known, but lacks the scope
	NotFound        Kind = "not found"       // the object is absent or another tenant's; the caller cannot know which
	Conflict        Kind = "conflict"        // the request conflicts with the current state
	Rejected        Kind = "rejected"        // the vendor refuses the request; a retry would not help
	Unavailable     Kind = "unavailable"     // try again later
)

// Error returns the kind as text. With this method a Kind is an error, as errors.Is requires.
func (r Kind) Error() string { return string(r) }

// Code distinguishes failures of one kind. It appears in responses of the API and in pull
// records. A code never contains a value from a request or from a vendor's response.
type Code string

// The codes to which callers can react.
const (
	NameTaken          Code = "name_taken"           // Conflict: a live connection has this name
	Immutable          Code = "immutable"            // Invalid: the field cannot be changed
	HalfCredential     Code = "half_credential"      // Invalid: clientId and secret must be sent together
	RevisionMismatch   Code = "revision_mismatch"    // Conflict: the connection has changed since the caller read it
	KeyInFlight        Code = "key_in_flight"        // Conflict: a request with this idempotency key is still running
	KeyReused          Code = "key_reused"           // Conflict: the idempotency key was used for another request
	ShownOnce          Code = "shown_once"           // Conflict: the first response had a token, so it was not stored
	NoAnchor           Code = "no_anchor"            // Conflict: the balance of the account cannot be compared
	NothingToUndo      Code = "nothing_to_undo"      // Conflict: no replacement of the transaction is left
	AccountDrifting    Code = "account_drifting"     // Conflict: the records of the account do not explain its balance
	NoBalance          Code = "no_balance"           // Conflict: no balance of the account is known
	NoAccountAmount    Code = "no_account_amount"    // Conflict: an amount in the account's currency is not known
	NotRepresentable   Code = "not_representable"    // Conflict: the format cannot express a number of the statement
	ConnectionPaused   Code = "connection_paused"    // Conflict: no request is sent to the vendor
	NotOffered         Code = "not_offered"          // Conflict: the vendor does not have this feature
	AlreadyErased      Code = "already_erased"       // Conflict: the connection is erased; the vendor cannot be asked
	LeaseLost          Code = "lease_lost"           // Conflict: another worker has taken over the pull
	TargetChanged      Code = "target_changed"       // Conflict: the connection's address or reference has changed
	AccountContinues   Code = "account_continues"    // Conflict: a new account continues an earlier account
	NotDue             Code = "not_due"              // Conflict: the pull must not run yet
	CredentialRejected Code = "credential_rejected"  // Rejected: the vendor does not accept the credential
	AccountNotFound    Code = "account_not_found"    // Rejected: the vendor does not know the account reference
	VendorRefused      Code = "vendor_refused"       // Rejected: the vendor refuses the request of an operator
	AccountNotListed   Code = "account_not_listed"   // Unavailable: an event names an account that is not listed yet
	AccessDenied       Code = "access_denied"        // Rejected: the vendor accepted the credential, but refused access
	AddressNotAllowed  Code = "address_not_allowed"  // Rejected: the egress policy forbids the address
	VendorUnreachable  Code = "vendor_unreachable"   // Unavailable: no response, or a 5xx
	VendorRateLimited  Code = "vendor_rate_limited"  // Unavailable: the vendor answered 429
	BudgetExhausted    Code = "budget_exhausted"     // Unavailable: our rate budget is empty; the vendor was not called
	TooManyProbes      Code = "too_many_probes"      // Unavailable: too many tests of connections are running
	TooManyStatements  Code = "too_many_statements"  // Unavailable: too many statements are being written
	SinkUnreachable    Code = "sink_unreachable"     // Unavailable: the destination of events did not answer
	SinkRefused        Code = "sink_refused"         // Unavailable: the destination of events did not accept an event
	MalformedResponse  Code = "malformed_response"   // Unavailable: the response is not in the vendor's format
	EndlessCursor      Code = "endless_cursor"       // Unavailable: the pagination does not end
	CursorGone         Code = "cursor_gone"          // Unavailable: a later page of the list no longer exists
	ListChanged        Code = "list_changed"         // Unavailable: rows were added or removed while a list was read
	ConnectionGone     Code = "connection_deleted"   // Rejected: the connection was deleted before its pull could run
	CredentialUnopened Code = "credential_unopened"  // Unavailable: the sealed credential could not be decrypted
	Interrupted        Code = "interrupted"          // Unavailable: the process stopped during the work
	StoreUnavailable   Code = "database_unavailable" // Unavailable: our own database is not available
	TypeUnknown        Code = "type_unknown"         // Invalid: no such connector or vendor is registered
	InternalFailure    Code = "internal_error"       // no kind: replaces the cause of every internal failure
)

// Error returns the code as text. With this method a Code is an error, as errors.Is requires.
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

// FieldError returns an Invalid error with the given field and message.
func FieldError(field, message string) *Error {
	return &Error{Kind: Invalid, Field: field, Message: message}
}

// NotFoundError returns the error for an object that does not exist or belongs to another tenant. The error
// is the same in both cases.
func NotFoundError() *Error { return &Error{Kind: NotFound} }

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
