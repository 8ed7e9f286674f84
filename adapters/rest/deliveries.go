package rest

import (
	"context"
	"encoding"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const deliveriesPath = prefix + "/webhooks/deliveries"

// deliveryView is the representation of a webhook delivery in responses, without the body of the webhook.
type deliveryView struct {
	ID           string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the delivery"`
	ConnectionID string    `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Event        string    `json:"event" example:"transactions/created" doc:"The vendor's name of the event; empty if the body is unreadable"`
	EventID      string    `json:"eventId" example:"e6f1a2b3-0c4d-4e5f-8a7b-9c0d1e2f3a4b" doc:"The vendor's id of the event; empty if it has none"`
	Status       string    `json:"status" enum:"accepted,processed,ignored,unreadable,failed" example:"processed" doc:"The state of the delivery; processed and failed are the result of its pull"`
	PullID       string    `json:"pullId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The pull that does the work of the delivery; absent if it wants none"`
	ReceivedAt   time.Time `json:"receivedAt" example:"2026-03-02T10:00:00Z" doc:"When it was received"`
	ProcessedAt  time.Time `json:"processedAt,omitzero" example:"2026-03-02T10:00:05Z" doc:"When its pull ended; absent before"`
}

// deliveryDetail is the representation of a webhook delivery in responses, with the body of the webhook.
type deliveryDetail struct {
	deliveryView
	Payload rawJSON `json:"payload" doc:"The received body; a string when it is not JSON"`
}

// deliveryOf returns the representation of d without its body. The representation also has no fields for the
// fingerprint and the scope.
func deliveryOf(d domain.Delivery) deliveryView {
	return deliveryView{
		ID: d.ID.String(), ConnectionID: d.Connection.String(), Vendor: string(d.Vendor), Event: d.Event,
		EventID: d.EventID, Status: string(d.Status), PullID: idOrEmpty(d.Pull),
		ReceivedAt: utcOrZero(d.ReceivedAt), ProcessedAt: utcOrZero(d.ProcessedAt),
	}
}

// defaultReplayLimit is the limit of a bulk replay whose request contains no limit.
const defaultReplayLimit = 100

// replayRequest is the request body that selects the deliveries to replay.
type replayRequest struct {
	Connection string       `json:"connectionId,omitempty" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"a UUID" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"Only deliveries of this connection"`
	Status     string       `json:"status,omitempty" enum:"accepted,processed,ignored,unreadable,failed" example:"failed" doc:"Only deliveries in this state"`
	EventID    plainText    `json:"eventId,omitempty" minLength:"1" maxLength:"200" example:"e6f1a2b3-0c4d-4e5f-8a7b-9c0d1e2f3a4b" doc:"Only deliveries of this event of the vendor"`
	From       dateTimeText `json:"from,omitempty" doc:"Received at or after: RFC 3339, or a date" example:"2026-03-01T00:00:00Z"`
	To         dateTimeText `json:"to,omitempty" doc:"Received before: RFC 3339, or a date" example:"2026-03-02"`
	Limit      int          `json:"limit,omitzero" minimum:"1" maximum:"1000" doc:"How many deliveries to replay at most, newest first; 100 by default" example:"100"`
}

// filter returns the filter that the request describes. The schema has already rejected most malformed texts. Errors:
// Invalid for the nil UUID, for a date that does not exist, and for a time range that ends before it starts.
func (r replayRequest) filter() (ports.DeliveryFilter, error) {
	filter := ports.DeliveryFilter{Status: domain.DeliveryStatus(r.Status), EventID: string(r.EventID)}
	var invalid []*domain.Error
	read := func(field, text string, into encoding.TextUnmarshaler) {
		if text == "" {
			return
		}
		if err := into.UnmarshalText([]byte(text)); err != nil {
			invalid = append(invalid, domain.FieldError(field, err.Error()))
		}
	}
	var connection idParam[domain.Connection]
	var from, to dateTimeParam
	read("connectionId", r.Connection, &connection)
	read("from", string(r.From), &from)
	read("to", string(r.To), &to)
	filter.Connection, filter.From, filter.To = connection.ID, from.Time, to.Time
	if len(invalid) > 0 {
		return filter, domain.Join(invalid)
	}
	return filter, checkTimeRange(filter.From, filter.To)
}

// replayed is the response body that lists the replayed deliveries, each with its new pull.
type replayed struct {
	Replayed int            `json:"replayed" doc:"The number of replayed deliveries" example:"1"`
	Items    []deliveryView `json:"items" doc:"The replayed deliveries"`
}

// deliveryRoutes returns the routes that read webhook deliveries and replay them.
func (s *server) deliveryRoutes() []route {
	const tag, one = "Webhook deliveries", deliveriesPath + "/{id}"
	return []route{
		{
			id: "list-deliveries", method: http.MethodGet, path: deliveriesPath,
			description: "Returns the stored webhooks of the tenant without their payloads.",
			status:      http.StatusOK, tag: tag, summary: "List deliveries, newest first",
			scope: scopeRead,
			mount: handle(s.listDeliveries),
		},
		{
			id: "get-delivery", memory: deliveryMemory, method: http.MethodGet, path: one,
			description: "Returns a stored webhook with its body as it was received.",
			status:      http.StatusOK, tag: tag, summary: "Get a delivery with its payload",
			scope: scopeRead, notFound: deliveryNotFound,
			mount: handle(s.getDelivery),
		},
		{
			id: "replay-delivery", method: http.MethodPost, path: one + "/replay",
			description: "Requests the pull of the delivery again. The response is a 409 if the delivery requests no " +
				"pull.",
			status: http.StatusAccepted, tag: tag, summary: "Replay a delivery: request its pull again",
			scope: scopeWrite, notFound: deliveryNotFound, conflict: true, idempotent: true, noBody: true,
			mount: handle(s.replayDelivery),
		},
		{
			id: "replay-deliveries", method: http.MethodPost, path: deliveriesPath + "/replay",
			description: "Requests the pulls of the deliveries that match all given members, newest first, up to " +
				"limit.",
			status: http.StatusAccepted, tag: tag, summary: "Replay many deliveries: request their pulls again",
			scope: scopeWrite, idempotent: true,
			mount: handle(s.replayDeliveries),
		},
	}
}

// listDeliveries returns a page of the deliveries that match all given filters.
func (s *server) listDeliveries(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Status     string                     `query:"status" enum:"accepted,processed,ignored,unreadable,failed" doc:"Only items in this state"`
	EventID    plainText                  `query:"eventId" maxLength:"200" doc:"Only deliveries of this event of the vendor"`
	From       dateTimeParam              `query:"from" doc:"Received at or after: RFC 3339, or a date"`
	To         dateTimeParam              `query:"to" doc:"Received before: RFC 3339, or a date"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor     cursor[deliveryList]       `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[deliveryView], error) {
	if err := checkTimeRange(in.From.Time, in.To.Time); err != nil {
		return nil, err
	}
	p, err := s.service.ListDeliveries(ctx, tenant, ports.DeliveryFilter{
		Connection: in.Connection.ID, Status: domain.DeliveryStatus(in.Status), EventID: string(in.EventID),
		From: in.From.Time, To: in.To.Time,
	}, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[deliveryList](p, in.Limit, deliveryOf), nil
}

// getDelivery returns a delivery with its payload.
func (s *server) getDelivery(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Delivery],
) (*bodyOutput[deliveryDetail], error) {
	d, err := s.service.GetDelivery(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[deliveryDetail]{deliveryDetail{deliveryOf(d), asJSON(d.Body)}}, nil
}

// replayDelivery replays a delivery. The Location header of its response refers to the pull that
// was requested.
func (s *server) replayDelivery(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Delivery],
) (*acceptedOutput[deliveryView], error) {
	d, err := s.service.ReplayDelivery(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &acceptedOutput[deliveryView]{pullsPath + "/" + d.Pull.String(), deliveryOf(d)}, nil
}

// replayDeliveries replays at most as many deliveries as the limit in the request allows. To replay more, the caller
// repeats the request.
func (s *server) replayDeliveries(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body replayRequest },
) (*bodyOutput[replayed], error) {
	filter, err := in.Body.filter()
	if err != nil {
		return nil, err
	}
	limit := in.Body.Limit
	if limit == 0 {
		limit = defaultReplayLimit
	}
	deliveries, err := s.service.ReplayDeliveries(ctx, tenant, filter, limit)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[replayed]{replayed{len(deliveries), mapItems(deliveries, deliveryOf)}}, nil
}
