package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const pullsPath = prefix + "/pulls"

// pullView is the representation in responses of a pull: one unit of reading at a vendor.
type pullView struct {
	ID           string     `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the pull"`
	ConnectionID string     `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string     `json:"vendor" example:"pluggy" doc:"The aggregator"`
	Trigger      string     `json:"trigger" enum:"webhook,manual,reconcile,replay,silence" doc:"What first requested the pull"`
	Status       string     `json:"status" enum:"queued,running,succeeded,failed" example:"succeeded" doc:"The state; a pull between two attempts is queued"`
	Counts       countsView `json:"counts" doc:"What the pull has read and changed so far"`
	Attempts     int        `json:"attempts" example:"1" doc:"How many attempts were made"`
	LastError    string     `json:"lastError,omitempty" doc:"Error code of the last attempt" example:"vendor_unreachable"`
	NextTryAt    time.Time  `json:"nextTryAt,omitzero" example:"2026-03-02T10:00:05Z" doc:"When the next attempt is due; absent if none is planned"`
	CreatedAt    time.Time  `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	StartedAt    time.Time  `json:"startedAt,omitzero" example:"2026-03-02T10:00:01Z" doc:"When the first attempt started; absent before"`
	FinishedAt   time.Time  `json:"finishedAt,omitzero" example:"2026-03-02T10:00:04Z" doc:"When the pull succeeded or failed; absent before"`
}

// countsView is the representation in responses of a pull's counts, such as the number of new transactions.
type countsView struct {
	Accounts  int `json:"accounts" example:"2" doc:"Accounts that were read"`
	Read      int `json:"read" example:"8" doc:"Transactions that were read"`
	Added     int `json:"added" example:"6" doc:"Transactions that are new"`
	Modified  int `json:"modified" example:"1" doc:"Transactions that the vendor has edited, or lists again"`
	Removed   int `json:"removed" example:"0" doc:"Transactions that the vendor has removed"`
	Unchanged int `json:"unchanged" example:"1" doc:"Transactions that are stored already and unchanged"`

	Quarantined int `json:"quarantined" example:"0" doc:"Transactions and accounts that cannot be read"`
}

// pullOf returns the representation of p. The representation has no fields for scope and progress, which only the
// worker uses.
func pullOf(p domain.Pull) pullView {
	return pullView{
		ID: p.ID.String(), ConnectionID: p.Connection.String(), Vendor: string(p.Vendor),
		Trigger: string(p.Trigger), Status: string(p.State), Counts: countsOf(p.Counts), Attempts: p.Attempts,
		LastError: string(p.LastError), NextTryAt: utcOrZero(p.NotBefore), CreatedAt: utcOrZero(p.CreatedAt),
		StartedAt: utcOrZero(p.StartedAt), FinishedAt: utcOrZero(p.FinishedAt),
	}
}

func countsOf(c domain.Counts) countsView {
	return countsView{
		Accounts: c.Accounts, Read: c.Read, Added: c.Added, Modified: c.Modified, Removed: c.Removed,
		Unchanged: c.Unchanged, Quarantined: c.Quarantined,
	}
}

// pullRequest is the request body of a new pull. It can limit the pull to a range of value dates. If both dates are
// missing, the pull reads everything that the vendor has.
type pullRequest struct {
	From string `json:"from,omitempty" format:"date" doc:"First value date" example:"2026-03-01"`
	To   string `json:"to,omitempty" format:"date" doc:"Last value date" example:"2026-03-31"`
}

// pullRoutes returns the routes that request pulls and read them.
func (s *server) pullRoutes() []route {
	const tag, pullsOfConnection = "Pulls", connectionsPath + "/{id}/pulls"
	return []route{
		{
			id: "list-pulls", method: http.MethodGet, path: pullsOfConnection,
			description: "Returns the pulls of one connection.",
			status:      http.StatusOK, tag: tag, summary: "List a connection's pulls, newest first",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listPulls),
		},
		{
			id: "list-all-pulls", method: http.MethodGet, path: pullsPath,
			description: "Returns the pulls of all connections of the tenant, including deleted connections.",
			status:      http.StatusOK, tag: tag, summary: "List the pulls of all connections, newest first",
			scope: scopeRead,
			mount: handle(s.listAllPulls),
		},
		{
			id: "request-pull", method: http.MethodPost, path: pullsOfConnection,
			description: "Queues a pull of the value dates from and to, or of everything without a body. If a pull " +
				"is queued already and has not started, the request is merged into it. The response is a 409 if the " +
				"connection is paused.",
			status: http.StatusAccepted, tag: tag, summary: "Request a pull",
			scope: scopeWrite, notFound: connectionNotFound, idempotent: true, conflict: true, bodyOptional: true,
			mount: handle(s.requestPull),
		},
		{
			id: "get-pull", method: http.MethodGet, path: pullsPath + "/{id}",
			description: "Returns the state and the counts of a pull.",
			status:      http.StatusOK, tag: tag, summary: "Get a pull",
			scope: scopeRead, notFound: pullNotFound,
			mount: handle(s.getPull),
		},
	}
}

// listPulls returns a page of a connection's pulls, newest first.
func (s *server) listPulls(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Connection] `path:"id" doc:"Opaque"`
	Limit  int                       `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[pullList]          `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[pullView], error) {
	p, err := s.service.ListPulls(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[pullList](p, in.Limit, pullOf), nil
}

// listAllPulls returns a page of the pulls of all connections of the tenant. It includes the pulls of
// deleted connections.
func (s *server) listAllPulls(ctx context.Context, tenant domain.TenantID, in *struct {
	Status     string                     `query:"status" enum:"queued,running,succeeded,failed" doc:"Only items in this state"`
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Limit      int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor     cursor[pullList]           `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[pullView], error) {
	filter := ports.PullFilter{Connection: in.Connection.ID, State: domain.PullState(in.Status)}
	p, err := s.service.ListTenantPulls(ctx, tenant, filter, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[pullList](p, in.Limit, pullOf), nil
}

// requestPull requests a pull. The field Body is a pointer, because the request body is optional.
func (s *server) requestPull(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Connection] `path:"id" doc:"Opaque"`
	Body *pullRequest
},
) (*acceptedOutput[pullView], error) {
	var window domain.Window
	if in.Body != nil {
		window = domain.Window{From: domain.Date(in.Body.From), To: domain.Date(in.Body.To)}
	}
	if err := window.Validate(); err != nil {
		return nil, err
	}
	p, err := s.service.RequestPull(ctx, tenant, in.ID.ID, window)
	if err != nil {
		return nil, err
	}
	return &acceptedOutput[pullView]{pullsPath + "/" + p.ID.String(), pullOf(p)}, nil
}

// getPull returns a pull. The Location headers of responses with status 202 refer to this
// operation.
func (s *server) getPull(
	ctx context.Context,
	tenant domain.TenantID,
	in *idInput[domain.Pull],
) (*bodyOutput[pullView], error) {
	p, err := s.service.GetPull(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[pullView]{pullOf(p)}, nil
}
