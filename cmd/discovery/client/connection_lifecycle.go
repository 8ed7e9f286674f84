package client

import (
	"context"
	"net/http"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

func (c commands) linkConnection() *cobra.Command {
	return c.onConnection("link", "Print the address of a page on which the account holder can sign in again, once",
		func(s *session, id string) error {
			_, text, err := decode[discovery.LinkSession](s.cmd.Context(),
				func(ctx context.Context) (*http.Response, error) { return s.api.CreateLinkSession(ctx, id, nil) })
			if err != nil {
				return err
			}
			s.printNote("Send the URL to the account holder only. Anyone with the URL can sign in until it expires.")
			return s.print(linkSessionView, text)
		})
}

func (c commands) refreshConnection() *cobra.Command {
	return c.onConnection("refresh", "Ask the vendor to read the institution now",
		func(s *session, id string) error {
			if _, _, err := decode[any](s.cmd.Context(), func(ctx context.Context) (*http.Response, error) {
				return s.api.RefreshConnection(ctx, id, nil)
			}); err != nil {
				return err
			}
			s.printNote("the vendor reads the institution; a webhook follows")
			return nil
		})
}

func (c commands) pauseConnection() *cobra.Command {
	return c.onConnection("pause", "Stop all requests to the vendor; webhooks are still stored",
		func(s *session, id string) error {
			return s.changePause(func(ctx context.Context) (*http.Response, error) {
				return s.api.PauseConnection(ctx, id, nil)
			})
		})
}

func (c commands) resumeConnection() *cobra.Command {
	return c.onConnection("resume", "Allow requests to the vendor again, and run the waiting pulls",
		func(s *session, id string) error {
			return s.changePause(func(ctx context.Context) (*http.Response, error) {
				return s.api.ResumeConnection(ctx, id, nil)
			})
		})
}

// onConnection returns a command whose only argument is the name or id of a connection. When the command runs, fn
// receives the id.
func (c commands) onConnection(use, short string, fn func(s *session, id string) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME|ID", Short: short, Args: between(1, 1), ValidArgsFunction: c.completeConnection,
		RunE: c.run(func(s *session, args []string) error {
			id, err := s.connectionID(args[0])
			if err != nil {
				return err
			}
			return fn(s, id)
		}),
	}
}

// changePause calls send, which pauses or resumes a connection, and prints the health in the response.
func (s *session) changePause(send func(context.Context) (*http.Response, error)) error {
	_, text, err := decode[discovery.HealthView](s.cmd.Context(), send)
	if err != nil {
		return err
	}
	return s.print(healthView, text)
}
