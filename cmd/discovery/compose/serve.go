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

// How long a stop may take: notice for load balancers, requests, then pulls, and behind
// them the last traces (traceTime, and a second to cut them off) and the database's
// connections. Together they stay below the 15 s after which an orchestrator kills.
const (
	readinessDelay = 500 * time.Millisecond
	closeDelay     = 200 * time.Millisecond
	requestTimeout = 5 * time.Second
	pullTimeout    = 6 * time.Second
	closeTimeout   = time.Second
)

// Serve works until ctx ends, then drains and closes everything: readiness goes first,
// requests finish, pulls finish or are handed back. admin may be nil. The listeners
// belong to Serve. Errors: what kept it from starting, or ended it early.
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

// limited bounds the connections that are open at once; 0 is no bound. Whoever comes then
// waits before the door, in the kernel's queue, and is turned away when the door closes.
func limitConnections(listener net.Listener, maxConnections int) net.Listener {
	if maxConnections == 0 {
		return listener
	}
	return netutil.LimitListener(listener, maxConnections)
}

// drain ends the service in the order in which its callers depend on it. Shutdown hangs up
// on who was accepted and has not sent its request yet, so that the door is closed a
// moment before: whoever came through it is answered.
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
		a.Log.Warn("requests were cut off", zap.Error(err))
		_ = api.Close()
	}
	pulls, cancel := context.WithTimeout(context.Background(), pullTimeout)
	defer cancel()
	if err := a.Stores.Queue.Stop(pulls); err != nil {
		a.Log.Warn("pulls were cut off; another process takes them up", zap.Error(err))
	}
	if flush := a.Service.FlushTokenUsage(pulls); flush != nil {
		a.Log.Warn("last use of tokens not written", zap.Error(flush))
	}
	a.Log.Info("stopped")
}
