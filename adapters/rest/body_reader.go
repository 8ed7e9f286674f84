package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of the memory for request bodies. They also apply to callers that are not authenticated
// yet, because the signature of a webhook can be verified only when its whole body has been read.
const (
	// freeBody is how many bytes of each body do not count against MaxBodyMemory. A small body, such as a usual
	// webhook, therefore never waits for free memory. The total memory for these bytes is limited by the number of
	// connections.
	freeBody = 8 << 10
	// MaxBodyMemory is the number of bytes that all bodies together may use; see Options.BodyMemory. The first freeBody
	// bytes of each body do not count.
	MaxBodyMemory = 32 << 20
	// MaxBodyShare is the number of bytes that the bodies of one sender may use. It is larger than the largest body.
	MaxBodyShare = MaxBodyMemory / 2
	// minBodyRate is the minimum average rate, in bytes per second, at which a body must arrive if it uses a part of
	// MaxBodyMemory. Without this limit, a few slow callers could occupy all of that memory for bodyTimeout.
	minBodyRate = 128 << 10
)

// bodyGrace is the longest allowed pause while a body arrives. It applies only to a body that has reserved memory.
// After the reservation, n bytes must arrive within n/minBodyRate + bodyGrace. Tests shorten bodyGrace.
var bodyGrace = 2 * time.Second

// errBodyMemory is the cause of the 503 for a webhook that gets no memory.
var errBodyMemory = errors.New("the bodies of other webhooks from the same address use all memory of its share")

// bodyReader reads the body of one request into memory.
type bodyReader struct {
	body     io.Reader
	response *http.ResponseController // used to set the read deadline of the connection
	memory   ports.MemoryBudget       // shared by all requests; nil if no memory is reserved
	sender   domain.TenantID          // whose share of the memory the body uses; see senderOf
	end      time.Time                // when the whole body must have arrived

	release    func()    // releases the reserved memory; nil if none is reserved
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
		whole = b.shrink(ctx, whole)
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

// reserve waits until n bytes of memory are available to the sender, and reserves them. Errors: those of
// ports.MemoryBudget.
func (b *bodyReader) reserve(ctx context.Context, n int64) (err error) {
	if b.memory == nil {
		return nil
	}
	if b.release, err = b.memory.Acquire(ctx, b.sender, n); err == nil {
		b.reservedAt, b.received = time.Now(), 0
	}
	return err
}

// shrink is used for a body whose length was unknown. It copies the body into a buffer of exactly its length, releases
// the reserved memory that the body does not need, and returns the copy.
func (b *bodyReader) shrink(ctx context.Context, raw []byte) []byte {
	if b.release == nil {
		return raw
	}
	reserved := b.release
	if used := int64(len(raw)) - freeBody; used > 0 {
		ended, cancel := context.WithCancel(ctx)
		cancel() // Acquire must not wait, because the body holds memory
		release, err := b.memory.Acquire(ended, b.sender, used)
		if err != nil {
			return raw
		}
		b.release = release
	} else {
		b.release = nil
	}
	reserved()
	return bytes.Clone(raw)
}

// senderOf returns the identity under which the memory for a body is reserved: the tenant of the caller, or an id of
// its address while the caller is not authenticated. All IPv6 addresses of a /64 network are one sender, because one
// host may use all of them (RFC 4291, section 2.5.1). The sender of a webhook is not known before the whole body has
// been read, because its signature covers the body.
func (s *server) senderOf(r *http.Request, x *exchange) domain.TenantID {
	if !x.principal.Tenant.IsZero() {
		return x.principal.Tenant
	}
	address := clientAddress(r, s.TrustedProxies)
	network := netip.PrefixFrom(address, min(address.BitLen(), 64)).Masked()
	return domain.TenantID{UUID: uuid.NewSHA1(uuid.NameSpaceURL, []byte("network:"+network.String()))}
}
