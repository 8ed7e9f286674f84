package client

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// feedWait is how long the service may wait for changes before it returns an empty page of the change feed.
const feedWait = 20 * time.Second

const changesHelp = `Print the change feed of all connections. It begins at its start, or after the
position that --cursor names. The position after the last change is printed to the standard error.

With --follow the command waits for further changes until it is interrupted. With "-o json" it then prints
one object per line instead of an array. examples/ contains programs that store their position.`

func (c commands) changes() *cobra.Command {
	var flags listFlags
	var follow bool
	var cursor string
	cmd := &cobra.Command{
		Use: "changes", Short: "Print or follow the change feed", Long: changesHelp, Args: between(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&cursor, "cursor", "", "position to continue at")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "wait for further changes until interrupted")
	cmd.RunE = c.run(func(s *session, _ []string) (err error) {
		if follow && (flags.all || cmd.Flags().Changed("limit")) {
			return usagef("--follow cannot be combined with --limit or --all")
		}
		if follow {
			cursor, err = s.followChanges(cursor)
			err = untilInterrupted(err)
		} else {
			cursor, err = s.list(changeView.overSeveral(nil), flags, cursor, s.fetchChanges(0))
		}
		if err == nil && cursor != "" {
			s.printNote("next cursor: %s", cursor)
		}
		return err
	})
	return cmd
}

// fetchChanges returns a function that requests pages of the change feed.
func (s *session) fetchChanges(wait time.Duration) fetch {
	return func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
		value := wait.String()
		return s.api.ReadChanges(ctx, &discovery.ReadChangesParams{Limit: limit, Cursor: cursor, Wait: &value})
	}
}

// followChanges prints changes until the command is interrupted. It returns the cursor after the last printed change. A
// service that shuts down returns empty pages without waiting; after such a page, followChanges pauses.
func (s *session) followChanges(cursor string) (string, error) {
	w, err := s.writer(changeView.overSeveral(nil), true)
	if err != nil {
		return cursor, err
	}
	for {
		requested := time.Now()
		var p page
		err := s.retry(func() (err error) {
			p, err = s.page(s.fetchChanges(feedWait), maxPage, cursor)
			return err
		})
		if err != nil {
			return cursor, err
		}
		if err := w.write(p.Items); err != nil {
			return cursor, err
		}
		cursor = p.NextCursor
		if len(p.Items) == 0 && !p.HasMore && time.Since(requested) < feedWait {
			if err := s.pause(defaultRetryAfter); err != nil {
				return cursor, err
			}
		}
	}
}
