// Package faultinject makes a vendor simulator fail on request. Faults have the same names and
// fields for every simulated vendor.
//
// Faults are queued. For each request the queue is searched in the order of [Injector.Inject]. The first fault that
// matches the path and fires (which its Skip and its Probability decide) handles the request, and its Times is
// decremented. A request that no fault handles goes to the wrapped handler.
//
// The format of a vendor's errors and cursors is not part of this package: the
// simulator passes a [Vendor], which contains the format, to [New].
package faultinject

import (
	"fmt"
	"path"
)

// Kind is the name of a kind of failure.
type Kind string

// The kinds of fault. If the description begins with "body", the wrapped handler handles the
// request first, and the fault changes its response.
const (
	Status   Kind = "status"   // the vendor's error for Status and Code, with RetryAfter and Header if set
	Hang     Kind = "hang"     // no response until the client disconnects or the faults are cleared
	Drip     Kind = "drip"     // body: sent slowly, Size bytes (zero: 1) every DelayMs (zero: 100)
	Cut      Kind = "cut"      // body: only the first half of Content-Length bytes, then the connection ends
	Oversize Kind = "oversize" // body: preceded by Size bytes of white space (zero: 64 MiB); remains valid JSON
	HTML     Kind = "html"     // an HTML page with status 200, as from a proxy, with Header if set
	Types    Kind = "types"    // body: every scalar is replaced by a value of another JSON type
	Number   Kind = "number"   // body: members whose names begin with amount become Value without quotes (empty: 1e400)
	Replace  Kind = "replace"  // body: replaces each text of Replacements; the result need not be JSON
	Endless  Kind = "endless"  // body: the member next leads to a page already read, under a URL never used before
	NextHost Kind = "nextHost" // body: the member next becomes Value (empty: this page on another host)
	Redirect Kind = "redirect" // redirect with Status (zero: 307) to Value (empty: this page on another host)
)

// OtherOrigin is the default target of redirects and cursors that lead to another host. RFC
// 6761 guarantees that this host name does not resolve.
const OtherOrigin = "https://elsewhere.invalid"

// Fault is one entry of the queue of faults.
type Fault struct {
	// Path is a path.Match pattern that is compared with the URL path; empty matches every path.
	Path string `json:"path,omitempty"`
	Kind Kind   `json:"kind"`
	// Times is the number of requests that the fault affects. Zero means one; a negative number
	// means all requests until the queue is cleared.
	Times int `json:"times,omitempty"`
	// Skip is the number of matching requests that the fault lets pass before it can fire.
	Skip int `json:"skip,omitempty"`
	// Probability (0 to 1) is the probability that the fault fires at a matching request; the
	// random numbers depend on the seed. Zero means always.
	Probability float64 `json:"probability,omitempty"`
	// Status is the HTTP status that the kinds Status and Redirect send.
	Status int `json:"status,omitempty"`
	// Code is the vendor's error code that the kind Status sends.
	Code string `json:"code,omitempty"`
	// RetryAfter is the value of the Retry-After header: seconds or an HTTP date. If it is empty,
	// the response has no such header.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Header contains further headers that the kinds Status and HTML send.
	Header map[string]string `json:"header,omitempty"`
	// Value is the amount that Number sends, or the URL that NextHost and Redirect send.
	Value string `json:"value,omitempty"`
	// Replacements maps texts of the body to the texts that Replace sends instead of them.
	Replacements map[string]string `json:"replacements,omitempty"`
	// Size is a number of bytes, for Drip and Oversize.
	Size int `json:"size,omitempty"`
	// DelayMs is a delay in milliseconds, for Drip.
	DelayMs int `json:"delayMs,omitempty"`
}

// check returns an error if the path pattern, the status or a number of the fault is invalid. It
// does not check the kind.
func (f Fault) check() error {
	if _, err := path.Match(f.Path, "/"); err != nil {
		return fmt.Errorf("fault path: %w", err)
	}
	// net/http panics on an invalid status.
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("fault: invalid status %d", f.Status)
	}
	if f.Probability < 0 || f.Probability > 1 || f.Size < 0 || f.DelayMs < 0 || f.Skip < 0 {
		return fmt.Errorf("fault: a number is out of range")
	}
	return nil
}

func (f Fault) matches(urlPath string) bool {
	fits, _ := path.Match(f.Path, urlPath) // check has checked the pattern
	return fits || f.Path == ""
}
