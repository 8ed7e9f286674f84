package vendorhttp

import (
	"encoding/base64"
	"strings"
	"time"
)

// TokenLifetime returns how long a new token is valid. If the token is a JWT (RFC 7519), the lifetime is the
// difference of its claims exp and iat, so a wrong clock has no effect. If the token does not state its lifetime, or
// states more than the argument longest, the result is longest. The token is not retained.
func TokenLifetime(token []byte, longest time.Duration) time.Duration {
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return longest
	}
	var claims struct {
		IssuedAt  float64 `json:"iat"`
		ExpiresAt float64 `json:"exp"`
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || Decode(text, &claims) != nil || claims.IssuedAt <= 0 || claims.ExpiresAt <= claims.IssuedAt {
		return longest
	}
	return time.Duration(min(claims.ExpiresAt-claims.IssuedAt, longest.Seconds()) * float64(time.Second))
}
