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

// The time limits for the steps of a shutdown, in the order of the steps: two delays, in which load balancers notice
// that the process is not ready; the time in which the running requests can finish; the time in which the running pulls
// can finish; and the time for closing the connections to the database.
//
// Before the connections to the database are closed, the last traces are sent. This step is limited by traceTimeout (in
// tracing.go), plus one second to interrupt it. The sum of all limits is less than 15 s, after which an orchestrator
// kills the process.
const (
	readinessDelay = 500 * time.Millisecond
	closeDelay     = 200 * time.Millisecond
	requestTimeout = 5 * time.Second
	pullTimeout    = 6 * time.Second
	closeTimeout   = time.Second
)

// Serve serves the API on listener, and the metrics and profiles on admin, until ctx ends. Then it shuts down: the
// readiness check starts to fail, the running requests finish, the running pulls finish or are returned to the queue,
// and everything is closed. If admin is nil, the metrics and profiles are not served. Serve closes the listeners. It
// returns nil if the service ended because ctx ended, and otherwise the error that prevented the start or ended the
// service early.
func (a *App) Serve(ctx context.Context, listener, admin net.Listener) error {
	defer a.Close()
	listener = limitConnections(listener, a.cfg.ServerMaxConnections)
	if err := a.Stores.Queue.Start(ctx, a.Service, a.Service); err != nil {
		_ = listener.Close()
		return err
	}
	stopEvents := a.startEvents()
	if a.fetchKeys != nil {
		a.fetchKeys()
	}
	failed := make(chan error, 2)
	api := rest.NewServer("", a.handler)
	go func() { failed <- api.Serve(listener) }()
	if admin != nil {
		server := rest.NewServer("", telemetry.Admin(a.Metrics))
		go func() { failed <- server.Serve(admin) }()
		defer func() { _ = server.Close() }()
	}
	a.Log.Info("serving", append([]zap.Field{
		zap.Stringer("address", listener.Addr()), zap.String("version", Version()),
	}, chosenSettings(a.cfg)...)...)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.drain(api, listener, stopEvents)
	return err
}

// startEvents starts to send events to the subscriptions, and returns a function (stop) that ends this. stop returns a
// second function (wait), which waits until all running attempts have ended or its context is done. If the context is
// done first, another process sends the events of the unfinished attempts again.
func (a *App) startEvents() (stop func() (wait func(context.Context))) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Service.DispatchEvents(ctx)
	}()
	return func() func(context.Context) {
		cancel()
		return func(ctx context.Context) {
			select {
			case <-ended:
			case <-ctx.Done():
				a.Log.Warn("events were interrupted; they will be sent again")
			}
		}
	}
}

// limitConnections returns a listener that accepts at most maxConnections connections at the same time; 0 means no
// limit. Further connections wait in the kernel's queue. When the listener is closed, the connections that are still
// waiting are reset.
func limitConnections(listener net.Listener, maxConnections int) net.Listener {
	if maxConnections == 0 {
		return listener
	}
	return netutil.LimitListener(listener, maxConnections)
}

// drain stops the parts of the service one after the other, beginning with those that callers use. The listener is
// closed a moment before Shutdown is called. Otherwise Shutdown would close connections that have just been accepted
// and have not sent their request yet. With the delay, every accepted connection gets a response. The long polls end
// only when the listener is closed, so that their readers cannot connect to this process again.
func (a *App) drain(api *http.Server, listener net.Listener, stopEvents func() (wait func(context.Context))) {
	a.draining.Store(true)
	a.Log.Info("draining")
	time.Sleep(readinessDelay)
	_ = listener.Close()
	close(a.notAccepting)
	a.Service.StopWaiting()
	waitForEvents := stopEvents()
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
	waitForEvents(pulls)
	if flush := a.Service.FlushTokenUsage(pulls); flush != nil {
		a.Log.Warn("last use of tokens was not saved", zap.Error(flush))
	}
	a.Log.Info("stopped")
}
