package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) quarantine() *cobra.Command {
	var flags listFlags
	list := &cobra.Command{
		Use: "list NAME|ID", Short: "List the rows of a connection that are quarantined", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(list)
	list.RunE = c.run(func(s *session, args []string) error {
		id, err := s.connectionID(args[0])
		if err != nil {
			return err
		}
		_, err = s.list(quarantineView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListQuarantine(ctx, id, &discovery.ListQuarantineParams{Limit: limit, Cursor: cursor})
			})
		return err
	})
	return group("quarantine", "List rows of a vendor that cannot be read", list)
}
