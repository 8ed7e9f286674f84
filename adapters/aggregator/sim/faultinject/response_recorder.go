package faultinject

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
)

// unannounced is the length of a body sent in chunks.
const unannounced = -1

// recording keeps the honest answer. net/http/httptest has the like, but brings its
// flags into every binary.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func record(x exchange) *recording {
	honest := &recording{header: http.Header{}, status: http.StatusOK}
	x.next.ServeHTTP(honest, x.r)
	return honest
}

// Header implements http.ResponseWriter.
func (rec *recording) Header() http.Header { return rec.header }

// WriteHeader implements http.ResponseWriter.
func (rec *recording) WriteHeader(status int) { rec.status = status }

// Write implements http.ResponseWriter.
func (rec *recording) Write(p []byte) (int, error) { return rec.body.Write(p) }

// sendHead sends the honest status and headers, with a length of its own.
func (rec *recording) sendHead(w http.ResponseWriter, length int) {
	maps.Copy(w.Header(), rec.header)
	w.Header().Del("Content-Length")
	if length != unannounced {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(rec.status)
}
