package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// pullPollInterval is the interval at which a command reads the state of a pull until the pull has ended.
const pullPollInterval = 500 * time.Millisecond

func (c commands) pulls() *cobra.Command {
	return group("pulls", "List, print and start pulls", c.listPulls(), c.getPull(), c.startPull())
}

func (c commands) listPulls() *cobra.Command {
	var flags listFlags
	var status string
	cmd := &cobra.Command{
		Use: "list [NAME|ID]", Short: "List the pulls of one connection or of all, newest first", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&status, "status", "", "only in this state: queued, running, succeeded or failed")
	completeFlag(cmd, "status", "queued", "running", "succeeded", "failed")
	cmd.RunE = c.run(func(s *session, args []string) error {
		filter := optional(discovery.ListAllPullsParamsStatus(status))
		if filter != nil && !filter.Valid() {
			return usagef("--status must be queued, running, succeeded or failed")
		}
		id, err := s.connectionFilter(args)
		if err != nil {
			return err
		}
		_, err = s.list(pullView.overSeveral(id), flags, "",
			func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
				return s.api.ListAllPulls(ctx, &discovery.ListAllPullsParams{
					Status: filter, ConnectionID: id, Limit: limit, Cursor: cursor,
				})
			})
		return err
	})
	return cmd
}

func (c commands) getPull() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print a pull", Args: between(1, 1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.PullView](s, pullView, func(ctx context.Context) (*http.Response, error) {
				return s.api.GetPull(ctx, args[0])
			})
		}),
	}
}

func (c commands) startPull() *cobra.Command {
	var dates dateFlags
	var wait bool
	cmd := &cobra.Command{
		Use: "start NAME|ID", Short: "Start a pull; with --wait exit with 1 if it fails", Args: between(1, 1),
		ValidArgsFunction: c.completeConnection,
	}
	dates.register(cmd, valueDate)
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the pull has ended")
	cmd.RunE = c.run(func(s *session, args []string) error {
		from, to, err := dates.parse()
		if err != nil {
			return err
		}
		id, err := s.connectionID(args[0])
		if err != nil {
			return err
		}
		body := discovery.PullRequest{From: from, To: to}
		pull, text, err := decode[discovery.PullView](cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.RequestPull(ctx, id, nil, body)
		})
		if err == nil && wait {
			pull, text, err = s.waitForPull(pull, text)
		}
		if err != nil {
			return err
		}
		if err := s.print(pullView, text); err != nil || pull.Status != discovery.PullViewStatusFailed {
			return err
		}
		return fmt.Errorf("the pull failed: %s", printable(textOf(pull.LastError)))
	})
	return cmd
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// waitForPull waits until the pull has ended, and returns it. On a terminal, it shows the progress.
func (s *session) waitForPull(pull discovery.PullView, text []byte) (discovery.PullView, []byte, error) {
	bar := s.progressBar()
	defer bar.clear()
	for pull.Status == discovery.PullViewStatusQueued || pull.Status == discovery.PullViewStatusRunning {
		bar.show(pullProgress(pull))
		if err := s.pause(pullPollInterval); err != nil {
			return pull, text, err
		}
		err := s.retry(func() (err error) {
			pull, text, err = decode[discovery.PullView](
				s.cmd.Context(),
				func(ctx context.Context) (*http.Response, error) {
					return s.api.GetPull(ctx, pull.ID)
				},
			)
			return err
		})
		if err != nil {
			return pull, text, err
		}
	}
	return pull, text, nil
}

// pullProgress describes a pull that has not ended.
func pullProgress(pull discovery.PullView) string {
	progress := fmt.Sprintf("%s, %d transactions read", pull.Status, pull.Counts.Read)
	if pull.LastError != nil {
		progress += fmt.Sprintf(", attempt %d, last error %s", pull.Attempts, printable(*pull.LastError))
	}
	return progress
}
