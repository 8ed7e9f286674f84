package pluggysim

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// Fault is a failure that is injected into a later request; [faultinject.Fault] documents its
// fields. A FaultStatus responds with the vendor's error body for its Status (zero: 500), with
// Code as the codeDescription; without a Code with that of the status.
type Fault = faultinject.Fault

// FaultExpire is a kind that only Pluggy has: it expires every API key issued so far, including
// that of the request.
const FaultExpire faultinject.Kind = "expire"

// The kinds of fault that every vendor has; [faultinject.Kind] documents them.
const (
	FaultStatus   = faultinject.Status
	FaultHang     = faultinject.Hang
	FaultDrip     = faultinject.Drip
	FaultCut      = faultinject.Cut
	FaultOversize = faultinject.Oversize
	FaultHTML     = faultinject.HTML
	FaultTypes    = faultinject.Types
	FaultNumber   = faultinject.Number
	FaultEndless  = faultinject.Endless
	FaultNextHost = faultinject.NextHost
	FaultRedirect = faultinject.Redirect
)

// writeFaultStatus writes the error of a FaultStatus. A 429 has no codeDescription.
func writeFaultStatus(w http.ResponseWriter, f Fault) {
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	if status == http.StatusTooManyRequests {
		writeRateLimitedBody(w)
		return
	}
	text := http.StatusText(status)
	writeError(w, status, cmp.Or(f.Code, strings.ToUpper(strings.ReplaceAll(text, " ", "_"))), text)
}

// endlessNext returns a next that leads back to the first row, with a cursor that was never used
// before: only a client that counts its pages stops.
func endlessNext(r *http.Request, ordinal int) string {
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ordinal) * time.Millisecond)
	raw := r.URL.Query()
	q := query{raw: raw, account: raw.Get("accountId")}
	return q.next(position{before, uuid.Nil.String()})
}

// Inject queues faults after those that are queued already. A bad path pattern, an unknown kind
// or an impossible number is an error; then nothing is queued.
func (s *Simulator) Inject(faults ...Fault) error { return s.faults.Inject(faults...) }

// ClearFaults empties the queue and ends the requests that hang.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// PendingFaults returns the queued faults, with the number of times left for each.
func (s *Simulator) PendingFaults() []Fault { return s.faults.Pending() }
