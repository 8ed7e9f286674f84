package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const pullsPath = prefix + "/pulls"

// pullView is how far a pull has come.
type pullView struct {
	ID           string        `json:"id"`
	ConnectionID string        `json:"connectionId"`
	Vendor       string        `json:"vendor"`
	Trigger      string        `json:"trigger" enum:"webhook,manual,reconcile,replay"`
	Status       string        `json:"status" enum:"queued,running,succeeded,failed"`
	Counts       domain.Counts `json:"counts"`
	Attempts     int           `json:"attempts"`
	LastError    string        `json:"lastError,omitempty" doc:"Class of the last try's error"`
	NextTryAt    time.Time     `json:"nextTryAt,omitzero"`
	CreatedAt    time.Time     `json:"createdAt"`
	StartedAt    time.Time     `json:"startedAt,omitzero"`
	FinishedAt   time.Time     `json:"finishedAt,omitzero"`
}

// pullOf leaves ask and progress behind, which are the worker's own.
func pullOf(p domain.Pull) pullView {
	return pullView{
		ID: p.ID.String(), ConnectionID: p.Connection.String(), Vendor: string(p.Vendor),
		Trigger: string(p.Trigger), Status: string(p.State), Counts: p.Counts, Attempts: p.Attempts,
		LastError: string(p.LastError), NextTryAt: utc(p.NotBefore), CreatedAt: utc(p.CreatedAt),
		StartedAt: utc(p.StartedAt), FinishedAt: utc(p.FinishedAt),
	}
}

// pullRequest bounds a pull by value dates; without both it is everything.
type pullRequest struct {
	From string `json:"from,omitempty" format:"date" doc:"First value date"`
	To   string `json:"to,omitempty" format:"date" doc:"Last value date"`
}

// pullRoutes ask for pulls and show them.
func (s *server) pullRoutes() []route {
	const tag, of = "Pulls", connectionsPath + "/{id}/pulls"
	return []route{
		{id: "list-pulls", method: http.MethodGet, path: of, status: http.StatusOK, tag: tag, summary: "List a connection's pulls, newest first",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.listPulls)},
		{id: "request-pull", method: http.MethodPost, path: of, status: http.StatusAccepted, tag: tag, summary: "Ask for a pull",
			scope: scopeWrite, missing: codeMissingConnection, once: true, optional: true, mount: by(s.requestPull)},
		{id: "get-pull", method: http.MethodGet, path: pullsPath + "/{id}", status: http.StatusOK, tag: tag, summary: "Get a pull",
			scope: scopeRead, missing: codeMissing, mount: by(s.getPull)},
	}
}

// listPulls gives a connection's pulls, newest first.
func (s *server) listPulls(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	ID     string           `path:"id" doc:"Opaque"`
	Limit  int              `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[pullList] `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[pullView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListPulls(ctx, tenant, id, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[pullList](p, in.Limit, pullOf), nil
}

// requestPull takes a pointer, which is what makes the body optional to huma.
func (s *server) requestPull(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   string `path:"id" doc:"Opaque"`
	Body *pullRequest
},
) (*accepted[pullView], error) {
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
	return &accepted[pullView]{pullsPath + "/" + p.ID.String(), pullOf(p)}, nil
}

// getPull is where a Location of this surface points.
func (s *server) getPull(ctx context.Context, tenant domain.TenantID, in *byID) (*plainBody[pullView], error) {
	id, err := domain.ParseID[domain.Pull](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.GetPull(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &plainBody[pullView]{pullOf(p)}, nil
}
