package lerianmatcher

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// renewBefore is the time before its expiry at which a token is replaced. defaultLife is the lifetime of a token
// whose expiry is not known.
const (
	renewBefore = time.Minute
	defaultLife = 5 * time.Minute
	maxToken    = 16 << 10
)

// tokenSource contains the credential of a subscription, and the current token.
type tokenSource struct {
	url      *url.URL // nil if there are no client credentials
	clientID string
	secret   domain.Secret
	fixed    domain.Secret // the value of the header Authorization; zero if there is none

	token domain.Secret
	until time.Time // when the token is replaced
}

// renewable reports whether the token can be replaced.
func (s *tokenSource) renewable() bool { return s.url != nil }

// authorization returns the value of the Authorization header, or "" if there is none. If renew is true, it requests a
// new token even though the current one has not expired.
func (c *client) authorization(ctx context.Context, renew bool) (string, error) {
	s := &c.tokens
	if s.url == nil {
		return string(s.fixed.Reveal()), nil
	}
	now := c.options.Clock.Now()
	if renew || s.token.IsZero() || !now.Before(s.until) {
		if err := c.renew(ctx, now); err != nil {
			return "", err
		}
	}
	return "Bearer " + string(s.token.Reveal()), nil
}

// renew exchanges the client credentials for a token (RFC 6749, section 4.4).
func (c *client) renew(ctx context.Context, now time.Time) error {
	s := &c.tokens
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.clientID},
		"client_secret": {string(s.secret.Reveal())},
	}
	// Lerian's access manager names the members of its response in camel case.
	var granted struct {
		Token       string  `json:"access_token"`
		CamelToken  string  `json:"accessToken"`
		Expires     float64 `json:"expires_in"`
		CamelExpiry float64 `json:"expiresIn"`
	}
	_, err := c.send(ctx, c.transport, http.MethodPost, s.url, http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, []byte(form.Encode()), &granted)
	var refused *domain.Error
	if errors.As(err, &refused) && errors.Is(err, ports.ErrTargetRefused) {
		all := *refused
		all.Cause = nil // the error concerns every target, not only one
		return &all
	}
	if err != nil {
		return err
	}
	token, life := granted.Token, granted.Expires
	if token == "" {
		token, life = granted.CamelToken, granted.CamelExpiry
	}
	if token == "" || len(token) > maxToken || !isHeaderValue(token) {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.SinkRefused, Message: "a response without a token"}
	}
	lasts := defaultLife
	if life > 0 && life < (24*time.Hour).Seconds() {
		lasts = time.Duration(life * float64(time.Second))
	} else if life > 0 {
		lasts = 24 * time.Hour
	}
	s.token, s.until = domain.SecretText(token), now.Add(max(lasts-renewBefore, lasts/2))
	return nil
}
