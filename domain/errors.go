package domain

import (
	"errors"
	"time"
)

// Kind says what a failure means to the caller. A Kind is itself an error, so that
// errors.Is(err, domain.NotFound) answers for every Error of that kind. A failure
// without a Kind is internal: its text is for the log alone.
type Kind string

// The kinds, each with what the caller can do about it.
const (
	Invalid         Kind = "invalid"         // mend the named field
	Unauthenticated Kind = "unauthenticated" // nobody the service knows
	Forbidden       Kind = "forbidden"       // known, but without the scope
	NotFound        Kind = "not found"       // absent, or not yours: one answer
	Conflict        Kind = "conflict"        // the state of things forbids it
	Rejected        Kind = "rejected"        // the vendor says no, and will again
	Unavailable     Kind = "unavailable"     // try later
)

// Error makes a Kind a target for errors.Is.
func (k Kind) Error() string { return string(k) }

// Code tells apart failures of one kind, in words that callers and pull records
// show. Codes never carry a value of a request or of a vendor's answer.
type Code string

// The codes that callers act on.
const (
	NameTaken          Code = "name_taken"           // Conflict: a live connection has this name
	Immutable          Code = "immutable"            // Invalid: the field cannot be changed
	HalfCredential     Code = "half_credential"      // Invalid: both parts or neither
	RevisionMismatch   Code = "revision_mismatch"    // Conflict: changed since it was read
	KeyInFlight        Code = "key_in_flight"        // Conflict: same idempotency key, still running
	KeyReused          Code = "key_reused"           // Conflict: same idempotency key, another request
	ShownOnce          Code = "shown_once"           // Conflict: the first answer held a token and is not kept
	LeaseLost          Code = "lease_lost"           // Conflict: another worker holds the pull
	NotDue             Code = "not_due"              // Conflict: the pull is not to be run now
	CredentialRejected Code = "credential_rejected"  // Rejected
	AccountNotFound    Code = "account_not_found"    // Rejected: the account reference is unknown there
	AccessDenied       Code = "access_denied"        // Rejected: authenticated, but refused
	AddressNotAllowed  Code = "address_not_allowed"  // Rejected: egress forbids the address
	VendorUnreachable  Code = "vendor_unreachable"   // Unavailable: no answer, or a 5xx
	VendorRateLimited  Code = "vendor_rate_limited"  // Unavailable: a 429 of the vendor
	BudgetExhausted    Code = "budget_exhausted"     // Unavailable: our own rate budget, before any call
	MalformedResponse  Code = "malformed_response"   // Unavailable: an answer that is not the vendor's
	EndlessCursor      Code = "endless_cursor"       // Unavailable: paging that never ends
	ConnectionGone     Code = "connection_deleted"   // Rejected: deleted while the work waited
	CredentialUnopened Code = "credential_unopened"  // Unavailable: the sealed credential does not open
	Interrupted        Code = "interrupted"          // Unavailable: the process stopped in the middle
	StoreUnavailable   Code = "database_unavailable" // Unavailable: our own database
	TypeUnknown        Code = "type_unknown"         // Invalid: no such connector or vendor is registered
	InternalFailure    Code = "internal_error"       // of no kind: shown in place of any cause
)

// Error makes a Code a target for errors.Is.
func (c Code) Error() string { return string(c) }

// Error is the one failure type of the service.
type Error struct {
	Kind Kind
	Code Code
	// Field names the input at fault as the caller spelled it ("configName"); Invalid only.
	Field string
	// Message is a sentence for the caller. It never holds a value.
	Message string
	// RetryAfter is the vendor's or the limiter's wish; zero means no wish.
	RetryAfter time.Duration
	// Cause is for the log alone.
	Cause error
}

// Error gives kind, code, field and message; the cause stays out of it, because a
// message travels further than a log line.
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

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is answers for the error's kind and for its code.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Kind:
		return t == e.Kind
	case Code:
		return t == e.Code
	}
	return false
}

// Fault is an Invalid error about one field.
func FieldError(field, message string) *Error {
	return &Error{Kind: Invalid, Field: field, Message: message}
}

// Missing is the one answer for what is absent and for what is not the tenant's.
func NotFoundError() *Error { return &Error{Kind: NotFound} }

// Faults lists every *Error inside err, through wraps and joins, in order.
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

// Join makes one error of many, which Faults takes apart again; nil of none.
func Join(faults []*Error) error {
	all := make([]error, len(faults))
	for i, fault := range faults {
		all[i] = fault
	}
	return errors.Join(all...)
}

// CodeOf gives the code of the first Error inside err, InternalFailure where there is none.
func CodeOf(err error) Code {
	if e := (*Error)(nil); errors.As(err, &e) && e.Code != "" {
		return e.Code
	}
	return InternalFailure
}

// RetryAfterOf gives the longest wait that err asks for; zero means no wish.
func RetryAfterOf(err error) time.Duration {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}
