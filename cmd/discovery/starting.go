package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

// handoverTimeout is how long the requests of the start may take to finish when the service takes over.
const handoverTimeout = time.Second

// startTimeout limits how long a request of the start may take.
const startTimeout = 5 * time.Second

// serveStart answers on the listener while the service starts, which takes long while another process migrates the
// schema: GET /health is a 200, so that an orchestrator does not end the process, and everything else is a 503. GET
// /readyz has the members that it has later. stop ends it. Afterwards the listener can be used as before. A listener of
// another kind than TCP is not served.
func serveStart(listener net.Listener) (stop func()) {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return func() {}
	}
	server := &http.Server{
		Handler: http.HandlerFunc(answerStart), ReadTimeout: startTimeout, WriteTimeout: startTimeout,
		MaxHeaderBytes: 64 << 10,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(compose.ListenProblems(borrowedListener{tcp})) // ends by stop
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), handoverTimeout)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close()
		}
		<-ended
		_ = tcp.SetDeadline(time.Time{})
	}
}

// answerStart answers a request while the service starts.
func answerStart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path == "/health" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"healthy"}`+"\n")
		return
	}
	w.Header().Set("Retry-After", "1")
	if r.URL.Path == "/readyz" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"unavailable","checks":{},"version":`+
			strconv.Quote(compose.Version())+"}\n")
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"type":"about:blank","title":"Service Unavailable","status":503,`+
		`"detail":"the service is starting","code":"MTCH-0008"}`+"\n")
}

// borrowedListener is a listener that its server does not close. Closing it ends the server's Accept.
type borrowedListener struct{ *net.TCPListener }

// Close implements net.Listener.
func (l borrowedListener) Close() error { return l.SetDeadline(time.Now()) }
