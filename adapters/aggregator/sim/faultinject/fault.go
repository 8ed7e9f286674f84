// Package faultinject makes an honest vendor simulator misbehave on request, so that a
// fault has one name and one form whoever the vendor is.
//
// Faults wait in a queue. For each request the queue is read in the order of
// [Injector.Inject]; the first fault that matches the path and fires takes the
// request and loses one of its Times. A request that no fault takes goes to the
// wrapped handler.
//
// How a vendor words its errors and its cursors is no business of this package: the
// simulator hands [New] a [Vendor] that knows.
package faultinject

import (
	"fmt"
	"path"
)

// Kind names a way to misbehave.
type Kind string

// The kinds of fault. Those marked *body* let the honest handler answer first and
// spoil its answer.
const (
	Status   Kind = "status"   // the vendor's error for Status and Code, with RetryAfter and Header when set
	Hang     Kind = "hang"     // no answer until the client leaves or the faults are cleared
	Drip     Kind = "drip"     // body: Size bytes (zero: 1) every DelayMs (zero: 100)
	Cut      Kind = "cut"      // body: half of the promised Content-Length, then the connection ends
	Oversize Kind = "oversize" // body: behind Size bytes of white space (zero: 64 MiB); valid JSON
	HTML     Kind = "html"     // 200 with a page, as of a proxy, with Header when set
	Types    Kind = "types"    // body: every scalar gets another JSON type
	Number   Kind = "number"   // body: every amount… becomes Value (empty: 1e400), unquoted and unchecked
	Endless  Kind = "endless"  // body: next leads to a page already read, under an address never seen before
	NextHost Kind = "nextHost" // body: next becomes Value (empty: this page on another host)
	Redirect Kind = "redirect" // Status (zero: 307) to Value (empty: this page on another host)
)

// Elsewhere is where redirects and cursors lead astray by default; RFC 6761 keeps
// the name from resolving.
const OtherOrigin = "https://elsewhere.invalid"

// Fault is one entry of the queue.
type Fault struct {
	// Path is a path.Match pattern over the URL path; empty matches every path.
	Path string `json:"path,omitempty"`
	Kind Kind   `json:"kind"`
	// Times is how many requests are spoiled; zero means one, negative all until cleared.
	Times int `json:"times,omitempty"`
	// Skip is how many matching requests go well first.
	Skip int `json:"skip,omitempty"`
	// Probability (0..1) of firing at a match, drawn from the seed; zero means always.
	Probability float64 `json:"probability,omitempty"`
	// Status is the HTTP status of the kinds Status and Redirect.
	Status int `json:"status,omitempty"`
	// Code is the vendor's own word for the error of the kind Status.
	Code string `json:"code,omitempty"`
	// RetryAfter is the header's value: seconds or an HTTP date; empty sends none.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Header holds further headers of the kinds Status and HTML.
	Header map[string]string `json:"header,omitempty"`
	// Value is what Number, NextHost and Redirect put in place.
	Value string `json:"value,omitempty"`
	// Size is in bytes.
	Size int `json:"size,omitempty"`
	// DelayMs is in milliseconds.
	DelayMs int `json:"delayMs,omitempty"`
}

// check tells whether a fault of a known kind can fire at all.
func (f Fault) check() error {
	if _, err := path.Match(f.Path, "/"); err != nil {
		return fmt.Errorf("fault path: %w", err)
	}
	// net/http panics on what is no status.
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("fault: %d is no status", f.Status)
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
