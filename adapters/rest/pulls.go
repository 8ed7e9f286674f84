package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const pullsPath = prefix + "/pulls"

// pullView is the representation of a pull in responses.
type pullView struct {
	ID           string        `json:"id"`
	ConnectionID string        `json:"connectionId"`
	Vendor       string        `json:"vendor"`
	Trigger      string        `json:"trigger" enum:"webhook,manual,reconcile,replay"`
	Status       string        `json:"status" enum:"queued,running,succeeded,failed"`
	Counts       domain.Counts `json:"counts"`
	Attempts     int           `json:"attempts"`
	LastError    string        `json:"lastError,omitempty" doc:"Error code of the last attempt"`
	NextTryAt    time.Time     `json:"nextTryAt,omitzero"`
	CreatedAt    time.Time     `json:"createdAt"`
	StartedAt    time.Time     `json:"startedAt,omitzero"`
	FinishedAt   time.Time     `json:"finishedAt,omitzero"`
}

// pullOf returns the representation of p. It has no fields for scope and progress, which only the
// worker uses.
func pullOf(p domain.Pull) pullView {
	return pullView{
		ID: p.ID.String(), ConnectionID: p.Connection.String(), Vendor: string(p.Vendor),
		Trigger: string(p.Trigger), Status: string(p.State), Counts: p.Counts, Attempts: p.Attempts,
		LastError: string(p.LastError), NextTryAt: utcOrZero(p.NotBefore), CreatedAt: utcOrZero(p.CreatedAt),
		StartedAt: utcOrZero(p.StartedAt), FinishedAt: utcOrZero(p.FinishedAt),
	}
}

// pullRequest is the request body that limits a pull to a range of value dates. If both dates are
// missing, the pull reads everything that the vendor has.
type pullRequest struct {
	From string `json:"from,omitempty" format:"date" doc:"First value date"`
	To   string `json:"to,omitempty" format:"date" doc:"Last value date"`
}

// pullRoutes returns the routes that request pulls and read them.
func (s *server) pullRoutes() []route {
	const tag, of = "Pulls", connectionsPath + "/{id}/pulls"
	return []route{
		{
			id: "list-pulls", method: http.MethodGet, path: of,
			status: http.StatusOK, tag: tag, summary: "List a connection's pulls, newest first",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listPulls),
		},
		{
			id: "request-pull", method: http.MethodPost, path: of,
			status: http.StatusAccepted, tag: tag, summary: "Request a pull",
			scope: scopeWrite, notFound: connectionNotFound, idempotent: true, bodyOptional: true,
			mount: handle(s.requestPull),
		},
		{
			id: "get-pull", method: http.MethodGet, path: pullsPath + "/{id}",
			status: http.StatusOK, tag: tag, summary: "Get a pull",
			scope: scopeRead, notFound: pullNotFound,
			mount: handle(s.getPull),
		},
	}
}

// listPulls returns a page of a connection's pulls, newest first.
func (s *server) listPulls(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     string           `path:"id" doc:"Opaque"`
	Limit  int              `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[pullList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[pullView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListPulls(ctx, tenant, id, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[pullList](p, in.Limit, pullOf), nil
}

// requestPull requests a pull. Body is a pointer, because huma treats a pointer as an optional
// body.
func (s *server) requestPull(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   string `path:"id" doc:"Opaque"`
	Body *pullRequest
},
) (*acceptedOutput[pullView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	var window domain.Window
	if in.Body != nil {
		window = domain.Window{From: domain.Date(in.Body.From), To: domain.Date(in.Body.To)}
	}
	if err := window.Validate(); err != nil {
		return nil, err
	}
	p, err := s.service.RequestPull(ctx, tenant, id, window)
	if err != nil {
		return nil, err
	}
	return &acceptedOutput[pullView]{pullsPath + "/" + p.ID.String(), pullOf(p)}, nil
}

// getPull returns a pull. The Location headers of responses with status 202 refer to this
// operation.
func (s *server) getPull(ctx context.Context, tenant domain.TenantID, in *idInput) (*bodyOutput[pullView], error) {
	id, err := domain.ParseID[domain.Pull](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.GetPull(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[pullView]{pullOf(p)}, nil
}
