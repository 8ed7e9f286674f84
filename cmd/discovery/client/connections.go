package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) connections() *cobra.Command {
	return group("connections", "List, create, change, pause, delete, erase and test connections",
		c.listConnections(), c.getConnection(), c.createConnection(), c.updateConnection(), c.deleteConnection(),
		c.testConnection(), c.connectionHealth(), c.linkConnection(), c.refreshConnection(), c.pauseConnection(),
		c.resumeConnection(), c.eraseConnection(), c.summarizeConnections(),
	)
}

func (c commands) listConnections() *cobra.Command {
	var flags listFlags
	var health, expires, bank string
	cmd := &cobra.Command{Use: "list", Short: "List the connections by name", Args: between(0, 0)}
	flags.register(cmd)
	cmd.Flags().StringVar(&health, "health", "", "only in this state: unknown, healthy or unhealthy")
	completeFlag(cmd, "health", "unknown", "healthy", "unhealthy")
	consentFlag(cmd, &expires, "")
	institutionFlag(cmd, &bank, "")
	cmd.RunE = c.run(func(s *session, _ []string) error {
		filter := optional(discovery.ListConnectionsParamsHealth(health))
		if filter != nil && !filter.Valid() {
			return usagef("--health must be unknown, healthy or unhealthy")
		}
		before, err := parseDate("--consent-expires-before", expires)
		if err != nil {
			return err
		}
		if s.format == formatTable { // the list of connections has no health
			_, err = s.list(connectionListView, flags, "",
				func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
					return s.api.ListConnectionHealth(ctx, &discovery.ListConnectionHealthParams{
						Health:               optional(discovery.ListConnectionHealthParamsHealth(health)),
						ConsentExpiresBefore: before, Institution: optional(bank), Limit: limit, Cursor: cursor,
					})
				})
			return err
		}
		_, err = s.list(connectionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListConnections(ctx, &discovery.ListConnectionsParams{
					Health:               filter,
					ConsentExpiresBefore: before,
					Institution:          optional(bank),
					Limit:                limit,
					Cursor:               cursor,
				})
			})
		return err
	})
	return cmd
}

func (c commands) getConnection() *cobra.Command {
	return &cobra.Command{
		Use: "get NAME|ID", Short: "Print a connection", Args: between(1, 1), ValidArgsFunction: c.completeConnection,
		RunE: c.run(func(s *session, args []string) error {
			_, _, text, err := s.revision(args[0])
			if err != nil {
				return err
			}
			return s.print(connectionView, text)
		}),
	}
}

// revision reads a connection. It returns the connection, its entity tag, and the exact text of the response.
func (s *session) revision(nameOrID string) (found discovery.Descriptor, etag string, text []byte, err error) {
	id, err := s.connectionID(nameOrID)
	if err != nil {
		return found, "", nil, err
	}
	r, err := s.api.GetConnectionWithResponse(s.cmd.Context(), id)
	if err != nil {
		return found, "", nil, err
	}
	if err := discovery.CheckResponse(r.HTTPResponse, r.Body); err != nil {
		return found, "", nil, err
	}
	if r.JSON200 == nil {
		return found, "", nil, errForeignResponse
	}
	return *r.JSON200, r.HTTPResponse.Header.Get("ETag"), r.Body, nil
}

const createHelp = `Create a connection. The client id and the secret are read from files, from standard
input, or from prompts without echo. They are never arguments, because every user of the machine can read
the arguments of a process.

  discovery connections create --vendor pluggy --name pluggy-main \
    --base-url https://api.pluggy.ai --account-ref ITEM_ID

With --client-id-file - and --secret-file - the first line of standard input is the client id, and the
second is the secret. With --access-token-file - the access token, if the aggregator assigns one to each
account reference, is the next line.`

func (c commands) createConnection() *cobra.Command {
	var body discovery.NewConnection
	var vendor, baseURL, application, accessToken string
	var credential credentialFlags
	cmd := &cobra.Command{
		Use: "create", Short: "Create a connection to an aggregator", Long: createHelp, Args: between(0, 0),
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "the aggregator: "+c.vendorChoice())
	cmd.Flags().StringVar(&body.ConfigName, "name", "", "name, unique among the connections")
	cmd.Flags().StringVar(&baseURL, "base-url", "", "URL of the API of the aggregator")
	cmd.Flags().StringVar(&application, "application", "", applicationFlag)
	cmd.Flags().StringVar(&body.AccountRef, "account-ref", "",
		"account reference: the id of the item or link at the aggregator")
	credential.register(cmd)
	cmd.Flags().StringVar(&accessToken, "access-token-file", "", accessTokenUsage)
	completeFlag(cmd, "vendor", c.vendorNames()...)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		if err := required(
			cmd,
			unlessApplication(application, "base-url", "vendor", "name", "account-ref")...); err != nil {
			return err
		}
		body.Vendor = discovery.NewConnectionVendor(vendor)
		if !body.Vendor.Valid() {
			return usagef("--vendor must be %s", c.vendorChoice())
		}
		access, err := s.access(baseURL, application, credential)
		if err != nil {
			return err
		}
		body.BaseURL, body.ClientID, body.Secret = access.baseURL, access.clientID, access.secret
		body.ApplicationID = access.application
		if c.usesAccessToken(vendor) || accessToken != "" {
			if body.AccessToken, err = s.accessToken(accessToken); err != nil {
				return err
			}
		}
		return show[discovery.Descriptor](s, connectionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.CreateConnection(ctx, nil, body)
		})
	})
	return cmd
}

// required returns a UsageError that names the given flags without a value, or nil if all of them have one.
func required(cmd *cobra.Command, flags ...string) error {
	var missing []error
	for _, name := range flags {
		if flag := cmd.Flags().Lookup(name); flag.Value.String() == "" {
			missing = append(missing, fmt.Errorf("--%s is required: %s", name, flag.Usage))
		}
	}
	if len(missing) > 0 {
		return UsageError{errors.Join(missing...)}
	}
	return nil
}

func (c commands) updateConnection() *cobra.Command {
	var change discovery.ConnectionChange
	var credential credentialFlags
	var rotate bool
	var baseURL, application, accessToken string
	cmd := &cobra.Command{
		Use: "update NAME|ID", Args: between(1, 1), ValidArgsFunction: c.completeConnection,
		Short: "Change members of a connection; the others keep their values",
	}
	cmd.Flags().StringVar(&change.ConfigName, "name", "", "new name")
	cmd.Flags().StringVar(&baseURL, "base-url", "", "new URL of the API of the aggregator")
	cmd.Flags().StringVar(&application, "application", "", applicationFlag)
	cmd.Flags().StringVar(&change.AccountRef, "account-ref", "", "new account reference")
	cmd.Flags().BoolVar(&rotate, "rotate", false, "ask for a new client id and secret")
	credential.register(cmd)
	cmd.Flags().StringVar(&accessToken, "access-token-file", "", accessTokenUsage)
	cmd.RunE = c.run(func(s *session, args []string) error {
		rotate = rotate || credential.isSet()
		unchanged := change == (discovery.ConnectionChange{}) && baseURL == "" && application == ""
		if unchanged && !rotate && accessToken == "" {
			return usagef("nothing to change: use --name, --base-url, --account-ref, --application, --rotate or " +
				"--access-token-file")
		}
		if application != "" && (baseURL != "" || rotate) {
			return usagef("--application replaces --base-url and the credential")
		}
		present, etag, _, err := s.revision(args[0])
		if err != nil {
			return err
		}
		keepEmpty(&change, present)
		switch {
		case application != "":
			found, err := s.application(application)
			if err != nil {
				return err
			}
			change.ApplicationID = &found.ID
		case baseURL != "":
			change.BaseURL = &baseURL
		case present.ApplicationID == nil:
			change.BaseURL = &present.BaseURL
		}
		if rotate {
			clientID, secret, err := s.credential(credential)
			if err != nil {
				return err
			}
			change.ClientID, change.Secret = &clientID, &secret
		}
		moved := c.usesAccessToken(string(present.Vendor)) && change.AccountRef != present.AccountRef
		if moved || accessToken != "" {
			if change.AccessToken, err = s.accessToken(accessToken); err != nil {
				return err
			}
		}
		params := &discovery.UpdateConnectionParams{IfMatch: &etag}
		return show[discovery.Descriptor](s, connectionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.UpdateConnection(ctx, present.ID, params, change)
		})
	})
	return cmd
}

// keepEmpty sets the empty members of the request body to the current values of the connection, so that the update
// does not change them.
func keepEmpty(body *discovery.ConnectionChange, descriptor discovery.Descriptor) {
	for _, member := range []struct {
		value   *string
		present string
	}{
		{&body.ConfigName, descriptor.ConfigName},
		{&body.AccountRef, descriptor.AccountRef},
	} {
		if *member.value == "" {
			*member.value = member.present
		}
	}
}

func (c commands) deleteConnection() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete NAME|ID", Short: "Delete a connection and revoke its webhook tokens", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the name")
	cmd.RunE = c.run(func(s *session, args []string) error {
		present, etag, _, err := s.revision(args[0])
		if err != nil {
			return err
		}
		if err := s.confirm(yes, "delete the connection", present.ConfigName); err != nil {
			return err
		}
		params := &discovery.DeleteConnectionParams{IfMatch: &etag}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.DeleteConnection(ctx, present.ID, params)
		}); err != nil {
			return err
		}
		s.printNote("deleted %s", present.ConfigName)
		return nil
	})
	return cmd
}

func (c commands) testConnection() *cobra.Command {
	return &cobra.Command{
		Use: "test NAME|ID", Short: "Test a connection with a live call; exit with 1 if it is unhealthy",
		Args: between(1, 1), ValidArgsFunction: c.completeConnection,
		RunE: c.run(func(s *session, args []string) error {
			found, err := s.connection(args[0])
			if err != nil {
				return err
			}
			outcome, text, err := decode[discovery.TestOutcome](s.cmd.Context(),
				func(ctx context.Context) (*http.Response, error) {
					return s.api.TestConnection(ctx, discovery.TestRequest{
						Vendor: discovery.TestRequestVendor(found.Vendor), ConfigName: found.ConfigName,
					})
				})
			if err != nil {
				return err
			}
			if err := s.print(testView, text); err != nil || outcome.Healthy {
				return err
			}
			reason := "without a reason"
			if outcome.Reason != nil {
				reason = printable(*outcome.Reason)
			}
			return fmt.Errorf("the connection is unhealthy: %s", reason)
		}),
	}
}

// consentFlag adds a flag that selects the connections whose consents expire before a date.
func consentFlag(cmd *cobra.Command, value *string, prefix string) {
	cmd.Flags().StringVar(value, "consent-expires-before", "",
		prefix+"only connections whose consent expires before this date, YYYY-MM-DD")
}

func (c commands) connectionHealth() *cobra.Command {
	var flags listFlags
	var health, expires, name, bank string
	var attention bool
	cmd := &cobra.Command{
		Use: "health [NAME|ID]", Short: "Print the health of one connection or of all", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&health, "health", "", "without NAME, only in this state: unknown, healthy or unhealthy")
	completeFlag(cmd, "health", "unknown", "healthy", "unhealthy")
	cmd.Flags().BoolVar(&attention, "attention", false,
		"without NAME, only connections that need a person, the most urgent one first")
	cmd.Flags().StringVar(&name, "name", "", "without NAME, only connections whose name contains this text")
	consentFlag(cmd, &expires, "without NAME, ")
	institutionFlag(cmd, &bank, "without NAME, ")
	cmd.RunE = c.run(func(s *session, args []string) error {
		filter := optional(discovery.ListConnectionHealthParamsHealth(health))
		if filter != nil && !filter.Valid() {
			return usagef("--health must be unknown, healthy or unhealthy")
		}
		before, err := parseDate("--consent-expires-before", expires)
		if err != nil {
			return err
		}
		if len(args) > 0 {
			return s.printHealth(args[0])
		}
		params := discovery.ListConnectionHealthParams{
			Health: filter, ConsentExpiresBefore: before, Q: optional(name), Institution: optional(bank),
		}
		if attention {
			params.Attention = optional(discovery.ListConnectionHealthParamsAttention("true"))
		}
		_, err = s.list(healthListView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListConnectionHealth(ctx, &params)
			})
		return err
	})
	return cmd
}

func (c commands) summarizeConnections() *cobra.Command {
	return &cobra.Command{
		Use: "summary", Short: "Count the connections by what they need", Args: between(0, 0),
		RunE: c.run(func(s *session, _ []string) error {
			return show[discovery.ConnectionSummary](s, summaryView, func(ctx context.Context) (*http.Response, error) {
				return s.api.SummarizeConnections(ctx)
			})
		}),
	}
}

// institutionFlag registers the flag that selects a bank. condition begins its description.
func institutionFlag(cmd *cobra.Command, bank *string, condition string) {
	cmd.Flags().StringVar(bank, "institution", "", condition+"only those of this bank, as VENDOR:ID")
}

// printHealth prints the health of one connection.
func (s *session) printHealth(nameOrID string) error {
	id, err := s.connectionID(nameOrID)
	if err != nil {
		return err
	}
	return show[discovery.HealthView](s, healthView, func(ctx context.Context) (*http.Response, error) {
		return s.api.GetConnectionHealth(ctx, id)
	})
}

// completeFlag makes the shell offer the given values as completions for the flag.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}
