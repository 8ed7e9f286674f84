package pluggysim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// apiError is the body of the vendor's error responses. Many errors have no codeDescription.
type apiError struct {
	Code        int    `json:"code"`
	Description string `json:"codeDescription,omitempty"`
	Message     string `json:"message"`
}

// listPage is the envelope of every list except /v2/transactions. In the simulator such a list has only one
// page.
type listPage[T any] struct {
	Page       int `json:"page"`
	Total      int `json:"total"`
	TotalPages int `json:"totalPages"`
	Results    []T `json:"results"`
}

func onePage[T any](rows []T) listPage[T] {
	if rows == nil {
		rows = []T{}
	}
	return listPage[T]{Page: 1, Total: len(rows), TotalPages: min(1, len(rows)), Results: rows}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status = http.StatusInternalServerError
		raw = []byte(`{"code":500,"codeDescription":"INTERNAL_SERVER_ERROR","message":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func writeError(w http.ResponseWriter, status int, description, message string) {
	writeJSON(w, status, apiError{status, description, message})
}

// writeRateLimited writes the vendor's 429. Retry-After is the whole length of the window, and
// RateLimit-Reset is the time until the window ends, both in seconds.
func writeRateLimited(w http.ResponseWriter, limit, reset int) {
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(limit))
	h.Set("RateLimit-Reset", strconv.Itoa(reset))
	h.Set("Retry-After", strconv.Itoa(int(windowLength.Seconds())))
	writeRateLimitedBody(w)
}

func writeRateLimitedBody(w http.ResponseWriter) {
	writeError(w, http.StatusTooManyRequests, "", "Too many requests, wait for the seconds of the Retry-After header")
}
