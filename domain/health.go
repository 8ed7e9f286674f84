package domain

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// HealthStatus is the result of the latest check of a connection at its vendor.
type HealthStatus string

// The health statuses. The zero Health has the status Unknown.
const (
	Unknown   HealthStatus = "unknown"
	Healthy   HealthStatus = "healthy"
	Unhealthy HealthStatus = "unhealthy"
)

// Health is the state of a connection as last reported by a live test, a pull or an event.
type Health struct {
	Status HealthStatus // "" means Unknown
	Reason Code         // set only if Status is Unhealthy
	Since  time.Time    // when Status or Reason last changed
	// NeedsReauth reports that the vendor is waiting for the account holder to sign in again.
	// Until then no new data arrives.
	NeedsReauth bool
	// ReauthSince is when NeedsReauth became true; zero if it is false. It may be zero although NeedsReauth is true, if
	// an earlier version of the service has set NeedsReauth.
	ReauthSince time.Time
	// ReauthByEvent means that an event has set NeedsReauth. In this case, only a recovery event clears NeedsReauth, or
	// a later status that states the recovery: a complete synchronisation, or LinkStatus.SignedIn. Any other successful
	// check does not prove a recovery, because the vendor's status may omit a problem.
	ReauthByEvent bool
	// SignalAt is when the last event with a signal was received; zero if there was none. An answer of the vendor to
	// an earlier request does not change NeedsReauth.
	SignalAt time.Time
	// ApprovalSince is since when an account waits for the approval of another holder, and DeviceSince since when the
	// vendor waits until the bank has authorised a device or the access. Each is zero if nothing waits. While one of
	// them is set, the connection keeps its status; see DeviceWait.
	ApprovalSince, DeviceSince time.Time
}

// The reasons of a connection from which nothing can arrive.
const (
	ReauthRequired Code = "reauth_required" // the account holder must sign in again
	ConsentEnded   Code = "consent_expired"
	ConsentTaken   Code = "consent_revoked"
)

// MustSignIn reports whether the account holder must sign in at the institution again. NeedsReauth alone may also mean
// that an operator must enter another credential, if it was set together with CredentialRejected.
func (h Health) MustSignIn() bool {
	byCredential := h.Status == Unhealthy && h.Reason == CredentialRejected
	earlier := !h.ReauthSince.IsZero() && h.ReauthSince.Before(h.Since)
	return h.NeedsReauth && (!byCredential || h.ReauthByEvent || earlier)
}

// At returns the health at the time now with the given consent. While nothing can arrive, it is Unhealthy with the
// reason for that, whatever the latest check has shown.
func (h Health) At(now time.Time, consent Consent) Health {
	switch state := consent.State(now); {
	case state == ConsentExpired:
		since := consent.Since
		if !consent.ExpiresAt.IsZero() && !consent.ExpiresAt.After(now) {
			since = consent.ExpiresAt
		}
		h.Status, h.Reason, h.Since = Unhealthy, ConsentEnded, since
	case state == ConsentRevoked:
		h.Status, h.Reason, h.Since = Unhealthy, ConsentTaken, consent.Since
	case h.MustSignIn():
		h.Status, h.Reason, h.Since = Unhealthy, ReauthRequired, h.ReauthSince
	}
	return h
}

// Stopped returns the reason why nothing can arrive from a connection with this health, which At has returned; "" if
// there is none.
func (h Health) Stopped() Code {
	if slices.Contains([]Code{ReauthRequired, ConsentEnded, ConsentTaken}, h.Reason) {
		return h.Reason
	}
	return ""
}

// StatusOrUnknown returns the status, or Unknown for the zero Health.
func (h Health) StatusOrUnknown() HealthStatus {
	if h.Status == "" {
		return Unknown
	}
	return h.Status
}

// AbsenceProof states how many complete listings without a stored row prove that the row was removed.
type AbsenceProof int

// The proofs.
const (
	// NoProof means that the row may still exist although listings do not contain it. The vendor hides rows during a
	// synchronisation and after a failed synchronisation.
	NoProof AbsenceProof = iota
	// TwoReads means that two complete listings without the row, from different pulls, prove that the row was removed
	// at the vendor. It is used for a vendor that does not report whether its lists are complete.
	TwoReads
	// OneRead means that one complete listing without the row proves that the row was removed at the vendor.
	OneRead
)

// LinkStatus is the status that the vendor reports for an account reference (an item or a
// link).
type LinkStatus struct {
	// NeedsReauth reports that the item or link waits for the account holder to sign in again.
	NeedsReauth bool
	// SignedIn reports that the vendor states that the login at the institution works. It is false while the consent
	// has ended, whatever the vendor states. SameState ignores it.
	SignedIn bool
	// SyncComplete reports that the vendor's last synchronisation with the institution
	// finished completely.
	SyncComplete bool
	// Accounts, Cards and Transactions are the products of the account reference. Each states how many listings of the
	// product prove that a stored row was removed. They can differ, because the vendor's last synchronisation may have
	// updated only some products. Cards are the accounts of the type CreditAccount; see GroundOf.
	Accounts, Cards, Transactions AbsenceProof
	// BillsDenied means that the holder has not permitted to read the bills of cards. The vendor may still list bills
	// that it has read before. SameState ignores it.
	BillsDenied bool
	// WithoutBills means that the account reference does not have the vendor's product of bills. A request for bills
	// would add the product, for which the vendor may charge. SameState ignores it.
	WithoutBills bool
	// OldBalances means that the vendor's last synchronisation has not read the balances of the accounts at the bank.
	OldBalances bool
	// SyncMarker identifies the vendor's last synchronisation; it is "" if the vendor has no
	// such marker.
	SyncMarker string
	// Schedule describes when the vendor synchronises next. ConsentExpiresAt is when the account holder's consent
	// expires; zero if the vendor does not report it. SyncedAt is when the vendor last read the list of accounts at the
	// institution; zero if the vendor does not report it. SameState does not compare these members.
	Schedule         SyncSchedule
	ConsentExpiresAt time.Time
	SyncedAt         time.Time
	// ConsentRevoked reports that the account holder has withdrawn the consent. NeedsReauth is then set, too.
	ConsentRevoked bool
	// ConsentInForceAt is when the vendor has last read the bank, if it cannot do that without a consent that is in
	// force; zero otherwise. Some vendors return empty lists instead. SameState ignores it.
	ConsentInForceAt time.Time
	// Approval tells whether an account waits for the approval of another holder. The vendor's list of accounts leaves
	// such an account out. Device tells whether the vendor waits until the bank has authorised a device or the access.
	Approval, Device Waiting
	// Bank states when the vendor last read the bank; nil if the response contains nothing about it. SameState ignores
	// it: for a vendor that reports its synchronisations, SyncMarker identifies them.
	Bank *BankReading
	// RequestedAt is when the request for the status began; zero if that is not known. The caller of the vendor sets
	// it. SameState ignores it.
	RequestedAt time.Time
}

// isBefore reports whether the status was requested before the time at. Such a status says nothing about what an event
// has reported at this time.
func (s LinkStatus) isBefore(at time.Time) bool {
	return !s.RequestedAt.IsZero() && s.RequestedAt.Before(at)
}

// Institution returns the bank of the account reference; zero if the response does not name it.
func (s LinkStatus) Institution() Institution {
	if s.Bank == nil {
		return Institution{}
	}
	return s.Bank.Institution
}

// SyncTime returns the synchronisation that the vendor's list of accounts shows at the time now. A time after now is
// not believed: otherwise no later synchronisation would count for as long as the vendor's clock is ahead.
func (s LinkStatus) SyncTime(now time.Time) SyncTime { return s.syncTime(s.SyncedAt, now) }

// RowsSyncTime returns the synchronisation that a list of transactions shows at the time now. The function of selects
// the reading of the accounts in the list. Its time is that of the reading, because a synchronisation need not update
// every product.
func (s LinkStatus) RowsSyncTime(of func(BankReading) ProductReading, now time.Time) SyncTime {
	if s.Bank == nil {
		return s.SyncTime(now)
	}
	return s.syncTime(of(*s.Bank).At, now)
}

func (s LinkStatus) syncTime(at, now time.Time) SyncTime {
	distance := s.Schedule.NextAt.Sub(now).Abs()
	return SyncTime{
		At:      Earlier(at, now),
		Planned: !s.Schedule.NextAt.IsZero() && distance <= MaxSyncWait,
	}
}

// SameState reports whether both statuses describe the same state of the account reference.
func (s LinkStatus) SameState(other LinkStatus) bool {
	s.Schedule, s.ConsentExpiresAt = other.Schedule, other.ConsentExpiresAt
	s.SyncedAt, s.Bank, s.RequestedAt, s.SignedIn = other.SyncedAt, other.Bank, other.RequestedAt, other.SignedIn
	s.BillsDenied, s.WithoutBills = other.BillsDenied, other.WithoutBills
	s.ConsentInForceAt = other.ConsentInForceAt
	return s == other
}

// State formats the status as one text. Statuses for which SameState returns true have the same text.
func (s LinkStatus) State() string {
	return fmt.Sprintf("%t %t %d %d %d %d %d %s", s.NeedsReauth, s.SyncComplete, s.Accounts, s.Cards, s.Transactions,
		s.Approval, s.Device, s.SyncMarker)
}

// Consent returns what the status says about the consent.
func (s LinkStatus) Consent() ConsentReport {
	if s.ConsentRevoked {
		return ConsentReport{Status: ReportedRevoked}
	}
	report := ConsentReport{ExpiresAt: s.ConsentExpiresAt, InForceAt: s.ConsentInForceAt}
	if !report.ExpiresAt.IsZero() {
		report.Status = ReportedGranted
	}
	return report
}

// Signal is what an event reports about the account reference as a whole.
type Signal string

// The signals. The zero Signal reports nothing.
const (
	SignalReauth    Signal = "reauth"    // the account holder must sign in again
	SignalRecovered Signal = "recovered" // the vendor can reach the institution again
	SignalDevice    Signal = "device"    // the vendor waits until the bank has authorised a device or the access
)

// AfterSuccess returns the health after a successful check at the vendor. A complete synchronisation also clears
// ReauthByEvent, because the vendor has reached the institution again, and so does a working login. The recovery event
// may have been lost, or the event that set ReauthByEvent may have been late. A vendor that waits for a device has got
// beyond the sign-in, too. A status that was requested before the last signal changes
// neither NeedsReauth nor what the vendor waits for.
func (h Health) AfterSuccess(s LinkStatus, at time.Time) Health {
	next := h.withStatus(Healthy, "", at)
	if s.isBefore(h.SignalAt) {
		return next
	}
	next = next.withWaiting(s, at)
	next.ReauthByEvent = next.ReauthByEvent && !s.SyncComplete && !s.SignedIn && s.Device != IsWaiting
	return next.withReauth(s.NeedsReauth || next.ReauthByEvent || next.isDeviceOverdue(at), at)
}

// AfterFailure returns the health after a failed check. Call it only for Rejected failures, and for the
// failure of a pull's last attempt. Any other failure is transient: it says nothing about the connection
// and must not change its status.
func (h Health) AfterFailure(reason Code, at time.Time) Health {
	next := h.withStatus(Unhealthy, reason, at)
	return next.withReauth(h.NeedsReauth || reason == CredentialRejected, at)
}

// ErrHolderMustAct is the cause of errors that persist until the account holder signs in at the institution again. The
// vendor did not reject the credential, so a pull waits and retries.
var ErrHolderMustAct = errors.New("the account holder must sign in again")

// ErrConsentRevoked is an ErrHolderMustAct whose reason is that the account holder has withdrawn the consent.
var ErrConsentRevoked = fmt.Errorf("the consent is withdrawn: %w", ErrHolderMustAct)

// After returns the health after a pull attempt or a connection test. status is the zero value if it could not be read.
// A failure changes the health if its kind is Rejected. If only one account could not be read, because the vendor
// does not list it yet, the check counts as a success. Any other failure changes only NeedsReauth: it becomes true if
// the status says so, or if ErrHolderMustAct is the cause.
func (h Health) After(status LinkStatus, failure error, at time.Time) Health {
	switch {
	case failure == nil, errors.Is(failure, AccountNotListed) && errors.Is(failure, Unavailable):
		return h.AfterSuccess(status, at)
	case errors.Is(failure, Rejected):
		next := h.AfterFailure(ReasonOf(failure), at)
		return next.withReauth(next.NeedsReauth || errors.Is(failure, ErrHolderMustAct), at)
	case errors.Is(failure, ErrHolderMustAct):
		return h.AfterReauth(at)
	}
	return h.AfterStatus(status, at)
}

// AfterStatus returns the health after a check that has read the status, and has not ended or has failed for a reason
// that may pass. It can set NeedsReauth, but never clears it.
func (h Health) AfterStatus(status LinkStatus, at time.Time) Health {
	if status.isBefore(h.SignalAt) {
		return h
	}
	h = h.withWaiting(status, at)
	return h.withReauth(h.NeedsReauth || status.NeedsReauth || h.isDeviceOverdue(at), at)
}

// AfterTest returns the health after a live test. A test never ends MustSignIn: only a pull or an event proves that the
// vendor reads the institution again.
func (h Health) AfterTest(status LinkStatus, failure error, at time.Time) Health {
	status.NeedsReauth = status.NeedsReauth || h.MustSignIn()
	next := h.After(status, failure, at)
	next.ReauthByEvent = h.ReauthByEvent
	return next
}

// AfterReauth returns the health after the vendor has reported that the account holder must sign in again. It does
// not decide about the status, because the check has not ended, or has failed for a reason that may pass.
func (h Health) AfterReauth(at time.Time) Health { return h.withReauth(true, at) }

// ReasonOf returns the code that a connection test reports for a failure. It never returns a reason of Stopped.
// If failure is nil, ReasonOf returns "".
func ReasonOf(failure error) Code {
	if failure == nil {
		return ""
	}
	switch code := CodeOf(failure); code {
	case CredentialRejected, CredentialUnopened, AccountNotFound, AccessDenied, VendorRateLimited, AddressNotAllowed,
		VendorRefused:
		return code
	case BudgetExhausted:
		return VendorRateLimited
	default:
		return VendorUnreachable
	}
}

// AfterSignal returns the health after an event with the signal s, which was received at the time at. It ignores an
// event that was received before another one with a signal.
func (h Health) AfterSignal(s Signal, at time.Time) Health {
	if s == "" || at.Before(h.SignalAt) {
		return h
	}
	h.SignalAt = at
	switch s {
	case SignalReauth:
		h.ReauthByEvent, h.DeviceSince = true, time.Time{}
		return h.withReauth(true, at)
	case SignalRecovered:
		h.ReauthByEvent, h.DeviceSince = false, time.Time{}
		return h.withReauth(false, at)
	case SignalDevice:
		h.ReauthByEvent, h.DeviceSince = false, IsWaiting.sinceAfter(h.DeviceSince, at)
		return h.withReauth(h.isDeviceOverdue(at), at)
	}
	return h
}

func (h Health) withReauth(needed bool, at time.Time) Health {
	switch {
	case !needed:
		h.ReauthSince = time.Time{}
	case !h.NeedsReauth:
		h.ReauthSince = at
	}
	h.NeedsReauth = needed
	return h
}

func (h Health) withStatus(status HealthStatus, reason Code, at time.Time) Health {
	if h.Status != status || h.Reason != reason {
		h.Status, h.Reason, h.Since = status, reason, at
	}
	return h
}
