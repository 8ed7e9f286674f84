package belvosim

import (
	"context"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"
)

// failure is an error answer of the vendor: a JSON array of one object.
type failure struct {
	status        int
	code, message string
	field         string         // the parameter at fault; empty leaves the member out
	retryAfter    string         // the header; empty leaves it out
	more          map[string]any // further members
}

// The answers of the API's own logic; those that only a fault brings about are in
// fault.go.
var (
	notFound     = failure{status: http.StatusNotFound, code: "not_found", message: "Not found"}
	unauthorized = failure{status: http.StatusUnauthorized, code: "authentication_failed", message: "Invalid Secret Keys"}
)

func required(field string) failure {
	return failure{status: http.StatusBadRequest, code: "required", message: "This field is required.", field: field}
}

// malformed is for a date nobody can read. The vendor does not document the body.
func malformed(field string) failure {
	return failure{status: http.StatusBadRequest, code: "invalid", message: "Enter a valid date/time.", field: field}
}

// tooMany names the wait in whole seconds, in the text and in the header.
func tooMany(wait time.Duration) failure {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return failure{
		status:     http.StatusTooManyRequests,
		code:       "too_many_requests",
		message:    "Request was throttled. Expected available in " + seconds + " seconds.",
		retryAfter: seconds,
	}
}

// body is the array in the vendor's shape.
func (f failure) body(requestID string) []map[string]any {
	detail := map[string]any{"code": f.code, "message": f.message, "request_id": requestID}
	if f.field != "" {
		detail["field"] = f.field
	}
	maps.Copy(detail, f.more)
	return []map[string]any{detail}
}

func (s *Simulator) refuse(w http.ResponseWriter, f failure) {
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	writeJSON(w, f.status, f.body(s.newHex()))
}

type secretKey struct{}

// secretOf is the secret id that authenticated a request.
func secretOf(r *http.Request) string {
	id, _ := r.Context().Value(secretKey{}).(string)
	return id
}

// authenticated asks for HTTP Basic with a secret id and its password.
func (s *Simulator) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, password, given := r.BasicAuth()
		s.mu.Lock()
		wanted, known := s.secrets[id]
		s.mu.Unlock()
		if !given || !known || wanted != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="api"`)
			s.refuse(w, unauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), secretKey{}, id)))
	})
}

// throttled spends the rate budget; it comes before authentication, as a gateway's does.
func (s *Simulator) throttled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.limiter == nil {
			next.ServeHTTP(w, r)
			return
		}
		now := s.now()
		slot := s.limiter.ReserveN(now, 1)
		if wait := slot.DelayFrom(now); wait > 0 {
			slot.CancelAt(now) // a refused request costs nothing
			s.refuse(w, tooMany(wait))
			return
		}
		next.ServeHTTP(w, r)
	})
}
