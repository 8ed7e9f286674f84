package rest

import (
	"context"
	"net/http"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const erasuresPath = prefix + "/erasures"

// erasureView is the representation in responses of an erasure: the removal of a connection and all its data.
type erasureView struct {
	ID           string `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the erasure"`
	ConnectionID string `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Status       string `json:"status" enum:"running,done,failed" example:"done" doc:"failed: within 7 days, the vendor has not confirmed that it deleted the account reference, or Matcher has not ignored all transactions; everything else is erased"`
	LastError    string `json:"lastError,omitempty" example:"vendor_unreachable" doc:"Why the vendor has not deleted the account reference yet: an error code; matcher_not_ignored if transactions in Matcher are not ignored yet; absent if there was no failure"`
}

func erasureOf(e domain.Erasure) erasureView {
	return erasureView{
		ID: e.ID.String(), ConnectionID: e.Connection.String(), Status: string(e.Status),
		LastError: string(e.LastError),
	}
}

// erasureRequest is the request body of an erasure.
type erasureRequest struct {
	AtVendor bool `json:"atVendor" example:"true" doc:"Whether the vendor is asked to delete the account reference, too"`
}

// erasureRoutes returns the routes that erase connections and that read erasures.
func (s *server) erasureRoutes() []route {
	const tag = "Erasures"
	return []route{
		{
			id: "erase-connection", method: http.MethodPost, path: connectionsPath + "/{id}/erasure",
			description: "Deletes a connection and all its data. This cannot be undone. The connection may already " +
				"be deleted. Only id, connectionId, version, removedAt and erasedAt of a transaction remain; the " +
				"change feed shows it as removed. While an erasure of the connection is " +
				"running, and after it is done, a repeated request returns the same erasure. After a failed erasure " +
				"it starts another one.",
			status: http.StatusAccepted, tag: tag, summary: "Erase a connection",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true, idempotent: true,
			mount: handle(s.eraseConnection),
		},
		{
			id: "get-erasure", method: http.MethodGet, path: erasuresPath + "/{id}",
			description: "Returns the state of an erasure.",
			status:      http.StatusOK, tag: tag, summary: "Get an erasure",
			scope: scopeRead, notFound: erasureNotFound,
			mount: handle(s.getErasure),
		},
		{
			id: "list-erasures", method: http.MethodGet, path: erasuresPath,
			description: "Returns the erasures of the tenant.",
			status:      http.StatusOK, tag: tag, summary: "List the erasures of connections, newest first",
			scope: scopeRead,
			mount: handle(s.listErasures),
		},
	}
}

// eraseConnection requests the erasure of a connection. The connection may be live or deleted.
func (s *server) eraseConnection(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Connection] `path:"id" doc:"Opaque"`
	Body erasureRequest
},
) (*acceptedOutput[erasureView], error) {
	e, err := s.service.EraseConnection(ctx, tenant, in.ID.ID, in.Body.AtVendor)
	if err != nil {
		return nil, err
	}
	return &acceptedOutput[erasureView]{erasuresPath + "/" + e.ID.String(), erasureOf(e)}, nil
}

// getErasure returns an erasure.
func (s *server) getErasure(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Erasure],
) (*bodyOutput[erasureView], error) {
	e, err := s.service.GetErasure(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[erasureView]{erasureOf(e)}, nil
}

// listErasures returns a page of the tenant's erasures.
func (s *server) listErasures(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                 `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[erasureList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[erasureView], error) {
	p, err := s.service.ListErasures(ctx, tenant, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[erasureList](p, in.Limit, erasureOf), nil
}
