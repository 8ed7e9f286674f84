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

// key is what an issued API key stands for.
type key struct {
	client  string
	expires time.Time
}

func (s *Simulator) auth(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, "", "clientId and clientSecret must be a string")
		return
	}
	s.mu.Lock()
	c, known := s.world.clients[in.ClientID]
	s.mu.Unlock()
	switch {
	case !known || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(in.ClientSecret)) != 1:
		fail(w, http.StatusUnauthorized, "CLIENT_KEYS_UNAUTHORIZED", "The client keys are wrong")
	case c.Disabled:
		fail(w, http.StatusUnauthorized, "CLIENT_DISABLED", "The client was disabled")
	default:
		answer(w, http.StatusOK, map[string]string{"apiKey": s.issue(c.ID)})
	}
}

// issue signs a key. The jti keeps two keys of one second apart, so that expiring the first spares the second.
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
	s.keys[token] = key{client, expires}
	s.stats.KeysIssued++
	return token
}

// sign makes an HS256 JWT (RFC 7519): the vendor's SDK reads exp out of it.
func (s *Simulator) sign(claims map[string]any) string {
	body, _ := json.Marshal(claims) // strings and integers only
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64(body)
	mac := hmac.New(sha256.New, s.secret[:])
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

// ExpireKeys makes every key issued so far answer 403, whatever its exp says.
func (s *Simulator) ExpireKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.keys)
}

// keyed is a handler that knows which client calls.
type keyed func(w http.ResponseWriter, r *http.Request, client string)

// withKey refuses a missing, unknown or expired X-API-KEY with the vendor's 403, which has no codeDescription.
func (s *Simulator) withKey(next keyed) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		k, ok := s.keys[r.Header.Get("X-API-KEY")]
		s.mu.Unlock()
		if !ok || !s.opt.Now().Before(k.expires) {
			fail(w, http.StatusForbidden, "", "The authorization token is missing or invalid")
			return
		}
		next(w, r, k.client)
	}
}
