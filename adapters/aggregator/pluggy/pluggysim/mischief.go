package pluggysim

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// effect carries a fault out.
type effect func(s *Simulator, f Fault, w http.ResponseWriter, r *http.Request)

var effects = map[FaultKind]effect{
	FaultStatus:   status,
	FaultHang:     hang,
	FaultHTML:     html,
	FaultRedirect: redirect,
	FaultExpire:   expire,
	FaultDrip:     spoiled(drip),
	FaultCut:      spoiled(cut),
	FaultOversize: spoiled(oversize),
	FaultTypes:    spoiled(rewritten(wrongTypes)),
	FaultNumber:   spoiled(rewritten(oddNumbers)),
	FaultEndless:  spoiled(rewritten(endless)),
	FaultNextHost: spoiled(rewritten(strangeNext)),
}

func (s *Simulator) misbehave(f Fault, w http.ResponseWriter, r *http.Request) {
	effects[f.Kind](s, f, w, r)
}

func status(_ *Simulator, f Fault, w http.ResponseWriter, _ *http.Request) {
	orElse(&f.Status, http.StatusInternalServerError)
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Status == http.StatusTooManyRequests {
		tooManyBody(w)
		return
	}
	text := http.StatusText(f.Status)
	fail(w, f.Status, strings.ToUpper(strings.ReplaceAll(text, " ", "_")), text)
}

// hang reads the request to its end first: only then does net/http notice that the client left.
func hang(_ *Simulator, _ Fault, _ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func html(_ *Simulator, _ Fault, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, "<!DOCTYPE html><html><body><h1>Down for maintenance</h1></body></html>")
}

func redirect(_ *Simulator, f Fault, w http.ResponseWriter, r *http.Request) {
	orElse(&f.Status, http.StatusTemporaryRedirect)
	orElse(&f.Value, strangeHost+r.URL.RequestURI())
	w.Header().Set("Location", f.Value)
	w.WriteHeader(f.Status)
}

func expire(s *Simulator, _ Fault, w http.ResponseWriter, r *http.Request) {
	s.ExpireKeys()
	s.serve(w, r)
}

// spoil writes a finished answer badly.
type spoil func(s *Simulator, f Fault, w http.ResponseWriter, r *http.Request, good *draft)

// spoiled lets the vendor answer into memory and hands the answer on.
func spoiled(bad spoil) effect {
	return func(s *Simulator, f Fault, w http.ResponseWriter, r *http.Request) {
		good := &draft{header: http.Header{}, code: http.StatusOK}
		s.serve(good, r)
		maps.Copy(w.Header(), good.header)
		bad(s, f, w, r, good)
	}
}

func drip(_ *Simulator, f Fault, w http.ResponseWriter, r *http.Request, good *draft) {
	orElse(&f.Size, 1)
	orElse(&f.DelayMs, 100)
	w.WriteHeader(good.code)
	for chunk := good.body.Next(f.Size); len(chunk) > 0; chunk = good.body.Next(f.Size) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		if pause(r.Context(), time.Duration(f.DelayMs)*time.Millisecond) != nil {
			return
		}
	}
}

func cut(_ *Simulator, _ Fault, w http.ResponseWriter, _ *http.Request, good *draft) {
	body := good.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(good.code)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// oversize puts a padding member before the others: the answer stays valid, a decoder without a cap eats it whole.
func oversize(_ *Simulator, f Fault, w http.ResponseWriter, _ *http.Request, good *draft) {
	orElse(&f.Size, 64<<20)
	w.WriteHeader(good.code)
	_, _ = io.WriteString(w, `{"padding":"`)
	block := bytes.Repeat([]byte("x"), 64<<10)
	for left := f.Size; left > 0; left -= len(block) {
		if _, err := w.Write(block[:min(left, len(block))]); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `",`)
	_, _ = w.Write(bytes.TrimPrefix(good.body.Bytes(), []byte("{")))
}
