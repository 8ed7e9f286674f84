package pluggysim

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// apiKey contains the data that the simulator stores for an API key that it has issued.
type apiKey struct {
	client  string
	expires time.Time
}

func (s *Simulator) auth(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		writeError(w, http.StatusBadRequest, "", "clientId and clientSecret must be a string")
		return
	}
	s.mu.Lock()
	c, known := s.store.clients[in.ClientID]
	s.mu.Unlock()
	switch {
	case !known || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(in.ClientSecret)) != 1:
		writeError(w, http.StatusUnauthorized, "CLIENT_KEYS_UNAUTHORIZED", "The client keys are wrong")
	case c.Disabled:
		writeError(w, http.StatusUnauthorized, "CLIENT_DISABLED", "The client was disabled")
	default:
		writeJSON(w, http.StatusOK, map[string]string{"apiKey": s.issue(c.ID)})
	}
}

// issue creates, signs and stores an API key. Because of the jti, two keys that are issued in the same
// second are different, so that expiring the first key does not expire the second.
func (s *Simulator) issue(client string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opt.Now()
	expires := now.Add(s.opt.KeyTTL)
	token := s.sign(map[string]any{"clientId": client, "iat": now.Unix(), "exp": expires.Unix(), "jti": s.newID()})
	for old, k := range s.keys {
		if !now.Before(k.expires) {
			delete(s.keys, old)
		}
	}
	s.keys[token] = apiKey{client, expires}
	s.stats.KeysIssued++
	return token
}

// sign returns an HS256 JWT (RFC 7519) with the claims. An API key is a JWT, because the vendor's SDK reads the claim
// exp.
func (s *Simulator) sign(claims map[string]any) string {
	body, _ := json.Marshal(claims) // claims has only strings and integers, so there is no error
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(body)
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

// ExpireKeys makes every API key that was issued so far expire. A later request with such a key gets a
// 403, even before the exp of the key.
func (s *Simulator) ExpireKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
}

// clientHandler handles an authenticated request. The argument client is the id of the client that
// sent it.
type clientHandler func(w http.ResponseWriter, r *http.Request, client string)

// withKey is middleware that refuses a request with a missing, unknown or expired X-API-KEY. It responds
// with the vendor's 403, which has no codeDescription.
func (s *Simulator) withKey(next clientHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		k, ok := s.keys[r.Header.Get("X-API-KEY")]
		s.mu.Unlock()
		if !ok || !s.opt.Now().Before(k.expires) {
			writeError(w, http.StatusForbidden, "", "The authorization token is missing or invalid")
			return
		}
		next(w, r, k.client)
	}
}
