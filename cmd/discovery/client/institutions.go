package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) institutions() *cobra.Command {
	return group("institutions", "List the banks of the connections", c.listInstitutions())
}

func (c commands) listInstitutions() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the banks by name, with how their data has arrived in the last 30 days",
		Args: between(0, 0),
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, _ []string) error {
		_, err := s.list(bankView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListInstitutions(ctx, &discovery.ListInstitutionsParams{Limit: limit, Cursor: cursor})
			})
		return err
	})
	return cmd
}
