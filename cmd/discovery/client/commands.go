// Package client contains the subcommands that call the API of a running service. The environment variable
// DISCOVERY_URL contains the address of the service, and DISCOVERY_TOKEN contains the operator's token. From this
// repository, the package uses only the generated client in clients/go.
//
// Each group of commands has its own file. The other files contain shared code, for example for pages, output and
// prompts.
package client

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// The environment variables that every command of this package needs.
const (
	urlVariable   = "DISCOVERY_URL"
	tokenVariable = "DISCOVERY_TOKEN"
)

// GroupID is the id under which the help of the root command groups these commands.
const GroupID = "client"

// requestTimeout bounds one request. It is longer than the longest wait for changes.
const requestTimeout = time.Minute

// idleTimeout is how long a connection is kept between two requests.
const idleTimeout = time.Minute

// UsageError is an error in the arguments or in the environment, which the caller can correct.
type UsageError struct{ Err error }

// Error returns the message of the wrapped error.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e UsageError) Unwrap() error { return e.Err }

func usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Lookup returns the value of an environment variable, as os.LookupEnv does.
type Lookup = func(name string) (string, bool)

// Vendor is an aggregator that the service supports.
type Vendor struct {
	Name string
	// UsesAccessToken reports whether each connection to the aggregator has an access token.
	UsesAccessToken bool
}

// Commands returns the groups of commands. env looks up the environment variables. vendors contains the aggregators
// that the help texts mention.
func Commands(env Lookup, vendors []Vendor) []*cobra.Command {
	c := commands{env, vendors}
	groups := []*cobra.Command{
		c.connections(),
		c.institutions(),
		c.accounts(),
		c.bills(),
		c.bankStatements(),
		c.transactions(),
		c.replacements(),
		c.pulls(),
		c.deliveries(),
		c.tokens(),
		c.changes(),
		c.quarantine(),
		c.erasures(),
		c.linkSessions(),
		c.applications(),
		c.subscriptions(),
		c.audit(),
	}
	for _, group := range groups {
		group.GroupID = GroupID
		group.PersistentFlags().StringP("output", "o", formatTable, "output format: table, json or csv")
		completeFlag(group, "output", formats...)
		group.PersistentFlags().
			StringSlice("columns", nil, "only these members, separated by commas, for table and csv")
	}
	return groups
}

// commands builds the command tree.
type commands struct {
	env     Lookup // looks up the environment variables
	vendors []Vendor
}

// vendorNames returns the names of the vendors in their order.
func (c commands) vendorNames() []string {
	names := make([]string, len(c.vendors))
	for i, v := range c.vendors {
		names[i] = v.Name
	}
	return names
}

// vendorChoice returns the names of the vendors as a text, such as "a, b or c".
func (c commands) vendorChoice() string {
	names := c.vendorNames()
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// usesAccessToken reports whether the connections to the vendor have access tokens.
func (c commands) usesAccessToken(vendor string) bool {
	return slices.Contains(c.vendors, Vendor{Name: vendor, UsesAccessToken: true})
}

// group returns a command that only has subcommands.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q: %s --help lists the commands", args[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(subcommands...)
	return cmd
}

// between returns an argument validator. The validator returns a UsageError if a command has fewer than minArgs or more
// than maxArgs arguments.
func between(minArgs, maxArgs int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < minArgs || len(args) > maxArgs {
			return usagef("usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// session is the state of one run of a command.
type session struct {
	cmd     *cobra.Command
	api     *discovery.ClientWithResponses
	format  string
	columns []string          // of the flag --columns
	names   map[string]string // the names of connections by id that are known
	stdin   *bufio.Reader     // see input
}

// run returns the RunE function of a command. The RunE function opens a session and calls fn. If fn returns an error,
// the RunE function calls explain to turn the error into a message for the user.
func (c commands) run(fn func(s *session, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := c.connect(cmd)
		if err != nil {
			return err
		}
		return explain(fn(s, args))
	}
}

// connect returns a session with the settings from the environment. It sends no request.
func (c commands) connect(cmd *cobra.Command) (*session, error) {
	format, err := outputFormat(cmd)
	if err != nil {
		return nil, err
	}
	return c.connectFormat(cmd, format, requestTimeout)
}

// connectFormat is like connect, but with the given output format and the given timeout for a whole request. A
// timeout of 0 means no timeout.
func (c commands) connectFormat(cmd *cobra.Command, format string, timeout time.Duration) (*session, error) {
	origin, token, err := c.settings()
	if err != nil {
		return nil, err
	}
	client, err := discovery.New(origin, token, discovery.WithHTTPClient(newHTTPClient(timeout)),
		discovery.WithRequestEditorFn(acceptLocale))
	if err != nil {
		return nil, usagef("%s: %w", urlVariable, err)
	}
	columns, err := cmd.Flags().GetStringSlice("columns")
	if err != nil {
		columns = nil // a command without the flag
	}
	return &session{cmd: cmd, api: client, format: format, columns: columns, names: map[string]string{}}, nil
}

// acceptLocale asks for problem documents in Portuguese if that is the language of the environment.
func acceptLocale(_ context.Context, r *http.Request) error {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	if locale == "pt" || strings.HasPrefix(locale, "pt_") {
		r.Header.Set("Accept-Language", "pt-BR")
	}
	return nil
}

// newHTTPClient returns an HTTP client with a time limit for each request; 0 means no limit. It uses the proxy of the
// environment and does not limit the length of a response, because the user has chosen the service.
func newHTTPClient(timeout time.Duration) *http.Client {
	return egress.NewClient(egress.TransportConfig{
		Timeout: timeout, MaxBody: -1, Compressed: true, IdleTimeout: idleTimeout, Proxy: http.ProxyFromEnvironment,
	})
}

// settings returns the origin of the service and the operator's token. The error is a UsageError that names each
// missing variable, and a token that no header can contain.
func (c commands) settings() (origin, token string, err error) {
	origin, _ = c.env(urlVariable)
	token, _ = c.env(tokenVariable)
	origin, token = strings.TrimSpace(origin), strings.TrimSpace(token)
	var missing []error
	if origin == "" {
		missing = append(missing, fmt.Errorf("%s is not set: it is the origin of the service, "+
			"such as https://api.example.com", urlVariable))
	}
	if token == "" {
		missing = append(missing, fmt.Errorf("%s is not set: it is an operator's token; "+tokenHint, tokenVariable))
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		missing = append(
			missing,
			fmt.Errorf("%s contains white space, a line break or another character that no token "+
				"has; "+tokenHint, tokenVariable),
		)
	}
	if len(missing) > 0 {
		return "", "", UsageError{errors.Join(missing...)}
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return "", "", usagef("%s must be a URL such as https://api.example.com, without userinfo", urlVariable)
	}
	return strings.TrimRight(origin, "/"), token, nil
}

// printNote prints a line to the standard error, so that the line does not become part of the output of the command.
func (s *session) printNote(format string, args ...any) {
	s.cmd.PrintErrln(printable(fmt.Sprintf(format, args...)))
}
