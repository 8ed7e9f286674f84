package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	discovery "github.com/LerianStudio/aggregator-connections/clients/go"
)

const (
	// deliveryPollInterval is the delay between two reads of the newest deliveries.
	deliveryPollInterval = 2 * time.Second
	// deliveryOverlap is how far the next read goes back before the time of the newest printed delivery. An overlap
	// is necessary because deliveries are not stored in the order of their times: replicas store deliveries
	// concurrently, and their clocks differ.
	deliveryOverlap = time.Minute
)

func (c commands) deliveries() *cobra.Command {
	return group("deliveries", "List, print and replay stored webhooks",
		c.listDeliveries(), c.getDelivery(), c.replayDelivery())
}

func (c commands) listDeliveries() *cobra.Command {
	var flags listFlags
	var follow bool
	var status, eventID, from, to string
	cmd := &cobra.Command{
		Use: "list [NAME|ID]", Short: "List deliveries of one connection or of all, newest first", Args: between(0, 1),
		ValidArgsFunction: c.completeConnection,
	}
	flags.register(cmd)
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "also print new ones as they arrive; oldest first")
	cmd.Flags().StringVar(&status, "status", "",
		"only in this state: accepted, processed, ignored, unreadable or failed")
	cmd.Flags().StringVar(&eventID, "event-id", "", "only deliveries with this event id of the vendor")
	cmd.Flags().StringVar(&from, "from", "", "received at or after: RFC 3339, or a date")
	cmd.Flags().StringVar(&to, "to", "", "received before: RFC 3339, or a date")
	completeFlag(cmd, "status", "accepted", "processed", "ignored", "unreadable", "failed")
	cmd.RunE = c.run(func(s *session, args []string) error {
		params := discovery.ListDeliveriesParams{
			Status:  optional(discovery.ListDeliveriesParamsStatus(status)),
			EventID: optional(eventID), From: optional(from), To: optional(to),
		}
		if params.Status != nil && !params.Status.Valid() {
			return usagef("--status must be accepted, processed, ignored, unreadable or failed")
		}
		if follow && (flags.all || to != "") {
			return usagef("--follow cannot be combined with --all or --to")
		}
		var err error
		if params.ConnectionID, err = s.connectionFilter(args); err != nil {
			return err
		}
		if follow {
			return untilInterrupted(s.followDeliveries(flags, params))
		}
		_, err = s.list(deliveryView.overSeveral(params.ConnectionID), flags, "", s.fetchDeliveries(params))
		return err
	})
	return cmd
}

// fetchDeliveries returns a function that requests pages of the selected deliveries.
func (s *session) fetchDeliveries(params discovery.ListDeliveriesParams) fetch {
	return func(ctx context.Context, limit *int64, cursor *string) (*http.Response, error) {
		params.Limit, params.Cursor = limit, cursor
		return s.api.ListDeliveries(ctx, &params)
	}
}

// followDeliveries prints the newest deliveries, oldest first, and then each new one, until the command is interrupted.
// The limit in flags applies only to the deliveries that it prints at the start.
func (s *session) followDeliveries(flags listFlags, params discovery.ListDeliveriesParams) error {
	if err := flags.check(); err != nil {
		return err
	}
	w, err := s.writer(deliveryView.overSeveral(params.ConnectionID), true)
	if err != nil {
		return err
	}
	printed := map[string]time.Time{}
	limit := flags.limit
	for {
		items, err := s.newDeliveries(params, limit, printed)
		if err != nil {
			return err
		}
		if err := w.write(items); err != nil {
			return err
		}
		if len(printed) > 0 {
			params.From = optional(prune(printed).Format(time.RFC3339Nano))
			limit = 0
		}
		if err := s.pause(deliveryPollInterval); err != nil {
			return err
		}
	}
}

// newDeliveries returns the selected deliveries whose ids are not in the map printed, oldest first, and adds their
// ids and times to the map. If limit is positive, it returns at most the newest limit deliveries.
func (s *session) newDeliveries(
	params discovery.ListDeliveriesParams, limit int, printed map[string]time.Time,
) ([]json.RawMessage, error) {
	var items []json.RawMessage
	for cursor := ""; ; {
		var p page
		err := s.retry(func() (err error) {
			p, err = s.page(s.fetchDeliveries(params), maxPage, cursor)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, item := range p.Items {
			var d discovery.DeliveryView
			if err := json.Unmarshal(item, &d); err != nil {
				return nil, err
			}
			if _, known := printed[d.ID]; known || limit > 0 && len(items) == limit {
				continue
			}
			printed[d.ID] = d.ReceivedAt
			items = append(items, item)
		}
		if cursor = p.NextCursor; !p.HasMore || cursor == "" || limit > 0 && len(items) == limit {
			slices.Reverse(items)
			return items, nil
		}
	}
}

// prune returns the start time of the next read, which is deliveryOverlap before the newest delivery in the map. It
// removes older deliveries from the map.
func prune(printed map[string]time.Time) time.Time {
	var newest time.Time
	for _, at := range printed {
		if at.After(newest) {
			newest = at
		}
	}
	from := newest.Add(-deliveryOverlap)
	for id, at := range printed {
		if at.Before(from) {
			delete(printed, id)
		}
	}
	return from
}

func (c commands) getDelivery() *cobra.Command {
	return &cobra.Command{
		Use: "get ID", Short: "Print a delivery with its payload", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.DeliveryDetail](s, deliveryDetailView,
				func(ctx context.Context) (*http.Response, error) {
					return s.api.GetDelivery(ctx, args[0])
				})
		}),
	}
}

func (c commands) replayDelivery() *cobra.Command {
	return &cobra.Command{
		Use: "replay ID", Short: "Queue the pull of a stored delivery again", Args: between(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.run(func(s *session, args []string) error {
			return show[discovery.DeliveryView](s, deliveryView, func(ctx context.Context) (*http.Response, error) {
				return s.api.ReplayDelivery(ctx, args[0], nil)
			})
		}),
	}
}
