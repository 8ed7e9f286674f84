package domain

import (
	"strings"
	"time"
)

// RegistrationState is the state of a token's webhook at the vendor.
type RegistrationState string

// The states. A registration begins as "pending", before the vendor is asked. If the request ends without a result, the
// vendor may have created the webhook. The webhook of a "pending" registration is then removed like the webhook of a
// revoked token.
const (
	NotRegistered        RegistrationState = ""
	RegistrationPending  RegistrationState = "pending"  // the vendor may have the webhook; the token is not listed
	RegistrationActive   RegistrationState = "active"   // the vendor has the webhook
	RegistrationRemoving RegistrationState = "removing" // the token is revoked; the vendor may still have the webhook
	RegistrationRemoved  RegistrationState = "removed"  // the vendor no longer has the webhook
)

// Limits of a registration.
const (
	// RegistrationTimeout is how long a registration stays "pending" before it is removed, and how long a claim on a
	// registration lasts. It is longer than the request that creates the webhook can take: up to 5 s until the call
	// may start, because concurrent calls are limited, and 14 s for the vendor. It is short enough for another
	// process to continue within 30 s after a process has died.
	RegistrationTimeout = 25 * time.Second
	// RegistrationGiveUp is the period in which the service tries to remove a registration. The period begins at the
	// revocation of the token.
	RegistrationGiveUp = 7 * 24 * time.Hour

	minRemovalWait = 5 * time.Second
	maxRemovalWait = time.Hour
)

// WebhookRegistration is a webhook at the vendor that sends to the URL of a token. The zero value means
// that the operator configures the webhook at the vendor.
type WebhookRegistration struct {
	State    RegistrationState
	ID       string    // the vendor's id of the webhook; "" while it is not known
	DueAt    time.Time // when the removal is due; used only in the states "pending" and "removing"
	Attempts int       // how often the removal was attempted
	// OfReference is set if the vendor sends only the events of the connection's account reference to the webhook. No
	// other connection can use it. If it is not set, the webhook belongs to the application.
	OfReference bool
	// Access contains the address and the credential with which the webhook is removed at the vendor. It is zero if
	// those of the token's connection are used.
	Access RegistrationAccess
}

// RegistrationAccess contains the address and the credential that a connection had before its address or client id
// changed. The credential is sealed for the connection of the token.
type RegistrationAccess struct {
	BaseURL string
	Sealed  Sealed
}

// IsZero reports whether the access is empty.
func (a RegistrationAccess) IsZero() bool { return a.BaseURL == "" && len(a.Sealed) == 0 }

// AtVendor reports whether the vendor has the webhook, or may have it.
func (r WebhookRegistration) AtVendor() bool {
	return r.State == RegistrationPending || r.State == RegistrationActive || r.State == RegistrationRemoving
}

// Exists reports whether the token belongs to a webhook that the service has created.
func (r WebhookRegistration) Exists() bool { return r.State != NotRegistered }

// RetryAt returns when the removal is attempted again after a failure at the given time. The wait doubles with each
// attempt, up to an hour.
func (r WebhookRegistration) RetryAt(failedAt time.Time) time.Time {
	return failedAt.Add(removalWait(r.Attempts))
}

// removalWait returns the wait after the given number of failed attempts to remove something at the vendor.
func removalWait(attempts int) time.Duration {
	wait := minRemovalWait
	for range attempts - 1 {
		wait = min(2*wait, maxRemovalWait)
	}
	return wait
}

// StartRegistration sets the registration of the token to "pending", for the given application. Call it before the
// webhook is created at the vendor.
func (t *WebhookToken) StartRegistration(application ApplicationKey) {
	t.Application = application
	t.Registration = WebhookRegistration{State: RegistrationPending, DueAt: t.CreatedAt.Add(RegistrationTimeout)}
}

// StartReferenceRegistration sets the registration of the token to "pending", for a webhook that belongs to the account
// reference of the token's connection. Call it before the webhook is created at the vendor.
func (t *WebhookToken) StartReferenceRegistration() {
	t.StartRegistration(ApplicationKey{})
	t.Registration.OfReference = true
}

// Revoke ends the token. If it has a webhook at the vendor, the webhook must now be removed.
func (t *WebhookToken) Revoke(at time.Time) {
	t.RevokedAt = at
	if t.Registration.State == RegistrationActive {
		t.Registration.State, t.Registration.DueAt = RegistrationRemoving, at
	}
}

// RemovalAccess returns the connection with the address and the credential with which the webhook of the token is
// removed at the vendor. c is the connection of the token.
func (t WebhookToken) RemovalAccess(c Connection) Connection {
	if a := t.Registration.Access; !a.IsZero() {
		c.BaseURL, c.Sealed = a.BaseURL, a.Sealed
	}
	return c
}

// CheckApplication returns Conflict (target_changed) if the token has a registration for another application than that
// of c, the connection of the token.
func (t WebhookToken) CheckApplication(c Connection) error {
	if t.Application.IsZero() || t.Application == c.Application() {
		return nil
	}
	return &Error{Kind: Conflict, Code: TargetChanged, Message: "the connection belongs to another application now"}
}

// Listed reports whether operators see the token. They do not see a token while its registration is "pending".
func (t WebhookToken) Listed() bool { return t.Registration.State != RegistrationPending }

// WebhookURL returns the URL to which a vendor sends the webhooks of a token. It consists of receiver, the vendor and
// the raw token, separated by slashes. It is a secret, because it contains the token.
func WebhookURL(receiver string, v Vendor, raw Secret) Secret {
	return SecretText(receiver + "/" + string(v) + "/" + string(raw.bytes()))
}

// SendsTo reports whether a webhook of the vendor sends to the URL of the token. It compares the last segment of the
// URL, because only the hash of the token is stored.
func (t WebhookToken) SendsTo(webhookURL Secret) bool {
	url := string(webhookURL.bytes())
	return t.Matches(url[strings.LastIndexByte(url, '/')+1:])
}
