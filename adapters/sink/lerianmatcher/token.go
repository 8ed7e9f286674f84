package lerianmatcher

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
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

	form  int // index in grantForms of the form that the token endpoint has accepted
	token domain.Secret
	until time.Time // when the token is replaced
}

// renewable reports whether the token can be replaced.
func (s *tokenSource) renewable() bool { return s.url != nil }

// secrets returns the secrets that an answer must not show.
func (s *tokenSource) secrets() []domain.Secret { return []domain.Secret{s.fixed, s.secret, s.token} }

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

// grantForm is a form of the request for a token.
type grantForm struct {
	mediaType string
	encode    func(s *tokenSource) []byte
}

// grantForms are the forms of a request for a token: that of RFC 6749, section 4.4, and the JSON object that Lerian's
// lib-auth sends to the access manager.
var grantForms = [...]grantForm{
	{"application/x-www-form-urlencoded", func(s *tokenSource) []byte {
		return []byte(url.Values{
			"grant_type": {clientCredentials}, "client_id": {s.clientID},
			"client_secret": {string(s.secret.Reveal())},
		}.Encode())
	}},
	{"application/json", func(s *tokenSource) []byte {
		encoded, _ := json.Marshal(struct { // a struct of texts can be encoded, and invalid UTF-8 is replaced
			GrantType    string `json:"grantType"`
			ClientID     string `json:"clientId"`
			ClientSecret string `json:"clientSecret"`
		}{clientCredentials, s.clientID, string(s.secret.Reveal())}, jsontext.AllowInvalidUTF8(true))
		return encoded
	}},
}

const clientCredentials = "client_credentials"

// granted is the response to a request for a token. Lerian's access manager names its members in camel case.
type granted struct {
	Token       string  `json:"access_token"`
	CamelToken  string  `json:"accessToken"`
	Expires     float64 `json:"expires_in"`
	CamelExpiry float64 `json:"expiresIn"`
}

// request sends the client credentials. If the endpoint does not accept the form that it accepted last, request tries
// the other form once. If it accepts neither, request returns the error of the form that was at least read.
func (c *client) request(ctx context.Context) (response granted, err error) {
	s, first := &c.tokens, c.tokens.form
	var answer events.SinkAnswer
	for i := range grantForms {
		index := (first + i) % len(grantForms)
		form := grantForms[index]
		status, failure := c.send(ctx, c.transport, http.MethodPost, s.url, http.Header{
			"Accept": {"application/json"}, "Content-Type": {form.mediaType},
		}, form.encode(s), &response)
		if failure == nil {
			s.form = index
			return response, nil
		}
		// 401 refuses the credential, and other statuses may refuse only the form.
		if err == nil || status == http.StatusUnauthorized || !maySupportOtherForm(status) {
			err, answer = failure, c.answer
		}
		if !maySupportOtherForm(status) {
			break
		}
	}
	c.answer = answer
	return granted{}, err
}

// maySupportOtherForm reports whether a token endpoint that answers with this status may accept another form of the
// request.
func maySupportOtherForm(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// renew exchanges the client credentials for a token.
func (c *client) renew(ctx context.Context, now time.Time) error {
	s := &c.tokens
	response, err := c.request(ctx)
	var refused *domain.Error
	if errors.As(err, &refused) && errors.Is(err, ports.ErrTargetRefused) {
		all := *refused
		all.Cause = nil // the error concerns every target, not only one
		return &all
	}
	if err != nil {
		return err
	}
	token, life := response.Token, response.Expires
	if token == "" {
		token, life = response.CamelToken, response.CamelExpiry
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
