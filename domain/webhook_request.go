package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// WebhookRequest is one request to the webhook endpoint that has not been verified yet.
type WebhookRequest struct {
	Vendor        Vendor
	Token         string     // the raw token, from the request's path
	Body          []byte     // the raw bytes, which the signature covers and which are stored
	Signature     string     // the webhook signature, from the header X-Webhook-Signature
	Authorization string     // the header Authorization
	Peer          netip.Addr // the caller's address; behind trusted proxies, taken from X-Forwarded-For
	// Header returns the first value of a header; "" if the request does not have the header. Case is ignored.
	Header func(name string) string
}

// SourcePolicy defines how the source of a vendor's webhook requests is verified. A request is
// admitted if it passes at least one of the configured checks. The zero policy admits no
// request.
type SourcePolicy struct {
	HMACSecret    Secret         // the key with which the sender signs the raw body (HMAC-SHA256, RFC 2104)
	Authorization Secret         // the exact header value that the vendor was configured to send
	Networks      []netip.Prefix // the addresses from which the vendor sends
}

// Admits reports whether the request passes at least one of the configured checks. It runs
// every check, even after one has passed, so the time that it takes does not reveal which
// check passed.
func (p SourcePolicy) Admits(r WebhookRequest, now time.Time) bool {
	signed := p.signed(r, now)
	shared := !p.Authorization.IsZero() && p.Authorization.Equal(SecretText(r.Authorization))
	return signed || shared || p.fromNetwork(r.Peer)
}

// maxSignatureAge is the longest time between the timestamp of a signature and the arrival of its request, in both
// directions.
const maxSignatureAge = 5 * time.Minute

// signed reports whether the request has a valid signature: of the body, with or without the prefix "sha256=", or
// version 1 of Lerian's services, which also covers the header X-Webhook-Timestamp (Unix seconds).
func (p SourcePolicy) signed(r WebhookRequest, now time.Time) bool {
	if p.HMACSecret.IsZero() {
		return false
	}
	mac := hmac.New(sha256.New, p.HMACSecret.bytes())
	digits, timed := strings.CutPrefix(r.Signature, "v1,sha256=")
	recent := true
	if timed {
		timestamp := ""
		if r.Header != nil {
			timestamp = r.Header("X-Webhook-Timestamp")
		}
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		recent = err == nil && now.Sub(time.Unix(seconds, 0)).Abs() <= maxSignatureAge
		mac.Write([]byte("v1:" + timestamp + "."))
	} else {
		digits = strings.TrimPrefix(r.Signature, "sha256=")
	}
	mac.Write(r.Body)
	claimed, err := hex.DecodeString(digits)
	return hmac.Equal(mac.Sum(nil), claimed) && err == nil && recent
}

func (p SourcePolicy) fromNetwork(peer netip.Addr) bool {
	for _, network := range p.Networks {
		if network.Contains(peer.Unmap()) {
			return true
		}
	}
	return false
}
