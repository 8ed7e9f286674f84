package client

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// matcherFlags are the flags that describe a sink of the kind matcher.
type matcherFlags struct {
	tokenURL, clientID, clientSecretFile, authorizationFile, sourcesFile, dateFrom, externalID string
	sources                                                                                    []string
}

func (f *matcherFlags) register(cmd *cobra.Command) {
	cmd.Flags().
		StringVar(&f.tokenURL, "token-url", "", "Matcher: where the client credentials are exchanged for a token")
	cmd.Flags().StringVar(&f.clientID, "client-id", "", "Matcher: the id of the client credentials")
	cmd.Flags().StringVar(&f.clientSecretFile, "client-secret-file", "",
		"Matcher: file with the secret of the client credentials; - is standard input")
	cmd.Flags().StringVar(&f.authorizationFile, "authorization-file", "",
		"Matcher: file with the value of the header Authorization; - is standard input")
	cmd.Flags().StringArrayVar(&f.sources, "source", nil,
		"Matcher: ACCOUNT,CONTEXT,SOURCE (ids); can be repeated. update keeps the sources of other accounts")
	cmd.Flags().StringVar(&f.sourcesFile, "sources-file", "",
		"Matcher: file with one ACCOUNT,CONTEXT,SOURCE on each line; it replaces all sources")
	cmd.Flags().StringVar(&f.dateFrom, "date-from", "", "Matcher: records of earlier days are not sent (YYYY-MM-DD)")
	cmd.Flags().StringVar(&f.externalID, "external-id", "", "Matcher: "+strings.Join(externalIDs, " or "))
	cmd.MarkFlagsMutuallyExclusive("source", "sources-file")
	completeFlag(cmd, "external-id", externalIDs...)
}

var externalIDs = []string{"reference", "id"}

// addTo adds the members of the sink that the flags specify to given.
func (f *matcherFlags) addTo(given map[string]any, s *session) error {
	auth := map[string]any{"tokenUrl": f.tokenURL, "clientId": f.clientID}
	for _, secret := range []struct{ name, what, flag, file string }{
		{"clientSecret", "client secret", "--client-secret-file", f.clientSecretFile},
		{"authorization", "authorization", "--authorization-file", f.authorizationFile},
	} {
		if secret.file == "" {
			continue
		}
		value, err := s.secretValue(secret.what, secret.flag, secret.file, bufio.NewReader(s.cmd.InOrStdin()))
		if err != nil {
			return err
		}
		auth[secret.name] = value
	}
	maps.DeleteFunc(auth, func(_ string, value any) bool { return value == "" })
	if len(auth) > 0 {
		given["auth"] = auth
	}
	for name, value := range map[string]string{"dateFrom": f.dateFrom, "externalId": f.externalID} {
		if value != "" {
			given[name] = value
		}
	}
	lines := f.sources
	if f.sourcesFile != "" {
		content, err := os.ReadFile(f.sourcesFile)
		if f.sourcesFile == "-" {
			content, err = io.ReadAll(s.cmd.InOrStdin())
		}
		if err != nil {
			return err
		}
		lines = strings.Split(strings.TrimSpace(string(content)), "\n")
	}
	sources, err := parseSources(lines)
	if len(lines) > 0 {
		given["sources"] = sources
	}
	return err
}

// parseSources parses lines that each contain the ids of an account, a context and a source, separated by commas.
func parseSources(lines []string) ([]any, error) {
	sources := make([]any, 0, len(lines))
	for _, line := range lines {
		ids := strings.Split(strings.TrimSpace(line), ",")
		if len(ids) != 3 {
			return nil, usagef("a source must have the form ACCOUNT,CONTEXT,SOURCE")
		}
		sources = append(sources, map[string]any{
			"accountId": strings.TrimSpace(ids[0]), "contextId": strings.TrimSpace(ids[1]),
			"sourceId": strings.TrimSpace(ids[2]),
		})
	}
	return sources, nil
}

// withSources adds the present sources of the sink to the sources in changed, and returns changed. It leaves out each
// present source for whose account changed has a source. If the flag --source is not set, changed stays as it is.
func (f *matcherFlags) withSources(sink, changed map[string]any) map[string]any {
	present, _ := sink["sources"].([]any)
	given, _ := changed["sources"].([]any)
	if len(f.sources) == 0 || len(present) == 0 {
		return changed
	}
	account := func(source any) any {
		members, _ := source.(map[string]any)
		return members["accountId"]
	}
	kept := slices.DeleteFunc(slices.Clone(present), func(source any) bool {
		return slices.ContainsFunc(given, func(other any) bool { return account(other) == account(source) })
	})
	changed["sources"] = append(kept, given...)
	return changed
}

func (c commands) listConflicts() *cobra.Command {
	return c.listOf("conflicts ID", "List the conflicts with Matcher, newest first", conflictView,
		func(s *session, ctx context.Context, id string, limit *int64, cursor *string) (*http.Response, error) {
			return s.api.ListMatcherConflicts(
				ctx,
				id,
				&discovery.ListMatcherConflictsParams{Limit: limit, Cursor: cursor},
			)
		})
}

func (c commands) listUnmapped() *cobra.Command {
	return c.listOf("unmapped ID", "List the accounts that are not sent to Matcher", unmappedView,
		func(s *session, ctx context.Context, id string, limit *int64, cursor *string) (*http.Response, error) {
			return s.api.ListUnmappedAccounts(
				ctx,
				id,
				&discovery.ListUnmappedAccountsParams{Limit: limit, Cursor: cursor},
			)
		})
}

// listOf returns a command that prints a list of a subscription, such as its conflicts. fn requests one page of the
// list.
func (c commands) listOf(use, short string, v view,
	fn func(s *session, ctx context.Context, id string, limit *int64, cursor *string) (*http.Response, error),
) *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{Use: use, Short: short, Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		_, err := s.list(v, flags, "", func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
			return fn(s, ctx, args[0], limit, cursor)
		})
		return err
	})
	return cmd
}

func (c commands) retryConflict() *cobra.Command {
	return &cobra.Command{
		Use: "retry-conflict ID TRANSACTION", Short: "Try to end a conflict with Matcher", Args: between(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.ConflictView](s, conflictView, func(ctx context.Context) (*http.Response, error) {
				return s.api.RetryMatcherConflict(ctx, args[0], args[1], nil)
			})
		}),
	}
}
