package faultinject

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// Injector holds the queue. It is safe for concurrent use; create one with [New].
type Injector struct {
	vendor   Vendor
	mu       sync.Mutex
	rand     *rand.Rand
	queue    []*Fault
	injected int
	released chan struct{} // closed by Clear, which ends hanging requests
}

// New returns an injector with an empty queue. The same seed and the same requests lead to
// the same draws of Probability.
func New(seed uint64, vendor Vendor) *Injector {
	return &Injector{
		vendor:   vendor,
		rand:     rand.New(rand.NewPCG(seed, seed)),
		released: make(chan struct{}),
	}
}

// Inject appends faults to the queue. An invalid pattern, an unknown kind, an invalid status
// and a number out of range are errors; then nothing is queued.
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

// Clear empties the queue and ends every hanging or dripping request.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queue = nil
	close(i.released)
	i.released = make(chan struct{})
}

// Pending returns the queued faults, with the times left in each; never nil.
func (i *Injector) Pending() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	pending := make([]Fault, 0, len(i.queue))
	for _, f := range i.queue {
		pending = append(pending, *f)
	}
	return pending
}

// Injected returns how many requests faults have affected so far.
func (i *Injector) Injected() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.injected
}

// Wrap returns a middleware around next that applies the queue. Cut, and Hang when cleared,
// end their connection by panicking with http.ErrAbortHandler, as net/http expects.
func (i *Injector) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, taken := i.nextFault(r)
		if !taken {
			next.ServeHTTP(w, r)
			return
		}
		// net/http detects a disconnected client only after its body is read.
		if x.fault.Kind == Hang {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		x.w, x.r, x.next = w, r, next
		behave, _ := i.behavior(x.fault.Kind) // Inject checked the kind
		behave(x)
	})
}

// behavior returns the function of a kind; the vendor's own kinds take precedence.
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

// nextFault finds the fault for a request and decrements its Times.
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

// fires reports whether a fault fires at a matching request: not while it has requests to
// skip, and not if it loses its draw.
func (i *Injector) fires(f *Fault) bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	return f.Probability == 0 || i.rand.Float64() < f.Probability
}

// exchange is one request that a fault affects.
type exchange struct {
	fault    Fault
	vendor   Vendor
	ordinal  int // of the fault, strictly increasing
	released <-chan struct{}
	w        http.ResponseWriter
	r        *http.Request
	next     http.Handler
}

// sendHeader adds the headers that the fault names.
func (x exchange) sendHeader() {
	for name, value := range x.fault.Header {
		x.w.Header().Set(name, value)
	}
}

// Vendor holds what depends on the simulated vendor.
type Vendor struct {
	// WriteError writes the vendor's error for the Status and Code of a fault; RetryAfter and
	// Header are set already. Required.
	WriteError func(http.ResponseWriter, Fault)
	// RepeatedCursor returns a cursor that leads to a page already read and differs for every
	// ordinal. Nil: the request's own URL, numbered.
	RepeatedCursor func(r *http.Request, ordinal int) string
	// CustomKinds are kinds that only this vendor has. The function is called first, and the
	// wrapped handler responds after it.
	CustomKinds map[Kind]func()
}

// repeatedCursor returns the cursor of Endless.
func (x exchange) repeatedCursor() string {
	if x.vendor.RepeatedCursor == nil {
		return numberedURL(x.r, x.ordinal)
	}
	return x.vendor.RepeatedCursor(x.r, x.ordinal)
}
