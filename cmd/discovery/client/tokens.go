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
		_, err = s.list(tokenView.overSeveral(id), flags, "",
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
	var sourceSecret, register bool
	cmd := &cobra.Command{
		Use: "create NAME|ID", Short: "Mint a webhook token and print its webhook URL, once", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
	}
	cmd.Flags().BoolVar(&sourceSecret, "source-secret", false,
		"also create a value that the aggregator must send in Authorization")
	cmd.Flags().BoolVar(&register, "register", false, "create the webhook at the aggregator, if it allows that")
	cmd.MarkFlagsMutuallyExclusive("source-secret", "register")
	cmd.RunE = c.run(func(s *session, args []string) error {
		found, err := s.connection(args[0])
		if err != nil {
			return err
		}
		request := discovery.MintRequest{
			Vendor: discovery.MintRequestVendor(found.Vendor), ConnectionConfigName: found.ConfigName,
		}
		if sourceSecret {
			request.SourceSecret = &sourceSecret
		}
		if register {
			request.Register = &register
		}
		minted, text, err := decode[discovery.MintedToken](
			s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) { return s.api.MintWebhookToken(ctx, nil, request) },
		)
		if err != nil {
			return err
		}
		if minted.Token == "" { // the response is a SharedToken
			s.printNote("The application has a webhook at the aggregator already. It serves this connection, too.")
			return s.print(sharedView, text)
		}
		s.printNote("%s", mintNote(minted))
		return s.print(mintedView, text)
	})
	return cmd
}

// mintNote returns the instructions for the operator about a new token.
func mintNote(minted discovery.MintedToken) string {
	switch {
	case minted.Registration != nil:
		return "The webhook is registered at the aggregator. Revoke the token to remove it."
	case minted.Authorization != nil:
		return "The token and the authorization are shown only once. Configure both at the aggregator: the webhook " +
			"URL, and the authorization as the header Authorization."
	}
	return "The token is shown only once. Configure the webhook URL at the aggregator."
}

func (c commands) revokeToken() *cobra.Command {
	var yes, force bool
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "Revoke a webhook token", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the id")
	cmd.Flags().BoolVar(&force, "force", false, "even if the token serves more than one connection")
	cmd.RunE = c.run(func(s *session, args []string) error {
		if err := s.confirm(yes, "revoke the webhook token", args[0]); err != nil {
			return err
		}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			params := &discovery.RevokeWebhookTokenParams{}
			if force {
				params.Force = optional(discovery.RevokeWebhookTokenParamsForceTrue)
			}
			return s.api.RevokeWebhookToken(ctx, args[0], params)
		}); err != nil {
			return err
		}
		s.printNote("revoked %s", args[0])
		return nil
	})
	return cmd
}
