package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/client"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// addAuditVerify adds the `audit verify` command to the group of audit commands that package client defines.
func addAuditVerify(root *cobra.Command, env lookup) {
	for _, cmd := range root.Commands() {
		if cmd.Name() == client.AuditGroup {
			cmd.AddCommand(auditVerifyCommand(env))
		}
	}
}

func auditVerifyCommand(env lookup) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute the audit log in the database; fail if an entry was tampered with",
		Args:  cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			earlier, err := readCheckpoints(files)
			if err != nil {
				return err
			}
			cfg, err := settingsError(configs.LoadAudit(env))
			if err != nil {
				return err
			}
			app, err := compose.NewOffline(cmd.Context(), cfg, compose.Overrides{LogTo: cmd.ErrOrStderr()})
			if err != nil {
				return err
			}
			defer app.Close()
			report, err := app.Service.VerifyAudit(cmd.Context(), earlier)
			if errors.Is(err, domain.Invalid) {
				return usageError{Err: errors.New("--checkpoint: a file is not a checkpoint of this service")}
			}
			if err != nil {
				return err
			}
			return printFindings(cmd, report.Findings, report.Entries, report.Tenants)
		},
	}
	cmd.Flags().
		StringArrayVar(&files, "checkpoint", nil, "a file with a checkpoint that was read earlier; may be repeated")
	return cmd
}

// maxCheckpointFile is the maximum size of a file with a checkpoint, in bytes.
const maxCheckpointFile = 64 << 10

// readCheckpoints returns the contents of the files. It returns a usageError if a file cannot be read.
func readCheckpoints(files []string) ([][]byte, error) {
	var all [][]byte
	for _, name := range files {
		file, err := os.Open(filepath.Clean(name))
		if err != nil {
			return nil, usageError{Err: fmt.Errorf("--checkpoint: %w", err)}
		}
		text, err := io.ReadAll(io.LimitReader(file, maxCheckpointFile))
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, usageError{Err: fmt.Errorf("--checkpoint: %w", err)}
		}
		all = append(all, text)
	}
	return all, nil
}

// printFindings prints the findings of a verification of the audit log, and how many entries and tenants were
// verified. It returns an error if there is a finding.
func printFindings(cmd *cobra.Command, findings []domain.AuditFinding, entries int64, tenants int) error {
	for _, f := range findings {
		which := fmt.Sprintf("entry %d", f.Sequence)
		if f.Last > f.Sequence {
			which = fmt.Sprintf("entries %d to %d", f.Sequence, f.Last)
		}
		cmd.Printf("tenant %s, %s: %s\n", f.Tenant, which, f.Reason)
	}
	if len(findings) == 0 {
		cmd.Printf("unchanged entries: %d, of tenants: %d\n", entries, tenants)
		return nil
	}
	first := findings[0]
	which := fmt.Sprint(first.Sequence)
	if first.Last > first.Sequence {
		which = fmt.Sprintf("one of %d to %d", first.Sequence, first.Last)
	}
	return fmt.Errorf("audit verify: the audit log of %d of %d tenants was tampered with; the first wrong entry is %s "+
		"of tenant %s", len(findings), tenants, which, first.Tenant)
}
