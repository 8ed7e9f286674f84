package faultinject

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// Injector is a queue of faults. It is safe for concurrent use; create one with [New].
type Injector struct {
	vendor   Vendor
	mu       sync.Mutex
	rand     *rand.Rand
	queue    []*Fault
	injected int
	released chan struct{} // closed by Clear, which ends hanging requests
}

// New returns an injector with an empty queue. With the same seed and the same requests, the
// random decisions (see [Fault], Probability) are the same.
func New(seed uint64, vendor Vendor) *Injector {
	return &Injector{
		vendor:   vendor,
		rand:     rand.New(rand.NewPCG(seed, seed)),
		released: make(chan struct{}),
	}
}

// Inject appends faults to the queue. It returns an error and queues nothing if one of the faults
// has an invalid path pattern, an unknown kind, an invalid status, or a number out of range.
func (i *Injector) Inject(faults ...Fault) error {
	added := make([]*Fault, 0, len(faults))
	for _, f := range faults {
		if _, known := i.behavior(f.Kind); !known {
			return fmt.Errorf("fault: no kind %q", f.Kind)
		}
		if err := f.check(); err != nil {
			return err
		}
		if f.Times == 0 {
			f.Times = 1
		}
		added = append(added, &f)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queue = append(i.queue, added...)
	return nil
}

// Clear empties the queue and ends every request that a Hang or a Drip is delaying.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queue = nil
	close(i.released)
	i.released = make(chan struct{})
}

// Pending returns the queued faults; the result is never nil. In each returned fault, the field Times is the number of
// requests that the fault will still affect.
func (i *Injector) Pending() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	pending := make([]Fault, 0, len(i.queue))
	for _, f := range i.queue {
		pending = append(pending, *f)
	}
	return pending
}

// Injected returns the number of requests that faults have affected so far.
func (i *Injector) Injected() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.injected
}

// Wrap returns a handler that applies the queued faults to requests. It passes the other requests to nextHandler.
//
// To end a connection, the handler panics with http.ErrAbortHandler, as net/http expects. Faults of the kinds Cut and
// Hang always end the connection. A fault of the kind Drip ends it only if the queue is cleared.
func (i *Injector) Wrap(nextHandler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, taken := i.nextFault(r)
		if !taken {
			nextHandler.ServeHTTP(w, r)
			return
		}
		// A hang ends when the client disconnects. net/http detects this only after the body has been read.
		if x.fault.Kind == Hang {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		x.w, x.r, x.next = w, r, nextHandler
		behave, _ := i.behavior(x.fault.Kind) // Inject has checked the kind
		behave(x)
	})
}

// behavior returns the function that implements a kind of fault, and reports whether the kind
// exists. The vendor's own kinds take precedence.
func (i *Injector) behavior(kind Kind) (func(exchange), bool) {
	if custom, own := i.vendor.CustomKinds[kind]; own {
		return func(x exchange) {
			custom()
			x.next.ServeHTTP(x.w, x.r)
		}, true
	}
	behave, known := behaviors[kind]
	return behave, known
}

// nextFault returns the exchange with the first fault that affects the request, and decrements the
// fault's Times. It returns false if no fault affects the request.
func (i *Injector) nextFault(r *http.Request) (exchange, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	at := slices.IndexFunc(i.queue, func(f *Fault) bool { return f.matches(r.URL.Path) && i.fires(f) })
	if at < 0 {
		return exchange{}, false
	}
	i.injected++
	x := exchange{fault: *i.queue[at], vendor: i.vendor, ordinal: i.injected, released: i.released}
	if i.queue[at].Times--; i.queue[at].Times == 0 {
		i.queue = slices.Delete(i.queue, at, at+1)
	}
	return x, true
}

// fires reports whether a fault fires at a matching request. It does not fire while there are
// requests to skip; after that, it fires with its Probability. fires decrements Skip.
func (i *Injector) fires(f *Fault) bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	return f.Probability == 0 || i.rand.Float64() < f.Probability
}

// exchange contains a request that a fault affects, and everything that is needed to respond to the
// request.
type exchange struct {
	fault    Fault
	vendor   Vendor
	ordinal  int // number of faults injected so far, strictly increasing
	released <-chan struct{}
	w        http.ResponseWriter
	r        *http.Request
	next     http.Handler
}

// sendHeader sets the headers that the fault contains.
func (x exchange) sendHeader() {
	for name, value := range x.fault.Header {
		x.w.Header().Set(name, value)
	}
}

// Vendor contains the functions that each simulated vendor implements in its own way.
type Vendor struct {
	// WriteError writes the vendor's error for the Status and Code of a fault. The headers in the
	// fault's RetryAfter and Header are set before the call. WriteError must not be nil.
	WriteError func(http.ResponseWriter, Fault)
	// RepeatedCursor returns a cursor that leads to a page already read. The ordinal is the number of faults injected
	// so far. The cursor must be different for every ordinal. If RepeatedCursor is nil, the cursor is the request's own
	// URL with the ordinal as a parameter.
	RepeatedCursor func(r *http.Request, ordinal int) string
	// CustomKinds contains the kinds of fault that only this vendor has. If a fault of such a kind
	// affects a request, the function of the kind is called first, and then the wrapped handler
	// handles the request.
	CustomKinds map[Kind]func()
}

// repeatedCursor returns the cursor that a fault of the kind Endless sends.
func (x exchange) repeatedCursor() string {
	if x.vendor.RepeatedCursor == nil {
		return numberedURL(x.r, x.ordinal)
	}
	return x.vendor.RepeatedCursor(x.r, x.ordinal)
}
