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

// addVersionFlag adds the flag --version to root, which prints the same as the `version` command. Without the flag,
// root prints its help. Cobra's own version flag is not used, because it would also print the name of the program
// unless it is given a text/template. With a text/template, the linker keeps every method of every type.
func addVersionFlag(root *cobra.Command) {
	asked := root.Flags().BoolP("version", "v", false, "print the version")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *asked {
			cmd.Println(compose.Version())
			return nil
		}
		return cmd.Help()
	}
}
