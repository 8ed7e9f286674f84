package vendorhttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxErrorBody bounds how many bytes of the body are read if the status is not 2xx.
const maxErrorBody = 64 << 10

// maxPooledBuffer bounds the size in bytes of a buffer that is kept for later responses.
const maxPooledBuffer = 2 << 20

// response is a vendor's response. Its body was read completely and is within the size limit.
type response struct {
	status int
	header http.Header
	body   []byte
}

// successful reports whether the status is 2xx.
func (r response) successful() bool { return r.status/100 == 2 }

// readResponse reads the body; the caller closes it. It reads at most maxBody bytes of a 2xx response, and at most
// [maxErrorBody] bytes of any other. The body of a 2xx response can cause these errors:
//
//   - Unavailable (malformed_response): the body is too large or ended early
//   - Unavailable (vendor_unreachable): ctx ended before the body was complete.
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
	return got, nil // an error status is returned even without a readable body
}

// readBody reads at most limit bytes of a response body, in two steps. It reads into a pooled buffer, because a new
// buffer would grow and be copied repeatedly. It then returns a copy, because decoded rows refer to the returned bytes.
// The vendor's Content-Length is not used.
func readBody(body io.Reader, limit int64) ([]byte, error) {
	buffer := bufferPool.Get().(*bytes.Buffer)
	defer releaseBuffer(buffer)
	_, err := buffer.ReadFrom(io.LimitReader(body, limit))
	return append([]byte(nil), buffer.Bytes()...), err
}

// bufferPool is a pool of empty buffers.
var bufferPool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// releaseBuffer returns the buffer to the pool. It clears the buffer before that, because a
// response may contain a key. A buffer that has grown beyond maxPooledBuffer is not pooled.
func releaseBuffer(b *bytes.Buffer) {
	if b.Cap() > maxPooledBuffer {
		return
	}
	clear(b.Bytes())
	b.Reset()
	bufferPool.Put(b)
}

// bodyError returns the error for a body that could not be read to its end: a timeout if ctx
// has ended, and otherwise a response that ended early.
func bodyError(ctx context.Context) *domain.Error {
	if ctx.Err() != nil {
		return transportError(ctx, ctx.Err())
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: errCutShort}
}
