package domain

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// ErasureStatus states whether an erasure continues, and if not, whether it has erased everything.
type ErasureStatus string

// The statuses of an erasure.
const (
	ErasureRunning ErasureStatus = "running"
	ErasureDone    ErasureStatus = "done"
	// ErasureFailed means that everything is erased here, but another system has not confirmed its part within
	// ErasureGiveUp: the vendor has not confirmed the deletion of the account reference, or Matcher has not set all
	// transactions to ignored (LastError is MatcherNotIgnored).
	ErasureFailed ErasureStatus = "failed"
)

// Limits of an erasure.
const (
	// ErasureGiveUp is how long the service keeps asking the vendor to delete the account reference, counted from the
	// request.
	ErasureGiveUp = 7 * 24 * time.Hour
	// ErasureTimeout is how long a worker's claim on an erasure lasts. It is longer than a single batch (10 s) or a
	// call to the vendor (15 s) can take. It is short enough for another process to continue within 30 s after a
	// process has died.
	ErasureTimeout = 20 * time.Second
	// ErasureSettle is the wait between two passes over all tables. A request that began before the deletion of the
	// connection can still store data during the first pass. Such a request ends before the second pass begins.
	ErasureSettle = 3 * time.Second
	// ErasureEcho is how long an erasure waits after the deletion at the vendor. After that, all tables are processed
	// once more. The vendor announces the deletion to every webhook of the application, so new deliveries may contain
	// the account reference.
	ErasureEcho = 10 * time.Second
	// minMatcherWait and maxMatcherWait bound the interval at which an erasure checks whether Matcher has set the
	// transactions to ignored.
	minMatcherWait = 2 * time.Second
	maxMatcherWait = 10 * time.Minute
	// ErasurePasses is the number of passes over all tables. The second pass deletes data that was stored during the
	// first.
	ErasurePasses = 2
)

// Erasure deletes a connection and all data of the connection. At most one erasure of a connection is running.
type Erasure struct {
	ID         ErasureID
	Tenant     TenantID
	Connection ConnectionID
	AtVendor   bool // the vendor is asked to delete the account reference, too
	Status     ErasureStatus
	// LastError is the latest failure of the deletion at the vendor, or MatcherNotIgnored; "" if there was none.
	LastError Code
	CreatedAt time.Time
	// RequestedAt is when the deletion at the vendor was requested. It equals CreatedAt, unless a later request has set
	// AtVendor.
	RequestedAt time.Time
	EndedAt     time.Time // when Status became done or failed; zero before
	// DueAt is when the erasure continues. While a worker has claimed the erasure, DueAt is the time at which the claim
	// ends, and it serves as the claim's fencing token.
	DueAt time.Time

	VendorDone bool // the vendor has answered that it does not have the account reference
	Attempts   int  // how often the vendor was asked
	Passes     int  // complete passes over all tables
	Place      ErasurePlace
}

// ErasurePlace records how far an erasure has come in its current pass over all tables, so that the erasure can
// continue there. Only the store that returned it can interpret it. The zero value is the beginning of a pass.
type ErasurePlace struct {
	Task  string `json:"task,omitempty"`
	After string `json:"after,omitempty"`
	// Accounts are the ids of the connection's accounts.
	Accounts []string `json:"accounts,omitempty"`
	// ScannedTo is when the last complete pass began. Most of the older deliveries of the tenant's other connections
	// need not be read again.
	ScannedTo time.Time `json:"scannedTo,omitzero"`
	// BeganAt is when the current pass began.
	BeganAt time.Time `json:"beganAt,omitzero"`
}

// ErasureRequest is a request to erase a connection.
type ErasureRequest struct {
	ID       ErasureID // id of the new erasure; ignored if the request continues an existing one
	AtVendor bool
	At       time.Time
}

// New returns the erasure that the request starts.
func (r ErasureRequest) New(c Connection) Erasure {
	return Erasure{
		ID: r.ID, Tenant: c.Tenant, Connection: c.ID, AtVendor: r.AtVendor, Status: ErasureRunning,
		CreatedAt: r.At, RequestedAt: r.At, DueAt: r.At,
	}
}

// Repeat returns the erasure after another request for the same connection. If e has failed, restart is true, and the
// caller must start a new erasure. Errors: Conflict (already_erased) if e is done without a deletion at the vendor,
// but r asks for one.
func (e Erasure) Repeat(r ErasureRequest) (repeated Erasure, restart bool, err error) {
	switch {
	case e.Status == ErasureFailed:
		return e, true, nil
	case !r.AtVendor || e.AtVendor:
		return e, false, nil
	case e.Status == ErasureDone:
		return e, false, &Error{
			Kind: Conflict, Code: AlreadyErased,
			Message: "the connection is erased already, and its credential with it",
		}
	}
	e.AtVendor, e.RequestedAt = true, r.At
	return e, false, nil
}

// AsksVendor reports whether the next step of the erasure asks the vendor to delete the account reference.
func (e Erasure) AsksVendor() bool { return e.AwaitsVendor() && e.Passes >= ErasurePasses }

// AwaitsVendor reports whether the account reference must still be deleted at the vendor.
func (e Erasure) AwaitsVendor() bool { return e.AtVendor && !e.VendorDone }

// VendorFailed records a failed attempt to delete the account reference at the vendor, and sets the time of the next
// attempt. The wait grows with each attempt. VendorFailed returns true if the vendor is not asked again, because
// ErasureGiveUp has passed.
func (e *Erasure) VendorFailed(cause Code, at time.Time) (givenUp bool) {
	e.LastError = cause
	e.DueAt = at.Add(removalWait(e.Attempts))
	return at.Sub(e.RequestedAt) >= ErasureGiveUp
}

// AwaitsMatcher reports whether Matcher had not yet set all transactions to ignored at the last step of the erasure.
func (e Erasure) AwaitsMatcher() bool { return e.LastError == MatcherNotIgnored }

// MatcherGivenUp reports whether the erasure no longer waits for Matcher, because ErasureGiveUp has passed.
func (e Erasure) MatcherGivenUp(at time.Time) bool { return at.Sub(e.CreatedAt) >= ErasureGiveUp }

// WaitForMatcher records that Matcher has not set all transactions to ignored, and sets the time of the next check. The
// wait grows with the age of the erasure.
func (e *Erasure) WaitForMatcher(at time.Time) {
	e.LastError = MatcherNotIgnored
	e.DueAt = at.Add(min(max(at.Sub(e.CreatedAt)/4, minMatcherWait), maxMatcherWait))
}

// Erase removes everything from the transaction except its id, its tenant, its connection and the time of its removal.
// All other times become the time of the erasure. The version increases by one.
func (t *Transaction) Erase(at time.Time) {
	removed := t.RemovedAt
	if removed.IsZero() {
		removed = at
	}
	*t = Transaction{
		ID: t.ID, Tenant: t.Tenant, Connection: t.Connection, Version: t.Version + 1, FirstSeenAt: at, UpdatedAt: at,
		RemovedAt: removed, ErasedAt: at,
	}
}

// Erased reports whether the transaction was erased.
func (t Transaction) Erased() bool { return !t.ErasedAt.IsZero() }

// ReferenceText returns the text by which a webhook body is searched for an account reference. The body must be a
// result of LowerASCII, so that the search ignores case. ReferenceText returns nil for the empty reference. If the
// reference is not a UUID, the text includes the quotation marks of a JSON string, because the reference could be
// part of another text.
func ReferenceText(ref string) []byte {
	if ref == "" {
		return nil
	}
	if canonical, ok := CanonicalUUID(ref); ok {
		return []byte(canonical)
	}
	text, _ := json.Marshal(ref) // a string can always be encoded
	return LowerASCII(text)
}

// LowerASCII returns a copy of the text in which the letters A to Z are in lower case. All other bytes are unchanged.
func LowerASCII(text []byte) []byte {
	lower := slices.Clone(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}

// ResponseNames reports whether the body or the headers of a stored response contain at least one of ids, and none of
// excludedIDs.
func ResponseNames(body []byte, headers string, ids, excludedIDs []string) bool {
	contains := func(id string) bool {
		return bytes.Contains(body, []byte(id)) || strings.Contains(headers, id)
	}
	return slices.ContainsFunc(ids, contains) && !slices.ContainsFunc(excludedIDs, contains)
}
