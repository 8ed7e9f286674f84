package faultinject

import "net/http"

// Vendor is what only a simulator knows of its vendor.
type Vendor struct {
	// Refuse words the error for the Status and Code of a fault; RetryAfter and Header
	// are set already. Required.
	WriteError func(http.ResponseWriter, Fault)
	// Again is a cursor that leads to a page already read and is new for every ordinal.
	// Nil: the request's own URL, numbered.
	RepeatedCursor func(r *http.Request, ordinal int) string
	// Own are the kinds that this vendor alone has. Each strikes first, and the honest
	// handler answers after it.
	CustomKinds map[Kind]func()
}

// again is the cursor of Endless.
func (x exchange) again() string {
	if x.vendor.RepeatedCursor == nil {
		return numbered(x.r, x.ordinal)
	}
	return x.vendor.RepeatedCursor(x.r, x.ordinal)
}
