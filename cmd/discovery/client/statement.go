package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// statementFlags are the flags of the commands that download statements.
type statementFlags struct {
	dates                                                            dateFlags
	format, file, externalID, force, closed, bill, version, language string
	maxBytes                                                         int64
}

// register adds the flags to the command.
func (f *statementFlags) register(cmd *cobra.Command, output string) {
	f.dates.register(cmd, valueDate)
	cmd.Flags().StringVar(&f.format, "format", "", "camt053, ofx, csv or matcher; required")
	cmd.Flags().StringVarP(&f.file, "output", "o", "", output)
	cmd.Flags().StringVar(&f.version, "ofx-version", "", "220 or 102: OFX 2.2 (the default) or OFX 1.0.2")
	cmd.Flags().StringVar(&f.language, "locale", "", "pt-BR: the CSV for spreadsheets in Brazil")
	cmd.Flags().StringVar(&f.closed, "close", "", "print the period that ends on this day as it was when it was closed")
	cmd.Flags().StringVar(&f.force, "force", "",
		"print it although something is not proved: drift, changed, not_covered and omitted, separated by commas; "+
			"without a value: all of them")
	cmd.Flags().Lookup("force").NoOptDefVal = "true"
	cmd.Flags().StringVar(&f.externalID, "external-id", "",
		"id or reference: the value of external_id in the format matcher; id if it is not given")
	cmd.Flags().Int64Var(&f.maxBytes, "max-bytes", 0,
		"fail if the document is larger, and name the last day of the largest one that fits; 0 means no bound")
	completeFlag(cmd, "external-id", "id", "reference")
	completeFlag(cmd, "format", "camt053", "ofx", "csv", "matcher")
	completeFlag(cmd, "ofx-version", "220", "102")
	completeFlag(cmd, "locale", "pt-BR")
}

// params returns the parameters of the request. It returns a UsageError if the flags are not valid.
func (f *statementFlags) params() (params discovery.GetStatementParams, err error) {
	params = discovery.GetStatementParams{
		Format: discovery.GetStatementParamsFormat(f.format), MaxBytes: optional(f.maxBytes), Force: optional(f.force),
		ExternalID: optional(discovery.GetStatementParamsExternalID(f.externalID)),
		Version:    optional(discovery.GetStatementParamsVersion(f.version)),
		Locale:     optional(discovery.GetStatementParamsLocale(f.language)),
		Bill:       optional(f.bill),
	}
	if params.From, params.To, err = f.dates.parse(); err != nil {
		return params, err
	}
	if params.Close, err = parseDate("--close", f.closed); err != nil {
		return params, err
	}
	dated := params.From != nil || params.To != nil || f.force != ""
	switch {
	case f.bill != "" && (dated || f.closed != ""):
		return params, usagef("--bill must not be used together with --from, --to, --close and --force")
	case f.bill != "" && f.format == "camt053":
		return params, usagef("--format must be ofx, csv or matcher with --bill")
	case f.closed != "" && dated:
		return params, usagef("--close must not be used together with --from, --to and --force")
	case !params.Format.Valid():
		return params, usagef("--format must be camt053, ofx, csv or matcher")
	case params.ExternalID != nil && !params.ExternalID.Valid():
		return params, usagef("--external-id must be id or reference")
	case params.Version != nil && (!params.Version.Valid() || f.format != "ofx"):
		return params, usagef("--ofx-version must be 220 or 102, with --format ofx")
	case params.Locale != nil && (!params.Locale.Valid() || f.format != "csv"):
		return params, usagef("--locale must be pt-BR, with --format csv")
	}
	return params, nil
}

func (c commands) statement() *cobra.Command {
	var flags statementFlags
	cmd := &cobra.Command{
		Use:   "statement ID",
		Short: "Download a statement of an account",
		Args:  between(1, 1),
		Long: "Download a statement of an account: its posted transactions and, in the formats camt053 and ofx, its " +
			"balances.\nWith --bill, it has the posted transactions of a bill of a card, and ofx the bill's total. " +
			"discovery bills list prints the bills.\nThe file appears only when the document is complete.",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd, "the file to write; the standard output if it is not given or -")
	cmd.Flags().StringVar(&flags.bill, "bill", "", "print the bill of a card with this id: ofx, csv or matcher")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		params, err := flags.params()
		if err != nil {
			return err
		}
		s, err := c.connectFormat(cmd, "", 0)
		if err != nil {
			return err
		}
		return explain(s.saveStatement(args[0], flags.file, &params))
	}
	return cmd
}

// maxStatements is the maximum number of accounts in one archive.
const maxStatements = 200

func (c commands) statements() *cobra.Command {
	var flags statementFlags
	cmd := &cobra.Command{
		Use:   "statements ID…",
		Short: "Download the statements of up to 200 accounts as a ZIP archive",
		Args:  between(1, maxStatements),
		Long: "Download the statements of up to 200 accounts as a ZIP archive. An account whose statement cannot be " +
			"written has a text file that says why.\nThe file appears only when the archive is complete.",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd, "the archive to write; - is the standard output; required")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		params, err := flags.params()
		if err != nil {
			return err
		}
		if flags.file == "" {
			return usagef("--output is required")
		}
		s, err := c.connectFormat(cmd, "", 0)
		if err != nil {
			return err
		}
		return explain(s.saveStatements(flags.file, statementsRequest(args, &params)))
	}
	return cmd
}

// statementsRequest returns the request for the statements of several accounts with the parameters of one.
func statementsRequest(ids []string, p *discovery.GetStatementParams) discovery.StatementsRequest {
	r := discovery.StatementsRequest{
		AccountIds: ids, Format: discovery.StatementsRequestFormat(p.Format), From: p.From, To: p.To, Close: p.Close,
		MaxBytes: p.MaxBytes,
	}
	if p.Version != nil {
		r.Version = optional(discovery.StatementsRequestVersion(*p.Version))
	}
	if p.Locale != nil {
		r.Locale = optional(discovery.StatementsRequestLocale(*p.Locale))
	}
	if p.ExternalID != nil {
		r.ExternalID = optional(discovery.StatementsRequestExternalID(*p.ExternalID))
	}
	if p.Force != nil {
		var force []discovery.StatementsRequestForce
		for name := range strings.SplitSeq(*p.Force, ",") {
			force = append(force, discovery.StatementsRequestForce(name))
		}
		r.Force = &force
	}
	return r
}

// saveStatements writes the archive of the statements to a file.
func (s *session) saveStatements(file string, request discovery.StatementsRequest) error {
	response, err := s.api.GetStatements(s.cmd.Context(), request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return s.saveDocument(response, file)
}

// saveStatement writes a statement to a file, or to the standard output if file is "".
func (s *session) saveStatement(id, file string, params *discovery.GetStatementParams) error {
	response, err := s.api.GetStatement(s.cmd.Context(), id, params)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if err := s.saveDocument(response, file); err != nil {
		return err
	}
	chosen := params.To != nil || params.Close != nil || params.Bill != nil
	if last := lastDay(response); !chosen && last != "" &&
		last < time.Now().UTC().Format(time.DateOnly) {
		s.printNote("the statement ends with %s; --to DATE sets another last day", last)
	}
	return nil
}

// lastDay returns the last day of the statement in the response, which is part of its file name; "" if it is not known.
func lastDay(response *http.Response) string {
	_, params, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	name := strings.TrimSuffix(params["filename"], path.Ext(params["filename"]))
	if day := name[max(0, len(name)-len(time.DateOnly)):]; err == nil && dateForm.MatchString(day) {
		return day
	}
	return ""
}

// dateForm is the form of a date.
var dateForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

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
	return saveFile(s.cmd.Context(), file, response.Body)
}

// incomplete wraps an error that occurred while a document was read. The message of the new error says that the
// document is not complete. incomplete returns nil and context.Canceled unchanged.
func incomplete(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("the document is not complete: %w", err)
}
