package domain

import (
	"crypto/sha256"
	"time"
)

// DeliveryStatus is the processing state of a delivery.
type DeliveryStatus string

// The statuses. Accepted, Processed and Failed follow the state of the delivery's pull. Ignored
// and Unreadable are decided when the delivery is received, and are final.
const (
	DeliveryAccepted   DeliveryStatus = "accepted"
	DeliveryProcessed  DeliveryStatus = "processed"
	DeliveryIgnored    DeliveryStatus = "ignored"
	DeliveryUnreadable DeliveryStatus = "unreadable"
	DeliveryFailed     DeliveryStatus = "failed"
)

// MaxEventID bounds the event id and the event name that are taken from a payload, in bytes.
// Longer ones do not come from the vendor.
const MaxEventID = 200

// WebhookEvent is the content of a webhook body, as parsed by its vendor's adapter. Only ids and
// dates are taken from the body; links in a payload are never followed.
type WebhookEvent struct {
	Name string // the vendor's own name of the event: "item/updated", "TRANSACTIONS.historical_update"
	ID   string // the vendor's id of the event; "" when it has none
	// DedupKey is the deduplication key: two deliveries of one connection with the same key are the
	// same event. "" means that the bytes of the body are the key.
	DedupKey string
	// AccountRef is the vendor's item or link that the event is about; "" when the event names none.
	AccountRef string
	// WantsPull reports that the event asks for a pull. Events that do not are stored as ignored.
	WantsPull bool
	Scope     PullScope
}

// InitialStatus returns the status with which a delivery of e is stored for a connection whose
// account reference is accountRef. unreadable means that the body could not be parsed.
//
// An event about another account is ignored, because a pull of the connection does not read that
// account. An event that names no account is taken to be about the connection's own. References are
// compared byte for byte, in the form in which the vendor itself returns them.
func (e WebhookEvent) InitialStatus(accountRef string, unreadable bool) DeliveryStatus {
	switch {
	case unreadable:
		return DeliveryUnreadable
	case !e.WantsPull, e.AccountRef != "" && e.AccountRef != accountRef:
		return DeliveryIgnored
	}
	return DeliveryAccepted
}

// Fingerprint identifies an event for deduplication: the store keeps it unique per connection.
type Fingerprint [sha256.Size]byte

// FingerprintOf hashes the event's deduplication key, or the body where the key is empty. The two
// never collide, because each is hashed with a prefix of its own.
func FingerprintOf(e WebhookEvent, body []byte) Fingerprint {
	if e.DedupKey != "" {
		return sha256.Sum256([]byte("event\x00" + e.DedupKey))
	}
	return sha256.Sum256(append([]byte("body\x00"), body...))
}

// Delivery is one webhook that passed authentication and was stored.
type Delivery struct {
	ID          DeliveryID
	Tenant      TenantID
	Connection  ConnectionID
	Vendor      Vendor
	Event       string
	EventID     string
	Fingerprint Fingerprint
	Body        []byte // the bytes as received
	Scope       PullScope
	Status      DeliveryStatus
	Pull        PullID // zero unless Status follows a pull
	ReceivedAt  time.Time
	ProcessedAt time.Time // zero until the pull has ended
}
