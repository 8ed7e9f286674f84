package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// bankStatements returns the commands that compare accounts with statement files of banks.
func (c commands) bankStatements() *cobra.Command {
	return group("bank-statements", "Compare accounts with the statement files of their banks",
		c.addBankStatement(), c.listBankStatements(), c.getBankStatement(), c.listBankStatementLines())
}

// maxStatementFile is the maximum size of a statement file in bytes.
const maxStatementFile = 8 << 20

func (c commands) addBankStatement() *cobra.Command {
	var format, account string
	cmd := &cobra.Command{
		Use: "add ACCOUNT FILE", Short: "Compare an account with a statement file", Args: between(2, 2),
		Long: "Compare an account with a statement file of its bank: OFX, CNAB 240, CSV, camt or MT940.\n" +
			"FILE may be -, the standard input. The same file for the same account is not added twice.",
	}
	cmd.Flags().StringVar(&format, "format", "", "ofx, cnab240, csv, camt or mt940; found by the content if not given")
	cmd.Flags().StringVar(&account, "statement-account", "",
		"the account in the file whose statement is compared, as an earlier response names it")
	completeFlag(cmd, "format", "ofx", "cnab240", "csv", "camt", "mt940")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.AddBankStatementParams{
			Format:           optional(discovery.AddBankStatementParamsFormat(format)),
			StatementAccount: optional(account),
		}
		if params.Format != nil && !params.Format.Valid() {
			return usagef("--format must be ofx, cnab240, csv, camt or mt940")
		}
		file := io.NopCloser(cmd.InOrStdin())
		if args[1] != "-" {
			opened, err := os.Open(args[1])
			if err != nil {
				return UsageError{err}
			}
			file, params.Name = opened, optional(filepath.Base(args[1]))
		}
		defer func() { _ = file.Close() }()
		content, err := io.ReadAll(io.LimitReader(file, maxStatementFile+1))
		if err != nil {
			return err
		}
		if len(content) > maxStatementFile {
			return usagef("the file is larger than 8 MiB")
		}
		added, text, err := decode[discovery.BankStatementView](cmd.Context(),
			func(ctx context.Context) (*http.Response, error) {
				return s.api.AddBankStatementWithBody(ctx, args[0], &params, "application/octet-stream",
					bytes.NewReader(content))
			})
		if err == nil {
			err = s.print(bankStatementView, text)
		}
		if err == nil && added.State == discovery.BankStatementViewStateRefused {
			err = errors.New("the file is refused, and nothing is compared")
		}
		return err
	})
	return cmd
}

// printBankStatement prints the bank statement in a response.
func (s *session) printBankStatement(call func(context.Context) (*http.Response, error)) error {
	_, text, err := decode[discovery.BankStatementView](s.cmd.Context(), call)
	if err != nil {
		return err
	}
	return s.print(bankStatementView, text)
}

func (c commands) getBankStatement() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print a bank statement and its comparison", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return s.printBankStatement(func(ctx context.Context) (*http.Response, error) {
				return s.api.GetBankStatement(ctx, args[0])
			})
		}),
	}
}

func (c commands) listBankStatements() *cobra.Command {
	var flags listFlags
	var dates dateFlags
	var verdict string
	cmd := &cobra.Command{
		Use: "list ACCOUNT", Short: "List the bank statements of an account, the latest upload first",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	dates.register(cmd, "day of a line or a covered day")
	cmd.Flags().StringVar(&verdict, "verdict", "",
		"only differs, inconclusive, dates_differ, agrees or lines_agree")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.ListBankStatementsParams{
			Verdict: optional(discovery.ListBankStatementsParamsVerdict(verdict)),
		}
		if params.Verdict != nil && !params.Verdict.Valid() {
			return usagef("--verdict must be differs, inconclusive, dates_differ, agrees or lines_agree")
		}
		var err error
		if params.From, params.To, err = dates.parse(); err != nil {
			return err
		}
		_, err = s.list(bankStatementView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListBankStatements(ctx, args[0], &params)
			})
		return err
	})
	return cmd
}

func (c commands) listBankStatementLines() *cobra.Command {
	var flags listFlags
	var bucket string
	cmd := &cobra.Command{
		Use: "lines ID", Short: "List the lines of a comparison, and the records without a line",
		Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&bucket, "bucket", "", "only lines of this bucket, such as different or only_theirs")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.ListBankStatementLinesParams{
			Bucket: optional(discovery.ListBankStatementLinesParamsBucket(bucket)),
		}
		if params.Bucket != nil && !params.Bucket.Valid() {
			return usagef("--bucket is not the name of a bucket")
		}
		_, err := s.list(bankStatementLineView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListBankStatementLines(ctx, args[0], &params)
			})
		return err
	})
	return cmd
}
