package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

func sandboxCommand() *cobra.Command {
	var pluggyAt, belvoAt, plaidAt string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the simulators of Pluggy, Belvo and Plaid, with their control API at /_control/",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ignoreInterrupt(sandbox(cmd.Context(), pluggyAt, belvoAt, plaidAt, cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&pluggyAt, "pluggy", "127.0.0.1:4031", "listen address of Pluggy")
	cmd.Flags().StringVar(&belvoAt, "belvo", "127.0.0.1:4032", "listen address of Belvo")
	cmd.Flags().StringVar(&plaidAt, "plaid", "127.0.0.1:4033", "listen address of Plaid")
	return cmd
}

// sandbox serves the simulators of all vendors until ctx ends.
func sandbox(ctx context.Context, pluggyAt, belvoAt, plaidAt string, out io.Writer) error {
	now := func() time.Time { return time.Now().UTC() }
	pluggy := pluggysim.New(pluggysim.Options{Now: now, RateLimit: pluggysim.RealRateLimit})
	pluggy.SeedAt(now())
	belvo := belvosim.New(belvosim.Options{Now: now})
	belvo.Seed()
	plaid := plaidsim.New(plaidsim.Options{Now: now})
	if err := plaid.Seed(); err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	for _, sim := range []struct {
		name, address string
		handler       http.Handler
		login         string
	}{
		{
			"pluggy", pluggyAt, pluggy.Handler(),
			"accountRef " + pluggysim.DemoItemID + ", clientId " + pluggysim.DemoClientID + ", secret " +
				pluggysim.DemoClientSecret,
		},
		{
			"belvo", belvoAt, belvo.Handler(),
			"accountRef " + belvosim.DemoLinkID + ", clientId " + belvosim.DemoSecretID + ", secret " +
				belvosim.DemoSecretPassword,
		},
		{
			"plaid", plaidAt, plaid.Handler(),
			"accountRef " + plaidsim.DemoItemID + ", clientId " + plaidsim.DemoClientID + ", secret " +
				plaidsim.DemoSecret + ", accessToken " + plaidsim.DemoAccessToken,
		},
	} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", sim.address)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%-7s http://%s  %s\n", sim.name, listener.Addr(), sim.login); err != nil {
			return err
		}
		group.Go(func() error { return serveUntil(ctx, listener, sim.handler) })
	}
	return group.Wait()
}

// serveUntil serves handler until ctx ends. Then it waits at most one second for the running
// requests.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
		_ = server.Close()
	})
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
