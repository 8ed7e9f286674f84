package vendorhttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxErrorBody bounds how much of a response is read whose status is not 2xx, in bytes.
const maxErrorBody = 64 << 10

// maxPooledBuffer bounds a buffer that is kept for the next response, in bytes.
const maxPooledBuffer = 2 << 20

// response is a vendor's response; body is complete and within the size limit.
type response struct {
	status int
	header http.Header
	body   []byte
}

// successful reports whether the status is 2xx.
func (r response) successful() bool { return r.status/100 == 2 }

// readResponse reads the body; the caller closes it. The body of a 2xx response has at most
// maxBody bytes, that of any other at most [maxErrorBody]. Errors: Unavailable
// (malformed_response) for a 2xx body that is too large or was cut short,
// Unavailable (vendor_unreachable) for one that is not complete when ctx ends.
func readResponse(ctx context.Context, raw *http.Response, maxBody int64) (response, error) {
	got := response{status: raw.StatusCode, header: raw.Header}
	limit := maxBody
	if !got.successful() {
		limit = min(limit, maxErrorBody)
	}
	body, err := readBody(raw.Body, limit+1)
	switch {
	case int64(len(body)) > limit && got.successful():
		tooLarge := &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: errTooLarge}
		return response{status: got.status}, tooLarge
	case err != nil && got.successful():
		return response{status: got.status}, bodyError(ctx)
	}
	got.body = body
	return got, nil // the status of an error counts even if its body could not be read
}

// readBody reads a response body, at most limit bytes, into a slice of its own, because
// the rows of a page stay in use as parts of it. It reads into a pooled buffer first,
// because a buffer that grows is cleared and copied again and again. It does not trust the
// Content-Length that the vendor sends.
func readBody(body io.Reader, limit int64) ([]byte, error) {
	buffer := bufferPool.Get().(*bytes.Buffer)
	defer releaseBuffer(buffer)
	_, err := buffer.ReadFrom(io.LimitReader(body, limit))
	return append([]byte(nil), buffer.Bytes()...), err
}

// bufferPool holds empty buffers.
var bufferPool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// releaseBuffer clears the buffer and returns it to the pool, because a response may hold
// a key. It drops a buffer that one huge response has grown.
func releaseBuffer(b *bytes.Buffer) {
	if b.Cap() > maxPooledBuffer {
		return
	}
	clear(b.Bytes())
	b.Reset()
	bufferPool.Put(b)
}

// bodyError returns the error of a body that could not be read to its end: a timeout if
// ctx is over, otherwise a response that was cut short.
func bodyError(ctx context.Context) *domain.Error {
	if ctx.Err() != nil {
		return transportError(ctx, ctx.Err())
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: errCutShort}
}
