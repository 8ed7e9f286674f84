// Package faultinject makes a vendor simulator fail on request, so that a fault has the same
// name and form for every vendor.
//
// Faults are queued. For each request the queue is searched in the order of
// [Injector.Inject]; the first fault that matches the path and fires handles the
// request and loses one of its Times. A request without a fault goes to the
// wrapped handler.
//
// The format of a vendor's errors and cursors is not part of this package: the
// simulator passes a [Vendor] that has it to [New].
package faultinject

import (
	"fmt"
	"path"
)

// Kind names a way to fail.
type Kind string

// The kinds of fault. For those marked *body* the wrapped handler responds first, and the
// fault changes its response.
const (
	Status   Kind = "status"   // the vendor's error for Status and Code, with RetryAfter and Header when set
	Hang     Kind = "hang"     // no response until the client disconnects or the faults are cleared
	Drip     Kind = "drip"     // body: Size bytes (zero: 1) every DelayMs (zero: 100)
	Cut      Kind = "cut"      // body: half of the promised Content-Length, then the connection ends
	Oversize Kind = "oversize" // body: after Size bytes of white space (zero: 64 MiB); valid JSON
	HTML     Kind = "html"     // 200 with an HTML page, as from a proxy, with Header when set
	Types    Kind = "types"    // body: every scalar gets another JSON type
	Number   Kind = "number"   // body: every amount… becomes Value (empty: 1e400), unquoted and unchecked
	Endless  Kind = "endless"  // body: next leads to a page already read, at a URL never used before
	NextHost Kind = "nextHost" // body: next becomes Value (empty: this page on another host)
	Redirect Kind = "redirect" // Status (zero: 307) to Value (empty: this page on another host)
)

// OtherOrigin is the default target of redirects and cursors that lead to another host; RFC
// 6761 guarantees that the name does not resolve.
const OtherOrigin = "https://elsewhere.invalid"

// Fault is one entry of the queue.
type Fault struct {
	// Path is a path.Match pattern over the URL path; empty matches every path.
	Path string `json:"path,omitempty"`
	Kind Kind   `json:"kind"`
	// Times is how many requests the fault affects; zero means one, negative all until cleared.
	Times int `json:"times,omitempty"`
	// Skip is how many matching requests pass first.
	Skip int `json:"skip,omitempty"`
	// Probability (0..1) of firing at a match, drawn from the seed; zero means always.
	Probability float64 `json:"probability,omitempty"`
	// Status is the HTTP status of the kinds Status and Redirect.
	Status int `json:"status,omitempty"`
	// Code is the vendor's error code of the kind Status.
	Code string `json:"code,omitempty"`
	// RetryAfter is the header's value: seconds or an HTTP date; empty sends none.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Header holds further headers of the kinds Status and HTML.
	Header map[string]string `json:"header,omitempty"`
	// Value is the replacement of Number, NextHost and Redirect.
	Value string `json:"value,omitempty"`
	// Size is a number of bytes.
	Size int `json:"size,omitempty"`
	// DelayMs is a delay in milliseconds.
	DelayMs int `json:"delayMs,omitempty"`
}

// check reports whether a fault of a known kind is valid; nil if it is.
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
	fits, _ := path.Match(f.Path, urlPath) // the pattern was checked
	return fits || f.Path == ""
}
