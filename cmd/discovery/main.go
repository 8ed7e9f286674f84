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

// Exit codes: what went wrong while running, and what was wrong before anything ran.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	// A reader that has left (demo | head) is an error to clean up after, not a sudden end.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(report(err, os.Stderr))
}

// run is the whole program with its surroundings as arguments. It returns when the
// command is done or ctx ends.
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

// lookup is os.LookupEnv or a test's own.
type lookup = func(string) (string, bool)

// usageError marks what the caller got wrong, settings included.
type usageError struct{ error }

// Unwrap gives the error itself.
func (e usageError) Unwrap() error { return e.error }

// exactly wants so many arguments.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("usage: %s", cmd.UseLine())}
		}
		return nil
	}
}

// report prints an error in one line and gives the exit code that belongs to it.
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

// untilStopped takes an order to stop for the end of a command that works until it comes.
func ignoreInterrupt(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// unlessStopped says of a command that works until it is done that it was told to stop
// before. Whatever failed by that, the database's interruption for one, failed for no other
// reason.
func interruptedError(ctx context.Context, command string, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%s: interrupted; what is done stays, run it again", command)
}

// oneLine joins lines as a list.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":;", ":")
}

// settings loads the whole configuration.
func settings(env lookup) (configs.Config, error) {
	return settingsError(configs.Load(env, compose.Networks()))
}

// told puts all faults of the settings into one line, by name.
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
