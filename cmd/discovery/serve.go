package main

import (
	"context"
	"io"
	"net"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

func serveCommand(env lookup, environ []string, logTo io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the API and the webhooks, and run the pulls",
		Long: "Serve the API and the webhooks, and run the pulls.\n\nThe settings are environment variables:\n\n" +
			strings.TrimSpace(configs.Reference),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ignoreInterrupt(serve(cmd.Context(), env, environ, logTo))
		},
	}
}

// serve runs the service until ctx ends. It opens the listeners first, so that an address that is already in use is
// found before the schema is migrated. If the start fails, serve writes no log line, because the returned error must
// be the only line that is printed.
func serve(ctx context.Context, env lookup, environ []string, logTo io.Writer) error {
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
	stopStart := serveStart(listener)
	app, err := compose.New(ctx, cfg, compose.Overrides{LogTo: logTo})
	stopStart()
	if err != nil {
		_, _ = listener.Close(), admin.Close()
		return err
	}
	for _, warning := range cfg.Warnings(env, variableNames(environ)) {
		app.Log.Warn("setting", zap.String("setting", warning.Setting), zap.String("problem", warning.Problem))
	}
	if err := limitMemory(memlimit.FromCgroup); err != nil {
		app.Log.Info("no memory limit is known", zap.Error(err))
	}
	if _, chosen := env("GOGC"); !chosen {
		go system.PaceHeap(ctx, app.ReservedMemory)
	}
	go releaseStartupMemory()
	return app.Serve(ctx, listener, admin)
}

// variableNames returns the names of the environment variables. Each item of environ has the form NAME=value.
func variableNames(environ []string) []string {
	names := make([]string, len(environ))
	for i, variable := range environ {
		names[i], _, _ = strings.Cut(variable, "=")
	}
	return names
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, usageError{Err: namedError{setting, err}}
	}
	return listener, nil
}

// namedError is an error that a setting caused. Its text begins with the setting's name.
type namedError struct {
	setting string
	error
}

// Error implements error.
func (e namedError) Error() string { return e.setting + ": " + e.error.Error() }

// Unwrap returns the wrapped error.
func (e namedError) Unwrap() error { return e.error }
