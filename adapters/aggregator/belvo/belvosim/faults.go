package belvosim

import (
	"cmp"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
)

// Fault is a failure queued for a request; [faultinject.Fault] describes its fields. A FaultStatus sends an error
// response that depends on Code and Status:
//
//   - Code is set: the vendor's error with this code
//   - only Status is set, to 501 or higher: an HTML page, like the page of a gateway
//   - only Status is set, to 500 or lower: the error that the vendor documents for this status
//   - neither is set: the vendor's error for status 500.
type Fault = faultinject.Fault

// The kinds of fault; [faultinject.Kind] describes them.
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

// documentedErrors are the errors that the vendor documents. If a fault names only a status, the
// first error in the list with that status is sent.
var documentedErrors = []apiError{
	{status: 400, code: "institution_down", message: "The financial institution is down, try again later"},
	{status: 400, code: "institution_unavailable", message: "The financial institution is unavailable"},
	{status: 400, code: "institution_inactive", message: "The financial institution is inactive"},
	{
		status: 400, code: "invalid_link",
		message: "The link has been invalidated. You may need to update link credentials",
	},
	{status: 400, code: "unconfirmed_link", message: "The link creation has not been completed yet"},
	{
		status: 400, code: "too_many_sessions",
		message: "Impossible to login, a session is already opened with the institution for these credentials",
	},
	{
		status: 400, code: "session_expired",
		message: "The session you are trying to resume has expired, please start again from register/retrieve endpoint",
	},
	{status: 400, code: "operational_limits_reached", message: "The institution has reached its operational limits"},
	required("link"),
	unauthorized,
	{status: 403, code: "access_to_resource_denied", message: "You don't have access to this resource."},
	notFound,
	{
		status: 408, code: "request_timeout",
		message: "The request timed out, you can retry asking for less data by changing your query parameters",
	},
	{
		status: 409, code: "conflict",
		message: "The link has already been refreshed. Please wait 7 minutes before trying again.",
	},
	{
		status: 428, code: "token_required", message: "A MFA token is required by the institution to login",
		more: tokenRequired,
	},
	{status: 429, code: "too_many_requests", message: "Request was throttled."},
	{
		status: 500, code: "unexpected_error",
		message: "Belvo is unable to process the request due to an internal system issue or to an unsupported " +
			"response from an institution",
	},
}

// tokenRequired contains the additional members of the error with status 428. The content of token_generation_data
// depends on the bank.
var tokenRequired = map[string]any{
	"session": "1c5b7a90e2d84f36a1b0c9d8e7f60514",
	"expiry":  9600,
	"link":    DemoLinkID,
	"token_generation_data": map[string]string{
		"instructions": "Enter this number in the bank's app", "type": "numeric", "value": "40712",
	},
}

// writeFaultError sends the error response of a FaultStatus.
func (s *Simulator) writeFaultError(w http.ResponseWriter, f Fault) {
	if f.Code == "" && f.Status > http.StatusInternalServerError {
		writeGatewayPage(w, f)
		return
	}
	answer := documentedError(f)
	answer.status = cmp.Or(f.Status, answer.status)
	s.writeFailure(w, answer)
}

// documentedError returns the vendor's error for the fault's code or status. A fault without code and status counts as
// status 500. If the vendor documents no such error, the result has the fault's code, a generic message and status 400.
func documentedError(f Fault) apiError {
	if f.Code == "" && f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	for _, exists := range documentedErrors {
		if f.Code == exists.code || f.Code == "" && f.Status == exists.status {
			return exists
		}
	}
	return apiError{status: http.StatusBadRequest, code: cmp.Or(f.Code, "error"), message: "The request was refused."}
}

// writeGatewayPage sends an HTML page, not JSON, as a gateway in front of the vendor would.
func writeGatewayPage(w http.ResponseWriter, f Fault) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte("<html><h1>" + http.StatusText(f.Status) + "</h1></html>"))
}

// Inject appends faults to the queue. It returns an error and queues nothing if one of the faults
// has an invalid path pattern, an unknown kind, an invalid status, or a number out of range.
func (s *Simulator) Inject(faults ...Fault) error { return s.faults.Inject(faults...) }

// ClearFaults empties the queue and ends the requests that hang.
func (s *Simulator) ClearFaults() { s.faults.Clear() }

// PendingFaults returns the queued faults, each with the number of requests it still affects.
func (s *Simulator) PendingFaults() []Fault { return s.faults.Pending() }
