package domain

import (
	"crypto/sha256"
	"time"
)

// DeliveryStatus is how far a delivery has come.
type DeliveryStatus string

// The statuses. Accepted, Processed and Failed follow the delivery's pull; Ignored
// and Unreadable are final at the door.
const (
	DeliveryAccepted   DeliveryStatus = "accepted"
	DeliveryProcessed  DeliveryStatus = "processed"
	DeliveryIgnored    DeliveryStatus = "ignored"
	DeliveryUnreadable DeliveryStatus = "unreadable"
	DeliveryFailed     DeliveryStatus = "failed"
)

// MaxEventID bounds the event id and name that are taken from a payload, in bytes;
// longer ones are not the vendor's.
const MaxEventID = 200

// Event is what a webhook body says, once its vendor's adapter has read it. Only
// ids and dates are taken from it; links in a payload are never followed.
type WebhookEvent struct {
	Name string // the vendor's own name of it: "item/updated", "TRANSACTIONS.historical_update"
	ID   string // the vendor's id of the event; "" when it has none
	// Key makes two deliveries the same event, per connection. "" means the body does.
	DedupKey string
	// AccountRef is the item or link it is about; "" when it names none.
	AccountRef string
	// Wanted: it asks for a pull. Events that ask for nothing are stored as ignored.
	WantsPull bool
	Scope     PullScope
}

// Fingerprint is what the store keeps unique per connection.
type Fingerprint [sha256.Size]byte

// FingerprintOf hashes the event's key, or the body where there is none. The two
// never collide: each has its own prefix.
func FingerprintOf(e WebhookEvent, body []byte) Fingerprint {
	if e.DedupKey != "" {
		return sha256.Sum256([]byte("event\x00" + e.DedupKey))
	}
	return sha256.Sum256(append([]byte("body\x00"), body...))
}

// Delivery is one webhook that was let in.
type Delivery struct {
	ID          DeliveryID
	Tenant      TenantID
	Connection  ConnectionID
	Vendor      Vendor
	Event       string
	EventID     string
	Fingerprint Fingerprint
	Body        []byte // as it came
	Scope       PullScope
	Status      DeliveryStatus
	Pull        PullID // zero unless Status follows a pull
	ReceivedAt  time.Time
	ProcessedAt time.Time // zero until its pull ended
}
