// Command discovery serves aggregator connections: the operator API, the vendors'
// webhooks and the pulls they drive. README.md shows it at work.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Exit codes: for a failure at run time, and for invalid arguments or settings.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	// A closed pipe (demo | head) is an error to clean up after, not a sudden end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// run is the whole program, with its environment as arguments. It returns when the command
// is done or ctx ends.
func run(ctx context.Context, args []string, env lookup, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:           "discovery",
		Short:         "Open-Finance aggregator connections for a reconciliation engine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		serveCommand(env, stderr), migrateCommand(env), keysetCommand(env), resealCommand(env),
		demoCommand(), sandboxCommand(), tokenCommand(env), versionCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

// lookup is the type of os.LookupEnv.
type lookup = func(string) (string, bool)

// usageError is an error that the caller made, in arguments or settings.
type usageError struct{ error }

// Unwrap returns the wrapped error.
func (e usageError) Unwrap() error { return e.error }

// exactArgs requires exactly n arguments.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("usage: %s", cmd.UseLine())}
		}
		return nil
	}
}

// report prints an error in one line and returns its exit code.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "discovery:", oneLine(err.Error()))
	if errors.As(err, new(usageError)) || errors.As(err, new(compose.SettingError)) ||
		strings.HasPrefix(err.Error(), "unknown command") {
		return exitUsage
	}
	return exitFailure
}

// ignoreInterrupt returns nil for the interrupt of a command that runs until it is stopped.
func ignoreInterrupt(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// interruptedError returns the error of a command that was interrupted before it was done. It
// replaces err, because an interrupt also causes errors elsewhere, for example in the
// database.
func interruptedError(ctx context.Context, command string, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%s: interrupted; finished work is kept, run it again", command)
}

// oneLine joins lines with semicolons.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":;", ":")
}

// settings loads all settings.
func settings(env lookup) (configs.Config, error) {
	return settingsError(configs.Load(env, compose.Networks()))
}

// settingsError turns the errors of all invalid settings into one line with their names.
func settingsError(cfg configs.Config, err error) (configs.Config, error) {
	if err == nil {
		return cfg, nil
	}
	var lines []string
	for _, fault := range domain.ErrorsOf(err) {
		lines = append(lines, fault.Field+" "+fault.Message)
	}
	return cfg, usageError{errors.New("settings: " + strings.Join(lines, "; "))}
}
