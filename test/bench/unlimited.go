package main

import (
	"context"
	"net"
	"os"

	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

// unlimitedCommand is the argument that makes this program run as the service.
const unlimitedCommand = "serve-unlimited"

// serveUnlimited runs the service like `discovery serve`, but without the vendors' rate budgets.
func serveUnlimited(ctx context.Context) error {
	cfg, err := configs.Load(os.LookupEnv, compose.Vendors())
	if err != nil {
		return err
	}
	var listeners [2]net.Listener
	for i, address := range []string{cfg.ServerAddress, cfg.AdminAddress} {
		if listeners[i], err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err != nil {
			return err
		}
	}
	app, err := compose.New(ctx, cfg, compose.Overrides{PerMinute: -1})
	if err != nil {
		return err
	}
	go system.PaceHeap(ctx, app.ReservedMemory)
	return app.Serve(ctx, listeners[0], listeners[1])
}
