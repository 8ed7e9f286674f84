package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) statement() *cobra.Command {
	var dates dateFlags
	var format, file, externalID string
	var force string
	var maxBytes int64
	var closed string
	cmd := &cobra.Command{
		Use:   "statement ID",
		Short: "Download a statement of an account",
		Args:  between(1, 1),
		Long: "Download a statement of an account: its posted transactions and, in the formats camt053 and ofx, its " +
			"balances.\nThe file appears only when the document is complete.",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	dates.register(cmd)
	cmd.Flags().StringVar(&format, "format", "", "camt053, ofx, csv or matcher; required")
	cmd.Flags().StringVarP(&file, "output", "o", "", "the file to write; the standard output if it is not given or -")
	cmd.Flags().StringVar(&closed, "close", "", "print the period that ends on this day as it was when it was closed")
	cmd.Flags().StringVar(&force, "force", "",
		"print it although something is not proved: drift, changed, not_covered and omitted, separated by commas; "+
			"without a value: all of them")
	cmd.Flags().Lookup("force").NoOptDefVal = "true"
	cmd.Flags().StringVar(&externalID, "external-id", "",
		"id or reference: the value of external_id in the format matcher; id if it is not given")
	cmd.Flags().Int64Var(&maxBytes, "max-bytes", 0,
		"fail if the document is larger, and name the last day of the largest one that fits; 0 means no bound")
	completeFlag(cmd, "external-id", "id", "reference")
	completeFlag(cmd, "format", "camt053", "ofx", "csv", "matcher")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		params := discovery.GetStatementParams{Format: discovery.GetStatementParamsFormat(format)}
		var err error
		if params.From, params.To, err = dates.parse(); err != nil {
			return err
		}
		if params.Close, err = parseDate("--close", closed); err != nil {
			return err
		}
		if closed != "" && (params.From != nil || params.To != nil || force != "") {
			return usagef("--close must not be used together with --from, --to and --force")
		}
		if !params.Format.Valid() {
			return usagef("--format must be camt053, ofx, csv or matcher")
		}
		params.MaxBytes = optional(maxBytes)
		params.ExternalID = optional(discovery.GetStatementParamsExternalID(externalID))
		if params.ExternalID != nil && !params.ExternalID.Valid() {
			return usagef("--external-id must be id or reference")
		}
		params.Force = optional(force)
		s, err := c.connectFormat(cmd, "", 0)
		if err != nil {
			return err
		}
		return explain(s.saveStatement(args[0], file, &params))
	}
	return cmd
}

// saveStatement writes a statement to a file, or to the standard output if file is "".
func (s *session) saveStatement(id, file string, params *discovery.GetStatementParams) error {
	response, err := s.api.GetStatement(s.cmd.Context(), id, params)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return s.saveDocument(response, file)
}

// saveDocument writes the body of a response to a file, or to the standard output if file is "" or "-".
func (s *session) saveDocument(response *http.Response, file string) (err error) {
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(response.Body)
		return errors.Join(discovery.CheckResponse(response, body), err)
	}
	if file == "" || file == "-" {
		_, err = io.Copy(s.cmd.OutOrStdout(), response.Body)
		return incomplete(err)
	}
	return saveFile(file, response.Body)
}

// incomplete wraps an error that occurred while a document was read. The message of the new error says that the
// document is not complete. incomplete returns nil and context.Canceled unchanged.
func incomplete(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("the document is not complete: %w", err)
}
