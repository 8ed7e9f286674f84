package domain

import "time"

// HealthStatus is the result of the latest check at the vendor.
type HealthStatus string

// The statuses. The zero Health has the status Unknown.
const (
	Unknown   HealthStatus = "unknown"
	Healthy   HealthStatus = "healthy"
	Unhealthy HealthStatus = "unhealthy"
)

// Health is the state of a connection as last seen by a test, a pull or an event.
type Health struct {
	Status HealthStatus // "" means Unknown
	Reason Code         // Unhealthy only
	Since  time.Time    // when Status or Reason last changed
	// NeedsReauth reports that the vendor waits for the account holder, so no new data
	// arrives.
	NeedsReauth bool
	// ReauthByEvent reports that an event caused NeedsReauth. Only good news of the same
	// kind clears it, since the vendor's status endpoint may not know about it: an expired
	// consent does not show there.
	ReauthByEvent bool
}

// StatusOrUnknown returns the status, or Unknown for the zero Health.
func (h Health) StatusOrUnknown() HealthStatus {
	if h.Status == "" {
		return Unknown
	}
	return h.Status
}

// LinkStatus is what the vendor reports about an account reference (an item or a link).
type LinkStatus struct {
	// NeedsReauth reports that the item or link waits for the account holder.
	NeedsReauth bool
	// SyncComplete reports that the vendor's last synchronisation finished completely. Only
	// then does the absence of a row from a complete read mean anything.
	SyncComplete bool
	// SyncMarker identifies the vendor's last synchronisation; "" if the vendor has no such
	// marker. Two equal LinkStatus values describe the same state of the reference.
	SyncMarker string
}

// Signal is what an event reports about the account reference.
type Signal string

// The signals. The zero Signal reports nothing.
const (
	SignalReauth    Signal = "reauth"    // the account holder must sign in again
	SignalRecovered Signal = "recovered" // the vendor reaches the institution again
)

// AfterSuccess returns the health after a successful check at the vendor. A complete
// synchronisation proves that the vendor has reached the institution since an earlier
// event reported a problem. That clears ReauthByEvent, because the webhook that would
// have cleared it may have been lost.
func (h Health) AfterSuccess(s LinkStatus, at time.Time) Health {
	next := h.withStatus(Healthy, "", at)
	next.ReauthByEvent = next.ReauthByEvent && !s.SyncComplete
	next.NeedsReauth = s.NeedsReauth || next.ReauthByEvent
	return next
}

// AfterFailure returns the health after a failed check. Callers report only Rejected
// failures: a transient failure says nothing about the connection and keeps its status.
func (h Health) AfterFailure(reason Code, at time.Time) Health {
	next := h.withStatus(Unhealthy, reason, at)
	next.NeedsReauth = h.NeedsReauth || reason == CredentialRejected
	return next
}

// AfterSignal returns the health after an event's signal.
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
