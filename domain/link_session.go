package domain

import (
	"errors"
	"slices"
	"time"
)

// LinkSessionState is the state of a link session. LinkSession.Status returns what callers see of it.
type LinkSessionState string

// The states. A session begins as "open". It continues with "connected" and "done" if the account holder signs in, and
// otherwise with "closing" and "abandoned".
const (
	LinkOpen      LinkSessionState = "open"      // the account holder can sign in; the config name is reserved
	LinkConnected LinkSessionState = "connected" // the connection exists; its webhooks are not registered yet
	LinkDone      LinkSessionState = "done"      // the connection exists and receives its webhooks
	LinkClosing   LinkSessionState = "closing"   // the account holder did not sign in; the vendor may have an object
	LinkAbandoned LinkSessionState = "abandoned" // the vendor has no object of the session
)

// LinkSessionStatus is the state of a link session as callers see it.
type LinkSessionStatus string

// The statuses.
const (
	LinkStatusOpen      LinkSessionStatus = "open"
	LinkStatusAwaiting  LinkSessionStatus = "awaiting_approval" // see LinkSession.AwaitingSince
	LinkStatusDone      LinkSessionStatus = "done"
	LinkStatusAbandoned LinkSessionStatus = "abandoned"
)

// Limits of a link session.
const (
	// LinkRequestTimeout bounds the request that creates a session: up to 5 s for a slot, and 14 s for the vendor. A
	// session whose request did not end, because the process died, expires after this time.
	LinkRequestTimeout = 25 * time.Second
	// LinkClaim is how long a worker's claim on a session lasts. A worker makes two bounded calls to the vendor, and
	// then saves. It is short enough for another process to continue within 30 s after a process has died.
	LinkClaim = 25 * time.Second
	// LinkGrace is how long after the expiry a session stays open if the vendor cannot be reached, or if a sign-in is
	// still in progress.
	LinkGrace = 10 * time.Minute
	// LinkEcho is how long after the expiry the vendor may still create an object. The service counts the expiry from
	// before its request for the token, so the token is valid a little longer at the vendor.
	LinkEcho = time.Minute
	// LinkGiveUp is the age at which the service gives up a session that has not ended. Its credential is then
	// deleted.
	LinkGiveUp = 24 * time.Hour
	// LinkApprovalWait is the age at which the service gives up a session whose object still waits for an approval at
	// the bank. The object is then left at the vendor.
	LinkApprovalWait = 30 * 24 * time.Hour
	// LinkSessionRetention is how long an ended session can be read.
	LinkSessionRetention = 7 * 24 * time.Hour
	// MaxAnnouncedLinks is the maximum number of objects of a session that webhooks can announce.
	MaxAnnouncedLinks = 8
	// MaxLinkSessions is the maximum number of open sessions of a tenant.
	MaxLinkSessions = 100

	minLinkPoll = 3 * time.Second
	maxLinkPoll = 30 * time.Second

	// maxApprovalPoll is the maximum time between two requests while an object waits for an approval. A webhook of the
	// object ends it earlier.
	maxApprovalPoll = 10 * time.Minute
)

// LinkSession lets an account holder link a new account at the vendor's page. The connection is created when the holder
// has signed in. Until then, its name is reserved.
//
// A session with a zero DueAt contains no credential, name, address or account reference.
type LinkSession struct {
	ID         LinkSessionID
	Tenant     TenantID
	Connection ConnectionID // the id of the connection that the session creates
	Vendor     Vendor
	Name       string
	BaseURL    string
	Sealed     Sealed // sealed for Connection
	// Application is the application that the connection joins; zero if the session has a credential of its own. Sealed
	// is the credential that the application had when the session was created.
	Application ApplicationID
	Actor       string // the operator who has created the session
	Receiver    string // the address of the webhook receiver, as for WebhookURL; "" if no webhook can be registered
	// Hook is the hash of a webhook token. The vendor sends events about the objects of the session to the URL
	// with this token. The token becomes a token of the connection. Hook is zero if the vendor was given no URL.
	Hook       TokenHash
	State      LinkSessionState
	AccountRef string   // the reference of the connection; "" before LinkConnected
	Announced  []string // the account references of objects that webhooks have announced, not verified
	// AwaitingSince is since when an open session waits for an approval at the bank; zero if it does not. The session
	// then stays open until the vendor decides, at most for LinkApprovalWait.
	AwaitingSince time.Time

	CreatedAt time.Time
	ExpiresAt time.Time // when the vendor's token expires
	EndedAt   time.Time // when the state became "done" or "abandoned"; zero before
	// DueAt is when the session continues; zero if nothing is left to do. While a worker has claimed the session, DueAt
	// is the time at which the claim ends, and it serves as the claim's fencing token.
	DueAt    time.Time
	Attempts int // consecutive failed attempts to continue the session
}

// LinkSessionIn parses the id of a link session that an object at a vendor carries. It returns the zero id if the text
// is not a UUID of version 7, the version of all ids that this service creates.
func LinkSessionIn(text string) LinkSessionID {
	id, err := ParseID[LinkSession](text)
	if err != nil || id.Version() != 7 {
		return LinkSessionID{}
	}
	return id
}

// Status returns the state of the session as callers see it. A session is done when its connection receives webhooks.
func (s LinkSession) Status() LinkSessionStatus {
	switch s.State {
	case LinkDone:
		return LinkStatusDone
	case LinkClosing, LinkAbandoned:
		return LinkStatusAbandoned
	case LinkOpen, LinkConnected:
		if s.awaits() {
			return LinkStatusAwaiting
		}
	}
	return LinkStatusOpen
}

// awaits reports whether the session waits for an approval at the bank.
func (s LinkSession) awaits() bool { return s.State == LinkOpen && !s.AwaitingSince.IsZero() }

// Final reports whether the state never changes again.
func (s LinkSession) Final() bool { return s.State == LinkDone || s.State == LinkAbandoned }

// LinkedState is the progress of an account holder at the vendor's page.
type LinkedState int

// The states of an object.
const (
	LinkedFailed   LinkedState = iota // the sign-in has failed, or waits for the account holder
	LinkedPending                     // the vendor is signing in
	LinkedAwaiting                    // the vendor waits until the bank has authorised a device or the access
	LinkedReady                       // the account holder has signed in
)

// LinkedObject is an object at the vendor, for example an item, that carries the id of a link session.
type LinkedObject struct {
	AccountRef string
	State      LinkedState
}

// Open records that the vendor has created a token, which expires at the given time.
func (s *LinkSession) Open(expiresAt, now time.Time) {
	s.ExpiresAt, s.DueAt = expiresAt, Earlier(now.Add(minLinkPoll), expiresAt)
}

// Announce records that a webhook has named an object with the id of the session, and makes the session due. A worker
// that has claimed the session loses its claim. The object is not trusted until the vendor has confirmed it. Announce
// reports whether the session has changed. It does not change in these cases:
//   - The object is already known, and the session does not wait for an approval.
//   - MaxAnnouncedLinks objects are known.
//   - Nothing is left to do.
func (s *LinkSession) Announce(ref string, now time.Time) bool {
	ref = CanonicalAccountRef(ref)
	known := slices.Contains(s.Announced, ref)
	if s.DueAt.IsZero() || known && !s.awaits() || !known && len(s.Announced) >= MaxAnnouncedLinks {
		return false
	}
	if !known {
		s.Announced = append(slices.Clone(s.Announced), ref)
	}
	s.DueAt = Earlier(s.DueAt, now)
	return true
}

// Advance decides how an open session continues after the vendor was asked for its objects. vendorErr is the error of
// this call, or nil. If the account holder has signed in, Advance returns the reference of the object, and the caller
// must call Connect. Otherwise the session waits, or closes because it has expired. It does not expire while an object
// waits for an approval at the bank.
func (s *LinkSession) Advance(objects []LinkedObject, vendorErr error, now time.Time) (ref string, signedIn bool) {
	pending, awaits := vendorErr != nil, false
	for _, o := range objects {
		if o.State == LinkedReady {
			return o.AccountRef, true
		}
		pending, awaits = pending || o.State == LinkedPending, awaits || o.State == LinkedAwaiting
	}
	if awaits = awaits || pending && s.awaits(); !awaits {
		s.AwaitingSince = time.Time{}
	} else if s.AwaitingSince.IsZero() {
		s.AwaitingSince = now
	}
	wait := max(s.pollInterval(now), RetryAfterOf(vendorErr))
	switch end := s.ExpiresAt.Add(LinkGrace); {
	case awaits && now.Sub(s.CreatedAt) >= LinkApprovalWait:
		s.end(now) // without Close, which leads to the deletion of the object
	case awaits:
		s.DueAt = now.Add(wait)
	case now.Before(s.ExpiresAt):
		s.DueAt = Earlier(now.Add(wait), s.ExpiresAt)
	case pending && now.Before(end):
		s.DueAt = Earlier(now.Add(wait), end)
	default:
		s.Close(now)
	}
	return "", false
}

// pollInterval returns a twentieth of the age of the session, but at least minLinkPoll and at most maxLinkPoll, or
// maxApprovalPoll while the session waits for an approval.
func (s LinkSession) pollInterval(now time.Time) time.Duration {
	longest := maxLinkPoll
	if s.awaits() {
		longest = maxApprovalPoll
	}
	return min(max(now.Sub(s.CreatedAt)/20, minLinkPoll), longest)
}

// Close abandons the session. Its name is free again. The objects of the session must still be deleted at the vendor.
func (s *LinkSession) Close(now time.Time) {
	s.State, s.Name, s.EndedAt, s.DueAt, s.Attempts = LinkClosing, "", now, now, 0
	s.AwaitingSince = time.Time{}
}

// Connect records that the session's connection exists. The connection has the sealed credential of the session or of
// its application.
func (s *LinkSession) Connect(ref string, now time.Time) {
	s.State, s.AccountRef, s.DueAt, s.Attempts = LinkConnected, ref, now, 0
	s.Name, s.BaseURL, s.Sealed, s.Application, s.AwaitingSince = "", "", nil, ApplicationID{}, time.Time{}
}

// ConnectionOf returns the connection that the session creates for the account reference.
func (s LinkSession) ConnectionOf(ref string, now time.Time) Connection {
	return Connection{
		ID: s.Connection, Tenant: s.Tenant, Kind: Aggregator, Vendor: s.Vendor, Name: s.Name, BaseURL: s.BaseURL,
		AccountRef: ref, Sealed: s.Sealed, Revision: 1, CreatedAt: now, UpdatedAt: now, TargetChangedAt: now,
		NewReference: true,
	}
}

// Token returns the webhook token of the session as a token of its connection. It returns false if the session has no
// token.
func (s LinkSession) Token(id TokenID, now time.Time) (WebhookToken, bool) {
	return WebhookToken{
		ID: id, Tenant: s.Tenant, Connection: s.Connection, Vendor: s.Vendor, Hash: s.Hook, CreatedAt: now,
	}, s.Hook != TokenHash{}
}

// Superfluous returns the references of those objects that the session must delete at the vendor: all except the
// object of its connection. Without a connection, those that a person may still approve are kept, too.
func (s LinkSession) Superfluous(objects []LinkedObject) (refs []string) {
	for _, o := range objects {
		if o.State == LinkedAwaiting && s.AccountRef == "" {
			continue
		}
		if s.AccountRef == "" || CanonicalAccountRef(o.AccountRef) != CanonicalAccountRef(s.AccountRef) {
			refs = append(refs, o.AccountRef)
		}
	}
	return refs
}

// Connected records that the connection receives its webhooks. Until the token expires, the vendor may create further
// objects. The superfluous objects are therefore deleted after the expiry.
func (s *LinkSession) Connected(now time.Time) {
	s.State, s.EndedAt, s.DueAt, s.Attempts = LinkDone, now, Later(now, s.ExpiresAt.Add(LinkEcho)), 0
}

// Cleaned records that the superfluous objects of a closing or done session are deleted. If the vendor may still
// create objects, the session becomes due again at the time when it no longer may. Otherwise the session ends.
func (s *LinkSession) Cleaned(now time.Time) {
	if end := s.ExpiresAt.Add(LinkEcho); now.Before(end) {
		s.DueAt, s.Attempts = end, 0
		return
	}
	s.end(now)
}

// end makes the state final and removes everything that only an unfinished session needs.
func (s *LinkSession) end(now time.Time) {
	if s.State != LinkDone && s.State != LinkConnected {
		s.State = LinkAbandoned
	} else {
		s.State = LinkDone
	}
	if s.EndedAt.IsZero() {
		s.EndedAt = now
	}
	s.Name, s.BaseURL, s.Sealed, s.AccountRef, s.Announced, s.Actor, s.Receiver = "", "", nil, "", nil, "", ""
	s.Hook, s.Application, s.AwaitingSince = TokenHash{}, ApplicationID{}, time.Time{}
	s.DueAt, s.Attempts = time.Time{}, 0
}

// Discard ends a session whose token could not be requested.
func (s *LinkSession) Discard(now time.Time) { s.end(now) }

// Retry sets the time of the next attempt after a failure. The wait grows with the number of failed attempts. An
// attempt that the rate budget did not permit is not counted, because the vendor was not asked. After LinkGiveUp the
// session ends instead, and Retry returns true. The vendor may then still have an object of the session. A session that
// waits for an approval, or has waited for longer, is given up later.
func (s *LinkSession) Retry(cause error, now time.Time) (givenUp bool) {
	end := s.giveUpAt()
	if !now.Before(end) {
		s.end(now)
		return true
	}
	wait := minRemovalWait
	if !errors.Is(cause, BudgetExhausted) {
		s.Attempts++
		wait = removalWait(s.Attempts)
	}
	wait = max(wait, RetryAfterOf(cause))
	s.DueAt = Earlier(now.Add(wait), end)
	return false
}

// giveUpAt returns when the service gives up the session.
func (s LinkSession) giveUpAt() time.Time {
	if s.awaits() {
		return s.CreatedAt.Add(LinkApprovalWait)
	}
	return Later(s.CreatedAt.Add(LinkGiveUp), s.EndedAt.Add(LinkGrace))
}
