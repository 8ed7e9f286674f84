package faultinject

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// Injector holds the queue. It is safe for concurrent use; make one with [New].
type Injector struct {
	vendor   Vendor
	mu       sync.Mutex
	rand     *rand.Rand
	queue    []*Fault
	injected int
	released chan struct{} // closed by Clear: hanging requests end
}

// New returns an empty queue. The same seed and the same requests give the same
// draws of Probability.
func New(seed uint64, vendor Vendor) *Injector {
	return &Injector{
		vendor:   vendor,
		rand:     rand.New(rand.NewPCG(seed, seed)),
		released: make(chan struct{}),
	}
}

// Inject queues faults behind those that wait. A bad pattern, an unknown kind, an
// impossible status or number is an error; nothing is queued then.
func (i *Injector) Inject(faults ...Fault) error {
	added := make([]*Fault, 0, len(faults))
	for _, f := range faults {
		if _, known := i.player(f.Kind); !known {
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

// Clear forgets the queue and ends every hanging or dripping request.
func (i *Injector) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.queue = nil
	close(i.released)
	i.released = make(chan struct{})
}

// Pending returns the faults still to come, with the times left in each; never nil.
func (i *Injector) Pending() []Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	pending := make([]Fault, 0, len(i.queue))
	for _, f := range i.queue {
		pending = append(pending, *f)
	}
	return pending
}

// Injected returns how many requests a fault has taken so far.
func (i *Injector) Injected() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.injected
}

// Wrap returns next with the queue in front of it. Cut, and Hang when cleared, end
// their connection by panicking with http.ErrAbortHandler, as net/http expects.
func (i *Injector) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, taken := i.take(r)
		if !taken {
			next.ServeHTTP(w, r)
			return
		}
		// net/http notices that a client has left only once its body is read.
		if x.fault.Kind == Hang {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		x.w, x.r, x.next = w, r, next
		play, _ := i.player(x.fault.Kind) // Inject knew it
		play(x)
	})
}

// player finds how a kind behaves, among the vendor's own first.
func (i *Injector) player(kind Kind) (func(exchange), bool) {
	if strike, own := i.vendor.CustomKinds[kind]; own {
		return func(x exchange) {
			strike()
			x.next.ServeHTTP(x.w, x.r)
		}, true
	}
	play, known := players[kind]
	return play, known
}

// take finds the fault for a request and spends one of its times.
func (i *Injector) take(r *http.Request) (exchange, bool) {
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

// fires lets a matching request pass while the fault has some to skip or loses its draw.
func (i *Injector) fires(f *Fault) bool {
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	return f.Probability == 0 || i.rand.Float64() < f.Probability
}

// exchange is one request that a fault has taken.
type exchange struct {
	fault    Fault
	vendor   Vendor
	ordinal  int // of the fault, ever rising
	released <-chan struct{}
	w        http.ResponseWriter
	r        *http.Request
	next     http.Handler
}

// sendHeader adds the headers that the fault asks for.
func (x exchange) sendHeader() {
	for name, value := range x.fault.Header {
		x.w.Header().Set(name, value)
	}
}
