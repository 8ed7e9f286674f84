package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const connectionsPath = prefix + "/aggregator-connections"

// descriptor is the representation of an aggregator connection in all responses.
type descriptor struct {
	ID         string    `json:"id" doc:"Opaque"`
	Vendor     string    `json:"vendor"`
	ConfigName string    `json:"configName"`
	BaseURL    string    `json:"baseUrl" format:"uri"`
	AccountRef string    `json:"accountRef"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
}

// descriptorOf returns the representation of c. It has no fields for the sealed credential, the
// tenant and the revision.
func descriptorOf(c domain.Connection) descriptor {
	return descriptor{
		ID: c.ID.String(), Vendor: string(c.Vendor), ConfigName: c.Name, BaseURL: c.BaseURL,
		AccountRef: c.AccountRef, CreatedAt: utcOrZero(c.CreatedAt), UpdatedAt: utcOrZero(c.UpdatedAt),
	}
}

// newConnection is the request body that creates a connection.
type newConnection struct {
	Vendor     string        `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator; cannot be changed"`
	ConfigName plainText     `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"Unique among the tenant's live connections"`
	BaseURL    string        `json:"baseUrl" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"Vendor API base URL"`
	AccountRef plainText     `json:"accountRef" minLength:"1" maxLength:"255" doc:"Opaque vendor account reference: Pluggy item id, Belvo link id"`
	ClientID   domain.Secret `json:"clientId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned"`
	Secret     domain.Secret `json:"secret" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned"`
}

// connectionChange is the request body that replaces all fields that can be changed.
type connectionChange struct {
	ConfigName plainText     `json:"configName" minLength:"1" maxLength:"255"`
	BaseURL    string        `json:"baseUrl" minLength:"1" maxLength:"2048"`
	AccountRef plainText     `json:"accountRef" minLength:"1" maxLength:"255"`
	ClientID   domain.Secret `json:"clientId,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"secret" doc:"Together with secret, rotates the credential; without both it is kept"`
	Secret     domain.Secret `json:"secret,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"clientId" doc:"Together with clientId, rotates the credential; without both it is kept"`
}

// testRequest is the request body that identifies the connection to test.
type testRequest struct {
	Vendor     string    `json:"vendor" minLength:"1"`
	ConfigName plainText `json:"configName" minLength:"1" maxLength:"255"`
}

// testOutcome is the result of a live test. A test that finds an unhealthy connection is a
// successful request.
type testOutcome struct {
	Vendor     string `json:"vendor"`
	ConfigName string `json:"configName"`
	Healthy    bool   `json:"healthy"`
	Reason     string `json:"reason,omitempty" doc:"Why it is unhealthy: credential_rejected, account_not_found, vendor_unreachable, vendor_rate_limited, address_not_allowed"`
	LatencyMs  int64  `json:"latencyMs"`
}

// healthView is the stored health of a connection. Reading it calls no vendor.
type healthView struct {
	Health        string    `json:"health" enum:"unknown,healthy,unhealthy"`
	Reason        string    `json:"reason,omitempty"`
	Since         time.Time `json:"since,omitzero"`
	NeedsReauth   bool      `json:"needsReauth"`
	LastPullAt    time.Time `json:"lastPullAt,omitzero"`
	LastWebhookAt time.Time `json:"lastWebhookAt,omitzero"`
}

// connectionRoutes returns the routes of aggregator connections and their health.
func (s *server) connectionRoutes() []route {
	const tag, one = "Aggregator connections", connectionsPath + "/{id}"
	return []route{
		{
			id: "create-connection", method: http.MethodPost, path: connectionsPath,
			status: http.StatusCreated, tag: tag, summary: "Create a connection",
			scope: scopeWrite, conflict: true, idempotent: true, addressField: "baseUrl",
			mount: handle(s.createConnection),
		},
		{
			id: "list-connections", method: http.MethodGet, path: connectionsPath,
			status: http.StatusOK, tag: tag, summary: "List connections, ordered by config name",
			scope: scopeRead,
			mount: handle(s.listConnections),
		},
		{
			id: "get-connection", method: http.MethodGet, path: one,
			status: http.StatusOK, tag: tag, summary: "Get a connection",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.getConnection),
		},
		{
			id: "update-connection", method: http.MethodPut, path: one,
			status: http.StatusOK, tag: tag,
			summary: "Replace a connection: rename it, change its target or rotate its credential",
			scope:   scopeWrite, notFound: connectionNotFound, conflict: true, ifMatch: true, idempotent: true,
			addressField: "baseUrl",
			mount:        handle(s.updateConnection),
		},
		{
			id: "delete-connection", method: http.MethodDelete, path: one,
			status: http.StatusNoContent, tag: tag, summary: "Soft-delete a connection",
			scope: scopeWrite, notFound: connectionNotFound, ifMatch: true,
			mount: handle(s.deleteConnection),
		},
		{
			id: "test-connection", method: http.MethodPost, path: connectionsPath + "/test",
			status: http.StatusOK, tag: tag, summary: "Test a connection against its vendor",
			scope: scopeWrite, notFound: connectionNotFound,
			mount: handle(s.testConnection),
		},
		{
			id: "get-connection-health", method: http.MethodGet, path: one + "/health",
			status: http.StatusOK, tag: tag, summary: "Get the stored health of a connection",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.connectionHealth),
		},
	}
}

// createConnection creates a connection. The response contains no part of the credential.
func (s *server) createConnection(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newConnection },
) (*createdOutput[descriptor], error) {
	c, err := s.service.CreateConnection(ctx, tenant, ports.NewConnection{
		Vendor: in.Body.Vendor, Name: string(in.Body.ConfigName), BaseURL: in.Body.BaseURL,
		AccountRef: string(in.Body.AccountRef), ClientID: in.Body.ClientID, Secret: in.Body.Secret,
	})
	if err != nil {
		return nil, err
	}
	return &createdOutput[descriptor]{connectionsPath + "/" + c.ID.String(), etag(c.Revision), descriptorOf(c)}, nil
}

// listConnections returns a page of the tenant's live connections.
func (s *server) listConnections(ctx context.Context, tenant domain.TenantID, in *struct {
	Health string                 `query:"health" enum:"unknown,healthy,unhealthy"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[connectionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[descriptor], error) {
	p, err := s.service.ListConnections(ctx, tenant, domain.HealthStatus(in.Health), in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[connectionList](p, in.Limit, descriptorOf), nil
}

// getConnection returns a connection with its entity tag, which If-Match accepts.
func (s *server) getConnection(
	ctx context.Context, tenant domain.TenantID, in *idInput,
) (*taggedOutput[descriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.GetConnection(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// updateConnection replaces all fields in one atomic change. If the body has no credential, the
// stored credential remains unchanged.
func (s *server) updateConnection(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      string        `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    connectionChange
},
) (*taggedOutput[descriptor], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.UpdateConnection(ctx, tenant, id, in.IfMatch.IfMatch, ports.ConnectionUpdate{
		Name: string(in.Body.ConfigName), BaseURL: in.Body.BaseURL, AccountRef: string(in.Body.AccountRef),
		ClientID: in.Body.ClientID, Secret: in.Body.Secret,
	})
	if err != nil {
		return nil, err
	}
	return &taggedOutput[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// deleteConnection soft-deletes a connection. Deleting it a second time is a 404.
func (s *server) deleteConnection(
	ctx context.Context, tenant domain.TenantID, in *conditionalInput,
) (*noContent, error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	return nil, s.service.DeleteConnection(ctx, tenant, id, in.IfMatch.IfMatch)
}

// testConnection tests a connection at its vendor. It responds with 200 regardless of the
// vendor's response.
func (s *server) testConnection(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body testRequest },
) (*bodyOutput[testOutcome], error) {
	result, err := s.service.TestConnection(ctx, tenant, in.Body.Vendor, string(in.Body.ConfigName))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[testOutcome]{testOutcome{
		Vendor: string(result.Vendor), ConfigName: result.Name, Healthy: result.Healthy,
		Reason: string(result.Reason), LatencyMs: result.Latency.Milliseconds(),
	}}, nil
}

// connectionHealth returns the stored health of a connection. It calls no vendor.
func (s *server) connectionHealth(
	ctx context.Context, tenant domain.TenantID, in *idInput,
) (*bodyOutput[healthView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	h, err := s.service.ConnectionHealth(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[healthView]{healthView{
		Health: string(h.StatusOrUnknown()), Reason: string(h.Reason),
		Since: utcOrZero(h.Since), NeedsReauth: h.NeedsReauth,
		LastPullAt: utcOrZero(h.LastPullAt), LastWebhookAt: utcOrZero(h.LastWebhookAt),
	}}, nil
}
