package main

import (
	"context"
	"io"
	"net"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

func serveCommand(env lookup, logTo io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the webhooks, and run the pulls",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ignoreInterrupt(serve(cmd.Context(), env, logTo))
		},
	}
}

// serve listens before it composes the service, so that an address in use fails the start
// before anything is migrated.
func serve(ctx context.Context, env lookup, logTo io.Writer) error {
	cfg, err := settings(env)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, "SERVER_ADDRESS", cfg.ServerAddress)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "ADMIN_ADDRESS", cfg.AdminAddress)
	if err != nil {
		_ = listener.Close()
		return err
	}
	app, err := compose.New(ctx, cfg, compose.Overrides{LogTo: logTo})
	if err != nil {
		_, _ = listener.Close(), admin.Close()
		return err
	}
	if err := limitMemory(memlimit.FromCgroup); err != nil {
		app.Log.Info("no memory limit is known", zap.Error(err))
	}
	if _, chosen := env("GOGC"); !chosen {
		go system.PaceHeap(ctx)
	}
	go releaseStartupMemory()
	return app.Serve(ctx, listener, admin)
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usageError{namedError{setting, err}}
	}
	return listener, nil
}

// namedError prefixes an error with the setting that caused it.
type namedError struct {
	setting string
	error
}

// Error implements error.
func (e namedError) Error() string { return e.setting + ": " + e.error.Error() }

// Unwrap returns the wrapped error.
func (e namedError) Unwrap() error { return e.error }
