package belvosim

import (
	"context"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"
)

// apiError is an error response of the vendor. Its body is a JSON array with one object.
type apiError struct {
	status        int
	code, message string
	field         string         // the name of the invalid parameter; if empty, the body has no member "field"
	retryAfter    string         // the Retry-After header; if empty, the header is not sent
	more          map[string]any // further members of the object
}

// The errors that the simulated API returns without an injected fault. The errors that only an
// injected fault causes are in faults.go.
var (
	notFound     = apiError{status: http.StatusNotFound, code: "not_found", message: "Not found"}
	unauthorized = apiError{
		status: http.StatusUnauthorized, code: "authentication_failed", message: "Invalid Secret Keys",
	}
)

func required(field string) apiError {
	return apiError{status: http.StatusBadRequest, code: "required", message: "This field is required.", field: field}
}

// malformed returns the error for a date filter that cannot be parsed. The vendor does not
// document the body of this error.
func malformed(field string) apiError {
	return apiError{status: http.StatusBadRequest, code: "invalid", message: "Enter a valid date/time.", field: field}
}

// tooMany returns the error for a request that exceeds the rate limit. Its message and its Retry-After header contain
// the wait in whole seconds, rounded up.
func tooMany(wait time.Duration) apiError {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return apiError{
		status:     http.StatusTooManyRequests,
		code:       "too_many_requests",
		message:    "Request was throttled. Expected available in " + seconds + " seconds.",
		retryAfter: seconds,
	}
}

// body returns the body of the response in the vendor's shape.
func (f apiError) body(requestID string) []map[string]any {
	detail := map[string]any{"code": f.code, "message": f.message, "request_id": requestID}
	if f.field != "" {
		detail["field"] = f.field
	}
	maps.Copy(detail, f.more)
	return []map[string]any{detail}
}

func (s *Simulator) writeFailure(w http.ResponseWriter, f apiError) {
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	writeJSON(w, f.status, f.body(s.newHexID()))
}

type secretKey struct{}

// secretOf returns the secret id with which a request was authenticated, or "" if it was not
// authenticated.
func secretOf(r *http.Request) string {
	id, _ := r.Context().Value(secretKey{}).(string)
	return id
}

// requireAuth is the middleware that authenticates requests by HTTP Basic, with a secret id and its
// password.
func (s *Simulator) requireAuth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, password, given := r.BasicAuth()
		s.mu.Lock()
		secret, exists := s.secrets[id]
		s.mu.Unlock()
		if !given || !exists || secret != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="api"`)
			s.writeFailure(w, unauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), secretKey{}, id)))
	})
}

// rateLimit is the middleware that enforces the rate limit. It runs before authentication, as a
// rate limit in a gateway would.
func (s *Simulator) rateLimit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.limiter == nil {
			next.ServeHTTP(w, r)
			return
		}
		now := s.now()
		slot := s.limiter.ReserveN(now, 1)
		if wait := slot.DelayFrom(now); wait > 0 {
			slot.CancelAt(now) // a rejected request consumes no token of the limiter
			s.writeFailure(w, tooMany(wait))
			return
		}
		next.ServeHTTP(w, r)
	})
}
