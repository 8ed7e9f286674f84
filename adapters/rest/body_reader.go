package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Limits of the memory for request bodies. They also apply to callers that are not authenticated
// yet, because the signature of a webhook can be verified only when its whole body has been read.
const (
	// freeBody is the number of bytes of each body that do not count against maxBodyMemory.
	// Therefore a small body, such as that of a usual webhook, never waits for the large bodies of
	// other callers. The number of connections limits the memory that these bytes use in total.
	freeBody = 8 << 10
	// maxBodyMemory is the number of bytes that all bodies together may use beyond their first freeBody bytes.
	maxBodyMemory = 32 << 20
	// minBodyRate is the minimum average rate, in bytes per second, at which a body must arrive if it uses a part of
	// maxBodyMemory. Without this limit, a few slow callers could occupy all of that memory for bodyTimeout.
	minBodyRate = 128 << 10
	// busyRetryAfter is how long a caller should wait before it repeats a request for whose body no memory was
	// available.
	busyRetryAfter = time.Second
)

// bodyGrace is the tolerance for a body that uses a part of maxBodyMemory. A pause in such a body may last at most
// bodyGrace, and each part may arrive at most bodyGrace later than minBodyRate requires. Tests shorten bodyGrace.
var bodyGrace = 2 * time.Second

// errBodyMemory is the cause of the 503 that is sent while the bodies of other requests use all memory.
var errBodyMemory = errors.New("the bodies of other requests use all memory for bodies")

// bodyReader reads the body of one request into memory.
type bodyReader struct {
	body     io.Reader
	response *http.ResponseController // used to set the read deadline of the connection
	memory   *semaphore.Weighted      // has maxBodyMemory bytes; shared by all requests
	end      time.Time                // when the whole body must have arrived

	reserved   int64     // bytes of memory that the caller must release
	reservedAt time.Time // when the memory was reserved; zero if none is reserved
	received   int64     // bytes of the body that have arrived since reservedAt
}

// readAll reads the body. A negative length means that the length of the body is unknown; readAll then reads at most
// limit+1 bytes, so that the caller can detect a body that is too large. If the body is longer than freeBody, readAll
// reserves memory for the rest of the body before it reads on. It reserves all of this memory in one step, because two
// bodies that reserve memory in several steps could wait for each other. It reads the first freeBody bytes without a
// reservation, so a caller must have sent them before it can occupy memory that other callers need.
func (b *bodyReader) readAll(ctx context.Context, length, limit int64) ([]byte, error) {
	size := length
	if length < 0 {
		size = limit + 1
	}
	raw := make([]byte, min(size, freeBody))
	n, err := b.fill(raw)
	if err != nil || int64(n) == size {
		return raw[:n], endOfBody(err)
	}
	if err := b.reserve(ctx, size-int64(n)); err != nil {
		return nil, err
	}
	whole := make([]byte, size)
	copy(whole, raw)
	more, err := b.fill(whole[n:])
	whole = whole[:n+more]
	if length < 0 {
		whole = b.shrink(whole)
	}
	return whole, endOfBody(err)
}

// endOfBody returns nil if err reports the end of the body, and otherwise err.
func endOfBody(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// fill reads until buffer is full or the body ends, and returns the number of bytes that it has read. It returns io.EOF
// at the end of the body, or the error that occurred while reading.
func (b *bodyReader) fill(buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		b.setDeadline()
		var read int
		read, err = b.body.Read(buffer[n:])
		n += read
		b.received += int64(read)
	}
	return n, err
}

// setDeadline sets the read deadline of the connection. For a body that has reserved no memory, this is b.end. For any
// other body, it is the earliest of three times: b.end, the end of the longest allowed pause, and the time at which the
// average rate becomes too low. The error is ignored, because the response recorder in tests supports no deadline and
// needs none.
func (b *bodyReader) setDeadline() {
	deadline := b.end
	if !b.reservedAt.IsZero() {
		tooSlow := b.reservedAt.Add(bodyGrace + time.Duration(b.received)*time.Second/minBodyRate)
		for _, earlier := range []time.Time{tooSlow, time.Now().Add(bodyGrace)} {
			if earlier.Before(deadline) {
				deadline = earlier
			}
		}
	}
	_ = b.response.SetReadDeadline(deadline)
}

// reserve waits until n bytes of memory are available, and reserves them. If they are not available before b.end, it
// returns Unavailable with RetryAfter.
func (b *bodyReader) reserve(ctx context.Context, n int64) error {
	ctx, cancel := context.WithDeadline(ctx, b.end)
	defer cancel()
	if err := b.memory.Acquire(ctx, n); err != nil {
		return &domain.Error{Kind: domain.Unavailable, RetryAfter: busyRetryAfter, Cause: errBodyMemory}
	}
	b.reserved, b.reservedAt, b.received = n, time.Now(), 0
	return nil
}

// shrink is used for a body whose length was unknown. It copies the body into a buffer of exactly its length, releases
// the reserved memory that the body does not need, and returns the copy.
func (b *bodyReader) shrink(raw []byte) []byte {
	unused := b.reserved - max(0, int64(len(raw))-freeBody)
	b.memory.Release(unused)
	b.reserved -= unused
	return bytes.Clone(raw)
}
