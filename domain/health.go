package domain

import (
	"fmt"
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
	// ReauthByEvent reports that an event set NeedsReauth. A check that finds no problem does
	// not clear NeedsReauth in that case, because the vendor's status endpoint may not know
	// about the problem: it does not report an expired consent. Only a recovery event or a
	// complete synchronisation clears it.
	ReauthByEvent bool
}

// StatusOrUnknown returns the status, or Unknown for the zero Health.
func (h Health) StatusOrUnknown() HealthStatus {
	if h.Status == "" {
		return Unknown
	}
	return h.Status
}

// AbsenceProof states what can be concluded if a complete read (of a whole list) does not return a stored row.
type AbsenceProof int

// The proofs.
const (
	// NoProof means that the row may still exist: the vendor hides rows while it synchronises,
	// and after a synchronisation that has failed.
	NoProof AbsenceProof = iota
	// TwoReads means that one such read is not enough: the row was removed at the vendor if the complete read of the
	// previous pull did not return it either. It is used for a vendor that does not report whether its lists are
	// complete.
	TwoReads
	// OneRead means that the row was removed at the vendor.
	OneRead
)

// LinkStatus is the status that the vendor reports for an account reference (an item or a
// link).
type LinkStatus struct {
	// NeedsReauth reports that the item or link waits for the account holder to sign in again.
	NeedsReauth bool
	// SyncComplete reports that the vendor's last synchronisation with the institution
	// finished completely.
	SyncComplete bool
	// Accounts and Transactions state what can be concluded if a complete read does not return a stored account or
	// transaction. They can differ, because the vendor's last synchronisation may have updated only one of the two.
	Accounts, Transactions AbsenceProof
	// SyncMarker identifies the vendor's last synchronisation; it is "" if the vendor has no
	// such marker.
	SyncMarker string
	// Schedule describes when the vendor synchronises next. ConsentExpiresAt is when the account holder's consent
	// expires; zero if the vendor does not report it. SameState does not compare these two members.
	Schedule         SyncSchedule
	ConsentExpiresAt time.Time
}

// SameState reports whether both statuses describe the same state of the account reference.
func (s LinkStatus) SameState(other LinkStatus) bool {
	s.Schedule, s.ConsentExpiresAt = other.Schedule, other.ConsentExpiresAt
	return s == other
}

// State formats the status as one text. Statuses for which SameState returns true have the same text.
func (s LinkStatus) State() string {
	return fmt.Sprintf("%t %t %d %d %s", s.NeedsReauth, s.SyncComplete, s.Accounts, s.Transactions, s.SyncMarker)
}

// Consent returns what the status says about the consent.
func (s LinkStatus) Consent() ConsentReport {
	if s.ConsentExpiresAt.IsZero() {
		return ConsentReport{}
	}
	return ConsentReport{Status: ReportedGranted, ExpiresAt: s.ConsentExpiresAt}
}

// Signal is what an event reports about the account reference as a whole.
type Signal string

// The signals. The zero Signal reports nothing.
const (
	SignalReauth    Signal = "reauth"    // the account holder must sign in again
	SignalRecovered Signal = "recovered" // the vendor can reach the institution again
)

// AfterSuccess returns the health after a successful check at the vendor. If the synchronisation is
// complete, AfterSuccess also clears ReauthByEvent: the vendor has reached the institution since the event
// that reported the problem, and the event that reports the recovery may have been lost.
func (h Health) AfterSuccess(s LinkStatus, at time.Time) Health {
	next := h.withStatus(Healthy, "", at)
	next.ReauthByEvent = next.ReauthByEvent && !s.SyncComplete
	next.NeedsReauth = s.NeedsReauth || next.ReauthByEvent
	return next
}

// AfterFailure returns the health after a failed check. Call it only for Rejected failures, and for the
// failure of a pull's last attempt. Any other failure is transient: it says nothing about the connection
// and must not change its status.
func (h Health) AfterFailure(reason Code, at time.Time) Health {
	next := h.withStatus(Unhealthy, reason, at)
	next.NeedsReauth = h.NeedsReauth || reason == CredentialRejected
	return next
}

// AfterSignal returns the health after an event with the signal s.
func (h Health) AfterSignal(s Signal) Health {
	switch s {
	case SignalReauth:
		h.NeedsReauth, h.ReauthByEvent = true, true
	case SignalRecovered:
		h.NeedsReauth, h.ReauthByEvent = false, false
	}
	return h
}

func (h Health) withStatus(status HealthStatus, reason Code, at time.Time) Health {
	if h.Status != status || h.Reason != reason {
		h.Status, h.Reason, h.Since = status, reason, at
	}
	return h
}
