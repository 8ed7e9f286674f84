package main

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
)

func keysetCommand() *cobra.Command {
	keyset := &cobra.Command{
		Use:   "keyset",
		Short: "Create and rotate the sealing keyset",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	keyset.AddCommand(createCommand(), rotateCommand())
	return keyset
}

func createCommand() *cobra.Command {
	var ifMissing bool
	cmd := &cobra.Command{
		Use:   "create FILE",
		Short: "Write a new keyset (mode 0600); never overwrites a file",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := os.Lstat(args[0]); err == nil && ifMissing {
				cmd.Println("kept", args[0])
				return nil
			}
			if err := sealing.Create(args[0]); err != nil {
				return fileArgumentError(err)
			}
			cmd.Println("created", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "keep an existing file and exit with 0")
	return cmd
}

const rotateHelp = `Add a new primary key to the keyset. Run "discovery reseal" afterwards. Old keys stay in the
file, because backups of the database still need them.

Without a flag the key is added and promoted at once. Use this for one process, or for
several that share the file: a running process reloads it within a second, and at once
when it encounters a key that it does not know.

If each process has its own copy of the file, use two steps:

  discovery keyset rotate --add FILE       then copy the file to every process
  discovery keyset rotate --promote FILE   then copy it to every process again

An added key opens but does not seal, so that no process seals with a key that another
one lacks.`

func rotateCommand() *cobra.Command {
	var add, promote bool
	cmd := &cobra.Command{
		Use:   "rotate FILE",
		Short: "Add a new primary key to a keyset, at once or in two steps",
		Long:  rotateHelp,
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			steps, done := rotationSteps(add, promote)
			if err := sealing.Rotate(args[0], steps); err != nil {
				return fileArgumentError(err)
			}
			cmd.Println(done, args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&add, "add", false, "only add a key, which opens but does not seal yet")
	cmd.Flags().BoolVar(&promote, "promote", false, "only make the added key the primary one")
	return cmd
}

// fileArgumentError replaces the name of the setting in err with the name of the argument. The
// errors of package sealing contain the name of the setting, because in the service a setting
// specifies the file.
func fileArgumentError(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "SEALING_KEYSET_FILE", "FILE"))
}

// rotationSteps returns the steps that the flags select: to add a key to the keyset, to make the added key the
// primary key, or both. It also returns the message to print after these steps. Without flags, or with both flags, it
// selects both steps.
func rotationSteps(add, promote bool) (sealing.Step, string) {
	switch {
	case add == promote:
		return sealing.Add | sealing.Promote, "rotated"
	case add:
		return sealing.Add, "added a key to"
	}
	return sealing.Promote, "promoted the added key of"
}
