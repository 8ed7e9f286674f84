package client

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) erasures() *cobra.Command {
	return group("erasures", "List and print erasures of connections", c.listErasures(), c.getErasure())
}

const eraseHelp = `Delete a connection and all its data: accounts, transactions, deliveries, closes.
This cannot be undone. Specify a deleted connection by its id.

The command ends when the erasure has begun. discovery erasures get ID shows its state.`

func (c commands) eraseConnection() *cobra.Command {
	var yes, atVendor bool
	cmd := &cobra.Command{
		Use: "erase NAME|ID", Short: "Erase a connection and all its data", Long: eraseHelp,
		Args: between(1, 1), ValidArgsFunction: c.completeConnection,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the name")
	cmd.Flags().BoolVar(&atVendor, "at-vendor", false, "ask the vendor to delete the account reference, too")
	cmd.RunE = c.run(func(s *session, args []string) error {
		id, name, err := s.erasable(args[0])
		if err != nil {
			return err
		}
		if err := s.confirm(yes, "erase the connection and all its data", name); err != nil {
			return err
		}
		return show[discovery.ErasureView](s, erasureView, func(ctx context.Context) (*http.Response, error) {
			return s.api.EraseConnection(ctx, id, nil, discovery.ErasureRequest{AtVendor: atVendor})
		})
	})
	return cmd
}

// erasable returns the id of a connection, and the text that the user must type to confirm the erasure. The text is the
// name of the connection, or its id if the connection is deleted.
func (s *session) erasable(nameOrID string) (id, name string, err error) {
	found, err := s.connection(nameOrID)
	if err == nil {
		return found.ID, found.ConfigName, nil
	}
	if _, invalid := uuid.Parse(nameOrID); invalid == nil {
		return nameOrID, nameOrID, nil
	}
	return "", "", err
}

func (c commands) listErasures() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{Use: "list", Short: "List the erasures, newest first", Args: between(0, 0)}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		_, err := s.list(erasureView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListErasures(ctx, &discovery.ListErasuresParams{Limit: limit, Cursor: cursor})
			})
		return err
	})
	return cmd
}

func (c commands) getErasure() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print an erasure", Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.ErasureView](s, erasureView, func(ctx context.Context) (*http.Response, error) {
				return s.api.GetErasure(ctx, args[0])
			})
		}),
	}
}
