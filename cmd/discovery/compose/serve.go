package compose

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/adapters/telemetry"
)

// The time limits for the steps of a shutdown, in the order of the steps:
//   - readinessDelay is how long load balancers have to notice that the process is not ready.
//   - closeDelay is how long the first requests on new connections have to arrive (see drain).
//   - requestTimeout is how long the running requests have to finish.
//   - pullTimeout is how long the running pulls have to finish.
//   - closeTimeout is the limit for closing the connections to the database.
//
// Before the last step, the last traces are sent. The limit for sending them is traceTimeout (in tracing.go), plus one
// second to interrupt the sending. The sum of all limits is less than 15 s, after which an orchestrator kills the
// process.
const (
	readinessDelay = 500 * time.Millisecond
	closeDelay     = 200 * time.Millisecond
	requestTimeout = 5 * time.Second
	pullTimeout    = 6 * time.Second
	closeTimeout   = time.Second
)

// ListenProblems returns a listener whose connections send problem documents where net/http answers in plain text.
// Serve does this itself.
func ListenProblems(listener net.Listener) net.Listener { return rest.ListenProblems(listener) }

// Serve serves the API on listener, and the metrics and profiles on admin, until ctx ends. If admin is nil, the metrics
// and profiles are not served. When ctx ends, Serve shuts down in these steps:
//   - The readiness check starts to fail.
//   - The running requests finish.
//   - The running pulls finish, or they are returned to the queue.
//   - Everything is closed, including the listeners.
//
// Serve closes the App (see Close) before it returns, also after an error, so it can be called only once. A further
// call, or one after Close, changes nothing and returns an error. If the service cannot start, or ends before ctx ends,
// Serve returns the error that is the reason. If the service ends because ctx ended, Serve returns nil.
func (a *App) Serve(ctx context.Context, listener, admin net.Listener) error {
	if a.used.Swap(true) {
		return errors.New("compose: the App was served or closed before; make another one with New")
	}
	defer a.Close()
	listener, track := limitConnections(ListenProblems(listener), a.cfg.ServerMaxConnections)
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
	api.ConnState = track
	go func() { failed <- api.Serve(listener) }()
	if admin != nil {
		server := rest.NewServer("", telemetry.Admin(a.Metrics))
		go func() { failed <- server.Serve(admin) }()
		defer func() { _ = server.Close() }()
	}
	a.Log.Info("serving", append([]zap.Field{
		zap.Stringer("address", listener.Addr()), zap.String("version", Version()),
	}, chosenSettings(a.cfg, a.proxy)...)...)
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.drain(api, listener, stopEvents)
	return err
}

// startEvents starts to send events to the subscriptions. The returned functions are used during the shutdown:
//   - stop prevents new attempts to send events. It returns the function wait immediately.
//   - wait blocks until the running attempts have ended, or until its context is done.
//
// If an attempt is still unfinished when this process ends, another process sends its events again.
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

// drain stops the parts of the service one after the other, beginning with the parts that callers use.
//
// After the listener is closed, drain waits for closeDelay before it calls http.Server.Shutdown. Meanwhile, the server
// still answers the first requests on new connections. Shutdown closes these connections without a response.
//
// The long polls end only after the listener is closed. Their clients therefore cannot connect to this process again.
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
