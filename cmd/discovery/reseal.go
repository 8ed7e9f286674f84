package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

func resealCommand(env lookup) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Re-encrypt every credential with the primary key while the service runs; print their number",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settingsError(configs.LoadReseal(env))
			if err != nil {
				return err
			}
			app, err := compose.NewOffline(cmd.Context(), cfg, compose.Overrides{LogTo: cmd.ErrOrStderr()})
			if err != nil {
				return interruptedError(cmd.Context(), "reseal", err)
			}
			defer app.Close()
			if replace {
				if err := replaceHashKey(cmd, app.Service.ReplaceHashKey); err != nil {
					return interruptedError(cmd.Context(), "reseal", err)
				}
			}
			count, err := app.Service.Reseal(cmd.Context())
			cmd.Printf("%d credentials resealed\n", count)
			return interruptedError(cmd.Context(), "reseal", resealError(err))
		},
	}
	cmd.Flags().BoolVar(&replace, "replace-client-key", false,
		"replace the key with which client ids are hashed if it cannot be decrypted; stop the service first")
	return cmd
}

// replaceHashKey calls replace and prints whether it has replaced a key. replace creates a new key for hashing client
// ids if the present key is lost.
func replaceHashKey(cmd *cobra.Command, replace func(context.Context) (bool, error)) error {
	replaced, err := replace(cmd.Context())
	if err != nil {
		return err
	}
	if replaced {
		cmd.Println("the key of the client ids was replaced")
	} else {
		cmd.Println("the key of the client ids can be decrypted: it was not replaced")
	}
	return nil
}

// resealError replaces an error about credentials that cannot be decrypted with an error that the user of the command
// can understand. It returns any other error unchanged.
func resealError(err error) error {
	if fault := (*domain.Error)(nil); errors.As(err, &fault) && fault.Code == domain.CredentialUnopened {
		return fmt.Errorf("reseal: %s; the lines above name their connections", fault.Message)
	}
	return err
}
