package main

import (
	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

func migrateCommand(env lookup) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema up to date and exit",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settingsError(configs.LoadMigrate(env))
			if err != nil {
				return err
			}
			if err := compose.Migrate(cmd.Context(), cfg); err != nil {
				return interruptedError(cmd.Context(), "migrate", err)
			}
			cmd.Println("the schema is up to date")
			return nil
		},
	}
}
