package pluggysim

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// Fault is a failure that is injected into later requests. [faultinject.Fault] documents its fields. A FaultStatus
// responds with Status (zero means 500) and with the vendor's error body. The codeDescription in the body is Code, or
// the name of the status if Code is empty.
type Fault = faultinject.Fault

// FaultExpire is a kind of fault that only Pluggy has. It makes every API key that was issued so far
// expire, including the key of the current request.
const FaultExpire faultinject.Kind = "expire"

// The kinds of fault that all simulators have; [faultinject.Kind] documents them.
const (
	FaultStatus   = faultinject.Status
	FaultHang     = faultinject.Hang
	FaultDrip     = faultinject.Drip
	FaultCut      = faultinject.Cut
	FaultOversize = faultinject.Oversize
	FaultHTML     = faultinject.HTML
	FaultTypes    = faultinject.Types
	FaultNumber   = faultinject.Number
	FaultReplace  = faultinject.Replace
	FaultEndless  = faultinject.Endless
	FaultNextHost = faultinject.NextHost
	FaultRedirect = faultinject.Redirect
)

// writeFaultStatus writes the error response of a FaultStatus. A 429 has no codeDescription.
func writeFaultStatus(w http.ResponseWriter, f Fault) {
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	if status == http.StatusTooManyRequests {
		writeRateLimitedBody(w)
		return
	}
	text := http.StatusText(status)
	writeError(w, status, cmp.Or(f.Code, strings.ToUpper(strings.ReplaceAll(text, " ", "_"))), text)
}

// endlessNext returns a value for the member "next" that leads back to the first row. Each cursor is different, because
// it contains the number of faults injected so far (ordinal). A client can therefore not detect the loop from a
// repeated cursor; it must count pages.
func endlessNext(r *http.Request, ordinal int) string {
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ordinal) * time.Millisecond)
	raw := r.URL.Query()
	q := query{raw: raw, account: raw.Get("accountId")}
	return q.next(position{before, uuid.Nil.String()})
}

// Inject adds faults to the end of the queue. It returns an error for an invalid path pattern, an unknown kind or a
// number out of range; then none of the faults is queued.
func (s *Simulator) Inject(faults ...Fault) error { return s.faults.Inject(faults...) }

// ClearFaults removes all queued faults and ends the requests that are hanging.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// PendingFaults returns the queued faults, each with the number of requests it still affects.
func (s *Simulator) PendingFaults() []Fault { return s.faults.Pending() }
