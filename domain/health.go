package domain

import "time"

// HealthStatus is what the last look at the vendor showed.
type HealthStatus string

// The statuses. The zero Health is Unknown.
const (
	Unknown   HealthStatus = "unknown"
	Healthy   HealthStatus = "healthy"
	Unhealthy HealthStatus = "unhealthy"
)

// Health is a connection's state as last seen, by a test, a pull or an event.
type Health struct {
	Status HealthStatus // "" reads as Unknown
	Reason Code         // Unhealthy only
	Since  time.Time    // when Status or Reason last changed
	// NeedsReauth: the vendor waits for the account holder, so no new data comes.
	NeedsReauth bool
	// ReauthByEvent: an event said so. Only good news of the same kind takes it back,
	// since the vendor's status call may not know (an expired consent does not show there).
	ReauthByEvent bool
}

// Known gives the status, Unknown for the zero Health.
func (h Health) StatusOrUnknown() HealthStatus {
	if h.Status == "" {
		return Unknown
	}
	return h.Status
}

// Standing is what the vendor says of an account reference when asked.
type LinkStatus struct {
	// NeedsReauth: the item or link waits for the account holder.
	NeedsReauth bool
	// Settled: the vendor finished its last synchronisation whole, so that a row's
	// absence from a complete read means something.
	SyncComplete bool
	// Synced is the vendor's own mark of its last synchronisation; "" when it gives none.
	// Two equal standings saw the same state of the reference.
	SyncMarker string
}

// Signal is what an event tells about the account reference.
type Signal string

// The signals. The zero Signal tells nothing.
const (
	SignalReauth    Signal = "reauth"    // the account holder must act
	SignalRecovered Signal = "recovered" // the vendor reaches the institution again
)

// Seen folds a successful look at the vendor into the health. A vendor that calls the
// reference settled has reached the institution since whatever an event said: that is
// good news too, for its own webhook may have been lost.
func (h Health) AfterSuccess(s LinkStatus, at time.Time) Health {
	next := h.moved(Healthy, "", at)
	next.ReauthByEvent = next.ReauthByEvent && !s.SyncComplete
	next.NeedsReauth = s.NeedsReauth || next.ReauthByEvent
	return next
}

// Failed folds a failed look into the health. A fault that will pass leaves the
// status as it was, for it says nothing of the connection: only Rejected counts.
func (h Health) AfterFailure(reason Code, at time.Time) Health {
	next := h.moved(Unhealthy, reason, at)
	next.NeedsReauth = h.NeedsReauth || reason == CredentialRejected
	return next
}

// Told folds an event's signal into the health.
func (h Health) AfterSignal(s Signal) Health {
	switch s {
	case SignalReauth:
		h.NeedsReauth, h.ReauthByEvent = true, true
	case SignalRecovered:
		h.NeedsReauth, h.ReauthByEvent = false, false
	}
	return h
}

func (h Health) moved(status HealthStatus, reason Code, at time.Time) Health {
	if h.Status != status || h.Reason != reason {
		h.Status, h.Reason, h.Since = status, reason, at
	}
	return h
}
