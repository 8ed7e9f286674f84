package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) completeness() *cobra.Command {
	return &cobra.Command{
		Use: "completeness ID", Short: "Show whether the transactions of an account explain its balance",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.CompletenessView](s, completenessView,
				func(ctx context.Context) (*http.Response, error) {
					return s.api.GetCompleteness(ctx, args[0])
				})
		}),
	}
}

func (c commands) acceptCompleteness() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "accept ID", Short: "Accept the present difference of an account", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why the difference is right; required")
	_ = cmd.MarkFlagRequired("reason")
	cmd.RunE = c.run(func(s *session, args []string) error {
		return show[discovery.CompletenessView](s, completenessView, func(ctx context.Context) (*http.Response, error) {
			return s.api.AcceptCompleteness(ctx, args[0], nil, discovery.AcceptRequest{Reason: reason})
		})
	})
	return cmd
}

func (c commands) balances() *cobra.Command {
	var flags listFlags
	var dates dateFlags
	cmd := &cobra.Command{
		Use: "balances ID", Short: "List the balances of an account by day, newest first", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	dates.register(cmd, "day")
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		_, err = s.list(balanceView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListBalances(ctx, args[0], &discovery.ListBalancesParams{
					From: from, To: to, Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}
