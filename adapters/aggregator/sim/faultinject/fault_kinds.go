package faultinject

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	defaultSize  = 64 << 20
	defaultDelay = 100
	htmlPage     = "<!doctype html><title>Just a moment</title><p>Please wait."
)

// behaviors maps each kind of fault to the function that responds to an affected request.
var behaviors = map[Kind]func(exchange){
	Status:   writeError,
	Hang:     hang,
	Drip:     drip,
	Cut:      cut,
	Oversize: oversize,
	HTML:     writeHTML,
	Types:    editJSON(swapTypes),
	Number:   editJSON(replaceAmounts),
	Replace:  replace,
	Endless:  editJSON(repeatPage),
	NextHost: editJSON(replaceNextHost),
	Redirect: redirect,
}

func writeError(x exchange) {
	if x.fault.RetryAfter != "" {
		x.w.Header().Set("Retry-After", x.fault.RetryAfter)
	}
	x.sendHeader()
	if x.fault.Body != "" {
		x.w.Header().Set("Content-Type", "application/json")
		x.w.WriteHeader(cmp.Or(x.fault.Status, http.StatusInternalServerError))
		_, _ = io.WriteString(x.w, x.fault.Body)
		return
	}
	x.vendor.WriteError(x.w, x.fault)
}

func writeHTML(x exchange) {
	x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	x.sendHeader()
	_, _ = io.WriteString(x.w, htmlPage)
}

func redirect(x exchange) {
	x.w.Header().Set("Location", cmp.Or(x.fault.Value, OtherOrigin+x.r.URL.RequestURI()))
	x.w.WriteHeader(cmp.Or(x.fault.Status, http.StatusTemporaryRedirect))
}

func hang(x exchange) {
	select {
	case <-x.r.Context().Done():
	case <-x.released:
	}
	// The connection ends without a response. A response after the hang would look like a slow success.
	panic(http.ErrAbortHandler)
}

func drip(x exchange) {
	recorded := recordResponse(x)
	recorded.sendHeader(x.w, recorded.body.Len())
	tick := time.NewTicker(time.Duration(cmp.Or(x.fault.DelayMs, defaultDelay)) * time.Millisecond)
	defer tick.Stop()
	for recorded.body.Len() > 0 {
		select {
		case <-x.r.Context().Done():
			return
		case <-x.released:
			panic(http.ErrAbortHandler)
		case <-tick.C:
		}
		if _, err := x.w.Write(recorded.body.Next(cmp.Or(x.fault.Size, 1))); err != nil {
			return
		}
		_ = http.NewResponseController(x.w).Flush()
	}
}

func cut(x exchange) {
	recorded := recordResponse(x)
	recorded.sendHeader(x.w, recorded.body.Len())
	_, _ = x.w.Write(recorded.body.Bytes()[:recorded.body.Len()/2])
	_ = http.NewResponseController(x.w).Flush()
	panic(http.ErrAbortHandler)
}

// oversize sends a response that is too large: white space, then the recorded response. A decoder may stop at the end
// of the JSON value, so white space after it might never be read.
func oversize(x exchange) {
	recorded := recordResponse(x)
	recorded.sendHeader(x.w, chunkedLength)
	blank := bytes.Repeat([]byte{' '}, 32<<10)
	for left := cmp.Or(x.fault.Size, defaultSize); left > 0; left -= len(blank) {
		if _, err := x.w.Write(blank[:min(left, len(blank))]); err != nil {
			return
		}
	}
	_, _ = recorded.body.WriteTo(x.w)
}

// replace replaces texts in the recorded response, the longest text first. The result may be anything, for
// example a row with a duplicate member or with invalid UTF-8.
func replace(x exchange) {
	recorded := recordResponse(x)
	body := recorded.body.Bytes()
	texts := slices.SortedFunc(maps.Keys(x.fault.Replacements), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	for _, text := range texts {
		body = bytes.ReplaceAll(body, []byte(text), []byte(x.fault.Replacements[text]))
	}
	recorded.sendHeader(x.w, len(body))
	_, _ = x.w.Write(body)
}

// editJSON returns a behavior that records the response of the wrapped handler, changes the response with fn, and sends
// the result. A response that is not JSON is sent unchanged.
func editJSON(fn func(*jsonDocument, exchange)) func(exchange) {
	return func(x exchange) {
		recorded := recordResponse(x)
		body := recorded.body.Bytes()
		if doc, err := parse(body); err == nil {
			fn(doc, x)
			body = doc.bytes()
		}
		recorded.sendHeader(x.w, len(body))
		_, _ = x.w.Write(body)
	}
}
