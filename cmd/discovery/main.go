// Command discovery serves aggregator connections: the operator API, the webhooks of the
// vendors, and the pulls that the webhooks trigger. README.md contains examples of its use.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/client"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// The exit codes of a failure at run time, and of invalid arguments or settings.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	// SIGPIPE is ignored, so that writing to a closed pipe (demo | head) returns an error. Otherwise the signal would
	// end the process before it can clean up.
	signal.Ignore(syscall.SIGPIPE)
	// net/http writes the bytes that a server sends without a request to the standard logger. Servers of tenants could
	// fill the log with them. The service itself logs through adapters/telemetry.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := errTrust
	if err == nil {
		err = run(ctx, os.Args[1:], os.LookupEnv, os.Environ(), os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(report(err, os.Stderr))
}

// run is the whole program except for the signals and the exit code. env looks up an environment variable, and environ
// lists all variables in the form of os.Environ. run returns when the command is done or when ctx ends.
func run(ctx context.Context, args []string, env lookup, environ []string, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:           "discovery",
		Short:         "Open-Finance aggregator connections for a reconciliation engine",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	addVersionFlag(root)
	root.AddGroup(
		&cobra.Group{ID: serverGroup, Title: "Commands of a server:"},
		&cobra.Group{ID: client.GroupID, Title: "Commands of a client (DISCOVERY_URL, DISCOVERY_TOKEN):"},
	)
	addServerCommands(
		root, serveCommand(env, environ, stderr), migrateCommand(env), keysetCommand(), resealCommand(env),
		demoCommand(), sandboxCommand(env), tokenCommand(env), versionCommand(), healthCommand(env), evidenceCommand(),
	)
	root.AddCommand(client.Commands(env, clientVendors())...)
	addAuditVerify(root, env)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.PersistentPreRunE = checkFlags
	root.SetArgs(client.WithTypedAmounts(root, args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.InitDefaultCompletionCmd() // after SetOut: the subcommands keep the writer that they find here
	refuseUnknownShells(root)
	return root.ExecuteContext(ctx)
}

// checkFlags returns a usageError if a required flag is missing, or if flags exclude each other. Cobra checks the same
// later, but its errors cannot be told from those of the command itself.
func checkFlags(cmd *cobra.Command, _ []string) error {
	if err := cmp.Or(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
		return usageError{Err: err}
	}
	return nil
}

// flagError returns the usageError for an error in a flag. It replaces the messages of package strconv.
func flagError(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return usageError{Err: err}
	}
	reason := "must be a whole number"
	switch {
	case number.Func == "ParseBool":
		reason = "must be true or false"
	case errors.Is(number, strconv.ErrRange):
		reason = "is out of range"
	}
	return usageError{Err: errors.New(strings.ReplaceAll(err.Error(), number.Error(), reason))}
}

// refuseUnknownShells makes "completion" without one of its subcommands an error. Cobra would print the help and exit
// with 0, so that a misspelled shell in a script would look like a success.
func refuseUnknownShells(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) == 0 {
					return cmd.Help()
				}
				return usageError{Err: fmt.Errorf("no completion for the shell %q: %s --help lists the shells", args[0],
					cmd.CommandPath())}
			}
		}
	}
}

// clientVendors returns the supported aggregators for the commands of a client.
func clientVendors() []client.Vendor {
	var all []client.Vendor
	for _, name := range compose.VendorNames() {
		all = append(all, client.Vendor{Name: string(name), UsesAccessToken: compose.UsesAccessToken(name)})
	}
	return all
}

// lookup is the type of os.LookupEnv.
type lookup = func(string) (string, bool)

// usageError is an error in the arguments or the settings, which the user can correct.
type usageError = client.UsageError

// serverGroup is the id of the group of commands that do not call the API.
const serverGroup = "server"

// addServerCommands adds commands to root, in the group serverGroup.
func addServerCommands(root *cobra.Command, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = serverGroup
		root.AddCommand(cmd)
	}
}

// exactArgs returns an argument validator, which returns a usageError unless a command has exactly n arguments.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{Err: fmt.Errorf("usage: %s", cmd.UseLine())}
		}
		return nil
	}
}

// report prints err in one line to stderr and returns the exit code for it. For nil it prints
// nothing and returns 0.
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

// ignoreInterrupt returns nil if err is context.Canceled, and err otherwise. For a command that
// runs until it is stopped, an interrupt is not a failure.
func ignoreInterrupt(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// interruptedError returns the error of a command that was interrupted before it was done. If ctx has ended, it returns
// an error that says so instead of err, because an interrupt also causes errors elsewhere, for example in the database.
// Otherwise it returns err.
func interruptedError(ctx context.Context, command string, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%s: interrupted; finished work is kept, run it again", command)
}

// oneLine returns text with its lines joined by semicolons.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.ReplaceAll(strings.Join(lines, "; "), ":;", ":")
}

// settings loads all settings from env.
func settings(env lookup) (configs.Config, error) {
	return settingsError(configs.Load(env, compose.Vendors()))
}

// settingsError returns cfg, and replaces err with an error of one line that contains the names and messages of all
// invalid settings.
func settingsError(cfg configs.Config, err error) (configs.Config, error) {
	if err == nil {
		return cfg, nil
	}
	var lines []string
	for _, fault := range domain.ErrorsOf(err) {
		lines = append(lines, fault.Field+" "+fault.Message)
	}
	return cfg, usageError{Err: errors.New("settings: " + strings.Join(lines, "; "))}
}
