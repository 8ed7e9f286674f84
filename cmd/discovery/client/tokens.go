package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) tokens() *cobra.Command {
	return group("tokens", "List, create and revoke webhook tokens", c.listTokens(), c.createToken(), c.revokeToken())
}

func (c commands) listTokens() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "list [NAME|ID]", Short: "List the webhook tokens of one connection or of all", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		id, err := s.connectionFilter(args)
		if err != nil {
			return err
		}
		_, err = s.list(tokenView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListWebhookTokens(ctx, &discovery.ListWebhookTokensParams{
					ConnectionID: id, Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}

func (c commands) createToken() *cobra.Command {
	return &cobra.Command{
		Use: "create NAME|ID", Short: "Mint a webhook token and print its webhook URL, once", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
		RunE: c.run(func(s *session, args []string) error {
			found, err := s.connection(args[0])
			if err != nil {
				return err
			}
			_, text, err := decode[discovery.MintedToken](
				s.cmd.Context(),
				func(ctx context.Context) (*http.Response, error) {
					return s.api.MintWebhookToken(ctx, nil,
						discovery.MintRequest{
							Vendor: discovery.MintRequestVendor(found.Vendor), ConnectionConfigName: found.ConfigName,
						})
				},
			)
			if err != nil {
				return err
			}
			s.note("The token is shown only once. Configure the webhook URL at the aggregator.")
			return s.print(mintedView, text)
		}),
	}
}

func (c commands) revokeToken() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Revoke a webhook token", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the id")
	cmd.RunE = c.run(func(s *session, args []string) error {
		if err := s.confirm(yes, "revoke the webhook token", args[0]); err != nil {
			return err
		}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.RevokeWebhookToken(ctx, args[0])
		}); err != nil {
			return err
		}
		s.note("revoked %s", args[0])
		return nil
	})
	return cmd
}
