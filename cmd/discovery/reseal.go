package main

import (
	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

func resealCommand(env lookup) *cobra.Command {
	return &cobra.Command{
		Use:   "reseal",
		Short: "Re-encrypt every credential under the primary key, online; prints how many",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings(env)
			if err != nil {
				return err
			}
			app, err := compose.New(cmd.Context(), cfg, compose.Overrides{LogTo: cmd.ErrOrStderr()})
			if err != nil {
				return unlessStopped(cmd.Context(), "reseal", err)
			}
			defer app.Close()
			count, err := app.Service.Reseal(cmd.Context())
			cmd.Printf("%d credentials resealed\n", count)
			return unlessStopped(cmd.Context(), "reseal", err)
		},
	}
}
