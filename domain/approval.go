package domain

import "time"

// Waiting tells whether the vendor waits for a person to approve the access at the bank. It is not an error: nobody
// must sign in again, and the vendor continues by itself after the approval.
type Waiting int

// The values. The zero value means that the vendor does not tell.
const (
	WaitingNotStated Waiting = iota
	NotWaiting
	IsWaiting
)

// WaitingIf returns IsWaiting if the vendor waits, and otherwise NotWaiting.
func WaitingIf(waits bool) Waiting {
	if waits {
		return IsWaiting
	}
	return NotWaiting
}

// sinceAfter returns since when the vendor waits, at the time at. before is since when it waited according to earlier
// answers; zero if it did not.
func (w Waiting) sinceAfter(before, at time.Time) time.Time {
	switch {
	case w == WaitingNotStated:
		return before
	case w == NotWaiting:
		return time.Time{}
	case before.IsZero():
		return at
	}
	return before
}

// DeviceWait is how long the vendor may wait for the authorisation of a device before the account holder must sign in
// again. No vendor documents a limit. One bank needs about 30 minutes.
const DeviceWait = 24 * time.Hour

// AwaitsApprovalSince returns since when the vendor waits for an approval at the bank: of another account holder, or of
// a device. It returns zero if it waits for none.
func (h Health) AwaitsApprovalSince() time.Time {
	return EarlierNonZero(h.ApprovalSince, h.DeviceSince)
}

// withWaiting returns the health after the vendor has reported the status s.
func (h Health) withWaiting(s LinkStatus, at time.Time) Health {
	h.ApprovalSince = s.Approval.sinceAfter(h.ApprovalSince, at)
	h.DeviceSince = s.Device.sinceAfter(h.DeviceSince, at)
	return h
}

// isDeviceOverdue reports whether the vendor has waited for DeviceWait for the authorisation of a device.
func (h Health) isDeviceOverdue(at time.Time) bool {
	return !h.DeviceSince.IsZero() && at.Sub(h.DeviceSince) >= DeviceWait
}

// AfterDeviceWait returns the health at the time at. If the vendor has waited for DeviceWait for the authorisation of a
// device, the account holder must sign in again.
func (h Health) AfterDeviceWait(at time.Time) Health {
	return h.withReauth(h.NeedsReauth || h.isDeviceOverdue(at), at)
}
