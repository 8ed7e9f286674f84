package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/plaid/plaidsim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// simulator describes the simulator of one vendor in the sandbox.
type simulator struct {
	vendor  string // also the name of the flag that sets the listen address
	title   string
	address string // the default listen address
	// start returns the handler of a simulator that contains data, and a text with the account reference and the
	// credential for this data.
	start func(now func() time.Time) (handler http.Handler, access string, err error)
}

// simulators returns the simulators of all vendors. To add a vendor, add an entry here. The one of Pluggy has the given
// number of further items, which its start adds to seeded.
func simulators(items int, seeded *[]pluggysim.SeededItem) []simulator {
	return []simulator{
		{
			"pluggy", "Pluggy", "127.0.0.1:4031",
			func(now func() time.Time) (http.Handler, string, error) {
				sim := pluggysim.New(pluggysim.Options{
					Now: now, RateLimit: pluggysim.RealRateLimit, RefreshTime: 5 * time.Second,
				})
				sim.SeedAt(now())
				sim.SeedUnreadAt(now())
				*seeded = sim.SeedItems(items, now())
				return sim.Handler(), "accountRef " + pluggysim.DemoItemID + " (or " + pluggysim.UnreadItemID +
					", whose bank was last read nine days ago), clientId " + pluggysim.DemoClientID + ", secret " +
					pluggysim.DemoClientSecret, nil
			},
		},
		{
			"belvo", "Belvo", "127.0.0.1:4032",
			func(now func() time.Time) (http.Handler, string, error) {
				sim := belvosim.New(belvosim.Options{Now: now})
				sim.Seed()
				return sim.Handler(), "accountRef " + belvosim.DemoLinkID + ", clientId " + belvosim.DemoSecretID +
					", secret " + belvosim.DemoSecretPassword, nil
			},
		},
		{
			"plaid", "Plaid", "127.0.0.1:4033",
			func(now func() time.Time) (http.Handler, string, error) {
				sim := plaidsim.New(plaidsim.Options{Now: now})
				return sim.Handler(), "accountRef " + plaidsim.DemoItemID + ", clientId " + plaidsim.DemoClientID +
					", secret " + plaidsim.DemoSecret + ", accessToken " + plaidsim.DemoAccessToken, sim.Seed()
			},
		},
	}
}

func sandboxCommand(env lookup) *cobra.Command {
	addresses, connections := map[string]*string{}, 0
	var titles []string
	cmd := &cobra.Command{
		Use:  "sandbox",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var service *demoClient
			if connections < 0 {
				return usageError{Err: errors.New("--connections: must not be negative")}
			}
			if connections > 0 {
				var err error
				if service, err = sandboxClient(cmd.Context(), env, cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			return ignoreInterrupt(sandbox(cmd.Context(), addresses, cmd.OutOrStdout(), connections, service))
		},
	}
	cmd.Flags().IntVar(&connections, "connections", 0, "how many connections to further items of Pluggy are "+
		"created at the service at DISCOVERY_URL, with DISCOVERY_TOKEN, as soon as it is ready")
	for _, sim := range simulators(0, new([]pluggysim.SeededItem)) {
		addresses[sim.vendor] = cmd.Flags().String(sim.vendor, sim.address, "listen address of "+sim.title)
		titles = append(titles, sim.title)
	}
	last := len(titles) - 1
	cmd.Short = "Serve the simulators of " + strings.Join(titles[:last], ", ") + " and " + titles[last] +
		", with their control API at /_control/"
	return cmd
}

// sandbox serves the simulators of all vendors at the given listen addresses until ctx ends. It creates the given
// number of connections at the service; see connectItems.
func sandbox(
	ctx context.Context, addresses map[string]*string, out io.Writer, connections int, service *demoClient,
) error {
	var items []pluggysim.SeededItem
	now := func() time.Time { return time.Now().UTC() }
	group, ctx := errgroup.WithContext(ctx)
	for _, sim := range simulators(connections, &items) {
		handler, access, err := sim.start(now)
		if err != nil {
			return err
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addresses[sim.vendor])
		if err != nil {
			return listenError(sim.vendor, err)
		}
		if _, err := fmt.Fprintf(out, "%-7s http://%s  %s\n", sim.vendor, listener.Addr(), access); err != nil {
			return err
		}
		group.Go(func() error { return serveUntil(ctx, listener, handler) })
		if sim.vendor == "pluggy" && connections > 0 {
			origin := "http://" + listener.Addr().String()
			group.Go(func() error { return connectItems(service, origin, items) })
		}
	}
	return group.Wait()
}

// listenError adds the name of the flag to the error of its listen address. It returns a usageError unless the address
// is valid and only cannot be used, for example because another process uses it.
func listenError(flag string, err error) error {
	err = fmt.Errorf("--%s: %w", flag, err)
	if errors.As(err, new(*net.AddrError)) {
		return usageError{Err: err}
	}
	return err
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
