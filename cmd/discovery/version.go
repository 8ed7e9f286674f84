package main

import (
	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { cmd.Println(compose.Version()) },
	}
}
