package faultinject

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
)

// chunkedLength is the length to pass to sendHeader for a body that is sent in chunks, without
// Content-Length.
const chunkedLength = -1

// recordedResponse records the response of the wrapped handler. net/http/httptest has a similar
// type, but importing that package adds flags to every binary.
type recordedResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func recordResponse(x exchange) *recordedResponse {
	recorded := &recordedResponse{header: http.Header{}, status: http.StatusOK}
	x.next.ServeHTTP(recorded, x.r)
	return recorded
}

// Header implements http.ResponseWriter.
func (rec *recordedResponse) Header() http.Header { return rec.header }

// WriteHeader implements http.ResponseWriter.
func (rec *recordedResponse) WriteHeader(status int) { rec.status = status }

// Write implements http.ResponseWriter.
func (rec *recordedResponse) Write(p []byte) (int, error) { return rec.body.Write(p) }

// sendHeader sends the recorded status and headers, with length as Content-Length.
func (rec *recordedResponse) sendHeader(w http.ResponseWriter, length int) {
	maps.Copy(w.Header(), rec.header)
	w.Header().Del("Content-Length")
	if length != chunkedLength {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(rec.status)
}
