package client

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

var suggestionView = view{
	schema: reflect.TypeFor[discovery.SuggestionView](),
	columns: []column{
		{member: "old", title: "OLD", width: idWidth},
		{member: "new", title: "NEW", width: idWidth},
		{member: "since", title: "SINCE", width: timeWidth},
		{member: "state", title: "STATE"},
	},
}

func (c commands) replacements() *cobra.Command {
	return group("replacements", "List possible replacements, join and dismiss them, and name continued accounts",
		c.listReplacements(), c.joinReplacement(), c.joinReplacements(), c.dismissReplacement(),
		c.continueAccount(), c.applyRemovals())
}

func (c commands) listReplacements() *cobra.Command {
	var flags listFlags
	list := &cobra.Command{
		Use: "list [NAME|ID]", Short: "List pairs of transactions that may be one movement", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(list)
	list.RunE = c.run(func(s *session, args []string) error {
		id, err := s.connectionFilter(args)
		if err != nil {
			return err
		}
		_, err = s.list(suggestionView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListPossibleReplacements(ctx, &discovery.ListPossibleReplacementsParams{
					ConnectionID: id, Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return list
}

// reasonFlag registers the flag --reason. The returned function returns the value of the flag, or nil if it is not set.
func reasonFlag(cmd *cobra.Command) func() *string {
	reason := cmd.Flags().String("reason", "", "why; it is kept in the history of the transactions")
	return func() *string {
		if *reason == "" {
			return nil
		}
		return reason
	}
}

func (c commands) joinReplacement() *cobra.Command {
	cmd := &cobra.Command{
		Use: "join OLD NEW", Short: "Make a removed transaction continue as another one", Args: between(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	reason := reasonFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		return show[discovery.TransactionView](s, transactionView, func(ctx context.Context) (*http.Response, error) {
			return s.api.JoinTransactions(ctx, args[0], nil, discovery.JoinRequest{With: args[1], Reason: reason()})
		})
	})
	return cmd
}

func (c commands) joinReplacements() *cobra.Command {
	cmd := &cobra.Command{
		Use: "join-all OLD/NEW…", Short: "Make up to 200 removed transactions continue as other ones",
		Args: between(1, 200), ValidArgsFunction: cobra.NoFileCompletions,
	}
	reason := reasonFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		pairs := make([]discovery.PairRequest, len(args))
		for i, arg := range args {
			var found bool
			if pairs[i].Old, pairs[i].New, found = strings.Cut(arg, "/"); !found {
				return fmt.Errorf("%q is not a pair of ids OLD/NEW", arg)
			}
		}
		joined, _, err := decode[discovery.JoinResultsView](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) {
				return s.api.JoinPossibleReplacements(ctx, nil, discovery.JoinPairsRequest{
					Pairs: pairs, Reason: reason(),
				})
			})
		if err != nil {
			return err
		}
		return s.reportJoined(joined.Results)
	})
	return cmd
}

// reportJoined prints whether each pair was joined. It returns an error if one was not.
func (s *session) reportJoined(results []discovery.JoinResultView) error {
	failed := 0
	for _, result := range results {
		switch {
		case result.Code == nil:
			s.printNote("%s/%s: joined", result.Old, result.New)
			continue
		case result.Status == http.StatusNotFound:
			s.printNote("%s/%s: no such transaction", printable(result.Old), printable(result.New))
		default:
			s.printNote("%s/%s: cannot be joined", result.Old, result.New)
		}
		failed++
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d pairs could not be joined", failed, len(results))
	}
	return nil
}

func (c commands) dismissReplacement() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dismiss OLD NEW", Short: "Say that two transactions are two movements", Args: between(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	reason := reasonFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		_, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.DismissPossibleReplacements(ctx, nil, discovery.DismissRequest{
				Old: &args[0], New: &args[1], Reason: reason(),
			})
		})
		if err == nil {
			s.printNote("dismissed %s and %s", args[0], args[1])
		}
		return err
	})
	return cmd
}

func (c commands) continueAccount() *cobra.Command {
	var none bool
	var successor string
	cmd := &cobra.Command{
		Use: "continue-account ACCOUNT [EXTERNAL-ID]", Args: between(1, 2),
		Short:             "Say which account continues an account that cannot be told apart, or that none does",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			if none || successor != "" {
				decision := discovery.ContinueRequest{None: &none}
				if successor != "" {
					decision = discovery.ContinueRequest{AccountID: &successor}
				}
				return show[discovery.AccountView](s, accountView, func(ctx context.Context) (*http.Response, error) {
					return s.api.ContinueAccount(ctx, args[0], nil, decision)
				})
			}
			externalID := strings.Join(args[1:], "")
			return show[discovery.PullView](s, pullView, func(ctx context.Context) (*http.Response, error) {
				return s.api.ContinueAccount(ctx, args[0], nil, discovery.ContinueRequest{ExternalID: &externalID})
			})
		}),
	}
	cmd.Flags().BoolVar(&none, "none", false, "no account continues it; or it continues none of maybeContinues")
	cmd.Flags().StringVar(&successor, "account", "", "the stored account that continues it; its connection was deleted")
	return cmd
}

var appliedRemovalsView = view{
	schema: reflect.TypeFor[discovery.AppliedRemovalsView](),
	columns: []column{
		{member: "accountId", title: "ACCOUNT", width: idWidth},
		{member: "removed", title: "REMOVED"},
		{member: "accountRemoved", title: "ACCOUNT REMOVED"},
	},
}

func (c commands) applyRemovals() *cobra.Command {
	return &cobra.Command{
		Use: "apply-removals ACCOUNT", Args: between(1, 1),
		Short:             "Remove the transactions of an account whose removals are held back",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.AppliedRemovalsView](s, appliedRemovalsView,
				func(ctx context.Context) (*http.Response, error) {
					return s.api.ApplyRemovals(ctx, args[0], nil)
				})
		}),
	}
}
