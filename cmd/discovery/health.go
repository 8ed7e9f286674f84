package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/configs"
)

// healthTimeout is the timeout of the request that the `health` command sends. It is longer than the service itself
// waits for a dependency that does not respond.
const healthTimeout = 3 * time.Second

func healthCommand(env lookup) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the service on this machine whether it is ready; exit with 0 or 1",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settingsError(configs.LoadHealth(env))
			if err != nil {
				return err
			}
			if err := checkHealth(cmd.Context(), cfg.ServerAddress); err != nil {
				return fmt.Errorf("health: %w", err)
			}
			cmd.Println("ready")
			return nil
		},
	}
}

// checkHealth requests /readyz from the service that listens on address. It returns nil if the service
// is ready. Otherwise the error contains the status of the service and the names of the failed checks.
func checkHealth(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/readyz", nil)
	if err != nil {
		return err
	}
	// The client dials address instead of the host in the URL. If address has no host, or the host 0.0.0.0,
	// net.Dialer connects to the local machine. A proxy from the environment is not used.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	client := egress.NewClient(egress.TransportConfig{Dial: dial})
	response, err := client.Do(request)
	if err != nil {
		return errors.Unwrap(err) // err without its URL: the host in the URL is not the dialed address
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return notReadyError(response)
}

// notReadyError returns the error for a response from /readyz whose status is not 200.
func notReadyError(response *http.Response) error {
	var body struct {
		Status string                             `json:"status"`
		Checks map[string]struct{ Status string } `json:"checks"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, 1<<16)).Decode(&body); err != nil {
		return fmt.Errorf("the response has status %d", response.StatusCode)
	}
	var failed []string
	for _, name := range slices.Sorted(maps.Keys(body.Checks)) {
		if body.Checks[name].Status != "up" {
			failed = append(failed, name+" is "+body.Checks[name].Status)
		}
	}
	return errors.New(strings.Join(append([]string{"the service is " + body.Status}, failed...), ", "))
}
