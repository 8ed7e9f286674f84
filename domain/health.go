package domain

import "time"

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
	Reason Code         // only if Status is Unhealthy
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

// LinkStatus is the status that the vendor reports for an account reference (an item or a
// link).
type LinkStatus struct {
	// NeedsReauth reports that the item or link waits for the account holder to sign in again.
	NeedsReauth bool
	// SyncComplete reports that the vendor's last synchronisation with the institution
	// finished completely. Only then does a row's absence from a complete read mean that
	// the row was removed.
	SyncComplete bool
	// SyncMarker identifies the vendor's last synchronisation; it is "" if the vendor has no
	// such marker. Two equal LinkStatus values describe the same state of the account
	// reference.
	SyncMarker string
}

// Signal is what an event reports about the account reference.
type Signal string

// The signals. The zero Signal reports nothing.
const (
	SignalReauth    Signal = "reauth"    // the account holder must sign in again
	SignalRecovered Signal = "recovered" // the vendor can reach the institution again
)

// AfterSuccess returns the health after a successful check at the vendor. If the
// synchronisation is complete, it also clears ReauthByEvent: the vendor has reached the
// institution again since an event reported a problem, and the event that would have
// reported the recovery may have been lost.
func (h Health) AfterSuccess(s LinkStatus, at time.Time) Health {
	next := h.withStatus(Healthy, "", at)
	next.ReauthByEvent = next.ReauthByEvent && !s.SyncComplete
	next.NeedsReauth = s.NeedsReauth || next.ReauthByEvent
	return next
}

// AfterFailure returns the health after a failed check. Callers call it only for Rejected
// failures, because a transient failure says nothing about the connection and must not
// change its status.
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
