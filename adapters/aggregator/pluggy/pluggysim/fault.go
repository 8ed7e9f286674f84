package pluggysim

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// Fault is a misbehaviour waiting for a request; [faultinject.Fault] has its fields. A
// FaultStatus answers the vendor's error body of its Status (zero: 500), with Code as
// the codeDescription; without a Code that of the status.
type Fault = faultinject.Fault

// FaultExpire is Pluggy's own kind: every key issued so far is void, the request's
// included.
const FaultExpire faultinject.Kind = "expire"

// The kinds of fault that every vendor has, as [faultinject.Kind] describes them.
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

// refuseAs writes the error of a FaultStatus. A 429 has no codeDescription.
func refuseAs(w http.ResponseWriter, f Fault) {
	status := cmp.Or(f.Status, http.StatusInternalServerError)
	if status == http.StatusTooManyRequests {
		tooManyBody(w)
		return
	}
	text := http.StatusText(status)
	fail(w, status, cmp.Or(f.Code, strings.ToUpper(strings.ReplaceAll(text, " ", "_"))), text)
}

// again leads to before the first row, under a cursor never used before: only a client
// that counts its pages gets away.
func again(r *http.Request, ordinal int) string {
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(ordinal) * time.Millisecond)
	raw := r.URL.Query()
	q := query{raw: raw, account: raw.Get("accountId")}
	return q.next(place{before, uuid.Nil.String()})
}

// Inject queues faults behind those that wait. A bad path pattern, an unknown kind or
// an impossible number is an error; nothing is queued then.
func (s *Simulator) Inject(faults ...Fault) error { return s.faults.Inject(faults...) }

// ClearFaults forgets the queue and ends the requests that hang.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// PendingFaults returns the faults still to come, with the times left in each.
func (s *Simulator) PendingFaults() []Fault { return s.faults.Pending() }
