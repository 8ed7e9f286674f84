package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	evidence "github.com/LerianStudio/aggregator-connections/adapters/evidence/verify"
)

// evidenceCommand returns the group of commands about evidence packs. They need neither the service nor its database.
func evidenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "evidence", Short: "Check evidence packs of closed periods",
		Args: exactArgs(0), RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(evidenceVerifyCommand())
	return cmd
}

func evidenceVerifyCommand() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check an evidence pack; fail if any byte of it is wrong, and name the file at fault",
		Args:  exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := keyOf(key)
			if err != nil {
				return err
			}
			file, err := os.Open(filepath.Clean(args[0]))
			if err != nil {
				return usageError{Err: err}
			}
			defer func() { _ = file.Close() }()
			s, err := evidence.Pack(file, text)
			if errors.Is(err, evidence.ErrKey) {
				return usageError{Err: fmt.Errorf("--key: %w", err)}
			}
			if err != nil {
				return fmt.Errorf("evidence verify: %w", err)
			}
			cmd.Printf("account %s, closed up to %s at %s: %d records, digest %s\n", s.Account, s.Date, s.ClosedAt,
				s.Records, s.Digest)
			cmd.Printf("entry %d of %d of the audit log\n", s.Sequence, s.Size)
			return nil
		},
	}
	cmd.Flags().StringVar(&key, "key", "",
		"the verifier key of the audit log, as discovery audit key prints it, or @FILE; required")
	return cmd
}

// maxKeyFile is the maximum size of a file with a verifier key, in bytes.
const maxKeyFile = 16 << 10

// keyOf returns the verifier key that the flag --key specifies. The flag contains the key, or "@" and the name of a
// file with the key.
func keyOf(flag string) (string, error) {
	if flag == "" {
		return "", usageError{Err: errors.New("--key is missing: the output of discovery audit key, or @FILE")}
	}
	name, isFile := strings.CutPrefix(flag, "@")
	if !isFile {
		return flag, nil
	}
	file, err := os.Open(filepath.Clean(name))
	if err != nil {
		return "", usageError{Err: fmt.Errorf("--key: %w", err)}
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	if err = errors.Join(err, file.Close()); err != nil {
		return "", usageError{Err: fmt.Errorf("--key: %w", err)}
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}
