package compose

import (
	"context"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
)

// Timeouts of a shutdown: notice for load balancers, requests, then pulls, then the last
// traces (traceTimeout, and a second to interrupt them) and the database's connections.
// Together they stay below the 15 s after which an orchestrator kills the process.
const (
	readinessDelay = 500 * time.Millisecond
	closeDelay     = 200 * time.Millisecond
	requestTimeout = 5 * time.Second
	pullTimeout    = 6 * time.Second
	closeTimeout   = time.Second
)

// Serve runs until ctx ends, then drains and closes everything: first readiness turns
// negative, then requests finish, then pulls finish or are handed back. admin may be nil.
// Serve closes the listeners. Errors: what prevented the start, or ended the service early.
func (a *App) Serve(ctx context.Context, listener, admin net.Listener) error {
	defer a.Close()
	listener = limitConnections(listener, a.cfg.ServerMaxConnections)
	if err := a.Stores.Queue.Start(ctx, a.Service, a.Service); err != nil {
		_ = listener.Close()
		return err
	}
	failed := make(chan error, 2)
	api := rest.NewServer("", a.handler)
	go func() { failed <- api.Serve(listener) }()
	if admin != nil {
		server := rest.NewServer("", telemetry.Admin(a.Metrics))
		go func() { failed <- server.Serve(admin) }()
		defer func() { _ = server.Close() }()
	}
	a.Log.Info("serving", zap.Stringer("address", listener.Addr()), zap.String("version", Version()))
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.drain(api, listener)
	return err
}

// limitConnections bounds the connections that are open concurrently; 0 means no limit.
// Further connections wait in the kernel's queue, and are reset when the listener closes.
func limitConnections(listener net.Listener, maxConnections int) net.Listener {
	if maxConnections == 0 {
		return listener
	}
	return netutil.LimitListener(listener, maxConnections)
}

// drain stops the service in the order in which its callers depend on it. Shutdown closes
// connections that were accepted and have not sent their request yet. The listener is
// therefore closed a moment earlier, so that every accepted connection gets a response.
func (a *App) drain(api *http.Server, listener net.Listener) {
	a.draining.Store(true)
	a.Service.StopWaiting()
	a.Log.Info("draining")
	time.Sleep(readinessDelay)
	_ = listener.Close()
	time.Sleep(closeDelay)
	requests, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	if err := api.Shutdown(requests); err != nil {
		a.Log.Warn("requests were interrupted", zap.Error(err))
		_ = api.Close()
	}
	pulls, cancel := context.WithTimeout(context.Background(), pullTimeout)
	defer cancel()
	if err := a.Stores.Queue.Stop(pulls); err != nil {
		a.Log.Warn("pulls were interrupted; another process will continue them", zap.Error(err))
	}
	if flush := a.Service.FlushTokenUsage(pulls); flush != nil {
		a.Log.Warn("last use of tokens was not saved", zap.Error(flush))
	}
	a.Log.Info("stopped")
}
