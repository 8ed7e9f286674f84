package pluggysim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// apiError is the vendor's error body; many errors come without a codeDescription.
type apiError struct {
	Code        int    `json:"code"`
	Description string `json:"codeDescription,omitempty"`
	Message     string `json:"message"`
}

// paged is the envelope of every list but /v2/transactions; the simulator fits all on one page.
type paged[T any] struct {
	Page       int `json:"page"`
	Total      int `json:"total"`
	TotalPages int `json:"totalPages"`
	Results    []T `json:"results"`
}

func onePage[T any](rows []T) paged[T] {
	if rows == nil {
		rows = []T{}
	}
	return paged[T]{Page: 1, Total: len(rows), TotalPages: min(1, len(rows)), Results: rows}
}

func answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"code":500,"codeDescription":"INTERNAL_SERVER_ERROR","message":"Internal Server Error"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func fail(w http.ResponseWriter, status int, description, message string) {
	answer(w, status, apiError{status, description, message})
}

// tooMany is the vendor's 429. Its Retry-After is the length of the window, RateLimit-Reset what is left of it.
func tooMany(w http.ResponseWriter, limit, reset int) {
	h := w.Header()
	h.Set("RateLimit-Limit", strconv.Itoa(limit))
	h.Set("RateLimit-Reset", strconv.Itoa(reset))
	h.Set("Retry-After", strconv.Itoa(int(windowLength.Seconds())))
	tooManyBody(w)
}

func tooManyBody(w http.ResponseWriter) {
	fail(w, http.StatusTooManyRequests, "", "Too many requests, wait for the seconds of the Retry-After header")
}
