package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/oapi-codegen/runtime/types"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// closingCommands returns the commands for closing periods of accounts.
func (c commands) closingCommands() []*cobra.Command {
	return []*cobra.Command{
		c.closePeriod(), c.closePeriods(), c.reopenPeriod(), c.listCloses(), c.listAdjustments(),
		c.evidence(),
	}
}

// parseDay parses the DATE argument of a command. It returns a UsageError if the text is not a date.
func parseDay(text string) (types.Date, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return types.Date{}, usagef("%s is not a date, YYYY-MM-DD", printable(text))
	}
	return types.Date{Time: day}, nil
}

// firstDayFlag adds the flag --from to a command that closes periods. It returns a function that parses the flag; nil
// stands for a flag that is not set.
func firstDayFlag(cmd *cobra.Command) (parse func() (*types.Date, error)) {
	text := cmd.Flags().String("from", "", "first day of the statement, YYYY-MM-DD, if no earlier day is closed")
	return func() (*types.Date, error) {
		if *text == "" {
			return nil, nil
		}
		day, err := parseDay(*text)
		return &day, err
	}
}

func (c commands) closePeriod() *cobra.Command {
	cmd := &cobra.Command{
		Use: "close ID DATE", Short: "Close the transactions of an account up to and including a day",
		Args: between(2, 2), ValidArgsFunction: cobra.NoFileCompletions,
	}
	firstDay := firstDayFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, err := firstDay()
		if err != nil {
			return err
		}
		if _, err := parseDay(args[1]); err != nil {
			return err
		}
		_, text, err := decode[discovery.CloseView](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) {
				return s.api.ClosePeriod(ctx, args[0], args[1], nil, discovery.CloseRequest{From: from})
			})
		if err != nil {
			return err
		}
		return s.print(closeView, text)
	})
	return cmd
}

func (c commands) closePeriods() *cobra.Command {
	cmd := &cobra.Command{
		Use: "close-all DATE ID…", Short: "Close the transactions of up to 200 accounts up to and including a day",
		Args: between(2, 201), ValidArgsFunction: cobra.NoFileCompletions,
	}
	firstDay := firstDayFlag(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, err := firstDay()
		if err != nil {
			return err
		}
		day, err := parseDay(args[0])
		if err != nil {
			return err
		}
		request := discovery.ClosesRequest{Date: day, From: from, AccountIds: args[1:]}
		closes, _, err := decode[discovery.ClosesView](s.cmd.Context(),
			func(ctx context.Context) (*http.Response, error) { return s.api.ClosePeriods(ctx, nil, request) })
		if err != nil {
			return err
		}
		failed := 0
		for _, result := range closes.Results {
			if result.Error != nil {
				failed++
				s.printNote("%s: %s", result.AccountID, printable(result.Error.Detail))
				continue
			}
			without := ""
			if n := result.Close.WithoutAmount; n != nil {
				without = fmt.Sprintf(" (%d without an amount)", *n)
			}
			s.printNote("%s: closed, %d transactions%s, digest %s", result.AccountID, result.Close.Count, without,
				result.Close.Digest)
		}
		if failed > 0 {
			return fmt.Errorf("%d of %d accounts could not be closed", failed, len(closes.Results))
		}
		return nil
	})
	return cmd
}

func (c commands) reopenPeriod() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "reopen ID DATE", Short: "End the close of a day and delete its adjustments", Args: between(2, 2),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the date")
	cmd.RunE = c.run(func(s *session, args []string) error {
		day, err := parseDay(args[1])
		if err != nil {
			return err
		}
		if err := s.confirm(yes, "reopen the period", args[1]); err != nil {
			return err
		}
		if _, _, err := decode[any](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.ReopenPeriod(ctx, args[0], day)
		}); err != nil {
			return err
		}
		s.printNote("reopened %s", args[1])
		return nil
	})
	return cmd
}

func (c commands) listCloses() *cobra.Command {
	var flags listFlags
	var reopened bool
	cmd := &cobra.Command{
		Use: "closes ID", Short: "List the closes of an account by day, newest first", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&reopened, "reopened", false, "the closes that were reopened, instead of the present ones")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.ListClosesParams{}
		if reopened {
			params.Reopened = optional(discovery.ListClosesParamsReopenedTrue)
		}
		_, err := s.list(closeView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				params.Limit, params.Cursor = limit, cursor
				return s.api.ListCloses(ctx, args[0], &params)
			})
		return err
	})
	return cmd
}

func (c commands) listAdjustments() *cobra.Command {
	var flags listFlags
	cmd := &cobra.Command{
		Use: "adjustments ID DATE", Short: "List the changes after a close that concern its transactions, newest first",
		Args: between(2, 2), ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.RunE = c.run(func(s *session, args []string) error {
		day, err := parseDay(args[1])
		if err != nil {
			return err
		}
		_, err = s.list(adjustmentView, flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListAdjustments(ctx, args[0], day, &discovery.ListAdjustmentsParams{
					Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}

func (c commands) evidence() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "evidence ID DATE", Short: "Download the evidence of a close, for discovery evidence verify",
		Args: between(2, 2), ValidArgsFunction: cobra.NoFileCompletions,
		Long: "Download a ZIP archive that proves which transactions a close covers.\n" +
			"The file appears only when the archive is complete.",
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "the file to write; the standard output if it is not given or -")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		day, err := parseDay(args[1])
		if err != nil {
			return err
		}
		s, err := c.connectFormat(cmd, "", 0)
		if err != nil {
			return err
		}
		response, err := s.api.GetCloseEvidence(cmd.Context(), args[0], day)
		if err != nil {
			return explain(err)
		}
		defer func() { _ = response.Body.Close() }()
		return explain(s.saveDocument(response, file))
	}
	return cmd
}
