package pluggysim

import (
	"bytes"
	"net/http"
)

// draft holds a good answer in memory until a fault has spoilt it.
type draft struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header is what the answer will carry.
func (d *draft) Header() http.Header { return d.header }

// WriteHeader keeps the status.
func (d *draft) WriteHeader(status int) { d.code = status }

// Write keeps the bytes; it never fails.
func (d *draft) Write(p []byte) (int, error) { return d.body.Write(p) }
