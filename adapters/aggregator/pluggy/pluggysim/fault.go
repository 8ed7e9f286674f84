package pluggysim

import (
	"fmt"
	"net/http"
	"path"
	"slices"
)

// FaultKind names a way to misbehave.
type FaultKind string

// The kinds of fault. Those marked *body* let the vendor answer first and spoil its answer.
const (
	FaultStatus   FaultKind = "status"   // answers Status (zero: 500) with the vendor's error body, RetryAfter and Header when set
	FaultHang     FaultKind = "hang"     // answers nothing until the client leaves
	FaultDrip     FaultKind = "drip"     // body: Size bytes (zero: 1) every DelayMs (zero: 100)
	FaultCut      FaultKind = "cut"      // body: half of the promised Content-Length, then the connection closes
	FaultOversize FaultKind = "oversize" // body: valid JSON of more than Size bytes (zero: 64 MiB)
	FaultHTML     FaultKind = "html"     // 200 with a page of HTML that says it is JSON
	FaultTypes    FaultKind = "types"    // body: every member of every object gets another JSON type
	FaultNumber   FaultKind = "number"   // body: every amount becomes Value (empty: 1e400), unquoted and unchecked
	FaultEndless  FaultKind = "endless"  // body: next is never null; the last page leads to the first, each time anew
	FaultNextHost FaultKind = "nextHost" // body: next becomes Value (empty: a URL of another host)
	FaultRedirect FaultKind = "redirect" // Status (zero: 307) to Value (empty: the same path of another host)
	FaultExpire   FaultKind = "expire"   // every key issued so far is void, this request's included
)

// strangeHost is where redirects and cursors lead astray; RFC 6761 keeps the name from resolving.
const strangeHost = "https://elsewhere.invalid"

// Fault is one bad day. Faults stand in a queue; a request takes the first that matches and fires.
type Fault struct {
	Path        string            `json:"path"` // path.Match pattern over the URL path, as /items/*; empty: every path
	Kind        FaultKind         `json:"kind"`
	Times       int               `json:"times"`       // requests to spoil; zero: 1, negative: until cleared
	Skip        int               `json:"skip"`        // matching requests that go well first
	Probability float64           `json:"probability"` // of firing at a match, drawn from the seed; zero: always
	Status      int               `json:"status"`
	RetryAfter  string            `json:"retryAfter"` // seconds or an HTTP date
	Header      map[string]string `json:"header"`     // e.g. RateLimit-Reset
	Value       string            `json:"value"`
	Size        int               `json:"size"`
	DelayMs     int               `json:"delayMs"`
}

// armed is a fault with what is left of it.
type armed struct {
	Fault
	left int
	skip int
}

// Inject queues faults behind those that wait. A pattern or a kind that is none is an error; nothing is queued then.
func (s *Simulator) Inject(faults ...Fault) error {
	for _, f := range faults {
		if _, err := path.Match(f.Path, "/"); err != nil {
			return fmt.Errorf("pluggysim: fault path: %w", err)
		}
		if _, ok := effects[f.Kind]; !ok {
			return fmt.Errorf("pluggysim: no fault %q", f.Kind)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		orElse(&f.Times, 1)
		s.faults = append(s.faults, &armed{Fault: f, left: f.Times, skip: f.Skip})
	}
	return nil
}

// ClearFaults ends all faults; a request already hanging hangs on.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// nextFault takes the first fault that fires for the request. A fault that matched but was skipped or lost its
// draw lets the next one try.
func (s *Simulator) nextFault(r *http.Request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.matches(r.URL.Path) || !s.fires(f) {
			continue
		}
		if f.left--; f.left == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		s.stats.Faults++
		return f.Fault, true
	}
	return Fault{}, false
}

func (f *armed) matches(urlPath string) bool {
	ok, _ := path.Match(f.Path, urlPath) // checked at Inject
	return ok || f.Path == ""
}

func (s *Simulator) fires(f *armed) bool {
	if f.skip > 0 {
		f.skip--
		return false
	}
	return f.Probability == 0 || s.rand.Float64() < f.Probability
}
