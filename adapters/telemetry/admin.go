package telemetry

import (
	"net/http"
	"net/http/pprof"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Admin returns a handler that serves the metrics at /metrics and Go's pprof profiles at /debug/pprof/. It does not
// authenticate callers: bind it to an address that only operators can reach.
//
// Profiles show command lines and memory. A caller on another machine therefore receives a 404 for a profile. A
// connection through `kubectl port-forward` is treated as one from this machine.
func Admin(m *Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /debug/pprof/", onlyLoopback(pprof.Index))
	mux.Handle("GET /debug/pprof/cmdline", onlyLoopback(pprof.Cmdline))
	mux.Handle("GET /debug/pprof/profile", onlyLoopback(pprof.Profile))
	mux.Handle("GET /debug/pprof/symbol", onlyLoopback(pprof.Symbol))
	mux.Handle("GET /debug/pprof/trace", onlyLoopback(pprof.Trace))
	return mux
}

// onlyLoopback returns a handler that responds with a 404 to peers without a loopback address, and calls
// nextHandler for all others.
func onlyLoopback(nextHandler http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !peer.Addr().Unmap().IsLoopback() {
			http.NotFound(w, r)
			return
		}
		nextHandler(w, r)
	})
}
