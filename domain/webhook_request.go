package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
)

// WebhookRequest is one request to the webhook endpoint, not yet verified.
type WebhookRequest struct {
	Vendor        Vendor
	Token         string     // from the path
	Body          []byte     // raw: the bytes that are signed and stored
	Signature     string     // X-Webhook-Signature
	Authorization string     // Authorization
	Peer          netip.Addr // the caller's address; from X-Forwarded-For behind trusted proxies
}

// SourcePolicy defines how a vendor proves that a webhook request is its own. All
// configured checks are tried, and one that passes is enough. The zero policy admits no
// request.
type SourcePolicy struct {
	HMACSecret    Secret         // signs the raw body (HMAC-SHA256, RFC 2104)
	Authorization Secret         // the exact header value that the vendor was configured to send
	Networks      []netip.Prefix // the addresses the vendor sends from
}

// Admits reports whether the request passes one of the configured checks. It runs every
// check, even after one has passed, so the time taken does not reveal which one passed.
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
