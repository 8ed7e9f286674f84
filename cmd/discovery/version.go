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

// addVersionFlag adds the flag --version to root. With this flag, root prints the version; without it, the help.
//
// Cobra's own version flag is not used, because it also prints the name of the program. A text/template could remove
// the name, but it would make the binary larger: the linker cannot remove unused methods from a binary that uses
// text/template.
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
