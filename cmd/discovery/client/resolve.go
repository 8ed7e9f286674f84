package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

// completionTimeout bounds how long the shell waits for the names of connections.
const completionTimeout = 3 * time.Second

// connection returns the connection with the given id or name. An id takes precedence over a name.
func (s *session) connection(nameOrID string) (discovery.Descriptor, error) {
	if _, err := uuid.Parse(nameOrID); err == nil {
		c, _, err := decode[discovery.Descriptor](s.cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.GetConnection(ctx, nameOrID)
		})
		var failure *discovery.APIError
		if !errors.As(err, &failure) || failure.Status != http.StatusNotFound {
			return c, err
		}
	}
	var found *discovery.Descriptor
	err := s.eachConnection(s.cmd.Context(), func(c discovery.Descriptor) bool {
		if c.ConfigName == nameOrID {
			found = &c
		}
		return found == nil
	})
	if err == nil && found == nil {
		err = fmt.Errorf("connection %q not found: discovery connections list prints the names", printable(nameOrID))
	}
	if err != nil {
		return discovery.Descriptor{}, err
	}
	return *found, nil
}

// connectionID returns the id of the connection with the given id or name.
func (s *session) connectionID(nameOrID string) (string, error) {
	c, err := s.connection(nameOrID)
	return c.ID, err
}

// connectionFilter returns the id of the connection that args specify, or nil if args is empty.
func (s *session) connectionFilter(args []string) (*string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	id, err := s.connectionID(args[0])
	return &id, err
}

// maxSingleNames is the maximum number of unknown names for which the connections are read one by one.
const maxSingleNames = 10

// connectionNames returns the names of the connections with the given ids. A deleted connection has no name.
func (s *session) connectionNames(ids []string) (map[string]string, error) {
	unknown := map[string]bool{}
	for _, id := range ids {
		if _, known := s.names[id]; id != "" && !known {
			unknown[id] = true
		}
	}
	if len(unknown) > maxSingleNames {
		err := s.eachConnection(s.cmd.Context(), func(c discovery.Descriptor) bool {
			s.names[c.ID] = c.ConfigName
			delete(unknown, c.ID)
			return len(unknown) > 0
		})
		for id := range unknown {
			s.names[id] = ""
		}
		return s.names, err
	}
	for id := range unknown {
		c, _, err := decode[discovery.Descriptor](s.cmd.Context(), func(ctx context.Context) (*http.Response, error) {
			return s.api.GetConnection(ctx, id)
		})
		var failure *discovery.APIError
		if err != nil && (!errors.As(err, &failure) || failure.Status != http.StatusNotFound) {
			return nil, err
		}
		s.names[id] = c.ConfigName
	}
	return s.names, nil
}

// eachConnection calls visit with each connection until visit returns false.
func (s *session) eachConnection(ctx context.Context, visit func(discovery.Descriptor) bool) error {
	params := discovery.ListConnectionsParams{Limit: new(int64)}
	*params.Limit = maxPage
	for {
		p, _, err := decode[discovery.PageDescriptor](ctx, func(ctx context.Context) (*http.Response, error) {
			return s.api.ListConnections(ctx, &params)
		})
		if err != nil {
			return err
		}
		for _, c := range p.Items {
			if !visit(c) {
				return nil
			}
		}
		if !p.HasMore || p.NextCursor == nil {
			return nil
		}
		params.Cursor = p.NextCursor
	}
}

// completeConnection completes the first argument with the names of the connections.
func (c commands) completeConnection(
	cmd *cobra.Command, args []string, _ string,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	s, err := c.connect(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
	defer cancel()
	var names []cobra.Completion
	_ = s.eachConnection(ctx, func(d discovery.Descriptor) bool { // after an error, names may be missing
		names = append(names, cobra.CompletionWithDesc(printable(d.ConfigName), string(d.Vendor)))
		return true
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
