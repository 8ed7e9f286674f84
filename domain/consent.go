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

// Ended reports whether the vendor may not read any data of the account holder.
func (s ConsentState) Ended() bool { return s == ConsentExpired || s == ConsentRevoked }

// ConsentNotice is how long a consent is in the state ConsentExpiring before it expires.
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
	ReportedRenewed  ConsentStatus = "renewed" // the account holder has granted the consent again
)

// ConsentReport contains what a response or an event of the vendor says about the consent for an account reference. The
// zero ConsentReport contains no information.
type ConsentReport struct {
	Status ConsentStatus `json:"status,omitempty"`
	// Key identifies the consent (ConsentKey); "" if the vendor does not identify it.
	Key string `json:"key,omitempty"`
	// ExpiresAt is the consent's expiry. A zero ExpiresAt has two meanings:
	//   - If NoExpiry is set, the vendor has reported that the consent does not expire.
	//   - If NoExpiry is not set, the report contains no readable expiry.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	NoExpiry  bool      `json:"noExpiry,omitempty"`
	// InForceAt is a time at which the consent was in force, because the vendor has read the bank with it; see
	// LinkStatus. Events do not contain it.
	InForceAt time.Time `json:"-"`
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

// ParseConsentTime parses an expiry or a synchronisation time that a vendor has sent. It accepts RFC 3339 times and
// dates between 1970 and 9999, because every store can hold them. For any other text it returns false.
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
	// Since is when Status last changed; zero if the consent is unknown, or if an earlier version of the service has
	// stored it.
	Since time.Time
	// NoticeAt is when the service must report that the consent is expiring or has expired. It is zero if the service
	// has already reported this, or if there is nothing to report.
	NoticeAt time.Time
}

// State returns the state of the consent at the time now. If the expiry is known and has passed, the consent is
// expired, even if the vendor has not reported this.
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

// After returns the consent after the report r, which arrived at the time reportedAt:
//
//   - A consent that was in force after the time at which it is said to have ended has not ended.
//   - If r has no status, the consent does not change otherwise.
//   - A revoked consent changes only if r reports a renewal or a different consent.
//   - An expired consent changes only if r reports a renewal, a revocation, a different consent, or a later expiry that
//     cannot come from an event that arrived late (see extends).
//   - A consent that was granted up to a future time does not expire if r states an earlier expiry: r arrived late.
//   - If the expiry is missing from r, the known expiry is kept. It is not kept after a renewal, or for a different
//     consent.
//   - If r reports that the consent has expired, and the expiry is unknown or in the future, reportedAt becomes the
//     expiry.
func (c Consent) After(r ConsentReport, reportedAt time.Time) Consent {
	if r.Status == ReportedGranted && r.ExpiresAt.Before(r.InForceAt) {
		r.Status, r.ExpiresAt = "", time.Time{} // the vendor still states a former expiry
	}
	if c.isRefuted(r, reportedAt) {
		next := Consent{Status: ReportedGranted, Key: c.Key, ExpiresAt: r.ExpiresAt, Since: reportedAt}
		next.NoticeAt = c.noticeAfter(next, reportedAt)
		return next
	}
	if r.Status == "" {
		return c
	}
	same := r.Key == "" || c.Key == "" || r.Key == c.Key
	ended := c.Status == ReportedRevoked || c.Status == ReportedExpired
	if ended && same && c.staysAfter(r, reportedAt) {
		return c
	}
	if same && r.Status == ReportedExpired && c.Status == ReportedGranted && !r.ExpiresAt.IsZero() &&
		r.ExpiresAt.Before(c.ExpiresAt) && c.ExpiresAt.After(reportedAt) {
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
	if next.Status == ReportedExpired && (next.ExpiresAt.IsZero() || next.ExpiresAt.After(reportedAt)) {
		next.ExpiresAt = reportedAt
	}
	if next.Since = c.Since; next.Status != c.Status {
		next.Since = reportedAt
	}
	next.NoticeAt = c.noticeAfter(next, reportedAt)
	return next
}

// isRefuted reports whether c has ended at the time now, but r shows that it was in force later than that.
func (c Consent) isRefuted(r ConsentReport, now time.Time) bool {
	ended := c.ExpiresAt
	switch state := c.State(now); {
	case !state.Ended(), r.Status != "" && r.Status != ReportedGranted:
		return false
	case state == ConsentRevoked, ended.IsZero():
		ended = c.Since
	}
	return !ended.IsZero() && r.InForceAt.After(ended)
}

// staysAfter reports whether c stays unchanged after the report r. The consent c must be expired or revoked, and r must
// concern the same consent. A renewal changes c. A revocation and a later expiry change an expired c.
func (c Consent) staysAfter(r ConsentReport, reportedAt time.Time) bool {
	if r.Status == ReportedRenewed {
		return false
	}
	return c.Status == ReportedRevoked || r.Status != ReportedRevoked && !c.extends(r, reportedAt)
}

// extends reports whether r states that the consent, which has expired, is valid again. Its expiry must be in the
// future and later than the known one. The notice that a consent expires soon may arrive after it has expired, also if
// that was before its date. Such a notice must therefore be later by more than ConsentNotice.
func (c Consent) extends(r ConsentReport, reportedAt time.Time) bool {
	known := c.ExpiresAt
	switch r.Status {
	case ReportedGranted:
	case ReportedExpiring:
		known = known.Add(ConsentNotice)
	default:
		return false
	}
	return r.ExpiresAt.After(reportedAt) && r.ExpiresAt.After(known)
}

// noticeAfter returns the NoticeAt of successor, the consent that replaces c at the time now. If both consents are
// expiring or expired, noticeAfter returns c.NoticeAt, so that the service reports an expiry only once.
func (c Consent) noticeAfter(successor Consent, now time.Time) time.Time {
	switch successor.State(now) {
	case ConsentActive:
		if successor.ExpiresAt.IsZero() {
			return time.Time{}
		}
		return successor.ExpiresAt.Add(-ConsentNotice)
	case ConsentExpiring, ConsentExpired:
		if before := c.State(now); before == ConsentExpiring || before == ConsentExpired {
			return c.NoticeAt
		}
		return now
	default:
		return time.Time{}
	}
}

// Noticed returns a copy of the consent in which NoticeAt is zero. It is called when the service has reported that the
// consent is expiring or has expired.
func (c Consent) Noticed() Consent {
	c.NoticeAt = time.Time{}
	return c
}
