package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
)

// Knock is one call at the webhook door, as it came.
type WebhookRequest struct {
	Vendor        Vendor
	Token         string     // from the path
	Body          []byte     // raw, the bytes that are signed and stored
	Signature     string     // X-Webhook-Signature
	Authorization string     // Authorization
	Peer          netip.Addr // the caller, behind trusted proxies the one they name
}

// SourcePolicy is how a vendor proves that a knock is its own. The checks that are
// set are tried, and one that passes is enough; the zero policy admits nobody.
type SourcePolicy struct {
	HMACSecret    Secret         // signs the raw body (HMAC-SHA256, RFC 2104)
	Authorization Secret         // the exact header value the vendor was told to send
	Networks      []netip.Prefix // where the vendor calls from
}

// Admits tries every check that is set, whether or not an earlier one passed, so
// that the time taken does not tell which.
func (p SourcePolicy) Admits(k WebhookRequest) bool {
	signed := p.signed(k)
	shared := !p.Authorization.IsZero() && p.Authorization.Equal(SecretText(k.Authorization))
	return signed || shared || p.fromNetwork(k.Peer)
}

func (p SourcePolicy) signed(k WebhookRequest) bool {
	if p.HMACSecret.IsZero() {
		return false
	}
	claimed, err := hex.DecodeString(strings.TrimPrefix(k.Signature, "sha256="))
	mac := hmac.New(sha256.New, p.HMACSecret.bytes())
	mac.Write(k.Body)
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
