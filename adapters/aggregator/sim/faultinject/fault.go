// Package faultinject makes a vendor simulator fail in a way that a test chooses. Faults have the same names and fields
// for every simulated vendor.
//
// [Injector.Inject] adds faults to a queue. A fault applies to a request if it matches the path, and if its fields Skip
// and Probability allow it. The first applicable fault in the queue handles the request, and its Times is decremented.
// Any other request goes to the wrapped handler.
//
// The format of a vendor's errors and cursors is not part of this package. The simulator passes it to [New] as a
// [Vendor].
package faultinject

import (
	"fmt"
	"path"
)

// Kind is the name of a kind of failure.
type Kind string

// The kinds of fault. Status, Hang, HTML and Redirect do not call the wrapped handler. The other kinds change its
// response. In the descriptions, names such as Size and Value are fields of [Fault].
const (
	Status   Kind = "status"   // the vendor's error response, built from Status, Code, Body, RetryAfter and Header
	Hang     Kind = "hang"     // no response until the client disconnects or the faults are cleared
	Drip     Kind = "drip"     // sends the body slowly: Size bytes (default 1) every DelayMs (default 100)
	Cut      Kind = "cut"      // ends the connection after the first half of the body
	Oversize Kind = "oversize" // sends Size bytes of white space (default 64 MiB) before the body
	HTML     Kind = "html"     // an HTML page with status 200 and the headers in Header, as a proxy would send it
	Types    Kind = "types"    // replaces every scalar by a value of another JSON type
	Number   Kind = "number"   // sets each member "amount…" to the text in Value (default 1e400), without quotes
	Replace  Kind = "replace"  // replaces each text of Replacements; the result need not be JSON
	Endless  Kind = "endless"  // sets the member "next" to a new URL that leads to a page already read
	NextHost Kind = "nextHost" // sets the member "next" to Value (default: the same page at OtherOrigin)
	Redirect Kind = "redirect" // a redirect with Status (default 307) to Value (default: the same page at OtherOrigin)
)

// OtherOrigin is the default target of redirects and cursors that lead to another host. RFC
// 6761 guarantees that this host name does not resolve.
const OtherOrigin = "https://elsewhere.invalid"

// Fault describes how a simulator responds wrongly, and to which requests.
type Fault struct {
	// Path is a path.Match pattern that is compared with the URL path; empty matches every path.
	Path string `json:"path,omitempty"`
	Kind Kind   `json:"kind"`
	// Times is the number of requests that the fault affects. Zero means one; a negative number
	// means all requests until the queue is cleared.
	Times int `json:"times,omitempty"`
	// Skip is the number of matching requests that the fault ignores before it can fire.
	Skip int `json:"skip,omitempty"`
	// Probability (0 to 1) is the probability that the fault fires for a matching request. Zero means 1. The random
	// numbers depend on the seed.
	Probability float64 `json:"probability,omitempty"`
	// Status is the HTTP status of the response. It is used if Kind is Status or Redirect.
	Status int `json:"status,omitempty"`
	// Code is the vendor's error code in the response. It is used if Kind is Status.
	Code string `json:"code,omitempty"`
	// Body, if not empty, is the JSON body of the response instead of the vendor's error body. It is used if Kind is
	// Status.
	Body string `json:"body,omitempty"`
	// RetryAfter is the value of the Retry-After header: seconds or an HTTP date. If it is empty,
	// the response has no such header.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Header contains further headers of the response. They are used if Kind is Status or HTML.
	Header map[string]string `json:"header,omitempty"`
	// Value is the amount if Kind is Number, or the URL if Kind is NextHost or Redirect.
	Value string `json:"value,omitempty"`
	// Replacements maps texts of the body to the texts that replace them. It is used if Kind is Replace.
	Replacements map[string]string `json:"replacements,omitempty"`
	// Size is a number of bytes. It is used if Kind is Drip or Oversize.
	Size int `json:"size,omitempty"`
	// DelayMs is a delay in milliseconds. It is used if Kind is Drip.
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
