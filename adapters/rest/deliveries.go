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

// DeliveryView is a delivery without its body. It is exported for the OpenAPI document
// alone: huma does not see the members of an embedded struct whose name is not.
type DeliveryView struct {
	ID           string    `json:"id"`
	ConnectionID string    `json:"connectionId"`
	Vendor       string    `json:"vendor"`
	Event        string    `json:"event"`
	EventID      string    `json:"eventId"`
	Status       string    `json:"status" enum:"accepted,processed,ignored,unreadable,failed"`
	PullID       string    `json:"pullId,omitempty"`
	ReceivedAt   time.Time `json:"receivedAt"`
	ProcessedAt  time.Time `json:"processedAt,omitzero"`
}

// deliveryDetail adds the body as it came.
type deliveryDetail struct {
	DeliveryView
	Payload rawJSON `json:"payload" doc:"The body as it came; a string when it is not JSON"`
}

// deliveryOf leaves body, fingerprint and ask behind.
func deliveryOf(d domain.Delivery) DeliveryView {
	return DeliveryView{
		ID: d.ID.String(), ConnectionID: d.Connection.String(), Vendor: string(d.Vendor), Event: d.Event,
		EventID: d.EventID, Status: string(d.Status), PullID: shown(d.Pull),
		ReceivedAt: utc(d.ReceivedAt), ProcessedAt: utc(d.ProcessedAt),
	}
}

// defaultReplay is how many deliveries a replay in bulk takes when it does not say.
const defaultReplay = 100

// replayRequest names deliveries by what they have in common.
type replayRequest struct {
	Connection string `json:"connectionId,omitempty" pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" patternDescription:"a UUID"`
	Status     string `json:"status,omitempty" enum:"accepted,processed,ignored,unreadable,failed"`
	EventID    string `json:"eventId,omitempty" minLength:"1" maxLength:"200" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	From       when   `json:"from,omitempty" doc:"Received at or after: RFC 3339, or a date"`
	To         when   `json:"to,omitempty" doc:"Received before: RFC 3339, or a date"`
	Limit      int    `json:"limit,omitempty" minimum:"1" maximum:"1000" doc:"At most so many, newest first; 100 when left out"`
}

// filter reads id and times by hand: the patterns have let through only what parses, but
// for the nil UUID and days that a month has not.
func (r replayRequest) filter() (ports.DeliveryFilter, error) {
	filter := ports.DeliveryFilter{Status: domain.DeliveryStatus(r.Status), EventID: r.EventID}
	var faults []*domain.Error
	read := func(field, text string, into encoding.TextUnmarshaler) {
		if text == "" {
			return
		}
		if err := into.UnmarshalText([]byte(text)); err != nil {
			faults = append(faults, domain.FieldError(field, err.Error()))
		}
	}
	var connection filterID[domain.Connection]
	var from, to instant
	read("connectionId", r.Connection, &connection)
	read("from", string(r.From), &from)
	read("to", string(r.To), &to)
	filter.Connection, filter.From, filter.To = connection.ID, from.Time, to.Time
	if len(faults) > 0 {
		return filter, domain.Join(faults)
	}
	return filter, span(filter.From, filter.To)
}

// replayed lists what will be worked on again, each with its new pull.
type replayed struct {
	Replayed int            `json:"replayed" doc:"How many deliveries were asked for again"`
	Items    []DeliveryView `json:"items"`
}

// deliveryRoutes show what came through the door, and ask for its work again.
func (s *server) deliveryRoutes() []route {
	const tag, one = "Webhook deliveries", deliveriesPath + "/{id}"
	return []route{
		{id: "list-deliveries", method: http.MethodGet, path: deliveriesPath, status: http.StatusOK, tag: tag, summary: "List deliveries, newest first",
			scope: scopeRead, mount: by(s.listDeliveries)},
		{id: "get-delivery", method: http.MethodGet, path: one, status: http.StatusOK, tag: tag, summary: "Get a delivery with its payload",
			scope: scopeRead, missing: codeMissing, mount: by(s.getDelivery)},
		{id: "replay-delivery", method: http.MethodPost, path: one + "/replay", status: http.StatusAccepted, tag: tag, summary: "Ask for a delivery's work again",
			scope: scopeWrite, missing: codeMissing, conflict: true, once: true, bodiless: true, mount: by(s.replayDelivery)},
		{id: "replay-deliveries", method: http.MethodPost, path: deliveriesPath + "/replay", status: http.StatusAccepted, tag: tag, summary: "Ask for the work of many deliveries again",
			scope: scopeWrite, once: true, mount: by(s.replayDeliveries)},
	}
}

// listDeliveries combines all filters that are given.
func (s *server) listDeliveries(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	Connection filterID[domain.Connection] `query:"connectionId"`
	Status     string                      `query:"status" enum:"accepted,processed,ignored,unreadable,failed"`
	EventID    string                      `query:"eventId" maxLength:"200" pattern:"^[^\\x00-\\x1F\\x7F-\\x9F]*$" patternDescription:"text without control characters"`
	From       instant                     `query:"from" doc:"Received at or after: RFC 3339, or a date"`
	To         instant                     `query:"to" doc:"Received before: RFC 3339, or a date"`
	Limit      int                         `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor     cursor[deliveryList]        `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[DeliveryView], error) {
	if err := span(in.From.Time, in.To.Time); err != nil {
		return nil, err
	}
	p, err := s.service.ListDeliveries(ctx, tenant, ports.DeliveryFilter{
		Connection: in.Connection.ID, Status: domain.DeliveryStatus(in.Status), EventID: in.EventID,
		From: in.From.Time, To: in.To.Time,
	}, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[deliveryList](p, in.Limit, deliveryOf), nil
}

// getDelivery adds the payload.
func (s *server) getDelivery(ctx context.Context, tenant domain.TenantID, in *byID) (*plainBody[deliveryDetail], error) {
	id, err := domain.ParseID[domain.Delivery](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.service.GetDelivery(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &plainBody[deliveryDetail]{deliveryDetail{deliveryOf(d), asJSON(d.Body)}}, nil
}

// replayDelivery points at the pull that will do the work.
func (s *server) replayDelivery(ctx context.Context, tenant domain.TenantID, in *byID) (*accepted[DeliveryView], error) {
	id, err := domain.ParseID[domain.Delivery](in.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.service.ReplayDelivery(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &accepted[DeliveryView]{pullsPath + "/" + d.Pull.String(), deliveryOf(d)}, nil
}

// replayDeliveries is bounded: who wants more asks again.
func (s *server) replayDeliveries(ctx context.Context, tenant domain.TenantID, in *struct{ Body replayRequest }) (*plainBody[replayed], error) {
	filter, err := in.Body.filter()
	if err != nil {
		return nil, err
	}
	limit := in.Body.Limit
	if limit == 0 {
		limit = defaultReplay
	}
	again, err := s.service.ReplayDeliveries(ctx, tenant, filter, limit)
	if err != nil {
		return nil, err
	}
	return &plainBody[replayed]{replayed{len(again), views(again, deliveryOf)}}, nil
}
