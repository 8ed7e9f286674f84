package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
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

// readResponse reads the body. The transport limits the body to maxBody bytes, and the caller closes it. If the
// status is not 2xx, it reads at most [maxErrorBody] bytes. The body of a 2xx response can cause these errors:
//
//   - Unavailable (malformed_response): the body is too large or ended early
//   - Unavailable (vendor_unreachable): ctx ended before the body was complete
//   - the error of reserve, which is called before more than ports.SmallResponse bytes are held.
func readResponse(
	ctx context.Context, raw *http.Response, reserve func(bytes int64) error, maxBody int64,
) (response, error) {
	got := response{status: raw.StatusCode, header: raw.Header}
	if !got.successful() {
		// An error status is returned even without a readable body.
		got.body, _ = readBody(io.LimitReader(raw.Body, maxErrorBody), reserve, maxErrorBody)
		return got, nil
	}
	body, err := readBody(raw.Body, reserve, maxBody)
	switch {
	case errors.As(err, new(*domain.Error)):
		return response{status: got.status}, err
	case err != nil:
		return response{status: got.status}, bodyError(ctx, err)
	}
	got.body = body
	return got, nil
}

// readBody reads a response body in two steps. It reads into a pooled buffer, because a new buffer would grow and be
// copied repeatedly. It then returns a copy, because decoded rows refer to the returned bytes. It returns the buffer
// itself only if the buffer has grown to maxBody bytes, is too large for the pool and is more than half full. The
// vendor's Content-Length is not used.
//
// If the body does not fit, readBody reserves four times as much memory, but at most maxBody. It then continues in a
// buffer of that size. Errors: those of body and of reserve.
func readBody(body io.Reader, reserve func(bytes int64) error, maxBody int64) ([]byte, error) {
	buffer := bufferPool.Get().(*bytes.Buffer)
	defer releaseBuffer(buffer)
	for limit := int64(ports.SmallResponse); limit < maxBody; {
		_, err := buffer.ReadFrom(io.LimitReader(body, limit-int64(buffer.Len())+1))
		if err != nil || int64(buffer.Len()) <= limit {
			return append([]byte(nil), buffer.Bytes()...), err
		}
		limit = min(4*limit, maxBody)
		if err := reserve(limit); err != nil {
			return nil, err
		}
		buffer.Grow(int(limit) - buffer.Len() + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(body)
	if buffer.Cap() > maxPooledBuffer && buffer.Len() > buffer.Cap()/2 {
		return buffer.Bytes(), err
	}
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

// bodyError returns the error for a body that could not be read to its end: a timeout if ctx has ended, and otherwise
// a response that was too large or ended early.
func bodyError(ctx context.Context, err error) *domain.Error {
	cause := errCutShort
	switch {
	case errors.Is(err, egress.ErrBodyTooLarge):
		cause = egress.ErrBodyTooLarge
	case ctx.Err() != nil:
		return transportError(ctx, ctx.Err())
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: cause}
}
