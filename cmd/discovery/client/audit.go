package client

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// audit returns the group of commands that read the audit log through the API. The caller of Commands adds the
// command `audit verify`, because it reads the database.
func (c commands) audit() *cobra.Command {
	return group(AuditGroup, "Show what operators have changed, and verify that record",
		c.listAuditEntries(),
		c.auditText("checkpoint", "Print the newest checkpoint of the audit log",
			func(s *session) (*http.Response, error) { return s.api.GetAuditCheckpoint(s.cmd.Context()) }),
		c.auditText("key", "Print the key that verifies the checkpoints",
			func(s *session) (*http.Response, error) { return s.api.GetAuditKey(s.cmd.Context()) }),
	)
}

// AuditGroup is the name of the command group for the audit log.
const AuditGroup = "audit"

func (c commands) listAuditEntries() *cobra.Command {
	var flags listFlags
	var actor, action, object, from, to string
	cmd := &cobra.Command{
		Use: "list", Short: "List the audit entries, newest first", Args: between(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&actor, "actor", "", "only entries of this actor")
	cmd.Flags().StringVar(&action, "action", "", "only entries with this action")
	cmd.Flags().StringVar(&object, "object", "", "only entries about this object")
	cmd.Flags().StringVar(&from, "from", "", "made at or after: RFC 3339, or a date")
	cmd.Flags().StringVar(&to, "to", "", "made before: RFC 3339, or a date")
	cmd.RunE = c.run(func(s *session, _ []string) error {
		params := discovery.ListAuditEntriesParams{
			Actor: optional(actor), Action: optional(action), Object: optional(object),
			From: optional(from), To: optional(to),
		}
		_, err := s.list(auditView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListAuditEntries(ctx, &params)
			})
		return err
	})
	return cmd
}

// auditText returns a command that prints a plain-text response, regardless of the output format.
func (c commands) auditText(
	name, short string, call func(s *session) (*http.Response, error),
) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: between(0, 0), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, _ []string) error {
			response, err := call(s)
			if err != nil {
				return err
			}
			defer func() { _ = response.Body.Close() }()
			text, err := io.ReadAll(response.Body)
			if err := errors.Join(discovery.CheckResponse(response, text), incomplete(err)); err != nil {
				return err
			}
			_, err = s.cmd.OutOrStdout().Write(text)
			return err
		}),
	}
}
