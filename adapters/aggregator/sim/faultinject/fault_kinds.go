package faultinject

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"time"
)

const (
	defaultSize  = 64 << 20
	defaultDelay = 100
	interstitial = "<!doctype html><title>Just a moment</title><p>Please wait."
)

// players says how each kind behaves.
var players = map[Kind]func(exchange){
	Status:   refuse,
	Hang:     hang,
	Drip:     drip,
	Cut:      cut,
	Oversize: oversize,
	HTML:     page,
	Types:    edited(otherTypes),
	Number:   edited(otherAmounts),
	Endless:  edited(sameAgain),
	NextHost: edited(nextElsewhere),
	Redirect: redirect,
}

func refuse(x exchange) {
	if x.fault.RetryAfter != "" {
		x.w.Header().Set("Retry-After", x.fault.RetryAfter)
	}
	x.sendHeader()
	x.vendor.WriteError(x.w, x.fault)
}

func page(x exchange) {
	x.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	x.sendHeader()
	_, _ = io.WriteString(x.w, interstitial)
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
	// An answer after all that would look like a slow success.
	panic(http.ErrAbortHandler)
}

func drip(x exchange) {
	honest := record(x)
	honest.sendHead(x.w, honest.body.Len())
	tick := time.NewTicker(time.Duration(cmp.Or(x.fault.DelayMs, defaultDelay)) * time.Millisecond)
	defer tick.Stop()
	for honest.body.Len() > 0 {
		select {
		case <-x.r.Context().Done():
			return
		case <-x.released:
			panic(http.ErrAbortHandler)
		case <-tick.C:
		}
		if _, err := x.w.Write(honest.body.Next(cmp.Or(x.fault.Size, 1))); err != nil {
			return
		}
		_ = http.NewResponseController(x.w).Flush()
	}
}

func cut(x exchange) {
	honest := record(x)
	honest.sendHead(x.w, honest.body.Len())
	_, _ = x.w.Write(honest.body.Bytes()[:honest.body.Len()/2])
	_ = http.NewResponseController(x.w).Flush()
	panic(http.ErrAbortHandler)
}

// oversize pads in front: a decoder that stops at the end of the value would never
// see what comes behind it.
func oversize(x exchange) {
	honest := record(x)
	honest.sendHead(x.w, unannounced)
	blank := bytes.Repeat([]byte{' '}, 32<<10)
	for left := cmp.Or(x.fault.Size, defaultSize); left > 0; left -= len(blank) {
		if _, err := x.w.Write(blank[:min(left, len(blank))]); err != nil {
			return
		}
	}
	_, _ = honest.body.WriteTo(x.w)
}

// edited sends the honest answer after an edit. An answer that is not JSON goes
// out as it is.
func edited(edit func(*document, exchange)) func(exchange) {
	return func(x exchange) {
		honest := record(x)
		body := honest.body.Bytes()
		if doc, err := parse(body); err == nil {
			edit(doc, x)
			body = doc.bytes()
		}
		honest.sendHead(x.w, len(body))
		_, _ = x.w.Write(body)
	}
}
