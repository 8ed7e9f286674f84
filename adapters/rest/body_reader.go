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
	// freeBody is how many bytes of each body do not count against maxBodyMemory. A small body, such as a usual
	// webhook, therefore never waits for free memory. The total memory for these bytes is limited by the number of
	// connections.
	freeBody = 8 << 10
	// maxBodyMemory is the number of bytes that all bodies together may use. The first freeBody bytes of each body do
	// not count.
	maxBodyMemory = 32 << 20
	// minBodyRate is the minimum average rate, in bytes per second, at which a body must arrive if it uses a part of
	// maxBodyMemory. Without this limit, a few slow callers could occupy all of that memory for bodyTimeout.
	minBodyRate = 128 << 10
	// busyRetryAfter is how long a caller should wait before it repeats a request that was refused for lack of memory.
	busyRetryAfter = time.Second
)

// bodyGrace is the longest allowed pause while a body arrives. It applies only to a body that has reserved memory.
// After the reservation, n bytes must arrive within n/minBodyRate + bodyGrace. Tests shorten bodyGrace.
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

// readAll reads the body. A negative length means that the length is unknown. In that case, readAll reads at most
// limit+1 bytes, so that a body that is too large can be detected.
//
// The first freeBody bytes need no reservation. When they have arrived, readAll reserves memory for the rest. A client
// must therefore send freeBody bytes before its body occupies shared memory. The rest is reserved in one step, because
// two bodies that reserve memory in several steps could wait for each other.
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

// setDeadline sets the read deadline of the connection to the earliest of these times:
//
//   - b.end,
//   - if memory is reserved, the end of the longest allowed pause,
//   - if memory is reserved, the time at which the average rate becomes too low.
//
// An error is ignored, because the response recorder in tests supports no deadline.
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
