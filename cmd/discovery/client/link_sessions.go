package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) linkSessions() *cobra.Command {
	return group("link-sessions", "Let account holders link new accounts", c.startLinkSession(), c.getLinkSession())
}

const startLinkHelp = `Print the address of a page on which an account holder can link a new account, once.
When the holder has signed in, the service creates the connection with the given name. Until then the name
is reserved. discovery link-sessions get ID shows whether the connection exists.

  discovery link-sessions start --vendor pluggy --name pluggy-main --base-url https://api.pluggy.ai

The client id and the secret are read as by discovery connections create. With --application NAME, the connection
uses the credential of an application.`

func (c commands) startLinkSession() *cobra.Command {
	var body discovery.NewLinkSession
	var vendor, baseURL, application string
	var credential credentialFlags
	cmd := &cobra.Command{
		Use: "start", Short: "Start a link session for a new connection", Long: startLinkHelp, Args: between(0, 0),
	}
	cmd.Flags().StringVar(&vendor, "vendor", "", "the aggregator: "+c.vendorChoice())
	cmd.Flags().StringVar(&body.ConfigName, "name", "", "name of the connection, unique among the connections")
	cmd.Flags().StringVar(&baseURL, "base-url", "", "URL of the API of the aggregator")
	cmd.Flags().StringVar(&application, "application", "", applicationFlag)
	credential.register(cmd)
	completeFlag(cmd, "vendor", c.vendorNames()...)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		if err := required(cmd, unlessApplication(application, "base-url", "vendor", "name")...); err != nil {
			return err
		}
		body.Vendor = discovery.NewLinkSessionVendor(vendor)
		if !body.Vendor.Valid() {
			return usagef("--vendor must be %s", c.vendorChoice())
		}
		access, err := s.access(baseURL, application, credential)
		if err != nil {
			return err
		}
		body.BaseURL, body.ClientID, body.Secret = access.baseURL, access.clientID, access.secret
		body.ApplicationID = access.application
		_, text, err := decode[discovery.OpenLinkSession](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) { return s.api.StartLinkSession(ctx, nil, body) })
		if err != nil {
			return err
		}
		s.printNote(
			"Send the URL to the account holder only. Anyone with the URL can link an account until it expires.",
		)
		return s.print(openLinkSessionView, text)
	})
	return cmd
}

func (c commands) getLinkSession() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print a link session", Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.LinkSessionView](s, linkSessionStateView,
				func(ctx context.Context) (*http.Response, error) { return s.api.GetLinkSession(ctx, args[0]) })
		}),
	}
}
