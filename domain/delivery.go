package domain

import (
	"crypto/sha256"
	"slices"
	"time"
)

// DeliveryStatus states whether a delivery needs a pull, and the outcome of that pull.
type DeliveryStatus string

// The statuses. DeliveryAccepted, DeliveryProcessed and DeliveryFailed depend on the state of the delivery's pull.
// DeliveryIgnored and DeliveryUnreadable are decided when the delivery is received, and never change.
const (
	DeliveryAccepted   DeliveryStatus = "accepted"
	DeliveryProcessed  DeliveryStatus = "processed"
	DeliveryIgnored    DeliveryStatus = "ignored"
	DeliveryUnreadable DeliveryStatus = "unreadable"
	DeliveryFailed     DeliveryStatus = "failed"
)

// MaxEventID is the maximum length, in bytes, of the event id and of the event name that are taken
// from a payload. Longer values do not come from the vendor.
const MaxEventID = 200

// WebhookEvent is the content of a webhook body, as parsed by its vendor's adapter. Only ids and
// dates are taken from the body; links in a payload are never followed.
type WebhookEvent struct {
	Name string // the vendor's own name of the event: "item/updated", "TRANSACTIONS.historical_update"
	ID   string // the vendor's id of the event; "" when the event has no id
	// DedupKey is the deduplication key: two deliveries of one connection with the same key are the
	// same event. If it is "", the bytes of the body are the key.
	DedupKey string
	// AccountRef is the vendor's item or link that the event is about; "" when the event names no item
	// or link.
	AccountRef string
	// WantsPull reports whether the event asks for a pull. An event that asks for no pull is stored as
	// ignored.
	WantsPull bool
	Scope     PullScope
	// Confidential is set if the body contains a secret, for example the URL of a webhook. The body is not stored.
	Confidential bool `json:",omitzero"`
	// RemovedIn is the external id of the account whose rows Scope.Removed contains; "" if the event does not name it.
	RemovedIn string
	// LinkSession is the id of the link session in the object that the event describes; zero if there is none. The id
	// comes from the body, so it may belong to another tenant or to no session.
	LinkSession LinkSessionID `json:",omitzero"`
}

// Fingerprint identifies an event for deduplication: for each connection, the store accepts only
// one delivery with the same fingerprint.
type Fingerprint [sha256.Size]byte

// FingerprintOf returns the hash of the event's deduplication key, or of the body if the key is empty. Keys
// and bodies are hashed with different prefixes, so the hash of a key never equals the hash of a body.
func FingerprintOf(e WebhookEvent, body []byte) Fingerprint {
	if e.DedupKey != "" {
		return sha256.Sum256([]byte("event\x00" + e.DedupKey))
	}
	return sha256.Sum256(append([]byte("body\x00"), body...))
}

// inPull returns the fingerprint of a delivery that has no deduplication key and is attached to a pull. If an equal
// body is attached to another pull, it is another event and has another fingerprint.
func (f Fingerprint) inPull(pull PullID) Fingerprint {
	return sha256.Sum256(slices.Concat([]byte("pull\x00"), pull.UUID[:], f[:]))
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
	Pull        PullID // the pull that handles the delivery; zero if there is none
	ReceivedAt  time.Time
	ProcessedAt time.Time // zero until the pull has ended
}
