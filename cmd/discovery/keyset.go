package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/adapters/sealing"
)

func keysetCommand(env lookup) *cobra.Command {
	keyset := &cobra.Command{
		Use:   "keyset",
		Short: "Make and rotate the sealing keyset",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	options := func() sealing.Options {
		uri, _ := env("SEALING_KEYSET_KEK_URI")
		return sealing.Options{KEKURI: uri}
	}
	keyset.AddCommand(createCommand(options), rotateCommand(options))
	return keyset
}

func createCommand(options func() sealing.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "create FILE",
		Short: "Write a new keyset (mode 0600); refuses to overwrite",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := sealing.Create(args[0], options()); err != nil {
				return fileArgumentError(err)
			}
			cmd.Println("created", args[0])
			return nil
		},
	}
}

const rotateHelp = `Put a new primary key into the keyset. Run "discovery reseal" afterwards. Old keys stay
in the file: backups of the database still need them.

Without a flag the key is added and promoted at once. That is right for one process, and
for several that share the file: a running one looks at it again within a second, and at
once when it meets a key that it does not know.

Where each process has its own copy of the file, take two steps:

  discovery keyset rotate --add FILE       then bring the file to every process
  discovery keyset rotate --promote FILE   then bring it to every process again

An added key opens and does not seal, so that none seals with a key that another lacks.`

func rotateCommand(options func() sealing.Options) *cobra.Command {
	var add, promote bool
	cmd := &cobra.Command{
		Use:   "rotate FILE",
		Short: "Put a new primary key into a keyset, at once or in two steps",
		Long:  rotateHelp,
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			steps, done := rotationSteps(add, promote)
			if err := sealing.Rotate(args[0], steps, options()); err != nil {
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

// ofFile blames the argument, where sealing, which serves the service too, blames the
// setting that names the file there.
func fileArgumentError(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "SEALING_KEYSET_FILE", "FILE"))
}

// rotation gives the steps that the flags ask for, and what to say when they are done.
func rotationSteps(add, promote bool) (sealing.Step, string) {
	switch {
	case add == promote:
		return sealing.Add | sealing.Promote, "rotated"
	case add:
		return sealing.Add, "added a key to"
	}
	return sealing.Promote, "promoted the added key of"
}
