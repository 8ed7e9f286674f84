package belvosim

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// accessTokenLifetime is how long an access token is valid.
const accessTokenLifetime = 10 * time.Minute

// AccessTokens returns the access tokens that were issued so far, oldest first.
func (s *Simulator) AccessTokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens)
}

// withTokens returns a handler that serves POST /api/token/ and the refresh of a link, and passes all other requests to
// nextHandler. The other resources are read-only, except that a link can be deleted.
func (s *Simulator) withTokens(nextHandler http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/token/{$}", s.createToken)
	mux.HandleFunc("POST /api/links/{id}/refresh/{$}", s.refreshLink)
	mux.Handle("/", nextHandler)
	return mux
}

// createToken issues an access token for the widget. If the body has a link_id, the token permits updating this link.
// The body must contain the secret, although HTTP Basic has already authenticated the request.
func (s *Simulator) createToken(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ID       string `json:"id"`
		Password string `json:"password"`
		Scopes   string `json:"scopes"`
		LinkID   string `json:"link_id"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil || in.Scopes == "" {
		s.writeFailure(w, required("scopes"))
		return
	}
	s.mu.Lock()
	password, exists := s.secrets[in.ID]
	found := in.LinkID == "" || s.visible(in.ID, in.LinkID) != nil
	s.mu.Unlock()
	switch {
	case !exists || password != in.Password:
		s.writeFailure(w, unauthorized)
	case !found:
		s.writeFailure(w, notFound)
	default:
		writeJSON(w, http.StatusOK, map[string]string{
			"access": s.issue(grant{secret: in.ID, link: in.LinkID}),
			// The grant of a refresh token names a link that does not exist, so that the token can neither update nor
			// create a link.
			"refresh": s.issue(grant{secret: in.ID, link: "none"}),
		})
	}
}

// issue creates, stores and returns a token in the format of a JWT. The simulator does not verify tokens, so the
// signature is random.
func (s *Simulator) issue(g grant) string {
	signature := s.newHexID()
	claims, _ := json.Marshal(map[string]any{ // strings and integers can always be encoded
		"iat": s.now().Unix(), "exp": s.now().Add(s.tokenTTL).Unix(), "jti": s.newHexID(), "link_id": g.link,
	})
	b64 := base64.RawURLEncoding.EncodeToString
	token := strings.Join(
		[]string{b64([]byte(`{"alg":"HS256","typ":"JWT"}`)), b64(claims), b64([]byte(signature))},
		".",
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	g.expiresAt = s.now().Add(s.tokenTTL)
	s.tokens, s.grants[token] = append(s.tokens, token), g
	return token
}
