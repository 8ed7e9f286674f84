package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// ConsentState is the state of the account holder's consent at one moment.
type ConsentState string

// The states. A consent without a known expiry stays ConsentActive until it is revoked.
const (
	ConsentUnknown  ConsentState = "unknown"
	ConsentActive   ConsentState = "active"
	ConsentExpiring ConsentState = "expiring"
	ConsentExpired  ConsentState = "expired"
	ConsentRevoked  ConsentState = "revoked"
)

// ConsentNotice is how long before its expiry a consent counts as expiring.
const ConsentNotice = 30 * 24 * time.Hour

// ConsentStatus is the status that the vendor has reported for a consent. The zero ConsentStatus means that the vendor
// has reported no status.
type ConsentStatus string

// The statuses. ReportedRenewed is never stored.
const (
	ReportedGranted  ConsentStatus = "granted"
	ReportedExpiring ConsentStatus = "expiring" // it expires soon; the time may be missing
	ReportedExpired  ConsentStatus = "expired"
	ReportedRevoked  ConsentStatus = "revoked"
	ReportedRenewed  ConsentStatus = "renewed" // the account holder has granted it again
)

// ConsentReport contains what a response or an event of the vendor says about the consent for an account reference. The
// zero ConsentReport contains no information.
type ConsentReport struct {
	Status ConsentStatus `json:"status,omitempty"`
	// Key identifies the consent (ConsentKey); "" if the vendor does not identify it.
	Key string `json:"key,omitempty"`
	// ExpiresAt is the consent's expiry. If it is zero and NoExpiry is set, the vendor has reported that the consent
	// does not expire. If NoExpiry is not set, the expiry is missing from the report, or could not be read.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	NoExpiry  bool      `json:"noExpiry,omitempty"`
}

// MaxConsentReports is the maximum number of reports that one PullScope holds. The oldest ones are dropped.
const MaxConsentReports = 32

// ConsentKey returns a key for the consent that has the id vendorID at the vendor. It returns "" if vendorID is "". The
// key does not contain the vendor's id, so it can be kept when everything that came from the vendor is erased.
func ConsentKey(vendorID string) string {
	if vendorID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("consent\x00" + vendorID))
	return hex.EncodeToString(sum[:16])
}

// ParseConsentTime parses a time that a vendor has sent as the expiry of a consent, or as the time of its next
// synchronisation. It accepts RFC 3339 times and dates between the years 1970 and 9999, because these can be stored and
// returned exactly. For any other text it returns false.
func ParseConsentTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		at, err := time.Parse(layout, text)
		if err == nil && at.UTC().Year() >= 1970 && at.UTC().Year() <= 9999 {
			return at.UTC().Truncate(time.Microsecond), true
		}
	}
	return time.Time{}, false
}

// Consent contains all that is known about the consent of a connection's account holder. The zero Consent is unknown.
type Consent struct {
	Status    ConsentStatus
	Key       string    // identifies the consent; "" if the vendor has not identified it
	ExpiresAt time.Time // zero if no expiry is known
	// NoticeAt is when the consent begins to count as expiring, which is ConsentNotice before ExpiresAt. It is zero if
	// the service has already noticed that the consent is expiring, or if there is no expiry to notice.
	NoticeAt time.Time
}

// State returns the state of the consent at the time now. A consent with a known expiry has expired at that expiry,
// even if the vendor has not reported it.
func (c Consent) State(now time.Time) ConsentState {
	dated := !c.ExpiresAt.IsZero()
	switch {
	case c.Status == "":
		return ConsentUnknown
	case c.Status == ReportedRevoked:
		return ConsentRevoked
	case c.Status == ReportedExpired, dated && !now.Before(c.ExpiresAt):
		return ConsentExpired
	case dated && !now.Before(c.ExpiresAt.Add(-ConsentNotice)), !dated && c.Status == ReportedExpiring:
		return ConsentExpiring
	}
	return ConsentActive
}

// After returns the consent after the vendor's report r, which arrived at the given time.
//
// A consent stays expired or revoked until the vendor identifies another consent or reports a renewal; an expired
// consent can still be revoked. If a report has no readable expiry, a known expiry stays. If the vendor reports a
// consent as expired, but no expiry in the past is known, the time of the report counts as its expiry.
func (c Consent) After(r ConsentReport, at time.Time) Consent {
	if r.Status == "" {
		return c
	}
	same := r.Key == "" || c.Key == "" || r.Key == c.Key
	ended := c.Status == ReportedRevoked || c.Status == ReportedExpired
	if ended && same && c.staysAfter(r) {
		return c
	}
	next := Consent{Status: r.Status, Key: r.Key, ExpiresAt: r.ExpiresAt}
	if next.Key == "" {
		next.Key = c.Key
	}
	switch {
	case r.Status == ReportedRenewed:
		next.Status = ReportedGranted
	case same && r.ExpiresAt.IsZero() && !r.NoExpiry:
		next.ExpiresAt = c.ExpiresAt
	}
	if next.Status == ReportedExpired && (next.ExpiresAt.IsZero() || next.ExpiresAt.After(at)) {
		next.ExpiresAt = at
	}
	next.NoticeAt = c.noticeAfter(next, at)
	return next
}

// staysAfter reports whether a consent that is expired or revoked stays unchanged after the report r about the same
// consent. Such a consent changes only if it is renewed, or if it is expired and the report revokes it.
func (c Consent) staysAfter(r ConsentReport) bool {
	return r.Status != ReportedRenewed && (c.Status == ReportedRevoked || r.Status != ReportedRevoked)
}

// noticeAfter returns NoticeAt for the consent next, which replaces c at the given time. If c was already expiring or
// expired, its NoticeAt stays, so that a change of the vendor's report is not noticed as a second expiry.
func (c Consent) noticeAfter(next Consent, at time.Time) time.Time {
	switch next.State(at) {
	case ConsentActive:
		if next.ExpiresAt.IsZero() {
			return time.Time{}
		}
		return next.ExpiresAt.Add(-ConsentNotice)
	case ConsentExpiring, ConsentExpired:
		if before := c.State(at); before == ConsentExpiring || before == ConsentExpired {
			return c.NoticeAt
		}
		return at
	default:
		return time.Time{}
	}
}

// Noticed returns the consent after the service has noticed that it is expiring or has expired.
func (c Consent) Noticed() Consent {
	c.NoticeAt = time.Time{}
	return c
}
