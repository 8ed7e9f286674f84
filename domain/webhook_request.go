package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
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
	HMACSecret    Secret         // the key with which the vendor signs the raw body (HMAC-SHA256, RFC 2104)
	Authorization Secret         // the exact header value that the vendor was configured to send
	Networks      []netip.Prefix // the addresses from which the vendor sends
}

// Admits reports whether the request passes at least one of the configured checks. It runs
// every check, even after one has passed, so the time that it takes does not reveal which
// check passed.
func (p SourcePolicy) Admits(r WebhookRequest) bool {
	signed := p.signed(r)
	shared := !p.Authorization.IsZero() && p.Authorization.Equal(SecretText(r.Authorization))
	return signed || shared || p.fromNetwork(r.Peer)
}

func (p SourcePolicy) signed(r WebhookRequest) bool {
	if p.HMACSecret.IsZero() {
		return false
	}
	claimed, err := hex.DecodeString(strings.TrimPrefix(r.Signature, "sha256="))
	mac := hmac.New(sha256.New, p.HMACSecret.bytes())
	mac.Write(r.Body)
	return hmac.Equal(mac.Sum(nil), claimed) && err == nil
}

func (p SourcePolicy) fromNetwork(peer netip.Addr) bool {
	for _, network := range p.Networks {
		if network.Contains(peer.Unmap()) {
			return true
		}
	}
	return false
}
