package e2e_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// The test stops the service in the same way as the `serve` command. The service must finish started work or return
// the work to the queue. It must leave no goroutine.
//
// The test is not parallel, so every goroutine that appears during the test belongs to the test.
func TestStoppingFinishesOrHandsBackTheWork(t *testing.T) {
	for backend, dsn := range backends {
		t.Run(backend, func(t *testing.T) {
			cfg := settings(t, backend, dsn(t))
			b := newPluggy(t)
			before := goleak.IgnoreCurrent()
			log := &journal{}
			app, err := compose.New(t.Context(), cfg, compose.Overrides{
				LogTo: log, PerMinute: -1, StoreTimeout: harness.StoreTimeout,
			})
			if err != nil {
				t.Fatal(err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- app.Serve(ctx, listener, nil) }()
			w := &env{
				backend: backend,
				origin:  "http://" + listener.Addr().String(),
				log:     log,
				app:     app,
				cfg:     cfg,
				http:    client(),
			}
			o, id, _ := connectAndPull(t, w, b)
			o.checkRows(b, id)
			entered, release := b.gate().hold(b.rowsPath())
			o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(202)
			<-entered
			stop()
			eventually(t, "the message about the stop", func() bool { return len(log.linesWith("draining")) > 0 })
			release()
			if err := <-ended; err != nil {
				t.Errorf("it ended with %v", err)
			}
			if lines := log.linesWith(`"level":"error"`); len(lines) > 0 {
				t.Errorf("it logged warnings: %v", lines)
			}
			w.http.CloseIdleConnections()
			b.gate().server.CloseClientConnections()
			goleak.VerifyNone(t, before)
		})
	}
}
